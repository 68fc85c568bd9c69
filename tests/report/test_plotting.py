"""Charts look the same whatever the user's matplotlib is set to, and one that fails is a remark."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from ganzoo.report import of_run, plotting
from ganzoo.report.curves import Chart, Curve
from ganzoo.runs.folder import METRICS, Run
from tests.conftest import Cli, process

slow = pytest.mark.slow
STYLE = """
text.usetex: True
font.family: fantasy
font.size: 31
savefig.bbox: tight
savefig.dpi: 17
axes.prop_cycle: cycler('color', ['r'])
figure.autolayout: True
path.sketch: 3, 30, 10
legend.loc: center
lines.marker: X
backend: nonsense
"""


@pytest.mark.parametrize(
    ("backend", "place"),
    [
        ("garbage", "here"),
        pytest.param("module://matplotlib_inline.backend_inline", "variable", marks=slow),
        pytest.param("module://no.where", "here", marks=slow),
        pytest.param("TkAgg", "variable", marks=slow),
    ],
)
def test_charts_are_those_of_nobodys_settings(
    trained: Path, tmp_path: Path, cli: Cli, backend: str, place: str
) -> None:
    assert cli("plot", trained, "-o", tmp_path / "plain").code == 0
    rc = tmp_path / ("matplotlibrc" if place == "here" else "rc")
    rc.write_text(STYLE)
    env = {"MPLBACKEND": backend} | ({} if place == "here" else {"MATPLOTLIBRC": str(rc)})
    done = process("-m", "ganzoo", "plot", trained, "-o", "styled", cwd=tmp_path, env=env)
    assert done.code == 0, done.err
    for name in ("losses", "probabilities", "diversity"):
        plain, styled = (tmp_path / folder / f"{name}.png" for folder in ("plain", "styled"))
        assert plain.read_bytes() == styled.read_bytes(), name


IMPORTED = """
import os, sys
import ganzoo.report.plotting
import matplotlib
print(os.environ["MPLBACKEND"], matplotlib.rcParams._get("backend"))
"""


@pytest.mark.parametrize("backend", ["svg", "module://matplotlib_inline.backend_inline"])
def test_the_users_own_figures_keep_their_backend(backend: str) -> None:
    done = process("-c", IMPORTED, env={"MPLBACKEND": backend})
    assert done.out.split() == [backend, backend]


def chart(label: str, count: int = 3) -> Chart:
    at = np.arange(3.0)
    return Chart(label, f"all of {label}", [Curve(label, at, np.ones(count)), Curve("b", at, at)])


@pytest.mark.parametrize("name", ["$", "$D_{$", "a_b^c", "$\\frac$", "<b>&amp;", "{}%s", "\\alpha"])
def test_a_plugin_may_name_what_it_measures_as_it_likes(name: str) -> None:
    svg = plotting.in_page(chart(name))
    assert name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in svg


def test_a_chart_that_cannot_be_drawn_is_a_remark(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "ganzoo")
    assert plotting.in_page(chart("odd", count=2)) == ""
    assert "the chart odd cannot be drawn: ValueError" in caplog.text


def test_the_other_charts_are_drawn_all_the_same(
    trained: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(trained, tmp_path / "run")
    lines = (trained / METRICS).read_text().replace('"loss_d": ', '"loss_d": 1e400, "was": ')
    (tmp_path / "run" / METRICS).write_text(lines)
    caplog.set_level(logging.WARNING, "ganzoo")
    written = of_run.plot(Run(tmp_path / "run"), tmp_path / "plots")
    assert {"probabilities.png", "strip.png"} <= {path.name for path in written}
