"""Time to accuracy: a recipe, and the same training in PyTorch and Keras, by turns on this machine.

    python benchmarks/race.py --recipe seconds --seeds 10 --python PATH ...

Each PATH is the Python of an environment in which one or more of PyTorch, Keras with TensorFlow, and Keras with JAX are
installed. For every seed each system trains once, one after the other, each in a process of its own with the same
images, network, batches, epochs, augmentation, loss, optimizer and schedule. Seconds are of the training alone, with
what a framework compiles for it; a ratio is taken within each seed. `--figure FILE` draws accuracy against seconds.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from compare import HERE, MODULES, OURS, OWN, found

from numpycnn import recipes
from numpycnn.datasets import mnist

Results = dict[str, list[dict[str, float]]]
"""A system's results, by its name: one for each seed."""


def prepare(recipe: recipes.Recipe, folder: Path) -> None:
    """Write what `racers.py` reads."""
    (x, y), (x_test, y_test) = mnist.load_data()
    np.savez(folder / "data.npz", x=x[..., None], y=y, x_test=x_test[..., None], y_test=y_test)
    (folder / "recipe.json").write_text(json.dumps(recipe.get_config()))
    untrained = recipe.replace(schedule=None).model(len(x), (*x.shape[1:], 1))
    untrained.save(folder / "model.keras")  # without the schedule, which Keras has not


def race(name: str, systems: dict[str, str], seeds: int) -> Results:
    """Train the recipe in each system for each seed."""
    results: Results = {system: [] for system in systems}
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            prepare(recipes.get(name).replace(seed=seed), Path(folder))
            for system, python in systems.items():
                command = [python, str(HERE / "racers.py"), system, folder]
                run = subprocess.run(command, capture_output=True, text=True, check=True)
                results[system].append(json.loads(run.stdout.splitlines()[-1]))
                print(f"seed {seed}: {system} {results[system][-1]}", file=sys.stderr, flush=True)
    return results


def seconds(results: Iterable[dict[str, float]]) -> float:
    """The median over the seeds."""
    return statistics.median(one["seconds"] for one in results)


def accuracy(results: Iterable[dict[str, float]]) -> float:
    """The mean over the seeds."""
    return statistics.mean(one["accuracy"] for one in results)


def table(name: str, results: Results) -> list[str]:
    """A line for each system."""
    lines = ["| recipe | system | accuracy | seconds | our seconds over theirs |", "|---|---|---|---|---|"]
    for system, theirs in results.items():
        ratios = [one["seconds"] / other["seconds"] for one, other in zip(results[OURS], theirs, strict=True)]
        over = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})" if system != OURS else ""
        lines.append(f"| {name} | {system} | {accuracy(theirs):.2%} | {seconds(theirs):.1f} | {over} |")
    return lines


def draw(races: dict[str, Results], file: str) -> None:
    """Accuracy against seconds: a point for each recipe and system."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for system in next(iter(races.values())):
        points = [(seconds(results[system]), 100 * accuracy(results[system])) for results in races.values()]
        axes.plot(*zip(*points, strict=True), "o-", label=system)
    for name, results in races.items():
        at = seconds(results[OURS]), 100 * accuracy(results[OURS])
        axes.annotate(name, at, xytext=(4, -12), textcoords="offset points")
    axes.set(xscale="log", xlabel="seconds of training", ylabel="accuracy on test images, %")
    axes.legend()
    figure.savefig(file, dpi=110)


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    scheduled = [name for name, one in recipes.RECIPES.items() if one.schedule is not None and one.members == 1]
    parser.add_argument("--recipe", nargs="+", choices=scheduled, default=["seconds"], help="default: seconds")
    parser.add_argument(
        "--seeds", type=int, choices=range(1, 101), metavar="N", default=5, help="how often each trains (default: 5)"
    )
    parser.add_argument("--python", action="append", default=[], help="the Python of an environment with frameworks")
    parser.add_argument("--without", action="append", choices=MODULES, default=[], help="leave out a system")
    parser.add_argument("--figure", help="the file of a figure to draw, by matplotlib")
    arguments = parser.parse_args()
    left_out = {*OWN, *arguments.without} - {OURS}
    systems = {name: python for name, python in found(arguments.python).items() if name not in left_out}
    races: dict[str, Any] = {}
    for name in arguments.recipe:
        races[name] = race(name, systems, arguments.seeds)
        print("\n".join(table(name, races[name])), flush=True)
    if arguments.figure:
        draw(races, arguments.figure)
    print(json.dumps(races))


if __name__ == "__main__":
    main()
