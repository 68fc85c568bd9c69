"""Principal directions of the first layer, and that layer itself: by torch, and in ONNX files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

import ganzoo
from ganzoo.draw import latents
from ganzoo.draw.directions import principal
from ganzoo.draw.generator import Generator
from ganzoo.draw.sheets import Sheet
from ganzoo.errors import ModelFileError, UsageError
from ganzoo.explore.facts import facts
from ganzoo.export.graph import to_onnx
from ganzoo.export.parity import with_metadata
from ganzoo.runs.weights import model_info
from ganzoo.train.networks import build, draw
from ganzoo.zoo import registry
from tests.cli.commands.test_sweep import array, cell
from tests.cli.commands.test_sweep import generator as by_hand
from tests.conftest import Cli, process
from tests.whole.test_architectures import NAMES, tiny_options

Array = NDArray[Any]
OURS = [name for name in NAMES if name.startswith("ganzoo:")]


def layered(*layers: nn.Module, dim: int = 4) -> Generator:
    """A model made by hand of 1x5x5 images whose first layer is these."""
    first = nn.Sequential(*layers)
    made = by_hand(lambda z: np.zeros((len(z), 1, 5, 5), np.float32), dim)
    return replace(made, first_layer=lambda z: draw(first, z))


def linear(weight: Array) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight.data = torch.from_numpy(weight.astype(np.float32))
    nn.init.zeros_(layer.bias)
    return layer


def orthogonal(rows: int, columns: int) -> Array:
    return np.linalg.qr(np.random.default_rng(rows).normal(size=(rows, columns)))[0]


@pytest.mark.parametrize("features", [7, 3000])
def test_directions_of_a_linear_layer_are_its_singular_vectors(features: int) -> None:
    weight = orthogonal(features, 6) * [9, 6, 5, 3, 2, 1] @ orthogonal(6, 6).T
    found = principal(layered(linear(weight), dim=6), 6)
    _, values, vectors = np.linalg.svd(weight, full_matrices=False)
    cosines = np.abs((found.vectors * vectors).sum(axis=1))
    assert cosines == pytest.approx(np.ones(6), abs=1e-6)
    assert found.shares == pytest.approx(values**2 / (values**2).sum(), rel=1e-4)
    assert (found.vectors.dtype.name, found.shares.dtype.name) == ("float32", "float64")
    assert np.linalg.norm(found.vectors, axis=1) == pytest.approx(np.ones(6), abs=1e-6)


@pytest.mark.parametrize("features", [200, 3000])
def test_faint_directions_are_found_among_hundreds(features: int) -> None:
    values = np.geomspace(1, 0.002, 20)
    weight = orthogonal(features, 20) * values @ orthogonal(300, 20).T
    found = principal(layered(linear(weight), dim=300), 30)
    assert found.shares == pytest.approx(values**2 / (values**2).sum(), rel=1e-3)
    assert (found.vectors @ orthogonal(300, 20)) ** 2 == pytest.approx(np.eye(20), abs=1e-3)


@pytest.mark.parametrize("scale", [1e-42, 1e35])
def test_no_number_is_too_small_or_too_large(scale: float) -> None:
    weight = orthogonal(7, 6).T * np.array([[9], [6], [5], [3], [2], [1]])
    made = by_hand(np.tanh, dim=6)
    usual = principal(replace(made, first_layer=lambda z: (z @ weight).astype(np.float32)))
    scaled = principal(replace(made, first_layer=lambda z: (z @ weight * scale).astype(np.float32)))
    assert scaled.shares == pytest.approx(usual.shares, rel=1e-2)


@pytest.mark.parametrize("activation", [nn.ReLU(inplace=True), nn.SiLU(), nn.Tanh()])
def test_the_coordinate_that_moves_most_is_found(activation: nn.Module) -> None:
    weight = np.random.default_rng(0).normal(size=(40, 4)) * [0.1, 0.1, 3, 0.1]
    found = principal(layered(linear(weight), activation), 1)
    assert found.vectors[0, 2] > 0.999
    assert found.shares[0] > 0.5
    again = principal(layered(linear(-weight), activation), 1)
    assert again.vectors[0, 2] > 0.999  # the sign is not the weights'


def test_no_direction_leads_along_what_is_the_same_on_both_sides() -> None:
    class Absolute(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.stack([10 * x[:, 0].abs(), x[:, 1], 0.5 * x[:, 2]], dim=1)

    found = principal(layered(linear(np.eye(4)), Absolute()))
    assert len(found.vectors) == 2
    assert found.shares.sum() < 0.05


def test_there_are_no_more_than_the_layer_has() -> None:
    narrow = layered(linear(orthogonal(4, 4)[:2]))
    assert principal(narrow, 10).vectors.shape == (2, 4)
    assert principal(narrow, 1).vectors.shape == (1, 4)
    with pytest.raises(UsageError, match="at least 1, not 0"):
        principal(narrow, 0)


def test_a_model_that_does_not_listen_is_refused() -> None:
    with pytest.raises(ModelFileError, match="the same for every z"):
        principal(layered(linear(np.zeros((5, 4)))))
    with pytest.raises(ModelFileError, match="not finite"):
        principal(layered(linear(np.full((5, 4), np.inf))))


def test_without_a_second_layer_it_is_the_picture() -> None:
    weight = orthogonal(25, 4) * [4, 3, 2, 1] @ orthogonal(4, 4).T
    model = by_hand(lambda z: (z @ weight.T).reshape(-1, 1, 5, 5).astype(np.float32))
    vectors = np.linalg.svd(weight)[2]
    assert np.abs((principal(model).vectors * vectors).sum(axis=1)) == pytest.approx(np.ones(4))


def test_a_sheet_for_each_direction(exported: Path, tmp_path: Path, cli: Cli) -> None:
    done = cli("directions", exported, "--count", 2, "--rows", 3, "--reach", 1.5, "--seed", 4,
               "-o", tmp_path / "new" / "x.png")  # fmt: skip
    assert done.code == 0, done.err
    model = ganzoo.load(exported)
    found = principal(model, 2)
    written = [tmp_path / "new" / f"x-{number}.png" for number in (1, 2)]
    assert done.out.splitlines()[1:] == [
        *(f"direction {i}  {share:.1%}" for i, share in enumerate(found.shares, start=1)),
        *map(str, written),
    ]
    z = latents.normal(3, 100, seed=4)
    for path, vector, share in zip(written, found.vectors, found.shares, strict=True):
        sheet = Sheet(
            np.zeros((3, 1, 7, 28, 28, 1), np.uint8), rows=["image 0"] * 3, columns=["-1.5"] * 7,
            groups=[f"direction 1 ({share:.1%} of the variance), in sigma"], title="mlp, seed 4",
            size=155,
        )  # fmt: skip
        picture = array(Image.open(path))
        for row, column in np.ndindex(3, 7):
            moved = z[[row]] + np.float32(0.5 * (column - 3)) * vector
            np.testing.assert_array_equal(
                cell(picture, sheet, row, 0, column), model.draw(moved)[0]
            )


def test_an_animation_shows_all_directions(exported: Path, tmp_path: Path, cli: Cli) -> None:
    done = cli("directions", exported, "--count", 2, "--rows", 1, "-o", tmp_path / "x.gif")
    assert (done.code, done.last) == (0, str(tmp_path / "x.gif"))
    with Image.open(done.last) as movie:
        assert movie.n_frames == 2 * 25 - 2  # type: ignore[attr-defined]
    assert [path.name for path in tmp_path.iterdir()] == ["x.gif"]


@pytest.fixture
def rarely(tmp_path: Path) -> Path:
    """An ONNX file whose first layer is nearly always zero."""
    name = "ganzoo:mlp_gan_relu"
    loaded = registry.load_architecture(name, tiny_options(name))
    network, info = build(loaded.value, seed=1)[0].eval(), model_info(loaded, "none", 0)
    first = next(module for module in network.modules() if isinstance(module, nn.Linear))
    first.bias.data = -3 * first.weight.data.norm(dim=1)
    path = tmp_path / "rarely.onnx"
    path.write_bytes(with_metadata(to_onnx(network, info), info))
    return path


@pytest.mark.parametrize("options", [[], ["-o", "x.gif"]])
def test_where_no_direction_leads_anywhere_it_says_so(
    rarely: Path, cli: Cli, options: list[str]
) -> None:
    done = cli("directions", rarely, *options)
    assert (done.code, done.out, done.err.count("\n")) == (5, "", 1)
    assert "no direction in z leads along what the first layer of" in done.err
    assert facts(ganzoo.load(rarely), "x")["directions"] == []


def test_fewer_directions_than_asked_for(exported: Path, tmp_path: Path, cli: Cli) -> None:
    out = tmp_path / "x.png"
    done = cli("directions", exported, "--count", 300, "--rows", 1, "-o", out)
    found = len(list(tmp_path.iterdir()))
    assert f"only {found} directions lead anywhere, of 300 asked for" in done.out
    assert "lead anywhere" not in cli("directions", exported, "--count", 1, "-o", out).out


def test_thousands_of_latents_are_too_many() -> None:
    model = by_hand(lambda z: np.tanh(z[:, :25]).reshape(-1, 1, 5, 5), dim=2049)
    with pytest.raises(UsageError, match="2,049 latents, and directions are found among 2,048 at"):
        principal(model)
    page = facts(model, "x")
    assert (len(page["ranking"]), page["directions"]) == (2048, [])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--reach", "0"], "--reach takes a number above 0, such as 3, not 0"),
        (["--reach", "nan"], "such as 3, not nan"),
        (["--count", "0"], "--count"),
        (["--rows", "1000"], "give --count or --rows less"),
        (["-o", "x.jpg"], "name it x.png"),
    ],
)
def test_bad_input_is_one_line(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli,
    options: list[str], message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    done = cli("directions", exported, *options)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert message in done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow  # import-linter says so too
def test_no_torch_is_imported(exported: Path, tmp_path: Path) -> None:
    code = "import sys; from ganzoo.cli import main\ntry: main(sys.argv[1:])\n"
    code += "finally: print('torch' in sys.modules)"
    done = process("-c", code, "directions", exported, "--count", 1, cwd=tmp_path)
    assert done.out.splitlines()[-2:] == ["mlp-directions-seed0-1.png", "False"], done.err
