"""A chain of layers, the output of each being the input of the next: the one loop over layers, forward and backward.

A chain is a layer itself, so chains nest; what is inside is named by its path, such as "block/conv2d/kernel".
`models.Sequential` is the chain that users create and train.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from numpycnn.activations import ActivationFunction, linear
from numpycnn.common import checks
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.layers.base import Arrays, Built, Layer
from numpycnn.layers.stage import Cache, Gradients, Micro, Path, Stage, of_prefix, run_alone, with_prefix

Stages = Sequence[tuple[int, Stage]]
"""The stages of a pass, each with its layer's index in the chain; a block of several layers has the last one's."""


ROOT = Path()


def require_gradients(name: str, gradients: Gradients) -> None:
    """Raise ValueError if the gradient of a parameter is None."""
    for key, gradient in gradients.items():
        if gradient is None:
            raise ValueError(f"{name}: backward gave no gradient of {key}")


class Chain(Layer):
    """Base class of layers that contain a sequence of layers, `_layers`; everything else is derived from these."""

    _layers: list[Layer]
    _stages: Stages | None = None
    """The stages of a pass, if they are not the layers themselves."""

    @property
    def layers(self) -> list[Layer]:
        """The layers, first to last."""
        return list(self._layers)

    @property
    def stages(self) -> Stages:
        """The stages of a pass."""
        return list(enumerate(self._layers)) if self._stages is None else self._stages

    def leaves(self, path: Path = ROOT) -> Iterator[tuple[Path, Layer]]:
        """Every layer that is not a chain, here and in nested chains, with its path."""
        for index, layer in enumerate(self._layers):
            own = path.inside(layer.name, index)
            if isinstance(layer, Chain):
                yield from layer.leaves(own)
            else:
                yield own, layer

    # ------------------------------------------------------------ the loop

    def forward_micro(self, x: Array, *, training: bool, rng: Rng | None) -> Micro[tuple[Array, list[Cache]]]:
        """The forward of all stages: the last one's output, and the cache of each."""
        stages, caches, rngs = self.stages, [], self._children_of(rng)
        for index, stage in stages:
            if stage.whole_batch:
                x, cache = yield from stage.forward_micro(x, training=training, rng=rngs[index])
            else:
                x, cache = stage.forward(x, training=training, rng=rngs[index])
            caches.append(cache)
        return x, caches

    def backward_micro(self, dy: Array, cache: list[Cache], *, to_input: bool) -> Micro[tuple[Array | None, Gradients]]:
        """The backward of the stages, each with the cache of its own forward, as far as gradients are needed.

        Unless `to_input`, that is down to the first stage with trained parameters.
        """
        stages, gradients = self.stages, Gradients()
        trained = [k for k, (_, stage) in enumerate(stages) if stage.trained_params]
        end = 0 if to_input else min(trained, default=len(stages))
        dx: Array | None = dy
        for k in reversed(range(end, len(stages))):
            (_, stage), further = stages[k], to_input or k > end
            if stage.whole_batch:
                dx, own = yield from stage.backward_micro(dy, cache[k], to_input=further)
            else:
                dx, own = stage.needed_gradients(dy, cache[k], to_input=further)
            require_gradients(stage.name, own)
            gradients |= with_prefix(stage.name, own)
            dy = dy if dx is None else dx
        return dx if to_input else None, gradients

    def _children_of(self, rng: Rng | None) -> Sequence[Rng | None]:
        """A generator for each layer, where there is one and any layer draws numbers."""
        return [None] * len(self._layers) if rng is None or not self.uses_rng else rng.spawn(len(self._layers))

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
    def trainable(self) -> bool:
        """Whether any layer inside is trained; setting it sets them all, as in Keras."""
        return any(layer.trainable for layer in self._layers) or not self._layers

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._layers:
            layer.trainable = value

    @property
    def activation(self) -> ActivationFunction:  # type: ignore[override]
        """The last layer's."""
        return self._layers[-1].activation if self._layers else linear

    @property
    def input_shape(self) -> Shape | None:
        if self._given_shape is not None or self._built is not None or not self._layers:
            return super().input_shape
        return self._layers[0].input_shape

    @property
    def params(self) -> Arrays:
        """The parameters of all layers by path, such as "conv2d/kernel"; not copied."""
        return self._gathered(lambda layer: layer.params)

    @property
    def state(self) -> Arrays:
        """The state of all layers by path, such as "batch_normalization/moving_mean"; not copied."""
        return self._gathered(lambda layer: layer.state)

    @property
    def trained_params(self) -> Arrays:
        return self._gathered(lambda layer: layer.trained_params)

    @property
    def weights(self) -> Arrays:
        """Parameters and state by path, layer by layer, in Keras's order."""
        return self._gathered(lambda layer: layer.weights)

    def _gathered(self, arrays_of: Callable[[Layer], dict[str, Any]]) -> dict[str, Any]:
        """What `arrays_of` returns for each layer, with the layer's name as prefix."""
        return {name: a for layer in self._layers for name, a in with_prefix(layer.name, arrays_of(layer)).items()}

    def check_shape(self, input_shape: Shape) -> Shape:
        """The output's shape. Raises ValueError if a layer does not accept the output of the one before."""
        return self.output_shape_for(checks.shape(self.name, "input_shape", input_shape))

    def output_shape_for(self, input_shape: Shape) -> Shape:
        for layer in self._layers:
            input_shape = layer.check_shape(input_shape)
        return input_shape

    def _with_shapes(self, input_shape: Shape) -> Iterator[tuple[Layer, Shape]]:
        """Each layer with its input shape."""
        for layer in self._layers:
            yield layer, input_shape
            input_shape = layer.check_shape(input_shape)

    def param_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        shapes = {layer.name: layer.param_shapes(shape) for layer, shape in self._with_shapes(input_shape)}
        return self._gathered(lambda layer: shapes[layer.name])

    def state_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        shapes = {layer.name: layer.state_shapes(shape) for layer, shape in self._with_shapes(input_shape)}
        return self._gathered(lambda layer: shapes[layer.name])

    def make_arrays(self, input_shape: Shape, rng: Rng, dtype: Any) -> tuple[Arrays, Arrays]:
        """New arrays for every layer, or the existing ones of a layer that is built."""
        rngs = rng.spawn(len(self._layers))
        made = {
            layer.name: (layer.params, layer.state) if layer.built else layer.make_arrays(shape, own, dtype)
            for own, (layer, shape) in zip(rngs, self._with_shapes(input_shape), strict=True)
        }
        return self._gathered(lambda layer: made[layer.name][0]), self._gathered(lambda layer: made[layer.name][1])

    def finish_build(self, input_shape: Shape, params: Arrays, state: Arrays) -> None:
        shapes = list(self._with_shapes(input_shape))
        for layer, shape in shapes:
            layer.finish_build(shape, of_prefix(layer.name, params), of_prefix(layer.name, state))
        self._built = Built(tuple(input_shape), self.output_shape_for(tuple(input_shape)), {}, {})

    def with_arrays(self, params: Arrays, state: Arrays) -> "Chain":
        return self.with_layers(
            [layer.with_arrays(of_prefix(layer.name, params), of_prefix(layer.name, state)) for layer in self._layers]
        )

    # ------------------------------------------------------------ copies

    def with_layers(self, layers: Sequence[Layer], stages: Stages | None = None) -> "Chain":
        """A Chain of this name and shapes with other layers and, if given, other stages."""
        chain = Chain.__new__(Chain)
        chain.name, chain.auto_named = self.name, False
        chain._layers = [layer.with_layers(layer.layers) if isinstance(layer, Chain) else layer for layer in layers]
        chain._stages = stages
        chain._built, chain._given_shape = self._built, self._given_shape
        return chain

    def mapped(self, function: Callable[[Stage, Path], Stage], path: Path = ROOT) -> "Chain":
        """A Chain with `function` applied to every stage, those of nested chains too."""
        stages = [(k, stage.mapped(function, path.inside(stage.name, k))) for k, stage in self.stages]
        return self.with_layers(self._layers, stages)

    def without_activation(self) -> "Chain":
        """A Chain that shares the parameters, and whose output is the last layer's pre-activation."""
        *before, last = self._layers
        return self.with_layers([*before, last.without_activation()])
