"""Objects as JSON values, {"class_name": ..., "config": ...}, and back, with closed tables of classes.

A program's own are beside those in a table while `custom_objects` says so: what a file names is never imported.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from inspect import Parameter, signature
from types import FunctionType
from typing import Any, Self, TypeVar

from numpycnn.common import checks

T = TypeVar("T")

FUNCTION = "function"
"""What a file has for the class of a function of a program's own, its name being the configuration."""

LIBRARY = __name__.partition(".")[0]

LONGEST_NAME = 60
"""Characters of what may be the name of a program's own class."""

OWN: ContextVar[Mapping[str, Any]] = ContextVar("OWN")
"""The program's own functions and classes by name, while a file is read."""
REGISTERED: dict[str, Any] = {}
"""Those that it has for good, by the names that it gives instead: `activation="swish"`."""


class Configurable:
    """Mixin for classes with `get_config`."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A new object from what `get_config` returned. Raises TypeError or ValueError for anything else."""
        return cls(**checks.arguments(cls.__name__, "config", config, cls))


def get_custom_objects() -> dict[str, Any]:
    """The dict of the program's own functions, and layers that are activations, to be given by their names.

    `get_custom_objects().update({"swish": swish})` makes `activation="swish"` that function, and so with `metrics=`. It
    comes before the library's own of that name. Source: Keras's get_custom_objects.
    """
    return REGISTERED


def named(value: Any) -> Any:
    """What the program has under a name; any other value as it is."""
    return given().get(value, value) if isinstance(value, str) else value


def given() -> dict[str, Any]:
    """What the program has under names: registered, or for the file that is being read."""
    return {**REGISTERED, **OWN.get({})}


def name_of(cls: type) -> str:
    """The name under which the program gives a class of its own; that of any other class."""
    names = (name for name, own in given().items() if own is cls and not is_librarys(cls))
    return next(names, cls.__name__)


def is_librarys(cls: type) -> bool:
    """Whether a class is of this library."""
    return cls.__module__.partition(".")[0] == LIBRARY


@contextmanager
def custom_objects(own: Mapping[str, Any] | None) -> Iterator[None]:
    """While the body runs, let these functions and classes of the program's own be read by their names."""
    token = OWN.set(own or {})
    try:
        yield
    finally:
        OWN.reset(token)


def describe(value: Any, table: Mapping[str, type]) -> dict[str, Any]:
    """The object's class and its constructor's arguments.

    Raises ValueError for a class that cannot be read back, and for one of the program's own whose arguments are not in
    its configuration.
    """
    cls = type(value)
    if table.get(cls.__name__) is cls:
        return {"class_name": cls.__name__, "config": value.get_config()}
    name = name_of(cls)
    if name in table or given().get(name) is not cls:
        raise ValueError(f"{cls.__name__}: only the library's own can be read back: {', '.join(table)}")
    config = value.get_config()
    missing = [argument for argument in own_arguments(cls) if argument not in config]
    if missing:
        raise ValueError(f"{cls.__name__}: get_config must have its arguments; expected {', '.join(missing)}")
    return {"class_name": name, "config": config}


def unknown_here(owner: str, kind: str, name: Any, otherwise: str = "") -> ValueError:
    """The error where a file names what was the program's that wrote it, and no one has given that here."""
    return ValueError(
        f"{owner}: the {kind} {checks.short_repr(name)} is of the program that wrote it: load_model takes it by "
        f"custom_objects{otherwise}"
    )


def own_arguments(cls: type) -> Iterator[str]:
    """The arguments of the constructors in a class that are not the library's."""
    variable = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    for one in cls.__mro__:
        if not is_librarys(one) and isinstance(vars(one).get("__init__"), FunctionType):
            _, *parameters = signature(vars(one)["__init__"]).parameters.values()
            yield from (parameter.name for parameter in parameters if parameter.kind not in variable)


def from_description(owner: str, argument: str, value: Any, table: Mapping[str, type[T]]) -> T:
    """A new object from what `describe` returned. Raises TypeError or ValueError for anything else."""
    checks.keys(owner, argument, value, {"class_name", "config"})
    own = {name: cls for name, cls in given().items() if isinstance(cls, type)}
    try:
        cls = checks.lookup(owner, f"class_name of {argument}", value["class_name"], {**table, **own})
    except ValueError as error:
        name = checks.short_repr(value["class_name"])
        if len(name) > LONGEST_NAME:
            raise
        raise ValueError(f"{name} is not here; load_model takes a program's own by custom_objects; {error}") from None
    unbuilt = getattr(cls, "unbuilt", None)  # only layers have it
    return (
        cls(**checks.arguments(owner, f"config of {argument}", value["config"], cls))
        if unbuilt is None
        else unbuilt(value["config"])
    )


def instance_of(owner: str, argument: str, value: Any, base: type, table: Mapping[str, type]) -> Any:
    """An object for its configuration, or for its class, a subclass of base; any other value as it is.

    Raises as `from_description`, and as the class's constructor does without arguments.
    """
    if isinstance(value, dict):
        return from_description(owner, argument, value, table)
    return value() if isinstance(value, type) and issubclass(value, base) else value
