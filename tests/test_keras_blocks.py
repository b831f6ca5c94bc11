"""Blocks in Keras's files, where a chain that has any is a Functional model; keras_files/ has some that Keras wrote."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import fingerprint

from numpycnn import Sequential, load_model, optimizers
from numpycnn.common.typing import Array
from numpycnn.files.keras import incoming, outgoing
from numpycnn.files.keras.graph import nodes_of
from numpycnn.layers import (
    Activation,
    BatchNormalization,
    Branches,
    Conv2D,
    Dense,
    GlobalAveragePooling2D,
    MaxPooling2D,
    Residual,
)
from numpycnn.saving import ModelFileError

h5py: Any = pytest.importorskip("h5py", reason="needs h5py, of the extra keras-files")

FOLDER = Path(__file__).parent / "keras_files"


def network(seed: int = 0) -> Sequential:
    """Blocks of all kinds: one in another, of one branch, in a model in the model, and with names of one's own."""
    inner = Sequential([Dense(6), Residual(Sequential([Dense(4), Dense(6)], name="long"), name="inside")], name="dense")
    model = Sequential(
        [
            Conv2D(3, 3, padding="same", input_shape=(5, 5, 2), name="input_layer"),
            Residual([Residual([Conv2D(3, 1)], Conv2D(3, 3, padding="same")), BatchNormalization()]),
            Branches([[], [Conv2D(2, 1), Conv2D(2, 1)], MaxPooling2D(3, 1, "same"), Conv2D(2, 1)]),
            Branches([[], Activation("tanh")], "add", 1),
            GlobalAveragePooling2D(),
            Branches([[inner, Dense(5, trainable=False)]], name="one"),
            Residual([]),
            Dense(3, name="residual_main_batch_normalization"),
        ],
        seed=seed,
    )
    optimizer = optimizers.AdamW(0.01, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["one/branch/dense/inside"])
    model.compile(optimizer, "mse")
    return model


def data() -> tuple[Array, Array]:
    x = np.random.default_rng(0).normal(size=(8, 5, 5, 2))
    return x, x[:, 0, 0, :1] * [1, -1, 2]


@pytest.mark.parametrize("suffix", [".keras", pytest.param(".h5", marks=pytest.mark.deep)])
def test_nothing_is_lost_by_a_file_of_ours(tmp_path: Path, suffix: str) -> None:
    """And training goes on with the same bytes, the optimizer's slots being those of the same parameters."""
    model, path = network(), tmp_path / f"model{suffix}"
    model.fit(*data(), verbose=0)
    model.save(path)
    loaded = load_model(path)
    assert loaded.get_config() == model.get_config()
    assert fingerprint(loaded) == fingerprint(model)
    for one in (model, loaded):
        one.fit(*data(), verbose=0)
    assert fingerprint(loaded)[:3] == fingerprint(model)[:3]
    first = path.read_bytes()
    load_model(path).save(path)
    assert path.read_bytes() == first


@pytest.mark.parametrize("name", ["w.weights.h5", "w.h5"])
def test_weights_alone(tmp_path: Path, name: str) -> None:
    source, target = network(1), network(2)
    source.save_weights(tmp_path / name)
    target.load_weights(tmp_path / name)
    assert fingerprint(target)[0] == fingerprint(source)[0]


@pytest.mark.parametrize("config", ["{}", "[]", '{"config": {"units": 3}}', '{"config": {"layers": [3]}}'])
def test_weights_of_a_file_whose_configuration_lists_no_layers(tmp_path: Path, config: str) -> None:
    """As that of a class of one's own does; its weights stand where they would."""
    source, target = network(1), network(2)
    source.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()} | {"config.json": config.encode()}
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    target.load_weights(tmp_path / "m.keras")
    assert fingerprint(target)[0] == fingerprint(source)[0]


def test_weights_of_functional_models_in_a_model(tmp_path: Path) -> None:
    """In a file of weights, which has no configuration, they are found by what the file has."""
    model = load_model(FOLDER / "keras3_nested.keras")
    twin = load_model(FOLDER / "keras3_nested.keras")
    twin.set_weights([0 * array for array in twin.get_weights()])
    with zipfile.ZipFile(FOLDER / "keras3_nested.keras") as archive:
        (tmp_path / "m.weights.h5").write_bytes(archive.read("model.weights.h5"))
    twin.load_weights(tmp_path / "m.weights.h5")
    assert fingerprint(twin)[0] == fingerprint(model)[0]


@pytest.mark.parametrize("suffix", ["w.weights.h5", "m.keras"])
def test_weights_of_keras_3_bring_the_optimizer_too(tmp_path: Path, suffix: str) -> None:
    """As in Keras: its slots, steps and learning rate, where it is of the same kind; otherwise it stays, with a warning."""
    model, twin, other = network(), network(1), network(2)
    model.fit(*data(), verbose=0)
    assert model.optimizer
    assert twin.optimizer
    model.optimizer.learning_rate = 0.02
    (model.save_weights if "weights" in suffix else model.save)(tmp_path / suffix)
    twin.load_weights(tmp_path / suffix)
    assert twin.optimizer.iterations == 1
    np.testing.assert_allclose(twin.optimizer.learning_rate, 0.02, 1e-7)
    for slot, arrays in model.optimizer.state.items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(twin.optimizer.state[slot][name], array)
    other.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="the optimizer stays as it is: expected 0 arrays of SGD; found"):
        other.load_weights(tmp_path / suffix)
    assert other.optimizer
    assert other.optimizer.iterations == 0
    assert fingerprint(other)[0] == fingerprint(model)[0]


def test_the_optimizers_numbers_have_the_dtype_of_the_model(tmp_path: Path) -> None:
    """Of float64 the rate and Nadam's product would be rounded in float32, and training go on by other numbers."""
    model = Sequential([Dense(2, input_shape=(2,))], dtype="float64", seed=0)
    model.compile(optimizers.Nadam(0.1, beta_1=0.7), "mse")
    model.fit(np.eye(2), np.eye(2), verbose=0)
    model.save_weights(tmp_path / "w.weights.h5")
    with h5py.File(tmp_path / "w.weights.h5") as file:
        arrays = [np.asarray(file[f"optimizer/vars/{k}"]) for k in range(len(file["optimizer/vars"]))]
    assert float(arrays[1]) == 0.1
    np.testing.assert_allclose(arrays[-1], 0.7 * (1 - 0.96 / 2), 1e-14)  # beta_1*(1 - 0.96**t/2) of the first step


def test_models_whose_order_the_weights_do_not_tell(tmp_path: Path) -> None:
    """Of two that are alike one is Functional: which, the file does not say."""
    model = Sequential([Sequential([Dense(2)]), Sequential([Dense(2)])], seed=0)
    model.build((2,))
    path = tmp_path / "m.weights.h5"
    model.save_weights(path)
    with h5py.File(path, "a") as file:
        file["layers"].move("sequential_1", "functional")
    with pytest.raises(ModelFileError, match="which of the models in it are Functional cannot be told"):
        model.load_weights(path)


def test_weights_by_the_names_of_layers(tmp_path: Path) -> None:
    """Those of branches go by the names that they have in Keras."""
    source = Sequential([Residual([Dense(2)], name="a", input_shape=(2,)), Residual([Dense(2)], name="b")], seed=0)
    target = Sequential([Residual([Dense(2)], name="b", input_shape=(2,)), Residual([Dense(2)], name="c")], seed=1)
    source.save_weights(tmp_path / "w.h5")
    kept = target.layers[1].get_weights()
    target.load_weights(tmp_path / "w.h5", by_name=True)
    np.testing.assert_array_equal(target.layers[0].get_weights()[0], source.layers[1].get_weights()[0])
    np.testing.assert_array_equal(target.layers[1].get_weights()[0], kept[0])


def test_what_keras_s_users_wrote_becomes_blocks_of_the_names_there() -> None:
    model = load_model(FOLDER / "keras3_blocks.keras")
    assert [type(layer).__name__ for layer in model.layers] == [
        *("Residual", "Branches", "Residual", "GlobalAveragePooling2D", "Dropout", "Dense"),
    ]
    one: Any = model.layers[0]
    assert [path.names for path, _ in one.leaves()] == [
        *(("main", "conv2d"), ("main", "batch_normalization")),
        *(("main", "add", "branch", "conv2d_2"), ("main", "add", "branch", "conv2d_1")),
        *(("main", "add", "branch_2", "conv2d_4"), ("main", "add", "branch_2", "conv2d_3")),
    ]
    assert one.layers[1].layers == []


def test_a_model_of_keras_keeps_its_layers_names(tmp_path: Path) -> None:
    load_model(FOLDER / "keras3_blocks.keras").save(tmp_path / "m.keras")
    theirs, ours = (names_in(path) for path in (FOLDER / "keras3_blocks.keras", tmp_path / "m.keras"))
    assert theirs == ours


def names_in(path: Path) -> list[str]:
    """The names of the layers in a file, in their order."""
    with zipfile.ZipFile(path) as archive:
        return [layer["name"] for layer in json.loads(archive.read("config.json"))["config"]["layers"]]


def test_names_in_keras() -> None:
    """Each is there once: a layer's own if it can be, or its path."""
    block = Residual([Dense(2, name="a"), Dense(2, name="c")], name="b")
    others = [Dense(2, name="b_main_a"), Dense(2, name="input_layer")]
    model = Sequential([Dense(2, name="a", input_shape=(2,)), block, *others])
    names = ["a", "b_main_a_1", "c", "b", "b_main_a", "input_layer_1"]
    assert [node.name for node in nodes_of(model)] == names


def test_the_order_in_keras() -> None:
    """By the most steps to the output, then by branches: as Keras 3.15 lists the layers of this model when it has loaded it."""
    a, b, c, d, e, f, g = (Dense(2, name=name) for name in "abcdefg")
    block = Branches([[e, f, g], [a, Residual([b], [c, d], name="inner")]], "add", name="outer")
    model = Sequential([Dense(2, name="first", input_shape=(2,)), block, Dense(2, name="last")])
    names = ["first", "a", "e", "c", "f", "b", "d", "g", "inner", "outer", "last"]
    assert [node.name for node in nodes_of(model)] == names


def labelled(change: Any) -> Any:
    """What a file of ours says of a model with two blocks, the labels changed."""
    layers = [Residual([Dense(2)], name="a", input_shape=(2,)), Branches([[Dense(3)]], name="b")]
    entry = outgoing.network(Sequential(layers, seed=0))
    change({one["name"]: one for one in entry["config"]["layers"]})
    return entry


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda layers: layers["a"].update(numpycnn=1), "layer a: file: label must be a dict with the keys"),
        (
            lambda layers: layers["a"]["numpycnn"].update(class_name="Dense"),
            "layer a: file: class_name of a block must be one of 'Branches', 'Residual'",
        ),
        (
            lambda layers: layers["a"]["numpycnn"]["config"]["layers"][0].update(class_name="Residual"),
            "layer a: file: class_name of a branch must be one of 'Chain', 'Sequential'",
        ),
        (
            lambda layers: layers["b"]["numpycnn"]["config"]["layers"][0]["config"].update(layers=-1),
            "layer b: file: layers of a branch must be",
        ),
        (
            lambda layers: layers["a"]["numpycnn"]["config"]["layers"].pop(),
            "layer a: file: expected 2 branches; received 1",
        ),
        (
            lambda layers: layers["b"].update(numpycnn=layers["a"]["numpycnn"]),
            "layer b: file: expected 1 branches; received 2",
        ),
        (
            lambda layers: (layers["a"].update(class_name="Concatenate"), layers["a"]["config"].update(axis=-1)),
            "layer a: a Residual adds its branches; received concatenate",
        ),
    ],
)
def test_labels_that_are_none_are_refused(change: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        incoming.network(labelled(change), 3)


def test_labels_do_not_say_how_branches_are_merged() -> None:
    """That is Keras's word, also where a label says something else, or takes more layers than there are."""
    found = incoming.network(
        labelled(
            lambda layers: layers["b"]["numpycnn"]["config"].update(
                merge="add",
                axis=1,
                layers=[{"class_name": "Chain", "config": {"name": "all", "input_shape": None, "layers": 9}}],
            )
        ),
        3,
    )
    (block,) = Sequential.from_config({**found.config, "seed": 0}).layers
    assert isinstance(block, Branches)
    assert (block.merge, block.axis) == ("concatenate", -1)
    assert [path.names for path, _ in block.leaves()] == [("all", "a", "main", "dense"), ("all", "dense")]
