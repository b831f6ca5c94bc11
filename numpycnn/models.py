"""Sequential, the model class of Keras: compile, fit, evaluate, predict, save.

Read after `functional/`, `layers/` and `step.py`. `engine/training.py` computes one batch; here are the loops over
batches and epochs, and the methods that users call. `engine/network.py` has adding layers and building.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from os import PathLike
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from numpycnn import backend
from numpycnn.callbacks import Callback, History, TerminateOnNaN
from numpycnn.callbacks.base import Logs
from numpycnn.callbacks.callback_list import CallbackList, check_callbacks, in_training
from numpycnn.common import checks, configuration
from numpycnn.common.explained import explains_arguments
from numpycnn.common.module_names import explain_unknown_names
from numpycnn.common.randomness import ORDER, generator
from numpycnn.common.typing import Array
from numpycnn.engine import training
from numpycnn.engine.batching import Data, Given, Sizes, check_sizes, check_verbose, check_weights
from numpycnn.engine.compiling import check_how_to_run
from numpycnn.engine.finite import check_losses
from numpycnn.engine.network import is_list_of_one, restored_on_error
from numpycnn.engine.plans import Plan, attributes
from numpycnn.engine.sources import (
    ArraySource,
    Check,
    Source,
    Validation,
    Wanted,
    fit_sources,
    in_order,
    make_source,
)
from numpycnn.engine.streams import Outputs, evaluated, predicted
from numpycnn.engine.training import Objective, Position, StepResult, infer
from numpycnn.engine.workers import THREAD_SETTINGS, Workers, check_workers, worker_pool
from numpycnn.layers import LAYERS, Layer
from numpycnn.layers.penalties import constrain
from numpycnn.losses import Loss, LossLike, check_reduced, get_loss
from numpycnn.methods.stored import StoredNetwork
from numpycnn.optimizers import Optimizer, get_optimizer
from numpycnn.show.progress import Progress, ProgressBar

if TYPE_CHECKING:
    from numpycnn.metrics import Figures, Metric, MetricLike
    from numpycnn.show.explorer.page import Page
    from numpycnn.show.profile import StepTime
    from numpycnn.show.trace import Trace

__all__ = ["Sequential", "clone_model", "load_model", "model_from_json", "save_model"]


class Sequential(StoredNetwork):
    """A sequence of layers that can be trained: `compile` configures training, `fit` trains.

    layers, name, seed, fast, dtype: as for `Network`, which also documents building and errors.
    """

    optimizer: Optimizer | None = None
    """Set by `compile`; None before."""
    loss: Loss | None = None
    """Set by `compile`; None before."""
    metrics: Mapping[str, "Metric"] = MappingProxyType({})
    """Set by `compile`; by name."""
    weighted: Collection[str] = ()
    """Set by `compile`: the names of those that are weighted."""
    history: History | None = None
    """The figures of the last `fit`."""
    stop_training: bool = False
    """Set to True by a callback to stop training after the current batch or epoch."""
    steps: int = 0
    """The number of training steps so far."""
    notes: Mapping[str, Any] = MappingProxyType({})
    """What its file says about it besides: JSON values by name, such as the recipe that it was trained by."""
    _plan: Plan | None = None
    """What `_planned` returned last."""

    def compile(
        self,
        optimizer: str | Optimizer = "rmsprop",
        loss: LossLike | None = None,
        metrics: "MetricLike | Sequence[MetricLike] | None" = None,
        *,
        weighted_metrics: "MetricLike | Sequence[MetricLike] | None" = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Configure training.

        optimizer: a name such as "adam", or an object such as `RMSprop(learning_rate=0.01)`. loss: a name such as
        "categorical_crossentropy" or "mse", a class, an object, or a function of `losses`; see `losses/__init__.py`.
        metrics: "accuracy", other names, objects, functions of (y_true, y_pred), or a list of these, see
        `metrics/__init__.py`; reported under their names. weighted_metrics: the same, weighted by the sample weights or
        the classes'; one that is among the metrics too is reported as "weighted_...".
        The other arguments say how Keras is to run the model, and have no effect.

        Raises ValueError for an unknown name, and for an optimizer that another model uses;
        TypeError for a value of another type.
        """
        from numpycnn.metrics import all_metrics  # deferred: slow import

        chosen = get_optimizer(optimizer), get_loss(loss), *all_metrics(metrics, weighted_metrics)
        check_reduced(chosen[1])
        check_how_to_run("compile", run_eagerly, steps_per_execution, jit_compile, auto_scale_loss)
        chosen[0].claim(self)
        self.optimizer, self.loss, self.metrics, self.weighted = chosen

    @property
    def metrics_names(self) -> list[str]:
        """The names of the figures that `evaluate` returns, in its order."""
        return ["loss", *self.metrics]

    # ------------------------------------------------------------ training

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Sequence[Callback] | Callback | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[Any, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
        *,
        check_finite: bool = False,
        workers: int | None = None,
        executor: Any = None,
    ) -> History:
        """Train: each epoch goes once through the data, with one optimizer step for each batch.

        x: (n, *input_shape); y: the targets, as the loss takes them. Or x alone: a PyDataset, or an iterator over
        batches, each (x, y) or (x, y, sample_weight); see `engine/sources.py`. batch_size: None is 32; a smaller last
        batch is used too. epochs: the number of the last epoch, the first being initial_epoch + 1. verbose: 0 silent,
        1 or "auto" a progress bar, 2 plain lines. shuffle: a new order each epoch.
        class_weight: {class: weight}, or sample_weight: (n,), the factor of each example's loss; 1 by default. The
        reported loss is the sum of the weighted losses over the number of examples, as Keras's is.
        steps_per_epoch: batches in an epoch that is not one pass over the data; an iterator without an end needs it.

        validation_split: this fraction, the last part of the data before shuffling, is used for validation;
        validation_data, (x, y), (x, y, sample_weight), a PyDataset or an iterator, takes precedence. validation_steps,
        validation_batch_size: as for the data to train on. validation_freq: validate every so many epochs, or after
        the epochs in a list, counted from 1. check_finite: raise an error for NaN and infinity in the data.

        workers: the number of threads, or on Linux of processes (see `engine/forked.py` for when); None is the number
        of processors that this process may use. executor: any `concurrent.futures.Executor` to use instead, such as a
        process pool; workers is then the number of its workers, by default as it says. Each micro-batch is sent to it
        with the weights, unless micro-batches exchange data (`engine/executors.py`). The result is the same, byte for
        byte, for any number and kind of workers (see `engine/workers.py`).

        Returns the History: the loss and the metrics of each epoch, those of validation data with "val_" before the
        name. Training figures are means over the epoch, taken while the weights change and dropout is on.

        Raises ValueError or TypeError for data and arguments that do not fit, before anything changes; ValueError for a
        loss that becomes NaN or infinite, before the step that would spoil the weights, unless a TerminateOnNaN is
        among the callbacks. Callbacks may raise errors later, and so may data that come batch by batch.
        """
        caller = f"{self.name}.fit"
        epochs = checks.integer(caller, "epochs", epochs)
        params = {"epochs": epochs, "initial_epoch": checks.integer(caller, "initial_epoch", initial_epoch, at_least=0)}
        params["verbose"] = check_verbose(caller, verbose)
        workers, callbacks = check_workers(caller, workers, executor), check_callbacks(caller, callbacks)
        order = self._order if checks.truth(caller, "shuffle", shuffle) else in_order
        sizes = check_sizes(caller, batch_size, steps_per_epoch, names=("batch_size", "steps_per_epoch"))
        wanted = Wanted(validation_split, validation_data, validation_batch_size, validation_steps, validation_freq)
        given, check = Given(x, y, sample_weight, class_weight), self._checker("fit", check_finite)
        source, validation = fit_sources(caller, given, sizes, check, wanted)
        with self._restored_unless_trained(), worker_pool(workers, executor, source.total_steps(params)) as pool:
            self._build_for(source.first)
            callback_list, history = self._begin_training(params, callbacks, source, validation)
            terminate_on_nan, logs = any(isinstance(one, TerminateOnNaN) for one in callbacks), Logs()
            for epoch in self._epochs(callback_list, source):
                objective, figures = self._objective("fit"), self._figures()
                for batch, (data, rows) in enumerate(source.epoch(epoch, order)):
                    callback_list.call("on_train_batch_begin", batch, {})
                    step = training.batch_gradients(objective, self._position(), data, rows, pool.run_passes)
                    where = None if terminate_on_nan else f"epoch {epoch + 1}, batch {batch + 1}"
                    self._learn(objective, step, data, rows, pool, where, figures)
                    del step  # the memory of its gradients, for those of the next
                    callback_list.call("on_train_batch_end", batch, figures.result())
                    if self.stop_training:
                        break
                logs = figures.result() | self._validation_figures(validation, epoch, pool, callback_list)
                callback_list.call("on_epoch_end", epoch, logs)
            self._require_compiled("fit")[1].finalize_variable_values(self.trained_params)
            callback_list.call("on_train_end", logs)
        return history

    def _learn(
        self,
        objective: Objective,
        step: StepResult,
        data: Data,
        order: Array,
        pool: Workers,
        where: str | None,
        figures: "Figures",
    ) -> None:
        """Add the batch to the figures, make the optimizer step, and update the state.

        Nothing changes if a metric raises, or for a loss that is not finite, unless `where`, the name of the batch in
        that error, is None.
        """
        weights = None if data.weights is None else data.weights[order]
        figures.add(step.result.losses, data.y[order], step.result.y_pred, weights)
        if where is not None:
            check_losses(f"{self.name}: the loss", where, step.result.losses, data, order)
        _, optimizer = self._require_compiled("fit")
        optimizer.update(objective.network.trained_params, *step.terms, run=pool.run_here)
        constrain(objective.network.layers)
        objective.network.set_state(step.state)
        self.steps += 1

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[Any, float] | None = None,
        return_dict: bool = False,
        *,
        check_finite: bool = False,
    ) -> Any:
        """One optimizer step on one batch. Returns the figures before the step, in the form of `evaluate`.

        Raises ValueError or TypeError for data that do not fit, and ValueError for a loss that is NaN or infinite,
        before anything changes.
        """
        checks.flag(f"{self.name}.train_on_batch", "return_dict", return_dict)
        data = self._check_data("train_on_batch", Given(x, y, sample_weight, class_weight), check_finite=check_finite)
        with self._restored_unless_trained(), worker_pool(check_workers(self.name, None, None)) as pool:
            self._build_for(data.x)
            objective, order, figures = self._objective("train_on_batch"), np.arange(len(data)), self._figures()
            step = training.batch_gradients(objective, self._position(), data, order, pool.run)
            self._learn(objective, step, data, order, pool, "this batch", figures)
        return self._returned(figures.result(), return_dict)

    # ------------------------------------------------------------ evaluation and prediction

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Sequence[Callback] | Callback | None = None,
        return_dict: bool = False,
        *,
        check_finite: bool = False,
        workers: int | None = None,
        executor: Any = None,
    ) -> Any:
        """The loss and the metrics on data, in inference mode: means over the examples.

        steps: evaluate so many batches, and not all.
        Returns a list in the order of `metrics_names`, or only the loss if there are no metrics; with return_dict a
        dict by name. Other arguments and errors as for `fit`.
        """
        caller = f"{self.name}.evaluate"
        sizes, verbose = check_sizes(caller, batch_size, steps), check_verbose(caller, verbose)
        checks.flag(caller, "return_dict", return_dict)
        workers, callbacks = check_workers(caller, workers, executor), check_callbacks(caller, callbacks)
        source = make_source(caller, Given(x, y, sample_weight), sizes, self._checker("evaluate", check_finite))
        self._build_for(source.first)
        params = {"verbose": verbose, "steps": source.steps, "metrics": self.metrics_names}
        with worker_pool(workers, executor) as pool:
            figures = self._evaluate(source, verbose, pool, CallbackList(callbacks, self, params))
        return self._returned(figures, return_dict)

    def _evaluate(self, source: Source, verbose: int, pool: Workers, callbacks: CallbackList) -> Logs:
        """The loop over batches."""
        callbacks.call("on_test_begin", {})
        figures, progress = self._figures(), Progress(source.steps, verbose)
        for batch, (data, result) in enumerate(evaluated(self._objective("evaluate"), source.batches(), pool.run)):
            callbacks.call("on_test_batch_begin", batch, {})
            figures.add(result.losses, data.y, result.y_pred, data.weights)
            progress.update(batch + 1, figures.result())
            callbacks.call("on_test_batch_end", batch, figures.result())
        progress.finish(figures.result())
        callbacks.call("on_test_end", figures.result())
        return figures.result()

    def _validation_figures(
        self, validation: Validation | None, epoch: int, pool: Workers, callbacks: CallbackList
    ) -> Logs:
        """The figures of the validation data, named "val_..."; none where no validation is due."""
        if validation is None or not validation.due(epoch) or validation.source.ended():
            return {}
        figures = self._evaluate(validation.source, 0, pool, callbacks)
        return {f"val_{name}": value for name, value in figures.items()}

    def test_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        return_dict: bool = False,
        *,
        check_finite: bool = False,
    ) -> Any:
        """`evaluate` on one batch, silently."""
        checks.flag(f"{self.name}.test_on_batch", "return_dict", return_dict)
        data = self._check_data("test_on_batch", Given(x, y, sample_weight), check_finite=check_finite)
        self._build_for(data.x)
        with worker_pool(check_workers(self.name, None, None)) as pool:
            figures = self._evaluate(ArraySource(data, Sizes(len(data), None)), 0, pool, CallbackList([], self, {}))
        return self._returned(figures, return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Sequence[Callback] | Callback | None = None,
        *,
        check_finite: bool = False,
        workers: int | None = None,
        executor: Any = None,
    ) -> Array:
        """The model's output in inference mode: (n, *input_shape) -> (n, *output_shape). Works without `compile`.

        x: an array, or a PyDataset or an iterator over batches, as for `fit`; their targets are not used.
        batch_size: the examples per step of the progress bar and per batch of the callbacks; nothing else depends on
        it; None is 32. steps: predict for so many batches, and not all. Other arguments as for `fit`.
        Raises ValueError or TypeError for data and arguments that do not fit.
        """
        caller = f"{self.name}.predict"
        sizes, verbose = check_sizes(caller, batch_size, steps), check_verbose(caller, verbose)
        workers, callbacks = check_workers(caller, workers, executor), check_callbacks(caller, callbacks)
        source = make_source(caller, Given(x), sizes, partial(self._check_inputs, caller, check_finite))
        self._build_for(source.first)
        callback_list = CallbackList(callbacks, self, {"verbose": verbose, "steps": source.steps})
        plan, progress, found = self._planned(), Progress(source.steps, verbose), Outputs(source.size)
        if source.size is not None:  # no more workers than there is work for
            workers = min(workers, len(training.micro_batches(source.size, plan.least)))
        stream = partial(
            predicted, partial(infer, plan.network, self.dtype, plan.portion), source.inputs(), source.batch_size
        )
        callback_list.call("on_predict_begin", {})
        with worker_pool(workers, executor) as pool:
            for batch, outputs in enumerate(stream(plan.least, pool.run)):
                callback_list.call("on_predict_batch_begin", batch, {})
                found.add(outputs)
                callback_list.call("on_predict_batch_end", batch, {"outputs": outputs})
                progress.update(batch + 1, {})
        progress.finish({})
        callback_list.call("on_predict_end", {})
        return found.whole()

    def predict_on_batch(self, x: Any) -> Array:
        """`predict` on one batch, silently."""
        return self.predict(x, verbose=0)

    def __call__(self, x: Any, training: bool | None = None) -> Array:
        """`predict(x, verbose=0)`; or in training mode what the next step would compute, with dropout and so on.

        A pipeline of augmentation layers, without weights, augments x as its layers do, unless training is False.
        Raises ValueError or TypeError as `predict` does.
        """
        x, _ = self._check_x(f"{self.name}.predict", x, check_finite=False)
        self._build_for(x)
        if self.augments and (training is None or training):
            return super().__call__(x, training=True)
        if training:
            return self.trace(x, training=True).output
        plan = self._planned()
        if len(x) >= plan.least:
            return self.predict(x, verbose=0)
        with THREAD_SETTINGS:
            return infer(plan.network, self.dtype, plan.portion, x)

    # ------------------------------------------------------------ show and files: deferred imports

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], object] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Print a table of the layers, with multiply-accumulates and receptive fields, line by line through print_fn.

        line_length: the width. positions: where each column ends, as parts of the line or in characters; columns
        without one are left out. print_fn: None is print. expand_nested: show what is inside a Sequential or a block.
        show_trainable: a column more. layer_range: the names of the first and the last layer to show, or patterns.

        Of a model that is not built yet, names alone are known. Raises TypeError or ValueError for arguments of another
        kind.
        """
        from numpycnn.show.summary import Layout, checked, summary_lines

        caller = f"{self.name}.summary"
        layout = checked(caller, Layout(line_length, positions, expand_nested, show_trainable, layer_range))
        if print_fn is not None:
            checks.function(caller, "print_fn", print_fn)
        for line in list(summary_lines(self, caller, layout)):
            (print if print_fn is None else print_fn)(line)

    def profile(
        self, x: Any, y: Any, *, repeats: int = 5, print_fn: Callable[[str], object] | None = print
    ) -> "list[StepTime]":
        """Time a training step, layer by layer: prints a table, line by line through print_fn.

        x, y: one batch. The step runs `repeats` times, in one worker, and the medians are printed; layers fused into
        one block (`engine/fast/`) share a line, which ends with the way in which the convolution is computed. The model
        does not change. Returns the table's rows, in seconds.

        Raises ValueError or TypeError for data and arguments that do not fit.
        """
        from numpycnn.show.profile import profile_lines, profile_steps

        caller = f"{self.name}.profile"
        repeats = checks.integer(caller, "repeats", repeats)
        if print_fn is not None:
            checks.function(caller, "print_fn", print_fn)
        data = self._check_data("profile", Given(x, y))
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
        """All intermediate values and gradients of a batch, layer by layer and by name: see `show/trace.py`.

        x: (n, *input_shape). y: the targets, as for `fit`, for the loss and all gradients. training: with dropout, by
        the masks of the next step. Computed layer by layer, whatever `fast` is. The model does not change.

        Raises ValueError or TypeError for data that do not fit, and for y if the model is not compiled.
        """
        from numpycnn.show.trace import trace_forward, trace_step

        checks.flag(f"{self.name}.trace", "training", training)
        x, y = self._check_examples("trace", x, y)
        self._build_for(x)
        x = np.array(x, self.dtype)
        if y is None:
            return trace_forward(self, x, self._position(), training=training)
        loss, _ = self._require_compiled("trace")
        return trace_step(self, loss, x, y, self._position(), training=training)

    def explore(
        self, path: str | PathLike[str] | None = None, x: Any = None, y: Any = None, *, example: int = 0
    ) -> "Page | None":
        """Write an HTML page with all values of the forward and backward of one example (`show/explorer/`).

        The page works offline in any browser. path: the file; None returns the page, which a notebook shows in place.
        x, y: as for `trace`; the page shows x[example], and has other examples to choose from, misclassified ones
        first. It takes at most 2 MB: what does not fit is left out, and listed.

        Raises ValueError or TypeError for data that do not fit, and for y if the model is not compiled; and OSError.
        """
        from numpycnn.show.explorer.page import Page, page, write_page

        if path is not None:
            path = checks.path(f"{self.name}.explore", "path", path)
        if x is None:
            raise TypeError(
                f"{self.name}.explore: expected x, the examples to show: explore(x=..., y=...) in a notebook"
            )
        x, y = self._check_examples("explore", x, y)
        example = checks.integer(f"{self.name}.explore", "example", example, at_least=0, at_most=len(x) - 1)
        if path is None:
            return Page(self.name, page(self, x, y, example))
        write_page(path, self, x, y, example)
        return None

    def __repr__(self) -> str:
        size = f"{self.count_params():,} parameters" if self.built else "not built"
        layers = "1 layer" if len(self.layers) == 1 else f"{len(self.layers)} layers"
        return f"<Sequential {self.name}: {layers}, {size}>"

    def _repr_html_(self) -> str:
        """The summary, for a notebook."""
        from html import escape

        from numpycnn.show.summary import summary_html

        return summary_html(self) if self.built else f"<div>{escape(repr(self))}</div>"

    def _set_history(self, epoch: list[int], history: dict[str, list[Any]]) -> None:
        """Set `history`, as when a model is read from a file. epoch, history: those of a History."""
        self.history = History()
        self.history.epoch = epoch
        self.history.history.update(history)

    # ------------------------------------------------------------ helpers

    def _require_compiled(self, method: str) -> tuple[Loss, Optimizer]:
        """The loss and the optimizer. Raises ValueError before `compile`."""
        if self.loss is None or self.optimizer is None:
            raise ValueError(f"{self.name}.{method}: the model is not compiled; call compile(optimizer, loss) first")
        return self.loss, self.optimizer

    def _objective(self, method: str) -> Objective:
        """The objective that training minimizes, with predictions for the metrics if there are any."""
        loss, _ = self._require_compiled(method)
        objective = training.make_objective(self, loss, self.dtype, fast=self.fast)
        return objective if self.metrics else objective.without_predictions()

    def _planned(self) -> Plan:
        """The network as it is executed in inference, planned anew where a layer has changed."""
        made_of = [self.fast, backend.convolution_precision() == "high", *attributes(self)]
        if self._plan is None or not self._plan.fits(made_of):
            network, least = training.planned(self, fast=self.fast), training.min_predicted(self)
            self._plan = Plan(made_of, network, least, training.portion(network, self.dtype))
        return self._plan

    def _position(self) -> Position:
        """The position in training of the next batch."""
        return Position(self.seed or 0, self.steps)  # a nested model, built by its parent, has no seed

    def _order(self, count: int, past: int = 0) -> Array:
        """The order of examples, or of batches, in a pass over them that began `past` steps ago."""
        return generator(self.seed or 0, ORDER, max(self.steps - past, 0)).permutation(count)

    def _begin_training(
        self, params: dict[str, Any], callbacks: Sequence[Callback], source: Source, validation: Validation | None
    ) -> tuple[CallbackList, History]:
        """Begin training: call the callbacks, and set the model's new History."""
        names = self.metrics_names + [f"val_{name}" for name in self.metrics_names if validation]
        history = History()
        all_callbacks = in_training(ProgressBar(params["verbose"]), callbacks, history)
        older = {"batch_size": source.batch_size, "samples": source.size, "do_validation": validation is not None}
        callback_list = CallbackList(all_callbacks, self, {**params, "steps": source.steps, "metrics": names, **older})
        held_out = None if validation is None else validation.source.arrays()
        for callback in callbacks:
            vars(callback)["held_out"] = held_out
        self.stop_training = False
        callback_list.call("on_train_begin", {})
        for epoch in range(params["initial_epoch"], callback_list.params["initial_epoch"]):
            source.skip()
            if validation is not None and validation.due(epoch):
                validation.source.skip()
        self.history = history
        return callback_list, history

    def _epochs(self, callbacks: CallbackList, source: Source) -> Iterator[int]:
        """Yield the epochs, counted from 0, until training is stopped or the data end, after calling on_epoch_begin."""
        for epoch in range(callbacks.params["initial_epoch"], callbacks.params["epochs"]):
            if self.stop_training or source.ended():
                return
            callbacks.call("on_epoch_begin", epoch, {})
            yield epoch

    def _restored_unless_trained(self) -> AbstractContextManager[None]:
        """If the body raises before the first step, restore the model: its History, and whether it is built."""
        steps = self.steps
        return restored_on_error([self], unless=lambda: self.steps != steps)

    def _checker(self, method: str, check_finite: bool) -> Check:
        """`_check_data` for a method, as sources call it."""
        return partial(self._check_data, method, check_finite=check_finite)

    def _check_data(self, method: str, given: Given, kind: str = "", *, check_finite: bool = False) -> Data:
        """The data as arrays. Raises unless the model is compiled and the data fit; changes nothing."""
        loss, _ = self._require_compiled(method)
        caller = f"{self.name}.{method}"
        x, output_shape = self._check_x(caller, given.x, check_finite, f"{kind}x")
        y = given.y[0] if is_list_of_one(given.y) and len(given.y[0]) == len(x) > 1 else given.y
        y = checks.numbers(caller, f"{kind}y", y)
        checks.same_length(caller, **{f"{kind}x": x, f"{kind}y": y})
        if check_finite:
            checks.finite(caller, f"{kind}y", y, self.dtype)
        try:
            loss.targets(y, output_shape)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{kind}{error}") from None
        training.warn_of_scores(self, loss)
        return Data(x, y, check_weights(caller, kind, given, y))

    def _check_inputs(self, caller: str, check_finite: bool, given: Given, kind: str) -> Data:
        """The data to predict from, which need no targets."""
        x, _ = self._check_x(caller, given.x, check_finite, f"{kind}x")
        return Data(x, x)

    def _check_examples(self, method: str, x: Any, y: Any) -> tuple[Array, Array | None]:
        """x and y as arrays; y may be None. Raises as `_check_data`, but compiling is required only with y."""
        if y is None:
            return self._check_x(f"{self.name}.{method}", x, check_finite=False)[0], None
        data = self._check_data(method, Given(x, y))
        return data.x, data.y

    def _figures(self) -> "Figures":
        """The loss and the metrics, of no batch yet."""
        from numpycnn.metrics import Figures  # deferred: slow import

        return Figures(self.metrics, self.weighted)

    def _returned(self, figures: Logs, as_dict: bool) -> Any:
        """Figures as Keras returns them: a dict, a list, or the loss alone."""
        if as_dict:
            return figures
        return list(figures.values()) if self.metrics else figures["loss"]


LAYERS[Sequential.__name__] = Sequential  # so that a nested Sequential can be loaded like any other layer


@explains_arguments
def load_model(
    filepath: str | PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,  # noqa: A002  # Keras's name
) -> Sequential:
    """Load a model that `Sequential.save` or Keras wrote: it predicts, and continues training, as the saved one would.

    filepath: ends in .safetensors; or in .keras, .h5 or .hdf5, of Keras 1, 2 or 3, with the package h5py; or in .onnx,
    with the package onnx.
    custom_objects: the functions and classes of the program's own, by name; a file has their names alone, and no code.
    compile: False leaves out the optimizer, the loss and the metrics.
    Raises saving.ModelFileError, a ValueError, for another suffix, and for a file that is damaged, or not a saved
    model; TypeError for arguments of another kind; and OSError.
    """
    from numpycnn import files

    path = files.path_to_read(checks.path("load_model", "filepath", filepath))
    check_custom_objects("load_model", custom_objects)
    checks.flag("load_model", "compile", compile)
    with configuration.custom_objects(custom_objects):
        return files.load(path, compile)


@explains_arguments
def save_model(
    model: Sequential, filepath: str | PathLike[str], overwrite: bool = True, *, include_optimizer: bool = True
) -> None:
    """`model.save(...)` with these. Raises as that, and TypeError for anything but a Sequential."""
    check_model("save_model", model)
    model.save(filepath, overwrite, include_optimizer=include_optimizer)


@explains_arguments
def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Sequential:
    """A model with new weights, not compiled, from what `to_json` returned.

    custom_objects: as for `load_model`. Raises TypeError or ValueError for any other text.
    """
    from numpycnn import files

    check_custom_objects("model_from_json", custom_objects)
    with configuration.custom_objects(custom_objects):
        return files.model_from_json(json_string)


@explains_arguments
def clone_model(
    model: Sequential, *, clone_function: Callable[[Layer], Layer] | None = None, recursive: bool = False
) -> Sequential:
    """A model of new layers like these, with new weights, and not compiled.

    clone_function: gives the new layer for each; by default from its configuration. recursive: call it for the layers
    inside a Sequential of this model too, not for the Sequential itself.
    Raises TypeError for arguments of another kind.
    """
    check_model("clone_model", model)
    if clone_function is not None:
        checks.function("clone_model", "clone_function", clone_function)
    checks.flag("clone_model", "recursive", recursive)
    from numpycnn import files

    with configuration.custom_objects(files.own_of(model)):
        return cloned(model, copy_of if clone_function is None else clone_function, recursive)


def check_custom_objects(owner: str, custom_objects: Any) -> None:
    """Raise TypeError unless it is None, or functions and classes by name."""
    given = {} if custom_objects is None else checks.by_name(owner, "custom_objects", custom_objects)
    for name, one in given.items():
        checks.function(owner, f"custom_objects[{checks.short_repr(name)}]", one)


def check_model(owner: str, model: Any) -> None:
    """Raise TypeError unless it is a Sequential."""
    if not isinstance(model, Sequential):
        raise TypeError(f"{owner}: model must be a Sequential; received {checks.short_repr(model)}")


def cloned(model: Sequential, clone: Callable[[Layer], Layer], recursive: bool) -> Sequential:
    """`clone_model`, of checked arguments."""
    twin = Sequential(name=model.name, fast=model.fast, dtype=model._dtype)
    for layer in model.layers:
        twin.add(cloned(layer, clone, recursive) if recursive and isinstance(layer, Sequential) else clone(layer))
    if model.shape_in is not None and not twin.built:
        twin.build(model.shape_in)
    return twin


def copy_of(layer: Layer) -> Layer:
    """A layer of the same configuration; a model draws new weights."""
    return (
        cloned(layer, copy_of, False) if isinstance(layer, Sequential) else type(layer).from_config(layer.get_config())
    )


explain_unknown_names(__name__)
