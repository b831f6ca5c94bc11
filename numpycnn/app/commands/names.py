"""Print Keras's names: which are here, which are not by intention, and why, and which are missing."""

import argparse
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

from numpycnn.app.tables import print_or_update
from numpycnn.common.keras_api import KERAS
from numpycnn.common.keras_names import OUT_OF_SCOPE
from numpycnn.common.old_names import NAMES

DESCRIPTION = (
    "Print a table of Keras 3's names by kind: those that are here, those that are left out by intention, with the "
    "reason, and those that are missing. It is computed from what can be imported."
)
HEAD = ("kind", "here", "left out, and why", "missing")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and options."""
    parser.description = DESCRIPTION
    parser.add_argument(
        "--update", type=Path, metavar="FILE", help="put the table into this file, between its two comments, instead"
    )


def run(args: argparse.Namespace) -> int:
    """Print the table, or write it. Returns the exit status."""
    return print_or_update("".join(f"{line}\n" for line in table_lines()), "Keras's names", args.update)


def table_lines() -> Iterator[str]:
    """The table in Markdown."""
    yield f"| {' | '.join(HEAD)} |"
    yield "|---" * len(HEAD) + "|"
    for kind, names in KERAS.items():
        yield row(kind, names.split())


def row(kind: str, names: list[str]) -> str:
    """A kind's row of the table."""
    reasons = {name: reason for its_kind, reason, others in OUT_OF_SCOPE if its_kind == kind for name in others.split()}
    there = {name for name in names if is_here(kind, name)}
    left_out = [name for name in names if name not in there and name in reasons]
    missing = [name for name in names if name not in there and name not in reasons]
    cells = (
        f"{kind}: {len(there)} of {len(names)}",
        listed(sorted(there)),
        by_reason(left_out, reasons),
        listed(missing),
    )
    return f"| {' | '.join(cells)} |"


def is_here(kind: str, name: str) -> bool:
    """Whether Keras's name can be imported from the library's module of that kind, and used."""
    module = import_module(f"numpycnn.{kind}")
    return name in {*vars(module), *module.__all__, *NAMES.get(kind, {})}  # some of __all__ is imported on first access


def by_reason(names: list[str], reasons: Mapping[str, str]) -> str:
    """The names in groups, each with its reason."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(reasons[name], []).append(name)
    return "; ".join(f"{reason}: {listed(group)}" for reason, group in groups.items())


def listed(names: list[str]) -> str:
    """The names with commas between them."""
    return ", ".join(names)
