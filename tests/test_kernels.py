"""The kernels against nested loops (`loops.py`), bit for bit: whole numbers have exact sums in any order."""

from dataclasses import FrozenInstanceError

import loops
import numpy as np
import pytest
from cases import LAYOUTS, geometries, integers, laid_out, window
from hypothesis import given
from hypothesis import strategies as st
from loops import Geometry
from numeric import same_bits

from numpycnn import functional as F
from numpycnn.common.typing import Array
from numpycnn.functional.window import Window

seeds = st.integers(0, 2**32 - 1)
counts = st.integers(1, 3)
layouts = st.sampled_from(LAYOUTS)
dtypes = st.sampled_from((np.float32, np.float64))


@given(geometries(dilated=True), counts, counts, counts, seeds, layouts, dtypes)
def test_convolution_equals_loops(
    axes: tuple[Geometry, Geometry], n: int, c: int, f: int, seed: int, layout: str, dtype: type
) -> None:
    rows, cols = axes
    rng, sliding = np.random.default_rng(seed), window(rows, cols)
    x = integers(rng, (n, rows.size, cols.size, c), dtype)
    kernel, bias = integers(rng, (rows.kernel, cols.kernel, c, f), dtype), integers(rng, (f,), dtype)
    dy = integers(rng, (n, rows.outputs, cols.outputs, f), dtype)
    x_given, kernel_given, dy_given = (laid_out(a, layout) for a in (x, kernel, dy))

    y, patches = F.conv2d(x_given, kernel_given, bias, sliding)
    same_bits(y, loops.conv2d(x, kernel, bias, rows, cols))

    dx, dkernel, dbias = loops.conv2d_backward(dy, x, kernel, rows, cols)
    for actual, expected in zip(F.conv2d_backward(dy_given, patches, kernel_given), (dkernel, dbias), strict=True):
        same_bits(actual, expected)
    same_bits(F.conv2d_backward_input(dy_given, kernel_given, x.shape, sliding), dx)


@given(geometries(dilated=False), counts, counts, seeds, st.sampled_from((1, 8)), layouts, dtypes)
def test_max_pooling_equals_loops(
    axes: tuple[Geometry, Geometry], n: int, c: int, seed: int, bound: int, layout: str, dtype: type
) -> None:
    rows, cols = axes
    rng, sliding = np.random.default_rng(seed), window(rows, cols)
    x = integers(rng, (n, rows.size, cols.size, c), dtype, bound)  # from -1 to 1 nearly every window has ties
    dy = integers(rng, (n, rows.outputs, cols.outputs, c), dtype)
    y, winner = F.max_pool2d(laid_out(x, layout), sliding)
    dx = F.max_pool2d_backward(laid_out(dy, layout), winner, x.shape, sliding)
    expected_y, expected_dx = loops.max_pool2d(x, dy, rows, cols)
    same_bits(y, expected_y)
    same_bits(dx, expected_dx)


@given(geometries(dilated=True), counts, counts, seeds)
def test_im2col_rows_are_patches_and_columns_are_taps(
    axes: tuple[Geometry, Geometry], n: int, c: int, seed: int
) -> None:
    rows, cols = axes
    x = np.random.default_rng(seed).permutation(n * rows.size * cols.size * c) + 1.0
    x = x.reshape(n, rows.size, cols.size, c)
    expected = np.zeros((n, rows.outputs, cols.outputs, rows.kernel, cols.kernel, c))
    for i, j, u, v, row, col in loops.cells(rows, cols):
        expected[:, i, j, u, v] = x[:, row, col]
    same_bits(F.im2col(x, window(rows, cols)), expected.reshape(n * rows.outputs * cols.outputs, -1))


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), counts, seeds, layouts, dtypes)
def test_dense_equals_loops(leading: list[int], units: int, seed: int, layout: str, dtype: type) -> None:
    rng = np.random.default_rng(seed)
    x = integers(rng, (*leading, 3), dtype)
    kernel, bias = integers(rng, (3, units), dtype), integers(rng, (units,), dtype)
    dy = integers(rng, (*leading, units), dtype)
    y, dx = np.zeros_like(dy), np.zeros_like(x)
    dkernel, dbias = np.zeros_like(kernel), np.zeros_like(bias)
    for index in np.ndindex(*leading):
        for u in range(units):
            y[index][u] = bias[u] + sum(x[index][d] * kernel[d, u] for d in range(3))
            dbias[u] += dy[index][u]
            for d in range(3):
                dx[index][d] += dy[index][u] * kernel[d, u]
                dkernel[d, u] += dy[index][u] * x[index][d]
    x_given, kernel_given, dy_given = (laid_out(a, layout) for a in (x, kernel, dy))
    same_bits(F.dense(x_given, kernel_given, bias), y)
    same_bits(F.dense_backward_input(dy_given, kernel_given), dx)
    for actual, expected in zip(F.dense_backward(dy_given, x_given), (dkernel, dbias), strict=True):
        same_bits(actual, expected)


def test_where_nothing_is_padded_nothing_is_copied() -> None:
    x = np.ones((1, 4, 4, 1))
    assert F.pad(x, Window((2, 2))) is x
    assert F.pad(x, Window((2, 2), (2, 2), "same")) is x
    for padded in (Window((2, 1), padding="same"), Window((1, 2), padding="same")):
        assert F.pad(x, padded).sum() == x.sum()
        assert F.pad(x, padded).size == 20


def test_every_tap_has_its_part() -> None:
    parts = [np.ones((1, 3, 3, 1))] * 3
    with pytest.raises(ValueError, match="shorter"):
        F.add_taps(parts, (1, 4, 4, 1), Window((2, 2)), np.dtype(np.float64))


# ---------------------------------------------------------------- figures from outside


def test_convolution_gives_the_onnx_figures() -> None:
    """The numbers of ONNX's node tests for Conv: a 5x5 image of 0 to 24 under a 3x3 kernel of ones."""
    x, kernel = np.arange(25.0).reshape(1, 5, 5, 1), np.ones((3, 3, 1, 1))
    padded = [
        [12, 21, 27, 33, 24],
        [33, 54, 63, 72, 51],
        [63, 99, 108, 117, 81],
        [93, 144, 153, 162, 111],
        [72, 111, 117, 123, 84],
    ]
    y, _ = F.conv2d(x, kernel, None, Window((3, 3), padding="same"))
    assert y[0, :, :, 0].tolist() == padded
    y, _ = F.conv2d(x, kernel, None, Window((3, 3)))
    assert y[0, :, :, 0].tolist() == [[54, 63, 72], [99, 108, 117], [144, 153, 162]]


def test_max_pooling_gives_the_onnx_figures() -> None:
    """ONNX's node tests for MaxPool: a 5x5 image of 1 to 25."""
    x = np.arange(1.0, 26.0).reshape(1, 5, 5, 1)
    y, _ = F.max_pool2d(x, Window((2, 2), (2, 2)))
    assert y[0, :, :, 0].tolist() == [[7, 9], [17, 19]]
    y, _ = F.max_pool2d(x, Window((3, 3), (2, 2), "same"))
    assert y[0, :, :, 0].tolist() == [[7, 9, 10], [17, 19, 20], [22, 24, 25]]


def test_same_padding_gives_the_keras_figures() -> None:
    """What keras.ops.conv and max_pool of Keras 3.15.1 gave: 6x7 images, window 3x2, strides (2, 3), the first image."""
    x = (np.arange(2 * 6 * 7 * 2.0).reshape(2, 6, 7, 2) % 11 - 5)[:1]
    kernel = np.arange(3 * 2 * 2 * 3.0).reshape(3, 2, 2, 3) % 7 - 3
    y, _ = F.conv2d(x, kernel, None, Window((3, 2), (2, 3), "same"))
    assert y[0].tolist() == [
        [[14, 15, -5], [-2, -2, -23], [19, -5, -1]],
        [[-2, -2, -23], [15, 14, -8], [8, 22, -13]],
        [[0, 6, 5], [26, 5, -23], [7, 3, -1]],
    ]
    y, _ = F.max_pool2d(x, Window((3, 2), (2, 3), "same"))
    assert y[0].tolist() == [[[3, 4], [4, 5], [2, 3]], [[4, 5], [4, 5], [5, 3]], [[1, 2], [5, 5], [0, 1]]]
    y, _ = F.conv2d(x, kernel, None, Window((3, 2), (1, 1), "same", (2, 3)))
    assert y[0, 0, :3].tolist() == [[-16, -17, 17], [-3, -27, 19], [1, -21, 13]]


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pads"),
    [(5, 2, 1, (0, 1)), (6, 3, 2, (0, 1)), (7, 3, 2, (1, 1)), (5, 4, 1, (1, 2)), (4, 1, 3, (0, 0)), (3, 7, 3, (2, 2))],
)
def test_same_padding_puts_the_odd_row_at_the_end(size: int, kernel: int, stride: int, pads: tuple[int, int]) -> None:
    """TensorFlow's rule, worked by hand."""
    assert Window((kernel, 1), (stride, 1), "same").pads((size, 4)) == (pads, (0, 0))
    assert Window((1, kernel), (1, stride), "same").pads((4, size)) == ((0, 0), pads)


def test_valid_padding_is_none() -> None:
    assert Window((3, 2), (2, 2)).pads((6, 5)) == ((0, 0), (0, 0))


def test_a_window_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Window((2, 2)).strides = (2, 2)  # type: ignore[misc]


def test_the_first_pixel_wins_where_all_are_the_lowest() -> None:
    for x in (np.full((1, 4, 4, 1), -np.inf), np.full((1, 4, 4, 1), -128, np.int8), np.zeros((1, 4, 4, 1), bool)):
        assert not F.max_pool2d(x, Window((2, 2), (2, 2)))[1].any()


def test_nan_comes_out_of_a_pool() -> None:
    x = np.zeros((1, 2, 2, 4))
    for channel, where in enumerate(np.ndindex(2, 2)):
        x[0, *where, channel] = np.nan
    assert np.isnan(F.max_pool2d(x, Window((2, 2), (2, 2)))[0]).all()


def test_images_of_integers_are_images_too() -> None:
    x = np.arange(9, dtype=np.int16).reshape(1, 3, 3, 1)
    y, winner = F.max_pool2d(-x, Window((2, 2), padding="same"))
    assert y.dtype == np.int16
    assert y[0, :, :, 0].tolist() == [[0, -1, -2], [-3, -4, -5], [-6, -7, -8]]
    assert not winner.any()
    assert F.conv2d(x, np.ones((2, 2, 1, 1), np.int16), None, Window((2, 2)))[0].tolist() == [
        [[[8], [12]], [[20], [24]]]
    ]


def test_a_pool_of_falsehoods_is_false() -> None:
    x = np.zeros((1, 3, 3, 1), bool)
    assert not F.max_pool2d(x, Window((2, 2), padding="same"))[0].any()


def test_no_images_give_no_images() -> None:
    x = np.zeros((0, 4, 5, 2))
    y, cols = F.conv2d(x, np.ones((2, 2, 2, 3)), np.ones(3), Window((2, 2)))
    assert y.shape == (0, 3, 4, 3)
    dkernel, dbias = F.conv2d_backward(y, cols, np.ones((2, 2, 2, 3)))
    assert not dkernel.any()
    assert not dbias.any()
    assert F.conv2d_backward_input(y, np.ones((2, 2, 2, 3)), x.shape, Window((2, 2))).shape == x.shape
    pooled, winner = F.max_pool2d(x, Window((2, 2)))
    assert F.max_pool2d_backward(pooled, winner, x.shape, Window((2, 2))).shape == x.shape


def test_a_window_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="a window that spans 5 by 2 pixels does not fit into an image of 4 by 9"):
        Window((3, 2), dilation=(2, 1)).output_size((4, 9))
    with pytest.raises(ValueError, match="a window that spans 2 by 5 pixels does not fit into an image of 9 by 4"):
        Window((2, 3), dilation=(1, 2)).output_size((9, 4))


# ---------------------------------------------------------------- dropout and activations


def test_dropout_keeps_the_mean_and_drops_the_rate() -> None:
    for rate in (0.1, 0.5, 0.75):
        kept = F.dropout_kept((10, 10_001), rate, np.random.default_rng(1))
        mask = kept * F.dropout_scale(rate, np.dtype(np.float64))
        sigma = np.sqrt(rate * (1 - rate) / mask.size)
        assert abs((mask == 0).mean() - rate) < 4 * sigma
        assert set(np.unique(mask)) == {0.0, 1.0 / (1.0 - rate)}


@pytest.mark.parametrize("rate", [0.25, 0.9, 1 / 3])
def test_every_random_word_serves_four_units(rate: float) -> None:
    """The masks from the generator's raw words; 7 units take two words of 64 bits, whose last quarter is not used."""
    rng = np.random.default_rng(3)
    kept = F.dropout_kept((3, 7), rate, rng)
    words = np.random.default_rng(3).bit_generator.random_raw(7)
    quarters = words[:6].view(np.uint16).reshape(3, 8)[:, :7]
    assert kept.tolist() == (quarters / 2**16 < round((1 - rate) * 65536) / 65536).tolist()
    assert rng.bit_generator.random_raw() == words[6]


@pytest.mark.parametrize(("steps", "kept"), [(58982.4, [True, False]), (58982.6, [True, True])])
def test_dropouts_rate_is_rounded_to_the_nearest_step(steps: float, kept: list[bool]) -> None:
    class Words:
        def integers(self, *arguments: object, **options: object) -> Array:
            return np.array([[58981, 58982, 0, 65535]], np.uint16).view(np.uint64)

    assert F.dropout_kept((1, 4), 1 - steps / 65536, Words()).tolist() == [[*kept, True, False]]  # type: ignore[arg-type]


def test_dropout_at_rate_one_drops_everything() -> None:
    assert not F.dropout_kept((1, 100), 1.0, np.random.default_rng(1)).any()
    assert F.dropout_scale(1.0, np.dtype(np.float32)) == 1.0


def test_activations_at_known_points() -> None:
    z = np.array([-2.0, 0.0, 1.0])
    assert F.relu(z).tolist() == [0.0, 0.0, 1.0]
    np.testing.assert_allclose(F.sigmoid(z), [0.11920292202211755, 0.5, 0.7310585786300049], rtol=1e-15)
    np.testing.assert_allclose(F.tanh(z), [-0.9640275800758169, 0.0, 0.7615941559557649], rtol=1e-15)
    np.testing.assert_allclose(F.softmax(np.log([[1.0, 2.0, 5.0]])), [[0.125, 0.25, 0.625]], rtol=1e-15)


def test_activations_hold_at_extreme_scores() -> None:
    z = np.array([[-1e4, 0.0, 1e4]], np.float32)
    assert F.sigmoid(z).tolist() == [[0.0, 0.5, 1.0]]
    assert F.softmax(z).tolist() == [[0.0, 0.0, 1.0]]
    assert F.log_softmax(z).tolist() == [[-2e4, -1e4, 0.0]]
    assert F.sigmoid(np.array([-80.0]))[0] == pytest.approx(np.exp(-80.0), rel=1e-12)


def test_relu_passes_no_gradient_at_the_kink() -> None:
    y = F.relu(np.array([-1.0, 0.0, 2.0]))
    assert F.relu_backward(np.array([3.0, 3.0, 3.0]), y).tolist() == [0.0, 0.0, 3.0]
