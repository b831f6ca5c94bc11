"""The explorer in a real browser, from the disk with the network off: what it shows is what the library traced.

They need Chromium or Chrome on the path, or named by NUMPYCNN_BROWSER, and are skipped where there is none. They take a
minute, and so belong to the deep profile.
"""

import ast
import contextlib
import io
import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cases
import numpy as np
import pytest
from browser import SIZES, Browser, needs_browser
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import CLASSES
from test_explore import NETWORKS, array_of, data_for, facts_of, network_of

from numpycnn import Sequential, backend, losses
from numpycnn.app.tutorial import tutorial_network
from numpycnn.common.typing import Array, Rng, Shape
from numpycnn.datasets import mnist
from numpycnn.datasets.digits import as_mnist
from numpycnn.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Branches,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    GroupNormalization,
    Layer,
    MaxPooling2D,
    Normalization,
    PReLU,
    ReLU,
    Residual,
    Softmax,
)
from numpycnn.layers.augmentation import Augmentation
from numpycnn.layers.stage import Cache
from numpycnn.regularizers import L1L2
from numpycnn.show.explorer import page
from numpycnn.show.trace import Trace

pytestmark = [pytest.mark.deep, needs_browser]


MINUS = "\N{MINUS SIGN}"  # as the page writes it


def adapted(layer: Normalization) -> Layer:
    """The layer with the mean and the variance of some numbers."""
    layer.adapt(np.random.default_rng(1).uniform(-2, 3, (9, *(layer.shape_in or ()))))
    return layer


BLOCKS: dict[str, Callable[[], list[Layer]]] = {
    "normalized and averaged": lambda: [
        adapted(Normalization(input_shape=(8, 7, 2))),
        Conv2D(4, 3, use_bias=False),
        BatchNormalization(),
        ReLU(negative_slope=0.1),
        AveragePooling2D(2, padding="same"),
        Flatten(),
        Dense(CLASSES, activation="softmax"),
    ],
    "branches in a residual block in a chain": lambda: [
        Sequential(
            [
                Conv2D(4, 3, padding="same", activation="gelu", input_shape=(6, 5, 2)),
                Residual(
                    [Branches([[Conv2D(3, 1), PReLU()], Conv2D(4, 3, padding="same", groups=2), []]), Conv2D(4, 1)],
                    [BatchNormalization(), GroupNormalization(2)],
                ),
            ]
        ),
        Dropout(0.3),
        GlobalAveragePooling2D(),
        Dense(CLASSES),
        Softmax(),
    ],
    "halved by gates": lambda: [
        Conv2D(4, 2, activation="glu", input_shape=(4, 5, 1)),
        Flatten(),
        Dense(6, activation="glu"),
        Dense(CLASSES, activation="softmax"),
    ],
    "merged at the end": lambda: [
        Dense(5, activation="tanh", activity_regularizer=L1L2(0.01, 0.02), input_shape=(4,)),
        Branches([[Dense(CLASSES), Softmax()], [Dense(CLASSES, activation="softmax")]], merge="add"),
    ],
}
"""Networks whose layers are put together in other ways; what single layers compute is drawn in a test below."""


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """The browser at a desktop's width; afterwards there must have been no error, and no request but for the file."""
    chromium.errors.clear()
    chromium.requests.clear()
    chromium.resize(1280, 900)
    yield chromium
    assert chromium.errors == []
    assert not [url for url in chromium.requests if not url.startswith("file:")]


class Explored:
    """The tutorial network after a short training, with data and its page."""

    def __init__(self, folder: Path) -> None:
        (x, y), _ = mnist.load_data()
        self.x, self.y = x[:2000, :, :, None] / np.float32(255), np.eye(10)[y[:2000]]
        self.model = tutorial_network(seed=0)
        self.model.fit(self.x, self.y, batch_size=100, epochs=4, verbose=0)
        self.path = folder / "page.html"
        self.model.explore(self.path, self.x, self.y, example=5)
        self.trace = self.model.trace(self.x[5:6], self.y[5:6])

    def rounded_kernel(self) -> Array:
        """The large kernel as the page has it."""
        return array_of(facts_of(self.path.read_text(encoding="utf-8"))["tensors"], "dense/parameters/kernel")

    def names(self) -> dict[str, Any]:
        """What a snippet may use."""
        return {"model": self.model, "x": self.x, "y": self.y}


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Explored:
    return Explored(tmp_path_factory.mktemp("explored"))


@pytest.fixture
def conv(browser: Browser, explored: Explored) -> Browser:
    """The page at its convolution."""
    browser.open(explored.path)
    browser.click("#stage-1")
    browser.value(PIXELS)
    return browser


PIXELS = """void (window.pixels = (selector, places) => {
    const source = document.querySelector(selector), copy = make("canvas", { width: source.width, height: source.height });
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.drawImage(source, 0, 0);
    return places.map(([x, y]) => Array.from(context.getImageData(x, y, 1, 1).data.slice(0, 3)));
})"""
"""Declares a function: the colours of some pixels of a canvas."""


def title(browser: Browser) -> str:
    return browser.text("#reading h3")


def number(text: str) -> float:
    """The number after the last equals sign, as the page writes numbers."""
    return float(re.findall(r"= (\S+)", text)[-1].replace(MINUS, "-").rstrip(".;,"))


def close(shown: float, true: float, relative: float = 6e-4) -> bool:
    """Equal to the four digits that the page shows."""
    return math.isclose(shown, true, rel_tol=relative, abs_tol=1e-12)


def run_snippet(browser: Browser, names: dict[str, Any] | None = None) -> tuple[float, float]:
    """What the page's snippet prints, and what the page says that it prints."""
    text = browser.text("#snippet")
    assert len(text.splitlines()) <= 15
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(text, dict(names or {}))  # noqa: S102
    says = re.findall(r"# the page shows (\S+?)(?:;.*)?$", text)[-1]
    return float(printed.getvalue()), float(ast.literal_eval(says))


def js_array(browser: Browser, expression: str) -> Array:
    """The numbers of a tensor of the page; as one string of JSON, for Playwright looks at each part of other values."""
    return np.array(json.loads(browser.value(f"JSON.stringify(Array.from(({expression}).data))")), float)


# ------------------------------------------------------------ it opens, and every panel is drawn


def test_it_opens_from_the_disk_with_the_network_off(browser: Browser, explored: Explored) -> None:
    browser.open(explored.path)
    assert browser.value("navigator.onLine") is False
    assert [url for url in browser.requests if url.startswith("file:")] == [explored.path.absolute().as_uri()]
    text = browser.text("#source")
    assert text.startswith("Example 5, true class 2. The answer is")
    assert "Every number is numpycnn's own, from one trace." in text
    names = [
        line.split("\n")[0]
        for line in browser.value("Array.from(document.querySelectorAll('#network button'), (b) => b.innerText)")
    ]
    assert names == ["input", *(layer.name for layer in explored.model.layers), "loss"]
    for k, name in enumerate(names):
        browser.click(f"#stage-{k}")
        assert browser.text("#panel h2").startswith(name)


def test_the_policy_stops_the_page_from_asking_for_anything(chromium: Browser, explored: Explored) -> None:
    chromium.open(explored.path)
    assert chromium.value("fetch('https://example.invalid/').then(() => 'asked', () => 'refused')") == "refused"
    assert any("Content Security Policy" in error for error in chromium.errors)


# ------------------------------------------------------------ its numbers are the library's


def compare(browser: Browser, trace: Trace, tolerance: float, traced: bool) -> None:
    """Each tensor of the page's runs beside the trace's."""
    assert browser.value("page.traced") is traced
    names = browser.value("page.layers.map((layer) => layer.name)")
    for layer in trace.layers.values():
        k = names.index(layer.name)
        tensors = {"output": layer.output, **layer.inside}
        if layer.output_gradient is not None and layer.input_gradient is not None:
            tensors |= {"output_gradient": layer.output_gradient, "input_gradient": layer.input_gradient}
            tensors |= {f"{key}_gradient": value for key, value in layer.inside_gradients.items()}
            tensors |= {f"parameter_gradients.{key}": value for key, value in layer.parameter_gradients.items()}
        if not browser.value(f"isOneProduct(page.layers[{k}])"):  # then the patches are no matrix that is shown
            tensors.pop("patches", None)
        for name, value in tensors.items():
            shown = js_array(browser, f"page.runs[{k}].{name}")
            error = np.abs(shown - value.ravel()).max()
            scale = max(float(np.abs(value).max()), 1e-3)
            assert error <= tolerance * scale, (layer.name, name, error, scale)


@pytest.mark.parametrize(("floatx", "loss"), [("float32", "categorical_crossentropy"), ("float64", "mse")])
@pytest.mark.parametrize("name", [*NETWORKS, *BLOCKS])
def test_javascript_computes_what_numpy_does(
    browser: Browser, tmp_path: Path, name: str, floatx: str, loss: str
) -> None:
    """The traced example, another one, another target, and training with the library's own mask."""
    backend.set_floatx(floatx)
    network = network_of(name, loss, NETWORKS | BLOCKS)
    x, y = data_for(network)
    path = tmp_path / "page.html"
    network.explore(path, x, y, example=1)
    browser.open(path)
    tolerance = 2e-5 if floatx == "float32" else 1e-11
    compare(browser, network.trace(x[1:2], y[1:2]), 0.0, traced=True)
    assert browser.value("page.differences.every((one) => one.difference <= 2e-5 * Math.max(one.of, 1e-3))")
    assert browser.value("page.differences.length") >= 4
    browser.value("chooseExample(3, page.facts.examples.numbers.indexOf(3))")
    compare(browser, network.trace(x[3:4], y[3:4]), tolerance, traced=False)
    browser.value("page.selected = stages().length - 1; render(); chooseTarget(0)")
    compare(browser, network.trace(x[3:4], np.eye(3)[[0]]), tolerance, traced=False)
    browser.value("showTraced(); setMode('library')")
    compare(browser, network.trace(x[1:2], y[1:2], training=True), tolerance, traced=False)
    for k in range(browser.value("stages().length")):
        browser.value(f"choose({k})")


@pytest.mark.parametrize(
    "loss",
    [
        *(cls() for cls in losses.CLASSES.values()),
        losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1),
        losses.CategoricalCrossentropy(label_smoothing=0.2),
        losses.Huber(delta=0.1),
    ],
    ids=lambda loss: type(loss).__name__,
)
def test_every_loss_and_its_gradient_are_numpys(browser: Browser, tmp_path: Path, loss: losses.Loss) -> None:
    backend.set_floatx("float64")
    link = "linear" if getattr(loss, "from_logits", False) else "softplus" if loss.link is None else loss.link.name
    network = Sequential([Dense(4, activation="tanh", input_shape=(6,)), Dense(CLASSES, activation=link)], seed=0)
    network.compile("sgd", loss)
    x, y = data_for(network)
    labels = y.argmax(axis=1) if isinstance(loss, losses.SparseCategoricalCrossentropy) else y
    network.explore(tmp_path / "page.html", x, labels)
    browser.open(tmp_path / "page.html")
    assert browser.value("page.differences.every((one) => one.difference <= 1e-11 * Math.max(one.of, 1e-3))")
    for target in (int(y[3].argmax()), 0):
        browser.value("chooseExample(3, page.facts.examples.numbers.indexOf(3))")
        browser.value(f"page.selected = stages().length - 1; render(); chooseTarget({target})")
        own = np.array([target]) if labels.ndim == 1 else np.eye(CLASSES)[[target]]
        trace = network.trace(x[3:4], own)
        compare(browser, trace, 1e-11, traced=False)
        assert trace.losses is not None
        assert browser.value("page.value") == pytest.approx(float(trace.losses[0]), rel=1e-11)


@pytest.mark.parametrize("kind", cases.LAYERS)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=max(1, settings().max_examples // 250))
def test_any_layer_before_a_classifier(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject, seed: int
) -> None:
    """Every layer, as the tests of layers draw it, with a Flatten and a Dense after it: each number is NumPy's."""
    layer = data.draw(cases.LAYERS[kind])
    backend.set_floatx("float64")
    network = Sequential([layer, Flatten(), Dense(3, activation="softmax")], seed=seed)
    network.compile("sgd", "categorical_crossentropy")
    assert network.shape_in is not None
    x = cases.distinct(np.random.default_rng(seed), (2, *network.shape_in))
    y = np.eye(3)[[seed % 3, 0]]
    path = tmp_path_factory.mktemp("drawn") / "page.html"
    network.explore(path, x, y)
    chromium.errors.clear()
    chromium.open(path)
    compare(chromium, network.trace(x[:1], y[:1]), 0.0, traced=True)
    assert chromium.value("page.differences.every((one) => one.difference <= 1e-11 * Math.max(one.of, 1e-3))")
    for stage in range(chromium.value("stages().length")):
        chromium.value(f"choose({stage})")
    for one in network.trace(x[:1], y[:1]).layers.values():
        choose(chromium, one.name)
        figures = chromium.value("current.tensors && Object.keys(current.tensors)")  # of the general panel
        assert figures is None or set(figures) == {key.replace(" ", "_") for key in one.arrays()} - {"patches"}
    chromium.value("chooseExample(1, page.facts.examples.numbers.indexOf(1))")
    compare(chromium, network.trace(x[1:], y[1:]), 1e-11, traced=False)
    if not isinstance(layer, Augmentation):  # whose training the page does not know
        chromium.value("showTraced(); setMode('library')")
        compare(chromium, network.trace(x[:1], y[:1], training=True), 1e-11, traced=False)
    for stage in range(chromium.value("stages().length")):
        chromium.value(f"choose({stage})")
    assert chromium.errors == []


def test_the_difference_that_it_states_is_the_largest(browser: Browser, explored: Explored) -> None:
    browser.open(explored.path)
    text = browser.text("#source")
    stated, before = re.search(
        r"differs by at most (\S+), for dense's .* before that layer they differ by at most (\S+) of the largest", text
    ).groups()  # type: ignore[union-attr]
    hidden = explored.trace["flatten"].output[0].astype(float) @ explored.rounded_kernel()
    hidden = np.maximum(hidden + explored.trace["dense"].parameters["bias"], 0)
    last = explored.trace["dense_1"].parameters
    p = np.exp(hidden @ last["kernel"] + last["bias"])
    error = np.abs(p / p.sum() - explored.trace.output[0]).max()
    assert close(float(stated.replace(MINUS, "-")), float(error), 0.01)
    assert float(before.replace(MINUS, "-")) < 1e-5


def test_another_winner_among_equals_is_no_difference_of_numbers(browser: Browser, tmp_path: Path) -> None:
    """Which of two numbers that are equal but for rounding is the larger is said as a count of windows."""
    network = Sequential([MaxPooling2D(input_shape=(4, 4, 1)), Flatten(), Dense(3, activation="softmax")], seed=0)
    network.compile(loss="sparse_categorical_crossentropy")
    path = tmp_path / "page.html"
    network.explore(path, np.random.default_rng(0).random((2, 4, 4, 1), np.float32), np.array([0, 1]))
    browser.open(path)
    assert browser.value("page.otherWinners") == 0
    assert "another largest number" not in browser.value("sourceText()")
    changed = (
        "page.runs[0].winner = { ...page.runs[0].winner, data: page.runs[0].winner.data.map((tap) => (tap + 1) % 4) }"
    )
    browser.value(f"{changed}; overlay()")
    assert browser.value("page.otherWinners") == 4
    assert browser.value("sourceText()").endswith(
        "Under a window they have another largest number 4 times, equal but for rounding."
    )
    assert browser.value("page.differences.every((one) => one.text !== 'winner')")


def test_a_well_trained_networks_page_does_not_differ_by_one(browser: Browser, tmp_path: Path) -> None:
    """The gradient with respect to a probability is large where it is small: only a part of it means something."""
    network = Sequential([Dense(4, input_shape=(3,)), Dense(3, activation="softmax")], seed=0)
    network.compile("sgd", "categorical_crossentropy")
    network.set_weights([30 * w for w in network.get_weights()])
    network.explore(tmp_path / "page.html", np.ones((1, 3)), np.eye(3)[[0]])
    browser.open(tmp_path / "page.html")
    stated = re.search(r"they differ by at most (\S+) of the largest number beside them\.", browser.text("#source"))
    assert stated is not None
    assert float(stated[1].replace(MINUS, "-")) < 1e-4


# ------------------------------------------------------------ convolution as im2col


@pytest.mark.parametrize(("row", "col"), [(0, 0), (14, 13), (2, 27), (27, 3)])
def test_a_pixel_lights_up_every_cell_that_holds_it(conv: Browser, explored: Explored, row: int, col: int) -> None:
    marked = np.zeros((28, 28))
    marked[row, col] = 1
    one = Sequential([Conv2D(1, 5, input_shape=(28, 28, 1))], seed=0)
    cells = np.argwhere(one.trace(marked[None, :, :, None])["conv2d"].inside["patches"][0])
    conv.point("#image", row, col, 28, 28)
    assert close(number(title(conv)), explored.x[5, row, col, 0])
    assert f"It stands in {len(cells)} cell" in conv.text("#reading")
    lit = conv.value("marksOf(current, current.view.selection).matrix.map(({ row, col }) => [row, col])")
    assert sorted(map(tuple, lit)) == sorted(map(tuple, cells.tolist()))
    shades = conv.value(f"pixels('#matrix', {[[int(c) * 10 + 5, int(r) * 2] for r, c in cells]})")
    assert all(shade in ([255, 224, 0], [0, 0, 0]) for shade in shades)


def test_the_cells_that_hold_a_pixel_with_stride_dilation_and_padding(browser: Browser, tmp_path: Path) -> None:
    network = Sequential(
        [Conv2D(1, (3, 2), strides=2, padding="same", dilation_rate=(2, 3), input_shape=(7, 8, 1))], seed=0
    )
    network.explore(tmp_path / "page.html", np.ones((1, 7, 8, 1)))
    browser.open(tmp_path / "page.html")
    for row, col in np.ndindex(7, 8):
        one = np.zeros((1, 7, 8, 1))
        one[0, row, col] = 1
        cells = np.argwhere(network.trace(one)["conv2d"].inside["patches"][0])
        selection = f"{{ type: 'pixel', r: {row}, c: {col} }}"
        lit = browser.value(f"marksOf(current, {selection}).matrix.map(({{ row, col }}) => [row, col])")
        assert sorted(map(tuple, lit)) == sorted(map(tuple, cells.tolist()))


def test_a_matrix_cell_tells_its_row_and_its_column(conv: Browser, explored: Explored) -> None:
    patches = explored.trace["conv2d"].inside["patches"][0]
    row, col = 300, 7  # output cell (12, 12), tap (1, 2)
    conv.point("#matrix", row, col, 576, 25)
    assert title(conv).startswith(f"Matrix cell ({row}, {col})")
    assert close(number(title(conv)), patches[row, col])
    text = conv.text("#reading")
    assert "pixel (13, 14)" in text
    assert "rows 12 to 16, columns 12 to 16" in text
    assert "tap (1, 2)" in text
    marks = conv.value("marksOf(current, current.view.selection)")
    assert marks["image"] == [{"row": 12, "col": 12, "height": 5, "width": 5}]
    shifted = js_array(
        conv,
        "({ data: Array.from({ length: 576 }, (_, n) => current.run.patches.data[n * 25 + current.view.column]) })",
    )
    np.testing.assert_allclose(shifted.reshape(24, 24), explored.x[5, 1:25, 2:26, 0], rtol=1e-6)
    assert "column 7 of the matrix" in conv.text("figure:has(#tap) figcaption")


@pytest.mark.parametrize(("i", "j"), [(0, 0), (10, 9), (23, 23)])
def test_an_output_cell_is_written_out_term_by_term(conv: Browser, explored: Explored, i: int, j: int) -> None:
    layer, f = explored.trace["conv2d"], int(conv.value("current.view.filter"))
    conv.click("#output", i, j, 24, 24)
    assert title(conv).startswith(f"Output cell ({i}, {j}) of filter {f}")
    assert "(pinned)" in title(conv)
    assert close(number(title(conv).split("(pinned)")[0]), layer.output[0, i, j, f])
    terms = conv.value(
        "Array.from(document.querySelectorAll('#reading tbody tr'), (row) => Array.from(row.cells, (cell) => cell.innerText))"
    )
    assert len(terms) == 25
    weights, patch = layer.parameters["kernel"][:, :, 0, f].ravel(), explored.x[5, i : i + 5, j : j + 5, 0].ravel()
    for term, weight, pixel in zip(terms, weights, patch, strict=True):
        shown = [float(cell.replace(MINUS, "-")) for cell in term[1:4]]
        assert close(shown[0], pixel)
        assert close(shown[1], weight)
        assert close(shown[2], float(pixel) * float(weight))
    text = conv.text("#reading").replace(MINUS, "-")
    score = float(re.search(r"pre-activation (\S+);", text).group(1))  # type: ignore[union-attr]
    assert close(score, layer.inside["pre_activation"][0, i, j, f])
    printed, says = run_snippet(conv)
    assert says == pytest.approx(float(layer.output[0, i, j, f]), rel=1e-6)
    assert printed == pytest.approx(says, rel=1e-4, abs=1e-6)


def test_what_is_pinned_stays_until_it_is_let_go(conv: Browser) -> None:
    conv.click("#output", 3, 4, 24, 24)
    pinned = title(conv)
    conv.point("#image", 9, 9, 28, 28)
    assert title(conv) == pinned
    conv.press("Escape")
    conv.point("#image", 9, 9, 28, 28)
    assert title(conv).startswith("Pixel (9, 9)")


def test_step_scrub_and_play(conv: Browser) -> None:
    conv.click("#output", 3, 23, 24, 24)
    conv.click("#step")
    assert title(conv).startswith("Output cell (4, 0)")
    conv.click("#back")
    conv.click("#back")
    assert title(conv).startswith("Output cell (3, 22)")
    conv.page.focus("#scrub")
    conv.press("Home")
    assert title(conv).startswith("Output cell (0, 0)")
    conv.press("ArrowRight")
    assert title(conv).startswith("Output cell (0, 1)")
    conv.click("#play")
    conv.wait("current.view.selection.i >= 1")
    conv.click("#play")
    here = title(conv)
    assert conv.value("new Promise((done) => setTimeout(() => done(playing), 300))") is None
    assert title(conv) == here


def test_reduced_motion_is_respected(conv: Browser, explored: Explored) -> None:
    conv.page.emulate_media(reduced_motion="reduce")
    try:
        conv.open(explored.path)
        assert conv.value("document.querySelector('#play')") is None
        assert "reduced motion" in conv.text("#panel")
        conv.click("#step")
        assert title(conv).startswith("Output cell")
    finally:
        conv.page.emulate_media(reduced_motion="null")


def test_filters_are_chosen_and_sorted_by_what_they_contribute(conv: Browser, explored: Explored) -> None:
    """The contribution: output times the derivative of the answer's score, by differences in the library."""
    layer, answer = explored.trace["conv2d"], int(explored.trace.output.argmax())
    kernel = explored.rounded_kernel()

    def score(maps: Array) -> float:
        for one in explored.model.layers[1:4]:
            maps, _ = one.forward(maps)
        dense, last = (explored.trace[name].parameters for name in ("dense", "dense_1"))
        hidden = np.maximum(maps.astype(float) @ kernel + dense["bias"], 0)
        return float((hidden @ last["kernel"] + last["bias"])[0, answer])

    added = []
    for f in range(64):  # the network is linear between its kinks
        less = layer.output.astype(float).copy()
        less[..., f] *= 1 - 1e-6
        added.append((score(layer.output.astype(float)) - score(less)) / 1e-6)
    conv.value(
        "(() => { const sort = document.querySelectorAll('#panel details select')[1]; sort.value = 'contribution'; sort.dispatchEvent(new Event('change')); })()"
    )
    order = conv.value(
        "Array.from(document.querySelectorAll('#maps button'), (button) => Number(button.dataset.channel))"
    )
    assert np.all(np.diff(np.array(added)[order]) <= 1e-3 * np.abs(added).max())
    conv.click(f"[data-channel='{order[3]}']")
    assert conv.value("Number(document.querySelector('#filter').value)") == order[3]
    assert f"filter {order[3]}" in conv.text("figure:has(#output) figcaption")
    assert f"adds {conv.value(f'shown({added[order[3]]})')[:3]}" in conv.value(
        "document.activeElement.getAttribute('aria-label')"
    )


def test_maps_say_which_tensor_they_are_with_minimum_zero_and_maximum(conv: Browser, explored: Explored) -> None:
    f = int(conv.value("current.view.filter"))
    output = explored.trace["conv2d"].output[0, :, :, f]
    figure = conv.text("figure:has(#output)")
    assert f"output of conv2d, after relu, filter {f}" in figure
    low, high = re.search(r"min (\S+), zero white, max (\S+)", figure).groups()  # type: ignore[union-attr]
    assert float(low) == output.min()
    assert close(float(high), output.max())
    white = conv.value("colour(0, 1)")
    assert white == [255, 255, 255]


# ------------------------------------------------------------ backward


@pytest.mark.parametrize(("row", "col"), [(0, 0), (14, 13), (5, 26)])
def test_col2im_lists_what_was_added_for_a_pixel(conv: Browser, explored: Explored, row: int, col: int) -> None:
    layer = explored.trace["conv2d"]
    conv.click("#dimage", row, col, 28, 28)
    assert layer.input_gradient is not None
    assert close(number(title(conv).split(" (pinned)")[0]), layer.input_gradient[0, row, col, 0])
    terms = conv.value(
        "Array.from(document.querySelectorAll('#reading tbody tr'), (row) => Array.from(row.cells, (cell) => cell.innerText))"
    )
    parts = [float(term[3].replace(MINUS, "-")) for term in terms]
    matrix = layer.inside_gradients["patches"][0]
    for term, part in zip(terms, parts, strict=True):
        assert close(part, matrix[ast.literal_eval(term[0])])
    assert len(parts) == min(row + 1, 5, 28 - row) * min(col + 1, 5, 28 - col)
    assert sum(parts) == pytest.approx(float(layer.input_gradient[0, row, col, 0]), rel=1e-2, abs=1e-9)
    assert close(float(terms[-1][4].replace(MINUS, "-")), float(layer.input_gradient[0, row, col, 0]), 2e-3)
    printed, says = run_snippet(conv)
    assert printed == pytest.approx(says, rel=1e-4)


def test_a_weights_gradient_is_a_column_times_dz(conv: Browser, explored: Explored) -> None:
    f = int(conv.value("current.view.filter"))
    conv.click("#dkernel", 2, 3, 5, 5)
    gradient = explored.trace["conv2d"].parameter_gradients["kernel"][2, 3, 0, f]
    assert close(number(title(conv).split(" (pinned)")[0]), gradient)
    assert conv.value("marksOf(current, current.view.selection).matrix") == [
        {"row": 0, "col": 13, "height": 576, "width": 1}
    ]
    printed, says = run_snippet(conv, explored.names())
    assert says == pytest.approx(float(gradient), rel=1e-6)
    assert printed == pytest.approx(says, rel=1e-4)


@pytest.mark.parametrize("what", ["#dkernel", "#dimage"])
def test_a_gradient_is_checked_by_differences(conv: Browser, explored: Explored, what: str) -> None:
    size = (2, 1, 5, 5) if what == "#dkernel" else (15, 14, 28, 28)
    conv.click(what, *size)
    conv.click(f"#check-{'weight' if what == '#dkernel' else 'input'}")
    text = conv.text(".check").replace(MINUS, "-")
    analytic, numeric, error, own = re.search(  # type: ignore[union-attr]
        r"analytic (\S+), numeric (\S+), error (\S+) \(.*Both were computed here, with dense's kernel in 7 bits\. "
        r"numpycnn's own, with every kernel exact, is (\S+)\.$",
        text,
    ).groups()
    assert float(numeric) == pytest.approx(float(analytic), rel=2e-3)
    assert float(error) < 2e-3 * abs(float(numeric))
    f = int(conv.value("current.view.filter"))
    layer = explored.trace["conv2d"]
    assert layer.input_gradient is not None
    true = layer.parameter_gradients["kernel"][2, 1, 0, f] if what == "#dkernel" else layer.input_gradient[0, 15, 14, 0]
    assert close(float(own), true)


@pytest.mark.parametrize("name", [*NETWORKS, *BLOCKS])
def test_numeric_and_analytic_agree_where_nothing_is_rounded(browser: Browser, tmp_path: Path, name: str) -> None:
    backend.set_floatx("float64")
    network = network_of(name, networks=NETWORKS | BLOCKS)
    x, y = data_for(network)
    network.explore(tmp_path / "page.html", x, y)
    browser.open(tmp_path / "page.html")
    trace = network.trace(x[:1], y[:1])
    names = browser.value("page.layers.map((layer) => layer.name)")
    for layer in trace.layers.values():
        k = names.index(layer.name)
        for key, gradient in layer.parameter_gradients.items():
            for index in {0, gradient.size // 2, gradient.size - 1}:
                numeric = browser.value(f"numericGradient({{ layer: {k}, key: '{key}', index: {index} }})")
                assert numeric == pytest.approx(float(gradient.ravel()[index]), abs=1e-7)
        assert layer.input_gradient is not None
        numeric = browser.value(f"numericGradient({{ layer: {k}, key: null, index: 1 }})")
        assert numeric == pytest.approx(float(layer.input_gradient.ravel()[1]), abs=1e-7)


def test_gradients_stop_at_inactive_relus(conv: Browser, explored: Explored) -> None:
    layer, f = explored.trace["conv2d"], int(conv.value("current.view.filter"))
    assert layer.output_gradient is not None
    inactive = (layer.inside["pre_activation"][0, :, :, f] <= 0) & (layer.output_gradient[0, :, :, f] != 0)
    i, j = np.argwhere(inactive)[0]
    conv.point("#dpre_activation", int(i), int(j), 24, 24)
    assert close(number(title(conv)), 0.0)
    assert "The ReLU is inactive here: the gradient stops." in conv.text("#reading")


def test_a_dense_layers_weight_and_input_are_checked_by_differences(browser: Browser, explored: Explored) -> None:
    browser.open(explored.path)
    browser.click("#stage-7")
    layer, unit = explored.trace["dense_1"], int(browser.value("current.view.unit"))
    d = int(layer.input[0].argmax())
    cols = int(browser.value("imagesOf([128], false).cols"))
    browser.click("#image", d // cols, d % cols, -(-128 // cols), cols)
    assert layer.input_gradient is not None
    for what, true in [
        ("weight", layer.parameter_gradients["kernel"][d, unit]),
        ("input", layer.input_gradient[0, d]),
    ]:
        assert browser.text(f"#check-{what}") == f"Check dL/d {what} numerically"
        browser.click(f"#check-{what}")
        text = browser.text(f"div:has(> #check-{what}) .check").replace(MINUS, "-")
        analytic, numeric, own = re.search(r"analytic (\S+), numeric (\S+), .* is (\S+)\.$", text).groups()  # type: ignore[union-attr]
        assert float(numeric) == pytest.approx(float(analytic), rel=2e-3)
        assert close(float(own), true)


def test_the_gradient_of_a_large_kernel_is_the_product_of_what_was_traced(browser: Browser, explored: Explored) -> None:
    browser.open(explored.path)
    browser.click("#stage-5")
    layer = explored.trace["dense"]
    shown = js_array(browser, "({ data: page.runs[4].parameter_gradients.kernel.data.filter((_, k) => k % 97 === 0) })")
    np.testing.assert_array_equal(shown, layer.parameter_gradients["kernel"].ravel()[::97])
    unit = int(browser.value("current.view.unit"))
    assert browser.text("#check-bias") == "Check dL/d bias numerically"
    browser.click("#check-bias")
    numeric = float(re.search(r"numeric (\S+),", browser.text(".check").replace(MINUS, "-")).group(1))  # type: ignore[union-attr]
    assert numeric == pytest.approx(float(layer.parameter_gradients["bias"][unit]), rel=0.15)  # a kernel in 7 bits


@pytest.mark.parametrize("size", SIZES)
def test_the_result_of_a_check_comes_into_view(browser: Browser, explored: Explored, size: str) -> None:
    browser.resize(SIZES[size][0], SIZES[size][1], phone=SIZES[size][2])
    browser.open(explored.path)
    browser.click("#stage-7")
    browser.click("#check-bias")
    top, bottom, upper, lower = browser.value(
        "[document.querySelector('.check'), document.getElementById('reading')].flatMap((node) =>"
        " [node.getBoundingClientRect().top, node.getBoundingClientRect().bottom])"
    )
    assert max(0, upper) <= top < bottom < min(lower, SIZES[size][1]) + 1  # part of a pixel is not seen


# ------------------------------------------------------------ pooling, dropout, loss


def test_the_winner_of_a_window_and_ties(browser: Browser, explored: Explored) -> None:
    browser.open(explored.path)
    browser.click("#stage-2")
    channel = int(browser.value("current.view.channel"))
    layer = explored.trace["max_pooling2d"]
    x = layer.input[0, :, :, channel]
    windows = x.reshape(12, 2, 12, 2).transpose(0, 2, 1, 3).reshape(12, 12, 4)
    ties = (windows == windows.max(axis=2, keepdims=True)).sum(axis=2)
    for i, j in [np.argwhere(ties == count)[0] for count in np.unique(ties)]:
        browser.point("#output", int(i), int(j), 12, 12)
        assert close(number(title(browser)), layer.output[0, i, j, channel])
        text = browser.text("#reading")
        assert f"The winner is tap {layer.inside['winner'][0, i, j, channel]}" in text
        assert (f"the first of {ties[i, j]} equal ones: a tie" in text) == (ties[i, j] > 1)
        assert text.count("tie, loses") == ties[i, j] - 1
    all_windows = layer.input[0].reshape(12, 2, 12, 2, 64).transpose(0, 2, 4, 1, 3).reshape(-1, 4)
    tied = ((all_windows == all_windows.max(axis=1, keepdims=True)).sum(axis=1) > 1).sum()
    assert f"{tied:,} of 9,216 windows have a tie" in browser.text("#panel")
    loser = layer.inside["winner"][0, 5, 5, channel] == 0
    browser.point("#dimage", 10, 11 if loser else 10, 24, 24)
    assert "dL/d pixel = 0: the gradient stops here" in browser.text("#reading")
    browser.click("#output", 5, 5, 12, 12)
    assert run_snippet(browser)[0] == pytest.approx(float(layer.output[0, 5, 5, channel]))


def test_dropout_in_training_has_the_librarys_mask_or_a_new_one(browser: Browser, explored: Explored) -> None:
    browser.open(explored.path)
    browser.click("#stage-3")
    assert "In inference everything goes on as it is" in browser.text("#panel")
    browser.value(
        "(() => { const mode = document.querySelector('#mode'); mode.value = 'library'; mode.dispatchEvent(new Event('change')); })()"
    )
    trace = explored.model.trace(explored.x[5:6], explored.y[5:6], training=True)
    mask = trace["dropout"].inside["mask"][0]
    assert set(np.unique(mask)) == {0.0, 2.0}
    np.testing.assert_array_equal(js_array(browser, "page.runs[2].mask"), mask.ravel())
    assert f"1/(1 {MINUS} 0.5) = 2. Here {np.count_nonzero(mask):,} of 9,216 are kept." in browser.text("#panel")
    i, j = np.argwhere(mask[:, :, int(browser.value("current.view.channel"))] == 0)[0]
    browser.point(
        "#dinput" if browser.value("!!document.querySelector('#dinput')") else "#mask", int(i), int(j), 12, 12
    )
    assert "Dropped: the value and its gradient are 0." in browser.text("#reading")
    assert "dropout on" in browser.text("#source")
    browser.click("#draw-again")
    drawn = js_array(browser, "page.runs[2].mask")
    assert set(np.unique(drawn)) == {0.0, 2.0}
    assert 0.4 < (drawn == mask.ravel()).mean() < 0.6


def test_another_target_sends_back_another_gradient(browser: Browser, explored: Explored) -> None:
    browser.open(explored.path)
    browser.click("#stage-8")
    for target in (3, 2):
        browser.click(f"#target-{target}")
        trace = explored.model.trace(explored.x[5:6], np.eye(10)[[target]])
        cells = browser.value(
            "Array.from(document.querySelectorAll('#panel tbody tr'), (row) => Array.from(row.cells, (cell) => cell.innerText))"
        )
        table = [[float(cell.replace(MINUS, "-")) for cell in (row[1], row[2], row[4], row[5])] for row in cells]
        for k, (score, p, y, gradient) in enumerate(table):
            tolerance = 6e-4 if target == 2 else 0.1  # the page's own numbers, through a kernel in 7 bits
            assert close(score, trace.last.inside["pre_activation"][0, k], tolerance) or target == 3
            assert close(p, trace.output[0, k], tolerance)
            assert y == (k == target)
            assert math.isclose(
                gradient, trace.last.inside_gradients["pre_activation"][0, k], rel_tol=tolerance, abs_tol=1e-7
            )
    assert browser.value("page.traced") is True
    browser.click("#class-4")
    printed, says = run_snippet(browser)
    assert says == pytest.approx(float(trace.last.inside_gradients["pre_activation"][0, 4]), rel=1e-6)
    assert printed == pytest.approx(says, rel=1e-4, abs=1e-9)


def test_the_snippet_of_every_panel_prints_the_number(browser: Browser, explored: Explored) -> None:
    browser.open(explored.path)
    for stage in range(9):
        browser.click(f"#stage-{stage}")
        printed, says = run_snippet(browser, explored.names())
        assert printed == pytest.approx(says, rel=1e-4, abs=1e-7)
        assert browser.value("document.querySelector('#sources mark') !== null") == (stage not in (0, 4))


# ------------------------------------------------------------ drawing


def draw_a_one(browser: Browser) -> None:
    x, y = browser.centre("#drawing")
    mouse = browser.page.mouse
    mouse.move(x - 20, y - 90)
    mouse.down()
    for step in range(10):
        mouse.move(x - 20 + 2 * step, y - 90 + 15 * step)
    mouse.move(x, y + 60)
    mouse.up()


def check_drawing(browser: Browser, explored: Explored) -> Array:
    """What the network sees is the drawing as MNIST would have it; what it answers is the model's answer, nearly."""
    ink = js_array(browser, "inkTensor()").reshape(280, 280)
    seen = js_array(browser, "page.x").reshape(28, 28)
    np.testing.assert_allclose(seen, as_mnist(ink), atol=1e-6)
    predicted = explored.model.predict(seen[None, :, :, None].astype(np.float32))[0]
    np.testing.assert_allclose(js_array(browser, "page.runs.at(-1).output"), predicted, atol=0.03)
    answer = int(js_array(browser, "page.runs.at(-1).output").argmax())
    assert js_array(browser, "page.target").tolist() == np.eye(10)[answer].tolist()
    said = f"Drawn here, as MNIST would have it, target {answer}, which is the answer. The answer is {answer}"
    assert browser.text("#source").startswith(said)
    assert "computed in this page" in browser.text("#source")
    return ink


def test_a_digit_drawn_by_mouse(browser: Browser, explored: Explored) -> None:
    browser.open(explored.path)
    browser.click("#stage-0")
    draw_a_one(browser)
    first = check_drawing(browser, explored)
    assert first.sum() > 1000
    browser.click("#fitted")
    raw = js_array(browser, "page.x").reshape(28, 28)
    np.testing.assert_allclose(raw, first.reshape(28, 10, 28, 10).mean(axis=(1, 3)), atol=1e-6)
    browser.click("#fitted")
    draw_a_one(browser)
    browser.click("#undo")
    np.testing.assert_array_equal(check_drawing(browser, explored), first)
    browser.click("#stage-1")  # the drawn digit goes through every panel
    browser.point("#output", 11, 11, 24, 24)
    f = int(browser.value("current.view.filter"))
    seen = js_array(browser, "page.x").reshape(1, 28, 28, 1)
    assert close(number(title(browser)), explored.model.trace(seen)["conv2d"].output[0, 11, 11, f], 1e-3)
    browser.click("#stage-0")
    browser.click("#clear")
    assert browser.value("page.traced") is True


def test_a_drawings_target_follows_its_answer_or_is_chosen(browser: Browser, explored: Explored) -> None:
    browser.open(explored.path)
    browser.click("#stage-0")
    draw_a_one(browser)
    check_drawing(browser, explored)
    loss = browser.value("page.value")
    assert 0 < loss < np.log(10)
    browser.page.select_option("#drawnTarget", "7")
    assert browser.text("#source").startswith("Drawn here, as MNIST would have it, target 7. The answer is")
    assert js_array(browser, "page.target").tolist() == np.eye(10)[7].tolist()
    answer = int(js_array(browser, "page.runs.at(-1).output").argmax())
    assert browser.value("page.value") > loss or answer == 7
    draw_a_one(browser)
    assert js_array(browser, "page.target").tolist() == np.eye(10)[7].tolist()


def test_an_image_of_three_channels_is_shown_in_colour_or_by_channel(browser: Browser, tmp_path: Path) -> None:
    network = Sequential([Conv2D(2, 3, activation="relu", input_shape=(6, 5, 3)), Flatten(), Dense(3)], seed=0)
    network.compile("sgd", "mse")
    x = np.random.default_rng(0).integers(0, 256, (2, 6, 5, 3)).astype(float)
    network.explore(tmp_path / "page.html", x, np.eye(3)[[0, 1]])
    browser.open(tmp_path / "page.html")
    browser.value(PIXELS)
    browser.click("#stage-0")
    middles = [(24 * c + 12, 24 * r + 12) for r in range(6) for c in range(5)]
    assert browser.value(f"pixels('#seen', {json.dumps(middles)})") == x[0].reshape(30, 3).tolist()
    assert "in colour" in browser.text("figure:has(#seen) figcaption")
    browser.page.select_option("#shownChannel", "1")
    assert "channel 1" in browser.text("figure:has(#seen) figcaption")
    browser.point("#seen", 4, 2, 6, 5)
    assert close(number(title(browser)), x[0, 4, 2, 1])


def test_a_dense_input_is_named_by_row_column_and_channel(browser: Browser, tmp_path: Path) -> None:
    for first in (False, True):
        layout = "channels_first" if first else "channels_last"
        shape = (4, 3, 5) if first else (3, 5, 4)
        network = Sequential([Flatten(layout, input_shape=shape), Dropout(0.5), Dense(3, activation="softmax")], seed=0)
        network.compile("sgd", "categorical_crossentropy")
        x = np.random.default_rng(0).normal(size=(1, *shape))
        network.explore(tmp_path / "page.html", x, np.eye(3)[[0]])
        browser.open(tmp_path / "page.html")
        browser.value("choose(3)")
        for d in (0, 17, 59):
            browser.value(f"current.box.pin({{ type: 'input', d: {d} }})")
            row, col, channel = map(int, re.findall(r"row (\d+), column (\d+), channel (\d+)", title(browser))[0])
            place = (channel, row, col) if first else (row, col, channel)
            assert close(number(title(browser).split(" (pinned)")[0]), x[0][place])


def test_a_digit_drawn_by_touch_does_not_scroll_the_page(browser: Browser, explored: Explored) -> None:
    browser.resize(390, 844, phone=True)
    browser.open(explored.path)
    browser.value("choose(0)")
    x, y = browser.centre("#drawing")
    before = browser.value("scrollY")
    browser.touch("touchStart", (x, y - 60))
    for step in range(8):
        browser.touch("touchMove", (x + step, y - 60 + 15 * step))
    browser.touch("touchEnd")
    assert browser.value("scrollY") == before
    ink = check_drawing(browser, explored)
    rows = np.flatnonzero(ink.any(axis=1))
    assert rows[-1] - rows[0] > 90


def test_a_digit_drawn_by_keyboard(browser: Browser, explored: Explored) -> None:
    browser.open(explored.path)
    browser.click("#stage-0")
    browser.page.focus("#drawing")
    browser.press(*["ArrowUp"] * 8)
    assert browser.value("page.traced") is True
    browser.press(*["Shift+ArrowDown"] * 14)
    assert "row 20, drawn" in browser.text("#spoken")
    ink = check_drawing(browser, explored)
    rows = np.flatnonzero(ink.any(axis=1))
    assert rows[-1] - rows[0] > 130
    browser.press("Delete")
    assert browser.value("page.traced") is True


def test_drawings_of_all_sizes_become_what_as_mnist_makes_of_them(browser: Browser, explored: Explored) -> None:
    browser.open(explored.path)
    rng = np.random.default_rng(0)
    drawings = [rng.uniform(0, 1, rng.integers(1, 50, 2)) * (rng.uniform(size=()) > 0.3) for _ in range(40)]
    drawings += [np.pad(drawing, rng.integers(0, 20, (2, 2))) for drawing in drawings]
    bars = [np.ones((40, side)) for side in (1, 3, 5, 7, 9, 11)]  # 20 * 5/40 is 2.5: halves are rounded to even
    drawings += [np.pad(bar, 1) for bar in bars]
    for drawing in drawings:
        shape, values = list(drawing.shape), drawing.ravel().tolist()
        found = browser.value(
            f"(() => {{ const x = asMnist(tensor({shape}, {values})); return x && Array.from(x.data); }})()"
        )
        if drawing.any():
            np.testing.assert_allclose(np.array(found).reshape(28, 28), as_mnist(drawing), atol=1e-6)
        else:
            assert found is None


def test_examples_and_those_read_wrongly_can_be_chosen(browser: Browser, explored: Explored) -> None:
    browser.open(explored.path)
    browser.click("#stage-0")
    read, true = explored.model.predict(explored.x).argmax(axis=1), explored.y.argmax(axis=1)
    wrong = np.flatnonzero(read != true)
    browser.value(
        "(() => { const show = document.querySelector('#panel details select'); show.value = 'wrong'; show.dispatchEvent(new Event('change')); })()"
    )
    offered = []
    for sheet in range(-(-len(wrong) // 60)):
        if sheet:
            browser.click("#later")
        offered += browser.value(
            "Array.from(document.querySelectorAll('#examples button'), (button) => Number(button.dataset.number))"
        )
        assert browser.text("#sheet") == f"{60 * sheet + 1} to {len(offered)} of these {len(wrong)}"
    assert offered == wrong.tolist()
    assert browser.value("document.querySelector('#later').disabled")
    for _ in range(-(-len(wrong) // 60) - 1):
        browser.click("#earlier")
    assert browser.value("document.querySelector('#earlier').disabled")
    k = offered[0]
    browser.click(f"[data-number='{k}']")
    assert browser.text("#source").startswith(f"Example {k}, true class {true[k]}.")
    np.testing.assert_array_equal(js_array(browser, "page.x"), explored.x[k].ravel())
    trace = explored.model.trace(explored.x[k : k + 1], explored.y[k : k + 1])
    np.testing.assert_array_equal(js_array(browser, "page.target"), explored.y[k])
    np.testing.assert_allclose(js_array(browser, "page.runs[0].output"), trace["conv2d"].output.ravel(), atol=1e-5)
    browser.click("#traced")
    assert browser.value("page.traced") is True


def jump(browser: Browser, number: int) -> None:
    """Type a number into the field of examples."""
    browser.page.focus("#jump")
    browser.value("document.querySelector('#jump').select()")
    for figure in str(number):
        browser.press(figure)
    browser.press("Enter")


def test_a_number_leads_to_its_example_or_to_the_way_to_have_it(
    browser: Browser, explored: Explored, tmp_path: Path
) -> None:
    (x, y), _ = mnist.load_data()
    x, y = x[:4000, :, :, None] / np.float32(255), np.eye(10)[y[:4000]]
    path = tmp_path / "page.html"
    explored.model.explore(path, x, y, example=3999)
    numbers = facts_of(path.read_text(encoding="utf-8"))["examples"]["numbers"]
    wrong = np.flatnonzero(explored.model.predict(x).argmax(axis=1) != y.argmax(axis=1))
    run = next(n for n in range(4000) if n not in numbers)
    beyond = wrong[wrong > run]
    assert sorted(numbers) == sorted({*range(run), *beyond, 3999})
    browser.open(path)
    browser.click("#stage-0")
    assert browser.text("#held").startswith(
        f"The page holds examples 0 to {run - 1}, and all others that the network reads wrongly ({len(beyond)}), "
        "and 3999, which was traced. "
    )
    for number in (17, int(beyond[-1])):
        jump(browser, number)
        assert browser.text("#source").startswith(f"Example {number}, true class {y[number].argmax()}.")
        np.testing.assert_array_equal(js_array(browser, "page.x"), x[number].ravel())
        assert browser.value("Number(document.querySelector('#jump').value)") == number
    jump(browser, run)
    assert browser.text("#held").startswith(f"Example {run} is not in this page. The page holds examples 0 to")
    assert "python -m numpycnn explore --digit N makes a page" in browser.text("#spoken")
    np.testing.assert_array_equal(js_array(browser, "page.x"), x[number].ravel())


# ------------------------------------------------------------ keyboard, speech, colours, phones


def test_every_part_can_be_reached_and_used_by_keyboard(conv: Browser, explored: Explored) -> None:
    everything = conv.value(
        "Array.from(document.querySelectorAll('canvas[role], button, select, input, summary, pre')).filter((node) =>"
        " node.tabIndex >= 0 && !node.disabled && node.checkVisibility()).length"
    )
    conv.value("document.activeElement.blur(); window.reached = new Set(); scrollTo(0, 0)")
    for _ in range(everything + 20):
        conv.press("Tab")
        conv.value("void reached.add(document.activeElement)")
    missed = conv.value(
        "Array.from(document.querySelectorAll('canvas[role], button, select, input, summary, pre')).filter((node) =>"
        " node.tabIndex >= 0 && !node.disabled && node.checkVisibility() && !reached.has(node)).map((node) => node.outerHTML)"
    )
    assert missed == []
    conv.page.focus("#output")
    conv.value("current.figures.output.place.row = current.figures.output.place.col = 0")
    conv.press("ArrowDown", "ArrowDown", "ArrowRight")
    f = int(conv.value("current.view.filter"))
    value = explored.trace["conv2d"].output[0, 2, 1, f]
    spoken = conv.text("#spoken")
    assert spoken.startswith(f"Output cell (2, 1) of filter {f} = ")
    assert close(number(spoken.split(". ")[0]), value)
    assert "patch rows 2 to 6, columns 1 to 5" in spoken
    conv.press("Enter")
    assert conv.text("#spoken").startswith("Pinned. Output cell (2, 1)")
    conv.press("Escape")
    conv.press("]")
    assert conv.text("#panel h2").startswith("max_pooling2d")
    assert conv.text("#spoken") == "max_pooling2d, 3 of 9"
    conv.press("[")
    conv.page.focus("#stage-1")
    conv.press("ArrowRight")
    assert conv.value("document.activeElement.id") == "stage-2"


def test_everything_has_a_name_that_can_be_spoken(browser: Browser, explored: Explored) -> None:
    roles = ("button", "application", "combobox", "slider", "spinbutton", "checkbox", "tab", "DisclosureTriangle")
    browser.open(explored.path)
    for stage in range(9):
        browser.value(f"choose({stage})")
        browser.devtools.send("Accessibility.enable")
        nodes = browser.devtools.send("Accessibility.getFullAXTree")["nodes"]
        browser.devtools.send("Accessibility.disable")
        active = [node for node in nodes if not node["ignored"] and node["role"]["value"] in roles]
        assert len(active) > 10
        assert [node for node in active if not node["name"]["value"].strip()] == []


def luminance(colour: list[int]) -> float:
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_the_colours_can_be_told_apart_without_red_and_green(browser: Browser, explored: Explored) -> None:
    """Away from zero every step is darker, and the two signs differ in blue, which all but very few people see."""
    browser.open(explored.path)
    for sign in (-1, 1):
        shades = [luminance(browser.value(f"colour({sign * k / 10}, 1)")) for k in range(11)]
        assert np.all(np.diff(shades) < 0)
    for k in range(3, 11):
        below, above = browser.value(f"colour({-k / 10}, 1)"), browser.value(f"colour({k / 10}, 1)")
        assert below[2] - above[2] > 60
    browser.value(PIXELS)
    browser.value(
        "(() => { const c = make('canvas', { id: 'try' }); document.body.append(c);"
        " paint(c, 1, 2, (r, k) => (k ? 0.1 : -0.1), 1, [20, 20]); })()"
    )
    struck, plain = browser.value("pixels('#try', [[10, 9], [30, 9]])")
    assert max(struck) < 150 < min(plain)  # the stroke across what is negative


def test_it_can_be_read_on_a_phone(browser: Browser, explored: Explored) -> None:
    browser.resize(390, 844, phone=True)
    browser.open(explored.path)
    for stage in range(9):
        browser.value(f"choose({stage})")
        assert browser.value("document.documentElement.scrollWidth") <= 390
        small = browser.value(
            "Array.from(document.querySelectorAll('button, select, summary, label.tick, input:not([type=checkbox])'), (node) =>"
            " [node, node.getBoundingClientRect()]).filter(([node, box]) => node.checkVisibility()"
            " && Math.min(box.width, box.height) < 44).map(([node]) => node.outerHTML.slice(0, 200))"
        )
        assert small == []


def test_no_target_is_tiny_on_a_desktop(browser: Browser, explored: Explored) -> None:
    browser.open(explored.path)
    for stage in range(9):
        browser.value(f"choose({stage})")
        small = browser.value(
            "Array.from(document.querySelectorAll('button, select, summary, label.tick, input:not([type=checkbox])'),"
            " (node) => [node, node.getBoundingClientRect()]).filter(([node, box]) => node.checkVisibility()"
            " && Math.min(box.width, box.height) < 40).map(([node]) => node.outerHTML.slice(0, 200))"
        )
        assert small == []


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_moves_when_one_points_or_pins(browser: Browser, explored: Explored, width: int) -> None:
    browser.resize(width, 900, phone=width < 600)
    browser.open(explored.path)
    places = (
        "JSON.stringify(Array.from(document.querySelectorAll('figure, #panel details'), (node) =>"
        " Math.round(node.getBoundingClientRect().top + scrollY)))"
    )
    for stage in range(9):
        browser.value(f"choose({stage})")
        names = browser.value("Array.from(document.querySelectorAll('#panel figure canvas'), (node) => node.id)")
        before = browser.value(places)
        for name in names:
            for part in (0.2, 0.6):
                for kind in ("pointermove", "click"):
                    browser.value(
                        f"(() => {{ const node = document.getElementById('{name}'), box = node.getBoundingClientRect();"
                        f" node.dispatchEvent(new PointerEvent('{kind}', {{ clientX: box.left + {part} * box.width,"
                        f" clientY: box.top + {part} * box.height }})); }})()"
                    )
                    assert browser.value(places) == before, (stage, name, kind)
                browser.value("current.box.release()")


# ------------------------------------------------------------ the general panel


@pytest.fixture
def block(browser: Browser, tmp_path: Path) -> tuple[Browser, Sequential, Array, Array]:
    """The page of the second of the networks with blocks."""
    network = network_of("branches in a residual block in a chain", networks=BLOCKS)
    x, y = data_for(network)
    network.explore(tmp_path / "page.html", x, y)
    browser.open(tmp_path / "page.html")
    return browser, network, x, y


def choose(browser: Browser, name: str) -> None:
    browser.value(f"choose(1 + page.layers.findIndex((layer) => layer.name === '{name}'))")


def test_the_general_panel_shows_what_a_layer_computed(block: tuple[Browser, Sequential, Array, Array]) -> None:
    """In a line, and each number of its input, inside, output, gradients and parameters, with its check and snippet."""
    browser, network, x, y = block
    name = "sequential/residual/shortcut/batch_normalization"
    choose(browser, name)
    assert "y = gamma \N{MULTIPLICATION SIGN} normalized + beta, for each channel" in browser.text("#panel")
    layer, figures = network.trace(x[:1], y[:1])[name], browser.value("Object.keys(current.figures)")
    assert set(figures) == {key.replace(" ", "_") for key in layer.arrays()}
    for key in figures:
        browser.value(f"current.box.pin({{ name: '{key}', n: 1 }})")
        printed, says = run_snippet(browser, {"model": network, "x": x, "y": y})
        assert printed == pytest.approx(says, rel=1e-6)
        assert close(number(title(browser).split(" (pinned)")[0]), says)
        browser.value("current.box.release()")
    browser.value("current.box.pin({ name: 'gamma', n: 2 })")
    browser.click("#check-gamma")
    analytic, numeric = re.search(
        r"analytic (\S+), numeric (\S+),", browser.text(".check").replace(MINUS, "-")
    ).groups()  # type: ignore[union-attr]
    assert float(numeric) == pytest.approx(float(analytic), rel=1e-3)
    assert close(float(analytic), float(layer.parameter_gradients["gamma"][2]))


def test_it_says_what_a_sum_was_made_of(block: tuple[Browser, Sequential, Array, Array]) -> None:
    browser, network, x, y = block
    trace = network.trace(x[:1], y[:1])
    main, shortcut = (trace[f"sequential/residual/{name}"] for name in ("main/conv2d", "shortcut/group_normalization"))
    choose(browser, "sequential/residual")
    browser.value("current.box.pin({ name: 'output', n: 7 })")
    terms = re.search(r"output = (\S+) \+ (\S+), of each branch", browser.text("#reading").replace(MINUS, "-"))
    assert terms is not None
    for term, own in zip(terms.groups(), (main, shortcut), strict=True):
        assert close(float(term), float(own.output.ravel()[7]))
    assert close(number(title(browser).split(" (pinned)")[0]), float((main.output + shortcut.output).ravel()[7]))
    choose(browser, "global_average_pooling2d")
    browser.value("current.box.pin({ name: 'output', n: 3 })")
    rows = browser.value("Array.from(document.querySelectorAll('#reading tbody tr'), (row) => row.cells[3].innerText)")
    assert len(rows) == 30
    mean = sum(float(row.replace(MINUS, "-")) for row in rows)
    assert mean == pytest.approx(float(trace["global_average_pooling2d"].output[0, 3]), rel=1e-3, abs=1e-4)


def test_what_is_drawn_goes_through_layers_of_every_kind(browser: Browser, tmp_path: Path) -> None:
    layers = [ReLU(input_shape=(28, 28, 1)), AveragePooling2D(4), BatchNormalization(), Residual([Conv2D(1, 1)])]
    network = Sequential([*layers, Flatten(), Dense(10, activation="softmax")], seed=0)
    network.compile("sgd", "categorical_crossentropy")
    network.explore(tmp_path / "page.html", np.random.default_rng(0).uniform(size=(2, 28, 28, 1)), np.eye(10)[[3, 4]])
    browser.open(tmp_path / "page.html")
    browser.click("#stage-0")
    draw_a_one(browser)
    seen = js_array(browser, "page.x").reshape(1, 28, 28, 1)
    target = js_array(browser, "page.target")[None]
    compare(browser, network.trace(seen, target), 2e-5, traced=False)


# ------------------------------------------------------------ models of other kinds


class Twice(Layer):
    """A layer of a user's own, with something inside that no page can know."""

    def output_shape_for(self, input_shape: Shape) -> Shape:
        return input_shape

    def forward(self, x: Array, *, training: bool = False, rng: Rng | None = None) -> tuple[Array, Cache]:
        return 2 * x, None

    def backward(self, dy: Array, cache: Cache) -> tuple[Array, dict[str, Array]]:
        return 2 * dy, {}

    def inside(self, x: Array, cache: Cache) -> dict[str, Array]:
        return {"mask": np.array(3, np.int64), "pre_activation": np.array("text")}


def test_a_layer_that_the_page_does_not_know_is_shown_as_traced(browser: Browser, tmp_path: Path) -> None:
    network = Sequential(
        [Conv2D(2, 2, activation="relu", input_shape=(4, 4, 1)), Twice(), Flatten(), Dense(3, activation="softmax")],
        seed=0,
    )
    network.compile("sgd", "categorical_crossentropy")
    x, y = data_for(network)
    network.explore(tmp_path / "page.html", x, y)
    browser.open(tmp_path / "page.html")
    trace = network.trace(x[:1], y[:1])
    trace["twice"].inside = {}
    compare(browser, trace, 0.0, traced=True)
    for k in range(6):
        browser.click(f"#stage-{k}")
    browser.value("choose(2)")
    assert "does not know" in browser.text("#panel")
    browser.value("choose(0)")
    assert browser.value("document.querySelector('#drawing')") is None
    assert "cannot compute the network" in browser.text("#panel")


@pytest.mark.parametrize("compiled", [True, False])
def test_without_targets_only_the_way_forward_is_shown(browser: Browser, tmp_path: Path, compiled: bool) -> None:
    network = Sequential(
        [Conv2D(2, 2, input_shape=(5, 4, 1)), MaxPooling2D(), Dropout(0.5), Flatten(), Dense(3), Activation("softmax")],
        seed=0,
    )
    if compiled:
        network.compile("sgd", "categorical_crossentropy")
    x, _ = data_for(network)
    network.explore(tmp_path / "page.html", x)
    browser.open(tmp_path / "page.html")
    compare(browser, network.trace(x[:1]), 0.0, traced=True)
    for k in range(7 + compiled):
        browser.click(f"#stage-{k}")
    if compiled:
        browser.click("#target-1")
        compare(browser, network.trace(x[:1], np.eye(3)[[1]]), 1e-5, traced=False)


def test_a_page_whose_kernel_was_left_out_shows_the_trace(browser: Browser, tmp_path: Path) -> None:
    network = Sequential([Dense(1500, activation="relu", input_shape=(2000,)), Dense(3, activation="softmax")], seed=0)
    network.compile("sgd", "categorical_crossentropy")
    x, y = data_for(network, 2)
    network.explore(tmp_path / "page.html", x, y)
    browser.open(tmp_path / "page.html")
    for k in range(4):
        browser.click(f"#stage-{k}")
    browser.click("#stage-1")
    assert "left out of this page" in browser.text("#panel")
    assert "dense/parameters/kernel was left out" in browser.value("document.querySelector('#differences').textContent")


def test_layers_may_have_any_name(browser: Browser, tmp_path: Path) -> None:
    layers = [
        Conv2D(2, 3, name="<b>&\"'x", input_shape=(8, 8, 1)),
        Flatten(name="__proto__"),
        Dropout(0.5, name="toString"),
        Dense(3, activation="softmax", name="constructor"),
    ]
    network = Sequential(layers, seed=0, name="<i>&amp;")
    network.compile("sgd", "categorical_crossentropy")
    x, y = data_for(network)
    network.explore(tmp_path / "page.html", x, y)
    browser.open(tmp_path / "page.html")
    assert browser.text("#title") == "numpycnn explorer: <i>&amp;"
    for k, layer in enumerate(layers, 1):
        browser.click(f"#stage-{k}")
        assert browser.text("#panel h2").startswith(f"{layer.name}: ")
        assert title(browser)
    browser.value("setMode('library')")
    compare(browser, network.trace(x[:1], y[:1], training=True), 1e-5, traced=False)


def test_what_is_not_finite_is_computed_as_numpy_does_and_marked(browser: Browser, tmp_path: Path) -> None:
    network = Sequential(
        [
            Conv2D(3, 3, activation="relu", input_shape=(8, 8, 1)),
            MaxPooling2D(),
            Flatten(),
            Dense(3, activation="softmax"),
        ],
        seed=0,
    )
    network.compile("sgd", "categorical_crossentropy")
    weights = network.get_weights()
    weights[0][1, 1, 0, 0], weights[0][0, 0, 0, 1] = np.nan, np.inf
    network.set_weights(weights)
    x, y = data_for(network)
    x[0, 2:5, 2:5] = 0
    with np.errstate(invalid="ignore"):
        network.explore(tmp_path / "page.html", x, y)
        trace = network.trace(x[:1], y[:1])
    browser.open(tmp_path / "page.html")
    assert re.search(r"differ by at most \d", browser.text("#source"))
    assert browser.value("page.differences.filter((one) => !(one.difference <= 1e-5))") == []
    browser.click("#stage-1")
    browser.value(PIXELS)
    for f in range(3):
        browser.value(f"current.view.filter = {f}; current.refresh()")
        output = trace["conv2d"].output[0, :, :, f]
        odd, finite = int((~np.isfinite(output)).sum()), output[np.isfinite(output)]
        legend = browser.text("figure:has(#output) .legend").replace(MINUS, "-")
        low, high = re.search(r"min (\S+), zero white, max (\S+?)(?:;|$)", legend).groups()  # type: ignore[union-attr]
        assert close(float(low), finite.min() if finite.size else 0)
        assert close(float(high), finite.max() if finite.size else 0)
        assert (f"grey with a cross: {odd} value" in legend) == (odd > 0)
    assert odd == 0
    browser.value("current.view.filter = 0; current.refresh()")
    grey, stroke = browser.value("pixels('#output', [[60 * 4 + 12, 60 * 4 + 2], [4 * 24 + 12, 4 * 24 + 12]])")
    assert grey == [150, 150, 150] or stroke != [255, 255, 255]


def test_a_single_output_has_no_class_to_choose(browser: Browser, tmp_path: Path) -> None:
    network = Sequential([Conv2D(2, 5, input_shape=(5, 5, 1)), Flatten(), Dense(1, activation="sigmoid")], seed=0)
    network.compile("sgd", "mse")
    network.explore(tmp_path / "page.html", np.ones((2, 5, 5, 1)), np.zeros((2, 1)))
    browser.open(tmp_path / "page.html")
    assert "1 row (output cell) by 25 columns (taps)" in browser.text("#panel")
    assert "the patch under the window at the one output cell as one row" in browser.text("#panel")
    browser.click("#stage-4")
    assert browser.value("document.querySelectorAll('[id^=target-]').length") == 0
    assert browser.value("document.querySelectorAll('[id^=class-]').length") == 1


# ------------------------------------------------------------ these tests can fail


@pytest.mark.parametrize(
    ("right", "wrong", "name"),
    [
        ("Math.floor(pads / 2)", "Math.ceil(pads / 2)", "dilation, stride and same, several convolutions"),
        (
            "o * axis.stride + t * axis.dilation",
            "o * axis.stride + t",
            "dilation, stride and same, several convolutions",
        ),
        ("x.data[c * pixels + p];", "x.data[p * channels + c];", "layouts mixed"),
        ("kept && rate > 0 ? 1 / (1 - rate) : kept", "kept", "layouts mixed"),
        ("sums[k % outputs] += value", "sums[k % outputs] = value", "dense on images"),
        ("(y > 0 ? 1 : slope) *", "", "channels_first"),
        ("[pixel, 1 / pixels.length]", "[pixel, 1]", "normalized and averaged"),
        ("Math.sqrt(v + epsilon)", "Math.sqrt(v)", "normalized and averaged"),
        ("scaled.data[k]) }", "1) }", "normalized and averaged"),
        ("Math.floor((c * groups) / shape[channel])", "c % groups", "branches in a residual block in a chain"),
        ("start += own;", "start += 0;", "branches in a residual block in a chain"),
        ("outputs.map(() => dy)", "outputs.map(() => mapped(dy, (g) => g / 2))", "merged at the end"),
        ("penalty.l1 * Math.sign(value)", "penalty.l1", "merged at the end"),
        ("e.map((one, k) => one / sum - y[k])", "e.map((one) => one / sum)", "no convolution"),
    ],
)
def test_a_fault_in_a_script_is_noticed(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right: str, wrong: str, name: str
) -> None:
    shell = page.with_assets()
    assert shell.count(right) == 1
    monkeypatch.setattr(page, "with_assets", lambda: shell.replace(right, wrong))
    with pytest.raises(AssertionError):
        test_javascript_computes_what_numpy_does(browser, tmp_path, name, "float32", "categorical_crossentropy")
