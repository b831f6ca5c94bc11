"""A small VGG: blocks of two 3x3 convolutions and a pool. Simonyan and Zisserman 2014."""

from numpycnn import Sequential
from numpycnn.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D, Softmax
from programs.training import pictures as data
from programs.training import run


def network() -> Sequential:
    model = Sequential(name="vgg", seed=1)
    for k, filters in enumerate((8, 16)):
        shape = None if k else (32, 32, 3)
        model.add(Conv2D(filters, 3, padding="same", activation="relu", input_shape=shape))
        model.add(Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(MaxPooling2D())
        model.add(Dropout(0.2))
    model.add(Flatten())
    model.add(Dense(64, activation="relu"))
    model.add(Dropout(0.5))
    model.add(Dense(10))
    model.add(Softmax())
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


if __name__ == "__main__":
    run(network, data)
