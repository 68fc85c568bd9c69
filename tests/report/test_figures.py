"""All figures of a run in one folder, and titles that name the model."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

import ganzoo
from ganzoo.api.run import TrainedRun
from ganzoo.draw import fonts
from ganzoo.errors import UsageError
from ganzoo.report.network.figure import figure
from tests.conftest import Cli

ALL = [
    "diversity", "graph", "grid", "losses", "probabilities", "real-and-generated", "snapshots",
    "strip",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_all_figures_of_a_run_stand_in_one_folder(
    trained: Path, tmp_path: Path, cli: Cli, kind: str
) -> None:
    words = ("--all", "--format", kind, "--title", "Mine", "-o", tmp_path / "shell")
    done = cli("plot", trained, *words)
    assert done.code == 0, done.err
    written = TrainedRun(trained).figures(tmp_path / "python", kind, title="Mine")
    assert sorted(path.name for path in written) == [f"{name}.{kind}" for name in ALL]
    assert done.out.splitlines() == [str(tmp_path / "shell" / path.name) for path in written]
    begin = {"png": b"\x89PNG", "svg": b"<svg", "pdf": b"%PDF-"}[kind]
    for path in written:
        content = path.read_bytes()
        assert begin in content[:200], path
        if kind != "pdf":  # which has the time
            assert content == (tmp_path / "shell" / path.name).read_bytes(), path
        if kind == "png":
            with Image.open(path) as picture:
                assert round(picture.info["dpi"][0]) == 200, path


def test_what_is_no_format_of_a_figure_is_said(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="kind must be png, svg or pdf, not 'gif'"):
        TrainedRun(trained).figures(tmp_path / "x", "gif")
    assert not (tmp_path / "x").exists()


def test_a_graph_that_cannot_be_drawn_is_a_remark(
    trained: Path, tmp_path: Path, cli: Cli, caplog: pytest.LogCaptureFixture
) -> None:
    """The plugin of a run may be gone; all that is made of its files is there."""
    run = tmp_path / "runs" / "x"
    (run / "samples").mkdir(parents=True)
    for name in ("metrics.jsonl", *(f"samples/{p.name}" for p in (trained / "samples").iterdir())):
        (run / name).write_bytes((trained / name).read_bytes())
    facts = json.loads((trained / "run.json").read_text())
    facts["architecture"]["name"] = "gone_gan"
    (run / "run.json").write_text(json.dumps(facts))
    with caplog.at_level(logging.WARNING, "ganzoo"):
        written = TrainedRun(run).figures(tmp_path / "figures")
    assert sorted(path.stem for path in written) == [name for name in ALL if name != "graph"]
    assert "the graph of " in caplog.text
    assert "gone_gan" in caplog.text


def test_a_title_names_the_model(trained: Path) -> None:
    run = TrainedRun(trained)
    above = run.plot(title="My 100 % GAN").figure.get_suptitle()
    assert above == "My 100 % GAN"
    assert run.plot().figure.get_suptitle() == ""
    plain, titled = np.asarray(run.grid()), np.asarray(run.grid(title="Mine"))
    np.testing.assert_array_equal(titled[-len(plain) :, : plain.shape[1]], plain)
    assert len(titled) > len(plain)


def test_letters_of_any_script_stand_in_a_graph() -> None:
    drawn = figure(ganzoo.graph("mlp_gan", title="对抗网络").picture)
    served = not fonts.lacking_all(frozenset("对抗网络"))  # by a font of this system
    (title,) = [t for t in drawn.findobj(Text) if t.get_text() in {"对抗网络", "????"}]
    assert title.get_text() == ("对抗网络" if served else "????")
    assert (len(title.get_fontfamily()) > 1) == served
