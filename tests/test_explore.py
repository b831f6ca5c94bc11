"""The explorer's page without a browser: it is one small file, always the same, and holds what was traced."""

import argparse
import base64
import json
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faults import Fault, seeded
from networks import CLASSES, MnistData, fingerprint, mnist_images, small_data, small_network

from numpycnn import Sequential, backend
from numpycnn.__main__ import main
from numpycnn.activations import ACTIVATIONS
from numpycnn.app.commands import explore
from numpycnn.app.inputs import as_inputs
from numpycnn.app.tutorial import tutorial_network
from numpycnn.common.typing import Array
from numpycnn.files import ModelFileError
from numpycnn.layers import LAYERS, Activation, Conv2D, Dense, Dropout, Flatten, Layer, MaxPooling2D
from numpycnn.losses import CLASSES as CLASSES_OF_LOSSES
from numpycnn.show.explorer import code, examples, page, tensors
from numpycnn.show.trace import Trace

NETWORKS: dict[str, Callable[[], list[Layer]]] = {
    "channels_first": lambda: [
        Conv2D(3, 3, activation="relu", data_format="channels_first", input_shape=(1, 8, 8)),
        MaxPooling2D(2, data_format="channels_first"),
        Flatten("channels_first"),
        Dense(CLASSES, activation="softmax"),
    ],
    "dilation, stride and same, several convolutions": lambda: [
        Conv2D(4, 3, dilation_rate=2, activation="tanh", input_shape=(9, 8, 2)),
        Conv2D(3, (2, 3), strides=2, padding="same", use_bias=False, activation="sigmoid"),
        MaxPooling2D((2, 2), strides=1, padding="same"),
        Dropout(0.5),
        Flatten(),
        Dense(CLASSES),
        Activation("softmax"),
    ],
    "no convolution": lambda: [
        Dense(7, activation="sigmoid", input_shape=(12,)),
        Dense(CLASSES, activation="softmax"),
    ],
    "dense on images": lambda: [
        Dense(3, activation="relu", input_shape=(4, 5, 2)),
        Flatten(),
        Dense(CLASSES, activation="softmax"),
    ],
    "layouts mixed": lambda: [
        Conv2D(2, 2, activation="relu", input_shape=(6, 5, 1)),
        MaxPooling2D((1, 2), strides=1, data_format="channels_first"),
        Dropout(0.2),
        Flatten("channels_first"),
        Dense(CLASSES, activation="softmax"),
    ],
    "one dropout alone": lambda: [Dropout(1.0, input_shape=(CLASSES,)), Activation("softmax")],
}


def network_of(
    name: str, loss: str = "categorical_crossentropy", networks: dict[str, Callable[[], list[Layer]]] = NETWORKS
) -> Sequential:
    network = Sequential(networks[name](), seed=1)
    network.compile("sgd", loss)
    return network


def data_for(network: Sequential, n: int = 5) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, *(network.shape_in or ()))), np.eye(CLASSES)[rng.integers(0, CLASSES, n)]


def written(network: Sequential, folder: Path, x: Array, y: Array | None = None, example: int = 0) -> str:
    network.explore(folder / "page.html", x, y, example=example)
    return (folder / "page.html").read_text(encoding="utf-8")


def facts_of(html: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    facts: dict[str, Any] = json.loads(text)
    return facts


def array_of(table: dict[str, Any], name: str) -> Array:
    """What a page's entry stands for, read as its description in `tensors.py` says."""
    entry = table[name]
    if "like" in entry:
        value = array_of(table, entry["like"])
        return (np.maximum(value, 0) if entry.get("relu") else value).reshape(entry["shape"])
    data = entry["data"]
    raw = zlib.decompress(base64.b64decode(data) if "base" in entry else base64.b85decode(data.replace(":", "<")))
    value = np.frombuffer(raw, np.dtype(entry["dtype"]).newbyteorder("<")).reshape(entry["shape"])
    if "scale" in entry:
        return value * array_of(table, entry["scale"])
    return array_of(table, entry["palette"])[value] if "palette" in entry else value


def expected(trace: Trace) -> dict[str, Array]:
    """All that a page should hold of a trace."""
    found: dict[str, Array] = {}
    for layer in trace.layers.values():
        found[f"{layer.name}/output"] = layer.output[0]
        found |= {f"{layer.name}/{key}": value[0] for key, value in layer.inside.items() if key != "patches"}
        found |= {f"{layer.name}/parameters/{key}": value for key, value in layer.parameters.items()}
        if layer.output_gradient is not None and layer.input_gradient is not None:
            found[f"{layer.name}/output_gradient"] = layer.output_gradient[0]
            found[f"{layer.name}/input_gradient"] = layer.input_gradient[0]
        found |= {f"{layer.name}/{key}_gradient": value[0] for key, value in layer.inside_gradients.items()}
        found |= {f"{layer.name}/parameter_gradients/{key}": value for key, value in layer.parameter_gradients.items()}
    return found


@pytest.mark.parametrize("floatx", ["float32", "float64"])
@pytest.mark.parametrize("name", NETWORKS)
def test_any_network_is_in_its_page_to_the_last_bit(tmp_path: Path, name: str, floatx: str) -> None:
    backend.set_floatx(floatx)
    network = network_of(name)
    x, y = data_for(network)
    before = fingerprint(network)
    facts = facts_of(written(network, tmp_path, x, y, example=2))
    assert fingerprint(network) == before
    table = facts["tensors"]
    for key, value in expected(network.trace(x[2:3], y[2:3])).items():
        found = array_of(table, key)
        assert found.dtype == value.dtype, key
        np.testing.assert_array_equal(found, value, key)
    assert [layer["name"] for layer in facts["layers"]] == [layer.name for layer in network.layers]
    np.testing.assert_array_equal(array_of(table, "input"), x[2].astype(floatx))
    assert sorted(facts["examples"]["numbers"]) == list(range(len(x)))
    np.testing.assert_array_equal(array_of(table, "examples"), x[facts["examples"]["numbers"]].astype(floatx))
    np.testing.assert_array_equal(array_of(table, "targets"), y[2])


def test_the_masks_are_those_of_the_next_training_step(tmp_path: Path) -> None:
    network = small_network()
    x, y = small_data(3)
    table = facts_of(written(network, tmp_path, x, y))["tensors"]
    trace = network.trace(x[:1], training=True)
    for name in ("dropout", "dropout_1"):
        np.testing.assert_array_equal(array_of(table, f"{name}/kept"), trace[name].inside["mask"][0] != 0)


def test_without_targets_there_are_no_gradients(tmp_path: Path) -> None:
    network = small_network(compiled=False)
    facts = facts_of(written(network, tmp_path, small_data(3)[0]))
    assert facts["loss"] is None
    assert not [name for name in facts["tensors"] if "gradient" in name]
    assert facts["examples"]["labels"] is None
    assert len(facts["examples"]["read"]) == 3


def noise(n: int) -> tuple[Sequential, Array, Array]:
    """A network that has learnt nothing, and images that no compression makes smaller, of 256 levels."""
    rng = np.random.default_rng(0)
    network = Sequential([Flatten(input_shape=(20, 20)), Dense(CLASSES, activation="softmax")], seed=0)
    network.compile("sgd", "categorical_crossentropy")
    return network, rng.integers(0, 256, (n, 20, 20)) / 255, np.eye(CLASSES)[rng.integers(0, CLASSES, n)]


def test_the_examples_are_those_read_wrongly_then_the_first_while_there_is_room(tmp_path: Path) -> None:
    network, x, y = noise(6000)
    html = written(network, tmp_path, x, y, example=5900)
    assert page.MAX_PAGE_BYTES - 2000 < len(html.encode()) <= page.MAX_PAGE_BYTES
    facts = facts_of(html)
    found, read = facts["examples"], network.predict(x).argmax(axis=1)
    wrong = np.flatnonzero(read != y.argmax(axis=1)).tolist()
    wanted = list(dict.fromkeys([5900, *wrong, *range(6000)]))
    assert 100 < len(found["numbers"]) < 6000
    assert found["numbers"] == wanted[: len(found["numbers"])]
    assert found["labels"] == y.argmax(axis=1)[found["numbers"]].tolist()
    assert found["read"] == read[found["numbers"]].tolist()
    assert (found["wrong"], found["of"]) == (len(wrong), 6000)
    np.testing.assert_array_equal(array_of(facts["tensors"], "examples"), x[found["numbers"]].astype(np.float32))


def test_without_targets_the_first_ones_are_there_as_many_as_fit(tmp_path: Path) -> None:
    network, x, _ = noise(5000)
    found = facts_of(written(network, tmp_path, x))["examples"]
    assert found["numbers"] == list(range(len(found["numbers"])))
    assert 2000 < len(found["numbers"]) < 5000


def test_there_are_no_more_examples_than_anyone_looks_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "MAX_EXAMPLES", 7)
    network, x, y = noise(20)
    facts = facts_of(written(network, tmp_path, x, y, example=19))
    assert len(facts["examples"]["numbers"]) == len(array_of(facts["tensors"], "examples")) == 7


def test_where_not_even_one_example_fits_the_traced_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, x, y = noise(20)
    x = x + np.random.default_rng(0).normal(size=x.shape)  # of many levels
    monkeypatch.setattr(page, "MAX_PAGE_BYTES", len(written(network, tmp_path, x[:1], y[:1]).encode()) - 100)
    facts = facts_of(written(network, tmp_path, x, y, example=3))
    assert facts["examples"]["numbers"] == [3]
    assert "examples" not in facts["tensors"]


def test_a_page_that_cannot_compute_has_no_examples(tmp_path: Path) -> None:
    network = Sequential([Dense(1500, input_shape=(2000,)), Dense(CLASSES, activation="softmax")], seed=0)
    facts = facts_of(written(network, tmp_path, np.zeros((3, 2000)), example=1))
    assert facts["examples"]["numbers"] == [1]
    assert "examples" not in facts["tensors"]


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sequential, Array, Array, Path]:
    """The tutorial network, hardly trained, and its page."""
    (x, y), _ = mnist_images()
    network = tutorial_network(seed=0)
    images, targets = (x[:1000, :, :, None] / np.float32(255)), np.eye(10)[y[:1000]]
    network.fit(images, targets, batch_size=100, verbose=0)
    path = tmp_path_factory.mktemp("explore") / "page.html"
    network.explore(path, images, targets)
    return network, images, targets, path


Tutorial = tuple[Sequential, Array, Array, Path]


def test_the_tutorials_page_is_small_and_complete(tutorial: Tutorial) -> None:
    network, x, y, path = tutorial
    assert path.stat().st_size <= 2_000_000
    table = facts_of(path.read_text(encoding="utf-8"))["tensors"]
    assert not [name for name, entry in table.items() if "left_out" in entry]
    true = expected(network.trace(x[:1], y[:1]))
    rounded = [name for name, entry in table.items() if "scale" in entry]
    assert rounded == ["dense/parameters/kernel"]
    assert true.keys() - table.keys() == {"dense/parameter_gradients/kernel"}  # the page has its two factors
    for name in table.keys() & true.keys() - set(rounded):
        np.testing.assert_array_equal(array_of(table, name), true[name], name)
    kernel, entry = true[rounded[0]], table[rounded[0]]
    error = np.abs(array_of(table, rounded[0]) - kernel).max()
    assert error == pytest.approx(entry["error"], rel=1e-3)
    assert error <= np.abs(kernel).max() / 63 / 2 * 1.001
    assert entry["largest"] == np.abs(kernel).max()


def test_the_same_model_and_digit_give_the_same_bytes(tutorial: Tutorial, tmp_path: Path) -> None:
    network, x, y, path = tutorial
    network.explore(tmp_path / "again.html", x, y)
    assert (tmp_path / "again.html").read_bytes() == path.read_bytes()


def test_what_is_too_large_is_left_out_and_named(tmp_path: Path) -> None:
    network = Sequential([Dense(1500, input_shape=(2000,)), Dense(CLASSES, activation="softmax")], seed=0)
    network.compile("sgd", "categorical_crossentropy")
    x, y = data_for(network, 2)
    html = written(network, tmp_path, x, y)
    assert len(html.encode()) <= page.MAX_PAGE_BYTES
    table = facts_of(html)["tensors"]
    assert [name for name, entry in table.items() if "left_out" in entry] == ["dense/parameters/kernel"]
    assert table["dense/parameters/kernel"]["left_out"] > 2_000_000
    np.testing.assert_array_equal(array_of(table, "dense/output"), network.trace(x[:1])["dense"].output[0])


def test_what_is_like_something_left_out_is_left_out_too() -> None:
    table = tensors.Tensors()
    table.add("small", np.zeros(2))
    table.add("large", np.random.default_rng(0).normal(size=1000))
    table.add("again", np.random.default_rng(0).normal(size=1000))
    within = table.within(500)
    assert "data" in within["small"]
    assert within["large"]["left_out"] > 8000
    assert within["again"]["like"] == "large"


# ------------------------------------------------------------ nothing comes from elsewhere, nothing gets out

OUTSIDE = r"(?:https?:|wss?:|ftp:)?//[\w.-]|@import|<link|\bsrc\s*=|\bhref\s*=\s*\"(?!#)|url\(|fetch\(|XMLHttpRequest|WebSocket|\bimport\("


def without_comments_and_data(html: str) -> str:
    html = re.sub(r'(<script type="application/json" id="data">).*?(</script>)', r"\1\2", html, flags=re.DOTALL)
    return re.sub(r"(^|\s)// .*", "", html)


def test_the_page_names_no_address_of_any_host(tutorial: Tutorial) -> None:
    html = tutorial[3].read_text(encoding="utf-8")
    assert re.findall(OUTSIDE, without_comments_and_data(html)) == []
    assert "http" not in without_comments_and_data(html).replace("http-equiv", "")
    for address in ("//cdn.example/x.js", "https://a.b", "<link rel", 'src="x"', "url(x)", "fetch(x)"):
        assert re.search(OUTSIDE, address)


def test_its_policy_allows_nothing_but_itself(tutorial: Tutorial) -> None:
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', tutorial[3].read_text("utf-8"))
    assert set(policy.split("; ")) == {
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "script-src 'unsafe-inline'",
        "img-src data:",
    }


def test_a_name_cannot_become_markup(tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script><!--"
    network = Sequential([Dense(2, name="<img onerror=x>", input_shape=(3,))], name=evil.replace("/", "|"))
    html = written(network, tmp_path, np.zeros((1, 3)))
    assert html.count("alert(1)</script>") == html.count("<img") == 0
    assert facts_of(html)["model"]["name"] == evil.replace("/", "|")


def test_every_script_is_in_the_page_and_none_is_forgotten() -> None:
    folder = Path(page.__file__).parent / "assets"
    assert {file.relative_to(folder).as_posix() for file in folder.rglob("*.js")} == {*page.SCRIPTS, *page.LIVE}


def test_no_two_scripts_use_one_name() -> None:
    """They share one scope, where the later function would silently take the place of the earlier."""
    names = [
        name
        for script in (*page.SCRIPTS, *page.LIVE)
        for name in re.findall(r"^(?:async )?(?:function|const|let) (\w+)", page.asset(script), re.MULTILINE)
    ]
    assert len(names) > 200
    assert sorted(names) == sorted(set(names))


def test_the_page_knows_every_layer_activation_and_loss() -> None:
    """By their names; that it computes them as NumPy does is tested in the browser."""
    merging, chains = {"Branches", "Residual"}, {"Chain", "Sequential"}
    computed = set(re.findall(r"^  (\w+): [A-Z_]+,$", page.asset("layers.js"), re.MULTILINE))
    assert computed == LAYERS.keys() - merging - chains
    told = set(re.findall(r"^  ([A-Z]\w+): ?", page.asset("panels/formulas.js"), re.MULTILINE))
    assert told == LAYERS.keys() - chains - {"Dropout", "MaxPooling2D"}  # which have panels of their own
    activations = set(re.findall(r"^  (\w+): \[", page.asset("layers/activations.js"), re.MULTILINE))
    assert activations == {activation.name for activation in ACTIVATIONS.values()}
    losses = set(re.findall(r"^  (\w+): ", page.asset("loss.js"), re.MULTILINE))
    assert {cls.name for cls in CLASSES_OF_LOSSES.values()} <= losses


# ------------------------------------------------------------ the library's own lines


def test_the_code_is_the_librarys_own_with_one_line_marked() -> None:
    found = code.sources()
    for name, function in code.FUNCTIONS.items():
        lines = found[name]["text"].splitlines()
        text = Path(function.__code__.co_filename).read_text(encoding="utf-8").splitlines()
        assert text[found[name]["first"] - 1 : found[name]["first"] - 1 + len(lines)] == lines
        assert lines[found[name]["marked"]].strip()
    for name, wanted in code.MARKED.items():
        assert found[name]["text"].count(wanted.rstrip("\n")) >= 1, name
    assert "kernel.reshape" in found["conv2d"]["text"].splitlines()[found["conv2d"]["marked"]]


# ------------------------------------------------------------ arguments, the command


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"example": 3}, ValueError, r"sequential\.explore: example must be at most 2; received 3"),
        ({"example": -1}, ValueError, r"sequential\.explore: example must be an integer of at least 0; received -1"),
        ({"x": np.zeros((2, 5))}, ValueError, r"conv2d: expected x of shape \(n, 8, 8, 1\); received \(2, 5\)"),
        ({"path": 5}, TypeError, r"sequential\.explore: path must be .*; received 5"),
        ({"y": np.zeros(3)}, ValueError, "expected one-hot y"),
    ],
)
def test_what_cannot_be_explored_is_explained(
    tmp_path: Path, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    network = small_network()
    x, y = small_data(3)
    with pytest.raises(error, match=message):
        network.explore(**{"path": tmp_path / "page.html", "x": x, "y": y, **arguments})
    assert list(tmp_path.iterdir()) == []


def test_the_command_shows_the_network_of_the_package(
    tmp_path: Path, part_of_mnist: MnistData, capsys: pytest.CaptureFixture[str]
) -> None:
    _, (x_test, y_test) = part_of_mnist
    output = tmp_path / "page.html"
    assert main(["explore", "--output", str(output), "--digit", "3"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"{output}: {output.stat().st_size / 1e6:.2f} MB, test image 3, a {y_test[3]}.")
    facts = facts_of(output.read_text(encoding="utf-8"))
    assert facts["example"] == 3
    assert [layer["kind"] for layer in facts["layers"] if layer["known"]] == [
        layer["kind"] for layer in facts["layers"]
    ]
    np.testing.assert_allclose(array_of(facts["tensors"], "input")[:, :, 0], x_test[3] / 255, rtol=1e-6)


@pytest.mark.usefixtures("part_of_mnist")
@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy", None])
def test_the_command_takes_a_network_from_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], loss: str | None
) -> None:
    network = Sequential([Flatten(input_shape=(28, 28)), Dense(10, activation="softmax")], seed=0)
    if loss:
        network.compile("sgd", loss)
    network.save(tmp_path / "model.safetensors")
    output = tmp_path / "page.html"
    assert main(["explore", "--model", str(tmp_path / "model.safetensors"), "--output", str(output)]) == 0
    assert "Learning" not in capsys.readouterr().out
    facts = facts_of(output.read_text(encoding="utf-8"))
    assert ("dense/pre_activation_gradient" in facts["tensors"]) == (loss is not None)


def test_the_command_explains_what_will_not_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = Sequential([Dense(10, input_shape=(5,))], seed=0)
    network.save(tmp_path / "model.safetensors")
    for arguments, message in [
        (
            ["--model", str(tmp_path / "model.safetensors")],
            "expected a network for images of 28 by 28 pixels; its input_shape is (5,)",
        ),
        (["--digit", "10000"], "--digit: the test images are 0 to 9999; received 10000"),
        (["--model", str(tmp_path / "none.safetensors")], "No such file"),
    ]:
        assert main(["explore", *arguments, "--output", str(tmp_path / "page.html")]) == 1
        assert message in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()


def test_the_command_raises_what_is_reported() -> None:
    network = Sequential([Dense(10, input_shape=(5,))], seed=0)
    with pytest.raises(
        ModelFileError, match=r"expected a network for images of 28 by 28 pixels; its input_shape is \(5,\)"
    ):
        as_inputs(network, np.zeros((1, 28, 28)))
    arguments = argparse.Namespace(digit=10_000, model=None, output="")
    with pytest.raises(ModelFileError, match=r"--digit: the test images are 0 to 9999; received 10000"):
        explore.run(arguments)


# ------------------------------------------------------------ these tests can fail


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        (
            Fault(tensors.Tensors.within, "size > limit", "size > 2 * limit"),
            test_what_is_too_large_is_left_out_and_named,
        ),
        (
            Fault(tensors.packed, "> room", "> room + 4000"),
            test_the_examples_are_those_read_wrongly_then_the_first_while_there_is_room,
        ),
        (
            Fault(tensors.as_text, '.replace("<", ":")', ""),
            test_the_examples_are_those_read_wrongly_then_the_first_while_there_is_room,
        ),
        (Fault(page.as_json, '.replace("<", "\\\\u003c")', ""), test_a_name_cannot_become_markup),
    ],
    ids=lambda value: value.function.__qualname__ if isinstance(value, Fault) else "",
)
def test_a_fault_is_noticed(fault: Fault, test: Callable[[Path], None], tmp_path: Path) -> None:
    """By one of the tests above, which pass without it."""
    with seeded(fault), pytest.raises(AssertionError):
        test(tmp_path)


@pytest.mark.deep
def test_a_kernel_rounded_too_much_is_noticed(tutorial: Tutorial, tmp_path: Path) -> None:
    network, x, y, _ = tutorial
    with seeded(Fault(tensors.quantized, "/ LEVELS, 1)", "/ 50, 1)")):
        network.explore(tmp_path / "page.html", x, y)
        with pytest.raises(AssertionError):
            test_the_tutorials_page_is_small_and_complete((network, x, y, tmp_path / "page.html"))


def test_what_is_not_finite_is_shown_too_and_errors_name_the_method(tmp_path: Path) -> None:
    model = small_network()
    x, y = small_data(3)
    x[0, 0, 0, 0] = np.nan
    model.explore(tmp_path / "a.html", x)
    model.explore(tmp_path / "b.html", x, y)
    assert len((tmp_path / "b.html").read_bytes()) > len((tmp_path / "a.html").read_bytes()) > 0
    with pytest.raises(ValueError, match=r"^sequential\.explore: expected the same number of examples"):
        model.explore(tmp_path / "c.html", x, y[:2])


def test_what_is_the_users_own_is_not_computed_by_the_page(tmp_path: Path) -> None:
    layers = [Dense(4, activation=lambda z: z * np.sin(z), input_shape=(3,)), Dense(CLASSES, activation="softmax")]
    model = Sequential(layers, seed=0)
    model.compile("sgd", "categorical_crossentropy")
    facts = facts_of(written(model, tmp_path, *data_for(model)))
    assert [layer["known"] for layer in facts["layers"]] == [False, True]
    assert [layer["settings"] for layer in facts["layers"]] == [{}, {"axis": -1}]
