"""`layer.trainable = False`: nothing of the layer changes, and no work is done for its gradients."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from networks import small_data, small_network

from numpycnn import Sequential, backend
from numpycnn.common.typing import Array
from numpycnn.engine.fast import im2col, plan, winograd
from numpycnn.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, Layer, MaxPooling2D
from numpycnn.layers.base import Arrays

X, Y = small_data(20)


class Counted(Dense):
    """Counts the calls of the parts of its backward."""

    def __init__(self, units: int, **options: Any) -> None:
        super().__init__(units, **options)
        self.calls: Counter[str] = Counter()

    def backward(self, dy: Array, cache: Any) -> tuple[Array, Arrays]:
        self.calls["backward"] += 1
        return super().backward(dy, cache)

    def parameter_gradients(self, dy: Array, cache: Any) -> Arrays:
        self.calls["parameter_gradients"] += 1
        return super().parameter_gradients(dy, cache)

    def input_gradient(self, dy: Array, cache: Any) -> Array:
        self.calls["input_gradient"] += 1
        return super().input_gradient(dy, cache)


def bytes_of(arrays: Arrays) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in arrays.items()}


def slots_of(model: Sequential, layer: str) -> dict[str, bytes]:
    assert model.optimizer is not None
    slots = model.optimizer.state.items()
    return {
        f"{slot} {name}": a.tobytes() for slot, of in slots for name, a in of.items() if name.startswith(f"{layer}/")
    }


@pytest.mark.parametrize("frozen", [(), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)])
def test_what_is_called_and_what_is_not(frozen: tuple[int, ...]) -> None:
    layers = [Counted(4), Counted(4), Counted(2)]
    model = Sequential(layers, seed=0)
    model.compile("sgd", "mse")
    model.build((3,))
    for index in frozen:
        layers[index].trainable = False
    model.train_on_batch(np.ones((5, 3)), np.ones((5, 2)))
    lowest = min((index for index in range(3) if index not in frozen), default=3)
    for index, layer in enumerate(layers):
        if index < lowest:
            expected = {}
        elif index in frozen:
            expected = {"input_gradient": 1}
        else:
            expected = {"parameter_gradients": 1} if index == lowest else {"backward": 1}
        assert layer.calls == expected, index


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("name", ["conv2d", "dense"])
def test_a_frozen_layer_keeps_its_parameters_and_slots_and_the_others_gradients_are_as_before(
    name: str, fast: bool
) -> None:
    whole, model = small_network(), small_network()
    whole.fast = model.fast = fast
    for one in (whole, model):
        one.train_on_batch(X, Y)
    layer = model.get_layer(name)
    layer.trainable = False
    before, slots = bytes_of(layer.params), slots_of(model, name)
    whole.train_on_batch(X, Y)
    model.train_on_batch(X, Y)
    assert bytes_of(layer.params) == before
    assert slots
    assert slots_of(model, name) == slots
    for other in ("conv2d", "dense", "dense_1"):
        if other != name:  # their gradients were the same, and so is the step
            assert bytes_of(model.get_layer(other).params) == bytes_of(whole.get_layer(other).params)
    layer.trainable = True
    model.train_on_batch(X, Y)
    assert bytes_of(layer.params) != before
    assert slots_of(model, name) != slots


@pytest.mark.parametrize(("channels", "way"), [(4, im2col), (64, winograd)], ids=["im2col", "Winograd"])
def test_a_frozen_convolution_costs_no_product_for_its_kernel_on_the_fast_path(
    channels: int, way: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two convolutions of the same kind; the second is frozen."""
    backend.set_convolution_precision("highest" if way is im2col else "high")
    monkeypatch.setattr(plan, "one_axis_cost", lambda _: 1e9)
    layers: list[Layer] = [
        Conv2D(channels, 3, padding="same", input_shape=(9, 9, channels)),
        Conv2D(channels, 3, padding="same"),
    ]
    layers += [Flatten(), Dense(2)]
    model = Sequential(layers, seed=0)
    model.compile("sgd", "mse")
    x, y = np.ones((2, 9, 9, channels)), np.ones((2, 2))
    products, true = [], way.blocked_matmul_transposed

    def noted(a: Array, *others: Array) -> Array:
        products.append(a.shape)
        return true(a, *others)

    monkeypatch.setattr(way, "blocked_matmul_transposed", noted)
    model.train_on_batch(x, y)
    both, products[:] = len(products), []
    model.layers[1].trainable = False
    model.train_on_batch(x, y)
    assert 0 < len(products) < both
    model.layers[0].trainable, products[:] = False, []
    model.train_on_batch(x, y)
    assert products == []


def test_a_network_that_is_frozen_whole_learns_nothing() -> None:
    model = small_network()
    model.trainable = False
    assert not model.trainable
    before = bytes_of(model.arrays)
    history = model.fit(X, Y, epochs=2, verbose=0)
    assert bytes_of(model.arrays) == before
    assert len(history.history["loss"]) == 2
    assert model.steps == 2
    model.trainable = True
    assert all(layer.trainable for layer in model.layers)


def test_frozen_batch_normalization_uses_and_keeps_its_moving_averages() -> None:
    norm = BatchNormalization()
    model = Sequential([norm, Dense(2)], seed=0, dtype="float64")
    x, y = np.random.default_rng(0).normal(5.0, 2.0, (30, 3)), np.ones((30, 2))
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)
    norm.trainable = False
    moving, params, evaluated = bytes_of(norm.state), bytes_of(norm.params), model.evaluate(x, y, verbose=0)
    assert model.train_on_batch(x, y) == pytest.approx(evaluated, rel=1e-12)  # in inference mode
    assert (bytes_of(norm.state), bytes_of(norm.params)) == (moving, params)
    norm.trainable = True
    model.train_on_batch(x, y)
    assert bytes_of(norm.state) != moving


def test_freezing_a_sequential_freezes_all_inside() -> None:
    inner = Sequential([Dense(4), BatchNormalization(), Sequential([Dense(3)])])
    model = Sequential([Dense(3, input_shape=(3,)), inner, Dense(2)], seed=0)
    model.compile("adam", "mse")
    inner.trainable = False
    assert [layer.trainable for _, layer in model.leaves()] == [True, False, False, False, True]
    before = bytes_of(inner.arrays)
    model.fit(X.reshape(20, -1)[:, :3], Y[:, :2], verbose=0)
    assert bytes_of(inner.arrays) == before
    assert list(model.trained_params) == ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"]
    assert model.optimizer is not None
    assert set(model.optimizer.state["momentum"]) == set(model.trained_params)
    inner.layers[0].trainable = True
    assert inner.trainable
    assert list(inner.trained_params) == ["dense/kernel", "dense/bias"]


def test_the_summary_counts_what_is_trained() -> None:
    model = Sequential([Dense(4, input_shape=(3,)), BatchNormalization(), Dense(2)])
    counts = {"Total params: 42 ": 0, "Trainable params: 34": 0, "Non-trainable params: 8": 0}

    def lines() -> list[str]:
        found: list[str] = []
        model.summary(print_fn=found.append)
        return found[-4:-1]

    for line, start in zip(lines(), counts, strict=True):
        assert line.startswith(start)
    model.layers[0].trainable = False
    assert lines()[1:] == ["Trainable params: 18", "Non-trainable params: 24"]


def test_what_is_frozen_is_so_in_the_configuration_and_the_trace_and_the_profile_show_it_all() -> None:
    model = small_network()
    layer = model.get_layer("dense")
    layer.trainable = False
    assert not Sequential.from_config(model.get_config()).get_layer("dense").trainable
    assert "trainable=False" in repr(layer)
    assert model.trace(X, Y)["dense"].parameter_gradients.keys() == {"kernel", "bias"}
    model.trainable = False
    rows = model.profile(X, Y, repeats=1, print_fn=None)
    assert all(row.backward == 0.0 for row in rows[:-1])  # no layer was asked


def test_trainable_is_true_or_false() -> None:
    with pytest.raises(TypeError, match=r"Dense: trainable must be True or False; received 'no'"):
        Dense.from_config({"units": 3, "trainable": "no"})


def copies(layers: list[Layer]) -> list[Layer]:
    return [type(layer).from_config(layer.get_config()) for layer in layers]


def test_freezing_the_features_trains_the_head_alone_as_without_them() -> None:
    """Transfer: the frozen layers' outputs, computed once, are all that the head learns from."""
    body = [Conv2D(4, 3, activation="relu", input_shape=(8, 8, 1)), MaxPooling2D(2), Flatten()]
    head = [Dense(8, activation="relu"), Dropout(0.0), Dense(3, activation="softmax")]
    model = Sequential([*body, *head], seed=0, dtype="float64")
    for layer in body:
        layer.trainable = False
    features = Sequential(copies(body), dtype="float64")
    features.set_weights(model.get_weights()[:2])
    alone = Sequential(copies(head), seed=0, dtype="float64")
    alone.build(features.shape_out or ())
    alone.set_weights(model.get_weights()[2:])
    for one in (model, alone):
        one.compile("adam", "categorical_crossentropy")
    model.fit(X, Y, 5, epochs=3, verbose=0, shuffle=False)
    alone.fit(features.predict(X), Y, 5, epochs=3, verbose=0, shuffle=False)
    for ours, theirs in zip(model.get_weights()[2:], alone.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)
