"""The backend of matplotlib that the user's environment names: nothing here is drawn with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def hidden() -> Iterator[None]:
    """Let matplotlib be imported inside, though $MPLBACKEND names a backend that it does not know.

    A notebook's processes inherit such names. One that it knows is what the caller's own figures
    get afterwards, as usual.
    """
    backend = None if "matplotlib" in sys.modules else os.environ.pop("MPLBACKEND", None)
    try:
        yield
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    if backend:
        from matplotlib import rcParams

        with suppress(ValueError):
            rcParams["backend"] = backend
