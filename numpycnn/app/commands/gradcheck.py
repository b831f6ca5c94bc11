"""Check the gradients of the tutorial network, on a few images of MNIST, and print the table."""

import argparse

import numpy as np

from numpycnn.app.commands.train import images, whole_number
from numpycnn.app.tutorial import tutorial_network
from numpycnn.common.typing import Array
from numpycnn.datasets import mnist
from numpycnn.losses import CategoricalCrossentropy, SparseCategoricalCrossentropy
from numpycnn.models import Sequential, load_model
from numpycnn.utils import to_categorical

DESCRIPTION = (
    "Check the gradients of the Keras tutorial's network: its backward passes against numerical derivatives, in double "
    "precision, on a few images of MNIST; or those of a network from a file, on random numbers. The exit status is 1 "
    "if any is wrong."
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

    parser.add_argument("--model", metavar="FILE", help="check this network, and not the tutorial's")


def run(args: argparse.Namespace) -> int:
    """Check, and print the report. Returns the exit status."""
    from numpycnn.gradcheck import gradcheck  # deferred: slow import

    if args.model is None:
        (x, labels), _ = mnist.load_data()
        x, y = images(x[: args.examples]), to_categorical(labels[: args.examples], 10)
        report = gradcheck(tutorial_network(args.seed), x, y, samples=SAMPLES, seed=args.seed)
    else:
        model = load_model(args.model)
        if model.loss is None:
            model.compile("sgd", "mse")
        report = gradcheck(model, *examples(model, args.examples, args.seed), samples=SAMPLES, seed=args.seed)
    print(report)
    return 0 if report.passed else 1


def examples(model: Sequential, count: int, seed: int) -> tuple[Array, Array]:
    """Normal inputs of the model's shape, and targets that its loss takes: classes, or outputs of other inputs."""
    rng = np.random.default_rng(seed)
    x, others = rng.normal(size=(2, count, *(model.shape_in or ())))
    y = model.predict(others, verbose=0)
    if isinstance(model.loss, SparseCategoricalCrossentropy):
        y = y.argmax(axis=-1)
    elif isinstance(model.loss, CategoricalCrossentropy):
        y = to_categorical(y.argmax(axis=-1), y.shape[-1])
    return x, y
