"""Watching a figure: which way is better, and whether it became better."""

import math
import warnings
from typing import Any

import numpy as np

from numpycnn.callbacks.base import Callback, Logs
from numpycnn.common import checks
from numpycnn.common.typing import Array, Shape

RISES = (
    "acc",
    "auc",
    "cosine_similarity",
    "f1",
    "fbeta",
    "iou",
    "precision",
    "r2",
    "recall",
    "sensitivity",
    "specificity",
)
FALLS = ("loss", "crossentropy", "distance", "divergence", "error", "hinge", "mae", "mape", "mse", "msle", "poisson")
"""Parts of the names of figures that should rise, and of those that should fall."""


def direction(owner: str, monitor: str, mode: str) -> float:
    """1.0 for a figure that should rise, -1.0 for one that should fall; in mode "auto" its name tells."""
    if mode == "auto":
        name = monitor.lower()
        mode = "max" if any(part in name for part in RISES) else "min" if any(part in name for part in FALLS) else ""
    if not mode:
        raise ValueError(
            f"{owner}: mode must be 'min' or 'max' for the monitor {checks.short_repr(monitor)}; received 'auto'"
        )
    return 1.0 if mode == "max" else -1.0


class Monitor(Callback):
    """Base class of the callbacks that watch a figure.

    monitor: the figure's name. mode: "min", "max", or "auto": its name tells whether it should rise or fall. min_delta:
    an improvement is more than that; its sign does not matter.
    """

    counters: tuple[str, ...] = ()
    """The names of the integers that belong to the state, beside the best figure."""
    best: float | None

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        owner = type(self).__name__
        self.monitor = checks.text(owner, "monitor", monitor)
        self.mode = checks.choice(owner, "mode", mode, ("auto", "min", "max"))
        self.sign = direction(owner, self.monitor, self.mode)
        self.min_delta = abs(checks.number(owner, "min_delta", min_delta))

    def figure(self, logs: Logs | None) -> float | None:
        """The figure; None, with a warning, if it is not there. Raises ValueError for one of several numbers."""
        found = (logs or {}).get(self.monitor)
        if found is None:
            warnings.warn(
                f"{type(self).__name__}: there is no figure {checks.short_repr(self.monitor)} in this epoch; there are "
                f"{', '.join(logs or {})}",
                stacklevel=2,
            )
        elif np.ndim(found):
            raise ValueError(
                f"{type(self).__name__}: monitor must be one number; {checks.short_repr(self.monitor)} gives "
                f"{np.size(found)}: choose one threshold in its metric, or an average such as 'macro'"
            )
        return found

    def improves(self, figure: float, reference: float | None) -> bool:
        """Whether a figure is better than another by more than min_delta; any number is better than None."""
        return self.sign * figure - self.min_delta > (-math.inf if reference is None else self.sign * reference)

    def get_state(self) -> dict[str, Array]:
        counters = {name: np.array(getattr(self, name), np.int64) for name in self.counters}
        return {f"best/{self.monitor}": np.array(math.nan if self.best is None else self.best), **counters}

    def set_state(self, state: dict[str, Array]) -> None:
        expected: list[tuple[str, Shape, Any]] = [(f"best/{self.monitor}", (), np.float64)]
        check_state(type(self).__name__, state, expected + [(name, (), np.int64) for name in self.counters])
        best = float(state[f"best/{self.monitor}"])
        self.best = None if math.isnan(best) else best
        for name in self.counters:
            setattr(self, name, int(state[name]))


def check_state(owner: str, state: dict[str, Array], expected: list[tuple[str, Shape, Any]]) -> None:
    """Raise ValueError unless a state has arrays of these names, shapes and dtypes, and no others."""
    found = {name: (array.shape, array.dtype) for name, array in state.items()}
    if found != {name: (shape, np.dtype(dtype)) for name, shape, dtype in expected}:
        names = ", ".join(name for name, _, _ in expected)
        raise ValueError(f"{owner}: expected a state with {names}; received {', '.join(state)}")
