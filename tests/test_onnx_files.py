"""The format .onnx: what is written is what ONNX means, what is read is what was written, and both are held to others.

Held to the package onnx, its checker and its reference; `test_onnx_nodes.py` has its cases for single operators.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import LAYERS
from hypothesis import given, settings
from hypothesis import strategies as st

from numpycnn import Sequential, load_model
from numpycnn.common.typing import Array
from numpycnn.layers import (
    Layer,
    MaxPooling2D,
)

onnx = pytest.importorskip("onnx", reason="needs onnx, of the extra dev")


def proto_of(path: Path) -> Any:
    return onnx.load(path)


def saved(model: Sequential, path: Path) -> Any:
    """The model in a file, which the checker has passed, shapes and types included."""
    model.save(path)
    onnx.checker.check_model(str(path), full_check=True)
    return proto_of(path)


def by_reference(proto: Any, x: Array) -> Any:
    """What the package's own reference computes."""
    from onnx.reference import ReferenceEvaluator

    return next(iter(ReferenceEvaluator(proto).run(None, {"input": x})))


def with_drawn_weights(layers: list[Layer], shape: tuple[int, ...], dtype: str, seed: int) -> Sequential:
    """A model whose weights, moving averages included, are all different from each other and from nothing."""
    model = Sequential(layers, dtype=dtype, seed=seed)
    if not model.built:
        model.build(shape)
    rng = np.random.default_rng(seed)
    model.set_weights([rng.uniform(0.2, 1.0, array.shape) for array in model.get_weights()])
    return model


def operators(proto: Any) -> list[str]:
    return [node.op_type for node in proto.graph.node]


# ---------------------------------------------------------------- drawn networks


def is_wrong_in_reference(layer: Layer) -> bool:
    """The package's reference takes the borders of maxima for others where they differ: ORT's figures are compared."""
    return isinstance(layer, MaxPooling2D) and layer.window.padding == "same"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("onnx")


@pytest.mark.parametrize("name", LAYERS)
@settings(max_examples=2)
@given(data=st.data())
def test_a_layer_goes_out_and_comes_in_again(folder: Path, name: str, data: st.DataObject) -> None:
    """In float64 the same predictions to 1e-12, and those of the reference as far as float32 attributes go."""
    check_layer(folder, data.draw(LAYERS[name]), data.draw(st.integers(0, 9)))


@pytest.mark.deep
@pytest.mark.parametrize("name", LAYERS)
@settings(max_examples=100)
@given(data=st.data())
def test_many_layers_go_out_and_come_in_again(folder: Path, name: str, data: st.DataObject) -> None:
    check_layer(folder, data.draw(LAYERS[name]), data.draw(st.integers(0, 9)))


def check_layer(folder: Path, layer: Layer, seed: int) -> None:
    shape = layer.shape_in
    assert shape is not None
    model = with_drawn_weights([layer], shape, "float64", seed)
    path, x = folder / "model.onnx", np.random.default_rng(seed).normal(size=(3, *shape))
    proto, y = saved(model, path), model.predict(x, verbose=0)
    np.testing.assert_allclose(load_model(path).predict(x, verbose=0), y, 1e-12, 1e-12)
    if not is_wrong_in_reference(layer):
        np.testing.assert_allclose(by_reference(proto, x), y, 1e-6, 1e-6)
