"""Measure the size of an exported page, and its time to the first image in headless Chromium.

`python -m benchmarks.page MODEL.onnx` serves the folder of `ganzoo export --web` from this machine,
opens it with an empty cache seven times, and does the same with `--single-file`. The time is from
navigation until the large image is on its canvas; this is checked at every frame.
"""

from __future__ import annotations

import functools
import http.server
import re
import shutil
import statistics
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from ganzoo.explore import runtime, web

ROUNDS = 7
DRAWN = """() => {
    const { width } = document.getElementById("canvas") ?? { width: 300 };
    return width !== 300 && performance.now(); // an empty canvas has 300
}"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server of files that prints nothing."""

    def log_message(self, format: str, *args: Any) -> None:
        """Print no line for each request."""


def measure(browser: Browser, address: str) -> tuple[float, float]:
    """Return the median milliseconds until the first image, and for 16 images after that."""
    first, sixteen = list[float](), list[int]()
    for _ in range(ROUNDS):
        context = browser.new_context(bypass_csp=True)  # for the function DRAWN
        page = context.new_page()
        page.goto(address, wait_until="commit")
        first.append(page.wait_for_function(DRAWN).json_value())
        page.locator("body:not([data-busy])").wait_for()
        page.get_by_role("button", name="Next seed").click()
        page.locator("body:not([data-busy])").wait_for()
        sixteen += map(int, re.findall(r"in (\d+) ms", page.locator("#timing").inner_text()))
        context.close()
    return statistics.median(first), statistics.median(sixteen)


def main(model: Path) -> None:
    """Measure and print a line for the folder, and one for the file."""
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        folder, file = Path(temporary, "web"), Path(temporary, "page.html")
        content = web.files(model.read_bytes(), model.stem, runtime.onnxruntime_web())
        sizes = web.write_folder(content, folder), web.write_single_file(content, file)
        handler = functools.partial(Quiet, directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        addresses = f"http://127.0.0.1:{server.server_port}/", file.as_uri()
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        print(f"Chromium {browser.version}, n = {ROUNDS}, medians")
        for name, size, address in zip(("--web", "--single-file"), sizes, addresses, strict=True):
            first, sixteen = measure(browser, address)
            print(
                f"{name:<14}{size:>12,} bytes  first image {first:,.0f} ms  16 in {sixteen:.0f} ms"
            )
        server.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
