"""A page in Chromium without a window, driven by Playwright (the extra `browser`), for the tests of what the page shows.

Debian's Chromium, Chrome, or what NUMPYCNN_BROWSER names is used; Playwright's own download of a browser is not needed.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATH = os.environ.get("NUMPYCNN_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = ("--disable-gpu", "--disable-quic", "--disable-sync", "--disable-background-networking")
TIMEOUT = 60.0  # seconds, on a busy machine

needs_browser = pytest.mark.skipif(
    PATH is None or find_spec("playwright") is None,
    reason="needs the extra 'browser', and Chromium or Chrome on the path or named by NUMPYCNN_BROWSER",
)


class Browser:
    """One page, with its errors and its requests. JavaScript expressions see all that the page's scripts declare."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.devtools = page.context.new_cdp_session(page)  # for what Playwright has no method for
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self.hear)
        page.on("request", lambda request: self.requests.append(request.url))

    def hear(self, said: Any) -> None:
        """Keep what the page's console says of errors."""
        if said.type in ("error", "warning", "assert"):
            self.errors.append(said.text)

    def open(self, address: Path | str) -> None:
        """Open the explorer's page from the disk, or by its address, and wait until it is drawn."""
        self.page.goto(address if isinstance(address, str) else address.absolute().as_uri())
        self.wait("document.body && document.body.dataset.ready === 'yes'")

    def wait(self, condition: str) -> None:
        """Wait until a JavaScript condition is true. Raises TimeoutError with the page's errors.

        Not by Playwright's wait_for_function, whose eval in the page is against the page's Content Security Policy.
        """
        deadline = time.monotonic() + TIMEOUT
        while not self.value(f"Boolean({condition})"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{condition} is not true; errors: {self.errors}")
            self.page.wait_for_timeout(20)  # milliseconds, in which Playwright goes on

    def value(self, expression: str) -> Any:
        """What a JavaScript expression gives."""
        return self.page.evaluate(expression)

    def text(self, selector: str) -> str:
        """The text of the first element that a CSS selector finds."""
        return str(self.page.locator(selector).first.inner_text())

    def offline(self, offline: bool) -> None:
        """Tell the page that there is no network. A context's set_offline does not last beside a DevTools session."""
        network = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.devtools.send("Network.emulateNetworkConditions", network)

    def resize(self, width: int, height: int, *, phone: bool = False) -> None:
        """Make the window that wide and high, in CSS pixels; `phone` gives it a touch screen and a phone's viewport."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        self.devtools.send("Emulation.setDeviceMetricsOverride", size)
        self.devtools.send("Emulation.setTouchEmulationEnabled", {"enabled": phone})

    def centre(self, selector: str) -> tuple[float, float]:
        """The middle of an element, in view: its place in the window."""
        element = self.page.locator(selector).first
        element.scroll_into_view_if_needed()
        box = element.bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def position(self, selector: str, row: int = 0, col: int = 0, rows: int = 1, cols: int = 1) -> dict[str, float]:
        """The middle of an element's cell (row, col) of rows by cols, relative to the element."""
        box = self.page.locator(selector).first.bounding_box()
        return {"x": box["width"] * (col + 0.5) / cols, "y": box["height"] * (row + 0.5) / rows}

    def point(self, selector: str, *cell: int) -> None:
        """Move the mouse to a cell (row, col, rows, cols), or to the middle of an element."""
        self.page.locator(selector).first.hover(position=self.position(selector, *cell))

    def click(self, selector: str, *cell: int) -> None:
        """Click on a cell, or on the middle of an element."""
        self.page.locator(selector).first.click(position=self.position(selector, *cell))

    def touch(self, kind: str, *points: tuple[float, float]) -> None:
        """A touch event: touchStart, touchMove or touchEnd."""
        touched = {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]}
        self.devtools.send("Input.dispatchTouchEvent", touched)

    def press(self, *keys: str) -> None:
        """Press keys by their names, such as ArrowDown or Shift+Tab."""
        for key in keys:
            self.page.keyboard.press(key)


SIZES = {"desktop": (1280, 720, False), "phone": (390, 844, True)}
"""A window's width and height, and whether it is a phone's."""


@contextmanager
def chromium(*, loopback: bool = False) -> Iterator[Browser]:
    """A browser with its network off: names do not resolve, and the page is told that it is offline.

    loopback: let it reach this machine, and nothing else.
    """
    from playwright.sync_api import sync_playwright

    rules = f"--host-resolver-rules=MAP * ~NOTFOUND{', EXCLUDE 127.0.0.1' if loopback else ''}"
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=PATH, args=[*FLAGS, rules]) as browser,
        browser.new_context() as context,
    ):
        context.set_default_timeout(1000 * TIMEOUT)
        tab = Browser(context.new_page())
        tab.offline(not loopback)
        yield tab
