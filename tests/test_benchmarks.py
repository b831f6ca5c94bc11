"""The benchmarks run: what they measure is not tested here."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from networks import small_network

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def run(script: str, *arguments: str, requests: str = "") -> str:
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    return subprocess.run(command, input=requests, capture_output=True, text=True, check=True).stdout  # noqa: S603


@pytest.mark.parametrize("system", ["numpycnn", "matrix products alone"])
def test_a_system_answers_every_request(system: str, tmp_path: Path) -> None:
    data = tmp_path / "mnist.npz"
    np.savez(data, x=np.zeros((40, 28, 28), np.uint8), y=np.arange(40) % 10)
    requests = [
        {"do": "build", "network": "tutorial", "batch": 10, "work": "fit"},
        {"do": "fit", "images": 40, "batch": 10},
        {"do": "predict", "images": 40, "batch": 10},
        {"do": "describe"},
    ]
    answers = run("systems.py", system, str(data), requests="\n".join(map(json.dumps, requests)))
    *work, description = map(json.loads, answers.splitlines())
    assert len(work) == 3
    assert all(answer["seconds"] > 0 for answer in work)
    assert description["versions"]["numpy"] == np.__version__


def test_a_step_of_any_model_is_profiled_on_both_paths(tmp_path: Path) -> None:
    config = tmp_path / "model.json"
    config.write_text(json.dumps(small_network().get_config()))
    printed = run("where.py", str(config), "--batch", "4")
    fast, plain = printed.split("Layer by layer")
    assert "conv2d + max_pooling2d + dropout" in fast
    assert "\nmax_pooling2d" in plain


def test_a_process_is_timed_and_its_failure_passed_on() -> None:
    answer = json.loads(run("timed.py", sys.executable, "-c", "pass"))
    assert answer["seconds"] > 0
    with pytest.raises(subprocess.CalledProcessError) as error:
        run("timed.py", sys.executable, "-c", "raise SystemExit(3)")
    assert error.value.returncode == 3
