"""Threads that use one model at the same time find it as each of them would alone."""

import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from faults import Fault, seeded

from numpycnn import Sequential
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.engine import training
from numpycnn.engine.fast import scratch
from numpycnn.layers import Conv2D, Dense, Flatten, Layer, MaxPooling2D


class Pause(Layer):
    """Lets other threads go first, in the middle of the network."""

    def output_shape_for(self, input_shape: Shape) -> Shape:
        return input_shape

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, None]:
        time.sleep(0)
        return x, None


@pytest.fixture(autouse=True)
def _threads_in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Threads take turns as often as they can, and a batch is cut into many pieces."""
    monkeypatch.setattr(training, "MAX_MICRO_BATCH", 2)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def network(*, fast: bool) -> Sequential:
    layers = [Conv2D(4, 3, activation="relu", input_shape=(8, 8, 1)), MaxPooling2D(2), Pause(), Flatten(), Dense(3)]
    return Sequential(layers, seed=0, fast=fast)


def everything(model: Sequential) -> Any:
    """What can be read from a model."""
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    return [w.tobytes() for w in model.get_weights()], lines, model.get_config()


def check_uses(model: Sequential, workers: int | None, calls: int) -> None:
    """Two threads predict for images of their own, while a third reads, until one finds what it would not alone."""
    rng, start, differs = np.random.default_rng(0), threading.Barrier(3), threading.Event()
    images = [rng.normal(size=(6, 8, 8, 1)) for _ in range(2)]

    def predict(x: Array) -> bytes:
        return model.predict(x, workers=workers).tobytes()

    def keep_predicting(x: Array, alone: bytes) -> None:
        start.wait()
        for _ in range(calls // 2):
            if differs.is_set() or predict(x) != alone:
                differs.set()
                break

    alone, read = [predict(x) for x in images], everything(model)
    with ThreadPoolExecutor(2) as pool:
        threads = [pool.submit(keep_predicting, *case) for case in zip(images, alone, strict=True)]
        start.wait()
        while not all(thread.done() for thread in threads):
            if everything(model) != read:
                differs.set()
    for thread in threads:
        thread.result()
    assert not differs.is_set()


@pytest.mark.parametrize("calls", [40, pytest.param(10_000, marks=pytest.mark.deep)])
@pytest.mark.parametrize("workers", [1, None])
@pytest.mark.parametrize("fast", [True, False])
def test_threads_find_a_model_as_it_is_alone(fast: bool, workers: int | None, calls: int) -> None:
    check_uses(network(fast=fast), workers, calls)


ENOUGH = 50_000
"""Calls in which a fault shows itself, however the system shares out the processors; a few hundred mostly do."""


@pytest.mark.parametrize("workers", [1, None])
def test_scratch_memory_that_threads_share_would_be_noticed(
    workers: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "LOCAL", SimpleNamespace(buffers=scratch.Buffers()))
    with pytest.raises((AssertionError, IndexError)):  # or two threads took the last buffer
        check_uses(network(fast=True), workers, ENOUGH)


NEW = "Outputs(source.size)"
WHILE = "any(False for _ in range(1000))"  # as long as other work between two changes
FAULTS = {
    "a result kept in the model": Fault(Sequential.predict, NEW, f"vars(self).setdefault('y', {NEW})"),
    "weights changed for a moment": Fault(
        Dense.forward, "z = F", f"self.params['kernel'] *= 2; {WHILE}; self.params['kernel'] /= 2; z = F"
    ),
}


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("name", FAULTS)
def test_what_is_not_for_one_thread_alone_would_be_noticed(name: str, fast: bool) -> None:
    with seeded(FAULTS[name]), pytest.raises((AssertionError, ValueError)):  # or two outputs do not fit one array
        check_uses(network(fast=fast), 1, ENOUGH)
