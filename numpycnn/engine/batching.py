"""Training data: rows of it, the validation split, and the checks of `batch_size`, `verbose` and `validation_data`."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array


@dataclass(frozen=True)
class Data:
    """Examples with their targets, and optionally with sample weights."""

    x: Array
    """(n, *input_shape)."""
    y: Array
    """(n, ...), as the loss takes targets."""
    weights: Array | None = None
    """(n,): the factor of each example's loss; None is 1."""

    def __len__(self) -> int:
        return len(self.x)

    def rows(self, rows: slice | Array) -> "Data":
        """Some of the examples, by a slice or by indices."""
        return Data(self.x[rows], self.y[rows], None if self.weights is None else self.weights[rows])

    def weighted(self, values: Array) -> Array:
        """Per-example values, (n, ...), multiplied by the sample weights."""
        if self.weights is None:
            return values
        per_example = self.weights.astype(values.dtype).reshape(-1, *[1] * (values.ndim - 1))  # (n, 1, ...)
        return np.where(per_example == 0, 0, values * per_example)  # 0 times infinity too


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


def split(owner: str, data: Data, fraction: float) -> tuple[Data, Data | None]:
    """The examples to train on, and those to validate on: the last `fraction` of all, as Keras splits them.

    fraction: from 0, for no validation, to below 1. Raises ValueError unless it leaves examples on both sides.
    """
    if fraction == 0.0:
        return data, None
    kept = int(len(data) * (1.0 - fraction))
    if kept in (0, len(data)):
        raise ValueError(f"{owner}: validation_split={fraction} leaves {kept} of {len(data)} examples to train on")
    return data.rows(slice(kept)), data.rows(slice(kept, None))
