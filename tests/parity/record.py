"""Makes `golden.npz` and `others.npz` anew, with Keras, JAX and PyTorch: the only part that needs all of them."""

import importlib.metadata
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from numpycnn.common.typing import Shape
from parity import golden, keras_side, torch_side
from parity.draw import (
    SMALL,
    UNIT,
    Case,
    Entry,
    Spec,
    cases,
    draw_weight,
    is_wrong_in_keras,
    weight_shapes,
    without_nesting,
)
from parity.figures import Figures, figures
from parity.golden import Record
from parity.others import AUGMENTATIONS, RANDOM
from parity.ours import is_smooth

SEED = 2026
BY_BOTH, BY_TORCH = 231, 28
PACKAGES = ("keras", "jax", "torch", "numpy")


def record() -> None:
    """Write the files, and say how large they are."""
    made_by = {package: importlib.metadata.version(package) for package in PACKAGES}
    for path, own in ((golden.PATH, records()), (golden.OTHERS, other_records())):
        golden.save(own, made_by, path)
        print(f"{path.name}: {path.stat().st_size:,} bytes")


def records() -> Iterator[Record]:
    """Cases that both frameworks compute, then some with strides and dilation, which Keras refuses."""
    for case in islice(smooth(cases((SEED, 0))), BY_BOTH):
        yield Record(case, by_torch(case), figures(keras_side.Network(case, "float64"), case))
    for case in islice(filter(is_refused, smooth(cases((SEED, 1), both=True))), BY_TORCH):
        yield Record(case, by_torch(case), None)


def other_records() -> Iterator[Record]:
    """Cases that have every other layer, activation and loss, as few as are found. The blocks are PyTorch's."""
    size, random = SMALL._replace(all=True), {*RANDOM, *AUGMENTATIONS}
    right = (case for case in cases((SEED, 2), size, all_kinds=True) if not is_wrong_in_keras(case.spec))
    for case in (*steady(), *covering(islice(smooth(right), 300))):
        yield Record(case, by_torch(case), figures(keras_side.Network(case, "float64"), case))
    blocks = (case for case in cases((SEED, 3), size, both=True, all_kinds=True) if parts(case.spec) & BLOCKS)
    for case in islice(smooth(case for case in blocks if not parts(case.spec) & random), 6):
        yield Record(case, by_torch(case), None)


def steady() -> Iterator[Case]:
    """Batches of 16 through a batch normalization: nothing there multiplies what rounding began."""
    norm = "BatchNormalization", {"axis": -1, "momentum": 0.75, "epsilon": 1e-3, "center": True, "scale": True}
    window = {"strides": [1, 1], "dilation_rate": [1, 1], "padding": "same", "data_format": "channels_last"}
    conv = "Conv2D", {"filters": 4, "kernel_size": [3, 3], "activation": "linear", "use_bias": False, **window}
    flat = "Flatten", {"data_format": "channels_last"}
    tanh = "Activation", {"activation": "tanh"}
    ending = "Dense", {"units": 3, "activation": "softmax", "use_bias": True}
    first = "Dense", {"units": 6, "activation": "linear", "use_bias": False}
    adam = "Adam", {"learning_rate": 0.0078125, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
    sgd = "SGD", {"learning_rate": 0.03125, "momentum": 0.9, "nesterov": False}
    networks: list[tuple[Shape, list[Entry], Entry]] = [
        ((5,), [first, norm, tanh, ending], sgd),
        ((4, 4, 2), [conv, norm, tanh, flat, ending], adam),
    ]
    for shape, layers, optimizer in networks:
        rng, wanted = np.random.default_rng(SEED), weight_shapes(shape, layers)
        if wanted is not None:
            weights = [draw_weight(rng, key, size) for key, size in wanted[0]]
            spec = Spec(shape, layers, ("CategoricalCrossentropy", {"from_logits": False}), optimizer)
            yield Case(spec, weights, rng.integers(-256, 257, (16, *shape)) * UNIT, np.eye(3)[rng.integers(0, 3, 16)])


BLOCKS = {"Branches", "Residual"}


def covering(drawn: Iterable[Case]) -> Iterator[Case]:
    """Of the cases one after the other that adds the most parts to those before, until none adds any."""
    rest, missing = list(drawn), set[str]()
    missing.update(*(parts(case.spec) for case in rest))
    while missing:
        best = max(rest, key=lambda case: len(parts(case.spec) & missing))
        missing -= parts(best.spec)
        yield best


def parts(spec: Spec) -> set[str]:
    """The classes of a network's layers, its activations, and its loss with its settings."""
    layers = [*spec.layers, *without_nesting(spec.layers)]
    loss, config = spec.loss
    activations = {str(config["activation"]) for _, config in layers if "activation" in config}
    return {name for name, _ in layers} | activations | {f"{loss} {key}={config[key]}" for key in config}


def by_torch(case: Case) -> Figures:
    return figures(torch_side.Network(case, "float64"), case)


def smooth(drawn: Iterator[Case]) -> Iterator[Case]:
    return (case for case in drawn if is_smooth(case, "float64"))


def is_refused(case: Case) -> bool:
    """Whether a convolution has both strides and dilation above 1."""
    convolutions = [config for name, config in without_nesting(case.spec.layers) if name == "Conv2D"]
    return any(max(config["strides"]) > 1 and max(config["dilation_rate"]) > 1 for config in convolutions)
