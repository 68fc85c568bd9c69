"""What is said of a run that goes wrong, and when."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ganzoo import TrainConfig
from ganzoo.runs import health
from ganzoo.runs.folder import Run
from ganzoo.runs.recorder import record
from ganzoo.runs.saving import Saving
from ganzoo.train.events import Warned
from ganzoo.train.loop import fit
from tests.conftest import make_job

SURE = {"d_real": 0.995, "d_fake": 0.004}


def test_a_sure_discriminator_is_saturated_after_five_entries() -> None:
    entries = [{"step": 10 * i, **SURE} for i in range(1, 6)]
    told = health.saturation([{"step": 1, "d_real": 0.6, "d_fake": 0.5}, *entries])
    assert told == (
        "saturated discriminator: D(x) over 0.994, D(G(z)) under 0.005 since step 10, which "
        "teaches the generator little"
    )
    assert health.saturation(entries[:4]) is None
    assert health.saturation([*entries[:4], {"step": 50, "d_real": 0.995, "d_fake": 0.03}]) is None
    assert health.saturation([*entries, {"step": 60, "diversity": 0.9}]) == told  # of an epoch
    told = health.saturation([{"step": 1, "d_real": 1.0, "d_fake": 0.0}] * 5)
    assert told is not None
    assert "D(x) over 0.999, D(G(z)) under 0.001 since" in told


def spread(steps: int, *shares: float) -> list[dict[str, float]]:
    """Diversities after epochs of so many steps."""
    return [{"step": steps * i, "diversity": share} for i, share in enumerate(shares, start=1)]


def test_collapse_takes_two_epochs() -> None:
    assert health.collapse(spread(900, 0.1)) is None
    assert health.collapse(spread(900, 0.1, 0.3)) is None
    told = health.collapse(spread(900, 0.3, 0.1, 0.05))
    assert told is not None
    assert "differ 5% as much as two real ones" in told


def test_collapse_takes_five_hundred_steps() -> None:
    """With few images these are many epochs."""
    rising = [0.004, 0.004, 0.013, 0.026, 0.1, 0.16, 0.2, 0.3]  # fastgan's, of 40 images
    assert health.collapse(spread(5, *rising[:-1])) is None
    alike = [0.1] * 100
    assert health.collapse(spread(5, *alike)) is None
    assert health.collapse(spread(5, *alike, 0.05)) is not None
    assert health.collapse(spread(5, *alike, 0.26)) is None
    assert health.collapse(spread(5, 0.3, *alike, 0.3, *alike)) is None
    assert health.collapse(spread(5, 0.3, *alike, 0.05)) is not None


def test_a_watch_tells_of_collapse_as_long_as_it_lasts() -> None:
    watch = health.Watch("critic", 5000)
    entries = spread(100, 0.2, 0.1, 0.3, *[0.2] * 8, 0.4, *[0.1] * 6)
    told = [len(texts) for texts in map(watch.see, entries)]
    assert [i for i, count in enumerate(told, start=1) if count] == [9, 18]
    assert "10%" in watch.warnings["collapse"]
    assert watch.evidence() == "diversity 0.10"


def judged(*distances: float, yardstick: int = 1) -> list[dict[str, float]]:
    """Evaluations after each 100 steps, which are an epoch."""
    return [
        {"step": 100 * i, "epoch": i, "frechet": distance, "yardstick": yardstick}
        for i, distance in enumerate(distances, start=1)
    ]


WORSE = (9, 5.12, 6, 6.5, 7.1, 7.6, 7.93)


def test_pictures_that_get_worse_for_a_third_of_the_run() -> None:
    told = health.worsening(judged(*WORSE), 1200)
    assert told == (
        "worsening pictures: FD was 5.12 at epoch 2 and is 7.93 now, where less is better; "
        "the best checkpoint can be exported"
    )
    assert health.worsening(judged(*WORSE), 1500) is None  # the best is not so far back
    assert health.worsening(judged(*WORSE, 5.3), 1200) is None  # it is back
    assert health.worsening(judged(*WORSE, 5.0), 1200) is None  # it is the best now
    assert health.worsening(judged(9, 5.12, 7.9), 150) is None  # that is one evaluation
    other = [*judged(9, 1, yardstick=2), *judged(*WORSE)[2:]]
    assert health.worsening(other, 1200) is None  # by other features it was better


def test_distances_that_go_up_and_down_are_no_worsening() -> None:
    assert health.worsening(judged(9, 5, 8, 5.2, 7.8, 5.1, 8, 5.3, 7.9), 1200) is None
    assert health.worsening(judged(9, 5, 5.2, 5.3, 5.4, 5.45, 5.48), 1200) is None


def test_a_watch_tells_of_it_once() -> None:
    watch = health.Watch("critic", 1200)
    told = [watch.see(entry) for entry in judged(*WORSE, 8.1, 8.2)]
    assert [bool(texts) for texts in told] == [False] * 6 + [True] + [False] * 2
    watch.see({"step": 901, "loss_d": 1.0})
    assert "FD was 5.12 at epoch 2 and is 8.2 now" in watch.warnings["worsening"]


class Same(torch.nn.Module):
    """A generator that draws one image, whatever it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.image = torch.nn.Parameter(torch.zeros(1, 1, 28, 28))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.image.expand(len(z), 1, 28, 28).tanh()


def test_a_run_says_it_once_and_goes_on(tmp_path: Path) -> None:
    config = TrainConfig(batch_size=8, epochs=30)
    job = make_job("mlp_gan", {"hidden": (8,)}, config, images=160)
    collapsed = replace(job.loaded.value, generator=Same)
    job = replace(job, loaded=replace(job.loaded, value=collapsed))
    run = Run.create(tmp_path, "x", job.facts(Saving()))
    events = [*record(run, fit(collapsed, job.images.pixels, config), job, snapshots=())]
    warned = [event for event in events if isinstance(event, Warned)]
    assert [(event.epoch, event.text[:41]) for event in warned] == [
        (26, "collapsed generator: two images differ 0%")
    ]
    assert events[-1].state.step == 600
    lines: list[dict[str, Any]] = [
        json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()
    ]
    assert [line["diversity"] for line in lines if "diversity" in line] == [0] * 30
