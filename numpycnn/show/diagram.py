"""A picture of a model: its layers as boxes, one below the other, and parallel branches side by side."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from numpycnn.activations import linear
from numpycnn.layers import Branches, Layer
from numpycnn.layers.container import Container

WITH_WEIGHTS, WITHOUT, FROZEN = "#cfe2f3", "#eeeeee", "#ffffff"
LINE = 0.22  # inches
GAP = 0.3
CHARACTER = 0.085

Place = tuple[float, float]
"""Column and row of a box's centre, in boxes."""


class Shown(NamedTuple):
    """What a box says besides its class: arguments of `plot_model`, and the model's dtype or None."""

    shapes: bool
    dtype: str | None
    layer_names: bool
    expand_nested: bool
    layer_activations: bool
    trainable: bool


class Box(NamedTuple):
    """A layer, or a merge of branches, in the picture."""

    lines: list[str]
    place: Place
    colour: str


class Picture(NamedTuple):
    """Boxes, and the arrows between their places."""

    boxes: list[Box]
    arrows: list[tuple[Place, Place]]


def picture_of(model: Container, shown: Shown) -> Picture:
    """The picture of a built model."""
    picture = Picture([], [])
    shape = [str((None, *(model.shape_in or ())))] * shown.shapes
    start = add_box(picture, ["Input", *shape], (width(model, shown) / 2, 0.0), WITHOUT, [])
    add_chain(picture, model.layers, 0.0, start, shown)
    return picture


def add_chain(picture: Picture, layers: Sequence[Layer], left: float, before: list[Place], shown: Shown) -> list[Place]:
    """Add layers one below the other, in columns from `left`; returns the places that the next layer follows."""
    across = max((width(layer, shown) for layer in layers), default=1)
    for layer in layers:
        start = left + (across - width(layer, shown)) / 2
        if not (shown.expand_nested and isinstance(layer, Container)):
            place = (start + 0.5, 1 + max(row for _, row in before))
            before = add_box(picture, texts(layer, shown), place, colour(layer), before)
        elif isinstance(layer, Branches):
            before = add_branches(picture, layer, start, before, shown)
        else:
            before = add_chain(picture, layer.layers, start, before, shown)
    return before


def add_branches(picture: Picture, layer: Branches, left: float, before: list[Place], shown: Shown) -> list[Place]:
    """Add branches side by side, and below them a box that says how they are merged."""
    ends, column = [], left
    for branch in layer.layers:
        ends += add_chain(picture, [branch], column, before, shown)
        column += width(branch, shown)
    place = ((left + column) / 2, 1 + max(row for _, row in ends))
    return add_box(picture, [f"{layer.name}: {layer.merge}"], place, WITHOUT, ends)


def add_box(picture: Picture, lines: list[str], place: Place, colour: str, before: list[Place]) -> list[Place]:
    """Add a box, with an arrow from each place before it."""
    picture.boxes.append(Box(lines, place, colour))
    picture.arrows.extend((one, place) for one in before)
    return [place]


def width(layer: Layer, shown: Shown) -> int:
    """How many columns a layer takes."""
    if not isinstance(layer, Container) or not shown.expand_nested:
        return 1
    widths = [width(inner, shown) for inner in layer.layers] or [1]
    return sum(widths) if isinstance(layer, Branches) else max(widths)


def colour(layer: Layer) -> str:
    """The colour of a layer's box: by whether it has weights, and learns."""
    if not layer.arrays:
        return WITHOUT
    return WITH_WEIGHTS if layer.trainable else FROZEN


def texts(layer: Layer, shown: Shown) -> list[str]:
    """The lines in a layer's box."""
    kind = type(layer).__name__
    shape = f"{(None, *(layer.shape_in or ()))} to {(None, *(layer.shape_out or ()))}"
    optional = {
        shape: shown.shapes,
        f"activation: {layer.activation.name}": shown.layer_activations and layer.activation is not linear,
        f"dtype: {shown.dtype}": shown.dtype is not None,
        f"trainable: {layer.trainable}": shown.trainable and bool(layer.arrays),
    }
    return [
        f"{layer.name} ({kind})" if shown.layer_names else kind,
        *(text for text, wanted in optional.items() if wanted),
    ]


def draw(picture: Picture, path: str, horizontal: bool, dpi: float) -> None:
    """Draw a picture into a file by matplotlib. Raises ImportError without it, and ValueError for an unknown suffix."""
    try:
        from matplotlib.figure import Figure
        from matplotlib.patches import Rectangle
    except ImportError:
        raise ImportError("to draw, install matplotlib: pip install 'numpycnn[plot]'") from None
    size = box_size(picture)

    def at(place: Place) -> Place:
        column, row = place[::-1] if horizontal else place
        return column * (size[0] + GAP), -row * (size[1] + GAP)

    def edge(place: Place, side: float) -> Place:
        x, y = at(place)
        return (x + side * size[0] / 2, y) if horizontal else (x, y - side * size[1] / 2)

    xs, ys = zip(*(at(box.place) for box in picture.boxes), strict=True)
    xlim, ylim = (
        tuple(np.add((min(ends), max(ends)), (-room / 2 - GAP / 2, room / 2 + GAP / 2)))
        for ends, room in ((xs, size[0]), (ys, size[1]))
    )
    figure = Figure(figsize=(xlim[1] - xlim[0], ylim[1] - ylim[0]))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=xlim, ylim=ylim)
    axes.axis("off")
    for start, end in picture.arrows:
        axes.annotate("", edge(end, -1), edge(start, 1), arrowprops={"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0})
    for box, x, y in zip(picture.boxes, xs, ys, strict=True):
        axes.add_patch(Rectangle((x - size[0] / 2, y - size[1] / 2), *size, facecolor=box.colour, edgecolor="black"))
        axes.text(x, y, "\n".join(box.lines), ha="center", va="center", fontsize=9)
    figure.savefig(path, dpi=dpi)


def box_size(picture: Picture) -> tuple[float, float]:
    """The width and height of every box, in inches, so that the longest text has room."""
    longest = max(len(line) for box in picture.boxes for line in box.lines)
    return CHARACTER * longest + 0.2, LINE * max(len(box.lines) for box in picture.boxes) + 0.1
