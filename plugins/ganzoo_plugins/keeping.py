"""Features in a file of the cache, which is made when it is missing or cannot be used.

Where it has to be trained, a line says so.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.errors import GanzooError, PluginError, broken_library, missing_extra
from ganzoo.evaluate.features import FeatureModel, describe
from ganzoo.storage import cache_folder, read_checked, read_regular, write_checked, write_whole

if TYPE_CHECKING:
    from ganzoo.data import Images


def kept(
    file: str,
    images: Images,
    opened: Callable[[bytes, Path], FeatureModel],
    made: Callable[[], bytes],
) -> FeatureModel:
    """Return what `opened` makes of `file` in the cache; `made` returns a new file's content.

    A file that is not what was written, that `opened` refuses with a GanzooError, or that cannot
    describe the first of `images`, counts as missing. Where the cache cannot be written, the
    content is used all the same.
    """
    path, log = cache_folder() / "features" / file, logging.getLogger("ganzoo")
    try:
        if os.path.lexists(path):
            return _tried(opened(_whole(path), path), images, path)
    except (GanzooError, OSError, ValueError) as error:
        log.warning("a file in the cache cannot be used, and is made anew: %s", error)
    content = made()
    try:
        write_checked(_note(path), {"content": hashlib.sha256(content).hexdigest()})
        write_whole(path, content)
    except OSError as error:
        log.warning("%s cannot be kept, and will be made again: %s", path, error.strerror)
    return _tried(opened(content, path), images, path)


def _whole(path: Path) -> bytes:
    """Return the content of a file; raise OSError or ValueError where it is not what was written.

    A file without a note is from an earlier ganzoo, or from somebody else.
    """
    content = read_regular(path)
    if _note(path).exists():
        known = read_checked(_note(path)).get("content")
        if known != hashlib.sha256(content).hexdigest():
            raise ValueError(f"{path} is not what was written")
    return content


def _note(path: Path) -> Path:
    """Return the file that says what the content of a file in the cache is."""
    return path.with_suffix(".json")


def _tried(model: FeatureModel, images: Images, path: Path) -> FeatureModel:
    """Return `model`, which is of the file `path`.

    Raises a GanzooError, which names the file, where it cannot describe the first image.
    """
    describe(model, images.pixels[:1], str(path))
    return model


@contextmanager
def announced(features: str, images: Images, count: int, takes: str) -> Iterator[None]:
    """Log that `features` are trained on `count` images, once the imports inside have succeeded.

    `takes` says how long it takes. Raises PluginError, which says what to install, where an import
    fails.
    """
    try:
        yield
    except Exception as error:  # a library that is broken raises what it likes
        why = broken_library(error) or f"{error}{missing_extra(error)}"
        raise PluginError(
            f"the features '{features}' have to be trained on {images.name} first: {why}",
            "features",
        ) from error
    logging.getLogger("ganzoo").warning(
        "training the features '%s' on %s images of %s: it takes %s, once",
        features,
        f"{count:,}",
        images.name,
        takes,
    )
