"""`ganzoo graph`: files of four kinds, of an architecture, of a run and of an ONNX file."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

import ganzoo
from ganzoo.errors import UsageError
from tests.conftest import Cli


def words(path: Path) -> list[str]:
    """The texts of an SVG."""
    return [
        e.text or ""
        for e in ElementTree.fromstring(path.read_text()).iter()
        if e.tag.endswith("text")
    ]


def test_the_four_kinds_of_files(cli: Cli, tmp_path: Path) -> None:
    for kind in ("svg", "html", "png", "pdf"):
        done = cli("graph", "dcgan_mnist", "--set", "width=8", "-o", tmp_path / f"x.{kind}")
        assert (done.code, done.out) == (0, f"{tmp_path / f'x.{kind}'}\n")
        assert done.err == ""  # no ONNX file, so nothing for Netron
    with Image.open(tmp_path / "x.png") as image:
        assert (image.width, round(image.info["dpi"][0])) == (1259, 200)  # 16 cm
        assert image.height < 1259
    assert (tmp_path / "x.pdf").read_bytes().startswith(b"%PDF")
    page, svg = ((tmp_path / f"x.{kind}").read_text() for kind in ("html", "svg"))
    assert svg in page
    said = words(tmp_path / "x.svg")
    assert {"Generator", "Linear 100→784", "ConvTranspose2d 16→8, 4×4, stride 2"} <= {*said}
    assert {"8×14×14", "1×28×28", "logit"} <= {*said}
    assert "<title>0: Linear(in_features=100, out_features=784, bias=True)" in svg


def test_a_run_has_its_settings_and_its_name(
    cli: Cli, trained: Path, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli("graph", trained.name, "--runs", trained.parent, "-o", tmp_path / "x.svg")
    assert done.code == 0, done.err
    said = words(tmp_path / "x.svg")
    assert said[0] == trained.name
    assert {"Linear 100→16", "Linear 32→784"} <= {*said}
    assert any("hidden=16,32" in each for each in said)
    assert done.err == ""
    (tmp_path / "exports").mkdir()
    shutil.copy(exported, tmp_path / "exports" / f"{trained.name}.onnx")
    done = cli("graph", trained.name, "--runs", trained.parent, "-o", tmp_path / "x.html")
    assert f"`netron exports/{trained.name}.onnx`" in done.err
    assert f"<code>netron exports/{trained.name}.onnx</code>" in (tmp_path / "x.html").read_text()


def test_an_onnx_file_is_named_after_itself(
    cli: Cli, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli("graph", exported)
    assert (done.code, done.out) == (0, "graph-mlp.svg\n")
    assert f"netron {exported}" in done.err
    assert {"latent", "Gemm 100→16", "1×28×28"} <= {*words(tmp_path / "graph-mlp.svg")}


def test_the_same_bytes_each_time() -> None:
    first, second = (ganzoo.graph("r1gan")._repr_svg_() for _ in range(2))
    assert first == second
    assert repr(ganzoo.graph("mlp_gan")) == (
        "<graph of mlp_gan: generator of 561,168 parameters, discriminator of 533,505 parameters>"
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["r1gen"], "did you mean the architecture 'r1gan'"),
        (["mlp_gan", "-o", "x.gif"], "a graph is a .svg, .html, .png or .pdf"),
        (["mlp_gan", "--set", "depth=3"], "has no option 'depth'"),
        (["none.onnx"], "none.onnx does not exist"),
    ],
)
def test_what_does_not_work_says_so(cli: Cli, arguments: list[str], why: str) -> None:
    done = cli("graph", *arguments)
    assert done.code
    assert why in done.err
    assert done.err.count("\n") == 1


def test_settings_are_for_an_architecture(cli: Cli, trained: Path) -> None:
    done = cli("graph", trained, "--set", "hidden=8")
    assert done.code
    assert "--set must be left out" in done.err
    with pytest.raises(UsageError, match="is no architecture"):
        ganzoo.graph(trained, options={"hidden": 8})
