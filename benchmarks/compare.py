"""Compare numpycnn with TensorFlow, PyTorch and JAX: the same work, interleaved, on this machine.

    python benchmarks/compare.py --python PATH --python PATH ...

Each PATH is the Python of an environment in which one or more of Keras with TensorFlow, Keras with JAX, and PyTorch are
installed; missing ones are left out, and nothing is installed. This library is measured where this script runs.

In every round each system does the same work once, one after the other (A B C A B C ...), so that a machine that is
slower for a while is slower for all. Figures are medians over the rounds; a ratio is taken within each round, and its
median and range given. The last line is everything as JSON, from which `plot.py` draws.

One network, quickly, with and without the frameworks:

    python benchmarks/compare.py --network "LeNet, 64" --rounds 3 --python PATH
    python benchmarks/compare.py --network "LeNet, 64" --rounds 3 --work fit --images 640
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from architectures import NETWORKS

from numpycnn.datasets import mnist
from numpycnn.engine.blas import threadpool_controller
from numpycnn.engine.workers import processors

HERE = Path(__file__).parent
OURS, KERAS = "numpycnn", "Keras with TensorFlow"
OWN = (OURS, "numpycnn, one worker", "matrix products alone")
MODULES = {KERAS: ("keras", "tensorflow"), "Keras with JAX": ("keras", "jax"), "PyTorch": ("torch",)}
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": "10000000000",
    "MALLOC_TRIM_THRESHOLD_": "10000000000",
    "MALLOC_TOP_PAD_": "1000000000",
}
IMPORTS = 20  # rounds of what takes a fraction of a second

WORK = {"fit": "an epoch of fit", "predict": "predict", "call": "one image through a called model"}
PROCESSES = "processes"
IMPORT_ALL = "from numpycnn import Sequential"
"""`import numpycnn` alone imports no more of it than what is used of it afterwards."""


class Child:
    """A system in a process of its own."""

    def __init__(self, name: str, python: str) -> None:
        self.name, self.python = name, python
        environment = os.environ | (KEEP_MEMORY if name == "PyTorch" else {})
        self.process = subprocess.Popen(
            [python, str(HERE / "systems.py"), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and wait for the answer."""
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the process has no pipes")
        print(json.dumps(request), file=stdin, flush=True)
        line = stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended without an answer; run {self.python} systems.py by hand to see why")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.wait()


def found(pythons: Sequence[str]) -> dict[str, str]:
    """The available systems, and the Python that has each of them."""
    systems = dict.fromkeys(OWN, sys.executable)
    for python in pythons:
        for name, modules in MODULES.items():
            check = f"import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, {modules})))"
            if name not in systems and subprocess.run([python, "-c", check], check=False).returncode == 0:
                systems[name] = python
    return systems


def measure(systems: dict[str, str], network: str, work: Sequence[str], rounds: int, most: int) -> dict[str, Any]:
    """Seconds for an image and processors kept busy, by work and system, a round each; and each system's memory."""
    children = [Child(name, python) for name, python in systems.items()]
    for child in children:
        child.ask(do="build", network=network)
    results: dict[str, Any] = {do: {child.name: {"seconds": [], "busy": []} for child in children} for do in work}
    for do in work:
        images = 1 if do == "call" else min(most, NETWORKS[network].images)
        for _ in range(rounds):
            for child in children:
                answer = child.ask(do=do, images=images)
                results[do][child.name]["seconds"].append(answer["seconds"] / images)
                results[do][child.name]["busy"].append(answer["cpu"] / answer["seconds"])
    results["systems"] = {child.name: child.ask(do="describe") for child in children}
    for child in children:
        child.close()
    return results


def whole_processes(systems: dict[str, str], rounds: int, data: str) -> dict[str, Any]:
    """Seconds and peak memory of processes from start to end, one entry a round."""
    script = str(HERE / "tutorial_script.py")
    commands = {
        "tutorial script, numpycnn": [sys.executable, script, "numpycnn"],
        "python -m numpycnn": [sys.executable, "-m", "numpycnn"],
        "import numpy": [sys.executable, "-c", "import numpy"],
        "import numpycnn": [sys.executable, "-c", "import numpycnn"],
        IMPORT_ALL: [sys.executable, "-c", IMPORT_ALL],
    }
    if KERAS in systems:
        commands["tutorial script, Keras with TensorFlow"] = [systems[KERAS], script, "keras", data]
    table: dict[str, Any] = {name: {"seconds": [], "peak_megabytes": []} for name in commands}
    for turn in range(-1, IMPORTS):  # the first, to have every file in memory, is not counted
        for name, command in commands.items():
            if turn < rounds or "import" in name:
                figures = run_process(command)
                if turn >= 0:
                    for key, figure in figures.items():
                        table[name][key].append(figure)
    print_processes(table)
    return table


def run_process(command: Sequence[str]) -> dict[str, Any]:
    """A process's seconds, and its peak memory in MB where the system says.

    Python may keep what it has compiled, as it does unless told otherwise, so that no import compiles a file again.
    """
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    timed = [sys.executable, "-I", str(HERE / "timed.py"), *command]
    run = subprocess.run(timed, capture_output=True, check=False, env=environment)
    if run.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with status {run.returncode}")
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


def print_processes(table: dict[str, Any]) -> None:
    """A line for each process, and the two figures that take two of them."""
    print("\nWhole processes, from start to end\n\n| process | seconds | range | peak memory |\n|---|---|---|---|")
    for name, figures in table.items():
        seconds, peaks = figures["seconds"], [peak for peak in figures["peak_megabytes"] if peak is not None]
        peak = f"{max(peaks):.0f} MB" if peaks else "?"
        print(f"| {name} | {statistics.median(seconds):.2f} | {min(seconds):.2f} to {max(seconds):.2f} | {peak} |")
    extra = [a - b for a, b in zip(table[IMPORT_ALL]["seconds"], table["import numpy"]["seconds"], strict=True)]
    print(f"\n{IMPORT_ALL}, beyond import numpy: {statistics.median(extra) * 1000:.0f} ms")
    if f"tutorial script, {KERAS}" in table:
        pairs = zip(
            table["tutorial script, numpycnn"]["seconds"], table[f"tutorial script, {KERAS}"]["seconds"], strict=True
        )
        ratios = [a / b for a, b in pairs]
        print(
            f"tutorial script, numpycnn over {KERAS}: {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f})",
            flush=True,
        )


def ratios(table: dict[str, Any], other: str) -> list[float]:
    """The time of this library over another system's, in each round."""
    return [ours / theirs for ours, theirs in zip(table[OURS]["seconds"], table[other]["seconds"], strict=True)]


def print_head(title: str, others: Sequence[str]) -> None:
    """The head of a table with a line for each network."""
    print(f"\n{title}: this library's time over that of others, median and range\n")
    print(f"| network, batch | us an image | processors busy | {' | '.join(others)} |")
    print(f"|---|---|---|{'---|' * len(others)}")


def print_line(network: str, table: dict[str, Any]) -> None:
    """A network's line."""
    cells = [f"{1e6 * statistics.median(table[OURS]['seconds']):.0f}", f"{statistics.median(table[OURS]['busy']):.1f}"]
    for other in table:
        if other != OURS:
            found = ratios(table, other)
            cells.append(f"{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})")
    print(f"| {network} | {' | '.join(cells)} |", flush=True)


def print_tables(results: dict[str, Any], work: Sequence[str]) -> None:
    """A table for each work, ending with the geometric mean over the networks; and one of the systems' memory."""
    for do in work:
        tables = {network: found[do] for network, found in results.items()}
        others = [name for name in next(iter(tables.values())) if name != OURS]
        print_head(WORK[do], others)
        for network, table in tables.items():
            print_line(network, table)
        medians = [[statistics.median(ratios(table, other)) for table in tables.values()] for other in others]
        means = " | ".join(f"**{statistics.geometric_mean(column):.2f}**" for column in medians)
        print(f"| **geometric mean** | | | {means} |")
    print("\nPeak memory in MB, and threads\n")
    names = list(next(iter(results.values()))["systems"])
    print(f"| network, batch | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    for network, found in results.items():
        cells = [
            f"{system['peak_megabytes'] or 0:.0f}, {system['threads'] or '?'}" for system in found["systems"].values()
        ]
        print(f"| {network} | {' | '.join(cells)} |", flush=True)


def machine() -> dict[str, Any]:
    """The machine and software of the measurements."""
    controller = threadpool_controller()
    libraries = [] if controller is None else controller.info()
    model = [line.split(":")[1].strip() for line in cpu_lines() if line.startswith("model name")]
    return {
        "processor": model[0] if model else platform.processor(),
        "processors": processors(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": [
            f"{library['internal_api']} {library['version']} {library.get('architecture')}" for library in libraries
        ],
        "settings": {key: value for key, value in os.environ.items() if key.startswith(("OPENBLAS", "OMP", "MKL"))},
    }


def cpu_lines() -> list[str]:
    """The lines of /proc/cpuinfo; none on other systems."""
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def measure_processes(systems: dict[str, str], rounds: int) -> dict[str, Any]:
    """`whole_processes`, with a file of MNIST for those that do not bring their own."""
    with tempfile.TemporaryDirectory() as folder:
        (x, y), (x_test, y_test) = mnist.load_data()
        data = str(Path(folder) / "mnist.npz")
        np.savez(data, x=x, y=y, x_test=x_test, y_test=y_test)
        del x, y, x_test, y_test
        return whole_processes(systems, rounds, data)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", default=[], help="the Python of an environment with frameworks")
    parser.add_argument("--rounds", type=int, default=5, help="how often each system does the work (default: 5)")
    parser.add_argument("--images", type=int, default=100_000, help="fewer images than an epoch's, to be quicker")
    parser.add_argument("--network", action="append", choices=NETWORKS, help="leave out the other networks")
    parser.add_argument("--work", action="append", choices=[*WORK, PROCESSES], help="leave out the other work")
    parser.add_argument("--without", action="append", default=[], help="leave out a system, by its name in the table")
    arguments = parser.parse_args()
    systems = {name: python for name, python in found(arguments.python).items() if name not in arguments.without}
    wanted = arguments.work or [*WORK, PROCESSES]
    work, results = [do for do in WORK if do in wanted], dict[str, Any]()
    print(json.dumps(machine(), indent=2))
    for network in (arguments.network or NETWORKS) if work else ():
        results[network] = measure(systems, network, work, arguments.rounds, arguments.images)
        print_tables({network: results[network]}, work)
    if len(results) > 1:
        print_tables(results, work)
    processes = measure_processes(systems, arguments.rounds) if PROCESSES in wanted else {}
    print("\n" + json.dumps({"machine": machine(), "networks": results, PROCESSES: processes}))


if __name__ == "__main__":
    main()
