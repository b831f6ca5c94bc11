"""Layer and group normalization, and their gradients."""

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.reference.normalization import batch_norm, batch_norm_training_backward, batch_statistics


def layer_norm(x: Array, gamma: Array, beta: Array, epsilon: float) -> Array:
    """y[n, d] = gamma[d] * (x[n, d] - mean)/sqrt(variance + epsilon) + beta[d], over the values of row n.

    x, y: (N, D); gamma, beta: (D,).
    """
    y = np.zeros_like(x)
    for n in range(x.shape[0]):
        xhat = normalized(x[n], epsilon)
        for d in range(x.shape[1]):
            y[n, d] = gamma[d] * xhat[d] + beta[d]
    return y


def layer_norm_backward(dy: Array, x: Array, gamma: Array, epsilon: float) -> tuple[Array, Array, Array]:
    """The gradients of layer_norm's x, gamma and beta, from dy of y's shape."""
    dx, dgamma, dbeta = np.zeros_like(x), np.zeros_like(gamma), np.zeros_like(gamma)
    for n in range(x.shape[0]):
        xhat = normalized(x[n], epsilon)
        dx[n] = normalized_backward(dy[n] * gamma, x[n], epsilon)
        for d in range(x.shape[1]):
            dgamma[d] += dy[n, d] * xhat[d]
            dbeta[d] += dy[n, d]
    return dx, dgamma, dbeta


def rms_norm(x: Array, gamma: Array, epsilon: float) -> Array:
    """y[n, d] = gamma[d] * x[n, d]/sqrt(variance + epsilon), with the variance of row n: Keras's rms_scaling."""
    y = np.zeros_like(x)
    for n in range(x.shape[0]):
        _, variance = batch_statistics(x[n][:, None])
        for d in range(x.shape[1]):
            y[n, d] = gamma[d] * x[n, d] / np.sqrt(variance[0] + epsilon)
    return y


def rms_norm_backward(dy: Array, x: Array, gamma: Array, epsilon: float) -> tuple[Array, Array]:
    """The gradients of rms_norm's x and gamma.

    y[n, m] depends on x[n, d] directly, where m = d, and through the variance, of derivative 2*(x[n, d] - mean)/D.
    """
    (rows, width), dx, dgamma = x.shape, np.zeros_like(x), np.zeros_like(gamma)
    for n in range(rows):
        mean, variance = batch_statistics(x[n][:, None])
        spread = variance[0] + epsilon
        for m in range(width):
            dgamma[m] += dy[n, m] * x[n, m] / np.sqrt(spread)
            for d in range(width):
                by_variance = -x[n, m] / 2 * spread**-1.5 * 2 * (x[n, d] - mean[0]) / width
                dx[n, d] += dy[n, m] * gamma[m] * ((m == d) / np.sqrt(spread) + by_variance)
    return dx, dgamma


def group_norm(x: Array, groups: int, gamma: Array, beta: Array, epsilon: float) -> Array:
    """y = gamma[c] * (x - mean)/sqrt(variance + epsilon) + beta[c], over the values of an example's group of channels.

    x, y: (N, ..., C); gamma, beta: (C,).
    """
    y, size = np.zeros_like(x), x.shape[-1] // groups
    for n in range(x.shape[0]):
        for g in range(groups):
            own = range(g * size, (g + 1) * size)
            xhat = normalized(x[n][..., own].ravel(), epsilon).reshape(-1, size)  # (..., C/G)
            for p, place in enumerate(np.ndindex(x.shape[1:-1])):
                for k, c in enumerate(own):
                    y[n, *place, c] = gamma[c] * xhat[p, k] + beta[c]
    return y


def group_norm_backward(dy: Array, x: Array, groups: int, gamma: Array, epsilon: float) -> tuple[Array, Array, Array]:
    """The gradients of group_norm's x, gamma and beta, from dy of y's shape."""
    dx, dgamma, dbeta = np.zeros_like(x), np.zeros_like(gamma), np.zeros_like(gamma)
    size = x.shape[-1] // groups
    for n in range(x.shape[0]):
        for g in range(groups):
            own = range(g * size, (g + 1) * size)
            values = x[n][..., own]
            xhat = normalized(values.ravel(), epsilon).reshape(values.shape)  # (..., C/G)
            dxhat = (dy[n] * gamma)[..., own]
            dx[n][..., own] = normalized_backward(dxhat.ravel(), values.ravel(), epsilon).reshape(values.shape)
            for p in np.ndindex(values.shape[:-1]):
                for k, c in enumerate(own):
                    dgamma[c] += dy[n, *p, c] * xhat[*p, k]
                    dbeta[c] += dy[n, *p, c]
    return dx, dgamma, dbeta


def normalized(x: Array, epsilon: float) -> Array:
    """(x[m] - mean)/sqrt(variance + epsilon), over all values: a batch normalization of one channel. x: (M,)."""
    column = x[:, None]
    return batch_norm(column, *batch_statistics(column), np.ones(1), np.zeros(1), epsilon)[:, 0]


def normalized_backward(dxhat: Array, x: Array, epsilon: float) -> Array:
    """The gradient of normalized's x: that of a batch normalization of one channel. dxhat, x: (M,)."""
    return batch_norm_training_backward(dxhat[:, None], x[:, None], np.ones(1), epsilon)[:, 0]
