"""Inception blocks: convolutions of several sizes beside one another. Szegedy et al. 2014, "Going deeper"."""

from numpycnn import Input, Sequential
from numpycnn.layers import Branches, Conv2D, Dense, GlobalAveragePooling2D, MaxPooling2D
from numpycnn.optimizers import Adam
from programs.training import images as data
from programs.training import run


def inception(c1: int, c3: tuple[int, int], c5: tuple[int, int], pool: int) -> Branches:
    return Branches(
        [
            Conv2D(c1, 1, activation="relu"),
            [Conv2D(c3[0], 1, activation="relu"), Conv2D(c3[1], 3, padding="same", activation="relu")],
            [Conv2D(c5[0], 1, activation="relu"), Conv2D(c5[1], 5, padding="same", activation="relu")],
            [MaxPooling2D(3, strides=1, padding="same"), Conv2D(pool, 1, activation="relu")],
        ]
    )


def network() -> Sequential:
    model = Sequential(
        [
            Input((28, 28, 1)),
            Conv2D(8, 5, strides=2, padding="same", activation="relu"),
            MaxPooling2D(3, strides=2, padding="same"),
            inception(4, (4, 8), (2, 4), 4),
            inception(8, (6, 12), (2, 6), 4),
            GlobalAveragePooling2D(),
            Dense(10, activation="softmax"),
        ],
        seed=1,
    )
    model.compile(Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


if __name__ == "__main__":
    run(network, data)
