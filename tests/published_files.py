"""Small files of the published forms, with their digests, and a server that has them and fails in every way."""

import hashlib
import io
import pickle
import socket
import struct
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import numpy as np

from numpycnn.common.typing import Array
from numpycnn.datasets.cifar import Archive
from numpycnn.datasets.published import Published


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# ---------------------------------------------------------------- files in IDX


def idx_file(array: Array) -> bytes:
    """Bytes in the IDX format."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def mnist_like(seed: int) -> list[Array]:
    """x_train, y_train, x_test, y_test: five images and three."""
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (n, *rest), np.uint8) for n in (5, 3) for rest in ((28, 28), ())]


# ---------------------------------------------------------------- batches of CIFAR


def string(value: bytes) -> bytes:
    """A string of Python 2, as pickle's protocol 2 writes it."""
    return b"U" + bytes([len(value)]) + value if len(value) < 256 else b"T" + struct.pack("<i", len(value)) + value


def integer(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def pickled_array(array: Array) -> bytes:
    """A uint8 array, as NumPy 1 under Python 2 wrote it."""
    dtype = b"cnumpy\ndtype\n(" + string(b"u1") + integer(0) + integer(1) + b"tR"
    dtype += b"(" + integer(3) + string(b"|") + b"NNN" + integer(-1) + integer(-1) + integer(0) + b"tb"
    empty = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(" + integer(0) + b"t" + string(b"b") + b"tR"
    shape = b"(" + b"".join(map(integer, array.shape)) + b"t"
    return empty + b"(" + integer(1) + shape + dtype + b"\x89" + string(array.tobytes()) + b"tb"


def batch(images: Array, **labels: list[int]) -> bytes:
    """A batch of CIFAR: images (n, 3072) and lists of labels."""
    entries = string(b"batch_label") + string(b"a batch")
    for name, values in labels.items():
        entries += string(name.encode()) + b"](" + b"".join(map(integer, values)) + b"e"
    return b"\x80\x02}(" + entries + string(b"data") + pickled_array(images) + b"u."


def archive_of(folder: str, batches: dict[str, bytes]) -> bytes:
    """A compressed archive of the batches, with a file of another kind."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in {"readme.html": b"<html>", **batches}.items():
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def like(archive: Archive, content: bytes, batches: dict[str, bytes], url: str = "") -> Archive:
    """The archive's description, with the digests of other content."""
    md5 = {name: hashlib.md5(one, usedforsecurity=False).hexdigest() for name, one in batches.items()}
    return archive._replace(
        published=Published(url or archive.published.url, len(content), sha256(content)),
        train={name: md5[name] for name in archive.train},
        test={name: md5[name] for name in archive.test},
    )


class Dangerous:
    """Runs code when it is read."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("1/0",)


def dangerous() -> bytes:
    return pickle.dumps({"data": Dangerous()}, 2)


# ---------------------------------------------------------------- the server

CONTENT = np.random.default_rng(0).bytes(200_000)


class Handler(BaseHTTPRequestHandler):
    """What is asked for is the way to fail."""

    files: dict[str, bytes]
    closing: Event

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        if name in self.files:
            self.answer(self.files[name])
        else:
            getattr(self, name)()

    def log_message(self, *values: object) -> None:
        """Nothing."""

    def answer(self, content: bytes, length: int | None = None, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    def wrong(self) -> None:
        self.answer(bytes(len(CONTENT)))

    def short(self) -> None:
        self.answer(CONTENT[:-1])

    def cut(self) -> None:
        """Announces more than it sends."""
        self.answer(CONTENT[:1000], len(CONTENT))

    def long(self) -> None:
        self.answer(CONTENT + CONTENT)

    def endless(self) -> None:
        """A body of unknown length that never ends."""
        self.send_response(200)
        self.end_headers()
        while not self.closing.is_set():
            self.wfile.write(CONTENT)

    def unannounced(self) -> None:
        """A body whose length is not said."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(CONTENT)

    def slow(self) -> None:
        self.answer(b"", len(CONTENT))
        for start in range(0, len(CONTENT), 50_000):
            self.closing.wait(0.02)
            self.wfile.write(CONTENT[start : start + 50_000])

    def silent(self) -> None:
        self.closing.wait(5)

    def stalled(self) -> None:
        self.answer(CONTENT[:1000], len(CONTENT))
        self.closing.wait(5)

    def reset(self) -> None:
        """Breaks the connection off, without the end that TCP has for it."""
        self.answer(CONTENT[:1000], len(CONTENT))
        time.sleep(0.05)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def chunk_cut(self) -> None:
        self.protocol_version = "HTTP/1.1"
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"ffff\r\n" + CONTENT[:1000])
        self.close_connection = True

    def no_http(self) -> None:
        self.wfile.write(b"hello\r\n\r\n")

    def missing(self) -> None:
        self.answer(b"no such file", status=404)

    def failing(self) -> None:
        self.answer(b"", status=503)

    def moved(self) -> None:
        self.answer(b"", status=302, Location="/good")

    def circle(self) -> None:
        self.answer(b"", status=302, Location="/circle")

    def elsewhere(self) -> None:
        self.answer(b"", status=302, Location="file:///etc/hostname")


@contextmanager
def server(**files: bytes) -> Iterator[str]:
    """The address of a server that has CONTENT as "good", and these files."""
    closing = Event()
    handler = type("Serving", (Handler,), {"files": {"good": CONTENT, **files}, "closing": closing})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        serving.daemon_threads = True
        Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{serving.server_port}/"
        finally:
            closing.set()
            serving.shutdown()
