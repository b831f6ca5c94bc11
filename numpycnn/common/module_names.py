"""Unknown names in modules: the error for `from numpycnn.layers import LSTM` lists what exists, and what is planned.

Each public module calls `explain_unknown_names` on its last line.
"""

import sys
from collections.abc import Collection
from importlib import import_module
from opcode import opmap
from types import FrameType, ModuleType
from typing import Any, NoReturn

from numpycnn.common.unknown import hint


def explain_unknown_names(module_name: str, submodules: Collection[str] = ()) -> None:
    """Make the error for an unknown name in that module explain it.

    submodules: submodules that are imported on first access.
    The module's `__getattr__` (PEP 562) is set here and not defined in its source, because type checkers would then
    accept every name.
    """
    module = sys.modules[module_name]

    def missing(name: str) -> ModuleType:
        if name in submodules:
            return import_module(f"{module_name}.{name}")
        refuse_name(module, name, sys._getframe(1))

    vars(module)["__getattr__"] = missing


def refuse_name(module: ModuleType, name: str, caller: FrameType) -> NoReturn:
    """Raise ImportError where the caller executes `from module import name`, otherwise AttributeError.

    `hasattr` needs an AttributeError; but the import statement replaces that by its own error, without our message.
    """
    explanation = "" if name.startswith("_") else f": {explained(module, name)}"
    if caller.f_code.co_code[caller.f_lasti] == opmap["IMPORT_FROM"]:
        raise ImportError(f"cannot import name {name!r} from {module.__name__!r}{explanation}", name=module.__name__)
    raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}{explanation}", name=name, obj=module)


def explained(module: ModuleType, name: str) -> str:
    """The hint for a name that the module does not have, and the names that it has."""
    known = public_names(module)
    return f"{hint(module.__name__.removeprefix('numpycnn.'), name, known)}; available: {', '.join(known)}"


def public_names(module: ModuleType) -> list[str]:
    """The public names of a module, without its tables and its version."""
    names = vars(module)
    return sorted(name for name in names["__all__"] if not isinstance(names.get(name), (dict, str)))


class UnknownModules:
    """A finder at the end of `sys.meta_path`, for `import numpycnn.applications`, which calls no `__getattr__`."""

    @staticmethod
    def find_spec(name: str, *others: Any) -> None:
        """Raise ModuleNotFoundError where a module of this library is imported; do nothing for others.

        Nor for `importlib.util.find_spec`, which returns None for a module that does not exist.
        """
        parent, _, last = name.rpartition(".")
        imported = sys._getframe(2).f_code.co_name == "_find_and_load_unlocked"
        if imported and parent.partition(".")[0] == "numpycnn":
            raise ModuleNotFoundError(f"No module named {name!r}: {explained(sys.modules[parent], last)}", name=name)
