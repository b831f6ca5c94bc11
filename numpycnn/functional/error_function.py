"""The error function, and GELU, z times the probability that a standard normal number is below z.

NumPy has no error function. Here it is by Cody's rational approximations in three pieces (W. J. Cody, "Rational
Chebyshev Approximations for the Error Function", Mathematics of Computation 23, 1969). Their relative error is below
6e-19; what remains is rounding, some 1e-15 in float64. They are analytic, so that the complex step can differentiate
them. For GELU in float32 one polynomial is exact enough, and quicker.
"""

from math import pi, sqrt

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.functional.rectifiers import bounded
from numpycnn.functional.sigmoids import magnitude, sigmoid

# Coefficients of numerators and denominators, highest power first.
# fmt: off
SMALL = (
    (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2,
     3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
MIDDLE = (
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
     2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
     1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
     3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3),
)
LARGE = (
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
     1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1, 6.05183413124413191e-2,
     2.33520497626869185e-3),
)
SINGLE = (
    3.6128749155775304e-2, -1.9387695647439668e-1, 3.9070051528216260e-1, -3.0640401303810840e-1,
    -3.1095519566735966e-3, 2.1696141482599816e-2, 6.1430952031307910e-2, 1.8356407035250720e-1,
    2.4556908808021907e-1, 2.8221058822023204e-1, 2.8209041955663194e-1,
)
"""erfc(x)*exp(x**2) = t*p(t) with t = 1/(1 + x/2), for x from 0 to SINGLE_END, to 6e-9.

p is the polynomial through what the pieces give at the 11 Chebyshev points of that interval of t.
"""
# fmt: on
SMALL_END, MIDDLE_END, LARGE_END, SINGLE_END = 0.46875, 4.0, 30.0, 12.0
"""Where the pieces end; at the last two, erfc is below the range of float64, and of float32."""


def polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    """A polynomial in x, by Horner's rule."""
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total *= x
        total += coefficient
    return total


def ratio(coefficients: tuple[tuple[float, ...], tuple[float, ...]], x: Array) -> Array:
    """A polynomial in x divided by another."""
    above, below = coefficients
    return polynomial(above, x) / polynomial(below, x)


def exp_minus_square(x: Array) -> Array:
    """exp(-x**2). As the square's rounding error would grow with x, x is split into sixteenths and a rest."""
    whole = np.trunc(x.real * 16) / 16
    return np.exp(-(whole**2)) * np.exp(-(x - whole) * (x + whole))


def erf(x: Array) -> Array:
    """The error function: 2/sqrt(pi) times the integral of exp(-t**2) from 0 to x."""
    near = bounded(x, -SMALL_END, SMALL_END)
    return np.where(np.abs(x.real) <= SMALL_END, near * ratio(SMALL, near**2), 1 - erfc(x))


def erfc(x: Array) -> Array:
    """1 - erf(x), which keeps its digits where erf is nearly 1."""
    size = bounded(magnitude(x), 0, LARGE_END)
    near, middle, far = (
        bounded(x, -SMALL_END, SMALL_END),
        bounded(size, 0, MIDDLE_END),
        bounded(size, MIDDLE_END, LARGE_END),
    )
    inverse = 1 / far**2
    tail = np.where(
        size.real <= MIDDLE_END, ratio(MIDDLE, middle), (1 / sqrt(pi) - inverse * ratio(LARGE, inverse)) / far
    )
    tail = exp_minus_square(size) * tail
    return np.where(np.abs(x.real) <= SMALL_END, 1 - near * ratio(SMALL, near**2), np.where(x.real < 0, 2 - tail, tail))


def gelu(z: Array, approximate: bool = False) -> Array:
    """y = z * P(z), with P(z) = erfc(-z/sqrt(2))/2, the probability that a standard normal number is below z.

    approximate: P(z) by a sigmoid, sigmoid(2*u) = (1 + tanh(u))/2 with u = sqrt(2/pi)*(z + 0.044715*z**3).
    Source: Hendrycks and Gimpel 2016.
    """
    return z * (sigmoid(2 * cubic(z)[0]) if approximate else below_and_bell(z)[0])


def gelu_backward(dy: Array, z: Array, y: Array, approximate: bool = False) -> Array:
    """dz = dy * (P(z) + z * the density exp(-z**2/2)/sqrt(2*pi)), which is the derivative of P.

    approximate: the derivative of sigmoid(2*u) is s*(1 - s)*2*u', with s = sigmoid(2*u) and 1 - s = sigmoid(-2*u).
    """
    if approximate:
        z = bounded(z, -LARGE_END, LARGE_END)
        u, slope = cubic(z)
        return dy * (sigmoid(2 * u) * (1 + z * sigmoid(-2 * u) * 2 * slope))
    below, bell = below_and_bell(z)
    return dy * (below + z * (bell / sqrt(2 * pi)))


def below_and_bell(z: Array) -> tuple[Array, Array]:
    """P(z) and exp(-z**2/2)."""
    if z.dtype != np.float32:
        return erfc(-z / sqrt(2)) / 2, exp_minus_square(bounded(z / sqrt(2), -LARGE_END, LARGE_END))
    size = np.minimum(np.abs(z) * sqrt(0.5), SINGLE_END)
    bell, t = np.exp(-size * size), 1 / (1 + size / 2)
    above = polynomial(SINGLE, t)
    above *= t / 2
    above *= bell
    return np.where(z < 0, above, 1 - above), bell


def cubic(z: Array) -> tuple[Array, Array]:
    """u = sqrt(2/pi)*(z + 0.044715*z**3) and its derivative.

    Beyond LARGE_END, where sigmoid(2*u) is 0 or 1, both are constant.
    """
    z = bounded(z, -LARGE_END, LARGE_END)
    return sqrt(2 / pi) * z * (1 + 0.044715 * z**2), sqrt(2 / pi) * (1 + 3 * 0.044715 * z**2)
