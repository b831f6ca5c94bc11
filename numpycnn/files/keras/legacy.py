"""Where the arrays of a model stand in an .h5 file of Keras 1 and 2, which Keras 3 writes too.

    attribute layer_names                   the layers in their order
    conv2d, attribute weight_names          the layer's arrays in their order, such as "conv2d/kernel:0"
    conv2d/conv2d/kernel:0                  an array

In a whole model this is the group model_weights; beside it the group optimizer_weights has the optimizer's arrays, by
an attribute weight_names of its own.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.files.keras.graph import Node, class_name, nodes_of
from numpycnn.files.keras.hdf5 import Group
from numpycnn.files.keras.variables import arrays_of
from numpycnn.layers import Conv2D
from numpycnn.layers.container import Container

NAMES_IN_ATTRIBUTE = 2000
"""An attribute has room for 64 kB, so a longer list of names is divided."""


def ordered(node: Node, trained: Collection[str]) -> dict[str, Array]:
    """A layer's arrays by their names in the model, in the order of the file: those that are trained first."""
    arrays = arrays_of(node)
    return {name: arrays[name] for name in [*(one for one in arrays if one in trained), *arrays]}


# ---------------------------------------------------------------- reading


def read(
    group: Group, model: Container, version: int, *, by_name: bool = False, skip_mismatch: bool = False
) -> dict[str, Array]:
    """The arrays by their names in the model. Raises ValueError unless they have the shapes of the model's.

    by_name: those of layers alone whose names the file has; otherwise layers go by their order. skip_mismatch: leaves
    out layers of which the file has other arrays. version: of Keras.
    """
    flipped = version == 1 and group.text("backend") == "theano"
    names = [name for name in group.texts("layer_names") if group.group(name).texts("weight_names")]
    layers = [node for node in nodes_of(model) if arrays_of(node)]
    if by_name:
        pairs = [(name, node) for name in names for node in layers if node.name == name]
    elif len(names) != len(layers):
        raise ValueError(f"expected {len(layers)} layers with arrays; found {len(names)}")
    else:
        pairs = list(zip(names, layers, strict=True))
    found, trained = dict[str, Array](), model.trained_params
    for name, node in pairs:
        try:
            found |= read_layer(group.group(name), node, ordered(node, trained), version, flipped)
        except ValueError:
            if not skip_mismatch:
                raise
    return found


def read_layer(group: Group, node: Node, own: dict[str, Array], version: int, flipped: bool) -> dict[str, Array]:
    """The arrays of a layer. Raises ValueError for others than its own, or another number of them."""
    names, layer = group.texts("weight_names"), node.layer
    if len(names) != len(own):
        raise ValueError(f"{group.path}: expected {len(own)} arrays, for {node.name}; found {len(names)}")
    theanos = version == 1 and isinstance(layer, Conv2D) and layer.data_format == "channels_first"
    found = {}
    for name, (key, array) in zip(names, own.items(), strict=True):
        if theanos and array.ndim == 4:
            filters = group.array(name).transpose(2, 3, 1, 0)  # (filters, C, K, L) to (K, L, C, filters)
            value = filters[::-1, ::-1] if flipped else filters
            check_shape(f"{group.path}/{name}", value, array)
        else:
            value = group.array(name, array.shape)
        found[key] = value.astype(array.dtype, copy=False)
    return found


def check_shape(path: str, value: Array, array: Array) -> None:
    """Raise ValueError unless both have one shape."""
    if value.shape != array.shape:
        raise ValueError(f"{path} must have the shape {array.shape}; received {value.shape}")


def listed(group: Group) -> list[Array]:
    """The arrays of a group in the order of its weight_names."""
    return [group.array(name) for name in group.texts("weight_names")]


# ---------------------------------------------------------------- writing


def write(group: Any, model: Container, attributes: Mapping[str, str]) -> None:
    """Write the arrays into an `h5py.Group`. Raises ValueError for a layer that Keras does not have."""
    nodes, trained = nodes_of(model), model.trained_params
    write_names(group, "layer_names", [node.name for node in nodes])
    group.attrs.update(attributes)
    for node in nodes:
        class_name(node.layer)  # raises
        arrays = {f"{model.name}/{key}": array for key, array in ordered(node, trained).items()}
        write_list(group.create_group(node.name), arrays.items())
    write_list(group.create_group("top_level_model_weights"), [])


def write_list(group: Any, arrays: Sequence[tuple[str, Array]] | Any) -> None:
    """Write arrays into a group, and their names into its weight_names."""
    found = list(arrays)
    write_names(group, "weight_names", [name for name, _ in found])
    for name, array in found:
        group.create_dataset(name, data=array)


def write_names(group: Any, attribute: str, names: Sequence[str]) -> None:
    """Write a list of names as an attribute, or as several that are numbered, as Keras does."""
    parts = list(divided([name.encode() for name in names]))
    for index, part in enumerate(parts):
        key = attribute if len(parts) == 1 else f"{attribute}{index}"
        group.attrs[key] = np.array(part, dtype=object) if part else np.zeros(0)


def divided(names: list[bytes]) -> Iterator[list[bytes]]:
    """The names in parts; an empty one if there are none."""
    for start in range(0, max(1, len(names)), NAMES_IN_ATTRIBUTE):
        yield names[start : start + NAMES_IN_ATTRIBUTE]
