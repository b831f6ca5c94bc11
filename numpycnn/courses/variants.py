"""Usual mistakes in formulas, as functions with the signature of the one that they are mistakes in.

Each takes the formula apart into what people get wrong: the axes of a mean, the variance, the denominator, the bias
correction. A variant is the formula with one of these replaced.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, combinations, product
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from numpycnn.common.typing import Array
from numpycnn.courses.cs231n.losses import of_classifier
from numpycnn.courses.cs231n.optim import adam, rmsprop, sgd_momentum
from numpycnn.functional import log_softmax


class Variant(NamedTuple):
    """A function with a mistake, and words for that."""

    text: str
    function: Callable[..., Any]


Backward = Callable[..., dict[str, Array]]
"""A backward with a mistake: of (dout, *arguments of the forward), the gradients that it has, by name."""

# ---------------------------------------------------------------- layers of vectors

RELUS = (
    Variant("the smaller of x and 0 in the place of the larger", lambda x: (np.minimum(x, 0), None)),
    Variant("cut off at 1", lambda x: (np.clip(x, 0, 1), None)),
)


def mixed(x: Array, w: Array, b: Array) -> tuple[Array, None]:
    """An affine layer whose rows are made of the wrong axis."""
    return x.reshape(-1, len(x)).T @ w + b, None


AFFINES = (Variant("x.reshape(-1, N).T in the place of x.reshape(N, -1): examples are mixed", mixed),)


# ---------------------------------------------------------------- normalization


class Norm(NamedTuple):
    """What a normalization is made of: (x - mean) / deviation(variance, eps)."""

    axes: tuple[int, ...]
    mean_axes: tuple[int, ...]
    variance: Callable[[Array, Array, tuple[int, ...]], Array] = lambda x, mean, axes: x.var(axis=axes, keepdims=True)
    """Of x, its mean and the axes."""
    deviation: Callable[[Array, float], Array] = lambda variance, eps: np.sqrt(variance + eps)

    def moments(self, x: Array) -> tuple[Array, Array]:
        """The mean and the variance, with x's axes."""
        mean = x.mean(axis=self.mean_axes, keepdims=True)
        return mean, self.variance(x, mean, self.axes)

    def scaled(self, x: Array, mean: Array, variance: Array, gamma: Array, beta: Array, eps: float) -> Array:
        """gamma * xhat + beta."""
        xhat = (x - along(mean, x)) / self.deviation(along(variance, x), eps)
        return along(gamma, x) * xhat + along(beta, x)


def about(x: Array, mean: Array, axes: tuple[int, ...]) -> Array:
    """The variance about a mean that may be that of other axes."""
    return np.mean((x - mean) ** 2, axis=axes, keepdims=True)


def along(a: Array, x: Array) -> Array:
    """A vector with an entry for each of x's channels, axis 1; anything else as it is."""
    return a.reshape(1, -1, *(1,) * (x.ndim - 2)) if a.ndim == 1 else a


VARIANCES: dict[str, Callable[[Array, Array, tuple[int, ...]], Array]] = {
    "the variance divided by n - 1, not by n: ddof=1": lambda x, mean, axes: x.var(axis=axes, keepdims=True, ddof=1),
    "the mean of x**2 in the place of the variance: the mean is not subtracted": lambda x, mean, axes: np.mean(
        x**2, axis=axes, keepdims=True
    ),
}
DEVIATIONS: dict[str, Callable[[Array, float], Array]] = {
    "eps outside of the root: sqrt(var) + eps in the place of sqrt(var + eps)": lambda v, eps: np.sqrt(v) + eps,
    "no root: divided by var + eps in the place of sqrt(var + eps)": lambda v, eps: v + eps,
    "the root twice": lambda v, eps: np.sqrt(np.sqrt(v + eps)),
}


def norms(*axes: int, ndim: int, layout: str = "") -> Iterator[tuple[str, Norm]]:
    """The normalization over these axes of ndim with one part replaced. layout: words about what the axes are."""
    right = Norm(axes, axes)
    for other in chain.from_iterable(combinations(range(ndim), count) for count in range(1, ndim + 1)):
        if other != axes:
            place = f"over {named(other)} in the place of {named(axes)}{layout}"
            yield f"normalised {place}", Norm(other, other)
            yield f"the mean {place}", Norm(axes, other)
            yield f"the mean {place}", Norm(axes, other, about)
            yield f"the variance {place}", Norm(other, axes)
    yield from ((text, right._replace(variance=one)) for text, one in VARIANCES.items())
    yield from ((text, right._replace(deviation=one)) for text, one in DEVIATIONS.items())
    for (text, variance), (more, deviation) in product(VARIANCES.items(), DEVIATIONS.items()):
        yield f"{text}; and {more}", Norm(axes, axes, variance, deviation)


def named(axes: tuple[int, ...]) -> str:
    """Axes in words."""
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {axes}"


def batch_norms(*axes: int, ndim: int) -> tuple[Variant, ...]:
    """Batch normalization with a mistake: its output, and the averages in bn_param."""
    exchanged = (
        Variant("the mean of the batch and the running mean are exchanged", batch_norm(Norm(axes, axes), "mean")),
        Variant("the variance of the batch and the running one are exchanged", batch_norm(Norm(axes, axes), "var")),
        Variant(
            "what the batch has and the running averages are exchanged", batch_norm(Norm(axes, axes), "mean", "var")
        ),
        *(
            Variant(
                "the running average of the deviation, not of the variance", batch_norm(Norm(axes, axes), average=one)
            )
            for one in (lambda variance, eps: np.sqrt(variance), lambda variance, eps: np.sqrt(variance + eps))
        ),
    )
    return *(Variant(text, batch_norm(norm)) for text, norm in norms(*axes, ndim=ndim)), *exchanged


def batch_norm(
    norm: Norm, *exchanged: str, average: Callable[[Array, float], Array] = lambda variance, eps: variance
) -> Callable[..., Any]:
    """Batch normalization as CS231n calls it.

    exchanged: what test mode takes of the batch, and training not. average: what is averaged of the variance.
    """

    def variant(x: Array, gamma: Array, beta: Array, param: dict[str, Any]) -> tuple[Array, None]:
        momentum, training = param.get("momentum", 0.9), param["mode"] == "train"
        used = {}
        for name, of_batch in zip(("mean", "var"), norm.moments(x), strict=True):
            old = param.get(f"running_{name}", np.zeros(x.shape[1]))
            used[name] = of_batch if training != (name in exchanged) else old
            new = of_batch.reshape(old.shape) if of_batch.size == old.size else of_batch
            new = average(new, param.get("eps", 1e-5)) if name == "var" else new
            param[f"running_{name}"] = momentum * old + (1 - momentum) * new if training else old
        return norm.scaled(x, used["mean"], used["var"], gamma, beta, param.get("eps", 1e-5)), None

    return variant


def layer_norms() -> tuple[Variant, ...]:
    """Layer normalization with a mistake."""

    def made(norm: Norm) -> Callable[..., Any]:
        def variant(x: Array, gamma: Array, beta: Array, param: dict[str, Any]) -> tuple[Array, None]:
            return norm.scaled(x, *norm.moments(x), gamma, beta, param.get("eps", 1e-5)), None

        return variant

    return tuple(Variant(text, made(norm)) for text, norm in norms(1, ndim=2))


def group_norms() -> tuple[Variant, ...]:
    """Group normalization with a mistake; its axes are those of (N, G, C/G, H, W)."""

    def made(norm: Norm) -> Callable[..., Any]:
        def variant(x: Array, gamma: Array, beta: Array, G: int, param: dict[str, Any]) -> tuple[Array, None]:
            n, c, h, w = x.shape
            groups, one = x.reshape(n, G, c // G, h, w), np.ones(())
            xhat = norm.scaled(groups, *norm.moments(groups), one, 0 * one, param.get("eps", 1e-5))
            return gamma * xhat.reshape(x.shape) + beta, None

        return variant

    return tuple(Variant(text, made(norm)) for text, norm in norms(2, 3, 4, ndim=5, layout=" of (N, G, C/G, H, W)"))


def moving_norms() -> tuple[Variant, ...]:
    """D2L's batch normalization with a mistake."""

    def made(norm: Norm, ndim: int) -> Callable[..., Any]:
        def variant(X: Array, gamma: Array, beta: Array, mean: Array, var: Array, eps: float, momentum: float) -> Any:
            if X.ndim != ndim:
                raise ValueError(f"batch_norm: expected {ndim} axes; received the shape {X.shape}")
            new = norm.moments(X)
            kept = ((1 - momentum) * old + momentum * one for old, one in zip((mean, var), new, strict=True))
            return norm.scaled(X, *new, gamma, beta, eps), *kept

        return variant

    rights = {2: (0,), 4: (0, 2, 3)}
    return tuple(
        Variant(text, made(norm, ndim)) for ndim, axes in rights.items() for text, norm in norms(*axes, ndim=ndim)
    )


# ---------------------------------------------------------------- pooling

Reduction = Callable[..., Any]

REDUCTIONS: dict[str, Reduction] = {
    "the mean in the place of the largest": np.mean,
    "the sum in the place of the largest": np.sum,
    "the smallest in the place of the largest": np.min,
    "the largest of the window's numbers and 0, which is larger where all are negative": partial(np.max, initial=0.0),
}
AVERAGES: dict[str, Reduction] = {
    "the largest in the place of the mean": np.max,
    "the sum in the place of the mean": np.sum,
}


def pools() -> tuple[Variant, ...]:
    """Max pooling with something else than the largest."""

    def made(reduction: Reduction) -> Callable[..., Any]:
        def variant(x: Array, param: dict[str, int]) -> tuple[Array, None]:
            windows = sliding_window_view(x, (param["pool_height"], param["pool_width"]), axis=(2, 3))
            step = param["stride"]
            return reduction(windows[:, :, ::step, ::step], axis=(-2, -1)), None

        return variant

    return tuple(Variant(text, made(one)) for text, one in REDUCTIONS.items())


def pools_of_one() -> tuple[Variant, ...]:
    """D2L's pooling with something else than its mode says."""

    def made(reduction: Reduction, own: str) -> Callable[..., Any]:
        def variant(X: Array, pool_size: tuple[int, int], mode: str = "max") -> Array:
            if mode != own:
                raise ValueError(f"pool2d: expected the mode {own}; received {mode}")
            return np.asarray(reduction(sliding_window_view(X, pool_size), axis=(-2, -1)))

        return variant

    modes = {"max": REDUCTIONS, "avg": AVERAGES}
    return tuple(Variant(text, made(one, mode)) for mode, known in modes.items() for text, one in known.items())


# ---------------------------------------------------------------- update rules

Ratio = Callable[[Array, Array, float], Array]

RATIOS: dict[str, Ratio] = {
    "epsilon under the root, not added to it": lambda m, v, epsilon: m / np.sqrt(v + epsilon),
    "no root in the denominator": lambda m, v, epsilon: m / (v + epsilon),
}


def ratio(m: Array, v: Array, epsilon: float) -> Array:
    """m / (sqrt(v) + epsilon)."""
    return m / (np.sqrt(v) + epsilon)


def moved_adam(of_m: str, of_v: str, power: int) -> Callable[..., Any]:
    """Adam whose m and v are moved by these settings, v by dw to that power."""

    def variant(w: Array, dw: Array, config: dict[str, Any]) -> tuple[Array, dict[str, Any]]:
        before = {key: np.asarray(config.get(key, 0.0)) for key in ("m", "v")}
        _, config = adam(w, dw, config)
        for key, setting, change in (("m", of_m, dw), ("v", of_v, dw**power)):
            config[key] = config[setting] * before[key] + (1 - config[setting]) * change
        mean, square = (
            config[key] / (1 - config[beta] ** config["t"]) for key, beta in (("m", "beta1"), ("v", "beta2"))
        )
        return w - config["learning_rate"] * ratio(mean, square, config["epsilon"]), config

    return variant


def adams() -> tuple[Variant, ...]:
    """Adam with a mistake in what it makes of its right m and v."""

    def made(divided: Ratio = ratio, *, m: bool = True, v: bool = True, power: bool = True) -> Callable[..., Any]:
        def variant(w: Array, dw: Array, config: dict[str, Any]) -> tuple[Array, dict[str, Any]]:
            _, config = adam(w, dw, config)
            t = config["t"] if power else 1
            mean = config["m"] / (1 - m * config["beta1"] ** t)
            square = config["v"] / (1 - v * config["beta2"] ** t)
            return w - config["learning_rate"] * divided(mean, square, config["epsilon"]), config

        return variant

    def corrected(w: Array, dw: Array, config: dict[str, Any]) -> tuple[Array, dict[str, Any]]:
        """Adam that keeps the corrected m and v."""
        w, config = adam(w, dw, config)
        for key, beta in (("m", "beta1"), ("v", "beta2")):
            config[key] = config[key] / (1 - config[beta] ** config["t"])
        return w, config

    return (
        Variant("the corrected averages are kept: config keeps m and v as they are before the correction", corrected),
        Variant("dw in the place of dw**2: v is of squares", moved_adam("beta1", "beta2", 1)),
        Variant("beta2 in the place of beta1, for m", moved_adam("beta2", "beta2", 2)),
        Variant("beta1 in the place of beta2, for v", moved_adam("beta1", "beta1", 2)),
        Variant("1 - beta in the place of 1 - beta**t: the power is forgotten", made(power=False)),
        Variant("no bias correction: m and v must be divided by 1 - beta**t", made(m=False, v=False)),
        Variant("no bias correction of m, which must be divided by 1 - beta1**t", made(m=False)),
        Variant("no bias correction of v, which must be divided by 1 - beta2**t", made(v=False)),
        *(Variant(text, made(one)) for text, one in RATIOS.items()),
    )


def rmsprops() -> tuple[Variant, ...]:
    """RMSprop with a mistake."""

    def made(divided: Ratio = ratio, *, summed: bool = False, kept: bool = True, power: int = 2) -> Callable[..., Any]:
        def variant(w: Array, dw: Array, config: dict[str, Any]) -> tuple[Array, dict[str, Any]]:
            before = np.asarray(config.get("cache", 0.0))
            _, config = rmsprop(w, dw, config)
            decay = config["decay_rate"]
            config["cache"] = kept * decay * before + (1 - (not summed) * decay) * dw**power
            return w - config["learning_rate"] * divided(dw, config["cache"], config["epsilon"]), config

        return variant

    return (
        Variant("1 - decay_rate is missing: dw**2 is added as it is", made(summed=True)),
        Variant("dw in the place of dw**2", made(power=1)),
        Variant("decay_rate * cache is missing: only this step's dw**2 is there", made(kept=False)),
        *(Variant(text, made(one)) for text, one in RATIOS.items()),
    )


def nesterov(w: Array, dw: Array, config: dict[str, Any]) -> tuple[Array, dict[str, Any]]:
    """The step from where the velocity leads."""
    _, config = sgd_momentum(w, dw, config)
    return w + config["momentum"] * config["velocity"] - config["learning_rate"] * dw, config


def outside(w: Array, dw: Array, config: dict[str, Any], *, average: bool = False) -> tuple[Array, dict[str, Any]]:
    """The velocity of gradients, to which the learning rate comes last. average: whether it is their mean."""
    before = np.asarray(config.get("velocity", 0.0))
    _, config = sgd_momentum(w, dw, config)
    config["velocity"] = config["momentum"] * before + (1 - average * config["momentum"]) * dw
    return w - config["learning_rate"] * config["velocity"], config


def damped(w: Array, dw: Array, config: dict[str, Any]) -> tuple[Array, dict[str, Any]]:
    """The velocity as an average."""
    _, config = sgd_momentum(w, dw, config)
    config["velocity"] = config["velocity"] + config["momentum"] * config["learning_rate"] * dw
    return w + config["velocity"], config


MOMENTUMS = (
    Variant("Nesterov's momentum, in the place of the plain one", nesterov),
    Variant("dw multiplied by 1 - momentum, as in an average", damped),
    Variant("the learning rate comes last: the velocity must be momentum * velocity - learning_rate * dw", outside),
    Variant(
        "dw multiplied by 1 - momentum, as in an average, and the learning rate last", partial(outside, average=True)
    ),
)

# ---------------------------------------------------------------- losses

Scores = Callable[[Array, Array], tuple[float, Array]]


def softmaxes(
    logarithm: Callable[[Array], Array] = lambda x: x - np.log(np.exp(x).sum(axis=1, keepdims=True)),
    *,
    label: float = 1.0,
) -> Scores:
    """The softmax loss by another log(softmax(x)). label: what is subtracted from the gradient at the label."""

    def loss(x: Array, y: Array) -> tuple[float, Array]:
        log_p, one_hot = logarithm(x), np.eye(x.shape[1])[y]
        return -float(log_p[one_hot > 0].mean()), (np.exp(log_p) - label * one_hot) / len(x)

    return loss


def shifted(x: Array, axis: int = 1) -> Array:
    """Scores with the largest along an axis subtracted."""
    return x - x.max(axis=axis, keepdims=True)


def of_all_labels(x: Array, y: Array) -> tuple[float, Array]:
    """The softmax loss, where every example has 1 subtracted at the labels of all."""
    loss, dx = softmaxes(log_softmax)(x, y)
    return loss, dx - (np.isin(np.arange(x.shape[1]), y) - np.eye(x.shape[1])[y]) / len(x)


def of_logarithms(x: Array, y: Array) -> tuple[float, Array]:
    """The softmax loss, with log(p) in the place of p in its gradient."""
    loss, dx = softmaxes(log_softmax)(x, y)
    return loss, dx + (log_softmax(x) - np.exp(log_softmax(x))) / len(x)


def hinges(
    margin: float = 1.0,
    *,
    own: bool = False,
    cut: bool = True,
    masked: bool = True,
    times: float = 1.0,
    once: bool = False,
    slope: Callable[[Array], Array] = lambda margins: np.ones_like(margins),
) -> Scores:
    """The hinge loss with other parts.

    own: the label counts too. cut, masked: the loss, the gradient without what is below 0. times: what the label's
    gradient is multiplied by. once: it is -1. slope: the gradient of margins above 0.
    """

    def loss(x: Array, y: Array) -> tuple[float, Array]:
        rows, label = np.arange(len(x)), np.eye(x.shape[1])[y] > 0
        margins = np.where(label & (not own), 0.0, x - x[rows, y][:, None] + margin)
        margins = np.maximum(margins, 0) if cut else margins
        dx = ((margins > 0) | (not masked)) * ~label
        count = 1 if once else times * dx.sum(axis=1, keepdims=True)
        return float(margins.sum()) / len(x), np.asarray(dx * slope(margins) - label * count) / len(x)

    return loss


OVERFLOW = "exp overflows: the largest score of each example must be subtracted first"
UNDERFLOW = "the logarithm of a probability that is 0: shifted - log(sum(exp(shifted))) has none"
OVER_EXAMPLES = "normalised over the examples in the place of the classes"

LOSSES: dict[str, tuple[tuple[str, Scores], ...]] = {
    "softmax": (
        (OVERFLOW, softmaxes()),
        (OVERFLOW, softmaxes(lambda x: np.log(np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)))),
        (UNDERFLOW, softmaxes(lambda x: np.log(np.exp(shifted(x)) / np.exp(shifted(x)).sum(axis=1, keepdims=True)))),
        (OVER_EXAMPLES, softmaxes(lambda x: x - np.log(np.exp(x).sum(axis=0)))),
        (OVER_EXAMPLES, softmaxes(lambda x: shifted(x) - np.log(np.exp(shifted(x)).sum(axis=0)))),
        (
            "the largest of each column is subtracted, not that of each row",
            softmaxes(lambda x: log_softmax(shifted(x, 0))),
        ),
        ("dx[:, y] -= 1 takes 1 from every example at the labels of all: dx[rows, y] -= 1", of_all_labels),
        ("log(p) in the place of p: the exponential is missing", of_logarithms),
        ("1 at the label is not subtracted", softmaxes(log_softmax, label=0.0)),
        ("1 at the label is added, not subtracted", softmaxes(log_softmax, label=-1.0)),
        (
            "log2 in the place of log",
            softmaxes(lambda x: shifted(x) - np.log2(np.exp(shifted(x)).sum(1, keepdims=True))),
        ),
    ),
    "svm": (
        ("the margin of 1 is left out", hinges(0.0)),
        ("the label's own margin, 1, is counted", hinges(own=True)),
        ("margins below 0 are counted", hinges(cut=False)),
        ("margins below 0 are counted", hinges(masked=False)),
        ("the label's own gradient is forgotten", hinges(times=0.0)),
        ("the label's own gradient has the other sign", hinges(times=-1.0)),
        ("the label's own gradient is -1, not minus the number of margins above 0", hinges(once=True)),
        ("the margin in the place of its derivative, 1", hinges(slope=lambda margins: margins)),
    ),
}


def losses(kind: str) -> tuple[Variant, ...]:
    """A loss of scores with a mistake."""
    return tuple(Variant(text, loss) for text, loss in LOSSES[kind])


def classifiers(kind: str) -> tuple[Variant, ...]:
    """A loss of a linear classifier's weights with a mistake."""
    over = {"softmax": softmax_written_over, "svm": svm_written_over}[kind]
    return *(Variant(text, partial(of_classifier, loss)) for text, loss in LOSSES[kind]), Variant(OVERWRITTEN, over)


OVERWRITTEN = "each example writes over what those before it gave: = in the place of +="


def softmax_written_over(W: Array, X: Array, y: Array, reg: float) -> tuple[float, Array]:
    """The softmax loss of a linear classifier, whose gradient is that of the last example."""
    loss, _ = of_classifier(softmaxes(log_softmax), W, X, y, reg)
    _, dw = of_classifier(softmaxes(log_softmax), W, X[-1:], y[-1:], 0.0)
    return loss, dw / len(X) + 2 * reg * W


def svm_written_over(W: Array, X: Array, y: Array, reg: float) -> tuple[float, Array]:
    """The hinge loss of a linear classifier, whose gradient's positive part is written over."""
    loss, _ = of_classifier(hinges(), W, X, y, reg)
    scores, dw = X @ W, np.zeros_like(W)
    is_label = np.eye(W.shape[1])[y] > 0
    for i, j in np.argwhere((scores - scores[is_label][:, None] + 1 > 0) & ~is_label):
        dw[:, j] = X[i]
        dw[:, y[i]] -= X[i]
    return loss, dw / len(X) + 2 * reg * W
