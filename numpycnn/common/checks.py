"""Argument checks: each returns the value as a plain Python or NumPy object, or raises.

An error names the owner of the argument, what was expected and what was received. TypeError is for a wrong type,
ValueError for a wrong value.
"""

import operator
import os
from collections.abc import Collection, Mapping, Sequence, Set
from inspect import signature
from math import inf, isfinite, prod
from typing import Any, TypeVar

import numpy as np

from numpycnn.common.typing import Array, Pair, Shape

T = TypeVar("T")

CHUNK = 1024  # examples checked at a time
MAX_SIZE = 2**31 - 1  # of an array, and so of each axis: the range of BLAS's 32-bit integers
MAX_AXES = 32  # of an array; NumPy allows 64
MAX_FLOAT = float(np.finfo(np.float32).max)
MAX_REPR = 200  # characters of a value in an error message


def short_repr(value: Any) -> str:
    """repr(value) for an error message, truncated where it is long."""
    try:
        with np.printoptions(threshold=MAX_REPR, edgeitems=1):  # long arrays need not be formatted whole
            text = repr(value)
    except Exception:  # __repr__ fails, or an integer has more digits than Python prints
        return f"a value of type {type(value).__name__}"
    return truncated(text)


def truncated(text: str) -> str:
    """At most MAX_REPR characters of the text."""
    return text if len(text) <= MAX_REPR else f"{text[:MAX_REPR]}..."


def integer(owner: str, argument: str, value: Any, *, at_least: int | None = 1, at_most: int | None = None) -> int:
    """An integer within the bounds, if any. True, 3.0 and "3" are not integers."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or (at_least is not None and number < at_least):
        error = TypeError if number is None else ValueError
        bound = "" if at_least is None else f" of at least {at_least}"
        raise error(f"{owner}: {argument} must be an integer{bound}; received {short_repr(value)}")
    if at_most is not None and number > at_most:
        raise ValueError(f"{owner}: {argument} must be at most {at_most}; received {short_repr(value)}")
    return number


def optional_integer(owner: str, argument: str, value: Any, at_least: int = 0) -> int | None:
    """None, or an integer within the bounds, the upper being MAX_SIZE."""
    return None if value is None else integer(owner, argument, value, at_least=at_least, at_most=MAX_SIZE)


def size(owner: str, argument: str, value: Any) -> int:
    """A positive integer up to MAX_SIZE: the length of an axis."""
    return integer(owner, argument, value, at_most=MAX_SIZE)


def axis(owner: str, argument: str, value: Any) -> int:
    """An axis of an array, counted from the front or, if negative, from the end."""
    return integer(owner, argument, value, at_least=-MAX_AXES, at_most=MAX_AXES)


def pair(owner: str, argument: str, value: Any) -> Pair:
    """One positive integer, for both axes, or a sequence of two: (rows, columns)."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(values) != 2:
        raise ValueError(f"{owner}: {argument} must be one integer or two; received {short_repr(value)}")
    return size(owner, argument, values[0]), size(owner, argument, values[1])


def shape(owner: str, argument: str, value: Any) -> Shape:
    """A sequence of positive integers: the shape of one example, without the batch axis."""
    if not isinstance(value, (tuple, list)):
        raise TypeError(
            f"{owner}: {argument} must be a tuple of integers, without the batch axis; received {short_repr(value)}"
        )
    if len(value) > MAX_AXES:
        raise ValueError(f"{owner}: {argument} may have {MAX_AXES} axes; received {len(value)}")
    sizes = tuple(size(owner, argument, one) for one in value)
    array_size(owner, argument, sizes)
    return sizes


def without_batch(value: Any) -> Any:
    """A shape without Keras's None for the batch axis, if it begins with that; anything else as it is."""
    return value[1:] if isinstance(value, (tuple, list)) and value[:1] in ((None,), [None]) else value


def array_size(owner: str, what: str, shape: Shape) -> None:
    """Raise ValueError for a shape of more than MAX_SIZE elements."""
    if prod(shape) > MAX_SIZE:
        raise ValueError(
            f"{owner}: {what} must hold at most {MAX_SIZE} numbers; received the shape {short_repr(shape)}"
        )


def number(
    owner: str,
    argument: str,
    value: Any,
    *,
    at_least: float = -inf,
    at_most: float = inf,
    above: float = -inf,
    below: float = inf,
) -> float:
    """A real number within the bounds and within float32's range. "0.5" and True are not numbers."""
    is_number = isinstance(value, (float, int, np.floating, np.integer)) and not isinstance(value, bool)
    in_bounds = is_number and -inf < value < inf and at_least <= value <= at_most and above < value < below
    if in_bounds and -MAX_FLOAT <= value <= MAX_FLOAT:
        return float(value)
    if in_bounds:
        raise ValueError(
            f"{owner}: {argument} must be from {-MAX_FLOAT:g} to {MAX_FLOAT:g}; received {short_repr(value)}"
        )
    bounds = {"at least": at_least, "at most": at_most, "above": above, "below": below}
    limits = " and ".join(f"{text} {bound:g}" for text, bound in bounds.items() if isfinite(bound))
    expected = f"{owner}: {argument} must be a finite number{', ' * bool(limits)}{limits}; received {short_repr(value)}"
    raise ValueError(expected) if is_number else TypeError(expected)


def flag(owner: str, argument: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{owner}: {argument} must be True or False; received {short_repr(value)}")
    return bool(value)


def truth(owner: str, argument: str, value: Any) -> bool:
    """True or False, or an integer that stands for one of them."""
    return flag(owner, argument, value != 0 if isinstance(value, (int, np.integer)) else value)


def without_methods(cls: type, names: tuple[str, ...], instead: str) -> None:
    """Raise TypeError if a class defines methods of Keras's that nothing here would call."""
    found = [name for name in names if hasattr(cls, name)]
    if found:
        raise TypeError(f"{cls.__name__}: {', '.join(found)} would never be called; {instead}")


def function(owner: str, argument: str, value: Any) -> None:
    """Raise TypeError unless the value can be called."""
    if not callable(value):
        raise TypeError(f"{owner}: {argument} must be a function; received {short_repr(value)}")


def choice(owner: str, argument: str, value: Any, known: Collection[T], *, kind: str = "") -> T:
    """One of the known values, which have one type. kind: as for `unknown.hint`, for names that Keras has too."""
    is_of_the_type = isinstance(value, type(next(iter(known), value))) and not isinstance(value, bool)
    for one in known if is_of_the_type else ():
        if one == value:
            return one
    if kind and is_of_the_type:
        from numpycnn.common import older

        todays: Any = older.todays_string(kind, value, known)
        if todays is not None:
            return todays
    expected = f"{owner}: {argument} must be one of {', '.join(map(repr, known))}; received {short_repr(value)}"
    raise ValueError(expected + hint_for(kind, value, known)) if is_of_the_type else TypeError(expected)


def hint_for(kind: str, value: Any, known: Collection[Any]) -> str:
    """A hint about an unknown name, in parentheses; empty where there is none, or the value is not a string."""
    from numpycnn.common import unknown

    text = unknown.hint(kind, value, known) if isinstance(value, str) else ""
    return f" ({text})" if text else ""


def lookup(owner: str, argument: str, value: Any, table: Mapping[str, T], *, kind: str = "") -> T:
    """table[value]. kind: as for `choice`."""
    return table[choice(owner, argument, value, table, kind=kind)]


def sequence(owner: str, argument: str, value: Any, *, length: int | None = None) -> Sequence[Any]:
    """A list or tuple, of the given length unless that is None."""
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"{owner}: {argument} must be a list; received {short_repr(value)}")
    if length is not None and len(value) != length:
        raise ValueError(f"{owner}: expected {length} {argument}; received {len(value)}")
    return value


def keys(owner: str, argument: str, value: Any, expected: Set[str]) -> None:
    """Raise TypeError unless the value is a dict, ValueError unless it has these keys and no others."""
    message = f"{owner}: {argument} must be a dict with the keys {', '.join(sorted(expected))}"
    if not isinstance(value, dict):
        raise TypeError(f"{message}; received {short_repr(value)}")
    if value.keys() != expected:
        raise ValueError(f"{message}; received the keys {truncated(', '.join(map(str, value)))}")


def arrays(owner: str, argument: str, value: Any) -> None:
    """Raise TypeError unless the value is a dict of arrays of floats by name."""
    if isinstance(value, Mapping) and all(
        isinstance(a, (np.ndarray, np.floating)) and a.dtype.kind == "f" for a in value.values()
    ):
        return
    raise TypeError(f"{owner}: {argument} must be a dict of arrays of floats by name; received {short_repr(value)}")


def by_name(owner: str, argument: str, value: Any) -> dict[str, Any]:
    """A dict of arguments by name."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise TypeError(f"{owner}: {argument} must be a dict of arguments by name; received {short_repr(value)}")
    return value


def arguments(owner: str, argument: str, value: Any, constructor: type) -> dict[str, Any]:
    """A dict of arguments by name that the constructor takes."""
    by_name(owner, argument, value)
    try:
        signature(constructor).bind(**value)
    except TypeError as error:
        raise TypeError(f"{owner}: {argument} must hold the arguments of {constructor.__name__}; {error}") from None
    return value


def text(owner: str, argument: str, value: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        raise TypeError(f"{owner}: {argument} must be a string; received {short_repr(value)}")
    return value


def path(owner: str, argument: str, value: Any) -> str:
    """A file's path as a string, from a string or an os.PathLike such as a pathlib.Path."""
    if not isinstance(value, (str, os.PathLike)) or not isinstance(os.fspath(value), str):
        raise TypeError(
            f"{owner}: {argument} must be a path, as a string or a pathlib.Path; received {short_repr(value)}"
        )
    try:
        encoded = os.fsencode(value)
    except UnicodeEncodeError:  # a lone surrogate
        encoded = b""
    if not encoded or b"\0" in encoded:
        raise ValueError(f"{owner}: {argument} must be a path; received {short_repr(value)}")
    return os.fspath(value)


def name(owner: str, value: Any) -> str:
    """A name that can be part of "layer/parameter": not empty, and without a slash."""
    text(owner, "name", value)
    if not value or "/" in value:
        raise ValueError(f"{owner}: name must not be empty nor contain '/'; received {short_repr(value)}")
    return value


def numbers(owner: str, argument: str, value: Any) -> Array:
    """An array of real numbers (bool, integer or float) from any array-like; neither copied nor cast."""
    try:
        array = np.asarray(value)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"{owner}: {argument} must be an array of numbers; {error}") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{owner}: {argument} must be an array of real numbers; received dtype {array.dtype}")
    return array


def labels(owner: str, array: Array, *, classes: float) -> None:
    """Raise ValueError unless all are whole numbers from 0 to below `classes`."""
    wrong = ~((array >= 0) & (array < classes) & (array == np.floor(array)))
    if wrong.any():
        bound = f" and below {classes}" if isfinite(classes) else ""
        raise ValueError(f"{owner}: labels must be whole numbers of at least 0{bound}; received {array[wrong][0]}")


def batch_shape(owner: str, argument: str, received: Shape, expected: Shape) -> None:
    """Raise ValueError unless `received` is (n, *expected), for any n."""
    if received[1:] != expected or not received:
        raise ValueError(f"{owner}: expected {argument} of shape {batch_of(expected)}; received {received}")


def batch_of(shape: Shape) -> str:
    """The shape of a batch, as text: (n, 28, 28)."""
    return f"(n, {', '.join(map(str, shape))})" if shape else "(n,)"


def same_length(owner: str, **arrays: Array) -> None:
    """Raise ValueError unless the arrays, given by name, hold the same number of examples, and at least one."""
    lengths = {argument: len(array) if array.ndim else 0 for argument, array in arrays.items()}
    listed = ", ".join(f"{argument}: {length}" for argument, length in lengths.items())
    if len(set(lengths.values())) != 1:
        raise ValueError(f"{owner}: expected the same number of examples in each; received {listed}")
    if 0 in lengths.values():
        raise ValueError(f"{owner}: expected at least one example; received {listed}")


def finite(owner: str, argument: str, array: Array, dtype: np.dtype) -> None:
    """Raise ValueError if the array holds NaN or infinity once cast to dtype; it is cast in chunks, to save memory."""
    for start in range(0, len(array), CHUNK):
        with np.errstate(over="ignore"):
            bad = ~np.isfinite(array[start : start + CHUNK].astype(dtype))
        if bad.any():
            where = np.argwhere(bad)[0]
            value = array[start : start + CHUNK][tuple(where)]
            index = (start + int(where[0]), *map(int, where[1:]))
            raise ValueError(f"{owner}: {argument} must be finite in {dtype}; received {value} at index {index}")
