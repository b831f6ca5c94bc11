"""Layers that contain layers: what a chain and parallel branches have in common, besides the passes through them.

A container is a layer itself, so containers nest; what is inside is named by its path, such as "block/conv2d/kernel".
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from typing import Any, Self, Unpack

from numpycnn.common import checks
from numpycnn.common.configuration import from_description, name_of
from numpycnn.common.randomness import children
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.layers.base import Arrays, Built, Layer, LayerOptions
from numpycnn.layers.stage import Cache, Gradients, Path, Stage, of_prefix, run_alone, with_prefix
from numpycnn.layers.table import LAYERS

Stages = Sequence[tuple[int, Stage]]
"""The stages of a pass, each with its layer's index in the container; a block of several layers has the last one's."""

ROOT = Path()


def require_gradients(name: str, gradients: Gradients) -> None:
    """Raise ValueError if the gradient of a parameter is None."""
    for key, gradient in gradients.items():
        if gradient is None:
            raise ValueError(f"{name}: backward gave no gradient of {key}")


class Container(Layer):
    """Base class of layers that contain layers, `_layers`.

    A subclass implements the passes, `forward_micro` and `backward_micro`, whose cache is a list of its stages' caches,
    and the shapes, `output_shape_for` and `with_shapes`.
    """

    _layers: list[Layer]
    _stages: Stages | None = None
    """The stages of a pass, if they are not the layers themselves."""

    def __init__(self, layers: Sequence[Layer], **options: Unpack[LayerOptions]) -> None:
        self._layers = []  # `trainable` is theirs: with none yet, its default changes nothing
        super().__init__(**options)
        if self.activity_regularizer is not None:
            raise ValueError(f"{self.name}: takes no activity_regularizer; give it to the last layer inside")
        for layer in checks.sequence(self.name, "layers", layers):
            self.append(layer)
        if not options.get("trainable", True):
            self.trainable = False

    def append(self, layer: Layer) -> None:
        """Append a layer without building it.

        Raises TypeError if it is not a layer, ValueError if it is inside already, or its name is taken.
        """
        if not isinstance(layer, Layer):
            raise TypeError(f"{self.name}: expected a layer; received {checks.short_repr(layer)}")
        check_new(self, layer)
        layer.rename([other.name for other in self._layers])
        layer.auto_named = False  # parameters and optimizer slots go by this name from now on
        self._layers.append(layer)

    @property
    def layers(self) -> list[Layer]:
        """The layers, first to last."""
        return list(self._layers)

    @property
    def stages(self) -> Stages:
        """The stages of a pass."""
        return list(enumerate(self._layers)) if self._stages is None else self._stages

    def leaves(self, path: Path = ROOT) -> Iterator[tuple[Path, Layer]]:
        """Every layer that is not a container, here and in nested containers, with its path."""
        for index, layer in enumerate(self._layers):
            yield from layer.leaves(path.inside(layer.name, index))

    @abstractmethod
    def with_shapes(self, input_shape: Shape) -> Iterator[tuple[Layer, Shape]]:
        """Each layer with its input shape."""

    # ------------------------------------------------------------ passes

    def children_of(self, rng: Rng | None) -> Sequence[Rng | None]:
        """A generator for each layer, where there is one and any layer draws numbers."""
        return children(rng if self.uses_rng else None, len(self._layers))

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, list[Cache]]:
        return run_alone(self.forward_micro(x, training=training, rng=rng))

    def needed_gradients(self, dy: Array, cache: list[Cache], *, to_input: bool) -> tuple[Array | None, Gradients]:
        return run_alone(self.backward_micro(dy, cache, to_input=to_input))

    def backward(self, dy: Array, cache: list[Cache]) -> tuple[Array, Gradients]:
        dx, gradients = self.needed_gradients(dy, cache, to_input=True)
        return dy if dx is None else dx, gradients

    def next_state(self, cache: list[Cache]) -> Arrays:
        moved: Arrays = {}
        for (_, stage), own in zip(self.stages, cache, strict=True):
            moved |= with_prefix(stage.name, stage.next_state(own))
        return moved

    def penalty(self, cache: list[Cache]) -> Any:
        """The sum over the layers inside."""
        return sum((stage.penalty(own) for (_, stage), own in zip(self.stages, cache, strict=True)), start=0.0)

    # ------------------------------------------------------------ derived from the layers

    @property
    def whole_batch(self) -> bool:  # type: ignore[override]
        """Whether any layer inside looks across the batch."""
        return any(stage.whole_batch for _, stage in self.stages)

    @property
    def uses_rng(self) -> bool:  # type: ignore[override]
        """Whether any layer inside may draw random numbers."""
        return any(stage.uses_rng for _, stage in self.stages)

    @property
    def augments(self) -> bool:  # type: ignore[override]
        """Whether it is a pipeline of data augmentation: with such a layer inside, and without parameters."""
        inside = [layer for _, layer in self.leaves()]
        return any(layer.augments for layer in inside) and not any(layer.params for layer in inside)

    @property
    def trainable(self) -> bool:
        """Whether any layer inside is trained; setting it sets them all, as in Keras."""
        inside = [layer.trainable for _, layer in self.leaves()]
        return any(inside) or not inside

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._layers:
            layer.trainable = value

    @property
    def params(self) -> Arrays:
        """The parameters of all layers by path, such as "conv2d/kernel"; not copied."""
        return self.gathered(lambda layer: layer.params)

    @property
    def state(self) -> Arrays:
        """The state of all layers by path, such as "batch_normalization/moving_mean"; not copied."""
        return self.gathered(lambda layer: layer.state)

    @property
    def trained_params(self) -> Arrays:
        return self.gathered(lambda layer: layer.trained_params)

    @property
    def arrays(self) -> Arrays:
        """Parameters and state by path, layer by layer, in Keras's order; not copied."""
        return self.gathered(lambda layer: layer.arrays)

    def gathered(self, arrays_of: Callable[[Layer], dict[str, Any]]) -> dict[str, Any]:
        """What `arrays_of` returns for each layer, with the layer's name as prefix."""
        return {name: a for layer in self._layers for name, a in with_prefix(layer.name, arrays_of(layer)).items()}

    def check_shape(self, input_shape: Shape) -> Shape:
        """The output's shape. Raises ValueError if a layer does not accept its input."""
        return self.output_shape_for(checks.shape(self.name, "input_shape", input_shape))

    def param_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        shapes = {layer.name: layer.param_shapes(shape) for layer, shape in self.with_shapes(input_shape)}
        return self.gathered(lambda layer: shapes[layer.name])

    def state_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        shapes = {layer.name: layer.state_shapes(shape) for layer, shape in self.with_shapes(input_shape)}
        return self.gathered(lambda layer: shapes[layer.name])

    def make_arrays(self, input_shape: Shape, rng: Rng, dtype: Any) -> tuple[Arrays, Arrays]:
        """New arrays for every layer, or the existing ones of a layer that is built."""
        rngs = rng.spawn(len(self._layers))
        made = {
            layer.name: (layer.params, layer.state) if layer.built else layer.make_arrays(shape, own, dtype)
            for own, (layer, shape) in zip(rngs, self.with_shapes(input_shape), strict=True)
        }
        return self.gathered(lambda layer: made[layer.name][0]), self.gathered(lambda layer: made[layer.name][1])

    def finish_build(self, input_shape: Shape, params: Arrays, state: Arrays) -> None:
        for layer, shape in list(self.with_shapes(input_shape)):
            layer.finish_build(shape, of_prefix(layer.name, params), of_prefix(layer.name, state))
        self._built = Built(tuple(input_shape), self.output_shape_for(tuple(input_shape)), {}, {})

    def with_arrays(self, params: Arrays, state: Arrays) -> Any:
        return self.with_layers(
            [layer.with_arrays(of_prefix(layer.name, params), of_prefix(layer.name, state)) for layer in self._layers]
        )

    # ------------------------------------------------------------ copies

    def bare(self) -> Any:
        """A copy for a pass, which shares everything; that of a Sequential is a plain Chain."""
        return copy(self)

    def with_layers(self, layers: Sequence[Layer], stages: Stages | None = None) -> Any:
        """A copy with other layers and, if given, other stages."""
        twin = self.bare()
        twin._layers = [layer.with_layers(layer.layers) if isinstance(layer, Container) else layer for layer in layers]
        twin._stages = stages
        return twin

    def mapped(self, function: Callable[[Stage, Path], Stage], path: Path = ROOT) -> Any:
        """A copy with `function` applied to every stage, those of nested containers too."""
        stages = [(k, stage.mapped(function, path.inside(stage.name, k))) for k, stage in self.stages]
        return self.with_layers(self._layers, stages)

    # ------------------------------------------------------------ configuration

    def get_config(self) -> dict[str, Any]:
        """The layers as {"class_name", "config"}, as JSON values: `from_config` makes an equal container."""
        given = None if self.shape_in is None else list(self.shape_in)
        layers = [{"class_name": name_of(type(layer)), "config": layer.get_config()} for layer in self._layers]
        return {"name": self.name, "input_shape": given, "layers": layers}

    @classmethod
    def unbuilt(cls, config: dict[str, Any]) -> Self:
        layers, options = described(cls.__name__, config)
        return cls(layers, **options)

    def __repr__(self) -> str:
        return f"{type(self).__name__}([{', '.join(map(repr, self._layers))}], name={self.name!r})"


def described(owner: str, config: Any) -> tuple[list[Layer], dict[str, Any]]:
    """Unbuilt layers, and the other arguments of a container, from what `get_config` returned."""
    options = dict(checks.by_name(owner, "config", config))
    entries = checks.sequence(owner, "layers", options.pop("layers", None))
    return [from_description(owner, "layers", entry, LAYERS) for entry in entries], options


def every_layer(layers: Sequence[Any]) -> Iterator[Layer]:
    """These layers and those inside them; anything that is not a layer is skipped."""
    for layer in layers:
        if isinstance(layer, Layer):
            yield layer
        if isinstance(layer, Container):
            yield from every_layer(layer.layers)


def check_new(container: Container, layer: Layer) -> None:
    """Raise ValueError if a layer, or one inside it, is the container or inside it already."""
    present = {id(container), *map(id, every_layer(container.layers))}
    again = [one.name for one in every_layer([layer]) if id(one) in present]
    if again:
        raise ValueError(f"{container.name}.add: {again[0]} is in the model already")
