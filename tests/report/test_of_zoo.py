"""The page of a contest says who was best, by how much, and what is not in the numbers."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from ganzoo.evaluate.contest import Contest, tables
from ganzoo.evaluate.evaluation import Evaluation, Score
from ganzoo.report.of_zoo import chart, write
from ganzoo.report.rankings import MEASURED
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
        "seconds asked for: 60",
        "What they did in that time",
        "good 60.5 ± 0.707 2 ± 0 128 ± 0 2 ± 0",
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
    training = read["tables"][0]["results"][0]["training"]
    assert training["seconds"]["mean"] == 60.5
    assert training["steps"] == {"mean": 2, "deviation": 0}
    assert training["images_per_second"]["mean"] == pytest.approx((128 / 60 + 128 / 61) / 2)
    assert (read["laps"][0]["asked"], read["laps"][0]["steps"]) == (30, 1)
    judged = Evaluation.from_json(read["laps"][0]["evaluation"], "the JSON")
    assert judged == CONTEST.laps[0].evaluation
    assert len(read["laps"]) == len(CONTEST.laps)


def test_the_json_is_the_same_whether_a_lap_was_judged_now_or_read_from_its_run(
    tmp_path: Path,
) -> None:
    sheets = {"best": "runs/a/evaluations/best.png"}
    now, before = (
        write(Contest(laps=[lap("a", 0, 1, judged)]), tmp_path / name)[1].read_text()
        for name, judged in (("now", evaluation(sheets=sheets)), ("before", evaluation()))
    )
    assert now == before


def test_what_was_trained_for_too_long_is_named(tmp_path: Path) -> None:
    laps = [
        replace(lap("slow", 0, 2, evaluation(9)), asked=2.0, seconds=9.0),
        replace(lap("slow", 1, 2, evaluation(8)), asked=60.0, seconds=65.9),
    ]
    page, numbers = write(Contest(laps=laps), tmp_path)
    why = "seed 0: it was trained for 9 s instead of 2 s"
    assert f"slow, {why}." in Page(page).text
    (result,) = json.loads(numbers.read_text())["tables"][0]["results"]
    assert result["late"] == [why]


def test_a_contest_that_has_no_numbers_says_so(tmp_path: Path) -> None:
    page, _ = write(Contest(laps=[lap("lost", 0, 1, None, NAN)]), tmp_path)
    assert "Nothing is judged yet." in Page(page).text
    assert f"lost: {NAN}" in Page(page).text


def test_nothing_is_cut_off_in_a_window_of_usual_width(tmp_path: Path) -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("needs Chromium, which is not installed")
    laps = [
        lap(name, seed, 1, evaluation(900 + seed, scores=WIDE))
        for name in ("dcgan_fashion_transposed", "another-package:wgan_clip")
        for seed in (0, 1)
    ]
    page, _ = write(Contest(laps=laps), tmp_path)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        shown = browser.new_page()
        shown.goto(page.as_uri())
        for width in (800, 960, 1100, 1280, 1600):
            shown.set_viewport_size({"width": width, "height": 900})
            beyond = shown.evaluate("""() => [...document.querySelectorAll("body *")]
                .filter(e => e.getBoundingClientRect().right > innerWidth
                    || e.matches(".scroll") && e.scrollWidth > e.clientWidth)
                .map(e => e.outerHTML.slice(0, 80))""")
            assert beyond == [], width
        browser.close()


WIDE = {name: Score(value=1.9, error=0.1, floor=0.5, ceiling=2.2) for name in MEASURED}
"""All columns, with long numbers."""
