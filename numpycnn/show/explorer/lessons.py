"""Small networks whose numbers one can add up in the head, traced as any other, for the page's stage and tour."""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.engine.training import Position
from numpycnn.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    DepthwiseConv2D,
    Flatten,
    Layer,
    MaxPooling2D,
    Residual,
)
from numpycnn.layers.chain import Chain
from numpycnn.losses import MeanSquaredError
from numpycnn.optimizers import SGD
from numpycnn.show.explorer.data import add_trace, layer_facts, loss_facts
from numpycnn.show.explorer.tensors import Tensors
from numpycnn.show.explorer.updates import add_updates
from numpycnn.show.trace import Trace, trace_step

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
    return [small_image(), several_channels(), averaged(), depthwise(), transposed(), residual()]


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


def averaged() -> Lesson:
    """Average pooling of windows that do not overlap."""
    x = np.array([[8, 4, 0, 4], [0, 4, 4, 0], [2, 6, 0, 0], [4, 4, 8, 0]])
    pool = AveragePooling2D(2, name="average_pooling2d")
    return Lesson("Average pooling", [pool, Flatten(name="flatten")], [], x[:, :, None], np.array([4, -4, 8, 0]))


def depthwise() -> Lesson:
    """A filter for each of two channels."""
    x = np.array([[[1, 0], [2, 1], [0, 3]], [[0, 2], [1, 1], [2, 0]], [[3, 0], [0, 1], [1, 2]]])
    kernel = np.array([[[1, 0], [-1, 2]], [[0, 1], [2, -1]]]).transpose(1, 2, 0)  # (C, 2, 2) -> (2, 2, C)
    layers = [DepthwiseConv2D(2, name="depthwise_conv2d"), Flatten(name="flatten")]
    return Lesson(
        "Depthwise convolution", layers, [kernel[..., None], np.array([1, -1])], x, np.array([1, 0, -1, 2] * 2)
    )


def transposed() -> Lesson:
    """Every pixel stamps the kernel, with strides of 2, so that stamps overlap by one."""
    kernel = np.array([[1, 2, 1], [0, 1, -1], [2, 0, 1]])[:, :, None, None]  # (3, 3) -> (3, 3, 1, 1)
    layers = [Conv2DTranspose(1, 3, strides=2, name="conv2d_transpose"), Flatten(name="flatten")]
    x = np.array([[1, 2], [0, 3]])[:, :, None]  # (2, 2) -> (2, 2, 1)
    return Lesson("Transposed convolution", layers, [kernel, np.array([0])], x, np.tile([2, 0, -2, 4, 0], 5))


def residual() -> Lesson:
    """A convolution, and the way past it. The layer before does nothing; its gradient is that of the block's input."""
    kernel = np.array([[0, 1, 0], [-1, 0, 1], [0, 0, -1]])[:, :, None, None]  # (3, 3) -> (3, 3, 1, 1)
    block = Residual([Conv2D(1, 3, padding="same", name="conv2d")], name="residual")
    layers = [Activation("linear", name="before"), block, Flatten(name="flatten")]
    x = np.array([[1, 0, 2, 0], [0, 3, 1, 0], [2, 0, 1, 1], [0, 1, 0, 2]])[:, :, None]  # (4, 4) -> (4, 4, 1)
    return Lesson("Residual block", layers, [kernel, np.array([1])], x, np.tile([1, 0, -2, 3], 4))


@cache
def lesson_facts() -> tuple[dict[str, Any], ...]:
    """What the page holds of the lessons: as `data.page_data`, each with its tensors."""
    return (*map(facts_of, lessons()), batch_facts())


def batch_facts() -> dict[str, Any]:
    """Batch normalization of four examples of two channels, in training and in inference, and back.

    The tensors are the whole batch's, (4, 2). An epsilon of 1 makes the numbers round.
    """
    layer = BatchNormalization(momentum=0.5, epsilon=1.0, name="batch_normalization")
    lesson = Lesson("", [layer], [np.array(w) for w in ([2, 2], [1, 0], [2, 1], [3, 3])], np.zeros(2), np.zeros(2))
    chain, x = built(lesson), np.array([[1, 2], [5, 2], [5, 6], [5, 2]], np.float32)
    trace = traced(chain, x, np.array([[1, 4], [3, 0], [-1, 0], [1, 0]]))
    own, tensors = trace["batch_normalization"], Tensors()
    inference, _ = chain.forward(x)
    for name, value in (own.arrays() | {"inference": inference}).items():
        tensors.add(name, value)
    return {"title": "Batch normalization", "layers": [], "batch": True, "optimizer": None, "tensors": tensors.table}


def traced(chain: Chain, x: Array, gradient: Array) -> Trace:
    """The trace of x, (N, ...), with the targets that give the output this gradient: 2*(y - targets)/n."""
    y, _ = chain.forward(x, training=True)
    targets = (y - y.size / 2 * gradient.reshape(y.shape)).astype(np.float32)
    return trace_step(chain, MeanSquaredError(), x, targets, Position(0, 0), training=True)


def facts_of(lesson: Lesson) -> dict[str, Any]:
    """One lesson, traced."""
    chain = built(lesson)
    trace = traced(chain, lesson.x[None].astype(np.float32), lesson.gradient)
    tensors = Tensors()
    for layer in trace.layers.values():
        for key, value in layer.parameters.items():
            tensors.add(f"{layer.name}/parameters/{key}", value)
    add_trace(tensors, trace, trace.layers, set(trace.layers))
    optimizer = SGD(0.5, momentum=0.5)
    if lesson.velocity is not None:
        optimizer.iterations = 1  # the step that left the velocity
        optimizer.state["velocity"] = {"conv2d/kernel": lesson.velocity.astype(np.float32)}
    update = add_updates(tensors, optimizer, trace, chain.trained_params)
    layers = [layer_facts(layer, trace[str(path)]) for path, layer in chain.leaves()]
    return {
        "title": lesson.title,
        "layers": layers,
        "loss": loss_facts(MeanSquaredError()),
        "optimizer": update,
        "tensors": tensors.table,
    }


def built(lesson: Lesson) -> Chain:
    """The lesson's layers with its weights."""
    chain, weights = Chain(list(lesson.layers)), list(lesson.weights)
    chain.build(lesson.x.shape, None, np.float32)
    for _, layer in chain.leaves():
        count = len(layer.arrays)
        layer.set_weights([w.astype(np.float32) for w in weights[:count]])
        del weights[:count]
    return chain
