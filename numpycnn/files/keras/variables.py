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
from itertools import combinations, islice
from typing import Any, NamedTuple

from numpycnn.common.typing import Array
from numpycnn.files.keras.graph import Node, class_name, nodes_of
from numpycnn.files.keras.hdf5 import Group
from numpycnn.files.keras.incoming import MODELS
from numpycnn.layers.base import snake_case
from numpycnn.layers.chain import Chain
from numpycnn.layers.container import Container

FUNCTIONAL, SEQUENTIAL = "functional", "sequential"
MAX_ORDERS = 100
"""Of models in a model of which some are Functional, so many are tried."""
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
    known, nodes = iter(kinds), nodes_of(container)
    own = [Kind(snake_case(class_name(node.layer)), []) for node in nodes]
    found = [
        next(known, kind) if isinstance(node.layer, Chain) else kind for node, kind in zip(nodes, own, strict=True)
    ]
    for node, name, kind in zip(nodes, numbered([kind.word for kind in found]), found, strict=True):
        if isinstance(node.layer, Chain):
            yield from places(node.layer, f"{path}/{name}/layers", f"{prefix}{node.path}/", kind.inside)
        else:
            yield Place(f"{path}/{name}", node.name, arrays_of(node, prefix))


def kinds_of(config: Any) -> list[Kind]:
    """What the models in a model are, by its configuration; none where it lists no layers, as of a class of its own."""
    own = config.get("config") if isinstance(config, dict) else None
    layers = own.get("layers") if isinstance(own, dict) else None
    entries = [entry for entry in layers if isinstance(entry, dict)] if isinstance(layers, list) else []
    models = [entry for entry in entries if entry.get("class_name") in MODELS]
    return [Kind(snake_case(entry["class_name"]), kinds_of(entry)) for entry in models]


def kinds_in(layers: Group, container: Container) -> list[Kind]:
    """What the models in a model are, by a file's arrays alone: as this library writes, or in the one order that fits.

    layers: the group of the container's layers. Raises ValueError where several orders fit.
    """
    chains = [node.layer for node in nodes_of(container) if isinstance(node.layer, Chain)]
    usual = [snake_case(class_name(chain)) for chain in chains]
    count = sum(name in layers for name in numbered([FUNCTIONAL] * len(chains)))
    if usual.count(FUNCTIONAL) == count:
        return fitting(layers, chains, usual) or []
    orders = (
        [FUNCTIONAL if place in functional else SEQUENTIAL for place in range(len(chains))]
        for functional in islice(combinations(range(len(chains)), count), MAX_ORDERS)
    )
    found = [kinds for words in orders if (kinds := fitting(layers, chains, words)) is not None]
    if len(found) > 1:
        raise ValueError(
            "which of the models in it are Functional cannot be told from their weights: load the whole model"
        )
    return found[0] if found else []


def fitting(layers: Group, chains: Sequence[Chain], words: Sequence[str]) -> list[Kind] | None:
    """Models by these words, or None where the file has others."""
    found = []
    for word, name, chain in zip(words, numbered(words), chains, strict=True):
        inside = f"{name}/layers"
        if inside not in layers:
            return None
        kinds = kinds_in(layers.group(inside), chain)
        try:
            for place in places(chain, inside, kinds=kinds):
                read_layer(layers, place)
        except ValueError:
            return None
        found.append(Kind(word, kinds))
    return found


def numbered(words: Sequence[str]) -> Iterator[str]:
    """The words with Keras's numbers: of equal ones the second has _1, the third _2."""
    counts: Counter[str] = Counter()
    for word in words:
        yield f"{word}_{counts[word]}" if counts[word] else word
        counts[word] += 1


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
