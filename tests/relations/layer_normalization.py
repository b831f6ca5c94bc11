"""Relations of layer and group normalization."""

import numpy as np
from faults import Fault
from hypothesis import strategies as st

from numpycnn import functional as F
from numpycnn.common.typing import Array
from numpycnn.layers import BatchNormalization, GroupNormalization, Layer, LayerNormalization
from relations.common import counts, generator, near
from relations.table import Draw, relation

SHAPE = (2, 3, 4)


def built(layer: Layer) -> Layer:
    layer.build(SHAPE, np.random.default_rng(0), np.float64)
    return layer


def batch(draw: Draw) -> tuple[Array, Array]:
    """Images, and the gradient of what becomes of them."""
    x, dy = generator(draw).normal(size=(2, draw(counts), *SHAPE))
    return x, dy


@relation(Fault(F.normalize, "x - like_rows(center, x)", "x + 0"))
def a_shift_of_an_example_is_not_seen(draw: Draw) -> None:
    """y(x + c) = y(x), for any c of each example."""
    x, _ = batch(draw)
    layer = built(draw(st.sampled_from((LayerNormalization(axis=[1, 2, 3]), GroupNormalization(1)))))
    shifts = generator(draw).integers(-4, 5, (len(x), 1, 1, 1))
    near(layer.forward(x + shifts)[0], layer.forward(x)[0])


@relation(Fault(GroupNormalization.split, "return groups, channels // groups", "return channels // groups, groups"))
def one_group_is_layer_normalization(draw: Draw) -> None:
    """group normalization by 1 group = layer normalization over all axes; as many as channels = over rows, columns."""
    x, dy = batch(draw)
    groups, axes = draw(st.sampled_from(((1, [1, 2, 3]), (4, [1, 2]))))
    group, whole = built(GroupNormalization(groups)), built(LayerNormalization(axis=axes))
    (y, cache), (expected, expected_cache) = group.forward(x), whole.forward(x)
    near(y, expected)
    near(group.backward(dy, cache)[0], whole.backward(dy, expected_cache)[0])


@relation(Fault(F.normalize_backward, "dxhat - like_rows(means(axes, dxhat), dxhat)", "dxhat + 0"))
def of_one_image_instance_and_batch_normalization_agree(draw: Draw) -> None:
    """group normalization by C groups of one image = batch normalization of it, backward too."""
    x, dy = batch(draw)
    instance, whole = built(GroupNormalization(-1)), built(BatchNormalization())
    (y, cache), (expected, expected_cache) = (layer.forward(x[:1], training=True) for layer in (instance, whole))
    near(y, expected)
    dx, gradients = instance.backward(dy[:1], cache)
    expected_dx, expected_gradients = whole.backward(dy[:1], expected_cache)
    near(dx, expected_dx)
    for key in ("gamma", "beta"):
        near(gradients[key], expected_gradients[key])


@relation(
    Fault(
        F.rms_scale_backward,
        "ds - normalized.xhat * like_rows(means(axes, ds, rms_scale(x, normalized)), ds)",
        "ds + 0",
    )
)
def rms_scaling_of_what_has_no_mean_is_centering(draw: Draw) -> None:
    """x less its mean, by rms_scaling = layer normalization of x; and dx less its mean = its dx."""
    x, dy = batch(draw)
    rms, centered = built(LayerNormalization(rms_scaling=True)), built(LayerNormalization())
    (y, cache), (expected, expected_cache) = rms.forward(x - x.mean(-1, keepdims=True)), centered.forward(x)
    near(y, expected)
    dx = rms.backward(dy, cache)[0]
    near(dx - dx.mean(-1, keepdims=True), centered.backward(dy, expected_cache)[0])
