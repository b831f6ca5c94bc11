"""What notebooks show: HTML that is well-formed, small and true, and short reprs for the terminal."""

import base64
import re
import struct
import zlib
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from networks import small_data, small_network

from numpycnn import Sequential, plot
from numpycnn.callbacks import History
from numpycnn.common import html
from numpycnn.common.typing import Array
from numpycnn.gradcheck import check
from numpycnn.layers import Dense, Flatten

X, Y = small_data(6)
VOID = {"img", "br", "hr", "image", "circle", "polyline"}


class Nesting(HTMLParser):
    """Every element that begins also ends; the texts of cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        assert tag in VOID

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def pixels(shown: str) -> Array:
    """The picture inside, read by the format's definition."""
    data = base64.b64decode(re.findall(r"base64,([^\"]+)", shown)[0])
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    found, at = {}, 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length]) == (zlib.crc32(kind + body),)
        found[kind], at = body, at + 12 + length
    columns, rows = struct.unpack(">II", found[b"IHDR"][:8])
    lines = np.frombuffer(zlib.decompress(found[b"IDAT"]), np.uint8).reshape(rows, 1 + 3 * columns)
    assert not lines[:, 0].any()
    return lines[:, 1:].reshape(rows, columns, 3)


def test_a_picture_is_grey_where_nothing_is_negative() -> None:
    shown = pixels(html.picture(np.array([[0.0, 2.0], [1.0, 4.0]])))
    assert shown[..., 0].tolist() == [[0, 127], [63, 255]]
    assert (shown == shown[..., :1]).all()


def test_a_picture_of_both_signs_is_white_at_0() -> None:
    shown = pixels(html.picture(np.array([[-2.0, 0.0, 2.0, 1.0]])))
    assert shown.tolist() == [[[0, 0, 255], [255, 255, 255], [255, 0, 0], [255, 127, 127]]]


def test_pictures_in_colour_of_large_arrays_and_of_nan() -> None:
    colour = np.zeros((2, 2, 3))
    colour[0, 0] = 1, 0.5, 0
    assert pixels(html.picture(colour))[0, 0].tolist() == [255, 127, 0]
    assert pixels(html.picture(np.ones((300, 70)))).shape == (60, 35, 3)
    assert pixels(html.picture(np.array([[np.nan, 1.0]]))).tolist() == [[[0] * 3, [255] * 3]]


def test_a_model() -> None:
    model = small_network()
    texts = Nesting(model._repr_html_()).texts
    assert f"{model.count_params():,}" in " ".join(texts)
    for layer in model.layers:
        assert f"{layer.name} ({type(layer).__name__})" in texts
    assert "MACs" in texts
    assert ">&lt;i&gt; (Dense)</td>" in Sequential([Dense(3, name="<i>", input_shape=(2,))])._repr_html_()
    unbuilt = Sequential([Flatten(), Dense(3)], name="<b>")
    assert "&lt;b&gt;" in unbuilt._repr_html_()
    assert "not built" in " ".join(Nesting(unbuilt._repr_html_()).texts)
    assert repr(unbuilt) == "<Sequential <b>: 2 layers, not built>"
    assert repr(model) == f"<Sequential {model.name}: {len(model.layers)} layers, {model.count_params():,} parameters>"


def test_a_history() -> None:
    history = History()
    assert repr(history) == "<History: 0 epochs>"
    Nesting(history._repr_html_())
    for epoch, loss in enumerate((2.0, 1.0, float("nan"))):
        history.on_epoch_end(epoch, {"loss": loss, "val_loss": loss + 1, "accuracy": 0.5})
    shown = history._repr_html_()
    texts = Nesting(shown).texts
    assert shown.count("<svg") == 2
    assert {"loss", "val_loss", "accuracy", "epoch 1", "3"} <= set(texts)
    first = re.findall(r'points="([^"]*)"', shown)[0].split()
    assert len(first) == 2  # NaN is left out
    (x0, y0), (x1, y1) = (map(float, point.split(",")) for point in first)
    assert x0 < x1
    assert y0 < y1  # a loss that falls is drawn further down
    assert repr(history) == "<History: 3 epochs, loss: nan, val_loss: nan, accuracy: 0.5000>"


def test_a_report() -> None:
    report = check(lambda x: x**2, lambda dy, x: -2 * dy * x, np.ones((2, 2)))
    texts = Nesting(report._repr_html_()).texts
    assert {"x", "FAIL", "x: claimed = -numeric: the sign", "FAILED: x"} <= set(texts)
    assert repr(report) == "<Report of <lambda>: FAILED: x>"
    right = check(lambda x: x**2, lambda dy, x: 2 * dy * x, np.ones((2, 2)))
    assert "passed" in Nesting(right._repr_html_()).texts


def test_a_trace() -> None:
    model = small_network()
    model.compile("sgd", "categorical_crossentropy")
    trace = model.trace(X, Y)
    shown = trace._repr_html_()
    texts = Nesting(shown).texts
    assert len(shown) < 300_000
    for name, layer in trace.layers.items():
        assert any(text.startswith(f"{name} (") for text in texts)
        own = Nesting(layer._repr_html_()).texts
        assert {"output", str(layer.output.shape), f"{layer.output.max():.4g}", "output gradient"} <= set(own)
        assert repr(layer) == f"<LayerTrace {layer.name}: {layer.input.shape} to {layer.output.shape}>"
    assert repr(trace) == f"<Trace: {len(trace.layers)} layers, loss {trace.loss:.4g}>"
    assert repr(model.trace(X)) == f"<Trace: {len(trace.layers)} layers>"


def test_arrays_that_have_no_picture() -> None:
    assert html.array_row("names", np.array(["a"])) == ["names", "(1,)", "", "", ""]
    assert html.array_row("none", np.zeros((0, 3)))[2:] == ["", "", ""]
    assert pixels(html.array_row("rows", np.ones((4, 2, 3)))[4]).shape == (2, 3, 3)


def test_images() -> None:
    shown = plot.gallery(X, captions=np.arange(6))
    text = shown._repr_html_()
    assert text.count("<svg") == 6
    assert set("012345") <= set(Nesting(text).texts)
    assert repr(shown) == f"<Gallery: 6 images of {X.shape[1:3]}>"
    assert plot.gallery(X[0, :, :, 0])._repr_html_().count("<svg") == 1
    assert plot.gallery(np.zeros((2, 4, 4, 3)))._repr_html_().count("<svg") == 2
    assert plot.gallery(np.zeros((200, 4, 4)))._repr_html_().count("<svg") == 100
    with pytest.raises(
        ValueError, match=r"gallery: images must be \(n, rows, columns\), or with 1 or 3 channels after"
    ):
        plot.gallery(np.zeros((2, 4, 4, 2)))
    deep: list[object] = []
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(TypeError, match="gallery: captions must be what can be printed; received RecursionError"):
        plot.gallery(X, captions=[deep] * 6)
    with pytest.raises(ValueError, match="gallery: expected 6 captions; received 2"):
        plot.gallery(X, captions=[1, 2])


def test_the_explorer_inline() -> None:
    model = small_network()
    model.compile("sgd", "categorical_crossentropy")
    page = model.explore(x=X, y=Y)
    assert page is not None
    shown = page._repr_html_()
    Nesting(shown)
    assert shown.startswith("<iframe srcdoc=")
    assert "<script" not in shown  # it stands in the attribute, escaped
    assert repr(page) == f"<Page of {model.name}: {len(page.html):,} characters>"
    with pytest.raises(TypeError, match="explore: expected x, the examples to show"):
        model.explore()
