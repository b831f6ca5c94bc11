"""The table that `Sequential.summary` prints."""

from collections.abc import Iterator

from numpycnn.layers import Layer
from numpycnn.layers.chain import Chain
from numpycnn.layers.stage import Path

HEAD = ("Layer (type)", "Output Shape", "Param #")
COLUMNS = (32, 26, 14)
"""The columns' smallest widths."""


def summary_lines(model: Chain) -> Iterator[str]:
    """The lines: each layer's name, class, output shape (None is the batch axis) and number of parameters.

    A layer in a nested chain has its path as name, such as "block/conv2d".
    """
    size = sum(array.nbytes for array in model.weights.values())
    total, trained = model.count_params(), sum(p.size for p in model.trained_params.values())
    rows = [HEAD, *(cells(path, layer) for path, layer in model.leaves())]
    widths = [max(least, *(len(row[k]) + 2 for row in rows)) for k, least in enumerate(COLUMNS)]
    head, *lines = ("".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    yield f'Model: "{model.name}"'
    yield "_" * sum(widths)
    yield head
    yield "=" * sum(widths)
    yield from lines
    yield "=" * sum(widths)
    yield f"Total params: {total:,} ({size / 2**20:.2f} MB)"
    yield f"Trainable params: {trained:,}"
    yield f"Non-trainable params: {total - trained:,}"


def cells(path: Path, layer: Layer) -> tuple[str, str, str]:
    """A layer's row: path and class, output shape, number of weights."""
    shape = (None, *(layer.output_shape or ()))
    return f"{path} ({type(layer).__name__})", str(shape), f"{layer.count_params():,}"
