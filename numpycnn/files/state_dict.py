"""PyTorch's weights, a state_dict in a .safetensors file, for a model that is there, in both directions.

    PyTorch                                                     here
    Conv2d          weight (F, C/groups, KH, KW), bias          Conv2D, and each half of SeparableConv2D
                    weight (C*M, 1, KH, KW), bias               DepthwiseConv2D: kernel (KH, KW, C, M)
    ConvTranspose2d weight (C, F, KH, KW), bias                 Conv2DTranspose: kernel (KH, KW, F, C)
    Linear          weight (units, D), bias                     Dense: kernel (D, units)
    BatchNorm       weight, bias, running_mean, running_var     BatchNormalization; num_batches_tracked is left out
    LayerNorm, GroupNorm   weight, bias                         LayerNormalization, GroupNormalization
    PReLU           weight (C,)                                 PReLU that shares all axes but the channels'

PyTorch flattens images as (C, H, W), and Keras as (H, W, C): the rows of what follows a Flatten get the other order. So
do the units of what goes before a Reshape to an image, for a layer that has its channels last.
running_var is followed by the unbiased variance in PyTorch and by the biased one here; the numbers are taken as they
are, for predictions use them so.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array, Shape
from numpycnn.files.arrays import Arrays
from numpycnn.files.container import Content, Reader, reading, write
from numpycnn.files.errors import explained
from numpycnn.layers.blocks import Branches
from numpycnn.layers.chain import Chain
from numpycnn.layers.container import Container
from numpycnn.layers.stage import Path

if TYPE_CHECKING:
    from numpycnn.engine.network import Network

COUNT = "num_batches_tracked"
"""What BatchNorm counts for a momentum that is not set: no weight."""
Turn = Callable[[Array], Array]


class Weight(NamedTuple):
    """An array of a model, and the same in PyTorch's layout."""

    name: str
    """In `model.arrays`."""
    shape: Shape
    """PyTorch's."""
    from_torch: Turn
    to_torch: Turn


Module = dict[str, Weight]
"""A module of PyTorch's: its weights, by the last parts of their names."""


def load_state_dict(path: str | os.PathLike[str], model: "Network", names: Mapping[str, str] | None) -> Arrays:
    """The model's arrays by name, from PyTorch's. names: PyTorch's module for each of `modules`, or None: by shapes.

    Raises ModelFileError for a damaged file, and unless it has each module of the model, and no other.
    """
    with reading(path) as file:
        wanted = modules(model)
        found = modules_in(file)
        chosen = by_shapes(wanted, found) if names is None else by_names(wanted, found, names)
        arrays = file.arrays(f"{chosen[layer]}.{key}" for layer, module in wanted.items() for key in module)
        return {
            weight.name: weight.from_torch(arrays[f"{chosen[layer]}.{key}"]).astype(model.dtype)
            for layer, module in wanted.items()
            for key, weight in module.items()
        }


def save_state_dict(path: str | os.PathLike[str], model: "Network", names: Mapping[str, str] | None) -> None:
    """Write the model's arrays as PyTorch has them. names: as for `load_state_dict`; by default the layers' own.

    Raises ModelFileError for a layer that PyTorch does not have, and OSError.
    """
    with explained(path):
        wanted = modules(model)
        own = {layer: layer.replace("/", ".") for layer in wanted}
        chosen = own if names is None else checked_names(wanted, names)
        arrays = {
            f"{chosen[layer]}.{key}": np.ascontiguousarray(weight.to_torch(model.arrays[weight.name]))
            for layer, module in wanted.items()
            for key, weight in module.items()
        }
    write(path, Content({}, arrays))


# ---------------------------------------------------------------- the model's side


def modules(model: "Network") -> dict[str, Module]:
    """PyTorch's modules for a model, by the path of the layer. Raises ValueError for a layer that PyTorch has not."""
    return dict(modules_of(model, Path(), slice(None)))


def modules_of(chain: Chain, path: Path, rows: Any) -> Iterator[tuple[str, Module]]:
    """The modules of the layers of a chain. rows: the order of the values of its input, see `rows_behind`."""
    for index, layer in enumerate(chain.layers):
        inside = path.inside(layer.name, index)
        if isinstance(layer, Chain):
            yield from modules_of(layer, inside, rows)
        elif isinstance(layer, Container):
            for number, branch in enumerate(layer.layers):
                yield from modules_of(branch, inside.inside(branch.name, number), rows)  # type: ignore[arg-type]
        behind = rows_behind(layer, rows)
        if type(layer).__name__ == "Dense":
            behind = rows_ahead(chain.layers[index + 1 :])
        if layer.arrays and not isinstance(layer, Container):
            yield from module_of(layer, str(inside), rows, behind)
        rows = behind


def rows_behind(layer: Any, rows: Any) -> Any:
    """Where each of the values is that PyTorch has behind a layer: in another order only behind a flattened image."""
    if isinstance(layer, Chain):
        return reduce(lambda found, inner: rows_behind(inner, found), layer.layers, rows)
    if isinstance(layer, Branches) and len(layer.shape_out or ()) == 1:
        return rows_merged(layer, [rows_behind(branch, rows) for branch in layer.layers])
    if type(layer).__name__ == "Flatten" and len(layer.shape_in) == 3:
        image = layer.shape_in if layer.data_format == "channels_last" else (*layer.shape_in[1:], layer.shape_in[0])
        return channels_first(image)
    return rows if layer.shape_out == layer.shape_in and type(layer).__name__ != "Dense" else slice(None)


def rows_ahead(layers: Sequence[Any]) -> Any:
    """The same for a vector that these layers make an image of: in another order for one whose channels are last."""
    for index, layer in enumerate(layers):
        if type(layer).__name__ == "Reshape" and (len(layer.shape_in), len(layer.shape_out)) == (1, 3):
            formats = [one.data_format for one in layers[index:] if hasattr(one, "data_format")]
            return channels_first(layer.shape_out) if formats[:1] == ["channels_last"] else slice(None)
        if layer.shape_out != layer.shape_in or isinstance(layer, Container) or type(layer).__name__ == "Dense":
            break
    return slice(None)


def channels_first(image: Shape) -> Array:
    """The places of the values of an image (H, W, C) in the order of (C, H, W)."""
    return np.arange(prod(image)).reshape(image).transpose(2, 0, 1).ravel()


def rows_merged(layer: Branches, rows: Sequence[Any]) -> Array:
    """The order of the values behind branches that give vectors. Raises ValueError where different ones are added."""
    places = [np.arange(prod(branch.shape_out or ()))[one] for branch, one in zip(layer.layers, rows, strict=True)]
    if layer.merge == "concatenate":
        starts = np.cumsum([0, *map(len, places)])
        return np.concatenate([start + one for start, one in zip(starts, places, strict=False)])
    if any((one != places[0]).any() for one in places):
        raise ValueError(f"{layer.name}: its branches add values that PyTorch has in different orders")
    return places[0]


def module_of(layer: Any, path: str, rows: Any, behind: Any) -> Iterator[tuple[str, Module]]:
    """The modules of a layer: one, or two for SeparableConv2D. Raises ValueError for a layer that PyTorch has not.

    rows, behind: the order of the values before and behind it.
    """
    kind = type(layer).__name__
    if kind == "SeparableConv2D":
        yield f"{path}/depthwise", {"weight": kernel(layer, path, "depthwise_kernel", DEPTHWISE)}
        yield f"{path}/pointwise", {"weight": kernel(layer, path, "pointwise_kernel", CONV), **bias(layer, path)}
    elif kind in KERNELS:
        yield path, {"weight": kernel(layer, path, "kernel", KERNELS[kind]), **bias(layer, path)}
    elif kind == "Dense":
        yield path, {"weight": matrix(layer, path, rows, behind), **bias(layer, path, behind)}
    elif kind in VECTORS:
        own = {key: name for key, name in VECTORS[kind].items() if name in layer.arrays}
        yield path, {key: vector(layer, path, name, rows) for key, name in own.items()}
    else:
        raise ValueError(f"{path}: PyTorch has no module for {kind}")


CONV, DEPTHWISE = (3, 2, 0, 1), (2, 3, 0, 1)
KERNELS = {"Conv2D": CONV, "Conv2DTranspose": CONV, "DepthwiseConv2D": DEPTHWISE}
"""The order in which PyTorch has the axes of a kernel."""
VECTORS = {
    "BatchNormalization": {
        **{"weight": "gamma", "bias": "beta"},
        **{"running_mean": "moving_mean", "running_var": "moving_variance"},
    },
    "GroupNormalization": {"weight": "gamma", "bias": "beta"},
    "LayerNormalization": {"weight": "gamma", "bias": "beta"},
    "PReLU": {"weight": "alpha"},
}
"""By layer, the name of each of PyTorch's weights."""


def kernel(layer: Any, path: str, name: str, order: Shape) -> Weight:
    """A convolution's kernel; PyTorch's depthwise one has all filters on one axis."""
    shape = tuple(layer.arrays[name].shape[axis] for axis in order)  # with PyTorch's axes
    torch_shape = (shape[0] * shape[1], 1, *shape[2:]) if order == DEPTHWISE else shape
    return Weight(
        f"{path}/{name}",
        torch_shape,
        lambda array: array.reshape(shape).transpose(np.argsort(order)),  # the axes here
        lambda array: array.transpose(order).reshape(torch_shape),  # PyTorch's axes
    )


def bias(layer: Any, path: str, order: Any = slice(None)) -> Module:
    """A bias, if there is one."""
    return {"bias": vector(layer, path, "bias", order)} if "bias" in layer.arrays else {}


def matrix(layer: Any, path: str, rows: Any, units: Any) -> Weight:
    """The kernel of Dense, (D, units), whose rows and units PyTorch may have in another order."""
    return Weight(
        f"{path}/kernel",
        layer.arrays["kernel"].shape[::-1],
        lambda array: reordered(reordered(array, units).T, rows),
        lambda array: array[rows].T[units],
    )


def vector(layer: Any, path: str, name: str, rows: Any) -> Weight:
    """An array with a value for each channel, or for each value behind a flattened image."""
    shape = layer.arrays[name].shape
    single = sum(size > 1 for size in shape) <= 1  # PReLU's slope (1, 1, C) is a vector
    torch_shape = (prod(shape),) if single else shape
    return Weight(
        f"{path}/{name}",
        torch_shape,
        lambda array: reordered(array.reshape(shape), rows),  # the shape here
        lambda array: array[rows].reshape(torch_shape),  # PyTorch's
    )


def reordered(array: Array, rows: Any) -> Array:
    """The array whose rows, in the order `rows`, are those given."""
    own = np.empty_like(array)
    own[rows] = array
    return own


# ---------------------------------------------------------------- the file's side


def modules_in(file: Reader) -> dict[str, dict[str, Shape]]:
    """The shapes of each module's weights, in the order of names, where 10 comes after 9."""
    found: dict[str, dict[str, Shape]] = {}
    for name in sorted(file.specs, key=natural):
        module, _, key = name.rpartition(".")
        if key != COUNT:
            found.setdefault(module, {})[key] = file.specs[name].shape
    return found


def natural(name: str) -> list[Any]:
    """A key that sorts numbers inside of names as numbers."""
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split("([0-9]+)", name)]


def shapes_of(module: Module) -> dict[str, Shape]:
    """PyTorch's shapes of the weights of a module."""
    return {key: weight.shape for key, weight in module.items()}


def by_names(
    wanted: dict[str, Module], found: dict[str, dict[str, Shape]], names: Mapping[str, str]
) -> Mapping[str, str]:
    """The given names. Raises ValueError or TypeError unless they are all, and the shapes theirs."""
    for layer, name in checked_names(wanted, names).items():
        if found.get(name) != shapes_of(wanted[layer]):
            received = checks.short_repr(found.get(name, "no such module"))
            raise ValueError(f"expected {name} for {layer} with {shapes_of(wanted[layer])}; received {received}")
    return names


def checked_names(wanted: dict[str, Module], names: Mapping[str, str]) -> Mapping[str, str]:
    """A name for each module. Raises ValueError or TypeError unless they are different texts for all of them."""
    checks.keys("file", "names", dict(names), wanted.keys())
    for layer, name in names.items():
        checks.text("file", f"names of {layer}", name)
    if len(set(names.values())) < len(names):
        raise ValueError(f"names must be different; received {checks.short_repr(dict(names))}")
    return names


def by_shapes(wanted: dict[str, Module], found: dict[str, dict[str, Shape]]) -> dict[str, str]:
    """For each module of the model that of the file: of those of the same shapes the first for the first, and so on.

    Raises ValueError unless there are as many of each, and where their order cannot be told from their names, which
    must then differ in numbers alone.
    """
    chosen: dict[str, str] = {}
    for layer, module in wanted.items():
        if layer in chosen:
            continue
        shapes = shapes_of(module)
        layers = [other for other, one in wanted.items() if shapes_of(one) == shapes]
        alike = [name for name, one in found.items() if one == shapes]
        if len(layers) != len(alike):
            raise ValueError(
                f"expected {len(layers)} modules with {shapes}, for {', '.join(layers)}; received "
                f"{len(alike)} among {checks.truncated(str(found))}"
            )
        if len({re.sub("[0-9]+", "", name) for name in alike}) > 1:
            raise ValueError(f"{', '.join(alike)} have equal shapes, and no order: give names for {', '.join(layers)}")
        chosen |= dict(zip(layers, alike, strict=True))
    if left := found.keys() - set(chosen.values()):
        raise ValueError(f"has {checks.truncated(', '.join(sorted(left)))}, which no layer of the model is")
    return chosen
