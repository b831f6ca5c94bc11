"""The kernels against their definitions as nested loops (`numpycnn.reference`).

What only adds, multiplies and compares is equal bit for bit: whole numbers have exact sums in any order.
"""

from collections.abc import Callable
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from cases import LAYOUTS, geometries, integers, laid_out, window
from hypothesis import assume, given
from hypothesis import strategies as st
from numeric import same_bits

from numpycnn import functional as F
from numpycnn import reference
from numpycnn.common.typing import Array, Pair
from numpycnn.engine.fast.pooling import pool_taps
from numpycnn.functional.padding import Borders
from numpycnn.functional.window import Window
from numpycnn.reference import Axis, TransposedAxis
from numpycnn.reference.warping import beyond

seeds = st.integers(0, 2**32 - 1)
counts = st.integers(1, 3)
layouts = st.sampled_from(LAYOUTS)
dtypes = st.sampled_from((np.float32, np.float64))


def near(actual: Array, expected: Array, summed: Array) -> None:
    """The same dtype and shape, and the numbers to the rounding of a few operations on what is summed."""
    assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
    most = 16 * np.finfo(expected.dtype).eps
    np.testing.assert_allclose(actual, expected, rtol=most, atol=most * np.abs(summed).max(initial=0.0))


@given(geometries(dilated=True), counts, counts, counts, seeds, layouts, dtypes)
def test_convolution_equals_its_definition(
    axes: tuple[Axis, Axis], n: int, c: int, f: int, seed: int, layout: str, dtype: type
) -> None:
    rows, cols = axes
    rng, sliding = np.random.default_rng(seed), window(rows, cols)
    x = integers(rng, (n, rows.size, cols.size, c), dtype)
    kernel, bias = integers(rng, (rows.kernel, cols.kernel, c, f), dtype), integers(rng, (f,), dtype)
    dy = integers(rng, (n, rows.outputs, cols.outputs, f), dtype)
    x_given, kernel_given, dy_given = (laid_out(a, layout) for a in (x, kernel, dy))
    how = sliding.strides, sliding.padding, sliding.dilation

    y, patches = F.conv2d(x_given, kernel_given, bias, sliding)
    same_bits(y, reference.conv2d(x, kernel, bias, *how))

    dx, dkernel, dbias = reference.conv2d_backward(dy, x, kernel, *how)
    for actual, expected in zip(F.conv2d_backward(dy_given, patches, kernel_given), (dkernel, dbias), strict=True):
        same_bits(actual, expected)
    same_bits(F.conv2d_backward_input(dy_given, kernel_given, x.shape, sliding), dx)


@given(geometries(dilated=True), counts, counts, counts, counts, seeds, layouts, dtypes)
def test_grouped_convolution_equals_its_definition(
    axes: tuple[Axis, Axis], n: int, groups: int, width: int, filters: int, seed: int, layout: str, dtype: type
) -> None:
    rows, cols = axes
    rng, sliding = np.random.default_rng(seed), window(rows, cols)
    c, f = groups * width, groups * filters
    x = integers(rng, (n, rows.size, cols.size, c), dtype)
    kernel, bias = integers(rng, (rows.kernel, cols.kernel, width, f), dtype), integers(rng, (f,), dtype)
    dy = integers(rng, (n, rows.outputs, cols.outputs, f), dtype)
    x_given, kernel_given, dy_given = (laid_out(a, layout) for a in (x, kernel, dy))
    how = sliding.strides, sliding.padding, sliding.dilation
    y, patches = F.grouped_conv2d(x_given, kernel_given, bias, sliding, groups)
    same_bits(y, reference.grouped_conv2d(x, kernel, bias, *how))
    dx, dkernel, dbias = reference.grouped_conv2d_backward(dy, x, kernel, *how)
    found = F.grouped_conv2d_backward(dy_given, patches, kernel_given, groups)
    for actual, expected in zip(found, (dkernel, dbias), strict=True):
        same_bits(actual, expected)
    same_bits(F.grouped_conv2d_backward_input(dy_given, kernel_given, x.shape, sliding, groups), dx)


@given(geometries(dilated=True), counts, counts, counts, seeds, layouts, dtypes)
def test_depthwise_convolution_equals_its_definition(
    axes: tuple[Axis, Axis], n: int, c: int, multiplier: int, seed: int, layout: str, dtype: type
) -> None:
    rows, cols = axes
    rng, sliding, f = np.random.default_rng(seed), window(rows, cols), c * multiplier
    x = integers(rng, (n, rows.size, cols.size, c), dtype)
    kernel, bias = integers(rng, (rows.kernel, cols.kernel, c, multiplier), dtype), integers(rng, (f,), dtype)
    dy = integers(rng, (n, rows.outputs, cols.outputs, f), dtype)
    x_given, kernel_given, dy_given = (laid_out(a, layout) for a in (x, kernel, dy))
    how = sliding.strides, sliding.padding, sliding.dilation
    same_bits(
        F.depthwise_conv2d(x_given, kernel_given, bias, sliding), reference.depthwise_conv2d(x, kernel, bias, *how)
    )
    dx, dkernel, dbias = reference.depthwise_conv2d_backward(dy, x, kernel, *how)
    found = F.depthwise_conv2d_backward(dy_given, x_given, kernel_given, sliding)
    for actual, expected in zip(found, (dkernel, dbias), strict=True):
        same_bits(actual, expected)
    same_bits(F.depthwise_conv2d_backward_input(dy_given, kernel_given, x.shape, sliding), dx)


@st.composite
def transposed_axes(draw: st.DrawFn) -> tuple[TransposedAxis, TransposedAxis]:
    """Both axes, with the same padding, and both with or without an output_padding."""
    rows, cols = draw(geometries(dilated=True))
    given_size, sides = draw(st.booleans()), st.integers(1, 4)

    def axis(a: Axis) -> TransposedAxis:
        extra = draw(st.integers(0, a.stride - 1)) if given_size else None
        return TransposedAxis(draw(sides), a.kernel, a.stride, a.dilation, rows.padding, extra)

    found = axis(rows), axis(cols)
    assume(min(axis.outputs for axis in found) > 0)
    return found


@given(transposed_axes(), counts, counts, counts, seeds, layouts, dtypes)
def test_transposed_convolution_equals_its_definition(
    axes: tuple[TransposedAxis, TransposedAxis], n: int, c: int, f: int, seed: int, layout: str, dtype: type
) -> None:
    rows, cols = axes
    rng = np.random.default_rng(seed)
    sliding = Window(
        (rows.kernel, cols.kernel), (rows.stride, cols.stride), rows.padding, (rows.dilation, cols.dilation)
    )
    extra = None
    if rows.output_padding is not None and cols.output_padding is not None:
        extra = rows.output_padding, cols.output_padding
    x = integers(rng, (n, rows.size, cols.size, c), dtype)
    kernel, bias = integers(rng, (rows.kernel, cols.kernel, f, c), dtype), integers(rng, (f,), dtype)
    dy = integers(rng, (n, rows.outputs, cols.outputs, f), dtype)
    x_given, kernel_given, dy_given = (laid_out(a, layout) for a in (x, kernel, dy))
    how = sliding.strides, sliding.padding, sliding.dilation, extra
    y = F.conv2d_transpose(x_given, kernel_given, bias, sliding, extra)
    same_bits(y, reference.conv2d_transpose(x, kernel, bias, *how))
    dx, dkernel, dbias = reference.conv2d_transpose_backward(dy, x, kernel, *how)
    found = F.conv2d_transpose_backward(dy_given, x_given, kernel_given, sliding)
    for actual, expected in zip(found, (dkernel, dbias), strict=True):
        same_bits(actual, expected)
    same_bits(F.conv2d_transpose_backward_input(dy_given, kernel_given, x.shape, sliding), dx)


@given(geometries(dilated=False), counts, counts, seeds, st.sampled_from((1, 8)), layouts, dtypes)
def test_max_pooling_equals_its_definition(
    axes: tuple[Axis, Axis], n: int, c: int, seed: int, bound: int, layout: str, dtype: type
) -> None:
    rows, cols = axes
    rng, sliding = np.random.default_rng(seed), window(rows, cols)
    x = integers(rng, (n, rows.size, cols.size, c), dtype, bound)  # from -1 to 1 nearly every window has ties
    dy = integers(rng, (n, rows.outputs, cols.outputs, c), dtype)
    how = sliding.size, sliding.strides, sliding.padding
    y, winner = F.max_pool2d(laid_out(x, layout), sliding)
    same_bits(y, reference.max_pool2d(x, *how))
    dx = F.max_pool2d_backward(laid_out(dy, layout), winner, x.shape, sliding)
    same_bits(dx, reference.max_pool2d_backward(dy, x, *how))


@given(geometries(dilated=False), counts, counts, seeds, layouts, dtypes)
def test_average_pooling_equals_its_definition(
    axes: tuple[Axis, Axis], n: int, c: int, seed: int, layout: str, dtype: type
) -> None:
    """The sums are exact, and one division is rounded; backward, sums of what was divided are rounded."""
    rows, cols = axes
    rng, sliding = np.random.default_rng(seed), window(rows, cols)
    x = integers(rng, (n, rows.size, cols.size, c), dtype)
    dy = integers(rng, (n, rows.outputs, cols.outputs, c), dtype)
    how = sliding.size, sliding.strides, sliding.padding
    same_bits(F.average_pool2d(laid_out(x, layout), sliding), reference.average_pool2d(x, *how))
    dx = F.average_pool2d_backward(laid_out(dy, layout), x.shape, sliding)
    near(dx, reference.average_pool2d_backward(dy, x, *how), dy)


@given(counts, st.integers(1, 5), st.integers(1, 5), counts, seeds, layouts, dtypes)
def test_global_pooling_equals_its_definition(
    n: int, h: int, w: int, c: int, seed: int, layout: str, dtype: type
) -> None:
    rng = np.random.default_rng(seed)
    x, dy = integers(rng, (n, h, w, c), dtype, 2), integers(rng, (n, 1, 1, c), dtype)  # from -2 to 2 there are ties
    x_given, dy_given = laid_out(x, layout), laid_out(dy, layout)
    near(F.global_average_pool2d(x_given), reference.global_average_pool2d(x), x)
    near(F.global_average_pool2d_backward(dy_given, x.shape), reference.global_average_pool2d_backward(dy, x), dy)
    y, winner = F.global_max_pool2d(x_given)
    same_bits(y, reference.global_max_pool2d(x))
    dx = F.global_max_pool2d_backward(dy_given, winner, x.shape)
    same_bits(dx, reference.global_max_pool2d_backward(dy, x))


borders = st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 2)
factors = st.tuples(st.integers(1, 4), st.integers(1, 4))


@given(borders, counts, counts, seeds, layouts, dtypes)
def test_padding_and_cropping_equal_their_definitions(
    around: Borders, n: int, c: int, seed: int, layout: str, dtype: type
) -> None:
    x = laid_out(integers(np.random.default_rng(seed), (n, 5, 6, c), dtype), layout)
    same_bits(F.zero_pad(x, around), reference.zero_pad(x, around))
    same_bits(F.crop(x, around), reference.crop(x, around))


@pytest.mark.parametrize(
    ("interpolation", "forward", "backward"),
    [
        ("nearest", F.upsample_nearest, F.upsample_nearest_backward),
        ("bilinear", F.upsample_bilinear, F.upsample_bilinear_backward),
    ],
)
@given(factors, counts, st.integers(1, 5), st.integers(1, 5), counts, seeds, layouts, dtypes)
def test_upsampling_equals_its_definition(
    interpolation: str,
    forward: Callable[[Array, Pair], Array],
    backward: Callable[[Array, Pair], Array],
    by: Pair,
    n: int,
    h: int,
    w: int,
    c: int,
    seed: int,
    layout: str,
    dtype: type,
) -> None:
    rng = np.random.default_rng(seed)
    x, dy = integers(rng, (n, h, w, c), dtype), integers(rng, (n, h * by[0], w * by[1], c), dtype)
    y, dx = forward(laid_out(x, layout), by), backward(laid_out(dy, layout), by)
    if interpolation == "nearest":
        same_bits(y, reference.upsample(x, by, interpolation))
        same_bits(dx, reference.upsample_backward(dy, x, by, interpolation))
    else:
        near(y, reference.upsample(x, by, interpolation), x)
        near(dx, reference.upsample_backward(dy, x, by, interpolation), dy)


@given(geometries(dilated=True), counts, counts, seeds)
def test_im2col_rows_are_patches_and_columns_are_taps(axes: tuple[Axis, Axis], n: int, c: int, seed: int) -> None:
    rows, cols = axes
    x = np.random.default_rng(seed).permutation(n * rows.size * cols.size * c) + 1.0
    x = x.reshape(n, rows.size, cols.size, c)
    expected = np.zeros((n, rows.outputs, cols.outputs, rows.kernel, cols.kernel, c))
    for i, j, u, v, row, col in reference.cells(rows, cols):
        expected[:, i, j, u, v] = x[:, row, col]
    same_bits(F.im2col(x, window(rows, cols)), expected.reshape(n * rows.outputs * cols.outputs, -1))


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), counts, seeds, layouts, dtypes)
def test_dense_equals_its_definition(leading: list[int], units: int, seed: int, layout: str, dtype: type) -> None:
    rng = np.random.default_rng(seed)
    x = integers(rng, (*leading, 3), dtype)
    kernel, bias = integers(rng, (3, units), dtype), integers(rng, (units,), dtype)
    dy = integers(rng, (*leading, units), dtype)
    dx, dkernel, dbias = reference.dense_backward(dy, x, kernel)
    x_given, kernel_given, dy_given = (laid_out(a, layout) for a in (x, kernel, dy))
    same_bits(F.dense(x_given, kernel_given, bias), reference.dense(x, kernel, bias))
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


def test_average_pooling_gives_the_keras_figures() -> None:
    """What Keras 3.15.1 gave for a 3x4 image of 0 to 11; "same" divides by the pixels that the window sees."""
    x = np.arange(12.0).reshape(1, 3, 4, 1)
    y = F.average_pool2d(x, Window((2, 3), (1, 2), "same"))
    assert y[0, :, :, 0].tolist() == [[3.0, 4.5], [7.0, 8.5], [9.0, 10.5]]
    y = F.average_pool2d(x, Window((2, 2), (1, 2)))
    assert y[0, :, :, 0].tolist() == [[2.5, 4.5], [6.5, 8.5]]
    assert F.global_average_pool2d(x).tolist() == [[[[5.5]]]]


def test_bilinear_upsampling_gives_the_keras_figures() -> None:
    """What Keras 3.15.1 and PyTorch 2.13 (align_corners=False) gave: a row of 0, 4, 8, and a column of 0, 6."""
    row = F.upsample_bilinear(np.array([0.0, 4.0, 8.0]).reshape(1, 1, 3, 1), (1, 2))
    assert row.ravel().tolist() == [0, 1, 3, 5, 7, 8]
    column = F.upsample_bilinear(np.array([0.0, 6.0]).reshape(1, 2, 1, 1), (3, 1))
    np.testing.assert_allclose(column.ravel(), [0, 0, 2, 4, 6, 6], atol=1e-15)


def test_transposed_convolution_gives_the_onnx_figures() -> None:
    """ONNX's node tests for ConvTranspose: a 3x3 image of 0 to 8 under a 3x3 kernel of ones, strides of one."""
    x, kernel = np.arange(9.0).reshape(1, 3, 3, 1), np.ones((3, 3, 1, 1))
    y = F.conv2d_transpose(x, kernel, None, Window((3, 3)))
    assert y[0, :, :, 0].tolist() == [
        [0, 1, 3, 3, 2],
        [3, 8, 15, 12, 7],
        [9, 21, 36, 27, 15],
        [9, 20, 33, 24, 13],
        [6, 13, 21, 15, 8],
    ]


def test_no_images_are_convolved_to_none() -> None:
    x, one = np.zeros((0, 4, 5, 2)), Window((1, 1))
    y, patches = F.grouped_conv2d(x, np.ones((1, 1, 1, 4)), np.ones(4), one, 2)
    assert y.shape == (0, 4, 5, 4)
    assert not F.grouped_conv2d_backward(y, patches, np.ones((1, 1, 1, 4)), 2)[0].any()
    assert F.grouped_conv2d_backward_input(y, np.ones((1, 1, 1, 4)), x.shape, one, 2).shape == x.shape
    assert F.depthwise_conv2d(x, np.ones((1, 1, 2, 2)), None, one).shape == y.shape
    assert F.depthwise_conv2d_backward_input(y, np.ones((1, 1, 2, 2)), x.shape, one).shape == x.shape
    assert F.conv2d_transpose(x, np.ones((1, 1, 4, 2)), None, one).shape == y.shape
    assert F.conv2d_transpose_backward_input(y, np.ones((1, 1, 4, 2)), x.shape, one).shape == x.shape


def test_no_images_are_resized_to_none() -> None:
    x, y = np.zeros((0, 4, 5, 2)), np.zeros((0, 8, 15, 2))
    for forward, backward in (
        (F.upsample_nearest, F.upsample_nearest_backward),
        (F.upsample_bilinear, F.upsample_bilinear_backward),
    ):
        assert forward(x, (2, 3)).shape == y.shape
        assert backward(y, (2, 3)).shape == x.shape


def test_no_images_are_pooled_to_none() -> None:
    x, y = np.zeros((0, 4, 5, 2)), np.zeros((0, 1, 1, 2))
    assert F.average_pool2d(x, Window((2, 2))).shape == (0, 3, 4, 2)
    assert F.average_pool2d_backward(np.zeros((0, 3, 4, 2)), x.shape, Window((2, 2))).shape == x.shape
    assert F.global_average_pool2d(x).shape == y.shape
    assert F.global_average_pool2d_backward(y, x.shape).shape == x.shape
    pooled, winner = F.global_max_pool2d(x)
    assert F.global_max_pool2d_backward(pooled, winner, x.shape).shape == x.shape


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        (lambda x: F.average_pool2d(x, Window((1, 1))), "average_pool2d"),
        (F.global_average_pool2d, "global_average_pool2d"),
        (F.global_max_pool2d, "global_max_pool2d"),
        (lambda x: F.grouped_conv2d(x, x, None, Window((1, 1)), 1), "grouped_conv2d"),
        (lambda x: F.depthwise_conv2d(x, x, None, Window((1, 1))), "depthwise_conv2d"),
        (lambda x: F.conv2d_transpose(x, x, None, Window((1, 1))), "conv2d_transpose"),
    ],
)
def test_what_works_on_images_takes_images(operation: Callable[[Array], object], name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name}: expected images of shape .*; received \(2, 3\)"):
        operation(np.zeros((2, 3)))


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


def test_a_tap_that_only_ever_sees_padding_is_left_out_of_a_pool() -> None:
    """A window of nine pixels over an image of one: its middle sees the pixel, the others never do."""
    assert [tap.number for tap in pool_taps(Window((3, 3), (4, 4), "same"), (1, 1))] == [4]


def test_grouped_convolution_without_a_bias() -> None:
    x, kernel = np.arange(16.0).reshape(1, 2, 2, 4), np.arange(8.0).reshape(1, 1, 2, 4)
    y, _ = F.grouped_conv2d(x, kernel, None, Window((1, 1)), 2)
    same_bits(y, reference.grouped_conv2d(x, kernel, None))


@pytest.mark.parametrize(
    ("fill_mode", "seen"), [("constant", [None] * 2), ("nearest", [0, 3]), ("wrap", [1, 1]), ("reflect", [2, 2])]
)
def test_what_is_seen_beyond_an_edge(fill_mode: str, seen: list[int | None]) -> None:
    assert [beyond(index, 4, fill_mode) for index in (-3, 5)] == seen
