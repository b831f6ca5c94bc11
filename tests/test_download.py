"""Downloads from a server of the tests' own that is slow, broken, short, wrong, redirecting and silent."""

import errno
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from published_files import CONTENT, server, sha256

from numpycnn.datasets import download as module
from numpycnn.datasets.download import download
from numpycnn.show.progress import Progress
from numpycnn.utils import get_file

DIGEST = sha256(CONTENT)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with server() as url:
        yield url


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.3)


@pytest.mark.parametrize("way", ["good", "slow", "moved", "unannounced"])
@pytest.mark.parametrize("checked", [True, False])
def test_what_arrives_is_what_was_sent(address: str, tmp_path: Path, way: str, checked: bool) -> None:
    path = tmp_path / "new folder" / "file"
    download(address + way, path, DIGEST if checked else None, len(CONTENT) if checked else None)
    assert path.read_bytes() == CONTENT
    assert os.listdir(path.parent) == ["file"]


BROKEN = {
    "short": f"expected {len(CONTENT)} bytes; received only {len(CONTENT) - 1}",
    "cut": f"expected {len(CONTENT)} bytes; received only 1000",
    "long": f"expected {len(CONTENT)} bytes; received more",
    "endless": f"expected {len(CONTENT)} bytes; received more",
    "wrong": f"expected the sha256 digest {DIGEST}; received {sha256(bytes(len(CONTENT)))}",
    "silent": "timed out",
    "stalled": "timed out",
    "reset": "reset|aborted",
    "chunk_cut": "the connection broke: IncompleteRead",
    "no_http": "the connection broke: BadStatusLine hello",
    "missing": "HTTP Error 404",
    "failing": "HTTP Error 503",
    "circle": "HTTP Error 302: .*infinite loop",
    "elsewhere": "HTTP Error 302: .*not allowed",
}


@pytest.mark.parametrize("way", BROKEN)
@pytest.mark.parametrize("before", [None, b"an older file"])
def test_what_goes_wrong_is_said_and_leaves_what_was_there(
    address: str, tmp_path: Path, way: str, before: bytes | None
) -> None:
    path = tmp_path / "file"
    if before is not None:
        path.write_bytes(before)
    with pytest.raises(OSError, match=BROKEN[way]):
        download(address + way, path, DIGEST, len(CONTENT))
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == ({} if before is None else {"file": before})


def test_without_a_server_that_is_said(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(OSError, match=r"refused|timed out"):
        download(f"http://127.0.0.1:{port}/good", tmp_path / "file")
    assert not list(tmp_path.iterdir())


def test_an_md5_is_known_by_its_length(address: str, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=f"expected the md5 digest {'0' * 32}; received "):
        download(address + "good", tmp_path / "file", "0" * 32)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, MemoryError])
def test_a_download_that_is_interrupted_leaves_nothing(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]
) -> None:
    def interrupted(*_: Any) -> None:
        raise stop

    monkeypatch.setattr(Progress, "update", interrupted)
    with pytest.raises(stop):
        download(address + "good", tmp_path / "file", DIGEST, len(CONTENT))
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_nothing(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        download(address + "good", tmp_path / "file", DIGEST, len(CONTENT))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_an_oserror(address: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file"):
        download(address + "good", tmp_path / "file" / "below")


def test_two_at_once_get_the_whole_file(address: str, tmp_path: Path) -> None:
    path, seen = tmp_path / "file", []

    def fetch() -> None:
        download(address + "slow", path, DIGEST, len(CONTENT))
        seen.append(path.read_bytes() == CONTENT)

    threads = [Thread(target=fetch) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 3
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.deep
def test_two_processes_at_once_get_the_whole_file(address: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", FETCH, address + "slow", str(tmp_path / "file")]
    running = [subprocess.Popen(command) for _ in range(3)]  # noqa: S603
    assert [one.wait() for one in running] == [0] * 3
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == CONTENT


FETCH = (
    "import sys; from pathlib import Path; from numpycnn.datasets.download import download\n"
    "download(sys.argv[1], Path(sys.argv[2]))"
)


@pytest.mark.deep
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
def test_a_process_that_is_stopped_leaves_nothing_for_the_next(address: str, tmp_path: Path, how: str) -> None:
    path = tmp_path / "file"
    # where these tests run in a shell's background, Ctrl-C is ignored, and so in the processes that they start
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n" + FETCH
    command = [sys.executable, "-c", code, address + "stalled", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:  # noqa: S603
        while not list(tmp_path.glob("file.*.partial")):
            time.sleep(0.01)
        running.send_signal(getattr(signal, how))
        _, errors = running.communicate(timeout=10)
    assert ("KeyboardInterrupt" in errors) == (how == "SIGINT")
    assert [one.suffix for one in tmp_path.iterdir()] == [".partial"] * (how == "SIGKILL")
    download(address + "good", path, DIGEST, len(CONTENT))
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.deep
@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no files")
def test_a_file_that_may_grow_no_further_leaves_nothing(address: str, tmp_path: Path) -> None:
    """The system's own error in the middle of writing."""
    code = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    code += "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n" + FETCH
    command = [sys.executable, "-c", code, address + "good", str(tmp_path / "file")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert "File too large" in run.stderr
    assert not list(tmp_path.iterdir())


def test_progress_is_shown(address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    download(address + "good", tmp_path / "file")
    first, last = capsys.readouterr().out.splitlines()
    assert first == f"Downloading data from {address}good"
    assert re.fullmatch(rf"{len(CONTENT)}/{len(CONTENT)} - \d+s \d+us/step", last)


# ---------------------------------------------------------------- get_file


def test_get_file_keeps_what_it_downloads(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    path = get_file(origin=address + "good")
    assert path == str(tmp_path / "datasets" / "good")
    assert Path(path).read_bytes() == CONTENT
    assert get_file("good", origin="http://nowhere.invalid/good", file_hash=DIGEST) == path
    other = get_file("a.bin", address + "good", cache_dir=tmp_path / "b", cache_subdir="c", file_hash=DIGEST)
    assert other == str(tmp_path / "b" / "c" / "a.bin")


def test_get_file_downloads_again_what_is_wrong_or_if_asked(address: str, tmp_path: Path) -> None:
    path = tmp_path / "datasets" / "good"
    path.parent.mkdir()
    for options in ({"file_hash": DIGEST}, {"force_download": True}):
        path.write_bytes(b"old")
        assert get_file(origin=address + "good", cache_dir=tmp_path) == str(path)
        assert path.read_bytes() == b"old"
        get_file(origin=address + "good", cache_dir=tmp_path, **options)
        assert path.read_bytes() == CONTENT
    with pytest.raises(OSError, match="expected the md5 digest"):
        get_file("new", address + "good", file_hash="0" * 32, cache_dir=tmp_path)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((), TypeError, "origin must be a string; received None"),
        (("a", "no address"), ValueError, "origin must be the address of a file; received 'no address'"),
        ((None, "http://host/"), ValueError, "origin must be the address of a file; received 'http://host/'"),
        (("a/b", "http://host/c"), ValueError, "fname must be a name without folders; received 'a/b'"),
        (("..", "http://host/c"), ValueError, r"fname must be a name without folders; received '\.\.'"),
        ((None, "http://host/.."), ValueError, r"fname must be a name without folders; received '\.\.'"),
        ((3, "http://host/c"), TypeError, "fname must be a path, as a string or a pathlib.Path; received 3"),
    ],
)
def test_get_file_refuses_what_is_no_file(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"get_file: {message}"):
        get_file(*arguments)


@pytest.mark.parametrize("file_hash", ["", "0" * 31, "g" * 64, DIGEST.upper()])
def test_get_file_refuses_what_is_no_digest(file_hash: str) -> None:
    with pytest.raises(ValueError, match="get_file: file_hash must be a SHA-256 or MD5 in hexadecimal; received"):
        get_file(origin="http://host/a", file_hash=file_hash)
