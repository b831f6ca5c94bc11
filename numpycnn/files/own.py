"""What is a program's own in a model: a file has the names alone, under which `load_model` takes it again."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from numpycnn import metrics
from numpycnn.activations import ACTIVATIONS, is_own
from numpycnn.common.configuration import is_librarys
from numpycnn.initializers import FunctionInitializer, Initializer
from numpycnn.layers.container import every_layer

if TYPE_CHECKING:
    from numpycnn.engine.network import Network

NAMES = {"lambda", "<lambda>", "activation", *(activation.name for activation in ACTIVATIONS.values())}
"""Those of activations that stand for another one in a file, or for none."""


def own_of(model: "Network") -> dict[str, Any]:
    """The functions and classes of the program's own in a model, by the names under which a file has them."""
    compiled: Any = model
    functions = [layer.activation for layer in every_layer(model.layers) if is_own(layer.activation)]
    parts = (*every_layer(model.layers), *rules(model), *initializers_of(model), compiled.optimizer, compiled.loss)
    classes = {type(part).__name__: type(part) for part in parts}
    initial = [one for one in initializers_of(model) if isinstance(one, FunctionInitializer)]
    taken = {*NAMES, *metrics.METRICS, *(one.name for one in functions)}
    return {
        **{one.name: one.function or one for one in functions if one.name not in NAMES},
        **{one.name: one.function for one in initial if one.name not in taken},
        **{name: cls for name, cls in classes.items() if is_class_of_ones_own(cls)},
        **metrics.own_of(compiled.metrics.values()),
    }


def is_class_of_ones_own(cls: type) -> bool:
    """Whether it is not of the library, and describes its objects."""
    return not is_librarys(cls) and hasattr(cls, "get_config")


def initializers_of(model: "Network") -> Iterator[Initializer]:
    """Those of all layers."""
    for layer in every_layer(model.layers):
        yield from (value for value in vars(layer).values() if isinstance(value, Initializer))


def rules(model: "Network") -> Iterator[Any]:
    """The regularizers and constraints of all layers."""
    for _, layer in model.leaves():
        activity = layer.activity_regularizer
        yield from (*layer.regularizers.values(), *layer.constraints.values(), *([activity] if activity else []))
