"""What `data` may be: a registered data set, or a path to images in one of four forms."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ganzoo.architecture import Dataset
from ganzoo.data import files
from ganzoo.data.idx import TO_LABEL, idx_dataset, idx_parts
from ganzoo.data.npz import named, npz_parts
from ganzoo.data.parts import Parts
from ganzoo.errors import DataError, PluginError
from ganzoo.printable import line
from ganzoo.storage import is_special
from ganzoo.zoo import catalogue, registry
from ganzoo.zoo.options import offers


@dataclass(frozen=True)
class Source:
    """Where images come from."""

    name: str
    parts: Parts
    facts: dict[str, Any]
    """What `run.json` records of the images to train on."""

    test_facts: dict[str, Any]
    """The same of the images that are held back."""

    blamed: Callable[[], AbstractContextManager[None]] = nullcontext
    """Function that makes a context in which a plugin is blamed for what goes wrong."""


def find(spec: str, options: Mapping[str, Any]) -> Source:
    """Return what `spec` names: a registered data set with these options, or else a path.

    Raises DataError if it names neither.
    """
    if not spec.strip():
        raise DataError("data is an empty word: name a data set or a path", "data")
    ends = spec.lower().endswith((".zip", ".npz")) or ".npz:" in spec.lower()
    looks_like_a_path = ends or not {"/", "\\"}.isdisjoint(spec)
    if not looks_like_a_path:
        try:
            return _registered(spec, options)
        except catalogue.UnknownNameError as error:
            if not Path(spec).exists():
                raise DataError(f"{error}; or give a path to images") from None
    if options:
        raise PluginError(
            f"'{spec}' is a path and takes no options: leave data_options= out", "data_options"
        )
    path = Path(spec)
    real = Path(os.path.realpath(named(path)[0]))  # also where links lead in a circle
    name = line(real.name if real.is_dir() else real.stem) or "images"
    facts, parts = {"path": str(real)}, from_path(path)
    array, other = ({"array": each} if each else {} for each in (parts.array, parts.test_array))
    if parts.test is None:
        return Source(name, parts, facts | array, {})
    return Source(
        name, parts, {**facts, **array, "split": "train"}, {**facts, **other, "split": "test"}
    )


def from_path(path: Path) -> Parts:
    """Return the images at a path: a folder or zip of images, IDX files, or an .npz.

    FILE.npz:ARRAY is one array of an .npz.
    """
    path, array = named(path)
    if is_special(path):
        raise DataError(f"'{path}' is a device or a pipe, and data is a folder or a regular file")
    if path.is_dir():
        return idx_parts(path) or files.folder_parts(path)
    if not path.exists():
        raise DataError(f"there is no folder or file '{path}'; `ganzoo list` shows the data sets")
    if path.stat().st_size == 0:  # or it is one of /proc, and cannot be read as a file is
        raise DataError(f"'{path}' is empty")
    if path.suffix.lower() == ".npz":
        return npz_parts(path, array)
    if zipfile.is_zipfile(path):
        return files.zip_parts(path)
    if "idx3-ubyte" in path.name:
        return Parts(idx_dataset(path), to_label=TO_LABEL)
    raise DataError(
        f"'{path}' is no training data: give a folder or .zip of images, an .npz, or IDX files"
    )


def _registered(name: str, options: Mapping[str, Any]) -> Source:
    """Return a registered data set.

    Where "train" is asked of its option `split`, it holds back what that calls "test".
    """
    loaded = registry.load_dataset(name, options)
    entry, facts = loaded.entry, loaded.describe()
    parts = Parts(_owned(loaded), to_label="train on others, with data=PATH")
    other = {**loaded.options, "split": "test"}
    if loaded.options.get("split") == "train":
        function, _ = registry.import_function(entry)
        if offers(function, "split", "test"):
            test = partial(_load, entry, other)
            parts = parts._replace(test=test, note="its option split=test")
    blamed = partial(registry.blame, entry)
    return Source(entry.name, parts, facts, {**facts, "options": other}, blamed)


def _load(entry: catalogue.Entry, options: Mapping[str, Any]) -> Dataset:
    return _owned(registry.load(entry, options, Dataset))


def _owned(loaded: registry.Loaded[Dataset]) -> Dataset:
    """Return a data set whose key in the cache is no other plugin's, and no other version's."""
    dataset = loaded.value
    if dataset.cache_key is None:
        return dataset
    whose = json.dumps(loaded.describe(), sort_keys=True, default=str)
    return replace(dataset, cache_key=f"{whose} {dataset.cache_key}")
