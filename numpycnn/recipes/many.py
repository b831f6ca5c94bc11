"""Many trainings at once: each recipe is a task for an executor, on this machine or on many."""

import os
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from numpycnn.common import checks
from numpycnn.recipes.recipe import Recipe, Trained, load


class Failed(NamedTuple):
    """A recipe that could not be trained, and why."""

    recipe: Recipe
    traceback: str


Outcome = Trained | Failed


def run_all(
    recipes: Sequence[Recipe],
    executor: Executor | None = None,
    folder: str | os.PathLike[str] | None = None,
    *,
    verbose: int = 1,
) -> list[Outcome]:
    """Train all recipes; what came of each, in their order: `Trained`, or `Failed` where one raised an exception.

    executor: any `concurrent.futures.Executor`: a recipe goes to a worker, some kilobytes, and its network comes back,
    byte for byte what it is without one. Each worker trains with one thread. None trains one after the other here, with
    all processors. folder: where each network is written as it comes, "NAME-SEED-DIGEST.safetensors"; those that are
    there already, of the same recipes, are read instead of trained. verbose: 1 prints a line for each, 0 nothing.

    Raises TypeError for anything but recipes, ModelFileError for a file in the folder that is damaged, and OSError.
    """
    for recipe in checks.sequence("run_all", "recipes", recipes):
        if not isinstance(recipe, Recipe):
            raise TypeError(f"run_all: recipes must be Recipes; received {checks.short_repr(recipe)}")
    outcomes: dict[int, Outcome] = dict(kept(recipes, folder))
    missing = {k: recipe for k, recipe in enumerate(recipes) if k not in outcomes}
    for k, outcome in trained_in(executor, missing) if executor is not None else trained_here(missing):
        outcomes[k] = outcome
        if folder is not None and isinstance(outcome, Trained):
            os.makedirs(folder, exist_ok=True)
            outcome.save(file_of(folder, outcome.recipe))
        if verbose:
            print(f"{len(outcomes)} of {len(recipes)}: {line(outcome)}", flush=True)
    return [outcomes[k] for k in range(len(recipes))]


def kept(recipes: Sequence[Recipe], folder: str | os.PathLike[str] | None) -> Iterator[tuple[int, Trained]]:
    """The recipes whose networks are in the folder, by their number."""
    for k, recipe in enumerate(recipes):
        if folder is not None and file_of(folder, recipe).exists():
            yield k, load(file_of(folder, recipe))


def file_of(folder: str | os.PathLike[str], recipe: Recipe) -> Path:
    """The file of a recipe's network, which its whole configuration decides."""
    digest = sha256(repr(recipe.get_config()).encode()).hexdigest()[:12]
    return Path(folder, f"{recipe.name}-{recipe.seed}-{digest}.safetensors")


def trained_here(recipes: dict[int, Recipe]) -> Iterator[tuple[int, Outcome]]:
    """One recipe after the other, in this process."""
    for k, recipe in recipes.items():
        yield k, outcome_of(recipe, None)


def trained_in(executor: Executor, recipes: dict[int, Recipe]) -> Iterator[tuple[int, Outcome]]:
    """What the executor's workers return, as it comes. A task that a lost worker takes with it has failed."""
    tasks: dict[Future[Outcome], int] = {executor.submit(outcome_of, recipe, 1): k for k, recipe in recipes.items()}
    for task in as_completed(tasks):
        k = tasks[task]
        try:
            yield k, task.result()
        except Exception:
            yield k, Failed(recipes[k], traceback.format_exc())


def outcome_of(recipe: Recipe, workers: int | None) -> Outcome:
    """Train one recipe."""
    try:
        return recipe.run(verbose=0, workers=workers)
    except Exception:
        return Failed(recipe, traceback.format_exc())


def line(outcome: Outcome) -> str:
    """An outcome in one line."""
    recipe = outcome.recipe
    if isinstance(outcome, Failed):
        return f"{recipe.name}, seed {recipe.seed}: failed\n{outcome.traceback}"
    return f"{recipe.name}, seed {recipe.seed}: {outcome.accuracy:.2%} of the test images in {outcome.seconds:.1f} s"
