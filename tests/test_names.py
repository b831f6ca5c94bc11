"""`python -m numpycnn names`: the table of Keras's names, which is the README's."""

import importlib
from pathlib import Path

import pytest

from numpycnn.__main__ import main
from numpycnn.app.commands.names import is_here, row
from numpycnn.common.keras_api import KERAS, TOP
from numpycnn.common.keras_names import OUT_OF_SCOPE
from numpycnn.common.old_names import NAMES

README = Path(__file__).parent.parent / "README.md"


def test_the_readmes_table_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """Where it is not: `python -m numpycnn names --update README.md`."""
    assert main(["names"]) == 0
    table = capsys.readouterr().out
    assert f"<!-- Keras's names -->\n\n{table}\n<!-- end of Keras's names -->" in README.read_text("utf-8")


def test_a_file_is_updated_between_its_comments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "names.md"
    path.write_text("before\n<!-- Keras's names -->\nold\n<!-- end of Keras's names -->\nafter\n", "utf-8")
    for _ in range(2):
        assert main(["names", "--update", str(path)]) == 0
        lines = path.read_text("utf-8").splitlines()
        assert lines[:4] == ["before", "<!-- Keras's names -->", "", "| kind | here | left out, and why | missing |"]
        assert lines[-2:] == ["<!-- end of Keras's names -->", "after"]
        assert len(lines) == len(KERAS) + 8
    path.write_text("nothing", "utf-8")
    assert main(["names", "--update", str(path)]) == 1
    assert capsys.readouterr().out == f"{path}: expected one place for the table, between two comments; found 0\n"
    assert path.read_text("utf-8") == "nothing"


def test_a_row_has_each_name_once() -> None:
    assert row("layers", ["Dense", "Convolution2D", "LSTM", "GRU", "Conv1D", "Nonsense"]) == (
        "| layers: 2 of 6 | Convolution2D, Dense | recurrent layers are out of scope: LSTM, GRU; convolution and pooling "
        "are in two dimensions only; others are out of scope: Conv1D | Nonsense |"
    )


def test_every_name_that_is_here_can_be_used() -> None:
    """Under Keras's own name, and it is no module that a file happens to be, but for those that Keras has too."""
    for kind, names in KERAS.items():
        module = importlib.import_module(f"numpycnn.{kind}")
        for name in names.split():
            if is_here(kind, name) and name not in NAMES.get(kind, {}):
                assert callable(getattr(module, name)) or kind == "datasets" or name == "schedules", name


def test_what_is_left_out_is_not_here() -> None:
    for kind, reason, names in OUT_OF_SCOPE:
        if kind in KERAS:
            assert [name for name in names.split() if is_here(kind, name)] == [], reason


def test_the_list_of_names_has_each_once() -> None:
    for names in [*KERAS.values(), TOP]:
        assert len(set(names.split())) == len(names.split()) > 5
