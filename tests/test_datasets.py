"""MNIST as Keras gives it, and the reader of IDX files with good ones and every kind of bad one."""

import gzip
import hashlib
import re
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numpycnn.common.typing import Array
from numpycnn.datasets import mnist
from numpycnn.datasets.idx import TYPES, read_idx

# ---------------------------------------------------------------- MNIST


def test_mnist_is_what_keras_returns() -> None:
    """Shapes, dtypes, labels, counts and pixel sums as published, and the raw files' SHA-256."""
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    assert (x_train.shape, y_train.shape) == ((60000, 28, 28), (60000,))
    assert (x_test.shape, y_test.shape) == ((10000, 28, 28), (10000,))
    assert {str(a.dtype) for a in (x_train, y_train, x_test, y_test)} == {"uint8"}
    assert all(a.flags.writeable for a in (x_train, y_train, x_test, y_test))
    assert y_train[:20].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5, 3, 6, 1, 7, 2, 8, 6, 9]
    assert y_test[:20].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9, 0, 6, 9, 0, 1, 5, 9, 7, 3, 4]
    assert np.bincount(y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert x_test[0].sum() == 18454
    assert x_train.mean() / 255 == pytest.approx(0.1306605, abs=1e-7)
    assert x_train.std() / 255 == pytest.approx(0.3081079, abs=1e-7)
    for array, magic, digest in [
        (x_train, 2051, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
        (y_train, 2049, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        (x_test, 2051, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
        (y_test, 2049, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    ]:
        header = struct.pack(f">{1 + array.ndim}I", magic, *array.shape)
        assert hashlib.sha256(header + array.tobytes()).hexdigest() == digest


def test_mnist_carries_its_attribution() -> None:
    text = (mnist.FILES / "README.md").read_text(encoding="utf-8")
    assert "Yann LeCun and Corinna Cortes" in text
    assert "Attribution-Share Alike 3.0" in text


# ---------------------------------------------------------------- good IDX files


def idx_bytes(array: Array) -> bytes:
    code = next(code for code, dtype in TYPES.items() if np.dtype(dtype) == array.dtype.newbyteorder(">"))
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


@given(
    dtype=st.sampled_from([np.uint8, np.int8, np.int16, np.int32, np.float32, np.float64]),
    shape=st.lists(st.integers(0, 4), min_size=1, max_size=4),
    packed=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, dtype: type, shape: list[int], packed: bool, seed: int
) -> None:
    array: Array = np.random.default_rng(seed).integers(-100, 100, shape).astype(dtype)
    path = tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(gzip.compress(idx_bytes(array)) if packed else idx_bytes(array))
    for given_path in (path, str(path)):
        read = read_idx(given_path)
        assert read.dtype == dtype
        assert read.dtype.isnative
        assert read.tolist() == array.tolist()
        assert read.shape == tuple(shape)


# ---------------------------------------------------------------- bad IDX files

GOOD = idx_bytes(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))

BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "expected the magic number of an IDX file.*received an empty file"),
    "three bytes": (GOOD[:3], "expected the magic number of an IDX file.*received 00 00 08"),
    "wrong first byte": (b"\1" + GOOD[1:], "expected the magic number of an IDX file.*received 01 00 08 03"),
    "wrong second byte": (GOOD[:1] + b"\1" + GOOD[2:], "expected the magic number.*received 00 01 08 03"),
    "unknown type": (GOOD[:2] + b"\x0a" + GOOD[3:], "a type .08, 09, 0b, 0c, 0d, 0e..*received 00 00 0a 03"),
    "no axes": (GOOD[:3] + b"\0" + GOOD[4:], "number of axes .01 to 20..*received 00 00 08 00"),
    "255 axes": (GOOD[:3] + b"\xff" + bytes(1020), "number of axes .01 to 20..*received 00 00 08 ff"),
    "a PNG": (b"\x89PNG\r\n\x1a\n" + bytes(50), "expected the magic number of an IDX file.*received 89 50 4e 47"),
    "short header": (GOOD[:13], "expected the sizes of 3 axes, 12 bytes; received 9"),
    "no data": (GOOD[:16], r"expected 24 bytes of data for the sizes \(2, 3, 4\); received only 0"),
    "one byte short": (GOOD[:-1], r"expected 24 bytes of data for the sizes \(2, 3, 4\); received only 23"),
    "one byte more": (GOOD + b"\0", r"expected 24 bytes of data for the sizes \(2, 3, 4\); received more"),
    "sizes of a petabyte": (
        struct.pack(">BBBB3I", 0, 0, 8, 3, 2**31, 2**31, 2**31) + bytes(24),
        "expected 9903520314283042199192993792 bytes of data for the sizes .*; received only 24",
    ),
    "a size of zero among huge ones": (
        struct.pack(">BBBB4I", 0, 0, 8, 4, 0, 2**32 - 1, 2**32 - 1, 2**32 - 1),
        r"expected sizes that an array can have; received \(0, 4294967295",
    ),
    "another file's sizes": (GOOD[:4] + struct.pack(">3I", 2, 3, 5) + GOOD[16:], "expected 30 bytes.*received only 24"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("packed", [False, True])
def test_bad_files_are_refused_by_name(tmp_path: Path, name: str, packed: bool) -> None:
    content, message = BAD[name]
    path = tmp_path / "digits.idx"
    path.write_bytes(gzip.compress(content) if packed else content)
    tracemalloc.start()
    with pytest.raises(ValueError, match=message) as caught:
        read_idx(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert str(caught.value).startswith(str(path))
    assert peak < 4 * 2**20  # whatever sizes the file states


@pytest.mark.parametrize(
    "damage", ["cut short", "a flipped bit", "a wrong checksum", "no gzip after all", "more after it"]
)
def test_damaged_gzip_files_are_refused_by_name(tmp_path: Path, damage: str) -> None:
    packed = bytearray(gzip.compress(idx_bytes(np.random.default_rng(0).integers(0, 255, (99, 9), np.uint8))))
    if damage == "cut short":
        packed = packed[: len(packed) // 2]
    elif damage == "a flipped bit":
        packed[len(packed) // 2] ^= 16
    elif damage == "a wrong checksum":
        packed[-6] ^= 1
    elif damage == "no gzip after all":
        packed = packed[:2] + bytes(50)
    else:
        packed += b"trailing"
    path = tmp_path / "digits.gz"
    path.write_bytes(packed)
    with pytest.raises(ValueError, match=r"expected an undamaged gzip file|bytes of data") as caught:
        read_idx(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        (3, TypeError, "read_idx: path must be a path, as a string or a pathlib.Path; received 3"),
        ("\0", ValueError, "read_idx: path must be a path; received '\\x00'"),
    ],
)
def test_what_is_no_path_is_refused(path: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        read_idx(path)


def test_a_file_that_is_not_there_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "nothing")
