"""The HTML page, with style, scripts and data in one file. It sends no requests; live, only to its server."""

import json
import re
from functools import cache
from html import escape
from importlib.resources import files
from os import PathLike
from typing import TYPE_CHECKING, Any

from numpycnn.common.typing import Array
from numpycnn.files.atomic import atomic_write
from numpycnn.show.explorer.data import page_data
from numpycnn.show.explorer.examples import candidates, first, fitting
from numpycnn.show.explorer.lessons import lesson_facts
from numpycnn.show.explorer.tensors import Tensors

if TYPE_CHECKING:
    from numpycnn.models import Sequential

MAX_PAGE_BYTES = 2_000_000
"""Bytes."""

SCRIPTS = (
    "tensor.js",
    "window.js",
    "layers/places.js",
    "layers/products.js",
    "layers/activations.js",
    "layers/convolution.js",
    "layers/pooling.js",
    "layers/maps.js",
    "layers/normalization.js",
    "layers/dropout.js",
    "layers.js",
    "loss.js",
    "network.js",
    "mnist.js",
    "numbers.js",
    "dom.js",
    "glossary.js",
    "heatmap.js",
    "state.js",
    "python.js",
    "reading.js",
    "panels/common.js",
    "panels/digit.js",
    "panels/drawing.js",
    "panels/examples.js",
    "panels/play.js",
    "panels/conv.js",
    "panels/convread.js",
    "panels/convback.js",
    "panels/pool.js",
    "panels/dropout.js",
    "panels/dense.js",
    "panels/formulas.js",
    "panels/plain.js",
    "panels/loss.js",
    "panels/code.js",
    "stage/subjects.js",
    "stage/products.js",
    "stage/convolution.js",
    "stage/others.js",
    "stage/layers.js",
    "stage/stories.js",
    "stage/scene.js",
    "stage/pointed.js",
    "stage/tour.js",
    "main.js",
)
"""The page's scripts, in the order in which they are run."""

LIVE = tuple(
    f"live/{name}.js"
    for name in ("connection", "ask", "axis", "chart", "frames", "lookback", "scale", "settings", "training")
)
"""Additional scripts of the live page (`serve/`), run before the last one."""


class Page:
    """The page in memory. A notebook shows it in a frame of its own, with nothing to load; `html` is its text."""

    def __init__(self, name: str, html: str) -> None:
        self.name, self.html = name, html

    def __repr__(self) -> str:
        return f"<Page of {self.name}: {len(self.html):,} characters>"

    def _repr_html_(self) -> str:
        source = escape(self.html, quote=True)
        style = "width:100%;height:800px;border:1px solid #ccc"
        return f'<iframe srcdoc="{source}" sandbox="allow-scripts allow-downloads" style="{style}"></iframe>'


def write_page(path: str | PathLike[str], model: "Sequential", x: Array, y: Array | None, example: int) -> None:
    """Write the page to a file atomically. Raises as `page_data` does, and OSError."""
    html = page(model, x, y, example).encode("utf-8")
    with atomic_write(path) as file:
        file.write(html)


def page(model: "Sequential", x: Array, y: Array | None, example: int) -> str:
    """The page as text; deterministic."""
    tensors = Tensors()
    facts = page_data(model, x, y, example, tensors)
    examples = candidates(model, x, y, example)
    facts = {**facts, "examples": first(examples, 1)}
    table = tensors.within(MAX_PAGE_BYTES - size(facts, tensors.within(0)))
    if can_compute(facts, table):
        facts["examples"], more = fitting(examples, x.astype(model.dtype), MAX_PAGE_BYTES - size(facts, table))
        table |= more.table
    return filled(with_assets(), facts, table)


def can_compute(facts: dict[str, Any], table: dict[str, Any]) -> bool:
    """Whether the page can compute the network for other examples than the traced one."""
    names = [f"{layer['name']}/parameters/{key}" for layer in facts["layers"] for key in layer["parameters"]]
    return (
        facts["structure"] is not None
        and all(layer["known"] for layer in facts["layers"])
        and not any("left_out" in table[name] for name in names)
    )


def size(facts: dict[str, Any], table: dict[str, Any]) -> int:
    """The bytes of the page."""
    return len(filled(with_assets(), facts, table).encode("utf-8"))


def live_page(facts: dict[str, Any], table: dict[str, Any]) -> str:
    """The page that `serve` serves: it may send requests to its own server, and nothing is left out."""
    return filled(with_assets(LIVE).replace("img-src data:", "img-src data:; connect-src 'self'", 1), facts, table)


def filled(shell: str, facts: dict[str, Any], table: dict[str, Any]) -> str:
    """The page with its data inserted."""
    return shell.replace("/* data */", as_json({**facts, "lessons": lesson_facts(), "tensors": table}), 1)


@cache
def with_assets(more: tuple[str, ...] = ()) -> str:
    """The page without its data, with additional scripts."""
    names = (*SCRIPTS[:-1], *more, SCRIPTS[-1])
    scripts = "\n".join(f"<script>\n{compact(asset(name))}</script>" for name in names)
    shell = asset("index.html").replace("/* style */", compact(asset("style.css")), 1)
    return shell.replace("<!-- scripts -->", scripts, 1)


def compact(text: str) -> str:
    """A script, or the style, without its indentation, empty lines and comments, which are read in `assets/`."""
    return re.sub(r"^ *(?:(?://.*)?\n|(?=\S))| */\*.*\*/$", "", text, flags=re.MULTILINE)


def asset(name: str) -> str:
    """One of the files in `assets/`."""
    return files("numpycnn.show.explorer").joinpath("assets", *name.split("/")).read_text(encoding="utf-8")


def as_json(data: Any) -> str:
    """JSON for a script element: nothing in it can end the element."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
