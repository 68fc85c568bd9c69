"""The trained models that are installed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ganzoo.api import loading
from ganzoo.draw.pixels import Pixels, to_pil
from ganzoo.draw.sheets import Sheet
from ganzoo.errors import GanzooError
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


def sheet(several: Sequence[Model], count: int = 8, seed: int = 0) -> Sheet:
    """Return a sheet with a row of pictures of each model, all enlarged to the largest size.

    Its `save(path)` writes a PNG.
    """
    drawn = [loading.load(model.folder).sample(count, seed) for model in several]
    side = max(max(images.shape[1:3]) for images in drawn)
    rows = [_enlarged(images, side) for images in drawn]
    return Sheet(np.stack(rows)[:, None], rows=[model.name for model in several])


def _enlarged(drawn: Pixels, side: int) -> Pixels:
    """Return images as (n, side, side, 3)."""
    from PIL import Image

    images = (to_pil(image).convert("RGB") for image in drawn)
    return np.stack([np.asarray(i.resize((side, side), Image.Resampling.NEAREST)) for i in images])
