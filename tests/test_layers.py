"""One battery of contracts, run on every layer; then what is particular to each."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any, TypeVar

import numpy as np
import pytest
from cases import LAYERS as CASES
from cases import LAYOUTS, built, laid_out
from hypothesis import given, settings
from hypothesis import strategies as st

from numpycnn import (
    Sequential,
    activations,
    backend,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    reference,
    regularizers,
)
from numpycnn.activations import linear, relu, softmax
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.initializers import Initializer
from numpycnn.layers import (
    LAYERS,
    Activation,
    AveragePooling2D,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    Layer,
    MaxPooling2D,
    Permute,
    Reshape,
    SeparableConv2D,
    UpSampling2D,
    ZeroPadding2D,
)
from numpycnn.layers.convolutional import ConvolutionLayer
from numpycnn.layers.images import ImageLayer
from numpycnn.layers.kernel import KernelLayer
from numpycnn.layers.stage import Stage

Body = TypeVar("Body", bound=Callable[..., None])


def every_layer(test: Body) -> Body:
    """Run a test for each class of layer: of so many, a third of the examples each."""
    return settings(max_examples=settings().max_examples // 3)(pytest.mark.parametrize("kind", CASES)(test))


seeds = st.integers(0, 2**32 - 1)


dtypes = st.sampled_from((np.float32, np.float64))


def batch(layer: Layer, n: int, seed: int, dtype: Any) -> Array:
    assert layer.shape_in is not None
    return np.random.default_rng(seed).normal(size=(n, *layer.shape_in)).astype(dtype)


def bytes_of(value: Any) -> Any:
    """Everything in a value that could change, as bytes."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return {key: bytes_of(item) for key, item in value.items()}
    return [bytes_of(item) for item in value] if isinstance(value, (tuple, list)) else value


def test_every_layer_has_cases() -> None:
    """But the one that holds others and makes its own arrays: Sequential."""
    assert CASES.keys() == LAYERS.keys() - {"Sequential"}


@every_layer
@given(data=st.data())
def test_every_layer_takes_the_name_it_is_given(kind: str, data: st.DataObject) -> None:
    layer = data.draw(CASES[kind])
    twin = type(layer).from_config(layer.get_config() | {"name": "mine"})
    assert twin.name == twin.get_config()["name"] == "mine"
    assert not twin.auto_named


@every_layer
@given(data=st.data(), n=st.integers(1, 3), seed=seeds, dtype=dtypes, layout=st.sampled_from(LAYOUTS))
def test_contract(kind: str, data: st.DataObject, n: int, seed: int, dtype: Any, layout: str) -> None:
    layer = built(data.draw(CASES[kind]), seed, dtype)
    x = laid_out(batch(layer, n, seed, dtype), layout)
    state = bytes_of([x, layer.params, layer.get_config()])

    y, cache = layer.forward(x, training=True, rng=np.random.default_rng(seed))
    assert y.shape == (n, *layer.output_shape_for(x.shape[1:]))  # the inferred shape is the real one
    assert layer.shape_out == y.shape[1:]
    assert y.dtype == dtype
    dy = laid_out(np.random.default_rng(seed + 1).normal(size=y.shape).astype(dtype), layout)
    kept = bytes_of([y, cache, dy])
    dx, gradients = layer.backward(dy, cache)
    assert (dx.shape, dx.dtype) == (x.shape, dtype)
    assert {k: (g.shape, g.dtype) for k, g in gradients.items()} == {
        k: (p.shape, np.dtype(dtype)) for k, p in layer.params.items()
    }

    # a second call gives the same bytes, and neither call changed an argument, the cache or the layer
    again, cache_again = layer.forward(x, training=True, rng=np.random.default_rng(seed))
    assert bytes_of([again, cache_again]) == bytes_of([y, cache])
    assert bytes_of(layer.backward(dy, cache)) == bytes_of((dx, gradients))
    assert bytes_of([y, cache, dy]) == kept
    assert bytes_of([x, layer.params, layer.get_config()]) == state


@every_layer
@given(data=st.data())
def test_config_round_trip(kind: str, data: st.DataObject) -> None:
    layer = data.draw(CASES[kind])
    config = json.loads(json.dumps(layer.get_config()))
    twin = type(layer).from_config(config)
    assert twin.get_config() == layer.get_config() == config
    assert not twin.built
    first, second = built(layer, 3, np.float64), built(twin, 3, np.float64)
    x = batch(layer, 2, 4, np.float64)
    assert bytes_of(first(x, training=False)) == bytes_of(second(x, training=False))


@every_layer
@given(data=st.data(), seed=seeds)
def test_examples_do_not_mix(kind: str, data: st.DataObject, seed: int) -> None:
    """What becomes of an example does not depend on the others in the batch."""
    layer = built(data.draw(CASES[kind]), seed, np.float64)
    x = batch(layer, 3, seed, np.float64)
    together = layer(x, training=False)
    alone = np.concatenate([layer(x[i : i + 1], training=False) for i in range(3)])
    np.testing.assert_allclose(together, alone, rtol=1e-12, atol=1e-12)


@every_layer
@given(data=st.data())
def test_weights_round_trip(kind: str, data: st.DataObject) -> None:
    layer = built(data.draw(CASES[kind]), 0, np.float32)
    weights = [np.full(w.shape, k + 1.0) for k, w in enumerate(layer.get_weights())]
    layer.set_weights(weights)
    assert [bytes_of(w.astype(np.float32)) for w in weights] == [bytes_of(w) for w in layer.get_weights()]
    assert layer.count_params() == sum(w.size for w in weights)
    for w in layer.get_weights():
        w += 1.0  # a copy: the layer keeps its own
    assert [bytes_of(w.astype(np.float32)) for w in weights] == [bytes_of(w) for w in layer.get_weights()]


@every_layer
@given(data=st.data())
def test_a_layer_builds_once(kind: str, data: st.DataObject) -> None:
    layer = built(data.draw(CASES[kind]), 0, np.float32)
    before = bytes_of(layer.params)
    built(layer, 1, np.float32)
    assert bytes_of(layer.params) == before
    with pytest.raises(ValueError, match=r"expected input_shape .*; received \(11, 12, 13\)"):
        layer.build((11, 12, 13), np.random.default_rng(0), np.float32)


@every_layer
@given(data=st.data())
def test_wrong_input_is_refused(kind: str, data: st.DataObject) -> None:
    layer = data.draw(CASES[kind])
    with pytest.raises(ValueError, match="not built yet"):
        layer.forward(np.zeros((1, *(layer.shape_in or ()))))
    built(layer, 0, np.float32)
    for shape in ((), (2,), (2, *(layer.shape_in or ()), 1), (2, 9, 9, 9)):
        with pytest.raises(ValueError, match=r"expected input of shape \(n, .*; received \("):
            layer.forward(np.zeros(shape, np.float32))


@every_layer
@given(data=st.data())
def test_forwards_are_called_alike(kind: str, data: st.DataObject) -> None:
    """Inference without a generator is the default everywhere, whether or not a layer makes use of either."""
    for layer in (data.draw(CASES[kind]), Layer()):
        defaults = {name: parameter.default for name, parameter in signature(layer.forward).parameters.items()}
        assert defaults == {"x": Parameter.empty, "training": False, "rng": None}


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("output_shape_for", [(3,)]),
        ("all_shapes", [(3,)]),
        ("kernel_initializers", []),
        ("forward", [np.zeros((1, 3))]),
        ("gradients_from", [np.zeros((1, 3)), None]),
        ("input_gradient_from", [np.zeros((1, 3)), None]),
    ],
)
def test_what_a_layer_of_ones_own_lacks_is_said(method: str, arguments: list[Any]) -> None:
    lacking = KernelLayer(None, True, "zeros")
    with pytest.raises(NotImplementedError, match=f"^KernelLayer does not define {method}$"):
        getattr(lacking, method)(*arguments)


@pytest.mark.parametrize("method", ["output_image", "apply", "apply_backward"])
def test_what_an_image_layer_of_ones_own_lacks_is_said(method: str) -> None:
    with pytest.raises(NotImplementedError, match=f"^ImageLayer does not define {method}$"):
        getattr(ImageLayer(None), method)(*[None] * (1 + (method == "apply_backward")))


@pytest.mark.parametrize("method", ["convolved_shape", "convolve", "convolve_backward_input"])
def test_what_a_convolution_of_ones_own_lacks_is_said(method: str) -> None:
    lacking = ConvolutionLayer(3, 1, "same", None, 1, None, True, "zeros")
    with pytest.raises(NotImplementedError, match=f"^ConvolutionLayer does not define {method}$"):
        getattr(lacking, method)(*[None] * (1 + (method == "convolve_backward_input")))


class Offset(Layer):
    """A layer of one's own that writes `backward` alone: y = x + offset."""

    def output_shape_for(self, input_shape: Shape) -> Shape:
        return input_shape

    def make_params(self, input_shape: Shape, rng: Rng, dtype: Any) -> dict[str, Array]:
        return {"offset": np.zeros(input_shape, dtype)}

    def backward(self, dy: Array, cache: Any) -> tuple[Array, dict[str, Array]]:
        return dy, {"offset": dy.sum(axis=0)}


def test_the_parts_of_backward_are_its_own() -> None:
    dy = np.arange(6.0).reshape(2, 3)
    layer = built(Offset(input_shape=(3,)), 0, np.float64)
    assert layer.parameter_gradients(dy, None)["offset"].tolist() == [3.0, 5.0, 7.0]
    assert layer.input_gradient(dy, None) is dy
    assert layer.inside(dy, None) == layer.inside_gradients(dy, None) == {}
    assert layer.activation == linear
    assert Layer.param_shapes(layer, (3,)) == Layer.make_params(layer, (3,), np.random.default_rng(0), float) == {}
    assert layer.state == layer.next_state(None) == Layer.state_shapes(layer, (3,)) == Stage().state == {}


def test_a_copy_with_other_arrays() -> None:
    """Of a layer that is not built it has none either."""
    layer = built(Dense(2, input_shape=(3,)), 0, np.float64)
    twin = layer.with_arrays({key: 2 * array for key, array in layer.params.items()}, {})
    x = batch(layer, 2, 0, np.float64)
    np.testing.assert_allclose(twin(x), 2 * layer(x))
    assert not Dense(2).with_arrays({}, {}).built


def test_a_called_layer_is_the_first_of_a_model() -> None:
    np.random.seed(5)
    alone = Dense(3)
    alone(np.ones((1, 4)))
    np.random.seed(5)
    network = Sequential([Dense(3, input_shape=(4,))])
    assert bytes_of(alone.get_weights()) == bytes_of(network.get_weights())


def test_a_called_layer_copies_nothing_in_vain() -> None:
    x = np.ones((2, 3))
    assert built(Dropout(0.5, input_shape=(3,)), 0, np.float64)(x) is x


def test_integers_are_taken_as_floats() -> None:
    assert Dropout(0.5)([[1, 2, 3]]).dtype == np.float32
    assert Dense(2)([[1, 2, 3]]).dtype == np.float32


def test_shapes_are_tuples_however_they_were_given() -> None:
    layer = Dropout(0.5)
    layer.build([4, 5], np.random.default_rng(0), np.float64)
    assert (layer.shape_in, layer.shape_out) == ((4, 5), (4, 5))


def test_examples_may_be_single_numbers() -> None:
    x = np.array([-1.0, 2.0])
    assert built(Activation("relu", input_shape=()), 0, np.float64)(x).tolist() == [0.0, 2.0]
    for data_format in ("channels_last", "channels_first"):
        flatten = built(Flatten(data_format, input_shape=()), 0, np.float64)
        y, cache = flatten.forward(x)
        assert y.tolist() == [[-1.0], [2.0]]
        assert flatten.backward(y, cache)[0].tolist() == [-1.0, 2.0]


def test_parameters_lie_in_rows_however_they_were_made() -> None:
    @dataclass(frozen=True)
    class InColumns(Initializer):
        def __call__(self, shape: Shape, rng: Any = None, dtype: Any = None) -> Array:
            return np.asfortranarray(rng.normal(size=shape).astype(dtype))

    layer = built(Dense(3, kernel_initializer=InColumns(), input_shape=(4,)), 0, np.float64)
    assert layer.params["kernel"].flags.c_contiguous


# ---------------------------------------------------------------- data formats


@given(data=st.data(), seed=seeds)
@pytest.mark.parametrize("kind", [name for name, cls in LAYERS.items() if "data_format" in signature(cls).parameters])
def test_channels_first_is_channels_last_transposed(kind: str, data: st.DataObject, seed: int) -> None:
    last = data.draw(CASES[kind].filter(lambda layer: layer.get_config()["data_format"] == "channels_last"))
    if isinstance(last, ConvolutionLayer) and last.activation.setting("axis") is not None:
        last.activation = relu  # softmax is along the last axis, which is another one in each format
    shape = last.shape_in or ()
    config = {**last.get_config(), "data_format": "channels_first", "input_shape": [shape[-1], *shape[:-1]]}
    first = built(type(last).from_config(config), seed, np.float64)
    built(last, seed, np.float64)
    x = batch(last, 2, seed, np.float64)
    y, expected = first(np.moveaxis(x, -1, 1), training=False), last(x, training=False)
    if y.ndim == 4:  # a row is the same in both
        y = np.moveaxis(y, 1, -1)
    np.testing.assert_array_equal(y, expected)


def test_the_data_format_is_the_backends_when_the_layer_is_made() -> None:
    backend.set_image_data_format("channels_first")
    layer = Conv2D(2, 3, input_shape=(1, 5, 6))
    backend.set_image_data_format("channels_last")
    assert layer.data_format == "channels_first"
    assert built(layer, 0, np.float32).shape_out == (2, 3, 4)
    assert layer.params["kernel"].shape == (3, 3, 1, 2)


# ---------------------------------------------------------------- each layer


def test_conv2d_output_shapes() -> None:
    assert built(Conv2D(64, 5, input_shape=(28, 28, 1)), 0, np.float32).shape_out == (24, 24, 64)
    same = Conv2D(8, (3, 2), strides=(2, 3), padding="SAME", input_shape=(7, 10, 3))
    assert built(same, 0, np.float32).shape_out == (4, 4, 8)
    dilated = Conv2D(1, 3, dilation_rate=(2, 1), input_shape=(9, 9, 1))
    assert built(dilated, 0, np.float32).shape_out == (5, 7, 1)


def test_groups_divide_channels_and_filters() -> None:
    layer = built(Conv2D(6, 3, groups=2, input_shape=(5, 5, 4)), 0, np.float32)
    assert layer.params["kernel"].shape == (3, 3, 2, 6)
    with pytest.raises(ValueError, match=r"^conv2d: groups must divide the 6 filters; received 4$"):
        Conv2D(6, 3, groups=4)
    with pytest.raises(
        ValueError, match=r"^conv2d: groups must divide the channels; received 3 for images \(5, 5, 4\)$"
    ):
        Conv2D(6, 3, groups=3).build((5, 5, 4))


def test_a_group_of_filters_sees_its_group_of_channels() -> None:
    layer = built(Conv2D(4, 1, groups=2, kernel_initializer="ones", input_shape=(1, 1, 4)), 0, np.float64)
    assert layer(np.array([1.0, 2.0, 4.0, 8.0]).reshape(1, 1, 1, 4)).ravel().tolist() == [3, 3, 12, 12]


@given(data=st.data(), seed=seeds)
def test_patches_inside_add_up_to_the_pre_activation(data: st.DataObject, seed: int) -> None:
    """Of grouped convolutions too: <dpatches, patches> = <dz, z - bias>."""
    layer = data.draw(CASES["Conv2D"])
    layer.activation = linear
    x = batch(built(layer, seed, np.float64), 2, seed, np.float64)
    y, cache = layer.forward(x)
    dy = np.random.default_rng(seed).normal(size=y.shape)
    inside, back = layer.inside(x, cache), layer.inside_gradients(dy, cache)
    assert inside["patches"].shape == back["patches"].shape
    without_bias = inside["pre_activation"] - layer.params.get("bias", 0.0)
    found, expected = (back["patches"] * inside["patches"]).sum(), (back["pre_activation"] * without_bias).sum()
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


def test_weights_of_depthwise_and_separable_convolutions() -> None:
    depthwise = built(DepthwiseConv2D((3, 2), depth_multiplier=2, input_shape=(5, 5, 3)), 0, np.float32)
    assert {key: w.shape for key, w in depthwise.arrays.items()} == {"kernel": (3, 2, 3, 2), "bias": (6,)}
    assert depthwise.shape_out == (3, 4, 6)
    separable = built(SeparableConv2D(4, 3, depth_multiplier=2, input_shape=(5, 5, 3)), 0, np.float32)
    assert {key: w.shape for key, w in separable.arrays.items()} == {
        "depthwise_kernel": (3, 3, 3, 2),
        "pointwise_kernel": (1, 1, 6, 4),
        "bias": (4,),
    }


def test_depthwise_filters_of_a_channel_are_neighbours() -> None:
    layer = built(DepthwiseConv2D(1, depth_multiplier=2, use_bias=False, input_shape=(1, 1, 2)), 0, np.float64)
    layer.set_weights([np.array([[1.0, 10.0], [100.0, 1000.0]]).reshape(1, 1, 2, 2)])
    assert layer(np.array([1.0, 2.0]).reshape(1, 1, 1, 2)).ravel().tolist() == [1, 10, 200, 2000]


def test_the_depthwise_convolution_inside_a_separable_one() -> None:
    layer = built(SeparableConv2D(2, 2, activation="tanh", input_shape=(3, 3, 2)), 0, np.float64)
    x = batch(layer, 2, 0, np.float64)
    y, cache = layer.forward(x)
    inside, back = layer.inside(x, cache), layer.inside_gradients(np.ones(y.shape), cache)
    assert bytes_of(np.tanh(inside["pre_activation"])) == bytes_of(y)
    assert inside["depthwise"].shape == back["depthwise"].shape == (2, 2, 2, 2)
    point = layer.params["pointwise_kernel"][0, 0]
    np.testing.assert_allclose(inside["depthwise"] @ point, inside["pre_activation"])
    np.testing.assert_allclose(back["depthwise"], back["pre_activation"] @ point.T)


@pytest.mark.parametrize(
    ("kernel", "padding", "output_padding", "rows"),
    [
        (2, "valid", None, 6),
        (5, "valid", None, 8),
        (4, "valid", 0, 7),
        (4, "valid", 2, 9),
        (3, "same", None, 6),
        (4, "same", 0, 3),
        (3, "same", 0, 4),
        (3, "same", (1, 0), 5),
    ],
)
def test_the_size_of_a_transposed_convolution(kernel: int, padding: str, output_padding: Any, rows: int) -> None:
    """What Keras 3.15.1 makes of 2 rows, by strides of 3."""
    layer = Conv2DTranspose(2, (kernel, 1), 3, padding, output_padding, input_shape=(2, 2, 1))
    assert built(layer, 0, np.float32).shape_out[0] == rows  # type: ignore[index]


def test_transposed_convolution_checks_its_output_padding() -> None:
    for wrong, received in ((3, 3), ((0, 3), 3), ((3, 0), 3)):
        with pytest.raises(
            ValueError, match=f"^conv2d_transpose: output_padding must be at most 2; received {received}$"
        ):
            Conv2DTranspose(1, 3, 3, output_padding=wrong)
    with pytest.raises(ValueError, match="output_padding must be an integer of at least 0; received -1"):
        Conv2DTranspose(1, 3, 3, output_padding=-1)
    with pytest.raises(ValueError, match="expected 2 output_padding; received 3"):
        Conv2DTranspose(1, 3, 3, output_padding=(0, 0, 0))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^conv2d_transpose: of an image of \(1, 2\) .* \(0, 3\) pixels come out$"):
        Conv2DTranspose(1, (2, 3), 2, "same", 0).build((1, 2, 1))


def test_max_pooling_strides_default_to_the_pool() -> None:
    assert MaxPooling2D((3, 2)).get_config()["strides"] == [3, 2]
    assert MaxPooling2D().get_config()["pool_size"] == [2, 2]


def test_average_pooling_takes_the_arguments_of_max_pooling() -> None:
    assert AveragePooling2D((3, 2)).get_config()["strides"] == [3, 2]
    layer = built(AveragePooling2D(3, (1, 2), "SAME", "channels_first", input_shape=(2, 5, 6)), 0, np.float32)
    assert layer.shape_out == (2, 5, 3)


def test_global_pooling_keeps_rows_and_columns_where_asked() -> None:
    x = np.arange(24.0).reshape(1, 2, 3, 4)
    for largest, mean, shape in (
        (GlobalMaxPooling2D(), GlobalAveragePooling2D(), (1, 4)),
        (GlobalMaxPooling2D(keepdims=True), GlobalAveragePooling2D(keepdims=True), (1, 1, 1, 4)),
    ):
        assert largest(x).shape == mean(x).shape == shape
        assert largest(x).ravel().tolist() == [20, 21, 22, 23]
        assert mean(x).ravel().tolist() == [10, 11, 12, 13]
    assert GlobalMaxPooling2D("channels_first", keepdims=True)(x).tolist() == [[[[11]], [[23]]]]


def test_other_names_are_of_the_same_classes() -> None:
    for short, cls in {"Max": MaxPooling2D, "Avg": AveragePooling2D}.items():
        assert vars(layers)[f"{short}Pool2D"] is cls
    assert layers.GlobalAvgPool2D is GlobalAveragePooling2D
    assert layers.Convolution2DTranspose is Conv2DTranspose
    assert layers.GlobalMaxPool2D is GlobalMaxPooling2D


@pytest.mark.parametrize("cls", [ZeroPadding2D, Cropping2D])
def test_a_border_is_given_in_three_forms(cls: type[ZeroPadding2D | Cropping2D]) -> None:
    key = "padding" if cls is ZeroPadding2D else "cropping"
    given = {2: [[2, 2], [2, 2]], (1, 2): [[1, 1], [2, 2]], ((1, 2), (3, 4)): [[1, 2], [3, 4]]}
    for border, whole in given.items():
        assert cls(border).get_config()[key] == whole  # type: ignore[arg-type]
    for wrong in ((1, 2, 3), ((1, 2), (3,))):
        message = rf"{key} must be an integer, \(rows, columns\) or \(\(top, bottom\), \(left, right\)\); received"
        with pytest.raises(ValueError, match=message):
            cls(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=rf"{key} must be an integer of at least 0; received -1"):
        cls(((0, -1), 1))
    with pytest.raises(TypeError, match=rf"{key} must be an integer of at least 0; received 1.5"):
        cls(1.5)  # type: ignore[arg-type]


def test_padding_and_cropping_by_default() -> None:
    x = np.arange(4.0).reshape(1, 2, 2, 1)
    assert ZeroPadding2D()(x)[0, :, :, 0].tolist() == [[0, 0, 0, 0], [0, 0, 1, 0], [0, 2, 3, 0], [0, 0, 0, 0]]
    assert Cropping2D()(x).tolist() == x.tolist()
    assert Cropping2D(((1, 0), (0, 1)))(x).tolist() == [[[[2]]]]


def test_something_must_be_left_of_an_image() -> None:
    for cropping in (((1, 2), 0), ((0, 0), (2, 2))):
        with pytest.raises(ValueError, match=r"^cropping2d: cropping .* leaves nothing of an image of \(3, 4\)$"):
            Cropping2D(cropping).build((3, 4, 1))


def test_upsampling_defaults_and_interpolations() -> None:
    x = np.array([[0.0, 4.0]]).reshape(1, 1, 2, 1)
    assert UpSampling2D()(x)[0, :, :, 0].tolist() == [[0, 0, 4, 4]] * 2
    assert UpSampling2D((1, 2), interpolation="Bilinear")(x)[0, :, :, 0].tolist() == [[0, 1, 3, 4]]
    with pytest.raises(ValueError, match="interpolation must be one of 'nearest', 'bilinear'; received 'bicubic'"):
        UpSampling2D(interpolation="bicubic")


def test_reshape_leaves_one_size_open() -> None:
    x = np.arange(12.0).reshape(1, 12)
    assert Reshape((-1, 2, 2))(x).tolist() == x.reshape(1, 3, 2, 2).tolist()
    assert Reshape([3, 4])(x).shape == (1, 3, 4)  # type: ignore[arg-type]
    assert Reshape((-1,))(np.ones(2)).shape == (2, 1)


@pytest.mark.parametrize("target", [(5,), (-1, 5), (24, -1)])
def test_reshape_keeps_every_value(target: Shape) -> None:
    with pytest.raises(
        ValueError, match=r"reshape: target_shape must hold the 12 values of the input shape \(3, 4\); "
    ):
        Reshape(target).build((3, 4))


def test_reshape_refuses_other_shapes() -> None:
    with pytest.raises(ValueError, match=r"target_shape must have at most one -1; received \(-1, 2, -1\)"):
        Reshape((-1, 2, -1))
    with pytest.raises(ValueError, match="target_shape must be an integer of at least 1; received -2"):
        Reshape((3, -2))
    with pytest.raises(TypeError, match="target_shape must be a list; received 12"):
        Reshape(12)  # type: ignore[arg-type]


@settings(max_examples=settings().max_examples // 2)
@given(st.sampled_from(((24,), (4, 6), (-1, 3, 2), (2, 2, 3, 2))), seeds, dtypes)
def test_reshape_equals_its_definition(target: Shape, seed: int, dtype: Any) -> None:
    x, dy = np.random.default_rng(seed).normal(size=(2, 2, 4, 3, 2)).astype(dtype)
    layer = Reshape(target)
    layer.build(x.shape[1:])
    y, cache = layer.forward(x)
    dy = dy.reshape(y.shape)
    np.testing.assert_array_equal(y, reference.reshape(x, y.shape[1:]), strict=True)
    np.testing.assert_array_equal(layer.backward(dy, cache)[0], reference.reshape_backward(dy, x), strict=True)


@settings(max_examples=settings().max_examples // 2)
@given(st.permutations((1, 2, 3)).map(tuple), seeds, dtypes)
def test_permute_equals_its_definition(dims: Shape, seed: int, dtype: Any) -> None:
    rng = np.random.default_rng(seed)
    x, layer = rng.normal(size=(2, 4, 3, 2)).astype(dtype), Permute(dims)
    layer.build(x.shape[1:])
    y, _ = layer.forward(x)
    dy = rng.normal(size=y.shape).astype(dtype)
    np.testing.assert_array_equal(y, reference.permute(x, dims), strict=True)
    np.testing.assert_array_equal(layer.backward(dy, None)[0], reference.permute_backward(dy, x, dims), strict=True)


def test_permute_counts_axes_from_one() -> None:
    x = np.arange(24.0).reshape(1, 2, 3, 4)
    assert Permute((3, 1, 2))(x).tolist() == x.transpose(0, 3, 1, 2).tolist()
    with pytest.raises(ValueError, match=r"permute: dims must be the axes from 1 on, each once; received \(1, 3\)"):
        Permute((1, 3))
    with pytest.raises(ValueError, match=r"each once; received \(2, 2\)"):
        Permute((2, 2))
    with pytest.raises(
        ValueError, match=r"permute: dims must be the 3 axes of the input shape \(2, 3, 4\); received \(2, 1\)"
    ):
        Permute((2, 1)).build((2, 3, 4))


def test_dropout_drops_by_the_generator_that_it_is_given() -> None:
    layer = built(Dropout(0.5, input_shape=(100,)), 0, np.float32)
    x = np.ones((2, 100), np.float32)
    y, other = (layer.forward(x, training=True, rng=np.random.default_rng(seed))[0] for seed in (0, 1))
    assert 0 < (y == 0).sum() < y.size
    assert bytes_of(other) != bytes_of(y)


def test_dropout_at_rate_zero_draws_nothing_and_at_rate_one_drops_everything() -> None:
    x = np.ones((2, 100))
    none = built(Dropout(0.0, input_shape=(100,)), 0, np.float64)
    y, cache = none.forward(x, training=True)  # without a generator
    assert y is x
    assert cache is None
    every = built(Dropout(1.0, input_shape=(100,)), 0, np.float64)
    y, cache = every.forward(x, training=True, rng=np.random.default_rng(0))
    assert not y.any()
    assert not every.backward(x, cache)[0].any()


def test_dropout_needs_a_generator_in_training() -> None:
    layer = built(Dropout(0.5, name="drop", input_shape=(3,)), 0, np.float32)
    with pytest.raises(ValueError, match="drop: training=True needs rng"):
        layer.forward(np.zeros((1, 3)), training=True)


def test_flatten_goes_by_rows_columns_channels_in_both_formats() -> None:
    x = np.arange(24.0).reshape(1, 2, 3, 4)
    assert Flatten("channels_last")(x)[0].tolist() == list(range(24))
    assert Flatten("channels_first")(np.moveaxis(x, -1, 1))[0].tolist() == list(range(24))


def test_a_layer_called_builds_itself() -> None:
    np.random.seed(0)
    layer = Dense(3)
    y = layer(np.ones((2, 4), np.uint8))
    assert y.shape == (2, 3)
    assert y.dtype == np.float32
    assert layer.built
    np.random.seed(0)
    assert bytes_of(Dense(3)(np.ones((2, 4), np.uint8))) == bytes_of(y)


def test_a_layer_called_computes_in_floatx_or_in_its_own_dtype() -> None:
    layer = Dense(3)
    assert layer(np.ones((2, 4))).dtype == layer.params["kernel"].dtype == np.float32
    backend.set_floatx("float64")
    assert Dense(3)(np.ones((2, 4), np.float32)).dtype == np.float64
    assert layer(np.ones((2, 4))).dtype == np.float32
    assert Flatten()(np.ones((2, 4), np.float32)).dtype == np.float32


def test_a_call_that_fails_draws_no_seed() -> None:
    np.random.seed(0)
    with pytest.raises(ValueError, match="conv2d: expected images"):
        Conv2D(3, 3)(np.ones((2, 4)))
    drawn = np.random.random()
    np.random.seed(0)
    assert drawn == np.random.random()


def test_flatten_takes_what_is_flat_already() -> None:
    for data_format in ("channels_last", "channels_first"):
        assert Flatten(data_format)(np.ones((2, 3))).shape == (2, 3)
        assert Flatten(data_format)(np.ones(2)).shape == (2, 1)


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (Conv2DTranspose(1, 1), "conv2d_transpose"),
        (DepthwiseConv2D(1), "depthwise_conv2d"),
        (GlobalMaxPooling2D(), "global_max_pooling2d"),
        (UpSampling2D(), "up_sampling2d"),
    ],
    ids=lambda value: str(value),
)
def test_names_are_made_as_in_keras(layer: Layer, name: str) -> None:
    assert layer.name == name


def test_repr_shows_the_arguments() -> None:
    assert repr(Activation("relu", name="rectify")) == "Activation(name='rectify', activation='relu')"


def test_without_activation_shares_the_parameters() -> None:
    layer = built(Dense(3, activation="softmax", input_shape=(4,)), 0, np.float64)
    twin = layer.without_activation()
    x = batch(layer, 2, 0, np.float64)
    assert bytes_of(twin(x)) == bytes_of(x @ layer.params["kernel"] + layer.params["bias"])
    assert layer.activation == softmax
    layer.params["bias"] += 1.0
    assert twin.params["bias"] is layer.params["bias"]


def test_the_trace_of_a_global_maximum_has_its_pixel() -> None:
    layer, x = GlobalMaxPooling2D(), np.zeros((1, 2, 3, 1))
    x[0, 1, 2] = 1.0
    layer(x)
    assert layer.inside(x, layer.forward(x)[1])["winner"].tolist() == [[[[5]]]]


def test_a_separable_convolution_gives_each_gradient_alone() -> None:
    """What its backward computes once, for both, is what each of the two gives."""
    rng = np.random.default_rng(0)
    layer = SeparableConv2D(3, 2, depth_multiplier=2, data_format="channels_first", input_shape=(2, 4, 5))
    layer.build((2, 4, 5), rng, "float64")
    y, cache = layer.forward(rng.normal(size=(2, 2, 4, 5)))
    dx, gradients = layer.backward(np.cos(y), cache)
    np.testing.assert_array_equal(layer.input_gradient(np.cos(y), cache), dx)
    alone = layer.parameter_gradients(np.cos(y), cache)
    assert alone.keys() == gradients.keys()
    for key, gradient in gradients.items():
        np.testing.assert_array_equal(alone[key], gradient)


def test_layers_and_losses_are_serialized() -> None:
    """And read back, as `get` of other rooms reads what their `serialize` gave."""
    layer = Conv2D(4, 3, activation="relu", name="own")
    assert layers.deserialize(layers.serialize(layer)).get_config() == layer.get_config()
    with pytest.raises(TypeError, match=r"^layers.serialize: layer must be a Layer; received 3$"):
        layers.serialize(3)  # type: ignore[arg-type]
    assert losses.serialize("mse") == losses.serialize(losses.mse) == losses.serialize(losses.MeanSquaredError())
    huber: Any = losses.deserialize(losses.serialize(losses.Huber(delta=2.0)))
    assert (type(huber), huber.delta) == (losses.Huber, 2.0)
    for room in (activations, constraints, initializers, losses, metrics, regularizers):
        assert room.deserialize is room.get
