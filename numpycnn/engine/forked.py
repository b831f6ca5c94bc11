"""Workers in processes of their own for the training steps of `fit`: forked, so they begin with all that there is.

Threads wait for each other wherever they hold Python's lock, between two operations on arrays: up to a fourth of the
time in small networks. A forked process has a lock of its own. It keeps the network, with its arrays in shared memory,
and the passes of its micro-batches from exchange to exchange. For each of them it is sent the examples, and sends the
gradients back.

What happens in a forked process is seen nowhere else, so passes go there only where they do nothing besides computing:
through the library's own layers. If anything is wrong there, an error, a warning, or its death, the caller computes the
same in its own process, where errors and warnings belong, and goes on in threads.
"""

import gc
import os
import pickle
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from io import BytesIO
from itertools import chain
from typing import Any, NamedTuple, NoReturn, Self

import numpy as np

from numpycnn import backend
from numpycnn.common.typing import Map
from numpycnn.engine.fast import scratch
from numpycnn.engine.in_order import map_in_order
from numpycnn.engine.plans import attributes, same
from numpycnn.engine.sharing import Channel, Memory, Packed, unpacked
from numpycnn.engine.training import Finished, Objective, Pass, Position, TrainingJob
from numpycnn.layers import Layer
from numpycnn.layers.stage import Exchange

STEPS_BEFORE = 4
"""Divided steps in threads before processes are forked, which costs what a few steps of a small network gain by it."""

OWN = {"numpycnn", "numpy", *sys.stdlib_module_names}
"""The packages whose code does nothing besides computing."""


class Step(NamedTuple):
    """The begin of a step, and the global settings that passes read."""

    objective: bytes | None
    """To unpack in the memory for it, if it is another one than before."""
    errors: Any
    epsilon: float


class Start(NamedTuple):
    """A pass to begin."""

    position: Position
    job: TrainingJob


class Answer(NamedTuple):
    """The answer to the exchange at which a micro-batch's pass waits."""

    micro: int
    answer: Any


class Pending(NamedTuple):
    """A pass that was handed out, as `map_in_order` takes it."""

    result: Callable[[], Any]
    cancel: Callable[[], None]


# ---------------------------------------------------------------- in the caller's process


class Worker:
    """A forked process, which is told of a step and of its objective before the first pass of it."""

    def __init__(self) -> None:
        self.requests, self.replies, self.pid = Channel(), Channel(), 0
        self.knows: tuple[int, bytes] = (0, b"")

    def fork(self, memory: Memory) -> None:
        """Begin. Signals stay blocked in the new process: they are for the caller, who kills it."""
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python's, of other threads: BLAS's, and those of the pool, which wait
                self.pid = os.fork()
            if self.pid == 0:
                live(self.requests, self.replies, memory)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        self.requests.exit.close()
        self.replies.entry.close()

    def begin(self, number: int, objective: bytes) -> None:
        """Tell it of the step with that number, unless it knows."""
        step, known = self.knows
        if step != number:
            self.requests.memory.end = 0
            self.send(Step(None if known is objective else objective, np.geterr(), backend.epsilon()))
            self.knows = number, objective

    def send(self, message: Step | Start | Answer) -> None:
        """Send a message, in vain if the process has ended."""
        with suppress(BrokenPipeError):
            self.requests.send(message)

    def end(self) -> None:
        """Kill it, at whatever it is."""
        with suppress(ChildProcessError):  # the program has waited for all its processes itself
            if self.pid and os.waitpid(self.pid, os.WNOHANG) == (0, 0):
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
        self.requests.close()
        self.replies.close()


class SharedObjective:
    """The objective of the current step, in a shared memory."""

    packed: Packed
    to_send: bytes
    """For a worker's `begin`."""

    def __init__(self) -> None:
        self.memory, self.reads = Memory(), list[Any]()

    def update(self, objective: Objective) -> bool:
        """Copy all arrays, and pack the objective anew if anything in it was replaced; False if it cannot be shared."""
        reads = all_read(objective)
        if same(reads, self.reads):
            self.packed.refresh()
            return True
        self.memory.end = 0
        self.reads, self.packed = reads, Packed(objective, self.memory)
        self.to_send = self.packed.to_send()
        check_own(self.packed)
        return all(array.flags.forc for array in objective.network.arrays.values())

    def close(self) -> None:
        """Close the memory's file."""
        self.memory.file.close()


class ForkedWorkers:
    """`workers` workers, the first being the caller, for the passes of training steps; no process outlives the context.

    Micro-batch k is for worker k modulo their number. threads: the map to use before, and where processes cannot be.
    """

    def __init__(self, workers: int, threads: Map) -> None:
        self.workers, self.threads = workers, threads
        self.usable, self.steps = sys.platform == "linux" and hasattr(os, "memfd_create"), 0
        self.objective: SharedObjective | None = None
        self.forked: list[Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def map(self, advance: Callable[[Pass], Any], passes: Iterable[Pass]) -> Iterator[Any]:
        """Yield advance(one) for each of the passes of one step, in their order."""
        passes = iter(passes)
        first = next(passes)
        if first.running is None:
            self.begin(first.objective)
        run = self.threads if self.objective is None else partial(map_in_order, self.submit, 2 * self.workers)
        return run(advance, chain([first], passes))

    def begin(self, objective: Objective) -> None:
        """Begin a step: bring the shared objective up to date, or give up."""
        self.steps += 1
        if not self.usable or self.steps <= STEPS_BEFORE:
            return
        try:
            self.objective = self.objective or SharedObjective()
            self.usable = errors_stay_inside() and self.objective.update(objective)
        except Exception:  # by the system, or by whatever in the objective cannot be pickled
            self.usable = False
        if not self.usable:
            self.end()

    def submit(self, advance: Callable[[Pass], Any], one: Pass) -> Pending:
        """Hand out a pass: to a process, unless it is the caller's."""
        worker = self.worker(one.job.micro % self.workers)
        if worker is not None:
            worker.send(Answer(one.job.micro, one.answers[-1]) if one.answers else Start(one.position, one.job))
        return Pending(partial(self.result, worker, advance, one), self.end)

    def worker(self, number: int) -> Worker | None:
        """The worker with that number, told of the step; None is the caller, who takes the place of one that is not."""
        if number > len(self.forked) and self.objective is not None:
            self.fork(self.objective.memory)
        if number == 0 or self.objective is None:
            return None
        worker = self.forked[number - 1]
        worker.begin(self.steps, self.objective.to_send)
        return worker

    def fork(self, memory: Memory) -> None:
        """Fork one more process, or give up."""
        if not is_alone():
            self.end()
            return
        try:
            self.forked.append(Worker())
            self.forked[-1].fork(memory)
        except OSError:  # there are no more processes, files, or memory
            self.end()

    def result(self, worker: Worker | None, advance: Callable[[Pass], Any], one: Pass) -> Any:
        """The pass's next exchange, or its end."""
        if worker in self.forked:
            try:
                return worker.replies.receive()
            except EOFError:
                self.end()
        return advance(one)

    def end(self) -> None:
        """End all processes, for good."""
        self.usable = False
        while self.forked:
            self.forked.pop().end()
        if self.objective is not None:
            self.objective.close()
            self.objective = None


def all_read(objective: Objective) -> list[Any]:
    """The objects that passes read, in which arrays' values alone may change without one of them being replaced."""
    network = objective.network
    read = [*objective, *network.arrays.values(), *attributes(network)]
    inner = (getattr(one, "__dict__", {}).values() for one in read if not isinstance(one, (type, Layer)))
    return [*read, *chain.from_iterable(inner)]


def check_own(packed: Packed) -> None:
    """Raise UnpicklingError if there is anything in it that is not of the library, of NumPy or of Python."""
    OwnObjects(BytesIO(packed.pickled), buffers=packed.buffers).load()


class OwnObjects(pickle.Unpickler):
    """Finds nothing of a user's own, whose code may have effects besides its result."""

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] not in OWN:
            raise pickle.UnpicklingError(f"{module}.{name} is not the library's own")
        return super().find_class(module, name)


def errors_stay_inside() -> bool:
    """Whether NumPy is to call nothing, and to write nothing, where it meets overflow and the like (np.errstate)."""
    return {"call", "log", "print"}.isdisjoint(np.geterr().values())


def is_alone() -> bool:
    """Whether no thread of Python's runs but this, the main one, and those of a worker pool, which are idle."""
    others = [thread for thread in threading.enumerate() if not thread.name.startswith("numpycnn")]
    return others == [threading.main_thread()] == [threading.current_thread()]


# ---------------------------------------------------------------- in the forked process


def live(requests: Channel, replies: Channel, memory: Memory) -> NoReturn:
    """Answer requests until the caller's process has ended, or there is an error; then end without any cleanup."""
    try:
        requests.entry.close()
        replies.exit.close()
        gc.freeze()  # what is garbage in the caller's process is finalized there
        scratch.release()
        warnings.simplefilter("error")
        serve(requests, replies, memory)
    finally:
        os._exit(0)


def serve(requests: Channel, replies: Channel, memory: Memory) -> NoReturn:
    """Answer requests. Raises EOFError after the last one, and whatever a pass raises."""
    objective: Any = None
    passes: dict[int, Pass] = {}
    while True:
        match requests.receive():
            case Step(packed, errors, epsilon):
                objective = objective if packed is None else unpacked(packed, memory)
                np.seterr(**errors)
                backend.set_epsilon(epsilon)
                passes.clear()
                replies.memory.end = 0
            case Start(position, job):
                passes[job.micro] = Pass(objective, position, job)
                replies.send(advanced(passes[job.micro]))
            case request:
                passes[request.micro].answers.append(request.answer)
                replies.send(advanced(passes[request.micro]))


def advanced(one: Pass) -> Exchange | Finished:
    """The pass's end, or its next exchange, without the function that answers it: the caller has the same."""
    step = one.advance()
    return step if isinstance(step, Finished) else Exchange(step.part, list)
