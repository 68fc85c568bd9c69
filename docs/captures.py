"""Run `ganzoo train` inside tmux, and write what is on the screen into docs/images/watching/.

    python docs/captures.py

Needs tmux, and Fashion-MNIST where ganzoo looks for it. The lines that a file gets go into
docs/pictures.md.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from html import escape
from pathlib import Path

from rich.color import Color
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import SVG_EXPORT_THEME as THEME
from rich.text import Text

DOCS = Path(__file__).parent
SIZES = ((80, 24), (200, 50))
COMMAND = "ganzoo train mlp_gan --max-steps 1200 --log-every 5"
CELL, LINE, FONT = 8.4, 16.25, 14  # pixels; a monospace letter is three fifths as wide as high
FONTS = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"


def main() -> None:
    """Capture each size in the middle of a run and after it, then the lines of a file."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for columns, rows in SIZES:
        middle, end = captures(columns, rows)
        for name, screen in (("", middle), ("-end", end)):
            path = DOCS / "images" / "watching" / f"{columns}x{rows}{name}.svg"
            path.write_text(svg(screen, columns, rows), "utf-8")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            COMMAND.split(), cwd=folder, capture_output=True, text=True, check=True
        )
    page = DOCS / "pictures.md"
    block = f"```text\n$ {COMMAND} | cat\n{done.stdout}```"
    text = re.sub(
        r"```text\n\$ ganzoo train [^\n]* \| cat\n.*?```",
        lambda _: block,
        page.read_text(),
        flags=re.S,
    )
    page.write_text(text)


def captures(columns: int, rows: int) -> tuple[str, str]:
    """The screen when most of the run is done, and after it, with colours as a terminal's codes."""
    with tempfile.TemporaryDirectory() as folder:

        def tmux(*words: str) -> str:
            command = ["tmux", "-L", "ganzoo-captures", "-f", os.devnull, *words]
            return subprocess.run(
                command, cwd=folder, capture_output=True, text=True, check=True
            ).stdout

        size = ("-x", str(columns), "-y", str(rows))
        tmux("new-session", "-d", *size, "env PS1='$ ' bash --norc")
        try:
            while "$" not in tmux("capture-pane", "-p"):
                time.sleep(0.1)
            tmux("send-keys", COMMAND, "Enter")
            middle = end = ""
            while not re.search(r"^runs/", end, re.M):
                time.sleep(0.5)
                end = tmux("capture-pane", "-p")
                step = re.search(r"step ([\d,]+)/", end)
                if step and not middle and int(step[1].replace(",", "")) > 1000:
                    middle = tmux("capture-pane", "-e", "-p")
            time.sleep(0.5)
            return middle, tmux("capture-pane", "-e", "-p")
        finally:
            tmux("kill-server")


def svg(screen: str, columns: int, rows: int) -> str:
    """A picture of a screen that needs nothing but a monospace font."""
    console = Console(width=columns, file=open(os.devnull, "w"))  # noqa: SIM115
    lines = console.render_lines(Text.from_ansi(screen), pad=False)[:rows]
    width, height = columns * CELL + 24, rows * LINE + 20
    texts = [text for row, line in enumerate(lines) for text in _texts(line, row)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}">',
            f'<rect width="100%" height="100%" rx="8" fill="{THEME.background_color.hex}"/>',
            f'<g font-family="{FONTS}" font-size="{FONT}">',
            *texts,
            "</g>\n</svg>\n",
        ]
    )


def _texts(line: list[Segment], row: int) -> list[str]:
    """A line of the screen: words of one style are one text, as wide as its cells."""
    found, column = [], 0
    for segment in line:
        text, style = segment.text, segment.style or Style()
        look = f'fill="{_colour(style)}"' + (' font-weight="bold"' if style.bold else "")
        for words in re.finditer(r"\S+( \S+)*", text):
            x, y = 12 + (column + words.start()) * CELL, 10 + (row + 0.77) * LINE
            place = f'x="{x:.1f}" y="{y:.1f}" textLength="{len(words[0]) * CELL:.1f}"'
            shown = escape(words[0]).replace(" ", "&#160;")
            found.append(f'<text {place} lengthAdjust="spacingAndGlyphs" {look}>{shown}</text>')
        column += len(text)
    return found


def _colour(style: Style) -> str:
    colour = (style.color or Color.default()).get_truecolor(THEME)
    if style.dim:
        paper = THEME.background_color
        colour = type(paper)(*((c + p) // 2 for c, p in zip(colour, paper, strict=True)))
    return colour.hex


if __name__ == "__main__":
    main()
