"""numpycnn: convolutional networks in pure NumPy, with Keras's API and every backward pass written out.

Where to start reading: `functional/` has the mathematics, `layers/` gives it parameters, `models.py` trains it.
"""

from importlib import import_module
from types import ModuleType

from numpycnn import (
    backend,
    callbacks,
    datasets,
    functional,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    utils,
)
from numpycnn.layers import Input
from numpycnn.models import Sequential, load_model

__version__ = "0.1.0"

__all__ = [
    "Input",
    "Sequential",
    "__version__",
    "backend",
    "callbacks",
    "datasets",
    "functional",
    "gradcheck",
    "initializers",
    "layers",
    "load_model",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "utils",
]


def __getattr__(name: str) -> ModuleType:
    """`numpycnn.gradcheck` is imported when it is first named: whoever trains does not wait for it."""
    if name == "gradcheck":
        return import_module("numpycnn.gradcheck")
    raise AttributeError(f"module 'numpycnn' has no attribute {name!r}")
