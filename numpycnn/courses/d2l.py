"""The NumPy functions of Dive into Deep Learning, chapters 7 and 8, under their own names, made from `functional`.

Images have no batch in `corr2d` and `pool2d`, and channels come first, as in the book. Source: d2l.ai.
"""

from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.typing import Array, Pair
from numpycnn.functional.window import Window


def corr2d(X: Array, K: Array) -> Array:
    """The cross-correlation of an image (H, W) with a kernel (KH, KW): (H - KH + 1, W - KW + 1)."""
    return corr2d_multi_in_out(X[None], K[None, None])[0]


def corr2d_multi_in(X: Array, K: Array) -> Array:
    """The same summed over channels: X: (C, H, W), K: (C, KH, KW)."""
    return corr2d_multi_in_out(X, K[None])[0]


def corr2d_multi_in_out(X: Array, K: Array) -> Array:
    """The same for several filters: X: (C, H, W), K: (F, C, KH, KW); returns (F, OH, OW)."""
    rows, columns = K.shape[2:]
    window = Window((rows, columns))
    y, _ = F.conv2d(X.transpose(1, 2, 0)[None], K.transpose(2, 3, 1, 0), None, window)  # (1, H, W, C), (KH, KW, C, F)
    return y[0].transpose(2, 0, 1)  # (F, OH, OW)


def corr2d_multi_in_out_1x1(X: Array, K: Array) -> Array:
    """A kernel of one pixel, as a product of matrices: X: (C, H, W), K: (F, C, 1, 1)."""
    return corr2d_multi_in_out(X, K)


def pool2d(X: Array, pool_size: Pair, mode: str = "max") -> Array:
    """The largest value, or the mean (mode "avg"), under a window that moves by one pixel. X: (H, W).

    Raises ValueError for another mode.
    """
    rows, columns = pool_size
    images, window = X[None, :, :, None], Window((rows, columns))  # (1, H, W, 1)
    if checks.choice("pool2d", "mode", mode, ("max", "avg")) == "avg":
        return F.average_pool2d(images, window)[0, :, :, 0]
    return F.max_pool2d(images, window)[0][0, :, :, 0]


def batch_norm(
    X: Array,
    gamma: Array,
    beta: Array,
    moving_mean: Array,
    moving_var: Array,
    eps: float,
    momentum: float,
) -> tuple[Array, Array, Array]:
    """Batch normalization in training. X: (N, D), or (N, C, H, W) with the rest (1, C, 1, 1).

    Returns Y and the moving averages, (1 - momentum) * moving + momentum * the batch's.
    """
    last = X if X.ndim == 2 else X.transpose(0, 2, 3, 1)  # (N, ..., C)
    of_batch = F.moments(last)
    mean, var = of_batch.mean, of_batch.m2 / of_batch.size
    y, _ = F.batch_norm(last, mean, var, gamma.ravel(), beta.ravel(), eps)
    moving_mean = (1.0 - momentum) * moving_mean + momentum * mean.reshape(moving_mean.shape)
    moving_var = (1.0 - momentum) * moving_var + momentum * var.reshape(moving_var.shape)
    return y if X.ndim == 2 else y.transpose(0, 3, 1, 2), moving_mean, moving_var  # (N, C, H, W)


__all__ = [
    "batch_norm",
    "corr2d",
    "corr2d_multi_in",
    "corr2d_multi_in_out",
    "corr2d_multi_in_out_1x1",
    "pool2d",
]
