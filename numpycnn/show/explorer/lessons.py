"""Small networks whose numbers one can add up in the head, traced as any other, for the page's stage and tour."""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.engine.training import Position
from numpycnn.layers import Conv2D, Flatten, Layer, MaxPooling2D
from numpycnn.layers.chain import Chain
from numpycnn.losses import MeanSquaredError
from numpycnn.optimizers import SGD
from numpycnn.show.explorer.data import add_trace, layer_facts
from numpycnn.show.explorer.tensors import Tensors
from numpycnn.show.explorer.updates import add_updates
from numpycnn.show.trace import trace_step

SEVEN = np.array([[0, 2, 2, 2, 0], [0, 0, 1, 2, 0], [0, 0, 2, 1, 0], [0, 1, 2, 0, 0], [0, 2, 1, 0, 0]])


class Lesson(NamedTuple):
    """A network, its weights, its input, and the gradient that its loss has with respect to the output."""

    title: str
    layers: Sequence[Layer]
    weights: Sequence[Array]
    """The first layer's, then the second's, and so on."""
    x: Array
    """(*input_shape)."""
    gradient: Array
    """The output's shape. The targets are y - n/2*gradient, for n values; so the mean squared error has it."""
    velocity: Array | None = None
    """What the optimizer keeps of the steps before, of the first kernel."""


def lessons() -> list[Lesson]:
    """The lessons, in the order in which the page offers them."""
    return [small_image(), several_channels()]


def small_image() -> Lesson:
    """One channel and one filter."""
    kernel = np.array([[1, 0, -1], [0, 0, 1], [0, -1, 2]])
    velocity = np.array([[0, 2, -2], [0, 0, 2], [-2, 0, 0]])
    return Lesson(
        "5 by 5 pixels, one filter",
        [
            Conv2D(1, 3, activation="relu", name="conv2d"),
            MaxPooling2D(2, strides=1, name="max_pooling2d"),
            Flatten(name="flatten"),
        ],
        [kernel[:, :, None, None], np.array([1])],  # (3, 3) -> (3, 3, 1, 1)
        SEVEN[:, :, None],  # (5, 5) -> (5, 5, 1)
        np.array([1, -2, 2, 1]),
        velocity[:, :, None, None],  # (3, 3) -> (3, 3, 1, 1)
    )


def several_channels() -> Lesson:
    """Three channels, as red, green and blue, and two filters."""
    x = np.array(
        [[[1, 0, 2], [2, 1, 0], [0, 3, 1]], [[0, 2, 1], [1, 1, 1], [2, 0, 0]], [[3, 0, 1], [0, 1, 2], [1, 2, 0]]]
    )
    channels = [[[1, 0], [-1, 2]], [[0, 1], [1, -1]], [[2, -1], [0, 1]]]
    others = [[[0, 1], [1, 0]], [[-1, 0], [2, 1]], [[1, 0], [0, -1]]]
    kernel = np.array([channels, others]).transpose(2, 3, 1, 0)  # (2, C, 2, 2) -> (2, 2, C, 2)
    return Lesson(
        "3 by 3 pixels of three channels, two filters",
        [Conv2D(2, 2, activation="relu", name="conv2d"), Flatten(name="flatten")],
        [kernel, np.array([0, -2])],
        x,
        np.array([1, 0, -1, 2, 0, 1, 2, -1]),
    )


@cache
def lesson_facts() -> tuple[dict[str, Any], ...]:
    """What the page holds of the lessons: as `data.page_data`, each with its tensors."""
    return tuple(facts_of(lesson) for lesson in lessons())


def facts_of(lesson: Lesson) -> dict[str, Any]:
    """One lesson, traced."""
    chain = built(lesson)
    x = lesson.x[None].astype(np.float32)
    y, _ = chain.forward(x)
    targets = (y - y[0].size / 2 * lesson.gradient.reshape(y.shape)).astype(np.float32)
    trace = trace_step(chain, MeanSquaredError(), x, targets, Position(0, 0), training=True)
    tensors = Tensors()
    for layer in trace.layers.values():
        for key, value in layer.parameters.items():
            tensors.add(f"{layer.name}/parameters/{key}", value)
    add_trace(tensors, trace, set(trace.layers))
    optimizer = SGD(0.5, momentum=0.5)
    if lesson.velocity is not None:
        optimizer.state["velocity"] = {f"{chain.layers[0].name}/kernel": lesson.velocity.astype(np.float32)}
    update = add_updates(tensors, optimizer, trace, chain.trained_params)
    layers = [layer_facts(layer, trace[str(path)]) for path, layer in chain.leaves()]
    return {"title": lesson.title, "layers": layers, "optimizer": update, "tensors": tensors.table}


def built(lesson: Lesson) -> Chain:
    """The lesson's layers with its weights."""
    chain, weights = Chain(list(lesson.layers)), list(lesson.weights)
    chain.build(lesson.x.shape, None, np.float32)
    for layer in chain.layers:
        count = len(layer.arrays)
        layer.set_weights([w.astype(np.float32) for w in weights[:count]])
        del weights[:count]
    return chain
