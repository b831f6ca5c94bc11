"""An ONNX file as a model."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from numpycnn.activations import linear
from numpycnn.common import checks
from numpycnn.common.randomness import draw_seed
from numpycnn.files.errors import explained
from numpycnn.files.onnx.constants import Constants
from numpycnn.files.onnx.data import Step, known_values, steps_of
from numpycnn.files.onnx.node_axes import cut
from numpycnn.files.onnx.node_layers import READERS, cast
from numpycnn.files.onnx.node_shapes import reshape
from numpycnn.files.onnx.node_sizes import resize
from numpycnn.files.onnx.parsing import Parsed, parse, parsed
from numpycnn.files.onnx.patterns import Found, activation_of
from numpycnn.files.onnx.stack import Operation, Stack
from numpycnn.layers import LAYERS, Activation, Branches, Layer, Residual
from numpycnn.layers.base import Arrays

if TYPE_CHECKING:
    from numpycnn.models import Sequential


def load(path: str | os.PathLike[str]) -> "Sequential":
    """The model in a file. Raises ModelFileError for a damaged one, and for what no layer computes; OSError."""
    found = parse(path)
    with explained(path):
        return from_parsed(found)


def from_onnx(proto: Any) -> "Sequential":
    """The model of an `onnx.ModelProto`. Raises ValueError or TypeError for what no layer computes."""
    return from_parsed(parsed(proto))


def from_parsed(found: Parsed) -> "Sequential":
    """The model of a file's content. Raises ValueError or TypeError for what no layer computes."""
    known = known_values(found)
    weights: dict[int, Arrays] = {}
    stack = Stack(found.input_shape, tuple(range(len(found.input_shape) + 1)), weights)
    constants = Constants(found, known)
    constants.shapes[found.input] = stack.example
    with np.errstate(all="ignore"):  # weights that overflow when they are scaled are infinite, as in the file's network
        Walk(found, constants).read(steps_of(found, known), stack)
        stack.plain()
        if not stack.layers:
            stack.add(Activation(linear))
        return assembled(found, stack.layers, weights)


class Walk:
    """The steps of a file's graph, turned into layers one after another."""

    def __init__(self, found: Parsed, constants: Constants) -> None:
        self.opset, self.constants = found.opset, constants
        self.readers = {**READERS, "Cast": cast(found.dtype)}
        self.readers |= {"Reshape": reshape(found.batch), "Resize": resize(found.batch), "Slice": cut(found.batch)}

    def read(self, steps: Sequence[Step], stack: Stack) -> None:
        """Append the layers of these steps. Raises ValueError, which names the node, for what no layer computes."""
        for step in steps:
            example = stack.example
            merged = [stack.branch() for _ in step.branches]
            found = activation_of(step, self.constants) if step.branches else None
            if found is None:
                for own, branch in zip(step.branches, merged, strict=True):
                    self.read(own, branch)
            try:
                self.append(step, found, merged, stack)
            except (ValueError, TypeError) as error:
                raise ValueError(f"{step.node.label}, of {('N', *example)}: {error}") from None
            self.constants.shapes[step.node.outputs[0]] = stack.example

    def append(self, step: Step, found: Found | None, merged: list[Stack], stack: Stack) -> None:
        """Append the layers of one step, whose branches are read already, unless they are an activation."""
        operation = Operation(step.node, self.constants, self.opset)
        if found is not None:
            stack.activate(found.activation)
            if found.times != 1.0:
                stack.rescale(found.times, 0.0)
        elif step.branches:
            merge(operation, merged, stack)
            operation.finish()
        elif operation.operator not in self.readers:
            raise ValueError(f"this operator is not read{asked(step)}")
        else:
            self.readers[operation.operator](operation, stack)
            operation.finish()


def asked(step: Step) -> str:
    """The attributes of a node, for an error."""
    return "".join(f", {name}={checks.short_repr(value)}" for name, value in step.node.attributes.items())


def merge(operation: Operation, merged: Sequence[Stack], stack: Stack) -> None:
    """Residual or Branches: the outputs of several stacks added, or beside each other."""
    if operation.operator not in ("Add", "Sum", "Concat"):
        raise ValueError("two inputs that depend on the model's are read of Add, Concat, Sum and known activations")
    for index, branch in enumerate(merged):
        operation.skip_data(index)
        branch.unflattened()
    if len({branch.order for branch in merged}) > 1:
        for branch in merged:
            branch.plain()
    lists = [branch.layers for branch in merged]
    if operation.operator == "Concat":
        layer: Layer = Branches(lists, "concatenate", merged[0].axis(operation.integer("axis")))
    elif len(lists) == 2:
        main, shortcut = sorted(lists, key=lambda layers: not layers)  # the one without layers comes last
        layer = Residual(main, shortcut or None)
    else:
        layer = Branches(lists, "add")
    stack.add(layer)
    stack.order, stack.flat = merged[0].order, False


# ---------------------------------------------------------------- the model


def assembled(found: Parsed, layers: Sequence[Layer], weights: dict[int, Arrays]) -> "Sequential":
    """A model of these layers with their weights. Raises ValueError unless these are in the file as the layers ask."""
    make: Any = LAYERS["Sequential"]
    model = make(dtype=found.dtype.name)
    for layer in layers:
        model.append(layer)
    arrays = {f"{path}/{key}": array for path, layer in model.leaves() for key, array in weights[id(layer)].items()}
    shapes = model.param_shapes(found.input_shape), model.state_shapes(found.input_shape)
    for name, shape in {**shapes[0], **shapes[1]}.items():
        if name not in arrays or arrays[name].shape != shape:
            received = arrays[name].shape if name in arrays else "none"
            raise ValueError(f"expected weights of the shape {shape} for {name}; received {received}")
    params, state = ({name: np.array(arrays[name], found.dtype, order="C") for name in one} for one in shapes)
    model.finish_build(found.input_shape, params, state)
    model.seed, model._dtype = draw_seed(), found.dtype
    return model
