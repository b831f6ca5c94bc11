"""Faults that people make in this field, and that no general operator makes: all of them must be noticed."""

from typing import NamedTuple

from mutation.operators import Mutant


class Fault(NamedTuple):
    """A piece of a file that stands there exactly once, and what a mistaken author would have written."""

    file: str
    what: str
    right: str
    wrong: str


FAULTS = (
    Fault(
        "functional.py",
        "the kernel is flipped",
        "y = cols @ kernel.reshape(-1, kernel.shape[3])",
        "y = cols @ kernel[::-1, ::-1].reshape(-1, kernel.shape[3])",
    ),
    Fault(
        "functional.py",
        "the kernel's rows and columns are swapped",
        "y = cols @ kernel.reshape(-1, kernel.shape[3])",
        "y = cols @ kernel.swapaxes(0, 1).reshape(-1, kernel.shape[3])",
    ),
    Fault(
        "functional.py",
        "the kernel's channels come before its taps",
        "y = cols @ kernel.reshape(-1, kernel.shape[3])",
        "y = cols @ kernel.transpose(2, 0, 1, 3).reshape(-1, kernel.shape[3])",
    ),
    Fault("functional.py", "col2im overwrites in place of adding", "dpadded[tap] += part", "dpadded[tap] = part"),
    Fault(
        "functional.py",
        "col2im adds a repeated pixel once",
        "dpadded[tap] += part",
        "dpadded[tap] = np.where(dpadded[tap] == 0, part, dpadded[tap])",
    ),
    Fault(
        "functional.py",
        "the border is not cut off behind",
        "return dpadded[:, top : top + h, left : left + w]",
        "return dpadded[:, bottom : bottom + h, right : right + w]",
    ),
    Fault(
        "functional.py",
        "the bias's gradient is a mean",
        "return dkernel.reshape(kernel.shape), dy.sum(axis=0)",
        "return dkernel.reshape(kernel.shape), dy.mean(axis=0)",
    ),
    Fault(
        "functional.py",
        "the kernel's gradient is 1.001 times itself",
        "dkernel = cols.T @ dy  # (KH",
        "dkernel = cols.T @ dy * 1.001  # (KH",
    ),
    Fault(
        "functional.py",
        "the input's gradient is 1.001 times itself",
        "return col2im(dcols, x_shape, window)",
        "return col2im(dcols * 1.001, x_shape, window)",
    ),
    Fault(
        "functional.py",
        "strides are ignored backward",
        "zip(window.taps(window.output_size((h, w))), parts, strict=True)",
        "zip(Window(window.size, (1, 1), window.padding, window.dilation).taps(window.output_size((h, w))), parts)",
    ),
    Fault(
        "functional.py",
        "dilation is ignored backward",
        "zip(window.taps(window.output_size((h, w))), parts, strict=True)",
        "zip(Window(window.size, window.strides, window.padding).taps(window.output_size((h, w))), parts)",
    ),
    Fault("functional.py", "the last of equal maxima wins", "where=seen > y", "where=seen >= y"),
    Fault(
        "functional.py", "the border of a pool is zero", "padded = pad(x, window, bottom)", "padded = pad(x, window)"
    ),
    Fault(
        "functional.py",
        "every equal maximum gets the gradient",
        "parts = (np.where(winner == k, dy, 0) for k in range(window.count))",
        "parts = (np.where(winner <= k, dy, 0) for k in range(window.count))",
    ),
    Fault("functional.py", "ReLU passes the gradient at 0", "np.where(y > 0, dy, 0)", "np.where(y >= 0, dy, 0)"),
    Fault("functional.py", "ReLU's mask is not applied", "return np.where(y > 0, dy, 0)", "return dy"),
    Fault("functional.py", "sigmoid's derivative misses a factor", "return dy * y * (1 - y)", "return dy * (1 - y)"),
    Fault("functional.py", "tanh's derivative at y, not at y*y", "dy * (1 - y * y)", "dy * (1 - y)"),
    Fault(
        "functional.py",
        "softmax's derivative has its diagonal alone",
        "return y * (dy - (dy * y).sum(axis=-1, keepdims=True))",
        "return dy * y * (1 - y)",
    ),
    Fault(
        "functional.py",
        "softmax runs over the batch",
        "return e / e.sum(axis=-1, keepdims=True)",
        "return e / e.sum(axis=0, keepdims=True)",
    ),
    Fault(
        "functional.py",
        "softmax overflows",
        "e = np.exp(z - z.max(axis=-1, keepdims=True))",
        "e = np.exp(z)",
    ),
    Fault(
        "functional.py",
        "dropout does not scale",
        "np.asarray(1.0 / (1.0 - rate) if rate < 1.0 else 1.0, dtype)",
        "np.asarray(1.0, dtype)",
    ),
    Fault(
        "functional.py",
        "dropout scales by 1/rate",
        "np.asarray(1.0 / (1.0 - rate) if rate < 1.0 else 1.0, dtype)",
        "np.asarray(1.0 / rate if rate > 0.0 else 1.0, dtype)",
    ),
    Fault(
        "functional.py",
        "dropout keeps with the rate's probability",
        "< round((1.0 - rate) * 2**16)",
        "< round(rate * 2**16)",
    ),
    Fault(
        "layers/core.py",
        "dropout's backward forgets the mask",
        "return dy if cache is None else dy * cache, {}",
        "return dy, {}",
    ),
    Fault(
        "layers/core.py",
        "dropout drops in inference",
        "if not training or self.rate == 0.0:",
        "if self.rate == 0.0:",
    ),
    Fault(
        "window.py",
        "an odd row of padding goes to the top",
        "return (rows // 2, rows - rows // 2), (cols // 2, cols - cols // 2)",
        "return (rows - rows // 2, rows // 2), (cols // 2, cols - cols // 2)",
    ),
    Fault(
        "window.py",
        "an odd column of padding goes to the left",
        "return (rows // 2, rows - rows // 2), (cols // 2, cols - cols // 2)",
        "return (rows // 2, rows - rows // 2), (cols - cols // 2, cols // 2)",
    ),
    Fault(
        "window.py",
        "same padding forgets the dilation",
        "rows = max((oh - 1) * sh + eh - h, 0)",
        "rows = max((oh - 1) * sh + self.size[0] - h, 0)",
    ),
    Fault(
        "window.py",
        "same padding rounds down",
        "return -(-h // sh), -(-w // sw)",
        "return h // sh, w // sw",
    ),
    Fault(
        "window.py",
        "rows move by the columns' stride",
        "(sh, sw), (dh, dw), (oh, ow) = self.strides, self.dilation, output",
        "(sw, sh), (dh, dw), (oh, ow) = self.strides, self.dilation, output",
    ),
    Fault(
        "window.py",
        "rows are dilated by the columns' rate",
        "(sh, sw), (dh, dw), (oh, ow) = self.strides, self.dilation, output",
        "(sh, sw), (dw, dh), (oh, ow) = self.strides, self.dilation, output",
    ),
    Fault(
        "layers/core.py",
        "Flatten leaves channels first",
        "return x.reshape(len(x), prod(x.shape[1:])), x.shape",
        "return x.swapaxes(1, -1).reshape(len(x), prod(x.shape[1:])), x.shape",
    ),
    Fault(
        "losses.py",
        "the gradient from logits misses the target",
        "gradient = F.softmax(y_pred) - y_true",
        "gradient = F.softmax(y_pred)",
    ),
    Fault(
        "losses.py",
        "the gradient from logits is y - p",
        "gradient = F.softmax(y_pred) - y_true",
        "gradient = y_true - F.softmax(y_pred)",
    ),
    Fault(
        "losses.py",
        "the squares' gradient misses its factor of 2",
        "return (y_pred - y_true) * (2.0 / prod(y_pred.shape[1:]))",
        "return (y_pred - y_true) * (1.0 / prod(y_pred.shape[1:]))",
    ),
    Fault(
        "losses.py",
        "the squares' gradient is not a mean",
        "return (y_pred - y_true) * (2.0 / prod(y_pred.shape[1:]))",
        "return (y_pred - y_true) * 2.0",
    ),
    Fault(
        "losses.py",
        "the gradient is not divided by the positions",
        "return gradient / prod(y_pred.shape[1:-1])",
        "return gradient",
    ),
    Fault(
        "losses.py",
        "a clipped probability has a gradient",
        "np.where(clipped == q, -y_true / clipped, 0)",
        "-y_true / clipped",
    ),
    Fault(
        "training.py",
        "the gradients are of the sum, not of the mean",
        "goal.loss.gradient(y, z) / job.batch",
        "goal.loss.gradient(y, z)",
    ),
    Fault(
        "training.py",
        "a micro-batch is divided by its own size",
        "goal.loss.gradient(y, z) / job.batch",
        "goal.loss.gradient(y, z) / len(job.x)",
    ),
    Fault(
        "training.py",
        "a later micro-batch's gradients replace the sum",
        "terms = [total(terms)]",
        "terms = []",
    ),
    Fault(
        "optimizers.py",
        "RMSprop's epsilon stands outside the root",
        "change = self.learning_rate * g / np.sqrt(d + self.epsilon)",
        "change = self.learning_rate * g / (np.sqrt(d) + self.epsilon)",
    ),
    Fault(
        "optimizers.py",
        "Adam's epsilon stands inside the root",
        "w -= alpha * m / (np.sqrt(v) + self.epsilon)",
        "w -= alpha * m / np.sqrt(v + self.epsilon)",
    ),
    Fault(
        "optimizers.py",
        "Adam does not correct the mean",
        "sqrt(1.0 - self.beta_2**t) / (1.0 - self.beta_1**t)",
        "sqrt(1.0 - self.beta_2**t)",
    ),
    Fault(
        "optimizers.py",
        "Adam counts a step too many",
        'memory["velocity"], self.iterations',
        'memory["velocity"], self.iterations + 1',
    ),
    Fault("optimizers.py", "SGD climbs", "change = -self.learning_rate * g", "change = self.learning_rate * g"),
    Fault(
        "optimizers.py",
        "Nesterov's step is momentum's",
        "change = self.momentum * v + change if self.nesterov else v",
        "change = v",
    ),
    Fault(
        "initializers.py",
        "glorot divides by the sum of the fans",
        '"fan_avg": (fan_in + fan_out) / 2',
        '"fan_avg": fan_in + fan_out',
    ),
    Fault(
        "initializers.py",
        "a kernel's fans are the other way round",
        "return receptive_field * shape[-2], receptive_field * shape[-1]",
        "return receptive_field * shape[-1], receptive_field * shape[-2]",
    ),
    Fault(
        "initializers.py",
        "a truncated normal is not widened",
        "truncated_normal(shape, rng) * (std / TRUNCATED_STD)",
        "truncated_normal(shape, rng) * std",
    ),
    Fault("metrics.py", "class 1 from 0.5 on", "right = (y_pred > 0.5)", "right = (y_pred >= 0.5)"),
    Fault(
        "metrics.py",
        "the confusion matrix is transposed",
        "true.astype(np.intp) * classes + predicted.astype(np.intp)",
        "predicted.astype(np.intp) * classes + true.astype(np.intp)",
    ),
    Fault(
        "metrics.py",
        "a short batch counts as a full one",
        "+ count * float(np.mean(value, dtype=np.float64))",
        "+ float(np.mean(value, dtype=np.float64))",
    ),
    Fault(
        "data.py",
        "the validation data come first",
        "return (x[:kept], y[:kept]), (x[kept:], y[kept:])",
        "return (x[-kept:], y[-kept:]), (x[:-kept], y[:-kept])",
    ),
    Fault(
        "saving/container.py",
        "the digest is read and not compared",
        "if self.file.read(DIGEST) != self.digest.digest():",
        "if len(self.file.read(DIGEST)) != DIGEST:",
    ),
    Fault(
        "saving/container.py",
        "a part of the digest is compared",
        "if self.file.read(DIGEST) != self.digest.digest():",
        "if self.file.read(DIGEST)[:8] != self.digest.digest()[:8]:",
    ),
    Fault(
        "saving/container.py",
        "the digest is over the beginning of what is long",
        "self.digest.update(part.data)",
        "self.digest.update(part[:65536].data)",
    ),
    Fault("saving/container.py", "later versions are read", "if version != VERSION:", "if version < VERSION:"),
    Fault("saving/container.py", "offsets are not checked", "at_least=0) != offset:", "at_least=0) < 0:"),
    Fault("saving/container.py", "the later of two arrays of a name counts", "if name in declared:", "if not name:"),
    Fault("saving/container.py", "bytes after the arrays are ignored", "if offset != room:", "if offset > room:"),
    Fault(
        "saving/state.py",
        "shapes are not compared",
        "if found != wanted[name]:",
        "if found.dtype != wanted[name].dtype:",
    ),
    Fault(
        "saving/state.py",
        "dtypes are not compared",
        "if found != wanted[name]:",
        "if found.shape != wanted[name].shape:",
    ),
    Fault("saving/state.py", "arrays that are missing are let pass", "if name not in declared:", "if not declared:"),
    Fault("saving/state.py", "arrays of no one are let pass", "if name not in wanted:", "if not wanted:"),
    Fault(
        "saving/state.py",
        "weights are assigned before all is checked",
        "        for callback, state in zip(callbacks, saved.callbacks, strict=True):",
        "        for layer, other in zip(model.layers, saved.layers, strict=True):\n"
        "            layer.set_weights(other.get_weights())\n"
        "        for callback, state in zip(callbacks, saved.callbacks, strict=True):",
    ),
    Fault(
        "saving/state.py",
        "iterations are taken for steps",
        'optimizer.iterations = file.facts["iterations"]',
        'optimizer.iterations = file.facts["steps"]',
    ),
    Fault(
        "saving/state.py",
        "iterations are not restored",
        "model.optimizer.iterations = saved.compiled.optimizer.iterations",
        "pass",
    ),
    Fault(
        "saving/state.py",
        "the seed is not restored",
        'model.seed, model.steps, model.stop_training = (saved.facts[fact] for fact in ("seed", "steps", "stopped"))',
        'model.steps, model.stop_training = (saved.facts[fact] for fact in ("steps", "stopped"))',
    ),
    Fault(
        "saving/state.py",
        "that training had ended is not restored",
        'model.seed, model.steps, model.stop_training = (saved.facts[fact] for fact in ("seed", "steps", "stopped"))',
        'model.seed, model.steps = (saved.facts[fact] for fact in ("seed", "steps"))',
    ),
    Fault(
        "saving/state.py",
        "the figures of History are not restored",
        "history.epoch, history.history = saved.epoch, saved.history",
        "history.epoch = saved.epoch",
    ),
    Fault(
        "saving/state.py",
        "a metric is known by its name",
        "if METRICS.get(name) is not metric:",
        "if name not in METRICS:",
    ),
    Fault("configuration.py", "a class is known by its name", "is not cls:", "is None:"),
    Fault(
        "saving/atomic.py",
        "the rename comes before the sync",
        "            os.fsync(file.fileno())\n"
        "            if fcntl is not None:\n"
        "                os.replace(file.name, target)  # while the lock is held\n",
        "            if fcntl is not None:\n"
        "                os.replace(file.name, target)\n"
        "            os.fsync(file.fileno())\n",
    ),
    Fault(
        "saving/atomic.py",
        "what is synced is still in a buffer",
        "            file.flush()\n            os.fsync(file.fileno())\n",
        "            os.fsync(file.fileno())\n            file.flush()\n",
    ),
    Fault(
        "saving/atomic.py",
        "the old file is removed before the new one is there",
        "os.replace(file.name, target)  # while the lock is held",
        "target.unlink(missing_ok=True); os.replace(file.name, target)",
    ),
    Fault(
        "saving/atomic.py",
        "the new file is in another directory",
        'f"{target}.{secrets',
        'f"{target.name}.{secrets',
    ),
    Fault("saving/atomic.py", "the lock is forgotten", "if claimed(file):", "if os.path.exists(file.name):"),
    Fault(
        "saving/atomic.py",
        "litter is kept when a file is saved",
        "    remove_litter(target)\n    file = new_partial(target)\n",
        "    file = new_partial(target)\n",
    ),
    Fault(
        "saving/atomic.py",
        "a link is replaced by a file",
        "target = Path(os.path.realpath(path))  # a link stays a link",
        "target = Path(path)",
    ),
    Fault(
        "callbacks.py",
        "the epochs in the file are counted, not read",
        "max(history.epoch, default=-1) + 1",
        "len(history.epoch)",
    ),
    Fault(
        "callbacks.py",
        "what callbacks remember is kept before they know of the epoch",
        "return sorted(found, key=lambda callback: isinstance(callback, BackupAndRestore))",
        "return sorted(found, key=lambda callback: not isinstance(callback, BackupAndRestore))",
    ),
    Fault(
        "callbacks.py",
        "the best weights are not kept",
        "np.array(self.wait, np.int64), **weights}",
        "np.array(self.wait, np.int64)}",
    ),
    Fault(
        "threads.py",
        "the caller sleeps while it waits",
        "while not self.done() and self.open_pieces:",
        "while False:",
    ),
    Fault("threads.py", "Ctrl-C waits for its turn", "if not isinstance(error, Exception):", "if False:"),
    Fault(
        "threads.py",
        "a thread's work does not know the caller's context",
        "partial(copy_context().run, function, job)",
        "partial(function, job)",
    ),
    Fault(
        "threads.py",
        "what is cancelled is done",
        "if not self.set_running_or_notify_cancel():",
        "if self.cancelled() and False:",
    ),
    Fault(
        "threads.py",
        "one thread too few works",
        "ThreadPoolExecutor(threads,",
        "ThreadPoolExecutor(max(1, threads - 1),",
    ),
)


def faults_of(file: str, source: bytes) -> list[Mutant]:
    """The faults of a file, as mutants. Raises ValueError where the right text does not stand there exactly once."""
    found = []
    for fault in FAULTS:
        if fault.file == file:
            right = fault.right.encode()
            if source.count(right) != 1:
                raise ValueError(f"{file}: {fault.right!r} stands there {source.count(right)} times")
            start = source.index(right)
            line = source.count(b"\n", 0, start) + 1
            lines = range(line, line + right.count(b"\n") + 1)
            found.append(Mutant("", f"domain: {fault.what}", start, start + len(right), fault.wrong, lines))
    return found
