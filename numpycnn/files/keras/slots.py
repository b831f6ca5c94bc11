"""The optimizer's arrays as a list, in Keras's order.

    iterations, the learning rate unless it is a schedule, the moving averages, then each optimizer's own slots, where
    those that Keras makes together take turns: momentum and velocity of the first parameter, of the second, ...

Keras 2's optimizers before 2.11, and Keras 1's, have all momentums, then all velocities, and no learning rate.
"""

import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from numpycnn.common.older import users_level
from numpycnn.common.typing import Array
from numpycnn.files.arrays import Progress
from numpycnn.files.keras.variables import trained_names
from numpycnn.optimizers import Nadam, Optimizer, RMSprop
from numpycnn.optimizers.base import AVERAGE
from numpycnn.optimizers.schedules import LearningRateSchedule

if TYPE_CHECKING:
    from numpycnn.models import Sequential

KERAS_NAMES = {"RMSprop": {"mean_square": "velocity", "velocity": "momentum", "mean": "average_gradient"}}
KERAS_NAMES["SGD"] = {"velocity": "momentum"}
"""Keras's names of slots where they are others; they stand in legacy files."""


def groups(optimizer: Optimizer) -> list[tuple[str, ...]]:
    """The slots that Keras makes together, in its order."""
    own = optimizer.slots()
    found: list[tuple[str, ...]] = [(AVERAGE,)] if optimizer.use_ema else []
    if isinstance(optimizer, RMSprop):
        return found + [(slot,) for slot in ("mean_square", "velocity", "mean") if slot in own]
    return [*found, *filter(None, (own[:2], own[2:]))]  # Adam's velocity_hat comes by itself


def order(optimizer: Optimizer, names: Sequence[str], *, by_turns: bool = True) -> Iterator[tuple[str, str]]:
    """The slot and the parameter of each array. by_turns: False for Keras's optimizers before 2.11."""
    for group in groups(optimizer):
        if by_turns:
            yield from ((slot, name) for name in names for slot in group)
        else:
            yield from ((slot, name) for slot in group for name in names)


def take(model: "Sequential", values: Sequence[Array], *, by_turns: bool = True) -> None:
    """Give the optimizer of a built model its steps so far and its slots. Raises ValueError for other arrays."""
    if model.optimizer is not None and values:
        progress_of(model, values, by_turns=by_turns).give(model.optimizer)


def progress_in(model: Any, values: Sequence[Array]) -> Progress | None:
    """The same for a model that is there, and the rate; None, with a warning such as Keras's, if it does not fit."""
    if getattr(model, "optimizer", None) is None or not values:
        return None
    try:
        found = progress_of(model, values)
    except ValueError as error:
        warnings.warn(f"the optimizer stays as it is: {error}", stacklevel=users_level())
        return None
    own, theirs = model.optimizer._rate, values[1] if len(values) > 1 else np.empty(1)
    is_same = isinstance(own, LearningRateSchedule) or theirs.ndim > 0 or theirs.dtype.type(own) == theirs
    return found if is_same else found._replace(learning_rate=float(theirs))


def progress_of(model: Any, values: Sequence[Array], *, by_turns: bool = True) -> Progress:
    """What the optimizer of a built model has done, by Keras's arrays. Raises ValueError for other arrays."""
    optimizer, params = model.optimizer, model.trained_params
    arrays = [value for value in values if value.ndim]  # the others are the iterations, and the learning rate
    places = list(order(optimizer, trained_names(model), by_turns=by_turns))
    kind = type(optimizer).__name__
    if arrays and len(arrays) != len(places):
        raise ValueError(f"expected {len(places)} arrays of {kind}; found {len(arrays)}; compile=False leaves them out")
    state: dict[str, dict[str, Array]] = {slot: {} for slot, _ in places} if arrays else {}
    for (slot, name), array in zip(places, arrays, strict=False):
        if array.shape != params[name].shape:
            raise ValueError(f"{slot} of {name} must have the shape {params[name].shape}; received {array.shape}")
        state[slot][name] = array.astype(params[name].dtype, copy=False)
    return Progress(state, iterations(values[0]))


def iterations(value: Array) -> int:
    """The number of steps so far. Raises ValueError for anything but one whole number of at least 0."""
    if value.ndim or value.dtype.kind not in "iu" or value < 0:
        raise ValueError(f"the optimizer's first number must be its steps so far; received {value.dtype} {value.shape}")
    return int(value)


def listed(model: "Sequential") -> Iterator[tuple[str, Array]]:
    """Each array with its name in Keras."""
    optimizer: Any = model.optimizer
    kind = type(optimizer).__name__
    yield "iteration", np.array(optimizer.iterations)
    if not isinstance(optimizer._rate, LearningRateSchedule):
        yield "learning_rate", np.array(optimizer.learning_rate, model.dtype)
    params = model.trained_params
    for slot, name in order(optimizer, trained_names(model)):
        word = KERAS_NAMES.get(kind, {}).get(slot, slot)
        array = optimizer.state.get(slot, {}).get(name)
        yield f"{name.replace('/', '_')}_{word}", optimizer.first(slot, params[name]) if array is None else array
    if isinstance(optimizer, Nadam):
        yield "u_product", np.array(optimizer.momentum_product(optimizer.iterations), model.dtype)
