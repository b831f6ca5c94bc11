"""The losses besides squared error and categorical cross-entropy, their names and functions, and losses of one's own."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numeric
import numpy as np
import pytest

from numpycnn import Sequential, backend, load_model, losses, reference
from numpycnn import functional as F
from numpycnn.activations import linear, sigmoid, softmax
from numpycnn.common.typing import Array, Shape
from numpycnn.engine import training
from numpycnn.gradcheck import gradcheck
from numpycnn.layers import Activation, Dense, Layer, Softmax
from numpycnn.losses import LOSSES, FunctionLoss, Loss, RowLoss
from numpycnn.optimizers import SGD

P = np.array([[0.9, 0.05, 0.05], [0.5, 0.89, 0.6]])
ONE_HOT = np.eye(3)[[0, 1]]
Z = np.array([[8.0, 1.0, -1.0], [0.0, -9.0, 1.0]])
T = np.array([[0.5, -1.0, 2.0], [0.0, 3.0, 1.0]])
SIGNS = np.array([[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]])
COUNTS = np.array([[0.0, 2.0, 1.0], [3.0, 0.0, 1.0]])

# What keras.losses of Keras 3.15.1 gave for these, on JAX in float64
KERAS: list[tuple[str, dict[str, Any], Array, Array, list[float]]] = [
    ("categorical_crossentropy", {}, ONE_HOT, P, [0.10536051565782628, 0.8046684549923526]),
    ("categorical_crossentropy", {"axis": 1}, ONE_HOT, P, [0.10536051565782628, 0.8046684549923526]),
    (
        "categorical_crossentropy",
        {"from_logits": True},
        ONE_HOT,
        Z,
        [0.0010347562247153873, 10.313294876975569],
    ),
    ("categorical_crossentropy", {"label_smoothing": 0.1}, ONE_HOT, P, [0.29805196618423724, 0.8370319607194872]),
    (
        "categorical_crossentropy",
        {"label_smoothing": 0.1, "from_logits": True},
        ONE_HOT,
        Z,
        [0.5343680895580487, 9.679961543642236],
    ),
    ("binary_crossentropy", {}, ONE_HOT, P, [0.06931570147764249, 0.5753239095633506]),
    ("binary_crossentropy", {"from_logits": True}, ONE_HOT, Z, [0.5422862604697805, 3.668844090089297]),
    ("binary_crossentropy", {"label_smoothing": 0.1}, ONE_HOT, P, [0.20408407707212742, 0.6034118427104439]),
    (
        "binary_crossentropy",
        {"label_smoothing": 0.1, "from_logits": True},
        ONE_HOT,
        Z,
        [0.6756195938031135, 3.502177423422631],
    ),
    ("mean_squared_error", {}, T, Z, [23.083333333333332, 48.0]),
    ("mean_absolute_error", {}, T, Z, [4.166666666666666, 4.0]),
    ("mean_absolute_percentage_error", {}, T, Z, [616.6666666666666, 133.33333333333331]),
    ("mean_squared_logarithmic_error", {}, T, Z, [1.6326012039824431, 0.6406039261379858]),
    ("cosine_similarity", {}, T, Z, [-0.05372153093502535, 0.9079593845004517]),
    ("cosine_similarity", {"axis": 0}, T, Z, [-1.0, 0.9778024140774095, 0.31622776601683794]),
    ("huber", {}, T, Z, [3.6666666666666665, 3.833333333333333]),
    ("huber", {"delta": 2.5}, T, Z, [7.333333333333333, 8.958333333333332]),
    ("log_cosh", {}, T, Z, [3.4803947924259924, 3.768950939825935]),
    ("hinge", {}, SIGNS, Z, [1.3333333333333333, 0.3333333333333333]),
    ("hinge", {}, ONE_HOT, Z, [0.6666666666666666, 4.333333333333333]),
    ("squared_hinge", {}, SIGNS, Z, [2.6666666666666665, 0.3333333333333333]),
    ("categorical_hinge", {}, ONE_HOT, Z, [0.0, 11.0]),
    ("kl_divergence", {}, ONE_HOT, P, [0.10535789118515086, 0.11653071303410184]),
    ("poisson", {}, COUNTS, P, [3.3290636068893242, 1.5267554662597447]),
]


@pytest.mark.parametrize(("name", "settings", "y", "p", "expected"), KERAS)
def test_functions_give_the_keras_figures(
    name: str, settings: dict[str, Any], y: Array, p: Array, expected: list[float]
) -> None:
    function = getattr(losses, name)
    if settings.get("axis") == 0:  # what a function may average along, a model's loss may not
        y, p, settings = y.T, p.T, {}
    np.testing.assert_allclose(function(y, p, **settings), expected, rtol=1e-12)
    assert LOSSES[name](**settings)(y, p) == pytest.approx(np.mean(expected), rel=1e-12)


# ---------------------------------------------------------------- definitions


def drawn(name: str, rng: np.random.Generator, shape: Shape) -> tuple[Array, Array]:
    """Targets and predictions that are right for the loss, away from kinks."""
    z, p = rng.normal(0, 2, shape), F.softmax(rng.normal(size=shape))
    labels = rng.integers(0, shape[-1], shape[:-1])
    if name in ("kl_divergence", "binary_crossentropy", "categorical_crossentropy"):
        return F.softmax(rng.normal(size=shape)), p
    if name in ("hinge", "squared_hinge"):
        return rng.choice([-1.0, 1.0], shape), z
    if name == "categorical_hinge":
        return np.eye(shape[-1])[labels], z
    if name == "poisson":
        return rng.integers(0, 4, shape).astype(float), np.abs(z) + 0.1
    return rng.normal(0, 2, shape), z


ROWS: dict[str, tuple[Callable[[Array, Array], Array], Callable[[Array, Array], Array]]] = {
    "categorical_hinge": (reference.categorical_hinge, reference.categorical_hinge_backward),
    "cosine_similarity": (reference.cosine_similarity, reference.cosine_similarity_backward),
}
SETTINGS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in (*reference.ERRORS, *ROWS)),
    ("huber", {"delta": 0.5}),
]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_losses_equal_their_definitions(name: str, settings: dict[str, Any], seed: int) -> None:
    loss = LOSSES[name](**settings)
    y, p = drawn(name, np.random.default_rng(seed), (3, 2, 4))
    if name in ROWS:
        value, gradient = ROWS[name][0](y, p), ROWS[name][1](y, p)
    else:
        value = reference.mean_error(name, y, p, **settings)
        gradient = reference.mean_error_backward(name, y, p, **settings)
    np.testing.assert_allclose(loss.row_values(y, p), value, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(loss.row_gradient(y, p), gradient, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(loss.value(y, p), value.mean(axis=1), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(loss.gradient(y, p), gradient / 2, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("axis", [-1, 1, 2])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("name", ["binary_crossentropy", "categorical_crossentropy"])
def test_cross_entropies_have_the_gradient_of_their_value(
    name: str, from_logits: bool, smoothing: float, axis: int, seed: int
) -> None:
    loss = LOSSES[name](from_logits=from_logits, label_smoothing=smoothing, axis=axis)  # type: ignore[call-arg]
    rng = np.random.default_rng(seed)
    y = loss.targets(F.softmax(rng.normal(size=(2, 3, 4)), axis), (3, 4))
    p = rng.normal(size=(2, 3, 4)) if from_logits else F.softmax(rng.normal(size=(2, 3, 4)), axis)
    true = numeric.complex_step(lambda moved: loss.value(y, moved).sum(), p)
    np.testing.assert_allclose(loss.gradient(y, p), true, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_gradients_are_those_of_the_complex_step(name: str, settings: dict[str, Any]) -> None:
    loss = LOSSES[name](**settings)
    y, p = drawn(name, np.random.default_rng(9), (3, 4))
    true = numeric.complex_step(lambda moved: loss.value(y, moved).sum(), p)
    np.testing.assert_allclose(loss.gradient(y, p), true, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", sorted({cls.name for cls in LOSSES.values()}))
def test_the_dtype_is_kept_and_nothing_overflows(name: str, dtype: Any) -> None:
    """Warnings are errors."""
    loss = LOSSES[name]()
    y = np.eye(3, dtype=dtype)
    p = np.array([[1e-30, 0.5, 1.0], [0.0, 0.0, 0.0], [0.25, 0.25, 0.5]], dtype)
    if name in ("log_cosh", "huber", "mean_absolute_error", "hinge", "categorical_hinge"):
        p = p * 1e30
    value, gradient = loss.value(y, p), loss.gradient(y, p)
    assert value.dtype == gradient.dtype == dtype
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()


# ---------------------------------------------------------------- edges


def test_binary_cross_entropy_of_extreme_logits() -> None:
    loss = losses.BinaryCrossentropy(from_logits=True)
    z, y = np.array([[800.0], [-800.0], [np.inf], [-np.inf], [40.0]]), np.array([[1.0], [0.0], [1.0], [0.0], [1.0]])
    assert loss.value(y, z)[:4].tolist() == [0.0] * 4
    assert loss.value(1 - y, z).tolist() == [800.0, 800.0, np.inf, np.inf, 40.0]
    assert loss.gradient(y, z)[-1, 0] == pytest.approx(-np.exp(-40.0), rel=1e-12)


def test_no_gradient_where_binary_probabilities_are_clipped() -> None:
    loss = losses.BinaryCrossentropy()
    p = np.array([[0.0], [1.0], [1e-9]])
    assert not loss.gradient(np.ones((3, 1)), p).any()
    np.testing.assert_allclose(loss.value(np.ones((3, 1)), p)[[0, 2]], -np.log(1e-7), rtol=1e-12)
    backend.set_epsilon(1e-3)
    assert loss([[1.0]], [[0.0]]) == pytest.approx(-np.log(1e-3))


def test_clipped_numbers_have_no_gradient() -> None:
    y, p = np.full((1, 2), 0.5), np.array([[-3.0, 0.25]])
    assert losses.KLDivergence().gradient(y, p)[0, 0] == 0
    assert losses.KLDivergence().gradient(y, -p - 2)[0, 0] != 0  # p of 1 is not clipped
    assert losses.MeanSquaredLogarithmicError().gradient(y, p)[0, 0] == 0
    assert losses.KLDivergence().gradient(y, np.array([[1.5, 0.5]]))[0, 0] == 0


def test_the_similarity_of_nothing_is_zero() -> None:
    loss = losses.CosineSimilarity()
    y, p = np.array([[3.0, 4.0]]), np.zeros((1, 2))
    assert loss.value(y, p).tolist() == [0.0]
    np.testing.assert_allclose(loss.gradient(y, p), [[-0.6e7, -0.8e7]], rtol=1e-12)


def test_at_the_margin_the_gradient_is_zero() -> None:
    assert not losses.Hinge().gradient(np.ones((1, 1)), np.ones((1, 1))).any()
    assert not losses.MeanAbsoluteError().gradient(np.ones((1, 1)), np.ones((1, 1))).any()


def test_labels_of_zero_and_one_become_minus_one_and_one() -> None:
    hinge = losses.Hinge()
    assert hinge.targets([[0, 1]], (2,)).tolist() == [[-1.0, 1.0]]
    assert hinge.targets([[-1, 1]], (2,)).tolist() == [[-1.0, 1.0]]
    assert hinge.targets([[0.5, 1]], (2,)).tolist() == [[0.5, 1.0]]


@pytest.mark.parametrize("loss", [losses.BinaryCrossentropy(), losses.Hinge(), losses.MeanAbsoluteError()])
def test_one_output_takes_a_row_of_targets(loss: RowLoss) -> None:
    assert loss.targets([1.0, 0.0, 1.0], (1,)).shape == (3, 1)
    assert loss.targets(np.ones((3, 4)), (4, 1)).shape == (3, 4, 1)


def test_sparse_labels_along_another_axis() -> None:
    loss = losses.SparseCategoricalCrossentropy(axis=1)
    y = loss.targets([[0, 1], [2, 2]], (3, 2))
    assert y.shape == (2, 3, 2)
    assert y[0].T.tolist() == [[1, 0, 0], [0, 1, 0]]
    assert loss.targets([[[0, 1]], [[2, 2]]], (3, 2)).tolist() == y.tolist()


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: losses.BinaryCrossentropy()([[2.0]], [[0.5]]),
            ValueError,
            r"binary_crossentropy: y must be from 0 to 1",
        ),
        (lambda: losses.BinaryCrossentropy()([[np.nan]], [[0.5]]), ValueError, "y must be from 0 to 1; received nan"),
        (lambda: losses.binary_crossentropy([[1.0, 0.0]], [[0.5]]), ValueError, r"expected y of shape \(n, 1\)"),
        (lambda: losses.BinaryCrossentropy(label_smoothing=1.5), ValueError, "label_smoothing must be a finite number"),
        (lambda: losses.CategoricalCrossentropy(axis=1.0), TypeError, "categorical_crossentropy: axis must be an int"),  # type: ignore[arg-type]
        (
            lambda: losses.CosineSimilarity(axis=0)(T, Z),
            ValueError,
            r"cosine_similarity: has the axis 0; received outp",
        ),
        (lambda: losses.CategoricalCrossentropy(axis=2)(ONE_HOT, P), ValueError, r"axis 2; received outputs \(n, 3\)"),
        (lambda: losses.Huber(delta=0), ValueError, "huber: delta must be a finite number, above 0; received 0"),
        (lambda: losses.huber(T, Z, dleta=2), TypeError, "Huber: .* 'dleta': the nearest is 'delta'"),
        (lambda: losses.get(None), TypeError, "losses.get: loss must be one of"),
        (lambda: losses.get("mea"), ValueError, "losses.get: loss must be one of .*the nearest is"),
        (lambda: losses.get({"class_name": "Own", "config": {}}), ValueError, "class_name of loss must be one of"),
        (lambda: FunctionLoss(1, max), TypeError, "FunctionLoss: value must be a function"),
        (lambda: FunctionLoss(max, 1), TypeError, "FunctionLoss: gradient must be a function"),
    ],
)
def test_what_does_not_fit_is_refused(call: Callable[[], object], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


def test_what_a_row_loss_lacks_is_said() -> None:
    for method in (RowLoss().row_values, RowLoss().row_gradient):
        with pytest.raises(NotImplementedError, match=f"^RowLoss does not define {method.__name__}$"):
            method(T, Z)


# ---------------------------------------------------------------- names


@pytest.mark.parametrize("name", [*LOSSES, *losses.CLASSES, "BCE", "KLD", "MAE", "MAPE", "MSE", "MSLE"])
def test_a_loss_has_its_names_in_keras(name: str) -> None:
    assert isinstance(losses.get(name), RowLoss)


def test_every_way_to_name_a_loss() -> None:
    own = losses.Huber(2.0)
    for given in (own, {"class_name": "Huber", "config": {"delta": 2.0}}):
        found = losses.get(given)
        assert isinstance(found, losses.Huber)
        assert found.get_config() == {"delta": 2.0}
    for short in (losses.huber, losses.Huber, "huber", "Huber"):
        assert type(losses.get(short)) is losses.Huber
    assert losses.mae is losses.mean_absolute_error
    assert repr(losses.huber) == "losses.huber"
    assert pickle.loads(pickle.dumps(losses.huber))([[1.0]], [[3.0]]).tolist() == [1.5]  # noqa: S301
    assert losses.mse(np.zeros((2, 3, 4)), np.ones((2, 3, 4))).shape == (2, 3)


# ---------------------------------------------------------------- training


@pytest.mark.parametrize(
    ("last", "loss", "moved"),
    [
        (Dense(3, activation="sigmoid"), losses.BinaryCrossentropy(), sigmoid),
        (Activation("sigmoid"), losses.BinaryCrossentropy(label_smoothing=0.1), sigmoid),
        (Softmax(), losses.CategoricalCrossentropy(label_smoothing=0.1), softmax),
        (Softmax(axis=1), losses.CategoricalCrossentropy(axis=1), softmax.with_settings(axis=1)),
        (Softmax(axis=1), losses.CategoricalCrossentropy(), linear),
        (Dense(3, activation="softmax"), losses.BinaryCrossentropy(), linear),
        (Dense(3, activation="sigmoid"), losses.MeanAbsoluteError(), linear),
    ],
    ids=lambda value: value.name if isinstance(value, Loss) else repr(value),
)
def test_an_activation_moves_into_the_loss_that_it_belongs_to(last: Layer, loss: Loss, moved: object) -> None:
    objective = training.make_objective(Sequential([last]), loss, np.dtype(np.float64), fast=False)
    assert objective.activation == moved
    assert (objective.loss is loss) == (moved == linear)


def test_a_last_sigmoid_is_trained_on_its_logits() -> None:
    """A logit of 60: from probabilities, which round to 1, there would be no gradient."""
    model = Sequential([Dense(1, activation="sigmoid", input_shape=(1,))], seed=0, dtype="float64")
    model.compile("sgd", "binary_crossentropy", ["accuracy"])
    model.set_weights([np.array([[60.0]]), np.zeros(1)])
    loss, _ = model.train_on_batch(np.ones((2, 1)), np.array([0, 0]))
    assert loss == pytest.approx(60.0)
    assert model.get_weights()[0][0, 0] == pytest.approx(60.0 - 0.01)
    trace = model.trace(np.ones((2, 1)), np.array([0, 1]))
    assert trace.loss == pytest.approx((59.99 - 0.01) / 2)  # the bias has learned too


@pytest.mark.parametrize("name", ["relu", "tanh", "gelu"])
def test_what_gives_no_probabilities_is_warned_of(name: str) -> None:
    model = Sequential([Dense(1, activation=name, input_shape=(2,))])
    model.compile("sgd", "bce")
    message = (
        f"dense: its activation '{name}' does not give the .* binary_crossentropy takes, .* use 'sigmoid', or the loss"
    )
    with pytest.warns(UserWarning, match=message):
        model.fit(np.ones((2, 2)), np.ones(2), verbose=0)


@pytest.mark.parametrize("name", sorted({cls.name for cls in LOSSES.values()}))
def test_every_loss_trains_is_checked_saved_and_loaded(name: str, tmp_path: Path) -> None:
    ending = "sigmoid" if name == "poisson" else "softmax" if LOSSES[name]().takes_probabilities else "linear"
    model = Sequential([Dense(3, activation=ending, input_shape=(4,))], seed=3, dtype="float64")
    model.compile(SGD(1e-4), getattr(losses, name))
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 4)), drawn(name, rng, (6, 3))[0]
    if name == "sparse_categorical_crossentropy":
        y = rng.integers(0, 3, 6)
    first = model.fit(x, y, verbose=0, epochs=20).history["loss"]
    assert first[-1] < first[0]
    assert gradcheck(model, x, y).passed
    model.save(tmp_path / "model.safetensors")
    loaded = load_model(tmp_path / "model.safetensors")
    assert type(loaded.loss) is type(model.loss)
    assert loaded.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)


# ---------------------------------------------------------------- one's own


def quartic(y_true: Array, y_pred: Array) -> Array:
    return ((y_pred - y_true) ** 4).sum(axis=-1)


def quartic_gradient(y_true: Array, y_pred: Array) -> Array:
    return 4 * (y_pred - y_true) ** 3


class Quartic(Loss):
    name = "quartic"

    def value(self, y_true: Array, y_pred: Array) -> Array:
        return quartic(y_true, y_pred)

    def gradient(self, y_true: Array, y_pred: Array) -> Array:
        return quartic_gradient(y_true, y_pred)


@pytest.mark.parametrize("loss", [Quartic(), Quartic, FunctionLoss(quartic, quartic_gradient)])
def test_a_loss_of_ones_own(loss: Any, tmp_path: Path) -> None:
    model = Sequential([Dense(2, input_shape=(3,))], seed=1, dtype="float64")
    model.compile("sgd", loss)
    x, y = np.random.default_rng(0).normal(size=(2, 6, 3))
    assert gradcheck(model, x, y[:, :2]).passed
    assert model.loss is not None
    assert model.loss.name == "quartic"
    assert model.train_on_batch(x, y[:, :2]) > 0
    if isinstance(model.loss, Quartic):
        model.save(tmp_path / "model.safetensors")
        loaded = load_model(tmp_path / "model.safetensors", custom_objects={"Quartic": Quartic})
        assert isinstance(loaded.loss, Quartic)
    else:  # two functions, of which a file could have one name
        with pytest.raises(ValueError, match="FunctionLoss: only the library's own can be read back"):
            model.save(tmp_path / "model.safetensors")


def test_a_wrong_gradient_of_ones_own_is_noticed() -> None:
    model = Sequential([Dense(2, input_shape=(3,))], seed=1, dtype="float64")
    model.compile("sgd", FunctionLoss(quartic, lambda y_true, y_pred: (y_pred - y_true) ** 3, name="wrong"))
    x, y = np.random.default_rng(0).normal(size=(2, 6, 3))
    assert not gradcheck(model, x, y[:, :2]).passed


def test_a_function_without_a_gradient_is_explained() -> None:
    model = Sequential([Dense(2, input_shape=(3,))])
    with pytest.raises(TypeError, match=r"compile: loss must have a gradient; .* FunctionLoss\(value, gradient\)"):
        model.compile("sgd", quartic)  # type: ignore[arg-type]


# ------------------------------------------------------------ what Keras takes besides


@pytest.mark.parametrize("name", losses.CLASSES)
def test_a_prediction_that_is_nan_is_a_loss_that_is_nan(name: str) -> None:
    y_true = np.array([1, 0]) if "Sparse" in name else np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    y_pred = np.array([[0.2, np.nan, 0.3], [0.2, 0.5, 0.3]])
    assert np.isnan(losses.CLASSES[name]()(y_true, y_pred))


def test_a_vector_is_one_row() -> None:
    """The figures are those of the examples in Keras's documentation."""
    y_true, logits = [0, 1, 0, 0], [-18.6, 0.51, 2.94, -12.8]
    assert losses.BinaryCrossentropy(from_logits=True)(y_true, logits) == pytest.approx(0.865, abs=5e-4)
    assert losses.binary_crossentropy(y_true, np.array(logits), True) == pytest.approx(0.865, abs=5e-4)
    assert losses.mean_squared_error([1.0, 2.0], [2.0, 4.0]) == pytest.approx(2.5)
    assert losses.MeanSquaredError(reduction=None)([1.0, 2.0], [2.0, 4.0]) == pytest.approx(2.5)
    assert losses.MeanSquaredError()([[1.0], [2.0]], [2.0, 4.0]) == pytest.approx(2.5)


def test_settings_by_position() -> None:
    y_true, y_pred = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.5, 3.0], [2.0, -4.0]])
    np.testing.assert_array_equal(
        losses.categorical_crossentropy(y_true, y_pred, True, 0.1),
        losses.categorical_crossentropy(y_true, y_pred, from_logits=True, label_smoothing=0.1),
    )
    np.testing.assert_array_equal(losses.huber(y_true, y_pred, 2.0), losses.huber(y_true, y_pred, delta=2.0))
    with pytest.raises(TypeError, match="huber: expected at most 1 settings; received 2"):
        losses.huber(y_true, y_pred, 2.0, 3.0)


def test_one_weight_for_all() -> None:
    y_true, y_pred = np.zeros((3, 2)), np.ones((3, 2))
    assert losses.MeanSquaredError()(y_true, y_pred, 2.0) == pytest.approx(2.0)


def test_a_list_of_one_loss_and_of_one_array_of_targets() -> None:
    x, y = np.random.default_rng(0).random((6, 3)), np.arange(6) % 3
    model = Sequential([Dense(3, "softmax", input_shape=(3,))], seed=0)
    model.compile("sgd", ["sparse_categorical_crossentropy"])
    first = model.evaluate(x, y, verbose=0)
    assert model.evaluate([x], [y], verbose=0) == first
    model.fit([x], [y], validation_data=([x], [y]), verbose=0)


@pytest.mark.parametrize(
    ("loss", "figures"),
    [
        (losses.CategoricalCrossentropy(), [1.0000000494736474e-07, 1.0498221244986778]),
        (losses.BinaryCrossentropy(), [0.15401184558868408, 5.447080135345459]),
    ],
)
def test_predictions_that_are_no_probabilities(loss: RowLoss, figures: list[float]) -> None:
    """Keras computes with them, negative ones too: the figures are its own, on JAX; the gradient is the complex step's."""
    y_true, y_pred = np.eye(3)[[0, 2]], np.array([[0.9, -0.4, 0.3], [-1.5, 0.2, -0.7]])
    np.testing.assert_allclose(loss.value(y_true, y_pred), figures, rtol=1e-7)
    step = 1e-30
    for index in np.ndindex(y_pred.shape):
        moved = y_pred.astype(complex)
        moved[index] += 1j * step
        expected = loss.value(y_true, moved)[index[0]].imag / step
        assert loss.gradient(y_true, y_pred)[index] == pytest.approx(expected, rel=1e-12, abs=1e-15)
