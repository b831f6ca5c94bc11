"""The matrices of Winograd's convolutions, by Cook and Toom: F(m, r), m outputs of r taps from m + r - 1 points.

Correlation along one axis is the transpose of a product of polynomials, and a polynomial of degree t - 1 is known by
its values at t points; the last is "infinity", the leading coefficient. For m outputs y of t = m + r - 1 pixels d

    y = A.T [ (G g) * (B.T d) ]        g: the kernel's r taps; * entry by entry

    A.T   (m, t)   column i: the powers 0 to m - 1 of point i
    G     (t, r)   row i: the powers 0 to r - 1 of point i, over f_i = the product of its differences from the others
    B.T   (t, t)   row i: the coefficients of the product of (x - other points), lowest first

where for infinity the columns and rows are (0, ..., 0, 1), and in B.T the product is that of all other points. So t
multiplications give what m*r did. A and G evaluate polynomials at the points; B.T is the transpose of interpolation.

The points decide how the result is rounded: near 0 high powers vanish, far from it they swamp the rest. 0, 1 and -1
give entries of 0, 1, -1 and 1/2; of the pairs to follow, 1/2 and -2 round best: they are each other's negative inverse,
so that sums of their powers cancel less than those of 2 and -2. Source: Lavin and Gray 2016; Barabasz et al. 2020.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from numpycnn.common.typing import Array

POINTS = (0.0, 1.0, -1.0, 0.5, -2.0)
"""The finite points, the first of which are used. Point 1 is all ones in A.T: what is added there goes to all."""

MAX_POINTS = len(POINTS) + 1
"""With infinity."""

POINT_ONE = POINTS.index(1.0)


class Transforms(NamedTuple):
    """The matrices of F(m, r)."""

    output: Array
    """A.T: (m, t)."""
    kernel: Array
    """G: (t, r)."""
    input: Array
    """B.T: (t, t)."""


@cache
def transforms(m: int, r: int, dtype: np.dtype) -> Transforms:
    """The matrices of F(m, r), computed in float64. m + r - 1 is at most MAX_POINTS."""
    points = np.array(POINTS[: m + r - 2])
    others = [np.delete(points, i) for i in range(len(points))]
    scales = [np.prod(point - rest) for point, rest in zip(points, others, strict=True)]
    kernel = powers(points, r) / np.array(scales)[:, None]
    polynomials = [np.poly(rest)[::-1] for rest in (*others, points)]  # coefficients, lowest first
    rows = [np.append(row, np.zeros(len(points) + 1 - len(row))) for row in polynomials]
    matrices = with_infinity(powers(points, m)).T, with_infinity(kernel), np.stack(rows)
    return Transforms(*(np.ascontiguousarray(matrix, dtype) for matrix in matrices))


def powers(points: Array, count: int) -> Array:
    """The powers of each point, from 0 on: (t - 1, count)."""
    return points[:, None] ** np.arange(count)


def with_infinity(rows: Array) -> Array:
    """The rows, and that of the point at infinity, which sees the highest power alone."""
    return np.vstack([rows, np.eye(rows.shape[1])[-1]])
