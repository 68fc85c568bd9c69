"""Evaluations in a run's folder, and in the model card of what was judged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ganzoo
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.runs import evaluations
from ganzoo.runs.checkpoints import Checkpoint
from ganzoo.runs.folder import Run
from ganzoo.runs.weights import load_weights
from tests.conftest import Cli
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


def test_one_rule_says_which_evaluation_stands_for_a_run(run: Run, tmp_path: Path) -> None:
    other = Run(Path(shutil.copytree(run.path, tmp_path / "other")))
    for each in (evaluation(4, step=1), evaluation(5, images=500, seed=1)):
        evaluations.save(run, each)
    evaluations.save(run, evaluation(6, images=500))
    evaluations.save(run, evaluation(7, images=900))
    evaluations.save(other, evaluation(9, images=500))

    def values(*runs: Run) -> list[float | None]:
        return [found and found[0]["frechet"] for found in evaluations.chosen(runs)]

    assert values(run) == [7]  # the most pictures of the latest step
    assert values(run, other) == [6, 9]  # those that compare, of the smallest seed
    shutil.rmtree(other.path / "evaluations")
    assert values(run, other) == [7, None]


@pytest.mark.parametrize("damage", [b"{", {"images": "many"}, {"scores": {}}], ids=str)
def test_a_damaged_file_is_left_out_by_all_and_named(
    damage: bytes | dict[str, Any], run: Run, cli: Cli
) -> None:
    file = evaluations.save(run, of_its_weights(run)) / evaluations.NUMBERS
    if isinstance(damage, bytes):
        file.write_bytes(damage)
    else:
        file.write_text(json.dumps(json.loads(file.read_bytes()) | damage))
    assert evaluations.saved(run) == []
    (line,) = evaluations.damaged(run)
    assert str(file) in line
    assert "\n" not in line
    listed = cli("runs", "--runs", run.path.parent)
    assert (listed.code, line in listed.err) == (0, True), listed.err
    evaluations.save(run, of_its_weights(run, 3.0, seed=1))  # the card does not look at it
    assert "| Fréchet distance | 3.00 ±" in card(run).read_text()


def test_a_damaged_file_does_not_end_a_comparison_or_a_report(
    run: Run, tmp_path: Path, cli: Cli
) -> None:
    file = evaluations.save(run, evaluation()) / evaluations.NUMBERS
    content = json.loads(file.read_bytes())
    file.write_text(json.dumps(content | {"images": "many"}))
    other = Run(Path(shutil.copytree(run.path, tmp_path / "other")))
    (line,) = evaluations.damaged(run)
    assert "its 'images' is 'many'" in line
    for command in (("report", run.path), ("compare", run.path, other.path)):
        done = cli(*command, "-o", tmp_path / "page.html")
        assert done.code == 0, done.err
        assert f"ganzoo: {line}\n" in done.err


def test_the_card_of_the_judged_weights_says_how_good_they_are(run: Run) -> None:
    card(run).write_text(card(run).read_text() + "\nMy own words.\n")
    before = card(run).read_text()
    assert "Nobody has judged them yet: `ganzoo eval .` does." in before
    evaluations.save(run, of_its_weights(run))
    text = card(run).read_text()
    assert "| of 10,000 pictures | value |" in text
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


@pytest.mark.parametrize("seeds", [(0, 1), (1, 0)])
def test_the_card_has_what_stands_for_the_run(run: Run, seeds: tuple[int, int]) -> None:
    """Of as many pictures, that of the smallest seed, whichever was judged last."""
    for seed in seeds:
        evaluations.save(run, of_its_weights(run, 3.0 + seed, seed=seed))
    found = evaluations.latest(run)
    assert found
    assert found[0].seed == 0
    assert "| Fréchet distance | 3.00 ±" in card(run).read_text()


def test_equal_weights_of_two_steps_are_judged_by_their_own_step(run: Run, tmp_path: Path) -> None:
    """As a generator that collapsed has, whose gradient is 0."""
    for each in (of_its_weights(run, 3.0, step=1), of_its_weights(run, 3.0, step=2)):
        evaluations.save(run, each)
    model = ganzoo.publish(run.path, tmp_path / "model")
    judged = Evaluation.read(model.folder / "evaluation.json")
    assert (judged.step, model.training["steps"]) == (2, 2)


def test_only_a_later_checkpoint_is_newer(run: Run) -> None:
    found = {step: evaluations.newer_step(run, evaluation(step=step)) for step in (1, 2, 3, None)}
    assert found == {1: 2, 2: None, 3: None, None: None}
    shutil.rmtree(run.path / "checkpoints")
    assert evaluations.newer_step(run, evaluation(step=1)) is None


def test_no_other_card_is_touched(run: Run) -> None:
    before = card(run).read_text()
    evaluations.save(run, of_its_weights(run, step=5))  # whose checkpoint is not kept
    assert card(run).read_text() == before
    card(run).write_text("only my own words")
    evaluations.save(run, of_its_weights(run))
    assert card(run).read_text() == "only my own words"
    assert not (run.path / "checkpoints" / "step-00000005").exists()
