"""The definitions as nested loops: slow, obvious, one number at a time. Read it beside `numpycnn.functional`.

Every function here computes what the function of the same name there computes, without matrix products, slices or
tricks against rounding. The gradients are written out too: each is the chain rule, term by term. For an output y of
inputs x, and dy the gradient of a loss with respect to y,

    dx[a] = sum over b of  dy[b] * (derivative of y[b] with respect to x[a])

and the loops run over the pairs (a, b) whose derivative is not zero. Nothing is taken from `functional`, so that the
tests can compare the two. Notation and shapes are those of `functional`: images are (N, H, W, C).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np

from numpycnn.common.typing import Array, Pair

# ---------------------------------------------------------------- where a window lands


@dataclass(frozen=True)
class Axis:
    """One axis of an image, `size` pixels long, and of the window of `kernel` taps that slides along it."""

    size: int
    kernel: int
    stride: int
    dilation: int
    padding: str

    @property
    def extent(self) -> int:
        """How many pixels the window spans, the gaps between its taps included."""
        return self.kernel + (self.kernel - 1) * (self.dilation - 1)

    @property
    def outputs(self) -> int:
        """How many positions the window takes: with "same" padding ceil(size/stride), with "valid" those inside."""
        if self.padding == "same":
            return ceil(self.size / self.stride)
        return ceil((self.size - self.extent + 1) / self.stride)

    @property
    def before(self) -> int:
        """The padding before the first pixel: half of what is needed; an odd one out goes to the end."""
        if self.padding == "valid":
            return 0
        return max((self.outputs - 1) * self.stride + self.extent - self.size, 0) // 2

    def pixel(self, output: int, tap: int) -> int | None:
        """The pixel that a tap sees at an output cell; None is outside the image."""
        index = output * self.stride + tap * self.dilation - self.before
        return index if 0 <= index < self.size else None


def axes(image: Pair, size: Pair, strides: Pair, padding: str, dilation: Pair) -> tuple[Axis, Axis]:
    """The rows and the columns of a window that slides over an image, each given as (rows, columns)."""
    rows, cols = (Axis(image[k], size[k], strides[k], dilation[k], padding) for k in (0, 1))
    return rows, cols


def cells(rows: Axis, cols: Axis) -> Iterator[tuple[int, int, int, int, int, int]]:
    """(i, j, u, v, r, c) for each output cell (i, j) and each tap (u, v) that sees a pixel (r, c) there, in order."""
    for i in range(rows.outputs):
        for j in range(cols.outputs):
            for u in range(rows.kernel):
                for v in range(cols.kernel):
                    r, c = rows.pixel(i, u), cols.pixel(j, v)
                    if r is not None and c is not None:
                        yield i, j, u, v, r, c


# ---------------------------------------------------------------- convolution


def conv2d(
    x: Array,
    kernel: Array,
    bias: Array | None,
    strides: Pair = (1, 1),
    padding: str = "valid",
    dilation: Pair = (1, 1),
) -> Array:
    """y[n, i, j, f] = bias[f] + sum over taps (u, v), channels c of  pixel of x under the tap [c] * kernel[u, v, c, f].

    A tap that lies on padding sees 0. x: (N, H, W, C); kernel: (KH, KW, C, F); bias: (F,) or None.
    Returns y: (N, OH, OW, F).
    """
    rows, cols = axes(x.shape[1:3], kernel.shape[:2], strides, padding, dilation)
    channels, filters = kernel.shape[2:]
    y = np.zeros((len(x), rows.outputs, cols.outputs, filters), x.dtype)
    for n in range(len(x)):
        for f in range(filters):
            for i, j, u, v, r, c in cells(rows, cols):
                for channel in range(channels):
                    y[n, i, j, f] += x[n, r, c, channel] * kernel[u, v, channel, f]
            if bias is not None:
                for i in range(rows.outputs):
                    for j in range(cols.outputs):
                        y[n, i, j, f] += bias[f]
    return y


def conv2d_backward(
    dy: Array,
    x: Array,
    kernel: Array,
    strides: Pair = (1, 1),
    padding: str = "valid",
    dilation: Pair = (1, 1),
) -> tuple[Array, Array, Array]:
    """The gradients of conv2d's x, kernel and bias.

    Each product x*kernel in y has the derivative kernel with respect to x, and x with respect to the kernel; the bias
    is added with the derivative 1. dy: (N, OH, OW, F). Returns dx, dkernel, dbias in the shapes of x, kernel and (F,).
    """
    rows, cols = axes(x.shape[1:3], kernel.shape[:2], strides, padding, dilation)
    channels, filters = kernel.shape[2:]
    dx, dkernel, dbias = np.zeros_like(x), np.zeros_like(kernel), np.zeros(filters, x.dtype)
    for n in range(len(x)):
        for f in range(filters):
            for i, j, u, v, r, c in cells(rows, cols):
                for channel in range(channels):
                    dx[n, r, c, channel] += dy[n, i, j, f] * kernel[u, v, channel, f]
                    dkernel[u, v, channel, f] += dy[n, i, j, f] * x[n, r, c, channel]
            for i in range(rows.outputs):
                for j in range(cols.outputs):
                    dbias[f] += dy[n, i, j, f]
    return dx, dkernel, dbias


# ---------------------------------------------------------------- max-pooling


def winners(x: Array, n: int, channel: int, rows: Axis, cols: Axis) -> dict[Pair, Pair]:
    """For each output cell the pixel (r, c) that is the largest under the window; of equal ones the first."""
    best: dict[Pair, Pair] = {}
    for i, j, _, _, r, c in cells(rows, cols):
        if (i, j) not in best or x[n, r, c, channel] > x[n, *best[i, j], channel]:
            best[i, j] = r, c
    return best


def max_pool2d(x: Array, size: Pair, strides: Pair, padding: str = "valid") -> Array:
    """y[n, i, j, c] = the largest pixel of channel c under the window. Padding never wins.

    x: (N, H, W, C). Returns y: (N, OH, OW, C).
    """
    rows, cols = axes(x.shape[1:3], size, strides, padding, (1, 1))
    y = np.zeros((len(x), rows.outputs, cols.outputs, x.shape[3]), x.dtype)
    for n in range(len(x)):
        for channel in range(x.shape[3]):
            for (i, j), (r, c) in winners(x, n, channel, rows, cols).items():
                y[n, i, j, channel] = x[n, r, c, channel]
    return y


def max_pool2d_backward(dy: Array, x: Array, size: Pair, strides: Pair, padding: str = "valid") -> Array:
    """The gradient of max_pool2d's x: y has the derivative 1 with respect to the winner, and 0 to the other pixels.

    dy: (N, OH, OW, C). Returns dx: (N, H, W, C).
    """
    rows, cols = axes(x.shape[1:3], size, strides, padding, (1, 1))
    dx = np.zeros_like(x)
    for n in range(len(x)):
        for channel in range(x.shape[3]):
            for (i, j), (r, c) in winners(x, n, channel, rows, cols).items():
                dx[n, r, c, channel] += dy[n, i, j, channel]
    return dx


# ---------------------------------------------------------------- dense


def dense(x: Array, kernel: Array, bias: Array | None) -> Array:
    """y[..., u] = bias[u] + sum over d of x[..., d] * kernel[d, u].

    x: (..., D); kernel: (D, U); bias: (U,) or None. Returns y: (..., U).
    """
    features, units = kernel.shape
    y = np.zeros((*x.shape[:-1], units), x.dtype)
    for row in np.ndindex(x.shape[:-1]):
        for u in range(units):
            for d in range(features):
                y[*row, u] += x[*row, d] * kernel[d, u]
            if bias is not None:
                y[*row, u] += bias[u]
    return y


def dense_backward(dy: Array, x: Array, kernel: Array) -> tuple[Array, Array, Array]:
    """The gradients of dense's x, kernel and bias, as for conv2d. dy: (..., U). Returns dx, dkernel, dbias."""
    features, units = kernel.shape
    dx, dkernel, dbias = np.zeros_like(x), np.zeros_like(kernel), np.zeros(units, x.dtype)
    for row in np.ndindex(x.shape[:-1]):
        for u in range(units):
            for d in range(features):
                dx[*row, d] += dy[*row, u] * kernel[d, u]
                dkernel[d, u] += dy[*row, u] * x[*row, d]
            dbias[u] += dy[*row, u]
    return dx, dkernel, dbias


# ---------------------------------------------------------------- activations, each value by itself


def relu(z: Array) -> Array:
    """y = z where z > 0, else 0. z, y: any shape."""
    y = np.zeros_like(z)
    for a in np.ndindex(z.shape):
        if z[a] > 0:
            y[a] = z[a]
    return y


def relu_backward(dy: Array, z: Array) -> Array:
    """dz = dy where z > 0, else 0, at the kink too."""
    dz = np.zeros_like(z)
    for a in np.ndindex(z.shape):
        if z[a] > 0:
            dz[a] = dy[a]
    return dz


def sigmoid(z: Array) -> Array:
    """y = 1/(1 + exp(-z)). z, y: any shape."""
    y = np.zeros_like(z)
    for a in np.ndindex(z.shape):
        y[a] = 1 / (1 + np.exp(-z[a]))
    return y


def sigmoid_backward(dy: Array, z: Array) -> Array:
    """dz = dy * exp(-z)/(1 + exp(-z))**2, by the rule for a quotient."""
    dz = np.zeros_like(z)
    for a in np.ndindex(z.shape):
        dz[a] = dy[a] * np.exp(-z[a]) / (1 + np.exp(-z[a])) ** 2
    return dz


def tanh(z: Array) -> Array:
    """y = sinh(z)/cosh(z). z, y: any shape."""
    y = np.zeros_like(z)
    for a in np.ndindex(z.shape):
        y[a] = np.sinh(z[a]) / np.cosh(z[a])
    return y


def tanh_backward(dy: Array, z: Array) -> Array:
    """dz = dy/cosh(z)**2, by the rule for a quotient, for cosh**2 - sinh**2 = 1."""
    dz = np.zeros_like(z)
    for a in np.ndindex(z.shape):
        dz[a] = dy[a] / np.cosh(z[a]) ** 2
    return dz


# ---------------------------------------------------------------- softmax and cross-entropy, along the last axis


def softmax(z: Array) -> Array:
    """y[k] = exp(z[k]) / sum over j of exp(z[j]), for each row along the last axis. z, y: (..., K)."""
    y = np.zeros_like(z)
    for row in np.ndindex(z.shape[:-1]):
        total = sum(np.exp(z[*row, j]) for j in range(z.shape[-1]))
        for k in range(z.shape[-1]):
            y[*row, k] = np.exp(z[*row, k]) / total
    return y


def softmax_backward(dy: Array, z: Array) -> Array:
    """dz[k] = sum over j of dy[j] * y[j]*([j = k] - y[k]), by the rule for a quotient. dy, z, dz: (..., K)."""
    y, dz = softmax(z), np.zeros_like(z)
    for row in np.ndindex(z.shape[:-1]):
        for k in range(z.shape[-1]):
            for j in range(z.shape[-1]):
                dz[*row, k] += dy[*row, j] * y[*row, j] * ((j == k) - y[*row, k])
    return dz


def cross_entropy(y: Array, p: Array) -> Array:
    """L = -sum over k of y[k]*log(p[k]), for targets y and probabilities p: (..., K) -> (...).

    A class whose target is 0 adds nothing.
    """
    loss = np.zeros(p.shape[:-1], p.dtype)
    for row in np.ndindex(p.shape[:-1]):
        for k in range(p.shape[-1]):
            if y[*row, k] != 0:
                loss[row] -= y[*row, k] * np.log(p[*row, k])
    return loss


def cross_entropy_backward(y: Array, p: Array) -> Array:
    """dp[k] = -y[k]/p[k]. With p = softmax(z), softmax_backward(dp, z) = p - y. y, p, dp: (..., K)."""
    dp = np.zeros_like(p)
    for row in np.ndindex(p.shape[:-1]):
        for k in range(p.shape[-1]):
            if y[*row, k] != 0:
                dp[*row, k] = -y[*row, k] / p[*row, k]
    return dp


# ---------------------------------------------------------------- dropout


def dropout(x: Array, kept: Array, rate: float) -> Array:
    """y = x/(1 - rate) where kept, else 0. x, kept (booleans), y: any shape."""
    y = np.zeros_like(x)
    for a in np.ndindex(x.shape):
        if kept[a]:
            y[a] = x[a] / (1 - rate)
    return y


def dropout_backward(dy: Array, kept: Array, rate: float) -> Array:
    """dx = dy/(1 - rate) where kept, else 0."""
    dx = np.zeros_like(dy)
    for a in np.ndindex(dy.shape):
        if kept[a]:
            dx[a] = dy[a] / (1 - rate)
    return dx


# ---------------------------------------------------------------- batch normalization: channels along the last axis


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
