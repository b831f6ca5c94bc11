"""Draws a case: a small network, its weights and a batch, as plain data from which each side builds its own.

Layers, losses and optimizers are named as in Keras, with Keras's arguments. The numbers of small
networks are multiples of 1/256, so they are exact in float32 and take two bytes on file.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from math import ceil, log2, prod
from typing import Any, NamedTuple

import numpy as np

from numpycnn import activations
from numpycnn.common.typing import Array, Shape
from numpycnn.layers import LAYERS
from parity import others, spatial

Entry = tuple[str, dict[str, Any]]
"""The name of a class, and the arguments of its constructor, as JSON values. Layers among these are entries too."""

UNIT = 1 / 256

ACTIVATIONS = ("linear", "relu", "sigmoid", "softmax", "tanh")
LOSSES = ("CategoricalCrossentropy", "SparseCategoricalCrossentropy", "MeanSquaredError")
"""Those of the recorded cases."""

ALL_ACTIVATIONS = tuple(sorted(activations.ACTIVATIONS.keys() - {"exponential", "glu", "threshold"}))
"""But for glu, after which Keras has a shape wrong, exponential, which saturates what follows it, and threshold."""
ANY_LOSSES = (
    *LOSSES,
    *("CategoricalHinge", "CosineSimilarity", "Hinge", "Huber", "LogCosh", "MeanAbsoluteError"),
    *("MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "SquaredHinge"),
)
PROBABILITY_LOSSES = (*ANY_LOSSES, "BinaryCrossentropy", "BinaryCrossentropy", "KLDivergence", "Poisson")


class Size(NamedTuple):
    """What bounds the drawing: ranges, and the most parameters and numbers in x."""

    channels: tuple[int, int]
    kernel: tuple[int, int]
    units: tuple[int, int]
    most: int
    all: bool = False
    """Whether all activations and losses are drawn, or those of the recorded cases."""

    @property
    def activations(self) -> tuple[str, ...]:
        return ALL_ACTIVATIONS if self.all else ACTIVATIONS


SMALL = Size(channels=(1, 3), kernel=(1, 3), units=(2, 4), most=150)
WIDE = Size(channels=(20, 32), kernel=(3, 3), units=(2, 16), most=50_000)
"""Wide enough for the fast path to convolve by Winograd's algorithm."""


class Spec(NamedTuple):
    """A network and how it is trained."""

    input_shape: Shape
    layers: list[Entry]
    loss: Entry
    optimizer: Entry


class Case(NamedTuple):
    """A network with its weights, in Keras's order, and a batch to learn from."""

    spec: Spec
    weights: list[Array]
    x: Array
    y: Array


def cases(
    seed: tuple[int, ...], size: Size = SMALL, *, both: bool = False, all_kinds: bool = False, blocks: bool = False
) -> Iterator[Case]:
    """Cases without end, each drawn from the seed and its number.

    both: let strides and dilation both be above 1, which Keras refuses. all_kinds: draw every kind of layer, also those
    that the recorded cases have not (see `spatial.py` and `others.py`); with both also those that only PyTorch follows.
    blocks: draw blocks in blocks among them.
    """
    for number in count():
        case = draw(np.random.default_rng((*seed, number)), size, both, all_kinds, blocks)
        if case is not None:
            yield case


def is_wrong_in_keras(spec: Spec) -> bool:
    """Whether Keras 3.15 computes something wrong: what its sparsemax gives does not sum to 1."""
    return any(config.get("activation") == "sparsemax" for _, config in without_nesting(spec.layers))


def made(classes: Mapping[str, Any], entry: Entry) -> Any:
    """The object that an entry describes."""
    name, arguments = entry
    own = {key: others.with_layers(value, lambda inner: made(classes, inner)) for key, value in arguments.items()}
    return classes[name](**own)


def without_nesting(layers: Iterable[Entry]) -> Iterator[Entry]:
    """The layers in a row, those inside another in its place."""
    for name, config in layers:
        inside = [entry for value in config.values() for entry in others.inside(value)]
        if inside:
            yield from without_nesting(inside)
        else:
            yield name, config


def trained(spec: Spec) -> list[bool]:
    """Of each weight, in Keras's order, whether it is trained; moving averages are not."""
    kinds: list[bool] = []
    for name, config in without_nesting(spec.layers):
        if "use_bias" in config:
            kinds += [True] * (1 + (name == "SeparableConv2D") + config["use_bias"])
        if name == "PReLU":
            kinds.append(True)
        if name == "BatchNormalization":
            kinds += [True] * (config["scale"] + config["center"]) + [False] * 2
        if name in ("GroupNormalization", "LayerNormalization"):
            kinds += [True] * sum(others.scaled(config))
    return kinds


def draw(rng: np.random.Generator, size: Size, both: bool, all_kinds: bool, blocks: bool) -> Case | None:
    """One case, or None where what was drawn does not fit together, learns nothing or is too large."""
    probabilities = bool(rng.integers(2))
    images = rng.random() < 0.8
    input_shape, layers = (image_layers if images else row_layers)(rng, size, both)
    if images and all_kinds:
        layers = spatial.varied(rng, input_shape, layers)
    if all_kinds:
        layers = others.among(rng, input_shape, layers, made, replayed=both, blocks=blocks)
    layers += last_layers(rng, size, probabilities)
    shapes = weight_shapes(input_shape, layers)
    if shapes is None or not shapes[0]:
        return None
    wanted, output_shape = shapes
    normalized = any(name == "BatchNormalization" for name, _ in without_nesting(layers))
    n = within(rng, (1 + normalized, 3))  # one vector normalized is zero, and PyTorch refuses it
    x_size = n * prod(input_shape)
    if max(x_size, sum(prod(shape) for _, shape in wanted)) > size.most or output_shape[-1] < 2:
        return None
    loss = draw_any_loss(rng, probabilities) if size.all else draw_loss(rng, probabilities)
    weights = [draw_weight(rng, key, shape) for key, shape in wanted]
    x = draw_distinct(rng, (n, *input_shape))
    spec = Spec(input_shape, nested(rng, layers), loss, draw_optimizer(rng))
    return Case(spec, weights, x, draw_targets(rng, loss, (n, *output_shape)))


def weight_shapes(input_shape: Shape, layers: list[Entry]) -> tuple[list[tuple[str, Shape]], Shape] | None:
    """Every weight's name and shape, and an example's output shape; None where layers do not fit, or are pointless."""
    wanted, shape, rng = list[tuple[str, Shape]](), input_shape, np.random.default_rng(0)
    try:
        for entry in layers:
            layer = made(LAYERS, entry)
            shape = layer.build(shape, rng, np.float64)
            wanted += [(key, array.shape) for key, array in layer.arrays.items()]
            axis = layer.activation.setting("axis")
            if axis is not None and (1, *shape)[axis] == 1:  # softmax is always 1
                return None
    except ValueError:
        return None
    return wanted, shape


# ---------------------------------------------------------------- layers


def image_layers(rng: np.random.Generator, size: Size, both: bool) -> tuple[Shape, list[Entry]]:
    """Images, and one to three layers that take them; half of the time Flatten after them."""
    data_format = pick(rng, "channels_last", "channels_first")
    rows, cols, channels = within(rng, (4, 8)), within(rng, (4, 8)), within(rng, size.channels)
    layers: list[Entry] = []
    for _ in range(rng.integers(1, 4)):
        layers.append(window_layer(rng, size, both, data_format))
        if rng.random() < 0.2:
            layers.append(batch_normalization(rng, 1 if data_format == "channels_first" else 3, axes=3))
        if rng.random() < 0.15:
            layers.append(("Activation", {"activation": pick(rng, *size.activations)}))
        if size.all and rng.random() < 0.3:
            layers.append(activation_layer(rng, axes=3))
    if rng.random() < 0.6:
        layers.append(("Flatten", {"data_format": data_format}))
    return (channels, rows, cols) if data_format == "channels_first" else (rows, cols, channels), layers


def window_layer(rng: np.random.Generator, size: Size, both: bool, data_format: str) -> Entry:
    """A convolution or a pool; overlapping pools among them."""
    padding = pick(rng, "valid", "same")
    shared = {"padding": padding, "data_format": data_format}
    if rng.random() < 0.4:
        return "MaxPooling2D", {"pool_size": pair(rng, (1, 3)), "strides": pair(rng, (1, 3)), **shared}
    strided = rng.random() < 0.5
    return "Conv2D", {
        "filters": within(rng, size.channels),
        "kernel_size": pair(rng, size.kernel),
        "strides": pair(rng, (1, 3)) if strided or both else [1, 1],
        "dilation_rate": pair(rng, (1, 2)) if not strided or both else [1, 1],
        "activation": pick(rng, "relu", *size.activations),
        "use_bias": bool(rng.random() < 0.8),
        **shared,
    }


def row_layers(rng: np.random.Generator, size: Size, both: bool) -> tuple[Shape, list[Entry]]:
    """Inputs of one to three axes, and a layer that works along the last."""
    shape = tuple(int(axis) for axis in rng.integers(2, 5, rng.integers(1, 4)))
    layers = [dense(rng, size, pick(rng, *size.activations))]
    if size.all and rng.random() < 0.3:
        layers.append(activation_layer(rng, axes=len(shape)))
    if rng.random() < 0.3:
        layers.append(batch_normalization(rng, -1, axes=len(shape)))
    return shape, layers


def last_layers(rng: np.random.Generator, size: Size, probabilities: bool) -> list[Entry]:
    """Up to two dense layers, and at the end, where the loss takes probabilities, what gives them."""
    layers = [dense(rng, size, pick(rng, *size.activations))] if rng.random() < 0.3 else []
    ending = pick(rng, "softmax", "softmax", "sigmoid") if probabilities else pick(rng, "linear", *size.activations)
    if rng.random() < 0.3:
        return [*layers, ("Activation", {"activation": ending})]
    return [*layers, dense(rng, size, ending)]


def dense(rng: np.random.Generator, size: Size, activation: str) -> Entry:
    return "Dense", {"units": within(rng, size.units), "activation": activation, "use_bias": bool(rng.random() < 0.8)}


def activation_layer(rng: np.random.Generator, axes: int) -> Entry:
    """A layer of one activation, of examples with so many axes."""
    slope = pick(rng, 0.0, 0.25, 0.5)
    shared = [axis for axis in range(1, axes + 1) if rng.integers(2)]
    return pick(
        rng,
        ("ReLU", {"max_value": pick(rng, None, 0.75, 6.0), "negative_slope": slope, "threshold": pick(rng, 0.0, 0.25)}),
        ("LeakyReLU", {"negative_slope": slope}),
        ("ELU", {"alpha": pick(rng, 1.0, 0.5)}),
        ("PReLU", {"shared_axes": shared or None}),
        ("Softmax", {"axis": pick(rng, -1, within(rng, (1, axes)))}),
    )


def batch_normalization(rng: np.random.Generator, channels: int, axes: int) -> Entry:
    """Mostly along the channels' axis, else along any of an example's."""
    axis = channels if rng.random() < 0.7 else within(rng, (1, axes))
    return "BatchNormalization", {
        "axis": axis - (axes + 1) * (axis > 0 and bool(rng.integers(2))),  # counted from either end
        "momentum": pick(rng, 0.99, 0.75, 0.5),
        "epsilon": pick(rng, 1e-3, 1e-5),
        "center": bool(rng.random() < 0.8),
        "scale": bool(rng.random() < 0.8),
    }


def nested(rng: np.random.Generator, layers: list[Entry]) -> list[Entry]:
    """The layers, of some networks a few in the middle as a Sequential of their own."""
    if rng.random() < 0.8 or len(layers) < 3:
        return layers
    end = within(rng, (2, len(layers) - 1))
    return [layers[0], ("Sequential", {"layers": layers[1:end]}), *layers[end:]]


# ---------------------------------------------------------------- training


def draw_loss(rng: np.random.Generator, probabilities: bool) -> Entry:
    """A loss for probabilities, or for any outputs."""
    name = pick(rng, "CategoricalCrossentropy", "SparseCategoricalCrossentropy", "MeanSquaredError")
    return name, {} if name == "MeanSquaredError" else {"from_logits": not probabilities}


def draw_any_loss(rng: np.random.Generator, probabilities: bool) -> Entry:
    """One of all losses."""
    name = pick(rng, *(PROBABILITY_LOSSES if probabilities else ANY_LOSSES))
    reduced = {"reduction": pick(rng, "mean", "mean", "mean", "sum")}
    if "Crossentropy" not in name:
        return name, {**reduced, "delta": pick(rng, 1.0, 0.25)} if name == "Huber" else reduced
    own = (
        {"ignore_class": pick(rng, None, -1)} if name.startswith("Sparse") else {"label_smoothing": pick(rng, 0.0, 0.1)}
    )
    return name, {"from_logits": not probabilities, **own, **reduced}


def draw_optimizer(rng: np.random.Generator) -> Entry:
    name = pick(rng, "SGD", "RMSprop", "Adam")
    rate = {"learning_rate": pick(rng, 0.125, 0.03125, 0.0078125)}
    if name == "SGD":
        return name, {**rate, "momentum": pick(rng, 0.0, 0.5, 0.9), "nesterov": pick(rng, True, False)}
    if name == "RMSprop":
        own = {"rho": pick(rng, 0.9, 0.75), "momentum": pick(rng, 0.0, 0.5), "centered": pick(rng, True, False)}
        return name, {**rate, **own, "epsilon": pick(rng, 1e-7, 1e-3)}
    own = {"beta_1": pick(rng, 0.9, 0.5), "beta_2": pick(rng, 0.999, 0.75), "epsilon": pick(rng, 1e-7, 1e-3)}
    return name, {**rate, **own}


def draw_weight(rng: np.random.Generator, key: str, shape: Shape) -> Array:
    """Values that keep the scores near 1; what has one axis is small, but gamma and a variance are near 1."""
    fan_in = prod(shape[:-1]) if len(shape) > 1 else 16
    most = round(256 * min(1.0, 2.0 / np.sqrt(fan_in)))
    return rng.integers(-most, most + 1, shape) * UNIT + (key.split("/")[-1] in ("gamma", "moving_variance"))


def draw_distinct(rng: np.random.Generator, shape: Shape) -> Array:
    """Values from -1 to 1, no two of them equal, so that pools have no ties."""
    size = prod(shape)
    levels = max(256, 2 ** ceil(log2(size)))
    return ((rng.choice(2 * levels + 1, size, replace=False) - levels) / levels).reshape(shape)


def draw_targets(rng: np.random.Generator, loss: Entry, shape: Shape) -> Array:
    """Integer labels, one-hot or soft rows, or any numbers, as the loss takes them."""
    labels = rng.integers(0, shape[-1], shape[:-1])
    if loss[0] == "SparseCategoricalCrossentropy":
        return labels if loss[1].get("ignore_class") is None else partly(rng, labels, loss[1]["ignore_class"])
    if loss[0] in ("Hinge", "SquaredHinge"):
        return rng.choice([-1.0, 1.0], shape)
    if loss[0] == "Poisson":
        return rng.integers(0, 4, shape) * 1.0
    if loss[0] == "BinaryCrossentropy":
        return rng.integers(0, 9, shape) / 8
    if loss[0] == "MeanAbsolutePercentageError":
        return rng.integers(64, 257, shape) * UNIT * rng.choice([-1, 1], shape)
    if not (loss[0] == "CategoricalHinge" or "Crossentropy" in loss[0] or loss[0] == "KLDivergence"):
        return rng.integers(-256, 257, shape) * UNIT
    if rng.integers(2):
        return np.eye(shape[-1])[labels]
    return rng.multinomial(8, np.full(shape[-1], 1 / shape[-1]), shape[:-1]) / 8


def partly(rng: np.random.Generator, labels: Array, ignored: int) -> Array:
    """The labels, some of them replaced by that which is ignored, but never the first."""
    replaced = rng.random(labels.shape) < 0.3
    replaced.flat[0] = False
    return np.where(replaced, ignored, labels)


def pick(rng: np.random.Generator, *choices: Any) -> Any:
    return choices[rng.integers(len(choices))]


def within(rng: np.random.Generator, bounds: tuple[int, int]) -> int:
    """An integer, both bounds included."""
    return int(rng.integers(bounds[0], bounds[1] + 1))


def pair(rng: np.random.Generator, bounds: tuple[int, int]) -> list[int]:
    """Two of them."""
    return [within(rng, bounds), within(rng, bounds)]
