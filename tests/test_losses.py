"""Losses and metrics against Keras's own figures, and against their definitions."""

import math
from typing import Any

import numeric
import numpy as np
import pytest

from numpycnn import Sequential, backend, reference
from numpycnn import functional as F
from numpycnn.common.typing import Array, Shape
from numpycnn.layers import Dense
from numpycnn.losses import CategoricalCrossentropy, Loss, MeanSquaredError, SparseCategoricalCrossentropy, get_loss
from numpycnn.metrics import accuracy, confusion_matrix

# keras/src/losses/losses_test.py
PROBABILITIES = [[0.9, 0.05, 0.05], [0.5, 0.89, 0.6], [0.05, 0.01, 0.94]]
LOGITS = [[8.0, 1.0, 1.0], [0.0, 9.0, 1.0], [2.0, 3.0, 5.0]]


@pytest.mark.parametrize(
    ("loss", "y_true"), [(CategoricalCrossentropy, np.eye(3)), (SparseCategoricalCrossentropy, np.arange(3))]
)
def test_cross_entropy_gives_the_keras_figures(loss: type[CategoricalCrossentropy], y_true: Array) -> None:
    """0.3239 and 0.0573 there; the further digits are what Keras 3.15.1 printed for the same arrays."""
    assert loss()(y_true, np.array(PROBABILITIES)) == pytest.approx(0.3239681124687195, rel=1e-6)
    assert loss(from_logits=True)(y_true, np.array(LOGITS)) == pytest.approx(0.05737559124827385, rel=1e-6)


def test_mean_squared_error_by_hand() -> None:
    assert MeanSquaredError()([[0.0, 1.0], [2.0, 4.0]], [[1.0, 1.0], [2.0, 1.0]]) == (1 + 0 + 0 + 9) / 4
    assert MeanSquaredError()([1.0, 2.0], [[1.0], [4.0]]) == 2.0  # targets (n,) for one output
    assert MeanSquaredError()(np.zeros((2, 3, 4)), np.full((2, 3, 4), 3)) == 9.0


def test_cross_entropy_of_even_odds_is_the_logarithm_of_the_classes() -> None:
    p = np.full((5, 10), 0.1)
    assert SparseCategoricalCrossentropy()(np.arange(5), p) == pytest.approx(math.log(10))
    assert SparseCategoricalCrossentropy(from_logits=True)(np.arange(5), p) == pytest.approx(math.log(10))


def test_probabilities_are_kept_away_from_zero() -> None:
    worst = CategoricalCrossentropy()([[1.0, 0.0]], [[0.0, 1.0]])
    assert worst == pytest.approx(-math.log(1e-7))
    backend.set_epsilon(1e-3)
    assert CategoricalCrossentropy()([[1.0, 0.0]], [[0.0, 1.0]]) == pytest.approx(-math.log(1e-3))


def test_probabilities_are_kept_away_from_one() -> None:
    assert CategoricalCrossentropy()([[1.0, 0.0]], [[1.0, 0.0]]) == pytest.approx(1e-7, rel=1e-6)
    backend.set_epsilon(1e-3)
    assert CategoricalCrossentropy()([[1.0, 0.0]], [[1.0, 0.0]]) == pytest.approx(-math.log(1 - 1e-3))


def test_no_gradient_where_probabilities_are_clipped() -> None:
    loss = CategoricalCrossentropy()
    assert not loss.gradient(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])).any()
    y, p = np.array([[0.2, 0.3, 0.5]]), np.array([[5e-8, 0.4, 0.8]])  # the first is clipped, but adds to the sum
    true = numeric.central_difference(lambda moved: float(loss.value(y, moved)[0]), p, step=1e-8)
    np.testing.assert_allclose(loss.gradient(y, p), true, atol=1e-6)


def test_predictions_that_are_integers_are_taken_as_floats() -> None:
    assert MeanSquaredError()(np.array([[21]], np.uint8), np.array([[1]], np.uint8)) == 400.0
    assert MeanSquaredError()([[0, 0, 0]], [[0, 0, 1]]) == float(np.float32(1) / 3)  # in the backend's floatx


def test_predictions_in_float64_stay_so() -> None:
    assert MeanSquaredError()([[1.0]], np.array([[1.0 + 2.0**-40]])) == 2.0**-80


def test_one_class_is_always_right() -> None:
    for shape in ((2, 1), (2, 5, 1)):
        assert CategoricalCrossentropy()(np.ones(shape), np.ones(shape)) == pytest.approx(1e-7, rel=1e-6)


def test_rows_that_sum_to_nearly_one_are_probabilities() -> None:
    loss = CategoricalCrossentropy(from_logits=True)
    assert loss([[0.5, 0.500999]], np.zeros((1, 2))) == pytest.approx(1.000999 * math.log(2))
    for row in ([0.5, 0.501001], [0.5, 0.498999]):
        with pytest.raises(ValueError, match="must be one-hot"):
            loss([row], np.zeros((1, 2)))


def test_soft_targets_are_targets() -> None:
    loss = CategoricalCrossentropy(from_logits=True)
    y, z = np.array([[0.25, 0.75]]), np.array([[0.0, math.log(3.0)]])
    assert loss(y, z) == pytest.approx(-0.25 * math.log(0.25) - 0.75 * math.log(0.75))
    np.testing.assert_allclose(loss.gradient(y, z), 0.0, atol=1e-15)


def test_sparse_labels_may_have_a_last_axis_of_one() -> None:
    loss = SparseCategoricalCrossentropy()
    assert loss([[0], [1], [2]], PROBABILITIES) == loss([0, 1, 2], PROBABILITIES)
    per_pixel = np.array([PROBABILITIES, PROBABILITIES])  # (2, 3, 3): three predictions for each of two examples
    labels = np.array([[0, 1, 2], [2, 1, 0]])
    assert loss(labels[..., None], per_pixel) == loss(labels, per_pixel)


def test_dtype_is_kept() -> None:
    for dtype in (np.float32, np.float64):
        y, z = np.eye(3, dtype=dtype), np.array(LOGITS, dtype)
        for loss in (CategoricalCrossentropy(), CategoricalCrossentropy(from_logits=True), MeanSquaredError()):
            assert loss.value(y, z).dtype == dtype
            assert loss.gradient(y, z).dtype == dtype


@pytest.mark.parametrize(
    ("loss", "y_true", "message"),
    [
        (
            "categorical_crossentropy",
            [0, 1, 2],
            r"expected one-hot y of shape \(n, 3\); received \(3,\).*to_categorical",
        ),
        ("categorical_crossentropy", [[0], [1], [2]], r"expected one-hot y of shape \(n, 3\); received \(3, 1\)"),
        (
            "categorical_crossentropy",
            np.eye(4)[:3],
            r"categorical_crossentropy: expected y of shape \(n, 3\); received \(3, 4\)",
        ),
        ("categorical_crossentropy", np.eye(3) * 2, r"must be one-hot.*received \[2. 0. 0.\] at row 0"),
        ("categorical_crossentropy", [[1, 0, 0], [0, 1, 0], [0, 0, 0]], r"received \[0 0 0\] at row 2"),
        ("categorical_crossentropy", [[1, 0, 0], [2, -1, 0], [0, 0, 1]], r"received \[ ?2 -1  0\] at row 1"),
        ("categorical_crossentropy", np.full((3, 3), np.nan), "received .nan nan nan. at row 0"),
        ("categorical_crossentropy", [[np.inf, -np.inf, 1]] * 3, r"received \[ inf -inf   1.\] at row 0"),
        (
            "categorical_crossentropy",
            np.eye(3)[:2],
            "categorical_crossentropy: expected the same number of examples.*y_true: 2, y_pred: 3",
        ),
        (
            "sparse_categorical_crossentropy",
            [0, 1, 3],
            "sparse_categorical_crossentropy: labels must be whole numbers of at least 0 and below 3; received 3",
        ),
        (
            "sparse_categorical_crossentropy",
            [0, -1, 2],
            "labels must be whole numbers of at least 0 and below 3; received -1",
        ),
        (
            "sparse_categorical_crossentropy",
            [0, 0.5, 2],
            "labels must be whole numbers of at least 0 and below 3; received 0.5",
        ),
        (
            "sparse_categorical_crossentropy",
            np.eye(3),
            r"sparse_categorical_crossentropy: expected integer labels y, for outputs \(n, 3\), of shape \(n,\); received \(3, 3\)",
        ),
        ("mse", np.zeros((3, 2)), r"mean_squared_error: expected y of shape \(n, 3\); received \(3, 2\)"),
        ("mse", np.zeros(3), r"expected y of shape \(n, 3\); received \(3,\)"),
        ("mse", [[1, 2, 3], [1, 2]], "y must be an array of numbers"),
    ],
)
def test_targets_that_do_not_fit_are_refused(loss: str, y_true: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        get_loss(loss)(y_true, np.full((3, 3), 1 / 3))


def test_targets_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(TypeError, match="mean_squared_error: y must be an array of real numbers; received dtype <U3"):
        get_loss("mse")(["one", "two"], np.zeros((2, 1)))
    with pytest.raises(
        TypeError, match="mean_squared_error: y_pred must be an array of real numbers; received dtype <U3"
    ):
        get_loss("mse")(np.zeros((2, 1)), ["one", "two"])


def test_what_a_loss_of_ones_own_lacks_is_said() -> None:
    lacking = Loss()
    for method in (lacking.value, lacking.gradient):
        with pytest.raises(NotImplementedError):
            method(np.ones((1, 2)), np.ones((1, 2)))
    assert lacking.takes_probabilities is MeanSquaredError().takes_probabilities is False
    assert lacking.with_logits() is None
    with pytest.raises(ValueError, match=r"^loss: expected y of shape \(n, 2\); received \(1, 3\)"):
        lacking.targets(np.ones((1, 3)), (2,))


def test_a_wrong_row_of_several_axes_is_named() -> None:
    y = np.full((2, 3, 2), 0.5)
    y[1, 2] = 1.0
    with pytest.raises(ValueError, match=r"received \[1. 1.\] at row \(1, 2\)"):
        CategoricalCrossentropy()(y, np.full((2, 3, 2), 0.5))


def test_losses_have_names() -> None:
    for name in ("mean_squared_error", "categorical_crossentropy", "sparse_categorical_crossentropy"):
        assert get_loss(name).name == name
    assert get_loss("mse").name == "mean_squared_error"


# ---------------------------------------------------------------- from probabilities to logits


class Smoothed(CategoricalCrossentropy):
    """Label smoothing by the targets alone: it means the same for probabilities and for logits."""

    def targets(self, y_true: Any, output_shape: Shape) -> Array:
        return 0.9 * super().targets(y_true, output_shape) + 0.1 / output_shape[-1]


class OwnValue(CategoricalCrossentropy):
    def value(self, y_true: Array, y_pred: Array) -> Array:
        return -(y_true * np.log(y_pred) * (1 - y_pred) ** 2).sum(axis=-1)


class OwnGradient(SparseCategoricalCrossentropy):
    """A gradient written for probabilities, such as a clipped one."""

    def gradient(self, y_true: Array, y_pred: Array) -> Array:
        return np.maximum(-y_true / y_pred, -10)


class Inherits(OwnGradient):
    pass


@pytest.mark.parametrize("loss", [CategoricalCrossentropy(), SparseCategoricalCrossentropy(), Smoothed()])
def test_a_cross_entropy_has_one_with_logits(loss: CategoricalCrossentropy) -> None:
    twin = loss.with_logits()
    assert isinstance(twin, type(loss))
    assert twin.get_config() == {**loss.get_config(), "from_logits": True}
    smoothing = {} if isinstance(loss, SparseCategoricalCrossentropy) else {"label_smoothing": 0.0}
    assert loss.get_config() == {"from_logits": False, **smoothing, "axis": -1}
    y = loss.targets([0, 1, 2] if type(loss) is SparseCategoricalCrossentropy else np.eye(3), (3,)).astype(float)
    z = np.array(LOGITS)
    np.testing.assert_allclose(twin.value(y, z), loss.value(y, F.softmax(z)), rtol=1e-6)


@pytest.mark.parametrize(
    "loss",
    [CategoricalCrossentropy(from_logits=True), MeanSquaredError(), OwnValue(), OwnGradient(), Inherits()],
)
def test_these_losses_have_none_with_logits(loss: Loss) -> None:
    assert loss.with_logits() is None


@pytest.mark.parametrize("method", ["value", "gradient"])
def test_a_method_put_on_the_loss_itself_is_a_formula_of_its_own(method: str) -> None:
    loss = CategoricalCrossentropy()
    setattr(loss, method, lambda y_true, y_pred: y_pred)
    assert loss.with_logits() is None


def test_a_gradient_of_ones_own_is_given_probabilities() -> None:
    """Training a model that ends in softmax: the loss sees rows that sum to 1."""
    seen = []

    class Watched(CategoricalCrossentropy):
        def gradient(self, y_true: Array, y_pred: Array) -> Array:
            seen.append(y_pred.sum(axis=-1))
            return super().gradient(y_true, y_pred)

    model = Sequential([Dense(3, activation="softmax", input_shape=(4,))], seed=1)
    model.compile("sgd", Watched())
    model.train_on_batch(np.arange(8.0).reshape(2, 4), np.eye(3)[:2])
    np.testing.assert_allclose(np.concatenate(seen), 1.0, rtol=1e-6)


@pytest.mark.parametrize("axis", [-1, 1])
@pytest.mark.parametrize("kind", [CategoricalCrossentropy, SparseCategoricalCrossentropy, OwnGradient, OwnValue])
def test_value_and_gradient_are_both(kind: type[CategoricalCrossentropy], axis: int) -> None:
    """Of logits some of which are nearly certain; and with formulas of one's own."""
    rng = np.random.default_rng(5)
    z = rng.normal(0, 4, (5, 4, 3)).astype(np.float32)
    y = np.zeros_like(z)
    np.put_along_axis(y, rng.integers(0, z.shape[axis], (5, 4, 3)).max(axis=axis, keepdims=True), 1, axis)
    for from_logits in (False, kind not in (OwnValue, OwnGradient)):  # theirs are of probabilities
        loss = kind(from_logits=from_logits, axis=axis)
        y_pred = z if from_logits else F.softmax(z, axis)
        value, gradient = loss.value_and_gradient(y, y_pred)
        assert value.dtype == gradient.dtype == np.float32
        np.testing.assert_array_equal(value, loss.value(y, y_pred))
        np.testing.assert_array_equal(gradient, loss.gradient(y, y_pred))


class Doubled(CategoricalCrossentropy):
    def gradient(self, y_true: Array, y_pred: Array) -> Array:
        return 2 * super().gradient(y_true, y_pred)


def test_a_gradient_of_ones_own_from_logits_comes_with_the_value() -> None:
    y, z = np.eye(3), np.array(LOGITS)
    loss, plain = Doubled(from_logits=True), CategoricalCrossentropy(from_logits=True)
    value, gradient = loss.value_and_gradient(y, z)
    np.testing.assert_array_equal(value, plain.value(y, z))
    np.testing.assert_array_equal(gradient, 2 * plain.gradient(y, z))


# ---------------------------------------------------------------- infinite logits, and probabilities of 0 and 1

INF = np.inf


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("z", "label", "value", "gradient"),
    [
        ([0.0, -INF, 0.0], 0, np.log(2.0), [-0.5, 0.0, 0.5]),
        ([0.0, -INF, 0.0], 1, INF, [0.5, -1.0, 0.5]),
        ([INF, 0.0, 0.0], 0, 0.0, [0.0, 0.0, 0.0]),
        ([INF, 0.0, 0.0], 1, INF, [1.0, -1.0, 0.0]),
        ([INF, INF, 0.0], 1, np.log(2.0), [0.5, -0.5, 0.0]),
        ([3e38, -3e38, 3e38], 0, np.log(2.0), [-0.5, 0.0, 0.5]),
        ([-3e38, -3e38, -3e38], 2, np.log(3.0), [1 / 3, 1 / 3, -2 / 3]),
        ([1e-310, -1e-310, 0.0], 2, np.log(3.0), [1 / 3, 1 / 3, -2 / 3]),
    ],
)
def test_cross_entropy_of_infinite_and_tiny_logits(
    dtype: Any, z: list[float], label: int, value: float, gradient: list[float]
) -> None:
    y_pred, y = np.array([z], dtype), np.eye(3, dtype=dtype)[[label]]
    loss = CategoricalCrossentropy(from_logits=True)
    found = loss.value(y, y_pred)
    assert found.dtype == loss.gradient(y, y_pred).dtype == dtype
    np.testing.assert_allclose(found, [value], rtol=1e-6)
    np.testing.assert_allclose(loss.gradient(y, y_pred), [gradient], rtol=1e-6, atol=1e-30)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("p", "label", "value"),
    [
        ([1.0, 0.0], 0, -math.log1p(-1e-7)),
        ([1.0, 0.0], 1, -math.log(1e-7)),
        ([0.0, 0.0], 1, -math.log(1e-7)),
        ([1e-44, 1e-44], 0, math.log(2.0)),
    ],
)
def test_cross_entropy_of_probabilities_at_the_ends(dtype: Any, p: list[float], label: int, value: float) -> None:
    """1e-44 is a denormal number of float32."""
    y_pred, y = np.array([p], dtype), np.eye(2, dtype=dtype)[[label]]
    loss = CategoricalCrossentropy()
    np.testing.assert_allclose(loss.value(y, y_pred), [value], rtol=0.2 if value < 1e-6 else 1e-6)
    if p[0] in (0.0, 1.0):
        assert not loss.gradient(y, y_pred).any()


def test_targets_that_sum_to_nearly_one_have_the_gradient_of_their_value() -> None:
    y, z = np.array([[0.3, 0.6995, 0.0]]), np.array([[0.5, -1.0, 2.0]])
    loss = CategoricalCrossentropy(from_logits=True)
    true = numeric.complex_step(lambda moved: loss.value(y, moved)[0], z)
    np.testing.assert_allclose(loss.gradient(y, z), true, rtol=1e-13)


def test_a_perfect_prediction_costs_zero_without_a_sign() -> None:
    value = CategoricalCrossentropy(from_logits=True)([[1.0, 0.0]], [[INF, 0.0]])
    assert math.copysign(1.0, value) == 1.0
    assert value == 0.0


def test_cross_entropy_equals_its_definition() -> None:
    rng = np.random.default_rng(0)
    z, y = rng.normal(0, 2, (5, 4)), np.eye(4)[rng.integers(0, 4, 5)]
    y[0] = 0.1, 0.2, 0.3, 0.4
    p = reference.softmax(z)
    dp = reference.cross_entropy_backward(y, p)
    for loss, given in ((CategoricalCrossentropy(True), z), (CategoricalCrossentropy(), p)):
        np.testing.assert_allclose(loss.value(y, given), reference.cross_entropy(y, p), rtol=1e-13)
    dz = CategoricalCrossentropy(True).gradient(y, z)
    np.testing.assert_allclose(dz, reference.softmax_backward(dp, z), rtol=1e-12, atol=1e-15)


def test_a_loss_is_a_float() -> None:
    assert type(MeanSquaredError()(np.ones((2, 1)), np.zeros((2, 1)))) is float


def test_from_logits_is_a_flag() -> None:
    with pytest.raises(TypeError, match="categorical_crossentropy: from_logits must be True or False; received 1"):
        CategoricalCrossentropy(from_logits=1)  # type: ignore[arg-type]


# ---------------------------------------------------------------- metrics


def test_accuracy_of_one_hot_sparse_and_binary_targets() -> None:
    p = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])
    assert accuracy(np.array([[0, 1], [0, 1], [0, 1]]), p).tolist() == [1, 0, 1]
    assert accuracy(np.array([1, 1, 0]), p).tolist() == [1, 0, 0]
    assert accuracy(np.array([[1], [1], [0]]), p).tolist() == [1, 0, 0]
    assert accuracy(np.array([1, 1, 0]), np.array([[0.501], [0.4], [0.5]])).tolist() == [1, 0, 1]


def test_accuracy_averages_over_the_axes_within_an_example() -> None:
    labels = np.array([[0, 1], [1, 1]])
    p = np.eye(2)[np.array([[0, 0], [1, 1]])]
    assert accuracy(labels, p).tolist() == [0.5, 1.0]


def test_accuracy_of_several_predictions_for_each_example() -> None:
    """Two examples of three positions and two classes; and of one position and three classes."""
    p = np.array([[[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], [[0.4, 0.6], [0.6, 0.4], [0.1, 0.9]]])
    labels = np.array([[0, 0, 0], [1, 0, 1]])
    for y_true in (labels, labels[..., None], np.eye(2)[labels]):
        assert accuracy(y_true, p).tolist() == [2 / 3, 1.0]
    assert accuracy([[2], [1]], [[[0.1, 0.2, 0.7]], [[0.5, 0.3, 0.2]]]).tolist() == [1.0, 0.0]
    assert accuracy([1, 0], [[0.2, 0.8], [0.1, 0.9]]).tolist() == [1.0, 0.0]
    binary = np.array([[[0.6], [0.501], [0.5]]])
    assert accuracy(np.array([[[1], [1], [1]]]), binary).tolist() == [2 / 3]


def test_confusion_matrix_of_lists_and_of_floats() -> None:
    assert confusion_matrix([0, 1, 1], [1, 1, 1], 2).tolist() == [[0, 1], [0, 2]]
    assert confusion_matrix(np.array([0.0, 1.0]), np.array([1.0, 1.0]), 2).tolist() == [[0, 1], [0, 1]]
    assert confusion_matrix([0], [0], 2).shape == (2, 2)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "kind", "message"),
    [
        (
            [0, 2],
            [0, 1],
            ValueError,
            "confusion_matrix: y_true: labels must be whole numbers of at least 0 and below 2",
        ),
        (
            [0, 1],
            [0, 2],
            ValueError,
            "confusion_matrix: y_pred: labels must be whole numbers of at least 0 and below 2",
        ),
        (["a"], [0], TypeError, "confusion_matrix: y_true must be an array of real numbers"),
        ([0], ["a"], TypeError, "confusion_matrix: y_pred must be an array of real numbers"),
        ([0], [0, 1], ValueError, "confusion_matrix: expected the same number of examples.*y_true: 1, y_pred: 2"),
    ],
)
def test_labels_that_a_confusion_matrix_refuses(y_true: Any, y_pred: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        confusion_matrix(y_true, y_pred, 2)


def test_predictions_without_entries_or_numbers_have_no_accuracy() -> None:
    with pytest.raises(TypeError, match="accuracy: y_pred must be an array of real numbers; received dtype <U1"):
        accuracy([0], ["a"])
    with pytest.raises(ValueError, match="accuracy"):
        accuracy(np.zeros((2, 0)), np.zeros((2, 0)))
    assert accuracy([[1]], [[0.7]]).tolist() == [1.0]


@pytest.mark.parametrize("classes", [3, None])
def test_confusion_matrix_of_rows_is_that_of_their_labels(classes: int | None) -> None:
    labels, predicted = [0, 0, 1, 2, 2], [0, 1, 1, 0, 0]
    probabilities = np.full((5, 3), 0.25)
    probabilities[np.arange(5), predicted] = 0.5
    counted = [[1, 1, 0], [0, 1, 0], [2, 0, 0]]
    for y_true in (labels, np.array(labels)[:, None], np.eye(3)[labels]):
        for y_pred in (predicted, np.array(predicted)[:, None], probabilities, probabilities.astype(np.float32)):
            assert confusion_matrix(y_true, y_pred, classes).tolist() == counted
    assert confusion_matrix([0, 1], probabilities[:2]).shape == (3, 3)  # columns count, though class 2 is not there


def test_confusion_matrix_of_a_sigmoid_output() -> None:
    assert confusion_matrix([0, 1, 1, 0], [[0.2], [0.7], [0.5], [0.9]]).tolist() == [[1, 1], [1, 1]]
    assert confusion_matrix([0, 0], [[0.2], [0.3]]).tolist() == [[2, 0], [0, 0]]
    assert confusion_matrix([[0], [7]], [[7], [7]]).sum(axis=0)[7] == 2  # one column of labels is no probability


def test_confusion_matrix_counts_true_by_row() -> None:
    matrix = confusion_matrix(np.array([0, 0, 1, 2, 2], np.uint8), np.array([0, 1, 1, 0, 0]), 3)
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 0], [2, 0, 0]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_gradient_keeps_its_digits_where_the_right_class_is_nearly_certain(dtype: Any) -> None:
    """p - 1 = -2 exp(-30) / (1 + 2 exp(-30)), of which 1 - 1.87e-13 as a number keeps a digit or none."""
    loss, y = CategoricalCrossentropy(from_logits=True), np.eye(3, dtype=dtype)[[0]]
    gradient = loss.gradient(y, np.array([[30.0, 0.0, 0.0]], dtype))
    other = math.exp(-30) / (1 + 2 * math.exp(-30))
    np.testing.assert_allclose(gradient, [[-2 * other, other, other]], rtol=1e-6)
