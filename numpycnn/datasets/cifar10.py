"""CIFAR-10: 60,000 colour pictures of 32 by 32 pixels, in 10 classes.

The classes are airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck. Source: Krizhevsky, "Learning
multiple layers of features from tiny images", 2009.
"""

import os

from numpycnn.common.explained import explains_arguments
from numpycnn.datasets.cifar import Archive, Split, load
from numpycnn.datasets.published import Published

ARCHIVE = Archive(
    Published(
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        170498071,
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    ),
    cached=("cifar-10-batches-py-target_archive", "cifar-10-batches-py.tar.gz"),
    folder="cifar-10-batches-py",
    train={
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    },
    test={"test_batch": "40351d587109b95175f43aff81a1287e"},
)


@explains_arguments
def load_data(*, folder: str | os.PathLike[str] | None = None) -> tuple[Split, Split]:
    """((x_train, y_train), (x_test, y_test)), as Keras returns them.

    x_train: (50000, 32, 32, 3) uint8, or (50000, 3, 32, 32) if the backend's image data format is channels_first;
    y_train: (50000, 1) uint8, the classes 0 to 9. x_test, y_test: likewise, 10,000 of them.

    folder: where cifar-10-python.tar.gz is, or what is in it, cifar-10-batches-py. Without it the archive is looked for
    in Keras's cache (~/.keras/datasets), and else downloaded into it, 170 MB.

    Raises ValueError or FileNotFoundError for a folder with other files or without, OSError if downloading fails.
    """
    return load("cifar10", ARCHIVE, b"labels", folder)
