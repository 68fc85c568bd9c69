"""Which checkpoint is the best."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo import TrainConfig
from ganzoo.errors import ModelFileError, SettingError
from ganzoo.runs.best import best_checkpoint
from ganzoo.runs.folder import Run
from ganzoo.runs.saving import Saving, Settings
from tests.conftest import make_job
from tests.runs.test_scores import entries


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = Run.create(tmp_path, "x", make_job("mlp_gan", {}, TrainConfig()).facts(Saving()))
    for step in (20, 30, 40):
        (made.path / "checkpoints" / f"step-{step:08d}").mkdir()
    return made


def test_the_best_checkpoint_of_a_run(run: Run) -> None:
    run.write_lines("metrics.jsonl", entries({10: 4, 20: 5, 30: 6}))
    best = best_checkpoint(run)
    assert (best.path.name, best.frechet, best.better) == ("step-00000020", 5, (10, 4))
    run.write_lines("metrics.jsonl", entries({20: 5, 30: 4.5}))
    best = best_checkpoint(run)
    assert (best.path.name, best.frechet, best.better) == ("step-00000030", 4.5, None)


def test_without_an_evaluation_there_is_no_best(run: Run) -> None:
    with pytest.raises(ModelFileError, match="were not judged while it was trained"):
        best_checkpoint(run)
    run.write_lines("metrics.jsonl", entries({10: 4}))
    with pytest.raises(ModelFileError, match="none of the checkpoints that were judged is kept"):
        best_checkpoint(run)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"keep_best": True}, "keep_best must know which is best: add eval_every='1 epoch'"),
        ({"eval_every": "10 minutes"}, "eval_every takes steps or epochs, not minutes"),
        ({"eval_every": "often"}, "eval_every: 'often' is not like 500"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, object], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        Saving(**settings)  # type: ignore[arg-type]


def test_a_resumed_run_may_be_judged_no_more_and_keeps_its_best() -> None:
    assert Saving(eval_every="never", keep_best=True).judged() is None


@pytest.mark.parametrize("given", [{}, {"eval_every": "never"}])
def test_a_new_run_that_is_never_judged_has_no_best(given: dict[str, str]) -> None:
    with pytest.raises(SettingError, match="keep_best must know which is best"):
        Settings.of({"keep_best": True, **given}).chosen(TrainConfig())
