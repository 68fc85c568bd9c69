"""A conditional GAN for 28x28 grey images: a DCGAN whose two networks see the label."""

import torch
from torch import Tensor, nn

from ganzoo import Architecture, TrainConfig
from ganzoo.layers import down, up
from ganzoo.objectives import non_saturating
from ganzoo.optimizers import adam


class Labelled(nn.Module):
    """A network that takes its input with an embedding of the label beside it."""

    def __init__(self, embedding: nn.Module, network: nn.Module) -> None:
        """Put what `embedding` makes of labels (n,) beside the input, as further channels."""
        super().__init__()
        self.embedding, self.network = embedding, network

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """Return what the network makes of x (n, c, ...) and labels (n,)."""
        output: Tensor = self.network(torch.cat([x, self.embedding(labels)], 1))
        return output


def cgan_fashion(
    *, latent_dim: int = 100, classes: int = 10, width: int = 64, slope: float = 0.2
) -> Architecture:
    """Conditional DCGAN: you choose the class of a picture.

    `width` is the number of channels at 14x14, `slope` that of every LeakyReLU. The generator takes
    the label as 32 more latents, the discriminator as one more channel of the image; what they are
    for each class is learned. Mirza & Osindero, "Conditional Generative Adversarial Nets", 2014.
    """
    w = width

    def generator() -> nn.Module:
        return Labelled(
            nn.Embedding(classes, 32),
            nn.Sequential(
                nn.Linear(latent_dim + 32, 2 * w * 7 * 7),
                nn.Unflatten(1, (2 * w, 7, 7)),
                nn.BatchNorm2d(2 * w),
                nn.ReLU(inplace=True),
                *up(2 * w, w),
                nn.ConvTranspose2d(w, 1, 4, stride=2, padding=1),
                nn.Tanh(),
            ),
        )

    def discriminator() -> nn.Module:
        return Labelled(
            nn.Sequential(nn.Embedding(classes, 28 * 28), nn.Unflatten(1, (1, 28, 28))),
            nn.Sequential(
                *down(2, w, norm=False, slope=slope),
                *down(w, 2 * w, slope=slope),
                nn.Flatten(),
                nn.Linear(2 * w * 7 * 7, 1),
                nn.Flatten(0),
            ),
        )

    return Architecture(
        image_shape=(1, 28, 28),
        latent_dim=latent_dim,
        classes=classes,
        generator=generator,
        discriminator=discriminator,
        objective=non_saturating(),
        optimizers=adam(2e-4, (0.5, 0.999)),
        dataset="fashion_mnist",
        defaults=TrainConfig(epochs=30, batch_size=64),
    )
