"""The figures of a training in files that TensorBoard shows."""

import os
import time
from typing import Any

import numpy as np

from numpycnn.callbacks.base import Callback, Logs
from numpycnn.common import checks


class TensorBoard(Callback):
    """Write the figures of each epoch to log_dir/train and log_dir/validation, for `tensorboard --logdir LOG_DIR`.

    The tags are Keras's: epoch_loss, epoch_accuracy, epoch_learning_rate; epoch_f1_score/0, /1 and so on for a figure
    of several numbers, which Keras cannot write. update_freq: "epoch"; "batch", or a number n,
    to write the figures of every batch, or of every n-th, too, as batch_loss and so on.
    histogram_freq, write_graph, write_images, write_steps_per_second, profile_batch, embeddings_freq and
    embeddings_metadata are taken without effect: histograms, graphs, images and profiles are not written.

    Raises TypeError or ValueError for other arguments; when training begins, and at each epoch, OSError.
    Source: Keras's TensorBoard.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: int | str = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        self.log_dir = os.path.abspath(checks.path("TensorBoard", "log_dir", log_dir))
        named = {"epoch": 0, "batch": 1}
        self.every = (
            named[checks.choice("TensorBoard", "update_freq", update_freq, tuple(named))]
            if isinstance(update_freq, str)
            else checks.integer("TensorBoard", "update_freq", update_freq)
        )
        """After how many batches figures are written; 0 for after none."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.paths: dict[str, str] = {}
        self.write("train", 0, {})

    def write(self, part: str, step: int, figures: Logs) -> None:
        """Append figures to the file of a part of the data, which is made if there is none."""
        from numpycnn.files.events import figures_record, first_record  # deferred: slow import

        new = part not in self.paths
        if new:
            folder = os.path.join(self.log_dir, part)
            os.makedirs(folder, exist_ok=True)
            self.paths[part] = os.path.join(folder, f"events.out.tfevents.{time.time_ns()}.{os.getpid()}.v2")
        with open(self.paths[part], "ab") as file:
            file.write((first_record() if new else b"") + (figures_record(step, scalars(figures)) if figures else b""))

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.every and self.model.steps % self.every == 0:
            self.write("train", self.model.steps, {f"batch_{name}": value for name, value in (logs or {}).items()})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        figures = {f"epoch_{name}": value for name, value in (logs or {}).items()}
        validation = {name: figures.pop(name) for name in list(figures) if name.startswith("epoch_val_")}
        self.write("train", epoch, {**figures, "epoch_learning_rate": float(self.model.optimizer.learning_rate)})
        if validation:
            self.write("validation", epoch, {f"epoch_{name[10:]}": value for name, value in validation.items()})


def scalars(figures: Logs) -> Logs:
    """Figures of one number each: of several numbers, each has its place in its name."""
    single = {name: value for name, value in figures.items() if not np.ndim(value)}
    several = {name: np.ravel(value) for name, value in figures.items() if np.ndim(value)}
    return {**single, **{f"{name}/{k}": one for name, values in several.items() for k, one in enumerate(values)}}
