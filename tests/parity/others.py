"""Draws the layers that the recorded cases have not, among theirs.

They are normalizations, preprocessing, and what PyTorch's side alone can follow: random layers, with the numbers that
numpycnn drew, and blocks of parallel branches.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from numpycnn.common.typing import Rng, Shape
from numpycnn.layers import LAYERS

Entry = tuple[str, dict[str, Any]]

RANDOM = ("Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout", "SpatialDropout2D")
AUGMENTATIONS = (
    *("RandomContrast", "RandomCrop", "RandomErasing", "RandomFlip"),
    *("RandomRotation", "RandomTranslation", "RandomZoom"),
)


def is_entry(value: Any) -> bool:
    """Whether a value among the arguments describes a layer."""
    return isinstance(value, (list, tuple)) and len(value) == 2 and isinstance(value[1], dict)


def with_layers(value: Any, make: Any) -> Any:
    """An argument with each entry in it, at any depth, replaced by what `make` makes of it."""
    if is_entry(value):
        return make(value)
    return [with_layers(one, make) for one in value] if isinstance(value, (list, tuple)) else value


def inside(value: Any) -> Iterator[Entry]:
    """The entries in an argument, in order."""
    if is_entry(value):
        yield tuple(value)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from inside(one)


def among(rng: Rng, input_shape: Shape, layers: list[Entry], made: Any, *, replayed: bool, blocks: bool) -> list[Entry]:
    """The layers with others before, between and after them; the case is drawn in vain where they do not fit.

    replayed: also those that are only compared with PyTorch's side. blocks: also blocks in blocks.
    """
    data_format = next((config["data_format"] for _, config in layers if "data_format" in config), "channels_last")
    found: list[Entry] = list(first(rng, input_shape, data_format, replayed=replayed))
    try:
        shape = shape_after(found, input_shape, made)
        for entry in layers:
            new = [block(rng, entry, data_format) if replayed and rng.random() < 0.2 else entry]
            if blocks and rng.random() < 0.3:
                new = [deep_block(rng, entry, data_format)]
            after = shape_after(new, shape, made)
            if rng.random() < 0.25:
                new.append(normalization(rng, after))
            if replayed and rng.random() < 0.2:
                new.append(noise(rng, after, data_format))
            found, shape = found + new, shape_after(new, shape, made)
    except ValueError:
        return layers
    return found


def shape_after(layers: list[Entry], shape: Shape, made: Any) -> Shape:
    """The shape of an example after the layers. Raises ValueError where they do not fit."""
    for entry in layers:
        shape = made(LAYERS, entry).build(shape, np.random.default_rng(0), np.float64)
    return shape


def pick(rng: Rng, *choices: Any) -> Any:
    return choices[rng.integers(len(choices))]


def within(rng: Rng, low: int, high: int) -> int:
    return int(rng.integers(low, high + 1))


# ---------------------------------------------------------------- the layers


def first(rng: Rng, shape: Shape, data_format: str, *, replayed: bool) -> Iterator[Entry]:
    """What a network may begin with: preprocessing, and augmentation of images."""
    if rng.random() < 0.2:
        yield preprocessing(rng, shape)
    if replayed and len(shape) == 3 and rng.random() < 0.4:
        yield augmentation(rng, data_format)


def preprocessing(rng: Rng, shape: Shape) -> Entry:
    if rng.integers(2):
        return "Rescaling", {"scale": pick(rng, 0.5, 2.0), "offset": pick(rng, 0.0, -0.25)}
    axis = within(rng, 1, len(shape))
    mean, variance = rng.integers(-64, 65, shape[axis - 1]) / 256, rng.integers(64, 513, shape[axis - 1]) / 256
    config = {"mean": mean.tolist(), "variance": variance.tolist(), "invert": bool(rng.integers(2))}
    return "Normalization", {"axis": axis, **config}


def normalization(rng: Rng, shape: Shape) -> Entry:
    """Of at least four values together: of fewer hardly anything is left."""
    scaled = {"center": bool(rng.random() < 0.8), "scale": bool(rng.random() < 0.8), "epsilon": pick(rng, 1e-3, 1e-2)}
    axis = within(rng, 1, len(shape))
    groups = [n for n in range(1, shape[axis - 1] + 1) if shape[axis - 1] % n == 0 and int(np.prod(shape)) // n >= 4]
    if groups and len(shape) > 1 and rng.integers(2):
        return "GroupNormalization", {"groups": pick(rng, *groups), "axis": axis, **scaled}
    if int(np.prod(shape)) < 4:
        return preprocessing(rng, shape)
    axes = [one + 1 for one, size in enumerate(shape) if size >= 4 and rng.random() < 0.6] or [
        *range(1, 1 + len(shape))
    ]
    return "LayerNormalization", {"axis": axes, "rms_scaling": bool(rng.random() < 0.2), **scaled}


def scaled(config: dict[str, Any]) -> tuple[bool, bool]:
    """Whether a normalization of examples has gamma and beta; one by the root mean square has gamma alone."""
    rms = config.get("rms_scaling", False)
    return config["scale"] or rms, config["center"] and not rms


def noise(rng: Rng, shape: Shape, data_format: str) -> Entry:
    name = pick(rng, *(RANDOM if len(shape) == 3 else RANDOM[:-1]))
    if name == "GaussianNoise":
        return name, {"stddev": pick(rng, 0.125, 0.5)}
    more = {"data_format": data_format} if name == "SpatialDropout2D" else {}
    return name, {"rate": pick(rng, 0.125, 0.25, 0.5), **more}


def augmentation(rng: Rng, data_format: str) -> Entry:
    name, wide = pick(rng, *AUGMENTATIONS), {"value_range": [-8, 8]}
    shared: dict[str, Any] = {"data_format": data_format}
    if name == "RandomContrast":
        return name, {"factor": pick(rng, 0.5, [0.25, 0.75]), **wide, **shared}
    if name == "RandomCrop":
        return name, {"height": within(rng, 3, 6), "width": within(rng, 3, 6), **shared}
    if name == "RandomErasing":
        return name, {"factor": [0.5, 1.0], "fill_value": pick(rng, None, 0.25), **wide, **shared}
    if name == "RandomFlip":
        return name, {"mode": pick(rng, "horizontal", "vertical", "horizontal_and_vertical"), **shared}
    shared |= {"fill_mode": pick(rng, "constant", "nearest", "reflect"), "fill_value": pick(rng, 0.0, 0.25)}
    if name == "RandomRotation":
        return name, {"factor": pick(rng, 0.25, [-0.125, 0.5]), **shared}
    return name, {"height_factor": pick(rng, 0.25, [-0.5, 0.25]), "width_factor": pick(rng, 0.5, 0.125), **shared}


def block(rng: Rng, entry: Entry, data_format: str) -> Entry:
    """The layer and another of its shape side by side."""
    name, config = entry
    other = ("AveragePooling2D" if name == "MaxPooling2D" else name, dict(config))
    if "activation" in config:
        other[1]["activation"] = "linear"
    if rng.integers(2):
        return "Residual", {"layers": [entry], "shortcut": [other]}
    axis = 1 if data_format == "channels_first" and "data_format" in config else -1
    branches = [[entry], [other], []] if name in ("Activation", "ReLU", "PReLU") else [[entry], [other]]
    return "Branches", {"branches": branches, "merge": pick(rng, "add", "concatenate"), "axis": axis}


def deep_block(rng: Rng, entry: Entry, data_format: str) -> Entry:
    """A block that may have others in its branches, and branches of several layers or of none."""
    found = block(rng, entry, data_format)
    if rng.random() < 0.4:
        more = ("Activation", {"activation": pick(rng, "tanh", "softsign")})
        found = pick(rng, *chained_blocks([found, more], more))
    return block(rng, found, data_format) if rng.random() < 0.2 else found


def chained_blocks(layers: list[Entry], more: Entry) -> Iterator[Entry]:
    """Blocks of which one branch has these layers, and that keep the shape behind the first of them."""
    first, *others = layers
    yield "Sequential", {"layers": [first, ("Residual", {"layers": others, "shortcut": None})]}
    yield "Sequential", {"layers": [first, ("Residual", {"layers": [more], "shortcut": others})]}
    yield "Sequential", {"layers": [first, ("Branches", {"branches": [others, [], [more]], "merge": "add"})]}
    yield "Sequential", {"layers": [first, ("Branches", {"branches": [[*others, more]], "merge": "concatenate"})]}
    yield "Branches", {"branches": [layers, [first]], "merge": "add"}
    yield "Residual", {"layers": [first], "shortcut": layers}
