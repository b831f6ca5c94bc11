"""Predictions a second of the tutorial network: numpycnn, and the same network as an .onnx file elsewhere.

    python benchmarks/runtimes.py [--batch 1 32 1000] [--rounds N] [--reference N]

onnxruntime and onnx's reference are measured where they are installed, by turns with numpycnn, each with all
processors. Printed are the median of the rounds, and the lowest and the highest.
"""

import argparse
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from work import tutorial_network

from numpycnn.common.typing import Array

Predict = Callable[[Array], Any]


def systems(folder: Path) -> dict[str, Predict]:
    """What each does with a batch."""
    model, path = tutorial_network(0), folder / "tutorial.onnx"
    found: dict[str, Predict] = {"numpycnn": lambda x: model.predict(x, batch_size=len(x), verbose=0)}
    if find_spec("onnx"):
        model.save(path)
        print(f"tutorial.onnx: {path.stat().st_size:,} bytes")
    if path.exists() and find_spec("onnxruntime"):
        from onnxruntime import InferenceSession

        session = InferenceSession(path)
        found["onnxruntime"] = lambda x: session.run(None, {"input": x})
    if path.exists():
        from onnx.reference import ReferenceEvaluator

        evaluator = ReferenceEvaluator(str(path))
        found["onnx.reference"] = lambda x: evaluator.run(None, {"input": x})
    return found


def rate(predict: Predict, x: Array, least: float = 0.2) -> float:
    """Predictions a second, over at least so many seconds."""
    count, start = 0, time.perf_counter()
    while (seconds := time.perf_counter() - start) < least or not count:
        predict(x)
        count += len(x)
    return count / seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 32, 1000], help="examples (default: 1 32 1000)")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each (default: 7)")
    parser.add_argument("--reference", type=int, default=32, help="the largest batch of onnx's reference (default: 32)")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    with TemporaryDirectory() as folder:
        found = systems(Path(folder))
        for batch in arguments.batch:
            x = rng.random((batch, 28, 28, 1), np.float32)
            turns = {
                name: one for name, one in found.items() if name != "onnx.reference" or batch <= arguments.reference
            }
            rates: dict[str, list[float]] = {name: [] for name in turns}
            for _ in range(arguments.rounds + 1):  # the first warms up
                for name, predict in turns.items():
                    rates[name].append(rate(predict, x))
            for name, (_, *measured) in rates.items():
                print(f"batch {batch:5}  {name:15} {median(measured):10,.0f} a second ", end="")
                print(f"({min(measured):,.0f} to {max(measured):,.0f})")


if __name__ == "__main__":
    main()
