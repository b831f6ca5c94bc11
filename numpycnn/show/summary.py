"""The table that `Sequential.summary` prints."""

from collections.abc import Iterator

from numpycnn.layers.chain import Chain

COLUMNS = (32, 26, 14)


def row(*cells: str) -> str:
    """One line of the table; cells are truncated to their column's width."""
    return "".join(cell[: width - 1].ljust(width) for cell, width in zip(cells, COLUMNS, strict=True)).rstrip()


def summary_lines(model: Chain) -> Iterator[str]:
    """The lines: each layer's name, class, output shape (None is the batch axis) and number of parameters.

    A layer in a nested chain has its path as name, such as "block/conv2d".
    """
    size = sum(array.nbytes for array in model.weights.values())
    total, trained = model.count_params(), sum(p.size for p in model.trained_params.values())
    yield f'Model: "{model.name}"'
    yield "_" * sum(COLUMNS)
    yield row("Layer (type)", "Output Shape", "Param #")
    yield "=" * sum(COLUMNS)
    for path, layer in model.leaves():
        shape = (None, *(layer.output_shape or ()))
        yield row(f"{path} ({type(layer).__name__})", str(shape), f"{layer.count_params():,}")
    yield "=" * sum(COLUMNS)
    yield f"Total params: {total:,} ({size / 2**20:.2f} MB)"
    yield f"Trainable params: {trained:,}"
    yield f"Non-trainable params: {total - trained:,}"
