"""Many images that were begun: killed, stopped or out of room, and gone on with."""

from __future__ import annotations

import errno
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import ganzoo
from ganzoo.cli import collecting
from ganzoo.draw import collect, latents
from ganzoo.draw.pixels import Pixels
from tests.conftest import ROOT, Cli, process
from tests.draw.test_collect import NAMES, command, content, every, pixels


@pytest.mark.parametrize(
    "option",
    ["--npz", *(pytest.param(option, marks=pytest.mark.slow) for option in ("--each", "--tar"))],
)
def test_killed_at_random_it_goes_on(exported: Path, tmp_path: Path, cli: Cli, option: str) -> None:
    n = 20_000 if option == "--npz" else 4_000
    (tmp_path / "killed").mkdir()
    arguments = command(exported, option, tmp_path / "killed", n, "--batch-size", 7)
    note = tmp_path / "killed" / f"{NAMES[option]}.part.json"
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-m", "ganzoo", *arguments], stderr=-1, stdout=-1
        ) as it:
            while not note.exists() and it.poll() is None:
                time.sleep(0.002)
            time.sleep(random.uniform(0, 0.3))
            it.kill()
    finished = not note.exists()  # on a fast machine
    assert finished or cli(*arguments).code == 0
    assert cli(*command(exported, option, tmp_path / "whole", n)).code == 0
    assert content(tmp_path / "killed") == content(tmp_path / "whole")


# A process of its own, as it forks: a child for each call that touches files, killed before it.
KILLED_EVERYWHERE = """
import os, signal, sys
from pathlib import Path
import numpy as np
from ganzoo.draw import collect

TOUCHES = {"open", "os.rename", "os.truncate", "os.remove", "os.mkdir", "fcntl.flock"}
images = np.random.default_rng(0).integers(0, 256, (11, 8, 8, 3), np.uint8)

def draw(kind, path):
    sink = kind(path, images.shape)
    with collect.claim(sink, {"n": 11}):
        start = sink.resume(4)
        for first in range(start, 11, 4):
            sink.append(images[first : first + 4], first)
        sink.finish()

def content(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

def child(kind, path, last):
    if pid := os.fork():
        return os.waitpid(pid, 0)[1]
    left = last
    def hook(event, arguments):
        nonlocal left
        left -= event in TOUCHES
        if left == 0:
            left = -1  # os.kill is an event too
            os.kill(os.getpid(), signal.SIGKILL)
    try:
        sys.addaudithook(hook)
        draw(kind, path)
    except BaseException as error:
        print(kind, last, repr(error), flush=True)
        os._exit(1)
    os._exit(0)

root = Path(sys.argv[1])
for kind, name in (collect.Folder, "d"), (collect.Npz, "x.npz"), (collect.Tar, "x.tar"):
    whole = root / "whole"
    draw(kind, whole / name)
    last, status = 0, signal.SIGKILL
    while status == signal.SIGKILL:
        last += 1
        killed = root / name.replace(".", "") / str(last)
        status = child(kind, killed / name, last)
        if status == signal.SIGKILL:
            if child(kind, killed / name, 1 + last // 2):  # killed again, while it goes on
                draw(kind, killed / name)
        assert content(killed) == {p: c for p, c in content(whole).items() if p.parts[0] == name}
    assert status == 0, status
    print(name, last)
"""


def test_killed_before_any_touch_of_a_file_it_goes_on(tmp_path: Path) -> None:
    done = process("-W", "ignore", "-c", KILLED_EVERYWHERE, tmp_path, cwd=ROOT)
    assert done.code == 0, done.out + done.err
    kills = {line.split()[0]: int(line.split()[1]) for line in done.out.splitlines()}
    assert kills.keys() == {"d", "x.npz", "x.tar"}
    assert min(kills.values()) > 6


@pytest.mark.parametrize("option", ["--npz", "--tar"])
def test_a_part_cut_anywhere_goes_on(
    exported: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    arguments = command(exported, option, tmp_path / "cut", 20, "--batch-size", 4)
    assert cli(*command(exported, option, tmp_path / "whole", 20)).code == 0
    with monkeypatch.context() as patch:
        patch.setattr(collecting.SINKS[option], "finish", _interrupted)
        assert cli(*arguments).code == 130
    part, note = (tmp_path / "cut" / f"{NAMES[option]}{end}" for end in (".part", ".part.json"))
    kept, noted = part.read_bytes(), note.read_bytes()
    for size in [0, 1, 127, 128, 511, 512, *random.sample(range(len(kept)), 25), len(kept)]:
        part.write_bytes(kept[:size])
        note.write_bytes(noted)
        done = cli(*arguments)
        assert (done.code, done.err.count("\n")) == (0, int("going on" in done.err)), (
            size,
            done.err,
        )
        assert content(tmp_path / "cut") == content(tmp_path / "whole"), size
        (tmp_path / "cut" / NAMES[option]).unlink()


def _interrupted(self: object) -> None:
    raise KeyboardInterrupt


@every
@pytest.mark.parametrize("noted", ["", '{"model": "3f', "facts"])
def test_dead_before_the_first_image_it_begins(
    exported: Path,
    tmp_path: Path,
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
    option: str,
    noted: str,
) -> None:
    """The note was made, written in part, or written; the rest was not."""
    arguments = command(exported, option, tmp_path, 3)
    note = tmp_path / f"{NAMES[option]}.part.json"
    with monkeypatch.context() as patch:
        patch.setattr(collecting.SINKS[option], "finish", _interrupted)
        assert cli(*arguments).code == 130
    shutil.rmtree(tmp_path / "images", ignore_errors=True)
    for part in tmp_path.glob("*.part"):
        part.unlink()
    if noted != "facts":
        note.write_text(noted)
    assert (cli(*arguments).code, list(tmp_path.iterdir())) == (0, [tmp_path / NAMES[option]])
    assert len(pixels(tmp_path / NAMES[option])) == 3


@every
def test_other_images_do_not_go_on(
    exported: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    np.save(tmp_path / "z.npy", latents.normal(9, 100))
    other = tmp_path / "other.onnx"
    other.write_bytes(exported.read_bytes() + b"\x32\0")  # an empty doc_string
    assert ganzoo.load(other).sha256 != ganzoo.load(exported).sha256
    arguments = command(exported, option, tmp_path / "d", 9)
    with monkeypatch.context() as patch:
        patch.setattr(collecting.SINKS[option], "finish", _interrupted)
        assert cli(*arguments).code == 130
    before = content(tmp_path)
    target = arguments[4:]
    for changed, words in [
        (
            [exported, "-n", 9, "--seed", 3],
            "begun with seed 0, not with seed 3: choose another name, or ",
        ),
        ([exported, "-n", 8], "begun with n 9, not with n 8: "),
        (
            [exported, "--z", tmp_path / "z.npy"],
            "begun with seed 0, latents none, not with seed none, latents ",
        ),
        ([other, "-n", 9], "begun with model "),
    ]:
        done = cli("sample", *changed, *target)
        assert (done.code, done.err.count("\n")) == (6, 1), done.err
        assert words in done.err
        assert all(str(path) in done.err for path in (tmp_path / "d").iterdir())
        assert content(tmp_path) == before
    assert cli(*arguments).code == 0


def test_two_at_once_are_one_too_many(exported: Path, tmp_path: Path, cli: Cli) -> None:
    arguments = command(exported, "--npz", tmp_path, 2)
    with collect.claim(collect.Npz(tmp_path / "x.npz", (2, 28, 28, 1)), {}):
        done = cli(*arguments)
        assert (done.code, done.err.count("\n")) == (6, 1)
        assert "another process is writing" in done.err


def test_ctrl_c_says_how_to_go_on(exported: Path, tmp_path: Path, cli: Cli) -> None:
    arguments = command(exported, "--tar", tmp_path, 8_000, "--batch-size", 16)
    start = [sys.executable, "-m", "ganzoo", *arguments]
    with subprocess.Popen(start, stderr=subprocess.PIPE, text=True) as running:
        part = tmp_path / "x.tar.part"
        while running.poll() is None and not (part.exists() and part.stat().st_size > 2**16):
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=30)
    assert (running.returncode, err.count("\n")) == (130, 1)
    told = "ganzoo: interrupted drawing; the same command goes on at image "
    assert err.startswith(told)
    done = cli(*arguments)
    assert (done.code, done.out) == (0, f"{tmp_path / 'x.tar'}\n")
    assert done.err.startswith(f"ganzoo: going on at image {err.removeprefix(told)}")


def test_a_full_disk_says_how_to_go_on(
    exported: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = command(exported, "--npz", tmp_path, 9, "--batch-size", 3)
    append = collect.Npz.append

    def full(self: collect.Npz, images: Pixels, first: int) -> None:
        if first == 6:
            raise OSError(errno.ENOSPC, "No space left on device")
        append(self, images, first)

    with monkeypatch.context() as patch:
        patch.setattr(collect.Npz, "append", full)
        done = cli(*arguments)
    assert (done.code, done.err.count("\n")) == (6, 1)
    told = f"x.npz: No space left on device; make room in {tmp_path}; "
    assert f"{told}the same command goes on at image 6 of 9" in done.err
    assert cli(*arguments).err == "ganzoo: going on at image 6 of 9\n"


def spoilt(path: Path, how: str) -> None:
    """Change one thing in a finished target."""
    file = sorted(path.iterdir())[-1] if path.is_dir() else path
    kept = file.read_bytes()
    at = len(kept) - 40 if path.is_dir() else len(kept) // 2
    if how == "a byte":
        file.write_bytes(kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1 :])
    if how == "cut":
        file.write_bytes(kept[:-1])
    if how == "longer":
        file.write_bytes(kept + b"\0")
    if how == "empty":
        file.write_bytes(b"")
    if how == "one more" and path.is_dir():
        shutil.copy(file, path / "99999.png")
    elif how == "one more":
        file.write_bytes(kept + kept)
    if how == "a link":
        file.unlink()
        file.symlink_to("/dev/zero")


@every
@pytest.mark.parametrize("how", ["a byte", "cut", "longer", "empty", "one more", "a link"])
def test_what_is_finished_and_other_is_not_overwritten(
    exported: Path, tmp_path: Path, cli: Cli, option: str, how: str
) -> None:
    arguments = command(exported, option, tmp_path, 20, "--batch-size", 8)
    assert cli(*arguments).code == 0
    spoilt(tmp_path / NAMES[option], how)
    if how != "a link":
        before = content(tmp_path)
    done = cli(*arguments)
    assert (done.code, done.err.count("\n")) == (6, 1), done.err
    assert how == "a link" or content(tmp_path) == before


@every
def test_finished_images_of_other_words_are_not_these(
    exported: Path, tmp_path: Path, cli: Cli, option: str
) -> None:
    assert cli(*command(exported, option, tmp_path, 9)).code == 0
    before = content(tmp_path)
    for n, *more in ((8,), (10,), (9, "--seed", 1)):
        done = cli(*command(exported, option, tmp_path, n, *more))
        assert (done.code, done.err.count("\n")) == (6, 1), done.err
        assert "is there already and not overwritten" in done.err
    assert cli(*command(exported, option, tmp_path, 9, "--batch-size", 2)).code == 0
    assert content(tmp_path) == before


@pytest.mark.slow
@every
def test_a_loop_until_it_succeeds_ends(exported: Path, tmp_path: Path, option: str) -> None:
    """Each of its commands is killed once there is no note any more: just before its exit."""
    note = tmp_path / f"{NAMES[option]}.part.json"
    arguments = [sys.executable, "-m", "ganzoo", *command(exported, option, tmp_path, 64)]
    with subprocess.Popen(arguments) as it:
        while not note.exists() and it.poll() is None:
            time.sleep(0.0005)
        while note.exists() and it.poll() is None:
            time.sleep(0.0005)
        it.kill()
    assert subprocess.run(arguments, check=False, capture_output=True).returncode == 0
