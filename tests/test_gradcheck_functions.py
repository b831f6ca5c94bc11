"""`gradcheck_function` on code that is not ours: nothing right fails, nothing wrong passes, and the report says why."""

import re
from itertools import count
from typing import Any

import numeric
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numpycnn.common.typing import Array
from numpycnn.gradcheck import Report, assert_gradients, gradcheck_function
from numpycnn.gradcheck.numeric import complex_step

X = np.random.default_rng(0).uniform(0.2, 2.0, (3, 4))
W = np.random.default_rng(1).normal(size=(4, 2))
WHOLE = np.arange(-6.0, 6.0).reshape(3, 4)  # with a zero


def square(x: Array) -> Array:
    return x * x


def square_backward(dy: Array, x: Array) -> Array:
    return 2 * dy * x


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def relu_backward(dy: Array, x: Array) -> Array:
    return dy * (x > 0)


def first_maximum(dy: Array, x: Array) -> Array:
    return dy[:, None] * (np.arange(x.shape[1]) == x.argmax(axis=1)[:, None])


def shared_maximum(dy: Array, x: Array) -> Array:
    equal = x == x.max(axis=1, keepdims=True)
    return dy[:, None] * equal / equal.sum(axis=1, keepdims=True)


def into_real(x: Array) -> Array:
    """Loses the imaginary part with a warning."""
    y = np.zeros(x.shape)
    y[...] = x**2
    return y


def no_complex(x: Array) -> Array:
    if np.iscomplexobj(x):
        raise TypeError("real numbers only")
    return x**2


def leaky(x: Array) -> Array:
    return relu(x) - 0.1 * relu(-x)


def scatter(dy: Array, w: Array, k: Array) -> tuple[Array, None]:
    dw = np.zeros(w.shape)
    np.add.at(dw, k, dy)
    return dw, None


def hinge(x: Array, labels: Array) -> Array:
    rows = np.arange(len(labels))
    return np.maximum(0, x - x[rows, labels][:, None] + 0.1).sum()


def hinge_backward(x: Array, labels: Array) -> Array:
    rows = np.arange(len(labels))
    over = (x - x[rows, labels][:, None] + 0.1 > 0).astype(float)
    over[rows, labels] -= over.sum(axis=1)
    return over


RIGHT: dict[str, tuple[Any, ...]] = {
    "a number": (lambda x: (np.sin(x) ** 2).sum(), lambda x: np.sin(2 * x), X),
    "a float": (lambda x: float((x**3).sum()), lambda x: 3 * x**2, X),
    "an array": (np.exp, lambda dy, x: dy * np.exp(x), X),
    "flat at 0, and curved on one side": (lambda x: relu(x) ** 2, lambda dy, x: 2 * dy * relu(x), np.zeros(3)),
    "several inputs": (lambda x, w: x @ w, lambda dy, x, w: (dy @ w.T, x.T @ dy), X, W),
    "a number as input": (lambda x: x * x, lambda x: 2 * x, 3),
    "an array as claim": (square, 2 * X, X),
    "arrays as claims": (lambda x, w: x @ w, [np.ones((3, 2)) @ W.T, X.T @ np.ones((3, 2))], X, W),
    "abs": (np.abs, lambda dy, x: dy * np.sign(x), X - 1.0),
    "abs, at zero": (np.abs, lambda dy, x: dy * np.sign(x), WHOLE),
    "a norm": (np.linalg.norm, lambda x: x / np.linalg.norm(x), X),
    "the real part": (lambda x: x.real**2, square_backward, X),
    "a conjugate": (lambda x: (np.conj(x) * x).real, square_backward, X),
    "cast to real": (lambda x: x.astype(float) ** 2, square_backward, X),
    "into a real array": (into_real, square_backward, X),
    "complex refused": (no_complex, square_backward, X),
    "a small part real": (lambda x: x + 1e-4 * np.abs(x), lambda dy, x: dy * (1 + 1e-4 * np.sign(x)), X - 1.0),
    "one entry real": (lambda x: x * (X.max() > X) + x.real * (X.max() == X), lambda dy, x: dy, X),
    "relu at zero": (relu, relu_backward, WHOLE),
    "relu, the other side": (relu, lambda dy, x: dy * (x >= 0), WHOLE),
    "relu, in between": (relu, lambda dy, x: dy * np.heaviside(x, 0.25), WHOLE),
    "relu by .real": (lambda x: np.where(x.real > 0, x, 0), relu_backward, WHOLE),
    "two relus": (lambda x: relu(x) + relu(-x), lambda dy, x: dy * np.sign(x), WHOLE),
    "kinks of opposite signs": (
        lambda x: relu(x[0]) - 2 * relu(-x[1]),
        lambda x: np.array([x[0] > 0, 2 * (x[1] < 0)], float),
        np.zeros(2),
    ),
    "a kink in the slope": (lambda x: relu(x) ** 2, lambda dy, x: 2 * dy * relu(x), WHOLE),
    "equal maxima": (lambda x: x.max(axis=1), first_maximum, np.ones((2, 3))),
    "equal maxima, shared": (lambda x: x.max(axis=1), shared_maximum, np.ones((2, 3))),
    "maxima equal but for a digit": (lambda x: (x + 0.1 - 0.1).max(axis=1), [[1.0, 0.0]], [[0.3, 0.1 + 0.2]]),
    "zero throughout": (lambda x: 0 * x, lambda dy, x: 0 * dy, X),
    "an index array": (lambda w, k: w[k], scatter, W, np.array([0, 2, 2])),
    "labels, left out": (hinge, hinge_backward, X, np.array([0, 3, 1])),
    "beside a large constant": (lambda x: 1e8 + x * x, square_backward, X),
    "zero but for rounding": (lambda x: (np.exp(x) / np.exp(x).sum()).sum(), lambda x: 1e-17 * x, X),
    "steep": (lambda x: np.sin(300 * x), lambda dy, x: 300 * dy * np.cos(300 * x), X),
    "steep, by differences": (lambda x: np.sin(300 * x.real), lambda dy, x: 300 * dy * np.cos(300 * x), X),
    "tiny inputs": (lambda x: np.log(x).sum(), lambda x: 1 / x, 1e-9 * X),
    "huge inputs": (lambda x: (x**2).sum(), lambda x: 2 * x, 1e9 * X),
    "near a border": (np.sqrt, lambda dy, x: dy / (2 * np.sqrt(x)), 1e-6 * X),
    "at a border": (lambda x: np.sqrt(np.maximum(x, 1e-12)), lambda dy, x: dy / (2 * np.sqrt(x)), 1e-6 * X),
    "whole numbers, as integers": (square, square_backward, WHOLE.astype(int)),
    "float32 inputs": (square, square_backward, X.astype(np.float32)),
    "empty": (lambda x: x.sum(), lambda x: x, np.zeros((0, 3))),
}


HIDDEN = {("zero but for rounding", "central"), ("beside a large constant", "central")}
"""What differences alone cannot tell from rounding."""


@pytest.mark.parametrize("method", ["auto", "central"])
@pytest.mark.parametrize("name", RIGHT)
def test_right_gradients_pass(name: str, method: str) -> None:
    report = gradcheck_function(*RIGHT[name], method=method)
    assert report.inconclusive if (name, method) in HIDDEN else report.passed, str(report)


calls = count()

WRONG: dict[str, tuple[tuple[Any, ...], str]] = {
    "a factor 1.001": ((lambda x: np.exp(x), lambda dy, x: 1.001 * dy * np.exp(x), X), "FAILED: x"),
    "a factor, of code that is not holomorphic": (
        (lambda x: np.abs(x), lambda dy, x: 1.0001 * dy * np.sign(x), X),
        "FAILED: x",
    ),
    "what the complex step would believe": ((lambda x: x**2 + np.abs(x), square_backward, X), "central"),
    "and of a small part": ((lambda x: x**2 + 1e-4 * np.abs(x), square_backward, X), "central"),
    "and of one entry": ((lambda x: x + (x * x).real * (X.max() == X), lambda dy, x: dy, X), "central"),
    "one entry": ((square, lambda dy, x: 2 * dy * x + 1e-6 * (X.max() == X), X), "FAILED: x"),
    "beyond a kink": ((relu, lambda dy, x: dy * np.heaviside(x, 1.5), WHOLE), "at kinks, such as (1, 2)"),
    "beyond a kink, by differences": ((np.abs, lambda dy, x: dy * np.where(x, np.sign(x), 2), WHOLE), "(1, 2)"),
    "all of the equal maxima": (
        (lambda x: x.max(axis=1), lambda dy, x: dy[:, None] * np.ones((2, 3)), np.ones((2, 3))),
        "x at uniform",
    ),
    "none of the equal maxima": ((lambda x: x.max(axis=1), lambda dy, x: 0 * x, np.ones((2, 3))), "x at uniform"),
    "the slope of two relus": ((leaky, lambda dy, x: dy * np.where(x > 0, 1, 0.2), WHOLE), "FAILED"),
    "zero where it is not": ((square, lambda dy, x: 0 * x, X), "FAILED: x"),
    "not zero where it is": ((lambda x: 0 * x, lambda dy, x: dy, X), "FAILED: x"),
    "the shape": (
        (lambda x, w: x @ w, lambda dy, x, w: (dy @ w.T, dy.T @ x), X, W),
        "the gradient of w must have the shape (4, 2); received the shape (2, 4)",
    ),
    "a sum over the batch": ((square, lambda dy, x: (2 * dy * x).sum(axis=0), X), "must have the shape (3, 4)"),
    "float32 claimed": ((square, lambda dy, x: (2 * dy * x).astype(np.float32), X), "the gradient of x is float32"),
    "float32 in between": ((square, lambda dy, x: dy * (2 * x).astype("f").astype("d"), X), "FAILED: x"),
    "float32 in between, of abs": (
        (lambda x: np.abs(x), lambda dy, x: np.sign(x) * dy.astype("f").astype("d"), X),
        "FAILED: x",
    ),
    "float32 in f": (
        (lambda x: np.exp(x).astype(np.float32), lambda dy, x: dy * np.exp(x), X),
        "the function's output is float32",
    ),
    "NaN claimed": (
        (square, lambda dy, x: np.where(X.max() == X, np.nan, 2 * dy * x), X),
        "the gradient of x is not finite",
    ),
    "infinity in f": ((lambda x: x / (X.max() != X), lambda dy, x: dy, X), "the function's output is not finite"),
    "complex claimed": ((square, lambda dy, x: 2j * dy * x, X), "must be real numbers; received dtype complex128"),
    "a function of its own calls": (
        (lambda x: x * next(calls), lambda dy, x: dy, X),
        "the function gives different numbers",
    ),
    "a claim of its own calls": (
        (square, lambda dy, x: 2 * dy * x + next(calls), X),
        "the claimed gradient gives different numbers",
    ),
    "f changes its input": (
        (lambda x: np.multiply(x, x, out=x), square_backward, X),
        "the function changes x in place",
    ),
    "the claim changes its input": (
        (square, lambda dy, x: np.multiply(2 * dy, x, out=x), X),
        "the claimed gradient changes x in place",
    ),
    "the claim changes dy": (
        (square, lambda dy, x: np.multiply(2 * x, dy, out=dy), X),
        "the claimed gradient changes dy in place",
    ),
}


@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("name", WRONG)
def test_wrong_gradients_fail_and_the_report_says_why(name: str) -> None:
    arguments, text = WRONG[name]
    report = gradcheck_function(*arguments)
    assert not report.passed, str(report)
    assert text in str(report).replace("\n  ", " ")


def test_numbers_are_those_of_the_tests_own_ruler() -> None:
    """What the report calls numeric, against `numeric.py`."""
    g = np.random.default_rng(3).normal(size=X.shape)

    def f(x: Array) -> Array:
        return np.tanh(x) ** 3 + x[:, ::-1]

    true = numeric.complex_step(lambda x: complex((f(x) * g).sum()), X)
    for method, bound in (("complex", 1e-15), ("central", 1e-9)):
        (row,) = gradcheck_function(f, lambda dy, x: true * 1.01, X, dy=g, method=method).rows
        assert isinstance(row.where, tuple)
        assert row.numeric == pytest.approx(true[row.where], rel=bound)
        assert row.claimed == true[row.where] * 1.01
        assert row.error == pytest.approx(0.01)
        assert np.abs(true).max() == abs(true[row.where])


@given(st.integers(0, 2**32 - 1), st.sampled_from(("complex", "central")))
@settings(max_examples=settings().max_examples // 4)
def test_bounds_have_room(seed: int, method: str) -> None:
    """Right gradients of a smooth function stay a hundred times below the bound."""
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=(3, 4)), rng.normal(size=(4, 4))
    report = gradcheck_function(
        lambda x, w: np.tanh(x @ w) * np.exp(-x),
        lambda dy, x, w: (
            (dy * np.exp(-x) / np.cosh(x @ w) ** 2) @ w.T - dy * np.tanh(x @ w) * np.exp(-x),
            x.T @ (dy * np.exp(-x) / np.cosh(x @ w) ** 2),
        ),
        x,
        w,
        method=method,
        seed=seed,
    )
    assert all(row.error <= row.bound / 100 for row in report.rows), str(report)


# ---------------------------------------------------------------- linear functions


def shift(x: Array, by: int = 1) -> Array:
    return np.roll(x, by, axis=1) * 3


@pytest.mark.parametrize(
    ("arguments", "passed", "text"),
    [
        ((shift, lambda dy, x: shift(dy, -1), X), True, "adjoint"),
        ((shift, lambda dy, x: shift(dy, 1), X), False, "x at identity"),
        ((shift, lambda dy, x: shift(dy, -1) * (1 + 1e-12), X), False, "x at identity"),
        ((lambda x, w: x @ w, lambda dy, x, w: (dy @ w.T, x.T @ dy), X, W), True, "adjoint"),
        ((lambda x: x @ W + 1, lambda dy, x: dy @ W.T, X), False, "x at linearity"),
        ((square, square_backward, X), False, "FAILED: x"),
        ((lambda x: x.sum(), lambda x: np.ones_like(x), X), True, "adjoint"),
    ],
)
def test_the_adjoint_identity(arguments: tuple[Any, ...], passed: bool, text: str) -> None:
    report = gradcheck_function(*arguments, method="adjoint")
    assert report.passed is passed
    assert text in str(report)


# ---------------------------------------------------------------- samples, and the report


def large(wrong: Any = (), seed: int = 5) -> Report:
    """A gradient of 10,000 entries, some of them wrong."""
    x = np.random.default_rng(0).normal(size=(100, 100))
    gradient = np.cos(x)
    gradient.flat[list(wrong)] += 1e-4
    return gradcheck_function(np.sin, gradient, x, samples=20, seed=seed)


def test_a_sample_is_drawn_by_the_seed() -> None:
    rows = large().rows
    assert rows == large().rows
    assert [row.checked for row in rows] == [20, 2]

    assert large(seed=6).rows[0].where != rows[0].where


def test_what_a_sample_misses_shows_along_directions() -> None:
    report = large(wrong=[1234])
    sampled, directions = report.rows
    assert sampled.passed
    assert not directions.passed


@pytest.mark.parametrize("size", [1e-3, 1e-6, 1e-8])
@pytest.mark.parametrize("zeros", [0, 1, pytest.param(5000, marks=pytest.mark.deep)])
def test_kinks_elsewhere_hide_no_fault(size: float, zeros: int) -> None:
    """One wrong entry, not in the sample, of a function with a kink at every zero."""
    x = np.random.default_rng(0).uniform(0.5, 1.0, (100, 100))
    x.flat[:zeros] = 0

    def check(fault: float) -> Report:
        wrong = np.zeros(x.shape)
        wrong[77, 77] = fault
        return gradcheck_function(
            lambda x: relu(np.sin(x)), lambda dy, x: dy * np.cos(x) * (x > 0) + wrong, x, samples=20
        )

    assert check(0.0).passed
    report = check(size)
    assert report.rows[0].passed
    assert not report.passed, str(report)


def test_a_smaller_array_is_checked_entirely() -> None:
    (row,) = gradcheck_function(square, square_backward, X, samples=12).rows
    assert (row.checked, row.shape) == (12, (3, 4))
    assert "all of (3, 4)" in str(gradcheck_function(square, square_backward, X))


def test_assert_gradients_shows_the_table() -> None:
    assert_gradients(square, square_backward, X)
    with pytest.raises(AssertionError) as raised:
        assert_gradients(square, lambda dy, x: 2.002 * dy * x, X, seed=1)
    lines = str(raised.value).splitlines()
    assert lines[0] == "Gradient check of square"
    assert " ".join(lines[1].split()) == "gradient of checked method error bound worst at claimed numeric result"
    assert lines[2].startswith("x           all of (3, 4) complex 1.0e-03 1e-10 (")
    assert lines[2].endswith(" FAIL")
    assert lines[3].startswith("- x at (")
    assert lines[-1] == "FAILED: x"


def test_the_report_says_what_it_could_not_do() -> None:
    central = str(gradcheck_function(no_complex, square_backward, X))
    assert "central differences, because the function does not take complex numbers (TypeError: real" in central
    zero = str(gradcheck_function(lambda x: 0 * x, lambda dy, x: 0 * dy, X))
    assert "nothing is larger than rounding, which proves little" in zero
    kinks = gradcheck_function(relu, relu_backward, WHOLE)
    assert [row.result for row in kinks.rows] == ["kinks", "kinks"]
    assert kinks.rows[0].kinks == 1
    assert "1 of 12 entries are at kinks, such as (1, 2): " in str(kinks)
    assert all(len(line) <= 100 for line in [*central.splitlines(), *str(kinks).splitlines()])


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((square, square_backward), {}, TypeError, "gradcheck_function: expected at least one input"),
        (
            (square, square_backward, "x"),
            {},
            TypeError,
            "expected at least one input that is an array or a number; received 'x'",
        ),
        (
            (square, square_backward, 1j * X),
            {},
            TypeError,
            "x must be an array of real numbers; received dtype complex128",
        ),
        (
            (square, square_backward, X),
            {"method": "exact"},
            ValueError,
            "method must be one of 'auto', 'complex', 'central', 'adjoint'; received 'exact'",
        ),
        ((square, square_backward, X), {"samples": 0}, ValueError, "samples must be an integer of at least 1"),
        ((square, square_backward, X), {"seed": -1}, ValueError, "seed must be an integer of at least 0"),
        (
            (square, square_backward, X),
            {"dy": np.ones(3)},
            ValueError,
            "dy must have the shape of what f gives, (3, 4); received (3,)",
        ),
        ((np.sum, np.ones_like, X), {"dy": 1.0}, ValueError, "dy must have no value, for f gives a number"),
        (
            (lambda x: [x], square_backward, X),
            {},
            TypeError,
            "f must give an array or a number, or a pair of one and a cache; received list",
        ),
        (
            (lambda x, w: x @ w, lambda dy, x, w: (dy @ w.T,), X, W),
            {},
            ValueError,
            "expected gradients of 2 inputs, x, w; received 1",
        ),
    ],
)
def test_bad_arguments_are_explained(arguments: Any, options: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        gradcheck_function(*arguments, **options)


# ---------------------------------------------------------------- what is seen at a second look


def test_a_kink_that_rounding_hides_from_the_complex_step_is_found() -> None:
    """3*(0.1*a) is above 0.3 by its last digit only; code that rounds otherwise takes b for the larger."""

    def larger(x: Array) -> Array:
        return np.maximum(3 * (0.1 * x[0]), x[1])

    x = np.array([1.0, 0.3])
    report = gradcheck_function(larger, np.array([0.0, 1.0]), x)
    assert report.inconclusive, report
    assert report.rows[0].kinks == 2
    for wrong in ([-0.1, 1.0], [0.4, 1.0], [0.0, 1.1]):
        assert not gradcheck_function(larger, np.array(wrong), x).passed


def test_a_small_kink_that_rounding_hides_is_found_at_its_own_entry() -> None:
    """Along a direction it is lost beside the rest."""

    def f(x: Array) -> Array:
        return x[2] + 1e-6 * np.maximum(3 * (0.1 * x[0]), 0.3 * x[1])

    x = np.array([1.0, 1.0, 0.0])
    report = gradcheck_function(f, np.array([0.0, 3e-7, 1.0]), x)
    assert report.passed, report
    assert (report.rows[0].kinks, report.rows[0].method) == (2, "complex")
    assert not gradcheck_function(f, np.array([0.0, 8e-7, 1.0]), x).passed


def test_a_small_part_that_loses_its_imaginary_part_is_found() -> None:
    """Along a direction it is lost beside the large part; at its own entry it is not."""

    def f(x: Array) -> Array:
        return 1e8 * x[0] + np.abs(x[1])

    report = gradcheck_function(f, np.array([1e8, 1.0]), np.array([0.5, 2.0]))
    assert not report.failed, report
    assert {row.method for row in report.rows} == {"central"}
    assert "the function does not carry complex numbers through" in str(report)
    assert not gradcheck_function(f, np.array([1e8, 20.0]), np.array([0.5, 2.0])).passed


def two_kinks(x: Array) -> Array:
    """Along x[0] both meet at 0: the slopes of the sum are 0.5 and 1, those of its parts 0 and 1, and 0 and 0.5."""
    return np.maximum(x[0] + x[1], 0) - 0.5 * np.maximum(x[2] - x[0], 0)


def test_where_kinks_meet_numbers_that_cannot_be_asked_for_again_are_inconclusive() -> None:
    """With relu'(0) = 0 the gradient is 0, which is neither slope, and right. One point alone cannot show it."""
    report = gradcheck_function(two_kinks, np.zeros(3), np.zeros(3))
    assert report.inconclusive, report
    assert report.rows[0].kinks == 3


def test_a_gradient_that_knows_one_point_only_is_inconclusive_where_kinks_meet() -> None:
    def here(x: Array) -> Array:
        if x.any():
            raise ValueError("elsewhere")
        return np.zeros(3)

    assert gradcheck_function(two_kinks, here, np.zeros(3)).inconclusive


def test_where_kinks_meet_a_gradient_is_asked_for_again_a_little_aside() -> None:
    def right(x: Array) -> Array:
        up, down = float(x[0] + x[1] > 0), float(x[2] - x[0] > 0)
        return np.array([up + 0.5 * down, up, -0.5 * down])

    assert gradcheck_function(two_kinks, right, np.zeros(3)).passed
    assert not gradcheck_function(two_kinks, lambda x: 1.01 * right(x), np.zeros(3)).passed


# ---------------------------------------------------------------- what must not pass


def sinc(x: Array) -> Array:
    return np.where(abs(x) < 1e-4, 1 - x * x / 6, np.sin(x) / np.where(x == 0, 1, x))


def sinc_backward_wrong(dy: Array, x: Array) -> Array:
    return dy * np.where(abs(x) < 1e-4, x / 3, (x * np.cos(x) - np.sin(x)) / np.where(x == 0, 1, x * x))


def both_maxima(dy: Array, x: Array, y: Array) -> tuple[Array, Array]:
    return dy * (x >= y), dy * (y >= x)


NORMAL = np.random.default_rng(0).normal(size=(5, 3))
SMALL = np.array([5e-5, 1.0, 2.0])
TIED = np.array([1.0, 1.0, 0.0])

NEVER: dict[str, tuple[Any, ...]] = {
    "an error at one point": (square, lambda dy, x: dy * np.where(x == 1, 2 + 1e-5, 2 * x), np.array([1.0, 2.0])),
    "a jump": (lambda x: np.where(x == 1, 1 + 1e-5, x * x), square_backward, np.array([1.0, 2.0])),
    "a small jump at 0, flat elsewhere": (lambda x: np.where(x > 0, 1e-8, 0.0), lambda dy, x: 0 * dy, np.zeros(2)),
    "a sign in the branch for small numbers": (sinc, sinc_backward_wrong, SMALL),
    "any claim where kinks meet": (lambda x: relu(NORMAL @ x), np.array([20.0, -20.0, 20.0]), np.zeros(3)),
    "both of two equal numbers": (np.maximum, both_maxima, np.array([1.0, 2.0]), np.array([1.0, 3.0])),
    "ones at a tie": (np.max, np.ones(2), np.ones(2)),
    "a mask of ties beside a ReLU at 0": (lambda x: x[:2].max() + relu(x[2]), lambda x: 1.0 * (x > 0), TIED),
    "the same numbers, known here alone": (lambda x: x[:2].max() + relu(x[2]), np.array([1.0, 1.0, 0.5]), TIED),
    "a small term that is not complex-safe": (
        lambda x: 1e6 * (x**2).sum() + 1e-3 * np.abs(x).sum(),
        lambda x: 2e6 * x,
        NORMAL,
    ),
    "an error beside a large constant": (lambda x: np.sin(x).sum() + 1e8, lambda x: np.cos(x) * (1 + 1e-7), NORMAL),
    "the same, not complex-safe": (
        lambda x: (np.abs(x) ** 3).sum() + 1e8,
        lambda x: 3 * x * abs(x) * (1 + 1e-7),
        NORMAL,
    ),
    "half of a small entry": (lambda x: np.exp(x).sum(), lambda x: np.exp(x) * [1, 1.5], np.array([25.0, 0.0])),
    "digits lost where tanh is saturated": (np.tanh, lambda dy, x: dy * (1 - np.tanh(x) ** 2), np.array([15.0, 0.5])),
    "float32 inside of f": (
        lambda x: np.exp(x.astype("f")).astype("d"),
        lambda dy, x: dy * np.exp(x),
        X,
    ),
    "steep": (lambda x: np.sin(1e6 * x), lambda dy, x: (1e6 + 1) * dy * np.cos(1e6 * x), X),
}


@pytest.mark.parametrize("name", NEVER)
def test_what_is_wrong_never_passes(name: str) -> None:
    for seed in range(3):
        report = gradcheck_function(*NEVER[name], seed=seed)
        assert not report.passed, str(report)


UNDECIDED: dict[str, tuple[Any, ...]] = {
    "steep": (lambda x: np.sin(1e6 * x), lambda dy, x: 1e6 * dy * np.cos(1e6 * x), X),
    "a constant added and taken away": (lambda x: (x + 1e8) - 1e8, lambda dy, x: dy, X),
    "a small part that is not complex-safe": (
        lambda x: 1e8 * x[0] + np.abs(x[1]),
        np.array([1e8, 1.0]),
        np.array([0.5, 2.0]),
    ),
}


@pytest.mark.parametrize("name", UNDECIDED)
def test_what_is_right_never_fails(name: str) -> None:
    assert not gradcheck_function(*UNDECIDED[name]).failed


def test_fifty_wrong_entries_are_seen_beside_a_kink() -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        x = rng.uniform(0.5, 1.5, (100, 100))
        x[0, 0] = 0
        wrong = 1.0 * (x > 0)
        wrong.flat[rng.choice(np.arange(1, x.size), 50, replace=False)] += 1e-2
        report = gradcheck_function(relu, wrong, x, samples=20, seed=seed)
        assert report.failed, str(report)


# ---------------------------------------------------------------- what was not compared


@pytest.mark.parametrize(
    ("backward", "named"),
    [
        (lambda dy, x, w: None, ["x", "w"]),
        (lambda dy, x, w: (None, None), ["x", "w"]),
        (lambda dy, x, w: (dy @ w.T, None), ["w"]),
    ],
)
def test_a_gradient_that_is_missing_fails(backward: Any, named: list[str]) -> None:
    report = gradcheck_function(lambda x, w: x @ w, backward, X, W)
    assert report.failed
    assert list(report.problems) == [f"there is no gradient of {name}" for name in named]


@pytest.mark.parametrize("chosen", [("w",), [1]])
def test_an_input_that_takes_no_gradient_is_named(chosen: Any) -> None:
    (row,) = gradcheck_function(lambda x, w: x @ w, lambda dy, x, w: (dy @ w.T, None), X, W, no_gradient=chosen).rows
    assert (row.name, row.passed) == ("x", True)


def test_nothing_wanted_is_nothing_passed() -> None:
    report = gradcheck_function(np.sin, lambda dy, x: None, X, no_gradient=(0,))
    assert report.failed
    assert "nothing was compared" in str(report)


@pytest.mark.parametrize(
    ("chosen", "error", "message"),
    [
        ("x", TypeError, "no_gradient must be a sequence of positions or names; received 'x'"),
        (("y",), ValueError, "no_gradient must be among x, 0; received 'y'"),
    ],
)
def test_names_of_inputs_are_checked(chosen: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        gradcheck_function(square, square_backward, X, no_gradient=chosen)


def test_assert_gradients_raises_for_what_is_inconclusive_unless_told_otherwise() -> None:
    arguments = two_kinks, np.zeros(3), np.zeros(3)
    with pytest.raises(AssertionError, match="inconclusive: x"):
        assert_gradients(*arguments)
    assert_gradients(*arguments, allow_inconclusive=True)


def test_a_backward_that_is_wrong_beside_a_kink_alone_does_not_pass() -> None:
    def claim(dy: Array, x: Array) -> Array:
        return dy * (x > 0) * np.where(abs(x) < 0.01, 1.5, 1)

    assert not gradcheck_function(lambda x: np.maximum(x, 0), claim, np.array([0.0, 1.0, -2.0])).passed


def test_a_gradient_that_is_not_wanted_is_left_alone() -> None:
    """Be it wrong: the caller says that the input takes none."""
    report = gradcheck_function(
        lambda x, y: x * y, lambda dy, x, y: (dy * y, 7 * y), np.ones(3), np.full(3, 2.0), no_gradient=(1,)
    )
    assert report.passed
    assert [row.name for row in report.rows] == ["x"]


class WithoutSignature:
    """A function whose parameters Python cannot tell, such as some that are written in C."""

    __signature__ = 0

    def __call__(self, x: Array, y: Array) -> Array:
        return x * y


def test_inputs_of_a_function_without_a_signature_go_by_position() -> None:
    x, y = np.ones(3), np.full(3, 2.0)
    assert gradcheck_function(WithoutSignature(), lambda dy, x, y: (dy * y, None), x, y, no_gradient=(1,)).passed
    with pytest.raises(ValueError, match="no_gradient"):
        gradcheck_function(WithoutSignature(), lambda dy, x, y: (dy * y, None), x, y, no_gradient=("y",))


def test_right_code_passes_where_one_term_is_saturated_and_another_small() -> None:
    """The first term's derivative, 1e-13, is less than any difference of numbers near 1 shows; the second's is 1e-9."""

    def terms(x: Array) -> Array:
        return 1 / (1 + np.exp(-np.stack([x + 30.0, x - 20.0])))

    def backward(dy: Array, x: Array) -> Array:
        z = np.stack([x + 30.0, x - 20.0])
        return np.asarray((dy / (1 + np.exp(-z)) / (1 + np.exp(z))).sum(axis=0))

    assert gradcheck_function(terms, backward, np.array([0.0, 1.0, 3.0])).passed


def test_the_square_of_the_imaginary_step_does_not_choose_a_side_of_a_kink() -> None:
    """t(1 + t) is positive for small t > 0, where its positive part has the slope 1."""
    found = complex_step(lambda t: np.maximum(np.array([t * (1 + t)]), 0))
    assert (found.left[0], found.right[0]) == (0.0, 1.0)


def test_a_kink_that_the_complex_step_sees_in_part_is_confirmed_by_differences() -> None:
    """At 0 the slopes of relu(x) + 3x are 3 and 4, and those of what is complex in it 0 and 1."""
    report = gradcheck_function(
        lambda x: relu(x) + (3 * x).real, lambda dy, x: relu_backward(dy, x) + 3 * dy, np.array([0.0, 1.0])
    )
    assert report.passed
