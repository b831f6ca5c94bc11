"""Images enlarged by whole factors, by repeating pixels or by interpolating between them.

Both are linear maps along the rows and along the columns, so the backward is the transposed map.
"""

import numpy as np

from numpycnn.common.typing import Array, Pair


def upsample_nearest(x: Array, factors: Pair) -> Array:
    """Each pixel repeated: y[n, i, j, c] = x[n, floor(i/SH), floor(j/SW), c] for factors (SH, SW).

    x: (N, H, W, C). Returns y: (N, H*SH, W*SW, C).
    """
    return x.repeat(factors[0], axis=1).repeat(factors[1], axis=2)


def upsample_nearest_backward(dy: Array, factors: Pair) -> Array:
    """The gradient of upsample_nearest's input: the sum over a pixel's SH*SW copies.

    dy: (N, H*SH, W*SW, C). Returns dx: (N, H, W, C).
    """
    (n, rows, cols, c), (sh, sw) = dy.shape, factors
    copies = dy.reshape(n, rows // sh, sh, cols // sw, sw, c)  # (N, H, SH, W, SW, C)
    return copies.sum(axis=(2, 4))


def upsample_bilinear(x: Array, factors: Pair) -> Array:
    """Interpolated between the four pixels around, whose weights fall linearly with the distance.

        y[n, i, j, c] = sum over r, s of  A[i, r] * B[j, s] * x[n, r, s, c]

    where A and B are the `linear_weights` of rows and columns. x: (N, H, W, C). Returns y: (N, H*SH, W*SW, C).
    """
    _, h, w, _ = x.shape
    dtype = x.real.dtype
    return map_axes(linear_weights(h, factors[0], dtype), linear_weights(w, factors[1], dtype), x)


def upsample_bilinear_backward(dy: Array, factors: Pair) -> Array:
    """The gradient of upsample_bilinear's input: the same weights, transposed.

        dx[n, r, s, c] = sum over i, j of  A[i, r] * B[j, s] * dy[n, i, j, c]

    dy: (N, H*SH, W*SW, C). Returns dx: (N, H, W, C).
    """
    (_, rows, cols, _), (sh, sw) = dy.shape, factors
    dtype = dy.real.dtype
    return map_axes(linear_weights(rows // sh, sh, dtype).T, linear_weights(cols // sw, sw, dtype).T, dy)


def linear_weights(size: int, factor: int, dtype: np.dtype) -> Array:
    """The weight of each of `size` pixels in each of size*factor interpolated ones: (size*factor, size).

    A pixel is an area, and its value stands in its center: that of pixel r is at r + 1/2, that of output i at
    (i + 1/2)/factor in the same units. Their weights are 1 - distance, for distances below 1. Beyond the outermost
    centers there is nothing to interpolate, so the edge pixel is repeated. Source: Keras's
    resize, "half pixel centers".
    """
    centers = (np.arange(size * factor) + 0.5) / factor - 0.5
    distances = np.abs(np.clip(centers, 0, size - 1)[:, None] - np.arange(size))  # (size*factor, size)
    return np.maximum(1.0 - distances, 0.0).astype(dtype)


def map_axes(of_rows: Array, of_cols: Array, x: Array) -> Array:
    """Two matrices applied to the axes of images: (P, H), (Q, W), (N, H, W, C) -> (N, P, Q, C)."""
    n, h, w, c = x.shape
    mapped = of_rows @ x.reshape(n, h, w * c)  # (N, P, W*C)
    return of_cols @ mapped.reshape(n, len(of_rows), w, c)  # (N, P, W, C) to (N, P, Q, C)
