"""Checkpoints at every moment of being written: a crash, a power cut, a full disk, damage."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from ganzoo import TrainConfig
from ganzoo.data import open_images
from ganzoo.errors import ModelFileError
from ganzoo.runs.checkpoints import Checkpoint, Checkpoints
from ganzoo.runs.folder import Run
from ganzoo.runs.job import Job
from ganzoo.runs.recorder import record
from ganzoo.runs.saving import Saving
from ganzoo.storage import Content, Disk
from ganzoo.train.device import Device
from ganzoo.train.loop import fit
from ganzoo.train.networks import CPU
from ganzoo.train.precision import Precision
from ganzoo.train.schedule import Every
from ganzoo.train.world import ALONE
from ganzoo.zoo import registry
from tests.conftest import Cli, tail
from tests.lives import content

FILES = {"a": [b"apple"], "b": [b"ban", b"ana"]}


class Crash(BaseException):
    """The process is gone."""


class Dying(Disk):
    """A disk whose process dies before its call number `last`; `torn`, in the middle of it."""

    def __init__(self, last: int, *, torn: bool = False) -> None:
        self.last, self.torn, self.calls = last, torn, 0

    def dies(self) -> bool:
        self.calls += 1
        if self.calls > self.last + 1:
            raise Crash
        if self.calls == self.last + 1 and not self.torn:
            raise Crash
        return self.calls == self.last + 1

    def create(self, folder: Path) -> None:
        self.then(self.dies(), super().create, folder)

    def write(self, file: Path, content: Content) -> None:
        if self.dies():
            whole = b"".join(content)
            super().write(file, [whole[: len(whole) // 2]])
            raise Crash
        super().write(file, content)

    def sync(self, path: Path) -> None:
        self.then(self.dies(), super().sync, path)

    def rename(self, old: Path, new: Path) -> None:
        self.then(self.dies(), super().rename, old, new)

    def remove(self, path: Path) -> None:
        self.then(self.dies(), super().remove, path)

    def then(self, dies: bool, call: Callable[..., None], *arguments: Path) -> None:
        if not dies:
            call(*arguments)
            return
        raise Crash


class Unplugged(Dying):
    """A disk that also loses its power then: what was not synced is gone."""

    def __init__(self, last: int, *, torn: bool = False) -> None:
        super().__init__(last, torn=torn)
        self.unsynced: list[Path] = []
        self.renames: list[tuple[Path, Path]] = []

    def write(self, file: Path, content: Content) -> None:
        self.unsynced.append(file)
        super().write(file, content)

    def sync(self, path: Path) -> None:
        super().sync(path)
        self.unsynced = [file for file in self.unsynced if file != path]
        self.renames = [(old, new) for old, new in self.renames if new.parent != path]

    def rename(self, old: Path, new: Path) -> None:
        super().rename(old, new)
        self.unsynced = [
            new / f.relative_to(old) if f.is_relative_to(old) else f for f in self.unsynced
        ]
        self.renames.append((old, new))

    def lose(self, *, renames: bool) -> None:
        """Take away what a power cut may take: contents, and with `renames` new names as well."""
        for file in self.unsynced:
            if file.exists():
                file.write_bytes(b"")
        for old, new in reversed(self.renames if renames else []):
            if new.exists() and not old.exists():
                os.rename(new, old)


@pytest.fixture(scope="module")
def job() -> Job:
    loaded = registry.load_architecture("mlp_gan", {"hidden": (8,)})
    images = open_images("toy_garments", loaded.value.image_shape, options={"count": "16"})
    config = TrainConfig(batch_size=8, epochs=5, log_every=3, ema=0.9)
    return Job(
        loaded=loaded, images=images, config=config, device=Device(CPU, "test"),
        precision=Precision("fp32", "test"), world=ALONE,
    )  # fmt: skip


def trained(job: Job, runs: Path, disk: Disk) -> Run:
    """A run of ten steps with a checkpoint after each second."""
    run = Run.create(runs, "x", job.facts(Saving(save_every="2")))
    events = fit(job.loaded.value, job.images.pixels, job.config, save_every=Every(2, "steps"))
    checkpoints = Checkpoints(run.path / "checkpoints", disk=disk)
    try:
        for _ in record(run, events, job, checkpoints):
            pass
    except Crash:
        pass
    return run


@pytest.fixture(scope="module")
def whole(job: Job, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], int]:
    """What the run ends in, and how many calls it takes."""
    disk = Dying(10**9)
    run = trained(job, tmp_path_factory.mktemp("whole"), disk)
    return content(run.path), disk.calls


KINDS = {  # and whether the call was begun, and names are lost as well
    "killed": (Dying, False, False),
    "torn": (Dying, True, False),
    "unplugged": (Unplugged, False, False),
    "unplugged-torn": (Unplugged, True, False),
    "unplugged-unnamed": (Unplugged, False, True),
}


@pytest.mark.parametrize(("moment", "how"), tail(product(range(120), KINDS), test=61, ci=7))
def test_a_crash_at_every_call(
    job: Job, whole: tuple[dict[str, Any], int], tmp_path: Path, cli: Cli,
    moment: int, how: str,
) -> None:  # fmt: skip
    kind, torn, renames = KINDS[how]
    expected, calls = whole
    if moment >= calls:
        pytest.skip("the run is over by then")
    disk = kind(moment, torn=torn)
    run = trained(job, tmp_path, disk)
    assert disk.calls > moment
    if isinstance(disk, Unplugged):
        disk.lose(renames=renames)
    done = cli("resume", run.path)
    assert done.code == 0, done.err
    assert content(run.path) == expected
    assert not [*run.path.rglob(".*")]
    assert len([*(run.path / "checkpoints").iterdir()]) == 2


def test_all_moments_are_tried(whole: tuple[dict[str, Any], int]) -> None:
    assert 110 < whole[1] <= 120


def test_a_checkpoint_is_there_or_not(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    commit = checkpoints.write(7, FILES)
    assert not [*checkpoints.newest_first()]
    assert commit() == tmp_path / "step-00000007"
    assert Checkpoint.open(tmp_path / "step-00000007").files == {"a": b"apple", "b": b"banana"}


def steps(checkpoints: Checkpoints) -> list[str]:
    return [path.name for path in checkpoints.newest_first()]


def test_the_newest_and_some_of_the_older_stay(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep=2, group=lambda step: step // 10)
    for step in range(3, 40, 3):
        checkpoints.write(step, FILES)()
    names = [f"step-{step:08d}" for step in (39, 36, 30, 21, 12)]
    assert steps(checkpoints) == names


def test_the_best_one_stays_until_there_is_a_better_one(tmp_path: Path) -> None:
    distances = {3: 9.0, 6: 5.0, 9: 7.0, 12: 8.0, 15: 4.0, 18: 6.0, 21: 6.5}
    checkpoints = Checkpoints(tmp_path, best=lambda there: min(there, key=lambda s: distances[s]))
    left = []
    for step in distances:
        checkpoints.write(step, FILES)()
        left.append([int(name[5:]) for name in steps(checkpoints)])
    assert left == [[3], [6, 3], [9, 6], [12, 9, 6], [15, 12], [18, 15], [21, 18, 15]]


def test_rejected_ones_stay_and_count_for_nothing(tmp_path: Path) -> None:
    rejected = [tmp_path / f"step-{step:08d}" for step in (20, 30)]
    for step in (10, 20, 30):
        Checkpoints(tmp_path, keep=3).write(step, FILES)()
    for path in rejected:
        (path / "a").write_bytes(b"apply")
    checkpoints = Checkpoints(tmp_path, rejected=set(rejected))
    for step in (15, 20, 25, 35):  # after going on from 10
        checkpoints.write(step, FILES)()
    left = {"damaged-step-00000020", "step-00000025", "step-00000030", "step-00000035"}
    assert {path.name for path in tmp_path.iterdir()} == left
    assert (tmp_path / "damaged-step-00000020" / "a").read_bytes() == b"apply"
    assert (tmp_path / "step-00000030" / "a").read_bytes() == b"apply"
    assert Checkpoint.open(tmp_path / "step-00000025")


def test_what_somebody_else_put_there_does_no_harm(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep=1)
    path = checkpoints.write(1, FILES)()
    shutil.copytree(path, tmp_path / "step-best")
    shutil.copytree(path, tmp_path / "step-00000001-copy")
    (path / ".ipynb_checkpoints").mkdir()
    (path / ".ipynb_checkpoints" / "notes").write_text("mine")
    checkpoints.write(2, FILES)()
    left = {"step-best", "step-00000001-copy", "step-00000002"}
    assert {path.name for path in tmp_path.iterdir()} == left


class Full(Disk):
    def write(self, file: Path, content: Content) -> None:
        if file.name == "b":
            super().write(file, [b"ba"])
            raise OSError(errno.ENOSPC, "No space left on device", str(file))
        super().write(file, content)


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    Checkpoints(tmp_path).write(1, FILES)()
    with pytest.raises(OSError, match="No space left"):
        Checkpoints(tmp_path, disk=Full()).write(2, FILES)
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001"]


@pytest.mark.parametrize(
    "manifest", [b"", b"[]", b"{}x", b"null", b'{"a": 1}', b'{"a": {}}', b"[" * 10**5, b'"\xff"']
)
def test_a_manifest_that_is_none(tmp_path: Path, manifest: bytes) -> None:
    Checkpoints(tmp_path).write(1, FILES)()
    (tmp_path / "step-00000001" / "MANIFEST.json").write_bytes(manifest)
    with pytest.raises(ModelFileError, match=r"MANIFEST\.json is damaged"):
        Checkpoint.open(tmp_path / "step-00000001")


def test_a_folder_that_vanishes_is_no_whole_checkpoint(tmp_path: Path) -> None:
    path = Checkpoints(tmp_path).write(1, FILES)()
    shutil.rmtree(path)
    with pytest.raises(ModelFileError, match="no whole checkpoint"):
        Checkpoint.open(path)
