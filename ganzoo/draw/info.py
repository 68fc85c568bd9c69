"""What a model file says about itself: the same facts in ONNX metadata and safetensors headers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.draw.ports import Port
from ganzoo.errors import ModelFileError
from ganzoo.printable import lines, names

SCHEMA = "1"
PRECISIONS = ("float32", "float16", "int8")
FORMATS = (("float32", "NCHW"), ("uint8", "NHWC"))
MAX_NUMBERS = 2**24
"""Most numbers in one image: 4096x4096 grey, or 2364x2364 in colour."""
MAX_LATENTS = 2**16
MAX_CHARACTERS = 2**16
"""Most characters in one value of the metadata."""
MAX_LABEL_CHARACTERS = 2**24
"""As many for the classes: what a `Dataset` may have, with twelve for each character in JSON."""

OPTIONAL = ("label", "truncation")
"""Fields that are not written where they say nothing: so a file of a generator without classes is
the same as before there were any."""
NEEDED = ("latent", "image")
"""Fields without which nothing can be drawn."""
REBUILDING = ("version", "architecture", "plugin", "options")
"""Fields without which the network cannot be built again."""


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """All that sampling needs to know, and all that building the network again needs.

    It is stored as string pairs `ganzoo.<field>`, each value JSON; `label` only where there are
    classes, and `truncation` only where it is possible. `options`, `plugin` and
    `architecture` rebuild the network. `latent` and `image` are enough to draw pictures without it,
    so a file that another program wrote may have these two alone.
    """

    version: str = ""  # of ganzoo
    architecture: str = "generator"
    plugin: dict[str, str] = field(  # the package that registered it, and its version
        default_factory=lambda: {"package": "", "version": ""}
    )
    options: dict[str, Any] = field(default_factory=dict)
    latent: dict[str, Any]  # shape, dist, rng
    image: dict[str, Any]  # layout, dtype, range, size (height, width), channels
    dataset: str = ""
    samples_seen: int = 0
    precision: str = "float32"
    weights_sha256: str = ""
    parity: dict[str, Any] = field(default_factory=dict)
    label: dict[str, Any] = field(default_factory=dict)  # classes (their names), rng
    truncation: bool = False  # whether the generator takes one

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes whose labels the generator takes; none where it takes no labels."""
        return tuple(self.label.get("classes", ()))

    @property
    def inputs(self) -> dict[str, tuple[str, tuple[int | None, ...]]]:
        """Type and shape of all that the generator takes, in this order; None is the batch size."""
        taken: dict[str, tuple[str, tuple[int | None, ...]]] = {
            "latent": ("float32", (None, self.latent_dim))
        }
        if self.classes:
            taken["label"] = ("int64", (None,))
        if self.truncation:
            taken["truncation"] = ("float32", ())
        return taken

    @property
    def latent_dim(self) -> int:
        """Numbers that make one image."""
        return int(self.latent["shape"][0])

    def takes(self, batch: int | None = None) -> str:
        """Return `inputs` in words: "latent float32 (n, 100), label int64 (n)"."""
        return ", ".join(Port(name, *port).in_words(batch) for name, port in self.inputs.items())

    @property
    def seen(self) -> str:
        """What it was trained on, as far as it is known: "12,800 images of fashion_mnist seen"."""
        of = f" of {self.dataset}" if self.dataset else ""
        return f"{self.samples_seen:,} images{of} seen" if self.samples_seen or of else ""

    def zeros(self, n: int) -> tuple[NDArray[Any], ...]:
        """Return `inputs` for n images: z of zeros, labels of the first class, no truncation."""
        made = [
            np.zeros([n if size is None else size for size in shape], dtype)
            for dtype, shape in self.inputs.values()
        ]
        if self.truncation:
            made[-1] += 1
        return tuple(made)

    @property
    def image_range(self) -> tuple[float, float]:
        """Values of black and of white."""
        low, high = self.image["range"]
        return float(low), float(high)

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Shape of one image from the model: (C, H, W), or (H, W, C) if the layout is NHWC."""
        height, width = self.image["size"]
        channels = self.image["channels"]
        return (
            (channels, height, width)
            if self.image["layout"] == "NCHW"
            else (height, width, channels)
        )

    @property
    def output(self) -> Port:
        """What the generator gives: its images."""
        return Port("image", self.image["dtype"], (None, *self.output_shape))

    def to_metadata(self) -> dict[str, str]:
        """Return string pairs for a file's header, in a fixed order."""
        found = {k: v for k, v in asdict(self).items() if v or k not in OPTIONAL}
        pairs = {f"ganzoo.{name}": json.dumps(value) for name, value in found.items()}
        return {"ganzoo.schema": SCHEMA, **pairs}

    @classmethod
    def from_metadata(
        cls, metadata: Mapping[str, str], path: object, *, rebuild: bool = False
    ) -> ModelInfo:
        """Read and check the pairs of the file at `path`; ModelFileError says what is wrong.

        Where they `rebuild` a network, as those of a checkpoint do, they must say which one.
        """
        if "ganzoo.schema" not in metadata:
            told = f"{path} was not written by ganzoo: it has no ganzoo metadata"
            if not rebuild:
                told += "; if it is an ONNX generator, `ganzoo adopt` makes a file that has them"
            raise ModelFileError(told)
        if metadata["ganzoo.schema"] != SCHEMA:
            raise ModelFileError(
                f"{path} has metadata of schema {metadata['ganzoo.schema'][:20]!r}, and this "
                f"ganzoo reads {SCHEMA}: upgrade ganzoo"
            )
        try:
            needed = [*NEEDED, *(REBUILDING if rebuild else ())]
            values = {
                name: _value(metadata, f"ganzoo.{name}")
                for name in (each.name for each in fields(cls))
                if name in needed or f"ganzoo.{name}" in metadata
            }
            values = asdict(cls(**values))  # with the defaults of what is missing
            _check(values)
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            why = " ".join(str(error).split())[:200]
            raise ModelFileError(f"{path} has damaged ganzoo metadata: {why}") from error
        return cls(**_named(values))


def _value(metadata: Mapping[str, str], key: str) -> Any:
    if key not in metadata:
        raise ValueError(f"{key} is missing")
    most = MAX_LABEL_CHARACTERS if key == "ganzoo.label" else MAX_CHARACTERS
    if len(metadata[key]) > most:
        raise ValueError(f"{key} is too long")
    try:
        return json.loads(metadata[key], parse_constant=_refuse)
    except ValueError as error:
        raise ValueError(f"{key} is not JSON: {error}") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _check(values: dict[str, Any]) -> None:
    """Check `values` against the schema; ValueError says what does not hold."""

    def need(holds: bool, name: str) -> None:
        if not holds:
            raise ValueError(f"{name} is {str(values[name])[:100]}")

    for name in ("version", "architecture", "dataset", "precision", "weights_sha256"):
        need(isinstance(values[name], str), name)
    for name in ("plugin", "options", "latent", "image", "parity", "label"):
        need(isinstance(values[name], dict), name)
    need(_is_whole(values["samples_seen"], 0, 2**63), "samples_seen")
    need(values["precision"] in PRECISIONS, "precision")
    plugin, latent, image = values["plugin"], values["latent"], values["image"]
    need(all(isinstance(plugin.get(key), str) for key in ("package", "version")), "plugin")
    if (latent.get("rng"), latent.get("dist")) != ("gz-normal-v1", "normal"):
        raise ValueError(f"unknown latents {str(latent.get('rng'))[:50]!r}: upgrade ganzoo")
    need(_are_sizes(latent.get("shape"), 1, MAX_LATENTS), "latent")
    need(not values["label"] or _are_names(values["label"].get("classes")), "label")
    if values["label"] and values["label"].get("rng") != "gz-label-v1":
        raise ValueError(f"unknown labels {str(values['label'].get('rng'))[:50]!r}: upgrade ganzoo")
    need(type(values["truncation"]) is bool, "truncation")
    need((image.get("dtype"), image.get("layout")) in FORMATS, "image")
    need(_are_sizes(image.get("size"), 2, MAX_NUMBERS), "image")
    need(_is_whole(image.get("channels"), 1, 3) and image["channels"] != 2, "image")
    need(math.prod(image["size"]) * image["channels"] <= MAX_NUMBERS, "image")
    need(is_range(image.get("range")), "image")


def _named(values: dict[str, Any]) -> dict[str, Any]:
    """Return `values` with names that steer nothing, and classes that still differ."""
    named = {name: lines(values[name]) for name in ("version", "architecture", "plugin", "dataset")}
    if values["label"]:
        named["label"] = {**values["label"], "classes": list(names(values["label"]["classes"]))}
    return {**values, **named}


def _is_whole(value: Any, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _are_sizes(value: Any, count: int, most: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == count
        and all(_is_whole(size, 1, most) for size in value)
    )


def _are_names(value: Any) -> bool:
    """Return whether `value` is a list of different texts, of which there is at least one.

    JSON can have halves of characters, which no file and no page could be written with.
    """
    texts = isinstance(value, list) and all(isinstance(name, str) and name for name in value)
    if not texts or not value or len(set(value)) < len(value):
        return False
    return "".join(value).encode("utf-8", "replace").decode() == "".join(value)


def is_range(value: Any) -> bool:
    """Return whether `value` is two numbers that float32 can tell apart and scale between."""
    if not isinstance(value, list) or [type(n) in (int, float) for n in value] != [True, True]:
        return False
    low, high = value
    return bool(abs(low) <= 1e6 and abs(high) <= 1e6 and high - low >= 1e-3)
