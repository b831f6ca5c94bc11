"""How many multiplications with weights a layer makes for one example."""

from math import prod

from numpycnn.layers import Conv2DTranspose, Dense, Layer
from numpycnn.layers.container import Container
from numpycnn.layers.convolutional import ConvolutionLayer
from numpycnn.layers.data_format import split_shape


def multiply_accumulates(layer: Layer) -> int:
    """The multiply-accumulates of a built layer for one example: each of its kernels, once at every position.

    A position is a pixel of the output of a convolution, of the input of a transposed one, or a row that Dense takes.
    Taps on the padding count too; bias, activation, pooling and normalization, and layers of the user's own, do not.
    """
    if isinstance(layer, Container):
        return sum(map(multiply_accumulates, layer.layers))
    return sum(array.size for name, array in layer.params.items() if name.endswith("kernel")) * positions(layer)


def positions(layer: Layer) -> int:
    """At how many positions a built layer applies its kernels; 0 if it is none that this library knows."""
    input_shape, output_shape = layer.shape_in or (), layer.shape_out or ()
    if isinstance(layer, Dense):
        return prod(input_shape[:-1])
    if isinstance(layer, ConvolutionLayer):
        over = input_shape if isinstance(layer, Conv2DTranspose) else output_shape
        return prod(split_shape(layer.name, over, layer.data_format)[0])
    return 0
