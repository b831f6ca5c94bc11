"""Small networks and data that the tests of models share."""

from functools import cache
from typing import Any

import numpy as np

from numpycnn import Sequential
from numpycnn.common.typing import Array
from numpycnn.datasets.mnist import load_data
from numpycnn.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from numpycnn.utils import to_categorical

CLASSES = 3
MnistData = tuple[tuple[Array, Array], tuple[Array, Array]]


@cache
def mnist_images() -> MnistData:
    """What `mnist.load_data` gives, read once in a process."""
    data = load_data()
    for part in data:
        for array in part:
            array.flags.writeable = False
    return data


def small_network(seed: int | None = 0, *, dropout: float = 0.5, compiled: bool = True) -> Sequential:
    """The tutorial network in small, for 8x8 images and three classes."""
    network = Sequential(
        [
            Conv2D(4, 3, activation="relu", input_shape=(8, 8, 1)),
            MaxPooling2D(2),
            Dropout(dropout),
            Flatten(),
            Dense(8, activation="relu"),
            Dropout(dropout),
            Dense(CLASSES, activation="softmax"),
        ],
        seed=seed,
    )
    if compiled:
        network.compile("rmsprop", "categorical_crossentropy", ["accuracy"])
    return network


def small_data(n: int = 50, seed: int = 0) -> tuple[Array, Array]:
    """Images whose brightest third of rows tells the class, and one-hot targets."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, n)
    x = rng.uniform(0, 0.5, (n, 8, 8, 1))
    for image, label in zip(x, labels, strict=True):
        image[label * 3 : label * 3 + 2] += 0.5
    return x, to_categorical(labels, CLASSES)


def fingerprint(network: Sequential) -> tuple[Any, ...]:
    """Everything in a model that training changes, as bytes."""
    optimizer = network.optimizer
    memory = (
        {} if optimizer is None else {s: {k: a.tobytes() for k, a in m.items()} for s, m in optimizer.state.items()}
    )
    return (
        [w.tobytes() for w in network.get_weights()],
        memory,
        (network.steps, optimizer and optimizer.iterations),
        network.seed,
        [(layer.name, layer.built, layer.shape_in) for layer in network.layers],
        network.history and network.history.history,
    )
