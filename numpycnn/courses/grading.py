"""One function of a student's held to its exercise: every case by itself, and what is wrong with each result in words.

A forward is compared with the reference number by number. A backward is compared with the reference, and checked
against numerical derivatives of the student's own forward: in the first case, at ties, and wherever the numbers differ.
So a backward may be right though its forward is wrong. Nothing that the student's code raises is hidden, and none of it
ends the grading.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.courses.comparison import (
    CLOSE,
    Comparison,
    Mistake,
    MistakeError,
    in_words,
    is_close,
    is_far,
    labelled,
    results,
)
from numpycnn.courses.exercises import ALIASES, EXERCISES, Arguments, Case, Exercise, reference
from numpycnn.courses.student import students_trace
from numpycnn.gradcheck import Report, check
from numpycnn.gradcheck.code import arrays

SEED, SAMPLES = 231, 12
"""Where the cases' numbers start; how many entries the checker compares."""

OF_GRADIENT = "the gradient of "
"""How a report's problems begin that are those of one gradient."""

PLAIN = ("claimed = ", "this is the gradient of", "zero everywhere", "not finite")
"""How sentences begin that say more than a mistake in a formula."""

OF_ITS_OWN = "not right itself; the gradients are compared with its derivatives, right or wrong"

Functions = Mapping[str, Any]


class Task(NamedTuple):
    """A function to grade: its exercise, and whether it is the backward."""

    exercise: Exercise
    backward: bool


class Grade(NamedTuple):
    """What came of one function."""

    name: str
    cases: int
    failed: list[str]
    """The labels of the cases that failed."""
    hints: list[str] = []  # noqa: RUF012  never changed
    """What is wrong, in words: one for each cause that is told apart."""
    trace: str = ""
    """The traceback, where the student's code raised an error."""

    @property
    def passed(self) -> bool:
        """Whether no case failed."""
        return not self.failed


def tasks() -> dict[str, Task]:
    """All functions that can be graded, by name."""
    found: dict[str, Task] = {}
    for exercise in EXERCISES:
        found.setdefault(exercise.forward, Task(exercise, backward=False))
        if exercise.backward:
            found[exercise.backward] = Task(exercise, backward=True)
    return found | {alias: found[name] for alias, name in ALIASES.items()}


def grade(name: str, functions: Functions) -> Grade:
    """The grade of one function among a student's. Whatever it raises is in the grade."""
    exercise, backward = tasks()[name]
    if str(getattr(functions[name], "__module__", "")).split(".")[0] == "numpycnn":
        return Grade(name, 1, ["all"], ["it is numpycnn's own, which the file imports: nothing to grade"])
    cases = [case for case in exercise.cases if case.backward or not backward]
    failed, hints, trace = [], Hints(cases), ""
    for number, case in enumerate(cases):
        try:
            if backward:
                look = number == 0 or case.ties
                found = judged_backward(name, functions, exercise, case, look=look, known=hints.of(case))
            else:
                found = judged(functions[name], exercise, case, number, hints.of(case))
        except MistakeError as mistake:
            found = [Mistake("", str(mistake))]
        except BaseException as error:  # a student's sys.exit() too
            if isinstance(error, KeyboardInterrupt):
                raise
            found = [Mistake("", f"{type(error).__name__}: {error}")]
            trace = trace or students_trace(error)
        failed += [case.label] if found else []
        hints.add(case, found)
    return Grade(name, len(cases), failed, hints.sentences(), trace)


class Hints:
    """What is wrong with each result of a function: by the first case, or by one that decides what that left open."""

    def __init__(self, cases: list[Case]) -> None:
        self.first = cases[0]
        self.known: dict[tuple[str, str], tuple[str, Mistake]] = {}
        """By the path through the function and the result: where it was found, and what is wrong."""

    def add(self, case: Case, mistakes: list[Mistake]) -> None:
        """What is wrong in another case."""
        place = "" if case is self.first else f"in {case.label}: "
        for one in mistakes:
            key = case.path, one.what
            _, before = self.known.get(key, ("", None))
            if before is None or (not before.hypothesis and one.hypothesis in before.possible):
                self.known[key] = place, one

    def of(self, case: Case) -> set[str]:
        """The results of which it is known what is wrong, on a case's path."""
        return {what for path, what in self.known if path == case.path}

    def sentences(self) -> list[str]:
        """A sentence for each cause, with all results that it explains; no cause of a result twice."""
        causes: dict[tuple[str, str], list[str]] = {}
        told = set()
        for (_, what), (place, one) in self.known.items():
            if (what, one.text) not in told:
                causes.setdefault((place, one.text), []).append(what)
            told.add((what, one.text))
        return [
            f"{place}{' and '.join(whats)}: {text}" if any(whats) else f"{place}{text}"
            for (place, text), whats in causes.items()
        ]


# ---------------------------------------------------------------- forwards


def judged(
    function: Callable[..., Any], exercise: Exercise, case: Case, number: int, known: Collection[str] = ()
) -> list[Mistake]:
    """What is wrong with a forward, a loss or an update rule beside the reference. Raises MistakeError.

    known: of which results it is known what is wrong.
    """
    rng = np.random.default_rng(SEED)
    drawn = case.draw(rng)
    theirs, ours = deepcopy(drawn), deepcopy(drawn)
    for step in range(exercise.steps):
        before = deepcopy(ours)
        received = called(function, theirs, in_place=exercise.steps > 1)  # as the course's own sgd does
        expected = exercise.reference(*ours)
        a, b = (results(exercise, one, (before[0], *kept[1:])) for one, kept in ((received, theirs), (expected, ours)))
        found = judged_results(Comparison(exercise, before, a, b, known))
        if found:
            return found
        if step < exercise.steps - 1:
            drawn = case.draw(rng)
            theirs = (received[0], drawn[1].copy(), received[1])
            ours = (expected[0], drawn[1].copy(), expected[1])
    if exercise.results and exercise.gradients and number == 0:  # scores of 1,000 leave the loss no digits
        return judged_loss(function, exercise, case)
    return []


def judged_results(beside: Comparison) -> list[Mistake]:
    """What is wrong with the results of one call: beside the reference's, or where random numbers leave them open."""
    judge = beside.exercise.judge
    if judge is None:
        return list(beside.mistakes())
    out, right = beside.received["out"], beside.expected["out"]
    if np.shape(out) != np.shape(right) or np.asarray(out).dtype.kind not in "biuf":
        return [beside.mistake("out", out, right)]
    flaw = judge(np.asarray(out), beside.arguments)
    return [Mistake("out", flaw)] if flaw else []


def called(function: Callable[..., Any], arguments: Arguments, *, in_place: bool = False) -> Any:
    """What a function returns. Raises MistakeError if it returns nothing, or changes an array where it must not."""
    before = deepcopy(arguments)
    with np.errstate(all="ignore"):
        result = function(*arguments)
    names = labelled(function, len(arguments))
    for name, was, now in zip(names, before, arguments, strict=True):
        if not in_place and isinstance(was, np.ndarray) and not np.array_equal(was, now):
            raise MistakeError(f"it changes its input {name} in place: work on a copy")
    if result is None:
        raise MistakeError("it returns None: a missing return")
    return result


def judged_loss(function: Callable[..., Any], exercise: Exercise, case: Case) -> list[Mistake]:
    """What is wrong with the gradient that a loss returns."""
    drawn = case.draw(np.random.default_rng(SEED))
    names = labelled(exercise.reference, len(drawn))
    without = [k for k, name in enumerate(names) if name not in exercise.gradients]
    return told(check(function, None, *drawn, no_gradient=without, samples=SAMPLES))


# ---------------------------------------------------------------- backwards


def judged_backward(
    name: str, functions: Functions, exercise: Exercise, case: Case, *, look: bool, known: Collection[str]
) -> list[Mistake]:
    """What is wrong with a backward beside the reference, and by the checker. Raises MistakeError.

    look: whether to check it though the numbers are equal. known: of which results it is known what is wrong.
    """
    forward = functions.get(partner(name), functions.get(exercise.forward))
    if not callable(forward):
        raise MistakeError(f"its forward, {exercise.forward}, is not in the file: the cache is its own affair")
    drawn = case.draw(np.random.default_rng(SEED))
    received = forward(*deepcopy(drawn))
    if not isinstance(received, tuple) or len(received) != 2:
        raise MistakeError("its forward does not return (out, cache)")
    out, cache = received
    expected, right = exercise.reference(*deepcopy(drawn))
    dout = np.random.default_rng((SEED, 1)).normal(size=np.shape(out))
    listed = gradients(exercise, called(functions[name], (dout, cache)))
    same = np.shape(out) == expected.shape and np.allclose(out, expected, rtol=CLOSE, atol=CLOSE)
    ours = dict(zip(exercise.gradients, gradients_of(exercise, dout, right), strict=True)) if same else {}
    wrong = {f"d{key}" for key in ours if key not in listed or not is_close(listed[key], ours[key])}
    found = []
    if look or not same or not wrong <= set(known):
        found = told(check(forward, functions[name], *drawn, samples=SAMPLES))
        found += [Mistake("its forward", OF_ITS_OWN)] if found and not same else []
    if not found and not case.ties:
        found = list(unequal(listed, {key: ours[key] for key in ours if f"d{key}" in wrong}))
    supposed = list(supposed_gradients(exercise, dout, drawn)) if found and ours else []
    return [one._replace(text=told_by(supposed, one, listed, ours)) for one in found]


def supposed_gradients(exercise: Exercise, dout: Array, drawn: Arguments) -> Iterator[tuple[str, dict[str, Array]]]:
    """What the gradients would be with each usual mistake in the backward; none where it does not fit the case."""
    for text, function in exercise.backwards:
        try:
            with np.errstate(all="ignore"):
                yield text, function(dout, *deepcopy(drawn))
        except (ValueError, IndexError):
            continue


def told_by(
    supposed: list[tuple[str, dict[str, Array]]],
    mistake: Mistake,
    received: Mapping[str, Array],
    right: Mapping[str, Array],
) -> str:
    """The usual mistake that gives just this wrong gradient; or what was known before, such as a factor."""
    key = mistake.what.removeprefix("d")
    of_this = [(text, found[key]) for text, found in supposed if key in found and key in right and key in received]
    known = (text for text, one in of_this if is_close(received[key], one) and is_far(one, right[key]))
    return mistake.text if mistake.text.startswith(PLAIN) else next(known, mistake.text)


def partner(name: str) -> str:
    """The name of the forward that belongs to a backward."""
    return name.replace("_backward", "_forward").removesuffix("_alt")


def gradients(exercise: Exercise, result: Any) -> dict[str, Array]:
    """A backward's result by name. Raises MistakeError for another number of gradients."""
    listed = result if isinstance(result, tuple) else (result,)
    if len(listed) != len(exercise.gradients):
        expected = ", ".join(f"d{name}" for name in exercise.gradients)
        raise MistakeError(f"it must return {expected}; received {len(listed)} values")
    return arrays(dict(zip(exercise.gradients, listed, strict=True)))


def gradients_of(exercise: Exercise, dout: Array, cache: Any) -> tuple[Array, ...]:
    """The reference's gradients."""
    result = reference(exercise.backward)(dout, cache)
    return result if isinstance(result, tuple) else (result,)


def unequal(received: Mapping[str, Array], expected: Mapping[str, Array]) -> Iterator[Mistake]:
    """What is wrong with each gradient that the checker has passed, or could not decide."""
    for name, right in expected.items():
        if name not in received or received[name].shape != right.shape:
            yield Mistake(f"d{name}", f"it must have the shape {right.shape}")
        else:
            yield Mistake(f"d{name}", in_words(f"d{name}", received[name], right))


def told(report: Report) -> list[Mistake]:
    """What a report that failed says of each gradient and of the whole, or its last line."""
    if not report.failed:
        return []
    said: dict[str, list[str]] = {}
    for name, _, text in (diagnosis.partition(": ") for diagnosis in report.diagnoses):
        said.setdefault(f"d{name}", []).append(text)
    for problem in report.problems:
        name, _, text = problem.removeprefix(OF_GRADIENT).partition(" ")
        of_one = problem.startswith(OF_GRADIENT)
        said.setdefault(f"d{name}" if of_one else "", []).append(f"it {text}" if of_one else problem)
    said = said or {"": [report.last_line()]}
    return [Mistake(what, "; ".join(texts)) for what, texts in said.items()]
