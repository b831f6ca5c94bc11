"""Draws the layers over images that the recorded cases have not, into the place of their layers or after them.

A convolution becomes one of another kind, a max-pool another pool, and a Flatten another way from images to rows.
"""

from typing import Any

import numpy as np

from numpycnn.common.typing import Shape

Entry = tuple[str, dict[str, Any]]


def varied(rng: np.random.Generator, input_shape: Shape, layers: list[Entry]) -> list[Entry]:
    """The layers with others among them; where groups do not divide the channels, the case is drawn in vain."""
    found: list[Entry] = []
    for name, config in layers:
        if name in VARIANTS and rng.random() < 0.7:
            found.append(VARIANTS[name](rng, config))
        else:
            found.append((name, config))
        if "padding" in config and rng.random() < 0.3:
            found.append(resizing(rng, config["data_format"]))
    if rng.random() < 0.15:
        found.insert(0, ("Permute", {"dims": [int(axis) for axis in rng.permutation(3) + 1]}))
    return found


def pick(rng: np.random.Generator, *choices: Any) -> Any:
    return choices[rng.integers(len(choices))]


def convolution(rng: np.random.Generator, config: dict[str, Any]) -> Entry:
    """Another convolution with the arguments of this one."""
    name = pick(rng, "Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose")
    config = dict(config)
    if name == "Conv2D":
        groups = int(rng.integers(1, 4))
        return name, config | {"groups": groups, "filters": config["filters"] * groups}
    if name == "Conv2DTranspose":
        extra = [int(rng.integers(stride)) for stride in config["strides"]]
        return name, config | {"output_padding": pick(rng, None, extra)}
    if name == "DepthwiseConv2D":
        del config["filters"]
    return name, config | {"depth_multiplier": int(rng.integers(1, 3))}


def pool(rng: np.random.Generator, config: dict[str, Any]) -> Entry:
    return "AveragePooling2D", config


def rows(rng: np.random.Generator, config: dict[str, Any]) -> Entry:
    """Another layer that makes rows of images."""
    name = pick(rng, "GlobalAveragePooling2D", "GlobalMaxPooling2D", "Reshape")
    if name == "Reshape":
        return name, {"target_shape": [-1]}
    return name, {"data_format": config["data_format"], "keepdims": bool(rng.integers(2))}


def resizing(rng: np.random.Generator, data_format: str) -> Entry:
    """A layer that changes the size of images, in the three forms of borders."""
    name = pick(rng, "ZeroPadding2D", "Cropping2D", "UpSampling2D")
    sizes = [int(n) for n in rng.integers(0, 2, 4)]
    if name == "UpSampling2D":
        size = [sizes[0] + 1, sizes[1] + 1]
        return name, {"size": size, "interpolation": pick(rng, "nearest", "bilinear"), "data_format": data_format}
    borders = pick(rng, sizes[0], sizes[:2], [sizes[:2], sizes[2:]])
    return name, {"padding" if name == "ZeroPadding2D" else "cropping": borders, "data_format": data_format}


VARIANTS = {"Conv2D": convolution, "MaxPooling2D": pool, "Flatten": rows}
