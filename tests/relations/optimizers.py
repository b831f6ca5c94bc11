"""Relations of optimizers and of initializers."""

from collections.abc import Sequence

import numpy as np
from faults import Fault
from hypothesis import strategies as st
from numeric import same_bits

from numpycnn import initializers
from numpycnn.common.typing import Array
from numpycnn.initializers import VarianceScaling, fans
from numpycnn.optimizers import SGD, Adam, Optimizer, RMSprop
from relations.common import counts, generator, near, seeds
from relations.table import Draw, relation

rates = st.sampled_from((0.0, 0.5, 0.9))
powers = st.sampled_from((0.25, 2.0, 1024.0))  # multiplying by a power of two never rounds


def sgds() -> st.SearchStrategy[SGD]:
    return st.builds(SGD, st.just(0.5), rates, st.booleans())


def rmsprops(epsilon: float = 1e-7) -> st.SearchStrategy[RMSprop]:
    return st.builds(RMSprop, st.just(0.01), st.sampled_from((0.5, 0.9)), rates, st.just(epsilon), st.booleans())


def adams(epsilon: float = 1e-7) -> st.SearchStrategy[Adam]:
    return st.builds(Adam, st.just(0.01), st.sampled_from((0.5, 0.9)), st.sampled_from((0.9, 0.999)), st.just(epsilon))


optimizers: st.SearchStrategy[Optimizer] = st.one_of(sgds(), rmsprops(), adams())


@st.composite
def gradients(draw: st.DrawFn) -> list[Array]:
    """Some steps' gradients of one parameter, none of them zero."""
    rng = generator(draw)
    shape = draw(st.integers(1, 4)), draw(counts)
    return [rng.uniform(0.1, 1.0, shape) * rng.choice((-1, 1), shape) for _ in range(draw(st.integers(1, 4)))]


def moved(optimizer: Optimizer, steps: Sequence[Array], start: float = 0.0) -> Array:
    """Where steps with these gradients lead from `start`, by an optimizer like this one that has made none."""
    fresh = type(optimizer)(**optimizer.get_config())
    w = np.full_like(steps[0], start)
    for g in steps:
        fresh.update({"w": w}, {"w": g})
    return w


# ---------------------------------------------------------------- all optimizers


@relation(Fault(SGD.step, "change = -self.step_size * g", "change = -max(self.step_size, 1e-3) * g"))
def a_learning_rate_of_zero_moves_nothing(draw: Draw) -> None:
    """step(w; learning rate 0) = w, bit for bit."""
    optimizer, steps = draw(optimizers), draw(gradients())
    optimizer.learning_rate = 0.0
    same_bits(moved(optimizer, steps, start=0.1), np.full_like(steps[0], 0.1))


@relation(Fault(SGD.step, "v += change", "v -= g"))
def steps_are_as_long_as_the_learning_rate(draw: Draw) -> None:
    """move(a * learning rate) = a * move(learning rate), bit for bit for powers of two."""
    optimizer, steps, a = draw(optimizers), draw(gradients()), draw(powers)
    once = moved(optimizer, steps)
    optimizer.learning_rate *= a
    same_bits(moved(optimizer, steps), a * once)


@relation(Fault(RMSprop.step, "v += change", "v += np.abs(change)"))
def opposite_gradients_make_opposite_steps(draw: Draw) -> None:
    """move(-g) = -move(g), bit for bit."""
    optimizer, steps = draw(optimizers), draw(gradients())
    same_bits(moved(optimizer, [-g for g in steps]), -moved(optimizer, steps))


@relation(Fault(Adam.step, "w -= change", "w -= 0.01 * w + change"))
def steps_do_not_depend_on_the_place(draw: Draw) -> None:
    """step(w + c) = step(w) + c: there is no decay of weights."""
    optimizer, steps = draw(optimizers), draw(gradients())
    near(moved(optimizer, steps, start=3.0), 3.0 + moved(optimizer, steps))


@relation(Fault(RMSprop.step, "np.add(d, self.epsilon", "np.add(d.mean(), self.epsilon"))
def entries_move_by_themselves(draw: Draw) -> None:
    """move(g)[k] = move(g[k]) for each row k of a parameter, bit for bit."""
    optimizer, steps = draw(optimizers), draw(gradients())
    whole = moved(optimizer, steps)
    for k in range(len(whole)):
        same_bits(whole[k], moved(optimizer, [g[k] for g in steps]))


@relation(Fault(Optimizer.parts, "self.slots_of(name, w)", "self.slots_of('a', w)"))
def parameters_move_by_themselves(draw: Draw) -> None:
    """step(a and b) = step(a) and step(b), bit for bit."""
    optimizer, steps = draw(optimizers), draw(gradients())
    fresh = type(optimizer)(**optimizer.get_config())
    a, b = np.zeros_like(steps[0]), np.zeros_like(steps[0])
    for g in steps:
        fresh.update({"a": a, "b": b}, {"a": g, "b": g**2})
    same_bits(a, moved(optimizer, steps))
    same_bits(b, moved(optimizer, [g**2 for g in steps]))


# ---------------------------------------------------------------- each of them


@relation(Fault(SGD.step, "self.step_size * g", "self.step_size * g.clip(-1, 1)"))
def sgd_is_linear(draw: Draw) -> None:
    """move(2g - 3h) = 2 move(g) - 3 move(h)."""
    optimizer, g = draw(sgds()), draw(gradients())
    h = [np.roll(step, 1) for step in g]
    mixed = moved(optimizer, [2 * a - 3 * b for a, b in zip(g, h, strict=True)])
    near(mixed, 2 * moved(optimizer, g) - 3 * moved(optimizer, h))


@relation(Fault(SGD.step, "self.momentum * v + change if self.nesterov", "self.momentum * v if self.nesterov"))
def nesterov_looks_ahead(draw: Draw) -> None:
    """move(g; nesterov) = (1 + momentum)*move(g) - momentum*move(g without the last step)."""
    steps, momentum = draw(gradients()), draw(rates)
    plain, ahead = SGD(0.5, momentum), SGD(0.5, momentum, nesterov=True)
    behind = moved(plain, steps[:-1]) if steps[1:] else 0
    near(moved(ahead, steps), (1 + momentum) * moved(plain, steps) - momentum * behind)


@relation(Fault(RMSprop.step, "change *= g\n", "np.abs(change, out=change)\n"))
def rmsprop_without_epsilon_ignores_the_scale_of_gradients(draw: Draw) -> None:
    """move(a*g) = move(g) where epsilon is 0, bit for bit for powers of two."""
    optimizer, steps, a = draw(rmsprops(0.0)), draw(gradients()), draw(powers)
    same_bits(moved(optimizer, [a * g for g in steps]), moved(optimizer, steps))


@relation(Fault(Adam.step, "np.sqrt(v, out=change)", "change[...] = v"))
def adam_without_epsilon_ignores_the_scale_of_gradients(draw: Draw) -> None:
    """move(a*g) = move(g) where epsilon is 0, bit for bit for powers of two."""
    optimizer, steps, a = draw(adams(0.0)), draw(gradients()), draw(powers)
    same_bits(moved(optimizer, [a * g for g in steps]), moved(optimizer, steps))


@relation(Fault(Adam.step, "* sqrt(1.0 - self.beta_2**t) /", "/"))
def adams_first_step_is_the_sign(draw: Draw) -> None:
    """move(g) = -learning rate * sign(g) for one step where epsilon is 0."""
    optimizer, (g, *_) = draw(adams(0.0)), draw(gradients())
    near(moved(optimizer, [g]), -optimizer.learning_rate * np.sign(g))


@relation(Fault(RMSprop.step, "d = np.maximum(a - m * m, 0.0)", "d = np.maximum(a + m * m, 0.0)"))
def centered_rmsprop_takes_no_smaller_steps(draw: Draw) -> None:
    """|move(g; centered)| >= |move(g)| for one step: a variance is no more than the mean square."""
    (g, *_), rho = draw(gradients()), draw(st.sampled_from((0.5, 0.9)))
    plain, centered = RMSprop(0.01, rho), RMSprop(0.01, rho, centered=True)
    assert (np.abs(moved(centered, [g])) >= np.abs(moved(plain, [g]))).all()


@relation(Fault(Adam.step, "(1.0 - self.beta_1**t)", "(1.0 - self.beta_1)"))
def adam_in_steady_gradients_is_the_sign(draw: Draw) -> None:
    """move(g, t times) = t * move(g) where epsilon is 0: the means are corrected for having started at zero."""
    optimizer, (g, *_), t = draw(adams(0.0)), draw(gradients()), draw(st.integers(1, 5))
    near(moved(optimizer, [g] * t), t * moved(optimizer, [g]))


# ---------------------------------------------------------------- initializers

distributions = st.sampled_from(("uniform", "truncated_normal", "untruncated_normal"))


@relation(Fault(VarianceScaling.drawn, "std = sqrt(self.scale / n)", "std = self.scale / n"))
def initial_weights_grow_as_the_root_of_the_scale(draw: Draw) -> None:
    """weights(4*scale) = 2*weights(scale), bit for bit."""
    seed, kind, shape = draw(seeds), draw(distributions), (draw(counts), draw(counts))
    small, large = (VarianceScaling(s, "fan_avg", kind)(shape, np.random.default_rng(seed), np.float64) for s in (1, 4))
    same_bits(large, 2 * small)


@relation(Fault(fans, "receptive_field * shape[-1]", "shape[-1]"))
def fan_out_is_fan_in_turned(draw: Draw) -> None:
    """weights((..., a, b); fan_out) = weights((..., b, a); fan_in), in the order in which they are drawn."""
    seed, kind, (*rest, a, b) = draw(seeds), draw(distributions), [draw(counts) for _ in range(4)]
    out = VarianceScaling(1.0, "fan_out", kind)((*rest, a, b), np.random.default_rng(seed), np.float64)
    into = VarianceScaling(1.0, "fan_in", kind)((*rest, b, a), np.random.default_rng(seed), np.float64)
    same_bits(out.ravel(), into.ravel())


@relation(Fault(initializers.cut_normal, "np.abs(values) > 2", "values > 2"))
def truncated_weights_lie_within_two_deviations(draw: Draw) -> None:
    """|weights| <= 2 standard deviations, before they are widened to keep the variance."""
    values = initializers.cut_normal((100,), generator(draw))
    assert np.abs(values).max() <= 2
