"""Batch normalization, with channels along the last axis, and its gradients."""

import numpy as np

from numpycnn.common.typing import Array


def batch_statistics(x: Array) -> tuple[Array, Array]:
    """mean[c] = sum of x/M, variance[c] = sum of (x - mean[c])**2/M, over the M values of channel c.

    x: (..., C). Returns mean, variance: (C,).
    """
    places, channels = list(np.ndindex(x.shape[:-1])), x.shape[-1]
    mean, variance = np.zeros(channels, x.dtype), np.zeros(channels, x.dtype)
    for c in range(channels):
        for m in places:
            mean[c] += x[*m, c] / len(places)
        for m in places:
            variance[c] += (x[*m, c] - mean[c]) ** 2 / len(places)
    return mean, variance


def batch_norm(x: Array, mean: Array, variance: Array, gamma: Array, beta: Array, epsilon: float) -> Array:
    """y = gamma[c] * (x - mean[c])/sqrt(variance[c] + epsilon) + beta[c].

    In training mean and variance are the batch's own, `batch_statistics(x)`; in inference they are moving averages.
    x, y: (..., C); the rest: (C,).
    """
    y = np.zeros_like(x)
    for m in np.ndindex(x.shape[:-1]):
        for c in range(x.shape[-1]):
            y[*m, c] = gamma[c] * (x[*m, c] - mean[c]) / np.sqrt(variance[c] + epsilon) + beta[c]
    return y


def batch_norm_training_backward(dy: Array, x: Array, gamma: Array, epsilon: float) -> Array:
    """The gradient of batch_norm's x in training, where every y depends on every x of its channel: dx, (..., C).

    y[m] depends on x[n] directly, where m = n, through the mean and through the variance:

        derivative of mean with respect to x[n]      = 1/M
        derivative of variance with respect to x[n]  = 2*(x[n] - mean)/M
        derivative of y[m] with respect to x[n]      = gamma*([m = n] - 1/M)/sqrt(variance + epsilon)
                                                     - gamma*(x[m] - mean)/2*(variance + epsilon)**(-3/2) * that above
    """
    places, (mean, variance) = list(np.ndindex(x.shape[:-1])), batch_statistics(x)
    dx = np.zeros_like(x)
    for c in range(x.shape[-1]):
        spread = variance[c] + epsilon
        for n in places:
            variance_moves = 2 * (x[*n, c] - mean[c]) / len(places)
            for m in places:
                directly = ((m == n) - 1 / len(places)) / np.sqrt(spread)
                by_variance = -(x[*m, c] - mean[c]) / 2 * spread**-1.5 * variance_moves
                dx[*n, c] += dy[*m, c] * gamma[c] * (directly + by_variance)
    return dx


def batch_norm_inference_backward(dy: Array, variance: Array, gamma: Array, epsilon: float) -> Array:
    """The gradient of batch_norm's x in inference, where mean and variance are constants: dx, (..., C).

    dx = dy * gamma[c]/sqrt(variance[c] + epsilon).
    """
    dx = np.zeros_like(dy)
    for m in np.ndindex(dy.shape[:-1]):
        for c in range(dy.shape[-1]):
            dx[*m, c] = dy[*m, c] * gamma[c] / np.sqrt(variance[c] + epsilon)
    return dx


def batch_norm_parameters_backward(
    dy: Array, x: Array, mean: Array, variance: Array, epsilon: float
) -> tuple[Array, Array]:
    """The gradients of batch_norm's gamma and beta, in training and in inference.

    gamma is multiplied by the normalized x, beta is added. dy, x: (..., C). Returns dgamma, dbeta: (C,).
    """
    dgamma, dbeta = np.zeros_like(mean), np.zeros_like(mean)
    for m in np.ndindex(x.shape[:-1]):
        for c in range(x.shape[-1]):
            dgamma[c] += dy[*m, c] * (x[*m, c] - mean[c]) / np.sqrt(variance[c] + epsilon)
            dbeta[c] += dy[*m, c]
    return dgamma, dbeta


def moving_average(moving: Array, new: Array, momentum: float) -> Array:
    """moving[c]*momentum + new[c]*(1 - momentum): what a step of training makes of a moving mean or variance."""
    updated = np.zeros_like(moving)
    for c in range(len(moving)):
        updated[c] = moving[c] * momentum + new[c] * (1 - momentum)
    return updated
