"""Pictures that are judged while a run is trained: the same bits, the best checkpoint, one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import ganzoo
from ganzoo.api.run import TrainedRun
from ganzoo.report import curves, words
from ganzoo.runs.best import best_checkpoint
from ganzoo.runs.folder import Run
from ganzoo.runs.quantities import QUALITY, number
from tests.conftest import Cli, install_rows
from tests.lives import content

TINY = ("mlp_gan", "--set", "hidden=8", "--data", "toy_garments", "--set-data", "count=240",
        "--batch-size", 40, "--log-every", 5, "--ema", 0.9)  # fmt: skip
JUDGED = ("--eval-every", 2, "--eval-images", 110, "--eval-features", "rows")


@pytest.fixture(autouse=True)
def _rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_rows(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")


def judged(run: str | Path) -> list[dict[str, Any]]:
    return [line for line in Run(Path(run)).lines("metrics.jsonl") if "frechet" in line]


def kept(run: str | Path) -> list[int]:
    return sorted(int(path.name[5:]) for path in Path(run, "checkpoints").iterdir())


def test_training_has_the_same_bits_with_it_and_without(cli: Cli, tmp_path: Path) -> None:
    plain = cli("train", *TINY, "--epochs", 2, "--runs", tmp_path).last
    done = cli("train", *TINY, "--epochs", 2, *JUDGED, "--runs", tmp_path)
    assert done.code == 0, done.err
    plan = "every 2, 110 pictures and as many of toy_garments (half of train), by rows"
    assert f"judged        {plan}\n" in done.out
    assert [line["step"] for line in judged(done.last)] == [2, 4, 6, 8, 10, 12]
    assert all(line["eval_images"] == 110 for line in judged(done.last))
    found = content(Path(done.last))
    found["metrics"] = [line for line in found["metrics"] if "frechet" not in line]
    assert found == content(Path(plain))
    assert kept(done.last) == kept(plain)


def test_a_run_that_was_stopped_has_the_same_scores_and_checkpoints(
    cli: Cli, tmp_path: Path
) -> None:
    """Also where a checkpoint lies between two windows of metrics, as those of step 2 and 4 do."""
    command = ("train", *TINY, *JUDGED, "--keep-best", "--keep", 1, "--runs", tmp_path)
    whole = cli(*command, "--epochs", 4).last
    for stops in ([4, 9], [7], [2, 8, 20]):
        run = cli(*command, "--max-steps", stops[0]).last
        for step in stops[1:]:
            assert cli("resume", run, "--max-steps", step).code == 0
        assert cli("resume", run, "--epochs", 4).code == 0
        found = content(Path(run))
        for step in stops:
            found.pop(f"step-{step:08d}.png", None)
        assert found == content(Path(whole))
        assert kept(run) == kept(whole)


def test_each_judgement_is_a_checkpoint_that_has_what_was_measured(
    cli: Cli, tmp_path: Path
) -> None:
    command = ("train", *TINY, *JUDGED, "--epochs", 2, "--keep", 3, "--keep-best")
    run = cli(*command, "--runs", tmp_path).last
    best = min(judged(run), key=lambda line: line["frechet"])
    assert kept(run) == sorted({best["step"], 8, 10, 12})
    folder = best_checkpoint(Run(Path(run))).path
    assert folder.name == f"step-{best['step']:08d}"
    assert TrainedRun(Path(run)).best == folder.absolute()
    again = ganzoo.evaluate(folder, images=110, features="rows")
    assert again["frechet"] == pytest.approx(best["frechet"], rel=1e-3)
    assert again["coverage"] == pytest.approx(best["coverage"], abs=0.02)


def test_the_best_checkpoint_is_exported(cli: Cli, tmp_path: Path, quick_exports: None) -> None:
    command = ("train", *TINY, *JUDGED, "--epochs", 1, "--keep", 3, "--runs", tmp_path)
    run = Path(cli(*command).last)
    Run(run).write_lines(
        "metrics.jsonl",
        [{"step": s, "samples_seen": 40 * s, "frechet": s % 5} for s in (4, 5, 6)],
    )
    done = cli("export", run, "--best", "-o", tmp_path / "best.onnx")
    assert done.code == 0, done.err
    assert f"from       {run}/checkpoints/step-00000006: mlp_gan, 240 images seen" in done.out
    assert "step 5 was better, with a Fréchet distance of 0 instead of 1, but it is not" in done.err
    again = TrainedRun(run).export(tmp_path / "again.onnx", best=True)
    assert again.path.read_bytes() == (tmp_path / "best.onnx").read_bytes()


def test_a_run_that_was_not_judged_has_no_best(trained: Path, cli: Cli) -> None:
    done = cli("export", trained, "--best")
    assert (done.code, done.err.count("\n")) == (5, 1)
    assert "Train with --eval-every '1 epoch' and --keep-best" in done.err
    newest = trained / "checkpoints" / "step-00000002"
    assert cli("export", newest, "--best").code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--eval-features", "nothing"), 3, "ganzoo: no features"),
        (("--eval-images", 99), 2, "--eval-images must be at least 100, not 99"),
        (
            ("--set-data", "count=160"),
            4,
            "80 real images of toy_garments (half of its 160) to compare with: at least 100 are "
            "needed, so 200 images in all; --eval-every never trains without judging",
        ),
        (("--keep-best", "--eval-every", "1 minute"), 2, "--eval-every takes steps or epochs"),
    ],
)
def test_what_cannot_be_judged_is_said_before_training(
    cli: Cli, tmp_path: Path, arguments: tuple[object, ...], code: int, said: str
) -> None:
    done = cli("train", *TINY, *JUDGED, *arguments, "--runs", tmp_path / "runs")
    assert (done.code, done.err.count("\n")) == (code, 1)
    assert said in done.err
    assert not [*tmp_path.glob("runs/*")]


def test_features_that_do_not_fit_are_named_as_the_setting_of_a_training(
    cli: Cli, tmp_path: Path
) -> None:
    np.savez(tmp_path / "plain.npz", images=np.zeros((200, 28, 28), np.uint8))
    how = ("--data", tmp_path / "plain.npz", "--eval-every", 1, "--eval-features", "classifier")
    done = cli("train", "mlp_gan", *how, "--runs", tmp_path / "runs")
    assert done.code == 4
    assert done.err.endswith(
        "or use --eval-features patches; --eval-every never trains without judging\n"
    )


def test_a_resumed_run_may_be_judged_otherwise(cli: Cli, tmp_path: Path) -> None:
    """Distances of other numbers of pictures are no better and no worse."""
    run = cli("train", *TINY, *JUDGED, "--max-steps", 4, "--runs", tmp_path).last
    done = cli("resume", run, "--max-steps", 6, "--eval-images", 100, "--keep-best",
               "--progress", "plain")  # fmt: skip
    assert done.code == 0
    assert done.out.count("warning: scores before this were of other real images") == 1
    before, *_, now = (line["yardstick"] for line in judged(run))
    assert before != now
    assert best_checkpoint(Run(Path(run))).path.name == "step-00000006"
    assert cli("resume", run, "--max-steps", 12, "--eval-every", "never").code == 0
    assert judged(run)[-1]["step"] == 6
    assert kept(run) == [6, 12]


def test_a_program_is_told_of_each(cli: Cli, tmp_path: Path) -> None:
    done = cli("train", *TINY, *JUDGED, "--epochs", 1, "--runs", tmp_path, "--progress", "json")
    told = [json.loads(line) for line in done.out.splitlines()]
    assert [one["step"] for one in told if one["event"] == "evaluated"] == [2, 4, 6]
    (first,) = (one for one in told if one["step"] == 2 and one["event"] == "evaluated")
    assert {"frechet", "coverage", "evaluation_seconds", "samples_seen"} <= first.keys()


def test_scores_are_in_charts_the_report_and_tensorboard(cli: Cli, tmp_path: Path) -> None:
    command = ("train", *TINY, *JUDGED, "--epochs", 1, "--runs", tmp_path, "--tensorboard")
    run = Path(cli(*command).last)
    other = {"step": 1, "samples_seen": 40, "frechet": 0.1, "coverage": 1.0, "yardstick": 0}
    Run(run).write_lines("metrics.jsonl", [other, *Run(run).lines("metrics.jsonl")])
    charts = {chart.name: chart for chart in curves.charts(Run(run))}
    for name in ("frechet", "coverage"):
        values = [line[name] for line in judged(run) if line["yardstick"]]
        (drawn,) = charts[name].curves
        assert (drawn.label, list(drawn.values)) == (QUALITY[name], values)
        assert np.allclose(drawn.at, [2 / 6, 4 / 6, 1])
    assert words.last_numbers(Run(run).facts(), judged(run))["FD"].startswith(
        f"{number(values_of(run)[-1])} of "
    )
    found = EventAccumulator(str(run / "tensorboard"))
    found.Reload()
    shown = found.Scalars("pictures/frechet")
    assert [event.step for event in shown] == [2, 4, 6]
    assert np.allclose([event.value for event in shown], values_of(run), rtol=1e-5)


def values_of(run: Path) -> list[float]:
    return [line["frechet"] for line in judged(run) if line["yardstick"]]
