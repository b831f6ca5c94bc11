"""Relations of convolution and of its gradients, bit for bit: sums of whole numbers are exact in any order."""

from typing import NamedTuple

import numpy as np
from cases import geometries, integers, window
from faults import Fault
from hypothesis import strategies as st
from numeric import same_bits

from numpycnn import functional as F
from numpycnn.common.typing import Array, Pair, Rng
from numpycnn.functional.window import Window
from numpycnn.reference import Axis
from relations.common import counts, generator, transposed
from relations.table import Draw, relation


class Case(NamedTuple):
    """A convolution and more numbers that fit it."""

    x: Array
    kernel: Array
    window: Window
    rows: Axis
    cols: Axis
    rng: Rng

    def like(self, a: Array) -> Array:
        """Other whole numbers in the same shape."""
        return integers(self.rng, a.shape, a.dtype)

    def dy(self) -> Array:
        """A gradient of the output."""
        return self.like(conv(self.x, self.kernel, self.window))


@st.composite
def cases(draw: st.DrawFn, axes: st.SearchStrategy[tuple[Axis, Axis]] | None = None) -> Case:
    """Any convolution of a few small images; axes: of a certain form."""
    rows, cols = draw(geometries(dilated=True) if axes is None else axes)
    n, c, f, rng = draw(counts), draw(counts), draw(counts), generator(draw)
    x = integers(rng, (n, rows.size, cols.size, c), np.float64)
    kernel = integers(rng, (rows.kernel, cols.kernel, c, f), np.float64)
    return Case(x, kernel, window(rows, cols), rows, cols, rng)


@st.composite
def valid_axes(draw: st.DrawFn, stride: int | None = None) -> tuple[Axis, Axis]:
    """Axes without padding; stride: the same along both."""
    found = []
    for _ in range(2):
        kernel, dilation = draw(counts), draw(st.integers(1, 2))
        step = draw(counts) if stride is None else stride
        size = (kernel - 1) * dilation + 1 + draw(st.integers(0, 4))
        found.append(Axis(size, kernel, step, dilation, "valid"))
    return found[0], found[1]


def conv(x: Array, kernel: Array, sliding: Window, bias: Array | None = None) -> Array:
    return F.conv2d(x, kernel, bias, sliding)[0]


def input_gradient(dy: Array, kernel: Array, x: Array, sliding: Window) -> Array:
    return F.conv2d_backward_input(dy, kernel, x.shape, sliding)


def kernel_gradients(dy: Array, x: Array, kernel: Array, sliding: Window) -> tuple[Array, Array]:
    return F.conv2d_backward(dy, F.im2col(x, sliding), kernel)


def spread(a: Array, steps: Pair) -> Array:
    """(N, H, W, C) with zeros between the pixels, so that they are `steps` apart."""
    n, h, w, c = a.shape
    wide = np.zeros((n, (h - 1) * steps[0] + 1, (w - 1) * steps[1] + 1, c), a.dtype)
    wide[:, :: steps[0], :: steps[1]] = a
    return wide


# ---------------------------------------------------------------- linearity


@relation(Fault(F.pad, "constant_values=value", "constant_values=value + 1"))
def linear_in_the_image(draw: Draw) -> None:
    """conv(2a - 3b) = 2 conv(a) - 3 conv(b)."""
    case = draw(cases())
    a, b = case.x, case.like(case.x)
    whole = conv(2 * a - 3 * b, case.kernel, case.window)
    same_bits(whole, 2 * conv(a, case.kernel, case.window) - 3 * conv(b, case.kernel, case.window))


@relation(Fault(F.conv2d, "@ kernel.reshape", "@ np.maximum(kernel, 0).reshape"))
def linear_in_the_kernel(draw: Draw) -> None:
    """conv(x; 2k - 3m) = 2 conv(x; k) - 3 conv(x; m)."""
    case = draw(cases())
    k, m = case.kernel, case.like(case.kernel)
    whole = conv(case.x, 2 * k - 3 * m, case.window)
    same_bits(whole, 2 * conv(case.x, k, case.window) - 3 * conv(case.x, m, case.window))


@relation(Fault(F.conv2d, "y = y + bias", "y = y + bias[::-1]"))
def a_bias_is_added_everywhere(draw: Draw) -> None:
    """conv(x; k, b) = conv(x; k) + b."""
    case = draw(cases())
    bias = integers(case.rng, case.kernel.shape[3:], np.float64)
    same_bits(conv(case.x, case.kernel, case.window, bias), conv(case.x, case.kernel, case.window) + bias)


@relation(Fault(F.im2col, "padded[tap] for", "padded[tap][..., ::-1] for"))
def channels_add_up(draw: Draw) -> None:
    """conv(x) = sum over channels c of conv(x[c]; k[c])."""
    case = draw(cases())
    channels = [slice(c, c + 1) for c in range(case.x.shape[3])]
    parts = [conv(case.x[..., c], case.kernel[:, :, c], case.window) for c in channels]
    same_bits(conv(case.x, case.kernel, case.window), np.sum(parts, axis=0))


@relation(Fault(F.conv2d, "return y.reshape", "return np.maximum(y, 0).reshape"))
def two_in_a_row_are_one(draw: Draw) -> None:
    """conv(conv(x; k); m) = conv(x; both), where both[u + s, v + t] = sum of k[u, v] @ m[s, t]."""
    case = draw(cases(valid_axes(stride=1)))
    k, (kh, kw, c, f) = case.kernel, case.kernel.shape
    m = integers(case.rng, (draw(counts), draw(counts), f, 2), np.float64)
    both = np.zeros((kh + m.shape[0] - 1, kw + m.shape[1] - 1, c, 2))
    for s, t in np.ndindex(m.shape[:2]):
        both[s : s + kh, t : t + kw] += k @ m[s, t]
    x = integers(case.rng, (1, both.shape[0] + 2, both.shape[1] + 1, c), np.float64)
    same_bits(conv(conv(x, k, Window((kh, kw))), m, Window(m.shape[:2])), conv(x, both, Window(both.shape[:2])))


# ---------------------------------------------------------------- where the taps are


@relation(Fault(Window.taps, "top, left = u * dh, v * dw", "top, left = (self.size[0] - 1 - u) * dh, v * dw"))
def an_impulse_returns_the_kernel_turned_around(draw: Draw) -> None:
    """conv(impulse)[i, j] = k[-i, -j]: the kernel is not flipped, so an impulse meets its taps in reverse order."""
    case = draw(cases(valid_axes(stride=1)))
    (eh, ew), (dh, dw), (_, _, channels, _) = case.window.extent, case.window.dilation, case.kernel.shape
    channel = draw(st.integers(0, channels - 1))
    x = np.zeros((1, 2 * eh - 1, 2 * ew - 1, channels))
    x[0, eh - 1, ew - 1, channel] = 1
    y = conv(x, case.kernel, case.window)
    same_bits(y, spread(case.kernel[None, ::-1, ::-1, channel], (dh, dw)))


@relation(Fault(Window.borders, "return (rows // 2, rows - rows // 2)", "return (rows, 0)"))
def the_identity_kernel_returns_the_image(draw: Draw) -> None:
    """conv(x; identity in the middle of an odd kernel, zeros around it) = x, with padding "same"."""
    case = draw(cases())
    u, v, channels = draw(st.integers(0, 2)), draw(st.integers(0, 2)), case.x.shape[3]
    kernel = np.zeros((2 * u + 1, 2 * v + 1, channels, channels))
    kernel[u, v] = np.eye(channels)
    same_bits(conv(case.x, kernel, Window((2 * u + 1, 2 * v + 1), (1, 1), "same", case.window.dilation)), case.x)


@relation(Fault(F.im2col, "padded = pad(x, window)", "padded = pad(x, window)[:, ::-1]"))
def an_image_moved_by_a_stride_moves_the_output_by_one(draw: Draw) -> None:
    """conv(x[SH:, SW:]) = conv(x)[1:, 1:]."""
    case = draw(cases(valid_axes()))
    (sh, sw), (n, h, w, c) = case.window.strides, case.x.shape
    x = integers(case.rng, (n, h + sh, w + sw, c), np.float64)
    same_bits(conv(x[:, sh:, sw:], case.kernel, case.window), conv(x, case.kernel, case.window)[:, 1:, 1:])


@relation(Fault(Window.taps, "top, left = u * dh, v * dw", "top, left = u * dh, (self.size[1] - 1 - v) * dw"))
def rows_for_columns(draw: Draw) -> None:
    """conv(x.T; k.T) = conv(x; k).T, where .T turns rows into columns, in strides, dilation and padding too."""
    case = draw(cases())
    y = conv(case.x.swapaxes(1, 2), case.kernel.swapaxes(0, 1), transposed(case.window))
    same_bits(y.swapaxes(1, 2), conv(case.x, case.kernel, case.window))


@relation(Fault(Window.borders, "rows = max((oh - 1) * sh + eh - h, 0)", "rows = max(oh * sh + eh - h, 0)"))
def same_is_padded_and_valid(draw: Draw) -> None:
    """conv(x; same) = conv(x with zeros around it; valid)."""
    case = draw(cases())
    axes = (case.rows, case.cols)
    after = [(a.outputs - 1) * a.stride + a.extent - a.size - a.before for a in axes]
    zeros = [(0, 0), *((a.before, max(after, 0)) for a, after in zip(axes, after, strict=True)), (0, 0)]
    valid = Window(case.window.size, case.window.strides, "valid", case.window.dilation)
    same_bits(conv(case.x, case.kernel, case.window), conv(np.pad(case.x, zeros), case.kernel, valid))


@relation(Fault(Window.taps, "= self.strides, self.dilation, output", "= self.strides, (1, self.dilation[1]), output"))
def dilation_is_zeros_in_the_kernel(draw: Draw) -> None:
    """conv(x; k, dilation d) = conv(x; k with d - 1 zeros between its taps)."""
    case = draw(cases())
    kernel = spread(case.kernel.reshape(1, *case.window.size, -1), case.window.dilation)[0]
    kernel = kernel.reshape(*kernel.shape[:2], *case.kernel.shape[2:])
    solid = Window((kernel.shape[0], kernel.shape[1]), case.window.strides, case.window.padding)
    same_bits(conv(case.x, case.kernel, case.window), conv(case.x, kernel, solid))


@relation(Fault(Window.taps, "slice(left, left + (ow - 1) * sw + 1, sw)", "slice(left, left + ow)"))
def a_stride_leaves_outputs_out(draw: Draw) -> None:
    """conv(x; strides (SH, SW)) = conv(x; strides 1)[::SH, ::SW]."""
    case = draw(cases(valid_axes()))
    (sh, sw), each = case.window.strides, Window(case.window.size, dilation=case.window.dilation)
    same_bits(conv(case.x, case.kernel, case.window), conv(case.x, case.kernel, each)[:, ::sh, ::sw])


@relation(
    Fault(F.conv2d, "@ kernel.reshape(-1, kernel.shape[3])", "@ kernel.reshape(-1, kernel.shape[3]) / window.count")
)
def zeros_at_the_end_of_a_kernel_do_nothing(draw: Draw) -> None:
    """conv(x; k with zeros below and to the right) = conv(x; k) without its last rows and columns."""
    case = draw(cases(valid_axes(stride=1)))
    (kh, kw), (dh, dw) = case.window.size, case.window.dilation
    below = draw(st.integers(0, (case.x.shape[1] - case.window.extent[0]) // dh))
    right = draw(st.integers(0, (case.x.shape[2] - case.window.extent[1]) // dw))
    kernel = np.pad(case.kernel, ((0, below), (0, right), (0, 0), (0, 0)))
    wide = conv(case.x, kernel, Window((kh + below, kw + right), dilation=(dh, dw)))
    same_bits(wide, conv(case.x, case.kernel, case.window)[:, : wide.shape[1], : wide.shape[2]])


@relation(Fault(F.im2col, "return patches.reshape", "return patches.swapaxes(3, 4).reshape"))
def channels_have_no_order(draw: Draw) -> None:
    """conv(x[p]; k[p]) = conv(x; k) for any order p of the input's channels."""
    case = draw(cases())
    p = case.rng.permutation(case.x.shape[3])
    same_bits(conv(case.x[..., p], case.kernel[:, :, p], case.window), conv(case.x, case.kernel, case.window))


@relation(Fault(F.conv2d, "kernel.reshape(-1, kernel.shape[3])", "kernel.reshape(kernel.shape[3], -1).T"))
def filters_have_no_order(draw: Draw) -> None:
    """conv(x; k[p]) = conv(x; k)[p] for any order p of the filters."""
    case = draw(cases())
    p = case.rng.permutation(case.kernel.shape[3])
    same_bits(conv(case.x, case.kernel[..., p], case.window), conv(case.x, case.kernel, case.window)[..., p])


# ---------------------------------------------------------------- gradients


@relation(Fault(F.col2im, "for k in range(window.count)", "for k in reversed(range(window.count))"))
def the_input_gradient_is_the_adjoint(draw: Draw) -> None:
    """<conv(x), g> = <x, dx(g)>."""
    case = draw(cases())
    g = case.dy()
    y, dx = conv(case.x, case.kernel, case.window), input_gradient(g, case.kernel, case.x, case.window)
    assert (y * g).sum() == (case.x * dx).sum()


@relation(
    Fault(F.conv2d_backward, "return dkernel.reshape(kernel.shape)", "return dkernel.reshape(kernel.shape)[::-1]")
)
def the_kernel_gradient_is_the_adjoint(draw: Draw) -> None:
    """<conv(x; k + e) - conv(x; k), g> = <e, dk(g)>, for any e, however large."""
    case = draw(cases())
    g, e, k = case.dy(), case.like(case.kernel), case.kernel
    moved = conv(case.x, k + e, case.window) - conv(case.x, k, case.window)
    assert (moved * g).sum() == (e * kernel_gradients(g, case.x, k, case.window)[0]).sum()


@relation(Fault(F.conv2d_backward, "dy.sum(axis=0)", "dy[1:].sum(axis=0)"))
def the_bias_gradient_is_the_adjoint(draw: Draw) -> None:
    """<conv(x; k, b) - conv(x; k), g> = <b, db(g)>."""
    case = draw(cases())
    g, bias = case.dy(), integers(case.rng, case.kernel.shape[3:], np.float64)
    moved = conv(case.x, case.kernel, case.window, bias) - conv(case.x, case.kernel, case.window)
    assert (moved * g).sum() == (bias * kernel_gradients(g, case.x, case.kernel, case.window)[1]).sum()


@relation(Fault(F.add_taps, "dpadded[:, top : top + h", "dpadded[:, bottom : bottom + h"))
def col2im_is_the_adjoint_of_im2col(draw: Draw) -> None:
    """<im2col(x), g> = <x, col2im(g)>."""
    case = draw(cases())
    cols = F.im2col(case.x, case.window)
    g = case.like(cols)
    assert (cols * g).sum() == (case.x * F.col2im(g, case.x.shape, case.window)).sum()


@relation(Fault(F.add_taps, "dpadded[tap] += part", "dpadded[tap] = part"))
def the_input_gradient_is_a_convolution(draw: Draw) -> None:
    """dx(g) = conv(g with zeros between and around its cells; k turned around, its filters for channels)."""
    case = draw(cases(valid_axes()))
    g, (eh, ew), (_, h, w, _) = case.dy(), case.window.extent, case.x.shape
    wide = spread(g, case.window.strides)
    unseen = h - wide.shape[1] - eh + 1, w - wide.shape[2] - ew + 1  # rows and columns that no window reaches
    wide = np.pad(wide, ((0, 0), (eh - 1, eh - 1 + unseen[0]), (ew - 1, ew - 1 + unseen[1]), (0, 0)))
    turned_around = case.kernel[::-1, ::-1].swapaxes(2, 3)
    dx = conv(wide, turned_around, Window(case.window.size, dilation=case.window.dilation))
    same_bits(input_gradient(g, case.kernel, case.x, case.window), dx)


@relation(Fault(F.add_taps, ", left : left + w]", ", top : top + w]"))
def rows_for_columns_in_the_input_gradient(draw: Draw) -> None:
    """dx(g.T; k.T) = dx(g; k).T, where .T turns rows into columns."""
    case = draw(cases())
    g, x_turned = case.dy(), case.x.swapaxes(1, 2)
    dx = input_gradient(g.swapaxes(1, 2), case.kernel.swapaxes(0, 1), x_turned, transposed(case.window))
    same_bits(dx.swapaxes(1, 2), input_gradient(g, case.kernel, case.x, case.window))


@relation(Fault(F.conv2d_backward, "cols.T @ dy  #", "cols.T @ dy / len(dy)  #"))
def the_batchs_kernel_gradient_is_the_sum_of_its_images(draw: Draw) -> None:
    """dk(x, g) = sum over images n of dk(x[n], g[n])."""
    case = draw(cases())
    g = case.dy()
    each = [kernel_gradients(g[n : n + 1], case.x[n : n + 1], case.kernel, case.window)[0] for n in range(len(case.x))]
    same_bits(kernel_gradients(g, case.x, case.kernel, case.window)[0], np.sum(each, axis=0))
