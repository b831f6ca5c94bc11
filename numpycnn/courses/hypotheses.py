"""What a function would give if it had a usual mistake: the reference for changed arguments, or with another formula.

A student's result that is wrong is held beside each of these; where it is the same, the mistake is known. Arguments are
changed one at a time: an array other than the first rotated, transposed or left out, two exchanged, a number replaced
by 0, by 1, by its default, by another one. Other formulas belong to an exercise: `variants.py`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from numpycnn.courses.exercises import Arguments
from numpycnn.gradcheck.changes import changed

Key = tuple[int, str]
"""Where a value stands: the argument, and its name in it if that is a dict."""


class Hypothesis(NamedTuple):
    """A usual mistake: its words, and what calls a function as if with it."""

    text: str
    arguments: Arguments
    function: Callable[..., Any]


def hypotheses(
    function: Callable[..., Any], names: list[str], arguments: Arguments, defaults: Mapping[str, float]
) -> Iterator[Hypothesis]:
    """The reference for changed arguments.

    names: of the arguments. defaults: of what a dict of settings may leave out.
    """
    floats = {
        name: a for name, a in zip(names, arguments, strict=True) if isinstance(a, np.ndarray) and a.dtype.kind == "f"
    }
    for text, arrays in changed(floats, whole=names[0]):
        found = tuple(arrays.get(name, a) for name, a in zip(names, arguments, strict=True))
        yield Hypothesis(text, found, function)
    for text, settings in other_settings(settings_of(names, arguments, defaults), defaults):
        yield Hypothesis(text, with_settings(arguments, settings), function)


def settings_of(names: Sequence[str], arguments: Arguments, defaults: Mapping[str, float]) -> dict[Key, float]:
    """The numbers among the arguments, and in their dicts with the defaults."""
    found: dict[Key, float] = {}
    for number, (name, value) in enumerate(zip(names, arguments, strict=True)):
        inside = {**defaults, **value} if isinstance(value, dict) else {}
        found |= {(number, key): one for key, one in inside.items() if is_number(one)}
        found |= {(number, name): value} if is_number(value) else {}
    return found


def is_number(value: Any) -> bool:
    """Whether a setting is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def with_settings(arguments: Arguments, settings: Mapping[Key, float]) -> Arguments:
    """The arguments with some of their numbers replaced."""
    changed = list(deepcopy(arguments))
    for (number, name), value in settings.items():
        if isinstance(changed[number], dict):
            changed[number][name] = value
        else:
            changed[number] = value
    return tuple(changed)


def other_settings(
    settings: Mapping[Key, float], defaults: Mapping[str, float]
) -> Iterator[tuple[str, dict[Key, float]]]:
    """Each number replaced by another that it is mistaken for, then each two exchanged."""
    for key, value in settings.items():
        others = others_of_whole(value) if isinstance(value, int) else others_of_real(key[1], value)
        if key[1] in defaults:
            others = {f"{defaults[key[1]]:g}: the default, though another is given": defaults[key[1]], **others}
        yield from ((f"right if {key[1]} were {text}", {key: one}) for text, one in others.items() if one != value)
    for (one, a), (other, b) in combinations(settings.items(), 2):
        if a != b:
            yield f"right if {one[1]} and {other[1]} were exchanged", {one: b, other: a}
            yield f"right if {one[1]} were {other[1]}", {one: b}
            yield f"right if {other[1]} were {one[1]}", {other: a}


def others_of_whole(value: int) -> dict[str, float]:
    """What a count, a stride or a padding is mistaken for."""
    return {f"{other}, not {value}": other for other in (1, 0, value - 1, value + 1)}


def others_of_real(name: str, value: float) -> dict[str, float]:
    """What another number is mistaken for."""
    others = {"0: left out": 0.0, "1: left out": 1.0, "half as large": value / 2, "twice as large": 2 * value}
    return {f"{1 - value:g}: 1 - {name} where {name} belongs": 1 - value, **others} if 0 < value < 1 else others
