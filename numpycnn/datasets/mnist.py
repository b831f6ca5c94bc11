"""MNIST: 70,000 handwritten digits of 28 by 28 pixels. The four files are part of the package (`mnist_files/`).

Yann LeCun and Corinna Cortes hold the copyright of the MNIST dataset, a derivative work of original NIST datasets; it
is made available under the terms of the Creative Commons Attribution-Share Alike 3.0 license.
"""

import os
from pathlib import Path

from numpycnn.common import checks
from numpycnn.common.explained import explains_arguments
from numpycnn.common.typing import Array
from numpycnn.datasets.idx import read_idx

FILES = Path(__file__).parent / "mnist_files"


@explains_arguments
def load_data(path: str | os.PathLike[str] = "mnist.npz") -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """((x_train, y_train), (x_test, y_test)), as Keras returns them; nothing is downloaded or cached.

    x_train: (60000, 28, 28) uint8, 0 is background and 255 ink; y_train: (60000,) uint8, the digits 0 to 9.
    x_test, y_test: likewise, 10,000 of them.

    path: where Keras caches what it downloads; without effect here. Raises TypeError for anything but a path.
    """
    checks.path("load_data", "path", path)
    train = _read("train-images-idx3"), _read("train-labels-idx1")
    test = _read("t10k-images-idx3"), _read("t10k-labels-idx1")
    return train, test


def _read(name: str) -> Array:
    return read_idx(FILES / f"{name}-ubyte.gz")
