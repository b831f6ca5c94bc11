"""Classify pictures of digits with a network from a file."""

import argparse
import sys

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.datasets.digits import as_input, as_text, read_digit
from numpycnn.files import ModelFileError
from numpycnn.models import Sequential, load_model

DESCRIPTION = (
    "Read handwritten digits from pictures, one digit in each. The network comes from a file; "
    "python -m numpycnn --resume digits.safetensors trains one and writes it there. "
    "Each picture is shown as the network sees it, and the three likeliest digits are named."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and options."""
    parser.description = DESCRIPTION
    parser.add_argument("pictures", nargs="+", metavar="PICTURE", help="a file of a picture, such as digit.png")
    parser.add_argument("--model", metavar="FILE", default="digits.safetensors", help="(default: %(default)s)")


def run(args: argparse.Namespace) -> int:
    """Classify and report. Returns the exit status."""
    try:
        network, status = load_model(args.model), 0
    except FileNotFoundError:
        hint = f"python -m numpycnn --resume {args.model} trains a network and writes it there"
        raise ModelFileError(f"{args.model}: there is no such file; {hint}") from None
    for path in args.pictures:
        try:
            image = read_digit(path)
        except (OSError, ValueError, ImportError) as error:
            print(error, file=sys.stderr)
            status = 1
        else:
            print("\n".join(as_text(image)))
            print(f"{path}: {likeliest(network, args.model, image)}")
    return status


def likeliest(network: Sequential, name: str, image: Array) -> str:
    """The three likeliest digits, as text. Raises ModelFileError for a network for other images."""
    try:
        x = as_input(image, network.shape_in or ())
    except ValueError as error:
        raise ModelFileError(f"{name}: {error}") from None
    (probabilities,) = network.predict(x, verbose=0)
    best = np.argsort(-probabilities, kind="stable")[:3]
    return ", ".join(f"{digit} ({probabilities[digit]:.1%})" for digit in best)
