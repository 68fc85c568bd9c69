"""The measurements of a run as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.runs.quantities import measured


class Metrics(Mapping[str, NDArray[np.float64]]):
    """The measurements of a run by name: one float64 array (n,) for each quantity.

    All arrays have the same length: one value for each step at which something was measured. The
    array "step" says which steps these are. A value is NaN where this quantity was not measured.
    "loss_d" and "loss_g" are losses. "d_real" and "d_fake" are D(x) and D(G(z)): probabilities, or
    a critic's scores. "gap" is the difference of a critic's scores, and called "wasserstein" where
    the objective is a Wasserstein one. "diversity" is measured at the ends of epochs.
    """

    def __init__(self, lines: list[dict[str, Any]], scores: str) -> None:
        rows: dict[int, dict[str, float]] = {}
        for line in (line for line in lines if isinstance(line.get("step"), int)):
            numbers = {k: v for k, v in line.items() if isinstance(v, int | float)}
            rows.setdefault(line["step"], {}).update(numbers | measured(line, scores))
        names = dict.fromkeys(name for row in rows.values() for name in row)
        self._columns = {
            name: np.array([row.get(name, np.nan) for row in rows.values()]) for name in names
        }

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        if name not in self._columns:
            raise KeyError(f"{name}: measured were {', '.join(self._columns) or 'no numbers yet'}")
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __repr__(self) -> str:
        count = len(next(iter(self._columns.values()), ()))
        return f"<{', '.join(self._columns) or 'nothing'} at {count} steps>"
