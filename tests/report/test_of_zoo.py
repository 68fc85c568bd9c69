"""The page of a contest says who was best, by how much, and what is not in the numbers."""

from __future__ import annotations

import json
from pathlib import Path

from ganzoo.evaluate.contest import Contest, tables
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.report.of_zoo import chart, write
from tests.contests import CONTEST, NAN, lap
from tests.judged import evaluation
from tests.pages import Page, needs_nothing


def test_the_chart_shows_laps_of_the_same_seeds() -> None:
    first, _ = tables(CONTEST)
    good, bad, other = chart(CONTEST, first, ["good", "bad", "other"]).curves
    assert good.at.tolist() == [30.5, 60.5]
    assert good.values.tolist() == [30.5, 5]
    assert bad.values.tolist() == [60, 21]
    assert bad.errors is not None
    assert bad.errors.tolist() == [0, 1]
    assert len(other.values) == 0  # its numbers are of other features


def test_the_chart_leaves_out_laps_that_lack_a_seed_or_were_judged_otherwise() -> None:
    laps = [lap("a", seed, number, evaluation(9)) for seed in (0, 1) for number in (1, 2, 3)]
    laps[0] = lap("a", 0, 1, None)
    laps[1] = lap("a", 0, 2, evaluation(9, images=500))
    contest = Contest(laps=laps)
    (table,) = tables(contest)
    (curve,) = chart(contest, table, ["a"]).curves
    assert curve.at.tolist() == [90.5]


def test_the_page_and_the_json_say_all(tmp_path: Path) -> None:
    paths = write(CONTEST, tmp_path)
    assert [path.name for path in paths] == ["bench-zoo.html", "bench-zoo.json"]
    page = Page(paths[0])
    assert needs_nothing(page)
    for words in (
        "seconds: 60",
        "real images 0.0200",
        "good 5.00 ± 1.41",
        "bad 21.0 ± 1.00",
        "untrained generator 74.0",
        "Fréchet distance untrained generator to real",
        "2 of 3",
        f"good, seed 2: {NAN}.",
        "These numbers cannot be compared with those above. They differ in features",
        f"lost: {NAN}",
        "Fréchet distance of 10,000 pictures (of real images: 0.0200)",
    ):
        assert words in page.text, words
    assert sum(address.startswith("data:image/webp") for address in page.addresses) == 1
    read = json.loads(paths[1].read_text())
    assert [t["results"][0]["name"] for t in read["tables"]] == ["good", "other"]
    mean = read["tables"][0]["results"][0]["scores"]["frechet"]["mean"]
    assert mean == 5
    judged = Evaluation.from_json(read["laps"][0]["evaluation"], "the JSON")
    assert judged == CONTEST.laps[0].evaluation
    assert len(read["laps"]) == len(CONTEST.laps)


def test_a_contest_that_has_no_numbers_says_so(tmp_path: Path) -> None:
    page, _ = write(Contest(laps=[lap("lost", 0, 1, None, NAN)]), tmp_path)
    assert "Nothing is judged yet." in Page(page).text
    assert f"lost: {NAN}" in Page(page).text
