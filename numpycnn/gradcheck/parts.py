"""The parts of an object: the objects in its attributes, and its lists, tuples and dicts, at any depth."""

from collections.abc import Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

NO_PARTS = (type, BuiltinFunctionType, FunctionType, MethodType, ModuleType)
"""What has attributes that are not an object's own."""


class Part(NamedTuple):
    """One part."""

    path: str
    """Such as fc, layers[0] or weights."""
    owner: Any
    """The object in whose attribute it is."""
    name: str
    """Of that attribute."""
    value: Any

    @property
    def is_object(self) -> bool:
        """Whether it has attributes, and is no list, tuple or dict."""
        return not isinstance(self.value, (list, tuple, dict))


def parts(holder: Any) -> Iterator[Part]:
    """The parts of an object, each once."""
    return of_attributes(holder, "", {id(holder)})


def of_attributes(owner: Any, prefix: str, seen: set[int]) -> Iterator[Part]:
    """The parts in the attributes of an object. seen: the identities of those that were given already."""
    for name, value in vars(owner).items():
        yield from of_value(Part(f"{prefix}{name}", owner, name, value), seen)


def of_value(part: Part, seen: set[int]) -> Iterator[Part]:
    """A part, if the value is one, and those in it."""
    value = part.value
    if id(value) in seen or (part.is_object and not has_parts(value)):
        return
    seen.add(id(value))
    yield part
    if part.is_object:
        yield from of_attributes(value, f"{part.path}.", seen)
    else:
        for key, one in items(value):
            yield from of_value(part._replace(path=f"{part.path}[{key!r}]", value=one), seen)


def has_parts(value: Any) -> bool:
    """Whether a value is an object with attributes of its own, and no tensor, which stands for an array."""
    return hasattr(value, "__dict__") and not isinstance(value, NO_PARTS) and not hasattr(value, "grad")


def items(value: Any) -> list[tuple[Any, Any]]:
    """The keys, or places, and values of a list, tuple or dict; none of anything else."""
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, (list, tuple)) else []
