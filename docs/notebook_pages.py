"""Show the notebooks of docs/notebooks/ as pages of the manual; mkdocs calls the two functions.

Their outputs are those in the files: nothing is executed while the manual is built. A picture
stands in its page, so that there is no other file.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from html import escape
from typing import Any

from mkdocs.structure.files import File, Files

SUFFIX = ".ipynb"
STYLE = """<style>
.output { margin: -0.5rem 0 1.5rem; padding-left: 1rem; border-left: 3px solid #0072b2 }
.output { overflow-x: auto }
.output pre { margin: 0; padding: 0; border: 0; background: none; font-size: 75% }
.output p { margin: 0.2rem 0 }
.output h4 { margin: 0.8rem 0 0.2rem; font-size: 1.1rem }
.output th, .output td { padding: 0.1rem 1rem 0.1rem 0 }
.output th:not([style]), .output td:not([style]) { text-align: right }
.output img { margin: 0.3rem 0; padding: 0; border: 0 }
</style>"""
"""A line on the left of what a cell shows, a scrollbar where it is too wide, and numbers below each
other: a table of ganzoo says which columns are of words."""


class Notebook(File):
    """A notebook, which mkdocs makes a page of."""

    def is_documentation_page(self) -> bool:
        """Return that it is no file to be copied as it is."""
        return True


def on_files(files: Files, **_: Any) -> Files:
    """Make pages of the notebooks."""
    for file in [*files]:
        if file.src_uri.endswith(SUFFIX):
            files.remove(file)
            place = file.src_uri, file.src_dir, file.dest_dir, file.use_directory_urls
            files.append(Notebook(*place, inclusion=file.inclusion))
    return files


def on_page_read_source(page: Any, **_: Any) -> str | None:
    """Return the source of a page; None is for those that are Markdown already."""
    if not page.file.src_uri.endswith(SUFFIX):
        return None
    cells = json.loads(page.file.content_string)["cells"]
    name = f"docs/{page.file.src_uri}"
    parts = [part for cell in cells for part in _parts(cell)]
    below = f"*This page is the notebook `{name}`. Run it yourself: `jupyter lab {name}`.*"
    return "\n\n".join([*parts, "---", below, STYLE])


def _parts(cell: dict[str, Any]) -> Iterator[str]:
    """Yield a cell as Markdown, and each of its outputs as HTML."""
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield source
        return
    yield f"```python\n{source}\n```"
    for output in cell["outputs"]:
        yield f'<div class="output">{_shown(output)}</div>'


def _shown(output: dict[str, Any]) -> str:
    """Return an output as HTML, of several kinds the richest."""
    data = {kind: "".join(given) for kind, given in output.get("data", {}).items()}
    if "image/svg+xml" in data:
        drawn = base64.b64encode(data["image/svg+xml"].encode()).decode()
        return f'<img alt="What the cell draws" src="data:image/svg+xml;base64,{drawn}">'
    if "image/png" in data:
        return f'<img alt="What the cell draws" src="data:image/png;base64,{data["image/png"]}">'
    if "text/html" in data:
        return data["text/html"]
    text = data.get("text/plain", "".join(output.get("text", "")))
    return f"<pre>{escape(text.rstrip())}</pre>"
