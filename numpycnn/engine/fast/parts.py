"""Which layers become a block: a convolution, and the activation, pool and dropout after it."""

from collections.abc import Sequence
from typing import TypeVar

from numpycnn.activations import ActivationFunction, is_own, linear
from numpycnn.engine.fast.block import Parts
from numpycnn.engine.fast.pooling import NO_POOL, Pool
from numpycnn.layers import (
    ELU,
    Activation,
    AveragePooling2D,
    Conv2D,
    Dropout,
    Layer,
    LeakyReLU,
    MaxPooling2D,
    ReLU,
)
from numpycnn.layers.pooling import Pooling2D

MAX_TAPS = 256  # a winner is a uint8

INCREASING = frozenset(
    (
        *("celu", "elu", "exponential", "hard_shrink", "hard_sigmoid", "hard_tanh", "leaky_relu", "linear"),
        *("log_sigmoid", "relu", "relu6", "selu", "sigmoid", "soft_shrink", "softplus", "softsign", "sparse_plus"),
        *("sparse_sigmoid", "squareplus", "tanh", "tanh_shrink"),
    )
)
"""The activations that never fall, with any settings that they allow: they commute with a maximum."""


def parts_at(layers: Sequence[Layer]) -> Parts | None:
    """The parts of the block that these layers begin with, or None.

    A block is Conv2D, then optionally one activation, before a pool or after it, and Dropout. The convolution must have
    one group, and the activation must be one of the library's that take each number by itself; a pool must have the
    convolution's data format; dropout must be without noise_shape and seed, so that a mask can be drawn tile by tile.
    Subclasses are not fused.
    """
    conv, rest = first(layers, Conv2D), list(layers[1:])
    if conv is None or conv.groups > 1 or not is_elementwise(conv.activation):
        return None
    taken: list[Layer] = [conv]
    activation = conv.activation if conv.activation != linear else taken_activation(taken, rest)
    pool = taken_pool(taken, rest, conv, activation)
    before = pool is not NO_POOL and activation != linear and (pool.average or not is_increasing(activation))
    if activation == linear:
        activation = taken_activation(taken, rest)
    dropout = first(rest, Dropout)
    if dropout is not None and dropout.noise_shape is None and dropout.seed is None:
        taken.append(dropout)
    else:
        dropout = None
    used = dropout if dropout is not None and dropout.rate > 0.0 else None
    return Parts(conv, activation, before, pool, used, tuple(layer.name for layer in taken))


def taken_activation(taken: list[Layer], rest: list[Layer]) -> ActivationFunction:
    """The activation of the next layer, which is moved from `rest` to `taken`, if it is one; otherwise linear."""
    for kind in (Activation, ReLU, LeakyReLU, ELU):
        layer = first(rest, kind)
        if layer is not None and is_elementwise(layer.activation):
            taken.append(rest.pop(0))
            return layer.activation
    return linear


def taken_pool(taken: list[Layer], rest: list[Layer], conv: Conv2D, activation: ActivationFunction) -> Pool:
    """The pool of the next layer, which is moved from `rest` to `taken`, if it is one that a block can have.

    Where an activation must come before windows that overlap, it would be computed several times.
    """
    layer: Pooling2D | None = first(rest, MaxPooling2D) or first(rest, AveragePooling2D)
    if layer is None or layer.data_format != conv.data_format or layer.window.count > MAX_TAPS:
        return NO_POOL
    pool = Pool(layer.window, average=isinstance(layer, AveragePooling2D))
    if pool.overlaps and activation != linear and (pool.average or not is_increasing(activation)):
        return NO_POOL
    taken.append(rest.pop(0))
    return pool


def is_elementwise(activation: ActivationFunction) -> bool:
    """Whether it is one of the library's, and takes each number by itself."""
    return not is_own(activation) and activation.setting("axis") is None


def is_increasing(activation: ActivationFunction) -> bool:
    """Whether it is known never to fall."""
    return activation.name in INCREASING


Kind = TypeVar("Kind", bound=Layer)


def first(layers: Sequence[Layer], kind: type[Kind]) -> Kind | None:
    """The first of these layers, if it is of exactly that class, and its output has no penalty."""
    return layers[0] if layers and type(layers[0]) is kind and layers[0].activity_regularizer is None else None
