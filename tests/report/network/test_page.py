"""The picture of networks fits a page, nothing lies on anything else, and lines go around boxes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from matplotlib.text import Text

from ganzoo.draw.network.steps import Call, Flow, Step
from ganzoo.report.network import page
from ganzoo.report.network.drawing import drawing
from ganzoo.report.network.figure import figure
from ganzoo.report.network.shapes import Line, Picture, Point, Shape, width_of
from ganzoo.train.networks import describe_networks
from ganzoo.train.tracing import flows
from ganzoo.zoo import catalogue, registry

LARGE: list[tuple[str, dict[str, Any]]] = [
    ("fastgan", {"size": 256}),
    ("r1gan", {"size": 256, "channels": 3, "classes": 10}),
    ("r3gan", {"size": 256, "classes": 5}),
    ("r3gan", {"blocks": 4}),
    ("sngan", {"size": 96, "width": 16}),
    ("stylegan2_small", {"classes": 10}),
    ("stylegan2_small", {"size": 256, "classes": 10}),
]
ALL = [(entry.name, dict[str, Any]()) for entry in catalogue.architectures()] + LARGE


def drawn(name: str, settings: dict[str, Any]) -> Picture:
    architecture = registry.load_architecture(name, settings).value
    networks = {which: net for which, (net, _) in describe_networks(architecture).items()}
    return page.draw(flows(architecture, networks), name)


def overlap(a: Shape, b: Shape) -> bool:
    apart = (
        a.at[axis] + (a.width, a.height)[axis] <= b.at[axis]
        or b.at[axis] + (b.width, b.height)[axis] <= a.at[axis]
        for axis in (0, 1)
    )
    return not any(apart)


def runs_through(line: Line, shape: Shape) -> bool:
    """Whether a part of a line, all of which are upright or level, is inside of a shape."""
    (x, y), w, h = shape.at, shape.width, shape.height

    def inside(a: Point, b: Point) -> bool:
        (left, right), (top, bottom) = sorted((a[0], b[0])), sorted((a[1], b[1]))
        return left < x + w - 0.5 and right > x + 0.5 and top < y + h - 0.5 and bottom > y + 0.5

    return any(inside(a, b) for a, b in zip(line.points, line.points[1:], strict=False))


@pytest.mark.parametrize(("name", "settings"), ALL)
def test_a_page_holds_it(name: str, settings: dict[str, Any]) -> None:
    picture = drawn(name, settings)
    assert (picture.width, picture.height <= page.HEIGHT) == (page.WIDTH, True)
    for shape in picture.shapes:
        assert 0 <= shape.at[0] <= picture.width - shape.width + 0.01
        assert 0 <= shape.at[1] <= picture.height - shape.height
    pairs = [(a, b) for i, a in enumerate(picture.shapes) for b in picture.shapes[:i]]
    assert not any(overlap(a, b) for a, b in pairs)
    assert not any(runs_through(ln, shape) for ln in picture.lines for shape in picture.shapes)
    for text in picture.texts:
        width = width_of(text.words, text.size, text.bold)
        left = text.at[0] - width * {"start": 0, "middle": 0.5, "end": 1}[text.anchor]
        assert left >= -0.01
        assert left + width <= picture.width + 0.01
        assert text.size >= 6.5
    # Modules are folded, but whole networks are not put together by counting: it tells of layers.
    assert not any(text.words.endswith(" steps") for text in picture.texts)


def test_words_are_no_wider_than_is_reckoned() -> None:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    picture = drawn("stylegan2_small", {})
    for text in picture.texts:
        weight = FontProperties(weight="bold" if text.bold else "normal")
        path = TextPath((0, 0), text.words, size=text.size, prop=weight)
        assert path.get_extents().x1 <= width_of(text.words, text.size, text.bold)


def chain(count: int, *, unknown: bool = False) -> Flow:
    """A network of layers without modules around them."""
    steps = [Step("z", "input", (), (8,))]
    for n in range(count):
        steps.append(Step("Linear 8→8", "layer", (n,), (8,), 72, (Call(n, f"m{n}", "Sequential"),)))
    steps.append(Step("image", "output", (count,), (8,)))
    return Flow("generator", tuple(steps), 72 * count, known=not unknown)


def test_what_no_module_folds_is_counted() -> None:
    picture = page.draw([chain(500)], "deep")
    assert picture.height <= page.HEIGHT
    words = [text.words for text in picture.texts]
    assert any(each.endswith(" steps") for each in words)
    assert (
        sum(int(w.replace(",", "")) for w in words if w.replace(",", "").isdigit() and w != "8")
        == 36_000
    )


def test_an_unknown_flow_is_dashed_and_said() -> None:
    picture = page.draw([chain(3, unknown=True)], "x")
    assert picture.lines
    assert all(line.dashed for line in picture.lines)
    assert any("how values flow between them is not known" in t.words for t in picture.texts)
    assert not any(line.dashed for line in page.draw([chain(3)], "x").lines)


def test_what_did_not_run_is_named() -> None:
    words = [text.words for text in drawn("acgan_fashion", {}).texts]
    why = "Not drawn, as what this discriminator returns is made without: "
    assert f"{why}classes (62,730 parameters)." in words


@pytest.mark.parametrize("used", [True, False])
def test_more_inputs_than_a_row_holds_are_one_box(used: bool) -> None:
    """A stranger's file may have any number of them, and the picture never fitted."""
    inputs = [Step(f"x{n}", "input", (), (8,)) for n in range(500)]
    takes = tuple(range(500)) if used else (0,)
    steps = (*inputs, Step("concat", "plain", takes, (8,)), Step("y", "output", (500,), (8,)))
    picture = page.draw([Flow("ONNX graph", steps, 0)], "wide")
    assert picture.height <= page.HEIGHT
    assert "500 inputs" in [text.words for text in picture.texts]
    assert len(picture.shapes) == 3


@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_words_are_no_formula_and_may_be_of_any_script(kind: str, tmp_path: Path) -> None:
    """Matplotlib reads what stands between $ as TeX, and raises where it is none."""
    steps = (Step(r"$\frac{1$", "input", (), (8,)), Step("$x^$ 模型", "output", (0,), (8,)))
    made = drawing(r"$\frac{1$ 模型", [Flow("generator", steps, 0)], "")
    made.save(tmp_path / f"x.{kind}")
    assert (tmp_path / f"x.{kind}").stat().st_size > 1000
    texts = [text.get_text() for text in figure(made.picture).findobj(Text)]
    assert r"$\frac{1$ 模型" in texts
