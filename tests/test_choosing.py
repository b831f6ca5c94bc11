"""Many trainings of one recipe: seeds, folds and searches as lists, what came of them, and the command."""

import argparse
import math
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from numpycnn import Sequential, load_model
from numpycnn.__main__ import main
from numpycnn.app.engines import engine
from numpycnn.app.recipes import choice
from numpycnn.layers import Conv2D, Dense, Dropout, Flatten, Rescaling
from numpycnn.recipes import (
    RECIPES,
    Failed,
    Recipe,
    Trained,
    draws,
    grid,
    summaries,
    with_folds,
    with_seeds,
)
from numpycnn.recipes.choosing import student_t

RECIPE = Recipe(
    "some",
    [Flatten(), Dropout(0.1), Dense(10, activation="softmax")],
    preparation=[Rescaling(1 / 255)],
    schedule={"class_name": "OneCycle", "config": {"max_learning_rate": 0.01, "pct_start": 0.1}},
    batch_size=100,
)


def test_lists_of_seeds_and_folds() -> None:
    assert [one.seed for one in with_seeds(RECIPE, (3, 1))] == [3, 1]
    assert [one.fold for one in with_folds(RECIPE, 3)] == [[0, 3], [1, 3], [2, 3]]
    assert all(
        one.replace(seed=0, fold=None) == RECIPE for one in [*with_seeds(RECIPE, (3, 1)), *with_folds(RECIPE, 3)]
    )


def test_a_grid_has_every_combination_and_changes_nothing_else() -> None:
    before = RECIPE.get_config()
    found = grid(RECIPE, {"batch_size": [50, 60], "schedule.max_learning_rate": [0.1, 0.2], "layers.1.rate": [0.3]})
    rates = [one.schedule["config"]["max_learning_rate"] for one in found if one.schedule is not None]
    assert [one.batch_size for one in found] == [50, 50, 60, 60]
    assert rates == [0.1, 0.2, 0.1, 0.2]
    assert {one.layers[1]["config"]["rate"] for one in found} == {0.3}
    assert found[2].name == "some batch_size=60, schedule.max_learning_rate=0.1, layers.1.rate=0.3"
    kept = {"batch_size": 100, "schedule": RECIPE.schedule, "layers": RECIPE.layers, "name": "some"}
    assert all(one.replace(**kept) == RECIPE for one in found)
    assert RECIPE.get_config() == before
    assert grid(RECIPE, {"about": ["a/b"]})[0].name == "some about='a_b'"
    assert grid(RECIPE, {"optimizer.beta_1": [np.float32(0.5)]})[0].optimizer["config"]["beta_1"] == 0.5
    assert grid(RECIPE, {}) == [RECIPE]


def test_draws_are_the_same_for_a_seed_and_from_the_choices() -> None:
    choices: Any = {"batch_size": [50, 60], "schedule.max_learning_rate": lambda rng: 10 ** rng.uniform(-3, -1)}
    found = draws(RECIPE, choices, 20, seed=3)
    assert found == draws(RECIPE, choices, 20, seed=3) != draws(RECIPE, choices, 20)
    assert {one.batch_size for one in found} == {50, 60}
    rates = [one.schedule["config"]["max_learning_rate"] for one in found if one.schedule is not None]
    assert len(set(rates)) == 20
    assert 0.001 < min(rates) < 0.01 < max(rates) < 0.1


@pytest.mark.parametrize(
    ("choices", "error", "message"),
    [
        ({"schedule.rate": [1]}, ValueError, "Recipe: 'rate' of schedule.rate must be one of 'max_learning_rate'"),
        ({"layers.3.rate": [1]}, ValueError, "Recipe: '3' of layers.3.rate must be one of '0', '1', '2'"),
        ({"batch_size.x": [1]}, ValueError, "Recipe: 'x' of batch_size.x must be one of"),
        ({"batch": [1]}, ValueError, r"must be one of 'name', .* \(the nearest is 'batch_size'\)"),
        ({"batch_size": 3}, TypeError, "batch_size must be a list; received 3"),
        ({"batch_size": ["a"]}, TypeError, "Recipe: batch_size must be an integer"),
    ],
)
def test_what_a_recipe_has_not_is_refused(choices: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        grid(RECIPE, choices)
    with pytest.raises(error, match=message):
        draws(RECIPE, choices, 1)


def test_other_kinds_are_refused() -> None:
    with pytest.raises(TypeError, match="with_seeds: seeds must be a range or a list; received 3"):
        with_seeds(RECIPE, 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="with_folds: recipe must be a Recipe; received 'seconds'"):
        with_folds("seconds", 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="grid: choices must be a dict of values by name; received 3"):
        grid(RECIPE, 3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="draws: expected at least one value of batch_size; received none"):
        draws(RECIPE, {"batch_size": []}, 1)
    with pytest.raises(TypeError, match="summaries: outcomes must be a list; received 3"):
        summaries(3)  # type: ignore[arg-type]


def test_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="with_folds: folds must be an integer of at least 2; received 1"):
        with_folds(RECIPE, 1)
    with pytest.raises(ValueError, match="draws: count must be an integer of at least 1; received 0"):
        draws(RECIPE, {}, 0)
    with pytest.raises(ValueError, match="draws: seed must be an integer of at least 0; received -1"):
        draws(RECIPE, {}, 1, seed=-1)


def trained(recipe: Recipe, accuracy: float) -> Trained:
    return Trained(recipe, Sequential(), 0.1, accuracy, 1.0)


def test_summaries_have_mean_deviation_and_interval() -> None:
    """The interval by hand: mean +- t(3) * deviation / sqrt(4), with t(3) = 3.182446."""
    other = RECIPE.replace(batch_size=7, name="other")
    outcomes: list[Any] = [
        trained(one, accuracy)
        for one, accuracy in zip(with_seeds(RECIPE, range(4)), (0.98, 0.99, 0.97, 0.985), strict=True)
    ]
    first, second = summaries([*outcomes, Failed(RECIPE, "why"), trained(other.replace(fold=(0, 2)), 0.985)])
    assert (first.recipe, first.trainings, first.mean) == (other.replace(fold=(0, 2)), 1, 0.985)
    assert math.isnan(first.deviation)
    assert str(first) == "other: mean accuracy 98.500% of 1"
    assert (second.recipe, second.trainings) == (RECIPE, 4)
    assert second.mean == pytest.approx(0.98125)
    assert second.deviation == pytest.approx(0.008539126)
    assert second.interval == pytest.approx((0.967662, 0.994838), abs=1e-6)
    assert str(second) == (
        "some: mean accuracy 98.125% of 4, deviation 0.854%, 95% interval 96.766% to 99.484%"
    )  # fmt: skip


def test_students_t_is_that_of_the_tables() -> None:
    """scipy.stats.t.ppf(0.975, degrees)."""
    expected = {
        1: 12.7062047,
        4: 2.7764451,
        5: 2.5705818,
        9: 2.2621572,
        14: 2.1447867,
        100: 1.9839715,
        10**6: 1.9599664,
    }
    for degrees, value in expected.items():
        assert student_t(degrees) == pytest.approx(value, abs=3e-4 if degrees == 5 else 3e-5)


# ------------------------------------------------------------ the command


@pytest.fixture
def small_recipe(monkeypatch: pytest.MonkeyPatch, part_of_mnist: object) -> None:
    monkeypatch.setitem(RECIPES, "seconds", RECIPE)


@pytest.mark.usefixtures("small_recipe")
def test_the_command_searches_on_what_is_held_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--search", "batch_size=50,1000", "optimizer.beta_1=0.9", "--seeds", "0-1", "--folder", str(tmp_path)]
    assert main(["train", "--recipe", "seconds", *options]) == 0
    *lines, first, second = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert all(" of part 5 of 6, held out, in " in line for line in lines)
    assert first.startswith("some batch_size=50, optimizer.beta_1=0.9: mean accuracy ")
    assert second.startswith("some batch_size=1000, optimizer.beta_1=0.9: mean accuracy ")
    assert main(["train", "--recipe", "seconds", *options, "--trials", "1"]) == 0
    assert "some batch_size=" in capsys.readouterr().out


@pytest.mark.usefixtures("small_recipe")
def test_the_command_cross_validates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mean.safetensors"
    assert main(["train", "--recipe", "seconds", "--folds", "3", "--ensemble", str(file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [f" of part {k} of 3, held out, in " in line for k, line in enumerate(lines[:3])] == [True] * 3
    assert lines[3].startswith("some: mean accuracy ")
    assert load_model(file).name == "ensemble"


@pytest.mark.usefixtures("small_recipe")
def test_wrong_options_end_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--recipe", "seconds", "--search", "batch=3"]) == 2
    assert "the nearest is 'batch_size'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["train", "--search", "batch_size"])
    assert "expected NAME=VALUE,VALUE such as batch_size=128,256; received 'batch_size'" in capsys.readouterr().err


def test_choices_are_numbers_or_names() -> None:
    assert choice("a.b=1,2.5,true") == ("a.b", [1, 2.5, True])
    assert choice("optimizer=adam,sgd") == ("optimizer", ["adam", "sgd"])
    for wrong in ("", "=3", "a", "a="):
        with pytest.raises(argparse.ArgumentTypeError, match="expected NAME=VALUE,VALUE"):
            choice(wrong)


@contextmanager
def engine_of(**given: Any) -> Iterator[Any]:
    with engine(argparse.Namespace(**{"processes": None, "dask": None, "mpi": False, **given})) as found:
        yield found


def test_the_options_name_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dask and MPI by stand-ins; `test_engines.py` has them really."""
    with engine_of() as found:
        assert found == (None, True)
    with engine_of(processes=1) as (executor, leads):
        assert executor is not None
        assert executor._max_workers == 1
        assert leads

    class Client:
        def __init__(self, address: str) -> None:
            self.address = address

        def __enter__(self) -> "Client":
            return self

        def __exit__(self, *_: object) -> None:
            self.address = ""

        def get_executor(self, pure: bool) -> Any:
            return (self.address, pure)

    ranks: list[Any] = [ThreadPoolExecutor(1), None]

    @contextmanager
    def ranked() -> Iterator[Any]:
        yield ranks[0]

    modules: dict[str, dict[str, Any]] = {
        "distributed": {"Client": Client},
        "mpi4py": {},
        "mpi4py.futures": {"MPICommExecutor": ranked},
    }
    for name, contents in modules.items():
        module = ModuleType(name)
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, name, module)
    with engine_of(dask="tcp://here") as found:
        assert found == (("tcp://here", False), True)
    with engine_of(mpi=True) as found:
        assert found == (ranks.pop(0), True)
    with engine_of(mpi=True) as found:
        assert found == (None, False)
    assert main(["train", "--seeds", "0", "--mpi"]) == 0  # a rank that works for another prints nothing


@pytest.mark.parametrize(
    ("option", "module", "extra"), [(["--dask", "x"], "distributed", "dask"), (["--mpi"], "mpi4py.futures", "mpi")]
)
def test_an_engine_that_is_not_installed_is_named(
    option: list[str],
    module: str,
    extra: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    given = {"dask": "x"} if extra == "dask" else {"mpi": True}
    with pytest.raises(ImportError, match=rf"--{extra} needs the extra '{extra}'"), engine_of(**given):
        pass
    assert main(["train", "--seeds", "0", *option]) == 2
    assert f"--{extra} needs the extra '{extra}', pip install 'numpycnn[{extra}]'" in capsys.readouterr().err


def test_an_ensemble_is_written_if_all_succeeded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, part_of_mnist: object, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(RECIPES, "seconds", RECIPE.replace(layers=[Conv2D(1, 40)]))
    file = tmp_path / "mean.safetensors"
    assert main(["train", "--recipe", "seconds", "--seeds", "0-1", "--ensemble", str(file)]) == 1
    assert not file.exists()
    assert "failed" in capsys.readouterr().out
