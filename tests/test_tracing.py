"""`Sequential.trace`: every number of it against nested loops, differences, and what training computes."""

from itertools import pairwise
from typing import Any

import numeric
import numpy as np
import pytest
from networks import CLASSES, fingerprint, small_data, small_network

from numpycnn import Input, Sequential, backend, reference
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.engine import training, workers
from numpycnn.engine.batching import Data
from numpycnn.engine.split import in_one_piece
from numpycnn.engine.training import Position
from numpycnn.layers import (
    Activation,
    BatchNormalization,
    Branches,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPooling2D,
    Residual,
)
from numpycnn.optimizers import SGD
from numpycnn.show import trace as trace_module
from numpycnn.show.trace import Trace


def float64_network(layers: list[Layer], loss: str = "categorical_crossentropy") -> Sequential:
    backend.set_floatx("float64")
    network = Sequential(layers, seed=3)
    network.compile("sgd", loss)
    return network


def all_kinds(data_format: str = "channels_last") -> list[Layer]:
    shape = (2, 7, 6) if data_format == "channels_first" else (7, 6, 2)
    return [
        Conv2D(3, (3, 2), padding="same", activation="tanh", data_format=data_format, input_shape=shape),
        MaxPooling2D((3, 2), strides=(2, 2), data_format=data_format),
        Conv2D(2, 2, activation="relu", bias_initializer="random_normal", data_format=data_format),
        Dropout(0.3),
        Flatten(data_format),
        Dense(5, activation="sigmoid"),
        Dense(CLASSES, activation="softmax"),
    ]


def batch(network: Sequential, n: int = 3) -> tuple[Array, Array]:
    assert network.shape_in is not None
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, *network.shape_in)), np.eye(CLASSES)[rng.integers(0, CLASSES, n)]


@pytest.mark.parametrize(
    ("loss", "data_format", "trained"),  # every value; in the deep profile every two together
    [
        ("categorical_crossentropy", "channels_first", True),
        ("mse", "channels_last", False),
        pytest.param("categorical_crossentropy", "channels_last", False, marks=pytest.mark.deep),
        pytest.param("mse", "channels_last", True, marks=pytest.mark.deep),
        pytest.param("mse", "channels_first", False, marks=pytest.mark.deep),
    ],
)
def test_every_gradient_is_what_differences_give(loss: str, data_format: str, trained: bool) -> None:
    """The loss as a function of any layer's input: the layers after it, called one by one."""
    network = float64_network(all_kinds(data_format), loss)
    x, y = batch(network, 1)
    trace = network.trace(x, y, training=trained)

    def loss_from(first: int, value: Array) -> float:
        for index, layer in list(enumerate(network.layers))[first:]:
            value, _ = layer.forward(value, training=trained, rng=Position(3, 0).rng(0).spawn(index + 1)[index])
        assert network.loss is not None
        return network.loss(y, value)

    traces = list(trace.layers.values())
    for index, layer in enumerate(traces):
        assert layer.input_gradient is not None
        true = numeric.central_difference(lambda value, k=index: loss_from(k, value), layer.input)  # type: ignore[misc]
        assert numeric.error(layer.input_gradient, true) < 1e-7
    assert trace.last.output_gradient is not None
    true = numeric.central_difference(lambda value: loss_from(len(traces), value), trace.output)
    assert numeric.error(trace.last.output_gradient, true) < 1e-7
    np.testing.assert_array_equal(trace.output_gradient, trace.last.output_gradient)
    for one, following in pairwise(traces[:-1]):
        assert one.output is following.input
        assert one.output_gradient is following.input_gradient


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "mse"])
def test_the_parameters_gradients_are_those_of_training(loss: str) -> None:
    network = float64_network(all_kinds(), loss)
    x, y = batch(network)
    trace = network.trace(x, y, training=True)
    assert network.loss is not None
    objective = training.make_objective(network, network.loss, network.dtype, fast=False)
    step = training.batch_gradients(objective, Position(3, 0), Data(x, y), np.arange(len(x)))
    result, gradients = step.result, training.total(step.terms)
    traced = {
        f"{layer.name}/{key}": g for layer in trace.layers.values() for key, g in layer.parameter_gradients.items()
    }
    assert traced.keys() == gradients.keys()
    for name, gradient in gradients.items():
        assert numeric.error(traced[name], gradient) < 1e-14
    assert trace.losses is not None
    np.testing.assert_allclose(trace.losses, result.losses, rtol=1e-14)
    assert trace.loss == pytest.approx(result.losses.mean(), rel=1e-14)
    np.testing.assert_allclose(trace.output, result.y_pred, rtol=1e-14)


def test_softmax_and_cross_entropy_give_p_minus_y() -> None:
    network = float64_network(all_kinds())
    x, y = batch(network)
    trace = network.trace(x, y)
    np.testing.assert_allclose(trace.last.inside_gradients["pre_activation"], (trace.output - y) / len(x), atol=1e-16)
    assert trace.targets is not None
    assert trace.targets.tolist() == y.tolist()


def test_the_same_with_the_softmax_in_a_layer_of_its_own() -> None:
    network = float64_network([Dense(CLASSES, input_shape=(4,)), Activation("softmax")])
    x, y = batch(network)
    trace = network.trace(x, y)
    assert trace["activation"].input_gradient is not None
    np.testing.assert_allclose(trace["activation"].input_gradient, (trace.output - y) / len(x), atol=1e-16)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_what_is_inside_a_convolution(data_format: str) -> None:
    network = float64_network(all_kinds(data_format))
    x, y = batch(network)
    conv = network.trace(x, y)["conv2d_1"]

    def last(a: Array) -> Array:
        return a.transpose(0, 2, 3, 1) if data_format == "channels_first" else a

    image, (_, oh, ow, _) = last(conv.input), conv.inside["pre_activation"].shape
    assert conv.inside["patches"].shape == (len(x), oh * ow, 2 * 2 * image.shape[3])
    for n, i, j, u, v, c in np.ndindex(len(x), oh, ow, 2, 2, image.shape[3]):
        assert conv.inside["patches"][n, i * ow + j, (u * 2 + v) * image.shape[3] + c] == image[n, i + u, j + v, c]
    kernel, bias = conv.parameters["kernel"], conv.parameters["bias"]
    np.testing.assert_allclose(conv.inside["pre_activation"], reference.conv2d(image, kernel, bias), rtol=1e-12)
    np.testing.assert_array_equal(last(conv.output), np.maximum(conv.inside["pre_activation"], 0))
    dz, dpatches = conv.inside_gradients["pre_activation"], conv.inside_gradients["patches"]
    assert conv.output_gradient is not None
    assert conv.input_gradient is not None
    np.testing.assert_array_equal(dz, np.where(conv.inside["pre_activation"] > 0, last(conv.output_gradient), 0))
    summed = np.zeros(image.shape)
    for n, i, j, u, v, c in np.ndindex(len(x), oh, ow, 2, 2, image.shape[3]):
        summed[n, i + u, j + v, c] += dpatches[n, i * ow + j, (u * 2 + v) * image.shape[3] + c]
    np.testing.assert_allclose(last(conv.input_gradient), summed, rtol=1e-12, atol=1e-18)
    dkernel = sum(conv.inside["patches"][n].T @ dz[n].reshape(oh * ow, -1) for n in range(len(x)))
    np.testing.assert_allclose(
        conv.parameter_gradients["kernel"], dkernel.reshape(kernel.shape), rtol=1e-10, atol=1e-17
    )


def test_what_is_inside_the_others() -> None:
    network = float64_network(all_kinds())
    x, y = batch(network)
    trace = network.trace(x, y, training=True)
    pool, dropout, dense = trace["max_pooling2d"], trace["dropout"], trace["dense"]
    _, oh, ow, _ = pool.output.shape
    for n, i, j, c in np.ndindex(len(x), oh, ow, 3):
        u, v = divmod(int(pool.inside["winner"][n, i, j, c]), 2)
        assert pool.input[n, 2 * i + u, 2 * j + v, c] == pool.output[n, i, j, c]
    np.testing.assert_array_equal(dropout.output, dropout.input * dropout.inside["mask"])
    assert set(np.unique(dropout.inside["mask"])) == {0.0, 1 / 0.7}
    assert network.trace(x)["dropout"].inside["mask"].min() == 1.0
    scores = dense.input @ dense.parameters["kernel"] + dense.parameters["bias"]
    np.testing.assert_allclose(dense.inside["pre_activation"], scores, rtol=1e-12)
    np.testing.assert_allclose(dense.output, 1 / (1 + np.exp(-scores)), rtol=1e-12)
    assert trace["flatten"].inside == {}


def test_the_masks_are_those_of_the_next_step_of_training() -> None:
    """Others for each seed and step: with weights that stay as they are, nothing else tells the losses apart."""
    x, y = small_data(4)
    losses = set()
    for seed in (0, 1):
        network = small_network(seed, compiled=False)
        network.set_weights(small_network(seed=0).get_weights())
        network.compile(SGD(learning_rate=0.0), "categorical_crossentropy")
        for _ in range(2):
            loss = network.trace(x, y, training=True).loss
            assert network.train_on_batch(x, y) == pytest.approx(loss, rel=1e-5)
            losses.add(loss)
        assert network.trace(x, y).loss == pytest.approx(network.evaluate(x, y, verbose=0), rel=1e-5)
    assert len(losses) == 4


def masks_of_training(model: Sequential, x: Array, y: Array) -> dict[str, Array]:
    """The masks that each Dropout used in a step of `train_on_batch`, by its path, in the order of the examples."""
    found: dict[str, list[Array]] = {}
    with pytest.MonkeyPatch.context() as patch:
        for path, layer in model.leaves():
            if isinstance(layer, Dropout):

                def noted(shape: Shape, rng: Rng | None, of: Dropout = layer, name: str = str(path)) -> Array:
                    kept = Dropout.draw(of, shape, rng)
                    found.setdefault(name, []).append(kept)
                    return kept

                patch.setattr(layer, "draw", noted)
        model.train_on_batch(x, y)
    return {name: np.concatenate(masks) for name, masks in found.items()}


@pytest.mark.parametrize("fast", [True, False])
def test_the_masks_are_those_of_every_micro_batch(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """In chains inside too, on both paths, step after step."""
    monkeypatch.setattr(training, "min_examples", lambda network: 3)
    monkeypatch.setattr(workers, "processors", lambda: 1)  # micro-batches come one after the other
    monkeypatch.setattr(trace_module, "min_examples", lambda network: 3)
    inner = Sequential([Dense(9, activation="tanh"), Dropout(0.25), Sequential([Dropout(0.5)])])
    layers = [Conv2D(3, 3, activation="relu", input_shape=(8, 8, 1)), MaxPooling2D(2), Dropout(0.5), Flatten(), inner]
    model = Sequential([*layers, Dense(CLASSES, activation="softmax")], seed=2, fast=fast)
    model.compile("sgd", "categorical_crossentropy")
    x, y = small_data(10)
    for _ in range(2):
        trace = model.trace(x, training=True)
        used = masks_of_training(model, x, y)
        assert used.keys() == {"dropout", "sequential/dropout", "sequential/sequential/dropout"}
        for name, kept in used.items():
            np.testing.assert_array_equal(trace[name].inside["mask"] > 0, kept)


def test_a_batch_in_one_piece_has_the_gradients_of_its_micro_batches() -> None:
    """`in_one_piece`, which divides the batch where training does, forward and back."""
    inner = Sequential([Dense(9, activation="tanh"), Dropout(0.25)])
    model = Sequential([Dense(4, input_shape=(3,)), inner, BatchNormalization(), Dense(2)], seed=2, dtype="float64")
    model.layers[0].trainable = False
    x, dy, position = np.random.default_rng(0).normal(size=(10, 3)), np.ones((10, 2)), Position(2, 5)
    whole = in_one_piece(model, position, [slice(0, 10)])
    plain = model.forward(x, training=True, rng=position.rng(0))
    y, caches = whole.forward(x, training=True, rng=position.rng(0))
    np.testing.assert_array_equal(y, plain[0])
    dx, gradients = whole.backward(dy, caches)
    expected_dx, expected = model.backward(dy, plain[1])
    np.testing.assert_allclose(dx, expected_dx, rtol=1e-12, atol=1e-15)
    assert gradients.keys() == expected.keys() == {name for name in model.params if not name.startswith("dense/")}


def test_a_trace_changes_nothing_and_shares_nothing() -> None:
    network = small_network()
    x, y = small_data(4)
    network.fit(x, y, verbose=0)
    before, data = fingerprint(network), x.copy()
    trace = network.trace(x, y, training=True)
    for layer in trace.layers.values():
        for array in (layer.input, *layer.parameters.values()):
            array[...] = 0
    assert fingerprint(network) == before
    assert x.tobytes() == data.tobytes()


def test_without_targets_there_are_no_gradients_and_no_need_to_compile() -> None:
    network = small_network(compiled=False)
    x, _ = small_data(4)
    trace = network.trace(x)
    assert isinstance(trace, Trace)
    np.testing.assert_allclose(trace.output, network.predict(x), rtol=1e-5)
    assert trace.output.dtype == np.float32
    assert (trace.loss, trace.losses, trace.targets) == (None, None, None)
    assert trace["conv2d"].input_gradient is None
    assert trace["conv2d"].parameter_gradients == {}
    assert list(trace.layers) == [layer.name for layer in network.layers]


def test_labels_are_shown_as_one_hot_targets() -> None:
    network = small_network(compiled=False)
    network.compile("sgd", "sparse_categorical_crossentropy")
    x, y = small_data(4)
    targets = network.trace(x, y.argmax(axis=1)).targets
    assert targets is not None
    assert targets.tolist() == y.tolist()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"x": np.zeros((2, 8, 7, 1))},
            ValueError,
            r"conv2d: expected x of shape \(n, 8, 8, 1\); received \(2, 8, 7, 1\)",
        ),
        ({"y": np.zeros((3, CLASSES))}, ValueError, r"sequential.trace: expected the same number of examples"),
        ({"training": 1}, TypeError, r"sequential.trace: training must be True or False; received 1"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    x, y = small_data(2)
    with pytest.raises(error, match=message):
        small_network().trace(**{"x": x, "y": y, **arguments})


def test_targets_need_a_loss() -> None:
    with pytest.raises(ValueError, match=r"sequential.trace: the model is not compiled"):
        small_network(compiled=False).trace(*small_data(2))


# ------------------------------------------------------------ layers that consist of others


@pytest.mark.parametrize("trained", [True, False])
def test_blocks_have_traces_of_their_own(trained: bool) -> None:
    layers: list[Layer] = [
        Residual([Conv2D(2, 3, padding="same"), BatchNormalization()]),
        Branches([[Conv2D(3, 1)], [Residual([Dropout(0.5)])]]),
        Sequential([Flatten(), Dense(4, activation="tanh")]),
        Dense(3, activation="softmax"),
    ]
    model = Sequential([Input((4, 4, 2)), *layers], seed=0, dtype="float64")
    model.compile("sgd", "categorical_crossentropy")
    rng = np.random.default_rng(0)
    trace = model.trace(rng.normal(size=(5, 4, 4, 2)), np.eye(3)[[0, 1, 2, 0, 1]], training=trained)
    found: Any = trace
    residual, main, shortcut = (found[name] for name in ("residual", "residual/main", "residual/shortcut"))
    np.testing.assert_array_equal(residual.output, main.output + shortcut.output)
    np.testing.assert_array_equal(shortcut.output, residual.input)
    np.testing.assert_array_equal(residual.input_gradient, main.input_gradient + shortcut.input_gradient)
    branches, last = found["branches"], found["branches/branch_1"]
    np.testing.assert_array_equal(branches.input, residual.output)
    np.testing.assert_array_equal(branches.output[..., 3:], last.output)
    np.testing.assert_array_equal(branches.output_gradient, trace["sequential"].input_gradient)
    assert list(trace) == [str(path) for path, _ in model.leaves()]
    assert len(trace) == len(list(trace))
    assert branches.kind == "Branches"
    with pytest.raises(KeyError, match="no layer 'nowhere' in the trace; there are residual/main, "):
        trace["nowhere"]
