"""Convolutions by Keras 1's arguments: the rows and the columns of a kernel one by one."""

from functools import partial
from typing import Any

from numpycnn import backend
from numpycnn.activations import elementwise
from numpycnn.common import checks
from numpycnn.common.older import warn
from numpycnn.layers import Activation, Conv2D, Conv2DTranspose, Layer, ReLU, SeparableConv2D


def convolution(cls: type[Conv2D | Conv2DTranspose | SeparableConv2D], old: str, *args: Any, **options: Any) -> Layer:
    """A layer of that class from (filters, rows, columns[, init[, activation]]), or from today's arguments.

    Conv2D itself reads the third number as its strides: so it does in Keras 3, under this name too.
    """
    if len(args) < 3:
        return cls(*args, **options)
    warn(f"{old}(filters, rows, columns)", f"write {cls.__name__}(filters, (rows, columns))")
    filters, rows, columns, *others = args
    return cls(filters, (rows, columns), **dict(zip(("init", "activation"), others, strict=False)), **options)


convolution2d = partial(convolution, Conv2D, "Convolution2D")
separable_convolution2d = partial(convolution, SeparableConv2D, "SeparableConvolution2D")


def atrous_convolution2d(*args: Any, **options: Any) -> Layer:
    """Convolution2D with atrous_rate, which is dilation_rate today."""
    warn("AtrousConvolution2D", "write Conv2D(dilation_rate=...)")
    return convolution2d(*args, **options)


def deconvolution2d(*args: Any, output_shape: Any = None, **options: Any) -> Layer:
    """Conv2DTranspose from (filters, rows, columns, output_shape, ...); it knows its output's shape itself."""
    warn("Deconvolution2D", "write Conv2DTranspose")
    return convolution(Conv2DTranspose, "Deconvolution2D", *args[:3], *args[4:], **options)


def thresholded_relu(theta: float = 1.0, **options: Any) -> Layer:
    """y = x where x > theta, else 0, as ReLU(threshold=theta) is today."""
    warn("ThresholdedReLU", "write ReLU(threshold=...)")
    return ReLU(threshold=theta, **options)


def elementwise_lambda(
    function: Any, output_shape: Any = None, mask: Any = None, arguments: Any = None, **options: Any
) -> Layer:
    """Lambda(function), of an elementwise function: an activation. output_shape and mask are not looked at.

    Raises TypeError for another function, whose gradient is not known.
    """
    warn("Lambda", "write Activation(function), with an elementwise function")
    checks.function("Lambda", "function", function)
    return Activation(elementwise("Lambda", partial(function, **(arguments or {})), "lambda"), **options)


def require_no_renorm(layer: Layer, value: Any) -> None:
    """Raise ValueError unless BatchNormalization's renorm is false: batch renormalization is in no Keras of today."""
    if value:
        raise ValueError("BatchNormalization: renorm, an argument of Keras 2's, must be False")


def require_mode(layer: Layer, value: Any) -> None:
    """Raise ValueError unless BatchNormalization's mode is 0: by feature, and with the batch's mean in training."""
    checks.integer("BatchNormalization", "mode, an argument of Keras 1's,", value, at_least=0, at_most=0)


def start_with(layer: Layer, value: Any) -> None:
    """Keras 1's and 2's weights=[...] of a layer: what `set_weights` is given once the layer is built."""
    warn("weights", "call set_weights(...) of the layer after it is built")
    if value is None:
        return

    def finish_build(*arrays: Any) -> None:
        del vars(layer)["finish_build"]  # once; the class's own from now on
        layer.finish_build(*arrays)
        layer.set_weights(value)

    vars(layer)["finish_build"] = finish_build


def require_floatx(layer: Layer, value: Any) -> None:
    """Raise ValueError unless a layer's dtype is the backend's, which all layers have."""
    if value is not None and value != backend.floatx():
        layers, received = type(layer).__name__, checks.short_repr(value)
        raise ValueError(f"{layers}: dtype must be {backend.floatx()!r}, see backend.set_floatx; received {received}")
