"""Put each of the field's typical faults into a copy of the library, and see whether its tests notice.

    python tests/run_faults.py                  # all of typical_faults.py, two at a time
    python tests/run_faults.py losses/ engine   # those of files whose path begins so

Prints a line for each fault, and ends with status 1 if one survives, or if the tests fail without any.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from typical_faults import FAULTS, Fault

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "numpycnn"
PYTEST = (sys.executable, "-m", "pytest", "-x", "-q", "-n0", "-p", "no:cacheprovider", "--hypothesis-profile=faults")
TIME_LIMIT = 300  # seconds: a fault may make a loop that does not end

NOTICED, SURVIVED = "noticed", "SURVIVED"


@contextmanager
def copy_of_package() -> Iterator[Path]:
    """A folder with a copy of the package, without the data, which are large and only read."""
    with tempfile.TemporaryDirectory() as folder:
        data = "mnist_files"
        shutil.copytree(PACKAGE, Path(folder, "numpycnn"), ignore=shutil.ignore_patterns(data))
        Path(folder, "numpycnn/datasets", data).symlink_to(PACKAGE / "datasets" / data)
        yield Path(folder)


def tests_pass(folder: Path, tests: Sequence[str]) -> bool:
    """Whether the tests pass with the copy. In its folder they, and the processes that they start, import it."""
    options = ["-c", str(TESTS.parent / "pyproject.toml"), f"--rootdir={TESTS.parent}"]
    files = [str(TESTS / test) for test in tests]
    variables = {**os.environ, "PYTHONPATH": str(folder)}
    try:
        done = subprocess.run(  # noqa: S603
            [*PYTEST, *options, *files], cwd=folder, env=variables, capture_output=True, text=True, timeout=TIME_LIMIT
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode not in (0, 1, 2):  # passed, failed, could not be imported
        raise RuntimeError(f"pytest ended with status {done.returncode}: {done.stdout}{done.stderr}")
    return done.returncode == 0


def verdict(fault: Fault) -> str:
    """Whether the fault's tests notice it."""
    with copy_of_package() as folder:
        file = folder / "numpycnn" / fault.file
        file.write_text(fault.put_into(file.read_text(encoding="utf-8")), encoding="utf-8")
        return SURVIVED if tests_pass(folder, fault.tests) else NOTICED


def red_without_a_fault(tests: tuple[str, ...]) -> bool:
    """Whether these tests fail with the library as it is: then they notice nothing."""
    with copy_of_package() as folder:
        return not tests_pass(folder, tests)


def run(faults: Sequence[Fault], jobs: int) -> int:
    """Print the table of verdicts. Returns the exit status."""
    selections = sorted({fault.tests for fault in faults})
    with ThreadPoolExecutor(jobs) as pool:
        is_red = pool.map(red_without_a_fault, selections)
        red = [tests for tests, failed in zip(selections, is_red, strict=True) if failed]
        if red:
            print("these tests fail without any fault:", *(" ".join(tests) for tests in red), sep="\n  ")
            return 1
        survivors = 0
        for fault, said in zip(faults, pool.map(verdict, faults), strict=True):
            print(f"{said:9} {fault.file:32} {fault.what}", flush=True)
            survivors += said == SURVIVED
    print(f"{len(faults) - survivors} of {len(faults)} faults noticed")
    return int(survivors > 0)


def main() -> int:
    """Read the command line, and run the faults that it chooses."""
    parser = argparse.ArgumentParser(description="Put typical faults into the library, and see whether tests notice.")
    parser.add_argument("files", nargs="*", help="beginnings of paths in numpycnn/ (default: all)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="how many at a time (default: %(default)s)")
    arguments = parser.parse_args()
    chosen = tuple(arguments.files or [""])
    return run([fault for fault in FAULTS if fault.file.startswith(chosen)], arguments.jobs)


if __name__ == "__main__":
    sys.exit(main())
