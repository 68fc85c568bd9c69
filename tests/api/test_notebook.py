"""A real notebook: its outputs hold panel and pictures, and the interrupt button stops a run."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

from tests.conftest import Cli
from tests.judged import evaluation
from tests.lives import content

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning")
TRAIN = """import ganzoo
run = ganzoo.train(
    "mlp_gan", data="toy_garments", data_options={"count": 64}, options={"hidden": (16, 32)},
    epochs=2, batch_size=16, ema=0.9, report=False,
)"""
CELLS = [
    TRAIN,
    "run",
    "run.plot()",
    "run.strip()",
    "run.grid()",
    "ganzoo.runs()",
    "run = ganzoo.resume(run, epochs='+1')",
    "run.export('x.onnx').path",
    "ganzoo.load('x.onnx').grid(16)",
    """from pathlib import Path
from ganzoo.evaluate.evaluation import Evaluation
Evaluation.read(Path("evaluation.json"))""",
    "ganzoo.train('mlp_gan', epoch=1)",
]


def outputs(cell: Any, kind: str) -> list[str]:
    """What a cell shows of a kind, such as image/png."""
    return [o["data"][kind] for o in cell.outputs if kind in o.get("data", {})]


@pytest.mark.slow
def test_a_notebook_shows_what_it_makes(tmp_path: Path, cli: Cli) -> None:
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]  # type: ignore[no-untyped-call]
    cells[-1].metadata["tags"] = ["raises-exception"]
    (tmp_path / "evaluation.json").write_text(json.dumps(evaluation().to_json()))
    notebook = nbformat.v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    trained, run, plot, strip, grid, runs, resumed, _, drawn, judged, wrong = notebook.cells
    for cell in (trained, resumed):
        (panel,) = outputs(cell, "text/html")
        assert "D(G(z))" in panel
        assert re.search(r"epoch (2/2|3/3)", panel)
        text = "".join(o.get("text", "") for o in cell.outputs)
        assert "architecture  mlp_gan of ganzoo" in text
        assert "--" not in text
    (shown,) = outputs(run, "text/html")
    assert ">outcome</th>" in shown
    assert ">runs/mlp_gan-toy_garments-001</td>" in shown
    assert "<table>" in outputs(runs, "text/html")[0]
    for cell in (plot, strip, grid, drawn):
        (picture,) = outputs(cell, "image/png")
        assert len(picture) > 2_000
    (shown,) = outputs(judged, "text/html")
    assert ">Fréchet distance</td><td>12.5</td>" in shown
    assert "The Fréchet distance of 10,000 pictures is 12.5, of real pictures 0.0200" in shown
    assert wrong.outputs[0]["ename"] == "SettingError"
    assert "did you mean 'epochs'?" in wrong.outputs[0]["evalue"]
    done = cli(
        "train", "mlp_gan", "--data", "toy_garments", "--set-data", "count=64", "--set",
        "hidden=16,32", "--epochs", 3, "--batch-size", 16, "--ema", 0.9, "--runs", tmp_path / "cli",
    )  # fmt: skip
    mine = content(tmp_path / "runs" / "mlp_gan-toy_garments-001")
    assert mine == content(Path(done.last))


@pytest.mark.slow
def test_the_interrupt_button_stops_with_a_checkpoint_and_returns_the_run(tmp_path: Path) -> None:
    manager, client = start_new_kernel(cwd=str(tmp_path))
    try:
        asked = client.execute(TRAIN.replace("epochs=2", "epochs=100_000, progress='plain'"))
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            message = client.get_iopub_msg(timeout=60)
            if "step " in message["content"].get("text", ""):
                break
        manager.interrupt_kernel()
        while client.get_shell_msg(timeout=60)["parent_header"].get("msg_id") != asked:
            pass
        reply = client.execute_interactive(
            "assert (run.outcome, run.generator.sample(1).shape) == ('stopped', (1, 28, 28, 1))",
            timeout=60,
        )
        assert reply["content"]["status"] == "ok", reply["content"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
