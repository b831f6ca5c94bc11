"""The layers: `base.py` has the contract, `chain.py` the loop over layers, the other files the layers themselves."""

from numpycnn.common.module_names import explain_unknown_names
from numpycnn.layers.activation import ELU, Activation, LeakyReLU, ReLU, Softmax
from numpycnn.layers.base import Input, Layer
from numpycnn.layers.blocks import Branches, Residual
from numpycnn.layers.chain import Chain
from numpycnn.layers.convolutional import Conv2D
from numpycnn.layers.dense import Dense
from numpycnn.layers.normalization import BatchNormalization
from numpycnn.layers.pooling import MaxPooling2D
from numpycnn.layers.prelu import PReLU
from numpycnn.layers.regularization import Dropout
from numpycnn.layers.reshaping import Flatten
from numpycnn.layers.table import LAYERS

LAYERS.update(
    {
        cls.__name__: cls
        for cls in (Chain, *globals().values())
        if isinstance(cls, type) and issubclass(cls, Layer) and cls is not Layer
    }
)

__all__ = [
    "ELU",
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
    "LeakyReLU",
    "MaxPooling2D",
    "PReLU",
    "ReLU",
    "Residual",
    "Softmax",
]

explain_unknown_names(__name__)
