"""What the grader asks of each function: cases with labels, drawn by a generator, and the reference that is right.

The cases hold what the courses' own checks leave out: strides and paddings, windows that overlap and windows with gaps,
images and kernels that are not square, one channel, one filter, one example, ties, and large numbers.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from numpycnn.common.typing import Array, Rng
from numpycnn.courses import backwards, cs231n, d2l, variants, windows
from numpycnn.courses.variants import Variant

Arguments = tuple[Any, ...]


class Case(NamedTuple):
    """One call, by what it tries."""

    label: str
    draw: Callable[[Rng], Arguments]
    ties: bool = False
    """Whether equal values leave the backward a choice, so that the checker alone can judge it."""
    backward: bool = True
    """Whether the course's backward takes it."""
    path: str = ""
    """The name of another path through the function, where that may have mistakes of its own."""


class Exercise(NamedTuple):
    """A function, its backward if it has one, and the cases."""

    forward: str
    cases: tuple[Case, ...]
    backward: str = ""
    """The name of the backward(dout, cache); empty where there is none."""
    gradients: tuple[str, ...] = ()
    """The inputs that take a gradient, in the order in which they are returned."""
    judge: Callable[[Any, Arguments], str | None] | None = None
    """What is wrong with an output that random numbers leave open; None where one output is right."""
    steps: int = 1
    """How often the function is called with its own results: update rules remember."""
    results: tuple[str, ...] = ()
    """The names of what is returned, where that is not one array, or (out, cache)."""
    defaults: tuple[tuple[str, float], ...] = ()
    """What the settings are that a dict leaves out."""
    variants: tuple[Variant, ...] = ()
    """Usual mistakes in the formula."""
    backwards: tuple[Variant, ...] = ()
    """Usual mistakes in the backward's formula, as functions of (dout, *arguments)."""

    @property
    def reference(self) -> Callable[..., Any]:
        """The right function."""
        return reference(self.forward)


def reference(name: str) -> Callable[..., Any]:
    """The library's own function of a course's name."""
    found: Callable[..., Any] = getattr(cs231n if hasattr(cs231n, name) else d2l, name)
    return found


def affine(*shape: int, units: int = 3) -> Callable[[Rng], Arguments]:
    """x of that shape, w and b."""
    size = int(np.prod(shape[1:]))
    return lambda rng: (rng.normal(size=shape), rng.normal(size=(size, units)), rng.normal(size=units))


def normal(*shape: int) -> Callable[[Rng], Arguments]:
    """One array."""
    return lambda rng: (rng.normal(size=shape),)


def scores(n: int, classes: int, scale: float = 1.0) -> Callable[[Rng], Arguments]:
    """Scores and labels."""
    return lambda rng: (scale * rng.normal(size=(n, classes)), rng.integers(0, classes, n))


def classifier(n: int, features: int, classes: int, reg: float) -> Callable[[Rng], Arguments]:
    """Weights, examples, labels and the regularization."""
    return lambda rng: (
        rng.normal(size=(features, classes)),
        rng.normal(size=(n, features)),
        rng.integers(0, classes, n),
        reg,
    )


def features(n: int, d: int, mode: str = "train", **param: float) -> Callable[[Rng], Arguments]:
    """x, gamma, beta and the parameters of a batch normalization with averages."""
    return lambda rng: (
        3 * rng.normal(size=(n, d)) + 5,
        rng.normal(size=d),
        rng.normal(size=d),
        {"mode": mode, "running_mean": rng.normal(size=d), "running_var": rng.uniform(0.5, 2, d), **param},
    )


def without_averages(n: int, d: int) -> Callable[[Rng], Arguments]:
    """The same, for the first time."""
    return lambda rng: (*features(n, d)(rng)[:3], {"mode": "train"})


def examples(n: int, d: int, **param: float) -> Callable[[Rng], Arguments]:
    """x, gamma, beta and the parameters of a layer normalization."""
    return lambda rng: (*features(n, d)(rng)[:3], dict(param))


def images(shape: tuple[int, ...], mode: str = "train") -> Callable[[Rng], Arguments]:
    """x, gamma, beta and the parameters of a batch normalization of images."""
    return lambda rng: (2 * rng.normal(size=shape) + 3, *features(2, shape[1], mode)(rng)[1:])


def groups(shape: tuple[int, ...], count: int, **param: float) -> Callable[[Rng], Arguments]:
    """x, gamma, beta, the number of groups and the parameters of a group normalization."""
    channels = (1, shape[1], 1, 1)
    return lambda rng: (
        2 * rng.normal(size=shape) + 3,
        rng.normal(size=channels),
        rng.normal(size=channels),
        count,
        dict(param),
    )


def conv(x: tuple[int, ...], w: tuple[int, ...], stride: int, pad: int) -> Callable[[Rng], Arguments]:
    """x, w, b and the parameters of a convolution."""
    return lambda rng: (
        rng.normal(size=x),
        rng.normal(size=w),
        rng.normal(size=w[0]),
        {"stride": stride, "pad": pad},
    )


def distinct(rng: Rng, shape: tuple[int, ...]) -> Array:
    """Numbers of which no two are close."""
    return rng.permutation(np.arange(float(np.prod(shape)))).reshape(shape) / 4  # shape


def pool(
    x: tuple[int, ...], height: int, width: int, stride: int, *, shift: float = 0.0, whole: bool = False
) -> Callable[[Rng], Arguments]:
    """x and the parameters of a pool. whole: of a few whole numbers, with many ties."""
    param = {"pool_height": height, "pool_width": width, "stride": stride}
    return lambda rng: (rng.integers(0, 3, x).astype(float) if whole else distinct(rng, x) + shift, dict(param))


def weights(*shape: int, **config: float) -> Callable[[Rng], Arguments]:
    """w, dw and a config."""
    return lambda rng: (rng.normal(size=shape), rng.normal(size=shape), dict(config))


def remembering(*shape: int, **memory: float | None) -> Callable[[Rng], Arguments]:
    """w, dw and a config with what a rule remembers: a number, or an array of positive ones where that is None."""
    return lambda rng: (
        rng.normal(size=shape),
        rng.normal(size=shape),
        {name: rng.uniform(0.5, 1, shape) if one is None else one for name, one in memory.items()},
    )


def averages(*shape: int) -> Callable[[Rng], Arguments]:
    """X, gamma, beta, the moving averages, eps and momentum, as D2L has them."""
    own = (1, shape[1]) if len(shape) == 2 else (1, shape[1], 1, 1)
    return lambda rng: (
        2 * rng.normal(size=shape) + 1,
        *(rng.normal(size=own) for _ in range(3)),
        rng.uniform(0.5, 2, own),
        1e-5,
        0.3,
    )


def pair(x: tuple[int, ...], k: tuple[int, ...]) -> Callable[[Rng], Arguments]:
    """An image and a kernel."""
    return lambda rng: (rng.normal(size=x), rng.normal(size=k))


def dropped(n: int, d: int, p: float, mode: str = "train") -> Callable[[Rng], Arguments]:
    """x and the parameters of a dropout."""
    return lambda rng: (rng.normal(size=(n, d)) + 5, {"p": p, "mode": mode, "seed": 3})


def scale_found(scale: Array, p: float) -> str:
    """Which other scale a dropout has, in words."""
    known = {"x: not divided by p": 1.0, "x/p**2: divided by p twice": 1 / p**2, "x*p: multiplied by p": p,
             "x/(1 - p): p is the probability to keep, not to drop": 1 / (1 - p)}  # fmt: skip
    return next((f"; it is {text}" for text, value in known.items() if np.allclose(scale, value, rtol=1e-8)), "")


def dropout_flaw(out: Array, arguments: Arguments) -> str | None:
    """What is wrong with a dropout's output: p is the probability to keep, and what is kept is divided by it."""
    x, param = arguments
    if param["mode"] == "test":
        return None if np.array_equal(out, x) else "in test mode the output is the input"
    p, kept = param["p"], out != 0
    if len(x) > 1 and (kept == kept[0]).all() and 0 < kept[0].mean() < 1:
        return "the same numbers are dropped in each example: the mask must have the shape of x"
    if not np.allclose(out[kept], x[kept] / p, rtol=1e-8):
        return f"what is kept must be x/p, so that the mean stays as it is{scale_found(out[kept] / x[kept], p)}"
    if abs(kept.mean() - p) > 5 * np.sqrt(p * (1 - p) / x.size):
        return f"kept {kept.mean():.3f} of all numbers; p, the probability to keep one, is {p}"
    return None


CONV = (
    Case("stride 1, pad 1", conv((2, 3, 4, 5), (2, 3, 3, 3), 1, 1)),
    Case("stride 2, pad 1", conv((2, 2, 5, 7), (3, 2, 3, 3), 2, 1)),
    Case("stride 3, gaps between windows", conv((2, 2, 5, 8), (2, 2, 2, 2), 3, 0)),
    Case("pad 2, kernel 5 by 3", conv((2, 2, 4, 3), (2, 2, 5, 3), 1, 2)),
    Case("one example, channel and filter", conv((1, 1, 4, 4), (1, 1, 2, 2), 1, 0)),
    Case("kernel of one pixel", conv((2, 3, 3, 2), (2, 3, 1, 1), 1, 0)),
    Case("kernel as large as the image", conv((2, 2, 3, 4), (2, 2, 3, 4), 1, 0)),
)
POOL = (
    Case("2 by 2, stride 2", pool((2, 3, 4, 6), 2, 2, 2, shift=-9)),
    Case("overlapping windows", pool((2, 2, 5, 5), 3, 3, 1)),
    Case("overlapping windows, 3 by 2, stride 2", pool((2, 2, 5, 6), 3, 2, 2)),
    Case("gaps between windows", pool((2, 2, 5, 8), 2, 2, 3)),
    Case("negative numbers", pool((2, 2, 4, 4), 2, 2, 2, shift=-100)),
    Case("one example, one channel", pool((1, 1, 4, 4), 2, 2, 2)),
    Case("one window, the whole image", pool((2, 2, 3, 4), 3, 4, 1)),
    Case("ties", pool((2, 2, 4, 4), 2, 2, 2, whole=True), ties=True),
)
SCALED = ("x", "gamma", "beta")
EPS, MOMENTUM = ("eps", 1e-5), ("momentum", 0.9)


class Rule(NamedTuple):
    """An update rule: its settings, what it remembers, and usual mistakes."""

    name: str
    defaults: dict[str, float]
    settings: dict[str, float]
    """Other settings than these."""
    memory: dict[str, float | None]
    """A number, or None for an array."""
    variants: tuple[Variant, ...] = ()


RULES = (
    Rule("sgd", {"learning_rate": 1e-2}, {}, {}),
    Rule(
        "sgd_momentum",
        {"learning_rate": 1e-2, "momentum": 0.9},
        {"momentum": 0.5},
        {"velocity": None},
        variants.MOMENTUMS,
    ),
    Rule(
        "rmsprop",
        {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8},
        {"decay_rate": 0.6, "epsilon": 0.1},
        {"cache": None},
        variants.rmsprops(),
    ),
    Rule(
        "adam",
        {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "t": 0},
        {"beta1": 0.6, "beta2": 0.7, "epsilon": 0.1, "t": 5},
        {"m": None, "v": None, "t": 3},
        variants.adams(),
    ),
)

EXERCISES = (
    Exercise(
        "affine_forward",
        (
            Case("vectors", affine(4, 5)),
            Case("images", affine(2, 3, 2, 2)),
            Case("as many features as units", affine(4, 3)),
            Case("one example", affine(1, 4)),
            Case("one feature, one unit", affine(3, 1, units=1)),
        ),
        "affine_backward",
        ("x", "w", "b"),
        variants=variants.AFFINES,
    ),
    Exercise(
        "relu_forward",
        (
            Case("vectors", normal(4, 5)),
            Case("images", normal(2, 3, 2, 2)),
            Case("one number", normal(1, 1)),
            Case("zeros", lambda rng: (rng.integers(-1, 2, (3, 4)).astype(float),), ties=True),
        ),
        "relu_backward",
        ("x",),
        variants=variants.RELUS,
        backwards=backwards.RELUS,
    ),
    Exercise(
        "dropout_forward",
        (
            Case("most dropped", dropped(20, 6, 0.25)),
            Case("most kept", dropped(20, 6, 0.9)),
            Case("half kept, many numbers", dropped(60, 60, 0.5), backward=False),
            Case("test mode", dropped(20, 6, 0.4, "test"), path="test"),
        ),
        "dropout_backward",
        ("x",),
        judge=dropout_flaw,
        backwards=backwards.DROPOUTS,
    ),
    Exercise(
        "affine_relu_forward",
        (Case("vectors", affine(4, 5)), Case("images", affine(2, 3, 2, 2)), Case("one example", affine(1, 4))),
        "affine_relu_backward",
        ("x", "w", "b"),
        backwards=backwards.AFFINE_RELUS,
    ),
    *(
        Exercise(
            f"{kind}_loss",
            (
                Case("scores", scores(5, 4)),
                Case("two classes", scores(4, 2)),
                Case("one example", scores(1, 3)),
                Case("small scores", scores(6, 3, 0.001)),
                Case("large scores", scores(5, 4, 1000.0), path="large"),
            ),
            gradients=("x",),
            results=("loss", "dx"),
            variants=variants.losses(kind),
        )
        for kind in ("softmax", "svm")
    ),
    *(
        Exercise(
            f"{kind}_loss_{way}",
            (
                Case("no regularization", classifier(5, 4, 3, 0.0)),
                Case("regularization", classifier(5, 4, 3, 0.25)),
                Case("as many features as classes", classifier(5, 3, 3, 0.1)),
                Case("one example", classifier(1, 4, 2, 0.1)),
            ),
            gradients=("W",),
            results=("loss", "dW"),
            variants=variants.classifiers(kind),
        )
        for kind in ("softmax", "svm")
        for way in ("naive", "vectorized")
    ),
    *(
        Exercise(
            rule.name,
            (
                Case("later steps", remembering(4, 3, **rule.memory)),
                Case("first steps", weights(4, 3)),
                Case("learning rate", weights(5, learning_rate=0.3)),
                *(Case(f"another {name}", weights(4, **{name: value})) for name, value in rule.settings.items()),
            ),
            steps=4,
            results=("next_w", "config"),
            defaults=tuple(rule.defaults.items()),
            variants=rule.variants,
        )
        for rule in RULES
    ),
    *(
        Exercise(
            "batchnorm_forward",
            (
                Case("features", features(5, 3)),
                Case("one feature", features(4, 1)),
                Case("two examples", features(2, 3)),
                Case("another eps and momentum", features(5, 3, eps=0.5, momentum=0.3)),
                Case("no averages yet", without_averages(5, 3)),
                *(
                    (Case("test mode", features(5, 3, "test"), backward=False, path="test"),)
                    if backward == "batchnorm_backward"
                    else ()
                ),
            ),
            backward,
            SCALED,
            defaults=(EPS, MOMENTUM),
            variants=variants.batch_norms(0, ndim=2),
            backwards=backwards.norms(0, ndim=2),
        )
        for backward in ("batchnorm_backward", "batchnorm_backward_alt")
    ),
    Exercise(
        "layernorm_forward",
        (
            Case("features", examples(4, 5)),
            Case("as many examples as features", examples(4, 4)),
            Case("one example", examples(1, 5)),
            Case("another eps", examples(3, 4, eps=0.5)),
        ),
        "layernorm_backward",
        SCALED,
        defaults=(EPS,),
        variants=variants.layer_norms(),
        backwards=backwards.norms(1, ndim=2),
    ),
    Exercise(
        "spatial_batchnorm_forward",
        (
            Case("images", images((2, 3, 4, 2))),
            Case("one channel", images((2, 1, 3, 2))),
            Case("one example", images((1, 3, 2, 3))),
            Case("as many channels as rows and columns", images((3, 3, 3, 3))),
            Case("test mode", images((2, 3, 4, 2), "test"), backward=False, path="test"),
        ),
        "spatial_batchnorm_backward",
        SCALED,
        defaults=(EPS, MOMENTUM),
        variants=(*variants.batch_norms(0, 2, 3, ndim=4), *backwards.rows_forward()),
        backwards=(*backwards.norms(0, 2, 3, ndim=4), *backwards.rows_backwards()),
    ),
    Exercise(
        "spatial_groupnorm_forward",
        (
            Case("two groups", groups((2, 6, 3, 2), 2)),
            Case("one group", groups((2, 4, 2, 3), 1)),
            Case("a group for each channel", groups((2, 3, 2, 3), 3)),
            Case("one example", groups((1, 4, 3, 2), 2)),
            Case("another eps", groups((2, 4, 2, 2), 2, eps=0.5)),
        ),
        "spatial_groupnorm_backward",
        SCALED,
        defaults=(EPS,),
        variants=(*variants.group_norms(), *backwards.grouped_last()),
        backwards=backwards.group_norms(),
    ),
    Exercise(
        "conv_forward_naive",
        CONV,
        "conv_backward_naive",
        ("x", "w", "b"),
        variants=windows.convolutions(),
        backwards=windows.convolution_backwards(),
    ),
    Exercise(
        "max_pool_forward_naive",
        POOL,
        "max_pool_backward_naive",
        ("x",),
        variants=(*variants.pools(), *windows.pools()),
        backwards=windows.pool_backwards(),
    ),
    Exercise(
        "corr2d",
        (
            Case("kernel 2 by 2", pair((4, 5), (2, 2))),
            Case("kernel 3 by 1", pair((5, 3), (3, 1))),
            Case("kernel of one pixel", pair((2, 3), (1, 1))),
            Case("kernel as large as the image", pair((3, 2), (3, 2))),
        ),
    ),
    Exercise(
        "corr2d_multi_in",
        (Case("two channels", pair((2, 4, 5), (2, 2, 3))), Case("one channel", pair((1, 3, 3), (1, 2, 2)))),
        variants=(Variant("the first channel alone", windows.first_channel),),
    ),
    Exercise(
        "corr2d_multi_in_out",
        (
            Case("three filters", pair((2, 4, 5), (3, 2, 2, 3))),
            Case("one filter", pair((2, 3, 3), (1, 2, 2, 2))),
            Case("as many filters as channels", pair((3, 4, 4), (3, 3, 2, 2))),
        ),
    ),
    Exercise(
        "corr2d_multi_in_out_1x1",
        (Case("two filters", pair((3, 3, 4), (2, 3, 1, 1))), Case("one channel", pair((1, 3, 3), (2, 1, 1, 1)))),
    ),
    Exercise(
        "pool2d",
        (
            Case("largest, 2 by 2", lambda rng: (rng.normal(size=(4, 5)), (2, 2))),
            Case("mean, 2 by 3", lambda rng: (rng.normal(size=(4, 5)), (2, 3), "avg"), path="avg"),
            Case("largest, 3 by 1", lambda rng: (rng.normal(size=(4, 3)) - 9, (3, 1), "max")),
        ),
        variants=(*variants.pools_of_one(), Variant("the window is as wide as it is high", windows.square_pool)),
    ),
    Exercise(
        "batch_norm",
        (Case("features", averages(5, 3)), Case("images", averages(2, 3, 4, 2))),
        results=("Y", "moving_mean", "moving_var"),
        variants=variants.moving_norms(),
    ),
)

ALIASES = {
    f"{layer}_{way}_{kind}": f"{layer}_{way}_naive"
    for layer, kinds in {"conv": ("fast", "im2col", "strided"), "max_pool": ("fast", "im2col", "reshape")}.items()
    for way in ("forward", "backward")
    for kind in kinds
}
"""Other names in the course for the same functions."""
