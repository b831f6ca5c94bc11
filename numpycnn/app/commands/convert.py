"""Convert a model's file to another format, and say what was lost on the way."""

import argparse
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.files.description import describe_model
from numpycnn.models import Sequential, load_model

DESCRIPTION = (
    "Read a model from one file and write it to another; the suffixes say the formats. What the new file does not keep "
    "is named. python -m numpycnn formats prints a table of the formats."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and options."""
    parser.description = DESCRIPTION
    parser.add_argument("source", metavar="IN", help="a model's file, such as theirs.keras")
    parser.add_argument("target", metavar="OUT", help="the file to write, such as ours.safetensors")


def run(args: argparse.Namespace) -> int:
    """Convert, and report. Returns the exit status."""
    model = load_model(args.source)
    model.save(args.target)
    size = os.path.getsize(args.target)
    print(f"{args.target}: {len(model.layers)} layers, {model.count_params():,} parameters, {size:,} bytes")
    lost = [name for name, kept in kept_of(model, load_model(args.target)).items() if not kept]
    if lost:
        print(f"The file does not keep: {', '.join(lost)}.")
    return 0


# ---------------------------------------------------------------- what a file keeps


def kept_of(model: Sequential, loaded: Sequential) -> dict[str, bool]:
    """For each part of a model, whether what was loaded from its file has the same."""
    return {name: same(part(model), part(loaded)) for name, part in PARTS.items()}


def same(one: Any, other: Any) -> bool:
    """Whether two parts are equal, arrays among them too."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return np.array_equal(one, other) if isinstance(one, np.ndarray) else bool(one == other)


def weights(model: Sequential) -> dict[str, Array]:
    """All weights, numbered: some formats name layers themselves."""
    return {str(index): array for index, array in enumerate(model.get_weights())}


def layers(model: Sequential) -> Any:
    """The layers and all their arguments."""
    return describe_model(model)["config"]["layers"]


def compiled(model: Sequential) -> Any:
    """The optimizer's, the loss's and the metrics' settings."""
    return describe_model(model)["compile_config"]


def slots(model: Sequential) -> Any:
    """The optimizer's arrays and steps."""
    return None if model.optimizer is None else {"steps": model.optimizer.iterations, **model.optimizer.state}


def course(model: Sequential) -> Any:
    """History, the seed and the steps."""
    return {**{key: describe_model(model)[key] for key in ("history", "position")}, "seed": model.seed}


PARTS: dict[str, Callable[[Sequential], Any]] = {
    "weights": weights,
    "layers with all arguments": layers,
    "optimizer, loss and metrics": compiled,
    "optimizer's slots": slots,
    "History and seed": course,
}
