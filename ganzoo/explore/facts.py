"""What the page knows of a model before it draws: what it is, and what moves its pictures."""

from __future__ import annotations

import math
from typing import Any

from ganzoo.draw.coordinates import MAX_COORDINATES
from ganzoo.draw.directions import principal
from ganzoo.draw.generator import Generator
from ganzoo.errors import FirstLayerError

DIRECTIONS = 6
"""Principal directions that the page has."""
IMAGES = 256
"""Most images of one request; of huge ones fewer."""


def facts(generator: Generator, name: str) -> dict[str, Any]:
    """Return what `main.js` reads, as JSON has it; files made from the model are called `name`.

    `ranking` has every coordinate in the order of `ganzoo sweep`: the one that moves the picture
    most is the first. `directions` are unit vectors in z, each with the share of the variance that
    it explains. If there are more than `MAX_COORDINATES` coordinates, only the first so many are
    ranked, and there are no directions; nor are there any if the first layer cannot be found.
    `classes` are the names of the classes, none where the model takes no labels. `found_in` says of
    which class the images were among which the ranking and the directions were found: a number, or
    None where each was of its own. `truncation` is whether the model takes one.
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
        "classes": list(generator.classes),
        "truncation": info.truncation,
        "found_in": {"ranking": generator.label, "directions": generator.label or 0},
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
    """Return how many images may be asked for at once."""
    return max(1, min(IMAGES, 2**26 // math.prod(generator.info.output_shape)))


def _about(generator: Generator) -> str:
    """Describe the model in one line."""
    info = generator.info
    height, width = info.image["size"]
    colours = "grey" if info.image["channels"] == 1 else "colour"
    return " · ".join([
        info.architecture,
        *([info.seen] if info.seen else []),
        f"{width}x{height}, {colours}",
        f"{info.latent_dim} latents",
        *([f"{len(info.classes)} classes"] if info.classes else []),
        f"{info.precision} weights",
        f"SHA-256 {generator.sha256[:8]}…",
    ])  # fmt: skip
