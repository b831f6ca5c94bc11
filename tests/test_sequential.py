"""Sequential as Keras users know it: structure, training, evaluation, weights and configuration."""

import json
import math
from typing import Any

import numpy as np
import pytest
from networks import CLASSES, fingerprint, small_data, small_network

from numpycnn import Sequential, backend
from numpycnn.app.tutorial import tutorial_network
from numpycnn.callbacks import Callback, EarlyStopping, History
from numpycnn.callbacks.base import Logs
from numpycnn.common.randomness import draw_seed
from numpycnn.common.slices import batches, count_batches
from numpycnn.common.typing import Array
from numpycnn.engine.batching import Data, Given, check_validation_data, check_verbose, split
from numpycnn.engine.network import Network
from numpycnn.initializers import Initializer
from numpycnn.layers import Activation, Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D
from numpycnn.losses import CategoricalCrossentropy
from numpycnn.optimizers import SGD, RMSprop

# ---------------------------------------------------------------- structure

TUTORIAL_SUMMARY = """\
Model: "sequential"
____________________________________________________________________________________
Layer (type)                  Output Shape             Param #         MACs    Field
====================================================================================
conv2d (Conv2D)               (None, 64, 24, 24)         1,664      921,600      5x5
max_pooling2d (MaxPooling2D)  (None, 64, 12, 12)             0            0      6x6
dropout (Dropout)             (None, 64, 12, 12)             0            0      6x6
flatten (Flatten)             (None, 9216)                   0            0      6x6
dense (Dense)                 (None, 128)            1,179,776    1,179,648    28x28
dropout_1 (Dropout)           (None, 128)                    0            0    28x28
dense_1 (Dense)               (None, 10)                 1,290        1,280    28x28
====================================================================================
Total params: 1,182,730 (4.51 MB)
Trainable params: 1,182,730
Non-trainable params: 0
Multiply-accumulates (MACs) for one example: 2,102,528
"""


def test_the_tutorial_networks_summary(capsys: pytest.CaptureFixture[str]) -> None:
    """Shapes and counts are those of Keras's summary for the same network."""
    network = tutorial_network(seed=0, data_format="channels_first")
    network.summary()
    assert capsys.readouterr().out == TUTORIAL_SUMMARY
    assert network.count_params() == 1_182_730
    lines: list[str] = []
    network.summary(print_fn=lines.append)
    assert lines == TUTORIAL_SUMMARY.splitlines()


@pytest.mark.parametrize("floatx", ["float32", "float64"])
@pytest.mark.parametrize("kind", [Network, Sequential])
def test_a_model_of_nothing(kind: type[Network], floatx: str) -> None:
    backend.set_floatx(floatx)
    model = kind()
    assert (model.name, model.fast, model.seed, model.layers, model.params) == (
        kind.__name__.lower(),
        True,
        None,
        [],
        {},
    )
    assert (model.built, model.shape_in, model.shape_out) == (False, None, None)
    assert isinstance(model.dtype, np.dtype)
    assert model.dtype.name == floatx
    model.add(Input((3,)))
    assert (model.built, model.shape_in, model.shape_out) == (False, (3,), None)


def test_a_model_that_was_never_trained() -> None:
    model = Sequential()
    assert (model.optimizer, model.loss, model.metrics) == (None, None, {})
    assert (model.history, model.stop_training, model.steps) == (None, False, 0)


def test_the_list_of_layers_is_a_copy() -> None:
    model = small_network()
    model.layers.clear()
    assert len(model.layers) == 7


def test_layers_added_one_by_one_or_given_as_a_list_are_the_same() -> None:
    listed = small_network(seed=3)
    added = Sequential(seed=3)
    for layer in small_network(seed=3, compiled=False).get_config()["layers"]:
        added.add(type(listed.get_layer(layer["config"]["name"])).from_config(layer["config"]))
    added.compile("rmsprop", "categorical_crossentropy", ["accuracy"])
    assert fingerprint(added) == fingerprint(listed)
    assert [layer.name for layer in added.layers] == [
        "conv2d",
        "max_pooling2d",
        "dropout",
        "flatten",
        "dense",
        "dropout_1",
        "dense_1",
    ]


def test_a_model_is_built_by_input_shape_by_build_or_by_data() -> None:
    by_build = Sequential([Dense(4, activation="relu"), Dense(2)], seed=1)
    assert not by_build.built
    assert by_build.shape_out is None
    by_build.build((3,))
    by_shape = Sequential([Dense(4, activation="relu", input_shape=(3,)), Dense(2)], seed=1)
    by_keras_build = Sequential([Dense(4, activation="relu"), Dense(2)], seed=1)
    by_keras_build.build((None, 3))
    by_input = Sequential([Input(shape=(3,)), Dense(4, activation="relu"), Dense(2)], seed=1)
    assert len(by_input.layers) == 2
    assert by_input.get_config() == by_shape.get_config()
    by_data = Sequential([Dense(4, activation="relu"), Dense(2)], seed=1)
    by_data.predict(np.zeros((5, 3)))
    for model in (by_build, by_shape, by_keras_build, by_input, by_data):
        assert model.built
        assert (model.shape_in, model.shape_out) == ((3,), (2,))
        assert [w.tobytes() for w in model.get_weights()] == [w.tobytes() for w in by_build.get_weights()]


@pytest.mark.parametrize("method", ["fit", "evaluate", "train_on_batch", "test_on_batch", "trace", "profile"])
def test_lists_are_data_that_build_a_model_too(method: str) -> None:
    model = Sequential([Dense(2)], seed=1)
    model.compile("sgd", "mse")
    getattr(model, method)([[1, 2, 3], [4, 5, 6]], [[1, 0], [0, 1]])
    assert (model.shape_in, model.shape_out) == ((3,), (2,))


def test_layers_built_before_bring_their_weights() -> None:
    base = small_network(seed=7)
    base.fit(*small_data(), verbose=0)
    learnt = base.get_weights()[:4]
    model = Sequential([*base.layers[:-1], Dense(2)], seed=1)
    assert [w.tobytes() for w in model.get_weights()[:4]] == [w.tobytes() for w in learnt]
    assert model.shape_out == (2,)


def test_a_model_of_a_layer_called_before_has_a_seed_of_its_own() -> None:
    x = np.ones((8, 3))

    def order(seed: int) -> list[int]:
        np.random.seed(seed)
        layer = Dense(1)
        model = Sequential([layer])
        layer(x)
        model.compile("sgd", "mse")
        model.fit(x, np.ones(8), verbose=0)
        return model._order(99).tolist()

    assert order(1) == order(1) != order(2)


def test_layers_of_one_shape_start_with_weights_of_their_own() -> None:
    model = Sequential([Dense(3, input_shape=(3,)), Dense(3)], seed=0)
    assert model.params["dense/kernel"].tolist() != model.params["dense_1/kernel"].tolist()


def test_a_model_keeps_the_dtype_that_it_was_built_with() -> None:
    model = Sequential([Dense(3)])
    backend.set_floatx("float64")
    model.build([None, 4])
    backend.set_floatx("float32")
    model.add(Dense(2))
    assert {str(p.dtype) for p in model.params.values()} == {"float64"} == {str(model.predict(np.ones((1, 4))).dtype)}


def test_parameters_are_the_layers_own() -> None:
    shared = np.ones((3, 3))

    class Shared(Initializer):
        def __call__(self, shape: object, rng: object = None, dtype: object = None) -> Array:
            return shared

    backend.set_floatx("float64")
    model = Sequential([Dense(3, kernel_initializer=Shared(), input_shape=(3,)), Dense(3, kernel_initializer=Shared())])
    first, second = model.params["dense/kernel"], model.params["dense_1/kernel"]
    assert not np.shares_memory(first, shared)
    assert not np.shares_memory(first, second)


def test_building_again_for_the_same_shape_changes_nothing() -> None:
    model = small_network()
    before = fingerprint(model)
    backend.set_floatx("float64")
    model.build((8, 8, 1))
    assert fingerprint(model) == before
    assert model.dtype == np.float32


def test_get_layer() -> None:
    model = small_network()
    assert model.get_layer("dense_1") is model.layers[6]
    assert model.get_layer(index=0) is model.get_layer(index=-7) is model.layers[0]


def test_names_given_by_the_user_are_kept() -> None:
    model = Sequential(
        [Dense(2, name="dense_1", input_shape=(2,)), Dense(2), Dense(2), Activation("relu", name="last")]
    )
    assert [layer.name for layer in model.layers] == ["dense_1", "dense", "dense_2", "last"]
    assert list(model.params)[:2] == ["dense_1/kernel", "dense_1/bias"]


def test_weights_have_keras_order_and_layout() -> None:
    model = tutorial_network(seed=0)
    shapes = [w.shape for w in model.get_weights()]
    assert shapes == [(5, 5, 1, 64), (64,), (9216, 128), (128,), (128, 10), (10,)]
    other = tutorial_network(seed=1)
    other.set_weights(model.get_weights())
    x = np.random.default_rng(0).uniform(size=(2, 28, 28, 1))
    assert other.predict(x).tobytes() == model.predict(x).tobytes()
    for w in model.get_weights():
        w += 1.0  # copies: the model keeps its own
    assert other.predict(x).tobytes() == model.predict(x).tobytes()


def test_configuration_round_trip() -> None:
    model = Sequential(small_network(seed=5).layers, name="digits", seed=5)
    twin = Sequential.from_config(json.loads(json.dumps(model.get_config())))
    assert (twin.name, twin.seed) == ("digits", 5)
    assert twin.get_config() == model.get_config()
    assert [w.tobytes() for w in twin.get_weights()] == [w.tobytes() for w in model.get_weights()]


# ---------------------------------------------------------------- training


def test_what_fit_does_unless_told(capsys: pytest.CaptureFixture[str]) -> None:
    """One epoch, the first, in batches of 32 and a new order, with lines; nothing kept for validation."""
    x, y = small_data(40)
    model, told, in_order = small_network(), small_network(), small_network()
    assert model.fit(x, y).epoch == [0]
    assert capsys.readouterr().out.startswith("Epoch 1/1\n2/2 - ")
    told.fit(x, y, batch_size=32, epochs=1, verbose=0, validation_split=0.0, shuffle=True, initial_epoch=0)
    in_order.fit(x, y, verbose=0, shuffle=False)
    assert fingerprint(model) == fingerprint(told)
    assert fingerprint(model)[0] != fingerprint(in_order)[0]


def test_orders_are_a_function_of_seed_and_step() -> None:
    """As `randomness.py` says: the second stream of a seed is for orders, at the position of the step."""
    for seed in (0, 1, 7):
        model = small_network(seed)
        for step in (0, 1, 4):
            model.steps = step
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1, step)))
            assert model._order(20).tolist() == rng.permutation(20).tolist()


def test_training_learns(capsys: pytest.CaptureFixture[str]) -> None:
    x, y = small_data(200)
    model = small_network(dropout=0.2)
    history = model.fit(x, y, batch_size=10, epochs=15, verbose=0, validation_data=small_data(100, seed=1))
    assert history.history["val_accuracy"][-1] >= 0.95
    assert history.history["loss"][-1] < history.history["loss"][0] / 3
    assert capsys.readouterr().out == ""


@pytest.mark.deep
def test_twenty_images_are_learnt_by_heart() -> None:
    x, y = small_data(20)
    model = small_network(dropout=0.0)
    model.fit(x, y, batch_size=20, epochs=300, verbose=0)
    assert model.evaluate(x, y, verbose=0)[0] < 1e-2


def test_a_new_model_knows_nothing() -> None:
    """Its loss is that of guessing: the logarithm of the number of classes."""
    rng = np.random.default_rng(0)
    model = tutorial_network(seed=0)
    loss, _ = model.evaluate(rng.uniform(0, 0.3, (100, 28, 28, 1)), np.eye(10)[rng.integers(0, 10, 100)], verbose=0)
    assert abs(loss - math.log(10)) < 0.1


def test_history_has_the_metrics_names_as_given() -> None:
    x, y = small_data(20)
    model = small_network(compiled=False)
    model.compile("sgd", "categorical_crossentropy", ["acc"])
    history = model.fit(x, y, epochs=2, verbose=0, validation_split=0.25)
    assert isinstance(history, History)
    assert model.history is history
    assert list(history.history) == ["loss", "acc", "val_loss", "val_acc"]
    assert [len(values) for values in history.history.values()] == [2] * 4
    assert history.epoch == [0, 1]
    names = ["loss", "acc", "val_loss", "val_acc"]
    older = {"batch_size": 32, "samples": 15, "do_validation": True}
    assert history.params == {"epochs": 2, "initial_epoch": 0, "verbose": 0, "steps": 1, "metrics": names, **older}
    assert model.metrics_names == ["loss", "acc"]


class Spy(Callback):
    """Writes down every call."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.batch_logs: list[Logs] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.calls.append("train begin")

    def on_train_end(self, logs: Logs | None = None) -> None:
        self.calls.append("train end")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.calls.append(f"epoch {epoch} begin")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.calls.append(f"epoch {epoch} end {' '.join(logs or {})}")

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self.calls.append(f"batch {batch} begin")

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.calls.append(f"batch {batch} end")
        self.batch_logs.append(logs or {})


def test_callbacks_are_called_in_order() -> None:
    x, y = small_data(5)
    spy = Spy()
    model = small_network()
    model.fit(x, y, batch_size=4, epochs=3, initial_epoch=2, verbose=0, callbacks=[spy], validation_data=(x, y))
    assert spy.calls == [
        "train begin",
        "epoch 2 begin",
        "batch 0 begin",
        "batch 0 end",
        "batch 1 begin",
        "batch 1 end",
        "epoch 2 end loss accuracy val_loss val_accuracy",
        "train end",
    ]
    assert spy.model is model
    assert spy.params["steps"] == 2


def test_epoch_figures_are_weighted_by_batch_size() -> None:
    """With a learning rate of 0 and no dropout the epoch's loss is the loss on the whole, short last batch included."""
    x, y = small_data(50)
    model = small_network(dropout=0.0, compiled=False)
    model.compile(SGD(learning_rate=0.0), "categorical_crossentropy", ["accuracy"])
    spy = Spy()
    history = model.fit(x, y, batch_size=16, verbose=0, callbacks=spy)
    loss, accuracy = model.evaluate(x, y, batch_size=50, verbose=0)
    assert history.history["loss"][0] == pytest.approx(loss, rel=1e-6)
    assert history.history["accuracy"][0] == pytest.approx(accuracy, rel=1e-12)
    assert [call for call in spy.calls if call.startswith("batch") and call.endswith("end")] == [
        f"batch {k} end" for k in range(4)
    ]
    assert spy.batch_logs[-1]["loss"] == history.history["loss"][0]
    for size in (1, 7, 50, 64):
        assert model.evaluate(x, y, batch_size=size, verbose=0) == pytest.approx([loss, accuracy], rel=1e-6)


def test_validation_split_takes_the_last_part_before_shuffling() -> None:
    x, y = small_data(10)
    split, given = small_network(), small_network()
    one = split.fit(x, y, batch_size=3, epochs=2, verbose=0, validation_split=0.3)
    two = given.fit(x[:7], y[:7], batch_size=3, epochs=2, verbose=0, validation_data=(x[7:], y[7:]))
    assert one.history == two.history
    assert fingerprint(split) == fingerprint(given)


def test_validation_figures_are_those_of_the_validation_data() -> None:
    (x, y), held_out = small_data(20), small_data(15, seed=1)
    model = small_network()
    history = model.fit(x, y, batch_size=4, verbose=0, validation_data=held_out)
    assert [history.history["val_loss"][0], history.history["val_accuracy"][0]] == pytest.approx(
        model.evaluate(*held_out, verbose=0), rel=1e-6
    )


def test_shuffling_changes_membership_of_batches_every_epoch() -> None:
    """The order is of examples, not of batches, and differs from epoch to epoch."""
    seen: list[Array] = []

    def record(y_true: Array, y_pred: Array) -> float:
        seen.append(y_true[:, 0].astype(int))
        return 0.0

    model = Sequential([Dense(1, input_shape=(1,))], seed=0)
    model.compile("sgd", "mse", [record])
    x = np.arange(12)[:, None]
    model.fit(x, x, batch_size=4, epochs=2, verbose=0)
    first, second = np.concatenate(seen[:3]), np.concatenate(seen[3:])
    assert sorted(first) == sorted(second) == list(range(12))
    assert first.tolist() != second.tolist()
    assert {frozenset(batch) for batch in seen[:3]} != {frozenset(batch) for batch in seen[3:]}


def test_two_fits_of_one_epoch_are_one_fit_of_two() -> None:
    x, y = small_data(20)
    once, twice = small_network(), small_network()
    once.fit(x, y, batch_size=8, epochs=2, verbose=0)
    twice.fit(x, y, batch_size=8, epochs=1, verbose=0)
    history = twice.fit(x, y, batch_size=8, epochs=2, initial_epoch=1, verbose=0)
    assert history.epoch == [1]
    assert fingerprint(once)[:3] == fingerprint(twice)[:3]


def test_an_initial_epoch_past_the_last_trains_nothing() -> None:
    x, y = small_data(4)
    model = small_network()
    before = fingerprint(model)[:3]
    assert model.fit(x, y, epochs=2, initial_epoch=2, verbose=0).history == {}
    assert fingerprint(model)[:3] == before


def test_a_callback_can_stop_training() -> None:
    class Stop(Callback):
        def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
            self.model.stop_training = epoch == 1

    x, y = small_data(8)
    model = small_network()
    assert model.fit(x, y, epochs=9, verbose=0, callbacks=[Stop()]).epoch == [0, 1]
    assert model.fit(x, y, epochs=2, verbose=0).epoch == [0, 1]


def test_a_callback_can_stop_training_within_an_epoch() -> None:
    """As in Keras: the batch is the last one, and the epoch is ended."""

    class Stop(Callback):
        def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
            self.model.stop_training = batch == 1

    x, y = small_data(8)
    spy, model = Spy(), small_network()
    model.fit(x, y, batch_size=2, epochs=9, verbose=0, callbacks=[Stop(), spy])
    assert spy.calls[-3:] == ["batch 1 end", "epoch 0 end loss accuracy", "train end"]
    assert model.steps == 2


def test_compiling_again_goes_on_with_new_orders_and_masks() -> None:
    """The model's position in training is its own, and not its optimizer's."""
    x, y = small_data(20)
    model = small_network()
    model.fit(x, y, verbose=0)
    model.compile(SGD(0.01), "categorical_crossentropy")
    assert model.steps == 1
    first = model._order(20)
    model.fit(x, y, verbose=0)
    assert model.steps == 2
    assert first.tolist() != model._order(20).tolist()


def test_a_loss_of_ones_own_keeps_its_state_and_its_probabilities() -> None:
    class Weighted(CategoricalCrossentropy):
        def __init__(self, weight: float) -> None:
            super().__init__()
            self.weight = weight

        def value(self, y_true: Array, y_pred: Array) -> Array:
            assert (y_pred >= 0).all()
            return self.weight * super().value(y_true, y_pred)

    x, y = small_data(20)
    model = small_network()
    plain, _ = model.evaluate(x, y, verbose=0)
    loss = Weighted(100.0)
    model.compile("sgd", loss)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(100 * plain, rel=1e-5)


def test_early_stopping_restores_the_best_weights() -> None:
    """A learning rate far too large: the first epoch stays the best."""
    x, y = small_data(30)
    model = small_network(compiled=False)
    model.compile(SGD(learning_rate=50.0), "categorical_crossentropy")
    kept: list[list[Array]] = []

    class Keep(Callback):
        def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
            kept.append(self.model.get_weights())

    stopping = EarlyStopping("loss", patience=2, restore_best_weights=True)
    with np.errstate(all="ignore"):
        history = model.fit(x, y, epochs=20, verbose=0, callbacks=[Keep(), stopping])
    best = int(np.argmin(history.history["loss"]))
    assert len(history.epoch) == best + 3
    assert [w.tobytes() for w in model.get_weights()] == [w.tobytes() for w in kept[best]]


def test_early_stopping_restores_at_the_end_of_epochs_too_and_starts_afresh() -> None:
    kept: list[list[Array]] = []

    class Script(Callback):
        """Gives the figures that the test wants."""

        def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
            kept.append(self.model.get_weights())
            assert logs is not None
            logs["loss"] = [1.0, 0.5, 0.5, 0.7][epoch]

    x, y = small_data(6)
    model = small_network()
    stopping = EarlyStopping("loss", patience=2, restore_best_weights=True)
    for _ in range(2):
        kept.clear()
        assert model.fit(x, y, epochs=3, verbose=0, callbacks=[Script(), stopping]).epoch == [0, 1, 2]
        assert stopping.wait == 1  # a figure that stays as it is has not improved
        assert model.get_weights()[0].tobytes() == kept[1][0].tobytes()


def test_early_stopping_keeps_the_last_weights_unless_told_otherwise() -> None:
    x, y = small_data(6)
    models = small_network(), small_network()
    models[0].fit(x, y, epochs=2, verbose=0)
    stopping = EarlyStopping("loss", min_delta=1e9, patience=1)  # no epoch but the first is an improvement
    models[1].fit(x, y, epochs=9, verbose=0, callbacks=stopping)
    assert fingerprint(models[0])[0] == fingerprint(models[1])[0]


def test_early_stopping_counts_a_figure_that_is_no_number_as_no_improvement() -> None:
    stopping = EarlyStopping("loss", patience=2)
    stopping.model, stopping.params = small_network(), {"metrics": ["loss"]}
    stopping.on_train_begin({})
    for epoch in range(2):
        assert not stopping.model.stop_training
        stopping.on_epoch_end(epoch, {"loss": math.nan})
    assert stopping.model.stop_training


def test_early_stopping_knows_what_should_rise() -> None:
    stopping = EarlyStopping("val_accuracy", min_delta=0.1)
    stopping.model, stopping.params = small_network(), {"metrics": ["loss", "val_accuracy"]}
    stopping.on_train_begin({})
    for epoch, (value, stop) in enumerate([(0.5, False), (0.7, False), (0.75, True)]):
        stopping.on_epoch_end(epoch, {"val_accuracy": value})
        assert stopping.model.stop_training == stop


@pytest.mark.parametrize(
    ("monitor", "mode", "sign"),
    [("acc", "auto", 1), ("loss", "auto", -1), ("loss", "max", 1), ("acc", "min", -1), ("own", "max", 1)],
)
def test_early_stopping_takes_what_is_larger_than_min_delta_for_an_improvement(
    monitor: str, mode: str, sign: int
) -> None:
    stopping = EarlyStopping(monitor, min_delta=0.25, patience=9, mode=mode)
    stopping.model, stopping.params = small_network(), {"metrics": [monitor]}
    stopping.on_train_begin({})
    for epoch, (value, wait) in enumerate([(1.0, 0), (1.25, 1), (1.251, 0), (1.25, 1), (0.5, 2)]):
        stopping.on_epoch_end(epoch, {monitor: sign * value})
        assert stopping.wait == wait


def test_early_stopping_ends_at_the_first_epoch_without_improvement_by_default() -> None:
    stopping = EarlyStopping()
    assert stopping.patience == 0  # which does what 1 does
    stopping.model, stopping.params = small_network(), {"metrics": ["val_loss"]}
    stopping.on_train_begin({})
    for epoch, stop in enumerate([False, True]):
        stopping.on_epoch_end(epoch, {"val_loss": 1.0})
        assert stopping.model.stop_training == stop


# ---------------------------------------------------------------- evaluation and prediction


def test_evaluate_returns_a_list_a_number_or_a_dict(capsys: pytest.CaptureFixture[str]) -> None:
    x, y = small_data(20)
    model = small_network()
    loss, accuracy = model.evaluate(x, y, verbose=0)
    assert model.evaluate(x, y, verbose=0, return_dict=True) == {"loss": loss, "accuracy": accuracy}
    assert model.test_on_batch(x, y) == [loss, accuracy]
    model.compile("sgd", "categorical_crossentropy")
    assert model.evaluate(x, y, verbose=0) == loss
    assert model.test_on_batch(x, y, return_dict=True) == {"loss": loss}
    assert capsys.readouterr().out == ""


def test_evaluate_is_the_loss_and_accuracy_of_predict() -> None:
    x, y = small_data(30)
    model = small_network()
    p = model.predict(x)
    loss, accuracy = model.evaluate(x, y, verbose=0)
    assert p.shape == (30, CLASSES)
    assert p.dtype == np.float32
    np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-6)
    assert loss == pytest.approx(CategoricalCrossentropy()(y, p), rel=1e-5)
    assert accuracy == (p.argmax(axis=1) == y.argmax(axis=1)).mean()
    assert model(x).tobytes() == model.predict(x, batch_size=30).tobytes()


def test_train_on_batch_returns_the_figures_before_the_step() -> None:
    x, y = small_data(20)
    model = small_network(dropout=0.0)
    before = model.test_on_batch(x, y)
    assert model.train_on_batch(x, y) == pytest.approx(before, rel=1e-6)
    assert model.test_on_batch(x, y) != before
    assert list(model.train_on_batch(x, y, return_dict=True)) == ["loss", "accuracy"]
    assert model.optimizer is not None
    assert model.optimizer.iterations == 2


def test_sparse_labels_train_as_one_hot_ones_do() -> None:
    x, y = small_data(20)
    dense, sparse = small_network(), small_network(compiled=False)
    sparse.compile("rmsprop", "sparse_categorical_crossentropy", ["accuracy"])
    one = dense.fit(x, y, epochs=2, verbose=0)
    two = sparse.fit(x, y.argmax(axis=1), epochs=2, verbose=0)
    assert one.history == two.history
    assert fingerprint(dense)[:3] == fingerprint(sparse)[:3]


def test_a_softmax_layer_of_its_own_trains_as_an_activation_does() -> None:
    x, y = small_data(20)

    def model(*last: Dense | Activation) -> Sequential:
        made = Sequential([Flatten(input_shape=(8, 8, 1)), *last], seed=0)
        made.compile("sgd", "categorical_crossentropy")
        made.fit(x, y, verbose=0)
        return made

    inside, outside = model(Dense(3, activation="softmax")), model(Dense(3), Activation("softmax"))
    assert fingerprint(inside)[0] == fingerprint(outside)[0]
    assert inside.predict(x).tobytes() == outside.predict(x).tobytes()


def test_regression_with_a_metric_of_ones_own() -> None:
    def largest_error(y_true: Array, y_pred: Array) -> Array:
        return np.abs(y_true - y_pred)

    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2))
    y = x @ [2.0, -1.0] + 0.5
    model = Sequential([Dense(1, input_shape=(2,))], seed=0)
    model.compile(SGD(0.1, momentum=0.9, nesterov=True), "mse", [largest_error])
    history = model.fit(x, y, epochs=20, verbose=0)
    assert history.history["loss"][-1] < 1e-8
    assert history.history["largest_error"][-1] < 1e-3
    kernel, bias = model.get_weights()
    np.testing.assert_allclose([*kernel[:, 0], *bias], [2.0, -1.0, 0.5], atol=1e-4)


# ---------------------------------------------------------------- dtype


@pytest.mark.parametrize("floatx", ["float32", "float64"])
@pytest.mark.parametrize("given", [np.uint8, np.float32, np.float64])
def test_everything_runs_in_floatx(floatx: str, given: type) -> None:
    backend.set_floatx(floatx)
    x, y = small_data(12)
    model = small_network()
    seen: set[str] = set()

    class Watch(Callback):
        def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
            optimizer = self.model.optimizer
            assert optimizer is not None
            seen.update(str(p.dtype) for p in self.model.params.values())
            seen.update(str(a.dtype) for arrays in optimizer.state.values() for a in arrays.values())

    model.fit((x * 9).astype(given), y, epochs=2, verbose=0, callbacks=Watch())
    assert seen == {floatx} == {str(model.predict(x).dtype)}


def test_lists_are_data() -> None:
    model = Sequential([Dense(2, input_shape=(2,))], seed=0)
    model.compile(RMSprop(), "mse")
    assert model.predict([[1, 2], [3, 4]]).shape == (2, 2)
    model.fit([[1, 2], [3, 4]], [[0, 1], [1, 0]], verbose=0)


def test_pooling_and_dropout_alone_make_a_model() -> None:
    model = Sequential([MaxPooling2D(2, input_shape=(4, 4, 1)), Dropout(0.5), Conv2D(1, 1, use_bias=False)])
    assert model.predict(np.ones((1, 4, 4, 1))).shape == (1, 2, 2, 1)
    assert list(model.params) == ["conv2d/kernel"]


def test_drawn_seeds_fill_31_bits() -> None:
    np.random.seed(0)
    seeds = [draw_seed() for _ in range(100)]
    assert 2**30 < max(seeds) < 2**31
    assert len(set(seeds)) == 100


# ---------------------------------------------------------------- data


@pytest.mark.parametrize(
    ("given", "meant"), [("auto", 1), (True, 1), (False, 0), (0, 0), (1, 1), (2, 2), (np.int64(2), 2), (np.int8(0), 0)]
)
def test_verbose(given: Any, meant: int) -> None:
    value = check_verbose("owner", given)
    assert (value, type(value)) == (meant, int)


def test_batches_and_their_number() -> None:
    for count, sizes in [(7, [3, 3, 1]), (6, [3, 3]), (1, [1]), (3, [3]), (4, [3, 1])]:
        assert [len(range(count)[rows]) for rows in batches(count, 3)] == sizes
        assert count_batches(count, 3) == len(sizes)


@pytest.mark.parametrize(
    ("count", "fraction", "kept"), [(8, 0.25, 6), (5, 0.1, 4), (2, 0.5, 1), (10, 0.75, 2), (1000, 0.25, 750)]
)
def test_a_split_keeps_the_first_part(count: int, fraction: float, kept: int) -> None:
    x, y = np.arange(count), -np.arange(count)
    for weights in (None, x / 2):
        train, validation = split("owner", Data(x, y, weights), fraction)
        for part, rows in ((train, slice(kept)), (validation, slice(kept, None))):
            assert [part.x.tolist(), part.y.tolist()] == [x[rows].tolist(), y[rows].tolist()]
            assert (part.weights is None) == (weights is None)
            if part.weights is not None:
                assert (2 * part.weights).tolist() == x[rows].tolist()


def test_a_split_leaves_examples_on_both_sides() -> None:
    data = Data(np.arange(5), np.arange(5))
    for fraction, kept in [(0.9, 0), (1e-17, 5)]:
        with pytest.raises(ValueError, match=f"owner: validation_split={fraction} leaves {kept} of 5 examples"):
            split("owner", data, fraction)


@pytest.mark.parametrize(
    ("given", "kind"), [((1, 2, 3, 4), "4 items"), ([1], "1 items"), (3, "int"), ({1: 2, 3: 4}, "dict"), ("xy", "str")]
)
def test_validation_data_are_a_pair_or_three(given: Any, kind: str) -> None:
    assert check_validation_data("owner", (1, 2)) == check_validation_data("owner", [1, 2]) == Given(1, 2)
    assert check_validation_data("owner", (1, 2, 3)) == Given(1, 2, 3)
    with pytest.raises(ValueError, match=rf"^owner: validation_data must be \(x, y\), .*; received {kind}$"):
        check_validation_data("owner", given)


def test_predict_shows_its_progress_unless_told_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    x, _ = small_data(40)
    model = small_network()
    model.predict(x)
    assert capsys.readouterr().out.startswith("2/2 - 0s ")
    model.predict(x, verbose=0)
    model.predict_on_batch(x)
    model(x)
    assert capsys.readouterr().out == ""
