"""ACGAN: the discriminator is not told the class of an image, but must name it.

Odena, Olah & Shlens, "Conditional Image Synthesis With Auxiliary Classifier GANs", ICML 2017.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo import Architecture
from ganzoo.architecture import Discriminator, Loss
from ganzoo.layers import down, up
from ganzoo.objectives import non_saturating, penalised
from ganzoo.optimizers import adam


class Generator(nn.Module):
    """An embedding of the label is a part of what the image is made of."""

    def __init__(self, latent_dim: int, classes: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(classes, 8)
        self.network = nn.Sequential(
            nn.Linear(latent_dim + 8, 2 * width * 4 * 4),
            nn.Unflatten(1, (2 * width, 4, 4)),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            *up(2 * width, width),
            nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1),
            nn.Tanh(),
        )

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        images: Tensor = self.network(torch.cat([z, self.embedding(labels)], 1))
        return images


class Critic(nn.Module):
    """A score that knows no label, and the logits of the classes, of the same features."""

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *down(1, width, norm=False), *down(width, 2 * width), nn.Dropout(0.5), nn.Flatten()
        )
        self.score = nn.Linear(2 * width * 4 * 4, 1)
        self.classes = nn.Linear(2 * width * 4 * 4, classes)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        scores: Tensor = self.score(self.features(images))
        return scores.flatten(0)

    def classify(self, images: Tensor) -> Tensor:
        """Return the logits (n, classes)."""
        logits: Tensor = self.classes(self.features(images))
        return logits


def classified(real_too: bool) -> Loss:
    """Return the cross-entropy of the classes that D names, L_C of the paper."""

    def loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        found = F.cross_entropy(D.network.classify(D.augment(fake)), D.labels)
        if real_too:
            found = found + F.cross_entropy(D.network.classify(D.augment(real)), D.labels)
        return found

    return loss


def acgan(*, latent_dim: int = 32, classes: int = 10, width: int = 8) -> Architecture:
    """Auxiliary classifier GAN for 16x16 grey images (Odena et al. 2017)."""
    objective = penalised(non_saturating(), classified(real_too=True))
    return Architecture(
        image_shape=(1, 16, 16),
        latent_dim=latent_dim,
        classes=classes,
        generator=lambda: Generator(latent_dim, classes, width),
        discriminator=lambda: Critic(classes, width),
        objective=penalised(objective, classified(real_too=False), of="generator"),
        optimizers=adam(2e-4, (0.5, 0.999)),
        dataset="toy_garments",
    )
