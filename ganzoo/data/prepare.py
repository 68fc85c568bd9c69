"""Images of any size become one uint8 array in the architecture's shape, decoded once, cached."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ganzoo.architecture import Dataset
from ganzoo.data.files import SMALLEST
from ganzoo.errors import DataError

_RECIPE = "1"  # changes when the same file would give other pixels

Progress = Callable[[int, int], None]
"""Called with (images decoded, images in all)."""


@dataclass(frozen=True, kw_only=True)
class Images:
    """What a run trains on: `pixels` is uint8 (N, H, W, C), in memory or memory-mapped."""

    name: str
    pixels: NDArray[np.uint8]
    fingerprint: str  # SHA-256 of shape and pixels: the same everywhere, whatever the files were
    source: dict[str, Any]
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prepared:
    """The array, its fingerprint, and the files that were left out."""

    pixels: NDArray[np.uint8]
    fingerprint: str
    skipped: tuple[str, ...] = ()


def prepare(
    dataset: Dataset,
    shape: tuple[int, int, int],
    *,
    cache: Path,
    skip_bad: bool = False,
    progress: Progress = lambda done, total: None,
) -> Prepared:
    """All images of `dataset` as `shape` (C, H, W), from the cache where they were seen before.

    Every image that cannot be read is found here, before training starts: DataError names them
    all, unless `skip_bad` leaves them out. Nothing stays behind when it fails.
    """
    channels, height, width = shape
    target = (height, width, channels)
    images = dataset.images
    if isinstance(images, np.ndarray):
        array = images[..., None] if images.ndim == 3 else images
        if array.shape[1:] == target:
            return Prepared(array, fingerprint(array))
        if min(array.shape[1:3]) < SMALLEST:
            raise DataError(
                f"images of {array.shape[2]}x{array.shape[1]} are too small: ganzoo "
                f"wants at least {SMALLEST} pixels a side"
            )
    name = hashlib.sha256(f"{_RECIPE}|{dataset.cache_key}|{target}".encode()).hexdigest()[:32]
    stored, facts = cache / f"{name}.npy", cache / f"{name}.json"
    if not (dataset.cache_key and facts.exists() and stored.exists()):
        stored.parent.mkdir(parents=True, exist_ok=True)
        _decode_all(images, target, stored, facts, skip_bad, progress)
    known = json.loads(facts.read_text())
    if known["skipped"] and not skip_bad:
        raise DataError(_complaint(known["skipped"], len(images)))
    # Copy-on-write: torch wants a writable array, and the file must stay as it is.
    pixels = np.load(stored, mmap_mode="c")
    return Prepared(pixels, known["fingerprint"], tuple(known["skipped"]))


def fingerprint(pixels: NDArray[np.uint8]) -> str:
    """SHA-256 of shape and pixels."""
    digest = hashlib.sha256(str(pixels.shape).encode())
    for start in range(0, len(pixels), 4096):
        digest.update(np.ascontiguousarray(pixels[start : start + 4096]).data)
    return digest.hexdigest()


def fit(image: NDArray[np.uint8], target: tuple[int, int, int]) -> NDArray[np.uint8]:
    """One image (H, W) or (H, W, C) centre-cropped, resized and converted to `target` (H, W, C)."""
    height, width, channels = target
    if image.ndim == 2 or image.shape[2] == 1:
        image = image.reshape(image.shape[:2])
    picture = Image.fromarray(image)
    if picture.size != (width, height):
        picture = ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
    return np.asarray(picture.convert("L" if channels == 1 else "RGB")).reshape(target)


def _decode_all(
    images: Sequence[NDArray[np.uint8]] | NDArray[np.uint8],
    target: tuple[int, int, int],
    stored: Path,
    facts: Path,
    skip_bad: bool,
    progress: Progress,
) -> None:
    """Decode every image into `stored`; `facts` is written last and says that it is whole."""

    def one(index: int) -> NDArray[np.uint8] | DataError:
        try:
            return fit(images[index], target)
        except DataError as error:
            return error

    temporary = stored.with_name(f"{stored.name}.{os.getpid()}.tmp")
    compacted = temporary.with_suffix(".kept")
    bad: list[str] = []
    try:
        kept = 0
        out = np.lib.format.open_memmap(temporary, "w+", np.uint8, (len(images), *target))
        with ThreadPoolExecutor() as pool:
            for start in range(0, len(images), 256):
                chunk = range(start, min(start + 256, len(images)))
                for decoded in pool.map(one, chunk):
                    if isinstance(decoded, DataError):
                        bad.append(str(decoded))
                    else:
                        out[kept] = decoded
                        kept += 1
                progress(chunk.stop, len(images))
        if bad and not (skip_bad and kept):
            raise DataError(_complaint(bad, len(images)))
        out.flush()
        if bad:
            with compacted.open("wb") as file:
                np.save(file, out[:kept])
            os.replace(compacted, temporary)
        found = {"fingerprint": fingerprint(out[:kept]), "skipped": bad}
        os.replace(temporary, stored)
        compacted.write_text(json.dumps(found))
        os.replace(compacted, facts)
    finally:
        temporary.unlink(missing_ok=True)
        compacted.unlink(missing_ok=True)


def _complaint(bad: list[str], total: int) -> str:
    shown = "; ".join(bad[:5]) + (f"; and {len(bad) - 5} more" if len(bad) > 5 else "")
    return (
        f"{len(bad)} of {total} images cannot be used: {shown}. "
        "Repair or remove them, or train without them: --skip-bad"
    )
