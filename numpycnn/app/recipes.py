"""What `train --recipe` and `train --list` do: recipes at a terminal."""

import argparse
import json
import os
import sys
from typing import Any

import numpy as np

from numpycnn.app.engines import engine
from numpycnn.app.report import beginning, kept, print_results
from numpycnn.callbacks import BackupAndRestore, Callback
from numpycnn.models import Sequential
from numpycnn.recipes import (
    RECIPES,
    Ensemble,
    Recipe,
    Trained,
    draws,
    grid,
    run_all,
    summaries,
    with_folds,
    with_seeds,
)
from numpycnn.recipes.data import hold_out, load_data
from numpycnn.recipes.measured import MACHINE, MEASURED

SEARCH_FOLD = (5, 6)
"""What a search is judged by: of MNIST, the last 10,000 training images."""

SEVERAL = ("seeds", "search", "folds")
"""The options that make many trainings of one."""


def table() -> str:
    """The recipes by name, what they reach and take, and what they are."""
    lines = [f"Recipes, for --recipe NAME: accuracy on test images, seconds of training, on {MACHINE}"]
    for name, recipe in RECIPES.items():
        accuracy, seconds = MEASURED[name]
        lines.append(f"  {name:10}{accuracy:7.2%}{seconds:7.0f} s  {recipe.about}")
    return "\n".join(lines)


def seeds(text: str) -> range:
    """For argparse: "0-14" is the seeds 0 to 14, "3" the seed 3."""
    first, _, last = text.partition("-")
    if not all(part.strip().isdecimal() for part in (first, last or first)) or int(first) > int(last or first):
        raise argparse.ArgumentTypeError(f"expected two whole numbers such as 0-14; received {text!r}")
    return range(int(first), int(last or first) + 1)


def choice(text: str) -> tuple[str, list[Any]]:
    """For argparse: "batch_size=128,256" is the name and the two numbers."""
    name, equals, values = text.partition("=")
    if not name or not equals or not values:
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE,VALUE such as batch_size=128,256; received {text!r}")
    try:
        return name, json.loads(f"[{values}]")
    except ValueError:  # names, such as adam
        return name, values.split(",")


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
        callbacks.append(BackupAndRestore(resume, delete_checkpoint=False))
    data = (x, _), (x_test, y_test) = hold_out(load_data(recipe.data), recipe.fold)
    model = recipe.model(len(x), x.shape[1:])
    model.summary()
    trained = recipe.trained(model, data, callbacks=callbacks)
    print()
    print_results(trained.loss, trained.accuracy, y_test, model.predict(x_test, verbose=0).argmax(axis=1))
    if resume is not None:
        trained.save(resume)
    print(kept(resume, 255))


def train_many(args: argparse.Namespace) -> int:
    """Train all recipes that the options make of one; print means, and keep the ensemble. Returns the exit status."""
    whole = chosen(args)
    try:
        recipes = many(args, whole)
        with engine(args) as (executor, leads):
            found = run_all(recipes, executor, args.folder) if leads else None
    except (ImportError, TypeError, ValueError) as error:  # about the options
        print(error, file=sys.stderr)
        return 2
    if found is None:
        return 0
    trained = [one for one in found if isinstance(one, Trained)]
    for summary in summaries(trained):
        print(summary)
    if len(trained) < len(recipes):
        return 1
    if whole.members > 1 and recipes == whole.each_member():
        keep_ensemble(whole.joined(trained, load_data(whole.data)).model, whole.data, args.ensemble)
    elif args.ensemble is not None:
        keep_ensemble(Ensemble([one.model for one in trained]), whole.data, args.ensemble)
    return 0


def is_many(args: argparse.Namespace) -> bool:
    """Whether the options, or the recipe itself, ask for several trainings."""
    return chosen(args).members > 1 or names_several(args)


def names_several(args: argparse.Namespace) -> bool:
    """Whether an option makes many trainings of one."""
    return any(getattr(args, option) is not None for option in SEVERAL)


def many(args: argparse.Namespace, recipe: Recipe) -> list[Recipe]:
    """The recipe with the values to search among, on the folds, and with the seeds that the options name.

    Without any of them, the recipes of its networks. A search is judged by the last sixth of the training examples,
    unless there are folds. Raises ValueError for --resume, and as `grid` and `draws` do.
    """
    if args.resume is not None:
        raise ValueError("--resume keeps one network; of many, --folder keeps each as it is trained")
    choices = dict(args.search or ())
    if not names_several(args):
        return recipe.each_member()
    if choices and args.folds is None:
        recipe = recipe.replace(fold=SEARCH_FOLD)
    recipes = draws(recipe, choices, args.trials) if args.trials is not None else grid(recipe, choices)
    if args.folds is not None:
        recipes = [one for recipe in recipes for one in with_folds(recipe, args.folds)]
    if args.seeds is not None:
        recipes = [one for recipe in recipes for one in with_seeds(recipe, args.seeds)]
    return recipes


def keep_ensemble(ensemble: Sequential, data: str, path: str | None) -> None:
    """Print how well the mean of several networks reads the test images, and write it if there is a path."""
    _, (x_test, y_test) = load_data(data)
    predicted = ensemble.predict(x_test, verbose=0).argmax(axis=1)
    misread = np.count_nonzero(predicted != y_test)
    print(f"Their ensemble: {1 - misread / len(y_test):.4f} ({misread} of {len(y_test):,} misread)")
    if path is not None:
        ensemble.save(path)
        print(f"It is in {path}, {os.path.getsize(path) / 1e6:.1f} MB: numpycnn.load_model({path!r}) reads it.")
