"""Write the explorer's page: all values of the forward and backward of a digit."""

import argparse
import os

from numpycnn.app.commands.train import images, whole_number
from numpycnn.app.inputs import as_inputs, targets
from numpycnn.app.tutorial import tutorial_network
from numpycnn.common.typing import Array
from numpycnn.datasets import mnist
from numpycnn.files import ModelFileError
from numpycnn.models import Sequential, load_model
from numpycnn.utils import to_categorical

DESCRIPTION = (
    "Write an HTML page that shows every number that a convolutional network computes for a digit, forward and "
    "backward. The page works offline in any browser. Without --model, the tutorial's network is first trained on part "
    "of MNIST, which takes a few seconds; python -m numpycnn --resume FILE trains a better one and saves it."
)

TRAINING_IMAGES = 12_000  # used without --model
BATCH = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and options."""
    parser.description = DESCRIPTION
    parser.add_argument(
        "--model",
        metavar="FILE",
        help="the network: a file of model.save, of --resume or of Keras, see the command formats",
    )
    parser.add_argument(
        "--digit", type=whole_number(at_least=0), default=0, metavar="N", help="which test image (default: %(default)s)"
    )
    parser.add_argument("--output", metavar="FILE", default="explore.html", help="(default: %(default)s)")


def run(args: argparse.Namespace) -> int:
    """Train or load, and write the page. Returns the exit status."""
    train, (x_test, y_test) = mnist.load_data()
    if args.digit >= len(x_test):
        raise ModelFileError(f"--digit: the test images are 0 to {len(x_test) - 1}; received {args.digit}")
    network = trained(*train) if args.model is None else load_model(args.model)
    network.explore(args.output, as_inputs(network, x_test), targets(network, y_test), example=args.digit)
    print(
        f"{args.output}: {os.path.getsize(args.output) / 1e6:.2f} MB, test image {args.digit}, a {y_test[args.digit]}."
    )
    print("Open it in a browser; it works offline.")
    return 0


def trained(x: Array, y: Array) -> Sequential:
    """The tutorial's network, trained for a few seconds."""
    print(f"Training one epoch on {TRAINING_IMAGES:,} of the {len(x):,} images: a few seconds.")
    network = tutorial_network(seed=0)
    network.fit(images(x[:TRAINING_IMAGES]), to_categorical(y[:TRAINING_IMAGES], 10), batch_size=BATCH)
    return network
