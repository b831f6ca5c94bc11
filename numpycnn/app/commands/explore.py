"""Write the explorer's page: all values of the forward and backward of a digit."""

import argparse
import os

from numpycnn.app.commands.train import whole_number
from numpycnn.app.inputs import as_inputs, targets
from numpycnn.datasets import mnist
from numpycnn.datasets.digits import NETWORK
from numpycnn.files import ModelFileError
from numpycnn.models import load_model

DESCRIPTION = (
    "Write an HTML page that shows every number that a convolutional network computes for a digit, forward and "
    "backward. The page works offline in any browser. The network comes with the package, or from a file."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and options."""
    parser.description = DESCRIPTION
    parser.add_argument(
        "--model",
        metavar="FILE",
        default=NETWORK,
        help="another network: a file of model.save, of --resume or of Keras, see the command formats",
    )
    parser.add_argument(
        "--digit", type=whole_number(at_least=0), default=0, metavar="N", help="which test image (default: %(default)s)"
    )
    parser.add_argument("--output", metavar="FILE", default="explore.html", help="(default: %(default)s)")


def run(args: argparse.Namespace) -> int:
    """Train or load, and write the page. Returns the exit status."""
    _, (x_test, y_test) = mnist.load_data()
    if args.digit >= len(x_test):
        raise ModelFileError(f"--digit: the test images are 0 to {len(x_test) - 1}; received {args.digit}")
    network = load_model(args.model)
    network.explore(args.output, as_inputs(network, x_test), targets(network, y_test), example=args.digit)
    print(
        f"{args.output}: {os.path.getsize(args.output) / 1e6:.2f} MB, test image {args.digit}, a {y_test[args.digit]}."
    )
    print("Open it in a browser; it works offline.")
    return 0
