"""numpycnn: convolutional networks in pure NumPy, with Keras's API and every backward pass written out.

Where to start reading: `functional.py` has the mathematics, `layers/` gives it parameters, `models.py` trains it.
"""

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
    "initializers",
    "layers",
    "load_model",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "utils",
]
