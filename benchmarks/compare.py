"""Compare numpycnn with TensorFlow, PyTorch and JAX: the same work, interleaved, on this machine.

    python benchmarks/compare.py --python PATH --python PATH ...

Each PATH is the Python of an environment in which one or more of Keras with TensorFlow, Keras with JAX, and PyTorch are
installed; missing ones are left out, and nothing is installed. This library is measured where this script runs.

In every round each system does the same work once, one after the other (A B C A B C ...), so that a machine that is
slower for a while is slower for all. Figures are medians over the rounds; a ratio is taken within each round, and its
median and range given. The last line is everything as JSON.
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

from numpycnn.datasets import mnist
from numpycnn.engine.blas import threadpool_controller
from numpycnn.engine.workers import processors

HERE = Path(__file__).parent
OURS, KERAS = "numpycnn", "Keras with TensorFlow"
OWN = (OURS, "numpycnn, one worker", "matrix products alone")
MODULES = {"Keras with TensorFlow": ("keras", "tensorflow"), "Keras with JAX": ("keras", "jax"), "PyTorch": ("torch",)}
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": "10000000000",
    "MALLOC_TRIM_THRESHOLD_": "10000000000",
    "MALLOC_TOP_PAD_": "1000000000",
}
EPOCH = 60_000
IMPORTS = 20  # rounds of what takes a fraction of a second

# What is measured: the request, the images that the figure is given for, and those that it is measured on.
WORK = {
    "tutorial network, an epoch of fit (batch 1000)": ("tutorial", "fit", 1000, EPOCH, EPOCH),
    "tutorial network, predict 10,000 images (batch 1000)": ("tutorial", "predict", 1000, 10_000, 10_000),
    "second network, an epoch of fit (batch 128)": ("second", "fit", 128, EPOCH, 12_800),
}

PROCESSES = "whole processes"


class Child:
    """A system in a process of its own."""

    def __init__(self, name: str, python: str, data: str) -> None:
        self.name, self.python = name, python
        environment = os.environ | (KEEP_MEMORY if name == "PyTorch" else {})
        self.process = subprocess.Popen(
            [python, str(HERE / "systems.py"), name, data],
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


def measure(systems: dict[str, str], work: Sequence[str], rounds: int, images: int, data: str) -> dict[str, Any]:
    """Seconds (for the whole of the figure) and processors kept busy, by work and system, one entry a round."""
    results: dict[str, Any] = {}
    for title in work:
        network, do, batch, whole, enough = WORK[title]
        children = [Child(name, python, data) for name, python in systems.items() if can_run(name, network)]
        count = min(images, enough)
        for child in children:
            child.ask(do="build", network=network, batch=batch, work=do)
        table: dict[str, Any] = {child.name: {"seconds": [], "busy": []} for child in children}
        for _ in range(rounds):
            for child in children:
                answer = child.ask(do=do, images=count, batch=batch)
                table[child.name]["seconds"].append(answer["seconds"] * whole / count)
                table[child.name]["busy"].append(answer["cpu"] / answer["seconds"])
        for child in children:
            table[child.name] |= child.ask(do="describe")
            child.close()
        results[title] = table
        print_table(title, table, count, whole)
    return results


def whole_processes(systems: dict[str, str], rounds: int, data: str) -> dict[str, Any]:
    """Seconds and peak memory of processes from start to end, one entry a round."""
    script = str(HERE / "tutorial_script.py")
    commands = {
        "tutorial script, numpycnn": [sys.executable, script, "numpycnn"],
        "python -m numpycnn": [sys.executable, "-m", "numpycnn"],
        "import numpy": [sys.executable, "-c", "import numpy"],
        "import numpycnn": [sys.executable, "-c", "import numpycnn"],
    }
    if KERAS in systems:
        commands["tutorial script, Keras with TensorFlow"] = [systems[KERAS], script, "keras", data]
    table: dict[str, Any] = {name: {"seconds": [], "peak_megabytes": []} for name in commands}
    for turn in range(-1, IMPORTS):  # the first, to have every file in memory, is not counted
        for name, command in commands.items():
            if turn < rounds or name.startswith("import"):
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
    extra = [a - b for a, b in zip(table["import numpycnn"]["seconds"], table["import numpy"]["seconds"], strict=True)]
    print(f"\nimport numpycnn beyond import numpy: {statistics.median(extra) * 1000:.0f} ms")
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


def can_run(name: str, network: str) -> bool:
    """Whether a system can run that network: the matrix products are the tutorial network's only."""
    return network == "tutorial" or name != "matrix products alone"


def print_table(title: str, table: dict[str, Any], count: int, whole: int) -> None:
    """A line for each system: seconds, the ratio of ours to its own, processors, threads, memory."""
    scaled = "" if count == whole else f", measured on {count:,} images and scaled to {whole:,}"
    print(f"\n{title}{scaled}\n")
    print("| system | seconds | range | numpycnn takes | range | processors busy | threads | peak memory |")
    print("|---|---|---|---|---|---|---|---|")
    ours = table[OURS]["seconds"]
    for name, figures in table.items():
        seconds = figures["seconds"]
        ratios = [a / b for a, b in zip(ours, seconds, strict=True)]
        peak = "?" if figures["peak_megabytes"] is None else f"{figures['peak_megabytes']:.0f} MB"
        print(
            f"| {name} | {statistics.median(seconds):.2f} | {min(seconds):.2f} to {max(seconds):.2f} "
            f"| {statistics.median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f} "
            f"| {statistics.median(figures['busy']):.1f} | {figures['threads'] or '?'} | {peak} |",
            flush=True,
        )


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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", default=[], help="the Python of an environment with frameworks")
    parser.add_argument("--rounds", type=int, default=5, help="how often each system does the work (default: 5)")
    parser.add_argument("--images", type=int, default=EPOCH, help="fewer images than an epoch's, to be quicker")
    parser.add_argument("--only", action="append", choices=[*WORK, PROCESSES], help="leave out the other work")
    parser.add_argument("--without", action="append", default=[], help="leave out a system, by its name in the table")
    arguments = parser.parse_args()
    systems = {name: python for name, python in found(arguments.python).items() if name not in arguments.without}
    print(json.dumps(machine(), indent=2))
    with tempfile.TemporaryDirectory() as folder:
        (x, y), (x_test, y_test) = mnist.load_data()
        data = str(Path(folder) / "mnist.npz")
        np.savez(data, x=x, y=y, x_test=x_test, y_test=y_test)
        del x, y, x_test, y_test
        work = arguments.only or [*WORK, PROCESSES]
        results = measure(systems, [title for title in work if title in WORK], arguments.rounds, arguments.images, data)
        if PROCESSES in work:
            results[PROCESSES] = whole_processes(systems, arguments.rounds, data)
    print("\n" + json.dumps({"machine": machine(), "results": results}))


if __name__ == "__main__":
    main()
