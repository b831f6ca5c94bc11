"""Training that fails: before its first step it leaves no trace, and within a step nothing half done."""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from networks import fingerprint, small_data, small_network

from numpycnn import Sequential
from numpycnn.callbacks import Callback
from numpycnn.callbacks.base import Logs
from numpycnn.common.typing import Array
from numpycnn.engine.workers import worker_pool
from numpycnn.layers import Dense, Flatten
from numpycnn.optimizers import SGD, Adam, Optimizer, RMSprop, base

X, Y = small_data(20)


class Raising(Callback):
    """Raises at one of its hooks."""

    def __init__(self, hook: str, error: BaseException) -> None:
        self.error = error
        setattr(self, hook, self.fail)

    def fail(self, *_: object) -> None:
        raise self.error


def not_for_seven(y_true: Array, y_pred: Array) -> Array:
    """A metric that fails for a batch of seven examples."""
    if len(y_true) == 7:
        raise RuntimeError("before the first step")
    return np.zeros(len(y_true))


FAILED = RuntimeError("before the first step")
CTRL_C = KeyboardInterrupt("before the first step")
WAYS: dict[str, Callable[[Sequential], object]] = {
    **{
        f"{type(error).__name__} in {hook}": partial(
            Sequential.fit, x=X, y=Y, verbose=0, callbacks=Raising(hook, error)
        )
        for hook in ("on_train_begin", "on_epoch_begin", "on_train_batch_begin")
        for error in (FAILED, CTRL_C)
    },
    "a metric": lambda model: model.fit(X[:7], Y[:7], verbose=0),
    "a metric, on a batch": lambda model: model.train_on_batch(X[:7], Y[:7]),
}


def everything(model: Sequential) -> tuple[Any, ...]:
    return fingerprint(model), model.built, model._dtype, model.stop_training, model.shape_in, model.shape_out


def unbuilt() -> Sequential:
    model = Sequential([Flatten(), Sequential([Dense(4)]), Dense(3)])
    model.compile("sgd", "mse", [not_for_seven])
    return model


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("built", [True, False])
def test_before_its_first_step_nothing_changes(way: str, built: bool) -> None:
    model = small_network() if built else unbuilt()
    if built:
        model.compile("rmsprop", "categorical_crossentropy", [not_for_seven])
        model.fit(X, Y, verbose=0)
        model.stop_training = True
    history, before = model.history, everything(model)
    with pytest.raises((RuntimeError, KeyboardInterrupt), match="before the first step"):
        WAYS[way](model)
    assert model.history is history
    assert everything(model) == before


def test_validation_data_that_do_not_fit_change_nothing() -> None:
    model = unbuilt()
    before = everything(model)
    with pytest.raises(ValueError, match=r"sequential.fit: expected the same number of examples"):
        model.fit(X, Y, verbose=0, validation_data=(X, Y[:3]))
    with pytest.raises(ValueError, match=r"^validation mean_squared_error: expected y of shape \(n, 3\)"):
        model.fit(X, Y, verbose=0, validation_data=(X, Y[:, :2]))
    assert everything(model) == before


def test_a_fit_that_fails_later_keeps_what_was_learnt() -> None:
    class Later(Callback):
        def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
            if epoch == 1:
                raise RuntimeError("the second epoch")

    model, expected = small_network(), small_network()
    history = expected.fit(X, Y, verbose=0)
    with pytest.raises(RuntimeError, match="the second epoch"):
        model.fit(X, Y, epochs=2, verbose=0, callbacks=Later())
    assert fingerprint(model)[:4] == fingerprint(expected)[:4]
    assert model.history is not None
    assert model.history.history == history.history


# ---------------------------------------------------------------- a step that fails on its way


OPTIMIZERS = [SGD(1.0), SGD(1.0, momentum=0.9), RMSprop(1.0), RMSprop(1.0, momentum=0.5, centered=True), Adam(1.0)]


def parameters() -> dict[str, Array]:
    return {"first": np.ones((20, 3), np.float32), "second": np.ones((20, 3), np.float32)}


def gradients(value: float) -> dict[str, Array]:
    """Ones, and at the very end one that overflows."""
    found = {name: np.ones_like(w) for name, w in parameters().items()}
    found["second"][-1, -1] = value
    return found


def bytes_of(params: dict[str, Array], optimizer: Optimizer) -> Any:
    slots = {slot: {name: a.tobytes() for name, a in of.items()} for slot, of in optimizer.state.items()}
    return {name: w.tobytes() for name, w in params.items()}, slots, optimizer.iterations


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: repr(optimizer.get_config()))
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("steps", [0, 2])
@pytest.mark.parametrize("whole", [True, False], ids=["whole", "in parts"])
def test_an_overflow_in_a_step_undoes_all_of_it(
    optimizer: Optimizer, workers: int, steps: int, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "PART_BYTES", 1 << 20 if whole else 12 * 4)
    monkeypatch.setattr(base, "JOB_BYTES", 1)
    own, params = copy.deepcopy(optimizer), parameters()
    params["second"][-1, -1] = -3e38
    with worker_pool(workers) as pool, np.errstate(over="raise"):
        for _ in range(steps):
            own.update(params, gradients(0.5), run=pool.run_here)
        before = bytes_of(params, own)
        with pytest.raises(FloatingPointError, match="overflow"):
            own.update(params, gradients(3e38), run=pool.run_here)
        assert bytes_of(params, own) == before
        own.update(params, gradients(0.5), run=pool.run_here)
    assert bytes_of(params, own) != before


class SecondFails(SGD):
    """A user's own, which changes its first parameter and fails at the second."""

    def slots(self) -> tuple[str, ...]:
        return ("mine",)

    def step(self, name: str, w: Array, g: Array, slots: dict[str, Array]) -> None:
        slots["mine"] += 1
        w -= g
        if name == "second":
            raise RuntimeError("at the second")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_users_own_optimizer_that_fails_is_undone(workers: int) -> None:
    own, params = SecondFails(), parameters()
    before = bytes_of(params, own)
    with worker_pool(workers) as pool, pytest.raises(RuntimeError, match="at the second"):
        own.update(params, gradients(1.0), run=pool.run_here)
    assert bytes_of(params, own) == before


def test_an_overflow_in_fit_leaves_the_model_at_the_step_before() -> None:
    model = small_network()
    model.fit(X, Y, verbose=0)
    assert model.optimizer is not None
    model.optimizer.learning_rate = 3e38
    before = fingerprint(model)[:4]
    with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
        model.fit(X, Y, epochs=3, verbose=0)
    assert fingerprint(model)[:4] == before
