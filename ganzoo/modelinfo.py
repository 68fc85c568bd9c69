"""What a model file says about itself: the same facts in ONNX metadata and safetensors headers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ganzoo.errors import ModelFileError

SCHEMA = "1"
MAX_NUMBERS = 2**26
"""In one image, which is 64 MB as uint8; and in one latent."""
MAX_CHARACTERS = 2**16
"""In one value of the metadata."""


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """All that sampling needs to know, and all that building the network again needs.

    Stored as string pairs `ganzoo.<field>`, each value JSON. `options`, `plugin` and `architecture`
    rebuild the network; `latent` and `image` are enough to draw pictures without it.
    """

    version: str  # of ganzoo
    architecture: str
    plugin: dict[str, str]  # the package that registered it, and its version
    options: dict[str, Any]
    latent: dict[str, Any]  # shape, dist, rng
    image: dict[str, Any]  # layout, dtype, range, size (height, width), channels
    dataset: str
    samples_seen: int
    precision: str = "float32"
    weights_sha256: str = ""
    parity: dict[str, Any] = field(default_factory=dict)

    @property
    def latent_dim(self) -> int:
        """How many numbers make one image."""
        return int(self.latent["shape"][0])

    @property
    def image_range(self) -> tuple[float, float]:
        """The values of black and white."""
        low, high = self.image["range"]
        return float(low), float(high)

    @property
    def output_shape(self) -> tuple[int, int, int]:
        """Of one image as the model gives it: (C, H, W), or (H, W, C) where the layout is NHWC."""
        height, width = self.image["size"]
        channels = self.image["channels"]
        return (
            (channels, height, width)
            if self.image["layout"] == "NCHW"
            else (height, width, channels)
        )

    def to_metadata(self) -> dict[str, str]:
        """String pairs for a file's header, in a fixed order."""
        pairs = {f"ganzoo.{name}": json.dumps(value) for name, value in asdict(self).items()}
        return {"ganzoo.schema": SCHEMA, **pairs}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], path: object) -> ModelInfo:
        """Read and check the pairs of the file at `path`; ModelFileError where they are not."""
        if "ganzoo.schema" not in metadata:
            raise ModelFileError(f"{path} was not written by ganzoo: it has no ganzoo metadata")
        if metadata["ganzoo.schema"] != SCHEMA:
            raise ModelFileError(
                f"{path} has metadata of schema {metadata['ganzoo.schema'][:20]!r}, and this "
                f"ganzoo reads {SCHEMA}: upgrade ganzoo"
            )
        try:
            values = {f.name: _value(metadata, f"ganzoo.{f.name}") for f in fields(cls)}
            _check(values)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            why = " ".join(str(error).split())[:200]
            raise ModelFileError(f"{path} has damaged ganzoo metadata: {why}") from error
        return cls(**values)


def _value(metadata: Mapping[str, str], key: str) -> Any:
    if key not in metadata:
        raise ValueError(f"{key} is missing")
    if len(metadata[key]) > MAX_CHARACTERS:
        raise ValueError(f"{key} is too long")
    return json.loads(metadata[key])


def _check(values: dict[str, Any]) -> None:
    """The schema; ValueError says what does not hold."""

    def need(holds: bool, name: str) -> None:
        if not holds:
            raise ValueError(f"{name} is {str(values[name])[:100]}")

    for name in ("version", "architecture", "dataset", "precision", "weights_sha256"):
        need(isinstance(values[name], str), name)
    for name in ("plugin", "options", "latent", "image", "parity"):
        need(isinstance(values[name], dict), name)
    need(_whole(values["samples_seen"], 0), "samples_seen")
    plugin, latent, image = values["plugin"], values["latent"], values["image"]
    need(all(isinstance(plugin.get(key), str) for key in ("package", "version")), "plugin")
    if (latent.get("rng"), latent.get("dist")) != ("gz-normal-v1", "normal"):
        raise ValueError(f"unknown latents {str(latent.get('rng'))[:50]!r}: upgrade ganzoo")
    need(_sizes(latent.get("shape"), 1), "latent")
    need((image.get("dtype"), image.get("layout")) in FORMATS, "image")
    need(_sizes(image.get("size"), 2) and image.get("channels") in (1, 3), "image")
    need(math.prod(image["size"]) * image["channels"] <= MAX_NUMBERS, "image")
    low, high = _numbers(image.get("range"))
    need(math.isfinite(low) and math.isfinite(high) and low < high, "image")


FORMATS = {("float32", "NCHW"), ("uint8", "NHWC")}


def _whole(value: Any, least: int) -> bool:
    return type(value) is int and least <= value < 2**63


def _sizes(value: Any, count: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == count
        and all(_whole(size, 1) and size <= MAX_NUMBERS for size in value)
    )


def _numbers(value: Any) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"range {str(value)[:100]}")
    if not all(type(number) in (int, float) for number in value):
        raise ValueError(f"range {str(value)[:100]}")
    return float(value[0]), float(value[1])
