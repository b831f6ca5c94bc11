"""Read pictures of digits."""

import argparse
import sys
from collections.abc import Iterator

import numpy as np

from numpycnn.app.inputs import as_inputs
from numpycnn.common.typing import Array
from numpycnn.datasets.digits import NETWORK, as_text, read_digit, read_digits
from numpycnn.files import ModelFileError
from numpycnn.models import Sequential, load_model

UNSURE = 0.7
"""A digit is unsure if its probability is below."""

DESCRIPTION = (
    "Read handwritten digits from pictures, one digit in each, or several with --all. The network comes with the "
    "package, or from a file. Each digit is shown as the network sees it, and the three likeliest are named with their "
    f"probabilities. Where that of the first is below {UNSURE:.0%}, the digit is unsure."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and options."""
    parser.description = DESCRIPTION
    parser.add_argument("pictures", nargs="+", metavar="PICTURE", help="a file of a picture, such as digit.png")
    parser.add_argument(
        "--all", action="store_true", help="read all digits of each picture, in lines, one not touching another"
    )
    parser.add_argument("--model", metavar="FILE", default=NETWORK, help="another network, from a file")


def run(args: argparse.Namespace) -> int:
    """Classify and report. Returns the exit status."""
    try:
        network, status = load_model(args.model), 0
    except FileNotFoundError:
        hint = f"python -m numpycnn --resume {args.model} trains a network and writes it there"
        raise ModelFileError(f"{args.model}: there is no such file; {hint}") from None
    report = all_digits if args.all else one_digit
    for path in args.pictures:
        try:
            lines = list(report(network, path))
        except ModelFileError as error:
            raise ModelFileError(f"{args.model}: {error}") from None
        except (OSError, ValueError, ImportError) as error:
            print(reason(error, path), file=sys.stderr)
            status = 1
        else:
            print("\n".join(lines))
    return status


def reason(error: Exception, path: str) -> str:
    """Why a picture was not read, beginning with its path."""
    if isinstance(error, OSError):
        return f"{path}: {(error.strerror or str(error)).lower()}"
    return str(error)


def one_digit(network: Sequential, path: str) -> Iterator[str]:
    """What is seen in a picture, and the likeliest digits, as text. Raises as `read_digit` and `probabilities`."""
    image = read_digit(path)
    (p,) = probabilities(network, image[None])  # (1, 28, 28)
    yield from as_text(image)
    yield f"{path}: {likeliest(p)}"
    several = sum(map(len, read_digits(path))) if p.max() < UNSURE else 1
    if several > 1:
        yield f"There are {several} separate pieces of ink; if each is a digit, --all reads them."


def all_digits(network: Sequential, path: str) -> Iterator[str]:
    """The digits of a picture in their lines, each above its probability. Raises as `one_digit` does."""
    lines = [probabilities(network, images) for images in read_digits(path)]
    yield f"{path}:"
    for line in lines:
        yield "".join(f"{p.argmax():6}{'?' if p.max() < UNSURE else ' '}" for p in line).rstrip()
        yield "".join(f"{p.max():6.0%} " for p in line).rstrip()
    for row, line in enumerate(lines, 1):
        for column, p in enumerate(line, 1):
            if p.max() < UNSURE:
                yield f"line {row}, digit {column}: {likeliest(p)}"


def probabilities(network: Sequential, images: Array) -> Array:
    """The probabilities of the ten digits for images, (n, 28, 28) from 0 to 1: (n, 10). Raises ModelFileError."""
    x = as_inputs(network, 255 * images)
    if network.shape_out != (10,):
        raise ModelFileError(f"expected a network with ten outputs; its output_shape is {network.shape_out}")
    return network.predict(x, verbose=0)


def likeliest(p: Array) -> str:
    """The three likeliest digits, as text."""
    best = np.argsort(-p, kind="stable")[:3]
    named = ", ".join(f"{digit} ({p[digit]:.1%})" for digit in best)
    return f"unsure: {named}" if p[best[0]] < UNSURE else named
