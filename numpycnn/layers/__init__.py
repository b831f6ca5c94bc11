"""The layers: `base.py` has the contract, `chain.py` the loop over layers, the other files the layers themselves."""

from numpycnn.common.module_names import explain_unknown_names
from numpycnn.layers.activation import Activation
from numpycnn.layers.base import Input, Layer
from numpycnn.layers.blocks import Branches, Residual
from numpycnn.layers.chain import Chain
from numpycnn.layers.convolutional import Conv2D
from numpycnn.layers.dense import Dense
from numpycnn.layers.normalization import BatchNormalization
from numpycnn.layers.pooling import MaxPooling2D
from numpycnn.layers.regularization import Dropout
from numpycnn.layers.reshaping import Flatten
from numpycnn.layers.table import LAYERS

LAYERS.update(
    (cls.__name__, cls)
    for cls in (
        Activation,
        BatchNormalization,
        Branches,
        Chain,
        Conv2D,
        Dense,
        Dropout,
        Flatten,
        MaxPooling2D,
        Residual,
    )
)

__all__ = [
    "LAYERS",
    "Activation",
    "BatchNormalization",
    "Branches",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "Layer",
    "MaxPooling2D",
    "Residual",
]

explain_unknown_names(__name__)
