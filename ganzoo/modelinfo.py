"""What a model file says about itself: the same facts in ONNX metadata and safetensors headers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ganzoo.errors import ModelFileError

SCHEMA = "1"


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
                f"{path} has metadata of schema {metadata['ganzoo.schema']!r}, and this ganzoo "
                f"reads {SCHEMA}: upgrade ganzoo"
            )
        try:
            values = {f.name: json.loads(metadata[f"ganzoo.{f.name}"]) for f in fields(cls)}
            info = cls(**values)
            _check(info)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise ModelFileError(f"{path} has damaged ganzoo metadata: {error}") from error
        return info


def _check(info: ModelInfo) -> None:
    """What drawing relies on; ValueError says what does not hold."""
    if not all(isinstance(info.plugin[key], str) for key in ("package", "version")):
        raise ValueError(f"plugin {info.plugin}")
    low, high = info.image_range
    sizes = [info.latent_dim, *info.image["size"], info.image["channels"], *info.latent["shape"]]
    if info.latent["rng"] != "gz-normal-v1":
        raise ValueError(f"unknown latents {info.latent['rng']!r}")
    if len(info.latent["shape"]) != 1 or len(info.image["size"]) != 2:
        raise ValueError("a latent has one dimension and an image two")
    if not all(isinstance(size, int) and 0 < size <= 2**16 for size in sizes):
        raise ValueError(f"sizes {sizes}")
    if not (low < high and info.image["channels"] in (1, 3)):
        raise ValueError(f"image {info.image}")
