"""What all optimizers take: clipping, weight decay, moving averages; beside Keras's figures and written out."""

import copy
import re
from typing import Any

import numpy as np
import pytest
from networks import fingerprint, small_data, small_network
from parity import optimizers as parity
from parity.figures import error

from numpycnn import Sequential
from numpycnn.callbacks import BackupAndRestore
from numpycnn.common.typing import Array
from numpycnn.engine.workers import worker_pool
from numpycnn.layers import Dense
from numpycnn.models import load_model
from numpycnn.optimizers import CLASSES, SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Optimizer, base
from numpycnn.optimizers.schedules import CosineDecay
from numpycnn.saving import ModelFileError

OPTIONS: list[dict[str, Any]] = [
    {"weight_decay": 0.5, "clipnorm": 0.5},
    {"weight_decay": 0.5, "global_clipnorm": 0.5, "learning_rate": CosineDecay(0.1, 9)},
    {"clipvalue": 0.25, "use_ema": True, "ema_momentum": 0.75, "ema_overwrite_frequency": 2},
]


def test_keras_figures() -> None:
    """Every optimizer with every option, and many schedules: the last of ten steps, and the moving averages."""
    wrong = [
        entry
        for number, (entry, figures) in enumerate(parity.load())
        if error(parity.ours(entry, parity.problem(number))[parity.ON_FILE :], figures) > parity.BOUND
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("optimizer", "figures"),
    [
        (AdamW(0.1, 0.1, 0.9, 0.99, 0.0), [1.195487877860626, -1.6656917290419542, -0.2870216595166013]),
        (AdamW(0.1, 0.1, 0.9, 0.99, 0.0, True), [1.1954280550361884, -1.6656917290419542, -0.2868435745455531]),
        (Adamax(0.1, 0.9, 0.99, 0.0), [1.2822650914569047, -1.8454608432064086, 0.014234694322741766]),
        (Adagrad(0.1, 0.25, 0.0), [0.921281815075861, -1.9863211694449128, 0.2603401587988477]),
        (Adadelta(0.1, 0.9, 1e-6), [0.9988660946054663, -2.0000204661566348, 0.49877158623774004]),
    ],
    ids=["AdamW", "AdamW with amsgrad", "Adamax", "Adagrad", "Adadelta"],
)
def test_figures_of_pytorch(optimizer: Optimizer, figures: list[float]) -> None:
    """Ten steps in float64; epsilon, which PyTorch adds elsewhere but in Adadelta, is 0."""
    w = np.array([1.0, -2.0, 0.5])
    for t in range(1, 11):
        optimizer.update({"w": w}, {"w": np.array([t / 4 - 1.1, (-1.0) ** t * 0.3, 1.0 / t])})
    np.testing.assert_allclose(w, figures, rtol=1e-13)


def test_the_figures_on_file_cover_every_option() -> None:
    entries = [entry for entry, _ in parity.load()]
    for name in CLASSES:
        found = [given for one, given in entries if one == name]
        assert {key for given in found for key in given} >= {key for options in parity.SHARED for key in options}
        assert sum(not isinstance(given["learning_rate"], float) for given in found) >= 5


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: next(iter(options)))
@pytest.mark.parametrize("name", CLASSES)
def test_parts_terms_and_workers_change_no_bit(
    name: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of parameters updated in parts by three, against the same updated whole; the gradient is a sum of two terms."""
    rng = np.random.default_rng(0)
    shapes = {"kernel": (10, 3), "bias": (2,), "one": ()}
    first = {key: rng.standard_normal(shape) for key, shape in shapes.items()}
    terms = [{key: rng.standard_normal(shape) for key, shape in shapes.items()} for _ in range(2)]

    def trained(part: int, workers: int) -> list[bytes]:
        monkeypatch.setattr(base, "PART_BYTES", part)
        monkeypatch.setattr(base, "JOB_BYTES", 1)
        own, w = CLASSES[name](**options), {key: value.copy() for key, value in first.items()}
        with worker_pool(workers) as pool:
            for _ in range(3):
                own.update(w, *terms, run=pool.run_here)
        arrays = [*w.values(), *(array for slot in own.state.values() for array in slot.values())]
        return [array.tobytes() for array in arrays]

    assert trained(part=3 * 8, workers=3) == trained(part=1 << 20, workers=1)


def stepped(optimizer: Optimizer, *terms: dict[str, Array], **params: Array) -> dict[str, Array]:
    """The parameters after one step."""
    optimizer.update(params, *terms)
    return params


# ---------------------------------------------------------------- clipping


def test_norms_are_those_of_the_whole_gradient() -> None:
    """Of the sum of its terms: each of the parameters', or all together; 5 and 13 here."""
    terms = [
        {"a": np.array([2.0, 0.0]), "b": np.array([5.0, 0.0])},
        {"a": np.array([1.0, 4.0]), "b": np.array([0.0, 12.0])},
    ]
    for options, moved in [
        ({"clipnorm": 10.0}, ([3.0, 4.0], [5 / 1.3, 12 / 1.3])),
        ({"clipnorm": 1.0}, ([0.6, 0.8], [5 / 13, 12 / 13])),
        ({"global_clipnorm": 194**0.5 / 2}, ([1.5, 2.0], [2.5, 6.0])),
        ({"global_clipnorm": 100.0}, ([3.0, 4.0], [5.0, 12.0])),
        ({"clipvalue": 4.5}, ([3.0, 4.0], [4.5, 4.5])),
        ({"clipvalue": 0.0}, ([3.0, 4.0], [5.0, 12.0])),
        ({"clipnorm": 0}, ([3.0, 4.0], [5.0, 12.0])),
    ]:
        after = stepped(SGD(1.0, **options), *terms, a=np.zeros(2), b=np.zeros(2))
        np.testing.assert_allclose(after["a"], np.negative(moved[0]), rtol=1e-15)
        np.testing.assert_allclose(after["b"], np.negative(moved[1]), rtol=1e-15)


def test_a_gradient_of_zero_stays_zero() -> None:
    for options in ({"clipnorm": 1.0}, {"global_clipnorm": 1.0}):
        assert stepped(SGD(1.0, **options), {"w": np.zeros(2)}, w=np.ones(2))["w"].tolist() == [1.0, 1.0]  # type: ignore[arg-type]


def test_clipping_leaves_the_gradients_and_their_dtype_alone() -> None:
    g, w = np.full(2, 4.0, np.float32), np.zeros(2, np.float32)
    optimizer = Adam(clipnorm=1.0)
    optimizer.update({"w": w}, {"w": g})
    assert g.tolist() == [4.0, 4.0]
    assert optimizer.state["velocity"]["w"].dtype == np.float32


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"clipnorm": 1, "clipvalue": 2.0},
            "SGD: only one of clipnorm, clipvalue, global_clipnorm may be given; received clipnorm=1.0, clipvalue=2.0",
        ),
        ({"loss_scale_factor": 2.0}, "SGD: loss_scale_factor must be None: float32 and float64 need no scaling"),
        ({"gradient_accumulation_steps": 2}, "SGD: gradient_accumulation_steps must be None: give fit a batch_size"),
        ({"ema_momentum": 1.5}, "SGD: ema_momentum must be a finite number, at least 0 and at most 1; received 1.5"),
        ({"ema_overwrite_frequency": 0}, "SGD: ema_overwrite_frequency must be an integer of at least 1; received 0"),
    ],
)
def test_options_that_are_not_there_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        SGD(**options)
    optimizer = SGD(**dict(list(options.items())[1:]))
    with pytest.raises(ValueError, match=re.escape(message)):
        setattr(optimizer, *next(iter(options.items())))


def test_flags_and_names() -> None:
    with pytest.raises(TypeError, match="SGD: use_ema must be True or False; received 1"):
        SGD(use_ema=1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="SGD: name must be a string; received 3"):
        SGD(name=3)  # type: ignore[arg-type]
    assert SGD(name="mine").get_config()["name"] == "mine"


# ---------------------------------------------------------------- weight decay


def test_weights_decay_before_the_step() -> None:
    """w - 0.5*0.1*w = 0.95*w, and then the step of the gradient 1."""
    for optimizer in (SGD(0.1, weight_decay=0.5), SGD(CosineDecay(0.1, 9), weight_decay=0.5)):
        after = stepped(optimizer, {"w": np.ones(2)}, w=np.array([2.0, -4.0]))
        np.testing.assert_allclose(after["w"], [1.9 - 0.1, -3.8 - 0.1], rtol=1e-15)


def test_parameters_are_excluded_from_weight_decay() -> None:
    names = ["dense/kernel", "dense/bias", "norm/gamma", "bias_net/kernel"]

    def decayed(**excluded: Any) -> list[str]:
        optimizer, params = AdamW(0.1, 1.0), {name: np.ones(1) for name in names}
        optimizer.exclude_from_weight_decay(**excluded)
        optimizer.update(params, {name: np.zeros(1) for name in names})
        return [name for name, w in params.items() if w[0] != 1.0]

    assert decayed() == names
    assert decayed(var_names=["bias", "gam+a$"]) == ["dense/kernel", "bias_net/kernel"]  # in the last part alone
    assert decayed(var_list=["norm/gamma"]) == ["dense/kernel", "dense/bias", "bias_net/kernel"]
    assert decayed(var_list=["norm/gamma"], var_names=["kernel"]) == ["dense/bias"]


def test_wrong_exclusions_change_nothing() -> None:
    optimizer = AdamW()
    optimizer.exclude_from_weight_decay(["a"], ["b"])
    owner = "AdamW.exclude_from_weight_decay"
    wrong: list[tuple[Any, type[Exception], str]] = [
        ({"var_list": "bias"}, TypeError, f"{owner}: var_list must be a list; received 'bias'"),
        ({"var_names": [1]}, TypeError, f"{owner}: var_names must be a string; received 1"),
        ({"var_names": ["("]}, ValueError, rf"{owner}: var_names must be regular expressions; '\(': missing \)"),
    ]
    for given, kind, message in wrong:
        with pytest.raises(kind, match=message):
            optimizer.exclude_from_weight_decay(**given)
    stepped(optimizer, {"w": np.ones(1)}, w=np.ones(1))
    with pytest.raises(ValueError, match=f"{owner}: must be called before the first step; there were 1"):
        optimizer.exclude_from_weight_decay()
    assert optimizer.excluded == {"var_list": ["a"], "var_names": ["b"]}


def test_a_loaded_model_goes_on_with_its_exclusions(tmp_path: Any) -> None:
    model, path = small_network(), tmp_path / "model.safetensors"
    model.compile(AdamW(0.1, 0.5), "mse")
    assert model.optimizer is not None
    model.optimizer.exclude_from_weight_decay(var_names=["kernel"])
    model.save(path)
    loaded = load_model(path)
    for one in (model, loaded):
        one.fit(*small_data(6), verbose=0)
    assert fingerprint(model) == fingerprint(loaded)
    assert loaded.optimizer is not None
    assert loaded.optimizer.excluded == model.optimizer.excluded == {"var_list": [], "var_names": ["kernel"]}


# ---------------------------------------------------------------- moving averages


def test_the_average_follows_the_weights() -> None:
    """SGD with the gradient -1 has w = 1, 2, 3; the average is 1, then 1/4 of the way to each."""
    optimizer, w = SGD(1.0, use_ema=True, ema_momentum=0.75), np.zeros(1)
    averages = []
    for _ in range(3):
        optimizer.update({"w": w}, {"w": -np.ones(1)})
        averages.append(optimizer.state["average"]["w"].item())
    assert averages == [1.0, 1.25, 1.6875]
    assert w[0] == 3.0
    optimizer.finalize_variable_values({"w": w, "other": np.ones(1)})
    assert w[0] == 1.6875
    optimizer.finalize_variable_values({})
    with pytest.raises(ValueError, match=r"SGD: the slot average of w has the shape \(1,\); expected \(2,\)"):
        optimizer.finalize_variable_values({"w": np.ones(2)})
    with pytest.raises(TypeError, match="SGD: params must be a dict of arrays of floats by name; received 3"):
        optimizer.finalize_variable_values(3)  # type: ignore[arg-type]


def test_the_average_overwrites_the_weights() -> None:
    """After every second step: w is 1, then 2 and so 1.5, 2.5, then 3.5 and so 2.75."""
    optimizer, w = SGD(1.0, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2), np.zeros(1)
    seen = []
    for _ in range(4):
        optimizer.update({"w": w}, {"w": -np.ones(1)})
        seen.append(w.item())
    assert seen == [1.0, 1.5, 2.5, 2.75]


def test_without_use_ema_nothing_is_averaged() -> None:
    optimizer, w = SGD(1.0, ema_overwrite_frequency=1), np.zeros(1)
    optimizer.update({"w": w}, {"w": -np.ones(1)})
    optimizer.finalize_variable_values({"w": w})
    assert w[0] == 1.0
    assert optimizer.state == {}


def test_the_average_of_a_parameter_that_joins_begins_with_it() -> None:
    optimizer, late = SGD(1.0, use_ema=True, ema_momentum=0.5), np.full(1, 8.0)
    stepped(optimizer, {"a": np.ones(1)}, a=np.ones(1))
    optimizer.update({"late": late}, {"late": -np.ones(1)})
    assert optimizer.state["average"]["late"] == 8.5


def test_fit_ends_with_the_averages_and_a_batch_does_not() -> None:
    (x, y), model = small_data(6), small_network()
    model.compile(SGD(0.5, use_ema=True, ema_momentum=0.5), "mse")
    assert model.optimizer is not None
    model.train_on_batch(x, y)
    model.train_on_batch(x, y)
    averages = model.optimizer.state["average"]
    assert any((averages[name] != w).any() for name, w in model.trained_params.items())
    model.fit(x, y, batch_size=2, epochs=2, verbose=0)
    assert all((averages[name] == w).all() for name, w in model.trained_params.items())


# ---------------------------------------------------------------- resuming


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: next(iter(options)))
@pytest.mark.parametrize("name", CLASSES)
def test_a_resumed_training_ends_with_the_same_bytes(name: str, options: dict[str, Any], tmp_path: Any) -> None:
    """Interrupted after the first epoch, in a program that has other settings at its start."""
    x, y = np.eye(4), np.eye(4)[:, :2]

    def train(epochs: int, given: dict[str, Any], path: Any) -> Sequential:
        model = Sequential([Dense(2, input_shape=(4,))], seed=0)
        model.compile(CLASSES[name](**given), "mse")
        callbacks = [] if path is None else [BackupAndRestore(path, delete_checkpoint=False)]
        model.fit(x, y, batch_size=2, epochs=epochs, verbose=0, callbacks=callbacks)
        return model

    path = tmp_path / "training.safetensors"
    train(1, copy.deepcopy(options), path)
    resumed, whole = train(3, {"learning_rate": 0.5}, path), train(3, copy.deepcopy(options), None)
    assert fingerprint(resumed) == fingerprint(whole)
    assert resumed.optimizer is not None
    assert whole.optimizer is not None
    assert resumed.optimizer.get_config() == whole.optimizer.get_config()


def test_an_average_that_the_optimizer_does_not_keep_is_no_part_of_a_file(tmp_path: Any) -> None:
    model = small_network()
    model.compile(SGD(use_ema=True), "mse")
    model.train_on_batch(*small_data(6))
    assert model.optimizer is not None
    model.optimizer.use_ema = False
    model.save(tmp_path / "model.safetensors")
    loaded = load_model(tmp_path / "model.safetensors")
    assert loaded.optimizer is not None
    assert loaded.optimizer.state == {}
    vars(model.optimizer)["clipnorm"] = vars(model.optimizer)["clipvalue"] = 1.0  # which checks nothing
    with pytest.raises(ModelFileError, match="SGD: only one of clipnorm, clipvalue, global_clipnorm may be given"):
        model.save(tmp_path / "model.safetensors")
