"""Drawn faces, 96x96 RGB: an embedded data set that needs no file and no network.

A face has eighteen independent attributes; the discrete ones alone have more than 10^10
combinations. Face i is a function of (seed, i). Faces are aligned, as in the folders that people
train on.
"""

from __future__ import annotations

import numpy as np

from ganzoo import Dataset
from ganzoo.limits import Count
from ganzoo.seeds import uniform_rows
from ganzoo_plugins.drawing import Drawn
from ganzoo_plugins.face import KINDS, NUMBERS, Face
from ganzoo_plugins.face_parts import draw

VERSION = "1"  # part of the cache key: change it whenever a pixel changes


def toy_faces(*, count: Count = 10_000, seed: int = 0) -> Dataset:
    """Drawn 96x96 colour faces with hair, eyes, mouths, glasses, made by code."""
    images = Drawn(count, lambda i: draw(Face.of(seed, i)))
    numbers = uniform_rows(seed, count, NUMBERS).tolist()
    return Dataset(
        images=images,
        cache_key=f"toy_faces-{VERSION}-{seed}-{count}",
        labels=np.array([Face.from_numbers(row).kind for row in numbers]),
        classes=KINDS,
    )
