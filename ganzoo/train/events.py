"""The events of a run, for whoever iterates over it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganzoo.train.state import TrainState


@dataclass(frozen=True)
class Event:
    """Something that happened, and the state right after it.

    Look at the state before you go on iterating: the next step changes it. Its networks are in
    evaluation mode, so `state.shown(z)` draws as an exported model does.
    """

    state: TrainState
    epoch: int  # whole epochs done
    steps: int  # batches that the run will take


@dataclass(frozen=True)
class Started(Event):
    """The networks are built; nothing is trained yet."""


@dataclass(frozen=True)
class Stepped(Event):
    """One batch is done. A GPU may still be at work on it: nobody waited for it."""


@dataclass(frozen=True)
class Logged(Event):
    """The metrics of a window of `log_every` batches, or of fewer where an epoch ends.

    `metrics` has the means of loss_d, loss_g, d_real = D(x) and d_fake = D(G(z)), and the norms of
    the last batch's gradients, grad_d and grad_g. d_real and d_fake are probabilities for logits
    and raw scores for critics. What was not measured is left out, as some networks are not trained
    in every batch. `images_per_second` counts real images, and leaves out the time in which
    somebody drew or saved. `scheduled` has what the architecture's schedules gave in the last
    batch, and in place of a factor the learning rates that it made, learning_rate_g and _d.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    images_per_second: float = math.nan
    scheduled: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class EpochEnded(Event):
    """Every image of the data set was used once more."""


@dataclass(frozen=True)
class EvaluationDue(Event):
    """It is time to judge the pictures; the state is finite. A checkpoint of this step is later."""


@dataclass(frozen=True)
class CheckpointDue(Event):
    """It is time to save the state, which is finite. All other events of this step came before."""

    last: bool = False  # whether nothing is trained after it


@dataclass(frozen=True)
class Drawn(Event):
    """Samples were drawn. The recorder yields this; `fit` draws nothing.

    `picture` is the file of their grid, if it was written. `diversity`, measured after an epoch,
    is how much the samples differ, as a share of how much real images do.
    """

    picture: Path | None = None
    diversity: float | None = None


@dataclass(frozen=True)
class Evaluated(Event):
    """Pictures were judged. The recorder yields this; `fit` judges nothing.

    `scores` are the measures by name, "frechet" and "coverage". Scores with another `yardstick`
    are of other real images, features or numbers of images, and cannot be compared.
    """

    scores: dict[str, float] = field(default_factory=dict)
    yardstick: int = 0
    seconds: float = math.nan  # that it took


@dataclass(frozen=True)
class Warned(Event):
    """Something looks wrong; `text` says what, and what shows it."""

    text: str = ""


@dataclass(frozen=True)
class Finished(Event):
    """The last event. `outcome` is "completed", or "stopped" if `stop()` said so."""

    outcome: str = "completed"
    mid_epoch: bool = False  # whether the last step was not the last of an epoch
