"""What the programs share: MNIST in the shapes that they take, and a training that resumes where it was interrupted."""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from numpycnn import Sequential
from numpycnn.callbacks import BackupAndRestore, History
from numpycnn.common.typing import Array
from numpycnn.datasets import mnist

Examples = tuple[Array, Array]


def images(count: int) -> Examples:
    """(count, 28, 28, 1), from 0 to 1, and labels."""
    (x, y), _ = mnist.load_data()
    return x[:count, ..., None].astype(np.float32) / 255, y[:count]


def pictures(count: int) -> Examples:
    """(count, 32, 32, 3), the shape of CIFAR-10's."""
    x, y = images(count)
    return np.repeat(np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0))), 3, axis=-1), y


def vectors(count: int) -> Examples:
    """(count, 784)."""
    x, y = images(count)
    return x.reshape(len(x), -1), y  # (n, 784)


def train(model: Sequential, examples: Examples, backup: str | Path, epochs: int, verbose: int = 1) -> History:
    """Train, and keep a backup: called again after an interruption, it ends as if there had been none."""
    return model.fit(
        *examples,
        batch_size=64,
        epochs=epochs,
        verbose=verbose,
        callbacks=[BackupAndRestore(backup, delete_checkpoint=False)],
    )


def run(network: Callable[[], Sequential], data: Callable[[int], Examples]) -> None:
    """The command line of a program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=60000)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--backup", default="backup.safetensors")
    options = parser.parse_args()
    model = network()
    model.summary()
    train(model, data(options.examples), options.backup, options.epochs)
