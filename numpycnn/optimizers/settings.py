"""An optimizer's settings as attributes: read, set and checked during training, `optimizer.learning_rate = 0.01`."""

from functools import cache
from inspect import signature
from typing import TYPE_CHECKING, Any

from numpycnn.common.explained import Explained
from numpycnn.common.unknown import hint
from numpycnn.optimizers.rate import LearningRate, Rate, readable, replaced

OPTIMIZERS: dict[str, type[Any]] = {}
"""The library's own optimizers by the names that `compile` takes; `__init__.py` fills it."""


class Settings(Explained):
    """What can be set of an optimizer, checked as its constructor checks it."""

    iterations: int
    _rate: Rate

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


@cache
def setting_names(cls: type) -> list[str]:
    """The arguments of an optimizer's constructor that are attributes too."""
    return [name for name in signature(cls).parameters if name != "decay"]
