"""Writing the images that an ImageDataGenerator gives to a folder, for people to look at."""

import os
from collections.abc import Callable

from numpycnn.common.typing import Array, Rng


class Saving:
    """Changes images as `change` does, and writes each of them: folder/prefix_0.png, prefix_1.png, and so on.

    The folder is made if there is none. Raises as `utils.save_img` does.
    """

    def __init__(
        self, change: Callable[[Array, Rng], Array], data_format: str, folder: str, prefix: str, suffix: str
    ) -> None:
        self.change, self.data_format = change, data_format
        self.name = os.path.join(os.path.abspath(folder), f"{prefix}_{{}}.{suffix}")  # the program may change directory
        self.count = 0

    def __call__(self, x: Array, rng: Rng) -> Array:
        """The changed images, (n, ...)."""
        from numpycnn.utils import save_img  # deferred: slow import

        images = self.change(x, rng)
        os.makedirs(os.path.dirname(self.name), exist_ok=True)
        for image in images:
            save_img(self.name.format(self.count), image, self.data_format)
            self.count += 1
        return images
