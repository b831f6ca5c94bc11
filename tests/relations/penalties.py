"""Relations of penalties, constraints and metrics."""

import numpy as np
from faults import Fault
from hypothesis import strategies as st

from numpycnn import constraints, metrics
from numpycnn import functional as F
from numpycnn.common.typing import Array
from numpycnn.constraints import NormConstraint
from numpycnn.functional.penalties import row_cosines
from numpycnn.metrics.confusion import Counts
from relations.common import counts, generator, near
from relations.table import Draw, relation

EPSILON = 1e-7
scales = st.sampled_from((-2.0, 0.5, 3.0))


def matrix(draw: Draw) -> Array:
    """A matrix of two rows or more, each of two numbers or more."""
    return generator(draw).normal(size=(draw(counts) + 1, draw(counts) + 1))


@relation(Fault(F.l1_backward, "np.sign(x)", "x"))
def l1_grows_with_its_argument(draw: Draw) -> None:
    """l1(s*x) = |s| l1(x), and the gradient there is sign(s) times that at x."""
    x, s = matrix(draw), draw(scales)
    near(F.l1(s * x, 0.3), abs(s) * F.l1(x, 0.3))
    near(F.l1_backward(s * x, 0.3), np.sign(s) * F.l1_backward(x, 0.3))


@relation(Fault(F.l2_backward, "2.0 * factor", "factor"))
def l2_is_half_of_what_its_gradient_says_along_x(draw: Draw) -> None:
    """x . gradient = 2 l2(x), as of any function of degree 2."""
    x = matrix(draw)
    near((x * F.l2_backward(x, 0.3)).sum(), 2 * F.l2(x, 0.3))


@relation(Fault(row_cosines, "u = w / norms", "u = w / norms.mean()"))
def orthogonality_sees_angles_alone(draw: Draw) -> None:
    """orthogonality(D w Q) = orthogonality(w), for lengths D and a rotation Q; the gradient is at right angles to w."""
    w, rng = matrix(draw), generator(draw)
    q, _ = np.linalg.qr(rng.normal(size=(w.shape[1], w.shape[1])))
    longer = rng.uniform(0.5, 2.0, (len(w), 1)) * w @ q
    near(F.orthogonality(longer, 0.3, EPSILON), F.orthogonality(w, 0.3, EPSILON))
    near((w * F.orthogonality_backward(w, 0.3, EPSILON)).sum(axis=1), np.zeros(len(w)))


@relation(Fault(NormConstraint.projected, "self.wanted(norms)", "self.wanted(norms).max()"))
def constraints_of_norms_see_one_vector_at_a_time(draw: Draw) -> None:
    """constraint(w)[:, k] = constraint(w[:, k])."""
    w, k = matrix(draw), draw(st.integers(0, 1))
    for constraint in (constraints.MaxNorm(0.5), constraints.UnitNorm(), constraints.MinMaxNorm(0.5, 1.0, 0.3)):
        near(constraint(w)[:, k : k + 1], constraint(w[:, k : k + 1]))


@relation(Fault(Counts.update_state, "each[~positive].sum() - below", "each[~positive].sum()"))
def the_area_of_the_other_class_is_the_same(draw: Draw) -> None:
    """AUC(1 - y, 1 - p) = AUC(y, p), where no p is at a threshold."""
    rng = generator(draw)
    y, p = rng.integers(0, 2, 12), rng.permutation(np.linspace(0.011, 0.993, 12))
    near(np.array(metrics.AUC()(1 - y, 1 - p)), np.array(metrics.AUC()(y, p)))
