"""Which names a plugin's source uses that it should not: private ones, globals, hooks."""

from __future__ import annotations

import ast
from collections.abc import Iterator

PUBLIC = {
    "ganzoo", "ganzoo.architecture", "ganzoo.augment", "ganzoo.layers", "ganzoo.objectives",
    "ganzoo.optimizers", "ganzoo.schedules", "math", "torch",
}  # fmt: skip
"""What a plugin imports from; of torch everything."""
TRICKS = {"delattr", "eval", "exec", "getattr", "globals", "locals", "setattr", "vars"}
"""Functions by which one reaches what has no public name."""


def forbidden(source: str) -> list[str]:
    """What the source uses that is private, global, a hook or a trick, with its line."""
    tree = ast.parse(source)
    found = [
        (node.lineno, name)
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt | ast.expr | ast.keyword)
        for name in _names(node)
        if _is_bad(name)
    ]
    kept = [s.lineno for s in tree.body[1:] if not isinstance(s, _DEFINES)]
    return [f"{name} in line {line}" for line, name in found] + [
        f"a variable of the module in line {line}" for line in kept
    ]


_DEFINES = (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef)


def _names(node: ast.AST) -> Iterator[str]:
    """Yield each name that the node uses, but for the definition and the call of `__init__`."""
    match node:
        case ast.Attribute(attr="__init__", value=ast.Call(func=ast.Name(id="super"))):
            pass
        case ast.Attribute(attr=name) | ast.Name(id=name) | ast.keyword(arg=str(name)):
            yield name
        case ast.FunctionDef(name=name) if name != "__init__":
            yield name
        case ast.Global() | ast.Nonlocal():
            yield from (f"__{name}" for name in node.names)
        case ast.Import(names=names):
            yield from (_module(alias.name) for alias in names)
        case ast.ImportFrom(module=module, names=names):
            yield _module(module or "from .")
            yield from (alias.name for alias in names)


def _module(name: str) -> str:
    return name if name in PUBLIC or name.startswith("torch.") else f"_{name}"


def _is_bad(name: str) -> bool:
    private = name != "_" and any(part.startswith("_") for part in name.split("."))
    return private or "hook" in name or name in TRICKS
