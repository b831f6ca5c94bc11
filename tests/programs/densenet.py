"""A DenseNet: each convolution sees the outputs of all before it. Huang et al. 2016."""

from numpycnn import Sequential
from numpycnn.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Branches,
    Conv2D,
    Dense,
    GlobalAveragePooling2D,
    Layer,
)
from programs.training import images as data
from programs.training import run


def dense_block(convolutions: int, growth: int) -> list[Layer]:
    return [
        Branches([[], [BatchNormalization(), Activation("relu"), Conv2D(growth, 3, padding="same")]])
        for _ in range(convolutions)
    ]


def transition(filters: int) -> list[Layer]:
    return [BatchNormalization(), Activation("relu"), Conv2D(filters, 1), AveragePooling2D()]


def network() -> Sequential:
    layers = [
        Conv2D(8, 5, strides=2, padding="same", input_shape=(28, 28, 1)),
        *dense_block(3, growth=4),
        *transition(10),
        *dense_block(3, growth=4),
        BatchNormalization(),
        Activation("relu"),
        GlobalAveragePooling2D(),
        Dense(10, activation="softmax"),
    ]
    model = Sequential(layers, seed=1)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


if __name__ == "__main__":
    run(network, data)
