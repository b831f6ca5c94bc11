"""A student's results beside the right ones: each by itself, and what is wrong with it in words."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.checks import short_repr
from numpycnn.common.typing import Array
from numpycnn.courses.exercises import Arguments, Exercise
from numpycnn.courses.hypotheses import Hypothesis, hypotheses, settings_of
from numpycnn.gradcheck.code import parameter_names
from numpycnn.gradcheck.patterns import EXACT, OUTPUTS, REST, Evidence, explanation, known_factor

CLOSE = 1e-8
"""How close to the reference is right, relative to the largest entry."""

FAR = 10 * CLOSE
"""How far from the reference a hypothesis must be, to be one."""


class Mistake(NamedTuple):
    """What is wrong: of which result, and how."""

    what: str
    """The result, such as dw; empty for what is wrong with a call as a whole."""
    text: str
    hypothesis: str = ""
    """The one that gives this result, if one does."""
    possible: frozenset[str] = frozenset()
    """Those that are not contradicted."""


class MistakeError(Exception):
    """What is wrong with a call as a whole."""


def labelled(function: Any, count: int) -> list[str]:
    """Names for a function's arguments."""
    names = parameter_names(function)
    return (names + [f"argument {k}" for k in range(len(names), count)])[:count]


def kept(names: list[str], arguments: Arguments) -> dict[str, Any]:
    """The numbers and arrays in the dicts among the arguments, by name."""
    return {
        f"{name}[{key!r}]": value
        for name, one in zip(names, arguments, strict=True)
        if isinstance(one, dict)
        for key, value in one.items()
        if key != "mode"
    }


def results(exercise: Exercise, result: Any, arguments: Arguments) -> dict[str, Any]:
    """What a function has returned and kept in its parameters, by name. arguments: after the call.

    An update rule's new weights are compared by their step from the old ones. Raises MistakeError for a result of
    another form.
    """
    if exercise.backward:
        if not isinstance(result, tuple) or len(result) != 2:
            raise MistakeError(f"it must return (out, cache); received {short_repr(result)}")
        return {"out": result[0]} | kept(labelled(exercise.reference, len(arguments)), arguments)
    if not exercise.results:
        return {"the result": result}
    if not isinstance(result, tuple) or len(result) != len(exercise.results):
        listed = ", ".join(exercise.results)
        raise MistakeError(f"it must return {len(exercise.results)} values, {listed}; received {short_repr(result)}")
    found = dict(zip(exercise.results, result, strict=True))
    if exercise.steps > 1:
        config, new = found.pop("config"), found.pop("next_w")
        if not isinstance(config, dict):
            raise MistakeError(f"it must return the config, a dict, second; received {short_repr(config)}")
        found["the step of the weights"] = new - arguments[0] if np.shape(new) == np.shape(arguments[0]) else new
        found |= {f"config[{key!r}]": value for key, value in config.items()}
    return found


class Comparison(NamedTuple):
    """One call of a student's function beside the reference."""

    exercise: Exercise
    arguments: Arguments
    """Before the call."""
    received: Mapping[str, Any]
    expected: Mapping[str, Any]
    known: Collection[str]
    """The results of which it is known what is wrong: two mistakes at once are not looked for there."""

    @property
    def names(self) -> list[str]:
        """The arguments' names."""
        return labelled(self.exercise.reference, len(self.arguments))

    def mistakes(self) -> Iterator[Mistake]:
        """What is wrong with each result."""
        before = kept(self.names, self.arguments)
        wrong = {}
        for what, right in self.expected.items():
            if what not in self.received:
                if not self.is_default(what, right):
                    yield Mistake(what, "missing")
                continue
            given = self.received[what]
            if what in before and np.array_equal(given, before[what]) and not np.array_equal(right, before[what]):
                yield Mistake(what, "as before the call: not written back")
            elif not is_close(given, right):
                wrong[what] = given, right
        yield from self.explained(wrong)

    def is_default(self, what: str, value: Any) -> bool:
        """Whether a result is a setting of a dict that has its default: it need not be written there."""
        return any(what == f"config[{name!r}]" and value == default for name, default in self.exercise.defaults)

    def explained(self, wrong: Mapping[str, tuple[Any, Any]]) -> Iterator[Mistake]:
        """What is wrong with those that differ: by one usual mistake, or where that does not tell, by two."""
        supposed = list(self.supposed()) if wrong else []
        found = {what: self.mistake(what, given, right, supposed) for what, (given, right) in wrong.items()}
        left = [what for what, one in found.items() if not one.possible and what not in self.known]
        two = list(self.twice_supposed()) if left else []
        yield from (self.mistake(what, *wrong[what], two) if what in left else found[what] for what in found)

    def supposed(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What the function would give with each usual mistake: its words, and the results."""
        for text, function in self.exercise.variants:
            yield text, self.outcome(Hypothesis(text, self.arguments, function))
        yield from self.changed(self.exercise.reference)

    def twice_supposed(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The same with two mistakes: one in the formula, and one in the arguments."""
        for text, function in self.exercise.variants:
            yield from ((f"{text}; and {other}", found) for other, found in self.changed(function))

    def changed(self, function: Callable[..., Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """What a function gives for changed arguments, where that is finite: what is not may come from anything."""
        for one in hypotheses(function, self.names, self.arguments, dict(self.exercise.defaults)):
            yield one.text, {what: a for what, a in self.outcome(one).items() if np.isfinite(a).all()}

    def outcome(self, hypothesis: Hypothesis) -> dict[str, Any]:
        """The results by a hypothesis; none for arguments that the reference refuses, such as a stride of 0."""
        own = deepcopy(hypothesis.arguments)
        try:
            with np.errstate(all="ignore"):
                return results(self.exercise, hypothesis.function(*own), (self.arguments[0], *own[1:]))
        except Exception:  # whatever these arguments lead to
            return {}

    def mistake(
        self, what: str, given: Any, right: Any, supposed: Sequence[tuple[str, Mapping[str, Any]]] = ()
    ) -> Mistake:
        """What is wrong with one result. supposed: what all would be by each hypothesis."""
        a, b = np.asarray(given), np.asarray(right)
        if a.dtype.kind not in "biuf":
            return Mistake(what, f"it must be an array of numbers; received {short_repr(given)}")
        those = ((text, np.asarray(found[what])) for text, found in supposed if what in found)
        possible = {text: one for text, one in those if is_it(a, one)}
        known = next((text for text, one in possible.items() if one.shape != b.shape or is_far(one, b)), "")
        if a.shape == b.shape:
            text = in_words(what, a, right, known, self.arguments, self.names)
        else:
            why = "the right numbers, cut off at the end" if is_it(a, b) else known
            text = f"it must have the shape {b.shape}; received {a.shape}{': ' if why else ''}{why}"
        return Mistake(what, text, known, frozenset(possible))


def is_close(given: Any, right: Any) -> bool:
    """Whether a result is the reference's."""
    a, b = np.asarray(given), np.asarray(right)
    return a.dtype.kind in "biuf" and a.shape == b.shape and bool((abs(a - b) <= slack_of(b)).all())


def slack_of(right: Array) -> float:
    """How far from the reference is right."""
    return CLOSE * (float(abs(right).max(initial=0.0)) or 1.0)


def is_it(given: Array, supposed: Array) -> bool:
    """Whether a result is another one, or the beginning of it; of what is not finite too."""
    if given.ndim != supposed.ndim or not given.size or supposed.dtype.kind not in "biuf":
        return False
    part = supposed[tuple(slice(size) for size in given.shape)]
    if part.shape != given.shape:
        return False
    finite = np.isfinite(part)
    if not np.array_equal(np.where(np.isfinite(given), 0.0, given), np.where(finite, 0.0, part), equal_nan=True):
        return False
    return bool((abs(given[finite] - part[finite]) <= slack_of(part[finite])).all())


def is_far(supposed: Array, right: Array) -> bool:
    """Whether a hypothesis differs from the reference by more than rounding may."""
    return not bool((abs(supposed - right) <= FAR / CLOSE * slack_of(right)).all())


def in_words(
    what: str, given: Array, right: Any, known: str = "", arguments: Arguments = (), names: Sequence[str] = ()
) -> str:
    """What is wrong with an array or a number: known, or what the patterns of `gradcheck` say."""
    a, b = given.astype(np.float64), np.asarray(right, np.float64)
    inputs = {
        name: one
        for name, one in zip(names, arguments, strict=True)
        if isinstance(one, np.ndarray) and one.dtype.kind == "f"
    }
    x = next((one for one in inputs.values() if one.shape == b.shape and b.ndim), b)
    sizes = {f"len({name})": float(len(one)) for name, one in inputs.items()}
    sizes |= {f"{name}.size": float(one.size) for name, one in inputs.items() if one.ndim > 1}
    numbers = {name: float(value) for (_, name), value in settings_of(names, arguments, {}).items()}
    one = Evidence(what, a, b, b, b, np.zeros(b.shape, bool), x, numbers=numbers, sizes=sizes)
    with np.errstate(all="ignore"):
        why = explanation(one, EXACT) or known or (explanation(one, OUTPUTS + REST) if b.ndim else of_number(one))
    text = str(why).replace("numeric", "the reference").replace("claimed", "received")
    text = text.replace("the input", "the reference") if x is b else text
    return text or f"{a.item():.9g} in the place of {b.item():.9g}"


def of_number(one: Evidence) -> str:
    """What is wrong with a number: the factor, where that is known."""
    return (known_factor(one, one.claimed.item() / one.numeric.item()) if one.numeric.any() else "") or ""
