"""Workers in processes of their own for the training steps of `fit`: forked, so they begin with all that there is.

Threads wait for each other wherever they hold Python's lock, between two operations on arrays: up to a fourth of the
time in small networks. A forked process has a lock of its own. It keeps the network, with its arrays in shared memory,
and the passes of its micro-batches from exchange to exchange. For each of them it is sent the examples, and sends the
gradients back. At an exchange each process is sent the parts of all others, and answers it for itself: that is one
message on the way from each to each, where an answer from the caller would be the second.

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
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from io import BytesIO
from itertools import chain
from typing import Any, NamedTuple, NoReturn, Self

import numpy as np

from numpycnn import backend
from numpycnn.common.typing import Map
from numpycnn.engine.in_order import map_in_order, with_first
from numpycnn.engine.plans import same
from numpycnn.engine.sharing import Channel, Memory, Packed, unpacked
from numpycnn.engine.training import Objective, Pass, Position, TrainingJob, total_work
from numpycnn.layers.container import every_layer
from numpycnn.layers.stage import Exchange

MIN_STEPS = 16
"""The fewest steps of a training for which processes are forked, which takes what a few steps of a small network save.

It is done at the first batch that is divided, while little has been written: a page that is shared is copied on write.
"""

MIN_WORK = 100
"""The fewest multiplications of a micro-batch for each parameter, with which processes save more than they cost.

A parameter is copied to the process, and its gradient back.
"""

OWN = {"numpycnn", "numpy", *sys.stdlib_module_names}
"""The packages whose code does nothing besides computing."""


class Step(NamedTuple):
    """What is new in a step: the objective, and the global settings that passes read."""

    objective: bytes | None
    """To unpack in the memory for it; None if it is the one of the step before."""
    errors: Any
    epsilon: float


class Start(NamedTuple):
    """A pass to begin."""

    position: Position
    job: TrainingJob


class Part(NamedTuple):
    """What the pass of a micro-batch in another process contributes to an exchange."""

    micro: int
    part: Any


class Pending(NamedTuple):
    """A pass that was handed out, as `map_in_order` takes it."""

    result: Callable[[], Any]
    cancel: Callable[[], None]


# ---------------------------------------------------------------- in the caller's process


class Worker:
    """A forked process."""

    def __init__(self) -> None:
        self.requests, self.replies, self.pid = Channel(), Channel(), 0
        self.knows: Step | None = None

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

    def send(self, step: Step, request: Start | Part) -> None:
        """Send a request, the first in a step with all that the step has; in vain if the process has ended."""
        known, self.knows = self.knows, step
        news = None
        if known is not step:
            self.requests.memory.end = 0
            news = step if known is None or known.objective is not step.objective else step._replace(objective=None)
        with suppress(BrokenPipeError):
            self.requests.send((news, request))

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

    objective: Objective | None = None
    objects: Sequence[Any] = ()
    values: Sequence[Any] = ()
    packed: Packed
    sent: bytes
    """For `Step`; another object wherever anything in the objective was replaced."""

    def __init__(self) -> None:
        self.memory = Memory()

    def update(self, objective: Objective) -> bool:
        """Copy all arrays, and pack the objective anew if anything in it was replaced; False if it cannot be shared."""
        if objective is self.objective and same(self.values, values_in(self.objects, objective)):
            self.packed.refresh()
            return True
        self.objective, self.objects = objective, objects_in(objective)
        self.values = values_in(self.objects, objective)
        self.memory.end = 0
        self.packed = Packed(objective, self.memory)
        self.sent = self.packed.to_send()
        check_own(self.packed)
        return all(array.flags.forc for array in objective.network.arrays.values())

    def close(self) -> None:
        """Close the memory's file."""
        self.memory.file.close()


def objects_in(objective: Objective) -> list[Any]:
    """The layers, and what the objective and they consist of, as far as it has attributes."""
    layers = list(every_layer(objective.network.layers))
    inner = [*objective, *(value for layer in layers for value in vars(layer).values())]
    return [*layers, *(one for one in inner if hasattr(one, "__dict__") and not isinstance(one, type))]


def values_in(objects: Sequence[Any], objective: Objective) -> list[Any]:
    """The values of these objects' attributes, and the arrays: what a callback may replace during an epoch."""
    return [*chain.from_iterable(vars(one).values() for one in objects), *objective.network.arrays.values()]


class ForkedWorkers:
    """`workers` workers, the first being the caller, for the passes of training steps; no process outlives the context.

    Micro-batch k is for worker k modulo their number. threads: the map to use where processes cannot be. steps: how
    many there will be.
    """

    def __init__(self, workers: int, threads: Map, steps: float) -> None:
        self.workers, self.threads = workers, threads
        self.usable = steps >= MIN_STEPS and sys.platform == "linux" and hasattr(os, "memfd_create")
        self.objective: SharedObjective | None = None
        self.step: Step
        self.forked: list[Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def map(self, advance: Callable[[Pass], Any], passes: Iterable[Pass]) -> Iterator[Any]:
        """Yield advance(one) for each of the passes of one step, in their order."""
        first, passes = with_first(passes)
        if first.running is None:
            self.usable = self.usable and (self.objective is not None or saves_time(first))
            self.begin(first.objective)
        run = self.threads if self.objective is None else partial(map_in_order, self.submit, 2 * self.workers)
        return run(advance, passes)

    def begin(self, objective: Objective) -> None:
        """Begin a step: bring the shared objective up to date, or give up."""
        if not self.usable:
            return
        try:
            self.objective = self.objective or SharedObjective()
            self.usable = errors_stay_inside() and self.objective.update(objective)
            self.step = Step(self.objective.sent, np.geterr(), backend.epsilon())
        except Exception:  # by the system, or by whatever in the objective cannot be pickled
            self.usable = False
        if not self.usable:
            self.end()

    def submit(self, advance: Callable[[Pass], Any], one: Pass) -> Pending:
        """Hand out a pass: to a process, unless it is the caller's."""
        worker = self.worker(one.job.micro % self.workers)
        if worker is not None and not one.answers:
            worker.send(self.step, Start(one.position, one.job))
        return Pending(partial(self.result, worker, advance, one), self.end)

    def worker(self, number: int) -> Worker | None:
        """The worker with that number; None is the caller, who takes the place of one that cannot be."""
        if number > len(self.forked) and self.objective is not None:
            self.fork(self.objective.memory)
        return self.forked[number - 1] if number and self.forked else None

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
        """The pass's end, or its next exchange, of which all processes but its own are told."""
        step = self.received(worker) or advance(one)
        if isinstance(step, Exchange):
            for other in self.forked:
                if other is not worker and other.knows is self.step:
                    other.send(self.step, Part(one.job.micro, step.part))
        return step

    def received(self, worker: Worker | None) -> Any:
        """The next message of that process; None if it is the caller's, or has ended."""
        if worker in self.forked:
            try:
                return worker.replies.receive()
            except EOFError:
                self.end()
        return None

    def end(self) -> None:
        """End all processes, for good."""
        self.usable = False
        while self.forked:
            self.forked.pop().end()
        if self.objective is not None:
            self.objective.close()
            self.objective = None


def saves_time(one: Pass) -> bool:
    """Whether a pass has work enough for the copies of its parameters."""
    network = one.objective.network
    parameters = sum(layer.count_params() for _, layer in network.leaves())
    return total_work(network) * len(one.job.data) >= MIN_WORK * parameters


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
        warnings.simplefilter("error")
        serve(requests, replies, memory)
    finally:
        os._exit(0)


def serve(requests: Channel, replies: Channel, memory: Memory) -> NoReturn:
    """Answer requests. Raises EOFError after the last one, and whatever a pass raises."""
    objective: Any = None
    own = OwnPasses(replies)
    while True:
        step, request = requests.receive()
        if step is not None:
            objective = objective if step.objective is None else unpacked(step.objective, memory)
            np.seterr(**step.errors)
            backend.set_epsilon(step.epsilon)
            replies.memory.end = 0
            own = OwnPasses(replies)
        if isinstance(request, Start):
            own.begin(Pass(objective, request.position, request.job))
        else:
            own.meet(request.micro, request.part)


class OwnPasses:
    """The passes of a step that are this process's. Each of their exchanges, and its end, is a reply."""

    answer: Callable[[list[Any]], list[Any]]
    """Answers the exchange at which they wait."""

    def __init__(self, replies: Channel) -> None:
        self.passes: list[Pass] = []
        self.parts: dict[int, Any] = {}
        self.replies = replies

    def begin(self, one: Pass) -> None:
        """Begin a pass."""
        self.passes.append(one)
        self.advance(one)

    def meet(self, micro: int, part: Any) -> None:
        """Take a part of another process's; when all are there, answer the exchange, and go on."""
        self.parts[micro] = part
        if len(self.parts) == self.passes[0].job.micros:
            answers = self.answer([self.parts[k] for k in range(len(self.parts))])
            self.parts.clear()
            for one in self.passes:
                one.answers.append(answers[one.job.micro])
                self.advance(one)

    def advance(self, one: Pass) -> None:
        """Run a pass to its next exchange, or to its end. The caller's process has the function that answers it."""
        step = one.advance()
        if isinstance(step, Exchange):
            self.parts[one.job.micro], self.answer = step
            step = step._replace(answer=list)
        self.replies.send(step)
