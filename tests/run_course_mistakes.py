"""Hold the grader, and CS231n's own checks, to every typical mistake in the courses' functions.

    python tests/run_course_mistakes.py            # all of course_mistakes.py
    python tests/run_course_mistakes.py conv max   # those in functions whose names begin so

Prints for each mistake what each of the two says, and how many they see; ends with status 1 if the grader lets one pass.
"""

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from course_mistakes import MISTAKES, Mistake
from cs231n_checks import passes

from numpycnn.courses.grading import Grade, grade
from numpycnn.gradcheck.patterns import UNKNOWN

SOURCE = (Path(__file__).parent / "course_answers.py").read_text(encoding="utf-8")


def functions(mistake: Mistake) -> dict[str, Any]:
    """All functions, one of them with its mistake."""
    names: dict[str, Any] = {"__name__": "answers"}
    exec(compile(mistake.put_into(SOURCE), "answers.py", "exec"), names)  # noqa: S102
    return names


def graded(mistake: Mistake) -> Grade:
    """The grade of the function with the mistake."""
    return grade(mistake.function, functions(mistake))


def main(beginnings: Sequence[str]) -> int:
    """Print the table. Returns the exit status."""
    warnings.simplefilter("ignore")
    chosen = [one for one in MISTAKES if one.function.startswith(tuple(beginnings) or "")]
    missed = wordless = let_pass = of_course = 0
    for one in chosen:
        grades, own = graded(one), passes(one.function, functions(one))
        missed, let_pass, of_course = missed + grades.passed, let_pass + (own is True), of_course + (own is not None)
        wordless += any(UNKNOWN in hint for hint in grades.hints)
        seen = {True: "passes", False: "seen", None: "no check"}
        hint = "MISSED" if grades.passed else "; ".join(grades.hints).partition("\n")[0]
        print(f"{one.function}: {one.what}\n    CS231n's check: {seen[own]}; the grader: {hint}", flush=True)
    print(f"{len(chosen)} mistakes: the grader sees {len(chosen) - missed}, and does not know {wordless} of them. Of {of_course} in "
          f"functions that CS231n checks, its own checks let {let_pass} pass.")  # fmt: skip
    return 1 if missed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("functions", nargs="*", help="beginnings of functions' names")
    sys.exit(main(parser.parse_args().functions))
