"""Relations of the losses besides squared error and categorical cross-entropy."""

import numpy as np
from faults import Fault
from hypothesis import strategies as st

from numpycnn import functional as F
from numpycnn import losses
from numpycnn.common.typing import Array, Rng
from numpycnn.losses.crossentropy import Crossentropy
from relations.common import generator, near
from relations.functions import logits
from relations.table import Draw, relation

scales = st.sampled_from((-2.0, 0.5, 3.0))
BINARY, BINARY_LOGITS = losses.BinaryCrossentropy(), losses.BinaryCrossentropy(from_logits=True)
CATEGORICAL, CATEGORICAL_LOGITS = losses.CategoricalCrossentropy(), losses.CategoricalCrossentropy(from_logits=True)


def moderate(draw: Draw, rng: Rng) -> Array:
    """Scores between -5 and 5."""
    return logits(draw, rng).clip(-5, 5)


def pair(draw: Draw) -> tuple[Array, Array]:
    """Any targets, and predictions: (N, ..., K)."""
    rng = generator(draw)
    p = moderate(draw, rng)
    return rng.normal(size=p.shape), p


def with_labels(draw: Draw) -> tuple[Array, Array]:
    """Targets between 0 and 1, and logits."""
    y, z = pair(draw)
    return F.sigmoid(y), z


def distributions(draw: Draw) -> tuple[Array, Array]:
    """Rows of probabilities."""
    y, z = pair(draw)
    return F.softmax(y), F.softmax(z / 2)


# ---------------------------------------------------------------- cross-entropies


@relation(Fault(losses.BinaryCrossentropy.row_values, "-np.log(1 - p)", "-np.log(p)"))
def binary_cross_entropy_of_logits_is_that_of_their_sigmoid(draw: Draw) -> None:
    """bce(y, z; from logits) = bce(y, sigmoid(z)), and dz = sigmoid_backward(dp)."""
    y, z = with_labels(draw)
    p = F.sigmoid(z)
    near(BINARY_LOGITS.value(y, z), BINARY.value(y, p))
    near(BINARY_LOGITS.gradient(y, z), F.sigmoid_backward(BINARY.gradient(y, p), z, p))


@relation(Fault(losses.BinaryCrossentropy.row_gradient, "- y_true * F.sigmoid(-y_pred)", "- y_true"))
def no_is_yes_the_other_way_round(draw: Draw) -> None:
    """bce(1 - y, -z) = bce(y, z), and its gradient is -dz."""
    y, z = with_labels(draw)
    near(BINARY_LOGITS.value(1 - y, -z), BINARY_LOGITS.value(y, z))
    near(BINARY_LOGITS.gradient(1 - y, -z), -BINARY_LOGITS.gradient(y, z))


@relation(Fault(losses.BinaryCrossentropy.row_values, "F.softplus(p)", "F.softplus(2 * p)"))
def yes_or_no_are_two_classes(draw: Draw) -> None:
    """bce(y, z) = cce([y, 1 - y], [z, 0])."""
    y, z = with_labels(draw)
    y, z = y.reshape(-1, 1), z.reshape(-1, 1)  # (N, 1)
    two = np.concatenate([y, 1 - y], axis=1), np.concatenate([z, 0 * z], axis=1)
    near(BINARY_LOGITS.value(y, z), CATEGORICAL_LOGITS.value(*two))
    near(BINARY_LOGITS.gradient(y, z)[:, 0], CATEGORICAL_LOGITS.gradient(*two)[:, 0])


@relation(Fault(Crossentropy.smoothed, "self.label_smoothing / classes", "self.label_smoothing"))
def smoothing_mixes_the_targets_with_even_ones(draw: Draw) -> None:
    """loss(y; s) = (1 - s) loss(y) + s loss(even)."""
    (y, p), s = distributions(draw), draw(st.sampled_from((0.1, 0.5, 1.0)))
    even, axis = np.full(y.shape, 1 / y.shape[-1]), y.ndim - 1
    smooth = losses.CategoricalCrossentropy(label_smoothing=s, axis=axis)
    expected = (1 - s) * CATEGORICAL(y, p) + s * CATEGORICAL(even, p)
    near(np.array(smooth(y, p)), np.array(expected))


@relation(Fault(losses.RowLoss.of_example, "-1, self.axis)", "-1, -1)"))
def rows_run_along_any_axis(draw: Draw) -> None:
    """loss(y.T, p.T; axis of the classes) = loss(y, p), and so is its gradient."""
    rng = generator(draw)
    y, p = (F.softmax(rng.normal(size=(2, 3, 3))) for _ in range(2))
    turned, plain = losses.CategoricalCrossentropy(axis=1), CATEGORICAL
    near(turned.value(y.swapaxes(1, 2), p.swapaxes(1, 2)), plain.value(y, p))
    near(turned.gradient(y.swapaxes(1, 2), p.swapaxes(1, 2)).swapaxes(1, 2), plain.gradient(y, p))


@relation(Fault(losses.KLDivergence.row_values, "np.log(y / p)", "np.log(p / y)"))
def divergence_is_cross_entropy_without_entropy(draw: Draw) -> None:
    """kl(y, p) = cce(y, p) - cce(y, y)."""
    y, p = distributions(draw)
    near(losses.KLDivergence().value(y, p), CATEGORICAL.value(y, p) - CATEGORICAL.value(y, y))


@relation(Fault(losses.Poisson.row_values, "y_true * np.log", "y_true**2 * np.log"))
def poisson_is_linear_in_the_counts(draw: Draw) -> None:
    """poisson(y + u, p) + poisson(0, p) = poisson(y, p) + poisson(u, p)."""
    y, p = pair(draw)
    y, p, loss = np.abs(y), np.abs(p) + 0.1, losses.Poisson()
    near(loss.value(3 * y, p) + loss.value(0 * y, p), loss.value(y, p) + loss.value(2 * y, p))


# ---------------------------------------------------------------- errors


@relation(Fault(losses.MeanAbsoluteError.row_values, "magnitude(y_pred - y_true)", "(y_pred - y_true)"))
def an_absolute_error_has_no_sign(draw: Draw) -> None:
    """mae(a*y, a*p) = |a| mae(y, p)."""
    (y, p), a = pair(draw), draw(scales)
    near(losses.MeanAbsoluteError().value(a * y, a * p), abs(a) * losses.MeanAbsoluteError().value(y, p))


@relation(Fault(losses.MeanAbsolutePercentageError.row_values, "at_least_epsilon(np.abs(y_true))", "1.0"))
def percentages_have_no_unit(draw: Draw) -> None:
    """mape(a*y, a*p) = mape(y, p), and a*dp(a*y, a*p) = dp(y, p)."""
    (y, p), a = pair(draw), draw(scales)
    y, loss = y + np.sign(y), losses.MeanAbsolutePercentageError()
    near(loss.value(a * y, a * p), loss.value(y, p))
    near(a * loss.gradient(a * y, a * p), loss.gradient(y, p))


@relation(Fault(losses.MeanSquaredLogarithmicError.row_values, "** 2", "** 4"))
def a_logarithmic_error_is_one_of_logarithms(draw: Draw) -> None:
    """msle(y, p) = mse(log(1 + y), log(1 + p)), for positive numbers."""
    y, p = (np.abs(a) + 0.1 for a in pair(draw))
    near(losses.MeanSquaredLogarithmicError().value(y, p), losses.MeanSquaredError().value(np.log1p(y), np.log1p(p)))


@relation(Fault(losses.Huber.row_values, "size - c / 2", "size - c"))
def huber_is_a_square_and_an_absolute_error(draw: Draw) -> None:
    """huber(y, p; 100) = mse/2; huber(y, p; d)/d = mae - d/2 for large errors; both gradients too."""
    y, p = pair(draw)
    near(losses.Huber(100.0).value(y, p), losses.MeanSquaredError().value(y, p) / 2)
    near(losses.Huber(100.0).gradient(y, p), losses.MeanSquaredError().gradient(y, p) / 2)
    far, small = losses.Huber(0.5), p + 20
    near(far.value(y, small) / 0.5, losses.MeanAbsoluteError().value(y, small) - 0.25)
    near(far.gradient(y, small) / 0.5, losses.MeanAbsoluteError().gradient(y, small))


@relation(Fault(losses.LogCosh.row_values, "- log(2)", "- 0.69"))
def log_cosh_of_twice_the_error(draw: Draw) -> None:
    """exp(logcosh(2e)) = 2 exp(logcosh(e))**2 - 1, and logcosh(-e) = logcosh(e)."""
    y, p = (a.reshape(-1, 1) / 3 for a in pair(draw))
    loss = losses.LogCosh()
    near(loss.value(2 * y, 2 * p), np.log(2 * np.exp(2 * loss.value(y, p)) - 1))
    near(loss.value(p, y), loss.value(y, p))


@relation(Fault(losses.CosineSimilarity.row_gradient, "-(u - along)", "-u"))
def an_angle_has_no_length(draw: Draw) -> None:
    """cosine(y, 2p) = cosine(y, p), and <dp, p> = 0."""
    y, p = pair(draw)
    p, loss = p + 0.1 * np.sign(p), losses.CosineSimilarity()
    near(loss.value(y, 2 * p), loss.value(y, p))
    near((loss.gradient(y, p) * p).sum(axis=-1), np.zeros(p.shape[:-1]))


# ---------------------------------------------------------------- margins


@relation(Fault(losses.SquaredHinge.row_values, "** 2", "** 3"))
def a_squared_hinge_is_a_hinge_squared(draw: Draw) -> None:
    """squared_hinge(y, p) = hinge(y, p)**2 for one score, and dp = 2 hinge dhinge."""
    y, p = (a.reshape(-1, 1) for a in pair(draw))
    y, hinge, squared = np.sign(y), losses.Hinge(), losses.SquaredHinge()
    near(squared.value(y, p), hinge.value(y, p) ** 2)
    near(squared.gradient(y, p), 2 * hinge.value(y, p)[:, None] * hinge.gradient(y, p))


@relation(Fault(losses.CategoricalHinge.row_values, "+ 1)", "+ 2)"))
def a_categorical_hinge_of_two_is_a_hinge(draw: Draw) -> None:
    """categorical_hinge([1, 0], [a, b]) = hinge(1, a - b), for positive scores."""
    _, p = pair(draw)
    two = np.stack([np.abs(p).ravel(), np.abs(p).ravel()[::-1]], axis=1)  # (N, 2)
    yes = np.tile([1.0, 0.0], (len(two), 1))
    difference = two[:, :1] - two[:, 1:]
    near(losses.CategoricalHinge().value(yes, two), losses.Hinge().value(np.ones_like(difference), difference))
