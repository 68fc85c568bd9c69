"""A headless Chromium, and `ganzoo export` with a cache that stays."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.conftest import process
from tests.explore.browsing import Export, Open, settle


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    chromium = next(filter(None, map(shutil.which, names)), None)
    if chromium is None:
        pytest.skip("needs Chromium, which is not installed")
    with sync_playwright() as playwright:
        yield launch(playwright, chromium)


def launch(playwright: Playwright, chromium: str) -> Browser:
    return playwright.chromium.launch(executable_path=chromium)


@pytest.fixture(scope="module")
def export(pytestconfig: pytest.Config) -> Export:
    """Run `ganzoo export` with a cache that stays, for 33 MB of npm's."""
    if not shutil.which("npm"):
        pytest.skip("needs npm, which is not installed")
    assert pytestconfig.cache
    cache = {"GANZOO_CACHE": str(pytestconfig.cache.mkdir("ganzoo"))}

    def run(*arguments: object) -> None:
        done = process("-m", "ganzoo", "export", *arguments, env=cache)
        if "which npm fetches once, and cannot here" in done.err:
            pytest.skip(done.err)
        assert done.code == 0, done.err

    return run


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    """Open an address; nothing may go wrong in the page, and it may ask nobody else."""
    contexts, wrong = [], list[str]()

    def open_page(address: str, wait: bool = True, **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        own = re.compile(f"({re.escape(address.partition('#')[0])}|data:|blob:)")
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: wrong.extend([] if own.match(asked.url) else [asked.url]))
        if address.startswith("file:"):
            context.set_offline(True)
        page.goto(address)
        if wait:
            page.get_by_text("16 images in").wait_for()
            settle(page)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong
