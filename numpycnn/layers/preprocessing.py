"""Layers that bring their input to another range: Rescaling and Normalization, in training as in inference."""

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple, Unpack

import numpy as np

from numpycnn import backend
from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.layers.axes import check_axis, sorted_axes
from numpycnn.layers.base import Arrays, Layer, LayerOptions


class Rescaling(Layer):
    """y = x*scale + offset: with scale=1/255 pixels from 0 to 255 become numbers from 0 to 1.

    Shapes: any, unchanged. scale, offset: numbers, or arrays that repeat to the shape of an example, so that those of
    length C have a value for each channel of channels last.

    Raises TypeError or ValueError for what are no finite numbers, and at build for arrays that do not fit the input.
    Source: Keras's Rescaling.
    """

    uses_rng = False

    def __init__(self, scale: Any, offset: Any = 0.0, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.scale = constants(self.name, "scale", scale)
        self.offset = constants(self.name, "offset", offset)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        for argument, array in (("scale", self.scale), ("offset", self.offset)):
            check_repeats(self.name, argument, array, input_shape)
        return input_shape

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, None]:
        self.check_input(x)
        dtype = x.real.dtype
        return F.rescale(x, self.scale.astype(dtype), self.offset.astype(dtype)), None

    def backward(self, dy: Array, cache: None) -> tuple[Array, Arrays]:
        return F.rescale_backward(dy, self.scale.astype(dy.dtype)), {}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale.tolist(), "offset": self.offset.tolist()}


class Statistics(NamedTuple):
    """What Normalization normalizes by, in a shape that repeats to that of an example."""

    mean: Array
    std: Array


class Normalization(Layer):
    """y = (x - mean)/sqrt(variance), by the mean and the variance of the data that `adapt` was given.

    With invert=True x = y*sqrt(variance) + mean, from the other side. A root below the backend's epsilon is taken for
    that. Shapes: any, unchanged. State: "mean" and "variance", with a value for each position on `axis`, and "count",
    how many examples they are of; none if mean and variance are given here.

    axis: the axis, or a list of axes, that have values of their own; None for one mean and one variance of all numbers.
    mean, variance: numbers, or arrays that repeat to the lengths of the axes; both or neither. invert: see above.

    Raises TypeError or ValueError for an argument of the wrong kind or value, at build for one that does not fit the
    input, and where it is called before it has a mean and a variance. Source: Keras's Normalization.
    """

    uses_rng = False

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        listed = axis if isinstance(axis, (list, tuple)) else () if axis is None else (axis,)
        self.axes = tuple(check_axis(self.name, one) for one in listed)
        self.given = None if mean is None and variance is None else self.check_given(mean, variance)
        self.invert = checks.flag(self.name, "invert", invert)

    def check_given(self, mean: Any, variance: Any) -> tuple[Array, Array]:
        """The mean and the variance as arrays. Raises TypeError or ValueError unless they fit each other."""
        if mean is None or variance is None:
            raise ValueError(f"{self.name}: mean and variance must be given together; received {mean!r}, {variance!r}")
        both = constants(self.name, "mean", mean), constants(self.name, "variance", variance)
        if both[0].shape != both[1].shape or (both[1] < 0).any():
            raise ValueError(
                f"{self.name}: variance must be at least 0 and have the shape of mean, {both[0].shape}; "
                f"received {checks.short_repr(variance)}"
            )
        return both

    # ------------------------------------------------------------ shapes and arrays

    def kept_axes(self, input_shape: Shape) -> Shape:
        """The axes with values of their own, counted from the batch's, 0, in ascending order."""
        return sorted_axes(self.name, self.axes, input_shape)

    def kept_shape(self, input_shape: Shape) -> Shape:
        """The lengths of these axes."""
        return tuple(input_shape[axis - 1] for axis in self.kept_axes(input_shape))

    def output_shape_for(self, input_shape: Shape) -> Shape:
        shape = self.kept_shape(input_shape)
        if self.given is not None:
            check_repeats(self.name, "mean", self.given[0], shape)
        return input_shape

    def state_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        if self.given is not None:
            return {}
        return {**dict.fromkeys(("mean", "variance"), self.kept_shape(input_shape)), "count": ()}

    def make_state(self, input_shape: Shape, rng: Rng, dtype: Any) -> Arrays:
        start = {"mean": 0.0, "variance": 1.0, "count": 0.0}
        return {key: np.full(shape, start[key], dtype) for key, shape in self.state_shapes(input_shape).items()}

    # ------------------------------------------------------------ the statistics

    def adapt(self, data: Array) -> None:
        """Take the mean and the variance of the data, in float64; a layer that is not built yet is built for them.

        data: an array (n, *input_shape). What an earlier call took is forgotten. Raises TypeError unless it is an array
        of numbers, ValueError if there is no example in it, if it does not fit the layer, or if the layer was given its
        mean and variance.
        """
        if not isinstance(data, np.ndarray):
            raise TypeError(f"{self.name}.adapt: data must be an array; received {checks.short_repr(data)}")
        data = checks.numbers(f"{self.name}.adapt", "data", data)
        checks.same_length(f"{self.name}.adapt", data=data)
        if self.given is not None:
            raise ValueError(f"{self.name}.adapt: the layer was given its mean and variance")
        self.build(data.shape[1:])
        size, mean, m2 = F.merge_moments(
            F.moments(self.in_columns(data[start : start + checks.CHUNK]))
            for start in range(0, len(data), checks.CHUNK)
        )
        shape = self.kept_shape(data.shape[1:])
        variance = (m2 / size).reshape(shape)
        self.set_state({"mean": mean.reshape(shape), "variance": variance, "count": np.array(len(data))})

    def in_columns(self, data: Array) -> Array:
        """A column of float64 numbers for each mean that is to be taken."""
        kept = self.kept_axes(data.shape[1:])
        last = np.moveaxis(data, kept, range(data.ndim - len(kept), data.ndim))  # (n, ..., the kept axes)
        return last.reshape(-1, prod(data.shape[axis] for axis in kept)).astype(np.float64)  # (values, means)

    def statistics(self, shape: Shape, dtype: Any) -> Statistics:
        """The mean and the standard deviation for examples of that shape. Raises ValueError if there are none yet."""
        state = self.state
        if self.given is None and not state["count"] and not state["mean"].any() and (state["variance"] == 1).all():
            raise ValueError(f"{self.name}: has no mean and variance yet; call its adapt(data), or give it both")
        kept = self.kept_axes(shape)
        repeated = tuple(size if axis in kept else 1 for axis, size in enumerate(shape, start=1))
        mean, variance = (
            np.broadcast_to(array, self.kept_shape(shape)).reshape(repeated)  # an example's, 1 for the other axes
            for array in self.given or (state["mean"], state["variance"])
        )
        return Statistics(mean.astype(dtype), np.maximum(np.sqrt(variance), backend.epsilon()).astype(dtype))

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Statistics]:
        """The cache is what x was normalized by."""
        self.check_input(x)
        own = self.statistics(x.shape[1:], x.real.dtype)
        return F.rescale(x, own.std, own.mean) if self.invert else F.standardize(x, *own), own

    def backward(self, dy: Array, cache: Statistics) -> tuple[Array, Arrays]:
        if self.invert:
            return F.rescale_backward(dy, cache.std), {}
        return F.standardize_backward(dy, cache.std), {}

    def inside(self, x: Array, cache: Statistics) -> dict[str, Array]:
        """The mean and the standard deviation that each example was normalized by; with invert, is brought back to."""
        return {key: np.broadcast_to(one, (len(x), *one.shape)) for key, one in cache._asdict().items()}  # (N, ...)

    def get_config(self) -> dict[str, Any]:
        mean, variance = (None, None) if self.given is None else (array.tolist() for array in self.given)
        axis = list(self.axes) if self.axes else None
        return {**super().get_config(), "axis": axis, "mean": mean, "variance": variance, "invert": self.invert}


def constants(owner: str, argument: str, value: Any) -> Array:
    """A number or an array of numbers as a float64 array. Raises TypeError or ValueError unless all are finite."""
    array = checks.numbers(owner, argument, value).astype(np.float64)
    if not (np.abs(array) <= checks.MAX_FLOAT).all():
        raise ValueError(f"{owner}: {argument} must be finite in float32; received {checks.short_repr(value)}")
    return array


def check_repeats(owner: str, argument: str, array: Array, shape: Shape) -> None:
    """Raise ValueError unless the array repeats to that shape."""
    missing = len(shape) - array.ndim
    if missing < 0 or any(size not in (1, whole) for size, whole in zip(array.shape, shape[missing:], strict=True)):
        raise ValueError(f"{owner}: {argument} has the shape {array.shape}, which does not repeat to {shape}")
