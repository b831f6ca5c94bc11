"""Objects with a forward, a backward and parameters, as people write their layers and networks.

    layer.W, layer.b         set by the constructor; their gradients layer.dW (or grad_W, W_grad ...) by backward
    layer.params["W"]        a dict, with the gradients in layer.grads["W"], or returned by backward or the loss
    layer.params[0]          a list, with the gradients in layer.grads[0]
    layer.W.data             an object with data and grad
    net.fc.W, net.layers[0].W, net.weights[0]     in objects inside, and in lists, tuples and dicts

Every call is made on a copy, with the parameters that it is to have, so that nothing is carried from one to the next.
Arrays of floats of the object itself that have no gradient after a backward are missing, except running and moving
averages. Of those inside, where it may keep anything, the report names what has none.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.gradcheck.code import Code, Pullback, Values, by_name, is_pair, labels, parameter_names, spellings
from numpycnn.gradcheck.parts import items, parts

AVERAGES = ("running", "moving")
"""What the names of arrays begin with that are not trained."""


class Methods(NamedTuple):
    """An object and the names of its methods; backward is empty where the forward returns the gradients too."""

    holder: Any
    forward: str
    backward: str


def methods_of(forward: Any, backward: Any) -> Methods | None:
    """The object that two bound methods belong to, or that is given itself; None where there is none."""
    holder = getattr(forward, "__self__", None)
    if holder is not None and hasattr(holder, "__dict__") and not isinstance(holder, type):
        same = getattr(backward, "__self__", None) is holder
        return Methods(holder, forward.__name__, backward.__name__) if same else one_method(holder, forward, backward)
    return None


def one_method(holder: Any, forward: Any, backward: Any) -> Methods | None:
    """A method that returns a loss and its gradients."""
    return Methods(holder, forward.__name__, "") if backward is None else None


def code_of_object(owner: str, methods: Methods, inputs: Sequence[Any], constants: dict[str, Any]) -> Code:
    """The code of an object's methods."""
    holder = methods.holder
    names = labels(parameter_names(getattr(holder, methods.forward)), len(inputs))
    own = parameters(holder)
    known = {id(array) for array in own.values()}
    inside = {name: array for name, array in arrays_inside(holder).items() if id(array) not in known}
    values = dict(zip(names, inputs, strict=True))
    call = pullbacks(owner, methods, names, own | inside, constants)
    found = gradients_found(call, values | own | inside) if inside else {}
    kept = own | {name: array for name, array in inside.items() if name in found}
    left = [name for name in inside if name not in found]
    notes = (f"not compared, for a backward leaves no gradient of it: {', '.join(left)}",) if left else ()
    return Code(type(holder).__name__, values | kept, pullbacks(owner, methods, names, kept, constants), notes=notes)


def gradients_found(call: Callable[[Values], tuple[Any, Pullback]], values: Values) -> dict[str, Array]:
    """The gradients after a forward and a backward; none where the code raises an error, which is seen later."""
    try:
        y, pullback = call(deepcopy(dict(values)))
        return dict(pullback(np.ones_like(y) if np.ndim(y) else None))
    except Exception:  # whatever user code raises
        return {}


def pullbacks(
    owner: str, methods: Methods, names: Sequence[str], kept: dict[str, Array], constants: dict[str, Any]
) -> Callable[[Values], tuple[Any, Pullback]]:
    """The function that calls the methods of a copy. kept: the object's parameters."""

    def call(values: Values) -> tuple[Any, Pullback]:
        own = {name: values[name] for name in kept}
        instead = {id(array): own[name] for name, array in kept.items()}
        twin = deepcopy(methods.holder, instead)  # in all places where a parameter is kept
        result = getattr(twin, methods.forward)(*(values[name] for name in names), **deepcopy(constants))
        y, rest = result if is_pair(result) else (result, None)

        def pullback(dy: Array | None) -> dict[str, Array]:
            cache = [rest] if is_pair(result) else []
            back = getattr(twin, methods.backward)(1.0 if dy is None else dy, *cache) if methods.backward else rest
            found = {**gradients_inside(twin), **of_parameters(twin, own)}
            return {**{name: found[name] for name in own if name in found}, **returned(owner, values, names, back)}

        return y, pullback

    return call


def returned(owner: str, values: Values, names: Sequence[str], result: Any) -> dict[str, Array]:
    """The gradients that a backward returns: of the inputs, or of the parameters too; a dict may stand last."""
    if isinstance(result, tuple) and result and isinstance(result[-1], dict):
        *listed, last = result
        return {**by_name(owner, list(values), [], last), **returned(owner, values, names, tuple(listed))}
    floats = [name for name in names if np.asarray(values[name]).dtype.kind == "f"]
    several = isinstance(result, tuple) and len(result) > len(names)
    return by_name(owner, list(values), list(values) if several else floats, result)


# ---------------------------------------------------------------- parameters


def parameters(holder: Any) -> dict[str, Array]:
    """The parameters of an object by name."""
    params = getattr(holder, "params", None)
    if isinstance(params, dict):
        return {name: value for name, value in params.items() if is_trained(name, value)}
    if isinstance(params, list):
        return {f"params[{k}]": value for k, value in enumerate(params)}
    found = {name: data_of(value) for name, value in vars(holder).items() if name not in gradient_names(holder)}
    return {name: value for name, value in found.items() if is_trained(name, value)}


def gradient_names(holder: Any) -> set[str]:
    """The names that gradients of an object's attributes have."""
    return {"grads", *(gradient for name in vars(holder) for gradient in spellings(name)[1:])}


def is_trained(name: str, value: Any) -> bool:
    """Whether an attribute is a parameter: an array of floats, and no average."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and not name.startswith(AVERAGES)


def data_of(value: Any) -> Any:
    """The array of an attribute that has data and grad, or the attribute."""
    return value if isinstance(value, np.ndarray) or not hasattr(value, "grad") else getattr(value, "data", value)


def of_parameters(holder: Any, names: Values) -> dict[str, Array]:
    """The gradients that an object keeps, by its parameters' names."""
    found = {name: gradient_of(holder, k, name) for k, name in enumerate(names)}
    return {name: np.asarray(value) for name, value in found.items() if value is not None}


def gradient_of(holder: Any, k: int, name: str) -> Any:
    """The gradient of one parameter; None where there is none."""
    grads, own = getattr(holder, "grads", None), vars(holder).get(name)
    if isinstance(grads, list):
        return grads[k] if k < len(grads) else None
    if own is not data_of(own):
        return own.grad
    kept, names = (grads, spellings(name)) if isinstance(grads, dict) else (vars(holder), spellings(name)[1:])
    return next((kept[key] for key in names if key in kept), None)


# ---------------------------------------------------------------- objects, lists, tuples and dicts inside


def arrays_inside(holder: Any) -> dict[str, Array]:
    """The arrays of floats in the parts of an object, by their paths; no gradients."""
    found: dict[str, Any] = {}
    for part in parts(holder):
        if part.is_object:
            found |= {f"{part.path}.{name}": array for name, array in parameters(part.value).items()}
        elif part.name not in gradient_names(part.owner):
            found |= {f"{part.path}[{key!r}]": data_of(one) for key, one in items(part.value)}
    return {path: value for path, value in found.items() if is_trained(path, value)}


def gradients_inside(holder: Any) -> dict[str, Array]:
    """The gradients of these: beside them in an object, or in another list, tuple or dict by the same keys."""
    found: dict[str, Any] = {}
    for part in parts(holder):
        if part.is_object:
            own = of_parameters(part.value, parameters(part.value))
            found |= {f"{part.path}.{name}": gradient for name, gradient in own.items()}
            continue
        found |= {f"{part.path}[{key!r}]": one.grad for key, one in items(part.value) if one is not data_of(one)}
        for name in spellings(part.name)[1:]:
            found |= {f"{part.path}[{key!r}]": one for key, one in items(vars(part.owner).get(name))}
    return {path: np.asarray(gradient) for path, gradient in found.items() if gradient is not None}
