"""Ten programs as users write them (`programs/`): each learns, resumes, is saved, traced, explored and checked."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs.training import train

from numpycnn.callbacks import Callback
from numpycnn.gradcheck import gradcheck
from numpycnn.models import load_model

PROGRAMS = sorted(
    path.stem
    for path in Path(__file__).parent.joinpath("programs").glob("*.py")
    if path.stem not in ("__init__", "training")
)
HEAVY = ("densenet", "inception", "mobilenet", "nin", "resnet20", "vgg")
"""Those whose training takes long."""

pytestmark = pytest.mark.usefixtures("mnist_read_once")
programs = pytest.mark.parametrize("name", PROGRAMS)
quick_programs = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.deep] if name in HEAVY else []) for name in PROGRAMS]
)


def program(name: str) -> Any:
    return import_module(f"programs.{name}")


class InterruptionError(Exception):
    """What ends a training in these tests."""


class Interrupt(Callback):
    """Interrupts training in the middle of its second epoch."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if batch == 1 and self.model.steps >= self.steps_per_epoch:
            raise InterruptionError

    def __init__(self, steps_per_epoch: int) -> None:
        self.steps_per_epoch = steps_per_epoch


def test_there_are_ten() -> None:
    assert len(PROGRAMS) == 10


@programs
def test_it_is_saved_loaded_and_traced(name: str, tmp_path: Path) -> None:
    model, (x, y) = program(name).network(), program(name).data(8)
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model.safetensors")
    twin = load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(twin.predict(x), model.predict(x))
    trace = twin.trace(x[:2], y[:2])
    assert list(trace.layers) == [str(path) for path, _ in model.leaves()]
    np.testing.assert_allclose(trace.output, model.predict(x[:2]), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name == "lenet5" else [pytest.mark.deep]) for name in PROGRAMS]
)
def test_its_gradients_are_right(name: str) -> None:
    """Of pictures with some noise: where a whole background is 0, every ReLU after it is at its kink."""
    model, (x, y) = program(name).network(), program(name).data(2)
    noise = np.random.default_rng(0).uniform(0.0, 0.5, x.shape)
    report = gradcheck(model, (x + noise) / 1.5, y, samples=4)
    assert report.passed, str(report)


@quick_programs
def test_it_learns(name: str, tmp_path: Path) -> None:
    model, examples = program(name).network(), program(name).data(250)
    losses = train(model, examples, tmp_path / "backup.safetensors", epochs=3, verbose=0).history["loss"]
    assert losses[2] < losses[1] < losses[0]


@pytest.mark.deep
@programs
def test_it_reads_digits(name: str, tmp_path: Path) -> None:
    """After two epochs of 6,000 images; the autoencoder has no accuracy, but a loss."""
    model = program(name).network()
    history = train(model, program(name).data(6000), tmp_path / "backup.safetensors", epochs=2, verbose=0).history
    if name == "autoencoder":
        assert history["loss"][1] < 0.3  # the best constant picture gives 0.39
    else:
        assert history["accuracy"][1] > 0.4  # by chance 0.1


@quick_programs
def test_it_resumes_as_if_it_had_not_been_interrupted(name: str, tmp_path: Path) -> None:
    examples = program(name).data(200)
    whole, first, second = (program(name).network() for _ in range(3))
    train(whole, examples, tmp_path / "whole.safetensors", epochs=2, verbose=0)
    model_fit, backup = first.fit, tmp_path / "backup.safetensors"
    first.fit = lambda *args, callbacks, **options: model_fit(*args, callbacks=[*callbacks, Interrupt(4)], **options)
    with pytest.raises(InterruptionError):
        train(first, examples, backup, epochs=2, verbose=0)
    train(second, examples, backup, epochs=2, verbose=0)
    for one, other in zip(whole.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@quick_programs
def test_its_page_is_written(name: str, tmp_path: Path) -> None:
    model, (x, y) = program(name).network(), program(name).data(3)
    model.explore(tmp_path / "page.html", x, y)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    for path, _ in model.leaves():
        assert f'"{path}"' in text


def run(*command: str | Path) -> int:
    """The exit status of a command in the folder of the programs."""
    return subprocess.run(command, cwd=Path(__file__).parent, capture_output=True).returncode  # noqa: S603


@pytest.mark.deep
@programs
def test_it_resumes_after_a_kill(name: str, tmp_path: Path) -> None:
    """The program itself, killed in its third epoch and started again, ends with the file of one that was not."""
    command = [sys.executable, "-m", f"programs.{name}", "--examples", "300", "--epochs", "4", "--backup"]
    kill = "import os, sys, runpy; from numpycnn.callbacks import BackupAndRestore as B; end = B.on_epoch_end\n"
    kill += "def on_epoch_end(self, epoch, logs=None):\n    end(self, epoch, logs)\n    if epoch == 2: os._exit(9)\n"
    kill += f"B.on_epoch_end = on_epoch_end; sys.argv[1:] = {command[3:-1]} + ['--backup', sys.argv[1]]\n"
    kill += f"runpy.run_module('programs.{name}', run_name='__main__')"
    whole, killed = tmp_path / "whole.safetensors", tmp_path / "killed.safetensors"
    assert [run(*command, whole), run(sys.executable, "-c", kill, killed), run(*command, killed)] == [0, 9, 0]
    for one, other in zip(load_model(whole).get_weights(), load_model(killed).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
