"""The power goes while ganzoo writes to a real file system; the command again ends as ever.

A file system on a loop device is told to forget what it has not written yet (FS_IOC_SHUTDOWN), the
process is killed, and the file system is mounted again and repairs itself from its journal.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

SHUTDOWN, NOTHING_FLUSHED = 0x8004587D, struct.pack("I", 2)
TRAIN = (
    "train", "mlp_gan", "--set", "hidden=64", "--data", "../pictures", "--runs", "runs",
    "--batch-size", "8", "--epochs", "40", "--save-every", "4", "--snapshots", "99", "--no-report",
)  # fmt: skip
EXPORT = ("export", "--onnx", "-o", "x.onnx")
CUTS = 20  # of each kind
LAST = "runs/*/checkpoints/step-00000200/model.safetensors"


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Begin a command of ganzoo in a folder, with its cache there."""
    return subprocess.Popen(
        [sys.executable, "-m", "ganzoo", *arguments],
        cwd=folder,
        env=os.environ | {"GANZOO_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """Return the exit code and the output of a command."""
    running = start(folder, *arguments)
    said = running.communicate(timeout=300)[0]
    return running.returncode, said


def digest(folder: Path, pattern: str) -> str:
    """Return the SHA-256 of the one file that fits."""
    (file,) = folder.glob(pattern)
    return hashlib.sha256(file.read_bytes()).hexdigest()


class Machine:
    """A machine whose power can go: a folder on a file system of its own."""

    def __init__(self, folder: Path) -> None:
        self.image, self.disk = folder / "disk.img", folder / "disk"
        self.disk.mkdir(parents=True)
        with self.image.open("wb") as file:
            file.truncate(96 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", self.image], check=True)

    @contextmanager
    def on(self) -> Iterator[None]:
        """Have power."""
        subprocess.run(["mount", "-o", "loop", self.image, self.disk], check=True)
        try:
            yield
        finally:
            subprocess.run(["umount", self.disk], check=True)

    def cut(self, running: subprocess.Popen[str]) -> None:
        """Lose what is not on the disk, and end the process, as it cannot end itself."""
        where = os.open(self.disk, os.O_RDONLY)
        try:
            fcntl.ioctl(where, SHUTDOWN, NOTHING_FLUSHED)
        finally:
            os.close(where)
        running.kill()
        running.communicate()


class Undisturbed(NamedTuple):
    """A folder in which all was done without a cut, the seconds that took, and the results."""

    folder: Path
    seconds: float
    weights: str
    exported: str


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    if os.geteuid() or not shutil.which("mkfs.ext4") or not Path("/dev/loop-control").exists():
        pytest.skip("only root can mount the file system of a loop device")
    folder = tmp_path_factory.mktemp("machines") / "undisturbed"
    (folder.parent / "pictures").mkdir()
    for number in range(40):
        pixels = np.random.default_rng(number).integers(0, 256, (28, 28), np.uint8)
        Image.fromarray(pixels).save(folder.parent / "pictures" / f"{number}.png")
    folder.mkdir()
    assert run(folder, *TRAIN)[0] == 0
    began = time.monotonic()
    assert run(folder, *EXPORT)[0] == 0
    took = time.monotonic() - began
    return Undisturbed(folder, took, digest(folder, LAST), digest(folder, "x.onnx"))


def wait(running: subprocess.Popen[str], sign: Path) -> None:
    """Wait until this folder exists, or the process has ended."""
    while running.poll() is None and not sign.exists():
        time.sleep(0.001)


@pytest.mark.tail
@pytest.mark.parametrize("number", range(CUTS))
@pytest.mark.parametrize(("sign", "longest"), [("cache/images", 0.03), ("runs", 1.0)])
def test_training_again(undisturbed: Undisturbed, sign: str, longest: float, number: int) -> None:
    """Cuts while images are decoded, and while checkpoints are written."""
    machine = Machine(undisturbed.folder.parent / f"{sign.partition('/')[0]}-{number}")
    (machine.disk.parent / "pictures").symlink_to(undisturbed.folder.parent / "pictures")
    with machine.on():
        running = start(machine.disk, *TRAIN)
        wait(running, machine.disk / sign)
        time.sleep(longest * number / CUTS)
        assert running.poll() is None
        machine.cut(running)
    with machine.on():
        code, said = run(machine.disk, "resume")
        if code == 5:  # no run, or none that has a checkpoint: it is begun anew
            shutil.rmtree(machine.disk / "runs", ignore_errors=True)
            code, said = run(machine.disk, *TRAIN)
        assert (code, digest(machine.disk, LAST)) == (0, undisturbed.weights), said
    machine.image.unlink()


@pytest.mark.tail
@pytest.mark.parametrize("number", range(CUTS))
def test_exporting_again(undisturbed: Undisturbed, number: int) -> None:
    machine = Machine(undisturbed.folder.parent / f"export-{number}")
    with machine.on():
        shutil.copytree(undisturbed.folder / "runs", machine.disk / "runs")
        os.sync()
        running = start(machine.disk, *EXPORT)
        time.sleep(undisturbed.seconds * (0.5 + 0.5 * number / CUTS))  # it imports first
        machine.cut(running)
    with machine.on():
        code, said = run(machine.disk, *EXPORT)
        assert code in (0, 6), said  # 6: it had been written
        assert digest(machine.disk, "x.onnx") == undisturbed.exported, said
    machine.image.unlink()
