"""Schedules: functions of how far a run is, for learning rates, averages and penalties.

A schedule is a function of (images seen, images of the whole run). It keeps nothing, so a run that
goes on after a break has the values of one without. `Architecture.schedules` takes them by name.
"""

from __future__ import annotations

import math

from ganzoo.architecture import Schedule


def constant(value: float) -> Schedule:
    """Return the schedule that is always `value`."""
    return lambda seen, total: value


def linear(start: float, end: float, until: float = 1.0) -> Schedule:
    """Return the straight way from `start` to `end`, which it reaches at the share `until`.

    `until` is a share of the run, above 0 and at most 1: after half of the images with 0.5.
    """
    _check_share(until)
    return lambda seen, total: start + (end - start) * _share(seen, until * total)


def cosine(start: float, end: float, until: float = 1.0) -> Schedule:
    """Return the way from `start` to `end` on half a wave: slow, fast, and slow again.

    `until` is as for `linear`. Loshchilov & Hutter, "SGDR", ICLR 2017, equation 5.
    """
    _check_share(until)

    def value(seen: int, total: int) -> float:
        return end + (start - end) * (1 + math.cos(math.pi * _share(seen, until * total))) / 2

    return value


def warm_up(images: int, then: Schedule | None = None) -> Schedule:
    """Return `then` (by default 1), times a factor that grows from 0 to 1 over so many images.

    At the first batch, which has seen no image, the factor is that of one image, not 0.
    """
    if images < 1:
        raise ValueError(f"a warm-up of {images} images is none: it must be at least 1")
    after = then or constant(1.0)
    return lambda seen, total: after(seen, total) * _share(max(seen, 1), images)


def _share(seen: int, whole: float) -> float:
    """Return which share of `whole` was seen, at most 1."""
    return min(seen / whole, 1.0)


def _check_share(until: float) -> None:
    if not 0 < until <= 1:
        raise ValueError(f"until must be a share of the run, above 0 and at most 1, not {until}")
