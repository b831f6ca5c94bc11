"""The base class of optimizers: a step over all parameters, part by part.

Each parameter w with gradient g is updated in place, independently of the others. The arrays that an optimizer keeps
between steps, such as a running mean of the gradients, are its slots: `state["velocity"]["conv2d/kernel"]`.
"""

import gc
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common import checks
from numpycnn.common.arithmetic import ceil_div
from numpycnn.common.slices import even_slices
from numpycnn.common.typing import Array, Map
from numpycnn.optimizers.clipping import clip_by_value, clip_norms
from numpycnn.optimizers.rate import at
from numpycnn.optimizers.settings import OPTIMIZERS, Settings

PART_BYTES = 1 << 20
"""The approximate size of the largest part of a parameter, in bytes: with its gradient and slots it stays in the cache.

Each operation on a part must also last longer than threads take to hand over Python's lock between two of them: with a
fourth of this size, two threads took as long as one.
"""

JOB_BYTES = 1 << 20
"""The approximate size of the parts that a worker updates in one job; less takes no longer than handing it over."""

AVERAGE = "average"
"""The slot of the moving average of a parameter."""

Slots = dict[str, Array]
"""The slots of one parameter by the slot's name."""


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


class Optimizer(Settings):
    """Base class of all optimizers; the arguments are those of `Settings`.

    A step: the gradient is clipped; weights decay, w = w - weight_decay*learning_rate*w; the subclass's `step` updates
    w; and the moving average follows it, average = ema_momentum*average + (1 - ema_momentum)*w, which is w after the
    first step. Source: Keras 3's Optimizer.
    """

    # ------------------------------------------------------------ what a subclass defines, besides get_config

    def slots(self) -> tuple[str, ...]:
        """The names of the slots that `step` uses for each parameter."""
        return ()

    def initial(self, slot: str) -> float:
        """The value that the entries of a slot start at."""
        return 0.0

    def step(self, name: str, w: Array, g: Array, slots: Slots) -> None:
        """Update one parameter w by its gradient g, and its slots, in place.

        `self.step_size` is the learning rate, and `self.iterations` the number of steps before this one.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define step")

    # ------------------------------------------------------------ a step

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
        self._step_size = at(type(self).__name__, self._rate, self.iterations)
        with self.rolled_back_on_error(params):
            terms = self.clipped(params, [gradients, *more])
            parts = [part for name, w in params.items() for part in self.parts(name, w, terms)]
            jobs = jobs_of(parts)
            for _ in (map if len(jobs) == 1 else run)(self.step_parts, jobs):
                pass
            self.iterations += 1

    def clipped(
        self, params: Mapping[str, Array], terms: Sequence[Mapping[str, Array]]
    ) -> Sequence[Mapping[str, Array]]:
        """The terms of the gradients; their clipped sum alone where a norm is limited, which takes all of them."""
        if not (self.clipnorm or self.global_clipnorm):
            return terms
        whole = {name: sum_arrays([term[name] for term in terms if name in term]) for name in params}
        return [clip_norms(whole, self.clipnorm, self.global_clipnorm)]

    def parts(self, name: str, w: Array, terms: Sequence[Mapping[str, Array]]) -> Iterator[Part]:
        """The parts in which a parameter is updated."""
        whole = Part(name, w, [term[name] for term in terms if name in term], self.slots_of(name, w))
        if w.nbytes <= PART_BYTES or type(self) not in OPTIMIZERS.values():  # a user-defined step may need all of w
            yield whole
        else:
            for rows in even_slices(len(w), ceil_div(w.nbytes, PART_BYTES)):
                yield whole.rows(rows)

    def step_parts(self, parts: Sequence[Part]) -> None:
        """Sum the gradient of each part, and update it."""
        for name, w, terms, slots in parts:
            g = clip_by_value(sum_arrays(terms), self.clipvalue)
            if self.weight_decay and self.decays(name):
                w -= w * self.weight_decay * self.step_size
            self.step(name, w, g, slots)
            if self.use_ema:
                self.follow(slots[AVERAGE], w)

    def follow(self, average: Array, w: Array) -> None:
        """Update a moving average by the new w, and overwrite w by it where this is the step for it."""
        momentum = self.ema_momentum if self.iterations else 0.0
        average *= momentum
        average += (1.0 - momentum) * w
        if self.ema_overwrite_frequency and (self.iterations + 1) % self.ema_overwrite_frequency == 0:
            w[...] = average

    def finalize_variable_values(self, params: Mapping[str, Array]) -> None:
        """Overwrite the parameters by their moving averages, with use_ema; as `fit` does at its end.

        Raises ValueError or TypeError unless params is a dict of arrays of the averages' shapes.
        """
        self.check_slots(params)
        for name, average in self.state.get(AVERAGE, {}).items():
            if name in params:
                params[name][...] = average

    # ------------------------------------------------------------ slots

    def all_slots(self) -> tuple[str, ...]:
        """The names of each parameter's slots, with those that all optimizers have."""
        return (*self.slots(), *[AVERAGE] * self.use_ema)

    def slots_of(self, name: str, w: Array) -> Slots:
        """The slots of the parameter `name`, created if they are missing."""
        slots = {}
        for slot in self.all_slots():
            arrays = self.state.setdefault(slot, {})
            if name not in arrays:
                arrays[name] = self.first(slot, w)
            slots[slot] = arrays[name]
        return slots

    def first(self, slot: str, w: Array) -> Array:
        """A slot of the parameter w before the first step."""
        return w.copy() if slot == AVERAGE else np.full_like(w, self.initial(slot))

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

    # ------------------------------------------------------------ checks

    def check_update(self, params: Mapping[str, Array], *terms: Mapping[str, Array]) -> None:
        """Raise as `update` says."""
        owner = type(self).__name__
        self.check_slots(params)
        for term in terms:
            checks.arrays(owner, "gradients", term)
        for name, w in params.items():
            shapes = [term[name].shape for term in terms if name in term]
            if set(shapes) != {w.shape}:
                received = ", ".join(map(str, shapes)) or None
                raise ValueError(f"{owner}: expected a gradient of shape {w.shape} for {name}; received {received}")

    def check_slots(self, params: Mapping[str, Array]) -> None:
        """Raise TypeError unless params is a dict of arrays, ValueError unless the slots have their shapes."""
        owner = type(self).__name__
        checks.arrays(owner, "params", params)
        for name, w in params.items():
            for slot, arrays in self.state.items():
                if name in arrays and arrays[name].shape != w.shape:
                    found = arrays[name].shape
                    raise ValueError(f"{owner}: the slot {slot} of {name} has the shape {found}; expected {w.shape}")

    # ------------------------------------------------------------ whom it serves

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

    def become(self, other: "Optimizer") -> None:
        """Take over another optimizer's settings, slots and position."""
        vars(self).update({**vars(other), "_owner": self._owner})

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_owner": None}


def jobs_of(parts: Iterable[Part]) -> list[list[Part]]:
    """The parts in order, in jobs of about JOB_BYTES each."""
    jobs, size = list[list[Part]](), JOB_BYTES
    for part in parts:
        if size >= JOB_BYTES:
            jobs.append([])
            size = 0
        jobs[-1].append(part)
        size += part.w.nbytes
    return jobs


def sum_arrays(terms: Sequence[Array]) -> Array:
    """The sum of arrays, in this order: a new array, or the only one itself."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
