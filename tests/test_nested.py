"""A Sequential in a Sequential: names by path, the same numbers as the flat one, and what may not be."""

import json
from typing import Any

import numpy as np
import pytest
from networks import CLASSES, fingerprint, small_data

from numpycnn import Input, Sequential
from numpycnn.gradcheck import gradcheck, gradcheck_layer
from numpycnn.layers import Activation, BatchNormalization, Conv2D, Dense, Dropout, Flatten, Layer, MaxPooling2D

X, Y = small_data(30)


def block(**options: Any) -> Sequential:
    layers = [Conv2D(4, 3, padding="same", activation="relu"), BatchNormalization(momentum=0.5), MaxPooling2D(2)]
    return Sequential(layers, **options)


def nested(**options: Any) -> Sequential:
    head = Sequential([Dense(5, activation="tanh"), Dropout(0.0), Dense(CLASSES, activation="softmax")], "head")
    model = Sequential([Input((8, 8, 1)), block(name="block"), block(), Flatten(), head], seed=0, **options)
    model.compile("adam", "categorical_crossentropy", ["accuracy"])
    return model


def flat(**options: Any) -> Sequential:
    layers: list[Layer] = [Input((8, 8, 1))]  # type: ignore[list-item]
    for _ in range(2):
        layers += block().layers
    layers += [Flatten(), Dense(5, activation="tanh"), Dropout(0.0), Dense(CLASSES, activation="softmax")]
    for layer in layers[1:]:
        layer.auto_named = True
    model = Sequential(layers, seed=0, **options)
    model.compile("adam", "categorical_crossentropy", ["accuracy"])
    return model


NAMES = [
    *(f"block/conv2d/{key}" for key in ("kernel", "bias")),
    *(f"block/batch_normalization/{key}" for key in ("gamma", "beta")),
    *(f"sequential/conv2d/{key}" for key in ("kernel", "bias")),
    *(f"sequential/batch_normalization/{key}" for key in ("gamma", "beta")),
    *(f"head/{dense}/{key}" for dense in ("dense", "dense_1") for key in ("kernel", "bias")),
]
MOVING = [
    f"{block}/batch_normalization/{key}"
    for block in ("block", "sequential")
    for key in ("moving_mean", "moving_variance")
]


def test_what_is_inside_goes_by_its_path() -> None:
    model = nested()
    model.fit(X, Y, verbose=0)
    assert model.optimizer is not None
    assert list(model.params) == NAMES
    assert list(model.state) == MOVING
    assert sorted(model.arrays) == sorted(NAMES + MOVING)
    assert set(model.optimizer.state["momentum"]) == set(NAMES)
    lines: list[str] = []
    model.summary(print_fn=lines.append, expand_nested=True)
    assert lines[5].split()[:2] == ["block/conv2d", "(Conv2D)"]
    paths = [str(path) for path, _ in model.leaves()]
    assert list(model.trace(X, Y).layers) == paths
    assert [line.split()[0] for line in lines[4:-5] if "(Sequential)" not in line] == paths
    rows = model.profile(X, Y, repeats=1, print_fn=None)
    assert [row.name for row in rows[:3]] == ["block/conv2d", "block/batch_normalization", "block/max_pooling2d"]


def test_weights_are_in_the_order_of_keras() -> None:
    """Layer by layer; of each gamma, beta, moving_mean, moving_variance."""
    model = nested()
    names = list(model.arrays)
    assert names[:6] == [*NAMES[:4], *MOVING[:2]]
    weights = [np.full(array.shape, number, float) for number, array in enumerate(model.arrays.values())]
    model.set_weights(weights)
    assert [float(array.flat[0]) for array in model.arrays.values()] == list(range(len(weights)))
    for ours, given in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(ours, given)
    with pytest.raises(ValueError, match=r"sequential: block/conv2d/kernel must have the shape \(3, 3, 1, 4\)"):
        model.set_weights([*reversed(weights)])


@pytest.mark.parametrize("fast", [True, False])
def test_a_nested_network_is_the_flat_one(fast: bool) -> None:
    """Bit for bit: with the same weights, through training, for any workers."""
    one, other = nested(fast=fast), flat(fast=fast)
    other.set_weights(one.get_weights())
    assert one.predict(X).tobytes() == other.predict(X).tobytes()
    for model in (one, other):
        model.fit(np.tile(X, (10, 1, 1, 1)), np.tile(Y, (10, 1)), 300, epochs=2, verbose=0, workers=2)
    assert [w.tobytes() for w in one.get_weights()] == [w.tobytes() for w in other.get_weights()]
    assert one.evaluate(X, Y, verbose=0) == other.evaluate(X, Y, verbose=0)


@pytest.mark.parametrize("fast", [True, False])
def test_gradients_of_a_nested_network(fast: bool) -> None:
    body = Sequential([Conv2D(2, 2, activation="relu"), BatchNormalization(), Dropout(0.5)])
    head = Sequential([Dense(3, activation="tanh"), Sequential([Dense(CLASSES, activation="softmax")])])
    model = Sequential([Input((4, 4, 1)), body, Flatten(), head], seed=0, fast=fast)
    model.compile("sgd", "categorical_crossentropy")
    assert gradcheck(model, X[:3, :4, :4], Y[:3], samples=4).passed


def test_gradients_of_a_sequential_as_a_layer() -> None:
    inner = Sequential([Dense(4, activation="tanh"), BatchNormalization(), Dropout(0.5)], seed=0)
    inner.build((3,))
    assert gradcheck_layer(inner, np.random.default_rng(0).normal(size=(5, 3))).passed


def test_the_inner_model_is_used_alone_and_shares_the_weights() -> None:
    model = nested()
    inner = model.get_layer("block")
    assert isinstance(inner, Sequential)
    before = inner.predict(X)
    assert before.shape == (30, 4, 4, 4)
    np.testing.assert_allclose(model.trace(X)["block/max_pooling2d"].output, before, rtol=1e-5, atol=1e-6)
    model.fit(X, Y, verbose=0)
    assert inner.params["conv2d/kernel"] is model.params["block/conv2d/kernel"]
    assert inner.predict(X).tobytes() != before.tobytes()
    inner.compile("sgd", "mse")
    inner.fit(X, before, verbose=0)
    np.testing.assert_allclose(model.trace(X)["block/max_pooling2d"].output, inner.predict(X), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("given", ["built", "unbuilt", "with Input", "with input_shape"])
def test_an_inner_model_comes_built_or_not(given: str) -> None:
    inner = Sequential([Dense(4, input_shape=(3,) if given == "with input_shape" else None)], seed=5)
    if given == "with Input":
        inner = Sequential([Input((3,)), Dense(4)], seed=5)
    if given == "built":
        inner.build((3,))
    before = inner.get_weights()
    model = Sequential([inner, Dense(2)], seed=0)
    if given == "unbuilt":
        assert not model.built
        model.build((3,))
    assert (model.shape_in, model.shape_out, inner.built) == ((3,), (2,), True)
    assert all((ours == own).all() for ours, own in zip(model.get_weights(), before, strict=False))
    assert model.predict(np.ones((2, 3))).shape == (2, 2)


def test_a_step_moves_the_averages_inside() -> None:
    x = np.random.default_rng(0).normal(size=(6, 3))
    model = Sequential(
        [Input((3,)), Sequential([BatchNormalization(momentum=0.5)], "inner"), Dense(2)], dtype="float64"
    )
    model.compile("sgd", "mse")
    model.train_on_batch(x, np.zeros((6, 2)))
    np.testing.assert_allclose(model.state["inner/batch_normalization/moving_mean"], x.mean(axis=0) / 2, rtol=1e-13)


def test_penalties_inside_are_in_the_loss() -> None:
    x = np.random.default_rng(0).normal(size=(6, 3))
    inner = Sequential([Dense(2, activity_regularizer="l2")], "inner")
    model = Sequential([Input((3,)), inner], seed=0, dtype="float64")
    model.compile("sgd", "mse")
    y = model.predict(x, verbose=0)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(0.01 * (y**2).sum() / len(x), rel=1e-12)


def test_inner_layers_have_initial_weights_of_their_own() -> None:
    model = Sequential([Sequential([Dense(3), Dense(3)]), Sequential([Dense(3)]), Dense(3)], seed=0)
    model.build((3,))
    kernels = {array.tobytes() for name, array in model.params.items() if name.endswith("kernel")}
    assert len(kernels) == 4
    again = Sequential.from_config(model.get_config())
    again.build((3,))
    assert [w.tobytes() for w in again.get_weights()] == [w.tobytes() for w in model.get_weights()]


def holding_itself() -> None:
    model = Sequential([Dense(3)])
    model.add(model)


def around_itself() -> None:
    inner = Sequential([Dense(3)])
    inner.add(Sequential([inner]))


def twice() -> None:
    inner = Sequential([Dense(3)])
    Sequential([inner, inner])


def inside_and_outside() -> None:
    dense = Dense(3)
    Sequential([dense, Sequential([dense])])


def outside_and_inside() -> None:
    dense = Dense(3)
    Sequential([Sequential([dense]), dense])


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (outside_and_inside, "dense"),
        (holding_itself, "sequential"),
        (around_itself, "sequential"),
        (twice, "sequential"),
        (inside_and_outside, "dense"),
    ],
)
def test_no_layer_is_in_a_model_twice(make: Any, name: str) -> None:
    with pytest.raises(ValueError, match=rf"add: {name} is in the model already"):
        make()


def test_two_inner_models_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="block: layers of a model must have different names"):
        Sequential([block(name="block"), block(name="block")])


def test_a_shape_that_does_not_fit_inside_is_refused_and_builds_nothing() -> None:
    inner = Sequential([Dense(3), Conv2D(2, 3)])
    with pytest.raises(ValueError, match="conv2d: expected images"):
        Sequential([Input((4,)), Dense(5), inner])
    assert not inner.built
    assert not any(layer.built for layer in inner.layers)
    assert inner.seed is None


def test_an_inner_model_of_another_dtype_is_refused() -> None:
    inner = Sequential([Dense(3, input_shape=(4,))], "inner", dtype="float64")
    with pytest.raises(
        ValueError, match="inner: dense/kernel is float64 from before, but the model's dtype is float32"
    ):
        Sequential([inner, Dense(2)])


def test_data_that_do_not_fit_are_refused_by_the_name_of_the_layer_that_takes_them() -> None:
    model = nested()
    before = fingerprint(model)
    with pytest.raises(ValueError, match=r"block: expected x of shape \(n, 8, 8, 1\); received \(30, 8, 7, 1\)"):
        model.fit(X[:, :, :7], Y)
    assert fingerprint(model) == before


def test_a_chain_that_does_nothing_changes_nothing() -> None:
    model = Sequential([Dense(3, input_shape=(3,)), Sequential([Activation("linear")]), Dense(2)], seed=0)
    plain = Sequential([Dense(3, input_shape=(3,)), Dense(2)], seed=0)
    plain.set_weights(model.get_weights())
    assert plain.predict(np.ones((4, 3))).tobytes() == model.predict(np.ones((4, 3))).tobytes()


def test_shapes_are_known_before_the_arrays_are_made() -> None:
    model = nested()
    assert model.param_shapes((8, 8, 1)) == {name: array.shape for name, array in model.params.items()}
    assert model.state_shapes((8, 8, 1)) == {name: array.shape for name, array in model.state.items()}


def test_repr_counts_the_layers() -> None:
    inner = Sequential([Flatten("channels_last", name="flat"), Dense(3)], "inner")
    assert repr(Sequential([inner], "outer")) == "<Sequential outer: 1 layer, not built>"
    assert repr(inner) == "<Sequential inner: 2 layers, not built>"


def test_an_empty_inner_model_is_refused() -> None:
    with pytest.raises(ValueError, match="sequential: the model has no layers"):
        Sequential([Dense(3, input_shape=(3,)), Sequential()])


# ---------------------------------------------------------------- configurations


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64", None])
def test_a_configuration_keeps_everything(fast: bool, dtype: str | None) -> None:
    inner = Sequential([Dense(3), Sequential([Dropout(0.5)], "drops")], "inner", seed=4, fast=not fast, dtype=dtype)
    model = Sequential([inner, Dense(2)], "outer", seed=7, fast=fast, dtype=dtype)
    inner.layers[0].trainable = False
    config = json.loads(json.dumps(model.get_config()))
    twin = Sequential.from_config(config)
    assert twin.get_config() == model.get_config() == config
    assert (twin.name, twin.seed, twin.fast) == ("outer", 7, fast)
    assert twin.dtype == model.dtype == np.dtype(dtype or "float32")
    other = twin.get_layer("inner")
    assert isinstance(other, Sequential)
    assert (other.seed, other.fast, other.layers[0].trainable, other.layers[1].name) == (4, not fast, False, "drops")
    for one in (model, twin):
        one.build((3,))
        assert one.get_config()["dtype"] == (dtype or "float32")
    assert [w.tobytes() for w in twin.get_weights()] == [w.tobytes() for w in model.get_weights()]


@pytest.mark.parametrize("key", ["name", "seed", "fast", "dtype", "layers"])
def test_a_configuration_that_lacks_something_is_refused(key: str) -> None:
    config = nested().get_config()
    del config[key]
    with pytest.raises(ValueError, match="from_config: config must be a dict with the keys dtype, fast, layers, name"):
        Sequential.from_config(config)
