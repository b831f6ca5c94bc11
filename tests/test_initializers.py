"""Initializers against Keras's figures: fans, limits and standard deviations."""

import json
import math
from dataclasses import FrozenInstanceError, asdict

import numpy as np
import pytest

from numpycnn.common.typing import Array, Shape
from numpycnn.initializers import (
    INITIALIZERS,
    TRUNCATED_STD,
    Constant,
    Initializer,
    RandomNormal,
    RandomUniform,
    VarianceScaling,
    fans,
    get_initializer,
    serialize,
)


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


def test_untruncated_and_fan_out() -> None:
    values = VarianceScaling(3.0, "fan_out", "untruncated_normal")((300, 200), np.random.default_rng(0), np.float64)
    assert values.std() == pytest.approx(np.sqrt(3 / 200), rel=0.02)
    assert np.abs(values).max() > 3 * np.sqrt(3 / 200)


def test_the_table_is_that_of_keras() -> None:
    """The defaults in Keras 3's documentation of each initializer."""
    expected = {
        "zeros": Constant(0.0),
        "ones": Constant(1.0),
        "random_normal": RandomNormal(mean=0.0, stddev=0.05),
        "random_uniform": RandomUniform(minval=-0.05, maxval=0.05),
        "glorot_normal": VarianceScaling(1.0, "fan_avg", "truncated_normal"),
        "glorot_uniform": VarianceScaling(1.0, "fan_avg", "uniform"),
        "he_normal": VarianceScaling(2.0, "fan_in", "truncated_normal"),
        "he_uniform": VarianceScaling(2.0, "fan_in", "uniform"),
        "lecun_normal": VarianceScaling(1.0, "fan_in", "truncated_normal"),
        "lecun_uniform": VarianceScaling(1.0, "fan_in", "uniform"),
    }
    assert expected == INITIALIZERS
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
    for kind, argument in [(RandomUniform, "minval"), (RandomUniform, "maxval"), (RandomNormal, "mean")]:
        with pytest.raises(TypeError, match=f"^{kind.__name__}: {argument} must be a finite number"):
            kind(**{argument: "1"})
    with pytest.raises(ValueError, match="RandomUniform: minval must be a finite number; received inf"):
        RandomUniform(minval=np.inf)


@pytest.mark.parametrize("initializer", [Constant(), RandomNormal(), RandomUniform(), VarianceScaling()])
def test_initializers_do_not_change(initializer: Initializer) -> None:
    """They are shared, by name, by all layers."""
    (field, *_) = asdict(initializer)
    with pytest.raises(FrozenInstanceError):
        setattr(initializer, field, 3.0)


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
    with pytest.raises(ValueError, match=r"must be one of 'Constant', .*; received 'Evil'"):
        get_initializer("dense", "kernel_initializer", {"class_name": "Evil", "config": {}})
    with pytest.raises(TypeError, match="kernel_initializer must be one of"):
        get_initializer("dense", "kernel_initializer", 3)
    with pytest.raises(ValueError, match=r"VarianceScaling: mode must be one of 'fan_in'.*; received 'fan'"):
        VarianceScaling(mode="fan")
    with pytest.raises(ValueError, match="VarianceScaling: distribution must be one of"):
        VarianceScaling(distribution="normal")
    with pytest.raises(ValueError, match="VarianceScaling: scale must be a finite number, above 0; received 0"):
        VarianceScaling(scale=0)
