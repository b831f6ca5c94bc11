"""The layers of a chain while an ONNX graph is read, and the order in which they hold each tensor's axes.

ONNX's images are channels first. Behind a Transpose from channels last the layers go on with channels last, and it
disappears; a Permute is added only where the order matters otherwise. That is `graph.py` seen from the other side.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from numpycnn.activations import ActivationFunction
from numpycnn.common import checks
from numpycnn.common.typing import Array, Pair, Shape
from numpycnn.files.onnx.constants import Constants
from numpycnn.files.onnx.parsing import Node
from numpycnn.layers import Activation, Flatten, Layer, Permute, Rescaling, Reshape
from numpycnn.layers.kernel import KernelLayer
from numpycnn.layers.pooling import GlobalPooling2D

CHANNELS_LAST = (0, 3, 1, 2)


class Stack:
    """Layers one after another. Its attributes describe what comes out of the last of them.

    shape: of an example, as the layers have it. order: axis k of ONNX's tensor is axis order[k] of (N, *shape). flat:
    whether ONNX's tensor is that as a vector. weights: the arrays of each layer, also those of other stacks.
    """

    def __init__(self, shape: Shape, order: Shape, weights: dict[int, dict[str, Array]], flat: bool = False) -> None:
        self.layers: list[Layer] = []
        self.shape, self.order, self.flat, self.weights = shape, order, flat, weights

    def branch(self) -> "Stack":
        """An empty stack that begins with what comes out of this one."""
        return Stack(self.shape, self.order, self.weights, self.flat)

    def add(self, layer: Layer, **arrays: Array) -> None:
        """Append a layer with its weights. Raises ValueError where it does not fit."""
        self.shape = layer.check_shape(self.shape)
        self.layers.append(layer)
        self.weights[id(layer)] = arrays

    def reshape(self, shape: Shape) -> None:
        """The values of each example in another shape, in the same order of the layers."""
        self.add(Reshape(shape))
        self.order = tuple(range(len(shape) + 1))

    # ------------------------------------------------------------ the order of axes

    @property
    def example(self) -> Shape:
        """The shape of an example of ONNX's tensor."""
        return (prod(self.shape),) if self.flat else tuple(self.shape[axis - 1] for axis in self.order[1:])

    def plain(self) -> None:
        """Make the layers have the axes in ONNX's order, and a vector of what is flat."""
        identity = tuple(range(len(self.order)))
        if self.order != identity:
            self.add(Permute(self.order[1:]))
            self.order = identity
        if self.flat:
            self.vector()

    def vector(self) -> None:
        """Make a vector of what is flat, in the order of the layers."""
        self.add(Flatten("channels_last"))
        self.order, self.flat = (0, 1), False

    def unflattened(self) -> None:
        """`plain` for what is flat, as anything but a Dense layer and what treats all values alike needs it."""
        if self.flat:
            self.plain()

    def flatten(self) -> None:
        """ONNX's tensor becomes a vector; where the orders differ this is put off, and Dense orders its rows."""
        last = self.layers[-1] if self.layers else None
        if isinstance(last, GlobalPooling2D) and last.keepdims:
            last.keepdims = False
            self.shape, self.order = (prod(self.shape),), (0, 1)
        elif self.order == CHANNELS_LAST:
            self.flat = True
        else:
            self.plain()
            self.vector()

    def rows(self, count: int) -> Any:
        """Make a vector of so many values; returns the place in it of each of ONNX's. Raises ValueError for others."""
        if self.example[-1] != count:
            raise ValueError(f"its matrix must have {self.example[-1]} rows; received {count}")
        if not self.flat:
            return slice(None)
        places = np.arange(prod(self.shape)).reshape(self.shape)  # the layers' order
        order = [axis - 1 for axis in self.order[1:]]
        self.vector()
        return places.transpose(order).ravel()  # in ONNX's order

    def images(self) -> str:
        """The data_format of a layer for images. Raises ValueError for what are no images."""
        self.unflattened()
        if len(self.shape) != 3:
            raise ValueError(f"windows slide over images, (N, C, H, W); received {('N', *self.example)}")
        if self.order == CHANNELS_LAST:
            return "channels_last"
        self.plain()
        return "channels_first"

    @property
    def image(self) -> Pair:
        """(rows, columns) of images."""
        _, rows, cols = self.example
        return rows, cols

    def axis(self, axis: int) -> int:
        """The layers' axis for one of ONNX's; -1 for the last. Raises ValueError for the batch's, and for none."""
        self.unflattened()
        axes = len(self.order)
        if not -axes <= axis < axes or axis % axes == 0:
            raise ValueError(f"axis must be one of {axes} and not the batch's; received {axis}")
        found = self.order[axis % axes]
        return -1 if found == axes - 1 else found

    # ------------------------------------------------------------ what is merged with the last layer

    def activate(self, activation: ActivationFunction) -> None:
        """An activation, as the last layer's where that has none, or as a layer."""
        last = self.layers[-1] if self.layers else None
        if isinstance(last, KernelLayer) and last.activation.name == "linear" and not activation.halves:
            last.activation = activation
        else:
            self.add(Activation(activation))

    def beside(self, values: Array) -> Array:
        """A constant that repeats to ONNX's tensor, with its axes in the order of the layers.

        Raises ValueError where it differs between examples, or does not repeat to one.
        """
        if values.size == 1:
            return values.reshape(())  # a number
        self.unflattened()
        axes = len(self.order)
        if values.ndim > axes or (values.ndim == axes and len(values) != 1):
            raise ValueError(f"a constant of the shape {values.shape} does not repeat to one of {('N', *self.example)}")
        aligned = values.reshape((1,) * (axes - values.ndim) + values.shape)[0]  # without the batch's axis
        return aligned.transpose(np.argsort(self.order[1:]))  # the layers' order

    def rescale(self, scale: Any, offset: Any) -> None:
        """y = x*scale + offset; as a bias, where that is one of the last layer."""
        last = self.layers[-1] if self.layers else None
        if np.all(np.equal(scale, 1.0)) and isinstance(last, KernelLayer) and self.is_bias(last, np.asarray(offset)):
            last.use_bias = True
            self.weights[id(last)]["bias"] = np.asarray(offset).reshape(-1)
        elif isinstance(last, Rescaling) and last.scale.ndim == 0 and not last.offset.any() and np.ndim(scale) == 0:
            self.layers.pop()
            if last.scale * scale != 1.0 or np.any(offset):
                self.add(Rescaling(last.scale * scale, np.asarray(offset)))
        else:
            self.add(Rescaling(np.asarray(scale), np.asarray(offset)))

    def is_bias(self, layer: KernelLayer, offset: Array) -> bool:
        """Whether the offset is one value for each channel of a layer that has neither bias nor activation."""
        channels = self.shape[0] if getattr(layer, "data_format", "") == "channels_first" else self.shape[-1]
        axis = -3 if getattr(layer, "data_format", "") == "channels_first" else -1
        free = not layer.use_bias and layer.activation.name == "linear"
        return free and offset.ndim >= -axis and offset.size == channels == offset.shape[axis]


class Operation:
    """A node while it is read: its attributes and constant inputs. What is not asked for must not be there.

    opset: the version of the operators.
    """

    def __init__(self, node: Node, constants: Constants, opset: int) -> None:
        self.node, self.constants, self.opset = node, constants, opset
        self.operator = node.operator
        self.rows = False
        """Whether its tensors are rows (N, C, L), which are read as images of one row."""
        self._attributes = dict(node.attributes)
        self._inputs = {k: name for k, name in enumerate(node.inputs) if name}
        self._read: set[str | int] = set()

    def widen(self) -> None:
        """Read windows over rows as those over images of one row."""
        self.rows = True
        for name, first in (("kernel_shape", 1), ("strides", 1), ("dilations", 1), ("output_padding", 0)):
            if name in self._attributes:
                self._attributes[name] = [first, *self.integers(name, length=1)]
        if "pads" in self._attributes:
            begin, end = self.integers("pads", length=2)
            self._attributes["pads"] = [0, begin, 0, end]

    def taken(self, name: str, default: Any, kinds: Any) -> Any:
        """An attribute of one of these types."""
        self._read.add(name)
        value = self._attributes.get(name, default)
        if value is not default and not isinstance(value, kinds):
            raise ValueError(f"{name} is of another type; received {checks.short_repr(value)}")
        return value

    def integer(self, name: str, default: Any = None) -> Any:
        """An integer."""
        return self.taken(name, default, int)

    def number(self, name: str, default: Any = None) -> Any:
        """A float."""
        return self.taken(name, default, (int, float))

    def text(self, name: str, default: Any = None) -> Any:
        """A text."""
        return self.taken(name, default, str)

    def integers(self, name: str, default: Any = None, length: int | None = None) -> Any:
        """A list of integers, of that length."""
        value = self.taken(name, default, list)
        if value is not default and (
            not all(isinstance(one, int) for one in value) or length not in (None, len(value))
        ):
            raise ValueError(f"{name} must be {length or 'some'} integers; received {checks.short_repr(value)}")
        return value

    def array(self, index: int) -> Any:
        """A constant input, or None where it is left out."""
        self._read.add(index)
        if index not in self._inputs:
            return None
        value = self.constants[self._inputs[index]]
        return value[:, :, None] if self.rows and value.ndim == 3 else value  # (O, I, 1, K)

    def required(self, index: int) -> Array:
        """A constant input that must be there."""
        value = self.array(index)
        if value is None:
            raise ValueError(f"has no input {index}")
        return value

    def is_known(self, index: int) -> bool:
        """Whether an input does not depend on the model's."""
        return self._inputs.get(index, "") in self.constants.known

    def skip_data(self, index: int = 0) -> None:
        """The input that the layers before have computed."""
        self._read.add(index)
        if self.is_known(index):
            raise ValueError(f"its input {index} is constant, and is read where it depends on the model's input alone")

    def finish(self) -> None:
        """Raise ValueError for an attribute or an input that was not asked for."""
        for name, value in self._attributes.items():
            if name not in self._read:
                raise ValueError(f"asks for {name}={checks.short_repr(value)}, which no layer has")
        for index, value in self._inputs.items():
            if index not in self._read:
                raise ValueError(f"has an input {index}, {checks.short_repr(value)}, which no layer has")


Reader = Callable[[Operation, Stack], None]
"""It appends the layers that an operation becomes to those before it."""
