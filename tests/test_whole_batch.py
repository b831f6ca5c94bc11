"""Layers that look across the examples of a batch: they get all of it, and give the same bytes for any workers."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any, ClassVar

import numpy as np
import pytest
from faults import Fault, seeded
from networks import fingerprint

from numpycnn import Sequential
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.engine import training
from numpycnn.engine.batching import Data
from numpycnn.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, Layer
from numpycnn.layers.stage import Stage

ROWS = np.random.default_rng(0).normal(size=(600, 3)).astype(np.float32)
"""Three micro-batches or more."""

TARGETS = np.random.default_rng(1).normal(size=(600, 2)).astype(np.float32)


class Centered(Layer):
    """y = x less the batch's mean, and plus a parameter; its state is the mean of the last batch."""

    whole_batch = True
    seen: ClassVar[list[tuple[str, Array]]] = []

    def output_shape_for(self, input_shape: Shape) -> Shape:
        return input_shape

    def make_params(self, input_shape: Shape, rng: Rng, dtype: Any) -> dict[str, Array]:
        return {"shift": np.zeros(input_shape, dtype)}

    def make_state(self, input_shape: Shape, rng: Rng, dtype: Any) -> dict[str, Array]:
        return {"mean": np.zeros(input_shape, dtype)}

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Array | None]:
        self.seen.append(("forward", x))
        mean = x.mean(axis=0) if training and self.trainable else self.state["mean"]
        return x - mean + self.params["shift"], mean if training and self.trainable else None

    def backward(self, dy: Array, cache: Array | None) -> tuple[Array, dict[str, Array]]:
        self.seen.append(("backward", dy))
        dx = dy if cache is None else dy - dy.mean(axis=0)
        return dx, {"shift": dy.sum(axis=0)}

    def next_state(self, cache: Array | None) -> dict[str, Array]:
        return {} if cache is None else {"mean": cache}


def normalized() -> list[Layer]:
    return [Dense(4), BatchNormalization(), Dense(2)]


def centered() -> list[Layer]:
    return [Dense(4), Centered(), Dropout(0.5), Dense(2)]


def nested() -> list[Layer]:
    inner = Sequential([Dense(4, activation="relu"), Centered(), Dropout(0.5), Sequential([BatchNormalization()])])
    return [Dense(3), inner, Dense(2)]


NETWORKS: dict[str, Callable[[], list[Layer]]] = {"normalized": normalized, "centered": centered, "nested": nested}


def network(name: str, *, dtype: str = "float32") -> Sequential:
    model = Sequential(NETWORKS[name](), seed=0, dtype=dtype)
    model.build((3,))
    model.compile("adam", "mse")
    return model


def results(name: str, **share: Any) -> Any:
    """What two epochs, the second batch of each being short, an evaluation and a prediction give, to the last bit."""
    model = network(name)
    model.fit(ROWS, TARGETS, 400, epochs=2, verbose=0, **share)
    figures = model.evaluate(ROWS, TARGETS, verbose=0, **share), model.predict(ROWS, **share).tobytes()
    return fingerprint(model), figures


class LastFirst(ThreadPoolExecutor):
    """Threads of which the first ones given work are the last to end it."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        self.given = getattr(self, "given", 0) + 1
        seconds = 0.01 * (-self.given % 4)

        def late() -> Any:
            time.sleep(seconds)
            return function(*arguments, **named)

        return super().submit(late)


@pytest.fixture(scope="module")
def processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, get_context("spawn")) as executor:
        yield executor


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.deep] * (name != "nested")) for name in NETWORKS]
)
def test_any_workers_give_the_same_bytes(name: str, processes: Executor) -> None:
    alone = results(name, workers=1)
    for workers in (2, 3):
        assert results(name, workers=workers) == alone
    with ThreadPoolExecutor(2) as threads, LastFirst(4) as last_first:
        for executor in (threads, last_first, processes):
            assert results(name, executor=executor) == alone


@pytest.mark.parametrize(("kind", "taken"), [(LastFirst, True), (Executor, False)])
def test_exchanges_stay_in_this_process_unless_the_workers_are_threads(kind: type[Executor], taken: bool) -> None:
    """An executor that takes nothing raises NotImplementedError."""
    tasks: list[Any] = []

    class Watched(kind):  # type: ignore[misc, valid-type]
        def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
            tasks.append(function)
            return super().submit(function, *arguments, **named)

    with Watched(*[2] * taken) as executor:
        model = network("normalized")
        model.fit(ROWS, TARGETS, 600, verbose=0, executor=executor, workers=2)
    assert bool(tasks) == taken


@pytest.mark.parametrize("name", ["normalized", "nested without dropout"])
def test_several_micro_batches_give_what_one_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def trained() -> list[Array]:
        model = network(name.split()[0], dtype="float64")
        for _, layer in model.leaves():
            layer.__dict__.update({"rate": 0.0} if isinstance(layer, Dropout) else {})
        model.fit(ROWS, TARGETS, 600, epochs=3, verbose=0)
        return model.get_weights()

    several = trained()
    monkeypatch.setattr(training, "MAX_MICRO_BATCH", 1000)
    monkeypatch.setattr(training, "min_examples", lambda network: 1000)
    for ours, one in zip(several, trained(), strict=True):
        np.testing.assert_allclose(ours, one, rtol=1e-12, atol=1e-12)


def test_a_layer_sees_the_whole_batch_once_in_the_order_of_the_examples() -> None:
    Centered.seen.clear()
    model = Sequential([Centered(input_shape=(3,)), Dense(2)], seed=0)
    model.compile("sgd", "mse")
    model.fit(ROWS, TARGETS, 600, verbose=0, shuffle=False, workers=2)
    (forward, x), (backward, dy) = Centered.seen
    assert (forward, backward) == ("forward", "backward")
    assert x.tobytes() == ROWS.tobytes()
    assert dy.shape == (600, 3)
    shift = model.params["centered/shift"]  # whose gradient counts once, not once for each micro-batch
    np.testing.assert_allclose(shift, -0.01 * dy.sum(axis=0), rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(model.state["centered/mean"], ROWS.mean(axis=0), rtol=1e-4, atol=1e-6)


def test_random_numbers_for_the_whole_batch_are_those_of_the_first_micro_batch() -> None:
    """So they are the same however the batch is divided."""
    drawn = []

    class Drawing(Centered):
        def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Array | None]:
            assert rng is not None
            drawn.append(rng.random())
            return super().forward(x, training=training, rng=rng)

    model = Sequential([Dense(3, input_shape=(3,)), Drawing(), Dense(2)], seed=4)
    model.compile("sgd", "mse")
    for count in (600, 10):
        model.steps = 0
        model.train_on_batch(ROWS[:count], TARGETS[:count])
    assert drawn == [training.Position(4, 0).rng(0).spawn(3)[1].random()] * 2


def test_examples_are_not_mixed_up_where_micro_batches_meet() -> None:
    """Each example's own gradient comes back to it: through a layer that sees all, the same as without one.

    The three micro-batches are not of one length.
    """

    class Passing(Layer):
        """Looks at everything, and lets it pass."""

        whole_batch = True

        def output_shape_for(self, input_shape: Shape) -> Shape:
            return input_shape

        def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, None]:
            return x, None

        def backward(self, dy: Array, cache: None) -> tuple[Array, dict[str, Array]]:
            return dy, {}

    def trained(*between: Layer) -> list[bytes]:
        model = Sequential([Dense(4, activation="tanh", input_shape=(3,)), *between, Dense(2)], seed=0)
        model.layers[-1].set_weights([np.ones((4, 2)), np.zeros(2)])  # its seed goes by its index
        model.compile("sgd", "mse")
        model.fit(ROWS[:599], TARGETS[:599], 599, verbose=0)
        return [w.tobytes() for w in model.get_weights()]

    assert trained(Passing()) == trained()


def test_a_layer_that_sees_all_of_it_and_trains_nothing_gets_no_backward_at_the_start() -> None:
    """There is nothing below it that learns."""
    Centered.seen.clear()
    model = Sequential([Centered(input_shape=(3,)), Dense(2)], seed=0)
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    model.fit(ROWS, TARGETS, 600, verbose=0)
    assert {which for which, _ in Centered.seen} == {"forward"}


def test_images_are_normalized_on_both_paths_alike() -> None:
    """Of a fused convolution's output, in either data format."""
    images = np.random.default_rng(2).normal(size=(600, 6, 6, 1))

    def trained(fast: bool, data_format: str) -> list[Array]:
        first = data_format == "channels_first"
        layers = [
            Conv2D(3, 3, activation="relu", data_format=data_format),
            BatchNormalization(1 if first else -1),
            Flatten(data_format),
            Dense(2),
        ]
        model = Sequential(layers, seed=0, fast=fast, dtype="float64")
        model.compile("sgd", "mse")
        model.fit(np.moveaxis(images, -1, 1) if first else images, TARGETS, 600, epochs=2, verbose=0, workers=2)
        return model.get_weights()

    expected = trained(False, "channels_last")
    for fast, data_format in [(True, "channels_last"), (True, "channels_first"), (False, "channels_first")]:
        for ours, plain in zip(trained(fast, data_format), expected, strict=True):
            np.testing.assert_allclose(ours, plain, rtol=1e-12, atol=1e-14)


def test_a_pass_starts_anew_from_the_answers_that_it_was_given() -> None:
    """Where the process that ran it was lost; what it gives is the same, to the last bit."""
    model = network("normalized")
    assert model.loss is not None
    objective = training.make_objective(model, model.loss, model.dtype, fast=True)
    job = training.TrainingJob(0, 1, Data(ROWS, TARGETS), len(ROWS))
    one = training.Pass(objective, training.Position(0, 0), job)
    ends: list[Any] = []
    while not ends:
        anew = training.Pass(objective, training.Position(0, 0), job)
        anew.answers += one.answers
        here: Any = one.advance()
        there: Any = anew.advance()
        if isinstance(here, training.Finished):
            ends = [here.result, there.result]
        else:
            one.answers += here.answer([here.part])
    assert len(one.answers) == 2  # moments, and sums of gradients
    first, second = ends
    assert first.result.losses.tobytes() == second.result.losses.tobytes()
    assert {k: g.tobytes() for k, g in first.gradients.items()} == {k: g.tobytes() for k, g in second.gradients.items()}


# ---------------------------------------------------------------- state


class Forgetful(Centered):
    """Says that it looks at one example at a time, and moves its state by what it sees."""

    whole_batch = False


@pytest.mark.parametrize("nested", [False, True])
def test_a_state_that_a_part_of_the_batch_would_move_is_refused(nested: bool) -> None:
    model = Sequential([Dense(3, input_shape=(3,))])
    layer = Forgetful(name="mine")
    with pytest.raises(ValueError, match=r"mine: its next_state .* whole_batch = True"):
        model.add(Sequential([layer]) if nested else layer)
    assert [layer.name for layer in model.layers] == ["dense"]
    assert not layer.built


def test_forward_moves_no_state_and_a_step_moves_it_once() -> None:
    model = network("nested")
    before = {name: array.copy() for name, array in model.state.items()}

    def unmoved() -> bool:
        return all((model.state[name] == array).all() for name, array in before.items())

    model.forward(ROWS, training=True, rng=np.random.default_rng(0))
    model.predict(ROWS)
    model.evaluate(ROWS, TARGETS, verbose=0)
    model.trace(ROWS, TARGETS, training=True)
    model.profile(ROWS, TARGETS, repeats=1, print_fn=None)
    assert unmoved()
    expected = model.trace(ROWS, training=True).layers["sequential/centered"].input.mean(axis=0)
    model.train_on_batch(ROWS, TARGETS)
    np.testing.assert_allclose(model.state["sequential/centered/mean"], expected, rtol=1e-4, atol=1e-6)
    assert not unmoved()


def test_a_step_that_fails_moves_no_state(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network("nested")
    before = fingerprint(model)
    bad = ROWS.copy()
    bad[7, 1] = np.nan
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="the loss is nan"):
        model.train_on_batch(bad, TARGETS)
    assert fingerprint(model) == before


FAULTS = {
    "a part for the whole": Fault(Stage.forward_micro, "training and self.whole_batch", "False"),
    "the last part is the first": Fault(
        training.run_in_lockstep, "[step.part for step in steps]", "[step.part for step in steps[::-1]]"
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_seen(name: str) -> None:
    with seeded(FAULTS[name]), pytest.raises((AssertionError, ValueError, AttributeError)):
        test_a_layer_sees_the_whole_batch_once_in_the_order_of_the_examples()
