"""A run that is killed, at any moment, any number of times, ends in the bits of one that is not."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import tail
from tests.lives import Nursery, content

DATA = ("--data", "toy_garments", "--set-data", "count=320", "--batch-size", 16)
SAVING = ("--save-every", 4, "--log-every", 5, "--epochs", 6)
GANS: dict[str, tuple[object, ...]] = {
    "mlp_gan": ("mlp_gan", "--set", "hidden=16,32", "--ema", 0.99),
    "mlp_gan_dropout": ("mlp_gan_dropout", "--set", "hidden=16,32", "--ema", 500),
    "dcgan_fashion": ("dcgan_fashion", "--set", "width=2", "--ema", 0.9),
    "wgan_clip": ("wgan_clip", "--set", "width=2", "--ema", 0.99),
}


def command(name: str, runs: Path) -> tuple[object, ...]:
    return "train", *GANS[name], *DATA, *SAVING, "--runs", runs


Expected = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def expected(lives: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Expected:
    """What the run of a name ends in that nobody disturbs."""

    @cache
    def undisturbed(name: str) -> dict[str, Any]:
        ended = lives.live(*command(name, tmp_path_factory.mktemp(name)))
        assert ended.code == 0, ended.err
        return content(Path(ended.out.splitlines()[-1]))

    return undisturbed


def finished(lives: Nursery, name: str, runs: Path, chance: random.Random, kills: int) -> Path:
    """A run that was killed so many times, each time gone on with, until it is done."""
    while True:
        there = any(runs.glob("*/run.json"))
        arguments = ("resume", "--runs", runs) if there else command(name, runs)
        kill = (chance.uniform(0.0, 0.8), signal.SIGKILL) if kills else None
        ended = lives.live(*arguments, kill=kill)
        kills -= 1
        if ended.code != -signal.SIGKILL:
            assert ended.code == 0, ended.err
            assert "rejected" not in ended.err
            assert "damaged" not in ended.err
            return Path(ended.out.splitlines()[-1])


@pytest.mark.parametrize(("seed", "name"), tail(product(range(13), GANS), test=52, ci=9))
def test_killed_at_random_it_ends_in_the_same_bits(
    lives: Nursery, expected: Expected, tmp_path: Path, name: str, seed: int
) -> None:
    """Thirteen runs of each of four architectures, each killed five times."""
    chance = random.Random(f"{name} {seed}")
    run = finished(lives, name, tmp_path, chance, 5)
    assert content(run) == expected(name)
    left = [path.name for path in run.rglob(".*")]
    assert not left


@pytest.mark.parametrize("seed", tail(zip(range(40)), test=21, ci=5))
def test_a_signal_at_any_moment(
    lives: Nursery, expected: Expected, tmp_path: Path, seed: int
) -> None:
    """In a step, during a save, while images are drawn: a checkpoint, the next command, a code."""
    chance = random.Random(seed)
    number, code = chance.choice([(signal.SIGTERM, 75), (signal.SIGINT, 130)])
    ended = lives.live(*command("mlp_gan", tmp_path), kill=(chance.uniform(0.1, 0.9), number))
    if any(tmp_path.glob("*/checkpoints/step-*")):
        *_, told, last = ended.out.splitlines()
        assert ended.code in (code, 0), ended.err
        if ended.code:
            assert told.startswith(f"stopped by {number.name} after step ")
            assert told.endswith(f"; go on with: ganzoo resume {last}")
            assert json.loads(Path(last, "status.json").read_text())["outcome"] == "stopped"
    else:  # it had not begun, and there is nothing to lose
        assert ended.code in (130, -number, code)
        assert ended.err.count("\n") <= 1
    run = finished(lives, "mlp_gan", tmp_path, chance, 0)
    assert content(run) == expected("mlp_gan")


def test_one_of_eight_wins(lives: Nursery, tmp_path: Path) -> None:
    run = stopped(lives, tmp_path)
    pids = lives.start(*[["resume", run] for _ in range(8)])
    wait_for(lambda: sum("in use" in error for error in lives.errors()) == 7)
    owner = int((run / "lock").read_text().split()[1])  # as in: process 532 on vm
    assert owner in pids
    os.kill(owner, signal.SIGTERM)
    ended = sorted(lives.wait(), key=lambda e: e.code)
    assert [e.code for e in ended] == [9] * 7 + [75], [e.err for e in ended]
    for loser in ended[:7]:
        assert loser.err.count("\n") == 1
        assert re.search(rf"{run} is in use by (process \d+ on|another process)", loser.err)


def stopped(lives: Nursery, runs: Path) -> Path:
    """A run that has a checkpoint, and would go on for ever."""
    run = runs / "mlp_gan-toy_garments-001"
    (pid,) = lives.start([*command("mlp_gan", runs), "--epochs", 10**6])
    wait_for(lambda: any((run / "checkpoints").glob("step-*")))
    os.kill(pid, signal.SIGTERM)
    assert [ended.code for ended in lives.wait()] == [75]
    return run


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(mounted, check=False).returncode:
        pytest.skip("this user may not mount a tmpfs")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)


def test_a_full_disk_loses_nothing(lives: Nursery, expected: Expected, small_disk: Path) -> None:
    ended = lives.live(*command("mlp_gan", small_disk), "--keep", 100)
    assert (ended.code, ended.err.count("\n")) == (6, 1), ended.err
    assert "No space left on device; make room in " in ended.err
    assert "; go on with: ganzoo resume" in ended.err
    (run,) = small_disk.iterdir()
    assert any((run / "checkpoints").glob("step-*"))
    assert not [*run.rglob(".*")]
    again = lives.live("resume", run)
    assert (again.code, again.err.count("\n")) == (6, 1), again.err
    remount(small_disk, "size=64m")
    assert lives.live("resume", run).code == 0
    assert content(run) == expected("mlp_gan")


def test_a_disk_to_read_only_says_so(lives: Nursery, small_disk: Path) -> None:
    remount(small_disk, "size=64m")
    run = stopped(lives, small_disk)
    before = sorted(os.walk(run))
    remount(small_disk, "ro")
    ended = lives.live("resume", run)
    remount(small_disk, "rw")
    assert (ended.code, ended.err.count("\n")) == (6, 1), ended.err
    assert "Read-only file system" in ended.err
    assert sorted(os.walk(run)) == before
