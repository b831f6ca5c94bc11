"""The file format: a few facts as JSON, arrays as they are in memory, and a digest over all of it.

    bytes                  content
    0 to 7                 the letters "numpycnn"
    8 to 11                the format's version, 1: an unsigned integer, least byte first, as is the next
    12 to 15               n, the length of the header
    16 to 15 + n           the header, JSON in UTF-8: {"facts": {...}, "arrays": [...]}
    from 16 + n on         the arrays, one after another, with nothing between them
    the last 32            the SHA-256 of all that comes before

Each entry of "arrays" is {"name": "weights/dense/bias", "dtype": "<f4", "shape": [10], "offset": 0}: little-endian
numbers in C order, the offset counted from the end of the header. So a few lines of anyone's NumPy can read it:

    raw = pathlib.Path(path).read_bytes()
    start = 16 + int.from_bytes(raw[12:16], "little")
    header = json.loads(raw[16:start])
    arrays = {
        a["name"]: np.frombuffer(raw, a["dtype"], math.prod(a["shape"]), start + a["offset"]).reshape(a["shape"])
        for a in header["arrays"]
    }

This module knows nothing of models. It reads no array before the header is found to describe the file to the last byte,
and each into the memory that it will stay in: so beside its header, of at most a megabyte, a file takes as much memory
as it is long. What a reader would refuse is not written.
"""

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedIOBase
from itertools import chain
from math import prod
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array, Shape
from numpycnn.files.atomic import replacing

MAGIC = b"numpycnn"
VERSION = 1
LONGEST_HEADER = 2**20
DIGEST = 32  # bytes of SHA-256
LONGEST_TEXT = 1000
DTYPES = ("<f4", "<f8", "<i8")


class ModelFileError(ValueError):
    """A file that is not what it should be: damaged, made by other means, or of a model that does not fit."""


class Declared(NamedTuple):
    """What the header says of an array."""

    dtype: np.dtype
    shape: Shape


class Content(NamedTuple):
    """What a file holds: facts as JSON values, and arrays by name."""

    facts: dict[str, Any]
    arrays: Mapping[str, Array]


# ---------------------------------------------------------------- writing


def write(path: str | os.PathLike[str], content: Content) -> None:
    """Write a file, whole or not at all. Raises ModelFileError for what the format cannot hold, and OSError."""
    with explained(path):
        arrays = stored(content.arrays)
        header = encode(content.facts, arrays)
    digest = hashlib.sha256()
    with replacing(path) as file:
        for part in chain([preamble(len(header)), header], (array.tobytes() for array in arrays.values())):
            digest.update(part)
            file.write(part)
        file.write(digest.digest())


def stored(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays as a file holds them, little-endian. Raises ValueError for another dtype."""
    found = {}
    for name, array in arrays.items():
        array = np.asarray(array)
        found[name] = np.asarray(array, array.dtype.newbyteorder("<"))
        if found[name].dtype.str not in DTYPES:
            raise ValueError(f"{name} must be of a dtype among {', '.join(DTYPES)}; received {array.dtype}")
    return found


def encode(facts: dict[str, Any], arrays: Mapping[str, Array]) -> bytes:
    """The header, filled up with spaces so that the arrays begin at a multiple of 64 bytes.

    Raises TypeError or ValueError for one that could not be read back.
    """
    entries, offset = [], 0
    for name, array in arrays.items():
        entries.append({"name": name, "dtype": array.dtype.str, "shape": array.shape, "offset": offset})
        offset += array.nbytes
    try:
        header = json.dumps({"facts": facts, "arrays": entries}).encode()
    except TypeError as error:
        raise TypeError(f"a file holds plain numbers, text, lists and dicts; {error}") from None
    header += b" " * (-(len(header) + 16) % 64)
    if len(header) > LONGEST_HEADER:
        raise ValueError(f"a header may have {LONGEST_HEADER} bytes; this one needs {len(header)}")
    declared_arrays(decode(header)["arrays"], offset)
    return header


def preamble(length: int) -> bytes:
    """What comes before the header."""
    return MAGIC + VERSION.to_bytes(4, "little") + length.to_bytes(4, "little")


# ---------------------------------------------------------------- reading


class Reader:
    """An open file whose header was read and checked: what it declares, and on demand its arrays."""

    def __init__(self, file: BufferedIOBase) -> None:
        self.file, self.digest = file, hashlib.sha256()
        self.size = file.seek(0, os.SEEK_END)
        file.seek(0)
        header = self.header()
        self.facts = header["facts"]
        self.declared = declared_arrays(header["arrays"], self.size - file.tell() - DIGEST)

    def header(self) -> Any:
        """The header's JSON."""
        start = self.take(16).tobytes()
        if start[:8] != MAGIC:
            raise ValueError(f"expected a file that begins with {MAGIC!r}; received {start[:8]!r}")
        version, length = int.from_bytes(start[8:12], "little"), int.from_bytes(start[12:], "little")
        if version != VERSION:
            raise ValueError(f"expected the format's version {VERSION}; received {version}")
        if length > min(LONGEST_HEADER, self.size - 16 - DIGEST):
            raise ValueError(f"a header of {length} bytes is too long for this file or any")
        return decode(self.take(length).tobytes())

    def take(self, count: int) -> Array:
        """The next bytes of the file."""
        part = np.empty(count, np.uint8)
        if self.file.readinto(part.data) != count:
            raise ValueError(f"ends too early, after {self.size} bytes")
        self.digest.update(part.data)
        return part

    def arrays(self) -> dict[str, Array]:
        """All arrays, in this machine's byte order. Raises ValueError unless the digest is right."""
        arrays = {}
        for name, (dtype, shape) in self.declared.items():
            array = self.take(prod(shape) * dtype.itemsize).view(dtype).reshape(shape)
            arrays[name] = array.astype(dtype.newbyteorder("="), copy=False)
        if self.file.read(DIGEST) != self.digest.digest():
            raise ValueError("its content does not agree with its digest: it was damaged or changed")
        return arrays


@contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[Reader]:
    """The file, open for as long as the body lasts.

    What is found wrong with it, here or in the body, is raised as ModelFileError; what the system raises, such as
    FileNotFoundError, as it is.
    """
    with explained(path):
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would be waited for
            raise ValueError("expected a file; received a directory or a device")
        with open(path, "rb") as file:
            yield Reader(file)


@contextmanager
def explained(path: str | os.PathLike[str]) -> Iterator[None]:
    """What the body finds wrong with a file is raised as ModelFileError, with the path; a lack of memory too."""
    try:
        yield
    except (ValueError, TypeError, RecursionError, MemoryError) as error:
        raise ModelFileError(f"{os.fspath(path)}: {shortened(str(error))}") from None


def decode(header: bytes) -> Any:
    """The header's JSON. Raises TypeError or ValueError for what `encode` would not write."""
    found = json.loads(header.decode(), object_pairs_hook=checked_object, parse_constant=refuse_constant)
    checks.keys("file", "header", found, {"facts", "arrays"})
    return found


def declared_arrays(entries: Any, room: int) -> dict[str, Declared]:
    """The arrays that the header declares. Raises ValueError or TypeError unless they fill the room exactly."""
    declared: dict[str, Declared] = {}
    offset = 0
    for entry in checks.sequence("file", "arrays", entries):
        checks.keys("file", "array", entry, {"name", "dtype", "shape", "offset"})
        name = checks.text("file", "array's name", entry["name"])
        if name in declared:
            raise ValueError(f"two arrays have the name {name!r}")
        dtype = np.dtype(checks.choice("file", f"dtype of {name}", entry["dtype"], DTYPES))
        sizes = checks.sequence("file", f"shape of {name}", entry["shape"])
        if len(sizes) > checks.MOST_AXES:
            raise ValueError(f"{name} may have {checks.MOST_AXES} axes; received {len(sizes)}")
        shape = tuple(checks.integer("file", f"shape of {name}", size, at_least=0) for size in sizes)
        if any(size > room for size in shape):
            raise ValueError(f"{name} of shape {shape} is larger than the file")
        if checks.integer("file", f"offset of {name}", entry["offset"], at_least=0) != offset:
            raise ValueError(f"{name} must begin at offset {offset}; received {entry['offset']}")
        declared[name] = Declared(dtype, shape)
        offset += prod(shape) * dtype.itemsize
    if offset != room:
        raise ValueError(f"the arrays declared take {offset} bytes; the file has {room} for them")
    return declared


def checked_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Raises ValueError for a key that comes twice, and for text that would swell an error's message."""
    found = dict(pairs)
    for text in [*found, *found.values()]:
        if isinstance(text, str) and len(text) > LONGEST_TEXT:
            raise ValueError(f"a text may have {LONGEST_TEXT} characters; received {len(text)}: {text[:50]!r} ...")
    if len(found) != len(pairs):
        raise ValueError(f"a key comes twice among {', '.join(key for key, _ in pairs)}")
    return found


def refuse_constant(text: str) -> Any:
    """Raise ValueError: NaN and infinity are not JSON."""
    raise ValueError(f"{text} is no JSON")


def shortened(text: str) -> str:
    """An error's text; what a hostile file says in it may be long, and may speak to the terminal."""
    shown = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text[:500])
    return shown if len(text) <= 500 else f"{shown} ..."
