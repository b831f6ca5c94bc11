"""What training prints: Keras's format in a terminal, plain lines elsewhere."""

import io
import re
import sys
import time
from typing import Any

import pytest
from networks import small_data, small_network

from numpycnn.callbacks import Callback
from numpycnn.callbacks.base import Logs
from numpycnn.show import progress
from numpycnn.show.progress import bar, clock, line, pace


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_fills_in_proportion() -> None:
    assert bar(0, 60) == "[" + "." * 30 + "]"
    assert bar(12, 60) == "[=====>........................]"
    assert bar(60, 60) == "[" + "=" * 30 + "]"
    assert {len(bar(k, 7)) for k in range(8)} == {32}


def test_times() -> None:
    assert [clock(s) for s in (0.4, 9, 59.6, 65, 3599.7, 7384)] == ["0s", "9s", "1:00", "1:05", "1:00:00", "2:03:04"]
    assert [pace(s) for s in (66e-6, 0.2, 2.4)] == ["66us/step", "200ms/step", "2s/step"]


LOGS = {"loss": 0.91743, "accuracy": 0.71208, "tiny": 0.00002}


def test_lines_are_keras_lines() -> None:
    assert line(12, 60, "ETA: 12s", LOGS, columns=200) == (
        "12/60 [=====>........................] - ETA: 12s - loss: 0.9174 - accuracy: 0.7121 - tiny: 2.0000e-05"
    )
    assert line(60, 60, "12s 200ms/step", {"loss": 0.5}, columns=200) == (
        "60/60 [==============================] - 12s 200ms/step - loss: 0.5000"
    )
    assert line(3, 120, "12s 200ms/step", {"loss": 0.5}) == "  3/120 - 12s 200ms/step - loss: 0.5000"


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (101, "12/60 [====>........................] - ETA: 12s - loss: 0.9174 - accuracy: 0.7121 - tiny: 2.0000e-05"),
        (82, "12/60 [=>........] - ETA: 12s - loss: 0.9174 - accuracy: 0.7121 - tiny: 2.0000e-05"),
        (81, "12/60 [====>.......................] - ETA: 12s - loss: 0.9174 - accuracy: 0.7121"),
        (50, "12/60 [==>.............] - ETA: 12s - loss: 0.9174"),
        (10, "12/60 [=>........] - ETA: 12s"),
    ],
)
def test_a_narrow_line_loses_bar_before_figures_and_never_digits(columns: int, shown: str) -> None:
    text = line(12, 60, "ETA: 12s", LOGS, columns)
    assert text == shown
    assert len(text) <= max(columns, 29)


def test_small_figures_of_either_sign() -> None:
    assert progress.figures({"a": -0.5, "b": -0.00002, "c": 0.0}) == ["a: -0.5000", "b: -2.0000e-05", "c: 0.0000e+00"]


def test_where_lines_can_be_drawn_over() -> None:
    notebook = type("OutStream", (), {"__module__": "ipykernel.iostream"})()
    writer = type("Writer", (), {"write": print})()
    streams: list[Any] = [Terminal(), io.StringIO(), notebook, writer, None]
    assert [progress.redraws(stream) for stream in streams] == [
        True,
        False,
        True,
        False,
        False,
    ]


def test_an_epoch_that_was_stopped_says_how_far_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    class Stop(Callback):
        def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
            self.model.stop_training = batch == 1

    x, y = small_data(10)
    small_network().fit(x, y, batch_size=2, epochs=3, callbacks=Stop())
    assert capsys.readouterr().out.splitlines()[1].startswith("2/5 - ")


def test_the_time_left_is_that_of_the_steps_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two of five steps took 20 seconds, so three more take 30."""
    seconds = iter([100.0, 120.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(seconds))
    shown = progress.Progress(5, verbose=1)
    shown.update(2, {})
    shown.finish({})
    assert capsys.readouterr().out.splitlines() == ["2/5 - ETA: 30s", "2/5 - 20s 10s/step"]


def test_the_last_step_is_drawn_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0.0)
    bar_of_one = progress.Progress(1, verbose=1)
    bar_of_one.update(1, {})
    bar_of_one.finish({})
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_the_last_line_keeps_all_figures() -> None:
    assert line(60, 60, "9s 2s/step", LOGS, columns=20) == (
        "60/60 [==========] - 9s 2s/step - loss: 0.9174 - accuracy: 0.7121 - tiny: 2.0000e-05"
    )


FINAL = (
    r"5/5 {bar}- \S+ \S+/step - loss: \d\.\d{{4}} - accuracy: \d\.\d{{4}} - val_loss: \d\.\d{{4}} - val_accuracy: .*"
)


def fit(verbose: int) -> None:
    x, y = small_data(10)
    small_network().fit(x, y, batch_size=2, epochs=2, verbose=verbose, validation_data=(x, y))


@pytest.mark.parametrize("verbose", [1, 2])
def test_a_pipe_gets_plain_lines(capsys: pytest.CaptureFixture[str], verbose: int) -> None:
    fit(verbose)
    out = capsys.readouterr().out
    assert "\r" not in out
    assert "\b" not in out
    lines = out.splitlines()
    assert [lines[0], lines[2]] == ["Epoch 1/2", "Epoch 2/2"]
    for text in (lines[1], lines[3]):
        assert re.fullmatch(FINAL.format(bar=""), text)


def test_a_pipe_is_told_now_and_then(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0.0)
    fit(1)
    lines = capsys.readouterr().out.splitlines()[1:5]
    for done, text in enumerate(lines, start=1):
        assert re.fullmatch(rf"{done}/5 - ETA: \S+ - loss: \d\.\d{{4}} - accuracy: \S+", text)


def test_predict_tells_how_far_it_came(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0.0)
    small_network().predict(small_data(251)[0], batch_size=1, verbose=1)
    heads = [text.split(" - ")[0] for text in capsys.readouterr().out.splitlines()]
    assert heads == [f"{batch:3d}/251" for batch in range(1, 252)]


def test_evaluate_tells_the_figures_so_far(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0.0)
    x, y = small_data(10)
    model = small_network()
    model.evaluate(x, y, batch_size=2)
    lines = capsys.readouterr().out.splitlines()
    for done, text in enumerate(lines[:4], start=1):
        shown = re.fullmatch(rf"{done}/5 - ETA: \S+ - loss: (\S+) - accuracy: (\S+)", text)
        assert shown
        figures = model.evaluate(x[: 2 * done], y[: 2 * done], verbose=0)
        assert [float(text) for text in shown.groups()] == pytest.approx(figures, abs=2e-4)


def test_the_bar_is_finished_before_a_callback_prints(capsys: pytest.CaptureFixture[str]) -> None:
    class Say(Callback):
        def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
            print("said")

    x, y = small_data(4)
    small_network().fit(x, y, callbacks=Say())
    epoch, bar_line, said = capsys.readouterr().out.splitlines()
    assert (epoch, said) == ("Epoch 1/1", "said")
    assert bar_line.startswith("1/1 - ")


def test_a_terminal_gets_a_bar_that_is_redrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(progress, "REDRAW_SECONDS", 0.0)
    monkeypatch.setenv("COLUMNS", "80")
    fit(1)
    lines = terminal.getvalue().split("\n")
    assert lines[0] == "Epoch 1/2"
    drawn = lines[1].split("\r")
    assert drawn[0] == ""
    for done, text in enumerate(drawn[1:5], start=1):
        assert re.match(rf"{done}/5 \[.{{10,30}}\] - ETA: \S+ - loss: ", text)
    assert {len(text) for text in drawn[1:-1]} == {79}  # never as wide as the terminal, and always over all that was
    assert re.fullmatch(FINAL.format(bar=r"\[={10,30}\] "), drawn[-1])


@pytest.mark.parametrize("width", [40, 20])
def test_a_narrow_terminal_is_not_overrun(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(progress, "REDRAW_SECONDS", 0.0)
    monkeypatch.setenv("COLUMNS", str(width))
    fit(1)
    assert {len(text) for text in terminal.getvalue().split("\n")[1].split("\r")[1:-1]} == {width - 1}


def test_evaluate_and_predict_show_a_bar_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    x, y = small_data(10)
    model = small_network()
    model.evaluate(x, y, batch_size=2)
    assert re.fullmatch(r"5/5 - \S+ \S+/step - loss: \d\.\d{4} - accuracy: \d\.\d{4}\n", capsys.readouterr().out)
    model.predict(x, batch_size=2, verbose=1)
    assert re.fullmatch(r"5/5 - \S+ \S+/step\n", capsys.readouterr().out)
    model.predict(x, verbose=0)
    model.evaluate(x, y, verbose=0)
    assert capsys.readouterr().out == ""
