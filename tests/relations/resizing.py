"""Relations of padding, cropping and upsampling, and of their gradients."""

from typing import NamedTuple

import numpy as np
from cases import integers
from faults import Fault
from hypothesis import strategies as st
from numeric import same_bits

from numpycnn import functional as F
from numpycnn.common.typing import Array, Pair, Rng
from numpycnn.functional.padding import Borders
from numpycnn.functional.resampling import linear_weights
from numpycnn.functional.window import Window
from relations.common import counts, generator, near
from relations.table import Draw, relation


class Case(NamedTuple):
    """Images, a border that is smaller, factors to enlarge them by, and a generator of more numbers."""

    x: Array
    borders: Borders
    factors: Pair
    rng: Rng


@st.composite
def cases(draw: st.DrawFn) -> Case:
    rng, sides = generator(draw), [(draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(2)]
    x = integers(rng, (draw(counts), draw(st.integers(5, 7)), draw(st.integers(5, 7)), draw(counts)), np.float64)
    return Case(x, (sides[0], sides[1]), (draw(counts), draw(counts)), rng)


@relation(Fault(F.crop, "top : h - bottom", "top + bottom : h"))
def a_border_comes_and_goes(draw: Draw) -> None:
    """crop(pad(x)) = x."""
    case = draw(cases())
    same_bits(F.crop(F.zero_pad(case.x, case.borders), case.borders), case.x)


@relation(Fault(F.zero_pad, "((0, 0), *borders, (0, 0))", "((0, 0), *[side[::-1] for side in borders], (0, 0))"))
def cropping_is_the_adjoint_of_padding(draw: Draw) -> None:
    """<pad(x), g> = <x, crop(g)>."""
    case = draw(cases())
    padded = F.zero_pad(case.x, case.borders)
    g = integers(case.rng, padded.shape, np.float64)
    assert (padded * g).sum() == (case.x * F.crop(g, case.borders)).sum()


@relation(Fault(F.upsample_nearest, "x.repeat(factors[0], axis=1)", "x.repeat(factors[1], axis=1)"))
def every_window_of_repeated_pixels_sees_one(draw: Draw) -> None:
    """mean(nearest(x); size and strides (SH, SW)) = x."""
    case = draw(cases())
    near(F.average_pool2d(F.upsample_nearest(case.x, case.factors), Window(case.factors, case.factors)), case.x)


@relation(
    Fault(F.upsample_nearest_backward, "n, rows // sh, sh, cols // sw, sw, c", "n, sh, rows // sh, cols // sw, sw, c")
)
def the_nearest_gradient_is_the_adjoint(draw: Draw) -> None:
    """<nearest(x), g> = <x, dx(g)>."""
    case = draw(cases())
    y = F.upsample_nearest(case.x, case.factors)
    g = integers(case.rng, y.shape, np.float64)
    assert (y * g).sum() == (case.x * F.upsample_nearest_backward(g, case.factors)).sum()


@relation(Fault(F.upsample_bilinear_backward, "cols // sw, sw, dtype).T", "cols // sw, sw, dtype).T / sw"))
def the_bilinear_gradient_is_the_adjoint(draw: Draw) -> None:
    """<bilinear(x), g> = <x, dx(g)>."""
    case = draw(cases())
    y = F.upsample_bilinear(case.x, case.factors)
    g = integers(case.rng, y.shape, np.float64)
    near((y * g).sum(), (case.x * F.upsample_bilinear_backward(g, case.factors)).sum())


@relation(Fault(linear_weights, "np.clip(centers, 0, size - 1)[:, None]", "centers[:, None]"))
def the_weights_of_interpolation_sum_to_one(draw: Draw) -> None:
    """bilinear(s) = s for images that are s everywhere, at the border too."""
    case, s = draw(cases()), draw(st.integers(-8, 8))
    y = F.upsample_bilinear(np.full(case.x.shape, float(s)), case.factors)
    near(y, np.full(y.shape, float(s)))


@relation(Fault(linear_weights, "+ 0.5) / factor - 0.5", ") / factor"))
def an_image_may_be_seen_in_a_mirror(draw: Draw) -> None:
    """bilinear(x reversed) = bilinear(x) reversed, along rows and columns."""
    case = draw(cases())
    reversed_y = F.upsample_bilinear(case.x[:, ::-1, ::-1], case.factors)
    near(reversed_y, F.upsample_bilinear(case.x, case.factors)[:, ::-1, ::-1])
