"""An array as a usual mistake has it: rotated, transposed, left out. A wrong result may be right for such an array.

Each change comes with words that follow "right if" and the array's name.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np

from numpycnn.common.typing import Array


def changes(a: Array) -> Iterator[tuple[str, Array]]:
    """The array changed in each usual way that makes a difference."""
    found = [
        ("were 0: left out", np.zeros_like(a)),
        ("were 1: not multiplied in", np.ones_like(a)),
        ("were negative: the sign", -a),
    ]
    if a.ndim > 1:
        found.append(("were rotated by half a turn: one [::-1, ::-1] too few or too many", np.flip(a, (-2, -1))))
    if a.ndim > 1 and a.shape[-1] == a.shape[-2]:
        found.append(("were transposed in its last two axes", a.swapaxes(-2, -1)))
    if a.size and a.ndim:
        found.append(("had its first index in axis 0 at all of them", np.repeat(a[:1], len(a), axis=0)))
    yield from ((text, changed) for text, changed in found if not np.array_equal(changed, a))


def changed(arrays: Mapping[str, Array], whole: str = "") -> Iterator[tuple[str, dict[str, Array]]]:
    """What replaces some of these arrays: one of them changed, or two of one shape exchanged, and the words for it.

    whole: the name of one that is only exchanged.
    """
    for name, a in arrays.items():
        if name == whole:
            continue
        yield from ((f"right if {name} {text}", {name: other}) for text, other in changes(a))
    for (name, a), (other, b) in combinations(arrays.items(), 2):
        if a.shape == b.shape and not np.array_equal(a, b):
            yield f"right if {name} and {other} were exchanged", {name: b, other: a}
