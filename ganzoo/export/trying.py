"""Draw from somebody else's file as it is: how many images at once, and of which labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.draw import latents
from ganzoo.draw.apart import Apart
from ganzoo.errors import ModelFileError, UsageError
from ganzoo.export.strangers import Taken
from ganzoo.labels import MOST_CLASSES

TRIED = 16
"""Images that a file must draw before it is adopted."""
Images = NDArray[Any]
Opened = Callable[[], Apart]
"""Opener of the file in a process of its own, as what is tried may end it."""


def drawn(opened: Opened, takes: Taken, output: str) -> tuple[Images, int | None]:
    """Return images that the unchanged file draws, and its batch; None is any number.

    Files that declare any number may draw one image alone: then the batch is 1. Raises
    ModelFileError where it draws nothing.
    """
    if takes.batch is not None:
        return _draw(opened(), takes, output, takes.batch), takes.batch
    try:
        return _draw(opened(), takes, output, TRIED), None
    except ModelFileError:
        return _draw(opened(), takes, output, 1), 1


def check_classes(
    opened: Opened, takes: Taken, output: str, batch: int | None, classes: int
) -> str:
    """Return in one line what speaks against so many classes; "" where nothing does.

    The file draws label 0. Raises UsageError where it does not draw the last one.
    """
    session = opened()

    def of(label: int) -> bytes | None:
        """Return what the file draws of a label; None where it draws nothing."""
        nonlocal session
        try:
            return _draw(session, takes, output, batch or TRIED, label).tobytes()
        except ModelFileError:
            if not session.close.alive:
                session = opened()
            return None

    last, beyond = of(classes - 1), of(MOST_CLASSES)
    if last is None and classes > 1:
        known, unknown = 0, classes - 1
        while unknown - known > 1:
            middle = (known + unknown) // 2
            known, unknown = (known, middle) if of(middle) is None else (middle, unknown)
        raise UsageError(
            f"classes must be {unknown}, not {classes}: the file draws labels from 0 to {known}",
            "classes",
        )
    if beyond is None and of(classes) is not None:
        return f"the file draws label {classes}, too: it may have more classes than {classes}"
    if beyond and last == beyond != of(0):  # as where a label becomes a vector of zeros and a one
        return (
            f"label {classes - 1} draws what all higher ones do: the file may have fewer classes "
            f"than {classes}"
        )
    return ""


def _draw(session: Apart, takes: Taken, output: str, n: int, label: int = 0) -> Images:
    """Return n images of a label."""
    sizes = n, takes.latent_dim, *[1] * (len(takes.latent.shape) - 2)
    z = latents.normal(n, takes.latent_dim).reshape(sizes)
    given: dict[str, NDArray[Any]] = {takes.latent.name: z.astype(takes.latent.dtype)}
    if takes.label is not None:
        sizes = n, *[1] * (len(takes.label.shape) - 1)
        given[takes.label.name] = np.full(sizes, label, takes.label.dtype)
    images = session.run([output], given)[0]
    if images.shape[:1] != (n,):
        raise ModelFileError(f"it draws images {images.shape} from {n} latents")
    return images
