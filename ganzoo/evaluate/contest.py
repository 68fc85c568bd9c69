"""Architectures after equal seconds of training: their laps, and statistics over the seeds."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ganzoo.draw.pixels import Pixels
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.evaluate.measures import MEASURES
from ganzoo.evaluate.ranking import ranked

LATE = 1.1
"""Ratio of the seconds that a run was trained for to those asked for, from which on it is told."""


@dataclass(frozen=True, kw_only=True)
class Lap:
    """The end of one lap of one run: an architecture, trained with a seed for so many seconds."""

    name: str
    seed: int
    number: int  # from 1 on; 0 where the run was not begun
    asked: float
    """Seconds of training that were asked for until the end of this lap."""

    seconds: float
    """Seconds of training that it took: a lap ends with the step in which its time is over."""

    steps: int
    samples_seen: int
    evaluation: Evaluation | None = None
    why: str = ""
    """Why the run ended here, or why there is no evaluation; "" where all is well."""

    @property
    def late(self) -> bool:
        """Whether the run was trained for much longer than was asked for, as with long steps."""
        return self.seconds > LATE * self.asked

    @property
    def overtime(self) -> str:
        """How long it was trained, and how long it was to be, in words without a full stop."""
        return f"was trained for {self.seconds:.3g} s instead of {self.asked:.3g} s"


@dataclass(frozen=True, kw_only=True)
class Contest:
    """What was trained, and how good its pictures were after each lap.

    `about` says what was asked for, such as ("seconds", "300"). `pictures` are uint8 (n, H, W, C)
    by the architecture's name; the page shows them in one row.
    """

    laps: Sequence[Lap]
    about: Sequence[tuple[str, str]] = ()
    pictures: Mapping[str, Pixels] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The architectures, in the order of the laps."""
        return list(dict.fromkeys(lap.name for lap in self.laps))

    @property
    def last(self) -> list[Lap]:
        """The laps with the most seconds that any run reached: one for each run that did."""
        end = max((lap.number for lap in self.laps), default=0)
        return [lap for lap in self.laps if lap.number == end]


Spread = tuple[float, float | None]
"""Mean, and standard deviation (n - 1 in the denominator), which takes two values."""


@dataclass(frozen=True)
class Result:
    """What one architecture reached: mean and standard deviation over seeds, by measure."""

    name: str
    seeds: list[int]
    """Seeds that are in the means: those that were trained to the end and judged."""

    scores: dict[str, Spread]
    training: dict[str, Spread]
    """What was done: "seconds", "steps", "samples_seen" and "images_per_second"."""

    missing: list[str]
    """Why other seeds are not in the means, one line each."""

    late: list[str]
    """What was trained for much longer than the others, one line for each seed."""

    @property
    def notes(self) -> list[str]:
        """What a reader of its numbers should know, one sentence each."""
        return [f"{self.name}, {line}." for line in (*self.missing, *self.late)]


@dataclass(frozen=True)
class Table:
    """Results that can be compared, the smallest mean Fréchet distance first."""

    of: Evaluation  # any of them: all have its features, real images, and number of images
    results: list[Result]
    floor: dict[str, float]
    ceiling: dict[str, tuple[float, float]]
    """Smallest and largest value of what was not trained."""

    why: str = ""
    """Why these cannot be compared with the results of the first table."""


def tables(contest: Contest) -> list[Table]:
    """Return the results after the last lap, in a table for each kind of evaluation."""
    judged = {(lap.name, lap.seed): lap.evaluation for lap in contest.last if lap.evaluation}
    groups = ranked(judged)
    found = []
    for group in groups:
        one = next(iter(group.values()))
        why = "; ".join(next(iter(groups[0].values())).differences(one))
        names = dict.fromkeys(name for name, _ in group)
        results = [_result(contest, name, group) for name in names]
        results.sort(key=lambda result: result.scores["frechet"][0])
        found.append(Table(one, results, *_limits([*group.values()]), why))
    return found


def missing(contest: Contest, found: Sequence[Table]) -> list[str]:
    """Return a line for each architecture that no seed brought into a table, and why."""
    there = {result.name for table in found for result in table.results}
    reasons = {
        lap.name: f"{lap.name}: {lap.why or 'it is not finished'}"
        for lap in contest.laps
        if lap.name not in there
    }
    return [*reasons.values()]


def _result(contest: Contest, name: str, judged: Mapping[tuple[str, int], Evaluation]) -> Result:
    """Return what an architecture reached with the seeds that were judged."""
    of_seed = {seed: e for (other, seed), e in judged.items() if other == name}
    several = [*of_seed.values()]
    shown = [measure for measure in MEASURES if all(measure in e.scores for e in several)]
    scores = {measure: spread([e[measure] for e in several]) for measure in shown}
    reasons = {
        lap.seed: lap.why or "it is not finished"
        for lap in contest.laps
        if lap.name == name and lap.seed not in of_seed
    }
    left_out = [f"seed {seed}: {why}" for seed, why in reasons.items()]
    laps = [lap for lap in contest.last if lap.name == name and lap.seed in of_seed]
    late = [f"seed {lap.seed}: it {lap.overtime}" for lap in laps if lap.late]
    return Result(name, sorted(of_seed), scores, _training(laps), left_out, late)


def _training(laps: Sequence[Lap]) -> dict[str, Spread]:
    """Return what was done until the end of `laps`, each of another seed."""
    return {
        "seconds": spread([lap.seconds for lap in laps]),
        "steps": spread([lap.steps for lap in laps]),
        "samples_seen": spread([lap.samples_seen for lap in laps]),
        "images_per_second": spread([lap.samples_seen / (lap.seconds or 1.0) for lap in laps]),
    }


def spread(values: Sequence[float]) -> Spread:
    """Return the mean and the standard deviation; None for that of a single value."""
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None


def _limits(
    several: Sequence[Evaluation],
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Return the values of real images, and the range of those of untrained generators."""
    floor = {n: score.floor for n, score in several[0].scores.items() if score.floor is not None}
    ceiling = {}
    for name in several[0].scores:
        known = [e.scores[name].ceiling for e in several if name in e.scores]
        if values := [value for value in known if value is not None]:
            ceiling[name] = (min(values), max(values))
    return floor, ceiling
