"""The files that this library writes: safetensors files, with a digest that detects every changed bit.

Any safetensors reader opens them. The first entry of the header's `__metadata__` is "sha256": the SHA-256, in
64 hexadecimal digits, of all the file's bytes with zeros in the place of these 64 digits. Its offset is constant, so
a few lines check a file:

    raw = bytearray(pathlib.Path(path).read_bytes())
    digest, raw[35:99] = raw[35:99].decode(), b"0" * 64
    assert digest == hashlib.sha256(raw).hexdigest()

A few more read the arrays with NumPy alone:

    start = 8 + int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:start])
    metadata = header.pop("__metadata__")
    arrays = {
        name: np.frombuffer(raw, {"F32": "<f4", "F64": "<f8", "I64": "<i8"}[a["dtype"]], math.prod(a["shape"]),
                            start + a["data_offsets"][0]).reshape(a["shape"])
        for name, a in header.items()
    }

This module does not depend on models. It allocates no array before the header is known to describe the file to the last
byte and the digest is verified, and it reads each array directly into its final memory. So loading a file takes as much
memory as the file is long, and refusing one no more than its header, whatever sizes it declares.
"""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BufferedIOBase
from itertools import chain
from typing import IO, NamedTuple

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.files.atomic import atomic_write
from numpycnn.files.errors import explained
from numpycnn.files.formats import check_first_bytes
from numpycnn.files.safetensors import (
    LENGTH_BYTES,
    buffer_order,
    check_header_length,
    decode_header,
    encode_header,
)

FORMAT = {"format": "numpycnn", "version": "1"}
"""Added to the metadata by `write`, besides the digest."""
DIGEST = "sha256"
NO_DIGEST = "0" * 64
BEFORE_DIGEST = b'{"__metadata__":{"sha256":"'
DIGEST_PLACE = slice(LENGTH_BYTES + len(BEFORE_DIGEST), LENGTH_BYTES + len(BEFORE_DIGEST) + len(NO_DIGEST))
CHUNK = 2**20  # bytes read at a time


class Content(NamedTuple):
    """The content of a file: strings and arrays, by name."""

    metadata: dict[str, str]
    arrays: Mapping[str, Array]


# ---------------------------------------------------------------- writing


def write(path: str | os.PathLike[str], content: Content) -> None:
    """Write a file atomically. Raises ModelFileError for content that the format cannot hold, and OSError."""
    with explained(path):
        header = header_of(content)
    with atomic_write(path) as file:
        write_parts(file, header, content.arrays)


def write_parts(file: IO[bytes], header: bytes, named: Mapping[str, Array]) -> None:
    """Write a header, the arrays after it, and the digest of both into the header."""
    arrays, digest = stored(named), hashlib.sha256()
    for part in chain([header], (arrays[name].tobytes() for name in buffer_order(arrays))):
        digest.update(part)
        file.write(part)
    file.seek(DIGEST_PLACE.start)
    file.write(digest.hexdigest().encode())


def header_of(content: Content) -> bytes:
    """The bytes before the arrays, without the digest. Raises TypeError or ValueError for invalid content."""
    return encode_header({DIGEST: NO_DIGEST, **FORMAT, **content.metadata}, stored(content.arrays))


def stored(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays in little-endian byte order."""
    found = {name: np.asarray(array) for name, array in arrays.items()}
    return {name: array.astype(array.dtype.newbyteorder("<"), copy=False) for name, array in found.items()}


# ---------------------------------------------------------------- reading


class Reader:
    """An open file with a valid header.

    metadata, specs: the strings and arrays that were given to `write`. own: whether this library wrote the file.
    Raises ValueError or TypeError for a header that is damaged, of another format, or of a later version.
    """

    def __init__(self, file: BufferedIOBase) -> None:
        self.file = file
        self.size = file.seek(0, os.SEEK_END)
        header_length = self.header_length()
        self.buffer_start = LENGTH_BYTES + header_length
        header = self.read_at(LENGTH_BYTES, header_length).tobytes()
        metadata, self.specs, self.offsets = decode_header(header, self.size - self.buffer_start)
        self.own = DIGEST in metadata or metadata.get("format") == FORMAT["format"]
        if self.own:
            for key, text in FORMAT.items():
                checks.choice("file", key, metadata.get(key), (text,))
        self.metadata = {key: text for key, text in metadata.items() if key not in (DIGEST, *FORMAT)}

    def header_length(self) -> int:
        """The header's length. Raises ValueError for an impossible one, and names the format if it is another one."""
        start = self.read_at(0, LENGTH_BYTES).tobytes()
        length = int.from_bytes(start, "little")
        try:
            check_header_length(length, self.size)
        except ValueError:
            check_first_bytes(start)
            raise
        return length

    def check_digest(self) -> None:
        """Raise ValueError unless the digest is that of the file. Reads in chunks."""
        self.file.seek(0)
        head = self.file.read(DIGEST_PLACE.stop)
        digest = hashlib.sha256(head[: DIGEST_PLACE.start] + NO_DIGEST.encode())
        while chunk := self.file.read(CHUNK):
            digest.update(chunk)
        if head[DIGEST_PLACE] != digest.hexdigest().encode():
            raise ValueError("its content does not agree with its digest: it was damaged or changed")

    def arrays(self, names: Iterable[str]) -> dict[str, Array]:
        """The arrays of these names. Raises ValueError where the digest, which this library's files have, is wrong."""
        if self.own:
            self.check_digest()
        return {name: self.array(name) for name in names}

    def array(self, name: str) -> Array:
        """One array, in native byte order."""
        dtype, shape = self.specs[name]
        part = self.read_at(self.buffer_start + self.offsets[name], self.specs[name].nbytes)
        return part.view(dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)  # shape

    def read_at(self, position: int, count: int) -> Array:
        """`count` bytes of the file: (count,), uint8. Raises ValueError if the file ends before."""
        self.file.seek(position)
        part = np.empty(count, np.uint8)
        if self.file.readinto(part.data) != count:
            raise ValueError(f"ends too early, after {self.size} bytes")
        return part


@contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[Reader]:
    """The file, open for as long as the body lasts.

    Errors about its content, here or in the body, are raised as ModelFileError; an OSError, such as FileNotFoundError,
    is raised unchanged.
    """
    with explained(path), opened(path) as file:
        yield Reader(file)


def opened(path: str | os.PathLike[str]) -> BufferedIOBase:
    """The file, open. Raises ValueError for a directory or a device."""
    if not stat.S_ISREG(os.stat(path).st_mode):  # opening a pipe would block
        raise ValueError("expected a file; received a directory or a device")
    return open(path, "rb")


def whole_file(path: str | os.PathLike[str]) -> bytes:
    """The content of a file. Raises as `opened`, and OSError."""
    with opened(path) as file:
        return file.read()
