"""The picture of a model that `utils.plot_model` draws."""

import sys
from pathlib import Path
from typing import Any

import pytest
from networks import small_network

from numpycnn import Input, Sequential
from numpycnn.layers import BatchNormalization, Branches, Conv2D, Dense, Layer, Residual
from numpycnn.show.diagram import FROZEN, WITH_WEIGHTS, WITHOUT, Shown, picture_of
from numpycnn.utils import plot_model

PLAIN = Shown(False, None, False, False, False, False)


def network(*layers: Layer) -> Sequential:
    return Sequential([Input((8, 8, 1)), *layers])


def test_layers_are_boxes_one_below_the_other() -> None:
    boxes, arrows = picture_of(small_network(), PLAIN)
    expected = "Input Conv2D MaxPooling2D Dropout Flatten Dense Dropout Dense"
    assert [box.lines for box in boxes] == [[name] for name in expected.split()]
    assert [box.place for box in boxes] == [(0.5, row) for row in range(8)]
    assert arrows == [((0.5, row), (0.5, row + 1)) for row in range(7)]


def test_what_boxes_say() -> None:
    model = network(Conv2D(2, 3, activation="relu"), BatchNormalization())
    model.layers[1].trainable = False
    given, conv, norm = picture_of(model, Shown(True, "float32", True, False, True, True)).boxes
    assert given.lines == ["Input", "(None, 8, 8, 1)"]
    assert conv.lines == [
        "conv2d (Conv2D)",
        "(None, 8, 8, 1) to (None, 6, 6, 2)",
        "activation: relu",
        "dtype: float32",
        "trainable: True",
    ]
    assert norm.lines[1:] == ["(None, 6, 6, 2) to (None, 6, 6, 2)", "dtype: float32", "trainable: False"]
    assert (given.colour, conv.colour, norm.colour) == (WITHOUT, WITH_WEIGHTS, FROZEN)


def test_branches_stand_side_by_side() -> None:
    inner = Sequential([Conv2D(2, 1), Conv2D(2, 1)])
    model = network(inner, Branches([[Conv2D(1, 1), Conv2D(2, 1)], [Conv2D(3, 1)]]), Residual(Conv2D(5, 1)))
    assert [box.lines for box in picture_of(model, PLAIN).boxes] == [
        ["Input"],
        ["Sequential"],
        ["Branches"],
        ["Residual"],
    ]
    boxes, arrows = picture_of(model, PLAIN._replace(expand_nested=True))
    places = {box.place: box.lines[0] for box in boxes}
    assert len(places) == len(boxes)
    assert places == {
        (1.0, 0.0): "Input",
        (1.0, 1.0): "Conv2D",
        (1.0, 2.0): "Conv2D",
        (0.5, 3.0): "Conv2D",
        (0.5, 4.0): "Conv2D",
        (1.5, 3.0): "Conv2D",
        (1.0, 5.0): "branches: concatenate",
        (0.5, 6.0): "Conv2D",
        (1.0, 7.0): "residual: add",
    }
    assert set(arrows) == {
        ((1.0, 0.0), (1.0, 1.0)),
        ((1.0, 1.0), (1.0, 2.0)),
        ((1.0, 2.0), (0.5, 3.0)),
        ((1.0, 2.0), (1.5, 3.0)),
        ((0.5, 3.0), (0.5, 4.0)),
        ((0.5, 4.0), (1.0, 5.0)),
        ((1.5, 3.0), (1.0, 5.0)),
        ((1.0, 5.0), (0.5, 6.0)),
        ((0.5, 6.0), (1.0, 7.0)),
        ((1.0, 5.0), (1.0, 7.0)),  # the shortcut
    }


@pytest.mark.parametrize(("rankdir", "tall"), [("TB", True), ("LR", False)])
def test_a_file_is_drawn(tmp_path: Path, rankdir: str, tall: bool) -> None:
    pytest.importorskip("matplotlib", reason="needs matplotlib, the extra plot")
    path = tmp_path / "model.png"
    plot_model(small_network(), path, show_shapes=True, show_dtype=True, rankdir=rankdir, dpi=20)
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG")
    width, height = (int.from_bytes(content[start : start + 4], "big") for start in (16, 20))
    assert (height > width) == tall


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"model": 3}, TypeError, "model must be a Sequential; received 3"),
        ({"model": Sequential([Dense(3)])}, ValueError, "model must be built; give its first layer an input_shape"),
        ({"to_file": 3}, TypeError, "to_file must be a path"),
        ({"rankdir": "BT"}, ValueError, "rankdir must be one of 'TB', 'LR'; received 'BT'"),
        ({"dpi": 0}, ValueError, "dpi must be a finite number, at least 10 and at most 2000; received 0"),
        ({"show_shapes": 1}, TypeError, "show_shapes must be True or False"),
        ({"show_dtype": 1}, TypeError, "show_dtype must be True or False"),
        ({"show_layer_names": 1}, TypeError, "show_layer_names must be True or False"),
        ({"show_layer_activations": 1}, TypeError, "show_layer_activations must be True or False"),
        ({"show_trainable": 1}, TypeError, "show_trainable must be True or False"),
        ({"expand_nested": 1}, TypeError, "expand_nested must be True or False"),
    ],
)
def test_other_arguments_are_refused(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"plot_model: {message}"):
        plot_model(**{"model": small_network(), **arguments})


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"to draw, install matplotlib: pip install 'numpycnn\[plot\]'"):
        plot_model(small_network())
