"""Where did my minute go? One training step of any model, layer by layer.

    python benchmarks/where.py [CONFIG.json] [--batch N]

CONFIG.json holds what `model.get_config()` gives, as `json.dump` writes it; without it the tutorial network is taken.
The table is that of `model.profile(x, y)`, first on the fast path and then layer by layer; the data are random.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from work import tutorial_network

from numpycnn import Sequential


def main() -> None:
    """Profile and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="?", type=Path, help="a model's configuration; by default the tutorial's")
    parser.add_argument("--batch", type=int, default=1000, help="how many examples (default: 1000)")
    arguments = parser.parse_args()
    if arguments.config is None:
        model = tutorial_network(0)
    else:
        model = Sequential.from_config(json.loads(arguments.config.read_text()))
        model.compile("rmsprop", "mse")
    if model.shape_in is None or model.shape_out is None:
        parser.error("the model's first layer has no input_shape")
    rng = np.random.default_rng(0)
    x = rng.random((arguments.batch, *model.shape_in), np.float32)
    y = rng.random((arguments.batch, *model.shape_out), np.float32)
    y /= y.sum(axis=-1, keepdims=True)  # probabilities, which every loss takes
    for fast, title in ((True, "On the fast path"), (False, "Layer by layer")):
        model.fast = fast
        print(f"\n{title}\n")
        model.profile(x, y)


if __name__ == "__main__":
    main()
