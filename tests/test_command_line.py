"""`python -m numpycnn` as a user runs it; the full job on a part of the data."""

import argparse
import os
import re
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from numpycnn import __version__, callbacks, load_model, models
from numpycnn.__main__ import main
from numpycnn.app import report
from numpycnn.app.commands import train
from numpycnn.datasets import mnist

COMMAND = [sys.executable, "-W", "error", "-m", "numpycnn"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=60)  # noqa: S603


REPORT = r"""Training on 1,000 images of digits for 2 epochs. Ctrl-C stops it.

Model: "sequential"
(?:.*\n)+Total params: 1,182,730 \(4\.51 MB\)
(?:.*\n)+
Training with batches of 300 images and seed 5.
Epoch 1/2
(?:.* - ETA: .*\n)*4/4 - \S+ \S+/step - loss: \d\.\d{4} - accuracy: 0\.\d{4}
Epoch 2/2
(?:.* - ETA: .*\n)*4/4 - \S+ \S+/step - loss: \d\.\d{4} - accuracy: 0\.\d{4}

Testing on 200 images that it has not seen.
Test loss: \d\.\d{4}
Test accuracy: 0\.\d{4} \(\d+ of 200 misread\)
Most confused digits: \d read as \d \((once|\d+ times)\)(; \d read as \d \((once|\d+ times)\))*
More accurate: `python -m numpycnn train --recipe NAME` with seconds, quick, minute, best, small.*; `--list` describes them\.
Nothing was saved: `--resume mine\.safetensors` keeps the network in that file\.
Time: \S+, from loading the data to this line
"""


@pytest.mark.usefixtures("part_of_mnist")
@pytest.mark.parametrize("command", [[], pytest.param(["train"], marks=pytest.mark.deep)])
def test_the_main_job(capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    assert main([*command, "--epochs", "2", "--batch-size", "300", "--seed", "5"]) == 0
    out = capsys.readouterr().out
    assert re.fullmatch(REPORT, out), out
    accuracy, misread = re.search(r"accuracy: (0\.\d{4}) \((\d+) of", out).groups()  # type: ignore[union-attr]
    assert float(accuracy) == pytest.approx(1 - int(misread) / 200)
    assert float(accuracy) > 0.5


@pytest.mark.deep
@pytest.mark.usefixtures("part_of_mnist")
def test_the_seed_decides_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    def result(seed: str) -> list[str]:
        main(["--epochs", "1", "--seed", seed])
        return [line for line in capsys.readouterr().out.splitlines() if line.startswith(("Test", "Most"))]

    assert result("1") == result("1") != result("2")


def test_the_most_confused_digits_come_first() -> None:
    y_true = np.array([4] * 5 + [9] * 3 + [1] * 9)
    y_pred = np.array([9] * 3 + [4] * 2 + [4] * 2 + [9] + [1] * 8 + [7])
    assert list(report.confusions(y_true, y_pred)) == [
        "4 read as 9 (3 times)",
        "9 read as 4 (2 times)",
        "1 read as 7 (once)",
    ]


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    version = run("--version")
    assert (version.returncode, version.stdout) == (0, f"numpycnn {__version__}\n")
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    for wanted in ("--epochs N", "--batch-size N", "--seed N", "handwritten", "default: 2", "default: 1000", "Ctrl-C"):
        assert wanted in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--epochs", "0"], "argument --epochs: expected a whole number of at least 1; received '0'"),
        (["--epochs", "two"], "argument --epochs: expected a whole number of at least 1; received 'two'"),
        (["--batch-size", "-5"], "argument --batch-size: expected a whole number of at least 1; received '-5'"),
        (["--resume", ""], "argument --resume: expected the name of a file; received ''"),
        (["--resume", "a.npz"], "argument --resume: a.npz: expected a name that ends in .safetensors, "),
        (["--seed", "1.5"], "argument --seed: expected a whole number of at least 0; received '1.5'"),
        (["--epoch-count", "3"], "unrecognized arguments: --epoch-count 3"),
        (["classify"], "unrecognized arguments: classify"),
    ],
)
def test_bad_options_are_explained(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "expected the name of a file; received ''"),
        ("digits.numpycnn", r"digits\.numpycnn: expected a name .*; save to digits\.safetensors$"),
    ],
)
def test_a_name_that_no_file_can_be_kept_under_is_refused(name: str, message: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        train.file_to_write(name)


def hear_ctrl_c() -> None:
    """In a new process: do not ignore Ctrl-C, as the jobs in the background of a shell do, and so their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for a child process alone")
def test_ctrl_c_ends_it_cleanly(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with (
        out.open("wb") as stream,
        subprocess.Popen(  # noqa: S603
            [*COMMAND, "--batch-size", "100"], stdout=stream, stderr=subprocess.STDOUT, preexec_fn=hear_ctrl_c
        ) as process,
    ):
        try:
            for _ in range(600):
                time.sleep(0.05)
                if b"Epoch 1/2" in out.read_bytes():
                    break
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) == 130
        finally:
            process.kill()
    text = out.read_text()
    assert "Traceback" not in text
    assert re.search(r"\nStopped by Ctrl-C after \S+\.\nDone: \d+ of 600 batches of epoch 1 of 2", text), text
    assert text.endswith("Nothing was saved.\n")


def test_a_broken_pipe_is_no_error_in_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process: standard output is a pipe that no one reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", buffering=1) as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert main([]) == 1
        print("what comes after it goes nowhere")


def test_the_package_runs_as_a_module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["numpycnn", "--version"])
    monkeypatch.delitem(sys.modules, "numpycnn.__main__")
    with pytest.raises(SystemExit) as end:
        runpy.run_module("numpycnn", run_name="__main__")
    assert end.value.code == 0
    assert capsys.readouterr().out == f"numpycnn {__version__}\n"


def test_a_bad_option_is_explained_to_argparse() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="expected a whole number of at least 1; received '0'"):
        train.whole_number(at_least=1)("0")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no head")
def test_a_reader_who_has_read_enough_gets_no_traceback() -> None:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("Training on ")
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


def interrupted_at(monkeypatch: pytest.MonkeyPatch, hook: str, *arguments: str) -> int:
    """Run the main job with Ctrl-C pressed at one point of it."""

    def press(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    if hook == "load_data":
        monkeypatch.setattr(mnist, "load_data", press)
    elif hook == "evaluate":
        monkeypatch.setattr(models.Sequential, "evaluate", press)
    else:
        monkeypatch.setattr(callbacks.History, hook, press)
    return main(["--epochs", "1", "--batch-size", "250", *arguments])


@pytest.mark.usefixtures("part_of_mnist")
@pytest.mark.parametrize(
    ("hook", "message"),
    [
        ("load_data", ".\nNothing was saved.\n"),
        ("on_train_batch_begin", "Done: 0 of 4 batches of epoch 1 of 1\nNothing was saved.\n"),
        ("on_epoch_end", "Done: all of the training, but not the test after it - loss: "),
        ("evaluate", "Done: all of the training, but not the test after it - loss: "),
    ],
)
def test_ctrl_c_says_what_was_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], hook: str, message: str
) -> None:
    assert interrupted_at(monkeypatch, hook) == 130
    assert message in capsys.readouterr().out


@pytest.mark.usefixtures("part_of_mnist")
def test_training_goes_on_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, parts = str(tmp_path / "whole.safetensors"), str(tmp_path / "parts.safetensors")
    assert main(["--batch-size", "250", "--resume", whole]) == 0
    assert f"After each epoch the network is written to {whole}.\nEpoch 1/2\n" in capsys.readouterr().out
    assert main(["--batch-size", "250", "--resume", parts, "--epochs", "1"]) == 0
    assert main(["--batch-size", "250", "--resume", parts, "--seed", "8"]) == 0
    out = capsys.readouterr().out
    resumes = f"Resuming after epoch 1 with the network in {parts}, whose seed is 0."
    assert f"\nTraining with batches of 250 images.\n{resumes}\nEpoch 2/2\n" in out
    assert (
        f"The network is in {parts}: numpycnn.load_model({parts!r}) reads it. It takes pixels from 0 to 1.\nTime: "
        in out
    )
    for one, other in zip(load_model(whole).get_weights(), load_model(parts).get_weights(), strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.usefixtures("part_of_mnist")
@pytest.mark.parametrize(
    ("command", "module", "function"),
    [("explore", mnist, "load_data"), ("gradcheck", mnist, "load_data")],
)
def test_ctrl_c_ends_the_other_commands_without_a_traceback(
    command: str, module: object, function: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def press(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, function, press)
    assert main([command]) == train.INTERRUPTED
    out, err = capsys.readouterr()
    assert out.endswith("\nStopped by Ctrl-C.\n")
    assert not err


@pytest.mark.usefixtures("part_of_mnist")
@pytest.mark.parametrize(("hook", "done"), [("on_train_batch_begin", 1), ("evaluate", 2)])
def test_ctrl_c_says_what_a_file_holds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, hook: str, done: int
) -> None:
    path = str(tmp_path / "kept.safetensors")
    assert main(["--batch-size", "250", "--epochs", str(done), "--resume", path]) == 0
    assert interrupted_at(monkeypatch, hook, "--epochs", "2", "--resume", path) == 130
    out = capsys.readouterr().out
    assert out.endswith(f"{path} holds the network after epoch {done}; the same command resumes from there.\n")
    assert ("Done: all of the training, but not the test after it\n" in out) == (done == 2)


@pytest.mark.usefixtures("part_of_mnist")
@pytest.mark.parametrize(
    ("place", "message"),
    [("bad.safetensors", "bad.safetensors: ends too early, after 3 bytes"), ("none/file.safetensors", "No such file")],
)
def test_a_file_that_will_not_do_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str, message: str
) -> None:
    (tmp_path / "bad.safetensors").write_bytes(b"bad")
    assert main(["--resume", str(tmp_path / place)]) == 1
    assert message in capsys.readouterr().err
    assert (tmp_path / "bad.safetensors").read_bytes() == b"bad"
