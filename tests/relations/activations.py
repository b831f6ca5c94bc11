"""Relations of the activations besides softmax, sigmoid, tanh and ReLU."""

import numpy as np
from faults import Fault
from hypothesis import strategies as st

from numpycnn import functional as F
from numpycnn.activations import hard_swish
from numpycnn.common.typing import Array
from numpycnn.functional import error_function, sigmoids
from relations.common import generator, near
from relations.functions import logits
from relations.table import Draw, relation

positive = st.sampled_from((0.25, 1.0, 3.0))


def numbers(draw: Draw) -> Array:
    return logits(draw, generator(draw))


@relation(Fault(error_function.erfc, "2 - tail", "1 - tail"))
def the_error_function_is_odd(draw: Draw) -> None:
    """erf(-x) = -erf(x), and erfc(x) + erfc(-x) = 2."""
    x = numbers(draw)
    near(F.erf(-x), -F.erf(x))
    near(F.erfc(x) + F.erfc(-x), np.full_like(x, 2))


@relation(Fault(error_function.below_and_bell, "erfc(-z / sqrt(2)) / 2", "erfc(-z / sqrt(2)) / 3"))
def gelu_splits_a_number(draw: Draw) -> None:
    """gelu(z) - gelu(-z) = z, also of the approximate one."""
    z = numbers(draw)
    for approximate in (False, True):
        near(F.gelu(z, approximate) - F.gelu(-z, approximate), z)


@relation(Fault(error_function.cubic, "3 * 0.044715", "0.044715"))
def gelus_slopes_sum_to_one(draw: Draw) -> None:
    """gelu'(z) + gelu'(-z) = 1, and the approximate one's is within 0.01 of it."""
    z = numbers(draw)
    one = np.ones_like(z)
    for approximate in (False, True):
        near(F.gelu_backward(one, z, z, approximate) + F.gelu_backward(one, -z, z, approximate), one)
    assert np.abs(F.gelu_backward(one, z, z, True) - F.gelu_backward(one, z, z)).max() < 0.01


@relation(Fault(sigmoids.silu, "return z * sigmoid(z)", "return z * sigmoid(z) ** 2"))
def silu_splits_a_number(draw: Draw) -> None:
    """silu(z) - silu(-z) = z."""
    z = numbers(draw)
    near(F.silu(z) - F.silu(-z), z)


@relation(Fault(sigmoids.softplus, "np.maximum(z, 0)", "np.abs(z)"))
def softplus_splits_a_number(draw: Draw) -> None:
    """softplus(z) - softplus(-z) = z."""
    z = numbers(draw)
    near(F.softplus(z) - F.softplus(-z), z)


@relation(Fault(sigmoids.log_sigmoid, "return -softplus(-z)", "return -softplus(z)"))
def log_sigmoid_is_the_logarithm(draw: Draw) -> None:
    """exp(log_sigmoid(z)) = sigmoid(z)."""
    z = numbers(draw)
    near(np.exp(F.log_sigmoid(z)), F.sigmoid(z))


@relation(Fault(sigmoids.mish_gate, "2 * e**2", "e**2"))
def mish_is_gated_by_softplus(draw: Draw) -> None:
    """mish(z) = z * tanh(softplus(z))."""
    z = numbers(draw)
    near(F.mish(z), z * F.tanh(F.softplus(z)))


@relation(Fault(sigmoids.glu, "return a * sigmoid(b)", "return np.tanh(a) * sigmoid(b)"))
def glu_is_linear_in_its_first_half(draw: Draw) -> None:
    """glu([2a, b]) = 2 glu([a, b])."""
    a = numbers(draw)
    near(F.glu(np.concatenate([2 * a, a], -1)), 2 * F.glu(np.concatenate([a, a], -1)))


@relation(Fault(sigmoids.squareplus, "above / 2)", "above)"))
def squareplus_has_a_product(draw: Draw) -> None:
    """squareplus(z; b) * squareplus(-z; b) = b/4."""
    z, b = numbers(draw), draw(positive)
    near(F.squareplus(z, b) * F.squareplus(-z, b), np.full_like(z, b / 4))


@relation(Fault(sigmoids.tanh_shrink, "z - np.tanh(z)", "np.tanh(z)"))
def tanh_shrink_is_what_tanh_leaves(draw: Draw) -> None:
    """tanh_shrink(z) + tanh(z) = z."""
    z = numbers(draw)
    near(F.tanh_shrink(z) + F.tanh(z), z)


@relation(Fault(sigmoids.softsign, "1 + magnitude(z)", "1 + z"))
def softsign_is_odd(draw: Draw) -> None:
    """softsign(-z) = -softsign(z)."""
    z = numbers(draw)
    near(F.softsign(-z), -F.softsign(z))


@relation(Fault(F.celu, "np.minimum(z, 0) / alpha", "np.minimum(z, 0)"))
def celu_is_one_curve_in_every_size(draw: Draw) -> None:
    """celu(a*z; a) = a celu(z; 1), and celu(z; 1) = elu(z; 1)."""
    z, a = numbers(draw), draw(positive)
    near(F.celu(a * z, a), a * F.celu(z))
    near(F.celu(z), F.elu(z))


@relation(Fault(F.selu_backward, "SELU_SCALE * elu_backward", "elu_backward"))
def selu_solves_an_equation(draw: Draw) -> None:
    """selu'(z) = selu(z) - selu(-inf) below zero, and z*selu'(z) = selu(z) above."""
    z = numbers(draw)
    y, limit = F.selu(z), F.selu(np.array([-1e3]))
    near(F.selu_backward(np.ones_like(z), z, y), np.where(z > 0, y / np.where(z > 0, z, 1), y - limit))


@relation(Fault(F.selu, "return SELU_SCALE * elu(z, SELU_ALPHA)", "return SELU_SCALE * elu(z, 1.0)"))
def selu_keeps_mean_and_variance(draw: Draw) -> None:
    """E[selu(g)] = 0 and E[selu(g)**2] = 1, for a standard normal g: integrals by so many points on either side."""
    points, weights = np.polynomial.legendre.leggauss(draw(st.integers(50, 70)))
    g, dg = 6.5 * np.stack([points - 1, points + 1]), 6.5 * weights  # from -13 to 0, and from 0 to 13
    density = np.exp(-(g**2) / 2) / np.sqrt(2 * np.pi) * dg
    near((F.selu(g) * density).sum(), np.zeros(()))
    near((F.selu(g) ** 2 * density).sum(), np.ones(()))


@relation(Fault(F.exponential, "np.exp(z)", "np.exp(z) + 1"))
def exponential_turns_sums_into_products(draw: Draw) -> None:
    """exp(a + b) = exp(a) exp(b)."""
    z = numbers(draw) / 10
    near(F.exponential(z + z), F.exponential(z) * F.exponential(z))


# ---------------------------------------------------------------- pieces


@relation(Fault(F.hard_silu, "return z * hard_sigmoid(z)", "return z * bounded(z, 0, 1)"))
def hard_silu_splits_a_number(draw: Draw) -> None:
    """hard_silu(z) - hard_silu(-z) = z; under its other name, hard_swish, too."""
    z = numbers(draw)
    near(F.hard_silu(z) - F.hard_silu(-z), z)
    near(hard_swish(z) - hard_swish(-z), z)


@relation(Fault(F.sparse_plus, "z.real < 1", "z.real < 0"))
def sparse_plus_splits_a_number(draw: Draw) -> None:
    """sparse_plus(z) - sparse_plus(-z) = z."""
    z = numbers(draw)
    near(F.sparse_plus(z) - F.sparse_plus(-z), z)


@relation(Fault(F.sparse_plus_backward, "return dy * sparse_sigmoid(z)", "return dy * sparse_sigmoid(z) ** 2"))
def sparse_plus_has_slopes_that_sum_to_one(draw: Draw) -> None:
    """sparse_plus'(z) + sparse_plus'(-z) = 1."""
    z = numbers(draw)
    one = np.ones_like(z)
    near(F.sparse_plus_backward(one, z, F.sparse_plus(z)) + F.sparse_plus_backward(one, -z, F.sparse_plus(-z)), one)


@relation(Fault(F.rectifier, "y + negative_slope", "y - negative_slope"))
def a_leaky_rectifier_mixes_two(draw: Draw) -> None:
    """leaky(z; a) = a*z + (1 - a)*relu(z), and so is its gradient."""
    z, a = numbers(draw), draw(positive)
    near(F.leaky_relu(z, a), a * z + (1 - a) * F.relu(z))
    dy, y = np.ones_like(z), F.leaky_relu(z, a)
    near(F.leaky_relu_backward(dy, z, y, a), a * dy + (1 - a) * F.relu_backward(dy, z, y))


@relation(Fault(F.relu6, "max_value=6.0", "max_value=7.0"))
def relu6_is_a_difference(draw: Draw) -> None:
    """relu6(z) = relu(z) - relu(z - 6)."""
    z = numbers(draw)
    near(F.relu6(z), F.relu(z) - F.relu(z - 6))


@relation(Fault(F.sparse_sigmoid, "bounded(z + 1", "bounded(z + 2"))
def hard_tanh_is_a_sparse_sigmoid(draw: Draw) -> None:
    """hard_tanh(z) = 2 sparse_sigmoid(z) - 1, and hard_sigmoid(3z) = sparse_sigmoid(z)."""
    z = numbers(draw)
    near(F.hard_tanh(z), 2 * F.sparse_sigmoid(z) - 1)
    near(F.hard_sigmoid(3 * z), F.sparse_sigmoid(z))


@relation(Fault(F.soft_shrink, "z - bounded(", "2 * z - bounded("))
def soft_shrink_is_two_rectifiers(draw: Draw) -> None:
    """soft_shrink(z; t) = relu(z - t) - relu(-z - t)."""
    z, t = numbers(draw), draw(positive)
    near(F.soft_shrink(z, t), F.relu(z - t) - F.relu(-z - t))


@relation(Fault(F.hard_shrink, "0, z)", "threshold, z)"))
def hard_shrink_is_soft_shrink_moved_back(draw: Draw) -> None:
    """hard_shrink(z; t) = soft_shrink(z; t) + t*sign(soft_shrink(z; t))."""
    z, t = numbers(draw), draw(positive)
    soft = F.soft_shrink(z, t)
    near(F.hard_shrink(z, t), soft + t * np.sign(soft))


@relation(Fault(F.prelu_backward, "dy * z * ~above", "z * ~above"))
def prelu_is_linear_in_its_slope(draw: Draw) -> None:
    """<alpha, dalpha> = sum of dy*y over z <= 0."""
    rng = generator(draw)
    z = logits(draw, rng)
    dy, alpha = rng.normal(size=z.shape), rng.normal(size=z.shape[1:])
    _, dalpha = F.prelu_backward(dy, z, alpha)
    near((alpha * dalpha).sum(), (dy * F.prelu(z, alpha))[z <= 0].sum())


# ---------------------------------------------------------------- sparsemax


@relation(Fault(F.sparsemax, "- 1) / size", "- 2) / size"))
def sparsemax_sums_to_one(draw: Draw) -> None:
    """sum of sparsemax(z) = 1, and sparsemax(z + c) = sparsemax(z)."""
    z = numbers(draw)
    y = F.sparsemax(z)
    near(y.sum(axis=-1), np.ones(z.shape[:-1]))
    near(F.sparsemax(z + 3), y)


@relation(Fault(F.sparsemax_backward, "dy - mean", "dy"))
def sparsemaxs_gradients_cancel(draw: Draw) -> None:
    """sum of dz over the classes = 0."""
    rng = generator(draw)
    z = logits(draw, rng)
    near(F.sparsemax_backward(rng.normal(size=z.shape), z, F.sparsemax(z)).sum(axis=-1), np.zeros(z.shape[:-1]))


@relation(Fault(F.log_softmax_backward, "- p *", "+ p *"))
def log_softmaxs_gradients_cancel(draw: Draw) -> None:
    """sum of dz over the classes = 0."""
    rng = generator(draw)
    z = logits(draw, rng)
    dz = F.log_softmax_backward(rng.normal(size=z.shape), z, F.log_softmax(z))
    near(dz.sum(axis=-1), np.zeros(z.shape[:-1]))
