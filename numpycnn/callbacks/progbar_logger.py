"""Keras's name for the progress bar as a callback."""

from numpycnn.callbacks.base import Callback


class ProgbarLogger(Callback):
    """The progress bar, which `fit(verbose=1)` draws whether this is among its callbacks or not. Source: Keras's."""

    def __init__(self) -> None:
        super().__init__()
