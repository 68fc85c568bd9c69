"""A disk that is full, for every command that writes: the file and its folder are named."""

from __future__ import annotations

import os
import resource
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import Cli
from tests.draw.test_collect import content


@contextmanager
def no_room(after: int = 1000) -> Iterator[None]:
    """Make every file end after so many bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (after, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


COMMANDS: dict[str, tuple[list[str], str]] = {
    "sheet": (["sample", "ONNX", "-n", "16", "-o", "OUT/x.png"], "x.png"),
    "npz": (["sample", "ONNX", "-n", "16", "--npz", "OUT/x.npz"], "x.npz"),
    "tar": (["sample", "ONNX", "-n", "16", "--tar", "OUT/x.tar"], "x.tar"),
    "each": (["sample", "ONNX", "-n", "16", "--each", "OUT/x"], "x"),
    "sweep": (["sweep", "ONNX", "--dims", "3", "-o", "OUT/x.png"], "x.png"),
    "gif": (["interpolate", "ONNX", "--steps", "2", "-o", "OUT/x.gif"], "x.gif"),
    "webp": (["interpolate", "ONNX", "--steps", "2", "-o", "OUT/x.webp"], "x.webp"),
    "directions": (["directions", "ONNX", "--count", "1", "-o", "OUT/x.png"], "x-1.png"),
    "export": (["export", "RUN", "-o", "OUT/x.onnx"], "x.onnx"),
    "plot": (["plot", "RUN", "-o", "OUT"], ".png"),
    "animate": (["animate", "RUN", "-o", "OUT/x.gif"], "x.gif"),
    "report": (["report", "RUN", "-o", "OUT/x.html"], "x.html"),
    "compare": (["compare", "RUN", "COPY", "-o", "OUT/x.html"], "x.html"),
    "project": (["project", "RUN", "PNG", "--restarts", "1", "--steps", "1", "-o", "OUT/x.png"],
                "x."),
    "new-plugin": (["new-plugin", "roomy_gan", "--dir", "OUT"], "ganzoo-roomy-gan"),
    "train": (["train", "mlp_gan", "--set", "hidden=8", "--data", "toy_garments", "--set-data",
               "count=32", "--batch-size", "16", "--max-steps", "2", "--runs", "OUT"], "mlp_gan"),
    "resume": (["resume", "COPY", "--epochs", "+1"], "copy/"),
}  # fmt: skip
SLOW = {"plot", "animate", "report", "compare", "project", "webp", "gif", "directions", "sweep"}


@pytest.mark.parametrize(
    "command",
    [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else []) for n in COMMANDS],
)
def test_a_full_disk_is_named_with_file_and_folder(
    trained: Path, exported: Path, tmp_path: Path, cli: Cli, command: str
) -> None:
    words, file = COMMANDS[command]
    out, copy = tmp_path / "out", shutil.copytree(trained, tmp_path / "copy")
    out.mkdir()
    picture = next(iter(sorted((trained / "samples").glob("*.png"))))
    places = {"ONNX": exported, "RUN": trained, "COPY": copy, "OUT": out, "PNG": picture}
    told = [
        str(places.get(word, word)) if "/" not in word else f"{out}/{word.partition('/')[2]}"
        for word in words
    ]
    cli(*told)  # what is to be cached is cached
    shutil.rmtree(out)
    out.mkdir()
    if command == "resume":
        shutil.rmtree(copy)
        shutil.copytree(trained, copy)
    with no_room({"new-plugin": 500, "each": 400}.get(command, 1000)):
        done = cli(*told)
    assert (done.code, done.err.count("\n")) == (6, 1), done.err
    assert "File too large" in done.err
    place = copy if command == "resume" else out
    assert f"{place}/" in done.err or (file == ".png" and str(place) in done.err)
    assert file in done.err
    left = {name for name in content(out) if name.endswith((".tmp", ".part.png"))}
    assert command == "each" or not left
    assert cli(*told).code == 0


@pytest.mark.parametrize("words", [["list"], ["--version"], ["runs", "--json"]])
def test_standard_output_may_be_full(tmp_path: Path, words: list[str]) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ganzoo", *words],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        6, "ganzoo: standard output: No space left on device\n",
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("command", ["npz", "tar", "export", "train"])
def test_a_small_disk_says_where_to_make_room(
    trained: Path, exported: Path, tmp_path: Path, cli: Cli, command: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(out)]
    if not shutil.which("mount") or subprocess.run(mounted, check=False).returncode:
        pytest.skip("this user may not mount a tmpfs")
    places = {"ONNX": exported, "RUN": trained, "OUT": out}
    words = [
        str(places.get(word, word)) if "/" not in word else f"{out}/{word.partition('/')[2]}"
        for word in COMMANDS[command][0]
    ]
    try:
        done = cli(
            *["400" if word == "16" and command in ("npz", "tar") else word for word in words]
        )
    finally:
        subprocess.run(["umount", str(out)], check=True)
    assert (done.code, done.err.count("\n")) == (6, 1), done.err
    assert f"No space left on device; make room in {out}" in done.err


def test_no_file_takes_the_place_of_a_device(exported: Path, tmp_path: Path, cli: Cli) -> None:
    device = tmp_path / "x.png"
    try:
        os.mknod(device, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("this user may not make a device")
    done = cli("sweep", exported, "--dims", "1", "-o", device)
    assert (done.code, done.err.count("\n")) == (6, 1)
    assert f"{device}: it is a device" in done.err
    assert device.is_char_device()
