"""Products in blocks of rows: the same sums as in one piece, whatever the sizes and the layout in memory."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from numpycnn.common.typing import Array
from numpycnn.engine.fast import products


def whole_numbers(rng: np.random.Generator, shape: tuple[int, ...], *, transposed: bool) -> Array:
    """Small ones, whose sums of products are exact in any order; perhaps with the last two axes swapped in memory."""
    values = rng.integers(-4, 5, shape).astype(np.float32)
    return values.swapaxes(-1, -2).copy().swapaxes(-1, -2) if transposed else values


@given(
    st.sampled_from(((), (1,), (3,), (2, 2))),
    st.integers(0, 40),
    st.integers(1, 5),
    st.integers(1, 5),
    st.booleans(),
    st.sampled_from((1, 60, 300)),
    st.integers(0, 99),
)
@example((), 13, 2, 3, False, 60, 0)  # two blocks of six rows, and one row
def test_blocks_change_nothing(
    lead: tuple[int, ...], rows: int, inner: int, filters: int, transposed: bool, small: int, seed: int
) -> None:
    """From no row at all, over fewer than make a block, to several blocks and a rest."""
    rng = np.random.default_rng(seed)
    a = whole_numbers(rng, (*lead, rows, inner), transposed=transposed)
    b = whole_numbers(rng, (*lead, inner, filters), transposed=False)
    c = whole_numbers(rng, (*lead, rows, filters), transposed=False)
    out = np.full((*lead, rows, filters), np.nan, np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "MAX_BLOCK_PRODUCTS", small)
        patch.setattr(products, "MIN_BLOCK_ROWS", 4)
        assert products.blocked_matmul(a, b, out) is out
        np.testing.assert_array_equal(out, np.einsum("...rk,...kf->...rf", a, b))
        np.testing.assert_array_equal(products.blocked_matmul_transposed(a, c), np.einsum("...rk,...rf->...kf", a, c))


@pytest.mark.parametrize(
    ("rows", "inner", "filters", "expected"),
    [
        (5184, 26, 64, (5184, 576)),  # the tutorial's convolution: 600 rows make a million
        (5190, 26, 64, (5184, 576)),  # 6 are left over
        (576, 32, 64, (576, 288)),
        (100, 26, 64, (100, 100)),
        (0, 26, 64, (0, 0)),
        (5000, 128, 128, (0, 61)),  # blocks of 61 rows would be too short to pay
    ],
)
def test_blocks_are_of_at_most_a_million_multiplications(
    rows: int, inner: int, filters: int, expected: tuple[int, int]
) -> None:
    assert products.blocks(np.empty((rows, inner)), filters) == expected
