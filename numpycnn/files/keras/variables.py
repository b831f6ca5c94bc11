"""Where the arrays of a model stand in a file of Keras 3, .weights.h5 or inside of .keras.

    layers/conv2d/vars/0, /1                the first Conv2D's kernel and bias
    layers/conv2d_1/vars/0                  the second's: by the class, and not by the layer's name
    layers/sequential/layers/dense/vars/0   of a model in the model
    optimizer/vars/0, ...                   see `slots.py`

The attribute "name" of a group "vars" is the layer's own.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from numpycnn.common.typing import Array
from numpycnn.files.keras.hdf5 import Group
from numpycnn.layers import Layer
from numpycnn.layers.base import snake_case
from numpycnn.layers.chain import Chain
from numpycnn.layers.container import Container

FORMER_LAYERS = "_layer_checkpoint_dependencies"
"""What "layers" was called in the first .keras files, of Keras 2.12."""


class Place(NamedTuple):
    """A layer that is no container: its path in the file, its arrays' prefix in the model, and itself."""

    path: str
    prefix: str
    layer: Layer


def places(container: Container, path: str = "layers", prefix: str = "") -> Iterator[Place]:
    """The place of every layer. Raises ValueError for a container that Keras's Sequential does not have."""
    counts: Counter[str] = Counter()
    for layer in container.layers:
        word = snake_case(class_name(layer))
        place = f"{path}/{word}_{counts[word]}" if counts[word] else f"{path}/{word}"
        counts[word] += 1
        if isinstance(layer, Container):
            yield from places(layer, f"{place}/layers", f"{prefix}{layer.name}/")
        else:
            yield Place(place, f"{prefix}{layer.name}/", layer)


def class_name(layer: Layer) -> str:
    """The layer's class in Keras. Raises ValueError for one that Keras does not have."""
    if isinstance(layer, Container) and not isinstance(layer, Chain):
        raise ValueError(
            f"{layer.name}: Keras's Sequential has no {type(layer).__name__}; save to .safetensors, which keeps it"
        )
    return "Sequential" if isinstance(layer, Container) else type(layer).__name__


def read(root: Group, model: Container, *, skip_mismatch: bool = False) -> dict[str, Array]:
    """The arrays by their names in the model. Raises ValueError unless they have the shapes of the model's.

    skip_mismatch: leaves out layers of which the file has others.
    """
    found: dict[str, Array] = {}
    expected = list(places(model))
    if FORMER_LAYERS in root:
        expected = [place._replace(path=place.path.replace("layers", FORMER_LAYERS, 1)) for place in expected]
    if not skip_mismatch:
        check_no_others(root, expected)
    for place in expected:
        try:
            found |= read_layer(root, place)
        except ValueError:
            if not skip_mismatch:
                raise
    return found


def read_layer(root: Group, place: Place) -> dict[str, Array]:
    """The arrays of a layer. Raises ValueError for others, or another number of them."""
    own = place.layer.arrays
    if not own and place.path not in root:
        return {}
    group = root.group(f"{place.path}/vars")
    if len(group.names()) != len(own):
        raise ValueError(
            f"{place.path}: expected {len(own)} arrays, for {place.layer.name}; found {len(group.names())}"
        )
    return {
        f"{place.prefix}{key}": group.array(str(index), array.shape).astype(array.dtype, copy=False)
        for index, (key, array) in enumerate(own.items())
    }


def check_no_others(root: Group, expected: list[Place]) -> None:
    """Raise ValueError for a file of more layers than the model has."""
    for top in dict.fromkeys(place.path.partition("/")[0] for place in expected):
        known = {place.path.split("/")[1] for place in expected}
        for name in root.group(top).names():
            if name not in known and "vars" in root.group(f"{top}/{name}"):
                raise ValueError(f"holds {top}/{name}, which does not belong to the model")


def write(file: Any, model: Container) -> None:
    """Write the arrays into an `h5py.File`. Raises as `places`."""
    for path, _, layer in places(model):
        group = file.create_group(f"{path}/vars")
        group.attrs["name"] = layer.name
        for index, array in enumerate(layer.arrays.values()):
            group.create_dataset(str(index), data=array)
