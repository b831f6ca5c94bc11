"""Activations as objects: Keras's names and figures, settings, one's own, files, and the layers made of them."""

import inspect
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from numpycnn import Sequential, activations, load_model
from numpycnn import functional as F
from numpycnn.activations import ACTIVATIONS, ActivationFunction
from numpycnn.common.typing import Array
from numpycnn.gradcheck import gradcheck
from numpycnn.layers import (
    ELU,
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Layer,
    LeakyReLU,
    MaxPooling2D,
    PReLU,
    ReLU,
    Softmax,
)

Z = [-4.0, -1.5, -0.25, 0.75, 2.0]

# What keras.activations of Keras 3.15.1 gave for Z, on JAX in float64
KERAS: list[tuple[str, dict[str, Any], list[float]]] = [
    ("celu", {}, [-0.9816843611112658, -0.7768698398515702, -0.22119921692859512, 0.75, 2.0]),
    ("celu", {"alpha": 0.5}, [-0.49983226868604874, -0.475106465816068, -0.19673467014368326, 0.75, 2.0]),
    ("elu", {}, [-0.9816843611112658, -0.7768698398515702, -0.22119921692859512, 0.75, 2.0]),
    ("elu", {"alpha": 0.5}, [-0.4908421805556329, -0.3884349199257851, -0.11059960846429756, 0.75, 2.0]),
    (
        "exponential",
        {},
        [0.018315638888734182, 0.22313016014842982, 0.7788007830714049, 2.117000016612675, 7.38905609893065],
    ),
    (
        "gelu",
        {},
        [-0.00012668496733247945, -0.10021080190328709, -0.10032341857926907, 0.5800294857173488, 1.9544997361036416],
    ),
    (
        "gelu",
        {"approximate": True},
        [-7.02459481924933e-05, -0.10042842301976715, -0.100324649298315, 0.5799605551656203, 1.954597694087775],
    ),
    ("hard_shrink", {}, [-4.0, -1.5, 0.0, 0.75, 2.0]),
    ("hard_sigmoid", {}, [0.0, 0.25, 0.4583333333333333, 0.625, 0.8333333333333333]),
    ("hard_silu", {}, [-0.0, -0.375, -0.11458333333333333, 0.46875, 1.6666666666666665]),
    ("hard_tanh", {}, [-1.0, -1.0, -0.25, 0.75, 1.0]),
    ("leaky_relu", {}, [-0.8, -0.30000000000000004, -0.05, 0.75, 2.0]),
    ("leaky_relu", {"negative_slope": 0.1}, [-0.4, -0.15000000000000002, -0.025, 0.75, 2.0]),
    ("linear", {}, Z),
    (
        "log_sigmoid",
        {},
        [-4.0181499279178094, -1.7014132779827524, -0.8259394198788437, -0.3868710061149, -0.1269280110429725],
    ),
    (
        "log_softmax",
        {},
        [-6.353877143657753, -3.8538771436577526, -2.6038771436577526, -1.6038771436577526, -0.35387714365775264],
    ),
    (
        "mish",
        {},
        [-0.07259174079202536, -0.2980997421668068, -0.12992696367914106, 0.6100183352182934, 1.9439589595339946],
    ),
    ("relu", {}, [0.0, 0.0, 0.0, 0.75, 2.0]),
    ("relu", {"negative_slope": 0.5, "max_value": 1.5, "threshold": 0.5}, [-2.25, -1.0, -0.375, 0.75, 1.5]),
    ("relu6", {}, [0.0, 0.0, 0.0, 0.75, 2.0]),
    (
        "selu",
        {},
        [-1.7258986281898945, -1.3658143533672527, -0.3888901974781189, 0.7880257405166103, 2.101401974710961],
    ),
    (
        "silu",
        {},
        [-0.07194483984836623, -0.2736382857095345, -0.10945587477855048, 0.5093840243815447, 1.7615941559557646],
    ),
    ("soft_shrink", {}, [-3.5, -1.0, 0.0, 0.25, 1.5]),
    (
        "softplus",
        {},
        [0.01814992791780974, 0.2014132779827524, 0.5759394198788437, 1.1368710061148999, 2.1269280110429727],
    ),
    ("softsign", {}, [-0.8, -0.6, -0.2, 0.42857142857142855, 0.6666666666666666]),
    ("sparse_plus", {}, [0.0, 0.0, 0.140625, 0.765625, 2.0]),
    ("sparse_sigmoid", {}, [0.0, 0.0, 0.375, 0.875, 1.0]),
    ("sparsemax", {}, [0.0, 0.0, 0.0, 0.0, 1.0]),
    ("squareplus", {}, [0.2360679774997898, 0.5, 0.8827822185373186, 1.4430004681646913, 2.414213562373095]),
    (
        "squareplus",
        {"b": 1.0},
        [0.06155281280883029, 0.15138781886599728, 0.3903882032022076, 1.0, 2.118033988749895],
    ),
    (
        "tanh_shrink",
        {},
        [-3.0006707002609327, -0.5948517463551335, -0.005081337596290897, 0.11485104761271259, 1.035972419924183],
    ),
    ("threshold", {"threshold": 0.5, "default_value": -1.0}, [-1.0, -1.0, -1.0, 0.75, 2.0]),
]


@pytest.mark.parametrize(("name", "settings", "expected"), KERAS)
def test_functions_give_the_keras_figures(name: str, settings: dict[str, Any], expected: list[float]) -> None:
    np.testing.assert_allclose(getattr(activations, name)(np.array(Z), **settings), expected, rtol=1e-13, atol=1e-15)


def test_glu_gives_the_keras_figures() -> None:
    expected = [-1.0187680487630895, -0.22019926949447058]
    np.testing.assert_allclose(activations.glu(np.array(Z[1:])), expected, rtol=1e-14)


def test_every_name_of_keras_is_there() -> None:
    names = """celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear
        log_sigmoid log_softmax mish relu relu6 selu sigmoid silu swish soft_shrink softmax softplus softsign sparse_plus
        sparse_sigmoid sparsemax squareplus tanh tanh_shrink threshold"""
    assert ACTIVATIONS.keys() == set(names.split())
    assert activations.swish is activations.silu
    assert activations.hard_swish is activations.hard_silu


# ---------------------------------------------------------------- the error function


def test_the_error_function_is_that_of_the_c_library() -> None:
    x = np.concatenate([np.linspace(-30, 30, 60_001), [0.46875, -0.46875, 4.0, -4.0, 1e-300, 1e300, -1e300, np.inf]])
    np.testing.assert_allclose(F.erf(x), [math.erf(t) for t in x], rtol=1e-15, atol=0)
    np.testing.assert_allclose(F.erfc(x), [math.erfc(t) for t in x], rtol=2e-15, atol=1e-300)


def test_gelu_in_float32_is_that_of_float64() -> None:
    """To the rounding of z**2/2 in the exponent, and down to the smallest normal number."""
    z = np.linspace(-15, 15, 60_001, dtype=np.float32)
    one, wide = np.ones_like(z), z.astype(np.float64)
    bound = np.finfo(np.float32).eps * (4 + wide**2)
    y, exact = F.gelu(z), F.gelu(wide)
    dz, slope = F.gelu_backward(one, z, z), F.gelu_backward(one, wide, wide)
    terms = np.where(z < 0, (1 + np.abs(wide)) * np.exp(-(wide**2) / 2), 2)  # of the derivative, at most
    assert y.dtype == dz.dtype == np.float32
    assert F.gelu(z[7]) == y[7]
    assert np.all(np.abs(y - exact) <= bound * np.maximum(np.abs(exact), 1e-38))
    assert np.all(np.abs(dz - slope) <= bound * np.maximum(terms, 1e-38))


# ---------------------------------------------------------------- objects


def test_calls_take_what_numpy_takes() -> None:
    assert activations.relu([-1, 2]).dtype == np.float32  # the backend's floatx
    assert activations.relu(np.array([-1.0, 2.0])).tolist() == [0.0, 2.0]
    assert activations.relu([-1.0, 8.0], 0.5, 3.0).tolist() == [-0.5, 3.0]
    assert activations.softmax(np.zeros((2, 4), np.float32), axis=0).tolist() == [[0.5] * 4] * 2


def test_settings_are_shown() -> None:
    assert list(inspect.signature(activations.relu).parameters) == ["x", "negative_slope", "max_value", "threshold"]
    slow = activations.leaky_relu.with_settings(negative_slope=0.1)
    assert repr(slow) == "leaky_relu(negative_slope=0.1)"
    assert repr(activations.leaky_relu) == "leaky_relu"
    assert slow.get_config() == {"negative_slope": 0.1}
    assert "max_value" in (activations.relu.__doc__ or "")


def test_equal_activations_have_equal_functions_and_settings() -> None:
    relu, leaky = activations.relu, activations.leaky_relu
    assert relu.with_settings(negative_slope=0.0) == relu == pickle.loads(pickle.dumps(relu))  # noqa: S301
    assert relu.with_settings(max_value=6.0) != relu
    assert leaky.with_settings(0.1).with_settings(negative_slope=0.2) == leaky
    assert len({relu, relu.with_settings(), activations.tanh}) == 2
    assert relu != "relu"
    assert pickle.loads(pickle.dumps(relu.with_settings(max_value=6.0)))([9.0]).tolist() == [6.0]  # noqa: S301


@pytest.mark.parametrize("name", sorted(ACTIVATIONS.keys() - {"threshold"}))
def test_get_is_the_inverse_of_serialize(name: str) -> None:
    activation = activations.get(name)
    assert activation is ACTIVATIONS[name] is activations.get(activation)
    assert activations.get(activations.serialize(activation)) is activation


def test_settings_are_serialized() -> None:
    activation = activations.threshold.with_settings(0.5, default_value=-1)
    described = activations.serialize(activation)
    assert described == {"class_name": "threshold", "config": {"threshold": 0.5, "default_value": -1.0}}
    assert activations.get(described) == activation
    assert activations.get(None) is activations.linear


# ---------------------------------------------------------------- one's own


def cube(z: Array) -> Array:
    """y = z**3."""
    return z**3


def cube_backward(dy: Array, z: Array, y: Array) -> Array:
    return dy * 3 * z**2


OWN = ActivationFunction(cube, cube_backward)


def test_an_activation_of_ones_own(tmp_path: Path) -> None:
    """It trains and is checked; a model with it has a configuration, and a file has its name."""
    model = Sequential([Dense(4, activation=OWN, input_shape=(3,)), Activation(OWN), Dense(2)], seed=1, dtype="float64")
    model.compile("sgd", "mse")
    x, y = np.random.default_rng(0).normal(size=(2, 8, 3))
    assert gradcheck(model, x, y[:, :2]).passed
    assert model.fit(x, y[:, :2], verbose=0).history["loss"][0] > 0
    assert model.layers[0].activation.name == "cube"
    assert model.layers[0].activation(np.array([2.0])).tolist() == [8.0]
    assert "cube" in repr(model.layers[0])
    twin = Sequential.from_config(model.get_config())
    assert twin.layers[0].activation is OWN
    model.save(tmp_path / "model.safetensors")
    loaded = load_model(tmp_path / "model.safetensors", custom_objects={"cube": OWN})
    assert loaded.layers[1].activation is OWN
    nameless = Sequential([Dense(4, activation=lambda z: z**3, input_shape=(3,))])
    with pytest.raises(
        ValueError, match="lambda: an activation of one's own cannot be saved; only its layer's weights"
    ):
        nameless.save(tmp_path / "nameless.safetensors")
    nameless.save_weights(tmp_path / "weights.safetensors")
    assert not (tmp_path / "nameless.safetensors").exists()


def test_a_wrong_backward_of_ones_own_is_noticed() -> None:
    wrong = ActivationFunction(cube, lambda dy, z, y: dy * 2 * z**2, name="wrong")
    model = Sequential([Dense(3, activation=wrong, input_shape=(3,))], seed=1, dtype="float64")
    model.compile("sgd", "mse")
    x, y = np.random.default_rng(0).normal(size=(2, 8, 3))
    assert not gradcheck(model, x, y).passed


def test_ones_own_may_have_settings_and_the_name_of_another() -> None:
    def relu(z: Array, slope: float = 0.5) -> Array:
        return np.where(z.real > 0, z, slope * z)

    own = ActivationFunction(relu, lambda dy, z, y, slope=0.5: np.where(z.real > 0, dy, slope * dy))
    assert own.with_settings(slope=0.25)([-4.0]).tolist() == [-1.0]
    with pytest.raises(ValueError, match="relu: an activation of one's own"):
        activations.serialize(own)
    nameless = ActivationFunction(np.square, cube_backward, name="square")
    assert nameless([3.0]).tolist() == [9.0]


# ---------------------------------------------------------------- layers


def called(layer: Layer, x: Any) -> list[Any]:
    return layer(np.array(x, np.float64)).tolist()


def test_layers_give_the_keras_figures() -> None:
    """The examples in the docstrings of Keras's layers."""
    x = [-10.0, -5.0, 0.0, 5.0, 10.0]
    assert called(ReLU(), [x]) == [[0.0, 0.0, 0.0, 5.0, 10.0]]
    assert called(ReLU(max_value=10, negative_slope=0.5), [x]) == [[-5.0, -2.5, 0.0, 5.0, 10.0]]
    assert called(LeakyReLU(negative_slope=0.5), [x]) == [[-5.0, -2.5, 0.0, 5.0, 10.0]]
    assert called(LeakyReLU(), [[-10.0]]) == [[-3.0]]
    assert called(ReLU(10, 0.5, 4), [[0.0, 5.0, 20.0]]) == [[-2.0, 5.0, 10.0]]
    assert called(ELU(2.0), [[-math.log(2), 3.0]]) == [[-1.0, 3.0]]
    assert called(ELU(), [[-math.log(2)]]) == [[-0.5]]
    assert called(Softmax(), [[[0.0, 0.0], [3.0, 3.0]]]) == [[[0.5, 0.5], [0.5, 0.5]]]
    assert called(Softmax(axis=1), [[[0.0, 3.0], [0.0, 3.0]]]) == [[[0.5, 0.5], [0.5, 0.5]]]
    np.testing.assert_allclose(called(Softmax(), [[1.0, 2.0, 1.0]]), [[0.21194157, 0.5761169, 0.21194157]], rtol=1e-7)


@pytest.mark.parametrize("layer", [ReLU(6, 0.25, 0.5), LeakyReLU(0.125), ELU(0.5), Softmax(1)], ids=repr)
def test_a_layers_settings_are_in_its_configuration(layer: Layer) -> None:
    """The configuration has no more to say than the arguments: of the function, the rest is fixed."""
    x = [[[-3.0, 0.25], [0.75, 9.0]]]
    twin = type(layer).from_config(layer.get_config())
    assert twin.activation == layer.activation
    assert called(twin, x) == called(layer, x) != called(Activation("linear"), x)


def test_prelu_learns_its_slopes() -> None:
    layer = PReLU(shared_axes=[1, 2])
    x = np.array([-1.0, 2.0, -3.0, 4.0, -5.0, 6.0, -7.0, 8.0]).reshape(1, 2, 2, 2)
    assert layer(x).min() == 0.0
    assert layer.params["alpha"].shape == (1, 1, 2)
    layer.set_weights([np.array([[[0.5, 9.0]]])])
    y, cache = layer.forward(x)
    assert y.ravel().tolist() == [-0.5, 2.0, -1.5, 4.0, -2.5, 6.0, -3.5, 8.0]
    dx, gradients = layer.backward(np.ones_like(x), cache)
    assert dx.ravel().tolist() == [0.5, 1.0] * 4
    assert gradients["alpha"].tolist() == [[[-16.0, 0.0]]]
    assert PReLU(shared_axes=1).get_config()["shared_axes"] == [1]
    assert PReLU("ones").get_config()["shared_axes"] is None
    ones = PReLU("ones", input_shape=(3,))
    ones.build((3,))
    assert ones.params["alpha"].tolist() == [1.0, 1.0, 1.0]


def test_a_layer_is_an_activation() -> None:
    layer = Conv2D(2, 3, activation=LeakyReLU(0.1))
    assert layer.activation == activations.leaky_relu.with_settings(negative_slope=0.1)
    assert layer.get_config()["activation"] == {"class_name": "leaky_relu", "config": {"negative_slope": 0.1}}
    assert Dense(2, activation=Activation("tanh")).activation is activations.tanh
    assert Dense(2, activation=ReLU()).get_config()["activation"] == "relu"


def test_a_layer_with_weights_is_an_activation_too(tmp_path: Path) -> None:
    """As in Keras it is one layer, with the weights of both: kernel, bias, alpha."""
    made: Any = Dense(3, activation=PReLU("ones"), use_bias=False, name="both", input_shape=(4,))
    model = Sequential([made, Dense(2, activation=BatchNormalization())], seed=0)
    assert [layer.name for layer in model.layers] == ["both", "sequential"]
    assert [w.shape for w in model.get_weights()] == [(4, 3), (3,), (3, 2), *[(2,)] * 5]
    x, apart = np.random.default_rng(0).normal(size=(5, 4)), Sequential([Dense(3, use_bias=False), PReLU()])
    apart.build((4,))
    apart.set_weights(model.get_weights()[:2])
    np.testing.assert_array_equal(made(x), apart.predict(x))
    alone = Sequential([made])
    alone.save(tmp_path / "model.safetensors")
    assert load_model(tmp_path / "model.safetensors").get_config() == alone.get_config()
    with pytest.raises(TypeError, match=r"dense: a layer as activation must be one of .*; or any, in activation="):
        Dense(3, PReLU())


def test_glu_halves_what_a_layer_gives() -> None:
    """Keras's Dense would call it (n, 4), and fail at the next layer."""
    model = Sequential([Conv2D(4, 2, activation="glu", input_shape=(3, 3, 1)), Dense(4, activation="glu"), Dense(1)])
    assert model.layers[0].shape_out == (2, 2, 2)
    assert model.layers[1].shape_out == (2, 2, 2)
    assert model.predict(np.ones((2, 3, 3, 1))).shape == (2, 2, 2, 1)


def test_a_model_of_them_is_saved_and_trains_on(tmp_path: Path) -> None:
    layers = [
        Conv2D(2, 2, activation=activations.elu.with_settings(alpha=0.5), input_shape=(4, 4, 1)),
        PReLU(shared_axes=[1, 2]),
        Conv2D(2, 2),
        ReLU(max_value=6),
        Softmax(axis=1),
    ]
    model = Sequential(layers, seed=3)
    model.compile("sgd", "mse")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 4, 4, 1)), rng.normal(size=(6, 2, 2, 2))
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model.safetensors")
    loaded = load_model(tmp_path / "model.safetensors")
    assert loaded.get_config() == model.get_config()
    for each in (model, loaded):
        each.fit(x, y, verbose=0)
    assert loaded.predict(x).tobytes() == model.predict(x).tobytes()


@pytest.mark.parametrize("rectifier", [ReLU(), ReLU(max_value=0.5), LeakyReLU(0.5), Activation("relu6")], ids=repr)
def test_the_fast_path_fuses_a_plain_relu_alone(rectifier: Layer) -> None:
    """And gives what the layers give."""
    x = np.random.default_rng(0).normal(size=(3, 6, 6, 1))
    outputs = []
    for fast in (True, False):
        layers = [Conv2D(3, 3, input_shape=(6, 6, 1)), type(rectifier).from_config(rectifier.get_config())]
        model = Sequential([*layers, MaxPooling2D(2)], seed=1, fast=fast, dtype="float64")
        outputs.append(model.predict(x))
    np.testing.assert_allclose(outputs[0], outputs[1], rtol=1e-12)
