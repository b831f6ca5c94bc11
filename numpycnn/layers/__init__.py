"""The layers: `base.py` has the contract, `chain.py` the loop over layers, the other files the layers themselves."""

from numpycnn.common.module_names import explain_unknown_names
from numpycnn.layers.activation import Activation
from numpycnn.layers.base import Input, Layer
from numpycnn.layers.convolutional import Conv2D
from numpycnn.layers.dense import Dense
from numpycnn.layers.depthwise import DepthwiseConv2D, SeparableConv2D
from numpycnn.layers.normalization import BatchNormalization
from numpycnn.layers.pooling import AveragePooling2D, GlobalAveragePooling2D, GlobalMaxPooling2D, MaxPooling2D
from numpycnn.layers.regularization import Dropout
from numpycnn.layers.reshaping import Flatten, Permute, Reshape
from numpycnn.layers.resizing import Cropping2D, UpSampling2D, ZeroPadding2D
from numpycnn.layers.transposed import Conv2DTranspose

LAYERS: dict[str, type[Layer]] = {
    cls.__name__: cls
    for cls in (
        Activation,
        AveragePooling2D,
        BatchNormalization,
        Conv2D,
        Conv2DTranspose,
        Cropping2D,
        Dense,
        DepthwiseConv2D,
        Dropout,
        Flatten,
        GlobalAveragePooling2D,
        GlobalMaxPooling2D,
        MaxPooling2D,
        Permute,
        Reshape,
        SeparableConv2D,
        UpSampling2D,
        ZeroPadding2D,
    )
}
"""Every layer by its class name: the closed table for reading configurations."""

# Keras's other names of the same classes
Convolution2D = Conv2D
Convolution2DTranspose = Conv2DTranspose
SeparableConvolution2D = SeparableConv2D
AvgPool2D = AveragePooling2D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalMaxPool2D = GlobalMaxPooling2D
MaxPool2D = MaxPooling2D

__all__ = [
    "LAYERS",
    "Activation",
    "AveragePooling2D",
    "AvgPool2D",
    "BatchNormalization",
    "Conv2D",
    "Conv2DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Cropping2D",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling2D",
    "GlobalAvgPool2D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling2D",
    "Input",
    "Layer",
    "MaxPool2D",
    "MaxPooling2D",
    "Permute",
    "Reshape",
    "SeparableConv2D",
    "SeparableConvolution2D",
    "UpSampling2D",
    "ZeroPadding2D",
]

explain_unknown_names(__name__)
