"""Source lines of the library, shown on the page beside the values that they compute."""

import inspect
from typing import Any

from numpycnn import functional as F
from numpycnn.losses import MeanSquaredError
from numpycnn.losses.crossentropy import crossentropy, logits_gradient, probabilities_gradient

FUNCTIONS: dict[str, Any] = {
    "im2col": F.im2col,
    "conv2d": F.conv2d,
    "conv2d_backward": F.conv2d_backward,
    "conv2d_backward_input": F.conv2d_backward_input,
    "col2im": F.add_taps,
    "max_pool2d": F.max_pool2d,
    "max_pool2d_backward": F.max_pool2d_backward,
    "dense": F.dense,
    "dense_backward": F.dense_backward,
    "dense_backward_input": F.dense_backward_input,
    "dropout": F.dropout_kept,
    "dropout_scale": F.dropout_scale,
    "relu": F.relu,
    "relu_backward": F.relu_backward,
    "sigmoid": F.sigmoid,
    "sigmoid_backward": F.sigmoid_backward,
    "tanh": F.tanh,
    "tanh_backward": F.tanh_backward,
    "softmax": F.softmax,
    "softmax_backward": F.softmax_backward,
    "cross_entropy": crossentropy,
    "cross_entropy_gradient": logits_gradient,
    "probabilities_gradient": probabilities_gradient,
    "squared_error": MeanSquaredError.row_values,
    "squared_error_gradient": MeanSquaredError.row_gradient,
}

MARKED = {
    "im2col": "patches = np.stack",
    "conv2d": "y = cols @",
    "conv2d_backward": "dkernel = cols.T @ dy  #",
    "conv2d_backward_input": "dcols = dy.reshape",
    "col2im": "+= part",
    "max_pool2d": "winner = np.maximum",
    "max_pool2d_backward": "(winner == k) * dy",
    "dense": "y = x @ kernel\n",
    "dense_backward": "return x.T @ dy",
    "dense_backward_input": "return dy @",
    "dropout": "kept = bits <",
    "cross_entropy": "terms = ",
}
"""A substring of the line that computes the value, if that is not the last line."""


def sources() -> dict[str, dict[str, Any]]:
    """For each name: "title", such as functional.im2col, "first", its line in the file, "text", and "marked"."""
    return {name: source(name) for name in FUNCTIONS}


def source(name: str) -> dict[str, Any]:
    """The source of one function, and the index of the marked line."""
    function = FUNCTIONS[name]
    lines, first = inspect.getsourcelines(function)
    found = [k for k, line in enumerate(lines) if MARKED.get(name, "\n") in line]
    title = f"{function.__module__.removeprefix('numpycnn.')}.{function.__qualname__}"
    return {"title": title, "first": first, "text": "".join(lines), "marked": found[-1]}
