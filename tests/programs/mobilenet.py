"""MobileNet blocks: a depthwise convolution for space, a 1x1 convolution for channels. Howard et al. 2017."""

from numpycnn import Sequential
from numpycnn.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    GlobalAveragePooling2D,
    Layer,
    ReLU,
    Residual,
    SeparableConv2D,
)
from numpycnn.optimizers import Adam
from programs.training import images as data
from programs.training import run


def block(filters: int, strides: int = 1) -> list[Layer]:
    return [
        DepthwiseConv2D(3, strides, "same", use_bias=False),
        BatchNormalization(),
        ReLU(6.0),
        Conv2D(filters, 1, use_bias=False),
        BatchNormalization(),
        ReLU(6.0),
    ]


def network() -> Sequential:
    layers = [
        Conv2D(8, 3, 2, "same", activation="relu6", input_shape=(28, 28, 1)),
        *block(16),
        *block(24, strides=2),
        Residual(SeparableConv2D(24, 3, padding="same", activation="relu6")),
        GlobalAveragePooling2D(),
        Dense(10, activation="softmax"),
    ]
    model = Sequential(layers, seed=1)
    model.compile(Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


if __name__ == "__main__":
    run(network, data)
