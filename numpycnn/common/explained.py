"""Arguments and attributes that do not exist: `SGD(lr=0.1)` is told that the argument is learning_rate.

Python rejects an unexpected argument before any line of the function runs. So the function is wrapped: the wrapper
calls it again with today's names for older ones (`older.py`), or replaces Python's TypeError by one with a hint.

A constructor that ends in `**options`, which it passes on to its base class's, gets the signature of both together, for
`inspect.signature` and `help`. Type checkers know it where `options` is annotated by a TypedDict.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache, wraps
from inspect import Parameter, Signature, signature
from types import CodeType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from numpycnn.common.unknown import hint

Function = TypeVar("Function", bound=Callable[..., Any])


class ConstructorSignature:
    """The signature of a class whose constructor ends in `**options`, found when `inspect.signature` asks for it.

    Any other class, and an object, has none: so `inspect.signature` looks at its constructor, or at its `__call__`.
    """

    def __get__(self, instance: object, owner: type) -> Signature:
        definer = next(cls for cls in owner.__mro__ if "__init__" in vars(cls))
        if (
            instance is not None
            or definer is object
            or not has_options(signature(vars(definer)["__init__"]).parameters)
        ):
            raise AttributeError("__signature__")
        return constructor_signature(definer)


@cache
def constructor_signature(cls: type) -> Signature:
    """The signature of a constructor that ends in `**options`: its own parameters, then those of the base class."""
    return Signature(list(constructor_parameters(cls)))


def constructor_parameters(cls: type) -> Iterator[Parameter]:
    """The parameters of that signature."""
    _, *own = signature(vars(cls)["__init__"]).parameters.values()
    yield from (parameter for parameter in own if parameter.kind is not Parameter.VAR_KEYWORD)
    taken = {parameter.name for parameter in own}
    for parameter in signature(cls.__mro__[1]).parameters.values():
        if parameter.name not in taken:
            yield parameter.replace(kind=Parameter.KEYWORD_ONLY)


class Explained:
    """Mixin for public classes: the errors for unexpected arguments and unknown attributes get a hint.

    explained_methods: the methods to wrap besides the constructor. Applies to subclasses, user-defined ones included.
    """

    explained_methods: tuple[str, ...] = ()
    __signature__ = ConstructorSignature()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        explain_arguments_of(cls)

    if not TYPE_CHECKING:  # pragma: no branch  # hidden from type checkers, which would accept every attribute

        def __getattr__(self, name: str) -> Any:
            """What an older name stands for. Raises AttributeError with a hint for others.

            Python calls this only for attributes that it does not find.
            """
            if hasattr(type(self), name):  # a property raised AttributeError: raise its own error again
                return object.__getattribute__(self, name)
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            if not name.startswith("_"):
                from numpycnn.common.older import older_attribute

                found = older_attribute(self, name)
                if found is not None:
                    return found
                message += f": {hint('attributes', name, [other for other in dir(self) if not other.startswith('_')])}"
            raise AttributeError(message, name=name, obj=self)


def explain_arguments_of(cls: type) -> None:
    """Wrap the constructor and the methods named in `explained_methods`, where the class itself defines them."""
    for name in ("__init__", *getattr(cls, "explained_methods", ())):
        if name in vars(cls):
            setattr(cls, name, explains_arguments(vars(cls)[name]))


def has_options(parameters: Mapping[str, Parameter]) -> bool:
    """Whether there is a `**options` among the parameters."""
    return any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values())


def explains_arguments(function: Function) -> Function:
    """The function, called with today's arguments for older ones.

    The TypeError for an argument that it does not take names the nearest one, and says what is planned.
    """

    @wraps(function)
    def explained(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            rejected = raised_by(error) in (sys._getframe().f_code, todays_arguments.__code__)  # not further inside
            todays = todays_arguments(function, args, kwargs) if rejected else None
            if todays is None:
                raise
        return function(*args, **todays)

    return cast("Function", explained)


def raised_by(error: BaseException) -> CodeType | None:
    """The code of the function that raised an error."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return None if traceback is None else traceback.tb_frame.f_code


def todays_arguments(
    function: Callable[..., Any], args: tuple[Any, ...], given: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The keyword arguments by today's names; None if they are so already.

    Raises TypeError for one that the function does not take under any name.
    """
    taken, owner = signature(function).parameters, function.__name__
    cls = type(args[0]) if "self" in taken else None
    known = taken
    if cls is not None and owner == "__init__":
        known, taken = signature(cls).parameters, signature(definer(cls, function)).parameters
    if taken.keys() >= given.keys() or has_options(taken):
        return None
    from numpycnn.common.older import todays_argument, translated

    filled = {*list(signature(function).parameters)[: len(args)], *given}
    todays = {name: todays_argument(function, name, filled, taken) for name in given}
    unexpected = next((name for name, new in todays.items() if new is None), None)
    if unexpected is None:
        return translated(function, args, given, todays)
    names = [name for name in known if name != "self"]
    owner = owner if cls is None else f"{cls.__name__}.{owner}".removesuffix(".__init__")
    explanation = f"{hint('arguments', unexpected, names)}; available: {', '.join(names) or 'none'}"
    raise TypeError(f"{owner}: got an unexpected keyword argument {unexpected!r}: {explanation}") from None


def definer(cls: type, constructor: Callable[..., Any]) -> type:
    """The class, or base class of it, whose constructor this is, without the wrapper."""
    return next(one for one in cls.__mro__ if getattr(vars(one).get("__init__"), "__wrapped__", None) is constructor)
