"""Calls with drawn arguments, most of them bad, of all that is public: what is refused, and that it changes nothing.

In a call that works (`calls.py`) each argument by itself is replaced by every value of `kinds.py`, and then two or three
at once by drawn ones. What the documentation does not allow must be refused by a `raise` of this library, with a
ValueError or TypeError that names the argument; what it allows may be refused too, where it does not fit the others.
"""

import inspect
import pickle
import random
import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import kinds
import pytest
from calls import CASES, Case, X, Y
from faults import Fault, seeded
from hypothesis import settings
from kinds import VALUES
from networks import fingerprint, small_network
from raises import raised_by

from numpycnn import Sequential, backend, constraints, metrics, regularizers
from numpycnn.common import checks
from numpycnn.initializers import CLASSES
from numpycnn.layers import LAYERS, Layer
from numpycnn.layers.chain import Chain
from numpycnn.losses import LOSSES
from numpycnn.optimizers import OPTIMIZERS
from numpycnn.saving import ModelFileError

ACCEPTED, REFUSED = "accepted", "refused"
EVERY = 1 if settings().max_examples > 100 else 4
"""Of how many values one is tried for each argument by itself: all in the deep profile."""


def is_the_users(argument: str, value: Any) -> bool:
    """Whether what comes of the value is the user's own affair: work without end, and functions that fail."""
    if argument in ("epochs", "repeats", "folds", "count"):
        return kinds.is_integer(value) and value > 9
    if argument.endswith("steps") or argument == "steps_per_epoch":  # more than there are: a warning
        return (kinds.is_integer(value) or isinstance(value, float)) and value > 2
    return argument in ("print_fn", "clone_function") and callable(value) and value is not print


def model(built: bool) -> bytes:
    """A compiled model, pickled: trained for a step, or not yet built."""
    network = small_network() if built else Sequential([*map(unbuilt, small_network().layers)], seed=3)
    network.compile("rmsprop", "categorical_crossentropy", ["accuracy"])
    if built:
        network.train_on_batch(X, Y)
    return pickle.dumps(network)


def unbuilt(layer: Layer) -> Layer:
    """The same layer without parameters and shapes."""
    return type(layer).from_config({**layer.get_config(), "input_shape": None})


def draws(case: Case, count: int, seed: str) -> Iterator[dict[str, str]]:
    """For every call the names of the values by argument: each argument with each value, then some with drawn ones.

    By default every fourth value: those that an argument leaves out are tried for the next ones.
    """
    for number, argument in enumerate(case.arguments):
        for value in islice(VALUES, number % EVERY, None, EVERY):
            yield {argument: value}
    rng = random.Random(seed)  # noqa: S311
    for _ in range(count):
        replaced = rng.sample(list(case.arguments), min(len(case.arguments), rng.choice((2, 3))))
        yield {argument: rng.choice(list(VALUES)) for argument in replaced}


def answer(case: Case, replaced: dict[str, Any], call: Callable[[], object]) -> str:
    """ACCEPTED, REFUSED, or what is wrong with how the call was refused."""
    try:
        call()
    except (ValueError, TypeError) as error:
        message = str(error)
        if type(error) not in (ValueError, TypeError, ModelFileError) or raised_by(error) is None:
            return f"not raised by the library: {error!r:.200}"
        if len(message) > 1000 + len(given_name(replaced)) + 2 * len(given_path(replaced)):
            return f"a message of {len(message)} characters"
        return REFUSED if re.search(words(case, replaced), message) else f"does not say which argument: {message}"
    except Exception as error:
        return f"{type(error).__name__}: {error!s:.200}"
    return ACCEPTED


def given_name(replaced: dict[str, Any]) -> str:
    """The name that a layer or model is given, by which an error then calls it."""
    name = replaced.get("name", "")
    return name if isinstance(name, str) else ""


def given_path(replaced: dict[str, Any]) -> str:
    """The path that is given, which an error shows whole, and again with the suffix that it should have."""
    path = next((value for name, value in replaced.items() if name in kinds.PATHS), "")
    return path if isinstance(path, str) else ""


def words(case: Case, replaced: dict[str, Any]) -> str:
    """A pattern for what a refusal may name: an argument that was replaced, or who asked for others that fit."""
    named = [*replaced, *(case.arguments[argument].words for argument in replaced)]
    if allowed(case, replaced):
        named += [case.words, re.escape(given_name(replaced))]
    return rf"(?<!\w)({'|'.join(word for word in named if word)})(?!\w)"


def allowed(case: Case, replaced: dict[str, Any]) -> bool:
    """Whether the documentation allows each of the values."""
    return all(case.arguments[argument].allowed(value) for argument, value in replaced.items())


def state(network: Sequential) -> tuple[Any, ...]:
    """All that a refused call must leave as it was."""
    return fingerprint(network), len(network.layers), (network.optimizer, network.loss, network.metrics)


class Network:
    """The model that a case is called with: anew after a call that was not refused, or that changed it."""

    def __init__(self, built: bool | None) -> None:
        self.template = b"" if built is None else model(built)
        self.renew()

    def renew(self) -> None:
        self.models = [pickle.loads(self.template)] if self.template else []  # noqa: S301
        self.before = self.state()

    def state(self) -> list[tuple[Any, ...]]:
        return [state(one) for one in self.models]


def fault(case: Case, network: Network, replaced: dict[str, Any]) -> str | None:
    """What is wrong with how the case answers to these values, if anything."""
    given = {argument: replaced.get(argument, case.arguments[argument].works) for argument in case.arguments}
    outcome = answer(case, replaced, partial(case.call, *network.models, **given))
    if outcome == REFUSED and network.state() == network.before:
        return None
    network.renew()
    if outcome == ACCEPTED:
        return None if allowed(case, replaced) else ACCEPTED
    return "changed the model" if outcome == REFUSED else outcome


def faults(name: str, drawn: int) -> dict[str, dict[str, str]]:
    """All that is wrong with a case's answers, each with the first values that showed it."""
    case = CASES[name]
    network = Network(case.built)
    found: dict[str, dict[str, str]] = {}
    for labels in draws(case, drawn, name):
        replaced = {argument: VALUES[label]() for argument, label in labels.items()}
        if not any(is_the_users(argument, value) for argument, value in replaced.items()):
            found.setdefault(fault(case, network, replaced) or "", labels)
    found.pop("", None)
    return found


@pytest.mark.parametrize("name", CASES)
def test_bad_arguments_are_refused_by_name_and_change_nothing(name: str) -> None:
    drawn = settings().max_examples * len(CASES[name].arguments) // 10
    found = faults(name, drawn)
    assert not found, "\n".join(f"{labels}: {wrong}" for wrong, labels in found.items())


@pytest.mark.parametrize("name", CASES)
def test_the_calls_work_with_arguments_that_are_good(name: str) -> None:
    case = CASES[name]
    assert fault(case, Network(case.built), {}) is None


def test_there_are_more_than_20_000_calls() -> None:
    assert sum(len(case.arguments) for case in CASES.values()) * len(VALUES) > 20_000 * EVERY


def methods_for_users() -> set[str]:
    """The public methods of a model that take arguments, but for those that are there for the engine and for files."""
    public = [name for name, value in inspect.getmembers(Sequential, inspect.isfunction) if not name.startswith("_")]
    with_arguments = {name for name in public if len(inspect.signature(getattr(Sequential, name)).parameters) > 1}
    others = {"set_history", "to_json"}  # whose arguments are those of json.dumps
    return with_arguments - set(dir(Chain)) - others | {"build", "set_weights", "from_config"}


def test_every_layer_initializer_optimizer_loss_and_method_is_called() -> None:
    classes = [*LAYERS.values(), *CLASSES.values(), *OPTIMIZERS.values(), *LOSSES.values()]
    classes += [*regularizers.CLASSES.values(), *constraints.CLASSES.values(), *metrics.CLASSES.values()]
    public = {cls.__name__ for cls in classes} | methods_for_users()
    assert not public - {re.split(r"[, ]", name)[0] for name in CASES}


# a fault, the case that shows it, and what that says
SEEN = [
    (Fault(checks.flag, "(bool, np.bool_)", "(bool, int)"), "Dense", ACCEPTED),
    (Fault(checks.size, ", at_most=MAX_SIZE", ""), "MaxPooling2D", ACCEPTED),
    (Fault(checks.array_size, "prod(shape) > MAX_SIZE", "False"), "Chain", ACCEPTED),
    (Fault(checks.short_repr, "except Exception", "except OSError"), "Dropout", "RuntimeError: no words"),
    (Fault(checks.truncated, "len(text) <= MAX_REPR", "True"), "Dense", "a message of "),
    (Fault(backend.set_epsilon, '"value"', '"it"'), "set_epsilon", "does not say which argument"),
    (
        Fault(checks.sequence, "not isinstance(value, (list, tuple))", "False"),
        "set_weights",
        "not raised by the library",
    ),
    (Fault(Sequential.compile, "chosen = ", "self.metrics = {}; chosen = "), "compile", "changed the model"),
    (
        Fault(Sequential.fit, "callbacks = check", "self._build_for(x); callbacks = check"),
        "fit, built: False",
        "changed",
    ),
]


@pytest.mark.parametrize(("wrong", "name", "message"), SEEN, ids=[f"{name}: {text}" for _, name, text in SEEN])
def test_the_calls_show_faults(wrong: Fault, name: str, message: str) -> None:
    with seeded(wrong):
        assert any(found.startswith(message) for found in faults(name, 0))
