"""Relations of data augmentation."""

import numpy as np
from faults import Fault
from hypothesis import strategies as st

from numpycnn import functional as F
from numpycnn.common.typing import Array, Pair
from numpycnn.functional import warping
from numpycnn.functional.warping import View
from relations.common import counts, generator, near
from relations.table import Draw, relation

IMAGE: Pair = (5, 5)


def images(draw: Draw) -> Array:
    return generator(draw).normal(size=(draw(counts), *IMAGE, 2))


def seen(x: Array, matrices: Array, fill_mode: str = "wrap", interpolation: str = "bilinear") -> Array:
    return F.warp(x, View(matrices, IMAGE, IMAGE, interpolation, fill_mode))


@relation(Fault(warping.folded, "return position % size", "return np.clip(position, 0, size - 1)"))
def two_translations_are_one(draw: Draw) -> None:
    """translation(b)(translation(a)(x)) = translation(a + b)(x), by whole pixels around the edge."""
    x, rng = images(draw), generator(draw)
    a, b = rng.integers(-7, 8, (2, 2, len(x)))
    near(seen(seen(x, F.translation(*a)), F.translation(*b)), seen(x, F.translation(*(a + b))))


@relation(Fault(F.rotation, "[cos, sin, -sin, cos]", "[cos, -sin, sin, cos]"))
def a_quarter_turn_is_rot90(draw: Draw) -> None:
    """rotation(k quarter turns)(x) = numpy.rot90(x, k)."""
    x, k = images(draw), draw(st.integers(-3, 3))
    turned = seen(x, F.rotation(np.full(len(x), k * np.pi / 2), IMAGE), draw(st.sampled_from(("nearest", "reflect"))))
    near(turned, np.rot90(x, k, axes=(1, 2)))


@relation(Fault(F.zoom, "np.stack([rows, cols], axis=1)", "np.stack([cols, rows], axis=1)"))
def zooms_of_rows_and_columns_change_places_with_them(draw: Draw) -> None:
    """zoom(a, b)(x) transposed = zoom(b, a)(x transposed)."""
    x, (a, b) = images(draw), generator(draw).uniform(0.5, 1.5, 2)
    rows, cols = np.full(len(x), a), np.full(len(x), b)
    whole = seen(x, F.zoom(rows, cols, IMAGE))
    near(whole.swapaxes(1, 2), seen(x.swapaxes(1, 2), F.zoom(cols, rows, IMAGE)))
    few = seen(np.broadcast_to(x[:, :1], x.shape), F.zoom(rows, np.ones(len(x)), IMAGE))
    near(few, np.broadcast_to(x[:, :1], x.shape))  # of equal rows, zoomed along the columns alone, nothing is seen


@relation(
    Fault(
        warping.interpolated,
        "return first if part is None else first + part",
        "return first if part is None else first * 2 + part",
    )
)
def an_even_image_stays_as_it_is(draw: Draw) -> None:
    """warp(c) = c, for an image of one value, by any matrix; beyond the edge but for "constant"."""
    x, rng = np.full((2, *IMAGE, 1), 3.0), generator(draw)
    near(seen(x, rng.normal(size=(2, 2, 3)), draw(st.sampled_from(("nearest", "reflect", "wrap")))), x)


@relation(Fault(F.resizing, "ratio / 2 - 0.5", "0 * ratio"))
def halving_takes_means(draw: Draw) -> None:
    """resizing to half = the mean of each 2 by 2 pixels."""
    x = generator(draw).normal(size=(draw(counts), 6, 4, 2))
    matrices = np.broadcast_to(F.resizing((6, 4), (3, 2)), (len(x), 2, 3))
    means = x.reshape(len(x), 3, 2, 2, 2, 2).mean(axis=(2, 4))  # (N, 3, 2, C)
    near(F.warp(x, View(matrices, (6, 4), (3, 2), "bilinear", "nearest")), means)


@relation(Fault(F.flip, "np.flip(x, axes)", "np.flip(x, axes[:1])"))
def both_flips_are_half_a_turn(draw: Draw) -> None:
    """flip(x; rows and columns) = rotation(half a turn)(x), and flip(flip(x)) = x."""
    x = images(draw)
    every = np.ones(len(x), bool)
    flipped = F.flip(x, every, (1, 2))
    near(flipped, seen(x, F.rotation(np.full(len(x), np.pi), IMAGE), "reflect"))
    near(F.flip(flipped, every, (1, 2)), x)


@relation(Fault(F.contrast, "y = mean + factor[", "y = mean / 2 + factor["))
def two_contrasts_are_one(draw: Draw) -> None:
    """contrast(contrast(x; a); b) = contrast(x; a*b), without a bound."""
    x, rng = images(draw), generator(draw)
    a, b = rng.uniform(0.5, 2.0, (2, len(x)))
    twice = F.contrast(F.contrast(x, a, -99.0, 99.0)[0], b, -99.0, 99.0)[0]
    near(twice, F.contrast(x, a * b, -99.0, 99.0)[0])


@relation(Fault(F.crop_windows_backward, "= dy", "+= 2 * dy"))
def what_was_cropped_goes_back_to_its_place(draw: Draw) -> None:
    """crop(its backward(dy)) = dy, and sum(its backward(dy)) = sum(dy)."""
    x, rng = images(draw), generator(draw)
    top, left = rng.integers(0, 3, (2, len(x)))
    dy = x[:, :3, :3]
    dx = F.crop_windows_backward(dy, top, left, x.shape)
    near(F.crop_windows(dx, top, left, (3, 3)), dy)
    near(dx.sum(), dy.sum())


@relation(Fault(F.rectangles, "row < top + height", "row <= top + height"))
def a_rectangle_of_whole_pixels_has_its_area(draw: Draw) -> None:
    """sum(rectangle) = height*width, for one inside the image."""
    rng = generator(draw)
    top, left, height, width = rng.integers(0, 3, (4, 2))
    assert F.rectangles(top, left, height, width, IMAGE).sum(axis=(1, 2, 3)).tolist() == (height * width).tolist()
