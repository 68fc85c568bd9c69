"""`ganzoo runs`, and the table of runs in Python."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

import ganzoo
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.runs import evaluations
from ganzoo.runs.folder import Run
from tests.conftest import Cli
from tests.judged import evaluation


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    """Two runs: one that was judged, and one that was not and was begun later."""
    for name in ("judged", "plain"):
        shutil.copytree(trained, tmp_path / name)
    facts = json.loads((tmp_path / "plain" / "run.json").read_text())
    Run(tmp_path / "plain").write("run.json", facts | {"created": "2999-01-01T00:00:00+00:00"})
    return tmp_path


def test_runs_are_listed_with_their_distance(
    folder: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    evaluations.save(Run(folder / "judged"), evaluation())
    done = cli("runs", "--runs", folder)
    assert done.code == 0, done.err
    lines = [line.split() for line in done.out.splitlines() if line.strip()]
    measured = (folder / "plain" / "metrics.jsonl").read_text().splitlines()
    last = {name: value for line in measured for name, value in json.loads(line).items()}
    losses = [f"{last['loss_d']:.3f},", f"{last['loss_g']:.3f}"]
    sizes = {
        name: sum(path.stat().st_size for path in (folder / name).rglob("*") if path.is_file())
        for name in ("judged", "plain")
    }
    first, second = ([*losses, f"{sizes[name] / 1e6:.1f}", "MB"] for name in ("judged", "plain"))
    assert ["judged", "completed", "2", "128", *first, "12.5", "of"] in [
        line[:10] for line in lines
    ]
    assert ["plain", "completed", "2", "128", *second, "-"] in lines
    first, second = json.loads(cli("runs", "--runs", folder, "--json").out)
    assert (first["name"], first["samples_seen"], first["last"]["step"]) == ("judged", 128, 2)
    assert (first["epochs"], first["bytes"]) == (2, sizes["judged"])
    assert first["last"]["loss_d"] == last["loss_d"]
    assert Evaluation.from_json(first["evaluation"], "") == evaluation()
    assert second["evaluation"] is None
    run = ganzoo.runs(folder)["judged"]
    assert run.evaluations == [evaluation()]
    assert "12.5" in repr(ganzoo.runs(folder))


def test_a_run_that_was_judged_in_training_alone_shows_that(folder: Path, cli: Cli) -> None:
    run = Run(folder / "plain")
    with (run.path / "metrics.jsonl").open("a") as file:
        for value in (52.0, 50.209):
            entry = {"step": 2, "samples_seen": 128, "frechet": value, "yardstick": 7}
            print(json.dumps(entry | {"eval_images": 500}), file=file)
    lines = [line.split() for line in cli("runs", "--runs", folder).out.splitlines()]
    words = [word for line in lines for word in line]
    assert words[words.index("50.2") :][:4] == ["50.2", "of", "500", "(in"]


def test_a_table_with_chinese_names_fits_the_terminal(
    folder: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A letter takes two columns of the terminal, and each name stays whole."""
    monkeypatch.setenv("COLUMNS", "80")
    name = "生成对抗网络生成对抗网络人脸"
    (folder / "plain").rename(folder / name)
    evaluations.save(Run(folder / "judged"), evaluation())
    done = cli("runs", "--runs", folder)
    assert name in done.out
    assert "…" not in done.out
    assert {cell_len(line) <= 80 for line in done.out.splitlines()} == {True}
    shown = repr(ganzoo.runs(folder)).splitlines()
    found = [cell_len(line[: line.index("completed")]) for line in shown if "completed" in line]
    assert len(found) == 2
    assert len({*found}) == 1, shown


@pytest.mark.parametrize(
    ("field", "number", "why"),
    [("data", {"images": 10**400}, "a whole number of 401 digits"),
     ("data", {"images": 0}, "'images' is 0"),
     ("optimizers", {"generator": {"betas": [10**400]}}, "a whole number of 401 digits")],
)  # fmt: skip
def test_numbers_that_cannot_be_do_not_hide_the_other_runs(
    folder: Path, cli: Cli, field: str, number: dict[str, Any], why: str
) -> None:
    run = Run(folder / "plain")
    known = run.described()
    run.write("run.json", {**known, field: {**known[field], **number}})
    done = cli("runs", "--runs", folder)
    assert done.code == 0, done.err
    assert "judged" in done.out
    assert why in " ".join((done.out + done.err).split())
    for command in (("plot", run.path), ("report", run.path), ("show", run.path)):
        done = cli(*command)
        assert (done.code, why in done.err) == (5, True), done.err


@pytest.mark.parametrize("name", ["metrics.jsonl", "resumes.jsonl"])
def test_a_pipe_for_a_file_of_lines_does_not_hide_the_other_runs(
    folder: Path, cli: Cli, name: str
) -> None:
    (folder / "plain" / name).unlink(missing_ok=True)
    os.mkfifo(folder / "plain" / name)
    why = f"{folder / 'plain' / name} cannot be read: it is a device or a pipe"
    done = cli("runs", "--runs", folder)
    assert (done.code, done.err.count(why)) == (0, 1), done.err
    assert {"judged", "plain"} <= {*done.out.split()}
    shown = {
        run["name"]: run["last"] for run in json.loads(cli("runs", "--runs", folder, "--json").out)
    }
    assert shown["judged"]["step"] == 2
    assert (shown["plain"] == {}) == (name == "metrics.jsonl")
    done = cli("plot", folder / "plain")
    assert (done.code, why in done.err) == (5, True), done.err


@pytest.mark.parametrize("number", ["NaN", "-1", "-Infinity", "true"])
def test_a_measurement_without_a_place_is_left_out(folder: Path, cli: Cli, number: str) -> None:
    with (folder / "plain" / "metrics.jsonl").open("a") as file:
        print(f'{{"step": 3, "samples_seen": {number}, "loss_d": 77}}', file=file)
        print(f'{{"step": {number}, "samples_seen": 64, "loss_d": 78}}', file=file)
    done = cli("runs", "--runs", folder, "--json")
    assert done.code == 0, done.err
    shown = {run["name"]: run for run in json.loads(done.out)}
    assert shown["plain"]["last"] == shown["judged"]["last"]
    assert cli("runs", "--runs", folder).code == 0


def test_what_is_not_as_usual_is_said(folder: Path) -> None:
    odd = evaluation(features="patches", data="faces", images=500, step=1)
    evaluations.save(Run(folder / "judged"), odd)
    shown = ganzoo.runs(folder)["judged"].summary()["Fréchet distance"]
    assert shown == "12.5 of 500 (patches, against faces, step 1)"


def test_distances_that_cannot_be_compared_are_marked(folder: Path, cli: Cli) -> None:
    """Also where both are of the usual features, and of as many images."""
    evaluations.save(Run(folder / "judged"), evaluation(5.31))
    evaluations.save(Run(folder / "plain"), evaluation(5.31))
    assert ganzoo.runs(folder).notes == []
    assert {row[6] for row in ganzoo.runs(folder).rows()} == {"5.31 of 10,000"}
    shutil.copytree(folder / "plain", folder / "other")
    shutil.rmtree(folder / "other" / "evaluations")
    smaller = evaluation(5.31)
    smaller.against["fingerprint"] = "another set of this name"
    evaluations.save(Run(folder / "other"), smaller)
    found = ganzoo.runs(folder)
    assert {row[0]: row[6] for row in found.rows()} == {
        "judged": "5.31 of 10,000 [1]", "plain": "5.31 of 10,000 [1]",
        "other": "5.31 of 10,000 [2]",
    }  # fmt: skip
    head, first, second = found.notes
    assert head == "Compare only Fréchet distances with the same mark:"
    assert first == (
        "[1] 10,000 pictures each, against as many real images of toy_garments, test (toy_garm), "
        "by classifier 1 (classifi)"
    )
    assert "(another )" in second
    done = cli("runs", "--runs", folder)
    for words in ("10,000 [1]", "10,000 [2]", *found.notes):
        assert words in " ".join(done.out.split())
    assert second in repr(found)
    assert second in found._repr_html_()


@pytest.mark.parametrize(
    ("width", "without"),
    [
        (120, ()),
        (100, ("images seen",)),
        (80, ("images seen", "loss D, G", "size")),
        (72, ("images seen", "loss D, G", "size", "epochs")),
    ],
)
def test_names_and_outcomes_are_whole(
    width: int, without: tuple[str, ...], folder: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    names = (
        "dcgan_fashion_maxpool-fashion_mnist-001",
        "dcgan_fashion_transposed-fashion_mnist-012",
    )
    for name, source in zip(names, ("judged", "plain"), strict=True):
        (folder / source).rename(folder / name)
        evaluations.save(Run(folder / name), evaluation(features="patches"))
    done = cli("runs", "--runs", folder)
    assert max(map(len, done.out.splitlines())) <= width
    assert "…" not in done.out
    rows = [line.split() for line in done.out.splitlines()]
    assert all([name, "completed"] in [row[:2] for row in rows] for name in names)
    for head, word in {"images seen": "128", "size": "MB", "loss D, G": "D,"}.items():
        assert (word in done.out.split()) == (head not in without)
    told = f"ganzoo: no room for {', '.join(without)}: a wider terminal shows all"
    assert done.err.startswith(told) if without else not done.err
    repeated = json.loads(cli("runs", "--runs", folder, "--json").out)
    assert [run["name"] for run in repeated] == [*names]


def test_a_name_is_whole_however_narrow_the_terminal_is(
    folder: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    name = "x" * 120
    (folder / "plain").rename(folder / name)
    assert name in cli("runs", "--runs", folder).out.split()


def test_a_folder_without_runs_says_how_to_begin(tmp_path: Path, cli: Cli) -> None:
    done = cli("runs", "--runs", tmp_path)
    assert (done.code, done.out) == (0, "")
    assert "`ganzoo train NAME` makes one" in done.err
    assert json.loads(cli("runs", "--runs", tmp_path, "--json").out) == []


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("null", "is damaged: it has no fields"),
        ("[3]", "is damaged: it has no fields"),
        ("{}", "is damaged: it does not say when the run was begun"),
        ("[" * 100_000, "is damaged"),
        ("{", "is damaged"),
        (None, "cannot be read: it is a device or a pipe"),
    ],
)
def test_a_damaged_run_is_named_by_every_command_that_reads_it(
    damage: str | None, words: str, folder: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")  # room for all columns
    file = folder / "judged" / "run.json"
    file.unlink()
    if damage is None:
        os.mkfifo(file)
    else:
        file.write_text(damage)
    listed = cli("runs", "--runs", folder)
    line = f"ganzoo: {file} {words}"
    back = f": `ganzoo resume {folder / 'judged'}` puts it back if a checkpoint is whole"
    assert (listed.code, "judged" in listed.out, "plain" in listed.out) == (0, False, True)
    assert listed.err.startswith(line)
    assert listed.err.endswith(f"{back}; the run is left out\n")
    assert listed.err.count("\n") == 1
    assert len(json.loads(cli("runs", "--runs", folder, "--json").out)) == 1
    for command in (
        ("eval", folder / "judged"),
        ("report", folder / "judged"),
        ("compare", folder / "plain", folder / "judged"),
    ):
        done = cli(*command)
        assert done.code != 0
        assert done.err.startswith(line), done.err
        assert done.err.endswith(f"{back}\n")
    assert cli("resume", folder / "judged").code == 0
    assert len(json.loads(cli("runs", "--runs", folder, "--json").out)) == 2


def test_where_all_runs_are_damaged_nothing_says_that_there_are_none(
    folder: Path, cli: Cli
) -> None:
    for name in ("judged", "plain"):
        (folder / name / "run.json").write_text("null")
    done = cli("runs", "--runs", folder)
    assert (done.code, done.err.count("it has no fields")) == (0, 2)
    assert "there are no runs" not in done.err


def test_a_pipe_among_evaluations_is_named(folder: Path, tmp_path: Path, cli: Cli) -> None:
    file = evaluations.save(Run(folder / "judged"), evaluation()) / evaluations.NUMBERS
    file.unlink()
    os.mkfifo(file)
    for command in (
        ("runs", "--runs", folder),
        ("report", folder / "judged", "-o", tmp_path / "page.html"),
        ("compare", folder / "judged", folder / "plain", "-o", tmp_path / "page.html"),
    ):
        done = cli(*command)
        assert done.code == 0, done.err
        assert f"{file} cannot be read: " in done.err
        assert "it is a device or a pipe" in done.err


def test_a_run_that_cannot_be_read_is_listed_with_what_is_known(folder: Path, cli: Cli) -> None:
    (folder / "judged" / "run.json").write_text('{"created": "2026"}')
    first, _ = json.loads(cli("runs", "--runs", folder, "--json").out)
    assert (first["name"], first["samples_seen"], first["architecture"]) == ("judged", None, None)
    assert cli("runs", "--runs", folder).code == 0
