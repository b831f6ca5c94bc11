"""One function of a student's held to its exercise: every case by itself, and what is wrong in words.

A forward is compared with the reference number by number. A backward is compared with the reference, and checked
against numerical derivatives of the student's own forward: in the first case, at ties, and wherever the numbers differ.
So a backward may be right though its forward is wrong. Nothing that the student's code raises is hidden, and none of it
ends the grading.
"""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.checks import short_repr
from numpycnn.common.typing import Array
from numpycnn.courses.exercises import ALIASES, EXERCISES, Arguments, Case, Exercise, reference
from numpycnn.courses.student import students_trace
from numpycnn.gradcheck import check
from numpycnn.gradcheck.code import arrays, parameter_names
from numpycnn.gradcheck.patterns import OUTPUTS, Evidence, explanation

SEED, SAMPLES, CLOSE = 231, 12, 1e-8
"""Where the cases' numbers start; how many entries the checker compares; how close to the reference is right."""

OF_ITS_OWN = "; this is said of its own forward, which is not right itself"

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
    hint: str = ""
    """What is wrong, in words."""
    trace: str = ""
    """The traceback, where the student's code raised an error."""

    @property
    def passed(self) -> bool:
        """Whether no case failed."""
        return not self.failed


class MistakeError(Exception):
    """What is wrong in a case."""


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
    cases = [case for case in exercise.cases if case.backward or not backward]
    failed, hint, trace = [], "", ""
    for number, case in enumerate(cases):
        try:
            if backward:
                judged_backward(name, functions, exercise, case, look=number == 0 or case.ties, known=bool(hint))
            else:
                judged(functions[name], exercise, case, number)
        except MistakeError as mistake:
            failed.append(case.label)
            hint = hint or in_case(case, cases, str(mistake))
        except BaseException as error:  # a student's sys.exit() too
            if isinstance(error, KeyboardInterrupt):
                raise
            failed.append(case.label)
            hint = hint or in_case(case, cases, f"{type(error).__name__}: {error}")
            trace = trace or students_trace(error)
    return Grade(name, len(cases), failed, hint, trace)


def in_case(case: Case, cases: list[Case], hint: str) -> str:
    """The hint, with the name of its case unless that is the first one."""
    return hint if case is cases[0] else f"in {case.label}: {hint}"


# ---------------------------------------------------------------- forwards


def judged(function: Callable[..., Any], exercise: Exercise, case: Case, number: int) -> None:
    """Compare a forward, a loss or an update rule with the reference. Raises MistakeError."""
    rng = np.random.default_rng(SEED)
    drawn = case.draw(rng)
    theirs, ours = deepcopy(drawn), deepcopy(drawn)
    for step in range(exercise.steps):
        before = deepcopy(ours)
        received = called(function, theirs, in_place=exercise.steps > 1)  # as the course's own sgd does
        expected = exercise.reference(*ours)
        if exercise.backward:
            compare_forward(exercise, received, expected, drawn)
            compare("kept in the parameters:", dicts(theirs), dicts(ours), dicts(before))
            return
        compare_results(exercise, received, expected, before)
        if step < exercise.steps - 1:
            drawn = case.draw(rng)
            theirs = (received[0], drawn[1].copy(), received[1])
            ours = (expected[0], drawn[1].copy(), expected[1])
    if exercise.gradients and number == 0:  # scores of 1,000 leave the loss no digits to be differentiated by
        judged_loss(function, exercise, case)


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


def labelled(function: Callable[..., Any], count: int) -> list[str]:
    """Names for a function's arguments."""
    names = parameter_names(function)
    return (names + [f"argument {k}" for k in range(len(names), count)])[:count]


def dicts(arguments: Arguments) -> dict[str, Any]:
    """The numbers and arrays of the parameters among the arguments."""
    return {key: value for one in arguments if isinstance(one, dict) for key, value in one.items() if key != "mode"}


def compare_forward(exercise: Exercise, received: Any, expected: Any, arguments: Arguments) -> None:
    """Compare the output of a forward with a cache."""
    if not isinstance(received, tuple) or len(received) != 2:
        raise MistakeError(f"it must return (out, cache); received {short_repr(received)}")
    if exercise.judge is None:
        compare_array("out", received[0], expected[0])
        return
    compare_shape("out", received[0], expected[0])
    flaw = exercise.judge(received[0], arguments)
    if flaw:
        raise MistakeError(flaw)


def compare_results(exercise: Exercise, received: Any, expected: Any, arguments: Arguments) -> None:
    """Compare what a function without a backward returns: an array, or a tuple of arrays, numbers and dicts.

    An update rule's new weights are explained by their step from the old ones.
    """
    if not isinstance(expected, tuple):
        compare_array("the result", received, expected)
        return
    if not isinstance(received, tuple) or len(received) != len(expected):
        raise MistakeError(f"it must return {len(expected)} values; received {short_repr(received)}")
    names = ["loss", *(f"d{name}" for name in exercise.gradients)] if exercise.gradients else results(expected)
    for name, a, b in zip(names, received, expected, strict=True):
        if isinstance(b, dict):
            compare("kept in the config:", a, b, dicts(arguments))
        elif exercise.steps > 1 and np.shape(a) == np.shape(b):
            compare_array("the step of the weights", a - arguments[0], b - arguments[0])
        else:
            compare_array(name, a, b)


def results(expected: tuple[Any, ...]) -> list[str]:
    """Names for several results."""
    return [f"result {k}" for k in range(1, len(expected) + 1)]


def compare(what: str, received: Mapping[str, Any], expected: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Compare the values of dicts: all that the reference has. before: what they were."""
    for key, value in expected.items():
        if key not in received:
            raise MistakeError(f"{what} has no {key!r}")
        if key in before and np.array_equal(received[key], before[key]) and not np.array_equal(value, before[key]):
            raise MistakeError(f"{what} {key!r} is what it was before: not written back")
        compare_array(f"{what} {key!r}", received[key], value)


def compare_array(name: str, received: Any, expected: Any) -> None:
    """Compare one array or number."""
    a, b = compare_shape(name, received, expected), np.asarray(expected, np.float64)
    slack = CLOSE * (float(abs(b).max(initial=0.0)) or 1.0)
    if not (abs(a - b) <= slack).all():
        raise MistakeError(f"{name}: {words(name, a, b)}")


def words(name: str, received: Array, expected: Array) -> str:
    """What is wrong with an array, by the patterns of `gradcheck`."""
    if expected.size == 1:
        return f"{received.item():.9g} in the place of {expected.item():.9g}"
    none = np.zeros(expected.shape, bool)
    with np.errstate(all="ignore"):
        text = explanation(Evidence(name, received, expected, expected, expected, none, expected), OUTPUTS)
    return str(text).replace("numeric", "the reference")


def compare_shape(name: str, received: Any, expected: Any) -> Array:
    """The array that was received, which must be of real numbers in the right shape."""
    a, b = np.asarray(received), np.asarray(expected)
    if a.dtype.kind not in "biuf":
        raise MistakeError(f"{name} must be an array of numbers; received {short_repr(received)}")
    if a.shape != b.shape:
        raise MistakeError(f"{name} must have the shape {b.shape}; received {a.shape}")
    return a.astype(np.float64)


def judged_loss(function: Callable[..., Any], exercise: Exercise, case: Case) -> None:
    """Check the gradient that a loss returns."""
    drawn = case.draw(np.random.default_rng(SEED))
    names = labelled(exercise.reference, len(drawn))
    without = [k for k, name in enumerate(names) if name not in exercise.gradients]
    told(check(function, None, *drawn, no_gradient=without, samples=SAMPLES))


# ---------------------------------------------------------------- backwards


def judged_backward(
    name: str, functions: Functions, exercise: Exercise, case: Case, *, look: bool, known: bool
) -> None:
    """Compare a backward with the reference, and check it. Raises MistakeError.

    look: whether to check it though the numbers are equal. known: whether it is known already what is wrong.
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
    differs = any(key not in listed or not is_close(listed[key], ours[key]) for key in ours)
    if look or not same or (differs and not known):
        told(check(forward, functions[name], *drawn, samples=SAMPLES), "" if same else OF_ITS_OWN)
    if differs and not case.ties:
        raise MistakeError(" and ".join(unequal(listed, ours)))


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


def is_close(a: Array, b: Array) -> bool:
    """Whether a gradient is the reference's."""
    return a.shape == b.shape and bool((abs(a - b) <= CLOSE * (abs(b).max(initial=0.0) or 1.0)).all())


def unequal(received: Mapping[str, Array], expected: Mapping[str, Array]) -> Iterator[str]:
    """What is wrong with each gradient that the checker has passed, or could not decide."""
    for name, right in expected.items():
        if name not in received or received[name].shape != right.shape:
            yield f"d{name} must have the shape {right.shape}"
        elif not is_close(received[name], right):
            yield f"d{name}: {words(name, received[name], right)}"


def told(report: Any, note: str = "") -> None:
    """Raises MistakeError with the diagnoses of a report that failed, or its problems, and a note."""
    if report.failed:
        found = "; ".join([*(f"d{text}" for text in report.diagnoses), *report.problems]) or report.last_line()
        raise MistakeError(f"{found}{note}")
