"""How long a run takes, and what is due after each of its steps.

Values that change in the course of a run, such as a learning rate, are in `train/optimizing.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from ganzoo.config import TrainConfig
from ganzoo.errors import UsageError

Unit = Literal["steps", "epochs", "minutes"]
_UNITS: dict[str, Unit] = {"": "steps", "s": "steps", "e": "epochs", "m": "minutes"}


@dataclass(frozen=True)
class Every:
    """Once in so many steps, epochs or minutes: `500`, `2 epochs`, `10 minutes`."""

    count: float = 1
    unit: Unit = "epochs"

    @classmethod
    def parse(cls, text: str, where: str = "") -> Every:
        """Read `500`, `500 steps`, `2 epochs` or `10 minutes`, in short `500s`, `2e` or `10m`.

        Only minutes may have a fraction. UsageError, which begins with `where`, for all else.
        """
        found = re.fullmatch(r"([0-9]*\.?[0-9]+) ?(s|steps?|e|epochs?|m|min|minutes?|)", text)
        if found:
            count, unit = float(found[1]), _UNITS[found[2][:1]]
            if count > 0 and (unit == "minutes" or count == int(count)):
                return cls(count, unit)
        raise UsageError(f"{where}'{text}' is not like 500 (steps), '2 epochs' or '10 minutes'")

    def passed(self, step: int, epoch: int) -> int:
        """Return how often it was due up to then, for steps and epochs; 0 for minutes."""
        return int({"steps": step, "epochs": epoch, "minutes": 0}[self.unit] // self.count)

    def is_late(self, seconds: float) -> bool:
        """Return whether it is due so many seconds after the last time; False but for minutes."""
        return self.unit == "minutes" and seconds >= 60 * self.count


EACH_EPOCH = Every(1, "epochs")


@dataclass(frozen=True)
class Due:
    """What is due after a step."""

    epoch_ended: bool  # the step used the last image of an epoch
    log: bool  # the metrics since they were last cleared are to be logged
    clear: bool  # a window of metrics ends, and the next step begins another
    evaluate: bool  # the pictures are to be judged
    save: bool  # the state is to be saved
    last: bool  # nothing is trained after it


@dataclass(frozen=True)
class Schedule:
    """When a run logs, is judged, saves and ends, as a function of how far it is.

    It keeps no counters. So a run that goes on after a break has the same schedule as one without.
    """

    config: TrainConfig
    images: int  # in the data set
    save_every: Every = EACH_EPOCH
    eval_every: Every | None = None  # of steps or epochs, and at the end; None for never
    save_evaluated: bool = False  # whether each state that is judged is saved, too

    @cached_property
    def steps(self) -> int:
        """How many batches the run takes."""
        return total_steps(self.config, self.images)

    def epoch(self, samples_seen: int) -> int:
        """Return how many whole epochs are done after so many images."""
        return samples_seen // self.images

    def in_turn(self, every: Every, step: int, samples_seen: int) -> bool:
        """Return whether something is due after `step` batches because it is its turn."""
        epoch, before = self.epoch(samples_seen), self.epoch(samples_seen - self.config.batch_size)
        return every.passed(step, epoch) > every.passed(step - 1, before)

    def after(
        self, step: int, samples_seen: int, *, stopping: bool = False, late: bool = False
    ) -> Due:
        """Return what is due after `step` batches, which had `samples_seen` images in all.

        `stopping` says that the run is to end here, `late` that a checkpoint is due by the clock.
        All processes of a run must give the same two, or they wait for each other for ever.
        """
        epoch, before = self.epoch(samples_seen), self.epoch(samples_seen - self.config.batch_size)
        window_ended = epoch > before or step % self.config.log_every == 0
        completed = step >= self.steps
        # The end is judged as well: it may be the best.
        evaluate = self.eval_every is not None and (
            completed or self.in_turn(self.eval_every, step, samples_seen)
        )
        return Due(
            epoch_ended=epoch > before,
            log=window_ended or completed,
            # A run that ends within a window keeps it: more epochs may be asked for later.
            clear=window_ended,
            evaluate=evaluate,
            save=self.in_turn(self.save_every, step, samples_seen)
            or late
            or stopping
            or completed
            or (evaluate and self.save_evaluated),
            last=stopping or completed,
        )


class Stopwatch:
    """Seconds since it was started, by a clock that may be another than the system's."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.restart()

    def restart(self) -> None:
        """Begin again at 0."""
        self.begin = self.clock()

    @property
    def seconds(self) -> float:
        """How long it has run, pauses left out."""
        return self.clock() - self.begin

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave out the time that passes inside."""
        began = self.clock()
        yield
        self.begin += self.clock() - began


def total_steps(config: TrainConfig, images: int) -> int:
    """Return how many batches a run takes; the last one may reach into one more epoch."""
    steps = math.ceil(config.epochs * images / config.batch_size)
    return min(steps, config.max_steps or steps)


def epochs_of(config: TrainConfig, images: int) -> int:
    """Return how many epochs a run sees, the last perhaps only in part."""
    return min(config.epochs, math.ceil(total_steps(config, images) * config.batch_size / images))


def sized(config: TrainConfig, images: int) -> TrainConfig:
    """Return `config` with its batch size halved until an epoch has at least eight batches.

    No batch gets smaller than sixteen images by this.
    """
    size = config.batch_size
    while size > 16 and images < 8 * size:
        size //= 2
    return replace(config, batch_size=size)
