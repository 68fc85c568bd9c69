"""What a command draws of a model that was opened with a class and a truncation, and its name."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.draw import directions, latents, studies
from ganzoo.draw.generator import Generator
from ganzoo.draw.selection import Selection
from ganzoo.draw.sheets import Sheet
from tests import labelled
from tests.conftest import Cli


def sheets(model: Generator) -> dict[str, Sheet]:
    """The sheets that the commands below write, by the beginnings of their names."""
    found = directions.principal(model, 1)
    return {
        "sweep-seed0": studies.sweep(model, [3]),
        "interpolate-1-2": studies.interpolation(model, (1, 2)),
        "directions-seed0": studies.directions(model, found)[0],
    }


@pytest.mark.parametrize(
    ("command", "words", "name"),
    [
        ("sweep", ["--dims", "3"], "sweep-seed0"),
        ("interpolate", ["--seeds", "1,2"], "interpolate-1-2"),
        ("directions", ["--count", "1"], "directions-seed0"),
    ],
)
def test_a_sheet_is_of_the_class_and_the_truncation_and_says_so(
    command: str, words: list[str], name: str, tmp_path: Path, cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    path = labelled.write(Path("x.onnx"), truncation=True)
    chosen = ["--class", "ankle boot", "--truncation", 0.5]
    done = cli(command, path, *words, *chosen)
    assert done.code == 0, done.err
    number = "-1" if command == "directions" else ""
    assert done.last == f"x-{name}-Ankle-boot-truncation0.5{number}.png"
    model = ganzoo.load(path).of("Ankle boot").truncated(0.5)
    seed = "" if command == "interpolate" else ", seed 0"
    sheet = sheets(model)[name]
    replace(sheet, title=f"x{seed}, Ankle boot, truncation 0.5").save(Path("expected.png"))
    assert Path(done.last).read_bytes() == Path("expected.png").read_bytes()


def test_samples_do_not_take_the_place_of_others(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = labelled.write(Path("x.onnx"), truncation=True)
    np.save("own.npy", latents.normal(3, labelled.DIM, 5))
    few = ["-n", 3]
    names = {
        "x-seed0.png": few,
        "x-seed0-truncation0.7.png": [*few, "--truncation", 0.7],
        "x-seed0-T-shirt-top.png": [*few, "--class", 0],
        "x-seed0-each.png": [*few, "--class", "each"],
        "x-own-each-truncation0.7.png": ["--z", "own.npy", "--class", "each", "--truncation", 0.7],
    }
    for name, words in names.items():
        done = cli("sample", path, *words)
        assert (done.code, done.last) == (0, name), done.err
    pictures = {Path(name).read_bytes() for name in names}
    assert len(pictures) == len(names)


def test_a_sheet_of_own_latents_names_their_file(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = labelled.write(Path("x.onnx"))
    z = latents.normal(3, labelled.DIM, 5)
    np.save("own.npy", z)
    done = cli("sample", path, "--z", "own.npy", "--class", "each")
    assert done.code == 0, done.err
    model = ganzoo.load(path)
    sheet = studies.classes(Selection(generator=model, n=3, z=z, classes=range(10)))
    replace(sheet, title="x, own.npy").save(Path("expected.png"))
    with Image.open(done.last) as found, Image.open("expected.png") as expected:
        assert found.tobytes() == expected.tobytes()
