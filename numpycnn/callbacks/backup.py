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
    be told where it was, and begins anew. What callbacks do when training ends, such as restoring the best weights, is
    not in the file; it is done again.

    save_freq: "epoch"; or back up after every so many batches, and not when epochs end: then, as in Keras, the epoch
    that was interrupted is trained anew, from the weights of the file. double_checkpoint: keep the file before the last
    too, named .previous.safetensors, from which training resumes if the last is lost or damaged. The file is always
    replaced whole. delete_checkpoint: remove the files when training ends. False keeps them: then a later call with
    more epochs goes on from there, and one with as many trains nothing.

    Raises TypeError or ValueError for other arguments, and saving.ModelFileError for a suffix other than .safetensors;
    when training begins, ModelFileError for a model that cannot be saved, and for a file that is damaged or holds
    another model or other callbacks; and OSError. Source: Keras's BackupAndRestore.
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        from numpycnn import files  # deferred: slow import

        owner = "BackupAndRestore"
        path = os.path.abspath(checks.path(owner, "backup_dir", backup_dir))  # the program may change directory
        self.folder = "" if os.path.splitext(path)[1] else path
        self.path = os.path.join(path, "training.safetensors") if self.folder else path
        files.function_for(self.path, "save")
        self.previous = "{}.previous{}".format(*os.path.splitext(self.path))
        epochs = isinstance(save_freq, str) and save_freq == "epoch"
        self.every = None if epochs else checks.integer(owner, "save_freq", save_freq)
        """After how many batches the file is written; None for after each epoch."""
        self.double_checkpoint = checks.flag(owner, "double_checkpoint", double_checkpoint)
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
        self.batches = 0  # since the file was written
        history = next(callback for callback in self.siblings if isinstance(callback, History))
        if self.restored(history):
            self.params["initial_epoch"] = max(history.epoch, default=self.params["initial_epoch"] - 1) + 1

    def restored(self, history: History) -> bool:
        """Whether there was a file to restore the training from: the last, or if that is damaged the one before."""
        from numpycnn import files  # deferred: slow import

        paths = [self.path, self.previous] if self.double_checkpoint else [self.path]
        paths = [path for path in paths if os.path.exists(path)]
        for path in paths:
            try:
                files.restore(path, self.model, history, self.stateful_callbacks)
            except files.ModelFileError:
                if path == paths[-1]:
                    raise
            else:
                os.replace(path, self.path)
                return True
        return False

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.batches += 1
        if self.batches == self.every:
            self.save()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.every is None:
            self.save()

    def save(self) -> None:
        """Write the file. A program that is killed leaves it, or where there are two the one before."""
        from numpycnn import files  # deferred: slow import

        if self.double_checkpoint and os.path.exists(self.path):
            os.replace(self.path, self.previous)
        files.save(self.path, self.model, self.stateful_callbacks)
        self.batches = 0

    def on_train_end(self, logs: Logs | None = None) -> None:
        for path in (self.path, self.previous) if self.delete_checkpoint else ():
            with suppress(FileNotFoundError):
                os.remove(path)
