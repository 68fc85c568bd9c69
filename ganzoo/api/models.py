"""The trained models that are installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ganzoo.api import loading
from ganzoo.draw.pixels import Pixels, to_pil
from ganzoo.draw.sheets import Sheet
from ganzoo.errors import GanzooError, ModelFileError
from ganzoo.zoo import catalogue
from ganzoo.zoo.catalogue import Entry
from ganzoo.zoo.models import Model, load


def models() -> list[Model]:
    """Return the models that installed packages ship, by name; `ganzoo.load(name)` opens one.

    One that is damaged is left out; `ganzoo models` tells why.
    """
    return [model for _, model in survey()[0]]


def survey() -> tuple[list[tuple[Entry, Model]], list[str]]:
    """Return what `models` does, each with its entry; and a line for each that is left out."""
    found, lines = list[tuple[Entry, Model]](), list[str]()
    for entry in catalogue.models():
        try:
            found.append((entry, load(entry)))
        except GanzooError as error:
            why = str(error).removeprefix(entry.label).lstrip(" :")
            lines.append(f"{entry.label} is left out: {why}")
    return found, lines


def sheet(
    several: Sequence[Model],
    count: int = 8,
    seed: int = 0,
    say: Callable[[str], None] = lambda remark: None,
) -> Sheet:
    """Return a sheet with a row of pictures of each model, all enlarged to the largest size.

    Its `save(path)` writes a .png, .svg or .pdf. A model that cannot draw is left out, and `say` is
    told why; raises ModelFileError where none can.
    """
    drawn = dict[str, Pixels]()
    for model in several:
        try:
            drawn[model.name] = loading.load(model.folder).sample(count, seed)
        except GanzooError as error:
            say(f"{model.name} is left out of the sheet: {error}")
    if not drawn:
        raise ModelFileError("no model can be drawn from, so there is no sheet")
    side = max(max(images.shape[1:3]) for images in drawn.values())
    rows = [_enlarged(images, side) for images in drawn.values()]
    return Sheet(np.stack(rows)[:, None], rows=[*drawn])


def _enlarged(drawn: Pixels, side: int) -> Pixels:
    """Return images as (n, side, side, 3)."""
    from PIL import Image

    images = (to_pil(image).convert("RGB") for image in drawn)
    return np.stack([np.asarray(i.resize((side, side), Image.Resampling.NEAREST)) for i in images])
