"""What is known of a run while it goes on, in numbers and words, for displays to draw."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.runs.health import Watch
from ganzoo.runs.quantities import QUALITY, labels, measured
from ganzoo.train.events import Drawn, Evaluated, Event, Finished, Logged, Stepped

Update = Callable[[Event], None]
"""A function that takes in the next event and shows it."""

MOST = 500  # values of a curve that are kept


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The facts about a run that are known before its first event."""

    run: Path
    plan: Mapping[str, str]
    epochs: int
    steps: int
    images: int  # in an epoch
    scores: str  # of the objective: "logits", "critic" or "wasserstein"
    judged: bool = False  # whether the pictures are judged
    earlier: Sequence[Mapping[str, Any]] = ()  # entries of metrics.jsonl, if the run is resumed


class View:
    """What the events until now say of a run.

    Another thread may read it at any time: its values are never changed, only replaced.
    """

    def __init__(self, shown: Shown) -> None:
        self.shown = shown
        self.labels = labels(shown.scores) | (QUALITY if shown.judged else {})
        self.step = self.seen = 0
        self.rate: float | None = None  # images a second
        self.curves: dict[str, tuple[float, ...]] = dict.fromkeys(self.labels, ())
        self.warnings: tuple[str, ...] = ()
        self.evidence = "nothing measured yet"
        self.outcome = ""
        self._watch = Watch(shown.scores, shown.steps)
        self._yardstick: float | None = None
        self._clock = _Clock()
        for entry in shown.earlier:
            self._note(entry)

    def update(self, event: Event) -> None:
        """Take in the next event; most events are steps, so a step must cost almost nothing."""
        if isinstance(event, Stepped):
            self.step, self.seen = event.state.step, event.state.samples_seen
        elif isinstance(event, Logged):
            self.rate = event.images_per_second
            self._note({"step": event.state.step, **event.metrics})
        elif isinstance(event, Drawn) and event.diversity is not None:
            self._note({"step": event.state.step, "diversity": event.diversity})
        elif isinstance(event, Evaluated):
            where = {"step": event.state.step, "epoch": event.epoch}
            self._note({**where, **event.scores, "yardstick": event.yardstick})
        elif isinstance(event, Finished):
            self.outcome = event.outcome
        else:  # the first of them, among others
            self.step, self.seen = event.state.step, event.state.samples_seen
            self._clock.begin(self.step)

    def _note(self, entry: Mapping[str, Any]) -> None:
        """Take in an entry of metrics.jsonl: curves, warnings and evidence."""
        self._watch.see(entry)
        self.warnings = tuple(self._watch.warnings.values())
        self.evidence = f"nothing wrong: {self._watch.evidence()}".rstrip(": ")
        values = measured(entry, self.shown.scores)
        if "frechet" in entry:
            if entry.get("yardstick") != self._yardstick:  # those before cannot be compared
                self._yardstick = entry.get("yardstick")
                self.curves |= dict.fromkeys(QUALITY, ())
            values |= {name: float(entry[name]) for name in QUALITY if name in entry}
        self.curves = {
            name: (*curve, values[name])[-MOST:] if name in values else curve
            for name, curve in self.curves.items()
        }

    @property
    def epoch(self) -> tuple[int, float]:
        """The number of the present epoch, from 1 on, and its share that is done, from 0 to 1.

        The last batch may reach beyond the last epoch. That epoch is then done, and no other has
        begun.
        """
        number = min(max(1, -(-self.seen // self.shown.images)), self.shown.epochs)
        return number, min(1.0, self.seen / self.shown.images - (number - 1))

    def time(self) -> str:
        """Return how long the run still takes, or how long it took, in words."""
        taken, left = self._clock.read(self.step, self.shown.steps)
        if self.outcome:
            return f"took {_clock_face(taken)}"
        return "" if left is None else f"{_clock_face(left)} left"

    def speed(self, unit: str = " images/s") -> str:
        """Return the real images per second in words, or "" before they are measured."""
        return "" if self.rate is None else f"{self.rate:,.0f}{unit}"


class _Clock:
    """A clock that guesses the remaining time from the mean speed until now.

    It looks at the time only when somebody reads it, so a step costs nothing.
    """

    def __init__(self) -> None:
        self.start: tuple[int, float] | None = None
        self.last = (0, 0.0)

    def begin(self, step: int) -> None:
        """Begin to measure; only the first call does something."""
        self.start = self.start or (step, time.monotonic())

    def read(self, step: int, steps: int) -> tuple[float, float | None]:
        """Return the seconds since `begin`, and those until `steps` are done; None if unknown."""
        if self.start is None:
            return 0.0, None
        first, began = self.start
        now = time.monotonic()
        if step != self.last[0]:
            self.last = (step, now)
        done = step - first
        left = (self.last[1] - began) / done * (steps - step) if done > 0 else None
        return now - began, left


def roughly(value: float) -> str:
    """Return a limit of a scale as text of at most seven characters."""
    size = abs(value)
    if size >= 1000 or 0 < size < 0.001:
        return f"{value:.0e}"
    return f"{value:.4f}" if 0 < size < 0.1 else f"{value:.2f}"


def _clock_face(seconds: float) -> str:
    """Return a time as "h:mm:ss" or "m:ss"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
