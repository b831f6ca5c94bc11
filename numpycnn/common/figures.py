"""Figures by their names, which find today's by older Keras's too."""

from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")


def one_number(figure: Any) -> float:
    """A figure of several numbers, such as one for each class, as their mean; one number as it is."""
    return float(np.mean(figure))


class FiguresByName(dict[str, T]):
    """A dict of figures: a name of older Keras's that is not in it, such as "acc", finds today's, with a warning."""

    def __missing__(self, name: str) -> T:
        from numpycnn.common.older import todays_figure

        return self[todays_figure(name, self)]

    def __or__(self, others: Any) -> Any:
        """These figures and others, by name."""
        return type(self)({**self, **others})

    def get(self, name: str, default: Any = None) -> Any:
        """The figure of that name, or the default if there is none."""
        try:
            return self[name]
        except KeyError:
            return default
