"""Draw curves and bars with characters."""

from __future__ import annotations

from collections.abc import Sequence

BLOCKS = " ▁▂▃▄▅▆▇█"
ASCII = " _.-~=+*#"  # the same nine heights, more or less


def sparkline(
    values: Sequence[float], low: float, high: float, width: int, rows: int, ascii_only: bool
) -> list[str]:
    """Return a curve of the last `width` values as `rows` lines of text, the top line first.

    Each value is a column. `low` is drawn as the smallest block, `high` as a full column.
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
    """Return the done and the remaining part of a bar; they differ even without colours."""
    full, half, rest = ("#", "-", "-") if ascii_only else ("━", "╾", "─")
    halves = int(min(max(share, 0.0), 1.0) * 2 * width)
    done = full * (halves // 2)
    return done, (half * (halves % 2)).ljust(width - len(done), rest)
