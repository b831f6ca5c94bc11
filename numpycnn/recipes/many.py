"""Many trainings at once: each recipe is a task for an executor, on this machine or on many.

A task is a recipe, some kilobytes. A worker reads a data set itself, and keeps it for its next tasks (`held.py`).
Arrays are sent where a worker answers that it has none: no executor says which worker will take a task.
"""

import os
import re
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Any, NamedTuple

from numpycnn.common import checks
from numpycnn.engine.batching import check_verbose
from numpycnn.engine.workers import check_workers
from numpycnn.recipes.data import Split, digest, of_arrays
from numpycnn.recipes.held import held, release
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
    data: Any = None,
    workers: int | None = None,
    verbose: int | str = "auto",
) -> list[Outcome]:
    """Train all recipes; what came of each, in their order: `Trained`, or `Failed` where one raised an exception.

    executor: any `concurrent.futures.Executor`: a recipe goes to a worker, some kilobytes, and its network comes back,
    byte for byte what it is without one. Each worker trains with one thread. None trains one after the other here, with
    all processors. A task that a lost worker took with it has failed, and where that breaks the executor, so have those
    that were not done. folder: where each network is written as it comes, "NAME-SEED-DIGEST.safetensors"; those of the
    same recipes that are there already are read instead of trained. data: arrays for all, as for `Recipe.run`, in place
    of their data sets; they are sent to each worker once. workers: how many tasks an executor is given at a time where
    there are arrays, by default as many as it has workers. verbose: "auto", 1 or 2 prints a line for each, 0 nothing.

    Raises TypeError for anything but recipes, TypeError or ValueError for other arrays, ModelFileError for a file in
    the folder that is damaged, and OSError.
    """
    for recipe in checks.sequence("run_all", "recipes", recipes):
        if not isinstance(recipe, Recipe):
            raise TypeError(f"run_all: recipes must be Recipes; received {checks.short_repr(recipe)}")
    at_a_time = check_workers("run_all", workers, executor)
    verbose = check_verbose("run_all", verbose)
    arrays = None if data is None else of_arrays(data)
    if arrays is not None:
        name = digest(arrays)
        recipes = [recipe.replace(data=name) for recipe in recipes]
    if folder is not None:
        os.makedirs(folder, exist_ok=True)
    outcomes: dict[int, Outcome] = dict(kept(recipes, folder))
    missing = {k: recipe for k, recipe in enumerate(recipes) if k not in outcomes}
    try:
        for k, outcome in results(missing, arrays, executor, at_a_time):
            outcomes[k] = outcome
            if folder is not None and isinstance(outcome, Trained):
                outcome.save(file_of(folder, outcome.recipe))
            if verbose:
                print(f"{len(outcomes)} of {len(recipes)}: {line(outcome)}", flush=True)
    finally:
        release()
    return [outcomes[k] for k in range(len(recipes))]


def results(
    recipes: dict[int, Recipe], arrays: Split | None, executor: Executor | None, at_a_time: int
) -> Iterator[tuple[int, Outcome]]:
    """What comes of each recipe, as it comes; of named data sets all are given to the executor at once."""
    if executor is None:
        return trained_here(recipes, arrays)
    return trained_in(executor, len(recipes) if arrays is None else at_a_time, recipes, arrays)


def kept(recipes: Sequence[Recipe], folder: str | os.PathLike[str] | None) -> Iterator[tuple[int, Trained]]:
    """The recipes whose networks are in the folder, by their number."""
    for k, recipe in enumerate(recipes):
        if folder is not None and file_of(folder, recipe).exists():
            yield k, load(file_of(folder, recipe))


def file_of(folder: str | os.PathLike[str], recipe: Recipe) -> Path:
    """The file of a recipe's network, which its whole configuration decides."""
    digest = sha256(dumps(recipe.get_config(), sort_keys=True).encode()).hexdigest()[:12]
    name = re.sub(r"[^\w.-]", "_", recipe.name)  # which is no path
    return Path(folder, f"{name}-{recipe.seed}-{digest}.safetensors")


def trained_here(recipes: dict[int, Recipe], arrays: Split | None) -> Iterator[tuple[int, Outcome]]:
    """One recipe after the other, in this process."""
    outcomes = ((k, outcome_of(recipe, None, arrays)) for k, recipe in recipes.items())
    yield from ((k, outcome) for k, outcome in outcomes if outcome is not None)


def trained_in(
    executor: Executor, ahead: int, recipes: dict[int, Recipe], arrays: Split | None
) -> Iterator[tuple[int, Outcome]]:
    """What the executor's workers return, as it comes; so many tasks are given to them at a time."""
    waiting, running = deque(recipes), dict[Future[Outcome | None], int]()
    try:
        while waiting or running:
            while waiting and len(running) < ahead:
                k = waiting.popleft()
                running[submitted(executor, recipes[k], 1, None)] = k
            for task in wait(running, return_when=FIRST_COMPLETED).done:
                k = running.pop(task)
                outcome = result_of(task, recipes[k])
                if outcome is None:
                    running[submitted(executor, recipes[k], 1, arrays)] = k
                else:
                    yield k, outcome
    finally:
        for task in running:
            task.cancel()


def submitted(executor: Executor, *task: Any) -> "Future[Outcome | None]":
    """A task of the executor; it has failed where the executor takes none, being broken or closed."""
    try:
        return executor.submit(outcome_of, *task)
    except Exception as error:
        failed: Future[Outcome | None] = Future()
        failed.set_exception(error)
        return failed


def result_of(task: "Future[Outcome | None]", recipe: Recipe) -> Outcome | None:
    """What a task returned. One that a lost worker took with it has failed."""
    try:
        return task.result()
    except Exception:
        return Failed(recipe, traceback.format_exc())


def outcome_of(recipe: Recipe, workers: int | None, sent: Split | None) -> Outcome | None:
    """Train one recipe in this process; None where its arrays were not sent, and are not here."""
    try:
        split = held(recipe.data, sent)
        return None if split is None else recipe.train_on(split, verbose=0, workers=workers)
    except Exception:
        return Failed(recipe, traceback.format_exc())


def line(outcome: Outcome) -> str:
    """An outcome in one line."""
    recipe = outcome.recipe
    if isinstance(outcome, Failed):
        return f"{recipe.name}, seed {recipe.seed}: failed\n{outcome.traceback}"
    tested = "the test examples" if recipe.fold is None else "part {} of {}, held out,".format(*recipe.fold)
    return f"{recipe.name}, seed {recipe.seed}: {outcome.accuracy:.2%} of {tested} in {outcome.seconds:.1f} s"
