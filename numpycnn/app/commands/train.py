"""Train the tutorial network on all of MNIST, and test it."""

import argparse
import os
import time
from typing import Any

import numpy as np

from numpycnn.app.report import beginning, kept, print_results, saved
from numpycnn.app.tutorial import tutorial_network
from numpycnn.callbacks import BackupAndRestore, Callback
from numpycnn.callbacks.base import Logs
from numpycnn.common.typing import Array
from numpycnn.datasets import mnist
from numpycnn.files import ModelFileError, function_for
from numpycnn.show.progress import clock, figures
from numpycnn.utils import to_categorical

DESCRIPTION = (
    "Train a small convolutional network to read handwritten digits, with NumPy alone. It is the network of the "
    "classic Keras tutorial: it learns from the 60,000 images of MNIST, which come with the package, and is then "
    "tested on 10,000 others. Nothing is downloaded, and without --resume nothing is written to disk. Ctrl-C stops it."
)

EPOCHS, BATCH_SIZE, SEED = 2, 1000, 0

# (option, minimum, default, help)
OPTIONS = (
    ("--epochs", 1, EPOCHS, "passes through the 60,000 images; more take longer and improve the accuracy"),
    ("--batch-size", 1, BATCH_SIZE, "images per training step"),
    ("--seed", 0, SEED, "seed of the random numbers; the same seed gives the same result"),
)

RESUME = (
    "save the network to this file after each epoch; if the file exists, resume from it. "
    "If it is stopped and restarted with the same options, training ends as if it had never been stopped"
)

SEARCH = (
    "one with each combination of values, judged by the last sixth of the training images, which are held out: "
    "batch_size=128,256 schedule.max_learning_rate=0.01,0.03"
)

INTERRUPTED = 130  # 128 + SIGINT: the exit status of a program that Ctrl-C ended
TEST_BATCH = 1000


def whole_number(at_least: int) -> Any:
    """A converter for argparse: an integer of at least `at_least`."""

    def convert(text: str) -> int:
        if not text.strip().isdecimal() or int(text) < at_least:
            raise argparse.ArgumentTypeError(f"expected a whole number of at least {at_least}; received {text!r}")
        return int(text)

    return convert


def file_to_write(text: str) -> str:
    """For argparse: the name of a model's file. It is empty if a shell variable was not set."""
    if not text:
        raise argparse.ArgumentTypeError("expected the name of a file; received ''")
    try:
        function_for(text, "save")
    except ModelFileError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and options."""
    from numpycnn.app.recipes import choice, seeds  # deferred: other commands need no recipes
    from numpycnn.recipes import RECIPES

    parser.description = DESCRIPTION
    for option, least, default, text in OPTIONS:
        text = f"{text} (default: {default}, or the recipe's)"
        parser.add_argument(option, type=whole_number(at_least=least), metavar="N", help=text)
    parser.add_argument("--recipe", choices=RECIPES, metavar="NAME", help="train this recipe; --list names them")
    parser.add_argument("--list", action="store_true", help="list the recipes, and end")
    many = parser.add_argument_group("many trainings of a recipe")
    many.add_argument("--seeds", type=seeds, metavar="A-B", help="one with each of these seeds")
    many.add_argument(
        "--folds", type=whole_number(at_least=2), metavar="N", help="cross-validation: N parts are held out"
    )
    many.add_argument("--search", type=choice, nargs="+", metavar="NAME=VALUE,VALUE", help=SEARCH)
    many.add_argument(
        "--trials", type=whole_number(at_least=1), metavar="N", help="with --search: N random ones of these"
    )
    many.add_argument("--folder", metavar="FOLDER", help="keep each network here, and skip those kept")
    many.add_argument("--ensemble", type=file_to_write, metavar="FILE", help="write the mean of the networks here")
    engine = many.add_mutually_exclusive_group()
    engine.add_argument("--processes", type=whole_number(at_least=1), metavar="N", help="N at a time, in processes")
    engine.add_argument("--dask", metavar="ADDRESS", help="on the Dask cluster whose scheduler is there")
    engine.add_argument(
        "--mpi", action="store_true", help="in the ranks of this job: mpiexec -n 9 python -m numpycnn ..."
    )
    parser.add_argument("--resume", type=file_to_write, metavar="FILE", help=RESUME)


class TrainingProgress(Callback):
    """Records the progress of training, to report it after Ctrl-C."""

    def __init__(self) -> None:
        self.epoch, self.batches = 0, 0
        self.logs: Logs = {}

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch, self.batches = epoch, 0

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.batches, self.logs = batch + 1, logs or {}

    def text(self) -> str:
        """The progress as text."""
        epochs, steps = self.params["epochs"], self.params["steps"]
        done = f"Done: {self.batches} of {steps} batches of epoch {self.epoch + 1} of {epochs}"
        if self.params["initial_epoch"] >= epochs or (self.epoch + 1 == epochs and self.batches == steps):
            done = "Done: all of the training, but not the test after it"
        return " - ".join([done, *figures(self.logs)])


def run(args: argparse.Namespace) -> int:
    """Train, test and report. Returns the exit status."""
    from numpycnn.app import recipes  # deferred: other commands need no recipes

    if args.list:
        print(recipes.table())
        return 0
    if recipes.is_many(args):
        return recipes.train_many(args)
    start, position = time.perf_counter(), TrainingProgress()
    try:
        (train_and_test if args.recipe is None else recipes.train_one)(args, position)
    except KeyboardInterrupt:
        print(f"\nStopped by Ctrl-C after {clock(time.perf_counter() - start)}.")
        if hasattr(position, "params"):
            print(position.text())
        print(saved(args.resume))
        return INTERRUPTED
    print(f"Time: {clock(time.perf_counter() - start)}, from loading the data to this line")
    return 0


def train_and_test(args: argparse.Namespace, position: TrainingProgress) -> None:
    """Train and test, and print the results."""
    train, (x_test, y_test) = mnist.load_data()
    data = images(train[0]), to_categorical(train[1])
    del train  # free the memory
    count, batch_size = args.epochs or EPOCHS, args.batch_size or BATCH_SIZE
    seed = SEED if args.seed is None else args.seed
    epochs = "1 epoch" if count == 1 else f"{count} epochs"
    print(f"Training on {len(data[0]):,} images of digits for {epochs}. Ctrl-C stops it.\n")
    network = tutorial_network(seed)
    network.summary()
    resumes = args.resume is not None and os.path.exists(args.resume)  # with the seed that is in the file
    print(f"\nTraining with batches of {batch_size:,} images{'' if resumes else f' and seed {seed}'}.")
    callbacks: list[Callback] = [position]
    if args.resume is not None:
        print(beginning(args.resume))
        callbacks.append(BackupAndRestore(args.resume, delete_checkpoint=False))
    network.fit(*data, batch_size=batch_size, epochs=count, callbacks=callbacks)
    print(f"\nTesting on {len(x_test):,} images that it has not seen.")
    tests = images(x_test), to_categorical(y_test)
    loss, accuracy = network.evaluate(*tests, TEST_BATCH, verbose=0)
    predicted = network.predict(tests[0], verbose=0).argmax(axis=1)
    print_results(loss, accuracy, y_test, predicted)
    print(better_recipes())
    print(kept(args.resume, 1))


def better_recipes() -> str:
    """What to train instead of the tutorial's network, as text."""
    from numpycnn.recipes import RECIPES  # deferred: not needed before the end

    names = ", ".join(name for name in RECIPES if name != "tutorial")
    return f"More accurate: `python -m numpycnn train --recipe NAME` with {names}; `--list` describes them."


def images(x: Array) -> Array:
    """MNIST's images scaled for the network: (n, 28, 28) from 0 to 255 becomes (n, 28, 28, 1) from 0 to 1."""
    return np.float32(1 / 255) * x[..., None]
