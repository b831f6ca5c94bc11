"""A student's file: found as Python would import it, run, and whatever it defined before an error kept.

What it replaces in NumPy and in this library is put back, or its functions would be compared with themselves.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import format_exception
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

LIBRARY = str(Path(__file__).parent)


class Loaded(NamedTuple):
    """What a file defines, and the traceback of what it raised; empty where it raised nothing."""

    names: dict[str, Any]
    trace: str


class Guard:
    """What NumPy's and the library's modules have, and how NumPy treats errors, when this is made."""

    def __init__(self) -> None:
        modules = [one for name, one in sys.modules.items() if name.split(".")[0] in GUARDED]
        self.kept: list[tuple[ModuleType, dict[str, Any]]] = [(one, dict(vars(one))) for one in modules]
        self.errors = np.geterr()

    def restore(self) -> list[str]:
        """Put back what was replaced or deleted; returns the names."""
        np.seterr(**self.errors)
        found = []
        for module, before in self.kept:
            own = vars(module)
            wrong = [name for name, value in before.items() if own.get(name, self) is not value]
            own.update({name: before[name] for name in wrong})
            found += [f"{module.__name__}.{name}" for name in wrong]
        return found


GUARDED = ("numpy", "numpycnn")
"""The packages."""


def load(path: Path) -> Loaded:
    """Run a file. Relative imports work: a file in a folder with an `__init__.py` is a module of that package."""
    folder, parts = path.resolve().parent, [path.stem]
    while (folder / "__init__.py").is_file():
        folder, parts = folder.parent, [folder.name, *parts]
    sys.path.insert(0, str(folder))
    name = ".".join(parts)
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        return Loaded({}, f"{path} is not a Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:  # a student's sys.exit() too
        if isinstance(error, KeyboardInterrupt):
            raise
        return Loaded(vars(module), students_trace(error))
    return Loaded(vars(module), "")


def students_trace(error: BaseException) -> str:
    """The traceback from the student's own code on: without the frames of the grader and of Python's import."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith((LIBRARY, "<frozen")):
        frames = frames.tb_next
    return "".join(format_exception(error.with_traceback(frames)))
