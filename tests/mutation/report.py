"""The report of mutation testing, in Markdown: counts for each file, and every survivor with its reason."""

import datetime
import platform
import tomllib
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

REASONS = Path(__file__).with_name("reasons.toml")
"""Why mutants survive: for each file, a reason and the changes that it is the reason of."""

COLUMNS = ("mutants", "killed by a test", "killed by time", "survived", "killed, raw")


class Row(NamedTuple):
    """A mutant and what became of it."""

    file: str
    operator: str
    change: str
    """The line before and after."""
    outcome: str
    by: str


def report(rows: Sequence[Row], command: str) -> str:
    """The whole report."""
    return "\n".join(lines_of(rows, command)) + "\n"


def lines_of(rows: Sequence[Row], command: str) -> Iterator[str]:
    """Its lines."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pytest", "hypothesis"))
    field = [row for row in rows if row.operator.startswith("domain")]
    general = [row for row in rows if not row.operator.startswith("domain")]
    yield "# Mutation testing"
    yield ""
    yield f"Made by `{command}` on {datetime.date.today()}: Python {platform.python_version()}, {versions}."
    yield "What a mutant is, and which are not made, is in [`operators.py`](operators.py); which tests run on it, in"
    yield "[`trial.py`](trial.py). A mutant that runs out of time counts as killed. Nothing that was made is left out. The"
    yield "verdict on a mutant is kept from run to run while the function around it stays as it is; `--fresh` forgets all."
    yield ""
    yield from table(general)
    yield ""
    yield "## Faults of the field"
    yield ""
    yield "Those that people make with convolutions, losses, optimizers and files, from [`domain.py`](domain.py)."
    yield ""
    yield from table(field)
    for row in field:
        yield f"- {row.outcome}: {row.operator.removeprefix('domain: ')} (`{row.file}`)"
    yield ""
    yield "## Survivors"
    yield from survivors([row for row in rows if row.outcome == "survived"])


def table(rows: Sequence[Row]) -> Iterator[str]:
    """The counts for each file, and for all."""
    yield f"| file | {' | '.join(COLUMNS)} |"
    yield f"|---|{'---|' * len(COLUMNS)}"
    for file in dict.fromkeys(row.file for row in rows):
        yield counts(f"`{file}`", [row.outcome for row in rows if row.file == file])
    yield counts("**all**", [row.outcome for row in rows])
    yield ""


def counts(name: str, outcomes: Sequence[str]) -> str:
    """One line of the table."""
    killed, late, alive = (outcomes.count(outcome) for outcome in ("killed", "timeout", "survived"))
    return f"| {name} | {len(outcomes)} | {killed} | {late} | {alive} | {(killed + late) / len(outcomes):.1%} |"


def survivors(rows: Sequence[Row]) -> Iterator[str]:
    """Every survivor as a change, under its reason."""
    reasons = {(file, change): why for file, why, change in known_reasons()}
    for file in dict.fromkeys(row.file for row in rows):
        yield from ("", f"### `{file}`")
        own: dict[str, list[Row]] = {}
        for row in rows:
            if row.file == file:
                own.setdefault(reasons.get((file, row.change), "**No reason is written yet.**"), []).append(row)
        for why, alike in own.items():
            yield from ("", why, "", "```diff")
            for row in alike:
                before, _, after = row.change.partition(" -> ")
                yield from (f"- {before}", f"+ {after}")
            yield "```"


def known_reasons() -> Iterator[tuple[str, str, str]]:
    """(file, reason, change) for each change that a reason is written for."""
    for entry in tomllib.loads(REASONS.read_text())["survivor"]:
        for change in entry["changes"]:
            yield entry["file"], entry["reason"], change
