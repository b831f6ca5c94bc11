"""What each way of convolving takes over many shapes, and how well the plan chooses among them.

    python benchmarks/ways.py

A training step of one convolution on 64 images, with the pool after it, on one core: forward, and the gradients of the
kernel and of the image, or for the first layer of a network those of the kernel alone. Microseconds for an image, the
median of several steps; the chosen way is marked. The last line says how much longer than by the best way each shape
takes, by the geometric mean and at most.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import nullcontext
from math import exp, log
from typing import NamedTuple

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.engine.blas import single_thread
from numpycnn.engine.fast.im2col import ConvBlock
from numpycnn.engine.fast.parts import parts_at
from numpycnn.engine.fast.plan import planned_block, ways
from numpycnn.engine.fast.scratch import scratch_scope
from numpycnn.layers import Conv2D, Input, MaxPooling2D
from numpycnn.models import Sequential

IMAGES, REPEATS = 64, 9


class Shape(NamedTuple):
    """A convolution, and the pool after it."""

    image: int
    channels: int
    filters: int
    kernel: int = 3
    strides: int = 1
    padding: str = "same"
    pool: int = 1
    first: bool = False

    def __str__(self) -> str:
        what = f"{self.image}x{self.image}x{self.channels} to {self.filters}, {self.kernel}x{self.kernel}"
        words = (self.padding, f"strides {self.strides}", f"pool {self.pool}", "first")
        shown = (True, self.strides > 1, self.pool > 1, self.first)
        return ", ".join([what, *(word for word, there in zip(words, shown, strict=True) if there)])


FIRST = [
    *(Shape(28, 1, filters, 5, 2, "valid", first=True) for filters in (8, 16, 32)),
    *(Shape(28, 1, filters, 3, 1, "valid", pool, first=True) for filters in (8, 32) for pool in (1, 2)),
    *(Shape(28, 1, filters, 5, 1, "same", 2, first=True) for filters in (6, 20, 64)),
    *(Shape(32, 3, filters, first=True) for filters in (16, 32)),
    Shape(64, 3, 32, 3, 2, first=True),
]
INNER = [
    *(Shape(12, channels, filters, 3, 1, "valid") for channels, filters in ((8, 16), (12, 16), (16, 32), (32, 32))),
    *(Shape(10, channels, filters, 3, 1, "valid", 2) for channels, filters in ((16, 16), (16, 24), (16, 32), (32, 64))),
    *(Shape(26, channels, filters, 3, 1, "valid", 2) for channels, filters in ((8, 12), (32, 64))),
    *(Shape(13, channels, channels) for channels in (8, 16, 32)),
    *(Shape(24, channels, channels) for channels in (8, 16, 32)),
    *(Shape(8, channels, channels, 3, 1, padding) for channels in (24, 64) for padding in ("same", "valid")),
    *(Shape(4, channels, channels) for channels in (16, 64)),
    *(Shape(image, channels, channels, pool=pool) for image, channels in ((32, 32), (16, 64)) for pool in (1, 2)),
    *(Shape(image, channels, 2 * channels, strides=2) for image, channels in ((32, 16), (16, 32))),
    *(Shape(14, channels, filters, 5, 1, "valid", 2) for channels, filters in ((6, 16), (20, 50))),
    *(Shape(14, 16, 32, 5, strides) for strides in (1, 2)),
    *(Shape(16, channels, 64, kernel) for channels in (32, 64) for kernel in (5, 7)),
    *(Shape(28, channels, 2 * channels, pool=2) for channels in (3, 4, 16)),
]


def blocks(shape: Shape) -> Iterator[tuple[ConvBlock, bool]]:
    """The block in each way, and whether it is the chosen one."""
    layers = [
        Conv2D(shape.filters, shape.kernel, strides=shape.strides, padding=shape.padding),
        MaxPooling2D(shape.pool),
    ]
    Sequential([Input((shape.image, shape.image, shape.channels)), *layers], seed=0)  # builds them
    parts = parts_at(layers[: 1 + (shape.pool > 1)])
    if parts is None:
        raise ValueError(f"{shape}: is no block")
    chosen = planned_block(parts, first=shape.first).way
    for way in ways(parts, first=shape.first):
        block = way.block(parts)
        yield block, block.way == chosen


def microseconds(block: ConvBlock, shape: Shape, x: Array) -> float:
    """A step's, for an image, between blocks: the median."""
    block.after_block = block.before_block = True
    spent = []
    for _ in range(REPEATS):
        with scratch_scope():
            begin = time.perf_counter()
            y, cache = block.forward(x, training=True)
            if shape.first:
                block.parameter_gradients(y, cache)
            else:
                block.backward(y, cache)
            spent.append(time.perf_counter() - begin)
    return float(np.median(spent[1:])) / len(x) * 1e6


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    rng, losses = np.random.default_rng(0), []
    with single_thread() or nullcontext():
        for shape in [*FIRST, *INNER]:
            x = rng.normal(size=(IMAGES, shape.image, shape.image, shape.channels)).astype(np.float32)
            found = [(microseconds(block, shape, x), block.way, chosen) for block, chosen in blocks(shape)]
            losses.append(min(spent for spent, _, chosen in found if chosen) / min(found)[0])
            times = ", ".join(f"{way} {spent:.1f}{' (chosen)' * chosen}" for spent, way, chosen in sorted(found))
            print(f"{shape}: {times}", flush=True)
    mean = exp(sum(map(log, losses)) / len(losses))
    print(f"{len(losses)} shapes: {mean:.3f} of the best way's time, at most {max(losses):.2f}")


if __name__ == "__main__":
    main()
