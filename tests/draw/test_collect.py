"""`ganzoo sample --each | --npz | --tar`: many images, and on from where it was killed."""

from __future__ import annotations

import io
import os
import pty
import shutil
import subprocess
import sys
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.cli import collecting
from ganzoo.draw import collect, latents
from ganzoo.draw.generator import Generator
from ganzoo.draw.pixels import Pixels
from ganzoo.errors import ModelFileError
from tests.conftest import Cli

NAMES = {"--each": "images", "--npz": "x.npz", "--tar": "x.tar"}


every = pytest.mark.parametrize("option", NAMES)


def pixels(path: Path) -> Pixels:
    """What any reader finds: uint8 (n, H, W)."""
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            assert arrays.files == ["arr_0"]
            return np.asarray(arrays["arr_0"])[..., 0]
    if path.suffix == ".tar":
        with tarfile.open(path) as tar:
            members = tar.getmembers()
            assert [m.name for m in members] == [f"{i:05}.png" for i in range(len(members))]
            assert {(m.mode, m.mtime, m.uid, m.gid, m.uname) for m in members} == {
                (0o644, 0, 0, 0, "")
            }
            files = [io.BytesIO(tar.extractfile(m).read()) for m in members]  # type: ignore[union-attr]
            return np.stack([np.asarray(Image.open(file)) for file in files])
    pngs = sorted(path.iterdir())
    assert [png.name for png in pngs] == [f"{i:05}.png" for i in range(len(pngs))]
    return np.stack([np.asarray(Image.open(io.BytesIO(png.read_bytes()))) for png in pngs])


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def command(exported: Path, option: str, folder: Path, n: int, *more: object) -> list[str]:
    return ["sample", *map(str, (exported, "-n", n, option, folder / NAMES[option], *more))]


@every
def test_it_holds_the_pixels_of_sample(
    exported: Path, tmp_path: Path, cli: Cli, option: str
) -> None:
    done = cli(*command(exported, option, tmp_path / "new", 70, "--seed", 5, "--batch-size", 32))
    path = tmp_path / "new" / NAMES[option]
    assert (done.code, done.out, done.err) == (0, f"{path}\n", "")
    assert list(path.parent.iterdir()) == [path]
    np.testing.assert_array_equal(pixels(path), ganzoo.load(exported).sample(70, 5)[..., 0])
    if option == "--tar" and shutil.which("tar"):
        listed = subprocess.run(["tar", "-tf", path], capture_output=True, check=True, text=True)
        assert listed.stdout.split() == [f"{i:05}.png" for i in range(70)]
        assert listed.stderr == ""
    before = content(tmp_path)
    again = cli(*command(exported, option, tmp_path / "new", 70, "--seed", 5))
    assert (again.code, again.err) == (
        0,
        f"ganzoo: {path} is there already, with exactly these images\n",
    )
    assert again.out == f"{path}\n"
    assert content(tmp_path) == before


def test_an_npz_above_2_gib_is_a_zip64(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)  # which is above 2 GiB, as it were
    images = np.random.default_rng(0).integers(0, 256, (9, 16, 12, 3), np.uint8)
    sink = collect.Npz(tmp_path / "x.npz", (9, 16, 12, 3))
    with collect.claim(sink, {"n": 9}):
        sink.append(images, sink.resume(64))
        sink.finish()
    with zipfile.ZipFile(sink.path) as archive:
        assert archive.testzip() is None
        assert archive.infolist()[0].date_time[0] == 1980
    with np.load(sink.path) as arrays:
        np.testing.assert_array_equal(arrays["arr_0"], images)


@every
def test_memory_does_not_grow(exported: Path, tmp_path: Path, cli: Cli, option: str) -> None:
    def peak(n: int) -> int:
        tracemalloc.start()
        assert cli(*command(exported, option, tmp_path / str(n), n)).code == 0
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(100)  # imports
    # 1,500 images are 1,176,000 bytes; both are more than the 1 MiB that is copied at a time.
    assert abs(peak(3500) - peak(2000)) < 200_000


def test_what_somebody_else_wrote_stays(exported: Path, tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "folder.npz").mkdir()
    for name in ("x.npz", "x.tar", "y.npz.part", "y.tar.part", "images/mine.png", "file"):
        (tmp_path / name).write_text("mine")
    before = content(tmp_path)
    for option, name in [
        ("--npz", "x.npz"), ("--npz", "y.npz"), ("--npz", "folder.npz"), ("--tar", "x.tar"),
        ("--tar", "y.tar"), ("--each", "images"), ("--each", "file"), ("--each", "."),
    ]:  # fmt: skip
        done = cli("sample", exported, "-n", 2, option, tmp_path / name)
        assert (done.code, done.err.count("\n")) == (6, 1), done.err
        assert "is there already and not overwritten" in done.err
        assert content(tmp_path) == before
    assert cli("sample", exported, "-n", 2, "--each", tmp_path / "empty").code == 0


@every
def test_ones_own_latents(exported: Path, tmp_path: Path, cli: Cli, option: str) -> None:
    z = latents.normal(70, 100, seed=3)
    np.save(tmp_path / "z.npy", z)
    done = cli("sample", exported, "--z", tmp_path / "z.npy", option, tmp_path / NAMES[option])
    assert done.code == 0, done.err
    expected = ganzoo.load(exported).draw(z)
    np.testing.assert_array_equal(pixels(tmp_path / NAMES[option]), expected[..., 0])


@pytest.mark.parametrize(
    ("z", "message"),
    [
        (np.zeros((3, 99)), "latents must have the shape (n, 100), not (3, 99)"),
        (np.zeros((0, 100)), "not (0, 100)"),
        (np.zeros(()), "not ()"),
        (np.pad(np.zeros((80, 99)), ((0, 0), (0, 1)), constant_values=np.nan), "finite numbers"),
        (np.array([["a"] * 100]), "latents must be real numbers"),
    ],
)
def test_wrong_latents_leave_nothing(
    exported: Path, tmp_path: Path, cli: Cli, z: np.ndarray, message: str
) -> None:
    np.save(tmp_path / "z.npy", z)
    done = cli("sample", exported, "--z", tmp_path / "z.npy", "--npz", tmp_path / "x.npz")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert message in done.err
    assert list(tmp_path.iterdir()) == [tmp_path / "z.npy"]


@pytest.mark.parametrize("kind", ["pipe", "zeros"])
def test_latents_are_read_from_a_file_alone(
    exported: Path, tmp_path: Path, cli: Cli, kind: str
) -> None:
    path = tmp_path / "z.npy"
    os.mkfifo(path) if kind == "pipe" else path.symlink_to("/dev/zero")
    done = cli("sample", exported, "--z", path, "-o", tmp_path / "x.png")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "z.npy is a device or a pipe" in done.err


def test_a_model_that_fails_leaves_nothing(
    exported: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ModelFileError("this model draws numbers that are not finite")

    monkeypatch.setattr(Generator, "stream", fail)
    for option in NAMES:
        assert cli(*command(exported, option, tmp_path, 3)).code == 5
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--npz", "x.npz", "--tar", "x.tar"], "--npz and --tar each say where the images go"),
        (["--each", "d", "-o", "x.png"], "-o and --each each say where the images go: give one"),
        (["--npz", "x.npy"], "--npz writes .npz files, and x.npy is none: name it x.npz"),
        (["--tar", "x.tar.gz"], "--tar writes .tar files, and x.tar.gz is none: name it x.tar"),
        (["--tar", "x.tar", "--columns", "3"], "--columns is about a sheet"),
        (["--npz", "x.npz", "-n", "0"], "-n"),
        (["--npz", "x.npz", "--batch-size", "0"], "--batch-size"),
        (["-n", "10001"], "10,001 images are too many for a sheet, which holds 10,000: draw them"),
    ],
)
def test_command_lines_that_make_no_sense(
    exported: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch,
    arguments: list[str], message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    done = cli("sample", exported, *arguments)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert message in done.err
    assert not list(tmp_path.iterdir())


def test_a_folder_here(
    exported: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert cli("sample", exported, "-n", 2, "--each", ".").out == ".\n"
    assert sorted(content(tmp_path)) == ["here/00000.png", "here/00001.png"]


def test_plain_lines_say_how_far_it_is(
    exported: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "PLAIN_SECONDS", 0)
    err = cli(*command(exported, "--npz", tmp_path, 1200, "--batch-size", 500)).err
    assert [line.partition(" images, ")[0] for line in err.splitlines()] == [
        "ganzoo: 500 of 1,200", "ganzoo: 1,000 of 1,200", "ganzoo: 1,200 of 1,200",
    ]  # fmt: skip
    assert err.endswith(" images/s, 0:00:00 left\n")


def test_a_terminal_gets_one_line_that_goes_away(exported: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    arguments = command(exported, "--each", tmp_path, 2000)
    start = [sys.executable, "-m", "ganzoo", *arguments]
    env = os.environ | {"TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(start, stderr=theirs, stdout=subprocess.PIPE, env=env) as running:
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
        out, _ = running.communicate(timeout=30)
    os.close(ours)
    assert out.decode() == f"{tmp_path / 'images'}\n"
    lines = shown.decode().replace("\x1b[2K", "\r").replace("\n", "\r").split("\r")
    bars = [line for line in lines if "images/s" in line]
    assert bars
    assert "2,000/2,000 images" in bars[-1]
    assert shown.rstrip().endswith(b"\x1b[2K")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 2**16)
    except OSError:  # Linux: nobody has the other end open any more
        return b""
