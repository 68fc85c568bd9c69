"""An evaluation as a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ganzoo.evaluate.evaluation import Evaluation
from tests.judged import evaluation


@pytest.mark.parametrize("sheets", [{}, {"best": "sheets/mlp-best.png"}], ids=str)
def test_what_is_written_is_read_again(sheets: dict[str, str], tmp_path: Path) -> None:
    judged = evaluation(sheets=sheets, classes={"shoe": (0.25, 0.5)}, remarks=("Look closer.",))
    file = tmp_path / "evaluation.json"
    file.write_text(json.dumps(judged.to_json()))
    read = Evaluation.read(file)
    assert read == judged
    assert read.sheets == sheets
