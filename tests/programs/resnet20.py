"""ResNet-20 for pictures of 32x32x3: three stages of three residual blocks. He et al. 2015, section 4.2."""

from numpycnn import Sequential
from numpycnn.layers import Activation, BatchNormalization, Conv2D, Dense, GlobalAveragePooling2D, Layer, Residual
from programs.training import pictures as data
from programs.training import run


def convolution(filters: int, strides: int = 1, size: int = 3) -> list[Layer]:
    return [
        Conv2D(filters, size, strides, "same", use_bias=False, kernel_initializer="he_normal"),
        BatchNormalization(),
    ]


def block(filters: int, strides: int) -> list[Layer]:
    main = [*convolution(filters, strides), Activation("relu"), *convolution(filters)]
    return [Residual(main, convolution(filters, strides, size=1) if strides > 1 else None), Activation("relu")]


def network() -> Sequential:
    model = Sequential(name="resnet20", seed=1)
    model.add(Conv2D(16, 3, padding="same", use_bias=False, kernel_initializer="he_normal", input_shape=(32, 32, 3)))
    model.add(BatchNormalization())
    model.add(Activation("relu"))
    for filters in (16, 32, 64):
        for k in range(3):
            for layer in block(filters, strides=2 if filters > 16 and k == 0 else 1):
                model.add(layer)
    model.add(GlobalAveragePooling2D())
    model.add(Dense(10, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


if __name__ == "__main__":
    run(network, data)
