"""Affine, ReLU and dropout layers, and an affine layer with a ReLU after it."""

from typing import Any

import numpy as np

from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.typing import Array

MODES = ("train", "test")


def affine_forward(x: Array, w: Array, b: Array) -> tuple[Array, Any]:
    """out = x @ w + b, with an example as one vector: x: (N, d1, ..., dk), w: (D, M), b: (M,), out: (N, M)."""
    return F.dense(x.reshape(len(x), -1), w, b), (x, w, b)  # (N, D)


def affine_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """dx: (N, d1, ..., dk), dw: (D, M) and db: (M,), for dout: (N, M)."""
    x, w, _ = cache
    dw, db = F.dense_backward(dout, x.reshape(len(x), -1))
    return F.dense_backward_input(dout, w).reshape(x.shape), dw, db  # (N, d1, ..., dk)


def relu_forward(x: Array) -> tuple[Array, Array]:
    """out = max(x, 0), of any shape; the cache is x."""
    return F.relu(x), x


def relu_backward(dout: Array, cache: Array) -> Array:
    """dx = dout where x > 0, and 0 elsewhere."""
    return F.relu_backward(dout, cache, F.relu(cache))


def affine_relu_forward(x: Array, w: Array, b: Array) -> tuple[Array, Any]:
    """An affine layer, then a ReLU."""
    a, affine_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, (affine_cache, relu_cache)


def affine_relu_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """dx, dw, db."""
    affine_cache, relu_cache = cache
    return affine_backward(relu_backward(dout, relu_cache), affine_cache)


def dropout_forward(x: Array, dropout_param: dict[str, Any]) -> tuple[Array, Any]:
    """Inverted dropout: in training out = x * mask with mask = (rand < p)/p, so p is the probability to keep.

    dropout_param: p; mode, "train" or "test"; and perhaps seed, of NumPy's global random numbers.

    Raises ValueError for another mode.
    """
    p, mode = dropout_param["p"], checks.choice("dropout_forward", "mode", dropout_param["mode"], MODES)
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if mode == "test":
        return x, (dropout_param, None)
    kept = np.random.rand(*x.shape) < p
    mask = kept * F.dropout_scale(1 - p, np.dtype(np.float64))
    return (x * mask).astype(x.dtype, copy=False), (dropout_param, mask)


def dropout_backward(dout: Array, cache: Any) -> Array:
    """dx = dout * mask, or dout in test mode."""
    _, mask = cache
    return dout if mask is None else dout * mask
