"""Trained generators that are shared: the folder of one, and those that packages ship.

`ganzoo publish` writes such a folder. A package of models has one for each of its entry points in
the group `ganzoo.models`.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from ganzoo.errors import ModelFileError, PluginError
from ganzoo.printable import line
from ganzoo.storage import read_small
from ganzoo.zoo import catalogue, registry
from ganzoo.zoo.catalogue import Entry

FACTS = "model.json"
SCHEMA = 1
VARIANTS = ("float32", "float16", "int8", "uint8")
MAX_BYTES = 2**20
"""Largest size of the facts."""
MAX_WORDS = 200
"""Most characters of a name."""
MAX_WHOLE = 2**30
"""Largest number of pixels, channels or bytes."""


@dataclass(frozen=True)
class ModelFile:
    """One ONNX file of a model: its name in the folder, its size, the hash that it must have."""

    file: str
    nbytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Model:
    """A trained generator that somebody shares, in a folder with the facts about it.

    A package ships one by an entry point in the group `ganzoo.models`, whose function returns
    `Model.read(folder)`; the name of the entry point is what people write.
    """

    folder: Path
    name: str
    architecture: str
    package: str
    """The package that registers the architecture."""

    dataset: str
    licence: str
    """An identifier of SPDX, such as "CC-BY-4.0"; "" where nothing is said."""

    size: tuple[int, int]
    """Height and width of an image, in pixels."""

    channels: int
    files: Mapping[str, ModelFile]
    """Its ONNX files by variant, one of `VARIANTS`; the first is drawn from."""

    classes: tuple[str, ...] = ()
    training: Mapping[str, Any] = field(default_factory=dict)
    """How it was trained: samples_seen, images, batch_size, device, precision, where known."""

    scores: Mapping[str, float] = field(default_factory=dict)
    """What `ganzoo eval` measured, by name: frechet, kernel, precision, recall, coverage …"""

    floors: Mapping[str, float] = field(default_factory=dict)
    """The same measures of as many real images."""

    judged: str = ""
    """What the scores are of, in words: how many pictures, which real images and which features."""

    @classmethod
    def read(cls, folder: str | PathLike[str]) -> Model:
        """Read the facts of the model in a folder; the files themselves are checked when used.

        Raises ModelFileError where there are none, or where they say what cannot be.
        """
        place = Path(folder)
        try:
            content = read_small(place / FACTS, MAX_BYTES)
            found = None if content is None else json.loads(content)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise ModelFileError(f"{place} is no model: {FACTS} cannot be read: {why}") from None
        except (ValueError, RecursionError):
            found = None
        try:
            return _model(place, found)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise ModelFileError(f"{place / FACTS} is damaged: publish the model anew") from None

    def path(self, variant: str | None = None) -> Path:
        """Return the ONNX file of a variant, by default the first, once size and hash are checked.

        Raises ModelFileError where there is no such variant, and where the file is missing or is
        not the one that was published.
        """
        if variant is None:
            variant = next(iter(self.files))
        if variant not in self.files:
            raise ModelFileError(f"{self.name} has no {variant}: it has {', '.join(self.files)}")
        wanted = self.files[variant]
        path = self.folder / wanted.file
        try:
            content = read_small(path, wanted.nbytes)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise ModelFileError(f"{path} of the model {self.name} cannot be read: {why}") from None
        size, sha256 = len(content or b""), hashlib.sha256(content or b"").hexdigest()
        if (size, sha256) != (wanted.nbytes, wanted.sha256):
            raise ModelFileError(
                f"{path} is not what was published as {self.name}: install or publish it anew"
            )
        return path

    def to_json(self) -> dict[str, Any]:
        """Return the facts as model.json has them."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "architecture": self.architecture,
            "package": self.package,
            "dataset": self.dataset,
            "licence": self.licence,
            "image": {"size": list(self.size), "channels": self.channels},
            "classes": list(self.classes),
            "files": {
                variant: {"file": f.file, "bytes": f.nbytes, "sha256": f.sha256}
                for variant, f in self.files.items()
            },
            "training": dict(self.training),
            "scores": dict(self.scores),
            "floors": dict(self.floors),
            "judged": self.judged,
        }


def shipped(name: str) -> Model | None:
    """Return the model that an installed package ships as `name` or `package:name`, if one does.

    Raises PluginError where several do, or where the package's function fails.
    """
    try:
        return load(catalogue.find(catalogue.models(), name))
    except catalogue.UnknownNameError:
        return None


def load(entry: Entry) -> Model:
    """Return the model of an entry; raise PluginError where its package's function fails."""
    found = registry.load(entry, {}, Model).value
    try:  # one that a package put together itself, too
        checked = _model(Path(found.folder), found.to_json())
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise PluginError(f"{entry.label} says what cannot be: return Model.read(folder)") from None
    if checked.name != entry.name:
        raise PluginError(
            f"{entry.label} is called '{checked.name}' in its {FACTS}: name both alike"
        )
    return checked


def _model(folder: Path, found: Any) -> Model:
    """Return the model of a JSON value; raise some error where it is none."""
    if found["schema"] != SCHEMA:
        raise ModelFileError(
            f"{folder / FACTS} has schema {found['schema']!r:.20}, and this ganzoo reads {SCHEMA}"
        )
    height, width = (_whole(number) for number in found["image"]["size"])
    files = {_one_of(variant): _file(facts) for variant, facts in found["files"].items()}
    if not files:
        raise ValueError(files)
    return Model(
        folder=folder,
        name=_word(found["name"]),
        architecture=_word(found["architecture"]),
        package=_word(found["package"]),
        dataset=_word(found["dataset"]),
        licence=_word(found["licence"]),
        size=(height, width),
        channels=_whole(found["image"]["channels"]),
        files=files,
        classes=tuple(_word(name) for name in found["classes"]),
        training={_word(key): _value(value) for key, value in found["training"].items()},
        scores={_word(key): _number(value) for key, value in found["scores"].items()},
        floors={_word(key): _number(value) for key, value in found["floors"].items()},
        judged=_word(found["judged"]),
    )


def _file(found: Mapping[str, Any]) -> ModelFile:
    name, sha256 = _word(found["file"]), _word(found["sha256"])
    beside = Path(name).name == name and name.endswith(".onnx")
    if not beside or not re.fullmatch("[0-9a-f]{64}", sha256):
        raise ValueError(name)
    return ModelFile(name, _whole(found["bytes"]), sha256)


def _one_of(variant: str) -> str:
    if variant not in VARIANTS:
        raise ValueError(variant)
    return variant


def _word(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_WORDS:
        raise ValueError(value)
    return line(value)


def _whole(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= MAX_WHOLE:
        raise ValueError(value)
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(value)
    return float(value)


def _value(value: Any) -> Any:
    return _word(value) if isinstance(value, str) else _number(value)
