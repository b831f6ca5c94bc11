"""Files from the network, kept in Keras's cache, as in `keras.utils`."""

import os
import re
from pathlib import Path

from numpycnn.common import checks
from numpycnn.common.explained import explains_arguments
from numpycnn.datasets.download import digest_of, download
from numpycnn.datasets.published import keras_folder

DIGESTS = r"[0-9a-f]{64}|[0-9a-f]{32}"


@explains_arguments
def get_file(
    fname: str | None = None,
    origin: str | None = None,
    *,
    file_hash: str | None = None,
    cache_subdir: str | os.PathLike[str] = "datasets",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """The path of a file that is downloaded from the address `origin` unless it is in the cache. Nothing is unpacked.

    fname: its name in the cache; by default the last part of the address. file_hash: its SHA-256 or MD5 in hexadecimal;
    a cached file with another one is downloaded anew. cache_dir: by default ~/.keras, or what the environment variable
    KERAS_HOME says; cache_subdir: the folder in it. force_download: download it even if it is there.

    Raises TypeError or ValueError for an argument of the wrong kind or value; OSError if downloading fails.
    """
    origin = checks.text("get_file", "origin", origin)
    name = checked_name(origin, fname)
    if file_hash is not None and not re.fullmatch(DIGESTS, checks.text("get_file", "file_hash", file_hash)):
        expected = "get_file: file_hash must be a SHA-256 or MD5 in hexadecimal"
        raise ValueError(f"{expected}; received {checks.short_repr(file_hash)}")
    home = keras_folder() if cache_dir is None else Path(checks.path("get_file", "cache_dir", cache_dir)).expanduser()
    path = home / checks.path("get_file", "cache_subdir", cache_subdir) / name
    force = checks.flag("get_file", "force_download", force_download)
    if force or not path.is_file() or not has_digest(path, file_hash):
        download(origin, path, file_hash)
    return str(path)


def checked_name(origin: str, fname: str | None) -> str:
    """fname, or without it the last part of the address. Raises TypeError or ValueError if either is of no use."""
    from urllib.parse import urlsplit  # deferred: slow import

    address = urlsplit(origin)
    last = address.path.rpartition("/")[2]
    if not address.scheme or not (last or fname):
        raise ValueError(f"get_file: origin must be the address of a file; received {checks.short_repr(origin)}")
    name = last if fname is None else checks.path("get_file", "fname", fname)
    if name in (".", "..") or Path(name).name != name:
        raise ValueError(f"get_file: fname must be a name without folders; received {checks.short_repr(name)}")
    return name


def has_digest(path: Path, digest: str | None) -> bool:
    """Whether the file has that digest; any does if there is none."""
    with path.open("rb") as file:
        return digest is None or digest_of(file, digest) == digest
