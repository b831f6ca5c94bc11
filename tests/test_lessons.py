"""The lessons of the explorer's stage: their numbers are whole, and those that nested loops and hand-written sums give."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_explore import array_of, data_for, facts_of, network_of

from numpycnn import Sequential
from numpycnn.common.typing import Array
from numpycnn.layers import Activation, Conv2D, Dense, Flatten, Residual
from numpycnn.show.explorer.lessons import lesson_facts
from numpycnn.show.explorer.updates import MAX_UPDATED

FACTS = {facts["title"]: facts for facts in lesson_facts()}
SMALL = next(iter(FACTS.values()))
CONVOLUTIONS = list(FACTS)[:2]


def named(facts: dict[str, Any], name: str) -> Array:
    return array_of(facts["tensors"], name)


def patches(x: Array, size: int) -> Array:
    """Every patch of size by size of an image (H, W, C), without padding: (OH, OW, size, size, C)."""
    rows, cols = x.shape[0] - size + 1, x.shape[1] - size + 1
    return np.array([[x[i : i + size, j : j + size] for j in range(cols)] for i in range(rows)])


@pytest.mark.parametrize("title", CONVOLUTIONS)
def test_a_lessons_convolution_is_the_sum_of_products(title: str) -> None:
    facts = FACTS[title]
    x, kernel, bias = (named(facts, name) for name in ("input", "conv2d/parameters/kernel", "conv2d/parameters/bias"))
    seen = patches(x, kernel.shape[0])
    z = np.einsum("ijuvc,uvcf->ijf", seen, kernel) + bias
    np.testing.assert_array_equal(named(facts, "conv2d/pre_activation"), z)
    dz = named(facts, "conv2d/pre_activation_gradient")
    np.testing.assert_array_equal(dz, np.where(z > 0, named(facts, "conv2d/output_gradient"), 0))
    np.testing.assert_array_equal(
        named(facts, "conv2d/parameter_gradients/kernel"), np.einsum("ijuvc,ijf->uvcf", seen, dz)
    )
    dx = np.zeros_like(x)
    for i, j in np.ndindex(*dz.shape[:2]):
        dx[i : i + kernel.shape[0], j : j + kernel.shape[1]] += kernel @ dz[i, j]
    np.testing.assert_array_equal(named(facts, "conv2d/input_gradient"), dx)


@pytest.mark.parametrize("title", FACTS)
def test_all_numbers_of_a_lesson_can_be_added_up_in_the_head(title: str) -> None:
    facts = FACTS[title]
    for name in facts["tensors"]:
        value = named(facts, name)
        if name not in ("losses", "targets"):
            assert np.all(np.abs(value) <= 20), name
        assert np.all(value * 4 == np.rint(value * 4)), name  # the update has halves and quarters


def test_the_small_lesson_to_the_end() -> None:
    """Literal figures, by hand."""
    assert named(SMALL, "conv2d/output")[:, :, 0].tolist() == [[4, 3, 2], [5, 0, 2], [1, 0, 3]]
    assert named(SMALL, "max_pooling2d/output")[:, :, 0].tolist() == [[5, 3], [5, 3]]
    assert named(SMALL, "losses").tolist() == [10]
    assert named(SMALL, "flatten/output_gradient").tolist() == [1, -2, 2, 1]
    assert named(SMALL, "max_pooling2d/input_gradient")[:, :, 0].tolist() == [[0, -2, 0], [3, 0, 0], [0, 0, 1]]
    assert named(SMALL, "conv2d/input_gradient")[2, 2, 0] == 6
    assert named(SMALL, "conv2d/parameter_gradients/kernel")[0, 1, 0, 0] == -3
    assert SMALL["optimizer"]["name"] == "SGD"
    assert named(SMALL, "conv2d/update/velocity before")[0, 1, 0, 0] == 2
    assert named(SMALL, "conv2d/update/velocity after")[0, 1, 0, 0] == 2 / 2 + 3 / 2
    assert named(SMALL, "conv2d/update/kernel")[0, 1, 0, 0] == 0 + 2.5


def test_the_lessons_of_other_layers_are_what_their_formulas_say() -> None:
    pool, depthwise, transposed, block, batch = list(FACTS.values())[2:]
    x, y = named(pool, "input")[:, :, 0], named(pool, "average_pooling2d/output")[:, :, 0]
    assert y.tolist() == [[x[:2, :2].mean(), x[:2, 2:].mean()], [x[2:, :2].mean(), x[2:, 2:].mean()]]
    np.testing.assert_array_equal(
        named(pool, "average_pooling2d/input_gradient")[:, :, 0],
        np.kron(named(pool, "average_pooling2d/output_gradient")[:, :, 0], np.full((2, 2), 1 / 4)),
    )

    kernel, bias = (named(depthwise, f"depthwise_conv2d/parameters/{key}") for key in ("kernel", "bias"))
    z = np.einsum("ijuvc,uvc->ijc", patches(named(depthwise, "input"), 2), kernel[..., 0]) + bias
    np.testing.assert_array_equal(named(depthwise, "depthwise_conv2d/output"), z)

    stamped, kernel = np.zeros((5, 5)), named(transposed, "conv2d_transpose/parameters/kernel")[:, :, 0, 0]
    for (i, j), pixel in np.ndenumerate(named(transposed, "input")[:, :, 0]):
        stamped[2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += pixel * kernel
    np.testing.assert_array_equal(named(transposed, "conv2d_transpose/output")[:, :, 0], stamped)

    x, main = named(block, "before/output"), named(block, "residual/main/conv2d/output")
    np.testing.assert_array_equal(named(block, "flatten/output"), (x + main).ravel())
    both = named(block, "flatten/input_gradient") + named(block, "residual/main/conv2d/input_gradient")
    np.testing.assert_array_equal(named(block, "before/output_gradient"), both)

    x, gamma, beta = named(batch, "input"), named(batch, "gamma"), named(batch, "beta")
    normalized = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1)
    np.testing.assert_array_equal(named(batch, "output"), gamma * normalized + beta)
    rest = (x - named(batch, "moving_mean")) / np.sqrt(named(batch, "moving_variance") + 1)
    np.testing.assert_array_equal(named(batch, "inference"), gamma * rest + beta)
    dy = named(batch, "output gradient")
    dx = gamma / np.sqrt(x.var(axis=0) + 1) * (dy - dy.mean(axis=0) - normalized * (dy * normalized).mean(axis=0))
    np.testing.assert_allclose(named(batch, "input gradient"), dx, rtol=1e-6)


def test_a_network_with_branches_has_its_structure_in_the_page(tmp_path: Path) -> None:
    before, same = Activation("linear", input_shape=(5, 5, 2)), Conv2D(2, 3, padding="same")
    network = Sequential([before, Residual([same]), Flatten(), Dense(3, activation="softmax")], seed=0)
    network.compile("sgd", "categorical_crossentropy")
    x, y = data_for(network)
    network.explore(tmp_path / "page.html", x, y)
    facts = facts_of((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert facts["structure"] == [0, {"branches": [[1], []], "layer": 2}, 3, 4]
    assert [layer["name"] for layer in facts["layers"]][:4] == [
        "activation",
        "residual/main/conv2d",
        "residual",
        "flatten",
    ]
    trace = network.trace(x[:1], y[:1])
    for name, near, other in [("input", "activation", "output"), ("output", "flatten", "input")]:
        for kind in (name, f"{name}_gradient"):  # of the block what its neighbours have
            value = getattr(trace[near], kind.replace(name, other))[0]
            np.testing.assert_array_equal(named(facts, f"residual/{kind}"), value)
    network.explore(tmp_path / "page.html", x)
    assert "residual/output_gradient" not in facts_of((tmp_path / "page.html").read_text(encoding="utf-8"))["tensors"]
    nested = Sequential([Sequential([Dense(3, input_shape=(4,))]), Dense(3)], seed=0)
    nested.explore(tmp_path / "page.html", np.ones((1, 4)))
    assert facts_of((tmp_path / "page.html").read_text(encoding="utf-8"))["structure"] == [[0], 1]


def test_a_container_of_ones_own_is_not_computed(tmp_path: Path) -> None:
    class Own(Residual):
        """It may merge as it likes."""

    network = Sequential([Own([Dense(4, input_shape=(4,))]), Dense(3)], seed=0)
    network.explore(tmp_path / "page.html", np.ones((2, 4)))
    facts = facts_of((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert facts["structure"] is None
    assert [layer["name"] for layer in facts["layers"]] == ["own/main/dense", "dense"]
    assert facts["examples"]["numbers"] == [0]


@pytest.mark.parametrize("optimizer", ["adam", "adadelta"])
def test_the_update_on_a_page_is_that_of_a_training_step(tmp_path: Path, optimizer: str) -> None:
    network = network_of("channels_first")
    network.compile(optimizer, "categorical_crossentropy")
    x, y = data_for(network)
    network.train_on_batch(x, y)
    network.explore(tmp_path / "page.html", x, y, example=2)
    facts = facts_of((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert network.optimizer is not None
    before = {slot: arrays["conv2d/kernel"].copy() for slot, arrays in network.optimizer.state.items()}
    network.train_on_batch(x[2:3], y[2:3])
    np.testing.assert_allclose(named(facts, "conv2d/update/kernel"), network.get_weights()[0], rtol=1e-6, atol=1e-7)
    for slot, value in before.items():
        np.testing.assert_array_equal(named(facts, f"conv2d/update/{slot} before"), value)
        after = network.optimizer.state[slot]["conv2d/kernel"]
        np.testing.assert_allclose(named(facts, f"conv2d/update/{slot} after"), after, rtol=1e-5, atol=1e-12)
    assert facts["optimizer"]["step"] == 2
    assert len(before) == 2


def test_without_targets_or_for_a_large_kernel_there_is_no_update(tmp_path: Path) -> None:
    network = network_of("channels_first")
    x, _y = data_for(network)
    network.explore(tmp_path / "page.html", x)
    assert facts_of((tmp_path / "page.html").read_text(encoding="utf-8"))["optimizer"] is None
    wide = Sequential(
        [Conv2D(MAX_UPDATED, 2, input_shape=(2, 2, 1)), Flatten(), Dense(3, activation="softmax")], seed=0
    )
    wide.compile("sgd", "categorical_crossentropy")
    wide.explore(tmp_path / "page.html", np.ones((1, 2, 2, 1)), np.eye(3)[[0]])
    facts = facts_of((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert not [name for name in facts["tensors"] if "/update/" in name]
