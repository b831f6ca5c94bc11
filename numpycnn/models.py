"""Sequential: a network that can be trained, as Keras users know it.

Read after `functional.py` and `layers/`. `network.py` has the layers in a row, with their shapes and parameters;
`training.py` what one batch computes; here are the loops over batches and epochs.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from os import PathLike
from typing import Any

import numpy as np

from numpycnn.callbacks import Callback, CallbackList, History, Logs, check_callbacks
from numpycnn.common import checks
from numpycnn.common.randomness import ORDER, generator
from numpycnn.common.slices import batches, count_batches
from numpycnn.common.typing import Array
from numpycnn.engine import training
from numpycnn.engine.batching import Data, check_batch_size, check_pair, check_verbose, split
from numpycnn.engine.network import Network
from numpycnn.engine.training import BatchResult, Place
from numpycnn.engine.workers import Workers, at_work, check_workers
from numpycnn.layers import Input, Layer
from numpycnn.losses import Loss, get_loss
from numpycnn.metrics import Metric, RunningMeans, get_metrics, values_of
from numpycnn.optimizers import Optimizer, get_optimizer
from numpycnn.show.profile import StepTime, medians, profile_lines, profile_step
from numpycnn.show.progress import Progress, ProgressBar
from numpycnn.show.trace import Trace, trace_backward, trace_forward


class Sequential(Network):
    """A network of layers in a row that can be trained: `compile` says how, `fit` does it.

    layers, name, seed, fast: as for `Network`, which also says when the model is built and what it raises.
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
        self,
        layers: Sequence[Layer | Input] | None = None,
        name: str = "sequential",
        seed: int | None = None,
        *,
        fast: bool = True,
    ) -> None:
        super().__init__(layers, name, seed, fast=fast)
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
        workers: int | None = None,
        executor: Any = None,
    ) -> History:
        """Train: in each epoch once through the data, batch by batch, with one step of the optimizer for each.

        x: (n, *input_shape); y: the targets, as the loss takes them. batch_size: None is 32; a last, short batch is
        used too. epochs: the number of the last epoch, the first being initial_epoch + 1. verbose: 0 silent, 1 or
        "auto" a progress bar, 2 plain lines. validation_split: the last part of the data, taken before shuffling,
        is kept for validation; validation_data, (x, y), is used instead where given. shuffle: a new order each epoch.
        check_finite: refuse NaN and infinity in the data.

        workers: how many threads share the work; None is as many as this process may use processors. executor: any
        `concurrent.futures.Executor` to do the work instead, such as one of processes; workers then says how many it
        has. The result is the same, byte for byte, for any number and kind of workers (see `parallel.py`).

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
        workers = check_workers(caller, workers, executor)
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
        everyone = CallbackList([history, ProgressBar(params["verbose"]), *listeners], self, params)
        self.stop_training = False
        everyone.call("on_train_begin", {})
        self.history = history
        with at_work(workers, executor) as team:
            self._train(data, validation, batch_size, shuffle, everyone, team)
        return history

    def _train(
        self,
        data: Data,
        validation: Data | None,
        batch_size: int,
        shuffle: bool,
        listeners: CallbackList,
        team: Workers,
    ) -> None:
        """The loop over epochs."""
        logs: Logs = {}
        for epoch in range(listeners.params["initial_epoch"], listeners.params["epochs"]):
            if self.stop_training:
                break
            listeners.call("on_epoch_begin", epoch, {})
            logs = self._train_epoch(data, batch_size, shuffle, listeners, team)
            if validation is not None:
                figures = self._evaluate(validation, batch_size, 0, team)
                logs |= {f"val_{name}": value for name, value in figures.items()}
            listeners.call("on_epoch_end", epoch, logs)
        listeners.call("on_train_end", logs)

    def _train_epoch(self, data: Data, batch_size: int, shuffle: bool, listeners: CallbackList, team: Workers) -> Logs:
        """The loop over batches. The order of the examples belongs to the step that the epoch starts at."""
        count, means = len(data[0]), RunningMeans()
        order = self._order(count) if shuffle else np.arange(count)
        for batch, rows in enumerate(batches(count, batch_size)):
            listeners.call("on_train_batch_begin", batch, {})
            means.add(*self._train_batch(data, order[rows], team))
            listeners.call("on_train_batch_end", batch, means.result())
            if self.stop_training:
                break
        return means.result()

    def _train_batch(self, data: Data, order: Array, team: Workers) -> tuple[int, dict[str, Any]]:
        """One step of the optimizer, on the examples that `order` names."""
        loss, optimizer = self._require_compiled("fit")
        goal = training.objective(self._layers, loss, self.dtype, fast=self.fast)
        place = Place(self.seed or 0, self.steps)  # a built model has a seed
        result, terms = training.train_batch(goal, place, *data, order, team.run)
        figures = self._figures(result, data[1][order])  # first: a metric may raise
        optimizer.update(self.params, *terms, run=team.run_here)
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
        with at_work(check_workers(self.name, None, None)) as team:
            means.add(*self._train_batch((x, y), np.arange(len(x)), team))
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
        workers: int | None = None,
        executor: Any = None,
    ) -> Any:
        """The loss and the metrics on data, dropout off: means over the examples.

        Returns a list in the order of `metrics_names`, or the loss alone where there are no metrics; with return_dict
        a dict by name. Arguments and errors as for `fit`.
        """
        caller = f"{self.name}.evaluate"
        batch_size, verbose = check_batch_size(caller, batch_size), check_verbose(caller, verbose)
        checks.flag(caller, "return_dict", return_dict)
        workers = check_workers(caller, workers, executor)
        data = self._check_data("evaluate", x, y, check_finite)
        self._build_for(data[0])
        with at_work(workers, executor) as team:
            return self._returned(self._evaluate(data, batch_size, verbose, team), return_dict)

    def _evaluate(self, data: Data, batch_size: int, verbose: int, team: Workers) -> Logs:
        """The loop over batches. The micro-batches of all are one stream of work."""
        (x, y), means = data, RunningMeans()
        loss, _ = self._require_compiled("evaluate")
        goal = training.objective(self._layers, loss, self.dtype, fast=self.fast)
        whole = [(x[rows], y[rows]) for rows in batches(len(x), batch_size)]
        cuts = [list(training.micro_batches(len(targets), training.MOST)) for _, targets in whole]
        jobs = ((xs[cut], ys[cut]) for (xs, ys), own in zip(whole, cuts, strict=True) for cut in own)
        results = team.run(partial(training.evaluate, goal), jobs)
        progress = Progress(len(whole), verbose)
        for batch, ((_, targets), own) in enumerate(zip(whole, cuts, strict=True)):
            result = training.join(islice(results, len(own)))
            means.add(*self._figures(result, targets))
            progress.update(batch + 1, means.result())
        progress.finish(means.result())
        return means.result()

    def test_on_batch(self, x: Any, y: Any, *, return_dict: bool = False, check_finite: bool = False) -> Any:
        """`evaluate` on one batch, silently."""
        checks.flag(f"{self.name}.test_on_batch", "return_dict", return_dict)
        x, y = self._check_data("test_on_batch", x, y, check_finite)
        self._build_for(x)
        with at_work(check_workers(self.name, None, None)) as team:
            return self._returned(self._evaluate((x, y), len(x), 0, team), return_dict)

    def profile(
        self, x: Any, y: Any, *, repeats: int = 5, print_fn: Callable[[str], object] | None = print
    ) -> list[StepTime]:
        """Where the time of a training step goes, layer by layer: prints a table, line by line through print_fn.

        x, y: one batch. The step is made `repeats` times, in one worker, and the medians are shown; layers that are
        computed as one block (`fast/`) share a line. Nothing is trained. Returns the table's rows, in seconds.

        Raises ValueError or TypeError for data and arguments that do not fit.
        """
        caller = f"{self.name}.profile"
        repeats = checks.integer(caller, "repeats", repeats)
        if print_fn is not None:
            checks.function(caller, "print_fn", print_fn)
        data = self._check_data("profile", x, y, check_finite=False)
        loss, optimizer = self._require_compiled("profile")
        self._build_for(data[0])
        goal = training.objective(self._layers, loss, self.dtype, fast=self.fast)
        profile_step(goal, self._layers, optimizer, self.params, data)  # the first takes longer
        rows = medians([profile_step(goal, self._layers, optimizer, self.params, data) for _ in range(repeats)])
        if print_fn is not None:
            count = len(data[0])
            parts = len(list(training.micro_batches(count, goal.passes.least)))
            title = f"One step on {count} examples in {parts} micro-batches, in one worker (median of {repeats})"
            for line in profile_lines(rows, title):
                print_fn(line)
        return rows

    def trace(self, x: Any, y: Any = None, *, training: bool = False) -> Trace:
        """Every number between the input and the loss, and back, layer by layer and by name: see `tracing.Trace`.

        x: (n, *input_shape). y: the targets, as for `fit`, for the loss and all gradients. training: dropout on, with
        the mask of the next step. Always layer by layer (`fast` is not asked). Nothing is learnt.

        Raises ValueError or TypeError for data that do not fit, and for y if the model is not compiled.
        """
        checks.flag(f"{self.name}.trace", "training", training)
        x, y = self._check_examples("trace", x, y)
        self._build_for(x)
        place = Place(self.seed or 0, self.steps)  # a built model has a seed
        found, caches = trace_forward(self._layers, np.array(x, self.dtype), place, training=training)
        if y is not None:
            loss, _ = self._require_compiled("trace")
            trace_backward(found, caches, self._layers, y, loss)
        return found

    def explore(self, path: str | PathLike[str], x: Any, y: Any = None, *, example: int = 0) -> None:
        """Write one page of HTML that shows every number of one example's way through the model, and back (`explore/`).

        It needs no network: any browser opens it from the disk. x, y: as for `trace`; the page is of x[example], and
        offers others to choose from, among them those that the model reads wrongly. It takes at most 2 MB: what does
        not fit is left out, and the page says what.

        Raises ValueError or TypeError for data that do not fit, and for y if the model is not compiled; and OSError.
        """
        from numpycnn.show.explorer.page import write_page  # here: its imports take a while

        path = checks.path(f"{self.name}.explore", "path", path)
        x, y = self._check_examples("explore", x, y)
        example = checks.integer(f"{self.name}.explore", "example", example, at_least=0, at_most=len(x) - 1)
        write_page(path, self, x, y, example)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the whole model to a file: configuration, weights, how it is compiled, the optimizer's memory, History.

        The old file there is replaced whole, or stays as it was. `load_model` reads it; `saving/` describes the format.

        Raises ValueError for a model that is not built; saving.ModelFileError, a ValueError too, for one with layers,
        metrics, losses, optimizers or initializers of the user's own; TypeError for what is no path; and OSError.
        """
        from numpycnn import files  # here: its imports take a while

        path = checks.path(f"{self.name}.save", "path", path)
        self._require_built("save")
        files.save(path, self)

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

    def _check_examples(self, method: str, x: Any, y: Any) -> tuple[Array, Array | None]:
        """x, and y unless it is None, as arrays. Raises as `_check_data` does; without y no need to be compiled."""
        if y is None:
            return self._check_x(f"{self.name}.{method}", x, check_finite=False)[0], None
        return self._check_data(method, x, y, check_finite=False)

    def _figures(self, result: BatchResult, y: Array) -> tuple[int, dict[str, Any]]:
        """(the number of examples, the loss and the metrics by name)."""
        values = {name: values_of(name, metric, y, result.y_pred) for name, metric in self.metrics.items()}
        return len(y), {"loss": result.losses, **values}

    def _returned(self, figures: Logs, as_dict: bool) -> Any:
        """Figures as Keras returns them: a dict, a list, or the loss alone."""
        if as_dict:
            return figures
        return list(figures.values()) if self.metrics else figures["loss"]

    def _order(self, count: int) -> Array:
        """A new order of that many examples, at the model's position in training."""
        return generator(self.seed or 0, ORDER, self.steps).permutation(count)  # a built model has a seed


def load_model(path: str | PathLike[str]) -> Sequential:
    """The model that `Sequential.save` wrote: it predicts, and trains on, as the one that was saved.

    Raises saving.ModelFileError, a ValueError, for a file that is damaged, changed, or not such a file; TypeError for
    what is no path; and OSError.
    """
    from numpycnn import files  # here: its imports take a while

    saved = files.load(checks.path("load_model", "path", path))
    config = saved.description["config"]
    model = Sequential(name=config["name"], seed=config["seed"], fast=config["fast"])
    model._layers, model._built, model.dtype = saved.layers, True, np.dtype(config["dtype"])
    model.steps = saved.description["position"]["steps"]
    if saved.compiled is not None:
        model.compile(saved.compiled.optimizer, saved.compiled.loss, list(saved.compiled.metrics))
    if saved.history is not None:
        model.history = History()
        model.history.epoch, model.history.history = saved.history
    return model
