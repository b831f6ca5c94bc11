"""What the recipes' values were chosen by: accuracy on the last 10,000 training images, never on the test images.

    python benchmarks/choose.py --recipes seconds quick --seeds 5 --processes 2 --folder choices | tee choose.txt
    python benchmarks/choose.py --recipes best --seeds 1 --processes 2 --folder choices | tee choose-best.txt

Each value is tried by itself, with the others as the recipe has them; all seeds of all of them are tasks of one
executor, and with a folder a run that was stopped goes on. The 95% interval says which differences mean anything. Of a
recipe of several networks, each is a task, and the accuracy of their ensemble is printed too.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from itertools import islice
from typing import Any

from numpycnn import recipes
from numpycnn.app.engines import processes
from numpycnn.app.recipes import SEARCH_FOLD
from numpycnn.recipes.data import load_data

VALUES: Mapping[str, Mapping[str, Sequence[Any]]] = {
    "seconds": {
        "schedule.max_learning_rate": (0.01, 0.02, 0.03, 0.05),
        "schedule.pct_start": (0.05, 0.1, 0.2),
        "batch_size": (128, 256, 512),
        "loss.label_smoothing": (0.0, 0.1),
        "optimizer.beta_2": (0.9, 0.99),
    },
    "quick": {
        "schedule.max_learning_rate": (0.01, 0.02, 0.03),
        "schedule.pct_start": (0.1, 0.15, 0.25),
        "batch_size": (128, 256, 512),
        "layers.6.filters": (24, 32),
    },
    "minute": {
        "schedule.max_learning_rate": (0.01, 0.02, 0.03),
        "batch_size": (128, 256),
    },
    "best": {
        "epochs": (5, 11),  # the recipe has as many as 20 minutes have room for
    },
}


def tried(name: str, data: str, seeds: int) -> list[recipes.Recipe]:
    """The recipe with each value by itself, as often as there are seeds."""
    recipe = recipes.get(name).replace(data=data, fold=SEARCH_FOLD)
    changed = [one for argument, values in VALUES[name].items() for one in recipes.grid(recipe, {argument: values})]
    return [one for recipe in changed for one in recipes.with_seeds(recipe, range(seeds))]


def ensembles(wholes: Sequence[recipes.Recipe], found: Sequence[recipes.Trained | recipes.Failed]) -> Iterator[str]:
    """The accuracy of the ensemble of each recipe of several networks, whose trainings follow each other."""
    results = iter(found)
    for whole in wholes:
        members = [one for one in islice(results, whole.members) if isinstance(one, recipes.Trained)]
        if 1 < whole.members == len(members):
            accuracy = whole.joined(members, load_data(whole.data)).accuracy
            yield f"{whole.name}: the ensemble of {len(members)} {accuracy:.3%}"


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", nargs="+", choices=VALUES, default=list(VALUES), help="which (default: all)")
    parser.add_argument("--data", default="mnist", help="the data set (default: mnist)")
    parser.add_argument("--seeds", type=int, default=5, help="how often each is trained (default: 5)")
    parser.add_argument("--processes", type=int, help="how many are trained at a time (default: one, with all threads)")
    parser.add_argument("--folder", help="where each network is kept")
    args = parser.parse_args()
    for name in args.recipes:
        with nullcontext() if args.processes is None else processes(args.processes) as executor:
            wholes = tried(name, args.data, args.seeds)
            members = [one for whole in wholes for one in whole.each_member()]
            found = recipes.run_all(members, executor, args.folder, verbose=0)
        print(f"{name}, on the last sixth of the training images of {args.data}:")
        print(*recipes.summaries(found), sep="\n")
        print(*ensembles(wholes, found), sep="\n", end="\n\n", flush=True)
        print(*(one.traceback for one in found if isinstance(one, recipes.Failed)), sep="\n")


if __name__ == "__main__":
    main()
