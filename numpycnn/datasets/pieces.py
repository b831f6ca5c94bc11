"""Writing in pieces: the connected components of ink, those that make a digit, and the lines that digits stand in."""

from typing import NamedTuple

import numpy as np

from numpycnn.common.typing import Array

SPECK = 0.05  # of the ink of the largest piece: what has less is no part of a digit
FRAGMENT = 0.5  # of the height of digits: lower pieces belong to a digit beside them
NEAR = 0.15  # of the height of digits: as far may a fragment be from its digit
SHARED = 0.4  # of the smaller of two boxes is in the other: they are one digit's


class Piece(NamedTuple):
    """A connected component: its number, and its box from (top, left) up to (bottom, right)."""

    number: int
    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """In rows."""
        return self.bottom - self.top

    @property
    def area(self) -> int:
        """Of the box."""
        return self.height * (self.right - self.left)

    def overlap(self, other: "Piece", margin: float = 0.0) -> float:
        """The area in common with another piece's box, with a margin around that."""
        rows = min(self.bottom, other.bottom + margin) - max(self.top, other.top - margin)
        cols = min(self.right, other.right + margin) - max(self.left, other.left - margin)
        return max(rows, 0) * max(cols, 0)


def components(mask: Array) -> Array:
    """The connected components of the pixels in a mask: each pixel's number, from 1, and 0 where there is none.

    Pixels touch along a side or at a corner. Each has a label, at first its own index. Neighbours hand on the lesser of
    their labels, and each label is replaced by its own label, until no neighbours differ.
    """
    framed = np.pad(mask, 1)
    pixels, wide = np.flatnonzero(framed), framed.shape[1]
    index = np.full(framed.size, -1)
    index[pixels] = np.arange(len(pixels))
    neighbours = np.stack([index[pixels + step] for step in (1, wide - 1, wide, wide + 1)])  # (4, pixels)
    first, second = np.nonzero(neighbours >= 0)[1], neighbours[neighbours >= 0]  # pairs of indices
    labels = np.arange(len(pixels))
    while (labels[first] != labels[second]).any():
        pair = labels[first], labels[second]
        np.minimum.at(labels, np.maximum(*pair), np.minimum(*pair))
        while (labels != labels[labels]).any():
            labels = labels[labels]
    index[pixels] = np.unique(labels, return_inverse=True)[1]
    return index.reshape(framed.shape)[1:-1, 1:-1] + 1  # (h, w)


def pieces_of(ink: Array) -> tuple[Array, list[Piece]]:
    """Each pixel's number, and the pieces of that number that are no specks, from the most ink to the least."""
    numbers = components(ink > 0)
    amounts = np.bincount(numbers.ravel(), ink.ravel())  # of ink, by number
    kept = np.flatnonzero(amounts > SPECK * amounts.max())
    order = kept[np.argsort(-amounts[kept], kind="stable")]
    return numbers, [piece(numbers == number, int(number)) for number in order]


def box(image: Array) -> tuple[slice, slice]:
    """The rows and columns between the first and the last in which there is anything."""
    rows, cols = (np.flatnonzero(image.any(axis=1 - axis)) for axis in (0, 1))
    return slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1)


def piece(mask: Array, number: int) -> Piece:
    """A piece by its pixels."""
    rows, cols = box(mask)
    return Piece(number, rows.start, cols.start, rows.stop, cols.stop)


def joined(pieces: list[Piece]) -> list[list[Piece]]:
    """The pieces of each digit, its tallest first.

    A piece belongs to a taller one if their boxes overlap enough; and a fragment does if it is near.
    """
    digits: list[list[Piece]] = []
    heights = [one.height for one in pieces]
    height = np.median([tall for tall in heights if tall >= FRAGMENT * max(heights)])
    for one in sorted(pieces, key=lambda one: -one.height):
        margin = NEAR * height if one.height < FRAGMENT * height else 0.0
        owner = max(digits, key=lambda digit: one.overlap(digit[0], margin), default=[])
        if owner and one.overlap(owner[0], margin) > (0 if margin else SHARED * min(one.area, owner[0].area)):
            owner.append(one)
        else:
            digits.append([one])
    return digits


def in_lines(digits: list[list[Piece]]) -> list[list[list[Piece]]]:
    """Digits in lines, from top to bottom, and from left to right.

    A digit continues the line whose last digit's middle is nearest, if it is less than half a digit higher or lower.
    """
    lines: list[list[list[Piece]]] = []
    for digit in sorted(digits, key=lambda digit: digit[0].left):
        nearest = min(lines, key=lambda line: abs(middle(line[-1]) - middle(digit)), default=None)
        tall = digit[0].height if nearest is None else max(digit[0].height, nearest[-1][0].height)
        if nearest is not None and abs(middle(nearest[-1]) - middle(digit)) < tall / 2:
            nearest.append(digit)
        else:
            lines.append([digit])
    return sorted(lines, key=lambda line: float(np.mean([middle(digit) for digit in line])))


def middle(digit: list[Piece]) -> float:
    """The row in the middle of a digit."""
    return (digit[0].top + digit[0].bottom) / 2
