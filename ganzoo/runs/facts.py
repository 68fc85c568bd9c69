"""The content of run.json and resumes.jsonl as types; only this file reads and checks the JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, TypeVar

from ganzoo.config import TrainConfig
from ganzoo.errors import ModelFileError
from ganzoo.printable import line, lines
from ganzoo.runs.reading import (
    Reading,
    class_names,
    count,
    image_size,
    image_source,
    optimizers,
    spreads,
    texts,
    texts_by_name,
)
from ganzoo.runs.saving import Saving, extending

SCHEMA = 1
NEWER = {
    "eval_every", "eval_images", "eval_features", "keep_best",
    "generator_learning_rate", "discriminator_learning_rate", "beta1", "beta2", "augment",
}  # fmt: skip
"""Settings that the first format of run.json did not have: where they are missing, they have their
defaults."""
BEFORE = {"ema_growth": 0.0}
"""Settings of the same kind with another value where they are missing: what ganzoo did before."""

Table = TypeVar("Table", TrainConfig, Saving)


@dataclass(frozen=True, kw_only=True)
class Made:
    """The architecture that is trained: its package, and the options that build it again."""

    name: str
    package: str
    version: str
    options: dict[str, Any]

    @property
    def qualified(self) -> str:
        """The name "package:name", which no other architecture has."""
        return f"{self.package}:{self.name}"


@dataclass(frozen=True, kw_only=True)
class Data:
    """The prepared images that a run is trained on: their number, size and source."""

    name: str
    source: dict[str, Any]
    images: int
    size: tuple[int, int, int]  # height, width, channels
    fingerprint: str
    skipped: tuple[str, ...]
    classes: tuple[str, ...] = ()
    """Names of the classes whose labels the networks get; none where they get no labels."""
    labels: str = ""
    """SHA-256 of these labels."""

    def spec(self) -> tuple[str, dict[str, Any]]:
        """Return the name or path of the data set, and its options, as `open_images` takes them."""
        if "path" in self.source:
            from ganzoo.data.npz import FIRST

            path: str = self.source["path"]
            if path.lower().endswith(".npz"):
                path += f":{self.source.get('array', FIRST)}"
            return path, {}
        return f"{self.source['package']}:{self.source['name']}", self.source["options"]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The weights that a run began with: whose, how many tensors fitted, which stayed fresh."""

    name: str
    sha256: str
    taken: int
    fresh: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A device or a precision, and the reason why it was chosen."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What the last bits of a result depend on, besides the settings that the user asked for."""

    device: Chosen
    precision: Chosen
    processes: int
    threads: int
    versions: dict[str, str]

    def differences(self, then: Circumstances) -> list[str]:
        """Return what is different from `then`, one line of words for each difference."""
        pairs: list[tuple[str, object, object]] = [
            ("device", then.device.name, self.device.name),
            ("precision", then.precision.name, self.precision.name),
            ("processes", then.processes, self.processes),
            ("threads", then.threads, self.threads),
        ]
        pairs += [(name, then.versions.get(name), now) for name, now in self.versions.items()]
        return [f"{name} was {old}, is {new}" for name, old, new in pairs if old != new]


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """One line of resumes.jsonl: when a run was resumed, and what changed."""

    time: str
    step: int
    command: tuple[str, ...]
    launch: str | None
    config: dict[str, Any]  # of TrainConfig, the settings that may change
    saving: dict[str, Any]
    circumstances: Circumstances

    @classmethod
    def from_json(cls, entry: Mapping[str, Any], where: object) -> Resumed:
        """Read a parsed line. Raises ModelFileError, which names `where`, if it is no such line."""
        with Reading(where) as read:
            config = {name: read(entry, name, object, None) for name in extending(TrainConfig)}
            TrainConfig(**config)
            Saving(**read(entry, "saving", dict))
            return cls(
                time=read(entry, "time", str),
                step=read(entry, "step", int),
                command=texts(read(entry, "command", list), "command"),
                launch=read(entry, "launch", str, None),
                config=config,
                saving=read(entry, "saving", dict),
                circumstances=_circumstances(entry, read),
            )

    def to_json(self) -> dict[str, Any]:
        """Return the line as it is written to the file."""
        found: dict[str, Any] = asdict(self)
        settings, circumstances = found.pop("config"), found.pop("circumstances")
        return {**found, **settings, **circumstances}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that run.json says: what is trained, on which data, how, and on which machine.

    `config` and `saving` are those at the beginning of the run; `with_resumes` gives the latest.
    `command` is what began the run: the words of a shell, or one call of Python.
    """

    created: str
    architecture: Made
    scores: str  # of the objective: "logits", "critic" or "wasserstein"
    data: Data
    losses: dict[str, str] = field(default_factory=dict)
    """What they are called, "words", and the formulas of "discriminator" and "generator". This and
    the next two are empty in files of before there were they."""
    optimizers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What `train.optimizing.described` says, by network."""
    initial_weights: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    """What `train.networks.weights_of` says, by network; empty where `origin` tells."""
    config: TrainConfig
    saving: Saving
    circumstances: Circumstances
    command: tuple[str, ...] = ()
    launch: str | None = None
    origin: Origin | None = None
    """What it began with, where that was not weights of its seed."""

    resumes: tuple[Resumed, ...] = field(default=(), compare=False)

    def __repr__(self) -> str:
        begun = self.created[:16].replace("T", " ")
        return line(f"<{self.architecture.name} on {self.data.name}, begun {begun} UTC>")

    @classmethod
    def from_json(cls, content: Any, where: object) -> Facts:
        """Read the result of `json.loads`. Raises ModelFileError, which names a missing field."""
        with Reading(where) as read:
            if (schema := read(content, "schema", int, SCHEMA)) > SCHEMA:
                raise ModelFileError(
                    f"{where} has schema {schema}, and this ganzoo reads {SCHEMA}: upgrade ganzoo"
                )
            made, data = read(content, "architecture", dict), read(content, "data", dict)
            config = _settings(read(content, "config", dict), TrainConfig, where)
            saving = _settings(read(content, "saving", dict), Saving, where)
            return cls(
                created=read(content, "created", str),
                architecture=Made(
                    name=read(made, "name", str),
                    package=read(made, "package", str),
                    version=read(made, "version", str),
                    options=read(made, "options", dict),
                ),
                scores=read(content, "scores", str, "logits"),
                losses=texts_by_name(read(content, "losses", dict, {}), "losses"),
                optimizers=optimizers(read(content, "optimizers", dict, {}), read),
                initial_weights=spreads(read(content, "initial_weights", dict, {}), read),
                data=Data(
                    name=read(data, "name", str),
                    source=image_source(read(data, "source", dict), read),
                    images=count(data, "images", read),
                    size=image_size(read(data, "size", list)),
                    fingerprint=read(data, "fingerprint", str),
                    skipped=tuple(lines(read(data, "skipped", list))),
                    classes=class_names(read(data, "classes", list, [])),
                    labels=read(data, "labels", str, ""),
                ),
                config=config,
                saving=saving,
                circumstances=_circumstances(content, read),
                command=texts(read(content, "command", list, []), "command"),
                launch=read(content, "launch", str, None),
                origin=_origin(read(content, "origin", dict, None), read),
            )

    def to_json(self) -> dict[str, Any]:
        """Return the content of run.json."""
        found: dict[str, Any] = {"schema": SCHEMA, **asdict(self)}
        del found["resumes"]
        if self.origin is None:
            del found["origin"]
        circumstances = found.pop("circumstances")
        return {**found, **circumstances}

    def with_resumes(self, resumes: Sequence[Resumed]) -> Facts:
        """Return these facts with the settings of the last of `resumes`."""
        latest = {"config": self.config, "saving": self.saving}
        for last in resumes[-1:]:
            latest = {
                "config": replace(self.config, **last.config),
                "saving": replace(self.saving, **last.saving),
            }
        return replace(self, **latest, resumes=tuple(resumes))  # type: ignore[arg-type]


def _settings(found: dict[str, Any], table: type[Table], where: object) -> Table:
    """Return all settings of a table.

    Raises ModelFileError for one that it does not have, KeyError for one that is missing and not
    newer than the file may be.
    """
    names = {row.name for row in fields(table)}
    for name in sorted(found.keys() - names):
        raise ModelFileError(
            f"{where} has a setting that this ganzoo does not know, {line(name)!r:.50}: upgrade "
            "ganzoo"
        )
    found = {name: value for name, value in BEFORE.items() if name in names} | found
    for name in sorted(names - found.keys() - NEWER):
        raise KeyError(name)
    return table(**found)


def _circumstances(content: Mapping[str, Any], read: Reading) -> Circumstances:
    """Read the circumstances, whose fields stand among the others of run.json and of a resume."""
    chosen = {name: read(content, name, dict) for name in ("device", "precision")}
    device, precision = (
        Chosen(name=read(value, "name", str), reason=read(value, "reason", str))
        for value in chosen.values()
    )
    return Circumstances(
        device=device,
        precision=precision,
        processes=count(content, "processes", read),
        threads=count(content, "threads", read),
        versions=texts_by_name(read(content, "versions", dict), "versions"),
    )


def _origin(found: dict[str, Any] | None, read: Reading) -> Origin | None:
    """Return what a run began with; None where that was not written."""
    if found is None:
        return None
    fresh = texts(read(found, "fresh", list), "fresh")
    return Origin(
        name=read(found, "name", str),
        sha256=read(found, "sha256", str),
        taken=read(found, "taken", int),
        fresh=tuple(map(line, fresh)),
    )
