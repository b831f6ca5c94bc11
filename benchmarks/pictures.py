"""How well pictures of handwritten digits are read: pens, paper, light and cameras of many kinds, made by this program.

    python benchmarks/pictures.py FOLDER

writes the pictures into the folder, reads them, and prints a table with a row for each style.

A digit is drawn as strokes, whose form, slant, size and place a seed decides. What reads them was made with the seeds
from 1; the table is that of seed 0. Needs Pillow.
"""

import argparse
import io
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from numpycnn import Sequential, load_model
from numpycnn.app.commands.predict import UNSURE, probabilities
from numpycnn.common.typing import Array
from numpycnn.datasets.digits import NETWORK, read_digit, read_digits

Generator = np.random.Generator
SIDE = 160
WHITE = (255.0, 255.0, 255.0)
BLACK = (25.0, 25.0, 25.0)


def arc(x: float, y: float, width: float, height: float, first: float, last: float) -> list[tuple[float, float]]:
    """Points of an ellipse around (x, y), between two angles in degrees: 0 is right, 90 is down."""
    angles = np.radians(np.linspace(first, last, 16))
    return list(zip(x + width / 2 * np.cos(angles), y + height / 2 * np.sin(angles), strict=True))


STROKES = (
    [arc(0.5, 0.5, 0.66, 1.0, -80, 285)],
    [[(0.38, 0.15), (0.52, 0.0), (0.5, 1.0)]],
    [[*arc(0.5, 0.27, 0.6, 0.54, 190, 385), (0.2, 0.98), (0.85, 0.97)]],
    [[*arc(0.45, 0.25, 0.56, 0.5, 200, 440), *arc(0.45, 0.74, 0.64, 0.52, 275, 520)]],
    [[(0.4, 0.0), (0.15, 0.6), (0.85, 0.58)], [(0.65, 0.25), (0.62, 1.0)]],
    [[(0.8, 0.02), (0.3, 0.0), (0.25, 0.45), *arc(0.47, 0.7, 0.6, 0.58, 225, 510)]],
    [[(0.62, 0.0), (0.35, 0.35), *arc(0.5, 0.72, 0.54, 0.55, 180, 545)]],
    [[(0.15, 0.04), (0.82, 0.0), (0.42, 1.0)]],
    [[*arc(0.5, 0.25, 0.5, 0.5, 90, 450), *arc(0.5, 0.75, 0.6, 0.5, 270, 630)]],
    [[*arc(0.47, 0.28, 0.5, 0.54, -10, 350), (0.73, 0.3), (0.66, 1.0)]],
)
"""Of each digit, its strokes: points (x, y), from (0, 0) at its top left to (1, 1)."""


class Hand(NamedTuple):
    """How a digit is written: all as parts of its height, and the angle in degrees."""

    pen: float = 0.075
    turned: float = 5.0
    height: float = 0.6
    off_centre: float = 0.05


def written(digit: int, hand: Hand, rng: Generator, side: int = SIDE) -> Array:
    """How much of each pixel is ink, (side, side), from 0 to 1."""
    angle, slant = np.radians(rng.uniform(-hand.turned, hand.turned)), rng.uniform(-0.1, 0.25)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shape = turn @ np.array([[rng.uniform(0.65, 0.95), -slant], [0.0, 1.0]])
    centre = side * (0.5 + rng.uniform(-hand.off_centre, hand.off_centre, 2))
    size = side * hand.height * rng.uniform(0.85, 1.1)
    waves = rng.normal(0, 0.02, (2, 2)), rng.uniform(0, 6, (2, 2))
    distance = np.full((side, side), np.inf)
    for stroke in STROKES[digit]:
        points = np.array(stroke) - 0.5
        points += (waves[0] * np.sin(4 * points[:, :, None] + waves[1])).sum(axis=2)  # (n, 2): a hand is unsteady
        points = size * points @ shape.T + centre
        for begin, end in pairwise(points):
            np.minimum(distance, to_segment(begin, end, side), out=distance)
    return np.clip(size * hand.pen / 2 - distance + 0.5, 0, 1)


def to_segment(begin: Array, end: Array, side: int) -> Array:
    """The distance of each pixel from a straight line between two points, (side, side)."""
    pixels = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1) - begin  # (side, side, 2)
    along = end - begin
    part = np.clip(pixels @ along / max(along @ along, 1e-9), 0, 1)
    return np.hypot(*np.moveaxis(pixels - part[..., None] * along, -1, 0))


def coloured(ink: Array, pen: tuple[float, ...] = BLACK, paper: tuple[float, ...] = WHITE) -> Array:
    """The picture of ink on paper, (side, side, 3), from 0 to 255."""
    return np.array(paper) + ink[..., None] * (np.array(pen) - np.array(paper))


def grid(picture: Array) -> tuple[Array, Array]:
    """Coordinates of each pixel in a picture, from 0 to 1: of rows, and of columns."""
    rows, cols = np.mgrid[: picture.shape[0], : picture.shape[1]]
    return rows / (picture.shape[0] - 1), cols / (picture.shape[1] - 1)


def soft_shadow(picture: Array, rng: Generator) -> Array:
    """Light that falls off from one side, and the shadow of a hand, as far as a third of the light."""
    rows, cols = grid(picture)
    angle, (y, x) = rng.uniform(0, 2 * np.pi), rng.uniform(0, 1, 2)
    slope = 0.8 + 0.35 * ((rows - 0.5) * np.sin(angle) + (cols - 0.5) * np.cos(angle))
    hand = 1 - rng.uniform(0.3, 0.6) * np.exp(-((rows - y) ** 2 + (cols - x) ** 2) / 0.08)
    return picture * (slope * hand)[..., None]


def hard_shadow(picture: Array, rng: Generator) -> Array:
    """The edge of a shadow across the picture."""
    rows, cols = grid(picture)
    angle = rng.uniform(0, 2 * np.pi)
    beyond = (rows - 0.5) * np.sin(angle) + (cols - 0.5) * np.cos(angle) - rng.uniform(-0.2, 0.2)
    return picture * (1 - rng.uniform(0.3, 0.5) * np.clip(0.5 + beyond / 0.04, 0, 1))[..., None]


def noisy(picture: Array, rng: Generator, deviation: float = 20.0) -> Array:
    """The noise of a camera in the dark, of its own in each channel."""
    return picture + rng.normal(0, deviation, picture.shape)


def jpeg(picture: Array, quality: int) -> Array:
    """The picture after it was kept as JPEG."""
    file = io.BytesIO()
    Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), np.float64)


def ruled(picture: Array, rng: Generator) -> Array:
    """Faint lines of blue on the paper, as in an exercise book."""
    lines = (np.arange(len(picture)) + rng.integers(20)) % 20 == 0
    return np.where(lines[:, None, None], np.minimum(picture, (190, 205, 235)), picture)


def ruled_in_colour(picture: Array, rng: Generator) -> Array:
    """Thick lines of blue with a margin of red, or squares of blue, a little turned."""
    rows, cols = np.mgrid[: picture.shape[0], : picture.shape[1]]
    slope, apart = np.tan(np.radians(rng.uniform(-1, 1))), rng.integers(30, 70)
    down, across = rows + slope * cols, cols - slope * rows
    squared = rng.random() < 0.5
    lines = (down % apart < 3) | (squared & (across % apart < 3))
    margin = (np.abs(across - 0.1 * picture.shape[1]) < 1.5) & (not squared)
    picture = np.where(lines[..., None], np.minimum(picture, (150, 170, 215)), picture)
    return np.where(margin[..., None], np.minimum(picture, (230, 120, 120)), picture)


PENS = ((200, 30, 40), (30, 60, 190), (20, 130, 60), (120, 40, 140), (235, 120, 20), (110, 60, 30))
PAPERS = ((255, 250, 225), (235, 240, 255), (255, 225, 235), (225, 245, 225), (250, 235, 160), (205, 205, 205))


def colour(digit: int, rng: Generator) -> Array:
    """A pen and a paper of some colour."""
    return coloured(written(digit, Hand(), rng), PENS[rng.integers(6)], PAPERS[rng.integers(6)])


def photograph(digit: int, rng: Generator) -> Array:
    """A pen of some colour, turned, in bad light, with noise, as JPEG."""
    ink = written(digit, Hand(0.06, 12, 0.5, 0.1), rng)
    return jpeg(noisy(soft_shadow(coloured(ink, PENS[rng.integers(6)]), rng), rng, 8), 50)


STYLES: dict[str, Callable[[int, Generator], Array]] = {
    "plain, dark on light": lambda digit, rng: coloured(written(digit, Hand(), rng)),
    "light on dark": lambda digit, rng: coloured(written(digit, Hand(), rng), (230, 230, 220), (30, 45, 40)),
    "soft shadow": lambda digit, rng: soft_shadow(coloured(written(digit, Hand(), rng)), rng),
    "edge of a shadow": lambda digit, rng: hard_shadow(coloured(written(digit, Hand(), rng)), rng),
    "noise": lambda digit, rng: noisy(coloured(written(digit, Hand(), rng), paper=(200, 200, 200)), rng),
    "thick": lambda digit, rng: coloured(written(digit, Hand(pen=0.17), rng)),
    "thin": lambda digit, rng: coloured(written(digit, Hand(pen=0.02), rng)),
    "colour": colour,
    "turned by up to 20 degrees": lambda digit, rng: coloured(written(digit, Hand(turned=20), rng)),
    "small and off centre": lambda digit, rng: coloured(written(digit, Hand(0.1, 5, 0.22, 0.33), rng)),
    "JPEG of quality 10": lambda digit, rng: jpeg(coloured(written(digit, Hand(), rng)), 10),
    "pencil, ruled paper": lambda digit, rng: ruled(coloured(written(digit, Hand(0.05), rng), (95, 95, 100)), rng),
    "photograph": photograph,
    "turned by up to 45 degrees": lambda digit, rng: coloured(written(digit, Hand(turned=45), rng)),
    "ruled in colour": lambda digit, rng: ruled_in_colour(coloured(written(digit, Hand(0.06), rng, 400)), rng),
}


def sheet(digits: Sequence[int], rng: Generator) -> Array:
    """Digits in lines of six, with some room between them, in bad light."""
    hands = [coloured(written(digit, Hand(0.09, 5, 0.6, 0.03), rng, 90)) for digit in digits]
    lines = [np.concatenate(hands[first : first + 6], axis=1) for first in range(0, len(hands), 6)]
    lines = [np.pad(line, [(0, 0), (0, 540 - line.shape[1]), (0, 0)], constant_values=255) for line in lines]
    return noisy(soft_shadow(np.concatenate(lines), rng), rng, 5)


SHEET = "sheet of 12 digits (--all)"


class Read(NamedTuple):
    """A digit as it was read."""

    style: str
    right: bool
    sure: bool


def write(picture: Array, path: Path) -> Path:
    """Write a picture to a file."""
    Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(path)
    return path


def read_singles(network: Sequential, folder: Path, seed: int) -> Iterator[Read]:
    """All digits in all styles, a picture of each."""
    for number, (style, picture) in enumerate(STYLES.items()):
        for digit in range(10):
            made = picture(digit, np.random.default_rng([seed, number, digit]))
            image = read_digit(write(made, folder / f"{style.split(',')[0].replace(' ', '-')}-{digit}.png"))
            (p,) = probabilities(network, image[None])  # (1, 28, 28)
            yield Read(style, p.argmax() == digit, p.max() >= UNSURE)


def read_sheets(network: Sequential, folder: Path, seed: int, count: int = 5) -> Iterator[Read]:
    """Some sheets of twelve digits. Where too many or too few are found, none is right."""
    for number in range(count):
        rng = np.random.default_rng([seed, len(STYLES), number])
        digits = rng.integers(0, 10, 12)
        lines = read_digits(write(sheet(list(digits), rng), folder / f"sheet-{number}.png"))
        p = probabilities(network, np.concatenate(lines))  # (n, 10)
        whole = [len(line) for line in lines] == [6, 6]
        for k, digit in enumerate(digits):
            yield Read(SHEET, whole and p[k].argmax() == digit, whole and p[k].max() >= UNSURE)


def table(found: list[Read]) -> Iterator[str]:
    """The table, as Markdown."""
    yield "| style | pictures | read | unsure | of these misread |"
    yield "|---|---|---|---|---|"
    for style in (*dict.fromkeys(one.style for one in found), "all"):
        group = [one for one in found if style in (one.style, "all")]
        unsure = [one for one in group if not one.sure]
        wrong = sum(not one.right for one in unsure)
        yield f"| {style} | {len(group)} | {sum(one.right for one in group)} | {len(unsure)} | {wrong} |"


def main() -> None:
    """Make the pictures, read them, and print the table."""
    parser = argparse.ArgumentParser(description="How well pictures of digits are read.")
    parser.add_argument("folder", type=Path, help="where the pictures are written")
    parser.add_argument("--model", default=NETWORK, help="the file of a network (default: the package's)")
    parser.add_argument("--seed", type=int, default=0, help="of the pictures")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    network = load_model(args.model)
    found = [*read_singles(network, args.folder, args.seed), *read_sheets(network, args.folder, args.seed)]
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
