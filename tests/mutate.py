"""Mutation testing of the library: makes mutation/REPORT.md. See mutation/__init__.py, and CONTRIBUTING.

What is known of a mutant is kept in a file, so the run can be interrupted and go on; a mutant is run again when the
function around it has changed. It needs a system with fork.
"""

import argparse
import ast
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")  # before NumPy is imported

from mutation import SCOPE, TEST_FILES, trial
from mutation.domain import faults_of
from mutation.operators import Mutant, mutants
from mutation.report import Row, report

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "numpycnn"
SLOWEST = 2.5  # tests that take longer, traced, are left out: a mutant that only they kill counts as survived


class Task(NamedTuple):
    """A mutant of a file, and by what it is known from one run to the next."""

    file: str
    mutant: Mutant
    key: str
    label: str
    """The line or lines before and after."""


def main() -> None:
    """Read the command line, run what is not known yet, write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", help="files of the package to mutate; by default all of the scope")
    parser.add_argument("--results", type=Path, default=ROOT / ".mutation", help="where what is known is kept")
    parser.add_argument("--fresh", action="store_true", help="forget what is known")
    parser.add_argument("--survivors", action="store_true", help="run again those that survived; tests may be new")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes run at a time")
    options = parser.parse_args()
    if options.fresh:
        shutil.rmtree(options.results, ignore_errors=True)
    options.results.mkdir(exist_ok=True)
    results = options.results / "results.jsonl"
    tasks = [task for file in options.files or SCOPE for task in tasks_of(file)]
    verdicts = read(results)
    waiting = [t for t in tasks if t.key not in verdicts or (options.survivors and verdicts[t.key][0] == "survived")]
    print(f"{len(tasks)} mutants, {len(waiting)} to run")
    if waiting:
        run_all(waiting, results, options.jobs)
    verdicts = read(results)
    rows = [Row(task.file, task.mutant.operator, task.label, *verdicts[task.key]) for task in tasks]
    print(f"{sum(row.outcome != 'survived' for row in rows)} of {len(rows)} killed")
    if not options.files:
        (trial.TESTS / "mutation/REPORT.md").write_text(report(rows, "python tests/mutate.py"))


def tasks_of(file: str) -> Iterator[Task]:
    """The mutants of a file, the faults of the field first. Each is known by the function around it, before and after."""
    source = (PACKAGE / file).read_bytes()
    blocks = [n for n in ast.walk(ast.parse(source)) if isinstance(n, (ast.FunctionDef, ast.ClassDef, ast.Module))]
    lines = source.splitlines()
    for mutant in [*faults_of(file, source), *mutants(source)]:
        line = source.count(b"\n", 0, mutant.start) + 1
        around = min((span(block, len(lines)) for block in blocks if line in span(block, len(lines))), key=len)
        before = b"\n".join(lines[around.start - 1 : around.stop - 1])
        change = (
            f"{file}:{mutant.start - len(source[: source.index(before)])}:{mutant.end - mutant.start}:{mutant.text}"
        )
        key = hashlib.sha256(change.encode() + before).hexdigest()[:20]
        yield Task(file, mutant, key, label(source, mutant))


def span(block: ast.AST, last: int) -> range:
    """The lines of a function, of a class, or of the module."""
    return range(getattr(block, "lineno", 1), getattr(block, "end_lineno", last) + 1)


def label(source: bytes, mutant: Mutant) -> str:
    """The line or lines that a mutant changes, before and after."""
    start, end = source.rfind(b"\n", 0, mutant.start) + 1, source.find(b"\n", mutant.end)
    after = source[start : mutant.start] + mutant.text.encode() + source[mutant.end : end]
    return " -> ".join(" ".join(text.decode().split()) for text in (source[start:end], after))


def read(results: Path) -> dict[str, tuple[str, str]]:
    """The last verdict of each key: what became of it, and by which test."""
    if not results.exists():
        return {}
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    return {row["key"]: (row["outcome"], row["by"]) for row in rows}


def run_all(waiting: list[Task], results: Path, jobs: int) -> None:
    """Run the mutants in that many processes, and write down what becomes of each."""
    with tempfile.TemporaryDirectory() as folder:
        copies = [a_copy(Path(folder) / str(job)) for job in range(jobs)]
        known = known_of_tests(copies[0], results.with_name("known.json"))
        if not known.lines:
            raise RuntimeError("the tests run no line of the copy; another package of that name is imported")
        print(f"{len(known.seconds)} tests; {sum(known.seconds.values()):.0f} s, traced", flush=True)
        for file in dict.fromkeys(task.file for task in waiting):
            tasks = [task for task in waiting if task.file == file]
            parts = [partial(run_some, tasks[job::jobs], copy, known, results) for job, copy in enumerate(copies)]
            trial.at_once(parts)
            print(f"{file}: {len(tasks)} done", flush=True)


def known_of_tests(copy: Path, kept: Path) -> trial.Known:
    """What the tests do where nothing is wrong; a file of tests is not run again unless something has changed."""
    files = [trial.TESTS / name for name in TEST_FILES]
    helpers = [path for path in sorted(trial.TESTS.glob("*.py")) if not path.name.startswith("test_")]
    shared = [*sorted(PACKAGE.rglob("*.py")), *helpers]
    before: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    now: dict[str, Any] = {}
    for path in files:
        state = hashlib.sha256(b"".join(part.read_bytes() for part in [*shared, path])).hexdigest()
        now[path.name] = before.get(path.name)
        if now[path.name] is None or now[path.name]["state"] != state:
            now[path.name] = {"state": state, **trial.known(copy, path)._asdict()}
            kept.write_text(json.dumps(before | now))
    lines: dict[str, list[str]] = {}
    for known in now.values():
        for line, tests in known["lines"].items():
            lines.setdefault(line, []).extend(tests)
    if not lines:
        raise RuntimeError("the tests ran no line of the copy of the package: they import it from elsewhere")
    return trial.Known({test: time for known in now.values() for test, time in known["seconds"].items()}, lines)


def a_copy(folder: Path) -> Path:
    """A copy of the package in that folder, with its compiled files; its images are links."""
    shutil.copytree(PACKAGE, folder / "numpycnn", ignore=shutil.ignore_patterns("__pycache__", "mnist_files"))
    (folder / "numpycnn/datasets/mnist_files").symlink_to(PACKAGE / "datasets/mnist_files")
    return folder


def run_some(tasks: list[Task], copy: Path, known: trial.Known, results: Path) -> None:
    """Run mutants one after the other: first those that need a copy of the package of their own."""

    def tell(task: Task, verdict: trial.Verdict) -> None:
        row = {"key": task.key, "file": task.file, "outcome": verdict.outcome, "by": verdict.by}
        with results.open("a") as stream:
            stream.write(json.dumps(row) + "\n")
        if verdict.outcome != "killed":
            print(f"{verdict.outcome} {task.file}:{task.mutant.lines.start} {task.label}", flush=True)

    warm: list[tuple[Task, tuple[trial.Change, Mapping[str, float]]]] = []
    for task in tasks:
        change, tests = change_of(task, copy), tests_for(task, known)
        if not tests:
            tell(task, trial.Verdict("survived", "no test runs it"))
        elif change is not None:
            warm.append((task, (change, tests)))
        else:
            tell(task, cold_verdict(task, copy, tests))

    def tell_of(number: int, verdict: trial.Verdict) -> None:
        tell(warm[number][0], verdict)

    trial.at_once([partial(trial.verdicts_of_changes, copy, [pair for _, pair in warm], tell_of)])


def change_of(task: Task, copy: Path) -> trial.Change | None:
    """What a mutant changes, if that is one function's code."""
    path = copy / "numpycnn" / task.file
    source = path.read_bytes()
    before, after = (compile(s, str(path), "exec") for s in (source, task.mutant.apply(source)))
    return trial.change(before, after)


def cold_verdict(task: Task, copy: Path, tests: Mapping[str, float]) -> trial.Verdict:
    """What the tests say of a copy of the package with the mutant in it."""
    path = copy / "numpycnn" / task.file
    source = path.read_bytes()
    path.write_bytes(task.mutant.apply(source))
    try:
        return trial.verdict_of_copy(copy, tests)
    finally:
        path.write_bytes(source)


def tests_for(task: Task, known: trial.Known) -> Mapping[str, float]:
    """The tests that run one of the lines that a mutant concerns, with their times."""
    tests = {test for line in task.mutant.lines for test in known.lines.get(f"{task.file}:{line}", ())}
    return {test: known.seconds[test] for test in tests if known.seconds[test] <= SLOWEST}


if __name__ == "__main__":
    main()
