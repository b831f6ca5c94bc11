"""Data augmentation: warps and the rest against their definitions and Keras's figures, and what each layer draws."""

# mypy: disable-error-code="arg-type"

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import built
from hypothesis import given
from hypothesis import strategies as st
from numeric import same_bits

from numpycnn import Input, Sequential, reference
from numpycnn import functional as F
from numpycnn.common.typing import Array, Pair
from numpycnn.functional.warping import FILL_MODES, INTERPOLATIONS, View
from numpycnn.layers import (
    BatchNormalization,
    Dense,
    Dropout,
    Flatten,
    Layer,
    RandomContrast,
    RandomCrop,
    RandomErasing,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
    RandomZoom,
)
from numpycnn.layers.augmentation import Augmentation

seeds = st.integers(0, 2**32 - 1)
sizes = st.tuples(st.integers(1, 5), st.integers(1, 5))
fill_modes, interpolations = st.sampled_from(FILL_MODES), st.sampled_from(INTERPOLATIONS)
SHAPE = (6, 8, 3)
X, DY = np.random.default_rng(0).uniform(0.0, 1.0, (2, 20, *SHAPE))


def trained(layer: Layer, x: Array = X, seed: int = 0) -> tuple[Array, Any]:
    built(layer, 0, x.dtype)
    return layer.forward(x, training=True, rng=np.random.default_rng(seed))


# ---------------------------------------------------------------- the operations


@given(sizes, sizes, interpolations, fill_modes, st.booleans(), seeds)
def test_a_warp_equals_its_definition(
    image: Pair, output: Pair, interpolation: str, fill_mode: str, separable: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    matrices = rng.integers(-24, 25, (2, 2, 3)) / 8  # exact positions, halves among them
    if separable:
        matrices[:, (0, 1), (1, 0)] = 0.0
    x, dy = rng.normal(size=(2, *image, 2)), rng.normal(size=(2, *output, 2))
    fill = 0.5 if fill_mode == "constant" else 0.0
    view = View(matrices, image, output, interpolation, fill_mode)
    expected = reference.warp(x, matrices, output, interpolation, fill_mode, fill)
    np.testing.assert_allclose(F.warp(x, view, fill), expected, rtol=1e-12, atol=1e-12)
    dx = reference.warp_backward(dy, matrices, image, interpolation, fill_mode)
    np.testing.assert_allclose(F.warp_backward(dy, view), dx, rtol=1e-12, atol=1e-12)


@given(sizes, sizes, interpolations, fill_modes, seeds)
def test_the_backward_of_a_warp_is_its_adjoint(
    image: Pair, output: Pair, interpolation: str, fill_mode: str, seed: int
) -> None:
    """<warp(x), dy> = <x, backward(dy)>."""
    rng = np.random.default_rng(seed)
    view = View(rng.normal(size=(2, 2, 3)), image, output, interpolation, fill_mode)
    x, dy = rng.normal(size=(2, *image, 2)), rng.normal(size=(2, *output, 2))
    np.testing.assert_allclose(
        (F.warp(x, view) * dy).sum(), (x * F.warp_backward(dy, view)).sum(), rtol=1e-10, atol=1e-12
    )


KERAS = {
    ("bilinear", "constant"): [0.5, 0.5, 4.125, 4.75, 0.5625, 2.0, 4.8125, 6.0, 0.25, 2.0, 3.0, 2.25],
    ("bilinear", "nearest"): [1.75, 4.0, 7.75, 9.0, 0.75, 2.5, 4.8125, 6.0, 0.25, 2.0, 3.0, 2.25],
    ("bilinear", "reflect"): [2.375, 4.0, 7.75, 9.0, 0.75, 2.5, 4.8125, 6.0, 0.25, 2.0, 3.0, 2.25],
    ("bilinear", "wrap"): [3.125, 1.0, 4.0, 4.5, 4.125, 2.5, 4.8125, 6.0, 0.25, 2.0, 3.0, 2.25],
    ("nearest", "constant"): [0.5, 0.5, 0.5, 0.5, 0.5, 4.0, 4.0, 5.0, 0.0, 3.0, 3.0, 0.0],
    ("nearest", "nearest"): [1.0, 4.0, 9.0, 9.0, 1.0, 4.0, 4.0, 5.0, 0.0, 3.0, 3.0, 0.0],
    ("nearest", "reflect"): [3.0, 4.0, 9.0, 9.0, 1.0, 4.0, 4.0, 5.0, 0.0, 3.0, 3.0, 0.0],
    ("nearest", "wrap"): [3.0, 1.0, 0.0, 0.0, 4.0, 4.0, 4.0, 5.0, 0.0, 3.0, 3.0, 0.0],
}


@pytest.mark.parametrize("how", KERAS)
def test_a_warp_gives_the_keras_figures(how: tuple[str, str]) -> None:
    """keras.ops.image.affine_transform of Keras 3.15.1, by (0.75, -0.5, 1.25, 0.5, 0.75, -1.5, 0, 0)."""
    x = (np.arange(12.0) ** 2 % 11).reshape(1, 3, 4, 1)
    matrix = np.array([[[0.75, 0.5, -1.5], [-0.5, 0.75, 1.25]]])
    view = View(matrix, (3, 4), (3, 4), *how)
    assert F.warp(x, view, 0.5 if how[1] == "constant" else 0.0).ravel().tolist() == KERAS[how]


def test_matrices_give_the_keras_figures() -> None:
    """For images of 3 by 4 pixels; Keras has the column first: a0 = A[1, 1], a1 = A[1, 0], a2 = A[1, 2], ..."""
    size = np.ones(1)
    expected = [[0.8660254037844387, 0.5, -0.6160254037844386], [-0.5, 0.8660254037844387, 0.700961894323342]]
    np.testing.assert_allclose(F.rotation(np.pi / 6 * size, (3, 4))[0], expected, rtol=1e-14)
    assert F.zoom(0.5 * size, 1.25 * size, (3, 4)).tolist() == [[[0.5, 0.0, 0.5], [0.0, 1.25, -0.375]]]
    assert F.translation(0.5 * size, 1.25 * size).tolist() == [[[1.0, 0.0, -0.5], [0.0, 1.0, -1.25]]]


@given(seeds)
def test_what_moves_or_changes_pixels_equals_its_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, dy = rng.normal(size=(2, 3, 4, 5, 2))
    top, left = rng.integers(0, 3, 3), rng.integers(0, 3, 3)
    same_bits(F.crop_windows(x, top, left, (2, 3)), reference.crop_windows(x, top, left, (2, 3)))
    part = dy[:, :2, :3]
    same_bits(
        F.crop_windows_backward(part, top, left, x.shape), reference.crop_windows_backward(part, top, left, x.shape)
    )
    flipped = rng.random(3) < 0.5
    for axes in ((1,), (2,), (1, 2)):
        same_bits(F.flip(x, flipped, axes), reference.flip(x, flipped, 1 in axes, 2 in axes))
    factor = rng.uniform(0.0, 2.0, 3)
    y, within = F.contrast(x, factor, -1.0, 0.5)
    np.testing.assert_allclose(y, reference.contrast(x, factor, -1.0, 0.5), rtol=1e-12, atol=1e-13)
    dx = reference.contrast_backward(dy, x, factor, -1.0, 0.5)
    np.testing.assert_allclose(F.contrast_backward(dy, factor, within), dx, rtol=1e-12, atol=1e-13)
    (y0, x0), (height, width) = rng.integers(-2, 9, (2, 2, 3)) / 2  # whole pixels among them
    erased = F.erase(x, F.rectangles(y0, x0, height, width, (4, 5)), dy)
    same_bits(erased, reference.erase(x, y0, x0, height, width, dy))


def test_contrast_gives_the_keras_figures() -> None:
    """RandomContrast(value_range=(0, 8)) of Keras 3.15.1, by a factor of 1.5."""
    x = (np.arange(12.0) ** 2 % 11).reshape(1, 3, 4, 1)
    y, _ = F.contrast(x, np.array([1.5]), 0.0, 8.0)
    expected = [0.0, 0.0, 25 / 6, 8.0, 17 / 3, 8 / 3, 8 / 3, 17 / 3, 8.0, 25 / 6, 0.0, 0.0]
    np.testing.assert_allclose(y.ravel(), expected, rtol=1e-14)


# ---------------------------------------------------------------- the layers


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((2, 2), [1.3125, 3.1875, 6.9375, 2.0625]),
        ((5, 3), [1.0, 1.0, 1.0, 1.8, 1.8, 1.8, 3.0, 3.0, 3.0, 3.6, 3.6, 3.6, 4.0, 4.0, 4.0]),
    ],
)
def test_the_window_in_the_middle_gives_the_keras_figures(size: Pair, expected: list[float]) -> None:
    """keras.preprocessing.image.smart_resize of Keras 3.15.1."""
    x = (np.arange(12.0) ** 2 % 11).reshape(1, 3, 4, 1)
    layer = built(RandomCrop(*size, input_shape=(3, 4, 1)), 0, np.float64)
    np.testing.assert_allclose(layer.forward(x)[0].ravel(), expected, rtol=1e-14)
    if size == (5, 3):  # taller than the image: then in training too
        np.testing.assert_allclose(trained(layer, x)[0].ravel(), expected, rtol=1e-14)


def test_a_random_crop_is_a_window_of_each_image() -> None:
    layer = RandomCrop(4, 5, input_shape=SHAPE)
    y, cache = trained(layer)
    drawn = layer.inside(X, cache)
    assert set(drawn["top"]) == {0, 1, 2}
    assert set(drawn["left"]) == {0, 1, 2, 3}
    same_bits(y, reference.crop_windows(X, drawn["top"], drawn["left"], (4, 5)))


def test_factors_are_within_their_bounds() -> None:
    """Of each layer what it drew for 20 images, by the matrix's entries."""
    rng = np.random.default_rng(0)
    moved = RandomTranslation((0.25, 0.5), (-0.5, -0.25)).draw((200, 10, 20, 1), rng)["matrix"]
    assert -5.0 <= moved[:, 0, 2].min() < -4.9 < -2.6 < moved[:, 0, 2].max() <= -2.5
    assert 5.0 <= moved[:, 1, 2].min() < 5.2 < 9.8 < moved[:, 1, 2].max() <= 10.0
    turned = RandomRotation(0.125).draw((200, 9, 9, 1), rng)["matrix"]
    angles = np.arctan2(turned[:, 0, 1], turned[:, 0, 0])
    assert -np.pi / 4 <= angles.min() < -0.7 < 0.7 < angles.max() <= np.pi / 4
    zoomed = RandomZoom((-0.5, 0.0)).draw((200, 9, 9, 1), rng)["matrix"]
    assert 0.5 <= zoomed[:, 0, 0].min() < 0.52 < 0.98 < zoomed[:, 0, 0].max() <= 1.0
    assert (zoomed[:, 0, 0] == zoomed[:, 1, 1]).all()
    both = RandomZoom(0.5, 0.5).draw((200, 9, 9, 1), rng)["matrix"]
    assert (both[:, 0, 0] != both[:, 1, 1]).all()
    for factor, low, high in ((0.5, 1.0, 1.5), ((0.5, 0.25), 0.75, 1.5)):
        drawn = RandomContrast(factor).draw((500, 9, 9, 1), rng)["factor"]
        assert low <= drawn.min() < low + 0.02 < high - 0.02 < drawn.max() <= high


@pytest.mark.parametrize(
    ("mode", "axes"), [("horizontal", (2,)), ("vertical", (1,)), ("horizontal_and_vertical", (1, 2))]
)
def test_about_half_of_the_images_are_flipped(mode: str, axes: tuple[int, ...]) -> None:
    y, _ = trained(RandomFlip(mode, input_shape=SHAPE))
    flipped = (y == np.flip(X, axes)).all(axis=(1, 2, 3))
    assert 5 <= flipped.sum() <= 15
    assert (y[~flipped] == X[~flipped]).all()


def test_erased_is_a_rectangle_of_the_drawn_size() -> None:
    """About half of the images, as the probability is itself drawn from 0 to 1."""
    x = np.ones((400, 20, 30, 2))
    y, cache = trained(
        RandomErasing(scale=(0.25, 0.25), fill_value=7.0, value_range=(0, 5), input_shape=(20, 30, 2)), x
    )
    erased = y == 5.0  # clipped
    assert (erased == cache[0]["erased"]).all()
    assert (y[~erased] == 1.0).all()
    touched = erased.any(axis=(1, 2, 3))
    assert 150 < touched.sum() < 250
    rows, cols = erased[touched].any(axis=(2, 3)).sum(axis=1), erased[touched].any(axis=(1, 3)).sum(axis=1)
    assert set(rows) == {10}
    assert set(cols) == {15}
    assert (erased[touched].sum(axis=(1, 2, 3)) == 2 * rows * cols).all()


def test_erased_is_filled_with_noise_or_a_color() -> None:
    erasing = RandomErasing((1.0, 1.0), (1.0, 1.0), value_range=(-2, 3), input_shape=(20, 30, 2))
    y, _ = trained(erasing, np.full((50, 20, 30, 2), 9.0))
    assert y.min() == -2.0
    assert y.max() == 3.0
    assert abs((y == 3.0).mean() - 0.15866) < 0.01  # beyond one standard deviation
    colored, _ = trained(
        RandomErasing((1.0, 1.0), (1.0, 1.0), [1, 2, 3], input_shape=(4, 5, 3)), np.zeros((2, 4, 5, 3))
    )
    assert (colored == [1.0, 2.0, 3.0]).all()


LAYERS: dict[str, Callable[..., Layer]] = {
    "RandomTranslation": lambda **own: RandomTranslation(0.3, 0.3, input_shape=SHAPE, **own),
    "RandomRotation": lambda **own: RandomRotation(0.3, input_shape=SHAPE, **own),
    "RandomZoom": lambda **own: RandomZoom(0.3, input_shape=SHAPE, **own),
    "RandomFlip": lambda **own: RandomFlip("vertical", input_shape=SHAPE, **own),
    "RandomCrop": lambda **own: RandomCrop(3, 4, input_shape=SHAPE, **own),
    "RandomContrast": lambda **own: RandomContrast(0.5, input_shape=SHAPE, **own),
    "RandomErasing": lambda **own: RandomErasing(input_shape=SHAPE, **own),
}


@pytest.mark.parametrize("name", LAYERS)
def test_each_image_is_changed_in_its_own_way_and_by_seed_and_generator(name: str) -> None:
    x = np.broadcast_to(X[:1], X.shape).copy()  # 20 times the same image
    outputs = [trained(LAYERS[name](seed=seed), x, rng)[0] for seed in (None, 0, 1) for rng in (0, 1)]
    assert len({y.tobytes() for y in outputs}) == 6
    assert len({image.tobytes() for image in outputs[0]}) >= 2
    assert trained(LAYERS[name](seed=1), x, 1)[0].tobytes() == outputs[-1].tobytes()


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_the_backward_of_a_layer_is_its_adjoint(name: str, data_format: str) -> None:
    """<y(a) - y(b), dy> = <a - b, dx>, for what is drawn the same; in RandomCrop's inference too."""
    layer = LAYERS[name](data_format=data_format)
    if name == "RandomContrast":
        layer = RandomContrast(0.5, (-9, 9), data_format=data_format, input_shape=SHAPE)  # nothing is clipped
    for forward in (trained, lambda layer, x: layer.forward(x)):
        (y, cache), (other, _) = forward(layer, X), forward(layer, DY)
        dy = np.random.default_rng(1).normal(size=y.shape)
        dx = layer.backward(dy, cache)[0]
        np.testing.assert_allclose(((y - other) * dy).sum(), ((X - DY) * dx).sum(), rtol=1e-10)


@pytest.mark.parametrize("name", sorted(LAYERS.keys() - {"RandomCrop"}))
def test_in_inference_nothing_happens(name: str) -> None:
    layer = built(LAYERS[name](), 0, np.float64)
    y, cache = layer.forward(X)
    assert y is X
    assert layer.backward(DY, cache)[0] is DY
    assert layer.inside(X, cache) == {}


@pytest.mark.parametrize("name", LAYERS)
def test_the_same_for_any_number_of_workers_and_on_both_paths(name: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(size=(150, *SHAPE)), rng.normal(size=(150, 2))

    def weights(workers: int, fast: bool) -> list[bytes]:
        model = Sequential([LAYERS[name](), Flatten(), Dense(2)], seed=0, fast=fast)
        model.compile("sgd", "mse")
        model.fit(x, y, batch_size=150, epochs=2, verbose=0, workers=workers)
        return [w.tobytes() for w in model.get_weights()]

    assert weights(1, True) == weights(2, True) == weights(1, False)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (
            lambda: RandomRotation(1.5),
            ValueError,
            "random_rotation: factor must be a finite number, at least -1 and at",
        ),
        (lambda: RandomRotation((0.1, 0.2, 0.3)), ValueError, "expected 2 factor; received 3"),
        (lambda: RandomRotation("a"), TypeError, "factor must be a finite number"),
        (lambda: RandomContrast(-0.5), ValueError, "factor must be a finite number, at least 0 and at most 1"),
        (lambda: RandomContrast(0.5, (1, 0)), ValueError, r"value_range must be \(low, high\); received \(1, 0\)"),
        (lambda: RandomContrast(0.5, 3), TypeError, "value_range must be a list; received 3"),
        (lambda: RandomTranslation(0.1, 0.1, "mirror"), ValueError, "fill_mode must be one of 'constant', 'nearest'"),
        (lambda: RandomTranslation(0.1, 0.1, interpolation="cubic"), ValueError, "interpolation must be one of"),
        (lambda: RandomFlip("diagonal"), ValueError, "random_flip: mode must be one of 'horizontal', 'vertical'"),
        (lambda: RandomCrop(0, 3), ValueError, "random_crop: height must be an integer of at least 1; received 0"),
        (lambda: RandomErasing(fill_value=[1.0, 2.0]), ValueError, "expected 3 fill_value; received 2"),
        (lambda: RandomErasing(fill_value=[1, 2, 3])(X[..., :1]), ValueError, "three numbers for 1 channels"),
        (lambda: RandomZoom(0.5)(X[0, 0]), ValueError, "random_zoom: expected images of shape"),
        (lambda: RandomCrop(2, 2)(X[0, 0]), ValueError, "random_crop: expected images of shape"),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    ("method", "arguments"),
    [("draw", [(1, 2, 2, 1), None]), ("transform", [X, {}]), ("transform_backward", [X, None])],
)
def test_what_a_subclass_lacks_is_said(method: str, arguments: list[Any]) -> None:
    with pytest.raises(NotImplementedError, match=f"does not define {method}"):
        getattr(Augmentation(None, None), method)(*arguments)


# ------------------------------------------------------------ a call, and a seed of its own


def test_a_called_layer_augments_unless_told_otherwise() -> None:
    x = np.random.default_rng(0).random((6, 5, 5, 2), np.float32)
    flip, twin = RandomFlip(seed=1), RandomFlip(seed=1)
    first, second = flip(x), flip(x)
    assert (first != x).any()
    assert (first != second).any()
    np.testing.assert_array_equal(twin(x), first)
    np.testing.assert_array_equal(twin(x, training=True), second)
    np.testing.assert_array_equal(flip(x, training=False), x)
    with pytest.raises(TypeError, match="random_flip: training must be True or False; received 2"):
        flip(x, training=2)


def test_without_a_seed_calls_follow_numpys_global_state() -> None:
    x = np.random.default_rng(0).random((6, 5, 5, 2), np.float32)
    np.random.seed(3)
    first = RandomFlip()(x)
    np.random.seed(3)
    np.testing.assert_array_equal(RandomFlip()(x), first)
    np.random.seed(4)
    assert (RandomFlip()(x) != first).any()


def test_a_called_pipeline_augments_and_a_network_does_not() -> None:
    x = np.random.default_rng(0).random((6, 5, 5, 2), np.float32)
    pipeline = Sequential([RandomFlip(seed=1), RandomContrast(0.5)])
    assert (pipeline(x) != x).any()
    np.testing.assert_array_equal(pipeline(x, training=False), x)
    np.testing.assert_array_equal(pipeline.predict(x, verbose=0), x)
    network = Sequential([RandomFlip(seed=1), Flatten(), Dense(2)], seed=0)
    np.testing.assert_array_equal(network(x), network.predict(x, verbose=0))


def test_other_layers_are_called_in_training_mode() -> None:
    x = np.random.default_rng(0).random((50, 5), np.float32)
    dropped = Dropout(0.5, seed=1)(x, training=True)
    assert 0.3 < np.mean(dropped == 0) < 0.7
    np.testing.assert_array_equal(Dropout(0.5)(x), x)
    normalization = BatchNormalization()
    np.testing.assert_allclose(normalization(x, training=True).mean(axis=0), 0, atol=1e-6)
    np.testing.assert_array_equal(normalization.state["moving_mean"], 0)


def test_a_layers_own_seed_takes_the_place_of_the_models() -> None:
    x = np.random.default_rng(0).random((6, 5, 5, 2), np.float32)

    def drawn(model_seed: int, layer_seed: int | None) -> list[bytes]:
        layers = [RandomRotation(0.2, seed=layer_seed), Dropout(0.5, seed=layer_seed)]
        model = Sequential([Input((5, 5, 2)), *layers, Flatten(), Dense(2)], seed=model_seed)
        trace = model.trace(x, training=True)
        return [trace[name].output.tobytes() for name in ("random_rotation", "dropout")]

    assert drawn(0, 3) == drawn(1, 3)
    for ours, theirs in zip(drawn(0, None), drawn(1, None), strict=True):
        assert ours != theirs
    assert drawn(0, 3)[0] != drawn(0, 4)[0]
