"""Hints for names that do not exist: the nearest name, and whether the name is planned.

One table, `keras_names.py`, serves imported names (`module_names.py`), arguments and attributes (`explained.py`), and
names given as strings (`checks.lookup`). The table and `difflib` are imported only when an error is raised.
"""

from collections.abc import Collection, Iterable

PLANNED = "planned, not available yet"
NOT_PLANNED = "not planned so far"
SIMILAR, MISSPELLED = 0.6, 0.85
"""Similarity by difflib's ratio, from which a name is suggested, and from which it counts as the same word."""
MAX_NAME = 100
"""The characters of a name that are compared: a longer one resembles none, and difflib would take long to say so."""


def hint(kind: str, name: str, known: Collection[str]) -> str:
    """A hint for a name that is not among the known ones.

    kind: a key of the tables in `keras_names.py`, or "" where Keras has no such list; the hint may then be empty.
    """
    table = {other: status for other, status in statuses(kind).items() if other not in known}
    close = nearest(name, known)
    same_name = [status for other, status in table.items() if same(name, other) and not same(name, close)]
    if status := table.get(name) or next(iter(same_name), None) or NOT_PLANNED * is_kerass(kind, name):
        return status + f"; the nearest is {close!r}" * bool(close)
    misspelled = nearest(name, [*table, *known], MISSPELLED)
    if misspelled in table:
        return f"the nearest is {misspelled!r}: {table[misspelled]}"
    return f"the nearest is {close!r}" if close else NOT_PLANNED * bool(kind)


def statuses(kind: str) -> dict[str, str]:
    """The missing names of that kind, each with "planned" or the reason why it is out of scope."""
    from numpycnn.common import keras_names

    rows = [(kind, PLANNED, keras_names.PLANNED.get(kind, "")), *keras_names.OUT_OF_SCOPE]
    return {name: status for its_kind, status, names in rows if its_kind == kind for name in names.split()}


def is_kerass(kind: str, name: str) -> bool:
    """Whether it is a name of Keras's, today's or an older one, that is not here."""
    from numpycnn.common.keras_api import KERAS, TOP

    return name in {"numpycnn": TOP, **KERAS}.get(kind, "").split() or name in statuses(kind)


def nearest(name: str, candidates: Iterable[str], at_least: float = SIMILAR) -> str:
    """The most similar candidate, ignoring case and underscores; empty where none is similar enough."""
    from difflib import get_close_matches

    by_plain = {plain(other): other for other in candidates}
    word = plain(name[:MAX_NAME])
    return next((by_plain[match] for match in get_close_matches(word, by_plain, n=1, cutoff=at_least)), "")


def same(name: str, other: str) -> bool:
    """Whether two names differ only in case and underscores, as AdamW and adamw do."""
    return plain(name) == plain(other)


def plain(name: str) -> str:
    """The name in lower case, without underscores."""
    return name.lower().replace("_", "")
