"""Arguments and attributes that do not exist: `SGD(lr=0.1)` says that the argument is learning_rate.

Python finds an unexpected argument before any line of the function runs. So the function is wrapped, and the wrapper
turns Python's TypeError into one that explains. `**kwargs` in each constructor would do it too, and make type checkers
and `inspect.signature` believe that every argument exists.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from numpycnn.common.unknown import remark

Function = TypeVar("Function", bound=Callable[..., Any])


class Explained:
    """Mixin for classes that users name: unexpected arguments and unknown attributes are explained.

    explained_methods: whose arguments, beside the constructor's. Subclasses, the users' own too, are served likewise.
    """

    explained_methods: tuple[str, ...] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        explain_arguments_of(cls)

    if not TYPE_CHECKING:  # type checkers would believe that every attribute exists

        def __getattr__(self, name: str) -> NoReturn:
            """Raise AttributeError. Python asks for it where it has not found the attribute."""
            if hasattr(type(self), name):  # a property, whose own error shall be heard
                return object.__getattribute__(self, name)
            known = [other for other in dir(self) if not other.startswith("_")]
            explanation = "" if name.startswith("_") else f": {remark('attributes', name, known)}"
            message = f"{type(self).__name__!r} object has no attribute {name!r}{explanation}"
            raise AttributeError(message, name=name, obj=self)


def explain_arguments_of(cls: type) -> None:
    """Wrap the constructor and the methods named in `explained_methods`, where the class itself defines them."""
    for name in ("__init__", *getattr(cls, "explained_methods", ())):
        if name in vars(cls):
            setattr(cls, name, explains_arguments(vars(cls)[name]))


def explains_arguments(function: Function) -> Function:
    """The function, with a TypeError for an unexpected argument that names the nearest and says what is planned."""

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
        explanation = f"{remark('arguments', unexpected, names)}; available: {', '.join(names) or 'none'}"
        raise TypeError(f"{owner}: got an unexpected keyword argument {unexpected!r}: {explanation}") from None
