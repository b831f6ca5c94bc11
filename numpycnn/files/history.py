"""History as JSON values: {"epoch": [0, 1], "history": {"loss": [0.7, 0.5]}}.

JSON has no NaN and no infinity: they are strings, spelled so that Python's float and JavaScript's Number read them.
"""

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.figures import FiguresByName

NOT_FINITE = ("NaN", "Infinity", "-Infinity")
MAX_EPOCH = 2**63 - 1

History = tuple[list[int], dict[str, list[Any]]]
"""The epochs, counted from 0, and the figures of each by name."""


def history_to_json(epoch: Sequence[Any], history: Mapping[str, Any]) -> dict[str, Any]:
    """The epochs, counted from 0, and the figures of each by name, as JSON values.

    Raises TypeError or ValueError for anything but integers of at least 0, and lists of real numbers or of arrays of
    them, (K,).
    """
    return {"epoch": epochs(epoch), "history": {name: figures_to_json(name, history[name]) for name in history}}


def epochs(values: Sequence[Any]) -> list[int]:
    """The epochs. Raises TypeError or ValueError for anything but integers from 0 to MAX_EPOCH."""
    return [checks.integer("History", "epoch", value, at_least=0, at_most=MAX_EPOCH) for value in values]


def figures_to_json(name: str, values: Any) -> list[Any]:
    """A list of numbers, or of arrays (K,), as JSON values. Raises TypeError or ValueError for anything else."""
    numbers = checks.numbers("History", name, values).astype(np.float64)
    if numbers.ndim not in (1, 2):
        raise ValueError(f"History: {name} must be a list of numbers; received the shape {numbers.shape}")
    return [to_json(figure) for figure in numbers.tolist()]


def to_json(figure: Any) -> Any:
    """A number, or a list of them, as JSON values."""
    if isinstance(figure, list):
        return [to_json(number) for number in figure]
    return figure if isfinite(figure) else json.dumps(figure)


def history_from_json(config: Any) -> History:
    """The inverse of `history_to_json`. Raises TypeError or ValueError for anything else."""
    checks.keys("file", "history", config, {"epoch", "history"})
    if not isinstance(config["history"], dict):
        raise TypeError(
            f"file: history must be a dict of lists by name; received {checks.short_repr(config['history'])}"
        )
    figures = FiguresByName({name: figures_from_json(name, values) for name, values in config["history"].items()})
    return epochs(checks.sequence("file", "epoch", config["epoch"])), figures


def figures_from_json(name: str, values: Any) -> list[Any]:
    """A list of floats, or of arrays (K,). Raises TypeError or ValueError for anything else."""
    figures = [
        np.array([number(name, one) for one in value]) if isinstance(value, list) else number(name, value)
        for value in checks.sequence("file", name, values)
    ]
    shapes = {np.shape(figure) for figure in figures}
    if len(shapes) > 1 or (0,) in shapes:
        raise ValueError(f"file: {name} must be of as many numbers each epoch; received {checks.short_repr(values)}")
    return figures


def number(name: str, value: Any) -> float:
    """A float. Raises TypeError for anything else."""
    if not isinstance(value, float) and value not in NOT_FINITE:
        raise TypeError(f"file: {name} must be a list of floats; received {checks.short_repr(value)}")
    return float(value)
