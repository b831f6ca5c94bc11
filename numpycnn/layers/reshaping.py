"""Layers that move values and compute nothing: Flatten, Reshape, Permute."""

from math import prod
from typing import Any, Unpack

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.layers.base import Layer, LayerOptions
from numpycnn.layers.data_format import check_data_format, from_channels_last, to_channels_last


class Flatten(Layer):
    """All values of an example as a vector: (N, H, W, C) to (N, H*W*C).

    The order is that of (H, W, C) in both data formats: (N, C, H, W) is transposed to (N, H, W, C) first, so that a
    Dense layer's weights have the same order in both. Source: Keras's Flatten, since 2.1.6.

    data_format: by default the backend's setting when the layer is created. Raises TypeError or ValueError for another.
    """

    uses_rng = False

    def __init__(self, data_format: str | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.data_format = check_data_format(self.name, data_format)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        return (prod(input_shape),)

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Shape]:
        """The cache is the input's shape, channels last."""
        self.check_input(x)
        x = to_channels_last(x, self.data_format)  # (N, ..., C)
        return x.reshape(len(x), prod(x.shape[1:])), x.shape  # (N, ...*C)

    def backward(self, dy: Array, cache: Shape) -> tuple[Array, dict[str, Array]]:
        return from_channels_last(dy.reshape(cache), self.data_format), {}  # (N, ..., C) or (N, C, ...)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


class Reshape(Layer):
    """The values of an example in another shape: (N, ...) to (N, *target_shape). Their order stays that of rows.

    target_shape: a tuple of sizes, without the batch axis; one of them may be -1, and is what the others leave.

    Raises TypeError or ValueError for another target_shape, and at build for one of another number of values. Source:
    Keras's Reshape.
    """

    uses_rng = False

    def __init__(self, target_shape: Shape, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        sizes = checks.sequence(self.name, "target_shape", target_shape)
        known = tuple(size for size in sizes if not is_unknown(size))
        checks.shape(self.name, "target_shape", known)
        if len(sizes) - len(known) > 1:
            raise ValueError(
                f"{self.name}: target_shape must have at most one -1; received {checks.short_repr(target_shape)}"
            )
        self.target_shape = tuple(map(int, sizes))

    def output_shape_for(self, input_shape: Shape) -> Shape:
        size, known = prod(input_shape), abs(prod(self.target_shape))
        shape = tuple(size // known if one == -1 else one for one in self.target_shape)
        if prod(shape) != size:
            raise ValueError(
                f"{self.name}: target_shape must hold the {size} values of the input shape {input_shape}; "
                f"received {self.target_shape}"
            )
        return shape

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Shape]:
        """The cache is the input's shape."""
        self.check_input(x)
        return x.reshape(len(x), *self.output_shape_for(x.shape[1:])), x.shape  # (N, *target_shape)

    def backward(self, dy: Array, cache: Shape) -> tuple[Array, dict[str, Array]]:
        return dy.reshape(cache), {}  # (N, ...)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": list(self.target_shape)}


def is_unknown(size: Any) -> bool:
    """Whether a size of a target shape is -1: the one that the others leave."""
    return isinstance(size, (int, np.integer)) and size == -1


class Permute(Layer):
    """The axes of an example in another order: axis k of the output is axis dims[k - 1] of the input.

    dims: the axes from 1 to their number in any order; the batch axis, 0, stays first.

    Raises TypeError or ValueError for other dims, and at build for an input of another number of axes. Source: Keras's
    Permute.
    """

    uses_rng = False

    def __init__(self, dims: Shape, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.dims = checks.shape(self.name, "dims", dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"{self.name}: dims must be the axes from 1 on, each once; received {self.dims}")

    def output_shape_for(self, input_shape: Shape) -> Shape:
        if len(input_shape) != len(self.dims):
            raise ValueError(
                f"{self.name}: dims must be the {len(input_shape)} axes of the input shape {input_shape}; "
                f"received {self.dims}"
            )
        return tuple(input_shape[axis - 1] for axis in self.dims)

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, None]:
        self.check_input(x)
        return x.transpose(0, *self.dims), None  # (N, ...), axes in the order of dims

    def backward(self, dy: Array, cache: None) -> tuple[Array, dict[str, Array]]:
        """The order is undone: its inverse is what sorts it."""
        return dy.transpose(np.argsort((0, *self.dims))), {}  # (N, ...), axes in the input's order

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": list(self.dims)}
