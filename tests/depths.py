"""How much of what could be tried is tried by default. The deep profile tries all."""

from collections.abc import Iterable
from typing import Any

import pytest


def is_deep(config: pytest.Config) -> bool:
    """Whether the deep profile runs."""
    return bool(config.getoption("--hypothesis-profile") == "deep")


def one_in(n: int, values: Iterable[Any]) -> list[Any]:
    """The parameters of a test: the first of each n by default, the others in the deep profile."""
    return [
        pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=[pytest.mark.deep] * (k % n > 0))
        for k, value in enumerate(values)
    ]
