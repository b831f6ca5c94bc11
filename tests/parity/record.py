"""Makes `golden.npz` and `others.npz` anew, with Keras, JAX and PyTorch: the only part that needs all of them."""

import importlib.metadata
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from numpycnn.layers import LAYERS
from parity import golden, keras_side, torch_side
from parity.draw import SMALL, Case, Spec, cases, without_nesting
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
    """Cases with the other layers, activations and losses: each that adds to those before. The blocks are PyTorch's."""
    size = SMALL._replace(all=True)
    for case in adding(smooth(cases((SEED, 2), size, all_kinds=True)), CLASSES - BLOCKS, tries=400):
        yield Record(case, by_torch(case), figures(keras_side.Network(case, "float64"), case))
    fixed = (case for case in cases((SEED, 3), size, both=True, all_kinds=True) if not RANDOM_LAYERS & parts(case.spec))
    for case in adding(smooth(fixed), BLOCKS, tries=100):
        yield Record(case, by_torch(case), None)


BLOCKS = {"Branches", "Residual"}
RANDOM_LAYERS = {*RANDOM, *AUGMENTATIONS}
CLASSES = set(LAYERS)


def adding(drawn: Iterator[Case], wanted: set[str], tries: int) -> Iterator[Case]:
    """Of so many cases those that have a part that fewer than two before had; layers among those that are wanted."""
    seen = Counter[str]()
    for case in islice(drawn, tries):
        own = {part for part in parts(case.spec) if part not in CLASSES or part in wanted}
        if any(seen[part] < 2 for part in own):
            seen.update(own)
            yield case


def parts(spec: Spec) -> set[str]:
    """The classes of a network's layers, its activations, and its loss."""
    layers = [*spec.layers, *without_nesting(spec.layers)]
    loss, config = spec.loss
    settings = {f"{loss} {key}={value}" for key, value in config.items() if key != "delta"}
    return (
        {name for name, _ in layers}
        | {str(config["activation"]) for _, config in layers if "activation" in config}
        | settings
    )


def by_torch(case: Case) -> Figures:
    return figures(torch_side.Network(case, "float64"), case)


def smooth(drawn: Iterator[Case]) -> Iterator[Case]:
    return (case for case in drawn if is_smooth(case, "float64"))


def is_refused(case: Case) -> bool:
    """Whether a convolution has both strides and dilation above 1."""
    convolutions = [config for name, config in without_nesting(case.spec.layers) if name == "Conv2D"]
    return any(max(config["strides"]) > 1 and max(config["dilation_rate"]) > 1 for config in convolutions)
