"""Sequential: a network that can be trained, as Keras users know it.

Read after `functional/`, `layers/` and `step.py`. `engine/training.py` has what one batch computes; here are the loops
over batches and epochs, and what a user asks of a model besides. `engine/network.py` has how it is put together.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from itertools import islice
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from numpycnn.callbacks import Callback, CallbackList, History, Logs, TerminateOnNaN, check_callbacks
from numpycnn.common import checks
from numpycnn.common.explained import explains_arguments
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.common.randomness import ORDER, generator
from numpycnn.common.slices import batches, count_batches
from numpycnn.common.typing import Array
from numpycnn.engine import training
from numpycnn.engine.batching import Data, check_batch_size, check_pair, check_verbose, split
from numpycnn.engine.finite import check_losses
from numpycnn.engine.network import Network, restored_on_error
from numpycnn.engine.training import BatchResult, Objective, Place, StepResult
from numpycnn.engine.workers import Workers, at_work, check_workers
from numpycnn.layers import LAYERS, Input, Layer
from numpycnn.losses import Loss, get_loss
from numpycnn.metrics import Metric, RunningMeans, get_metrics, values_of
from numpycnn.optimizers import Optimizer, get_optimizer
from numpycnn.show.progress import Progress, ProgressBar

if TYPE_CHECKING:
    from numpycnn.show.profile import StepTime
    from numpycnn.show.trace import Trace

__all__ = ["Sequential", "load_model"]


class Sequential(Network):
    """A network of layers in a row that can be trained: `compile` says how, `fit` does it.

    layers, name, seed, fast, dtype: as for `Network`, which also says when the model is built and what it raises.
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
        name: str | None = None,
        seed: int | None = None,
        *,
        fast: bool = True,
        dtype: Any = None,
    ) -> None:
        super().__init__(layers, name, seed, fast=fast, dtype=dtype)
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
        has. The result is the same, byte for byte, for any number and kind of workers (see `engine/workers.py`).

        Returns the History: the loss and the metrics of each epoch, those of validation data with "val_" before the
        name. Training figures are means over the epoch, taken while the weights change and dropout is on.

        Raises ValueError or TypeError for data and arguments that do not fit, before anything changes; ValueError for a
        loss that becomes NaN or infinite, before the step that would spoil the weights, unless a TerminateOnNaN is
        among the callbacks; what a callback raises may come later.
        """
        caller = f"{self.name}.fit"
        epochs = checks.integer(caller, "epochs", epochs)
        params = {"epochs": epochs, "initial_epoch": checks.integer(caller, "initial_epoch", initial_epoch, at_least=0)}
        params["verbose"] = check_verbose(caller, verbose)
        batch_size, workers = check_batch_size(caller, batch_size), check_workers(caller, workers, executor)
        checks.flag(caller, "shuffle", shuffle)
        listeners = check_callbacks(caller, callbacks)
        data, validation = self._fit_data(caller, x, y, validation_split, validation_data, check_finite)
        with self._restored_unless_trained(), at_work(workers, executor) as pool:
            self._build_for(data.x)
            everyone, history = self._listeners(params, listeners, count_batches(len(data), batch_size), validation)
            tolerant, logs = any(isinstance(one, TerminateOnNaN) for one in listeners), Logs()
            for epoch in self._epochs(everyone):
                goal, order, means = self._objective("fit"), self._order(len(data), shuffle), RunningMeans()
                for batch, rows in enumerate(batches(len(data), batch_size)):
                    everyone.call("on_train_batch_begin", batch, {})
                    step = training.batch_gradients(goal, self._place(), data, order[rows], pool.run)
                    where = None if tolerant else f"epoch {epoch + 1}, batch {batch + 1}"
                    means.add(*self._learn(goal, step, data, order[rows], pool, where))
                    everyone.call("on_train_batch_end", batch, means.result())
                    if self.stop_training:
                        break
                logs = means.result() | self._validation_figures(validation, batch_size, pool, everyone)
                everyone.call("on_epoch_end", epoch, logs)
            everyone.call("on_train_end", logs)
        return history

    def _fit_data(
        self, caller: str, x: Any, y: Any, validation_split: float, validation_data: Any, check_finite: bool
    ) -> tuple[Data, Data | None]:
        """The data to train on, and those to validate on."""
        fraction = checks.number(caller, "validation_split", validation_split, at_least=0.0, below=1.0)
        data = self._check_data("fit", x, y, check_finite)
        if validation_data is None:
            return split(caller, data, fraction)
        return data, self._check_data("fit", *check_pair(caller, validation_data), check_finite, "validation ")

    def _learn(
        self, goal: Objective, step: StepResult, data: Data, order: Array, pool: Workers, where: str | None
    ) -> tuple[int, dict[str, Any]]:
        """Make the optimizer's step, and move the state. Returns the batch's figures, taken before.

        Nothing changes where a metric raises, or, where `where` says which batch it is, for a loss that is not finite.
        """
        figures = self._figures(step.result, data.y[order])
        if where is not None:
            check_losses(f"{self.name}: the loss", where, step.result.losses, data, order)
        _, optimizer = self._require_compiled("fit")
        optimizer.update(goal.network.trained_params, *step.terms, run=pool.run_here)
        goal.network.set_state(step.state)
        self.steps += 1
        return figures

    def train_on_batch(self, x: Any, y: Any, *, return_dict: bool = False, check_finite: bool = False) -> Any:
        """One step of the optimizer on one batch. Returns as `evaluate`, the figures before the step, dropout on.

        Raises ValueError or TypeError for data that do not fit, and ValueError for a loss that is NaN or infinite,
        before anything changes.
        """
        checks.flag(f"{self.name}.train_on_batch", "return_dict", return_dict)
        data = self._check_data("train_on_batch", x, y, check_finite)
        with self._restored_unless_trained(), at_work(check_workers(self.name, None, None)) as pool:
            self._build_for(data.x)
            goal, order, means = self._objective("train_on_batch"), np.arange(len(data)), RunningMeans()
            step = training.batch_gradients(goal, self._place(), data, order, pool.run)
            means.add(*self._learn(goal, step, data, order, pool, "this batch"))
        return self._returned(means.result(), return_dict)

    # ------------------------------------------------------------ evaluation and prediction

    def evaluate(
        self,
        x: Any,
        y: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        *,
        callbacks: Sequence[Callback] | Callback | None = None,
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
        listeners = check_callbacks(caller, callbacks)
        data = self._check_data("evaluate", x, y, check_finite)
        self._build_for(data.x)
        params = {"verbose": verbose, "steps": count_batches(len(data), batch_size), "metrics": self.metrics_names}
        with at_work(workers, executor) as pool:
            figures = self._evaluate(data, batch_size, verbose, pool, CallbackList(listeners, self, params))
        return self._returned(figures, return_dict)

    def _evaluate(self, data: Data, batch_size: int, verbose: int, pool: Workers, listeners: CallbackList) -> Logs:
        """The loop over batches. The micro-batches of all are one stream of work."""
        listeners.call("on_test_begin", {})
        goal, means = self._objective("evaluate"), RunningMeans()
        whole = [data.rows(rows) for rows in batches(len(data), batch_size)]
        cuts = [training.micro_batches(len(batch)) for batch in whole]
        jobs = (batch.rows(cut) for batch, own in zip(whole, cuts, strict=True) for cut in own)
        results = pool.run(partial(training.evaluate, goal), jobs)
        progress = Progress(len(whole), verbose)
        for number, (batch, own) in enumerate(zip(whole, cuts, strict=True)):
            listeners.call("on_test_batch_begin", number, {})
            result = training.join(islice(results, len(own)))
            means.add(*self._figures(result, batch.y))
            progress.update(number + 1, means.result())
            listeners.call("on_test_batch_end", number, means.result())
        progress.finish(means.result())
        listeners.call("on_test_end", means.result())
        return means.result()

    def _validation_figures(
        self, validation: Data | None, batch_size: int, pool: Workers, listeners: CallbackList
    ) -> Logs:
        """The figures of the validation data, with "val_" before their names; none without such data."""
        if validation is None:
            return {}
        figures = self._evaluate(validation, batch_size, 0, pool, listeners)
        return {f"val_{name}": value for name, value in figures.items()}

    def test_on_batch(self, x: Any, y: Any, *, return_dict: bool = False, check_finite: bool = False) -> Any:
        """`evaluate` on one batch, silently."""
        checks.flag(f"{self.name}.test_on_batch", "return_dict", return_dict)
        data = self._check_data("test_on_batch", x, y, check_finite)
        self._build_for(data.x)
        with at_work(check_workers(self.name, None, None)) as pool:
            figures = self._evaluate(data, len(data), 0, pool, CallbackList([], self, {}))
        return self._returned(figures, return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = 0,
        *,
        callbacks: Sequence[Callback] | Callback | None = None,
        check_finite: bool = False,
        workers: int | None = None,
        executor: Any = None,
    ) -> Array:
        """The model's output, dropout off: (n, *input_shape) -> (n, *output_shape). Works without `compile`.

        batch_size: how many examples make a step of the progress bar, and a batch for callbacks, and nothing else; None
        is 32. verbose, callbacks, check_finite, workers, executor: as for `fit`.
        Raises ValueError or TypeError for data and arguments that do not fit.
        """
        caller = f"{self.name}.predict"
        batch_size, verbose = check_batch_size(caller, batch_size), check_verbose(caller, verbose)
        workers = check_workers(caller, workers, executor)
        listeners = check_callbacks(caller, callbacks)
        x, output_shape = self._check_x(caller, x, check_finite)
        self._build_for(x)
        y, steps = np.empty((len(x), *output_shape), self.dtype), count_batches(len(x), batch_size)
        everyone = CallbackList(listeners, self, {"verbose": verbose, "steps": steps})
        infer = partial(training.infer, training.planned(self, fast=self.fast), self.dtype)
        progress, cuts = Progress(steps, verbose), training.micro_batches(len(x))
        everyone.call("on_predict_begin", {})
        done = 0  # batches
        with at_work(workers, executor) as pool:
            for rows, part in zip(cuts, pool.run(infer, (x[rows] for rows in cuts)), strict=True):
                y[rows] = part
                known = steps if rows.stop == len(x) else rows.stop // batch_size
                for batch in range(done, known):
                    everyone.call("on_predict_batch_begin", batch, {})
                    outputs = y[batch * batch_size : (batch + 1) * batch_size]
                    everyone.call("on_predict_batch_end", batch, {"outputs": outputs})
                done = known
                progress.update(count_batches(rows.stop, batch_size), {})
        progress.finish({})
        everyone.call("on_predict_end", {})
        return y

    def __call__(self, x: Any) -> Array:
        """`predict`, as a call."""
        return self.predict(x)

    # ------------------------------------------------------------ what people look at, and what is kept: late imports

    def summary(self, print_fn: Callable[[str], object] = print) -> None:
        """Print a table of the layers, line by line through print_fn.

        Raises ValueError for a model not built, TypeError for a print_fn that cannot be called.
        """
        from numpycnn.show.summary import summary_lines

        self._require_built("summary")
        checks.function(f"{self.name}.summary", "print_fn", print_fn)
        for line in summary_lines(self):
            print_fn(line)

    def profile(
        self, x: Any, y: Any, *, repeats: int = 5, print_fn: Callable[[str], object] | None = print
    ) -> "list[StepTime]":
        """Where the time of a training step goes, layer by layer: prints a table, line by line through print_fn.

        x, y: one batch. The step is made `repeats` times, in one worker, and the medians are shown; layers that are
        computed as one block (`fast/`) share a line. Nothing is trained. Returns the table's rows, in seconds.

        Raises ValueError or TypeError for data and arguments that do not fit.
        """
        from numpycnn.show.profile import profile_lines, profile_steps

        caller = f"{self.name}.profile"
        repeats = checks.integer(caller, "repeats", repeats)
        if print_fn is not None:
            checks.function(caller, "print_fn", print_fn)
        data = self._check_data("profile", x, y, check_finite=False)
        self._build_for(data.x)
        _, optimizer = self._require_compiled("profile")
        rows = profile_steps(self._objective("profile"), optimizer, data, repeats)
        if print_fn is not None:
            parts = len(training.micro_batches(len(data), training.min_examples(self)))
            title = f"One step on {len(data)} examples in {parts} micro-batches, in one worker (median of {repeats})"
            for line in profile_lines(rows, title):
                print_fn(line)
        return rows

    def trace(self, x: Any, y: Any = None, *, training: bool = False) -> "Trace":
        """Every number between the input and the loss, and back, layer by layer and by name: see `show/trace.py`.

        x: (n, *input_shape). y: the targets, as for `fit`, for the loss and all gradients. training: dropout on, with
        the masks of the next step. Always layer by layer (`fast` is not asked). Nothing is learnt.

        Raises ValueError or TypeError for data that do not fit, and for y if the model is not compiled.
        """
        from numpycnn.show.trace import trace_forward, trace_step

        checks.flag(f"{self.name}.trace", "training", training)
        x, y = self._check_examples("trace", x, y)
        self._build_for(x)
        x = np.array(x, self.dtype)
        if y is None:
            return trace_forward(self, x, self._place(), training=training)
        loss, _ = self._require_compiled("trace")
        return trace_step(self, loss, x, y, self._place(), training=training)

    def explore(self, path: str | PathLike[str], x: Any, y: Any = None, *, example: int = 0) -> None:
        """Write one page of HTML that shows every number of one example's way through the model, and back (`explore/`).

        It needs no network: any browser opens it from the disk. x, y: as for `trace`; the page is of x[example], and
        offers others to choose from, among them those that the model reads wrongly. It takes at most 2 MB: what does
        not fit is left out, and the page says what.

        Raises ValueError or TypeError for data that do not fit, and for y if the model is not compiled; and OSError.
        """
        from numpycnn.show.explorer.page import write_page

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
        from numpycnn import files

        path = checks.path(f"{self.name}.save", "path", path)
        self._require_built("save")
        files.save(path, self)

    def save_weights(self, path: str | PathLike[str]) -> None:
        """Write parameters and state to a file, by name: the old file there is replaced whole, or stays as it was.

        Raises ValueError for a model that is not built, TypeError for what is no path, and OSError as the system does.
        """
        from numpycnn import files

        path = checks.path(f"{self.name}.save_weights", "path", path)
        self._require_built("save_weights")
        files.save_weights(path, self.weights)

    def load_weights(self, path: str | PathLike[str]) -> None:
        """Read parameters and state from a file of `save_weights` or of `save`, for a model built alike.

        Raises saving.ModelFileError, a ValueError, for a file that is damaged or whose names, shapes or dtypes are not
        this model's, which then stays as it is; and as `save_weights` does.
        """
        from numpycnn import files

        path = checks.path(f"{self.name}.load_weights", "path", path)
        self._require_built("load_weights")
        weights = self.weights
        for name, value in files.load_weights(path, weights).items():
            weights[name][...] = value

    # ------------------------------------------------------------ helpers

    def _require_compiled(self, method: str) -> tuple[Loss, Optimizer]:
        """The loss and the optimizer. Raises ValueError before `compile`."""
        if self.loss is None or self.optimizer is None:
            raise ValueError(f"{self.name}.{method}: the model is not compiled; call compile(optimizer, loss) first")
        return self.loss, self.optimizer

    def _objective(self, method: str) -> Objective:
        """What training minimises."""
        loss, _ = self._require_compiled(method)
        return training.objective(self, loss, self.dtype, fast=self.fast)

    def _place(self) -> Place:
        """Where in training the next batch stands."""
        return Place(self.seed or 0, self.steps)  # a model that another one built has no seed

    def _order(self, count: int, shuffle: bool = True) -> Array:
        """The order of that many examples in an epoch that starts at the model's position in training."""
        return generator(self.seed or 0, ORDER, self.steps).permutation(count) if shuffle else np.arange(count)

    def _listeners(
        self, params: dict[str, Any], callbacks: Sequence[Callback], steps: int, validation: Data | None
    ) -> tuple[CallbackList, History]:
        """All who listen to a training. It has begun for them, and the model has the new History."""
        names = self.metrics_names + [f"val_{name}" for name in self.metrics_names if validation]
        history = History()
        everyone = [history, ProgressBar(params["verbose"]), *callbacks]
        listeners = CallbackList(everyone, self, {**params, "steps": steps, "metrics": names})
        self.stop_training = False
        listeners.call("on_train_begin", {})
        self.history = history
        return listeners, history

    def _epochs(self, listeners: CallbackList) -> Iterator[int]:
        """The numbers of the epochs, from 0, until someone ends training; each has begun for all who listen."""
        for epoch in range(listeners.params["initial_epoch"], listeners.params["epochs"]):
            if self.stop_training:
                return
            listeners.call("on_epoch_begin", epoch, {})
            yield epoch

    def _restored_unless_trained(self) -> AbstractContextManager[None]:
        """If the body raises before a step was made, the model is as it was: its History too, and it is not built."""
        steps = self.steps
        return restored_on_error([self], unless=lambda: self.steps != steps)

    def _check_data(self, method: str, x: Any, y: Any, check_finite: bool, kind: str = "") -> Data:
        """The data as arrays. Raises unless the model is compiled and they fit it and one another; changes nothing."""
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
        training.check_probabilities(self, loss)
        return Data(x, y)

    def _check_examples(self, method: str, x: Any, y: Any) -> tuple[Array, Array | None]:
        """x, and y unless it is None, as arrays. Raises as `_check_data` does; without y no need to be compiled."""
        if y is None:
            return self._check_x(f"{self.name}.{method}", x, check_finite=False)[0], None
        data = self._check_data(method, x, y, check_finite=False)
        return data.x, data.y

    def _figures(self, result: BatchResult, y: Array) -> tuple[int, dict[str, Any]]:
        """(the number of examples, the loss and the metrics by name)."""
        values = {name: values_of(name, metric, y, result.y_pred) for name, metric in self.metrics.items()}
        return len(y), {"loss": result.losses, **values}

    def _returned(self, figures: Logs, as_dict: bool) -> Any:
        """Figures as Keras returns them: a dict, a list, or the loss alone."""
        if as_dict:
            return figures
        return list(figures.values()) if self.metrics else figures["loss"]


LAYERS[Sequential.__name__] = Sequential  # a Sequential in a Sequential is read back like any other layer


@explains_arguments
def load_model(path: str | PathLike[str]) -> Sequential:
    """The model that `Sequential.save` wrote: it predicts, and trains on, as the one that was saved.

    Raises saving.ModelFileError, a ValueError, for a file that is damaged, changed, or not such a file; TypeError for
    what is no path; and OSError.
    """
    from numpycnn import files

    return files.load(checks.path("load_model", "path", path))


explain_unknown_names(__name__)
