"""threads.py: work shared by a pool's threads and the caller, each piece done once, whoever does it."""

import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import CancelledError, wait
from typing import Any

import numpy as np
import pytest

from numpycnn.common.typing import Array
from numpycnn.engine import threads
from numpycnn.engine.threads import Piece, shared_with

Give = Callable[[Callable[[Any], Any], Any], Piece]


def here(_: object = None) -> threading.Thread:
    return threading.current_thread()


def keep_busy(give: Give) -> tuple[Piece, threading.Event]:
    """A piece that a thread has begun, and the event that it waits for; its result is True."""
    begun, may_end = threading.Event(), threading.Event()

    def keep(_: object) -> bool:
        begun.set()
        return may_end.wait(timeout=30)

    piece = give(keep, None)
    assert begun.wait(timeout=30)
    return piece, may_end


def test_the_caller_works_while_it_waits() -> None:
    """The pool's only thread is kept until a later piece is done, which only the caller can do."""

    def second(may_end: threading.Event) -> threading.Thread:
        may_end.set()
        return here()

    with shared_with(1) as give:
        first, may_end = keep_busy(give)
        later = give(second, may_end)
        assert first.result() is True
        assert later.result() is threading.current_thread()


def test_the_threads_work_at_once_while_the_caller_does_something_else() -> None:
    together = threading.Barrier(3)

    def meet(_: object) -> str:
        together.wait(timeout=30)
        return here().name

    with shared_with(3) as give:
        pieces = [give(meet, None) for _ in range(3)]
        wait(pieces, timeout=30)
        assert {piece.result() for piece in pieces} == {"numpycnn_0", "numpycnn_1", "numpycnn_2"}


def test_the_caller_sleeps_where_nothing_is_left_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with shared_with(1) as give:
        piece, may_end = keep_busy(give)

        def never(_: object) -> None:
            may_end.set()
            raise AssertionError("there is nothing to do")

        monkeypatch.setattr(threads, "do_next", never)
        threading.Timer(0.05, may_end.set).start()
        assert piece.result() is True


def test_the_caller_leaves_the_rest_alone_once_it_has_what_it_asked_for() -> None:
    with shared_with(1) as give:
        keeping, may_end = keep_busy(give)
        wanted, other = give(here, None), give(here, None)
        assert wanted.result() is threading.current_thread()
        assert not other.done()
        may_end.set()
        assert keeping.result() is True
        assert other.result() is not None


@pytest.mark.parametrize("count", [1, 2, 7])
def test_every_piece_is_done_once(count: int) -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    done: list[int] = []
    try:
        with shared_with(count) as give:
            pieces = [give(done.append, number) for number in range(3000)]
            for piece in pieces:
                piece.result()
    finally:
        sys.setswitchinterval(interval)
    assert Counter(done) == Counter(range(3000))


class BrokenError(RuntimeError):
    """What a piece of work raises."""


def test_an_error_is_raised_where_its_result_is_asked_for() -> None:
    """The caller meets it while it waits for another piece, whose result comes first."""

    def fail(may_end: threading.Event) -> None:
        may_end.set()
        raise BrokenError("the second")

    with shared_with(1) as give:
        first, may_end = keep_busy(give)
        failing = give(fail, may_end)
        assert first.result() is True
        with pytest.raises(BrokenError, match="the second") as raised:
            failing.result()
    assert "fail" in [entry.name for entry in raised.traceback]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_program_is_raised_at_once_in_the_caller(error: type[BaseException]) -> None:
    """And not only when the result of the piece that it came in is asked for."""

    def fail(may_end: threading.Event) -> None:
        may_end.set()
        raise error("now")

    with shared_with(1) as give:
        piece, may_end = keep_busy(give)
        give(fail, may_end)
        with pytest.raises(error, match="now"):
            piece.result()
        assert piece.result() is True


def test_what_ends_a_thread_reaches_the_caller() -> None:
    def leave(_: object) -> None:
        raise SystemExit("in a thread")

    with shared_with(1) as give:
        piece = give(leave, None)
        wait([piece], timeout=30)
        with pytest.raises(SystemExit, match="in a thread"):
            piece.result()
        assert give(here, None).result() is not None


def test_work_that_is_cancelled_or_left_over_is_not_done() -> None:
    done: list[int] = []

    with shared_with(1) as give:
        keeping, may_end = keep_busy(give)
        cancelled = give(done.append, 1)
        assert cancelled.cancel()
        assert give(done.append, 2).result() is None
        with pytest.raises(CancelledError):
            cancelled.result()
        give(done.append, 3)
        threading.Timer(0.05, may_end.set).start()
    assert keeping.done()
    assert done == [2]


def test_the_callers_errstate_holds_in_a_thread() -> None:
    def overflow(_: object) -> Array:
        return np.exp(np.full(1, 1000, np.float32))

    with shared_with(1) as give, np.errstate(over="raise"):
        piece = give(overflow, None)
        wait([piece], timeout=30)
        with pytest.raises(FloatingPointError):
            piece.result()


def test_no_thread_is_left() -> None:
    before = threading.enumerate()
    with shared_with(3) as give:
        wait([give(here, None) for _ in range(10)], timeout=30)
        assert len(threading.enumerate()) > len(before)
    assert threading.enumerate() == before
