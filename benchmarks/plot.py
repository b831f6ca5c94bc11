"""Draw what `compare.py` printed: bars by network, and the matrix products alone as a mark.

    python benchmarks/compare.py --python PATH | tee compare.txt
    python benchmarks/plot.py compare.txt fit.svg

A bar is a system's time over this library's, the median of the rounds: where it ends right of 1, this library is
faster. The mark shows what the matrix products of the network's steps take by themselves. Needs matplotlib.
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from compare import OURS, OWN, WORK, ratios

FLOOR = OWN[-1]
COLORS = ("#E69F00", "#0072B2", "#009E73", "#CC79A7")
HEIGHT = 0.8  # of a group of bars; the distance of groups is 1


def read(path: Path) -> dict[str, Any]:
    """The results by network: the last line of the output."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])["networks"]
    return found


def times(results: dict[str, Any], do: str, system: str) -> list[float]:
    """A system's time over this library's, for each network."""
    return [statistics.median(1 / ratio for ratio in ratios(found[do], system)) for found in results.values()]


def draw(results: dict[str, Any], do: str, path: Path) -> None:
    """Draw one work of all networks to a file."""
    from matplotlib.figure import Figure

    networks = list(results)
    others = [name for name in results[networks[0]][do] if name not in OWN]
    figure = Figure(figsize=(7.5, 1 + 0.45 * len(networks)), layout="constrained")
    axes, height = figure.subplots(), HEIGHT / max(len(others), 1)
    for k, (name, color) in enumerate(zip(others, COLORS, strict=False)):
        places = [row - HEIGHT / 2 + (k + 0.5) * height for row in range(len(networks))]
        axes.barh(places, times(results, do, name), height, color=color, label=name)
    axes.axvline(1, color="black", linewidth=1, label=OURS)
    axes.plot(times(results, do, FLOOR), range(len(networks)), "k|", markersize=14, label=FLOOR)
    axes.set_yticks(range(len(networks)), networks)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel(f"time over that of {OURS}: {WORK[do]}")
    figure.legend(loc="outside upper center", ncols=4)
    figure.savefig(path)


def main() -> None:
    """Read and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="what compare.py printed")
    parser.add_argument("figure", type=Path, help="the file to draw: .svg, .png or .pdf")
    parser.add_argument("--work", choices=WORK, default="fit", help="what to draw (default: fit)")
    arguments = parser.parse_args()
    draw(read(arguments.output), arguments.work, arguments.figure)


if __name__ == "__main__":
    main()
