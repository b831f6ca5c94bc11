"""Sequential: a network that can be trained, as Keras users know it.

Read after `functional.py` and `layers/`. `network.py` has the layers in a row, with their shapes and parameters;
`training.py` what one batch computes; here are the loops over batches and epochs.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from numpycnn import checks, training
from numpycnn.callbacks import Callback, CallbackList, History, Logs, check_callbacks
from numpycnn.data import Data, batches, check_batch_size, check_pair, check_verbose, count_batches, split
from numpycnn.layers import Input, Layer
from numpycnn.losses import Loss, get_loss
from numpycnn.metrics import Metric, RunningMeans, get_metrics, values_of
from numpycnn.network import Network
from numpycnn.optimizers import Optimizer, get_optimizer
from numpycnn.progress import Progress, ProgressBar
from numpycnn.randomness import DROPOUT, ORDER, generator
from numpycnn.training import BatchResult
from numpycnn.typing import Array, Rng


class Sequential(Network):
    """A network of layers in a row that can be trained: `compile` says how, `fit` does it.

    layers, name, seed: as for `Network`, which also says when the model is built and what it raises.
    """

    optimizer: Optimizer | None
    """What `compile` set; None before."""
    loss: Loss | None
    """What `compile` set; None before."""
    metrics: dict[str, Metric]
    """What `compile` set, by name."""
    history: History | None
    """The figures of the last `fit`."""
    stop_training: bool
    """A callback sets it to True to end training, at the end of a batch or of an epoch."""
    steps: int
    """The model's position in training: how many batches it has learnt from."""

    def __init__(
        self, layers: Sequence[Layer | Input] | None = None, name: str = "sequential", seed: int | None = None
    ) -> None:
        super().__init__(layers, name, seed)
        self.optimizer, self.loss, self.metrics = None, None, {}
        self.history, self.stop_training, self.steps = None, False, 0

    def compile(
        self, optimizer: str | Optimizer, loss: str | Loss, metrics: Sequence[str | Metric] | None = None
    ) -> None:
        """Set how the model is trained.

        optimizer: "sgd", "rmsprop", "adam", or an object such as `RMSprop(learning_rate=0.01)`. loss:
        "categorical_crossentropy", "sparse_categorical_crossentropy", "mean_squared_error" ("mse"), or an object.
        metrics: "accuracy", or functions of (y_true, y_pred), see `metrics.py`; reported under their names.

        Raises ValueError for an unknown name, two metrics of one name, and an optimizer that serves another model;
        TypeError for another kind of value.
        """
        chosen = get_optimizer(optimizer), get_loss(loss), get_metrics([] if metrics is None else metrics)
        chosen[0].claim(self)
        self.optimizer, self.loss, self.metrics = chosen

    @property
    def metrics_names(self) -> list[str]:
        """The names of the figures that `evaluate` returns, in its order."""
        return ["loss", *self.metrics]

    # ------------------------------------------------------------ training

    def fit(
        self,
        x: Any,
        y: Any,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Sequence[Callback] | Callback | None = None,
        validation_split: float = 0.0,
        validation_data: tuple[Any, Any] | None = None,
        shuffle: bool = True,
        *,
        initial_epoch: int = 0,
        check_finite: bool = False,
    ) -> History:
        """Train: in each epoch once through the data, batch by batch, with one step of the optimizer for each.

        x: (n, *input_shape); y: the targets, as the loss takes them. batch_size: None is 32; a last, short batch is
        used too. epochs: the number of the last epoch, the first being initial_epoch + 1. verbose: 0 silent, 1 or
        "auto" a progress bar, 2 plain lines. validation_split: the last part of the data, taken before shuffling,
        is kept for validation; validation_data, (x, y), is used instead where given. shuffle: a new order each epoch.
        check_finite: refuse NaN and infinity in the data.

        Returns the History: the loss and the metrics of each epoch, those of validation data with "val_" before the
        name. Training figures are means over the epoch, taken while the weights change and dropout is on.

        Raises ValueError or TypeError for data and arguments that do not fit, before anything changes; what a callback
        raises may come later.
        """
        caller = f"{self.name}.fit"
        params: dict[str, Any] = {
            "epochs": checks.integer(caller, "epochs", epochs),
            "initial_epoch": checks.integer(caller, "initial_epoch", initial_epoch, at_least=0),
            "verbose": check_verbose(caller, verbose),
        }
        batch_size = check_batch_size(caller, batch_size)
        checks.flag(caller, "shuffle", shuffle)
        fraction = checks.number(caller, "validation_split", validation_split, at_least=0.0, below=1.0)
        listeners = check_callbacks(caller, callbacks)
        data = self._check_data("fit", x, y, check_finite)
        if validation_data is None:
            data, validation = split(caller, *data, fraction)
        else:
            pair = check_pair(caller, validation_data)
            validation = self._check_data("fit", *pair, check_finite, "validation ")
        self._build_for(data[0])

        history = History()
        params["steps"] = count_batches(len(data[0]), batch_size)
        params["metrics"] = self.metrics_names + [f"val_{name}" for name in self.metrics_names if validation]
        everyone = CallbackList([ProgressBar(params["verbose"]), *listeners, history], self, params)
        self.stop_training = False
        everyone.call("on_train_begin", {})
        self.history = history
        self._train(data, validation, batch_size, shuffle, everyone)
        return history

    def _train(
        self, data: Data, validation: Data | None, batch_size: int, shuffle: bool, listeners: CallbackList
    ) -> None:
        """The loop over epochs."""
        logs: Logs = {}
        for epoch in range(listeners.params["initial_epoch"], listeners.params["epochs"]):
            listeners.call("on_epoch_begin", epoch, {})
            logs = self._train_epoch(data, batch_size, shuffle, listeners)
            if validation is not None:
                figures = self._evaluate(validation, batch_size, verbose=0)
                logs |= {f"val_{name}": value for name, value in figures.items()}
            listeners.call("on_epoch_end", epoch, logs)
            if self.stop_training:
                break
        listeners.call("on_train_end", logs)

    def _train_epoch(self, data: Data, batch_size: int, shuffle: bool, listeners: CallbackList) -> Logs:
        """The loop over batches. The order of the examples belongs to the step that the epoch starts at."""
        (x, y), means = data, RunningMeans()
        order = self._generator(ORDER).permutation(len(x)) if shuffle else np.arange(len(x))
        for batch, rows in enumerate(batches(len(x), batch_size)):
            listeners.call("on_train_batch_begin", batch, {})
            means.add(*self._train_batch(x[order[rows]], y[order[rows]]))
            listeners.call("on_train_batch_end", batch, means.result())
            if self.stop_training:
                break
        return means.result()

    def _train_batch(self, x: Array, y: Array) -> tuple[int, dict[str, Any]]:
        """One step of the optimizer. Dropout's masks belong to the step, the micro-batch and the layer."""
        loss, optimizer = self._require_compiled("fit")
        goal = training.objective(self._layers, loss)
        result, gradients = training.train_batch(goal, self._cast(x), y, partial(self._generator, DROPOUT))
        figures = self._figures(result, y)  # first: a metric may raise
        optimizer.update(self.params, gradients)
        self.steps += 1
        return figures

    def train_on_batch(self, x: Any, y: Any, *, return_dict: bool = False, check_finite: bool = False) -> Any:
        """One step of the optimizer on one batch. Returns as `evaluate`, the figures before the step, dropout on.

        Raises ValueError or TypeError for data that do not fit, before anything changes.
        """
        checks.flag(f"{self.name}.train_on_batch", "return_dict", return_dict)
        x, y = self._check_data("train_on_batch", x, y, check_finite)
        self._build_for(x)
        means = RunningMeans()
        means.add(*self._train_batch(x, y))
        return self._returned(means.result(), return_dict)

    # ------------------------------------------------------------ evaluation and prediction

    def evaluate(
        self,
        x: Any,
        y: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        *,
        return_dict: bool = False,
        check_finite: bool = False,
    ) -> Any:
        """The loss and the metrics on data, dropout off: means over the examples.

        Returns a list in the order of `metrics_names`, or the loss alone where there are no metrics; with return_dict
        a dict by name. Arguments and errors as for `fit`.
        """
        caller = f"{self.name}.evaluate"
        batch_size, verbose = check_batch_size(caller, batch_size), check_verbose(caller, verbose)
        checks.flag(caller, "return_dict", return_dict)
        data = self._check_data("evaluate", x, y, check_finite)
        self._build_for(data[0])
        return self._returned(self._evaluate(data, batch_size, verbose), return_dict)

    def _evaluate(self, data: Data, batch_size: int, verbose: int) -> Logs:
        """The loop over batches."""
        (x, y), means = data, RunningMeans()
        goal = training.objective(self._layers, self._require_compiled("evaluate")[0])
        progress = Progress(count_batches(len(x), batch_size), verbose)
        for batch, rows in enumerate(batches(len(x), batch_size)):
            result = training.evaluate_batch(goal, self._cast(x[rows]), y[rows])
            means.add(*self._figures(result, y[rows]))
            progress.update(batch + 1, means.result())
        progress.finish(means.result())
        return means.result()

    def test_on_batch(self, x: Any, y: Any, *, return_dict: bool = False, check_finite: bool = False) -> Any:
        """`evaluate` on one batch, silently."""
        checks.flag(f"{self.name}.test_on_batch", "return_dict", return_dict)
        x, y = self._check_data("test_on_batch", x, y, check_finite)
        self._build_for(x)
        return self._returned(self._evaluate((x, y), len(x), verbose=0), return_dict)

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: int | str = 0, *, check_finite: bool = False
    ) -> Array:
        """The model's output, dropout off: (n, *input_shape) -> (n, *output_shape). Works without `compile`.

        batch_size: how many examples make a step of the progress bar; None is 32. verbose, check_finite: as for `fit`.
        Raises ValueError or TypeError for data and arguments that do not fit.
        """
        caller = f"{self.name}.predict"
        batch_size, verbose = check_batch_size(caller, batch_size), check_verbose(caller, verbose)
        x, output_shape = self._check_x(caller, x, check_finite)
        self._build_for(x)
        y = np.empty((len(x), *output_shape), self.dtype)
        progress = Progress(count_batches(len(x), batch_size), verbose)
        for batch, rows in enumerate(batches(len(x), batch_size)):
            y[rows] = training.infer(self._layers, self._cast(x[rows]))
            progress.update(batch + 1, {})
        progress.finish({})
        return y

    # ------------------------------------------------------------ helpers

    def _require_compiled(self, method: str) -> tuple[Loss, Optimizer]:
        """The loss and the optimizer. Raises ValueError before `compile`."""
        if self.loss is None or self.optimizer is None:
            raise ValueError(f"{self.name}.{method}: the model is not compiled; call compile(optimizer, loss) first")
        return self.loss, self.optimizer

    def _check_data(self, method: str, x: Any, y: Any, check_finite: bool, kind: str = "") -> Data:
        """x and y as arrays. Raises unless the model is compiled and they fit it and one another; changes nothing."""
        loss, _ = self._require_compiled(method)
        caller = f"{self.name}.{method}"
        x, output_shape = self._check_x(caller, x, check_finite, f"{kind}x")
        y = checks.numbers(caller, f"{kind}y", y)
        checks.same_length(caller, **{f"{kind}x": x, f"{kind}y": y})
        if check_finite:
            checks.finite(caller, f"{kind}y", y, self.dtype)
        try:
            loss.targets(y, output_shape)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{kind}{error}") from None
        training.check_probabilities(self._layers[-1], loss)
        return x, y

    def _figures(self, result: BatchResult, y: Array) -> tuple[int, dict[str, Any]]:
        """(the number of examples, the loss and the metrics by name)."""
        values = {name: values_of(name, metric, y, result.y_pred) for name, metric in self.metrics.items()}
        return len(y), {"loss": result.losses, **values}

    def _returned(self, figures: Logs, as_dict: bool) -> Any:
        """Figures as Keras returns them: a dict, a list, or the loss alone."""
        if as_dict:
            return figures
        return list(figures.values()) if self.metrics else figures["loss"]

    def _generator(self, purpose: int, *place: int) -> Rng:
        """The generator for a purpose at the model's position in training."""
        return generator(self.seed or 0, purpose, self.steps, *place)  # a built model has a seed
