"""Constraints: what a layer's weights are changed to after each step of the optimizer, to keep them within bounds.

`kernel_constraint=` of a layer, and the like, take a name ("non_neg"), a class or an object (`MaxNorm(3)`), a function
of an array, and a subclass of `Constraint`. `axis` is the axis, or the list of axes, over which the norm of each vector
is taken: 0 for the kernel of a Dense layer, (D, units), and [0, 1, 2] for that of a Conv2D, (KH, KW, C, filters).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from numpycnn import backend
from numpycnn.common import checks
from numpycnn.common.configuration import Configurable, instance_of
from numpycnn.common.explained import Explained
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.common.typing import Array

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "maxnorm",
    "min_max_norm",
    "non_neg",
    "nonneg",
    "serialize",
    "unit_norm",
    "unitnorm",
]


class Constraint(Configurable, Explained):
    """Base class of all constraints: `constraint(w)` is an array near w that satisfies it.

    One of your own defines `__call__(w)`, as in Keras.
    """

    def __init__(self) -> None:
        """No arguments, unless a subclass has some."""

    def __call__(self, w: Any) -> Array:
        """The new weights, (*w.shape). Raises TypeError for anything but numbers, ValueError for a wrong axis."""
        w = checks.numbers(type(self).__name__, "w", w)
        with np.errstate(all="ignore"):  # what is too large becomes NaN, as it does in a layer
            return self.projected(w if w.dtype.kind == "f" else w.astype(backend.floatx()))

    def projected(self, w: Array) -> Array:
        """The new weights, of the shape of w."""
        return w

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments: `type(constraint)(**config)` is an equal constraint."""
        return {}


class NonNeg(Constraint):
    """max(w, 0). Source: Keras's NonNeg."""

    def projected(self, w: Array) -> Array:
        return np.maximum(w, 0)


class NormConstraint(Constraint):
    """Base class of constraints of norms: w times wanted(norm)/(epsilon + norm). epsilon is the backend's."""

    def __init__(self, axis: int | Sequence[int] | None) -> None:
        owner = type(self).__name__
        if isinstance(axis, (list, tuple)):
            self.axis: Any = [checks.axis(owner, "axis", one) for one in axis]
        else:
            self.axis = None if axis is None else checks.axis(owner, "axis", axis)

    def projected(self, w: Array) -> Array:
        axes = tuple(self.axis) if isinstance(self.axis, list) else self.axis
        try:
            norms = np.sqrt((w * w).sum(axis=axes, keepdims=True))
        except ValueError as error:
            name = type(self).__name__
            raise ValueError(f"{name}: axis {self.axis} does not fit an array of shape {w.shape}; {error}") from None
        return w * (self.wanted(norms) / (w.dtype.type(backend.epsilon()) + norms))

    def wanted(self, norms: Array) -> Array:
        """The norms that vectors of these norms should have."""
        raise NotImplementedError(f"{type(self).__name__} does not define wanted")

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


class MaxNorm(NormConstraint):
    """Vectors longer than max_value are shortened to it.

    max_value: a number of at least 0. axis: see the module. Raises TypeError or ValueError for others, and for an axis
    that the array has not. Source: Srivastava et al. 2014; Keras's MaxNorm.
    """

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] | None = 0) -> None:
        super().__init__(axis)
        self.max_value = checks.number("MaxNorm", "max_value", max_value, at_least=0.0)

    def wanted(self, norms: Array) -> Array:
        return norms.clip(0, self.max_value)

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, **super().get_config()}


class UnitNorm(NormConstraint):
    """Every vector is given length 1. axis: see the module. Raises as MaxNorm. Source: Keras's UnitNorm."""

    def __init__(self, axis: int | Sequence[int] | None = 0) -> None:
        super().__init__(axis)

    def wanted(self, norms: Array) -> Array:
        return np.ones_like(norms)


class MinMaxNorm(NormConstraint):
    """Lengths are brought between min_value and max_value: all the way with rate 1, by a part of the way below.

        wanted = rate * clip(norm, min_value, max_value) + (1 - rate) * norm

    min_value: of at least 0; max_value: of at least min_value; rate: from 0 to 1. axis: see the module. Raises as
    MaxNorm. Source: Keras's MinMaxNorm.
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: int | Sequence[int] | None = 0,
    ) -> None:
        super().__init__(axis)
        self.min_value = checks.number("MinMaxNorm", "min_value", min_value, at_least=0.0)
        self.max_value = checks.number("MinMaxNorm", "max_value", max_value, at_least=self.min_value)
        self.rate = checks.number("MinMaxNorm", "rate", rate, at_least=0.0, at_most=1.0)

    def wanted(self, norms: Array) -> Array:
        return self.rate * norms.clip(self.min_value, self.max_value) + (1 - self.rate) * norms

    def get_config(self) -> dict[str, Any]:
        own = {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate}
        return {**own, **super().get_config()}


max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm
maxnorm, nonneg, unitnorm = MaxNorm, NonNeg, UnitNorm  # Keras 1

CLASSES: dict[str, type[Constraint]] = {cls.__name__: cls for cls in (MaxNorm, MinMaxNorm, NonNeg, UnitNorm)}
CONSTRAINTS: dict[str, type[Constraint]] = {
    name: value for name, value in list(globals().items()) if isinstance(value, type) and value in CLASSES.values()
}
"""Every constraint by its names."""

ConstraintFunction = Callable[[Array], Array]
ConstraintLike = str | ConstraintFunction | type[Constraint] | dict[str, Any] | None
"""What `kernel_constraint=` and the like take."""


def get(identifier: Any) -> ConstraintFunction | None:
    """The constraint by its name, class or configuration; a constraint or a function itself; None for None.

    Raises TypeError or ValueError for anything else.
    """
    return get_constraint("constraints.get", "identifier", identifier)


deserialize = get
"""Keras's other name for it."""


def get_constraint(owner: str, argument: str, value: Any) -> ConstraintFunction | None:
    """`get`, with the owner's and the argument's name in its errors."""
    value = instance_of(owner, argument, value, Constraint, CLASSES)
    if value is None or callable(value):
        constraint: ConstraintFunction | None = value
        return constraint
    return checks.lookup(owner, argument, value, CONSTRAINTS, kind="constraints")()


def serialize(constraint: ConstraintFunction | None) -> Any:
    """Its configuration, {"class_name", "config"}, of which `get` makes an equal one if it is the library's own.

    A function, and None, are returned as they are.
    """
    if not isinstance(constraint, Constraint):
        return constraint
    return {"class_name": type(constraint).__name__, "config": constraint.get_config()}


explain_unknown_names(__name__)
