"""Activations as layers of their own. The mathematics is in `functional/`: see `activations.py`."""

from collections.abc import Callable
from typing import Any, TypeAlias, Unpack

from numpycnn.activations import (
    ActivationFunction,
    elu,
    get_activation,
    is_readable,
    leaky_relu,
    relu,
    serialize,
    softmax,
)
from numpycnn.common import checks
from numpycnn.common.configuration import named
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.layers.base import Layer, LayerOptions


class ActivationLayer(Layer):
    """Base class of layers that compute y = activation(x), without parameters. Shapes: any; glu halves its axis."""

    uses_rng = False

    def output_shape_for(self, input_shape: Shape) -> Shape:
        return self.activation.output_shape_for(self.name, input_shape)

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, tuple[Array, Array]]:
        """The cache is z, the input (y instead, if the backward needs only y), and y, the output."""
        self.check_input(x)
        y = self.activation.forward(x)
        return y, (self.activation.kept(x, y), y)

    def backward(self, dy: Array, cache: tuple[Array, Array]) -> tuple[Array, dict[str, Array]]:
        z, y = cache
        return self.activation.backward(dy, z, y), {}

    def config_of(self, *names: str) -> dict[str, Any]:
        """The configuration of a layer whose arguments are these settings of its activation."""
        return {**super().get_config(), **{name: self.activation.setting(name) for name in names}}


ActivationLike: TypeAlias = str | ActivationFunction | Callable[[Any], Any] | Layer | dict[str, Any] | None
"""What `activation=` takes: see `Activation`."""


def check_activation(owner: str, value: ActivationLike) -> ActivationFunction:
    """The activation that `value` stands for. Raises TypeError or ValueError for anything else."""
    value = named(value)
    if isinstance(value, ActivationLayer):
        return value.activation
    if isinstance(value, Layer):
        raise TypeError(
            f"{owner}: a layer as activation must be one of Activation, ELU, LeakyReLU, ReLU, Softmax; or any, in "
            f"activation=... of a layer with a kernel; received {checks.short_repr(value)}"
        )
    return get_activation(owner, value)


def activation_config(activation: ActivationFunction) -> Any:
    """The activation in a layer's configuration: as JSON values, or itself if these would not be read as it."""
    return serialize(activation) if is_readable(activation) else activation


class Activation(ActivationLayer):
    """An activation as a layer of its own: y = f(x).

    activation: its name, such as "relu"; or one of `numpycnn.activations`, also with settings
    (`leaky_relu.with_settings(negative_slope=0.1)`); one of your own, `ActivationFunction(forward, backward)`, or an
    elementwise function of NumPy's functions and these; or a layer that is an activation, such as `LeakyReLU(0.1)`.

    Shapes: any, unchanged; glu halves its axis. Raises TypeError or ValueError for anything else.
    """

    def __init__(self, activation: ActivationLike, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.activation = check_activation(self.name, activation)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activation_config(self.activation)}


class ReLU(ActivationLayer):
    """y = x where x > threshold, else negative_slope*(x - threshold); then at most max_value, unless that is None.

    Shapes: any, unchanged. Raises TypeError or ValueError for an argument that is not a number, or negative.
    Source: Keras's ReLU.
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        settings = {"max_value": max_value, "negative_slope": negative_slope, "threshold": threshold}
        self.activation = relu.configured(self.name, **settings)

    def get_config(self) -> dict[str, Any]:
        return self.config_of("max_value", "negative_slope", "threshold")


class LeakyReLU(ActivationLayer):
    """y = x where x > 0, else negative_slope*x.

    Shapes: any, unchanged. Raises TypeError or ValueError for a slope that is not a number, or negative.
    Source: Keras's LeakyReLU, which has another default than the function `activations.leaky_relu`.
    """

    def __init__(self, negative_slope: float = 0.3, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.activation = leaky_relu.configured(self.name, negative_slope=negative_slope)

    def get_config(self) -> dict[str, Any]:
        return self.config_of("negative_slope")


class ELU(ActivationLayer):
    """y = x where x > 0, else alpha*(exp(x) - 1).

    Shapes: any, unchanged. Raises TypeError or ValueError for an alpha that is not a number, or negative.
    Source: Keras's ELU; Clevert et al. 2016.
    """

    def __init__(self, alpha: float = 1.0, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.activation = elu.configured(self.name, alpha=alpha)

    def get_config(self) -> dict[str, Any]:
        return self.config_of("alpha")


class Softmax(ActivationLayer):
    """y[k] = exp(x[k]) / sum of exp(x), along the axis.

    axis: an integer, counted with the batch axis, which is 0. A model that ends in it is trained on its input, as after
    `Dense(10, activation="softmax")`.
    Shapes: any, unchanged. Raises TypeError for an axis that is not an integer; at build, ValueError for one that the
    input has not, or for the batch's. Source: Keras's Softmax.
    """

    def __init__(self, axis: int = -1, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.activation = softmax.configured(self.name, axis=axis)

    def get_config(self) -> dict[str, Any]:
        return self.config_of("axis")
