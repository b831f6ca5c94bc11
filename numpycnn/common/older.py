"""What becomes of names of Keras 1 and 2: they are translated, each with one warning that says today's.

The table is `old_names.py`. Both are imported only once a name or an argument was not found.
"""

import sys
import warnings
from collections.abc import Callable, Collection, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from types import FrameType
from typing import Any

from numpycnn.common.old_names import ACTIONS, ARGUMENTS, ATTRIBUTES, COPIES, FIGURES, MODULES, NAMES, OWN_ARGUMENTS

DATA_FORMATS = {"th": "channels_first", "tf": "channels_last"}

WARNED: set[str] = set()
"""The older names that were warned of in this process."""


def warn(old: str, advice: str) -> None:
    """Warn once of an older name, at the user's line."""
    if old not in WARNED:
        warnings.warn(f"{old} is from an older Keras: {advice}", FutureWarning, stacklevel=users_level())
        WARNED.add(old)


def users_level() -> int:
    """The caller's `stacklevel` for the innermost frame outside of this library.

    `warnings` does not count the frames of the import system.
    """
    level, frame = 1, sys._getframe(1)
    while frame.f_back and (name := module_of(frame)).partition(".")[0] in ("numpycnn", "importlib"):
        level, frame = level + (not name.startswith("importlib._bootstrap")), frame.f_back
    return level


def module_of(frame: FrameType) -> str:
    """The module whose code the frame runs; code that is given to `exec` may have none."""
    return str(frame.f_globals.get("__name__", ""))


def resolve(entry: str) -> Any:
    """What an entry of the table, "module:name", names."""
    module, _, name = entry.partition(":")
    return getattr(import_module(f"numpycnn.{module}"), name)


# ---------------------------------------------------------------- names in modules


def todays_module(path: str) -> str | None:
    """Today's path of an older module, without "numpycnn."; None if there is no such older one."""
    for copy in COPIES:
        below = path.removeprefix(f"{copy}.")
        if below != path and find_spec(f"numpycnn.{below}"):
            return below
    return MODULES.get(path)


def older_name(kind: str, name: str) -> Any:
    """What an older name in a module stands for today; None where there is no such name."""
    entry = NAMES.get(kind, {}).get(name)
    if entry is None:
        return None
    if not entry.startswith("compat."):  # whose functions warn when they are called as in older Keras
        warn(name, f"write {entry.partition(':')[2]}")
    return resolve(entry)


def todays_string(kind: str, name: str, known: Collection[Any]) -> str | None:
    """Today's name for an older one that is given as a string, if it is one of the known."""
    entry = NAMES.get(kind, {}).get(name, "")
    today = entry.partition(":")[2]
    if today not in known:
        return None
    warn(name, f"write {today!r}")
    return today


# ---------------------------------------------------------------- attributes


def older_attribute(instance: object, name: str) -> Any:
    """What an older attribute of an object is today; None where there is no such attribute."""
    entry = attribute_entry(instance, name)
    if entry is None:
        return None
    return partial(resolve(entry), instance) if ":" in entry else getattr(instance, todays_attribute(instance, name))


def todays_attribute(instance: object, name: str) -> str:
    """Today's name of an attribute, with a warning for an older one."""
    entry = attribute_entry(instance, name)
    if entry is None:
        return name
    warn(name, f"write {entry}")
    return entry


def attribute_entry(instance: object, name: str) -> str | None:
    """The entry of the table for an attribute; None if it is not an older one."""
    entries = (ATTRIBUTES.get(cls.__name__, {}).get(name) for cls in type(instance).__mro__)
    return next(filter(None, entries), None)


def todays_figure(name: str, known: Collection[str]) -> str:
    """Today's name of a figure for an older one. Raises KeyError if there is none among the known."""
    today = FIGURES.get(name, "")
    if today not in known:
        raise KeyError(name)
    warn(name, f"write {today}")
    return today


# ---------------------------------------------------------------- arguments


def todays_argument(
    function: Callable[..., Any], name: str, filled: Collection[str], taken: Collection[str]
) -> str | None:
    """Today's name for an argument; "" for one with an action instead; None for one that was never taken.

    taken: the arguments of the function; filled: those that the call gives, by position too.
    """
    if name in taken:
        return name
    if name in ACTIONS.get(function.__qualname__, {}):
        return ""
    todays = OWN_ARGUMENTS.get(function.__qualname__, {}).get(name) or ARGUMENTS.get(name, "")
    return next((one for one in todays.split() if one in taken and one not in filled), None)


def translated(
    function: Callable[..., Any], args: tuple[Any, ...], given: Mapping[str, Any], todays: Mapping[str, str | None]
) -> dict[str, Any]:
    """The keyword arguments of a call under today's names, which are given for each."""
    found = {}
    for name, value in given.items():
        new = todays[name]
        if not new:
            resolve(ACTIONS[function.__qualname__][name])(args[0] if args else None, value)
        elif new == name:
            found[name] = value
        else:
            warn(name, f"write {new}=")
            found[new] = VALUES[name](value, given) if name in VALUES else value
    return found


def data_format(value: Any, given: Mapping[str, Any]) -> Any:
    """dim_ordering as data_format."""
    return DATA_FORMATS.get(value, value) if isinstance(value, str) else value


def without_batch(value: Any, given: Mapping[str, Any]) -> Any:
    """A shape without its first axis, the batch's."""
    return value[1:] if isinstance(value, (tuple, list)) else value


def color_mode(value: Any, given: Mapping[str, Any]) -> Any:
    """grayscale as color_mode."""
    return "grayscale" if value else "rgb"


def one_axis(value: Any, given: Mapping[str, Any]) -> Any:
    """input_dim as input_shape."""
    return (value,)


def kernel_size(value: Any, given: Mapping[str, Any]) -> Any:
    """nb_row and nb_col as kernel_size."""
    return given.get("nb_row", value), given.get("nb_col", value)


def padding(value: Any, given: Mapping[str, Any]) -> Any:
    """border_mode as padding. Raises ValueError for what Keras 1 had with Theano alone."""
    if value == "full":
        raise ValueError("border_mode: 'full' was Theano's; put ZeroPadding2D of the kernel's size - 1 before 'valid'")
    return value


VALUES: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "batch_input_shape": without_batch,
    "border_mode": padding,
    "dim_ordering": data_format,
    "grayscale": color_mode,
    "input_dim": one_axis,
    "nb_col": kernel_size,
    "nb_row": kernel_size,
}
"""For an older argument: its value as today's, given all arguments of the call."""
