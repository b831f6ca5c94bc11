"""threads.py: work shared by a pool's threads and the caller, each piece done once, whoever does it."""

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from functools import partial
from typing import Any

import numpy as np
import pytest

from numpycnn.common.typing import Array
from numpycnn.engine.threads import Task, WorkerPool


def here(_: object = None) -> threading.Thread:
    return threading.current_thread()


class Keeper:
    """Work that keeps its thread until it may end; its result is True."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()

    def keep(self, _: object = None) -> bool:
        self.begun.set()
        return self.may_end.wait(timeout=30)

    def jobs(self, *others: Callable[[], Any]) -> Iterator[Callable[[], Any]]:
        """The work, and once a thread has begun it, the others."""
        yield self.keep
        assert self.begun.wait(timeout=30)
        yield from others

    def begun_in(self, pool: WorkerPool) -> Task:
        """A piece that a thread has begun."""
        piece = pool.submit(self.keep)
        assert self.begun.wait(timeout=30)
        return piece


def call(work: Callable[[], Any]) -> Any:
    return work()


def test_the_caller_works_while_it_waits() -> None:
    """The pool's only thread is kept until a later piece is done, which only the caller can do."""
    keeper = Keeper()

    def second() -> threading.Thread:
        keeper.may_end.set()
        return here()

    with WorkerPool(2) as pool:
        assert list(pool.map(call, keeper.jobs(second))) == [True, threading.current_thread()]


def test_the_threads_work_at_once_while_the_caller_does_something_else() -> None:
    together = threading.Barrier(3)

    def meet() -> str:
        together.wait(timeout=30)
        return here().name

    with WorkerPool(4) as pool:
        pieces = [pool.submit(meet) for _ in range(3)]
        wait(pieces, timeout=30)
        assert {piece.result() for piece in pieces} == {"numpycnn_0", "numpycnn_1", "numpycnn_2"}


def test_the_caller_sleeps_where_nothing_is_left_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = Keeper()

    def never() -> None:
        keeper.may_end.set()
        raise AssertionError("there is nothing to do")

    def and_then_never() -> Iterator[Callable[[], Any]]:
        yield from keeper.jobs()
        monkeypatch.setattr(pool, "run_next", never)
        threading.Timer(0.05, keeper.may_end.set).start()

    with WorkerPool(2) as pool:
        assert list(pool.map(call, and_then_never())) == [True]


def test_the_caller_leaves_the_rest_alone_once_it_has_what_it_asked_for() -> None:
    keeper = Keeper()
    with WorkerPool(2) as pool:
        keeping = keeper.begun_in(pool)
        results = pool.map(here, range(4))
        assert next(results) is threading.current_thread()
        assert len(pool.pending) == 3
        keeper.may_end.set()
        assert keeping.result() is True
        assert len(list(results)) == 3


def test_results_come_in_the_order_of_the_jobs() -> None:
    """The first job ends last: the caller, which does another, waits for it."""
    keeper = Keeper()
    with WorkerPool(2) as pool:
        assert list(pool.map(call, keeper.jobs(lambda: 1, lambda: 2, keeper.may_end.set))) == [True, 1, 2, None]


@pytest.mark.parametrize("workers", [2, 3, 8])
def test_every_piece_is_done_once(workers: int) -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    done: list[int] = []
    try:
        with WorkerPool(workers) as pool:
            for _ in pool.map(done.append, range(2000)):
                pass
    finally:
        sys.setswitchinterval(interval)
    assert Counter(done) == Counter(range(2000))


@pytest.mark.parametrize("workers", [2, 5])
def test_so_many_pieces_are_open_or_under_way_and_no_more(workers: int) -> None:
    taken = []

    def jobs() -> Iterator[int]:
        for number in range(20):
            taken.append(number)
            yield number

    with WorkerPool(workers) as pool:
        for number, result in enumerate(pool.map(abs, jobs())):
            assert result == number
            assert len(taken) == min(20, 2 * workers + number)


class BrokenError(RuntimeError):
    """What a piece of work raises."""


def test_an_error_is_raised_where_its_result_is_asked_for() -> None:
    """The caller meets it while it waits for another piece, whose result comes first."""
    keeper = Keeper()

    def fail() -> None:
        keeper.may_end.set()
        raise BrokenError("the second")

    with WorkerPool(2) as pool:
        results = pool.map(call, keeper.jobs(fail))
        assert next(results) is True
        with pytest.raises(BrokenError, match="the second") as raised:
            next(results)
    assert "fail" in [entry.name for entry in raised.traceback]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_program_is_raised_at_once_in_the_caller(error: type[BaseException]) -> None:
    """And not only when the result of the piece that it came in is asked for."""
    keeper = Keeper()

    def fail() -> None:
        raise error("now")

    with WorkerPool(2) as pool:
        with pytest.raises(error, match="now"):
            next(pool.map(call, keeper.jobs(fail)))
        keeper.may_end.set()


def test_what_ends_a_thread_reaches_the_caller() -> None:
    def leave() -> None:
        raise SystemExit("in a thread")

    with WorkerPool(2) as pool:
        piece = pool.submit(leave)
        wait([piece], timeout=30)
        with pytest.raises(SystemExit, match="in a thread"):
            piece.result()
        assert list(pool.map(abs, [-1])) == [1]


def test_work_that_is_cancelled_or_left_over_is_not_done() -> None:
    done: list[int] = []
    keeper = Keeper()
    with WorkerPool(2) as pool:
        keeping = keeper.begun_in(pool)
        assert pool.submit(partial(done.append, 1)).cancel()
        assert list(pool.map(done.append, [2])) == [None]
        pool.submit(partial(done.append, 3))
        threading.Timer(0.05, keeper.may_end.set).start()
    assert keeping.done()
    assert done == [2]


def test_pieces_not_begun_are_cancelled_when_no_more_results_are_wanted() -> None:
    keeper, done = Keeper(), list[int]()
    with WorkerPool(2) as pool:
        keeper.begun_in(pool)
        results = pool.map(done.append, range(4))
        next(results)
        results.close()  # type: ignore[attr-defined]
        assert all(piece.cancelled() for piece in pool.pending)
        keeper.may_end.set()
    assert done == [0]


def test_the_callers_errstate_holds_in_a_thread() -> None:
    def overflow() -> Array:
        return np.exp(np.full(1, 1000, np.float32))

    with WorkerPool(2) as pool, np.errstate(over="raise"):
        piece = pool.submit(overflow)
        wait([piece], timeout=30)
        with pytest.raises(FloatingPointError):
            piece.result()


def test_no_thread_is_left() -> None:
    before = threading.enumerate()
    with WorkerPool(4) as pool:
        wait([pool.submit(here) for _ in range(10)], timeout=30)
        assert len(threading.enumerate()) > len(before)
    assert threading.enumerate() == before
