"""Where the time of a training step goes, layer by layer."""

import time
from collections.abc import Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Rng
from numpycnn.engine import training
from numpycnn.engine.fast import Stage
from numpycnn.engine.training import Objective, Place
from numpycnn.engine.workers import at_work
from numpycnn.layers import Layer
from numpycnn.optimizers import Optimizer


class StepTime(NamedTuple):
    """The seconds that a part of a step takes; those of a whole batch, in one worker."""

    name: str
    forward: float
    backward: float


class TimedStage:
    """A stage of the network that counts the seconds spent in it."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.name, self.params = stage, stage.name, stage.params
        self.forward_seconds = self.backward_seconds = 0.0

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Any]:
        start = time.perf_counter()
        result = self.stage.forward(x, training=training, rng=rng)
        self.forward_seconds += time.perf_counter() - start
        return result

    def backward(self, dy: Array, cache: Any) -> tuple[Array, dict[str, Array]]:
        start = time.perf_counter()
        result = self.stage.backward(dy, cache)
        self.backward_seconds += time.perf_counter() - start
        return result

    def parameter_gradients(self, dy: Array, cache: Any) -> dict[str, Array]:
        start = time.perf_counter()
        result = self.stage.parameter_gradients(dy, cache)
        self.backward_seconds += time.perf_counter() - start
        return result


def profile_step(
    goal: Objective, layers: Sequence[Layer], optimizer: Optimizer, params: dict[str, Array], data: tuple[Array, Array]
) -> list[StepTime]:
    """One step on the batch `data`, timed. Nothing is trained: the optimizer works on copies."""
    timed = [(index, TimedStage(stage)) for index, stage in goal.passes.stages]
    goal = goal._replace(passes=goal.passes._replace(stages=timed))
    optimizer, params = deepcopy(optimizer), {name: param.copy() for name, param in params.items()}
    with at_work(1):
        start = time.perf_counter()
        _, terms = training.train_batch(goal, Place(0, 0), *data, np.arange(len(data[0])))
        middle = time.perf_counter()
        optimizer.update(params, *terms)
        end = time.perf_counter()
    rows, first = [], 0
    for index, stage in timed:
        names = " + ".join(layer.name for layer in layers[first : index + 1])
        rows.append(StepTime(names, stage.forward_seconds, stage.backward_seconds))
        first = index + 1
    inside = sum(row.forward + row.backward for row in rows)
    rows.append(StepTime("loss, and the way between layers", middle - start - inside, 0.0))
    rows.append(StepTime(f"optimizer ({type(optimizer).__name__})", end - middle, 0.0))
    return rows


def medians(runs: Sequence[Sequence[StepTime]]) -> list[StepTime]:
    """Each part's median over several steps."""
    return [
        StepTime(same[0].name, *(float(np.median(seconds)) for seconds in zip(*(row[1:] for row in same), strict=True)))
        for same in zip(*runs, strict=True)
    ]


def profile_lines(rows: Sequence[StepTime], title: str) -> list[str]:
    """A table of the parts: milliseconds forward and backward, and the share of the whole."""
    total = sum(row.forward + row.backward for row in rows)
    width = max(len(row.name) for row in rows)
    lines = [title, "", f"{'':{width}}   forward  backward   share"]
    for row in rows:
        back = f"{row.backward * 1e3:7.1f} ms" if row.backward else " " * 10
        share = (row.forward + row.backward) / total
        lines.append(f"{row.name:{width}}  {row.forward * 1e3:6.1f} ms {back}  {share:5.1%}".rstrip())
    return [*lines, f"{'all of it':{width}}  {total * 1e3:6.1f} ms"]
