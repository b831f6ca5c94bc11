"""Where the files of a data set are: in a folder that the user names, in Keras's cache, or to be downloaded into it.

Wherever a file is found, its SHA-256 must be that of the file as it was published.
"""

import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple, cast

from numpycnn.common import checks
from numpycnn.datasets.download import digest_of, download


class Published(NamedTuple):
    """A file as it was published."""

    url: str
    size: int
    sha256: str
    content_sha256: str | None = None
    """Of what is compressed in it, where that is known: the file may have been compressed anew."""

    @property
    def name(self) -> str:
        """The last part of the address: train-images-idx3-ubyte.gz."""
        return self.url.rpartition("/")[2]


def keras_folder() -> Path:
    """Keras's own folder: ~/.keras, or what the environment variable KERAS_HOME says."""
    return Path(os.path.expanduser(os.environ.get("KERAS_HOME") or "~/.keras"))


def cache_folder() -> Path:
    """Keras's cache of data sets."""
    return keras_folder() / "datasets"


def locate(owner: str, published: Published, folder: str | os.PathLike[str] | None, places: Sequence[Path]) -> Path:
    """The path of a genuine copy of the file: in the folder, or else in one of the places, or downloaded to the first.

    Raises FileNotFoundError or ValueError if the named folder has no such file or another of its name; OSError, which
    says where to put which file, if it can be neither found nor downloaded.
    """
    if folder is not None:
        path = Path(os.path.expanduser(checks.path(owner, "folder", folder)), published.name)
        if not path.is_file():
            raise FileNotFoundError(f"{owner}: expected {published.name}, from {published.url}, in the folder {folder}")
        if not is_genuine(path, published):
            raise ValueError(f"{owner}: {path} is not {published.url}, which has the SHA-256 {published.sha256}")
        return path
    there = [path for path in places if path.is_file()]
    for path in there:
        if is_genuine(path, published):
            return path
    target = places[0]
    try:
        download(published.url, target, published.sha256, published.size)
    except OSError as error:
        found = f"{there[0]} is not the right one" if there else f"there is none in {target.parent}"
        raise OSError(
            f"{owner}: {published.name} is needed; {found}, and downloading failed ({error}). Download {published.url} "
            f"by other means to {target}, or name the folder that it is in: load_data(folder=...)"
        ) from error
    return target


def is_genuine(path: Path, published: Published) -> bool:
    """Whether the file, or what is compressed in it, is as published."""
    with path.open("rb") as file:
        if digest_of(file, published.sha256) == published.sha256:
            return True
        file.seek(0)
        return published.content_sha256 is not None and content_digest(file) == published.content_sha256


def content_digest(file: IO[bytes]) -> str:
    """The SHA-256 of what is compressed in a gzip file; empty if it is none, or damaged."""
    import gzip  # deferred: slow import

    try:
        with gzip.open(file) as content:
            return digest_of(cast("IO[bytes]", content), "")
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return ""
