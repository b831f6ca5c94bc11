"""The one exception for everything that can be wrong with a model's file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

MAX_MESSAGE = 500  # characters


class ModelFileError(ValueError):
    """A file that is damaged, of another format or of a model that does not fit; or a model that no file can hold."""


@contextmanager
def explained(path: str | os.PathLike[str]) -> Iterator[None]:
    """What the body finds wrong with a file is raised as ModelFileError, with the path; a lack of memory too."""
    try:
        yield
    except (ValueError, TypeError, RecursionError, MemoryError) as error:
        raise ModelFileError(f"{os.fspath(path)}: {shortened(str(error))}") from None


def shortened(text: str) -> str:
    """An error's text; what a hostile file says in it may be long, and may hold control characters."""
    shown = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text[:MAX_MESSAGE])
    return shown if len(text) <= MAX_MESSAGE else f"{shown} ..."
