"""Helpers of `keras.utils`: figures that Keras 3.15 gives, written down."""

import random
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from numpycnn import Sequential, backend, preprocessing, utils
from numpycnn.common.old_names import ARITHMETIC
from numpycnn.compat import arithmetic
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


def test_progbar_shows_means_over_steps(capsys: pytest.CaptureFixture[str]) -> None:
    bar = utils.Progbar(5, stateful_metrics=["rate"])
    bar.add(2, [("loss", 1.0), ("rate", 0.5)])
    assert capsys.readouterr().out == ""  # not a terminal: the last line alone
    bar.add(3, values=[("loss", 2.0), ("rate", 0.25)])
    assert re.fullmatch(r"5/5 - 0s \d+[mu]s/step - loss: 1.6000 - rate: 0.2500\n", capsys.readouterr().out)
    bar = utils.Progbar(None, verbose=2)
    bar.update(1, finalize=False)
    bar.update(4, finalize=True)
    assert capsys.readouterr().out.startswith("4/unknown - 0s ")
    for call, message in (
        (lambda: utils.Progbar(0), "Progbar: target must be an integer of at least 1; received 0"),
        (lambda: bar.update(-1), "Progbar.update: current must be an integer of at least 0; received -1"),
        (lambda: bar.add(-1), "Progbar.add: n must be an integer of at least 0; received -1"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_backends_arithmetic_is_numpys() -> None:
    keras: Any = backend
    x = np.array([[0.2, 0.9], [0.6, 0.4]])
    hits = keras.sum(keras.round(keras.clip(x * np.eye(2), 0, 1)))
    assert keras.cast(keras.equal(keras.argmax(x, axis=-1), [1, 1]), keras.floatx()).tolist() == [1.0, 0.0]
    assert (float(hits), keras.int_shape(x), keras.count_params(x), keras.flatten(x).tolist()) == (
        0.0,
        (2, 2),
        4,
        [0.2, 0.9, 0.6, 0.4],
    )
    ones, twos = keras.ones((2, 3)), keras.variable([2, 2])
    assert (ones.dtype, ones.shape, twos.tolist(), keras.eval(3)) == (np.float32, (2, 3), [2.0, 2.0], 3)
    assert keras.constant(3, shape=(2,)).tolist() == [3.0, 3.0]
    assert (keras.constant(3, "float64").dtype, keras.cast_to_floatx(1).dtype) == (np.float64, np.float32)
    assert (keras.zeros((1, 2)).tolist(), keras.sigmoid(0.0)) == ([[0.0, 0.0]], 0.5)
    assert set(ARITHMETIC.split()) == set(arithmetic.__all__)


# ---------------------------------------------------------------- pictures

PICTURE = np.arange(24, dtype=np.uint8).reshape(2, 4, 3) * 10


def test_pictures_and_arrays(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    path = tmp_path / "picture.png"
    utils.save_img(path, PICTURE, scale=False)
    picture = utils.load_img(path)
    np.testing.assert_array_equal(utils.img_to_array(picture), PICTURE)
    assert utils.img_to_array(picture, "channels_first", "float64").shape == (3, 2, 4)
    assert utils.img_to_array(utils.load_img(path, "grayscale")).shape == (2, 4, 1)
    assert utils.img_to_array(utils.load_img(path, "rgba"))[..., 3].min() == 255
    small: Any = utils.load_img(path, target_size=(1, 2), interpolation="bilinear")
    assert small.size == (2, 1)
    cut = utils.img_to_array(utils.load_img(path, target_size=(2, 2), keep_aspect_ratio=True))
    np.testing.assert_array_equal(cut, PICTURE[:, 1:3])
    older: Any = preprocessing.image
    old: Any = utils.load_img
    with pytest.warns(FutureWarning, match="grayscale is from an older Keras: write color_mode="):
        assert [old(path, grayscale=grey).mode for grey in (True, False)] == ["L", "RGB"]
    with pytest.warns(FutureWarning, match="load_img is from an older Keras: write load_img"):
        assert older.load_img is utils.load_img


def test_arrays_are_pictures_of_their_data_format() -> None:
    pytest.importorskip("PIL")
    assert utils.img_to_array(np.ones((2, 4))).shape == (2, 4, 1)
    assert utils.img_to_array(np.ones((2, 4)), "channels_first").shape == (1, 2, 4)
    assert utils.img_to_array(np.ones((3, 2, 4)), "channels_first").shape == (3, 2, 4)
    scaled = utils.img_to_array(utils.array_to_img(PICTURE + 7.0))
    np.testing.assert_array_equal(scaled, (np.float32(255 / 230) * PICTURE).astype(np.uint8))
    assert utils.img_to_array(utils.array_to_img(np.ones((1, 2, 4)), "channels_first")).tolist() == [[[0.0]] * 4] * 2


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda path: utils.load_img(path), ValueError, "not a readable picture"),
        (
            lambda path: utils.load_img(path, "grey"),
            ValueError,
            "load_img: color_mode must be one of 'grayscale', 'rgb'",
        ),
        (lambda path: utils.load_img(path, interpolation=""), ValueError, "load_img: interpolation must be one of"),
        (lambda path: utils.load_img(path.parent / "none.png"), FileNotFoundError, "none.png"),
        (lambda path: utils.img_to_array([1, 2]), ValueError, r"img must have 2 or 3 axes; received the shape \(2,\)"),
        (lambda path: utils.array_to_img(np.ones((2, 2, 2))), ValueError, "x must be an image of 1, 3 or 4 channels"),
        (
            lambda path: utils.save_img(path, PICTURE, file_format="a"),
            ValueError,
            "file_format must be one that Pillow",
        ),
    ],
)
def test_what_is_no_picture(tmp_path: Path, call: Any, error: type[Exception], message: str) -> None:
    pytest.importorskip("PIL")
    path = tmp_path / "text.png"
    path.write_text("no picture")
    with pytest.raises(error, match=message):
        call(path)


def test_without_pillow_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match="pictures need Pillow: pip install"):
        utils.array_to_img(PICTURE)
