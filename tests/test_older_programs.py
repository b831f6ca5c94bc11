"""What programs of Keras 1 and 2 wrote beyond other names: endless generators, wrappers, arguments without effect."""

import importlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import CLASSES, small_data, small_network

import numpycnn
from numpycnn import Sequential, backend, callbacks, constraints, layers, models, utils
from numpycnn.gradcheck import gradcheck
from numpycnn.layers import Activation, BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D, ReLU
from numpycnn.preprocessing.image import ImageDataGenerator
from numpycnn.utils import PyDataset

X, Y = small_data(20)
OLDER: Any = layers
MODEL: Any = small_network()


@pytest.fixture(autouse=True)
def _older_names_are_not_spoken_of() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


class Five(PyDataset):
    """Five batches of four, and the passes that ended."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = 0

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> Any:
        return X[4 * index : 4 * index + 4], Y[4 * index : 4 * index + 4]

    def on_epoch_end(self) -> None:
        self.ended += 1


class Steps(callbacks.Callback):
    """The number of steps of each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[int] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.found.append(0)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.found[-1] += 1


@pytest.mark.parametrize(("steps", "passes"), [(4, 3), (5, 4), (7, 5), (11, 8)])
def test_fit_generator_never_ends(steps: int, passes: int) -> None:
    """As Keras 1 and 2 took a sequence, with fewer or more steps than it has batches: every epoch has as many."""
    model: Any = small_network()
    counted, batches = Steps(), Five()
    model.fit_generator(batches, steps_per_epoch=steps, epochs=4, callbacks=[counted], verbose=0)
    assert counted.found == [steps] * 4
    assert batches.ended in (passes, passes + 1)  # the next batch may have been looked at


class NoEnd(PyDataset):
    """It has no length."""

    num_batches = None

    def __getitem__(self, index: int) -> Any:
        return Five()[index % 5]


def test_fit_generator_of_a_sequence_without_an_end() -> None:
    model: Any = small_network()
    counted = Steps()
    model.fit_generator(NoEnd(), steps_per_epoch=3, epochs=2, callbacks=[counted], verbose=0)
    assert counted.found == [3, 3]


def test_fit_generator_of_a_flow_and_samples() -> None:
    model: Any = small_network()
    counted = Steps()
    flow = ImageDataGenerator().flow(X, Y, batch_size=8)
    model.fit_generator(flow, samples_per_epoch=16, nb_epoch=3, callbacks=[counted], verbose=0)
    model.fit_generator(flow, steps_per_epoch=9, validation_data=Five(), validation_steps=7, verbose=0)
    assert counted.found == [2, 2, 2]


def test_evaluate_and_predict_generator_go_on_with_the_first_batch() -> None:
    twice = np.concatenate([X, X[:12]])
    predicted = MODEL.predict_generator(Five(), steps=8)
    np.testing.assert_allclose(predicted, MODEL.predict(twice, verbose=0), rtol=1e-5)
    loss = MODEL.evaluate_generator(Five(), steps=8)
    expected = MODEL.evaluate(twice, np.concatenate([Y, Y[:12]]), verbose=0)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
    np.testing.assert_allclose(MODEL.predict_generator(Five(), 3), predicted[:12], rtol=1e-5)


def test_the_warning_of_fewer_batches_is_at_the_programs_line() -> None:
    with pytest.warns(UserWarning, match="the data ended after 5 of 6 steps") as caught:
        small_network().fit(Five(), steps_per_epoch=6, verbose=0)
    assert [one.filename for one in caught] == [__file__]


# ------------------------------------------------------------ names and arguments


def test_a_thresholded_relu_is_a_relu_with_a_threshold() -> None:
    x = np.array([[-1.0, 0.5, 1.0, 1.5]], np.float32)
    layer = OLDER.ThresholdedReLU(theta=1.0, input_shape=(4,))
    assert isinstance(layer, ReLU)
    np.testing.assert_array_equal(Sequential([layer])(x), [[0, 0, 0, 1.5]])


def test_activations_of_the_backend_are_those_of_the_library() -> None:
    """Written with `out=` inside, which the complex step has to go through."""
    own: Any = backend
    for given in (own.relu, lambda z: numpycnn.activations.relu(z, alpha=0.1)):
        model = Sequential([Flatten(input_shape=(8, 8, 1)), Dense(6), Activation(given), Dense(CLASSES, "softmax")])
        model.compile("sgd", "categorical_crossentropy")
        assert gradcheck(model, X[:4], Y[:4], samples=20).passed


@pytest.mark.parametrize(
    "name",
    ["layers.normalization.batch_normalization", "layers.core.dense", "layers.convolutional.conv2d", "initializations"],
)
def test_modules_of_older_keras(name: str) -> None:
    wanted = {"initializations": "normal", "layers.normalization.batch_normalization": "BatchNormalization"}
    module = importlib.import_module(f"numpycnn.{name}")
    assert getattr(module, wanted.get(name, "Dense")) is not None


def test_arguments_that_say_nothing_any_more(tmp_path: Path) -> None:
    batch_norm, conv, progress = (getattr(OLDER, name) for name in ("BatchNormalization", "Conv2D", "Dense"))
    assert isinstance(batch_norm(fused=True, renorm=False), BatchNormalization)
    with pytest.raises(ValueError, match="BatchNormalization: renorm, an argument of Keras 2's, must be False"):
        batch_norm(renorm=True)
    assert conv(3, 3, input_shape=(8, 8, 1), batch_size=10).shape_in == (8, 8, 1)
    assert progress(3, batch_size=None).units == 3
    logger: Any = callbacks.ProgbarLogger
    small_network().fit(X, Y, verbose=0, callbacks=[logger(), logger(count_mode="samples")])
    MODEL.save(tmp_path / "model.safetensors", save_format="h5")
    MODEL.save_weights(tmp_path / "weights.safetensors", save_format="h5")
    old_save: Any = models.save_model
    old_save(MODEL, tmp_path / "other.safetensors", save_format="keras", include_optimizer=False)
    assert models.load_model(tmp_path / "other.safetensors").optimizer is None
    assert models.load_model(tmp_path / "model.safetensors").optimizer is not None
    MODEL.reset_states()
    old_backend: Any = backend
    old_backend.set_learning_phase(1)
    assert old_backend.learning_phase() == 0
    old_constraints: Any = constraints
    assert old_constraints.maxnorm(m=3).max_value == 3


def test_the_older_names_of_metrics_and_of_the_summary(capsys: pytest.CaptureFixture[str]) -> None:
    model: Any = small_network()
    model.compile("sgd", "categorical_crossentropy", metrics=["kullback_leibler_divergence", "cosine_proximity"])
    assert model.metrics_names == ["loss", "kl_divergence", "cosine_similarity"]
    old_utils: Any = utils
    old_utils.print_summary(model)
    first = capsys.readouterr().out
    model.summary()
    assert first == capsys.readouterr().out


def test_numbers_that_stand_for_flags() -> None:
    """Keras asks whether they are true, or above zero."""
    one, other = small_network(), small_network()
    one.fit(X, Y, shuffle=1, verbose=3)  # type: ignore[arg-type]
    other.fit(X, Y, shuffle=True, verbose=0)
    np.testing.assert_array_equal(one.get_weights()[0], other.get_weights()[0])
    flow: Any = ImageDataGenerator().flow
    assert flow(X, Y, 32, 2048).shuffle is True
    assert flow(X, Y, 32, 0).shuffle is False
    assert callbacks.EarlyStopping(verbose=3).verbose == 3


def test_layers_tell_their_windows() -> None:
    conv, pool = Conv2D(3, (5, 3), strides=2, padding="same"), MaxPooling2D((3, 2), strides=1)
    assert (conv.kernel_size, conv.strides, conv.padding, conv.dilation_rate) == ((5, 3), (2, 2), "same", (1, 1))
    assert (pool.pool_size, pool.strides, pool.padding) == ((3, 2), (1, 1), "valid")


def test_channels_that_come_first_are_pointed_at() -> None:
    with pytest.raises(
        ValueError, match=r"image of 1 by 28; with the channels first, see data_format, it is 28 by 28$"
    ):
        Sequential([Conv2D(32, 3, input_shape=(1, 28, 28))])


# ------------------------------------------------------------ what would never be called


def test_what_keras_would_call_is_refused() -> None:
    class AlwaysOn(Dropout):
        def call(self, inputs: Any) -> Any:
            return inputs

    class Other(Sequential):
        def train_step(self, data: Any) -> Any:
            return data

    with pytest.raises(TypeError, match="AlwaysOn: call would never be called; a layer of your own defines forward"):
        AlwaysOn(0.5)
    with pytest.raises(
        TypeError, match="Other: train_step would never be called; train_on_batch, in a loop of your own"
    ):
        Other()


# ------------------------------------------------------------ scikit-learn


def build(units: int = 4, optimizer: str = "sgd") -> Sequential:
    last = Dense(3, activation="softmax")
    model = Sequential([Flatten(input_shape=(8, 8, 1)), Dense(units, activation="relu"), last], seed=0)
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    return model


def regression(units: int = 4) -> Sequential:
    model = Sequential([Flatten(input_shape=(8, 8, 1)), Dense(units, activation="relu"), Dense(1)], seed=0)
    model.compile("sgd", "mse")
    return model


def test_keras_classifier_is_a_model_of_its_function() -> None:
    pytest.importorskip("sklearn", reason="needs the extra 'sklearn'")
    from sklearn.model_selection import GridSearchCV, cross_val_score

    wrappers: Any = importlib.import_module("numpycnn.wrappers.scikit_learn")
    labels = np.array(["no", "or", "yes"])[np.arange(20) % 3]
    classifier = wrappers.KerasClassifier(build, units=5, epochs=3, batch_size=4, verbose=0)
    history = classifier.fit(X, labels, shuffle=False)
    alone = build(5)
    expected = alone.fit(X, np.eye(3)[np.arange(20) % 3], 4, 3, verbose=0, shuffle=False)
    assert history.history == expected.history
    np.testing.assert_array_equal(classifier.predict_proba(X), alone.predict(X, 4, verbose=0))
    right = alone.predict(X, verbose=0).argmax(axis=1) == np.arange(20) % 3
    assert classifier.score(X, labels) == pytest.approx(right.mean())
    searched = GridSearchCV(classifier, {"units": [2, 3], "epochs": [1, 2]}, cv=2)
    assert searched.fit(X, labels).best_params_.keys() == {"units", "epochs"}
    assert len(cross_val_score(classifier, X, np.eye(3)[np.arange(20) % 3], cv=4)) == 4


def test_keras_classifier_of_one_output_and_keras_regressor() -> None:
    pytest.importorskip("sklearn", reason="needs the extra 'sklearn'")
    wrappers: Any = importlib.import_module("numpycnn.wrappers.scikit_learn")

    def binary() -> Sequential:
        model = Sequential([Flatten(input_shape=(8, 8, 1)), Dense(1, activation="sigmoid")], seed=0)
        model.compile("sgd", "binary_crossentropy")
        return model

    classifier = wrappers.KerasClassifier(binary, nb_epoch=1, verbose=0)
    classifier.fit(X, np.arange(20) % 2)
    np.testing.assert_allclose(classifier.predict_proba(X).sum(axis=1), 1, rtol=1e-6)
    assert set(classifier.predict(X)) <= {0, 1}
    y = X.mean(axis=(1, 2, 3))
    regressor = wrappers.KerasRegressor(regression, epochs=2, verbose=0).fit(X, y)
    assert regressor.epoch == [0, 1]
    regressor = wrappers.KerasRegressor(regression, epochs=2, verbose=0)
    regressor.fit(X, y)
    assert regressor.predict(X).shape == (20,)
    assert regressor.score(X, y) == pytest.approx(-np.mean((regressor.predict(X) - y) ** 2), rel=1e-5)
    with pytest.raises(TypeError, match="KerasRegressor: build_fn must be a function; received 3"):
        wrappers.KerasRegressor(3)
