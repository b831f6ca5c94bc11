"""The result of a gradient check: a row for each gradient, a verdict, and a table to print."""

import textwrap
from collections.abc import Iterator, Sequence
from math import prod
from typing import NamedTuple

from numpycnn.common.typing import Shape

WIDTH = 100
HEADER = ("gradient of", "checked", "method", "error", "bound", "worst at", "claimed", "numeric", "result")


class Row(NamedTuple):
    """A claimed gradient compared with numerical derivatives: entry by entry, or along directions."""

    name: str
    """The parameter or input."""
    shape: Shape
    checked: int
    """The number of entries, or of directions, that were compared."""
    method: str
    """How the derivatives were computed: "complex", "central" or "adjoint"."""
    error: float
    """The worst difference: relative to the derivative itself if it failed, otherwise to the largest of the row."""
    bound: float
    """The largest error that passes."""
    where: tuple[int, ...] | str
    """The index of the worst entry, or the name of the worst direction."""
    claimed: float
    """The claimed derivative there."""
    numeric: float
    """The numerical derivative there; at a kink the mean of both sides."""
    kinks: int = 0
    """The number of those compared that have different derivatives from the left and the right."""
    notes: tuple[str, ...] = ()
    """Remarks, such as an example of a kink."""
    verdict: str = "passed"
    """The worst verdict of those compared: "passed", "failed" or "inconclusive"."""

    @property
    def passed(self) -> bool:
        """Whether all of those compared passed."""
        return self.verdict == "passed"

    @property
    def result(self) -> str:
        """The last cell: FAIL, inconclusive, kinks (passed, some of them at kinks) or ok."""
        return {"passed": "kinks" if self.kinks else "ok", "failed": "FAIL"}.get(self.verdict, self.verdict)

    def cells(self) -> tuple[str, ...]:
        """The cells of the table's row."""
        numbers = (f"{self.claimed:.3e}", f"{self.numeric:.3e}")
        method = (self.method, f"{self.error:.1e}", f"{self.bound:.0e}")
        if isinstance(self.where, str):
            return (self.name, "directions", *method, self.where, *numbers, self.result)
        many = "all" if self.checked == prod(self.shape) else str(self.checked)
        index = ",".join(map(str, self.where))
        return (self.name, f"{many} of {self.shape}", *method, f"({index})", *numbers, self.result)

    def remarks(self) -> Iterator[str]:
        """The lines below the table: a failed entry with all digits, and the notes."""
        if self.verdict == "failed":
            yield f"{self.name} at {self.where}: claimed {self.claimed!r}, numeric {self.numeric!r}"
        yield from (f"{self.name}: {note}" for note in self.notes)


class Report(NamedTuple):
    """The result of a gradient check. `print(report)` prints a table.

    `report.passed`: everything was compared, and is right. `report.failed`: something is wrong. `report.inconclusive`:
    nothing is known to be wrong, but something cannot be decided. Exactly one of them is True: `report.verdict`.
    """

    title: str
    """What was checked."""
    rows: Sequence[Row]
    problems: Sequence[str] = ()
    """Other errors, such as a wrong shape, or a function that returns two results for the same input."""
    diagnoses: Sequence[str] = ()
    """What is wrong in words, where that can be told: see `diagnosis.py`."""
    notes: Sequence[str] = ()
    """What else there is to say, such as which inputs take no gradient."""

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
        """The table, with remarks below it."""
        table = [HEADER, *(row.cells() for row in self.rows)] if self.rows else []
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [" ".join(map(str.ljust, cells, widths)).rstrip() for cells in table]
        wrapped = [textwrap.fill(text, WIDTH, initial_indent="- ", subsequent_indent="  ") for text in self.remarks()]
        return "\n".join([f"Gradient check of {self.title}", *lines, *wrapped, self.last_line()])

    def remarks(self) -> list[str]:
        """What stands below the table: problems, failed entries, diagnoses and notes."""
        return [
            *(f"problem: {text}" for text in self.problems),
            *(text for row in self.rows for text in row.remarks()),
            *self.diagnoses,
            *self.notes,
        ]

    def __repr__(self) -> str:
        return f"<Report of {self.title}: {self.last_line()}>"

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        from html import escape  # deferred: only notebooks need them

        from numpycnn.common import html

        items = "".join(f"<li>{escape(text)}</li>" for text in self.remarks())
        table = html.table(HEADER, [row.cells() for row in self.rows], f"Gradient check of {self.title}")
        return f"{table}<ul>{items}</ul><p><b>{escape(self.last_line())}</b></p>"

    def last_line(self) -> str:
        """The verdict, and the names of the rows that cause it."""
        if self.passed:
            return "passed"
        causes = dict.fromkeys(row.name for row in self.rows if row.verdict == self.verdict)
        label = "FAILED" if self.failed else self.verdict
        return f"{label}: " + ", ".join([*causes, *(["see problems"] if self.problems else [])])
