"""A student's file graded in a process of its own: what hangs or crashes there ends that function's grading alone.

The worker says what it begins and what came of it (`worker.py`). A function that takes too long is ended with its
process, and the next process goes on after it: that works alike on every platform.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO, Any, NamedTuple, cast

import numpycnn
from numpycnn.courses.grading import Grade, partner

STARTING = 60.0
"""Seconds that a process may take to import NumPy."""


class Graded(NamedTuple):
    """The grades of a file's functions, the traceback of what the file itself raised, and what it has replaced."""

    grades: list[Grade]
    trace: str = ""
    replaced: Sequence[str] = ()


def graded(path: Path, names: list[str], limit: float) -> Graded:
    """The grades of the functions of a file. names: those that are wanted; empty for all. limit: seconds for each."""
    grades: list[Grade] = []
    trace, left, first, replaced = "", list(names), True, list[str]()
    while first or left:
        process = Worker(path, left)
        try:
            ready = process.line(STARTING)
            found = process.line(limit) if "ready" in ready else ready
            if "found" not in found:
                return Graded(grades, f"{path.name} itself {found['ended']}")
            trace, left, first, replaced = found["trace"], list(found["found"]), False, found["replaced"]
            came = list(process.grades(limit))
            if left and not came:
                came = [Grade(left[0], 1, ["all"], ["the process ended before it began"])]
            came += [not_begun(name, came[-1]) for name in left if partner(name) == came[-1].name != name]
            grades += came
            left = [name for name in left if name not in {one.name for one in came}]
        finally:
            process.close()
    return Graded(grades, trace, replaced)


def not_begun(backward: str, forward: Grade) -> Grade:
    """The grade of a backward whose forward has ended the process."""
    return Grade(backward, 1, ["all"], [f"not graded: of its forward, {forward.name}, {forward.hints[0]}"])


class Worker:
    """A process that grades, and the lines that it has said."""

    def __init__(self, path: Path, names: list[str]) -> None:
        package = str(Path(numpycnn.__file__).parent.parent)
        before = os.environ.get("PYTHONPATH", "")
        paths = os.pathsep.join([package, before]) if before else package
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "numpycnn.courses.worker", str(path), *names],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8"},
        )
        self.lines: Queue[str] = Queue()
        self.stream = cast(IO[bytes], self.process.stdout)
        self.thread = Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self) -> None:
        """Put the lines into the queue, and an empty one at their end."""
        for line in self.stream:
            self.lines.put(line.decode("utf-8"))
        self.lines.put("")

    def line(self, seconds: float) -> dict[str, Any]:
        """The next line, or how the process has ended."""
        try:
            text = self.lines.get(timeout=seconds)
        except Empty:
            return {"ended": f"took more than {seconds:g} second{'s' * (seconds != 1)}"}
        return json.loads(text) if text else {"ended": f"ended the process with status {self.process.wait()}"}

    def grades(self, limit: float) -> Iterator[Grade]:
        """The grades, until the last one or until a function ends the process or takes too long."""
        while True:
            begun = self.line(STARTING)
            if "begins" not in begun:
                return
            name = str(begun["begins"])
            came = self.line(limit)
            if "grade" not in came:
                yield Grade(name, 1, ["all"], [f"it {came['ended']}"])
                return
            yield Grade(**came["grade"])

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        self.thread.join()
        self.stream.close()
