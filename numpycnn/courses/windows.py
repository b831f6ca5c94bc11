"""Usual mistakes where a window slides over an image: where it begins, how large it is, and what is done with it.

Each is a function with the arguments of the forward that it is a mistake in, or of its backward: (dout, *arguments).
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Pair
from numpycnn.courses import cs231n
from numpycnn.courses.variants import Backward, Variant

Start = Callable[[int, int, int], Pair]
"""How many rows and columns a window is from the next: of the stride, and the window's height and width."""

STARTS: dict[str, Start] = {
    "the stride is forgotten: the windows begin at i, j": lambda stride, height, width: (1, 1),
    "the stride of the columns is forgotten": lambda stride, height, width: (stride, 1),
    "the stride of the rows is forgotten": lambda stride, height, width: (1, stride),
    "the windows are as far apart as they are large: the stride is another": lambda _, height, width: (height, width),
    "the stride is 2, whatever is given": lambda stride, height, width: (2, 2),
}


class Slide(NamedTuple):
    """How a window slides, with at most one thing wrong."""

    start: Start = lambda stride, height, width: (stride, stride)
    last: Pair = (0, 0)
    """How many rows and columns of windows are left out at the end."""
    square: bool = False
    """Whether the window is as wide as it is high."""
    across: bool = False
    """Whether there are as many columns of windows as rows."""

    def windows(self, out: Pair, stride: int, size: Pair) -> Iterator[tuple[Pair, tuple[slice, slice]]]:
        """The place of each window in the output, and where it lies in the image."""
        height, width = size
        down, right = self.start(stride, height, width)
        columns = out[0] if self.across else out[1]
        for i in range(out[0] - self.last[0]):
            for j in range(columns - self.last[1]):
                wide = height if self.square else width
                yield (i, j), (slice(i * down, i * down + height), slice(j * right, j * right + wide))


RIGHT = Slide()


def slides() -> Iterator[tuple[str, Slide]]:
    """The mistakes in where a window is."""
    yield from ((text, Slide(start)) for text, start in STARTS.items())
    yield "the window is as wide as it is high", Slide(square=True)
    yield "as many columns of windows as rows", Slide(across=True)
    yield "the last row of windows is left out", Slide(last=(1, 0))
    yield "the last column of windows is left out", Slide(last=(0, 1))


# ---------------------------------------------------------------- convolutions


def convolutions() -> tuple[Variant, ...]:
    """A convolution of CS231n with a mistake in what is made of a window and a kernel."""

    def made(changed: Callable[[Array, Array], tuple[Array, Array]], *, mean: bool = False) -> Callable[..., Any]:
        def variant(x: Array, w: Array, b: Array, param: dict[str, int]) -> tuple[Array, None]:
            one_x, one_w = changed(x, w)
            out, _ = cs231n.conv_forward_naive(one_x, one_w, 0 * b, param)
            return out / (w[0].size if mean else 1) + b[:, None, None], None

        return variant

    return (
        Variant("the first channel alone", made(lambda x, w: (x[:, :1], w[:, :1]))),
        Variant(
            "channels are added before they are multiplied",
            made(lambda x, w: (x.sum(axis=1, keepdims=True), w.sum(axis=1, keepdims=True))),
        ),
        Variant("the mean in the place of the sum", made(lambda x, w: (x, w), mean=True)),
    )


def first_channel(X: Array, K: Array) -> Array:
    """D2L's convolution of several channels, of one."""
    return np.asarray(
        cs231n.conv_forward_naive(X[None, :1], K[None, :1], np.zeros(1), {"stride": 1, "pad": 0})[0][0, 0]
    )


def convolution_backward(slide: Slide) -> Backward:
    """The backward of a convolution of CS231n whose windows slide so."""

    def variant(dout: Array, x: Array, w: Array, b: Array, param: dict[str, int]) -> dict[str, Array]:
        pad = param["pad"]
        padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        dx, dw, db = np.zeros_like(padded), np.zeros_like(w), np.zeros_like(b)
        for (i, j), (rows, cols) in slide.windows(dout.shape[2:], param["stride"], w.shape[2:]):
            dy = dout[:, :, i, j]  # (N, F)
            dw += np.einsum("nf,nchw->fchw", dy, padded[:, :, rows, cols])
            dx[:, :, rows, cols] += np.einsum("nf,fchw->nchw", dy, w)
            db += dy.sum(axis=0)
        return {"x": dx[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]], "w": dw, "b": db}

    return variant


def convolution_backwards() -> tuple[Variant, ...]:
    """The backward of a convolution of CS231n with a mistake."""

    def of_first_filter(dout: Array, x: Array, w: Array, b: Array, param: dict[str, int]) -> dict[str, Array]:
        _, cache = cs231n.conv_forward_naive(x, w[:1], b[:1], param)
        return {"x": len(w) * cs231n.conv_backward_naive(dout[:, :1], cache)[0]}

    def of_first_image(dout: Array, x: Array, w: Array, b: Array, param: dict[str, int]) -> dict[str, Array]:
        return {"b": len(x) * dout[0].sum(axis=(1, 2))}

    return (
        *(Variant(text, convolution_backward(slide)) for text, slide in slides()),
        Variant("the first filter's share for each filter", of_first_filter),
        Variant("the first image's share for each image", of_first_image),
    )


# ---------------------------------------------------------------- pools


def of_all_channels(window: Array) -> Array:
    """The largest number of an example's window."""
    return np.repeat(window.max(axis=(1, 2, 3))[:, None], window.shape[1], axis=1)


def pools() -> tuple[Variant, ...]:
    """Max pooling with its windows in other places."""

    def made(slide: Slide, reduction: Callable[[Array], Array] = lambda a: a.max(axis=(2, 3))) -> Callable[..., Any]:
        def variant(x: Array, param: dict[str, int]) -> tuple[Array, None]:
            right, _ = cs231n.max_pool_forward_naive(x, param)
            out = np.zeros_like(right)
            for (i, j), place in slide.windows(out.shape[2:], param["stride"], sizes(param)):
                out[:, :, i, j] = reduction(x[:, :, *place])
            return out, None

        return variant

    return (
        *(Variant(text, made(slide)) for text, slide in slides()),
        Variant("the largest of all channels", made(RIGHT, of_all_channels)),
    )


def sizes(param: dict[str, int]) -> Pair:
    """A pool's height and width."""
    return param["pool_height"], param["pool_width"]


def square_pool(X: Array, pool_size: Pair, mode: str = "max") -> Array:
    """D2L's pooling by a window as wide as it is high."""
    out = np.zeros((X.shape[0] - pool_size[0] + 1, X.shape[1] - pool_size[1] + 1))
    for (i, j), place in Slide(square=True).windows(out.shape, 1, pool_size):
        out[i, j] = X[place].max() if mode == "max" else X[place].mean()
    return out


Share = Callable[[Array], Array]
"""Of a window, (N, C, height, width): which part of dout each number gets."""


def at(index: Array, window: Array) -> Array:
    """1 at one number of each window, 0 at the others."""
    return np.eye(window[0, 0].size)[index].reshape(window.shape)


def of_largest(window: Array) -> Array:
    """All to the first of the largest."""
    return at(window.reshape(*window.shape[:2], -1).argmax(axis=-1), window)


SHARES: dict[str, Share] = {
    "dout goes to the whole window, not to its largest number alone": np.ones_like,
    "dout is shared by the whole window: the mean's backward": lambda window: np.full_like(
        window, 1 / window[0, 0].size
    ),
    "dout goes to the smallest number": lambda window: of_largest(-window),
}


def pool_backward(
    read: Slide = RIGHT, write: Slide = RIGHT, share: Share = of_largest, *, exchanged: bool = False
) -> Backward:
    """The backward of max pooling whose windows are read by one slide, and dout written by another."""

    def variant(dout: Array, x: Array, param: dict[str, int]) -> dict[str, Array]:
        dx, out, stride = np.zeros_like(x), dout.shape[2:], param["stride"]
        both = (slide.windows(out, stride, sizes(param)) for slide in (read, write))
        for ((i, j), place), (_, (rows, cols)) in zip(*both, strict=True):
            part = share(x[:, :, *place])
            part = part.swapaxes(2, 3) if exchanged else part
            height, width = part.shape[2:]
            dy = dout[:, :, i, j, None, None]
            dx[:, :, rows.start : rows.start + height, cols.start : cols.start + width] += dy * part
        return {"x": dx}

    return variant


def pool_backwards() -> tuple[Variant, ...]:
    """The backward of max pooling with a mistake."""
    return (
        *(Variant(text, pool_backward(share=share)) for text, share in SHARES.items()),
        *(Variant(text, pool_backward(slide, slide)) for text, slide in slides()),
        *(Variant(f"written where {text}", pool_backward(write=Slide(start))) for text, start in STARTS.items()),
        Variant(
            "the place in the window is taken for that in the image", pool_backward(write=Slide(lambda *_: (0, 0)))
        ),
        Variant("rows and columns of the largest number are exchanged", pool_backward(exchanged=True)),
    )
