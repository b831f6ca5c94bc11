"""Random numbers as a function of position: nothing to lock, nothing to save, nothing to reset.

A generator is created from the model's seed and the position that its numbers are for: a layer's weights, a step's
dropout, an epoch's order. So the same seed gives the same bytes, whatever ran before.
"""

from collections.abc import Sequence

import numpy as np

from numpycnn.common.typing import Rng

# What the numbers are for: each purpose has its own stream.
WEIGHTS, ORDER, DROPOUT, CALLS = range(4)


def generator(seed: int, purpose: int, *position: int) -> Rng:
    """The generator for one purpose at one position, both given as integers of at least 0."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(purpose, *position)))


def seeded(rng: Rng, seed: int | None) -> Rng:
    """The generator itself, or if there is a seed the one of that seed at the same position.

    A generator without a position is asked for a number instead.
    """
    if seed is None:
        return rng
    position = rng.bit_generator.seed_seq.spawn_key or (int(rng.integers(2**63)),)  # type: ignore[attr-defined]
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=position))


def children(rng: Rng | None, count: int) -> Sequence[Rng | None]:
    """So many generators, which depend on this one; None for each where there is none."""
    return [None] * count if rng is None else rng.spawn(count)


def draw_seed() -> int:
    """A seed from NumPy's global state, the one that `np.random.seed` fixes: the library's only use of it."""
    return int(np.random.randint(2**31))
