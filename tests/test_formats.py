"""Formats of files: which is read and written, what is said of the others, and that others read and write it too."""

import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import fingerprint, small_data, small_network

from numpycnn import Sequential, load_model
from numpycnn.callbacks import BackupAndRestore, EarlyStopping, ModelCheckpoint
from numpycnn.common.typing import Array
from numpycnn.files import ModelFileError, formats, function_for, native
from numpycnn.files.formats import known
from numpycnn.layers import Dense

KNOWN = re.escape(known())

WRITERS: dict[str, Callable[[Path], object]] = {
    "save": lambda path: small_network().save(path),
    "save_weights": lambda path: small_network().save_weights(path),
    "ModelCheckpoint": lambda path: ModelCheckpoint(path),
}
READERS: dict[str, Callable[[Path], object]] = {
    "load_model": load_model,
    "load_weights": lambda path: small_network().load_weights(path),
}


@pytest.mark.parametrize("function", ["save", "read", "save_weights", "load_weights"])
@pytest.mark.parametrize(
    "name", ["model.safetensors", "MODEL.SafeTensors", "my.weights.safetensors", "a.h5.safetensors"]
)
def test_the_suffix_says_the_format(name: str, function: str) -> None:
    assert function_for(Path("folder") / name, function) is getattr(native, function)


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(
    ("name", "received", "instead"),
    [
        ("model.npz", ".npz", "model.safetensors"),
        ("model.safetensors.bak", ".bak", "model.safetensors.safetensors"),
    ],
)
def test_other_formats_are_not_written(tmp_path: Path, writer: str, name: str, received: str, instead: str) -> None:
    message = rf"{name}: expected a name that ends in {KNOWN}; received {received}; save to {tmp_path / instead}$"
    with pytest.raises(ModelFileError, match=message):
        WRITERS[writer](tmp_path / name)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("model.keras", "model.keras.safetensors"),
        ("model.h5", "model.h5.safetensors"),
        ("model.H5", "model.H5.safetensors"),
        ("model.hdf5", "model.hdf5.safetensors"),
        ("model.weights.h5", "model.weights.h5.safetensors"),
    ],
)
def test_scripts_run_without_the_package_for_keras_s_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, instead: str
) -> None:
    """What is written under such a name has another one, and is found under the first; a real one is refused."""
    monkeypatch.setattr(formats, "find_spec", lambda package: None)
    model, path = small_network(), tmp_path / name
    missing = re.escape(f"{path}: needs the package h5py: pip install 'numpycnn[keras-files]'")
    for write in (model.save_weights, model.save):
        with pytest.warns(UserWarning, match=rf"{missing}; without it numpycnn writes {tmp_path / instead}$") as caught:
            write(path)
        assert {one.filename for one in caught} == {__file__}
    assert os.listdir(tmp_path) == [instead]
    assert load_model(path).get_config() == model.get_config()
    model.load_weights(path)
    path.write_bytes(b"\x89HDF\r\n\x1a\n")
    for read in READERS.values():
        with pytest.raises(ModelFileError, match=f"{missing}$"):
            read(path)


def test_what_was_written_without_the_package_is_found_with_it(tmp_path: Path) -> None:
    for suffix in (".h5", ".keras"):
        small_network().save(tmp_path / f"model{suffix}.safetensors")
    load_model(tmp_path / "model.h5")
    small_network().load_weights(tmp_path / "model.keras")


@pytest.mark.parametrize("name", ["model.h5", "model.keras", "model.ckpt"])
def test_a_file_that_was_not_named_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda package: None)
    small_network().save(tmp_path / "model.safetensors")
    before = (tmp_path / "model.safetensors").read_bytes()
    with pytest.warns(UserWarning, match=f"numpycnn writes .*{name}.safetensors$"):
        small_network(seed=1).save(tmp_path / name)
    assert (tmp_path / "model.safetensors").read_bytes() == before


def test_weights_alone_are_not_written_as_a_whole_model(tmp_path: Path) -> None:
    message = r"a.keras: save_weights takes .safetensors, .weights.h5, .h5 or .hdf5; received .keras$"
    with pytest.raises(ModelFileError, match=message):
        small_network().save_weights(tmp_path / "a.keras")


@pytest.mark.parametrize(
    ("name", "reason", "instead"),
    [
        ("model", formats.TENSORFLOW, "model.safetensors"),
        ("v1.2/cp.ckpt", formats.TENSORFLOW, "v1.2/cp.ckpt.safetensors"),
        ("m.tf", formats.TENSORFLOW, "m.tf.safetensors"),
        ("m.model", formats.TENSORFLOW, "m.model.safetensors"),
        ("m.numpycnn", "there is no such format;", "m.numpycnn.safetensors"),
    ],
)
@pytest.mark.parametrize("function", ["save", "save_weights"])
def test_in_the_place_of_what_is_no_format_here_the_own_is_written(
    tmp_path: Path, function: str, name: str, reason: str, instead: str
) -> None:
    model, path = small_network(), tmp_path / name
    message = re.escape(f"{path}: {reason} numpycnn writes {tmp_path / instead}")
    path.parent.mkdir(exist_ok=True)
    with pytest.warns(UserWarning, match=message):
        getattr(model, function)(path)
    other = small_network(seed=1)
    other.load_weights(path)
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])
    assert os.listdir(path.parent) == [Path(instead).name]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "model.numpycnn",
            "this is a file that was written by an earlier version of numpycnn: train or save the model a",
        ),
        ("model.npz", f"expected a name that ends in {KNOWN}; received .npz$"),
        ("model", f"expected a name that ends in {KNOWN}; received no suffix$"),
    ],
)
def test_other_formats_are_not_read(tmp_path: Path, reader: str, name: str, message: str) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(ModelFileError, match=f"{name}: .*{message}"):
        READERS[reader](tmp_path / name)


@pytest.mark.parametrize("reader", READERS)
def test_files_of_other_formats_are_known_by_their_first_bytes(tmp_path: Path, reader: str) -> None:
    path = tmp_path / "model.safetensors"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(
        ModelFileError, match=r"this is a zip archive, as Keras writes it to \.keras files: give it the suffix .keras"
    ):
        READERS[reader](path)
    path.write_bytes(b"numpycnn\x01\0\0\0\x40\0\0\0{}")
    with pytest.raises(
        ModelFileError, match="written by an earlier version of numpycnn: train or save the model again"
    ):
        READERS[reader](path)


# ---------------------------------------------------------------- the package safetensors


def trained(path: Path) -> Sequential:
    model = small_network()
    stopping = EarlyStopping("loss", patience=3, restore_best_weights=True)
    model.fit(*small_data(), 20, 2, verbose=0, callbacks=[BackupAndRestore(path, delete_checkpoint=False), stopping])
    return model


def test_the_package_safetensors_reads_every_array_and_string(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors", reason="needs safetensors, of the extra dev")
    path = tmp_path / "model.safetensors"
    model = trained(path)
    assert model.optimizer is not None
    slots = {f"optimizer/{slot}/{name}": a for slot, own in model.optimizer.state.items() for name, a in own.items()}
    expected: dict[str, Array] = {f"weights/{name}": array for name, array in model.params.items()} | slots
    with safetensors.safe_open(path, "numpy") as file:
        found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = file.metadata()
    assert metadata["format"] == "numpycnn"
    assert {"config", "compile_config", "history", "position", "sha256"} <= metadata.keys()
    callbacks = {name for name in found if name.startswith("callbacks/0/")}
    assert len(callbacks) == 4 + len(model.get_weights())
    assert found.keys() - callbacks == expected.keys()
    for name, array in expected.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes()


@pytest.mark.parametrize("prefix", ["", "weights/"])
@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_weights_of_the_package_safetensors_are_read(
    tmp_path: Path, prefix: str, metadata: dict[str, str] | None
) -> None:
    numpy_io = pytest.importorskip("safetensors.numpy", reason="needs safetensors, of the extra dev")
    path = tmp_path / "weights.safetensors"
    source, target = small_network(seed=1), small_network(seed=2)
    numpy_io.save_file({f"{prefix}{name}": array for name, array in source.params.items()}, path, metadata)
    target.load_weights(path)
    assert fingerprint(target)[0] == fingerprint(source)[0]
    with pytest.raises(ModelFileError, match="this one holds arrays alone: build the same model, and call its load_we"):
        load_model(path)


def test_what_another_program_changed_is_refused(tmp_path: Path) -> None:
    """It may keep the metadata, and with them a digest that is of something else."""
    numpy_io = pytest.importorskip("safetensors.numpy", reason="needs safetensors, of the extra dev")
    safetensors = pytest.importorskip("safetensors")
    path = tmp_path / "weights.safetensors"
    model = small_network()
    model.save_weights(path)
    with safetensors.safe_open(path, "numpy") as file:
        metadata = file.metadata()
    numpy_io.save_file({f"weights/{name}": 2 * array for name, array in model.params.items()}, path, metadata)
    with pytest.raises(ModelFileError, match="does not agree with its digest: it was damaged or changed"):
        model.load_weights(path)


def written(path: Path, arrays: dict[str, Any]) -> Path:
    """A file of these arrays as another program may write it: in any order, without padding or metadata."""
    entries, buffer = [], b""
    for name in sorted(arrays, reverse=True):
        begin, data = len(buffer), np.ascontiguousarray(arrays[name]).tobytes()
        buffer += data
        shape = list(arrays[name].shape)
        entries.append(f'"{name}":{{"data_offsets":[{begin},{begin + len(data)}],"shape":{shape},"dtype":"F32"}}')
    header = f"{{{','.join(reversed(entries))}}}".encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + buffer)
    return path


@pytest.mark.parametrize("name", ["dense", "weights"])
def test_names_may_have_the_prefix_or_not(tmp_path: Path, name: str) -> None:
    """Also those of a layer that is called as the prefix is."""
    source, target = (Sequential([Dense(2, name=name, input_shape=(3,))], seed=seed) for seed in (1, 2))
    for prefix in ("", "weights/"):
        target.set_weights([np.zeros((3, 2)), np.ones(2)])
        arrays = {f"{prefix}{key}": array for key, array in source.params.items()}
        target.load_weights(written(tmp_path / "a.safetensors", arrays))
        assert fingerprint(target)[0] == fingerprint(source)[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: arrays.pop("dense/bias"), "expected the array dense/bias, which is missing"),
        (lambda arrays: arrays.update(extra=np.ones(1, np.float32)), "holds the array extra, which does not belong"),
        (
            lambda arrays: arrays.update({"dense/kernel": arrays["dense/kernel"].T}),
            r"expected dense/kernel as float32 of shape \(3, 2\); received float32 of shape \(2, 3\)",
        ),
    ],
)
def test_weights_of_another_model_are_refused(
    tmp_path: Path, change: Callable[[dict[str, Array]], object], message: str
) -> None:
    model = Sequential([Dense(2, input_shape=(3,))], seed=1)
    before, arrays = fingerprint(model), dict(model.params)
    change(arrays)
    with pytest.raises(ModelFileError, match=message):
        model.load_weights(written(tmp_path / "a.safetensors", arrays))
    assert fingerprint(model) == before
