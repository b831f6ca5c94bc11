"""What a gradient check found: a row for each gradient, a verdict, and a table to print."""

import textwrap
from collections.abc import Iterator, Sequence
from math import prod
from typing import NamedTuple

from numpycnn.common.typing import Shape

WIDTH = 100
HEADER = ("gradient of", "checked", "method", "error", "bound", "worst at", "claimed", "numeric", "result")


class Row(NamedTuple):
    """One claimed gradient held against numbers: entry by entry, or as its sum along directions."""

    name: str
    """The parameter or input."""
    shape: Shape
    checked: int
    """How many entries were compared, or how many directions."""
    method: str
    """How the numbers were made: "complex", "central" or "adjoint"."""
    error: float
    """The worst difference: relative to the derivative itself if it failed, otherwise to the largest of the row."""
    bound: float
    """The largest error that passes."""
    where: tuple[int, ...] | str
    """The worst entry's index, or which direction is the worst."""
    claimed: float
    """What was claimed there."""
    numeric: float
    """What the numbers say; at a kink the mean of both sides."""
    kinks: int = 0
    """How many of those compared have two derivatives, one from each side."""
    notes: tuple[str, ...] = ()
    """What else there is to say; of kinks, an example."""
    verdict: str = "passed"
    """The worst of those compared: "passed", "failed" or "inconclusive"."""

    @property
    def passed(self) -> bool:
        """Whether all that was compared is right."""
        return self.verdict == "passed"

    @property
    def result(self) -> str:
        """FAIL, or inconclusive; or ok, or where some had two derivatives, kinks."""
        return {"passed": "kinks" if self.kinks else "ok", "failed": "FAIL"}.get(self.verdict, self.verdict)

    def cells(self) -> tuple[str, ...]:
        """The row as the table shows it."""
        numbers = (f"{self.claimed:.3e}", f"{self.numeric:.3e}")
        method = (self.method, f"{self.error:.1e}", f"{self.bound:.0e}")
        if isinstance(self.where, str):
            return (self.name, "directions", *method, self.where, *numbers, self.result)
        many = "all" if self.checked == prod(self.shape) else str(self.checked)
        index = ",".join(map(str, self.where))
        return (self.name, f"{many} of {self.shape}", *method, f"({index})", *numbers, self.result)

    def remarks(self) -> Iterator[str]:
        """What stands below the table: the numbers in full where they are too far apart, and the notes."""
        if self.verdict == "failed":
            yield f"{self.name} at {self.where}: claimed {self.claimed!r}, numeric {self.numeric!r}"
        yield from (f"{self.name}: {note}" for note in self.notes)


class Report(NamedTuple):
    """What a gradient check found. `print(report)` shows it as a table.

    `report.passed`: everything was compared, and is right. `report.failed`: something is wrong. `report.inconclusive`:
    nothing is known to be wrong, but something cannot be decided. Exactly one of them is True; `report.verdict` names
    it.
    """

    title: str
    """What was checked."""
    rows: Sequence[Row]
    problems: Sequence[str] = ()
    """What is wrong besides numbers, such as a shape, or a function that gives two results for the same input."""

    @property
    def verdict(self) -> str:
        """The verdict: "passed", "failed" or "inconclusive"."""
        verdicts = {row.verdict for row in self.rows}
        if self.problems or not verdicts or "failed" in verdicts:
            return "failed"
        return "inconclusive" if "inconclusive" in verdicts else "passed"

    @property
    def passed(self) -> bool:
        """Whether there are rows, all of which passed, and no problems."""
        return self.verdict == "passed"

    @property
    def failed(self) -> bool:
        """Whether a row failed, or there are problems, or nothing was compared."""
        return self.verdict == "failed"

    @property
    def inconclusive(self) -> bool:
        """Whether nothing failed, but a row cannot be decided."""
        return self.verdict == "inconclusive"

    def __str__(self) -> str:
        """The table, and below it what there is to say about its rows."""
        table = [HEADER, *(row.cells() for row in self.rows)] if self.rows else []
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [" ".join(map(str.ljust, cells, widths)).rstrip() for cells in table]
        remarks = [
            *(f"problem: {text}" for text in self.problems),
            *(text for row in self.rows for text in row.remarks()),
        ]
        wrapped = [textwrap.fill(text, WIDTH, initial_indent="- ", subsequent_indent="  ") for text in remarks]
        return "\n".join([f"Gradient check of {self.title}", *lines, *wrapped, self.last_line()])

    def last_line(self) -> str:
        """The verdict, and the rows that it is due to."""
        if self.passed:
            return "passed"
        due = dict.fromkeys(row.name for row in self.rows if row.verdict == self.verdict)
        shown = "FAILED" if self.failed else self.verdict
        return f"{shown}: " + ", ".join([*due, *(["see problems"] if self.problems else [])])
