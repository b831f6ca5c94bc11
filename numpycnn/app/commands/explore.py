"""Write the explorer's page: every number of a digit's way through a network, and back."""

import argparse
import os

import numpy as np

from numpycnn.app.commands.train import images, whole_number
from numpycnn.app.tutorial import tutorial_network
from numpycnn.common.typing import Array
from numpycnn.datasets import mnist
from numpycnn.files import ModelFileError
from numpycnn.models import Sequential, load_model
from numpycnn.utils import to_categorical

DESCRIPTION = (
    "Write one page of HTML that shows every number of a digit's way through a convolutional network, and back. Any "
    "browser opens it from the disk, without a network. Without --model, the tutorial's network first learns from a "
    "part of MNIST, which takes a few seconds; python -m numpycnn --resume FILE trains a better one and keeps it."
)

TRAINING_IMAGES = 12_000  # images to learn from where there is no file
BATCH = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the job and its options."""
    parser.description = DESCRIPTION
    parser.add_argument("--model", metavar="FILE", help="the network: a .safetensors file of model.save or --resume")
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
    print("Open it in a browser; it needs no network.")
    return 0


def trained(x: Array, y: Array) -> Sequential:
    """The tutorial's network after a short training."""
    print(f"Learning to read digits from {TRAINING_IMAGES:,} of the {len(x):,} images, once over: a few seconds.")
    network = tutorial_network(seed=0)
    network.fit(images(x[:TRAINING_IMAGES]), to_categorical(y[:TRAINING_IMAGES], 10), batch_size=BATCH)
    return network


def as_inputs(network: Sequential, x: Array) -> Array:
    """MNIST's images as that network takes them. Raises ModelFileError for a network of other images."""
    shape = network.input_shape or ()
    if np.prod(shape) != x[0].size:
        raise ModelFileError(f"expected a network of images of 28 by 28 pixels; its input_shape is {shape}")
    return images(x).reshape(len(x), *shape)


def targets(network: Sequential, y: Array) -> Array | None:
    """MNIST's labels as the network's loss takes them; None where it is not compiled, or has not ten outputs."""
    if network.loss is None or network.output_shape != (10,):
        return None
    return y if network.loss.name.startswith("sparse") else to_categorical(y, 10)
