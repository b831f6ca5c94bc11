"""The process in which a student's code runs: `python -m numpycnn.courses.worker FILE NAME ...`.

It says in lines of JSON on its standard output that it is ready, which functions it has found, which one it begins and
what came of it;
the student's own output goes to the standard error, so that it is seen, and nothing of it is taken for a result.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

from numpycnn.courses.grading import grade, tasks
from numpycnn.courses.student import Guard, load


def main(path: str, names: list[str], results: TextIO) -> None:
    """Grade the functions of a file that are among these names; all that the courses have, if there are none."""

    def say(**line: Any) -> None:
        print(json.dumps(line), file=results, flush=True)

    say(ready=True)
    guard = Guard()
    functions, trace = load(Path(path))
    replaced = guard.restore()
    found = [name for name in names or tasks() if callable(functions.get(name))]
    say(found=found, trace=trace, replaced=replaced)
    for name in found:
        say(begins=name)
        say(grade=grade(name, functions)._asdict())
        guard.restore()


if __name__ == "__main__":
    kept = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    main(sys.argv[1], sys.argv[2:], kept)
    kept.close()
    os._exit(0)  # a student's threads do not keep the process
