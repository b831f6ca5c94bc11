"""The exception for all errors about a model's file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

MAX_MESSAGE = 500  # characters


class ModelFileError(ValueError):
    """A file that is damaged, of another format, or of a model that does not fit; or a model that cannot be saved."""


@contextmanager
def explained(path: str | os.PathLike[str]) -> Iterator[None]:
    """Raise errors of the body as ModelFileError, with the path; MemoryError too."""
    try:
        yield
    except (ValueError, TypeError, RecursionError, MemoryError) as error:
        raise ModelFileError(f"{os.fspath(path)}: {shortened(str(error))}") from None


def shortened(text: str) -> str:
    """An error message, truncated and without control characters, which may come from a hostile file."""
    shown = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text[:MAX_MESSAGE])
    return shown if len(text) <= MAX_MESSAGE else f"{shown} ..."
