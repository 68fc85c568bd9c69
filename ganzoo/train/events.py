"""What happens while a run is trained, as whoever iterates over it hears of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganzoo.train.state import TrainState


@dataclass(frozen=True)
class Event:
    """Something that happened, and the state right after it: use it before you go on iterating."""

    state: TrainState
    epoch: int  # whole epochs done
    steps: int  # batches that the run will take


@dataclass(frozen=True)
class Started(Event):
    """The networks are built; nothing is trained yet."""


@dataclass(frozen=True)
class Stepped(Event):
    """One batch is done. The device may still be at work on it: nothing was waited for."""


@dataclass(frozen=True)
class Logged(Event):
    """The metrics of the batches since the last of these events.

    `metrics` has the means of loss_d, loss_g, d_real = D(x), d_fake = D(G(z)), the latter two as
    probabilities for logits and as raw scores for critics; a network that was not trained in these
    batches has none. `images_per_second` counts real images.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    images_per_second: float = math.nan


@dataclass(frozen=True)
class EpochEnded(Event):
    """The data set was used once more."""


@dataclass(frozen=True)
class CheckpointDue(Event):
    """It is time to save the state, which is finite; all that can be said of it was said before."""

    last: bool = False  # whether nothing is trained after it


@dataclass(frozen=True)
class Drawn(Event):
    """Samples were drawn; `fit` draws none, and the recorder says so where it does.

    `picture` is their grid, where it was kept; `diversity` is how much they differ, as a share of
    how much real images do: after an epoch.
    """

    picture: Path | None = None
    diversity: float | None = None


@dataclass(frozen=True)
class Warned(Event):
    """Something looks wrong; `text` says what, and by what one can tell."""

    text: str = ""


@dataclass(frozen=True)
class Finished(Event):
    """The last event. `outcome` is "completed", or "stopped" where `stop()` said so."""

    outcome: str = "completed"
    mid_epoch: bool = False  # whether the last step was not the last of an epoch
