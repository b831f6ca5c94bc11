"""The base class of optimizers: a step over all parameters, part by part.

Each parameter w with gradient g is updated in place, independently of the others. The arrays that an optimizer keeps
between steps, such as a running mean of the gradients, are its slots: `state["velocity"]["conv2d/kernel"]`.
"""

import gc
import re
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypedDict

import numpy as np

from numpycnn.common import checks
from numpycnn.common.slices import batches
from numpycnn.common.typing import Array, Map
from numpycnn.optimizers.clipping import clip_by_value, clip_norms
from numpycnn.optimizers.older import decayed, todays_epsilon
from numpycnn.optimizers.rate import Rate, at, check_rate, described
from numpycnn.optimizers.settings import OPTIMIZERS, Settings

PART_BYTES = 1 << 19
"""The approximate size of a part of a parameter, in bytes: with its gradient and slots it stays in the cache."""

PARTS_PER_JOB = 3
"""Parts that a worker updates in one job."""

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


class OptimizerOptions(TypedDict, total=False):
    """The keyword arguments that every optimizer takes: see `Optimizer`."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: None
    gradient_accumulation_steps: None
    name: str | None
    decay: float | None


class DecayOptions(OptimizerOptions, total=False):
    """Those of optimizers without a weight_decay of their own."""

    weight_decay: float | None


class Optimizer(Settings):
    """Base class of all optimizers.

    A step: the gradient is clipped; weights decay, w = w - weight_decay*learning_rate*w; the subclass's `step` updates
    w; and the moving average follows it, average = ema_momentum*average + (1 - ema_momentum)*w, which is w after the
    first step.

    learning_rate: a number of at least 0, or a schedule of `schedules/`, a function of the number of steps so far.
    weight_decay: a number of at least 0; None is 0. `exclude_from_weight_decay` makes exceptions.
    clipnorm: the largest norm of each parameter's gradient; global_clipnorm: that of all together; clipvalue: the
    largest absolute value of an entry. None, or 0, is no limit; only one may be given.
    use_ema: keep the moving average; at its end `fit` overwrites the weights with it, and so does every step whose
    number is divisible by ema_overwrite_frequency, unless that is None.
    loss_scale_factor, gradient_accumulation_steps: None is all that is there: nothing is computed in half precision,
    and a batch of any size is divided into micro-batches. name: has no effect.
    decay: Keras 2's, see `schedules/older.py`.

    Raises TypeError or ValueError for other values. Source: Keras 3's Optimizer.
    """

    iterations: int
    """The number of steps so far."""
    state: dict[str, dict[str, Array]]
    """The slots: state[slot][parameter] is an array."""

    def __init__(
        self,
        learning_rate: Rate,
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: None = None,
        gradient_accumulation_steps: None = None,
        name: str | None = None,
        decay: float | None = None,
    ) -> None:
        owner = type(self).__name__
        self.iterations, self.state = 0, {}
        self._owner: weakref.ref[object] | None = None
        self._rate = decayed(owner, check_rate(owner, learning_rate), decay)
        self._step_size = 0.0
        self.weight_decay = self.check_optional("weight_decay", weight_decay)
        self._excluded: dict[str, list[str]] = {"var_list": [], "var_names": []}
        self.clipnorm = self.check_optional("clipnorm", clipnorm)
        self.clipvalue = self.check_optional("clipvalue", clipvalue)
        self.global_clipnorm = self.check_optional("global_clipnorm", global_clipnorm)
        self.check_one_clip()
        self.use_ema = checks.flag(owner, "use_ema", use_ema)
        self.ema_momentum = checks.number(owner, "ema_momentum", ema_momentum, at_least=0.0, at_most=1.0)
        self.ema_overwrite_frequency = self.check_frequency(ema_overwrite_frequency)
        self.loss_scale_factor, self.gradient_accumulation_steps = loss_scale_factor, gradient_accumulation_steps
        self.check_absent()
        self.name = owner.lower() if name is None else checks.text(owner, "name", name)

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

    @property
    def step_size(self) -> float:
        """The learning rate of the step that is being made."""
        return self._step_size

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
            jobs = [parts[rows] for rows in batches(len(parts), PARTS_PER_JOB)]
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
            for rows in batches(len(w), max(1, PART_BYTES * len(w) // w.nbytes)):
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

    # ------------------------------------------------------------ weight decay

    def exclude_from_weight_decay(
        self, var_list: Sequence[str] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Let some parameters' weights not decay: replaces what an earlier call said.

        var_list: names as in `Sequential.params`, "dense/bias". var_names: regular expressions, one of which is found
        in the last part of the name: ["bias"]. Raises TypeError or ValueError for anything else, and ValueError after
        the first step.
        """
        owner = f"{type(self).__name__}.exclude_from_weight_decay"
        if self.iterations:
            raise ValueError(f"{owner}: must be called before the first step; there were {self.iterations}")
        names, patterns = (
            [
                checks.text(owner, argument, one)
                for one in checks.sequence(owner, argument, [] if given is None else given)
            ]
            for argument, given in (("var_list", var_list), ("var_names", var_names))
        )
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{owner}: var_names must be regular expressions; {pattern!r}: {error}") from None
        self._excluded = {"var_list": names, "var_names": patterns}

    def decays(self, name: str) -> bool:
        """Whether the weights of that parameter decay."""
        last = name.rpartition("/")[2]
        matches = (re.search(pattern, last) for pattern in self._excluded["var_names"])
        return name not in self._excluded["var_list"] and not any(matches)

    @property
    def excluded(self) -> dict[str, list[str]]:
        """The arguments of `exclude_from_weight_decay`."""
        return self._excluded

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
                arrays[name] = w.copy() if slot == AVERAGE else np.full_like(w, self.initial(slot))
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

    def check_one_clip(self) -> None:
        """Raise ValueError if the gradient is to be clipped in two ways."""
        clips = {"clipnorm": self.clipnorm, "clipvalue": self.clipvalue, "global_clipnorm": self.global_clipnorm}
        given = [f"{argument}={value}" for argument, value in clips.items() if value is not None]
        if len(given) > 1:
            raise ValueError(
                f"{type(self).__name__}: only one of {', '.join(clips)} may be given; received {', '.join(given)}"
            )

    def check_absent(self) -> None:
        """Raise ValueError for an option of Keras's that is not there."""
        reasons = {
            "loss_scale_factor": "float32 and float64 need no scaling of the loss",
            "gradient_accumulation_steps": "give fit a batch_size that many times larger, it takes no more memory",
        }
        for argument, reason in reasons.items():
            value = vars(self)[argument]
            if value is not None:
                received = checks.short_repr(value)
                raise ValueError(f"{type(self).__name__}: {argument} must be None: {reason}; received {received}")

    def check(self, argument: str, value: Any) -> float:
        """The value as a float. Raises TypeError or ValueError unless it is a number of at least 0."""
        return checks.number(type(self).__name__, argument, value, at_least=0.0)

    def check_optional(self, argument: str, value: Any) -> float | None:
        """`check`, unless the value is None."""
        return None if value is None else self.check(argument, value)

    def check_frequency(self, value: Any) -> int | None:
        """ema_overwrite_frequency. Raises TypeError or ValueError unless it is an integer of at least 1, or None."""
        return None if value is None else checks.integer(type(self).__name__, "ema_overwrite_frequency", value)

    def check_epsilon(self, value: Any) -> float:
        """epsilon as a float. Raises TypeError or ValueError unless it is a number of at least 0, or None."""
        return todays_epsilon() if value is None else self.check("epsilon", value)

    def check_decay(self, argument: str, value: Any) -> float:
        """The value as a float. Raises TypeError or ValueError unless it is a number of at least 0 and below 1."""
        return checks.number(type(self).__name__, argument, value, at_least=0.0, below=1.0)

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

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as JSON values: `type(optimizer)(**config)` is one like this, without steps.

        Raises ValueError for a schedule of the user's own.
        """
        return {
            "name": self.name,
            "learning_rate": described(self._rate),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
        }


def sum_arrays(terms: Sequence[Array]) -> Array:
    """The sum of arrays, in this order: a new array, or the only one itself."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
