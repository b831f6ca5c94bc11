"""Damaged and hostile files of Keras's: refused with ModelFileError, and the model that was to take them unchanged."""

import io
import json
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from depths import is_deep
from networks import fingerprint

from numpycnn import Sequential, load_model
from numpycnn.files import ModelFileError
from numpycnn.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, LeakyReLU

h5py: Any = pytest.importorskip("h5py", reason="needs h5py, of the extra keras-files")

FOLDER = Path(__file__).parent / "keras_files"
WHOLE = (
    "keras3.keras",
    "keras3.h5",
    "keras2.keras",
    "keras2_former_optimizer.h5",
    "keras2_blocks.h5",
    "keras3_blocks.keras",
    "keras3_nested.keras",
)
MEMBERS = ("metadata.json", "config.json", "model.weights.h5")


@pytest.fixture(autouse=True)
def _not_tried_first(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are tried in a process first, see test_trial.py: here in the deep profile alone, for it takes the longest."""
    if not is_deep(request.config):
        monkeypatch.setattr("numpycnn.files.keras.hdf5.crashes", lambda read, content: False)


def model_like_theirs() -> Sequential:
    """The network of keras_files/write.py."""
    head = [Conv2D(3, 3, activation="relu", input_shape=(5, 5, 2)), BatchNormalization(), LeakyReLU(0.2), Flatten()]
    tail = [Sequential([Dense(4, activation="tanh")]), Dropout(0.0), Dense(3, activation="softmax")]
    return Sequential([*head, *tail], seed=0)


def outcome(path: Path, model: Sequential) -> str:
    """What reading a file does: "read", or the message. The model, which is to take the weights, stays if refused."""
    found = "read"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # overflow, where numbers were changed
        before = fingerprint(model)
        try:
            model.load_weights(path)
        except ModelFileError:
            assert fingerprint(model) == before
        try:
            load_model(path)
        except ModelFileError as error:
            found = str(error)
            assert found.startswith(f"{path}: ")
            assert len(found) < 1000
    return found


# ---------------------------------------------------------------- accidents


@pytest.mark.parametrize("name", ["keras3.keras", "keras3.h5"])
def test_truncated_files_are_refused(tmp_path: Path, name: str) -> None:
    check_truncations(tmp_path / name, 6)


@pytest.mark.deep
@pytest.mark.parametrize("name", WHOLE)
def test_every_truncation_is_refused(tmp_path: Path, name: str) -> None:
    check_truncations(tmp_path / name, 1000)


def check_truncations(path: Path, count: int) -> None:
    raw, model = (FOLDER / path.name).read_bytes(), model_like_theirs()
    for length in sorted({*np.linspace(0, len(raw) - 1, count).astype(int).tolist(), *range(8), len(raw) - 1}):
        path.write_bytes(raw[:length])
        assert outcome(path, model) != "read", length


@pytest.mark.parametrize("name", ["keras3.keras", "keras3.h5"])
def test_changed_files_are_refused_or_harmless(tmp_path: Path, name: str) -> None:
    check_changes(tmp_path / name, 3)


@pytest.mark.deep
@pytest.mark.parametrize("name", WHOLE)
def test_thousands_of_changed_files_are_refused_or_harmless(tmp_path: Path, name: str) -> None:
    """In processes of their own, which HDF5's library must not end."""
    for seed in range(20):
        arguments = [sys.executable, __file__, str(tmp_path / name), "100", str(seed)]
        done = subprocess.run(arguments, capture_output=True, text=True)  # noqa: S603
        assert done.returncode == 0, done.stderr


def check_changes(path: Path, count: int, seed: int = 0) -> None:
    """An archive has checksums, so a change is seen but for the few bytes that say nothing; HDF5 has none."""
    raw, model, rng = (FOLDER / path.name).read_bytes(), model_like_theirs(), np.random.default_rng(seed)
    for _ in range(count):
        changed = bytearray(raw)
        for _ in range(rng.integers(1, 4)):
            changed[rng.integers(len(raw))] = rng.integers(256)
        path.write_bytes(changed)
        outcome(path, model)


# ---------------------------------------------------------------- intention


def archive(
    change: Callable[[dict[str, bytes]], object], compression: int = zipfile.ZIP_STORED, name: str = "keras3.keras"
) -> bytes:
    """A file of Keras's with other members."""
    with zipfile.ZipFile(FOLDER / name) as file:
        members = {name: file.read(name) for name in MEMBERS}
    change(members)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def with_config(change: Callable[[Any], object], name: str = "keras3.keras") -> bytes:
    """A file of Keras's with another configuration."""

    def rewrite(members: dict[str, bytes]) -> None:
        config = json.loads(members["config.json"])
        change(config)
        members["config.json"] = json.dumps(config).encode()

    return archive(rewrite, name=name)


def with_graph(change: Callable[[dict[str, Any], list[Any]], object]) -> bytes:
    """keras3_blocks.keras with other layers, which are given by their names and as a list."""

    def rewrite(config: Any) -> None:
        layers = config["config"]["layers"]
        change({entry["name"]: entry for entry in layers}, layers)

    return with_config(rewrite, "keras3_blocks.keras")


def operation(function: str, inputs: Any) -> dict[str, Any]:
    """What tf.keras 2 writes of an operation."""
    return {"class_name": "TFOpLambda", "config": {"function": function}, "inbound_nodes": [inputs]}


def call(*names: str, **options: Any) -> dict[str, Any]:
    """A layer's call with what others give."""
    kind = "__keras_tensor__"
    args = [{"class_name": kind, "config": {"shape": [None], "keras_history": [name, 0, 0]}} for name in names]
    return {"args": [args], "kwargs": options}


def shared(layers: dict[str, Any], entries: list[Any]) -> None:
    """Call a layer twice."""
    layers["conv2d"]["inbound_nodes"] *= 2


def crossing(layers: dict[str, Any], entries: list[Any]) -> None:
    """Let two branches read what is inside of one of them."""
    layers["conv2d_1"]["inbound_nodes"] = [call("conv2d_4")]


def endless(config: Any) -> None:
    """Blocks in one another, each a branch of the next."""
    entries = config["config"]["layers"]
    for number in range(480):
        entry = {"class_name": "Add", "name": f"more_{number}", "config": {}}
        entries.append({**entry, "inbound_nodes": [call(entries[-1]["name"], "dense")]})
    config["config"]["output_layers"] = [entries[-1]["name"], 0, 0]


def with_metadata(value: Any) -> bytes:
    return archive(lambda members: members.update({"metadata.json": json.dumps(value).encode()}))


def hdf5(change: Callable[[Any], object], name: str = "keras3.h5") -> bytes:
    """A file of Keras's that was changed by h5py."""
    buffer = io.BytesIO((FOLDER / name).read_bytes())
    with h5py.File(buffer, "r+") as file:
        change(file)
    return buffer.getvalue()


def replaced(path: str, **new: Any) -> Callable[[Any], object]:
    """Put another array in the place of one."""

    def change(file: Any) -> None:
        del file[path]
        file.create_dataset(path, **new)

    return change


def linked(path: str, link: Any) -> Callable[[Any], object]:
    """Put a link in the place of an array."""

    def change(file: Any) -> None:
        del file[path]
        file[path] = link

    return change


def layer(config: Any, index: int) -> Any:
    return config["config"]["layers"][index]


KERNEL = "model_weights/conv2d/sequential_7/conv2d/kernel"
with h5py.File(FOLDER / "keras3.h5") as file:
    KERNEL = f"model_weights/conv2d/{file['model_weights/conv2d'].attrs['weight_names'][0]}"

NESTED = b"[" * 100_000 + b"]" * 100_000
ARCHIVES: dict[str, tuple[Callable[[], bytes], str]] = {
    "no zip": (lambda: b"PK\x03\x04" + bytes(100), "is damaged, or no .keras file"),
    "a member missing": (lambda: archive(lambda m: m.pop("config.json")), "expected one config.json .* found 0"),
    "a bomb": (
        lambda: archive(lambda m: m.update({"config.json": bytes(1_000_000)}), zipfile.ZIP_DEFLATED),
        r"config.json declares 1000000 bytes; the archive has \d+ for them",
    ),
    "a long configuration": (
        lambda: archive(lambda m: m.update({"config.json": b" " * 9_000_000})),
        "config.json may have 8388608 bytes; received 9000000",
    ),
    "nested JSON": (lambda: archive(lambda m: m.update({"config.json": NESTED})), "recursion"),
    "no JSON": (lambda: archive(lambda m: m.update({"config.json": b"{"})), "config.json is no JSON"),
    "no text": (lambda: archive(lambda m: m.update({"config.json": b"\xff"})), "can't decode byte"),
    "a list": (
        lambda: archive(lambda m: m.update({"config.json": b"[]"})),
        "model: expected a class_name and a config",
    ),
    "no weights": (lambda: archive(lambda m: m.update({MEMBERS[2]: b""})), "is damaged, or no HDF5 file"),
    "another class": (
        lambda: with_config(lambda c: c.update(class_name="Lambda")),
        "expected a Sequential model; received 'Lambda'",
    ),
    "a Lambda": (
        lambda: with_config(lambda c: layer(c, 1).update(class_name="Lambda")),
        "layer conv2d: 'Lambda' is not among the library's layers",
    ),
    "a class of one's own": (
        lambda: with_config(lambda c: layer(c, 1).update(module="os")),
        "layer conv2d: 'Conv2D' is a class of one's own, of 'os'",
    ),
    "an initializer of one's own": (
        lambda: with_config(
            lambda c: layer(c, 1)["config"].update(kernel_initializer={"class_name": "system", "config": {}})
        ),
        "layer conv2d: 'system' is not among the library's",
    ),
    "no class name": (
        lambda: with_config(lambda c: layer(c, 1)["config"].update(kernel_regularizer={"evil": 1})),
        "layer conv2d: file: expected a class_name and a config",
    ),
    "an option that is not there": (
        lambda: with_config(lambda c: layer(c, 2)["config"].update(renorm=True)),
        "layer batch_normalization: BatchNormalization has no renorm, which is True",
    ),
    "arguments that are no dict": (
        lambda: with_config(lambda c: layer(c, 1).update(config=[])),
        "layer Conv2D: layer: config must be a dict of arguments by name",
    ),
    "a loss's configuration that is a text": (
        lambda: with_config(lambda c: c["compile_config"]["loss"].update(config="x")),
        "loss: config must be a dict of arguments by name; received 'x'",
    ),
    "a metric's configuration that is a text": (
        lambda: with_config(lambda c: c["compile_config"].update(metrics=[{"class_name": "Precision", "config": "x"}])),
        "metrics: config must be a dict of arguments by name; received 'x'",
    ),
    "a configuration that is a number": (
        lambda: with_config(lambda c: c.update(config=1.5)),
        "model: config must be a dict of arguments by name; received 1.5",
    ),
    "half precision": (
        lambda: with_config(lambda c: layer(c, 1)["config"].update(dtype="mixed_float16")),
        "expected layers of one dtype, float32 or float64; received mixed_float16, float32",
    ),
    "no shape": (
        lambda: with_config(
            lambda c: (c["config"]["layers"].pop(0), c["config"].pop("build_input_shape"), c.pop("build_config"))
        ),
        "expected the shape of an example, in batch_shape or build_input_shape; there is none",
    ),
    "a free shape": (
        lambda: with_config(lambda c: c["config"].update(build_input_shape=[None, None, None, 2])),
        "input_shape",
    ),
    "gigantic layers": (
        lambda: with_config(lambda c: layer(c, 7)["config"].update(units=10**15)),
        "dense_1|array|Maximum allowed|too",
    ),
    "two losses": (
        lambda: with_config(lambda c: c["compile_config"].update(loss=["mse", "mae"])),
        r"expected one loss; received .*; load_model\(..., compile=False\) leaves out",
    ),
    "another optimizer": (
        lambda: with_config(lambda c: c["compile_config"].update(optimizer="ftrl")),
        r"'ftrl' is not among the library's optimizers; .*compile=False",
    ),
    "another optimizer's arrays": (
        lambda: with_config(lambda c: c["compile_config"].update(optimizer="SGD")),
        "expected 0 arrays of SGD; found 24; compile=False leaves them out",
    ),
    "fewer layers": (
        lambda: with_config(lambda c: c["config"]["layers"].pop()),
        "holds layers/dense, which does not belong to the model",
    ),
    "a shared layer": (lambda: with_graph(shared), "layer conv2d: is shared: it is called 2 times"),
    "branches that meet in between": (
        lambda: with_graph(crossing),
        "the branches that meet behind '.*' share 'conv2d_4'",
    ),
    "a circle": (
        lambda: with_graph(lambda c, _: c["conv2d"].update(inbound_nodes=[call("dense")])),
        "layer conv2d: takes 'dense', which is no layer before it",
    ),
    "a layer of itself": (
        lambda: with_graph(lambda c, _: c["conv2d"].update(inbound_nodes=[call("conv2d")])),
        "layer conv2d: takes 'conv2d', which is no layer before it",
    ),
    "a layer that is not there": (
        lambda: with_graph(lambda c, _: c["dense"].update(inbound_nodes=[call("nowhere")])),
        "layer dense: takes 'nowhere', which is no layer before it",
    ),
    "two layers of a name": (
        lambda: with_graph(lambda _, layers: layers.append(layers[-1])),
        "layer dense: a layer before has that name",
    ),
    "a layer without a name": (
        lambda: with_graph(lambda c, _: c["dense"].pop("name")),
        "file: name of a layer must be a string; received None",
    ),
    "a layer of nothing": (
        lambda: with_graph(lambda c, _: c["conv2d"].update(inbound_nodes=[])),
        "layer conv2d: takes nothing",
    ),
    "a layer for nothing": (
        lambda: with_graph(lambda c, layers: layers.append({**c["dense"], "name": "more"})),
        "layer more: is not on the way to the output",
    ),
    "two inputs": (
        lambda: with_graph(lambda _, layers: layers.append({**layers[0], "name": "more"})),
        "layer more: expected one InputLayer, 'input_layer'; received InputLayer",
    ),
    "an input that is none": (
        lambda: with_graph(lambda _, layers: layers[0].update(class_name="Dense")),
        "layer input_layer: expected one InputLayer, 'input_layer'; received Dense",
    ),
    "two outputs": (
        lambda: with_config(
            lambda c: c["config"].update(output_layers=[["dense", 0, 0], ["conv2d", 0, 0]]), "keras3_blocks.keras"
        ),
        "output_layers: expected one layer; received",
    ),
    "an output that is not there": (
        lambda: with_config(lambda c: c["config"].update(output_layers=["x", 0, 0]), "keras3_blocks.keras"),
        "the output 'x' does not depend on the input",
    ),
    "a layer of several": (
        lambda: with_graph(lambda c, _: c["dense"].update(inbound_nodes=[call("conv2d", "conv2d_1")])),
        "layer dense: takes 2 layers, which of Add and Concatenate alone is read; received Dense",
    ),
    "an operation that no layer is": (
        lambda: with_graph(lambda c, _: c["dense"].update(operation("nn.relu", ["conv2d", 0, 0, {}]))),
        r"layer dense: the operation 'nn.relu' is not read; of those, x \+ y is",
    ),
    "an operation with a number": (
        lambda: with_graph(lambda c, _: c["dense"].update(operation("math.add", ["conv2d", 0, 0, {"y": 1.5}]))),
        "layer dense: expected a layer's name, its call and its output, 0; received 1.5",
    ),
    "an operation of nothing": (
        lambda: with_graph(lambda c, _: c["dense"].update(operation("math.add", 3))),
        "layer dense: expected a layer's name, its call and its output, 0; received 3",
    ),
    "a sum with a number": (
        lambda: with_graph(lambda c, _: c["dense"].update(inbound_nodes=[{"args": [1.5], "kwargs": {}}])),
        "layer dense: takes 1.5, which is no layer's output",
    ),
    "a call with an option": (
        lambda: with_graph(lambda c, _: c["dense"]["inbound_nodes"][0].update(kwargs={"mask": 1})),
        "layer dense: is called with mask=1, which has no place in a Sequential",
    ),
    "a history that is none": (
        lambda: with_graph(lambda c, _: c["dense"].update(inbound_nodes=[[["conv2d", 0, 1]]])),
        r"layer dense: expected a layer's name, its call and its output, 0; received \['conv2d', 0, 1\]",
    ),
    "an option of Add": (
        lambda: with_graph(lambda c, _: c["add"]["config"].update(alpha=2)),
        "layer add: has no alpha, which is 2",
    ),
    "an Add of one's own": (
        lambda: with_graph(lambda c, _: c["add"].update(module="os")),
        "layer add: 'Add' is a class of one's own, of 'os'",
    ),
    "another merge": (
        lambda: with_graph(lambda c, _: c["add"].update(class_name="Multiply")),
        "layer add: takes 3 layers, which of Add and Concatenate alone is read; received Multiply",
    ),
    "absurd depth": (lambda: with_config(endless, "keras3_blocks.keras"), "recursion"),
    "absurdly many layers": (
        lambda: with_graph(lambda c, layers: layers.extend({**c["dense"], "name": f"more_{k}"} for k in range(1000))),
        "a model may have 1000 layers; received more, branches among them",
    ),
    "absurdly many branches": (
        lambda: with_graph(lambda c, _: c["add"].update(inbound_nodes=[call(*["conv2d"] * 1000)])),
        "a model may have 1000 layers; received more, branches among them",
    ),
    "wrong metadata": (lambda: with_metadata({"numpycnn": {"seed": 1}}), "numpycnn must be a dict with the keys"),
}

FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "no HDF5": (lambda: b"\x89HDF\r\n\x1a\n" + bytes(1000), "is damaged, or no HDF5 file"),
    "an external link": (
        lambda: hdf5(linked(KERNEL, h5py.ExternalLink("/etc/passwd", "/"))),
        "kernel is a ExternalLink, which is not followed",
    ),
    "a soft link": (lambda: hdf5(linked(KERNEL, h5py.SoftLink("/"))), "kernel is a SoftLink, which is not followed"),
    "an external array": (
        lambda: hdf5(replaced(KERNEL, shape=(3, 3, 2, 3), dtype="f4", external=[("/etc/passwd", 0, 216)])),
        "kernel has its numbers in another file",
    ),
    "a petabyte": (
        lambda: hdf5(replaced("optimizer_weights/nadam/iteration", shape=(10**15,), dtype="f4", chunks=(1000,))),
        "iteration declares 4000000000000000 bytes; the file has 0 for them",
    ),
    "a bomb": (
        lambda: hdf5(
            replaced("optimizer_weights/nadam/iteration", data=np.zeros(10**5), compression="gzip", chunks=(10**4,))
        ),
        "iteration declares 800000 bytes; the file has",
    ),
    "gigantic chunks": (
        lambda: hdf5(replaced(KERNEL, shape=(3, 3, 2, 3), maxshape=(None,) * 4, dtype="f4", chunks=(512, 512, 512, 7))),
        "kernel declares 3758096384 bytes",
    ),
    "strings": (lambda: hdf5(replaced(KERNEL, data="x")), "kernel must be an array of numbers"),
    "another shape": (
        lambda: hdf5(replaced(KERNEL, data=np.zeros((3, 3)))),
        r"kernel must have the shape \(3, 3, 2, 3\); received \(3, 3\)",
    ),
    "a missing array": (lambda: hdf5(lambda file: file.pop(KERNEL)), "kernel is missing"),
    "a group for an array": (
        lambda: hdf5(lambda file: (file.pop(KERNEL), file.create_group(KERNEL))),
        "kernel must be an array",
    ),
    "an array for a group": (
        lambda: hdf5(lambda file: (file.pop("model_weights"), file.create_dataset("model_weights", data=1))),
        "model_weights must be a group",
    ),
    "a number for a name": (
        lambda: hdf5(lambda file: file["model_weights/conv2d"].attrs.update(weight_names=[1, 2])),
        "model_weights/conv2d weight_names must be a list of strings",
    ),
    "a number for the configuration": (
        lambda: hdf5(lambda file: file.attrs.update(model_config=1)),
        "model_config must be a string",
    ),
    "a layer less": (
        lambda: hdf5(lambda file: file["model_weights"].attrs.update(layer_names=["conv2d"])),
        "expected 4 layers with arrays; found 1",
    ),
    "an array less": (
        lambda: hdf5(lambda file: file["model_weights/conv2d"].attrs.update(weight_names=["kernel"])),
        "model_weights/conv2d: expected 2 arrays, for conv2d; found 1",
    ),
    "weights alone": (lambda: (FOLDER / "keras3.weights.h5").read_bytes(), "holds weights alone: build the same model"),
    "no steps": (
        lambda: hdf5(replaced("optimizer_weights/nadam/iteration", data=-1)),
        r"the optimizer's first number must be its steps so far; received int64 \(\)",
    ),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_hostile_archives_are_refused(tmp_path: Path, kind: str) -> None:
    check_refused(tmp_path / "model.keras", *ARCHIVES[kind])


@pytest.mark.parametrize("kind", FILES)
def test_hostile_hdf5_files_are_refused(tmp_path: Path, kind: str) -> None:
    check_refused(tmp_path / "model.h5", *FILES[kind])


def check_refused(path: Path, make: Callable[[], bytes], message: str) -> None:
    path.write_bytes(make())
    assert outcome(path, model_like_theirs()) != "read"
    with np.errstate(all="ignore"), pytest.raises(ModelFileError, match=message):  # where numbers were changed
        load_model(path)


if __name__ == "__main__":
    check_changes(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
