"""PyTorch's weights in a .safetensors file: read into a model, and written from one, in PyTorch's layouts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from numpycnn import Sequential
from numpycnn.common.typing import Array
from numpycnn.files.container import Content, write
from numpycnn.layers import (
    Activation,
    BatchNormalization,
    Branches,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    Flatten,
    GlobalAveragePooling2D,
    LayerNormalization,
    MaxPooling2D,
    Normalization,
    PReLU,
    Reshape,
    Residual,
    SeparableConv2D,
)
from numpycnn.saving import ModelFileError, load_state_dict, save_state_dict

FIRST: dict[str, Any] = {"data_format": "channels_first"}


def lenet(**how: Any) -> Sequential:
    """By channels first it is the network of `onnx_files/write_with_torch.py`."""
    shape = (1, 8, 8) if how else (8, 8, 1)
    stack = [Conv2D(3, 3, padding="same", activation="relu", **how), MaxPooling2D(**how)]
    stack += [Conv2D(4, 3, activation="relu", **how), Flatten(**how), Dense(5, "relu"), Dense(3, "softmax")]
    model = Sequential(stack, seed=0)
    model.build(shape)
    return model


def torch_lenet() -> tuple[dict[str, Array], Array, Array]:
    """PyTorch's arrays of that network by its names, a batch and its predictions, from the file that PyTorch wrote."""
    onnx = pytest.importorskip("onnx", reason="needs onnx, of the extra dev")
    folder = Path(__file__).parent / "onnx_files"
    figures = np.load(folder / "figures.npz")
    tensors = onnx.load(folder / "lenet.script.onnx").graph.initializer
    arrays = {one.name: onnx.numpy_helper.to_array(one) for one in tensors if one.name.endswith(("weight", "bias"))}
    return arrays, figures["lenet.x"], figures["lenet.y"]


@pytest.mark.parametrize("how", [{}, FIRST], ids=["channels_last", "channels_first"])
def test_a_network_of_pytorchs_predicts_the_same(tmp_path: Path, how: dict[str, Any]) -> None:
    """Found by shapes; the rows of the first Linear behind the images get Keras's order."""
    arrays, x, y = torch_lenet()
    write(tmp_path / "a.safetensors", Content({}, {**arrays, "bn.num_batches_tracked": np.array(3)}))
    model = lenet(**how)
    load_state_dict(model, tmp_path / "a.safetensors")
    given = x if how else x.transpose(0, 2, 3, 1)  # (N, H, W, C)
    np.testing.assert_allclose(model.predict(given, verbose=0), y, 1e-6, 1e-6)
    save_state_dict(model, tmp_path / "b.safetensors", dict(zip(NAMES, TORCH_NAMES, strict=True)))
    assert stored(tmp_path / "b.safetensors").keys() == arrays.keys()
    for name, array in stored(tmp_path / "b.safetensors").items():
        np.testing.assert_array_equal(array, arrays[name])


def test_rows_behind_a_chain_that_flattens(tmp_path: Path) -> None:
    """Features that end with Flatten are a model in the model; the rows of the Linear behind it are PyTorch's."""
    arrays, x, y = torch_lenet()
    write(tmp_path / "a.safetensors", Content({}, arrays))
    plain = lenet().layers
    model = Sequential([Sequential(plain[:4]), Sequential(plain[4:])])
    load_state_dict(model, tmp_path / "a.safetensors")
    np.testing.assert_allclose(model.predict(x.transpose(0, 2, 3, 1), verbose=0), y, 1e-6, 1e-6)


@pytest.mark.parametrize("merge", ["add", "concatenate"])
def test_rows_behind_branches_that_flatten(tmp_path: Path, merge: str) -> None:
    """The Linear sees what the branches flatten as (C, H, W), one after the other or their sum."""
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(3, 4, 5, 2)), rng.normal(size=(6, 80 if merge == "concatenate" else 40))
    write(tmp_path / "a.safetensors", Content({}, {"fc.weight": kernel, "fc.bias": np.zeros(6)}))
    model = Sequential([Branches([[Flatten()], [Activation("tanh"), Flatten()]], merge), Dense(6)], dtype="float64")
    model.build(x.shape[1:])
    load_state_dict(model, tmp_path / "a.safetensors")
    first = x.transpose(0, 3, 1, 2).reshape(3, -1)  # as PyTorch flattens
    seen = np.hstack([first, np.tanh(first)]) if merge == "concatenate" else first + np.tanh(first)
    np.testing.assert_allclose(model.predict(x, verbose=0), seen @ kernel.T, 1e-12, 1e-12)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_units_before_an_image(tmp_path: Path, data_format: str) -> None:
    """A generator's Linear gives what becomes (C, H, W) there, and is normalized before."""
    rng = np.random.default_rng(0)
    x, kernel, bias, gamma = rng.normal(size=(3, 5)), rng.normal(size=(24, 5)), rng.normal(size=24), rng.normal(size=24)
    conv = rng.normal(size=(1, 2, 1, 1))
    arrays = {"0.weight": kernel, "0.bias": bias, "1.weight": gamma, "1.running_mean": bias, "1.running_var": gamma**2}
    write(tmp_path / "a.safetensors", Content({}, {**arrays, "4.weight": conv}))
    shape, how = ((2, 3, 4), FIRST) if data_format == "channels_first" else ((3, 4, 2), {})
    layers = [Dense(24), BatchNormalization(center=False), Activation("relu"), Reshape(shape)]
    model = Sequential([*layers, Conv2D(1, 1, use_bias=False, **how)], dtype="float64")
    model.build((5,))
    load_state_dict(model, tmp_path / "a.safetensors")
    image = np.maximum(gamma * (x @ kernel.T) / np.sqrt(gamma**2 + 1e-3), 0).reshape(
        3, 2, 3, 4
    )  # the mean takes the bias away
    expected = (image * conv[0]).sum(axis=1)  # (N, H, W)
    found = model.predict(x, verbose=0)
    np.testing.assert_allclose(found[:, 0] if how else found[..., 0], expected, 1e-9, 1e-9)
    save_state_dict(model, tmp_path / "b.safetensors", dict(zip(layers_of(model), ("0", "1", "4"), strict=True)))
    for name, array in stored(tmp_path / "b.safetensors").items():
        np.testing.assert_array_equal(array, arrays.get(name, conv))


def test_values_that_branches_add_have_one_order(tmp_path: Path) -> None:
    model = Sequential([Residual([Flatten()], [Reshape((40,))]), Dense(2)])
    model.build((4, 5, 2))
    with pytest.raises(ModelFileError, match="residual: its branches add values that PyTorch has in different orders"):
        save_state_dict(model, tmp_path / "a.safetensors")


NAMES, TORCH_NAMES = ("conv2d", "conv2d_1", "dense", "dense_1"), ("conv1", "conv2", "fc1", "fc2")


def stored(path: Path) -> dict[str, Array]:
    from numpycnn.files.container import reading

    with reading(path) as file:
        return file.arrays(file.specs)


def everything() -> Sequential:
    """Every layer that PyTorch has too."""
    model = Sequential(
        [
            Conv2D(4, 3, padding="same", use_bias=False),
            BatchNormalization(),
            PReLU(shared_axes=[1, 2]),
            Residual([Conv2D(4, 3, padding="same", groups=2), BatchNormalization(scale=False)]),
            Branches([DepthwiseConv2D(3, padding="same", depth_multiplier=2), SeparableConv2D(3, 3, padding="same")]),
            Conv2DTranspose(2, 3, strides=2),
            Sequential([Flatten(), BatchNormalization(), Activation("relu"), Dense(5), LayerNormalization()]),
            Dense(2),
        ],
        seed=0,
    )
    model.build((4, 5, 2))
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=array.shape) for array in model.get_weights()])
    return model


def test_every_layer_out_and_in_again(tmp_path: Path) -> None:
    model, twin = everything(), everything()
    names = {layer: f"net.{k}" for k, layer in enumerate(layers_of(model))}
    save_state_dict(model, tmp_path / "a.safetensors", names)
    twin.set_weights([0 * array for array in twin.get_weights()])
    load_state_dict(twin, tmp_path / "a.safetensors", names)
    for one, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def layers_of(model: Sequential) -> list[str]:
    from numpycnn.files.state_dict import modules

    return [*modules(model)]


def test_pytorchs_shapes(tmp_path: Path) -> None:
    """By the layers' own names, with PyTorch's layouts."""
    save_state_dict(everything(), tmp_path / "a.safetensors")
    shapes = {name: array.shape for name, array in stored(tmp_path / "a.safetensors").items()}
    assert {name: shape for name, shape in shapes.items() if len(shape) != 1} == {
        "conv2d.weight": (4, 2, 3, 3),
        "residual.main.conv2d.weight": (4, 2, 3, 3),
        "branches.branch.depthwise_conv2d.weight": (8, 1, 3, 3),
        "branches.branch_1.separable_conv2d.depthwise.weight": (4, 1, 3, 3),
        "branches.branch_1.separable_conv2d.pointwise.weight": (3, 4, 1, 1),
        "conv2d_transpose.weight": (11, 2, 3, 3),
        "sequential.dense.weight": (5, 9 * 11 * 2),
        "dense.weight": (2, 5),
    }
    assert shapes["p_re_lu.weight"] == (4,)
    assert "residual.main.batch_normalization.weight" not in shapes
    assert shapes["sequential.batch_normalization.running_var"] == (9 * 11 * 2,)


def two_alike() -> Sequential:
    model = Sequential([Dense(2), Dense(2)], seed=0)
    model.build((2,))
    return model


def test_modules_of_equal_shapes_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    parts = {f"net.{k}.{key}": np.full(shape, k, "f4") for k in (2, 10) for key, shape in LINEAR.items()}
    write(tmp_path / "a.safetensors", Content({}, parts))
    model = two_alike()
    load_state_dict(model, tmp_path / "a.safetensors")
    assert [array.flat[0] for array in model.get_weights()] == [2, 2, 10, 10]


LINEAR = {"weight": (2, 2), "bias": (2,)}


@pytest.mark.parametrize(
    ("arrays", "names", "message"),
    [
        (("a", "b"), None, "a, b have equal shapes, and no order: give names for dense, dense_1$"),
        (
            ("a",),
            None,
            r"expected 2 modules with {'weight': \(2, 2\), 'bias': \(2,\)}, for dense, dense_1; received 1 a",
        ),
        (("a", "b"), {"dense": "a"}, "names must be a dict with the keys dense, dense_1"),
        (("a", "b"), {"dense": "a", "dense_1": 3}, "names of dense_1 must be a string; received 3"),
        (
            ("a", "b"),
            {"dense": "a", "dense_1": "a"},
            "names must be different; received {'dense': 'a', 'dense_1': 'a'}",
        ),
        (("a", "b"), {"dense": "a", "dense_1": "c"}, "expected c for dense_1 with .*; received 'no such module'"),
    ],
)
def test_another_networks_weights(tmp_path: Path, arrays: tuple[str, ...], names: Any, message: str) -> None:
    parts = {f"{name}.{key}": np.ones(shape, "f4") for name in arrays for key, shape in LINEAR.items()}
    write(tmp_path / "a.safetensors", Content({}, parts))
    model, before = two_alike(), two_alike().get_weights()
    with pytest.raises(ModelFileError, match=message):
        load_state_dict(model, tmp_path / "a.safetensors", names)
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_module_too_many(tmp_path: Path) -> None:
    parts = {f"{k}.{key}": np.ones(shape, "f4") for k in (0, 1) for key, shape in LINEAR.items()}
    write(tmp_path / "a.safetensors", Content({}, parts | {"head.weight": np.ones((3, 2), "f4")}))
    with pytest.raises(ModelFileError, match="has head, which no layer of the model is"):
        load_state_dict(two_alike(), tmp_path / "a.safetensors")


def test_what_pytorch_has_not(tmp_path: Path) -> None:
    model = Sequential([Normalization(), GlobalAveragePooling2D()])
    model.build((4, 4, 1))
    with pytest.raises(ModelFileError, match="normalization: PyTorch has no module for Normalization"):
        save_state_dict(model, tmp_path / "a.safetensors")
    with pytest.raises(ValueError, match="load_state_dict: the model is not built; give its first"):
        load_state_dict(Sequential([Dense(2)]), tmp_path / "a.safetensors")
    with pytest.raises(ModelFileError, match=r"a\.pt: save_state_dict takes \.safetensors"):
        save_state_dict(two_alike(), tmp_path / "a.pt")
    save_state_dict(two_alike(), tmp_path / "a.safetensors")
    with pytest.raises(FileExistsError, match=r"save_state_dict: .* exists, and overwrite is False"):
        save_state_dict(two_alike(), tmp_path / "a.safetensors", overwrite=False)
