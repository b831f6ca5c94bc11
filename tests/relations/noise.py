"""Relations of the layers that put noise on their input in training."""

import numpy as np
from faults import Fault
from hypothesis import strategies as st

from numpycnn.activations import selu
from numpycnn.common.typing import Array
from numpycnn.layers import AlphaDropout, Dropout, GaussianDropout, GaussianNoise, Layer, SpatialDropout2D
from numpycnn.layers.random import RandomLayer
from relations.common import counts, generator, near, seeds
from relations.table import Draw, relation

SHAPE = (2, 3, 4)


def images(draw: Draw) -> Array:
    """Two batches of images."""
    return generator(draw).normal(size=(2, draw(counts), *SHAPE))


def trained(layer: Layer, x: Array, seed: int) -> Array:
    """The output in training."""
    layer.build(SHAPE, np.random.default_rng(0), np.float64)
    return layer.forward(x, training=True, rng=np.random.default_rng(seed))[0]


@relation(Fault(SpatialDropout2D.mask_shape, "(n, 1, 1, channels)", "(n, *example)"))
def spatial_dropout_is_a_noise_shape(draw: Draw) -> None:
    """SpatialDropout2D = Dropout with noise_shape (None, 1, 1, C)."""
    (x, _), seed = images(draw), draw(seeds)
    near(trained(SpatialDropout2D(0.5), x, seed), trained(Dropout(0.5, (None, 1, 1, 4)), x, seed))


@relation(Fault(Dropout.draw, "F.dropout_kept(shape, self.rate, self.generator(rng))", "np.ones(shape, bool)"))
def dropout_at_rate_one_is_zero(draw: Draw) -> None:
    """y(x; rate 1, any noise_shape) = 0."""
    x, _ = images(draw)
    shape = draw(st.sampled_from((None, (None, 1, 1, 4), (1, 2, 1, 1))))
    near(trained(Dropout(1.0, shape), x, draw(seeds)), np.zeros_like(x))


@relation(Fault(AlphaDropout.forward, "x * factor + shift", "x * factor"))
def alpha_dropout_is_dropout_about_another_value(draw: Draw) -> None:
    """y = a*(1 - rate)*dropout(x - f) + a*f + b, for the same mask, with f, selu's limit, and the paper's a and b."""
    (x, _), seed, rate, f = images(draw), draw(seeds), draw(st.sampled_from((0.25, 0.5))), selu(np.array([-1e3]))[0]
    a = ((1 - rate) * (1 + rate * f**2)) ** -0.5
    near(
        trained(AlphaDropout(rate), x, seed),
        a * (1 - rate) * trained(Dropout(rate), x - f, seed) + a * f - a * rate * f,
    )


@relation(Fault(GaussianNoise.forward, "return x + noise, noise", "return x + x * noise, noise"))
def noise_does_not_depend_on_the_input(draw: Draw) -> None:
    """y(a) - y(b) = a - b, for the same noise."""
    (a, b), seed = images(draw), draw(seeds)
    near(trained(GaussianNoise(0.5), a, seed) - trained(GaussianNoise(0.5), b, seed), a - b)


@relation(Fault(GaussianDropout.forward, "x * factor, factor", "x + factor - 1.0, factor"))
def multiplied_noise_is_linear(draw: Draw) -> None:
    """y(a + b) = y(a) + y(b), for the same factors."""
    (a, b), seed = images(draw), draw(seeds)
    y = [trained(GaussianDropout(0.5), x, seed) for x in (a + b, a, b)]
    near(y[0], y[1] + y[2])


@relation(Fault(RandomLayer.generator, "seeded(rng, self.seed)", "rng"))
def gaussian_layers_of_one_seed_draw_the_same(draw: Draw) -> None:
    """(noise's y - x)/stddev = (dropout's y/x - 1), at rate 1/2, for equal seeds; for others they differ."""
    (x, _), seed = images(draw), draw(seeds)
    noise = (trained(GaussianNoise(0.5, seed=1), x, seed) - x) / 0.5
    near(noise * x, trained(GaussianDropout(0.5, seed=1), x, seed) - x)
    assert (noise != (trained(GaussianNoise(0.5, seed=2), x, seed) - x) / 0.5).any()
