"""The transposed convolution. The mathematics is in `functional/transposed.py`."""

from typing import Any, Unpack

from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.typing import Array, Pair, Shape
from numpycnn.constraints import ConstraintLike
from numpycnn.initializers import Initializer, InitializerLike, get_initializer, initializer_config
from numpycnn.layers.activation import ActivationLike
from numpycnn.layers.base import CommonOptions
from numpycnn.layers.convolutional import ConvCache, ConvolutionLayer
from numpycnn.layers.data_format import join_shape, split_shape
from numpycnn.regularizers import RegularizerLike


def check_output_padding(owner: str, value: Any, strides: Pair) -> Pair | None:
    """None or (rows, columns). Raises TypeError or ValueError unless each is from 0 to below its stride."""
    if value is None:
        return None
    rows, cols = (
        checks.sequence(owner, "output_padding", value, length=2) if isinstance(value, tuple | list) else (value, value)
    )
    return (
        checks.integer(owner, "output_padding", rows, at_least=0, at_most=strides[0] - 1),
        checks.integer(owner, "output_padding", cols, at_least=0, at_most=strides[1] - 1),
    )


class Conv2DTranspose(ConvolutionLayer):
    """Transposed convolution: y = activation(conv2d_transpose(x, kernel) + bias), the way back of a Conv2D.

    Shapes: images (N, H, W, C) to (N, OH, OW, filters), or with data_format "channels_first" (N, C, H, W) to
    (N, filters, OH, OW). OH = (H - 1)*s + max(e, s) with padding "valid", H*s with "same", where s is the stride and
    e = (kernel_size - 1)*dilation_rate + 1; with an output_padding p it is (H - 1)*s + e + p, and
    (H - 1)*s + e mod 2 + p.
    Parameters: "kernel", (KH, KW, filters, C) in both data formats, and "bias", (filters,).

    output_padding: rows and columns that are added at the end, each below its stride: None, one integer, or (rows,
    columns). The other arguments and the errors are those of Conv2D; every kernel_size fits, and at build there must be
    rows and columns to come out. Source: Keras's Conv2DTranspose; here strides and dilation_rate may both be above 1.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = (1, 1),
        padding: str = "valid",
        output_padding: int | tuple[int, int] | None = None,
        data_format: str | None = None,
        dilation_rate: int | tuple[int, int] = (1, 1),
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
        super().__init__(
            *(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, bias_initializer),
            activity_regularizer=activity_regularizer,
            **options,
        )
        self.filters = checks.size(self.name, "filters", filters)
        self.output_padding = check_output_padding(self.name, output_padding, self.window.strides)
        self.kernel_initializer = get_initializer(self.name, "kernel_initializer", kernel_initializer)
        self.regularize("kernel", kernel_regularizer, kernel_constraint)
        self.regularize("bias", bias_regularizer, bias_constraint)

    def convolved_shape(self, input_shape: Shape) -> Shape:
        image, _ = split_shape(self.name, input_shape, self.data_format)
        output = F.transposed_size(image, self.window, self.output_padding)
        if min(output) < 1:
            raise ValueError(f"{self.name}: of an image of {image} with this output_padding, {output} pixels come out")
        return join_shape(output, self.filters, self.data_format)

    def all_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        kernel = (*self.window.size, self.filters, self.channels(input_shape))
        return {"kernel": kernel, "bias": (self.filters,)}

    def kernel_initializers(self) -> dict[str, Initializer]:
        return {"kernel": self.kernel_initializer}

    def convolve(self, x: Array) -> tuple[Array, Array]:
        """The backward needs the input."""
        bias = self.params.get("bias")
        return F.conv2d_transpose(x, self.params["kernel"], bias, self.window, self.output_padding), x

    def gradients_from(self, dz: Array, cache: ConvCache) -> tuple[Array, ...]:
        return F.conv2d_transpose_backward(dz, cache.linear, self.params["kernel"], self.window)

    def convolve_backward_input(self, dz: Array, cache: ConvCache) -> Array:
        return F.conv2d_transpose_backward_input(dz, self.params["kernel"], cache.x_shape, self.window)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "output_padding": None if self.output_padding is None else list(self.output_padding),
            "kernel_initializer": initializer_config(self.kernel_initializer),
        }
