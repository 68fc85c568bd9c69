"""What the page knows of a model before it draws: what it is, and what moves its pictures."""

from __future__ import annotations

import math
from typing import Any

from ganzoo.draw.directions import principal
from ganzoo.draw.generator import MAX_COORDINATES, Generator
from ganzoo.errors import FirstLayerError

DIRECTIONS = 6
"""How many principal directions the page has."""
IMAGES = 256
"""The most images of one request; of huge ones fewer."""


def facts(generator: Generator, name: str) -> dict[str, Any]:
    """What `main.js` reads, as JSON has it; `name` is what files made from the model are called.

    `ranking` has every coordinate, that which moves the picture most first, as `ganzoo sweep` has
    it; `directions` are unit vectors in z, and the share of variance that each explains. Of more
    than `MAX_COORDINATES` the first so many are ranked, and there are no directions, nor where the
    first layer cannot be found.
    """
    info = generator.info
    height, width = info.image["size"]
    return {
        "name": name,
        "about": _about(generator),
        "dim": info.latent_dim,
        "height": height,
        "width": width,
        "channels": info.image["channels"],
        "range": info.image["range"],
        "ranking": [
            {"index": index, "levels": round(levels, 2)}
            for index, levels in generator.most_moving(info.latent_dim)
        ],
        "directions": _directions(generator) if info.latent_dim <= MAX_COORDINATES else [],
    }


def _directions(generator: Generator) -> list[dict[str, Any]]:
    try:
        found = principal(generator, DIRECTIONS)
    except FirstLayerError:
        return []
    return [
        {"share": round(float(share), 4), "vector": [float(f"{part:.9g}") for part in vector]}
        for vector, share in zip(found.vectors, found.shares, strict=True)
    ]


def most_images(generator: Generator) -> int:
    """How many images may be asked for at once."""
    return max(1, min(IMAGES, 2**26 // math.prod(generator.info.output_shape)))


def _about(generator: Generator) -> str:
    """The model in one line."""
    info = generator.info
    height, width = info.image["size"]
    colours = "grey" if info.image["channels"] == 1 else "colour"
    return " · ".join([
        info.architecture,
        f"{info.samples_seen:,} images of {info.dataset} seen",
        f"{width}x{height}, {colours}",
        f"{info.latent_dim} latents",
        f"{info.precision} weights",
        f"SHA-256 {generator.sha256[:8]}…",
    ])  # fmt: skip
