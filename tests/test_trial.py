"""What may end a process is tried in another one; its end, and nothing else, is told."""

import faulthandler
import io
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from numpycnn import load_model
from numpycnn.files import ModelFileError, trial

RUNS = [trial.new_python] + [trial.forked] * hasattr(os, "fork")


def end_this_process() -> None:
    """As a segmentation fault does, without pytest's account of it: for another process than the tests' own."""
    faulthandler.disable()
    os.kill(os.getpid(), signal.SIGSEGV if sys.platform != "win32" else signal.SIGTERM)


def crash(content: bytes) -> None:
    if content == b"crash":
        end_this_process()
    raise ValueError("of no interest")


def wait(_: bytes) -> None:
    time.sleep(60)


def never_end(_: bytes) -> None:
    while True:
        pass


@pytest.mark.parametrize("run", RUNS)
def test_the_end_of_a_process_is_told(run: Callable[[Callable[[bytes], object], bytes], bool]) -> None:
    assert run(crash, b"crash")
    assert not run(crash, b"another")


@pytest.mark.parametrize("run", RUNS)
def test_a_process_that_never_ends_is_ended_and_told(
    run: Callable[[Callable[[bytes], object], bytes], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "SECONDS", 0.05)
    monkeypatch.setattr(trial, "BYTES_A_SECOND", 100)
    assert run(never_end, b"ten bytes.")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked on Unix")
def test_a_forked_process_that_waits_is_ended_and_says_nothing_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "SECONDS", 0.3)
    assert not trial.forked(wait, b"")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked on Unix")
def test_a_forked_process_that_computes_too_long_is_ended_whatever_the_clock_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trial, "SECONDS", 0.5)
    monkeypatch.setattr(trial, "LOAD", 1000)
    assert trial.forked(never_end, b"")


@pytest.mark.parametrize(("platform", "run"), [("linux", "forked"), ("darwin", "new_python")])
def test_where_there_are_no_processes_nothing_is_tried(
    platform: str, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> bool:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(trial, run, refused)
    assert not trial.crashes(crash, b"crash")


def test_a_file_on_which_hdf5_crashes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is not built to crash at will, so it is made to."""
    h5py = pytest.importorskip("h5py")
    file = h5py.File

    def crashing(*arguments: object) -> object:
        end_this_process()
        return file(*arguments)

    path = tmp_path / "theirs.h5"
    path.write_bytes((Path(__file__).parent / "keras_files" / "keras3.h5").read_bytes())
    load_model(path)
    monkeypatch.setattr(h5py, "File", crashing)
    with pytest.raises(ModelFileError, match=r"theirs\.h5: is damaged: HDF5's library crashes on it, or never ends"):
        load_model(path)


def test_a_file_that_hdf5_reads_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte of an attribute's address is changed, as found by changing files at random."""
    pytest.importorskip("h5py")
    content = bytearray((Path(__file__).parent / "keras_files" / "keras2_blocks.h5").read_bytes())
    content[13425] = 13
    path = tmp_path / "theirs.h5"
    path.write_bytes(content)
    monkeypatch.setattr(trial, "SECONDS", 1.0)
    with pytest.raises(ModelFileError, match=r"theirs\.h5: "):
        load_model(path)


def test_what_is_raised_is_of_no_interest() -> None:
    trial.quietly(crash, b"another")
    with pytest.raises(KeyboardInterrupt):
        trial.quietly(interrupt, b"")


def interrupt(_: bytes) -> None:
    raise KeyboardInterrupt


def test_a_forked_process_reads_and_ends_without_cleanup(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here it is this one that plays the forked process."""
    ended, seen, limits = list[int](), list[bytes](), list[tuple[int, int]]()

    def end(status: int) -> None:
        ended.append(status)
        raise SystemExit

    def limit(_: int, seconds: tuple[int, int]) -> None:
        limits.append(seconds)
        raise ValueError("there is a lower one")

    monkeypatch.setattr(os, "fork", lambda: 0)
    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr("resource.setrlimit", limit)
    with pytest.raises(SystemExit):
        trial.forked(seen.append, b"content")
    assert (seen, ended, limits) == ([b"content"], [0], [(21, 21)])


def test_everything_in_a_file_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    h5py = pytest.importorskip("h5py")
    from numpycnn.files.keras import hdf5

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["a/b"] = np.ones(3)
        file["again"] = file["a/b"]
        file["a/round"] = file["a"]  # a group in itself
        file["text"] = "no number"
        file["elsewhere"] = h5py.SoftLink("/a/b")
        file["a"].attrs["weight_names"] = ["b"]
        file.attrs["model_config"] = "{}"
    seen = []
    for kind in ("array", "attribute"):
        plain = getattr(hdf5.Group, kind)

        def noted(group: hdf5.Group, name: str, plain: Callable[..., object] = plain) -> object:
            seen.append(f"{group.path}/{name}")
            return plain(group, name)

        monkeypatch.setattr(hdf5.Group, kind, noted)
    hdf5.read_everything(buffer.getvalue())
    same = {"/again", "a/b"}  # one array, under two names
    assert len(same & set(seen)) == 1
    assert sorted(set(seen) - same) == ["/model_config", "/text", "a/weight_names"]
    assert len(seen) == len(set(seen))
