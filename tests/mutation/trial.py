"""Running chosen tests on a mutant, in a forked process of its own.

What is slow is done before the fork. Most mutants change the code of one function: then the package and the tests are
imported once, and each child exchanges that code (`Warm`). The others change what stands outside of functions: then the
child imports a copy of the package with the mutant in it (`verdict_of_copy`).
"""

import gc
import json
import os
import resource
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any, NamedTuple

import hypothesis.strategies  # noqa: F401 (before the fork)
import numpy as np  # noqa: F401
import pytest

from mutation import TEST_FILES

TESTS = Path(__file__).parent.parent
MEMORY = 6 << 30
"""A child may have this many bytes: a mutant may ask for any shape."""
OPTIONS = ["-q", "-s", "-p", "no:cacheprovider", "--hypothesis-profile=mutation", f"--rootdir={TESTS.parent}"]
OPTIONS += ["-o", "pythonpath="]  # the copy is imported, not the repository
OPTIONS += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis is imported before the fork
OPTIONS += ["-o", "pythonpath="]  # the package is imported from a copy, and not from here


class Known(NamedTuple):
    """What the tests do where nothing is wrong."""

    seconds: dict[str, float]
    """How long each test takes."""
    lines: dict[str, list[str]]
    """The tests that run each line, "file:number"."""


class Verdict(NamedTuple):
    """What became of a mutant: "killed", "survived" or "timeout"; and by which test."""

    outcome: str
    by: str


class Chosen:
    """A pytest plugin: runs the chosen tests, each with a time limit, and says which one failed.

    The quickest come first, and those that killed other mutants before: a test counts as that much quicker.
    """

    def __init__(
        self, seconds: Mapping[str, float], report: Callable[[str], object], kills: Mapping[str, int] | None = None
    ) -> None:
        self.seconds, self.report, self.kills = seconds, report, kills or {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = self.of(items)

    def of(self, items: Sequence[pytest.Item]) -> list[pytest.Item]:
        """The chosen ones among all tests, in their order."""
        chosen = [item for item in items if item.nodeid in self.seconds]
        return sorted(chosen, key=lambda item: self.seconds[item.nodeid] / (1 + 10 * self.kills.get(item.nodeid, 0)))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.report(f"running {item.nodeid}")
        signal.alarm(10 + int(10 * self.seconds[item.nodeid]))  # its end is the child's end
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.report(f"failed {report.nodeid}")


class Traced:
    """A pytest plugin: notes for each test that passes how long it takes, and which lines of the package it runs."""

    def __init__(self, package: Path) -> None:
        self.prefix = f"{package}{os.sep}"
        self.seconds: dict[str, float] = {}
        self.lines: dict[str, list[str]] = {}
        self.seen: set[tuple[CodeType, int]] = set()

    def trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(self.prefix):
            return None
        self.seen.add((frame.f_code, frame.f_lineno))
        return self.trace

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.seen = set()
        threading.settrace(self.trace)
        sys.settrace(self.trace)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)
            for code, line in self.seen:
                self.lines.setdefault(f"{code.co_filename.removeprefix(self.prefix)}:{line}", []).append(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.seconds[report.nodeid] = report.duration


# ---------------------------------------------------------------- forked processes


class Child:
    """A forked process that reports to the one that forked it. It is quiet, and has a bound on its memory."""

    def __init__(self) -> None:
        self.receiver, self.sender = os.pipe()
        self.number = os.fork()
        """0 in the child itself."""
        if self.number:
            os.close(self.sender)
            return
        os.close(self.receiver)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nowhere, number)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    def report(self, line: str) -> None:
        """In the child: tell the parent."""
        os.write(self.sender, f"{line}\n".encode())

    def end(self) -> tuple[int, list[str]]:
        """In the parent: wait for the child's end; its status, and what it reported."""
        with os.fdopen(self.receiver) as stream:
            lines = stream.read().splitlines()
        return os.waitstatus_to_exitcode(os.waitpid(self.number, 0)[1]), lines


def forked(run: Callable[[Callable[[str], object]], int]) -> tuple[int, list[str]]:
    """The status of a forked process, and what `run` reported in it."""
    child = Child()
    if child.number:
        return child.end()
    status = 1
    try:
        status = run(child.report)
    finally:
        os._exit(status)


def at_once(works: Sequence[Callable[[], object]]) -> None:
    """Each piece of work in a forked process, all at the same time. Raises ChildProcessError where one fails."""
    children = []
    for work in works:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                work()
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    statuses = [os.waitpid(child, 0)[1] for child in children]
    if any(statuses):
        raise ChildProcessError("a process that runs mutants failed")


def import_from(copy: Path) -> None:
    """The package is imported from `copy` from now on, here and in processes started from here."""
    os.environ.update(PYTHONPATH=str(copy), PYTHONDONTWRITEBYTECODE="1")
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(copy))


def known(copy: Path, file: Path) -> Known:
    """What a file's tests do on an untouched copy. Tests that fail while traced are left out."""

    def run(report: Callable[[str], object]) -> int:
        import_from(copy)
        traced = Traced(copy / "numpycnn")
        status = pytest.main([*OPTIONS, str(file)], plugins=[traced])
        report(json.dumps([traced.seconds, traced.lines]))
        return status

    _, lines = forked(run)
    seconds, by_line = json.loads(lines[-1])
    return Known(seconds, {line: [t for t in tests if t in seconds] for line, tests in by_line.items()})


def verdict_of_copy(copy: Path, seconds: Mapping[str, float]) -> Verdict:
    """What the given tests, with their times, say of a copy of the package."""
    files = sorted({str(TESTS.parent / nodeid.partition("::")[0]) for nodeid in seconds})

    def run(report: Callable[[str], object]) -> int:
        import_from(copy)
        return pytest.main([*OPTIONS, "-x", *files], plugins=[Chosen(seconds, report)])

    return verdict(*forked(run))


def verdict(status: int, lines: Sequence[str]) -> Verdict:
    """A verdict, from a child's status and report."""
    if status == 0:
        return Verdict("survived", "")
    test = lines[-1].partition(" ")[2] if lines else "at import"
    return Verdict("timeout" if status == -signal.SIGALRM else "killed", test)


# ---------------------------------------------------------------- functions whose code is exchanged


class Change(NamedTuple):
    """The code of a function before and after."""

    before: CodeType
    after: CodeType


def change(before: CodeType, after: CodeType) -> Change | None:
    """The one function in which two codes of a module differ; None where they differ outside of functions too."""
    if before.co_flags & CO_OPTIMIZED:
        return Change(before, after) if before.co_freevars == after.co_freevars else None
    pairs = list(zip(before.co_consts, after.co_consts, strict=False))
    same = before.co_code == after.co_code and before.co_names == after.co_names
    inner = [(a, b) for a, b in pairs if isinstance(a, CodeType) and isinstance(b, CodeType) and a != b]
    others = [(a, b) for a, b in pairs if not isinstance(a, CodeType) and (type(a), a) != (type(b), b)]
    if not same or others or len(inner) != 1 or len(before.co_consts) != len(after.co_consts):
        return None
    return change(*inner[0])


def functions_of(package: Path) -> dict[tuple[str, int, str], list[FunctionType]]:
    """The package's functions that are alive, by file, line and name."""
    found: dict[tuple[str, int, str], list[FunctionType]] = {}
    for function in gc.get_objects():
        if type(function) is FunctionType and function.__code__.co_filename.startswith(f"{package}{os.sep}"):
            found.setdefault(place(function.__code__), []).append(function)
    return found


def place(code: CodeType) -> tuple[str, int, str]:
    """Where a function stands."""
    return code.co_filename, code.co_firstlineno, code.co_qualname


class Warm:
    """A pytest plugin: in place of the tests' loop, a loop over changes, with a forked process for each.

    In the child it lets pytest go on, with the tests chosen for the change; whoever called pytest ends the child then.
    """

    def __init__(self, changes: Sequence[tuple[Change, Mapping[str, float]]], tell: Callable[[int, Verdict], object]):
        self.changes, self.tell = changes, tell
        self.chosen: Chosen | None = None

    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        import numpycnn

        functions, kills = functions_of(Path(numpycnn.__file__).parent), Counter[str]()
        gc.collect()
        gc.freeze()
        for number, (change, seconds) in enumerate(self.changes):
            child = Child()
            if not child.number:
                self.chosen = Chosen(seconds, child.report, kills)
                session.config.pluginmanager.register(self.chosen)
                for function in functions[place(change.before)]:
                    function.__code__ = change.after
                session.items = self.chosen.of(session.items)
                return None
            result = verdict(*child.end())
            kills[result.by] += 1
            self.tell(number, result)
        return True


def verdicts_of_changes(
    copy: Path, changes: Sequence[tuple[Change, Mapping[str, float]]], tell: Callable[[int, Verdict], object]
) -> None:
    """Tell what the given tests, with their times, say of each change to a copy of the package, by its number."""
    import_from(copy)
    plugin = Warm(changes, tell)
    status = pytest.main([*OPTIONS, "-x", *[str(TESTS / file) for file in TEST_FILES]], plugins=[plugin])
    if plugin.chosen is not None:  # in a child
        os._exit(status)
