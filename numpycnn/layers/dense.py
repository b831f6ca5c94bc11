"""The fully connected layer. The mathematics is in `functional/dense.py`."""

from typing import Any, NamedTuple, Unpack

from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.constraints import ConstraintLike
from numpycnn.initializers import Initializer, InitializerLike, get_initializer, initializer_config
from numpycnn.layers.activation import ActivationLike
from numpycnn.layers.base import CommonOptions
from numpycnn.layers.kernel import KernelLayer
from numpycnn.regularizers import RegularizerLike


class DenseCache(NamedTuple):
    """What the backward of Dense needs."""

    x: Array
    """The input: (N, ..., D)."""
    z: Array
    """The pre-activation: (N, ..., units); y instead, if the activation's backward needs only y."""
    y: Array
    """The output: (N, ..., units)."""


class Dense(KernelLayer):
    """Fully connected: y = activation(x @ kernel + bias).

    Shapes: (N, ..., D) to (N, ..., units), along the last axis; of these the activation glu keeps half.
    Parameters: "kernel", (D, units), and "bias", (units,).

    units: the number of outputs. activation, use_bias and all others: as for Conv2D.

    Raises TypeError or ValueError for an argument of the wrong kind or value. Source: Keras's Dense.
    """

    def __init__(
        self,
        units: int,
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **options: Unpack[CommonOptions],
    ) -> None:
        super().__init__(activation, use_bias, bias_initializer, activity_regularizer=activity_regularizer, **options)
        self.units = checks.size(self.name, "units", units)
        self.kernel_initializer = get_initializer(self.name, "kernel_initializer", kernel_initializer)
        self.regularize("kernel", kernel_regularizer, kernel_constraint)
        self.regularize("bias", bias_regularizer, bias_constraint)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        if not input_shape:
            raise ValueError(f"{self.name}: expected at least one axis besides the batch's; received {input_shape}")
        return self.activation.output_shape_for(self.name, (*input_shape[:-1], self.units))

    def all_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        return {"kernel": (input_shape[-1], self.units), "bias": (self.units,)}

    def kernel_initializers(self) -> dict[str, Initializer]:
        return {"kernel": self.kernel_initializer}

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, DenseCache]:
        self.check_input(x)
        z = F.dense(x, self.params["kernel"], self.params.get("bias"))  # (N, ..., U)
        y = self.activation.forward(z)
        return y, DenseCache(x, self.activation.kept(z, y), y)

    def gradients_from(self, dz: Array, cache: DenseCache) -> tuple[Array, Array]:
        return F.dense_backward(dz, cache.x)

    def input_gradient_from(self, dz: Array, cache: DenseCache) -> Array:
        return F.dense_backward_input(dz, self.params["kernel"])

    def inside(self, x: Array, cache: DenseCache) -> dict[str, Array]:
        """The pre-activation: (N, ..., units)."""
        return {"pre_activation": self.without_activation().forward(x)[0]}

    def inside_gradients(self, dy: Array, cache: DenseCache) -> dict[str, Array]:
        """dL/d pre-activation."""
        return {"pre_activation": self.pre_activation_gradient(dy, cache)}

    def get_config(self) -> dict[str, Any]:
        own = {"units": self.units, "kernel_initializer": initializer_config(self.kernel_initializer)}
        return {**super().get_config(), **own}
