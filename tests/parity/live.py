"""Fresh random networks, by numpycnn on both its paths and by one framework."""

import importlib
from collections.abc import Iterator
from itertools import count, islice

import numpy as np

from parity import optimizers, ours
from parity.draw import SMALL, WIDE, Case, Entry, cases, is_wrong_in_keras
from parity.figures import BOUNDS, Errors, Figures, errors, figures, print_errors, within, worst

EVERY = 10
"""Of so many networks the last is a wide one. Two of three have any activation and loss, and with Keras any optimizer."""


def live(framework: str, networks: int, seed: int, dtype: str) -> bool:
    """Compare, print the worst errors beside the bounds, and return whether all are within them."""
    side, found, bounds = importlib.import_module(f"parity.{framework}_side"), [], BOUNDS[dtype]
    for case in islice(fresh(seed, dtype, both=framework == "torch"), networks):
        own = [figures(ours.Network(case, dtype, fast=fast), case) for fast in (True, False)]
        apart = compared(own, figures(side.Network(case, dtype), case))
        if framework == "keras" and not within(worst(apart), bounds):
            print(f"Too far apart as XLA compiles it, by {max(worst(apart)):.1e}; compared without", flush=True)
            apart = compared(own, figures(side.Uncompiled(case, dtype), case))
        found += apart
        if not within(worst(apart), bounds):
            print(f"Too far apart: {worst(apart)}\n  {case.spec}", flush=True)
        if len(found) % 200 == 0:
            print(f"{len(found) // 2} networks, the worst so far: {worst(found)}", flush=True)
    largest = worst(found)
    print(f"{networks} networks against {framework} in {dtype}, seed {seed}")
    print_errors(largest, bounds)
    return within(largest, bounds)


def compared(own: list[Figures], true: Figures) -> list[Errors]:
    """The errors of each of our results."""
    return [errors(one, true) for one in own]


def fresh(seed: int, dtype: str, *, both: bool, blocks: bool = False) -> Iterator[Case]:
    """Cases without end that stay clear of kinks.

    both: also strides together with dilation, which Keras refuses. blocks: also blocks in blocks.
    """
    for number in count(1):
        size = (SMALL if number % EVERY else WIDE)._replace(all=number % 3 > 0)
        drawn = cases((seed, number), size, both=both, all_kinds=True, blocks=blocks)
        if not both:
            drawn = (case for case in drawn if not is_wrong_in_keras(case.spec))
        if size.all and not both:
            drawn = with_any_optimizer(drawn, np.random.default_rng((seed, number, 1)))
        yield next(case for case in drawn if ours.is_smooth(case, dtype))


def with_any_optimizer(drawn: Iterator[Case], rng: np.random.Generator) -> Iterator[Case]:
    """The cases with optimizers of every kind, with schedules, clipping, weight decay and averages."""
    for case, optimizer in zip(drawn, filter(is_exact, optimizers.entries(rng)), strict=False):
        yield case._replace(spec=case.spec._replace(optimizer=optimizer))


def is_exact(optimizer: Entry) -> bool:
    """Not a schedule that takes the root of 1 - 6/6: JAX multiplies by a rounded 1/6, and the root is 1e-8, not 0."""
    rate = optimizer[1]["learning_rate"]
    return not isinstance(rate, tuple) or rate[1].get("power") != 0.5
