"""`--z`, values for each coordinate, and sheets for a page: what the commands write, and errors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.draw import grids, latents, studies
from ganzoo.draw.pictures import Picture
from ganzoo.draw.selection import Selection
from tests import labelled
from tests.conftest import Cli

Z = latents.normal(3, labelled.DIM, seed=11)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model and the latents own.npy, in the current folder."""
    monkeypatch.chdir(tmp_path)
    np.save("own.npy", Z)
    return labelled.write(Path("x.onnx"))


def assert_drawn(name: str, expected: Picture) -> None:
    with Image.open(name) as found:
        np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))


def test_commands_draw_latents_of_a_file(model: Path, cli: Cli) -> None:
    generator, title = ganzoo.load(model), "x, own.npy"
    (index, levels), *_ = generator.most_moving(1, z=Z)
    swept = studies.sweep(generator, [index], z=Z)
    walked = studies.interpolation(generator, steps=4, z=Z)
    bags = generator.of("Bag")
    for words, name, sheet in (
        (["sweep", "--dims", "auto:1"], "x-sweep-own.png", swept),
        (["interpolate", "--steps", 4], "x-interpolate-own.png", walked),
        (["sweep", "--dims", 3, "--class", "bag"], "x-sweep-own-Bag.png",
         replace(studies.sweep(bags, [3], z=Z), title="x, own.npy, Bag")),
    ):  # fmt: skip
        done = cli(*words, model, "--z", "own.npy")
        assert (done.code, done.last) == (0, name), done.err
        assert_drawn(name, replace(sheet, title=sheet.title or title).draw())
        if "auto:1" in words:
            assert f"z[{index}]  {levels:.1f}" in done.out
    moving = cli("interpolate", model, "--z", "own.npy", "--steps", 3, "-o", "x.gif")
    assert moving.code == 0, moving.err
    with Image.open("x.gif") as movie:
        assert movie.n_frames == 2 * 5 - 2  # type: ignore[attr-defined]


def test_fifteen_by_eight_with_labels(model: Path, cli: Cli) -> None:
    dims, values = [1, 20, 40, 60, 80], [1, 10, 100]
    words = ("--dims", ",".join(map(str, dims)), "--values", "1,10,100")
    assert cli("sweep", model, *words, "-o", "x.png").code == 0
    sheet = studies.sweep(ganzoo.load(model), dims, values)
    assert sheet.images.shape[:3] == (8, 5, 3)
    assert_drawn("x.png", replace(sheet, title="x, seed 0").draw())
    done = cli("sweep", model, "--dims", "3,17", "--values", "-3,0,3;-1,0,1", "-o", "y.png")
    assert done.code == 0, done.err
    each = studies.sweep(ganzoo.load(model), [3, 17], [[-3, 0, 3], [-1, 0, 1]])
    assert_drawn("y.png", replace(each, title="x, seed 0").draw())


def test_one_latent_may_be_a_vector(model: Path, cli: Cli) -> None:
    np.save("one.npy", Z[0].astype(np.float64))
    assert cli("sample", model, "--z", "one.npy").code == 0
    assert_drawn("x-one.png", ganzoo.load(model).grid(z=Z[:1]))
    assert cli("sweep", model, "--dims", 3, "--z", "one.npy").code == 0


def test_samples_with_numbers_and_a_scale(model: Path, cli: Cli) -> None:
    generator = ganzoo.load(model)
    images = generator.draw(Z)
    for words, expected in (
        (["--labels"], grids.picture(images, numbered=True)),
        (["--scale", 4], grids.picture(images, scale=4)),
        (["--columns", 3, "--labels"], grids.picture(images, 3, numbered=True)),
        (["--labels", "--scale", 3, "--class", "bag"],
         generator.of("bag").grid(z=Z, scale=3, numbered=True)),
    ):  # fmt: skip
        done = cli("sample", model, "--z", "own.npy", *words, "-o", "s.png")
        assert done.code == 0, done.err
        assert_drawn("s.png", expected)
    done = cli("sample", model, "-n", 2, "--class", "each", "--labels", "--scale", 1, "-o", "e.png")
    assert done.code == 0, done.err
    selection = Selection(generator=generator, n=2, classes=range(10))
    sheet = studies.classes(selection, scale=1, numbered=True)
    assert sheet.columns == ["0", "1"]
    assert_drawn("e.png", replace(sheet, title="x, seed 0").draw())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["sample", "--z", "own.npy", "-n", 3],
            "--z says which images to draw: leave -n and --see",
        ),
        (["sweep", "--z", "own.npy", "--rows", 3], "leave --rows and --seed out"),
        (["sweep", "--z", "own.npy", "--seed", 0], "leave --rows and --seed out"),
        (["interpolate", "--z", "own.npy", "--seeds", "0,1"], "leave --seeds out"),
        (["interpolate", "--z", "one.npy"], "a way needs two latents or more"),
        (["sweep", "--z", "short.npy"], "latents must have the shape (n, 100), not (99,)"),
        (["explore", "--z", "short.npy", "--port", 0], "(n, 100), not (99,)"),
        (["sweep", "--z", "text.npy"], "text.npy is no .npy file of numbers: np.save writes one"),
        (["interpolate", "--z", "nan.npy"], "must be finite numbers, as float32"),
        (["sweep", "--z", "many.npy", "--dims", 3], "40,000 images are too many for a sheet"),
        (["interpolate", "--z", "many.npy"], "give --steps less, or fewer latents"),
        (["sweep", "--dims", "3,4", "--values", "1,2;3"], "--values must be one list of numbers, "),
        (["sweep", "--dims", "3,4", "--values", "1;2;3"], "or 2 of the same length, one for each"),
        (["sweep", "--values", "1,2;"], "--values takes finite numbers"),
        (["sample", "--scale", 0], "--scale"),
        (["sample", "--scale", 99999], "for fewer images, or for a smaller --scale"),
        (["sample", "--labels", "--npz", "x.npz"], "--labels is about a sheet: leave it out, or w"),
        (["sample", "--scale", 2, "--each", "d"], "--scale is about a sheet"),
    ],
)
def test_errors_are_one_line(model: Path, cli: Cli, arguments: list[str], message: str) -> None:
    np.save("one.npy", Z[:1])
    np.save("short.npy", Z[0, :99])
    np.save("nan.npy", np.full((2, 100), np.nan))
    np.save("many.npy", np.zeros((10_000, 100), np.float16))
    Path("text.npy").write_text("hello")
    before = sorted(Path().iterdir())
    done = cli(*arguments, model)
    assert (done.code, done.err.count("\n")) == (2, 1), done.err
    assert message in done.err
    assert sorted(Path().iterdir()) == before
