"""Penalties of arrays: one number that grows with the weights, or with a layer's output, and is added to the loss.

Each function takes an array of any shape, but `orthogonality` a matrix, and returns one number. The backward functions
return its gradient, in the shape of the array.
"""

import numpy as np

from numpycnn.common.typing import Array


def l1(x: Array, factor: float) -> Array:
    """factor * sum |x|. Pulls every entry towards 0 by the same amount, and so makes many of them vanish."""
    return factor * (x * np.sign(x.real)).sum()


def l1_backward(x: Array, factor: float) -> Array:
    """dx = factor * sign(x); at 0, where there is no derivative, 0."""
    return factor * np.sign(x)


def l2(x: Array, factor: float) -> Array:
    """factor * sum x^2. Pulls each entry towards 0 in proportion to its size."""
    return factor * (x * x).sum()


def l2_backward(x: Array, factor: float) -> Array:
    """dx = 2 * factor * x."""
    return (2.0 * factor) * x


def orthogonality(w: Array, factor: float, epsilon: float) -> Array:
    """factor * the mean of |u_i . u_j| over all pairs of rows, where u_i is row i divided by its norm. w: (R, C).

    It is 0 where every row is orthogonal to every other. A norm below epsilon counts as epsilon; one row has no pair.
    """
    cosines, _, _ = row_cosines(w, epsilon)
    return factor * (cosines * np.sign(cosines.real)).sum() / max(len(w) * (len(w) - 1), 1)


def orthogonality_backward(w: Array, factor: float, epsilon: float) -> Array:
    """The gradient of `orthogonality`, (R, C).

    P_ij = u_i . u_j stands in the sum twice, and its derivative with respect to u_i is u_j: so, with
    k = 2 * factor / (R*(R - 1)),

        du_i = k * sum over j != i of sign(P_ij) u_j

    u_i = w_i/|w_i| does not change with the length of w_i, only with its direction, which the component of du_i
    orthogonal to u_i changes:

        dw_i = (du_i - (du_i . u_i) u_i) / |w_i|

    Where the norm counts as epsilon, u_i is w_i/epsilon, and dw_i = du_i/epsilon.
    """
    cosines, u, norms = row_cosines(w, epsilon)
    du = (2.0 * factor / max(len(w) * (len(w) - 1), 1)) * np.sign(cosines) @ u  # (R, C)
    along = np.where(norms > epsilon, (du * u).sum(axis=1, keepdims=True), 0.0)  # (R, 1)
    return (du - along * u) / norms


def row_cosines(w: Array, epsilon: float) -> tuple[Array, Array, Array]:
    """(u_i . u_j for each pair of rows, with 0 on the diagonal, (R, R); u, (R, C); the norms, (R, 1)). w: (R, C)."""
    norms = np.sqrt((w * w).sum(axis=1, keepdims=True))  # (R, 1)
    norms = np.where(norms.real > epsilon, norms, w.real.dtype.type(epsilon))
    u = w / norms  # (R, C)
    cosines = u @ u.T  # (R, R)
    np.fill_diagonal(cosines, 0.0)
    return cosines, u, norms
