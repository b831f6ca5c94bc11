"""Initializers against Keras's figures: fans, limits and standard deviations."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from numpycnn.common.typing import Array, Shape
from numpycnn.initializers import (
    CLASSES,
    INITIALIZERS,
    NAMES,
    TRUNCATED_STD,
    Constant,
    HeNormal,
    Identity,
    Initializer,
    Ones,
    Orthogonal,
    RandomInitializer,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    Zeros,
    fans,
    get,
    get_initializer,
    serialize,
)
from numpycnn.layers import Dense
from numpycnn.models import Sequential, clone_model, load_model


def draw(name: str, shape: Shape) -> Array:
    return INITIALIZERS[name](shape, np.random.default_rng(0), np.float64)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((5, 5, 1, 64), (25, 1600)), ((9216, 128), (9216, 128)), ((128, 10), (128, 10)), ((7,), (7, 7)), ((), (1, 1))],
)
def test_fans(shape: Shape, expected: tuple[int, int]) -> None:
    assert fans(shape) == expected


@pytest.mark.parametrize(
    ("shape", "limit"), [((5, 5, 1, 64), 0.0607644), ((9216, 128), 0.0253402), ((128, 10), 0.2085144)]
)
def test_glorot_uniform_has_the_keras_limits(shape: Shape, limit: float) -> None:
    """The limits of the tutorial's three kernels."""
    values = draw("glorot_uniform", shape)
    assert np.abs(values).max() <= limit
    assert np.abs(values).max() == pytest.approx(limit, rel=0.01)
    assert abs(values.mean()) < 4 * limit / np.sqrt(3 * values.size)


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("glorot_normal", 2 / (300 + 200)),
        ("glorot_uniform", 2 / (300 + 200)),
        ("he_normal", 2 / 300),
        ("he_uniform", 2 / 300),
        ("lecun_normal", 1 / 300),
        ("lecun_uniform", 1 / 300),
        ("random_normal", 0.05**2),
        ("random_uniform", 0.05**2 / 3),
    ],
)
def test_variances(name: str, variance: float) -> None:
    values = draw(name, (300, 200))
    assert values.std() == pytest.approx(np.sqrt(variance), rel=0.02)
    assert abs(values.mean()) < 4 * np.sqrt(variance / values.size)


def test_he_normal_is_cut_at_two_standard_deviations_before_widening() -> None:
    """Keras 3: the normal is cut at 2, then widened by 1/0.8796 to keep its variance."""
    values = draw("he_normal", (300, 200))
    cut = 2 * np.sqrt(2 / 300) / 0.87962566103423978
    assert np.abs(values).max() <= cut
    assert np.abs(values).max() == pytest.approx(cut, rel=0.01)


def test_normal_is_truncated_as_in_keras() -> None:
    assert VarianceScaling(distribution="normal") == VarianceScaling(distribution="truncated_normal")


def test_untruncated_and_fan_out() -> None:
    values = VarianceScaling(3.0, "fan_out", "untruncated_normal")((300, 200), np.random.default_rng(0), np.float64)
    assert values.std() == pytest.approx(np.sqrt(3 / 200), rel=0.02)
    assert np.abs(values).max() > 3 * np.sqrt(3 / 200)


def test_the_table_is_that_of_keras() -> None:
    """The defaults in Keras 3's documentation of each initializer."""
    expected = {
        "zeros": (Zeros(), {}),
        "ones": (Ones(), {}),
        "constant": (Constant(0.0), {"value": 0.0}),
        "identity": (Identity(1.0), {"gain": 1.0}),
        "random_normal": (RandomNormal(mean=0.0, stddev=0.05), {"mean": 0.0, "stddev": 0.05, "seed": None}),
        "random_uniform": (RandomUniform(-0.05, 0.05), {"minval": -0.05, "maxval": 0.05, "seed": None}),
        "truncated_normal": (TruncatedNormal(mean=0.0, stddev=0.05), {"mean": 0.0, "stddev": 0.05, "seed": None}),
        "orthogonal": (Orthogonal(gain=1.0), {"gain": 1.0, "seed": None}),
    }
    scaled = {
        "variance_scaling": (1.0, "fan_in", "truncated_normal"),
        "glorot_normal": (1.0, "fan_avg", "truncated_normal"),
        "glorot_uniform": (1.0, "fan_avg", "uniform"),
        "he_normal": (2.0, "fan_in", "truncated_normal"),
        "he_uniform": (2.0, "fan_in", "uniform"),
        "lecun_normal": (1.0, "fan_in", "truncated_normal"),
        "lecun_uniform": (1.0, "fan_in", "uniform"),
    }
    assert expected.keys() | scaled.keys() == NAMES.keys()
    for name, (initializer, config) in expected.items():
        assert INITIALIZERS[name] == initializer
        assert initializer.get_config() == config
    for name, settings in scaled.items():
        found = INITIALIZERS[name]
        assert isinstance(found, VarianceScaling)
        assert (found.scale, found.mode, found.distribution) == settings
    for short, name in (("normal", "random_normal"), ("uniform", "random_uniform"), ("zero", "zeros"), ("one", "ones")):
        assert serialize(INITIALIZERS[short]) == name
    assert {cls.__name__: cls() for cls in CLASSES.values()} == {name: INITIALIZERS[name] for name in CLASSES}
    assert Constant() == Constant(0.0)
    assert VarianceScaling() == VarianceScaling(1.0, "fan_in", "truncated_normal")


def test_the_truncated_normals_standard_deviation() -> None:
    """sqrt(1 - 2*a*density(a)/P(|z| < a)) for a = 2, from the density and the error function."""
    density, inside = math.exp(-2.0) / math.sqrt(2 * math.pi), math.erf(2 / math.sqrt(2))
    assert pytest.approx(math.sqrt(1 - 4 * density / inside), rel=1e-14) == TRUNCATED_STD
    assert VarianceScaling().distribution == "truncated_normal"


def test_bounds_of_arguments() -> None:
    """Nothing between is something; equal bounds and no spread at all are allowed."""
    draws = np.random.default_rng(0)
    assert RandomUniform(0.5, 0.5)((2,), draws, np.float64).tolist() == [0.5, 0.5]
    assert RandomNormal(2.0, 0.0)((2,), draws, np.float64).tolist() == [2.0, 2.0]
    assert VarianceScaling(1e-9).scale == 1e-9
    wrong: list[tuple[type[Initializer], str]] = [
        (RandomUniform, "minval"),
        (RandomUniform, "maxval"),
        (RandomNormal, "mean"),
    ]
    for kind, argument in wrong:
        with pytest.raises(TypeError, match=f"^{kind.__name__}: {argument} must be a finite number"):
            kind(**{argument: "1"})
    with pytest.raises(ValueError, match="RandomUniform: minval must be a finite number; received inf"):
        RandomUniform(minval=np.inf)


@pytest.mark.parametrize("initializer", [Constant(), RandomNormal(), RandomUniform(), VarianceScaling()])
def test_initializers_do_not_change(initializer: Initializer) -> None:
    """They are shared, by name, by all layers."""
    (argument, *_) = initializer.get_config()
    with pytest.raises(AttributeError, match=f"{argument} cannot be changed; make another initializer"):
        setattr(initializer, argument, 3.0)


def test_initializers_made_alike_are_equal() -> None:
    assert RandomNormal(0.0, 0.1, seed=3) == RandomNormal(stddev=0.1, seed=3) != RandomNormal(stddev=0.1)
    assert len({HeNormal(), HeNormal(), HeNormal(seed=1), VarianceScaling(2.0)}) == 3
    assert repr(HeNormal(seed=1)) == "HeNormal(seed=1)"
    assert repr(RandomNormal()) == "RandomNormal(mean=0.0, stddev=0.05, seed=None)"


def test_what_an_initializer_of_ones_own_lacks_is_said() -> None:
    with pytest.raises(NotImplementedError):
        Initializer()((2,), np.random.default_rng(0), np.float64)


def test_arguments_become_floats_and_names_stay_names() -> None:
    assert type(Constant(1).value) is type(RandomUniform(0, 1).maxval) is float
    for name in ("zeros", "glorot_uniform", "he_normal", "random_normal"):
        assert serialize(INITIALIZERS[name]) == name


def test_uniform_numbers_fill_their_range() -> None:
    values = RandomUniform(-1.0, 3.0)((10_000,), np.random.default_rng(0), np.float64)
    assert -1.0 <= values.min() < -0.99
    assert 2.99 < values.max() < 3.0


def test_constants() -> None:
    assert draw("zeros", (2, 3)).tolist() == [[0] * 3] * 2
    assert draw("ones", (2,)).tolist() == [1, 1]


@pytest.mark.parametrize("name", INITIALIZERS)
def test_dtype_and_determinism(name: str) -> None:
    first, second = (get_initializer("o", "a", name)((3, 4), np.random.default_rng(5), np.float32) for _ in range(2))
    assert first.dtype == np.float32
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize(
    "initializer", [*INITIALIZERS.values(), Constant(0.5), RandomNormal(1.0, 2.0), RandomUniform(0.0, 2.0)]
)
def test_configuration_round_trip(initializer: Initializer) -> None:
    config = json.loads(json.dumps(serialize(initializer)))
    assert get_initializer("layer", "kernel_initializer", config) == initializer


def test_what_is_no_initializer_is_refused() -> None:
    with pytest.raises(ValueError, match=r"dense: kernel_initializer must be one of 'zeros', .*; received 'glorot'"):
        get_initializer("dense", "kernel_initializer", "glorot")
    with pytest.raises(ValueError, match=r"must be one of 'Zeros', .*; received 'Evil'"):
        get_initializer("dense", "kernel_initializer", {"class_name": "Evil", "config": {}})
    with pytest.raises(TypeError, match="kernel_initializer must be one of"):
        get_initializer("dense", "kernel_initializer", 3)
    with pytest.raises(ValueError, match=r"VarianceScaling: mode must be one of 'fan_in'.*; received 'fan'"):
        VarianceScaling(mode="fan")
    with pytest.raises(ValueError, match="VarianceScaling: distribution must be one of"):
        VarianceScaling(distribution="gaussian")
    with pytest.raises(ValueError, match="VarianceScaling: scale must be a finite number, above 0; received 0"):
        VarianceScaling(scale=0)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (2, 2, 3, 4), (2, 1, 2, 8), (4, 4)])
def test_orthogonal_kernels(shape: Shape) -> None:
    """Rows or columns, whichever are fewer, are orthogonal and of length gain."""
    matrix = Orthogonal(gain=2.0)(shape, np.random.default_rng(0), np.float64).reshape(-1, shape[-1])
    small = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    np.testing.assert_allclose(small @ small.T, 4 * np.eye(len(small)), atol=1e-14)


def test_orthogonal_matrices_are_spread_evenly() -> None:
    """With the signs of R's diagonal: half of the first entries are positive; LAPACK's own have one sign."""
    first = [Orthogonal()((2, 2), np.random.default_rng(k), np.float64)[0, 0] for k in range(40)]
    assert 10 < np.count_nonzero(np.array(first) > 0) < 30


def test_the_identity_and_a_truncated_normal() -> None:
    assert Identity(3.0)((2, 3), None, "float32").tolist() == [[3.0, 0.0, 0.0], [0.0, 3.0, 0.0]]
    values = TruncatedNormal(1.0, 0.5)((200, 200), np.random.default_rng(0), np.float64)
    assert np.abs(values - 1.0).max() <= 1.0
    assert values.std() == pytest.approx(0.5 * TRUNCATED_STD, rel=0.02)


def ramp(shape: Shape, dtype: Any = None) -> Array:
    return np.arange(math.prod(shape), dtype=dtype).reshape(shape)


def halves(shape: Shape, name: str | None = None) -> Array:  # as Keras 1 had them
    return np.full(shape, 0.5 if name is None else 0.0)


class Eighths:
    """As programs write them that have no base class."""

    def __call__(self, shape: Shape, **options: Any) -> Array:
        assert options == {"dtype": "float32"}
        return np.full(shape, 0.125)


class Eights:
    """An object whose method is given."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def values(self, shape: Shape) -> Array:
        return np.full(shape, 8 * self.factor)


def test_a_function_of_ones_own_initializes() -> None:
    dense = Dense(2, kernel_initializer=ramp, bias_initializer=halves, input_shape=(3,))
    model = Sequential([dense, Dense(1, kernel_initializer=Eighths(), bias_initializer=np.ones)])
    kernel, bias, second, ones = model.get_weights()
    assert kernel.tolist() == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    assert (bias.tolist(), second.tolist(), ones.tolist()) == ([0.5, 0.5], [[0.125], [0.125]], [1.0])
    assert kernel.dtype == second.dtype == np.float32
    assert vars(clone_model(model).layers[0])["kernel_initializer"] == get(ramp) != get(halves)


def test_what_ones_own_initializer_leaves_as_it_is(tmp_path: Path) -> None:
    """Representation, configuration, copies; the dtype; and the names of activations and metrics."""

    def linear(shape: Shape, dtype: Any = None) -> Array:
        return np.full(shape, 1 / 3, dtype)

    options: list[Any] = [linear, lambda shape: np.ones(shape), Eighths, Eights(2).values]
    for own in options:
        layer = Dense(2, kernel_initializer=own, bias_initializer=own, input_shape=(3,))
        assert "FunctionInitializer" in repr(layer)
        again = Dense.from_config(layer.get_config())
        assert vars(again)["kernel_initializer"] == vars(layer)["kernel_initializer"]
    model = Sequential([Dense(2, kernel_initializer=linear, input_shape=(3,))], dtype="float64")
    assert model.get_weights()[0][0, 0] == 1 / 3
    assert clone_model(model).get_weights()[0].tolist() == model.get_weights()[0].tolist()
    with pytest.raises(ValueError, match=r"linear: an initializer of one's own cannot be saved.* must be no other's"):
        model.save(tmp_path / "model.safetensors")
    method = Eights(2).values
    model = Sequential([Dense(2, kernel_initializer=method, bias_initializer=method, input_shape=(3,))])
    model.save(tmp_path / "model.safetensors")


@pytest.mark.parametrize("suffix", ["safetensors", "keras", "h5"])
def test_a_file_has_the_name_of_ones_own_function(suffix: str, tmp_path: Path) -> None:
    if suffix != "safetensors":
        pytest.importorskip("h5py")
    path = tmp_path / f"model.{suffix}"
    model = Sequential([Dense(2, kernel_initializer=ramp, input_shape=(3,))])
    model.compile("sgd", "mse")
    model.save(path)
    again = load_model(path, custom_objects={"ramp": ramp})
    assert vars(again.layers[0])["kernel_initializer"] == get(ramp)
    with pytest.raises(ValueError, match="dense: the kernel_initializer 'ramp' is of the program that wrote it"):
        load_model(path)
    with pytest.raises(ValueError, match="<lambda>: an initializer of one's own cannot be saved"):
        Sequential([Dense(2, kernel_initializer=lambda shape: np.ones(shape), input_shape=(3,))]).save(path)


def test_seeds() -> None:
    """A seed fixes the values, whatever the generator; without one they are the generator's, or NumPy's own state's."""
    for cls in (RandomNormal, RandomUniform, TruncatedNormal, Orthogonal, VarianceScaling, HeNormal):
        one, two = cls(seed=3)((4, 4)), cls(seed=3)((4, 4), np.random.default_rng(5))
        assert one.dtype == np.float32
        np.testing.assert_array_equal(one, two)
        assert (cls(seed=4)((4, 4)) != one).any()
        again: Any = get(serialize(cls(seed=3)))
        assert again == cls(seed=3)
        np.random.seed(0)
        first, second = cls()((4, 4)), cls()((4, 4))
        np.random.seed(0)
        np.testing.assert_array_equal(cls()((4, 4)), first)
        assert (first != second).any()
    layer = Dense(4, kernel_initializer=HeNormal(seed=3))
    layer.build((4,))
    np.testing.assert_array_equal(layer.params["kernel"], HeNormal(seed=3)((4, 4)))
    assert get(None) is None
    assert get(HeNormal) == get("HeNormal") == HeNormal()


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: HeNormal(seed=-1), ValueError, "HeNormal: seed must be an integer of at least 0; received -1"),
        (lambda: Orthogonal(gain="a"), TypeError, "Orthogonal: gain must be a finite number"),  # type: ignore[arg-type]
        (lambda: Identity(np.inf), ValueError, "Identity: gain must be a finite number"),
        (lambda: Orthogonal()((3,)), ValueError, r"Orthogonal: shape must have at least two axes; received \(3,\)"),
        (lambda: Identity()((3,)), ValueError, r"Identity: shape must have two axes; received \(3,\)"),
        (
            lambda: Dense(3, bias_initializer="orthogonal").build((3,)),
            ValueError,
            "dense: bias: Orthogonal: shape must have at least two axes",
        ),
        (
            lambda: Dense(3, kernel_initializer=lambda shape: np.ones(3)).build((3,)),
            ValueError,
            r"dense: kernel: kernel_initializer: <lambda> must return the shape \(3, 3\); received \(3,\)",
        ),
        (
            lambda: Dense(3, kernel_initializer=lambda shape: "ones").build((3,)),
            TypeError,
            "dense: kernel: kernel_initializer: what <lambda> returns must be an array of real numbers; received",
        ),
        (
            lambda: Dense(3, kernel_initializer=lambda shape: json.loads("{")).build((3,)),
            ValueError,
            "dense: kernel: kernel_initializer: <lambda>: Expecting property name",
        ),
        (  # which says nothing of its arguments
            lambda: Dense(3, bias_initializer=max).build((3,)),
            ValueError,
            r"dense: bias: bias_initializer: max must return the shape \(3,\); received \(\)",
        ),
        (
            lambda: Dense(3, bias_initializer=lambda: np.ones(3)).build((3,)),
            TypeError,
            r"dense: bias: bias_initializer: <lambda>: .*takes 0 positional arguments but 1 was given",
        ),
        (lambda: RandomInitializer()((2,)), NotImplementedError, "RandomInitializer does not define drawn"),
        (lambda: get("normall"), ValueError, "initializers.get: identifier must be one of 'zeros', 'ones', "),
    ],
)
def test_what_an_initializer_refuses(call: Callable[[], object], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
