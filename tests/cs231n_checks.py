"""CS231n's own checks, as its notebooks make them: their shapes, numbers, steps and tolerances.

A notebook prints errors, and says how large they should be ("around e-8"): a check passes where every error is at most ten
times that. What a notebook prints to be judged by eye, such as means "close to 10", passes within 2%, and the averages of test
mode, which "will be noisier", within 20%. Source: the assignments' notebooks; courses.md names the tolerances.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.courses import cs231n

H = 1e-5
Functions = dict[str, Any]


def relative(a: Any, b: Any) -> float:
    """The course's rel_error."""
    return float(np.max(abs(a - b) / np.maximum(1e-8, abs(a) + abs(b))))


def numeric(f: Callable[[Array], Any], x: Array, df: Any = 1.0) -> Array:
    """The course's eval_numerical_gradient_array."""
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        old = x[index]
        x[index] = old + H
        up = np.array(f(x))
        x[index] = old - H
        down = np.array(f(x))
        x[index] = old
        gradient[index] = np.sum((up - down) * df) / (2 * H)
    return gradient


def linspace(low: float, high: float, *shape: int) -> Array:
    return np.linspace(low, high, num=int(np.prod(shape))).reshape(shape)


def backward_errors(f: Functions, name: str, dout: Array, arrays: list[Array], rest: list[Any], bounds: float) -> bool:
    """A backward's gradients against numerical ones, one array after the other."""
    forward = f[f"{name}_forward"] if f"{name}_forward" in f else f[f"{name}_forward_naive"]
    backward = f[f"{name}_backward"] if f"{name}_backward" in f else f[f"{name}_backward_naive"]

    def moved(a: Array, k: int) -> Any:
        return forward(*arrays[:k], a, *arrays[k + 1 :], *fresh(rest))[0]

    expected = [numeric(partial(moved, k=k), a.copy(), dout) for k, a in enumerate(arrays)]
    _, cache = forward(*arrays, *fresh(rest))
    found = backward(dout, cache)
    found = found if isinstance(found, tuple) else (found,)
    if len(found) != len(expected):
        return False
    return all(relative(a, b) <= 10 * bounds for a, b in zip(expected, found, strict=True))


def fresh(rest: list[Any]) -> list[Any]:
    return [dict(one) if isinstance(one, dict) else one for one in rest]


def close_to(a: Any, b: Any, part: float = 0.02) -> bool:
    """What one takes as close by eye."""
    return bool(np.all(abs(np.asarray(a) - b) <= part * np.maximum(1.0, abs(np.asarray(b)))))


def affine_forward(f: Functions) -> bool:
    given = linspace(-0.1, 0.5, 2, 4, 5, 6), linspace(-0.2, 0.3, 120, 3), np.linspace(-0.3, 0.1, num=3)
    out, _ = f["affine_forward"](*given)
    return relative(out, cs231n.affine_forward(*given)[0]) <= 1e-8


def affine_backward(f: Functions) -> bool:
    x, w, b, dout = (np.random.randn(*shape) for shape in ((10, 2, 3), (6, 5), (5,), (10, 5)))
    return backward_errors(f, "affine", dout, [x, w, b], [], 1e-10)


def relu_forward(f: Functions) -> bool:
    x = linspace(-0.5, 0.5, 3, 4)
    expected = np.maximum(x, 0)
    out, _ = f["relu_forward"](x)
    return relative(out, expected) <= 5e-7


def relu_backward(f: Functions) -> bool:
    x, dout = np.random.randn(10, 10), np.random.randn(10, 10)
    return backward_errors(f, "relu", dout, [x], [], 3e-12)


def dropout_forward(f: Functions) -> bool:
    x = np.random.randn(500, 500) + 10
    for p in (0.25, 0.4, 0.7):
        train, _ = f["dropout_forward"](x, {"mode": "train", "p": p})
        test, _ = f["dropout_forward"](x, {"mode": "test", "p": p})
        kept = close_to((train == 0).mean(), 1 - p) and close_to((test == 0).mean(), 0)
        if not kept or not close_to(train.mean(), x.mean()) or not close_to(test.mean(), x.mean()):
            return False
    return True


def dropout_backward(f: Functions) -> bool:
    x, dout = np.random.randn(10, 10) + 10, np.random.randn(10, 10)
    param = {"mode": "train", "p": 0.2, "seed": 123}
    return backward_errors(f, "dropout", dout, [x], [param], 1e-10)


def loss_of_scores(f: Functions, name: str, near: float, bound: float) -> bool:
    x, y = 0.001 * np.random.randn(50, 10), np.random.randint(10, size=50)
    expected = numeric(lambda a: f[name](a, y)[0], x)
    loss, dx = f[name](x, y)
    return close_to(loss, near) and relative(expected, dx) <= 10 * bound


def softmax_loss(f: Functions) -> bool:
    return loss_of_scores(f, "softmax_loss", 2.3, 1e-8)


def svm_loss(f: Functions) -> bool:
    return loss_of_scores(f, "svm_loss", 9.0, 1e-9)


def classifier(f: Functions, name: str, near: float) -> bool:
    w, x = np.random.randn(60, 10) * 0.0001, np.random.randn(40, 60)  # fewer features than CIFAR's 3,073
    y = np.random.randint(10, size=40)
    loss, _ = f[name](w, x, y, 0.0)

    def loss_with(a: Array, reg: float) -> Any:
        return f[name](a, x, y, reg)[0]

    for reg in (0.0, 5e1):
        _, dw = f[name](w, x, y, reg)
        expected = numeric(partial(loss_with, reg=reg), w.copy())
        rows, columns = np.random.randint(60, size=10), np.random.randint(10, size=10)
        if relative(expected[rows, columns], dw[rows, columns]) > 1e-4:
            return False
    return close_to(loss, near)


def softmax_loss_naive(f: Functions) -> bool:
    return classifier(f, "softmax_loss_naive", float(-np.log(0.1)))


def svm_loss_naive(f: Functions) -> bool:
    return classifier(f, "svm_loss_naive", 9.0)


def rule(f: Functions, name: str, kept: tuple[str, ...], **config: Any) -> bool:
    w, dw, slot = linspace(-0.4, 0.6, 4, 5), linspace(-0.6, 0.4, 4, 5), linspace(0.6, 0.9, 4, 5)
    own, ours = ({"learning_rate": 1e-3 if name == "sgd_momentum" else 1e-2, **config} for _ in range(2))
    for key in kept:
        own[key], ours[key] = (
            slot[::-1].copy() if key == "m" else slot.copy(),
            slot[::-1].copy() if key == "m" else slot.copy(),
        )
    found, own = f[name](w, dw, own)
    expected, ours = getattr(cs231n, name)(w, dw, ours)
    return relative(found, expected) <= 1e-7 and all(relative(own[key], ours[key]) <= 1e-7 for key in kept)


def sgd_momentum(f: Functions) -> bool:
    return rule(f, "sgd_momentum", ("velocity",))


def rmsprop(f: Functions) -> bool:
    return rule(f, "rmsprop", ("cache",))


def adam(f: Functions) -> bool:
    return rule(f, "adam", ("m", "v"), t=5)


def batchnorm_forward(f: Functions) -> bool:
    def activations() -> Array:
        return np.maximum(0, np.random.randn(200, 50) @ w1) @ w2

    w1, w2 = np.random.randn(50, 60), np.random.randn(60, 3)
    gamma, beta = np.array([1.0, 2.0, 3.0]), np.array([11.0, 12.0, 13.0])
    for scale, shift in ((np.ones(3), np.zeros(3)), (gamma, beta)):
        out, _ = f["batchnorm_forward"](activations(), scale, shift, {"mode": "train"})
        if not close_to(out.mean(axis=0), shift) or not close_to(out.std(axis=0), scale):
            return False
    param = {"mode": "train"}
    for _ in range(50):
        f["batchnorm_forward"](activations(), np.ones(3), np.zeros(3), param)
    param["mode"] = "test"
    out, _ = f["batchnorm_forward"](activations(), np.ones(3), np.zeros(3), param)
    return close_to(out.mean(axis=0), 0, 0.2) and close_to(out.std(axis=0), 1, 0.2)


def scaled(d: int) -> list[Array]:
    return [np.random.randn(d), np.random.randn(d)]


def batchnorm_backward(f: Functions) -> bool:
    x, dout = 5 * np.random.randn(4, 5) + 12, np.random.randn(4, 5)
    return backward_errors(f, "batchnorm", dout, [x, *scaled(5)], [{"mode": "train"}], 1e-8)


def layernorm_forward(f: Functions) -> bool:
    x = np.maximum(0, np.random.randn(4, 50) @ np.random.randn(50, 60)) @ np.random.randn(60, 3)
    for scale, shift in ((1.0, 0.0), (3.0, 5.0)):
        out, _ = f["layernorm_forward"](x, np.full(3, scale), np.full(3, shift), {})
        if not close_to(out.mean(axis=1), shift) or not close_to(out.std(axis=1), scale):
            return False
    return True


def layernorm_backward(f: Functions) -> bool:
    x, dout = 5 * np.random.randn(4, 5) + 12, np.random.randn(4, 5)
    return backward_errors(f, "layernorm", dout, [x, *scaled(5)], [{}], 1e-8)


def spatial_batchnorm_forward(f: Functions) -> bool:
    x = 4 * np.random.randn(2, 3, 4, 5) + 10
    for scale, shift in ((np.ones(3), np.zeros(3)), (np.array([3.0, 4, 5]), np.array([6.0, 7, 8]))):
        out, _ = f["spatial_batchnorm_forward"](x, scale, shift, {"mode": "train"})
        if out.shape != x.shape:
            return False
        if not close_to(out.mean(axis=(0, 2, 3)), shift) or not close_to(out.std(axis=(0, 2, 3)), scale):
            return False
    w = [np.ones(4), np.zeros(4), {"mode": "train"}]
    for _ in range(50):
        f["spatial_batchnorm_forward"](2.3 * np.random.randn(10, 4, 11, 12) + 13, *w)
    w[2]["mode"] = "test"  # type: ignore[index]
    out, _ = f["spatial_batchnorm_forward"](2.3 * np.random.randn(10, 4, 11, 12) + 13, *w)
    return close_to(out.mean(axis=(0, 2, 3)), 0, 0.2) and close_to(out.std(axis=(0, 2, 3)), 1, 0.2)


def spatial_batchnorm_backward(f: Functions) -> bool:
    x, dout = 5 * np.random.randn(2, 3, 4, 5) + 12, np.random.randn(2, 3, 4, 5)
    return backward_errors(f, "spatial_batchnorm", dout, [x, *scaled(3)], [{"mode": "train"}], 1e-6)


def spatial_groupnorm_forward(f: Functions) -> bool:
    x = 4 * np.random.randn(2, 6, 4, 5) + 10
    out, _ = f["spatial_groupnorm_forward"](x, np.ones((1, 6, 1, 1)), np.zeros((1, 6, 1, 1)), 2, {})
    rows = out.reshape(4, -1)
    return out.shape == x.shape and close_to(rows.mean(axis=1), 0) and close_to(rows.std(axis=1), 1)


def spatial_groupnorm_backward(f: Functions) -> bool:
    x, dout = 5 * np.random.randn(2, 6, 4, 5) + 12, np.random.randn(2, 6, 4, 5)
    own = [a.reshape(1, 6, 1, 1) for a in scaled(6)]
    return backward_errors(f, "spatial_groupnorm", dout, [x, *own], [2, {}], 1e-6)


def conv_forward_naive(f: Functions) -> bool:
    given = linspace(-0.1, 0.5, 2, 3, 4, 4), linspace(-0.2, 0.3, 3, 3, 4, 4), np.linspace(-0.1, 0.2, num=3)
    param = {"stride": 2, "pad": 1}
    out, _ = f["conv_forward_naive"](*given, dict(param))
    return relative(out, cs231n.conv_forward_naive(*given, param)[0]) <= 1e-7


def conv_backward_naive(f: Functions) -> bool:
    x, w, b, dout = (np.random.randn(*shape) for shape in ((4, 3, 5, 5), (2, 3, 3, 3), (2,), (4, 2, 5, 5)))
    return backward_errors(f, "conv", dout, [x, w, b], [{"stride": 1, "pad": 1}], 1e-8)


TWO = {"pool_height": 2, "pool_width": 2, "stride": 2}


def max_pool_forward_naive(f: Functions) -> bool:
    x = linspace(-0.3, 0.4, 2, 3, 4, 4)
    out, _ = f["max_pool_forward_naive"](x, dict(TWO))
    return relative(out, cs231n.max_pool_forward_naive(x, TWO)[0]) <= 1e-7


def max_pool_backward_naive(f: Functions) -> bool:
    x, dout = np.random.randn(3, 2, 8, 8), np.random.randn(3, 2, 4, 4)
    return backward_errors(f, "max_pool", dout, [x], [TWO], 1e-12)


def passes(name: str, functions: Functions) -> bool | None:
    """Whether a student's function passes the course's check; None where the course has none."""
    check = CHECKS.get(name)
    if check is None:
        return None
    np.random.seed(231)
    try:
        with np.errstate(all="ignore"):
            return bool(check(functions))
    except Exception:
        return False


def all_checks() -> Iterator[tuple[str, Callable[[Functions], bool]]]:
    for name in cs231n.__all__:
        if callable(globals().get(name)):
            yield name, globals()[name]


CHECKS = dict(all_checks())
