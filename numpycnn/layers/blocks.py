"""Blocks with parallel branches: what Keras's Sequential cannot express, and ResNet, Inception and DenseNet need.

A block is a layer of a Sequential like any other, and its branches are chains of layers, in which blocks may stand.

    Residual     y = main(x) + shortcut(x)             He et al. 2015
    Branches     y = the branches' outputs, concatenated or added      Szegedy et al. 2014, Huang et al. 2016

All branches read the same x. So the gradient of x is the sum of what comes back through each of them: for a shortcut
without layers, dx = dy + (what comes back through main). The gradient has a way past the layers, be they ever so many.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Self, Unpack

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.layers.axes import check_axis, positive_axis
from numpycnn.layers.base import Layer, LayerOptions
from numpycnn.layers.chain import Chain
from numpycnn.layers.container import Container, described
from numpycnn.layers.stage import Cache, Gradients, Micro, with_prefix

MERGES = ("concatenate", "add")

LayersOrLayer = Layer | Sequence[Layer]


def as_chain(branch: LayersOrLayer, name: str) -> Chain:
    """A branch as a chain: a Sequential as it is, a layer or a sequence of layers in a chain of that name.

    Raises TypeError for anything else.
    """
    if isinstance(branch, Chain):
        return branch
    return Chain([branch] if isinstance(branch, Layer) else branch, name=name)


class Branches(Container):
    """Several chains of layers with the same input, whose outputs are concatenated or added.

    Shapes: "concatenate": (N, ..., C1, ...) and (N, ..., C2, ...) to (N, ..., C1 + C2, ...), along `axis`; "add": equal
    shapes, unchanged. Parameters and state: those of the layers inside, "branches/branch_1/conv2d/kernel".

    branches: each a list of layers, a layer, or a Sequential; an empty list passes its input on. merge: "concatenate"
    or "add". axis: that of the channels, -1 for channels last, 1 for channels first.

    Raises TypeError or ValueError for an argument of the wrong kind or value, and at build for branches whose outputs
    do not fit together. Source: Keras's Concatenate and Add.
    """

    merge: str
    axis: int

    def __init__(
        self,
        branches: Sequence[LayersOrLayer],
        merge: str = "concatenate",
        axis: int = -1,
        **options: Unpack[LayerOptions],
    ) -> None:
        owner = type(self).__name__
        chains = [
            as_chain(branch, f"branch_{k}" if k else "branch")
            for k, branch in enumerate(checks.sequence(owner, "branches", branches))
        ]
        if not chains:
            raise ValueError(f"{owner}: branches must not be empty")
        self._of_chains(chains, checks.choice(owner, "merge", merge, MERGES), axis, **options)

    def _of_chains(self, chains: Sequence[Chain], merge: str, axis: int, **options: Unpack[LayerOptions]) -> None:
        """What the constructors have in common."""
        super().__init__(chains, **options)
        self.merge = merge
        self.axis = check_axis(self.name, axis)

    # ------------------------------------------------------------ shapes

    @property
    def shape_in(self) -> Shape | None:
        known = (chain.shape_in for chain in self._layers)
        own = super().shape_in
        return next((shape for shape in known if shape is not None), None) if own is None else own

    def with_shapes(self, input_shape: Shape) -> Iterator[tuple[Layer, Shape]]:
        """Each branch with the input shape, which is that of all."""
        for branch in self._layers:
            yield branch, input_shape

    def output_shape_for(self, input_shape: Shape) -> Shape:
        shapes = [branch.check_shape(input_shape) for branch in self._layers]
        if self.merge == "add":
            fit, merged = len(set(shapes)) == 1, shapes[0]
        else:
            axis = self.axis_of(shapes[0])
            others = {(len(shape), *shape[:axis], None, *shape[axis + 1 :]) for shape in shapes}
            fit = len(others) == 1
            merged = (*shapes[0][:axis], sum(shape[axis] for shape in shapes) if fit else 0, *shapes[0][axis + 1 :])
        if not fit:
            wanted = "equal shapes to add" if self.merge == "add" else f"shapes that differ in axis {self.axis} alone"
            given = ", ".join(f"{shape} from {branch.name}" for branch, shape in zip(self._layers, shapes, strict=True))
            raise ValueError(f"{self.name}: expected {wanted}; received {given}")
        return merged

    def axis_of(self, shape: Shape) -> int:
        """The axis of concatenation in the shape of one example. Raises ValueError if there is no such axis."""
        return positive_axis(self.name, self.axis, shape, "a branch's output") - 1

    # ------------------------------------------------------------ passes

    def forward_micro(self, x: Array, *, training: bool, rng: Rng | None) -> Micro[tuple[Array, list[Cache]]]:
        """The forward of every branch, from the same x: their merged outputs, and the cache of each."""
        ys, caches, rngs = list[Array](), list[Cache](), self.children_of(rng)
        for index, stage in self.stages:
            y, cache = yield from stage.forward_micro(x, training=training, rng=rngs[index])
            ys.append(y)
            caches.append(cache)
        return self.merged(ys), caches

    def backward_micro(self, dy: Array, cache: list[Cache], *, to_input: bool) -> Micro[tuple[Array | None, Gradients]]:
        """The backward of every branch. The gradient of x is the sum of theirs, as each of them reads x."""
        gradients, dx = Gradients(), None
        for (_, stage), own_dy, own_cache in zip(self.stages, self.divided(dy), cache, strict=True):
            own_dx, own = yield from stage.backward_micro(own_dy, own_cache, to_input=to_input)
            gradients |= with_prefix(stage.name, own)
            dx = own_dx if dx is None or own_dx is None else dx + own_dx
        return dx, gradients

    def merged(self, ys: Sequence[Array]) -> Array:
        """The branches' outputs as one array."""
        if self.merge == "concatenate":
            return np.concatenate(ys, axis=self.axis)
        total = ys[0]
        for y in ys[1:]:
            total = total + y
        return total

    def divided(self, dy: Array) -> Sequence[Array]:
        """The gradient of each branch's output. The derivative of a sum with respect to each of its terms is 1."""
        if self.merge == "add":
            return [dy] * len(self._layers)
        sizes = [(layer.shape_out or ())[self.axis_of(dy.shape[1:])] for layer in self._layers]
        return np.split(dy, np.cumsum(sizes)[:-1], axis=self.axis)

    # ------------------------------------------------------------ configuration

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "merge": self.merge, "axis": self.axis}


class Residual(Branches):
    """A residual block: y = main(x) + shortcut(x), where main is the chain of `layers`.

    Without a shortcut it is y = main(x) + x, and main must give back the shape of its input. Shapes: those of main.
    Parameters and state: "residual/main/conv2d/kernel", "residual/shortcut/conv2d/kernel".

    layers: a list of layers, or a Sequential. shortcut: likewise, or a single layer, such as Conv2D(64, 1, strides=2)
    where main changes the shape; None passes x on.

    Raises TypeError or ValueError for an argument of the wrong kind, and at build for shapes that cannot be added.
    Source: He et al. 2015, "Deep residual learning for image recognition".
    """

    def __init__(
        self, layers: LayersOrLayer, shortcut: LayersOrLayer | None = None, **options: Unpack[LayerOptions]
    ) -> None:
        chains = [as_chain(layers, "main"), as_chain([] if shortcut is None else shortcut, "shortcut")]
        self._of_chains(chains, "add", -1, **options)

    def get_config(self) -> dict[str, Any]:
        return Container.get_config(self)

    @classmethod
    def unbuilt(cls, config: dict[str, Any]) -> Self:
        layers, options = described(cls.__name__, config)
        return cls(*checks.sequence(cls.__name__, "layers", layers, length=2), **options)
