"""One system under comparison, as a process of its own that does what it is told and says how long it took.

`compare.py` starts it, as `python systems.py NAME`, in the environment where the system is installed, and writes one
request to a line of its standard input, as JSON; the answer is a line of its standard output. Between requests it
waits, so that systems can take turns. The data are random numbers of one seed, the same for all.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from architectures import CLASSES, NETWORKS, Network, Residual

WARM_UP = 2  # batches before the first that is timed: compilers compile, allocators fill
CALLS = 40  # of a model with one image


class Seconds(NamedTuple):
    """Of the clock, and of all processors together, for this process and those that it forked."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> "Seconds":
        times = os.times()
        ended, running = times.children_user + times.children_system, sum(map(cpu_seconds, children()))
        return cls(time.perf_counter(), time.process_time() + ended + running)

    def until(self, end: "Seconds") -> "Seconds":
        return Seconds(end.wall - self.wall, end.cpu - self.cpu)


def children() -> list[list[str]]:
    """What the system says of each process that this one has begun, and that has not ended: see `man proc_pid_stat`.

    From the third field on; none where there is no /proc.
    """
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[1]) == os.getpid():
            found.append(fields)
    return found


def cpu_seconds(fields: list[str]) -> float:
    """The processor time of a process of `children`."""
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class System(Protocol):
    """What each system can do."""

    @property
    def packages(self) -> tuple[str, ...]:
        """Modules whose versions to report."""

    def build(self, network: Network) -> None:
        """Make a new network."""

    def fit(self, x: Any, y: Any, epochs: int) -> list[Seconds]:
        """Train, and give the time at the end of each epoch."""

    def predict(self, x: Any) -> None:
        """The network's output for many images, in batches."""

    def call(self, x: Any) -> None:
        """The network's output for one batch of few images."""


class KerasLike:
    """What this library and Keras have in common: `library` is the one or the other."""

    model: Any
    batch: int
    library: Any

    def fit(self, x: Any, y: Any, epochs: int) -> list[Seconds]:
        ends: list[Seconds] = []
        clock = self.library.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(Seconds.now()))
        self.model.fit(x, y, batch_size=self.batch, epochs=epochs, verbose=0, callbacks=[clock], **self.options)
        return ends

    def predict(self, x: Any) -> None:
        self.model.predict(x, batch_size=self.batch, verbose=0, **self.options)

    def call(self, x: Any) -> None:
        np.asarray(self.model(x))

    @property
    def options(self) -> dict[str, Any]:
        return {}


class NumpyCNN(KerasLike):
    """The library itself. workers: how many; fast: whether the fast path is used."""

    packages = ("numpycnn", "numpy")

    def __init__(self, workers: int | None = None, *, fast: bool = True) -> None:
        import numpycnn

        self.library, self.workers, self.fast = numpycnn, workers, fast

    def build(self, network: Network) -> None:
        from work import build

        self.model, self.batch = build(network), network.batch
        self.model.fast = self.fast

    @property
    def options(self) -> dict[str, Any]:
        return {"workers": self.workers}


class Floor:
    """Nothing but the matrix products of the network's steps."""

    packages = ("numpy",)

    def build(self, network: Network) -> None:
        from work import Products

        self.products, self.batch = Products(network), network.batch

    def fit(self, x: Any, y: Any, epochs: int) -> list[Seconds]:
        ends = []
        for _ in range(epochs):
            self.products.run(len(x), self.batch)
            ends.append(Seconds.now())
        return ends

    def predict(self, x: Any) -> None:
        self.products.run(len(x), self.batch, forward_only=True)

    def call(self, x: Any) -> None:
        self.products.run(len(x), self.batch, forward_only=True)


class Keras(KerasLike):
    """Keras 3 on one of its backends; with TensorFlow, compiled by XLA or not, whichever trains faster."""

    def __init__(self, backend: str) -> None:
        os.environ |= {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        import keras

        self.library, self.backend, self.packages = keras, backend, ("keras", backend, "numpy")

    def build(self, network: Network) -> None:
        self.batch = network.batch
        choices = (False, True) if self.backend == "tensorflow" else ("auto",)
        models = [self.compiled(network, jit) for jit in choices]
        self.model = models[0] if len(models) == 1 else min(models, key=lambda model: self.probe(network, model))

    def compiled(self, network: Network, jit: bool | str) -> Any:
        start = self.library.Input(network.shape)
        model = self.library.Model(start, self.applied(network.layers, start))
        model.compile("adam", "categorical_crossentropy", metrics=["accuracy"], jit_compile=jit)
        return model

    def applied(self, layers: Sequence[Any], x: Any) -> Any:
        """The layers' output for a symbolic x."""
        for layer in layers:
            if isinstance(layer, Residual):
                x = self.library.layers.add([self.applied(layer.main, x), self.applied(layer.shortcut, x)])
            else:
                x = layer.keras(self.library.layers)(x)
        return x

    def probe(self, network: Network, model: Any) -> float:
        """Seconds for an epoch of a few batches: the least of three."""
        self.model = model
        ends = self.fit(*data(network, max(1, network.images // 4 // self.batch) * self.batch), epochs=4)
        return min(a.until(b).wall for a, b in pairwise(ends))

    def call(self, x: Any) -> None:
        np.asarray(self.model(x, training=False))


class Torch:
    """PyTorch, eager."""

    packages = ("torch", "numpy")

    def build(self, network: Network) -> None:
        import torch

        self.batch, self.is_image = network.batch, len(network.shape) == 3
        self.model = module(network.layers)
        self.model(self.tensor(np.zeros((2, *network.shape), np.float32)))  # lazy modules learn their shapes
        self.optimizer = torch.optim.Adam(self.model.parameters())
        self.loss = torch.nn.CrossEntropyLoss()

    def tensor(self, x: Any) -> Any:
        """Images channels first, as they are fastest by default."""
        import torch

        return torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2) if self.is_image else x))  # (N, C, H, W)

    def fit(self, x: Any, y: Any, epochs: int) -> list[Seconds]:
        import torch

        self.model.train()
        images, labels, ends = self.tensor(x), torch.from_numpy(y.argmax(axis=1)), list[Seconds]()
        for _ in range(epochs):
            right = 0
            for rows in torch.randperm(len(images)).split(self.batch):
                self.optimizer.zero_grad()
                logits = self.model(images[rows])
                loss = self.loss(logits, labels[rows])
                loss.backward()
                self.optimizer.step()
                right += int((logits.argmax(dim=1) == labels[rows]).sum())
            ends.append(Seconds.now())
        return ends

    def predict(self, x: Any) -> None:
        import torch

        self.model.eval()
        with torch.no_grad():
            for part in self.tensor(x).split(self.batch):
                self.model(part).softmax(dim=1)

    def call(self, x: Any) -> None:
        self.predict(x)


def module(layers: Sequence[Any]) -> Any:
    """The layers as a module of PyTorch."""
    from torch import nn

    class Sum(nn.Module):  # type: ignore[misc]
        """A residual block."""

        def __init__(self, block: Residual) -> None:
            super().__init__()
            self.main, self.shortcut = module(block.main), module(block.shortcut)

        def forward(self, x: Any) -> Any:
            return self.main(x) + self.shortcut(x)

    made = ([Sum(layer)] if isinstance(layer, Residual) else layer.torch(nn) for layer in layers)
    return nn.Sequential(*(one for modules in made for one in modules))


SYSTEMS: dict[str, Callable[[], System]] = {
    "numpycnn": NumpyCNN,
    "numpycnn, one worker": lambda: NumpyCNN(workers=1),
    "numpycnn, layer by layer": lambda: NumpyCNN(fast=False),
    "matrix products alone": Floor,
    "Keras with TensorFlow": lambda: Keras("tensorflow"),
    "Keras with JAX": lambda: Keras("jax"),
    "PyTorch": Torch,
}


# ---------------------------------------------------------------- requests


def data(network: Network, count: int) -> tuple[Any, Any]:
    """Random images in the network's shape, and one-hot targets."""
    rng = np.random.default_rng(0)
    x = rng.random((count, *network.shape), np.float32)
    return x, np.eye(CLASSES, dtype=np.float32)[rng.integers(0, CLASSES, count)]


def fitted(system: System, network: Network, images: int) -> Seconds:
    """An epoch, from the end of the one before to its own end: what `fit` does once in a call is not counted."""
    first, second = system.fit(*data(network, images), epochs=2)
    return first.until(second)


def predicted(system: System, network: Network, images: int) -> Seconds:
    """The outputs for so many images."""
    x, _ = data(network, images)
    start = Seconds.now()
    system.predict(x)
    return start.until(Seconds.now())


def called(system: System, network: Network, images: int) -> Seconds:
    """The output for one batch of so many images: the median of many calls, and the mean of their processor time."""
    x, _ = data(network, images)
    start, ends = Seconds.now(), [time.perf_counter()]
    for _ in range(CALLS):
        system.call(x)
        ends.append(time.perf_counter())  # without the processor time, which takes longer to find than a call
    cpu = start.until(Seconds.now()).cpu / CALLS
    return Seconds(statistics.median(b - a for a, b in pairwise(ends)), cpu)


WORK = {"fit": fitted, "predict": predicted, "call": called}


def peak_megabytes() -> float | None:
    """The most memory that this process has had, in MB (10**6 bytes); None where the system does not say.

    And that the largest of those that it forked has had, in which what they share with this one counts again.
    """
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    whose = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return sum(resource.getrusage(one).ru_maxrss for one in whose) * unit / 1e6


def threads() -> int | None:
    """How many threads this process has; None where the system does not say."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.exists() else None


def main(name: str) -> None:
    """Answer requests until there are no more."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what a framework prints is no answer
    system, network = SYSTEMS[name](), Network([], (), 0, 0)
    for line in sys.stdin:
        request = json.loads(line)
        answer: dict[str, Any] = {}
        if request["do"] == "build":
            network = NETWORKS[request["network"]]
            system.build(network)
            for do, work in WORK.items():
                work(system, network, 1 if do == "call" else WARM_UP * network.batch)
        elif request["do"] == "describe":
            versions = {package: sys.modules[package].__version__ for package in system.packages}
            answer = {"versions": versions, "threads": threads(), "peak_megabytes": peak_megabytes()}
        else:
            spent = WORK[request["do"]](system, network, request["images"])
            answer = {"seconds": spent.wall, "cpu": spent.cpu}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
