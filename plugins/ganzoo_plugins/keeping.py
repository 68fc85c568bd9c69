"""Features in a file of the cache, which is made when it is missing or cannot be used."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.errors import GanzooError
from ganzoo.evaluate.features import FeatureModel, describe
from ganzoo.storage import cache_folder, write_whole

if TYPE_CHECKING:
    from ganzoo.data import Images


def kept(
    file: str,
    images: Images,
    opened: Callable[[bytes, Path], FeatureModel],
    made: Callable[[], bytes],
) -> FeatureModel:
    """Return what `opened` makes of `file` in the cache; `made` returns a new file's content.

    A file that `opened` refuses with a GanzooError, or that cannot describe the first of `images`,
    counts as missing. Where the cache cannot be written, the content is used all the same.
    """
    path, log = cache_folder() / "features" / file, logging.getLogger("ganzoo")
    try:
        if path.is_file():
            return _tried(opened(path.read_bytes(), path), images)
    except (GanzooError, OSError) as error:
        log.warning("a file in the cache cannot be used, and is made anew: %s", error)
    content = made()
    try:
        write_whole(path, content)
    except OSError as error:
        log.warning("%s cannot be kept, and will be made again: %s", path, error.strerror)
    return _tried(opened(content, path), images)


def _tried(model: FeatureModel, images: Images) -> FeatureModel:
    """Return `model`; raise a GanzooError where it cannot describe the first image."""
    describe(model, images.pixels[:1], "it")
    return model
