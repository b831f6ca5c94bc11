"""Grouped convolution: several convolutions side by side, each with channels and filters of its own."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Shape
from numpycnn.functional.convolution import check_images, conv2d, conv2d_backward, conv2d_backward_input
from numpycnn.functional.window import Window


class Group(NamedTuple):
    """The part of a grouped convolution that belongs to one group."""

    images: Array
    """Its channels of the input, or its filters' gradients: (N, ..., C/G or F/G)."""
    kernel: Array
    """Its filters: (KH, KW, C/G, F/G)."""


def parts(images: Array, kernel: Array, groups: int) -> Iterator[Group]:
    """Each group's part: its channels are neighbours, and so are its filters. All are views."""
    yield from map(Group, np.split(images, groups, axis=-1), np.split(kernel, groups, axis=-1))


def side_by_side(of_groups: Sequence[Array]) -> Array:
    """The groups' arrays as one, along the last axis; of one group its own, not copied."""
    return of_groups[0] if len(of_groups) == 1 else np.concatenate(of_groups, axis=-1)


def grouped_conv2d(
    x: Array, kernel: Array, bias: Array | None, window: Window, groups: int
) -> tuple[Array, tuple[Array, ...]]:
    """A convolution whose filters see one group of channels each: of G groups, filter f sees group floor(f*G/F).

        y[n, i, j, f] = sum over u, v, c of xp[n, i*SH + u*DH, j*SW + v*DW, g*C/G + c] * kernel[u, v, c, f]  +  bias[f]

    with g = floor(f*G/F).
    x: (N, H, W, C); kernel: (KH, KW, C/G, F); bias: (F,) or None; G divides C and F. With one group it is conv2d.
    Returns y: (N, OH, OW, F), and each group's cols for the backward.
    """
    check_images("grouped_conv2d", x)
    ys, cols = zip(*(conv2d(*part, None, window) for part in parts(x, kernel, groups)), strict=True)
    y = side_by_side(ys)  # (N, OH, OW, F)
    return y if bias is None else y + bias, cols


def grouped_conv2d_backward(dy: Array, cols: tuple[Array, ...], kernel: Array, groups: int) -> tuple[Array, Array]:
    """The gradients of grouped_conv2d's kernel and bias: those of each group's convolution, side by side.

    dy: (N, OH, OW, F). Returns dkernel: (KH, KW, C/G, F), dbias: (F,).
    """
    of_groups = zip(parts(dy, kernel, groups), cols, strict=True)
    dkernels, dbiases = zip(*(conv2d_backward(own.images, seen, own.kernel) for own, seen in of_groups), strict=True)
    return side_by_side(dkernels), side_by_side(dbiases)  # (KH, KW, C/G, F), (F,)


def grouped_conv2d_backward_input(dy: Array, kernel: Array, x_shape: Shape, window: Window, groups: int) -> Array:
    """The gradient of grouped_conv2d's input: that of each group's convolution, side by side.

    dy: (N, OH, OW, F). Returns dx: x_shape = (N, H, W, C).
    """
    own_shape = (*x_shape[:3], kernel.shape[2])  # (N, H, W, C/G)
    dxs = [conv2d_backward_input(*part, own_shape, window) for part in parts(dy, kernel, groups)]
    return side_by_side(dxs)  # (N, H, W, C)
