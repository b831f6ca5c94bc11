"""What hypothesis draws: windows, images, arrays laid out in every way, and layers with inputs that fit them."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from numpycnn.common.typing import Array, Shape
from numpycnn.functional.window import Window
from numpycnn.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GaussianDropout,
    GaussianNoise,
    GroupNormalization,
    Layer,
    LayerNormalization,
    MaxPooling2D,
    Normalization,
    RandomContrast,
    RandomCrop,
    RandomErasing,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
    RandomZoom,
    Rescaling,
    SpatialDropout2D,
)
from numpycnn.reference import Axis

LAYOUTS = ("contiguous", "fortran", "transposed", "negative", "spread", "read-only")
ACTIVATIONS = ("linear", "relu", "sigmoid", "softmax", "tanh")


def laid_out(x: Array, layout: str) -> Array:
    """The same values in another layout of memory."""
    if layout == "fortran":
        return np.asfortranarray(x)
    if layout == "transposed":
        return np.ascontiguousarray(np.moveaxis(x, -1, 0)).transpose(*range(1, x.ndim), 0)
    if layout == "negative":
        return np.ascontiguousarray(x[:, ::-1, ::-1])[:, ::-1, ::-1] if x.ndim > 2 else x[::-1].copy()[::-1]
    if layout == "spread":
        wide = np.zeros(tuple(2 * size for size in x.shape), x.dtype)
        every_second = wide[tuple(slice(1, None, 2) for _ in x.shape)]
        every_second[...] = x
        return every_second
    if layout == "read-only":
        x = x.copy()
        x.flags.writeable = False
    return x


def integers(rng: np.random.Generator, shape: Shape, dtype: Any, bound: int = 8) -> Array:
    """Whole numbers from -bound to bound: their products and sums are exact, and ties among them are common."""
    return rng.integers(-bound, bound + 1, shape).astype(dtype)


def distinct(rng: np.random.Generator, shape: Shape) -> Array:
    """float64 values between -1 and 1, no two close to one another or to zero: no ties, no kinks."""
    size = int(np.prod(shape))
    return ((2 * rng.permutation(size) + 1 + rng.uniform(-0.3, 0.3, size)) / max(size, 1) - 1.0).reshape(shape)


@st.composite
def axes(draw: st.DrawFn, padding: str, *, dilated: bool) -> Axis:
    """One axis of an image and a window that fits it; strides and dilations both below and above the window."""
    kernel, stride = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    dilation = draw(st.integers(1, 3)) if dilated else 1
    smallest = kernel + (kernel - 1) * (dilation - 1) if padding == "valid" else 1
    return Axis(draw(st.integers(smallest, smallest + 5)), kernel, stride, dilation, padding)


@st.composite
def geometries(draw: st.DrawFn, *, dilated: bool) -> tuple[Axis, Axis]:
    """Both axes, drawn apart, of the same padding."""
    padding = draw(st.sampled_from(("valid", "same")))
    return draw(axes(padding, dilated=dilated)), draw(axes(padding, dilated=dilated))


def window(rows: Axis, cols: Axis) -> Window:
    """The library's window for the two axes."""
    return Window((rows.kernel, cols.kernel), (rows.stride, cols.stride), rows.padding, (rows.dilation, cols.dilation))


def image_shape(rows: Axis, cols: Axis, channels: int, data_format: str) -> Shape:
    return (channels, rows.size, cols.size) if data_format == "channels_first" else (rows.size, cols.size, channels)


data_formats = st.sampled_from(("channels_last", "channels_first"))
activations = st.sampled_from(ACTIVATIONS)
any_shape = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)
image_shapes = st.tuples(*[st.integers(1, 5)] * 3)
rates = st.sampled_from((0.0, 0.2, 0.5, 0.9, 1.0))
layer_seeds = st.sampled_from((None, 0, 7))


@st.composite
def conv2d_layers(draw: st.DrawFn) -> Layer:
    rows, cols = draw(geometries(dilated=True))
    data_format = draw(data_formats)
    return Conv2D(
        draw(st.integers(1, 3)),
        (rows.kernel, cols.kernel),
        strides=(rows.stride, cols.stride),
        padding=rows.padding,
        data_format=data_format,
        dilation_rate=(rows.dilation, cols.dilation),
        activation=draw(activations),
        use_bias=draw(st.booleans()),
        bias_initializer="random_normal",
        input_shape=image_shape(rows, cols, draw(st.integers(1, 3)), data_format),
    )


@st.composite
def max_pooling2d_layers(draw: st.DrawFn) -> Layer:
    rows, cols = draw(geometries(dilated=False))
    data_format = draw(data_formats)
    return MaxPooling2D(
        (rows.kernel, cols.kernel),
        strides=(rows.stride, cols.stride),
        padding=rows.padding,
        data_format=data_format,
        input_shape=image_shape(rows, cols, draw(st.integers(1, 3)), data_format),
    )


@st.composite
def dense_layers(draw: st.DrawFn) -> Layer:
    return Dense(
        draw(st.integers(1, 4)),
        activation=draw(activations),
        use_bias=draw(st.booleans()),
        bias_initializer="random_normal",
        input_shape=draw(any_shape),
    )


@st.composite
def batch_normalization_layers(draw: st.DrawFn) -> Layer:
    shape = draw(any_shape)
    axis = draw(st.integers(1, len(shape)))
    return BatchNormalization(
        draw(st.sampled_from((axis, axis - len(shape) - 1))),
        center=draw(st.booleans()),
        scale=draw(st.booleans()),
        beta_initializer="random_normal",
        gamma_initializer="random_normal",
        moving_mean_initializer="random_normal",
        input_shape=shape,
    )


@st.composite
def dropout_layers(draw: st.DrawFn) -> Layer:
    shape = draw(any_shape)
    noise_shape = [draw(st.sampled_from(sizes)) for sizes in ((None, 1), *((None, 1, size) for size in shape))]
    return Dropout(draw(rates), draw(st.sampled_from((None, noise_shape))), draw(layer_seeds), input_shape=shape)


@st.composite
def layer_normalization_layers(draw: st.DrawFn) -> Layer:
    shape = draw(any_shape)
    axes = draw(st.lists(st.integers(1, len(shape)), min_size=1, unique=True))
    listed = [axis - draw(st.sampled_from((0, len(shape) + 1))) for axis in axes]
    return LayerNormalization(
        listed[0] if len(listed) == 1 and draw(st.booleans()) else listed,
        center=draw(st.booleans()),
        scale=draw(st.booleans()),
        beta_initializer="random_normal",
        gamma_initializer="random_normal",
        rms_scaling=draw(st.sampled_from((False, False, True))),
        input_shape=shape,
    )


@st.composite
def group_normalization_layers(draw: st.DrawFn) -> Layer:
    shape = draw(any_shape)
    axis = draw(st.integers(1, len(shape)))
    channels = shape[axis - 1]
    return GroupNormalization(
        draw(st.sampled_from([-1, *(groups for groups in range(1, channels + 1) if channels % groups == 0)])),
        draw(st.sampled_from((axis, axis - len(shape) - 1))),
        center=draw(st.booleans()),
        scale=draw(st.booleans()),
        beta_initializer="random_normal",
        gamma_initializer="random_normal",
        input_shape=shape,
    )


def repeating(draw: st.DrawFn, shape: Shape) -> Shape:
    """A shape that repeats to the given one."""
    return tuple(draw(st.sampled_from((1, size))) for size in shape[draw(st.integers(0, len(shape))) :])


@st.composite
def rescaling_layers(draw: st.DrawFn) -> Layer:
    shape, rng = draw(any_shape), np.random.default_rng(draw(st.integers(0, 99)))
    scale, offset = (rng.uniform(0.5, 2.0, repeating(draw, shape)).tolist() for _ in range(2))
    return Rescaling(scale, offset, input_shape=shape)


@st.composite
def normalization_layers(draw: st.DrawFn) -> Layer:
    """Those that are given their statistics; others have to be adapted first."""
    shape, rng = draw(any_shape), np.random.default_rng(draw(st.integers(0, 99)))
    axes = draw(st.lists(st.integers(1, len(shape)), unique=True))
    given = repeating(draw, tuple(shape[axis - 1] for axis in sorted(axes)))
    mean, variance = (rng.uniform(0.5, 2.0, given).tolist() for _ in range(2))
    listed = [axis - draw(st.sampled_from((0, len(shape) + 1))) for axis in axes] or None
    return Normalization(listed, mean, variance, draw(st.booleans()), input_shape=shape)


@st.composite
def warp_layers(draw: st.DrawFn, cls: Any, factors: tuple[str, ...]) -> Layer:
    """Translations, rotations or zooms."""
    factor = st.sampled_from((0.0, 0.3, 1.0, [-0.4, 0.2], [0.1, 0.5]))
    return cls(
        **{name: draw(factor) for name in factors},
        fill_mode=draw(st.sampled_from(("constant", "nearest", "reflect", "wrap"))),
        interpolation=draw(st.sampled_from(("nearest", "bilinear"))),
        seed=draw(layer_seeds),
        fill_value=draw(st.sampled_from((0.0, 0.5))),
        data_format=draw(data_formats),
        input_shape=draw(image_shapes),
    )


@st.composite
def random_contrast_layers(draw: st.DrawFn) -> Layer:
    factor: Any = draw(st.sampled_from((0.0, 0.5, [0.2, 1.0])))
    value_range: Any = draw(st.sampled_from(([-0.4, 0.5], [-2, 2])))
    return RandomContrast(factor, value_range, draw(layer_seeds), draw(data_formats), input_shape=draw(image_shapes))


@st.composite
def random_erasing_layers(draw: st.DrawFn) -> Layer:
    factor: Any = draw(st.sampled_from((0.0, 1.0, [1.0, 1.0])))
    scale: Any = draw(st.sampled_from((0.5, [0.02, 0.33])))
    return RandomErasing(
        factor=factor,
        scale=scale,
        fill_value=draw(st.sampled_from((None, 0.5))),
        value_range=[-1, 1],
        seed=draw(layer_seeds),
        data_format=draw(data_formats),
        input_shape=draw(image_shapes),
    )


LAYERS: dict[str, st.SearchStrategy[Layer]] = {
    "Activation": st.builds(lambda a, shape: Activation(a, input_shape=shape), activations, any_shape),
    "BatchNormalization": batch_normalization_layers(),
    "Conv2D": conv2d_layers(),
    "Dense": dense_layers(),
    "Dropout": dropout_layers(),
    "Flatten": st.builds(lambda fmt, shape: Flatten(fmt, input_shape=shape), data_formats, any_shape),
    "GaussianDropout": st.builds(
        lambda rate, seed, shape: GaussianDropout(rate, seed, input_shape=shape),
        st.sampled_from((0.0, 0.2, 0.9)),
        layer_seeds,
        any_shape,
    ),
    "GaussianNoise": st.builds(
        lambda stddev, seed, shape: GaussianNoise(stddev, seed, input_shape=shape),
        st.sampled_from((0.0, 0.2, 1.0)),
        layer_seeds,
        any_shape,
    ),
    "GroupNormalization": group_normalization_layers(),
    "LayerNormalization": layer_normalization_layers(),
    "MaxPooling2D": max_pooling2d_layers(),
    "Normalization": normalization_layers(),
    "RandomContrast": random_contrast_layers(),
    "RandomCrop": st.builds(
        lambda height, width, seed, fmt, shape: RandomCrop(height, width, seed, fmt, input_shape=shape),
        st.integers(1, 5),
        st.integers(1, 5),
        layer_seeds,
        data_formats,
        image_shapes,
    ),
    "RandomErasing": random_erasing_layers(),
    "RandomFlip": st.builds(
        lambda mode, seed, fmt, shape: RandomFlip(mode, seed, fmt, input_shape=shape),
        st.sampled_from(("horizontal", "vertical", "horizontal_and_vertical")),
        layer_seeds,
        data_formats,
        image_shapes,
    ),
    "RandomRotation": warp_layers(RandomRotation, ("factor",)),
    "RandomTranslation": warp_layers(RandomTranslation, ("height_factor", "width_factor")),
    "RandomZoom": warp_layers(RandomZoom, ("height_factor", "width_factor")),
    "Rescaling": rescaling_layers(),
    "SpatialDropout2D": st.builds(
        lambda rate, fmt, seed, shape: SpatialDropout2D(rate, fmt, seed, input_shape=shape),
        rates,
        data_formats,
        layer_seeds,
        image_shapes,
    ),
}
"""For each class of layer, layers not yet built, whose input_shape says what they take."""


def built(layer: Layer, seed: int, dtype: Any) -> Layer:
    """The layer, with its parameters made for its own input_shape."""
    assert layer.input_shape is not None
    layer.build(layer.input_shape, np.random.default_rng(seed), dtype)
    return layer
