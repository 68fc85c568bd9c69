"""The result of an evaluation: numbers, their scale, and everything needed to repeat them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ganzoo.errors import ModelFileError
from ganzoo.evaluate.features import yardstick
from ganzoo.evaluate.measures import MEASURES, number
from ganzoo.evaluate.reading import check
from ganzoo.printable import line, lines
from ganzoo.storage import read_regular

SCHEMA = 1

Kind = tuple[str, str, str]
"""Features, real images and number of images, in words: what two evaluations that can be compared
have in common."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """One measure of the pictures, between its floor and its ceiling."""

    value: float
    error: float | None = None
    """Standard error: how much it changes with other pictures of the same model; None where it is
    not known."""

    floor: float | None = None
    """Value of as many real pictures."""

    ceiling: float | None = None
    """Value of as many pictures of `Evaluation.ceiling`."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """How good a model's pictures are.

    `scores` has the measures of `ganzoo.evaluate.measures.MEASURES` by name: those of `ALWAYS`,
    and of the others those that make sense for the features and the model. Numbers of two
    evaluations can be compared where `differences` finds none.
    """

    model: str
    """Name of the model, or of the folder of pictures."""

    sha256: str
    """Hash of the weights or of the ONNX file; "" for pictures."""

    step: int | None = None
    """How many steps the model was trained, where that is known."""

    samples_seen: int | None = None
    """How many real images it was trained on, counted each time; where that is known."""

    against: dict[str, Any]
    """The real images: name, source, split, where that is from, number of training images, and the
    fingerprint of those that are compared with."""

    features: dict[str, Any]
    """What they are compared by: name, package, version, options, sha256, note."""

    images: int
    """How many pictures were judged, by how many real ones."""

    seed: int
    scores: dict[str, Score]
    ceiling: str
    """What the ceilings are of, such as "the untrained generator"; "" where there are none."""

    classes: dict[str, tuple[float, float]] = field(default_factory=dict)
    """For each class its share of the pictures, and of the real ones."""

    remarks: tuple[str, ...] = ()
    """What a reader of these numbers should know."""

    seconds: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """Sheets of pictures by name, uint8 (H, W, C); they are no part of the JSON."""

    sheets: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Files that hold the sheets, by name; they are no part of a file in a run."""

    def __getitem__(self, name: str) -> float:
        """Return the value of a measure by name; a KeyError says which names there are."""
        if name not in self.scores:
            raise KeyError(f"'{name}' was not measured; there are {', '.join(self.scores)}")
        return self.scores[name].value

    @property
    def yardstick(self) -> str:
        """Hash that is the same where numbers can be compared."""
        return yardstick(self.features["sha256"], self.against["fingerprint"], self.images)

    @property
    def kind(self) -> Kind:
        """What must be the same in two evaluations whose numbers are compared, in words."""
        return _features(self), _real(self), f"{self.images:,}"

    def differences(self, other: Evaluation) -> list[str]:
        """Return why the numbers cannot be compared with those of `other`, one line each."""
        names = ("features", "real images", "number of images")
        pairs = zip(names, self.kind, other.kind, strict=True)
        return [f"{name}: {ours} and {theirs}" for name, ours, theirs in pairs if ours != theirs]

    def to_json(self) -> dict[str, Any]:
        """Return the content of a file, without the pictures."""
        found: dict[str, Any] = {"schema": SCHEMA, **asdict(self)}
        del found["pictures"]
        if not self.sheets:
            del found["sheets"]
        return found

    @classmethod
    def from_json(cls, content: Mapping[str, Any], where: object) -> Evaluation:
        """Read the result of `json.loads`; a ModelFileError names `where` if it is damaged."""
        try:
            given = dict(content)
            if given.pop("schema", None) != SCHEMA:
                raise ValueError("another ganzoo wrote it")
            check(given)
            given = lines(given)
            given["scores"] = {name: Score(**score) for name, score in given["scores"].items()}
            given["classes"] = {name: tuple(pair) for name, pair in given["classes"].items()}
            given["remarks"] = tuple(given["remarks"])
            return cls(**given)
        except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
            raise ModelFileError(f"{where} is no evaluation: {error}") from error

    @classmethod
    def read(cls, path: Path) -> Evaluation:
        """Read a file that `ganzoo eval` wrote; raise ModelFileError where it is damaged."""
        try:
            return cls.from_json(json.loads(read_regular(path)), path)
        except (OSError, ValueError, RecursionError) as error:
            raise ModelFileError(f"{path} cannot be read: {error}") from error

    @property
    def untrained(self) -> str:
        """What the ceilings are of, as the head of a table: "untrained generator"."""
        return self.ceiling.removeprefix("the ") or "untrained"

    def rows(self) -> list[tuple[str, str, str, str, str, str]]:
        """Return the table in words: measure, value, error, floor, ceiling, what it sees."""
        found = []
        for name, measure in MEASURES.items():
            if score := self.scores.get(name):
                numbers = [score.value, score.error, score.floor, score.ceiling]
                value, error, floor, ceiling = map(measure.shown, numbers)
                found.append((measure.title, value, error, floor, ceiling, measure.sees))
        return found

    def __str__(self) -> str:
        """Return what `ganzoo eval` prints: tables, what they mean, and how to get them again."""
        from ganzoo.evaluate.text import text

        return text(self)

    def __repr__(self) -> str:
        step = "" if self.step is None else f", step {self.step:,}"
        return line(
            f"<{self.model}{step}: Fréchet distance {number(self['frechet'])}, "
            f"{self.images:,} images of seed {self.seed}, {self.features['name']}>"
        )

    def _repr_html_(self) -> str:
        from ganzoo.evaluate.text import html

        return html(self)


def _features(evaluation: Evaluation) -> str:
    """Return the features' name, version and the start of their hash."""
    of = evaluation.features
    return f"{of['name']} {of['version']} ({of['sha256'][:8]})"


def _real(evaluation: Evaluation) -> str:
    """Return the real images' name, split, and the start of their fingerprint."""
    of = evaluation.against
    return f"{of['name']}, {of['split']} ({of['fingerprint'][:8]})"
