"""Relations of grouped, depthwise and transposed convolutions to convolution, bit for bit: sums are exact."""

from typing import NamedTuple

import numpy as np
from cases import geometries, integers, window
from faults import Fault
from hypothesis import assume
from hypothesis import strategies as st
from numeric import same_bits

from numpycnn import functional as F
from numpycnn.common.typing import Array, Pair, Rng
from numpycnn.functional.depthwise import by_tap
from numpycnn.functional.grouped import parts
from numpycnn.functional.transposed import transposed_borders, transposed_size
from numpycnn.functional.window import Window
from relations.common import counts, generator
from relations.table import Draw, relation


class Case(NamedTuple):
    """Images, and a window that fits them."""

    x: Array
    window: Window
    rng: Rng

    def kernel(self, *channels: int) -> Array:
        return self.numbers(*self.window.size, *channels)

    def numbers(self, *shape: int) -> Array:
        return integers(self.rng, shape, np.float64)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    rows, cols = draw(geometries(dilated=True))
    rng = generator(draw)
    return Case(integers(rng, (draw(counts), rows.size, cols.size, draw(counts)), np.float64), window(rows, cols), rng)


# ---------------------------------------------------------------- grouped and depthwise


@relation(Fault(F.grouped_conv2d, "y if bias is None else y + bias", "y"))
def one_group_is_a_convolution(draw: Draw) -> None:
    """grouped(x; k, b, 1 group) = conv(x; k, b)."""
    case, filters = draw(cases()), draw(counts)
    kernel, bias = case.kernel(case.x.shape[3], filters), case.numbers(filters)
    same_bits(F.grouped_conv2d(case.x, kernel, bias, case.window, 1)[0], F.conv2d(case.x, kernel, bias, case.window)[0])


@relation(Fault(parts, "np.split(images, groups, axis=-1)", "np.split(images, groups, axis=-1)[::-1]"))
def a_grouped_convolution_is_one_with_zeros(draw: Draw) -> None:
    """grouped(x; k) = conv(x; k with zeros for the channels of other groups); so is the gradient of the images."""
    case, groups, width, filters = draw(cases()), draw(counts), draw(counts), draw(counts)
    x = case.numbers(*case.x.shape[:3], groups * width)
    kernel, whole = case.kernel(width, groups * filters), np.zeros((*case.window.size, x.shape[3], groups * filters))
    for g in range(groups):
        own = slice(g * filters, (g + 1) * filters)
        whole[:, :, g * width : (g + 1) * width, own] = kernel[..., own]
    y, _ = F.grouped_conv2d(x, kernel, None, case.window, groups)
    same_bits(y, F.conv2d(x, whole, None, case.window)[0])
    dx = F.grouped_conv2d_backward_input(y, kernel, x.shape, case.window, groups)
    same_bits(dx, F.conv2d_backward_input(y, whole, x.shape, case.window))


@relation(Fault(by_tap, "kernel.reshape", "kernel[::-1].reshape"))
def depthwise_is_grouped_by_channels(draw: Draw) -> None:
    """depthwise(x; k) = grouped(x; k, as many groups as channels); so are all gradients."""
    case, multiplier = draw(cases()), draw(counts)
    channels = case.x.shape[3]
    kernel = case.kernel(channels, multiplier)
    grouped = kernel.reshape(*case.window.size, 1, channels * multiplier)  # (KH, KW, 1, C*M)
    y, patches = F.grouped_conv2d(case.x, grouped, None, case.window, channels)
    same_bits(F.depthwise_conv2d(case.x, kernel, None, case.window), y)
    dkernel, dbias = F.depthwise_conv2d_backward(y, case.x, kernel, case.window)
    of_grouped = F.grouped_conv2d_backward(y, patches, grouped, channels)
    same_bits(dkernel.reshape(grouped.shape), of_grouped[0])
    same_bits(dbias, of_grouped[1])
    dx = F.depthwise_conv2d_backward_input(y, kernel, case.x.shape, case.window)
    same_bits(dx, F.grouped_conv2d_backward_input(y, grouped, case.x.shape, case.window, channels))


@relation(Fault(F.depthwise_conv2d_backward_input, ".sum(axis=-1)", ".max(axis=-1)"))
def the_depthwise_input_gradient_is_the_adjoint(draw: Draw) -> None:
    """<depthwise(x), g> = <x, dx(g)>."""
    case, multiplier = draw(cases()), draw(counts)
    kernel = case.kernel(case.x.shape[3], multiplier)
    y = F.depthwise_conv2d(case.x, kernel, None, case.window)
    g = case.numbers(*y.shape)
    dx = F.depthwise_conv2d_backward_input(g, kernel, case.x.shape, case.window)
    assert (y * g).sum() == (case.x * dx).sum()


# ---------------------------------------------------------------- transposed


def output_paddings(window: Window) -> st.SearchStrategy[Pair | None]:
    rows, cols = (st.integers(0, stride - 1) for stride in window.strides)
    return st.one_of(st.none(), st.tuples(rows, cols))


@relation(
    Fault(
        transposed_borders,
        "return window.borders(output, image)",
        "(top, bottom), cols = window.borders(output, image); return (bottom, top), cols",
    )
)
def transposed_convolution_is_the_adjoint(draw: Draw) -> None:
    """<conv(y), x> = <y, transpose(x)>, for images y that "same" and "valid" convolutions make as small as x."""
    case, filters = draw(cases()), draw(counts)
    y, kernel = case.x, case.kernel(case.x.shape[3], filters)
    small, _ = F.conv2d(y, kernel, None, case.window)
    assume(transposed_size(small.shape[1:3], case.window, None) == y.shape[1:3])
    x = case.numbers(*small.shape)
    back = F.conv2d_transpose(x, kernel, None, case.window)
    assert (small * x).sum() == (y * back).sum()


@relation(Fault(F.conv2d_transpose_backward_input, "kernel, None", "kernel[::-1], None"))
def the_transposed_input_gradient_is_the_adjoint(draw: Draw) -> None:
    """<transpose(x), g> = <x, dx(g)>, with any output_padding."""
    case, filters = draw(cases()), draw(counts)
    x, kernel, extra = case.x, case.kernel(filters, case.x.shape[3]), draw(output_paddings(case.window))
    assume(min(transposed_size(x.shape[1:3], case.window, extra)) > 0)
    y = F.conv2d_transpose(x, kernel, None, case.window, extra)
    g = case.numbers(*y.shape)
    assert (y * g).sum() == (x * F.conv2d_transpose_backward_input(g, kernel, x.shape, case.window)).sum()


@relation(Fault(F.conv2d_transpose_backward, "return dkernel,", "return dkernel[:, ::-1],"))
def the_transposed_kernel_gradient_is_the_adjoint(draw: Draw) -> None:
    """<transpose(x; k), g> = <k, dk(g)>, with any output_padding."""
    case, filters = draw(cases()), draw(counts)
    x, kernel, extra = case.x, case.kernel(filters, case.x.shape[3]), draw(output_paddings(case.window))
    assume(min(transposed_size(x.shape[1:3], case.window, extra)) > 0)
    y = F.conv2d_transpose(x, kernel, None, case.window, extra)
    g = case.numbers(*y.shape)
    dkernel, _ = F.conv2d_transpose_backward(g, x, kernel, case.window)
    assert (y * g).sum() == (kernel * dkernel).sum()


@relation(Fault(transposed_size, "max(lh, sh)", "lh"))
def a_kernel_of_ones_repeats_pixels(draw: Draw) -> None:
    """transpose(x; ones, size and strides (SH, SW)) = x with each pixel repeated; "same" is the same."""
    case, factors = draw(cases()), (draw(counts), draw(counts))
    x, kernel = case.x[..., :1], np.ones((*factors, 1, 1))
    for padding in ("valid", "same"):
        y = F.conv2d_transpose(x, kernel, None, Window(factors, factors, padding))
        same_bits(y, F.upsample_nearest(x, factors))
