"""Names that a module does not have: `from numpycnn.layers import LSTM` says what there is, and what is planned.

Each public module calls `explain_unknown_names` in its last line.
"""

import sys
from collections.abc import Collection
from importlib import import_module
from opcode import opmap
from types import FrameType, ModuleType
from typing import Any, NoReturn

from numpycnn.common.unknown import remark


def explain_unknown_names(module_name: str, submodules: Collection[str] = ()) -> None:
    """Let an unknown name of that module raise an error that explains it.

    submodules: modules inside it that are imported when they are first named.
    The module's `__getattr__` (PEP 562) is set here and not defined in its source, where it would make type checkers
    believe that every name exists.
    """
    module = sys.modules[module_name]

    def missing(name: str) -> ModuleType:
        if name in submodules:
            return import_module(f"{module_name}.{name}")
        refuse_name(module, name, sys._getframe(1))

    vars(module)["__getattr__"] = missing


def refuse_name(module: ModuleType, name: str, caller: FrameType) -> NoReturn:
    """Raise ImportError where the caller executes `from module import name`, otherwise AttributeError.

    `hasattr` needs an AttributeError; but the import statement replaces one by an error of its own, without our words.
    """
    explanation = "" if name.startswith("_") else f": {explained(module, name)}"
    if caller.f_code.co_code[caller.f_lasti] == opmap["IMPORT_FROM"]:
        raise ImportError(f"cannot import name {name!r} from {module.__name__!r}{explanation}", name=module.__name__)
    raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}{explanation}", name=name, obj=module)


def explained(module: ModuleType, name: str) -> str:
    """The remark on a name that the module does not have, and the names that it has."""
    known = public_names(module)
    return f"{remark(module.__name__.removeprefix('numpycnn.'), name, known)}; available: {', '.join(known)}"


def public_names(module: ModuleType) -> list[str]:
    """The names that a module offers, without its tables and its version."""
    names = vars(module)
    return sorted(name for name in names["__all__"] if not isinstance(names.get(name), (dict, str)))


class UnknownModules:
    """A finder for the end of `sys.meta_path`: explains `import numpycnn.applications`, which asks no `__getattr__`."""

    @staticmethod
    def find_spec(name: str, *others: Any) -> None:
        """Raise ModuleNotFoundError for a module of this library; the others are none of its business."""
        parent, _, last = name.rpartition(".")
        if parent.partition(".")[0] == "numpycnn":
            raise ModuleNotFoundError(f"No module named {name!r}: {explained(sys.modules[parent], last)}", name=name)
