"""What a report says of evaluations."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.runs import evaluations
from ganzoo.runs.folder import Run
from tests.conftest import Cli
from tests.judged import evaluation
from tests.pages import Page, needs_nothing


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Run:
    """A copy of the run, to write into."""
    return Run(Path(shutil.copytree(trained, tmp_path / trained.name)))


def reported(run: Run, cli: Cli, *several: Evaluation) -> Page:
    for each in several:
        evaluations.save(run, each)
    done = cli("report", run.path)
    assert done.code == 0, done.err
    page = Page(run.path / "report.html")
    assert needs_nothing(page)
    return page


def test_a_run_that_was_not_judged_gets_one_line(run: Run, cli: Cli) -> None:
    page = reported(run, cli)
    assert f"Nobody has judged them yet: ganzoo eval {run.path} does." in page.text
    assert "untrained" not in page.text


def test_numbers_stand_between_untrained_and_real_ones(run: Run, cli: Cli) -> None:
    pixels = np.zeros((1, 8, 8, 1), np.uint8)[0]
    classes = {"shirt": (0.01, 0.5), "shoe": (0.99, 0.5)}
    sheets = {"best": pixels, "nearest": pixels}
    page = reported(run, cli, evaluation(classes=classes, pictures=sheets))
    for words in (
        "10,000 pictures of step 2, judged against as many real images of toy_garments (test), by "
        "the features of classifier 1.",
        "The Fréchet distance of 10,000 pictures is 12.5, of real pictures 0.0200, of the "
        "untrained generator 74.",
        "It hardly draws shirt.",
        "measure value untrained generator real",
        "as two clouds 12.5 ± 0.250 74.0 0.0200",
        "shirt 1.0% 50.0%",
        "Pictures with the most real ones around them",
        "Below each is that training image",
        "seed 0, mlp_gan-toy_garments-001, step 2 (abababababab)",
    ):
        assert words in page.text, words
    assert "with the fewest real ones" not in page.text  # this sheet was lost
    assert "The newest checkpoint is of step" not in page.text
    assert (run.path / "report.html").read_text().count('class="bar') >= 7 + 2


def test_a_ceiling_of_noise_is_called_so(run: Run, cli: Cli) -> None:
    page = reported(run, cli, evaluation(ceiling="grey noise"))
    assert "measure value grey noise real" in page.text
    assert "goes from grey noise on the left to real pictures" in page.text
    assert "untrained" not in page.text


def test_a_report_says_that_the_run_has_gone_on(run: Run, cli: Cli) -> None:
    (run.path / "checkpoints" / "step-00000002").rename(run.path / "checkpoints" / "step-00000009")
    page = reported(run, cli, evaluation())
    assert "pictures of step 2" in page.text
    assert "The newest checkpoint is of step 9: ganzoo eval" in page.text


def test_several_steps_get_a_chart_of_what_can_be_compared(run: Run, cli: Cli) -> None:
    title = "Fréchet distance of 10,000 pictures (of real images: 0.0200)"
    one = evaluation(30, step=1, samples_seen=64)
    page = reported(run, cli, evaluation(), evaluation(40, step=1, samples_seen=64, images=500))
    assert title not in page.text
    assert title in reported(run, cli, one).text


def test_a_damaged_evaluation_is_left_out_and_named(run: Run, cli: Cli) -> None:
    file = evaluations.save(run, evaluation()) / evaluations.NUMBERS
    file.write_text('{"schema": 1}')
    page = reported(run, cli)
    assert "Nobody has judged them yet" in page.text
    assert f"{file} is no evaluation: it has no 'model'; it is left out" in page.text


def test_the_number_of_pictures_stands_by_the_distance_at_the_end(run: Run, cli: Cli) -> None:
    line = {"step": 2, "samples_seen": 128, "frechet": 12.3, "eval_images": 5000, "yardstick": 7}
    run.write_lines("metrics.jsonl", [line])
    page = reported(run, cli)
    assert "12.300 of 5,000 FD, at the end" in page.text
    assert "Fréchet distance (FD) of 5,000 pictures" in page.text


def test_where_real_is_best_the_page_says_so(run: Run, cli: Cli) -> None:
    page = reported(run, cli, evaluation())
    assert "Of copies the best value is that of real pictures: there they stand in" in page.text
    assert (run.path / "report.html").read_text().count('class="bar near"') == 1
