"""Images of any size made into one uint8 array of the architecture's shape, and cached."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ganzoo.architecture import Dataset, ImageSequence
from ganzoo.data.files import require_size
from ganzoo.errors import DataError, PluginError
from ganzoo.storage import write_whole
from ganzoo.zoo.guard import explained, folder_kept

_RECIPE = "1"  # change it when the same file would give other pixels
_CHUNK = 256  # images decoded between two calls of the progress

Progress = Callable[[int, int], None]
"""Function of (images decoded, images in all)."""


@dataclass(frozen=True, kw_only=True)
class Images:
    """The images of a run: `pixels` is uint8 (N, H, W, C), in memory or memory-mapped."""

    name: str
    pixels: NDArray[np.uint8]
    fingerprint: str  # SHA-256 of pixels and shape: the same everywhere, whatever the files were
    source: dict[str, Any]
    skipped: tuple[str, ...] = ()
    labels: NDArray[np.int64] | None = None  # (N,), each the index of a class
    classes: tuple[str, ...] = ()  # their names
    held_back: str = ""  # what of a path is not among these images, as it is a test split
    no_labels: str = ""  # what was found in place of labels, and why it is none
    to_label: str = ""  # what a user can do to give them labels

    @property
    def labels_sha256(self) -> str:
        """SHA-256 of the labels, the same everywhere; "" where there are none."""
        if self.labels is None:
            return ""
        return hashlib.sha256(np.ascontiguousarray(self.labels, "<i8").data).hexdigest()


class Prepared(NamedTuple):
    """What `prepare` makes of a data set."""

    pixels: NDArray[np.uint8]
    fingerprint: str
    skipped: tuple[str, ...]
    labels: NDArray[np.int64] | None


def prepare(
    dataset: Dataset,
    shape: tuple[int, int, int],
    *,
    cache: Path,
    skip_bad: bool = False,
    progress: Progress = lambda done, total: None,
) -> Prepared:
    """Return all images of `dataset` as `shape` (C, H, W), with what `Prepared` says of them.

    The images are uint8 (N, H, W, C); if they were decoded before, they come from the cache. Every
    image that cannot be read is found here, before training starts: `skip_bad` leaves them out,
    otherwise DataError names them. Nothing stays behind when it fails. Labels are not cached.
    """
    channels, height, width = shape
    target = (height, width, channels)
    images = dataset.images
    if len(images) == 0:
        raise DataError("the data set is empty")
    if isinstance(images, np.ndarray):
        array = images[..., None] if images.ndim == 3 else images
        if array.dtype != np.uint8 or array.ndim != 4:
            raise DataError(
                f"its images are {images.dtype} {images.shape}, not uint8 (N, H, W[, C])"
            )
        require_size(*array.shape[1:3])
        key = _fingerprint(array)
        if array.shape[1:] == target:
            return Prepared(array, key, (), dataset.labels)
    elif dataset.cache_key is None:
        raise PluginError("a data set whose images are no array needs a cache_key")
    else:
        key = dataset.cache_key
    name = hashlib.sha256(f"{_RECIPE}|{key}|{target}".encode()).hexdigest()[:32]
    stored, facts = cache / f"{name}.u8", cache / f"{name}.json"
    if not (facts.exists() and stored.exists() and _tells(facts, dataset.labels)):
        _decode_all(images, target, stored, facts, skip_bad, progress)
    known = json.loads(facts.read_text())
    if known["skipped"] and not skip_bad:
        raise DataError(_complaint(known["skipped"], len(images)), "skip_bad")
    # Copy-on-write: torch wants a writable array, and the file must stay as it is.
    pixels = np.memmap(stored, np.uint8, "c", shape=tuple(known["shape"]))
    labels = dataset.labels
    if labels is not None and known["skipped"]:
        labels = np.delete(labels, known["left_out"])
    return Prepared(pixels, known["fingerprint"], tuple(known["skipped"]), labels)


def fit(image: NDArray[np.uint8], target: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Crop an image (H, W) or (H, W, C) around its centre, resize and convert it to `target`.

    `target` is (H, W, C). Raises DataError if the image is not uint8.
    """
    height, width, channels = target
    if image.dtype != np.uint8:
        raise DataError(f"an image is {image.dtype}, not uint8")
    if image.ndim == 2 or image.shape[2] == 1:
        image = image.reshape(image.shape[:2])
    picture = Image.fromarray(image)
    if picture.size != (width, height):
        picture = ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
    return np.asarray(picture.convert("L" if channels == 1 else "RGB")).reshape(target)


def _tells(facts: Path, labels: NDArray[np.int64] | None) -> bool:
    """Return whether the facts are enough to say which of the images have which of the labels.

    Early versions of ganzoo wrote down what was left out by name alone.
    """
    known = json.loads(facts.read_text())
    return labels is None or not known["skipped"] or "left_out" in known


def _decode_all(
    images: ImageSequence,
    target: tuple[int, int, int],
    stored: Path,
    facts: Path,
    skip_bad: bool,
    progress: Progress,
) -> None:
    """Decode every image into `stored`; write `facts` last, which says that it is whole.

    The pixels are written, not memory-mapped: then a full disk is an error and not a signal.
    """
    temporary = stored.with_name(f"{stored.name}.{os.getpid()}.tmp")
    bad: dict[int, str] = {}
    digest = hashlib.sha256()
    stored.parent.mkdir(parents=True, exist_ok=True)
    try:
        with temporary.open("wb") as file:
            for done, decoded in enumerate(_decode_each(images, target), start=1):
                if isinstance(decoded, DataError):
                    bad[done - 1] = str(decoded)
                else:
                    file.write(decoded.tobytes())
                    digest.update(decoded.tobytes())
                if done % _CHUNK == 0 or done == len(images):
                    progress(done, len(images))
        shape = (len(images) - len(bad), *target)
        if bad and not (skip_bad and shape[0]):
            raise DataError(_complaint(list(bad.values()), len(images)), "skip_bad")
        os.replace(temporary, stored)
    except OSError as error:
        error.filename = error.filename or str(stored)  # a full disk does not say of which file
        raise
    finally:
        temporary.unlink(missing_ok=True)
    digest.update(str(shape).encode())
    found = {
        "shape": shape,
        "fingerprint": digest.hexdigest(),
        "skipped": list(bad.values()),
        "left_out": list(bad),  # their indices
    }
    write_whole(facts, json.dumps(found).encode())


def _decode_each(
    images: ImageSequence, target: tuple[int, int, int]
) -> Iterator[NDArray[np.uint8] | DataError]:
    """Yield each image in its order, decoded by several threads, or the error that it met."""

    def one(index: int) -> NDArray[np.uint8] | DataError:
        try:
            with explained(f"its image {index} cannot be read"):
                image = images[index]
            return fit(image, target)
        except DataError as error:
            return error

    with warnings.catch_warnings(), folder_kept(), ThreadPoolExecutor() as pool:
        # ganzoo refuses bombs itself, and names the file.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        for start in range(0, len(images), _CHUNK):
            yield from pool.map(one, range(start, min(start + _CHUNK, len(images))))


def _fingerprint(pixels: NDArray[np.uint8]) -> str:
    """Return the SHA-256 of pixels and shape."""
    digest = hashlib.sha256(np.ascontiguousarray(pixels).data)
    digest.update(str(pixels.shape).encode())
    return digest.hexdigest()


def _complaint(bad: list[str], total: int) -> str:
    shown = "; ".join(bad[:5]) + (f"; and {len(bad) - 5} more" if len(bad) > 5 else "")
    return (
        f"{len(bad)} of {total} images cannot be used: {shown}. "
        "Repair or remove them, or train without them: skip_bad=True"
    )
