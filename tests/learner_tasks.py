"""Twenty things that a learner should find out with the explorer's page, and their answers.

`how` is what one does on the page, in order; `read` where the answer then stands, as a CSS selector and a pattern.
"""

from typing import NamedTuple

import numpy as np

from numpycnn import Sequential
from numpycnn.layers import Conv2D, Dense, Flatten, MaxPooling2D
from numpycnn.show.explorer.lessons import SEVEN


class Task(NamedTuple):
    """A question with its answer."""

    question: str
    answer: str
    how: tuple[tuple[str | int, ...], ...]
    read: tuple[str, str]


def network() -> Sequential:
    """The network of the page that the tasks are about: whole numbers too, and three classes."""
    model = Sequential(
        [
            Conv2D(2, 3, activation="relu", input_shape=(5, 5, 1)),
            MaxPooling2D(2, strides=1),
            Flatten(),
            Dense(3, activation="softmax"),
        ]
    )
    model.compile("sgd", "categorical_crossentropy")
    kernel = np.stack([[[1, 0, -1], [0, 0, 1], [0, -1, 2]], [[0, 1, 0], [1, -2, 1], [0, 1, 0]]], axis=-1)
    dense = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, -1, 0], [0, 1, -1], [0, 0, 1], [-1, 0, 1], [1, 1, -1]]) / 8
    model.set_weights([kernel[:, :, None], np.array([1, 0]), dense, np.zeros(3)])  # (3, 3, 2) -> (3, 3, 1, 2)
    return model


IMAGE = SEVEN[None, :, :, None]  # (5, 5) -> (1, 5, 5, 1)


def story(title: str, *more: tuple[str | int, ...]) -> tuple[tuple[str | int, ...], ...]:
    """Choose a story of the first example."""
    return (("select", "#stageStory", title), *more)


def example(title: str, *more: tuple[str | int, ...]) -> tuple[tuple[str | int, ...], ...]:
    """Choose an example."""
    return (("select", "#stageSubject", title), *more)


STEP = ("click", "#stageStep")
SUM, RESULT = "#stageSum", "#stageResult"
COLOURS = "3 by 3 pixels of three channels, two filters"

TASKS = [
    Task("What is the output at (1, 0)?", "5", (STEP,) * 3, (RESULT, r"Output cell \(1, 0\) = (.*)$")),
    Task("Which term adds most to that output?", "2 x 2", (STEP,) * 3, (SUM, r"(\d x \d) = 4")),
    Task(
        "Why is the output at (1, 1) 0?",
        "pre-activation -2; relu makes it 0",
        (("cell", "#stageTarget", 1, 1, 3, 3),),
        (SUM, r"= (pre-activation .*)\."),
    ),
    Task("What is the bias?", "1", (), (SUM, r"bias (\S+) =")),
    Task(
        "Which output cell is row 5 of the matrix for?",
        "(1, 2)",
        story("The same as a matrix: im2col", *(STEP,) * 5),
        (RESULT, r"Row 5 .* output cell (\(.*\))$"),
    ),
    Task(
        "Which pixel won in the pooling's window (1, 1)?",
        "(2, 2)",
        story("Pooling, forward and backward", *(STEP,) * 3),
        (SUM, r"at pixel (\(.*?\))"),
    ),
    Task(
        "What comes back to that pixel?",
        "1",
        story("Pooling, forward and backward", *(STEP,) * 3),
        (SUM, r"dL/d output, here (\S+),"),
    ),
    Task("How large is the loss?", "10", story("The loss and its gradient"), (RESULT, r"L = (\S+);")),
    Task(
        "By how much does the loss fall for each 1 that output 1 grows, at first?",
        "-2",
        story("The loss and its gradient", STEP),
        (RESULT, r"output 1 = (\S+)$"),
    ),
    Task(
        "What is the gradient of the weight at tap (0, 1)?",
        "-3",
        story("Backward: the kernel's gradient", ("cell", "#stageTarget", 0, 1, 3, 3)),
        (RESULT, r"tap \(0, 1\) = (\S+)$"),
    ),
    Task(
        "How many windows hand a gradient to the pixel in the middle?",
        "9",
        story("Backward: the input's gradient", ("cell", "#stageTarget", 2, 2, 5, 5)),
        (SUM, r"adds up (\d+) contribution"),
    ),
    Task(
        "And to a corner?",
        "1",
        story("Backward: the input's gradient", ("cell", "#stageTarget", 4, 4, 5, 5)),
        (SUM, r"adds up (\d+) contribution"),
    ),
    Task(
        "What is the weight at tap (0, 1) after the update?",
        "2.5",
        story("The update of the weights", STEP),
        (RESULT, r"\u2192 (\S+)$"),
    ),
    Task(
        "What is a tap?",
        "one place of the kernel",
        (("press", "#tour .term", "Enter"),),
        (".meaning", "A tap is (.*):"),
    ),
    Task(
        "What does channel 2 add to the output at (0, 1) of filter 0?",
        "(-1)",
        example(COLOURS, STEP),
        (SUM, r"All 3 channels: .* \+ (\S+) ="),
    ),
    Task(
        "The mean of channel 1 over the batch?",
        "3",
        example("Batch normalization", STEP),
        (SUM, r"The channel's mean is .* = (\S+), its"),
    ),
    Task(
        "No gradient comes to example 2, channel 1. What does it hand on nevertheless?",
        "-0.25",
        example("Batch normalization", ("select", "#stageStory", "Backward: what the batch shares"), *(STEP,) * 5),
        (RESULT, r"dL/dx = (\S+)$"),
    ),
    Task("What does this page's network take the example for?", "0", (), ("#source", r"The answer is (\d)")),
    Task(
        "Why is the gradient at (1, 1) of filter 0 zero?",
        "Nothing came back here",
        (
            ("click", "#stage-1"),
            ("fill", "#filter", "0"),
            ("cell", "#dpre_activation", 1, 1, 3, 3),
        ),
        ("#reading", r"(Nothing came back here|The ReLU is inactive here)"),
    ),
    Task(
        "Which place of the image is input 5 of the dense layer?",
        "row 1, column 0, channel 1",
        (("click", "#stage-4"), ("cell", "#image", 0, 5, 1, 8)),
        ("#reading h3", r"Input 5: (.*) of dense"),
    ),
]
