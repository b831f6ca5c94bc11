"""The token of a process: the same within one, another in every other, whatever their process ids."""

import os
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

from numpycnn.engine import process


def test_threads_have_the_token_of_their_process() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(process.token).result() == process.token()


def test_a_token_drawn_anew_is_another() -> None:
    before = process.token()
    process.renew()
    assert process.token() != before
    assert len(process.token()) == len(before) == 16


@pytest.mark.parametrize("method", ["fork", "spawn", pytest.param("forkserver", marks=pytest.mark.deep)])
def test_another_process_has_another_token(method: str) -> None:
    def token(pool: Executor) -> bytes:
        return pool.submit(process.token).result()

    before, context = process.token(), get_context(method)
    with ProcessPoolExecutor(1, context) as pool, ProcessPoolExecutor(1, context) as other:
        tokens = {before, token(pool), token(other)}
        assert len(tokens) == 3
        assert token(pool) in tokens - {before}  # and it stays what it is
    assert process.token() == before


def same_id() -> int:
    return 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_with_the_same_process_id_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in another container: this process's id means nothing there."""
    monkeypatch.setattr(os, "getpid", same_id)
    with ProcessPoolExecutor(1, get_context("fork")) as pool:
        assert pool.submit(same_id).result() == os.getpid()
        assert pool.submit(process.token).result() != process.token()
