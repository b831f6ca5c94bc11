"""The format of a file: by its suffix before it is read or written, by its first bytes where the suffix is wrong.

`FORMATS` is the table of all formats. A new one is one line there, and a module of `files/` with those of these
functions that it has:

    save(path, model, callbacks)                           write a whole model, and the state of these callbacks
    check(path, model, callbacks)                          raise what `save` would raise, and write nothing
    read(path, compiled) -> Saved                          read a whole model, or all but what `compile` set
    save_weights(path, model)                              write the weights of a built model
    load_weights(path, model, by_name, skip_mismatch)      read them, as `Weights`

`dispatch.py` calls them.
"""

import os
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

from numpycnn.common.older import users_level
from numpycnn.files.errors import ModelFileError


class Format(NamedTuple):
    """A format: the module that has its functions, their names, and the package without which they do nothing."""

    module: str
    functions: tuple[str, ...]
    package: str = ""
    extra: str = ""
    """The extra of this library that installs the package."""

    @property
    def missing(self) -> str:
        """What to install, as text; "" if everything is there."""
        there = not self.package or find_spec(self.package)
        return "" if there else f"needs the package {self.package}: pip install 'numpycnn[{self.extra}]'"


OWN = ".safetensors"
WHOLE, WEIGHTS = ("save", "check", "read"), ("save_weights", "load_weights")
HDF5_PACKAGE = ("h5py", "keras-files")
FORMATS = {
    OWN: Format("native", (*WHOLE, *WEIGHTS)),
    ".keras": Format("keras.archive", (*WHOLE, "load_weights"), *HDF5_PACKAGE),
    ".weights.h5": Format("keras.h5", (*WHOLE, *WEIGHTS), *HDF5_PACKAGE),
    ".h5": Format("keras.h5", (*WHOLE, *WEIGHTS), *HDF5_PACKAGE),
    ".hdf5": Format("keras.h5", (*WHOLE, *WEIGHTS), *HDF5_PACKAGE),
    ".onnx": Format("onnx", WHOLE, "onnx", "onnx"),
}
"""The formats that are read and written, by suffix."""


class OtherFormat(NamedTuple):
    """A format that is not read by the suffix that the file has."""

    description: str
    advice: str


HDF5 = OtherFormat("an HDF5 file, as Keras and h5py write it", "give it the suffix .h5")
ZIP = OtherFormat("a zip archive, as Keras writes it to .keras files", "give it the suffix .keras")
FORMER = OtherFormat("a file that was written by an earlier version of numpycnn", "train or save the model again")
PICKLE = OtherFormat(
    "a pickle, which can run code", "load it with the program that wrote it, and save its arrays again"
)

OTHER_SUFFIXES = {
    ".numpycnn": FORMER,
}
FIRST_BYTES = {
    b"\x89HDF\r\n\x1a\n": HDF5,
    b"PK\x03\x04": ZIP,
    b"numpycnn": FORMER,
    b"\x80\x04\x95": PICKLE,
    b"\x80\x05\x95": PICKLE,
}
REPLACED = (".h5", ".hdf5", ".keras")
"""Suffixes of Keras's in whose place the library's own is written while the package for them is missing."""
TENSORFLOW = "TensorFlow's formats are not written;"
NO_FORMAT = {
    **dict.fromkeys(("", ".ckpt", ".tf", ".model", ".pb"), TENSORFLOW),
    ".numpycnn": "there is no such format;",  # in a script, 'model.keras' with the word replaced
}
"""Suffixes, or none, that scripts save to, in whose place the library's own is written; and why."""


def function_for(path: str | os.PathLike[str], name: str) -> Callable[..., Any]:
    """The function of that name of the path's format.

    Raises ModelFileError for a suffix that is not known, for a format that has no such function, and where its package
    is missing; the message says what to do instead.
    """
    suffix = suffix_of(path, reading=name in ("read", "load_weights"))
    found = FORMATS[suffix]
    if name not in found.functions:
        able = [other for other, one in FORMATS.items() if name in one.functions]
        raise ModelFileError(f"{os.fspath(path)}: {name} takes {listed(able)}; received {suffix}")
    if found.missing:
        raise ModelFileError(f"{os.fspath(path)}: {found.missing}")
    return getattr(import_module(f"numpycnn.files.{found.module}"), name)


def suffix_of(path: str | os.PathLike[str], *, reading: bool) -> str:
    """The known suffix that a path ends in, ignoring case.

    Raises ModelFileError for any other; the message says what to do instead.
    """
    path = os.fspath(path)
    for suffix in FORMATS:
        if path.lower().endswith(suffix):
            return suffix
    other = next((suffix for suffix in OTHER_SUFFIXES if path.lower().endswith(suffix)), "")
    if reading and other:
        raise ModelFileError(f"{path}: {refusal(OTHER_SUFFIXES[other])}")
    received = other or os.path.splitext(path)[1]
    advice = "" if reading else f"; save to {path[: len(path) - len(received)]}{OWN}"
    raise ModelFileError(f"{path}: expected a name that ends in {known()}; received {received or 'no suffix'}{advice}")


def path_to_write(path: str) -> str:
    """The path; or, with a warning, that of the .safetensors file that takes the place of one of Keras's.

    That is written where the package for Keras's files is missing, and in the place of what is no format here: a script
    that has trained for hours must not lose what it trained.
    """
    own, suffix = own_path(path), suffix_replaced(path)
    missing = FORMATS[suffix_of(path, reading=False)].missing if suffix in REPLACED else ""
    if own == path or (suffix in REPLACED and not missing):
        return path
    reason = f"{missing}; without it" if missing else NO_FORMAT[suffix]
    warnings.warn(f"{path}: {reason} numpycnn writes {own}", stacklevel=users_level())
    return own


def path_to_read(path: str) -> str:
    """The path, or that of the .safetensors file that `path_to_write` gave instead, if only that is there."""
    own = own_path(path)
    return own if os.path.exists(own) and not os.path.exists(path) else path


def own_path(path: str) -> str:
    """The path with .safetensors after a suffix of REPLACED or NO_FORMAT, or after none; any other as it is.

    The suffix stays, for a file of the name without it may be there, which the caller did not name.
    """
    return f"{path}{OWN}" if suffix_replaced(path) or not os.path.splitext(path)[1] else path


def suffix_replaced(path: str) -> str:
    """The suffix of REPLACED or NO_FORMAT that a path has; "" if it has none of them."""
    return next((one for one in (*REPLACED, *filter(None, NO_FORMAT)) if path.lower().endswith(one)), "")


def check_first_bytes(start: bytes) -> None:
    """Raise ValueError for a file that begins with the signature of another known format."""
    for signature, other in FIRST_BYTES.items():
        if start.startswith(signature):
            raise ValueError(refusal(other))


def refusal(other: OtherFormat) -> str:
    """The message for a file of another format: why it is not read, and what to do."""
    return f"this is {other.description}: {other.advice}"


def known() -> str:
    """The suffixes of the known formats, as text."""
    return listed(list(FORMATS))


def listed(suffixes: list[str]) -> str:
    """Suffixes as text: ".a, .b or .c"."""
    return " or ".join(filter(None, [", ".join(suffixes[:-1]), suffixes[-1]]))
