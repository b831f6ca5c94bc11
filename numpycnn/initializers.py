"""Initial values of parameters, by name as in Keras ("glorot_uniform") or as an object (`VarianceScaling(2.0)`).

The common ones draw numbers with mean zero and variance scale/fan, so that signals keep their variance from layer to
layer. fan_in is the number of inputs of each output, fan_out the number of outputs of each input.
Sources: Glorot and Bengio 2010 (glorot), He et al. 2015 (he), LeCun et al. 1998 (lecun); Keras 3 for the fans, the
defaults and the truncated normal's correction.
"""

from collections.abc import Callable
from inspect import signature
from math import prod, sqrt
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np

from numpycnn import backend
from numpycnn.common import checks
from numpycnn.common.configuration import FUNCTION, Configurable, given, instance_of, unknown_here
from numpycnn.common.explained import Explained
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.common.randomness import WEIGHTS, draw_seed, generator
from numpycnn.common.typing import Array, Rng, Shape

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

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


def cut_normal(shape: Shape, rng: Rng) -> Array:
    """Standard normal numbers; those beyond two standard deviations are redrawn."""
    values = rng.standard_normal(shape)
    while (far := np.abs(values) > 2).any():
        values[far] = rng.standard_normal(np.count_nonzero(far))
    return values


class Initializer(Configurable, Explained):
    """Base class of all initializers: called with a shape, a generator and a dtype, it returns initial values.

    Initializers are shared, so what they are made with cannot be changed; those made alike are equal.
    """

    def __init__(self) -> None:
        """No arguments, unless a subclass has some."""

    def __call__(self, shape: Shape, rng: Rng | None = None, dtype: Any = None) -> Array:
        """An array of the shape and dtype, float32 or float64. Raises TypeError or ValueError for other arguments.

        rng: by default seeded from NumPy's global state. dtype: by default the backend's floatx.
        """
        owner = type(self).__name__
        shape = checks.shape(owner, "shape", shape)
        rng = generator(draw_seed(), WEIGHTS) if rng is None else rng
        if not isinstance(rng, np.random.Generator):
            raise TypeError(f"{owner}: rng must be a numpy.random.Generator; received {checks.short_repr(rng)}")
        dtype = backend.float_type(owner, "dtype", backend.floatx() if dtype is None else dtype)
        return self.values(shape, rng).astype(dtype)

    def values(self, shape: Shape, rng: Rng) -> Array:
        """The values in float64."""
        raise NotImplementedError(f"{type(self).__name__} does not define values")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return dict(vars(self))

    def number(self, argument: str, value: Any, **bounds: float) -> float:
        """An argument as a float. Raises TypeError or ValueError unless it is a finite number within the bounds."""
        return checks.number(type(self).__name__, argument, value, **bounds)

    if not TYPE_CHECKING:  # pragma: no branch  # hidden from type checkers, which would let every attribute be set

        def __setattr__(self, name: str, value: Any) -> None:
            """Set an attribute once. Raises AttributeError for one that is set."""
            if name in vars(self):
                owner = type(self).__name__
                raise AttributeError(f"{owner}: {name} cannot be changed; make another initializer")
            super().__setattr__(name, value)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, Initializer) and other.get_config() == self.get_config()

    def __hash__(self) -> int:
        return hash((type(self), *self.get_config().values()))

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


# ---------------------------------------------------------------- the same everywhere


class Constant(Initializer):
    """The same value everywhere."""

    def __init__(self, value: float = 0.0) -> None:
        self.value = self.number("value", value)

    def values(self, shape: Shape, rng: Rng) -> Array:
        return np.full(shape, self.value)


class Zeros(Initializer):
    """0 everywhere."""

    def values(self, shape: Shape, rng: Rng) -> Array:
        return np.zeros(shape)


class Ones(Initializer):
    """1 everywhere."""

    def values(self, shape: Shape, rng: Rng) -> Array:
        return np.ones(shape)


class Identity(Initializer):
    """gain times the identity matrix, of a shape of two axes, which need not be equal.

    Raises ValueError for other shapes. Source: Keras's Identity.
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = self.number("gain", gain)

    def values(self, shape: Shape, rng: Rng) -> Array:
        if len(shape) != 2:
            raise ValueError(f"Identity: shape must have two axes; received {shape}")
        return self.gain * np.eye(*shape)


# ---------------------------------------------------------------- drawn


class RandomInitializer(Initializer):
    """Base class of initializers that draw numbers. A subclass defines `drawn`, and passes on `seed`.

    seed: None draws from the generator that is passed, which a model makes of its own seed; an integer gives the same
    values in every call. They are NumPy's numbers, not those that Keras draws for the same seed.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = None if seed is None else checks.integer(type(self).__name__, "seed", seed, at_least=0)

    def values(self, shape: Shape, rng: Rng) -> Array:
        return self.drawn(shape, rng if self.seed is None else generator(self.seed, WEIGHTS))

    def drawn(self, shape: Shape, rng: Rng) -> Array:
        """The values in float64, drawn from rng."""
        raise NotImplementedError(f"{type(self).__name__} does not define drawn")


class RandomUniform(RandomInitializer):
    """Uniform between minval and maxval. seed: see `RandomInitializer`."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> None:
        self.minval = self.number("minval", minval)
        self.maxval = self.number("maxval", maxval, at_least=self.minval)
        super().__init__(seed)

    def drawn(self, shape: Shape, rng: Rng) -> Array:
        return rng.uniform(self.minval, self.maxval, shape)


class RandomNormal(RandomInitializer):
    """Normal with the given mean and standard deviation. seed: see `RandomInitializer`."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean = self.number("mean", mean)
        self.stddev = self.number("stddev", stddev, at_least=0.0)
        super().__init__(seed)

    def drawn(self, shape: Shape, rng: Rng) -> Array:
        return rng.normal(self.mean, self.stddev, shape)


class TruncatedNormal(RandomNormal):
    """RandomNormal with those values redrawn that are more than two standard deviations from the mean."""

    def drawn(self, shape: Shape, rng: Rng) -> Array:
        return self.mean + self.stddev * cut_normal(shape, rng)


class Orthogonal(RandomInitializer):
    """gain times a random matrix with orthogonal rows or columns of length 1, whichever are fewer.

    A kernel (..., in, out) is taken as the matrix (... * in, out). The matrix is the Q of a QR decomposition of normal
    numbers, with the signs of R's diagonal, which makes all orthogonal matrices equally likely.

    seed: see `RandomInitializer`. Raises ValueError for a shape of less than two axes. Source: Saxe et al. 2014;
    Mezzadri 2007 for the signs; Keras's Orthogonal.
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        self.gain = self.number("gain", gain)
        super().__init__(seed)

    def drawn(self, shape: Shape, rng: Rng) -> Array:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal: shape must have at least two axes; received {shape}")
        rows, columns = prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        q = q * np.sign(np.diag(r))  # (max, min)
        return self.gain * (q if rows >= columns else q.T).reshape(shape)  # (rows, columns) to shape


class VarianceScaling(RandomInitializer):
    """Mean zero and variance scale/n, where n is the fan that `mode` names.

    mode: "fan_in", "fan_out" or "fan_avg", their mean.
    distribution: "uniform" between -sqrt(3*scale/n) and sqrt(3*scale/n); "truncated_normal", cut at two standard
    deviations and widened to keep the variance, for which "normal" is another name; or "untruncated_normal".
    seed: see `RandomInitializer`.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        owner, known = type(self).__name__, ("truncated_normal", "untruncated_normal", "uniform", "normal")
        self.scale = self.number("scale", scale, above=0.0)
        self.mode = checks.choice(owner, "mode", mode, ("fan_in", "fan_out", "fan_avg"))
        distribution = checks.choice(owner, "distribution", distribution, known)
        self.distribution = "truncated_normal" if distribution == "normal" else distribution
        super().__init__(seed)

    def drawn(self, shape: Shape, rng: Rng) -> Array:
        fan_in, fan_out = fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        std = sqrt(self.scale / n)
        if self.distribution == "uniform":
            return rng.uniform(-sqrt(3.0) * std, sqrt(3.0) * std, shape)
        if self.distribution == "truncated_normal":
            return cut_normal(shape, rng) * (std / TRUNCATED_STD)
        return rng.standard_normal(shape) * std


class Scaled(VarianceScaling):
    """Base class of VarianceScaling with settings of its own. seed: see `RandomInitializer`."""

    settings: ClassVar[tuple[float, str, str]]

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(*self.settings, seed)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}


class GlorotNormal(Scaled):
    """Variance 2/(fan_in + fan_out), a truncated normal. seed: see `RandomInitializer`."""

    settings = 1.0, "fan_avg", "truncated_normal"


class GlorotUniform(Scaled):
    """Variance 2/(fan_in + fan_out), uniform. seed: see `RandomInitializer`."""

    settings = 1.0, "fan_avg", "uniform"


class HeNormal(Scaled):
    """Variance 2/fan_in, a truncated normal. seed: see `RandomInitializer`."""

    settings = 2.0, "fan_in", "truncated_normal"


class HeUniform(Scaled):
    """Variance 2/fan_in, uniform. seed: see `RandomInitializer`."""

    settings = 2.0, "fan_in", "uniform"


class LecunNormal(Scaled):
    """Variance 1/fan_in, a truncated normal. seed: see `RandomInitializer`."""

    settings = 1.0, "fan_in", "truncated_normal"


class LecunUniform(Scaled):
    """Variance 1/fan_in, uniform. seed: see `RandomInitializer`."""

    settings = 1.0, "fan_in", "uniform"


# ---------------------------------------------------------------- a program's own


class FunctionInitializer(Initializer):
    """The values that a function of one's own returns for a shape; a dtype is given by name to one that takes it.

    argument: its name in errors.
    """

    def __init__(self, function: Callable[..., Any], argument: str = "initializer") -> None:
        self.function, self.argument = function, argument

    @property
    def name(self) -> str:
        """The name under which a file has it."""
        return str(getattr(self.function, "__name__", type(self.function).__name__))

    def __call__(self, shape: Shape, rng: Rng | None = None, dtype: Any = None) -> Array:
        dtype = backend.float_type(self.argument, "dtype", backend.floatx() if dtype is None else dtype)
        try:
            returned = self.function(shape, **({"dtype": dtype.name} if takes_dtype(self.function) else {}))
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"{self.argument}: {self.name}: {error}") from error
        values = checks.numbers(self.argument, f"what {self.name} returns", returned).astype(dtype)
        if values.shape != tuple(shape):
            raise ValueError(f"{self.argument}: {self.name} must return the shape {shape}; received {values.shape}")
        return values

    def get_config(self) -> dict[str, Any]:
        return {"function": self.function}


def is_called(cls: type) -> bool:
    """Whether the objects of a class can be called."""
    return any("__call__" in vars(one) for one in cls.__mro__)


def takes_dtype(function: Callable[..., Any]) -> bool:
    """Whether the function says that it has an argument dtype, or any by name."""
    try:
        parameters = signature(function).parameters.values()
    except ValueError:  # functions written in C may say nothing
        return False
    return any(one.name == "dtype" or one.kind is one.VAR_KEYWORD for one in parameters)


InitializerLike: TypeAlias = str | Initializer | Callable[..., Any]
"""What layers take: an initializer by name or as an object, or a function of one's own."""


# ---------------------------------------------------------------- by name

NAMES: dict[str, type[Initializer]] = {
    "zeros": Zeros,
    "ones": Ones,
    "constant": Constant,
    "identity": Identity,
    "random_normal": RandomNormal,
    "random_uniform": RandomUniform,
    "truncated_normal": TruncatedNormal,
    "orthogonal": Orthogonal,
    "variance_scaling": VarianceScaling,
    "glorot_normal": GlorotNormal,
    "glorot_uniform": GlorotUniform,
    "he_normal": HeNormal,
    "he_uniform": HeUniform,
    "lecun_normal": LecunNormal,
    "lecun_uniform": LecunUniform,
}
CLASSES: dict[str, type[Initializer]] = {cls.__name__: cls for cls in NAMES.values()}

constant, identity, ones, orthogonal, zeros = Constant, Identity, Ones, Orthogonal, Zeros
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
glorot_normal, glorot_uniform, he_normal, he_uniform = GlorotNormal, GlorotUniform, HeNormal, HeUniform
IdentityInitializer, OrthogonalInitializer = Identity, Orthogonal
lecun_normal, lecun_uniform, variance_scaling = LecunNormal, LecunUniform, VarianceScaling

SHORT: dict[str, type[Initializer]] = {"zero": Zeros, "one": Ones, "normal": RandomNormal, "uniform": RandomUniform}
INITIALIZERS: dict[str, Initializer] = {name: cls() for name, cls in {**NAMES, **SHORT, **CLASSES}.items()}
"""Every initializer by its name, its short name and the name of its class."""


def get(identifier: Any) -> Initializer | None:
    """The initializer by its name, class or configuration; an initializer or a function itself; None for None.

    A function is called with a shape, and with a dtype by name if it takes it, and returns the values.
    Raises TypeError or ValueError for anything else.
    """
    return None if identifier is None else get_initializer("initializers.get", "identifier", identifier)


deserialize = get
"""Keras's other name for it."""


def get_initializer(owner: str, argument: str, value: Any) -> Initializer:
    """The initializer given by name, by configuration, as an object or as a function.

    Raises TypeError or ValueError for others.
    """
    if isinstance(value, dict) and value.get("class_name") == FUNCTION:
        value = own_function(owner, argument, value.get("config"))
    value = instance_of(owner, argument, value, Initializer, CLASSES)
    if isinstance(value, Initializer):
        return value
    if isinstance(value, type) and is_called(value):
        value = value()
    if callable(value) and not isinstance(value, type):
        return FunctionInitializer(value, argument)
    if isinstance(value, str) and value in INITIALIZERS:
        return INITIALIZERS[value]
    return checks.lookup(owner, argument, value, {name: INITIALIZERS[name] for name in NAMES}, kind="initializers")


def own_function(owner: str, argument: str, name: Any) -> Any:
    """The program's own function of that name. Raises ValueError if whoever reads a file has not given it."""
    if isinstance(name, str) and name in given():
        return given()[name]
    raise unknown_here(owner, argument, name)


def is_readable(initializer: Initializer) -> bool:
    """Whether `get` can return it: not so a function of the program's own, unless it is given by its name."""
    if not isinstance(initializer, FunctionInitializer):
        return True
    return initializer.name in given() and bool(given()[initializer.name] == initializer.function)


def initializer_config(initializer: Initializer) -> Any:
    """The initializer in a layer's configuration: as JSON values, or itself if these would not be read as it."""
    return serialize(initializer) if is_readable(initializer) else initializer


def serialize(initializer: Initializer) -> str | dict[str, Any]:
    """Its name, or its configuration if it has none: `get_initializer` returns an equal one for either.

    Of a function of the program's own a file has the name alone. Raises ValueError if it is not given by that name.
    """
    if isinstance(initializer, FunctionInitializer):
        if not is_readable(initializer):
            raise ValueError(
                f"{initializer.name}: an initializer of one's own cannot be saved; only its layer's weights can. A "
                "file has a function's name alone, which must be no other's; a lambda has none"
            )
        return {"class_name": FUNCTION, "config": initializer.name}
    for name, known in INITIALIZERS.items():
        if known == initializer:
            return name
    return {"class_name": type(initializer).__name__, "config": initializer.get_config()}


explain_unknown_names(__name__)
