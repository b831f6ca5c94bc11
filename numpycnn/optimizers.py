"""Optimizers: how a gradient becomes a step. In order of increasing complexity; formulas and defaults are Keras 3's.

Each parameter w with gradient g is updated in place, by itself. What an optimizer keeps between steps, such as a
running mean of the gradients, are its slots, by name: `state["velocity"]["conv2d/kernel"]`.
"""

import gc
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import signature
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from numpycnn.common import checks
from numpycnn.common.explained import Explained
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.common.slices import batches
from numpycnn.common.typing import Array, Map
from numpycnn.common.unknown import remark

__all__ = ["SGD", "Adam", "Optimizer", "RMSprop"]

PART_BYTES = 1 << 19
"""About how many bytes of a parameter are updated at a time: with all that goes with them they stay in the cache."""

PARTS_PER_JOB = 3
"""How many parts make a piece of work for one of several workers."""

Slots = dict[str, Array]
"""What an optimizer keeps of one parameter between steps, by the slot's name."""


class Part(NamedTuple):
    """A parameter, or some of its rows, that may be updated by itself. All arrays are views."""

    name: str
    w: Array
    terms: list[Array]
    """Their sum is the gradient."""
    slots: Slots

    def rows(self, rows: slice) -> "Part":
        """The same for some of the rows."""
        return Part(
            self.name, self.w[rows], [g[rows] for g in self.terms], {slot: a[rows] for slot, a in self.slots.items()}
        )


class Optimizer(Explained):
    """Base of all optimizers. learning_rate: the size of a step, a number of at least 0."""

    iterations: int
    """How many steps were made."""
    state: dict[str, dict[str, Array]]
    """The slots: an array for each slot's name and parameter's name."""

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = self.check("learning_rate", learning_rate)
        self.iterations = 0
        self.state = {}
        self._owner: weakref.ref[object] | None = None

    if not TYPE_CHECKING:  # type checkers would believe that every attribute can be set

        def __setattr__(self, name: str, value: Any) -> None:
            """Set an attribute. Settings are checked as the constructor checks them: `optimizer.learning_rate = 0.01`.

            Raises AttributeError for a name that would have no effect, such as lr. Subclasses of your own may set
            attributes of their own, except Keras's older names of an attribute that is there.
            """
            if name in vars(self):
                value = self.checked(name, value)
            elif not name.startswith("_"):
                self.check_settable(name)
            super().__setattr__(name, value)

    def checked(self, name: str, value: Any) -> Any:
        """The new value of an attribute. Raises TypeError or ValueError where the constructor would."""
        if name == "learning_rate":
            return self.check(name, value)
        if type(self) in OPTIMIZERS.values() and name in self.get_config():
            return vars(type(self)(**{**self.get_config(), name: value}))[name]
        return value

    def check_settable(self, name: str) -> None:
        """Raise AttributeError for a new attribute that would have no effect."""
        from numpycnn.common.keras_names import REPLACED

        known = ["iterations", "state", *signature(type(self)).parameters]
        replaced = REPLACED["attributes"].get(name) in vars(self)
        if replaced or (type(self) in OPTIMIZERS.values() and name not in known):
            explanation = f"{remark('arguments', name, known)}; available: {', '.join(known)}"
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}: {explanation}")

    def slots(self) -> tuple[str, ...]:
        """The names of the slots that each parameter has; all start as zeros."""
        return ()

    def step(self, name: str, w: Array, g: Array, slots: Slots) -> None:
        """Update one parameter w by its gradient g, and its slots, in place."""
        raise NotImplementedError(f"{type(self).__name__} does not define step")

    def update(
        self, params: Mapping[str, Array], gradients: Mapping[str, Array], *more: Mapping[str, Array], run: Map = map
    ) -> None:
        """One step: change every parameter, in place, by its gradient. Both are given under the same names.

        more: further terms of the gradients, which are the sum of all in their order; a name may be missing there. run:
        a map that shares the work among threads.
        Raises ValueError or TypeError, before anything changes, for what are no dicts of arrays, and for gradients or
        slots that do not fit the parameters. What else is raised on the way, such as an overflow under
        np.errstate(over="raise"), leaves everything as it was too.
        """
        self.check_update(params, gradients, *more)
        with self.undone_on_error(params):
            self.iterations += 1
            parts = [part for name, w in params.items() for part in self.parts(name, w, [gradients, *more])]
            jobs = [parts[rows] for rows in batches(len(parts), PARTS_PER_JOB)]
            for _ in (map if len(jobs) == 1 else run)(self.step_parts, jobs):
                pass

    def parts(self, name: str, w: Array, terms: Sequence[Mapping[str, Array]]) -> Iterator[Part]:
        """The parts of a parameter that are updated by themselves."""
        whole = Part(name, w, [term[name] for term in terms if name in term], self.slots_of(name, w))
        if w.nbytes <= PART_BYTES or type(self) not in OPTIMIZERS.values():  # a user's own may look at all of w
            yield whole
        else:
            for rows in batches(len(w), max(1, PART_BYTES * len(w) // w.nbytes)):
                yield whole.rows(rows)

    def step_parts(self, parts: Sequence[Part]) -> None:
        """Sum the gradient of each part, and make its step."""
        for part in parts:
            self.step(part.name, part.w, added(part.terms), part.slots)

    def slots_of(self, name: str, w: Array) -> Slots:
        """The slots of the parameter `name`; zeros like w at first."""
        slots = {}
        for slot in self.slots():
            arrays = self.state.setdefault(slot, {})
            if name not in arrays:
                arrays[name] = np.zeros_like(w)
            slots[slot] = arrays[name]
        return slots

    @contextmanager
    def undone_on_error(self, params: Mapping[str, Array]) -> Iterator[None]:
        """If the body raises, parameters, slots and iterations are as before.

        Only where a step may raise are copies made: under np.errstate, or by code that is not the library's.
        """
        if type(self) in OPTIMIZERS.values() and not {"raise", "call"} & set(np.geterr().values()):
            yield
            return
        iterations, slots = self.iterations, {slot: dict(arrays) for slot, arrays in self.state.items()}
        arrays = [*params.values(), *(array for by_name in slots.values() for array in by_name.values())]
        copies = [array.copy() for array in arrays]
        try:
            yield
        except BaseException:
            for array, copy in zip(arrays, copies, strict=True):
                array[...] = copy
            self.iterations, self.state = iterations, slots
            raise

    def check_update(self, params: Mapping[str, Array], *terms: Mapping[str, Array]) -> None:
        """Raise as `update` says."""
        owner = type(self).__name__
        checks.arrays(owner, "params", params)
        for term in terms:
            checks.arrays(owner, "gradients", term)
        for name, w in params.items():
            shapes = [term[name].shape for term in terms if name in term]
            if set(shapes) != {w.shape}:
                received = ", ".join(map(str, shapes)) or None
                raise ValueError(f"{owner}: expected a gradient of shape {w.shape} for {name}; received {received}")
            for slot, arrays in self.state.items():
                if name in arrays and arrays[name].shape != w.shape:
                    found = arrays[name].shape
                    raise ValueError(f"{owner}: the slot {slot} of {name} has the shape {found}; expected {w.shape}")

    def claim(self, model: object) -> None:
        """Take the model as the one that this optimizer serves; a copy of the optimizer is free again.

        Where the model that it served before is gone, the optimizer starts anew. Raises ValueError if that one is not.
        """
        if self._owner is not None and self._owner() is not model:
            gc.collect()  # a model that is no longer used may still be held by its own History
            if self._owner() is not None:
                owner = type(self).__name__
                raise ValueError(f"{owner}: serves another model already; each model needs its own optimizer")
            self.iterations, self.state = 0, {}  # they belonged to the parameters of a model that is gone
        self._owner = weakref.ref(model)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_owner": None}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments: `type(optimizer)(**config)` is an equal one that has made no step."""
        return {"learning_rate": self.learning_rate}

    def check(self, argument: str, value: Any) -> float:
        """The value as a float. Raises TypeError or ValueError unless it is a number of at least 0."""
        return checks.number(type(self).__name__, argument, value, at_least=0.0)

    def check_decay(self, argument: str, value: Any) -> float:
        """The value as a float. Raises TypeError or ValueError unless it is a number of at least 0 and below 1."""
        return checks.number(type(self).__name__, argument, value, at_least=0.0, below=1.0)


def added(terms: Sequence[Array]) -> Array:
    """The sum of arrays, in their order: a new array, or if there is only one that itself."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if wanted.

        v = momentum*v - learning_rate*g
        w = w + v        or with nesterov   w = w + momentum*v - learning_rate*g

    Source: Keras 3's SGD.
    """

    def __init__(self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False) -> None:
        super().__init__(learning_rate)
        self.momentum = self.check_decay("momentum", momentum)
        self.nesterov = checks.flag("SGD", "nesterov", nesterov)

    def slots(self) -> tuple[str, ...]:
        return ("velocity",) if self.momentum else ()

    def step(self, name: str, w: Array, g: Array, slots: Slots) -> None:
        change = -self.learning_rate * g
        if self.momentum:
            v = slots["velocity"]
            v *= self.momentum
            v += change
            change = self.momentum * v + change if self.nesterov else v
        w += change

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}


class RMSprop(Optimizer):
    """Each gradient divided by the root of a running mean of its squares.

        a = rho*a + (1 - rho)*g*g            running mean of squares
        m = rho*m + (1 - rho)*g              running mean, if centered
        d = a                                or, centered, the variance: a - m*m, kept from falling below 0 by rounding
        v = momentum*v + learning_rate*g/sqrt(d + epsilon)
        w = w - v

    epsilon stands inside the root. Source: Tieleman and Hinton 2012; Keras 3's RMSprop.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
    ) -> None:
        super().__init__(learning_rate)
        self.rho = self.check_decay("rho", rho)
        self.momentum = self.check_decay("momentum", momentum)
        self.epsilon = self.check("epsilon", epsilon)
        self.centered = checks.flag("RMSprop", "centered", centered)

    def slots(self) -> tuple[str, ...]:
        return ("mean_square", *["mean"] * self.centered, *["velocity"] * bool(self.momentum))

    def step(self, name: str, w: Array, g: Array, slots: Slots) -> None:
        a = slots["mean_square"]
        a *= self.rho
        a += (1.0 - self.rho) * g * g
        d = a
        if self.centered:
            m = slots["mean"]
            m *= self.rho
            m += (1.0 - self.rho) * g
            d = np.maximum(a - m * m, 0.0)
        change = self.learning_rate * g / np.sqrt(d + self.epsilon)
        if self.momentum:
            v = slots["velocity"]
            v *= self.momentum
            v += change
            change = v
        w -= change

    def get_config(self) -> dict[str, Any]:
        own = {"rho": self.rho, "momentum": self.momentum, "epsilon": self.epsilon, "centered": self.centered}
        return {**super().get_config(), **own}


class Adam(Optimizer):
    """Running means of the gradient and of its square, both corrected for having started at zero; t counts steps.

        m = beta_1*m + (1 - beta_1)*g
        v = beta_2*v + (1 - beta_2)*g*g
        alpha = learning_rate * sqrt(1 - beta_2**t)/(1 - beta_1**t)
        w = w - alpha*m/(sqrt(v) + epsilon)

    epsilon stands outside the root. The state keeps m as "momentum" and v as "velocity", Keras's names. Source: Kingma
    and Ba 2015, the form before section 2.1; Keras 3's Adam.
    """

    def __init__(
        self, learning_rate: float = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7
    ) -> None:
        super().__init__(learning_rate)
        self.beta_1 = self.check_decay("beta_1", beta_1)
        self.beta_2 = self.check_decay("beta_2", beta_2)
        self.epsilon = self.check("epsilon", epsilon)

    def slots(self) -> tuple[str, ...]:
        return ("momentum", "velocity")

    def step(self, name: str, w: Array, g: Array, slots: Slots) -> None:
        m, v, t = slots["momentum"], slots["velocity"], self.iterations
        m += (1.0 - self.beta_1) * (g - m)
        v += (1.0 - self.beta_2) * (g * g - v)
        alpha = self.learning_rate * sqrt(1.0 - self.beta_2**t) / (1.0 - self.beta_1**t)
        w -= alpha * m / (np.sqrt(v) + self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}


OPTIMIZERS: dict[str, type[Any]] = {"sgd": SGD, "rmsprop": RMSprop, "adam": Adam}


def get_optimizer(value: Any) -> Optimizer:
    """The optimizer that a name, or an optimizer itself, stands for. Raises ValueError or TypeError for others."""
    if isinstance(value, Optimizer):
        return value
    name = value.lower() if isinstance(value, str) else value
    return checks.lookup("compile", "optimizer", name, OPTIMIZERS, kind="optimizers")()


explain_unknown_names(__name__)
