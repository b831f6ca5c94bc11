"""Residual and Branches: against the same sums and concatenations written out, and in models from end to end."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import integers
from hypothesis import given, settings
from hypothesis import strategies as st
from numeric import same_bits

from numpycnn import Sequential, reference
from numpycnn.common.typing import Array
from numpycnn.gradcheck import gradcheck
from numpycnn.layers import (
    Activation,
    BatchNormalization,
    Branches,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPooling2D,
    Permute,
    Residual,
)
from numpycnn.models import load_model

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(60, 6, 6, 2))
LABELS = RNG.integers(0, 3, 60)


def built(layer: Layer, shape: tuple[int, ...]) -> Layer:
    layer.build(shape, np.random.default_rng(1), "float64")
    return layer


def network(*, fast: bool = True, seed: int = 0) -> Sequential:
    """A residual block with and one without a shortcut, a dense block, an inception block: with all that layers do."""
    model = Sequential(
        [
            Conv2D(4, 3, padding="same", input_shape=(6, 6, 2)),
            Residual(
                [
                    Conv2D(4, 3, padding="same", use_bias=False),
                    BatchNormalization(),
                    Activation("relu"),
                    Conv2D(4, 3, padding="same"),
                ]
            ),
            Activation("relu"),
            Residual(
                [Conv2D(6, 3, strides=2, padding="same", activation="relu"), Dropout(0.2)],
                [Conv2D(6, 1, strides=2, use_bias=False), BatchNormalization()],
            ),
            Branches([[], [BatchNormalization(), Activation("relu"), Conv2D(2, 3, padding="same")]]),
            Branches(
                [
                    Conv2D(3, 1, activation="relu"),
                    [Conv2D(2, 1), Residual(Conv2D(2, 3, padding="same", activation="relu"))],
                    Sequential([MaxPooling2D(3, strides=1, padding="same"), Conv2D(2, 1)], name="pool"),
                ]
            ),
            Flatten(),
            Dense(3, activation="softmax"),
        ],
        seed=seed,
        fast=fast,
        dtype="float64",
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


# ---------------------------------------------------------------- the definitions


def test_a_residual_adds_its_input() -> None:
    block = built(Residual([Dense(5, activation="tanh"), Dense(3)]), (3,))
    x, dy = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3))
    y, cache = block.forward(x)
    w1, b1, w2, b2 = (
        block.params[f"main/{key}"] for key in ("dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias")
    )
    hidden = np.tanh(x @ w1 + b1)
    np.testing.assert_allclose(y, hidden @ w2 + b2 + x, rtol=1e-14)
    dx, gradients = block.backward(dy, cache)
    dhidden = (dy @ w2.T) * (1 - hidden**2)
    np.testing.assert_allclose(dx, dy + dhidden @ w1.T, rtol=1e-13)
    np.testing.assert_allclose(gradients["main/dense/kernel"], x.T @ dhidden, rtol=1e-13)


def test_a_shortcut_has_its_own_weights() -> None:
    block = built(Residual(Dense(4, use_bias=False), Dense(4, use_bias=False)), (3,))
    x, dy = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 4))
    main, shortcut = block.params["main/dense/kernel"], block.params["shortcut/dense/kernel"]
    y, cache = block.forward(x)
    np.testing.assert_allclose(y, x @ main + x @ shortcut, rtol=1e-13)
    dx, gradients = block.backward(dy, cache)
    np.testing.assert_allclose(dx, dy @ main.T + dy @ shortcut.T, rtol=1e-13)
    assert gradients.keys() == {"main/dense/kernel", "shortcut/dense/kernel"}


@pytest.mark.parametrize("axis", [-1, 3])
def test_branches_are_concatenated_in_their_order(axis: int) -> None:
    block = built(Branches([[], Conv2D(3, 1, use_bias=False), []], axis=axis), (2, 2, 2))
    x, dy = RNG.normal(size=(4, 2, 2, 2)), RNG.normal(size=(4, 2, 2, 7))
    kernel = block.params["branch_1/conv2d/kernel"][0, 0]
    y, cache = block.forward(x)
    np.testing.assert_allclose(y, np.concatenate([x, x @ kernel, x], axis=-1), rtol=1e-13)
    dx, _ = block.backward(dy, cache)
    np.testing.assert_allclose(dx, dy[..., :2] + dy[..., 2:5] @ kernel.T + dy[..., 5:], rtol=1e-13)


def test_channels_first_are_concatenated_along_axis_1() -> None:
    last = built(Branches([[], Conv2D(3, 3, padding="same", data_format="channels_last")]), (5, 4, 2))
    first = built(Branches([[], Conv2D(3, 3, padding="same", data_format="channels_first")], axis=1), (2, 5, 4))
    first.set_weights(last.get_weights())
    x = RNG.normal(size=(3, 5, 4, 2))
    np.testing.assert_allclose(np.moveaxis(first(np.moveaxis(x, -1, 1)), 1, -1), last(x), rtol=1e-13)
    assert first.shape_out == (5, 5, 4)


def test_branches_of_one_shape_can_be_added() -> None:
    block = built(Branches([[], [Dense(3)], [Dense(3)]], merge="add"), (3,))
    x = RNG.normal(size=(2, 3))
    parts = [x @ block.params[f"branch_{k}/dense/kernel"] for k in (1, 2)]
    np.testing.assert_allclose(block(x), x + parts[0] + parts[1], rtol=1e-13)


@settings(max_examples=settings().max_examples // 3)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2))
def test_blocks_equal_their_definitions(seed: int, filters: int, others: int, axis: int) -> None:
    """Of whole numbers, bit for bit: branches that differ in length along the axis, and the same ones added."""
    rng = np.random.default_rng(seed)
    x = integers(rng, (2, 3, 4), np.float64, 4)
    for sizes, merge in (((filters, others), "concatenate"), ((filters, filters), "add")):
        branches = [[Permute((2, 1)), Dense(size), Permute((2, 1))] if axis == 1 else [Dense(size)] for size in sizes]
        block: Any = built(Branches([[], *branches] if merge == "concatenate" else branches, merge, axis), (3, 4))
        block.set_weights([integers(rng, w.shape, w.dtype, 4) for w in block.get_weights()])
        chains = block.layers
        ys = [chain.forward(x)[0] for chain in chains]
        y, cache = block.forward(x)
        dy = integers(rng, y.shape, y.dtype, 4)
        same_bits(y, reference.add(ys) if merge == "add" else reference.concatenate(ys, axis))
        dys = reference.add_backward(dy, ys) if merge == "add" else reference.concatenate_backward(dy, ys, axis)
        dxs = [chain.backward(own, chain.forward(x)[1])[0] for chain, own in zip(chains, dys, strict=True)]
        same_bits(block.backward(dy, cache)[0], reference.add(dxs))


def test_a_residual_equals_its_definition() -> None:
    rng = np.random.default_rng(0)
    block: Any = built(Residual([Dense(4), Dense(3)], Dense(3)), (2, 3))
    block.set_weights([integers(rng, w.shape, w.dtype, 4) for w in block.get_weights()])
    x, dy = (integers(rng, (2, 2, 3), np.float64, 4) for _ in range(2))
    (y, cache), passes = block.forward(x), [chain.forward(x) for chain in block.layers]
    same_bits(y, reference.add([own for own, _ in passes]))
    dys = reference.add_backward(dy, [own for own, _ in passes])
    dxs = [chain.backward(own, kept)[0] for chain, own, (_, kept) in zip(block.layers, dys, passes, strict=True)]
    same_bits(block.backward(dy, cache)[0], reference.add(dxs))


def test_branches_draw_numbers_of_their_own() -> None:
    block = built(Branches([Dropout(0.5), Dropout(0.5)]), (50,))
    y, _ = block.forward(np.ones((3, 50)), training=True, rng=np.random.default_rng(0))
    assert (y[:, :50] != y[:, 50:]).any()


def test_what_is_built_before_keeps_its_weights_in_a_block() -> None:
    main = Sequential([Dense(3, input_shape=(3,))], seed=5)
    before = main.get_weights()
    block = built(Residual(main), (3,))
    for own, was in zip(block.get_weights(), before, strict=True):
        np.testing.assert_array_equal(own, was)


# ---------------------------------------------------------------- in models


@pytest.mark.deep
def test_the_gradients_of_a_whole_network_are_right() -> None:
    report = gradcheck(network(), IMAGES[:2], LABELS[:2], samples=2)
    assert report.passed, str(report)


def test_what_is_inside_goes_by_its_path() -> None:
    model = network()
    assert {name.rsplit("/", 1)[0] for name in model.state} == {
        "residual/main/batch_normalization",
        "residual_1/shortcut/batch_normalization",
        "branches/branch_1/batch_normalization",
    }
    assert "branches_1/branch_1/residual/main/conv2d/kernel" in model.params
    assert "branches_1/pool/conv2d/bias" in model.params
    trace = model.trace(IMAGES[:2], LABELS[:2])
    paths = [str(path) for path, _ in model.leaves()]
    assert list(trace.layers) == paths
    np.testing.assert_array_equal(trace["residual_1/main/conv2d"].input, trace["residual_1/shortcut/conv2d"].input)


def test_the_fast_path_gives_what_the_plain_one_gives() -> None:
    models = [network(fast=fast) for fast in (True, False)]
    losses = [model.fit(IMAGES, LABELS, batch_size=20, epochs=2, verbose=0).history["loss"] for model in models]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-9)
    np.testing.assert_allclose(models[0].predict(IMAGES), models[1].predict(IMAGES), rtol=1e-6)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_any_number_of_workers_gives_the_same_bytes(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numpycnn.engine.training.min_examples", lambda network: 4)
    monkeypatch.setattr("numpycnn.engine.training.MAX_MICRO_BATCH", 7)
    models = [network(), network()]
    models[0].fit(IMAGES, LABELS, batch_size=30, epochs=2, verbose=0, workers=1)
    models[1].fit(IMAGES, LABELS, batch_size=30, epochs=2, verbose=0, workers=workers)
    assert [a.tobytes() for a in models[0].get_weights()] == [a.tobytes() for a in models[1].get_weights()]


def test_a_model_comes_back_from_its_file_and_trains_on(tmp_path: Path) -> None:
    model = network()
    model.fit(IMAGES, LABELS, batch_size=20, verbose=0)
    model.save(tmp_path / "model.safetensors")
    twin = load_model(tmp_path / "model.safetensors")
    assert repr(twin) == repr(model)
    for one in (model, twin):
        one.fit(IMAGES, LABELS, batch_size=20, epochs=2, initial_epoch=1, verbose=0)
    np.testing.assert_array_equal(twin.predict(IMAGES), model.predict(IMAGES))


def test_a_configuration_keeps_what_is_frozen() -> None:
    block = Residual([Dense(3), Dense(3, trainable=False)], name="block")
    twin = Residual.from_config(block.get_config())
    assert [layer.trainable for _, layer in twin.leaves()] == [True, False]
    assert not Residual([Dense(3)], trainable=False).trainable
    assert twin.get_config() == block.get_config()


def test_a_frozen_block_does_not_change() -> None:
    model = network()
    model.layers[1].trainable = False
    before = {key: a.copy() for key, a in model.layers[1].arrays.items()}
    model.fit(IMAGES, LABELS, batch_size=20, verbose=0)
    for key, array in model.layers[1].arrays.items():
        np.testing.assert_array_equal(array, before[key], err_msg=key)


def test_the_input_shape_is_that_of_a_layer_inside() -> None:
    model = Sequential([Residual([Dense(3, input_shape=(3,)), Dense(3)]), Dense(1)])
    assert model.built
    assert Branches([[], Dense(2, input_shape=(4,))]).shape_in == (4,)


# ---------------------------------------------------------------- what does not fit


WRONG: Any = 3


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: Residual(WRONG), TypeError, "main: layers must be a list; received 3"),
        (lambda: Residual([WRONG]), TypeError, "main: expected a layer; received 3"),
        (lambda: Residual([], shortcut=WRONG), TypeError, "shortcut: layers must be a list; received 3"),
        (lambda: Branches([]), ValueError, "Branches: branches must not be empty"),
        (lambda: Branches([[]], merge="mul"), ValueError, "Branches: merge must be .*concatenate.*add"),
        (lambda: Branches([[]], axis=0), ValueError, "branches: axis must not be the batch's; received 0"),
        (
            lambda: Residual(Dense(4)).build((3,)),
            ValueError,
            r"residual: expected equal shapes to add; received \(4,\) from main, \(3,\) from shortcut",
        ),
        (
            lambda: Branches([Conv2D(2, 3), []]).build((5, 5, 1)),
            ValueError,
            r"branches: expected shapes that differ in axis -1 alone; received \(3, 3, 2\) from branch, \(5, 5, 1\) from",
        ),
        (lambda: Branches([[], []], axis=2).build((3,)), ValueError, r"branches: .* no axis 2 besides the batch's"),
        (lambda: Residual.from_config({"name": "r", "layers": []}), ValueError, "expected 2 layers; received 0"),
    ],
)
def test_what_does_not_fit_is_explained(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()


def test_no_layer_is_in_two_branches() -> None:
    shared = Dense(3)
    with pytest.raises(ValueError, match="dense is in the model already"):
        Branches([[shared], [shared]])


def test_data_of_another_dtype_keep_it() -> None:
    block = Residual([Dense(3)])
    block.build((3,), np.random.default_rng(0), "float32")
    x: Array = np.ones((2, 3), np.float32)
    y, cache = block.forward(x)
    dx, _ = block.backward(y, cache)
    assert y.dtype == dx.dtype == np.float32


def test_repr_shows_what_is_inside() -> None:
    block = Residual([Dense(3, name="a")], name="block")
    assert repr(block).startswith("Residual([Chain([Dense(name='a', ")
    assert repr(block).endswith("], name='block')")
