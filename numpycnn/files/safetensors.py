"""The header of a safetensors file: encoding, decoding and validation, as pure functions of bytes.

    bytes                content
    0 to 7               n, the length of the header: an unsigned little-endian integer
    8 to 7 + n           the header, JSON in UTF-8 that begins with "{" and may end in spaces
    from 8 + n on        the buffer: the arrays in C order, little-endian, without gaps or overlaps

Each key of the header is an array's name, and its value {"dtype": "F32", "shape": [10], "data_offsets": [0, 40]}, begin
and end counted from the start of the buffer. The key "__metadata__" is not an array: it holds strings by name.

Source: https://huggingface.co/docs/safetensors
"""

import json
from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array, Shape

MAX_HEADER = 2**23
"""Bytes. The format allows 100 MB, but parsed JSON takes 20 times its length in memory."""
LENGTH_BYTES = 8
ALIGNMENT = 64
"""The buffer starts at a multiple of this: at a cache line, if the file is memory-mapped."""
DTYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8"}
METADATA = "__metadata__"


class ArraySpec(NamedTuple):
    """An array's dtype and shape."""

    dtype: np.dtype
    shape: Shape

    @property
    def nbytes(self) -> int:
        """The size of the array in bytes."""
        return prod(self.shape) * self.dtype.itemsize

    def __str__(self) -> str:
        return f"{self.dtype.name} of shape {self.shape}"


class Header(NamedTuple):
    """A decoded header: strings by name, arrays by name, and the offset of each array in the buffer."""

    metadata: dict[str, str]
    specs: dict[str, ArraySpec]
    offsets: dict[str, int]


def encode_header(metadata: Mapping[str, str], arrays: Mapping[str, Array]) -> bytes:
    """The header's length and the header, in which metadata comes first, padded so that the buffer is aligned.

    Raises TypeError or ValueError for a header that could not be read back.
    """
    header: dict[str, Any] = {METADATA: dict(metadata)}
    begin = 0
    for name in buffer_order(arrays):
        end = begin + arrays[name].nbytes
        header[name] = {
            "dtype": dtype_name(name, arrays[name]),
            "shape": arrays[name].shape,
            "data_offsets": [begin, end],
        }
        begin = end
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    padding = -(LENGTH_BYTES + len(text)) % ALIGNMENT
    text += b" " * padding
    decode_header(text, begin)
    return len(text).to_bytes(LENGTH_BYTES, "little") + text


def buffer_order(arrays: Mapping[str, Array]) -> list[str]:
    """The names in the order of the buffer: larger dtypes first, so that each array is aligned."""
    return sorted(arrays, key=lambda name: -arrays[name].itemsize)


def dtype_name(name: str, array: Array) -> str:
    """The format's name of an array's dtype. Raises ValueError for an unsupported one."""
    for found, dtype in DTYPES.items():
        if array.dtype == np.dtype(dtype):
            return found
    raise ValueError(f"{name} must be of a dtype among float32, float64, int64; received {array.dtype}")


def check_header_length(length: int, file_size: int) -> None:
    """Raise ValueError for a header longer than the file or than MAX_HEADER."""
    if length > MAX_HEADER:
        raise ValueError(f"a header may have {MAX_HEADER} bytes; received {length}")
    if length > file_size - LENGTH_BYTES:
        raise ValueError(f"a header of {length} bytes is longer than the file of {file_size}")


def decode_header(text: bytes, buffer_size: int) -> Header:
    """The header. Raises ValueError or TypeError unless it is valid and its arrays fill the buffer exactly."""
    check_header_length(len(text), len(text) + LENGTH_BYTES)
    if text[:1] != b"{":
        raise ValueError(f"a header must begin with '{{'; received {checks.short_repr(text[:1])}")
    entries = decode_json(text.decode())
    metadata = entries.pop(METADATA, {})
    if not isinstance(metadata, dict):
        raise TypeError(f"{METADATA} must be a dict of strings; received {checks.short_repr(metadata)}")
    for key, value in metadata.items():
        checks.text("file", f"{METADATA} {key}", value)
    specs = {name: array_spec(name, entry) for name, entry in entries.items()}
    return Header(metadata, specs, array_offsets(entries, specs, buffer_size))


def array_spec(name: str, entry: Any) -> ArraySpec:
    """One array as the header declares it. Raises ValueError or TypeError for an entry of another form."""
    checks.keys("file", f"array {name}", entry, {"dtype", "shape", "data_offsets"})
    dtype = checks.lookup("file", f"dtype of {name}", entry["dtype"], DTYPES)
    sizes = checks.sequence("file", f"shape of {name}", entry["shape"])
    if len(sizes) > checks.MAX_AXES:
        raise ValueError(f"{name} may have {checks.MAX_AXES} axes; received {len(sizes)}")
    shape = tuple(checks.integer("file", f"shape of {name}", size, at_least=0, at_most=2**63 - 1) for size in sizes)
    return ArraySpec(np.dtype(dtype), shape)


def array_offsets(entries: dict[str, Any], specs: dict[str, ArraySpec], buffer_size: int) -> dict[str, int]:
    """The offset of each array. Raises ValueError or TypeError unless they fill the buffer one after another."""
    ranges = {name: checked_range(name, entries[name]["data_offsets"]) for name in entries}
    reached = 0
    for name in sorted(ranges, key=lambda name: ranges[name]):
        begin, end = ranges[name]
        if (begin, end) != (reached, reached + specs[name].nbytes):
            expected = [reached, reached + specs[name].nbytes]
            raise ValueError(f"{name}, {specs[name]}, must have the data_offsets {expected}; received {[begin, end]}")
        reached = end
    if reached != buffer_size:
        raise ValueError(f"the arrays take {reached} bytes; the file has {buffer_size} for them")
    return {name: begin for name, (begin, _) in ranges.items()}


def checked_range(name: str, offsets: Any) -> tuple[int, int]:
    """An array's data_offsets. Raises ValueError or TypeError for anything but two integers of at least 0."""
    argument = f"data_offsets of {name}"
    begin, end = checks.sequence("file", argument, offsets, length=2)
    return checks.integer("file", argument, begin, at_least=0), checks.integer("file", argument, end, at_least=0)


def decode_json(text: str) -> Any:
    """A JSON value. Raises ValueError for a duplicate key, and for NaN and infinity, which are not JSON."""
    return json.loads(text, object_pairs_hook=object_without_duplicates, parse_constant=refuse_constant)


def object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Raises ValueError for a duplicate key."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"a key comes twice among {checks.truncated(', '.join(key for key, _ in pairs))}")
    return found


def refuse_constant(text: str) -> Any:
    """Raise ValueError: NaN and infinity are not JSON."""
    raise ValueError(f"{text} is not JSON")
