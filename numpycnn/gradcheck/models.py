"""Gradient checks of layers and of whole models, in float64 on copies: the originals stay as they are.

What is claimed comes from the code that trains. The numbers come from the plain forward alone, with the same dropout
masks: those are a function of the seed, the step, the micro-batch and the layer, and so hold still.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array, Rng
from numpycnn.engine import training
from numpycnn.engine.training import Place
from numpycnn.engine.workers import at_work
from numpycnn.gradcheck.check import check
from numpycnn.gradcheck.functions import SAMPLES, gradcheck_function, times
from numpycnn.gradcheck.problem import Arrays, Problem, Settings, given
from numpycnn.gradcheck.report import Report
from numpycnn.layers import Layer
from numpycnn.losses import Loss
from numpycnn.models import Sequential

FLOAT64 = np.dtype(np.float64)

LEAST = 1
"""The fewest examples of a batch that is divided: here any, so that sums over micro-batches are checked."""


def gradcheck(
    model: Sequential, x: Any, y: Any, *, method: str = "auto", samples: int = SAMPLES, seed: int = 0
) -> Report:
    """Check the gradients of a compiled model's loss: of every parameter, and of the input.

    x, y: a batch as `fit` takes it; a few examples are enough. They are divided into micro-batches whatever their
    number, and gradients are those of the model's next training step: dropout on, by the path that the model takes
    (`fast` or plain). At kinks, such as a ReLU at 0, entries are compared a little aside; see `gradcheck_layer`.
    method, samples, seed: as for `gradcheck_function`.

    Raises ValueError or TypeError for a model that is not compiled and built, and for data that do not fit.
    """
    settings = Settings.checked("gradcheck", method, samples, seed)
    if not isinstance(model, Sequential):
        raise TypeError(
            f"gradcheck: expected a Sequential; received {model!r}. See gradcheck_layer, gradcheck_function"
        )
    x, y = model._check_data("gradcheck", x, y, check_finite=False)
    model._require_built("gradcheck")
    loss, _ = model._require_compiled("gradcheck")
    title = f"{model.name}, {len(x)} examples, {'fast' if model.fast else 'plain'} path"
    with at_work(1):  # holds BLAS to one thread, which is faster for so few examples
        step = Step(model, loss, x.astype(FLOAT64), y)
        problem = Problem(
            title, step.loss, step.gradients, step.point, list(step.point), chained=True, size=step.size()
        )
        return check(problem, settings)


def gradcheck_layer(
    layer: Layer,
    x: Any,
    *,
    training: bool = True,
    method: str = "auto",
    samples: int = SAMPLES,
    seed: int = 0,
) -> Report:
    """Check a built layer's `backward` for a batch x: the gradients of the input and of every parameter.

    The loss is sum(y*dy), with dy drawn at random. training: whether the forward is that of training; dropout's masks
    come from the seed. method, samples, seed: as for `gradcheck_function`.

    Raises ValueError or TypeError for a layer that is not built, and for an x that does not fit.
    """
    settings = Settings.checked("gradcheck_layer", method, samples, seed)
    if not isinstance(layer, Layer):
        raise TypeError(f"gradcheck_layer: expected a layer; received {layer!r}")
    x = checks.numbers(layer.name, "x", x).astype(FLOAT64)
    layer.check_input(x)
    twin = in_float64(layer)

    def forward(point: Arrays) -> tuple[Array, Any]:
        set_params([twin], point)
        return twin.forward(point["input"], training=training, rng=np.random.default_rng(seed))

    def backward(point: Arrays) -> Arrays:
        _, cache = forward(point)
        dx, gradients = both(twin.backward(point["dy"], cache))
        return {"input": dx, **by_name(twin, gradients)}

    point = {"input": x, **by_name(twin, twin.params)}
    y, cache = forward(point)
    point["dy"] = np.random.default_rng((seed, 1)).standard_normal(y.shape)
    problem = Problem(layer.name, lambda at: times(forward(at)[0], at["dy"]), backward, point, list(point)[:-1])
    report = check(problem, settings)
    set_params([twin], point)
    return report._replace(problems=[*report.problems, *unlike(twin, point["dy"], cache)])


def assert_gradients(checked: Any, *arguments: Any, allow_inconclusive: bool = False, **options: Any) -> None:
    """For test suites: raises AssertionError, the report being its message, unless the gradients are right.

    Called as `gradcheck` for a model, as `gradcheck_layer` for a layer, and as `gradcheck_function` for anything else.
    allow_inconclusive: whether gradients that cannot be decided are accepted too.
    """
    kinds: dict[type, Any] = {Sequential: gradcheck, Layer: gradcheck_layer}
    check_it = next((function for kind, function in kinds.items() if isinstance(checked, kind)), gradcheck_function)
    report = check_it(checked, *arguments, **options)
    if not report.passed and not (report.inconclusive and allow_inconclusive):
        raise AssertionError(str(report))


def unlike(layer: Layer, dy: Array, cache: Any) -> Iterator[str]:
    """What is wrong with `parameter_gradients`, which has to give what `backward` gives."""
    (_, together), alone = both(layer.backward(dy, cache)), layer.parameter_gradients(dy, cache) or {}
    for key, a in given(together).items():
        b = np.asarray(alone.get(key), a.dtype)  # NaN for None
        if a.shape != b.shape or not np.abs(a - b).max() <= 1e-12 * np.abs(a).max():
            yield f"parameter_gradients gives another gradient of {layer.name}/{key} than backward"


def both(result: Any) -> tuple[Any, Arrays]:
    """What `backward` gave: dx, and gradients by name. From anything but a pair, nothing."""
    dx, gradients = result if isinstance(result, tuple) and len(result) == 2 else (None, None)
    return dx, gradients or {}


def in_float64(layer: Layer) -> Layer:
    """A layer with copies of the parameters in float64."""
    twin = copy(layer)
    twin.params = {key: param.astype(FLOAT64) for key, param in layer.params.items()}
    return twin


def by_name(layer: Layer, arrays: Arrays) -> Arrays:
    """A layer's arrays under the names that they have in a model."""
    return {f"{layer.name}/{key}": array for key, array in arrays.items()}


def set_params(layers: Sequence[Layer], point: Arrays) -> None:
    """Put arrays by name into the layers, in the place of their parameters."""
    for layer in layers:
        for key in layer.params:
            layer.params[key] = point[f"{layer.name}/{key}"]


# ---------------------------------------------------------------- a training step of a model


class Step:
    """The next training step of a model: its loss by the plain forward, and its gradients as training has them."""

    def __init__(self, model: Sequential, loss: Loss, x: Array, y: Array) -> None:
        self.layers, self.y = [in_float64(layer) for layer in model.layers], y
        self.place = Place(model.seed or 0, model.steps)  # a built model has a seed
        self.plain = training.objective(self.layers, loss, FLOAT64, fast=False)
        goal = training.objective(self.layers, loss, FLOAT64, fast=model.fast)
        self.trained = goal._replace(passes=goal.passes._replace(least=LEAST))
        self.point = {"input": x} | {k: p for layer in self.layers for k, p in by_name(layer, layer.params).items()}
        self.cuts = list(training.micro_batches(len(x), LEAST))
        self.inputs = [list(self.passed(micro, x[rows])) for micro, rows in enumerate(self.cuts)]

    def gradients(self, point: Arrays) -> Arrays:
        """The gradients of all parameters, as training has them, and that of the input by the same path."""
        set_params(self.layers, point)
        numbers, passes = np.arange(len(self.y)), self.trained.passes
        before = self.trained._replace(passes=passes._replace(stages=[(0, Examples(point["input"])), *passes.stages]))
        _, terms = training.train_batch(self.trained, self.place, point["input"], self.y, numbers)
        _, with_input = training.train_batch(before, self.place, numbers, self.y, numbers)
        return {"input": training.total(with_input)["examples/x"], **training.total(terms)}

    def loss(self, point: Arrays) -> Array:
        """Each example's part in the mean loss, by the plain forward, for complex arrays too."""
        set_params(self.layers, point)
        first, losses = self.first_changed(point), []
        for micro, rows in enumerate(self.cuts):
            *_, z = self.passed(micro, self.inputs[micro][first] if first else point["input"][rows], first)
            targets = self.plain.loss.targets(self.y[rows], z.shape[1:]).astype(z.dtype)
            losses.append(self.plain.loss.value(targets, z))
        return np.concatenate(losses) / len(self.y)

    def passed(self, micro: int, x: Array, first: int = 0) -> Iterator[Array]:
        """A micro-batch x, and what becomes of it layer by layer, from the layer with the index `first` on."""
        yield x
        for index, layer in self.plain.passes.stages[first:]:
            x, _ = layer.forward(x, training=True, rng=self.place.rng(micro, index))
            yield x

    def size(self) -> float:
        """The largest number that goes into a layer, or 1, which probabilities sum to."""
        return max(1.0, *(float(np.abs(x).max()) for inputs in self.inputs for x in inputs))

    def first_changed(self, point: Arrays) -> int:
        """The index of the first layer whose output is not what it was at the step's own point."""
        if point["input"] is not self.point["input"]:
            return 0
        same = (all(a is self.point[k] for k, a in by_name(layer, layer.params).items()) for layer in self.layers)
        return next((k for k, unchanged in enumerate(same) if not unchanged), 0)


class Examples:
    """A stage before all others that looks up examples by number, and so makes the input a parameter like the rest."""

    name = "examples"

    def __init__(self, x: Array) -> None:
        self.params = {"x": x}

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Array]:
        rows = x.astype(int)
        return self.params["x"][rows], rows

    def backward(self, dy: Array, cache: Array) -> tuple[Array, Arrays]:
        dx = np.zeros_like(self.params["x"])
        dx[cache] = dy
        return np.zeros(len(dy)), {"x": dx}

    def parameter_gradients(self, dy: Array, cache: Array) -> Arrays:
        return self.backward(dy, cache)[1]
