"""The derivative of an elementwise function that has none beside it, by the complex step, exact to rounding.

f(x + ih) = f(x) + ih f'(x) + O(h^2): for h = 1e-20 the imaginary part over h is f'(x), without a difference that would
cancel (Squire and Trapp 1998). `why_not` first tries whether a function is one of which this is true.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from numpycnn.common.typing import Array

STEP = 1e-20
PROBES = np.concatenate([np.linspace(-7.3, 7.7, 60), [-31.4, -1.2e-3, 1.7e-3, 28.3]])  # (64,), on no usual kink
DIFFERENCE, TOLERANCE = 1e-6, 1e-5

Function = Callable[[Any], Any]


class Stepped(np.ndarray):
    """Complex numbers x + ih that are compared by x, as the numbers x would be: so each takes its own side of a kink.

    |x|, its sign, the maximum, the minimum and clipping go by x too. Of two equal numbers the second one is the
    maximum: that of (x, 0) has the slope 0 where x is 0, as relu has.
    """

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        own = REAL.get(ufunc.__name__) if method == "__call__" and any(map(np.iscomplexobj, inputs)) else None
        places = [plain(one) for one in options.pop("out", ())]
        if own is None:
            more = {"out": tuple(places)} if places else {}
            return stepped(getattr(ufunc, method)(*map(plain, inputs), **options, **more))
        result = own(*map(plain, inputs), **options)
        for place in places:
            place[...] = result
        return stepped(places[0] if places else result)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return stepped(super().__array_function__(func, types, args, kwargs))


def plain(value: Any) -> Any:
    """The same numbers without the rules of Stepped."""
    return value.view(np.ndarray) if isinstance(value, Stepped) else value


def stepped(value: Any) -> Any:
    """Complex numbers with these rules; anything else as it is."""
    return np.asarray(value).view(Stepped) if np.iscomplexobj(value) else value


def compared(ufunc: np.ufunc) -> Callable[..., Any]:
    """A comparison, of the real parts."""
    return lambda *values, **options: ufunc(*map(np.real, values), **options)


def maximum(a: Any, b: Any) -> Any:
    """The greater one by its real part, or the second."""
    return np.where(np.real(a) > np.real(b), a, b)


def minimum(a: Any, b: Any) -> Any:
    """The lesser one by its real part, or the second."""
    return np.where(np.real(a) < np.real(b), a, b)


COMPARISONS = (np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal)
REAL: dict[str, Callable[..., Any]] = {
    **{ufunc.__name__: compared(ufunc) for ufunc in COMPARISONS},
    "absolute": lambda x: np.sign(np.real(x)) * x,
    "clip": lambda x, least, most: minimum(maximum(x, least), most),
    "maximum": maximum,
    "minimum": minimum,
    "sign": lambda x: np.sign(np.real(x)) + 0j,
}
"""What the complex numbers' own functions would compute otherwise, by the names of ufuncs."""


def value(function: Function, z: Array) -> Array:
    """function(z), as an array of z's dtype."""
    return np.asarray(plain(function(z)), z.dtype)


def derivative(function: Function, z: Array) -> Array:
    """f'(z), of z's shape, in the dtype that the function computes in."""
    return np.imag(plain(function((z + STEP * 1j).view(Stepped)))) / STEP


def backward(function: Function, dy: Array, z: Array, _: Array) -> Array:
    """dz = dy * f'(z), of dy's dtype."""
    return (dy * derivative(function, z)).astype(dy.dtype)


def why_not(function: Function) -> str:
    """Why `derivative` cannot differentiate a function; "" if it can. The function is called, and nothing changes."""
    z = PROBES.copy()
    z.flags.writeable = False
    try:
        with np.errstate(all="ignore"):
            y = value(function, z.reshape(8, 8)).ravel()
            if y.shape != z.shape or not is_near(y, [value(function, one) for one in z.reshape(-1, 1, 1)]):
                return "it is not elementwise"
            return "" if is_confirmed(function, z, y) else "the complex step differs from differences"
    except Exception as error:  # the function is the user's
        return f"it raises {type(error).__name__} for an array, or one of complex numbers: {error}"


def is_near(y: Array, single: list[Array]) -> bool:
    """Whether each value alone gives what it gives among others."""
    return np.allclose(y, np.ravel(single), rtol=1e-6, atol=1e-6, equal_nan=True)


def is_confirmed(function: Function, z: Array, y: Array) -> bool:
    """Whether the complex step's value is y, and its derivative what central differences give; where y is finite."""
    width = DIFFERENCE * np.maximum(1, abs(z))
    differences = (value(function, z + width) - value(function, z - width)) / (2 * width)
    real = np.real(plain(function((z + STEP * 1j).view(Stepped))))
    exact, finite = derivative(function, z), np.isfinite(y)
    margin = TOLERANCE * (1 + abs(y) + abs(differences))
    near = (abs(real - y) <= margin) & (abs(exact - differences) <= margin)
    return bool(finite.any() and near[finite].all())
