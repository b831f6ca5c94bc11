"""The shape of the source: which room imports which, how long functions are, and what stands at the top."""

import ast
import sys
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import numpy as np
import pytest

import numpycnn
from numpycnn import Sequential
from numpycnn.app.tutorial import tutorial_network
from numpycnn.common.typing import Array
from numpycnn.engine.fast.block import Part
from numpycnn.engine.fast.im2col import ConvBlock

LIBRARY = Path(numpycnn.__file__).parent

ROOMS = [
    ["common"],
    ["functional"],
    ["reference", "backend", "activations", "initializers", "regularizers", "constraints"],
    ["layers"],
    ["losses", "metrics", "optimizers"],
    ["engine"],
    ["step"],
    ["files"],
    ["callbacks"],
    ["show"],
    ["show.explorer"],
    ["methods"],
    ["models"],
    ["preprocessing", "compat", "gradcheck", "courses", "datasets", "digits", "utils", "saving", "plot"],
    ["show.serve"],
    ["recipes"],
    ["sklearn"],
    ["app"],
    ["__main__"],
]
"""The rooms, lowest first: each imports from itself and from those before it. Rooms in one line do so in any order."""

TOP = {"__init__.py", "__main__.py", "py.typed"} | {
    f"{name}.py"
    for name in (
        *("activations", "backend", "constraints", "initializers", "models", "regularizers"),
        *("step", "saving", "plot", "digits", "sklearn"),
    )
}
"""The files directly in the package: Keras's names, and what learners read."""

MAX_LINES = 30
MAX_CALLS, MAX_MODULES = 8, 5


class Import(NamedTuple):
    """One module importing another, and whether a function does it when it is called."""

    importer: str
    imported: str


def module_name(path: Path) -> str:
    """numpycnn/layers/base.py as layers.base."""
    parts = path.relative_to(LIBRARY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the library, parsed."""
    return {module_name(path): ast.parse(path.read_text("utf-8")) for path in sorted(LIBRARY.rglob("*.py"))}


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """The statements of a module but those that type checkers alone read."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, (ast.stmt, ast.excepthandler, ast.match_case)):
            yield child
            yield from statements(child)


def imports(module: str) -> Iterator[Import]:
    """What the module imports of this library."""
    for node in statements(modules()[module]):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            top, _, rest = name.partition(".")
            if top == "numpycnn":
                yield Import(module, rest if rest in modules() else rest.rpartition(".")[0])


def room(module: str) -> str:
    """The room that a module is in: the longest name that fits."""
    rooms = [name for level in ROOMS for name in level if f"{module}.".startswith(f"{name}.")]
    return max(rooms, key=len)


LEVEL = {name: number for number, level in enumerate(ROOMS) for name in level}


@cache
def all_imports() -> list[Import]:
    """Those of every module but the package itself, which imports what users name."""
    return [one for module in modules() if module for one in imports(module) if one.imported]


def test_rooms_import_from_those_before_them() -> None:
    """Imports inside of functions too."""
    assert not [one for one in all_imports() if LEVEL[room(one.importer)] < LEVEL[room(one.imported)]]


def test_modules_form_no_circle() -> None:
    below: dict[str, set[str]] = {module: set() for module in modules()}
    for one in all_imports():
        below[one.importer].add(one.imported)
    done: set[str] = set()
    while left := below.keys() - done:
        free = {module for module in left if below[module] - {module} <= done}
        assert free, f"a circle among {sorted(left)}"
        done |= free


def body_lines(function: ast.FunctionDef) -> int:
    """The lines of a body without its docstring."""
    first, *rest = function.body
    body = rest if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for module, tree in modules().items():
        yield from ((f"{module}.{node.name}", node) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_functions_are_short() -> None:
    assert [name for name, function in functions() if body_lines(function) > MAX_LINES] == []


def test_a_training_step_takes_fifteen_lines() -> None:
    assert [body_lines(function) for name, function in functions() if name.endswith("step.training_step")] == [15]


def test_what_stands_at_the_top() -> None:
    assert {path.name for path in LIBRARY.iterdir() if path.is_file()} == TOP


def calls(frame: FrameType | None) -> Iterator[tuple[str, str]]:
    """(module, function) of the frames of this library, from the innermost to `Sequential.fit`."""
    while frame is not None:
        module, code = str(frame.f_globals["__name__"]), frame.f_code
        if module.startswith("numpycnn.") and code is not CHECKING:
            yield module, code.co_name
        if code is FIT:
            return
        frame = frame.f_back


FIT = Sequential.fit.__wrapped__.__code__  # type: ignore[attr-defined]
CHECKING = Sequential.fit.__code__
"""Turns a TypeError for an unknown argument into an explanation: not on the way of the numbers."""


def test_from_fit_to_the_convolution(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the default path, in the thread that called `fit`."""
    found: list[list[tuple[str, str]]] = []
    outputs = ConvBlock.outputs

    def watched(self: ConvBlock, work: object, part: Part) -> Iterator[tuple[object, Array]]:
        if threading.current_thread() is threading.main_thread():
            found.append([("numpycnn.engine.fast.im2col", "outputs"), *calls(sys._getframe(1))])
        yield from outputs(self, work, part)

    monkeypatch.setattr(ConvBlock, "outputs", watched)
    x, y = np.zeros((320, 28, 28, 1)), np.eye(10)[np.zeros(320, int)]
    tutorial_network(seed=0).fit(x, y, verbose=0, batch_size=320, workers=2)
    assert found
    for path in found:
        assert path[-1] == ("numpycnn.models", "fit")
        assert len(path) - 1 <= MAX_CALLS, path
        assert len({module for module, _ in path}) <= MAX_MODULES, path
