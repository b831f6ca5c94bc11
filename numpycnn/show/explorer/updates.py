"""The optimizer's next step of small kernels: the gradient, the slots before and after, and the new weights."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from numpycnn.common.typing import Array
from numpycnn.optimizers import Optimizer
from numpycnn.show.explorer.tensors import Tensors
from numpycnn.show.trace import Trace

MAX_UPDATED = 5_000
"""Weights; the step of a larger kernel is left out of the page."""


def add_updates(tensors: Tensors, optimizer: Optimizer, trace: Trace, trained: Mapping[str, Array]) -> dict[str, Any]:
    """What the optimizer would do after the traced batch: as "layer/update/what" of each small convolution kernel.

    trained: the parameters that training updates, by path. Neither they nor the optimizer change. Returns the
    optimizer's name, its settings and the number of the step.
    """
    optimizer, params = deepcopy(optimizer), {name: w.copy() for name, w in trained.items()}
    gradients, penalties = gradients_of(trace, "parameter_gradients"), gradients_of(trace, "penalty_gradients")
    shown = {name: w for name, w in params.items() if w.ndim == 4 and w.size <= MAX_UPDATED and name in gradients}
    before = {name: copied(optimizer.slots_of(name, w)) for name, w in shown.items()}
    optimizer.update(params, {name: gradients[name] for name in params}, penalties)
    for name, w in shown.items():
        layer = name.rpartition("/")[0]
        tensors.add(f"{layer}/update/kernel", w)
        for slot, after in optimizer.slots_of(name, w).items():
            tensors.add(f"{layer}/update/{slot} before", before[name][slot])
            tensors.add(f"{layer}/update/{slot} after", after)
    return {"name": type(optimizer).__name__, "step": optimizer.iterations, "config": scalars(optimizer.get_config())}


def copied(slots: Mapping[str, Array]) -> dict[str, Array]:
    """Copies of a parameter's slots."""
    return {slot: array.copy() for slot, array in slots.items()}


def gradients_of(trace: Trace, kind: str) -> dict[str, Array]:
    """The trace's gradients of one kind, by the parameter's path."""
    return {f"{layer.name}/{key}": g for layer in trace.layers.values() for key, g in getattr(layer, kind).items()}


def scalars(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are single numbers, words or switches."""
    return {key: value for key, value in config.items() if isinstance(value, str | int | float)}
