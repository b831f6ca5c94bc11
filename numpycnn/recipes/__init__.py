"""Recipes: whole trainings as plain data, by name, and many of them at once.

    recipe          Recipe: network, preparation and augmentation of images, optimizer, schedule, batches, epochs, seed
    mnist           the recipes by name
    data            data sets by name, arrays by their digest, and a part that is held out
    many            `run_all`: recipes as tasks for any executor, kept in a folder as they are done
    choosing        seeds, cross-validation and a search, as lists of recipes, and what came of them
    ensemble        `Ensemble`: the mean of several networks, as one network

`recipes.get("seconds").run()` trains one, and `python -m numpycnn train --recipe seconds` does so at a terminal.
"""

from numpycnn.recipes.choosing import Summary, draws, grid, summaries, with_folds, with_seeds
from numpycnn.recipes.ensemble import Ensemble
from numpycnn.recipes.many import Failed, run_all
from numpycnn.recipes.mnist import RECIPES, get
from numpycnn.recipes.recipe import Recipe, Trained

__all__ = [
    "RECIPES",
    "Ensemble",
    "Failed",
    "Recipe",
    "Summary",
    "Trained",
    "draws",
    "get",
    "grid",
    "run_all",
    "summaries",
    "with_folds",
    "with_seeds",
]
