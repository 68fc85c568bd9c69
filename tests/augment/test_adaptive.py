"""Adaptive augmentation: how its probability moves, and that p = 0 changes nothing."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ganzoo.augment import Adaptive
from ganzoo.augment.warping import moving, scaling, turning, warped
from ganzoo.train.networks import seeded

CPU = torch.device("cpu")
IMAGES = torch.rand(60, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


def at(p: float, images: Tensor = IMAGES) -> Tensor:
    augment = Adaptive()
    augment.p.fill_(p)
    with seeded(2, CPU):
        found: Tensor = augment(images)
    return found


def test_at_first_nothing_changes() -> None:
    torch.testing.assert_close(at(0), IMAGES, atol=1e-5, rtol=0)


@pytest.mark.parametrize("channels", [1, 3])
def test_later_images_change_and_stay_finite(channels: int) -> None:
    images = IMAGES[:, :channels]
    unchanged = [
        float(((at(p, images) - images).abs().amax((1, 2, 3)) < 1e-4).float().mean())
        for p in (0.0, 0.1, 0.8)
    ]
    assert unchanged[0] == 1 > unchanged[1] > unchanged[2]
    assert bool(at(0.8, images).isfinite().all())


def test_p_follows_the_sign_of_real_scores() -> None:
    """Four updates of 100 images move it by 400 / 1000, up where more than 80 % are positive."""
    augment = Adaptive(images=1000)
    p = []
    for update, signs in enumerate([0.9] * 8 + [0.2, 0.9, 0.2, 0.9] + [-1.0] * 8):
        augment.adapt(torch.tensor(signs), 100, update)
        p.append(round(float(augment.p), 6))
    assert p[2:12:4] == [0, 0.4, 0.8]
    assert p[3::4] == pytest.approx([0.4, 0.8, 0.4, 0, 0])


def test_maps_move_what_they_should() -> None:
    one = torch.ones(1)
    image = IMAGES[:1]
    quarter = warped(image, turning(one * math.pi / 2))
    assert any(torch.allclose(quarter, image.rot90(k, (2, 3)), atol=1e-5) for k in (1, 3))
    torch.testing.assert_close(warped(image, scaling(-one, one)), image.flip(3))
    moved = warped(image, moving(2 * one, 0 * one))
    torch.testing.assert_close(moved[..., :-2], image[..., 2:])
    torch.testing.assert_close(moved[..., -2:], image[..., [-1, -2]])  # as in a mirror


def test_gradients_go_through_twice() -> None:
    augment = Adaptive()
    augment.p.fill_(0.7)
    augment.double()

    def changed(x: Tensor) -> Tensor:
        with seeded(5, CPU):
            return augment(x).square()  # type: ignore[no-any-return]

    images = IMAGES[:2, :, :8, :8].double().requires_grad_()
    assert torch.autograd.gradcheck(changed, images, fast_mode=True)
    assert torch.autograd.gradgradcheck(changed, images, fast_mode=True)
