"""The layers: `base.py` has the contract, `chain.py` the loop over layers, the other files the layers themselves."""

from numpycnn.common.module_names import explain_unknown_names
from numpycnn.layers.activation import Activation
from numpycnn.layers.augmentation import RandomContrast, RandomErasing, RandomFlip
from numpycnn.layers.base import Input, Layer
from numpycnn.layers.convolutional import Conv2D
from numpycnn.layers.dense import Dense
from numpycnn.layers.layer_normalization import GroupNormalization, LayerNormalization
from numpycnn.layers.normalization import BatchNormalization
from numpycnn.layers.pooling import MaxPooling2D
from numpycnn.layers.preprocessing import Normalization, Rescaling
from numpycnn.layers.regularization import Dropout, GaussianDropout, GaussianNoise, SpatialDropout2D
from numpycnn.layers.reshaping import Flatten
from numpycnn.layers.warping import RandomCrop, RandomRotation, RandomTranslation, RandomZoom

LAYERS: dict[str, type[Layer]] = {
    cls.__name__: cls
    for cls in (
        Activation,
        BatchNormalization,
        Conv2D,
        Dense,
        Dropout,
        Flatten,
        GaussianDropout,
        GaussianNoise,
        GroupNormalization,
        LayerNormalization,
        MaxPooling2D,
        Normalization,
        RandomContrast,
        RandomCrop,
        RandomErasing,
        RandomFlip,
        RandomRotation,
        RandomTranslation,
        RandomZoom,
        Rescaling,
        SpatialDropout2D,
    )
}
"""Every layer by its class name: the closed table for reading configurations."""

__all__ = [
    "LAYERS",
    "Activation",
    "BatchNormalization",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GroupNormalization",
    "Input",
    "Layer",
    "LayerNormalization",
    "MaxPooling2D",
    "Normalization",
    "RandomContrast",
    "RandomCrop",
    "RandomErasing",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "Rescaling",
    "SpatialDropout2D",
]

explain_unknown_names(__name__)
