"""Trained generators that are shared: the folder of one, and those that packages ship.

`ganzoo publish` writes such a folder. A package of models has one for each of its entry points in
the group `ganzoo.models`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from ganzoo.errors import ModelFileError, PluginError
from ganzoo.printable import line
from ganzoo.storage import read_small
from ganzoo.zoo import catalogue, registry
from ganzoo.zoo.catalogue import Entry
from ganzoo.zoo.guard import guarded
from ganzoo.zoo.values import file_name, numbers, one_of, scalar, sha256, whole, word

FACTS = "model.json"
SCHEMA = 1
VARIANTS = ("float32", "float16", "int8", "uint8")
MAX_BYTES = 2**20
"""Largest size of the facts."""


@dataclass(frozen=True)
class ModelFile:
    """One file of a model: its name in the folder, its size, the hash that it must have."""

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

    weights: ModelFile | None = None
    """The .safetensors of both networks, to go on training from; None where it is not given."""

    classes: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of the architecture, with which it is built again."""

    data_options: Mapping[str, Any] = field(default_factory=dict)
    """Options of the data set, with which the same images are made again; no paths among them."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the training that were not the architecture's own, and the seed."""

    training: Mapping[str, Any] = field(default_factory=dict)
    """How it was trained: steps, samples_seen, images, seconds, device, precision, where known."""

    scores: Mapping[str, float] = field(default_factory=dict)
    """What `ganzoo eval` measured, by name: frechet, kernel, precision, recall, coverage …"""

    floors: Mapping[str, float] = field(default_factory=dict)
    """The same measures of as many real images."""

    judged: str = ""
    """What the scores are of, in words: how many pictures, which real images and which features."""

    history: Sequence[Mapping[str, float]] = ()
    """What was measured on the way by the same yardstick: samples_seen, seconds, and scores."""

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

    def __repr__(self) -> str:
        height, width = self.size
        of = f"{self.architecture} on {self.dataset}, {height}x{width}x{self.channels}"
        distance = self.scores.get("frechet")
        judged = "" if distance is None else f", Fréchet distance {distance:.3g}"
        return line(f"<{self.name}: {of}, {', '.join(self.files)}{judged}>")

    def path(self, variant: str | None = None) -> Path:
        """Return the ONNX file of a variant, by default the first, once size and hash are checked.

        Raises ModelFileError where there is no such variant, and where the file is missing or is
        not the one that was published.
        """
        if variant is None:
            variant = next(iter(self.files))
        if variant not in self.files:
            raise ModelFileError(f"{self.name} has no {variant}: it has {', '.join(self.files)}")
        return self._checked(self.files[variant])

    def weights_path(self) -> Path | None:
        """Return the file of weights, once size and hash are checked; None where there is none.

        Raises ModelFileError as `path` does.
        """
        return self._checked(self.weights) if self.weights else None

    def _checked(self, wanted: ModelFile) -> Path:
        path = self.folder / wanted.file
        try:
            content = read_small(path, wanted.nbytes)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise ModelFileError(f"{path} of the model {self.name} cannot be read: {why}") from None
        found = len(content or b""), hashlib.sha256(content or b"").hexdigest()
        if found != (wanted.nbytes, wanted.sha256):
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
            "files": {variant: _json(file) for variant, file in self.files.items()},
            "weights": _json(self.weights) if self.weights else None,
            "options": dict(self.options),
            "data_options": dict(self.data_options),
            "settings": dict(self.settings),
            "training": dict(self.training),
            "scores": dict(self.scores),
            "floors": dict(self.floors),
            "judged": self.judged,
            "history": [dict(point) for point in self.history],
        }


def _json(file: ModelFile) -> dict[str, Any]:
    return {"file": file.file, "bytes": file.nbytes, "sha256": file.sha256}


def shipped(name: str) -> Model | None:
    """Return the model that an installed package ships as `name` or `package:name`, if one does.

    Raises PluginError where several do, or where the package's function fails.
    """
    try:
        return load(catalogue.find(catalogue.models(), name))
    except catalogue.UnknownNameError:
        return None


def load(entry: Entry) -> Model:
    """Return the model of an entry; raise PluginError where its package's code fails."""
    found = registry.load(entry, {}, Model).value
    with guarded(entry.label, "read"):  # a package may have put it together of code of its own
        try:
            checked = _model(Path(found.folder), found.to_json())
        except ModelFileError:
            raise
        except Exception:
            raise PluginError(
                f"{entry.label} says what cannot be: return Model.read(folder)"
            ) from None
    if checked.name != entry.name:
        raise PluginError(
            f"{entry.label} is called '{checked.name}' in its {FACTS}: name both alike"
        )
    return checked


def _model(folder: Path, found: Any) -> Model:
    """Return the model of a JSON value; raise some error where it is none."""
    if found["schema"] != SCHEMA:
        raise ModelFileError(
            f"{folder / FACTS} has schema {found['schema']!r:.20}, and this ganzoo reads {SCHEMA}: "
            "upgrade ganzoo"
        )
    height, width = map(whole, found["image"]["size"])
    files = {one_of(VARIANTS, name): _file(facts) for name, facts in found["files"].items()}
    if not files:
        raise ValueError(files)
    weights = found["weights"]
    return Model(
        folder=folder,
        name=word(found["name"]),
        architecture=word(found["architecture"]),
        package=word(found["package"]),
        dataset=word(found["dataset"]),
        licence=word(found["licence"]),
        size=(height, width),
        channels=whole(found["image"]["channels"]),
        files=files,
        weights=None if weights is None else _file(weights, ".safetensors"),
        classes=tuple(map(word, found["classes"])),
        options={word(key): scalar(value) for key, value in found["options"].items()},
        data_options={word(k): scalar(v) for k, v in found.get("data_options", {}).items()},
        settings={word(key): scalar(value) for key, value in found["settings"].items()},
        training={word(key): scalar(value) for key, value in found["training"].items()},
        scores=numbers(found["scores"]),
        floors=numbers(found["floors"]),
        judged=word(found["judged"]),
        history=tuple(map(numbers, found["history"])),
    )


def _file(found: Mapping[str, Any], suffix: str = ".onnx") -> ModelFile:
    name = file_name(found["file"], suffix)
    return ModelFile(name, whole(found["bytes"]), sha256(found["sha256"]))
