"""Files and JSON text: `save`, `save_weights`, `load_weights`, `to_json`."""

import os
from copy import copy
from typing import Any, Self

from numpycnn.common import checks
from numpycnn.engine.network import Network

PathLike = str | os.PathLike[str]


class StoredNetwork(Network):
    """A network that can be saved. `Sequential` adds training."""

    def save(self, filepath: PathLike, overwrite: bool = True, *, include_optimizer: bool = True) -> None:
        """Write the whole model to a file: configuration, weights, loss, metrics, optimizer with its slots, History.

        filepath: ends in .safetensors, this library's own format; in .keras or .h5, which Keras reads, if the package
        h5py is there, and otherwise .safetensors takes its place, with a warning; or in .onnx, for the network alone as
        it computes in inference, with the package onnx. The old file there is replaced whole, or stays as it was;
        overwrite: False raises an error if there is one. `load_model` reads it; `files/` describes the content.
        include_optimizer: False leaves out the optimizer, the loss and the metrics.

        Raises ValueError for a model that is not built; saving.ModelFileError, a ValueError too, for another suffix and
        for user-defined layers, metrics, losses, optimizers and initializers; TypeError for arguments of another kind;
        FileExistsError; and OSError.
        """
        from numpycnn import files

        whole = checks.flag(f"{self.name}.save", "include_optimizer", include_optimizer)
        path = self._path_to_write("save", filepath, overwrite)
        model: Any = self if whole else self._uncompiled()
        files.save(path, model)

    def save_weights(self, filepath: PathLike, overwrite: bool = True) -> None:
        """Write parameters and state to a file, by name: the old file there is replaced whole, or stays as it was.

        filepath, overwrite: as for `save`. Raises ValueError for a model that is not built, saving.ModelFileError for
        another suffix, TypeError for arguments of another kind, FileExistsError, and OSError.
        """
        from numpycnn import files

        files.save_weights(self._path_to_write("save_weights", filepath, overwrite), self)

    def load_weights(self, filepath: PathLike, skip_mismatch: bool = False, *, by_name: bool = False) -> None:
        """Read parameters and state from a file of `save_weights` or of `save`, for a model built alike.

        filepath: a .safetensors file, also one that another library wrote, with arrays named as in `arrays`; or one of
        Keras's, .keras, .weights.h5 or .h5, where arrays go by the layers' classes and order. From the first two a
        compiled model takes the optimizer's slots, steps and learning rate too, as in Keras 3.
        skip_mismatch: leave weights of other shapes as they are. by_name: leave those that the file lacks as they are,
        and ignore what else is in it.

        Raises saving.ModelFileError, a ValueError, for a file that is damaged or whose names, shapes or dtypes are not
        this model's, which then stays as it is; and as `save_weights` does.
        """
        from numpycnn import files

        caller = f"{self.name}.load_weights"
        path = files.path_to_read(checks.path(caller, "filepath", filepath))
        checks.flag(caller, "skip_mismatch", skip_mismatch)
        checks.flag(caller, "by_name", by_name)
        self._require_built("load_weights")
        weights, found = self.arrays, files.load_weights(path, self, by_name=by_name, skip_mismatch=skip_mismatch)
        for name, value in found.arrays.items():
            weights[name][...] = value
        if found.progress is not None:
            found.progress.give(vars(self)["optimizer"])

    def to_json(self, **options: Any) -> str:
        """The layers and their settings as JSON text, without weights: `models.model_from_json` makes an equal model.

        options: of `json.dumps`, such as indent=2. Raises TypeError for what has no name, such as a lambda, and
        is no JSON value.
        """
        from numpycnn import files

        return files.to_json(self, options)

    def _uncompiled(self) -> Self:
        """A model of the same layers without optimizer, loss and metrics."""
        twin = copy(self)
        for name in ("optimizer", "loss", "metrics", "weighted"):
            vars(twin).pop(name, None)  # the class has what they are before `compile`
        return twin

    def _path_to_write(self, method: str, filepath: PathLike, overwrite: bool) -> str:
        """The path of the file to write, checked."""
        from numpycnn import files

        caller = f"{self.name}.{method}"
        path = files.path_to_write(checks.path(caller, "filepath", filepath))
        checks.flag(caller, "overwrite", overwrite)
        self._require_built(method)
        if not overwrite and os.path.exists(path):
            raise FileExistsError(f"{caller}: {path} exists, and overwrite is False")
        return path
