"""Values that may be given for an argument, most of them bad, and what the documentation allows for each kind of it.

A kind is a function that says whether a value is allowed. It repeats what the docstrings say, and knows no library code.
"""

import operator
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from math import prod
from typing import Any

import numpy as np

from numpycnn.activations import ACTIVATIONS, ActivationFunction
from numpycnn.callbacks import Callback, History
from numpycnn.constraints import CONSTRAINTS
from numpycnn.functional.window import Window
from numpycnn.initializers import Constant, Initializer
from numpycnn.layers import Dense, Input, Layer
from numpycnn.layers.activation import ActivationLayer
from numpycnn.losses import LOSSES, Loss, LossFunction, MeanSquaredError
from numpycnn.metrics import METRICS, Metric
from numpycnn.optimizers import OPTIMIZERS, SGD, Optimizer
from numpycnn.regularizers import REGULARIZERS, Regularizer

Kind = Callable[[Any], bool]

MAX_SIZE = 2**31 - 1
"""The largest size that the library takes."""

LARGEST = 3.4e38
"""About the largest number that the library takes."""


class Unprintable:
    """An object that cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no words")


@cache
def nested(depth: int) -> list[Any]:
    """A list in a list in a list."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def endless() -> list[Any]:
    """A list that holds itself."""
    value: list[Any] = []
    value.append(value)
    return value


VALUES: dict[str, Callable[[], Any]] = {
    repr(value): lambda value=value: value
    for value in (
        *(None, True, False, 0, 1, 2, 7, -1, -7, 10**12, 2**63, 2**64, 10**30, -(10**30)),
        *(0.0, 0.1, 0.5, 1.0, -0.5, 2.5, 1e300, -1e300, float("nan"), float("inf"), -float("inf"), 1j),
        *("", "a", "a/b", "relu", "adam", "mse", "auto", "same", "channels_first", "float64", "\0", "\ud800", b"valid"),
        *(
            (),
            (3,),
            (0, 3),
            (3, 3),
            (3, -3),
            (8, 8, 1),
            (8, 10**30, 1),
            (10**6, 10**6, 1),
            (2.5, 1),
            (None, 2),
            ("a", "b"),
        ),
        *(
            [],
            [3, 3],
            [1, [2, 3]],
            ["accuracy"],
            [None],
            {},
            {"units": 3},
            {1: 2},
            {"class_name": "Dense", "config": {}},
        ),
        *(set(), {1, 2}, frozenset({1}), range(3), slice(3), object, int, print, len, np.sum, NotImplemented, ...),
        *(np.float32(0.5), np.int8(3), np.uint64(2**63), np.bool_(True), np.str_("same"), np.datetime64("2020-01-01")),
    )
} | {
    "10**400": lambda: 10**400,
    "10**5000": lambda: 10**5000,
    "a long string": lambda: "x" * 100_000,
    "a long list": lambda: [0.5] * 10_000,
    "a deep list": lambda: nested(5_000),
    "a list in itself": endless,
    "an object": object,
    "an unprintable object": Unprintable,
    "a generator": lambda: (k for k in range(3)),
    "a lambda": lambda: lambda *_: None,
    "0-d int": lambda: np.array(3),
    "0-d float": lambda: np.array(0.5),
    "0-d bool": lambda: np.array(True),
    "0-d object": lambda: np.array(None),
    "no numbers": lambda: np.zeros(0),
    "no images": lambda: np.zeros((0, 8, 8, 1)),
    "images without rows": lambda: np.zeros((6, 0, 8, 1)),
    "6 labels": lambda: np.arange(6) % 3,
    "6 large labels": lambda: np.arange(6) * 2**40,
    "6 one-hot rows": lambda: np.eye(3)[np.arange(6) % 3],
    "6 rows of nan": lambda: np.full((6, 3), np.nan),
    "6 rows": lambda: np.arange(18.0).reshape(6, 3),
    "6 images": lambda: np.ones((6, 8, 8, 1)),
    "6 images of nan": lambda: np.full((6, 8, 8, 1), np.nan),
    "6 complex images": lambda: np.ones((6, 8, 8, 1), complex),
    "6 images of objects": lambda: np.ones((6, 8, 8, 1), object),
    "6 images of text": lambda: np.full((6, 8, 8, 1), "a"),
    "6 images of dates": lambda: np.zeros((6, 8, 8, 1), "M8[s]"),
    "6 structured rows": lambda: np.zeros(6, [("a", "f4"), ("b", "i4")]),
    "5 images": lambda: np.ones((5, 8, 8, 1)),
    "a wide image": lambda: np.ones((6, 8, 9, 1)),
    "too many axes": lambda: np.ones((6, 1, 1, 1, 1, 1, 1)),
    "a masked array": lambda: np.ma.masked_array(np.ones(6), np.eye(6)[0]),
    "a generator of numbers": lambda: np.random.default_rng(0),
    "a layer": lambda: Dense(3),
    "a list of layers": lambda: [Input((4,)), Dense(3)],
    "an initializer": lambda: Constant(0.5),
    "an optimizer": SGD,
    "a loss": MeanSquaredError,
    "a callback": History,
    "a window": lambda: Window((2, 2)),
    "an executor": lambda: ThreadPoolExecutor(1),
}
"""Each made anew, for some can be used once only."""


# ---------------------------------------------------------------- what is allowed


def is_integer(value: Any) -> bool:
    try:
        operator.index(value)
    except TypeError:
        return False
    return not isinstance(value, bool)


def integer(at_least: float = -np.inf, at_most: float = np.inf) -> Kind:
    return lambda value: is_integer(value) and at_least <= operator.index(value) <= at_most


def number(at_least: float = -np.inf, at_most: float = np.inf, above: float = -np.inf, below: float = np.inf) -> Kind:
    def allowed(value: Any) -> bool:
        if not isinstance(value, (int, float, np.integer, np.floating)) or isinstance(value, bool):
            return False
        return bool(-LARGEST <= value <= LARGEST and at_least <= value <= at_most and above < value < below)

    return allowed


def names(*known: str) -> Kind:
    return lambda value: isinstance(value, str) and value in known


def a(*types: type) -> Kind:
    return lambda value: isinstance(value, types)


def either(*kinds: Kind) -> Kind:
    return lambda value: any(kind(value) for kind in kinds)


def pair(size: Kind) -> Kind:
    """One size or two."""
    return lambda value: size(value) or (isinstance(value, (tuple, list)) and len(value) == 2 and all(map(size, value)))


def axes(value: Any) -> bool:
    """One axis of images or several, none of them twice."""
    if not isinstance(value, (tuple, list)):
        return axis(value)
    return bool(value) and all(map(axis, value)) and len({one % 4 for one in value}) == len(value)


def constant(value: Any) -> bool:
    """A number, also as an array without axes."""
    return array(())(value) and bool(abs(np.asarray(value, float)) <= LARGEST)


def constants(value: Any) -> bool:
    """Numbers that repeat to an image of 8 by 8 pixels."""
    if not array()(value) or not (np.abs(np.asarray(value, float)) <= LARGEST).all():
        return False
    shape = np.asarray(value).shape
    return len(shape) <= 3 and all(size in (1, whole) for size, whole in zip(shape[::-1], (1, 8, 8), strict=False))


def factor(at_least: float) -> Kind:
    """A number up to 1, or two."""
    return either(
        number(at_least, 1.0),
        lambda v: isinstance(v, (tuple, list)) and len(v) == 2 and all(map(number(at_least, 1.0), v)),
    )


def value_range(value: Any) -> bool:
    """Two numbers in order."""
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not all(map(number(), value)):
        return False
    return bool(value[0] <= value[1])


def several(one: Kind) -> Kind:
    """A list or tuple of them, which may be empty."""
    return lambda value: isinstance(value, (tuple, list)) and all(map(one, value))


def whole_set(value: Any) -> bool:
    """A set of whole numbers from 1."""
    return isinstance(value, set) and all(map(integer(1), value))


def class_weight(value: Any) -> bool:
    """Weights by class."""
    return isinstance(value, dict) and all(number()(one) for pair in value.items() for one in pair)


def path(value: Any) -> bool:
    """A text that can name a file on this system."""
    try:
        return isinstance(value, str) and value not in ("", "\0") and bool(os.fsencode(value))
    except UnicodeEncodeError:
        return False


def shift(value: Any) -> bool:
    """A number of at least 0, or some of either sign."""
    if isinstance(value, np.ndarray) and value.ndim == 1:
        value = value.tolist()
    pixels = number(-MAX_SIZE, MAX_SIZE)
    return number(0.0, MAX_SIZE)(value) or (
        isinstance(value, (list, tuple)) and bool(value) and all(map(pixels, value))
    )


PATHS = ("path", "filepath", "backup_dir", "filename")
"""The names of arguments that are paths."""


def separator(value: Any) -> bool:
    """What can stand between two columns."""
    return isinstance(value, str) and len(value) == 1 and value != '"' and (value.isprintable() or value == "\t")


def backup_path(value: Any) -> bool:
    """A text that can name a model's file, or a folder for it."""
    return model_path(value) or (path(value) and not os.path.splitext(value)[1])


def model_path(value: Any) -> bool:
    """A text that can name a model's file."""
    return path(value) and value.lower().endswith(".safetensors")


def array(*shapes: tuple[int | None, ...], dtypes: str = "biuf") -> Kind:
    """Anything that is an array of real numbers of one of the shapes, where None is any size; or of any shape."""

    def allowed(value: Any) -> bool:
        try:
            found = np.asarray(value)
        except (ValueError, RecursionError):
            return False
        fits = (
            len(s) == found.ndim and all(n in (None, m) for n, m in zip(s, found.shape, strict=True)) for s in shapes
        )
        return found.dtype.kind in dtypes and (not shapes or any(fits))

    return allowed


none: Kind = lambda value: value is None  # noqa: E731
flag: Kind = a(bool, np.bool_)
size: Kind = integer(1, MAX_SIZE)
steps: Kind = lambda value: size(value) or (isinstance(value, (float, np.floating)) and bool(0 < value <= MAX_SIZE))  # noqa: E731
"""A number of batches, or a quotient that is rounded up to one."""
shape: Kind = lambda value: isinstance(value, (tuple, list)) and all(map(size, value)) and prod(value) <= MAX_SIZE  # noqa: E731
input_shape: Kind = lambda value: shape(value[1:] if isinstance(value, (tuple, list)) and None in value[:1] else value)  # noqa: E731
"""A shape, which may begin with None, the batch's size."""
axis: Kind = lambda value: is_integer(value) and value in (-3, -2, -1, 1, 2, 3)  # noqa: E731
"""An axis of images, other than the batch's."""
target_shape: Kind = lambda value: isinstance(value, (tuple, list)) and shape([n for n in value if n != -1])  # noqa: E731
text: Kind = a(str)
name: Kind = lambda value: isinstance(value, str) and value != "" and "/" not in value  # noqa: E731
function: Kind = callable
activation: Kind = either(none, a(ActivationFunction, ActivationLayer), names(*ACTIVATIONS))
activation_or_layer: Kind = either(activation, a(Layer))
data_format: Kind = either(none, names("channels_last", "channels_first"))
regularizer: Kind = either(none, a(Regularizer), names(*REGULARIZERS))
constraint: Kind = either(none, callable, names(*CONSTRAINTS))
initializer: Kind = either(a(Initializer), names("zeros", "ones", "glorot_uniform", "he_normal"))
optimizer: Kind = either(a(Optimizer), names(*OPTIMIZERS))
loss: Kind = either(a(Loss, LossFunction), names(*LOSSES))
metric: Kind = either(callable, a(Metric), names(*METRICS))
layer: Kind = a(Layer, Input)
layers: Kind = lambda value: isinstance(value, (tuple, list)) and all(map(layer, value))  # noqa: E731
callback: Kind = either(none, a(Callback), lambda v: isinstance(v, (tuple, list)) and all(map(a(Callback), v)))
verbose: Kind = either(flag, names("auto"), integer(0, 3))
