"""What `train --recipe` and `train --list` do: recipes at a terminal."""

import argparse
import os

import numpy as np

from numpycnn.app.report import beginning, kept, print_results
from numpycnn.callbacks import BackupAndRestore, Callback
from numpycnn.recipes import RECIPES, Ensemble, Recipe, Trained, run_all
from numpycnn.recipes.data import hold_out, load_data


def table() -> str:
    """The recipes by name, and what they are."""
    lines = (f"  {recipe.name:10}{recipe.about}" for recipe in RECIPES.values())
    return "\n".join(["Recipes, for --recipe NAME:", *lines])


def seeds(text: str) -> range:
    """For argparse: "0-14" is the seeds 0 to 14, "3" the seed 3."""
    first, _, last = text.partition("-")
    if not all(part.strip().isdecimal() for part in (first, last or first)) or int(first) > int(last or first):
        raise argparse.ArgumentTypeError(f"expected two whole numbers such as 0-14; received {text!r}")
    return range(int(first), int(last or first) + 1)


def chosen(args: argparse.Namespace) -> Recipe:
    """The recipe of that name, with the values that the options give."""
    given = {key: getattr(args, key) for key in ("epochs", "batch_size", "seed")}
    return RECIPES[args.recipe or "tutorial"].replace(
        **{key: value for key, value in given.items() if value is not None}
    )


def train_one(args: argparse.Namespace, position: Callback) -> None:
    """Train a recipe's network and test it, and print the results."""
    recipe, resume, callbacks = chosen(args), args.resume, [position]
    print(f"{recipe!r}: {recipe.about}. Ctrl-C stops it.\n")
    if resume is not None:
        print(beginning(resume))
        callbacks.append(BackupAndRestore(resume))
    data = (x, _), (x_test, y_test) = hold_out(load_data(recipe.data), recipe.fold)
    model = recipe.model(len(x), x.shape[1:])
    model.summary()
    trained = recipe.trained(model, data, callbacks=callbacks)
    print()
    print_results(trained.loss, trained.accuracy, y_test, model.predict(x_test, verbose=0).argmax(axis=1))
    if resume is not None:
        trained.save(resume)
        print(kept(resume))


def train_seeds(args: argparse.Namespace) -> int:
    """Train a recipe once for each seed; print mean and deviation, and keep their ensemble. Returns the exit status."""
    recipes = [chosen(args).replace(seed=seed) for seed in args.seeds]
    found = [one for one in run_all(recipes, folder=args.folder) if isinstance(one, Trained)]
    if len(found) < len(recipes):
        return 1
    accuracies = [one.accuracy for one in found]
    spread = f" +- {np.std(accuracies, ddof=1):.3%}" if len(found) > 1 else ""
    print(f"{recipes[0].name}: mean test accuracy of {len(found)} seeds {np.mean(accuracies):.3%}{spread}")
    if args.ensemble is not None:
        keep_ensemble(found, args.ensemble)
    return 0


def keep_ensemble(members: list[Trained], path: str) -> None:
    """Write the mean of the members' networks, and print how well it reads the test images."""
    ensemble = Ensemble([one.model for one in members])
    _, (x_test, y_test) = load_data(members[0].recipe.data)
    predicted = ensemble.predict(x_test, verbose=0).argmax(axis=1)
    ensemble.save(path)
    misread = np.count_nonzero(predicted != y_test)
    print(f"Their ensemble: {1 - misread / len(y_test):.4f} ({misread} of {len(y_test):,} misread)")
    print(f"It is in {path}, {os.path.getsize(path) / 1e6:.1f} MB: numpycnn.load_model({path!r}) reads it.")
