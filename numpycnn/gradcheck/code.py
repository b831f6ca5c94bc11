"""Code as people write it: a forward and its backward in any of the usual styles, called in one way.

    y = f(x, w)                      dx, dw = backward(dy, x, w)        a function and its backward
    y, cache = f(x, w, param)        dx, dw = backward(dy, cache)       Stanford's CS231n
    y = f(ctx, x, w)                 dx, dw = backward(ctx, dy)         PyTorch's Function, written in NumPy
    y = layer.forward(x)             dx = layer.backward(dy)            an object with parameters, see `objects.py`
    loss, dw = f(w, x, y)                                               a loss that returns its gradient too
    y = f(x)                         numbers                            claimed gradients, known at one point

Each becomes one function, which takes the inputs by name, and returns the output and its pullback: a function of dy
that returns the gradients. The pullback is what calculus calls a backward.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from inspect import Parameter, signature
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array

Values = Mapping[str, Any]
Pullback = Callable[[Array | None], Any]
"""Takes dy, or None where the output is a number; returns gradients: by name, in a tuple, or one by itself."""

POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


class Code(NamedTuple):
    """A forward with its backward."""

    title: str
    values: dict[str, Any]
    """The inputs, as they are given, and the parameters of an object, by name."""
    call: Callable[[Values], tuple[Any, Pullback]]
    """Takes all values; returns the output and the pullback."""
    movable: bool = True
    """Whether the gradients are known at any point."""
    notes: tuple[str, ...] = ()
    """What else there is to say."""


class Context:
    """What a Function's forward keeps for its backward: PyTorch's `ctx`."""

    saved_tensors: tuple[Any, ...] = ()

    def __init__(self, count: int) -> None:
        self.needs_input_grad = (True,) * count

    def save_for_backward(self, *saved: Any) -> None:
        """Keep what the backward finds as `saved_tensors`."""
        self.saved_tensors = saved


def code_of(
    owner: str, forward: Callable[..., Any], backward: Any, inputs: Sequence[Any], constants: dict[str, Any]
) -> Code:
    """The code of two functions. Raises TypeError unless forward is one, and there is at least one input."""
    checks.function(owner, "forward", forward)
    if not inputs:
        raise TypeError(f"{owner}: expected at least one input")
    names = parameter_names(forward)
    if names[:1] == ["ctx"]:
        checks.function(owner, "backward, where forward takes ctx,", backward)
        names, call = names[1:], with_context(forward, backward, constants)
    else:
        call = by_position(owner, forward, backward, constants)
    title = getattr(forward, "__name__", type(forward).__name__)
    movable = backward is None or callable(backward)
    return Code(title, dict(zip(labels(names, len(inputs)), inputs, strict=True)), call, movable)


def by_position(
    owner: str, forward: Callable[..., Any], backward: Any, constants: dict[str, Any]
) -> Callable[[Values], tuple[Any, Pullback]]:
    """The styles without a context."""
    own = accepted(backward, constants) if callable(backward) else {}
    positional = [name for name in parameter_names(backward) if name not in own] if callable(backward) else []

    def call(values: Values) -> tuple[Any, Pullback]:
        inputs = list(values.values())
        result = forward(*inputs, **deepcopy(constants))
        if backward is None:
            y, gradients = pair(owner, result)
            return y, lambda dy: gradients
        if not callable(backward):
            return result, lambda dy: backward
        if is_pair(result):
            y, cache = result
            return y, lambda dy: backward(1.0 if dy is None else dy, cache)
        one = [1.0] if len(positional) > len(inputs) else []  # dy, where the output is a number
        return result, lambda dy: backward(*(one if dy is None else [dy]), *inputs, **deepcopy(own))

    return call


def with_context(
    forward: Callable[..., Any], backward: Callable[..., Any], constants: dict[str, Any]
) -> Callable[[Values], tuple[Any, Pullback]]:
    """PyTorch's style."""

    def call(values: Values) -> tuple[Any, Pullback]:
        ctx = Context(len(values))
        y = forward(ctx, *values.values(), **deepcopy(constants))
        return y, lambda dy: backward(ctx, 1.0 if dy is None else dy)

    return call


def is_pair(result: Any) -> bool:
    """Whether a forward's result is (out, cache)."""
    return isinstance(result, tuple) and len(result) == 2 and isinstance(result[0], (np.ndarray, np.generic, float))


def pair(owner: str, result: Any) -> tuple[Any, Any]:
    """A loss and its gradients. Raises TypeError for anything else."""
    if not is_pair(result):
        raise TypeError(
            f"{owner}: without a backward, forward must return a loss and its gradients; "
            f"received {checks.short_repr(result)}"
        )
    loss, gradients = result
    return loss, gradients


def parameter_names(function: Callable[..., Any]) -> list[str]:
    """The names of a function's positional parameters; none where Python cannot tell."""
    try:
        parameters = signature(function).parameters.values()
    except (TypeError, ValueError):  # some functions written in C have no signature
        return []
    return [one.name for one in parameters if one.kind in POSITIONAL]


def labels(names: Sequence[str], count: int) -> list[str]:
    """A name for each input: its parameter's, and beyond those, by position."""
    if count == 1 and not names:
        return ["input"]
    return [names[k] if k < len(names) else f"input {k}" for k in range(count)]


def accepted(function: Callable[..., Any], constants: dict[str, Any]) -> dict[str, Any]:
    """Those of the constants that a function takes by name."""
    names = parameter_names(function)
    return {name: value for name, value in constants.items() if name in names}


def by_name(owner: str, names: Sequence[str], takers: Sequence[str], result: Any) -> dict[str, Array]:
    """What a backward returns as gradients by name; without those that are None.

    A dict has the names of the inputs, or these with a d before them. A tuple has a gradient for every input, or for
    those that can take one: `takers`. Raises ValueError for any other number of gradients.
    """
    if isinstance(result, dict):
        found = {name: value for name in names for key, value in result.items() if key in spellings(name)}
        return arrays(found)
    listed = result if isinstance(result, tuple) or (isinstance(result, list) and len(names) > 1) else [result]
    owners = names if len(listed) == len(names) else takers
    if len(listed) != len(owners) and result is not None:
        raise ValueError(
            f"{owner}: expected gradients of {len(owners)} inputs, {', '.join(owners)}; received {len(listed)}. Inputs "
            "that take no gradient are named with no_gradient"
        )
    return arrays(dict(zip(owners, listed, strict=False)))


def arrays(found: Mapping[str, Any]) -> dict[str, Array]:
    """Gradients as arrays, those that are None left out."""
    return {name: np.asarray(value) for name, value in found.items() if value is not None}


def spellings(name: str) -> tuple[str, ...]:
    """The names that people give to the gradient of `name`."""
    return (
        name,
        f"d{name}",
        f"d_{name}",
        f"grad_{name}",
        f"grad{name}",
        f"{name}_grad",
        f"{name}_gradient",
        f"g{name}",
    )
