"""StyleGAN2: mapping, truncation, modulated convolutions, noise in each layer, lazy penalties.

Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020. Without
equalised learning rates, style mixing and the minibatch deviation.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo import Architecture, TrainConfig
from ganzoo.architecture import Discriminator, Loss
from ganzoo.layers import down
from ganzoo.objectives import non_saturating, penalised, r1
from ganzoo.optimizers import adam


class Modulated(nn.Module):
    """Convolution whose weights a style scales; it scales inputs and outputs, which is the same."""

    def __init__(self, width: int, wide_out: int, kernel: int) -> None:
        super().__init__()
        self.style = nn.Linear(width, width)
        nn.init.ones_(self.style.bias)
        scale = 1 / math.sqrt(width * kernel * kernel)
        self.weight = nn.Parameter(scale * torch.randn(wide_out, width, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(wide_out, 1, 1))

    def forward(self, x: Tensor, w: Tensor, demodulate: bool = True) -> Tensor:
        style = self.style(w)
        x = F.conv2d(x * style[:, :, None, None], self.weight, padding="same")
        if demodulate:
            norm = style.square() @ self.weight.square().sum((2, 3)).T + 1e-8
            x = x * norm.rsqrt()[:, :, None, None]
        return x + self.bias


class Block(nn.Module):
    """Twice the size, a modulated convolution, noise; and what it adds to the image."""

    noise: Tensor

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.conv, self.to_image = Modulated(width, width, 3), Modulated(width, 3, 1)
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise", torch.randn(size, size))  # that of images which are drawn

    def forward(self, x: Tensor, image: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        x = self.conv(F.interpolate(x, scale_factor=2.0), w)
        noise = torch.randn_like(x[:, :1]) if self.training else self.noise
        x = F.leaky_relu(x + self.strength * noise, 0.2)
        image = F.interpolate(image, scale_factor=2.0, mode="bilinear")
        return x, image + self.to_image(x, w, demodulate=False)


class Generator(nn.Module):
    """The mapping from z to w, and the synthesis from w to images."""

    mean: Tensor
    path: Tensor

    def __init__(self, latent_dim: int, width: int) -> None:
        super().__init__()
        dense = [[nn.Linear(side, width), nn.LeakyReLU(0.2)] for side in (latent_dim, width)]
        self.dense = nn.Sequential(*dense[0], *dense[1])
        self.constant = nn.Parameter(torch.randn(width, 4, 4))
        self.blocks = nn.ModuleList(Block(width, size) for size in (8, 16))
        self.register_buffer("mean", torch.zeros(width))  # of w, for truncation
        self.register_buffer("path", torch.zeros(()))  # mean length of the paths

    def mapping(self, z: Tensor) -> Tensor:
        """Return the w (n, width) of z (n, latent_dim), which is brought to unit variance."""
        w: Tensor = self.dense(z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt())
        return w

    def synthesis(self, w: Tensor) -> Tensor:
        """Return the images of w (n, width)."""
        x = self.constant.expand(w.shape[0], -1, -1, -1)
        image = x.new_zeros(1, 3, 4, 4)
        for block in self.blocks:
            x, image = block(x, image, w)
        return image if self.training else image.clamp(-1, 1)  # there is no tanh to bound it

    def forward(self, z: Tensor, truncation: Tensor | None = None) -> Tensor:
        w = self.mapping(z)
        if self.training:
            self.mean.lerp_(w.detach().float().mean(0), 0.005)
        if truncation is not None:
            w = self.mean + truncation * (w - self.mean)
        return self.synthesis(w)


def path_length(weight: float = 2.0, decay: float = 0.01) -> Loss:
    """Return the penalty on steps in w that move the image by other lengths, equation 4."""

    def penalty(D: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        w = D.generator.mapping(D.latents)
        noise = torch.randn_like(fake) / math.sqrt(fake[0, 0].numel())
        moved = (D.generator.synthesis(w) * noise).sum()
        (gradient,) = torch.autograd.grad(moved, w, create_graph=True)
        lengths = gradient.square().sum(1).sqrt()
        D.generator.path.lerp_(lengths.detach().mean(), decay)
        loss: Tensor = weight * (lengths - D.generator.path).square().mean()
        return loss

    return penalty


def stylegan2(*, latent_dim: int = 32, width: int = 16, gamma: float = 1.0) -> Architecture:
    """StyleGAN2, small, for 16x16 colour images, with lazy penalties (Karras et al. 2020)."""
    objective = penalised(non_saturating(), r1(gamma), every=16)
    return Architecture(
        image_shape=(3, 16, 16),
        latent_dim=latent_dim,
        truncation=True,
        generator=lambda: Generator(latent_dim, width),
        discriminator=lambda: nn.Sequential(
            *down(3, width, norm=False),
            *down(width, 2 * width, norm=False),
            nn.Flatten(),
            nn.Linear(2 * width * 4 * 4, 1),
            nn.Flatten(0),
        ),
        objective=penalised(objective, path_length(), every=8, of="generator"),
        optimizers=adam(2e-3, (0.0, 0.99)),
        dataset="toy_faces",
        defaults=TrainConfig(ema=10_000),
    )
