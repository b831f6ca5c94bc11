"""Where the time of a training step goes, layer by layer."""

import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Rng
from numpycnn.engine import training
from numpycnn.engine.batching import Data
from numpycnn.engine.training import Objective, Position
from numpycnn.engine.workers import worker_pool
from numpycnn.layers.stage import Cache, Gradients, Micro, Path, Stage, Wrapper, run_alone
from numpycnn.optimizers import Optimizer


class StepTime(NamedTuple):
    """The seconds that a part of a training step takes, for a whole batch in one worker."""

    name: str
    forward: float
    backward: float
    way: str = ""
    """How a convolution is computed on the fast path, such as "im2col"."""


class TimedStage(Wrapper):
    """A stage that measures its own time, without the time in which its coroutine is suspended."""

    def __init__(self, stage: Stage, path: Path) -> None:
        super().__init__(stage)
        names: tuple[str, ...] = getattr(stage, "names", (stage.name,))
        self.title = " + ".join("/".join((*path.names[:-1], name)) for name in names)
        self.way: str = getattr(stage, "way", "")
        self.forward_seconds = self.backward_seconds = 0.0

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Cache]:
        return run_alone(self.forward_micro(x, training=training, rng=rng))

    def needed_gradients(self, dy: Array, cache: Cache, *, to_input: bool) -> tuple[Array | None, Gradients]:
        return run_alone(self.backward_micro(dy, cache, to_input=to_input))

    def forward_micro(self, x: Array, *, training: bool, rng: Rng | None) -> Micro[tuple[Array, Cache]]:
        return (yield from timed(self.stage.forward_micro(x, training=training, rng=rng), self.add_forward))

    def backward_micro(self, dy: Array, cache: Cache, *, to_input: bool) -> Micro[tuple[Array | None, Gradients]]:
        return (yield from timed(self.stage.backward_micro(dy, cache, to_input=to_input), self.add_backward))

    def add_forward(self, seconds: float) -> None:
        """Add seconds to the forward time."""
        self.forward_seconds += seconds

    def add_backward(self, seconds: float) -> None:
        """Add seconds to the backward time."""
        self.backward_seconds += seconds


def timed(micro: Micro[Any], add: Callable[[float], None]) -> Micro[Any]:
    """The same coroutine, which calls `add` with the seconds that it ran before each exchange."""
    answer = None
    while True:
        start = time.perf_counter()
        try:
            exchange = micro.send(answer)
        except StopIteration as end:
            return end.value
        finally:
            add(time.perf_counter() - start)
        answer = yield exchange


def profile_steps(objective: Objective, optimizer: Optimizer, data: Data, repeats: int) -> list[StepTime]:
    """The medians of several steps on the batch `data`, after a warm-up step. The model does not change."""
    profile_step(objective, optimizer, data)  # warm-up
    runs = [profile_step(objective, optimizer, data) for _ in range(repeats)]
    return [
        StepTime(
            same[0].name,
            float(np.median([row.forward for row in same])),
            float(np.median([row.backward for row in same])),
            same[0].way,
        )
        for same in zip(*runs, strict=True)
    ]


def profile_step(objective: Objective, optimizer: Optimizer, data: Data) -> list[StepTime]:
    """One step on the batch `data`, timed. The optimizer works on copies."""
    stages: list[TimedStage] = []

    def watch(stage: Stage, path: Path) -> Stage:
        stages.append(TimedStage(stage, path))
        return stages[-1]

    objective = objective._replace(network=objective.network.mapped(watch))
    optimizer, params = deepcopy(optimizer), {name: p.copy() for name, p in objective.network.trained_params.items()}
    with worker_pool(1):
        start = time.perf_counter()
        step = training.batch_gradients(objective, Position(0, 0), data, np.arange(len(data)))
        middle = time.perf_counter()
        optimizer.update(params, *step.terms)
        end = time.perf_counter()
    rows = [StepTime(stage.title, stage.forward_seconds, stage.backward_seconds, stage.way) for stage in stages]
    inside = sum(row.forward + row.backward for row in rows)
    rows.append(StepTime("loss, and the way between layers", middle - start - inside, 0.0))
    rows.append(StepTime(f"optimizer ({type(optimizer).__name__})", end - middle, 0.0))
    return rows


def profile_lines(rows: Sequence[StepTime], title: str) -> list[str]:
    """A table of the parts: milliseconds of forward and backward, the share of the total, and the way of convolving."""
    total = sum(row.forward + row.backward for row in rows)
    width = max(len(row.name) for row in rows)
    lines = [title, "", f"{'':{width}}   forward  backward   share"]
    for row in rows:
        back = f"{row.backward * 1e3:7.1f} ms" if row.backward else " " * 10
        share = (row.forward + row.backward) / total
        lines.append(f"{row.name:{width}}  {row.forward * 1e3:6.1f} ms {back}  {share:5.1%}  {row.way}".rstrip())
    return [*lines, f"{'all of it':{width}}  {total * 1e3:6.1f} ms"]
