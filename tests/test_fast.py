"""The fast path against the plain one: the same winners and masks, and the same numbers, exactly where sums are exact."""

from typing import Any

import numpy as np
import pytest
from cases import LAYOUTS, axes, data_formats, image_shape, integers, laid_out
from hypothesis import given
from hypothesis import strategies as st
from numeric import error

from numpycnn import fast
from numpycnn.layers import Activation, Conv2D, Dropout, Layer, MaxPooling2D
from numpycnn.layers.data_format import to_channels_last
from numpycnn.scratch import reused
from numpycnn.typing import Array, Shape


@st.composite
def chains(draw: st.DrawFn) -> list[Layer]:
    """A convolution and what may follow it: ReLU in it or after it, a pool whose windows do not overlap, dropout."""
    padding, data_format = draw(st.sampled_from(("valid", "same"))), draw(data_formats)
    rows, cols = draw(axes(padding, dilated=True)), draw(axes(padding, dilated=True))
    conv = Conv2D(
        draw(st.integers(1, 3)),
        (rows.kernel, cols.kernel),
        strides=(rows.stride, cols.stride),
        padding=padding,
        data_format=data_format,
        dilation_rate=(rows.dilation, cols.dilation),
        activation=draw(st.sampled_from((None, "relu"))),
        use_bias=draw(st.booleans()),
        bias_initializer="random_normal",
        input_shape=image_shape(rows, cols, draw(st.sampled_from((1, 2, 5))), data_format),
    )
    layers: list[Layer] = [conv]
    if draw(st.booleans()):
        layers.append(Activation("relu"))
    if draw(st.booleans()):
        oh, ow = conv.window.output_size((rows.size, cols.size))
        size = draw(st.integers(1, min(oh, 3))), draw(st.integers(1, min(ow, 3)))
        apart = size[0] + draw(st.integers(0, 2)), size[1] + draw(st.integers(0, 2))
        layers.append(MaxPooling2D(size, apart, draw(st.sampled_from(("valid", "same"))), data_format))
    if draw(st.booleans()):
        layers.append(Dropout(draw(st.sampled_from((0.0, 0.3, 0.5, 0.75, 1.0)))))
    return layers


def built(layers: list[Layer], seed: int, dtype: Any, *, whole: bool) -> Shape:
    """Build the layers, with whole numbers as parameters if wanted. Returns the output's shape."""
    rng = np.random.default_rng(seed)
    shape = layers[0].input_shape
    assert shape is not None
    for layer in layers:
        shape = layer.build(shape, rng, dtype)
        for param in layer.params.values():
            param[...] = integers(rng, param.shape, dtype) if whole else rng.standard_normal(param.shape)
    return shape


def layer_by_layer(layers: list[Layer], x: Array, dy: Array, seed: int) -> tuple[Array, Array, dict[str, Array], Array]:
    """Output, input gradient, parameter gradients, and the pool's winners, of the plain path."""
    caches = []
    for layer in layers:
        x, cache = layer.forward(x, training=True, rng=np.random.default_rng(seed))
        caches.append((layer, cache))
    y, winner = x, np.zeros(())
    gradients: dict[str, Array] = {}
    for layer, cache in reversed(caches):
        dy, own = layer.backward(dy, cache)
        gradients |= own
        winner = cache.winner if isinstance(layer, MaxPooling2D) else winner
    return y, dy, gradients, winner


@given(
    chains(),
    st.integers(1, 5),
    st.integers(0, 99),
    st.sampled_from(LAYOUTS),
    st.sampled_from((np.float32, np.float64)),
    st.sampled_from((1, 3000, 1 << 20)),
    st.booleans(),
)
def test_a_block_equals_its_layers(
    layers: list[Layer], n: int, seed: int, layout: str, dtype: Any, tile: int, whole: bool
) -> None:
    """Bit for bit on whole numbers; else to 1e-13 in float64 and 1e-5 in float32, and the same winners in float64."""
    rng = np.random.default_rng(seed)
    shape = built(layers, seed, dtype, whole=whole)
    x = integers(rng, (n, *(layers[0].input_shape or ())), dtype)
    dy = integers(rng, (n, *shape), dtype)
    if not whole:
        x, dy = x + rng.uniform(-0.3, 0.3, x.shape).astype(dtype), dy + rng.uniform(-0.3, 0.3, dy.shape).astype(dtype)
    x, dy = laid_out(x, layout), laid_out(dy, layout)
    y, dx, gradients, winner = layer_by_layer(layers, x, dy, seed)

    (found,) = fast.stages(layers)
    assert found[0] == len(layers) - 1
    block = found[1]
    with pytest.MonkeyPatch.context() as patch, reused():
        patch.setattr(fast, "TILE", tile)
        fast_y, cache = block.forward(x, training=True, rng=np.random.default_rng(seed))
        fast_dx, fast_gradients = block.backward(dy, cache)
        alone = block.parameter_gradients(dy, cache)
        pairs = [(fast_y, y), (fast_dx, dx), *((fast_gradients[key], gradients[key]) for key in gradients)]
        assert fast_gradients.keys() == gradients.keys()
        rate = layers[-1].rate if isinstance(layers[-1], Dropout) else 0.0
        exact = whole and rate in (0.0, 0.5, 0.75, 1.0)
        for ours, plain in pairs:
            assert ours.dtype == plain.dtype
            assert ours.shape == plain.shape
            if exact:
                np.testing.assert_array_equal(ours, plain)
            elif whole or dtype is np.float64:
                assert error(ours, plain) <= (1e-13 if dtype is np.float64 else 1e-6)
        assert all(alone[key].tobytes() == fast_gradients[key].tobytes() for key in alone)
        if cache.winner is not None and (whole or dtype is np.float64):
            passed = fast_y != 0 if "relu" in {layer.activation for layer in layers} else np.ones_like(fast_y, bool)
            passed = to_channels_last(passed, layers[0].data_format)  # type: ignore[attr-defined]
            np.testing.assert_array_equal(cache.winner[passed], winner[passed])
