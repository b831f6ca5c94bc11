"""The table that `Sequential.summary` prints."""

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import accumulate, pairwise
from typing import NamedTuple

from numpycnn.common import checks, html
from numpycnn.layers import Layer
from numpycnn.layers.chain import Chain
from numpycnn.layers.container import ROOT, Container
from numpycnn.layers.costs import multiply_accumulates
from numpycnn.layers.stage import Path
from numpycnn.show.receptive import Field, extent, fields, start

HEAD = ("Layer (type)", "Output Shape", "Param #", "MACs", "Field", "Trainable")
COLUMNS = (30, 20, 12, 13, 9, 11)
"""The columns' smallest widths."""
FIELD, TRAINABLE = 4, 5
LEFT = 2
"""The columns that are aligned left; numbers are aligned right."""
MAX_LENGTH = 10_000


class Layout(NamedTuple):
    """How the table looks: the arguments of `Sequential.summary` of these names."""

    line_length: int | None
    positions: Sequence[float] | None
    expand_nested: bool
    show_trainable: bool
    layer_range: Sequence[str] | None


def checked(owner: str, layout: Layout) -> Layout:
    """The same layout. Raises TypeError or ValueError for arguments of another kind."""
    if layout.line_length is not None:
        checks.integer(owner, "line_length", layout.line_length, at_most=MAX_LENGTH)
    if layout.positions is not None:
        for end in checks.sequence(owner, "positions", layout.positions):
            checks.number(owner, "positions", end, above=0.0, at_most=MAX_LENGTH)
        if not layout.positions or list(layout.positions) != sorted(layout.positions):
            raise ValueError(f"{owner}: positions must be increasing numbers; received {layout.positions}")
    checks.flag(owner, "expand_nested", layout.expand_nested)
    checks.flag(owner, "show_trainable", layout.show_trainable)
    if layout.layer_range is not None:
        for name in checks.sequence(owner, "layer_range", layout.layer_range, length=2):
            checks.text(owner, "layer_range", name)
    return layout


def summary_lines(model: Chain, owner: str, layout: Layout) -> Iterator[str]:
    """The lines: each layer's name, class, output shape (None is the batch axis), weights, costs and receptive field.

    MACs are the multiply-accumulates for one example (`costs.py`). Field is the receptive field, in rows and columns of
    the input (`receptive.py`); it is left out where inputs are not images.
    """
    pixel = start(model)
    reached = dict(fields(model, ROOT, pixel))
    layers = inside(model, ROOT, in_range(owner, model, layout.layer_range), layout.expand_nested)
    rows = [cells(path, layer, reached[path]) for path, layer in layers]
    left_out = {FIELD: pixel is None, TRAINABLE: not layout.show_trainable}
    shown = [k for k in range(len(HEAD)) if not left_out.get(k)]
    table = [[row[k] for k in shown] for row in (HEAD, *rows)]
    least = [max(COLUMNS[k], *(len(row[j]) + 2 for row in table)) for j, k in enumerate(shown)]
    widths = chosen_widths(least, layout)
    head, *lines = (line_of(row, widths) for row in table)
    yield f'Model: "{model.name}"'
    yield "_" * sum(widths)
    yield head
    yield "=" * sum(widths)
    yield from lines
    yield "=" * sum(widths)
    yield from totals(model)


def summary_html(model: Chain) -> str:
    """The table for a notebook, with all columns."""
    rows = [cells(path, layer, field) for path, layer, field in rows_of(model)]
    lines = "".join(f"<div>{escape(line)}</div>" for line in totals(model))
    return f"{html.table(HEAD, rows, f'Model: {model.name}')}{lines}"


def rows_of(model: Chain) -> Iterator[tuple[Path, Layer, Field]]:
    """Each layer with its path and receptive field."""
    reached = dict(fields(model, ROOT, start(model)))
    for path, layer in inside(model, ROOT, range(len(model.layers)), expand_nested=False):
        yield path, layer, reached[path]


def totals(model: Chain) -> Iterator[str]:
    """The lines below the table."""
    size = sum(array.nbytes for array in model.arrays.values())
    total, trained = model.count_params(), sum(p.size for p in model.trained_params.values())
    yield f"Total params: {total:,} ({size / 2**20:.2f} MB)"
    yield f"Trainable params: {trained:,}"
    yield f"Non-trainable params: {total - trained:,}"
    if model.built:
        yield f"Multiply-accumulates (MACs) for one example: {multiply_accumulates(model):,}"


def cells(path: Path, layer: Layer, field: Field) -> tuple[str, ...]:
    """A layer's row, in the order of HEAD; as Keras has it while nothing is built."""
    if not layer.built:
        return f"{path} ({type(layer).__name__})", "?", "0 (unbuilt)", "?", "-", "-"
    return (
        f"{path} ({type(layer).__name__})",
        str((None, *(layer.shape_out or ()))),
        f"{layer.count_params():,}",
        f"{multiply_accumulates(layer):,}",
        "-" if field is None else f"{extent(field[0])}x{extent(field[1])}",
        ("Y" if layer.trainable else "N") if layer.arrays else "-",
    )


def chosen_widths(least: Sequence[int], layout: Layout) -> list[int]:
    """The columns' widths. Of a line's length, the columns of text get what the numbers leave.

    Positions say where each column ends, in characters or as parts of the line; columns without one are left out.
    """
    length = sum(least) if layout.line_length is None else layout.line_length
    if layout.positions is not None:
        scale = length if layout.positions[-1] <= 1 else 1
        return [int(end) - int(start) for start, end in pairwise([0, *(end * scale for end in layout.positions)])]
    text, numbers = least[:LEFT], list(least[LEFT:])
    room = max(length - sum(numbers), 0)
    ends = [end * room // sum(text) for end in accumulate(text)]
    return [end - start for start, end in pairwise([0, *ends])] + numbers


def line_of(row: Sequence[str], widths: Sequence[int]) -> str:
    """A line of the table; a text that is longer than its column is cut off, a number gives way to signs."""
    line = ""
    for k, (cell, width) in enumerate(zip(row, widths, strict=False)):
        room = max(width - 1, 0)
        line += cell[:room].ljust(width) if k < LEFT else (cell if len(cell) <= room else "#" * room).rjust(width)
    return line.rstrip()


def inside(container: Container, path: Path, indices: range, expand_nested: bool) -> Iterator[tuple[Path, Layer]]:
    """The layers of a container with these indices, each with its path; after one, what is inside it if told so."""
    for index in indices:
        layer = container.layers[index]
        own = path.inside(layer.name, index)
        yield own, layer
        if expand_nested and isinstance(layer, Container):
            yield from inside(layer, own, range(len(layer.layers)), expand_nested)


def in_range(owner: str, model: Container, layer_range: Sequence[str] | None) -> range:
    """The indices from the first layer whose name matches the first pattern to the last that matches the second.

    A name is a pattern; so is a regular expression. Raises ValueError where nothing matches.
    """
    names = [layer.name for layer in model.layers]
    if layer_range is None:
        return range(len(names))
    try:
        starts, ends = ([k for k, name in enumerate(names) if re.match(one, name)] for one in layer_range)
    except re.error:
        starts = ends = []
    if not starts or not ends:
        known = ", ".join(names)
        raise ValueError(f"{owner}: layer_range must match two of {known}; received {checks.short_repr(layer_range)}")
    first, last = sorted((starts[0], ends[-1]))
    return range(first, last + 1)
