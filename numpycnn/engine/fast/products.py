"""Matrix products of many rows by a small matrix, in blocks of rows.

BLAS packs the factors of a large product into a layout of its own before it multiplies. OpenBLAS has kernels for small
matrices without packing, on processors with AVX-512, for up to a million multiplications. So a long product is computed
as several short ones, up to a third faster; elsewhere they take the same time, within a few percent.
"""

import numpy as np

from numpycnn.common.arithmetic import ceil_div
from numpycnn.common.typing import Array

MAX_BLOCK_PRODUCTS = 1_000_000
"""Multiplications."""

MIN_BLOCK_ROWS = 96
"""With fewer rows, blocks cost more than they save."""


def blocked_matmul(a: Array, b: Array, out: Array) -> Array:
    """a @ b, written to out: (..., R, K), (..., K, F) -> (..., R, F)."""
    covered, rows = blocks(a, b.shape[-1])
    if covered:
        np.matmul(blocked(a[..., :covered, :], rows), b[..., None, :, :], out=blocked(out[..., :covered, :], rows))
    if covered < a.shape[-2]:
        np.matmul(a[..., covered:, :], b, out=out[..., covered:, :])
    return out


def blocked_matmul_transposed(a: Array, b: Array, out: Array | None = None) -> Array:
    """a.T @ b: (..., R, K), (..., R, F) -> (..., K, F), a new array or `out`."""
    covered, rows = blocks(a, b.shape[-1])
    transposed = a.swapaxes(-1, -2)  # (..., K, R)
    if covered <= rows:
        return np.matmul(transposed, b, out=out)
    blocks_transposed = blocked(a[..., :covered, :], rows).swapaxes(-1, -2)  # (..., R/rows, K, rows)
    total = np.sum(np.matmul(blocks_transposed, blocked(b[..., :covered, :], rows)), axis=-3, out=out)  # (..., K, F)
    if covered < a.shape[-2]:
        total += np.matmul(transposed[..., covered:], b[..., covered:, :])
    return total


def blocks(a: Array, filters: int) -> tuple[int, int]:
    """(the rows of a that blocks cover, the rows of each block); no rows where blocks do not pay.

    Blocks are as large as MAX_BLOCK_PRODUCTS allows, and even, so that few rows are left over.
    """
    max_rows = MAX_BLOCK_PRODUCTS // (a.shape[-1] * filters)
    if max_rows < MIN_BLOCK_ROWS:
        return 0, max_rows
    count = max(1, ceil_div(a.shape[-2], max_rows))
    rows = a.shape[-2] // count
    return count * rows, rows


def blocked(a: Array, rows: int) -> Array:
    """A view of an array, (..., R, K), as (..., R/rows, rows, K)."""
    return a.reshape(*a.shape[:-2], -1, rows, a.shape[-1])  # (..., R/rows, rows, K)
