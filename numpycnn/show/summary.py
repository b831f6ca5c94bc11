"""The table that `Sequential.summary` prints."""

from collections.abc import Iterator, Sequence

from numpycnn.layers.base import Layer

COLUMNS = (32, 26, 14)


def row(*cells: str) -> str:
    """One line of the table; a cell too long for its column is cut."""
    return "".join(cell[: width - 1].ljust(width) for cell, width in zip(cells, COLUMNS, strict=True)).rstrip()


def summary_lines(name: str, layers: Sequence[Layer]) -> Iterator[str]:
    """The lines: each layer's name, class, output shape (None is the batch axis) and number of parameters."""
    total = sum(layer.count_params() for layer in layers)
    size = sum(p.nbytes for layer in layers for p in layer.params.values())
    yield f'Model: "{name}"'
    yield "_" * sum(COLUMNS)
    yield row("Layer (type)", "Output Shape", "Param #")
    yield "=" * sum(COLUMNS)
    for layer in layers:
        shape = (None, *(layer.output_shape or ()))
        yield row(f"{layer.name} ({type(layer).__name__})", str(shape), f"{layer.count_params():,}")
    yield "=" * sum(COLUMNS)
    yield f"Total params: {total:,} ({size / 2**20:.2f} MB)"
    yield f"Trainable params: {total:,}"
    yield "Non-trainable params: 0"
