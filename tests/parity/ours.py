"""The figures by numpycnn, on its fast path or layer by layer; and how near a case comes to a kink."""

from collections.abc import Iterable, Iterator

import numpy as np

from numpycnn import Sequential, losses, optimizers
from numpycnn import functional as F
from numpycnn.backend import epsilon
from numpycnn.common.typing import Array
from numpycnn.engine import training
from numpycnn.engine.fast.scratch import scratch_scope
from numpycnn.engine.training import Position
from numpycnn.functional.softmax import sparsemax
from numpycnn.functional.window import Window
from numpycnn.layers import LAYERS, GlobalMaxPooling2D, Layer, MaxPooling2D, PReLU
from numpycnn.layers.data_format import to_channels_last
from numpycnn.losses.crossentropy import row_sums
from numpycnn.show.trace import Trace, trace_forward
from parity.draw import Case, made
from parity.figures import STEPS, Result, at_the_end, error, figures
from parity.optimizers import made as optimizer_of
from parity.others import AUGMENTATIONS, RANDOM


class Network:
    """A case's network in numpycnn."""

    def __init__(self, case: Case, dtype: str, *, fast: bool = True) -> None:
        self.model = build(case, dtype, fast=fast)

    def step(self, x: Array, y: Array) -> Result:
        output, gradients = output_and_gradients(self.model, x, y)
        return Result(output, self.learn(x, y), gradients)

    def learn(self, x: Array, y: Array) -> float:
        return self.model.train_on_batch(x, y)

    def weights(self) -> list[Array]:
        return self.model.get_weights()

    def infer(self, x: Array) -> Array:
        return self.model.predict(x, verbose=0)


def build(case: Case, dtype: str, *, fast: bool) -> Sequential:
    """The case's network, compiled, with its weights."""
    model = Sequential([made(LAYERS, entry) for entry in case.spec.layers], seed=0, fast=fast, dtype=dtype)
    model.build(case.spec.input_shape)
    model.set_weights(case.weights)
    model.compile(
        optimizer_of(optimizers, optimizers.schedules, case.spec.optimizer), made(vars(losses), case.spec.loss)
    )
    return model


def output_and_gradients(model: Sequential, x: Array, y: Array) -> tuple[Array, list[Array]]:
    """The output in training, and the gradients of all parameters and of the input: `training.learn`, but all the way."""
    objective = training.make_objective(model, losses.get_loss(model.loss), model.dtype, fast=model.fast)
    with scratch_scope():
        z, caches = objective.network.forward(
            training.prepared(x, model.dtype), training=True, rng=model._position().rng(0)
        )
        targets = objective.targets(y, z)
        dz = objective.loss.gradient(targets, z) / objective.divisor(y, None)
        dx, gradients = objective.network.backward(dz, caches)
        output = objective.activation.forward(z.copy())
        return output, [gradients[name].copy() for name in model.params] + [dx.copy()]


# ---------------------------------------------------------------- kinks

CLOSE = {"float64": 1e-6, "float32": 1e-4}
"""How near to a kink is too near, by dtype: rounding could take another side there."""


def is_smooth(case: Case, dtype: str) -> bool:
    """Whether the case stays clear of where derivatives jump: in float64 at every step of training.

    It jumps where an activation has a kink, where two pixels under a pool are the largest, and where a loss clips
    probabilities or has a kink. An exact 0 does not count: it comes from a ReLU before, which passes no gradient on.

    Left out as well is a training that diverges, or whose end is decided by rounding (`is_steady`).
    """
    model = build(case, "float64", fast=False)
    output, gradients = output_and_gradients(model, case.x, case.y)
    if is_vanishing(model, case, output, gradients):
        return False
    for _ in range(STEPS if dtype == "float64" else 1):
        if min(distances(model, case.x, case.y), default=np.inf) < CLOSE[dtype]:
            return False
        if not learns(model, case):
            return False
    return dtype != "float64" or is_steady(case)


def learns(model: Sequential, case: Case) -> bool:
    """Train for one step; whether the loss is not so large that the training diverges."""
    try:
        return bool(model.train_on_batch(case.x, case.y) < 1e4)
    except ValueError:  # it is not finite
        return False


def is_vanishing(model: Sequential, case: Case, output: Array, gradients: list[Array]) -> bool:
    """Whether all gradients are rounding, or a loss near 0 is, as the difference of a logarithm and a score.

    A parameter's is enough where an optimizer divides by its size, and a number's where it goes by its sign: an exact 0
    here may be rounding elsewhere.
    """
    loss = 1.0 if model.loss is None else abs(model.loss(case.y, output))
    sizes = [np.abs(gradient) for gradient in gradients]
    if isinstance(model.optimizer, optimizers.Lion):
        least = min(size.min() for size in sizes[:-1])
    elif isinstance(model.optimizer, optimizers.SGD):
        least = max(size.max() for size in sizes)
    else:
        least = min(size.max() for size in sizes[:-1])
    return loss < 1e-4 or least < 1e-12


NUDGE = {"float32": 2.0**-21, "float64": 2.0**-50}
STEADY = 1e-11


def is_steady(case: Case) -> bool:
    """Whether training ends where it does from numbers that differ by a few units in the last place.

    If not, two right implementations do not agree, for their sums have other roundings. So it is with a gradient that
    is zero but for rounding, such as a bias's before a normalization, and an optimizer that divides by its size, or
    goes by its sign; and near a kink.
    """
    both = (nudged(case, "float64"), case)
    ends = [at_the_end(figures(Network(one, "float64", fast=False), one)) for one in both]
    return max(map(error, *ends)) <= STEADY


def nudged(case: Case, dtype: str, seed: int = 0) -> Case:
    """The case with other numbers by a few units in the last place."""
    signs = np.random.default_rng(seed)
    weights, x = (
        [a * (1 + NUDGE[dtype] * signs.choice([-1, 1], a.shape)) for a in some] for some in (case.weights, [case.x])
    )
    return case._replace(weights=weights, x=x[0])


def distances(model: Sequential, x: Array, y: Array) -> Iterator[float]:
    """How far each activation, each pool and the loss is from its nearest kink."""
    trace, layers = trace_of(model, x, model.steps), {str(path): layer for path, layer in model.leaves()}
    for path, found in trace.layers.items():
        yield from layer_distances(layers[path], found.input)
    if model.loss is not None:
        yield loss_distance(model.loss, model.loss.targets(y, trace.output.shape[1:]), trace.output)


def layer_distances(layer: Layer, x: Array) -> Iterator[float]:
    """How far a layer with the input x is from its nearest kink."""
    for kink in kinks(layer):
        far = np.abs(layer.without_activation().forward(x)[0] - kink)
        yield far.min(where=far != 0, initial=np.inf)
    if layer.activation.name == "sparsemax":
        scores = layer.without_activation().forward(x)[0]
        kept = sparsemax(scores)
        far = np.abs(scores - (scores - kept).max(axis=-1, where=kept > 0, initial=-np.inf, keepdims=True))
        yield far.min(where=far != 0, initial=np.inf)
    if isinstance(layer, MaxPooling2D) and layer.window.count > 1:
        second, largest = two_largest(to_channels_last(x, layer.data_format), layer.window)
        yield (largest - second).min(where=largest != 0, initial=np.inf)
    if isinstance(layer, GlobalMaxPooling2D):
        images = to_channels_last(x, layer.data_format)
        pixels = np.sort(images.reshape(len(images), -1, images.shape[3]), axis=1)  # (N, H*W, C)
        yield (pixels[:, -1:] - pixels[:, -2:-1]).min(initial=np.inf)


def trace_of(model: Sequential, x: Array, step: int) -> Trace:
    """What is inside the model at that step of training."""
    return trace_forward(model, x, Position(model.seed or 0, step), training=True)


def drawn(case: Case, dtype: str) -> list[list[dict[str, Array]]]:
    """For each step the random numbers of each random layer, which depend on its place alone."""
    model = build(case, dtype, fast=False)
    traces = [trace_of(model, case.x.astype(dtype), step).layers.values() for step in range(STEPS)]
    return [[layer.inside for layer in trace if layer.kind in (*RANDOM, *AUGMENTATIONS)] for trace in traces]


def kinks(layer: Layer) -> Iterable[float]:
    """The scores at which the layer's activation has a kink."""
    name, setting = layer.activation.name, layer.activation.setting
    if isinstance(layer, PReLU):
        return (0.0,)
    if name == "relu":
        return setting("threshold"), np.inf if setting("max_value") is None else setting("max_value")
    return KINKS.get(name, ())


KINKS: dict[str, tuple[float, ...]] = {
    **dict.fromkeys(("celu", "elu", "leaky_relu", "selu"), (0.0,)),
    **dict.fromkeys(("hard_tanh", "sparse_plus", "sparse_sigmoid"), (-1.0, 1.0)),
    **dict.fromkeys(("hard_sigmoid", "hard_silu", "hard_swish"), (-3.0, 3.0)),
    **dict.fromkeys(("hard_shrink", "soft_shrink"), (-0.5, 0.5)),
    "relu6": (0.0, 6.0),
}


def loss_distance(loss: losses.Loss, y: Array, p: Array) -> float:
    """How far the loss is from its nearest kink: a clipped number, an error of 0, a margin."""
    if loss.takes_probabilities:
        p = p if loss.name == "binary_crossentropy" else p / row_sums(p)
        return min(p.min(), (1 - p).min()) - epsilon()
    if loss.name == "cosine_similarity":
        return np.linalg.norm(p, axis=-1).min()  # of a row of zeros Keras's gradient is NaN
    if loss.name in ("mean_absolute_error", "mean_absolute_percentage_error"):
        return np.abs(p - y).min()
    if loss.name in ("kl_divergence", "mean_squared_logarithmic_error"):
        return min(np.abs(p - epsilon()).min(), np.abs(p - 1).min())
    if loss.name == "hinge":
        return np.abs(1 - y * p).min()
    if loss.name == "categorical_hinge":
        two = np.sort((1 - y) * p, axis=-1)[..., -2:]
        return min(np.abs(two[..., 1] - (y * p).sum(axis=-1) + 1).min(), (two[..., 1] - two[..., 0]).min())
    return np.inf


def two_largest(x: Array, window: Window) -> Array:
    """The second and the largest under each window: (2, N, OH, OW, C)."""
    padded = F.pad(x, window, -np.inf)
    seen = [padded[tap] for tap in window.taps(window.output_size(x.shape[1:3]))]  # KH*KW times (N, OH, OW, C)
    return np.sort(seen, axis=0)[-2:]
