"""Checks of arguments: each returns the value in its plain form, or raises.

An error says whose argument it is, what was expected and what was received. TypeError is for the wrong kind of thing,
ValueError for the wrong value.
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

CHUNK = 1024  # examples looked at at a time
MOST = 2**31 - 1  # numbers in an array, and so in any axis of it: as far as BLAS counts
MOST_AXES = 32  # NumPy has room for twice as many; the product of very many sizes takes long
LARGEST = float(np.finfo(np.float32).max)
MOST_SHOWN = 200  # characters of a value that an error shows


def shown(value: Any) -> str:
    """The value as an error shows it, cut where it is long."""
    try:
        with np.printoptions(threshold=MOST_SHOWN, edgeitems=1):  # what is cut off need not be formatted
            text = repr(value)
    except Exception:  # its own __repr__ fails, or it is an integer of thousands of digits
        return f"a value of type {type(value).__name__}"
    return cut(text)


def cut(text: str) -> str:
    """The beginning of a text that is long."""
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def integer(owner: str, argument: str, value: Any, *, at_least: int = 1, at_most: int | None = None) -> int:
    """An integer within the bounds. True, 3.0 and "3" are not integers."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < at_least:
        error = TypeError if number is None else ValueError
        raise error(f"{owner}: {argument} must be an integer of at least {at_least}; received {shown(value)}")
    if at_most is not None and number > at_most:
        raise ValueError(f"{owner}: {argument} must be at most {at_most}; received {shown(value)}")
    return number


def size(owner: str, argument: str, value: Any) -> int:
    """A positive integer that an array's axis can be as long as."""
    return integer(owner, argument, value, at_most=MOST)


def pair(owner: str, argument: str, value: Any) -> Pair:
    """One positive integer, for both axes, or a sequence of two: (rows, columns)."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(values) != 2:
        raise ValueError(f"{owner}: {argument} must be one integer or two; received {shown(value)}")
    return size(owner, argument, values[0]), size(owner, argument, values[1])


def shape(owner: str, argument: str, value: Any) -> Shape:
    """A sequence of positive integers: the shape of one example, without the batch axis."""
    if not isinstance(value, (tuple, list)):
        raise TypeError(
            f"{owner}: {argument} must be a tuple of integers, without the batch axis; received {shown(value)}"
        )
    if len(value) > MOST_AXES:
        raise ValueError(f"{owner}: {argument} may have {MOST_AXES} axes; received {len(value)}")
    found = tuple(size(owner, argument, one) for one in value)
    few_enough(owner, argument, found)
    return found


def few_enough(owner: str, what: str, shape: Shape) -> None:
    """Raise ValueError for a shape of more numbers than an array should hold."""
    if prod(shape) > MOST:
        raise ValueError(f"{owner}: {what} must hold at most {MOST} numbers; received the shape {shown(shape)}")


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
    """A real number within the bounds, and of float32's range. "0.5" and True are not numbers."""
    bounds = {"at least": at_least, "at most": at_most, "above": above, "below": below}
    stated = " and ".join(f"{text} {bound:g}" for text, bound in bounds.items() if isfinite(bound))
    expected = f"{owner}: {argument} must be a finite number{', ' * bool(stated)}{stated}; received {shown(value)}"
    if not isinstance(value, (float, int, np.floating, np.integer)) or isinstance(value, bool):
        raise TypeError(expected)
    if not (-inf < value < inf and at_least <= value <= at_most and above < value < below):
        raise ValueError(expected)
    if not -LARGEST <= value <= LARGEST:
        raise ValueError(f"{owner}: {argument} must be from {-LARGEST:g} to {LARGEST:g}; received {shown(value)}")
    return float(value)


def flag(owner: str, argument: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{owner}: {argument} must be True or False; received {shown(value)}")
    return bool(value)


def function(owner: str, argument: str, value: Any) -> None:
    """Raise TypeError unless the value can be called."""
    if not callable(value):
        raise TypeError(f"{owner}: {argument} must be a function; received {shown(value)}")


def choice(owner: str, argument: str, value: Any, known: Collection[T], *, kind: str = "") -> T:
    """One of the known values, which are all of one type. kind: as for `unknown.remark`, where Keras has more."""
    expected = f"{owner}: {argument} must be one of {', '.join(map(repr, known))}; received {shown(value)}"
    if isinstance(value, bool) or not isinstance(value, type(next(iter(known), value))):
        raise TypeError(expected)
    for one in known:
        if one == value:
            return one
    raise ValueError(expected + remark_on(kind, value, known))


def remark_on(kind: str, value: Any, known: Collection[Any]) -> str:
    """What there is to say of an unknown name beside those that are known; nothing of what is no name."""
    from numpycnn.common import unknown

    said = unknown.remark(kind, value, known) if isinstance(value, str) else ""
    return f" ({said})" if said else ""


def lookup(owner: str, argument: str, value: Any, table: Mapping[str, T], *, kind: str = "") -> T:
    """What a table holds under the name `value`. kind: as for `choice`."""
    return table[choice(owner, argument, value, table, kind=kind)]


def sequence(owner: str, argument: str, value: Any, *, length: int | None = None) -> Sequence[Any]:
    """A list or tuple, of that many items where a length is given."""
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"{owner}: {argument} must be a list; received {shown(value)}")
    if length is not None and len(value) != length:
        raise ValueError(f"{owner}: expected {length} {argument}; received {len(value)}")
    return value


def keys(owner: str, argument: str, value: Any, expected: Set[str]) -> None:
    """Raise TypeError unless the value is a dict, ValueError unless it has these keys and no others."""
    wanted = f"{owner}: {argument} must be a dict with the keys {', '.join(sorted(expected))}"
    if not isinstance(value, dict):
        raise TypeError(f"{wanted}; received {shown(value)}")
    if value.keys() != expected:
        raise ValueError(f"{wanted}; received the keys {cut(', '.join(map(str, value)))}")


def arrays(owner: str, argument: str, value: Any) -> None:
    """Raise TypeError unless the value is a dict of arrays of floats by name."""
    if isinstance(value, Mapping) and all(
        isinstance(a, (np.ndarray, np.floating)) and a.dtype.kind == "f" for a in value.values()
    ):
        return
    raise TypeError(f"{owner}: {argument} must be a dict of arrays of floats by name; received {shown(value)}")


def arguments(owner: str, argument: str, value: Any, constructor: type) -> dict[str, Any]:
    """A dict of arguments by name that the constructor takes."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise TypeError(f"{owner}: {argument} must be a dict of arguments by name; received {shown(value)}")
    try:
        signature(constructor).bind(**value)
    except TypeError as error:
        raise TypeError(f"{owner}: {argument} must hold the arguments of {constructor.__name__}; {error}") from None
    return value


def text(owner: str, argument: str, value: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        raise TypeError(f"{owner}: {argument} must be a string; received {shown(value)}")
    return value


def path(owner: str, argument: str, value: Any) -> str:
    """A file's path: a string, or what has one, such as a pathlib.Path."""
    if not isinstance(value, (str, os.PathLike)) or not isinstance(os.fspath(value), str):
        raise TypeError(f"{owner}: {argument} must be a path, as a string or a pathlib.Path; received {shown(value)}")
    try:
        encoded = os.fsencode(value)
    except UnicodeEncodeError:  # half a character
        encoded = b""
    if not encoded or b"\0" in encoded:
        raise ValueError(f"{owner}: {argument} must be a path; received {shown(value)}")
    return os.fspath(value)


def name(owner: str, value: Any) -> str:
    """A name that can stand in "layer/parameter": not empty, and without a slash."""
    text(owner, "name", value)
    if not value or "/" in value:
        raise ValueError(f"{owner}: name must not be empty nor contain '/'; received {shown(value)}")
    return value


def numbers(owner: str, argument: str, value: Any) -> Array:
    """An array of real numbers (bool, integer or float), or anything NumPy makes one of. Nothing is copied or cast."""
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
    """Raise ValueError if the array holds NaN or infinity once cast to dtype; it is cast in parts, to spare memory."""
    for start in range(0, len(array), CHUNK):
        with np.errstate(over="ignore"):
            bad = ~np.isfinite(array[start : start + CHUNK].astype(dtype))
        if bad.any():
            where = np.argwhere(bad)[0]
            value = array[start : start + CHUNK][tuple(where)]
            index = (start + int(where[0]), *map(int, where[1:]))
            raise ValueError(f"{owner}: {argument} must be finite in {dtype}; received {value} at index {index}")
