"""Damaged and hostile files: each is refused by one exception that says what is wrong, and nothing is changed by it."""

import json
import os
import re
import tracemalloc
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
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
from numpycnn.files.container import Reader
from numpycnn.files.errors import explained
from numpycnn.files.model import saved_in
from numpycnn.files.weights import weights_in
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
    tiny_model().save(folder / "sound.safetensors")
    return (folder / "sound.safetensors").read_bytes()


def is_refused(content: bytes, read: Callable[[Reader], object] = saved_in) -> bool:
    """Whether a file of that content is refused; read from memory, for a disk would take longer than all the rest."""
    try:
        with explained("memory"):
            read(Reader(BytesIO(content)))
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


@pytest.mark.parametrize("bits", [1, pytest.param(8, marks=pytest.mark.deep)])
@pytest.mark.parametrize("kind", ["model", "weights"])
def test_every_flipped_bit_is_noticed(folder: Path, raw: bytes, kind: str, bits: int) -> None:
    """Also where a file of weights then looks like one of another library, which needs no digest."""
    model = tiny_model()
    if kind == "weights":
        model.save_weights(folder / "weights.safetensors")
        raw = (folder / "weights.safetensors").read_bytes()
    read = (
        saved_in if kind == "model" else partial(weights_in, weights=model.params, by_name=False, skip_mismatch=False)
    )
    assert not is_refused(raw, read)
    for position in range(len(raw)):
        damaged = bytearray(raw)
        for bit in range(8) if bits == 8 else [position % 8]:
            damaged[position] = raw[position] ^ (1 << bit)
            assert is_refused(bytes(damaged), read), (position, bit)
        if position % 50 == 0:
            assert leaves_a_model_alone(folder / "flipped.safetensors", bytes(damaged))


def test_every_truncation_is_noticed(folder: Path, raw: bytes) -> None:
    for length in range(len(raw)):
        assert is_refused(raw[:length]), length
        if length % 50 == 0:
            assert leaves_a_model_alone(folder / "short.safetensors", raw[:length])


def other_file(folder: Path) -> bytes:
    """Another sound file, of the same length."""
    model = tiny_model()
    model.set_weights([weight + 1 for weight in model.get_weights()])
    model.save(folder / "other.safetensors")
    return (folder / "other.safetensors").read_bytes()


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.deep)])
def test_splices_are_noticed(folder: Path, raw: bytes, count: int) -> None:
    """The beginning of one file and the end of another, cut anywhere."""
    other, rng = other_file(folder), np.random.default_rng(0)
    assert len(other) == len(raw)
    noticed = 0
    for _ in range(count):
        first, second = (raw, other) if rng.random() < 0.5 else (other, raw)
        cut = int(rng.integers(len(raw) + 1))
        again = cut if rng.random() < 0.5 else int(rng.integers(len(raw) + 1))
        spliced = first[:cut] + second[again:]
        refused = is_refused(spliced)
        assert refused == (spliced not in (raw, other)), (cut, again)
        noticed += refused
    assert noticed > count / 2  # the others put a file together again


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


@pytest.mark.parametrize("count", [2_000, pytest.param(100_000, marks=pytest.mark.deep)])
def test_random_changes_are_noticed(raw: bytes, count: int) -> None:
    for damaged in random_changes(raw, count):
        assert is_refused(damaged) == (damaged != raw)


# ---------------------------------------------------------------- malice


@pytest.mark.parametrize("name", hostile.FILES)
def test_hostile_files_are_refused(folder: Path, raw: bytes, name: str) -> None:
    """By what they say, in little memory."""
    build, message = hostile.FILES[name]
    path = folder / "hostile.safetensors"
    path.write_bytes(build(raw))
    errors = []

    def refused() -> None:
        with pytest.raises(ModelFileError, match=message) as caught:
            load_model(path)
        errors.append(str(caught.value))

    assert peak_memory(refused) < 64 * 2**20
    assert errors[0].startswith(f"{path}: ")
    assert len(errors[0]) < 1000


@pytest.mark.deep
def test_the_longest_header_takes_some_20_times_its_length(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "long.safetensors"
    path.write_bytes(hostile.fact("callbacks", [{}] * 2_000_000)(raw))

    def refused() -> None:
        with pytest.raises(ModelFileError, match="callback must be a string"):
            load_model(path)

    assert 7 * 2**20 < path.stat().st_size < 2**23
    assert peak_memory(refused) < 30 * 2**23


def test_a_device_and_a_directory_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "folder.safetensors"
    path.mkdir()
    with pytest.raises(ModelFileError, match=f"^{re.escape(str(path))}: expected a file; received a directory or a"):
        load_model(path)


def test_a_file_that_shrinks_while_it_is_read_is_refused(raw: bytes) -> None:
    content = BytesIO(raw)
    reader = Reader(content)
    content.truncate(len(raw) - 1)
    with pytest.raises(ValueError, match=f"ends too early, after {len(raw)} bytes"):
        reader.array("weights/b/bias")


def sparse_file(path: Path, raw: bytes, units: int, *, own: bool) -> None:
    """A file of a few kilobytes on the disk whose arrays, of `units` columns, are all a hole in it."""
    parts = hostile.parts(raw)
    parts.facts["config"]["layers"] = [parts.facts["config"]["layers"][0]]
    parts.facts["config"]["layers"][0]["config"].update(units=units, use_bias=False)
    size = 2 * units * 4
    entries = {"weights/a/kernel": {"dtype": "F32", "shape": [2, units], "data_offsets": [0, size]}}
    header = hostile.header(parts._replace(arrays=entries)) if own else json.dumps(entries).encode()
    path.write_bytes(hostile.sealed(header, b""))
    os.truncate(path, 8 + len(header) + size)


def peak_memory(call: Callable[[], object]) -> int:
    """The bytes that a call takes at most at a time."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("gigabytes", [0.25, pytest.param(8, marks=pytest.mark.deep)])
def test_a_file_that_is_mostly_a_hole_is_refused_without_memory_for_it(
    tmp_path: Path, raw: bytes, gigabytes: float
) -> None:
    path = tmp_path / "sparse.safetensors"
    sparse_file(path, raw, int(gigabytes * 2**30) // 8, own=True)

    def refused() -> None:
        with pytest.raises(ModelFileError, match="does not agree with its digest"):
            load_model(path)

    assert path.stat().st_size > gigabytes * 2**30
    assert peak_memory(refused) < 8 * 2**20


def test_weights_of_another_library_are_compared_before_memory_is_taken(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "sparse.safetensors"
    sparse_file(path, raw, 2**30, own=False)

    def refused() -> None:
        with pytest.raises(ModelFileError, match=r"expected the array weights/a/bias, which is missing"):
            tiny_model().load_weights(path)

    assert peak_memory(refused) < 2**20


def test_a_file_takes_as_much_memory_as_it_is_long(tmp_path: Path) -> None:
    Sequential([Dense(1000, input_shape=(3000,))], seed=0).save(tmp_path / "large.safetensors")
    size = (tmp_path / "large.safetensors").stat().st_size
    assert size < peak_memory(lambda: load_model(tmp_path / "large.safetensors")) < 1.1 * size


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
    parts = hostile.parts(raw)
    values = {"metadata": parts.metadata, "facts": parts.facts, "arrays": parts.arrays}
    for _ in range(data.draw(st.integers(1, 2))):
        place, key = data.draw(st.sampled_from([(p, k) for p, k in places(values) if p is not values]))
        if data.draw(st.booleans()) and isinstance(place, dict):
            del place[key]
        else:
            place[key] = deepcopy(data.draw(st.sampled_from(JUNK)))  # or it might come to hold itself
    sealed = hostile.assembled(parts)
    if not is_refused(sealed):
        (folder / "header.safetensors").write_bytes(sealed)
        loaded = load_model(folder / "header.safetensors")
        loaded.save(folder / "again.safetensors")
        assert fingerprint(load_model(folder / "again.safetensors")) == fingerprint(loaded)


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in JSON: a list or dict, and an index or key in it."""
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        yield node, key
        if isinstance(node[key], (dict, list)):
            yield from places(node[key])
