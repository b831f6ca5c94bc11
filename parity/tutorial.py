"""The network of the Keras MNIST tutorial: 60 steps on all of MNIST without dropout, loss by loss."""

import importlib
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from numpycnn.datasets import mnist
from numpycnn.tutorial import tutorial_network
from numpycnn.typing import Array
from numpycnn.utils import to_categorical
from parity import ours
from parity.draw import Case, Entry, Spec

PATH = Path(__file__).with_name("tutorial.json")
STEPS = 60
BATCH = 1000
SEED = 0
BOUND = 1e-8
OURS_ALONE = {"name", "input_shape", "kernel_initializer", "bias_initializer"}
"""What a layer's configuration has that does not say what it computes."""


def tutorial(framework: str) -> bool:
    """Compare the losses of every step, print how far apart they are, keep the framework's on file."""
    true = by_framework(framework)
    kept = load() if PATH.exists() else {}
    PATH.write_text(json.dumps(kept | {framework: true}, indent=1) + "\n", encoding="utf-8")
    largest = 0.0
    for fast in (True, False):
        far = np.abs(np.subtract(by_numpycnn(STEPS, fast=fast), true))
        largest = max(largest, far.max())
        print(
            f"{STEPS} steps against {framework}, fast={fast}: losses differ by at most {far.max():.1e}, bound {BOUND}"
        )
    print(f"The loss went from {true[0]:.4f} to {true[-1]:.4f}")
    return bool(largest <= BOUND)


def load() -> dict[str, list[float]]:
    """The losses on file, by framework."""
    return json.loads(PATH.read_text(encoding="utf-8"))


def by_framework(framework: str) -> list[float]:
    """The loss before each step, as Keras or PyTorch computes it."""
    network = importlib.import_module(f"parity.{framework}_side").Network(case(), "float64")
    return [network.step(x, y).loss for x, y in batches()]


def by_numpycnn(steps: int, *, fast: bool) -> list[float]:
    """The loss before each of the first steps, as numpycnn computes it."""
    model = ours.build(case(), "float64", fast=fast)
    return [model.train_on_batch(x, y) for x, y in islice(batches(), steps)]


def case() -> Case:
    """The network without its dropout, with the weights that numpycnn gives it for the seed; no data."""
    network = tutorial_network(SEED)
    layers: list[Entry] = [
        (type(layer).__name__, {k: v for k, v in layer.get_config().items() if k not in OURS_ALONE})
        for layer in network.layers
        if type(layer).__name__ != "Dropout"
    ]
    rmsprop = {} if network.optimizer is None else network.optimizer.get_config()
    spec = Spec((28, 28, 1), layers, ("CategoricalCrossentropy", {"from_logits": False}), ("RMSprop", rmsprop))
    return Case(spec, network.get_weights(), np.empty(0), np.empty(0))


def batches() -> Iterator[tuple[Array, Array]]:
    """All images as they come, and their one-hot targets."""
    (images, labels), _ = mnist.load_data()
    for start in range(0, STEPS * BATCH, BATCH):
        rows = slice(start, start + BATCH)
        yield images[rows, :, :, None] / 255, to_categorical(labels[rows], 10)
