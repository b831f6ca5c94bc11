"""How accurate the recipes are on test images, and the seconds of `fit`: means over seeds, of the last epoch.

    python benchmarks/accuracy.py --recipes seconds quick minute --seeds 10
    python benchmarks/accuracy.py --data fashion_mnist

The second is work that nothing was tuned for. One training after the other, each with all processors.
"""

import argparse
import statistics

from numpycnn import recipes


def row(name: str, data: str, seeds: int, folder: str | None) -> str:
    """A recipe's row of the table."""
    tried = recipes.with_seeds(recipes.get(name).replace(data=data), range(seeds))
    found = [one for one in recipes.run_all(tried, None, folder, verbose=0) if isinstance(one, recipes.Trained)]
    if len(found) < seeds:
        return f"| {name} | failed | | | |"
    (summary,) = recipes.summaries(found)
    low, high = summary.interval
    seconds = statistics.median(one.seconds for one in found)
    spread = f"{summary.deviation:.2%} | {low:.2%} to {high:.2%}" if seeds > 1 else " | "
    return f"| {name} | {summary.mean:.2%} | {spread} | {seconds:.1f} |"


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", nargs="+", choices=recipes.RECIPES, default=list(recipes.RECIPES))
    parser.add_argument("--data", default="mnist", help="the data set (default: mnist)")
    parser.add_argument("--seeds", type=int, default=10, help="how often each is trained (default: 10)")
    parser.add_argument("--folder", help="where each network is kept")
    args = parser.parse_args()
    print(
        f"**{args.data}, {args.seeds} seeds**\n\n| recipe | accuracy | deviation | 95% interval of the mean | seconds |"
    )
    print("|---|---|---|---|---|")
    for name in args.recipes:
        print(row(name, args.data, args.seeds, args.folder), flush=True)


if __name__ == "__main__":
    main()
