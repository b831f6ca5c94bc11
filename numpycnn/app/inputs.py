"""MNIST's images and labels as a network takes them."""

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.datasets.digits import SIDE, divides
from numpycnn.files import ModelFileError
from numpycnn.models import Sequential
from numpycnn.utils.np_utils import as_targets


def as_inputs(network: Sequential, x: Array) -> Array:
    """Images (n, 28, 28), 0 to 255, in a network's input shape and range: up to 255 if it divides them, otherwise to 1.

    Raises ModelFileError for a network for other images.
    """
    shape = network.shape_in or ()
    if np.prod(shape) != SIDE * SIDE:
        raise ModelFileError(f"expected a network for images of 28 by 28 pixels; its input_shape is {shape}")
    scale = 1 if divides(network) else 1 / 255
    return (np.float32(scale) * x).reshape(len(x), *shape)  # (n, *input_shape)


def targets(network: Sequential, y: Array) -> Array | None:
    """MNIST's labels as the loss takes them; None if the network is not compiled, or does not have ten outputs."""
    if network.loss is None or network.shape_out != (10,):
        return None
    return as_targets(network.loss, y, 10)
