"""Relations of the newer optimizers, and of clipping, weight decay, averages and schedules."""

from typing import Any

import numpy as np
from faults import Fault
from hypothesis import strategies as st
from numeric import same_bits

from numpycnn.optimizers import SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Lion, Nadam, Optimizer
from numpycnn.optimizers.clipping import clip_norms
from numpycnn.optimizers.schedules import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    LearningRateSchedule,
    OneCycle,
    PolynomialDecay,
)
from relations.common import near
from relations.optimizers import gradients, moved, powers
from relations.table import Draw, relation

betas = st.sampled_from((0.5, 0.9))
scale_free: st.SearchStrategy[Optimizer] = st.one_of(
    st.builds(Nadam, st.just(0.01), betas, betas, st.just(0.0)),
    st.builds(Adagrad, st.just(0.01), st.just(0.0), st.just(0.0)),
    st.builds(Adamax, st.just(0.01), betas, betas, st.just(0.0)),
    st.builds(Lion, st.just(0.01), betas, betas),
)
"""Those whose steps do not depend on the gradients' scale, where epsilon is 0."""
newer: st.SearchStrategy[Optimizer] = st.one_of(scale_free, st.builds(Adadelta, st.just(0.01), betas))


@relation(Fault(Optimizer.update, "at(type(self).__name__, self._rate, self.iterations)", "0.01"))
def newer_steps_are_as_long_as_the_learning_rate(draw: Draw) -> None:
    """move(a * learning rate) = a * move(learning rate), bit for bit for powers of two."""
    optimizer, steps, a = draw(newer), draw(gradients()), draw(powers)
    once = moved(optimizer, steps)
    optimizer.learning_rate *= a
    same_bits(moved(optimizer, steps), a * once)


@relation(Fault(Adamax.step, "np.abs(g), out=u", "g, out=u"))
def opposite_gradients_make_newer_opposite_steps(draw: Draw) -> None:
    """move(-g) = -move(g), bit for bit."""
    optimizer, steps = draw(newer), draw(gradients())
    same_bits(moved(optimizer, [-g for g in steps]), -moved(optimizer, steps))


@relation(Fault(Adadelta.step, "np.sqrt(d + self.epsilon)", "np.sqrt(d.mean() + self.epsilon)"))
def entries_move_by_themselves_in_newer_steps(draw: Draw) -> None:
    """move(g)[k] = move(g[k]) for each row k of a parameter, bit for bit."""
    optimizer, steps = draw(newer), draw(gradients())
    whole = moved(optimizer, steps)
    for k in range(len(whole)):
        same_bits(whole[k], moved(optimizer, [g[k] for g in steps]))


@relation(Fault(Adagrad.step, "a += g * g", "a += np.abs(g)"))
def newer_steps_ignore_the_scale_of_gradients(draw: Draw) -> None:
    """move(a*g) = move(g) where epsilon is 0, bit for bit for powers of two."""
    optimizer, steps, a = draw(scale_free), draw(gradients()), draw(powers)
    same_bits(moved(optimizer, [a * g for g in steps]), moved(optimizer, steps))


@relation(Fault(Adamax.step, "/ (1.0 - self.beta_1**t)", ""))
def adamaxs_first_step_is_the_sign(draw: Draw) -> None:
    """move(g) = -learning rate * sign(g) for one step where epsilon is 0."""
    optimizer, (g, *_) = draw(st.builds(Adamax, st.just(0.01), betas, betas, st.just(0.0))), draw(gradients())
    near(moved(optimizer, [g]), -optimizer.learning_rate * np.sign(g))


@relation(Fault(Lion.step, "np.sign(", "np.tanh("))
def lions_steps_have_one_length(draw: Draw) -> None:
    """|move(g)| = learning rate for one step."""
    optimizer, (g, *_) = draw(st.builds(Lion, st.just(0.01), betas, betas)), draw(gradients())
    near(np.abs(moved(optimizer, [g])), np.full_like(g, optimizer.learning_rate))


@relation(Fault(Adam.step, "np.maximum(slots", "np.minimum(slots"))
def amsgrad_takes_no_larger_steps(draw: Draw) -> None:
    """|last step; amsgrad| <= |last step|: the largest mean of squares is no less than the newest."""
    steps, beta = draw(gradients()), draw(betas)
    plain, largest = Adam(0.01, 0.0, beta), Adam(0.01, 0.0, beta, amsgrad=True)
    last = [np.abs(moved(one, steps) - moved(one, steps[:-1] or [0 * steps[0]])) for one in (plain, largest)]
    assert (last[1] <= last[0] * (1 + 1e-9) + 1e-15).all()


@relation(Fault(Optimizer.step_parts, "w -= w * self.weight_decay * self.step_size", "w -= self.weight_decay"))
def decay_comes_before_the_step(draw: Draw) -> None:
    """step(w; weight decay) = step(w - weight decay*learning rate*w), bit for bit."""
    (g, *_), start, decay = draw(gradients()), draw(st.sampled_from((-2.0, 0.5, 3.0))), draw(powers)
    same_bits(moved(AdamW(0.25, decay), [g], start), moved(Adam(0.25), [g], start - start * decay * 0.25))


@relation(Fault(clip_norms, "each / max(sqrt(squares[name]), each)", "each / sqrt(squares[name])"))
def clipped_gradients_are_shorter_ones(draw: Draw) -> None:
    """move(g; clipnorm) = move(g * min(1, clipnorm/norm(g)))."""
    steps, most = draw(gradients()), draw(st.sampled_from((0.1, 0.5, 5.0)))
    shorter = [g * min(1.0, most / float(np.linalg.norm(g))) for g in steps]
    near(moved(SGD(0.5, 0.5, clipnorm=most), steps), moved(SGD(0.5, 0.5), shorter))
    near(moved(SGD(0.5, 0.5, global_clipnorm=most), steps), moved(SGD(0.5, 0.5), shorter))


@relation(Fault(Optimizer.follow, "average += (1.0 - momentum) * w", "average += w"))
def the_average_lies_among_the_weights(draw: Draw) -> None:
    """min(w_1 ... w_t) <= average <= max(w_1 ... w_t)."""
    steps, optimizer = draw(gradients()), SGD(0.5, use_ema=True, ema_momentum=draw(betas))
    w, seen = np.zeros_like(steps[0]), []
    for g in steps:
        optimizer.update({"w": w}, {"w": g})
        seen.append(w.copy())
    average = optimizer.state["average"]["w"]
    assert (np.min(seen, axis=0) - 1e-12 <= average).all()
    assert (average <= np.max(seen, axis=0) + 1e-12).all()


# ---------------------------------------------------------------- schedules

lengths = st.integers(1, 9)
falling: st.SearchStrategy[LearningRateSchedule] = st.one_of(
    st.builds(ExponentialDecay, st.just(0.5), lengths, st.sampled_from((0.5, 1.0)), st.booleans()),
    st.builds(PolynomialDecay, st.just(0.5), lengths, st.just(0.1), st.sampled_from((0.5, 2.0))),
    st.builds(CosineDecay, st.just(0.5), lengths, st.sampled_from((0.0, 0.5))),
)


@relation(Fault(PolynomialDecay.__call__, "(1.0 - done) ** self.power", "done**self.power"))
def schedules_fall(draw: Draw) -> None:
    """rate(step + 1) <= rate(step), from the initial rate on."""
    schedule, step = draw(falling), draw(st.integers(0, 20))
    assert schedule(step + 1) <= schedule(step) <= schedule(0) == 0.5


@relation(Fault(CosineDecayRestarts.position, "before) / self.t_mul**restarts", "before)"))
def a_restart_is_the_first_cosine_stretched(draw: Draw) -> None:
    """rate(n + 2*step) = rate(step) for step < n, where each cosine is twice as long as the one before."""
    n = draw(lengths)
    schedule, step = CosineDecayRestarts(0.5, n, alpha=draw(st.sampled_from((0.0, 0.5)))), draw(st.integers(0, n - 1))
    near(np.array(schedule(n + 2 * step)), np.array(schedule(step)))


@relation(Fault(OneCycle.phases, "first = self.max_learning_rate / self.div_factor", "first = 0.0"))
def a_cycle_is_proportional_to_its_peak(draw: Draw) -> None:
    """rate(step; a*max) = a*rate(step), and a division by 1 before and after makes all of it the peak."""
    n, three, a = draw(st.integers(1, 30)), draw(st.booleans()), draw(powers)
    strategy, step = draw(st.sampled_from(("cos", "linear"))), draw(st.integers(0, 40))
    options: dict[str, Any] = {"anneal_strategy": strategy, "three_phase": three}
    same_bits(np.array(OneCycle(a, n, **options)(step)), np.array(a * OneCycle(1.0, n, **options)(step)))
    near(np.array(OneCycle(1.0, n, div_factor=1.0, final_div_factor=1.0, **options)(step)), np.array(1.0))


@relation(Fault(Optimizer.update, "self._rate, self.iterations)", "self._rate, self.iterations + 1)"))
def a_schedule_weighs_the_gradients(draw: Draw) -> None:
    """move(g; schedule) = -(rate(0)*g_0 + rate(1)*g_1 + ...) for SGD."""
    steps, schedule = draw(gradients()), draw(falling)
    near(moved(SGD(schedule), steps), -np.sum([schedule(t) * g for t, g in enumerate(steps)], axis=0))
