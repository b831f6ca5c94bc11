"""How training shows itself in the terminal: a bar that is redrawn in place, or where that cannot be, plain lines.

The format is Keras's:

    12/60 [=====>........................] - ETA: 9s - loss: 0.9174 - accuracy: 0.7121
    60/60 [==============================] - 12s 200ms/step - loss: 0.3879 - accuracy: 0.8810
"""

import shutil
import sys
import time
from typing import TextIO

from numpycnn.callbacks import Callback, Logs

WIDTH = 30
REDRAW_SECONDS = 0.05


def bar(done: int, total: int) -> str:
    """[=====>....], filled in proportion."""
    filled = WIDTH * done // total
    tip = ">" if 0 < filled < WIDTH else ""
    return "[" + ("=" * (filled - len(tip)) + tip).ljust(WIDTH, ".") + "]"


def clock(seconds: float) -> str:
    """9s, 1:05, 2:03:04."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{rest:02d}"
    return f"{minutes}:{rest:02d}" if minutes else f"{rest}s"


def pace(seconds: float) -> str:
    """The time of one step: 2s/step, 200ms/step, 66us/step."""
    if seconds >= 1:
        return f"{seconds:.0f}s/step"
    return f"{seconds * 1e3:.0f}ms/step" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/step"


def figures(logs: Logs) -> str:
    """- loss: 0.2500 - accuracy: 0.9100; very small figures as 1.0000e-05."""
    return "".join(f" - {name}: {value:{'.4f' if abs(value) > 1e-3 else '.4e'}}" for name, value in logs.items())


def counter(done: int, total: int) -> str:
    """12/60, the first number as wide as the second."""
    return f"{done:{len(str(total))}d}/{total}"


def running_line(done: int, total: int, seconds: float, logs: Logs) -> str:
    """The line while steps remain, with the time they will take if they go on as before."""
    left = seconds / done * (total - done)
    return f"{counter(done, total)} {bar(done, total)} - ETA: {clock(left)}{figures(logs)}"


def final_line(total: int, seconds: float, logs: Logs, *, with_bar: bool) -> str:
    """The line when all steps are done."""
    shown = f" {bar(total, total)}" if with_bar else ""
    return f"{counter(total, total)}{shown} - {clock(seconds)} {pace(seconds / total)}{figures(logs)}"


def redraws(stream: TextIO) -> bool:
    """Whether a line can be drawn over: in a terminal, and in a notebook."""
    return stream.isatty() or type(stream).__module__.startswith("ipykernel")


class Progress:
    """The progress of `steps` steps on standard output. verbose: 0 silent, 1 a bar where one can be drawn, 2 a line."""

    def __init__(self, steps: int, verbose: int) -> None:
        self.steps = steps
        self.silent = verbose == 0
        self.live = verbose == 1 and redraws(sys.stdout)
        self.start = time.perf_counter()
        self.drawn = self.start - REDRAW_SECONDS

    def update(self, done: int, logs: Logs) -> None:
        """Redraw the bar after `done` steps, unless it was drawn just now."""
        now = time.perf_counter()
        if self.live and done < self.steps and now - self.drawn >= REDRAW_SECONDS:
            self.drawn = now
            self.draw(running_line(done, self.steps, now - self.start, logs))

    def finish(self, logs: Logs) -> None:
        """Print the last line."""
        if self.live:
            self.draw("")
            print(end="\r")
        if not self.silent:
            print(final_line(self.steps, time.perf_counter() - self.start, logs, with_bar=self.live), flush=True)

    def draw(self, line: str) -> None:
        """Put the line, cut to the terminal's width, in the place of the one before."""
        width = shutil.get_terminal_size().columns - 1
        print("\r" + line[:width].ljust(width), end="", flush=True)


class ProgressBar(Callback):
    """The progress of each epoch of `fit`, under the epoch's number. verbose: as for Progress."""

    def __init__(self, verbose: int) -> None:
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        if self.verbose:
            print(f"Epoch {epoch + 1}/{self.params['epochs']}", flush=True)
        self.progress = Progress(self.params["steps"], self.verbose)

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        self.progress.update(batch + 1, logs)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        self.progress.finish(logs)
