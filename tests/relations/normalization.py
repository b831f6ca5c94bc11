"""Relations of batch normalization, which has symmetries of its own."""

from typing import NamedTuple

import numpy as np
from faults import Fault
from hypothesis import strategies as st

from numpycnn import functional as F
from numpycnn.common.typing import Array, Rng
from numpycnn.functional import normalization
from numpycnn.layers import BatchNormalization
from relations.common import counts, generator, near
from relations.table import Draw, relation

EPSILON = 2.0**-6


class Case(NamedTuple):
    """A layer of three channels whose arrays are neither zeros nor ones, a batch, and the gradient of its output."""

    layer: BatchNormalization
    x: Array
    dy: Array
    rng: Rng


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A batch of 2 to 4 vectors or images."""
    rng = generator(draw)
    shape = (*draw(st.sampled_from(((), (1,), (2, 3)))), 3)
    layer = BatchNormalization(momentum=draw(st.sampled_from((0.5, 0.9))), epsilon=EPSILON)
    layer.build(shape, rng, np.float64)
    layer.set_weights([rng.uniform(0.5, 2.0, 3) for _ in layer.arrays])
    x, dy = rng.normal(size=(2, draw(counts) + 1, *shape))
    return Case(layer, x, dy, rng)


def forward(layer: BatchNormalization, x: Array) -> Array:
    """The output in training."""
    return layer.forward(x, training=True)[0]


def input_gradient(case: Case) -> Array:
    """dx in training."""
    _, cache = case.layer.forward(case.x, training=True)
    return case.layer.backward(case.dy, cache)[0]


def channel_sums(a: Array) -> Array:
    """The sum over all axes but the last."""
    return a.reshape(-1, a.shape[-1]).sum(axis=0)


@relation(Fault(F.moments, "mean = channel_sums(x) / size", "mean = channel_sums(x) / (size + 1)"))
def a_shift_of_the_batch_is_not_seen(draw: Draw) -> None:
    """y(x + c) = y(x), for any c of each channel."""
    case = draw(cases())
    near(forward(case.layer, case.x + case.rng.integers(-4, 5, 3)), forward(case.layer, case.x))


@relation(Fault(F.inverse_std, "np.sqrt(variance + epsilon)", "(np.sqrt(variance) + epsilon)"))
def scale_and_epsilon_go_together(draw: Draw) -> None:
    """y(a*x; a**2*epsilon) = y(x; epsilon), for any positive a."""
    case, a = draw(cases()), draw(st.sampled_from((0.25, 2.0, 8.0)))
    scaled = case.layer.with_arrays(case.layer.params, case.layer.state)
    assert isinstance(scaled, BatchNormalization)
    scaled.epsilon = a * a * EPSILON
    near(forward(scaled, a * case.x), forward(case.layer, case.x))


@relation(Fault(normalization.merge_two, "(a.size * b.size / size)", "b.size"))
def moments_merge(draw: Draw) -> None:
    """merge(moments of the parts) = moments of the whole, for any two or three parts."""
    case = draw(cases())
    x = np.concatenate([case.x, case.dy])
    cuts = sorted({draw(st.integers(1, len(x) - 1)), draw(st.integers(1, len(x) - 1))})
    found, expected = F.merge_moments(map(F.moments, np.split(x, cuts))), F.moments(x)
    assert found.size == expected.size
    near(found.mean, expected.mean)
    near(found.m2, expected.m2)


@relation(Fault(BatchNormalization.statistics, "moments.m2 / moments.size", "moments.m2 / (moments.size - 1)"))
def a_batch_twice_over_is_normalized_alike(draw: Draw) -> None:
    """y(x and x again) = y(x) and y(x) again."""
    case = draw(cases())
    y = forward(case.layer, case.x)
    near(forward(case.layer, np.concatenate([case.x, case.x])), np.concatenate([y, y]))


@relation(Fault(normalization.channel_sums, ".sum(axis=0)  #", ".sum(axis=0)[::-1]  #"))
def channels_are_normalized_each_alone(draw: Draw) -> None:
    """y(x[..., p]; gamma[p], beta[p]) = y(x)[..., p], for any order p of the channels."""
    case = draw(cases())
    p = case.rng.permutation(3)
    turned = case.layer.with_arrays(
        *({k: a[p] for k, a in own.items()} for own in (case.layer.params, case.layer.state))
    )
    near(turned.forward(case.x[..., p], training=True)[0], forward(case.layer, case.x)[..., p])


@relation(Fault(F.moments, "channel_sums(x) / size", "channel_sums(x[:1]) * len(x) / size"))
def examples_have_no_order(draw: Draw) -> None:
    """y(x[p]) = y(x)[p], for any order p of the examples."""
    case = draw(cases())
    p = case.rng.permutation(len(case.x))
    near(forward(case.layer, case.x[p]), forward(case.layer, case.x)[p])


@relation(Fault(BatchNormalization.forward_micro, "if training and self.trainable:", "if self.trainable:"))
def inference_is_affine(draw: Draw) -> None:
    """y(a + b) + y(0) = y(a) + y(b)."""
    case = draw(cases())
    whole, zero, *parts = (case.layer.forward(x)[0] for x in (case.x + case.dy, np.zeros_like(case.x), case.x, case.dy))
    near(whole + zero, parts[0] + parts[1])


@relation(Fault(F.batch_norm_backward_input, "dy - mean_dy - xhat * mean_dy_xhat", "dy - xhat * mean_dy_xhat"))
def gradients_of_a_channel_cancel(draw: Draw) -> None:
    """sum(dx) = 0 for each channel, since a shift of the batch is not seen."""
    dx = input_gradient(draw(cases()))
    near(channel_sums(dx), np.zeros(3))


@relation(Fault(F.batch_norm_backward_input, "dy - mean_dy - xhat * mean_dy_xhat", "dy - mean_dy"))
def only_epsilon_sees_the_scale(draw: Draw) -> None:
    """sum(dx*x) = epsilon/(variance + epsilon) * sum(dy*(y - beta)) for each channel: by Euler, as a scale is not seen."""
    case = draw(cases())
    beta, variance = case.layer.params["beta"], case.x.reshape(-1, 3).var(axis=0)
    left = channel_sums(input_gradient(case) * case.x)
    right = channel_sums(case.dy * (forward(case.layer, case.x) - beta)) * EPSILON / (variance + EPSILON)
    near(left, right)


@relation(
    Fault(BatchNormalization.next_state, "self.momentum * self.state[key] +", "(1 - self.momentum) * self.state[key] +")
)
def moving_averages_come_nearer(draw: Draw) -> None:
    """next - batch = momentum*(moving - batch), of the mean and of the variance."""
    case = draw(cases())
    rows = case.x.reshape(-1, 3)
    batch = {"moving_mean": rows.mean(axis=0), "moving_variance": rows.var(axis=0)}
    _, cache = case.layer.forward(case.x, training=True)
    moved = case.layer.next_state(cache)
    for key in batch:
        near(moved[key] - batch[key], case.layer.momentum * (case.layer.state[key] - batch[key]))
