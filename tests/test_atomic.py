"""A file is replaced whole or not at all: when any call of the system fails, and when the process is killed."""

import builtins
import errno
import io
import json
import os
import runpy
import secrets
import stat
import subprocess
import sys
from functools import partial
from itertools import count
from pathlib import Path
from typing import IO, Any

import pytest
from networks import small_network

from numpycnn.files import atomic

needs_kill = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that can be forked and killed")


class Disk:
    """A disk on which the n-th of all calls that write, sync, rename or remove fails."""

    def __init__(self, fails: int) -> None:
        self.fails, self.calls = fails, 0

    def call(self, function: Any, *arguments: Any, **options: Any) -> Any:
        self.calls += 1
        if self.calls == self.fails:
            raise OSError(errno.EIO, "the disk failed")
        return function(*arguments, **options)

    def open(self, path: Any, mode: str) -> Any:
        if "x" not in mode:
            return builtins.open(path, mode)
        disk = self
        raw = self.call(io.FileIO, path, mode)

        class File(io.BufferedWriter):
            def write(self, data: Any) -> int:
                return int(disk.call(super().write, data))

            def flush(self) -> None:
                disk.call(super().flush)

        return File(raw)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    small_network(0).save(tmp_path / "model.safetensors")
    return tmp_path


def contents(folder: Path) -> tuple[bytes, bytes]:
    """(the file as it is, what it is to become)."""
    small_network(1).save(folder / "new.safetensors")
    new = (folder / "new.safetensors").read_bytes()
    (folder / "new.safetensors").unlink()
    return (folder / "model.safetensors").read_bytes(), new


def test_whichever_call_fails_the_file_is_the_old_one_or_the_new(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = contents(folder)
    outcomes = []
    for fails in count(1):
        disk = Disk(fails)
        with monkeypatch.context() as patch:
            patch.setattr(atomic, "open", disk.open, raising=False)
            for name in ("fsync", "replace"):
                patch.setattr(os, name, partial(disk.call, getattr(os, name)))
            try:
                small_network(1).save(folder / "model.safetensors")
                failed = False
            except OSError as error:
                assert "the disk failed" in str(error)  # noqa: PT017
                failed = True
        assert os.listdir(folder) == ["model.safetensors"]
        content = (folder / "model.safetensors").read_bytes()
        assert content in (old, new)
        outcomes.append((failed, content == new))
        (folder / "model.safetensors").write_bytes(old)
        if disk.calls < fails:
            break
    assert outcomes[-1] == (False, True)
    assert (True, False) in outcomes
    assert len(outcomes) > 10  # each array is a write
    assert all(failed for failed, _ in outcomes[:-1])


def test_what_cannot_be_removed_at_once_is_removed_later(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, _ = contents(folder)
    with monkeypatch.context() as patch:
        for name in ("fsync", "unlink"):
            patch.setattr(os, name, lambda *args: Disk(1).call(print))
        with pytest.raises(OSError, match="the disk failed"):
            small_network(1).save(folder / "model.safetensors")
    assert (folder / "model.safetensors").read_bytes() == old
    assert len(os.listdir(folder)) == 2
    small_network(1).save(folder / "model.safetensors")
    assert os.listdir(folder) == ["model.safetensors"]


@pytest.mark.skipif(not hasattr(os, "O_DIRECTORY"), reason="directories cannot be synced here")
def test_file_and_directory_are_synced_before_and_after_the_rename(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = contents(folder)
    synced: list[tuple[bool, list[bytes]]] = []
    descriptors = []

    def sync(descriptor: int) -> None:
        descriptors.append(descriptor)
        files = [file.read_bytes() for file in sorted(folder.iterdir())]
        synced.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), files))

    monkeypatch.setattr(os, "fsync", sync)
    small_network(1).save(folder / "model.safetensors")
    assert synced == [(False, [old, new]), (True, [new])]  # at first the new one, whole, beside the old one
    for descriptor in descriptors:
        with pytest.raises(OSError, match="descriptor"):  # it was closed
            os.fstat(descriptor)


def test_an_interruption_leaves_nothing(folder: Path) -> None:
    def interrupted() -> None:
        with atomic.atomic_write(folder / "model.safetensors"):
            assert len(os.listdir(folder)) == 2
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert os.listdir(folder) == ["model.safetensors"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a file that is no regular one")
def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.safetensors")
    with pytest.raises(OSError, match=r"expected a file to replace; found something else: .*pipe.safetensors"):
        small_network().save(tmp_path / "pipe.safetensors")
    assert (tmp_path / "pipe.safetensors").is_fifo()
    assert os.listdir(tmp_path) == ["pipe.safetensors"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_what_others_may_not_read_stays_so(folder: Path) -> None:
    (folder / "model.safetensors").chmod(0o600)
    small_network(1).save(folder / "model.safetensors")
    assert (folder / "model.safetensors").stat().st_mode & 0o777 == 0o600


def test_whether_a_file_can_be_written_is_seen_beforehand(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors.0123abcd.partial").write_bytes(b"")
    atomic.prepare(folder / "model.safetensors")
    assert os.listdir(folder) == ["model.safetensors"]
    assert (folder / "model.safetensors").read_bytes() == old
    with pytest.raises(FileNotFoundError):
        atomic.prepare(folder / "none" / "model.safetensors")
    monkeypatch.setattr(atomic, "open", Disk(1).open, raising=False)
    with pytest.raises(OSError, match="the disk failed"):
        atomic.prepare(folder / "model.safetensors")


def test_only_litter_of_this_very_file_is_removed(folder: Path) -> None:
    others = [
        "model.safetensors.0123abcd.partial.kept",
        "model.safetensors.x.0123abcd.partial",
        "mode.safetensors.0123abcd.partial",
        "model.safetensors.0123abcdXpartial",
        "model.safetensors.partial",
        "x.partial",
        "model.safetensorsXa.0123abcd.partial",  # not of model.safetensors.a
    ]
    for name in [*others, "model.safetensors.0123abcd.partial"]:
        (folder / name).write_bytes(b"")
    atomic.remove_leftovers(folder / "model.safetensors")
    atomic.remove_leftovers(folder / "model.safetensors.a")
    assert sorted(os.listdir(folder)) == sorted([*others, "model.safetensors"])


def test_what_another_is_writing_is_not_litter(folder: Path) -> None:
    with atomic.atomic_write(folder / "model.safetensors") as file:
        file.write(b"first")
        small_network(1).save(folder / "model.safetensors")
        assert len(os.listdir(folder)) == 2
    assert (folder / "model.safetensors").read_bytes() == b"first"
    assert os.listdir(folder) == ["model.safetensors"]


@pytest.mark.skipif(atomic.fcntl is None, reason="needs locks on files")
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (BlockingIOError(), ["model.safetensors.00000002.partial"]),  # another process locks the first, to remove it
        (FileNotFoundError(), ["model.safetensors.00000002.partial"]),  # another process has removed the first
        (OSError(errno.ENOLCK, "no locks here"), ["model.safetensors.00000001.partial"]),
    ],
)
def test_a_new_file_is_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, expected: list[str]
) -> None:
    names, errors = count(1), iter([error])

    def lock(file: Any, operation: int) -> None:
        for one in errors:
            if one.errno != errno.ENOLCK:
                os.unlink(file.name)
            if not isinstance(one, FileNotFoundError):
                raise one

    monkeypatch.setattr(secrets, "token_hex", lambda size: f"{next(names):0{2 * size}x}")
    monkeypatch.setattr(atomic.fcntl, "flock", lock)
    with atomic.atomic_write(tmp_path / "model.safetensors"):
        assert os.listdir(tmp_path) == expected
    assert os.listdir(tmp_path) == ["model.safetensors"]


def test_without_locks_a_file_is_replaced_once_it_is_closed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where a file that is open can be neither renamed nor removed."""
    order: list[str] = []
    replace = os.replace

    def noted(source: str, target: Path) -> None:
        order.append(f"closed: {file.closed}")
        replace(source, target)

    monkeypatch.setattr(atomic, "fcntl", None)
    monkeypatch.setattr(os, "replace", noted)
    (folder / "model.safetensors.0123abcd.partial").write_bytes(b"")
    file: IO[bytes]
    with atomic.atomic_write(folder / "model.safetensors") as file:
        file.write(b"new.safetensors")
    assert order == ["closed: True"]
    assert (folder / "model.safetensors").read_bytes() == b"new.safetensors"
    assert os.listdir(folder) == ["model.safetensors"]


def test_a_directory_is_not_synced_where_it_cannot_be(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "O_DIRECTORY", raising=False)
    small_network(1).save(folder / "model.safetensors")
    assert os.listdir(folder) == ["model.safetensors"]


def crash(job: str, times: int, folder: Path) -> dict[str, int]:
    """What a run of crash.py counted."""
    script = Path(__file__).with_name("crash.py")
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # a fork of a process with threads is not safe
    command = [sys.executable, str(script), job, str(times), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert isinstance(counts, dict)
    return counts


@needs_kill
@pytest.mark.parametrize("times", [25, pytest.param(1000, marks=pytest.mark.deep)])
def test_a_process_killed_while_it_saves_leaves_a_whole_file(tmp_path: Path, times: int) -> None:
    counts = crash("save", times, tmp_path)
    assert counts["killed"] == times
    assert min(counts["first"], counts["second"], counts["litter"]) > 0  # it was killed before, in and after a save


@needs_kill
@pytest.mark.parametrize("times", [4, pytest.param(200, marks=pytest.mark.deep)])
def test_training_that_is_killed_and_started_again_ends_the_same(tmp_path: Path, times: int) -> None:
    counts = crash("resume", times, tmp_path)
    assert counts["trainings"] == times
    assert counts["killed"] > counts["resumed"] > 0


@needs_kill
@pytest.mark.deep
def test_training_with_every_optimizer_schedule_and_callback_is_resumed(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    counts = crash("every", 16, tmp_path / "kept")
    assert counts["trainings"] == 16
    assert counts["killed"] > counts["resumed"] > 0


def test_files_are_written_where_there_are_no_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module as it is read on Windows, which has no fcntl."""
    monkeypatch.setitem(sys.modules, "fcntl", None)
    read = runpy.run_path(atomic.__file__)
    assert read["fcntl"] is None
    with read["atomic_write"](tmp_path / "target") as file:
        file.write(b"new.safetensors")
    assert os.listdir(tmp_path) == ["target"]
    assert (tmp_path / "target").read_bytes() == b"new.safetensors"
