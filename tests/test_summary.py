"""The table of `Sequential.summary`: its columns, multiply-accumulates and receptive fields."""

from typing import Any

import numpy as np
import pytest
from networks import small_network

from numpycnn import Input, Sequential
from numpycnn.common.typing import Array, Pair, Rng, Shape
from numpycnn.layers import (
    AveragePooling2D,
    BatchNormalization,
    Branches,
    Conv2D,
    Conv2DTranspose,
    Cropping2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    GroupNormalization,
    Layer,
    LayerNormalization,
    MaxPooling2D,
    Permute,
    RandomCrop,
    Reshape,
    Residual,
    SeparableConv2D,
    UpSampling2D,
    ZeroPadding2D,
)
from numpycnn.layers.container import ROOT
from numpycnn.layers.costs import multiply_accumulates
from numpycnn.show.receptive import extent, fields, start


def lines(model: Any, *arguments: Any, **options: Any) -> list[str]:
    found: list[str] = []
    model.summary(*arguments, print_fn=found.append, **options)
    return found


def block() -> Sequential:
    """A network of everything that the table treats in its own way."""
    model = Sequential(name="blocks")
    model.add(Conv2D(4, 3, padding="same", input_shape=(16, 12, 1)))
    model.add(Residual([Conv2D(4, 3, padding="same"), BatchNormalization()]))
    model.add(Branches([[Conv2D(2, 1)], [Conv2D(2, 3, padding="same", dilation_rate=2)]]))
    model.add(Sequential([MaxPooling2D(2), Flatten()], name="end"))
    model.add(Dense(3))
    return model


SUMMARY = """\
Model: "blocks"
____________________________________________________________________________________
Layer (type)                  Output Shape             Param #         MACs    Field
====================================================================================
conv2d (Conv2D)               (None, 16, 12, 4)             40        6,912      3x3
residual (Residual)           (None, 16, 12, 4)            164       27,648      5x5
branches (Branches)           (None, 16, 12, 4)             84       15,360      9x9
end (Sequential)              (None, 192)                    0            0    10x10
dense (Dense)                 (None, 3)                    579          576    16x12
====================================================================================
Total params: 867 (0.00 MB)
Trainable params: 859
Non-trainable params: 8
Multiply-accumulates (MACs) for one example: 50,496
"""


def test_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    block().summary()
    assert capsys.readouterr().out == SUMMARY


def test_what_is_inside_is_shown_if_asked_for() -> None:
    model = block()
    model.layers[0].trainable = False
    found = lines(model, expand_nested=True, show_trainable=True)
    rows = [line.split() for line in found[4:-5]]
    assert [(row[0], row[-2], row[-1]) for row in rows] == [
        ("conv2d", "3x3", "N"),
        ("residual", "5x5", "Y"),
        ("residual/main", "5x5", "Y"),
        ("residual/main/conv2d", "5x5", "Y"),
        ("residual/main/batch_normalization", "5x5", "Y"),
        ("residual/shortcut", "3x3", "-"),
        ("branches", "9x9", "Y"),
        ("branches/branch", "5x5", "Y"),
        ("branches/branch/conv2d", "5x5", "Y"),
        ("branches/branch_1", "9x9", "Y"),
        ("branches/branch_1/conv2d", "9x9", "Y"),
        ("end", "10x10", "-"),
        ("end/max_pooling2d", "10x10", "-"),
        ("end/flatten", "10x10", "-"),
        ("dense", "16x12", "Y"),
    ]


def test_widths_and_positions() -> None:
    model = small_network()
    narrow = lines(model, 60)
    assert narrow[1] == "_" * 60
    assert narrow[4] == "conv2d (Conv2D (None, 6,            40        1,296      3x3"
    wide = lines(model, line_length=120)
    assert (len(wide[1]), wide[4].split()) == (120, lines(model)[4].split())
    three = lines(model, 60, [0.5, 0.8, 1.0])
    assert three[2] == "Layer (type)                  Output Shape           Param #"
    assert three[4] == "conv2d (Conv2D)               (None, 6, 6, 4)             40"
    absolute = lines(model, positions=(20, 40, 44))
    assert absolute[1] == "_" * 44
    assert absolute[5:9] == [
        "max_pooling2d (MaxP (None, 3, 3, 4)        0",
        "dropout (Dropout)   (None, 3, 3, 4)        0",
        "flatten (Flatten)   (None, 36)             0",
        "dense (Dense)       (None, 8)            296",
    ]
    assert lines(model, positions=[20, 40, 43])[8] == "dense (Dense)       (None, 8)            ##"


def test_a_range_of_layers() -> None:
    model = small_network()
    for layer_range in (["max_pooling2d", "dense"], ["dense", "max_pooling2d"], ("max.*", "dense$")):
        shown = [line.split()[0] for line in lines(model, layer_range=layer_range)[4:-5]]
        assert shown == ["max_pooling2d", "dropout", "flatten", "dense"] + ["dropout_1", "dense_1"] * (
            layer_range[1] == "dense"
        )


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"line_length": 0}, ValueError, "line_length must be an integer of at least 1; received 0"),
        ({"line_length": 10**9}, ValueError, "line_length must be at most 10000"),
        ({"positions": 3}, TypeError, "positions must be a list; received 3"),
        ({"positions": []}, ValueError, r"positions must be increasing numbers; received \[\]"),
        ({"positions": [0.5, 0.2]}, ValueError, "positions must be increasing numbers; received"),
        ({"positions": [0.5, "1"]}, TypeError, "positions must be a finite number"),
        ({"print_fn": 3}, TypeError, "print_fn must be a function; received 3"),
        ({"expand_nested": 1}, TypeError, "expand_nested must be True or False"),
        ({"show_trainable": "yes"}, TypeError, "show_trainable must be True or False"),
        ({"layer_range": "conv2d"}, TypeError, "layer_range must be a list"),
        ({"layer_range": ["conv2d"]}, ValueError, "expected 2 layer_range; received 1"),
        ({"layer_range": [0, 1]}, TypeError, "layer_range must be a string; received 0"),
        (
            {"layer_range": ["conv2d", "x"]},
            ValueError,
            "layer_range must match two of conv2d, max_pooling2d, .*; received",
        ),
        ({"layer_range": ["(", "x"]}, ValueError, "layer_range must match two of conv2d"),
    ],
)
def test_other_arguments_are_refused(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=rf"sequential\.summary: {message}"):
        small_network().summary(**options)


# ---------------------------------------------------------------- multiply-accumulates


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (Conv2D(4, (3, 2), strides=2), (9, 8, 3), 4 * 4 * (3 * 2 * 3 * 4)),
        (Conv2D(4, 3, groups=2, padding="same", data_format="channels_first"), (2, 5, 6), 5 * 6 * (3 * 3 * 1 * 4)),
        (Conv2D(4, 3, activation="glu"), (5, 5, 1), 3 * 3 * (9 * 4)),
        (DepthwiseConv2D(3, depth_multiplier=2), (5, 5, 3), 3 * 3 * (9 * 3 * 2)),
        (SeparableConv2D(4, 3), (5, 5, 3), 3 * 3 * (9 * 3 + 3 * 4)),
        (Conv2DTranspose(4, 3, 2), (5, 6, 2), 5 * 6 * (9 * 2 * 4)),
        (Dense(4), (7,), 7 * 4),
        (Dense(4), (5, 6, 7), 5 * 6 * 7 * 4),
        (BatchNormalization(), (5, 5, 2), 0),
        (MaxPooling2D(2), (4, 4, 2), 0),
    ],
    ids=str,
)
def test_multiply_accumulates(layer: Layer, shape: Shape, expected: int) -> None:
    """Counted by hand: kernel rows * columns * channels in * filters, at each output pixel; transposed, each input's."""
    layer.build(shape)
    assert multiply_accumulates(layer) == expected


def test_a_layer_of_ones_own_counts_for_nothing() -> None:
    class Own(Dense):
        pass

    class Other(Layer):
        def param_shapes(self, input_shape: Shape) -> dict[str, Shape]:
            return {"kernel": input_shape}

        def make_params(self, input_shape: Shape, rng: Rng, dtype: Any) -> dict[str, Array]:
            return {"kernel": np.ones(input_shape, dtype)}

        def output_shape_for(self, input_shape: Shape) -> Shape:
            return input_shape

    model = Sequential([Input((4, 4, 1)), Other(), Own(2), Conv2D(1, 2), Flatten(), Dense(2)])
    assert [multiply_accumulates(layer) for layer in model.layers[:2]] == [0, 32]
    assert [line.split()[-1] for line in lines(model)[4:-5]] == ["-", "-", "-", "-", "-"]


# ---------------------------------------------------------------- receptive fields


def field_of(layers: list[Layer], image: Pair) -> Pair | None:
    model = Sequential([Input((*image, 1)), *layers])
    *_, (path, field) = fields(model, ROOT, start(model))
    assert path == ROOT
    return None if field is None else (extent(field[0]), extent(field[1]))


def measured(layers: list[Layer], image: Pair) -> Pair:
    """From the first to the last row and column of the input that any output depends on, at most over all outputs.

    By the network itself: each pixel by itself is one where all others are zero, and all weights are positive.
    """
    model = Sequential([Input((*image, 1)), *layers], dtype="float64")
    model.set_weights([np.abs(weight) + 0.1 * (weight.ndim > 1) for weight in model.get_weights()])
    outputs = model.predict(np.eye(image[0] * image[1]).reshape(-1, *image, 1))
    depends = np.moveaxis(outputs != 0, 0, -1).reshape(-1, *image)  # (outputs, rows, columns)
    extents = []
    for axis in (2, 1):
        touched = depends.any(axis=axis)
        first, last = touched.argmax(axis=1), touched.shape[1] - 1 - touched[:, ::-1].argmax(axis=1)
        extents.append(int((last - first + 1)[touched.any(axis=1)].max()))
    return extents[0], extents[1]


def drawn(rng: Rng) -> list[Layer]:
    """A few layers that fit an image of 26 by 26."""
    kinds: list[Any] = [
        lambda: Conv2D(1, (int(rng.integers(1, 4)), 2), strides=int(rng.integers(1, 3)), padding="same"),
        lambda: Conv2D(1, 2, dilation_rate=int(rng.integers(1, 3))),
        lambda: DepthwiseConv2D(3, padding="same"),
        lambda: SeparableConv2D(1, 2),
        lambda: AveragePooling2D(int(rng.integers(1, 4)), strides=int(rng.integers(1, 3)), padding="same"),
        lambda: Conv2DTranspose(1, (int(rng.integers(1, 5)), 2), strides=int(rng.integers(1, 3))),
        lambda: UpSampling2D(2, interpolation=("nearest", "bilinear")[int(rng.integers(2))]),
        lambda: ZeroPadding2D(1),
        lambda: Cropping2D(1),
        lambda: Dropout(0.5),
        lambda: Residual([Conv2D(1, 3, padding="same")]),
        lambda: Branches([[Conv2D(1, 1)], [Conv2D(1, 2, padding="same", dilation_rate=3)]], "add"),
    ]
    return [kinds[int(k)]() for k in rng.integers(len(kinds), size=int(rng.integers(1, 5)))]


@pytest.mark.parametrize("seed", range(12))
def test_a_field_is_what_a_network_depends_on(seed: int) -> None:
    check_field(seed)


@pytest.mark.deep
def test_fields_of_more_networks() -> None:
    for seed in range(12, 200):
        check_field(seed)


def check_field(seed: int) -> None:
    layers, image = drawn(np.random.default_rng(seed)), (26, 26)
    assert field_of(layers, image) == measured(clones(layers), image), seed


def clones(layers: list[Layer]) -> list[Layer]:
    return [type(layer).from_config({**layer.get_config(), "input_shape": None}) for layer in layers]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([Conv2D(1, 3), GlobalAveragePooling2D()], (8, 9)),
        ([Conv2D(1, 3), GroupNormalization(1)], (8, 9)),
        ([Conv2D(1, 3), LayerNormalization([1, 2])], (8, 9)),
        ([Conv2D(1, 3), LayerNormalization()], (3, 3)),
        ([Conv2D(1, 3), Dense(4)], (3, 3)),
        ([Conv2D(1, 3), Flatten(), Dense(4)], (8, 9)),
        ([Permute((2, 1, 3)), Conv2D(1, 3)], None),
        ([Reshape((9, 8, 1)), Branches([Conv2D(1, 1), Conv2D(1, 1)])], None),
        ([Reshape((-1,)), Dense(3)], None),
        ([RandomCrop(3, 3)], None),
        ([Cropping2D(((2, 1), (0, 3))), Conv2D(1, 2)], (2, 2)),
        ([Conv2DTranspose(1, 3, 2), Conv2D(1, 2)], (2, 2)),
        ([UpSampling2D(2), AveragePooling2D(2)], (1, 1)),
        ([UpSampling2D(2, interpolation="bilinear")], (2, 2)),
        ([ZeroPadding2D(((3, 0), (0, 2))), Conv2D(1, 2)], (2, 2)),
        ([Conv2D(1, 7), Conv2D(1, (1, 3))], (7, 9)),
    ],
)
def test_fields_of_the_whole_image_and_of_none(layers: list[Layer], expected: Pair | None) -> None:
    assert field_of(layers, (8, 9)) == expected


def test_channels_first() -> None:
    model = Sequential([Input((2, 6, 5)), Conv2D(3, 2, data_format="channels_first"), Flatten()])
    assert [line.split()[-1] for line in lines(model)[4:-5]] == ["2x2", "2x2"]


def test_inputs_that_are_no_images_have_no_field() -> None:
    found = lines(Sequential([Input((5,)), Dense(3)]))
    assert found[2].split() == ["Layer", "(type)", "Output", "Shape", "Param", "#", "MACs"]
    assert found[4].split() == ["dense", "(Dense)", "(None,", "3)", "18", "15"]


def test_an_unbuilt_model_has_names_alone(capsys: pytest.CaptureFixture[str]) -> None:
    model = Sequential([Conv2D(2, 3), Residual([Conv2D(2, 3, padding="same")]), Flatten(), Dense(3)])
    model.summary(expand_nested=True)
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines[4:-4]]
    names = ["conv2d", "residual", "residual/main", "residual/main/conv2d", "residual/shortcut", "flatten", "dense"]
    assert [row[0] for row in rows] == names
    assert all(row[2:] == ["?", "0", "(unbuilt)", "?"] for row in rows)
    assert lines[-1] == "Non-trainable params: 0"
