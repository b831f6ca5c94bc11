"""Groups, arrays and attributes of an HDF5 file that nobody vouches for.

A file can hold links to other files, arrays that declare a petabyte, and compressed bombs. So every object is looked up
by the name that a model gives it, each link on its way must be a plain one, and what an array declares is compared with
the file's length before it is read. HDF5's library itself ends the process, by a segmentation fault, on some files
whose inner structure is damaged, and reads others without end, so all that is in a file is read in a process of its
own first.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from math import prod
from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.files.trial import crashes

MAX_EXPANSION = 100
"""How many bytes of arrays a byte of a file may stand for: compressed files are rarely a tenth of their arrays."""
FIRST_KILOBYTES = 2**16
"""Bytes that may always be declared: a short file compresses well."""


class Group:
    """A group of an open HDF5 file."""

    def __init__(self, group: Any, path: str, limit: int) -> None:
        self._group, self.path, self.limit = group, path, limit

    def __contains__(self, name: str) -> bool:
        return name in self._group

    def names(self) -> list[str]:
        """The names of what is in it."""
        return list(self._group)

    def attribute_names(self) -> list[str]:
        """The names of its attributes."""
        return list(self._group.attrs)

    def member(self, name: str) -> Any:
        """The object of that name. Raises ValueError if it is missing, or behind a link."""
        import h5py

        path, found = f"{self.path}/{name}".lstrip("/"), self._group
        for part in name.split("/"):
            link = found.get(part, getlink=True) if isinstance(found, h5py.Group) and part else None
            if not isinstance(link, h5py.HardLink):
                kind = "is missing" if link is None else f"is a {type(link).__name__}, which is not followed"
                raise ValueError(f"{path} {kind}")
            found = found[part]
        return found

    def group(self, name: str) -> "Group":
        """The group of that name. Raises ValueError for anything else."""
        import h5py

        found = self.member(name)
        if not isinstance(found, h5py.Group):
            raise ValueError(f"{self.path}/{name} must be a group")
        return Group(found, f"{self.path}/{name}".lstrip("/"), self.limit)

    def array(self, name: str, shape: tuple[int, ...] | None = None) -> Array:
        """The array of numbers of that name, of that shape if one is given. Raises ValueError for anything else."""
        import h5py

        path, found = f"{self.path}/{name}".lstrip("/"), self.member(name)
        if not isinstance(found, h5py.Dataset):
            raise ValueError(f"{path} must be an array")
        if found.dtype.kind not in "fiu" or found.shape is None:
            raise ValueError(f"{path} must be an array of numbers; received {checks.short_repr(found.dtype)}")
        if shape is not None and found.shape != shape:
            raise ValueError(f"{path} must have the shape {shape}; received {found.shape}")
        if found.is_virtual or found.external:
            raise ValueError(f"{path} has its numbers in another file, which is not opened")
        stored = found.id.get_storage_size()
        for size in (found.size, prod(found.chunks or ())):
            self.check_size(path, size * found.dtype.itemsize, stored)
        return np.array(found[()])

    def check_size(self, path: str, declared: int, stored: int) -> None:
        """Raise ValueError for more bytes than those that are stored can stand for."""
        if declared > FIRST_KILOBYTES + MAX_EXPANSION * min(stored, self.limit):
            raise ValueError(f"{path} declares {declared} bytes; the file has {min(stored, self.limit)} for them")

    def attribute(self, name: str) -> Any:
        """The attribute of that name, None if there is none. Raises ValueError for one longer than the file."""
        if name not in self._group.attrs:
            return None
        found = self._group.attrs.get_id(name)
        self.check_size(f"{self.path} {name}", prod(found.shape) * found.dtype.itemsize, self.limit)
        return self._group.attrs[name]

    def text(self, name: str) -> str | None:
        """An attribute that is a string. Raises ValueError for another one."""
        value = self.attribute(name)
        if value is None:
            return None
        text = decoded(value)
        if not isinstance(text, str):
            raise ValueError(f"{self.path} {name} must be a string; received {checks.short_repr(value)}")
        return text

    def texts(self, name: str) -> list[str]:
        """An attribute that is a list of strings, which Keras divides if it is long. Raises ValueError for others."""
        parts = [self.attribute(name)]
        while (part := self.attribute(f"{name}{len(parts) - 1}")) is not None:
            parts.append(part)
        values = [decoded(one) for part in parts if part is not None for one in np.ravel(part)]
        if not all(isinstance(value, str) for value in values):
            raise ValueError(f"{self.path} {name} must be a list of strings")
        return values


def decoded(value: Any) -> Any:
    """Bytes, which older files have, as text."""
    return value.decode() if isinstance(value, bytes) else value


@contextmanager
def reading(content: bytes) -> Iterator[Group]:
    """The root of an HDF5 file. Raises ValueError for whatever h5py raises in the body, and for no HDF5 file."""
    if crashes(read_everything, content):
        raise ValueError("is damaged: HDF5's library crashes on it, or never ends")
    with opened(content) as root:
        yield root


def read_everything(content: bytes) -> None:
    """Read all groups, arrays and attributes that `Group` reads, each once, and as far as it can be read."""
    with opened(content) as root:
        found, seen = [root], set[Any]()
        while found:
            found += visited(found.pop(), seen)


def visited(group: Group, seen: set[Any]) -> list[Group]:
    """Read a group's attributes, and the arrays in it that are not among those seen; the groups in it that are not."""
    import h5py

    inner = list[Group]()
    for name in group.attribute_names():
        with suppress(Exception):
            group.attribute(name)
    for name in group.names():
        with suppress(Exception):
            found = group.member(name)
            if found in seen:
                continue
            seen.add(found)
            if isinstance(found, h5py.Group):
                inner.append(group.group(name))
            else:
                group.array(name)
    return inner


@contextmanager
def opened(content: bytes) -> Iterator[Group]:
    """`reading`, which has tried the file first."""
    import h5py

    try:
        with h5py.File(BytesIO(content), "r") as file:
            yield Group(file, "", len(content))
    except (ValueError, TypeError, MemoryError, RecursionError):
        raise
    except Exception as error:  # h5py has no error of its own: OSError, RuntimeError, KeyError and more
        raise ValueError(f"is damaged, or no HDF5 file; {error}") from None


@contextmanager
def writing(parts: list[bytes]) -> Iterator[Any]:
    """A new HDF5 file, an `h5py.File`, whose bytes are appended to `parts` at the end of the body."""
    import h5py

    buffer = BytesIO()
    with h5py.File(buffer, "w") as file:
        yield file
    parts.append(buffer.getvalue())
