"""The format .onnx: what is written is what ONNX means, what is read is what was written, and both are held to others.

Held to the package onnx, its checker and its reference; `test_onnx_nodes.py` has its cases for single operators.
"""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import LAYERS
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import small_data, small_network

from numpycnn import Sequential, load_model
from numpycnn.activations import ACTIVATIONS
from numpycnn.callbacks import ModelCheckpoint
from numpycnn.common.typing import Array
from numpycnn.files.onnx.reading import from_onnx
from numpycnn.layers import (
    Activation,
    BatchNormalization,
    Branches,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    GroupNormalization,
    Layer,
    LayerNormalization,
    MaxPooling2D,
    Normalization,
    Permute,
    PReLU,
    RandomCrop,
    Rescaling,
    Reshape,
    Residual,
    SeparableConv2D,
    Softmax,
    UpSampling2D,
    ZeroPadding2D,
)

onnx = pytest.importorskip("onnx", reason="needs onnx, of the extra dev")
ReferenceEvaluator = pytest.importorskip("onnx.reference").ReferenceEvaluator

KEPT = Path(__file__).parent / "onnx_files"
"""Files of other programs: `write_with_torch.py` there wrote them."""


def proto_of(path: Path) -> Any:
    return onnx.load(path)


def saved(model: Sequential, path: Path) -> Any:
    """The model in a file, which the checker has passed, shapes and types included."""
    model.save(path)
    onnx.checker.check_model(str(path), full_check=True)
    return proto_of(path)


def by_reference(proto: Any, x: Array) -> Any:
    """What the package's own reference computes."""
    return next(iter(ReferenceEvaluator(proto).run(None, {"input": x})))


def with_drawn_weights(layers: list[Layer], shape: tuple[int, ...], dtype: str, seed: int) -> Sequential:
    """A model whose weights, moving averages included, are all different from each other and from nothing."""
    model = Sequential(layers, dtype=dtype, seed=seed)
    if not model.built:
        model.build(shape)
    rng = np.random.default_rng(seed)
    model.set_weights([rng.uniform(0.2, 1.0, array.shape) for array in model.get_weights()])
    return model


def operators(proto: Any) -> list[str]:
    return [node.op_type for node in proto.graph.node]


# ---------------------------------------------------------------- drawn networks


def is_wrong_in_reference(layer: Layer) -> bool:
    """The package's reference takes the borders of maxima for others where they differ: ORT's figures are compared."""
    return isinstance(layer, MaxPooling2D) and layer.window.padding == "same"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("onnx")


@pytest.mark.parametrize("name", LAYERS)
@settings(max_examples=1)
@given(data=st.data())
def test_a_layer_goes_out_and_comes_in_again(folder: Path, name: str, data: st.DataObject) -> None:
    """In float64 the same predictions to 1e-12, and those of the reference as far as float32 attributes go."""
    check_layer(folder, data.draw(LAYERS[name]), data.draw(st.integers(0, 9)))


@pytest.mark.deep
@pytest.mark.parametrize("name", LAYERS)
@settings(max_examples=100)
@given(data=st.data())
def test_many_layers_go_out_and_come_in_again(folder: Path, name: str, data: st.DataObject) -> None:
    check_layer(folder, data.draw(LAYERS[name]), data.draw(st.integers(0, 9)))


def check_layer(folder: Path, layer: Layer, seed: int) -> None:
    shape = layer.shape_in
    assert shape is not None
    model = with_drawn_weights([layer], shape, "float64", seed)
    path, x = folder / "model.onnx", np.random.default_rng(seed).normal(size=(3, *shape))
    proto, y = saved(model, path), model.predict(x, verbose=0)
    np.testing.assert_allclose(load_model(path).predict(x, verbose=0), y, 1e-12, 1e-12)
    if not is_wrong_in_reference(layer):
        np.testing.assert_allclose(by_reference(proto, x), y, 1e-6, 1e-6)


# ---------------------------------------------------------------- networks


def test_a_checkpoint_is_checked_before_training(tmp_path: Path) -> None:
    x, y = small_data(10)
    small_network().fit(x, y, verbose=0, callbacks=[ModelCheckpoint(tmp_path / "model.onnx")])
    assert load_model(tmp_path / "model.onnx").predict(x, verbose=0).shape == y.shape


def test_the_tutorial_network_has_one_transpose(tmp_path: Path) -> None:
    """Images are channels first behind it, and the rows of the first Dense are in that order, so none is needed."""
    model = small_network()
    proto = saved(model, tmp_path / "model.onnx")
    assert operators(proto) == ["Transpose", "Conv", "Relu", "MaxPool", "Flatten", "Gemm", "Relu", "Gemm", "Softmax"]
    assert [
        (one.name, [n.dim_param or n.dim_value for n in one.type.tensor_type.shape.dim]) for one in ends(proto)
    ] == [
        ("input", ["batch", 8, 8, 1]),
        ("output", ["batch", 3]),
    ]
    assert (proto.ir_version, proto.opset_import[0].version) == (8, 18)
    x = np.random.default_rng(0).uniform(size=(5, 8, 8, 1)).astype(np.float32)
    y, twin = model.predict(x, verbose=0), load_model(tmp_path / "model.onnx")
    np.testing.assert_allclose(by_reference(proto, x), y, 1e-6, 1e-6)
    np.testing.assert_array_equal(twin.predict(x, verbose=0), y)
    assert [(type(one), one.activation) for one in twin.layers] == [
        (type(one), one.activation) for one in model.layers if not isinstance(one, Dropout)
    ]
    assert twin.optimizer is None


def ends(proto: Any) -> list[Any]:
    return [*proto.graph.input, *proto.graph.output]


def test_channels_first_needs_no_transpose(tmp_path: Path) -> None:
    first: dict[str, Any] = {"data_format": "channels_first"}
    model = Sequential([Conv2D(2, 3, **first), MaxPooling2D(**first), Flatten(**first), Dense(3)], seed=0)
    model.build((1, 6, 6))
    proto = saved(model, tmp_path / "model.onnx")
    assert operators(proto) == ["Conv", "MaxPool", "Flatten", "Gemm"]
    check_same(proto, model, load_model(tmp_path / "model.onnx"))


def check_same(proto: Any, model: Sequential, twin: Sequential) -> None:
    assert model.shape_in is not None
    x = np.random.default_rng(1).normal(size=(4, *model.shape_in)).astype(np.float32)
    y = model.predict(x, verbose=0)
    np.testing.assert_allclose(by_reference(proto, x), y, 1e-6, 1e-6)
    np.testing.assert_allclose(twin.predict(x, verbose=0), y, 1e-6, 1e-6)


def block(filters: int) -> list[Layer]:
    conv = Conv2D(filters, 3, padding="same", use_bias=False)
    return [conv, BatchNormalization(), Activation("relu"), Conv2D(filters, 3, padding="same"), BatchNormalization()]


def branched() -> Sequential:
    """Blocks in blocks, a shortcut with a layer, a block whose input is its own shortcut, and three terms."""
    stack: list[Layer] = [
        Residual(block(3), Conv2D(3, 1), name="first"),
        Activation("relu"),
        Branches([Residual(block(3)), [], [MaxPooling2D(3, 1, "same"), Conv2D(2, 1, activation="gelu")]]),
        Branches([Conv2D(2, 1), Conv2D(2, 1, activation="silu"), Conv2D(2, 1, activation="tanh_shrink")], "add"),
        Residual([]),
        GlobalAveragePooling2D(),
        Dense(3),
        Residual([Dense(3)]),
    ]
    return with_drawn_weights(stack, (5, 5, 2), "float32", 3)


def test_branches_in_branches(tmp_path: Path) -> None:
    model = branched()
    proto, twin = saved(model, tmp_path / "model.onnx"), load_model(tmp_path / "model.onnx")
    assert operators(proto).count("Transpose") == 1
    assert [type(layer).__name__ for layer in twin.layers] == [
        *("Residual", "Activation", "Branches", "Branches", "Residual", "GlobalAveragePooling2D", "Dense", "Residual")
    ]
    x = np.random.default_rng(1).normal(size=(4, 5, 5, 2)).astype(np.float32)
    y = model.predict(x, verbose=0)
    np.testing.assert_allclose(twin.predict(x, verbose=0), y, 1e-6, 1e-6 * np.abs(y).max())


def test_a_single_branch_needs_no_operator(tmp_path: Path) -> None:
    """What others write of one, a Concat or a Sum of a single tensor, is that tensor."""
    model = with_drawn_weights([Dense(3), Branches([[Activation("tanh")]]), Dense(2)], (4,), "float32", 0)
    proto = saved(model, tmp_path / "model.onnx")
    assert operators(proto) == ["Gemm", "Tanh", "Gemm"]
    check_same(proto, model, load_model(tmp_path / "model.onnx"))
    for operator, more in (("Concat", {"axis": 1}), ("Mean", {}), ("Sum", {})):
        one = onnx.helper.make_node(operator, [proto.graph.node[1].output[0]], ["one"], **more)
        changed = onnx.ModelProto.FromString(proto.SerializeToString())
        changed.graph.node[2].input[0] = "one"
        changed.graph.node.insert(2, one)
        onnx.save(changed, tmp_path / "one.onnx")
        check_same(changed, model, load_model(tmp_path / "one.onnx"))


def test_what_comes_in_is_trained(tmp_path: Path) -> None:
    """Its gradients are those of the model that was written: the first steps of plain SGD are the same."""
    model, (x, y) = small_network(dropout=0.0, compiled=False), small_data(20)
    saved(model, tmp_path / "model.onnx")
    losses = []
    for one in (model, load_model(tmp_path / "model.onnx")):
        one.compile("sgd", "categorical_crossentropy")
        losses.append([one.train_on_batch(x, y) for _ in range(3)])
    np.testing.assert_allclose(losses[0], losses[1], 1e-6)


@pytest.mark.parametrize("layers", [[], [Permute((2, 1))], [Reshape((6,)), Reshape((3, 2)), Permute((2, 1))]])
def test_networks_that_only_move_values(tmp_path: Path, layers: list[Layer]) -> None:
    model = Sequential(layers or [Dropout(0.5)])
    model.build((2, 3))
    check_same(saved(model, tmp_path / "model.onnx"), model, load_model(tmp_path / "model.onnx"))


def test_flattened_images_whose_values_do_not_go_into_dense(tmp_path: Path) -> None:
    """They get the layers' order by a Transpose."""
    for last in ([], [BatchNormalization()], [Activation("softmax")], [Activation("relu"), Reshape((4, 8))]):
        model = with_drawn_weights([Conv2D(2, 1), Flatten(), *last], (4, 4, 1), "float32", 0)
        check_same(saved(model, tmp_path / "model.onnx"), model, load_model(tmp_path / "model.onnx"))


@pytest.mark.parametrize("path", sorted(KEPT.glob("*.onnx")), ids=lambda path: path.stem)
def test_files_of_pytorchs_exporters(path: Path) -> None:
    """What PyTorch itself predicted is kept with them."""
    figures, name = np.load(KEPT / "figures.npz"), path.name.partition(".")[0]
    y = load_model(path).predict(figures[f"{name}.x"], verbose=0)
    np.testing.assert_allclose(y, figures[f"{name}.y"], 1e-6, 1e-6)


SETTINGS: dict[str, dict[str, Any]] = {
    "celu": {"alpha": 0.5},
    "elu": {"alpha": 0.5},
    "gelu": {"approximate": True},
    "leaky_relu": {"negative_slope": 0.1},
    "relu": {"max_value": 0.75},
    "soft_shrink": {"threshold": 0.25},
    "squareplus": {"b": 2.0},
    "threshold": {"threshold": 0.1, "default_value": -0.5},
}
"""Others than the default ones."""
RELU = [{"threshold": 0.1}, {"negative_slope": 0.1}, {"negative_slope": 0.1, "threshold": 0.2, "max_value": 0.5}]


def test_every_activation(tmp_path: Path) -> None:
    """By itself, with its default settings and with others; celu in both dtypes, for ONNX has it in one."""
    chosen = [one for name, one in ACTIVATIONS.items() if name != "threshold"]
    chosen += [ACTIVATIONS[name].with_settings(**settings) for name, settings in SETTINGS.items()]
    chosen += [ACTIVATIONS["relu"].with_settings(**settings) for settings in RELU]
    for activation in chosen:
        dtypes = (("float64", 1e-12), ("float32", 1e-6)) if activation.name == "celu" else (("float64", 1e-12),)
        for dtype, exact in dtypes:
            model = Sequential([Activation(activation)], dtype=dtype)
            model.build((2, 4))
            model.save(tmp_path / "model.onnx")
            x = np.linspace(-4, 4, 40, dtype=dtype).reshape(5, 2, 4)
            y = model.predict(x, verbose=0)
            twin = load_model(tmp_path / "model.onnx")
            np.testing.assert_allclose(twin.predict(x, verbose=0), y, exact, exact, err_msg=str(activation))
            np.testing.assert_allclose(
                by_reference(proto_of(tmp_path / "model.onnx"), x), y, 2e-6, 1e-6, err_msg=str(activation)
            )


NETWORKS: list[tuple[tuple[int, ...], Callable[[], list[Layer]]]] = [
    ((3, 3, 2), lambda: [Conv2DTranspose(2, 3, strides=2, padding="same"), SeparableConv2D(2, 2), Cropping2D(1)]),
    ((3, 3, 2), lambda: [Conv2DTranspose(2, 2, strides=3, output_padding=1), ZeroPadding2D(((1, 0), (2, 1)))]),
    ((), lambda: [Flatten(), Dense(2)]),
    ((4, 4, 2), lambda: [LayerNormalization([1, 2]), LayerNormalization(rms_scaling=True), GroupNormalization(2)]),
    ((4, 4, 4), lambda: [GroupNormalization(2, center=False), GroupNormalization(-1), LayerNormalization(scale=False)]),
    ((4,), lambda: [GroupNormalization(2), Rescaling(-1.0), Rescaling(-1.0), Dense(3), Rescaling(2.0, 1.0)]),
    ((4, 4, 2), lambda: [Conv2D(3, 1), Normalization(mean=[1, 2, 3], variance=[1, 4, 9]), Flatten(), Dense(2)]),
    ((4, 4, 2), lambda: [Conv2D(3, 1), Normalization(mean=0.5, variance=4.0, invert=True), RandomCrop(2, 3)]),
    ((2, 2, 1), lambda: [Conv2D(2, 1), Flatten(), Rescaling([*range(1, 9)]), Rescaling(0.5), Softmax(), Dense(2)]),
    ((2, 3), lambda: [Dense(4), Permute((2, 1)), Dense(3, "tanh"), Dense(2, use_bias=False)]),
    ((4, 4, 2), lambda: [Branches([Conv2D(3, 1), [Flatten(), Reshape((4, 4, 2))]]), Permute((3, 1, 2)), Conv2D(2, 1)]),
    ((2, 2, 2), lambda: [Conv2D(2, 1), Flatten(), Residual([Dense(8)]), Dense(2)]),
    ((2, 2, 2), lambda: [PReLU(), PReLU(shared_axes=[1, 2]), UpSampling2D(2), UpSampling2D((1, 2), None, "bilinear")]),
    ((4, 4, 2), lambda: [DepthwiseConv2D(3, depth_multiplier=2), Conv2D(4, 2, groups=2), GlobalMaxPooling2D()]),
    ((3, 4), lambda: [BatchNormalization(1), Softmax(1), Dense(4, activation=ACTIVATIONS["glu"])]),
]
"""The shape of an example, and layers: what a network of one drawn layer does not reach."""


@pytest.mark.parametrize("number", range(len(NETWORKS)))
def test_small_networks(tmp_path: Path, number: int) -> None:
    shape, layers = NETWORKS[number]
    model = with_drawn_weights(layers(), shape, "float64", number)
    proto, twin = saved(model, tmp_path / "model.onnx"), load_model(tmp_path / "model.onnx")
    x = np.random.default_rng(1).normal(size=(4, *shape))
    y = model.predict(x, verbose=0)
    np.testing.assert_allclose(twin.predict(x, verbose=0), y, 1e-12, 1e-12)
    np.testing.assert_allclose(by_reference(proto, x), y, 1e-6, 1e-6)


# ---------------------------------------------------------------- what others write

FOREIGN: dict[str, tuple[str, str]] = {
    'y = Resize <mode: string = "linear", axes: ints = [2, 3]> (x, , , s)': ("int64[2] s = {8, 12}", "N, 2, 4, 4"),
    'y = Resize <coordinate_transformation_mode: string = "asymmetric", nearest_mode: string = "floor"> (x, , s)': (
        "float[4] s = {1, 1, 2, 3}",
        "N, 2, 4, 4",
    ),
    "y = GroupNormalization <num_groups: int = 2> (x, g, g)": ("float[2] g = {1, 2}", "N, 4, 3, 3"),
    "y = Clip (x, a, b)": ("float a = {-0.5}, float b = {0.75}", "N, 3"),
    "y = Clip (x, b, a)": ("float a = {-0.5}, float b = {0.75}", "N, 3"),
    "y = Clip (x, a)": ("float a = {-0.5}", "N, 3"),
    "y = Clip (x, , b)": ("float b = {0.5}", "N, 3"),
    "y = Clip (x)": ("", "N, 3"),
    "y = HardSigmoid <alpha: float = 0.3> (x)": ("", "N, 3"),
    "y = Selu <alpha: float = 2.0, gamma: float = 0.5> (x)": ("", "N, 3"),
    "y = ThresholdedRelu <alpha: float = 0.3> (x)": ("", "N, 3"),
    "a = Squeeze (x, k) b = Unsqueeze (a, k) c = Squeeze (b) y = Cast <to: int = 1> (c)": (
        "int64[1] k = {2}",
        "N, 3, 1",
    ),
    "a = Transpose <perm: ints = [0, 2, 1]> (x) y = MatMul (a, w)": ("float[2, 3] w = {1, 2, 3, 4, 5, 6}", "N, 2, 4"),
    "a = Sub (k, x) b = Div (a, v) y = Neg (b)": ("float[2] k = {1, 2}, float[2] v = {4, 5}", "N, 3, 2"),
    "a = ReduceMean <axes: ints = [2, 3], keepdims: int = 0> (x) y = Relu (a)": ("", "N, 2, 3, 3"),
    "a = ReduceMax <axes: ints = [-1, -2]> (x) y = Relu (a)": ("", "N, 2, 3, 3"),
    "y = Conv <kernel_shape: ints = [2], pads: ints = [1, 0], strides: ints = [2]> (x, w)": (
        "float[1, 2, 2] w = {1, 2, 3, 4}",
        "N, 2, 5",
    ),
    "y = ConvTranspose <strides: ints = [2], pads: ints = [1, 0], output_padding: ints = [1]> (x, w)": (
        "float[2, 1, 2] w = {1, 2, 3, 4}",
        "N, 2, 4",
    ),
    "y = Pad (x, p, v)": ("int64[8] p = {0,0,1,0,0,0,2,1}, float v = {0.5}", "N, 2, 3, 3"),
    "y = Slice (x, a, b, c)": ("int64[2] a = {1, -2}, int64[2] b = {9, 3}, int64[2] c = {2, -1}", "N, 2, 3, 3"),
    "y = Slice (x, a, b, c) ": ("int64[2] a = {1, 0}, int64[2] b = {3, 9}, int64[2] c = {1, -1}", "N, 4, 3, 2"),
    "y = Slice (x, a, b)": ("int64[2] a = {0, 1}, int64[2] b = {9223372036854775807, -1}", "N, 4, 3"),
    "a = Transpose <perm: ints = [0, 2, 3, 1]> (x) y = Gather <axis: int = 2> (a, i)": (
        "int64[2] i = {2, -3}",
        "N, 4, 3, 5",
    ),
    "y = Gather <axis: int = -1> (x, i)": ("int64 i = {1}", "N, 4, 3"),
    "a = Transpose <perm: ints = [0, 2, 3, 1]> (x) y = ReduceMax (a, i)": ("int64[2] i = {-1, 1}", "N, 4, 3, 5"),
    "a = ReduceMean <axes: ints = [1], keepdims: int = 0> (x) y = Sigmoid (a)": ("", "N, 2, 4, 3"),
    "a = ReduceMean <axes: ints = [1, 2], keepdims: int = 0> (x) y = Relu (a)": ("", "N, 2, 4"),
    "a = Transpose <perm: ints = [0, 2, 1]> (x) y = MatMul (a, w) ": ("float[2] w = {1, 2}", "N, 2, 4"),
    "a = SpaceToDepth <blocksize: int = 2> (x) y = DepthToSpace <blocksize: int = 2> (a)": ("", "N, 2, 4, 6"),
    "s = Shape (x) i = Constant <value_int: int = 0> () n = Gather (s, i) k = Constant <value_ints: ints = [0]> () "
    "m = Unsqueeze (n, k) r = Constant <value_ints: ints = [-1]> () t = Concat <axis: int = 0> (m, r) y = Reshape (x, t)": (
        "",
        "N, 2, 3",
    ),
    "s = Shape <start: int = 0, end: int = 1> (x) r = Constant <value_ints: ints = [3, 2]> () "
    "t = Concat <axis: int = 0> (s, r) y = Reshape (x, t)": ("", "N, 2, 3"),
    "w = Transpose <perm: ints = [1, 0]> (v) k = Identity (w) q = Reshape (k, z) y = MatMul (x, q)": (
        "float[3, 2] v = {1, 2, 3, 4, 5, 6}, int64[2] z = {2, 3}",
        "N, 2",
    ),
    "n = Constant <value_ints: ints = [3]> () o = ConstantOfShape (n) i = Cast <to: int = 7> (o) "
    "p = Slice (i, a, b, c, d) q = Squeeze (p) t = Concat <axis: int = 0> (q, m) y = Reshape (x, t)": (
        "int64[1] a = {0}, int64[1] b = {2}, int64[1] c = {0}, int64[1] d = {1}, int64[1] m = {-1}",
        "N, 2, 3",
    ),
    "a = Identity (x) b = Sigmoid (a) y = Sum (x, b, x)": ("", "N, 3"),
    "e = Abs (x) f = Add (e, o) y = Div (x, f)": ("float o = {1}", "N, 3"),
    "y = LeakyRelu (x) u = Shape (y)": ("", "N, 3"),
    "y = Dropout (x)": ("", "N, 3"),
    "a = Transpose <perm: ints = [0, 2, 1]> (x) b = Relu (x) y = Add (a, b)": ("", "N, 3, 3"),
    "a = Transpose <perm: ints = [0, 3, 1, 2]> (x) b = Flatten (a) y = Softmax (b)": ("", "N, 2, 2, 3"),
}
"""By the nodes: the constants, and the shape of the input."""


@pytest.mark.parametrize("body", FOREIGN)
def test_what_others_write(body: str) -> None:
    from test_onnx_refused import text

    more, shape = FOREIGN[body]
    proto = text(body, shape, more=more)
    x = np.random.default_rng(0).normal(size=(3, *map(int, shape.split(", ")[1:]))).astype(np.float32)
    y = from_onnx(proto).predict(x, verbose=0)
    expected = ReferenceEvaluator(proto).run(None, {"x": x})[0]
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected, 1e-6, 1e-6)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (4, 1), (5, 3)])
@pytest.mark.parametrize("pads", [(0, 1), (1, 1), (1, 0)])
def test_pools_with_other_borders_than_those_of_same(kernel: int, stride: int, pads: tuple[int, int]) -> None:
    """Held to nested loops over a border of minus infinity."""
    from test_onnx_refused import text

    (before, behind), size = pads, 8
    window = f"kernel_shape: ints = [{kernel}, {kernel}], strides: ints = [{stride}, {stride}]"
    body = f"y = MaxPool <{window}, pads: ints = [{before}, {before}, {behind}, {behind}]> (x)"
    x = np.random.default_rng(0).normal(size=(2, 1, size, size)).astype(np.float32)
    wide = np.pad(x, [(0, 0), (0, 0), pads, pads], constant_values=-np.inf)
    starts = range(0, wide.shape[2] - kernel + 1, stride)
    expected = [[wide[:, :, r : r + kernel, c : c + kernel].max((2, 3)) for c in starts] for r in starts]
    y = from_onnx(text(body, "N, 1, 8, 8")).predict(x, verbose=0)
    np.testing.assert_array_equal(y, np.moveaxis(np.array(expected), (0, 1), (2, 3)))


# ---------------------------------------------------------------- onnxruntime

RUNTIME = os.environ.get("NUMPYCNN_ORT", "")
"""A Python that has onnxruntime, which needs not be this one."""
RUN = """
import sys, numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
numpy.save(sys.argv[3], session.run(["output"], {"input": numpy.load(sys.argv[2])})[0])
"""


def by_runtime(path: Path, x: Array) -> Array:
    np.save(path.with_suffix(".x.npy"), x)
    there, back = path.with_suffix(".x.npy"), path.with_suffix(".y.npy")
    subprocess.run([RUNTIME, "-c", RUN, str(path), str(there), str(back)], check=True)  # noqa: S603
    return np.asarray(np.load(back))


@pytest.mark.deep
@pytest.mark.skipif(not RUNTIME, reason="NUMPYCNN_ORT names no Python with onnxruntime")
@pytest.mark.parametrize("name", LAYERS)
@settings(max_examples=6)
@given(data=st.data())
def test_onnxruntime_predicts_the_same(folder: Path, name: str, data: st.DataObject) -> None:
    layer = data.draw(LAYERS[name])
    shape = layer.shape_in
    assert shape is not None
    model = with_drawn_weights([layer], shape, "float32", 0)
    path, x = folder / "model.onnx", np.random.default_rng(1).normal(size=(3, *shape)).astype(np.float32)
    saved(model, path)
    y = model.predict(x, verbose=0)
    np.testing.assert_allclose(by_runtime(path, x), y, 1e-5, 1e-5)


@pytest.mark.deep
@pytest.mark.skipif(not RUNTIME, reason="NUMPYCNN_ORT names no Python with onnxruntime")
def test_onnxruntime_predicts_whole_networks(tmp_path: Path) -> None:
    for model, shape in ((small_network(), (8, 8, 1)), (branched(), (5, 5, 2))):
        for count in (1, 7):
            x = np.random.default_rng(1).uniform(size=(count, *shape)).astype(np.float32)
            saved(model, tmp_path / "model.onnx")
            y = model.predict(x, verbose=0)
            np.testing.assert_allclose(by_runtime(tmp_path / "model.onnx", x), y, 1e-5, 1e-5 * np.abs(y).max())
