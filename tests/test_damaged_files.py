"""Damaged and hostile files: each is refused by one exception that says what is wrong, and nothing is changed by it."""

import json
import re
import time
import tracemalloc
from collections.abc import Iterator
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any

import hostile
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import fingerprint

from numpycnn import Sequential, load_model
from numpycnn.files import ModelFileError
from numpycnn.files.container import Reader, explained
from numpycnn.files.state import model_in
from numpycnn.layers import Dense


def tiny_model() -> Sequential:
    model = Sequential([Dense(2, name="a", input_shape=(2,)), Dense(1, name="b")], name="tiny", seed=1)
    model.compile("sgd", "mse", ["accuracy"])
    return model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


@pytest.fixture(scope="module")
def raw(folder: Path) -> bytes:
    """The bytes of a small, sound file."""
    tiny_model().save(folder / "sound")
    return (folder / "sound").read_bytes()


def is_refused(content: bytes) -> bool:
    """Whether a file of that content is refused; read from memory, for a disk would take longer than all the rest."""
    try:
        with explained("memory"):
            model_in(Reader(BytesIO(content)))
    except ModelFileError as error:
        assert str(error).startswith("memory: ")  # noqa: PT017
        return True
    return False


def leaves_a_model_alone(path: Path, content: bytes) -> bool:
    """Whether `load_weights` refuses such a file too, and changes nothing."""
    model = tiny_model()
    before = fingerprint(model)
    path.write_bytes(content)
    with pytest.raises(ModelFileError):
        model.load_weights(path)
    return fingerprint(model) == before


# ---------------------------------------------------------------- damage


def test_every_flipped_bit_is_noticed(folder: Path, raw: bytes) -> None:
    for position in range(len(raw)):
        damaged = bytearray(raw)
        for bit in range(8):
            damaged[position] = raw[position] ^ (1 << bit)
            assert is_refused(bytes(damaged)), (position, bit)
        if position % 20 == 0:
            assert leaves_a_model_alone(folder / "flipped", bytes(damaged))


def test_every_byte_of_the_digest_counts(raw: bytes) -> None:
    for position in range(len(raw) - 32, len(raw)):
        assert is_refused(raw[:position] + bytes([raw[position] ^ 1]) + raw[position + 1 :]), position


def test_every_truncation_is_noticed(folder: Path, raw: bytes) -> None:
    for length in range(len(raw)):
        assert is_refused(raw[:length]), length
        if length % 20 == 0:
            assert leaves_a_model_alone(folder / "short", raw[:length])


def other_file(folder: Path) -> bytes:
    """Another sound file, of the same length."""
    model = tiny_model()
    model.set_weights([weight + 1 for weight in model.get_weights()])
    model.save(folder / "other")
    return (folder / "other").read_bytes()


def test_splices_are_noticed(folder: Path, raw: bytes) -> None:
    """The beginning of one file and the end of another, cut anywhere."""
    other, rng = other_file(folder), np.random.default_rng(0)
    assert len(other) == len(raw)
    noticed = 0
    for _ in range(10_000):
        first, second = (raw, other) if rng.random() < 0.5 else (other, raw)
        cut = int(rng.integers(len(raw) + 1))
        again = cut if rng.random() < 0.5 else int(rng.integers(len(raw) + 1))
        spliced = first[:cut] + second[again:]
        refused = is_refused(spliced)
        assert refused == (spliced not in (raw, other)), (cut, again)
        noticed += refused
    assert noticed > 5_000  # the others put a file together again


def random_changes(raw: bytes, count: int) -> Iterator[bytes]:
    """Files with two to some hundred bytes changed: apart, in a row, moved, left out or put in."""
    rng = np.random.default_rng(1)
    for k in range(count):
        damaged, length = bytearray(raw), int(rng.integers(2, 200))
        start = int(rng.integers(len(raw) - length))
        if k % 4 == 0:
            for position in rng.integers(len(raw), size=length):
                damaged[position] ^= int(rng.integers(1, 256))
        elif k % 4 == 1:
            damaged[start : start + length] = rng.bytes(length)
        elif k % 4 == 2:
            del damaged[start : start + length]
        else:
            damaged[start:start] = damaged[-length:]
        yield bytes(damaged)


@pytest.mark.parametrize("count", [10_000, pytest.param(100_000, marks=pytest.mark.deep)])
def test_random_changes_are_noticed(raw: bytes, count: int) -> None:
    for damaged in random_changes(raw, count):
        assert is_refused(damaged) == (damaged != raw)


# ---------------------------------------------------------------- malice


@pytest.mark.parametrize("name", hostile.FILES)
def test_hostile_files_are_refused(folder: Path, raw: bytes, name: str) -> None:
    """By what they say, in half a second of the processor and 64 MB."""
    build, message = hostile.FILES[name]
    path = folder / "hostile"
    path.write_bytes(build(raw))
    start = time.process_time()
    with pytest.raises(ModelFileError, match=message) as caught:
        load_model(path)
    assert time.process_time() - start < 0.5
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value)) < 1000
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError):
            load_model(path)
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()


def test_a_device_and_a_directory_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ModelFileError, match=f"^{re.escape(str(tmp_path))}: expected a file; received a directory or a"
    ):
        load_model(tmp_path)


def test_a_file_takes_as_much_memory_as_it_is_long(tmp_path: Path) -> None:
    Sequential([Dense(1000, input_shape=(3000,))], seed=0).save(tmp_path / "large")
    size = (tmp_path / "large").stat().st_size
    tracemalloc.start()
    try:
        load_model(tmp_path / "large")
        assert size < tracemalloc.get_traced_memory()[1] < 1.1 * size
    finally:
        tracemalloc.stop()


def test_a_file_too_large_for_the_memory_is_refused() -> None:
    with pytest.raises(ModelFileError, match=r"^a: Unable to allocate"), explained("a"):
        np.empty(2**60, np.uint8)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x" * 500, "x" * 500),
        ("x" * 501, "x" * 500 + " ..."),
        ("\n" * 501, r"\n" * 500 + " ..."),
        ("a\\b\x1b'", r"a\b\x1b'"),
    ],
)
def test_an_error_shows_the_beginning_of_a_long_text_and_no_signs_to_the_terminal(text: str, shown: str) -> None:
    with pytest.raises(ModelFileError, match=f"^{re.escape(f'a: {shown}')}$"), explained("a"):
        raise ValueError(text)


JUNK: list[Any] = [None, True, -1, 0, 1, 10**30, 0.5, 1e308, 10**400, "", "a", "os.system", [], [1], [[]], {}, {"a": 1}]


@given(data=st.data())
def test_a_header_with_anything_in_the_place_of_anything_is_refused_or_sound(
    folder: Path, raw: bytes, data: st.DataObject
) -> None:
    """With a digest that belongs to it, so that only what the header says can give it away."""
    header, arrays = hostile.parts(raw)
    for _ in range(data.draw(st.integers(1, 2))):
        place, key = data.draw(st.sampled_from(list(places(header))))
        if data.draw(st.booleans()) and isinstance(place, dict):
            del place[key]
        else:
            place[key] = deepcopy(data.draw(st.sampled_from(JUNK)))  # or it might come to hold itself
    sealed = hostile.sealed(json.dumps(header).encode(), arrays)
    if not is_refused(sealed):
        (folder / "header").write_bytes(sealed)
        loaded = load_model(folder / "header")
        loaded.save(folder / "again")
        assert fingerprint(load_model(folder / "again")) == fingerprint(loaded)


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in JSON: a list or dict, and an index or key in it."""
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        yield node, key
        if isinstance(node[key], (dict, list)):
            yield from places(node[key])
