"""Backing up a training, and resuming it."""

import os
from contextlib import suppress

from numpycnn.callbacks.base import Callback, Logs
from numpycnn.callbacks.history import History
from numpycnn.common import checks


class BackupAndRestore(Callback):
    """Back up training to a file after each epoch, so that an interrupted program resumes where it was.

    backup_dir: a .safetensors file with the whole model (`Sequential.save`) and the state of the other callbacks, or a
    folder for that file. If the file exists when training begins, the model's weights, seed, optimizer settings and
    slots, History and position in training are restored from it, and training resumes with the next epoch.
    On the same data it ends with the same bytes as if it had never been interrupted; only a generator of batches cannot
    be told where it was, and begins anew. If the file's training is complete, nothing is trained.
    What callbacks do when training ends, such as restoring the best weights, is not in the file; it is done again.

    save_freq: "epoch"; within one no training is resumed. double_checkpoint: without effect, because the file is always
    replaced whole. delete_checkpoint: remove the file when training ends. False, unlike Keras's default, keeps it: then
    a later call with more epochs goes on from there. To start over, remove the file.

    Raises TypeError or ValueError for other arguments, and saving.ModelFileError for a suffix other than .safetensors;
    when training begins, ModelFileError for a model that cannot be saved, and for a file that is damaged or holds
    another model or other callbacks; and OSError. Source: Keras's BackupAndRestore.
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = False,
    ) -> None:
        from numpycnn import files  # deferred: slow import

        owner = "BackupAndRestore"
        path = os.path.abspath(checks.path(owner, "backup_dir", backup_dir))  # the program may change directory
        self.folder = "" if os.path.splitext(path)[1] else path
        self.path = os.path.join(path, "training.safetensors") if self.folder else path
        files.function_for(self.path, "save")
        checks.choice(owner, "save_freq", save_freq, ("epoch",))
        checks.flag(owner, "double_checkpoint", double_checkpoint)
        self.delete_checkpoint = checks.flag(owner, "delete_checkpoint", delete_checkpoint)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        from numpycnn import files  # deferred: slow import

        self.stateful_callbacks = [
            callback for callback in self.siblings if type(callback).get_state is not Callback.get_state
        ]
        files.check(self.path, self.model, self.stateful_callbacks)  # raises now, not after the first epoch
        if self.folder:
            os.makedirs(self.folder, exist_ok=True)
        files.prepare(self.path)
        if os.path.exists(self.path):
            history = next(callback for callback in self.siblings if isinstance(callback, History))
            files.restore(self.path, self.model, history, self.stateful_callbacks)
            self.params["initial_epoch"] = max(history.epoch, default=-1) + 1

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        from numpycnn import files  # deferred: slow import

        files.save(self.path, self.model, self.stateful_callbacks)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.delete_checkpoint:
            with suppress(FileNotFoundError):
                os.remove(self.path)
