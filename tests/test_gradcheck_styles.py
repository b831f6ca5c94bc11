"""`check` on code in the styles in which people write it: right code passes, wrong code fails, names are the code's own."""

import re
from typing import Any

import numpy as np
import pytest

from numpycnn import Sequential
from numpycnn.common.typing import Array
from numpycnn.gradcheck import check
from numpycnn.layers import Dense

RNG = np.random.default_rng(0)
X, W, B = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 2)), RNG.normal(size=2)
LABELS = np.array([0, 1, 1])


# ---------------------------------------------------------------- Stanford's CS231n: (out, cache)


def affine_forward(x: Array, w: Array, b: Array, param: Any = None) -> tuple[Array, Any]:
    return (param or {}).get("scale", 1) * (x @ w) + b, (x, w, param or {})


def affine_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    x, w, param = cache
    scaled = param.get("scale", 1) * dout
    return scaled @ w.T, x.T @ scaled, dout.sum(axis=0)


def wrong_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    dx, dw, db = affine_backward(dout, cache)
    return dx, -dw, db


def test_a_forward_with_a_cache() -> None:
    report = check(affine_forward, affine_backward, X, W, B, {"scale": 3})
    assert report.passed, report
    assert [row.name for row in report.rows] == ["x", "w", "b"]
    assert list(report.notes) == ["no gradient is compared of param, which stay as they are"]
    wrong = check(affine_forward, wrong_backward, X, W, B, {"scale": 3})
    assert list(wrong.diagnoses) == ["w: claimed = -numeric: the sign"]
    assert "- w: claimed = -numeric: the sign" in str(wrong)


def test_constants_by_name() -> None:
    assert check(affine_forward, affine_backward, X, W, B, param={"scale": 3}).passed

    def scaled(x: Array, scale: float) -> Array:
        return scale * x

    assert check(scaled, lambda dy, x, scale: scale * dy, X, scale=3.0).passed
    assert check(scaled, lambda dy, x: 3 * dy, X, scale=3.0).passed


def test_integers_labels_and_texts_pass_unchanged() -> None:
    seen: list[Any] = []

    def forward(x: Array, axis: int, labels: Array, size: tuple[int, int], mode: str, nothing: None) -> Array:
        seen.append((axis, labels, size, mode, nothing))
        return np.roll(x, axis, axis=axis)[labels]

    def backward(dy: Array, x: Array, axis: int, labels: Array, *rest: Any) -> Array:
        dx = np.zeros(x.shape)
        np.add.at(dx, labels, dy)
        return np.roll(dx, -axis, axis=axis)

    report = check(forward, backward, X, 1, LABELS, (2, 2), "train", None)
    assert report.passed, report
    for axis, labels, size, mode, nothing in seen:
        assert (type(axis), labels.dtype, size, mode, nothing) == (int, LABELS.dtype, (2, 2), "train", None)
    assert report.notes[0].startswith("no gradient is compared of axis, labels, size, mode, nothing")


def test_a_number_with_a_cache() -> None:
    def loss(x: Array) -> tuple[float, Array]:
        return float((x.real**2).sum()), x

    assert check(loss, lambda dout, x: dout * 2 * x, X).passed


def test_a_dict_of_gradients() -> None:
    def backward(dy: Array, x: Array, w: Array) -> dict[str, Array]:
        return {"dw": x.T @ dy, "x": dy @ w.T}

    assert check(lambda x, w: x @ w, backward, X, W).passed
    missing = check(lambda x, w: x @ w, lambda dy, x, w: {"dx": dy @ w.T}, X, W)
    assert list(missing.problems) == ["there is no gradient of w"]


# ---------------------------------------------------------------- a loss that returns its gradient


def softmax_loss(x: Array, y: Array) -> tuple[Any, Array]:
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    rows = np.arange(len(y))
    return -np.log(p[rows, y]).mean(), (p - np.eye(x.shape[1])[y]) / len(y)


def test_a_loss_that_returns_its_gradient() -> None:
    report = check(softmax_loss, None, X, LABELS)
    assert report.passed, report
    assert not check(lambda x, y: (softmax_loss(x, y)[0], 2 * softmax_loss(x, y)[1]), None, X, LABELS).passed


# ---------------------------------------------------------------- PyTorch's Function


class Affine:
    @staticmethod
    def forward(ctx: Any, x: Array, w: Array, scale: float = 1) -> Array:
        ctx.save_for_backward(x, w)
        ctx.scale = scale
        return scale * (x @ w)

    @staticmethod
    def backward(ctx: Any, grad_output: Array) -> tuple[Array, Array]:
        x, w = ctx.saved_tensors
        return ctx.scale * grad_output @ w.T, ctx.scale * x.T @ grad_output


def test_a_function_with_a_context() -> None:
    report = check(Affine, X, W, scale=2)
    assert report.passed, report
    assert [row.name for row in report.rows] == ["x", "w"]
    assert check(Affine.forward, Affine.backward, X, W).passed


def test_a_number_with_a_context() -> None:
    def forward(ctx: Any, x: Array) -> float:
        ctx.x = x
        return float((x.real**2).sum())

    assert check(forward, lambda ctx, dy: 2 * dy * ctx.x, X).passed


# ---------------------------------------------------------------- objects with parameters


class ByAttribute:
    """W and dW; the averages are not trained."""

    def __init__(self, wrong: float = 0.0) -> None:
        self.W, self.b, self.running_mean, self.wrong = W, B, np.zeros(2), wrong

    def forward(self, x: Array) -> Array:
        self.x = x
        self.running_mean = self.running_mean + x.mean()
        return x @ self.W + self.b

    def backward(self, dout: Array) -> Array:
        self.dW, self.db = self.x.T @ dout + self.wrong, dout.sum(axis=0)
        return dout @ self.W.T


class ByDict(ByAttribute):
    """params and grads."""

    def __init__(self, wrong: float = 0.0) -> None:
        self.params: dict[str, Array] = {"W": W, "b": B, "running_mean": np.zeros(2)}
        self.grads: dict[str, Array] = {}
        self.wrong = wrong

    def forward(self, x: Array) -> Array:
        self.x = x
        return x @ self.params["W"] + self.params["b"]

    def backward(self, dout: Array) -> Array:
        self.grads.update(W=self.x.T @ dout + self.wrong, db=dout.sum(axis=0))
        return dout @ self.params["W"].T


class ByList:
    """Lists, whose arrays are updated in place."""

    def __init__(self, wrong: float = 0.0) -> None:
        self.params, self.grads, self.wrong = [W.copy(), B.copy()], [np.zeros_like(W), np.zeros_like(B)], wrong

    def forward(self, x: Array) -> Array:
        self.x = x
        return x @ self.params[0] + self.params[1]

    def backward(self, dout: Array) -> Array:
        self.grads[0][...], self.grads[1][...] = self.x.T @ dout + self.wrong, dout.sum(axis=0)
        return dout @ self.params[0].T


class Parameter:
    def __init__(self, data: Array) -> None:
        self.data, self.grad = data, np.zeros_like(data)


class ByParameter:
    def __init__(self, wrong: float = 0.0) -> None:
        self.weight, self.bias, self.wrong = Parameter(W), Parameter(B), wrong

    def forward(self, x: Array) -> Array:
        self.x = x
        return x @ self.weight.data + self.bias.data

    def backward(self, dout: Array) -> Array:
        self.weight.grad, self.bias.grad = self.x.T @ dout + self.wrong, dout.sum(axis=0)
        return dout @ self.weight.data.T


class Returned:
    """The gradients are returned, after dx."""

    def __init__(self, wrong: float = 0.0, *, named: bool = False) -> None:
        self.W, self.b, self.wrong, self.named = W, B, wrong, named

    def forward(self, x: Array) -> tuple[Array, Array]:
        return x @ self.W + self.b, x

    def backward(self, dout: Array, cache: Array) -> tuple[Any, ...]:
        dw, db = cache.T @ dout + self.wrong, dout.sum(axis=0)
        return (dout @ self.W.T, {"W": dw, "b": db}) if self.named else (dout @ self.W.T, dw, db)


class TwoNames(ByAttribute):
    """The same arrays as attributes, which are used, and in params."""

    def __init__(self, wrong: float = 0.0) -> None:
        super().__init__(wrong)
        self.params = {"W": self.W, "b": self.b}


class Network:
    """The arrays of layers in one list."""

    def __init__(self, wrong: float = 0.0) -> None:
        self.layers = [ByAttribute(wrong)]
        self.params = [array for layer in self.layers for array in (layer.W, layer.b)]

    def forward(self, x: Array) -> Array:
        return self.layers[0].forward(x)

    def backward(self, dout: Array) -> Array:
        dx = self.layers[0].backward(dout)
        self.grads = [self.layers[0].dW, self.layers[0].db]
        return dx


OBJECTS = [
    ByAttribute,
    ByDict,
    ByList,
    ByParameter,
    TwoNames,
    Network,
    Returned,
    lambda wrong=0.0: Returned(wrong, named=True),
]


@pytest.mark.parametrize("make", OBJECTS)
def test_an_object_with_parameters(make: Any) -> None:
    layer = make()
    report = check(layer, X)
    assert report.passed, report
    assert next(row.name for row in report.rows) == "x"
    assert len(report.rows) == 3
    assert not hasattr(layer, "x")  # nothing is called on the object itself
    wrong = check(make(wrong=1e-3), X)
    assert wrong.failed
    assert [row.name for row in wrong.rows if row.verdict == "failed"] == [report.rows[1].name]


def test_a_parameter_without_a_gradient_is_missing() -> None:
    class Forgetful(ByAttribute):
        def backward(self, dout: Array) -> Array:
            return dout @ self.W.T

    assert list(check(Forgetful(), X).problems) == ["there is no gradient of W", "there is no gradient of b"]
    assert check(Forgetful(), X, no_gradient=("W", "b")).passed

    class Short(ByList):
        def __init__(self) -> None:
            super().__init__()
            self.grads = self.grads[:1]

        def backward(self, dout: Array) -> Array:
            self.grads[0][...] = self.x.T @ dout
            return dout @ self.params[0].T

    assert list(check(Short(), X).problems) == ["there is no gradient of params[1]"]


def test_methods_of_an_object() -> None:
    layer = ByAttribute()
    assert check(layer.forward, layer.backward, X).passed


def test_a_network_that_returns_loss_and_gradients() -> None:
    class Net:
        def __init__(self) -> None:
            self.params = {"W": W}

        def loss(self, x: Array, y: Array) -> tuple[Any, Any]:
            loss, dz = softmax_loss(x @ self.params["W"], y)
            return loss, {"W": x.T @ dz}

    report = check(Net().loss, None, X, LABELS, no_gradient=("x",))
    assert report.passed, report
    assert [row.name for row in report.rows] == ["W"]


def test_a_method_beside_a_function_is_a_function() -> None:
    """Such as a bound method of NumPy, and a forward whose backward is no method."""
    layer = ByAttribute()
    assert check(layer.forward, lambda dy, x: dy @ W.T, X).passed


# ---------------------------------------------------------------- the library's own


def test_models_and_layers() -> None:
    model = Sequential([Dense(2, input_shape=(4,), activation="softmax")], seed=0)
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert check(model, X, LABELS).passed
    assert check(model.layers[0], X).passed


# ---------------------------------------------------------------- what cannot be called


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            (ByAttribute, X),
            TypeError,
            "check: expected an object; received the class ByAttribute: write ByAttribute(...)",
        ),
        ((3, None, X), TypeError, "forward must be a function; received 3"),
        ((lambda x: x.sum(), None, X), TypeError, "without a backward, forward must return a loss and its gradients"),
        ((lambda ctx, x: x, 2 * X, X), TypeError, "backward, where forward takes ctx, must be a function"),
        ((lambda d: 1.0, lambda d: d, {}), TypeError, "expected at least one input that is an array or a number"),
        ((lambda x: (x, x, x), lambda dy, x: dy, X), TypeError, "or a pair of one and a cache; received tuple"),
    ],
)
def test_what_cannot_be_called_is_explained(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        check(*arguments)


# ---------------------------------------------------------------- parts of objects


class Linear:
    """y = x @ W, whose gradient is added to; a factor of it other than 1 is a mistake."""

    def __init__(self, inputs: int, units: int, factor: float = 1.0) -> None:
        self.W, self.factor = np.random.default_rng(inputs).normal(size=(inputs, units)), factor
        self.dW = np.zeros((inputs, units))

    def forward(self, x: Array) -> Array:
        self.x = x
        return x @ self.W

    def backward(self, dy: Array) -> Array:
        self.dW += self.factor * self.x.T @ dy
        return dy @ self.W.T


class Nested:
    """Layers in an attribute, in a list and in a dict, and arrays in a list."""

    def __init__(self, factor: float = 1.0, scale: float = 1.0) -> None:
        self.first, self.layers = Linear(5, 3), [Linear(3, 4), Linear(4, 2, factor)]
        self.more, self.scale = {"last": (Linear(2, 2),), "itself": self}, scale
        self.weights, self.function, self.unused = [np.ones(2) / 2, None], np.tanh, {"m": np.ones(3), "n": 2}

    def forward(self, x: Array) -> Array:
        for layer in (self.first, *self.layers, *self.more["last"]):  # type: ignore[misc]
            x = layer.forward(x)
        self.seen = x
        return x * self.weights[0]

    def backward(self, dy: Array) -> Array:
        self.dweights = [self.scale * (dy * self.seen).sum(axis=0)]
        dy = dy * self.weights[0]
        for layer in (*self.more["last"], *self.layers[::-1], self.first):  # type: ignore[misc]
            dy = layer.backward(dy)
        return dy


def test_parameters_of_objects_inside_are_compared() -> None:
    x = np.random.default_rng(0).normal(size=(4, 5))
    report = check(Nested(), x)
    assert report.passed, report
    inside = ["first.W", "layers[0].W", "layers[1].W", "more['last'][0].W", "weights[0]"]
    assert [row.name for row in report.rows] == ["x", *inside]
    assert report.notes == ["not compared, for a backward leaves no gradient of it: unused['m']"]
    for wrong, name in ((Nested(factor=2.0), "layers[1].W"), (Nested(scale=0.5), "weights[0]")):
        assert check(wrong, x).last_line() == f"FAILED: {name}"


def test_a_gradient_that_is_added_to_is_no_parameter() -> None:
    assert check(Linear(5, 3), np.random.default_rng(0).normal(size=(4, 5))).passed


def test_what_raises_with_parts_raises() -> None:
    class Broken(Nested):
        def backward(self, dy: Array) -> Array:
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        check(Broken(), np.ones((4, 5)))


def test_a_forward_that_changes_its_input_and_returns_it() -> None:
    def forward(x: Array) -> Array:
        x[x < 0] = 0
        return x

    report = check(forward, lambda dy, x: np.where(x > 0, dy, 0.3 * dy), np.random.default_rng(0).normal(size=(4, 5)))
    assert report.failed
    assert report.problems[0] == "the function changes x in place: it must work on a copy"


class Tensor:
    """An array with its gradient."""

    def __init__(self, data: Array) -> None:
        self.data, self.grad = data, np.zeros_like(data)


class OfTensors:
    """Tensors in a list."""

    def __init__(self) -> None:
        self.tensors = [Tensor(np.arange(3.0))]

    def forward(self, x: Array) -> Array:
        self.x = x
        return x * self.tensors[0].data

    def backward(self, dy: Array) -> Array:
        self.tensors[0].grad = (dy * self.x).sum(axis=0)
        return dy * self.tensors[0].data


def test_tensors_in_a_list_are_compared() -> None:
    report = check(OfTensors(), np.random.default_rng(0).normal(size=(4, 3)))
    assert report.passed
    assert [row.name for row in report.rows] == ["x", "tensors[0]"]
