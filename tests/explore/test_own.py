"""Latents of one's own in the page: given by `--z`, and loaded from a file in the browser."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from numpy.typing import NDArray
from playwright.sync_api import FilePayload, Page

import ganzoo
from ganzoo.draw import latents
from ganzoo.draw.generator import Generator
from tests import labelled
from tests.explore.browsing import Open, addresses, assert_same, read, settle, sheet_of, z_of
from tests.explore.test_server import explore

Z = latents.normal(40, labelled.DIM, seed=11).astype(np.float64)
SITES = ["server", "file"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return labelled.write(tmp_path_factory.mktemp("own") / "drawn.onnx")


@pytest.fixture(scope="module")
def generator(model: Path) -> Generator:
    return ganzoo.load(model)


@pytest.fixture(scope="module", params=[pytest.param(s, marks=pytest.mark.slow) for s in SITES])
def site(request: pytest.FixtureRequest, model: Path) -> Iterator[str]:
    """The address of the page, served and as one file."""
    yield from addresses(request, model)


def npy(z: NDArray[Any]) -> bytes:
    encoded = io.BytesIO()
    np.save(encoded, z)
    return encoded.getvalue()


def load(page: Page, content: bytes, name: str = "own.npy") -> None:
    """Choose a file in the browser."""
    file: FilePayload = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    page.set_input_files("#file", file)
    settle(page)


def told(page: Page, place: str) -> str:
    return page.locator(place).inner_text()


def assert_shown(page: Page, generator: Generator, z: NDArray[Any], image: int = 0) -> None:
    """All areas are those of z, of which image `image` is chosen; of each its class in `sample`."""
    first, dim = image // 16 * 16, z.shape[1]
    drawn, labels = generator.draw(z), generator.labels(len(z))
    visible = read(page, "#grid label:not([hidden]) canvas")
    assert len(visible) == min(16, len(z) - first)
    assert_same(visible, drawn[first : first + 16])
    assert_same(read(page, "#canvas"), drawn[image])
    as_it_is, cells = sheet_of(page)
    rows = slice(first, first + 8)
    assert_same(as_it_is, drawn[rows])
    ranked = page.locator("#sheet th[scope=colgroup]").all_inner_texts()
    for k, words in enumerate(ranked):
        assert_same(cells[:, k], generator.sweep(int(words[2:-1]), (-3, 0, 3), z=z)[rows])
    end = latents.normal(1, dim, 1, image)[0]
    way = latents.slerp(z[image].astype(np.float32), end, 9)
    own = None if labels is None else labels[[image]].repeat(9)
    assert_same(read(page, "#strip canvas"), generator.draw(way, labels=own))


def test_explore_begins_with_the_latents_of_a_file(
    model: Path, generator: Generator, visit: Open, tmp_path: Path
) -> None:
    """The one test here that is not slow."""
    np.save(tmp_path / "own.npy", Z)
    with explore(model, "--z", tmp_path / "own.npy") as running:
        page = visit(running.address)
        assert told(page, "#own") == "own.npy: 0 to 15 of 40 latents"
        assert_shown(page, generator, Z)
        for _ in range(2):
            page.get_by_role("button", name="Next latents").click()
        settle(page)
        assert told(page, "#timing").startswith("8 images in")
        page.get_by_role("radio", name="Image 35").click(force=True)
        settle(page)
        assert_shown(page, generator, Z, 35)
        assert page.url.endswith("#image=35")
        assert page.get_by_role("button", name="Next latents").is_disabled()
        page.keyboard.press("n")  # there are no more
        settle(page)
        assert page.url.endswith("#image=35")
        page.get_by_label("Seed", exact=True).fill("7")
        settle(page)
        assert page.url.endswith("#seed=7&image=3")
        assert_same(read(page, "#canvas"), generator.draw(z_of(7, 3), labels=labels_of(7, 3)))
        page.get_by_role("button", name="Back to own.npy").click()
        settle(page)
        assert_shown(page, generator, Z)


def labels_of(seed: int, image: int) -> NDArray[np.int64]:
    return latents.labels(1, 10, seed, image)


@pytest.mark.parametrize(
    "z",
    [Z, Z[:3].astype(np.float32), Z[0], Z[:1], np.asfortranarray(Z[:5]),
     np.asfortranarray(Z[:5].astype(np.float32))],
    ids=["many", "float32", "vector", "one", "fortran", "fortran float32"],
)  # fmt: skip
def test_a_file_is_loaded(site: str, generator: Generator, visit: Open, z: NDArray[Any]) -> None:
    page = visit(f"{site}#seed=7&image=3&z5=2")
    load(page, npy(z))
    assert_shown(page, generator, np.atleast_2d(z))
    count = len(np.atleast_2d(z))
    shown = {40: "0 to 15 of 40 latents", 1: "1 latent"}.get(count, f"{count} latents")
    assert told(page, "#own") == f"own.npy: {shown}"
    assert page.get_by_text("Latents of your own are not in it.").is_visible()
    load(page, npy(Z[20:22]), "other.npy")
    assert_shown(page, generator, Z[20:22])
    page.get_by_role("button", name="Random").first.click()
    settle(page)
    assert told(page, "#own") == "Back to other.npy"


def test_nothing_is_said_of_latents_that_nobody_gave(site: str, visit: Open) -> None:
    page = visit(f"{site}#seed=7")
    settle(page)
    for place in ("#own", "#own-told", "#own-back", "#not-held"):
        assert page.locator(place).is_hidden(), place


def test_what_is_saved_can_be_loaded(site: str, generator: Generator, visit: Open) -> None:
    page = visit(f"{site}#seed=7&image=2&z3=2&label=4")
    with page.expect_download() as download:
        page.locator("#save-z").click()
    saved = Path(download.value.path()).read_bytes()
    before = read(page, "#canvas")
    load(page, saved, download.value.suggested_filename)
    assert (read(page, "#canvas") == before).all()
    assert_shown(page, generator.of(4), np.load(io.BytesIO(saved)))
    with page.expect_download() as download:
        page.locator("#save-sheet").click()
    assert download.value.suggested_filename == ("drawn-sweep-drawn-seed7-image2-class4-class4.png")


def test_sliders_and_classes_change_own_latents(
    site: str, generator: Generator, visit: Open
) -> None:
    page = visit(site)
    load(page, npy(Z[:4]))
    page.get_by_role("radio", name="Image 2, ").click(force=True)
    page.get_by_role("radio", name="Bag", exact=True).click()
    page.locator("#scale input[type=number]").fill("0.5")
    page.get_by_text("All 100 coordinates").click()
    page.get_by_label("Find").fill("7")
    page.locator("#all input[type=number]").first.fill("-2")
    page.keyboard.press("Enter")
    settle(page)
    z = Z[2:3].astype(np.float32) * 0.5
    z[0, 7] = -2
    assert_same(read(page, "#canvas"), generator.of("bag").draw(z))
    assert page.url.endswith("#image=2&label=8&scale=0.5&z7=-2")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (npy(Z[:, :99]), "it has the shape (40, 99), and this model takes (n, 100)"),
        (npy(Z[0, :99]), "it has the shape (99), and this model takes (n, 100)"),
        (npy(Z[:0]), "it has the shape (0, 100), and"),
        (npy(Z.reshape(4, 10, 100)), "it has the shape (4, 10, 100), and"),
        (npy(np.zeros((), np.float32)), "it has the shape (), and"),
        (npy(Z.astype(np.int64)), "its numbers must be float32 or float64"),
        (npy(Z.astype(">f4")), "its numbers must be float32 or float64"),
        (npy(Z)[:-1], "it ends too early"),
        (npy(Z)[:60], "it ends too early"),
        (npy(np.full((1, 100), np.nan)), "its numbers must be finite, as float32"),
        (npy(np.full((1, 100), 1e300)), "its numbers must be finite, as float32"),
        (b"hello", "this is no .npy file: np.save writes one"),
        (b"", "this is no .npy file: np.save writes one"),
        (b"\x93NUMPY\x01", "this is no .npy file: np.save writes one"),
    ],
)
def test_what_does_not_fit_is_said_and_changes_nothing(
    site: str, visit: Open, content: bytes, why: str
) -> None:
    page = visit(f"{site}#seed=7&z5=2")
    before = read(page, "canvas")
    load(page, content, "<b>x.npy")
    assert told(page, "#unfit").startswith(f"<b>x.npy: {why}")
    assert (read(page, "canvas") == before).all()
    page.keyboard.press("n")
    assert page.locator("#unfit").is_hidden()


@pytest.mark.parametrize("width", [400, 1280])
def test_axe_finds_nothing_serious(site: str, visit: Open, width: int) -> None:
    page = visit(site, viewport={"width": width, "height": 800}, bypass_csp=True)
    load(page, npy(Z), f"{'very ' * 30}long.npy")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for _ in range(2):
        found = Axe().run(page).response["violations"]
        assert [f"{v['impact']}: {v['help']}" for v in found] == []
        load(page, b"no", f"{'very' * 40}long.npy")
    page.get_by_role("button", name="Random").first.click()
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.slow
def test_a_long_header_and_an_old_version(model: Path, generator: Generator, visit: Open) -> None:
    """As version 2 of the format has it."""
    encoded = io.BytesIO()
    np.lib.format.write_array(encoded, Z[:2], version=(2, 0))
    with explore(model) as running:
        page = visit(running.address)
        load(page, encoded.getvalue())
        assert_shown(page, generator, Z[:2])
