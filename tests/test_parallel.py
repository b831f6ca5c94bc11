"""Work shared among workers: the same bytes for any of them, and nothing left behind, whatever happens.

Run as a script, this file does in a process of its own what some of its tests ask for, and prints it as JSON.
"""

import _ctypes
import hashlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import CLASSES, fingerprint, small_data
from threadpoolctl import threadpool_info, threadpool_limits

from numpycnn import Sequential
from numpycnn.callbacks import Callback
from numpycnn.callbacks.base import Logs
from numpycnn.common.slices import batches
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.engine import blas
from numpycnn.engine import workers as parallel
from numpycnn.engine.fast import scratch
from numpycnn.engine.in_order import map_in_order
from numpycnn.engine.process import token
from numpycnn.engine.training import MAX_MICRO_BATCH, micro_batches, min_examples
from numpycnn.engine.workers import (
    THREAD_SETTINGS,
    ThreadSettings,
    check_workers,
    processors,
    worker_pool,
)
from numpycnn.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, Layer, MaxPooling2D, Rescaling
from numpycnn.optimizers import SGD, base

EXAMPLES = 900
TO_LEARN = 400  # the batch size in training: the last batch is short
TO_TEST = 500  # and in evaluation


def network(*, fast: bool) -> Sequential:
    """With a convolution by im2col, one by Winograd on the fast path, and two dropouts."""
    model = Sequential(
        [
            Conv2D(24, 3, activation="relu", input_shape=(8, 8, 1)),
            Conv2D(24, 3, activation="relu"),
            MaxPooling2D(2),
            Dropout(0.5),
            Flatten(),
            Dense(8, activation="relu"),
            Dropout(0.5),
            Dense(CLASSES, activation="softmax"),
        ],
        seed=0,
        fast=fast,
    )
    model.compile("rmsprop", "categorical_crossentropy", ["accuracy"])
    return model


def cuts(count: int, batch_size: int, least: int) -> list[int]:
    """Into how many micro-batches each batch is cut."""
    sizes = [len(range(count)[rows]) for rows in batches(count, batch_size)]
    return [len(micro_batches(size, least)) for size in sizes]


@pytest.mark.parametrize(
    ("count", "least", "sizes"),
    [
        (99, 100, [99]),
        (100, 100, [50, 50]),  # two from `least` on
        (479, 20, [239, 240]),
        (480, 20, [120] * 4),  # four where three could have eight times `least` each
        (640, 20, [160] * 4),
        (900, 20, [225] * 4),  # no more than four for the workers' sake
        (250, 1000, [250]),
        (251, 1000, [125, 126]),  # no more than 250 in one
        (500, 100, [250, 250]),
        (501, 100, [125, 125, 125, 126]),  # never an odd number
        (1250, 100, [208, 208, 209, 208, 208, 209]),
        (1, 1, [1]),
    ],
)
def test_where_a_batch_is_cut(count: int, least: int, sizes: list[int]) -> None:
    assert [len(range(count)[rows]) for rows in micro_batches(count, least)] == sizes


@given(count=st.integers(1, 10_000), least=st.integers(1, 2000))
def test_micro_batches_are_as_even_as_can_be(count: int, least: int) -> None:
    """Whatever the count: all examples, in order, in lengths that differ by one at most."""
    cuts = micro_batches(count, least)
    assert [cut.start for cut in cuts[1:]] == [cut.stop for cut in cuts[:-1]]
    assert (cuts[0].start, cuts[-1].stop) == (0, count)
    sizes = {cut.stop - cut.start for cut in cuts}
    assert max(sizes) - min(sizes) <= 1
    assert 0 < min(sizes) <= max(sizes) <= MAX_MICRO_BATCH
    assert len(cuts) in (1, count) or len(cuts) % 2 == 0
    assert (len(cuts) == 1) == (count == 1 or count < min(least, MAX_MICRO_BATCH + 1))


def convolutional(*filters: int) -> list[Layer]:
    """Pairs of 3x3 convolutions and a pool, on images of 32x32x3, and two dense layers."""
    layers: list[Layer] = [Rescaling(1.0, input_shape=(32, 32, 3))]
    for f in filters:
        layers += [Conv2D(f, 3, padding="same"), Conv2D(f, 3, padding="same"), MaxPooling2D(2)]
    return [*layers, Flatten(), Dense(128), Dense(10)]


def test_where_dividing_a_batch_pays() -> None:
    """From 96 multiplications for each parameter and 12 million more, of which a convolution's count three times.

    And 12 million for each layer that looks across the batch.
    """
    cases: list[tuple[list[Layer], int]] = [
        ([Dropout(0.5, input_shape=(4,))], 250),  # nothing to share
        ([Dense(10, input_shape=(5,))], 250),
        ([Dense(512, input_shape=(784,)), Dense(512), Dense(10)], 115),  # 669,706 parameters, 668,672 multiplications
        ([Conv2D(64, 5, input_shape=(28, 28, 1)), MaxPooling2D(2), Flatten(), Dense(128), Dense(10)], 32),
        ([Conv2D(8, 3, input_shape=(28, 28, 1)), MaxPooling2D(2), Flatten(), Dense(10)], 84),
        (convolutional(32, 64, 128), 16),
        ([Dense(64, input_shape=(784,)), BatchNormalization(), Dense(10)], 250),
        ([Conv2D(8, 3, input_shape=(28, 28, 1)), BatchNormalization(), MaxPooling2D(2), Flatten(), Dense(10)], 159),
        ([Conv2D(32, 3, input_shape=(28, 28, 1)), BatchNormalization(), MaxPooling2D(2), Flatten(), Dense(10)], 46),
        ([*convolutional(32, 64, 128), BatchNormalization()], 16),
    ]
    for layers, expected in cases:
        network = Sequential(layers)
        assert min_examples(network) == expected
        assert min_examples(Sequential([network])) == expected


def digest(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()


def results(*, fast: bool, **share: Any) -> dict[str, str]:
    """What training, evaluation and prediction give, to the last bit."""
    x, y = small_data(EXAMPLES)
    model = network(fast=fast)
    history = model.fit(x, y, TO_LEARN, epochs=2, verbose=0, validation_data=(x[:333], y[:333]), **share)
    weights, memory, *_ = fingerprint(model)
    return {
        "history": repr(history.history),
        "weights": digest(b"".join(weights)),
        "optimizer": digest(repr(memory).encode()),
        "evaluate": repr(model.evaluate(x, y, TO_TEST, verbose=0, **share)),
        "predict": digest(model.predict(x, verbose=0, **share).tobytes()),
    }


class Own(Layer):
    """A layer of the user's own: look(x, training) is what it makes of x."""

    def __init__(self, look: Callable[[Array, bool], Array]) -> None:
        super().__init__(input_shape=(3,))
        self.look = look

    def output_shape_for(self, input_shape: Shape) -> Shape:
        return input_shape

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, None]:
        return self.look(x, training), None

    def backward(self, dy: Array, cache: None) -> tuple[Array, dict[str, Array]]:
        return dy, {}


def network_of(*layers: Layer, metrics: Any = None) -> Sequential:
    """A network for `ROWS`, and for the same as targets."""
    model = Sequential(layers, seed=0)
    model.compile(SGD(learning_rate=1.0), "mse", metrics)
    return model


ROWS = np.linspace(0.0, 1.0, 3 * 600).reshape(600, 3).astype(np.float32)
"""Data that every method below cuts into several pieces."""

METHODS: dict[str, Callable[..., object]] = {
    "fit": lambda model, x=ROWS, **how: model.fit(x, x, 300, verbose=0, **how),
    "evaluate": lambda model, x=ROWS, **how: model.evaluate(x, x, 300, verbose=0, **how),
    "predict": lambda model, x=ROWS, **how: model.predict(x, verbose=0, **how),
}


def give_up_on_negatives(x: Array, training: bool) -> Array:
    """One micro-batch of an epoch fails, the one with the marked example; the others do not."""
    if training and x.min() < 0:
        raise RuntimeError("this layer takes no negatives")
    return x


MARKED = ROWS.copy()
MARKED[-1] = -1


def contiguous(x: Array, training: bool) -> Array:
    """Whether x's rows lie one after another in memory, as a number."""
    return np.full_like(x, x.flags.c_contiguous, order="C")


def overflow(x: Array, training: bool) -> Array:
    return np.exp(x + np.float32(1000))


def blas_threads(_: object = None) -> list[int]:
    """How many threads each BLAS in this process uses, but for the one that SciPy brings for itself."""
    found = [library for library in threadpool_info() if library["user_api"] == "blas"]
    return [library["num_threads"] for library in found if "scipy" not in str(Path(library["filepath"]).parent)]


def two_blas_threads() -> None:
    threadpool_limits(2, user_api="blas")


needs_blas = pytest.mark.skipif(not blas_threads(), reason="threadpoolctl knows no BLAS here")


def settings_now() -> tuple[list[int], float]:
    return blas_threads(), sys.getswitchinterval()


@pytest.fixture
def two_threads() -> Iterator[tuple[list[int], float]]:
    """BLAS set to two threads and Python to its own interval, as a user may have them, and what that reads as."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.005)
    with threadpool_limits(2, user_api="blas"):
        yield settings_now()
    sys.setswitchinterval(before)


# ---------------------------------------------------------------- what the script does


def in_a_process_of_its_own(*arguments: str, hash_seed: int = 0) -> "subprocess.Popen[str]":
    """The script, begun."""
    env = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    command = [sys.executable, "-W", "error", __file__, *arguments]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603


def answer(process: "subprocess.Popen[str]") -> Any:
    """What the script printed, once it has ended."""
    try:
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0, err
    return json.loads(out)


def with_threads(workers: str) -> object:
    return [results(fast=fast, workers=int(workers)) for fast in (True, False)]


def with_processes() -> object:
    """What worker processes give, and what becomes of BLAS and of errors in them."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context, initializer=two_blas_threads) as executor:
        found: dict[str, Any] = {"free": executor.submit(blas_threads).result()}
        with worker_pool(2, executor) as pool:
            found["held"] = list(pool.run(blas_threads, range(8)))
        found["results"] = [results(fast=fast, workers=2, executor=executor) for fast in (True, False)]
        model, x = network_of(Own(contiguous)), np.asfortranarray(ROWS)
        found["layouts"] = [
            float(model.predict(x, verbose=0, **how).mean()) for how in ({"workers": 1}, {"executor": executor})
        ]
        try:
            METHODS["fit"](network_of(Own(give_up_on_negatives), Dense(3)), MARKED, executor=executor)
        except RuntimeError as error:
            found["error"], found["cause"] = str(error), str(error.__cause__)
        found["afterwards"] = executor.submit(abs, -3).result()
    return found


def has_processes() -> bool:
    """Whether this process has begun others that it has not waited for."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def until_ctrl_c() -> object:
    """Train until Ctrl-C comes, say what is left, and let it through."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs in the background of a shell ignore it

    class Announcement(Callback):
        def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
            if self.model.steps == 2:
                print("begun", [thread.name for thread in threading.enumerate()], has_processes(), flush=True)

    try:
        model = network(fast=True)
        model.fit(*small_data(EXAMPLES), TO_LEARN, epochs=10**6, verbose=0, workers=2, callbacks=Announcement())
    except KeyboardInterrupt:
        print([thread.name for thread in threading.enumerate()], sys.getswitchinterval(), has_processes(), flush=True)
        raise
    return None


# ---------------------------------------------------------------- the same bytes


def test_every_batch_of_these_tests_is_cut_and_the_last_is_short() -> None:
    assert EXAMPLES % TO_LEARN
    assert EXAMPLES % TO_TEST
    assert min(cuts(EXAMPLES, TO_LEARN, min_examples(network(fast=True)))) > 1
    assert min(cuts(EXAMPLES, TO_TEST, MAX_MICRO_BATCH)) > 1
    assert min(cuts(EXAMPLES, EXAMPLES, MAX_MICRO_BATCH)) > 1  # in prediction


@pytest.mark.parametrize("workers", [(1, 2), pytest.param((1, 3, 4, 5, 8), marks=pytest.mark.deep)])
def test_any_number_of_workers_gives_the_same_bytes(workers: tuple[int, ...]) -> None:
    """In fresh processes whose string hashes differ."""
    runs = [in_a_process_of_its_own("threads", str(w), hash_seed=w) for w in workers]
    found = [answer(run) for run in runs]
    assert all(one == found[0] for one in found), found


class LastFirst(ThreadPoolExecutor):
    """Threads that finish the later ones of four pieces of work before the earlier ones."""

    begun = 0

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        self.begun += 1
        seconds = 0.004 * (-self.begun % 4)

        def late() -> Any:
            time.sleep(seconds)
            return function(*arguments, **named)

        return super().submit(late)


@pytest.mark.parametrize("fast", [True, pytest.param(False, marks=pytest.mark.deep)])
@pytest.mark.parametrize(("kind", "threads"), [(ThreadPoolExecutor, 2), (LastFirst, 4)])
def test_threads_of_the_callers_own_give_the_same_bytes(
    kind: type[ThreadPoolExecutor], threads: int, fast: bool
) -> None:
    with kind(threads) as executor:
        assert results(fast=fast, executor=executor, workers=threads) == results(fast=fast, workers=1)


@pytest.fixture(scope="module")
def processes() -> Any:
    """What `with_processes` found."""
    return answer(in_a_process_of_its_own("processes"))


def test_processes_give_the_same_bytes(processes: Any) -> None:
    assert processes["results"] == [results(fast=fast, workers=1) for fast in (True, False)]


def test_processes_are_given_the_data_in_the_layout_that_threads_are_given(processes: Any) -> None:
    """On which the rounding of sums may depend; pickling changes some."""
    in_this_process, in_another = processes["layouts"]
    assert in_this_process == in_another


def test_an_error_in_a_process_tells_its_traceback_and_leaves_the_executor_usable(processes: Any) -> None:
    assert processes["error"] == "this layer takes no negatives"
    assert "in give_up_on_negatives" in processes["cause"]
    assert processes["afterwards"] == 3


@needs_blas
def test_blas_in_a_worker_process_is_held_too(processes: Any) -> None:
    assert set(processes["free"]) == {2}
    assert len(processes["held"]) == 8
    assert all(set(threads) == {1} for threads in processes["held"]), processes["held"]


def test_each_micro_batch_draws_dropout_masks_of_its_own() -> None:
    masks = []

    def watch(x: Array, _: bool) -> Array:
        masks.append(x.tobytes())
        return x

    network_of(Dropout(0.5, input_shape=(3,)), Own(watch)).fit(
        np.ones_like(ROWS), ROWS, len(ROWS), verbose=0, workers=2
    )
    assert len(masks) > 1
    assert len(set(masks)) == len(masks)


class Counting(Own):
    """Adds a parameter to x, whose gradient is what a test makes it."""

    def __init__(self, gradient: Callable[["Counting"], Any]) -> None:
        super().__init__(lambda x, _: x + self.params["shift"])
        self.gradient, self.kept = gradient, np.ones((), np.float32)

    def make_params(self, input_shape: Shape, rng: Rng, dtype: Any) -> dict[str, Array]:
        return {"shift": np.ones((), dtype)}

    def backward(self, dy: Array, cache: None) -> tuple[Array, dict[str, Array]]:
        return dy, {"shift": self.gradient(self)}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("gradient", "each"),
    [
        (lambda _: np.float32(0.25), 0.25),
        (lambda _: np.full((), 0.25, np.float32), 0.25),
        (lambda layer: layer.kept, 1.0),
        (lambda layer: layer.params["shift"], 1.0),
    ],
    ids=["a scalar", "a new array", "an array of the layer's", "a parameter"],
)
def test_the_gradient_of_a_layer_of_ones_own_is_summed_and_left_alone(
    gradient: Callable[[Counting], Any], each: float, workers: int
) -> None:
    layer = Counting(gradient)
    network_of(layer).fit(ROWS, ROWS, len(ROWS), verbose=0, workers=workers)
    (count,) = cuts(len(ROWS), len(ROWS), min_examples(network_of(Counting(gradient))))
    assert count > 1
    assert layer.get_weights() == [1.0 - count * each]
    assert layer.kept == 1.0


# ---------------------------------------------------------------- threads


@pytest.mark.parametrize("share", [{"workers": 1}, {"workers": 3}, {"executor": True}], ids=repr)
def test_no_scratch_memory_is_kept_in_any_thread(share: dict[str, Any]) -> None:
    """Nor in those of an executor of the caller's own, which go on."""
    with ThreadPoolExecutor(2) as executor:
        how = {"executor": executor} if "executor" in share else share
        x, y = small_data(EXAMPLES)
        model = network(fast=True)
        for work in (model.fit, model.evaluate):
            work(x, y, TO_LEARN, verbose=0, **how)
            assert not any(buffers.free or buffers.in_use for buffers in scratch.ALL_BUFFERS)
        model.predict(x, verbose=0, **how)
        assert not any(buffers.free or buffers.in_use for buffers in scratch.ALL_BUFFERS)


@pytest.mark.parametrize("method", METHODS)
def test_two_workers_work_at_the_same_time(method: str) -> None:
    both, met = threading.Barrier(2), threading.Event()

    def meet(x: Array, _: bool) -> Array:
        if not met.is_set():
            both.wait(timeout=30)
            met.set()
        return x

    METHODS[method](network_of(Own(meet)), workers=2)


def test_two_workers_update_a_large_parameter_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parameters of 3 rows and of 3 biases are four parts here, each a piece of work."""
    both, met, step = threading.Barrier(2), threading.Event(), SGD.step

    def meet(self: SGD, name: str, w: Array, g: Array, slots: dict[str, Array]) -> None:
        if not met.is_set():
            both.wait(timeout=30)
            met.set()
        step(self, name, w, g, slots)

    monkeypatch.setattr(base, "PART_BYTES", 4 * 3)
    monkeypatch.setattr(base, "JOB_BYTES", 1)
    monkeypatch.setattr(SGD, "step", meet)
    METHODS["fit"](network_of(Dense(3, input_shape=(3,))), workers=2)
    assert met.is_set()


@pytest.mark.parametrize("workers", [1, 3])
def test_no_thread_is_left(workers: int) -> None:
    before = threading.enumerate()
    for method in METHODS.values():
        method(network_of(Dense(3, input_shape=(3,))), workers=workers)
        assert threading.enumerate() == before
    network_of(Dense(3, input_shape=(3,))).train_on_batch(ROWS, ROWS)
    network_of(Dense(3, input_shape=(3,))).test_on_batch(ROWS, ROWS)
    assert threading.enumerate() == before


class Raising(Callback):
    """Raises at one of its hooks."""

    def __init__(self, hook: str) -> None:
        setattr(self, hook, self.fail)

    def fail(self, *_: object) -> None:
        raise RuntimeError("this callback raises")


NOT_OF_TRAINING = ("on_predict_", "on_test_")
HOOKS = [hook for hook in vars(Callback) if hook.startswith("on_") and not hook.startswith(NOT_OF_TRAINING)]


@pytest.mark.parametrize("hook", HOOKS)
def test_an_error_in_a_callback_leaves_no_thread_and_restores_the_settings(
    two_threads: tuple[list[int], float], hook: str
) -> None:
    before = threading.enumerate()
    with pytest.raises(RuntimeError, match="this callback raises"):
        METHODS["fit"](network_of(Dense(3, input_shape=(3,))), workers=3, callbacks=Raising(hook))
    assert threading.enumerate() == before
    assert settings_now() == two_threads


def raising_metric(y_true: Array, y_pred: Array) -> Array:
    raise RuntimeError("this metric raises")


@pytest.mark.parametrize("method", ["fit", "evaluate"])
def test_no_thread_is_left_after_an_error_in_a_metric(method: str) -> None:
    before = threading.enumerate()
    with pytest.raises(RuntimeError, match="this metric raises"):
        METHODS[method](network_of(Dense(3, input_shape=(3,)), metrics=[raising_metric]), workers=3)
    assert threading.enumerate() == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for a child process alone")
def test_ctrl_c_ends_training_and_leaves_no_thread_and_no_process() -> None:
    process = in_a_process_of_its_own("until Ctrl-C")
    try:
        assert process.stdout is not None
        forked = sys.platform == "linux"
        threads = ["MainThread"] if forked else ["MainThread", "numpycnn_0"]
        assert process.stdout.readline() == f"begun {threads} {forked}\n"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert out == f"['MainThread'] {sys.getswitchinterval()} False\n"
    assert process.returncode == -signal.SIGINT, err


# ---------------------------------------------------------------- errors in workers


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_an_error_in_a_worker_reaches_the_caller_and_leaves_no_thread(workers: int) -> None:
    before = threading.enumerate()
    model = network_of(Own(give_up_on_negatives), Dense(3))
    with pytest.raises(RuntimeError, match="this layer takes no negatives") as raised:
        METHODS["fit"](model, MARKED, workers=workers)
    assert "give_up_on_negatives" in [entry.name for entry in raised.traceback]
    assert threading.enumerate() == before
    METHODS["fit"](model, ROWS, workers=workers)


def test_an_error_in_a_thread_of_the_callers_own_leaves_it_usable() -> None:
    with ThreadPoolExecutor(2) as executor:
        with pytest.raises(RuntimeError, match="this layer takes no negatives") as raised:
            METHODS["fit"](network_of(Own(give_up_on_negatives), Dense(3)), MARKED, executor=executor)
        assert "give_up_on_negatives" in [entry.name for entry in raised.traceback]
        for method in METHODS.values():
            method(network_of(Dense(3, input_shape=(3,))), executor=executor)
        assert executor.submit(abs, -3).result() == 3


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("workers", [1, 2])
def test_the_callers_errstate_holds_in_the_workers(method: str, workers: int) -> None:
    model = network_of(Own(overflow))
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        METHODS[method](model, workers=workers)
    with np.errstate(over="warn"), pytest.warns(RuntimeWarning, match="overflow encountered in exp"):
        model.predict(ROWS, verbose=0, workers=workers)
    with np.errstate(over="ignore"):
        model.predict(ROWS, verbose=0, workers=workers)


# ---------------------------------------------------------------- BLAS and Python's settings


class Watching(Callback):
    """What the settings are as a batch begins, and when one goes wrong."""

    def __init__(self) -> None:
        self.seen: list[tuple[list[int], float]] = []

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self.seen.append(settings_now())


def is_held(settings: tuple[list[int], float]) -> bool:
    return set(settings[0]) == {1} and settings[1] == pytest.approx(parallel.SWITCH_SECONDS, rel=0.02)


@needs_blas
@pytest.mark.parametrize("workers", [1, 2])
def test_blas_is_held_to_one_thread_while_the_work_lasts(two_threads: tuple[list[int], float], workers: int) -> None:
    watching = Watching()
    assert set(two_threads[0]) == {2}
    METHODS["fit"](network_of(Dense(3, input_shape=(3,))), callbacks=watching, workers=workers)
    assert len(watching.seen) == 2
    assert all(map(is_held, watching.seen)), watching.seen
    assert settings_now() == two_threads


@needs_blas
@pytest.mark.parametrize("method", METHODS)
def test_blas_is_held_in_the_workers_too(two_threads: tuple[list[int], float], method: str) -> None:
    seen = []

    def watch(x: Array, _: bool) -> Array:
        seen.append(settings_now())
        return x

    METHODS[method](network_of(Own(watch)), workers=2)
    with ThreadPoolExecutor(2) as executor:
        METHODS[method](network_of(Own(watch)), executor=executor)
    assert len(seen) > 2
    assert all(map(is_held, seen)), seen
    assert settings_now() == two_threads


@needs_blas
@pytest.mark.parametrize("method", METHODS)
def test_the_settings_are_restored_after_an_error(two_threads: tuple[list[int], float], method: str) -> None:
    def fail(x: Array, _: bool) -> Array:
        raise RuntimeError("this layer fails")

    for workers in (1, 2):
        with pytest.raises(RuntimeError, match="this layer fails"):
            METHODS[method](network_of(Own(fail)), workers=workers)
        assert settings_now() == two_threads
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        METHODS[method](network_of(Dense(3, input_shape=(3,))), executor=executor)
    assert settings_now() == two_threads


@needs_blas
def test_uses_that_overlap_keep_the_settings_to_the_end_of_the_last(two_threads: tuple[list[int], float]) -> None:
    settings = ThreadSettings()
    for _ in range(2):
        settings.__enter__()
        assert is_held(settings_now())
        settings.__enter__()
        settings.__enter__()
        settings.__exit__(None, None, None)
        settings.__exit__(RuntimeError, RuntimeError(), None)
        assert is_held(settings_now())
        settings.__exit__(None, None, None)
        assert settings_now() == two_threads


@needs_blas
def test_a_predict_that_outlives_another_use_keeps_the_settings(two_threads: tuple[list[int], float]) -> None:
    """In another thread, which goes on when the first use has ended."""
    begun, other_ended, seen = threading.Event(), threading.Event(), []

    def watch(x: Array, _: bool) -> Array:
        begun.set()
        assert other_ended.wait(timeout=30)
        seen.append(settings_now())
        return x

    predict = threading.Thread(target=network_of(Own(watch)).predict, args=[ROWS], kwargs={"workers": 2})
    with THREAD_SETTINGS:
        predict.start()
        assert begun.wait(timeout=30)
    other_ended.set()
    predict.join()
    assert len(seen) > 1
    assert all(map(is_held, seen)), seen
    assert sys.getswitchinterval() == two_threads[1]


@needs_blas
def test_blas_is_held_in_a_fit_in_a_thread_of_the_callers_own() -> None:
    before, watching = settings_now(), Watching()
    model = network_of(Dense(3, input_shape=(3,)))
    fit = threading.Thread(target=METHODS["fit"], args=[model], kwargs={"callbacks": watching, "workers": 2})
    fit.start()
    fit.join()
    assert len(watching.seen) == 2
    assert all(map(is_held, watching.seen)), watching.seen
    assert settings_now() == before


def test_a_shorter_switch_interval_of_the_users_stays() -> None:
    before, own = sys.getswitchinterval(), parallel.SWITCH_SECONDS / 2
    sys.setswitchinterval(own)
    try:
        with THREAD_SETTINGS:
            assert sys.getswitchinterval() == pytest.approx(own, rel=0.05)
        assert sys.getswitchinterval() == pytest.approx(own, rel=0.05)
    finally:
        sys.setswitchinterval(before)


@needs_blas
@pytest.mark.usefixtures("two_threads")
def test_blas_is_held_for_a_caller_in_another_process() -> None:
    parallel.limit_blas.cache_clear()
    assert set(parallel.in_worker(b"another process", blas_threads, None)) == {1}


@needs_blas
def test_blas_is_left_to_the_caller_in_the_callers_own_process(two_threads: tuple[list[int], float]) -> None:
    parallel.limit_blas.cache_clear()
    assert parallel.in_worker(token(), blas_threads, None) == two_threads[0]
    assert settings_now() == two_threads


def forget_blas() -> None:
    """Let the next who asks look for BLAS anew."""
    for known in (blas.threadpool_controller, blas.openblas_threads, parallel.limit_blas):
        known.cache_clear()


@pytest.fixture
def no_threadpoolctl(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    forget_blas()
    yield
    forget_blas()


@pytest.fixture
def unknown_blas(monkeypatch: pytest.MonkeyPatch, no_threadpoolctl: None) -> None:
    """Neither threadpoolctl nor an OpenBLAS where NumPy's packages have theirs."""
    monkeypatch.setattr(blas, "library_paths", lambda: iter(()))


needs_openblas = pytest.mark.skipif(blas.openblas_threads() is None, reason="NumPy has no OpenBLAS here")


@pytest.fixture
def threadpoolctl_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As for a BLAS that is not OpenBLAS."""
    monkeypatch.setattr(blas, "library_paths", lambda: iter(()))
    forget_blas()
    yield
    forget_blas()


@needs_openblas
@pytest.mark.parametrize("other", ["no_threadpoolctl", "threadpoolctl_alone"])
@pytest.mark.parametrize("fast", [True, pytest.param(False, marks=pytest.mark.deep)])
def test_the_bytes_are_the_same_with_threadpoolctl_and_without(
    fast: bool, other: str, request: pytest.FixtureRequest
) -> None:
    expected = results(fast=fast, workers=1)
    request.getfixturevalue(other)
    ways: list[dict[str, Any]] = [{}, {"workers": 1}, {"workers": 2}]
    assert all(results(fast=fast, **how) == expected for how in ways)


@needs_openblas
@pytest.mark.parametrize("how", ["no_threadpoolctl", "threadpoolctl_alone"])
@pytest.mark.parametrize("workers", [1, 2])
def test_blas_is_held_and_restored_either_way(
    two_threads: tuple[list[int], float], workers: int, how: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(how)
    watching = Watching()
    METHODS["fit"](network_of(Dense(3, input_shape=(3,))), callbacks=watching, workers=workers)
    assert len(watching.seen) == 2
    assert all(map(is_held, watching.seen)), watching.seen
    assert settings_now() == two_threads


@needs_openblas
@pytest.mark.usefixtures("no_threadpoolctl")
def test_what_is_no_library_or_another_one_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the search for OpenBLAS."""
    no_library, found = tmp_path / "openblas.so", list(blas.library_paths())
    no_library.write_bytes(b"openblas")
    another = Path(_ctypes.__file__)
    monkeypatch.setattr(blas, "library_paths", lambda: iter([no_library, another, *found]))
    assert blas.can_limit_threads()
    blas.openblas_threads.cache_clear()
    monkeypatch.setattr(blas, "library_paths", lambda: iter([no_library, another]))
    assert not blas.can_limit_threads()


@pytest.mark.usefixtures("unknown_blas")
def test_with_an_unknown_blas_there_is_one_worker_by_default() -> None:
    assert blas.single_thread() is None
    assert check_workers("x", None, None) == 1
    assert check_workers("x", 3, None) == 3
    with ThreadPoolExecutor(1) as executor:
        assert check_workers("x", None, executor) == 1
    assert check_workers("x", None, Executor()) == processors()
    seen = set()

    def watch(x: Array, _: bool) -> Array:
        seen.add(threading.current_thread())
        return x

    for method in METHODS.values():
        method(network_of(Own(watch)))
    assert seen == {threading.current_thread()}


@pytest.mark.usefixtures("unknown_blas")
@pytest.mark.parametrize("fast", [True, pytest.param(False, marks=pytest.mark.deep)])
def test_with_an_unknown_blas_any_number_of_workers_gives_the_same_bytes(fast: bool) -> None:
    with ThreadPoolExecutor(2) as executor:
        default, *others = (results(fast=fast, **how) for how in ({}, {"workers": 3}, {"executor": executor}))
    assert all(other == default for other in others)


@pytest.mark.usefixtures("unknown_blas")
def test_with_an_unknown_blas_a_worker_process_does_its_work() -> None:
    assert parallel.in_worker(b"another process", abs, -3) == 3


# ---------------------------------------------------------------- the map


def test_results_come_in_the_order_of_the_jobs() -> None:
    """Each job ends only after the one that follows it."""
    ended = [threading.Event() for _ in range(5)]
    ended[4].set()

    def job(number: int) -> int:
        assert ended[number + 1].wait(timeout=30)
        ended[number].set()
        return number

    with ThreadPoolExecutor(4) as executor:
        assert list(map_in_order(executor.submit, 4, job, range(4))) == [0, 1, 2, 3]


class ByHand(Executor):
    """Runs as many jobs as it is told to, at once, and leaves the others waiting."""

    def __init__(self, runs: int) -> None:
        self.runs = runs
        self.futures: list[Future[Any]] = []

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        future: Future[Any] = Future()
        self.futures.append(future)
        if len(self.futures) <= self.runs:
            try:
                future.set_result(function(*arguments, **named))
            except RuntimeError as error:
                future.set_exception(error)
        return future

    def cancelled(self) -> list[bool]:
        return [future.cancelled() for future in self.futures]


@pytest.mark.parametrize("ahead", [1, 2, 5, 100])
def test_so_many_jobs_are_given_out_ahead_and_no_more(ahead: int) -> None:
    jobs, executor, most = iter(range(20)), ByHand(20), 0
    for taken, result in enumerate(map_in_order(executor.submit, ahead, lambda job: job * job, jobs)):
        assert result == taken**2
        most = max(most, len(executor.futures) - taken)
        assert len(executor.futures) == min(20, ahead + taken)
    assert taken == 19
    assert most == min(ahead, 20)
    assert executor.cancelled() == [False] * 20


def test_jobs_not_begun_are_cancelled_when_no_more_results_are_wanted() -> None:
    executor = ByHand(1)
    results = map_in_order(executor.submit, 4, abs, range(20))
    assert next(results) == 0
    results.close()  # type: ignore[attr-defined]
    assert executor.cancelled() == [False, True, True, True]


def test_jobs_not_begun_are_cancelled_when_one_fails() -> None:
    def fail(job: int) -> int:
        if job == 1:
            raise RuntimeError("this job fails")
        return job

    executor = ByHand(2)
    results = map_in_order(executor.submit, 4, fail, range(20))
    assert next(results) == 0
    with pytest.raises(RuntimeError, match="this job fails"):
        next(results)
    assert executor.cancelled() == [False, False, True, True, True]


def test_jobs_not_begun_are_cancelled_when_there_are_no_more_to_come() -> None:
    def jobs() -> Iterator[int]:
        yield from range(3)
        raise RuntimeError("no more")

    executor = ByHand(0)
    with pytest.raises(RuntimeError, match="no more"):
        next(map_in_order(executor.submit, 4, abs, jobs()))
    assert executor.cancelled() == [True, True, True]


def test_work_on_the_callers_arrays_stays_in_its_process() -> None:
    """An executor's workers may be processes, which have no part in it; threads of the library's own do."""

    def who(_: int) -> int:
        return threading.get_ident()

    with ThreadPoolExecutor(2) as executor, worker_pool(2, executor) as pool:
        assert set(pool.run_here(who, range(4))) == {threading.get_ident()}
        assert threading.get_ident() not in pool.run(who, range(4))
    both = threading.Barrier(2)

    def meet(_: int) -> int:
        both.wait(timeout=30)
        return threading.get_ident()

    with worker_pool(2) as pool:
        found = list(pool.run_here(meet, range(2)))
    assert threading.get_ident() in found
    assert len(set(found)) == 2


def test_threads_begin_no_job_after_one_has_failed() -> None:
    begun = []

    def fail(job: int) -> None:
        begun.append(job)
        if job == 0:
            raise RuntimeError("this job fails")
        time.sleep(0.05)

    with pytest.raises(RuntimeError, match="this job fails"), worker_pool(2) as pool:
        list(pool.run(fail, range(100)))
    count = len(begun)
    assert count <= 4
    time.sleep(0.1)
    assert len(begun) == count


def test_threads_begin_no_job_after_the_caller_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the results are still there to be asked for. The pool's thread waits in a job of its own meanwhile."""
    inside, cancelled, may_end = threading.Event(), threading.Event(), threading.Event()
    late, shutdown = [], ThreadPoolExecutor.shutdown

    def job(number: int) -> None:
        if cancelled.is_set():
            late.append(number)
        if number > 0 and threading.current_thread() is not threading.main_thread():
            inside.set()
            may_end.wait(timeout=30)

    def watched(pool: ThreadPoolExecutor, wait: bool = True, *, cancel_futures: bool = False) -> None:
        shutdown(pool, wait=False, cancel_futures=cancel_futures)
        cancelled.set()
        may_end.set()
        shutdown(pool, wait=wait)

    def fail() -> None:
        with worker_pool(2) as pool:
            results = pool.run(job, range(100))
            next(results)
            inside.wait(timeout=10)
            raise RuntimeError("the caller fails")

    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", watched)
    with pytest.raises(RuntimeError, match="the caller fails"):
        fail()
    assert late == []


# ---------------------------------------------------------------- arguments


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("argument", "value", "error"),
    [
        ("workers", 0, ValueError),
        ("workers", -1, ValueError),
        ("workers", 1.5, TypeError),
        ("workers", True, TypeError),
        ("workers", "2", TypeError),
        pytest.param("executor", object(), TypeError, id="executor-object"),
        ("executor", 3, TypeError),
        ("executor", ThreadPoolExecutor, TypeError),
    ],
    ids=repr,
)
def test_bad_workers_are_named_before_anything_changes(
    method: str, argument: str, value: Any, error: type[Exception]
) -> None:
    model = network_of(Flatten(), Dense(3))
    before = fingerprint(model)
    with pytest.raises(error, match=rf"^sequential\.{method}: {argument} must be .*; received "):
        METHODS[method](model, **{argument: value})
    assert fingerprint(model) == before
    assert not model.built


@pytest.mark.parametrize("workers", [np.int64(2), np.uint8(2)])
def test_numpys_integers_are_numbers_of_workers(workers: Any) -> None:
    for method in METHODS.values():
        method(network_of(Dense(3, input_shape=(3,))), workers=workers)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes cannot be bound to processors here")
def test_only_processors_that_the_process_may_use_count() -> None:
    allowed = os.sched_getaffinity(0)
    assert processors() == len(allowed)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert processors() == check_workers("x", None, None) == 1
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize(("found", "expected"), [(6, 6), (None, 1)])
def test_elsewhere_all_processors_count(monkeypatch: pytest.MonkeyPatch, found: int | None, expected: int) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: found)
    assert processors() == check_workers("x", None, None) == expected


if __name__ == "__main__":
    ask, *arguments = sys.argv[1:]
    jobs: dict[str, Callable[..., object]] = {
        "threads": with_threads,
        "processes": with_processes,
        "until Ctrl-C": until_ctrl_c,
    }
    print(json.dumps(jobs[ask](*arguments)))
