"""The layers that convolve: their common base, and Conv2D. The mathematics is in `functional/`."""

from typing import Any, NamedTuple, Unpack

import numpy as np

from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.typing import Array, Pair, Rng, Shape
from numpycnn.constraints import ConstraintLike
from numpycnn.functional.grouped import parts, side_by_side
from numpycnn.functional.window import Window
from numpycnn.initializers import Initializer, InitializerLike, get_initializer, initializer_config
from numpycnn.layers.activation import ActivationLike
from numpycnn.layers.base import CommonOptions, LayerOptions
from numpycnn.layers.data_format import check_data_format, from_channels_last, split_shape, to_channels_last
from numpycnn.layers.kernel import KernelLayer
from numpycnn.layers.window import Windowed, check_padding, output_shape
from numpycnn.regularizers import RegularizerLike


class ConvCache(NamedTuple):
    """What the backward of a convolution needs."""

    linear: Any
    """What its linear map keeps: see `convolve`."""
    x_shape: Shape
    """The input's shape, channels last: (N, H, W, C)."""
    z: Array
    """The pre-activation, in the layer's data format; y instead, if the activation's backward needs only y."""
    y: Array
    """The output, in the layer's data format."""


class ConvolutionLayer(KernelLayer, Windowed):
    """Base class of layers that slide kernels over an image: a subclass writes the linear map, for channels last."""

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int],
        padding: str,
        data_format: str | None,
        dilation_rate: int | tuple[int, int],
        activation: ActivationLike,
        use_bias: bool,
        bias_initializer: InitializerLike,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(activation, use_bias, bias_initializer, **options)
        self.data_format = check_data_format(self.name, data_format)
        self.window = Window(
            size=checks.pair(self.name, "kernel_size", kernel_size),
            strides=checks.pair(self.name, "strides", strides),
            padding=check_padding(self.name, padding),
            dilation=checks.pair(self.name, "dilation_rate", dilation_rate),
        )

    @property
    def kernel_size(self) -> Pair:
        """(rows, columns) of the kernel."""
        return self.window.size

    @property
    def dilation_rate(self) -> Pair:
        """(rows, columns) from one tap of the kernel to the next."""
        return self.window.dilation

    def channels(self, input_shape: Shape) -> int:
        """The number of channels of an input."""
        return split_shape(self.name, input_shape, self.data_format)[1]

    def convolved_shape(self, input_shape: Shape) -> Shape:
        """The pre-activation's shape, for that of an input; raises as `output_shape_for`."""
        raise NotImplementedError(f"{type(self).__name__} does not define convolved_shape")

    def convolve(self, x: Array) -> tuple[Array, Any]:
        """(z, what the backward needs): the kernels applied to x, (N, H, W, C), and the bias added."""
        raise NotImplementedError(f"{type(self).__name__} does not define convolve")

    def convolve_backward_input(self, dz: Array, cache: ConvCache) -> Array:
        """The gradient of x: (N, H, W, C)."""
        raise NotImplementedError(f"{type(self).__name__} does not define convolve_backward_input")

    def output_shape_for(self, input_shape: Shape) -> Shape:
        return self.activation.output_shape_for(self.name, self.convolved_shape(input_shape))

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, ConvCache]:
        self.check_input(x)
        x = to_channels_last(x, self.data_format)  # (N, H, W, C)
        z, linear = self.convolve(x)  # (N, OH, OW, F)
        z = from_channels_last(z, self.data_format)  # (N, OH, OW, F), or (N, F, OH, OW)
        y = self.activation.forward(z)
        return y, ConvCache(linear, x.shape, self.activation.kept(z, y), y)

    def pre_activation_gradient(self, dy: Array, cache: ConvCache) -> Array:
        """dz, channels last."""
        return to_channels_last(super().pre_activation_gradient(dy, cache), self.data_format)  # (N, OH, OW, F)

    def input_gradient_from(self, dz: Array, cache: ConvCache) -> Array:
        dx = self.convolve_backward_input(dz, cache)  # (N, H, W, C)
        return from_channels_last(dx, self.data_format)

    def inside(self, x: Array, cache: ConvCache) -> dict[str, Array]:
        """The pre-activation, (N, OH, OW, F)."""
        z, _ = self.without_activation().forward(x)
        return {"pre_activation": to_channels_last(z, self.data_format)}

    def inside_gradients(self, dy: Array, cache: ConvCache) -> dict[str, Array]:
        """dL/d pre-activation."""
        return {"pre_activation": self.pre_activation_gradient(dy, cache)}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "kernel_size": list(self.window.size),
            "strides": list(self.window.strides),
            "padding": self.window.padding,
            "dilation_rate": list(self.window.dilation),
            "data_format": self.data_format,
        }


class Conv2D(ConvolutionLayer):
    """Convolution: y = activation(conv2d(x, kernel) + bias), computed by im2col.

    Shapes: images (N, H, W, C) to (N, OH, OW, filters), or with data_format "channels_first" (N, C, H, W) to
    (N, filters, OH, OW). OH = floor((H - e)/s) + 1 with padding "valid", ceil(H/s) with "same", where s is the stride
    and e = (kernel_size - 1)*dilation_rate + 1.
    Parameters: "kernel", (KH, KW, C/groups, filters) in both data formats, and "bias", (filters,).

    filters: the number of output channels. kernel_size, strides, dilation_rate: one integer, or (rows,
    columns). padding: "valid" or "same"; an odd row or column of padding goes to the end. activation: what `Activation`
    takes, or None. data_format: by default the backend's setting when the layer is created. groups: into how many the
    channels are divided; each has its share of the filters, which see nothing else.

    use_bias: whether to add a bias. kernel_initializer, bias_initializer: names or objects, see `initializers.py`.
    kernel_regularizer, bias_regularizer, activity_regularizer: penalties of the parameters and of the output, which are
    added to the loss, see `regularizers.py`. kernel_constraint, bias_constraint: what the parameters are changed to
    after each step, see `constraints.py`.

    Raises TypeError or ValueError for an argument of the wrong kind or value, and at build, with padding "valid", for a
    kernel that spans more than its input, and for channels that the groups do not divide. Source: Keras's Conv2D; here
    strides and dilation_rate may both be above 1.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | tuple[int, int] = (1, 1),
        groups: int = 1,
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
        self.groups = checks.size(self.name, "groups", groups)
        if self.filters % self.groups:
            raise ValueError(f"{self.name}: groups must divide the {self.filters} filters; received {self.groups}")
        self.kernel_initializer = get_initializer(self.name, "kernel_initializer", kernel_initializer)
        self.regularize("kernel", kernel_regularizer, kernel_constraint)
        self.regularize("bias", bias_regularizer, bias_constraint)

    def convolved_shape(self, input_shape: Shape) -> Shape:
        if self.channels(input_shape) % self.groups:
            raise ValueError(
                f"{self.name}: groups must divide the channels; received {self.groups} for images {input_shape}"
            )
        return output_shape(self.name, self.window, self.data_format, input_shape, self.filters)

    def all_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        width = self.channels(input_shape) // self.groups
        return {"kernel": (*self.window.size, width, self.filters), "bias": (self.filters,)}

    def kernel_initializers(self) -> dict[str, Initializer]:
        return {"kernel": self.kernel_initializer}

    def convolve(self, x: Array) -> tuple[Array, tuple[Array, ...]]:
        """For the backward, each group's patches as rows, from im2col: (N*OH*OW, KH*KW*C/groups)."""
        return F.grouped_conv2d(x, self.params["kernel"], self.params.get("bias"), self.window, self.groups)

    def gradients_from(self, dz: Array, cache: ConvCache) -> tuple[Array, ...]:
        return F.grouped_conv2d_backward(dz, cache.linear, self.params["kernel"], self.groups)

    def convolve_backward_input(self, dz: Array, cache: ConvCache) -> Array:
        return F.grouped_conv2d_backward_input(dz, self.params["kernel"], cache.x_shape, self.window, self.groups)

    def inside(self, x: Array, cache: ConvCache) -> dict[str, Array]:
        """The im2col matrix of each image, (N, OH*OW, KH*KW*C), and the pre-activation, (N, OH, OW, F).

        Row i*OW + j of "patches" is the patch under the window at output cell (i, j); column (u*KW + v)*C + c is the
        pixel under tap (u, v), in channel c.
        """
        cols = F.im2col(to_channels_last(x, self.data_format), self.window)  # (N*OH*OW, KH*KW*C)
        patches = cols.reshape(len(x), -1, cols.shape[1])  # (N, OH*OW, KH*KW*C)
        return {"patches": patches, **super().inside(x, cache)}

    def inside_gradients(self, dy: Array, cache: ConvCache) -> dict[str, Array]:
        """dL/d patches, which col2im sums, and dL/d pre-activation."""
        dz = self.pre_activation_gradient(dy, cache)
        rows = dz.reshape(len(dz), -1, self.filters)  # (N, OH*OW, F)
        of_groups = parts(rows, self.params["kernel"], self.groups)
        dpatches = [np.tensordot(own.images, own.kernel, (2, 3)) for own in of_groups]  # (N, OH*OW, KH, KW, C/G) each
        whole = side_by_side(dpatches).reshape(*rows.shape[:2], -1)  # (N, OH*OW, KH*KW*C)
        return {"patches": whole, "pre_activation": dz}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "groups": self.groups,
            "kernel_initializer": initializer_config(self.kernel_initializer),
        }
