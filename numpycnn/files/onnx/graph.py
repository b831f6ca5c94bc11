"""An ONNX graph while it is written: nodes, constants, and the order in which each tensor has its axes.

The layers are channels last or first; ONNX's operators on images are channels first. A tensor therefore knows the order
of its axes, and a Transpose is written only where an operator, or the model's output, needs another order. So a whole
network of images is written channels first inside, with one Transpose at its input.
"""

from math import prod
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Shape
from numpycnn.files.onnx.package import OPSET, OWN_DOMAIN, package


class Tensor(NamedTuple):
    """A tensor of the graph, and how it holds what the layers see."""

    name: str
    shape: Shape
    """Of an example, as the layers see it: before it was flattened, if `flat`."""
    order: Shape
    """Axis k of the tensor is axis order[k] of (N, *shape)."""
    flat: bool = False
    """Whether the layers see a vector, (N, prod(shape)): flattening is put off until something depends on it."""

    @property
    def plain_order(self) -> Shape:
        """The order of the layers themselves."""
        return tuple(range(len(self.shape) + 1))

    def axis(self, axis: int) -> int:
        """Where the tensor has an axis of the layers', which is counted with the batch's."""
        return self.order.index(axis % len(self.order))

    def permuted(self, dims: Shape) -> "Tensor":
        """What layers see after the axes of (N, *shape) were put into the order `dims`: the tensor is the same."""
        shape = tuple(((0, *self.shape)[axis]) for axis in dims[1:])
        return self._replace(shape=shape, order=tuple(dims.index(axis) for axis in self.order))


class Graph:
    """The nodes, the constants and the functions of a graph. dtype: of its tensors."""

    def __init__(self, dtype: np.dtype) -> None:
        self.dtype = dtype
        self.nodes: list[Any] = []
        self.constants: dict[str, Array] = {}
        self.functions: set[str] = set()
        self.scope = ""
        """What names begin with: the path of the layer that is written."""
        self._names: set[str] = set()
        self._ordered: dict[tuple[str, Shape], str] = {}

    def new_name(self, base: str) -> str:
        """A name that is not taken, for something of the layer that is written."""
        name, count = f"{self.scope}{base}", 0
        while name in self._names:
            count += 1
            name = f"{self.scope}{base}_{count}"
        self._names.add(name)
        return name

    def node(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Append a node; returns the name of its output. An input that is left out is ""."""
        name = self.new_name(operator)
        node = package().helper.make_node(operator, inputs, [name], name=name, domain=domain, **attributes)
        self.nodes.append(node)
        return name

    def call(self, function: str, *inputs: str, **attributes: Any) -> str:
        """A node of one of `functions.FUNCTIONS`, which the file then defines."""
        self.functions.add(function)
        return self.node(function, *inputs, domain=OWN_DOMAIN, **attributes)

    def constant(self, name: str, values: Any, dtype: Any = None) -> str:
        """A constant of the graph's dtype, or another; returns its name."""
        name = self.new_name(name)
        self.constants[name] = np.array(values, self.dtype if dtype is None else dtype, order="C")
        return name

    def integers(self, name: str, values: Any) -> str:
        """A constant vector of int64, such as a shape."""
        return self.constant(name, values, np.int64)

    # ------------------------------------------------------------ the order of axes

    def ordered(self, x: Tensor, order: Shape) -> Tensor:
        """The tensor with its axes in that order; not of a vector that is put off."""
        if x.order == order:
            return x
        key = x.name, tuple(x.order.index(axis) for axis in order)
        if key not in self._ordered:
            self._ordered[key] = self.node("Transpose", x.name, perm=key[1])
        return x._replace(name=self._ordered[key], order=order)

    def plain(self, x: Tensor) -> Tensor:
        """The tensor as the layers see it."""
        plain = self.ordered(x._replace(flat=False), x.plain_order)
        return self.flattened(plain) if x.flat else plain

    def flattened(self, x: Tensor) -> Tensor:
        """The values of each example, in the order of the tensor, as a vector."""
        return Tensor(self.node("Flatten", x.name, axis=1), (prod(x.shape),), (0, 1))

    def images(self, x: Tensor, data_format: str) -> Tensor:
        """The tensor as images (N, C, H, W), of a layer with this data_format."""
        return self.ordered(x, (0, 1, 2, 3) if data_format == "channels_first" else (0, 3, 1, 2))

    # ------------------------------------------------------------ constants beside a tensor

    def beside(self, name: str, values: Array, x: Tensor) -> str:
        """A constant that repeats to an example of the layers', in the order of the tensor."""
        if values.size == 1:
            return self.constant(name, values.reshape(()))  # a number
        aligned = values.reshape((1,) * (len(x.shape) - values.ndim) + values.shape)  # an axis for each of x.shape
        return self.constant(name, aligned.transpose([axis - 1 for axis in x.order if axis]))  # without the batch's

    def with_constant(self, operator: str, x: Tensor, name: str, values: Array) -> Tensor:
        """A node of two inputs, x and a constant that repeats to an example."""
        if x.flat and values.size > 1:
            x = self.plain(x)
        return x._replace(name=self.node(operator, x.name, self.beside(name, values, x)))

    def finish(self, x: Tensor, output: str) -> Tensor:
        """The tensor as the layers see it, under this name, which must not be taken."""
        x = self.plain(x)
        if self.nodes and list(self.nodes[-1].output) == [x.name]:
            self.nodes[-1].output[0] = output
            return x._replace(name=output)
        self.nodes.append(package().helper.make_node("Identity", [x.name], [output], name=output))
        return x._replace(name=output)


def opset_imports(own: bool) -> list[Any]:
    """What the file, or a function of it, is written in. own: with functions of its own."""
    make = package().helper.make_opsetid
    return [make("", OPSET)] + ([make(OWN_DOMAIN, 1)] if own else [])
