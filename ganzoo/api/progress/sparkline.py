"""Curves and bars made of characters."""

from __future__ import annotations

from collections.abc import Sequence

BLOCKS = " ▁▂▃▄▅▆▇█"
ASCII = " _.-~=+*#"  # the same nine heights, more or less


def sparkline(
    values: Sequence[float], low: float, high: float, width: int, rows: int, ascii_only: bool
) -> list[str]:
    """The last `width` values as columns in so many rows, of which the first is the upper one.

    `low` is drawn as the least that can be seen, `high` as all of a column.
    """
    marks = ASCII if ascii_only else BLOCKS
    steps = len(marks) - 1  # in a row
    scale = (rows * steps - 1) / (high - low) if high > low else 0.0
    heights = [1 + round((value - low) * scale) for value in values[-width:]]
    return [
        "".join(marks[min(max(height - row * steps, 0), steps)] for height in heights).ljust(width)
        for row in reversed(range(rows))
    ]


def bar(share: float, width: int, ascii_only: bool) -> tuple[str, str]:
    """What is done of a bar, and what is left; without colours one can tell them apart."""
    full, half, rest = ("#", "-", "-") if ascii_only else ("━", "╾", "─")
    halves = int(min(max(share, 0.0), 1.0) * 2 * width)
    done = full * (halves // 2)
    return done, (half * (halves % 2)).ljust(width - len(done), rest)
