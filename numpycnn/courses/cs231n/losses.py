"""The losses: of scores x and labels y, and of a linear classifier's weights W."""

from collections.abc import Callable

import numpy as np

from numpycnn import functional as F
from numpycnn.common.typing import Array

Loss = Callable[[Array, Array], tuple[float, Array]]


def softmax_loss(x: Array, y: Array) -> tuple[float, Array]:
    """The mean of -log(softmax(x)[y]), and its gradient dx. x: (N, C); y: (N,), the labels."""
    rows = np.arange(len(x))
    one_hot = np.zeros(x.shape)
    one_hot[rows, y] = 1.0
    log_p = F.log_softmax(x)
    return -float(log_p[rows, y].mean()), F.log_softmax_backward(-one_hot, x, log_p) / len(x)


def svm_loss(x: Array, y: Array) -> tuple[float, Array]:
    """The mean over examples of the sum over j != y of max(0, x[j] - x[y] + 1), and its gradient dx. x: (N, C)."""
    rows = np.arange(len(x))
    margins = x - x[rows, y][:, None] + 1.0  # (N, C)
    margins[rows, y] = 0.0
    dx = (margins > 0).astype(x.dtype)
    dx[rows, y] -= dx.sum(axis=1)
    return float(F.relu(margins).sum()) / len(x), dx / len(x)


def of_classifier(loss: Loss, w: Array, x: Array, y: Array, reg: float) -> tuple[float, Array]:
    """The loss of the scores x @ w, with reg * sum(w*w) added; and its gradient dw."""
    value, dscores = loss(F.dense(x, w, None), y)
    dw, _ = F.dense_backward(dscores, x)
    return float(value + F.l2(w, reg)), dw + F.l2_backward(w, reg)


def softmax_loss_naive(W: Array, X: Array, y: Array, reg: float) -> tuple[float, Array]:
    """The softmax loss of a linear classifier, and dW. W: (D, C); X: (N, D); y: (N,); reg: of the sum of squares."""
    return of_classifier(softmax_loss, W, X, y, reg)


def svm_loss_naive(W: Array, X: Array, y: Array, reg: float) -> tuple[float, Array]:
    """The support vector machine's loss of a linear classifier, and dW. W: (D, C); X: (N, D); y: (N,)."""
    return of_classifier(svm_loss, W, X, y, reg)


softmax_loss_vectorized, svm_loss_vectorized = softmax_loss_naive, svm_loss_naive
