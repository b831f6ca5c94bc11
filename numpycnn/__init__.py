"""numpycnn: convolutional networks in pure NumPy, with Keras's API and every backward pass written out.

Where to start reading: `functional/` has the mathematics, `layers/` gives it parameters, `models.py` trains it.
"""

import sys

from numpycnn import (
    backend,
    callbacks,
    constraints,
    datasets,
    functional,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    regularizers,
    utils,
)
from numpycnn.common.module_names import OtherModules, add_names_of, explain_unknown_names
from numpycnn.common.old_names import MORE, NAMES
from numpycnn.layers import Input
from numpycnn.models import Sequential, load_model

__version__ = "0.1.0"

__all__ = [
    "Input",
    "Sequential",
    "__version__",
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

# Submodules imported on first access: training does not need them.
explain_unknown_names(__name__, submodules=("digits", "gradcheck", "plot", "preprocessing", "recipes", "saving"))
sys.meta_path.append(OtherModules())
for _name in NAMES["optimizers"].keys() & vars(optimizers).keys():  # a file, "sgd"; the name gives the class
    delattr(optimizers, _name)
for _older, _todays in MORE.items():
    add_names_of(sys.modules[f"{__name__}.{_todays}"], sys.modules[f"{__name__}.{_older}"])
