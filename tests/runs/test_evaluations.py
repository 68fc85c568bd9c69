"""Evaluations in a run's folder, and in the model card of what was judged."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.runs import evaluations
from ganzoo.runs.checkpoints import Checkpoint
from ganzoo.runs.folder import Run
from ganzoo.runs.weights import load_weights
from tests.judged import evaluation


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Run:
    """A copy of the run, to write into."""
    return Run(Path(shutil.copytree(trained, tmp_path / trained.name)))


def card(run: Run) -> Path:
    return run.path / "checkpoints" / "step-00000002" / "README.md"


def of_its_weights(run: Run, *given: float, **more: Any) -> Evaluation:
    return evaluation(*given, sha256=load_weights(run.path).info.weights_sha256, **more)


def test_what_is_saved_is_read_again(run: Run) -> None:
    sheet = np.zeros((4, 4, 1), np.uint8)
    judged = [evaluation(9, step=1), evaluation(5, images=500), evaluation(7)]
    for each in reversed(judged):
        evaluations.save(run, each)
    folder = evaluations.save(run, evaluation(7, pictures={"best": sheet}))
    assert {path.name for path in folder.iterdir()} == {"evaluation.json", "best.png"}
    assert len(evaluations.saved(run)) == 3  # the same again is written over it
    assert evaluations.saved(run)[0][0] == judged[0]
    assert evaluations.latest(run) == (judged[2], folder)


def test_the_card_of_the_judged_weights_says_how_good_they_are(run: Run) -> None:
    card(run).write_text(card(run).read_text() + "\nMy own words.\n")
    before = card(run).read_text()
    assert "Nobody has judged them yet: `ganzoo eval .` does." in before
    evaluations.save(run, of_its_weights(run))
    text = card(run).read_text()
    assert "| Fréchet distance | 12.5 ± 0.250 | 74.0 | 0.0200 |" in text
    assert "- real: 10,000 of toy_garments, test (toy_garments" in text
    assert "Nobody has judged them yet" not in text
    evaluations.save(run, of_its_weights(run, 11.0))
    again = card(run).read_text()
    assert again.count("Fréchet distance |") == 1
    assert "| Fréchet distance | 11.0 ± 0.220 |" in again
    start, end = before.split("Nobody has judged them yet: `ganzoo eval .` does.")
    assert again.startswith(start)
    assert again.endswith(end)  # with what somebody wrote
    Checkpoint.open(card(run).parent)  # it is whole


def test_fewer_pictures_do_not_take_the_place_of_more(run: Run) -> None:
    evaluations.save(run, of_its_weights(run))
    evaluations.save(run, of_its_weights(run, 3.0, images=500))
    assert "| Fréchet distance | 12.5 ±" in card(run).read_text()


def test_no_other_card_is_touched(run: Run) -> None:
    before = card(run).read_text()
    evaluations.save(run, of_its_weights(run, step=5))  # whose checkpoint is not kept
    assert card(run).read_text() == before
    card(run).write_text("only my own words")
    evaluations.save(run, of_its_weights(run))
    assert card(run).read_text() == "only my own words"
    assert not (run.path / "checkpoints" / "step-00000005").exists()
