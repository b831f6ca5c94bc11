"""One system under comparison, as a process of its own that does what it is told and says how long it took.

`compare.py` starts it, as `python systems.py NAME DATA`, in the environment where the system is installed, and writes
one request to a line of its standard input, as JSON; the answer is a line of its standard output. Between requests it
waits, so that systems can take turns. DATA is a file of MNIST's arrays, so that all have the same.
"""

import json
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

WARM_UP = 2  # batches before the first that is timed: compilers compile, allocators fill
CLASSES = 10


class System(Protocol):
    """What each system can do. Networks are "tutorial" and "second"."""

    packages: tuple[str, ...]
    """Modules whose versions to report."""

    def build(self, network: str, work: str, batch: int) -> None:
        """Make a new network, to do one of the two below, `work`, in batches of that size."""

    def fit(self, x: Any, y: Any, batch: int) -> None:
        """One epoch."""

    def predict(self, x: Any, batch: int) -> None:
        """The network's output for x."""


class NumpyCNN:
    """The library itself. workers: how many; fast: whether the fast path is used."""

    packages = ("numpycnn", "numpy")

    def __init__(self, workers: int | None = None, *, fast: bool = True) -> None:
        self.workers, self.fast = workers, fast

    def build(self, network: str, work: str, batch: int) -> None:
        from work import second_network, tutorial_network

        self.model = {"tutorial": tutorial_network, "second": second_network}[network]()
        self.model.fast = self.fast

    def fit(self, x: Any, y: Any, batch: int) -> None:
        self.model.fit(x, y, batch_size=batch, epochs=1, verbose=0, workers=self.workers)

    def predict(self, x: Any, batch: int) -> None:
        self.model.predict(x, batch_size=batch, verbose=0, workers=self.workers)


class Floor:
    """Nothing but the five matrix products of the tutorial network's steps, in this library's threads and tiles."""

    packages = ("numpy",)

    def build(self, network: str, work: str, batch: int) -> None:
        from work import Products

        self.products = Products()

    def fit(self, x: Any, y: Any, batch: int) -> None:
        self.products.run(len(x), batch)

    def predict(self, x: Any, batch: int) -> None:
        self.products.run(len(x), batch, forward_only=True)


class Keras:
    """Keras 3 on one of its backends; with TensorFlow, compiled by XLA or not, whichever is faster here."""

    def __init__(self, backend: str) -> None:
        os.environ |= {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        self.backend, self.packages = backend, ("keras", backend, "numpy")

    def build(self, network: str, work: str, batch: int) -> None:
        choices = (False, True) if self.backend == "tensorflow" else ("auto",)
        self.model = min((self.compiled(network, jit) for jit in choices), key=partial(self.probe, work, batch))

    def compiled(self, network: str, jit: bool | str) -> Any:
        import keras

        layers = keras.layers
        convolutions = {
            "tutorial": [layers.Conv2D(64, 5, activation="relu")],
            "second": [layers.Conv2D(32, 3, activation="relu"), layers.Conv2D(64, 3, activation="relu")],
        }[network]
        model = keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                *convolutions,
                layers.MaxPooling2D(2),
                layers.Dropout(0.5 if network == "tutorial" else 0.25),
                layers.Flatten(),
                layers.Dense(128, activation="relu"),
                layers.Dropout(0.5),
                layers.Dense(CLASSES, activation="softmax"),
            ]
        )
        model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"], jit_compile=jit)
        return model

    def probe(self, work: str, batch: int, model: Any) -> float:
        """Seconds for a few batches, after the compilation: the least of three runs."""
        count = max(1, 4000 // batch) * batch
        x, y = np.zeros((count, 28, 28, 1), np.float32), np.eye(CLASSES, dtype=np.float32)[[0] * count]
        seconds = []
        for _ in range(4):
            start = time.perf_counter()
            if work == "fit":
                model.fit(x, y, batch_size=batch, verbose=0)
            else:
                model.predict(x, batch_size=batch, verbose=0)
            seconds.append(time.perf_counter() - start)
        return min(seconds[1:])

    def fit(self, x: Any, y: Any, batch: int) -> None:
        self.model.fit(x, y, batch_size=batch, epochs=1, verbose=0)

    def predict(self, x: Any, batch: int) -> None:
        self.model.predict(x, batch_size=batch, verbose=0)


class Torch:
    """PyTorch, eager."""

    packages = ("torch", "numpy")

    def build(self, network: str, work: str, batch: int) -> None:
        from torch import nn, optim

        first = {
            "tutorial": [nn.Conv2d(1, 64, 5), nn.ReLU()],
            "second": [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU()],
        }[network]
        rest = [nn.Linear(64 * 144, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, CLASSES)]
        dropout = nn.Dropout(0.5 if network == "tutorial" else 0.25)
        self.model = nn.Sequential(*first, nn.MaxPool2d(2), dropout, nn.Flatten(), *rest)
        self.optimizer = optim.RMSprop(self.model.parameters(), lr=0.001, alpha=0.9, eps=1e-7)
        self.loss = nn.CrossEntropyLoss()

    def fit(self, x: Any, y: Any, batch: int) -> None:
        import torch

        self.model.train()
        images = torch.from_numpy(x).reshape(-1, 1, 28, 28)  # (N, 1, 28, 28)
        labels = torch.from_numpy(y.argmax(axis=1))
        right, order = 0, torch.randperm(len(images))
        for rows in order.split(batch):
            self.optimizer.zero_grad()
            logits = self.model(images[rows])
            loss = self.loss(logits, labels[rows])
            loss.backward()
            self.optimizer.step()
            right += int((logits.argmax(dim=1) == labels[rows]).sum())

    def predict(self, x: Any, batch: int) -> None:
        import torch

        self.model.eval()
        with torch.no_grad():
            images = torch.from_numpy(x).reshape(-1, 1, 28, 28)  # (N, 1, 28, 28)
            for part in images.split(batch):
                self.model(part).softmax(dim=1)


SYSTEMS: dict[str, Any] = {
    "numpycnn": NumpyCNN,
    "numpycnn, one worker": lambda: NumpyCNN(workers=1),
    "numpycnn, layer by layer": lambda: NumpyCNN(fast=False),
    "matrix products alone": Floor,
    "Keras with TensorFlow": lambda: Keras("tensorflow"),
    "Keras with JAX": lambda: Keras("jax"),
    "PyTorch": Torch,
}


def peak_megabytes() -> float | None:
    """The most memory that this process has had, in MB (10**6 bytes); None where the system does not say."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def threads() -> int | None:
    """How many threads this process has; None where the system does not say."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.exists() else None


def main(name: str, data: str) -> None:
    """Answer requests until there are no more."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what a framework prints is no answer
    system: System = SYSTEMS[name]()
    with np.load(data) as arrays:
        images, labels = arrays["x"], arrays["y"]
    x = images[..., None] * np.float32(1 / 255)
    y = np.eye(CLASSES, dtype=np.float32)[labels]
    del images
    for line in sys.stdin:
        request = json.loads(line)
        count, batch = request.get("images", 0), request.get("batch", 0)
        wall, cpu = time.perf_counter(), time.process_time()
        if request["do"] == "build":
            system.build(request["network"], request["work"], batch)
            system.fit(x[: WARM_UP * batch], y[: WARM_UP * batch], batch)
            system.predict(x[: WARM_UP * batch], batch)
        elif request["do"] == "fit":
            system.fit(x[:count], y[:count], batch)
        elif request["do"] == "predict":
            system.predict(x[:count], batch)
        answer: dict[str, Any] = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        if request["do"] == "describe":
            versions = {package: sys.modules[package].__version__ for package in system.packages}
            answer = {"versions": versions, "threads": threads(), "peak_megabytes": peak_megabytes()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
