"""What an error says of a name that does not exist: what to write instead, the nearest name, and whether it is planned.

One table, `keras_names.py`, serves names that are imported (`module_names.py`), arguments and attributes
(`explained.py`), and names given as strings (`checks.lookup`). It is imported with `difflib` where an error is made:
whoever makes none does not wait for them.
"""

from collections.abc import Collection, Iterable

PLANNED = "planned, not available yet"
NOT_PLANNED = "not planned so far"
ALIKE, MISSPELT = 0.6, 0.85
"""How alike two names are, by difflib's ratio: worth a mention, and surely the same word."""


def remark(kind: str, name: str, known: Collection[str]) -> str:
    """What to say of a name that is not among those known.

    kind: a key of the tables in `keras_names.py`, or "" where Keras has no such list; then there may be nothing to say.
    """
    from numpycnn.common.keras_names import REPLACED

    table = {other: status for other, status in statuses(kind).items() if other not in known}
    close = nearest(name, known)
    if replacement := REPLACED.get(kind, {}).get(name):
        return f"write {replacement!r} instead" + f" ({table.get(replacement)})" * (replacement in table)
    alike = [status for other, status in table.items() if same(name, other) and not same(name, close)]
    if status := table.get(name) or next(iter(alike), None):
        return status + f"; the nearest is {close!r}" * bool(close)
    misspelt = nearest(name, [*known, *table], MISSPELT)
    if misspelt in table:
        return f"the nearest is {misspelt!r}: {table[misspelt]}"
    return f"the nearest is {close!r}" if close else NOT_PLANNED * bool(kind)


def statuses(kind: str) -> dict[str, str]:
    """The names of that kind which do not exist, each with "planned" or the reason why it is out of scope."""
    from numpycnn.common import keras_names

    rows = [(kind, PLANNED, keras_names.PLANNED.get(kind, "")), *keras_names.OUT_OF_SCOPE]
    return {name: status for its_kind, status, names in rows if its_kind == kind for name in names.split()}


def nearest(name: str, candidates: Iterable[str], at_least: float = ALIKE) -> str:
    """The candidate that is most alike, whatever its capitals and underscores; empty where none is alike enough."""
    from difflib import get_close_matches

    by_plain = {plain(other): other for other in candidates}
    return next((by_plain[match] for match in get_close_matches(plain(name), by_plain, n=1, cutoff=at_least)), "")


def same(name: str, other: str) -> bool:
    """Whether two names differ in capitals and underscores at most, as AdamW and adamw."""
    return plain(name) == plain(other)


def plain(name: str) -> str:
    """The name without capitals and underscores."""
    return name.lower().replace("_", "")
