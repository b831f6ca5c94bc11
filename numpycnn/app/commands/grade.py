"""Grade a student's functions: those of CS231n's assignments 1 and 2 and of D2L, by their names."""

import argparse
import ast
import sys
import textwrap
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from numpycnn.app.commands.train import whole_number

if TYPE_CHECKING:
    from numpycnn.courses.grading import Grade

DESCRIPTION = (
    "Grade the functions of a file that have the names of CS231n's assignments 1 and 2 or of Dive into Deep "
    "Learning, such as conv_backward_naive: forwards against a reference, backwards against numerical "
    "derivatives too, with strides, paddings, overlapping windows, ties and single examples. Prints a table "
    "with a hint for each wrong result. The exit status is 0 if all are right, 1 if one is not, or is missing, and "
    "2 if there is none to grade."
)
WIDTH = 100
NEARLY = 0.85
"""How similar a name is to one that is nearly the same, from 0 to 1."""
NOTHING = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and options."""
    parser.description = DESCRIPTION
    parser.add_argument("file", type=Path, metavar="FILE.py", help="the file with the functions")
    parser.add_argument("names", nargs="*", metavar="NAME", help="functions that must be there (default: all that are)")
    parser.add_argument(
        "--limit",
        type=whole_number(at_least=1),
        default=30,
        metavar="SECONDS",
        help="how long each function may take (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Grade, and print the table. Returns the exit status."""
    from numpycnn.courses.grader import graded  # deferred: slow imports
    from numpycnn.courses.grading import Grade, tasks

    unknown = [name for name in args.names if name not in tasks()]
    if unknown or not args.file.is_file():
        print(f"{args.file} is not a file" if not unknown else f"no course has {', '.join(unknown)}", file=sys.stderr)
        return NOTHING
    grades, trace = graded(args.file, args.names, args.limit)
    known = {one.name for one in grades}
    grades += [Grade(name, 1, ["all"], ["it is not in the file"]) for name in args.names if name not in known]
    if trace:
        print(f"{args.file} raised, and what it had defined by then is graded:\n{textwrap.indent(trace, '  ')}")
    for name, meant in misspelled(args.file, tasks()):
        print(f"{name} is not graded: is {meant} meant?")
    if not grades:
        print(f"{args.file} has none of the functions: {', '.join(tasks())}")
        return NOTHING
    print("\n".join(table(grades)))
    return 0 if all(one.passed for one in grades) else 1


def misspelled(path: Path, known: Collection[str]) -> Iterator[tuple[str, str]]:
    """The functions of a file whose names are nearly one of the known, and that one."""
    from numpycnn.common.unknown import nearest

    try:
        nodes = list(ast.walk(ast.parse(path.read_bytes())))
    except (SyntaxError, ValueError):
        return
    for name in (node.name for node in nodes if isinstance(node, ast.FunctionDef)):
        meant = "" if name in known else nearest(name, known, NEARLY)
        if meant:
            yield name, meant


def table(grades: list["Grade"]) -> Iterator[str]:
    """The table's lines, the hints below it, and the tracebacks."""
    width = max(len(one.name) for one in grades)
    for one in grades:
        failed = "all" if len(one.failed) == one.cases else "; ".join(one.failed)
        result = "ok" if one.passed else f"FAIL in {failed}"
        yield f"{one.name:{width}} {one.cases - len(one.failed):2d} of {one.cases} cases  {result}"
    for one in grades:
        for hint in one.hints:
            yield textwrap.fill(f"{one.name}: {hint}", WIDTH, initial_indent="- ", subsequent_indent="  ")
        if one.trace:
            yield textwrap.indent(one.trace.rstrip(), "    ")
    right = sum(one.passed for one in grades)
    yield f"{right} of {len(grades)} functions are right"
