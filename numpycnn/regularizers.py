"""Regularizers: penalties of a layer's weights, or of its output, that are added to the loss.

`kernel_regularizer=` of a layer, and the like, take a name ("l2"), a class or an object (`L2(0.001)`), and one of your
own: a subclass of `Regularizer` with `value` and `gradient`. The mathematics is in `functional/penalties.py`.

What training minimizes, and `fit` and `evaluate` report as the loss, is

    mean loss of the batch + sum over regularized weights of value(w) + sum over regularized outputs of value(y)/N

where N is the number of examples in the batch. Frozen weights do not count. Source: Keras 3.
"""

from typing import Any

import numpy as np

from numpycnn import backend
from numpycnn import functional as F
from numpycnn.common import checks
from numpycnn.common.configuration import Configurable, instance_of
from numpycnn.common.explained import Explained
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.common.typing import Array

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]


class Regularizer(Configurable, Explained):
    """Base class of all regularizers: `regularizer(x)` is the penalty of an array, a number.

    One of your own defines `value` and `gradient`.
    """

    def __init__(self) -> None:
        """No arguments, unless a subclass has some."""

    def __call__(self, x: Any) -> Any:
        """The penalty of an array. Raises TypeError for anything but numbers, ValueError for a shape that it cannot."""
        x = checks.numbers(type(self).__name__, "x", x)
        with np.errstate(all="ignore"):  # what is too large becomes infinite
            return self.value(x if x.dtype.kind == "f" else x.astype(backend.floatx()))

    def value(self, x: Array) -> Any:
        """The penalty, a number; of a complex x for the complex step: compare x.real."""
        raise NotImplementedError(f"{type(self).__name__} does not define value")

    def gradient(self, x: Array) -> Array:
        """The gradient of `value`, in the shape of x."""
        raise NotImplementedError(f"{type(self).__name__} does not define gradient")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments: `type(regularizer)(**config)` is an equal regularizer."""
        return {}

    def check(self, argument: str, value: Any) -> float:
        """The value as a float. Raises TypeError or ValueError unless it is a number of at least 0."""
        return checks.number(type(self).__name__, argument, value, at_least=0.0)


class L1(Regularizer):
    """l1 * sum |x|. l1: a number of at least 0. Raises TypeError or ValueError for others. Source: Keras's L1."""

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = self.check("l1", l1)

    def value(self, x: Array) -> Any:
        return F.l1(x, self.l1)

    def gradient(self, x: Array) -> Array:
        return F.l1_backward(x, self.l1)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


class L2(Regularizer):
    """l2 * sum x^2. l2: a number of at least 0. Raises TypeError or ValueError for others. Source: Keras's L2."""

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = self.check("l2", l2)

    def value(self, x: Array) -> Any:
        return F.l2(x, self.l2)

    def gradient(self, x: Array) -> Array:
        return F.l2_backward(x, self.l2)

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


class L1L2(Regularizer):
    """l1 * sum |x| + l2 * sum x^2. Both are numbers of at least 0.

    Raises TypeError or ValueError for others. Source: Keras's L1L2.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1, self.l2 = self.check("l1", l1), self.check("l2", l2)

    def value(self, x: Array) -> Any:
        return F.l1(x, self.l1) + F.l2(x, self.l2)

    def gradient(self, x: Array) -> Array:
        return F.l1_backward(x, self.l1) + F.l2_backward(x, self.l2)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """factor * the mean of |cosine| over all pairs of rows of a matrix, or of its columns: 0 where all are orthogonal.

    factor: a number of at least 0. mode: "rows" or "columns". Of one row alone the penalty is 0. Raises TypeError or
    ValueError for other arguments, and for an array that is not a matrix. Source: Keras's OrthogonalRegularizer.
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = self.check("factor", factor)
        self.mode = checks.choice(type(self).__name__, "mode", mode, ("rows", "columns"))

    def value(self, x: Array) -> Any:
        return F.orthogonality(self.rows(x), self.factor, backend.epsilon())

    def gradient(self, x: Array) -> Array:
        return self.rows(F.orthogonality_backward(self.rows(x), self.factor, backend.epsilon()))

    def rows(self, x: Array) -> Array:
        """The matrix whose rows should be orthogonal; its own inverse. Raises ValueError unless x is a matrix."""
        if x.ndim != 2:
            raise ValueError(
                f"{type(self).__name__}: expected x to be a matrix, of two axes; received the shape {x.shape}"
            )
        return x if self.mode == "rows" else x.T

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer

CLASSES: dict[str, type[Regularizer]] = {cls.__name__: cls for cls in (L1, L2, L1L2, OrthogonalRegularizer)}
REGULARIZERS: dict[str, type[Regularizer]] = {
    "l1": L1,
    "l2": L2,
    "l1_l2": L1L2,
    "l1l2": L1L2,
    "orthogonal_regularizer": OrthogonalRegularizer,
    **CLASSES,
}
"""Every regularizer by its names."""

RegularizerLike = str | Regularizer | type[Regularizer] | dict[str, Any] | None
"""What `kernel_regularizer=` and the like take."""


def get(identifier: Any) -> Regularizer | None:
    """The regularizer by its name, class or configuration; a regularizer itself; None for None.

    Raises TypeError or ValueError for anything else.
    """
    return get_regularizer("regularizers.get", "identifier", identifier)


deserialize = get
"""Keras's other name for it."""


def get_regularizer(owner: str, argument: str, value: Any) -> Regularizer | None:
    """`get`, with the owner's and the argument's name in its errors."""
    value = instance_of(owner, argument, value, Regularizer, CLASSES)
    if value is None or (isinstance(value, Regularizer) and type(value).gradient is not Regularizer.gradient):
        return value
    if callable(value):
        raise TypeError(
            f"{owner}: {argument} must have a gradient; give one of your own as a subclass of Regularizer that defines "
            f"value(x) and gradient(x); received {checks.short_repr(value)}"
        )
    return checks.lookup(owner, argument, value, REGULARIZERS, kind="regularizers")()


def serialize(regularizer: Regularizer | None) -> dict[str, Any] | None:
    """Its configuration, {"class_name", "config"}, of which `get` makes an equal one if it is the library's own."""
    if regularizer is None:
        return None
    return {"class_name": type(regularizer).__name__, "config": regularizer.get_config()}


explain_unknown_names(__name__)
