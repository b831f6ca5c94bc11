"""Keras's files: those that Keras 3 and tf.keras wrote (keras_files/), with the figures that they gave, and our own."""

import importlib.util
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import fingerprint, small_data, small_network

from numpycnn import Sequential, load_model, optimizers
from numpycnn.callbacks import BackupAndRestore, EarlyStopping
from numpycnn.common.configuration import custom_objects
from numpycnn.files import ModelFileError
from numpycnn.initializers import RandomNormal
from numpycnn.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, LeakyReLU, Residual
from numpycnn.regularizers import L2

h5py: Any = pytest.importorskip("h5py", reason="needs h5py, of the extra keras-files")

FOLDER = Path(__file__).parent / "keras_files"
FIGURES = json.loads((FOLDER / "figures.json").read_text())
OTHERS = (".hdf5", ".safetensors")

spec = importlib.util.spec_from_file_location("write", FOLDER / "write.py")
assert spec is not None
assert spec.loader is not None
write: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(write)


def the_same_network() -> Sequential:
    """The network of keras_files/write.py."""
    return Sequential(
        [
            Conv2D(3, 3, activation="relu", kernel_regularizer="l2", input_shape=(5, 5, 2)),
            BatchNormalization(),
            LeakyReLU(0.2),
            Flatten(),
            Sequential([Dense(4, activation="tanh")]),
            Dropout(0.0),
            Dense(3, activation="softmax", kernel_constraint="max_norm"),
        ]
    )


# ---------------------------------------------------------------- what Keras wrote


@pytest.mark.parametrize("name", [name for name in FIGURES if ".weights." not in name])
def test_a_model_of_keras_predicts_and_goes_on_training_as_there(name: str) -> None:
    """Ten more losses, which need the optimizer's slots, its steps so far, the penalty and the moving averages."""
    model = load_model(FOLDER / name)
    np.testing.assert_allclose(model.predict(write.inputs(), verbose=0), FIGURES[name]["predictions"], atol=2e-7)
    assert model.optimizer is not None
    assert (model.optimizer.iterations, model.steps) == (3, 3)
    losses = [model.train_on_batch(write.inputs(), write.targets())[0] for _ in range(10)]
    np.testing.assert_allclose(losses, FIGURES[name]["losses"], rtol=1e-5)
    assert list(model.metrics) == ["accuracy"]


@pytest.mark.parametrize("name", [name for name in FIGURES if name.startswith(("keras3.", "keras2."))])
def test_weights_of_keras_are_read_into_a_model_that_is_there(name: str) -> None:
    model = the_same_network()
    model.load_weights(FOLDER / name)
    np.testing.assert_allclose(model.predict(write.inputs(), verbose=0), FIGURES[name]["predictions"], atol=2e-7)


def test_a_model_is_loaded_without_what_compile_was_given() -> None:
    model = load_model(FOLDER / "keras3.keras", compile=False)
    assert (model.optimizer, model.loss, len(model.metrics)) == (None, None, 0)


# ---------------------------------------------------------------- what we write


@pytest.mark.parametrize("suffix", [".keras", ".h5", *(pytest.param(one, marks=pytest.mark.deep) for one in OTHERS)])
def test_nothing_is_lost_by_a_file_of_ours(tmp_path: Path, suffix: str) -> None:
    """Also what Keras has no place for: History, the seed, the steps; and training goes on with the same bytes."""
    model, path = small_network(), tmp_path / f"model{suffix}"
    model.fit(*small_data(), 20, 2, verbose=0)
    model.save(path)
    loaded = load_model(path)
    assert fingerprint(loaded) == fingerprint(model)
    assert loaded.get_config() == model.get_config()
    for one in (model, loaded):
        one.fit(*small_data(), 20, 3, verbose=0, initial_epoch=2)
    assert fingerprint(loaded) == fingerprint(model)
    first = path.read_bytes()
    load_model(path).save(path)
    assert path.read_bytes() == first


@pytest.mark.parametrize("name", ["w.weights.h5", "w.h5", "w.HDF5", "w.safetensors"])
def test_weights_alone(tmp_path: Path, name: str) -> None:
    source, target = small_network(seed=1), small_network(seed=2, compiled=False)
    source.save_weights(tmp_path / name)
    target.load_weights(tmp_path / name)
    assert fingerprint(target)[0] == fingerprint(source)[0]


OPTIMIZERS: dict[str, dict[str, Any]] = {
    "Adam": {"amsgrad": True, "use_ema": True},
    "RMSprop": {"momentum": 0.5, "centered": True},
    "SGD": {"momentum": 0.9, "decay": 0.1},
    "AdamW": {"learning_rate": optimizers.schedules.CosineDecay(0.01, 100)},
    **{name: {} for name in ("Adagrad", "Adadelta", "Adamax", "Nadam", "Lion")},
}


@pytest.mark.filterwarnings("ignore:decay is from an older Keras")
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_is_kept(tmp_path: Path, suffix: str, name: str) -> None:
    model, path = Sequential([Dense(3, input_shape=(4,)), Dense(2)], seed=0), tmp_path / f"model{suffix}"
    model.compile(getattr(optimizers, name)(**OPTIMIZERS[name]), "mse")
    x = np.random.default_rng(0).normal(size=(8, 4))
    model.fit(x, x[:, :2], verbose=0)
    model.save(path)
    loaded = load_model(path)
    assert fingerprint(loaded) == fingerprint(model)
    for one in (model, loaded):
        one.fit(x, x[:, :2], verbose=0)
    assert fingerprint(loaded)[:3] == fingerprint(model)[:3]


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_killed_training_resumes_from_keras_s_files(tmp_path: Path, suffix: str) -> None:
    whole, half, path = small_network(), small_network(), tmp_path / f"model{suffix}"
    whole.fit(*small_data(), 20, 4, verbose=0)
    half.fit(*small_data(), 20, 2, verbose=0, callbacks=BackupAndRestore(path, delete_checkpoint=False))
    again = small_network(seed=3)
    again.fit(*small_data(), 20, 4, verbose=0, callbacks=BackupAndRestore(path, delete_checkpoint=False))
    assert fingerprint(again) == fingerprint(whole)
    callbacks = [BackupAndRestore(path, delete_checkpoint=False), EarlyStopping("loss")]
    with pytest.raises(ModelFileError, match=r"state of callbacks \(EarlyStopping\) is kept in .safetensors files alo"):
        small_network().fit(*small_data(), 20, 2, verbose=0, callbacks=callbacks)


class Block(Residual):
    """A container of the program's own, of which Keras's files cannot say what it computes."""


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Block([Dense(3)], name="block"), "block: Keras has no Block; save to .safetensors, which keeps it"),
        (
            lambda: Dense(3, activation={"class_name": "elu", "config": {"alpha": 2.0}}, name="a"),
            "activation: Keras has no elu with settings; use a layer, such as LeakyReLU",
        ),
    ],
)
def test_what_keras_does_not_have_is_refused(tmp_path: Path, make: Any, message: str) -> None:
    model = Sequential([Dense(3, input_shape=(3,)), make()])
    for name in ("a.keras", "a.h5"):
        with custom_objects({"Block": Block}), pytest.raises(ModelFileError, match=message):
            model.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.weights.h5", "a.h5"])
def test_weights_of_a_block_of_ones_own_have_no_place_in_keras_s_files(tmp_path: Path, name: str) -> None:
    model = Sequential([Block([Dense(3)], name="block", input_shape=(3,))])
    with pytest.raises(ModelFileError, match=r"block: Keras has no Block; save to .safetensors"):
        model.save_weights(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_initializers_and_regularizers_are_kept(tmp_path: Path, suffix: str) -> None:
    layer = Dense(2, kernel_initializer=RandomNormal(stddev=0.2), kernel_regularizer=L2(0.1), input_shape=(3,))
    Sequential([layer], seed=0).save(tmp_path / f"m{suffix}")
    kept = load_model(tmp_path / f"m{suffix}").layers[0].get_config()
    assert kept["kernel_regularizer"] == layer.get_config()["kernel_regularizer"]
    assert kept["kernel_initializer"]["config"]["stddev"] == 0.2


class L1L2Regularizer(L2):
    """Keras 1 had a class of that name, which is read as another one."""


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_class_of_ones_own_is_not_taken_for_an_older_one(tmp_path: Path, suffix: str) -> None:
    model = Sequential([Dense(3, kernel_regularizer=L1L2Regularizer(0.5), input_shape=(4,))])
    with pytest.raises(ModelFileError, match=r"L1L2Regularizer is a class of the program's own; save to .safetensors"):
        model.save(tmp_path / f"m{suffix}")


def swish(x: Any) -> Any:
    """Of the program's own, under a name that is Keras's too."""
    return x / (1 + np.exp(-x))


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_an_activation_of_ones_own_is_kept_by_its_name(tmp_path: Path, suffix: str) -> None:
    """In the form in which Keras 3.15 writes it; and `load_model` of Keras 3.15 took such files, with custom_objects."""
    model, path = Sequential([Dense(3, swish, input_shape=(4,)), Dense(2, "silu")]), tmp_path / f"m{suffix}"
    model.save(path)
    entry = {"module": "builtins", "class_name": "function", "config": "swish", "registered_name": "function"}
    if suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
    else:
        with h5py.File(path) as file:
            config = json.loads(file.attrs["model_config"])
    assert [one["config"].get("activation") for one in config["config"]["layers"]] == [None, entry, "silu"]
    with pytest.raises(
        ModelFileError, match="dense: the activation 'swish' is of the program that wrote it: load_model"
    ):
        load_model(path)
    loaded = load_model(path, custom_objects={"swish": swish})
    x = np.linspace(-3, 3, 20, dtype=np.float32).reshape(5, 4)
    assert loaded.predict(x, verbose=0).tobytes() == model.predict(x, verbose=0).tobytes()
