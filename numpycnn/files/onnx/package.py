"""The package onnx, which encodes and decodes the files: the extra `onnx`."""

from typing import Any

OPSET = 18
"""The version of ONNX's operators that files are written in: that of PyTorch's exporter."""
IR_VERSION = 8
"""The version of the file format that came with it."""
OWN_DOMAIN = "numpycnn"
"""The domain of functions that a file defines itself, by ONNX's operators: see `functions.py`."""


def package() -> Any:
    """The package onnx, imported when it is needed: `formats.py` has seen that it is there."""
    import onnx

    return onnx
