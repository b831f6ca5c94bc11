"""Convolutions of each channel by itself: DepthwiseConv2D, and SeparableConv2D, which then mixes the channels."""

from typing import Any, NamedTuple, Unpack

from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.typing import Array, Shape
from numpycnn.constraints import ConstraintLike
from numpycnn.functional.window import Window
from numpycnn.initializers import Initializer, InitializerLike, get_initializer, initializer_config
from numpycnn.layers.activation import ActivationLike
from numpycnn.layers.base import CommonOptions
from numpycnn.layers.convolutional import ConvCache, ConvolutionLayer
from numpycnn.layers.data_format import from_channels_last
from numpycnn.layers.window import output_shape
from numpycnn.regularizers import RegularizerLike

POINT = Window((1, 1))
"""The window of a pointwise convolution."""


class DepthwiseConv2D(ConvolutionLayer):
    """Depthwise convolution: y = activation(depthwise_conv2d(x, kernel) + bias).

    Shapes: images (N, H, W, C) to (N, OH, OW, C*depth_multiplier), or with data_format "channels_first" with the
    channels after N; OH and OW as for Conv2D.
    Parameters: "kernel", (KH, KW, C, depth_multiplier) in both data formats, and "bias", (C*depth_multiplier,).

    depth_multiplier: the number of filters for each channel; their outputs are neighbours. depthwise_initializer,
    depthwise_regularizer, depthwise_constraint: those of the kernel. The other arguments and the errors are those of
    Conv2D. Source: Keras's DepthwiseConv2D; here strides and dilation_rate may both be above 1.
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = (1, 1),
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: int | tuple[int, int] = (1, 1),
        activation: ActivationLike = None,
        use_bias: bool = True,
        depthwise_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        depthwise_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        depthwise_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **options: Unpack[CommonOptions],
    ) -> None:
        super().__init__(
            *(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, bias_initializer),
            activity_regularizer=activity_regularizer,
            **options,
        )
        self.depth_multiplier = checks.size(self.name, "depth_multiplier", depth_multiplier)
        self.depthwise_initializer = get_initializer(self.name, "depthwise_initializer", depthwise_initializer)
        self.regularize("kernel", depthwise_regularizer, depthwise_constraint, "depthwise")
        self.regularize("bias", bias_regularizer, bias_constraint)

    def convolved_shape(self, input_shape: Shape) -> Shape:
        filters = self.channels(input_shape) * self.depth_multiplier
        return output_shape(self.name, self.window, self.data_format, input_shape, filters)

    def all_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        channels = self.channels(input_shape)
        kernel = (*self.window.size, channels, self.depth_multiplier)
        return {"kernel": kernel, "bias": (channels * self.depth_multiplier,)}

    def kernel_initializers(self) -> dict[str, Initializer]:
        return {"kernel": self.depthwise_initializer}

    def convolve(self, x: Array) -> tuple[Array, Array]:
        """The backward needs the input."""
        return F.depthwise_conv2d(x, self.params["kernel"], self.params.get("bias"), self.window), x

    def gradients_from(self, dz: Array, cache: ConvCache) -> tuple[Array, ...]:
        return F.depthwise_conv2d_backward(dz, cache.linear, self.params["kernel"], self.window)

    def convolve_backward_input(self, dz: Array, cache: ConvCache) -> Array:
        return F.depthwise_conv2d_backward_input(dz, self.params["kernel"], cache.x_shape, self.window)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "depth_multiplier": self.depth_multiplier,
            "depthwise_initializer": initializer_config(self.depthwise_initializer),
        }


class SeparableCache(NamedTuple):
    """What the linear map of SeparableConv2D keeps."""

    x: Array
    """The input, channels last: (N, H, W, C)."""
    depthwise: Array
    """The depthwise convolution's output: (N, OH, OW, C*depth_multiplier)."""


class SeparableConv2D(ConvolutionLayer):
    """Depthwise separable convolution: each channel by itself, then a 1x1 convolution that mixes the channels.

        y = activation(conv2d(depthwise_conv2d(x, depthwise_kernel), pointwise_kernel) + bias)

    Shapes: images (N, H, W, C) to (N, OH, OW, filters), or with data_format "channels_first" (N, C, H, W) to
    (N, filters, OH, OW); OH and OW as for Conv2D.
    Parameters: "depthwise_kernel", (KH, KW, C, depth_multiplier), "pointwise_kernel",
    (1, 1, C*depth_multiplier, filters), and "bias", (filters,).

    depth_multiplier: the number of depthwise filters for each channel. depthwise_initializer, pointwise_initializer
    and so on: those of the kernels. The other arguments and the errors are those of Conv2D; strides and dilation_rate
    belong to the depthwise convolution. Source: Keras's SeparableConv2D; here both may be above 1.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | tuple[int, int] = (1, 1),
        depth_multiplier: int = 1,
        activation: ActivationLike = None,
        use_bias: bool = True,
        depthwise_initializer: InitializerLike = "glorot_uniform",
        pointwise_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        depthwise_regularizer: RegularizerLike = None,
        pointwise_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        depthwise_constraint: ConstraintLike = None,
        pointwise_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **options: Unpack[CommonOptions],
    ) -> None:
        super().__init__(
            *(kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias, bias_initializer),
            activity_regularizer=activity_regularizer,
            **options,
        )
        self.filters = checks.size(self.name, "filters", filters)
        self.depth_multiplier = checks.size(self.name, "depth_multiplier", depth_multiplier)
        self.depthwise_initializer = get_initializer(self.name, "depthwise_initializer", depthwise_initializer)
        self.pointwise_initializer = get_initializer(self.name, "pointwise_initializer", pointwise_initializer)
        self.regularize("depthwise_kernel", depthwise_regularizer, depthwise_constraint, "depthwise")
        self.regularize("pointwise_kernel", pointwise_regularizer, pointwise_constraint, "pointwise")
        self.regularize("bias", bias_regularizer, bias_constraint)

    def convolved_shape(self, input_shape: Shape) -> Shape:
        return output_shape(self.name, self.window, self.data_format, input_shape, self.filters)

    def all_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        channels = self.channels(input_shape)
        return {
            "depthwise_kernel": (*self.window.size, channels, self.depth_multiplier),
            "pointwise_kernel": (1, 1, channels * self.depth_multiplier, self.filters),
            "bias": (self.filters,),
        }

    def kernel_initializers(self) -> dict[str, Initializer]:
        return {"depthwise_kernel": self.depthwise_initializer, "pointwise_kernel": self.pointwise_initializer}

    def convolve(self, x: Array) -> tuple[Array, SeparableCache]:
        depthwise = F.depthwise_conv2d(x, self.params["depthwise_kernel"], None, self.window)  # (N, OH, OW, C*M)
        z, _ = F.conv2d(depthwise, self.params["pointwise_kernel"], self.params.get("bias"), POINT)  # (N, OH, OW, F)
        return z, SeparableCache(x, depthwise)

    def depthwise_gradient(self, dz: Array, cache: ConvCache) -> Array:
        """The gradient of the depthwise convolution's output: (N, OH, OW, C*M)."""
        return F.conv2d_backward_input(dz, self.params["pointwise_kernel"], cache.linear.depthwise.shape, POINT)

    def gradients_from(self, dz: Array, cache: ConvCache) -> tuple[Array, ...]:
        return self.gradients_between(dz, self.depthwise_gradient(dz, cache), cache)

    def convolve_backward_input(self, dz: Array, cache: ConvCache) -> Array:
        return self.image_gradient(self.depthwise_gradient(dz, cache), cache)

    def backward(self, dy: Array, cache: ConvCache) -> tuple[Array, dict[str, Array]]:
        """Both use the gradient between the two convolutions, which is computed once."""
        dz = self.pre_activation_gradient(dy, cache)
        between = self.depthwise_gradient(dz, cache)
        dx = from_channels_last(self.image_gradient(between, cache), self.data_format)
        return dx, self.named(*self.gradients_between(dz, between, cache))

    def gradients_between(self, dz: Array, between: Array, cache: ConvCache) -> tuple[Array, ...]:
        """`gradients_from`, given what `depthwise_gradient` returns."""
        x, depthwise = cache.linear
        dpointwise, dbias = F.conv2d_backward(dz, F.im2col(depthwise, POINT), self.params["pointwise_kernel"])
        ddepthwise, _ = F.depthwise_conv2d_backward(between, x, self.params["depthwise_kernel"], self.window)
        return ddepthwise, dpointwise, dbias

    def image_gradient(self, between: Array, cache: ConvCache) -> Array:
        """The gradient of x, (N, H, W, C), likewise."""
        return F.depthwise_conv2d_backward_input(between, self.params["depthwise_kernel"], cache.x_shape, self.window)

    def inside(self, x: Array, cache: ConvCache) -> dict[str, Array]:
        """The depthwise convolution's output, (N, OH, OW, C*M), and the pre-activation, (N, OH, OW, F)."""
        return {"depthwise": cache.linear.depthwise, **super().inside(x, cache)}

    def inside_gradients(self, dy: Array, cache: ConvCache) -> dict[str, Array]:
        """dL/d depthwise, and dL/d pre-activation."""
        dz = self.pre_activation_gradient(dy, cache)
        return {"depthwise": self.depthwise_gradient(dz, cache), "pre_activation": dz}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            "depth_multiplier": self.depth_multiplier,
            "depthwise_initializer": initializer_config(self.depthwise_initializer),
            "pointwise_initializer": initializer_config(self.pointwise_initializer),
        }
