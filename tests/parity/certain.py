"""Layers that draw numbers, where nothing is left to chance, and activations that no network is drawn with.

Keras's figures of them, the output and the gradient of a weighted sum of it, are in `certain.json`: in inference; by
bounds that leave one value; and by what is said to have been drawn, which both sides are given.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from numpycnn import activations
from numpycnn.common.typing import Array
from numpycnn.layers import LAYERS, Activation, Layer
from numpycnn.layers.augmentation import Augmentation

PATH = Path(__file__).with_name("certain.json")
SHAPE = (2, 3, 4, 2)
X = (np.arange(48.0) ** 2 % 11).reshape(SHAPE) - 2
DY = (np.arange(48.0) ** 3 % 13).reshape(SHAPE) - 5
G = np.random.default_rng(3).standard_normal(SHAPE)
"""The normal numbers that a generator of this seed draws."""


class Certain(NamedTuple):
    """A layer, or an activation with its settings, and what it is said to have drawn; None for what it draws itself."""

    name: str
    arguments: dict[str, Any]
    training: bool = True
    drawn: dict[str, Any] | None = None


WARPS: list[tuple[str, dict[str, Any]]] = [
    ("RandomTranslation", {"height_factor": [0.25, 0.25], "width_factor": [-0.375, -0.375]}),
    ("RandomRotation", {"factor": [0.125, 0.125]}),
    ("RandomZoom", {"height_factor": [0.25, 0.25], "width_factor": [-0.5, -0.5]}),
]
HOW = [("reflect", "bilinear"), ("constant", "nearest"), ("wrap", "bilinear"), ("nearest", "bilinear")]
AUGMENTATIONS: list[Certain] = [
    Certain("RandomFlip", {"mode": mode}, drawn={"flipped": [True, False]})
    for mode in ("horizontal", "vertical", "horizontal_and_vertical")
]
AUGMENTATIONS += [
    Certain("RandomContrast", {"factor": 0.5, "value_range": [-2, 8]}, drawn={"factor": [1.5, 0.75]}),
    Certain("RandomContrast", {"factor": [0.0, 0.0], "value_range": [-3, 9]}),
    Certain("RandomCrop", {"height": 2, "width": 3}, drawn={"top": [1, 1], "left": [1, 1]}),
    Certain("RandomCrop", {"height": 2, "width": 4}),
    Certain("RandomErasing", {"factor": [1.0, 1.0], "scale": [1.0, 1.0], "fill_value": 0.25, "value_range": [0, 1]}),
    Certain("RandomErasing", {"factor": [0.0, 0.0], "value_range": [0, 1]}),
]
AUGMENTATIONS += [
    Certain(name, {**arguments, "fill_mode": fill_mode, "interpolation": interpolation})
    for name, arguments in WARPS
    for fill_mode, interpolation in HOW
]
NOISES = [
    Certain("SpatialDropout2D", {"rate": 0.25}, drawn={"kept": [[True, False], [False, True]]}),
    Certain("GaussianNoise", {"stddev": 0.5}, drawn={"g": None}),
    Certain("GaussianDropout", {"rate": 0.2}, drawn={"g": None}),
]
INFERENCE = [
    Certain("SpatialDropout2D", {"rate": 0.5}, training=False),
    Certain("GaussianNoise", {"stddev": 0.5}, training=False),
    Certain("GaussianDropout", {"rate": 0.2}, training=False),
    *(Certain(name, arguments, training=False) for name, arguments in WARPS),
    Certain("RandomFlip", {}, training=False),
    Certain("RandomContrast", {"factor": 0.5}, training=False),
    Certain("RandomErasing", {}, training=False),
]
ACTIVATIONS = [
    Certain("glu", {}),
    Certain("glu", {"axis": 2}),
    Certain("exponential", {}),
    Certain("threshold", {"threshold": 0.5, "default_value": -1.5}),
]
CASES = [*NOISES, *AUGMENTATIONS, *INFERENCE, *ACTIVATIONS]


def layer_of(case: Certain) -> Layer:
    """The case's layer."""
    if case.name in activations.ACTIVATIONS:
        return Activation(activations.ACTIVATIONS[case.name].with_settings(**case.arguments))
    return LAYERS[case.name](**case.arguments)


def ours(case: Certain) -> tuple[Array, Array]:
    """(y, dx) for X, where a layer is given what the case says was drawn."""
    layer: Any = layer_of(case)
    if case.drawn is not None and "kept" in case.drawn:
        kept = np.array(case.drawn["kept"])
        layer.draw = lambda shape, rng: kept.reshape(shape)
    layer.build(SHAPE[1:], np.random.default_rng(0), np.float64)
    if isinstance(layer, Augmentation) and case.drawn is not None:
        y, kept = layer.transform(X, {key: np.asarray(value) for key, value in case.drawn.items()})
        return y, layer.transform_backward(dy_like(y), kept)
    y, cache = layer.forward(X, training=case.training, rng=np.random.default_rng(3))
    dx: Array = layer.backward(dy_like(y), cache)[0]
    return y, dx


def dy_like(y: Array) -> Array:
    """The weights of the sum whose gradient is taken."""
    return DY[:, : y.shape[1], : y.shape[2], : y.shape[3]]


def load() -> list[tuple[Certain, Array, Array]]:
    """The cases on file with Keras's figures."""
    return [(Certain(*case), np.array(y), np.array(dx)) for case, y, dx in json.loads(PATH.read_text("utf-8"))]


def record() -> None:
    """Write the file."""
    from parity.keras_certain import theirs  # it needs Keras

    lines = [json.dumps([case, *(array.tolist() for array in theirs(case))]) for case in CASES]
    PATH.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
