"""What many trainings are for: several seeds, cross-validation, and a search among values, as lists of recipes.

    recipes = grid(recipe.replace(fold=(5, 6)), {"batch_size": [128, 256], "schedule.max_learning_rate": [0.01, 0.03]})
    recipes = [one for recipe in recipes for one in with_seeds(recipe, range(3))]
    for summary in summaries(run_all(recipes, executor, folder)):
        print(summary)

Choose by a part of the training examples that is held out, never by the test examples.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Rng
from numpycnn.recipes.many import Outcome
from numpycnn.recipes.recipe import Recipe, Trained

NORMAL = 1.959963984540054
"""The 97.5th percentile of the normal distribution."""

STUDENT = (12.706205, 4.302653, 3.182446, 2.776445)
"""Those of Student's t with 1, 2, 3 and 4 degrees of freedom."""

Choice = Sequence[Any] | Callable[[Rng], Any]
"""The values of an argument, or a function that draws one."""


def with_seeds(recipe: Recipe, seeds: Sequence[int]) -> list[Recipe]:
    """The recipe with each of these seeds. Raises TypeError or ValueError for what is no recipe or seed."""
    check_recipe("with_seeds", recipe)
    if not isinstance(seeds, (range, list, tuple)):
        raise TypeError(f"with_seeds: seeds must be a range or a list; received {checks.short_repr(seeds)}")
    return [recipe.replace(seed=seed) for seed in seeds]


def with_folds(recipe: Recipe, folds: int) -> list[Recipe]:
    """The recipe once for each of so many parts of the training examples, which it holds out: cross-validation."""
    check_recipe("with_folds", recipe)
    folds = checks.integer("with_folds", "folds", folds, at_least=2)
    return [recipe.replace(fold=(part, folds)) for part in range(folds)]


def grid(recipe: Recipe, choices: Mapping[str, Sequence[Any]]) -> list[Recipe]:
    """The recipe with every combination of these values.

    choices: lists of values by what they replace: an argument of Recipe, "batch_size", or what is in one,
    "optimizer.learning_rate", "schedule.max_learning_rate", "layers.0.filters".
    Raises ValueError for a name that the recipe has not, and what `Recipe` raises.
    """
    check_choices("grid", recipe, choices)
    lists = [checks.sequence("grid", name, values) for name, values in choices.items()]
    return [changed(recipe, dict(zip(choices, values, strict=True))) for values in product(*lists)]


def draws(recipe: Recipe, choices: Mapping[str, Choice], count: int, seed: int = 0) -> list[Recipe]:
    """The recipe with so many random combinations, for a search among more than a grid can have.

    choices: as for `grid`, or functions that draw a value: lambda rng: 10 ** rng.uniform(-3, -1). Each is drawn
    independently, so some combinations may be equal. seed: of their generator. Raises as `grid` does.
    """
    check_choices("draws", recipe, choices)
    rng = np.random.default_rng(checks.integer("draws", "seed", seed, at_least=0))
    count = checks.integer("draws", "count", count)
    return [changed(recipe, {name: drawn(rng, name, of) for name, of in choices.items()}) for _ in range(count)]


def check_recipe(owner: str, recipe: Any) -> None:
    """Raise TypeError for anything but a recipe."""
    if not isinstance(recipe, Recipe):
        raise TypeError(f"{owner}: recipe must be a Recipe; received {checks.short_repr(recipe)}")


def check_choices(owner: str, recipe: Any, choices: Any) -> None:
    """Raise TypeError for anything but a recipe, and values by name."""
    check_recipe(owner, recipe)
    if not isinstance(choices, Mapping) or not all(isinstance(name, str) for name in choices):
        raise TypeError(f"{owner}: choices must be a dict of values by name; received {checks.short_repr(choices)}")


def drawn(rng: Rng, name: str, choice: Choice) -> Any:
    """One value of a choice."""
    if callable(choice):
        return choice(rng)
    values = checks.sequence("draws", name, choice)
    if not values:
        raise ValueError(f"draws: expected at least one value of {name}; received none")
    return values[int(rng.integers(len(values)))]


def changed(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """The recipe with other values, and a name that says which."""
    config = deepcopy(recipe.get_config())
    for name, value in changes.items():
        *place, last = name.split(".")
        holder: Any = config
        for key in place:
            holder = entries(holder)[index(name, entries(holder), key)]
        holder = entries(holder)
        holder[index(name, holder, last)] = value.item() if isinstance(value, np.generic) else value
    said = ", ".join(f"{name}={checks.short_repr(value)}" for name, value in changes.items())
    return Recipe(**{**config, "name": f"{recipe.name} {said}".strip().replace("/", "_")})


def entries(value: Any) -> Any:
    """What can be changed in a value: of a layer or an optimizer, its arguments."""
    return value["config"] if isinstance(value, dict) and "config" in value else value


def index(name: str, holder: Any, key: str) -> Any:
    """The key as one of a dict or a list. Raises ValueError for one that is not there."""
    keys = holder if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
    return checks.lookup("Recipe", f"{key!r} of {name}", key, {str(k): k for k in keys})


class Summary(NamedTuple):
    """How accurate the trainings of a recipe were that differ in seed and fold alone.

    The folds of a cross-validation share most of what they are trained on, and their interval is too narrow.
    """

    recipe: Recipe
    """The first of them."""
    trainings: int
    mean: float
    deviation: float
    """Of one training from the mean, with trainings - 1 in the denominator; NaN for one."""
    interval: tuple[float, float]
    """The 95% confidence interval of the mean, by Student's t; NaN for one training."""

    def __str__(self) -> str:
        spread = ""
        if self.trainings > 1:
            low, high = self.interval
            spread = f", deviation {self.deviation:.3%}, 95% interval {low:.3%} to {high:.3%}"
        return f"{self.recipe.name}: mean accuracy {self.mean:.3%} of {self.trainings}{spread}"


def summaries(outcomes: Sequence[Outcome]) -> list[Summary]:
    """A summary for each recipe whatever its seeds and folds, the most accurate first; without those that failed."""
    groups: dict[str, list[Trained]] = {}
    for outcome in checks.sequence("summaries", "outcomes", outcomes):
        if isinstance(outcome, Trained):
            config = {**outcome.recipe.get_config(), "seed": None, "fold": None}
            groups.setdefault(repr(config), []).append(outcome)
    return sorted((summary(group) for group in groups.values()), key=lambda one: -one.mean)


def summary(group: Sequence[Trained]) -> Summary:
    """Of trainings of one recipe."""
    accuracies = np.array([one.accuracy for one in group])
    mean, n = float(accuracies.mean()), len(group)
    deviation = float(accuracies.std(ddof=1)) if n > 1 else math.nan
    half = student_t(n - 1) * deviation / math.sqrt(n) if n > 1 else math.nan
    return Summary(group[0].recipe, n, mean, deviation, (mean - half, mean + half))


def student_t(degrees: int) -> float:
    """The 97.5th percentile of Student's t distribution.

    With 5 degrees of freedom and more by the Cornish-Fisher expansion around the normal distribution, to 4e-4
    (Abramowitz and Stegun, 26.7.5).
    """
    if degrees <= len(STUDENT):
        return STUDENT[degrees - 1]
    z = NORMAL
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + first / degrees + second / degrees**2 + third / degrees**3 + fourth / degrees**4
