"""The page of a contest says who was best, by how much, and what is not in the numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.report.of_zoo import Contest, Lap, chart, tables, write
from tests.judged import evaluation
from tests.pages import Page, needs_nothing

NAN = "the generator's loss is nan at step 7"


def lap(name: str, seed: int, number: int, judged: Evaluation | None, why: str = "") -> Lap:
    return Lap(
        name=name, seed=seed, number=number, seconds=30.0 * number + seed,
        samples_seen=64 * number, evaluation=judged, why=why,
    )  # fmt: skip


CONTEST = Contest(
    laps=[
        *(lap("bad", seed, 1, evaluation(60)) for seed in (0, 1, 2)),
        *(lap("bad", seed, 2, evaluation(20 + seed)) for seed in (0, 1, 2)),
        *(lap("good", seed, 1, evaluation(30 + seed)) for seed in (0, 1, 2)),
        *(lap("good", seed, 2, evaluation(4 + 2 * seed)) for seed in (0, 1)),
        lap("good", 2, 1, evaluation(50), NAN),
        lap("lost", 0, 1, None, NAN),
        *(lap("other", 0, n, evaluation(1, features="patches")) for n in (1, 2)),
    ],
    about=[("seconds", "60")],
    pictures={"good": np.zeros((8, 28, 28, 1), np.uint8)},
)


def test_a_table_has_mean_and_deviation_over_the_seeds_that_reached_the_end() -> None:
    first, second = tables(CONTEST)
    assert [result.name for result in first.results] == ["good", "bad"]
    good, bad = first.results
    assert good.scores["frechet"] == pytest.approx((5, 2**0.5))
    assert (good.seeds, good.missing) == ([0, 1], [f"seed 2: {NAN}"])
    assert bad.scores["frechet"] == pytest.approx((21, 1))
    assert (first.floor["frechet"], first.ceiling["frechet"]) == (0.02, (74, 74))
    (alone,) = second.results
    assert (alone.name, alone.scores["frechet"]) == ("other", (1, None))
    assert "features: classifier 1" in second.why


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
        "real images 0.020",
        "good 5.00 ± 1.41",
        "bad 21.0 ± 1.00",
        "untrained generator 74.0",
        "Fréchet distance untrained generator to real",
        "2 of 3",
        f"good, seed 2: {NAN}.",
        "These numbers cannot be compared with those above. They differ in features",
        f"lost: {NAN}",
        "Fréchet distance of 10,000 pictures (of real images: 0.020)",
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
