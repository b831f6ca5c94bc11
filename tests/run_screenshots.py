"""Make the README's two pictures of the explorer anew: `python tests/run_screenshots.py`, in the browser of the tests."""

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from browser import Browser, chromium

from numpycnn.app.tutorial import tutorial_network
from numpycnn.datasets import mnist
from numpycnn.engine.batching import Data
from numpycnn.show.serve.server import Server
from numpycnn.show.serve.session import Session
from numpycnn.show.serve.trainer import Trainer

ASSETS = Path(__file__).parents[1] / "numpycnn/show/explorer/assets"
WIDTH, BATCH_SIZE, STEPS, LOOKED_AT, DIGIT, PART = 1280, 50, 20, 14, 18, 1000


def take(browser: Browser, name: str, height: int) -> None:
    """Write the window's picture."""
    browser.page.wait_for_timeout(500)  # milliseconds: all is drawn
    found = browser.devtools.send("Page.captureScreenshot", {"format": "png"})
    (ASSETS / name).write_bytes(base64.b64decode(found["data"]))
    print(f"{ASSETS / name}: {WIDTH} by {height} pixels")


def take_stage() -> None:
    """The stage of the page, with the window in the middle and a weight pointed at."""
    with TemporaryDirectory() as folder, chromium() as browser:
        tutorial_network(seed=0).explore(Path(folder) / "page.html", np.zeros((1, 28, 28, 1)), np.eye(10)[:1])
        browser.resize(WIDTH, 670)
        browser.open(Path(folder) / "page.html")
        browser.value("goTo(4)")
        browser.point("#stageB", 2, 1, 3, 3)
        take(browser, "page.png", 670)


@contextmanager
def served() -> Iterator[Server]:
    """The tutorial's network, untrained, with a part of MNIST."""
    (x, y), (x_test, y_test) = ((images[:PART], labels[:PART]) for images, labels in mnist.load_data())
    scaled = [images[..., None] / np.float32(255) for images in (x, x_test)]
    session = Session(tutorial_network(seed=0), scaled[1], np.eye(10)[y_test], DIGIT)
    server = Server(session, Trainer(session, Data(scaled[0], np.eye(10)[y]), BATCH_SIZE, ""))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.close()


def take_live() -> None:
    """The live page after some steps of training, looked back at from the newest."""
    with served() as server, chromium(loopback=True) as browser:
        browser.resize(WIDTH, 1010)
        browser.open(server.address)
        for step in range(STEPS):
            browser.value("request('train', { command: 'step' })")
            browser.wait(f"live.state.step > {step}")
        browser.wait(f"watching.step === {STEPS}")
        browser.value(f"lookBackTo({LOOKED_AT})")
        browser.wait(f"watching.step === {LOOKED_AT} && page.traced && page.facts.step === {LOOKED_AT}")
        take(browser, "live.png", 1010)


if __name__ == "__main__":
    take_stage()
    take_live()
