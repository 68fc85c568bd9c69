"""A picture of networks that a notebook shows, and that is saved as SVG, HTML, PNG or PDF."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ganzoo.draw.network.steps import Flow
from ganzoo.errors import UsageError
from ganzoo.printable import printable
from ganzoo.report.network.page import draw
from ganzoo.report.network.shapes import Picture
from ganzoo.report.network.svg import svg
from ganzoo.storage import write_whole


@dataclass(frozen=True)
class NetworkDrawing:
    """Networks, each as boxes from top to bottom, on no more than a page of A4.

    `flows` are what is drawn: the steps of each network, which a program can read. `more` is a line
    on how to see every single operation, where there is a file to look into.
    """

    title: str
    flows: tuple[Flow, ...]
    picture: Picture
    more: str

    def save(self, path: Path | str) -> None:
        """Write it; the end of `path` says as what: .svg and .html, or .png and .pdf.

        The latter two need matplotlib, which is in the extra `train`. A reader never sees half a
        file. Raises UsageError for a path that ends otherwise.
        """
        path = Path(path)
        kinds: dict[str, Callable[[], bytes]] = {
            ".svg": lambda: svg(self.picture).encode(),
            ".html": lambda: self._page().encode(),
            ".png": lambda: self._by_matplotlib(path),
            ".pdf": lambda: self._by_matplotlib(path),
        }
        if path.suffix.lower() not in kinds:
            raise UsageError(
                f"a graph is a .svg, .html, .png or .pdf, and {path} is none: name it x.svg"
            )
        write_whole(path, kinds[path.suffix.lower()]())

    def _by_matplotlib(self, path: Path) -> bytes:
        from ganzoo.report.network.figure import figure
        from ganzoo.report.plotting import encoded

        return encoded(figure(self.picture), path)

    def _page(self) -> str:
        title = escape(printable(self.title))
        more = re.sub("`(.*?)`", r"<code>\1</code>", escape(printable(self.more)))
        return (
            '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n'
            f"<title>{title}</title>\n"
            "<style>body {font: 14px sans-serif; max-width: 60em; margin: 2em auto; "
            "padding: 0 1em} svg {width: 100%; height: auto}</style>\n"
            f"{svg(self.picture)}<p>Point at a box to see its layers as torch or ONNX names them. "
            f"{more}</p>\n</html>\n"
        )

    def _repr_svg_(self) -> str:
        return svg(self.picture)

    def __repr__(self) -> str:
        networks = ", ".join(f"{f.name} of {f.parameters:,} {f.unit}" for f in self.flows)
        return f"<graph of {printable(self.title)}: {networks}>"


def drawing(
    title: str, flows: Sequence[Flow], more: str, remarks: Sequence[str] = ()
) -> NetworkDrawing:
    """Return the picture of networks, with remarks below it."""
    return NetworkDrawing(title, tuple(flows), draw(flows, title, remarks), more)
