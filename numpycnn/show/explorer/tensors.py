"""Arrays encoded as text for a page: exact, without duplicates, within a size limit."""

import base64
import hashlib
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np

from numpycnn import functional as F
from numpycnn.common.arithmetic import ceil_div
from numpycnn.common.typing import Array

MAX_EXACT_KERNEL = 100_000
"""A larger kernel is quantized to 7 bits."""

LEVELS = 63
ENTRY_BYTES = 200
"""An upper bound of the bytes that an entry takes besides its data."""

DIGITS = np.frombuffer(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~", np.uint8
)
POWERS_OF_85 = 85 ** np.arange(4, -1, -1)


class Tensors:
    """A table of arrays by name, in the order of their importance, to be written as JSON.

    An entry has "dtype" and "shape" and, as "data", the array's bytes (little-endian, in C order), compressed by zlib,
    in base 85, which takes 5 letters for 4 bytes (`as_text`). A duplicate is written as "like", the name of
    the first; the ReLU of another array also has "relu"; an array of few different values has them as "palette",
    another entry, and its data are indices.

    level: zlib's, from 0 for none to 9. live: for a page served by a running process, where time matters more than
    bytes: kernels are never quantized, and data are in base 64, as "base" then says.
    """

    def __init__(self, level: int = 9, *, live: bool = False) -> None:
        self.level, self.live = level, live
        self.table: dict[str, dict[str, Any]] = {}
        self._names: dict[tuple[str, bytes], str] = {}  # by dtype and digest

    def within(self, limit: int) -> dict[str, dict[str, Any]]:
        """The table with at most `limit` bytes of data; an array that does not fit has "left_out", its size."""
        table: dict[str, dict[str, Any]] = {}
        for name, entry in self.table.items():
            size = len(entry.get("data", ""))
            if size > limit:
                table[name] = {key: value for key, value in entry.items() if key != "data"} | {"left_out": size}
            else:
                table[name], limit = entry, limit - size
        return table

    def add(self, name: str, value: Array) -> None:
        """Add an array, exactly."""
        kind = value.dtype.newbyteorder("<")
        raw = np.ascontiguousarray(value, kind).tobytes()
        key = kind.name, hashlib.sha256(raw).digest()
        entry: dict[str, Any] = {"dtype": kind.name, "shape": list(value.shape)}
        if key in self._names:
            entry["like"] = self._names[key]
        else:
            entry |= self._text(zlib.compress(raw, self.level))
            self._names[key] = name
        self.table[name] = entry

    def _text(self, data: bytes) -> dict[str, Any]:
        """Compressed bytes as the items of an entry."""
        return {"base": 64, "data": base64.b64encode(data).decode("ascii")} if self.live else {"data": as_text(data)}

    def add_below(self, limit: int, name: str, value: Array) -> None:
        """Add an array of at most `limit` bytes; a larger one is marked as left out."""
        if value.nbytes > limit:
            self.table[name] = {"dtype": value.dtype.name, "shape": list(value.shape), "left_out": value.nbytes}
        else:
            self.add(name, value)

    def add_output(self, name: str, value: Array, z: Array, z_name: str) -> None:
        """Add an output; if it is the ReLU of the pre-activation z, only a reference to z."""
        if np.array_equal(value, F.relu(z)):
            self.table[name] = {
                "dtype": value.dtype.name,
                "shape": list(value.shape),
                "like": z_name,
                "relu": True,
            }
        else:
            self.add(name, value)

    def add_fitting(self, name: str, value: Array, costs: Iterable[int], room: int) -> int:
        """Add as many of an array's first rows as fit, and return their number.

        value: (n, ...), which may have few different values, as images have. costs: (n,), the bytes that each row takes
        elsewhere in the page. room: the bytes available.
        """
        palette = np.unique(value)
        few = len(palette) <= 256
        kind = np.dtype(np.uint8) if few else value.dtype.newbyteorder("<")
        if few:
            self.add(f"{name}/palette", palette)
            room -= ENTRY_BYTES + len(self.table[f"{name}/palette"]["data"])
        pieces = (np.searchsorted(palette, one) if few else one for one in value)
        count, data = packed((piece.astype(kind).tobytes() for piece in pieces), costs, room - ENTRY_BYTES)
        self.table[name] = {"dtype": kind.name, "shape": [count, *value.shape[1:]], "data": as_text(data)}
        if few:
            self.table[name]["palette"] = f"{name}/palette"
        return count

    def add_kernel(self, name: str, kernel: Array) -> None:
        """Add a kernel: exactly, or if it is large in 7 bits, with a scale for each output and the largest error."""
        if self.live or kernel.size <= MAX_EXACT_KERNEL or not np.isfinite(kernel).all():
            self.add(name, kernel)
            return
        levels, scale = quantized(kernel)
        self.add(name, levels)
        self.add(f"{name}/scale", scale)
        error = float(np.abs(levels * scale - kernel).max())
        self.table[name] |= {"scale": f"{name}/scale", "error": error, "largest": float(np.abs(kernel).max())}


def as_text(data: bytes) -> str:
    """Bytes as `base64.b85encode` writes them, in a fifth of its time, with ":" for "<", which could end the script."""
    padding = -len(data) % 4
    words = np.frombuffer(data + bytes(padding), ">u4")  # 4 bytes each
    digits = words[:, None] // POWERS_OF_85 % 85  # (words, 5)
    text = DIGITS[digits].tobytes().decode("ascii").replace("<", ":")
    return text[: len(text) - padding]


def base85_length(count: int) -> int:
    """The characters that `count` bytes take in base 85: 5 for 4 bytes."""
    return 5 * ceil_div(count, 4)


def packed(pieces: Iterable[bytes], costs: Iterable[int], room: int) -> tuple[int, bytes]:
    """As many of the first pieces as fit into `room` bytes of text: their number, and the compressed bytes."""
    packer, done, count = zlib.compressobj(9), bytearray(), 0
    for piece, cost in zip(pieces, costs, strict=True):
        before = packer.copy()
        part = packer.compress(piece)
        room -= cost
        if base85_length(len(done) + len(part) + len(packer.copy().flush())) > room:
            return count, bytes(done + before.flush())
        done += part
        count += 1
    return count, bytes(done + packer.flush())


def quantized(kernel: Array) -> tuple[Array, Array]:
    """A kernel (..., out) quantized to levels from -63 to 63, int8, and a scale for each output: levels*scale."""
    largest = np.abs(kernel).reshape(-1, kernel.shape[-1]).max(axis=0)  # (out,)
    scale = np.where(largest > 0, largest / LEVELS, 1).astype(kernel.dtype)
    return np.rint(kernel / scale).astype(np.int8), scale
