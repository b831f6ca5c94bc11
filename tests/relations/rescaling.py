"""Relations of Rescaling and Normalization."""

import numpy as np
from faults import Fault
from hypothesis import strategies as st

from numpycnn import functional as F
from numpycnn.common.typing import Array
from numpycnn.layers import BatchNormalization, Normalization, Rescaling
from relations.common import counts, generator, near
from relations.table import Draw, relation

SHAPE = (2, 3, 4)


def images(draw: Draw) -> Array:
    return generator(draw).normal(size=(draw(counts) + 1, *SHAPE))


def adapted(x: Array, **arguments: object) -> Normalization:
    layer = Normalization(**arguments)  # type: ignore[arg-type]
    layer.build(SHAPE, np.random.default_rng(0), np.float64)
    layer.adapt(x)
    return layer


@relation(Fault(F.rescale, "x * scale + offset", "(x + offset) * scale"))
def two_rescalings_are_one(draw: Draw) -> None:
    """(x*a + b)*c + d = x*(a*c) + (b*c + d)."""
    x, (a, b, c, d) = images(draw), generator(draw).uniform(0.5, 2.0, 4)
    near(rescaled(rescaled(x, a, b), c, d), rescaled(x, a * c, b * c + d))


def rescaled(x: Array, scale: float, offset: float) -> Array:
    """Rescaling of x."""
    layer = Rescaling(scale, offset)
    layer.build(SHAPE)
    return layer.forward(x)[0]


@relation(Fault(F.standardize, "(x - mean) / std", "x / std - mean"))
def inverted_normalization_goes_back(draw: Draw) -> None:
    """inverse(y(x)) = x."""
    x, axis = images(draw), draw(st.sampled_from((None, -1, [1, 3], [1, 2, 3])))
    y = adapted(x, axis=axis).forward(x)[0]
    near(adapted(x, axis=axis, invert=True).forward(y)[0], x)


@relation(Fault(Normalization.in_columns, "np.moveaxis(data, kept, range(data.ndim - len(kept), data.ndim))", "data"))
def of_its_own_data_it_is_batch_normalization(draw: Draw) -> None:
    """y(x), adapted to x = batch normalization of x with epsilon near 0, along the same axis."""
    x, axis = images(draw), draw(st.sampled_from((1, 2, 3)))
    whole = BatchNormalization(axis, epsilon=1e-30)
    whole.build(SHAPE, np.random.default_rng(0), np.float64)
    near(adapted(x, axis=axis).forward(x)[0], whole.forward(x, training=True)[0])
