"""Layer and group normalization. The mathematics is in `functional/layer_normalization.py`."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Unpack

from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.constraints import ConstraintLike
from numpycnn.functional.layer_normalization import Normalized
from numpycnn.initializers import InitializerLike
from numpycnn.layers.axes import check_axis, from_last, positive_axis, sorted_axes, to_last
from numpycnn.layers.base import Arrays, LayerOptions
from numpycnn.layers.normalization import NormalizationLayer
from numpycnn.layers.stage import Gradients
from numpycnn.regularizers import RegularizerLike


class NormCache(NamedTuple):
    """What the backward needs."""

    x: Array
    """The input, laid out as `arranged` does."""
    normalized: Normalized
    scaled: Array
    """What gamma is multiplied to: xhat, but with rms_scaling x * inverse_std."""


class ExampleNormalization(NormalizationLayer):
    """Base class of normalizations of one example at a time. A subclass says which values are taken together."""

    rms_scaling = False

    def arranged(self, x: Array) -> Array:
        """A view of x whose axes `normalized_axes` are taken together."""
        return x

    def restored(self, y: Array) -> Array:
        """A view of an array that is laid out as by `arranged`, in the layout of x."""
        return y

    def normalized_axes(self, x: Array) -> Shape:
        """The axes of the arranged x that are taken together."""
        raise NotImplementedError(f"{type(self).__name__} does not define normalized_axes")

    def broadcast_shape(self, x: Array) -> Shape:
        """The shape in which gamma and beta meet an example of the arranged x: with 1 where they are the same."""
        raise NotImplementedError(f"{type(self).__name__} does not define broadcast_shape")

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, NormCache]:
        self.check_input(x)
        x = self.arranged(x)
        gamma, beta = self.broadcast(x)
        normalized = F.normalize(x, self.normalized_axes(x), self.epsilon)
        scaled = F.rms_scale(x, normalized) if self.rms_scaling else normalized.xhat
        return self.restored(F.scale_shift(scaled, gamma, beta)), NormCache(x, normalized, scaled)

    def backward(self, dy: Array, cache: NormCache) -> tuple[Array, Gradients]:
        return self.input_gradient(dy, cache), self.parameter_gradients(dy, cache)

    def input_gradient(self, dy: Array, cache: NormCache) -> Array:
        ds, axes = self.scaled_gradient(dy, cache), self.normalized_axes(cache.x)
        if self.rms_scaling:
            return self.restored(F.rms_scale_backward(ds, cache.x, cache.normalized, axes))
        return self.restored(F.normalize_backward(ds, cache.normalized, axes))

    def parameter_gradients(self, dy: Array, cache: NormCache) -> Gradients:
        sums = F.scale_shift_backward(self.arranged(dy), cache.scaled, self.broadcast_shape(cache.x))
        shape = self.parameter_shape(self.shape_in or ())
        dbeta, dgamma = (a.reshape(shape) for a in sums)  # the parameters' own shape
        return self.named(dbeta, dgamma, dy.dtype)

    def scaled_gradient(self, dy: Array, cache: NormCache) -> Array:
        """The gradient of what gamma is multiplied to, arranged."""
        gamma, _ = self.broadcast(cache.x)
        return F.scale_shift(self.arranged(dy), gamma, None)

    def broadcast(self, x: Array) -> tuple[Array | None, Array | None]:
        """gamma and beta in `broadcast_shape`, or None where there is none."""
        shape = self.broadcast_shape(x)
        gamma, beta = (self.params.get(key) for key in ("gamma", "beta"))
        return None if gamma is None else gamma.reshape(shape), None if beta is None else beta.reshape(shape)  # shape

    def inside(self, x: Array, cache: NormCache) -> Arrays:
        """The normalized input, in the layout of x; mean and inverse standard deviation of each group of values."""
        normalized = cache.normalized
        scaled = self.restored(cache.scaled)
        return {"normalized": scaled, "mean": normalized.mean, "inverse_std": normalized.inverse_std}

    def inside_gradients(self, dy: Array, cache: NormCache) -> Arrays:
        """dL/d normalized."""
        return {"normalized": self.restored(self.scaled_gradient(dy, cache))}


class LayerNormalization(ExampleNormalization):
    """Each example with mean 0 and variance 1 over some of its axes, then scaled and shifted; training is as inference.

        y = gamma * (x - mean)/sqrt(variance + epsilon) + beta

    Shapes: any, unchanged. Parameters: "gamma" and "beta", with a value for each position on `axis`, in that shape.

    axis: the axis, or a list of axes, that mean and variance are taken over; not the batch's, 0. epsilon: keeps the
    root away from 0. center: whether there is a beta; scale: whether there is a gamma. The initializers: names or
    objects, see `initializers.py`; regularizers and constraints as for Conv2D. rms_scaling:
    y = gamma * x/sqrt(variance + epsilon), without beta, and with gamma whatever `scale` is; Keras has kept it for old
    models.

    Raises TypeError or ValueError for an argument of the wrong kind or value, and at build for an axis that the input
    has not or that is given twice. Source: Ba, Kiros and Hinton 2016; Keras's LayerNormalization.
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike = "zeros",
        gamma_initializer: InitializerLike = "ones",
        beta_regularizer: RegularizerLike = None,
        gamma_regularizer: RegularizerLike = None,
        beta_constraint: ConstraintLike = None,
        gamma_constraint: ConstraintLike = None,
        rms_scaling: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(
            *(epsilon, center, scale, beta_initializer, gamma_initializer),
            *(beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint),
            **options,
        )
        listed = axis if isinstance(axis, (list, tuple)) else (axis,)
        self.axes = tuple(check_axis(self.name, one) for one in listed)
        if not self.axes:
            raise ValueError(f"{self.name}: axis must be an axis, or a list of at least one; received {axis!r}")
        self.rms_scaling = checks.flag(self.name, "rms_scaling", rms_scaling)

    def parameter_shape(self, input_shape: Shape) -> Shape:
        return tuple(input_shape[axis - 1] for axis in sorted_axes(self.name, self.axes, input_shape))

    def param_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        if self.rms_scaling:
            return {"gamma": self.parameter_shape(input_shape)}
        return super().param_shapes(input_shape)

    def normalized_axes(self, x: Array) -> Shape:
        return sorted_axes(self.name, self.axes, x.shape[1:])

    def broadcast_shape(self, x: Array) -> Shape:
        axes = self.normalized_axes(x)
        return tuple(size if axis in axes else 1 for axis, size in enumerate(x.shape) if axis > 0)

    def get_config(self) -> dict[str, Any]:
        axis = self.axes[0] if len(self.axes) == 1 else list(self.axes)
        return {**super().get_config(), "axis": axis, "rms_scaling": self.rms_scaling}


class GroupNormalization(ExampleNormalization):
    """The channels of each example cut into groups, each with mean 0 and variance 1, then scaled and shifted.

        y = gamma[c] * (x - mean)/sqrt(variance + epsilon) + beta[c]

    with a mean and a variance for each group of each example, over its channels and all other axes; training is as
    inference. One group is layer normalization over the whole example but for the shape of its parameters; as many
    groups as channels is instance normalization.

    Shapes: any, unchanged; C is the length of `axis`. Parameters: "gamma" and "beta", (C,).

    groups: how many, a divisor of C; -1 is C. axis: the channels', -1 for channels last, 1 for channels first. epsilon:
    keeps the root away from 0. center: whether there is a beta; scale: whether there is a gamma. The initializers:
    names or objects, see `initializers.py`; regularizers and constraints as for Conv2D.

    Raises TypeError or ValueError for an argument of the wrong kind or value, and at build for an axis that the input
    has not or that the groups do not divide. Source: Wu and He 2018; Keras's GroupNormalization.
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike = "zeros",
        gamma_initializer: InitializerLike = "ones",
        beta_regularizer: RegularizerLike = None,
        gamma_regularizer: RegularizerLike = None,
        beta_constraint: ConstraintLike = None,
        gamma_constraint: ConstraintLike = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(
            *(epsilon, center, scale, beta_initializer, gamma_initializer),
            *(beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint),
            **options,
        )
        self.groups = checks.integer(self.name, "groups", groups, at_least=-1, at_most=checks.MAX_SIZE)
        if self.groups == 0:
            raise ValueError(f"{self.name}: groups must be a positive integer, or -1; received {groups}")
        self.axis = check_axis(self.name, axis)

    def parameter_shape(self, input_shape: Shape) -> Shape:
        channels = (0, *input_shape)[positive_axis(self.name, self.axis, input_shape)]
        if channels % self.groups:
            raise ValueError(
                f"{self.name}: {self.groups} groups do not divide the {channels} channels of axis {self.axis}"
            )
        return (channels,)

    def arranged(self, x: Array) -> Array:
        x = to_last(x, self.axis)  # (N, ..., C)
        return x.reshape(*x.shape[:-1], *self.split(x.shape[-1]))  # (N, ..., G, C/G)

    def restored(self, y: Array) -> Array:
        y = y.reshape(*y.shape[:-2], y.shape[-2] * y.shape[-1])  # (N, ..., C)
        return from_last(y, self.axis)  # in the layout of x

    def split(self, channels: int) -> tuple[int, int]:
        """(G, C/G): the number of groups, and of channels in each."""
        groups = channels if self.groups == -1 else self.groups
        return groups, channels // groups

    def normalized_axes(self, x: Array) -> Shape:
        return tuple(axis for axis in range(1, x.ndim) if axis != x.ndim - 2)

    def broadcast_shape(self, x: Array) -> Shape:
        return (*[1] * (x.ndim - 3), *x.shape[-2:])  # (1, ..., G, C/G)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "groups": self.groups, "axis": self.axis}
