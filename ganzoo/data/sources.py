"""What `data` may be: a registered data set, or a path to images in one of four forms."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.architecture import Dataset
from ganzoo.data import files
from ganzoo.data.idx import find_idx, read_idx
from ganzoo.data.prepare import Images, Progress, prepare
from ganzoo.errors import DataError, PluginError
from ganzoo.storage import cache_folder
from ganzoo.zoo import catalogue, registry


def open_images(
    spec: str,
    shape: tuple[int, int, int],
    *,
    options: Mapping[str, Any] | None = None,
    skip_bad: bool = False,
    progress: Progress = lambda done, total: None,
) -> Images:
    """Return the images that `spec` names, as `shape` (C, H, W), ready to train on.

    `spec` is a registered data set (`options` are its options), or a path: a folder or zip of
    images, a folder of IDX files, an .npz. If it could be both, it is the registered name; write
    ./name for the path. Raises DataError, which says what to do, if there are no images or some
    cannot be read.
    """
    name, source, dataset, blamed = _find(spec, options or {})
    with blamed:
        pixels, fingerprint, skipped = prepare(
            dataset, shape, cache=cache_folder() / "images", skip_bad=skip_bad, progress=progress
        )
    return Images(name=name, pixels=pixels, fingerprint=fingerprint, source=source, skipped=skipped)


def _find(
    spec: str, options: Mapping[str, Any]
) -> tuple[str, dict[str, Any], Dataset, AbstractContextManager[None]]:
    """Return a short name, what `run.json` records, the data set, and a context that blames it."""
    if not spec.strip():
        raise DataError("data is an empty word: name a data set or a path", "data")
    looks_like_a_path = os.sep in spec or "/" in spec or spec.endswith((".zip", ".npz"))
    if not looks_like_a_path:
        try:
            loaded = registry.load_dataset(spec, options)
            entry = loaded.entry
            return entry.name, loaded.describe(), loaded.value, registry.blame(entry)
        except catalogue.UnknownNameError as error:
            if not Path(spec).exists():
                raise DataError(f"{error}; or give a path to images") from None
    if options:
        raise PluginError(
            f"'{spec}' is a path and takes no options: leave data_options= out", "data_options"
        )
    path = Path(spec)
    real = path.resolve()
    name = real.name if real.is_dir() else real.stem
    return name or "images", {"path": str(real)}, _from_path(path), nullcontext()


def _from_path(path: Path) -> Dataset:
    if path.is_dir():
        idx = find_idx(path, "train") or find_idx(path, "test")
        return Dataset(images=read_idx(idx)) if idx else files.folder_dataset(path)
    if not path.exists():
        raise DataError(f"there is no folder or file '{path}'; `ganzoo list` shows the data sets")
    if zipfile.is_zipfile(path) and path.suffix != ".npz":
        return files.zip_dataset(path)
    if path.suffix == ".npz":
        return Dataset(images=_read_npz(path))
    if "idx3-ubyte" in path.name:
        return Dataset(images=read_idx(path))
    raise DataError(
        f"'{path}' is no training data: give a folder or .zip of images, an .npz, or IDX files"
    )


def _read_npz(path: Path) -> NDArray[np.uint8]:
    """Return the images of an .npz: its array `images`, or its first uint8 array of 3 or 4 axes."""
    try:
        with np.load(path, allow_pickle=False) as content:
            names = sorted(content.files, key=lambda name: name != "images")
            arrays = (content[name] for name in names)
            found = next((a for a in arrays if a.dtype == np.uint8 and a.ndim in (3, 4)), None)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} cannot be read as .npz: {error}") from error
    if found is not None and found.ndim == 4 and found.shape[3] not in (1, 3):
        found = found.transpose(0, 2, 3, 1)
    if found is None or not len(found) or (found.ndim == 4 and found.shape[3] not in (1, 3)):
        raise DataError(f"{path} holds no uint8 images (N, H, W), (N, H, W, C) or (N, C, H, W)")
    return np.asarray(found, np.uint8)
