"""Pages in a real browser: opened, waited for, and read."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page

from ganzoo.draw import latents
from tests.explore.test_server import explore

Open = Callable[..., Page]
Export = Callable[..., None]
READ = """canvases => canvases.map(canvas => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return btoa(String.fromCharCode(...data));
})"""


def addresses(request: pytest.FixtureRequest, model: Path) -> Iterator[str]:
    """The address of a model's page, served or as one file: the fixture's parameter says which."""
    if request.param == "server":
        with explore(model) as running:
            yield running.address
        return
    export: Export = request.getfixturevalue("export")
    export(model, "--single-file", model.with_suffix(".html"))
    yield model.with_suffix(".html").as_uri()


def read(page: Page, selector: str) -> NDArray[np.uint8]:
    """The pixels (n, 28, 28, 1) of canvases; all of them are grey and opaque."""
    drawn = page.locator(selector).evaluate_all(READ)
    content = b"".join(map(base64.b64decode, drawn))
    pixels = np.frombuffer(content, np.uint8).reshape(-1, 28, 28, 4)
    assert (pixels[..., :3] == pixels[..., :1]).all()
    assert (pixels[..., 3] == 255).all()
    return pixels[..., :1]


def sheet_of(page: Page) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The images of the sweep as they are, and swept: (rows, …) and (rows, 5, 3, …)."""
    rows = read(page, "#sheet tbody tr:not([hidden]) canvas").reshape(-1, 16, 28, 28, 1)
    return rows[:, 0], rows[:, 1:].reshape(-1, 5, 3, 28, 28, 1)


def assert_same(found: NDArray[np.uint8], expected: NDArray[np.uint8]) -> None:
    assert expected.std() > 1
    assert np.abs(found.astype(int) - expected.reshape(found.shape)).max() <= 1


def settle(page: Page) -> None:
    """Wait until nothing is drawn any more, and the address is written."""
    page.wait_for_timeout(300)
    page.locator("body:not([data-busy])").wait_for()


def z_of(seed: int, image: int = 0) -> NDArray[np.float32]:
    return latents.normal(1, 100, seed, image)
