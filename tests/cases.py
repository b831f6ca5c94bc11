"""What hypothesis draws: windows, images, arrays laid out in every way, and layers with inputs that fit them."""

from typing import Any, NamedTuple

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from numpycnn import functional as F
from numpycnn.activations import ACTIVATIONS, ActivationFunction, celu, elu, gelu, glu, leaky_relu, relu, threshold
from numpycnn.common.typing import Array, Pair, Shape
from numpycnn.functional.window import Window
from numpycnn.layers import (
    ELU,
    Activation,
    ActivityRegularization,
    AlphaDropout,
    AveragePooling2D,
    BatchNormalization,
    Branches,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GaussianDropout,
    GaussianNoise,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GroupNormalization,
    Layer,
    LayerNormalization,
    LeakyReLU,
    MaxPooling2D,
    Normalization,
    Permute,
    PReLU,
    RandomContrast,
    RandomCrop,
    RandomErasing,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
    RandomZoom,
    ReLU,
    Rescaling,
    Reshape,
    Residual,
    SeparableConv2D,
    Softmax,
    SpatialDropout2D,
    UpSampling2D,
    ZeroPadding2D,
)
from numpycnn.layers.chain import Chain
from numpycnn.layers.pooling import GlobalPooling2D, Pooling2D
from numpycnn.reference import Axis

LAYOUTS = ("contiguous", "fortran", "transposed", "negative", "spread", "read-only")
PLAIN = ("linear", "relu", "sigmoid", "softmax", "tanh")
ANY = tuple(name for name in ACTIVATIONS if name not in ("glu", "threshold"))
"""The activations that take any shape, without settings."""


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


activations = st.one_of(st.sampled_from(PLAIN), st.sampled_from(ANY))


with_settings: st.SearchStrategy[ActivationFunction] = st.sampled_from(
    (
        relu.with_settings(negative_slope=0.25, max_value=0.5),
        relu.with_settings(negative_slope=0.5, threshold=0.25),
        leaky_relu.with_settings(negative_slope=0.0),
        elu.with_settings(alpha=0.5),
        celu.with_settings(alpha=2.0),
        gelu.with_settings(approximate=True),
        threshold.with_settings(0.1, -0.5),
    )
)


any_shape = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)


image_shapes = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5))


class ConvolutionArguments(NamedTuple):
    """What all convolutions take, and the channels of their images."""

    kernel_size: Pair
    options: dict[str, Any]
    channels: int


@st.composite
def convolution_arguments(draw: st.DrawFn, channels: st.SearchStrategy[int]) -> ConvolutionArguments:
    rows, cols = draw(geometries(dilated=True))
    data_format, number = draw(data_formats), draw(channels)
    options = {
        "strides": (rows.stride, cols.stride),
        "padding": rows.padding,
        "data_format": data_format,
        "dilation_rate": (rows.dilation, cols.dilation),
        "activation": draw(activations),
        "use_bias": draw(st.booleans()),
        "bias_initializer": "random_normal",
        "input_shape": image_shape(rows, cols, number, data_format),
    }
    return ConvolutionArguments((rows.kernel, cols.kernel), options, number)


rates = st.sampled_from((0.0, 0.2, 0.5, 0.9, 1.0))
layer_seeds = st.sampled_from((None, 0, 7))


@st.composite
def conv2d_layers(draw: st.DrawFn) -> Layer:
    """Half of them with several groups."""
    groups, width, filters = draw(st.sampled_from((1, 1, 2, 3))), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    size, options, _ = draw(convolution_arguments(st.just(groups * (width if groups == 1 else 1 + width % 2))))
    return Conv2D(filters * groups, size, groups=groups, **options)


@st.composite
def depthwise_conv2d_layers(draw: st.DrawFn) -> Layer:
    size, options, _ = draw(convolution_arguments(st.integers(1, 3)))
    return DepthwiseConv2D(size, depth_multiplier=draw(st.integers(1, 3)), **options)


@st.composite
def separable_conv2d_layers(draw: st.DrawFn) -> Layer:
    size, options, _ = draw(convolution_arguments(st.integers(1, 3)))
    return SeparableConv2D(draw(st.integers(1, 3)), size, depth_multiplier=draw(st.integers(1, 2)), **options)


@st.composite
def conv2d_transpose_layers(draw: st.DrawFn) -> Layer:
    """Images of a few pixels, some smaller than the kernel, and every output_padding."""
    (kernel, options, channels), side = draw(convolution_arguments(st.integers(1, 3))), st.integers(1, 3)
    rows, cols = draw(side), draw(side)
    first = options["data_format"] == "channels_first"
    options["input_shape"] = (channels, rows, cols) if first else (rows, cols, channels)
    options["output_padding"] = draw(
        st.one_of(st.none(), st.tuples(*(st.integers(0, stride - 1) for stride in options["strides"])))
    )
    layer = Conv2DTranspose(draw(st.integers(1, 3)), kernel, **options)
    assume(min(F.transposed_size((rows, cols), layer.window, layer.output_padding)) > 0)
    return layer


@st.composite
def pooling_layers(draw: st.DrawFn, cls: type[Pooling2D]) -> Layer:
    rows, cols = draw(geometries(dilated=False))
    data_format = draw(data_formats)
    return cls(
        (rows.kernel, cols.kernel),
        strides=(rows.stride, cols.stride),
        padding=rows.padding,
        data_format=data_format,
        input_shape=image_shape(rows, cols, draw(st.integers(1, 3)), data_format),
    )


def global_pooling_layers(cls: type[GlobalPooling2D]) -> st.SearchStrategy[Layer]:
    return st.builds(lambda fmt, keep, s: cls(fmt, keep, input_shape=s), data_formats, st.booleans(), image_shapes)


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
def alpha_dropout_layers(draw: st.DrawFn) -> Layer:
    config = draw(dropout_layers()).get_config()
    return AlphaDropout(**{**config, "name": None, "rate": draw(st.sampled_from((0.0, 0.2, 0.9)))})


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


@st.composite
def bordered_layers(draw: st.DrawFn, cls: type[ZeroPadding2D | Cropping2D]) -> Layer:
    """In each of the forms that a border is given in; there is more of the image than a border cuts off."""
    pixels = st.integers(0, 2)
    side = st.one_of(pixels, st.tuples(pixels, pixels))
    border, data_format = draw(st.one_of(pixels, st.tuples(side, side))), draw(data_formats)
    rows, cols, channels = (draw(st.integers(5, 7)), draw(st.integers(5, 7)), draw(st.integers(1, 3)))
    shape = (channels, rows, cols) if data_format == "channels_first" else (rows, cols, channels)
    return cls(border, data_format, input_shape=shape)


@st.composite
def reshape_layers(draw: st.DrawFn) -> Layer:
    """The axes of the input in another order, one of them perhaps left open."""
    shape = draw(any_shape)
    target = list(draw(st.permutations(shape)))
    if draw(st.booleans()):
        target[draw(st.integers(0, len(target) - 1))] = -1
    return Reshape(tuple(target), input_shape=shape)


@st.composite
def permute_layers(draw: st.DrawFn) -> Layer:
    shape = draw(any_shape)
    return Permute(tuple(draw(st.permutations(range(1, len(shape) + 1)))), input_shape=shape)


factors = st.integers(1, 3)


interpolations = st.sampled_from(("nearest", "bilinear"))


@st.composite
def residual_layers(draw: st.DrawFn) -> Layer:
    """With and without layers in the shortcut; dropout, which draws numbers, and batch normalization, which needs all."""
    shape, units = draw(any_shape), draw(st.integers(1, 3))
    shortcut = draw(st.booleans())
    last = units if shortcut else shape[-1]
    first: Layer = draw(st.sampled_from((Activation("tanh"), Dropout(0.5), BatchNormalization())))
    main = [first, *(Dense(n, activation=draw(activations), bias_initializer="random_normal") for n in (2, last))]
    return Residual(main, Dense(units) if shortcut else None, input_shape=shape)


@st.composite
def branches_layers(draw: st.DrawFn) -> Layer:
    """Images of either data format, concatenated along any axis or added."""
    data_format, merge = draw(data_formats), draw(st.sampled_from(("concatenate", "add")))
    shape = image_shape(Axis(3, 1, 1, 1, "same"), Axis(2, 1, 1, 1, "same"), draw(st.integers(1, 3)), data_format)
    channels = 0 if data_format == "channels_first" else 2
    axis = draw(st.sampled_from((1, 2, 3, -1))) if merge == "concatenate" else -1
    filters = st.integers(1, 3) if axis % 4 - 1 == channels and merge == "concatenate" else st.just(shape[channels])
    convolutions = [
        Conv2D(draw(filters), size, padding="same", data_format=data_format, activation=draw(activations))
        for size in draw(st.lists(st.integers(1, 3), min_size=1, max_size=2))
    ]
    branches: list[Any] = [*convolutions, [Dropout(0.2)], []][draw(st.integers(0, 1)) :]
    return Branches(branches, merge, axis, input_shape=shape)


@st.composite
def activation_layers(draw: st.DrawFn) -> Layer:
    """Any activation, also with settings, and glu along an axis that is even."""
    shape = list(draw(any_shape))
    if draw(st.integers(0, 9)) == 0:
        axis = draw(st.integers(1, len(shape)))
        shape[axis - 1] *= 2
        return Activation(glu.with_settings(axis=axis), input_shape=tuple(shape))
    return Activation(draw(st.one_of(activations, with_settings)), input_shape=tuple(shape))


@st.composite
def softmax_layers(draw: st.DrawFn) -> Layer:
    shape = draw(any_shape)
    axis = draw(st.integers(1, len(shape)))
    return Softmax(draw(st.sampled_from((axis, axis - len(shape) - 1))), input_shape=shape)


@st.composite
def prelu_layers(draw: st.DrawFn) -> Layer:
    shape = draw(any_shape)
    shared = draw(st.lists(st.integers(1, len(shape)), unique=True))
    return PReLU("random_normal", shared_axes=shared or None, input_shape=shape)


fractions = st.sampled_from((0.0, 0.25, 0.5))


LAYERS: dict[str, st.SearchStrategy[Layer]] = {
    "Activation": activation_layers(),
    "AveragePooling2D": pooling_layers(AveragePooling2D),
    "BatchNormalization": batch_normalization_layers(),
    "Branches": branches_layers(),
    "Chain": st.builds(
        lambda units, shape: Chain([Dense(units), Activation("tanh")], name="chain", input_shape=shape),
        st.integers(1, 4),
        any_shape,
    ),
    "Conv2D": conv2d_layers(),
    "Conv2DTranspose": conv2d_transpose_layers(),
    "Cropping2D": bordered_layers(Cropping2D),
    "Dense": dense_layers(),
    "DepthwiseConv2D": depthwise_conv2d_layers(),
    "AlphaDropout": alpha_dropout_layers(),
    "Dropout": dropout_layers(),
    "ELU": st.builds(lambda alpha, shape: ELU(alpha, input_shape=shape), fractions, any_shape),
    "Flatten": st.builds(lambda fmt, shape: Flatten(fmt, input_shape=shape), data_formats, any_shape),
    "ActivityRegularization": st.builds(
        lambda l1, l2, shape: ActivityRegularization(l1, l2, input_shape=shape), fractions, fractions, any_shape
    ),
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
    "GlobalAveragePooling2D": global_pooling_layers(GlobalAveragePooling2D),
    "GlobalMaxPooling2D": global_pooling_layers(GlobalMaxPooling2D),
    "LeakyReLU": st.builds(lambda slope, shape: LeakyReLU(slope, input_shape=shape), fractions, any_shape),
    "MaxPooling2D": pooling_layers(MaxPooling2D),
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
    "Permute": permute_layers(),
    "Reshape": reshape_layers(),
    "SeparableConv2D": separable_conv2d_layers(),
    "UpSampling2D": st.builds(
        lambda size, fmt, how, shape: UpSampling2D(size, fmt, how, input_shape=shape),
        st.one_of(factors, st.tuples(factors, factors)),
        data_formats,
        interpolations,
        image_shapes,
    ),
    "ZeroPadding2D": bordered_layers(ZeroPadding2D),
    "Residual": residual_layers(),
    "PReLU": prelu_layers(),
    "ReLU": st.builds(
        lambda most, slope, threshold, shape: ReLU(most, slope, threshold, input_shape=shape),
        st.sampled_from((None, 0.75, 6.0)),
        fractions,
        fractions,
        any_shape,
    ),
    "Softmax": softmax_layers(),
}
"""For each class of layer, layers not yet built, whose input_shape says what they take."""


def built(layer: Layer, seed: int, dtype: Any) -> Layer:
    """The layer, with its parameters made for its own input_shape."""
    assert layer.shape_in is not None
    layer.build(layer.shape_in, np.random.default_rng(seed), dtype)
    return layer
