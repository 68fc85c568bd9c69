"""When a run logs, saves and ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ganzoo import TrainConfig
from ganzoo.errors import UsageError
from ganzoo.train.schedule import (
    EACH_EPOCH,
    Due,
    Every,
    Schedule,
    Stopwatch,
    epochs_of,
    sized,
    total_steps,
)


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("500", Every(500, "steps")),
        ("1 step", Every(1, "steps")),
        ("2 epochs", Every(2, "epochs")),
        ("3e", Every(3, "epochs")),
        ("0.5 minutes", Every(0.5, "minutes")),
        ("10m", Every(10, "minutes")),
    ],
)
def test_how_often(text: str, every: Every) -> None:
    assert Every.parse(text) == every


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "2 weeks", "0.5 epochs", "inf", "1 e 2"])
def test_how_not(text: str) -> None:
    with pytest.raises(UsageError):
        Every.parse(text)


@pytest.mark.parametrize(
    ("changes", "images", "steps", "epochs"),
    [
        ({"epochs": 2, "batch_size": 8}, 20, 5, 2),
        ({"epochs": 2, "batch_size": 7}, 20, 6, 2),
        ({"epochs": 20, "max_steps": 3, "batch_size": 8}, 20, 3, 2),
        ({"epochs": 1, "batch_size": 64}, 20, 1, 1),
        ({"epochs": 1, "batch_size": 5, "max_steps": 100}, 20, 4, 1),
    ],
)
def test_how_many_steps_and_epochs(
    changes: dict[str, Any], images: int, steps: int, epochs: int
) -> None:
    config = TrainConfig(**changes)
    assert total_steps(config, images) == Schedule(config, images).steps == steps
    assert epochs_of(config, images) == epochs


def test_a_batch_is_halved_until_an_epoch_has_eight() -> None:
    sizes = [sized(TrainConfig(batch_size=64), n).batch_size for n in (512, 511, 200, 10)]
    assert sizes == [64, 32, 16, 16]


# Epochs of two and a half batches.
CONFIG = TrainConfig(batch_size=8, epochs=3, log_every=2)


def story(schedule: Schedule) -> Iterator[tuple[int, Due]]:
    """What is due after each step of a run without a break."""
    for step in range(1, schedule.steps + 1):
        yield step, schedule.after(step, step * schedule.config.batch_size)


def test_what_is_due_in_a_run() -> None:
    due = list(story(Schedule(CONFIG, 20)))
    assert [step for step, d in due if d.epoch_ended] == [3, 5, 8]
    assert [step for step, d in due if d.log] == [2, 3, 4, 5, 6, 8]
    assert [step for step, d in due if d.clear] == [2, 3, 4, 5, 6, 8]
    assert [step for step, d in due if d.save] == [3, 5, 8]
    assert [step for step, d in due if d.last] == [8]


def test_a_run_that_ends_within_a_window_logs_it_and_keeps_it() -> None:
    """Its last checkpoint then holds what a run with more steps goes on with."""
    end = Schedule(TrainConfig(batch_size=8, max_steps=7, log_every=2), 20).after(7, 56)
    assert end == Due(
        epoch_ended=False, log=True, clear=False, evaluate=False, save=True, last=True
    )


@pytest.mark.parametrize(
    ("every", "steps"),
    [
        (Every(3, "steps"), [3, 6, 8]),
        (EACH_EPOCH, [3, 5, 8]),
        (Every(2, "epochs"), [5, 8]),
        (Every(1, "minutes"), [8]),
    ],
)
def test_a_checkpoint_in_turn_and_at_the_end(every: Every, steps: list[int]) -> None:
    assert [step for step, due in story(Schedule(CONFIG, 20, every)) if due.save] == steps


def test_one_that_is_late_is_due_at_once_and_changes_nothing_else() -> None:
    due = Schedule(CONFIG, 20, Every(1, "minutes")).after(1, 8, late=True)
    assert due == Due(
        epoch_ended=False, log=False, clear=False, evaluate=False, save=True, last=False
    )


def test_a_run_that_is_stopped_saves_and_logs_no_part_of_a_window() -> None:
    due = Schedule(CONFIG, 20).after(1, 8, stopping=True)
    assert due == Due(
        epoch_ended=False, log=False, clear=False, evaluate=False, save=True, last=True
    )


@pytest.mark.parametrize(
    ("every", "steps"),
    [
        (None, []),
        (Every(3, "steps"), [3, 6, 8]),
        (EACH_EPOCH, [3, 5, 8]),
        (Every(2, "epochs"), [5, 8]),
    ],
)
def test_pictures_are_judged_in_turn_and_at_the_end(every: Every | None, steps: list[int]) -> None:
    at_end = Every(9, "epochs")
    due = [*story(Schedule(CONFIG, 20, at_end, every))]
    assert [step for step, d in due if d.evaluate] == steps
    assert [step for step, d in due if d.save] == [8]
    due = [*story(Schedule(CONFIG, 20, at_end, every, save_evaluated=True))]
    assert [step for step, d in due if d.save] == sorted({*steps, 8})


def test_nothing_follows_a_run_that_is_complete() -> None:
    """As one is that goes on with fewer epochs than it has seen."""
    assert Schedule(CONFIG, 20).after(9, 72).last


def test_a_batch_larger_than_the_data_ends_epochs_with_every_step() -> None:
    schedule = Schedule(TrainConfig(batch_size=50, epochs=5), 20)
    assert [due.epoch_ended for _, due in story(schedule)] == [True, True]
    assert [schedule.epoch(step * 50) for step in (1, 2)] == [2, 5]


def test_images_may_have_come_in_batches_of_another_size() -> None:
    """What counts for epochs is how many images were seen, not how many steps were taken."""
    schedule = Schedule(CONFIG, 20)
    assert schedule.after(10, 44).epoch_ended
    assert not schedule.after(10, 52).epoch_ended


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_stopwatch_leaves_out_pauses() -> None:
    clock = Clock()
    watch = Stopwatch(clock)
    clock.now += 2
    with watch.paused():
        clock.now += 30
    assert watch.seconds == 2
    clock.now += 1
    assert watch.seconds == 3
    watch.restart()
    clock.now += 5
    assert watch.seconds == 5
