"""Trainings on real engines: processes, loky, Dask and MPI, with workers that are killed; where they are installed.

pip install 'numpycnn[test,dask,mpi]' loky, and for MPI an mpiexec such as that of Debian's openmpi-bin.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from numpycnn.__main__ import main
from numpycnn.engine.executors import executor_size
from numpycnn.layers import Conv2D, Dense, Dropout, Flatten
from numpycnn.recipes import RECIPES, Recipe, Trained, run_all

pytestmark = [
    pytest.mark.deep,
    pytest.mark.filterwarnings("ignore"),  # those of the engines
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no signal kills a process here"),
]

RECIPE = Recipe(
    "some", [Conv2D(4, 3, activation="relu"), Flatten(), Dropout(0.3), Dense(10, activation="softmax")], epochs=4
)
RECIPES_HERE = [RECIPE.replace(seed=seed) for seed in range(8)]


def data() -> Any:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(600, 14, 14, 1)).astype(np.float32), rng.integers(10, size=600)
    return (x[:500], y[:500]), (x[500:], y[500:])


def weights(found: Any) -> list[bytes]:
    assert isinstance(found, Trained), found
    return [w.tobytes() for w in found.model.get_weights()]


@pytest.fixture(scope="module")
def serial() -> list[list[bytes]]:
    return [weights(one) for one in run_all(RECIPES_HERE, data=data(), verbose=0)]


@contextmanager
def killed_in_the_midst(folder: Path, process: Callable[[], int]) -> Iterator[None]:
    """A worker is killed as soon as two networks are in the folder, and before all are."""
    done: list[int] = []

    def kill() -> None:
        end = time.monotonic() + 120
        while len(list(folder.glob("*.safetensors"))) < 2 and time.monotonic() < end:
            time.sleep(0.01)
        os.kill(process(), signal.SIGKILL)
        done.append(len(list(folder.glob("*.safetensors"))))

    thread = threading.Thread(target=kill)
    thread.start()
    yield
    thread.join()
    assert 2 <= done[0] < 8


def goes_on(found: list[Any], folder: Path, serial: list[list[bytes]]) -> None:
    """What was finished before the pool broke is there, and a second run trains the rest."""
    done = [isinstance(one, Trained) for one in found]
    assert 2 <= done.count(True) < 8
    assert len(list(folder.glob("*.safetensors"))) == done.count(True)
    assert [weights(one) for one in run_all(RECIPES_HERE, folder=folder, data=data(), verbose=0)] == serial


def test_processes_that_are_killed(tmp_path: Path, serial: list[list[bytes]]) -> None:
    with ProcessPoolExecutor(2, get_context("spawn")) as executor:
        whole = run_all(RECIPES_HERE, executor, data=data(), verbose=0)
        with killed_in_the_midst(tmp_path, lambda: next(iter(executor._processes))):
            found = run_all(RECIPES_HERE, executor, tmp_path, data=data(), verbose=0)
    assert [weights(one) for one in whole] == serial
    goes_on(found, tmp_path, serial)


def test_the_command_trains_in_processes(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--recipe", "tutorial", "--epochs", "1", "--batch-size", "1000", "--search", "layers.0.filters=1"]
    assert main(["train", *options, "--seeds", "0-1", "--processes", "2"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("of part 5 of 6, held out, in ") == 2
    assert "tutorial layers.0.filters=1: mean accuracy " in printed


def test_loky(tmp_path: Path, serial: list[list[bytes]]) -> None:
    loky = pytest.importorskip("loky")
    executor = loky.ProcessPoolExecutor(2)
    try:
        assert executor_size(executor) == 2
        assert [weights(one) for one in run_all(RECIPES_HERE, executor, data=data(), verbose=0)] == serial
        with killed_in_the_midst(tmp_path, lambda: next(iter(executor._processes))):
            found = run_all(RECIPES_HERE, executor, tmp_path, data=data(), verbose=0)
        goes_on(found, tmp_path, serial)
    finally:
        executor.shutdown(wait=True, kill_workers=True)


@pytest.fixture(scope="module")
def dask_client() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(2, processes=True, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_dask_loses_a_worker_and_no_training(tmp_path: Path, serial: list[list[bytes]], dask_client: Any) -> None:
    executor = dask_client.get_executor(pure=False)
    assert executor_size(executor) == 2
    processes = list(dask_client.run(os.getpid).values())
    with killed_in_the_midst(tmp_path, lambda: processes[0]):
        found = run_all(RECIPES_HERE, executor, tmp_path, data=data(), verbose=0)
    assert [weights(one) for one in found] == serial
    assert processes[0] not in dask_client.run(os.getpid).values()


def test_the_command_trains_on_dask(
    dask_client: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = Recipe("seconds", [Flatten(), Dense(10, activation="softmax")], batch_size=1000)
    monkeypatch.setitem(RECIPES, "seconds", recipe)
    address = dask_client.scheduler.address
    assert main(["train", "--recipe", "seconds", "--seeds", "0-1", "--dask", address]) == 0
    here = np.mean([one.accuracy for one in run_all([recipe, recipe.replace(seed=1)], verbose=0)])  # type: ignore[union-attr]
    assert f"mean accuracy {here:.3%} of 2" in capsys.readouterr().out


def test_mpi(tmp_path: Path, serial: list[list[bytes]]) -> None:
    pytest.importorskip("mpi4py")
    if shutil.which("mpiexec") is None:
        pytest.skip("no mpiexec here")
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    command = ["mpiexec", "--oversubscribe", "-n", "3", sys.executable, __file__, str(tmp_path)]
    paths = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(  # noqa: S603
        command, env={**os.environ, **root, "PYTHONPATH": paths}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "2 workers"
    assert [weights(one) for one in run_all(RECIPES_HERE, folder=tmp_path, data=data(), verbose=0)] == serial
    assert "8 of 8" in done.stdout


def on_mpi(folder: str) -> None:
    """What each rank does: the first leads, the others train."""
    import argparse

    from numpycnn.app.engines import engine

    with engine(argparse.Namespace(processes=None, dask=None, mpi=True)) as (executor, leads):
        if leads:
            print(executor_size(executor), "workers", flush=True)
            run_all(RECIPES_HERE, executor, folder, data=data())


if __name__ == "__main__":
    on_mpi(sys.argv[1])
