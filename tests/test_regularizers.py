"""Regularizers and constraints: against Keras's figures, nested loops and the complex step, and in every kind of step."""

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faults import Fault, seeded
from networks import fingerprint
from numeric import complex_step, error

from numpycnn import (
    Input,
    Sequential,
    backend,
    constraints,
    gradcheck,
    layers,
    load_model,
    losses,
    reference,
    regularizers,
)
from numpycnn import functional as F
from numpycnn.common.typing import Array
from numpycnn.engine.fast.im2col import ConvBlock
from numpycnn.layers.penalties import ActivityPenalty, share_penalty
from numpycnn.optimizers import SGD
from numpycnn.regularizers import L1, L1L2, L2, OrthogonalRegularizer, Regularizer
from numpycnn.saving import ModelFileError
from numpycnn.step import training_step


def numbers(*shape: int, start: float = 0.1) -> Array:
    return np.sin(start + 1.7 * np.arange(np.prod(shape))).reshape(shape)


W = numbers(4, 3, start=0.0)


class Half(constraints.Constraint):
    """A constraint as Keras users write it."""

    def __call__(self, w: Any) -> Any:
        return w * 0.5


class Cubes(Regularizer):
    """The sum of |x|^3."""

    def value(self, x: Array) -> Any:
        return (x * x * x * np.sign(x.real)).sum()

    def gradient(self, x: Array) -> Array:
        return 3 * x * np.abs(x)


# ---------------------------------------------------------------- values and gradients


@pytest.mark.parametrize(
    ("regularizer", "value"),
    [
        (L1(0.02), 0.14299863528161144),
        (L2(0.03), 0.1650458661404381),
        (L1L2(0.02, 0.03), 0.30804450142204953),
        (OrthogonalRegularizer(0.3), 0.15765962087727847),
        (OrthogonalRegularizer(0.3, "columns"), 0.12795929680435106),
    ],
)
def test_values_are_those_of_keras(regularizer: Regularizer, value: float) -> None:
    assert regularizer(W) == pytest.approx(value, rel=1e-14)
    assert regularizer(W.astype(np.float32)).dtype == np.float32
    assert regularizers.get(regularizers.serialize(regularizer)).get_config() == regularizer.get_config()  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["l1", "l2", "orthogonality"])
def test_penalties_are_their_definitions(name: str) -> None:
    """And the gradients are the definitions' and the complex step's."""
    extra = (1e-7,) if name == "orthogonality" else ()
    w = numbers(4, 3)
    value, gradient = getattr(F, name), getattr(F, f"{name}_backward")
    np.testing.assert_allclose(value(w, 0.3, *extra), getattr(reference, name)(w, 0.3), rtol=1e-14)
    np.testing.assert_allclose(gradient(w, 0.3, *extra), getattr(reference, f"{name}_backward")(w, 0.3), rtol=1e-13)
    assert error(gradient(w, 0.3, *extra), complex_step(lambda w: complex(value(w, 0.3, *extra)), w)) < 1e-14
    assert gradient(w.astype(np.float32), 0.3, *extra).dtype == np.float32


def test_penalties_of_any_shape_and_at_their_kinks() -> None:
    w = numbers(2, 2, 3)
    np.testing.assert_allclose(L1L2(0.1, 0.2).gradient(w), 0.1 * np.sign(w) + 0.4 * w, rtol=1e-15)
    assert L1(0.5).gradient(np.array([-2.0, 0.0, 3.0])).tolist() == [-0.5, 0.0, 0.5]
    assert L1()([1, -2]) == np.float32(0.03)  # integers are of the backend's dtype
    small = numbers(3, 2) * 1e-9  # norms below epsilon
    assert (
        error(
            F.orthogonality_backward(small, 0.3, 1e-7),
            complex_step(lambda w: complex(F.orthogonality(w, 0.3, 1e-7)), small),
        )
        < 1e-12
    )
    one = OrthogonalRegularizer()
    assert one(W[:1]) == 0.0
    assert not one.gradient(W[:1]).any()


@pytest.mark.parametrize(
    ("constraint", "first"),
    [
        (constraints.MaxNorm(1.2), [0.0, 0.7475653797793, -0.2535034048115, -0.9057937415059, 0.3724867829377]),
        (constraints.NonNeg(), [0.0, 0.9916648104525, 0.0, 0.0, 0.4941133511386]),
        (constraints.UnitNorm(axis=1), [0.0, 0.9683651541561, -0.2495370371613, -0.7020877738198, 0.3747088368088]),
        (
            constraints.MinMaxNorm(0.5, 0.9, 0.7, axis=[0, 1]),
            [0.0, 0.5638561976376, -0.14529953328, -0.526414107864, 0.2809506523156],
        ),
    ],
)
def test_constraints_are_those_of_keras(constraint: constraints.Constraint, first: list[float]) -> None:
    np.testing.assert_allclose(constraint(W).ravel()[:5], first, rtol=1e-12)
    assert constraint(W.astype(np.float32)).dtype == np.float32
    assert constraint([[1, 2]]).dtype == np.float32
    again: Any = constraints.get(constraints.serialize(constraint))
    assert again.get_config() == constraint.get_config()
    assert type(again) is type(constraint)


def test_names() -> None:
    for name, cls in (("l1", L1), ("l2", L2), ("l1_l2", L1L2), ("l1l2", L1L2), ("L2", L2)):
        assert type(regularizers.get(name)) is cls
    assert (regularizers.l1, regularizers.l2, regularizers.l1_l2) == (L1, L2, L1L2)
    assert type(regularizers.get(L2)) is L2
    assert regularizers.get(None) is None
    for name in ("max_norm", "MaxNorm", "maxnorm", "non_neg", "nonneg", "unit_norm", "unitnorm", "min_max_norm"):
        assert type(constraints.get(name)).__name__.lower() == name.replace("_", "").lower()
    assert constraints.get(None) is None
    assert isinstance(constraints.get(constraints.NonNeg), constraints.NonNeg)
    assert constraints.get(np.abs) is np.abs
    assert constraints.serialize(np.abs) is np.abs
    assert constraints.Constraint()(W) is W
    assert constraints.Constraint().get_config() == Half().get_config() == Cubes().get_config() == {}


# ---------------------------------------------------------------- in a model


def everything() -> Sequential:
    """A model with every kind of regularizer and constraint, one layer of it frozen."""
    model = Sequential(
        [
            Input((3,)),
            layers.Dense(
                4,
                "tanh",
                kernel_regularizer=L1L2(0.02, 0.03),
                bias_regularizer="l2",
                activity_regularizer=L2(0.1),
                kernel_constraint=constraints.MaxNorm(1.2),
                bias_constraint=Half(),
            ),
            layers.ActivityRegularization(0.05, 0.01),
            layers.BatchNormalization(gamma_regularizer=L2(0.2), beta_constraint="non_neg"),
            layers.Dense(3, kernel_regularizer="l1", bias_regularizer=L1(0.5)),
            layers.Dense(
                2,
                "softmax",
                kernel_regularizer=OrthogonalRegularizer(0.3, "columns"),
                activity_regularizer=OrthogonalRegularizer(0.4),
                kernel_constraint=constraints.MinMaxNorm(0.5, 0.9, rate=0.7, axis=1),
            ),
        ],
        dtype="float64",
        seed=0,
    )
    model.set_weights([numbers(*w.shape, start=k + 0.1) + 1.5 * (k == 5) for k, w in enumerate(model.get_weights())])
    model.layers[3].trainable = False
    model.compile(SGD(0.1), "categorical_crossentropy")
    return model


X, Y = numbers(5, 3), np.eye(2)[[0, 1, 1, 0, 1]]
VALIDATION = numbers(3, 3, start=2.0), np.eye(2)[[1, 0, 1]]


def test_training_is_that_of_keras() -> None:
    """Keras's own figures, in float64."""
    model = everything()
    assert model.evaluate(*VALIDATION, verbose=0) == pytest.approx(2.2499007176379777, rel=1e-14)
    history = model.fit(X, Y, 3, epochs=3, shuffle=False, validation_data=VALIDATION, verbose=0).history
    np.testing.assert_allclose(history["loss"], [3.08622386781, 2.25572314383, 1.99157275317], rtol=2e-12)
    np.testing.assert_allclose(history["val_loss"], [1.88892273623, 1.75731476363, 1.6599063121], rtol=2e-12)
    sums = [6.44734140161, 0.0415212074894, 2.0890003812, 1.04691886565, 2.28416133028]
    sums += [5.36427063827, 7.29705079139, 2.19358199299, 3.14797756959, 0.96854496806]
    np.testing.assert_allclose([np.abs(w).sum() for w in model.get_weights()], sums, rtol=2e-12)


def test_the_step_to_be_read_is_the_step_of_training() -> None:
    model, twin = everything(), everything()
    for _ in range(3):
        before = training_step(twin.layers, twin.loss, twin.optimizer, X, Y)  # type: ignore[arg-type]
        assert model.train_on_batch(X, Y) == pytest.approx(before, rel=1e-14)
    for own, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-13)


def images(activity: Any = None) -> Sequential:
    """A network whose batches of 200 are divided."""
    model = Sequential(
        [
            layers.Conv2D(
                3,
                2,
                activation="relu",
                kernel_regularizer=L1(0.01),
                activity_regularizer=activity,
                kernel_constraint=constraints.MaxNorm(0.5, axis=[0, 1, 2]),
                input_shape=(4, 4, 1),
            ),
            layers.Dropout(0.3),
            layers.Residual([layers.Dense(3, "tanh", activity_regularizer=activity, bias_regularizer=Cubes())]),
            layers.Flatten(),
            layers.Dense(2, "softmax", kernel_regularizer="l2"),
        ],
        seed=3,
    )
    model.compile("adam", "mse")
    return model


MANY = numbers(400, 4, 4, 1), np.eye(2)[np.arange(400) % 2]


@pytest.mark.parametrize("activity", [None, Cubes(), L2(0.01)], ids=["none", "cubes", "l2"])
def test_any_number_of_workers_gives_the_same_bytes(activity: Any) -> None:
    found = []
    with ThreadPoolExecutor(2) as executor:
        for how in ({"workers": 1}, {"workers": 3}, {"executor": executor}):
            model = images(activity)
            model.fit(*MANY, 200, epochs=2, verbose=0, validation_split=0.25, **how)
            found.append((fingerprint(model), model.evaluate(*MANY, 400, verbose=0, **how)))
    assert found[0] == found[1] == found[2]


def test_the_penalty_of_an_output_is_of_the_whole_batch() -> None:
    """Also where an evaluation would divide the batch, and the penalty is no sum over its examples."""
    model = Sequential(
        [layers.Dense(2, "softmax", activity_regularizer=OrthogonalRegularizer(3.0), input_shape=(3,))],
        seed=0,
        dtype="float64",
    )
    model.compile("sgd", "mse")
    x, y = numbers(300, 3), np.eye(2)[np.arange(300) % 2]
    p = model.predict(x)
    expected = ((p - y) ** 2).mean() + OrthogonalRegularizer(3.0)(p) / 300
    assert model.evaluate(x, y, batch_size=300, verbose=0) == pytest.approx(expected, rel=1e-14)
    assert model.test_on_batch(x, y) == model.evaluate(x, y, batch_size=300, verbose=0)
    assert model.train_on_batch(x, y) == pytest.approx(expected, rel=1e-13)


def test_penalties_are_added_once_whatever_the_loss_is_divided_by() -> None:
    model, x = images(), MANY[0][:9]
    model.compile("sgd", losses.MeanSquaredError(reduction="sum"))
    penalty = L1(0.01)(model.layers[0].params["kernel"]) + L2(0.01)(model.layers[-1].params["kernel"])
    whole = ((model.predict(x) - MANY[1][:9]) ** 2).mean(axis=1).sum() + penalty
    assert model.evaluate(x, MANY[1][:9], verbose=0) == pytest.approx(whole, rel=1e-6)


def test_the_fast_path_leaves_penalized_outputs_whole() -> None:
    slow, fast = images(L2(0.01)), images(L2(0.01))
    slow.fast = False
    assert slow.train_on_batch(*MANY) == pytest.approx(fast.train_on_batch(*MANY), rel=1e-6)
    for activity, kind in ((None, ConvBlock), (L2(0.01), ActivityPenalty)):
        stages = images(activity)
        stages.compile("sgd", "mse")
        assert isinstance(stages._objective("fit").network.stages[0][1], kind)
    again = pickle.loads(pickle.dumps(fast._objective("fit")))  # noqa: S301
    assert isinstance(again.network.stages[0][1], ActivityPenalty)


def test_frozen_weights_have_no_penalty() -> None:
    model = Sequential([layers.Dense(2, kernel_regularizer=L2(1.0), input_shape=(3,))], seed=0, dtype="float64")
    model.compile("sgd", "mse")
    whole, penalty = model.evaluate(X, Y, verbose=0), L2(1.0)(model.layers[0].params["kernel"])
    model.layers[0].trainable = False
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(whole - penalty, rel=1e-14)


def test_a_loss_that_a_penalty_makes_infinite_is_found() -> None:
    class Infinite(Cubes):
        def value(self, x: Array) -> Any:
            return np.inf

    model = Sequential([layers.Dense(2, kernel_regularizer=Infinite(), input_shape=(3,))], seed=0)
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"the loss is inf in epoch 1, batch 1"):
        model.fit(X, Y, verbose=0)


def test_what_constraints_hold() -> None:
    model = images()
    model.fit(*MANY, 200, epochs=2, verbose=0)
    kernel = model.layers[0].params["kernel"]
    assert (np.sqrt((kernel**2).sum(axis=(0, 1, 2))) <= 0.5 + 1e-6).all()
    model.layers[0].trainable = False  # so it stays as it is
    before = kernel.copy()
    model.layers[0].constraints["kernel"] = Half()
    model.fit(*MANY, 200, verbose=0)
    np.testing.assert_array_equal(kernel, before)


def test_a_layer_and_a_function_of_ones_own() -> None:
    class Scale(layers.Layer):
        def __init__(self) -> None:
            super().__init__(input_shape=(3,))
            self.regularizers["scale"], self.constraints["scale"] = Cubes(), np.abs

        def output_shape_for(self, input_shape: Any) -> Any:
            return input_shape

        def make_params(self, input_shape: Any, rng: Any, dtype: Any) -> Any:
            return {"scale": np.array([-2.0, 0.5, 1.0], dtype)}

        def forward(self, x: Array, *, training: bool = False, rng: Any = None) -> tuple[Array, Array]:
            return x * self.params["scale"], x

        def backward(self, dy: Array, cache: Array) -> tuple[Array, Any]:
            return dy * self.params["scale"], {"scale": (dy * cache).sum(axis=0)}

    model = Sequential([Scale()], dtype="float64")
    model.compile(SGD(1e-9), "mse")
    y = X * 0
    assert model.evaluate(X, y, verbose=0) == pytest.approx(8 + 0.125 + 1 + ((X * [-2, 0.5, 1]) ** 2).mean())
    gradcheck.assert_gradients(model, X, y)
    model.fit(X, y, verbose=0)
    np.testing.assert_allclose(model.layers[0].params["scale"], [2.0, 0.5, 1.0], rtol=1e-6)


# ---------------------------------------------------------------- gradient checks and traces


def test_gradient_checks_are_of_the_whole_objective() -> None:
    gradcheck.assert_gradients(everything(), X, Y, samples=2)


@pytest.mark.deep
@pytest.mark.parametrize("fast", [True, False])
def test_gradient_checks_of_convolutions_with_penalties(fast: bool) -> None:
    convolutional = images(Cubes())
    convolutional.fast = fast
    gradcheck.assert_gradients(convolutional, MANY[0][:5], MANY[1][:5], samples=3)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(F.l2_backward, "2.0 * factor", "factor"),
        Fault(F.orthogonality_backward, "(du - along * u)", "du"),
        Fault(share_penalty, "regularizer.gradient(whole) / len(whole)", "regularizer.gradient(whole)"),
        Fault(F.l1_backward, "np.sign(x)", "np.sign(x) * 1.001"),
    ],
    ids=["l2", "orthogonality", "outputs", "l1"],
)
def test_gradient_checks_notice(fault: Fault) -> None:
    rules: Any = {"kernel_regularizer": L1L2(0.1, 0.2), "activity_regularizer": OrthogonalRegularizer(0.4)}
    model = Sequential([layers.Dense(2, **rules, input_shape=(3,))], seed=0)
    model.compile("sgd", "mse")
    with seeded(fault):
        assert not gradcheck.gradcheck(model, X[:2], Y[:2], samples=2).passed


def test_a_trace_has_the_penalties() -> None:
    model = everything()
    trace = model.trace(X, Y, training=True)
    assert trace.loss == pytest.approx(everything().train_on_batch(X, Y), rel=1e-14)
    assert trace.losses is not None
    assert trace.losses.mean() < trace.loss
    w = model.layers[0].params["kernel"]
    np.testing.assert_allclose(trace["dense"].penalty_gradients["kernel"], L1L2(0.02, 0.03).gradient(w))
    assert trace["dense_1"].penalty_gradients == {}
    dy = trace["activity_regularization"].output_gradient
    assert dy is not None
    y = trace["activity_regularization"].output
    after = trace["batch_normalization"].input_gradient
    np.testing.assert_allclose(dy - after, L1L2(0.05, 0.01).gradient(y) / 5, rtol=1e-12)


def test_a_page_of_a_penalized_model(tmp_path: Path) -> None:
    everything().explore(tmp_path / "page.html", X, Y)
    assert '"known":false' in (tmp_path / "page.html").read_text("utf-8").replace(" ", "")


# ---------------------------------------------------------------- configurations and files

WITH_ALL: list[Callable[..., layers.Layer]] = [
    lambda **k: layers.Dense(2, **k, input_shape=(3,)),
    lambda **k: layers.Conv2D(2, 1, **k, input_shape=(3, 3, 2)),
    lambda **k: layers.Conv2DTranspose(2, 1, **k, input_shape=(3, 3, 2)),
    lambda **k: layers.DepthwiseConv2D(1, **k, input_shape=(3, 3, 2)),
    lambda **k: layers.SeparableConv2D(2, 1, **k, input_shape=(3, 3, 2)),
    lambda **k: layers.PReLU(**k, input_shape=(3,)),
    lambda **k: layers.BatchNormalization(**k, input_shape=(3,)),
    lambda **k: layers.LayerNormalization(**k, input_shape=(3,)),
    lambda **k: layers.GroupNormalization(1, **k, input_shape=(3,)),
]
PARAMETERS: dict[str, dict[str, str]] = {
    "DepthwiseConv2D": {"depthwise": "kernel", "bias": "bias"},
    "SeparableConv2D": {"depthwise": "depthwise_kernel", "pointwise": "pointwise_kernel", "bias": "bias"},
    "PReLU": {"alpha": "alpha"},
    **{name: {"kernel": "kernel", "bias": "bias"} for name in ("Dense", "Conv2D", "Conv2DTranspose")},
    **{f"{name}Normalization": {"beta": "beta", "gamma": "gamma"} for name in ("Batch", "Layer", "Group")},
}


@pytest.mark.parametrize("make", WITH_ALL, ids=lambda make: type(make()).__name__)
def test_every_parameter_has_its_own(make: Callable[..., layers.Layer]) -> None:
    """The arguments reach the parameters of their names, and the configuration makes the same layer."""
    parameters = PARAMETERS[type(make()).__name__]
    for number, (word, key) in enumerate(parameters.items()):
        regularizer, constraint = L2(0.1 + number), constraints.MaxNorm(2.0 + number)
        layer = make(**{f"{word}_regularizer": regularizer, f"{word}_constraint": constraint})
        for one in (layer, type(layer).from_config(layer.get_config())):
            assert list(one.regularizers) == list(one.constraints) == [key]
            assert one.regularizers[key].get_config() == {"l2": 0.1 + number}
            assert one.constraints[key].get_config() == {"max_value": 2.0 + number, "axis": 0}  # type: ignore[attr-defined]
        layer.build(layer.shape_in or ())
        assert key in layer.params
    assert make().get_config()[f"{next(iter(parameters))}_regularizer"] is None
    active = make(activity_regularizer="l1")
    assert isinstance(type(active).from_config(active.get_config()).activity_regularizer, L1)
    assert "activity_regularizer" not in make().get_config()


def test_a_saved_model_has_the_same_penalties(tmp_path: Path) -> None:
    model = everything()
    del model.layers[0].constraints["bias"]
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "m.safetensors")
    again = load_model(tmp_path / "m.safetensors")
    assert again.get_config() == model.get_config()
    for one in (model, again):
        one.fit(X, Y, epochs=2, verbose=0)
    assert fingerprint(model) == fingerprint(again)


# ---------------------------------------------------------------- errors

REFUSED: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: L1(-1), ValueError, "L1: l1 must be a finite number, at least 0; received -1"),
    (lambda: L2("a"), TypeError, "L2: l2 must be a finite number, at least 0; received 'a'"),  # type: ignore[arg-type]
    (lambda: L1L2(0, -1), ValueError, "L1L2: l2 must be"),
    (lambda: OrthogonalRegularizer(mode="x"), ValueError, "OrthogonalRegularizer: mode must be one of 'rows', 'col"),
    (
        lambda: OrthogonalRegularizer()(np.ones(3)),
        ValueError,
        r"OrthogonalRegularizer: expected x to be a matrix, of two axes; received the shape \(3,\)",
    ),
    (lambda: L2()("a"), TypeError, "L2: x must be an array of real numbers"),
    (lambda: regularizers.get("l3"), ValueError, "regularizers.get: identifier must be one of 'l1', .*'l2'"),
    (
        lambda: layers.Dense(1, kernel_regularizer=lambda w: w),  # type: ignore[arg-type]
        TypeError,
        r"dense: kernel_regularizer must have a gradient; give .* subclass of Regularizer .* value\(x\) and gradient",
    ),
    (lambda: layers.Dense(1, bias_regularizer=Regularizer()), TypeError, "dense: bias_regularizer must have a grad"),
    (lambda: Regularizer()(W), NotImplementedError, "Regularizer does not define value"),
    (lambda: Regularizer().gradient(W), NotImplementedError, "Regularizer does not define gradient"),
    (lambda: constraints.MaxNorm(-1), ValueError, "MaxNorm: max_value must be a finite number, at least 0"),
    (lambda: constraints.MaxNorm(axis=0.5), TypeError, "MaxNorm: axis must be an integer"),  # type: ignore[arg-type]
    (lambda: constraints.MinMaxNorm(2, 1), ValueError, "MinMaxNorm: max_value must be a finite number, at least 2"),
    (lambda: constraints.UnitNorm(axis=2)(W), ValueError, r"UnitNorm: axis 2 does not fit an array of shape \(4, 3\)"),
    (lambda: constraints.NormConstraint(0).wanted(W), NotImplementedError, "NormConstraint does not define wanted"),
    (lambda: constraints.get("max"), ValueError, "constraints.get: identifier must be one of .*'max_norm'"),
    (lambda: constraints.NonNeg()("a"), TypeError, "NonNeg: w must be an array of real numbers"),
    (
        lambda: layers.Dense(2, kernel_constraint=constraints.MaxNorm(axis=3), input_shape=(3,)).build((3,)),
        ValueError,
        "dense: kernel: MaxNorm: axis 3 does not fit",
    ),
    (
        lambda: layers.Dense(2, bias_regularizer=OrthogonalRegularizer(), input_shape=(3,)).build((3,)),
        ValueError,
        "dense: bias: OrthogonalRegularizer: expected x to be a matrix",
    ),
    (
        lambda: layers.Dense(2, kernel_constraint=np.sum, input_shape=(3,)).build((3,)),
        ValueError,
        r"dense: the constraint of kernel must have its shape \(3, 2\); received \(\)",
    ),
    (
        lambda: layers.Residual([], activity_regularizer="l2"),
        ValueError,
        "residual: takes no activity_regularizer; give it to the last layer inside",
    ),
    (lambda: layers.Dense(1, kernel_constraint=3), TypeError, "dense: kernel_constraint must be"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED)
def test_what_is_refused(call: Callable[[], object], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


def test_rules_of_ones_own_are_saved_by_a_name_that_is_theirs(tmp_path: Path) -> None:
    class L2(regularizers.L2):
        """Named as the library's."""

    known: list[dict[str, Any]] = [{"kernel_regularizer": Cubes()}, {"activity_regularizer": Cubes()}]
    known += [{"bias_constraint": Half()}]
    own: list[dict[str, Any]] = [{"kernel_regularizer": L2()}, {"bias_constraint": np.abs}]
    for arguments in known + own:
        model = Sequential([layers.Dense(2, **arguments, input_shape=(3,))])
        assert "Dense" in repr(model.layers[0])
        if arguments in known:
            model.save(tmp_path / "m.safetensors")
            load_model(tmp_path / "m.safetensors", custom_objects={"Cubes": Cubes, "Half": Half})
            continue
        with pytest.raises(ModelFileError, match=r"cannot be saved; .*only the library's own can be read back"):
            model.save(tmp_path / "m.safetensors")


def test_a_layer_that_is_refused_draws_nothing_and_changes_nothing() -> None:
    model = Sequential([Input((3,))], seed=0)
    with pytest.raises(ValueError, match="dense: kernel: MaxNorm"):
        model.add(layers.Dense(2, kernel_constraint=constraints.MaxNorm(axis=5)))
    assert model.layers == []
    assert backend.floatx() == "float32"
