"""Progress in the terminal: a bar that is redrawn in place, or plain lines where that is not possible.

The format is Keras's:

    12/60 [=====>........................] - ETA: 9s - loss: 0.9174 - accuracy: 0.7121
    60/60 [==============================] - 12s 200ms/step - loss: 0.3879 - accuracy: 0.8810
"""

import sys
import time
from typing import TextIO

from numpycnn.callbacks import Callback
from numpycnn.callbacks.base import Logs
from numpycnn.common.figures import one_number

BAR_WIDTH, NARROW_BAR = 30, 10
REDRAW_SECONDS = 0.1
"""Ten times a second at most: a notebook keeps every one, and its page is slower than a terminal."""
PLAIN_SECONDS = 15.0  # between plain lines


def bar(done: int, total: int, width: int = BAR_WIDTH) -> str:
    """[=====>....], filled in proportion."""
    filled = width * done // total
    tip = ">" if 0 < filled < width else ""
    return "[" + ("=" * (filled - len(tip)) + tip).ljust(width, ".") + "]"


def clock(seconds: float) -> str:
    """9s, 1:05, 2:03:04."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{rest:02d}"
    return f"{minutes}:{rest:02d}" if minutes else f"{rest}s"


def pace(seconds: float) -> str:
    """The time per step: 2s/step, 200ms/step, 66us/step."""
    if seconds >= 1:
        return f"{seconds:.0f}s/step"
    return f"{seconds * 1e3:.0f}ms/step" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/step"


def figures(logs: Logs) -> list[str]:
    """["loss: 0.2500", "accuracy: 0.9100"]; very small figures as 1.0000e-05, several numbers as their mean."""
    means = {name: one_number(value) for name, value in logs.items()}
    return [f"{name}: {value:{'.4f' if abs(value) > 1e-3 else '.4e'}}" for name, value in means.items()]


def counter(done: int, total: int | None) -> str:
    """12/60, the first number as wide as the second; 12/unknown."""
    return f"{done}/unknown" if total is None else f"{done:{len(str(total))}d}/{total}"


def line(done: int, total: int | None, timing: str, logs: Logs, columns: int | None = None) -> str:
    """The steps done, a bar, the time, and the figures; no bar if columns is None, or the total is not known.

    In a narrow terminal the bar is shortened first, and then, except in the final line, the last figures are omitted.
    """
    head, parts = counter(done, total), [timing, *figures(logs)]
    if columns is None or total is None:
        return " - ".join([head, *parts])
    while len(parts) > 1 and done < total and bar_room(head, parts, columns) < NARROW_BAR:
        parts.pop()
    width = max(NARROW_BAR, min(BAR_WIDTH, bar_room(head, parts, columns)))
    return " - ".join([f"{head} {bar(done, total, width)}", *parts])


def bar_room(head: str, parts: list[str], columns: int) -> int:
    """The columns left for the inside of the bar."""
    return columns - len(" - ".join([f"{head} []", *parts]))


def redraws(stream: TextIO) -> bool:
    """Whether a line can be overwritten: in a terminal or a notebook."""
    isatty = getattr(stream, "isatty", None)  # a stream may be None, or have only write()
    return (isatty is not None and isatty()) or type(stream).__module__.startswith("ipykernel")


class Progress:
    """The progress of `steps` steps on standard output; None is a number that is not known.

    verbose: 0 silent; 1 a bar if possible, else a line every PLAIN_SECONDS and one at the end; 2 only the last line.
    """

    def __init__(self, steps: int | None, verbose: int) -> None:
        self.steps, self.verbose = steps, verbose
        self.live = verbose == 1 and redraws(sys.stdout)
        self.start = self.last = time.perf_counter()
        self.done = 0
        self.last_shown = self.start - REDRAW_SECONDS if self.live else self.start

    def update(self, done: int, logs: Logs) -> None:
        """Show the progress after `done` steps, unless it was shown just before."""
        self.done, self.last = done, time.perf_counter()
        now, pause = self.last, REDRAW_SECONDS if self.live else PLAIN_SECONDS
        if self.verbose != 1 or done == self.steps or now - self.last_shown < pause:
            return
        self.last_shown = now
        seconds = now - self.start
        timing = clock(seconds) if self.steps is None else f"ETA: {clock(seconds / done * (self.steps - done))}"
        if self.live:
            self.draw(line(done, self.steps, timing, logs, columns()))
        else:
            print(line(done, self.steps, timing, logs), flush=True)

    def finish(self, logs: Logs) -> None:
        """Print the final line: the steps done, and their time."""
        seconds = self.last - self.start
        timing = f"{clock(seconds)} {pace(seconds / max(self.done, 1))}"
        if self.live:
            self.draw("")
            print("\r" + line(self.done, self.steps, timing, logs, columns()), flush=True)
        elif self.verbose:
            print(line(self.done, self.steps, timing, logs), flush=True)

    def draw(self, text: str) -> None:
        """Overwrite the current line."""
        print("\r" + text[: columns()].ljust(columns()), end="", flush=True)


def columns() -> int:
    """The terminal's width minus one, because a full line may wrap."""
    import shutil  # deferred: slow import

    return shutil.get_terminal_size().columns - 1


class ProgressBar(Callback):
    """The progress of each epoch of `fit`, under the epoch's number. verbose: as for Progress."""

    def __init__(self, verbose: int) -> None:
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.verbose:
            print(f"Epoch {epoch + 1}/{self.params['epochs']}", flush=True)
        self.progress = Progress(self.params["steps"], self.verbose)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.progress.update(batch + 1, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.progress.finish(logs or {})
