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

History = tuple[list[int], dict[str, list[float]]]
"""The epochs, counted from 0, and the figures of each by name."""


def history_to_json(epoch: Sequence[Any], history: Mapping[str, Any]) -> dict[str, Any]:
    """The epochs, counted from 0, and the figures of each by name, as JSON values.

    Raises TypeError or ValueError for anything but integers of at least 0, and lists of real numbers.
    """
    return {"epoch": epochs(epoch), "history": {name: figures_to_json(name, history[name]) for name in history}}


def epochs(values: Sequence[Any]) -> list[int]:
    """The epochs. Raises TypeError or ValueError for anything but integers from 0 to MAX_EPOCH."""
    return [checks.integer("History", "epoch", value, at_least=0, at_most=MAX_EPOCH) for value in values]


def figures_to_json(name: str, values: Any) -> list[float | str]:
    """A list of numbers as JSON values. Raises TypeError or ValueError for anything else."""
    numbers = checks.numbers("History", name, values).astype(np.float64)
    if numbers.ndim != 1:
        raise ValueError(f"History: {name} must be a list of numbers; received the shape {numbers.shape}")
    return [number if isfinite(number) else json.dumps(number) for number in numbers.tolist()]


def history_from_json(config: Any) -> History:
    """The inverse of `history_to_json`. Raises TypeError or ValueError for anything else."""
    checks.keys("file", "history", config, {"epoch", "history"})
    if not isinstance(config["history"], dict):
        raise TypeError(
            f"file: history must be a dict of lists by name; received {checks.short_repr(config['history'])}"
        )
    figures = FiguresByName({name: figures_from_json(name, values) for name, values in config["history"].items()})
    return epochs(checks.sequence("file", "epoch", config["epoch"])), figures


def figures_from_json(name: str, values: Any) -> list[float]:
    """A list of floats. Raises TypeError or ValueError for anything else."""
    for value in checks.sequence("file", name, values):
        if not isinstance(value, float) and value not in NOT_FINITE:
            raise TypeError(f"file: {name} must be a list of floats; received {checks.short_repr(value)}")
    return [float(value) for value in values]
