"""What training prints: Keras's format in a terminal, plain lines elsewhere."""

import io
import re
import sys

import pytest
from networks import small_data, small_network

from numpycnn import progress
from numpycnn.progress import bar, clock, final_line, pace, running_line


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


def test_lines_are_keras_lines() -> None:
    logs = {"loss": 0.91743, "accuracy": 0.71208, "tiny": 0.00002}
    assert running_line(12, 60, 3.0, logs) == (
        "12/60 [=====>........................] - ETA: 12s - loss: 0.9174 - accuracy: 0.7121 - tiny: 2.0000e-05"
    )
    assert running_line(3, 120, 3.0, {}) == "  3/120 [..............................] - ETA: 1:57"
    assert final_line(60, 12.0, {"loss": 0.5}, with_bar=True) == (
        "60/60 [==============================] - 12s 200ms/step - loss: 0.5000"
    )
    assert final_line(60, 12.0, {"loss": 0.5}, with_bar=False) == "60/60 - 12s 200ms/step - loss: 0.5000"


FINAL = r"5/5 {bar}- \d+s \d+[mu]s/step - loss: \d\.\d{{4}} - accuracy: \d\.\d{{4}} - val_loss: \d\.\d{{4}} - val_accuracy: .*"


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
    for line in (lines[1], lines[3]):
        assert re.fullmatch(FINAL.format(bar=""), line)


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
    assert [re.match(r"(\d)/5 \[.{30}\] - ETA: 0s - loss: ", line)[1] for line in drawn[1:5]] == ["1", "2", "3", "4"]  # type: ignore[index]
    assert {len(line) for line in drawn[1:-1]} == {79}  # never as wide as the terminal, and always over all that was
    assert re.fullmatch(FINAL.format(bar=r"\[={30}\] "), drawn[-1])


def test_a_narrow_terminal_is_not_overrun(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(progress, "REDRAW_SECONDS", 0.0)
    monkeypatch.setenv("COLUMNS", "40")
    fit(1)
    assert {len(line) for line in terminal.getvalue().split("\n")[1].split("\r")[1:-1]} == {39}


def test_evaluate_and_predict_show_a_bar_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    x, y = small_data(10)
    model = small_network()
    model.evaluate(x, y, batch_size=2)
    assert re.fullmatch(r"5/5 - \d+s \d+[mu]s/step - loss: \d\.\d{4} - accuracy: \d\.\d{4}\n", capsys.readouterr().out)
    model.predict(x, batch_size=2, verbose=1)
    assert re.fullmatch(r"5/5 - \d+s \d+[mu]s/step\n", capsys.readouterr().out)
    model.predict(x)
    model.evaluate(x, y, verbose=0)
    assert capsys.readouterr().out == ""
