"""The courses' functions: against loops as a student writes them, and the numbers that the courses print."""

import inspect
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from numpycnn.common.typing import Array
from numpycnn.courses import cs231n, d2l
from numpycnn.courses.exercises import ALIASES, EXERCISES, Exercise
from numpycnn.courses.student import load

ANSWERS = load(Path(__file__).parent / "course_answers.py").names


def written(name: str) -> Any:
    """The student's function; those that the course's students do not write are made of others."""
    return ANSWERS.get(name.replace("vectorized", "naive"), ANSWERS.get(name.replace("_alt", "")))


def close(a: Any, b: Any) -> bool:
    """Whether two results are equal to 1e-12, dicts and tuples one by one."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(close(a[key], b[key]) for key in a)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(close, a, b))
    if isinstance(a, str):
        return bool(a == b)
    a, b = np.asarray(a), np.asarray(b)
    return a.shape == b.shape and bool((abs(a - b) <= 1e-12 * max(1.0, abs(b).max())).all())


COMPARED = [one for one in EXERCISES if written(one.forward) and one.judge is None]


@pytest.mark.parametrize("exercise", COMPARED, ids=[f"{one.forward} {one.backward}" for one in COMPARED])
def test_references_are_what_loops_give(exercise: Exercise) -> None:
    rng = np.random.default_rng(5)
    for case in exercise.cases:
        drawn = case.draw(rng)
        ours, theirs = deepcopy(drawn), deepcopy(drawn)
        a, b = exercise.reference(*ours), written(exercise.forward)(*theirs)
        if not exercise.backward:
            assert close(a, b), case.label
            continue
        assert close(a[0], b[0]), case.label
        assert close(ours[-1], theirs[-1]), case.label  # what is kept in the parameters
        if case.backward:
            dout = rng.normal(size=a[0].shape)
            back = getattr(cs231n, exercise.backward)(dout, a[1])
            assert close(back, written(exercise.backward)(dout, b[1])), case.label


@pytest.mark.parametrize("mode", ["train", "test"])
def test_dropout(mode: str) -> None:
    x, param = np.random.default_rng(0).normal(size=(4, 5)), {"p": 0.7, "mode": mode, "seed": 3}
    (a, ours), (b, theirs) = cs231n.dropout_forward(x, param), ANSWERS["dropout_forward"](x, param)
    assert close(a, b)
    assert close(cs231n.dropout_backward(x, ours), ANSWERS["dropout_backward"](x, theirs))
    unseeded, _ = cs231n.dropout_forward(x, {"p": 1.0, "mode": mode})
    assert close(unseeded, x)


def linspace(low: float, high: float, *shape: int) -> Array:
    return np.linspace(low, high, num=int(np.prod(shape))).reshape(shape)


def test_the_numbers_that_the_course_prints() -> None:
    """Of CS231n's notebooks, to the digits that stand there."""
    out, _ = cs231n.affine_forward(
        linspace(-0.1, 0.5, 2, 4, 5, 6), linspace(-0.2, 0.3, 120, 3), np.linspace(-0.3, 0.1, num=3)
    )
    np.testing.assert_allclose(
        out, [[1.49834967, 1.70660132, 1.91485297], [3.25553199, 3.5141327, 3.77273342]], atol=5e-9
    )
    out, _ = cs231n.conv_forward_naive(
        linspace(-0.1, 0.5, 2, 3, 4, 4), linspace(-0.2, 0.3, 3, 3, 4, 4), np.linspace(-0.1, 0.2, num=3),
        {"stride": 2, "pad": 1},
    )  # fmt: skip
    first = [[-0.08759809, -0.10987781], [-0.18387192, -0.2109216]]
    np.testing.assert_allclose(out[0, 0], first, atol=5e-9)
    np.testing.assert_allclose(out[1, 2], [[2.36270298, 2.36904306], [2.38090835, 2.38247847]], atol=5e-9)
    pool = {"pool_height": 2, "pool_width": 2, "stride": 2}
    out, _ = cs231n.max_pool_forward_naive(linspace(-0.3, 0.4, 2, 3, 4, 4), pool)
    np.testing.assert_allclose(out[0, 0], [[-0.26315789, -0.24842105], [-0.20421053, -0.18947368]], atol=5e-9)


def test_the_numbers_that_the_book_prints() -> None:
    x, k = np.arange(9.0).reshape(3, 3), np.arange(4.0).reshape(2, 2)
    assert d2l.corr2d(x, k).tolist() == [[19, 25], [37, 43]]
    two, kernels = np.stack([x, x + 1]), np.stack([k, k + 1])
    assert d2l.corr2d_multi_in(two, kernels).tolist() == [[56, 72], [104, 120]]
    many = d2l.corr2d_multi_in_out(two, np.stack([kernels, kernels + 1, kernels + 2]))
    assert many.tolist() == [[[56, 72], [104, 120]], [[76, 100], [148, 172]], [[96, 128], [192, 224]]]
    assert d2l.pool2d(x, (2, 2)).tolist() == [[4, 5], [7, 8]]
    assert d2l.pool2d(x, (2, 2), "avg").tolist() == [[2, 3], [5, 6]]


def test_a_pixel_is_a_product_of_matrices() -> None:
    rng = np.random.default_rng(0)
    x, k = rng.normal(size=(3, 3, 4)), rng.normal(size=(2, 3, 1, 1))
    product = (k[:, :, 0, 0] @ x.reshape(3, -1)).reshape(2, 3, 4)
    assert close(d2l.corr2d_multi_in_out_1x1(x, k), product)


def test_im2col_in_the_courses_layout() -> None:
    """By its definition: column (i*W' + j)*N + n is patch (i, j) of image n; row (c*HH + u)*WW + v is what it sees."""
    x, (hh, ww, pad, stride) = np.random.default_rng(0).normal(size=(2, 3, 5, 6)), (3, 2, 1, 2)
    cols = cs231n.im2col_indices(x, hh, ww, pad, stride)
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    expected = [
        padded[n, :, i * stride : i * stride + hh, j * stride : j * stride + ww].ravel()
        for i in range(3) for j in range(4) for n in range(2)
    ]  # fmt: skip
    assert np.array_equal(cols, np.transpose(expected))
    g = np.random.default_rng(1).normal(size=cols.shape)
    back = cs231n.col2im_indices(g, x.shape, hh, ww, pad, stride)
    assert back.shape == x.shape
    assert (back * x).sum() == pytest.approx((g * cols).sum(), rel=1e-12)  # col2im is im2col's transpose


def test_layers_made_of_several() -> None:
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(2, 2, 5, 5)), rng.normal(size=(3, 2, 3, 3)), rng.normal(size=3)
    gamma, beta, conv = rng.normal(size=3), rng.normal(size=3), {"stride": 1, "pad": 1}
    pool, norm = {"pool_height": 2, "pool_width": 2, "stride": 1}, {"mode": "train"}
    z, z_cache = cs231n.conv_forward_naive(x, w, b, conv)
    y, cache = cs231n.conv_relu_forward(x, w, b, conv)
    assert np.array_equal(y, np.maximum(z, 0))
    dy = rng.normal(size=y.shape)
    assert close(cs231n.conv_relu_backward(dy, cache), cs231n.conv_backward_naive(dy * (z > 0), z_cache))
    zn, n_cache = cs231n.spatial_batchnorm_forward(z, gamma, beta, dict(norm))
    y, cache = cs231n.conv_bn_relu_forward(x, w, b, gamma, beta, conv, dict(norm))
    assert np.array_equal(y, np.maximum(zn, 0))
    dz, dgamma, dbeta = cs231n.spatial_batchnorm_backward(dy * (zn > 0), n_cache)
    expected = (*cs231n.conv_backward_naive(dz, z_cache), dgamma, dbeta)
    assert close(cs231n.conv_bn_relu_backward(dy, cache), expected)
    p, p_cache = cs231n.max_pool_forward_naive(np.maximum(z, 0), pool)
    y, cache = cs231n.conv_relu_pool_forward(x, w, b, conv, pool)
    assert np.array_equal(y, p)
    dy = rng.normal(size=y.shape)
    dr = cs231n.max_pool_backward_naive(dy, p_cache) * (z > 0)
    assert close(cs231n.conv_relu_pool_backward(dy, cache), cs231n.conv_backward_naive(dr, z_cache))
    h, cache = cs231n.affine_relu_forward(x, w.reshape(-1, 1)[:50], b[:1])
    assert (h >= 0).all()
    assert cs231n.affine_relu_backward(h, cache)[0].shape == x.shape


def test_batchnorm_backward_in_test_mode() -> None:
    """The averages are constants there."""
    rng = np.random.default_rng(0)
    x, gamma, beta = rng.normal(size=(4, 3)), rng.normal(size=3), rng.normal(size=3)
    _, cache = cs231n.batchnorm_forward(x, gamma, beta, {"mode": "test", "running_var": np.full(3, 4.0), "eps": 0})
    dx, _, dbeta = cs231n.batchnorm_backward(x, cache)
    assert close(dx, x * gamma / 2)
    assert close(dbeta, x.sum(axis=0))


def test_modes_are_checked() -> None:
    x = np.ones((2, 2))
    with pytest.raises(ValueError, match=r"dropout_forward: mode must be one of 'train', 'test'; received 'eval'"):
        cs231n.dropout_forward(x, {"p": 0.5, "mode": "eval"})
    with pytest.raises(ValueError, match=r"batchnorm_forward: mode must be one of"):
        cs231n.batchnorm_forward(x, x[0], x[0], {"mode": "eval"})
    with pytest.raises(ValueError, match=r"pool2d: mode must be one of 'max', 'avg'"):
        d2l.pool2d(x, (1, 1), "mean")


def test_every_name_is_there_with_the_signature_of_the_course() -> None:
    for name in cs231n.__all__:
        if re.search("backward", name):
            assert list(inspect.signature(getattr(cs231n, name)).parameters) == ["dout", "cache"]
    for alias, name in ALIASES.items():
        assert getattr(cs231n, alias) is getattr(cs231n, name)
    for name, function in ANSWERS.items():
        if callable(function):
            module = cs231n if hasattr(cs231n, name) else d2l
            assert list(inspect.signature(getattr(module, name)).parameters) == list(
                inspect.signature(function).parameters
            )
