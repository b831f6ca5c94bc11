"""Resuming a training from a file."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from numpycnn.common.configuration import custom_objects
from numpycnn.files.arrays import Arrays
from numpycnn.files.description import describe_model
from numpycnn.files.difference import differences
from numpycnn.files.dispatch import read
from numpycnn.files.errors import explained
from numpycnn.files.model import names_of
from numpycnn.files.own import own_of

if TYPE_CHECKING:
    from numpycnn.callbacks import Callback, History
    from numpycnn.models import Sequential


def restore(
    path: str | os.PathLike[str], model: "Sequential", history: "History", callbacks: Sequence["Callback"]
) -> None:
    """Restore a model, a History and callbacks from a file.

    Raises ModelFileError for a file that `load` does not take, or that holds another model or other callbacks; the
    model and the History then stay as they are.
    """
    with custom_objects(own_of(model)):
        saved, description, states = read(path)
        own = describe_model(model, names_of(callbacks))
    with explained(path):
        for difference in differences(description, own):
            raise ValueError(f"holds another training: {difference}")
        set_states(callbacks, states)
    weights = model.arrays
    for name, array in saved.arrays.items():
        weights[name][...] = array
    if model.optimizer is not None and saved.optimizer is not None:
        model.optimizer.become(saved.optimizer)
    model.seed, model.steps, model.stop_training = saved.seed, saved.steps, saved.stop_training
    if saved.history is not None:
        history.epoch, history.history = saved.history.epoch, saved.history.history


def set_states(callbacks: Sequence["Callback"], states: Sequence[Arrays]) -> None:
    """Restore the state of each callback. Raises ValueError or TypeError for an invalid state."""
    for callback, state in zip(callbacks, states, strict=True):
        try:
            callback.set_state(state)
        except KeyError as error:
            raise ValueError(
                f"{type(callback).__name__}: expected a state with {error}; received {', '.join(state)}"
            ) from None
