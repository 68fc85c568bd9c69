"""Charts look the same whatever the user's matplotlib is set to, and one that fails is a remark."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from ganzoo.report import plotting
from ganzoo.report.curves import Chart, Curve
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


def test_a_report_lacks_no_more_than_the_chart_that_cannot_be_drawn(
    trained: Path, tmp_path: Path
) -> None:
    env = {"SOURCE_DATE_EPOCH": "yesterday"}  # matplotlib's writer of SVG wants a number
    done = process("-m", "ganzoo", "report", trained, "-o", tmp_path / "x.html", env=env)
    assert (done.code, done.last) == (0, str(tmp_path / "x.html")), done.err
    assert "ganzoo: the chart losses cannot be drawn: ValueError: " in done.err
    assert "Losses" not in (page := (tmp_path / "x.html").read_text("utf-8"))
    assert page.count("data:image/webp") > 3


@pytest.mark.parametrize("name", ["name-of-a-run-" * 2, "W" * 90, "画" * 60, "a b " * 30])
def test_the_legend_stays_on_the_figure(name: str) -> None:
    curves = [Curve(f"{name}{number}", np.arange(3.0), np.ones(3)) for number in range(4)]
    figure = plotting.draw(Chart("chart", "title", curves))
    figure.canvas.draw()
    words, whole = figure.legends[0].get_window_extent(), figure.bbox
    assert words.x0 >= 0, name
    assert words.x1 <= whole.x1, name
