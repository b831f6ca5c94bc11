"""Layers in a row: their shapes, parameters and configuration. How they are trained is in `models.py`."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from os import PathLike
from typing import Any, Self

import numpy as np

from numpycnn import backend
from numpycnn.common import checks
from numpycnn.common.configuration import from_description
from numpycnn.common.explained import Explained
from numpycnn.common.randomness import WEIGHTS, draw_seed, generator
from numpycnn.common.slices import count_batches
from numpycnn.common.typing import Array, Shape
from numpycnn.engine import training
from numpycnn.engine.batching import check_batch_size, check_verbose
from numpycnn.engine.workers import at_work, check_workers
from numpycnn.layers import LAYERS, Input, Layer
from numpycnn.show.progress import Progress
from numpycnn.show.summary import summary_lines


class Network(Explained):
    """Layers in a row: the output of each is the input of the next. `Sequential` is one that can be trained.

    layers: the layers, or add them one by one. name: what errors and the summary call the model. seed: fixes initial
    weights, dropout and the order of examples; None draws one from NumPy's global state when the model is built, so
    that `np.random.seed` before it fixes everything as well.

    The model is built, that is its parameters are made, as soon as the shape of an example is known: from the first
    layer's input_shape, from `build`, or from the first data. Its dtype is then the backend's floatx; data are cast to
    it batch by batch.

    fast: compute convolutions in blocks, with the ReLU, pooling and dropout after them (`fast/`): the same numbers
    to rounding, several times as fast. False computes layer by layer, as `functional.py` and `layers/` read.

    Raises TypeError or ValueError for a layer that is none, two layers of one name, and shapes that do not fit.
    """

    explained_methods = ("compile", "fit", "train_on_batch", "evaluate", "test_on_batch", "predict", "summary", "save")

    def __init__(
        self,
        layers: Sequence[Layer | Input] | None = None,
        name: str = "sequential",
        seed: int | None = None,
        *,
        fast: bool = True,
    ) -> None:
        self.name = checks.name("Sequential", name)
        self.fast = checks.flag(self.name, "fast", fast)
        self.seed = None if seed is None else checks.integer(self.name, "seed", seed, at_least=0)
        self.dtype = np.dtype(backend.floatx())
        self._layers: list[Layer] = []
        self._input_shape: Shape | None = None  # from an Input, until the first layer has it
        self._built = False
        given = checks.sequence(self.name, "layers", [] if layers is None else layers)
        with restored_on_error(given):
            for layer in given:
                self.add(layer)

    @property
    def layers(self) -> list[Layer]:
        """The layers, first to last."""
        return list(self._layers)

    @property
    def built(self) -> bool:
        """Whether the model has its parameters, its seed and its dtype."""
        return self._built

    @property
    def input_shape(self) -> Shape | None:
        """The shape of one example going in, without the batch axis; None while unknown."""
        return self._layers[0].input_shape if self._layers else self._input_shape

    @property
    def output_shape(self) -> Shape | None:
        """The shape of one example coming out, without the batch axis; None while unknown."""
        return self._layers[-1].output_shape if self._layers else None

    @property
    def params(self) -> dict[str, Array]:
        """Every parameter, itself and not a copy, as "layer/parameter": such as "conv2d/kernel"."""
        return {f"{layer.name}/{key}": p for layer in self._layers for key, p in layer.params.items()}

    def add(self, layer: Layer | Input) -> None:
        """Append a layer, and build it where the shape of its input is known. Raises as the class says."""
        if isinstance(layer, Input):
            if self._layers or self._input_shape is not None:
                raise ValueError(f"{self.name}.add: an Input must come before everything else")
            self._input_shape = layer.shape
            return
        if not isinstance(layer, Layer):
            raise TypeError(f"{self.name}.add: expected a layer; received {checks.shown(layer)}")
        if any(layer is other for other in self._layers):
            raise ValueError(f"{self.name}.add: {layer.name} is in the model already")
        with restored_on_error([layer]):
            layer.rename([other.name for other in self._layers])
            if self.built or not self._layers:
                first_shape = layer.input_shape if self._input_shape is None else self._input_shape
                input_shape = self.output_shape if self._layers else first_shape
                if input_shape is not None:
                    self._build([layer], len(self._layers), input_shape)
        layer.auto_named = False  # parameters and optimizer state go by this name from now on
        self._layers.append(layer)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make every layer's parameters, for examples of that shape: (28, 28, 1), or as Keras has it (None, 28, 28, 1).

        Raises ValueError when there are no layers or the shape does not fit them; nothing is built then.
        """
        if isinstance(input_shape, (tuple, list)) and input_shape[:1] in ((None,), [None]):
            input_shape = input_shape[1:]
        shape = checks.shape(f"{self.name}.build", "input_shape", input_shape)
        self._infer_output_shape(shape)
        if not self.built:
            self._build(self._layers, 0, shape)

    def _infer_output_shape(self, shape: Shape) -> Shape:
        """The output's shape for an input's. Raises ValueError where a layer cannot take what comes; builds nothing."""
        if not self._layers:
            raise ValueError(f"{self.name}: the model has no layers; add some first")
        for layer in self._layers:
            shape = layer.check_shape(shape)
        return shape

    def _build(self, layers: Sequence[Layer], first: int, shape: Shape) -> None:
        """Build layers that follow one another, all or none; the first of them has, or will have, the index `first`.

        Their parameters come from the model's seed, which is drawn now if there is none.
        """
        dtype = self.dtype if first else np.dtype(backend.floatx())
        inputs = []  # what goes into each layer
        for layer in layers:
            inputs.append(shape)
            shape = layer.check_shape(shape)
            check_dtype(layer, dtype)
        seed = draw_seed() if self.seed is None else self.seed
        made = []
        for index, (layer, input_shape) in enumerate(zip(layers, inputs, strict=True), start=first):
            rng = generator(seed, WEIGHTS, index)
            made.append(layer.params if layer.built else layer.make_params(input_shape, rng, dtype))
        for layer, input_shape, params in zip(layers, inputs, made, strict=True):
            layer.finish_build(input_shape, params)
        self.seed, self.dtype, self._built = seed, dtype, True

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name, or at that index. Raises ValueError for none such, and unless one is given."""
        caller = f"{self.name}.get_layer"
        if (name is None) == (index is None):
            given = f"name={checks.shown(name)}, index={checks.shown(index)}"
            raise ValueError(f"{caller}: expected a name or an index; received {given}")
        if name is not None:
            return checks.lookup(caller, "name", name, {layer.name: layer for layer in self._layers})
        index = checks.integer(caller, "index", index, at_least=-len(self._layers))
        if index >= len(self._layers):
            raise ValueError(f"{caller}: index must be below {len(self._layers)}; received {checks.shown(index)}")
        return self._layers[index]

    def count_params(self) -> int:
        """How many trainable numbers the model holds."""
        return sum(layer.count_params() for layer in self._layers)

    def summary(self, print_fn: Callable[[str], object] = print) -> None:
        """Print a table of the layers, line by line through print_fn.

        Raises ValueError for a model not built, TypeError for a print_fn that cannot be called.
        """
        self._require_built("summary")
        checks.function(f"{self.name}.summary", "print_fn", print_fn)
        for line in summary_lines(self.name, self._layers):
            print_fn(line)

    # ------------------------------------------------------------ weights and configuration

    def get_weights(self) -> list[Array]:
        """Copies of all parameters, layer by layer, kernel before bias, as Keras orders them."""
        return [weight for layer in self._layers for weight in layer.get_weights()]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Copy arrays into the parameters, in `get_weights`' order. Raises ValueError or TypeError unless all fit."""
        self._require_built("set_weights")
        rest = iter(checks.sequence(f"{self.name}.set_weights", "weights", weights, length=len(self.params)))
        checked = [layer.check_weights([next(rest) for _ in layer.params]) for layer in self._layers]
        for layer, values in zip(self._layers, checked, strict=True):
            layer.set_weights(values)

    def get_config(self) -> dict[str, Any]:
        """The model without its weights, as JSON values: `Sequential.from_config` makes an equal one."""
        layers = [{"class_name": type(layer).__name__, "config": layer.get_config()} for layer in self._layers]
        return {"name": self.name, "seed": self.seed, "layers": layers}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The model that `get_config` described, of the library's own layers, with new weights.

        Raises ValueError or TypeError for anything else.
        """
        checks.keys("from_config", "config", config, {"name", "seed", "layers"})
        entries = checks.sequence("from_config", "layers", config["layers"])
        layers = [from_description("from_config", "layer", entry, LAYERS) for entry in entries]
        return cls(layers, name=config["name"], seed=config["seed"])

    def save_weights(self, path: str | PathLike[str]) -> None:
        """Write the parameters to a file, by name: the old file there is replaced whole, or stays as it was.

        Raises ValueError for a model that is not built, TypeError for what is no path, and OSError as the system does.
        """
        from numpycnn import files  # here: its imports take a while

        path = checks.path(f"{self.name}.save_weights", "path", path)
        self._require_built("save_weights")
        files.save_weights(path, self.params)

    def load_weights(self, path: str | PathLike[str]) -> None:
        """Read the parameters from a file of `save_weights` or of `Sequential.save`, for a model built alike.

        Raises saving.ModelFileError, a ValueError, for a file that is damaged or whose names, shapes or dtypes are not
        this model's, which then stays as it is; and as `save_weights` does.
        """
        from numpycnn import files  # here: its imports take a while

        path = checks.path(f"{self.name}.load_weights", "path", path)
        self._require_built("load_weights")
        for name, value in files.load_weights(path, self.params).items():
            self.params[name][...] = value

    # ------------------------------------------------------------ inference

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = 0,
        *,
        check_finite: bool = False,
        workers: int | None = None,
        executor: Any = None,
    ) -> Array:
        """The model's output, dropout off: (n, *input_shape) -> (n, *output_shape). Works without `compile`.

        batch_size: how many examples make a step of the progress bar, and nothing else; None is 32. verbose,
        check_finite, workers, executor: as for `Sequential.fit`.
        Raises ValueError or TypeError for data and arguments that do not fit.
        """
        caller = f"{self.name}.predict"
        batch_size, verbose = check_batch_size(caller, batch_size), check_verbose(caller, verbose)
        workers = check_workers(caller, workers, executor)
        x, output_shape = self._check_x(caller, x, check_finite)
        self._build_for(x)
        y = np.empty((len(x), *output_shape), self.dtype)
        how = training.passes(self._layers, self.dtype, fast=self.fast)
        progress = Progress(count_batches(len(x), batch_size), verbose)
        cuts = list(training.micro_batches(len(x), training.MOST))
        with at_work(workers, executor) as team:
            for rows, part in zip(
                cuts, team.run(partial(training.infer, how), (x[rows] for rows in cuts)), strict=True
            ):
                y[rows] = part
                progress.update(count_batches(min(rows.stop, len(x)), batch_size), {})
        progress.finish({})
        return y

    def __call__(self, x: Any) -> Array:
        """`predict`, as a call."""
        return self.predict(x)

    def _check_x(self, caller: str, x: Any, check_finite: bool, argument: str = "x") -> tuple[Array, Shape]:
        """x as an array, and the shape of one example's output. Raises for data that do not fit; changes nothing."""
        x = checks.numbers(caller, argument, x)
        checks.same_length(caller, **{argument: x})
        if self._layers and self.input_shape is not None:
            checks.batch_shape(self._layers[0].name, argument, x.shape, self.input_shape)
        output_shape = self._infer_output_shape(x.shape[1:])
        if checks.flag(caller, "check_finite", check_finite):
            checks.finite(caller, argument, x, self.dtype)
        return x, output_shape

    def _build_for(self, x: Array) -> None:
        """Build the model for a batch x, unless it is built."""
        if not self.built:
            self.build(x.shape[1:])

    def _require_built(self, method: str) -> None:
        """Raise ValueError unless the model is built."""
        if not self.built:
            raise ValueError(
                f"{self.name}.{method}: the model is not built; give its first layer an input_shape, or call build"
            )


@contextmanager
def restored_on_error(layers: Sequence[Any]) -> Iterator[None]:
    """If the body raises, the layers get back the names, shapes and parameters that they had before it."""
    before = [(layer, dict(vars(layer))) for layer in layers if isinstance(layer, Layer)]
    try:
        yield
    except Exception:
        for layer, attributes in before:
            vars(layer).update(attributes)
        raise


def check_dtype(layer: Layer, dtype: np.dtype) -> None:
    """Raise ValueError unless the parameters that the layer may have already are of that dtype."""
    for key, param in layer.params.items():
        if param.dtype != dtype:
            raise ValueError(f"{layer.name}: {key} is {param.dtype} from before, but the model's dtype is {dtype}")
