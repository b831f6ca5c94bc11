"""Batch normalization: against its definition, by any cut of the batch, and where digits could be lost."""

from fractions import Fraction
from typing import Any

import numeric
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numpycnn import functional as F
from numpycnn import reference
from numpycnn.common.typing import Array

EPSILON = 1e-3
seeds = st.integers(0, 2**32 - 1)


def case(seed: int, dtype: Any = np.float64) -> tuple[Array, Array, Array, Array]:
    """x and dy, vectors or images, and gamma and beta."""
    rng = np.random.default_rng(seed)
    shape = *rng.integers(1, 4, rng.choice([1, 3])), 2
    x, dy = rng.normal(1.0, 2.0, (2, *shape)).astype(dtype)
    gamma, beta = rng.normal(size=(2, 2)).astype(dtype)
    return x, dy, gamma, beta


def cut(x: Array, seed: int) -> list[Array]:
    """The batch in micro-batches, none of them empty."""
    rng = np.random.default_rng(seed)
    return np.split(x, np.unique(rng.integers(1, len(x), 2))) if len(x) > 1 else [x]


def statistics(x: Array) -> tuple[Array, Array]:
    size, mean, m2 = F.moments(x)
    return mean, m2 / size


def input_gradient(dy: Array, x: Array, gamma: Array | None, seed: int = 0) -> Array:
    """dx in training, as a batch cut into micro-batches computes it."""
    size, mean, m2 = F.merge_moments(F.moments(part) for part in cut(x, seed))
    parts = [F.batch_norm(part, mean, m2 / size, gamma, None, EPSILON)[1] for part in cut(x, seed)]
    dys = cut(dy, seed)
    sums = [F.batch_norm_backward_sums(d, xhat) for d, xhat in zip(dys, parts, strict=True)]
    sum_dy, sum_dy_xhat = np.sum([s for s, _ in sums], axis=0), np.sum([s for _, s in sums], axis=0)
    scale = F.inverse_std(m2 / size, EPSILON)
    return np.concatenate(
        [
            F.batch_norm_backward_input(d, xhat, gamma, scale, size, sum_dy, sum_dy_xhat)
            for d, xhat in zip(dys, parts, strict=True)
        ]
    )


@given(seeds)
def test_training_equals_its_definition(seed: int) -> None:
    x, dy, gamma, beta = case(seed)
    mean, variance = reference.batch_statistics(x)
    size, found_mean, m2 = F.merge_moments(F.moments(part) for part in cut(x, seed))
    assert size == x.size // 2
    np.testing.assert_allclose(found_mean, mean, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(m2 / size, variance, rtol=1e-13, atol=1e-15)
    y, xhat = F.batch_norm(x, mean, variance, gamma, beta, EPSILON)
    np.testing.assert_allclose(y, reference.batch_norm(x, mean, variance, gamma, beta, EPSILON), rtol=1e-12, atol=1e-13)
    dgamma, dbeta = reference.batch_norm_parameters_backward(dy, x, mean, variance, EPSILON)
    sum_dy, sum_dy_xhat = F.batch_norm_backward_sums(dy, xhat)
    np.testing.assert_allclose(sum_dy_xhat, dgamma, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(sum_dy, dbeta, rtol=1e-12, atol=1e-13)
    expected = reference.batch_norm_training_backward(dy, x, gamma, EPSILON)
    np.testing.assert_allclose(input_gradient(dy, x, gamma, seed), expected, rtol=1e-11, atol=1e-11)


@given(seeds)
def test_inference_equals_its_definition(seed: int) -> None:
    _, dy, gamma, _ = case(seed)
    variance = np.array([0.25, 3.0])
    dx = F.batch_norm_backward_input_inference(dy, gamma, F.inverse_std(variance, EPSILON))
    np.testing.assert_allclose(
        dx, reference.batch_norm_inference_backward(dy, variance, gamma, EPSILON), rtol=1e-14, atol=1e-300
    )


@given(seeds)
def test_the_complex_step_passes_through_all_of_training(seed: int) -> None:
    x, dy, gamma, beta = case(seed)

    def total(moved: Array) -> complex:
        size, mean, m2 = F.merge_moments(F.moments(part) for part in cut(moved, seed))
        return (dy * F.batch_norm(moved, mean, m2 / size, gamma, beta, EPSILON)[0]).sum()

    np.testing.assert_allclose(
        input_gradient(dy, x, gamma, seed), numeric.complex_step(total, x), rtol=1e-9, atol=1e-11
    )


@given(seeds)
def test_no_gamma_is_ones_and_no_beta_is_zeros(seed: int) -> None:
    x, dy, _, _ = case(seed)
    mean, variance = statistics(x)
    ones, zeros = np.ones(2), np.zeros(2)
    numeric.same_bits(
        F.batch_norm(x, mean, variance, None, None, EPSILON)[0],
        F.batch_norm(x, mean, variance, ones, zeros, EPSILON)[0],
    )
    numeric.same_bits(input_gradient(dy, x, None), input_gradient(dy, x, ones))


def test_how_the_batch_is_cut_does_not_change_its_moments() -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, (30, 4, 5, 3))
    whole = F.moments(x)
    for parts in ([1] * 30, [29, 1], [7, 8, 15], [30]):
        pieces = np.split(x, np.cumsum(parts)[:-1])
        merged = F.merge_moments(F.moments(piece) for piece in pieces)
        assert merged.size == whole.size == 600
        np.testing.assert_allclose(merged.mean, whole.mean, rtol=1e-14)
        np.testing.assert_allclose(merged.m2, whole.m2, rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_small_variance_beside_a_large_mean_keeps_its_digits(dtype: Any) -> None:
    """Values of 4096 and 4096 + 2**-11 are exact in float32; their mean is not, and E[x**2] - E[x]**2 would be 0."""
    x = np.where(np.arange(4000) % 2, 4096.0, 4096.0 + 2.0**-11).astype(dtype)[:, None]
    for parts in (1, 4, 1000):
        size, mean, m2 = F.merge_moments(F.moments(part) for part in np.split(x, parts))
        assert mean[0] == 4096.0 + 2.0**-12
        assert m2[0] / size == pytest.approx(2.0**-24, rel=1e-12)


@pytest.mark.parametrize("mean", [0.0, 1e4, 1e6, 1e30])
def test_float32_is_as_accurate_beside_a_large_mean(mean: float) -> None:
    """Against the same float32 numbers in float64. A mean rounded to float32 would shift every output: by 5e-4 at 1e4."""
    rng = np.random.default_rng(0)
    x = (mean + max(mean / 1e5, 1.0) * rng.normal(size=(250, 2, 3, 4))).astype(np.float32)
    outputs = [F.batch_norm(a, *statistics(a), None, None, EPSILON)[0] for a in (x, x.astype(np.float64))]
    assert numeric.error(*outputs) <= 2e-7


def test_sums_of_many_float32_values_are_not_rounded_one_by_one() -> None:
    """Added up in float32, 4 million times 0.1 is off by several per cent."""
    x = np.full((2_000_000, 1), 0.1, np.float32)
    size, mean, m2 = F.moments(x)
    exact = float(Fraction(float(np.float32(0.1))))
    assert mean[0] == np.float32(exact)
    assert m2[0] <= size * 1e-16
    sum_dy, sum_dy_xhat = F.batch_norm_backward_sums(x, x)
    assert sum_dy[0] == pytest.approx(2_000_000 * exact, rel=1e-7)
    assert sum_dy_xhat[0] == pytest.approx(2_000_000 * exact**2, rel=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_dtype_is_kept_and_sums_are_float64(dtype: Any) -> None:
    x, dy, gamma, beta = case(5, dtype)
    y, xhat = F.batch_norm(x, *statistics(x), gamma, beta, EPSILON)
    assert y.dtype == xhat.dtype == input_gradient(dy, x, gamma).dtype == dtype
    sums = [*F.merge_moments([F.moments(x), F.moments(x)])[1:], *F.batch_norm_backward_sums(dy, xhat)]
    assert {a.dtype for a in sums} == {np.result_type(dtype, np.float64)}


def test_a_constant_channel_is_normalized_to_zero() -> None:
    x = np.full((5, 1), 7.0)
    mean, variance = statistics(x)
    assert mean == 7.0
    assert variance == 0.0
    assert not F.batch_norm(x, mean, variance, None, None, EPSILON)[0].any()
