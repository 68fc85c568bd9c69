"""Words of others in Markdown: shown as they are, and never as markup or HTML."""

from __future__ import annotations

import json
import re

from ganzoo.printable import line

MARKUP = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
"""Characters that can begin markup; a "_" between two letters or digits cannot."""


def text(words: str) -> str:
    """Return words as a line of Markdown that shows them."""
    shown = line(words).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return MARKUP.sub(r"\\\g<0>", shown)


def code(words: str) -> str:
    """Return words as code inside a line of Markdown, whatever backquotes they have."""
    shown = line(words) or " "
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    room = " " if "`" in (shown[0], shown[-1]) else ""
    return f"{fence}{room}{shown}{room}{fence}"


def yaml(words: str) -> str:
    """Return words as a text of YAML, in one line; a name such as mlp_gan needs no quotes."""
    if re.fullmatch("[a-z][a-z0-9]*(_[a-z0-9]+)+", words):
        return words
    return json.dumps(line(words), ensure_ascii=False)
