"""The FullyConnectedNet of CS231n's second assignment: affine, batch normalization, ReLU, dropout, and again."""

from collections.abc import Sequence

from numpycnn import Sequential
from numpycnn.layers import Activation, BatchNormalization, Dense, Dropout
from numpycnn.optimizers import SGD
from programs.training import run
from programs.training import vectors as data


def network(hidden: Sequence[int] = (100, 60, 40)) -> Sequential:
    model = Sequential(seed=1)
    for k, units in enumerate(hidden):
        model.add(Dense(units, kernel_initializer="he_normal", input_shape=None if k else (784,)))
        model.add(BatchNormalization())
        model.add(Activation("relu"))
        model.add(Dropout(0.25))
    model.add(Dense(10, activation="softmax"))
    model.compile(SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


if __name__ == "__main__":
    run(network, data)
