"""The gradient checker: right gradients pass, wrong ones do not, and nothing fools it or makes it fail by chance."""

import re
from typing import Any

import numpy as np
import pytest
from cases import LAYERS, built, integers
from depths import one_in
from faults import Fault, code_of, seeded
from gradient_faults import CASES, FAULTS
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from networks import fingerprint, small_data, small_network

import numpycnn
from numpycnn import Sequential, backend
from numpycnn import functional as F
from numpycnn.__main__ import main
from numpycnn.app.commands import gradcheck as command
from numpycnn.common.typing import Array
from numpycnn.engine import training
from numpycnn.engine.fast import one_axis, plan, winograd
from numpycnn.engine.fast.im2col import ConvBlock
from numpycnn.gradcheck import assert_gradients, gradcheck, gradcheck_layer
from numpycnn.layers import Conv2D, Dense, Dropout, Flatten, Layer, MaxPooling2D
from numpycnn.layers.container import every_layer

seeds = st.integers(0, 2**32 - 1)


@pytest.fixture
def small_tiles(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Winograd's algorithm for few channels too, one image and one row of blocks at a time; one axis or im2col elsewhere."""
    if case != "Winograd":
        backend.set_convolution_precision("highest")
    number = -1e30 if case == "one axis" else 1e30  # beyond what MOVE makes of im2col
    monkeypatch.setattr(plan, "one_axis_cost", lambda _: number)
    monkeypatch.setattr(one_axis, "BAND_BYTES", 1)
    monkeypatch.setattr(plan, "MOVE", 1e9)
    monkeypatch.setattr(plan, "BLOCK_SIZES", (4,))
    monkeypatch.setattr(winograd, "STRIP_BYTES", 1)
    monkeypatch.setattr(winograd, "KERNELS", 0)
    monkeypatch.setattr(winograd, "LONG_ROW", 1)
    for cost in ("CALLS_COST", "EXCHANGES_COST", "PARAMETER_COST"):  # so that three examples are divided
        monkeypatch.setattr(training, cost, 0)
    monkeypatch.setattr(training, "LEAST_EXAMPLES", 1)
    monkeypatch.setattr(training, "MORE_PARTS", 1)


# ---------------------------------------------------------------- faults in the library


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("case", CASES)
def test_right_code_passes(case: str) -> None:
    report = CASES[case]()
    assert report.passed, str(report)
    assert not any(row.kinks for row in report.rows)


OF_NETWORKS = [
    fault for fault in FAULTS if fault[1].startswith(("fast network", "plain network", "Winograd", "one axis"))
]
OF_FUNCTIONS = [fault for fault in FAULTS if fault not in OF_NETWORKS]


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize(("what", "case", "fault"), one_in(8, OF_FUNCTIONS) + one_in(32, OF_NETWORKS))
def test_faults_are_seen(what: str, case: str, fault: Fault) -> None:
    with seeded(fault):
        try:
            report = CASES[case]()
        except ValueError:  # arrays that no longer fit
            return
    assert not report.passed, f"{what}: {report}"


def test_every_fault_can_be_put_into_its_function() -> None:
    """Also those that only the deep profile puts in."""
    for _, _, fault in FAULTS:
        assert code_of(fault)


# ---------------------------------------------------------------- never by chance


@given(data=st.data(), n=st.integers(1, 2), seed=seeds)
def test_layers_pass_with_ties_and_zeros(data: st.DataObject, n: int, seed: int) -> None:
    """Whole numbers as inputs and parameters: equal maxima and scores of zero are common."""
    layer = built(data.draw(st.one_of(*LAYERS.values())), seed, np.float32)
    rng = np.random.default_rng(seed)
    for param in layer.params.values():
        param[...] = integers(rng, param.shape, np.float32, bound=2)
    x = integers(rng, (n, *(layer.shape_in or ())), np.float32, bound=data.draw(st.sampled_from((1, 8))))
    assume(not overflows(layer, x))
    report = gradcheck_layer(layer, x, seed=seed)
    assert report.passed or (saturates(layer) and report.inconclusive), str(report)


def test_what_saturated_probabilities_leave_of_a_zero_is_inconclusive() -> None:
    """A bias that all scores of a softmax share changes nothing; the terms of its gradient cancel to 1.6e-27."""
    layer = Conv2D(2, (1, 4), (1, 2), activation="softmax", data_format="channels_first", input_shape=(3, 5, 7))
    Sequential([layer])
    rng = np.random.default_rng(0)
    for param in layer.params.values():
        param[...] = integers(rng, param.shape, np.float32, bound=2)
    assert gradcheck_layer(layer, integers(rng, (1, 3, 5, 7), np.float32, bound=8)).inconclusive


def saturates(layer: Layer) -> bool:
    """Whether values may be so close to a limit, or to a kink that the limit lies on, that no difference shows it.

    Probabilities of a single class are at it.
    Whole numbers that are normalized are whole but for epsilon, some 1e-5: a kink is that near, and steps go over it.
    """
    layers = list(every_layer([layer]))
    activations = {str(one.activation) for one in layers} & {"exponential", "sigmoid", "softmax", "sparsemax", "tanh"}
    return bool(activations) or any(hasattr(one, "epsilon") for one in layers)


def overflows(layer: Layer, x: Array) -> bool:
    """Whether numbers leave the range of float32, as those of one exponential after another do."""
    with np.errstate(all="ignore"):
        y, cache = layer.forward(x)
        dx, gradients = layer.backward(np.ones_like(y), cache)
    return not all(np.isfinite(a).all() for a in (y, dx, *gradients.values()))


@pytest.mark.parametrize(("units", "seed"), [(2, 2), (4, 96), (2, 494)])
def test_rounding_beside_a_kink_is_no_fault(units: int, seed: int) -> None:
    """A little beside a corner of sparse_sigmoid outputs are small, and the numbers that they come from are not."""
    dense = Dense(units, activation="sparse_sigmoid", bias_initializer="random_normal", input_shape=(4,))
    layer, rng = built(dense, seed, np.float32), np.random.default_rng(seed)
    for param in layer.params.values():
        param[...] = integers(rng, param.shape, np.float32, bound=2)
    report = gradcheck_layer(layer, integers(rng, (1, 4), np.float32, bound=1), seed=seed)
    assert report.passed, str(report)


@st.composite
def models(draw: st.DrawFn) -> Sequential:
    """Networks in which kinks follow upon kinks."""
    activations = st.sampled_from(("relu", "tanh", None))
    layers: list[Layer] = [
        Conv2D(
            draw(st.integers(1, 3)),
            (3, 2),
            padding=draw(st.sampled_from(("same", "valid"))),
            activation=draw(activations),
            input_shape=(6, 5, 1),
        )
    ]
    if draw(st.booleans()):
        layers.append(MaxPooling2D(2, strides=draw(st.integers(1, 2))))
    if draw(st.booleans()):
        layers.append(Dropout(0.5))
    layers.append(Flatten())
    if draw(st.booleans()):
        layers.append(Dense(3, activation=draw(activations)))
    classifier = draw(st.booleans())
    layers.append(Dense(3, activation="softmax" if classifier else draw(activations)))
    model = Sequential(layers, seed=draw(st.integers(0, 99)), fast=draw(st.booleans()))
    model.compile("sgd", "categorical_crossentropy" if classifier else "mse")
    return model


@given(model=models(), n=st.integers(1, 4), seed=seeds)
@settings(max_examples=settings().max_examples // 5)  # they take long
def test_models_pass_with_ties_and_zeros(model: Sequential, n: int, seed: int) -> None:
    """There right gradients may lie outside of the derivatives from both sides."""
    rng = np.random.default_rng(seed)
    for param in model.params.values():
        param[...] = integers(rng, param.shape, np.float32, bound=1)
    x = integers(rng, (n, *(model.shape_in or ())), np.float32, bound=1)
    report = gradcheck(model, x, np.eye(3)[rng.integers(0, 3, n)], samples=4, seed=seed)
    assert report.passed or (saturates(model) and report.inconclusive), str(report)


# ---------------------------------------------------------------- models and layers


@pytest.mark.parametrize("fast", [True, False])
def test_a_model_is_checked_in_float64_and_stays_as_it_was(fast: bool) -> None:
    model, (x, y) = small_network(), small_data(4)
    model.fast = fast
    model.fit(x, y, verbose=0)
    x32, before, state = x.astype(np.float32), fingerprint(model), np.random.get_state(legacy=False)["state"]["key"]
    report = gradcheck(model, x32, y, samples=8)
    assert report.passed, str(report)
    assert fingerprint(model) == before
    assert x32.tobytes() == x.astype(np.float32).tobytes()
    np.testing.assert_array_equal(np.random.get_state(legacy=False)["state"]["key"], state)
    assert list(dict.fromkeys(row.name for row in report.rows)) == ["input", *model.params]
    assert max(row.error for row in report.rows) < 1e-13  # float32 would leave 1e-8


def test_what_is_claimed_is_what_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model's own path, place and micro-batches, dropout on: two parts of five examples."""
    model, (x, y) = small_network(), small_data(5)
    model.fit(x, y, verbose=0)
    places, stages, parts = [], [], []
    learn = training.learn

    def spy(objective: training.Objective, place: training.Position, job: training.TrainingJob) -> object:
        places.append(place)
        stages.append(any(isinstance(stage, ConvBlock) for _, stage in objective.network.stages))
        parts.append((job.micro, len(job.data), job.divisor))
        return learn(objective, place, job)

    monkeypatch.setattr(training, "learn", spy)
    gradcheck(model, x, y, samples=1)
    assert set(places) == {training.Position(0, 1)}
    assert all(stages)
    assert parts[:2] == [(0, 2, 5), (1, 3, 5)]


def test_a_layer_is_checked_in_float64_and_stays_as_it_was() -> None:
    layer = built(Conv2D(2, 3, activation="relu", input_shape=(5, 5, 1)), 0, np.float32)
    before = [weight.tobytes() for weight in layer.get_weights()]
    x = np.random.default_rng(0).normal(size=(2, 5, 5, 1)).astype(np.float32)
    report = gradcheck_layer(layer, x)
    assert max(row.error for row in report.rows) < 1e-13
    assert [row.name for row in report.rows] == ["input", "conv2d/kernel", "conv2d/bias"]
    assert [weight.tobytes() for weight in layer.get_weights()] == before
    assert_gradients(layer, x)


@pytest.mark.parametrize(
    "layer", [Flatten(input_shape=(3, 2)), Dropout(0.5, input_shape=(9,))], ids=lambda one: one.name
)
def test_linear_layers_by_the_adjoint_identity(layer: Layer) -> None:
    built(layer, 0, np.float64)
    x = np.random.default_rng(0).normal(size=(2, *(layer.shape_in or ())))
    (row,) = gradcheck_layer(layer, x, method="adjoint").rows
    assert (row.method, row.passed) == ("adjoint", True)


class Scaled(Dense):
    """A layer whose backward can be wrong in many ways."""

    def backward(self, dy: Array, cache: object) -> tuple[Array, dict[str, Array]]:
        return self.broken(*super().backward(dy, cache))

    def broken(self, dx: Array, gradients: dict[str, Array]) -> tuple[Array, dict[str, Array]]:
        return dx, gradients


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda dx, gradients: (dx, {"kernel": gradients["kernel"]}), "there is no gradient of dense/bias"),
        (lambda dx, gradients: (dx, gradients | {"bias": None}), "there is no gradient of dense/bias"),
        (lambda dx, gradients: (None, gradients), "there is no gradient of input"),
        (lambda dx, gradients: None, "there is no gradient of dense/kernel"),
        (lambda dx, gradients: (dx, gradients | {"scale": dx}), "the gradient of dense/scale must be of one of"),
        (lambda dx, gradients: (dx.sum(axis=0), gradients), "the gradient of input must have the shape (2, 4)"),
        (lambda dx, g: (dx, g | {"bias": g["bias"] * (1 + 1e-9)}), "parameter_gradients gives another gradient of"),
    ],
)
def test_a_layer_that_breaks_its_contract(broken: object, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scaled, "broken", lambda _, *results: broken(*results))  # type: ignore[operator]
    layer = built(Scaled(3, name="dense", input_shape=(4,)), 0, np.float64)
    with pytest.raises(AssertionError) as raised:
        assert_gradients(layer, np.ones((2, 4)))
    assert message in str(raised.value).replace("\n  ", " ")


def test_training_names_the_parameter_whose_gradient_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scaled, "broken", lambda _, dx, gradients: (dx, gradients | {"kernel": None}))
    monkeypatch.setattr(Scaled, "parameter_gradients", lambda self, dy, cache: self.backward(dy, cache)[1])
    model = Sequential([Scaled(3, name="dense", input_shape=(4,))])
    model.compile("sgd", "mse")
    x, y = np.ones((2, 4)), np.zeros((2, 3))
    for check in (lambda: gradcheck(model, x, y), lambda: model.fit(x, y, verbose=0)):
        with pytest.raises(ValueError, match="dense: backward gave no gradient of kernel"):
            check()


def test_assert_gradients_takes_models_too() -> None:
    model, (x, y) = small_network(), small_data(3)
    assert_gradients(model, x, y, samples=5)
    fault = Fault(F.dense_backward, "x.T @ dy, dy.sum(axis=0)", "x.T @ dy, 2 * dy.sum(axis=0)")
    with seeded(fault), pytest.raises(AssertionError, match=r"FAILED: dense/bias, dense_1/bias$"):
        assert_gradients(model, x, y, samples=5)


@pytest.mark.parametrize(
    ("check", "error", "message"),
    [
        (lambda x, y: gradcheck(anything(np.sin), x, y), TypeError, "gradcheck: expected a Sequential"),
        (lambda x, y: gradcheck(small_network(compiled=False), x, y), ValueError, "is not compiled"),
        (lambda x, y: gradcheck(unbuilt(), x, y), ValueError, "the model is not built"),
        (lambda x, y: gradcheck(small_network(), x[:, :5], y), ValueError, "expected x of shape (n, 8, 8, 1)"),
        (lambda x, y: gradcheck(small_network(), x, y[:2]), ValueError, "the same number of examples"),
        (lambda x, y: gradcheck(small_network(), x, y, method="exact"), ValueError, "method must be one of"),
        (lambda x, y: gradcheck_layer(anything(np.sin), x), TypeError, "gradcheck_layer: expected a layer"),
        (lambda x, y: gradcheck_layer(Dense(3), x), ValueError, "dense: not built yet"),
        (lambda x, y: gradcheck_layer(small_network().layers[0], x[:, :5]), ValueError, "expected input of shape"),
    ],
)
def test_bad_arguments_are_explained(check: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        check(*small_data(3))


def anything(value: Any) -> Any:
    """The value, of which the type checker knows nothing."""
    return value


def unbuilt() -> Sequential:
    model = Sequential([Flatten(), Dense(3, activation="softmax")])
    model.compile("sgd", "categorical_crossentropy")
    return model


def test_the_package_names_it() -> None:
    assert numpycnn.gradcheck.gradcheck is gradcheck
    assert numpycnn.__getattr__("gradcheck") is numpycnn.gradcheck  # as it is before anyone has imported it
    with pytest.raises(AttributeError, match="module 'numpycnn' has no attribute 'gradients'"):
        _ = numpycnn.gradients  # type: ignore[attr-defined]


# ---------------------------------------------------------------- the command


def tutorial_network_in_small(seed: int) -> Sequential:
    """A network of the tutorial's layers, a few numbers wide."""
    layers = [
        Conv2D(6, 5, strides=3, activation="relu", input_shape=(28, 28, 1)),
        MaxPooling2D(2),
        Dropout(0.5),
        Flatten(),
        Dense(16, activation="relu"),
        Dropout(0.5),
        Dense(10, activation="softmax"),
    ]
    model = Sequential(layers, seed=seed)
    model.compile("rmsprop", "categorical_crossentropy")
    return model


@pytest.fixture(params=["small", pytest.param("whole", marks=pytest.mark.deep)])
def the_command(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command on a small network, and in the deep profile on its own; of each array it compares a few entries."""
    monkeypatch.setattr(command, "SAMPLES", 4)
    if request.param == "small":
        monkeypatch.setattr(command, "tutorial_network", tutorial_network_in_small)


@pytest.mark.usefixtures("the_command")
def test_the_command_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gradcheck", "--examples", "1", "--seed", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Gradient check of sequential, 1 examples, fast path"
    assert lines[-1] == "passed"
    assert [line.split()[0] for line in lines if " complex " in line and " of (" in line] == [
        "input",
        "conv2d/kernel",
        "conv2d/bias",
        "dense/kernel",
        "dense/bias",
        "dense_1/kernel",
        "dense_1/bias",
    ]
    assert max(map(len, lines)) <= 100


@pytest.mark.usefixtures("the_command")
def test_the_command_fails_for_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    with seeded(Fault(F.dense_backward, "x.T @ dy, dy", "1.001 * x.T @ dy, dy")):
        assert main(["gradcheck", "--examples", "1"]) == 1
    assert capsys.readouterr().out.endswith("FAILED: dense/kernel, dense_1/kernel\n")


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, wanted in (
        (["--help"], "convert, formats. Without one it is train."),
        (["gradcheck", "--help"], "--examples N"),
    ):
        with pytest.raises(SystemExit):
            main(arguments)
        assert wanted in " ".join(capsys.readouterr().out.split())


def test_a_saturated_model_is_measured_by_the_complex_step_alone() -> None:
    model = Sequential([Dense(3, activation="softmax", input_shape=(2,))], seed=0)
    model.compile("sgd", "mse")
    model.set_weights([40 * w + 0.5 for w in model.get_weights()])  # gradients of 1e-14
    assert not gradcheck(model, np.array([[1.0, -0.5], [0.7, 1.0]]), np.eye(3)[[0, 2]]).failed
