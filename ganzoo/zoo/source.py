"""What the source of a plugin says: its summary and its options. Nothing of it is run.

So a shell can complete options at once, without torch, and whatever a plugin does when imported.
"""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HOPS = 3
"""How many modules a name is followed through that each import it from the next."""
UNREADABLE = (OSError, SyntaxError, ValueError, ImportError, AttributeError, RecursionError)
"""What reading a stranger's source may raise."""


class Option(NamedTuple):
    """An option of a plugin, as its source has it."""

    name: str
    words: tuple[str, ...]
    """The words that it may be given, where its type lists them; a bool takes yes and no."""

    default: str | None
    """Its default as one writes it after `name=`; None where the source computes it."""


def summary(target: str) -> str:
    """Return the first line of the docstring of `module:function`; "" where there is none."""
    found = _found(target)
    node = found and found[0]
    documented = isinstance(node, ast.FunctionDef)
    return (ast.get_docstring(node) or "").partition("\n")[0] if documented else ""  # type: ignore[arg-type]


def options(target: str) -> list[Option]:
    """Return the options of `module:function`; none where it is no function, or cannot be read."""
    node, module = _found(target) or (None, "")
    if not isinstance(node, ast.FunctionDef):
        return []
    given = node.args
    plain = [*given.posonlyargs, *given.args]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(given.defaults))
    pairs = zip(
        [*plain, *given.kwonlyargs], [*defaults, *given.defaults, *given.kw_defaults], strict=True
    )
    return [
        Option(each.arg, _words(each.annotation, module), _spelled(default, module))
        for each, default in pairs
    ]


def _found(target: str) -> tuple[ast.stmt, str] | None:
    """Return the statement that defines `module:name`, and its module; None where none does."""
    module, _, name = target.partition(":")
    try:
        return _definition(module, name, HOPS)
    except UNREADABLE:
        return None


def _definition(module: str, name: str, hops: int) -> tuple[ast.stmt, str] | None:
    """Return the statement that defines a name, even if `module` only imports it from another."""
    file = _file(module)
    for node in ast.parse(file.read_bytes()).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node, module
        if isinstance(node, ast.Assign | ast.AnnAssign) and name in _assigned(node):
            return node, module
        if isinstance(node, ast.ImportFrom) and hops:
            originals = {alias.asname or alias.name: alias.name for alias in node.names}
            if name in originals:
                package = module if file.name == "__init__.py" else module.rpartition(".")[0]
                below = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
                return _definition(below, originals[name], hops - 1)
    return None


def _assigned(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return (target.id for target in targets if isinstance(target, ast.Name))


def _words(annotation: ast.expr | None, module: str, hops: int = HOPS) -> tuple[str, ...]:
    """Return the words that a type lists; none where it takes others, too."""
    match annotation:
        case ast.Constant(value=None):
            return ("none",)
        case ast.Constant(value=str(text)):  # an annotation in quotes
            try:
                return _words(ast.parse(text, mode="eval").body, module, hops)
            except UNREADABLE:
                return ()
        case ast.Name(id="bool"):
            return ("yes", "no")
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            sides = _words(left, module, hops), _words(right, module, hops)
            return sides[0] + sides[1] if all(sides) else ()
        case ast.Subscript(value=kind, slice=choices) if _last_name(kind) == "Literal":
            listed = choices.elts if isinstance(choices, ast.Tuple) else [choices]
            return tuple(str(each.value) for each in listed if isinstance(each, ast.Constant))
        case ast.Name(id=name) if hops:
            node, where = _found(f"{module}:{name}") or (None, "")
            if isinstance(node, ast.Assign | ast.AnnAssign):
                return _words(node.value, where, hops - 1)
    return ()


def _last_name(node: ast.expr) -> str:
    """Return "Literal" of both `Literal` and `typing.Literal`."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _spelled(default: ast.expr | None, module: str) -> str | None:
    """Return a default as it is written in a shell; None where it is none, or no plain value."""
    from ganzoo.zoo.options import unparse

    if isinstance(default, ast.Name):
        node, _ = _found(f"{module}:{default.id}") or (None, "")
        default = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    if default is None:
        return None
    try:
        value = ast.literal_eval(default)
    except (*UNREADABLE, TypeError, MemoryError):
        return None
    if value is None or isinstance(value, bool):
        return {True: "yes", False: "no", None: "none"}[value]
    return unparse(value)


def _file(module: str) -> Path:
    """Return the file of `module`; the import system's finders find it without running it."""
    path: list[str] | None = None
    spec: importlib.machinery.ModuleSpec | None = None
    parts = module.split(".")
    for depth in range(len(parts)):
        name = ".".join(parts[: depth + 1])
        specs = (f.find_spec(name, path) for f in sys.meta_path)
        spec = next((s for s in specs if s is not None), None)
        if spec is None:
            break
        path = list(spec.submodule_search_locations or [])
    if spec is None or spec.origin is None:
        raise ImportError(module)
    return Path(spec.origin)
