"""Files made to do harm: what a reader of models has to refuse. Each is a model's file with a valid digest, but for one thing."""

import hashlib
import json
import math
import pickle
import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any


def parts(raw: bytes) -> tuple[dict[str, Any], bytes]:
    """A file's header and the bytes of its arrays."""
    start = 16 + int.from_bytes(raw[12:16], "little")
    return json.loads(raw[16:start]), raw[start:-32]


def sealed(header: bytes, arrays: bytes, length: int | None = None, version: int = 1) -> bytes:
    """A file of these parts, with the digest that belongs to it."""
    body = b"numpycnn" + struct.pack("<II", version, len(header) if length is None else length) + header + arrays
    return body + hashlib.sha256(body).digest()


def changed(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    """A file whose header was changed in place, and the digest with it."""

    def build(raw: bytes) -> bytes:
        header, arrays = parts(raw)
        change(header)
        return sealed(json.dumps(header).encode(), arrays)

    return build


def replaced(right: str, wrong: str) -> Callable[[bytes], bytes]:
    """A file in whose header a text was replaced, which may leave no JSON."""

    def build(raw: bytes) -> bytes:
        header, arrays = parts(raw)
        text = json.dumps(header)
        assert right in text
        return sealed(text.replace(right, wrong, 1).encode(), arrays)

    return build


def fact(name: str, value: Any) -> Callable[[bytes], bytes]:
    """A file with another value of one fact."""
    return changed(lambda header: header["facts"].update({name: value}))


def array(index: int, **entries: Any) -> Callable[[bytes], bytes]:
    """A file that declares one array otherwise."""
    return changed(lambda header: header["arrays"][index].update(entries))


def layer(index: int, **config: Any) -> Callable[[bytes], bytes]:
    """A file with other arguments of one layer."""
    return changed(lambda header: header["facts"]["layers"][index]["config"].update(config))


def more_arrays(raw: bytes, *added: tuple[str, str, list[int]]) -> bytes:
    """A file with more arrays, of 0xff bytes, by name, dtype and shape."""
    header, arrays = parts(raw)
    for name, dtype, shape in added:
        header["arrays"].append({"name": name, "dtype": dtype, "shape": shape, "offset": len(arrays)})
        arrays += b"\xff" * (math.prod(shape) * int(dtype[-1]))
    return sealed(json.dumps(header).encode(), arrays)


class Exploit:
    """What a pickle would run."""

    def __reduce__(self) -> Any:
        return exec, ("raise SystemExit('a file ran code')",)


def zipped(raw: bytes) -> bytes:
    """An archive as np.savez writes it, that declares an array of petabytes."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        text = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000,), }\n"
        archive.writestr("../../evil.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text)
    return target.getvalue()


FILES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    # not such a file at all
    "an empty file": (lambda raw: b"", "ends too early, after 0 bytes"),
    "a pickle": (lambda raw: pickle.dumps(Exploit()), "expected a file that begins with b'numpycnn'"),
    "a pickle behind the letters": (
        lambda raw: sealed(pickle.dumps(Exploit()), b""),
        "'utf-8' codec can't decode byte 0x80",
    ),
    "an archive": (zipped, "expected a file that begins with b'numpycnn'; received b'PK"),
    "zeros": (lambda raw: bytes(10_000), "expected a file that begins with b'numpycnn'"),
    # its frame
    "of a version to come": (lambda raw: sealed(b"{}", b"", version=2), "expected the format's version 1; received 2"),
    "of a version far off": (
        lambda raw: sealed(b"{}", b"", version=1 + 2**24),
        "expected the format's version 1; received 16777217",
    ),
    "a header of 4 GB": (lambda raw: sealed(b"{}", b"", length=2**32 - 1), "a header of 4294967295 bytes is too long"),
    "a header longer than the file": (lambda raw: sealed(b"{}", b"", length=10_000), "a header of 10000 bytes is too"),
    "a header that takes the digest": (lambda raw: sealed(b"{}", b"", length=34), "a header of 34 bytes is too"),
    "a header that takes a byte of the digest": (
        lambda raw: sealed(b"{}", b"", length=3),
        "a header of 3 bytes is too",
    ),
    "bytes after the end": (lambda raw: raw + b"\0", "the file has"),
    "arrays without their digest": (lambda raw: raw[:-32], "the file has"),
    "another digest": (lambda raw: raw[:-32] + bytes(32), "does not agree with its digest"),
    # its JSON
    "deep JSON": (lambda raw: sealed(b"[" * 500_000 + b"]" * 500_000, b""), "maximum recursion depth|header must be"),
    "deep objects": (lambda raw: sealed(b'{"a":' * 150_000, b""), "maximum recursion depth|Expecting value"),
    "long JSON": (lambda raw: sealed(b"[" + b"0," * 500_000 + b"0]", b""), "file: header must be a dict"),
    "a header of 10 MB": (lambda raw: sealed(b" " * 10_000_000, b""), "a header of 10000000 bytes is too long"),
    "no UTF-8": (lambda raw: sealed(b'{"facts": "\xff"}', b""), "'utf-8' codec can't decode"),
    "JSON in UTF-16": (lambda raw: sealed(json.dumps(parts(raw)[0]).encode("utf-16"), parts(raw)[1]), "'utf-8' codec"),
    "no JSON": (lambda raw: sealed(b"import os", b""), "Expecting value"),
    "a key twice": (replaced('"kind": "model"', '"kind": "model", "kind": "model"'), "a key comes twice among kind, "),
    "a number of a million digits": (
        replaced('"steps": 0', f'"steps": 1{"0" * 900_000}'),
        "Exceeds the limit|steps must be at most",
    ),
    "NaN for a count": (replaced('"steps": 0', '"steps": NaN'), "NaN is no JSON"),
    "infinity for a size": (replaced('"input_shape": [2]', '"input_shape": [Infinity]'), "Infinity is no JSON"),
    "one fact more": (fact("hook", "os.system"), "file: facts must be a dict with the keys"),
    "one fact less": (changed(lambda header: header["facts"].pop("seed")), "file: facts must be a dict with the keys"),
    "facts in a list": (changed(lambda header: header.update(facts=[])), "file: facts must be a dict"),
    # its arrays
    "petabytes": (array(0, shape=[2**50, 2]), r"\(1125899906842624, 2\) is larger than the file"),
    "a product that overflows 64 bits": (array(0, shape=[2**32, 2**32]), r"\(4294967296, 4294967296\) is larger"),
    "a size of 4,000 digits": (array(0, shape=[10**4000]), r"weights/a/kernel of shape \(10000"),
    "sizes that only their product makes too large": (array(0, shape=[3, 5]), "must begin at offset 60; received 16"),
    "sizes whose product takes long": (array(0, shape=[9] * 300_000), "kernel may have 32 axes; received 300000"),
    "a size of zero": (array(0, shape=[0, 2]), "weights/a/bias must begin at offset 0; received 16"),
    "a negative size": (array(0, shape=[-2, -2]), "file: shape of weights/a/kernel must be an integer of at least 0"),
    "a size that is true": (
        array(0, shape=[True, 2]),
        "file: shape of weights/a/kernel must be an integer of at least 0",
    ),
    "a size that is a float": (
        array(0, shape=[2.0, 2]),
        "file: shape of weights/a/kernel must be an integer of at least 0",
    ),
    "sizes in a dict": (array(0, shape={"2": 2}), "file: shape of weights/a/kernel must be a list"),
    "32 axes": (array(0, shape=[2, 2] + [1] * 30), "expected weights/a/kernel as float32 of shape"),
    "objects": (array(0, dtype="|O"), "file: dtype of weights/a/kernel must be one of '<f4', '<f8', '<i8'"),
    "a structured dtype": (array(0, dtype="f4,O"), "file: dtype of weights/a/kernel must be one of"),
    "another dtype of the same size": (array(0, dtype="<f8", shape=[2]), "expected weights/a/kernel as float32 of"),
    "an overlap": (array(1, offset=0), "weights/a/bias must begin at offset 16; received 0"),
    "a hole": (array(1, offset=20), "weights/a/bias must begin at offset 16; received 20"),
    "a negative offset": (array(0, offset=-8), "file: offset of weights/a/kernel must be an integer of at least 0"),
    "a name twice": (array(1, name="weights/a/kernel"), "two arrays have the name 'weights/a/kernel'"),
    "a name that climbs out": (
        array(1, name="../../../etc/passwd"),
        "expected the array weights/a/bias, which is miss",
    ),
    "a name that is none": (array(1, name=None), "file: array's name must be a string"),
    "an array too many": (
        lambda raw: more_arrays(raw, ("weights/c/kernel", "<f4", [1])),
        "holds the array weights/c/kernel, which does not belong to the model",
    ),
    "arrays in a dict": (changed(lambda header: header.update(arrays={})), "file: arrays must be a list"),
    "an array with a key more": (array(0, hook="os.system"), "file: array must be a dict with the keys"),
    "a text of a million letters": (layer(0, name="a" * 10**6), "a text may have 1000 characters; received 1000000"),
    "words to the terminal": (
        layer(0, name="\x1b]0;"),
        r"expected the array weights/\\x1b\]0;/kernel, which is missing$",
    ),
    # its model
    "of another kind": (fact("kind", "weights"), "file: kind must be one of 'model'"),
    "an unknown class": (
        changed(lambda header: header["facts"]["layers"][0].update(class_name="os.system")),
        "file: class_name of layer must be one of 'Activation', 'Conv2D'",
    ),
    "a class by its path": (
        changed(lambda header: header["facts"]["layers"][0].update(class_name="numpycnn.layers.Dense")),
        "file: class_name of layer must be one of",
    ),
    "a class that is no text": (
        changed(lambda header: header["facts"]["layers"][0].update(class_name=["Dense"])),
        "file: class_name of layer must be one of",
    ),
    "an unknown initializer": (
        layer(0, kernel_initializer={"class_name": "eval", "config": {}}),
        "class_name of kernel_initializer must be one of 'Constant'",
    ),
    "an unknown loss": (
        changed(lambda header: header["facts"]["compiled"]["loss"].update(class_name="print")),
        "file: class_name of loss must be one of 'CategoricalCrossentropy'",
    ),
    "compiled with a key more": (
        changed(lambda header: header["facts"]["compiled"].update(hook="os.system")),
        "file: compiled must be a dict with the keys",
    ),
    "metrics in a text": (
        changed(lambda header: header["facts"]["compiled"].update(metrics="acc")),
        "file: metrics must be a list; received 'acc'",
    ),
    "an unknown optimizer": (
        changed(lambda header: header["facts"]["compiled"]["optimizer"].update(class_name="SystemExit")),
        "file: class_name of optimizer must be one of 'SGD', 'RMSprop', 'Adam'",
    ),
    "an unknown metric": (
        changed(lambda header: header["facts"]["compiled"].update(metrics=["os.system"])),
        "file: metric must be one of 'accuracy', 'acc'",
    ),
    "an optimizer's argument that is left out": (
        changed(lambda header: header["facts"]["compiled"]["optimizer"].update(config={})),
        "file: expected compiled {.*'learning_rate': 0.01, .*received {",
    ),
    "a metric twice": (
        changed(lambda header: header["facts"]["compiled"].update(metrics=["accuracy", "accuracy"])),
        "file: expected compiled {",
    ),
    "an unknown argument": (layer(0, hook="os.system"), "unexpected keyword argument 'hook'"),
    "an argument that is left out": (
        changed(lambda header: header["facts"]["layers"][0]["config"].pop("use_bias")),
        "a: expected the config",
    ),
    "units beyond any memory": (layer(1, units=10**9), "expected weights/b/kernel as float32 of shape"),
    "a window beyond any image": (
        changed(
            lambda header: header["facts"]["layers"].__setitem__(
                0, {"class_name": "MaxPooling2D", "config": {"pool_size": [10**9, 10**9]}}
            )
        ),
        "max_pooling2d: expected the config",
    ),
    "an input beyond any memory": (fact("input_shape", [10**9]), "a: expected input_shape|expected weights/a/kernel"),
    "an input of axes without end": (
        fact("input_shape", [9] * 300_000),
        "file: input_shape may have 32 axes; received 3",
    ),
    "layers in a text": (fact("layers", "none"), "file: layers must be a list; received 'none'"),
    "no layers": (fact("layers", []), "file: layers must be 1 to 1000; received 0"),
    "a hundred thousand layers": (
        fact("layers", [{"class_name": "Flatten", "config": {}}] * 20_000),
        "layers must be 1 to 1000; received 20000|is too long",
    ),
    "two layers of one name": (layer(1, name="a"), "a: layers of a model must have different names"),
    "layers that do not fit": (layer(1, input_shape=[3]), "b: expected input_shape \\(3,\\); received \\(2,\\)"),
    "a seed that is none": (fact("seed", None), "file: seed must be an integer of at least 0"),
    "a seed beyond bounds": (fact("seed", 2**64), "file: seed must be at most 9223372036854775807"),
    "steps beyond bounds": (fact("steps", 10**400), "file: steps must be at most"),
    "negative iterations": (fact("iterations", -1), "file: iterations must be an integer of at least 0"),
    "a learning rate below zero": (
        changed(lambda header: header["facts"]["compiled"]["optimizer"]["config"].update(learning_rate=-1)),
        "SGD: learning_rate must be a finite number, at least 0",
    ),
    "a learning rate beyond all floats": (
        changed(lambda header: header["facts"]["compiled"]["optimizer"]["config"].update(learning_rate=10**400)),
        "SGD: learning_rate must be from",
    ),
    "a dtype that is none": (fact("dtype", "object"), "file: dtype must be one of 'float32', 'float64'"),
    "a flag that is a number": (fact("fast", 1), "file: fast must be True or False"),
    "an end that is a number": (fact("stopped", 0), "file: stopped must be True or False"),
    "a name that is a path": (fact("name", "../model"), "file: name must not be empty nor contain '/'"),
    "a history of figures that are missing": (
        fact("history", ["loss"]),
        "expected the array epoch, which is missing",
    ),
    "a history of another kind": (fact("history", "none"), "file: history must be a list; received 'none'"),
    "an epoch below zero": (
        lambda raw: more_arrays(fact("history", [])(raw), ("epoch", "<i8", [1])),
        "file: epoch must be an integer of at least 0; received .*-1",
    ),
    "a figure that is none": (fact("history", [{}]), "file: figure must be a string"),
    "a figure that is no list": (
        lambda raw: more_arrays(fact("history", ["loss"])(raw), ("epoch", "<i8", [1]), ("history/loss", "<f8", [])),
        r"expected history/loss as float64 of shape \(0,\); received float64 of shape \(\)",
    ),
    "a figure that is a table": (
        lambda raw: more_arrays(fact("history", ["loss"])(raw), ("epoch", "<i8", [1]), ("history/loss", "<f8", [1, 1])),
        r"expected history/loss as float64 of shape \(1,\); received float64 of shape \(1, 1\)",
    ),
    "a callback that is none": (fact("callbacks", [{}]), "file: callback must be a string"),
    "callbacks in a text": (fact("callbacks", "none"), "file: callbacks must be a list; received 'none'"),
    "callbacks without end, and arrays of none of them": (
        lambda raw: more_arrays(
            fact("callbacks", [""] * 100_000)(raw), *[(f"x/{k}", "<f4", [1]) for k in range(3_000)]
        ),
        "holds the array x/0, which does not belong to the model",
    ),
    "a callback's array without a name": (
        lambda raw: more_arrays(fact("callbacks", [""])(raw), ("callbacks/0", "<f4", [1])),
        "holds the array callbacks/0, which does not belong to the model",
    ),
}
"""By name: how to make the file from a model's, and what the error says of it."""
