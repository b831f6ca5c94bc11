"""Helpers of `keras.utils`: figures that Keras 3.15 gives, written down."""

import random
from typing import Any

import numpy as np
import pytest

from numpycnn import Sequential, utils
from numpycnn.layers import Dense
from numpycnn.utils import normalize, set_random_seed, to_categorical


@pytest.mark.parametrize(
    "labels", [[1, 0], ["1", "0"], np.array([1.0, 0.0]), np.array([True, False]), [[1], [0]], np.array([1, 0], object)]
)
def test_labels_in_every_form_are_encoded(labels: Any) -> None:
    assert to_categorical(labels).tolist() == [[0.0, 1.0], [1.0, 0.0]]
    assert to_categorical(x=labels, num_classes=3).tolist() == [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]


def test_more_axes_are_kept() -> None:
    assert to_categorical(2, 4).tolist() == [0.0, 0.0, 1.0, 0.0]
    assert to_categorical([[0, 1], [1, 0]], 2).shape == (2, 2, 2)
    assert to_categorical([0, 2]).dtype == np.float64


@pytest.mark.parametrize("labels", [["one"], ["1.5"], [None], [object()], np.array([2**70], object)])
def test_what_is_no_number_is_refused(labels: Any) -> None:
    with pytest.raises(TypeError, match="to_categorical: x must be an array of real numbers; received dtype"):
        to_categorical(labels)


@pytest.mark.parametrize(
    ("x", "options", "expected"),
    [
        ([[3.0, 4.0], [1.0, 0.0]], {}, [[0.6, 0.8], [1.0, 0.0]]),
        ([[3, 4], [1, 0]], {"order": 1}, [[3 / 7, 4 / 7], [1.0, 0.0]]),
        ([[3.0, 4.0], [-4.0, 0.0]], {"axis": 1, "order": 3}, [[3 / 91 ** (1 / 3), 4 / 91 ** (1 / 3)], [-1.0, 0.0]]),
        ([[3.0, 4.0], [4.0, 0.0]], {"axis": 0}, [[0.6, 1.0], [0.8, 0.0]]),
        ([0.0, 0.0], {}, [0.0, 0.0]),
    ],
)
def test_rows_are_divided_by_their_norm(x: Any, options: dict[str, Any], expected: Any) -> None:
    np.testing.assert_allclose(normalize(np.array(x), **options), expected, rtol=1e-15, atol=0)


def test_images_are_normalized_as_by_keras() -> None:
    """The first pixels of what `keras.utils.normalize(images, axis=1)` gives for these."""
    images = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
    expected = [0.0, 0.09667365, 0.16903085, 0.22423053, 0.4472136, 0.48336824, 0.50709255, 0.52320456]
    np.testing.assert_allclose(normalize(images, axis=1).ravel()[:8], expected, rtol=1e-6)
    assert normalize(images).dtype == np.float64
    assert normalize(images.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("a",), TypeError, "x must be an array of real numbers"),
        (([[1.0]], 2), ValueError, "expected an axis of x, which has 2; received axis 2"),
        (([[1.0]], -3), ValueError, "expected an axis of x, which has 2; received axis -3"),
        ((3.0,), ValueError, "expected an axis of x, which has 0; received axis -1"),
        (([1.0], 0, 0), ValueError, "order must be a finite number, above 0; received 0"),
        (([1.0], None), TypeError, "axis must be an integer"),
    ],
)
def test_what_cannot_be_normalized_is_refused(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"normalize: {message}"):
        normalize(*arguments)


def test_one_seed_fixes_all() -> None:
    def drawn() -> list[Any]:
        set_random_seed(3)
        model = Sequential([Dense(2, input_shape=(3,))])
        return [random.random(), np.random.random(), model.seed, model.get_weights()[0].tolist()]  # noqa: S311

    first = drawn()
    assert drawn() == first
    set_random_seed(seed=4)
    assert random.random() != first[0]  # noqa: S311
    for bad in (-1, 2**32, 1.5):
        with pytest.raises((TypeError, ValueError), match="set_random_seed: seed must be"):
            set_random_seed(bad)  # type: ignore[arg-type]


def test_the_module_has_them() -> None:
    assert {"normalize", "set_random_seed", "to_categorical"} <= set(utils.__all__)
