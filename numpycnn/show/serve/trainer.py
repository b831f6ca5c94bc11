"""Training in a background thread, batch by batch, with commands to start, pause and step."""

import math
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from numpycnn.common.figures import one_number
from numpycnn.common.slices import batches, count_batches
from numpycnn.common.typing import Array
from numpycnn.engine.batching import Data
from numpycnn.optimizers import OPTIMIZERS
from numpycnn.show.explorer.page import as_json
from numpycnn.show.explorer.tensors import Tensors
from numpycnn.show.serve.fair_lock import FairLock
from numpycnn.show.serve.moment import moment_of, restore, use
from numpycnn.show.serve.protocol import RequestError
from numpycnn.show.serve.session import Session
from numpycnn.show.serve.settings import batch_size_of, described, optimizer_of, set_learning_rate
from numpycnn.show.serve.snapshots import Snapshots
from numpycnn.show.trace import outputs

COMMANDS = ("start", "pause", "step")
MAX_FRAME_BYTES = 64_000_000  # of all frames together
MAX_ARRAY_BYTES = 400_000  # a larger array is left out of a frame
MAX_TESTS = 1000  # epochs whose test figures are kept
TEST_BATCH = 1000


class Trainer:
    """Trains the session's model on data in the order of `fit`, with the same results, byte for byte.

    A new learning rate holds from the next batch on, as if a callback had set it. A new batch size or optimizer also
    begins a new epoch, as if `fit` had been stopped and called again.

    data: None if the model cannot be trained; `reason` then says why. max_frame_bytes: the memory for frames.
    """

    def __init__(
        self,
        session: Session,
        data: Data | None,
        batch_size: int,
        reason: str = "",
        max_frame_bytes: int = MAX_FRAME_BYTES,
    ) -> None:
        self.session, self.reason, self._data = session, reason, data
        self.count, self.able = 0 if data is None else len(data), data is not None
        self._beginning = moment_of(session.model), batch_size
        self._max_frame_bytes, self.resets = max_frame_bytes, -1
        self._left = 0.0  # batches that may still begin, besides the current one
        self._in_batch = False  # while a batch is being trained, also one that a pause waits for
        self._revision, self._closed = 0, False
        self._changed, self._turn = threading.Condition(), FairLock()
        self._begin(batch_size)
        self._thread = threading.Thread(target=self._run, name="training", daemon=True)
        if data is not None:
            self._thread.start()

    def _begin(self, batch_size: int) -> None:
        """Nothing learnt yet: no frame but the first."""
        self.batch_size = batch_size
        self.frames = Snapshots[tuple[list[float | None], bytes]](self._max_frame_bytes)  # a batch's figures, and JSON
        self.tests = deque[list[float | None]](maxlen=MAX_TESTS)
        self.session.forget()
        self.step, self.epoch, self.batch, self.resets = 0, 0, 0, self.resets + 1
        self._rows = deque[Array]()  # of the batches that are left of the epoch
        self._record([])

    # ------------------------------------------------------------ called by other threads

    def command(self, name: str) -> None:
        """Start, pause, or train one more batch ("step"). Does nothing if the model cannot be trained."""
        with self._changed:
            self._left = {"start": math.inf, "pause": 0, "step": self._left + 1}[name]
            self._notify()

    def reset(self) -> None:
        """Pause, and go back to the weights, the optimizer and the batch size of the beginning.

        Raises RequestError if there are no data to train on.
        """
        with self._changing():
            with self._changed:
                self._left, self.able, self.reason = 0, True, ""
            moment, batch_size = self._beginning
            restore(self.session.model, moment)
            self.session.version += 1
            self._begin(batch_size)

    def set(self, name: str, value: Any) -> None:
        """Change one of `SETTINGS`. Raises RequestError for an invalid value, before anything changes."""
        with self._changing():
            if name == "learning_rate":
                set_learning_rate(self.session.model._require_compiled("serve")[1], value)
            elif name == "batch_size":
                self.batch_size = batch_size_of(value, self.count)
                self._rows.clear()
            else:
                use(self.session.model, optimizer_of(value))
                self._rows.clear()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Between two batches, and between traces. Raises RequestError if there are no data to train on."""
        if self._data is None:
            raise RequestError(409, self.reason)
        with self._turn.held(), self.session.lock.held():
            yield
            self.session.version += 1
            with self._changed:
                self._notify()

    def wait(self, after: int, seconds: float) -> dict[str, Any]:
        """The state, as soon as its revision is later than `after`, or after some seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._revision > after or self._closed, seconds)
            return self._state()

    def frame(self, step: int) -> bytes | None:
        """The frame of a step as JSON, or None if there is none."""
        with self._changed:
            found = self.frames.get(step)
            return None if found is None else found[1]

    def close(self) -> None:
        """Stop after the current batch, and wait for it. Threads that wait for a state get it now."""
        with self._changed:
            self._closed = True
            self._notify()
        if self._thread.is_alive():
            self._thread.join()

    def _state(self) -> dict[str, Any]:
        """The state of training as JSON values; figures that are not finite are None."""
        return {
            "revision": self._revision,
            "state": "off" if not self.able else "training" if self._left or self._in_batch else "paused",
            "reason": self.reason,
            "step": self.step,
            "epoch": self.epoch,
            "batch": self.batch,
            "batches": count_batches(self.count, self.batch_size),
            "batch_size": self.batch_size,
            **described(self.session.model.optimizer),
            "optimizers": list(OPTIMIZERS),
            "resets": self.resets,
            "version": self.session.version,
            "examples": self.count,
            "names": [*self.session.model.metrics_names, "learning rate"],
            "frames": [[step, *figures] for step, (figures, _) in self.frames.by_step().items()],
            "kept": list(self.session.moments.by_step()),
            "stride": self.frames.stride,
            "tests": list(self.tests),
        }

    def _notify(self) -> None:
        """Notify waiting threads of a new revision; called with the lock held."""
        self._revision += 1
        self._changed.notify_all()

    # ------------------------------------------------------------ the training thread

    def _run(self) -> None:
        """Train batch after batch. An error of a layer or a metric ends training until a reset, and is the reason."""
        while self._wait_for_batch():
            with self._turn.held():
                if self._claim():
                    self._attempt()

    def _attempt(self) -> None:
        """One batch."""
        try:
            self._train_batch(self._data)
        except Exception as error:
            with self._changed:
                self._left, self._in_batch, self.able = 0, False, False
                self.reason = f"Training ended with {type(error).__name__}: {error}. Reset begins again."
                self._notify()

    def _train_batch(self, data: Any) -> None:
        """As in `Sequential.fit`, the order of the examples depends on the step at which the epoch starts."""
        model = self.session.model
        with self.session.lock.held():
            if not self._rows:
                order = model._order(len(data))
                self._rows.extend(order[rows] for rows in batches(len(data), self.batch_size))
                self.epoch, self.batch = self.epoch + 1, 0
            rows = self._rows[0]
            figures = model.train_on_batch(data.x[rows], data.y[rows], return_dict=True)
            self._rows.popleft()
            self.batch += 1
            self.session.version += 1
            self._record([*figures.values(), model._require_compiled("serve")[1].step_size])
        if not self._rows:
            self._test()

    def _wait_for_batch(self) -> bool:
        """Wait until another batch may begin; False if training was closed."""
        with self._changed:
            self._changed.wait_for(lambda: (self._left and self.able) or self._closed)
            return not self._closed

    def _claim(self) -> bool:
        """Whether a batch may begin now. It is counted when it begins: commands during it apply to later batches."""
        with self._changed:
            self._in_batch = bool(self._left and self.able and not self._closed)
            self._left -= self._in_batch
            return self._in_batch

    def _record(self, figures: list[Any]) -> None:
        """Record a frame of the current model, and the model, and notify waiting threads."""
        frame = as_json(self._frame()).encode("utf-8")
        with self._changed:
            self.step = self.session.model.steps
            self.frames.add(self.step, (finite(figures), frame), len(frame))
            if self._data is not None:
                self.session.remember()
            self._in_batch = False
            self._notify()

    def _frame(self) -> dict[str, Any]:
        """The kernels of convolutions, and every layer's output for the session's example."""
        model, n, tensors = self.session.model, self.session.example, Tensors(level=1, live=True)
        for layer in outputs(model, np.array(self.session.x[n : n + 1], model.dtype)):
            if layer.kind == "Conv2D":
                tensors.add_below(MAX_ARRAY_BYTES, f"{layer.name}/kernel", layer.parameters["kernel"])
            tensors.add_below(MAX_ARRAY_BYTES, f"{layer.name}/output", layer.output[0])
        return {"step": model.steps, "tensors": tensors.table}

    def _test(self) -> None:
        """Record the figures on the session's test data, at the end of an epoch."""
        model, x, y = self.session.model, self.session.x, self.session.y
        if y is not None:
            figures = model.evaluate(x, y, TEST_BATCH, verbose=0, return_dict=True)
            with self._changed:
                self.tests.append([self.step, *finite(list(figures.values()))])
                self._notify()


def finite(figures: list[Any]) -> list[float | None]:
    """Figures for JSON: several numbers as their mean, None for one that is not finite."""
    return [figure if math.isfinite(figure) else None for figure in map(one_number, figures)]
