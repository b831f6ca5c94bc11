"""Workers that are forked processes: the same bytes, errors and warnings as threads give, and nothing left behind."""

import gc
import os
import pickle
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import CLASSES, fingerprint, small_data

from numpycnn import Sequential, backend, regularizers
from numpycnn.callbacks import Callback, TerminateOnNaN
from numpycnn.callbacks.base import Logs
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.engine import forked, sharing, training
from numpycnn.engine.batching import Data
from numpycnn.engine.sharing import Channel, Memory, Packed
from numpycnn.engine.training import Finished, Position, TrainingJob
from numpycnn.layers import (
    Activation,
    ActivityRegularization,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GaussianNoise,
    Layer,
    LayerNormalization,
    MaxPooling2D,
    RandomFlip,
    RandomTranslation,
    Residual,
    SpatialDropout2D,
)
from numpycnn.layers.stage import Exchange
from numpycnn.losses import CategoricalCrossentropy, MeanSquaredError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers are threads")

X, Y = small_data(120)
BATCH = 50  # as `pids` has it, cut in 17, 17 and 16; and the last batch, 20, in two


def pipes() -> int:
    """How many pipes this process has open."""
    return sum(path.is_fifo() for path in Path("/proc/self/fd").iterdir())


@pytest.fixture
def pids(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The processes that are forked, for two steps or more, whatever threads the test's own process has.

    At the end none is left, and no pipe.
    """
    fork, found, before = os.fork, list[int](), pipes()

    def noted() -> int:
        pid = fork()
        found.append(pid)
        return pid

    monkeypatch.setattr(os, "fork", noted)
    monkeypatch.setattr(training, "MOST_EXAMPLES", 16)
    monkeypatch.setattr(training, "MORE_PARTS", 1)
    monkeypatch.setattr(forked, "MIN_STEPS", 2)
    monkeypatch.setattr(forked, "MIN_WORK", 0)
    monkeypatch.setattr(forked, "is_alone", lambda: True)
    yield found
    for pid in found:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, 0)
    assert pipes() == before


def convolutional(fast: bool = True, **options: Any) -> Sequential:
    """With dropout, and nothing to exchange."""
    layers = [
        Conv2D(8, 3, activation="relu", input_shape=(8, 8, 1)),
        MaxPooling2D(2),
        Dropout(0.5),
        Flatten(),
        Dense(8, activation="relu"),
        Dense(CLASSES, activation="softmax"),
    ]
    return Sequential(layers, seed=0, fast=fast, **options)


def normalized(fast: bool = True) -> Sequential:
    """With batch normalization of images and of vectors, and noise."""
    layers = [
        Conv2D(8, 3, input_shape=(8, 8, 1)),
        BatchNormalization(),
        GaussianNoise(0.1),
        Flatten(),
        Dense(8, kernel_regularizer="l2"),
        BatchNormalization(),
        ActivityRegularization(l2=0.01),
        Dense(CLASSES, activation="softmax"),
    ]
    return Sequential(layers, seed=0, fast=fast)


class Across(Layer):
    """Takes a whole batch, and less than the mean of it out."""

    whole_batch = True

    def output_shape_for(self, input_shape: Shape) -> Shape:
        return input_shape

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, None]:
        return x - x.mean(0), None

    def backward(self, dy: Array, cache: None) -> tuple[Array, dict[str, Array]]:
        return dy - dy.mean(0), {}


def across() -> Sequential:
    layers = [Conv2D(8, 3, input_shape=(8, 8, 1)), Flatten(), Across(), Dense(CLASSES, activation="softmax")]
    return Sequential(layers, seed=0)


def trained(model: Sequential, workers: int = 2, x: Any = X, y: Any = Y, **how: Any) -> Any:
    """All that two epochs of training change."""
    model.compile("adam", CategoricalCrossentropy(label_smoothing=0.1), ["accuracy"])
    model.fit(x, y, None if y is None else BATCH, verbose=0, workers=workers, **{"epochs": 2, **how})
    return fingerprint(model)


# ---------------------------------------------------------------- the same bytes


def various(fast: bool = True) -> Sequential:
    """With augmentation, and exchanges inside of containers."""
    inner = [Conv2D(4, 3, padding="same"), BatchNormalization(), Activation("tanh"), SpatialDropout2D(0.2)]
    layers = [
        RandomFlip(input_shape=(8, 8, 1)),
        RandomTranslation(0.1, 0.1),
        Conv2D(4, 3, padding="same"),
        Residual(inner),
        Sequential([AveragePooling2D(2), BatchNormalization(), Flatten()]),
        LayerNormalization(),
        Dense(CLASSES, activation="softmax"),
    ]
    return Sequential(layers, seed=0, fast=fast)


def check_forked(network: Callable[..., Sequential], fast: bool, workers: int, pids: list[int]) -> None:
    expected = trained(network(fast), 1)
    assert not pids
    assert trained(network(fast), workers) == expected
    assert 1 <= len(pids) < workers


@pytest.mark.parametrize(
    ("network", "fast", "workers"), [(convolutional, True, 2), (normalized, True, 3), (various, False, 2)]
)
def test_forked_workers_give_the_same_bytes(
    network: Callable[..., Sequential], fast: bool, workers: int, pids: list[int]
) -> None:
    check_forked(network, fast, workers, pids)


def test_nothing_is_forked_for_fewer_steps(pids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    steps = ceil(len(X) / BATCH)
    for least, forks in ((2 * steps + 1, 0), (2 * steps, 1)):
        monkeypatch.setattr(forked, "MIN_STEPS", least)
        trained(convolutional())
        assert len(pids) == forks
    trained(convolutional(), epochs=3, initial_epoch=2)
    assert len(pids) == 1


def test_nothing_is_forked_where_parameters_are_many_for_the_work(
    pids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dense layer has a multiplication for each parameter and example, and some less for its biases."""
    layers = [Flatten(input_shape=(8, 8, 1)), Dense(500), Dense(CLASSES, activation="softmax")]
    expected = trained(Sequential(layers, seed=0))
    assert len(pids) == 1
    monkeypatch.setattr(forked, "MIN_WORK", BATCH)
    again = [Flatten(input_shape=(8, 8, 1)), Dense(500), Dense(CLASSES, activation="softmax")]
    assert trained(Sequential(again, seed=0)) == expected
    assert len(pids) == 1


def test_a_training_of_unknown_length_is_forked(pids: list[int]) -> None:
    trained(convolutional(), 2, iter([(X, Y)]), None, epochs=1)
    assert len(pids) == 1


@pytest.mark.deep
@pytest.mark.parametrize("workers", [2, 3, 5])
@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("network", [convolutional, normalized, various])
def test_any_number_of_forked_workers_gives_the_same_bytes(
    network: Callable[..., Sequential], fast: bool, workers: int, pids: list[int]
) -> None:
    check_forked(network, fast, workers, pids)


def test_layers_that_take_the_whole_batch_take_it_in_every_process(
    pids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forked, "OWN", {*forked.OWN, __name__})
    expected = trained(across(), 1)
    assert trained(across(), 3) == expected
    assert pids


def test_in_float64_with_sample_weights_and_in_any_layout(pids: list[int]) -> None:
    weights, x = np.linspace(0.0, 2.0, len(X)), np.asfortranarray(X)
    expected = trained(convolutional(dtype="float64"), 1, sample_weight=weights)
    assert trained(convolutional(dtype="float64"), 2, x, sample_weight=weights) == expected
    assert pids


def test_batches_of_a_generator_of_other_sizes_too(pids: list[int]) -> None:
    """A larger one needs more of the shared memory."""

    def given() -> Iterator[tuple[Array, Array]]:
        for size in (30, 40, 17, 120, 5, 50):
            yield X[:size], Y[:size]

    expected = trained(convolutional(), 1, given(), None, steps_per_epoch=3)
    assert trained(convolutional(), 3, given(), None, steps_per_epoch=3) == expected
    assert pids


def test_a_process_without_a_pass_in_a_batch_waits_for_the_next(pids: list[int]) -> None:
    """The batch in the middle has two micro-batches, which exchange sums, and three workers."""

    def given() -> Iterator[tuple[Array, Array]]:
        for size in (50, 20, 50):
            yield X[:size], Y[:size]

    def note(model: Sequential, step: int) -> None:
        alive.append([os.waitpid(pid, os.WNOHANG) == (0, 0) for pid in pids])

    alive = list[list[bool]]()
    expected = trained(normalized(), 1, given(), None, epochs=1)
    assert trained(normalized(), 3, given(), None, epochs=1, callbacks=Meddling(note)) == expected
    assert alive == [[True, True]] * 3


class Meddling(Callback):
    """Does something to the model after each batch."""

    def __init__(self, meddle: Callable[[Sequential, int], object]) -> None:
        self.meddle = meddle

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.meddle(self.model, self.model.steps)


def replace(model: Sequential, step: int) -> None:
    """Another array in the place of a parameter."""
    layer = model.layers[0]
    layer.params["kernel"] = np.asarray(layer.params["kernel"] * 0.9, np.float32)


def reorder(model: Sequential, step: int) -> None:
    """An array that is not contiguous, once processes were forked."""
    if step > 3:
        kernel = model.layers[4].params["kernel"]
        model.layers[4].params["kernel"] = np.repeat(kernel * 0.9, 2, 1)[:, ::2]


MEDDLING: dict[str, Callable[[Sequential, int], object]] = {
    "weights": lambda model, step: model.set_weights([w * 0.9 for w in model.get_weights()]),
    "an array": replace,
    "an array out of order": reorder,
    "frozen": lambda model, step: setattr(model.layers[0], "trainable", step % 3 != 0),
    "dropout": lambda model, step: setattr(model.layers[2], "rate", 0.1 * step),
    "another loss": lambda model, step: setattr(model, "loss", MeanSquaredError()) if step == 3 else None,
    "loss": lambda model, step: setattr(model.loss, "label_smoothing", 0.01 * step),
    "regularizer": lambda model, step: setattr(model.layers[4].activity_regularizer, "l2", 0.01 * step),
    "epsilon": lambda model, step: backend.set_epsilon(0.08 * step),
}


BY_DEFAULT = ("weights", "an array", "frozen", "another loss")


@pytest.mark.parametrize(
    "what", [*BY_DEFAULT, *(pytest.param(one, marks=pytest.mark.deep) for one in MEDDLING if one not in BY_DEFAULT)]
)
def test_what_callbacks_change_is_changed_for_all_workers(
    what: str, pids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(backend._settings, "epsilon", 1e-7)

    def meddled(workers: int, meddle: Callable[[Sequential, int], object]) -> Any:
        model = convolutional()
        model.layers[4].activity_regularizer = regularizers.L2(0.01)
        if what == "epsilon":  # which softmax and its loss, as one, do not read
            model.pop()
            model.add(Dense(CLASSES, activation="sigmoid"))
        backend.set_epsilon(1e-7)
        return trained(model, workers, callbacks=Meddling(meddle))

    expected = meddled(1, MEDDLING[what])
    assert meddled(3, MEDDLING[what]) == expected
    assert pids
    assert meddled(1, lambda model, step: None) != expected


# ---------------------------------------------------------------- what goes wrong


def kill(pids: list[int]) -> Callable[[Sequential, int], None]:
    def meddle(model: Sequential, step: int) -> None:
        if step == 3:
            os.kill(pids[0], signal.SIGKILL)

    return meddle


@pytest.mark.parametrize("network", [convolutional, normalized])
def test_training_goes_on_without_a_process_that_was_killed(
    network: Callable[..., Sequential], pids: list[int]
) -> None:
    expected = trained(network(), 1)
    assert trained(network(), 3, callbacks=Meddling(kill(pids))) == expected
    assert len(pids) == 2


def test_a_process_that_dies_between_two_exchanges_is_replaced_from_the_first(
    pids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, replies = Channel.receive, list[Any]()

    def dying(channel: Channel) -> Any:
        reply = answer(channel)
        if len(pids) == 2 and all(pids):  # not in one of the two
            replies.append(reply)
            if len(replies) == 4:  # of two processes, each twice
                os.kill(pids[1], signal.SIGKILL)
        return reply

    expected = trained(normalized(), 1)
    monkeypatch.setattr(Channel, "receive", dying)
    assert trained(normalized(), 3) == expected
    assert len(replies) == 5


def spoil(x: Array, value: float) -> Callback:
    """Makes the last example too large, once processes are forked."""

    def meddle(model: Sequential, step: int) -> None:
        if step == 2:
            x[-1] = value

    return Meddling(meddle)


def test_an_error_in_a_process_is_the_callers(pids: list[int]) -> None:
    """As in threads: the same error, with the traceback of what failed."""
    x = X.astype(np.float32)
    with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow") as raised:
        trained(normalized(), 2, x, shuffle=False, callbacks=spoil(x, 1e30))
    assert "learn" in [entry.name for entry in raised.traceback]
    assert pids


def test_a_warning_in_a_process_is_the_callers_and_given_once(pids: list[int]) -> None:
    given, models = [], []
    for workers in (1, 2):
        x = X.astype(np.float32)
        with warnings.catch_warnings(record=True) as caught, np.errstate(over="warn", invalid="ignore"):
            warnings.simplefilter("always")
            models.append(
                trained(normalized(), workers, x, shuffle=False, callbacks=[spoil(x, 1e30), TerminateOnNaN()])
            )
        given.append([str(one.message) for one in caught])
    assert given[0]
    assert given[0] == given[1]
    assert models[0][0] == models[1][0]
    assert pids


def test_errstate_may_change_meanwhile(pids: list[int]) -> None:
    def stricter(model: Sequential, step: int) -> None:
        if step == 2:
            np.seterr(over="raise")

    x = X.astype(np.float32)
    callbacks = [Meddling(stricter), spoil(x, 1e30)]
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(FloatingPointError, match="overflow"):
        trained(normalized(), 2, x, shuffle=False, callbacks=callbacks)
    assert pids


# ---------------------------------------------------------------- threads instead


class Mine(Dense):
    """A user's own."""


class Shrinking(regularizers.L2):
    """A user's own."""


@pytest.mark.parametrize(
    "layer",
    [lambda: Mine(3), lambda: Dense(3, "softmax", kernel_regularizer=Shrinking(0.1))],
    ids=["layer", "regularizer"],
)
def test_code_of_the_users_own_runs_in_the_callers_process(layer: Callable[[], Layer], pids: list[int]) -> None:
    one, other = (Sequential([Flatten(input_shape=(8, 8, 1)), layer()], seed=0) for _ in range(2))
    assert trained(one, 2) == trained(other, 1)
    assert not pids


def test_what_cannot_be_pickled_stays_where_it_is(pids: list[int]) -> None:
    model = convolutional()
    vars(model.layers[0])["note"] = lambda: None
    assert trained(model, 2) == trained(convolutional(), 1)
    assert not pids


def test_errors_that_call_a_function_are_for_threads(pids: list[int]) -> None:
    with np.errstate(over="call", call=lambda *_: None):
        trained(convolutional())
    assert not pids


def test_elsewhere_there_are_threads(pids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    trained(convolutional())
    assert not pids


def test_beside_other_threads_there_are_threads(pids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forked, "is_alone", lambda: False)
    assert trained(convolutional(), 2) == trained(convolutional(), 1)
    assert not pids


def test_threads_that_are_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "enumerate", lambda: [threading.main_thread()])  # without those of pytest's
    assert forked.is_alone()
    with ThreadPoolExecutor(1) as executor:
        assert not executor.submit(forked.is_alone).result()
    own, other = threading.Thread(name="numpycnn_0"), threading.Thread(name="other")
    monkeypatch.setattr(threading, "enumerate", lambda: [threading.main_thread(), own])
    assert forked.is_alone()
    monkeypatch.setattr(threading, "enumerate", lambda: [threading.main_thread(), own, other])
    assert not forked.is_alone()


def test_where_no_process_can_be_forked_there_are_threads(pids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    assert trained(convolutional(), 2) == trained(convolutional(), 1)


def test_a_short_training_forks_nothing(pids: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    trained(convolutional())
    assert not pids


# ---------------------------------------------------------------- in the forked process


def test_what_a_process_does(pids: list[int]) -> None:
    """In this one: it replies what `Pass.advance` gives, if it is sent the parts of both other micro-batches."""
    model = normalized()
    model.compile("adam", "categorical_crossentropy")
    objective, memory, requests, replies = model._objective("fit"), Memory(), Channel(), Channel()
    place, jobs = Position(0, 7), [TrainingJob(k, 3, Data(X[k::8], Y[k::8]), 45.0) for k in range(3)]
    passes = [training.Pass(objective, place, job) for job in jobs]
    packed = Packed(objective, memory)
    requests.send((forked.Step(packed.to_send(), np.geterr(), backend.epsilon()), forked.Start(place, jobs[1])))
    steps: list[Any] = [one.advance() for one in passes]
    first = steps
    while not isinstance(steps[0], Finished):
        for other in (2, 0):
            requests.send((None, forked.Part(other, steps[other].part)))
        for one, answer in zip(passes, steps[0].answer([step.part for step in steps]), strict=True):
            one.answers.append(answer)
        steps = [one.advance() for one in passes]
    requests.send((forked.Step(None, np.geterr(), backend.epsilon()), forked.Start(place, jobs[1])))
    requests.entry.close()
    with pytest.raises(EOFError, match="the other process has ended"):
        forked.serve(requests, replies, memory)
    replies.memory.end = 0
    for _ in range(len(passes[1].answers)):
        assert isinstance(replies.receive(), Exchange)
    found = replies.receive().result
    assert found.gradients.keys() == steps[1].result.gradients.keys()
    for key, gradient in found.gradients.items():
        assert gradient.tobytes() == steps[1].result.gradients[key].tobytes()
    assert replies.receive().part.mean.tobytes() == first[1].part.mean.tobytes()
    for file in (requests, replies, memory.file):
        file.close()


MESSAGES = {
    "small": np.arange(6.0).reshape(2, 3),
    "small, by columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "of float32": np.array([1.5, -0.0, np.inf], np.float32),
    "a number": np.array(7),
    "of nothing": np.zeros((0, 3)),
    "large": np.arange(5000.0).reshape(50, 100),
    "with names": np.array([(1, 2.0)], [("a", int), ("b", float)]),
    "of bytes in the other order": np.arange(3, dtype=">i4"),
}


@pytest.mark.parametrize("array", MESSAGES.values(), ids=MESSAGES)
def test_arrays_come_as_they_were_sent(array: Array) -> None:
    channel = Channel()
    channel.send({"it": array})
    found = channel.receive()["it"]
    assert found.dtype == array.dtype
    assert found.shape == array.shape
    assert found.tolist() == array.tolist()
    assert found.flags.f_contiguous == array.flags.f_contiguous
    del found
    channel.close()


def test_objects_in_an_array_are_copied_too() -> None:
    channel, array = Channel(), np.array(["a", None, {1: 2}], object)
    channel.send(array)
    found = channel.receive()
    assert found.tolist() == array.tolist()
    assert found[2] is not array[2]
    channel.close()


def test_a_receiver_sleeps_until_a_message_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks before, and after it."""
    monkeypatch.setattr(sharing, "BUSY_SECONDS", 0.0)
    channel, told = Channel(), []

    class Noted:
        def read(self, size: int) -> bytes | None:
            told.append(pipe.read(size))
            return told[-1]

    sender, pipe = threading.Timer(0.05, channel.send, ["it"]), channel.exit
    with monkeypatch.context() as patch:
        patch.setattr(channel, "exit", Noted())
        sender.start()
        assert channel.receive() == "it"
    assert [one is None for one in told] == [True, False]
    sender.join()
    channel.close()


class Gone(BaseException):
    """What ends a process."""


def test_a_process_ends_with_the_callers_and_cleans_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(status: int) -> None:
        raise Gone

    monkeypatch.setattr(os, "_exit", leave)
    monkeypatch.setattr(os, "fork", lambda: 0)
    worker, memory = forked.Worker(), Memory()
    with warnings.catch_warnings(), pytest.raises(Gone):
        worker.fork(memory)
    gc.unfreeze()
    worker.end()
    memory.file.close()


def test_an_objective_with_code_of_a_users_own_is_not_for_other_processes() -> None:
    memory = Memory()
    with memory.file:
        with pytest.raises(pickle.UnpicklingError, match=f"{__name__}.Callers is not the library's own"):
            forked.check_own(Packed([np.ones(3), Callers()], memory))
        forked.check_own(Packed([np.ones(3), MeanSquaredError()], memory))


class Callers:
    """Anything that the library does not know."""
