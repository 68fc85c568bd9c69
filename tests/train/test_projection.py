"""`ganzoo project`: the nearest picture, the z of it, and the sheet that shows both."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from ganzoo.data.prepare import fit
from ganzoo.draw import latents
from ganzoo.draw.sheets import Sheet
from ganzoo.errors import UsageError
from ganzoo.runs.weights import load_generator
from ganzoo.train.networks import draw
from ganzoo.train.projection import project
from tests.cli.commands.test_sweep import array, cell
from tests.cli.commands.test_sweep import generator as by_hand
from tests.conftest import Cli


@pytest.mark.parametrize("channels", [1, 3])
def test_the_one_z_that_draws_a_picture_is_found(channels: int) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Linear(4, 25 * channels), nn.Tanh(), nn.Unflatten(1, (channels, 5, 5))
    ).requires_grad_(False)
    model = by_hand(lambda z: draw(network, z), 4, channels)
    known = latents.normal(1, 4, seed=9)
    target = model.draw(known)[0]
    found = project(model, network, target, restarts=3)
    assert np.abs(found.z - known[0]).max() < 0.1
    assert np.abs(found.picture.astype(int) - target).max() <= 2
    assert found.rms.shape == (3,)
    assert found.rms.min() < 1
    np.testing.assert_array_equal(found.picture, model.draw(found.z[None])[0])
    with pytest.raises(UsageError, match=r"draws \(5, 5, "):
        project(model, network, target[:4])


class Holed(nn.Module):
    """A generator that draws nothing finite at one z."""

    def __init__(self, network: nn.Module, hole: torch.Tensor) -> None:
        super().__init__()
        self.network, self.hole = network, hole

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        lost = torch.where((z == self.hole).all(dim=1), torch.nan, 0)
        return torch.as_tensor(self.network(z) + lost[:, None, None, None])


def test_a_search_depends_on_no_other() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(64, 25), nn.Tanh(), nn.Unflatten(1, (1, 5, 5)))
    network.requires_grad_(False)
    model = by_hand(lambda z: draw(network, z), 64)
    target = np.random.default_rng(0).integers(0, 256, (5, 5, 1), np.uint8)
    rms = project(model, network, target, restarts=4, steps=20).rms
    assert len(set(rms)) == 4
    for restarts in (1, 2, 3):
        fewer = project(model, network, target, restarts=restarts, steps=20).rms
        np.testing.assert_array_equal(fewer, rms[:restarts])
    begin = latents.normal(4, 64)
    holed = Holed(network, torch.from_numpy(begin[2]))
    found = project(model, holed, target, restarts=4, steps=20).rms
    assert found[2] == np.sqrt(np.square(model.draw(begin)[2].astype(float) - target).mean())
    np.testing.assert_array_equal(np.delete(found, 2), np.delete(rms, 2))


def test_what_no_z_draws_leaves_z_as_long_as_most_are() -> None:
    """A generator that can only darken: without the pull, z would run away."""
    network = nn.Sequential(nn.Linear(64, 25), nn.Tanh(), nn.Unflatten(1, (1, 5, 5)))
    network.requires_grad_(False)
    white = np.full((5, 5, 1), 255, np.uint8)
    found = project(by_hand(lambda z: draw(network, z), 64), network, white)
    assert 6 < np.linalg.norm(found.z) < 12


def test_a_picture_of_the_models_own_is_found(trained: Path) -> None:
    generator, network = load_generator(trained)
    target = generator.sample(10, seed=1)[9]
    found = project(generator, network, target)
    others = generator.sample(64).astype(float)
    assert found.rms.min() < 2
    assert found.rms.min() < 0.2 * np.sqrt(np.square(others - target).mean(axis=(1, 2, 3))).min()


def test_the_sheet_the_latent_and_the_numbers(trained: Path, tmp_path: Path, cli: Cli) -> None:
    colourful = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    Image.fromarray(colourful).save(tmp_path / "photo.png")
    arguments = ("project", trained, tmp_path / "photo.png", "--steps", 20, "--restarts", 2)
    done = cli(*arguments, "-o", tmp_path / "x.png")
    assert (done.code, done.err, done.last) == (0, "", str(tmp_path / "x.png"))
    z = np.load(tmp_path / "x.npy")
    assert (z.shape, z.dtype) == ((1, 100), np.float32)
    nearest = load_generator(trained)[0].draw(z)[0]
    target = fit(colourful, (28, 28, 1))
    difference = np.abs(target.astype(int) - nearest)
    factor = max(1, 255 // int(difference.max()))
    rms = np.sqrt(np.square(difference).mean())
    assert done.out.startswith("self-test  RMS ")
    assert "for image 2 of seed 0" in done.out
    assert re.search(
        rf"target     RMS {rms:.1f} grey levels of 255 \(searches: \S+, \S+\),", done.out
    )
    sheet = Sheet(
        np.zeros((1, 1, 3, 28, 28, 1), np.uint8), size=256,
        columns=["target", "nearest", f"difference x{factor}"], title="RMS",
    )  # fmt: skip
    picture = array(Image.open(done.last))
    for column, shown in enumerate([target, nearest, factor * difference]):
        np.testing.assert_array_equal(cell(picture, sheet, 0, 0, column), shown)
    again = cli(*arguments, "-o", tmp_path / "again.png")
    assert again.code == 0
    for suffix in ("png", "npy"):
        assert (tmp_path / f"x.{suffix}").read_bytes() == (
            tmp_path / f"again.{suffix}"
        ).read_bytes()
    taken = cli("sample", trained, "--z", tmp_path / "x.npy", "-o", tmp_path / "y.png")
    assert taken.code == 0, taken.err


@pytest.mark.parametrize(
    ("model", "image", "options", "code", "message"),
    [
        ("x.onnx", "a.png", [], 2, "give the run that it was exported from"),
        ("run", "a.png", [], 4, "there is no image 'a.png'"),
        ("run", "text.png", [], 4, "text.png (not an image)"),
        ("run", "text.png", ["-o", "x.gif"], 2, "name it x.png"),
        ("nowhere", "good.png", [], 5, "no run or model is called that"),
        ("run", "good.png", ["--restarts", "0"], 2, "--restarts"),
    ],
)
def test_bad_input_is_one_line(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli,
    model: str, image: str, options: list[str], code: int, message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    Path("text.png").write_text("text")
    Path("x.onnx").touch()
    Image.new("L", (20, 20)).save("good.png")
    before = sorted(tmp_path.iterdir())
    done = cli("project", trained if model == "run" else model, image, *options)
    assert (done.code, done.err.count("\n")) == (code, 1)
    assert message in done.err
    assert sorted(tmp_path.iterdir()) == before
