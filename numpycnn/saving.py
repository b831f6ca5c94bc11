"""Models in files, as in `keras.saving`; the formats are described in `files/`.

`load_state_dict` and `save_state_dict` are for weights alone, as PyTorch has them.
"""

import os
from collections.abc import Mapping
from os import PathLike

from numpycnn.common import checks
from numpycnn.common.explained import explains_arguments
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.files import ModelFileError
from numpycnn.models import Sequential, check_model, load_model, save_model

__all__ = ["ModelFileError", "load_model", "load_state_dict", "save_model", "save_state_dict"]


@explains_arguments
def load_state_dict(model: Sequential, filepath: str | PathLike[str], names: Mapping[str, str] | None = None) -> None:
    """Read PyTorch's weights, which `safetensors.torch.save_file(module.state_dict(), filepath)` wrote.

    model: a built model of the same layers. names: for the path of each layer with weights, such as "conv2d" or
    "residual/main/conv2d", the name of PyTorch's module, such as "layer1.0.conv1"; a SeparableConv2D has two paths,
    ".../depthwise" and ".../pointwise". None: the modules of the same shapes, in the order of their names, where these
    differ in numbers alone. `files/state_dict.py` says what becomes of each array.

    Raises ModelFileError for a damaged file, and for another network's, and leaves the model as it is; ValueError for a
    model that is not built; TypeError for arguments of another kind; OSError.
    """
    from numpycnn.files.state_dict import load_state_dict as load

    path = checked("load_state_dict", model, filepath, names)
    arrays = model.arrays
    for name, value in load(path, model, names).items():
        arrays[name][...] = value


@explains_arguments
def save_state_dict(
    model: Sequential,
    filepath: str | PathLike[str],
    names: Mapping[str, str] | None = None,
    overwrite: bool = True,
) -> None:
    """Write weights as PyTorch has them: `module.load_state_dict(safetensors.torch.load_file(filepath))` reads them.

    model, names: as for `load_state_dict`; None: the layers' own paths, with dots. overwrite: False raises an error if
    there is a file. Raises as `load_state_dict`, ModelFileError also for layers that PyTorch has not; FileExistsError.
    """
    from numpycnn.files.state_dict import save_state_dict as save

    path = checked("save_state_dict", model, filepath, names)
    checks.flag("save_state_dict", "overwrite", overwrite)
    if not overwrite and os.path.exists(path):
        raise FileExistsError(f"save_state_dict: {path} exists, and overwrite is False")
    save(path, model, names)


def checked(owner: str, model: Sequential, filepath: str | PathLike[str], names: Mapping[str, str] | None) -> str:
    """The path of a state_dict. Raises TypeError or ValueError for arguments that do not fit."""
    check_model(owner, model)
    if not model.built:
        raise ValueError(f"{owner}: the model is not built; give its first layer an input_shape, or call build")
    if names is not None:
        checks.by_name(owner, "names", names)
    path = checks.path(owner, "filepath", filepath)
    if not path.lower().endswith(".safetensors"):
        raise ModelFileError(f"{path}: {owner} takes .safetensors")
    return path


explain_unknown_names(__name__)
