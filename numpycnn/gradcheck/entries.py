"""The derivatives of many entries: by the complex step for each, confirmed by differences for many at once.

The complex step costs two evaluations of f, and differences that confirm it cost dozens. But the derivative along a
direction is the sum of v*gradient: where differences along one that moves many entries confirm the sum of their complex
steps, with random v, they confirm all of them. Where they do not, the entries are halved, down to single ones, which
are measured by themselves. So are entries at kinks, for one-sided derivatives do not add up.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from numpycnn.common.typing import Array, Rng
from numpycnn.gradcheck.decision import Site
from numpycnn.gradcheck.direction import Direction, Entry, spread
from numpycnn.gradcheck.numeric import RESOLVED, Measured, by_differences, complex_step
from numpycnn.gradcheck.problem import unit_of

CONFIRMS = 1e-6
"""The relative noise up to which differences confirm many entries at once."""


def measured_entries(site: Site, entries: Sequence[Entry], rng: Rng) -> list[Measured]:
    """The derivative of each entry."""
    try:
        exact = [complex_step(site.line(entry)) for entry in entries] if site.method == "auto" else []
    except Exception:  # user code may raise anything for complex numbers
        exact = []
    smooth = [k for k, one in enumerate(exact) if one.noise == 0.0 and not one.is_kink]
    confirmed = set(confirmed_together(site, entries, exact, smooth, rng))
    return [exact[k] if k in confirmed else site.measured(entry) for k, entry in enumerate(entries)]


def confirmed_together(
    site: Site, entries: Sequence[Entry], exact: Sequence[Measured], chosen: Sequence[int], rng: Rng
) -> Iterator[int]:
    """Those of the chosen entries whose complex steps are confirmed."""
    if len(chosen) < 2:
        return
    name = entries[0].name
    x = site.problem.point[name]
    v, weights = np.zeros(x.shape), unit_of(x) * spread(rng, (len(chosen),))
    v[tuple(np.transpose([entries[k].where for k in chosen]))] = weights
    if confirms(site, Direction("entries", {name: v}), weighted_sum(weights, [exact[k] for k in chosen])):
        yield from chosen
        return
    middle = len(chosen) // 2
    for half in (chosen[:middle], chosen[middle:]):
        yield from confirmed_together(site, entries, exact, half, rng)


def weighted_sum(weights: Array, found: Sequence[Measured]) -> Measured:
    """The derivative along the direction that moves each entry by its weight."""
    total = sum(weight * one.right for weight, one in zip(weights, found, strict=True))
    return Measured(np.asarray(total), np.asarray(total), 0.0, "complex")


def confirms(site: Site, direction: Direction, exact: Measured) -> bool:
    """Whether differences along a direction confirm a derivative."""
    found = by_differences(site.line(direction), site.base, site.unit(direction))
    known = found.resolved(CONFIRMS) or (found.size == 0.0 and found.noise <= RESOLVED)
    return known and exact.agrees(found)
