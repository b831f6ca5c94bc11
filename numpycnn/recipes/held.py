"""The data that a worker holds, so that it reads a data set once, or is sent arrays once, for all of its tasks."""

from numpycnn.recipes.data import DIGEST, Split, load_data

HELD: dict[str, Split] = {}
"""By its name, in this process: of one data set or of none."""


def held(name: str, sent: Split | None) -> Split | None:
    """The data of that name; None for arrays that are neither sent nor here."""
    split = sent or HELD.get(name)
    if split is None and not name.startswith(DIGEST):
        split = load_data(name)
    if split is not None and name not in HELD:
        release()
        HELD[name] = split
    return split


def release() -> None:
    """Forget what is held in this process."""
    HELD.clear()
