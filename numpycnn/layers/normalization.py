"""Batch normalization, and the base class that it shares with the other normalizations.

The mathematics, with its derivation, is in `functional/normalization.py`.
"""

from functools import partial
from typing import Any, NamedTuple, Unpack

from numpycnn import functional as F
from numpycnn import initializers
from numpycnn.common import checks
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.constraints import ConstraintLike
from numpycnn.functional.normalization import Moments
from numpycnn.initializers import Initializer, InitializerLike
from numpycnn.layers.axes import check_axis, from_last, positive_axis, to_last
from numpycnn.layers.base import Arrays, Layer, LayerOptions
from numpycnn.layers.kernel import initial_arrays
from numpycnn.layers.stage import Exchange, Gradients, Micro, run_alone
from numpycnn.regularizers import RegularizerLike


class BatchNormCache(NamedTuple):
    """What BatchNormalization's backward needs."""

    xhat: Array
    """The normalized input, channels last: (N, ..., C)."""
    inverse_std: Array
    """1/sqrt(variance + epsilon), in float64 in training: (C,)."""
    moments: Moments | None
    """The whole batch's, in training; None where the moving averages were used."""


class NormalizationLayer(Layer):
    """Base class of layers that normalize, and then scale by a parameter "gamma" and shift by a parameter "beta".

    Without scale there is no gamma, and without center no beta.
    """

    uses_rng = False

    def __init__(
        self,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: InitializerLike,
        gamma_initializer: InitializerLike,
        beta_regularizer: RegularizerLike,
        gamma_regularizer: RegularizerLike,
        beta_constraint: ConstraintLike,
        gamma_constraint: ConstraintLike,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        self.epsilon = checks.number(self.name, "epsilon", epsilon, above=0.0)
        self.center = checks.flag(self.name, "center", center)
        self.scale = checks.flag(self.name, "scale", scale)
        self.beta_initializer = initializers.get_initializer(self.name, "beta_initializer", beta_initializer)
        self.gamma_initializer = initializers.get_initializer(self.name, "gamma_initializer", gamma_initializer)
        self.regularize("gamma", gamma_regularizer, gamma_constraint)
        self.regularize("beta", beta_regularizer, beta_constraint)

    def parameter_shape(self, input_shape: Shape) -> Shape:
        """The shape of gamma and of beta. Raises ValueError for an input that cannot be normalized."""
        raise NotImplementedError(f"{type(self).__name__} does not define parameter_shape")

    def output_shape_for(self, input_shape: Shape) -> Shape:
        self.parameter_shape(input_shape)
        return input_shape

    def param_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        wanted = {"gamma": self.scale, "beta": self.center}
        return {key: self.parameter_shape(input_shape) for key, there in wanted.items() if there}

    def make_params(self, input_shape: Shape, rng: Rng, dtype: Any) -> Arrays:
        return initial_arrays(self.name, self.param_shapes(input_shape), self.initializers, rng, dtype)

    @property
    def initializers(self) -> dict[str, Initializer]:
        """The initializer of each array, by the array's name."""
        return {"beta": self.beta_initializer, "gamma": self.gamma_initializer}

    def named(self, dbeta: Array, dgamma: Array, dtype: Any) -> Gradients:
        """The gradients by the parameters' names, of those that the layer has."""
        gradients = {"beta": dbeta, "gamma": dgamma}
        return {key: gradients[key].astype(dtype) for key in self.params}

    def get_config(self) -> dict[str, Any]:
        own = {key: getattr(self, key) for key in ("epsilon", "center", "scale")}
        chosen = {
            f"{key}_initializer": initializers.initializer_config(value) for key, value in self.initializers.items()
        }
        return {**super().get_config(), **own, **chosen}


class BatchNormalization(NormalizationLayer):
    """Each channel with mean 0 and variance 1 over the batch, then scaled and shifted.

        y = gamma * (x - mean)/sqrt(variance + epsilon) + beta

    In training mean and variance are those of the whole batch, over all axes but `axis`, and the moving averages follow
    them; in inference, and while `trainable` is False, the moving averages are used:

        moving = momentum*moving + (1 - momentum)*batch

    Shapes: any, unchanged; C is the length of `axis`. Parameters: "gamma" and "beta", (C,). State: "moving_mean" and
    "moving_variance", (C,); the variance is the biased one, divided by the number of values.

    axis: the channels', -1 for channels last, 1 for channels first. momentum: of the moving averages. epsilon: keeps
    the root away from 0. center: whether there is a beta; scale: whether there is a gamma. The initializers: names or
    objects, see `initializers.py`; regularizers and constraints as for Conv2D.

    Raises TypeError or ValueError for an argument of the wrong kind or value, and at build for an axis that the input
    has not. Source: Ioffe and Szegedy 2015; Keras's BatchNormalization.
    """

    whole_batch = True

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: InitializerLike = "zeros",
        gamma_initializer: InitializerLike = "ones",
        moving_mean_initializer: InitializerLike = "zeros",
        moving_variance_initializer: InitializerLike = "ones",
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
        self.axis = check_axis(self.name, axis)
        self.momentum = checks.number(self.name, "momentum", momentum, at_least=0.0, at_most=1.0)
        chosen = partial(initializers.get_initializer, self.name)
        self.moving_mean_initializer = chosen("moving_mean_initializer", moving_mean_initializer)
        self.moving_variance_initializer = chosen("moving_variance_initializer", moving_variance_initializer)

    # ------------------------------------------------------------ shapes and arrays

    def parameter_shape(self, input_shape: Shape) -> Shape:
        """(C,): the length of the axis."""
        return ((0, *input_shape)[positive_axis(self.name, self.axis, input_shape)],)

    def state_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        return dict.fromkeys(("moving_mean", "moving_variance"), self.parameter_shape(input_shape))

    def make_state(self, input_shape: Shape, rng: Rng, dtype: Any) -> Arrays:
        return initial_arrays(self.name, self.state_shapes(input_shape), self.initializers, rng, dtype)

    @property
    def initializers(self) -> dict[str, Initializer]:
        """The initializer of each array, by the array's name."""
        moving = {"moving_mean": self.moving_mean_initializer, "moving_variance": self.moving_variance_initializer}
        return {**super().initializers, **moving}

    # ------------------------------------------------------------ one micro-batch: what all share is exchanged

    def forward_micro(self, x: Array, *, training: bool, rng: Rng | None) -> Micro[tuple[Array, BatchNormCache]]:
        self.check_input(x)
        x = to_last(x, self.axis)  # (N, ..., C)
        moments = None
        if training and self.trainable:
            moments = yield Exchange(F.moments(x), share_moments)
        mean, variance = self.statistics(moments)
        y, xhat = F.batch_norm(x, mean, variance, self.params.get("gamma"), self.params.get("beta"), self.epsilon)
        cache = BatchNormCache(xhat, F.inverse_std(variance, self.epsilon), moments)
        return from_last(y, self.axis), cache  # (N, ..., C) to the shape of x

    def backward_micro(
        self, dy: Array, cache: BatchNormCache, *, to_input: bool
    ) -> Micro[tuple[Array | None, Gradients]]:
        """Each micro-batch's gradients of gamma and beta are its own sums, which are terms of the whole batch's."""
        dy = to_last(dy, self.axis)  # (N, ..., C)
        sums = F.batch_norm_backward_sums(dy, cache.xhat)
        gradients = self.named(*sums, dy.dtype) if self.trainable else {}
        if not to_input:
            return None, gradients
        if cache.moments is not None:
            sums = yield Exchange(sums, share_sums)
        return self.input_gradient_from(dy, cache, sums), gradients

    # ------------------------------------------------------------ a whole batch

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, BatchNormCache]:
        return run_alone(self.forward_micro(x, training=training, rng=rng))

    def backward(self, dy: Array, cache: BatchNormCache) -> tuple[Array, Gradients]:
        dy = to_last(dy, self.axis)  # (N, ..., C)
        sums = F.batch_norm_backward_sums(dy, cache.xhat)
        return self.input_gradient_from(dy, cache, sums), self.named(*sums, dy.dtype)

    def needed_gradients(self, dy: Array, cache: BatchNormCache, *, to_input: bool) -> tuple[Array | None, Gradients]:
        return run_alone(self.backward_micro(dy, cache, to_input=to_input))

    # ------------------------------------------------------------ what these have in common

    def statistics(self, moments: Moments | None) -> tuple[Array, Array]:
        """The mean and the variance to normalize by: the batch's, or without its moments the moving averages."""
        if moments is None:
            return self.state["moving_mean"], self.state["moving_variance"]
        return moments.mean, moments.m2 / moments.size

    def input_gradient_from(self, dy: Array, cache: BatchNormCache, sums: tuple[Array, Array]) -> Array:
        """The gradient of the input, with the sums over the whole batch. dy: (N, ..., C)."""
        gamma = self.params.get("gamma")
        if cache.moments is None:
            dx = F.batch_norm_backward_input_inference(dy, gamma, cache.inverse_std)
        else:
            dx = F.batch_norm_backward_input(dy, cache.xhat, gamma, cache.inverse_std, cache.moments.size, *sums)
        return from_last(dx, self.axis)  # (N, ..., C) to the shape of x

    def next_state(self, cache: BatchNormCache) -> Arrays:
        """moving = momentum*moving + (1 - momentum)*batch, of mean and variance; nothing where it is frozen."""
        if cache.moments is None:
            return {}
        batch = dict(zip(("moving_mean", "moving_variance"), self.statistics(cache.moments), strict=True))
        dtype = cache.xhat.dtype
        return {
            key: self.momentum * self.state[key] + (1.0 - self.momentum) * batch[key].astype(dtype) for key in batch
        }

    # ------------------------------------------------------------ for people, and files

    def inside(self, x: Array, cache: BatchNormCache) -> Arrays:
        """The normalized input, channels last, (N, ..., C); mean and variance that it was normalized by, (C,)."""
        mean, variance = self.statistics(cache.moments)
        return {"normalized": cache.xhat, "mean": mean, "variance": variance}

    def inside_gradients(self, dy: Array, cache: BatchNormCache) -> Arrays:
        """dL/d normalized."""
        gamma = self.params.get("gamma")
        dy = to_last(dy, self.axis)  # (N, ..., C)
        return {"normalized": dy if gamma is None else dy * gamma}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "momentum": self.momentum}


def share_moments(parts: list[Moments]) -> list[Moments]:
    """To each micro-batch the moments of the whole batch."""
    return [F.merge_moments(parts)] * len(parts)


def share_sums(parts: list[tuple[Array, Array]]) -> list[tuple[Array, Array]]:
    """To each micro-batch the sums over the whole batch, added up in the micro-batches' order."""
    (sum_dy, sum_dy_xhat), *rest = parts
    for more_dy, more_dy_xhat in rest:
        sum_dy, sum_dy_xhat = sum_dy + more_dy, sum_dy_xhat + more_dy_xhat
    return [(sum_dy, sum_dy_xhat)] * len(parts)
