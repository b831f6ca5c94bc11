"""Optimizers and schedules by themselves, without a network: ours beside Keras's, and beside what it left on file.

An optimizer is an entry, as in `draw.py`; a learning rate that is an entry is a schedule.
"""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from numpycnn import optimizers
from numpycnn.common.typing import Array
from numpycnn.optimizers import schedules
from parity.figures import error

PATH = Path(__file__).parent / "optimizers.json"
STEPS = 10
BOUND = 1e-12
"""In units of the largest number."""

ON_FILE = 7
"""The first row that the file keeps; those before are steps on the way."""

Entry = tuple[str, dict[str, Any]]

ADAM = {"beta_1": (0.9, 0.5), "beta_2": (0.999, 0.75), "epsilon": (1e-7, 1e-3)}
OWN: dict[str, dict[str, tuple[Any, ...]]] = {
    "SGD": {"momentum": (0.0, 0.9), "nesterov": (True, False)},
    "RMSprop": {"rho": (0.9, 0.75), "momentum": (0.0, 0.5), "centered": (True, False), "epsilon": (1e-7, 1e-3)},
    "Adam": {**ADAM, "amsgrad": (True, False)},
    "AdamW": {**ADAM, "amsgrad": (True, False), "weight_decay": (0.004, 0.5)},
    "Nadam": ADAM,
    "Adagrad": {"initial_accumulator_value": (0.1, 0.0), "epsilon": (1e-7, 1e-3)},
    "Adadelta": {"rho": (0.95, 0.5), "epsilon": (1e-7, 1e-3)},
    "Adamax": ADAM,
    "Lion": {"beta_1": (0.9, 0.5), "beta_2": (0.99, 0.5)},
}
"""The values of each optimizer's own arguments that are drawn."""

SHARED: tuple[dict[str, Any], ...] = (
    {},
    {"weight_decay": 0.25},
    {"clipnorm": 0.5},
    {"clipvalue": 0.25},
    {"global_clipnorm": 0.5, "weight_decay": 0.125},
    {"use_ema": True, "ema_momentum": 0.75},
    {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 3},
)
"""The options of all optimizers that are drawn."""

# Before a root the steps of a decay are a power of two: on JAX, compiled, step/steps is step*(1/steps), and the root of
# 1 minus that is far from 0 at the end.
RATES: tuple[float | Entry, ...] = (
    0.125,
    0.03125,
    ("ExponentialDecay", {"initial_learning_rate": 0.125, "decay_steps": 4, "decay_rate": 0.5}),
    ("ExponentialDecay", {"initial_learning_rate": 0.125, "decay_steps": 4, "decay_rate": 0.5, "staircase": True}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.125, "decay_steps": 3, "decay_rate": 0.5}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.125, "decay_steps": 3, "decay_rate": 0.5, "staircase": True}),
    ("PiecewiseConstantDecay", {"boundaries": [2, 5], "values": [0.125, 0.0625, 0.03125]}),
    ("PolynomialDecay", {"initial_learning_rate": 0.125, "decay_steps": 8, "end_learning_rate": 0.01, "power": 0.5}),
    ("PolynomialDecay", {"initial_learning_rate": 0.125, "decay_steps": 3, "power": 2.0, "cycle": True}),
    ("CosineDecay", {"initial_learning_rate": 0.125, "decay_steps": 7, "alpha": 0.1}),
    (
        "CosineDecay",
        {"initial_learning_rate": 0.01, "decay_steps": 5, "warmup_target": 0.125, "warmup_steps": 3},
    ),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.125, "first_decay_steps": 3, "m_mul": 0.75, "alpha": 0.01}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.125, "first_decay_steps": 3, "t_mul": 1.0}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.125, "first_decay_steps": 2, "t_mul": 1.5, "m_mul": 1.25}),
)


class Problem(NamedTuple):
    """Where two parameters begin, and their gradients of each step."""

    params: list[Array]
    gradients: list[list[Array]]


def problem(seed: int) -> Problem:
    """Parameters of six and of two entries, and gradients of widely different sizes, zero among them."""
    rng = np.random.default_rng(seed)
    params = [rng.uniform(-1, 1, (3, 2)), rng.uniform(-1, 1, 2)]
    gradients = [
        [rng.normal(size=w.shape) * 10.0 ** rng.integers(-3, 2, w.shape) for w in params] for _ in range(STEPS)
    ]
    gradients[2][1][0] = 0.0
    return Problem(params, gradients)


def entries(rng: np.random.Generator) -> Iterator[Entry]:
    """Optimizers without end: each name in its turn, from a drawn one on, with drawn arguments."""
    names = list(OWN)
    for number in count(int(rng.integers(len(names)))):
        name = names[number % len(names)]
        yield name, arguments(rng, name)


def arguments(rng: np.random.Generator, name: str) -> dict[str, Any]:
    """Drawn arguments of that optimizer."""
    own = {argument: values[rng.integers(len(values))] for argument, values in OWN[name].items()}
    return {"learning_rate": RATES[rng.integers(len(RATES))], **SHARED[rng.integers(len(SHARED))], **own}


def made(classes: Any, its_schedules: Any, entry: Entry) -> Any:
    """The optimizer of an entry."""
    name, given = entry
    rate = given.get("learning_rate")
    if isinstance(rate, (list, tuple)):
        given = {**given, "learning_rate": getattr(its_schedules, rate[0])(**rate[1])}
    return getattr(classes, name)(**given)


def ours(entry: Entry, given: Problem) -> Array:
    """The parameters after each step, (steps, entries), and then the moving averages, if there are any."""
    optimizer, names, rows = made(optimizers, schedules, entry), ("kernel", "bias"), []
    params = dict(zip(names, (w.copy() for w in given.params), strict=True))
    for gradients in given.gradients:
        optimizer.update(params, dict(zip(names, gradients, strict=True)))
        rows.append(row(params.values()))
    if optimizer.use_ema:
        rows.append(row(optimizer.state["average"].values()))
    return np.stack(rows)


def row(arrays: Any) -> Array:
    """All numbers in a row."""
    return np.concatenate([np.ravel(array) for array in arrays])


# ---------------------------------------------------------------- what is on file


def to_record() -> list[Entry]:
    """Every optimizer with its defaults; each with every option, and with several schedules, in turn."""
    rng = np.random.default_rng(2026)
    found: list[Entry] = [(name, {"learning_rate": 0.125}) for name in OWN]
    for number, name in enumerate(list(OWN) * len(SHARED)):
        drawn = arguments(rng, name)
        drawn = {key: value for key, value in drawn.items() if key in OWN[name]}
        rate = RATES[number % len(RATES)]
        found.append((name, {"learning_rate": rate, **SHARED[number // len(OWN)], **drawn}))
    return found


def record() -> None:
    """Write the file."""
    from parity.keras_optimizers import theirs  # it needs Keras

    lines = [
        json.dumps([one, theirs(one, problem(number))[ON_FILE:].tolist()]) for number, one in enumerate(to_record())
    ]
    PATH.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def load() -> list[tuple[Entry, Array]]:
    """The entries on file, and Keras's numbers."""
    return [((name, given), np.array(rows)) for (name, given), rows in json.loads(PATH.read_text("utf-8"))]


def compare(number: int, seed: int) -> bool:
    """Compare that many drawn optimizers with Keras's, print the worst error, and return whether all are near."""
    from parity.keras_optimizers import theirs  # it needs Keras

    drawn, found = entries(np.random.default_rng(seed)), []
    for index in range(number):
        entry, given = next(drawn), problem(index)
        found.append(error(ours(entry, given), theirs(entry, given)))
        if found[-1] > BOUND:
            print(f"Too far apart: {found[-1]:.1e}\n  {entry}")
    print(f"{number} optimizers against Keras in float64, {STEPS} steps each, seed {seed}")
    print(f"  parameters {max(found):.1e}, bound {BOUND:.0e}")
    return max(found) <= BOUND
