"""ADA: as much augmentation as keeps the discriminator from learning its images by heart.

Karras et al., "Training Generative Adversarial Networks with Limited Data", NeurIPS 2020.
"""

from torch import nn

from ganzoo import Architecture, TrainConfig
from ganzoo.augment import Adaptive
from ganzoo.layers import down, up
from ganzoo.objectives import non_saturating, penalised, r1
from ganzoo.optimizers import adam


def ada(
    *, latent_dim: int = 32, width: int = 8, target: float = 0.6, images: int = 500_000
) -> Architecture:
    """DCGAN for 16x16 colour images with adaptive augmentation and R1 (Karras et al. 2020)."""
    w = width
    return Architecture(
        image_shape=(3, 16, 16),
        latent_dim=latent_dim,
        generator=lambda: nn.Sequential(
            nn.Linear(latent_dim, 2 * w * 4 * 4),
            nn.Unflatten(1, (2 * w, 4, 4)),
            nn.BatchNorm2d(2 * w),
            nn.ReLU(),
            *up(2 * w, w),
            nn.ConvTranspose2d(w, 3, 4, stride=2, padding=1),
            nn.Tanh(),
        ),
        discriminator=lambda: nn.Sequential(
            *down(3, w, norm=False),
            *down(w, 2 * w, norm=False),
            nn.Flatten(),
            nn.Linear(2 * w * 4 * 4, 1),
            nn.Flatten(0),
        ),
        objective=penalised(non_saturating(), r1(1.0), every=4),
        optimizers=adam(1e-3, (0.0, 0.99)),
        augment=lambda: Adaptive(target=target, images=images),
        dataset="toy_faces",
        defaults=TrainConfig(ema=10_000),
    )
