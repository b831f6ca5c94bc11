"""Backing up a training, and resuming it."""

import os

from numpycnn.callbacks.base import Callback, Logs
from numpycnn.callbacks.history import History
from numpycnn.common import checks


class BackupAndRestore(Callback):
    """Back up training to a file after each epoch, so that an interrupted program resumes where it was.

    path: a .safetensors file with the whole model (`Sequential.save`) and the state of the other callbacks. If the file
    exists when training begins, the model's weights, seed, optimizer settings and slots, History and position in
    training are restored from it, and training resumes with the next epoch.
    On the same data it ends with the same bytes as if it had never been interrupted. If the file's training is
    complete, nothing is trained. To start over, remove the file.
    What callbacks do when training ends, such as restoring the best weights, is not in the file; it is done again.

    Raises TypeError for anything but a path, and saving.ModelFileError for a suffix other than .safetensors; when
    training begins, ModelFileError for a model that cannot be saved, and for a file that is damaged or holds another
    model or other callbacks; and OSError. Source: Keras's BackupAndRestore, which removes the file at the end.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        from numpycnn import files  # deferred: slow import

        self.path = os.path.abspath(checks.path("BackupAndRestore", "path", path))  # the program may change directory
        files.format_of(self.path, reading=False)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        from numpycnn import files  # deferred: slow import

        self.stateful_callbacks = [
            callback for callback in self.siblings if type(callback).get_state is not Callback.get_state
        ]
        files.content(self.path, self.model, self.stateful_callbacks)  # raises now, not after the first epoch
        files.prepare(self.path)
        if os.path.exists(self.path):
            history = next(callback for callback in self.siblings if isinstance(callback, History))
            files.restore(self.path, self.model, history, self.stateful_callbacks)
            self.params["initial_epoch"] = max(history.epoch, default=-1) + 1

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        from numpycnn import files  # deferred: slow import

        files.save(self.path, self.model, self.stateful_callbacks)
