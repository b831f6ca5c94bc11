"""Gradient checks of layers and of whole models, in float64, on copies.

The claimed gradients come from the code that trains. The numerical ones come from the layer-by-layer forward, with the
same dropout masks, which depend only on the seed, the step, the micro-batch and the layer.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from numpycnn.common import checks
from numpycnn.common.typing import Array, Rng
from numpycnn.engine import training
from numpycnn.engine.batching import Data, Given
from numpycnn.engine.split import in_one_piece
from numpycnn.engine.training import Position
from numpycnn.engine.workers import worker_pool
from numpycnn.gradcheck.examine import examine
from numpycnn.gradcheck.functions import SAMPLES, times
from numpycnn.gradcheck.problem import Arrays, Problem, Settings, given
from numpycnn.gradcheck.report import Report
from numpycnn.layers import Layer
from numpycnn.layers.chain import Chain
from numpycnn.layers.container import Stages
from numpycnn.layers.penalties import weight_penalties
from numpycnn.layers.stage import Stage, of_prefix, with_prefix
from numpycnn.losses import Loss
from numpycnn.models import Sequential

FLOAT64 = np.dtype(np.float64)

MIN_EXAMPLES = 1
"""The smallest batch that is divided: any, so that sums over micro-batches are checked."""


def gradcheck(
    model: Sequential, x: Any, y: Any, *, method: str = "auto", samples: int = SAMPLES, seed: int = 0
) -> Report:
    """Check the gradients of a compiled model's loss: of every parameter, and of the input.

    x, y: a batch as `fit` takes it; a few examples are enough. They are always divided into micro-batches, and
    the gradients are those of the model's next training step: with dropout, on the model's path (`fast` or layer by
    layer). See `nearby.py` for entries at kinks, such as a ReLU at 0.
    method, samples, seed: as for `gradcheck_function`.

    Raises ValueError or TypeError for a model that is not compiled and built, and for data that do not fit.
    """
    settings = Settings.checked("gradcheck", method, samples, seed)
    if not isinstance(model, Sequential):
        raise TypeError(
            f"gradcheck: expected a Sequential; received {model!r}. See gradcheck_layer, gradcheck_function"
        )
    data = model._check_data("gradcheck", Given(x, y))
    model._require_built("gradcheck")
    loss, _ = model._require_compiled("gradcheck")
    title = f"{model.name}, {len(data)} examples, {'fast' if model.fast else 'plain'} path"
    with worker_pool(1):  # limits BLAS to one thread, which is faster for few examples
        step = Step(model, loss, data.x.astype(FLOAT64), data.y)
        problem = Problem(
            title, step.loss, step.gradients, step.point, list(step.point), chained=True, size=step.size()
        )
        return examine(problem, settings)


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

    def forward(at: Arrays) -> tuple[Array, Any]:
        return with_params(twin, at).forward(at["input"], training=training, rng=np.random.default_rng(seed))

    def backward(at: Arrays) -> Arrays:
        _, cache = forward(at)
        dx, gradients = both(with_params(twin, at).backward(at["dy"], cache))
        return {"input": dx, **with_prefix(layer.name, gradients)}

    point = {"input": x, **with_prefix(layer.name, twin.params)}
    y, cache = forward(point)
    point["dy"] = np.random.default_rng((seed, 1)).standard_normal(y.shape)
    problem = Problem(layer.name, lambda at: times(forward(at)[0], at["dy"]), backward, point, list(point)[:-1])
    report = examine(problem, settings)
    return report._replace(problems=[*report.problems, *unlike(twin, point["dy"], cache)])


def unlike(layer: Layer, dy: Array, cache: Any) -> Iterator[str]:
    """The differences of `parameter_gradients` and `input_gradient` from `backward`.

    A gradient that `backward` does not return is reported elsewhere.
    """
    dx, together = both(layer.backward(dy, cache))
    if dx is not None and not close(dx, layer.input_gradient(dy, cache)):
        yield f"input_gradient gives another gradient of {layer.name}'s input than backward"
    alone = layer.parameter_gradients(dy, cache) or {}
    for key, gradient in given(together).items():
        if not close(gradient, alone.get(key)):
            yield f"parameter_gradients gives another gradient of {layer.name}/{key} than backward"


def both(result: Any) -> tuple[Any, Arrays]:
    """The result of `backward`, dx and gradients by name; nothing unless it is a pair."""
    dx, gradients = result if isinstance(result, tuple) and len(result) == 2 else (None, None)
    return dx, gradients or {}


def close(a: Array, b: Array | None) -> bool:
    """Whether two arrays are equal up to rounding."""
    if b is None or a.shape != b.shape:
        return False
    return bool(np.abs(a - b).max(initial=0.0) <= 1e-12 * np.abs(a).max(initial=0.0))


def in_float64(layer: Layer) -> Any:
    """A copy of a layer with its arrays in float64."""
    return layer.with_arrays(*({k: a.astype(FLOAT64) for k, a in own.items()} for own in (layer.params, layer.state)))


def with_params(layer: Layer, point: Arrays) -> Layer:
    """A copy of a layer with the parameters that stand in the point, as "layer/parameter"."""
    return layer.with_arrays({**layer.params, **of_prefix(layer.name, point)}, layer.state)


# ---------------------------------------------------------------- a training step of a model


class Step:
    """The next training step of a model: its loss by the plain forward, and its gradients as training has them."""

    def __init__(self, model: Sequential, loss: Loss, x: Array, y: Array) -> None:
        self.network, self.loss_function, self.fast = in_float64(model), loss, model.fast
        self.position, self.data = Position(model.seed or 0, model.steps), Data(x, y)
        self.cuts = training.micro_batches(len(x), MIN_EXAMPLES)
        self.plain = training.make_objective(self.network, loss, FLOAT64, fast=False)
        self.point = {"input": x, **self.network.trained_params}
        self.inputs, self.penalties = [x], [0.0]
        for stage in self.stages(self.plain.network):
            y, penalty = self.through(self.inputs[-1], [stage])
            self.inputs.append(y)
            self.penalties.append(self.penalties[-1] + penalty)

    def stages(self, network: Chain) -> Stages:
        """What a batch in one piece goes through, with the dropout masks of the step."""
        return in_one_piece(network, self.position, self.cuts).stages

    def through(self, x: Array, stages: Stages) -> tuple[Array, Any]:
        """What becomes of x by these stages, and the penalty of their outputs."""
        chain = self.network.with_layers(self.network.layers, stages)
        y, caches = chain.forward(x, training=True, rng=self.position.rng(0))
        return y, chain.penalty(caches)

    def at(self, point: Arrays) -> Chain:
        """The network with the point's parameters."""
        network: Chain = self.network.with_arrays({**self.network.params, **point}, self.network.state)
        return network

    def gradients(self, point: Arrays) -> Arrays:
        """The gradients of all parameters, as training has them, and that of the input by the same path."""
        objective = training.make_objective(self.at(point), self.loss_function, FLOAT64, fast=self.fast)
        objective = objective._replace(min_examples=MIN_EXAMPLES)
        network, numbers = objective.network, np.arange(len(self.data))
        stages = [(0, Examples(point["input"])), *network.stages]
        from_input = objective._replace(network=network.with_layers(network.layers, stages))
        step = training.batch_gradients(objective, self.position, Data(point["input"], self.data.y), numbers)
        longer = training.batch_gradients(from_input, self.position, Data(numbers, self.data.y), numbers)
        return {"input": training.total(longer.terms)["examples/x"], **training.total(step.terms)}

    def loss(self, point: Arrays) -> Array:
        """Each example's part in the mean loss, and the penalties, by the plain forward, for complex arrays too."""
        objective = training.make_objective(self.at(point), self.loss_function, FLOAT64, fast=False)
        first = self.first_changed(point)
        x = self.inputs[first] if first else point["input"]
        z, penalty = self.through(x, self.stages(objective.network)[first:])
        penalty += self.penalties[first] + weight_penalties(objective.network.layers)
        divisor = self.plain.divisor(self.data.y, None)
        return np.append(self.plain.loss.value(self.plain.targets(self.data.y, z), z) / divisor, penalty)

    def size(self) -> float:
        """The largest number that goes into a layer, or 1, which probabilities sum to."""
        return max(1.0, *(float(np.abs(x).max()) for x in self.inputs))

    def first_changed(self, point: Arrays) -> int:
        """The index of the first layer whose output is not what it was at the step's own point."""
        if point["input"] is not self.point["input"]:
            return 0
        changed = {name.partition("/")[0] for name, array in self.point.items() if point[name] is not array}
        return next((k for k, layer in enumerate(self.network.layers) if layer.name in changed), 0)


class Examples(Stage):
    """A stage before all others that looks up examples by number, and so makes the input a parameter like the rest."""

    name, trainable = "examples", True

    def __init__(self, x: Array) -> None:
        self.x = x

    @property
    def params(self) -> Arrays:
        return {"x": self.x}

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Array]:
        rows = x.astype(int)
        return self.x[rows], rows

    def backward(self, dy: Array, cache: Array) -> tuple[Array, Arrays]:
        dx = np.zeros_like(self.x)
        dx[cache] = dy
        return np.zeros(len(dy)), {"x": dx}
