"""DiffAugment and flips: what they change, what they leave, and that gradients go through."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from ganzoo.augment import DiffAugment, Flips
from ganzoo.train.networks import seeded

CPU = torch.device("cpu")
IMAGES = torch.rand(400, 3, 16, 12, generator=torch.Generator().manual_seed(0)) * 2 - 1


def changed(**kinds: bool) -> Tensor:
    named: Any = {"colour": False, "translation": False, "cutout": False} | kinds
    with seeded(1, CPU):
        found: Tensor = DiffAugment(**named)(IMAGES)
    assert found.shape == IMAGES.shape
    return found


def test_without_any_kind_nothing_changes() -> None:
    assert torch.equal(changed(), IMAGES)


def test_colours_change_each_image_as_a_whole() -> None:
    """Each pixel is the same affine function of the same pixel: structure correlates perfectly."""
    grey, before = changed(colour=True).mean(1).flatten(1), IMAGES.mean(1).flatten(1)
    for one, other in zip(grey[:20], before[:20], strict=True):
        assert torch.corrcoef(torch.stack([one, other]))[0, 1] == pytest.approx(1, abs=1e-3)
    slope = grey.std(1) / before.std(1)
    assert 0.5 <= slope.min() < 0.55
    assert 1.45 < slope.max() <= 1.5


def test_brightness_moves_by_a_quarter_of_the_range() -> None:
    for image_range, most in (((-1.0, 1.0), 0.5), ((0.0, 1.0), 0.25)):
        with seeded(1, CPU):
            augment = DiffAugment(translation=False, cutout=False, image_range=image_range)
            moved = augment(torch.zeros(400, 1, 4, 4)).mean((1, 2, 3))
        assert 0.95 * most < moved.abs().max() <= most


def test_translation_moves_by_whole_pixels_and_zeros_move_in() -> None:
    found = changed(translation=True)
    seen = set()
    for before, after in zip(IMAGES, found, strict=True):
        fits = [
            (y, x)
            for y in range(-2, 3)
            for x in range(-2, 3)
            if torch.equal(
                after[:, max(y, 0) : 16 + min(y, 0), max(x, 0) : 12 + min(x, 0)],
                before[:, max(-y, 0) : 16 + min(-y, 0), max(-x, 0) : 12 + min(-x, 0)],
            )
        ]
        assert len(fits) == 1
        assert int((after == 0).all(0).sum()) == 16 * 12 - (16 - abs(fits[0][0])) * (
            12 - abs(fits[0][1])
        )
        seen.add(fits[0])
    assert len(seen) == 25  # an eighth of 16 and of 12 pixels, rounded: two each


def test_cutout_makes_a_hole_of_half_the_size() -> None:
    holes = (changed(cutout=True) == 0).all(1)
    rows, columns = holes.any(2).sum(1), holes.any(1).sum(1)
    assert rows.max() == 8
    assert columns.max() == 6
    assert torch.equal(holes.sum((1, 2)), rows * columns)  # a rectangle
    assert torch.equal(IMAGES[~holes[:, None].expand_as(IMAGES)],
                       changed(cutout=True)[~holes[:, None].expand_as(IMAGES)])  # fmt: skip


def test_gradients_go_through() -> None:
    images = IMAGES[:4].double().requires_grad_()

    def augment(x: Tensor) -> Tensor:
        with seeded(3, CPU):
            return DiffAugment()(x)  # type: ignore[no-any-return]

    assert torch.autograd.gradcheck(augment, images, fast_mode=True)


def test_flips_mirror_every_second_real_image() -> None:
    flips = Flips()
    assert torch.equal(flips(IMAGES), IMAGES)
    with seeded(1, CPU):
        found = flips.of_real(IMAGES)
    mirrored = [torch.equal(a, b.flip(2)) for a, b in zip(found, IMAGES, strict=True)]
    same = [torch.equal(a, b) for a, b in zip(found, IMAGES, strict=True)]
    assert all(a != b for a, b in zip(mirrored, same, strict=True))
    assert 160 < sum(mirrored) < 240
