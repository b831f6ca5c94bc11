"""Training that can be watched: batch by batch in a thread of its own, which waits, goes on and stops when told."""

import math
import threading
from collections import deque
from typing import Any

import numpy as np

from numpycnn.common.slices import batches, count_batches
from numpycnn.engine.batching import Data
from numpycnn.show.explorer.page import as_json
from numpycnn.show.explorer.tensors import Tensors
from numpycnn.show.serve.frames import Frames
from numpycnn.show.serve.session import Session
from numpycnn.show.trace import outputs

COMMANDS = ("start", "pause", "step")
MAX_FRAME_BYTES = 64_000_000  # bytes that all frames take together
MAX_ARRAY_BYTES = 400_000  # bytes of one array, beyond which it is left out of a frame
MAX_TESTS = 1000  # how many epochs' test figures are kept
TEST_BATCH = 1000


class Trainer:
    """Trains the session's model on data (x, y) in the order of `fit`, and so to the same bytes.

    data: None where there is nothing to learn, and `reason` then says why. most: the bytes that frames may take.
    """

    def __init__(
        self, session: Session, data: Data | None, batch_size: int, reason: str = "", most: int = MAX_FRAME_BYTES
    ) -> None:
        self.session, self.batch_size, self.reason = session, batch_size, reason
        self.count, self.able = 0 if data is None else len(data), data is not None
        self.frames, self.tests = Frames(most), deque[list[float | None]](maxlen=MAX_TESTS)
        self.step, self.epoch, self.batch = 0, 0, 0
        self._left = 0.0  # batches that may be begun, beside the one that is being learnt
        self._learning = False  # amid a batch, be it one that a pause has to wait for
        self._revision, self._closed = 0, False
        self._changed = threading.Condition()
        self._record([], 0, 0)
        self._thread = threading.Thread(
            target=self._run, args=() if data is None else (data,), name="training", daemon=True
        )
        if self.able:
            self._thread.start()

    # ------------------------------------------------------------ what others call

    def command(self, name: str) -> None:
        """start, pause, or learn from one batch more ("step"). Where training is off, nothing happens."""
        with self._changed:
            self._left = {"start": math.inf, "pause": 0, "step": self._left + 1}[name]
            self._tell()

    def wait(self, after: int, seconds: float) -> dict[str, Any]:
        """The state, once it is a later one than the revision `after`, or some seconds have passed."""
        with self._changed:
            self._changed.wait_for(lambda: self._revision > after or self._closed, seconds)
            return self._state()

    def frame(self, step: int) -> bytes | None:
        """The frame of a step as JSON, or None where there is none."""
        with self._changed:
            return self.frames.data(step)

    def close(self) -> None:
        """Stop at the end of the batch, and wait for it. Whoever waits for a state gets it now."""
        with self._changed:
            self._closed = True
            self._tell()
        if self._thread.is_alive():
            self._thread.join()

    def _state(self) -> dict[str, Any]:
        """Where training stands, as JSON values; a figure that is not finite is None."""
        return {
            "revision": self._revision,
            "state": "off" if not self.able else "training" if self._left or self._learning else "paused",
            "reason": self.reason,
            "step": self.step,
            "epoch": self.epoch,
            "batch": self.batch,
            "batches": count_batches(self.count, self.batch_size),
            "batch_size": self.batch_size,
            "examples": self.count,
            "names": self.session.model.metrics_names,
            "frames": self.frames.rows(),
            "stride": self.frames.stride,
            "tests": list(self.tests),
        }

    def _tell(self) -> None:
        """Let everyone know who waits; called with the lock held."""
        self._revision += 1
        self._changed.notify_all()

    # ------------------------------------------------------------ the thread

    def _run(self, data: Data) -> None:
        """Epoch after epoch. What a layer or a metric raises ends it, and is the reason."""
        try:
            epoch = 0
            while not self._closed:
                epoch += 1
                self._train_epoch(data, epoch)
        except Exception as error:
            with self._changed:
                self.able, self.reason = False, f"Training ended with {type(error).__name__}: {error}"
                self._tell()

    def _train_epoch(self, data: Data, epoch: int) -> None:
        """As `Sequential.fit`: the order of the examples belongs to the step that the epoch starts at."""
        model = self.session.model
        order = model._order(len(data))
        for batch, rows in enumerate(batches(len(data), self.batch_size)):
            if not self._may_go_on():
                return
            with self.session.lock.held():
                figures = model.train_on_batch(data.x[order[rows]], data.y[order[rows]], return_dict=True)
                self._record(list(figures.values()), epoch, batch + 1)
        self._test()

    def _may_go_on(self) -> bool:
        """Wait until another batch may be learnt; False where it is the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._left or self._closed)
            self._learning = not self._closed
            self._left -= self._learning  # taken when the batch begins: commands in the course of it are for later ones
            return self._learning

    def _record(self, figures: list[float], epoch: int, batch: int) -> None:
        """Keep a frame of the model as it is now, and let everyone know."""
        frame = as_json(self._frame()).encode("utf-8")
        with self._changed:
            self.step, self.epoch, self.batch = self.session.model.steps, epoch, batch
            self.frames.add(self.step, finite(figures), frame)
            self._learning = False
            self._tell()

    def _frame(self) -> dict[str, Any]:
        """The kernels of convolutions, and what every layer makes of the watched example."""
        model, n, tensors = self.session.model, self.session.example, Tensors(level=1, live=True)
        for layer in outputs(model, np.array(self.session.x[n : n + 1], model.dtype)):
            if layer.kind == "Conv2D":
                tensors.add_below(MAX_ARRAY_BYTES, f"{layer.name}/kernel", layer.parameters["kernel"])
            tensors.add_below(MAX_ARRAY_BYTES, f"{layer.name}/output", layer.output[0])
        return {"step": model.steps, "tensors": tensors.table}

    def _test(self) -> None:
        """At the end of an epoch: the figures on the session's own data."""
        model, x, y = self.session.model, self.session.x, self.session.y
        if y is not None:
            figures = model.evaluate(x, y, TEST_BATCH, verbose=0, return_dict=True)
            with self._changed:
                self.tests.append([self.step, *finite(list(figures.values()))])
                self._tell()


def finite(figures: list[float]) -> list[float | None]:
    """Figures as JSON has them: None for what is not finite."""
    return [float(figure) if math.isfinite(figure) else None for figure in figures]
