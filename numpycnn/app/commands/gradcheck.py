"""Check the gradients of the tutorial network, on a few images of MNIST, and print the table."""

import argparse

from numpycnn.app.commands.train import images, whole_number
from numpycnn.app.tutorial import tutorial_network
from numpycnn.datasets import mnist
from numpycnn.utils import to_categorical

DESCRIPTION = (
    "Check the gradients of the Keras tutorial's network: its backward passes against numerical derivatives, in double "
    "precision, on a few images of MNIST. The exit status is 1 if any is wrong."
)
SAMPLES = 20
"""How many entries of each parameter are compared; sums over all of them are too."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and options."""
    parser.description = DESCRIPTION
    for option, least, default, text in (
        ("--examples", 1, 3, "how many images; more take longer"),
        ("--seed", 0, 0, "where the random numbers start: initial weights, dropout, and which entries are compared"),
    ):
        convert = whole_number(at_least=least)
        parser.add_argument(option, type=convert, default=default, metavar="N", help=f"{text} (default: %(default)s)")


def run(args: argparse.Namespace) -> int:
    """Check, and print the report. Returns the exit status."""
    from numpycnn.gradcheck import gradcheck  # deferred: slow import

    (x, labels), _ = mnist.load_data()
    x, y = images(x[: args.examples]), to_categorical(labels[: args.examples], 10)
    report = gradcheck(tutorial_network(args.seed), x, y, samples=SAMPLES, seed=args.seed)
    print(report)
    return 0 if report.passed else 1
