"""Print what each format of files keeps of a model: a small one is saved in each, loaded, and compared."""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from numpycnn.app.commands.convert import PARTS, kept_of
from numpycnn.app.tables import print_or_update
from numpycnn.files.formats import FORMATS, Format
from numpycnn.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, Residual
from numpycnn.models import Sequential, load_model

DESCRIPTION = "Print a table of the formats of model files: who reads and writes them here, and what they keep."
HEAD = ("suffix", "read", "written", *PARTS, "blocks", "by")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and options."""
    parser.description = DESCRIPTION
    parser.add_argument("--update", type=Path, metavar="FILE", help="put the table into this file instead")


def run(args: argparse.Namespace) -> int:
    """Print the table, or write it. Returns the exit status."""
    lines = (HEAD, ["---"] * len(HEAD), *rows())
    return print_or_update("".join(f"| {' | '.join(cells)} |\n" for cells in lines), "formats", args.update)


def rows() -> Iterator[list[str]]:
    """A row for each format."""
    with TemporaryDirectory() as folder:
        for suffix, one in FORMATS.items():
            path = os.path.join(folder, f"model{suffix}")
            kept = kept_whole(path) if "read" in one.functions and not one.missing else {}
            yield [
                f"`{suffix}`",
                directions(one, "read", "load_weights"),
                directions(one, "save", "save_weights"),
                *(yes(kept.get(part)) for part in PARTS),
                yes(kept and keeps_blocks(path)),
                f"extra `{one.extra}`" if one.extra else "NumPy alone",
            ]


def directions(one: Format, whole: str, weights: str) -> str:
    """What is read, or written."""
    words = {whole: "models", weights: "weights"}
    return ", ".join(word for function, word in words.items() if function in one.functions)


def yes(kept: Any) -> str:
    """Whether something is kept, as text."""
    return "yes" if kept else ""


def kept_whole(path: str) -> dict[str, bool]:
    """What a file keeps of a trained model, by PARTS."""
    model = sample([BatchNormalization(), Dropout(0.1)])
    model.compile("adam", "mse", ["mae"])
    x = np.linspace(-1.0, 1.0, 200).reshape(4, 5, 5, 2)
    model.fit(x, x[:, 0, 0], verbose=0)
    model.save(path)
    return kept_of(model, load_model(path))


def keeps_blocks(path: str) -> bool:
    """Whether a Residual that is saved is one again."""
    sample([Residual([Conv2D(2, 1)])]).save(path)
    return any(isinstance(layer, Residual) for layer in load_model(path).layers)


def sample(layers: list[Any]) -> Sequential:
    """A small model with these layers in it."""
    head = Conv2D(2, 3, activation="relu", input_shape=(5, 5, 2))
    return Sequential([head, *layers, Flatten(), Dense(2)], seed=0)
