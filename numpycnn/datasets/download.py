"""Downloads: a file that is there is whole and the right one, or it is not there.

The bytes go to a partial file, which is renamed when their number and their digest are right (`files/atomic.py`). So a
connection that breaks, a full disk, Ctrl-C or a second process leave nothing wrong behind.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from numpycnn.show.progress import Progress

TIMEOUT = 30.0  # seconds without an answer
CHUNK = 2**16


def download(url: str, path: Path, digest: str | None = None, size: int | None = None) -> None:
    """Download `url` to `path`, showing the progress.

    digest: the SHA-256, or MD5, of the file in hexadecimal; size: its bytes. None is not checked.
    Raises OSError for whatever goes wrong: no connection, an error from the server, no answer for TIMEOUT seconds, a
    body that is too short, too long or not the file with that digest, and a folder that cannot be written.
    """
    from http.client import HTTPException  # deferred: slow imports
    from urllib.error import HTTPError
    from urllib.request import urlopen

    from numpycnn.files.atomic import atomic_write

    print(f"Downloading data from {url}", flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with urlopen(url, timeout=TIMEOUT) as response, atomic_write(path) as file:  # noqa: S310
            receive(response, file, digest, size)
    except HTTPError as error:
        error.close()  # it holds the connection
        raise
    except HTTPException as error:
        raise OSError(f"the connection broke: {type(error).__name__} {error}") from error


def receive(response: Any, file: IO[bytes], digest: str | None, size: int | None) -> None:
    """Write the body of the response to the file. Raises OSError unless it is what was expected."""
    announced = response.headers.get("Content-Length", "")
    expected = int(announced) if size is None and announced.isdecimal() else size
    hashed, received = new_hash(digest), 0
    progress = Progress(expected or 0, verbose=1) if expected else None
    for chunk in chunks(response):
        file.write(chunk)
        hashed.update(chunk)
        received += len(chunk)
        if expected is not None and received > expected:
            break
        if progress:
            progress.update(received, {})
    if expected is not None and received != expected:
        raise OSError(f"expected {expected} bytes; received {'more' if received > expected else f'only {received}'}")
    if digest is not None and hashed.hexdigest() != digest:
        raise OSError(f"expected the {hashed.name} digest {digest}; received {hashed.hexdigest()}")
    if progress:
        progress.finish({})


def new_hash(digest: str | None) -> Any:
    """A hash object for digests as long as this one: MD5 for 32 digits, else SHA-256."""
    import hashlib  # deferred: slow import

    short = digest is not None and len(digest) == 32
    return hashlib.md5(usedforsecurity=False) if short else hashlib.sha256()


def digest_of(file: IO[bytes], like: str) -> str:
    """The digest of what the file has left, of the kind that `like` is."""
    hashed = new_hash(like)
    for chunk in chunks(file):
        hashed.update(chunk)
    return str(hashed.hexdigest())


def chunks(file: Any) -> Iterator[bytes]:
    """All that a file or a response has, little by little."""
    while chunk := file.read(CHUNK):
        yield chunk
