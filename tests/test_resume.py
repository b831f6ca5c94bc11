"""Training that goes on from a file: BackupAndRestore, and the state that callbacks keep. `test_atomic.py` kills it too."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import fingerprint, small_data, small_network

from numpycnn import Sequential, backend, load_model
from numpycnn.callbacks import BackupAndRestore, Callback, EarlyStopping, History, LambdaCallback
from numpycnn.callbacks.base import Logs
from numpycnn.common.typing import Array
from numpycnn.files import ModelFileError, restore
from numpycnn.layers import BatchNormalization, Dense, Dropout, Flatten
from numpycnn.losses import CategoricalCrossentropy, FunctionLoss
from numpycnn.optimizers import Adam


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "training.safetensors"


def train(
    path: Path | None, epochs: int, callbacks: Sequence[Callback] = (), model: Sequential | None = None
) -> Sequential:
    """A program that trains, as if started anew."""
    model = small_network() if model is None else model
    kept = [] if path is None else [BackupAndRestore(path, delete_checkpoint=False)]
    model.fit(*small_data(), 20, epochs, verbose=0, callbacks=[*kept, *callbacks], validation_split=0.2)
    return model


class Interruption(Callback):
    """Ends the program in the middle of an epoch."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.now = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.now == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.parametrize("epoch", [0, 1, 3])
def test_interrupted_training_ends_as_if_it_never_was(path: Path, epoch: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(path, 4, [Interruption(epoch)])
    assert path.exists() == (epoch > 0)
    resumed, whole = train(path, 4), train(None, 4)
    assert fingerprint(resumed) == fingerprint(whole)
    assert resumed.history is not None
    assert resumed.history.epoch == [0, 1, 2, 3]
    assert fingerprint(load_model(path)) == fingerprint(whole)


def test_finished_training_is_not_trained_again_but_longer_training_goes_on(path: Path) -> None:
    first = train(path, 2)
    assert fingerprint(train(path, 2)) == fingerprint(first)
    assert fingerprint(train(path, 5)) == fingerprint(train(None, 5))


def test_a_file_that_no_training_wrote_begins_at_the_first_epoch(path: Path) -> None:
    small_network().save(path)
    assert fingerprint(train(path, 2)) == fingerprint(train(None, 2))


def test_training_that_begins_later_goes_on_from_its_last_epoch(path: Path) -> None:
    for epochs in (4, 6):
        model = small_network()
        model.fit(
            *small_data(),
            20,
            epochs,
            verbose=0,
            callbacks=BackupAndRestore(path, delete_checkpoint=False),
            initial_epoch=3,
        )
        assert model.history is not None
        assert model.history.epoch == list(range(3, epochs))


def test_the_seed_is_the_files_where_the_program_draws_another(path: Path) -> None:
    np.random.seed(1)
    first = train(path, 2, model=small_network(seed=None))
    np.random.seed(2)
    resumed = train(path, 4, model=small_network(seed=None))
    np.random.seed(1)
    assert fingerprint(resumed) == fingerprint(train(None, 4, model=small_network(seed=None)))
    assert resumed.seed == first.seed


class Slower(Callback):
    """Halves the learning rate at every epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.model.optimizer.learning_rate /= 2


def test_settings_of_the_optimizer_go_on_from_where_they_were(path: Path) -> None:
    train(path, 2, [Slower()])
    assert fingerprint(train(path, 4, [Slower()])) == fingerprint(train(None, 4, [Slower()]))


@pytest.mark.parametrize("best", [False, True])
@pytest.mark.parametrize("first", [1, 2, 3])
def test_early_stopping_remembers(path: Path, best: bool, first: int) -> None:
    def stopping() -> EarlyStopping:
        return EarlyStopping("val_accuracy", patience=3, restore_best_weights=best)

    train(path, first, [stopping()])
    resumed, whole = train(path, 20, [stopping()]), train(None, 20, [stopping()])
    assert whole.history is not None
    assert first < len(whole.history.epoch) < 20
    assert fingerprint(resumed) == fingerprint(whole)
    assert fingerprint(train(path, 20, [stopping()])) == fingerprint(whole)  # it had ended


class Counting(Callback):
    """A callback of the user's own, which remembers."""

    def __init__(self) -> None:
        self.count = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.count += 1

    def get_state(self) -> dict[str, Array]:
        return {"count": np.array(self.count)}

    def set_state(self, state: dict[str, Array]) -> None:
        self.count = int(state["count"])


class Losses(Callback):
    """A callback that has nothing to remember before the first epoch."""

    def __init__(self, *, empty: bool) -> None:
        self.losses: list[float] = []
        self.empty = empty

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.losses.append((logs or {})["loss"])

    def get_state(self) -> dict[str, Array]:
        return {"losses": np.array(self.losses, np.float64)} if self.losses or self.empty else {}

    def set_state(self, state: dict[str, Array]) -> None:
        self.losses = state["losses"].tolist() if state else []


@pytest.mark.parametrize("empty", [False, True])
def test_a_callback_may_have_nothing_to_remember_at_first(path: Path, empty: bool) -> None:
    train(path, 1, [Losses(empty=empty)])
    losses = Losses(empty=empty)
    model = train(path, 3, [losses])
    assert model.history is not None
    assert losses.losses == model.history.history["loss"]


def test_a_state_may_hold_numbers_in_place_of_arrays(path: Path) -> None:
    class Number(Counting):
        def get_state(self) -> dict[str, Any]:
            return {"count": self.count}

    train(path, 2, [Number()])
    number = Number()
    train(path, 3, [number])
    assert number.count == 3


def test_a_state_may_be_empty_in_the_file(path: Path) -> None:
    class Empty(Losses):
        def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
            pass

    train(path, 1, [Empty(empty=True)])
    train(path, 2, [Empty(empty=True)])


def test_callbacks_in_another_order_are_refused(path: Path) -> None:
    def stopping(monitor: str) -> EarlyStopping:
        return EarlyStopping(monitor, patience=9)

    train(path, 1, [stopping("val_loss"), stopping("val_accuracy")])
    model = small_network(seed=1)
    before = fingerprint(model)
    with pytest.raises(
        ModelFileError,
        match="expected a state with best/val_accuracy, wait, best_epoch, stopped_epoch; received best/val_loss",
    ):
        train(path, 2, [stopping("val_accuracy"), stopping("val_loss")], model)
    assert fingerprint(model) == before


def test_the_file_stays_where_it_is_when_the_program_changes_its_directory(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    backup = BackupAndRestore(path.name, delete_checkpoint=False)
    (path.parent / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    small_network().fit(*small_data(), verbose=0, callbacks=backup)
    assert path.exists()


def test_a_state_that_a_callback_cannot_take_is_explained(path: Path) -> None:
    class Renamed(Counting):
        def set_state(self, state: dict[str, Array]) -> None:
            self.count = int(state["number"])

    Renamed.__name__ = "Counting"
    train(path, 1, [Counting()])
    with pytest.raises(ModelFileError, match="Counting: expected a state with 'number'; received count"):
        train(path, 2, [Renamed()])


def test_callbacks_of_the_users_own_remember(path: Path) -> None:
    train(path, 2, [Counting()])
    counting = Counting()
    train(path, 5, [counting])
    assert counting.count == 5


def nested_net(units: int = 4) -> Sequential:
    block = Sequential([Dense(units, name="first"), BatchNormalization(name="norm")], name="block")
    model = Sequential([Flatten(input_shape=(8, 8, 1)), block, Dense(3, activation="softmax")], seed=0)
    model.compile("adam", "categorical_crossentropy", ["accuracy"])
    return model


def test_training_with_state_and_layers_in_layers_goes_on(path: Path) -> None:
    train(path, 2, model=nested_net())
    resumed, whole = train(path, 4, model=nested_net()), train(None, 4, model=nested_net())
    assert fingerprint(resumed) == fingerprint(whole)
    assert resumed.state.keys() == {"block/norm/moving_mean", "block/norm/moving_variance"}
    with pytest.raises(ModelFileError, match="layer block/first has units 4 in the file, but 5 in this model"):
        train(path, 5, model=nested_net(5))
    block = Sequential([Dense(4, name="first")], name="block")
    shorter = Sequential([Flatten(input_shape=(8, 8, 1)), block, Dense(3, activation="softmax")], seed=0)
    shorter.compile("adam", "categorical_crossentropy", ["accuracy"])
    with pytest.raises(ModelFileError, match="layer block has 2 layers in the file, but 1 in this model"):
        train(path, 5, model=shorter)


def test_the_seed_of_a_chain_that_was_built_by_itself_does_not_matter(path: Path) -> None:
    """It is drawn anew by each run of the program, and training does not use it."""

    def network(global_seed: int) -> Sequential:
        np.random.seed(global_seed)
        block = Sequential([Dense(4, input_shape=(64,))], name="block")
        model = Sequential([Flatten(input_shape=(8, 8, 1)), block, Dense(3, activation="softmax")], seed=0)
        model.compile("adam", "categorical_crossentropy", ["accuracy"])
        return model

    first = train(path, 2, model=network(1))
    assert network(1).layers[1].get_config()["seed"] != network(2).layers[1].get_config()["seed"]
    assert fingerprint(train(path, 2, model=network(2)))[0] == fingerprint(first)[0]


# ---------------------------------------------------------------- what does not fit


def other_network(**changes: Any) -> Sequential:
    model = small_network(compiled=False)
    model.compile(**{"optimizer": "rmsprop", "loss": "categorical_crossentropy", "metrics": ["accuracy"], **changes})
    return model


def changed_net(**changes: Any) -> Sequential:
    """`small_network` with other arguments of its first layer."""
    first, *others = small_network().get_config()["layers"]
    for layer in others:
        layer["config"]["input_shape"] = None
    first["config"].update(changes)
    model = Sequential.from_config({**small_network().get_config(), "layers": [first, *others]})
    model.compile("rmsprop", "categorical_crossentropy", ["accuracy"])
    return model


def longer_net() -> Sequential:
    """`small_network` with a layer more."""
    model = small_network()
    model.add(Dropout(0.5))
    model.compile("rmsprop", "mse", ["accuracy"])
    return model


def another_net() -> Sequential:
    model = Sequential([Flatten(input_shape=(8, 8, 1)), Dense(3, activation="softmax")], seed=0)
    model.compile("rmsprop", "categorical_crossentropy", ["accuracy"])
    return model


@pytest.mark.parametrize(
    ("model", "callbacks", "message"),
    [
        (another_net(), [], r"layer 1 is conv2d \(Conv2D\) in the file, but flatten \(Flatten\) in this model"),
        (changed_net(filters=5), [], "layer conv2d has filters 4 in the file, but 5 in this model"),
        (
            changed_net(name="first"),
            [],
            r"layer 1 is conv2d \(Conv2D\) in the file, but first \(Conv2D\) in this model",
        ),
        (longer_net(), [], "the network has 7 layers in the file, but 8 in this model"),
        (other_network(optimizer=Adam()), [], "the optimizer is RMSprop in the file, but Adam in this model"),
        (
            other_network(loss="mse"),
            [],
            "the loss is CategoricalCrossentropy in the file, but MeanSquaredError in this model",
        ),
        (
            other_network(loss=CategoricalCrossentropy(from_logits=True)),
            [],
            "the loss has from_logits False in the file, but True in this model",
        ),
        (other_network(metrics=[]), [], r"compile has metrics \['accuracy'\] in the file, but \[\] in this model"),
        (other_network(), [EarlyStopping()], r"fit has callbacks \[\] in the file, but \['EarlyStopping'\] in this"),
    ],
)
def test_another_training_is_refused(path: Path, model: Sequential, callbacks: list[Callback], message: str) -> None:
    train(path, 1)
    before, content = fingerprint(model), path.read_bytes()
    with pytest.raises(ModelFileError, match=f"training.safetensors: holds another training: {message}"):
        train(path, 2, callbacks, model=model)
    assert fingerprint(model) == before
    assert path.read_bytes() == content


def test_training_in_another_dtype_is_refused(path: Path) -> None:
    train(path, 1)
    backend.set_floatx("float64")
    with pytest.raises(
        ModelFileError, match="the network has dtype 'float32' in the file, but 'float64' in this model"
    ):
        train(path, 2)


def test_a_file_without_what_training_needs_is_refused(path: Path) -> None:
    small_network(compiled=False).save(path)
    with pytest.raises(ModelFileError, match=r"the model in the file is not compiled, but this one is$"):
        train(path, 1)


def test_a_model_that_is_not_compiled_is_restored(path: Path) -> None:
    saved, model, history = small_network(0, compiled=False), small_network(1, compiled=False), History()
    saved.save(path)
    restore(path, model, history, [])
    assert fingerprint(model) == fingerprint(saved)
    assert history.epoch == []


def test_a_state_that_does_not_belong_to_the_callback_is_refused() -> None:
    stopping = EarlyStopping()
    stopping.model, stopping.params = small_network(), {"metrics": ["val_loss"]}
    stopping.on_train_begin({})
    before = stopping.get_state()
    for state in ({}, {**before, "more": np.zeros(1)}, {**before, "wait": np.zeros(2, np.int64)}):
        with pytest.raises(ValueError, match="EarlyStopping: expected a state with best/val_loss, wait"):
            stopping.set_state(state)
    assert {name: str(array) for name, array in stopping.get_state().items()} == {
        name: str(array) for name, array in before.items()
    }
    with pytest.raises(ValueError, match="Callback: has no state; received best"):
        Callback().set_state({"best": np.zeros(())})
    Callback().set_state({})
    assert Callback().get_state() == {}


def test_early_stopping_leaves_the_state_that_it_took_alone() -> None:
    stopping = EarlyStopping()
    stopping.model, stopping.params = small_network(), {"metrics": ["val_loss"]}
    stopping.on_train_begin({})
    numbers = {"wait": 3, "best_epoch": 1, "stopped_epoch": 0}
    state = {"best/val_loss": np.array(-1.0), **{name: np.array(one, np.int64) for name, one in numbers.items()}}
    stopping.set_state(state)
    stopping.on_epoch_end(0, {"val_loss": 2.0})
    assert (stopping.best, stopping.wait, stopping.best_epoch) == (-1.0, 4, 1)
    assert type(stopping.best) is float
    assert state == {"best/val_loss": -1.0, **numbers}


def test_the_history_is_found_among_all_callbacks(path: Path) -> None:
    model, history, backup = train(path, 2), History(), BackupAndRestore(path, delete_checkpoint=False)
    backup.model, backup.params, backup.siblings = model, {"initial_epoch": 0}, [backup, Callback(), history]
    backup.on_train_begin({})
    assert history.epoch == [0, 1]
    assert backup.params == {"initial_epoch": 2}


def test_what_cannot_be_kept_is_refused_before_training(path: Path) -> None:
    model = other_network(loss=FunctionLoss(np.subtract, np.subtract))
    with pytest.raises(ModelFileError, match="FunctionLoss: only the library's own can be read back"):
        train(path, 1, model=model)
    assert model.steps == 0

    class Flag(Callback):
        def get_state(self) -> dict[str, Array]:
            return {"flag": np.array(True)}

    flagged = small_network()
    with pytest.raises(
        ModelFileError, match="callbacks/0/flag must be of a dtype among float32, float64, int64; received bool"
    ):
        train(path, 1, [Flag()], model=flagged)
    assert flagged.steps == 0
    with pytest.raises(FileNotFoundError):
        train(path.parent / "none" / path.name, 1, model=other_network())
    with pytest.raises(
        TypeError, match=r"BackupAndRestore: backup_dir must be a path, as a string or a pathlib.Path; received 3"
    ):
        BackupAndRestore(3)  # type: ignore[arg-type]


def test_litter_is_removed_when_training_starts(path: Path) -> None:
    train(path, 1)
    (path.parent / "training.safetensors.0123abcd.partial").write_bytes(b"")
    train(path, 1)
    assert os.listdir(path.parent) == ["training.safetensors"]


# ---------------------------------------------------------------- within epochs, and from the file before the last


class StopsAfter(Callback):
    """Ends the program after so many batches."""

    def __init__(self, batches: int) -> None:
        self.left = batches

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def trained(backup: BackupAndRestore, *callbacks: Callback, first: int = 0, epochs: int = 4) -> Sequential:
    """Five batches an epoch."""
    model = small_network()
    model.fit(*small_data(), 12, epochs, verbose=0, callbacks=[backup, *callbacks], initial_epoch=first)
    return model


@pytest.mark.parametrize(("first", "batches", "steps"), [(0, 8, 6), (2, 4, 3), (0, 11, 9)])
def test_an_interrupted_epoch_is_trained_anew_from_the_weights_of_its_last_backup(
    path: Path, first: int, batches: int, steps: int
) -> None:
    """As in Keras: every three batches, counted through the epochs."""
    with pytest.raises(KeyboardInterrupt):
        trained(BackupAndRestore(path, save_freq=3, delete_checkpoint=False), StopsAfter(batches), first=first)
    saved = load_model(path)
    assert saved.history is not None
    size = -(-len(small_data()[0]) // 12)
    assert (saved.steps, saved.history.epoch) == (steps, list(range(first, first + steps // size)))
    resumed = trained(BackupAndRestore(path, save_freq=3, delete_checkpoint=False), first=first)
    begin = first + steps // size
    saved.fit(*small_data(), 12, 4, verbose=0, initial_epoch=begin)
    for one, other in zip(resumed.get_weights(), saved.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert resumed.history is not None
    assert resumed.history.epoch == list(range(first, 4))


def test_the_file_before_the_last_stands_in_for_one_that_is_lost_or_damaged(path: Path) -> None:
    previous = path.with_name("training.previous.safetensors")
    whole = fingerprint(trained(BackupAndRestore(path, double_checkpoint=True, delete_checkpoint=False)))
    assert [load_model(one).steps for one in (path, previous)] == [
        load_model(path).steps,
        3 * load_model(path).steps // 4,
    ]
    begun: list[int] = []
    note = LambdaCallback(on_epoch_begin=lambda epoch, logs: begun.append(epoch))
    for harm in (lambda: path.write_bytes(path.read_bytes()[:-9]), path.unlink):
        harm()
        assert (
            fingerprint(trained(BackupAndRestore(path, double_checkpoint=True, delete_checkpoint=False), note)) == whole
        )
        assert begun.pop() == 3
        assert not begun
        assert load_model(previous).steps == 3 * load_model(path).steps // 4
    path.write_bytes(b"")
    with pytest.raises(ModelFileError):
        trained(BackupAndRestore(path, delete_checkpoint=False))
    for damaged in (path, previous):
        damaged.write_bytes(b"")
    with pytest.raises(ModelFileError):
        trained(BackupAndRestore(path, double_checkpoint=True, delete_checkpoint=False))
    path.unlink()
    assert (
        fingerprint(trained(BackupAndRestore(path, delete_checkpoint=False))) == whole
    )  # without double_checkpoint it is not looked at
    trained(BackupAndRestore(path, double_checkpoint=True, delete_checkpoint=True), epochs=5)
    assert not path.exists()
    assert not previous.exists()


@pytest.mark.deep
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_killed_at_any_moment_there_is_a_backup(path: Path) -> None:
    """Some file is there and whole after the first, and training comes to its end."""
    from crash import killed, timed

    def work() -> None:
        trained(BackupAndRestore(path, save_freq=1, double_checkpoint=True, delete_checkpoint=False), epochs=6)

    seconds, rng, last = timed(work), np.random.default_rng(0), 0
    for one in path.parent.iterdir():
        one.unlink()
    for _ in range(60):
        ended = not killed(work, rng.uniform(0, seconds))
        files = [one for one in (path.with_name("training.previous.safetensors"), path) if one.exists()]
        reached = max((load_model(one).steps for one in files), default=0)
        assert reached >= last
        last = reached
        if ended:
            break
        seconds *= 1.1
    assert ended
