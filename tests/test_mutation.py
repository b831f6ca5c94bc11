"""The mutator itself: what it makes of a few lines of source."""

from pathlib import Path

from mutation import SCOPE
from mutation.domain import FAULTS, faults_of
from mutation.operators import mutants

import numpycnn

SOURCE = b'''"""Words."""

LIMIT = 3


def steps(x: list[int], size: int = 2) -> list[int]:
    """Words."""
    if size > LIMIT:
        raise ValueError(f"size must be at most {LIMIT}")
    x = sorted(x, reverse=True)
    x[0] += 1
    return x[::size]
'''


def made(source: bytes) -> set[str]:
    """The lines that mutants have in the place of the source's."""
    before = source.decode().splitlines()
    after = [mutant.apply(source).decode().splitlines() for mutant in mutants(source)]
    return {b.strip() for lines in after for a, b in zip(before, lines, strict=True) if a != b}


def test_mutants_of_a_few_lines() -> None:
    assert made(SOURCE) == {
        "LIMIT = 4",
        "LIMIT = 2",
        "def steps(x: list[int], size: int = 3) -> list[int]:",
        "def steps(x: list[int], size: int = 1) -> list[int]:",
        "if (size >= LIMIT):",
        "if (size <= LIMIT):",
        "pass",  # for raise, and for two other statements
        "x = sorted(x)",
        "x = sorted(x, reverse=False)",
        "x = x",
        "x[1] += 1",
        "x[(-1)] += 1",
        "x[0] = 1",
        "x[0] -= 1",
        "x[0] += 2",
        "x[0] += 0",
        "return None",
        "return x[:]",
    }


def test_the_faults_of_the_field_are_of_the_source_as_it_is() -> None:
    package = Path(numpycnn.__file__).parent
    assert sum(len(faults_of(file, (package / file).read_bytes())) for file in SCOPE) == len(FAULTS) >= 30
