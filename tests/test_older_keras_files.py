"""Keras's files in the layouts of Keras 1 and 2, functional models, and what is read of a file that lacks something."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import fingerprint, small_data, small_network

from numpycnn import Sequential, load_model, optimizers
from numpycnn.common.typing import Array
from numpycnn.files import ModelFileError
from numpycnn.files.keras import incoming
from numpycnn.layers import Branches, Conv2D, Dense, Dropout, Flatten, SpatialDropout2D
from numpycnn.optimizers import schedules

h5py: Any = pytest.importorskip("h5py", reason="needs h5py, of the extra keras-files")

FOLDER = Path(__file__).parent / "keras_files"

# ---------------------------------------------------------------- Keras 1

CONVOLUTION = {
    **{"name": "convolution2d_1", "batch_input_shape": [None, 1, 4, 5], "input_dtype": "float32", "trainable": True},
    **{"nb_filter": 2, "nb_row": 3, "nb_col": 2, "init": "glorot_uniform", "activation": "linear", "bias": True},
    **{"border_mode": "valid", "subsample": [1, 1], "dim_ordering": "th", "W_constraint": {"name": "MaxNorm", "m": 2}},
    **{"W_regularizer": {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.01}, "b_regularizer": None},
    **{"activity_regularizer": None, "b_constraint": None},
}
DENSE = {
    **{"name": "dense_1", "output_dim": 3, "input_dim": 16, "init": "glorot_uniform", "activation": "softmax"},
    **{"W_regularizer": None, "b_regularizer": None, "activity_regularizer": None, "bias": True, "trainable": True},
    **{"W_constraint": None, "b_constraint": None},
}
ENTRIES: list[dict[str, Any]] = [
    {"class_name": "Convolution2D", "config": CONVOLUTION},
    {"class_name": "Flatten", "config": {"name": "flatten_1", "trainable": True}},
    {"class_name": "Dropout", "config": {"name": "dropout_1", "p": 0.5, "trainable": True}},
    {"class_name": "Dense", "config": DENSE},
]
SGD = {"class_name": "SGD", "config": {"lr": 0.1, "momentum": 0.9, "decay": 0.0, "nesterov": False}}
TRAINING = {"optimizer_config": SGD, "loss": "categorical_crossentropy", "metrics": ["accuracy"]}


def first_kernel() -> Array:
    """As Theano has it: (filters, channels, rows, columns)."""
    return np.linspace(-1, 1, 12, dtype=np.float32).reshape(2, 1, 3, 2)


def keras_1(path: Path, backend: str | None) -> None:
    """A whole model as Keras 1 wrote it, by Theano, whose convolution turns the kernel, or by TensorFlow."""
    arrays = {
        "convolution2d_1": {
            "convolution2d_1_W": first_kernel(),
            "convolution2d_1_b": np.array([0.5, -0.5], np.float32),
        },
        "dense_1": {"dense_1_W": np.sin(np.arange(48, dtype=np.float32)).reshape(16, 3), "dense_1_b": np.zeros(3)},
    }
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": ENTRIES}).encode()
        file.attrs["training_config"] = json.dumps(TRAINING).encode()
        group = file.create_group("model_weights")
        if backend:
            group.attrs["backend"] = backend.encode()
        group.attrs["layer_names"] = [entry["config"]["name"].encode() for entry in ENTRIES]
        for entry in ENTRIES:
            own = arrays.get(entry["config"]["name"], {})
            inner = group.create_group(entry["config"]["name"])
            inner.attrs["weight_names"] = [name.encode() for name in own]
            for name, array in own.items():
                inner.create_dataset(name, data=array)


@pytest.mark.parametrize("backend", ["theano", "tensorflow", None])
def test_a_model_of_keras_1(tmp_path: Path, backend: str | None) -> None:
    """Its convolution as nested loops: Theano's is one with a kernel that is turned by 180 degrees."""
    keras_1(tmp_path / "model.h5", backend)
    model = load_model(tmp_path / "model.h5")
    x, kernel = np.cos(np.arange(20.0)).reshape(1, 1, 4, 5), first_kernel()
    expected = np.zeros((1, 2, 2, 4))
    for f, r, c, k, m in np.ndindex(2, 2, 4, 3, 2):
        weight = kernel[f, 0, 2 - k, 1 - m] if backend == "theano" else kernel[f, 0, k, m]
        expected[0, f, r, c] += x[0, 0, r + k, c + m] * weight
    expected += np.reshape([0.5, -0.5], (2, 1, 1))
    found = Sequential(model.layers[:1]).predict(x, verbose=0)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    layer: Any = model.layers[0]
    assert (layer.regularizers["kernel"].get_config()["l2"], layer.constraints["kernel"].max_value) == (0.01, 2)
    assert isinstance(model.optimizer, optimizers.SGD)
    assert (float(model.optimizer.learning_rate), model.optimizer.momentum) == (0.1, 0.9)
    assert (model.layers[2].get_config()["rate"], list(model.metrics)) == (0.5, ["accuracy"])
    assert model.shape_in == (1, 4, 5)
    model.fit(x, [[1, 0, 0]], verbose=0)


def test_a_kernel_of_keras_1_of_another_shape(tmp_path: Path) -> None:
    keras_1(tmp_path / "model.h5", "theano")
    with h5py.File(tmp_path / "model.h5", "r+") as file:
        del file["model_weights/convolution2d_1/convolution2d_1_W"]
        file["model_weights/convolution2d_1/convolution2d_1_W"] = np.zeros((1, 2, 3, 4))
    with pytest.raises(ModelFileError, match=r"_1_W must have the shape \(3, 2, 1, 2\); received \(3, 4, 2, 1\)"):
        load_model(tmp_path / "model.h5")


# ---------------------------------------------------------------- configurations


def entry(name: str, inbound: Any, units: int = 2) -> dict[str, Any]:
    """A Dense layer in a functional model."""
    return {"class_name": "Dense", "name": name, "config": {"name": name, "units": units}, "inbound_nodes": inbound}


FIRST = {
    "class_name": "InputLayer",
    "name": "in",
    "config": {"name": "in", "batch_input_shape": [None, 3]},
    "inbound_nodes": [],
}


def functional(*entries: dict[str, Any]) -> dict[str, Any]:
    """A functional model, whose last layer's output is its own."""
    ends = {"input_layers": [["in", 0, 0]], "output_layers": [[entries[-1]["name"], 0, 0]]}
    return {"class_name": "Functional", "config": {"name": "model", "layers": [FIRST, *entries], **ends}}


def keras_tensor(name: str) -> dict[str, Any]:
    """What Keras 3 writes into inbound_nodes."""
    tensor = {"class_name": "__keras_tensor__", "config": {"shape": [None, 3], "keras_history": [name, 0, 0]}}
    return {"args": [tensor], "kwargs": {}}


def test_functional_models_that_are_chains() -> None:
    """As Keras 2 and 3 write them."""
    for inbound in ([[["in", 0, 0, {}]]], [keras_tensor("in")]):
        config, shape = incoming.network(functional(entry("a", inbound), entry("b", [[["a", 0, 0, {}]]], 4)), 3)
        model = Sequential.from_config({**config, "seed": 0})
        assert (shape, [layer.name for layer in model.layers]) == ([3], ["a", "b"])


def test_functional_models_of_keras_2_with_branches() -> None:
    """The layers of both branches stand between the one before and the one behind."""
    layers = [entry("a", [[["in", 0, 0, {}]]]), entry("b", [[["a", 0, 0]]]), entry("c", [[["a", 0, 0]]])]
    one = {"class_name": "Add", "name": "d", "config": {"name": "d"}, "inbound_nodes": [[["b", 0, 0], ["a", 0, 0]]]}
    axis = {"name": "e", "axis": -1}
    inbound = [[["d", 0, 0, {}], ["c", 0, 0, {}]]]
    two = {"class_name": "Concatenate", "name": "e", "config": axis, "inbound_nodes": inbound}
    model = Sequential.from_config({**incoming.network(functional(*layers, one, two), 2).config, "seed": 0})
    pair = {"class_name": "__tuple__", "items": [keras_tensor(name)["args"][0] for name in ("d", "c")]}
    same = functional(*layers, one, {**two, "inbound_nodes": [{"args": [pair], "kwargs": {}}]})  # Keras 3's, of a tuple
    assert (
        incoming.network(same, 3).config["layers"]
        == incoming.network(functional(*layers, one, two), 2).config["layers"]
    )
    first, block = model.layers
    assert (first.name, type(block)) == ("a", Branches)
    assert [path.names for path, _ in model.leaves()] == [
        ("a",),
        ("e", "branch", "d", "main", "b"),
        ("e", "branch_1", "c"),
    ]


def test_a_layer_that_keras_2_always_trains_is_refused() -> None:
    """There the option counts more than what `predict` says; in Keras 3 it does not."""
    with pytest.raises(ValueError, match="layer a: is called with training=True, which has no place in a Sequential"):
        incoming.network(functional(entry("a", [[["in", 0, 0, {"training": True}]]])), 2)


def test_hard_sigmoid_was_another_function() -> None:
    layers = [{"class_name": "Activation", "config": {"name": "a", "activation": "hard_sigmoid", "input_dim": 3}}]
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}
    with pytest.raises(ValueError, match="layer a: hard_sigmoid was another function before Keras 3"):
        incoming.network(config, 2)


def test_where_the_shape_of_an_example_stands() -> None:
    layers = [{"class_name": "Dense", "config": {"name": "a", "output_dim": 2, "input_dim": 3}}]
    config: Any = {"class_name": "Sequential", "config": {"layers": layers}}
    assert incoming.network(config, 1).shape == [3]
    del layers[0]["config"]["input_dim"]  # type: ignore[attr-defined]
    config["build_config"] = {"input_shape": [None, 5]}
    assert incoming.network(config, 3).shape == [5]
    assert incoming.network({**config, "build_config": None}, 3).shape == []


def test_metrics_and_losses_in_their_forms() -> None:
    function = {"module": "builtins", "class_name": "function", "config": "mean_squared_error"}
    wrapper = {"class_name": "MeanMetricWrapper", "config": {"name": "m", "fn": function}}
    named = {"class_name": "MeanMetricWrapper", "config": {"name": "accuracy", "fn": "categorical_accuracy"}}
    precision = {"class_name": "Precision", "config": {"name": "p", "thresholds": None, "dtype": "float32"}}
    found = incoming.compiled(
        {"optimizer": "adam", "loss": function, "metrics": [[wrapper, named], {"out": precision}]}
    )
    assert found is not None
    assert found["loss"]["class_name"] == "MeanSquaredError"
    assert found["metrics"][:2] == ["mean_squared_error", "accuracy"]
    assert found["metrics"][2]["class_name"] == "Precision"
    auto = {"class_name": "Huber", "config": {"reduction": "auto", "name": "huber_loss", "delta": 2.0}}
    assert incoming.loss(auto)["config"] == {"name": "huber_loss", "delta": 2.0}


def test_tuples_and_arrays_in_a_configuration() -> None:
    array = {"class_name": "__numpy__", "config": {"value": [1.0, 2.0], "dtype": "float32"}}
    shape = {"class_name": "__tuple__", "items": [2, 1]}
    layers: list[Any] = [
        {"class_name": "Normalization", "config": {"name": "n", "mean": array, "variance": array}},
        {"class_name": "Reshape", "config": {"name": "r", "target_shape": shape}},
    ]
    config = incoming.network({"class_name": "Sequential", "config": {"layers": layers}}, 3).config
    assert config["layers"][0]["config"]["mean"] == [1.0, 2.0]
    assert config["layers"][1]["config"]["target_shape"] == [2, 1]


# ---------------------------------------------------------------- weights


@pytest.mark.parametrize("name", ["w.weights.h5", "w.h5"])
def test_weights_that_do_not_fit(tmp_path: Path, name: str) -> None:
    """They are refused; with skip_mismatch the others are taken, and what is missing stays."""
    source = Sequential([Dense(3, input_shape=(2,), name="a"), Dense(4, name="b")], seed=0)
    target = Sequential([Dense(3, input_shape=(2,), name="a"), Dense(5, name="b")], seed=1)
    source.save_weights(tmp_path / name)
    before = target.get_weights()
    with pytest.raises(ModelFileError, match=r"must have the shape \(3, 5\); received \(3, 4\)"):
        target.load_weights(tmp_path / name)
    np.testing.assert_array_equal(target.get_weights()[0], before[0])
    target.load_weights(tmp_path / name, skip_mismatch=True)
    np.testing.assert_array_equal(target.get_weights()[0], source.get_weights()[0])
    np.testing.assert_array_equal(target.get_weights()[2], before[2])
    other = Sequential([Dense(3, input_shape=(2,), use_bias=False), Dense(4)])
    with pytest.raises(ModelFileError, match="expected 1 "):
        other.load_weights(tmp_path / name)


def test_weights_by_the_names_of_layers(tmp_path: Path) -> None:
    source = Sequential([Dense(3, input_shape=(2,), name="a"), Dense(4, name="b")], seed=0)
    target = Sequential([Dense(2, input_shape=(2,), name="new"), Dense(3, name="a")], seed=1)
    source.save_weights(tmp_path / "w.h5")
    target.load_weights(tmp_path / "w.h5", by_name=True)
    np.testing.assert_array_equal(target.get_weights()[2], source.get_weights()[0])
    source.save_weights(tmp_path / "w.weights.h5")
    source.save(tmp_path / "w.keras")
    for name in ("w.weights.h5", "w.keras"):
        with pytest.raises(
            ModelFileError, match=r"by_name is for .safetensors, and .h5 of Keras 1 and 2; in Keras 3's"
        ):
            target.load_weights(tmp_path / name, by_name=True)


def test_the_first_keras_files(tmp_path: Path) -> None:
    """Those of Keras 2.12 call the layers otherwise, and have no groups for layers without arrays."""
    source = Sequential([Dense(3, input_shape=(2,)), Dropout(0.5), Dense(4)], seed=0)
    target = Sequential([Dense(3, input_shape=(2,)), Dropout(0.5), Dense(4)], seed=1)
    path = tmp_path / "w.weights.h5"
    source.save_weights(path)
    with h5py.File(path, "r+") as file:
        file.move("layers", "_layer_checkpoint_dependencies")
        del file["_layer_checkpoint_dependencies/dropout"]
    target.load_weights(path)
    assert fingerprint(target)[0] == fingerprint(source)[0]


def test_long_lists_of_names_are_divided(tmp_path: Path) -> None:
    """An attribute has room for 64 kB."""
    path = FOLDER / "keras3.h5"
    (tmp_path / "w.h5").write_bytes(path.read_bytes())
    with h5py.File(tmp_path / "w.h5", "r+") as file:
        group = file["model_weights"]
        names = list(group.attrs["layer_names"])
        del group.attrs["layer_names"]
        group.attrs["layer_names0"], group.attrs["layer_names1"] = names[:2], names[2:]
    found, expected = load_model(tmp_path / "w.h5"), load_model(path)
    np.testing.assert_array_equal(found.get_weights()[-1], expected.get_weights()[-1])


def test_a_file_of_something_else(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["a"] = 1
    with pytest.raises(ModelFileError, match="expected weights of Keras, with layer_names or layers; found neither"):
        small_network().load_weights(tmp_path / "w.h5")
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(ModelFileError, match="expected a file; received a directory or a device"):
        load_model(tmp_path / "folder.keras")


# ---------------------------------------------------------------- models that are not as usual


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_models_without_an_optimizer_and_with_models_inside(tmp_path: Path, suffix: str) -> None:
    inner = Sequential([SpatialDropout2D(0.5), Sequential([Conv2D(2, 2)])])
    model = Sequential([Conv2D(3, 2, input_shape=(5, 5, 1)), inner, Flatten(), Dense(2)], seed=0)
    model.layers[0].trainable = False
    model.save(tmp_path / f"a{suffix}")
    model.save_weights(tmp_path / "a.weights.h5")
    loaded = load_model(tmp_path / f"a{suffix}")
    assert fingerprint(loaded) == fingerprint(model)
    assert (loaded.get_config(), loaded.optimizer) == (model.get_config(), None)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_schedules_that_keras_does_not_have(tmp_path: Path, suffix: str) -> None:
    model = small_network(compiled=False)
    model.compile(optimizers.SGD(schedules.OneCycle(0.1, 100)), "mse")
    with pytest.raises(ModelFileError, match=r"learning_rate: Keras has no OneCycle; save to .safetensors, which kee"):
        model.save(tmp_path / f"a{suffix}")


def test_an_optimizer_whose_arrays_are_of_another_model(tmp_path: Path) -> None:
    model, path = small_network(), tmp_path / "a.h5"
    model.fit(*small_data(), verbose=0)
    model.save(path)
    with h5py.File(path, "r+") as file:
        name = file["optimizer_weights"].attrs["weight_names"][2]
        del file["optimizer_weights"][name]
        file["optimizer_weights"][name] = np.zeros(3)
        kept = {key: file["optimizer_weights"][key][()] for key in file["optimizer_weights"].attrs["weight_names"]}
    assert len(kept) > 2
    with pytest.raises(
        ModelFileError, match=r"mean_square of conv2d/kernel must have the shape \(3, 3, 1, 4\); receiv"
    ):
        load_model(path)
    assert load_model(path, compile=False).optimizer is None
    with h5py.File(path, "r+") as file:
        del file["optimizer_weights"]
    assert load_model(path).optimizer is not None


def test_an_archive_that_promises_more_than_it_has(tmp_path: Path) -> None:
    """The checksum is right, and the length is not."""
    buffer = io.BytesIO((FOLDER / "keras3.keras").read_bytes())
    raw = bytearray(buffer.getvalue())
    with zipfile.ZipFile(buffer) as archive:
        size = archive.getinfo("metadata.json").file_size
    place = raw.index(b"PK\x01\x02") + 24  # the length of the first member in the central directory
    raw[place : place + 4] = (size + 10).to_bytes(4, "little")
    (tmp_path / "a.keras").write_bytes(raw)
    with pytest.raises(ModelFileError, match=rf"metadata.json declares {size + 10} bytes; it has {size}"):
        load_model(tmp_path / "a.keras")
