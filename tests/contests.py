"""A contest made by hand: three architectures that can be compared, one of other features."""

from __future__ import annotations

import numpy as np

from ganzoo.evaluate.contest import Contest, Lap
from ganzoo.evaluate.evaluation import Evaluation
from tests.judged import evaluation

NAN = "the generator's loss is nan at step 7"


def lap(name: str, seed: int, number: int, judged: Evaluation | None, why: str = "") -> Lap:
    """The end of a lap of half a minute."""
    return Lap(
        name=name, seed=seed, number=number, asked=30.0 * number,
        seconds=30.0 * number + seed, steps=number, samples_seen=64 * number,
        evaluation=judged, why=why,
    )  # fmt: skip


CONTEST = Contest(
    laps=[
        *(lap("bad", seed, 1, evaluation(60)) for seed in (0, 1, 2)),
        *(lap("bad", seed, 2, evaluation(20 + seed)) for seed in (0, 1, 2)),
        *(lap("good", seed, 1, evaluation(30 + seed)) for seed in (0, 1, 2)),
        *(lap("good", seed, 2, evaluation(4 + 2 * seed)) for seed in (0, 1)),
        lap("good", 2, 1, evaluation(50), NAN),
        lap("lost", 0, 1, None, NAN),
        *(lap("other", 0, n, evaluation(1, features="patches")) for n in (1, 2)),
    ],
    about=[("seconds asked for", "60")],
    pictures={"good": np.zeros((8, 28, 28, 1), np.uint8)},
)
