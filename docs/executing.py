"""Execute notebooks of the manual, and write what their cells show into them.

    python docs/executing.py docs/notebooks/lab.ipynb docs/notebooks/plugin.ipynb

Each runs in an empty folder and an environment of its own that sees the packages of this one, so
that `%pip install` changes nothing here. `--parameters CODE` is run after the cell with the tag
"parameters", and `-o DIR` is where the notebooks are written then. What tells of this machine and
of this hour is left out of the files: only sources and outputs are kept, and pictures made small.
The hash of the sources is written beside them, so that a test sees where outputs are older.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import os
import site
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from PIL import Image

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
QUIET = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
SAME = {"OMP_NUM_THREADS": "1"}
"""What makes a training end in the same numbers again, of which the text beside it tells."""
COLOURS = 48
"""Of a picture: letters, curves and garments need no more."""


def main() -> None:
    """Execute the notebooks that are named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--parameters", default="", help="code for after the cell of parameters")
    parser.add_argument("-o", dest="folder", type=Path, help="where to write them; default: back")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        python = environment(Path(folder, "environment"))
        for path in given.notebooks:
            where = Path(folder, path.stem)
            where.mkdir()
            executed = cleaned(execute(path, where, python, given.parameters))
            target = given.folder / path.name if given.folder else path
            text: str = nbformat.writes(executed)  # type: ignore[no-untyped-call]
            target.write_text(text + "\n", "utf-8")
            print(f"{target}: {target.stat().st_size:,} bytes")


def environment(folder: Path) -> Path:
    """Make an environment that sees the packages of this one, and return its python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    (own,) = folder.glob("lib/python*/site-packages")
    lines = [f"import site; site.addsitedir({place!r})" for place in site.getsitepackages()]
    (own / "parent.pth").write_text("\n".join(lines) + "\n")
    return python


def execute(path: Path, folder: Path, python: Path, parameters: str = "") -> Any:
    """Run a notebook's cells in `folder`, and return it; raise CellExecutionError where one fails.

    With `parameters` one more cell is run, and the notebook that is returned has it.
    """
    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    if parameters:
        tags = [cell.metadata.get("tags", []) for cell in notebook.cells]
        place = next(i for i, found in enumerate(tags) if "parameters" in found)
        cell = nbformat.v4.new_code_cell(parameters)  # type: ignore[no-untyped-call]
        notebook.cells.insert(place + 1, cell)
    spec = folder.parent / "kernels" / "python3"
    spec.mkdir(parents=True, exist_ok=True)
    command = [
        str(python),
        "-m",
        "ipykernel_launcher",
        "-f",
        "{connection_file}",
        "--log-level=ERROR",
    ]
    (spec / "kernel.json").write_text(json.dumps({"argv": command, "display_name": "Python 3"}))
    specs = KernelSpecManager(kernel_dirs=[str(spec.parent)])
    manager = AsyncKernelManager(kernel_spec_manager=specs)
    here = {"metadata": {"path": str(folder)}}
    client = NotebookClient(
        notebook, km=manager, timeout=1800, resources=here, coalesce_streams=True
    )
    path_of_programs = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    client.execute(env=os.environ | QUIET | SAME | {"PATH": path_of_programs})
    return notebook


def cleaned(notebook: Any) -> Any:
    """Return a notebook without what tells of the machine and the hour, its pictures small."""
    notebook.metadata = {**METADATA, "executed": digest(notebook.cells)}
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = {"tags": tags} if tags else {}
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                data.pop("image/jpeg", None)  # Pillow gives both
                data["image/png"] = small(data["image/png"])
            if "metadata" in output:
                output["metadata"] = {}
    return notebook


def digest(cells: Any) -> str:
    """Return the SHA-256 of the code of all cells, which tells of what code the outputs are."""
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return hashlib.sha256("\0".join(code).encode()).hexdigest()


def small(png: str) -> str:
    """Return a PNG in base64 with at most `COLOURS` colours, or as it was if that is smaller."""
    picture = Image.open(io.BytesIO(base64.b64decode(png)))
    encoded = io.BytesIO()
    picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(
        encoded, "PNG", optimize=True
    )
    return min(base64.b64encode(encoded.getvalue()).decode(), png.replace("\n", ""), key=len)


if __name__ == "__main__":
    main()
