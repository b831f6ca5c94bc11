"""The benchmarks run: what they measure is not tested here."""

import json
import subprocess
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from networks import small_network

from numpycnn import Sequential, recipes
from numpycnn.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    Input,
    Layer,
    MaxPooling2D,
    RandomTranslation,
    ReLU,
    Rescaling,
)

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def run(script: str, *arguments: str, requests: str = "") -> str:
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    return subprocess.run(command, input=requests, capture_output=True, text=True, check=True).stdout  # noqa: S603


@pytest.mark.parametrize("system", ["numpycnn", pytest.param("matrix products alone", marks=pytest.mark.deep)])
def test_a_system_answers_every_request(system: str) -> None:
    requests: list[dict[str, object]] = [
        {"do": "build", "network": "one convolution, 100"},
        {"do": "fit", "images": 100},
        {"do": "predict", "images": 100},
        {"do": "call", "images": 1},
        {"do": "describe"},
    ]
    answers = run("systems.py", system, requests="\n".join(map(json.dumps, requests)))
    built, *work, description = map(json.loads, answers.splitlines())
    assert built == {}
    assert len(work) == 3
    assert all(answer["seconds"] > 0 for answer in work)
    assert description["versions"]["numpy"] == np.__version__


def test_networks_are_those_that_the_frameworks_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many trained parameters PyTorch 2.13 has in its own."""
    expected = {
        "tutorial, 1000": 1182730,
        "convnet, 128": 34826,
        "second, 128": 1199882,
        "VGG with batch normalization, 64": 551018,
        "ResNet-20, 128": 272474,
        "LeNet, 64": 61706,
        "two strided, 128": 20674,
        "strided and two, 256": 73282,
        "dense, 128": 669706,
        "one convolution, 100": 13610,
    }
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    work, networks = import_module("work"), import_module("architectures").NETWORKS
    models = {name: work.build(networks[name]) for name in expected}
    found = {name: sum(param.size for param in model.trained_params.values()) for name, model in models.items()}
    assert found == expected


@pytest.mark.parametrize(
    ("script", "arguments", "printed"),
    [
        ("choose", "--recipes few --seeds 2", "few batch_size=50: mean accuracy "),
        ("choose", "--recipes pair --seeds 1", "pair batch_size=100: the ensemble of 2 "),
        ("accuracy", "--recipes few --seeds 2 --data mnist", "**mnist, 2 seeds**"),
    ],
)
def test_recipes_are_measured(
    script: str,
    arguments: str,
    printed: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    part_of_mnist: object,
) -> None:
    few = recipes.Recipe("few", [Flatten(), Dense(10, activation="softmax")])
    monkeypatch.setitem(recipes.RECIPES, "few", few)
    monkeypatch.setitem(recipes.RECIPES, "pair", few.replace(name="pair", members=2))
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    module = import_module(script)
    monkeypatch.setattr(module, "VALUES", {key: {"batch_size": (50, 100)} for key in ("few", "pair")}, raising=False)
    monkeypatch.setattr(sys, "argv", [script, *arguments.split()])
    module.main()
    assert printed in capsys.readouterr().out


def test_a_recipe_races(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], part_of_mnist: object, tmp_path: Path
) -> None:
    """Against the frameworks that this Python has."""
    pytest.importorskip("h5py")
    pytest.importorskip("matplotlib")
    schedule = {"class_name": "OneCycle", "config": {"max_learning_rate": 0.01, "pct_start": 0.2}}
    moved = [RandomTranslation(0.1, 0.1, fill_mode="constant", interpolation="nearest")]
    layers = [Conv2D(2, 5, strides=2, use_bias=False), BatchNormalization(), ReLU(), Flatten(), Dense(10, "softmax")]
    loss = {"class_name": "CategoricalCrossentropy", "config": {"label_smoothing": 0.1}}
    few = recipes.Recipe("few", layers, augmentation=moved, schedule=schedule, loss=loss)
    monkeypatch.setitem(recipes.RECIPES, "few", few)
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    race, figure = import_module("race"), tmp_path / "race.png"
    options = ["--recipe", "few", "--seeds", "1", "--python", sys.executable, "--figure", str(figure)]
    monkeypatch.setattr(sys, "argv", ["race", *options])
    race.main()
    printed = capsys.readouterr().out.splitlines()
    results = json.loads(printed[-1])["few"]
    assert all(one["accuracy"] > 0.2 for (one,) in results.values())
    assert [line.split(" | ")[1] for line in printed[2:-1]] == list(results)
    assert figure.stat().st_size > 1000


@pytest.mark.deep
def test_a_comparison_is_printed_and_drawn(tmp_path: Path) -> None:
    """Two networks, as the frameworks would be if they were there."""
    pytest.importorskip("matplotlib")
    networks = ("one convolution, 100", "dense, 128")
    chosen = [argument for name in networks for argument in ("--network", name)]
    arguments = ("--rounds", "1", "--images", "200", "--work", "fit", "--work", "call", *chosen)
    printed = run("compare.py", *arguments)
    assert "| **geometric mean** |" in printed
    results = json.loads(printed.splitlines()[-1])["networks"]
    assert set(results) == set(networks)
    assert all(len(results[name]["fit"]["numpycnn"]["seconds"]) == 1 for name in networks)
    output, figure = tmp_path / "compare.txt", tmp_path / "fit.svg"
    output.write_text(printed, encoding="utf-8")
    run("plot.py", str(output), str(figure))
    drawn = figure.read_text(encoding="utf-8")
    assert all(f"<!-- {name} -->" in drawn for name in (*networks, "matrix products alone"))


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


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module("shipped")


def recipe_network(*layers: Layer, seed: int = 0) -> Sequential:
    """A network as recipes have them, in which no weight and no moving average is what it was at first."""
    model = Sequential([Input((9, 9, 1)), Rescaling(1 / 100, -0.4), RandomTranslation(0.1, 0.1), *layers], seed=seed)
    rng = np.random.default_rng(seed)
    model.set_weights([rng.uniform(0.2, 1, array.shape) - 0.5 * (array.ndim > 1) for array in model.get_weights()])
    return model


def test_the_shipped_network_computes_what_the_recipe_s_does(shipped: Any) -> None:
    model = recipe_network(
        *(Conv2D(3, 3, strides=2, use_bias=False), BatchNormalization(), ReLU()),
        *(Conv2D(4, 3, padding="same"), MaxPooling2D(), BatchNormalization(epsilon=0.1), ReLU(), Flatten()),
        *(Dense(5, use_bias=False), BatchNormalization(), ReLU(), Dense(3, activation="softmax")),
    )
    x = np.random.default_rng(1).integers(0, 256, (20, 9, 9, 1)).astype(np.float32)
    found = shipped.folded(model)
    assert [type(layer).__name__ for layer in found.layers] == [
        *("Input", "Conv2D", "Conv2D", "MaxPooling2D", "Flatten", "Dense", "Dense")
    ][-len(found.layers) :]
    np.testing.assert_allclose(found.predict(x / 255, verbose=0), model.predict(x, verbose=0), atol=1e-5)


def test_a_negative_scale_after_pooling_is_not_folded(shipped: Any) -> None:
    model = recipe_network(Conv2D(2, 3), MaxPooling2D(), BatchNormalization(), ReLU(), Flatten(), Dense(3))
    layer = model.get_layer("batch_normalization")
    layer.set_weights([-1 * layer.get_weights()[0], *layer.get_weights()[1:]])
    with pytest.raises(ValueError, match="batch_normalization: expected positive scales after pooling; the least is -"):
        shipped.folded(model)


@pytest.mark.usefixtures("part_of_mnist")
def test_the_shipped_network_is_made_with_the_same_bytes(
    shipped: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the command, with the recipe `seconds` on a part of the data, and any number of workers."""
    made = []
    recipe = recipes.get("seconds")
    for workers in (1, 3):
        path = tmp_path / f"{workers}.safetensors"
        run = partial(recipe.run, workers=workers, verbose=0)
        monkeypatch.setattr(shipped, "get", {"quick": SimpleNamespace(run=run)}.get)
        monkeypatch.setattr(sys, "argv", ["shipped.py", str(path)])
        shipped.main()
        made.append(path.read_bytes())
    assert made[0] == made[1]


def test_pictures_are_made_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("PIL", reason="needs Pillow, the extra images")
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    pictures = import_module("pictures")
    for style in ("edge of a shadow", "colour", "pencil, ruled paper", "photograph"):
        picture = pictures.STYLES[style](1, np.random.default_rng(0))
        assert picture.shape == (pictures.SIDE, pictures.SIDE, 3)
        assert np.ptp(picture) > 100
    assert pictures.sheet([1] * 7, np.random.default_rng(0)).shape == (180, 540, 3)
    found = [pictures.Read("noise", True, True), pictures.Read("noise", False, False), pictures.Read("x", True, False)]
    assert list(pictures.table(found))[2:] == [
        "| noise | 2 | 1 | 1 | 1 |",
        "| x | 1 | 1 | 1 | 0 |",
        "| all | 3 | 2 | 2 | 1 |",
    ]
