"""Unknown names in modules: the error for `numpycnn.layers.LSTM` lists what exists, and what is planned.

Each public module calls `explain_unknown_names` on its last line. Names and modules of older Keras are translated by
`older.py`. A name or a module that Keras has and this library has not can be imported, for many scripts import what
they never use: it gives a `Placeholder`, or a module of these, whose use raises the same error.
"""

import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from opcode import opmap
from types import FrameType, ModuleType
from typing import Any, NoReturn

from numpycnn.common.old_names import MODULES, NAMES, WIDER
from numpycnn.common.unknown import hint, is_kerass

PACKAGE = "numpycnn"
NOWHERE: Mapping[str, str] = {}


def explain_unknown_names(module_name: str, elsewhere: Mapping[str, str] = NOWHERE) -> None:
    """Make the error for an unknown name in that module explain it, and import on first access what is not there yet.

    A name of `__all__` that the module does not have is a submodule, or found in the one that `elsewhere` gives for it.
    The module's `__getattr__` (PEP 562) is set here and not defined in its source, because type checkers would then
    accept every name.
    """
    module = sys.modules[module_name]
    public = vars(module)["__all__"]

    def missing(name: str) -> Any:
        if name in elsewhere:
            return getattr(import_module(f"{module_name}.{elsewhere[name]}"), name)
        if name in public or (module_name == PACKAGE and has_submodule(module, name)):
            return import_module(f"{module_name}.{name}")
        return other_than_todays(module, name, sys._getframe(1))

    vars(module).update(__getattr__=missing, __dir__=lambda: sorted({*vars(module), *public}))
    if any(path.startswith(f"{kind_of(module)}.") for path in MODULES):
        vars(module).setdefault("__path__", [])  # older Keras had modules in it, which the finder below gives
    for path in WIDER:
        if path.startswith(f"{kind_of(module)}."):
            add_names_of(kind_of(module), f"{PACKAGE}.{path}")


def add_names_of(todays: str, module_name: str) -> None:
    """Make a module, whose path older Keras had for more than is in it, have all the names of today's."""

    def missing(name: str) -> Any:
        if name.startswith("_") and name != "__all__":  # the import system's
            raise AttributeError(f"module {module_name!r} has no attribute {name!r}", name=name)
        if has_submodule(sys.modules[module_name], name):  # `from package import module` asks for an attribute first
            return import_module(f"{module_name}.{name}")
        source = import_module(f"{PACKAGE}.{todays}".rstrip("."))
        if name == "__all__":
            functions = [one for one, entry in NAMES.get(todays, {}).items() if entry.startswith("compat.")]
            return [*vars(source)["__all__"], *functions]
        if name in vars(source) or name in vars(source)["__all__"]:
            return getattr(source, name)
        return other_than_todays(source, name, sys._getframe(1))

    names = vars(sys.modules[module_name])
    names["__getattr__"] = missing
    names.setdefault("__path__", [])  # older Keras had modules in it, which the finder below gives


def has_submodule(module: ModuleType, name: str) -> bool:
    """Whether there is a file of that module in the package's folder."""
    return PathFinder.find_spec(f"{module.__name__}.{name}", module.__path__) is not None


def other_than_todays(module: ModuleType, name: str, caller: FrameType) -> Any:
    """What a name or module of older Keras stands for, or a placeholder. Raises ImportError or AttributeError else."""
    if not name.startswith("_"):
        from numpycnn.common.older import older_name, todays_module
        from numpycnn.common.placeholder import Placeholder

        found, path = older_name(kind_of(module), name), f"{module.__name__}.{name}"
        if found is not None:
            return found
        if not is_kerass(kind_of(module), name):
            if todays_module(path.removeprefix(f"{PACKAGE}.")) is not None:
                return import_module(path)
        elif is_import(caller):
            return Placeholder(f"{path}: {explained(module, name)}")
    return refuse_name(module, name, caller)


def refuse_name(module: ModuleType, name: str, caller: FrameType) -> NoReturn:
    """Raise ImportError where the caller executes `from module import name`, otherwise AttributeError.

    `hasattr` needs an AttributeError; but the import statement replaces that by its own error, without our message.
    """
    explanation = "" if name.startswith("_") else f": {explained(module, name)}"
    if is_import(caller):
        raise ImportError(f"cannot import name {name!r} from {module.__name__!r}{explanation}", name=module.__name__)
    raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}{explanation}", name=name, obj=module)


def is_import(caller: FrameType) -> bool:
    """Whether the caller executes `from module import name`."""
    return caller.f_code.co_code[caller.f_lasti] == opmap["IMPORT_FROM"]


def explained(module: ModuleType, name: str) -> str:
    """The hint for a name that the module does not have, and the names that it has."""
    known = public_names(module)
    return f"{hint(kind_of(module), name, known)}; available: {', '.join(known)}"


def kind_of(module: ModuleType) -> str:
    """The module's key in the tables of names."""
    return module.__name__.removeprefix(f"{PACKAGE}.")


def public_names(module: ModuleType) -> list[str]:
    """The public names of a module, without its tables and its version."""
    names = vars(module)
    return sorted(name for name in module.__all__ if not isinstance(names.get(name), (dict, str)))


class OtherModules:
    """A finder at the end of `sys.meta_path`: modules of older Keras's, and an error for those that do not exist.

    For `import numpycnn.applications` Python calls no `__getattr__`.
    """

    @staticmethod
    def find_spec(name: str, *others: Any) -> ModuleSpec | None:
        """The spec of an older module, or of one of Keras's that is not here.

        Raises ModuleNotFoundError where another one of this library is imported.

        Not for `importlib.util.find_spec`, which returns None for a module that does not exist.
        """
        parent, _, last = name.rpartition(".")
        if parent.partition(".")[0] != PACKAGE:
            return None
        from numpycnn.common.keras_names import MODULES_NOT_HERE
        from numpycnn.common.older import todays_module

        todays = todays_module(name.removeprefix(f"{PACKAGE}."))
        loader: Any = None if todays is None else OlderModule(todays)
        if todays is None and name.split(".")[1] in MODULES_NOT_HERE:
            loader = AbsentModule()
        if loader is not None:
            return ModuleSpec(name, loader, is_package=True)
        if sys._getframe(2).f_code.co_name == "_find_and_load_unlocked":
            raise ModuleNotFoundError(f"No module named {name!r}: {explained(sys.modules[parent], last)}", name=name)
        return None


class AbsentModule:
    """The loader of a module of Keras's that is not here: whatever is taken from it is a placeholder."""

    def create_module(self, spec: ModuleSpec) -> None:
        """A new module, by Python's default."""

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its placeholders."""
        from numpycnn.common.placeholder import Placeholder

        reason = explained(sys.modules[PACKAGE], module.__name__.split(".")[1])

        def missing(name: str) -> Placeholder:
            if name.startswith("_"):
                raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}", name=name, obj=module)
            return Placeholder(f"{module.__name__}.{name}: {reason}")

        vars(module)["__getattr__"] = missing


class OlderModule:
    """The loader of a module of older Keras: it has the names of today's."""

    def __init__(self, todays: str) -> None:
        self.todays = todays

    def create_module(self, spec: ModuleSpec) -> None:
        """A new module, by Python's default."""

    def exec_module(self, module: ModuleType) -> None:
        """Give the module the names of today's, and warn."""
        from numpycnn.common.older import warn

        add_names_of(self.todays, module.__name__)
        warn(module.__name__, f"write {PACKAGE}.{self.todays}".rstrip("."))
