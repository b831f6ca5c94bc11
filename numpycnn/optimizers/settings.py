"""What all optimizers take, as arguments and as attributes that can be set in training: `optimizer.clipnorm = 1.0`."""

import re
import weakref
from collections.abc import Sequence
from functools import cache
from inspect import signature
from typing import TYPE_CHECKING, Any, TypedDict

from numpycnn.common import checks
from numpycnn.common.configuration import Configurable
from numpycnn.common.explained import Explained
from numpycnn.common.typing import Array
from numpycnn.common.unknown import hint
from numpycnn.optimizers.older import decayed, todays_epsilon
from numpycnn.optimizers.rate import LearningRate, Rate, check_rate, described, readable, replaced

OPTIMIZERS: dict[str, type[Any]] = {}
"""The library's own optimizers by the names that `compile` takes; `__init__.py` fills it."""


class OptimizerOptions(TypedDict, total=False):
    """The keyword arguments that every optimizer takes: see `Settings`."""

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


class Settings(Configurable, Explained):
    """The arguments of all optimizers, and what can be set during training, checked as the constructor checks it.

    learning_rate: a number of at least 0, or a schedule of `schedules/`, a function of the number of steps so far.
    weight_decay: a number of at least 0; None is 0. `exclude_from_weight_decay` makes exceptions.
    clipnorm: the largest norm of each parameter's gradient; global_clipnorm: that of all together; clipvalue: the
    largest absolute value of an entry. None, or 0, is no limit; only one may be given.
    use_ema: keep the moving average; at its end `fit` overwrites the weights with it, and so does every step whose
    number is divisible by ema_overwrite_frequency, unless that is None.
    loss_scale_factor, gradient_accumulation_steps: None is all that is there: nothing is computed in half precision,
    and a batch of any size is divided into micro-batches. name: has no effect.
    decay: Keras 2's, see `older.py`.

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

    # ------------------------------------------------------------ during training

    @property
    def learning_rate(self) -> LearningRate:
        """The learning rate now: a float, which `learning_rate.assign(0.01)` or `learning_rate = 0.01` changes.

        Where it is a schedule, this is its value for the next step, and only another schedule can take its place.
        """
        return LearningRate(readable(type(self).__name__, self._rate, self.iterations), self)

    @learning_rate.setter
    def learning_rate(self, value: Rate) -> None:
        self._rate = replaced(type(self).__name__, self._rate, value)

    if not TYPE_CHECKING:  # pragma: no branch  # hidden from type checkers, which would let every attribute be set

        def __setattr__(self, name: str, value: Any) -> None:
            """Set an attribute. Settings are checked as the constructor checks them.

            Raises AttributeError for a name that would have no effect, except in user-defined subclasses.
            """
            if name in vars(self):
                value = self.checked(name, value)
            elif name != "learning_rate" and not name.startswith("_"):
                name = self.settable(name)
            super().__setattr__(name, value)

    def checked(self, name: str, value: Any) -> Any:
        """The new value of an attribute. Raises TypeError or ValueError where the constructor would."""
        cls: Any = type(self)
        if cls not in OPTIMIZERS.values() or name not in setting_names(cls):
            return value
        given = {key: setting for key, setting in vars(self).items() if key in setting_names(cls)}
        return vars(cls(**{**given, name: value}))[name]

    def settable(self, name: str) -> str:
        """Today's name of a new attribute. Raises AttributeError for one that would have no effect."""
        cls: Any = type(self)
        known = ["iterations", "state", *setting_names(cls)]
        if name in known:
            return name
        from numpycnn.common.older import todays_attribute

        name = todays_attribute(self, name)
        if cls in OPTIMIZERS.values() and name not in known:
            explanation = f"{hint('arguments', name, known)}; available: {', '.join(known)}"
            raise AttributeError(f"{cls.__name__!r} object has no attribute {name!r}: {explanation}")
        return name

    @property
    def step_size(self) -> float:
        """The learning rate of the step that is being made."""
        return self._step_size

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

    # ------------------------------------------------------------ checks

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


@cache
def setting_names(cls: type) -> list[str]:
    """The arguments of an optimizer's constructor that are attributes too."""
    return [name for name in signature(cls).parameters if name != "decay"]
