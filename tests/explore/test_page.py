"""The page in headless Chromium: served, written as a folder, and as one file without a network."""

import functools
import http.server
import io
import re
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Route

import ganzoo
from ganzoo.draw import latents
from ganzoo.draw.directions import principal
from ganzoo.draw.generator import Generator
from ganzoo.export.graph import to_onnx
from ganzoo.export.parity import with_metadata
from ganzoo.runs.weights import model_info
from ganzoo.train.networks import build
from ganzoo.zoo import registry
from tests.conftest import process
from tests.explore.browsing import Export, Open, assert_same, read, settle, sheet_of, z_of
from tests.explore.test_server import explore
from tests.whole.test_architectures import tiny_options

TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".wasm": "application/wasm",
}
SITES = ["server", "folder", "file"]


@pytest.fixture(scope="module")
def generator(exported: Path) -> Generator:
    return ganzoo.load(exported)


@pytest.fixture(scope="module")
def written(exported: Path, export: Export, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page as `web/` and as `page.html`, made from an ONNX file."""
    folder = tmp_path_factory.mktemp("pages")
    export(exported, "--web", folder / "web", "--single-file", folder / "page.html")
    return folder


@pytest.fixture(scope="module", params=[pytest.param(s, marks=pytest.mark.slow) for s in SITES])
def site(request: pytest.FixtureRequest, exported: Path) -> Iterator[str]:
    """The address of a page, of each kind."""
    if request.param == "server":
        with explore(exported) as running:
            yield running.address
        return
    folder: Path = request.getfixturevalue("written")
    if request.param == "file":
        yield (folder / "page.html").as_uri()
        return
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/web/"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """As the plainest of hosts: it knows four types, and no `.mjs`, as nginx does not."""

    def guess_type(self, path: Any) -> str:
        return TYPES.get(Path(path).suffix, "application/octet-stream")

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_served_images_are_those_of_sample(
    exported: Path, generator: Generator, visit: Open
) -> None:
    """The one test of a browser that is not slow."""
    with explore(exported) as running:
        page = visit(f"{running.address}#seed=7&image=3")
        assert_same(read(page, "#grid canvas"), generator.sample(16, seed=7))
        assert_same(read(page, "#canvas"), generator.draw(z_of(7, 3)))


def test_images_are_those_of_sample(site: str, generator: Generator, visit: Open) -> None:
    page = visit(f"{site}#seed=18446744073709551621")  # 2^64 + 5
    assert_same(read(page, "#grid canvas"), generator.sample(16, seed=5))
    page.get_by_label("Seed", exact=True).fill("-7")
    settle(page)
    assert_same(read(page, "#grid canvas"), generator.sample(16, seed=-7))
    assert_same(read(page, "#canvas"), generator.draw(z_of(-7)))


@pytest.mark.slow
@pytest.mark.parametrize("flag", ["--fp16", "--int8", "--uint8"])
def test_models_of_other_numbers_are_drawn_too(
    trained: Path, export: Export, tmp_path: Path, visit: Open, flag: str
) -> None:
    onnx, page = tmp_path / "x.onnx", tmp_path / "page.html"
    export(trained, "-o", onnx, flag)
    export(trained, "--single-file", page, flag)
    drawn = read(visit(f"{page.as_uri()}#seed=7"), "#grid canvas")
    assert_same(drawn, ganzoo.load(onnx).sample(16, seed=7))


def test_a_slider_changes_the_picture(site: str, generator: Generator, visit: Open) -> None:
    page = visit(site)
    before = read(page, "#canvas")
    slider = page.locator("#most input[type=range]").first
    slider.focus()
    page.keyboard.press("End")
    settle(page)
    assert (read(page, "#canvas") != before).any()
    ((index, _),) = generator.most_moving(1)
    z = z_of(0)
    z[0, index] = 3
    assert_same(read(page, "#canvas"), generator.draw(z))
    assert page.url.endswith(f"#z{index}=3")
    page.get_by_role("button", name=f"Undo z[{index}]").first.click()
    settle(page)
    assert (read(page, "#canvas") == before).all()


def test_the_address_restores_everything(site: str, visit: Open) -> None:
    page = visit(f"{site}#seed=7")
    page.get_by_role("radio", name="Image 5", exact=True).check(force=True)
    page.locator("#directions input[type=number]").nth(1).fill("-2.5")
    page.locator("#scale input[type=number]").fill("0.7")
    page.locator("#part input[type=number]").fill("0.25")
    page.get_by_label("To image 5 of seed").fill("99")
    page.get_by_text("All 100 coordinates").click()
    page.get_by_label("Find").fill("99")
    page.locator("#all input[type=number]").fill("-10")
    page.keyboard.press("Enter")
    settle(page)
    assert page.url.partition("#")[2] == "seed=7&image=5&scale=0.7&to=99&t=0.25&z99=-10&d2=-2.5"
    again = visit(page.url)
    assert (read(again, "canvas") == read(page, "canvas")).all()
    assert again.locator("#directions input[type=range]").nth(1).input_value() == "-2.5"


def test_all_together(site: str, generator: Generator, visit: Open) -> None:
    """Truncated, on the way, a coordinate set, and then along a direction."""
    page = visit(f"{site}#seed=7&scale=0.5&to=9&t=0.25&z3=-10&d2=2")
    z = latents.slerp(z_of(7)[0], z_of(9)[0], 5)[1:2] * 0.5
    z[0, 3] = -10
    z += 2 * principal(generator, 6).vectors[1]
    assert_same(read(page, "#canvas"), generator.draw(z))


def test_the_way_and_the_sweep(site: str, generator: Generator, visit: Open) -> None:
    page = visit(f"{site}#seed=7&to=9")
    assert_same(read(page, "#strip canvas"), generator.interpolate(7, 9, steps=9))
    as_it_is, cells = sheet_of(page)
    assert_same(as_it_is, generator.sample(8, seed=7))
    for k, (index, _) in enumerate(generator.most_moving(5)):
        assert_same(cells[:, k], generator.sweep(index, (-3, 0, 3), rows=8, seed=7))


def test_an_address_that_makes_no_sense(site: str, generator: Generator, visit: Open) -> None:
    page = visit(
        f"{site}#seed=x&image=99&scale=-1&t=NaN&z100=1&z=3&d77=1&z1=1e9&__proto__=1&constructor=1&to="
    )
    assert_same(read(page, "#canvas"), generator.draw(z_of(0)))
    settle(page)


def test_files_to_keep(site: str, generator: Generator, visit: Open) -> None:
    page = visit(f"{site}#seed=7&image=2&z3=2")

    def saved(button: str) -> tuple[str, bytes]:
        with page.expect_download() as download:
            page.locator(button).click()
        return download.value.suggested_filename, Path(download.value.path()).read_bytes()

    name, content = saved("#save")
    with Image.open(io.BytesIO(content)) as image:
        drawn = np.asarray(image)[:, :, :1]
    assert re.fullmatch(r"mlp-seed7-image2\.png", name)
    assert (drawn == read(page, "#canvas")[0]).all()
    name, content = saved("#save-z")
    z = np.load(io.BytesIO(content))
    assert (name, z.dtype, z.shape, z[0, 3]) == ("mlp-seed7-image2.npy", np.float32, (1, 100), 2)
    assert_same(drawn[None], generator.draw(z))
    name, content = saved("#save-sheet")
    with Image.open(io.BytesIO(content)) as image:
        assert (name, image.width > image.height) == ("mlp-sweep-seed7.png", True)


def test_by_keyboard(site: str, visit: Open) -> None:
    page = visit(f"{site}#seed=7")
    page.keyboard.press("n")
    settle(page)
    assert page.url.endswith("#seed=8")
    page.get_by_role("radio", name="Image 0", exact=True).focus()
    for key in ("ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    settle(page)
    assert page.url.endswith("#seed=8&image=5")
    page.get_by_label("Seed", exact=True).press("p")  # typed, not a command
    settle(page)
    assert page.url.endswith("#seed=8&image=5")


@pytest.mark.parametrize("width", [400, 768, 1280])
def test_no_width_makes_it_scroll_sideways(site: str, visit: Open, width: int) -> None:
    page = visit(site, viewport={"width": width, "height": 800})
    page.get_by_text("All 100 coordinates").click()
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_axe_finds_nothing_serious(site: str, visit: Open, scheme: str, width: int) -> None:
    page = visit(
        f"{site}#z3=1",
        color_scheme=scheme,
        viewport={"width": width, "height": 800},
        bypass_csp=True,
    )
    page.get_by_text("All 100 coordinates").click()
    found = Axe().run(page).response["violations"]
    assert [f"{v['impact']}: {v['help']}" for v in found] == []


@pytest.mark.slow
def test_a_server_that_is_gone(exported: Path, visit: Open, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    with explore(exported) as running:
        page.goto(running.address)
        page.get_by_text("16 images in").wait_for()
    page.get_by_role("button", name="Random").first.click()
    page.get_by_text("the server does not answer: start `ganzoo explore` again").wait_for()
    context.close()


@pytest.mark.slow
def test_what_is_changed_while_a_request_fails_is_drawn(
    exported: Path, generator: Generator, browser: Browser
) -> None:
    context = browser.new_context()
    page = context.new_page()
    held = list[Route]()
    with explore(exported) as running:
        page.goto(running.address)
        page.get_by_text("16 images in").wait_for()
        settle(page)
        page.route("**/draw", lambda asked: held.append(asked), times=1)  # noqa: PLW0108 - no built-in
        slider = page.locator("#most input[type=range]").first
        slider.press("End")
        while not held:
            page.wait_for_timeout(10)
        slider.press("Home")
        held[0].abort()
        settle(page)
        ((index, _),) = generator.most_moving(1)
        z = z_of(0)
        z[0, index] = -3
        assert_same(read(page, "#canvas"), generator.draw(z))
        assert page.get_by_role("alert").is_hidden()
    context.close()


@pytest.mark.slow
def test_thousands_of_latents(tmp_path: Path, visit: Open) -> None:
    name = "ganzoo:mlp_gan_relu"
    loaded = registry.load_architecture(name, {**tiny_options(name), "latent_dim": 3000})
    info, path = model_info(loaded, "none", 0), tmp_path / "x.onnx"
    network = build(loaded.value)[0].eval()
    path.write_bytes(with_metadata(to_onnx(network, info), info))
    with explore(path) as running:
        page = visit(f"{running.address}#z2999=2")
        page.get_by_text("Only the first 2048 were tried.").wait_for()
        assert page.get_by_text("Principal directions").is_hidden()
        page.get_by_text("All 3000 coordinates").click()
        page.get_by_label("Find").fill("2999")
        assert page.locator("#all input[type=range]").input_value() == "2"


def test_sixteen_images_in_a_second(site: str, visit: Open) -> None:
    """Of a small model, on any machine: docs/explore.md has real numbers."""
    page = visit(site)
    page.locator("#timing").evaluate("told => { told.textContent = ''; }")  # of the first sixteen
    began = time.perf_counter()
    page.get_by_role("button", name="Next seed").click()
    page.get_by_text("16 images in").wait_for()
    took = time.perf_counter() - began
    assert int(re.findall(r"in (\d+) ms", page.locator("#timing").inner_text())[0]) < 1000
    assert took < 5


@pytest.fixture(scope="module")
def reports(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with report.html, of a run, and compare.html, of two."""
    folder = tmp_path_factory.mktemp("reports")
    other = shutil.copytree(trained, folder / "other")
    for command in (
        ["report", trained, "-o", folder / "report.html"],
        ["compare", trained, other, "-o", folder / "compare.html"],
    ):
        done = process("-m", "ganzoo", *command)
        assert done.code == 0, done.err
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("name", ["report", "compare"])
def test_reports_need_nothing_and_are_for_everybody(
    reports: Path, visit: Open, name: str, width: int, scheme: str
) -> None:
    page = visit(
        (reports / f"{name}.html").as_uri(),
        wait=False,
        color_scheme=scheme,
        viewport={"width": width, "height": 800},
        bypass_csp=True,
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page).response["violations"]
    assert [f"{v['impact']}: {v['help']}" for v in found] == []


@pytest.mark.slow
def test_the_slider_of_a_report_shows_another_epoch(reports: Path, visit: Open) -> None:
    page = visit((reports / "report.html").as_uri(), wait=False)
    shown = page.locator("#snapshots img:visible")
    last = shown.get_attribute("src")
    page.locator("#moment").fill("0")
    assert page.locator("#label").inner_text() == "epoch 0"
    assert shown.count() == 1
    assert shown.get_attribute("src") != last
