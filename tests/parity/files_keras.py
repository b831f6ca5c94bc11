"""Networks through Keras's files, in both directions: `.keras`, `.h5` and `.weights.h5` by turns."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from numpycnn import load_model
from parity import keras_side, ours
from parity.draw import Case, made
from parity.files import STEPS, Figures, Pairs, batch, differences, figures, is_within
from parity.optimizers import made as optimizer_of

keras: Any = vars(keras_side)["keras"]  # which that module tells the backend
SUFFIXES = (".keras", ".h5", ".weights.h5")


def is_expressible(case: Case) -> bool:
    """Whether the format has such a network: all of them."""
    return True


def exchanged(folder: Path, number: int, case: Case, dtype: str) -> Pairs:
    """From Keras, and to it; without XLA where its own results are too far apart: see `keras_side.Uncompiled`."""
    path = folder / f"model{SUFFIXES[number % len(SUFFIXES)]}"
    for direction in (from_keras, to_keras):
        pair = direction(path, case, dtype, eagerly=False)
        if not is_within(differences(*pair), dtype):
            print(f"Too far apart as XLA compiles it, by {differences(*pair)}; compared without", flush=True)
            pair = direction(path, case, dtype, eagerly=True)
        yield f"{direction.__name__}, {path.name}", *pair


def from_keras(path: Path, case: Case, dtype: str, *, eagerly: bool) -> tuple[Figures, Figures]:
    """A model that Keras trained and saved, there and here.

    Keras does not keep every setting of a loss, such as Huber's delta; there only predictions are compared.
    """
    if path.name.endswith(".weights.h5"):
        return through(path, case, dtype, in_keras(case, dtype, eagerly), with_weights(here(case, dtype)), STEPS)
    kept = made(vars(keras.losses), case.spec.loss).get_config()
    steps = STEPS if case.spec.loss[1].keys() <= kept.keys() else 0
    return through(path, case, dtype, in_keras(case, dtype, eagerly), load_model, steps)


def to_keras(path: Path, case: Case, dtype: str, *, eagerly: bool) -> tuple[Figures, Figures]:
    """A model that was trained and saved here, here and there.

    Keras 3 on JAX cannot train what it loaded from .h5, of its own either, so there only predictions are compared.
    """
    if path.name.endswith(".weights.h5"):
        there = in_keras(case, dtype, eagerly)
        there.optimizer.build(there.trainable_variables)
        return through(path, case, dtype, here(case, dtype), with_weights(there), STEPS)

    def load(path: Path) -> Any:
        model = keras.saving.load_model(path)
        model.run_eagerly = eagerly
        return model

    return through(path, case, dtype, here(case, dtype), load, STEPS if path.suffix == ".keras" else 0)


def through(
    path: Path, case: Case, dtype: str, model: Any, load: Callable[[Path], Any], steps: int
) -> tuple[Figures, Figures]:
    """The figures of a model after a step, and those of what the other side loads from its file."""
    model.train_on_batch(*batch(case, dtype))
    (model.save_weights if path.name.endswith(".weights.h5") else model.save)(path)
    loaded = load(path)
    return figures(model, case, dtype, steps), figures(loaded, case, dtype, steps)


def with_weights(model: Any) -> Callable[[Path], Any]:
    """What loads the weights of a file, and the optimizer's state, into the model."""

    def load(path: Path) -> Any:
        model.load_weights(path)
        return model

    return load


def here(case: Case, dtype: str) -> Any:
    return ours.build(case, dtype, fast=True)


def in_keras(case: Case, dtype: str, eagerly: bool) -> Any:
    """The case's network, compiled, with its weights."""
    keras.config.set_floatx(dtype)
    model = keras_side.model_of(case)
    optimizer = optimizer_of(keras.optimizers, keras.optimizers.schedules, case.spec.optimizer)
    model.compile(optimizer, made(vars(keras.losses), case.spec.loss), run_eagerly=eagerly)
    return model
