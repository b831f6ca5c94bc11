"""A table of the figures of every epoch, in a file."""

import os
from typing import Any

import numpy as np

from numpycnn.callbacks.base import Callback, Logs
from numpycnn.callbacks.monitor import check_state
from numpycnn.common import checks
from numpycnn.common.typing import Array


class CSVLogger(Callback):
    """Write the figures of each epoch to a CSV file, a row for each, which is complete when the epoch ends.

    The columns are the epoch, counted from 0, and the figures of the first in alphabetical order; those of validation
    data, where the first has none, stand behind. A figure that an epoch has not is NA, one of several
    numbers a list.
    filename: the file's path. separator: between columns, one character. append: go on with a file that there is.
    A training that BackupAndRestore resumes goes on after the rows of the epochs that it has.

    Raises TypeError or ValueError for invalid arguments, and when training begins OSError. Source: Keras's CSVLogger.
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        self.filename = os.path.abspath(checks.path("CSVLogger", "filename", filename))  # as BackupAndRestore does
        self.separator = checks.text("CSVLogger", "separator", separator)
        if len(separator) != 1 or separator == '"' or not (separator.isprintable() or separator == "\t"):
            raise ValueError(
                f"CSVLogger: separator must be one printable character or a tab, and no quote; "
                f"received {checks.short_repr(separator)}"
            )
        self.append = checks.flag("CSVLogger", "append", append)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        with open(self.filename, "a", encoding="utf-8"):  # raises now, not after the first epoch
            self.columns: list[str] | None = None
        self.length = os.path.getsize(self.filename) if self.append else 0  # bytes to keep
        self.resumed = False

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        import csv  # deferred: slow import

        if self.columns is None:
            os.truncate(self.filename, min(self.length, os.path.getsize(self.filename)))
        with open(self.filename, "r+", encoding="utf-8", newline="") as file:
            if self.columns is None:
                header = next(csv.reader(file, delimiter=self.separator), None) if self.resumed else None
                self.columns = header or ["epoch", *columns_of(logs or {})]
            empty = file.seek(0, os.SEEK_END) == 0
            writer = csv.DictWriter(file, self.columns, "NA", "ignore", delimiter=self.separator)
            if empty:
                writer.writeheader()
            writer.writerow({"epoch": epoch, **{name: cell(value) for name, value in (logs or {}).items()}})
        self.length = os.path.getsize(self.filename)

    def get_state(self) -> dict[str, Array]:
        return {"length": np.array(self.length, np.int64)}

    def set_state(self, state: dict[str, Array]) -> None:
        check_state("CSVLogger", state, [("length", (), np.int64)])
        self.length, self.resumed = int(state["length"]), True


def cell(figure: Any) -> Any:
    """A figure in the file: several numbers as Keras writes them, "[0.5, 0.25]" in quotes."""
    return f'"[{", ".join(map(str, np.asarray(figure).tolist()))}]"' if np.ndim(figure) else figure


def columns_of(logs: dict[str, Any]) -> list[str]:
    """The names of the figures in order, and of those that validation data may add later."""
    names = sorted(logs)
    return names if any(name.startswith("val_") for name in names) else [*names, *(f"val_{name}" for name in names)]
