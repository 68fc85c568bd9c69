"""FastGAN: layers that gate later layers, and a discriminator that must redraw what it sees.

Liu et al., "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image Synthesis",
ICLR 2021. The reconstruction is compared by L1 where the paper uses LPIPS.
"""

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo import Architecture, TrainConfig
from ganzoo.architecture import Discriminator, Loss
from ganzoo.augment import DiffAugment
from ganzoo.objectives import hinge, penalised
from ganzoo.optimizers import adam


def conv(wide_in: int, wide_out: int, kernel: int, stride: int = 1, padding: int = 0) -> nn.Module:
    """Return a convolution with spectral norm and without a bias."""
    return spectral_norm(nn.Conv2d(wide_in, wide_out, kernel, stride, padding, bias=False))


def doubled(wide_in: int, wide_out: int) -> nn.Module:
    """Return a block that doubles the size, with a gated linear unit."""
    return nn.Sequential(
        nn.Upsample(scale_factor=2.0),
        conv(wide_in, 2 * wide_out, 3, padding=1),
        nn.BatchNorm2d(2 * wide_out),
        nn.GLU(1),
    )


def gate(wide_low: int, wide_high: int) -> nn.Module:
    """Return the skip-layer excitation: a factor for each channel, from a layer of 4x4 or 8x8."""
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(4),
        conv(wide_low, wide_high, 4),
        nn.SiLU(),
        conv(wide_high, wide_high, 1),
        nn.Sigmoid(),
    )


class Generator(nn.Module):
    """From z to 4x4, 8x8, 16x16, 32x32; the small layers gate the large ones."""

    def __init__(self, latent_dim: int, width: int) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.Unflatten(1, (latent_dim, 1, 1)),
            spectral_norm(nn.ConvTranspose2d(latent_dim, 8 * width, 4, bias=False)),
            nn.BatchNorm2d(8 * width),
            nn.GLU(1),
        )
        self.to_8, self.to_16 = doubled(4 * width, 2 * width), doubled(2 * width, 2 * width)
        self.to_32 = doubled(2 * width, width)
        self.gate_16, self.gate_32 = gate(4 * width, 2 * width), gate(2 * width, width)
        self.image = conv(width, 3, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        at_4 = self.first(z)
        at_8 = self.to_8(at_4)
        at_16 = self.to_16(at_8) * self.gate_16(at_4)
        at_32 = self.to_32(at_16) * self.gate_32(at_8)
        images: Tensor = self.image(at_32).tanh()
        return images


class Critic(nn.Module):
    """A score, and a decoder that redraws an image from the features of the score."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            conv(3, width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            conv(width, 2 * width, 4, 2, 1),
            nn.BatchNorm2d(2 * width),
            nn.LeakyReLU(0.2),
        )
        self.score = conv(2 * width, 1, 4)
        self.decoder = nn.Sequential(
            doubled(2 * width, width), conv(width, 3, 3, padding=1), nn.Tanh()
        )

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.score(self.features(images))
        return scores.mean((1, 2, 3))

    def redrawn(self, images: Tensor) -> Tensor:
        """Return the images (n, 3, 16, 16) that the decoder makes of what D knows of `images`."""
        made: Tensor = self.decoder(self.features(images))
        return made


def reconstruction(weight: float = 1.0) -> Loss:
    """Return the loss of redrawing real images, as D sees them, at half their size: equation 2."""

    def loss(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        seen = D.augment(real)
        return weight * F.l1_loss(D.network.redrawn(seen), F.avg_pool2d(seen, 2))

    return loss


def fastgan(*, latent_dim: int = 32, width: int = 8) -> Architecture:
    """FastGAN for 32x32 colour images: few images, little time (Liu et al. 2021)."""
    return Architecture(
        image_shape=(3, 32, 32),
        latent_dim=latent_dim,
        generator=lambda: Generator(latent_dim, width),
        discriminator=lambda: Critic(width),
        objective=penalised(hinge(), reconstruction()),
        optimizers=adam(2e-4, (0.5, 0.999)),
        dataset="toy_faces",
        augment=lambda: DiffAugment(cutout=False),
        defaults=TrainConfig(batch_size=8, ema=0.999),
    )
