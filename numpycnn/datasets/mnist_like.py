"""Data sets of MNIST's form: 70,000 images of 28 by 28 pixels in 10 classes, in four IDX files of MNIST's names."""

import os
from collections.abc import Sequence
from pathlib import Path

from numpycnn.common.typing import Array
from numpycnn.datasets.idx import read_idx
from numpycnn.datasets.published import Published, locate

Split = tuple[Array, Array]

NAMES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")


def load(
    owner: str, files: Sequence[Published], folder: str | os.PathLike[str] | None, folders: Sequence[Path]
) -> tuple[Split, Split]:
    """((x_train, y_train), (x_test, y_test)) from four files in the order of NAMES; arguments as for `locate`."""
    arrays = (read_idx(locate(owner, one, folder, [place / one.name for place in folders])) for one in files)
    x_train, y_train, x_test, y_test = arrays
    return (x_train, y_train), (x_test, y_test)


def published(address: str, rows: Sequence[tuple[int, str, str | None]]) -> list[Published]:
    """The four files at that address; rows: the size, SHA-256 and content's SHA-256 of each."""
    return [Published(f"{address}{name}-ubyte.gz", *row) for name, row in zip(NAMES, rows, strict=True)]
