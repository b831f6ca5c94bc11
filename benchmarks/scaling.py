"""Each kernel and each layer by itself, and how the cost of a step grows with what it is given.

    python benchmarks/scaling.py

Every row is the median of several runs. Rows of one table are measured by turns, so that a slower moment of the machine
falls on all of them. The last column is the cost of one unit of work in units of the cheapest row's: where it stays
near one, the cost grows as the work does.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import architectures
import numpy as np
from architectures import NETWORKS
from work import build, tutorial_network

from numpycnn import Sequential
from numpycnn import functional as F
from numpycnn.common.typing import Array, Shape
from numpycnn.engine.fast import fused, scratch
from numpycnn.engine.workers import THREAD_SETTINGS, processors
from numpycnn.functional.window import Window
from numpycnn.layers import Activation, Conv2D, Dense, Dropout, Flatten, Layer, MaxPooling2D

RNG = np.random.default_rng(0)
Run = tuple[str, Callable[[], object], float]
"""A row: its name, what to time, and how much work that is, in the table's unit."""


def table(title: str, unit: str, runs: Sequence[Run], rounds: int) -> None:
    """Time the rows by turns and print them."""
    seconds: list[list[float]] = [[] for _ in runs]
    for turn in range(-1, rounds):  # the first is not counted
        for times, (_, run, _) in zip(seconds, runs, strict=True):
            start = time.perf_counter()
            run()
            if turn >= 0:
                times.append(time.perf_counter() - start)
    costs = [statistics.median(times) / amount for times, (_, _, amount) in zip(seconds, runs, strict=True)]
    print(f"\n{title}\n\n| | milliseconds | range | {unit} | against the cheapest |\n|---|---|---|---|---|")
    for times, cost, (name, _, _) in zip(seconds, costs, runs, strict=True):
        low, middle, high = (1e3 * value for value in (min(times), statistics.median(times), max(times)))
        print(f"| {name} | {middle:.2f} | {low:.2f} to {high:.2f} | {cost * 1e6:.3f} us | {cost / min(costs):.2f} |")


def floats(*shape: int) -> Array:
    """Random float32 numbers."""
    return RNG.standard_normal(shape).astype(np.float32)


def kernels(rounds: int) -> None:
    """The functions of functional on 100 images, as the tutorial network calls them."""
    n, conv, pool = 100, Window((5, 5)), Window((2, 2), (2, 2))
    x, kernel, bias, y = floats(n, 28, 28, 1), floats(5, 5, 1, 64), floats(64), floats(n, 24, 24, 64)
    cols, (pooled, winner) = F.im2col(x, conv), F.max_pool2d(y, pool)
    flat = pooled.reshape(n, -1)  # (N, 9216)
    weights, dy = floats(9216, 128), floats(n, 128)
    rng = np.random.default_rng(0)
    runs: list[Run] = [
        ("im2col", lambda: F.im2col(x, conv), n),
        ("conv2d", lambda: F.conv2d(x, kernel, bias, conv), n),
        ("conv2d_backward", lambda: F.conv2d_backward(y, cols, kernel), n),
        ("conv2d_backward_input", lambda: F.conv2d_backward_input(y, kernel, x.shape, conv), n),
        ("max_pool2d", lambda: F.max_pool2d(y, pool), n),
        ("max_pool2d_backward", lambda: F.max_pool2d_backward(pooled, winner, y.shape, pool), n),
        ("dense", lambda: F.dense(flat, weights, None), n),
        ("dense_backward", lambda: F.dense_backward(dy, flat), n),
        ("dense_backward_input", lambda: F.dense_backward_input(dy, weights), n),
        ("dropout_kept", lambda: F.dropout_kept(pooled.shape, 0.5, rng), n),
        ("relu", lambda: F.relu(y), n),
        ("softmax", lambda: F.softmax(dy), n),
    ]
    table("Kernels of functional, 100 images of the tutorial network, one thread", "an image", runs, rounds)


def layers(rounds: int) -> None:
    """Each layer forward and backward, and the tutorial's block on the fast path."""
    n = 100
    shapes: list[tuple[Layer, Shape]] = [
        (Conv2D(64, 5, activation="relu"), (28, 28, 1)),
        (MaxPooling2D(2), (24, 24, 64)),
        (Dropout(0.5), (12, 12, 64)),
        (Flatten(), (12, 12, 64)),
        (Dense(128, activation="relu"), (9216,)),
        (Activation("softmax"), (10,)),
    ]
    runs: list[Run] = []
    for layer, shape in shapes:
        layer.build(shape, RNG, np.float32)
        runs.append((type(layer).__name__, partial(there_and_back, layer, floats(n, *shape)), n))
    ((_, block),) = fused(Sequential([layer for layer, _ in shapes[:3]])).stages
    runs.append(
        ("Conv2D, MaxPooling2D and Dropout as a block", partial(there_and_back, block, floats(n, 28, 28, 1)), n)
    )
    table("Layers forward and backward, 100 images of the tutorial network, one thread", "an image", runs, rounds)


def there_and_back(layer: Any, x: Array) -> None:
    """Forward in training, and backward."""
    with scratch.scratch_scope():
        y, cache = layer.forward(x, training=True, rng=RNG)
        layer.backward(y, cache)


def convolutions(rounds: int) -> None:
    """A block forward and backward, one thing at a time made larger; the unit is a million multiplications."""

    def row(name: str, image: int, channels: int, filters: int, size: int) -> Run:
        layer = Conv2D(filters, size, activation="relu")
        layer.build((image, image, channels), RNG, np.float32)
        ((_, block),) = fused(Sequential([layer])).stages
        x = floats(32, image, image, channels)
        positions = 32 * (image - size + 1) ** 2
        return name, partial(there_and_back, block, x), 3 * positions * size**2 * channels * filters / 1e6

    for title, runs in (
        ("image size", [row(f"{s} by {s}", s, 8, 16, 3) for s in (14, 28, 56, 112)]),
        ("channels in", [row(f"{c}", 28, c, 64, 3) for c in (1, 4, 8, 16, 32, 64, 128)]),
        ("filters", [row(f"{f}", 28, 16, f, 3) for f in (8, 16, 32, 64, 128)]),
        ("kernel size", [row(f"{k} by {k}", 28, 16, 32, k) for k in (1, 2, 3, 4, 5, 7)]),
    ):
        table(f"A convolution forward and backward, 32 images: {title}", "a million multiplications", runs, rounds)


def steps(rounds: int) -> None:
    """Steps of whole networks: batch sizes, parameters, depth, and workers."""

    def row(name: str, network: Sequential, batch: int, workers: int | None = None, least: int = 1) -> Run:
        count = max(1, least // batch) * batch
        x, y = floats(count, *(network.shape_in or ())), np.eye(10, dtype=np.float32)[RNG.integers(0, 10, count)]
        return name, partial(network.fit, x, y, batch_size=batch, verbose=0, workers=workers), count

    tutorial = tutorial_network(0)
    sizes = [row(f"{batch}", tutorial, batch, least=1000) for batch in (8, 32, 125, 250, 500, 1000, 2000, 4000)]
    table("fit on the tutorial network: batch size", "an image", sizes, rounds)
    widths = [row(f"{units} units", dense(units), 128) for units in (64, 128, 256, 512, 1024, 2048)]
    table("fit on two dense layers: parameters", "an image", widths, rounds)
    depths = [row(f"{depth}", convolutional(depth), 64) for depth in (1, 2, 4, 8, 16)]
    deeper = [(name, run, count * int(name)) for name, run, count in depths]
    table("fit on convolutions of 16 channels: depth", "an image and layer", deeper, rounds)
    for name in ("tutorial, 1000", "tutorial, 32", "second, 128", "convnet, 32", "LeNet, 64"):
        network, batch = build(NETWORKS[name]), NETWORKS[name].batch
        runs = [row(f"{workers}", network, batch, workers, least=320) for workers in sorted({1, 2, processors()})]
        table(f"fit on {name}: workers", "an image", runs, rounds)


def dense(units: int) -> Sequential:
    """Two dense layers of that width, where the optimizer's work is large beside the products'."""
    parts = [architectures.Dense(units, "relu"), architectures.Dense(units, "relu"), architectures.OUTPUT]
    return build(architectures.Network(parts, (units,), 128, 0))


def convolutional(depth: int) -> Sequential:
    """So many convolutions one after the other."""
    convolution = architectures.Conv(16, 3, "relu", padding="same")
    parts = [*[convolution] * depth, architectures.GlobalAverage(), architectures.OUTPUT]
    return build(architectures.Network(parts, (16, 16, 16), 64, 0))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="how often each row is timed (default: 9)")
    rounds = parser.parse_args().rounds
    with THREAD_SETTINGS:
        for measure in (kernels, layers, convolutions):
            measure(rounds)
    steps(rounds)


if __name__ == "__main__":
    main()
