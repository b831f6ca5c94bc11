"""Figures of Keras and PyTorch on file, so that they can be compared where neither is installed.

`golden.npz` has networks of the tutorial's layers, `others.npz` some of all others. A file is four arrays. `about` is JSON, as bytes: what made the file, and for each case its spec, its shapes and
whether Keras can express it. `given` has every case's weights, x and y, one after the other, in units of 1/256.
`torch` has PyTorch's figures likewise, in the order of `Figures`. `keras` has Keras's, each as its distance from
PyTorch's in units of the last place: most distances are a digit or two, and the file is smaller for it.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Shape
from parity.draw import UNIT, Case, Spec, trained
from parity.figures import STEPS, Figures, joined

PATH = Path(__file__).with_name("golden.npz")
OTHERS = Path(__file__).with_name("others.npz")


class Record(NamedTuple):
    """A case and its figures in float64. Keras's are None where it refuses the case."""

    case: Case
    torch: Figures
    keras: Figures | None


def save(records: Iterable[Record], made_by: dict[str, str], path: Path = PATH) -> None:
    """Write the file."""
    entries, given, torch, keras = [], [], [], []
    for case, by_torch, by_keras in records:
        shapes = [case.x.shape, case.y.shape, by_torch.output.shape, *[w.shape for w in case.weights]]
        entries.append({"spec": case.spec, "shapes": shapes, "keras": by_keras is not None})
        given.append(joined([*case.weights, case.x, case.y]) / UNIT)
        torch.append(flat(by_torch))
        if by_keras is not None:
            keras.append(flat(by_keras).view(np.int64) - flat(by_torch).view(np.int64))
    about = json.dumps({"made_by": made_by, "cases": entries}, separators=(",", ":"))
    np.savez_compressed(
        path,
        about=np.frombuffer(about.encode(), np.uint8),
        given=np.concatenate(given).astype(np.int16),
        torch=np.concatenate(torch),
        keras=np.concatenate(keras),
    )


def load(path: Path = PATH) -> Iterator[Record]:
    """What was saved."""
    with np.load(path) as file:
        about = json.loads(file["about"].tobytes())
        given, torch, keras = Reader(file["given"]), Reader(file["torch"]), Reader(file["keras"])
    for entry in about["cases"]:
        (x, y, output, *weights), layout = entry["shapes"], entry["spec"]
        *own, of_x, of_y = [array * UNIT for array in given.take([*weights, x, y])]
        spec = Spec(tuple(layout[0]), [(n, c) for n, c in layout[1]], tuple(layout[2]), tuple(layout[3]))
        case = Case(spec, own, of_x, of_y.astype(int) if spec.loss[0].startswith("Sparse") else of_y)
        kinds = trained(spec)
        shapes = [output, [STEPS], *chosen(weights, kinds), x, *chosen(weights, kinds, False), *weights, output]
        by_torch = torch.take(shapes)
        by_keras = keras.take(shapes) if entry["keras"] else None
        if by_keras is not None:
            by_keras = [(a.view(np.int64) + b).view(np.float64) for a, b in zip(by_torch, by_keras, strict=True)]
        yield Record(case, parts(by_torch, kinds), None if by_keras is None else parts(by_keras, kinds))


class Reader:
    """Takes arrays, one after the other, from a long row of numbers."""

    def __init__(self, row: Array) -> None:
        self.row, self.position = row, 0

    def take(self, shapes: Iterable[Shape]) -> list[Array]:
        return [self.take_one(shape) for shape in shapes]

    def take_one(self, shape: Shape) -> Array:
        start, self.position = self.position, self.position + prod(shape)
        return self.row[start : self.position].reshape(shape)


def flat(figures: Figures) -> Array:
    output, losses, gradients, moving, weights, inference = figures
    return joined([output, losses, *gradients, *moving, *weights, inference])


def parts(arrays: list[Any], kinds: list[bool]) -> Figures:
    """The opposite of `flat`, of a network whose weights are, or are not, trained."""
    rest = iter(arrays)
    return Figures(
        next(rest),
        next(rest),
        [*islice(rest, sum(kinds) + 1)],
        [*islice(rest, kinds.count(False))],
        [*islice(rest, len(kinds))],
        next(rest),
    )


def chosen(shapes: list[Shape], kinds: list[bool], kind: bool = True) -> list[Shape]:
    """Of the weights' shapes those of one kind."""
    return [shape for shape, own in zip(shapes, kinds, strict=True) if own == kind]
