"""Makes `golden.npz` anew, with Keras, JAX and PyTorch: the only part that needs all of them."""

import importlib.metadata
from collections.abc import Iterator
from itertools import islice

from parity import golden, keras_side, torch_side
from parity.draw import Case, cases, without_nesting
from parity.figures import Figures, figures
from parity.golden import Record
from parity.ours import is_smooth

SEED = 2026
BY_BOTH, BY_TORCH = 231, 28
PACKAGES = ("keras", "jax", "torch", "numpy")


def record() -> None:
    """Write the file, and say how large it is."""
    golden.save(records(), {package: importlib.metadata.version(package) for package in PACKAGES})
    print(f"{golden.PATH.name}: {golden.PATH.stat().st_size:,} bytes")


def records() -> Iterator[Record]:
    """Cases that both frameworks compute, then some with strides and dilation, which Keras refuses."""
    for case in islice(smooth(cases((SEED, 0))), BY_BOTH):
        yield Record(case, by_torch(case), figures(keras_side.Network(case, "float64"), case))
    for case in islice(filter(is_refused, smooth(cases((SEED, 1), both=True))), BY_TORCH):
        yield Record(case, by_torch(case), None)


def by_torch(case: Case) -> Figures:
    return figures(torch_side.Network(case, "float64"), case)


def smooth(drawn: Iterator[Case]) -> Iterator[Case]:
    return (case for case in drawn if is_smooth(case, "float64"))


def is_refused(case: Case) -> bool:
    """Whether a convolution has both strides and dilation above 1."""
    convolutions = [config for name, config in without_nesting(case.spec.layers) if name == "Conv2D"]
    return any(max(config["strides"]) > 1 and max(config["dilation_rate"]) > 1 for config in convolutions)
