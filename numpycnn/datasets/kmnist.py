"""Kuzushiji-MNIST: 70,000 handwritten hiragana of 28 by 28 pixels, in 10 classes, harder than MNIST's digits.

The classes are o, ki, su, tsu, na, ha, ma, ya, re, wo. "KMNIST Dataset" (created by CODH), adapted from "Kuzushiji
Dataset" (created by NIJL and others), doi:10.20676/00000341, under the Creative Commons license BY-SA 4.0.
Source: Clanuwat et al., "Deep Learning for Classical Japanese Literature", arXiv:1812.01718.
"""

import os

from numpycnn.common.explained import explains_arguments
from numpycnn.datasets.mnist_like import Split, load, published
from numpycnn.datasets.published import cache_folder

FILES = published(
    "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
    [
        (18165135, "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4", None),
        (29497, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17", None),
        (3041136, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5", None),
        (5120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c", None),
    ],
)


@explains_arguments
def load_data(*, folder: str | os.PathLike[str] | None = None) -> tuple[Split, Split]:
    """((x_train, y_train), (x_test, y_test)), in the form of MNIST's; Keras does not have this data set.

    x_train: (60000, 28, 28) uint8, 0 is background; y_train: (60000,) uint8, the classes 0 to 9.
    x_test, y_test: likewise, 10,000 of them.

    folder: where the four files are. Without it they are looked for in ~/.keras/datasets/kmnist, and else downloaded
    into that, 21 MB.

    Raises ValueError or FileNotFoundError for a folder with other files or without, OSError if downloading fails.
    """
    return load("kmnist", FILES, folder, [cache_folder() / "kmnist"])
