"""Fashion-MNIST: 70,000 pictures of clothes of 28 by 28 pixels, in 10 classes, as hard again as MNIST's digits.

The classes are T-shirt, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot. Zalando SE holds the
copyright, and gives it under the MIT license. Source: Xiao, Rasul and Vollgraf, "Fashion-MNIST", arXiv:1708.07747.
"""

import os
from pathlib import Path

from numpycnn.common.explained import explains_arguments
from numpycnn.datasets.mnist_like import Split, load, published
from numpycnn.datasets.published import cache_folder

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist has it."""

FILES = published(
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    [
        (
            26421880,
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        (
            29515,
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
        (
            4422102,
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        (
            5148,
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ],
)


@explains_arguments
def load_data(*, folder: str | os.PathLike[str] | None = None) -> tuple[Split, Split]:
    """((x_train, y_train), (x_test, y_test)), as Keras returns them.

    x_train: (60000, 28, 28) uint8, 0 is background; y_train: (60000,) uint8, the classes 0 to 9.
    x_test, y_test: likewise, 10,000 of them.

    folder: where the four files are. Without it they are looked for in Keras's cache (~/.keras/datasets/fashion-mnist)
    and where Debian's package dataset-fashion-mnist has them, and else downloaded into the cache, 31 MB.

    Raises ValueError or FileNotFoundError for a folder with other files or without, OSError if downloading fails.
    """
    return load("fashion_mnist", FILES, folder, [cache_folder() / "fashion-mnist", DEBIAN])
