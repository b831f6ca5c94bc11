"""Data for training: how it is cut into batches and split for validation, and the checks of what describes that."""

from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array

Data = tuple[Array, Array]
"""Examples x and their targets y."""


def check_batch_size(owner: str, value: Any) -> int:
    """The batch size; None is Keras's 32."""
    return 32 if value is None else checks.integer(owner, "batch_size", value)


def check_verbose(owner: str, value: Any) -> int:
    """0, 1 or 2; "auto" is 1, and so is True."""
    if isinstance(value, (str, bool)) and value in ("auto", True, False):
        return int(bool(value))
    value = int(value) if isinstance(value, np.integer) else value
    return checks.choice(owner, "verbose", value, (0, 1, 2))


def check_pair(owner: str, value: Any) -> tuple[Any, Any]:
    """validation_data as (x, y)."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        kind = f"{len(value)} items" if isinstance(value, (tuple, list)) else type(value).__name__
        raise ValueError(f"{owner}: validation_data must be a pair (x, y); received {kind}")
    return value[0], value[1]


def split(owner: str, x: Array, y: Array, fraction: float) -> tuple[Data, Data | None]:
    """((x, y) to train on, (x, y) to validate on): the last `fraction` of the examples, as Keras splits them.

    fraction: from 0, for no validation, to below 1. Raises ValueError unless it leaves examples on both sides.
    """
    if fraction == 0.0:
        return (x, y), None
    kept = int(len(x) * (1.0 - fraction))
    if kept in (0, len(x)):
        raise ValueError(f"{owner}: validation_split={fraction} leaves {kept} of {len(x)} examples to train on")
    return (x[:kept], y[:kept]), (x[kept:], y[kept:])
