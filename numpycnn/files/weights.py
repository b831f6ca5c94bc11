"""Files of weights alone: this library's, and those that another library wrote."""

import os
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from numpycnn.common.typing import Array
from numpycnn.files.arrays import Arrays, Specs, Weights, check_same_arrays, spec_of
from numpycnn.files.container import Content, Reader, reading, write
from numpycnn.layers.stage import with_prefix

if TYPE_CHECKING:
    from numpycnn.engine.network import Network


def save_weights(path: str | os.PathLike[str], model: "Network") -> None:
    """Write the weights alone, by name. Raises ModelFileError for another dtype, and OSError."""
    write(path, Content({}, with_prefix("weights", dict(model.arrays))))


def load_weights(path: str | os.PathLike[str], model: "Network", by_name: bool, skip_mismatch: bool) -> Weights:
    """The weights in a file of a model or of weights, this library's or another's. Raises as `dispatch.py` says."""
    with reading(path) as file:
        return Weights(weights_in(file, model.arrays, by_name, skip_mismatch))


def weights_in(file: Reader, weights: Mapping[str, Array], by_name: bool, skip_mismatch: bool) -> Arrays:
    """The weights in an open file. Raises ValueError as `load_weights` does ModelFileError."""
    prefix = weights_prefix(file, weights)
    expected = {f"{prefix}{name}": spec_of(array) for name, array in weights.items()}
    present = {name: spec for name, spec in file.specs.items() if name.startswith(prefix)}
    if by_name:
        expected = {name: spec for name, spec in expected.items() if name in present}
        present = {name: spec for name, spec in present.items() if name in expected}
    if skip_mismatch:
        others = {name for name in expected.keys() & present if expected[name].shape != present[name].shape}
        expected, present = without(expected, others), without(present, others)
    check_same_arrays(expected, present)
    return {name.removeprefix(prefix): array for name, array in file.arrays(expected).items()}


def without(specs: Specs, names: Collection[str]) -> Specs:
    """The specs of other names."""
    return {name: spec for name, spec in specs.items() if name not in names}


def weights_prefix(file: Reader, names: Mapping[str, Any]) -> str:
    """What stands before the names of the weights in a file; another library may have left it out."""
    return "weights/" if any(name.startswith("weights/") and name not in names for name in file.specs) else ""
