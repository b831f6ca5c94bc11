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
    "with a hint for each wrong result. The exit status is 0 if all are right, 1 if one is not, or is missing, or the "
    "file raises an error, and 2 if there is none to grade."
)
WIDTH = 100
NEARLY = 0.85
"""How similar a name is to one that is nearly the same, from 0 to 1."""
NOTHING = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and options."""
    parser.description = DESCRIPTION
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE.py or NAME",
        help="files with functions, such as those of a class; and functions that must be in each (default: any)",
    )
    parser.add_argument("--list", action="store_true", help="print the names of all functions that can be graded")
    parser.add_argument(
        "--limit",
        type=whole_number(at_least=1),
        default=30,
        metavar="SECONDS",
        help="how long each function may take (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Grade, and print the tables. Returns the exit status, the worst of the files'."""
    from numpycnn.courses.grading import tasks  # deferred: slow imports

    if args.list:
        print("\n".join(tasks()))
        return 0
    files = [Path(one) for one in args.files if is_file_name(one)]
    names = [one for one in args.files if not is_file_name(one)]
    unknown, missing = [one for one in names if one not in tasks()], [one for one in files if not one.is_file()]
    if unknown or missing or not files:
        text = f"no function that is graded is called {unknown[0]}: --list prints those that are" if unknown else ""
        print(text or f"{missing[0] if missing else 'the file to grade'} is not a file", file=sys.stderr)
        return NOTHING
    statuses = []
    for file in files:
        if len(files) > 1:
            print(f"{file}:")
        statuses.append(grade_file(file, names, args.limit))
    if len(files) > 1:
        print(f"{statuses.count(0)} of {len(files)} files are all right")
    return max(statuses)


def is_file_name(argument: str) -> bool:
    """Whether an argument is a file's name, not a function's."""
    return not argument.isidentifier()


def grade_file(file: Path, names: list[str], limit: float) -> int:
    """Grade one file, and print its table. Returns the exit status."""
    from numpycnn.courses.grader import graded  # deferred: slow imports
    from numpycnn.courses.grading import Grade, tasks

    grades, trace, replaced = graded(file, names, limit)
    known = {one.name for one in grades}
    grades += [Grade(name, 1, ["all"], ["it is not in the file"]) for name in names if name not in known]
    if trace:
        and_then = "; what it had defined by then is graded" if grades else ""
        print(f"{file} raised an error{and_then}:\n{textwrap.indent(trace, '  ')}")
    if replaced:
        print(f"{file} replaces {', '.join(replaced)}, which is put back")
    print_others(file, tasks())
    if not grades:
        print(f"{file} has none of the functions that are graded: --list prints them")
        return NOTHING
    print("\n".join(table(grades)))
    return 0 if all(one.passed for one in grades) and not trace else 1


def print_others(file: Path, known: Collection[str]) -> None:
    """Print which functions of a file are not graded, and what those may mean that are nearly among the known."""
    others = [name for name in functions_in(file) if name not in known]
    meant = dict(misspelled(others, known))
    for name, right in meant.items():
        print(f"{name} is not graded: is {right} meant?")
    if left := [name for name in others if name not in meant]:
        print(textwrap.fill(f"not graded, for no course has them: {', '.join(left)}", WIDTH))


def functions_in(path: Path) -> list[str]:
    """The functions that a file defines, by its text."""
    try:
        nodes = ast.parse(path.read_bytes()).body
    except (SyntaxError, ValueError):
        return []
    return [node.name for node in nodes if isinstance(node, ast.FunctionDef)]


def misspelled(names: Collection[str], known: Collection[str]) -> Iterator[tuple[str, str]]:
    """Those of the names that are nearly one of the known, and that one."""
    from numpycnn.common.unknown import nearest  # deferred: only such names need it

    for name in names:
        if meant := nearest(name, known, NEARLY):
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
