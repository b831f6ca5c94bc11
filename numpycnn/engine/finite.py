"""NaN or infinite losses, detected before they reach the weights."""

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.engine.batching import Data


def check_losses(owner: str, where: str, losses: Array, data: Data, order: Array) -> None:
    """Raise ValueError for a batch with a loss that is not finite. order: the indices of the batch's examples.

    The error names the batch and, if there is one, the first example whose input or target is not finite.
    """
    bad = ~np.isfinite(losses)
    if not bad.any():
        return
    raise ValueError(
        f"{owner} is {losses[bad][0]} in {where}, for {bad.sum()} of {len(losses)} examples; "
        f"{reason(data, np.sort(order))}. The weights were not changed by this batch. With the callback "
        "TerminateOnNaN training ends without an error"
    )


def reason(data: Data, order: Array) -> str:
    """Why losses may not be finite: the first value in these examples that is not, or that all values are."""
    for name, array in (("x", data.x), ("y", data.y)):
        for number in order if array.dtype.kind == "f" else ():
            bad = np.argwhere(~np.isfinite(array[number]))
            if len(bad):
                index = (int(number), *map(int, bad[0]))
                return f"{name} is {array[index]} at index {index}, in example {number}"
    return "their inputs and targets are finite: the learning rate may be too high, or the inputs too large"
