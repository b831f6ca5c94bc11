"""Batch, layer and group normalization, of vectors (N, D) and of images (N, C, H, W)."""

from typing import Any

import numpy as np

from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.courses.cs231n.dense import MODES

GROUP_AXES = (2, 3, 4)
"""Of (N, G, C/G, H, W), the axes over which a group is normalized."""


def batchnorm_forward(x: Array, gamma: Array, beta: Array, bn_param: dict[str, Any]) -> tuple[Array, Any]:
    """Batch normalization of features: x: (N, D); gamma and beta: (D,).

    bn_param: mode, "train" or "test"; eps (1e-5); momentum (0.9); running_mean and running_var: (D,). In training these
    two become momentum * running + (1 - momentum) * the batch's; the variance is that of n, not of n - 1.

    Raises ValueError for another mode.
    """
    mode = checks.choice("batchnorm_forward", "mode", bn_param["mode"], MODES)
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    mean, var = (bn_param.get(f"running_{name}", np.zeros(x.shape[1], x.dtype)) for name in ("mean", "var"))
    if mode == "train":
        of_batch = F.moments(x)
        average = mean, var
        mean, var = of_batch.mean, of_batch.m2 / of_batch.size
        bn_param["running_mean"] = momentum * average[0] + (1 - momentum) * mean
        bn_param["running_var"] = momentum * average[1] + (1 - momentum) * var
    else:
        bn_param.update(running_mean=mean, running_var=var)
    out, xhat = F.batch_norm(x, mean, var, gamma, beta, eps)
    return out, (xhat, gamma, F.inverse_std(var, eps), mode)


def batchnorm_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """dx: (N, D), dgamma and dbeta: (D,)."""
    xhat, gamma, inverse_std, mode = cache
    dbeta, dgamma = F.batch_norm_backward_sums(dout, xhat)
    if mode == "test":
        return F.batch_norm_backward_input_inference(dout, gamma, inverse_std), dgamma, dbeta
    return F.batch_norm_backward_input(dout, xhat, gamma, inverse_std, len(dout), dbeta, dgamma), dgamma, dbeta


batchnorm_backward_alt = batchnorm_backward


def layernorm_forward(x: Array, gamma: Array, beta: Array, ln_param: dict[str, Any]) -> tuple[Array, Any]:
    """Layer normalization of each example: x: (N, D); gamma and beta: (D,); ln_param: eps (1e-5)."""
    normalized = F.normalize(x, (1,), ln_param.get("eps", 1e-5))
    return F.scale_shift(normalized.xhat, gamma, beta), (normalized, gamma)


def layernorm_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """dx: (N, D), dgamma and dbeta: (D,)."""
    normalized, gamma = cache
    dbeta, dgamma = F.scale_shift_backward(dout, normalized.xhat, gamma.shape)
    return F.normalize_backward(dout * gamma, normalized, (1,)), dgamma, dbeta


def spatial_batchnorm_forward(x: Array, gamma: Array, beta: Array, bn_param: dict[str, Any]) -> tuple[Array, Any]:
    """Batch normalization of channels, over the examples and all positions: x: (N, C, H, W); gamma and beta: (C,)."""
    n, c, h, w = x.shape
    out, cache = batchnorm_forward(x.transpose(0, 2, 3, 1).reshape(-1, c), gamma, beta, bn_param)  # (N*H*W, C)
    return out.reshape(n, h, w, c).transpose(0, 3, 1, 2), cache  # (N, C, H, W)


def spatial_batchnorm_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """dx: (N, C, H, W), dgamma and dbeta: (C,)."""
    n, c, h, w = dout.shape
    dx, dgamma, dbeta = batchnorm_backward(dout.transpose(0, 2, 3, 1).reshape(-1, c), cache)  # (N*H*W, C)
    return dx.reshape(n, h, w, c).transpose(0, 3, 1, 2), dgamma, dbeta  # (N, C, H, W)


def spatial_groupnorm_forward(
    x: Array,
    gamma: Array,
    beta: Array,
    G: int,
    gn_param: dict[str, Any],
) -> tuple[Array, Any]:
    """Group normalization: x: (N, C, H, W); gamma and beta: (1, C, 1, 1); G groups; gn_param: eps (1e-5)."""
    n, c, h, w = x.shape
    normalized = F.normalize(x.reshape(n, G, c // G, h, w), GROUP_AXES, gn_param.get("eps", 1e-5))
    xhat = normalized.xhat.reshape(x.shape)  # (N, C, H, W)
    return F.scale_shift(xhat, gamma, beta), (normalized, xhat, gamma)


def spatial_groupnorm_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """dx: (N, C, H, W), dgamma and dbeta: (1, C, 1, 1)."""
    normalized, xhat, gamma = cache
    dbeta, dgamma = F.scale_shift_backward(dout, xhat, gamma.shape[1:])
    dxhat = (dout * gamma).reshape(normalized.xhat.shape)  # (N, G, C/G, H, W)
    dx = F.normalize_backward(dxhat, normalized, GROUP_AXES).reshape(dout.shape)  # (N, C, H, W)
    return dx, dgamma.reshape(gamma.shape), dbeta.reshape(gamma.shape)  # (1, C, 1, 1)
