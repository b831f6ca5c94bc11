"""HDF5 files of Keras.

    .weights.h5     weights as Keras 3 writes them
    .h5, .hdf5      whole models, and weights alone, as Keras 1 and 2 wrote them and Keras 3 still does

Reading goes by what is in the file, whatever its suffix is.
"""

import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from numpycnn.files.arrays import Weights
from numpycnn.files.atomic import atomic_write
from numpycnn.files.container import whole_file
from numpycnn.files.description import describe_model
from numpycnn.files.errors import explained
from numpycnn.files.keras import hdf5, legacy, slots, variables
from numpycnn.files.keras.archive import check, optimizer_arrays, refuse_by_name, weights_of
from numpycnn.files.keras.graph import OWN
from numpycnn.files.keras.model import additions, config_of, description_of, fill, hollow_model, json_of, set_steps
from numpycnn.files.keras.outgoing import VERSION
from numpycnn.files.model import Saved

if TYPE_CHECKING:
    from numpycnn.callbacks import Callback
    from numpycnn.engine.network import Network
    from numpycnn.models import Sequential

__all__ = ["check", "load_weights", "read", "save", "save_weights"]

PathLike = str | os.PathLike[str]

ATTRIBUTES = {"backend": "numpy", "keras_version": VERSION}


# ---------------------------------------------------------------- writing


def save(path: PathLike, model: "Sequential", callbacks: Sequence["Callback"]) -> None:
    """Write a whole model in the layout of Keras 2, which every Keras reads."""
    config = config_of(path, model, callbacks)
    compiled = config.pop("compile_config", None)
    parts: list[bytes] = []
    with hdf5.writing(parts) as file:
        file.attrs.update({**ATTRIBUTES, "model_config": json.dumps(config), OWN: json.dumps(additions(model))})
        legacy.write(file.create_group("model_weights"), model, ATTRIBUTES)
        if compiled is not None:
            optimizer = compiled.pop("optimizer")
            file.attrs["training_config"] = json.dumps({**compiled, "optimizer_config": optimizer})
            prefix = optimizer["config"]["name"]
            arrays = [(f"{prefix}/{name}", array) for name, array in slots.listed(model)]
            legacy.write_list(file.create_group("optimizer_weights"), arrays)
    put(path, parts[0])


def save_weights(path: PathLike, model: "Network") -> None:
    """Write the weights alone: by the suffix .weights.h5 in the layout of Keras 3, otherwise in that of Keras 2."""
    with explained(path):
        if os.fspath(path).lower().endswith(".weights.h5"):
            content = weights_of(model)
        else:
            parts: list[bytes] = []
            with hdf5.writing(parts) as file:
                legacy.write(file, model, ATTRIBUTES)
            content = parts[0]
    put(path, content)


def put(path: PathLike, content: bytes) -> None:
    """Write a file, in a new folder where there is none, as Keras does. Raises OSError."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with atomic_write(path) as file:
        file.write(content)


# ---------------------------------------------------------------- reading


def read(path: PathLike, compiled: bool) -> Saved:
    """A whole model. Raises ModelFileError for a file that is damaged, or that has what this library has not."""
    with explained(path), hdf5.reading(whole_file(path)) as root:
        text, training, own = root.text("model_config"), root.text("training_config"), root.text(OWN)
        if text is None:
            raise ValueError("holds weights alone: build the same model, and call its load_weights")
        version = version_of(root)
        config = json_of("model_config", text)
        compile_config = json_of("training_config", training) if training and compiled else None
        found = None if own is None else json_of(OWN, own)
        model = hollow_model(description_of(config, compile_config, found, version))
        fill(model, legacy.read(root.group("model_weights"), model, version))
        if "optimizer_weights" in root:
            by_turns = version == 3 or "is_legacy_optimizer" in (training or "")
            slots.take(model, legacy.listed(root.group("optimizer_weights")), by_turns=by_turns)
        set_steps(model, found)
        return Saved(model, describe_model(model), [])


def load_weights(path: PathLike, model: "Network", by_name: bool, skip_mismatch: bool) -> Weights:
    """The weights of a whole model or of weights alone, of any Keras; of Keras 3 with the optimizer's progress."""
    with explained(path), hdf5.reading(whole_file(path)) as root:
        layers = next((name for name in ("layers", variables.FORMER_LAYERS) if name in root), None)
        if layers is not None:
            refuse_by_name(by_name)
            kinds = variables.kinds_in(root.group(layers), model)
            arrays = variables.read(root, model, kinds, skip_mismatch=skip_mismatch)
            return Weights(arrays, slots.progress_in(model, optimizer_arrays(root)))
        group = root.group("model_weights") if "model_weights" in root else root
        if not group.texts("layer_names"):
            raise ValueError("expected weights of Keras, with layer_names or layers; found neither")
        return Weights(legacy.read(group, model, version_of(group), by_name=by_name, skip_mismatch=skip_mismatch))


def version_of(root: hdf5.Group) -> int:
    """Keras's version: 1, which did not say it in its first files, 2 or 3."""
    text: Any = root.text("keras_version")
    return int(text[0]) if text and text[0].isdigit() else 1
