"""The page's files: as they are, or all of them in one."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

POLICY = "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'"
"""Policy of all our pages: they may load nothing but what is added to this."""
INDEX, STYLE, MAIN = "index.html", "style.css", "main.js"


def page(facts: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the files of the page by their names, with `facts` in it.

    Their addresses are relative: they work in any folder of any site.
    """
    found = {
        file.name: file.read_bytes()
        for file in files("ganzoo").joinpath("explore", "page").iterdir()
        if file.name.endswith((".html", ".css", ".js"))
    }
    text = json.dumps(facts, separators=(",", ":"), allow_nan=False).replace("<", r"\u003c")
    return {**found, INDEX: _put(found[INDEX], {"<!-- facts -->": text})}


def with_policy(content: Mapping[str, bytes]) -> dict[str, bytes]:
    """Put our policy into the page, for a server that sends none.

    `content` is what `page` returned, and the files that the page fetches.
    """
    policy = f"{POLICY}; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'"
    return {**content, INDEX: _put(content[INDEX], {"<!-- policy -->": _meta(policy)})}


def one_file(content: Mapping[str, bytes]) -> bytes:
    """Join the page and the files that it fetches into one page that works from a double click.

    A page that is opened as a file may import no module and fetch nothing. So modules become data:
    URLs, to which an import map gives names, and all else is text in the page. `content` is as for
    `with_policy`.
    """
    scripts = [name for name in content if name.endswith(".js")]
    names = {f"ganzoo/{name}": _data_url(_by_name(content[name])) for name in scripts}
    import_map = json.dumps({"imports": names}, separators=(",", ":"))
    start = f'import "ganzoo/{MAIN}";'
    style = content[STYLE].decode()
    others = content.keys() - {INDEX, STYLE, *scripts}
    policy = (
        f"{POLICY}; script-src {_hash(import_map)} {_hash(start)} data: 'wasm-unsafe-eval'; "
        f"style-src {_hash(style)}; connect-src data:"
    )
    return _put(content[INDEX], {
        "<!-- policy -->": _meta(policy),
        f'<link rel="stylesheet" href="./{STYLE}">': f"<style>{style}</style>",
        "<!-- files -->": "\n".join(
            f'<script type="application/octet-stream" id="{name}">{_base64(content[name])}</script>'
            for name in sorted(others)
        ),
        f'<script type="module" src="./{MAIN}"></script>': (
            f'<script type="importmap">{import_map}</script>\n'
            f'<script type="module">{start}</script>'
        ),
    })  # fmt: skip


def _put(index: bytes, places: Mapping[str, str]) -> bytes:
    """Return the page with something in each of `places`; ValueError if it lacks one."""
    for place, content in places.items():
        before, found, after = index.partition(place.encode())
        if not found:
            raise ValueError(f"{INDEX} has no {place}")
        index = before + content.encode() + after
    return index


def _by_name(script: bytes) -> bytes:
    """Make a module import others by name, and no longer by where they are."""
    return re.sub(rb'(\bfrom |\bimport\()"\./', rb'\1"ganzoo/', script)


def _data_url(script: bytes) -> str:
    return f"data:text/javascript;base64,{_base64(script)}"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _hash(text: str) -> str:
    return f"'sha256-{_base64(hashlib.sha256(text.encode()).digest())}'"


def _meta(policy: str) -> str:
    return f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
