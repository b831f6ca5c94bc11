"""A progress bar for a training loop of one's own, as in `keras.utils`."""

from collections.abc import Iterable
from typing import Any

from numpycnn.common import checks
from numpycnn.common.explained import Explained
from numpycnn.engine.batching import check_verbose
from numpycnn.show.progress import Progress


class Progbar(Explained):
    """The bar that `fit` draws: `add` or `update` moves it.

    target: the steps in all; None is a number that is not known. verbose: as for `fit`. stateful_metrics: the names of
    figures to show as they are; of others the mean is shown. width, interval, unit_name: taken, without effect.
    Raises TypeError or ValueError for other arguments. Source: Keras's Progbar.
    """

    explained_methods = ("update", "add")

    def __init__(
        self,
        target: int | None,
        width: int = 30,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        self.target = None if target is None else checks.size("Progbar", "target", target)
        self.stateful = set(stateful_metrics or ())
        self.progress = Progress(self.target, check_verbose("Progbar", verbose))
        self.done = 0
        self.sums: dict[str, tuple[float, int]] = {}
        """The sum of each figure over the steps, and how many steps that are."""

    def update(self, current: int, values: Any = None, finalize: bool | None = None) -> None:
        """Show that `current` steps are done. values: (name, figure) of the steps since the last update, in a list.

        finalize: print the last line; by default once all steps are done. Raises TypeError or ValueError for others.
        """
        current = checks.integer("Progbar.update", "current", current, at_least=0, at_most=checks.MAX_SIZE)
        count = max(current - self.done, 1)
        for entry in [] if values is None else checks.sequence("Progbar.update", "values", values):
            name, value = checks.sequence("Progbar.update", "items of each pair in values", entry, length=2)
            figure = checks.number("Progbar.update", "a figure in values", value)
            name = checks.text("Progbar.update", "a name in values", name)
            total, steps = (0.0, 0) if name in self.stateful else self.sums.get(name, (0.0, 0))
            self.sums[name] = total + figure * count, steps + count
        self.done = current
        figures = {name: total / steps for name, (total, steps) in self.sums.items()}
        self.progress.update(current, figures)
        if self.target == current if finalize is None else finalize:
            self.progress.finish(figures)

    def add(self, n: int, values: Any = None) -> None:
        """Show that n more steps are done. values: as for `update`."""
        self.update(self.done + checks.integer("Progbar.add", "n", n, at_least=0, at_most=checks.MAX_SIZE), values)
