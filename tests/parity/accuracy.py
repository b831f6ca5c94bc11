"""The tutorial as it stands, dropout on, by numpycnn and by Keras: how well each reads digits after two epochs."""

import os
from collections.abc import Callable
from statistics import mean, stdev

import numpy as np

from numpycnn.app.tutorial import tutorial_network
from numpycnn.common.typing import Array
from numpycnn.datasets import mnist
from numpycnn.utils import to_categorical

EPOCHS, BATCH = 2, 1000
BOUND = 0.3
"""By how many points of a hundred the means may differ."""

Data = tuple[Array, Array, Array, Array]


def accuracy(seeds: int) -> bool:
    """Train both from each seed, print the test accuracies and their means, and return whether these are near."""
    (x, y), (x_test, y_test) = mnist.load_data()
    scale = np.float32(1 / 255)
    data = scale * x[..., None], to_categorical(y), scale * x_test[..., None], to_categorical(y_test)
    means = []
    for name, train in {"numpycnn": by_numpycnn, "Keras": by_keras}.items():
        reached = [in_percent(train, data, seed) for seed in range(seeds)]
        means.append(mean(reached))
        print(f"{name}: mean {mean(reached):.2f}%, standard deviation {stdev(reached):.2f}; {reached}", flush=True)
    print(f"The means differ by {abs(means[0] - means[1]):.2f} points, bound {BOUND}")
    return abs(means[0] - means[1]) <= BOUND


def in_percent(train: Callable[[Data, int], float], data: Data, seed: int) -> float:
    return round(100 * train(data, seed), 2)


def by_numpycnn(data: Data, seed: int) -> float:
    """The accuracy on the test images."""
    x, y, x_test, y_test = data
    network = tutorial_network(seed)
    network.fit(x, y, BATCH, EPOCHS, verbose=0)
    return network.evaluate(x_test, y_test, BATCH, verbose=0)[1]


def by_keras(data: Data, seed: int) -> float:
    """The accuracy on the test images. KERAS_BACKEND chooses the backend; the default is JAX."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    x, y, x_test, y_test = data
    keras.utils.set_random_seed(seed)
    network = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(64, 5, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Dropout(0.5),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    network.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    network.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    return float(network.evaluate(x_test, y_test, batch_size=BATCH, verbose=0)[1])
