"""Arguments and attributes that do not exist: `SGD(lr=0.1)` says that the argument is learning_rate.

Python rejects an unexpected argument before any line of the function runs. So the function is wrapped, and the wrapper
replaces Python's TypeError by one with a hint. `**kwargs` in each constructor would do so too, but then type checkers
and `inspect.signature` would accept every argument.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from numpycnn.common.unknown import hint

Function = TypeVar("Function", bound=Callable[..., Any])


class Explained:
    """Mixin for public classes: the errors for unexpected arguments and unknown attributes get a hint.

    explained_methods: the methods to wrap besides the constructor. Applies to subclasses, user-defined ones included.
    """

    explained_methods: tuple[str, ...] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        explain_arguments_of(cls)

    if not TYPE_CHECKING:  # pragma: no branch  # hidden from type checkers, which would accept every attribute

        def __getattr__(self, name: str) -> NoReturn:
            """Raise AttributeError with a hint. Python calls this only for attributes that it does not find."""
            if hasattr(type(self), name):  # a property raised AttributeError: raise its own error again
                return object.__getattribute__(self, name)
            known = [other for other in dir(self) if not other.startswith("_")]
            explanation = "" if name.startswith("_") else f": {hint('attributes', name, known)}"
            message = f"{type(self).__name__!r} object has no attribute {name!r}{explanation}"
            raise AttributeError(message, name=name, obj=self)


def explain_arguments_of(cls: type) -> None:
    """Wrap the constructor and the methods named in `explained_methods`, where the class itself defines them."""
    for name in ("__init__", *getattr(cls, "explained_methods", ())):
        if name in vars(cls):
            setattr(cls, name, explains_arguments(vars(cls)[name]))


def explains_arguments(function: Function) -> Function:
    """The function, with a TypeError for an unexpected argument that names the nearest one and says what is planned."""

    @wraps(function)
    def explained(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError:
            check_arguments(function, args, kwargs)
            raise

    return cast("Function", explained)


def check_arguments(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raise TypeError for a keyword argument that the function does not take."""
    from inspect import signature

    known = signature(function).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values()):
        return
    unexpected = next((name for name in kwargs if name not in known), None)
    if unexpected is not None:
        names, owner = [name for name in known if name != "self"], function.__name__
        if "self" in known:
            owner = f"{type(args[0]).__name__}.{owner}".removesuffix(".__init__")
        explanation = f"{hint('arguments', unexpected, names)}; available: {', '.join(names) or 'none'}"
        raise TypeError(f"{owner}: got an unexpected keyword argument {unexpected!r}: {explanation}") from None
