"""The activation functions, by name and to be called, each with its backward. The mathematics is in `functional/`.

`activation=` of a layer takes a name, or one of these: `Dense(10, activation=relu)`, or with other settings
`Dense(10, activation=leaky_relu.with_settings(negative_slope=0.1))`. They can be called: `gelu(x, approximate=True)`.

A function of one's own that is elementwise, such as `lambda x: x * sigmoid(x)`, is differentiated by the complex step
(`common/complex_step.py`), in complex numbers. Faster, and for any function, is its gradient beside it:

    def cube(z):
        return z**3

    def cube_backward(dy, z, y):
        return dy * 3 * z**2

    Dense(10, activation=ActivationFunction(cube, cube_backward))
"""

from collections.abc import Callable
from functools import partial
from inspect import Parameter, Signature, signature
from typing import Any

from numpycnn import backend
from numpycnn import functional as F
from numpycnn.common import checks, complex_step
from numpycnn.common.configuration import FUNCTION, given, unknown_here
from numpycnn.common.explained import Explained, todays_arguments
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.common.typing import Array, Shape


class ActivationFunction(Explained):
    """A function of the pre-activation z, and its gradient.

    forward: y = forward(z), of z's shape, (N, ...). What it takes besides z are settings, as leaky_relu's slope.
    backward: dz = backward(dy, z, y), with the same settings, where dy is the gradient of the loss with respect to y.
    name: by default the forward's. needs_z: whether backward reads z; if not, a layer caches y alone, and passes it for
    z too. halves: whether y is half as long as z along the setting `axis`, as glu's is. bounds: what each setting that
    is a number must satisfy, as for `checks.number`.

    The complex step and `numpycnn.gradcheck` ask the forward to take complex numbers: compare z.real.
    Raises TypeError or ValueError for an argument of the wrong kind or value.
    """

    def __init__(
        self,
        forward: Callable[..., Array],
        backward: Callable[..., Array],
        *,
        name: str | None = None,
        needs_z: bool = True,
        halves: bool = False,
        bounds: dict[str, float] | None = None,
    ) -> None:
        owner = type(self).__name__
        checks.function(owner, "forward", forward)
        checks.function(owner, "backward", backward)
        own_name = getattr(forward, "__name__", "activation")
        self.name = self.__name__ = checks.name(owner, own_name if name is None else name)
        self.needs_z = checks.flag(owner, "needs_z", needs_z)
        self.halves = checks.flag(owner, "halves", halves)
        self.functions = forward, backward
        """As they were given, without settings."""
        self.forward, self.backward = forward, backward
        """y = forward(z) and dz = backward(dy, z, y), with the settings."""
        self.function: Callable[[Any], Any] | None = None
        """The elementwise function of one's own that it was made of, without a backward."""
        self.settings: dict[str, Any] = {}
        """Those that differ from the forward's default values, by name."""
        self.bounds = {} if bounds is None else bounds
        self.__signature__ = signature_of(forward)
        self.__doc__ = forward.__doc__

    def __call__(self, x: Any, *values: Any, **settings: Any) -> Array:
        """y, of the dtype of x; of integers in the backend's floatx. Raises TypeError or ValueError."""
        if values or settings:
            return self.with_settings(*values, **settings)(x)
        x = x if isinstance(x, complex_step.Stepped) else checks.numbers(self.name, "x", x)
        self.check_complete(self.name)
        self.shape_after(self.name, x.shape)
        return self.forward(x if x.dtype.kind in "fc" else x.astype(backend.floatx()))

    def with_settings(self, *values: Any, **settings: Any) -> "ActivationFunction":
        """The activation with other settings: `leaky_relu.with_settings(negative_slope=0.1)`.

        Raises TypeError or ValueError for a setting that it has not, or of the wrong kind or value.
        """
        return self.configured(self.name, *values, **settings)

    def configured(self, owner: str, /, *values: Any, **settings: Any) -> "ActivationFunction":
        """`with_settings`, with another name in its errors."""
        settings = todays_arguments(self.functions[0], (), settings) or settings
        try:
            given = self.__signature__.bind_partial(None, *values, **settings).arguments
        except TypeError as error:
            raise TypeError(f"{owner}: {error}") from None
        twin = ActivationFunction(*self.functions, name=self.name, needs_z=self.needs_z, halves=self.halves)
        twin.bounds, twin.settings = self.bounds, dict(self.settings)
        for key, value in list(given.items())[1:]:
            twin.settings[key] = self.checked(owner, self.__signature__.parameters[key], value)
        defaults = {key: parameter.default for key, parameter in self.__signature__.parameters.items()}
        twin.settings = {key: value for key, value in twin.settings.items() if value != defaults[key]}
        twin.forward, twin.backward = (partial(function, **twin.settings) for function in self.functions)
        return twin

    def checked(self, owner: str, parameter: Parameter, value: Any) -> Any:
        """A setting's value, of the kind of its default value. Raises TypeError or ValueError for another kind."""
        if isinstance(parameter.default, bool):
            return checks.flag(owner, parameter.name, value)
        if isinstance(parameter.default, int):
            return checks.axis(owner, parameter.name, value)
        if value is None and parameter.default is None:
            return None
        return checks.number(owner, parameter.name, value, **self.bounds)

    def check_complete(self, owner: str) -> None:
        """Raise TypeError if a setting without a default value has not been given."""
        _, *parameters = self.__signature__.parameters.values()
        missing = [one.name for one in parameters if one.default is Parameter.empty and one.name not in self.settings]
        if missing:
            given = ", ".join(f"{name}=..." for name in missing)
            raise TypeError(
                f"{owner}: the activation {self.name} needs settings: activations.{self.name}.with_settings({given})"
            )

    # ------------------------------------------------------------ in a layer

    def kept(self, z: Array, y: Array) -> Array:
        """What a layer caches as z for the backward: z, or y if the backward does not read z."""
        return z if self.needs_z else y

    def output_shape_for(self, owner: str, input_shape: Shape) -> Shape:
        """The shape of one example's y. Raises ValueError for a z that does not fit."""
        output_shape = self.shape_after(owner, (1, *input_shape))[1:]
        axis = self.setting("axis")
        if axis is not None and axis % (1 + len(input_shape)) == 0:
            batch = checks.batch_of(input_shape)
            raise ValueError(f"{owner}: {self.name} needs an axis besides the batch's; received axis {axis} of {batch}")
        return output_shape

    def shape_after(self, owner: str, shape: Shape) -> Shape:
        """The shape of y, for a z of this shape, batch axis included. Raises ValueError for one that does not fit."""
        axis = self.setting("axis")
        if axis is None:
            return shape
        if not -len(shape) <= axis < len(shape):
            raise ValueError(f"{owner}: {self.name} has the axis {axis}; received {len(shape)} axes, {shape}")
        if not self.halves:
            return shape
        if shape[axis] % 2:
            raise ValueError(f"{owner}: {self.name} halves the axis {axis}, which must be even; received {shape}")
        index = axis % len(shape)
        return (*shape[:index], shape[index] // 2, *shape[index + 1 :])

    def setting(self, name: str) -> Any:
        """The value of a setting, given or default; None if there is no such setting."""
        parameter = self.__signature__.parameters.get(name)
        return None if parameter is None else self.settings.get(name, parameter.default)

    def get_config(self) -> dict[str, Any]:
        """The settings that differ from their default values."""
        return dict(self.settings)

    # ------------------------------------------------------------ as a value

    def __eq__(self, other: object) -> bool:
        """Whether both have the same functions and settings."""
        return isinstance(other, ActivationFunction) and self.identity == other.identity

    def __hash__(self) -> int:
        return hash(self.identity)

    @property
    def identity(self) -> tuple[Any, ...]:
        """What equal activations have in common."""
        return *((self.function,) if self.function else self.functions), *sorted(self.settings.items())

    def __repr__(self) -> str:
        given = ", ".join(f"{key}={value!r}" for key, value in self.settings.items())
        return f"{self.name}({given})" if given else self.name


def signature_of(forward: Callable[..., Array]) -> Signature:
    """The signature of an activation that is called: the forward's, whose first argument is x, as in Keras."""
    whole = signature(forward)
    first, *settings = whole.parameters.values()
    return whole.replace(parameters=[first.replace(name="x"), *settings])


# ---------------------------------------------------------------- Keras's

POSITIVE, NOT_NEGATIVE = {"above": 0.0}, {"at_least": 0.0}

linear = ActivationFunction(F.linear, F.linear_backward, needs_z=False)
relu = ActivationFunction(F.rectifier, F.rectifier_backward, name="relu", needs_z=False, bounds=NOT_NEGATIVE)
sigmoid = ActivationFunction(F.sigmoid, F.sigmoid_backward)
softmax = ActivationFunction(F.softmax, F.softmax_backward, needs_z=False)
tanh = ActivationFunction(F.tanh, F.tanh_backward)

celu = ActivationFunction(F.celu, F.celu_backward, bounds=POSITIVE)
elu = ActivationFunction(F.elu, F.elu_backward, bounds=NOT_NEGATIVE)
exponential = ActivationFunction(F.exponential, F.exponential_backward, needs_z=False)
gelu = ActivationFunction(F.gelu, F.gelu_backward)
glu = ActivationFunction(F.glu, F.glu_backward, halves=True)
hard_shrink = ActivationFunction(F.hard_shrink, F.hard_shrink_backward, bounds=NOT_NEGATIVE)
hard_sigmoid = ActivationFunction(F.hard_sigmoid, F.hard_sigmoid_backward)
hard_silu = ActivationFunction(F.hard_silu, F.hard_silu_backward)
hard_tanh = ActivationFunction(F.hard_tanh, F.hard_tanh_backward, needs_z=False)
leaky_relu = ActivationFunction(F.leaky_relu, F.leaky_relu_backward, needs_z=False, bounds=NOT_NEGATIVE)
log_sigmoid = ActivationFunction(F.log_sigmoid, F.log_sigmoid_backward)
log_softmax = ActivationFunction(F.log_softmax, F.log_softmax_backward, needs_z=False)
mish = ActivationFunction(F.mish, F.mish_backward)
relu6 = ActivationFunction(F.relu6, F.relu6_backward, needs_z=False)
selu = ActivationFunction(F.selu, F.selu_backward)
silu = ActivationFunction(F.silu, F.silu_backward)
soft_shrink = ActivationFunction(F.soft_shrink, F.soft_shrink_backward, bounds=NOT_NEGATIVE)
softplus = ActivationFunction(F.softplus, F.softplus_backward)
softsign = ActivationFunction(F.softsign, F.softsign_backward)
sparse_plus = ActivationFunction(F.sparse_plus, F.sparse_plus_backward)
sparse_sigmoid = ActivationFunction(F.sparse_sigmoid, F.sparse_sigmoid_backward)
sparsemax = ActivationFunction(F.sparsemax, F.sparsemax_backward, needs_z=False)
squareplus = ActivationFunction(F.squareplus, F.squareplus_backward, bounds=POSITIVE)
tanh_shrink = ActivationFunction(F.tanh_shrink, F.tanh_shrink_backward)
threshold = ActivationFunction(F.threshold, F.threshold_backward)

hard_swish, swish = hard_silu, silu

ACTIVATIONS: dict[str, ActivationFunction] = {
    name: value for name, value in list(globals().items()) if isinstance(value, ActivationFunction)
}
"""Every activation by its name, the two aliases included."""


def get(identifier: Any) -> ActivationFunction:
    """The activation by its name or configuration; an activation itself, and linear for None.

    Raises TypeError or ValueError for anything else.
    """
    return get_activation("activations.get", identifier)


deserialize = get
"""Keras's other name for it."""


def get_activation(owner: str, value: Any) -> ActivationFunction:
    """`get`, with the owner's name in its errors."""
    if isinstance(value, dict):
        checks.keys(owner, "activation", value, {"class_name", "config"})
        if value["class_name"] == FUNCTION:
            return own_function(owner, value["config"])
        named = checks.lookup(owner, "class_name of activation", value["class_name"], ACTIVATIONS, kind="activations")
        value = named.configured(owner, **checks.by_name(owner, "config of activation", value["config"]))
    if value is not None and not isinstance(value, ActivationFunction):
        if callable(value):
            return elementwise(owner, value)
        value = checks.lookup(owner, "activation", value, ACTIVATIONS, kind="activations")
    found = linear if value is None else value
    found.check_complete(owner)
    return found


def own_function(owner: str, name: Any) -> ActivationFunction:
    """The program's own activation of that name. Raises ValueError if whoever reads a file has not given it."""
    own = given()
    if not isinstance(name, str) or name not in own:
        raise unknown_here(owner, "activation", name)
    value = own[name]
    plain = callable(value) and not isinstance(value, ActivationFunction)
    return elementwise(owner, value, name) if plain else get_activation(owner, value)


def elementwise(owner: str, function: Callable[[Any], Any], name: str | None = None) -> ActivationFunction:
    """An elementwise function as an activation, whose gradient is the complex step's.

    name: by default the function's. Raises TypeError for a function that cannot be differentiated so.
    """
    reason = complex_step.why_not(function)
    if reason:
        raise TypeError(
            f"{owner}: activation must have a gradient; give a function of your own as ActivationFunction(forward, "
            f"backward), with y = forward(z) and dz = backward(dy, z, y); received {checks.short_repr(function)}, of "
            f"which there is none by the complex step: {reason}"
        )
    if name is None:
        name = getattr(function, "__name__", "activation").strip("<>")
    forward, backward = partial(complex_step.value, function), partial(complex_step.backward, function)
    activation = ActivationFunction(forward, backward, name=name)
    activation.function = function
    return activation


def is_own(activation: ActivationFunction) -> bool:
    """Whether it is not one of the library's."""
    known = ACTIVATIONS.get(activation.name)
    return known is None or known.functions != activation.functions


def is_readable(activation: ActivationFunction) -> bool:
    """Whether `get` can return it: one of the library's, or of the program's own while these are given by name."""
    if not is_own(activation):
        return True
    own = given().get(activation.name)
    return not activation.settings and own is not None and get_activation(activation.name, own) == activation


def serialize(activation: ActivationFunction) -> str | dict[str, Any]:
    """Its name, or with settings its configuration: `get` returns an equal one for either.

    Of one of the program's own a file has the name alone: whoever reads the file must have it.
    Raises TypeError for what is no activation, ValueError for one of the program's own that is not given by name.
    """
    if not isinstance(activation, ActivationFunction):
        raise TypeError(f"activations.serialize: expected an activation; received {checks.short_repr(activation)}")
    if not is_readable(activation):
        raise ValueError(
            f"{activation.name}: an activation of one's own cannot be saved; only its layer's weights can. A file has "
            "its name alone, without settings, which must be no other's; a lambda has none"
        )
    if is_own(activation):
        return {"class_name": FUNCTION, "config": activation.name}
    if not activation.settings:
        return activation.name
    return {"class_name": activation.name, "config": activation.get_config()}


__all__ = [
    "ACTIVATIONS",
    "ActivationFunction",
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]

explain_unknown_names(__name__)
