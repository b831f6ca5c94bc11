"""What is wrong in words: each diagnosis on faults that have it, and on faults that have not."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from numpycnn.common.typing import Array
from numpycnn.gradcheck import check
from numpycnn.gradcheck.changes import changes
from numpycnn.gradcheck.diagnosis import MAX_ENTRIES
from numpycnn.gradcheck.patterns import Evidence, known_sizes, one_share, overlap, share

RNG = np.random.default_rng(0)
X, W, B = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 5)), RNG.normal(size=5)
SQUARE = RNG.normal(size=(3, 3))
IMAGES, KERNEL = RNG.normal(size=(2, 1, 5, 5)), RNG.normal(size=(1, 1, 3, 3))
SIGNED = np.array([[-2.0, 1.0, 3.0], [0.5, -1.0, -0.7]])


def affine(x: Array, w: Array, b: Array) -> Array:
    return x @ w + b


def affine_backward(dy: Array, x: Array, w: Array, b: Array) -> tuple[Array, Array, Array]:
    return dy @ w.T, x.T @ dy, dy.sum(axis=0)


def windows(x: Array, size: int, stride: int) -> list[tuple[int, int, slice, slice]]:
    """The output's row and column, and the image's, of each window."""
    rows, columns = ((n - size) // stride + 1 for n in x.shape[2:])
    cut = [slice(k * stride, k * stride + size) for k in range(max(rows, columns))]
    return [(i, j, cut[i], cut[j]) for i in range(rows) for j in range(columns)]


def conv(x: Array, w: Array, pad: int, stride: int) -> Array:
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    places = windows(xp, w.shape[2], stride)
    y = np.zeros((len(x), len(w), places[-1][0] + 1, places[-1][1] + 1), xp.dtype)
    for i, j, rows, columns in places:
        y[:, :, i, j] = np.einsum("nchw,fchw->nf", xp[:, :, rows, columns], w)
    return y


def conv_backward(
    dy: Array, x: Array, w: Array, pad: int, stride: int, *, add: bool = True, padded: bool = True
) -> tuple[Array, Array]:
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dxp, dw = np.zeros(xp.shape), np.zeros(w.shape)
    for i, j, rows, columns in windows(xp, w.shape[2], stride):
        part = np.einsum("nf,fchw->nchw", dy[:, :, i, j], w)
        dxp[:, :, rows, columns] = dxp[:, :, rows, columns] * add + part
        dw += np.einsum("nf,nchw->fchw", dy[:, :, i, j], xp[:, :, rows, columns])
    end = (slice(pad, n - pad) for n in xp.shape[2:]) if padded else (slice(0, n - 2 * pad) for n in xp.shape[2:])
    rows, columns = end
    return dxp[:, :, rows, columns], dw


def overwriting(dy: Array, x: Array, w: Array, pad: int, stride: int) -> tuple[Array, Array]:
    return conv_backward(dy, x, w, pad, stride, add=False)


def pool(x: Array) -> Array:
    places = windows(x, 3, 1)
    y = np.zeros((*x.shape[:2], places[-1][0] + 1, places[-1][1] + 1), x.dtype)
    for i, j, rows, columns in places:
        y[:, :, i, j] = x[:, :, rows, columns].max(axis=(2, 3))
    return y


def pool_backward(dy: Array, x: Array, *, add: bool) -> Array:
    dx = np.zeros(x.shape)
    for i, j, rows, columns in windows(x, 3, 1):
        part = x[:, :, rows, columns]
        won = part == part.max(axis=(2, 3), keepdims=True)
        dx[:, :, rows, columns] = np.where(won, add * dx[:, :, rows, columns] + dy[:, :, i : i + 1, j : j + 1],
                                           dx[:, :, rows, columns])  # fmt: skip
    return dx


def row_maximum(dy: Array, x: Array) -> Array:
    return dy[:, None] * (x == x.max(axis=1, keepdims=True))


def normalize(x: Array) -> Array:
    return (x - x.mean(axis=0)) / np.sqrt(((x - x.mean(axis=0)) ** 2).mean(axis=0) + 1e-5)


def normalize_backward(dy: Array, x: Array, mean: bool, variance: bool) -> Array:
    xhat, std = normalize(x), np.sqrt(x.var(axis=0) + 1e-5)
    dx = dy - mean * dy.mean(axis=0) - variance * xhat * (dy * xhat).mean(axis=0)
    return dx / std


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def last_row(dy: Array, x: Array, w: Array, b: Array) -> tuple[Array, Array, Array]:
    """Written over in a loop over the examples."""
    dw = np.zeros(w.shape)
    for k in range(len(x)):
        dw = np.outer(x[k], dy[k])
    return dy @ w.T, dw, dy.sum(axis=0)


def of_affine(change: Callable[[Array, Array, Array], tuple[Any, ...]]) -> tuple[Any, ...]:
    """The affine layer, with its gradients changed."""
    return affine, lambda dy, x, w, b: change(*affine_backward(dy, x, w, b)), X, W, B


def dropped(x: Array, param: dict[str, Any]) -> tuple[Array, Any]:
    mask = (np.random.default_rng(param["seed"]).random(x.shape) < param["p"]) / param["p"]
    return x * mask, (mask, param)


def single(x: Array) -> Array:
    return x.astype(np.float32).astype(np.float64)


MEAN = "claimed = numeric / 4, the batch size: a mean where a sum belongs"
WHAT: dict[str, tuple[tuple[Any, ...], str]] = {
    "a mean over the batch": (of_affine(lambda dx, dw, db: (dx, dw / 4, db)), f"w: {MEAN}"),
    "a mean over the batch, negative": (
        of_affine(lambda dx, dw, db: (dx, dw, -db / 4)), "b: claimed = -numeric / 4, the batch size"),
    "a sum in the place of a mean": (
        (lambda x: (x**2).sum(axis=1) / 4, lambda dy, x: 2 * dy[:, None] * x, X),
        "x: claimed = numeric * 4, the batch size: a sum where a mean belongs"),
    "the sign": (of_affine(lambda dx, dw, db: (-dx, dw, db)), "x: claimed = -numeric: the sign"),
    "a factor 2": ((lambda x: (x**2).sum(axis=0), lambda dy, x: dy * x, np.ones((5, 3)) + X[:1]), "numeric / 2, a factor 2"),
    "a constant factor": (of_affine(lambda dx, dw, db: (1.001 * dx, dw, db)), "x: claimed = numeric * 1.001 everywhere"),
    "a number of the settings": (
        (dropped, lambda dy, cache: dy * (cache[0] > 0), X, {"p": 0.8, "seed": 3}), "x: claimed = numeric * 0.8, param['p']"),
    "zero": (of_affine(lambda dx, dw, db: (dx, dw, 0 * db)), "b: zero everywhere: forgotten"),
    "the transpose": ((lambda x, w: x @ w, lambda dy, x, w: (dy @ w.T, dy.T @ x), X, SQUARE), "w: the transpose"),
    "the transpose, of another shape": (of_affine(lambda dx, dw, db: (dx, dw.T, db)), "w: the transpose"),
    "axes exchanged": (
        (conv, lambda *a: (conv_backward(*a)[0], conv_backward(*a)[1].swapaxes(2, 3)), IMAGES, KERNEL, 1, 1),
        "w: the transpose: axes [2, 3] are exchanged"),
    "flipped": (
        (conv, lambda *a: (conv_backward(*a)[0], conv_backward(*a)[1][:, :, ::-1, ::-1]), IMAGES, KERNEL, 1, 1),
        "w: reversed along axis 2 and 3: flipped"),
    "flipped in the other's gradient": (
        (conv, lambda dy, x, w, *a: (conv_backward(dy, x, np.flip(w, (2, 3)), *a)[0], conv_backward(dy, x, w, *a)[1]), IMAGES, KERNEL, 1, 1),
        "x: right if w were rotated by half a turn: one [::-1, ::-1] too few or too many"),
    "another's transpose": (
        (lambda x, w: x @ w, lambda dy, x, w: (dy @ w, x.T @ dy), X, SQUARE), "x: right if w were transposed in its last two axes"),
    "left out": ((lambda x, w: x * w, lambda dy, x, w: (dy, dy * x), X, W.T[:4]), "x: dy itself"),
    "not multiplied in": (
        (lambda x, w: (x * w) ** 2, lambda dy, x, w: (2 * dy * x, 2 * dy * x * x * w), X, W.T[:4]), "x: right if w were 1: not multiplied in"),
    "two others exchanged": (
        (lambda x, a, b: x * a + np.sin(x) * b, lambda dy, x, a, b: (dy * (b + np.cos(x) * a), dy * x, dy * np.sin(x)), X, X + 1, 2 * X),
        "x: right if a and b were exchanged"),
    "a factor for each column": (
        (lambda x: x**2, lambda dy, x: dy * x * np.array([1.0, 3.0, 5.0]), X), "x: off by one factor at each index of axis 1, the first 0.5"),
    "not used": ((lambda x, w: x + 0 * w, lambda dy, x, w: (dy, 2 * dy), X, X), "w: 0 is right: the forward does not use it"),
    "another order of shapes": (of_affine(lambda dx, dw, db: (dx, db, dw)), "w: this is the gradient of b: they are returned"),
    "another order": (
        (lambda x, w: x * w, lambda dy, x, w: (dy * x, dy * w), X, X[::-1]), "x: this is the gradient of w"),
    "another shape": ((lambda x: x.reshape(3, 4) * 2, lambda dy, x: 2 * dy, X), "x: the right numbers in the shape (3, 4)"),
    "cut off by -0": (of_affine(lambda dx, dw, db: (dx, dw, db[0:-0])), "b: the shape (0,) has no entries: [pad:-pad] is empty"),
    "not summed": (of_affine(lambda dx, dw, db: (dx, dw, np.ones((4, 5)) * db / 4)), "b: not summed: (4, 5) in the place of (5,)"),
    "the padding is left": (
        (conv, lambda *a: (np.pad(conv_backward(*a)[0], ((0, 0), (0, 0), (1, 1), (1, 1))), conv_backward(*a)[1]),
         IMAGES, KERNEL, 1, 1), "x: the padding is still around it"),
    "the padding is cut off at one end": (
        (lambda x: x[:, :, 1:-1, 1:-1] + 0.0, lambda dy, x: np.pad(dy, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=1.0),
         IMAGES), "x: right in the interior, wrong at the border: padding"),
    "the padding is cut off on one side": (
        (conv, lambda dy, x, w, *a: conv_backward(dy, x, w, *a, padded=False), IMAGES[:1], KERNEL, 1, 1),
        "x: the right numbers, moved by 1 and 1 along axes 2 and 3: padding"),
    "written over, windows": ((conv, overwriting, IMAGES, KERNEL, 0, 2), "x: only where windows overlap"),
    "written over, pool": ((pool, lambda dy, x: pool_backward(dy, x, add=False), IMAGES), "x: only where windows overlap"),
    "written over, examples": ((affine, last_row, X, W, B), "w: the last one's share along the output's axis 0"),
    "ties": (
        (lambda x: x.max(axis=1), row_maximum, np.array([[1.0, 1.0, 0.0], [2.0, 0.0, 1.0]])),
        "x: right except where values are equal"),
    "float32 in the backward": (
        (lambda x: x**3, lambda dy, x: dy * 3 * single(x * single(x)), X), "x: float32 inside of the backward"),
    "float32 claimed": ((lambda x: x**3, lambda dy, x: single(3 * dy * x**2).astype("f"), X), "x: float32 inside of the backward"),
    "float32 in the forward": ((lambda x: single(x.real) ** 2, lambda dy, x: 2 * dy * x, X), "float32 inside of the forward"),
    "dy not used": ((lambda x: x**2, lambda dy, x: 2 * x, X), "x: the same for any dy: dy is not used"),
    "dy twice": ((lambda x: x**2, lambda dy, x: 2 * x * dy * dy, X), "x: four times as large for twice dy"),
    "dy itself": ((lambda x: x**2, lambda dy, x: dy, X), "x: dy itself"),
    "the mask of the input": (
        (lambda x: np.where(x > 0, x, 0.1 * x), lambda dy, x: dy * np.where(x > 0, 1, 0.2), SIGNED),
        "x: wrong only where the input is negative"),
    "the mask of dy": (
        (lambda x: 2 * x, lambda dy, x: 2 * relu(dy), SIGNED), "x: wrong only where dy is negative"),
    "the first row": (
        (lambda x: x**2, lambda dy, x: 2 * x * dy * (np.arange(len(x)) == 0)[:, None], X),
        "x: right only at the first index of axis 0"),
    "the mean's part": (
        (normalize, lambda dy, x: normalize_backward(dy, x, False, True), RNG.normal(size=(6, 3))),
        "x: what is wrong goes through the mean over axes (0,)"),
    "the variance's part": (
        (normalize, lambda dy, x: normalize_backward(dy, x, True, False), RNG.normal(size=(6, 3))),
        "x: what is wrong goes through the variance over axes (0,)"),
    "both parts": (
        (normalize, lambda dy, x: normalize_backward(dy, x, False, False), RNG.normal(size=(6, 3))),
        "x: what is wrong goes through the mean and the variance over axes (0,)"),
    "a constant": ((lambda x: x**2, lambda dy, x: 2 * dy * x + 0.5, X[:1, :3]), "x: 0.5 too much everywhere"),
    "NaN": ((lambda x: x**2, lambda dy, x: np.where(x == x.max(), np.nan, 2 * dy * x), X), "x: not finite at ("),
    "no pattern": (
        (lambda x: x**2, lambda dy, x: 2 * dy * x + np.where((x == x.max()) | (x == x.min()), 0.5, 0), X),
        "x: wrong at 2 of 12 entries, first at ("),
}  # fmt: skip


@pytest.mark.parametrize("name", WHAT)
def test_each_mistake_has_its_words_and_no_others(name: str) -> None:
    arguments, text = WHAT[name]
    report = check(*arguments, samples=12)
    assert report.failed, report
    line, *others = report.diagnoses
    assert text in line
    assert len(others) == name.startswith("another order")


RIGHT = {
    "affine": (affine, affine_backward, X, W, B),
    "conv": (conv, conv_backward, IMAGES, KERNEL, 1, 2),
    "pool": (pool, lambda dy, x: pool_backward(dy, x, add=True), IMAGES),
    "normalize": (normalize, lambda dy, x: normalize_backward(dy, x, True, True), X),
    "relu at ties": (relu, lambda dy, x: dy * (x > 0), np.arange(-3.0, 3.0)),
}


@pytest.mark.parametrize(
    ("name", "kernel"),
    [("rolled", np.roll(KERNEL, 1, axis=3)), ("flipped in one axis", KERNEL[..., ::-1]), ("another", KERNEL**2)],
)
def test_a_gradient_of_another_kernel_is_not_one_of_the_rotated(name: str, kernel: Array) -> None:
    def back(dy: Array, x: Array, w: Array, *settings: int) -> tuple[Array, Array]:
        return conv_backward(dy, x, kernel, *settings)[0], conv_backward(dy, x, w, *settings)[1]

    (found,) = check(conv, back, IMAGES, KERNEL, 1, 1, samples=12).diagnoses
    assert re.match(
        r"x: wrong at 50 of 50 entries, first at \(0, 0, 0, 0\): .* in the place of .*; no usual pattern", found
    )


def test_code_that_raises_elsewhere_is_no_hindrance() -> None:
    """A forward that refuses what another input is changed to."""

    def forward(x: Array, w: Array) -> Array:
        if abs(w.real - SQUARE).max() > 0.1:
            raise ValueError("another w")
        return x @ w

    report = check(forward, lambda dy, x, w: (dy @ w, x.T @ dy), X, SQUARE)
    assert "no usual pattern" in report.diagnoses[0]


@pytest.mark.parametrize("size", [3e-7, 3e-6])
def test_a_difference_in_the_last_digits_is_not_called_something_else(size: float) -> None:
    """Neither that of a scale, nor that of another b, on which dx does not depend."""
    report = check(*of_affine(lambda dx, dw, db: (dx * (1 + size * (dx > 0)), dw, db)))
    assert report.failed
    assert not [text for text in report.diagnoses if "right if" in text or "one factor" in text]


def test_a_number_has_no_order() -> None:
    assert [text for text, _ in changes(np.array(2.0))] == [
        "were 0: left out",
        "were 1: not multiplied in",
        "were negative: the sign",
    ]


def test_all_known_numbers_are_named_that_a_factor_may_be() -> None:
    report = check(lambda x: x**2, lambda dy, x: dy * x * 2 / 3, SQUARE)
    assert report.diagnoses[0].startswith("x: claimed = numeric / 3, the batch size or the length of axis 1: a mean")


@pytest.mark.parametrize("name", RIGHT)
def test_nothing_is_said_of_what_is_right(name: str) -> None:
    report = check(*RIGHT[name], samples=12)
    assert report.passed, report
    assert not report.diagnoses


def test_a_forward_that_changes_its_input() -> None:
    def forward(x: Array) -> Array:
        x *= 2
        return x**2

    report = check(forward, lambda dy, x: 8 * dy * x, X)
    assert "the function changes x in place: it must work on a copy" in report.problems
    assert not report.diagnoses


def test_what_differs_from_call_to_call() -> None:
    rng = np.random.default_rng(0)
    report = check(lambda x: x * rng.random(x.shape), lambda dy, x: dy, X)
    assert any("gives different numbers for the same arrays: random numbers, or" in text for text in report.problems)
    assert not report.diagnoses


def test_where_claims_are_known_at_one_point_alone() -> None:
    report = check(lambda x: x**2, -2 * X, X)
    assert list(report.diagnoses) == ["x: claimed = -numeric: the sign"]

    def here(dy: Array, x: Array) -> Array:
        if not np.array_equal(x, X) or dy.max() > 10:
            raise ValueError("elsewhere")
        return -2 * dy * x

    assert list(check(lambda x: x**2, here, X, dy=8 * np.ones(X.shape)).diagnoses) == [
        "x: claimed = -numeric: the sign"
    ]


def test_a_mean_over_the_positions_of_images() -> None:
    report = check(
        lambda b: np.ones((3, 2, 5, 7)) * b[:, None, None],
        lambda dy, b: dy.sum(axis=(0, 2, 3)) / 35,
        np.array([1.0, 2]),
    )
    assert report.diagnoses[0].startswith("b: claimed = numeric / 35, the positions of an image: a mean")


def test_patterns_of_shares_need_them() -> None:
    a = np.ones((2, 2))
    bare = Evidence("a", 2 * a, a, a, a, np.zeros((2, 2), bool), a)
    assert [pattern(bare) for pattern in (overlap, one_share, share)] == [None] * 3
    number = bare._replace(claimed=np.array(3.0), numeric=np.array(1.0), x=np.array(1.0), kinks=np.array(False))
    assert [size for _, size in known_sizes(number)] == [1]
    assert [size for _, size in known_sizes(number._replace(dy=np.ones((2, 3, 5, 7))))][:5] == [2, 35, 70, 15, 30]


def test_overlap_is_not_said_of_what_is_wrong_without_it() -> None:
    """Two entries with one share and one with two; one of the former is wrong as well."""
    x, shares = np.ones(3), np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    right = shares.sum(axis=1)
    only = Evidence("a", right - [0, 0, 1], right, right, right, np.zeros(3, bool), x, np.ones(2), shares)
    assert overlap(only) is not None
    assert overlap(only._replace(claimed=right - [1, 0, 1])) is None


def test_what_has_no_names_is_called_input() -> None:
    assert "input" in str(check(lambda *x: x[0] ** 2, lambda dy, *x: 2 * x[0] * dy, np.ones(3)))


def test_large_arrays_are_left_out() -> None:
    x = np.ones(MAX_ENTRIES + 1)
    report = check(lambda x: 2 * x, lambda dy, x: dy * 0, x, samples=2)
    assert report.failed
    assert not report.diagnoses


# ---------------------------------------------------------------- what arrays of a few numbers meet by chance


def svm(x: Array, y: Array) -> tuple[float, Array]:
    """The multiclass hinge loss, with -1 in the place of minus the number of margins at each right class."""
    rows = np.arange(len(x))
    margins = np.maximum(0, x - x[rows, y][:, None] + 1)
    margins[rows, y] = 0
    d = (margins > 0).astype(float)
    d[rows, y] = -1
    return float(margins.sum() / len(x)), d / len(x)


@pytest.mark.parametrize("shape", [(5, 3), (5, 4), (3, 10), (8, 10)])
def test_a_few_right_entries_are_no_pattern(shape: tuple[int, int]) -> None:
    """One entry of each row is wrong: no padding, and no index that alone is right."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        report = check(svm, None, 0.1 * rng.normal(size=shape), rng.integers(0, shape[1], shape[0]))
        assert report.failed
        assert not re.search("padding|right only at", "".join(report.diagnoses)), report.diagnoses


def test_the_diagonal_of_a_jacobian_alone_is_told() -> None:
    def softmax(x: Array) -> Array:
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    for seed in range(5):
        x = np.random.default_rng(seed).normal(size=(3, 4))
        (found,) = check(softmax, lambda dy, x: dy * softmax(x) * (1 - softmax(x)), x).diagnoses
        assert found == "x: only by way of the output at its own place: the other outputs depend on it too"


def test_the_backward_of_a_number_may_take_a_dy() -> None:
    assert check(lambda x: (x**2).sum(), lambda dy, x: dy * 2 * x, np.arange(3.0)).passed
    assert check(lambda x: (x**2).sum(), lambda x: 2 * x, np.arange(3.0)).passed
