"""The format of a file: by its suffix before it is read or written, by its first bytes where the suffix is wrong."""

import os
import warnings
from typing import NamedTuple

from numpycnn.common.older import users_level
from numpycnn.files.errors import ModelFileError

FORMATS = {".safetensors": "safetensors"}
"""The formats that are read and written, by suffix."""


class OtherFormat(NamedTuple):
    """A format that is neither read nor written."""

    description: str
    advice: str
    """How to get the weights from such a file."""


BY_KERAS = "load it with Keras, build the same model here, and call model.set_weights(keras_model.get_weights())"
HDF5 = OtherFormat("an HDF5 file, as Keras and h5py write it", BY_KERAS)
ZIP = OtherFormat("a zip archive, as Keras writes it to .keras files", BY_KERAS)
ONNX = OtherFormat("an ONNX file", "read it with the package onnx, and give its arrays to model.set_weights")
FORMER = OtherFormat("a file that was written by an earlier version of numpycnn", "train or save the model again")
PICKLE = OtherFormat(
    "a pickle, which can run code", "load it with the program that wrote it, and save its arrays again"
)

OTHER_SUFFIXES = {
    ".weights.h5": HDF5,
    ".h5": HDF5,
    ".hdf5": HDF5,
    ".keras": ZIP,
    ".onnx": ONNX,
    ".numpycnn": FORMER,
}
FIRST_BYTES = {
    b"\x89HDF\r\n\x1a\n": HDF5,
    b"PK\x03\x04": ZIP,
    b"numpycnn": FORMER,
    b"\x80\x04\x95": PICKLE,
    b"\x80\x05\x95": PICKLE,
}


def format_of(path: str | os.PathLike[str], *, reading: bool) -> str:
    """The format to read or write, by the path's suffix, ignoring case.

    Raises ModelFileError for any other suffix; the message says what to do instead.
    """
    path = os.fspath(path)
    for suffix, name in FORMATS.items():
        if path.lower().endswith(suffix):
            return name
    other = next((suffix for suffix in OTHER_SUFFIXES if path.lower().endswith(suffix)), "")
    if reading and other:
        raise ModelFileError(f"{path}: {refusal(OTHER_SUFFIXES[other])}")
    received = other or os.path.splitext(path)[1]
    advice = "" if reading else f"; save to {path[: len(path) - len(received)]}{next(iter(FORMATS))}"
    raise ModelFileError(f"{path}: expected a name that ends in {known()}; received {received or 'no suffix'}{advice}")


def path_to_write(path: str) -> str:
    """The path, or for a suffix of Keras's that of the .safetensors file that is written instead, with a warning."""
    own = own_path(path)
    if own != path:
        warnings.warn(f"{path}: numpycnn writes safetensors, and so to {own}", stacklevel=users_level())
    return own


def path_to_read(path: str) -> str:
    """The path, or that of the .safetensors file that `path_to_write` gave instead, if only that is there."""
    own = own_path(path)
    return own if os.path.exists(own) and not os.path.exists(path) else path


def own_path(path: str) -> str:
    """The path with .safetensors in the place of a suffix of Keras's."""
    suffix = next((one for one in (".h5", ".hdf5", ".keras") if path.lower().endswith(one)), None)
    return path if suffix is None else f"{path[: -len(suffix)]}{next(iter(FORMATS))}"


def check_first_bytes(start: bytes) -> None:
    """Raise ValueError for a file that begins with the signature of another known format."""
    for signature, other in FIRST_BYTES.items():
        if start.startswith(signature):
            raise ValueError(refusal(other))


def refusal(other: OtherFormat) -> str:
    """The message for a file of another format: why it is not read, and what to do."""
    return f"numpycnn reads {known()} files; this is {other.description}: {other.advice}"


def known() -> str:
    """The suffixes of the known formats, as text."""
    return " or ".join(FORMATS)
