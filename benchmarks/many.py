"""Many trainings on several processes: the time against one process's, and what a hundred machines would send.

    python benchmarks/many.py --trainings 16 --processes 2

Efficiency is the time of one process over that of all, times their number; start-up and reading the data count in both.
The plan is reckoned from what was measured: a task's bytes, a result's, and the leader's time for both: that of an
empty task in a process pool, and of unpickling a result and writing it to a folder.
"""

import argparse
import pickle
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

from numpycnn import recipes
from numpycnn.app.engines import processes
from numpycnn.recipes.many import Outcome, outcome_of


def timed(tried: Sequence[recipes.Recipe], count: int) -> tuple[float, list[Outcome]]:
    """The seconds of all trainings in so many processes, and what came of them."""
    begin = time.perf_counter()
    with processes(count) as executor:
        found = recipes.run_all(tried, executor, verbose=0)
    return time.perf_counter() - begin, found


def empty_task(executor: Executor, count: int = 200) -> float:
    """The seconds of a task that does nothing, one after the other."""
    executor.submit(abs, -1).result()
    begin = time.perf_counter()
    for _ in range(count):
        executor.submit(abs, -1).result()
    return (time.perf_counter() - begin) / count


def taking(result: bytes, count: int = 50) -> float:
    """The seconds of unpickling a result and writing it to a folder."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        for k in range(count):
            pickle.loads(result).save(Path(folder, f"{k}.safetensors"))  # noqa: S301  # written by this program
        return (time.perf_counter() - begin) / count


def plan(machines: int, processors: int, task: int, result: int, seconds: float, dispatch: float) -> str:
    """What so many machines do in a second, and how many processors a leader can keep busy."""
    rate = machines * processors / seconds
    return (
        f"{machines} machines of {processors} processors: {rate:.1f} tasks/s, {rate * task / 1e6:.3f} MB/s to them, "
        f"{rate * result / 1e6:.1f} MB/s back\n"
        f"a leader that takes {dispatch * 1e3:.2f} ms for a task is busy {rate * dispatch:.1%} of the time\n"
        f"it keeps {seconds / dispatch:,.0f} processors busy, a line of 1 Gbit/s {125e6 * seconds / result:,.0f}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", choices=recipes.RECIPES, default="seconds")
    parser.add_argument("--trainings", type=int, default=16)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    tried = recipes.with_seeds(recipes.get(args.recipe), range(args.trainings))
    alone, one = timed(tried, 1)
    together, found = timed(tried, args.processes)
    same = all(
        isinstance(a, recipes.Trained)
        and isinstance(b, recipes.Trained)
        and all(map(lambda v, w: v.tobytes() == w.tobytes(), a.model.get_weights(), b.model.get_weights()))
        for a, b in zip(one, found, strict=True)
    )
    print(
        f"{args.trainings} trainings of {args.recipe}: {alone:.1f} s in 1 process, {together:.1f} s in {args.processes}"
    )
    print(f"{together / (alone / args.processes):.3f} of an even share; the same bytes: {same}")
    task, result = pickle.dumps((outcome_of, tried[0], None, 1)), pickle.dumps(found[0])
    with processes(1) as executor:
        dispatch = empty_task(executor) + taking(result)
    print(f"a task is {len(task):,} bytes, a result {len(result):,}")
    print(plan(100, 8, len(task), len(result), alone / args.trainings, dispatch))


if __name__ == "__main__":
    main()
