"""Every backward pass against the complex step, in float64. The bound asked for is 1e-9; what is held to is 1e-12."""

from functools import partial
from typing import Any

import numeric
import numpy as np
import pytest
from cases import LAYERS, built, distinct
from hypothesis import given, settings
from hypothesis import strategies as st

from numpycnn import Sequential
from numpycnn.activations import linear, softmax
from numpycnn.common.typing import Array
from numpycnn.engine import training
from numpycnn.engine.batching import Data
from numpycnn.engine.training import Position
from numpycnn.layers import Activation, Conv2D, Dense, Dropout, Flatten, Layer, MaxPooling2D, Softmax
from numpycnn.losses import CategoricalCrossentropy, Loss, MeanSquaredError, SparseCategoricalCrossentropy

BOUND = 1e-12
seeds = st.integers(0, 2**32 - 1)


def forward(layer: Layer, x: Array, seed: int) -> tuple[Array, Any]:
    """The layer's forward in training, with the same dropout mask at each call."""
    return layer.forward(x, training=True, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("kind", LAYERS)
@settings(max_examples=settings().max_examples // 2)
@given(data=st.data(), n=st.integers(1, 2), seed=seeds)
def test_layer_gradients(kind: str, data: st.DataObject, n: int, seed: int) -> None:
    layer = built(data.draw(LAYERS[kind]), seed, np.float64)
    assert layer.shape_in is not None
    rng = np.random.default_rng(seed)
    x = distinct(rng, (n + 2 * layer.whole_batch, *layer.shape_in))
    y, cache = forward(layer, x, seed)
    g = rng.normal(size=y.shape)  # the loss is the sum of y*g, so dy is g
    dx, gradients = layer.backward(g, cache)

    def loss_of_input(moved: Array) -> complex:
        return complex((forward(layer, moved, seed)[0] * g).sum())

    true = numeric.complex_step(loss_of_input, x)
    rounding = 4 * np.finfo(np.float64).eps * np.abs(g).max()  # of a sum whose few terms cancel

    def is_close(claimed: Array, true: Array) -> bool:
        return numeric.error(claimed, true) <= BOUND or np.abs(claimed - true).max() <= rounding

    assert is_close(dx, true)
    assert gradients.keys() == layer.params.keys()
    for key in layer.params:
        assert is_close(
            gradients[key], numeric.complex_step(partial(loss_with, layer, key, x, g, seed), layer.params[key])
        )


def loss_with(layer: Layer, key: str, x: Array, g: Array, seed: int, param: Array) -> complex:
    """The loss with another value of one parameter."""
    other = layer.with_arrays({**layer.params, key: param}, layer.state)
    return complex((forward(other, x, seed)[0] * g).sum())


def test_the_complex_step_and_central_differences_agree() -> None:
    """The ruler against another ruler, and both against a derivative known by hand."""
    x = np.linspace(0.1, 1.0, 5)
    true = np.cos(x) * np.exp(np.sin(x))
    assert numeric.error(numeric.complex_step(lambda z: np.exp(np.sin(z)).sum(), x), true) < 1e-15
    assert numeric.error(numeric.central_difference(lambda z: float(np.exp(np.sin(z)).sum()), x), true) < 1e-9


LOSSES: dict[str, Loss] = {
    "from logits": CategoricalCrossentropy(from_logits=True),
    "from probabilities": CategoricalCrossentropy(),
    "sparse, from logits": SparseCategoricalCrossentropy(from_logits=True),
    "sparse, from probabilities": SparseCategoricalCrossentropy(),
    "mean squared error": MeanSquaredError(),
}


@pytest.mark.parametrize("name", LOSSES)
@given(
    n=st.integers(1, 3),
    middle=st.lists(st.integers(1, 3), max_size=2),
    classes=st.integers(2, 4),
    soft=st.booleans(),
    seed=seeds,
)
def test_loss_gradients(name: str, n: int, middle: list[int], classes: int, soft: bool, seed: int) -> None:
    loss, rng = LOSSES[name], np.random.default_rng(seed)
    shape = (n, *middle, classes)
    y_pred = rng.uniform(0.1, 1.0, shape)  # positive, and not summing to 1
    labels = rng.integers(0, classes, shape[:-1])
    y_true: Array = np.eye(classes)[labels]
    if soft and not isinstance(loss, SparseCategoricalCrossentropy):
        y_true = rng.dirichlet(np.ones(classes), shape[:-1])
    if isinstance(loss, SparseCategoricalCrossentropy):
        y_true = labels
    y_true = loss.targets(y_true, shape[1:]).astype(float)
    true = numeric.complex_step(lambda moved: complex(loss.value(y_true, moved).sum()), y_pred)
    assert numeric.error(loss.gradient(y_true, y_pred), true) <= BOUND


@pytest.mark.parametrize("name", ["from logits", "sparse, from logits"])
def test_equal_logits_carry_the_complex_step(name: str) -> None:
    """As before any training, where all are 0: which of them is the largest must not depend on the imaginary part."""
    loss, logits = LOSSES[name], np.zeros((1, 4))
    y_true = loss.targets(np.array([2]) if "sparse" in name else np.eye(4)[[2]], (4,)).astype(float)
    true = numeric.complex_step(lambda moved: complex(loss.value(y_true, moved).sum()), logits)
    assert numeric.error(loss.gradient(y_true, logits), true) <= BOUND


def test_softmax_and_cross_entropy_meet_as_p_minus_y() -> None:
    z = np.array([[1.0, 2.0, 0.5], [0.0, 0.0, 0.0]])
    y = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(CategoricalCrossentropy(from_logits=True).gradient(y, z), p - y, rtol=1e-14)


def test_a_wrong_and_certain_prediction_still_learns() -> None:
    """In float32 the probability of the true class underflows to 0; p - y does not."""
    z = np.array([[-1000.0, 1000.0]], np.float32)
    y = np.array([[1.0, 0.0]], np.float32)
    loss = CategoricalCrossentropy(from_logits=True)
    assert loss.value(y, z).tolist() == [2000.0]
    assert loss.gradient(y, z).tolist() == [[-1.0, 1.0]]


NETWORKS: dict[str, list[Layer]] = {
    "two convolutions, overlapping pools, dropout": [
        Conv2D(3, (3, 2), padding="same", activation="relu", input_shape=(7, 6, 2)),
        MaxPooling2D((3, 2), strides=(2, 1), padding="same"),
        Conv2D(2, (2, 2), strides=(1, 2), activation="tanh"),
        Dropout(0.4),
        Flatten(),
        Dense(4, activation="sigmoid"),
        Dropout(0.5),
        Dense(3, activation="softmax"),
    ],
    "channels first, dilation, a softmax layer": [
        Conv2D(2, 3, dilation_rate=2, data_format="channels_first", input_shape=(2, 8, 7)),
        Activation("relu"),
        MaxPooling2D(2, strides=1, data_format="channels_first"),
        Flatten("channels_first"),
        Dense(3),
        Activation("softmax"),
    ],
}


DTYPE = np.dtype(np.float64)


@pytest.mark.parametrize(
    "last",
    [
        Dense(3),
        Dense(3, activation="relu"),
        Dense(3, activation="tanh"),
        Conv2D(3, 1, activation="tanh"),
        Activation("relu"),
        Activation("tanh"),
    ],
    ids=repr,
)
def test_scores_are_no_probabilities(last: Layer) -> None:
    with pytest.warns(UserWarning, match="does not give the probabilities that categorical_crossentropy takes"):
        training.warn_of_scores(Sequential([last]), CategoricalCrossentropy())
    logits = CategoricalCrossentropy(from_logits=True)
    assert training.make_objective(Sequential([last]), logits, DTYPE, fast=False).loss is logits


@pytest.mark.parametrize(
    ("last", "loss", "moved"),
    [
        (Dense(3, activation="softmax"), CategoricalCrossentropy(), True),
        (Activation("softmax"), CategoricalCrossentropy(), True),
        (Softmax(), CategoricalCrossentropy(), True),
        (Dense(3, activation="softmax"), MeanSquaredError(), False),
        (Dense(3, activation="softmax"), CategoricalCrossentropy(from_logits=True), False),
        (Dense(3, activation="sigmoid"), CategoricalCrossentropy(), False),
        (Activation("sigmoid"), CategoricalCrossentropy(), False),
        (Activation("linear"), CategoricalCrossentropy(), False),  # of what may be probabilities
        (Flatten(), CategoricalCrossentropy(), False),
    ],
    ids=lambda value: value.name if isinstance(value, Loss) else repr(value),
)
def test_softmax_alone_moves_into_the_loss(last: Layer, loss: Loss, moved: bool) -> None:
    objective = training.make_objective(Sequential([last]), loss, DTYPE, fast=False)
    assert objective.activation == (softmax if moved else linear)
    assert (objective.loss is loss) is not moved


def test_micro_batches_have_masks_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same example four times over, in two micro-batches: no two of the four are dropped alike."""
    monkeypatch.setattr(training, "MAX_MICRO_BATCH", 2)
    model = Sequential([Dropout(0.5, input_shape=(64,))])
    objective = training.make_objective(model, MeanSquaredError(), DTYPE, fast=False)
    step = training.batch_gradients(objective, Position(3, 0), Data(np.ones((4, 64)), np.zeros((4, 64))), np.arange(4))
    assert len({row.tobytes() for row in step.result.y_pred}) == 4


def test_weights_multiply_the_losses_and_their_gradients() -> None:
    """Each example as often as its weight says; one of weight 0 not at all, though its loss is infinite."""
    model = Sequential([Dense(2, input_shape=(3,))], seed=0, dtype="float64")
    objective = training.make_objective(model, MeanSquaredError(), DTYPE, fast=False)
    x, y = np.random.default_rng(0).normal(size=(4, 3)), np.zeros((4, 2))

    def step(rows: list[int], targets: Array, weights: Array | None) -> training.StepResult:
        data = Data(x[rows], targets[rows], weights)
        return training.batch_gradients(objective, Position(0, 0), data, np.arange(len(rows)))

    bad = y.copy()
    bad[3] = np.inf
    with np.errstate(invalid="ignore"):
        weighted = step([0, 1, 2, 3], bad, np.array([1, 2, 1, 0]))
    repeated = step([0, 1, 1, 2], y, None)
    assert weighted.result.losses.sum() == pytest.approx(repeated.result.losses.sum(), rel=1e-14)
    ours, theirs = training.total(weighted.terms), training.total(repeated.terms)
    for key in theirs:
        np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-13)


def test_layers_have_masks_of_their_own() -> None:
    """In chains inside too."""
    model = Sequential([Dropout(0.5, input_shape=(64,)), Dropout(0.5), Sequential([Dropout(0.5), Dropout(0.5)])])
    _, (first, second, inside) = model.forward(np.ones((1, 64)), training=True, rng=Position(3, 0).rng(0))
    assert len({mask.tobytes() for mask in (first, second, *inside)}) == 4


def copies(layers: list[Layer]) -> list[Layer]:
    """The layers anew, not built and with names to come."""
    return [type(layer).from_config(layer.get_config() | {"name": None}) for layer in layers]


@pytest.mark.parametrize(
    ("name", "loss"),
    [
        pytest.param(name, loss, marks=[pytest.mark.deep] if index == number else [], id=f"{loss.name}-{name}")
        for index, name in enumerate(NETWORKS)
        for number, loss in enumerate([CategoricalCrossentropy(), MeanSquaredError()])
    ],
)
def test_network_gradients(name: str, loss: Loss, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole networks, dropout on and the masks held, in five micro-batches of which the last is short."""
    monkeypatch.setattr(training, "MAX_MICRO_BATCH", 2)
    model, rng = Sequential(copies(NETWORKS[name]), seed=5, dtype="float64"), np.random.default_rng(5)
    x = distinct(rng, (9, *(model.shape_in or ())))
    data = Data(x, np.eye(3)[rng.integers(0, 3, 9)])

    def step() -> training.StepResult:
        objective = training.make_objective(model, loss, DTYPE, fast=False)
        return training.batch_gradients(objective, Position(9, 0), data, np.arange(9))

    result, terms, state = step()
    gradients = training.total(terms)
    assert 1 < len(terms) <= training.MAX_TERMS  # however many micro-batches there are
    assert state == {}
    assert result.losses.shape == (9,)
    np.testing.assert_allclose(result.y_pred.sum(axis=1), 1.0)  # probabilities, though the loss takes scores
    for layer in model.layers:
        for key, param in layer.params.items():

            def mean_loss(moved: Array, layer: Layer = layer, key: str = key) -> complex:
                before, layer.params[key] = layer.params[key], moved
                value = step().result.losses.mean()
                layer.params[key] = before
                return complex(value)

            true = numeric.complex_step(mean_loss, param)
            assert numeric.error(gradients[f"{layer.name}/{key}"], true) <= BOUND
