"""The layers that convolve: Conv2D. The mathematics is in `functional/convolution.py`."""

from typing import Any, NamedTuple, Unpack

from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.functional.window import Window
from numpycnn.initializers import Initializer
from numpycnn.layers.activation import ActivationLike
from numpycnn.layers.base import LayerOptions
from numpycnn.layers.data_format import check_data_format, from_channels_last, split_shape, to_channels_last
from numpycnn.layers.kernel import KernelLayer
from numpycnn.layers.window import check_padding, output_shape


class ConvCache(NamedTuple):
    """What the backward of Conv2D needs."""

    cols: Array
    """The input's patches as rows, from im2col: (N*OH*OW, KH*KW*C)."""
    x_shape: Shape
    """The input's shape, channels last: (N, H, W, C)."""
    z: Array
    """The pre-activation, in the layer's data format; y instead, if the activation's backward needs only y."""
    y: Array
    """The output, in the layer's data format."""


class Conv2D(KernelLayer):
    """Convolution: y = activation(conv2d(x, kernel) + bias), computed by im2col.

    Shapes: images (N, H, W, C) to (N, OH, OW, filters), or with data_format "channels_first" (N, C, H, W) to
    (N, filters, OH, OW). OH = floor((H - e)/s) + 1 with padding "valid", ceil(H/s) with "same", where s is the stride
    and e = (kernel_size - 1)*dilation_rate + 1.
    Parameters: "kernel", (KH, KW, C, filters) in both data formats, and "bias", (filters,).

    filters: the number of output channels. kernel_size, strides, dilation_rate: one integer, or (rows,
    columns). padding: "valid" or "same"; an odd row or column of padding goes to the end. activation: what `Activation`
    takes, or None.
    data_format: by default the backend's setting when the layer is created.

    use_bias: whether to add a bias. kernel_initializer, bias_initializer: names or objects, see `initializers.py`.

    Raises TypeError or ValueError for an argument of the wrong kind or value, and at build, with padding "valid", for a
    kernel that spans more than its input. Source: Keras's Conv2D; here strides and dilation_rate may both be above 1.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | tuple[int, int] = (1, 1),
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: str | Initializer = "glorot_uniform",
        bias_initializer: str | Initializer = "zeros",
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(activation, use_bias, kernel_initializer, bias_initializer, **options)
        self.filters = checks.size(self.name, "filters", filters)
        self.data_format = check_data_format(self.name, data_format)
        self.window = Window(
            size=checks.pair(self.name, "kernel_size", kernel_size),
            strides=checks.pair(self.name, "strides", strides),
            padding=check_padding(self.name, padding),
            dilation=checks.pair(self.name, "dilation_rate", dilation_rate),
        )

    def output_shape_for(self, input_shape: Shape) -> Shape:
        shape = output_shape(self.name, self.window, self.data_format, input_shape, self.filters)
        return self.activation.output_shape_for(self.name, shape)

    def kernel_shape(self, input_shape: Shape) -> Shape:
        _, channels = split_shape(self.name, input_shape, self.data_format)
        return (*self.window.size, channels, self.filters)

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, ConvCache]:
        self.check_input(x)
        x = to_channels_last(x, self.data_format)  # (N, H, W, C)
        z, cols = F.conv2d(x, self.params["kernel"], self.params.get("bias"), self.window)  # (N, OH, OW, F)
        z = from_channels_last(z, self.data_format)  # (N, OH, OW, F), or (N, F, OH, OW)
        y = self.activation.forward(z)
        return y, ConvCache(cols, x.shape, self.activation.kept(z, y), y)

    def pre_activation_gradient(self, dy: Array, cache: ConvCache) -> Array:
        """dz, channels last."""
        return to_channels_last(super().pre_activation_gradient(dy, cache), self.data_format)  # (N, OH, OW, F)

    def gradients_from(self, dz: Array, cache: ConvCache) -> tuple[Array, Array]:
        return F.conv2d_backward(dz, cache.cols, self.params["kernel"])

    def input_gradient_from(self, dz: Array, cache: ConvCache) -> Array:
        dx = F.conv2d_backward_input(dz, self.params["kernel"], cache.x_shape, self.window)  # (N, H, W, C)
        return from_channels_last(dx, self.data_format)

    def inside(self, x: Array, cache: ConvCache) -> dict[str, Array]:
        """The im2col matrix of each image, (N, OH*OW, KH*KW*C), and the pre-activation, (N, OH, OW, F).

        Row i*OW + j of "patches" is the patch under the window at output cell (i, j); column (u*KW + v)*C + c is the
        pixel under tap (u, v), in channel c.
        """
        z, _ = self.without_activation().forward(x)
        patches = cache.cols.reshape(len(x), -1, cache.cols.shape[1])  # (N, OH*OW, KH*KW*C)
        return {"patches": patches, "pre_activation": to_channels_last(z, self.data_format)}

    def inside_gradients(self, dy: Array, cache: ConvCache) -> dict[str, Array]:
        """dL/d patches, which col2im sums, and dL/d pre-activation."""
        dz, kernel = self.pre_activation_gradient(dy, cache), self.params["kernel"]
        rows = dz.reshape(len(dz), -1, self.filters)  # (N, OH*OW, F)
        dpatches = rows @ kernel.reshape(-1, self.filters).T  # (N, OH*OW, KH*KW*C)
        return {"patches": dpatches, "pre_activation": dz}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": list(self.window.size),
            "strides": list(self.window.strides),
            "padding": self.window.padding,
            "dilation_rate": list(self.window.dilation),
            "data_format": self.data_format,
        }
