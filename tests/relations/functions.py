"""Relations of activations and dropout."""

import numpy as np
from cases import integers
from faults import Fault
from hypothesis import strategies as st
from numeric import same_bits

from numpycnn import functional as F
from numpycnn.common.typing import Array, Rng
from numpycnn.layers import Dropout
from relations.common import counts, generator, near, seeds
from relations.table import Draw, relation

rates = st.sampled_from((0.1, 0.25, 0.5, 0.9))


def logits(draw: Draw, rng: Rng) -> Array:
    """Logits of a few classes, some of them far apart: (N, ..., K)."""
    shape = (*draw(st.lists(counts, min_size=1, max_size=2)), draw(st.integers(2, 5)))
    return rng.normal(0, draw(st.sampled_from((0.1, 1.0, 10.0))), shape)


# ---------------------------------------------------------------- softmax


@relation(Fault(F.softmax, "minus_largest(z, axis)", "-np.abs(z)"))
def softmax_sees_differences_alone(draw: Draw) -> None:
    """softmax(z + c) = softmax(z) for any shift c of a row, bit for bit in whole numbers."""
    rng = generator(draw)
    z = np.round(logits(draw, rng))
    same_bits(F.softmax(z + integers(rng, (*z.shape[:-1], 1), np.float64, 1000)), F.softmax(z))


@relation(Fault(F.softmax, "e / e.sum(axis=axis, keepdims=True)", "e / e.cumsum(axis=axis)"))
def classes_have_no_order_in_softmax(draw: Draw) -> None:
    """softmax(z[p]) = softmax(z)[p] for any order p of the classes; so is its gradient."""
    rng = generator(draw)
    z = logits(draw, rng)
    p, dy, y = rng.permutation(z.shape[-1]), rng.normal(size=z.shape), F.softmax(z)
    near(F.softmax(z[..., p]), y[..., p])
    near(F.softmax_backward(dy[..., p], z[..., p], y[..., p]), F.softmax_backward(dy, z, y)[..., p])


@relation(Fault(F.softmax_backward, "(dy * y).sum(", "(dy * y).mean("))
def softmax_gradients_cancel(draw: Draw) -> None:
    """sum of dz over the classes = 0."""
    rng = generator(draw)
    z = logits(draw, rng)
    y = F.softmax(z)
    near(F.softmax_backward(rng.normal(size=y.shape), z, y).sum(axis=-1), np.zeros(y.shape[:-1]))


@relation(
    Fault(
        F.softmax_and_log,
        "others = np.where(large, 0, e).sum(axis=axis, keepdims=True)",
        "others = np.where(large, 0, e).sum(axis=0, keepdims=True)",
    )
)
def log_softmax_is_the_logarithm(draw: Draw) -> None:
    """exp(log_softmax(z)) = softmax(z)."""
    z = logits(draw, generator(draw))
    near(np.exp(F.log_softmax(z)), F.softmax(z))


@relation(Fault(F.softmax_and_log, "d = minus_largest(z, axis)", "d = np.minimum(z, 9)"))
def log_softmax_keeps_differences(draw: Draw) -> None:
    """log_softmax(z)[j] - log_softmax(z)[k] = z[j] - z[k]."""
    z = logits(draw, generator(draw))
    near(np.diff(F.log_softmax(z), axis=-1), np.diff(z, axis=-1))


@relation(Fault(F.softmax, "return e /", "return np.exp(-1) * e /"))
def probabilities_sum_to_one(draw: Draw) -> None:
    """sum of softmax(z) over the classes = 1."""
    p = F.softmax(logits(draw, generator(draw)))
    near(p.sum(axis=-1), np.ones(p.shape[:-1]))


@relation(Fault(F.sigmoid_backward, "(1 + e) ** 2", "(1 + e)"))
def softmax_of_two_classes_is_a_sigmoid(draw: Draw) -> None:
    """softmax([z, 0])[0] = sigmoid(z); so are their gradients."""
    rng = generator(draw)
    z = logits(draw, rng)
    pairs, dy = np.stack([z, 0 * z], axis=-1), rng.normal(size=z.shape)
    p, y = F.softmax(pairs), F.sigmoid(z)
    near(p[..., 0], y)
    near(F.softmax_backward(np.stack([dy, 0 * dy], axis=-1), pairs, p)[..., 0], F.sigmoid_backward(dy, z, y))


# ---------------------------------------------------------------- the others


@relation(Fault(F.sigmoid, "np.exp(negative_part(z))", "1"))
def sigmoid_is_symmetric(draw: Draw) -> None:
    """sigmoid(-z) = 1 - sigmoid(z)."""
    z = logits(draw, generator(draw))
    near(F.sigmoid(-z), 1 - F.sigmoid(z))


@relation(Fault(F.sigmoid, "exp_minus_abs(z)", "exp_minus_abs(z / 2)"))
def tanh_is_a_sigmoid(draw: Draw) -> None:
    """tanh(z) = 2 sigmoid(2z) - 1."""
    z = logits(draw, generator(draw))
    near(F.tanh(z), 2 * F.sigmoid(2 * z) - 1)


@relation(Fault(F.tanh_backward, "(1 + e) ** 2", "(1 + e)"))
def tanhs_gradient_is_a_sigmoids(draw: Draw) -> None:
    """dtanh(z) = 4 dsigmoid(2z)."""
    rng = generator(draw)
    z = logits(draw, rng)
    dy = rng.normal(size=z.shape)
    near(F.tanh_backward(dy, z, F.tanh(z)), 4 * F.sigmoid_backward(dy, 2 * z, F.sigmoid(2 * z)))


@relation(Fault(F.tanh, "np.tanh(z)", "np.tanh(np.abs(z))"))
def tanh_is_odd(draw: Draw) -> None:
    """tanh(-z) = -tanh(z)."""
    z = logits(draw, generator(draw))
    near(F.tanh(-z), -F.tanh(z))


@relation(Fault(F.relu, "np.zeros_like(z)", "np.full_like(z, -1)"))
def relu_splits_a_number(draw: Draw) -> None:
    """relu(z) - relu(-z) = z, and relu(relu(z)) = relu(z)."""
    z = logits(draw, generator(draw))
    same_bits(F.relu(z) - F.relu(-z), z)
    same_bits(F.relu(F.relu(z)), F.relu(z))


@relation(Fault(F.relu_backward, "(y.real > 0", "(y.real >= 0"))
def relus_gradient_belongs_to_its_value(draw: Draw) -> None:
    """z * dz = dy * relu(z), at zero too: Euler's equation, for relu(a*z) = a*relu(z)."""
    rng = generator(draw)
    z = integers(rng, logits(draw, rng).shape, np.float64, 2)
    dy = integers(rng, z.shape, np.float64)
    same_bits(z * F.relu_backward(dy, z, F.relu(z)), dy * F.relu(z))


# ---------------------------------------------------------------- dropout


def dropped(x: Array, rate: float, seed: int) -> tuple[Array, Array | None]:
    """What dropout makes of x in training, and its cache."""
    layer = Dropout(rate)
    layer.build(x.shape[1:], np.random.default_rng(0), x.dtype)
    return layer.forward(x, training=True, rng=np.random.default_rng(seed))


def batches(draw: Draw) -> tuple[Array, int]:
    """Whole numbers, none of them zero, and a seed for the mask."""
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    shape = tuple(draw(st.lists(st.integers(1, 9), min_size=2, max_size=3)))
    return integers(rng, shape, np.float64) * 2 + 1, seed


@relation(Fault(Dropout.forward, "if not training or self.rate == 0.0", "if self.rate == 0.0"))
def dropout_is_nothing_at_rate_zero_and_in_inference(draw: Draw) -> None:
    """dropout(x; rate 0) = x, dropout(x; inference) = x, and so are their gradients."""
    x, _ = batches(draw)
    for rate, training in ((0.0, True), (draw(rates), False)):
        layer = Dropout(rate)
        layer.build(x.shape[1:], np.random.default_rng(0), x.dtype)
        y, cache = layer.forward(x, training=training, rng=np.random.default_rng(0))
        same_bits(y, x)
        same_bits(layer.backward(x, cache)[0], x)


@relation(Fault(Dropout.backward, "dy * cache", "dy * (cache > 0)"))
def dropouts_mask_is_the_same_backward(draw: Draw) -> None:
    """backward(x) = forward(x)."""
    (x, seed), rate = batches(draw), draw(rates)
    y, cache = dropped(x, rate, seed)
    same_bits(Dropout(rate).backward(x, cache)[0], y)


@relation(Fault(F.dropout_scale, "1.0 / (1.0 - rate)", "1.0 / rate"))
def what_dropout_keeps_is_scaled_by_what_it_drops(draw: Draw) -> None:
    """(1 - rate)*y = x, or y = 0."""
    (x, seed), rate = batches(draw), draw(rates)
    y, _ = dropped(x, rate, seed)
    near(((1 - rate) * y)[y != 0], x[y != 0])


@relation(
    Fault(
        F.dropout_kept,
        "size=(n, ceil_div(units, 4)), dtype=np.uint64)",
        "size=(n + 1, ceil_div(units, 4)), dtype=np.uint64)[1:]",
    )
)
def masks_of_a_batch_are_those_of_its_parts(draw: Draw) -> None:
    """kept(a + b examples) = kept(a examples), then kept(b examples), by one generator."""
    seed, rate, units = draw(seeds), draw(rates), tuple(draw(st.lists(st.integers(1, 7), min_size=1, max_size=2)))
    parts = draw(st.lists(counts, min_size=1, max_size=3))
    rng = np.random.default_rng(seed)
    each = np.concatenate([F.dropout_kept((n, *units), rate, rng) for n in parts])
    same_bits(F.dropout_kept((sum(parts), *units), rate, np.random.default_rng(seed)), each)


@relation(Fault(F.dropout_kept, "divmod((1.0 - rate) * 2**16", "divmod(rate * 2**16"))
def a_lower_rate_drops_no_more(draw: Draw) -> None:
    """kept(rate r) and kept(rate s) = kept(rate s), for r < s and the same random numbers."""
    (x, seed), pair = batches(draw), sorted((draw(rates), draw(rates)))
    low, high = (F.dropout_kept(x.shape, rate, np.random.default_rng(seed)) for rate in pair)
    same_bits(low & high, high)


@relation(Fault(Dropout.forward, "return x * mask, mask", "return x * mask + mask.mean(), mask"))
def dropout_is_linear(draw: Draw) -> None:
    """dropout(2a - 3b) = 2 dropout(a) - 3 dropout(b), with the same mask."""
    (a, seed), rate = batches(draw), draw(rates)
    b = integers(np.random.default_rng(seed), a.shape, np.float64)
    whole, _ = dropped(2 * a - 3 * b, rate, seed)
    near(whole, 2 * dropped(a, rate, seed)[0] - 3 * dropped(b, rate, seed)[0])
