"""The mutants of a module: its source with one small thing wrong.

What is never mutated: docstrings, type annotations and aliases, imports, `__all__`, f-strings, and what stands after
`raise`, which is the text of messages. Everything else is, in functions and outside of them. Not made are what changes
nothing by itself, such as max(b, a) for max(a, b), `in (b, a)` for `in (a, b)`, or reshape(-2) for reshape(-1), where NumPy
takes any number below 0, and what fails wherever it is reached, such as the arguments of isinstance the other way round or a name that is never
given its value.
"""

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Div, ast.Mult),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.LShift: (ast.RShift,),
}
OTHER_NAMES = {
    "max": "min", "min": "max", "maximum": "minimum", "minimum": "maximum", "argmax": "argmin", "sum": "mean",
    "mean": "sum", "any": "all", "all": "any", "zeros": "ones", "zeros_like": "ones_like", "floor": "ceil",
    "add": "subtract", "subtract": "add", "isfinite": "isnan",
}  # fmt: skip
PLAIN = (ast.Attribute, ast.Call, ast.List, ast.Name, ast.Subscript, ast.Tuple)  # need no parentheses
COMMUTATIVE = ("max", "min", "maximum", "minimum", "add")
MODULES = ("np", "F", "checks", "backend", "training", "initializers", "re")
CASTS = ("bool", "float", "int", "list", "round", "sorted", "tuple")
OTHER_TEXTS = {"valid": "same", "same": "valid", "channels_first": "channels_last", "channels_last": "channels_first"}


@dataclass(frozen=True)
class Mutant:
    """One change: the source from `start` to `end`, counted in bytes, becomes `text`."""

    function: str
    """The function that it is in, with its class; empty outside of functions."""
    operator: str
    start: int
    end: int
    text: str
    lines: range
    """The lines of the statement, or of all that it concerns: whoever runs one of them can notice the change."""

    def apply(self, source: bytes) -> bytes:
        """The source with the change."""
        return source[: self.start] + self.text.encode() + source[self.end :]


def mutants(source: bytes) -> list[Mutant]:
    """All mutants of a module that compile and differ from it and from one another, in the order of the source."""
    found = Finder(source)
    for statement in ast.parse(source).body:
        found.visit_statement(statement, "", range(1, source.count(b"\n") + 2))
    seen = {source}
    kept = []
    for mutant in sorted(found.mutants, key=lambda m: (m.start, m.end)):
        after = mutant.apply(source)
        if after not in seen and is_python(after):
            seen.add(after)
            kept.append(mutant)
    return kept


def is_python(source: bytes) -> bool:
    """Whether there is no error of syntax."""
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


class Finder:
    """Walks through a module and collects its mutants."""

    def __init__(self, source: bytes) -> None:
        self.mutants: list[Mutant] = []
        self.starts = [0]
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def add(self, node: Any, operator: str, new: ast.AST | str, function: str, lines: range) -> None:
        """Note that `new` may stand in the node's place, unless it is the same."""
        if isinstance(new, ast.AST) and ast.dump(new) == ast.dump(node):
            return
        if isinstance(new, ast.Constant) and isinstance(new.value, (int, str)) and str(new.value)[:1] != "-":
            new = repr(new.value)
        text = new if isinstance(new, str) else ast.unparse(ast.fix_missing_locations(new))
        if isinstance(new, ast.expr) and not isinstance(new, PLAIN):
            text = f"({text})"
        text = text.replace("\n", "\n" + " " * node.col_offset)
        start = self.starts[node.lineno - 1] + node.col_offset
        end = self.starts[node.end_lineno - 1] + node.end_col_offset
        self.mutants.append(Mutant(function, operator, start, end, text, lines))

    def visit_statement(self, node: ast.stmt, function: str, whole: range | None) -> None:
        """One statement, its expressions and the statements in it. whole: outside of functions, all lines of the module."""
        if isinstance(node, (ast.Import, ast.ImportFrom)) or is_text(node) or is_alias(node):
            return
        lines = whole or header(node)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            function = f"{function}.{node.name}" if function else node.name
        if isinstance(node, ast.FunctionDef):
            lines, whole = whole or range(node.lineno, (node.end_lineno or node.lineno) + 1), None
        for operator, new in changed_statements(node, whole is None):
            self.add(node, operator, new, function, lines)
        for child in children(node, "annotation", "returns", "exc", "cause", "bases"):
            if isinstance(child, ast.stmt):
                self.visit_statement(child, function, whole)
            else:
                self.visit_expression(child, function, lines)

    def visit_expression(self, node: ast.AST, function: str, lines: range, *, ordered: bool = True) -> None:
        """One expression and those in it. ordered: whether the order matters, if it is a tuple."""
        if not isinstance(node, ast.JoinedStr):
            for operator, new in CHANGED.get(type(node), nothing)(node):
                if ordered or operator != "swap":
                    self.add(node, operator, new, function, lines)
            for child in children(node, "annotation"):
                if not (is_reshape(node) and ast.unparse(child) == "-1"):
                    self.visit_expression(child, function, lines, ordered=not is_membership(node))


def children(node: ast.AST, *without: str) -> Iterator[ast.AST]:
    """The nodes right below a node, but those in the fields named; of an `except` its statements alone."""
    for field, value in ast.iter_fields(node):
        if field not in without:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from child.body if isinstance(child, ast.ExceptHandler) else [child]


def header(node: ast.stmt) -> range:
    """The lines of a statement without those of the statements in it."""
    body = getattr(node, "body", None)
    end = body[0].lineno if body else (node.end_lineno or node.lineno) + 1
    return range(node.lineno, max(end, node.lineno + 1))


def is_reshape(node: ast.AST) -> bool:
    """Whether this is a call of reshape."""
    return isinstance(node, ast.Call) and called(node)[1] == "reshape"


def is_membership(node: ast.AST) -> bool:
    """Whether this asks if something is one of several, or of one of several classes."""
    if isinstance(node, ast.Compare):
        return isinstance(node.ops[-1], (ast.In, ast.NotIn))
    return isinstance(node, ast.Call) and called(node)[1] == "isinstance"


def is_text(node: ast.stmt) -> bool:
    """Whether a statement is a docstring, or what documents an attribute."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def is_alias(node: ast.stmt) -> bool:
    """Whether a statement at a module's top names a type, or is `__all__`."""
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return False
    name = node.targets[0].id
    return name == "__all__" or (isinstance(node.value, ast.Subscript) and name.istitle()) or name == "T"


# ---------------------------------------------------------------- statements


def changed_statements(node: ast.stmt, in_function: bool) -> Iterator[tuple[str, ast.AST | str]]:
    """What may stand in a statement's place."""
    if isinstance(node, ast.AugAssign):
        yield "assign", ast.Assign([node.target], node.value)
        yield from (("arithmetic", like(node, op=op())) for op in ARITHMETIC.get(type(node.op), ()))
    if isinstance(node, (ast.Expr, ast.AugAssign, ast.Raise, ast.Delete)) or (in_function and rebinds(node)):
        yield "delete", "pass"
    if isinstance(node, ast.Return) and node.value is not None and not is_none(node.value):
        yield "return", "return None"
    if isinstance(node, (ast.Break, ast.Continue)):
        yield "loop", "continue" if isinstance(node, ast.Break) else "break"
    if isinstance(node, ast.With) and all(item.optional_vars is None for item in node.items):
        yield "with", ast.If(ast.Constant(True), node.body, [])


def rebinds(node: ast.stmt) -> bool:
    """Whether this is an assignment to what was there before: x = f(x), x.y = ..., x[...] = ...; else names lack."""
    if not isinstance(node, ast.Assign):
        return False
    read = {name.id for name in ast.walk(node.value) if isinstance(name, ast.Name)}
    written = [name for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)]
    return all(name.id in read for name in written if isinstance(name.ctx, ast.Store))


def is_none(node: ast.expr) -> bool:
    """Whether an expression is None."""
    return isinstance(node, ast.Constant) and node.value is None


# ---------------------------------------------------------------- expressions


Changes = Iterator[tuple[str, ast.expr]]
"""For each expression that may stand in another's place, by which operator."""


def nothing(node: Any) -> Changes:
    """No change."""
    return iter(())


def changed_comparisons(node: ast.Compare) -> Changes:
    """Another relation."""
    for k, op in enumerate(node.ops):
        for other in COMPARISONS[type(op)]:
            yield "comparison", like(node, ops=[*node.ops[:k], other(), *node.ops[k + 1 :]])


def changed_arithmetic(node: ast.BinOp) -> Changes:
    """Another operator."""
    yield from (("arithmetic", like(node, op=op())) for op in ARITHMETIC.get(type(node.op), ()))


def changed_signs(node: ast.UnaryOp) -> Changes:
    """Without the sign, or the not."""
    yield "sign or not", node.operand


def changed_logic(node: ast.BoolOp) -> Changes:
    """and for or, and one part alone."""
    yield "and, or", like(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    yield from (("and, or", part) for part in node.values)


def changed_choices(node: ast.IfExp) -> Changes:
    """One of the two, always."""
    yield "if", node.body
    yield "if", node.orelse


def changed_comprehensions(node: Any) -> Changes:
    """Without its condition."""
    if node.generators[0].ifs:
        yield "if", like(node, generators=[like(node.generators[0], ifs=[]), *node.generators[1:]])


def changed_attributes(node: ast.Attribute) -> Changes:
    """Another function's name."""
    if node.attr in OTHER_NAMES:
        yield "other name", like(node, attr=OTHER_NAMES[node.attr])


def changed_names(node: ast.Name) -> Changes:
    """Another function's name."""
    if node.id in OTHER_NAMES:
        yield "other name", like(node, id=OTHER_NAMES[node.id])


def changed_constants(node: ast.Constant) -> Changes:
    """Another constant: one more, one less, another text."""
    value = node.value
    if isinstance(value, bool):
        yield "constant", ast.Constant(not value)
    elif isinstance(value, int):
        yield "constant", ast.Constant(value + 1)
        yield "constant", ast.Constant(value - 1)
    elif isinstance(value, float):
        yield "constant", ast.Constant(value + 1.0)
        yield "constant", ast.Constant(value * 1.01 if value else -1.0)
    elif isinstance(value, str):
        yield "text", ast.Constant(OTHER_TEXTS.get(value, f"{value}X"))


def changed_subscripts(node: ast.Subscript) -> Changes:
    """Slices without one of their ends, axes in another order."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    for k, part in enumerate(parts):
        if isinstance(part, ast.Slice):
            for field in ("lower", "upper", "step"):
                if getattr(part, field) is not None:
                    other = [*parts[:k], like(part, **{field: None}), *parts[k + 1 :]]
                    yield "slice", like(node, slice=other[0] if len(other) == 1 else ast.Tuple(other))


def swapped(node: ast.Tuple) -> Changes:
    """The first two items the other way round; rows for columns, most of the time."""
    if len(node.elts) in (2, 3) and not any(isinstance(part, (ast.Slice, ast.Starred)) for part in node.elts):
        first, second, *rest = node.elts
        yield "swap", like(node, elts=[second, first, *rest])


def changed_calls(node: ast.Call) -> Changes:
    """Arguments left out or the other way round, and what the call was applied to, uncalled."""
    owner, name = called(node)
    if owner != "checks" and name not in ("isinstance", "getattr", *COMMUTATIVE):
        for k in range(len(node.args) - 1):
            if not any(isinstance(part, ast.Starred) for part in node.args[k : k + 2]):
                yield "swap", like(node, args=[*node.args[:k], node.args[k + 1], node.args[k], *node.args[k + 2 :]])
    for k in range(len(node.keywords)):
        yield "argument", like(node, keywords=node.keywords[:k] + node.keywords[k + 1 :])
    if isinstance(node.func, ast.Attribute) and owner not in MODULES:
        yield "call", node.func.value
    elif node.args and (owner in MODULES or name in CASTS) and not isinstance(node.args[0], ast.Starred):
        yield "call", node.args[-1 if owner == "checks" else 0]


def called(node: ast.Call) -> tuple[str, str]:
    """The names before and after the dot of what is called; the first is empty where there is no dot."""
    if isinstance(node.func, ast.Attribute):
        return (node.func.value.id if isinstance(node.func.value, ast.Name) else ""), node.func.attr
    return "", node.func.id if isinstance(node.func, ast.Name) else ""


def like(node: Any, **fields: Any) -> Any:
    """A copy of a node with other fields."""
    new = deepcopy(node)
    for field, value in fields.items():
        setattr(new, field, value)
    return new


CHANGED: dict[type[ast.AST], Callable[[Any], Changes]] = {
    ast.Attribute: changed_attributes,
    ast.BinOp: changed_arithmetic,
    ast.BoolOp: changed_logic,
    ast.Call: changed_calls,
    ast.Compare: changed_comparisons,
    ast.Constant: changed_constants,
    ast.GeneratorExp: changed_comprehensions,
    ast.IfExp: changed_choices,
    ast.ListComp: changed_comprehensions,
    ast.Name: changed_names,
    ast.Subscript: changed_subscripts,
    ast.Tuple: swapped,
    ast.UnaryOp: changed_signs,
}
