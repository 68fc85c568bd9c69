"""Decoded images are used from the cache only where they are what was decoded."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import UnidentifiedImageError

from ganzoo import Dataset
from ganzoo.data import files, open_images
from ganzoo.data.cache import Entry, Facts
from ganzoo.data.prepare import prepare
from ganzoo.errors import DataError
from ganzoo.storage import Content, Disk, write_checked
from tests.conftest import Cli, process

RGB, GREY = (3, 32, 32), (1, 16, 16)
Pixels = NDArray[np.uint8]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of decoded images, which is this test's own."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "images"


def entry_in(cache: Path) -> Entry:
    """The only entry that is there."""
    (pixels,) = cache.glob("*.u8")
    return Entry(cache, pixels.stem)


def zeroed(file: Path) -> None:
    file.write_bytes(b"\0" * file.stat().st_size)


def flipped(file: Path, place: int = 1000) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


def flipped_and_dated_back(file: Path) -> None:
    before = file.stat()
    flipped(file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def turned(file: Path) -> None:
    file.write_bytes(file.read_bytes()[::-1])


def hollow(file: Path) -> None:
    size = file.stat().st_size
    os.truncate(file, 4096)
    os.truncate(file, size)


def shortened(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def lengthened(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\0")


def folder(file: Path) -> None:
    file.unlink()
    (file / "inside").mkdir(parents=True)


def pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def endless(file: Path) -> None:
    file.unlink()
    file.symlink_to("/dev/zero")


def dangling(file: Path) -> None:
    file.unlink()
    file.symlink_to("nowhere")


def of(text: str) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        file.write_text(text)

    return write


def altered(**changes: object) -> Callable[[Path], None]:
    """Facts in which some are others, as after an attack or a bit that flipped."""

    def write(file: Path) -> None:
        file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))

    return write


def earlier(file: Path) -> None:
    """Facts as an earlier ganzoo wrote them."""
    known = json.loads(file.read_text())
    file.write_text(json.dumps({k: known[k] for k in ("shape", "fingerprint", "skipped")}))


DAMAGES: list[tuple[str, Callable[[Path], None]]] = [
    *(
        (".u8", damage)
        for damage in (
            zeroed, flipped, flipped_and_dated_back, turned, hollow, shortened, lengthened, of(""),
            folder, pipe, endless, dangling, Path.unlink,
        )
    ),
    *(
        (".json", damage)
        for damage in (
            of(""), of("{"), of("{}"), of("[]"), of("null"), of("\0" * 300), of("[" * 100_000),
            of('{"sha256": ""}'), of("1e999"), shortened, turned, zeroed, folder, pipe, dangling,
            earlier, altered(fingerprint="0" * 64), altered(shape=[6, 64, 32, 3]),
            altered(shape=[-12, -32, 32, 3]), altered(skipped=["a.png (damaged)"]),
            altered(left_out=[0]), altered(of={"name": "another"}), altered(more=1),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "damage"), DAMAGES)
def test_what_is_damaged_is_decoded_anew_with_one_line(
    kind: str,
    damage: Callable[[Path], None],
    faces: Path,
    cache: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    whole = open_images(str(faces), RGB)
    right, fingerprint = np.array(whole.pixels), whole.fingerprint
    entry = entry_in(cache)
    damage(entry.pixels if kind == ".u8" else entry.facts)
    for lines in (1, 0):
        caplog.clear()
        found = open_images(str(faces), RGB)
        assert found.fingerprint == fingerprint
        np.testing.assert_array_equal(found.pixels, right)
        assert len(caplog.messages) == lines, caplog.messages
        for message in caplog.messages:
            assert message.startswith("the decoded images of faces in the cache cannot be used (")
    assert {path.suffix for path in cache.iterdir()} == {".u8", ".json"}


def test_one_entry_is_not_taken_for_another(
    faces: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    small, large = open_images(str(faces), (3, 16, 64)), open_images(str(faces), RGB)
    assert small.pixels.nbytes == large.pixels.nbytes
    first, second = (Entry(cache, path.stem) for path in sorted(cache.glob("*.u8")))
    for a, b in ((first.pixels, second.pixels), (first.facts, second.facts)):
        a.rename(cache / "between")
        b.rename(a)
        (cache / "between").rename(b)
    for images in (small, large):
        _, height, width, channels = images.pixels.shape
        again = open_images(str(faces), (channels, height, width))
        assert again.fingerprint == images.fingerprint
    assert len(caplog.messages) == 2


def test_a_copy_of_the_cache_serves(faces: Path, cache: Path, tmp_path: Path) -> None:
    """Its files have other times: they are compared once, and then known."""
    open_images(str(faces), RGB)
    shutil.copytree(cache, tmp_path / "copy", copy_function=shutil.copyfile)
    shutil.rmtree(cache)
    shutil.move(tmp_path / "copy", cache)
    calls: list[int] = []
    before = entry_in(cache).read()
    open_images(str(faces), RGB, progress=lambda done, total: calls.append(done))
    assert not calls
    assert before.stat != (after := entry_in(cache).read()).stat
    assert asdict(before) | {"stat": after.stat} == asdict(after)


def test_a_cache_that_may_only_be_read_serves(faces: Path, tmp_path: Path) -> None:
    """Its facts cannot be written anew."""
    script = f"from ganzoo.data import open_images\nprint(open_images({str(faces)!r}, {RGB}).name)"
    open_images(str(faces), RGB)
    shutil.copytree(tmp_path / "cache", tmp_path / "copy", copy_function=shutil.copyfile)
    for path in (tmp_path / "copy").rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    env = {"GANZOO_CACHE": str(tmp_path / "copy")}
    done = process("-c", script, env=env)
    assert (done.out, done.err) == ("faces\n", "")


# Bits that flip on the disk change no time of the file: only a hash finds them.


def rot(entry: Entry) -> None:
    """Change a pixel, and let the facts say that nobody has written into the file."""
    facts = entry.read()
    flipped(entry.pixels)
    stat = entry.pixels.stat()
    known = asdict(facts) | {"stat": (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)}
    write_checked(entry.facts, known)


def test_rotten_bits_are_found_before_or_while_pixels_are_used(
    faces: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    right = open_images(str(faces), RGB).fingerprint
    rot(entry_in(cache))
    assert open_images(str(faces), RGB).fingerprint == right
    assert len(caplog.messages) == 1
    images = open_images(str(faces), RGB, check_later=True)
    images.settle(wait=True)
    rot(entry_in(cache))
    images = open_images(str(faces), RGB, check_later=True)
    with pytest.raises(DataError, match=r"of faces in the cache are damaged .*: begin again"):
        images.settle(wait=True)
    assert not [*cache.iterdir()]
    assert open_images(str(faces), RGB, check_later=True).fingerprint == right


TINY = ("--set", "hidden=8", "--batch-size", 4, "--progress", "none")


def test_a_training_keeps_nothing_of_damaged_images(
    faces: Path, cache: Path, cli: Cli, tmp_path: Path
) -> None:
    words = ("train", "mlp_gan", "--data", faces, *TINY, "--epochs", 2, "--runs")
    whole = cli(*words, tmp_path / "a")
    assert whole.code == 0, whole.err
    weights = weights_of(whole.last)

    zeroed(entry_in(cache).pixels)
    again = cli(*words, tmp_path / "b")
    assert (again.code, again.err.count("\n")) == (0, 1), again.err
    assert "of faces in the cache cannot be used" in again.err
    assert weights_of(again.last) == weights

    rot(entry_in(cache))
    failed = cli(*words, tmp_path / "c")
    assert (failed.code, failed.err.count("\n")) == (4, 1), failed.err
    assert "what was trained on them is spoiled: begin again" in failed.err
    assert not [*(tmp_path / "c").glob("*/checkpoints/step-*")]
    third = cli(*words, tmp_path / "c")
    assert (third.code, third.err) == (0, "")
    assert weights_of(third.last) == weights

    longer = cli("resume", whole.last, "--epochs", 3, "--progress", "none")
    for damage in (rot, lambda entry: zeroed(entry.pixels)):
        damage(entry_in(cache))
        found = cli("resume", third.last, "--epochs", 3, "--progress", "none")
        assert (found.code, found.err.count("\n")) == (0, 1), found.err
        assert "of faces in the cache cannot be used" in found.err
    assert weights_of(third.last) == weights_of(longer.last) != weights


def weights_of(run: str) -> bytes:
    return max(Path(run).glob("checkpoints/step-*/model.safetensors")).read_bytes()


# What the disk, the network or the memory did is no property of an image.


class Grey:
    """Three grey images; image 1 raises `error`, as often as that is said."""

    def __init__(self, error: BaseException | None = None, times: int = 1) -> None:
        self.error, self.times = error, times

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Pixels:
        if index == 1 and self.error and self.times:
            self.times -= 1
            raise DataError("image 1 is torn") from self.error
        return np.full((16, 16), index, np.uint8)


@pytest.mark.parametrize(
    ("error", "remembered"),
    [
        *((OSError(number, os.strerror(number)), False) for number in (
            errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EMFILE, errno.ENFILE, errno.ENOMEM,
            errno.EACCES, errno.EPERM, errno.ENOTCONN, errno.EREMOTEIO, errno.ENOENT,
        )),
        (MemoryError(), False),
        (OSError("image file is truncated"), True),
        (UnidentifiedImageError("cannot identify"), True),
        (ValueError("15x40"), True),
        (zlib.error("invalid code"), True),
        (EOFError(), True),
        (None, True),
    ],
)  # fmt: skip
def test_errors_of_the_disk_are_not_remembered(
    error: Exception | None, remembered: bool, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    images = Grey(error or KeyError("no cause"))
    dataset = Dataset(images=images, cache_key="x", labels=np.array([5, 6, 7]))

    def opened() -> tuple[list[int], Any]:
        found = prepare(dataset, GREY, cache=cache, skip_bad=True)
        assert found.labels is not None
        return found.pixels[:, 0, 0, 0].tolist(), found.labels.tolist()

    assert opened() == ([0, 2], [5, 7])
    if remembered:
        assert opened() == ([0, 2], [5, 7])
        assert not caplog.messages
    else:
        assert not [*cache.iterdir()]
        assert opened() == ([0, 1, 2], [5, 6, 7])
        (message,) = caplog.messages
        assert message.startswith(
            "1 of 3 images cannot be read at the moment, and are left out: im"
        )


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_the_disk_did_not_give_is_read_the_next_time(
    faces: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    if packed:
        shutil.make_archive(str(tmp_path / "packed"), "zip", faces)
    data = str(tmp_path / "packed.zip" if packed else faces)

    def failing(*_: object) -> Any:
        raise OSError(errno.EIO, "Input/output error")

    class Torn(zipfile.ZipFile):
        def read(self, name: Any, pwd: bytes | None = None) -> bytes:
            return failing() if "03.png" in name.filename else super().read(name, pwd)

    def opened(path: str, flags: int) -> int:
        return failing() if path.endswith("03.png") else os.open(path, flags)

    with monkeypatch.context() as patch:
        patch.setattr(zipfile, "ZipFile", Torn)
        patch.setattr(files, "_without_waiting", opened)
        found = open_images(data, RGB, skip_bad=True)
    (bad,) = found.skipped
    assert bad.endswith("03.png ([Errno 5] Input/output error)")
    assert not [*cache.iterdir()]
    assert len(open_images(data, RGB, skip_bad=True).pixels) == len(found.pixels) + 1 == 12


def test_without_skip_bad_nothing_stays(cache: Path) -> None:
    dataset = Dataset(images=Grey(OSError(errno.EIO, "Input/output error")), cache_key="x")
    with pytest.raises(DataError, match="1 of 3 images cannot be used"):
        prepare(dataset, GREY, cache=cache)
    assert not [*cache.iterdir()]


def test_a_link_that_led_nowhere_leads_somewhere_later(faces: Path, tmp_path: Path) -> None:
    (faces / "link.png").symlink_to(tmp_path / "later.png")
    calls: list[int] = []
    for _ in range(2):
        found = open_images(
            str(faces), RGB, skip_bad=True, progress=lambda done, _: calls.append(done)
        )
        assert len(found.pixels) == 12
        assert "link.png (No such file or directory)" in found.skipped[0]
    assert calls == [13]
    shutil.copy(faces / "part0" / "00.png", tmp_path / "later.png")
    assert len(open_images(str(faces), RGB, skip_bad=True).pixels) == 13


# Several processes, and such as are killed.

SLOW = """
import sys, time
from pathlib import Path
import numpy as np
from ganzoo import Dataset
from ganzoo.data.prepare import prepare

class Images:
    def __len__(self):
        return 300
    def __getitem__(self, index):
        if index == 280:
            print("there", flush=True)
            sys.stdin.readline()
        return np.full((16, 16), index % 256, np.uint8)

prepare(Dataset(images=Images(), cache_key="slow"), (1, 16, 16), cache=Path(sys.argv[1]))
"""


def decoding(cache: Path) -> subprocess.Popen[str]:
    """A process that has decoded a part of its images, and waits for a line."""
    done = subprocess.Popen(
        [sys.executable, "-c", SLOW, str(cache)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert done.stdout
    assert done.stdout.readline() == "there\n"
    return done


def test_what_was_killed_is_swept_and_what_lives_is_not(cache: Path, cli: Cli) -> None:
    killed = decoding(cache)
    killed.kill()
    killed.communicate()
    (left,) = cache.glob("*.tmp")
    (cache / "0123.u8.4711.tmp").write_bytes(b"of an earlier ganzoo")
    (cache / "0123.u8").write_bytes(b"pixels without facts")
    (cache / "notes.txt").write_text("mine")
    living = decoding(cache)
    assert len([*cache.iterdir()]) == 2  # both swept by the one that lives
    (its,) = cache.glob("*.tmp")
    assert its != left
    prepare(Dataset(images=Grey(), cache_key="x"), GREY, cache=cache)
    removed = json.loads(cli("data", "clear", "--json").out)
    assert [one["state"] for one in removed] == ["whole"]
    assert its.exists()
    living.communicate("go on\n")
    assert living.returncode == 0
    entry = entry_in(cache)
    assert entry.open().pixels[:, 0, 0, 0].tolist() == [i % 256 for i in range(300)]


class Both:
    """Images that two threads decode at once: each waits for the other."""

    def __init__(self, barrier: Barrier) -> None:
        self.barrier = barrier

    def __len__(self) -> int:
        return 600

    def __getitem__(self, index: int) -> Pixels:
        if index % 256 == 0:
            self.barrier.wait(20)
        return np.full((16, 16), index % 251, np.uint8)


def test_processes_with_equal_numbers_do_not_mix_their_bytes(cache: Path) -> None:
    """As in two containers with one cache; two threads have the same number, too."""
    barrier, fingerprints = Barrier(2), []

    def decode() -> None:
        dataset = Dataset(images=Both(barrier), cache_key="x")
        fingerprints.append(prepare(dataset, GREY, cache=cache).fingerprint)

    threads = [Thread(target=decode) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fingerprints) == 2
    kept = entry_in(cache).open()
    assert {kept.facts.fingerprint} == {*fingerprints}
    assert kept.pixels[:, 0, 0, 0].tolist() == [i % 251 for i in range(600)]
    assert {path.suffix for path in cache.iterdir()} == {".u8", ".json"}


class Full(Disk):
    """A disk that is full once so many calls have written to it."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, file: Path, content: Content) -> None:
        pieces = [bytes(piece) for piece in content]
        self.room -= 1
        super().write(file, pieces if self.room >= 0 else pieces[:1])
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(("room", "file"), [(0, "u8"), (1, "json")])
def test_a_full_disk_names_the_file_and_leaves_nothing(cache: Path, room: int, file: str) -> None:
    dataset = Dataset(images=Grey(), cache_key="x")
    with pytest.raises(OSError, match=rf"No space left on device: '.*\.{file}'"):
        prepare(dataset, GREY, cache=cache, disk=Full(room))
    assert not [*cache.glob("*.json"), *cache.glob("*.tmp")]
    assert len(prepare(dataset, GREY, cache=cache).pixels) == 3


def test_facts_are_of_their_own_entry_alone(cache: Path) -> None:
    prepare(Dataset(images=Grey(), cache_key="x"), GREY, cache=cache)
    facts = entry_in(cache).read()
    assert facts == Facts(
        name=facts.name, shape=(3, 16, 16, 1), fingerprint=facts.fingerprint, skipped=(),
        left_out=(), of={}, made=facts.made, stat=facts.stat,
    )  # fmt: skip
