"""A student's file: found as Python would import it, run, and whatever it defined before an error kept."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import format_exception
from typing import Any, NamedTuple

LIBRARY = str(Path(__file__).parent)


class Loaded(NamedTuple):
    """What a file defines, and the traceback of what it raised; empty where it raised nothing."""

    names: dict[str, Any]
    trace: str


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
