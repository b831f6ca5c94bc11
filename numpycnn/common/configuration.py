"""Objects as JSON values, {"class_name": ..., "config": ...}, and back, with closed tables of classes.

A program's own are beside those in a table while `custom_objects` says so: what a file names is never imported.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from numpycnn.common import checks

T = TypeVar("T")

FUNCTION = "function"
"""What a file has for the class of a function of a program's own, its name being the configuration."""

OWN: ContextVar[Mapping[str, Any]] = ContextVar("OWN")
"""The program's own functions and classes by name, while a file is read."""
REGISTERED: dict[str, Any] = {}
"""Those that it has for good, by the names that it gives instead: `activation="swish"`."""


def get_custom_objects() -> dict[str, Any]:
    """The dict of the program's own functions, and layers that are activations, to be given by their names.

    `get_custom_objects().update({"swish": swish})` makes `activation="swish"` that function, and so with `metrics=`. It
    comes before the library's own of that name. Source: Keras's get_custom_objects.
    """
    return REGISTERED


def named(value: Any) -> Any:
    """What the program has under a name; any other value as it is."""
    return {**REGISTERED, **OWN.get({})}.get(value, value) if isinstance(value, str) else value


@contextmanager
def custom_objects(own: Mapping[str, Any] | None) -> Iterator[None]:
    """While the body runs, let these functions and classes of the program's own be read by their names."""
    token = OWN.set(own or {})
    try:
        yield
    finally:
        OWN.reset(token)


def describe(value: Any, table: Mapping[str, type]) -> dict[str, Any]:
    """The object's class and its constructor's arguments. Raises ValueError for a class that cannot be read back."""
    cls = type(value)
    if {**OWN.get({}), **table}.get(cls.__name__) is not cls:
        raise ValueError(f"{cls.__name__}: only the library's own can be read back: {', '.join(table)}")
    return {"class_name": cls.__name__, "config": value.get_config()}


def from_description(owner: str, argument: str, value: Any, table: Mapping[str, type[T]]) -> T:
    """A new object from what `describe` returned. Raises TypeError or ValueError for anything else."""
    checks.keys(owner, argument, value, {"class_name", "config"})
    own = {name: cls for name, cls in OWN.get({}).items() if isinstance(cls, type)}
    try:
        cls = checks.lookup(owner, f"class_name of {argument}", value["class_name"], {**table, **own})
    except ValueError as error:
        name = checks.short_repr(value["class_name"])
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
