"""Network in Network: 1x1 convolutions between the pools, and no dense layer. Lin, Chen and Yan 2013."""

from numpycnn import Sequential
from numpycnn.layers import Activation, Conv2D, Dropout, GlobalAveragePooling2D, Layer, MaxPooling2D
from numpycnn.optimizers import Adam
from programs.training import images as data
from programs.training import run


def block(filters: int, size: int, strides: int = 1, padding: str = "valid") -> list[Layer]:
    return [
        Conv2D(filters, size, strides, padding, activation="relu"),
        Conv2D(filters, 1, activation="relu"),
        Conv2D(filters, 1, activation="relu"),
    ]


def network() -> Sequential:
    layers = [
        *block(16, 5, strides=2),
        MaxPooling2D(3, strides=2),
        *block(24, 3, padding="same"),
        Dropout(0.5),
        *block(10, 3, padding="same"),
        GlobalAveragePooling2D(),
        Activation("softmax"),
    ]
    model = Sequential(layers, seed=1)
    model.build((None, 28, 28, 1))
    model.compile(Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


if __name__ == "__main__":
    run(network, data)
