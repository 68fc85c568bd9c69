"""The trained models that are installed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ganzoo.api import loading
from ganzoo.draw.pixels import Pixels, to_pil
from ganzoo.draw.sheets import Sheet
from ganzoo.errors import GanzooError
from ganzoo.zoo import catalogue
from ganzoo.zoo.models import Model, load


def models() -> list[Model]:
    """Return the models that installed packages ship, by name; `ganzoo.load(name)` opens one.

    One that is damaged is left out; `broken` tells why.
    """
    return _survey()[0]


def broken() -> list[str]:
    """Return a line for each installed model that `models` leaves out."""
    return _survey()[1]


def _survey() -> tuple[list[Model], list[str]]:
    found, lines = list[Model](), list[str]()
    for entry in catalogue.models():
        try:
            found.append(load(entry))
        except GanzooError as error:
            lines.append(f"{entry.label} is left out: {error}")
    return found, lines


def sheet(several: Sequence[Model], count: int = 8, seed: int = 0) -> Sheet:
    """Return a sheet with a row of pictures of each model, all enlarged to the largest size.

    Its `save(path)` writes a PNG.
    """
    side = max(max(model.size) for model in several)
    rows = [_row(model, count, seed, side) for model in several]
    return Sheet(np.stack(rows)[:, None], rows=[model.name for model in several])


def _row(model: Model, count: int, seed: int, side: int) -> Pixels:
    """Return images (count, side, side, 3) of a model."""
    from PIL import Image

    drawn = loading.load(model.folder).sample(count, seed)
    images = (to_pil(image).convert("RGB") for image in drawn)
    return np.stack([np.asarray(i.resize((side, side), Image.Resampling.NEAREST)) for i in images])
