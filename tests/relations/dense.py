"""Relations of dense layers, among themselves and to convolutions, bit for bit in whole numbers."""

from itertools import pairwise

import numpy as np
from cases import integers
from faults import Fault
from hypothesis import strategies as st
from numeric import same_bits

from numpycnn import functional as F
from numpycnn.common.typing import Array, Rng
from numpycnn.layers import Conv2D, Dense, Flatten, Layer
from relations.common import counts, generator
from relations.convolution import cases
from relations.table import Draw, relation


@relation(Fault(F.dense, "y + bias", "y + bias.sum()"))
def two_dense_maps_are_one(draw: Draw) -> None:
    """dense(dense(x; k, b); m, c) = dense(x; k @ m, b @ m + c)."""
    rng, sizes = generator(draw), [draw(counts) for _ in range(4)]
    x, k, m = (integers(rng, pair, np.float64) for pair in pairwise(sizes))
    b, c = integers(rng, k.shape[1:], np.float64), integers(rng, m.shape[1:], np.float64)
    same_bits(F.dense(F.dense(x, k, b), m, c), F.dense(x, k @ m, b @ m + c))


@relation(Fault(F.dense, "x @ kernel\n", "(x @ kernel).cumsum(axis=-1)\n"))
def hidden_units_have_no_order(draw: Draw) -> None:
    """dense(relu(dense(x; k[p], b[p])); m[p]) = dense(relu(dense(x; k, b)); m) for any order p of the hidden units."""
    rng, sizes = generator(draw), [draw(st.integers(1, 5)) for _ in range(4)]
    x, k, m = (integers(rng, pair, np.float64) for pair in pairwise(sizes))
    b, p = integers(rng, k.shape[1:], np.float64), rng.permutation(k.shape[1])
    hidden, ordered = F.relu(F.dense(x, k, b)), F.relu(F.dense(x, k[:, p], b[p]))
    same_bits(F.dense(ordered, m[p], None), F.dense(hidden, m, None))


@relation(Fault(F.dense_backward_input, "return dy @ kernel.T", "return dy @ kernel.reshape(kernel.shape[::-1])"))
def denses_input_gradient_is_the_adjoint(draw: Draw) -> None:
    """<x @ k, g> = <x, dx(g)>."""
    rng, n, d, u = generator(draw), draw(counts), draw(counts), draw(counts)
    x, k, g = (integers(rng, shape, np.float64) for shape in ((n, d), (d, u), (n, u)))
    assert (F.dense(x, k, None) * g).sum() == (x * F.dense_backward_input(g, k)).sum()


@relation(Fault(F.dense_backward, "x = x.reshape(-1, x.shape[-1])", "x = x.reshape(x.shape[-1], -1).T"))
def denses_kernel_gradient_is_the_adjoint(draw: Draw) -> None:
    """<x @ e, g> = <e, dk(g)> for any e, with axes between the batch and the features too."""
    rng, leading, d, u = generator(draw), draw(st.lists(counts, min_size=1, max_size=2)), draw(counts), draw(counts)
    x, e, g = (integers(rng, shape, np.float64) for shape in ((*leading, d), (d, u), (*leading, u)))
    assert (F.dense(x, e, None) * g).sum() == (e * F.dense_backward(g, x)[0]).sum()


# ---------------------------------------------------------------- convolution and dense


def forward_and_back(layer: Layer, x: Array, g: Array) -> tuple[Array, Array, Array, Array]:
    """The output for x and, for its gradient g, those of the input, the kernel and the bias."""
    y, cache = layer.forward(x)
    dx, gradients = layer.backward(g, cache)
    return y, dx, gradients["kernel"], gradients["bias"]


def of_whole_numbers(layer: Conv2D, x: Array, rng: Rng) -> Conv2D:
    """The layer, built for x."""
    layer.build(x.shape[1:], rng, np.float64)
    layer.set_weights([integers(rng, w.shape, np.float64) for w in layer.get_weights()])
    return layer


def dense_like(conv2d: Conv2D, input_shape: tuple[int, ...]) -> Dense:
    """The dense layer that has the convolution's weights."""
    layer = Dense(conv2d.filters)
    layer.build(input_shape, np.random.default_rng(0), np.float64)
    layer.set_weights([conv2d.params["kernel"].reshape(-1, conv2d.filters), conv2d.params["bias"]])
    return layer


@relation(Fault(F.dense_backward, "dy.sum(axis=0)", "dy.mean(axis=0)"))
def a_one_by_one_convolution_is_dense(draw: Draw) -> None:
    """Conv2D(f, 1) = Dense(f), at each pixel; so are their gradients."""
    case = draw(cases())
    layer = of_whole_numbers(Conv2D(case.kernel.shape[3], 1), case.x, case.rng)
    g = integers(case.rng, (*case.x.shape[:3], layer.filters), np.float64)
    twin = dense_like(layer, case.x.shape[1:])
    for ours, theirs in zip(forward_and_back(layer, case.x, g), forward_and_back(twin, case.x, g), strict=True):
        same_bits(ours, theirs.reshape(ours.shape))


@relation(Fault(Flatten.forward, "x.reshape(len(x), prod(x.shape[1:]))", "x.reshape((len(x), -1), order='F')"))
def a_convolution_as_large_as_the_image_is_flatten_and_dense(draw: Draw) -> None:
    """Conv2D(f, (H, W)) = Dense(f) of Flatten; so are their gradients."""
    case = draw(cases())
    n, h, w, _ = case.x.shape
    layer = of_whole_numbers(Conv2D(case.kernel.shape[3], (h, w)), case.x, case.rng)
    g = integers(case.rng, (n, 1, 1, layer.filters), np.float64)
    flatten = Flatten()
    flatten.build(case.x.shape[1:], case.rng, np.float64)
    flat, shape = flatten.forward(case.x)
    y, dx, dkernel, dbias = forward_and_back(dense_like(layer, flat.shape[1:]), flat, g[:, 0, 0])
    dx, _ = flatten.backward(dx, shape)
    for ours, theirs in zip(forward_and_back(layer, case.x, g), (y, dx, dkernel, dbias), strict=True):
        same_bits(ours, theirs.reshape(ours.shape))
