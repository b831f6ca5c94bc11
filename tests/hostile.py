"""Files made to do harm: what a reader of models has to refuse. Each is a model's file with a valid digest, but for one thing."""

import hashlib
import json
import math
import pickle
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any, NamedTuple

NO_DIGEST = "0" * 64
SIZES = {"F32": 4, "F64": 8, "I64": 8}


class Parts(NamedTuple):
    """What a file is made of."""

    metadata: dict[str, str]
    """The digest, the format and its version."""
    facts: dict[str, Any]
    """The rest of the metadata, which is JSON."""
    arrays: dict[str, Any]
    buffer: bytes


def parts(raw: bytes) -> Parts:
    """What a file of a model is made of."""
    start = 8 + int.from_bytes(raw[:8], "little")
    arrays = json.loads(raw[8:start])
    metadata = {**arrays.pop("__metadata__"), "sha256": NO_DIGEST}
    facts = {key: json.loads(metadata.pop(key)) for key in list(metadata) if key not in ("sha256", "format", "version")}
    return Parts(metadata, facts, arrays, raw[start:])


def header(parts: Parts) -> bytes:
    """The header of a file of these parts."""
    texts = {key: json.dumps(value) for key, value in parts.facts.items()}
    metadata = {**parts.metadata, **texts}
    return json.dumps({"__metadata__": metadata, **parts.arrays}, separators=(",", ":")).encode()


def sealed(header: bytes, buffer: bytes, length: int | None = None) -> bytes:
    """A file of this header and buffer, with the digest that belongs to it where its place is there."""
    before, place, after = header.partition(b'"sha256":"')
    header = before + place + (NO_DIGEST.encode() + after[64:] if place else after)
    body = (len(header) if length is None else length).to_bytes(8, "little") + header + buffer
    return body.replace(place + NO_DIGEST.encode(), place + hashlib.sha256(body).hexdigest().encode(), 1)


def assembled(parts: Parts) -> bytes:
    """A file of these parts, with the digest that belongs to it."""
    return sealed(header(parts), parts.buffer)


def changed(change: Callable[[Parts], object]) -> Callable[[bytes], bytes]:
    """A file whose header was changed in place, and the digest with it."""

    def build(raw: bytes) -> bytes:
        found = parts(raw)
        change(found)
        return assembled(found)

    return build


def replaced(right: str, wrong: str) -> Callable[[bytes], bytes]:
    """A file in whose header a text was replaced, which may leave no JSON."""

    def build(raw: bytes) -> bytes:
        found = parts(raw)
        text = header(found).decode()
        assert right in text
        return sealed(text.replace(right, wrong, 1).encode(), found.buffer)

    return build


def fact(name: str, value: Any) -> Callable[[bytes], bytes]:
    """A file with another value of one fact."""
    return changed(lambda parts: parts.facts.update({name: value}))


def metadata(name: str, text: Any) -> Callable[[bytes], bytes]:
    """A file with another text in its metadata, which may be no JSON."""

    def change(parts: Parts) -> None:
        parts.facts.pop(name, None)
        parts.metadata[name] = text

    return changed(change)


def part_of(fact: str, name: str, value: Any) -> Callable[[bytes], bytes]:
    """A file with another value in a fact that is a dict."""
    return changed(lambda parts: parts.facts[fact].update({name: value}))


def array(name: str, **entries: Any) -> Callable[[bytes], bytes]:
    """A file that declares one array otherwise."""
    return changed(lambda parts: parts.arrays[name].update(entries))


def layer(index: int, **config: Any) -> Callable[[bytes], bytes]:
    """A file with other arguments of one layer."""
    return changed(lambda parts: parts.facts["config"]["layers"][index]["config"].update(config))


def renamed(right: str, wrong: str) -> Callable[[bytes], bytes]:
    """A file in which an array has another name."""
    return changed(lambda parts: parts.arrays.update({wrong: parts.arrays.pop(right)}))


def more_arrays(raw: bytes, *added: tuple[str, str, list[int]]) -> bytes:
    """A file with more arrays, of 0xff bytes, by name, dtype and shape."""
    found = parts(raw)
    buffer = found.buffer
    for name, dtype, shape in added:
        begin, size = len(buffer), math.prod(shape) * SIZES[dtype]
        found.arrays[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, begin + size]}
        buffer += b"\xff" * size
    return assembled(found._replace(buffer=buffer))


class Exploit:
    """What a pickle would run."""

    def __reduce__(self) -> Any:
        return exec, ("raise SystemExit('a file ran code')",)


def zipped(raw: bytes) -> bytes:
    """An archive, as Keras and np.savez write it."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("../../evil.npy", raw)
    return target.getvalue()


KERNEL, BIAS = "weights/a/kernel", "weights/a/bias"
NO_MODEL = "expected a file that Sequential.save wrote, with the model's layers; this one holds arrays alone: build the"

FILES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    # another file altogether
    "an empty file": (lambda raw: b"", "ends too early, after 0 bytes"),
    "a pickle": (lambda raw: pickle.dumps(Exploit()), "this is a pickle, which can run code: load it with the program"),
    "a pickle in the place of the header": (
        lambda raw: sealed(pickle.dumps(Exploit()), b""),
        r"a header must begin with '\{'; received b'\\x80'",
    ),
    "an archive": (zipped, "this is a zip archive, as Keras writes it to .keras"),
    "HDF5": (
        lambda raw: b"\x89HDF\r\n\x1a\n" + raw,
        r"this is an HDF5 file, as Keras and h5py write it: give it the suffix .h5",
    ),
    "the former format": (
        lambda raw: b"numpycnn\x01\0\0\0" + raw,
        "this is a file that was written by an earlier version of numpycnn: train or save the model again",
    ),
    "zeros": (lambda raw: bytes(10_000), r"a header must begin with '\{'; received b''"),
    "arrays of another library": (
        lambda raw: sealed(json.dumps(parts(raw).arrays).encode(), parts(raw).buffer),
        NO_MODEL,
    ),
    "arrays of another library that says what made it": (
        lambda raw: sealed(
            json.dumps({"__metadata__": {"format": "pt"}, **parts(raw).arrays}).encode(), parts(raw).buffer
        ),
        NO_MODEL,
    ),
    "a model without a digest": (
        replaced('"sha256":"', '"sha255":"'),
        "file: metadata must be a dict with the keys .*; received the keys sha255, config",
    ),
    "a model whose digest stands elsewhere": (
        replaced(f'"sha256":"{NO_DIGEST}","format":"numpycnn"', f'"format":"numpycnn","sha256":"{NO_DIGEST}"'),
        "does not agree with its digest",
    ),
    "a model that says that another library made it": (
        metadata("format", "pt"),
        "file: format must be one of 'numpycnn'; received 'pt'",
    ),
    "a model without digest, format and version": (
        lambda raw: assembled(parts(raw)._replace(metadata={})),
        NO_MODEL,
    ),
    "weights alone": (changed(lambda parts: parts.facts.clear()), NO_MODEL),
    "a later version": (metadata("version", "2"), "file: version must be one of '1'; received '2'"),
    # its frame
    "a header of 2**64 bytes": (lambda raw: b"\xff" * 8 + raw, "a header may have 8388608 bytes; received 18446744073"),
    "a header of a byte too many": (lambda raw: (2**23 + 1).to_bytes(8, "little") + raw, "bytes; received 8388609"),
    "a header longer than the file": (
        lambda raw: sealed(b"{}", b"", length=10_000),
        "a header of 10000 bytes is longer than the file of 10",
    ),
    "a header of a byte more than the file": (
        lambda raw: sealed(b"{}", b"", length=3),
        "a header of 3 bytes is longer than the file of 10",
    ),
    "bytes after the end": (lambda raw: raw + b"\0", "bytes; the file has"),
    "another digest": (lambda raw: raw[:35] + b"1" * 64 + raw[99:], "does not agree with its digest"),
    "a digest in capitals": (lambda raw: raw[:35] + raw[35:99].upper() + raw[99:], "does not agree with its digest"),
    # its JSON
    "deep objects": (lambda raw: sealed(b'{"a":' * 150_000, b""), "maximum recursion depth|Expecting value"),
    "deep lists": (metadata("history", "[" * 500_000 + "]" * 500_000), "maximum recursion depth|history must be"),
    "long JSON": (
        metadata("config", "[" + "0," * 100_000 + "0]"),
        "file: a model must have 1 to 1000 layers; received 0",
    ),
    "many objects": (metadata("callbacks", "[" + "{}," * 100_000 + "{}]"), "file: callback must be a string"),
    "a header of 10 MB": (
        lambda raw: sealed(b" " * 10_000_000, b""),
        "a header may have 8388608 bytes; received 10000",
    ),
    "a header of nothing": (lambda raw: sealed(b"", b""), "a header must begin with"),
    "spaces before the header": (lambda raw: sealed(b" " + header(parts(raw)), parts(raw).buffer), "must begin with"),
    "no UTF-8": (lambda raw: sealed(b'{"\xff": {}}', b""), "'utf-8' codec can't decode"),
    "JSON in UTF-16": (
        lambda raw: sealed(header(parts(raw)).decode().encode("utf-16-le"), parts(raw).buffer),
        "Expecting property name",
    ),
    "no JSON": (lambda raw: sealed(b"{import os}", b""), "Expecting property name"),
    "two JSON values": (lambda raw: sealed(b"{}{}", b""), "Extra data"),
    "an array twice": (
        replaced(f'"{BIAS}":', f'"{KERNEL}":'),
        f"a key comes twice among __metadata__, {KERNEL}, {KERNEL}, weights/b/kernel",
    ),
    "a key twice": (metadata("position", '{"steps": 0, "steps": 1}'), "a key comes twice among steps, steps"),
    "a number of a million digits": (
        metadata("position", f'{{"iterations": 0, "stopped": false, "steps": 1{"0" * 900_000}}}'),
        "Exceeds the limit|steps must be at most",
    ),
    "NaN for a count": (metadata("position", '{"steps": NaN}'), "NaN is not JSON"),
    "infinity for a size": (metadata("input_shape", "[Infinity]"), "Infinity is not JSON"),
    "metadata in a list": (
        lambda raw: sealed(b'{"__metadata__":["sha256"]}', b""),
        "__metadata__ must be a dict of strings; received",
    ),
    "metadata that is no text": (metadata("version", 1), "file: __metadata__ version must be a string; received 1"),
    "metadata that is no JSON": (metadata("callbacks", "os.system"), "Expecting value"),
    "metadata without a version": (
        replaced('"version":"1",', ""),
        "file: version must be one of '1'; received None",
    ),
    "one fact more": (fact("hook", "os.system"), "file: metadata must be a dict with the keys callbacks, compile_con"),
    "one fact less": (changed(lambda parts: parts.facts.pop("history")), "file: metadata must be a dict with the keys"),
    # its arrays
    "petabytes": (
        array(KERNEL, shape=[2**50, 2]),
        r"weights/a/kernel, float32 of shape \(1125899906842624, 2\), must have the data_offsets \[0, 9007199254740992",
    ),
    "a product that overflows 64 bits": (array(KERNEL, shape=[2**32, 2**32]), r"\(4294967296, 4294967296\), must have"),
    "a size beyond 64 bits": (array(KERNEL, shape=[2**63]), "shape of weights/a/kernel must be at most 92233720368547"),
    "a size of 4,000 digits": (array(KERNEL, shape=[10**4000]), "shape of weights/a/kernel must be at most 9223372036"),
    "sizes that only their product makes too large": (
        array(KERNEL, shape=[3, 5]),
        r"must have the data_offsets \[0, 60\]; received \[0, 16\]",
    ),
    "sizes whose product takes long": (array(KERNEL, shape=[9] * 30_000), "kernel may have 32 axes; received 30000"),
    "a size of zero": (array(KERNEL, shape=[0, 2]), r"must have the data_offsets \[0, 0\]; received \[0, 16\]"),
    "a negative size": (array(KERNEL, shape=[-2, -2]), f"file: shape of {KERNEL} must be an integer of at least 0"),
    "a size that is true": (array(KERNEL, shape=[True, 2]), f"file: shape of {KERNEL} must be an integer of at least"),
    "a size that is a float": (
        array(KERNEL, shape=[2.0, 2]),
        f"file: shape of {KERNEL} must be an integer of at least",
    ),
    "sizes in a dict": (array(KERNEL, shape={"2": 2}), f"file: shape of {KERNEL} must be a list"),
    "32 axes": (array(KERNEL, shape=[2, 2] + [1] * 30), f"expected {KERNEL} as float32 of shape"),
    "objects": (array(KERNEL, dtype="O"), f"file: dtype of {KERNEL} must be one of 'F32', 'F64', 'I64'; received 'O'"),
    "half precision": (array(KERNEL, dtype="F16"), f"file: dtype of {KERNEL} must be one of 'F32', 'F64', 'I64'"),
    "a dtype in a list": (array(KERNEL, dtype=["F32"]), f"file: dtype of {KERNEL} must be one of"),
    "another dtype of the same size": (
        array(KERNEL, dtype="F64", shape=[2]),
        rf"expected {KERNEL} as float32 of shape \(2, 2\); received float64 of shape \(2,\)",
    ),
    "an overlap": (
        array(BIAS, data_offsets=[8, 16]),
        r"bias, float32 of .* data_offsets \[16, 24\]; received \[8, 16\]",
    ),
    "a hole": (array(BIAS, data_offsets=[20, 28]), r"data_offsets \[.*; received \["),
    "a negative offset": (array(KERNEL, data_offsets=[-8, 8]), f"file: data_offsets of {KERNEL} must be an integer of"),
    "an offset that is a float": (
        array(KERNEL, data_offsets=[0, 16.0]),
        f"file: data_offsets of {KERNEL} must be an in",
    ),
    "one offset": (array(KERNEL, data_offsets=[0]), f"file: expected 2 data_offsets of {KERNEL}; received 1"),
    "an end before the beginning": (array(BIAS, data_offsets=[24, 16]), r"must have the data_offsets"),
    "an array that declares too little": (
        array(KERNEL, shape=[1], data_offsets=[12, 16]),
        "must have the data_offsets",
    ),
    "a buffer that no array declares": (
        changed(lambda parts: parts.arrays.pop("weights/b/bias")),
        "the arrays take 32 bytes; the file has 36 for them",
    ),
    "a name that climbs out": (renamed(BIAS, "../../../etc/passwd"), f"expected the array {BIAS}, which is missing"),
    "an array too many": (
        lambda raw: more_arrays(raw, ("weights/c/kernel", "F32", [1])),
        "holds the array weights/c/kernel, which does not belong to the model",
    ),
    "a slot that the optimizer does not have": (
        lambda raw: more_arrays(raw, ("optimizer/velocity/a/bias", "F32", [2])),
        "holds the array optimizer/velocity/a/bias, which does not belong to the model",
    ),
    "an array with a key more": (array(KERNEL, hook="os.system"), f"file: array {KERNEL} must be a dict with the keys"),
    "an array that is a text": (
        changed(lambda parts: parts.arrays.update({KERNEL: "F32"})),
        f"file: array {KERNEL} must be a dict with the keys data_offsets, dtype, shape; received 'F32'",
    ),
    "a text of a million letters": (layer(0, name="a" * 10**6), "expected the array weights/aaaaaaa"),
    "words to the terminal": (
        layer(0, name="\x1b]0;"),
        r"expected the array weights/\\x1b\]0;/kernel, which is missing$",
    ),
    # its model
    "a model of a text": (fact("config", "Sequential"), "file: a model must have 1 to 1000 layers; received 0"),
    "an unknown class": (
        changed(lambda parts: parts.facts["config"]["layers"][0].update(class_name="os.system")),
        "from_config: class_name of layer must be one of 'Activation', ",
    ),
    "a class by its path": (
        changed(lambda parts: parts.facts["config"]["layers"][0].update(class_name="numpycnn.layers.Dense")),
        "from_config: class_name of layer must be one of",
    ),
    "a class that is no text": (
        changed(lambda parts: parts.facts["config"]["layers"][0].update(class_name=["Dense"])),
        "from_config: class_name of layer must be one of",
    ),
    "an unknown initializer": (
        layer(0, kernel_initializer={"class_name": "eval", "config": {}}),
        "class_name of kernel_initializer must be one of 'Zeros'",
    ),
    "an unknown loss": (
        changed(lambda parts: parts.facts["compile_config"]["loss"].update(class_name="print")),
        "file: class_name of loss must be one of 'BinaryCrossentropy', 'CategoricalCrossentropy'",
    ),
    "compile_config with a key more": (
        part_of("compile_config", "hook", "os.system"),
        "file: compile_config must be a dict with the keys",
    ),
    "metrics in a text": (
        part_of("compile_config", "metrics", "acc"),
        "file: metrics must be a list; received 'acc'",
    ),
    "an unknown optimizer": (
        changed(lambda parts: parts.facts["compile_config"]["optimizer"].update(class_name="SystemExit")),
        "file: class_name of optimizer must be one of 'SGD', 'RMSprop', 'Adam'",
    ),
    "an unknown metric": (
        part_of("compile_config", "metrics", ["os.system"]),
        "file: the metric 'os.system' is of the program that wrote it: load_model takes it by custom_objects",
    ),
    "metrics in lists": (
        part_of("compile_config", "metrics", [["accuracy"]]),
        "file: metrics must be names or configurations; received ",
    ),
    "a metric of another class": (
        part_of("compile_config", "metrics", [{"class_name": "Mean", "config": {}}]),
        "file: the metric 'Mean' is of the program that wrote it",
    ),
    "an optimizer's argument that is left out": (
        changed(lambda parts: parts.facts["compile_config"]["optimizer"].update(config={})),
        "file: expected compile_config/optimizer/config/name 'sgd'; received None",
    ),
    "an unknown argument": (layer(0, hook="os.system"), "hook"),
    "an argument that is left out": (
        changed(lambda parts: parts.facts["config"]["layers"][0]["config"].pop("use_bias")),
        "file: expected config/layers/0/config/use_bias True; received None",
    ),
    "units beyond any memory": (layer(1, units=10**9), "expected weights/b/kernel as float32 of shape"),
    "a window beyond any image": (
        changed(
            lambda parts: parts.facts["config"]["layers"].__setitem__(
                0, {"class_name": "MaxPooling2D", "config": {"pool_size": [10**9, 10**9]}}
            )
        ),
        r"max_pooling2d: expected images of shape \(rows, columns, channels\); received \(2,\)",
    ),
    "an input beyond any memory": (fact("input_shape", [10**9]), "a: expected input_shape|expected weights/a/kernel"),
    "an input of axes without end": (
        fact("input_shape", [9] * 30_000),
        "file: input_shape may have 32 axes; received 3",
    ),
    "a layer of a text": (
        part_of("config", "layers", ["Dense"]),
        "file: layer must be a dict with the keys class_name, config; received 'Dense'",
    ),
    "a thousand layers inside one": (
        part_of(
            "config",
            "layers",
            [
                {
                    "class_name": "Sequential",
                    "config": {
                        **{"name": "c", "seed": None, "fast": True, "dtype": None},
                        "layers": [{"class_name": "Flatten", "config": {}}] * 1_000,
                    },
                }
            ],
        ),
        "file: a model must have 1 to 1000 layers; received 1001",
    ),
    "layers in one another without end": (
        metadata("config", '{"layers": [{"class_name": "Sequential", "config": ' * 100 + "0" + "}]}" * 100),
        "from_config: config must be a dict with the keys",
    ),
    "a layer with another input": (
        layer(1, input_shape="os.system"),
        "file: expected config/layers/1/config/input_shape",
    ),
    "a layer with more axes of input": (
        layer(1, input_shape=[2, 1]),
        "file: expected config/layers/1/config/input_shape/1 None; received 1",
    ),
    "layers in a text": (part_of("config", "layers", "none"), "file: layers must be a list; received 'none'"),
    "no layers": (part_of("config", "layers", []), "file: a model must have 1 to 1000 layers; received 0"),
    "twenty thousand layers": (
        part_of("config", "layers", [{"class_name": "Flatten", "config": {}}] * 20_000),
        "file: a model must have 1 to 1000 layers; received 1001",
    ),
    "two layers of one name": (layer(1, name="a"), "a: layers of a model must have different names"),
    "layers that do not fit": (
        layer(1, input_shape=[3]),
        "file: expected config/layers/1/config/input_shape/0 2; received 3",
    ),
    "a seed that is none": (part_of("config", "seed", None), "file: seed must be an integer of at least 0"),
    "a seed beyond bounds": (part_of("config", "seed", 2**64), "file: seed must be at most 9223372036854775807"),
    "steps beyond bounds": (part_of("position", "steps", 10**400), "file: steps must be at most"),
    "negative iterations": (part_of("position", "iterations", -1), "file: iterations must be an integer of at least 0"),
    "a position that is none": (fact("position", None), "file: position must be a dict with the keys"),
    "a learning rate below zero": (
        changed(lambda parts: parts.facts["compile_config"]["optimizer"]["config"].update(learning_rate=-1)),
        "SGD: learning_rate must be a finite number, at least 0",
    ),
    "a learning rate beyond all floats": (
        changed(lambda parts: parts.facts["compile_config"]["optimizer"]["config"].update(learning_rate=10**400)),
        "SGD: learning_rate must be from",
    ),
    "a dtype that is none": (part_of("config", "dtype", "object"), "tiny: dtype must be one of 'float32', 'float64'"),
    "a flag that is a number": (part_of("config", "fast", 1), "tiny: fast must be True or False"),
    "an end that is a number": (part_of("position", "stopped", 0), "file: stopped must be True or False"),
    "a name that is a path": (
        part_of("config", "name", "../model"),
        "Sequential: name must not be empty nor contain '/'",
    ),
    "a history of another kind": (fact("history", "none"), "file: history must be a dict with the keys epoch, history"),
    "a history of lists without names": (
        fact("history", {"epoch": [], "history": [[0.5]]}),
        r"file: history must be a dict of lists by name; received \[\[0.5\]\]",
    ),
    "an epoch below zero": (
        fact("history", {"epoch": [-1], "history": {}}),
        "History: epoch must be an integer of at least 0; received -1",
    ),
    "an epoch beyond bounds": (
        fact("history", {"epoch": [2**63], "history": {}}),
        "History: epoch must be at most 9223372036854775807; received 9223372036854775808",
    ),
    "epochs in a text": (fact("history", {"epoch": "01", "history": {}}), "file: epoch must be a list; received '01'"),
    "a figure that is no list": (
        fact("history", {"epoch": [0], "history": {"loss": 0.5}}),
        "file: loss must be a list; received 0.5",
    ),
    "a figure that is a table": (
        fact("history", {"epoch": [0], "history": {"loss": [[[0.5]]]}}),
        r"file: loss must be a list of floats; received \[0.5\]",
    ),
    "a figure that is another text": (
        fact("history", {"epoch": [0], "history": {"loss": ["1e5"]}}),
        "file: loss must be a list of floats; received '1e5'",
    ),
    "a figure that is no float": (
        fact("history", {"epoch": [0], "history": {"loss": [10**400]}}),
        "file: loss must be a list of floats; received 1000000",
    ),
    "a callback that is none": (fact("callbacks", [{}]), "file: callback must be a string"),
    "callbacks in a text": (fact("callbacks", "none"), "file: callbacks must be a list; received 'none'"),
    "callbacks without end, and arrays of none of them": (
        lambda raw: more_arrays(
            fact("callbacks", [""] * 100_000)(raw), *[(f"x/{k}", "F32", [1]) for k in range(3_000)]
        ),
        "holds the array x/0, which does not belong to the model",
    ),
    "a callback's array without a name": (
        lambda raw: more_arrays(fact("callbacks", [""])(raw), ("callbacks/0/", "F32", [1])),
        "holds the array callbacks/0/, which does not belong to the model",
    ),
    "an array of a callback that is not there": (
        lambda raw: more_arrays(fact("callbacks", [""])(raw), ("callbacks/1/best", "F32", [1])),
        "holds the array callbacks/1/best, which does not belong to the model",
    ),
    "an array of a callback whose number begins with zero": (
        lambda raw: more_arrays(fact("callbacks", [""])(raw), ("callbacks/00/best", "F32", [1])),
        "holds the array callbacks/00/best, which does not belong to the model",
    ),
}
"""By name: how to make the file from a model's, and what the error says of it."""
