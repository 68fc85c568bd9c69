"""What a comparison of runs says of how good their pictures are."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from ganzoo.config import TrainConfig
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.report import pace
from ganzoo.report.rankings import NOT_JUDGED, REAL, rankings
from ganzoo.runs import evaluations
from ganzoo.runs.facts import Resumed
from ganzoo.runs.folder import Run
from ganzoo.runs.saving import extending
from tests.conftest import Cli
from tests.judged import evaluation
from tests.pages import Page, needs_nothing


@pytest.fixture
def runs(trained: Path, tmp_path: Path) -> dict[str, Run]:
    """Three copies of a run."""
    names = ("a", "b", "c")
    return {name: Run(Path(shutil.copytree(trained, tmp_path / name))) for name in names}


def judge(runs: dict[str, Run], **several: list[Evaluation]) -> None:
    for name, found in several.items():
        for each in found:
            evaluations.save(runs[name], each)


def test_the_smallest_distance_comes_first_and_runs_that_were_not_judged_last(
    runs: dict[str, Run],
) -> None:
    judge(runs, b=[evaluation(20)], c=[evaluation(3)])
    (table,) = rankings(runs)
    assert [row.name for row in table.rows] == [REAL, "c", "b", "a"]
    assert table.columns[:2] == ["Fréchet distance", "KID x 1000"]
    assert table.rows[1].cells[:2] == ["3.00 ± 0.0600", "50.0 ± 1.00"]
    assert table.rows[-1].cells[0] == NOT_JUDGED
    assert not table.notes
    with (runs["a"].path / "metrics.jsonl").open("a") as file:
        print('{"step": 2, "samples_seen": 128, "frechet": 50.2, "yardstick": 7}', file=file)
    (table,) = rankings(runs)
    assert table.notes == ("a was judged in its training alone: ganzoo eval gives it a row.",)
    assert {len(row.cells) for row in table.rows} == {len(table.columns)}


def test_numbers_that_cannot_be_compared_are_in_tables_of_their_own(runs: dict[str, Run]) -> None:
    few = evaluation(1, images=500, features="patches")
    judge(runs, a=[few], b=[evaluation(20)], c=[evaluation(3)])
    first, second = rankings(runs)
    assert [row.name for row in first.rows] == [REAL, "c", "b"]
    assert [row.name for row in second.rows] == [REAL, "a"]
    assert first.why == ""
    assert "features: classifier 1" in second.why
    assert "number of images: 10,000 and 500" in second.why


def test_a_run_that_is_shown_by_another_evaluation_than_alone_is_named(
    runs: dict[str, Run],
) -> None:
    judge(runs, a=[evaluation(9, images=500), evaluation(8)], b=[evaluation(20, images=500)])
    (table,) = rankings(runs)
    assert [(row.name, row.cells[0]) for row in table.rows[1:3]] == [
        ("a", "9.00 ± 0.180"), ("b", "20.0 ± 0.400"),
    ]  # fmt: skip
    (note,) = table.notes
    assert note.startswith("a is shown here by what compares with the others; its report shows 10,")
    (alone,) = rankings({"a": runs["a"]})
    assert (alone.rows[1].cells[0], alone.notes) == ("8.00 ± 0.160", ())


@pytest.mark.parametrize("width", [80, 120])
def test_names_are_whole_however_many_runs_there_are(
    width: int, runs: dict[str, Run], tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    paths = []
    for place, run in enumerate([*runs.values()] * 2):
        paths.append(tmp_path / f"dcgan_fashion_transposed-fashion_mnist-00{place}")
        shutil.copytree(run.path, paths[-1])
        evaluations.save(Run(paths[-1]), evaluation(9 + place))
    done = cli("compare", *paths, "-o", tmp_path / "x.html")
    assert done.code == 0, done.err
    *lines, _ = done.out.splitlines()  # the path of the page may be long
    assert max(map(len, lines)) <= width
    assert "…" not in done.out
    rows = [line.split() for line in lines]
    assert rows[:6] == [[str(n), path.name] for n, path in enumerate(paths, 1)]
    named = [row for row in rows if row[:3] == ["Fréchet", "distance", "0.0200"]]
    distances = [cell for row in named for cell in row[3:]]
    assert distances == ["9.00", "10.0", "11.0", "12.0", "13.0", "14.0"]


def test_names_that_fit_are_the_heads_of_their_columns(
    runs: dict[str, Run], tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    paths = [runs[name].path.rename(tmp_path / f"{name}_gan-fashion-001") for name in "ab"]
    for place, path in enumerate(paths):
        evaluations.save(Run(path), evaluation(9 + place))
    done = cli("compare", *paths, "-o", tmp_path / "x.html")
    assert done.code == 0, done.err
    heads = [line.split() for line in done.out.splitlines() if paths[0].name in line]
    names = [path.name for path in paths]
    assert heads == [["images", *names], ["measured", *names]]


def test_ceilings_are_called_what_they_are(runs: dict[str, Run], tmp_path: Path, cli: Cli) -> None:
    """Models that ganzoo cannot build untrained, such as an ONNX file, have grey noise."""

    def page() -> str:
        done = cli("compare", *[run.path for run in runs.values()], "-o", tmp_path / "x.html")
        assert done.code == 0, done.err
        return Page(tmp_path / "x.html").text

    judge(runs, a=[evaluation(20)])
    assert "Fréchet distance untrained generator to real" in page()
    judge(runs, a=[evaluation(20, ceiling="grey noise")])
    assert "Fréchet distance grey noise to real" in page()
    judge(runs, b=[evaluation(30)])
    (table,) = rankings(runs)
    mixed = "grey noise or untrained generator"
    assert table.ceiling == mixed
    assert table.notes == (
        "Their ceilings are not of the same kind: grey noise for a; untrained generator for b.",
    )
    assert f"begin at the largest Fréchet distance of {mixed} in this table" in page()


def test_a_run_that_has_gone_on_is_named(runs: dict[str, Run]) -> None:
    judge(runs, a=[evaluation(step=1)], b=[evaluation()])
    (table,) = rankings(runs)
    assert table.notes == ("a was judged at step 1; it is at 2 now.",)


def test_the_shell_and_the_page_show_the_same(
    runs: dict[str, Run], tmp_path: Path, cli: Cli
) -> None:
    paths = [run.path for run in runs.values()]
    done = cli("compare", *paths, "-o", tmp_path / "x.html")
    assert "none of them was judged: `ganzoo eval RUN` does" in done.err
    assert "No run was judged" in Page(tmp_path / "x.html").text
    judge(runs, a=[evaluation(20)], b=[evaluation(3)], c=[evaluation(1, images=500)])
    done = cli("compare", *paths, "-o", tmp_path / "x.html")
    assert done.code == 0, done.err
    words = " ".join(done.out.split())
    assert re.search(r"real images b a .*Fréchet distance 0\.0200 3\.00 20\.0", words)
    assert (
        "Not to be compared with those above; they differ in number of images: 10,000 and 500."
        in words
    )
    page = Page(tmp_path / "x.html")
    assert needs_nothing(page)
    assert page.text.index("b 3.00 ± 0.0600") < page.text.index("a 20.0 ± 0.400")
    assert "These numbers cannot be compared with those above." in page.text
    assert "Fréchet distance of 10,000 pictures (of real images: 0.0200)" in page.text


def test_seconds_go_on_over_a_resume(runs: dict[str, Run]) -> None:
    run = runs["a"]
    run.write_lines("metrics.jsonl", [
        {"step": step, "samples_seen": 64 * step, "seconds": seconds, "frechet": 40.0 / step,
         "coverage": 0.5, "yardstick": 7, "eval_images": 5000}
        for step, seconds in ((1, 10.0), (2, 20.0), (3, 5.0), (4, 9.0))
    ])  # fmt: skip
    (run.path / "resumes.jsonl").write_text(resumed(run, 2))
    chart = pace.while_trained(runs)
    assert chart is not None
    assert chart.title == "Fréchet distance of 5,000 pictures, during training"
    a, b, _ = chart.curves
    assert (a.at.tolist(), a.values.tolist()) == ([10, 20, 25, 29], [40, 20, 40 / 3, 10])
    assert len(b.values) == 0
    judge(runs, a=[evaluation(9, step=3), evaluation(8, step=4)])
    judged = pace.over_seconds(runs)
    assert judged is not None
    assert judged.curves[0].at.tolist() == [25, 29]


def test_curves_of_another_yardstick_are_left_out(runs: dict[str, Run]) -> None:
    for name, yardstick in (("a", 1), ("b", 2), ("c", 2)):
        lines = [
            {"step": step, "samples_seen": step, "seconds": 1.0 * step, "frechet": 5.0,
             "yardstick": yardstick, "eval_images": 100}
            for step in (1, 2)
        ]  # fmt: skip
        runs[name].write_lines("metrics.jsonl", lines)
    chart = pace.while_trained(runs)
    assert chart is not None
    assert [len(curve.values) for curve in chart.curves] == [0, 2, 2]


def resumed(run: Run, step: int) -> str:
    """A line of resumes.jsonl."""
    facts = run.begun_as()
    line = Resumed(
        time=facts.created, step=step, command=(), launch=None,
        config={name: getattr(facts.config, name) for name in extending(TrainConfig)},
        saving={}, circumstances=facts.circumstances,
    )  # fmt: skip
    return json.dumps(line.to_json()) + "\n"
