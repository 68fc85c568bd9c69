"""What the page asks for besides latents, in the query of `/draw?labels=3,5,5&truncation=0.7`."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import UsageError


def labels_and_truncation(
    query: Sequence[tuple[str, str]],
) -> tuple[NDArray[np.int64] | None, float | None]:
    """Return labels (n,) and the truncation, each None where it is not asked for.

    Whether the model takes them, and how many and how high labels may be, is checked where they are
    used. Raises UsageError, which says what is wrong.
    """
    asked = dict(query)
    if len(asked) < len(query) or not asked.keys() <= {"labels", "truncation"}:
        raise UsageError("a drawing is asked for with labels and truncation, each once at most")
    labels, truncation = asked.get("labels"), asked.get("truncation")
    if labels is not None and not re.fullmatch(r"[0-9]{1,9}(,[0-9]{1,9})*", labels):
        raise UsageError("labels are a number for each image, with commas between them")
    try:
        return (
            None if labels is None else np.array([int(label) for label in labels.split(",")]),
            None if truncation is None else float(truncation),
        )
    except ValueError:
        raise UsageError(f"truncation is a number, not {truncation!r}") from None
