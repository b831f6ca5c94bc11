"""Where batches come from: arrays, files mapped into memory, sequences and generators."""

import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import fingerprint, small_data, small_network

from numpycnn import Sequential
from numpycnn.callbacks import BackupAndRestore, Callback
from numpycnn.callbacks.base import Logs
from numpycnn.common.typing import Array
from numpycnn.engine.batching import Data, Sizes
from numpycnn.engine.sources import ArraySource, share_of
from numpycnn.utils import PyDataset
from numpycnn.utils import Sequence as OlderName

X, Y = small_data(20)
WEIGHTS = np.linspace(0, 2, 20)
ENDED = "the data ended after"


class Batches(PyDataset):
    """Batches of four, and a note of what was asked for."""

    def __init__(self, *arrays: Array) -> None:
        super().__init__()
        self.arrays = arrays or (X, Y)
        self.asked: list[Any] = []

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> Any:
        self.asked.append(index)
        return tuple(array[4 * index : 4 * index + 4] for array in self.arrays)

    def on_epoch_begin(self) -> None:
        self.asked.append("begin")

    def on_epoch_end(self) -> None:
        self.asked.append("end")


class Endless(Batches):
    @property
    def num_batches(self) -> None:
        return None

    def __getitem__(self, index: int) -> Any:
        return super().__getitem__(index % 5)


def generator(*arrays: Array, passes: int = 100) -> Iterator[Any]:
    sequence = Batches(*arrays)
    for number in range(5 * passes):
        yield sequence[number % 5]


def trained(*given: Any, **how: Any) -> Sequential:
    model = small_network()
    model.fit(*given, **{"verbose": 0, "shuffle": False, "epochs": 2, **how})
    return model


SOURCES: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "a sequence": (lambda: Batches(), {}),
    "a sequence with weights": (lambda: Batches(X, Y, np.ones(20)), {}),
    "an endless sequence": (Endless, {"steps_per_epoch": 5}),
    "a generator": (generator, {"steps_per_epoch": 5}),
    "an iterator": (lambda: iter(list(generator(passes=2))), {"steps_per_epoch": 5}),
    "a generator of lists": (lambda: (list(batch) for batch in generator()), {"steps_per_epoch": 5}),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_batches_train_as_the_arrays_that_they_are_of(kind: str) -> None:
    source, how = SOURCES[kind]
    assert fingerprint(trained(source(), **how)) == fingerprint(trained(X, Y, batch_size=4))


def test_weights_come_with_the_batch_or_by_class() -> None:
    whole = trained(X, Y, batch_size=4, sample_weight=WEIGHTS)
    assert fingerprint(trained(Batches(X, Y, WEIGHTS))) == fingerprint(whole)
    by_class = trained(X, Y, batch_size=4, class_weight={1: 3.0})
    for source, how in ((Batches(), {}), (generator(), {"steps_per_epoch": 5})):
        assert fingerprint(trained(source, class_weight={1: 3.0}, **how)) == fingerprint(by_class)


def test_a_sequence_is_shuffled_as_its_batches() -> None:
    sequence = Batches()
    trained(sequence, shuffle=True)
    assert sequence.asked[0] == 0  # to see what the model is built for
    first, second = sequence.asked[1:8], sequence.asked[8:]
    for epoch in (first, second):
        assert (epoch[0], sorted(epoch[1:-1]), epoch[-1]) == ("begin", [0, 1, 2, 3, 4], "end")
    assert first != second
    again = Batches()
    trained(again, shuffle=True)
    assert again.asked == sequence.asked


def test_numbers_of_steps_that_divide_a_pass() -> None:
    """An epoch goes on where the last ended, and a pass ends with fewer batches where it must."""
    assert [share_of(epoch, 5, 2) for epoch in range(4)] == [slice(0, 2), slice(2, 4), slice(4, 6), slice(0, 2)]
    sequence = Batches()
    with pytest.warns(UserWarning, match=f"{ENDED} 1 of 2 steps"):
        history = trained(sequence, epochs=4, steps_per_epoch=2).history
    assert [one for one in sequence.asked[1:] if one not in ("begin", "end")] == [0, 1, 2, 3, 4, 0, 1]
    with pytest.warns(UserWarning, match=f"{ENDED} 1 of 2 steps"):
        arrays = trained(X, Y, batch_size=4, epochs=4, steps_per_epoch=2)
    assert history is not None
    assert arrays.history is not None
    assert arrays.history.history == history.history


def test_a_shuffled_pass_goes_on_in_its_order() -> None:
    """Two epochs of two steps and one of one see every example once."""
    seen: list[int] = []

    class Watch(Sequential):
        def _learn(self, objective: Any, step: Any, data: Any, order: Any, *others: Any) -> Any:
            seen.extend(order)
            return super()._learn(objective, step, data, order, *others)

    model = Watch(small_network().layers, seed=1)
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match=ENDED):
        model.fit(X, Y, batch_size=4, epochs=4, steps_per_epoch=2, verbose=0)
    assert sorted(seen[:20]) == list(range(20))
    assert seen[:20] != list(range(20))
    assert sorted(seen[20:]) != sorted(seen[:8])


def test_steps_without_a_batch_size_divide_the_examples() -> None:
    assert [len(batch) for batch in ArraySource(Data(np.zeros(70), np.zeros(70)), Sizes(None, None)).batches()] == [
        *(32, 32, 6)
    ]
    assert fingerprint(trained(X, Y, steps_per_epoch=3)) == fingerprint(trained(X, Y, batch_size=7))
    assert fingerprint(trained(X, Y, steps_per_epoch=2.25)) == fingerprint(trained(X, Y, batch_size=7))  # rounded up
    assert fingerprint(trained(X, Y)) == fingerprint(trained(X, Y, batch_size=32))
    with pytest.warns(UserWarning, match=f"{ENDED} 2 of 9 steps"):
        assert trained(X, Y, batch_size=10, steps_per_epoch=9, epochs=1).steps == 2


@pytest.mark.parametrize(
    ("left", "steps", "epochs", "warning"),
    [
        (10, 5, 2, None),
        (12, 5, 5, "after 2 of 5 steps"),
        (10, 5, 5, "before the last epoch"),
        (2, 5, 1, "after 2 of 5 steps"),
        (5, None, 1, None),
        (5, None, 2, "before the last epoch"),
    ],
)
def test_a_generator_that_ends_ends_training(left: int, steps: int | None, epochs: int, warning: str | None) -> None:
    batches = iter(list(generator(passes=3))[:left])
    model = small_network()
    with warnings.catch_warnings(record=True, action="always") as found:
        model.fit(batches, steps_per_epoch=steps, epochs=epochs, verbose=0)
    assert [str(one.message).partition(":")[0] for one in found] == [f"the data ended {warning}"] * bool(warning)
    assert model.steps == left
    assert model.history is not None
    assert model.history.epoch == list(range(-(-left // 5)))


def test_a_generator_is_taken_no_further_than_its_steps() -> None:
    batches = generator()
    trained(batches, steps_per_epoch=2, epochs=2)
    np.testing.assert_array_equal(next(batches)[0], X[16:])


def test_validation_from_batches() -> None:
    def figures(**how: Any) -> list[float]:
        model = trained(X, Y, **how)
        assert model.history is not None
        return model.history.history["val_loss"]

    expected = figures(validation_data=(X, Y, WEIGHTS), validation_batch_size=4)
    assert figures(validation_data=Batches(X, Y, WEIGHTS)) == expected
    assert figures(validation_data=generator(X, Y, WEIGHTS), validation_steps=5) == expected
    some = figures(validation_data=(X[:8], Y[:8]))
    assert np.allclose(figures(validation_data=(X, Y), batch_size=4, validation_steps=2, epochs=2)[0], 1.0, atol=0.9)
    assert figures(validation_data=Batches(), validation_steps=2) == pytest.approx(some, rel=1e-6)
    with pytest.warns(UserWarning, match="the data ended before the last epoch"):
        assert len(figures(validation_data=generator(passes=1), validation_steps=5)) == 1


@pytest.mark.parametrize(
    ("frequency", "validated"), [(1, [0, 1, 2, 3]), (2, [1, 3]), (3, [2]), ([1, 4], [0, 3]), ((9,), []), ({2}, [1])]
)
def test_validation_is_done_when_it_is_due(frequency: Any, validated: list[int]) -> None:
    class Note(Callback):
        def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
            self.epoch = epoch

        def on_test_begin(self, logs: Logs | None = None) -> None:
            found.append(self.epoch)

    found: list[int] = []
    model = trained(X, Y, epochs=4, validation_data=(X, Y), validation_freq=frequency, callbacks=Note())
    assert found == validated
    assert model.history is not None
    assert len(model.history.history.get("val_loss", [])) == len(validated)


def test_validation_steps_and_sizes_of_arrays() -> None:
    class Note(Callback):
        def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
            found.append(batch)

    found: list[int] = []
    trained(X, Y, epochs=1, batch_size=10, validation_data=(X, Y), callbacks=Note())
    trained(X, Y, epochs=1, batch_size=10, validation_batch_size=7, validation_data=(X, Y), callbacks=Note())
    trained(X, Y, epochs=1, batch_size=4, validation_steps=1, validation_split=0.5, callbacks=Note())
    assert found == [0, 1, 0, 1, 2, 0]


def test_evaluate_and_predict_take_batches() -> None:
    model = small_network()
    expected = model.evaluate(X, Y, 4, 0, WEIGHTS)
    assert model.evaluate(Batches(X, Y, WEIGHTS), verbose=0) == expected
    assert model.evaluate(generator(X, Y, WEIGHTS, passes=1), verbose=0) == expected
    assert model.evaluate(generator(X, Y, WEIGHTS), verbose=0, steps=5) == expected
    some = model.evaluate(X, Y, batch_size=4, steps=2, verbose=0)
    assert some == pytest.approx(model.evaluate(X[:8], Y[:8], verbose=0))
    whole, by_fours = model.predict(X), np.concatenate([model.predict(X[at : at + 4]) for at in range(0, 20, 4)])
    np.testing.assert_allclose(
        by_fours, whole, rtol=1e-6
    )  # some processors round products of other sizes in other ways
    for source in (Batches(), Batches(X), generator(passes=1), (x for x, _ in generator(passes=1))):
        np.testing.assert_array_equal(model.predict(source), by_fours)
    np.testing.assert_array_equal(model.predict(generator(), steps=3), by_fours[:12])
    np.testing.assert_allclose(model.predict(X, 4, steps=3), whole[:12], rtol=1e-6)
    np.testing.assert_array_equal(model.predict_on_batch(X), whole)
    with pytest.warns(UserWarning, match=f"{ENDED} 5 of 6 steps"):
        np.testing.assert_array_equal(model.predict(X, 4, steps=6), whole)
    with pytest.warns(UserWarning, match=f"{ENDED} 5 of 6 steps"):
        assert model.evaluate(X, Y, 4, steps=6, verbose=0) == model.evaluate(X, Y, 4, verbose=0)


def test_progress_of_unknown_length(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    small_network().fit(generator(passes=1), verbose=1, epochs=1)
    monkeypatch.setattr("numpycnn.show.progress.PLAIN_SECONDS", 0.0)
    small_network().evaluate(generator(passes=1), verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" - ")[0] for line in lines] == [
        "Epoch 1/1",
        "5/unknown",
        *(f"{k}/unknown" for k in (1, 2, 3, 4, 5, 5)),
    ]


@pytest.mark.parametrize("shuffle", [True, pytest.param(False, marks=pytest.mark.deep)])
def test_a_sequence_is_resumed_with_the_same_bytes(shuffle: bool, tmp_path: Path) -> None:
    """Also one that changes between epochs."""

    class Changing(Batches):
        epochs = 0

        def on_epoch_end(self) -> None:
            self.epochs += 1

        def __getitem__(self, index: int) -> Any:
            x, y = super().__getitem__(index)
            return x * (1 + self.epochs), y

    resumed = small_network()
    for epochs in (2, 4):
        resumed = trained(
            Changing(),
            epochs=epochs,
            shuffle=shuffle,
            callbacks=BackupAndRestore(tmp_path / "backup.safetensors", delete_checkpoint=False),
        )
    assert fingerprint(resumed) == fingerprint(trained(Changing(), epochs=4, shuffle=shuffle))


@pytest.mark.parametrize("epochs", [1, *(pytest.param(later, marks=pytest.mark.deep) for later in (2, 3))])
def test_a_part_of_a_pass_is_resumed_with_the_same_bytes(epochs: int, tmp_path: Path) -> None:
    def train(epochs: int, *callbacks: Callback) -> Sequential:
        with warnings.catch_warnings(action="ignore"):
            return trained(X, Y, batch_size=4, epochs=epochs, steps_per_epoch=2, shuffle=True, callbacks=callbacks)

    path = tmp_path / "backup.safetensors"
    train(epochs, BackupAndRestore(path, delete_checkpoint=False))
    assert fingerprint(train(5, BackupAndRestore(path, delete_checkpoint=False))) == fingerprint(train(5))


def test_a_list_of_one_array_is_the_array_and_lists_of_numbers_are_arrays() -> None:
    whole = trained(X, Y)
    assert fingerprint(trained([X], [Y], validation_data=([X], [Y])))[:3] == fingerprint(whole)[:3]
    assert fingerprint(trained(X.tolist(), Y.tolist())) == fingerprint(whole)
    np.testing.assert_array_equal(whole.predict([X]), whole.predict(X))
    assert whole.predict([X[0]]).shape == (1, 3)  # a list of images
    assert whole.evaluate([X[0]], [Y[0]], verbose=0) == whole.evaluate(X[:1], Y[:1], verbose=0)


def test_workers_change_nothing() -> None:
    assert fingerprint(trained(Batches(), workers=1)) == fingerprint(trained(Batches(), workers=3))


def test_a_file_mapped_into_memory_is_not_copied(tmp_path: Path) -> None:
    """8 MB of images, of which one batch at a time is read."""
    x = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.uint8, (131072, 8, 8, 1))
    y = np.eye(3)[np.zeros(131072, int)]
    model = small_network()
    model.predict(x[:8])
    tracemalloc.start()
    try:
        model.fit(x, y, 64, 1, 0, steps_per_epoch=1, shuffle=False)
        model.evaluate(x, y, 64, 0, steps=2)
        model.predict(x, 64, steps=2)
        assert tracemalloc.get_traced_memory()[1] < 6e6  # the order of the examples, 1 MB, is the most
    finally:
        tracemalloc.stop()


class Wrong(Batches):
    """The last batch is not as the others."""

    def __init__(self, last: Any) -> None:
        super().__init__()
        self.last = last

    def __getitem__(self, index: int) -> Any:
        return self.last if index == 4 else super().__getitem__(index)


@pytest.mark.parametrize(
    ("last", "error", "message"),
    [
        ((X[:, :4], Y), ValueError, r"conv2d: expected batch 4's x of shape \(n, 8, 8, 1\); received \(20, 4, 8, 1\)"),
        ((X, Y[:2]), ValueError, "received batch 4's x: 20, batch 4's y: 2"),
        ((X, Y[:, :2]), ValueError, r"batch 4's categorical_crossentropy: expected y of shape \(n, 3\)"),
        ((X,), TypeError, "batch 4's y must be an array of real numbers"),
        ((X, Y, 1), ValueError, r"batch 4's sample_weight of shape \(20,\); received \(\)"),
        ((), ValueError, r"x: batch 4 must be \(x, y\) or \(x, y, sample_weight\); received 0 items"),
        ((1, 2, 3, 4), ValueError, "batch 4 must be .*; received 4 items"),
        (None, TypeError, "batch 4's x must be an array of real numbers"),
    ],
)
def test_a_batch_that_does_not_fit_is_named(last: Any, error: type[Exception], message: str) -> None:
    model = small_network()
    with pytest.raises(error, match=message):
        model.fit(Wrong(last), verbose=0, shuffle=False)
    assert model.steps == 4
    model.train_on_batch(X, Y)  # and the model goes on


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"x": Batches(), "y": Y}, ValueError, "sequential.fit: y must be part of each batch"),
        ({"x": Batches(), "sample_weight": WEIGHTS}, ValueError, "sample_weight must be part of each batch"),
        ({"x": Batches(), "validation_split": 0.5}, ValueError, "validation_split needs arrays; give validation_data"),
        ({"x": iter([])}, ValueError, "sequential.fit: x must yield at least one batch"),
        ({"x": X, "y": Y, "validation_data": iter([])}, ValueError, "validation x must yield at least one batch"),
        ({"x": iter([3])}, ValueError, "expected at least one example; received batch 0's x: 0"),
        ({"x": X, "y": Y, "validation_freq": 0}, ValueError, "validation_freq must be an integer of at least 1"),
        ({"x": X, "y": Y, "validation_freq": [0]}, ValueError, "validation_freq must be an integer of at least 1"),
        ({"x": X, "y": Y, "steps_per_epoch": "2"}, TypeError, "steps_per_epoch must be an integer"),
        ({"x": X, "y": Y, "validation_steps": "2"}, TypeError, "validation_steps must be an integer"),
        ({"x": X, "y": Y, "validation_batch_size": 0}, ValueError, "validation_batch_size must be an integer"),
        ({"x": Batches(X, Y, WEIGHTS), "class_weight": {}}, ValueError, "class_weight or batch 0's sample_weight"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, Any], error: type[Exception], message: str) -> None:
    model = small_network()
    before = fingerprint(model)
    with pytest.raises(error, match=message):
        model.fit(**given, verbose=0)
    assert fingerprint(model) == before


class Empty(PyDataset):
    pass


class NoBatches(Batches):
    def __len__(self) -> int:
        return 0


def test_a_sequence_says_what_it_lacks() -> None:
    assert OlderName is PyDataset
    with pytest.raises(NotImplementedError, match="Empty: define __len__, the number of batches"):
        small_network().fit(Empty(), verbose=0)
    with pytest.raises(NotImplementedError, match="Empty: define __getitem__, which returns a batch"):
        Empty()[0]
    with pytest.raises(ValueError, match="x: the number of batches must be an integer of at least 1; received 0"):
        small_network().fit(NoBatches(), verbose=0)


def test_a_sequence_is_a_sequence_of_its_own() -> None:
    sequence = PyDataset(workers=4, use_multiprocessing=True, max_queue_size=2)
    assert (sequence.workers, sequence.use_multiprocessing, sequence.max_queue_size) == (4, True, 2)
    sequence.on_epoch_begin()
    sequence.on_epoch_end()
    assert len(list(Batches())) == 5
