"""The layers: `base.py` has the contract, `chain.py` the loop over layers, the other files the layers themselves."""

from typing import Any

from numpycnn.common import checks
from numpycnn.common.configuration import describe, from_description
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.layers.activation import ELU, Activation, LeakyReLU, ReLU, Softmax
from numpycnn.layers.augmentation import RandomContrast, RandomErasing, RandomFlip
from numpycnn.layers.base import Layer
from numpycnn.layers.blocks import Branches, Residual
from numpycnn.layers.chain import Chain
from numpycnn.layers.convolutional import Conv2D
from numpycnn.layers.dense import Dense
from numpycnn.layers.depthwise import DepthwiseConv2D, SeparableConv2D
from numpycnn.layers.input import Input, InputLayer
from numpycnn.layers.layer_normalization import GroupNormalization, LayerNormalization
from numpycnn.layers.normalization import BatchNormalization
from numpycnn.layers.pooling import AveragePooling2D, GlobalAveragePooling2D, GlobalMaxPooling2D, MaxPooling2D
from numpycnn.layers.prelu import PReLU
from numpycnn.layers.preprocessing import Normalization, Rescaling
from numpycnn.layers.regularization import (
    ActivityRegularization,
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout2D,
)
from numpycnn.layers.reshaping import Flatten, Permute, Reshape
from numpycnn.layers.resizing import Cropping2D, UpSampling2D, ZeroPadding2D
from numpycnn.layers.table import LAYERS
from numpycnn.layers.transposed import Conv2DTranspose
from numpycnn.layers.warping import RandomCrop, RandomRotation, RandomTranslation, RandomZoom

CLASSES = {cls for cls in globals().values() if isinstance(cls, type) and issubclass(cls, Layer)} - {Layer}
LAYERS.update({cls.__name__: cls for cls in sorted(CLASSES | {Chain}, key=lambda cls: cls.__name__)})
AvgPool2D = AveragePooling2D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalMaxPool2D = GlobalMaxPooling2D
MaxPool2D = MaxPooling2D
Convolution2DTranspose = Conv2DTranspose

__all__ = [
    "ELU",
    "LAYERS",
    "Activation",
    "ActivityRegularization",
    "AlphaDropout",
    "AveragePooling2D",
    "AvgPool2D",
    "BatchNormalization",
    "Branches",
    "Conv2D",
    "Conv2DTranspose",
    "Convolution2DTranspose",
    "Cropping2D",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling2D",
    "GlobalAvgPool2D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling2D",
    "GroupNormalization",
    "Input",
    "InputLayer",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "MaxPool2D",
    "MaxPooling2D",
    "Normalization",
    "PReLU",
    "Permute",
    "RandomContrast",
    "RandomCrop",
    "RandomErasing",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "Rescaling",
    "Reshape",
    "Residual",
    "SeparableConv2D",
    "Softmax",
    "SpatialDropout2D",
    "UpSampling2D",
    "ZeroPadding2D",
    "deserialize",
    "serialize",
]


def serialize(layer: Layer) -> dict[str, Any]:
    """The layer's configuration, {"class_name", "config"}.

    Raises TypeError for what is no layer, ValueError for a layer that is not the library's own.
    """
    if not isinstance(layer, Layer):
        raise TypeError(f"layers.serialize: layer must be a Layer; received {checks.short_repr(layer)}")
    return describe(layer, LAYERS)


def deserialize(config: dict[str, Any]) -> Layer:
    """A new layer, not built, from what `serialize` returned. Raises TypeError or ValueError for anything else."""
    return from_description("layers.deserialize", "config", config, LAYERS)


explain_unknown_names(__name__)
