"""Many trainings: on processes, on arrays, with workers and data that are lost, and with a part held out."""

import os
import pickle
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import MnistData, mnist_images

from numpycnn import models
from numpycnn.engine.executors import executor_size
from numpycnn.engine.workers import check_workers, processors
from numpycnn.layers import Conv2D, Dense, Dropout, Flatten, Rescaling
from numpycnn.recipes import Failed, Recipe, Trained, run_all
from numpycnn.recipes import held as held_data
from numpycnn.recipes.data import digest, hold_out, load_data, of_arrays
from numpycnn.recipes.held import held
from numpycnn.recipes.many import file_of

LAYERS = [Flatten(), Dropout(0.1), Dense(10, activation="softmax")]
RECIPE = Recipe("some", LAYERS, preparation=[Rescaling(1 / 255)], batch_size=50)
FOUR = [RECIPE.replace(seed=seed) for seed in range(4)]


def arrays() -> Any:
    (x_train, y_train), (x_test, y_test) = mnist_images()
    return (x_train[:300], y_train[:300]), (x_test[:100], y_test[:100])


def weights(found: Any) -> list[bytes]:
    assert isinstance(found, Trained), found
    return [w.tobytes() for w in found.model.get_weights()]


def figures(found: Any) -> Any:
    """All that a training gives but its seconds."""
    slots = found.model.optimizer.state.items()
    optimizer = {(slot, name): array.tobytes() for slot, arrays in slots for name, array in arrays.items()}
    return weights(found), found.loss, found.accuracy, found.history.history, optimizer


class Recording(Executor):
    """So many workers, each with data of its own; each task goes to the next, and what is sent is counted."""

    def __init__(self, workers: int) -> None:
        self.num_workers = workers
        self.held: list[dict[str, Any]] = [{} for _ in range(workers)]
        self.sent: list[int] = []
        self.open: set[Future[Any]] = set()

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
        task = pickle.dumps((function, arguments))
        here = len(self.sent) % self.num_workers
        self.sent.append(len(task))
        held_data.HELD.clear()
        held_data.HELD.update(self.held[here])
        function, arguments = pickle.loads(task)  # noqa: S301
        future: Future[Any] = Future()
        future.set_result(pickle.loads(pickle.dumps(function(*arguments))))  # noqa: S301
        self.held[here] = dict(held_data.HELD)
        return future


@pytest.mark.usefixtures("part_of_mnist")
def test_a_task_with_a_named_data_set_sends_less_than_ten_kilobytes() -> None:
    executor = Recording(2)
    assert [figures(one) for one in run_all(FOUR, executor, verbose=0)] == [
        figures(one) for one in run_all(FOUR, verbose=0)
    ]
    assert len(executor.sent) == 4
    assert max(executor.sent) < 10_000
    assert [list(held) for held in executor.held] == [["mnist"], ["mnist"]]
    assert held_data.HELD == {}


def test_arrays_are_sent_once_to_each_worker() -> None:
    data, eight = arrays(), [RECIPE.replace(seed=seed) for seed in range(8)]
    executor, size = Recording(2), sum(array.nbytes for pair in data for array in pair)
    found = run_all(eight, executor, data=data, verbose=0)
    large = [sent for sent in executor.sent if sent > 10_000]
    assert len(large) == 2
    assert max(large) < size + 10_000
    assert len(executor.sent) == 8 + 2
    alone = [recipe.run(data, verbose=0) for recipe in eight]
    assert [figures(one) for one in found] == [figures(one) for one in alone]
    assert [one.recipe for one in found] == [one.recipe for one in alone]


@pytest.mark.deep
def test_real_processes_give_the_bytes_of_one_after_the_other() -> None:
    data = arrays()
    with ProcessPoolExecutor(2, get_context("spawn")) as executor:
        found = run_all([*FOUR[:2], RECIPE.replace(layers=[Conv2D(1, 40)])], executor, data=data, verbose=0)
    assert isinstance(found[2], Failed)
    assert "a window that spans 40 by 40 pixels does not fit" in found[2].traceback
    assert [figures(one) for one in found[:2]] == [figures(one) for one in run_all(FOUR[:2], data=data, verbose=0)]


def end_process(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Deadly(Executor):
    """Processes, of which one kills itself in place of the second task, when the first is done."""

    def __init__(self, processes: Executor) -> None:
        self.processes, self.tasks = processes, list[Future[Any]]()

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
        if len(self.tasks) == 1:
            self.tasks[0].result()
            function = end_process
        self.tasks.append(self.processes.submit(function, *arguments))
        return self.tasks[-1]


@pytest.mark.deep
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="processes cannot kill themselves here")
def test_a_lost_process_loses_no_finished_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = arrays()
    with ProcessPoolExecutor(1, get_context("spawn")) as processes:
        executor = Deadly(processes)
        found = run_all(FOUR, executor, tmp_path, data=(data[0], data[1]), workers=1)
    kept = [isinstance(one, Trained) for one in found]
    assert kept.count(False) >= 2
    assert "BrokenProcessPool" in capsys.readouterr().out
    again = run_all(FOUR, None, tmp_path, data=data)
    assert capsys.readouterr().out.count("of the test examples") == kept.count(False)
    assert [weights(one) for one in again] == [weights(recipe.run(data, verbose=0)) for recipe in FOUR]


def test_an_executor_that_takes_nothing_fails_each_task() -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    found = run_all(FOUR[:2], executor, verbose=0)
    assert ["cannot schedule new futures" in one.traceback for one in found if isinstance(one, Failed)] == [True] * 2


@pytest.mark.usefixtures("part_of_mnist")
def test_tasks_that_were_not_begun_are_cancelled_by_ctrl_c() -> None:
    class Waiting(ThreadPoolExecutor):
        tasks: list[Future[Any]] = []  # noqa: RUF012

        def submit(self, function: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
            self.tasks.append(Future() if self.tasks else super().submit(function, *arguments))
            return self.tasks[-1]

    def ctrl_c(*_: Any) -> None:
        raise KeyboardInterrupt

    with Waiting(1) as executor, pytest.MonkeyPatch.context() as patch:
        patch.setattr("numpycnn.recipes.many.line", ctrl_c)
        with pytest.raises(KeyboardInterrupt):
            run_all([RECIPE.replace(layers=[Conv2D(1, 40)]), *FOUR[:2]], executor)
    assert [task.cancelled() for task in executor.tasks] == [False, True, True]


@pytest.mark.usefixtures("part_of_mnist")
def test_a_trainer_in_a_worker_takes_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """In its test, too."""
    seen = []

    def watched(owner: str, workers: Any, executor: Any) -> int:
        seen.append((owner.rpartition(".")[2], workers))
        return check_workers(owner, workers, executor)

    monkeypatch.setattr(models, "check_workers", watched)
    with ThreadPoolExecutor(1) as executor:
        run_all([RECIPE], executor, verbose=0)
    assert seen == [("fit", 1), ("evaluate", 1)]


def test_names_make_file_names_and_configurations_make_them_whatever_their_order() -> None:
    assert file_of("kept", RECIPE.replace(name="../a b/c", seed=3)).name.startswith(".._a_b_c-3-")
    config = {"max_learning_rate": 0.5, "pct_start": 0.2}
    one, two = (
        RECIPE.replace(schedule={"class_name": "OneCycle", "config": dict(items)})
        for items in (config.items(), reversed(config.items()))
    )
    assert file_of("kept", one) == file_of("kept", two)


# ------------------------------------------------------------ data


def test_a_fold_is_held_out_and_tested_on(part_of_mnist: MnistData) -> None:
    (x, y), _ = part_of_mnist
    found = RECIPE.replace(fold=(1, 4)).run(verbose=0)
    assert found.recipe.fold == [1, 4]
    kept = np.r_[0:250, 500:1000]
    assert weights(found) == weights(RECIPE.run(((x[kept], y[kept]), (x[:1], y[:1])), verbose=0))
    predicted = found.model.predict(x[250:500, :, :, None], verbose=0).argmax(axis=1)
    assert found.accuracy == np.mean(predicted == y[250:500])
    assert weights(RECIPE.replace(fold=(1, 4)).run((x, y), verbose=0)) == weights(found)


@pytest.mark.parametrize("count", [5, 6, 7, 23])
def test_folds_are_all_examples_once(count: int) -> None:
    x, y = np.arange(count)[:, None] * 1.0, np.arange(count)
    parts = [hold_out(of_arrays((x, y)), (k, 5)) for k in range(5)]
    assert np.concatenate([y_test for _, (_, y_test) in parts]).tolist() == y.tolist()
    for (x_train, y_train), (x_test, y_test) in parts:
        assert sorted([*y_train, *y_test]) == y.tolist()
        assert x_train[:, 0].tolist() == y_train.tolist()
        assert x_test[:, 0].tolist() == y_test.tolist()


def test_a_part_without_a_class_is_learned_from_and_tested_on() -> None:
    x, y = np.random.default_rng(0).normal(size=(20, 4)), np.repeat([0, 1], 10)
    recipe = Recipe("rows", [Dense(3, activation="softmax")], fold=(1, 2))
    assert recipe.run((x, y), verbose=0).model.output_shape == (None, 3)
    assert recipe.replace(loss="mse").run((x, y[::-1]), verbose=0).loss > 0


def test_arrays_are_known_by_what_is_in_them() -> None:
    (x, y), test = arrays()
    name = digest(of_arrays(((x, y), test)))
    assert RECIPE.run(((x, y), test), verbose=0).recipe.data == name
    assert name == digest(of_arrays(((np.asfortranarray(x), y[:, None]), test)))
    others = [
        ((x.reshape(300, 56, 14), y), (test[0].reshape(100, 56, 14), test[1])),
        ((x[::-1], y), test),
        ((x.astype(float), y), test),
        ((x[..., None][:, :, :14], y), (test[0][:, :, :14], test[1])),
    ]
    assert len({name, *(digest(of_arrays(other)) for other in others)}) == 5
    assert RECIPE.replace(data=name).data == name
    assert held(name, None) is None


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (3, TypeError, "Recipe: data must be a list; received 3"),
        ((3, 4), TypeError, "Recipe: data must be a list; received 3"),
        (([1], [2]), ValueError, "Recipe: expected 2 data; received 1"),
        ((np.ones(3), 3), TypeError, "Recipe: data must hold arrays; received 3"),
        (
            (np.ones((3, 2)), np.ones(4)),
            ValueError,
            "expected the same number of examples in each; received x: 3, y: 4",
        ),
        ((np.ones((3, 2)), np.ones((3, 4))), ValueError, "received x: 3, y: 12"),
        (
            (np.ones((3, 2)), np.ones(3)),
            ValueError,
            "expected examples to test on, in data or by a fold; received none",
        ),
        (((np.ones((3, 2)), np.ones(3)), (np.ones((3, 1)), np.ones(3))), ValueError, "the examples to test on"),
    ],
)
def test_other_data_is_refused(data: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        RECIPE.run(data)


def test_other_folds_are_refused() -> None:
    for fold, error, message in [
        (3, TypeError, "Recipe: fold must be a list; received 3"),
        ((3, 3), ValueError, "the part in fold must be at most 2; received 3"),
        ((0, 1), ValueError, "the number of parts in fold must be an integer of at least 2; received 1"),
    ]:
        with pytest.raises(error, match=message):
            RECIPE.replace(fold=fold)
    with pytest.raises(ValueError, match="expected at least as many examples as parts in fold, 4; received 3"):
        hold_out(of_arrays((np.ones((3, 2)), np.ones(3))), (0, 4))
    with pytest.raises(ValueError, match="Recipe: expected the arrays of sha256:12 as the argument data"):
        load_data("sha256:12")
    with pytest.raises(TypeError, match="run_all: workers must be an integer"):
        run_all([RECIPE], workers="2")  # type: ignore[arg-type]


# ------------------------------------------------------------ sizes of executors


class Client:
    def nthreads(self) -> dict[str, int]:
        return {"one": 2, "two": 3}


class OfClient(Executor):
    _client = Client()


def sizes() -> Iterator[tuple[Executor, int | None]]:
    yield ThreadPoolExecutor(3), 3
    yield Recording(7), 7
    yield OfClient(), 5
    yield Executor(), None


def test_an_executors_size_is_asked_for_by_the_names_it_has() -> None:
    for executor, expected in sizes():
        assert executor_size(executor) == expected
        assert check_workers("fit", None, executor) == expected or processors()
        assert check_workers("fit", 4, executor) == 4
