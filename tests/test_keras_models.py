"""Keras's functions and methods about whole models: cloning, JSON, popping, saving in part, weights by name."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import small_data, small_network

from numpycnn import Input, Sequential, backend, metrics
from numpycnn.activations import ActivationFunction
from numpycnn.callbacks import BackupAndRestore
from numpycnn.layers import Activation, BatchNormalization, Conv2D, Dense, Flatten, Layer
from numpycnn.models import clone_model, load_model, model_from_json, save_model
from numpycnn.saving import ModelFileError

# ---------------------------------------------------------------- pop


def test_pop_removes_the_last_layer() -> None:
    model = small_network()
    before, x = model.get_weights(), small_data(6)[0]
    inside = model.trace(x)["dense"].output
    last, dropout = model.pop(), model.pop()
    assert (last.name, dropout.name) == ("dense_1", "dropout_1")
    assert model.shape_out == (8,)
    np.testing.assert_allclose(model.predict(x), inside, rtol=1e-5, atol=1e-7)
    for own, array in zip(last.get_weights(), before[-2:], strict=True):
        np.testing.assert_array_equal(own, array)
    model.add(Dense(2, activation="softmax"))
    model.compile("sgd", "categorical_crossentropy")
    model.fit(x, np.eye(2)[[0, 1, 0, 1, 0, 1]], verbose=0)
    assert model.predict(x).shape == (6, 2)


def test_pop_of_an_unbuilt_model_and_of_the_only_layer() -> None:
    model = Sequential([Dense(3), Dense(4)])
    model.pop()
    assert [layer.name for layer in model.layers] == ["dense"]
    assert not model.built
    model.build((5,))
    assert model.shape_out == (3,)
    model.pop()
    assert (model.built, model.layers) == (False, [])
    with pytest.raises(ValueError, match=r"sequential\.pop: the model has no layers"):
        model.pop()
    model.add(Dense(2))
    assert model.build((7,)) == (2,)


# ---------------------------------------------------------------- JSON and clones


def test_json_has_the_layers_and_not_the_weights() -> None:
    model = small_network()
    text = model.to_json(indent=2)
    assert text.startswith('{\n  "class_name": "Sequential",\n  "config": {')
    assert json.loads(text)["config"]["layers"][0]["config"]["filters"] == 4
    again = model_from_json(text)
    assert again.get_config() == model.get_config()
    assert (again.built, again.optimizer) == (True, None)
    again.set_weights(model.get_weights())
    x = small_data(6)[0]
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert not model_from_json(Sequential([Dense(3)]).to_json()).built


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (3, TypeError, "model_from_json: json_string must be a string; received 3"),
        ("{", ValueError, "model_from_json: json_string must be JSON; Expecting property name"),
        ("[]", TypeError, "model_from_json: json_string must be a dict with the keys class_name, config; received"),
        (
            '{"class_name": "Dense", "config": {}}',
            ValueError,
            "class_name must be one of 'Sequential'; received 'Dense",
        ),
        ('{"class_name": "Sequential", "config": {}}', ValueError, "from_config: config must be a dict with the keys"),
    ],
)
def test_other_text_is_refused(text: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        model_from_json(text)


def test_what_is_not_json_is_named() -> None:
    own = ActivationFunction(lambda z: z, lambda dy, z, y: dy, name="lambda")
    with pytest.raises(ValueError, match=r"mine\.to_json: lambda: an activation of one's own cannot be saved"):
        Sequential([Dense(2, own)], name="mine").to_json()
    wrong: Any = {"indentation": 3}
    with pytest.raises(TypeError, match=r"mine\.to_json: .*'indentation'"):
        Sequential([Dense(2)], name="mine").to_json(**wrong)


def test_a_clone_has_new_layers_and_new_weights() -> None:
    model = small_network()
    before = pickle.dumps(model)
    np.random.seed(3)
    twin = clone_model(model)
    assert [layer.get_config() for layer in twin.layers] == [layer.get_config() for layer in model.layers]
    assert not set(map(id, twin.layers)) & set(map(id, model.layers))
    assert (twin.name, twin.built, twin.optimizer, twin.dtype) == (model.name, True, None, model.dtype)
    assert np.abs(twin.get_weights()[0] - model.get_weights()[0]).max() > 0.01
    assert pickle.dumps(model) == before
    twin.set_weights(model.get_weights())
    x = small_data(6)[0]
    np.testing.assert_array_equal(twin.predict(x), model.predict(x))


def test_a_clone_of_a_model_that_is_not_built() -> None:
    twin = clone_model(Sequential([Dense(3), Dense(4)], fast=False, dtype="float64"))
    assert (twin.built, twin.fast, twin.dtype.name) == (False, False, "float64")
    later = Sequential([Dense(3), Dense(4)])
    later.build((2,))
    assert clone_model(later).shape_in == (2,)


def test_a_clone_by_a_function_of_ones_own() -> None:
    def tanh_for_relu(layer: Layer) -> Layer:
        config = layer.get_config()
        return type(layer).from_config({**config, "activation": "tanh"} if "activation" in config else config)

    inner = Sequential([Conv2D(2, 1, activation="relu"), BatchNormalization()], name="inner")
    model = Sequential([Input((3, 3, 1)), inner, Flatten(), Dense(2, "relu")])
    for recursive, expected in ((False, "relu"), (True, "tanh")):
        twin = clone_model(model, clone_function=tanh_for_relu, recursive=recursive)
        first, *_, last = twin.layers
        assert isinstance(first, Sequential)
        assert (first.layers[0].activation.name, last.activation.name) == (expected, "tanh")
    assert [layer.name for layer in clone_model(model).layers] == ["inner", "flatten", "dense"]


def test_a_clone_is_built_as_the_model_is() -> None:
    """Also of layers that do not know their input's shape."""
    model = Sequential([Dense(3, input_shape=(4,))])
    twin = clone_model(model, clone_function=lambda layer: Dense(3))
    assert [w.shape for w in twin.get_weights()] == [(4, 3), (3,)]


def test_what_cannot_be_cloned_is_refused() -> None:
    wrong: Any = Dense(3)
    with pytest.raises(TypeError, match="save_model: model must be a Sequential; received Dense"):
        save_model(wrong, "m.safetensors")
    with pytest.raises(TypeError, match="clone_model: model must be a Sequential; received Dense"):
        clone_model(wrong)
    wrong = "copy"
    with pytest.raises(TypeError, match="clone_model: clone_function must be a function; received 'copy'"):
        clone_model(small_network(), clone_function=wrong)
    with pytest.raises(TypeError, match=r"sequential.add: expected a layer; received 'conv2d'"):
        clone_model(small_network(), clone_function=lambda layer: layer.name)  # type: ignore[arg-type,return-value]


# ---------------------------------------------------------------- files


def test_a_model_without_its_optimizer(tmp_path: Path) -> None:
    model, path = small_network(), tmp_path / "m.safetensors"
    model.compile("sgd", "mse", weighted_metrics=["accuracy"])
    model.fit(*small_data(6), verbose=0)
    before = pickle.dumps(model)
    model.save(path, include_optimizer=False)
    assert pickle.dumps(model) == before
    alone = load_model(path)
    assert (alone.optimizer, alone.loss, dict(alone.metrics), alone.weighted) == (None, None, {}, ())
    save_model(model, path)
    assert load_model(path).optimizer is not None
    other = load_model(path, compile=False)
    assert (other.optimizer, other.loss, dict(other.metrics), other.weighted) == (None, None, {}, ())
    for loaded in (alone, other):
        np.testing.assert_array_equal(loaded.get_weights()[0], model.get_weights()[0])
    with pytest.raises(ValueError, match=r"sequential\.fit: the model is not compiled"):
        other.fit(*small_data(6))


def top_two(y_true: Any, y_pred: Any) -> Any:
    return metrics.top_k_categorical_accuracy(y_true, y_pred, k=2)


class Largest(metrics.Metric):
    default_name = "largest"

    def reset_state(self) -> None:
        self.largest = 0.0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.largest = max(self.largest, float(np.max(y_pred)))

    def result(self) -> Any:
        return self.largest


def precision(y_true: Any, y_pred: Any) -> Any:
    return np.round(y_pred) * y_true  # under a name that the library has for a class


OWN = {"precision": precision, "top_two": top_two, "Largest": Largest, "other": Dense}


@pytest.mark.parametrize("suffix", [".safetensors", ".h5"])
def test_metrics_of_ones_own_are_saved_by_name(tmp_path: Path, suffix: str) -> None:
    if suffix == ".h5":
        pytest.importorskip("h5py")
    model, path, (x, y) = small_network(), tmp_path / f"m{suffix}", small_data(6)
    model.compile("sgd", "mse", ["accuracy", precision, top_two], weighted_metrics=[Largest()])
    model.train_on_batch(x, y)
    model.save(path)
    again = load_model(path, custom_objects=OWN)
    assert list(again.metrics) == ["accuracy", "precision", "top_two", "largest"]
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    assert load_model(path, {}, False).optimizer is None
    for missing in ({}, {"top_two": top_two, "Largest": Largest}, {"precision": precision, "top_two": top_two}):
        with pytest.raises(
            ModelFileError, match=r"'(precision|Largest)' (of|is of|is not among) the (program|library)"
        ):
            load_model(path, missing)


def test_a_training_with_a_metric_of_ones_own_is_resumed(tmp_path: Path) -> None:
    x, y = small_data(6)

    def figures(epochs: int, folder: str) -> Any:
        model = small_network()
        model.compile("adam", "mse", [top_two, Largest()])
        callbacks = BackupAndRestore(tmp_path / folder, delete_checkpoint=False)
        return model.fit(x, y, epochs=epochs, verbose=0, callbacks=callbacks).history

    figures(1, "halved")
    assert figures(3, "halved") == figures(3, "whole")


def test_what_is_no_custom_object_is_refused(tmp_path: Path) -> None:
    assert model_from_json(small_network().to_json(), OWN).get_config() == small_network().get_config()
    for owner, load in (("load_model", lambda own: load_model(tmp_path / "m.h5", own)), ("model_from_json", from_json)):
        with pytest.raises(TypeError, match=rf"{owner}: custom_objects\['Own'\] must be a function; received 3"):
            load({"Own": 3})
        with pytest.raises(TypeError, match=f"{owner}: custom_objects must be a dict of arguments by name; received"):
            load([Dense])


def from_json(own: Any) -> object:
    return model_from_json("{}", own)


def test_a_file_is_overwritten_unless_told_otherwise(tmp_path: Path) -> None:
    model, path = small_network(), tmp_path / "m.safetensors"
    model.save_weights(path)
    model.save(path, True)
    content = path.read_bytes()
    for write in (model.save, model.save_weights):
        with pytest.raises(FileExistsError, match=r"m\.safetensors exists, and overwrite is False"):
            write(path, overwrite=False)
    assert path.read_bytes() == content


def test_weights_by_name_and_of_other_shapes(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    source = Sequential([Dense(3, name="a", input_shape=(4,)), Dense(2, name="b"), Dense(2, name="c")], seed=1)
    source.save_weights(path)
    target = Sequential([Dense(3, name="a", input_shape=(4,)), Dense(2, name="other"), Dense(5, name="c")], seed=2)
    before = {name: array.copy() for name, array in target.arrays.items()}
    with pytest.raises(ModelFileError, match="expected the array weights/other/kernel, which is missing"):
        target.load_weights(path)
    with pytest.raises(ModelFileError, match="expected weights/c/kernel as"):
        target.load_weights(path, by_name=True)
    with pytest.raises(ModelFileError, match="expected the array weights/other/kernel, which is missing"):
        target.load_weights(path, skip_mismatch=True)
    for name, array in target.arrays.items():
        np.testing.assert_array_equal(array, before[name])
    target.load_weights(path, skip_mismatch=True, by_name=True)
    for name, array in target.arrays.items():
        np.testing.assert_array_equal(array, source.arrays[name] if name.startswith("a/") else before[name])


# ---------------------------------------------------------------- weights as attributes


def test_a_layers_weights_are_attributes() -> None:
    model: Any = Sequential([Input((4, 4, 1)), Conv2D(2, 3), BatchNormalization(), Activation("relu"), Dense(3)])
    conv, norm, relu, dense = model.layers
    assert np.shares_memory(conv.kernel, conv.params["kernel"])
    assert np.shares_memory(dense.bias, dense.params["bias"])
    assert np.shares_memory(norm.moving_mean, norm.state["moving_mean"])
    assert [array.shape for array in model.trainable_weights] == [(3, 3, 1, 2), (2,), (2,), (2,), (2, 3), (3,)]
    assert [array.shape for array in model.non_trainable_weights] == [(2,), (2,)]
    conv.trainable = False
    assert (conv.trainable_weights, len(conv.non_trainable_weights)) == ([], 2)
    for layer, name in ((relu, "kernel"), (Dense(3), "kernel"), (norm, "kernel")):
        with pytest.raises(AttributeError, match=f"'{type(layer).__name__}' object has no attribute '{name}'"):
            getattr(layer, name)


def test_predict_on_batch() -> None:
    model, x = small_network(), small_data(6)[0]
    np.testing.assert_array_equal(model.predict_on_batch(x), model.predict(x))


def test_a_frozen_model() -> None:
    layers = [Dense(3, input_shape=(2,)), Dense(1)]
    model = Sequential(layers, trainable=False)
    assert (model.trainable, model.trainable_weights, len(model.non_trainable_weights)) == (False, [], 4)
    wrong: Any = "no"
    with pytest.raises(TypeError, match="mine: trainable must be True or False; received 'no'"):
        Sequential([Dense(3)], name="mine", trainable=wrong)


def test_there_is_no_session_and_numpy_computes() -> None:
    model = small_network()
    before = model.get_weights()
    backend.clear_session()
    assert backend.backend() == "numpy"
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert Sequential([Dense(3), Dense(3)]).layers[1].name == "dense_1"
