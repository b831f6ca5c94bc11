"""Pictures of writing: their ink, its pieces and the digits in lines, beside plain loops and drawings that are known."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import mnist_images

from numpycnn.common.typing import Array
from numpycnn.datasets import ink, morphology
from numpycnn.datasets.digits import as_mnist, read_digit, read_digits
from numpycnn.datasets.ink import dark_on_light, ink_of, reduced, stroke_width
from numpycnn.datasets.pieces import Piece, components, in_lines, joined, pieces_of
from numpycnn.datasets.ruling import ruled
from numpycnn.datasets.sheet import sheet_in

Image = pytest.importorskip("PIL.Image", reason="needs Pillow, the extra images")


# ---------------------------------------------------------------- windows


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("shape", [(6, 9), (1, 4), (7, 1)])
def test_windows_beside_loops(shape: tuple[int, int], size: int) -> None:
    image = np.random.default_rng(0).integers(0, 9, shape).astype(float)
    rows, cols = shape

    def windows() -> list[list[Array]]:
        """The window around each pixel; beyond an edge is the nearest pixel."""
        reach = range(-(size // 2), size - size // 2)
        return [
            [
                np.array(
                    [image[np.clip(i + a, 0, rows - 1), np.clip(j + b, 0, cols - 1)] for a in reach for b in reach]
                )
                for j in range(cols)
            ]
            for i in range(rows)
        ]

    for filtered, of in ((morphology.blurred, np.mean), (morphology.dilated, np.max), (morphology.eroded, np.min)):
        expected = [[of(window) for window in row] for row in windows()]
        np.testing.assert_allclose(filtered(image, size), expected, atol=1e-12)


def test_closing_fills_what_is_narrow_and_keeps_what_is_wide() -> None:
    image = np.full((40, 50), 9.0)
    image[10:14], image[:, 30:] = 2, 5  # a line of four rows, and a step
    image[20:32, 5:17] = 1
    closed = morphology.closed(image, 5)
    expected = np.full((40, 50), 9.0)
    expected[:, 30:] = 5
    expected[20:32, 5:17] = 1
    np.testing.assert_array_equal(closed, expected)
    ramp = np.add.outer(np.arange(20.0), np.arange(30))
    np.testing.assert_array_equal(morphology.closed(ramp, 7), ramp)  # to the edges


# ---------------------------------------------------------------- components


def flood(mask: Array) -> Array:
    """The components by flooding one after the other."""
    numbers, count = np.zeros(mask.shape, int), 0
    for start in zip(*np.nonzero(mask), strict=True):
        if numbers[start]:
            continue
        count += 1
        wet = [start]
        while wet:
            i, j = wet.pop()
            if 0 <= i < mask.shape[0] and 0 <= j < mask.shape[1] and mask[i, j] and not numbers[i, j]:
                numbers[i, j] = count
                wet += [(i + a, j + b) for a in (-1, 0, 1) for b in (-1, 0, 1)]
    return numbers


@pytest.mark.parametrize("density", [0.0, 0.2, 0.35, 0.5, 1.0])
@pytest.mark.parametrize("shape", [(20, 31), (1, 12), (12, 1)])
def test_components_beside_a_flood(shape: tuple[int, int], density: float) -> None:
    for seed in range(3):
        mask = np.random.default_rng(seed).random(shape) < density
        np.testing.assert_array_equal(components(mask), flood(mask))


def test_a_spiral_is_one_component() -> None:
    mask = np.zeros((41, 41), bool)
    for ring in range(0, 20, 2):
        mask[ring, ring : 41 - ring] = mask[40 - ring, ring : 41 - ring] = True
        mask[ring + 2 : 41 - ring, ring] = mask[ring : 41 - ring, 40 - ring] = True
        mask[ring + 2, ring : ring + 2] = True
    np.testing.assert_array_equal(components(mask), flood(mask))


# ---------------------------------------------------------------- ink


def drawn(scale: int = 5, index: int = 0) -> Array:
    """A digit of MNIST's, enlarged: 1 where there is ink."""
    return np.kron(mnist_images()[0][0][index] > 127, np.ones((scale, scale)))


def coloured(shape: Array, pen: Any, paper: Any) -> Array:
    """(H, W, 3), 0 to 255."""
    return np.array(paper) + shape[..., None] * (np.array(pen, float) - np.array(paper))


SHADES = {
    "even": np.ones((140, 140)),
    "a slope": np.linspace(0.3, 1, 140) * np.ones((140, 1)),
    "a soft shadow": 1 - 0.6 * np.exp(-np.square(np.mgrid[-70:70, -20:120] / 50).sum(axis=0)),
    "an edge": np.where(np.arange(140) < 60, 1, 0.5) * np.ones((140, 1)),
}


@pytest.mark.parametrize("shade", SHADES)
@pytest.mark.parametrize("paper", [(255, 255, 255), (220, 200, 150)])
def test_shadows_are_no_ink(shade: str, paper: Any) -> None:
    shape = drawn()
    found = ink_of(coloured(shape, (20, 20, 20), paper) * SHADES[shade][..., None])
    np.testing.assert_allclose(found, shape, atol=0.12)


def test_a_shadow_that_is_small_but_wider_than_strokes_is_no_ink() -> None:
    shape = np.zeros((140, 140))
    shape[20:120, 90:94] = 1
    shadow = 1 - 0.6 * np.exp(-np.square(np.mgrid[-40:100, -40:100] / 35).sum(axis=0))
    np.testing.assert_allclose(
        ink_of(coloured(shape, (20, 20, 20), (230, 230, 230)) * shadow[..., None]), shape, atol=0.1
    )


@pytest.mark.parametrize(
    ("pen", "paper"),
    [
        ((200, 60, 60), (255, 255, 255)),
        ((40, 40, 200), (250, 240, 160)),
        ((180, 60, 60), (60, 121, 60)),  # equally bright
        ((230, 230, 230), (20, 50, 30)),
        ((255, 255, 0), (255, 255, 255)),
    ],
)
def test_pens_and_papers_of_any_colour(pen: Any, paper: Any) -> None:
    shape = drawn()
    np.testing.assert_allclose(ink_of(coloured(shape, pen, paper)), shape, atol=1e-9)
    channel = dark_on_light(coloured(shape, pen, paper))
    assert channel[shape == 1].max() < channel[shape == 0].min()


def test_noise_is_no_ink() -> None:
    shape = drawn()
    noise = np.random.default_rng(0).normal(0, 20, (140, 140, 3))
    found = ink_of(coloured(shape, (30, 30, 30), (200, 200, 200)) + noise)
    assert np.abs(found - shape).mean() < 0.04
    numbers, (only,) = pieces_of(found)
    assert (numbers == only.number)[shape == 1].mean() > 0.99


@pytest.mark.parametrize("shape", [(7, 12), (1001, 700), (3, 4500), (2500, 1)])
def test_large_pictures_are_reduced(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3))
    small = reduced(picture)
    factor = -(-max(shape) // 1000)
    assert max(small.shape) <= ink.LARGEST
    assert small.shape == (*(max(1, size // factor) for size in shape), 3)
    np.testing.assert_allclose(small[0, 0], picture[:factor, :factor].mean(axis=(0, 1)))
    np.testing.assert_allclose(small[-1, -1], picture[-factor:, -factor:].mean(axis=(0, 1)), atol=130)


def test_the_width_of_strokes() -> None:
    image = np.zeros((60, 200))
    image[20:26, 10:190] = 1
    assert stroke_width(image) == pytest.approx(6, rel=0.05)


# ---------------------------------------------------------------- digits


def saved(path: Path, image: Array) -> Path:
    Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(path)
    return path


@pytest.mark.parametrize("width", [1, 30])
def test_strokes_become_as_wide_as_those_of_mnist(tmp_path: Path, width: int) -> None:
    picture = np.full((140, 140), 255)
    picture[20:120, 70 : 70 + width] = picture[20 : 20 + width, 20:120] = 0  # a T, 100 by 100
    digit = read_digit(saved(tmp_path / "t.png", picture))
    assert 1.7 < stroke_width(digit) < 4.1  # of 20 pixels; it was 0.2, or 6
    assert digit.max() == 1


def test_specks_and_faint_lines_are_left_out(tmp_path: Path) -> None:
    shape = drawn()
    picture = 255 - 235 * shape
    picture[2:4, 3:5] = 20
    picture[:, 4::30] = np.minimum(picture[:, 4::30], 200)
    assert np.abs(read_digit(saved(tmp_path / "dirty.png", picture)) - as_mnist(shape)).mean() < 0.02


BLUE, RED = (150.0, 170.0, 215.0), (230.0, 120.0, 120.0)
RULED: dict[str, list[tuple[float, Any]]] = {  # of each family of lines, its angle in degrees, and its colour
    "lines": [(0, BLUE)],
    "lines, a little turned": [(1, BLUE)],
    "squares": [(0, BLUE), (90, BLUE)],
    "red lines down": [(90, RED)],
    "blue lines, red ones down": [(0, BLUE), (90, RED)],
}


def on_ruled_paper(shape: Array, families: list[tuple[float, Any]]) -> Array:
    """Ink, (H, W), on paper with lines of three pixels, and the ink over them: (H, W, 3)."""
    rows, cols = np.mgrid[: shape.shape[0], : shape.shape[1]]
    paper = np.full((*shape.shape, 3), 250.0)
    for degrees, pen in families:
        down = rows * np.cos(np.radians(degrees)) + cols * np.sin(np.radians(degrees))
        paper[(down + 8) % 50 < 3] = pen
    return paper + shape[..., None] * (30 - paper)


@pytest.mark.parametrize("families", RULED.values(), ids=RULED)
@pytest.mark.parametrize("index", [0, 3])
def test_lines_of_ruled_paper_are_no_ink(families: list[tuple[float, Any]], index: int) -> None:
    """Thick ones too, in colour, that go through the digit; and the digit, a 1 too, stays whole."""
    shape = np.pad(drawn(7, index), [(90, 110), (150, 120)])
    found = ink_of(on_ruled_paper(shape, families))
    assert np.abs(found - shape).mean() < 0.004
    assert found[shape == 0].mean() < 0.002


@pytest.mark.parametrize("scale", [1, 4])
@pytest.mark.parametrize("shape", ["a bar across", "a bar down", "a seven"])
def test_strokes_across_the_whole_picture_are_ink(shape: str, scale: int) -> None:
    """Their edges, where a pen is weaker, stay too."""
    across, down = np.zeros((28, 28)), np.zeros((28, 28))
    if shape != "a bar down":
        across[2], across[3:5], across[5] = 0.5, 1, 0.5
    if shape != "a bar across":
        down[2:, 12], down[2:, 13:15], down[2:, 15] = 0.5, 1, 0.5
    ink = np.kron(np.maximum(across, down), np.ones((scale, scale)))
    assert not ruled(ink).any()


def test_a_black_picture_is_blank(tmp_path: Path) -> None:
    for shape in ((1, 1), (3, 2000), (60, 60)):
        path = saved(tmp_path / "black.png", np.zeros(shape))
        for read in (read_digit, read_digits):
            with pytest.raises(ValueError, match=r"black\.png: the picture is blank$"):
                read(path)


def test_a_picture_of_noise_is_blank(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).normal(200, 20, (100, 100))
    for read in (read_digit, read_digits):
        with pytest.raises(ValueError, match=r"noise\.png: the picture is blank$"):
            read(saved(tmp_path / "noise.png", picture))
    with pytest.raises(ValueError, match=r"shade\.png: the picture is blank$"):
        read_digits(saved(tmp_path / "shade.png", 100 + np.arange(100) * np.ones((100, 1))))
    with pytest.raises(ValueError, match=r"^the picture is blank$"):
        ink_of(np.full((9, 9, 3), 7))
    with pytest.raises(TypeError, match="read_digits: path must be a path"):
        read_digits(3)  # type: ignore[arg-type]


def test_digits_stand_in_lines(tmp_path: Path) -> None:
    """Lines that rise, of digits of several heights, and a line that begins further to the right."""
    paper = np.zeros((500, 700))
    places = [[(160, 20), (125, 140), (95, 260), (85, 420)], [(310, 200), (300, 330), (330, 480)]]
    indices = iter(range(7))
    expected: list[list[Array]] = []
    for line in places:
        expected.append([])
        for top, left in line:
            index = next(indices)
            digit = drawn(4 if index % 3 else 3, index)
            paper[top : top + len(digit), left : left + len(digit)] += digit
            expected[-1].append(as_mnist(digit))
    lines = read_digits(saved(tmp_path / "sheet.png", 230 - 200 * paper))
    assert [len(line) for line in lines] == [4, 3]
    for found, wanted in zip(lines, expected, strict=True):
        assert found.dtype == np.float32
        assert np.abs(found - np.stack(wanted)).mean() < 0.02


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ([(0, 0, 50, 30), (2, 33, 8, 60)], [[0, 1]]),  # the bar of a 5
        ([(0, 0, 50, 30), (0, 60, 8, 90)], [[0], [1]]),  # too far from it
        ([(0, 0, 60, 40), (20, 30, 100, 38)], [[1, 0]]),  # the two strokes of a 4
        ([(0, 0, 50, 30), (0, 28, 50, 60)], [[0], [1]]),  # neighbours that lean
        ([(0, 0, 50, 30), (0, 40, 50, 70), (2, 26, 8, 38)], [[0, 2], [1]]),  # to the nearer one
        ([(0, 0, 9, 9)], [[0]]),
    ],
)
def test_the_pieces_of_a_digit(boxes: list[tuple[int, int, int, int]], expected: list[list[int]]) -> None:
    pieces = [Piece(number, *box) for number, box in enumerate(boxes)]
    assert sorted([piece.number for piece in digit] for digit in joined(pieces)) == expected


def test_lines_go_from_top_to_bottom() -> None:
    digits = [[Piece(k, top, left, top + 40, left + 20)] for k, (top, left) in enumerate([(100, 0), (0, 50), (90, 30)])]
    assert [[digit[0].number for digit in line] for line in in_lines(digits)] == [[1], [0, 2]]


# ---------------------------------------------------------------- a sheet on a table


@pytest.mark.parametrize("border", [20, 90])
@pytest.mark.parametrize(("sheet", "table"), [(240.0, 60.0), (60.0, 230.0), (200.0, 120.0)])
def test_a_sheet_on_a_table_is_read_as_the_sheet_alone(tmp_path: Path, border: int, sheet: float, table: float) -> None:
    """Dark or light, whatever lies around it."""
    drawings = np.concatenate([0.0 + (image > 127) for image in mnist_images()[0][0][:4]], axis=1)
    strokes = np.kron(drawings, np.ones((4, 4)))  # (112, 448)
    pen = 20.0 if sheet > 100 else 250.0
    paper = sheet + (pen - sheet) * np.pad(strokes, 40)
    around = np.pad(paper, border, constant_values=table)
    alone, framed = (read_digits(saved(tmp_path / f"{k}.png", one)) for k, one in enumerate((paper, around)))
    assert [len(line) for line in framed] == [len(line) for line in alone] == [4]
    assert np.abs(framed[0] - alone[0]).mean() < 0.02


@pytest.mark.parametrize("inverted", [False, True])
def test_a_digit_is_no_sheet(inverted: bool) -> None:
    """Thick rings and bars, which fill much of their boxes, are left as they are."""
    rows, cols = np.mgrid[-50:50, -50:50]
    ring = (np.hypot(rows, cols) < 45) & (np.hypot(rows, cols) > 20)
    bar = (abs(rows) < 40) & (abs(cols) < 25)
    for shape in (ring, bar, np.zeros_like(ring)):
        picture = np.repeat(np.where(shape ^ inverted, 230.0, 30.0)[:, :, None], 3, axis=2)
        assert sheet_in(picture) is picture
