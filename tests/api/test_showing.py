"""What a prompt and a notebook show of what the Python door returns: short, and no wall of text."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import ganzoo
from ganzoo.api.run import TrainedRun
from ganzoo.conformance.verdicts import Verdict, Verdicts
from ganzoo.data import open_images
from ganzoo.draw.directions import principal
from tests.conftest import Cli

LEFT = ' style="text-align: left"'


def test_an_architecture_is_shown_layer_by_layer() -> None:
    found = ganzoo.show("mlp_gan", options={"hidden": (8,)})
    first, *_, total = found.generator.rows()
    assert first == ("0", "Linear", "808", "8")
    assert total == ("", "total", f"{found.generator.parameters:,}", "")
    printed = repr(found)
    for words in ("generator: Sequential(", "discriminator: Sequential(", "1 x 28 x 28", "Adam"):
        assert words in printed
    html = found._repr_html_()
    assert html.count("<table>") == 3
    assert "<td>808</td>" in html


def test_a_run_is_shown_with_what_it_was_trained_with(trained: Path, cli: Cli) -> None:
    found = ganzoo.show(trained.name, runs=trained.parent)
    assert found.title == f"{trained}: architecture 'mlp_gan' of ganzoo 0.1.0 (latent_dim=100, " + (
        "hidden=16,32, slope=0.2)"
    )
    assert found.generator.rows()[0] == ("0", "Linear", "1,616", "16")
    assert found.settings == TrainedRun(trained).settings()
    assert (found.settings["epochs"], found.training()["epochs trained"]) == ("20", "2")
    assert found.to_json()["run"]["name"] == trained.name
    done = cli("show", trained)
    assert done.code == 0, done.err
    rows = dict(line.split("  ", 1) for line in done.out.splitlines() if "  " in line.strip())
    said = {name.strip(): value.strip() for name, value in rows.items()}
    for name in ("optimizer of the generator", "batch size", "seed"):
        assert said[name] == found.settings[name]
    assert (said["outcome"], said["option hidden"]) == ("completed", "16,32")
    refused = cli("show", trained, "--set", "hidden=8")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "--set must be left out" in refused.err
    assert cli("show", trained.parent / "nothing").code == 5


@pytest.mark.parametrize("command", ["show", "graph"])
def test_a_name_of_a_run_and_of_an_architecture_is_told(
    command: str, trained: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlp_gan").mkdir()  # no run, such as a plugin's code
    plain = cli(command, "mlp_gan")
    assert plain.code == 0, plain.err
    assert "is meant" not in plain.err
    (tmp_path / "mlp_gan").rmdir()
    shutil.copytree(trained, tmp_path / "runs" / "mlp_gan")
    done = cli(command, "mlp_gan")
    place = Path("runs", "mlp_gan")
    told = f"{place} is meant, not the architecture 'mlp_gan', which is ganzoo:mlp_gan\n"
    assert done.err.count(told) == 1
    assert "ganzoo:mlp_gan" not in cli(command, "ganzoo:mlp_gan").err
    if command == "show":
        assert done.out.startswith(f"{tmp_path / place}: ")
        assert cli(command, "ganzoo:mlp_gan").out == plain.out


def test_a_run_is_named_by_its_place_below_the_folder_where_one_is(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = TrainedRun(shutil.copytree(trained, tmp_path / "runs" / trained.name))
    assert str(tmp_path) in repr(run)
    monkeypatch.chdir(tmp_path)
    assert repr(run).startswith(f"<{Path('runs', trained.name)}: completed")
    assert str(tmp_path) not in run._repr_html_()


def test_the_settings_are_those_that_a_report_must_state(trained: Path) -> None:
    settings = TrainedRun(trained).settings()
    assert settings["loss"] == "binary cross-entropy on logits, non-saturating"
    assert settings["optimizer of the generator"].startswith("Adam, learning rate 0.0002")
    assert settings["batch size"] == "64"
    assert repr(settings).splitlines()[0].startswith("architecture  ")


@pytest.mark.slow
def test_what_an_export_returns_fits_a_line_or_a_table(trained: Path, tmp_path: Path) -> None:
    exported = TrainedRun(trained).export(tmp_path / "x.onnx")
    assert repr(exported) == f"<{tmp_path / 'x.onnx'}: {exported.nbytes:,} bytes, float32>"
    assert f"<td{LEFT}>{exported.nbytes:,} bytes</td>" in exported._repr_html_()


def test_what_functions_return_fits_a_line(trained: Path) -> None:
    run = TrainedRun(trained)
    assert repr(run.facts).startswith("<mlp_gan on toy_garments, begun 20")
    garments = open_images("toy_garments", (1, 28, 28), options={"count": 64})
    assert repr(garments) == "<toy_garments: 64 images of 28x28x1, 10 classes>"
    assert repr(principal(run.generator, 2)).startswith("<2 directions; of the variance ")


def test_verdicts_are_a_table_and_say_whether_all_passed() -> None:
    good, bad = Verdict("name", True, "my_gan"), Verdict("one step", False, "G stays <as it is>")
    assert Verdicts([good]).passed
    assert not Verdicts([good, bad]).passed
    assert repr(Verdicts([good, bad])).splitlines() == [
        "ok    name      my_gan",
        "FAIL  one step  G stays <as it is>",
        "failed (1 of 2 checks hold)",
    ]
    assert "G stays &lt;as it is&gt;" in Verdicts([bad])._repr_html_()
    assert Verdicts([good]) == [good]
