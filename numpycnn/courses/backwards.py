"""Usual mistakes in backwards: functions of (dout, *arguments of the forward) that give gradients by name."""

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Shape
from numpycnn.courses import cs231n
from numpycnn.courses.variants import Backward, Variant, along, named

RELUS = (
    Variant("the mask is the other way round: x < 0 in the place of x > 0", lambda dout, x: {"x": dout * (x < 0)}),
    Variant("the mask is that of dout, not of x", lambda dout, x: {"x": dout * (dout > 0)}),
)


def dropped(dout: Array, x: Array, param: dict[str, Any]) -> dict[str, Array]:
    """What is dropped gets dout, and what is kept nothing."""
    out, _ = cs231n.dropout_forward(x, param)
    return {"x": dout * (out == 0)}


def affine_relu(mask: Callable[[Array, Array], Array]) -> Backward:
    """The backward of an affine layer and a ReLU whose mask is one of dout and the scores."""

    def variant(dout: Array, x: Array, w: Array, b: Array) -> dict[str, Array]:
        rows = x.reshape(len(x), -1)
        dz = dout * mask(dout, rows @ w + b)
        return {"x": (dz @ w.T).reshape(x.shape), "w": rows.T @ dz, "b": dz.sum(axis=0)}

    return variant


AFFINE_RELUS = (
    Variant("the mask of the ReLU is forgotten", affine_relu(lambda dout, z: np.ones_like(z))),
    Variant("the mask of the ReLU is the other way round", affine_relu(lambda dout, z: z < 0)),
    Variant("the mask of the ReLU is that of dout, not of its input", affine_relu(lambda dout, z: dout > 0)),
)

DROPOUTS = (Variant("the mask is the other way round: what was dropped gets dout", dropped),)

# ---------------------------------------------------------------- normalization


class NormBack(NamedTuple):
    """What the backward of a normalization over some axes is made of.

    dx = (dxhat - mean*mean(dxhat) - product*xhat*mean(dxhat*xhat)) / deviation**power, dxhat = dout*gamma
    """

    mean_axes: Shape
    product_axes: Shape
    mean: float = 1.0
    product: float = 1.0
    power: int = 1
    scaled: bool = True
    """Whether dout is multiplied by gamma."""
    last: bool = False
    """Whether gamma is multiplied in last."""

    def dx(self, dout: Array, x: Array, gamma: Array, eps: float, axes: Shape) -> Array:
        """The gradient of x, by the normalization of x over the axes."""
        xhat, deviation = normalized(x, eps, axes)
        dxhat = dout * gamma if self.scaled and not self.last else dout
        mean = dxhat.mean(axis=self.mean_axes, keepdims=True)
        product = xhat * (dxhat * xhat).mean(axis=self.product_axes, keepdims=True)
        dx = (dxhat - self.mean * mean - self.product * product) / deviation**self.power
        return np.asarray(dx * gamma if self.last else dx)


def normalized(x: Array, eps: float, axes: Shape) -> tuple[Array, Array]:
    """xhat, and the deviation by which it was divided."""
    deviation = np.sqrt(x.var(axis=axes, keepdims=True) + eps)
    return (x - x.mean(axis=axes, keepdims=True)) / deviation, deviation


def norm_backs(*axes: int, ndim: int) -> Iterator[tuple[str, NormBack]]:
    """The backward of the normalization over these axes of ndim with one part wrong."""
    right = NormBack(axes, axes)
    mean, product = "- mean(dxhat)", "- xhat*mean(dxhat*xhat)"
    yield f"the mean's part is missing: {mean}", right._replace(mean=0.0)
    yield f"the variance's part is missing: {product}", right._replace(product=0.0)
    yield (
        f"half of the variance's part: {product}, by the derivative of a square, which has a 2",
        right._replace(product=0.5),
    )
    yield f"the mean's and the variance's part are missing: {mean} {product}", right._replace(mean=0.0, product=0.0)
    yield f"the sign of the variance's part: it is {product}", right._replace(product=-1.0)
    yield "not divided by the deviation", right._replace(power=0)
    yield "divided by the variance, not by the deviation", right._replace(power=2)
    yield "gamma is left out: dxhat = dout*gamma", right._replace(scaled=False)
    yield "gamma is multiplied in last: dxhat = dout*gamma comes before the means", right._replace(last=True)
    for other in (*((axis,) for axis in range(ndim)), tuple(range(1, ndim))):
        if other != axes:
            place = f"over {named(other)} in the place of {named(axes)}"
            yield f"the mean of dxhat {place}", right._replace(mean_axes=other)
            yield f"the mean of dxhat*xhat {place}", right._replace(product_axes=other)
            yield f"the means of dxhat and dxhat*xhat {place}", NormBack(other, other)


def norm_backward(back: NormBack, axes: Shape) -> Backward:
    """The backward of batch or layer normalization over these axes, by these parts."""

    def variant(dout: Array, x: Array, gamma: Array, beta: Array, param: dict[str, Any]) -> dict[str, Array]:
        return {"x": back.dx(dout, x, along(gamma, x), param.get("eps", 1e-5), axes)}

    return variant


def norms(*axes: int, ndim: int) -> tuple[Variant, ...]:
    """The backward of batch or layer normalization over these axes with a mistake."""

    def by_gamma(dout: Array, x: Array, gamma: Array, beta: Array, param: dict[str, Any]) -> dict[str, Array]:
        xhat, _ = normalized(x, param.get("eps", 1e-5), axes)
        others = (0, *range(2, ndim))
        return {"gamma": (dout * along(gamma, x) * xhat).sum(axis=others)}

    return (
        *(Variant(text, norm_backward(back, axes)) for text, back in norm_backs(*axes, ndim=ndim)),
        Variant("multiplied by gamma: it is the sum of dout*xhat", by_gamma),
    )


def group_norm_backward(back: NormBack) -> Backward:
    """The backward of group normalization by these parts."""

    def variant(dout: Array, x: Array, gamma: Array, beta: Array, G: int, param: dict[str, Any]) -> dict[str, Array]:
        n, c, h, w = x.shape
        shape = (n, G, c // G, h, w)
        scale = gamma.reshape(1, G, c // G, 1, 1)
        dx = back.dx(dout.reshape(shape), x.reshape(shape), scale, param.get("eps", 1e-5), (2, 3, 4))
        return {"x": dx.reshape(x.shape)}

    return variant


def group_norms() -> tuple[Variant, ...]:
    """The backward of group normalization with a mistake; its axes are those of (N, G, C/G, H, W)."""
    return tuple(Variant(text, group_norm_backward(back)) for text, back in norm_backs(2, 3, 4, ndim=5))


# ---------------------------------------------------------------- images as rows of channels

TO_ROWS, FROM_ROWS = (0, 2, 3, 1), (0, 3, 1, 2)
"""The orders of axes in which a row has the channels of a pixel, and back."""


class Layout(NamedTuple):
    """How images become rows for batch normalization, and how they become images again."""

    there: Shape = TO_ROWS
    back: Shape | None = FROM_ROWS
    """None: by a reshape alone."""

    def rows(self, x: Array) -> Array:
        """Images as rows."""
        return x.transpose(self.there).reshape(-1, x.shape[1])

    def images(self, rows: Array, shape: Shape) -> Array:
        """Rows as images of a shape."""
        n, c, h, w = shape
        return rows.reshape(shape) if self.back is None else rows.reshape(n, h, w, c).transpose(self.back)


def layouts(name: str) -> Iterator[tuple[str, Layout]]:
    """The mistakes in the order of axes. name: of the images."""
    for order in permutations(range(4)):
        if order != TO_ROWS:
            wrong = f"{name}.transpose{order}" if order != (0, 1, 2, 3) else f"{name} as it is"
            yield f"{wrong} in the place of {name}.transpose{TO_ROWS} before the reshape to rows", Layout(order)
        if order != FROM_ROWS:
            yield f"back by transpose{order} in the place of transpose{FROM_ROWS}", Layout(back=order)
    yield f"back by a reshape alone: to (N, H, W, C), and by transpose{FROM_ROWS}", Layout(back=None)


def rows_forward() -> tuple[Variant, ...]:
    """Batch normalization of images whose axes are in another order."""

    def made(layout: Layout) -> Callable[..., Any]:
        def variant(x: Array, gamma: Array, beta: Array, param: dict[str, Any]) -> tuple[Array, None]:
            out, _ = cs231n.batchnorm_forward(layout.rows(x), gamma, beta, param)
            return layout.images(out, x.shape), None

        return variant

    return tuple(Variant(text, made(layout)) for text, layout in layouts("x"))


def rows_backward(layout: Layout) -> Backward:
    """The backward of batch normalization of images, whose axes are in this order."""

    def variant(dout: Array, x: Array, gamma: Array, beta: Array, param: dict[str, Any]) -> dict[str, Array]:
        _, cache = cs231n.batchnorm_forward(Layout().rows(x), gamma, beta, param)
        dx, dgamma, dbeta = cs231n.batchnorm_backward(layout.rows(dout), cache)
        return {"x": layout.images(dx, x.shape), "gamma": dgamma, "beta": dbeta}

    return variant


def rows_backwards() -> tuple[Variant, ...]:
    """The backward of batch normalization of images, whose axes are in another order."""
    return tuple(Variant(text, rows_backward(layout)) for text, layout in layouts("dout"))


def grouped_last() -> tuple[Variant, ...]:
    """Group normalization of groups of positions, in the place of channels."""

    def variant(x: Array, gamma: Array, beta: Array, G: int, param: dict[str, Any]) -> tuple[Array, None]:
        rows = x.transpose(TO_ROWS).reshape(len(x) * G, -1)
        xhat, _ = normalized(rows, param.get("eps", 1e-5), (1,))
        return gamma * xhat.reshape(x.shape) + beta, None

    return (Variant(f"x.transpose{TO_ROWS} before the groups: they are of positions, not of channels", variant),)
