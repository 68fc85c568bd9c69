"""Conditional GANs for 28x28 grey images: a DCGAN that is told the class, or must name it."""

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo import Architecture, TrainConfig
from ganzoo.architecture import Discriminator
from ganzoo.layers import down, up
from ganzoo.limits import Count
from ganzoo.objectives import Penalty, non_saturating, penalised
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
    *, latent_dim: Count = 100, classes: Count = 10, width: Count = 64, slope: float = 0.2
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


class Classifying(nn.Module):
    """A discriminator that is not told the class: it has a second head, which names it."""

    def __init__(self, features: nn.Module, wide: int, classes: int) -> None:
        """Put two linear heads on `features`, which gives (n, wide)."""
        super().__init__()
        self.features = features
        self.score, self.classes = nn.Linear(wide, 1), nn.Linear(wide, classes)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return the scores (n,) of images (n, C, H, W), whatever their labels are."""
        scores: Tensor = self.score(self.features(images))
        return scores.flatten(0)

    def classify(self, images: Tensor) -> Tensor:
        """Return the logits (n, classes) of images (n, C, H, W)."""
        logits: Tensor = self.classes(self.features(images))
        return logits


def of_its_class(D: Discriminator, images: Tensor) -> Tensor:
    """Return the cross-entropy of the classes that D names for a batch: half of the paper's L_C."""
    with D.autocast():
        logits = D.network.classify(D.augment(images))
    return F.cross_entropy(logits.float(), D.labels)


def acgan_fashion(
    *, latent_dim: Count = 100, classes: Count = 10, width: Count = 64, slope: float = 0.2
) -> Architecture:
    """Auxiliary classifier GAN: the discriminator must name the class of a picture.

    The networks are those of `cgan_fashion`, but the discriminator has a second head in place of
    the label. It learns to name the classes of real images, and the generator to draw what is named
    rightly. In the paper the discriminator learns classes from generated images too. But its batch
    norm shows whether a batch is real or generated. So it could learn other classes for generated
    images than for real ones, and the generator would follow. It draws hardly more than one picture
    of each class, as its page shows: nothing asks for more than what the classifier is sure of
    (Gong et al., "Twin Auxiliary Classifiers GAN", NeurIPS 2019). `width` is the number of channels
    at 14x14, `slope` that of every LeakyReLU. Odena, Olah & Shlens, "Conditional Image Synthesis
    With Auxiliary Classifier GANs", ICML 2017.
    """
    w = width

    def discriminator() -> nn.Module:
        features = nn.Sequential(
            *down(1, w, norm=False, slope=slope),
            *down(w, 2 * w, slope=slope),
            nn.Flatten(),
        )
        return Classifying(features, 2 * w * 7 * 7, classes)

    gan = cgan_fashion(latent_dim=latent_dim, classes=classes, width=width, slope=slope)
    of_real = Penalty(lambda D, real, fake: of_its_class(D, real), "E[-log P(class | x)]")
    of_fake = Penalty(lambda D, real, fake: of_its_class(D, fake), "E[-log P(class | G(z))]")
    objective = penalised(penalised(gan.objective, of_real), of_fake, of="generator")
    return replace(gan, discriminator=discriminator, objective=objective)
