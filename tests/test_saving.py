"""Models in files: what comes back is what was saved, to the byte, and a file tells what it holds."""

import hashlib
import json
import math
import os
import pathlib
import re
import textwrap
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import LAYERS as DRAWN_LAYERS
from hypothesis import given
from hypothesis import strategies as st
from networks import CLASSES, fingerprint, small_data, small_network

from numpycnn import Sequential, backend, constraints, layers, load_model, regularizers
from numpycnn.activations import ActivationFunction
from numpycnn.common.configuration import REGISTERED
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.files import ModelFileError, container, description
from numpycnn.initializers import Initializer, VarianceScaling
from numpycnn.layers import Activation, BatchNormalization, Conv2D, Dense, Dropout, Flatten, Input, Layer
from numpycnn.losses import CategoricalCrossentropy, FunctionLoss
from numpycnn.models import clone_model
from numpycnn.optimizers import SGD, Adam, Optimizer, RMSprop

OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {
    "sgd": SGD,
    "momentum": lambda: SGD(0.01, momentum=0.9, nesterov=True),
    "rmsprop": RMSprop,
    "centered": lambda: RMSprop(momentum=0.5, centered=True, epsilon=1e-3),
    "adam": lambda: Adam(beta_1=0.8),
}


def trained(optimizer: str = "rmsprop") -> Sequential:
    network = small_network(compiled=False)
    network.compile(OPTIMIZERS[optimizer](), CategoricalCrossentropy(), ["accuracy"])
    network.fit(*small_data(), batch_size=20, epochs=2, verbose=0, validation_split=0.2)
    return network


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.safetensors"


# ---------------------------------------------------------------- whole models


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_loaded_model_is_the_saved_one_and_trains_on_as_it_would(path: Path, optimizer: str) -> None:
    saved = trained(optimizer)
    saved.save(path)
    loaded = load_model(path)
    x, y = small_data(seed=1)
    assert fingerprint(loaded) == fingerprint(saved)
    assert loaded.get_config() == saved.get_config()
    assert loaded.metrics_names == saved.metrics_names
    assert loaded.predict(x).tobytes() == saved.predict(x).tobytes()
    assert loaded.history is not None
    assert loaded.history.epoch == [0, 1]
    for network in (saved, loaded):
        network.fit(x, y, batch_size=20, epochs=2, verbose=0)
    assert fingerprint(loaded) == fingerprint(saved)


@st.composite
def drawn_networks(draw: st.DrawFn) -> Sequential:
    """One drawn layer, and where it can be a Dense after it."""
    layer = DRAWN_LAYERS[draw(st.sampled_from(sorted(DRAWN_LAYERS)))]
    backend.set_floatx(draw(st.sampled_from(("float32", "float64"))))
    network = Sequential(
        [draw(layer), Flatten(), Dense(2)], seed=draw(st.integers(0, 2**63 - 1)), fast=draw(st.booleans())
    )
    if draw(st.booleans()):
        network.compile(OPTIMIZERS[draw(st.sampled_from(sorted(OPTIMIZERS)))](), "mse")
        rng = np.random.default_rng(0)
        if draw(st.booleans()):
            assert network.shape_in is not None
            network.train_on_batch(rng.normal(size=(2, *network.shape_in)), rng.normal(size=(2, 2)))
    backend.set_floatx("float32")
    return network


@given(network=drawn_networks())
def test_any_model_comes_back(tmp_path_factory: pytest.TempPathFactory, network: Sequential) -> None:
    path = tmp_path_factory.getbasetemp() / "drawn.safetensors"
    network.save(path)
    loaded = load_model(path)
    assert loaded.get_config() == network.get_config()
    assert fingerprint(loaded) == fingerprint(network)
    assert (loaded.dtype, loaded.fast, loaded.built) == (network.dtype, network.fast, True)
    for a, b in ((loaded.optimizer, network.optimizer), (loaded.loss, network.loss)):
        assert type(a) is type(b)
        assert (a and a.get_config()) == (b and b.get_config())
    before = path.read_bytes()
    loaded.save(path)
    assert path.read_bytes() == before


def test_what_a_model_is_made_with_comes_back(path: Path) -> None:
    backend.set_floatx("float64")
    Sequential([Dense(1, input_shape=(2,))], name="digits", seed=3, fast=False).save(path)
    backend.set_floatx("float32")
    loaded = load_model(path)
    assert (loaded.name, loaded.seed, loaded.fast, loaded.built) == ("digits", 3, False, True)
    assert isinstance(loaded.dtype, np.dtype)
    assert loaded.dtype.name == "float64"


def test_a_file_can_be_read_with_a_few_lines_of_numpy(path: Path) -> None:
    """Those of container.py's docstring, word for word."""
    network = trained()
    network.save(path)
    lines: dict[str, Any] = {"path": path, "pathlib": pathlib, "hashlib": hashlib, "json": json, "math": math, "np": np}
    for block in re.findall(r"(?:^ {4}.*\n)+", container.__doc__ or "", re.MULTILINE):
        exec(textwrap.dedent(block), lines)  # noqa: S102
    for name, param in network.params.items():
        assert lines["arrays"][f"weights/{name}"].tobytes() == param.tobytes()
    assert network.history is not None
    assert json.loads(lines["metadata"]["history"])["history"] == network.history.history
    assert json.loads(lines["metadata"]["position"])["steps"] == network.steps == 4
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(AssertionError):
        exec(textwrap.dedent(re.findall(r"(?:^ {4}.*\n)+", container.__doc__ or "", re.MULTILINE)[0]), lines)  # noqa: S102


def metadata_in(path: Path) -> dict[str, str]:
    """The strings in a file's header, beside the digest."""
    raw = path.read_bytes()
    found = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])["__metadata__"]
    assert len(found.pop("sha256")) == 64
    assert {type(value) for value in found.values()} == {str}
    return dict(found)


def test_the_description_of_a_model_that_nothing_was_done_with(path: Path) -> None:
    """What description.py's docstring lists."""
    layer = Flatten(name="only", input_shape=(2,))
    network = Sequential([layer], name="plain", seed=7, fast=False)
    network.save(path)
    metadata = metadata_in(path)
    assert (metadata.pop("format"), metadata.pop("version")) == ("numpycnn", "1")
    assert {key: json.loads(text) for key, text in metadata.items()} == {
        "config": {
            **{"name": "plain", "seed": 7, "dtype": "float32", "fast": False},
            "layers": [{"class_name": "Flatten", "config": layer.get_config()}],
        },
        "input_shape": [2],
        "compile_config": None,
        "position": {"steps": 0, "iterations": 0, "stopped": False},
        "history": None,
        "callbacks": [],
        "notes": {},
    }
    network.save_weights(path)
    assert metadata_in(path) == {"format": "numpycnn", "version": "1"}


def test_the_largest_seed_there_is_comes_back(path: Path) -> None:
    small_network(seed=2**63 - 1).save(path)
    assert load_model(path).seed == 2**63 - 1


def test_steps_and_iterations_are_counted_apart(path: Path) -> None:
    network = trained()
    network.compile("sgd", "mse")
    network.train_on_batch(*small_data())
    network.save(path)
    loaded = load_model(path)
    assert loaded.optimizer is not None
    assert (loaded.steps, loaded.optimizer.iterations) == (5, 1)


@pytest.mark.parametrize(("epochs", "losses"), [([], []), ([0, 1], [1, 2]), ([3], [np.float32(0.5)])])
def test_a_history_comes_back_as_plain_numbers(path: Path, epochs: list[int], losses: list[Any]) -> None:
    network = trained()
    assert network.history is not None
    network.history.epoch, network.history.history = epochs, {"loss": losses}
    network.save(path)
    loaded = load_model(path).history
    assert loaded is not None
    assert (loaded.epoch, loaded.history) == (epochs, {"loss": losses})
    assert {type(value) for value in loaded.history["loss"]} <= {float}


def test_the_file_does_not_depend_on_when_or_where_it_is_made(tmp_path: Path) -> None:
    network = trained()
    network.save(tmp_path / "a.safetensors")
    network.save(str(tmp_path / "b.safetensors"))
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["a.safetensors", "b.safetensors"]


def test_a_link_stays_a_link_and_its_file_is_replaced(tmp_path: Path, path: Path) -> None:
    path.write_bytes(b"old")
    link = tmp_path / "link.safetensors"
    try:
        link.symlink_to(path)
    except OSError as error:
        pytest.skip(f"no links here: {error}")
    small_network().save(link)
    assert link.is_symlink()
    assert load_model(path).name == "sequential"


def test_what_is_saved_is_readable_as_any_new_file(tmp_path: Path, path: Path) -> None:
    small_network().save(path)
    (tmp_path / "other").write_bytes(b"")
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


# ---------------------------------------------------------------- layers in layers, and state


def nested_network(seed: int = 0) -> Sequential:
    """Chains in chains, arrays that move without a gradient, and a layer that is not trained."""
    inner = Sequential([Dense(4, name="dense"), BatchNormalization(name="norm")], name="inner")
    block = Sequential([Dense(5), inner, Dropout(0.25)], name="block")
    network = Sequential([Flatten(input_shape=(8, 8, 1)), block, BatchNormalization(), Dense(CLASSES)], seed=seed)
    network.get_layer("block").layers[0].trainable = False  # type: ignore[attr-defined]
    network.compile(Adam(), CategoricalCrossentropy(from_logits=True), ["accuracy"])
    return network


def test_layers_in_layers_come_back_with_their_state(path: Path) -> None:
    saved = nested_network()
    saved.fit(*small_data(), batch_size=20, epochs=2, verbose=0)
    saved.save(path)
    loaded = load_model(path)
    assert fingerprint(loaded) == fingerprint(saved)
    assert loaded.get_config() == saved.get_config()
    assert {name: array.tobytes() for name, array in loaded.state.items()} == {
        name: array.tobytes() for name, array in saved.state.items()
    }
    assert loaded.trained_params.keys() == saved.trained_params.keys() != saved.params.keys()
    for network in (saved, loaded):
        network.fit(*small_data(seed=1), batch_size=20, epochs=1, verbose=0)
    assert fingerprint(loaded) == fingerprint(saved)


def test_names_in_a_file_are_those_in_the_model(path: Path) -> None:
    network = nested_network()
    network.train_on_batch(*small_data())
    network.save(path)
    raw = path.read_bytes()
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    slots = {f"optimizer/{slot}/{name}" for slot in ("momentum", "velocity") for name in network.trained_params}
    assert header.keys() == {"__metadata__", *(f"weights/{name}" for name in network.arrays), *slots}
    assert "weights/block/inner/norm/moving_mean" in header
    assert "optimizer/velocity/block/inner/norm/gamma" in header
    assert "optimizer/velocity/block/dense/kernel" not in header


def test_weights_of_layers_in_layers_and_state_come_back(path: Path) -> None:
    source, target = nested_network(1), nested_network(2)
    source.fit(*small_data(), batch_size=20, verbose=0)
    source.save_weights(path)
    target.load_weights(path)
    assert [w.tobytes() for w in target.get_weights()] == [w.tobytes() for w in source.get_weights()]
    assert target.state["block/inner/norm/moving_mean"].any()


# ---------------------------------------------------------------- weights alone


def test_weights_come_back_into_a_model_built_alike(path: Path) -> None:
    source, target = trained(), small_network(seed=9)
    source.save_weights(path)
    kernel = target.params["conv2d/kernel"]
    target.load_weights(path)
    assert [w.tobytes() for w in target.get_weights()] == [w.tobytes() for w in source.get_weights()]
    assert target.params["conv2d/kernel"] is kernel
    assert target.seed == 9


def test_weights_are_read_from_a_whole_model_too(path: Path) -> None:
    source, target = trained(), small_network(seed=9, compiled=False)
    source.save(path)
    target.load_weights(path)
    assert [w.tobytes() for w in target.get_weights()] == [w.tobytes() for w in source.get_weights()]


class Doubling(Layer):
    """A layer of the user's own."""

    def output_shape_for(self, input_shape: Shape) -> Shape:
        return input_shape

    def param_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        return {"scale": input_shape}

    def make_params(self, input_shape: Shape, rng: Rng, dtype: Any) -> dict[str, Array]:
        return {"scale": np.full(input_shape, 2.0, dtype)}

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Any]:
        return x * self.params["scale"], x


def test_the_weights_of_layers_of_the_users_own_can_be_kept(path: Path) -> None:
    network = Sequential([Doubling(input_shape=(3,))])
    network.params["doubling/scale"][:] = (1.0, 2.0, 3.0)
    network.save_weights(path)
    other = Sequential([Doubling(input_shape=(3,))])
    other.load_weights(path)
    assert other.params["doubling/scale"].tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "scale",
    [
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(3, dtype=">f8"),
        np.arange(3, dtype=">i8"),
        np.float32(0.5),
        np.ones(0),
    ],
)
def test_arrays_come_back_however_they_lie_in_memory(path: Path, scale: Array) -> None:
    network, other = (Sequential([Doubling(name="a" * 1000, input_shape=(1,))]) for _ in range(2))
    network.layers[0].params["scale"], other.layers[0].params["scale"] = scale, np.zeros_like(scale)
    network.save_weights(path)
    other.load_weights(path)
    found = other.layers[0].params["scale"]
    assert found.tolist() == scale.tolist()
    assert (found.shape, found.dtype) == (scale.shape, scale.dtype)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([Dense(2, input_shape=(3,))], r"expected the array weights/dense/kernel, which is missing"),
        (
            [Dense(4, name="a", input_shape=(3,))],
            r"expected weights/a/kernel as float32 of shape \(3, 4\); received float32 of shape \(3, 5\)",
        ),
        (
            [Dense(5, use_bias=False, name="a", input_shape=(3,))],
            r"holds the array weights/a/bias, which does not belong to the model",
        ),
    ],
)
def test_weights_of_another_model_are_refused(path: Path, layers: list[Layer], message: str) -> None:
    Sequential([Dense(5, name="a", input_shape=(3,))]).save_weights(path)
    target = Sequential(layers)
    before = fingerprint(target)
    with pytest.raises(ModelFileError, match=f"model.safetensors: {message}"):
        target.load_weights(path)
    assert fingerprint(target) == before


def test_weights_of_another_dtype_are_refused(path: Path) -> None:
    small_network().save_weights(path)
    backend.set_floatx("float64")
    with pytest.raises(
        ModelFileError, match=r"expected weights/conv2d/kernel as float64 .*; received float32 of shape"
    ):
        small_network().load_weights(path)


def test_a_file_of_weights_is_not_a_model(path: Path) -> None:
    small_network().save_weights(path)
    with pytest.raises(
        ModelFileError, match=r"expected a file that Sequential.save wrote, .* holds arrays alone: build"
    ):
        load_model(path)


# ---------------------------------------------------------------- what cannot be saved


class Tripling(Doubling):
    """Its configuration is without its argument."""

    def __init__(self, factor: int, **options: Any) -> None:
        super().__init__(**options)


class Own(Initializer):
    def __call__(self, shape: Shape, rng: Rng | None = None, dtype: Any = None) -> Array:
        return np.ones(shape, dtype)


class OwnLoss(CategoricalCrossentropy):
    pass


class OwnL2(regularizers.L2):
    pass


class OwnNorm(constraints.MaxNorm):
    pass


def swish(x: Any) -> Any:
    """As the library's, under a name that it has too."""
    return x / (1 + np.exp(-x))


CUBE = ActivationFunction(lambda z: z**3, lambda dy, z, y: 3 * z**2 * dy, name="cube")


class Lazy(SGD):
    pass


class SecondSGD(SGD):
    pass


SecondSGD.__name__ = "SGD"


def own_metric(y_true: Array, y_pred: Array) -> Array:
    return np.abs(y_true - y_pred).mean(axis=1)


def namesake(y_true: Array, y_pred: Array) -> Array:
    return own_metric(y_true, y_pred)


namesake.__name__ = "accuracy"


def compiled(**changes: Any) -> Sequential:
    network = Sequential([Dense(CLASSES, input_shape=(3,))])
    network.compile(**{"optimizer": "sgd", "loss": "mse", **changes})
    return network


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (compiled(loss=FunctionLoss(own_metric, own_metric)), r"FunctionLoss: only the library's own can be read back"),
        (Sequential([Tripling(3, input_shape=(3,))]), "Tripling: get_config must have its arguments; expected factor"),
        (compiled(optimizer=SecondSGD()), r"SGD: only the library's own can be read back: SGD, RMSprop, Adam"),
        (compiled(metrics=[namesake]), r"metric accuracy: is not the library's own, which alone a file can name"),
    ],
)
def test_what_could_not_be_read_back_is_not_saved(path: Path, network: Sequential, message: str) -> None:
    with pytest.raises(ModelFileError, match=f"model.safetensors: sequential cannot be saved; {message}"):
        network.save(path)
    assert not path.exists()


OWN: dict[str, tuple[Callable[[], Sequential], Any]] = {
    "layer": (lambda: Sequential([Sequential([Doubling()], name="block"), Dense(2)]), Doubling),
    "initializer": (lambda: Sequential([Dense(2, kernel_initializer=Own())]), Own),
    "regularizer": (lambda: Sequential([Dense(2, bias_regularizer=OwnL2(0.5))]), OwnL2),
    "constraint": (lambda: Sequential([Dense(2, kernel_constraint=OwnNorm(0.5))]), OwnNorm),
    "activation": (lambda: Sequential([Dense(2, activation=swish), Dense(2)]), swish),
    "activation, with its backward": (lambda: Sequential([Dense(2, activation=CUBE)]), CUBE),
    "loss": (lambda: compiled(loss=OwnLoss(label_smoothing=0.1, from_logits=True)), OwnLoss),
    "optimizer": (lambda: compiled(optimizer=Lazy(0.25)), Lazy),
}
"""A network with something of a program's own, and this."""


@pytest.mark.parametrize("kind", OWN)
def test_what_is_a_program_s_own_is_saved_by_its_name(path: Path, kind: str) -> None:
    make, own = OWN[kind]
    network = make()
    network.build((3,))
    name = own.name if isinstance(own, ActivationFunction) else own.__name__
    network.save(path)
    with pytest.raises(ModelFileError, match=rf"{name}.*load_model takes .*by custom_objects"):
        load_model(path)
    loaded = load_model(path, custom_objects={name: own})
    assert loaded.get_config() == network.get_config()
    for one, other in ((loaded.optimizer, network.optimizer), (loaded.loss, network.loss)):
        assert type(one) is type(other)
        assert one is None or other is None or one.get_config() == other.get_config()
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    assert loaded.predict(x, verbose=0).tobytes() == network.predict(x, verbose=0).tobytes()


class Unshaped(Layer):
    """It does not say which arrays are its own."""

    def output_shape_for(self, input_shape: Shape) -> Shape:
        return input_shape

    def make_params(self, input_shape: Shape, rng: Rng, dtype: Any) -> dict[str, Array]:
        return {"scale": np.full(input_shape, 2.0, dtype)}


class OwnFlatten(Layer):
    def output_shape_for(self, input_shape: Shape) -> Shape:
        return input_shape


class OwnOnes(Own):
    pass


OwnFlatten.__name__, OwnOnes.__name__ = "Flatten", "Ones"


class Scaling:
    """A function without a name, which cannot be hashed."""

    __hash__ = None  # type: ignore[assignment]

    def __call__(self, z: Any) -> Any:
        return 2 * z


SCALED = ActivationFunction(lambda z, a=1.0: a * z, lambda dy, z, y, a=1.0: a * dy, name="scaled")


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Tripling(5), "Tripling: get_config must have its arguments; expected factor"),
        (Unshaped(), "unshaped: define param_shapes, by which the arrays in a file are checked"),
        (OwnFlatten(), "Flatten: only the library's own can be read back"),
        (Dense(2, kernel_initializer=OwnOnes()), "Ones: only the library's own can be read back"),
        (
            Dense(2, SCALED.with_settings(a=3.0)),
            "scaled: an activation of one's own cannot be saved; .*, without settings",
        ),
        (Activation(partial(np.multiply, 2.0)), "activation: an activation of one's own cannot be saved"),
        (
            Activation(ActivationFunction(lambda z: z, lambda dy, z, y: dy)),
            "<lambda>: an activation of one's own cannot",
        ),
        (Activation(Scaling()), "activation: an activation of one's own cannot be saved"),
    ],
)
def test_what_would_come_back_as_something_else_is_not_saved(path: Path, layer: Layer, message: str) -> None:
    network = Sequential([Input((3,)), Sequential([layer])])
    with pytest.raises(ModelFileError, match=rf"model.safetensors: sequential cannot be saved; {message}"):
        network.save(path)
    if "param_shapes" not in message:  # there are no arrays
        with pytest.raises(ValueError, match=rf"sequential.to_json: {message}"):
            network.to_json()


def test_without_compile_its_own_are_not_needed(path: Path) -> None:
    network = compiled(loss=OwnLoss(from_logits=True), optimizer=Lazy(momentum=0.5), metrics=[own_metric])
    network.fit(np.ones((3, 3)), np.eye(3, CLASSES), verbose=0)
    network.save(path)
    loaded = load_model(path, compile=False)
    assert (loaded.optimizer, loaded.loss, loaded.steps) == (None, None, 1)
    assert loaded.get_weights()[0].tobytes() == network.get_weights()[0].tobytes()


def test_the_name_is_that_under_which_it_is_given(path: Path) -> None:
    """Whatever its own is; or it is registered for good."""
    Sequential([Dense(2, activation=swish, input_shape=(3,)), Doubling()]).save(path)

    class Renamed(Doubling):
        pass

    def other(x: Any) -> Any:
        return x / (1 + np.exp(-x))

    loaded = load_model(path, custom_objects={"swish": other, "Doubling": Renamed})
    assert loaded.layers[0].activation.function is other
    assert type(loaded.layers[1]) is Renamed
    REGISTERED.update(swish=swish, Doubling=Doubling)
    try:
        assert load_model(path).layers[0].activation.function is swish
    finally:
        REGISTERED.clear()


def test_a_clone_has_its_own_too() -> None:
    network = Sequential([Dense(2, swish, kernel_initializer=Own(), input_shape=(3,)), Doubling()])
    twin = clone_model(network)
    assert twin.get_weights()[0].tolist() == np.ones((3, 2)).tolist()
    assert twin.layers[0].activation == network.layers[0].activation


def named(name: str) -> Callable[[Any], Any]:
    """A function of that name."""

    def function(x: Any) -> Any:
        return x * x * x

    function.__name__ = name
    return function


@pytest.mark.parametrize("name", ["relu", "swish", "<lambda>"])
def test_a_name_stands_for_one_activation_alone(path: Path, name: str) -> None:
    """Not for the library's, nor for two; the library's swish is silu, so that name is free."""
    first, second = named(name), swish if name == "swish" else "relu"
    network = Sequential([Dense(2, activation=first, input_shape=(3,)), Dense(2, activation=second)])
    with pytest.raises(ModelFileError, match="an activation of one's own cannot be saved"):
        network.save(path)
    assert not path.exists()
    alone = Sequential([Dense(2, activation=swish, input_shape=(3,)), Dense(2, activation="swish")])
    alone.save(path)
    loaded = load_model(path, custom_objects={"swish": swish})
    assert [layer.activation for layer in loaded.layers] == [layer.activation for layer in alone.layers]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.float32(0.5), "a file holds plain numbers, text, lists and dicts; .*float32"),
        (math.nan, "NaN is not JSON"),
    ],
)
def test_settings_that_are_no_json_are_not_saved(path: Path, value: Any, message: str) -> None:
    network = compiled()
    assert network.optimizer is not None
    vars(network.optimizer)["nesterov"] = value  # which checks nothing
    with pytest.raises(ModelFileError, match=message):
        network.save(path)
    assert not path.exists()


def test_an_array_that_the_format_does_not_have_is_not_saved(path: Path) -> None:
    network = Sequential([Doubling(input_shape=(3,))])
    network.layers[0].params["scale"] = np.ones(3, complex)
    with pytest.raises(
        ModelFileError,
        match=r"weights/doubling/scale must be of a dtype among float32, float64, int64; received complex128",
    ):
        network.save_weights(path)


def test_a_header_that_is_too_long_is_not_saved(path: Path) -> None:
    network = Sequential([Dense(1, name=f"{k:09000d}", input_shape=(1,)) for k in range(500)])
    with pytest.raises(ModelFileError, match=r"model.safetensors: a header may have 8388608 bytes; received 9\d{6}$"):
        network.save_weights(path)


@pytest.mark.parametrize(
    ("name", "axes", "message"),
    [
        ("\ud800", 1, "'utf-8' codec can't encode character"),
        ("a", 33, "weights/a/scale may have 32 axes; received 33"),
    ],
)
def test_what_a_reader_would_refuse_is_not_saved(path: Path, name: str, axes: int, message: str) -> None:
    network = Sequential([Doubling(name=name, input_shape=(1,))])
    network.layers[0].params["scale"] = np.ones((1,) * axes)
    with pytest.raises(ModelFileError, match=f"model.safetensors: {message}"):
        network.save_weights(path)
    assert not path.exists()


@pytest.mark.parametrize("value", [None, "0.5", 1j])
def test_a_history_of_other_than_numbers_is_not_saved(path: Path, value: Any) -> None:
    network = trained()
    assert network.history is not None
    network.history.history["loss"][0] = value
    with pytest.raises(ModelFileError, match="sequential cannot be saved; History: loss must be an array of real numb"):
        network.save(path)


@pytest.mark.parametrize(
    ("epoch", "loss", "message"),
    [
        ([0], [[[0.5]]], r"History: loss must be a list of numbers; received the shape \(1, 1, 1\)"),
        ([-1], [0.5], "History: epoch must be an integer of at least 0; received -1"),
    ],
)
def test_a_history_of_another_form_is_not_saved(path: Path, epoch: list[int], loss: list[Any], message: str) -> None:
    network = trained()
    assert network.history is not None
    network.history.epoch, network.history.history = epoch, {"loss": loss}
    with pytest.raises(ModelFileError, match=f"sequential cannot be saved; {message}"):
        network.save(path)


def test_a_history_may_be_long_and_hold_what_is_not_finite(path: Path) -> None:
    network = trained()
    assert network.history is not None
    network.history.epoch = list(range(20_000))
    network.history.history = {"loss": [math.inf] * 19_999 + [math.nan]}
    network.save(path)
    loaded = load_model(path).history
    assert loaded is not None
    assert loaded.epoch == network.history.epoch
    assert type(loaded.epoch[0]) is int
    assert repr(loaded.history) == repr(network.history.history)


def test_the_arrays_are_aligned(path: Path) -> None:
    """The first begins at a multiple of 64 bytes, and each at one of its own numbers' size."""
    for name in ("a", "ab"):
        arrays: dict[str, Array] = {
            name: np.ones(3, np.float32),
            "b": np.ones(1),
            "c": np.ones(1, np.float32),
            "d": np.ones(1, np.int64),
        }
        container.write(path, container.Content({}, {f"weights/{key}": a for key, a in arrays.items()}))
        raw = path.read_bytes()
        length = int.from_bytes(raw[:8], "little")
        assert (8 + length) % 64 == 0
        header = json.loads(raw[8 : 8 + length])
        for key, array in arrays.items():
            assert header[f"weights/{key}"]["data_offsets"][0] % array.itemsize == 0
        assert list(header)[1:] == [f"weights/{key}" for key in ("b", "d", name, "c")]


def test_as_many_layers_as_are_read_are_saved(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(description, "MAX_LAYERS", 7)  # for a thousand take long
    small_network().save(path)
    assert len(load_model(path).layers) == 7


def test_more_layers_than_are_read_are_not_saved(path: Path) -> None:
    network = Sequential([Dropout(0.5, name=str(k), input_shape=(1,)) for k in range(1001)])
    with pytest.raises(ModelFileError, match="a model must have 1 to 1000 layers; received 1001"):
        network.save(path)


@pytest.mark.parametrize("method", ["save", "save_weights", "load_weights"])
def test_a_model_that_is_not_built_has_nothing_to_save(path: Path, method: str) -> None:
    with pytest.raises(ValueError, match=f"sequential.{method}: the model is not built"):
        getattr(Sequential([Dense(1)]), method)(path)


@pytest.mark.parametrize("method", ["save", "save_weights", "load_weights"])
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (3, TypeError, "path must be a path, as a string or a pathlib.Path; received 3"),
        (None, TypeError, "path must be a path, as a string or a pathlib.Path; received None"),
        (b"name", TypeError, "path must be a path, as a string or a pathlib.Path; received b'name'"),
        ("", ValueError, "path must be a path; received ''"),
        ("a\0b", ValueError, r"path must be a path; received 'a\\x00b'"),
    ],
)
def test_a_path_must_be_one(method: str, value: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"sequential.{method}: file{message}"):
        getattr(small_network(), method)(value)
    with pytest.raises(error, match=f"load_model: file{message}"):
        load_model(value)


def test_what_the_system_refuses_is_raised_as_it_is(tmp_path: Path) -> None:
    network = small_network()
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "none.safetensors")
    with pytest.raises(FileNotFoundError):
        network.save(tmp_path / "none" / "model.safetensors")
    folder = tmp_path / "folder.safetensors"
    folder.mkdir()
    with pytest.raises(OSError, match=r"folder\.safetensors"):
        network.save(folder)
    assert os.listdir(tmp_path) == ["folder.safetensors"]


def test_a_compiled_model_without_a_file_name_it_knows_stays_usable(path: Path) -> None:
    """Saving changes nothing."""
    network = trained()
    before = fingerprint(network)
    network.save(path)
    network.save_weights(path)
    assert fingerprint(network) == before


def test_initializers_come_back(path: Path) -> None:
    network = Sequential([Conv2D(2, 3, kernel_initializer=VarianceScaling(2.0, "fan_out"), input_shape=(5, 5, 1))])
    network.save(path)
    assert load_model(path).get_config() == network.get_config()


def test_a_long_name_is_not_said_twice() -> None:
    """Whatever a file holds, a message stays short."""
    with pytest.raises(ValueError, match="class_name of config must be one of") as caught:
        layers.deserialize({"class_name": "x" * 5000, "config": {}})
    assert "is not here" not in str(caught.value)
    with pytest.raises(ValueError, match="'Doubling' is not here; load_model takes"):
        layers.deserialize({"class_name": "Doubling", "config": {}})
