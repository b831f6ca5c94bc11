"""Which `raise` statements of the library are reached by a test that reads the message: `pytest --raises` says.

A test reads a message by `pytest.raises(..., match="...")`. While the option is on, each error caught so is traced to the
statement that raised it, and at the end those that no test has read are listed, and the run fails.
"""

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from traceback import walk_tb
from typing import Any, NamedTuple

import pytest

import numpycnn

LIBRARY = Path(numpycnn.__file__).parent


class Statement(NamedTuple):
    """Where a `raise` stands."""

    path: Path
    first: int
    last: int


@cache
def statements_in(path: Path) -> list[Statement]:
    """Every `raise` of one file, but not the bare ones, which pass on an error and its message."""
    return [
        Statement(path, node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Raise) and node.exc is not None
    ]


def statements() -> list[Statement]:
    """Every `raise` of the library."""
    return [statement for path in sorted(LIBRARY.rglob("*.py")) for statement in statements_in(path)]


def read_with(error: BaseException | None) -> Iterator[Statement | None]:
    """The statements whose messages one reads in an error: its own, and that of one which it passes on word for word."""
    while error is not None:
        yield raised_by(error)
        cause = error.__context__
        error = cause if cause is not None and str(cause) and str(cause) in str(error) else None


def raised_by(error: BaseException) -> Statement | None:
    """The library's statement that raised the error; None where Python, NumPy or a test did."""
    *_, (frame, line) = walk_tb(error.__traceback__)
    return next((one for one in statements_of(frame.f_code.co_filename) if one.first <= line <= one.last), None)


@cache
def statements_of(file: str) -> list[Statement]:
    """Every `raise` of a file, if it is the library's."""
    path = Path(file)
    return statements_in(path) if path.is_relative_to(LIBRARY) else []


class Record:
    """A plugin of pytest that keeps the statements whose messages tests have read, and lists the others."""

    def __init__(self) -> None:
        self.read: set[Statement | None] = set()
        self.raises = pytest.raises

    @contextmanager
    def reading(self, *expected: Any, match: Any = None, **more: Any) -> Iterator[Any]:
        """pytest.raises, with a record of what is read."""
        with self.raises(*expected, match=match, **more) as caught:
            yield caught
        if match:
            self.read.update(read_with(caught.value))

    def unread(self) -> list[Statement]:
        """The statements that no test has read the message of."""
        return [statement for statement in statements() if statement not in self.read]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pytest, "raises", self.reading)
            result = yield
        if hasattr(session.config, "workeroutput"):  # one of several processes: the first one counts
            session.config.workeroutput["read"] = [(str(s.path), s.first, s.last) for s in self.read if s]
        else:
            session.testsfailed += bool(self.unread())
        return result

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what tests have read in another process."""
        read = getattr(node, "workeroutput", {}).get("read", ())
        self.read.update(Statement(Path(path), first, last) for path, first, last in read)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("raise statements")
        for path, line, _ in self.unread():
            terminalreporter.line(f"{path.relative_to(LIBRARY.parent)}:{line}: no test reads this message")
        count = len(statements())
        terminalreporter.line(f"tests read the messages of {count - len(self.unread())} of {count}")
