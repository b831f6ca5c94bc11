"""The base class of layers that draw random numbers in training, and give back their input in inference."""

from typing import Any, Unpack

from numpycnn.common import checks
from numpycnn.common.randomness import seeded
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.layers.base import Layer, LayerOptions


class RandomLayer(Layer):
    """Base class of layers that are random in training, and the identity in inference.

    Their numbers come from the generator passed to `forward`, which a model derives from its seed, the step, the
    micro-batch and the layer's index: so the model's seed fixes them. seed: an integer of at least 0 that takes the
    place of the model's for this layer. Unlike in Keras no layer's seed is needed for reproducible results.

    Raises TypeError or ValueError for another seed.
    """

    def __init__(self, seed: int | None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.seed = None if seed is None else checks.integer(self.name, "seed", seed, at_least=0)

    def output_shape_for(self, input_shape: Shape) -> Shape:
        return input_shape

    def generator(self, rng: Rng | None) -> Rng:
        """The generator to draw from: rng with the seed mixed in. Raises ValueError if rng is None."""
        if rng is None:
            raise ValueError(f"{self.name}: training=True needs rng, a numpy.random.Generator, to draw from")
        return seeded(rng, self.seed)

    def backward(self, dy: Array, cache: Array | None) -> tuple[Array, dict[str, Array]]:
        """The cache is the factor of each value, or None where y = x."""
        return dy if cache is None else dy * cache, {}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}
