"""Optimizers against Keras's own figures, and against the formulas written out for single numbers."""

import copy
import inspect
import json
import math
import pickle
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pytest

from numpycnn import optimizers
from numpycnn.common.typing import Array, Shape
from numpycnn.engine.workers import worker_pool
from numpycnn.layers import Dense
from numpycnn.models import Sequential
from numpycnn.optimizers import (
    CLASSES,
    OPTIMIZERS,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Lion,
    Nadam,
    Optimizer,
    RMSprop,
    base,
    get_optimizer,
)


def steps(optimizer: Optimizer, w: Array, gradients: list[Array]) -> Iterator[Array]:
    """The parameter after each step."""
    for g in gradients:
        optimizer.update({"w": w}, {"w": g})
        yield w.copy()


# ---------------------------------------------------------------- figures from Keras's own tests


def test_rmsprop_gives_the_keras_figures() -> None:
    """keras/src/optimizers/rmsprop_test.py: one step from [1, 2, 3, 4] with gradients [1, 6, 7, 2]."""
    (w,) = steps(RMSprop(learning_rate=0.5), np.array([1.0, 2.0, 3.0, 4.0]), [np.array([1.0, 6.0, 7.0, 2.0])])
    np.testing.assert_allclose(w, [-0.5811, 0.4189, 1.4189, 2.4189], atol=5e-5)


def test_centered_rmsprop_gives_the_keras_figures() -> None:
    """The golden sequence of the same file: a first gradient of 0.01, then 0.1 to 1.0, the same for all entries."""
    gradients = [np.full(10, 0.01)] + [np.arange(0.1, 1.1, 0.1)] * 4
    result = list(steps(RMSprop(centered=True), np.ones(10), gradients))
    for w, golden in zip(result, [0.9967, 0.9933, 0.9908, 0.9885, 0.9864], strict=True):
        np.testing.assert_allclose(w, golden, atol=5e-4)


@pytest.mark.parametrize(("g", "size"), [(1e-3, 0.002236), (1e-4, 0.000315), (1e-5, 3.16e-5), (1e-6, 3.2e-6)])
def test_rmsprop_has_epsilon_inside_the_root(g: float, size: float) -> None:
    """Keras 3's first step for small gradients; with epsilon outside the root it would be 0.0031 for all of these."""
    (w,) = steps(RMSprop(), np.array([1.0]), [np.array([g])])
    assert 1.0 - w[0] == pytest.approx(size, rel=2e-2)


# ---------------------------------------------------------------- the formulas, one number at a time


def sgd(lr: float, momentum: float, nesterov: bool) -> Callable[[float, float, dict[str, float], int], float]:
    def step(w: float, g: float, m: dict[str, float], t: int) -> float:
        m["v"] = momentum * m.get("v", 0.0) - lr * g
        return w + (momentum * m["v"] - lr * g if nesterov else m["v"])

    return step


def rmsprop(lr: float, rho: float, momentum: float, eps: float, centered: bool) -> Callable[..., float]:
    def step(w: float, g: float, m: dict[str, float], t: int) -> float:
        m["a"] = rho * m.get("a", 0.0) + (1 - rho) * g**2
        m["mean"] = rho * m.get("mean", 0.0) + (1 - rho) * g
        m["v"] = momentum * m.get("v", 0.0) + lr * g / math.sqrt(m["a"] - centered * m["mean"] ** 2 + eps)
        return w - m["v"]

    return step


def adam(lr: float, beta_1: float, beta_2: float, eps: float) -> Callable[..., float]:
    def step(w: float, g: float, m: dict[str, float], t: int) -> float:
        m["m"] = beta_1 * m.get("m", 0.0) + (1 - beta_1) * g
        m["v"] = beta_2 * m.get("v", 0.0) + (1 - beta_2) * g**2
        return w - lr * math.sqrt(1 - beta_2**t) / (1 - beta_1**t) * m["m"] / (math.sqrt(m["v"]) + eps)

    return step


CASES: list[tuple[Optimizer, Callable[..., float]]] = [
    (SGD(), sgd(0.01, 0.0, False)),
    (SGD(0.1, momentum=0.9), sgd(0.1, 0.9, False)),
    (SGD(0.1, momentum=0.9, nesterov=True), sgd(0.1, 0.9, True)),
    (RMSprop(), rmsprop(0.001, 0.9, 0.0, 1e-7, False)),
    (RMSprop(0.01, rho=0.8, momentum=0.5), rmsprop(0.01, 0.8, 0.5, 1e-7, False)),
    (RMSprop(0.01, epsilon=1e-3, centered=True), rmsprop(0.01, 0.9, 0.0, 1e-3, True)),
    (RMSprop(0.01, momentum=0.9, centered=True), rmsprop(0.01, 0.9, 0.9, 1e-7, True)),
    (Adam(), adam(0.001, 0.9, 0.999, 1e-7)),
    (Adam(0.1, beta_1=0.5, beta_2=0.9, epsilon=1e-2), adam(0.1, 0.5, 0.9, 1e-2)),
]


@pytest.mark.parametrize(("optimizer", "reference"), CASES, ids=lambda case: str(getattr(case, "get_config", str)()))
def test_a_thousand_steps_equal_the_formula(optimizer: Optimizer, reference: Callable[..., float]) -> None:
    rng = np.random.default_rng(0)
    gradients = [rng.normal(size=3) * 10.0 ** rng.integers(-4, 2) for _ in range(1000)]
    fresh = type(optimizer)(**json.loads(json.dumps(optimizer.get_config())))
    w, memories = [1.0, -2.0, 0.5], [{}, {}, {}]  # type: ignore[var-annotated]
    for t, actual in enumerate(steps(fresh, np.array(w), gradients), start=1):
        w = [reference(w[k], float(gradients[t - 1][k]), memories[k], t) for k in range(3)]
        np.testing.assert_allclose(actual, w, rtol=1e-9, atol=1e-12)
    assert fresh.iterations == 1000


# ---------------------------------------------------------------- properties


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_change_in_place_and_keep_their_dtype(name: str, dtype: type) -> None:
    optimizer = get_optimizer(name)
    w: Array = np.ones(4, dtype)
    g: Array = np.full(4, 0.5, dtype)
    kept = g.copy()
    optimizer.update({"w": w}, {"w": g})
    assert w.dtype == dtype
    assert (w < 1.0).all()
    assert (g == kept).all()
    assert all(array.dtype == dtype for arrays in optimizer.state.values() for array in arrays.values())


@pytest.mark.parametrize("optimizer", [kind for kind, _ in CASES], ids=lambda kind: type(kind).__name__)
@pytest.mark.parametrize("workers", [1, 3])
def test_parts_and_workers_change_no_bit(optimizer: Optimizer, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of parameters updated in parts, several to a worker, against the same updated whole, in one go."""
    rng = np.random.default_rng(0)
    shapes: dict[str, Shape] = {"kernel": (10, 3, 2), "small": (2,), "long": (17,), "one": (), "none": (0, 3)}
    first = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    gradients = [{name: rng.standard_normal(shape) for name, shape in shapes.items()} for _ in range(3)]

    def trained(part: int) -> list[bytes]:
        monkeypatch.setattr(base, "PART_BYTES", part)
        own, w = copy.deepcopy(optimizer), {name: value.copy() for name, value in first.items()}
        with worker_pool(workers) as pool:
            for g in gradients:
                own.update(w, g, run=pool.run_here)
        arrays = [*w.values(), *(array for slot in own.state.values() for array in slot.values())]
        return [array.tobytes() for array in arrays]

    assert trained(part=3 * 8) == trained(part=1 << 20)


def test_a_large_parameter_is_updated_in_parts_and_a_users_own_optimizer_sees_it_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Clipped(SGD):
        def step(self, name: str, w: Array, g: Array, slots: dict[str, Array]) -> None:
            sizes.append(w.shape)
            super().step(name, w, g / max(1.0, float(np.linalg.norm(g))), slots)

    def noted(self: SGD, name: str, w: Array, g: Array, slots: dict[str, Array]) -> None:
        sizes.append(w.shape)

    sizes: list[Shape] = []
    monkeypatch.setattr(base, "PART_BYTES", 8 * 6)
    w = np.ones((5, 3))
    Clipped(1.0).update({"w": w}, {"w": np.full((5, 3), 2.0)})
    assert sizes == [(5, 3)]
    np.testing.assert_allclose(w, 1.0 - 2.0 / np.sqrt(15 * 4.0))
    sizes.clear()
    monkeypatch.setattr(SGD, "step", noted)
    SGD().update({"w": w}, {"w": w})
    assert sizes == [(1, 3), (2, 3), (2, 3)]


@pytest.mark.parametrize(("rows", "pieces"), [(1, 0), (6, 0), (7, 2), (14, 3)])
def test_work_is_given_to_workers_where_there_is_more_than_one_piece(
    rows: int, pieces: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row is a part here, and the bias is one; seven parts are a job."""
    given: list[int] = []

    def run(function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
        jobs = list(jobs)
        given.append(len(jobs))
        return map(function, jobs)

    monkeypatch.setattr(base, "PART_BYTES", 8)
    monkeypatch.setattr(base, "JOB_BYTES", 7 * 8)
    w = {"kernel": np.zeros((rows, 1)), "bias": np.zeros(1)}
    SGD(1.0).update(w, {"kernel": np.ones((rows, 1)), "bias": np.ones(1)}, run=run)
    assert given == [pieces] * (pieces > 0)
    assert all((array == -1.0).all() for array in w.values())


def test_terms_are_added_up_in_their_order() -> None:
    """In float32 the order shows: 1e8 and -1e8 first leave the 1."""
    w, terms = np.zeros(1, np.float32), [{"w": np.array([term], np.float32)} for term in (1e8, -1e8, 1.0)]
    kept = copy.deepcopy(terms)
    SGD(1.0).update({"w": w}, *terms)
    assert w[0] == -1.0
    assert terms == kept
    SGD(1.0).update({"w": w}, *terms[1:], terms[0])
    assert w[0] == -1.0
    SGD(1.0).update({"w": w}, terms[2])
    assert w[0] == -2.0
    assert terms == kept


def test_a_term_that_does_not_fit_changes_nothing() -> None:
    optimizer, w = SGD(1.0), np.zeros(2)
    with pytest.raises(ValueError, match=r"SGD: expected a gradient of shape \(2,\) for w; received \(2,\), \(3,\)"):
        optimizer.update({"w": w}, {"w": np.ones(2)}, {"w": np.ones(3)})
    assert (w == 0).all()
    assert optimizer.iterations == 0


def test_centered_rmsprop_stays_finite_in_float32() -> None:
    """By rounding, mean square less squared mean may fall below zero for steady, large gradients."""
    rng = np.random.default_rng(0)
    w, g = np.zeros(1000, np.float32), rng.uniform(50, 1000, 1000).astype(np.float32)
    for _ in steps(RMSprop(centered=True), w, [g] * 300):
        pass
    assert np.isfinite(w).all()


def test_what_is_remembered_after_a_step() -> None:
    """Under Keras's names: the means start at zero, and get one part of the gradient 2, or of its square."""
    rmsprop, adam = RMSprop(rho=0.75, centered=True), Adam(beta_1=0.75, beta_2=0.9375)
    for optimizer in (rmsprop, adam):
        list(steps(optimizer, np.zeros(1), [np.array([2.0])]))
    assert rmsprop.state == {"mean_square": {"w": 1.0}, "mean": {"w": 0.5}}
    assert adam.state == {"momentum": {"w": 0.5}, "velocity": {"w": 0.25}}


def test_only_what_is_needed_is_remembered() -> None:
    for optimizer, slots in [
        (SGD(), set()),
        (SGD(momentum=0.9), {"velocity"}),
        (RMSprop(), {"mean_square"}),
        (RMSprop(momentum=0.9, centered=True), {"mean_square", "mean", "velocity"}),
        (Adam(), {"momentum", "velocity"}),
        (Adam(amsgrad=True), {"momentum", "velocity", "velocity_hat"}),
        (AdamW(use_ema=True), {"momentum", "velocity", "average"}),
        (Nadam(), {"momentum", "velocity"}),
        (Adagrad(), {"accumulator"}),
        (Adadelta(), {"accumulated_grad", "accumulated_delta_var"}),
        (Adamax(), {"momentum", "norm"}),
        (Lion(), {"momentum"}),
    ]:
        list(steps(optimizer, np.ones(2), [np.ones(2)]))
        assert optimizer.state.keys() == slots


@pytest.mark.parametrize(
    ("kind", "argument", "limit"),
    [
        (SGD, "learning_rate", None),
        (SGD, "momentum", 1.0),
        (RMSprop, "learning_rate", None),
        (RMSprop, "rho", 1.0),
        (RMSprop, "momentum", 1.0),
        (RMSprop, "epsilon", None),
        (Adam, "learning_rate", None),
        (Adam, "beta_1", 1.0),
        (Adam, "beta_2", 1.0),
        (Adam, "epsilon", None),
        (Nadam, "beta_1", 1.0),
        (Nadam, "beta_2", 1.0),
        (Nadam, "epsilon", None),
        (Adagrad, "initial_accumulator_value", None),
        (Adagrad, "epsilon", None),
        (Adadelta, "rho", 1.0),
        (Adadelta, "epsilon", None),
        (Adamax, "beta_1", 1.0),
        (Adamax, "beta_2", 1.0),
        (Adamax, "epsilon", None),
        (Lion, "beta_2", 1.0),
        (AdamW, "weight_decay", None),
        (SGD, "weight_decay", None),
        (SGD, "clipnorm", None),
        (SGD, "clipvalue", None),
        (SGD, "global_clipnorm", None),
    ],
)
def test_arguments_have_bounds(kind: Callable[..., Optimizer], argument: str, limit: float | None) -> None:
    """From 0 on, 0 included; decays are below 1, anything else may be large."""
    name = type(kind()).__name__
    assert kind(**{argument: 0}).get_config()[argument] == 0.0
    large = 0.999 if limit else 50.0
    assert getattr(kind(**{argument: large}), argument) == large
    for wrong in [-1e-9, math.nan, math.inf] + ([limit] if limit else []):
        with pytest.raises(ValueError, match=f"{name}: {argument} must be a finite number, at least 0"):
            kind(**{argument: wrong})
    with pytest.raises(TypeError, match=f"{name}: {argument} must be"):
        kind(**{argument: "0.1"})


def test_flags_are_flags() -> None:
    with pytest.raises(TypeError, match="SGD: nesterov must be True or False; received 1"):
        SGD(nesterov=1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="RMSprop: centered must be True or False; received 0"):
        RMSprop(centered=0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="AdamW: amsgrad must be True or False; received 1"):
        AdamW(amsgrad=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Lion: beta_1 must be a finite number, at most 1 and above 0; received 0"):
        Lion(beta_1=0)
    assert Lion(beta_1=1).beta_1 == 1.0


SHARED = {
    **dict.fromkeys(("weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "ema_overwrite_frequency")),
    **dict.fromkeys(("loss_scale_factor", "gradient_accumulation_steps")),
    **{"use_ema": False, "ema_momentum": 0.99},
}
MEANS = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
DEFAULTS: dict[str, dict[str, Any]] = {
    "SGD": {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False},
    "RMSprop": {"rho": 0.9, "momentum": 0.0, "epsilon": 1e-7, "centered": False},
    "Adam": {**MEANS, "amsgrad": False},
    "AdamW": {**MEANS, "amsgrad": False, "weight_decay": 0.004},
    "Nadam": MEANS,
    "Adagrad": {"initial_accumulator_value": 0.1, "epsilon": 1e-7},
    "Adadelta": {"rho": 0.95, "epsilon": 1e-7},
    "Adamax": MEANS,
    "Lion": {"beta_1": 0.9, "beta_2": 0.99},
}


def test_defaults_are_those_of_keras() -> None:
    """The configurations of Keras 3's, but for the name."""
    assert DEFAULTS.keys() == CLASSES.keys()
    for name, own in DEFAULTS.items():
        config = CLASSES[name]().get_config()
        assert config == {"name": name.lower(), "learning_rate": 0.001, **SHARED, **own}
        assert type(optimizers.get(name.lower())) is type(optimizers.get(name)) is CLASSES[name]
        assert type(optimizers.deserialize(optimizers.serialize(CLASSES[name]()))) is CLASSES[name]


def test_arguments_come_in_the_order_of_keras() -> None:
    """The first by position; the others have Keras's order too."""
    assert Adam(0.1, 0.2, 0.3, 0.4, True).get_config() | SHARED == {
        "name": "adam", "learning_rate": 0.1, **SHARED, "beta_1": 0.2, "beta_2": 0.3, "epsilon": 0.4, "amsgrad": True
    }  # fmt: skip
    assert AdamW(0.1, 0.2, 0.3).get_config()["weight_decay"] == 0.2
    assert list(inspect.signature(Lion).parameters) == [
        *("learning_rate", "beta_1", "beta_2", "weight_decay", "clipnorm", "clipvalue", "global_clipnorm"),
        *("use_ema", "ema_momentum", "ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps"),
        *("name", "decay"),
    ]


def test_what_is_no_optimizer_is_refused() -> None:
    with pytest.raises(ValueError, match=r"compile: optimizer must be one of 'sgd', .*'lion'; received 'ftrl'"):
        get_optimizer("ftrl")
    with pytest.raises(TypeError, match=r"optimizers.get: optimizer must be one of 'sgd', 'rmsprop', .*; received 3"):
        optimizers.get(3)
    with pytest.raises(ValueError, match=r"optimizers.get: optimizer must be a dict with the keys class_name, config"):
        optimizers.get({"class_name": "SGD"})
    with pytest.raises(ValueError, match=r"optimizers.deserialize: class_name of config must be one of 'SGD', "):
        optimizers.deserialize({"class_name": "Own", "config": {}})
    with pytest.raises(ValueError, match="Own: only the library's own can be read back: SGD, RMSprop, "):
        optimizers.serialize(Own())


def test_what_an_optimizer_of_ones_own_lacks_is_said() -> None:
    lacking = Optimizer(0.1)
    assert lacking.slots() == ()
    with pytest.raises(NotImplementedError):
        lacking.update({"w": np.ones(2)}, {"w": np.ones(2)})


def test_parameters_may_join_later() -> None:
    optimizer, late, a = Adam(), np.ones(2), np.ones(3)
    optimizer.update({"a": a}, {"a": np.ones(3)})
    optimizer.update({"a": a, "late": late}, {"a": np.ones(3), "late": np.ones(2)})
    assert optimizer.state["velocity"]["late"] == pytest.approx(0.001)


# ---------------------------------------------------------------- attributes


class Own(Optimizer):
    """One of the user's, with attributes and a constructor of its own."""

    def __init__(self) -> None:
        super().__init__(0.5)
        self.decay, self.weight_decoy = 0.1, 0.2

    def step(self, name: str, w: Array, g: Array, slots: dict[str, Array]) -> None:
        w -= self.learning_rate * self.decay * g


def test_learning_rate_can_be_read_and_set() -> None:
    optimizer, w = SGD(0.5), np.array([1.0])
    optimizer.update({"w": w}, {"w": np.array([1.0])})
    optimizer.learning_rate = np.float32(0.25)  # type: ignore[assignment]
    assert isinstance(optimizer.learning_rate, float)
    assert optimizer.get_config()["learning_rate"] == optimizer.learning_rate == 0.25
    optimizer.update({"w": w}, {"w": np.array([1.0])})
    assert w.item() == 1.0 - 0.5 - 0.25


@pytest.mark.parametrize(
    ("make", "name", "value", "kind", "message"),
    [
        (SGD, "learning_rate", -1.0, ValueError, "SGD: learning_rate must be a finite number, at least 0; received -1"),
        (SGD, "learning_rate", "0.1", TypeError, "SGD: learning_rate must be a finite number"),
        (Own, "learning_rate", math.nan, ValueError, "Own: learning_rate must be a finite number"),
        (
            SGD,
            "momentum",
            1.0,
            ValueError,
            "SGD: momentum must be a finite number, at least 0 and below 1; received 1.0",
        ),
        (SGD, "nesterov", "yes", TypeError, "SGD: nesterov must be True or False; received 'yes'"),
        (Adam, "beta_2", 2, ValueError, "Adam: beta_2 must be a finite number, at least 0 and below 1; received 2"),
        (RMSprop, "epsilon", -1, ValueError, "RMSprop: epsilon must be"),
        (SGD, "decay", 0.5, AttributeError, "'SGD' object has no attribute 'decay': the nearest is "),
        (SGD, "step_size", 0.5, AttributeError, "'SGD' object has no attribute 'step_size'"),
        (SGD, "clipnorm", "1", TypeError, "SGD: clipnorm must be a finite number"),
        (AdamW, "weight_decay", None, TypeError, "AdamW: weight_decay must be a finite number, at least 0"),
        (
            SGD,
            "rho",
            0.5,
            AttributeError,
            "'SGD' object has no attribute 'rho': not planned so far; available: iterations",
        ),
        (Adam, "beta1", 0.5, AttributeError, "'Adam' object has no attribute 'beta1': the nearest is 'beta_1'"),
        (RMSprop, "learning_rates", 1, AttributeError, "the nearest is 'learning_rate'"),
    ],
)
def test_what_would_have_no_effect_cannot_be_set(
    make: type[Any], name: str, value: Any, kind: type[Exception], message: str
) -> None:
    optimizer = make()
    before = dict(vars(optimizer))
    with pytest.raises(kind, match=message):
        setattr(optimizer, name, value)
    assert vars(optimizer) == before


def test_settings_can_be_changed_and_work() -> None:
    """As if the optimizer had been made with them."""
    for cls, settings in ((SGD, {"momentum": 0.9, "nesterov": True}), (Adam, {"beta_1": 0.5, "epsilon": 1e-3})):
        changed, made = cls(), cls(**settings)  # type: ignore[arg-type]
        for name, value in settings.items():
            setattr(changed, name, value)
        gradients = [np.array([0.5]), np.array([-2.0])]
        assert list(steps(changed, np.ones(1), gradients)) == list(steps(made, np.ones(1), gradients))
        assert changed.get_config() == made.get_config()


def test_attributes_of_your_own_optimizer_are_yours() -> None:
    optimizer, w = Own(), np.array([1.0])
    optimizer.decay, optimizer.anything = 0.5, 1  # type: ignore[attr-defined]
    optimizer._private = 2  # type: ignore[attr-defined]
    optimizer.update({"w": w}, {"w": np.array([1.0])})
    assert w.item() == 1.0 - 0.5 * 0.5


# ---------------------------------------------------------------- whom an optimizer serves


def network(units: int, optimizer: Optimizer) -> Sequential:
    model = Sequential([Dense(units, input_shape=(3,))], seed=0)
    model.compile(optimizer, "mse")
    return model


@pytest.mark.parametrize("held_by_its_history", [False, True])
def test_an_optimizer_is_free_when_its_model_is_gone(held_by_its_history: bool) -> None:
    """And starts anew: what it remembered belonged to other parameters, of another shape even."""
    optimizer, x = Adam(0.1), np.ones((4, 3))
    model = network(2, optimizer)
    if held_by_its_history:  # a cycle, which only the garbage collector frees
        model.fit(x, np.ones((4, 2)), epochs=2, verbose=0)
    else:
        model.train_on_batch(x, np.ones((4, 2)))
    del model
    second, fresh = network(5, optimizer), network(5, Adam(0.1))
    assert optimizer.iterations == 0
    for one in (second, fresh):
        one.fit(x, np.ones((4, 5)), epochs=3, verbose=0)
    for after, expected in zip(second.get_weights(), fresh.get_weights(), strict=True):
        np.testing.assert_array_equal(after, expected)


def test_an_optimizer_serves_one_living_model() -> None:
    optimizer, x = Adam(0.1), np.ones((4, 3))
    model = network(2, optimizer)
    model.train_on_batch(x, np.ones((4, 2)))
    with pytest.raises(ValueError, match="Adam: is used by another model already; each model needs its own optimizer"):
        network(2, optimizer)
    assert optimizer.iterations == 1
    model.compile(optimizer, "mse")  # the same model again: it goes on
    assert optimizer.iterations == 1
    for free in (copy.copy(optimizer), copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):  # noqa: S301
        assert network(2, free).optimizer.iterations == 1  # type: ignore[union-attr]


def test_a_refused_optimizer_serves_its_model_on() -> None:
    optimizer = SGD()
    model = network(2, optimizer)
    with pytest.raises(ValueError, match="SGD: is used by another model already"):
        network(2, optimizer)
    model.compile(optimizer, "mse")
