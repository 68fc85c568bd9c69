"""The page of a model with classes: its buttons, names and address, in headless Chromium."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

import ganzoo
from ganzoo.draw import latents
from ganzoo.draw.generator import Generator
from ganzoo.export.graph import to_onnx
from ganzoo.export.parity import with_metadata
from ganzoo.runs.weights import model_info
from ganzoo.train.networks import build
from ganzoo.zoo import registry
from tests import labelled
from tests.explore.browsing import (
    Export,
    Open,
    addresses,
    assert_same,
    read,
    settle,
    sheet_of,
    z_of,
)
from tests.explore.test_server import explore

HOSTILE = (
    "<img src=x onerror=alert(1)>", "</script><script>alert(2)</script>", "x" * 200,
    "many words " * 20, "\u062d\u0630\u0627\u0621 \u0631\u064a\u0627\u0636\u064a", "\u202eevil",
    "a\u2028b\nc", "&amp;", " ", "7",
)  # fmt: skip
# What the page shows of them: what is not printable is a "?", and no name is empty.
SHOWN_HOSTILE = (
    *HOSTILE[:3], ("many words " * 20).strip(), HOSTILE[4],
    "?evil", "a?b?c", "&amp;", "class 8", "7",
)  # fmt: skip
DOGS = tuple(f"kind of dog {i}" for i in range(100))
SITES = ["server", "file"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return labelled.write(tmp_path_factory.mktemp("classes") / "drawn.onnx")


@pytest.fixture(scope="module")
def generator(model: Path) -> Generator:
    return ganzoo.load(model)


@pytest.fixture(scope="module", params=[pytest.param(s, marks=pytest.mark.slow) for s in SITES])
def site(request: pytest.FixtureRequest, model: Path) -> Iterator[str]:
    """The address of the page, served and as one file."""
    yield from addresses(request, model)


def choose(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).click()
    settle(page)


def label_of(seed: int, image: int) -> int:
    return int(latents.labels(1, 10, seed, image)[0])


def assert_of(page: Page, generator: Generator, seed: int, image: int, to: int) -> None:
    """All areas are those of a generator, of which image `image` is chosen."""
    dim, own = 100, generator.labels(1, seed, image)
    assert own is not None
    assert_same(read(page, "#grid canvas"), generator.sample(16, seed=seed))
    assert_same(read(page, "#canvas"), generator.draw(z_of(seed, image), labels=own))
    ends = [latents.normal(1, dim, s, image)[0] for s in (seed, to)]
    way = latents.slerp(ends[0], ends[1], 9)
    assert_same(read(page, "#strip canvas"), generator.draw(way, labels=own.repeat(9)))
    as_it_is, cells = sheet_of(page)
    assert_same(as_it_is, generator.sample(8, seed=seed))
    ranked = page.locator("#sheet th[scope=colgroup]").all_inner_texts()
    for k, words in enumerate(ranked):
        swept = generator.sweep(int(words[2:-1]), (-3, 0, 3), rows=8, seed=seed)
        assert_same(cells[:, k], swept)


def test_a_button_draws_its_class(model: Path, generator: Generator, visit: Open) -> None:
    """The one test here that is not slow."""
    with explore(model) as running:
        page = visit(f"{running.address}#seed=7&image=3&to=9")
        assert_of(page, generator, 7, 3, 9)
        choose(page, "Sneaker")
        assert_of(page, generator.of("Sneaker"), 7, 3, 9)
        assert page.url.endswith("#seed=7&image=3&label=7&to=9")


def test_classes_are_chosen_and_the_address_restores_them(
    site: str, generator: Generator, visit: Open
) -> None:
    page = visit(f"{site}#seed=7&image=3&to=9")
    assert_of(page, generator, 7, 3, 9)
    choose(page, "Bag")
    assert_of(page, generator.of("bag"), 7, 3, 9)
    again = visit(page.url)
    assert_of(again, generator.of("bag"), 7, 3, 9)
    assert again.get_by_role("radio", name="Bag", exact=True).is_checked()
    choose(again, "Each its own")
    assert_of(again, generator, 7, 3, 9)
    assert again.url.endswith("#seed=7&image=3&to=9")


def test_the_name_of_a_class_is_beside_its_image(site: str, visit: Open) -> None:
    page = visit(f"{site}#seed=7&image=3")
    own = [labelled.NAMES[label] for label in latents.labels(16, 10, 7)]
    assert page.locator("#picture-title").inner_text() == f"Image 3 · {own[3]}"
    assert page.locator("#grid label").all_inner_texts() == own
    assert page.get_by_role("radio", name=f"Image 5, {own[5]}", exact=True).count() == 1
    headings = page.locator("#sheet th[scope=row]").all_inner_texts()
    assert [words.split("\n") for words in headings] == [[str(i), own[i]] for i in range(8)]
    choose(page, "Coat")
    assert page.locator("#picture-title").inner_text() == "Image 3 · Coat"
    told = page.locator("#controls").inner_text()
    assert "They were tried in eight images, each of its own class." in told
    assert "They were found in images of the class T-shirt/top." in told


def test_by_keyboard(site: str, generator: Generator, visit: Open) -> None:
    page = visit(f"{site}#seed=7")
    page.get_by_role("radio", name="Each its own").focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    settle(page)
    assert page.url.endswith("#seed=7&label=1")
    page.keyboard.press("n")  # a command, as elsewhere
    settle(page)
    assert page.url.endswith("#seed=8&label=1")
    assert_same(read(page, "#grid canvas"), generator.of(1).sample(16, seed=8))


@pytest.mark.parametrize("label", ["10", "-1", "x", "", "1e9"])
def test_a_label_of_no_class(site: str, generator: Generator, visit: Open, label: str) -> None:
    page = visit(f"{site}#label={label}")
    assert_same(read(page, "#grid canvas"), generator.sample(16))


def test_what_is_kept_says_its_class(site: str, generator: Generator, visit: Open) -> None:
    page, label = visit(f"{site}#seed=7&image=2"), label_of(7, 2)

    def saved(button: str) -> tuple[str, bytes]:
        with page.expect_download() as download:
            page.locator(button).click()
        return download.value.suggested_filename, Path(download.value.path()).read_bytes()

    name, content = saved("#save-z")
    kept = np.load(io.BytesIO(content))
    assert name == f"drawn-seed7-image2-class{label}.npy"
    assert_same(read(page, "#canvas"), generator.of(label).draw(kept))
    assert saved("#save")[0] == f"drawn-seed7-image2-class{label}.png"
    assert saved("#save-sheet")[0] == "drawn-sweep-seed7.png"
    choose(page, "Bag")
    assert saved("#save-sheet")[0] == "drawn-sweep-seed7-class8.png"


@pytest.mark.slow
@pytest.mark.parametrize("file", [False, True])
def test_a_truncation_of_the_model_itself(
    tmp_path: Path, export: Export, visit: Open, file: bool
) -> None:
    """The slider sets it, and z stays as it is."""
    path, page = labelled.write(tmp_path / "x.onnx", (), truncation=True), tmp_path / "x.html"
    if file:
        export(path, "--single-file", page)
    with explore(path) as running:
        shown = visit(f"{page.as_uri() if file else running.address}#scale=0.25")
        expected = ganzoo.load(path).truncated(0.25)
        assert_same(read(shown, "#grid canvas"), expected.sample(16))
        assert "which is at 0" in shown.locator("#images").inner_text()
        assert shown.locator("#classes").is_hidden()
        shown.locator("#scale input[type=number]").fill("1.5")
        shown.keyboard.press("Enter")
        settle(shown)
        assert_same(read(shown, "#grid canvas"), expected.truncated(1.5).sample(16))
        with shown.expect_download() as download:
            shown.locator("#save-z").click()
        assert (np.load(download.value.path()) == z_of(0)).all()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 400, 768, 1280])
@pytest.mark.parametrize(("names", "expected"), [(HOSTILE, SHOWN_HOSTILE), (DOGS, DOGS)])
def test_any_names_are_shown_and_nothing_else(
    tmp_path: Path,
    visit: Open,
    names: tuple[str, ...],
    expected: tuple[str, ...],
    width: int,
    scheme: str,
) -> None:
    with explore(labelled.write(tmp_path / "x.onnx", names)) as running:
        page = visit(
            f"{running.address}#label={len(names) - 1}",
            color_scheme=scheme,
            viewport={"width": width, "height": 800},
            bypass_csp=True,
        )
        assert page.evaluate("document.documentElement.scrollWidth") == width
        shown = page.locator("#class bdi").evaluate_all("all => all.map(one => one.textContent)")
        assert tuple(shown) == expected
        assert page.locator("img, main script").count() == 0
        box, last = (
            page.locator(f"#class{part}").bounding_box() for part in ("", " label >> nth=-1")
        )
        assert box
        assert last
        assert box["y"] <= last["y"] <= box["y"] + box["height"] - last["height"]
        found = Axe().run(page).response["violations"]
        assert [f"{v['impact']}: {v['help']}" for v in found] == []


@pytest.mark.slow
def test_hostile_names_in_one_file(tmp_path: Path, export: Export, visit: Open) -> None:
    path = labelled.write(tmp_path / "x.onnx", HOSTILE)
    export(path, "--single-file", tmp_path / "x.html")
    page = visit((tmp_path / "x.html").as_uri())
    choose(page, HOSTILE[1])
    assert_same(read(page, "#grid canvas"), ganzoo.load(path).of(1).sample(16))
    assert page.locator("img").count() == 0


@pytest.mark.slow
def test_a_conditional_dcgan_in_one_file(
    tmp_path: Path, export: Export, visit: Open, quick_exports: None
) -> None:
    loaded = registry.load_architecture("ganzoo:cgan_fashion", {"width": 4})
    info, path = model_info(loaded, "none", 0, classes=labelled.NAMES), tmp_path / "x.onnx"
    path.write_bytes(with_metadata(to_onnx(build(loaded.value)[0].eval(), info), info))
    export(path, "--single-file", tmp_path / "x.html")
    page, model = visit((tmp_path / "x.html").as_uri()), ganzoo.load(path)
    assert_same(read(page, "#grid canvas"), model.sample(16))
    choose(page, "Ankle boot")
    assert_same(read(page, "#grid canvas"), model.of("ankle boot").sample(16))
