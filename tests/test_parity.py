"""numpycnn against Keras 3 and PyTorch: figures that they left on file, and fresh ones where they are installed."""

import importlib.util
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from depths import one_in
from faults import Fault, seeded
from parity import certain, golden, ours, tutorial
from parity.draw import ALL_ACTIVATIONS, Case, Spec, cases, without_nesting
from parity.figures import BOUNDS, Errors, Figures, error, errors, within, worst
from parity.golden import Record
from parity.others import AUGMENTATIONS, RANDOM
from parity.replay import compared

from numpycnn import functional, losses, optimizers
from numpycnn.activations import ACTIVATIONS
from numpycnn.common.typing import Array
from numpycnn.engine import training
from numpycnn.engine.fast.im2col import ConvBlock
from numpycnn.functional.window import Window
from numpycnn.layers import LAYERS, BatchNormalization, Flatten, GroupNormalization
from numpycnn.losses.base import per_example

ROOT = Path(__file__).parent.parent
RECORDS = list(golden.load())
OTHERS = list(golden.load(golden.OTHERS))
BOUND = BOUNDS["float64"]
PARTS = 3


def differences(records: Sequence[Record], part: int | None = None) -> Iterator[tuple[str, Errors]]:
    """How far the records are from ours: every other one on the fast path, and the others layer by layer.

    part: of the records, one of each PARTS; all, by default.
    """
    for number, record in list(enumerate(records))[part :: 1 if part is None else PARTS]:
        for name, found in compared(record, fast=number % 2 == 0):
            yield f"record {number} against {name}: {found}, {record.case.spec}", found


@pytest.mark.parametrize("part", one_in(PARTS, range(PARTS)))
def test_the_golden_figures(part: int) -> None:
    wrong = [what for what, found in differences(RECORDS, part) if not within(found, BOUND)]
    assert wrong == []


@pytest.mark.deep
def test_the_golden_figures_on_the_other_path() -> None:
    """Each record on the path that the test above leaves out."""
    shifted = [RECORDS[-1], *RECORDS[:-1]] if len(RECORDS) % 2 else [*RECORDS[1:], RECORDS[0]]
    wrong = [what for what, found in differences(shifted) if not within(found, BOUND)]
    assert wrong == []


@pytest.mark.parametrize("part", one_in(PARTS, range(PARTS)))
def test_the_golden_figures_of_the_other_layers(part: int) -> None:
    wrong = [what for what, found in differences(OTHERS, part) if not within(found, BOUND)]
    assert wrong == []


@pytest.mark.deep
def test_the_golden_figures_of_the_other_layers_on_the_other_path() -> None:
    wrong = [what for what, found in differences([RECORDS[0], *OTHERS]) if not within(found, BOUND)]
    assert wrong == []


def test_well_conditioned_batches_are_followed_to_rounding() -> None:
    """Ten steps through a batch normalization of many examples, where nothing multiplies what rounding began."""
    steady = [record for record in OTHERS if len(record.case.x) >= 16]
    found = worst([apart for record in steady for _, apart in compared(record, fast=True)])
    assert len(steady) == 2
    assert max(found) <= 1e-13


def test_the_other_golden_file_is_small_and_covers_every_part() -> None:
    """But for the layers that draw numbers, which live comparisons follow, and penalties."""
    assert golden.OTHERS.stat().st_size <= 250_000
    layers = {
        name for record in OTHERS for name, _ in [*record.case.spec.layers, *without_nesting(record.case.spec.layers)]
    }
    assert LAYERS.keys() - layers == {*RANDOM, *AUGMENTATIONS, "ActivityRegularization", "Chain"}
    assert {record.case.spec.loss[0] for record in OTHERS} == {loss.__name__ for loss in losses.LOSSES.values()}
    activations = {
        config.get("activation") for record in OTHERS for _, config in without_nesting(record.case.spec.layers)
    }
    assert set(ALL_ACTIVATIONS) - activations == {"sparsemax"}  # which Keras has wrong


@pytest.mark.parametrize(("case", "y", "dx"), certain.load())
def test_what_leaves_nothing_to_chance_gives_the_keras_figures(case: certain.Certain, y: Array, dx: Array) -> None:
    found = certain.ours(case)
    np.testing.assert_allclose(found[0], y, rtol=1e-12, atol=1e-13, strict=True)
    np.testing.assert_allclose(found[1], dx, rtol=1e-12, atol=1e-13, strict=True)


def test_every_layer_that_draws_numbers_has_figures_in_training_and_in_inference() -> None:
    """Dropout and AlphaDropout have theirs in test_noise.py; in inference Keras's RandomCrop gives back its input."""
    seen = {(case.name, case.training) for case in certain.CASES}
    assert {name for name, training in seen if training} >= {*RANDOM, *AUGMENTATIONS} - {"Dropout", "AlphaDropout"}
    assert {name for name, training in seen if not training} >= {
        *(set(RANDOM) - {"Dropout", "AlphaDropout"}),
        *(set(AUGMENTATIONS) - {"RandomCrop"}),
    }
    assert {name for name, _ in seen} >= ACTIVATIONS.keys() - {*ALL_ACTIVATIONS}
    assert [case for case, _, _ in certain.load()] == certain.CASES
    assert certain.PATH.stat().st_size <= 50_000


def test_the_golden_file_is_small_and_covers_every_part() -> None:
    assert golden.PATH.stat().st_size <= 1_000_000
    assert len(RECORDS) >= 200
    assert sum(record.keras is not None for record in RECORDS) >= 200
    for records in (RECORDS[0::2], RECORDS[1::2]):  # those of each path
        seen = Counter(feature for record in records for feature in set(features(record.case.spec)))
        assert len(seen) == 59
        assert min(seen.values()) >= 3, seen


def features(spec: Spec) -> Iterator[str]:
    """What a network puts to the test, in words."""
    if any(name == "Sequential" for name, _ in spec.layers):
        yield "nested"
    for name, config in without_nesting(spec.layers):
        yield f"{name} {config.get('activation')}"
        if name == "BatchNormalization":
            yield f"{name} of {'vectors' if len(spec.input_shape) == 1 else 'higher ranks'}"
            yield from (f"{name} {key}={config[key]}" for key in ("center", "scale", "epsilon", "momentum"))
        if "padding" in config:
            strided = " strided" * (name == "Conv2D" and max(config["strides"]) > 1)
            dilated = " dilated" * (max(config.get("dilation_rate", [1])) > 1)
            yield f"{name} {config['padding']}{strided}{dilated}"
            yield f"{name} {config['data_format']}"
        if name == "MaxPooling2D" and any(map(int.__gt__, config["pool_size"], config["strides"])):
            yield "overlapping pools"
    yield str(spec.loss)
    optimizer, config = spec.optimizer
    yield f"{optimizer} {config.get('centered')} {config.get('nesterov')} momentum={config.get('momentum', 0) > 0}"


FAULTS: dict[str, tuple[Fault, ...]] = {
    "same padding begins with the odd row": (
        Fault(Window.borders, "rows // 2, rows - rows // 2", "rows - rows // 2, rows // 2"),
    ),
    "dilation of columns ignored": (Fault(Window.taps, "v * dw", "v"),),
    "kernel flipped": (Fault(functional.conv2d, "cols @ kernel.reshape", "cols @ kernel[::-1].reshape"),),
    "kernel flipped in the backward": (
        Fault(functional.conv2d_backward_input, "kernel.reshape", "kernel[::-1].reshape"),
    ),
    "= for += in col2im": (Fault(functional.add_taps, "+= part", "= part"),),
    "pool padded with zeros": (Fault(functional.max_pool2d, "pad(x, window, bottom)", "pad(x, window)"),),
    "mean for sum in the bias": (Fault(functional.dense_backward, "dy.sum(axis=0)", "dy.mean(axis=0)"),),
    "softmax's backward without its sum": (
        Fault(functional.softmax_backward, "(dy - (dy * y).sum(axis=axis, keepdims=True))", "dy"),
    ),
    "tanh's backward without the square": (Fault(functional.tanh_backward, "(1 + e) ** 2", "(1 + e)"),),
    "sigmoid's backward off by a thousandth": (Fault(functional.sigmoid_backward, "return dy", "return 1.001 * dy"),),
    "Flatten ignores the data format": (
        Fault(Flatten.forward, "to_channels_last(x, self.data_format)", "x"),
        Fault(Flatten.backward, "from_channels_last(dy.reshape(cache), self.data_format)", "dy.reshape(cache)"),
    ),
    "variance divided by one less": (
        Fault(BatchNormalization.statistics, "moments.m2 / moments.size", "moments.m2 / (moments.size - 1)"),
    ),
    "epsilon outside of the root": (
        Fault(functional.inverse_std, "np.sqrt(variance + epsilon)", "(np.sqrt(variance) + epsilon)"),
    ),
    "the mean's derivative forgotten": (
        Fault(functional.batch_norm_backward_input, "dy - mean_dy - xhat * mean_dy_xhat", "dy - xhat * mean_dy_xhat"),
    ),
    "the variance's derivative forgotten": (
        Fault(functional.batch_norm_backward_input, "dy - mean_dy - xhat * mean_dy_xhat", "dy - mean_dy"),
    ),
    "momentum the wrong way round": (
        Fault(BatchNormalization.next_state, "self.momentum * self.state", "(1.0 - self.momentum) * self.state"),
    ),
    "the batch's statistics in inference": (
        Fault(BatchNormalization.forward_micro, "if training and self.trainable:", "if self.trainable:"),
    ),
    "squared error halved": (Fault(losses.MeanSquaredError.row_gradient, "2.0 /", "1.0 /"),),
    "probabilities not divided by their sum": (
        Fault(losses.CategoricalCrossentropy.row_values, "y_pred / row_sums(y_pred)", "y_pred"),
    ),
    "cross-entropy summed over the middle axes": (Fault(per_example, ".mean(axis=1)", ".sum(axis=1)"),),
    "loss not divided by the batch": (Fault(training.learn, " / job.divisor", ""),),
    "Nesterov without momentum": (Fault(optimizers.SGD.step, "self.momentum * v + change if", "v + change if"),),
    "RMSprop's epsilon outside the root": (
        Fault(optimizers.RMSprop.step, "np.sqrt(root, out=root)", "root = np.sqrt(d) + self.epsilon"),
    ),
    "RMSprop not centered": (Fault(optimizers.RMSprop.step, "a - m * m", "a"),),
    "Adam's epsilon inside the root": (
        Fault(
            optimizers.Adam.step,
            "np.sqrt(v, out=change)\n    change += self.epsilon",
            "np.sqrt(v + self.epsilon, out=change)",
        ),
    ),
    "Adam without the correction of its mean": (Fault(optimizers.Adam.step, " / (1.0 - self.beta_1**t)", ""),),
    "a block without its ReLU": (Fault(ConvBlock.pool_outputs, "relu=self.relu)", "relu=False)"),),
    "a block whose ReLU passes every gradient": (Fault(ConvBlock.gated, "if self.relu else", "if False else"),),
}


@pytest.mark.parametrize("name", one_in(3, FAULTS))
def test_the_golden_figures_see_faults(name: str) -> None:
    with seeded(*FAULTS[name]):
        assert any(not within(found, BOUND) for _, found in differences(RECORDS))


OTHER_FAULTS = {
    "the border counts in an average": Fault(
        functional.average_pool2d, "pixels_under(x.shape, window, x.real.dtype)", "window.count"
    ),
    "groups take every so many channels": Fault(
        GroupNormalization.split, "groups, channels // groups", "channels // groups, groups"
    ),
    "layer normalization's epsilon twice": Fault(
        functional.layer_normalization.normalize, ", epsilon)", ", 2 * epsilon)"
    ),
    "a scale that the gradient does not know": Fault(functional.rescale_backward, "dy * scale", "dy"),
    "a sum that is a mean": Fault(losses.Loss.divisor, "return 1 / rows", "return len(y)"),
    "smoothed over one class less": Fault(losses.CategoricalCrossentropy.smoothed, "/ classes", "/ (classes - 1)"),
    "a slope of 0": Fault(functional.rectifier, "y + negative_slope *", "y + 0.0 *"),
}


@pytest.mark.parametrize("name", OTHER_FAULTS)
def test_the_other_golden_figures_see_faults(name: str) -> None:
    with seeded(OTHER_FAULTS[name]):
        assert any(not within(found, BOUND) for _, found in differences(OTHERS))


def test_what_is_recorded_is_read_back_to_the_last_bit(tmp_path: Path) -> None:
    """Also where the two frameworks differ in sign, or by zero and minus zero."""
    case, torch, _ = next(record for record in RECORDS if record.torch.moving)
    keras = torch._replace(output=-torch.output, losses=0 * torch.losses, weights=[-0.0 * w for w in torch.weights])
    golden.save([Record(case, torch, keras), Record(case, keras, None)], {}, tmp_path / "golden.npz")
    both, alone = golden.load(tmp_path / "golden.npz")
    assert alone.keras is None
    assert both.keras is not None
    assert both.case.spec == alone.case.spec == case.spec
    for found, true in ((both.torch, torch), (both.keras, keras), (alone.torch, keras)):
        assert [a.tobytes() for a in flat(found)] == [a.tobytes() for a in flat(true)]
    for kept in (both.case, alone.case):
        assert [a.tolist() for a in (*kept.weights, kept.x, kept.y)] == [
            a.tolist() for a in (*case.weights, case.x, case.y)
        ]


def flat(figures: Figures) -> list[Array]:
    output, losses, gradients, moving, weights, inference = figures
    return [output, losses, *gradients, *moving, *weights, inference]


def test_errors_are_relative_to_the_largest_number() -> None:
    true = np.array([1.0, -4.0, 0.0])
    assert error(np.array([1.0, -4.0, 1.0]), true) == 0.25
    assert error(true, true[:2]) == np.inf
    assert error(np.array([np.nan]), np.array([1.0])) == np.inf
    assert error(np.zeros(2), np.zeros(2)) == 0.0
    ones = [np.ones(2)]
    base = Figures(np.ones(2), np.ones(2), ones, ones, ones, np.ones(2))
    other = base._replace(
        output=np.array([1.0, 1.5]),
        losses=np.array([1.0, 1.25]),
        moving=[np.array([1.75, 1.0])],
        weights=[np.array([1.0, 1.125])],
    )
    found = errors(other, base)
    assert found == Errors(output=0.5, loss=0.0, gradients=0.0, moving=0.75, training=0.25)
    assert errors(base._replace(inference=np.array([1.0, 2.0])), base).training == 1.0
    assert errors(base._replace(moving=[]), base._replace(moving=[])).moving == 0.0
    assert worst([found, Errors(0.0, 1.0, 0.0, 0.0, 0.0)]) == Errors(0.5, 1.0, 0.0, 0.75, 0.25)
    assert within(found, found)
    assert not within(worst([found, Errors(0.0, 1.0, 0.0, 0.0, 0.0)]), found)


def dense_case(weight: float, activation: str, loss: str = "MeanSquaredError") -> Case:
    """One score, `weight`, and another, 1."""
    spec = Spec((1,), [("Dense", {"units": 2, "activation": activation, "use_bias": False})], (loss, {}), ("SGD", {}))
    return Case(spec, [np.array([[weight, 1.0]])], np.ones((1, 1)), np.array([[0.0, 1.0]]))


def pool_case(second: float) -> Case:
    """A pool over four pixels, of which the largest are 1 and `second`."""
    layers = [("MaxPooling2D", {}), ("Dense", {"units": 2, "use_bias": True})]
    spec = Spec((2, 2, 1), layers, ("MeanSquaredError", {}), ("SGD", {}))
    x = np.array([0.0, 0.5, second, 1.0]).reshape(1, 2, 2, 1)
    return Case(spec, [np.ones((1, 2)), np.zeros(2)], x, np.zeros((1, 1, 1, 2)))


@pytest.mark.parametrize(
    ("case", "smooth"),
    [
        (dense_case(0.5, "relu"), True),
        (dense_case(1e-7, "relu"), False),
        (dense_case(1e-7, "tanh"), True),
        (pool_case(0.75), True),
        (pool_case(1 - 1e-7), False),
        (pool_case(1.0), False),
        (dense_case(-8.0, "softmax", "CategoricalCrossentropy"), True),
        (dense_case(-30.0, "softmax", "CategoricalCrossentropy"), False),
    ],
)
def test_cases_near_a_kink_are_left_out(case: Case, smooth: bool) -> None:
    assert ours.is_smooth(case, "float64") == smooth


@pytest.mark.parametrize(("optimizer", "kept"), [("SGD", True), ("Adam", False), ("Lion", False)])
def test_cases_whose_end_rounding_decides_are_left_out(optimizer: str, kept: bool) -> None:
    """A bias before a batch normalization: Adam and Lion would make steps of its rounding."""
    dense = "Dense", {"units": 2, "activation": "linear", "use_bias": True}
    norm = "BatchNormalization", {"momentum": 0.5, "center": True, "scale": True}
    spec = Spec((2,), [dense, norm], ("MeanSquaredError", {}), (optimizer, {}))
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(2, 2)), *rng.normal(size=(4, 2)), np.ones(2)]
    assert ours.is_smooth(Case(spec, weights, *rng.normal(size=(2, 3, 2))), "float64") == kept


def test_a_case_depends_on_its_seed_alone() -> None:
    first, again, other = (next(cases(seed)) for seed in ((1, 2), (1, 2), (1, 3)))
    assert first.spec == again.spec
    assert first.x.tolist() == again.x.tolist()
    assert first.spec != other.spec


def tutorial_differences(steps: int, *, fast: bool) -> list[float]:
    """How far the losses are from each framework's on file."""
    own = tutorial.losses(ours.Network(tutorial.case(scores=False), "float64", fast=fast), steps)
    return [tutorial.apart(own, true[:steps]) for true in tutorial.load().values()]


def test_the_first_losses_of_the_tutorial() -> None:
    assert max(tutorial_differences(2, fast=True)) <= tutorial.BOUND


@pytest.mark.deep
@pytest.mark.parametrize("fast", [True, False], ids=["fast", "layer by layer"])
def test_all_losses_of_the_tutorial(fast: bool) -> None:
    assert max(tutorial_differences(tutorial.STEPS, fast=fast)) <= tutorial.BOUND


@pytest.mark.parametrize("framework", ["keras", "torch"])
def test_fresh_networks(framework: str) -> None:
    """The command, in a process of its own: frameworks set up the process that they are imported in."""
    for package in {"keras": ["keras", "jax"], "torch": ["torch"]}[framework]:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed; pip install '.[parity]' brings it")
    command = [sys.executable, "tests/run_parity.py", "live", framework, "--networks", "4"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603
    assert "4 networks against" in printed


def test_single_layers() -> None:
    """The other command, likewise: each class once."""
    if importlib.util.find_spec("keras") is None:
        pytest.skip("keras is not installed; pip install '.[parity]' brings it")
    command = [sys.executable, "tests/run_parity.py", "layers", "--layers", "11"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603
    assert "11 layers against Keras" in printed


def test_single_optimizers() -> None:
    """Each class once."""
    if importlib.util.find_spec("keras") is None:
        pytest.skip("keras is not installed; pip install '.[parity]' brings it")
    command = [sys.executable, "tests/run_parity.py", "optimizers", "--optimizers", "9"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603
    assert "9 optimizers against Keras" in printed
