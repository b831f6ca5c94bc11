"""PReLU, the rectifier whose slope is learned. The mathematics is in `functional/rectifiers.py`."""

from typing import Any, Unpack

from numpycnn import functional as F
from numpycnn import initializers
from numpycnn.common import checks
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.constraints import ConstraintLike
from numpycnn.initializers import InitializerLike
from numpycnn.layers.base import Layer, LayerOptions
from numpycnn.layers.kernel import initial_arrays
from numpycnn.regularizers import RegularizerLike


class PReLU(Layer):
    """y = x where x > 0, else alpha*x, with a learned alpha for each number of an example.

    Shapes: any with an axis besides the batch's, unchanged.
    Parameter: "alpha", of the shape of one example, with 1 for the shared axes.

    alpha_initializer: a name or object, see `initializers.py`; alpha_regularizer and alpha_constraint as
    kernel_regularizer and kernel_constraint of Conv2D. shared_axes: the axes, counted with the batch axis,
    along which all numbers have one alpha: [1, 2] for one alpha for each channel of images (N, H, W, C).

    Raises TypeError or ValueError for an argument of the wrong kind or value, and at build for an axis that the input
    has not. Source: Keras's PReLU; He et al. 2015.
    """

    uses_rng = False

    def __init__(
        self,
        alpha_initializer: InitializerLike = "zeros",
        alpha_regularizer: RegularizerLike = None,
        alpha_constraint: ConstraintLike = None,
        shared_axes: int | list[int] | tuple[int, ...] | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        self.alpha_initializer = initializers.get_initializer(self.name, "alpha_initializer", alpha_initializer)
        self.regularize("alpha", alpha_regularizer, alpha_constraint)
        given = [] if shared_axes is None else shared_axes
        axes = given if isinstance(given, (list, tuple)) else [given]
        self.shared_axes = [checks.integer(self.name, "shared_axes", axis, at_most=checks.MAX_AXES) for axis in axes]

    def output_shape_for(self, input_shape: Shape) -> Shape:
        for axis in self.shared_axes:
            if axis > len(input_shape):
                shape = checks.batch_of(input_shape)
                raise ValueError(f"{self.name}: shared_axes must be axes of the input {shape}; received {axis}")
        return input_shape

    def param_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        shared = (1 if axis in self.shared_axes else size for axis, size in enumerate(input_shape, start=1))
        return {"alpha": tuple(shared)}

    def make_params(self, input_shape: Shape, rng: Rng, dtype: Any) -> dict[str, Array]:
        chosen = {"alpha": self.alpha_initializer}
        return initial_arrays(self.name, self.param_shapes(input_shape), chosen, rng, dtype)

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Array]:
        """The cache is x."""
        self.check_input(x)
        return F.prelu(x, self.params["alpha"]), x

    def backward(self, dy: Array, cache: Array) -> tuple[Array, dict[str, Array]]:
        dx, dalpha = F.prelu_backward(dy, cache, self.params["alpha"])
        return dx, {"alpha": dalpha}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "alpha_initializer": initializers.initializer_config(self.alpha_initializer),
            "shared_axes": self.shared_axes or None,
        }
