"""Receptive fields: how many rows and columns of a network's input an output depends on, at most.

Along one axis, which input pixels an output pixel depends on is a matrix of True and False, (outputs, inputs). That of
two layers one after the other is the product of theirs, with "and" for times and "or" for plus; that of parallel
branches is the "or" of theirs. So strides, dilation, padding and the image's edges are taken as they are. The field is
the longest way from the first True of a row to the last.
"""

from collections.abc import Iterator, Sequence
from functools import reduce

import numpy as np

from numpycnn.common.typing import Array, Pair
from numpycnn.functional.resampling import linear_weights
from numpycnn.functional.window import Window
from numpycnn.layers import (
    LAYERS,
    Branches,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    Flatten,
    GroupNormalization,
    Layer,
    LayerNormalization,
    Permute,
    UpSampling2D,
    ZeroPadding2D,
)
from numpycnn.layers.container import Container
from numpycnn.layers.convolutional import ConvolutionLayer
from numpycnn.layers.data_format import split_shape
from numpycnn.layers.pooling import GlobalPooling2D, Pooling2D
from numpycnn.layers.stage import Path

Field = tuple[Array, Array] | None
"""The matrices of rows and of columns; None where positions are no pixels, as after Reshape, or for a user's layer."""


def fields(layer: Layer, path: Path, before: Field) -> Iterator[tuple[Path, Field]]:
    """The field of a layer's outputs, given that of its inputs, after those of the layers inside it."""
    after = before if isinstance(layer, Container) else field_after(layer, before)
    ends, parallel = list[Field](), isinstance(layer, Branches)
    for index, inner in enumerate(layer.layers if isinstance(layer, Container) else ()):
        for at, found in fields(inner, path.inside(inner.name, index), before if parallel else after):
            yield at, found
        after = found
        ends.append(found)
    yield path, reduce(either, ends) if parallel else after


def either(one: Field, other: Field) -> Field:
    """The field of what depends on both."""
    return None if one is None or other is None else (one[0] | other[0], one[1] | other[1])


def field_after(layer: Layer, field: Field) -> Field:
    """The field of a layer's outputs, given that of its inputs."""
    if field is None or isinstance(layer, Permute) or type(layer) not in LAYERS.values():
        return None
    if takes_all(layer):
        return whole(field[0]), whole(field[1])
    own = dependence(layer, (len(field[0]), len(field[1])))
    if own is not None:
        return own[0] @ field[0], own[1] @ field[1]
    unmoved = layer.shape_out == layer.shape_in or isinstance(layer, (Dense, Flatten))
    return field if unmoved else None


def takes_all(layer: Layer) -> bool:
    """Whether each output depends on all pixels of an example."""
    return (
        isinstance(layer, (GlobalPooling2D, GroupNormalization))
        or (isinstance(layer, LayerNormalization) and len(layer.axes) > 1)
        or (isinstance(layer, Dense) and len(layer.shape_in or ()) == 1)
    )


def whole(matrix: Array) -> Array:
    """The matrix of outputs that depend on all that these depend on."""
    return np.broadcast_to(matrix.any(axis=0), matrix.shape)


def dependence(layer: Layer, image: Pair) -> Field:
    """The matrices of a layer by itself, for an image of that size; None if it moves no pixels."""
    if isinstance(layer, UpSampling2D):
        (rows, columns), kind = layer.size, layer.interpolation
        return upsampling(image[0], rows, kind), upsampling(image[1], columns, kind)
    if isinstance(layer, ZeroPadding2D):
        return padding(image[0], layer.padding[0]), padding(image[1], layer.padding[1])
    if not isinstance(layer, (Cropping2D, ConvolutionLayer, Pooling2D)):
        return None
    output, _ = split_shape(layer.name, layer.shape_out or (), layer.data_format)
    if isinstance(layer, Cropping2D):
        return padding(output[0], layer.cropping[0]).T, padding(output[1], layer.cropping[1]).T
    if isinstance(layer, Conv2DTranspose):
        across, down = windows(layer.window, output, image, layer.window.borders(output, image))
        return across.T, down.T
    return windows(layer.window, image, output, layer.window.pads(image))


def windows(window: Window, image: Pair, output: Pair, pads: Sequence[Pair]) -> tuple[Array, Array]:
    """The matrices of so many windows over an image with these pads."""

    def along(axis: int) -> Array:
        first = np.arange(output[axis]) * window.strides[axis] - pads[axis][0]
        tap = np.arange(image[axis]) - first[:, None]  # (outputs, inputs)
        return (tap >= 0) & (tap < window.extent[axis]) & (tap % window.dilation[axis] == 0)

    return along(0), along(1)


def upsampling(size: int, factor: int, interpolation: str) -> Array:
    """The matrix of an upsampling of so many pixels."""
    if interpolation == "bilinear":
        return linear_weights(size, factor, np.dtype(float)) > 0
    return np.repeat(np.eye(size, dtype=bool), factor, axis=0)


def padding(size: int, pads: Pair) -> Array:
    """The matrix of so many pixels with zeros before and after them."""
    return np.pad(np.eye(size, dtype=bool), (pads, (0, 0)))


def start(model: Container) -> Field:
    """The field of a built model's input, each pixel by itself; None if it is not an image."""
    formats = (getattr(layer, "data_format", None) for _, layer in model.leaves())
    data_format = next(filter(None, formats), "channels_last")
    shape = model.shape_in or ()
    if len(shape) != 3:
        return None
    rows, columns = split_shape(model.name, shape, data_format)[0]
    return np.eye(rows, dtype=bool), np.eye(columns, dtype=bool)


def extent(matrix: Array) -> int:
    """How many pixels it is from the first to the last that an output depends on, at most."""
    first, last = matrix.argmax(axis=1), matrix.shape[1] - 1 - matrix[:, ::-1].argmax(axis=1)
    return int((last - first + 1)[matrix.any(axis=1)].max(initial=0))
