"""A chain of layers, the output of each being the input of the next: the one loop over layers, forward and backward.

`models.Sequential` is the chain that users create and train.
"""

from collections.abc import Iterator

from numpycnn.activations import ActivationFunction, linear
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.layers.base import Layer
from numpycnn.layers.container import Container, require_gradients
from numpycnn.layers.stage import Cache, Gradients, Micro, with_prefix


class Chain(Container):
    """A sequence of layers."""

    # ------------------------------------------------------------ the loop

    def forward_micro(self, x: Array, *, training: bool, rng: Rng | None) -> Micro[tuple[Array, list[Cache]]]:
        """The forward of all stages: the last one's output, and the cache of each."""
        stages, caches, rngs = self.stages, [], self.children_of(rng)
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

    # ------------------------------------------------------------ derived from the layers

    @property
    def activation(self) -> ActivationFunction:  # type: ignore[override]
        """The last layer's."""
        return self._layers[-1].activation if self._layers else linear

    @property
    def shape_in(self) -> Shape | None:
        if self._given_shape is not None or self._built is not None or not self._layers:
            return super().shape_in
        return self._layers[0].shape_in

    def output_shape_for(self, input_shape: Shape) -> Shape:
        for layer in self._layers:
            input_shape = layer.check_shape(input_shape)
        return input_shape

    def with_shapes(self, input_shape: Shape) -> Iterator[tuple[Layer, Shape]]:
        """Each layer with its input shape."""
        for layer in self._layers:
            yield layer, input_shape
            input_shape = layer.check_shape(input_shape)

    # ------------------------------------------------------------ copies

    def bare(self) -> "Chain":
        """A Chain of this name and shapes, also of a Sequential, whose optimizer no pass needs."""
        chain = Chain.__new__(Chain)
        chain.name, chain.auto_named = self.name, False
        chain._built, chain._given_shape = self._built, self._given_shape
        return chain

    def without_activation(self) -> "Chain":
        """A Chain that shares the parameters, and whose output is the last layer's pre-activation."""
        *before, last = self._layers
        return self.with_layers([*before, last.without_activation()])
