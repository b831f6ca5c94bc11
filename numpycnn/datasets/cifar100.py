"""CIFAR-100: 60,000 colour pictures of 32 by 32 pixels, in 100 classes, which form 20 coarse ones.

Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
"""

import os

import numpy as np

from numpycnn.common import checks
from numpycnn.common.explained import explains_arguments
from numpycnn.datasets.cifar import Archive, Split, load
from numpycnn.datasets.published import Published

ARCHIVE = Archive(
    Published(
        "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
        169001437,
        "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    ),
    cached=("cifar-100-python-target_archive", "cifar-100-python.tar.gz"),
    folder="cifar-100-python",
    train={"train": "16019d7e3df5f24257cddd939b257f8d"},
    test={"test": "f0ef6b0ae62326f3e7ffdfab6717acfc"},
    labels=np.int64,
)


@explains_arguments
def load_data(label_mode: str = "fine", *, folder: str | os.PathLike[str] | None = None) -> tuple[Split, Split]:
    """((x_train, y_train), (x_test, y_test)), as Keras returns them.

    x_train: (50000, 32, 32, 3) uint8, or (50000, 3, 32, 32) if the backend's image data format is channels_first;
    y_train: (50000, 1) int64. x_test, y_test: likewise, 10,000 of them.

    label_mode: "fine", the labels are the classes 0 to 99, or "coarse", 0 to 19. folder: where cifar-100-python.tar.gz
    is, or what is in it, cifar-100-python. Without it the archive is looked for in Keras's cache (~/.keras/datasets),
    and else downloaded into it, 169 MB.

    Raises ValueError or FileNotFoundError for a folder with other files or without, OSError if downloading fails.
    """
    label_mode = checks.choice("cifar100", "label_mode", label_mode, ("fine", "coarse"))
    return load("cifar100", ARCHIVE, f"{label_mode}_labels".encode(), folder)
