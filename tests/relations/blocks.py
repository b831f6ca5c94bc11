"""Relations of what arranges other layers, or values: blocks, a Sequential inside another, InputLayer, Reshape, Permute."""

import numpy as np
from cases import integers
from faults import Fault
from hypothesis import strategies as st
from numeric import same_bits

from numpycnn.common.typing import Array, Rng
from numpycnn.layers import Activation, Branches, Dense, Flatten, Input, InputLayer, Layer, Permute, Reshape, Residual
from numpycnn.layers.chain import Chain
from relations.common import counts, generator
from relations.drawn_networks import (
    OUTPUTS,
    copies,
    examples,
    learn,
    like,
    model_of,
    same_gradients,
    with_whole_numbers,
)
from relations.table import Draw, relation

WIDTH = 3
orders = st.permutations((1, 2, 3)).map(tuple)


def of_whole_numbers(layer: Layer, shape: tuple[int, ...], rng: Rng) -> Layer:
    """The layer, built for that shape, its weights from -2 to 2."""
    layer.build(shape, rng, np.float64)
    layer.set_weights([integers(rng, w.shape, w.dtype, 2) for w in layer.get_weights()])
    return layer


def passes(layer: Layer, x: Array, dy: Array) -> tuple[Array, Array]:
    """(y, dx)."""
    y, cache = layer.forward(x)
    return y, layer.backward(dy, cache)[0]


def data(draw: Draw, rng: Rng, *shape: int) -> tuple[Array, Array]:
    """A batch, and another one for the gradient."""
    x, dy = integers(rng, (2, draw(counts), *shape), np.float64, 3)
    return x, dy


# ---------------------------------------------------------------- blocks


@relation(Fault(Branches.backward_micro, "dx + own_dx", "own_dx"))
def main_and_shortcut_may_change_places(draw: Draw) -> None:
    """y(x; main, shortcut) = y(x; shortcut, main), and so is dx."""
    rng = generator(draw)
    x, dy = data(draw, rng, WIDTH)
    made = [Dense(2, activation="relu"), Dense(WIDTH)], [Dense(WIDTH)]
    main, shortcut = made if draw(st.booleans()) else (made[0], [])
    block = of_whole_numbers(Residual(main, shortcut), (WIDTH,), rng)
    turned = Residual(copies(shortcut), copies(main))
    turned.build((WIDTH,), rng, np.float64)
    turned.set_weights([*block.get_weights()[4:], *block.get_weights()[:4]])
    for one, other in zip(passes(block, x, dy), passes(turned, x, dy), strict=True):
        same_bits(one, other)


@relation(Fault(Branches.merged, "total = total + y", "total = np.maximum(total, y)"))
def a_residual_of_nothing_doubles(draw: Draw) -> None:
    """y(x; no layers) = 2x, y(x; a Residual of nothing twice, inside) = 3x, and so are the gradients."""
    x, dy = data(draw, generator(draw), WIDTH)
    nested: Layer = Residual([Residual([])])
    for block, times in ((Residual([]), 2), (nested, 3)):
        block.build((WIDTH,), np.random.default_rng(0), np.float64)
        y, dx = passes(block, x, dy)
        same_bits(y, times * x)
        same_bits(dx, times * dy)


@relation(Fault(Branches.merged, "np.concatenate(ys, axis", "np.concatenate(ys[::-1], axis"))
def a_matrix_of_blocks(draw: Draw) -> None:
    """[a(x), b(x)] @ [K; L] = a(x) @ K + b(x) @ L, for branches a and b, and so is dx."""
    rng = generator(draw)
    x, dy = data(draw, rng, WIDTH)
    one, two = [Dense(draw(counts), activation="relu")], [Dense(draw(counts), activation="relu")]
    beside = of_whole_numbers(Chain([Branches([one, two]), Dense(WIDTH, use_bias=False)]), (WIDTH,), rng)
    added = Branches([[*copies(layers), Dense(WIDTH, use_bias=False)] for layers in (one, two)], "add")
    added.build((WIDTH,), rng, np.float64)
    *weights, kernel = beside.get_weights()
    rows = one[0].units
    added.set_weights([*weights[:2], kernel[:rows], *weights[2:], kernel[rows:]])
    expected = passes(added, x, dy)
    y, cache = beside.forward(x)
    same_bits(y, expected[0])
    same_bits(beside.backward(dy, cache)[0], expected[1])


# ---------------------------------------------------------------- networks


@relation(Fault(Chain.backward_micro, "end = 0 if to_input else min(", "end = min("), costly=True)
def a_sequential_inside_is_its_layers(draw: Draw) -> None:
    """predict(x; [a, [b, c], d]) = predict(x; [a, b, c, d]), and so are the gradients, wherever the layers are cut."""
    rng = generator(draw)
    made: list[Layer] = [Dense(WIDTH, input_shape=(WIDTH,))]
    for _ in range(draw(counts)):
        made += [Activation("relu"), Dense(draw(counts))]
    flat = with_whole_numbers(model_of([*made, Dense(OUTPUTS)], fast=draw(st.booleans())), rng)
    layers = copies(flat.layers)
    begin = draw(st.integers(0, len(layers) - 1))
    end = draw(st.integers(begin + 1, len(layers)))
    nested = like(flat, [*layers[:begin], model_of(layers[begin:end], fast=flat.fast), *layers[end:]])
    x, y = examples(flat, 4, rng)
    same_bits(nested.predict(x), flat.predict(x))
    same_gradients(learn(nested, x, y), learn(flat, x, y))


@relation(Fault(Input.__init__, "tuple(whole[1:])", "tuple(whole)"), costly=True)
def an_input_layer_is_the_first_layers_shape(draw: Draw) -> None:
    """predict(x; InputLayer(shape) or InputLayer(batch_shape=(n, *shape)), layers) = predict(x; layers of that shape)."""
    rng, shape = generator(draw), (*draw(st.lists(counts, max_size=1)), WIDTH)
    model = with_whole_numbers(model_of([Dense(2, input_shape=shape), Flatten(), Dense(OUTPUTS)]), rng)
    x, y = examples(model, 2, rng)
    for first in (InputLayer(shape), InputLayer(batch_shape=(draw(counts), *shape))):
        layers = copies(model.layers)
        layers[0] = Dense(2)
        other = model_of([first, *layers])  # type: ignore[list-item]  # Sequential takes it before the layers
        assert other.shape_in == model.shape_in
        other.set_weights(model.get_weights())
        same_bits(other.predict(x), model.predict(x))
        same_gradients(learn(other, x, y), learn(model, x, y))


# ---------------------------------------------------------------- values that move


def moved(layer: Layer, x: Array) -> Array:
    """The output for a batch."""
    layer.build(x.shape[1:], np.random.default_rng(0), np.float64)
    return layer.forward(x)[0]


@relation(Fault(Permute.forward, "x.transpose(0, *self.dims)", "x.transpose(np.argsort((0, *self.dims)))"))
def two_orders_are_one(draw: Draw) -> None:
    """permute(permute(x; p); q) = permute(x; p[q]), and dx of p = permute(dy; the inverse of p)."""
    x, _ = data(draw, generator(draw), 2, 3, 4)
    p, q = draw(orders), draw(orders)
    same_bits(moved(Permute(q), moved(Permute(p), x)), moved(Permute(tuple(p[k - 1] for k in q)), x))
    layer = Permute(p)
    y = moved(layer, x)
    same_bits(layer.backward(y, None)[0], moved(Permute(tuple(p.index(k) + 1 for k in (1, 2, 3))), y))


@relation(
    Fault(Reshape.forward, "*self.output_shape_for(x.shape[1:]))", '*self.output_shape_for(x.shape[1:]), order="F")')
)
def reshaping_keeps_the_order_of_values(draw: Draw) -> None:
    """flatten(reshape(x)) = flatten(x), reshape(reshape(x; s); t) = reshape(x; t), and dx = reshape(dy; x's shape)."""
    x, _ = data(draw, generator(draw), 2, 3, 4)
    s, t = draw(st.permutations((4, 3, 2)).map(tuple)), draw(st.sampled_from(((24,), (6, -1), (-1, 2, 2))))
    y = moved(Reshape(s), x)
    same_bits(moved(Flatten(), y), moved(Flatten(), x))
    same_bits(moved(Reshape(t), y), moved(Reshape(t), x))
    same_bits(Reshape(s).backward(y, x.shape)[0], moved(Reshape(x.shape[1:]), y))
