"""HTML pages that need no other file: templates, with pictures and styles inside."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ganzoo.architecture import __version__
from ganzoo.printable import printable
from ganzoo.report import colours

if TYPE_CHECKING:
    from ganzoo.draw.pictures import Picture


def render(template: str, **values: Any) -> str:
    """Return the page that a template of this room makes of `values`; all text is escaped.

    Of that text, "?" stands for what is not printable, and what no file could hold.
    """
    environment = Environment(
        loader=PackageLoader("ganzoo.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: printable(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    themes = {
        "light": Markup(colours.css(colours.LIGHT)),
        "dark": Markup(colours.css(colours.DARK)),
    }
    return environment.get_template(template).render(version=__version__, **themes, **values)


def image(picture: Picture) -> str:
    """Return a picture as the src of an <img>, in WebP.

    Below 2**20 values it is lossless, above of quality 90.
    """
    encoded, drawn = io.BytesIO(), picture.image
    exact = drawn.width * drawn.height * len(drawn.getbands()) < 2**20
    drawn.save(encoded, "WEBP", lossless=exact, quality=90, method=2)
    return "data:image/webp;base64," + base64.b64encode(encoded.getvalue()).decode()
