"""The live page in a real browser: what it shows is what the running process computes, and learns.

As test_explore_browser.py: Chromium or Chrome are needed, and the deep profile.
"""

import json
import re
import threading
import webbrowser
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from browser import SIZES, Browser, needs_browser
from browser import chromium as launched
from test_explore import NETWORKS, array_of, data_for, network_of
from test_explore_browser import BLOCKS, MINUS, Twice, close, compare, draw_a_one, js_array

from numpycnn import Sequential, backend
from numpycnn.app.commands.serve import opened
from numpycnn.app.tutorial import tutorial_network
from numpycnn.common.typing import Array
from numpycnn.datasets import mnist
from numpycnn.datasets.digits import as_mnist
from numpycnn.engine.batching import Data
from numpycnn.layers import Conv2D, Dense, Flatten
from numpycnn.models import load_model
from numpycnn.show.serve.server import Server
from numpycnn.show.serve.session import Session
from numpycnn.show.serve.trainer import Trainer

pytestmark = [pytest.mark.deep, needs_browser]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launched(loopback=True) as running:
        yield running


class Served:
    """A server in this process, and the page that it serves, open at a desktop's width."""

    def __init__(
        self, browser: Browser, model: Sequential, x: Array, y: Array | None, data: tuple[Array, Array] | None
    ) -> None:
        self.browser, self.model, self.x, self.y = browser, model, x, y
        self.session = Session(model, x, y, 3)
        self.trainer = Trainer(
            self.session, Data(*data) if data else None, 100, "" if data else "It has nothing to learn from."
        )
        self.server = Server(self.session, self.trainer)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        browser.page.goto("about:blank")
        browser.resize(1280, 900)
        browser.errors.clear()
        browser.requests.clear()
        browser.open(self.server.address)
        browser.wait("live.state")

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.close()

    def choose(self, name: str) -> None:
        """Open a panel by its name."""
        self.browser.value(f"choose(stages().findIndex((stage) => stage.name === {json.dumps(name)}))")

    def settled(self) -> None:
        """Wait until what is shown was traced, at the step that the model is at."""
        self.browser.wait("live.state.state !== 'training' && page.traced && page.facts.version === live.state.version")

    def one_batch(self) -> None:
        step = self.trainer.step + 1
        self.browser.wait("!document.querySelector('#one').disabled")
        self.browser.click("#one")
        self.browser.wait(f"live.state.step === {step} && live.state.state === 'paused' && watching.step === {step}")

    def compare(self, x: Array, y: Array | None, training: bool = False) -> None:
        """The page's numbers are the library's, to the last bit."""
        trace = self.model.trace(x, y, training=training)
        for layer in trace.layers.values():
            layer.inside.pop("patches", None)  # copies of pixels, which the page makes itself
        compare(self.browser, trace, 0.0, traced=True)


Serve = Callable[..., Served]


@pytest.fixture
def serve(chromium: Browser) -> Iterator[Serve]:
    """Serves networks; afterwards there must have been no error, and no request but to the server's own address."""
    running: list[Served] = []

    def begin(model: Sequential, x: Array, y: Array | None, data: tuple[Array, Array] | None = None) -> Served:
        running.append(Served(chromium, model, x, y, data))
        return running[-1]

    yield begin
    try:
        assert chromium.errors == [], chromium.errors
        outside = [url for url in chromium.requests if not url.startswith((running[-1].server.address, "about:"))]
        assert outside == []
    finally:
        for one in running:
            one.close()


@pytest.fixture
def live(serve: Serve) -> Served:
    """The tutorial's network, untrained, on a part of MNIST."""
    (x, y), (x_test, y_test) = mnist.load_data()

    def images(part: Array) -> Array:
        return part[..., None] / np.float32(255)

    data = images(x[:1000]), np.eye(10)[y[:1000]]
    return serve(tutorial_network(seed=0), images(x_test[:400]), np.eye(10)[y_test[:400]], data)


def change(browser: Browser, selector: str, value: str | int) -> None:
    """Set an input or a choice, as a person does."""
    browser.value(
        f"(() => {{ const node = document.querySelector({json.dumps(selector)}); node.value = {json.dumps(value)};"
        " node.dispatchEvent(new Event('change')); })()"
    )


# ------------------------------------------------------------ traces


def test_it_opens_at_the_training_and_every_panel_is_drawn(live: Served) -> None:
    browser = live.browser
    assert browser.text("#panel h2") == "training"
    assert browser.text("#live") == "● Live from NumPy, step 0."
    assert browser.text("#source").startswith("Example 3, true class 0.")
    assert "one trace after step 0 of training" in browser.text("#source")
    live.compare(live.x[3:4], live.y[3:4] if live.y is not None else None)
    for stage in range(10):
        browser.value(f"choose({stage})")
        assert browser.text("#panel h2")
    assert browser.value("fetch('https://example.invalid/').then(() => 'asked', () => 'refused')") == "refused"
    assert any("Content Security Policy" in error for error in browser.errors)
    browser.errors.clear()
    browser.requests.clear()


def test_a_file_leads_the_browser_to_the_page(live: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the command opens it: the address with the token is in no command line."""
    leads: list[str] = []
    monkeypatch.setattr(webbrowser, "open", leads.append)
    with opened(live.server.address):
        while not leads:
            live.browser.page.wait_for_timeout(10)
        assert live.server.token not in leads[0]
        live.browser.page.goto(leads[0])
        live.browser.page.wait_for_url(live.server.address)
        live.browser.wait("document.body.dataset.ready === 'yes'")
    assert [url for url in live.browser.requests if url.startswith("file:")] == leads
    live.browser.requests.clear()


def test_a_drawn_digit_goes_to_numpy_and_comes_back_traced(live: Served) -> None:
    browser = live.browser
    live.choose("input")
    draw_a_one(browser)
    assert "computed in this page" in browser.text("#source") or browser.value("page.traced")
    browser.wait("page.traced && page.label.startsWith('drawn')")
    seen = js_array(browser, "page.x").reshape(1, 28, 28, 1).astype(np.float32)
    np.testing.assert_allclose(
        seen[0, :, :, 0], as_mnist(js_array(browser, "inkTensor()").reshape(280, 280)), atol=1e-6
    )
    live.compare(seen, np.eye(10)[[live.model.predict(seen)[0].argmax()]])
    text = browser.text("#source")
    answer = live.model.predict(seen)[0]
    assert text.startswith(
        f"Drawn here, as MNIST would have it, target {answer.argmax()}, which is the answer. The answer is"
    )
    stated = re.search(
        r"Every number is numpycnn's own.*Computed again in this page, they differ by at most (\S+) of the largest number beside them\.$",
        text,
    )
    assert stated is not None
    assert 0 < float(stated[1].replace(MINUS, "-")) < 1e-5
    assert f"The answer is {answer.argmax()} " in text
    live.choose("conv2d")
    live.compare(seen, np.eye(10)[[live.model.predict(seen)[0].argmax()]])
    live.choose("input")
    draw_a_one(browser)
    browser.click("#clear")
    browser.wait("page.traced && page.label.startsWith('example 3')")
    live.compare(live.x[3:4], np.eye(10)[[0]])


def test_any_test_digit_by_its_number(live: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = live.browser
    assert live.y is not None
    monkeypatch.setattr("numpycnn.show.serve.session.MAX_EXAMPLES", 300)
    browser.open(live.server.address)
    live.choose("input")
    assert browser.value("document.querySelectorAll('#panel input[type=number]').length") == 1
    held = browser.value("page.facts.examples.numbers")
    for number in (next(one for one in range(399, 0, -1) if one not in held), max(held)):
        change(browser, "#jump", number)
        browser.wait(f"page.facts.example === {number}")
        assert browser.value("page.number") == number
        assert browser.value("document.querySelectorAll('[aria-pressed=true][data-number]').length") == (number in held)
        assert browser.text("#source").startswith(f"Example {number}, true class {live.y[number].argmax()}.")
        live.compare(live.x[number : number + 1], live.y[number : number + 1])
    tile = min(held)
    browser.value("document.querySelector('#earlier').disabled || (shelf.sheet = 0, renderPanel())")
    browser.click(f"[data-number='{tile}']")
    browser.wait(f"page.facts.example === {tile}")
    live.compare(live.x[tile : tile + 1], live.y[tile : tile + 1])
    assert browser.value("document.querySelector('#jump').value") == str(tile)
    draw_a_one(browser)
    browser.wait("page.traced && page.label.startsWith('drawn')")
    assert browser.value("document.querySelectorAll('[aria-pressed=true][data-number]').length") == 0


def test_another_target_and_dropout_are_traced_by_numpy(live: Served) -> None:
    browser = live.browser
    live.choose("loss")
    browser.click("#target-7")
    browser.wait("page.traced && argmax(page.target.data) === 7")
    live.compare(live.x[3:4], np.eye(10)[[7]])
    assert browser.value("document.activeElement.id") == "target-7"
    change(browser, "#mode", "library")
    browser.wait("page.traced && page.kept")
    live.compare(live.x[3:4], np.eye(10)[[7]], training=True)
    assert "dropout on" in browser.text("#source")
    change(browser, "#mode", "drawn")
    assert browser.value("new Promise((done) => setTimeout(() => done(page.traced), 600))") is False
    change(browser, "#mode", "inference")
    browser.wait("page.traced && !page.kept")
    live.compare(live.x[3:4], np.eye(10)[[7]])


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "mse"])
@pytest.mark.parametrize("name", [*NETWORKS, *BLOCKS])
def test_any_network(serve: Serve, name: str, loss: str) -> None:
    backend.set_floatx("float64" if loss == "mse" else "float32")
    network = network_of(name, loss, NETWORKS | BLOCKS)
    x, y = data_for(network, 6)
    live = serve(network, x, y, (x, y))
    live.one_batch()
    live.settled()
    live.compare(x[3:4], y[3:4])
    for stage in range(live.browser.value("stages().length")):
        live.browser.value(f"choose({stage})")
    live.choose("training")
    for path in network.trace(x[:1]).layers:
        live.browser.value(f"watching.layer = '{path}'; buildMaps(current)")
        assert live.browser.value("document.querySelectorAll('#watched canvas').length") >= 1
    live.browser.value("askForExample(5)")
    live.browser.wait("page.facts.example === 5")
    live.compare(x[5:6], y[5:6])
    live.choose("loss")
    live.browser.click("#target-1")
    live.browser.wait("page.traced && argmax(page.target.data) === 1")
    live.compare(x[5:6], np.eye(3)[[1]])


def test_a_layer_of_a_users_own_is_traced_as_often_as_one_likes(serve: Serve) -> None:
    network = Sequential(
        [Conv2D(2, 2, activation="relu", input_shape=(6, 6, 1)), Twice(), Flatten(), Dense(3, "softmax")], seed=0
    )
    network.compile("sgd", "categorical_crossentropy")
    x, y = data_for(network, 6)
    live = serve(network, x, y, (x, y))
    live.choose("input")
    live.browser.click("[data-number='5']")
    live.browser.wait("page.facts.example === 5")
    for one, target in ((x[5:6], y[5:6]), (None, y[5:6])):
        if one is None:
            draw_a_one(live.browser)
            live.browser.wait("page.traced && page.label === 'drawn here'")
            one = js_array(live.browser, "page.x").reshape(1, 6, 6, 1)
        trace = network.trace(one, target)
        trace["twice"].inside = {}
        compare(live.browser, trace, 0.0, traced=True)
    live.choose("training")
    live.one_batch()


def test_where_nothing_can_be_learnt_the_page_says_why(serve: Serve) -> None:
    network = Sequential([Flatten(input_shape=(28, 28)), Dense(10)], seed=0)
    live = serve(network, np.random.default_rng(0).normal(size=(6, 28, 28)), None)
    assert live.browser.text("#panel h2").startswith("input")
    live.choose("training")
    live.browser.wait("document.querySelector('#off')")
    assert live.browser.text("#off") == "It has nothing to learn from."
    assert live.browser.value("document.querySelector('#start').disabled && document.querySelector('#one').disabled")
    live.browser.wait("document.querySelectorAll('#watched canvas').length")
    live.compare(live.x[3:4], None)


# ------------------------------------------------------------ training


def frame_shown(live: Served) -> dict[str, Array]:
    """What the page has of the step that it looks at, compared with the server's own frame."""
    step = int(live.browser.value("watching.step"))
    table = json.loads(live.trainer.frame(step) or b"")["tensors"]
    found = {name: array_of(table, name) for name in table}
    for name in ("conv2d/kernel", "conv2d/output", "dense_1/output"):
        np.testing.assert_array_equal(js_array(live.browser, f"watching.tensors['{name}']"), found[name].ravel())
    return found


def test_one_batch_at_a_time(live: Served) -> None:
    browser = live.browser
    kernels = []
    for step in (1, 2):
        live.one_batch()
        loss, accuracy, rate = live.trainer.wait(0, 0)["frames"][-1][1:]
        text = browser.text("#progress")
        shown = re.search(
            rf"^Step {step}: batch {step} of 10 in epoch 1\. In that batch: loss (\S+), accuracy (\S+), learning rate (\S+)\.",
            text,
        )
        assert shown is not None, text
        assert close(float(shown[1]), loss)
        assert close(float(shown[2]), accuracy)
        assert close(float(shown[3]), rate)
        kernels.append(frame_shown(live)["conv2d/kernel"])
        np.testing.assert_array_equal(kernels[-1], live.model.params["conv2d/kernel"])
    assert (kernels[0] != kernels[1]).mean() > 0.9
    live.settled()
    live.compare(live.x[3:4], np.eye(10)[[0]])
    answer = live.model.predict(live.x[3:4])[0]
    bars = browser.value(
        "Array.from(document.querySelectorAll('#watched-answer span, #watched-answer b'), (node) => node.innerText)"
    )
    for k in range(10):
        assert bars[2 * k].split()[0] == str(k)
        assert close(float(bars[2 * k + 1].replace(MINUS, "-")), float(answer[k]), 1e-3)


def test_it_trains_while_one_watches_and_is_looked_back_through(live: Served) -> None:
    browser = live.browser
    browser.value(
        "window.seen = new Set(); window.drawn = setInterval(() => seen.add(document.querySelector('#watched-outputs')?.toDataURL()), 20)"
    )
    browser.click("#start")
    browser.wait("live.state.step >= 12")
    assert browser.text("#start") == "Pause"
    assert "training" in browser.text("#live")
    browser.click("#start")
    browser.wait("live.state.state === 'paused'")
    assert browser.value("seen.size") >= 4  # the fixed digit's map changed before one's eyes
    browser.value("clearInterval(window.drawn)")
    last = live.trainer.step
    browser.wait(f"watching.step === {last}")
    assert browser.text("#start") == "Start"
    tested = last // 10 * 10  # the end of the last whole epoch
    assert re.search(rf"On the test data after step {tested}: loss \S+, accuracy \S+", browser.text("#progress"))
    live.settled()
    live.compare(live.x[3:4], np.eye(10)[[0]])
    frame_shown(live)
    browser.page.focus("#frame")
    browser.press("Home")
    browser.wait("watching.step === 0")
    np.testing.assert_array_equal(frame_shown(live)["conv2d/kernel"], tutorial_network(seed=0).params["conv2d/kernel"])
    browser.press("ArrowRight", "ArrowRight")
    browser.wait("watching.step === 2")
    assert browser.text("#moment") == f"After step 2, picture 3 of {last + 1}:"
    assert "step 2" in browser.value("document.querySelector('#frame').getAttribute('aria-valuetext')")
    assert "dashed line is step 2" in browser.text("figure:has(#chart-loss)")
    browser.click("#earlier-step")
    browser.wait("watching.step === 1")
    browser.click("#one")
    browser.wait(f"live.state.step === {last + 1}")
    assert browser.value("new Promise((done) => setTimeout(() => done(watching.step), 300))") == 1  # it stays there
    live.choose("input")
    live.choose("training")
    browser.wait("document.querySelectorAll('#watched canvas').length && current.parts")
    assert browser.text("#moment").startswith("After step 1,")
    browser.click("#newest")
    browser.wait(f"watching.step === {last + 1}")
    browser.click("#panel summary:text('The figures as a table')")
    browser.wait("document.querySelectorAll('#panel .terms tbody tr').length")
    rows = browser.value(
        "Array.from(document.querySelectorAll('#panel .terms tbody tr'), (row) => Array.from(row.cells, (cell) => cell.innerText))"
    )
    frames = live.trainer.wait(0, 0)["frames"]
    assert [int(row[0]) for row in rows] == [frame[0] for frame in reversed(frames)]
    assert close(float(rows[0][1]), frames[-1][1])


def test_every_panel_is_moved_to_an_earlier_step(live: Served) -> None:
    """The numbers of that step, whatever panel is open, also while training goes on; what is asked about stays."""
    browser = live.browser
    assert not browser.value("document.querySelector('#look-back').checkVisibility({ visibilityProperty: true })")
    for _ in range(3):
        live.one_batch()
    live.settled()
    live.choose("conv2d")
    browser.page.focus("#frame")
    browser.press("Home")
    browser.wait("page.traced && page.facts.step === 0")
    shown = js_array(browser, "page.tensors['conv2d/parameters/kernel']")
    np.testing.assert_array_equal(shown, tutorial_network(seed=0).params["conv2d/kernel"].ravel())
    assert "The numbers below are of step 0." in browser.text("#live")
    assert browser.value("document.activeElement.id") == "frame"
    live.choose("update")
    assert "after step 0 of training" in browser.text("#source")
    browser.click("#later-step")
    browser.wait("page.traced && page.facts.step === 1")
    live.choose("loss")
    browser.click("#target-7")
    browser.wait("page.traced && argmax(page.target.data) === 7")
    assert browser.value("page.facts.step") == 1
    browser.value("request('train', { command: 'step' })")
    browser.wait("live.state.step === 4 && live.state.state === 'paused'")
    assert browser.value("new Promise((done) => setTimeout(() => done(page.facts.step), 500))") == 1  # it stays there
    live.choose("training")
    browser.wait("watching.step === 1 && current.parts")
    browser.click("#refresh")
    live.settled()
    browser.wait("watching.step === 4")
    live.compare(live.x[3:4], np.eye(10)[[7]])


def test_other_panels_follow_the_newest_step_while_it_trains(live: Served) -> None:
    browser = live.browser
    live.choose("conv2d")
    browser.value("document.querySelector('#output').click()")
    browser.value("request('train', { command: 'start' })")
    browser.wait("live.state.state === 'training' && page.facts.step > 0")
    first = browser.value("page.facts.step")
    browser.wait(f"page.facts.step > {first}")
    assert browser.text("#source").count("after step ") == 1
    browser.value("request('train', { command: 'pause' })")
    live.settled()
    live.compare(live.x[3:4], np.eye(10)[[0]])
    assert browser.text("#live") == f"● Live from NumPy, step {live.trainer.step}."


def test_what_is_drawn_while_it_trains_is_traced_again_and_again(live: Served) -> None:
    """Until the first trace the page computes, with the parameters that it has."""
    browser = live.browser
    live.choose("input")
    browser.value("request('train', { command: 'start' })")
    browser.wait("isTraining() && live.state.step >= 1")
    draw_a_one(browser)
    assert browser.text("#source").startswith("Drawn here, as MNIST would have it, target")
    seen = js_array(browser, "page.x").reshape(1, 28, 28, 1).astype(np.float32)
    for _ in range(2):
        step = browser.value("page.facts.step")
        browser.wait(f"page.traced && page.facts.step > {step} && page.label.startsWith('drawn')")
    browser.value("request('train', { command: 'pause' })")
    live.settled()
    trained = live.model.trace(seen).output[0]
    np.testing.assert_array_equal(js_array(browser, "page.runs.at(-1).output"), trained)


def test_a_lost_connection_is_shown_and_spoken(live: Served) -> None:
    browser = live.browser
    live.close()
    browser.wait("!live.connected")
    assert browser.text("#live").startswith("✕ Connection lost: the Python process does not answer.")
    assert browser.text("#spoken").startswith("✕ Connection lost")
    assert browser.value("document.querySelector('#start').disabled")
    live.choose("input")
    draw_a_one(browser)  # the page goes on by itself
    assert "computed in this page" in browser.text("#source")
    browser.value("new Promise((done) => setTimeout(done, 600))")
    assert {error for error in browser.errors if "net::ERR_CONNECTION_" not in error} == set()
    browser.errors.clear()


# ------------------------------------------------------------ the first screen

CONTROLS = ("start", "one", "reset", "keep", "learning-rate", "batch-size", "optimizer", "chart-loss")
ALL = (*CONTROLS, "progress", "frame", "chart-accuracy", "watched-answer", "watched-filters", "watched-outputs")


def boxes(browser: Browser, names: tuple[str, ...]) -> dict[str, list[float]]:
    """By id left, top, right and bottom in the window."""
    found: dict[str, list[float]] = browser.value(
        f"Object.fromEntries({json.dumps(names)}.map((id) => [id, document.getElementById(id).getBoundingClientRect()])"
        ".map(([id, box]) => [id, [box.left, box.top, box.right, box.bottom]]))"
    )
    return found


@pytest.mark.parametrize("size", SIZES)
def test_what_one_changes_is_on_the_first_screen_with_what_it_changes(live: Served, size: str) -> None:
    """And no control moves when training begins: what was Start a moment ago is Pause."""
    browser, (width, height, phone) = live.browser, SIZES[size]
    browser.resize(width, height, phone=phone)
    browser.open(live.server.address)
    browser.wait("watching.step !== null && live.state")
    browser.page.wait_for_timeout(200)
    before = boxes(browser, CONTROLS)
    live.one_batch()
    live.one_batch()
    assert browser.value("scrollY") == 0
    for name, (left, top, right, bottom) in boxes(browser, CONTROLS if phone else ALL).items():
        assert min(left, top) >= 0, name
        assert right <= width, name
        assert bottom <= height, name
    if not phone:
        assert boxes(browser, CONTROLS) == before
    live.settled()


def test_the_stage_and_its_tour_are_below_the_training(live: Served) -> None:
    browser = live.browser
    browser.resize(1280, 720)
    browser.value("goToTour(3)")
    top, bottom = browser.value("[0].map(() => stage.getBoundingClientRect()).flatMap((box) => [box.top, box.bottom])")
    assert 0 <= round(top) < bottom <= 720  # it is scrolled by whole pixels
    covering = (
        "document.elementFromPoint(stage.getBoundingClientRect().left + 50, stage.getBoundingClientRect().top + 8)"
    )
    assert browser.value(f"document.getElementById('stage').contains({covering})")


# ------------------------------------------------------------ what can be compared


def scale_of(browser: Browser, selector: str) -> float:
    """What the legend says of the darkest shade."""
    found = re.search(r"darkest ±(\S+), the largest so far", browser.text(selector))
    assert found is not None, browser.text(selector)
    return float(found[1].replace(MINUS, "-"))


def shade(browser: Browser) -> list[list[int]]:
    """The colour of the first cell of the filter that is shown, and that of its value on the scale."""
    painted, value, bound = browser.value(
        "[make('canvas', { width: 1, height: 1 }).getContext('2d')].map((copy) =>"
        " (copy.drawImage(document.querySelector('#watched-filters'), -2, -2), [...copy.getImageData(0, 0, 1, 1).data]))"
        ".map((found) => found.slice(0, 3)).concat("
        "filtersOf(watching.tensors['conv2d/kernel'], 0).data[0], scales['conv2d/kernel'])"
    )
    return [painted, browser.value(f"colour({value}, {bound})")]


def test_the_colours_of_two_steps_can_be_compared(live: Served) -> None:
    """One scale for all steps, which only grows, and is said; after a reset another."""
    browser = live.browser
    browser.wait("watching.step === 0")
    first = frame_shown(live)
    before = {name: scale_of(browser, f"figure:has(#watched-{name})") for name in ("filters", "outputs")}
    assert close(before["filters"], float(abs(first["conv2d/kernel"]).max()))
    assert close(before["outputs"], float(abs(first["conv2d/output"]).max()))
    change(browser, "#learning-rate", "0.02")
    browser.wait("live.state.learning_rate === 0.02")
    largest = before["filters"]
    for _ in range(4):
        live.one_batch()
        largest = max(largest, float(abs(frame_shown(live)["conv2d/kernel"]).max()))
        assert close(scale_of(browser, "figure:has(#watched-filters)"), largest)
        assert close(scale_of(browser, "details:has(#tiles-filters)"), largest)
        painted, expected = shade(browser)
        assert painted == expected
    assert largest > 1.2 * before["filters"]
    browser.page.focus("#frame")
    browser.press("Home")
    browser.wait("watching.step === 0")
    assert close(scale_of(browser, "figure:has(#watched-filters)"), largest)
    painted, expected = shade(browser)
    assert painted == expected
    live.choose("conv2d")
    browser.wait("page.traced && page.facts.step === 0")
    assert close(scale_of(browser, "figure:has(#kernel)"), largest)
    live.choose("training")
    browser.click("#reset")
    browser.wait("live.state.resets === 1 && watching.step === 0")
    assert close(scale_of(browser, "figure:has(#watched-filters)"), before["filters"])


def test_one_large_loss_does_not_press_the_curve_flat(live: Served) -> None:
    browser = live.browser
    live.one_batch()
    assert browser.text("figure:has(#chart-loss)").startswith("loss, log scale ")
    assert "log scale" in browser.value("document.querySelector('#chart-loss').getAttribute('aria-label')")
    assert browser.text("figure:has(#chart-accuracy)").startswith("accuracy ")
    falling = [2.3, 2.0, 1.5, 1.1, 0.8, 0.6, 0.5]
    for values, preferred, text in [
        ([300.0, *falling], "true", "log scale"),
        ([300.0, *falling], "false", "log scale"),
        ([*falling, 0.0], "true", "log scale, 0 below"),
        (falling, "false", "linear"),
        ([-1.0, *falling], "true", "linear"),
        ([], "true", "linear"),
    ]:
        axis = f"valueAxis({values}, {preferred})"
        assert browser.value(f"{axis}.text") == text
        parts = browser.value(f"{values}.map({axis}.part)")
        assert all(0 <= part <= 1 for part in parts)
        in_order = [part for _, part in sorted(zip(values, parts, strict=True))]
        assert in_order == sorted(in_order)
        places = sorted(browser.value(f"{axis}.ticks.map({axis}.part)"))
        assert (places[0], places[-1]) == (0, 1) if values else places == []
        assert all(after - before > 0.1 for before, after in pairwise(places))
        if values[:1] == [300.0]:
            assert parts[1] - parts[-1] > 0.2  # on a linear axis less than 0.01


# ------------------------------------------------------------ keyboard, speech, phones


def test_the_training_can_be_used_by_keyboard(live: Served) -> None:
    browser = live.browser
    browser.wait("watching.step === 0")
    reachable = (
        "Array.from(document.querySelectorAll('canvas[role=application], button, select, input, summary')).filter((node) =>"
        " node.tabIndex >= 0 && !node.disabled && node.checkVisibility({ visibilityProperty: true }))"
    )
    browser.value("document.activeElement.blur(); window.reached = new Set(); scrollTo(0, 0)")
    for _ in range(int(browser.value(f"{reachable}.length")) + 20):
        browser.press("Tab")
        browser.value("void reached.add(document.activeElement)")
    assert browser.value(f"{reachable}.filter((node) => !reached.has(node)).map((node) => node.outerHTML)") == []
    browser.page.focus("#one")
    browser.press("Enter")
    browser.wait("live.state.step === 1 && watching.step === 1")
    assert browser.value("document.activeElement.id") == "one"
    browser.page.focus("#tiles-outputs [data-channel='5']")
    browser.press("Enter")
    assert "output 5 of conv2d" in browser.text("figure:has(#watched-outputs)")
    browser.value("request('train', { command: 'step' })")
    browser.wait("watching.step === 2")
    assert browser.value("document.activeElement.dataset.channel") == "5"  # drawn again where it was
    browser.page.focus("#watched-outputs")
    browser.press("ArrowDown", "ArrowRight")
    value = frame_shown(live)["conv2d/output"][1, 1, 5]
    spoken = browser.text("#spoken")
    assert spoken.startswith("output 5 of conv2d after step 2: (1, 1, 5) = ")
    assert close(float(spoken.split(" = ")[1].replace(MINUS, "-")), float(value))
    browser.page.focus("#start")
    browser.press("Space")
    browser.wait("live.state.step >= 4")
    assert browser.value("document.activeElement.id") == "start"
    browser.press("Space")
    browser.wait("live.state.state === 'paused'")


def test_everything_has_a_name_that_can_be_spoken(live: Served) -> None:
    roles = (
        "button",
        "application",
        "combobox",
        "slider",
        "spinbutton",
        "checkbox",
        "tab",
        "image",
        "DisclosureTriangle",
    )
    browser = live.browser
    browser.wait("watching.step === 0")
    for name in ("training", "input"):
        live.choose(name)
        browser.devtools.send("Accessibility.enable")
        nodes: list[dict[str, Any]] = browser.devtools.send("Accessibility.getFullAXTree")["nodes"]
        browser.devtools.send("Accessibility.disable")
        active = [node for node in nodes if not node["ignored"] and node["role"]["value"] in roles]
        assert len(active) > 20
        assert [node for node in active if not node["name"]["value"].strip()] == []


def test_it_can_be_read_on_a_phone(live: Served) -> None:
    browser = live.browser
    live.one_batch()
    browser.resize(390, 844, phone=True)
    for stage in range(10):
        browser.value(f"choose({stage})")
        assert browser.value("document.documentElement.scrollWidth") <= 390
        small = browser.value(
            "Array.from(document.querySelectorAll('button, select, summary, input:not([type=checkbox])'), (node) =>"
            " [node, node.getBoundingClientRect()]).filter(([node, box]) => node.checkVisibility()"
            " && Math.min(box.width, box.height) < 40).map(([node]) => node.outerHTML.slice(0, 200))"
        )
        assert small == []


def test_reduced_motion_is_respected(live: Served) -> None:
    browser = live.browser
    browser.page.emulate_media(reduced_motion="reduce")
    try:
        browser.open(live.server.address)
        browser.wait("live.state && current.hear")
        assert browser.value("document.querySelector('#play')") is None
        assert browser.value("quiet()") is True
        browser.value(
            "window.times = []; const was = heard; heard = (state) => { times.push(performance.now()); was(state); }; null"
        )
        browser.value("request('train', { command: 'start' })")
        browser.wait("times.length >= 3")
        gaps = browser.value("times.slice(1).map((time, k) => time - times[k])")
        assert min(gaps) > 1900
        browser.value("request('train', { command: 'pause' })")
    finally:
        browser.page.emulate_media(reduced_motion="null")


# ------------------------------------------------------------ what can be changed


def test_learning_rate_batch_size_optimizer_and_reset(live: Served) -> None:
    browser = live.browser
    live.one_batch()
    live.one_batch()
    change(browser, "#learning-rate", "0.25")
    browser.wait("live.state.learning_rate === 0.25")
    change(browser, "#batch-size", 250)
    browser.wait("live.state.batches === 4")
    change(browser, "#optimizer", "nadam")
    browser.wait("document.querySelector('#learning-rate').value === '0.001'")
    live.one_batch()
    assert browser.text("#progress").startswith("Step 3: batch 1 of 4 in epoch 2.")
    live.settled()
    live.compare(live.x[3:4], np.eye(10)[[0]])
    change(browser, "#batch-size", 1001)
    browser.wait("live.refused")
    assert browser.text("#refused") == "Not changed: batch_size: expected a whole number from 1 to 1000."
    assert browser.text("#spoken").startswith("Not changed: batch_size")
    assert browser.value("document.querySelector('#batch-size').value") == "250"
    browser.errors.clear()  # the browser's own word about a refusal
    browser.click("#reset")
    browser.wait("live.state.resets === 1 && watching.step === 0")
    browser.wait("!document.querySelector('#refused').checkVisibility()")  # the answer may come after the state
    live.settled()
    assert browser.value("page.facts.step") == 0
    np.testing.assert_array_equal(frame_shown(live)["conv2d/kernel"], tutorial_network(seed=0).params["conv2d/kernel"])
    assert browser.value("document.querySelector('#batch-size').value") == "100"
    live.one_batch()
    live.settled()
    live.compare(live.x[3:4], np.eye(10)[[0]])
    with browser.page.expect_download() as started:
        browser.click("#keep")
    path = started.value.path()
    assert started.value.suggested_filename.endswith(".safetensors")
    path = path.rename(path.with_suffix(".safetensors"))
    kept = load_model(path)
    np.testing.assert_array_equal(kept.predict(live.x[:5], verbose=0), live.model.predict(live.x[:5], verbose=0))
    browser.requests[:] = [url for url in browser.requests if not url.startswith("blob:")]
