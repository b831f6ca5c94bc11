"""Programs that are killed at random moments, and what they leave: run by `test_atomic.py` and `test_resume.py`.

    python tests/crash.py save 1000 FOLDER      kill a process that saves models, a thousand times
    python tests/crash.py resume 200 FOLDER     kill training again and again, until it comes to its end
    python tests/crash.py every 16 FOLDER       the same with each optimizer and schedule, and all callbacks

A process that is killed takes nothing else with it: each is a fork of this one, which imports NumPy once. Prints counts
as JSON; an assertion that fails ends it with a traceback.
"""

import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from networks import fingerprint, small_data, small_network

from numpycnn import Sequential, load_model, optimizers
from numpycnn.callbacks import (
    BackupAndRestore,
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    SwapEMAWeights,
    TensorBoard,
    TerminateOnNaN,
)
from numpycnn.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from numpycnn.optimizers import Optimizer, schedules

Counts = dict[str, int]


def killed(work: Callable[[], object], seconds: float) -> bool:
    """Do some work in another process, and kill that after some seconds. False if it ended before."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        if os.waitpid(child, os.WNOHANG) != (0, 0):
            return False
        time.sleep(min(0.001, seconds / 10))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def timed(work: Callable[[], object]) -> float:
    """How many seconds some work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


# ---------------------------------------------------------------- saving


def save_and_kill(count: int, folder: Path) -> Counts:
    """The file is always one of the two that are being written in turn, whole; the next one to save removes litter."""
    path, rng = folder / "model.safetensors", np.random.default_rng(0)
    models = [small_network(seed) for seed in (0, 1)]
    contents = []
    for model in models:
        model.save(path)
        contents.append(path.read_bytes())

    def work() -> None:
        while True:
            for model in models:
                model.save(path)

    counts = {"killed": 0, "first": 0, "second": 0, "litter": 0}
    seconds = np.median([timed(partial(models[0].save, path)) for _ in range(20)])
    for _ in range(count):
        counts["killed"] += killed(work, rng.uniform(0, 8 * seconds))
        content = path.read_bytes()
        assert content in contents
        load_model(path)
        counts[("first", "second")[contents.index(content)]] += 1
        counts["litter"] += len(os.listdir(folder)) - 1
        models[0].save(path)
        assert os.listdir(folder) == ["model.safetensors"]
    return counts


# ---------------------------------------------------------------- training


def drawn_training(rng: np.random.Generator) -> Callable[[Path | None], str]:
    """Some training, as a function of the file to keep it in that returns a digest of all that came of it."""
    seed, images, batch_size = int(rng.integers(1000)), int(rng.integers(20, 80)), int(rng.integers(5, 40))
    optimizer, rate = str(rng.choice(["sgd", "rmsprop", "adam"])), float(rng.choice([0.0, 0.25, 0.5]))
    epochs, patience, best = int(rng.integers(2, 7)), int(rng.integers(4)), bool(rng.random() < 0.5)
    filters, stops, fast = int(rng.integers(1, 5)), rng.random() < 0.6, bool(rng.random() < 0.5)

    def train(path: Path | None) -> str:
        model = Sequential(
            [
                Conv2D(filters, 3, activation="relu", input_shape=(8, 8, 1)),
                MaxPooling2D(2),
                Dropout(rate),
                Flatten(),
                Dense(3, activation="softmax"),
            ],
            seed=seed,
            fast=fast,
        )
        model.compile(optimizer, "categorical_crossentropy", ["accuracy"])
        callbacks = [EarlyStopping(patience=patience, restore_best_weights=best)] if stops else []
        kept = [] if path is None else [BackupAndRestore(path, delete_checkpoint=False)]
        x, y = small_data(images, seed)
        model.fit(x, y, batch_size, epochs, verbose=0, callbacks=[*kept, *callbacks], validation_split=0.3)
        assert model.history is not None
        return hashlib.sha256(repr((fingerprint(model), model.history.epoch)).encode()).hexdigest()

    return train


OPTIMIZERS: list[Callable[[], Optimizer]] = [
    partial(optimizers.SGD, 0.1, momentum=0.9, nesterov=True, ema_momentum=0.5, use_ema=True),
    partial(optimizers.RMSprop, 0.01, momentum=0.5, centered=True),
    partial(optimizers.Adam, 0.01, amsgrad=True, clipnorm=0.5),
    partial(optimizers.AdamW, 0.01, weight_decay=0.1, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=3),
    partial(optimizers.Nadam, 0.01, clipvalue=0.1),
    partial(optimizers.Adagrad, 0.1),
    partial(optimizers.Adadelta, 1.0, global_clipnorm=1.0),
    partial(optimizers.Adamax, 0.02),
    partial(optimizers.Lion, 0.002),
]
SCHEDULES: list[schedules.LearningRateSchedule] = [
    schedules.ExponentialDecay(0.1, 5, 0.5, staircase=True),
    schedules.InverseTimeDecay(0.1, 5, 0.5),
    schedules.PiecewiseConstantDecay([4, 9], [0.1, 0.05, 0.01]),
    schedules.PolynomialDecay(0.1, 12, power=2.0, cycle=True),
    schedules.CosineDecay(0.01, 12, warmup_target=0.1, warmup_steps=4),
    schedules.CosineDecayRestarts(0.1, 5),
    schedules.OneCycle(0.1, 15),
]


def every_training(case: int, files: Path) -> Callable[[Path | None], str]:
    """A training with the optimizer or the schedule of that number and all callbacks, which write to a folder."""
    plain = OPTIMIZERS[case % len(OPTIMIZERS)]
    schedule = SCHEDULES[case - len(OPTIMIZERS)] if case >= len(OPTIMIZERS) else None

    def train(path: Path | None) -> str:
        model, (x, y) = small_network(case), small_data(40, case)
        model.compile(
            plain() if schedule is None else optimizers.SGD(schedule), "categorical_crossentropy", ["accuracy"]
        )
        folder = files / ("whole" if path is None else "resumed")
        folder.mkdir(parents=True, exist_ok=True)
        rates = [LearningRateScheduler(lambda epoch, rate: rate * 0.9), ReduceLROnPlateau("loss", 0.5, patience=0)]
        averages = [SwapEMAWeights(swap_on_epoch=True)] if model.optimizer and model.optimizer.use_ema else []
        callbacks: list[Callback] = [
            *(rates if schedule is None else []),
            *averages,
            EarlyStopping(patience=3, restore_best_weights=True),
            ModelCheckpoint(folder / "best.safetensors", save_best_only=True, monitor="loss"),
            CSVLogger(folder / "log.csv"),
            LambdaCallback(on_epoch_end=lambda epoch, logs: None),
            TerminateOnNaN(),
            TensorBoard(folder / "logs"),
        ]
        kept = [] if path is None else [BackupAndRestore(path, delete_checkpoint=False)]
        model.fit(x, y, 10, 6, verbose=0, callbacks=[*callbacks, *kept], validation_split=0.25)
        assert model.history is not None
        written = [(folder / name).read_bytes() for name in ("log.csv", "best.safetensors")]
        return hashlib.sha256(repr((fingerprint(model), model.history.history, written)).encode()).hexdigest()

    return train


def train_into(result: Path, train: Callable[[Path | None], str], path: Path) -> None:
    """Train, and write the digest to a file."""
    result.write_text(train(path))


def train_and_kill(count: int, folder: Path, every: bool = False) -> Counts:
    """Training that is killed and started again ends with the bytes of training that never was."""
    counts = {"trainings": 0, "killed": 0, "resumed": 0}
    for case in range(count):
        rng = np.random.default_rng(case)
        train = every_training(case, folder.parent / f"files {case}") if every else drawn_training(rng)
        expected = train(None)
        seconds = timed(partial(train, None))
        path, result = folder / f"{case}.safetensors", folder / f"{case}.result"
        while killed(partial(train_into, result, train, path), rng.uniform(0, seconds)):
            counts["killed"] += 1
            counts["resumed"] += path.exists()
            seconds *= 1.2  # a slow machine comes to the end too
        assert result.read_text() == expected, case
        counts["trainings"] += 1
        assert set(os.listdir(folder)) == {path.name, result.name}
        path.unlink()
        result.unlink()
    return counts


if __name__ == "__main__":
    jobs: dict[str, Callable[[int, Path], Counts]] = {
        "save": save_and_kill,
        "resume": train_and_kill,
        "every": partial(train_and_kill, every=True),
    }
    print(json.dumps(jobs[sys.argv[1]](int(sys.argv[2]), Path(sys.argv[3]))))
