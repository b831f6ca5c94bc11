"""ONNX's normalizations as layers."""

import numpy as np

from numpycnn import layers
from numpycnn.files.onnx.stack import Operation, Reader, Stack

MAX_CHANNELS = 2**20
"""For which a file may have fewer weights than channels: they are repeated."""


def batch_normalization(operation: Operation, stack: Stack) -> None:
    """BatchNormalization by given averages."""
    operation.skip_data()
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    arrays = {name: operation.required(k) for k, name in enumerate(names, start=1)}
    if operation.integer("training_mode", 0) or operation.integer("spatial", 1) != 1:
        raise ValueError("is read in inference alone")
    momentum, epsilon = operation.number("momentum", 0.9), operation.number("epsilon", 1e-5)
    stack.add(layers.BatchNormalization(stack.axis(1), momentum, epsilon), **arrays)


def layer_normalization(operation: Operation, stack: Stack) -> None:
    """LayerNormalization over the last axes."""
    operation.skip_data()
    gamma, beta = operation.required(1), operation.array(2)
    operation.integer("stash_type", 1)
    stack.plain()
    axes = len(stack.order)
    first = operation.integer("axis", -1) % axes
    over = [-1] if first == axes - 1 else [*range(first, axes)]
    arrays = {"gamma": gamma} | ({} if beta is None else {"beta": beta})
    own = layers.LayerNormalization(over, operation.number("epsilon", 1e-5), center=beta is not None)
    stack.add(own, **arrays)


def instance_normalization(operation: Operation, stack: Stack) -> None:
    """GroupNormalization of single channels."""
    normalized_groups(operation, stack, -1)


def group_normalization(operation: Operation, stack: Stack) -> None:
    """GroupNormalization; before opset 21 with one gamma for each group."""
    operation.integer("stash_type", 1)
    normalized_groups(operation, stack, operation.integer("num_groups"), one_each=operation.opset < 21)


def own_group_normalization(operation: Operation, stack: Stack) -> None:
    """The function of this library."""
    normalized_groups(operation, stack, operation.integer("groups"))


def normalized_groups(operation: Operation, stack: Stack, groups: int, one_each: bool = False) -> None:
    """GroupNormalization. one_each: whether there is one gamma for a group, not one for a channel."""
    operation.skip_data()
    gamma, beta = operation.required(1).reshape(-1), operation.required(2).reshape(-1)  # one for each channel
    axis = stack.axis(1)
    if one_each and groups == gamma.size == beta.size and stack.example[0] <= MAX_CHANNELS:
        gamma, beta = (np.repeat(values, stack.example[0] // groups) for values in (gamma, beta))
    own = layers.GroupNormalization(groups, axis, operation.number("epsilon", 1e-5))
    stack.add(own, gamma=gamma, beta=beta)


def rms_scaling(operation: Operation, stack: Stack) -> None:
    """The function of this library: LayerNormalization(rms_scaling=True)."""
    operation.skip_data()
    gamma = operation.required(1)
    over = operation.integers("axes")
    stack.plain()
    own = layers.LayerNormalization(over, operation.number("epsilon"), center=False, rms_scaling=True)
    stack.add(own, gamma=gamma)


READERS: dict[str, Reader] = {
    "BatchNormalization": batch_normalization,
    "GroupNormalization": group_normalization,
    "InstanceNormalization": instance_normalization,
    "LayerNormalization": layer_normalization,
    "numpycnn.group_normalization": own_group_normalization,
    "numpycnn.rms_scaling": rms_scaling,
}
"""By operator."""
