"""SwapEMAWeights: which weights are in the model when, and what a resumed training makes of it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import fingerprint, small_data, small_network

from numpycnn import Sequential
from numpycnn.callbacks import BackupAndRestore, Callback, EarlyStopping, SwapEMAWeights
from numpycnn.common.typing import Array
from numpycnn.layers import Dense
from numpycnn.optimizers import SGD
from numpycnn.optimizers.schedules import ExponentialDecay

X, Y = small_data(6)


def averaging() -> Sequential:
    model = small_network()
    model.compile(SGD(0.5, use_ema=True, ema_momentum=0.5), "mse")
    return model


def averages(model: Any) -> dict[str, Array]:
    found: dict[str, Array] = model.optimizer.state["average"]
    return found


class Watching(Callback):
    """Notes whether the averages are in the model."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bool]] = []

    def note(self, hook: str) -> None:
        params = self.model.trained_params
        self.seen.append((hook, all((params[name] == a).all() for name, a in averages(self.model).items())))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch == 2:
            self.note("batch")

    def on_test_begin(self, logs: Any = None) -> None:
        self.note("test")

    def on_test_end(self, logs: Any = None) -> None:
        self.note("test end")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.note("epoch end")

    def on_train_end(self, logs: Any = None) -> None:
        self.note("train end")


@pytest.mark.parametrize("on_epoch", [False, True])
def test_where_the_averages_are(on_epoch: bool) -> None:
    model, watching = averaging(), Watching()
    swapping = SwapEMAWeights(swap_on_epoch=on_epoch)
    model.fit(X, Y, 2, 2, 0, [swapping, watching], validation_data=(X, Y))
    epoch = [("batch", False), ("test", True), ("test end", False), ("epoch end", on_epoch)]
    assert watching.seen == [*epoch, *epoch, ("train end", True)]
    assert swapping.kept == {}


KERAS_LOSS = [0.3349902, 0.1493782, 0.0825065]
KERAS_KERNEL = [[0.4095336, 0.0329472], [0.0888645, 0.588555], [0.5396084, 0.6326172], [0.4315372, 0.6589144]]


@pytest.mark.parametrize(
    ("callbacks", "val_loss"),
    [
        ([], [0.1679956, 0.0923936, 0.0631194]),
        ([SwapEMAWeights()], [0.2204426, 0.1648244, 0.1168837]),
        ([SwapEMAWeights(swap_on_epoch=True)], [0.2204426, 0.1648244, 0.1168837]),
    ],
)
def test_fit_gives_the_figures_of_keras(callbacks: list[Callback], val_loss: list[float]) -> None:
    """In float32; with a schedule, momentum, clipping and weight decay beside the averages, which it ends with."""
    x, y = np.eye(4, dtype=np.float32), np.array([[1, 0], [0, 1], [1, 1], [0, 0.5]], np.float32)
    model = Sequential([Dense(2, input_shape=(4,))])
    model.build((4,))
    model.set_weights([np.arange(8, dtype=np.float32).reshape(4, 2) / 8, np.zeros(2, np.float32)])
    rate = ExponentialDecay(0.5, 2, 0.5)
    options: dict[str, Any] = {"use_ema": True, "ema_momentum": 0.75, "clipnorm": 0.5, "weight_decay": 0.1}
    model.compile(SGD(rate, 0.5, **options), "mse")
    found = model.fit(x, y, 2, 3, 0, callbacks, validation_data=(x, y), shuffle=False)
    np.testing.assert_allclose(found.history["loss"], KERAS_LOSS, rtol=1e-5)
    np.testing.assert_allclose(found.history["val_loss"], val_loss, rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], KERAS_KERNEL, rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[1], [0.1703589, 0.15815], rtol=1e-5)


def test_training_is_the_same_with_and_without() -> None:
    plain, swapped = averaging(), averaging()
    plain.fit(X, Y, 2, 3, 0)
    swapped.fit(X, Y, 2, 3, 0, SwapEMAWeights(swap_on_epoch=True), validation_data=(X, Y))
    assert [w.tobytes() for w in plain.get_weights()] == [w.tobytes() for w in swapped.get_weights()]


def test_evaluation_and_prediction_see_the_averages() -> None:
    model, other = averaging(), averaging()
    for _ in range(3):
        model.train_on_batch(X, Y)
    before = fingerprint(model)
    other.set_weights(list(averages(model).values()))
    assert model.evaluate(X, Y, verbose=0, callbacks=SwapEMAWeights()) == other.evaluate(X, Y, verbose=0)
    assert model.predict(X, callbacks=SwapEMAWeights()).tobytes() == other.predict(X).tobytes()
    assert fingerprint(model) == before
    assert model.evaluate(X, Y, verbose=0) != other.evaluate(X, Y, verbose=0)


def test_the_weights_are_kept_where_the_averages_are_in_the_model_already() -> None:
    model, swapping = averaging(), SwapEMAWeights(swap_on_epoch=True)
    model.train_on_batch(X, Y)
    model.train_on_batch(X, Y)
    before = fingerprint(model)
    swapping.set_model(model)
    swapping.on_epoch_end(0)
    assert fingerprint(model) != before
    swapping.on_test_begin()
    swapping.on_test_end()
    assert fingerprint(model) == before


def test_before_the_first_step_the_weights_stay() -> None:
    model = averaging()
    assert model.evaluate(X, Y, verbose=0, callbacks=SwapEMAWeights()) == averaging().evaluate(X, Y, verbose=0)


def test_a_training_that_stops_early_ends_with_the_averages() -> None:
    model = averaging()
    model.fit(X, Y, 2, 9, 0, [SwapEMAWeights(swap_on_epoch=True), EarlyStopping("loss", 1e9)])
    assert model.steps < 27
    assert all((model.params[name] == a).all() for name, a in averages(model).items())


@pytest.mark.parametrize("on_epoch", [False, True])
@pytest.mark.parametrize("first", [1, 2, 3])
def test_a_resumed_training_ends_with_the_same_bytes(on_epoch: bool, first: int, tmp_path: Path) -> None:
    def train(epochs: int, *callbacks: Callback) -> Sequential:
        model = averaging()
        model.fit(X, Y, 2, epochs, 0, [SwapEMAWeights(on_epoch), *callbacks])
        return model

    backup = BackupAndRestore(tmp_path / "training.safetensors", delete_checkpoint=False)
    train(first, backup)
    assert fingerprint(train(3, backup)) == fingerprint(train(3))


def test_an_optimizer_without_averages_is_refused() -> None:
    model, message = small_network(), "SwapEMAWeights: the model's optimizer must be made with use_ema=True"
    before = fingerprint(model)
    for call in (model.fit, model.evaluate):
        with pytest.raises(ValueError, match=message):
            call(X, Y, verbose=0, callbacks=SwapEMAWeights())
    with pytest.raises(ValueError, match=message):
        Sequential(small_network().layers).predict(X, callbacks=SwapEMAWeights())
    assert fingerprint(model) == before
    with pytest.raises(TypeError, match="SwapEMAWeights: swap_on_epoch must be True or False; received 1"):
        SwapEMAWeights(1)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["dense/kernel", "kept/dense/nothing", "kept/dense/bias"])
def test_a_wrong_state_is_refused(name: str) -> None:
    swapping = SwapEMAWeights()
    swapping.set_model(averaging())
    with pytest.raises(ValueError, match=f"SwapEMAWeights: expected a state with the model's weights; received {name}"):
        swapping.set_state({name: np.zeros((9, 9))})
    assert swapping.kept == {}
