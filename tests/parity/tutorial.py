"""The network of the Keras MNIST tutorial: 60 steps on all of MNIST without dropout, loss by loss."""

import importlib
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from numpycnn.app.tutorial import tutorial_network
from numpycnn.common.typing import Array
from numpycnn.datasets import mnist
from numpycnn.utils import to_categorical
from parity import ours
from parity.draw import Case, Entry, Spec
from parity.figures import Network

PATH = Path(__file__).with_name("tutorial.json")
STEPS = 60
BATCH = 1000
SEED = 0
BOUND = 1e-8
OURS_ALONE = {"name", "input_shape", "trainable", "kernel_initializer", "bias_initializer"}
"""What a layer's configuration has that does not say what it computes."""


def tutorial(framework: str, *, record: bool) -> bool:
    """Compare the losses of every step, and print how far apart they are. record: keep the framework's on file."""
    true = losses(importlib.import_module(f"parity.{framework}_side").Network(case(scores=True), "float64"))
    if record:
        PATH.write_text(json.dumps(load() | {framework: true}, indent=1) + "\n", encoding="utf-8")
    print(f"{STEPS} steps of {framework}: the loss goes from {true[0]:.4f} to {true[-1]:.4f}")
    far = {fast: apart(losses(ours.Network(case(scores=False), "float64", fast=fast)), true) for fast in (True, False)}
    print(f"numpycnn's losses differ by {far[True]:.1e}, layer by layer by {far[False]:.1e}, bound {BOUND:.0e}")
    return max(far.values()) <= BOUND


def apart(claimed: list[float], true: list[float]) -> float:
    """The largest difference."""
    return max(abs(a - b) for a, b in zip(claimed, true, strict=True))


def load() -> dict[str, list[float]]:
    """The losses on file, by framework."""
    return json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else {}


def losses(network: Network, steps: int = STEPS) -> list[float]:
    """The loss before each of the first steps."""
    return [network.learn(x, y) for x, y in islice(batches(), steps)]


def case(*, scores: bool) -> Case:
    """The network without its dropout, with the weights that numpycnn gives it for the seed; no data.

    scores: end in the scores before the softmax, and let the loss take those. numpycnn does so by itself, and so does
    Keras on TensorFlow; on JAX it would clip the probabilities, and every loss would be a little off.
    """
    network = tutorial_network(SEED)
    layers: list[Entry] = [
        (type(layer).__name__, {k: v for k, v in layer.get_config().items() if k not in OURS_ALONE})
        for layer in network.layers
        if type(layer).__name__ != "Dropout"
    ]
    rmsprop = {} if network.optimizer is None else network.optimizer.get_config()
    if scores:
        layers[-1][1]["activation"] = "linear"
    spec = Spec((28, 28, 1), layers, ("CategoricalCrossentropy", {"from_logits": scores}), ("RMSprop", rmsprop))
    return Case(spec, network.get_weights(), np.empty(0), np.empty(0))


def batches() -> Iterator[tuple[Array, Array]]:
    """All images as they come, and their one-hot targets."""
    (images, labels), _ = mnist.load_data()
    for start in range(0, STEPS * BATCH, BATCH):
        rows = slice(start, start + BATCH)
        yield images[rows, :, :, None] / 255, to_categorical(labels[rows], 10)
