"""Digits of one's own, as MNIST has them: MNIST's own images come back as they are, wherever and however large."""

import argparse
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import mnist_images

from numpycnn import Sequential
from numpycnn.__main__ import main
from numpycnn.app.commands import predict
from numpycnn.app.commands.predict import UNSURE, likeliest, probabilities
from numpycnn.app.inputs import as_inputs
from numpycnn.common.typing import Array
from numpycnn.datasets.digits import as_input, as_mnist, as_text, read_digit
from numpycnn.files import ModelFileError
from numpycnn.layers import Branches, Dense, Flatten, Input, Rescaling

Image = pytest.importorskip("PIL.Image", reason="needs Pillow, the extra images")


def digits(count: int) -> Array:
    """MNIST's first digits, from 0 to 1."""
    return mnist_images()[0][0][:count] / 255


def test_mnists_own_digits_come_back_from_anywhere() -> None:
    rng = np.random.default_rng(0)
    same = 0
    for digit in digits(200):
        drawing = np.zeros((60, 70))
        top, left = rng.integers(0, 32, 2)
        drawing[top : top + 28, left : left + 28] = 7 * digit
        same += bool(np.abs(as_mnist(drawing) - digit / digit.max()).max() < 1e-6)
    assert same >= 199  # a centre of mass just between two pixels is rounded either way


@pytest.mark.parametrize(("rows", "cols"), [(3, 3), (10, 10), (37, 37)])
def test_the_size_of_the_drawing_does_not_matter(rows: int, cols: int) -> None:
    for digit in digits(20):
        np.testing.assert_allclose(as_mnist(np.kron(digit, np.ones((rows, cols)))), as_mnist(digit), atol=1e-6)


def test_proportions_are_kept_and_the_longer_side_has_twenty_pixels() -> None:
    drawing = np.zeros((100, 100))
    drawing[10:90, 40:50] = 1.0  # an upright bar, 80 by 10
    framed = as_mnist(drawing)
    assert framed.dtype == np.float32
    assert framed.shape == (28, 28)
    rows, cols = np.flatnonzero(framed.any(axis=1)), np.flatnonzero(framed.any(axis=0))
    assert (rows[0], rows[-1]) == (5, 24) or (rows[0], rows[-1]) == (4, 23)
    assert len(cols) == 2  # 20 * 10/80 is 2.5, and the even one of its neighbours 2
    assert framed.max() == 1.0


def test_ink_is_averaged_not_sampled() -> None:
    """Of 40 rows two make one, and a line of one row is half as dark."""
    drawing = np.zeros((40, 40))
    drawing[0], drawing[:, 0], drawing[-1], drawing[:, -1], drawing[21] = 1, 1, 1, 1, 1
    framed = as_mnist(drawing)
    assert framed[framed > 0].min() == pytest.approx(0.5)
    assert framed.sum() == pytest.approx(drawing.sum() / 4)


def test_the_centre_of_mass_is_in_the_middle() -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        drawing = np.zeros((50, 50))
        for _ in range(3):
            top, left = rng.integers(5, 40, 2)
            drawing[top : top + rng.integers(1, 10), left : left + rng.integers(1, 10)] = rng.uniform(0.3, 1)
        framed = as_mnist(drawing)
        for axis in (0, 1):
            mass = framed.sum(axis=1 - axis)
            centre, touches = (mass * np.arange(28)).sum() / mass.sum(), mass[0] > 0 or mass[-1] > 0
            assert abs(centre - 14) <= 0.5 + 1e-6 or touches


@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        (
            np.zeros((28, 28)),
            ValueError,
            r"image must be a drawing \(rows, columns\), 0 on the background, with some ink; received an array with nothing",
        ),
        (np.full((28, 28), 255), ValueError, "with some ink; received an array with nothing on its background"),
        (
            np.eye(3)[None],
            ValueError,
            r"image must be a drawing .*background; received the shape \(1, 3, 3\), or numbers",
        ),
        (np.full((4, 4), np.nan), ValueError, "image must be a drawing"),
        (np.full((4, 4), np.inf), ValueError, "image must be a drawing"),
        ("digit", TypeError, "as_mnist: image must be an array of real numbers"),
    ],
)
def test_what_is_no_drawing_is_refused(image: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        as_mnist(image)


# ---------------------------------------------------------------- pictures


def saved(path: Path, image: Array, mode: str = "L") -> Path:
    Image.fromarray(image.astype(np.uint8)).convert(mode).save(path)
    return path


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1"])
@pytest.mark.parametrize("dark_on_light", [False, True])
def test_pictures_of_every_kind_are_read(tmp_path: Path, mode: str, dark_on_light: bool) -> None:
    digit = np.kron(digits(1)[0] > 0.5, np.ones((5, 5)))
    picture = 255 * (1 - digit if dark_on_light else digit)
    path = saved(tmp_path / "digit.png", picture, mode)
    np.testing.assert_allclose(read_digit(path), as_mnist(digit), atol=0.01)


def test_paper_that_is_grey_and_uneven_is_no_ink(tmp_path: Path) -> None:
    digit = np.kron(digits(1)[0] > 0.5, np.ones((5, 5)))
    paper = 200 + np.random.default_rng(0).normal(0, 5, digit.shape)
    path = saved(tmp_path / "photo.png", paper - 150 * digit)
    assert np.abs(read_digit(path) - as_mnist(digit)).mean() < 0.02


def test_what_is_transparent_is_paper(tmp_path: Path) -> None:
    digit = np.kron(digits(1)[0] > 0.5, np.ones((5, 5)))
    black = np.zeros((*digit.shape, 4), np.uint8)
    black[..., 3] = 255 * digit
    Image.fromarray(black).save(tmp_path / "clear.png")
    np.testing.assert_allclose(read_digit(tmp_path / "clear.png"), as_mnist(digit), atol=0.01)


def test_a_picture_taken_with_the_camera_turned_is_turned_back(tmp_path: Path) -> None:
    digit = np.kron(digits(1)[0] > 0.5, np.ones((5, 5)))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    Image.fromarray((255 * np.rot90(digit)).astype(np.uint8)).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_allclose(read_digit(tmp_path / "turned.png"), as_mnist(digit), atol=0.01)


def test_what_is_no_picture_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(
        ValueError, match=r"text\.png: not a readable picture; its content is of no format that Pillow knows$"
    ):
        read_digit(tmp_path / "text.png")
    whole = saved(tmp_path / "whole.png", 255 * digits(1)[0]).read_bytes()
    (tmp_path / "short.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"short\.png: not a readable picture; .*truncated"):
        read_digit(tmp_path / "short.png")
    with pytest.raises(ValueError, match=r"even\.png: the picture is blank"):
        read_digit(saved(tmp_path / "even.png", np.full((20, 20), 200.0)))
    with pytest.raises(FileNotFoundError):
        read_digit(tmp_path / "none.png")
    with pytest.raises(TypeError, match="read_digit: path must be a path"):
        read_digit(3)  # type: ignore[arg-type]
    monkeypatch.setattr("numpycnn.datasets.digits.MAX_PIXELS", 783)
    with pytest.raises(
        ValueError, match=r"whole\.png: not a readable picture; has 28 by 28 pixels; at most 783 are read"
    ):
        read_digit(tmp_path / "whole.png")


def test_without_pillow_an_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"pictures need Pillow: pip install 'numpycnn\[images\]'"):
        read_digit("digit.png")


# ---------------------------------------------------------------- the command


@pytest.mark.parametrize("shape", [(28, 28, 1), (1, 28, 28), (28, 28), (784,)])
def test_any_network_of_such_images_takes_them(shape: tuple[int, ...]) -> None:
    digit = digits(1)[0]
    for first, largest in ((Flatten(input_shape=shape), 1), (Rescaling(1 / 255, input_shape=shape), 255)):
        x = as_input(digit, Sequential([first, Flatten(), Dense(10)], seed=0))
        assert x.shape == (1, *shape)
        assert x.ravel().tolist() == (largest * digit).ravel().tolist()


def test_other_networks_do_not_take_them() -> None:
    message = r"as_input: network must be for images of 28 by 28 pixels; its input_shape is \(8, 8\)"
    with pytest.raises(ValueError, match=message):
        as_input(digits(1)[0], Sequential([Flatten(input_shape=(8, 8))], seed=0))
    with pytest.raises(
        TypeError, match=r"as_input: network must be a model, such as a Sequential; received \(28, 28\)"
    ):
        as_input(digits(1)[0], (28, 28))  # type: ignore[arg-type]


def test_a_digit_as_text() -> None:
    image = np.zeros((28, 28))
    image[1, 2], image[1, 4] = 1.0, 0.35
    lines = list(as_text(image))
    assert len(lines) == 28
    assert lines[:3] == ["", "    @@  --", ""]


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a network that is sure of MNIST's first six digits and of no others: it knows them by heart."""
    (x, _), _ = mnist_images()
    model = Sequential([Rescaling(1 / 255, input_shape=(28, 28)), Flatten(), Dense(10, activation="softmax")], seed=0)
    kernel, bias = np.zeros((784, 10)), np.full(10, -0.7)
    for image, digit in zip(x[:6], DIGITS, strict=True):
        kernel[:, digit] = (image / 255).ravel() / np.square(image / 255).sum()  # (784,)
    model.layers[2].set_weights([30 * kernel, 30 * bias])
    path = tmp_path_factory.mktemp("templates") / "model.safetensors"
    model.save(path)
    return path


DIGITS = (5, 0, 4, 1, 9, 2)
"""MNIST's first."""


def test_the_command_reads_several_pictures(
    templates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = mnist_images()[0][0]
    paths = [str(saved(tmp_path / f"{k}.png", 255 - np.kron(x[k], np.ones((4, 4))))) for k in range(6)]
    assert main(["predict", "--model", str(templates), *paths]) == 0
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 6 * 29
    read = re.findall(r"^.*/\d\.png: (\d) \((\d+\.\d)%\), \d \(\d+\.\d%\), \d \(\d+\.\d%\)$", out, re.MULTILINE)
    assert [int(digit) for digit, _ in read] == list(DIGITS)


def test_the_command_reads_all_digits_of_a_sheet(
    templates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two lines; the last digit is none that the network knows."""
    x = mnist_images()[0][0]
    lines = [np.concatenate(list(x[first : first + 3]), axis=1) for first in (0, 3)]
    lines[1] = np.concatenate([lines[1], np.rot90(x[0])], axis=1)
    lines[0] = np.pad(lines[0], [(0, 0), (0, 28)])
    path = saved(tmp_path / "sheet.png", 255 - np.kron(np.concatenate(lines), np.ones((3, 3))))
    assert main(["predict", "--all", "--model", str(templates), str(path)]) == 0
    first, *rows, unsure = capsys.readouterr().out.splitlines()
    assert first == f"{path}:"
    assert [row.split() for row in rows[::2]] == [["5", "0", "4"], ["1", "9", "2", rows[2].split()[-1]]]
    assert rows[2].endswith("?")
    assert [len(row.split()) for row in rows[1::2]] == [3, 4]
    assert re.fullmatch(r"line 2, digit 4: unsure: \d \(\d+\.\d%\), \d \(.*", unsure)


def test_the_command_says_what_reads_several_digits(
    templates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = mnist_images()[0][0]
    path = saved(tmp_path / "two.png", 255 - np.kron(np.concatenate([x[0], x[1]], axis=1), np.ones((3, 3))))
    assert main(["predict", "--model", str(templates), str(path)]) == 0
    *_, digit, hint = capsys.readouterr().out.splitlines()
    assert "unsure: " in digit
    assert hint == "There are 2 separate pieces of ink; if each is a digit, --all reads them."


def test_the_command_names_each_file_that_it_cannot_read(
    templates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.png").write_text("no picture")
    paths = [str(tmp_path / name) for name in ("none.png", "", "text.png")]
    assert main(["predict", "--model", str(templates), *paths]) == 1
    none, folder, text = capsys.readouterr().err.splitlines()
    assert none == f"{tmp_path / 'none.png'}: no such file or directory"
    assert folder == f"{paths[1]}: is a directory"
    assert text.endswith("text.png: not a readable picture; its content is of no format that Pillow knows")


@pytest.mark.parametrize(
    ("highest", "expected"), [(0.7, "3 (70.0%), 0 (30.0%), 1 (0.0%)"), (0.69, "unsure: 3 (69.0%)")]
)
def test_a_digit_is_unsure_below_seventy_percent(highest: float, expected: str) -> None:
    p = np.zeros(10)
    p[3], p[0] = highest, 1 - highest
    assert likeliest(p).startswith(expected)
    assert UNSURE == 0.7


def test_the_command_explains_what_it_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = Sequential([Dense(10, input_shape=(784,))], seed=0)
    model.save(tmp_path / "model.safetensors")
    good = str(saved(tmp_path / "good.png", 255 * digits(1)[0]))
    missing = tmp_path / "none.safetensors"
    assert main(["predict", "--model", str(missing), good]) == 1
    hint = f"python -m numpycnn --resume {missing} trains a network and writes it there"
    assert capsys.readouterr().err == f"\n{missing}: there is no such file; {hint}\n"
    with pytest.raises(ModelFileError, match="there is no such file; python -m numpycnn --resume"):
        predict.run(argparse.Namespace(model=str(missing), pictures=[good], all=False))
    assert main(["predict", "--model", str(tmp_path / "model.safetensors"), str(tmp_path / "no.png"), good]) == 1
    out, err = capsys.readouterr()
    assert "no.png" in err
    assert "good.png: " in out
    Sequential([Dense(10, input_shape=(64,))], seed=0).save(tmp_path / "small.safetensors")
    assert main(["predict", "--model", str(tmp_path / "small.safetensors"), good]) == 1
    assert "small.safetensors: expected a network for images of 28 by 28 pixels" in capsys.readouterr().err
    arguments = argparse.Namespace(model=str(tmp_path / "small.safetensors"), pictures=[good], all=False)
    with pytest.raises(
        ModelFileError, match=r"small.safetensors: expected a network for images of 28 by 28 pixels; .*"
    ):
        predict.run(arguments)
    two = Sequential([Dense(2, input_shape=(784,))], seed=0)
    with pytest.raises(ModelFileError, match=r"expected a network with ten outputs; its output_shape is \(2,\)"):
        probabilities(two, digits(1))


@pytest.mark.parametrize(
    ("layers", "largest"),
    [
        ([Dense(10, input_shape=(784,))], 1),
        ([Rescaling(1 / 255, input_shape=(784,)), Dense(10)], 255),
        ([Rescaling(1 / 127.5, -1, input_shape=(784,)), Dense(10)], 255),
        ([Rescaling(2, -1, input_shape=(784,)), Dense(10)], 1),
        ([Sequential([Input((784,)), Rescaling(1 / 255)]), Dense(10)], 255),
        ([Branches([[], [Dense(784)]], merge="add", input_shape=(784,)), Dense(10)], 1),
    ],
)
def test_pixels_are_in_the_range_that_a_network_takes(layers: list[Any], largest: int) -> None:
    """Those of recipes, which divide by 255 themselves, and others."""
    x = as_inputs(Sequential(layers, seed=0), np.full((2, 28, 28), 255, np.uint8))
    assert x.shape == (2, 784)
    assert x.dtype == np.float32
    assert x.max() == pytest.approx(largest)
