"""What the README says, held to what is there."""

import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from networks import mnist_images

from numpycnn import Sequential, callbacks, initializers
from numpycnn.activations import ACTIVATIONS
from numpycnn.datasets import mnist
from numpycnn.layers import LAYERS
from numpycnn.layers.chain import Chain
from numpycnn.optimizers import Optimizer
from numpycnn.recipes import RECIPES
from numpycnn.recipes.measured import MEASURED
from numpycnn.utils import save_img

ROOT = Path(__file__).parent.parent
NEEDED = {".onnx": "onnx", "numpycnn.sklearn": "sklearn", "digit.png": "PIL"}
"""What an example has in it, and the package that it needs."""
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The README's examples, word for word and one after another, on a part of the data."""
    first, *others = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len([line for line in first.splitlines() if line]) == 15
    (x_train, y_train), (x_test, y_test) = mnist_images()
    monkeypatch.setattr(mnist, "load_data", lambda: ((x_train[:6000], y_train[:6000]), (x_test[:500], y_test[:500])))
    names: dict[str, object] = {}
    exec(first, names)  # noqa: S102
    assert isinstance(names["accuracy"], float)
    assert names["accuracy"] > 0.7
    assert capsys.readouterr().out.endswith("7 is what the first test image shows\n")
    monkeypatch.chdir(tmp_path)
    for code in others:
        if "plot" in code:
            pytest.importorskip("matplotlib", reason="needs matplotlib, the extra plot").use("Agg")
        if any(text in code and not find_spec(package) for text, package in NEEDED.items()):
            continue
        if "digit.png" in code:
            save_img("digit.png", 255 - np.kron(x_test[0], np.ones((5, 5)))[..., None])
        exec(code, names)  # noqa: S102


@pytest.mark.parametrize("which", ["main", "test"])
def test_the_commands_are_one_line_each(which: str) -> None:
    block = re.findall(rf"<!-- {which} command -->\n```\n(.*?)```", README, re.DOTALL)
    assert len(block) == 1
    assert block[0].startswith("python3 -m venv .venv && ")
    assert block[0].count("\n") == 1


def test_no_later_command_replaces_the_installation() -> None:
    """A plain `pip install '.[...]'` puts a copy of the package in the place of an editable install."""
    installs = re.findall(r"(.*)pip install (.*?)(?:$|`| &&|;)", README, re.MULTILINE)
    assert len(installs) >= 4
    replacing = [before for before, what in installs if "'." in what and "--editable" not in what]
    assert all("-m venv .venv" in before for before in replacing)  # the first command, once for each kind of system
    assert len(replacing) == 2


def test_the_table_names_everything() -> None:
    of_any_layer = set(dir(Chain)) - {
        "build",
        "get_weights",
        "set_weights",
        "get_config",
        "from_config",
        "count_params",
    }
    public = [
        name
        for name in dir(Sequential)
        if not name.startswith("_") and name not in of_any_layer and callable(getattr(Sequential, name))
    ]
    for name in [
        *(LAYERS.keys() - {"Chain"}),  # what the branches of blocks are
        *ACTIVATIONS,
        *(cls.__name__ for cls in Optimizer.__subclasses__() if cls.__module__.startswith("numpycnn.optimizers.")),
        *callbacks.__all__,
        *{name.split("_")[0] for name in initializers.INITIALIZERS if "_" in name},
        *public,
    ]:
        assert re.search(rf"\b{name}\b", README), f"the README does not name {name}"


def test_the_files_to_read_are_there() -> None:
    links = re.findall(r"\]\((numpycnn/[^)]*)\)", README)
    assert len(links) >= 10
    for link in links:
        assert (ROOT / link).is_file(), link


def test_the_figures_of_recipes_are_those_of_the_list() -> None:
    assert MEASURED.keys() == RECIPES.keys()
    for name, (accuracy, seconds) in MEASURED.items():
        assert re.search(rf"(?m)^\| {name} \| {accuracy:.2%} \|.* \| {seconds:.1f} \|$", README), name
