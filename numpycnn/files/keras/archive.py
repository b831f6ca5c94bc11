"""A .keras file of Keras 3: a zip archive of config.json, metadata.json and model.weights.h5, not compressed."""

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from numpycnn.files.arrays import Weights
from numpycnn.files.atomic import atomic_write
from numpycnn.files.container import whole_file
from numpycnn.files.description import describe_model
from numpycnn.files.errors import explained
from numpycnn.files.keras import hdf5, slots, variables
from numpycnn.files.keras.graph import OWN
from numpycnn.files.keras.model import additions, config_of, description_of, fill, hollow_model, json_of, set_steps
from numpycnn.files.keras.outgoing import VERSION
from numpycnn.files.model import Saved

if TYPE_CHECKING:
    from numpycnn.callbacks import Callback
    from numpycnn.engine.network import Network
    from numpycnn.models import Sequential

PathLike = str | os.PathLike[str]

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
DATE = (1980, 1, 1, 0, 0, 0)
"""The first that a zip archive can have: the same model gives the same bytes at any time."""


# ---------------------------------------------------------------- writing


def save(path: PathLike, model: "Sequential", callbacks: Sequence["Callback"]) -> None:
    """Write a whole model, as `keras.saving.load_model` reads it."""
    config = config_of(path, model, callbacks)
    members = {
        METADATA: json.dumps({"keras_version": VERSION, OWN: additions(model)}).encode(),
        CONFIG: json.dumps(config).encode(),
        WEIGHTS: weights_of(model),
    }
    with atomic_write(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, DATE), content)


def check(path: PathLike, model: "Sequential", callbacks: Sequence["Callback"]) -> None:
    """Raise what `save` would raise, and write nothing."""
    config_of(path, model, callbacks)


def weights_of(model: Any) -> bytes:
    """The content of model.weights.h5: also that of a file .weights.h5."""
    parts: list[bytes] = []
    with hdf5.writing(parts) as file:
        variables.write(file, model)
        if getattr(model, "optimizer", None) is not None:
            group = file.create_group("optimizer/vars")
            for index, (_, array) in enumerate(slots.listed(model)):
                group.create_dataset(str(index), data=array)
    return parts[0]


# ---------------------------------------------------------------- reading


def read(path: PathLike, compiled: bool) -> Saved:
    """A whole model. Raises ModelFileError for a file that is damaged, or that has what this library has not."""
    with explained(path):
        members = members_of(whole_file(path), (CONFIG, METADATA, WEIGHTS))
        config = json_of(CONFIG, members[CONFIG].decode())
        metadata = json_of(METADATA, members[METADATA].decode())
        own = metadata.get(OWN) if isinstance(metadata, dict) else None
        compile_config = config.get("compile_config") if compiled and isinstance(config, dict) else None
        description = description_of(config, compile_config, own, version_of(metadata))
        model = hollow_model(description)
        with hdf5.reading(members[WEIGHTS]) as root:
            arrays = variables.read(root, model, variables.kinds_of(config))
            fill(model, arrays)
            slots.take(model, optimizer_arrays(root))
        set_steps(model, own)
        return Saved(model, describe_model(model), [])


def load_weights(path: PathLike, model: "Network", by_name: bool, skip_mismatch: bool) -> Weights:
    """The weights of a whole model, for one that is there, and the progress of its optimizer."""
    with explained(path):
        refuse_by_name(by_name)
        members = members_of(whole_file(path), (CONFIG, WEIGHTS))
        kinds = variables.kinds_of(json_of(CONFIG, members[CONFIG].decode()))
        with hdf5.reading(members[WEIGHTS]) as root:
            arrays = variables.read(root, model, kinds, skip_mismatch=skip_mismatch)
            return Weights(arrays, slots.progress_in(model, optimizer_arrays(root)))


def refuse_by_name(by_name: bool) -> None:
    """Raise ValueError for by_name=True, because arrays go by the layers' classes and order."""
    if by_name:
        raise ValueError(
            "by_name is for .safetensors, and .h5 of Keras 1 and 2; in Keras 3's files arrays have no names"
        )


def optimizer_arrays(root: hdf5.Group) -> list[Any]:
    """The optimizer's arrays in their order; none if there are none."""
    if "optimizer" not in root or "vars" not in root.group("optimizer"):
        return []
    group = root.group("optimizer/vars")
    return [group.array(str(index)) for index in range(len(group.names()))]


def members_of(content: bytes, names: Sequence[str]) -> dict[str, bytes]:
    """The members of these names. Raises ValueError for whatever is wrong with an archive."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return {name: member(archive, name, len(content)) for name in names}
    except (ValueError, TypeError, MemoryError):
        raise
    except Exception as error:  # zipfile raises many: BadZipFile, NotImplementedError, RuntimeError, zlib.error
        raise ValueError(f"is damaged, or no .keras file; {error}") from None


def member(archive: zipfile.ZipFile, name: str, size: int) -> bytes:
    """A member's content, whose checksum zipfile compares. Raises ValueError for one that is missing or too large."""
    if archive.namelist().count(name) != 1:
        raise ValueError(f"expected one {name} in the archive; found {archive.namelist().count(name)}")
    info = archive.getinfo(name)
    if info.file_size > hdf5.FIRST_KILOBYTES + hdf5.MAX_EXPANSION * min(info.compress_size, size):
        raise ValueError(f"{name} declares {info.file_size} bytes; the archive has {info.compress_size} for them")
    content = archive.read(info)
    if len(content) != info.file_size:
        raise ValueError(f"{name} declares {info.file_size} bytes; it has {len(content)}")
    return content


def version_of(metadata: Mapping[str, Any] | Any) -> int:
    """Keras's version; 3 where it is not said."""
    text = metadata.get("keras_version") if isinstance(metadata, dict) else None
    return int(text[0]) if isinstance(text, str) and text[:1].isdigit() else 3
