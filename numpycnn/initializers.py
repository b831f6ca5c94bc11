"""Initial values of parameters, by name as in Keras ("glorot_uniform") or as an object (`VarianceScaling(2.0)`).

The common ones draw numbers with mean zero and variance scale/fan, so that signals keep their variance from layer to
layer. fan_in is the number of inputs of each output, fan_out the number of outputs of each input.
Sources: Glorot and Bengio 2010 (glorot), He et al. 2015 (he), LeCun et al. 1998 (lecun); Keras 3 for the fans, the
defaults and the truncated normal's correction.
"""

from dataclasses import asdict, dataclass
from math import inf, prod, sqrt
from typing import Any

import numpy as np

from numpycnn import backend
from numpycnn.common import checks
from numpycnn.common.configuration import from_description
from numpycnn.common.explained import Explained, explain_arguments_of
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.common.typing import Array, Rng, Shape

__all__ = ["Constant", "Initializer", "RandomNormal", "RandomUniform", "VarianceScaling"]

# The standard deviation of a standard normal truncated at two standard deviations.
TRUNCATED_STD = 0.87962566103423978


def fans(shape: Shape) -> tuple[int, int]:
    """(fan_in, fan_out) of a kernel (..., in, out), both multiplied by the size of the window, its leading axes.

    Both fans of a vector are its length.
    """
    if len(shape) < 2:
        return prod(shape), prod(shape)
    receptive_field = prod(shape[:-2])
    return receptive_field * shape[-2], receptive_field * shape[-1]


def truncated_normal(shape: Shape, rng: Rng) -> Array:
    """Standard normal numbers; those beyond two standard deviations are redrawn."""
    values = rng.standard_normal(shape)
    while (far := np.abs(values) > 2).any():
        values[far] = rng.standard_normal(np.count_nonzero(far))
    return values


@dataclass(frozen=True)
class Initializer(Explained):
    """Base class of all initializers: called with a shape, a generator and a dtype, it returns initial values."""

    def __call__(self, shape: Shape, rng: Rng, dtype: Any) -> Array:
        """An array of the shape and dtype, float32 or float64. Raises TypeError or ValueError for other arguments."""
        owner = type(self).__name__
        shape = checks.shape(owner, "shape", shape)
        if not isinstance(rng, np.random.Generator):
            raise TypeError(f"{owner}: rng must be a numpy.random.Generator; received {checks.short_repr(rng)}")
        return self.values(shape, rng).astype(backend.float_type(owner, "dtype", dtype))

    def values(self, shape: Shape, rng: Rng) -> Array:
        """The values in float64."""
        raise NotImplementedError(f"{type(self).__name__} does not define values")


def set_number(initializer: Initializer, argument: str, *, at_least: float = -inf, above: float = -inf) -> None:
    """Convert an argument to float. Raises TypeError or ValueError unless it is a finite number within the bounds."""
    value = getattr(initializer, argument)
    number = checks.number(type(initializer).__name__, argument, value, at_least=at_least, above=above)
    object.__setattr__(initializer, argument, number)  # how a frozen dataclass sets its fields in __post_init__


@dataclass(frozen=True)
class Constant(Initializer):
    """The same value everywhere."""

    value: float = 0.0

    def __post_init__(self) -> None:
        set_number(self, "value")

    def values(self, shape: Shape, rng: Rng) -> Array:
        return np.full(shape, self.value)


@dataclass(frozen=True)
class RandomUniform(Initializer):
    """Uniform between minval and maxval."""

    minval: float = -0.05
    maxval: float = 0.05

    def __post_init__(self) -> None:
        set_number(self, "minval")
        set_number(self, "maxval", at_least=self.minval)

    def values(self, shape: Shape, rng: Rng) -> Array:
        return rng.uniform(self.minval, self.maxval, shape)


@dataclass(frozen=True)
class RandomNormal(Initializer):
    """Normal with the given mean and standard deviation."""

    mean: float = 0.0
    stddev: float = 0.05

    def __post_init__(self) -> None:
        set_number(self, "mean")
        set_number(self, "stddev", at_least=0.0)

    def values(self, shape: Shape, rng: Rng) -> Array:
        return rng.normal(self.mean, self.stddev, shape)


@dataclass(frozen=True)
class VarianceScaling(Initializer):
    """Mean zero and variance scale/n, where n is the fan that `mode` names.

    mode: "fan_in", "fan_out" or "fan_avg", their mean.
    distribution: "uniform" between -sqrt(3*scale/n) and sqrt(3*scale/n); "truncated_normal", cut at two standard
    deviations and widened to keep the variance; or "untruncated_normal".
    """

    scale: float = 1.0
    mode: str = "fan_in"
    distribution: str = "truncated_normal"

    def __post_init__(self) -> None:
        owner = type(self).__name__
        set_number(self, "scale", above=0.0)
        checks.choice(owner, "mode", self.mode, ("fan_in", "fan_out", "fan_avg"))
        known = ("truncated_normal", "untruncated_normal", "uniform")
        checks.choice(owner, "distribution", self.distribution, known)

    def values(self, shape: Shape, rng: Rng) -> Array:
        fan_in, fan_out = fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        std = sqrt(self.scale / n)
        if self.distribution == "uniform":
            return rng.uniform(-sqrt(3.0) * std, sqrt(3.0) * std, shape)
        if self.distribution == "truncated_normal":
            return truncated_normal(shape, rng) * (std / TRUNCATED_STD)
        return rng.standard_normal(shape) * std


CLASSES = {cls.__name__: cls for cls in (Constant, RandomUniform, RandomNormal, VarianceScaling)}
for _cls in CLASSES.values():  # `dataclass` adds __init__ after __init_subclass__ ran
    explain_arguments_of(_cls)

INITIALIZERS: dict[str, Initializer] = {
    "zeros": Constant(0.0),
    "ones": Constant(1.0),
    "random_normal": RandomNormal(),
    "random_uniform": RandomUniform(),
    "glorot_normal": VarianceScaling(1.0, "fan_avg", "truncated_normal"),
    "glorot_uniform": VarianceScaling(1.0, "fan_avg", "uniform"),
    "he_normal": VarianceScaling(2.0, "fan_in", "truncated_normal"),
    "he_uniform": VarianceScaling(2.0, "fan_in", "uniform"),
    "lecun_normal": VarianceScaling(1.0, "fan_in", "truncated_normal"),
    "lecun_uniform": VarianceScaling(1.0, "fan_in", "uniform"),
}


def get_initializer(owner: str, argument: str, value: Any) -> Initializer:
    """The initializer given by name, by configuration or as an object. Raises TypeError or ValueError for others."""
    if isinstance(value, Initializer):
        return value
    if isinstance(value, dict):
        return from_description(owner, argument, value, CLASSES)
    return checks.lookup(owner, argument, value, INITIALIZERS, kind="initializers")


def serialize(initializer: Initializer) -> str | dict[str, Any]:
    """Its name, or its configuration if it has none: `get_initializer` returns an equal one for either."""
    for name, known in INITIALIZERS.items():
        if known == initializer:
            return name
    return {"class_name": type(initializer).__name__, "config": asdict(initializer)}


explain_unknown_names(__name__)
