"""Images side by side in a notebook, without matplotlib."""

from html import escape
from typing import Any

import numpy as np

from numpycnn.common import checks, html
from numpycnn.common.typing import Array

MOST = 100
"""Images that are shown; more would fill the notebook."""


class Gallery:
    """Some images with their captions; a notebook shows them."""

    def __init__(self, images: Array, captions: list[str]) -> None:
        self.images, self.captions = images, captions

    def __repr__(self) -> str:
        return f"<Gallery: {len(self.images)} images of {self.images.shape[1:3]}>"

    def _repr_html_(self) -> str:
        shown = zip(self.images[:MOST], self.captions[:MOST], strict=True)
        return "".join(
            f"<figure style='display:inline-block;margin:2px'>{html.picture(image)}"
            f"<figcaption style='text-align:center'>{escape(caption)}</figcaption></figure>"
            for image, caption in shown
        )


def gallery(images: Any, captions: Any = None) -> Gallery:
    """Images for a notebook to show, at most 100.

    images: (n, rows, columns), with 1 or 3 channels after them, or one image (rows, columns). captions: a list or an
    array with one for each, such as its label.

    Raises ValueError or TypeError for other shapes, another number of captions, and captions that cannot be printed.
    """
    a = checks.numbers("gallery", "images", images)
    a = a[None] if a.ndim == 2 else a
    if a.ndim == 4 and a.shape[3] == 1:
        a = a[..., 0]
    if a.ndim != 3 and (a.ndim != 4 or a.shape[3] != 3):
        raise ValueError(
            "gallery: images must be (n, rows, columns), or with 1 or 3 channels after them; "
            f"received {np.shape(images)}"
        )
    if captions is None:
        return Gallery(a, [""] * len(a))
    listed = captions.tolist() if isinstance(captions, np.ndarray) else captions
    return Gallery(a, [printed(one) for one in checks.sequence("gallery", "captions", listed, length=len(a))])


def printed(caption: Any) -> str:
    """The caption as text. Raises TypeError where its own `__str__` fails, as of a list that is nested too deep."""
    try:
        return str(caption)
    except Exception as error:
        raise TypeError(f"gallery: captions must be what can be printed; received {error!r:.200}") from None
