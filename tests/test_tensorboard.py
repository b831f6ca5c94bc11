"""TensorBoard's files: their bytes, read back by the format's own description; the figures, and when they are written."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import small_data, small_network

from numpycnn.callbacks import TensorBoard
from numpycnn.files.events import checksum, first_record, varint


def records(path: Path) -> list[bytes]:
    """The data of each record, with the checksums compared."""
    data, found = path.read_bytes(), []
    while data:
        length = int.from_bytes(data[:8], "little")
        assert checksum(data[:8]) == data[8:12]
        found.append(data[12 : 12 + length])
        assert checksum(found[-1]) == data[12 + length : 16 + length]
        data = data[16 + length :]
    return found


def fields(data: bytes) -> list[tuple[int, Any]]:
    """The fields of a message: numbers as numbers, and the rest as bytes."""
    found = []
    value: Any
    while data:
        key, data = number(data)
        if key & 7 == 0:
            value, data = number(data)
        elif key & 7 == 2:
            length, data = number(data)
            value, data = data[:length], data[length:]
        else:
            size, kind = {1: (8, "<d"), 5: (4, "<f")}[key & 7]
            (value,), data = struct.unpack(kind, data[:size]), data[size:]
        found.append((key >> 3, value))
    return found


def number(data: bytes) -> tuple[int, bytes]:
    value = shift = 0
    for k, byte in enumerate(data):
        value, shift = value | (byte & 0x7F) << shift, shift + 7
        if byte < 0x80:
            return value, data[k + 1 :]
    raise AssertionError


def figures(folder: Path) -> list[tuple[int, dict[str, float]]]:
    """(step, figures by tag) of each record of a folder's one file but the first."""
    (path,) = folder.iterdir()
    assert path.name.startswith("events.out.tfevents.")
    first, *others = records(path)
    assert fields(first)[1:] == [(2, 0), (3, b"brain.Event:2")]
    found = []
    for record in others:
        (_, wall_time), (_, step), (which, summary) = fields(record)
        assert (which, wall_time > 1.6e9) == (5, True)
        values = [dict(fields(value)) for _, value in fields(summary)]
        found.append((step, {value[1].decode(): value[2] for value in values}))
    return found


def test_the_checksum_is_crc_32c() -> None:
    """The value that the Castagnoli polynomial's catalogue gives of "123456789" is 0xE3069283; then TensorFlow's mask."""
    crc = 0xE3069283
    assert checksum(b"123456789") == struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
    assert [varint(n) for n in (0, 127, 128, 300)] == [b"\0", b"\x7f", b"\x80\1", b"\xac\2"]
    assert first_record()[:8] == struct.pack("<Q", 9 + 2 + 2 + 13)


def test_figures_of_epochs(tmp_path: Path) -> None:
    x, y = small_data(12)
    model = small_network()
    model.compile("sgd", "categorical_crossentropy", ["accuracy"])
    data: dict[str, Any] = {"batch_size": 6, "epochs": 2, "verbose": 0, "validation_data": (x, y)}
    history = model.fit(x, y, callbacks=TensorBoard(tmp_path), **data)
    for part, prefix in (("train", ""), ("validation", "val_")):
        for epoch, (step, found) in enumerate(figures(tmp_path / part)):
            assert step == epoch
            rate = {"epoch_learning_rate": np.float32(0.01)} if part == "train" else {}
            assert found == rate | {
                f"epoch_{k}": np.float32(history.history[f"{prefix}{k}"][epoch]) for k in ("loss", "accuracy")
            }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["train", "validation"]


@pytest.mark.parametrize(("update_freq", "steps"), [("epoch", []), ("batch", [1, 2, 3, 4]), (3, [3])])
def test_figures_of_batches(tmp_path: Path, update_freq: int | str, steps: list[int]) -> None:
    x, y = small_data(12)
    model = small_network()
    model.compile("sgd", "categorical_crossentropy")
    model.fit(x, y, batch_size=6, epochs=2, verbose=0, callbacks=TensorBoard(str(tmp_path), update_freq=update_freq))
    found = figures(tmp_path / "train")
    assert [step for step, tags in found if "batch_loss" in tags] == steps
    assert [step for step, tags in found if "epoch_loss" in tags] == [0, 1]


def test_without_an_epoch_the_file_is_there(tmp_path: Path) -> None:
    callback: Any = TensorBoard(tmp_path, histogram_freq=1, write_graph=False, write_grads=True)  # type: ignore[call-arg]
    callback.on_train_begin()
    assert figures(tmp_path / "train") == []


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="TensorBoard: update_freq must be one of 'epoch', 'batch'; received 'step'"):
        TensorBoard(update_freq="step")
    with pytest.raises(ValueError, match="TensorBoard: update_freq must be an integer of at least 1; received 0"):
        TensorBoard(update_freq=0)
    with pytest.raises(TypeError, match="TensorBoard: log_dir must be a path"):
        TensorBoard(log_dir=3)  # type: ignore[arg-type]
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        TensorBoard(tmp_path / "file").on_train_begin()
