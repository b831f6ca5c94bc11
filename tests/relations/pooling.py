"""Relations of pooling and of its gradients: those of a maximum bit for bit, for it only compares."""

from typing import NamedTuple

import numpy as np
from cases import geometries, integers, window
from faults import Fault
from hypothesis import strategies as st
from numeric import same_bits

from numpycnn import functional as F
from numpycnn.common.typing import Array, Rng
from numpycnn.functional.pooling import pixels_under
from numpycnn.functional.window import Window
from numpycnn.reference import Axis
from relations.common import counts, generator, near, transposed
from relations.table import Draw, relation


class Case(NamedTuple):
    """Images, full of ties, and a pool that fits them; windows may overlap."""

    x: Array
    window: Window
    rows: Axis
    cols: Axis
    rng: Rng

    def dy(self) -> Array:
        """A gradient of the output."""
        return integers(self.rng, pool(self.x, self.window).shape, np.float64)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    rows, cols = draw(geometries(dilated=False))
    rng, bound = generator(draw), draw(st.sampled_from((1, 8)))
    x = integers(rng, (draw(counts), rows.size, cols.size, draw(counts)), np.float64, bound)
    return Case(x, window(rows, cols), rows, cols, rng)


def pool(x: Array, sliding: Window) -> Array:
    return F.max_pool2d(x, sliding)[0]


def gradient(dy: Array, x: Array, sliding: Window) -> Array:
    return F.max_pool2d_backward(dy, F.max_pool2d(x, sliding)[1], x.shape, sliding)


@relation(
    Fault(
        F.max_pool2d,
        "y = np.full((len(x), *output, x.shape[3]), bottom",
        "y = np.full((len(x), *output, x.shape[3]), 0",
    )
)
def a_pool_of_one_pixel_does_nothing(draw: Draw) -> None:
    """pool(x; size 1) = x, and its gradient is dy."""
    case, one = draw(cases()), Window((1, 1))
    same_bits(pool(case.x, one), case.x)
    dy = integers(case.rng, case.x.shape, np.float64)
    same_bits(gradient(dy, case.x, one), dy)


@relation(Fault(F.max_pool2d, "y = np.maximum(y, seen)", "y = np.where(np.isinf(y), seen, (y + seen) / 2)"))
def increasing_functions_pass_through(draw: Draw) -> None:
    """pool(f(x)) = f(pool(x)) for increasing f, such as x**3 + 2x; the gradient goes to the same pixels."""
    case = draw(cases())
    f_of_x = case.x**3 + 2 * case.x
    y = pool(case.x, case.window)
    same_bits(pool(f_of_x, case.window), y**3 + 2 * y)
    dy = case.dy()
    same_bits(gradient(dy, f_of_x, case.window), gradient(dy, case.x, case.window))


@relation(Fault(F.lowest, "else -np.inf", "else -9.0"))
def shifts_of_a_channel_pass_through(draw: Draw) -> None:
    """pool(x + s) = pool(x) + s for a shift s of each channel; so padding wins over no pixel, however low."""
    case = draw(cases())
    shift = integers(case.rng, case.x.shape[3:], np.float64, 100)
    same_bits(pool(case.x + shift, case.window), pool(case.x, case.window) + shift)


@relation(Fault(F.max_pool2d, "pad(x, window, bottom)", "pad(x, window)"))
def same_is_padded_and_valid(draw: Draw) -> None:
    """pool(x; same) = pool(x with its lowest pixel around it; valid), for images all below zero too."""
    case = draw(cases())
    x, axes = case.x - draw(st.sampled_from((0, 9))), (case.rows, case.cols)
    after = [(a.outputs - 1) * a.stride + a.kernel - a.size - a.before for a in axes]
    around = [(0, 0), *((a.before, max(after, 0)) for a, after in zip(axes, after, strict=True)), (0, 0)]
    valid = Window(case.window.size, case.window.strides)
    same_bits(pool(x, case.window), pool(np.pad(x, around, constant_values=x.min()), valid))


@relation(Fault(F.max_pool2d_backward, "(winner == k) * dy", "(winner <= k) * dy"))
def no_gradient_is_lost_or_made(draw: Draw) -> None:
    """sum of dx = sum of dy, in each channel of each image, with overlaps and ties."""
    case = draw(cases())
    dy = case.dy()
    same_bits(gradient(dy, case.x, case.window).sum(axis=(1, 2)), dy.sum(axis=(1, 2)))


@relation(Fault(F.max_pool2d, "type(k)", "type(window.count - 1 - k)"))
def the_gradient_belongs_to_the_value(draw: Draw) -> None:
    """<dx, x> = <dy, y>: Euler's equation, for pool(a*x) = a*pool(x)."""
    case = draw(cases())
    dy = case.dy()
    assert (gradient(dy, case.x, case.window) * case.x).sum() == (dy * pool(case.x, case.window)).sum()


@relation(Fault(F.max_pool2d, "wins = seen > y", "wins = seen >= y"))
def the_first_of_equal_pixels_wins(draw: Draw) -> None:
    """dx(x) = dx(x lowered, by less than its steps, from pixel to pixel in row order)."""
    case = draw(cases())
    _, h, w, _ = case.x.shape
    place = np.arange(h * w).reshape(1, h, w, 1)
    dy = case.dy()
    same_bits(gradient(dy, case.x, case.window), gradient(dy, case.x * h * w - place, case.window))


@relation(Fault(F.max_pool2d, "seen = padded[tap]", "seen = padded[tap][..., ::-1]"))
def channels_do_not_mix(draw: Draw) -> None:
    """pool(x)[c] = pool(x[c]) for each channel c."""
    case = draw(cases())
    y = pool(case.x, case.window)
    for c in range(case.x.shape[3]):
        same_bits(y[..., c : c + 1], pool(case.x[..., c : c + 1], case.window))


@relation(Fault(F.max_pool2d, "enumerate(window.taps(output))", "enumerate(list(window.taps(output))[-3:])"))
def a_pool_of_a_pool_is_a_larger_pool(draw: Draw) -> None:
    """pool(pool(x; a); b) = pool(x; a*b) for pools that do not overlap; so are their gradients, without ties."""
    rng, a, b = generator(draw), (draw(counts), draw(counts)), (draw(counts), draw(counts))
    both = a[0] * b[0], a[1] * b[1]
    shape = 2, both[0] * draw(counts), both[1] * draw(counts), 2
    x = rng.permutation(np.prod(shape)).reshape(shape).astype(float)
    first, second, whole = Window(a, a), Window(b, b), Window(both, both)
    between, y = pool(x, first), pool(x, whole)
    same_bits(pool(between, second), y)
    dy = integers(rng, y.shape, np.float64)
    same_bits(gradient(gradient(dy, between, second), x, first), gradient(dy, x, whole))


@relation(Fault(Window.taps, "top, left = u * dh, v * dw", "top, left = max(u - 1, 0) * dh, v * dw"))
def rows_for_columns(draw: Draw) -> None:
    """pool(x.T) = pool(x).T, where .T turns rows into columns; so are their gradients, without ties."""
    case = draw(cases())
    x = case.rng.permutation(case.x.size).reshape(case.x.shape).astype(float)
    turned, sliding = x.swapaxes(1, 2), transposed(case.window)
    same_bits(pool(turned, sliding).swapaxes(1, 2), pool(x, case.window))
    dy = case.dy()
    same_bits(gradient(dy.swapaxes(1, 2), turned, sliding).swapaxes(1, 2), gradient(dy, x, case.window))


@relation(Fault(Window.taps, "slice(top, top + (oh - 1) * sh + 1, sh)", "slice(top, top + oh)"))
def an_enlarged_image_shrinks_back(draw: Draw) -> None:
    """pool(x with each pixel repeated s times; size s) = x."""
    case, (sh, sw) = draw(cases()), (draw(counts), draw(counts))
    same_bits(pool(case.x.repeat(sh, axis=1).repeat(sw, axis=2), Window((sh, sw), (sh, sw))), case.x)


# ---------------------------------------------------------------- the mean


@relation(Fault(pixels_under, "sum_under(np.ones((1, *x_shape[1:3], 1), dtype), window)", "window.count"))
def padding_has_no_part_in_a_mean(draw: Draw) -> None:
    """mean(s) = s for images that are s everywhere, at the border too."""
    case, s = draw(cases()), draw(st.integers(-8, 8))
    y = F.average_pool2d(np.full(case.x.shape, float(s)), case.window)
    same_bits(y, np.full(y.shape, float(s)))


@relation(Fault(F.average_pool2d_backward, "dy / pixels_under", "dy * pixels_under"))
def the_gradient_of_a_mean_is_the_adjoint(draw: Draw) -> None:
    """<mean(x), g> = <x, dx(g)>."""
    case = draw(cases())
    g = case.dy()
    dx = F.average_pool2d_backward(g, case.x.shape, case.window)
    near((F.average_pool2d(case.x, case.window) * g).sum(), (case.x * dx).sum())


@relation(Fault(F.global_average_pool2d_backward, "dy / (h * w)", "dy / (h + w)"))
def the_mean_of_an_image_is_that_of_a_window_as_large(draw: Draw) -> None:
    """mean(x; whole) = mean(x; size (H, W)); so are their gradients."""
    x = draw(cases()).x
    whole = Window(x.shape[1:3])
    y = F.global_average_pool2d(x)
    near(y, F.average_pool2d(x, whole))
    near(F.global_average_pool2d_backward(y, x.shape), F.average_pool2d_backward(y, x.shape, whole))


@relation(Fault(F.global_max_pool2d, "pixels.real.argmax", "pixels[:, ::-1].real.argmax"))
def the_largest_of_an_image_is_that_of_a_window_as_large(draw: Draw) -> None:
    """pool(x; whole) = pool(x; size (H, W)); the first of equal pixels gets the gradient in both."""
    x = draw(cases()).x
    whole = Window(x.shape[1:3])
    y, winner = F.global_max_pool2d(x)
    same_bits(y, pool(x, whole))
    same_bits(F.global_max_pool2d_backward(y, winner, x.shape), gradient(y, x, whole))
