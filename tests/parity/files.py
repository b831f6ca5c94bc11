"""Random networks through files, out and in again: the same predictions, and the same losses afterwards.

What writes and reads a format is in `files_keras.py`, `files_onnx.py`, `files_own.py` and `files_torch.py`.
"""

import importlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from numpycnn import losses, optimizers
from numpycnn.common.typing import Array
from parity import ours
from parity.draw import Case, made
from parity.live import fresh
from parity.optimizers import made as optimizer_of

FORMATS = ("keras", "onnx", "own", "torch")
STEPS = 10
BOUNDS = {"float32": (1e-6, 1e-4), "float64": (1e-12, 1e-9)}
"""For each dtype: how far predictions, and losses in STEPS steps, may differ, relative to the largest of them or 1."""


NUDGES = 4
"""By so many other roundings."""


class Figures(NamedTuple):
    """What a model predicts, and its losses in training that goes on."""

    predictions: Array
    losses: Array


Pairs = Iterator[tuple[str, Figures, Figures]]
"""What was done, and the figures of the model that was written and of the one that was read."""


def compare(form: str, networks: int, seed: int, dtype: str) -> bool:
    """Compare, print the worst differences beside the bounds, and return whether all are within them."""
    side, worst = importlib.import_module(f"parity.files_{form}"), np.zeros(2)
    with TemporaryDirectory() as folder:
        cases = filter(side.is_expressible, drawn(form, seed, dtype))
        for number, case in zip(range(networks), cases, strict=False):
            for what, *pair in side.exchanged(Path(folder), number, case, dtype):
                found = differences(*pair)
                worst = np.maximum(worst, found)
                if not is_within(found, dtype):
                    print(f"Too far apart, {what}: {found}\n  {case.spec}", flush=True)
    print(f"{networks} networks through {form} files in {dtype}, seed {seed}")
    for figure, largest, bound in zip(Figures._fields, worst, BOUNDS[dtype], strict=True):
        print(f"  {figure} {largest:.1e} (bound {bound:.0e})")
    return is_within(worst, dtype)


def drawn(form: str, seed: int, dtype: str) -> Iterator[Case]:
    """Cases without end that rounding does not decide."""
    fresh_ones = fresh(seed, dtype, both=form != "keras", blocks=True)
    return (case for case in fresh_ones if is_steady(case, dtype))


def is_steady(case: Case, dtype: str) -> bool:
    """Whether numbers that differ by a few units in the last place lead to predictions and trainings as near as that.

    If not, two right implementations do not agree to the bounds.
    """
    try:
        exact, *others = (
            figures(ours.build(one, "float64", fast=False), one, "float64")
            for one in (case, *(ours.nudged(case, dtype, seed) for seed in range(NUDGES)))
        )
    except ValueError:  # the training diverges
        return False
    return all(is_within(2 * differences(other, exact), dtype) for other in others)


def figures(model: Any, case: Case, dtype: str, steps: int = STEPS) -> Figures:
    """The predictions of a model with Keras's methods, and the losses of some more steps, and 0 before them."""
    x, y = batch(case, dtype)
    predictions = model.predict(x, verbose=0)
    return Figures(predictions, np.array([0.0, *(np.ravel(model.train_on_batch(x, y))[0] for _ in range(steps))]))


def batch(case: Case, dtype: str) -> tuple[Array, Array]:
    """What the case learns from, in the dtype."""
    return case.x.astype(dtype), case.y if case.y.dtype.kind == "i" else case.y.astype(dtype)


def compiled(model: Any, case: Case) -> Any:
    """A model of the library's with a new optimizer and the loss of the case."""
    model.compile(
        optimizer_of(optimizers, optimizers.schedules, case.spec.optimizer), made(vars(losses), case.spec.loss)
    )
    return model


def differences(one: Figures, other: Figures) -> Array:
    """The largest difference of predictions, and of losses."""
    scales = (max(1.0, float(np.abs(a).max())) for a in one)
    return np.array([np.abs(a - b).max() / scale for a, b, scale in zip(one, other, scales, strict=True)])


def is_within(found: Array, dtype: str) -> bool:
    return bool((found <= BOUNDS[dtype]).all())
