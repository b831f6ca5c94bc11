"""numpycnn: convolutional networks in pure NumPy, with Keras's API and every backward pass written out.

Where to start reading: `functional/` has the mathematics, `layers/` gives it parameters, `models.py` trains it.
"""

import sys
from typing import TYPE_CHECKING

from numpycnn.common.module_names import OtherModules, explain_unknown_names

if TYPE_CHECKING:  # at run time each is imported on first access
    from numpycnn import (
        activations,
        backend,
        callbacks,
        constraints,
        datasets,
        digits,
        functional,
        gradcheck,
        initializers,
        layers,
        losses,
        metrics,
        models,
        optimizers,
        plot,
        preprocessing,
        recipes,
        regularizers,
        saving,
        utils,
    )
    from numpycnn.layers import Input
    from numpycnn.models import Sequential, load_model

__version__ = "0.1.0"

__all__ = [
    "Input",
    "Sequential",
    "__version__",
    "activations",
    "backend",
    "callbacks",
    "constraints",
    "datasets",
    "digits",
    "functional",
    "gradcheck",
    "initializers",
    "layers",
    "load_model",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "plot",
    "preprocessing",
    "recipes",
    "regularizers",
    "saving",
    "utils",
]

explain_unknown_names(__name__, elsewhere={"Input": "layers", "Sequential": "models", "load_model": "models"})
sys.meta_path.append(OtherModules())
