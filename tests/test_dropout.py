"""Dropout's masks and scale: how often a unit is kept, by which bits, and its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numpycnn import functional as F
from numpycnn import reference
from numpycnn.common.typing import Array
from numpycnn.layers import Dropout


class Bits:
    """A generator whose words hold these runs of 16 bits, as often as they are needed."""

    def __init__(self, *bits: int) -> None:
        self.words = np.array(bits, np.uint16).view(np.uint64)

    def integers(self, *arguments: object, size: tuple[int, int], dtype: type) -> Array:
        return np.resize(self.words, size)


def kept(bits: tuple[int, ...], rate: float) -> list[bool]:
    return F.dropout_kept((1, len(bits)), rate, Bits(*bits))[0].tolist()  # type: ignore[arg-type]


def test_dropout_keeps_the_mean_and_drops_the_rate() -> None:
    for rate in (0.1, 0.5, 0.75):
        flags = F.dropout_kept((10, 10_001), rate, np.random.default_rng(1))
        mask = flags * F.dropout_scale(rate, np.dtype(np.float64))
        sigma = np.sqrt(rate * (1 - rate) / mask.size)
        assert abs((mask == 0).mean() - rate) < 4 * sigma
        assert set(np.unique(mask)) == {0.0, 1.0 / (1.0 - rate)}


def test_dropout_keeps_the_mean_where_it_keeps_less_than_one_of_65536() -> None:
    """Of 16 million units, within 4 standard deviations; kept by 16 bits alone, it would be 52 % more, that is 6.6."""
    rng, n = np.random.default_rng(2), 16_000_000
    count = sum(int(F.dropout_kept((100, 40_000), 0.99999, rng).sum()) for _ in range(n // 4_000_000))
    assert abs(count - n * 1e-5) < 4 * np.sqrt(n * 1e-5)


@given(st.floats(0.0, 1.0), st.integers(0, 2**32 - 1))
def test_a_unit_is_kept_where_its_64_bits_are_below_the_kept_fraction(rate: float, seed: int) -> None:
    """Its own 16 bits and those of the three after it, as a fraction, in exact integers; ties are made common."""
    rng, whole = np.random.default_rng(seed), int((1.0 - rate) * 2**16)
    bits = rng.choice([whole, min(whole + 1, 65535), max(whole - 1, 0), int(rng.integers(2**16))], 8).clip(0, 65535)
    numerator, denominator = (1.0 - rate).as_integer_ratio()
    for k, flag in enumerate(kept(tuple(bits), rate)):
        value = sum(int(bits[(k + place) % 8]) << (48 - 16 * place) for place in range(4))
        assert flag == (value * denominator < numerator * 2**64)


@pytest.mark.parametrize("rate", [0.25, 0.5, 0.75])
def test_rates_of_whole_sixteenths_read_sixteen_bits_a_unit(rate: float) -> None:
    """The masks from the generator's raw words; 7 units take two words of 64 bits, whose last quarter is not used."""
    rng = np.random.default_rng(3)
    flags = F.dropout_kept((3, 7), rate, rng)
    words = np.random.default_rng(3).bit_generator.random_raw(7)
    quarters = words[:6].view(np.uint16).reshape(3, 8)[:, :7]
    assert flags.tolist() == (quarters / 2**16 < 1 - rate).tolist()
    assert rng.bit_generator.random_raw() == words[6]


def test_ties_look_no_further_than_their_own_example() -> None:
    """Two examples of four units, of 6553.6 steps: each tie is decided by the bits after it, around the end."""
    bits = Bits(6553, 40000, 6553, 39000, 6553, 39000, 6553, 40000)
    flags = F.dropout_kept((2, 4), 0.9, bits)  # type: ignore[arg-type]
    assert flags.tolist() == [[False, False, True, False], [True, False, False, False]]


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 2, 3)])
def test_no_units_have_no_mask(shape: tuple[int, ...]) -> None:
    assert F.dropout_kept(shape, 0.1, np.random.default_rng(0)).shape == shape


def test_dropout_at_the_ends_of_its_range() -> None:
    assert not F.dropout_kept((1, 100), 1.0, np.random.default_rng(1)).any()
    assert F.dropout_scale(1.0, np.dtype(np.float32)) == 1.0
    assert F.dropout_kept((1, 100), 0.0, np.random.default_rng(1)).all()
    assert F.dropout_scale(0.0, np.dtype(np.float32)) == 1.0


@given(st.sampled_from([0.1, 0.25, 0.5, 0.9, 1.0]), st.integers(0, 2**32 - 1))
def test_dropout_equals_its_definition(rate: float, seed: int) -> None:
    """The layer, with the mask that the kernel draws."""
    layer = Dropout(rate)
    layer.build((3, 4), np.random.default_rng(0), np.float64)
    x, dy = np.random.default_rng(seed).normal(size=(2, 2, 3, 4))
    y, cache = layer.forward(x, training=True, rng=np.random.default_rng(seed))
    flags = F.dropout_kept(x.shape, rate, np.random.default_rng(seed))
    np.testing.assert_allclose(y, reference.dropout(x, flags, rate), rtol=1e-15)
    np.testing.assert_allclose(layer.backward(dy, cache)[0], reference.dropout_backward(dy, flags, rate), rtol=1e-15)
