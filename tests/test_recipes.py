"""Recipes: plain data that train the same network wherever they run; many at once; their ensemble; the command."""

import argparse
import pickle
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from numpycnn import Sequential, datasets, load_model, recipes
from numpycnn.__main__ import main
from numpycnn.app.recipes import many, seeds
from numpycnn.app.tutorial import tutorial_network
from numpycnn.common.typing import Array
from numpycnn.files import ModelFileError
from numpycnn.layers import Conv2D, Dense, Flatten, GaussianNoise, Rescaling
from numpycnn.optimizers import SGD
from numpycnn.recipes import RECIPES, Ensemble, Failed, Recipe, Trained, run_all
from numpycnn.recipes.data import with_channels
from numpycnn.recipes.recipe import load

LAYERS = [Flatten(), Dense(10, activation="softmax")]
SMALL = Recipe("small one", LAYERS, preparation=[Rescaling(1 / 255)], batch_size=100, optimizer=SGD(0.5))
LINEAR = {"class_name": "OneCycle", "config": {"max_learning_rate": 0.5, "anneal_strategy": "linear"}}

pytestmark = pytest.mark.usefixtures("part_of_mnist")


def weights(found: Any) -> list[bytes]:
    assert isinstance(found, Trained), found
    return [w.tobytes() for w in found.model.get_weights()]


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_a_few_kilobytes_of_plain_data(name: str) -> None:
    recipe = recipes.get(name)
    assert Recipe(**recipe.get_config()) == recipe == pickle.loads(pickle.dumps(recipe))  # noqa: S301
    assert len(pickle.dumps(recipe)) < 10_000
    assert recipe.replace(seed=3) != recipe
    assert recipe.replace(seed=3).replace(seed=recipe.seed) == recipe
    model = recipe.model(60_000, (28, 28, 1))
    assert model.output_shape == (None, 10)
    assert model.notes == {"recipe": recipe.get_config()}


def test_small_is_small() -> None:
    assert recipes.get("small").model(60_000, (28, 28, 1)).count_params() <= 10_000


def test_the_recipe_of_the_tutorial_is_the_network_of_the_main_job() -> None:
    """After the pixels are scaled."""
    _, *ours = recipes.get("tutorial").model(60_000, (28, 28, 1)).layers
    theirs = tutorial_network().layers
    assert [layer.get_config() | {"input_shape": None} for layer in ours] == [
        layer.get_config() | {"input_shape": None} for layer in theirs
    ]


def test_a_recipe_trains_tests_and_is_kept_with_its_network(tmp_path: Path) -> None:
    found = SMALL.run(verbose=0, workers=1)
    assert weights(found) == weights(SMALL.run(verbose=0, workers=3))
    (_, _), (x, y) = datasets.mnist.load_data()
    assert found.accuracy == np.mean(found.model.predict(x[..., None], verbose=0).argmax(axis=1) == y)
    assert 0.5 < found.accuracy < 1
    assert found.history is not None
    assert found.history.history.keys() == {"loss", "accuracy"}
    found.save(tmp_path / "a.safetensors")
    again = load(tmp_path / "a.safetensors")
    assert again.recipe == SMALL
    assert again[2:] == found[2:]
    assert weights(again) == weights(found)
    found.model.notes = {}
    found.model.save(tmp_path / "b.safetensors")
    with pytest.raises(ModelFileError, match="expected a network that a recipe trained; its notes do not say so"):
        load(tmp_path / "b.safetensors")


def schedule_of(model: Sequential) -> Any:
    assert model.optimizer is not None
    return model.optimizer.get_config()["learning_rate"]


def test_the_schedule_is_as_long_as_the_training() -> None:
    model = SMALL.replace(schedule=LINEAR, epochs=3).model(950, (28, 28, 1))
    assert schedule_of(model)["config"]["total_steps"] == 3 * 10
    given = {
        "class_name": "ExponentialDecay",
        "config": {"initial_learning_rate": 1.0, "decay_steps": 7, "decay_rate": 0.5},
    }
    assert schedule_of(SMALL.replace(schedule=given).model(950, (28, 28, 1)))["config"]["decay_steps"] == 7


def test_augmentation_is_for_training_alone() -> None:
    noisy = SMALL.replace(augmentation=[GaussianNoise(0.5)])
    assert [layer.name for layer in noisy.model(10, (28, 28, 1)).layers] == [
        *("rescaling", "gaussian_noise", "flatten", "dense"),
    ]
    assert weights(noisy.run(verbose=0)) != weights(SMALL.run(verbose=0))


def test_sparse_losses_are_given_labels() -> None:
    sparse = SMALL.replace(loss="sparse_categorical_crossentropy").run(verbose=0)
    assert weights(sparse) == weights(SMALL.run(verbose=0))


def test_other_data_get_channels_and_plain_labels() -> None:
    x, y = with_channels(np.zeros((3, 4, 5)), np.array([[1], [2], [0]]))
    assert x.shape == (3, 4, 5, 1)
    assert y.tolist() == [1, 2, 0]
    assert with_channels(np.zeros((3, 4, 5, 3)), np.zeros(3))[0].shape == (3, 4, 5, 3)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"name": 3}, TypeError, "Recipe: name must be a string; received 3"),
        ({"data": "letters"}, ValueError, "Recipe: data must be one of 'mnist', 'fashion_mnist'"),
        ({"layers": "Dense"}, TypeError, "Recipe: layers must be a list"),
        ({"layers": [3]}, TypeError, "Recipe: layers must hold layers, or their configurations; received 3"),
        ({"schedule": {"class_name": "Up", "config": {}}}, ValueError, "class_name of schedule must be one of"),
        ({"epochs": 0}, ValueError, "Recipe: epochs must be an integer of at least 1; received 0"),
        ({"seed": -1}, ValueError, "Recipe: seed must be an integer of at least 0; received -1"),
    ],
)
def test_what_is_no_recipe_is_refused(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        SMALL.replace(**arguments)
    with pytest.raises(ValueError, match="name must be one of 'seconds', 'quick'"):
        recipes.get("hours")


# ------------------------------------------------------------ many


class Reversed(Executor):
    """Runs what it is given last first, when its results are wanted; the task of that number is lost."""

    def __init__(self, lost: int | None = None) -> None:
        self.tasks: list[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]] = []
        self.lost = lost

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.tasks.append((future, function, pickle.loads(pickle.dumps(arguments))))  # noqa: S301
        if len(self.tasks) == 3:
            for number, (one, task, given) in reversed(list(enumerate(self.tasks))):
                if number == self.lost:
                    one.set_exception(OSError("worker lost"))
                else:
                    one.set_result(pickle.loads(pickle.dumps(task(*given))))  # noqa: S301
        return future


def test_many_give_what_each_gives_in_their_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    three = [SMALL.replace(seed=seed) for seed in (2, 0, 1)]
    alone = [weights(recipe.run(verbose=0)) for recipe in three]
    assert [weights(found) for found in run_all(three, verbose=0)] == alone
    assert capsys.readouterr().out == ""
    assert [weights(found) for found in run_all(three, Reversed(), tmp_path)] == alone
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("1 of 3: small one, seed ")
    assert len(list(tmp_path.iterdir())) == 3


def test_what_is_kept_is_not_trained_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = SMALL, SMALL.replace(seed=1)
    first = run_all([one], folder=tmp_path)
    capsys.readouterr()
    found = run_all([two, one], folder=tmp_path)
    assert [line.partition(" of the test")[0] for line in capsys.readouterr().out.splitlines()] == [
        f"2 of 2: small one, seed 1: {found[0].accuracy:.2%}"  # type: ignore[union-attr]
    ]
    assert weights(found[1]) == weights(first[0])


def test_one_that_fails_is_reported_and_the_others_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = SMALL.replace(layers=[Conv2D(1, 40)], name="too large")
    for executor in (None, ThreadPoolExecutor(1)):
        failed, found = run_all([wrong, SMALL], executor)
        assert isinstance(failed, Failed)
        assert failed.recipe == wrong
        assert "a window that spans 40 by 40 pixels does not fit" in failed.traceback
        assert isinstance(found, Trained)
        assert "too large, seed 0: failed\nTraceback" in capsys.readouterr().out
    lost = run_all([SMALL, SMALL, SMALL], Reversed(lost=1), verbose=0)
    assert [isinstance(outcome, Failed) for outcome in lost] == [False, True, False]
    assert "worker lost" in lost[1].traceback  # type: ignore[union-attr]


def test_only_recipes_are_run() -> None:
    with pytest.raises(TypeError, match="run_all: recipes must be Recipes; received 'seconds'"):
        run_all(["seconds"])  # type: ignore[list-item]


# ------------------------------------------------------------ ensembles


def mean_of(members: list[Trained], x: Array) -> Array:
    return np.mean([member.model.predict(x, verbose=0) for member in members], axis=0)


def test_an_ensemble_predicts_the_mean_of_its_members_and_is_one_file(tmp_path: Path) -> None:
    members = [SMALL.replace(seed=seed).run(verbose=0) for seed in range(3)]
    ensemble = Ensemble([found.model for found in members])
    (_, _), (x, y) = datasets.mnist.load_data()
    expected = mean_of(members, x[..., None])
    np.testing.assert_allclose(ensemble.predict(x[..., None], verbose=0), expected, rtol=1e-5, atol=1e-7)
    ensemble.save(tmp_path / "mean.safetensors")
    again = load_model(tmp_path / "mean.safetensors")
    np.testing.assert_array_equal(again.predict(x[..., None], verbose=0), ensemble.predict(x[..., None], verbose=0))
    accuracy = again.evaluate(x[..., None], np.eye(10)[y], verbose=0)[1]
    assert accuracy == pytest.approx(np.mean(expected.argmax(axis=1) == y))


def test_a_recipe_of_several_networks_gives_their_ensemble(tmp_path: Path) -> None:
    recipe = SMALL.replace(members=2, seed=3)
    assert [one.seed for one in recipe.each_member()] == [6, 7]
    assert SMALL.each_member() == [SMALL]
    found = recipe.run(verbose=0)
    (_, _), (x, y) = datasets.mnist.load_data()
    expected = mean_of([SMALL.replace(seed=seed).run(verbose=0) for seed in (6, 7)], x[..., None])
    np.testing.assert_allclose(found.model.predict(x[..., None], verbose=0), expected, rtol=1e-5, atol=1e-7)
    assert found.accuracy == pytest.approx(np.mean(expected.argmax(axis=1) == y))
    found.save(tmp_path / "best.safetensors")
    assert load(tmp_path / "best.safetensors").recipe == recipe


def test_an_ensemble_is_tested_on_what_is_held_out() -> None:
    found = SMALL.replace(members=2, fold=(1, 4)).run(verbose=0)
    (x, y), _ = datasets.mnist.load_data()
    held = slice(len(x) // 4, 2 * len(x) // 4)
    predicted = found.model.predict(x[held, ..., None], verbose=0).argmax(axis=1)
    assert found.accuracy == pytest.approx(np.mean(predicted == y[held]))


def test_what_makes_no_ensemble_is_refused() -> None:
    with pytest.raises(ValueError, match="expected at least one model; received none"):
        Ensemble([])
    with pytest.raises(TypeError, match="Ensemble: models must be Sequential; received 3"):
        Ensemble([3])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="is not built; train it first, or give it an input shape"):
        Ensemble([Sequential([Dense(3)])])


# ------------------------------------------------------------ the command


def test_the_command_lists_recipes_and_trains_seeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--list"]) == 0
    listed = capsys.readouterr().out
    assert all(f"  {name} " in listed for name in RECIPES)
    mean, folder = tmp_path / "mean.safetensors", tmp_path / "kept"
    options = ["--recipe", "seconds", "--seeds", "3-4", "--folder", str(folder), "--ensemble", str(mean)]
    assert main(["train", *options]) == 0
    printed = capsys.readouterr().out
    assert "seconds: mean accuracy " in printed
    assert " of 2, deviation " in printed
    assert f"It is in {mean}" in printed
    assert load_model(mean).name == "ensemble"
    assert main(["train", "--recipe", "seconds", "--seeds", "3", "--folder", str(folder)]) == 0
    assert " of 1\n" in capsys.readouterr().out


def test_the_command_trains_a_recipe_and_keeps_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "kept.safetensors"
    assert main(["train", "--recipe", "seconds", "--seed", "5", "--resume", str(file)]) == 0
    printed = capsys.readouterr().out
    assert load(file).recipe == recipes.get("seconds").replace(seed=5)
    assert f"Test accuracy: {load(file).accuracy:.4f}" in printed


def test_the_command_trains_a_recipe_of_several_networks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best = SMALL.replace(name="best", members=2)
    monkeypatch.setitem(RECIPES, "best", best)
    file, folder = tmp_path / "best.safetensors", tmp_path / "kept"
    assert main(["train", "--recipe", "best", "--folder", str(folder), "--ensemble", str(file)]) == 0
    assert load(file).recipe == best
    assert f"Their ensemble: {load(file).accuracy:.4f}" in capsys.readouterr().out
    assert len(list(folder.iterdir())) == 2
    assert main(["train", "--recipe", "best", "--folder", str(folder)]) == 0
    assert "Their ensemble: " in capsys.readouterr().out
    assert main(["train", "--recipe", "best", "--resume", str(file)]) == 2
    message = "--resume keeps one network; of many, --folder keeps each as it is trained"
    assert message in capsys.readouterr().err
    with pytest.raises(ValueError, match=message):
        many(argparse.Namespace(resume=str(file)), best)


def test_an_ensemble_of_models_that_are_not_compiled_is_not() -> None:
    model = Sequential([Dense(3, input_shape=(4,))])
    model.build((4,))
    assert Ensemble([model]).loss is None


def test_the_command_trains_without_keeping(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(RECIPES, "seconds", SMALL)
    assert main(["train", "--recipe", "seconds"]) == 0
    out = capsys.readouterr().out
    assert "The network is in" not in out
    assert "\nNothing was saved: `--resume mine.safetensors` keeps the network in that file.\n" in out
    assert main(["train", "--recipe", "seconds", "--seeds", "1"]) == 0
    assert "ensemble" not in capsys.readouterr().out


def test_seeds_that_fail_end_with_a_status(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(RECIPES, "seconds", SMALL.replace(layers=[Conv2D(1, 40)]))
    assert main(["train", "--recipe", "seconds", "--seeds", "0"]) == 1
    assert "failed" in capsys.readouterr().out


def test_seeds_are_two_numbers() -> None:
    assert (list(seeds("2-4")), list(seeds("7"))) == ([2, 3, 4], [7])
    for text in ("", "a", "3-1", "1-2-3"):
        with pytest.raises(argparse.ArgumentTypeError, match=r"expected two whole numbers such as 0-14; received '"):
            seeds(text)
