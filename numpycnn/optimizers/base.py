"""The base class of optimizers: a step over all parameters, part by part.

Each parameter w with gradient g is updated in place, independently of the others. The arrays that an optimizer keeps
between steps, such as a running mean of the gradients, are its slots: `state["velocity"]["conv2d/kernel"]`.
"""

import gc
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import signature
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from numpycnn.common import checks
from numpycnn.common.explained import Explained
from numpycnn.common.slices import batches
from numpycnn.common.typing import Array, Map
from numpycnn.common.unknown import hint

PART_BYTES = 1 << 19
"""The approximate size of a part of a parameter, in bytes: with its gradient and slots it stays in the cache."""

PARTS_PER_JOB = 3
"""Parts that a worker updates in one job."""

Slots = dict[str, Array]
"""The slots of one parameter by the slot's name."""

OPTIMIZERS: dict[str, type[Any]] = {}
"""The library's own optimizers by the names that `compile` takes; `__init__.py` fills it."""


class Part(NamedTuple):
    """A parameter, or some of its rows, with its gradient and slots. All arrays are views."""

    name: str
    w: Array
    terms: list[Array]
    """The terms of the gradient, which is their sum."""
    slots: Slots

    def rows(self, rows: slice) -> "Part":
        """Some rows of this part."""
        return Part(
            self.name, self.w[rows], [g[rows] for g in self.terms], {slot: a[rows] for slot, a in self.slots.items()}
        )


class Optimizer(Explained):
    """Base class of all optimizers. learning_rate: a number of at least 0."""

    iterations: int
    """The number of steps so far."""
    state: dict[str, dict[str, Array]]
    """The slots: state[slot][parameter] is an array."""

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = self.check("learning_rate", learning_rate)
        self.iterations = 0
        self.state = {}
        self._owner: weakref.ref[object] | None = None

    if not TYPE_CHECKING:  # pragma: no branch  # hidden from type checkers, which would let every attribute be set

        def __setattr__(self, name: str, value: Any) -> None:
            """Set an attribute. Settings are checked as the constructor checks them: `optimizer.learning_rate = 0.01`.

            Raises AttributeError for a name that would have no effect, except in user-defined subclasses.
            """
            if name not in vars(self) and not name.startswith("_"):
                name = self.settable(name)
            if name in vars(self):
                value = self.checked(name, value)
            super().__setattr__(name, value)

    def checked(self, name: str, value: Any) -> Any:
        """The new value of an attribute. Raises TypeError or ValueError where the constructor would."""
        if name == "learning_rate":
            return self.check(name, value)
        if type(self) in OPTIMIZERS.values() and name in self.get_config():
            return vars(type(self)(**{**self.get_config(), name: value}))[name]
        return value

    def settable(self, name: str) -> str:
        """Today's name of a new attribute. Raises AttributeError for one that would have no effect."""
        from numpycnn.common.older import todays_attribute

        name = todays_attribute(self, name)
        known = ["iterations", "state", *signature(type(self)).parameters]
        if type(self) in OPTIMIZERS.values() and name not in known:
            explanation = f"{hint('arguments', name, known)}; available: {', '.join(known)}"
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}: {explanation}")
        return name

    def slots(self) -> tuple[str, ...]:
        """The names of each parameter's slots, which are initialized to zeros."""
        return ()

    def step(self, name: str, w: Array, g: Array, slots: Slots) -> None:
        """Update one parameter w by its gradient g, and its slots, in place."""
        raise NotImplementedError(f"{type(self).__name__} does not define step")

    def update(
        self, params: Mapping[str, Array], gradients: Mapping[str, Array], *more: Mapping[str, Array], run: Map = map
    ) -> None:
        """Make one step: update every parameter in place by the gradient of the same name.

        more: further terms of the gradients, summed in this order; names may be missing there. run: a map that may
        use several threads.
        Raises ValueError or TypeError unless all are dicts of arrays, and gradients and slots have the parameters'
        shapes. After any error, such as an overflow under np.errstate(over="raise"), everything is as before.
        """
        self.check_update(params, gradients, *more)
        with self.rolled_back_on_error(params):
            self.iterations += 1
            parts = [part for name, w in params.items() for part in self.parts(name, w, [gradients, *more])]
            jobs = [parts[rows] for rows in batches(len(parts), PARTS_PER_JOB)]
            for _ in (map if len(jobs) == 1 else run)(self.step_parts, jobs):
                pass

    def parts(self, name: str, w: Array, terms: Sequence[Mapping[str, Array]]) -> Iterator[Part]:
        """The parts in which a parameter is updated."""
        whole = Part(name, w, [term[name] for term in terms if name in term], self.slots_of(name, w))
        if w.nbytes <= PART_BYTES or type(self) not in OPTIMIZERS.values():  # a user-defined step may need all of w
            yield whole
        else:
            for rows in batches(len(w), max(1, PART_BYTES * len(w) // w.nbytes)):
                yield whole.rows(rows)

    def step_parts(self, parts: Sequence[Part]) -> None:
        """Sum the gradient of each part, and update it."""
        for part in parts:
            self.step(part.name, part.w, sum_arrays(part.terms), part.slots)

    def slots_of(self, name: str, w: Array) -> Slots:
        """The slots of the parameter `name`, created as zeros if they are missing."""
        slots = {}
        for slot in self.slots():
            arrays = self.state.setdefault(slot, {})
            if name not in arrays:
                arrays[name] = np.zeros_like(w)
            slots[slot] = arrays[name]
        return slots

    @contextmanager
    def rolled_back_on_error(self, params: Mapping[str, Array]) -> Iterator[None]:
        """If the body raises, restore parameters, slots and iterations.

        Copies are made only if a step may raise: under np.errstate, or in a user-defined subclass.
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
        """Bind this optimizer to a model; a copy of the optimizer is not bound.

        If its former model no longer exists, the optimizer is reset. Raises ValueError if that model still exists.
        """
        if self._owner is not None and self._owner() is not model:
            gc.collect()  # an unused model may still be referenced by its own History
            if self._owner() is not None:
                owner = type(self).__name__
                raise ValueError(f"{owner}: is used by another model already; each model needs its own optimizer")
            self.iterations, self.state = 0, {}  # they belonged to the former model
        self._owner = weakref.ref(model)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_owner": None}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments: `type(optimizer)(**config)` is an equal optimizer without steps."""
        return {"learning_rate": self.learning_rate}

    def check(self, argument: str, value: Any) -> float:
        """The value as a float. Raises TypeError or ValueError unless it is a number of at least 0."""
        return checks.number(type(self).__name__, argument, value, at_least=0.0)

    def check_decay(self, argument: str, value: Any) -> float:
        """The value as a float. Raises TypeError or ValueError unless it is a number of at least 0 and below 1."""
        return checks.number(type(self).__name__, argument, value, at_least=0.0, below=1.0)


def sum_arrays(terms: Sequence[Array]) -> Array:
    """The sum of arrays, in this order: a new array, or the only one itself."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
