"""A network that was trained here runs in a real browser, by the npm package onnxruntime-web and the README's lines.

npm install onnxruntime-web@1.30.0
NUMPYCNN_ORT_WEB=node_modules/onnxruntime-web/dist pytest --hypothesis-profile=deep tests/test_onnx_browser.py
"""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from browser import chromium, needs_browser
from networks import mnist_images

from numpycnn.app.tutorial import tutorial_network

FOLDER = os.environ.get("NUMPYCNN_ORT_WEB", "")
README = Path(__file__).parent.parent / "README.md"

pytestmark = [
    pytest.mark.deep,
    needs_browser,
    pytest.mark.skipif(not FOLDER, reason="NUMPYCNN_ORT_WEB names no folder with onnxruntime-web's files"),
]


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A folder by HTTP, for a browser on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_readmes_lines_predict_the_same_in_a_browser(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="needs onnx, of the extra dev")
    model = tutorial_network(seed=0)
    x = mnist_images()[1][0][:3].astype(np.float32)[..., None] / 255  # (3, 28, 28, 1)
    model.build((28, 28, 1))
    model.save(tmp_path / "digits.onnx")
    for file in Path(FOLDER).glob("*wasm*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (lines,) = re.findall(r"```js\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    page = '<!doctype html><script src="ort.wasm.min.js"></script><body data-ready="yes"></body>'
    (tmp_path / "index.html").write_text(page, "utf-8")
    with served(tmp_path) as address, chromium(loopback=True) as browser:
        browser.open(f"{address}/index.html")
        pixels = f"const pixels = [{', '.join(map(str, x.ravel().tolist()))}];"
        found = browser.value(f"(async () => {{ {pixels} {lines}; return [...output.data]; }})()")
    y = model.predict(x, verbose=0)
    np.testing.assert_allclose(np.reshape(found, y.shape), y, 1e-5, 1e-5)
