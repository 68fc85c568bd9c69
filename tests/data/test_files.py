"""What is no regular file never holds the process, and images have a budget of memory."""

from __future__ import annotations

import gzip
import io
import os
import socket
import struct
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from time import sleep

import numpy as np
import pytest
from PIL import Image, ImageOps

from ganzoo.data import open_images
from ganzoo.data.budget import MAX_PIXELS, Budget, memory
from ganzoo.data.decoding import decode
from ganzoo.errors import DataError
from tests.conftest import Cli, process
from tests.data.images import encode

RGB = (3, 16, 16)
PICTURE = encode(Image.new("RGB", (20, 20), "red"))


def bound(path: Path) -> None:
    """Bind a socket; its whole path may be too long for a system's call."""
    with socket.socket(socket.AF_UNIX) as opened:
        before = Path.cwd()
        os.chdir(path.parent)
        try:
            opened.bind(path.name)
        finally:
            os.chdir(before)


def linked(target: str) -> Callable[[Path], None]:
    """Return a function that makes a link to `target` by way of another link."""

    def make(path: Path) -> None:
        between = path.with_name("between")
        between.symlink_to(target)
        path.symlink_to(between.name)

    return make


def piped(path: Path) -> None:
    """Make a link to a pipe."""
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


SPECIAL: dict[str, Callable[[Path], None]] = {
    "pipe": os.mkfifo,
    "link to a pipe": piped,
    "zeros": linked("/dev/zero"),
    "random": linked("/dev/urandom"),
    "null": linked("/dev/null"),
    "terminal": linked("/dev/tty"),
    "standard input": linked("/dev/stdin"),
    "socket": bound,
    "proc": linked("/proc/self/mem"),
    "empty": Path.touch,
    "nothing": linked("/dev/nothing/there"),
    "circle": linked("b.png"),
}


@pytest.mark.parametrize("kind", SPECIAL)
def test_what_is_no_file_is_named_and_not_read(kind: str, tmp_path: Path) -> None:
    data = tmp_path / "d"
    data.mkdir()
    (data / "a.png").write_bytes(PICTURE)
    SPECIAL[kind](data / "b.png")
    with pytest.raises(DataError, match=r"1 of 2 images cannot be used: \S*b\.png \("):
        open_images(str(data), RGB)
    assert len(open_images(str(data), RGB, skip_bad=True).pixels) == 1


@pytest.mark.parametrize("kind", ["pipe", "zeros", "socket", "link to a pipe", "proc"])
@pytest.mark.parametrize(
    "name", ["x.npz", "x.npz:images", "x.zip", "x.png", "train-images-idx3-ubyte.gz"]
)
def test_data_that_is_no_file_is_refused(kind: str, name: str, tmp_path: Path) -> None:
    SPECIAL[kind](tmp_path / name.partition(":")[0])
    with pytest.raises(DataError):
        open_images(str(tmp_path / name), RGB)


@pytest.mark.parametrize(
    "name", ["train-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz", "dataset.json", "other"]
)
def test_a_pipe_beside_images_is_not_opened(name: str, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.png").write_bytes(PICTURE)
    os.mkfifo(tmp_path / "d" / name)
    assert len(open_images(str(tmp_path / "d"), RGB).pixels) == 1


def idx(count: int, height: int, width: int, content: bytes = b"") -> bytes:
    return b"\0\0\x08\3" + struct.pack(">3I", count, height, width) + content


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (idx(4 * 10**9, 65535, 65535), "would take .* GB of memory, and .* GB is half"),
        (idx(2, 20, 20, bytes(20_000_000)), "should hold 2 images of 20x20"),
        (idx(2, 20, 20, bytes(799)), "should hold 2 images of 20x20"),
        (idx(2, 20, 20, bytes(801)), "should hold 2 images of 20x20"),
        (idx(0, 20, 20), "should hold 0 images"),
        (b"\0\0\x08\3\0", "not an IDX file"),
    ],
    ids=["claims", "bomb", "short", "long", "none", "torn"],
)
@pytest.mark.parametrize("packed", [False, True])
def test_an_idx_file_is_unpacked_as_far_as_it_tells(
    content: bytes, said: str, packed: bool, tmp_path: Path
) -> None:
    path = tmp_path / f"train-images-idx3-ubyte{'.gz' if packed else ''}"
    path.write_bytes(gzip.compress(content, 1) if packed else content)
    with pytest.raises(DataError, match=said):
        open_images(str(path), RGB)


def test_threads_wait_for_their_part_of_a_budget() -> None:
    budget, used, most, lock = Budget(10), 0, [0], Lock()

    @contextmanager
    def counted(part: int) -> Iterator[None]:
        nonlocal used
        with lock:
            used += part
            most[0] = max(most[0], used)
        yield
        with lock:
            used -= part

    def one(part: int) -> None:
        with budget.taking(part), counted(min(part, 10)):
            sleep(0.001)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, [1, 4, 10, 3, 50, 2, 6, 0, 5, 9] * 5))
    assert 5 < most[0] <= 10
    with pytest.raises(KeyError), budget.taking(10):
        raise KeyError
    with budget.taking(10):
        pass


def test_memory_is_known() -> None:
    assert 10**8 < memory() < 10**14


def test_the_parts_of_a_large_image_are_those_of_a_small_one() -> None:
    values = np.random.default_rng(1).integers(0, 256, (2100, 2000, 4), np.uint8)
    image = Image.fromarray(values)
    white = Image.new("RGBA", image.size, "white")
    wanted = np.asarray(Image.alpha_composite(white, image).convert("RGB"))
    np.testing.assert_array_equal(decode(encode(image, "PNG", compress_level=0)), wanted)


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_every_orientation_is_turned_as_pillow_does(orientation: int, kind: str) -> None:
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (24, 40, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encode(image, kind, exif=exif)
    wanted = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))
    np.testing.assert_array_equal(decode(content), wanted)


@pytest.mark.slow
def test_a_large_jpeg_is_decoded_at_a_part_of_its_size() -> None:
    side = 9_000
    assert side**2 > MAX_PIXELS
    image = Image.new("L", (side, side), 77)
    assert decode(encode(image, "JPEG")).shape == (side // 2, side // 2)
    with pytest.raises(ValueError, match="9000x9000, where ganzoo wants"):
        decode(encode(image, "JPEG", progressive=True))


PEAK = """
import resource, sys
from ganzoo.data import open_images
images = open_images(sys.argv[1], (3, 16, 16))
print(len(images.pixels), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.slow
def test_sixteen_large_images_are_not_in_memory_at_once(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    first = tmp_path / "d" / "00.png"
    first.write_bytes(encode(Image.new("RGBA", (8000, 8000), (200, 10, 20, 128)), "PNG"))
    assert first.stat().st_size < 300_000
    for number in range(1, 16):
        os.link(first, tmp_path / "d" / f"{number:02}.png")
    done = process("-c", PEAK, tmp_path / "d", env={"GANZOO_CACHE": str(tmp_path / "cache")})
    count, peak = map(int, done.out.split())
    assert count == 16
    assert peak < 2_000_000_000, f"{peak:,}"


@pytest.mark.slow
def test_too_little_memory_for_images_is_no_matter_of_the_batch(tmp_path: Path) -> None:
    """Under a limit of the system the command ends with 4, and speaks of no batch."""
    np.savez_compressed(tmp_path / "x.npz", images=np.zeros((40_000, 64, 64), np.uint8))
    code = (
        "import resource, sys; from ganzoo.cli import main; "
        "import ganzoo.data.opening, torch; "
        "used = int(open('/proc/self/statm').read().split()[0]) * 4096; "
        "resource.setrlimit(resource.RLIMIT_AS, (used + 120_000_000,) * 2); "
        "main(sys.argv[1:])"
    )
    done = process("-c", code, "train", "mlp_gan", "--data", tmp_path / "x.npz")
    assert (done.code, done.err.count("\n")) == (4, 1), done
    assert "memory" in done.err
    assert "batch" not in done.err


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_of_a_zip_that_unpacks_to_too_much_is_refused(
    method: int, tmp_path: Path, cli: Cli
) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", method) as archive:
        archive.writestr("a.png", PICTURE)
    content = bytearray((tmp_path / "x.zip").read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<I", 2**32 - 2)
    (tmp_path / "x.zip").write_bytes(content)
    done = cli("train", "mlp_gan", "--data", tmp_path / "x.zip", "--runs", tmp_path / "runs")
    assert (done.code, "a.png would unpack to 4294967294 bytes" in done.err) == (4, True)
