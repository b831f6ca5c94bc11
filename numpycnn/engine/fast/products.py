"""Matrix products of many rows by a small matrix, in blocks of rows.

BLAS copies the factors of a large product into an order of its own before it multiplies. A small product it multiplies
as it lies: OpenBLAS does so, on processors with AVX-512, up to a million multiplications. So a long product is made of
short ones, up to a third faster; where BLAS makes no such difference they take the same time, within a few percent.
"""

import numpy as np

from numpycnn.common.typing import Array

MAX_BLOCK_PRODUCTS = 1_000_000
"""The most multiplications in a block."""

MIN_BLOCK_ROWS = 96
"""The fewest rows in a block: below that, blocks cost more than they save."""


def blocked_matmul(a: Array, b: Array, out: Array) -> Array:
    """a @ b, written to out: (..., R, K), (..., K, F) -> (..., R, F)."""
    whole, rows = blocks(a, b.shape[-1])
    if whole:
        np.matmul(blocked(a[..., :whole, :], rows), b[..., None, :, :], out=blocked(out[..., :whole, :], rows))
    if whole < a.shape[-2]:
        np.matmul(a[..., whole:, :], b, out=out[..., whole:, :])
    return out


def blocked_matmul_transposed(a: Array, b: Array) -> Array:
    """a.T @ b: (..., R, K), (..., R, F) -> (..., K, F)."""
    whole, rows = blocks(a, b.shape[-1])
    if not whole:
        return np.matmul(a.swapaxes(-1, -2), b)
    parts = np.matmul(blocked(a[..., :whole, :], rows).swapaxes(-1, -2), blocked(b[..., :whole, :], rows))
    total = parts.sum(axis=-3)
    if whole < a.shape[-2]:
        total += np.matmul(a[..., whole:, :].swapaxes(-1, -2), b[..., whole:, :])
    return total


def blocks(a: Array, filters: int) -> tuple[int, int]:
    """How many of the rows of a are in blocks, 0 where blocks do not pay, and how many are in each.

    Blocks are as large as can be so that next to nothing is left over: where they divide the rows, nothing.
    """
    most = MAX_BLOCK_PRODUCTS // (a.shape[-1] * filters)
    if most < MIN_BLOCK_ROWS:
        return 0, most
    count = max(1, -(-a.shape[-2] // most))
    rows = a.shape[-2] // count
    return count * rows, rows


def blocked(a: Array, rows: int) -> Array:
    """A view of an array, (..., R, K), as (..., R/rows, rows, K)."""
    return a.reshape(*a.shape[:-2], -1, rows, a.shape[-1])
