"""Random networks through Keras's files in both directions: the same predictions, and the same losses afterwards."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from numpycnn import load_model
from numpycnn.common.typing import Array
from parity import keras_side, ours
from parity.draw import Case, made
from parity.live import fresh
from parity.optimizers import made as optimizer_of

keras: Any = vars(keras_side)["keras"]  # which that module tells the backend
SUFFIXES = (".keras", ".h5")
STEPS = 10
BOUNDS = {"float32": (1e-6, 1e-4), "float64": (1e-12, 1e-9)}
"""For each dtype: how far predictions, and losses in STEPS steps, may differ, relative to the largest of them or 1."""


class Figures(NamedTuple):
    """What a model predicts, and its losses in training that goes on."""

    predictions: Array
    losses: Array


def compare(networks: int, seed: int, dtype: str) -> bool:
    """Compare, print the worst differences beside the bounds, and return whether all are within them."""
    worst = np.zeros(2)
    with TemporaryDirectory() as folder:
        for number, case in enumerate(islice(fresh(seed, dtype, both=False, blocks=True), networks)):
            path = Path(folder) / f"model{SUFFIXES[number % 2]}"
            for direction in (from_keras, to_keras):
                found = differences(*direction(path, case, dtype))
                if not (found <= BOUNDS[dtype]).all():
                    print(f"Too far apart as XLA compiles it, by {found}; compared without", flush=True)
                    found = differences(*direction(path, case, dtype, eagerly=True))
                worst = np.maximum(worst, found)
                if not (found <= BOUNDS[dtype]).all():
                    print(f"Too far apart, {direction.__name__}, {path.suffix}: {found}\n  {case.spec}", flush=True)
    print(f"{networks} networks through Keras's files in {dtype}, seed {seed}")
    print(
        f"  predictions {worst[0]:.1e} (bound {BOUNDS[dtype][0]:.0e}), losses {worst[1]:.1e} ({BOUNDS[dtype][1]:.0e})"
    )
    return bool((worst <= BOUNDS[dtype]).all())


def from_keras(path: Path, case: Case, dtype: str, *, eagerly: bool = False) -> tuple[Figures, Figures]:
    """A model that Keras trained and saved, there and here.

    Keras does not keep every setting of a loss, such as Huber's delta; there only predictions are compared.
    """
    kept = made(vars(keras.losses), case.spec.loss).get_config()
    steps = STEPS if case.spec.loss[1].keys() <= kept.keys() else 0
    return through(path, case, dtype, compiled_in_keras(case, dtype, eagerly), load_model, steps)


def to_keras(path: Path, case: Case, dtype: str, *, eagerly: bool = False) -> tuple[Figures, Figures]:
    """A model that was trained and saved here, here and there.

    Keras 3 on JAX cannot train what it loaded from .h5, of its own either, so there only predictions are compared.
    """
    steps = STEPS if path.suffix == ".keras" else 0

    def load(path: Path) -> Any:
        model = keras.saving.load_model(path)
        model.run_eagerly = eagerly
        return model

    return through(path, case, dtype, ours.build(case, dtype, fast=True), load, steps)


def through(
    path: Path, case: Case, dtype: str, model: Any, load: Callable[[Path], Any], steps: int
) -> tuple[Figures, Figures]:
    """The figures of a model after a step, and those of what the other side loads from its file."""
    x, y = case.x.astype(dtype), case.y if case.y.dtype.kind == "i" else case.y.astype(dtype)
    model.train_on_batch(x, y)
    model.save(path)
    loaded = load(path)
    first, second = (Figures(one.predict(x, verbose=0), losses(one, x, y, steps)) for one in (model, loaded))
    return first, second


def losses(model: Any, x: Array, y: Array, steps: int) -> Array:
    """The losses of some more steps, and 0 before them."""
    return np.array([0.0, *(np.ravel(model.train_on_batch(x, y))[0] for _ in range(steps))])


def compiled_in_keras(case: Case, dtype: str, eagerly: bool) -> Any:
    """The case's network, compiled, with its weights. eagerly: without XLA: see `keras_side.Uncompiled`."""
    keras.config.set_floatx(dtype)
    model = keras_side.model_of(case)
    optimizer = optimizer_of(keras.optimizers, keras.optimizers.schedules, case.spec.optimizer)
    model.compile(optimizer, made(vars(keras.losses), case.spec.loss), run_eagerly=eagerly)
    return model


def differences(one: Figures, other: Figures) -> Array:
    """The largest difference of predictions, and of losses."""
    scales = (max(1.0, float(np.abs(a).max())) for a in one)
    return np.array([np.abs(a - b).max() / scale for a, b, scale in zip(one, other, scales, strict=True)])
