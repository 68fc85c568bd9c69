"""Images of any size made into one uint8 array of the architecture's shape, and cached."""

from __future__ import annotations

import hashlib
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ganzoo.architecture import Dataset, ImageSequence
from ganzoo.data.cache import Check, Entry, Facts, Kept, mapped, sweep
from ganzoo.data.decoding import require_size
from ganzoo.data.files import Encoded
from ganzoo.errors import DataError, PluginError
from ganzoo.printable import line
from ganzoo.storage import DISK, Disk, temporary
from ganzoo.zoo.guard import explained, folder_kept

_RECIPE = "2"  # change it when the same file would give other pixels
_CHUNK = 256  # images decoded between two calls of the progress

_log = logging.getLogger("ganzoo")

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
    left_out: str = ""  # what else is at a path, in numbers
    scaled: str = ""  # how values of 16 bits that use fewer became 8 bits
    check: Check | None = field(default=None, compare=False, repr=False)  # see `settle`

    def __repr__(self) -> str:
        count, height, width, channels = self.pixels.shape
        classes = f", {len(self.classes)} classes" if self.classes else ""
        return line(f"<{self.name}: {count:,} images of {height}x{width}x{channels}{classes}>")

    def settle(self, *, wait: bool) -> None:
        """Raise DataError where the pixels came from the cache, and are found to be damaged there.

        Only those that were opened with `check_later` can be; `wait` until that is known.
        """
        if self.check:
            self.check.settle(wait=wait)

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
    check: Check | None = None
    scaled: str = ""


def prepare(
    dataset: Dataset,
    shape: tuple[int, int, int],
    *,
    cache: Path,
    of: Mapping[str, Any] | None = None,
    skip_bad: bool = False,
    check_later: bool = False,
    progress: Progress = lambda done, total: None,
    disk: Disk = DISK,
) -> Prepared:
    """Return all images of `dataset` as `shape` (C, H, W), with what `Prepared` says of them.

    The images are uint8 (N, H, W, C); if they were decoded before, they come from the cache, as
    long as they are what was decoded. `of` is noted there: the name of the data set, and where it
    is from. With `check_later`, see `Images.settle`. Every image that cannot be read is found here,
    before training starts: `skip_bad` leaves them out, otherwise DataError names them. Nothing
    stays behind when it fails. Labels are not cached.
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
    entry = Entry(cache, name)
    whose = dict(of or {})
    sweep(cache)
    kept = _from_cache(entry, whose, len(images), check_later)
    if kept is None:
        kept = _Decoding(images, target, progress).into(entry, whose, skip_bad, disk)
    facts = kept.facts
    if facts.skipped and not skip_bad:
        raise DataError(_complaint(facts.skipped, len(images)), "skip_bad")
    labels = dataset.labels
    if labels is not None and facts.left_out:
        labels = np.delete(labels, facts.left_out)
    return Prepared(kept.pixels, facts.fingerprint, facts.skipped, labels, kept.check, facts.scaled)


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


def _from_cache(entry: Entry, of: Mapping[str, Any], images: int, check_later: bool) -> Kept | None:
    """Return what is in the cache of so many images; None where nothing is that can be used."""
    try:
        kept = entry.open(check_later=check_later)
        if kept.facts.shape[0] + len(kept.facts.left_out) != images:
            raise ValueError(f"{entry.facts.name} is of another number of images")
    except (OSError, ValueError) as error:
        if os.path.lexists(entry.facts):  # otherwise there is nothing, or a decode was killed
            why = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else error
            _log.warning(
                "the decoded images of %s in the cache cannot be used (%s), and are made anew",
                of.get("name", "the data set"), why,
            )  # fmt: skip
        return None
    return kept


class _Decoding:
    """Decoding all images of a data set, and what is found out about them meanwhile."""

    def __init__(
        self, images: ImageSequence, target: tuple[int, int, int], progress: Progress
    ) -> None:
        self.images, self.target, self.progress = images, target, progress
        self.bad: dict[int, str] = {}
        self.unread: list[str] = []  # those of `bad` that may be read next time
        self.digest = hashlib.sha256()

    def into(self, entry: Entry, of: dict[str, Any], skip_bad: bool, disk: Disk) -> Kept:
        """Decode all images into an entry of the cache.

        The pixels are written, not memory-mapped: then a full disk is an error and not a signal.
        What is left out for an error of the disk is no property of the images: then nothing is
        kept.
        """
        entry.folder.mkdir(parents=True, exist_ok=True)
        try:
            with temporary(entry.pixels) as file:
                disk.write(file, self._pieces())
                facts = self._facts(entry.name, of, skip_bad)
                if self.unread:
                    _log.warning(
                        "%d of %d images cannot be read at the moment, and are left out: %s. What "
                        "was decoded is not kept in the cache",
                        len(self.unread), len(self.images), self.unread[0],
                    )  # fmt: skip
                    return mapped(file, facts)
                return entry.keep(file, facts, disk)
        except OSError as error:
            error.filename = error.filename or str(entry.pixels)  # a full disk does not say where
            raise

    def _pieces(self) -> Iterator[bytes]:
        """Yield the pixels of each image that can be decoded."""
        total = len(self.images)
        for done, decoded in enumerate(_decode_each(self.images, self.target), start=1):
            if isinstance(decoded, DataError):
                self.bad[done - 1] = str(decoded)
                if _is_passing(decoded):
                    self.unread.append(str(decoded))
            else:
                self.digest.update(piece := decoded.tobytes())
                yield piece
            if done % _CHUNK == 0 or done == total:
                self.progress(done, total)

    def _facts(self, name: str, of: dict[str, Any], skip_bad: bool) -> Facts:
        """Return what is known once all is decoded; DataError where images are bad."""
        shape = (len(self.images) - len(self.bad), *self.target)
        if self.bad and not (skip_bad and shape[0]):
            raise DataError(_complaint([*self.bad.values()], len(self.images)), "skip_bad")
        self.digest.update(str(shape).encode())
        return Facts(
            name=name,
            shape=shape,
            fingerprint=self.digest.hexdigest(),
            skipped=tuple(self.bad.values()),
            left_out=tuple(self.bad),
            of=of,
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            scaled=self.images.scaled if isinstance(self.images, Encoded) else "",
        )


def _is_passing(error: BaseException | None) -> bool:
    """Return whether the disk, the network or the memory failed, and not what was decoded.

    An error of the system has a number. Pillow's errors about damaged images have none.
    """
    while error is not None:
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno):
            return True
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return False


def _decode_each(
    images: ImageSequence, target: tuple[int, int, int]
) -> Iterator[NDArray[np.uint8] | DataError]:
    """Yield each image in its order, decoded by several threads, or the error that it met."""

    def one(index: int) -> NDArray[np.uint8] | DataError:
        try:
            if isinstance(images, Encoded):
                return images.shaped(index, lambda image: fit(image, target))
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


def _complaint(bad: Sequence[str], total: int) -> str:
    shown = "; ".join(bad[:5]) + (f"; and {len(bad) - 5} more" if len(bad) > 5 else "")
    return (
        f"{len(bad)} of {total} images cannot be used: {shown}. "
        "Repair or remove them, or train without them: skip_bad=True"
    )
