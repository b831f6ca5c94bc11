"""The figures of every epoch."""

from typing import Any

from numpycnn.callbacks.base import Callback, Logs
from numpycnn.common.figures import FiguresByName, one_number


class History(Callback):
    """The figures of every epoch, which `fit` returns.

    history: a list for each figure: `history["val_loss"][0]` is the first epoch's. epoch: their numbers, from 0.
    A figure of several numbers is an array.
    """

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = FiguresByName()

    def __getstate__(self) -> dict[str, Any]:
        """Without the other callbacks of the training, which may be of functions that cannot be pickled."""
        return {key: () if key == "siblings" else value for key, value in vars(self).items()}

    def __repr__(self) -> str:
        last = "".join(f", {name}: {one_number(values[-1]):.4f}" for name, values in self.history.items() if values)
        return f"<History: {len(self.epoch)} epochs{last}>"

    def _repr_html_(self) -> str:
        """The figures' curves, for a notebook."""
        from numpycnn.common import html  # deferred: only notebooks need it

        means = {name: [one_number(value) for value in values] for name, values in self.history.items()}
        return html.curves(self.epoch, means)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
