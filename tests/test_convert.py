"""`python -m numpycnn convert IN OUT`, `formats`, and `gradcheck --model`."""

from pathlib import Path

import numpy as np
import pytest

from numpycnn import Sequential, load_model
from numpycnn.__main__ import main
from numpycnn.files import formats
from numpycnn.layers import Dense

README = Path(__file__).parent.parent / "README.md"


def small(path: Path, loss: str | None = "mse") -> Sequential:
    model = Sequential([Dense(3, activation="softmax", input_shape=(4,))], seed=0)
    if loss:
        model.compile("sgd", loss)
    model.save(path)
    return model


def test_a_model_is_converted_and_what_is_lost_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("h5py", reason="needs h5py, of the extra keras-files")
    pytest.importorskip("onnx", reason="needs onnx, of the extra onnx")
    model = small(tmp_path / "a.safetensors")
    names = [str(tmp_path / f"a{suffix}") for suffix in (".safetensors", ".keras", ".onnx")]
    assert main(["convert", *names[:2]]) == 0
    assert capsys.readouterr().out.startswith(f"{names[1]}: 1 layers, 15 parameters, ")
    assert main(["convert", *names[1:]]) == 0
    assert "The file does not keep: " in capsys.readouterr().out
    np.testing.assert_array_equal(load_model(names[1]).get_weights()[0], model.get_weights()[0])
    assert main(["convert", names[0], str(tmp_path / "a.npz")]) == 1
    assert "expected a name that ends in" in capsys.readouterr().err


def test_the_readmes_table_of_formats_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """Where it is not: `python -m numpycnn formats --update README.md`."""
    pytest.importorskip("h5py", reason="needs h5py, of the extra keras-files")
    pytest.importorskip("onnx", reason="needs onnx, of the extra onnx")
    assert main(["formats"]) == 0
    table = capsys.readouterr().out
    assert f"<!-- formats -->\n\n{table}\n<!-- end of formats -->" in README.read_text("utf-8")


def test_a_format_without_its_package_keeps_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda package: None)
    assert main(["formats"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("| `.safetensors` | models, weights | models, weights | yes |")
    assert "| `.keras` | models, weights | models |  |" in lines[3]


@pytest.mark.parametrize(
    "loss", ["mse", "categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy", None]
)
def test_the_gradients_of_a_network_from_a_file(
    tmp_path: Path, loss: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    small(tmp_path / "a.safetensors", loss)
    assert main(["gradcheck", "--model", str(tmp_path / "a.safetensors"), "--examples", "2"]) == 0
    assert "dense/kernel" in capsys.readouterr().out
