"""Which of torch's operators an Apple GPU can run, by the table that torch is built from."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

TABLE = "packaged/ATen/native/native_functions.yaml"
"""In the package torchgen, which every torch brings along."""

COMPOSITE = {
    "CompositeImplicitAutograd", "CompositeExplicitAutograd",
    "CompositeExplicitAutogradNonFunctional",
}  # fmt: skip
"""The kernels that are made of other operators, and so run wherever those do."""


@cache
def of_mps() -> dict[str, bool]:
    """Whether an operator has a kernel for MPS or is made of others, by "aten::add.Tensor" etc.

    ModuleNotFoundError where there is no PyYAML: ganzoo needs it for nothing else.
    """
    import yaml

    text = files("torchgen").joinpath(TABLE).read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # five times as fast, where it is built
    entries = {entry["func"].partition("(")[0]: entry for entry in yaml.load(text, loader)}
    found = {}
    for name, entry in entries.items():
        runs = bool(_keys(entry, entries) & {"MPS", *COMPOSITE})
        # Those that torch generates beside it call it.
        generated = entry["autogen"].split(", ") if "autogen" in entry else []
        found.update({f"aten::{each}": runs for each in (name, *generated)})
    return found


def _keys(entry: dict[str, Any], entries: dict[str, dict[str, Any]]) -> set[str]:
    """What its kernels are for: its own, and those of the operator that does its work."""
    lists = entry.get("dispatch", {})
    keys = {key for names in lists for key in names.split(", ")}
    worker = entry.get("structured_delegate")
    if worker:
        return keys | _keys(entries[worker], entries)
    return keys or {"CompositeImplicitAutograd"}  # where nothing is said
