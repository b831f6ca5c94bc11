"""Arrays as text for a page: exact, each once, and no more of them than a limit allows."""

import base64
import hashlib
import zlib
from typing import Any

import numpy as np

from numpycnn import functional as F
from numpycnn.typing import Array

LARGE = 100_000
"""A kernel of more values than this is rounded to 7 bits."""

LEVELS = 63


class Tensors:
    """A table of arrays by name, in the order of their importance, to be written as JSON.

    An entry has "dtype" and "shape" and, as "data", the array's bytes (little-endian, in C order), compressed by zlib,
    in base64. An array that is there already is written as "like", its name; one that is another's ReLU also says
    "relu"; one of few different values has them as "palette", another entry, and is itself their indices.
    """

    def __init__(self) -> None:
        self.table: dict[str, dict[str, Any]] = {}
        self._names: dict[tuple[str, bytes], str] = {}  # by dtype and digest

    def within(self, limit: int) -> dict[str, dict[str, Any]]:
        """The table with no more data than `limit` bytes: what does not fit is "left_out", the bytes that it takes."""
        table: dict[str, dict[str, Any]] = {}
        for name, entry in self.table.items():
            size = len(entry.get("data", ""))
            if size > limit:
                table[name] = {key: value for key, value in entry.items() if key != "data"} | {"left_out": size}
            else:
                table[name], limit = entry, limit - size
        return table

    def add(self, name: str, value: Array) -> None:
        """Put an array into the table, exactly."""
        kind = value.dtype.newbyteorder("<")
        raw = np.ascontiguousarray(value, kind).tobytes()
        key = kind.name, hashlib.sha256(raw).digest()
        entry: dict[str, Any] = {"dtype": kind.name, "shape": list(value.shape)}
        if key in self._names:
            entry["like"] = self._names[key]
        else:
            entry["data"] = base64.b64encode(zlib.compress(raw, 9)).decode("ascii")
            self._names[key] = name
        self.table[name] = entry

    def add_output(self, name: str, value: Array, scores: Array, scores_name: str) -> None:
        """Put an output in, that may be the ReLU of scores, which are there, and then need not be written again."""
        if np.array_equal(value, F.relu(scores)):
            self.table[name] = {
                "dtype": value.dtype.name,
                "shape": list(value.shape),
                "like": scores_name,
                "relu": True,
            }
        else:
            self.add(name, value)

    def add_levels(self, name: str, value: Array) -> None:
        """Put an array in that may have few different values, as images have."""
        palette, indices = np.unique(value, return_inverse=True)
        if len(palette) > 256:
            self.add(name, value)
        else:
            self.add(name, indices.reshape(value.shape).astype(np.uint8))
            self.add(f"{name}/palette", palette)
            self.table[name]["palette"] = f"{name}/palette"

    def add_kernel(self, name: str, kernel: Array) -> None:
        """Put a kernel in: exactly, or where it is large in 7 bits, with a scale for each output and the error made."""
        if kernel.size <= LARGE or not np.isfinite(kernel).all():
            self.add(name, kernel)
            return
        levels, scale = rounded(kernel)
        self.add(name, levels)
        self.add(f"{name}/scale", scale)
        error = float(np.abs(levels * scale - kernel).max())
        self.table[name] |= {"scale": f"{name}/scale", "error": error, "largest": float(np.abs(kernel).max())}


def rounded(kernel: Array) -> tuple[Array, Array]:
    """A kernel (..., out) as levels from -63 to 63, int8, and the scale of each output: kernel is levels*scale."""
    largest = np.abs(kernel).reshape(-1, kernel.shape[-1]).max(axis=0)  # (out,)
    scale = np.where(largest > 0, largest / LEVELS, 1).astype(kernel.dtype)
    return np.rint(kernel / scale).astype(np.int8), scale
