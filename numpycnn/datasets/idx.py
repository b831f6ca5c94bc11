"""The IDX format, in which MNIST is published: a header and the values of one array.

    bytes 0, 1     zero
    byte 2         the type of the values (see TYPES)
    byte 3         the number of axes
    then           the size of each axis, four bytes each, big-endian
    then           the values in C order, big-endian

Source: the description on the MNIST pages of LeCun, Cortes and Burges.
"""

import zlib
from collections.abc import Iterator
from math import prod
from os import PathLike
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array, Shape

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""The NumPy dtype for each type byte."""

MAX_AXES = 32
CHUNK = 2**20


def read_idx(path: str | PathLike[str]) -> Array:
    """Read the array in an IDX file, plain or compressed with gzip, in native byte order.

    Raises ValueError, naming the file and what was expected, for a file that is not IDX, too short or too long for the
    sizes it states, or damaged; TypeError for anything but a path; OSError for a file that cannot be opened.
    """
    import gzip  # deferred: slow import

    path = Path(checks.path("read_idx", "path", path))
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            if not compressed:
                return _read(path, file)
            with gzip.open(file) as stream:
                return _read(path, cast(BinaryIO, stream))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path}: expected an undamaged gzip file; {error}") from None


def _read(path: Path, file: BinaryIO) -> Array:
    dtype, shape = _read_header(path, file)
    expected = prod(shape) * dtype.itemsize
    data = b"".join(_chunks(file, expected + 1))
    if len(data) != expected:
        received = f"only {len(data)}" if len(data) < expected else "more"
        raise ValueError(f"{path}: expected {expected} bytes of data for the sizes {shape}; received {received}")
    try:
        return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="))  # shape
    except ValueError as error:  # a size of zero among sizes too large for an array
        raise ValueError(f"{path}: expected sizes that an array can have; received {shape}: {error}") from None


def _read_header(path: Path, file: BinaryIO) -> tuple[np.dtype, Shape]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES or not 1 <= magic[3] <= MAX_AXES:
        raise ValueError(
            f"{path}: expected the magic number of an IDX file, 00 00, a type ({', '.join(f'{t:02x}' for t in TYPES)}) "
            f"and the number of axes (01 to {MAX_AXES:02x}); received {magic.hex(' ') or 'an empty file'}"
        )
    sizes = file.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise ValueError(f"{path}: expected the sizes of {magic[3]} axes, {4 * magic[3]} bytes; received {len(sizes)}")
    return np.dtype(TYPES[magic[2]]), tuple(int(size) for size in np.frombuffer(sizes, ">u4"))


def _chunks(file: BinaryIO, count: int) -> Iterator[bytes]:
    """At most `count` bytes, in chunks, so that no more memory is allocated than the file has bytes."""
    while count > 0 and (chunk := file.read(min(CHUNK, count))):
        count -= len(chunk)
        yield chunk
