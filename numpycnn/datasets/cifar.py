"""The batches of CIFAR-10 and CIFAR-100: one pickled dict each, in an archive that is read where it is.

A pickle can run any code when it is read. So this reader knows three names, those by which an array is written, and
puts a record in the place of each: nothing of what the file names is imported or called. Source: Krizhevsky, "Learning
multiple layers of features from tiny images", 2009, and the data sets' page.
"""

import os
import pickle
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import numpy as np

from numpycnn import backend
from numpycnn.common import checks
from numpycnn.common.typing import Array
from numpycnn.datasets.download import digest_of
from numpycnn.datasets.published import Published, cache_folder, locate

Split = tuple[Array, Array]

CHANNELS, SIDE = 3, 32
KNOWN = {("numpy.core.multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")}


class Archive(NamedTuple):
    """An archive of batches."""

    published: Published
    cached: tuple[str, ...]
    """What Keras calls it in its cache, the newest first."""
    folder: str
    """The folder in it."""
    train: dict[str, str]
    """The training batches by name, with the MD5 that its page and torchvision give of each."""
    test: dict[str, str]
    labels: type = np.uint8
    """The dtype in which Keras returns the labels."""


class Record:
    """What a pickle says of an array or a dtype."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    def __setstate__(self, state: Any) -> None:
        self.state = state


class BatchUnpickler(pickle.Unpickler):
    """Reads dicts, lists, numbers and strings, and arrays as records."""

    def find_class(self, module: str, name: str) -> type[Record]:
        """Raises ValueError for anything else."""
        if (module, name) not in KNOWN:
            raise ValueError(f"expected an array in the batch; received {module}.{name}")
        return Record


def load(owner: str, archive: Archive, labels: bytes, folder: str | os.PathLike[str] | None) -> tuple[Split, Split]:
    """((x_train, y_train), (x_test, y_test)); labels: their key in the batches; folder: as for `locate`."""
    batches = dict(contents(owner, archive, folder))
    train, test = ([batches[name] for name in names] for names in (archive.train, archive.test))
    return joined(train, labels, archive.labels), joined(test, labels, archive.labels)


def contents(owner: str, archive: Archive, folder: str | os.PathLike[str] | None) -> Iterator[tuple[str, bytes]]:
    """The batches by name: from the unpacked archive in the named folder, or from the archive."""
    unpacked = None if folder is None else Path(checks.path(owner, "folder", folder)).expanduser() / archive.folder
    if unpacked is not None and unpacked.is_dir():
        for name, md5 in (archive.train | archive.test).items():
            yield name, genuine_batch(owner, unpacked / name, md5)
        return
    import tarfile  # deferred: slow import

    names = [*archive.cached, archive.published.name]
    path = locate(owner, archive.published, folder, [cache_folder() / name for name in names])
    with tarfile.open(path) as tar:
        for member in tar:
            name = member.name.removeprefix(f"{archive.folder}/")
            if name in archive.train or name in archive.test:
                yield name, cast("IO[bytes]", tar.extractfile(member)).read()


def genuine_batch(owner: str, path: Path, md5: str) -> bytes:
    """The content of an unpacked batch. Raises OSError if there is none, ValueError unless it is as published."""
    content = path.read_bytes()
    if digest_of(BytesIO(content), md5) != md5:
        raise ValueError(f"{owner}: {path} is not the published batch, which has the MD5 {md5}")
    return content


def joined(batches: list[bytes], labels: bytes, dtype: type) -> Split:
    """The images of the batches in the backend's data format, (n, 32, 32, 3) or (n, 3, 32, 32), and labels (n, 1)."""
    contents = [BatchUnpickler(BytesIO(batch), encoding="bytes").load() for batch in batches]
    flat = np.concatenate([np.frombuffer(content[b"data"].state[4], np.uint8) for content in contents])
    images = flat.reshape(-1, CHANNELS, SIDE, SIDE)  # (n, 3, 32, 32)
    if backend.image_data_format() == "channels_last":
        images = np.ascontiguousarray(images.transpose(0, 2, 3, 1))  # (n, 32, 32, 3)
    classes = np.concatenate([np.array(content[labels], dtype) for content in contents])
    return images, classes[:, None]  # (n, 1)
