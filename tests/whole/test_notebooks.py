"""The notebooks of the manual: they run, what they show is theirs, and they use public names."""

from __future__ import annotations

import ast
import json
import re
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import ganzoo
from tests.conftest import ROOT, process
from tests.whole.test_docs import anchors, in_the_reference

FOLDER = ROOT / "docs" / "notebooks"
QUICK = {
    "lab": """DATA, DATA_OPTIONS, IMAGES = "toy_garments", {"count": 256}, 100
QUICK = {"max_steps": 4, "batch_size": 8}
TRAININGS = {
    "mlp_gan": {**QUICK, "options": {"hidden": (8, 16)}},
    "dcgan_fashion": {**QUICK, "options": {"width": 2}},
    "wgan_clip": {**QUICK, "options": {"width": 2, "hidden": 8}},
}""",
    "plugin": """DATA, DATA_OPTIONS = "toy_garments", {"count": 64}
OPTIONS, EPOCHS = {"width": 4}, 1""",
}
"""What the cell of parameters is followed by in the test, so that it takes seconds."""
NAMES = [*QUICK]
EXECUTING = runpy.run_path(str(ROOT / "docs" / "executing.py"))


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def code(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def kinds(cell: dict[str, Any]) -> list[list[str]]:
    """The kinds of a cell's outputs, such as [["image/png", "text/plain"]]; streams are left out:
    how many there are may differ."""
    return [sorted(output["data"]) for output in cell["outputs"] if "data" in output]


def python(cell: dict[str, Any]) -> ast.Module:
    """The code of a cell without what is for the notebook: `%pip …`, `%%writefile …`, `!…`."""
    return ast.parse(re.sub(r"^(%|!).*$", "", "".join(cell["source"]), flags=re.M))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_shown_is_of_these_sources_and_of_no_machine(name: str) -> None:
    path = FOLDER / f"{name}.ipynb"
    text, notebook = path.read_text("utf-8"), read(path)
    assert len(text.encode()) < 600_000
    assert notebook["metadata"] == {
        **EXECUTING["METADATA"],
        "executed": EXECUTING["digest"](notebook["cells"]),
    }, f"execute it again: python docs/executing.py {path.relative_to(ROOT)}"
    cells = code(notebook)
    assert [cell["execution_count"] for cell in cells] == [*range(1, len(cells) + 1)]
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    for output in outputs:
        data = {kind: "".join(shown) for kind, shown in output.get("data", {}).items()}
        assert "image/jpeg" not in data
        words = [
            *("".join(v) for k, v in data.items() if k != "image/png"),
            *output.get("text", []),
        ]
        for absolute in (r"(?<![\w./])/(home|root|tmp|work|usr|Users|opt|var)/", r"[A-Z]:\\"):
            assert not re.search(absolute, "".join(words)), words


def test_every_notebook_is_one_of_these_and_stands_in_the_manual() -> None:
    pages = (ROOT / "mkdocs.yml").read_text()
    for path in FOLDER.glob("*.ipynb"):
        assert path.stem in NAMES
        assert f"notebooks/{path.name}" in pages


@pytest.mark.parametrize("name", NAMES)
def test_they_use_public_names_only(name: str) -> None:
    described, seen = in_the_reference(), 0
    for cell in code(read(FOLDER / f"{name}.ipynb")):
        for node in ast.walk(python(cell)):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("ganzoo"):
                for alias in node.names:
                    assert alias.name in described, f"{node.module}.{alias.name}"
                    seen += 1
            if isinstance(node, ast.Import):
                assert not [a for a in node.names if a.name.startswith("ganzoo.")]
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                if node.value.id == "ganzoo":
                    assert node.attr in ganzoo.__all__
                    seen += 1
                if node.value.id in ("run", "generator"):
                    owner = described["TrainedRun" if node.value.id == "run" else "Generator"]
                    assert hasattr(owner, node.attr)
                    assert not node.attr.startswith("_")
    assert seen > 4


@pytest.mark.parametrize("name", NAMES)
def test_their_links_lead_somewhere(name: str) -> None:
    cells = read(FOLDER / f"{name}.ipynb")["cells"]
    words = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    links = re.findall(r"\]\(([^)#:]+)(?:#([^)]*))?\)", words)
    assert links
    for target, anchor in links:
        linked = FOLDER / target
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked.read_text()), f"{target}#{anchor}"


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_they_run_from_the_first_cell_to_the_last(name: str, tmp_path: Path) -> None:
    committed = FOLDER / f"{name}.ipynb"
    script = ROOT / "docs" / "executing.py"
    done = process(script, committed, "-o", tmp_path, "--parameters", QUICK[name], cwd=tmp_path)
    assert done.code == 0, done.err
    executed = code(read(tmp_path / committed.name))
    assert "".join(executed.pop(1)["source"]) == QUICK[name]
    for ran, before in zip(executed, code(read(committed)), strict=True):
        assert "".join(ran["source"]) == "".join(before["source"])
        assert kinds(ran) == kinds(before), "".join(ran["source"])


def test_the_manual_shows_sources_outputs_and_pictures() -> None:
    hook = runpy.run_path(str(ROOT / "docs" / "notebook_pages.py"))
    cell = {
        "cell_type": "code",
        "source": ["x = 1\n", "x"],
        "outputs": [
            {"output_type": "stream", "text": ["a <b>\n"]},
            {"data": {"text/plain": ["plain"], "text/html": ["<table></table>"]}},
            {"data": {"text/plain": ["plain"], "image/png": "AAAA"}},
            {"data": {"text/plain": ["plain"], "image/svg+xml": ["<svg>\n", "</svg>"]}},
        ],
    }
    cells = [{"cell_type": "markdown", "source": ["# Title\n", "words"]}, cell]
    file = SimpleNamespace(src_uri="notebooks/x.ipynb", content_string=json.dumps({"cells": cells}))
    made = hook["on_page_read_source"](page=SimpleNamespace(file=file), config=None)
    assert made.startswith("# Title\nwords\n\n```python\nx = 1\nx\n```\n\n<div")
    assert "<pre>a &lt;b&gt;</pre>" in made
    assert "<table></table>" in made
    assert 'src="data:image/png;base64,AAAA"' in made
    assert 'src="data:image/svg+xml;base64,PHN2Zz4KPC9zdmc+"' in made
    assert "plain" not in made
    page = SimpleNamespace(file=SimpleNamespace(src_uri="training.md"))
    assert hook["on_page_read_source"](page=page, config=None) is None
