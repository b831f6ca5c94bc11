"""Where the arrays of a model stand in a file of Keras 3, .weights.h5 or inside of .keras.

    layers/conv2d/vars/0, /1                the first Conv2D's kernel and bias
    layers/conv2d_1/vars/0                  the second's: by the class, and not by the layer's name
    layers/sequential/layers/dense/vars/0   of a model in the model; of a Functional one layers/functional/...
    layers/add/vars                         where the branches of a block meet: no arrays
    optimizer/vars/0, ...                   see `slots.py`

The attribute "name" of a group "vars" is the layer's own.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from numpycnn.common.typing import Array
from numpycnn.files.keras.graph import Node, class_name, nodes_of
from numpycnn.files.keras.hdf5 import Group
from numpycnn.files.keras.incoming import MODELS
from numpycnn.layers.base import snake_case
from numpycnn.layers.chain import Chain
from numpycnn.layers.container import Container

FORMER_LAYERS = "_layer_checkpoint_dependencies"
"""What "layers" was called in the first .keras files, of Keras 2.12."""


class Kind(NamedTuple):
    """What a model in the model is in Keras: also a chain without blocks may be Functional."""

    word: str
    """sequential or functional."""
    inside: "list[Kind]"
    """What the models in it are, in Keras's order."""


class Place(NamedTuple):
    """A layer that is no model: its path in the file, its name in Keras, and its arrays by their names in the model."""

    path: str
    name: str
    arrays: dict[str, Array]


def places(container: Container, path: str = "layers", prefix: str = "", kinds: Sequence[Kind] = ()) -> Iterator[Place]:
    """The place of every layer, in Keras's order. Raises ValueError for a container that Keras does not have.

    kinds: what the models in the model are; by default what this library writes.
    """
    counts: Counter[str] = Counter()
    known = iter(kinds)
    for node in nodes_of(container):
        word, inside = snake_case(class_name(node.layer)), list[Kind]()
        if isinstance(node.layer, Chain):
            word, inside = next(known, Kind(word, inside))
        place = f"{path}/{word}_{counts[word]}" if counts[word] else f"{path}/{word}"
        counts[word] += 1
        if isinstance(node.layer, Chain):
            yield from places(node.layer, f"{place}/layers", f"{prefix}{node.path}/", inside)
        else:
            yield Place(place, node.name, arrays_of(node, prefix))


def kinds_of(config: Any) -> list[Kind]:
    """What the models in a model are, by its configuration; none where it lists no layers, as of a class of its own."""
    own = config.get("config") if isinstance(config, dict) else None
    layers = own.get("layers") if isinstance(own, dict) else None
    entries = [entry for entry in layers if isinstance(entry, dict)] if isinstance(layers, list) else []
    models = [entry for entry in entries if entry.get("class_name") in MODELS]
    return [Kind(snake_case(entry["class_name"]), kinds_of(entry)) for entry in models]


def arrays_of(node: Node, prefix: str = "") -> dict[str, Array]:
    """The arrays of a node by their names in the model, in Keras's order; none of what merges branches."""
    if isinstance(node.layer, Chain):
        inside = places(node.layer, prefix=f"{prefix}{node.path}/")
        return {key: array for place in inside for key, array in place.arrays.items()}
    own = {} if isinstance(node.layer, Container) else node.layer.arrays
    return {f"{prefix}{node.path}/{key}": array for key, array in own.items()}


def trained_names(model: Container) -> list[str]:
    """The names of the trained parameters, in Keras's order."""
    trained = model.trained_params
    return [name for place in places(model) for name in place.arrays if name in trained]


def read(root: Group, model: Container, kinds: Sequence[Kind] = (), *, skip_mismatch: bool = False) -> dict[str, Array]:
    """The arrays by their names in the model. Raises ValueError unless they have the shapes of the model's.

    kinds: as for `places`. skip_mismatch: leaves out layers of which the file has others.
    """
    found: dict[str, Array] = {}
    expected = list(places(model, kinds=kinds))
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
    own = place.arrays
    if not own and place.path not in root:
        return {}
    group = root.group(f"{place.path}/vars")
    if len(group.names()) != len(own):
        raise ValueError(f"{place.path}: expected {len(own)} arrays, for {place.name}; found {len(group.names())}")
    return {
        key: group.array(str(index), array.shape).astype(array.dtype, copy=False)
        for index, (key, array) in enumerate(own.items())
    }


def check_no_others(root: Group, expected: list[Place]) -> None:
    """Raise ValueError for a file of more layers with arrays than the model has."""
    for top in dict.fromkeys(place.path.partition("/")[0] for place in expected):
        known = {place.path.split("/")[1] for place in expected}
        for name in root.group(top).names():
            group = root.group(f"{top}/{name}")
            if name not in known and "vars" in group and group.group("vars").names():
                raise ValueError(f"holds {top}/{name}, which does not belong to the model")


def write(file: Any, model: Container) -> None:
    """Write the arrays into an `h5py.File`. Raises as `places`."""
    for path, name, arrays in places(model):
        group = file.create_group(f"{path}/vars")
        group.attrs["name"] = name
        for index, array in enumerate(arrays.values()):
            group.create_dataset(str(index), data=array)
