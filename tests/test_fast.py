"""The fast path against the plain one: the same winners and masks, and the same numbers, exactly where sums are exact."""

import mmap
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import pytest
from cases import LAYOUTS, axes, data_formats, image_shape, integers, laid_out
from hypothesis import example, given
from hypothesis import strategies as st
from networks import small_data, small_network

from numpycnn import Sequential, backend
from numpycnn import functional as F
from numpycnn.activations import ACTIVATIONS, ActivationFunction, relu
from numpycnn.common.typing import Array, Shape
from numpycnn.engine import fast, training
from numpycnn.engine.batching import Data
from numpycnn.engine.fast import im2col, one_axis, plan, pointwise, scratch, winograd
from numpycnn.engine.fast.block import Block, BlockCache
from numpycnn.engine.fast.im2col import ConvBlock
from numpycnn.engine.fast.parts import parts_at
from numpycnn.engine.fast.plan import planned_block
from numpycnn.engine.fast.scratch import scratch_scope, take
from numpycnn.engine.fast.winograd import WinogradBlock
from numpycnn.layers import (
    ELU,
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    MaxPooling2D,
    ReLU,
)
from numpycnn.layers.container import Stages
from numpycnn.layers.data_format import to_channels_last
from numpycnn.losses import MeanSquaredError

BOUNDS = {"float64": 1e-14, "float32": 3e-6}
WINOGRAD_BOUNDS = {"float64": 1e-14, "float32": 5e-6}
"""How far the fast path may be from the plain one by rounding."""


@st.composite
def chains(draw: st.DrawFn) -> list[Layer]:
    """A convolution and what may follow it: ReLU in it or after it, before a pool or after it, and dropout."""
    padding, data_format = draw(st.sampled_from(("valid", "same"))), draw(data_formats)
    rows, cols = draw(axes(padding, dilated=True)), draw(axes(padding, dilated=True))
    where = draw(st.sampled_from(("nowhere", "in it", "before the pool", "after the pool")))
    conv = Conv2D(
        draw(st.integers(1, 3)),
        (rows.kernel, cols.kernel),
        strides=(rows.stride, cols.stride),
        padding=padding,
        data_format=data_format,
        dilation_rate=(rows.dilation, cols.dilation),
        activation="relu" if where == "in it" else None,
        use_bias=draw(st.booleans()),
        bias_initializer="random_normal",
        input_shape=image_shape(rows, cols, draw(st.sampled_from((1, 2, 5))), data_format),
    )
    layers: list[Layer] = [conv]
    if where == "before the pool":
        layers.append(draw(st.sampled_from((Activation("relu"), ReLU()))))
    if draw(st.booleans()):
        layers.append(draw(pools(conv.window.output_size((rows.size, cols.size)), data_format, where)))
    if where == "after the pool":
        layers.append(ReLU())
    if draw(st.booleans()):
        layers.append(Dropout(draw(st.sampled_from((0.0, 0.3, 0.5, 0.75, 1.0)))))
    return layers


@st.composite
def pools(draw: st.DrawFn, image: tuple[int, int], data_format: str, relu: str) -> Layer:
    """A pool that a block can have: windows of a ReLU's average do not overlap."""
    kind = draw(st.sampled_from((MaxPooling2D, AveragePooling2D)))
    size = draw(st.integers(1, min(image[0], 3))), draw(st.integers(1, min(image[1], 3)))
    apart = kind is AveragePooling2D and relu in ("in it", "before the pool")
    strides = tuple(draw(st.integers(side if apart else 1, side + 2)) for side in size)
    return kind(size, strides, draw(st.sampled_from(("valid", "same"))), data_format)  # type: ignore[arg-type]


def built(layers: list[Layer], seed: int, dtype: Any, *, whole: bool) -> Shape:
    """Build the layers, with whole numbers as parameters if wanted. Returns the output's shape."""
    rng = np.random.default_rng(seed)
    shape = layers[0].shape_in
    assert shape is not None
    for layer in layers:
        shape = layer.build(shape, rng, dtype)
        for param in layer.params.values():
            param[...] = integers(rng, param.shape, dtype) if whole else rng.standard_normal(param.shape)
    return shape


def stages(layers: list[Layer]) -> Stages:
    """What a pass goes through on the fast path."""
    dtypes = {param.dtype.name for layer in layers for param in layer.params.values()}
    return fast.fused(Sequential(layers, dtype=next(iter(dtypes), None))).stages


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


def sizes(layers: list[Layer], x: Array, dy: Array, seed: int) -> tuple[Array, Array, dict[str, Array]]:
    """For each number of the output and of the gradients the sum of the sizes of its terms, which rounding goes by.

    They are what comes out when every number that goes in has no sign, while winners, masks and gates stay.
    """
    size, caches = np.abs(x), []
    gradients: dict[str, Array] = {}
    for layer in layers:
        twin = without_signs(layer)
        x, cache = layer.forward(x, training=True, rng=np.random.default_rng(seed))
        size, _ = twin.forward(size, training=True, rng=np.random.default_rng(seed))
        caches.append(
            (twin, cache._replace(linear=tuple(map(np.abs, cache.linear))) if isinstance(layer, Conv2D) else cache)
        )
    dsize = np.abs(dy)
    for twin, cache in reversed(caches):
        dsize, own = twin.backward(dsize, cache)
        gradients |= own
    return size, dsize, gradients


def without_signs(layer: Layer) -> Layer:
    """The layer with the sizes of its parameters."""
    return layer.with_arrays({key: np.abs(param) for key, param in layer.params.items()}, {})


def compare(
    layers: list[Layer], n: int, seed: int, layout: str, dtype: Any, *, whole: bool, exact: bool, bounds: Any = None
) -> None:
    """A block against its layers: everything that goes out or back, and the winners that gradients go to."""
    same = partial(assert_same, bounds=bounds or BOUNDS)
    rng = np.random.default_rng(seed)
    shape = built(layers, seed, dtype, whole=whole)
    x, dy = (integers(rng, (n, *s), dtype) for s in (layers[0].shape_in or (), shape))
    if not whole:
        x, dy = (a + rng.uniform(-0.3, 0.3, a.shape).astype(dtype) for a in (x, dy))
    x, dy = laid_out(x, layout), laid_out(dy, layout)
    y, dx, gradients, winner = layer_by_layer(layers, x, dy, seed)
    y_size, dx_size, gradient_sizes = sizes(layers, x, dy, seed)
    ((last, block),) = stages(layers)
    assert last == len(layers) - 1
    with scratch_scope():
        fast_y, cache = block.forward(x, training=True, rng=np.random.default_rng(seed))
        fast_dx, fast_gradients = block.backward(dy, cache)
        alone = block.parameter_gradients(dy, cache)
        assert fast_gradients.keys() == gradients.keys()
        assert all(alone[key].tobytes() == fast_gradients[key].tobytes() for key in alone)
        inference, _ = block.forward(x)
        inference_size = in_inference([without_signs(layer) for layer in layers], np.abs(x))
        same(inference, in_inference(layers, x), inference_size, exact=exact)
        same(fast_y, y, y_size, exact=exact)
        if cache.winner is not None:
            passed = np.ones_like(fast_y, bool)
            if relu in {layer.activation for layer in layers}:
                passed = fast_y > 0
            passed = to_channels_last(passed, layers[0].data_format)  # type: ignore[attr-defined]
            ours, theirs = cache.winner[passed], winner[passed]
            if not exact and dtype is np.float32 and (ours != theirs).any():
                return  # two scores within rounding of one another: gradients go elsewhere from here on
            np.testing.assert_array_equal(ours, theirs)
        same(fast_dx, dx, dx_size, exact=exact)
        for key in gradients:
            same(fast_gradients[key], gradients[key], gradient_sizes[key], exact=exact)


def assert_same(ours: Array, plain: Array, size: Array, *, exact: bool, bounds: dict[str, float] = BOUNDS) -> None:
    """The same bits where sums are exact; else to the bounds, of the largest sum of the sizes of terms."""
    assert ours.dtype == plain.dtype
    assert ours.shape == plain.shape
    if exact:
        np.testing.assert_array_equal(ours, plain)
    else:
        bound = bounds[ours.dtype.name] * np.abs(size).max(initial=0.0)
        assert np.abs(ours - plain).max(initial=0.0) <= bound


def in_inference(layers: list[Layer], x: Array) -> Array:
    for layer in layers:
        x, _ = layer.forward(x)
    return x


dtypes = st.sampled_from((np.float32, np.float64))


ALWAYS, NEVER = -1e9, 1e9  # for plan.one_axis_cost


@pytest.mark.parametrize("cost", [ALWAYS, NEVER], ids=["along one axis", "im2col"])
@given(
    chains(),
    st.integers(1, 5),
    st.integers(0, 99),
    st.sampled_from(LAYOUTS),
    dtypes,
    st.sampled_from((1, 3000, 1 << 20)),
    st.booleans(),
)
def test_a_block_equals_its_layers(
    cost: float, layers: list[Layer], n: int, seed: int, layout: str, dtype: Any, tile: int, whole: bool
) -> None:
    inexact = any(isinstance(layer, AveragePooling2D) or getattr(layer, "rate", 0) == 0.3 for layer in layers)
    exact = whole and not inexact
    backend.set_convolution_precision("highest")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(im2col, "TILE_BYTES", tile)
        patch.setattr(plan, "one_axis_cost", lambda _: cost)
        patch.setattr(one_axis, "BAND_BYTES", tile)
        patch.setattr(one_axis, "RUN", min(tile, 20))
        compare(layers, n, seed, layout, dtype, whole=whole, exact=exact)


@given(
    st.sampled_from(("valid", "same")),
    st.tuples(st.integers(3, 13), st.integers(3, 9)),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.sampled_from(
        (None, (2, 2, "valid"), (2, 2, "same"), (3, 3, "valid"), (1, 2, "valid"), (2, 3, "same"), (3, 2, "same"))
    ),
    st.tuples(st.sampled_from(((2, 2), (3, 2), (2, 4), (3, 4))), st.sampled_from(((3, 2), (2, 4), (3, 4)))),
    st.tuples(st.booleans(), st.booleans()),
    data_formats,
    st.integers(1, 5),
    st.integers(0, 99),
    dtypes,
    st.sampled_from(((1, 0), (1, 4), (10_000, 0), (1 << 22, 4))),
)
@example(  # its rounding is 3.8e-6
    *("valid", (12, 5), (1, 1), (2, 2, "same"), ((2, 4), (2, 4)), (False, False), "channels_last"),
    *(2, 8, np.float32, (1, 0)),
)
@example(  # the last strip has no row that the pool's second position sees
    *(
        "same",
        (5, 5),
        (2, 3),
        (2, 2, "same"),
        ((3, 4), (3, 4)),
        (True, False),
        "channels_last",
        3,
        0,
        np.float64,
        (1, 0),
    )
)
@example(  # the strips of the last tile, of one image, have more rows than those of the first, of two
    *(
        "same",
        (5, 5),
        (2, 3),
        (2, 2, "same"),
        ((3, 4), (3, 4)),
        (True, False),
        "channels_last",
        3,
        0,
        np.float64,
        (1, 4),
    )
)
@example(  # one channel and one image, as they lie: the strides of axes of one are anything
    *(
        "valid",
        (4, 6),
        (1, 1),
        None,
        ((3, 2), (3, 2)),
        (False, False),
        "channels_first",
        1,
        0,
        np.float64,
        (1, 0),
    )
)
def test_winograd_equals_im2col(
    padding: str,
    image: tuple[int, int],
    channels: tuple[int, int],
    pool: tuple[int, int, str] | None,
    axes: tuple[tuple[int, int], tuple[int, int]],
    flags: tuple[bool, bool],
    data_format: str,
    n: int,
    seed: int,
    dtype: Any,
    strip: tuple[int, int],
) -> None:
    """With blocks of 2 by 2, whole numbers too are exact: the kernel is only divided by two, twice.

    axes: the kernel's size and the blocks' along each. strip: its size, in bytes and in kernels.
    """
    (bias, whole), (kernel, m) = flags, zip(*axes, strict=True)
    shape = (channels[0], *image) if data_format == "channels_first" else (*image, channels[0])
    options: dict[str, Any] = {"padding": padding, "data_format": data_format, "activation": "relu"}
    conv = Conv2D(channels[1], kernel, use_bias=bias, input_shape=shape, **options)
    layers: list[Layer] = [conv]
    if pool is not None and (pool[2] == "same" or pool[0] <= min(conv.window.output_size(image))):
        layers += [MaxPooling2D(pool[0], pool[1], pool[2], data_format), Dropout(0.5)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(winograd, "STRIP_BYTES", strip[0])
        patch.setattr(winograd, "KERNELS", strip[1])
        patch.setattr(winograd, "LONG_ROW", 1)
        patch.setattr(plan, "ways", lambda *_, **__: [plan.Way(partial(WinogradBlock, m=m), 0.0)])
        exact = whole and m == (2, 2)  # in larger blocks a score of exactly 0 becomes a little more or less
        compare(layers, n, seed, "contiguous", dtype, whole=exact, exact=exact, bounds=WINOGRAD_BOUNDS)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("pool", [None, (2, 2, "valid"), (2, 3, "same"), (3, 2, "same")])
@pytest.mark.parametrize(("strides", "bias"), [(1, True), (2, True), ((1, 3), False)])
def test_a_kernel_of_one_pixel_is_a_product(
    data_format: str, pool: tuple[int, int, str] | None, strides: Any, bias: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pointwise, "TILE_BYTES", 2000)
    shape = (11, 13, 2) if data_format == "channels_last" else (2, 11, 13)
    for whole, dtype in ((True, np.float32), (False, np.float64)):
        layers: list[Layer] = [Conv2D(3, 1, strides, data_format=data_format, use_bias=bias, input_shape=shape)]
        if pool is not None:
            layers += [MaxPooling2D(*pool, data_format=data_format), ReLU(), Dropout(0.5)]
        compare(layers, 5, 3, "contiguous", dtype, whole=whole, exact=whole)
        ((_, block),) = stages(layers)
        assert isinstance(block, Block)
        assert block.way == "product"


def test_winograd_takes_images_as_another_block_leaves_them() -> None:
    """Without padding they are not copied; blocks that fit the image, and no pool, leave no output unseen."""
    conv = Conv2D(3, 3, input_shape=(6, 6, 2))
    built([conv], 0, np.float64, whole=False)
    parts = parts_at([conv])
    assert parts is not None
    block, rng = WinogradBlock(parts), np.random.default_rng(0)
    x, dy = rng.standard_normal((6, 6, 5, 2)).transpose(2, 0, 1, 3), rng.standard_normal((5, 4, 4, 3))
    (y, cache), (y_copied, copied) = block.forward(x), block.forward(x.copy())
    assert np.shares_memory(cache.padded, x)
    assert not np.shares_memory(copied.padded, x)
    np.testing.assert_array_equal(y, y_copied)
    np.testing.assert_array_equal(block.backward(dy, cache)[0], block.backward(dy, copied)[0])


def test_a_frozen_kernel_of_one_pixel_costs_no_product() -> None:
    conv = Conv2D(3, 1, input_shape=(4, 4, 2))
    built([conv], 0, np.float64, whole=False)
    x, dy = np.ones((2, 4, 4, 2)), np.ones((2, 4, 4, 3))
    ((_, block),) = stages([conv])
    dx, gradients = block.backward(dy, block.forward(x, training=True)[1])
    assert gradients["kernel"].any()
    conv.trainable = False
    without, gradients = block.backward(dy, block.forward(x, training=True)[1])
    np.testing.assert_array_equal(without, dx)
    assert not gradients["kernel"].any()


def chosen(filters: int, channels: int, image: int = 16, **options: Any) -> str:
    """The way in which a convolution is computed."""
    conv = Conv2D(filters, **{"kernel_size": 3, "input_shape": (image, image, channels), **options})
    conv.build((image, image, channels), np.random.default_rng(0), np.float32)
    block = stages([conv])[0][1]
    assert isinstance(block, Block)
    return block.way


def test_each_convolution_is_computed_in_the_way_that_is_for_it() -> None:
    """Winograd's where there are channels enough, with blocks that fit the image."""
    assert chosen(64, 32) == "Winograd F(4x4, 3x3)"
    assert chosen(24, 24, 8, padding="same") == "Winograd F(4x4, 3x3)"
    assert chosen(24, 24, 8) == "im2col"
    assert chosen(64, 64, 9) == "Winograd F(4x4, 3x3)"
    assert chosen(64, 64, 8) == "Winograd F(2x2, 3x3)"
    assert chosen(64, 64, 4) == "im2col"
    assert chosen(64, 1) == "im2col"
    assert chosen(64, 32, kernel_size=1) == "product"
    assert chosen(64, 32, kernel_size=1, strides=2) == "product"
    assert chosen(64, 32, kernel_size=5) == "im2col"
    assert chosen(64, 32, kernel_size=(3, 1)) == "im2col"
    assert chosen(64, 32, strides=2) == "im2col"
    assert chosen(64, 32, dilation_rate=2) == "im2col"


def test_the_highest_precision_is_that_of_im2col(monkeypatch: pytest.MonkeyPatch) -> None:
    assert backend.convolution_precision() == "high"
    backend.set_convolution_precision("highest")
    assert chosen(64, 32) == "im2col"
    monkeypatch.setitem(backend._settings, "convolution_precision", None)
    monkeypatch.setenv("NUMPYCNN_CONVOLUTION_PRECISION", "highest")
    assert chosen(64, 32) == "im2col"
    monkeypatch.setenv("NUMPYCNN_CONVOLUTION_PRECISION", "exact")
    message = "convolution_precision: NUMPYCNN_CONVOLUTION_PRECISION must be one of 'high', 'highest'; received 'exact'"
    with pytest.raises(ValueError, match=message):
        chosen(64, 32)


ROUNDING = {("float32", 2): 7e-7, ("float32", 4): 3e-6, ("float64", 2): 3e-15, ("float64", 4): 6e-15}
"""How far Winograd's results may be from exact ones, of the largest: as its docstring says."""


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.deep) for seed in range(1, 20))])
@pytest.mark.parametrize(("dtype", "m"), ROUNDING)
def test_winograd_rounds_as_its_docstring_says(dtype: str, m: int, seed: int) -> None:
    """Beside the plain path in long double, on images that a ReLU left, and weights as Glorot draws them."""
    rng = np.random.default_rng(seed)
    channels, filters = rng.choice((16, 32, 64), 2)
    conv = Conv2D(int(filters), 3, padding="same", input_shape=(8, 9, int(channels)))
    built([conv], seed, dtype, whole=False)
    limit = np.sqrt(6 / (9 * (channels + filters)))
    conv.params["kernel"][...] = rng.uniform(-limit, limit, conv.params["kernel"].shape)
    x, dy = np.maximum(rng.standard_normal((4, 8, 9, channels)), 0), rng.standard_normal((4, 8, 9, filters))
    exactly = conv.with_arrays({key: a.astype(np.longdouble) for key, a in conv.params.items()}, {})
    x, dy = x.astype(dtype), dy.astype(dtype)
    parts = parts_at([conv])
    assert parts is not None
    results = []
    for layer, number in ((WinogradBlock(parts, (m, m)), dtype), (exactly, np.longdouble)):
        y, cache = layer.forward(x.astype(number), training=True)
        dx, gradients = layer.backward(dy.astype(number), cache)
        results.append((y, dx, gradients["kernel"], gradients["bias"]))
    for ours, exact in zip(*results, strict=True):
        assert np.abs(ours - exact).max() <= ROUNDING[dtype, m] * np.abs(exact).max()


@pytest.mark.parametrize("cost", [ALWAYS, NEVER], ids=["along one axis", "im2col"])
def test_blocks_in_a_row_hand_on_images_as_they_lie(cost: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """And those of a layer that is no block come and go with channels innermost."""
    monkeypatch.setattr(plan, "one_axis_cost", lambda _: cost)
    backend.set_convolution_precision("highest")
    layers: list[Layer] = [
        Conv2D(3, 3, activation="tanh", padding="same", input_shape=(9, 8, 2)),
        MaxPooling2D(2),
        Conv2D(4, (2, 3), strides=(2, 1), activation="elu"),
        BatchNormalization(),
        Conv2D(2, (1, 2)),
    ]
    shape = built(layers, 0, np.float64, whole=False)
    rng = np.random.default_rng(1)
    x, dy = rng.normal(size=(5, 9, 8, 2)), rng.normal(size=(5, *shape))
    y, dx, gradients, _ = layer_by_layer(layers, x, dy, 0)
    network = fast.fused(Sequential(layers, dtype="float64"))
    with scratch_scope():
        fast_y, caches = network.forward(x, training=True)
        fast_dx, fast_gradients = network.backward(dy, caches)
        np.testing.assert_allclose(fast_y, y, rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(fast_dx, dx, rtol=1e-11, atol=1e-12)
        ours = fast_gradients[f"{layers[0].name}/kernel"]
        np.testing.assert_allclose(ours, gradients["kernel"], rtol=1e-11, atol=1e-12)
        assert [cache.y.strides[3] == 8 for cache in caches if isinstance(cache, BlockCache)] == [cost == NEVER] * 3
        assert fast_y.flags.c_contiguous


def test_few_channels_are_convolved_along_one_axis() -> None:
    """Where that moves fewer numbers: many taps, few filters, or a gradient of the input."""

    def way(filters: int, size: int, shape: tuple[int, int, int], *, first: bool, pool: int = 1, **options: Any) -> str:
        layers = [Conv2D(filters, size, input_shape=shape, **options), MaxPooling2D(pool)]
        parts = parts_at(Sequential(layers, seed=0).layers)
        assert parts is not None
        return planned_block(parts, first=first).way

    assert way(6, 5, (28, 28, 1), first=True, pool=2) == "im2col along one axis"
    assert way(16, 5, (14, 14, 6), first=False, pool=2) == "im2col along one axis"
    assert way(16, 5, (12, 12, 8), first=False, strides=2) == "im2col along one axis"
    assert way(16, 3, (12, 12, 8), first=False) == "im2col along one axis"
    assert way(32, 3, (12, 12, 32), first=False) == "Winograd F(4x4, 3x3)"
    assert way(64, 5, (28, 28, 1), first=True, pool=2) == "im2col"
    assert way(6, 5, (28, 28, 1), first=True, pool=2, dilation_rate=2) == "im2col"
    assert way(128, 5, (12, 12, 64), first=False, strides=2) == "im2col"


def names(layers: list[Layer]) -> list[tuple[int, str]]:
    """The stages, without the way in which a block convolves."""
    return [
        (index, "ConvBlock" if isinstance(stage, ConvBlock) else type(stage).__name__)
        for index, stage in stages(layers)
    ]


ELEMENTWISE = {one for one in ACTIVATIONS.values() if one.setting("axis") is None and one.name != "threshold"}
SETTINGS = [
    relu.with_settings(negative_slope=0.1, max_value=1.5, threshold=0.5),
    ACTIVATIONS["threshold"].with_settings(0.5, 2.0),
    ACTIVATIONS["leaky_relu"].with_settings(negative_slope=0.0),
]


BY_DEFAULT = {"gelu", "leaky_relu", "linear", "relu", "squareplus", "tanh"}


@pytest.mark.parametrize(
    "activation",
    [
        pytest.param(one, marks=[] if one.name in BY_DEFAULT else pytest.mark.deep)
        for one in [*sorted(ELEMENTWISE, key=repr), *SETTINGS]
    ],
    ids=repr,
)
@pytest.mark.parametrize(
    "others",
    [
        (None, MaxPooling2D(2)),
        (None, AveragePooling2D((2, 3), padding="same"), Dropout(0.5)),
        (MaxPooling2D(3, strides=2, padding="same"), None, Dropout(0.5)),
        (AveragePooling2D(3, strides=2, padding="same"), None, Dropout(0.5)),
        (None,),
    ],
    ids=["max", "average, dropout", "max before, dropout", "average before, dropout", "alone"],
)
@pytest.mark.parametrize("cost", [ALWAYS, NEVER], ids=["along one axis", "im2col"])
def test_a_block_takes_every_activation(
    cost: float,
    activation: ActivationFunction,
    others: tuple[Layer | None, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the places where people write it, in the smallest parts; in the unit of rounding of the largest number."""
    monkeypatch.setattr(plan, "one_axis_cost", lambda _: cost)
    for module, name in ((one_axis, "RUN"), (one_axis, "BAND_BYTES"), (im2col, "TILE_BYTES")):
        monkeypatch.setattr(module, name, 1)
    backend.set_convolution_precision("highest")
    layers: list[Layer] = [Conv2D(3, 2, bias_initializer="random_normal", input_shape=(6, 7, 2))]
    layers += [Activation(activation) if one is None else type(one).from_config(one.get_config()) for one in others]
    shape = built(layers, 1, np.float64, whole=False)
    rng = np.random.default_rng(2)
    x, dy = rng.normal(size=(4, 6, 7, 2)), rng.normal(size=(4, *shape))
    y, dx, gradients, _ = layer_by_layer(layers, x, dy, 3)
    ((last, block),) = stages(layers)
    assert last == len(layers) - 1
    with scratch_scope():
        fast_y, cache = block.forward(x, training=True, rng=np.random.default_rng(3))
        fast_dx, fast_gradients = block.backward(dy, cache)
        inference, _ = block.forward(x)
        pairs = [(fast_y, y), (fast_dx, dx), (inference, in_inference(layers, x))]
        for ours, plain in [*pairs, *((fast_gradients[key], gradients[key]) for key in gradients)]:
            np.testing.assert_allclose(ours, plain, rtol=1e-13, atol=1e-14 * np.abs(plain).max())


def test_what_is_a_block_and_what_stays_layer_by_layer() -> None:
    def image(**options: Any) -> Conv2D:
        conv = Conv2D(2, 3, input_shape=(9, 9, 1), **options)
        conv.build((9, 9, 1), np.random.default_rng(0), np.float32)
        return conv

    assert names([image(), MaxPooling2D(2), Dropout(0.5), Flatten(), Dense(2)]) == [
        (2, "ConvBlock"),
        (3, "Flatten"),
        (4, "Dense"),
    ]
    assert names([image(), Activation("relu"), MaxPooling2D(2)]) == [(2, "ConvBlock")]
    assert names([image(), Dropout(0.5), MaxPooling2D(2)]) == [(1, "ConvBlock"), (2, "MaxPooling2D")]
    assert names([image(), Conv2D(2, 3)]) == [(0, "ConvBlock"), (1, "ConvBlock")]
    assert names([image(activation="tanh"), MaxPooling2D(2)]) == [(1, "ConvBlock")]
    assert names([image(), LeakyReLU(), AveragePooling2D(2), Dropout(0.5)]) == [(3, "ConvBlock")]
    assert names([image(), MaxPooling2D(3, strides=2), ELU()]) == [(2, "ConvBlock")]
    assert names([image(activation="relu"), AveragePooling2D(3, strides=2)]) == [
        (0, "ConvBlock"),
        (1, "AveragePooling2D"),
    ]
    assert names([image(activation="gelu"), MaxPooling2D(3, strides=2)]) == [(0, "ConvBlock"), (1, "MaxPooling2D")]
    assert names([image(activation="relu"), Activation("tanh")]) == [(0, "ConvBlock"), (1, "Activation")]
    assert names([image(), Activation("softmax")]) == [(0, "ConvBlock"), (1, "Activation")]
    assert names([image(activation="softmax")]) == [(0, "Conv2D")]
    assert names([image(activation=ActivationFunction(np.sin, lambda dy, z, y: dy * np.cos(z)))]) == [(0, "Conv2D")]
    assert names([image(), Dropout(0.5, seed=1)]) == [(0, "ConvBlock"), (1, "Dropout")]
    assert names([image(), MaxPooling2D(2, data_format="channels_first")]) == [(0, "ConvBlock"), (1, "MaxPooling2D")]
    assert names([Dense(2), Dropout(0.5)]) == [(0, "Dense"), (1, "Dropout")]

    class Own(Conv2D):
        """A subclass, whose forward may be anything."""

    assert names([Own(2, 3)]) == [(0, "Own")]


def test_pools_of_more_positions_than_a_byte_can_number_stay_layer_by_layer() -> None:
    conv = Conv2D(1, 1, input_shape=(34, 34, 1))
    conv.build((34, 34, 1), np.random.default_rng(0), np.float32)
    assert names([conv, MaxPooling2D(16)]) == [(1, "ConvBlock")]
    assert names([conv, MaxPooling2D(17)]) == [(0, "ConvBlock"), (1, "MaxPooling2D")]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_comes_out_as_it_does_layer_by_layer(value: float) -> None:
    layers = [Conv2D(2, 2, activation="relu", input_shape=(5, 5, 1)), MaxPooling2D(2)]
    built(layers, 0, np.float64, whole=False)
    x = np.random.default_rng(0).normal(size=(2, 5, 5, 1))
    x[1, 2, 2] = value
    block = stages(layers)[0][1]
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(block.forward(x)[0], in_inference(layers, x), rtol=1e-12)


def test_a_model_trains_alike_on_both_paths() -> None:
    """To rounding that grows with the steps; and `fast` may change between two calls."""
    x, y = small_data()
    fast_model, plain = small_network(), small_network()
    plain.fast = False
    for model in (fast_model, plain):
        model.fit(x, y, batch_size=16, epochs=2, verbose=0)
    for ours, theirs in zip(fast_model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)
    before = plain.predict(x)
    plain.fast = True
    np.testing.assert_allclose(plain.predict(x), before, rtol=1e-5)


@pytest.mark.parametrize("is_fast", [True, False])
def test_the_input_gradient_of_the_first_layer_is_never_computed(
    is_fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(F, "conv2d_backward_input", lambda *_: asked.append("plain"))
    monkeypatch.setattr(im2col.ConvBlock, "add_patches", lambda *_: asked.append("fast"))
    monkeypatch.setattr(one_axis.OneAxisBlock, "add_columns", lambda *_: asked.append("fast"))
    model, (x, y) = small_network(), small_data()
    model.fast = is_fast
    model.fit(x, y, verbose=0)
    assert asked == []


@pytest.mark.parametrize("dtype", [np.uint8, pytest.param(np.float64, marks=pytest.mark.deep)])
@pytest.mark.parametrize("method", ["fit", "evaluate", "predict"])
def test_the_whole_data_set_is_never_copied_or_converted(method: str, dtype: Any) -> None:
    """All memory that is asked for on the way is a fraction of the data's own, 5 or 41 MB."""
    model = Sequential([Conv2D(2, 4, strides=4, input_shape=(16, 16, 1)), Flatten(), Dense(3)], seed=0)
    model.compile("sgd", "mse")
    x, y = np.zeros((20_000, 16, 16, 1), dtype), np.zeros((20_000, 3))
    arguments = [x] if method == "predict" else [x, y]
    getattr(model, method)(*(array[:200] for array in arguments), batch_size=100, verbose=0)  # what is done once
    tracemalloc.start()
    getattr(model, method)(*arguments, batch_size=100, verbose=0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3.5e6


def test_what_leaves_a_piece_of_work_is_not_memory_used_again() -> None:
    """A network that ends in a block: what `predict` gives for one micro-batch stays when the next is computed."""
    model = Sequential([Conv2D(2, 3, activation="relu", input_shape=(6, 6, 1))], seed=0)
    x = np.random.default_rng(0).normal(size=(600, 6, 6, 1)).astype(np.float32)
    whole = model.predict(x, workers=1)
    np.testing.assert_allclose(whole, in_inference(model.layers, x), rtol=1e-4, atol=1e-6)


# ---------------------------------------------------------------- scratch memory


def test_memory_is_lent_again_after_its_end_and_not_before() -> None:
    scratch.release()
    with scratch_scope():
        a = take((100,), np.float32)
        with scratch_scope():
            b = take((100,), np.float32)
            assert not np.shares_memory(a, b)
        c = take((90,), np.float32)
        assert np.shares_memory(b, c)
        assert not np.shares_memory(a, c)
    with scratch_scope():
        d, e = take((100,), np.float32), take((100,), np.float32)
        assert not np.shares_memory(d, e)
        assert {np.shares_memory(d, a), np.shares_memory(e, a)} == {True, False}
    scratch.release()


def test_outside_of_its_use_memory_is_new_each_time() -> None:
    a, b = take((3, 2), np.float64), take((3, 2), np.float64)
    assert a.shape == (3, 2)
    assert a.dtype == np.float64
    assert not np.shares_memory(a, b)


def test_memory_begins_with_a_line_of_the_cache() -> None:
    scratch.release()
    with scratch_scope():
        arrays = [take((count, 3), dtype) for count in (1, 50, 40_000) for dtype in ("float32", "bool", "float64")]
        assert {array.ctypes.data % 64 for array in arrays} == {0}
    scratch.release()


def test_memory_that_cannot_be_had() -> None:
    scratch.release()
    with scratch_scope(), pytest.raises(MemoryError, match="9007199254740992 bytes of scratch memory"):
        take((1 << 50,), np.float64)


@pytest.mark.parametrize("advice", [None, 12345])  # not known to Python, or to the system
def test_memory_of_a_system_without_huge_pages(advice: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if advice is None:
        monkeypatch.delattr(mmap, "MADV_HUGEPAGE", raising=False)
    else:
        monkeypatch.setattr(mmap, "MADV_HUGEPAGE", advice, raising=False)
    scratch.release()
    with scratch_scope():
        assert not take((1000, 1000), np.float64).any()
    scratch.release()


def test_threads_share_no_memory() -> None:
    def first() -> Array:
        with scratch_scope():
            return take((10,), np.float32)

    here = first()
    with ThreadPoolExecutor(1) as pool:
        there = pool.submit(first).result()
    assert not np.shares_memory(here, there)
    scratch.release()


def test_memory_comes_back_from_work_that_failed() -> None:
    scratch.release()
    with pytest.raises(RuntimeError), scratch_scope():  # noqa: PT012
        a = take((10,), np.float32)
        raise RuntimeError
    with scratch_scope():
        assert np.shares_memory(take((10,), np.float32), a)
    scratch.release()


def chain(image: tuple[int, int], pool: MaxPooling2D, **options: Any) -> list[Layer]:
    return [Conv2D(2, 3, activation="relu", input_shape=(*image, 1), **options), pool]


@pytest.mark.parametrize(
    "layers",
    [
        chain((14, 14), MaxPooling2D(2)),
        chain((16, 16), MaxPooling2D(2), dilation_rate=2),
        chain((29, 29), MaxPooling2D(2), strides=2),
        chain((15, 14), MaxPooling2D(2, padding="same")),
        chain((20, 20), MaxPooling2D(2, strides=3)),
    ],
)
def test_one_channel_and_long_rows_where_patches_may_be_shared(layers: list[Layer]) -> None:
    compare(layers, 3, 0, "contiguous", np.float64, whole=True, exact=True)


@pytest.mark.parametrize("channels", [1, 24])
def test_of_equal_scores_the_first_wins(channels: int) -> None:
    """Also by Winograd, on whole numbers."""
    layers = [Conv2D(24, 3, activation="relu", input_shape=(8, 8, channels)), MaxPooling2D(2)]
    built(layers, 0, np.float32, whole=False)
    for param in layers[0].params.values():
        param[...] = 1
    with scratch_scope():
        _, cache = stages(layers)[0][1].forward(np.ones((2, 8, 8, channels), np.float32), training=True)
        assert not cache.winner.any()


def test_a_result_outlives_the_work_that_made_it() -> None:
    model = Sequential([Conv2D(2, 3, input_shape=(6, 6, 1))], seed=0)
    network = training.planned(model, fast=True)
    first = training.infer(network, model.dtype, 9, np.ones((4, 6, 6, 1)))
    before = first.copy()
    training.infer(network, model.dtype, 9, np.zeros((4, 6, 6, 1)))
    np.testing.assert_array_equal(first, before)
    scratch.release()


def test_strides_beyond_every_image() -> None:
    """Those of the convolution and of the pool together are more than 64 bits hold, in bytes."""
    far = 2**31 - 1
    layers = [Conv2D(2, 3, strides=far, input_shape=(8, 8, 1)), MaxPooling2D(1, strides=far)]
    model = Sequential(layers, seed=0)
    x = np.random.default_rng(0).normal(size=(4, 8, 8, 1))
    fast = model.predict(x)
    model.fast = False
    np.testing.assert_allclose(fast, model.predict(x), rtol=1e-6)


def test_a_step_and_a_prediction_give_back_their_memory_to_be_used_again() -> None:
    model, (x, y) = small_network(), small_data(4)
    assert model.loss is not None
    objective = training.make_objective(model, model.loss, model.dtype, fast=True)
    for work in (
        lambda: training.batch_gradients(objective, training.Position(0, 0), Data(x, y), np.arange(4)),
        lambda: training.infer(objective.network, model.dtype, objective.portion, x),
    ):
        scratch.release()
        work()
        assert scratch.LOCAL.buffers.free
        assert not scratch.LOCAL.buffers.in_use
        assert not scratch.LOCAL.buffers.depth
    scratch.release()


def test_what_a_step_gives_is_not_in_memory_that_is_used_again() -> None:
    layers = [Conv2D(3, 3, activation="relu", input_shape=(6, 6, 1)), MaxPooling2D(2)]
    model = Sequential(layers, seed=0)
    objective = training.make_objective(model, MeanSquaredError(), model.dtype, fast=True)
    scratch.release()
    x, y = np.ones((2, 6, 6, 1)), np.zeros((2, 2, 2, 3))
    learnt = training.batch_gradients(objective, training.Position(0, 0), Data(x, y), np.arange(2)).result
    free = [buffer for buffers in scratch.LOCAL.buffers.free.values() for buffer in buffers]
    assert free
    assert not any(np.shares_memory(learnt.y_pred, buffer) for buffer in free)
    scratch.release()


def test_losses_have_the_models_dtype() -> None:
    model, (x, y) = small_network(), small_data(4)
    assert model.loss is not None
    objective = training.make_objective(model, model.loss, model.dtype, fast=True)
    assert training.evaluate(objective, Data(x, y.astype(np.float64))).losses.dtype == np.float32


def test_a_batch_that_is_not_cut_needs_no_workers() -> None:
    model, (x, y) = small_network(), small_data(4)
    assert model.loss is not None
    objective = training.make_objective(model, model.loss, model.dtype, fast=True)

    def no_one(*work: object) -> Any:
        raise AssertionError("nothing is to be shared")

    step = training.batch_gradients(objective, training.Position(0, 0), Data(x, y), np.arange(4), no_one)
    assert len(step.result.losses) == 4


def test_the_precision_holds_for_plans_that_are_kept() -> None:
    """An infinite pixel reaches all of its block's outputs by Winograd's algorithm, and by im2col those that see it."""
    model = Sequential([Conv2D(32, 3, padding="same", input_shape=(16, 16, 16))], seed=1)
    x = np.random.default_rng(3).standard_normal((1, 16, 16, 16))
    x[0, 0, 0, 0] = np.inf
    spoilt = []
    for precision in ("high", "highest", "high"):
        backend.set_convolution_precision(precision)
        with np.errstate(invalid="ignore"):
            spoilt.append(int((~np.isfinite(model.predict(x, verbose=0))).sum()))
    assert spoilt == [4 * 4 * 32, 2 * 2 * 32, 4 * 4 * 32]
