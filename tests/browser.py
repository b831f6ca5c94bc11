"""Chromium without a window, driven through the DevTools protocol over a pipe: no packages, no ports, no network."""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LAUNCH = """
import os, sys
commands, answers, *browser = sys.argv[1:]
os.dup2(int(commands), 3)
os.dup2(int(answers), 4)
os.execv(browser[0], browser)
"""
"""Starts the browser with its end of the two pipes where the protocol wants them."""

PATIENCE = 60.0  # seconds for an answer, on a busy machine


def find_browser() -> str | None:
    """The path of a Chromium or Chrome: what NUMPYCNN_BROWSER names, or the first on the path."""
    named = os.environ.get("NUMPYCNN_BROWSER")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One page in one browser. The network is off: names do not resolve, and the page is told that it is offline.

    loopback: let it reach this machine, and nothing else.
    """

    def __init__(self, path: str, width: int = 1280, height: int = 900, *, loopback: bool = False) -> None:
        self.errors: list[str] = []
        self.requests: list[str] = []
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        from_us, to_browser = os.pipe()
        from_browser, to_us = os.pipe()
        flags = [
            "--headless=new",
            "--remote-debugging-pipe",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-extensions",
            "--disable-background-networking",
            f"--host-resolver-rules=MAP * ~NOTFOUND{', EXCLUDE 127.0.0.1' if loopback else ''}",
            f"--user-data-dir={self._profile.name}",
            f"--window-size={width},{height}",
            "about:blank",
        ]
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", LAUNCH, str(from_us), str(to_us), path, *flags],
            pass_fds=(from_us, to_us),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(from_us)
        os.close(to_us)
        self._out, self._in, self._buffer, self._number = to_browser, from_browser, b"", 0
        self._session: str | None = None
        try:
            self._attach()
            self.offline(not loopback)
            self.resize(width, height)
        except BaseException:
            self.close()
            raise

    def _attach(self) -> None:
        """Take hold of the browser's page."""
        target = next(target for target in self._pages() if target["type"] == "page")
        self._session = self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def offline(self, offline: bool) -> None:
        """Tell the page that there is no network; or that there is one, as fast as it is."""
        self.send(
            "Network.emulateNetworkConditions", offline=offline, latency=0, downloadThroughput=-1, uploadThroughput=-1
        )

    def _pages(self) -> list[dict[str, Any]]:
        """The targets, once there is one."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found: list[dict[str, Any]] = self.send("Target.getTargets")["targetInfos"]
            if any(target["type"] == "page" for target in found):
                return found
            time.sleep(0.05)
        raise TimeoutError("the browser shows no page")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the browser."""
        self._process.kill()
        self._process.wait()
        os.close(self._out)
        os.close(self._in)
        self._profile.cleanup()

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command, and return its result. Raises RuntimeError for one that is refused."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def _receive(self) -> dict[str, Any]:
        """The next message."""
        while b"\0" not in self._buffer:
            if not select.select([self._in], [], [], PATIENCE)[0]:
                raise TimeoutError("the browser does not answer")
            part = os.read(self._in, 1 << 20)
            if not part:
                raise EOFError("the browser ended")
            self._buffer += part
        line, self._buffer = self._buffer.split(b"\0", 1)
        message: dict[str, Any] = json.loads(line)
        return message

    def _note(self, event: dict[str, Any]) -> None:
        """Keep what is said of errors and of requests."""
        params = event.get("params", {})
        if event["method"] == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif event["method"] == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.errors.append(str(params["args"]))
        elif event["method"] == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.errors.append(params["entry"]["text"])
        elif event["method"] == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])

    # ------------------------------------------------------------ what a person does

    def open(self, page: Path | str) -> None:
        """Open the explorer's page from the disk, or by its address, and wait until it is drawn."""
        self.send("Page.navigate", url=page if isinstance(page, str) else page.absolute().as_uri())
        self.wait("document.body && document.body.dataset.ready === 'yes'")

    def wait(self, condition: str) -> None:
        """Wait until the JavaScript condition is true. Raises TimeoutError with the page's errors."""
        deadline = time.monotonic() + PATIENCE
        while not self.value(f"Boolean({condition})"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{condition} is not true; errors: {self.errors}")
            time.sleep(0.05)

    def value(self, expression: str) -> Any:
        """What a JavaScript expression gives, as JSON. Raises RuntimeError for one that throws."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def text(self, selector: str) -> str:
        """The text of the first element that a CSS selector finds."""
        return str(self.value(f"document.querySelector({json.dumps(selector)}).innerText"))

    def resize(self, width: int, height: int, *, phone: bool = False) -> None:
        """Make the page that wide and high, in CSS pixels."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.send("Emulation.setTouchEmulationEnabled", enabled=phone)

    def media(self, name: str, value: str) -> None:
        """Pretend that the system asks for something, such as reduced motion."""
        self.send("Emulation.setEmulatedMedia", features=[{"name": name, "value": value}])

    def centre(self, selector: str, row: int = 0, col: int = 0, rows: int = 1, cols: int = 1) -> tuple[float, float]:
        """The middle of an element's cell (row, col) of rows by cols, in view. Coordinates are of the window."""
        code = f"""(() => {{
            const node = document.querySelector({json.dumps(selector)});
            node.scrollIntoView({{ block: "center", inline: "center" }});
            const outer = node.parentNode, scale = node.clientHeight / {rows};
            if (outer.classList.contains("scroll")) outer.scrollTop = {row} * scale - outer.clientHeight / 2;
            const box = node.getBoundingClientRect();
            return [box.left + box.width * ({col} + 0.5) / {cols}, box.top + box.height * ({row} + 0.5) / {rows}];
        }})()"""
        x, y = self.value(code)
        return x, y

    def mouse(self, kind: str, x: float, y: float) -> None:
        """A mouse event: mouseMoved, mousePressed or mouseReleased."""
        button = "none" if kind == "mouseMoved" else "left"
        held = 1 if kind == "mousePressed" else 0
        self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, buttons=held, clickCount=1)

    def point(self, selector: str, *cell: int) -> None:
        """Move the mouse to a cell: (row, col, rows, cols)."""
        self.mouse("mouseMoved", *self.centre(selector, *cell))

    def click(self, selector: str, *cell: int) -> None:
        """Click on a cell, or the middle of an element."""
        x, y = self.centre(selector, *cell)
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.mouse(kind, x, y)

    def focus(self, selector: str) -> None:
        """Put the keyboard's focus on an element."""
        self.value(f"document.querySelector({json.dumps(selector)}).focus()")

    def press(self, *keys: str, shift: bool = False) -> None:
        """Press keys by their names, such as ArrowDown or Enter."""
        for key in keys:
            text = {"Enter": "\r", "Space": " "}.get(key, key if len(key) == 1 else "")
            name = " " if key == "Space" else key
            codes = {"Tab": 9, "Enter": 13, "Escape": 27, "Space": 32, "Delete": 46}
            arguments = {"key": name, "modifiers": 8 if shift else 0, "windowsVirtualKeyCode": codes.get(key, 0)}
            self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **arguments)
            self.send("Input.dispatchKeyEvent", type="keyUp", **arguments)

    def touch(self, kind: str, *points: tuple[float, float]) -> None:
        """A touch event: touchStart, touchMove or touchEnd."""
        self.send("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": x, "y": y} for x, y in points])

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """A picture of the window, or of the whole page, as PNG."""
        answer = self.send("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))
