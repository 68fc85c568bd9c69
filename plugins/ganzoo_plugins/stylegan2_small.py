"""StyleGAN2, small: styles that scale features, noise in each layer, and two lazy penalties."""

import math
from itertools import pairwise
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from ganzoo import Architecture, TrainConfig
from ganzoo.architecture import Discriminator as Listener
from ganzoo.layers import halvings
from ganzoo.limits import Count, Within
from ganzoo.objectives import Penalty, non_saturating, penalised, r1
from ganzoo.optimizers import adam
from ganzoo_plugins.equalised import Conv, Dense, doubled, leaky, normalised

BATCH = 32
GROUP = 4  # images whose deviation from each other the discriminator sees
MIXED = 0.9  # share of the batches in which images have two styles
SLOW = 0.01  # factor of the mapping's learning rate


class Mapping(nn.Module):
    """Two layers from z, from the label, or from both, to w."""

    def __init__(self, latent_dim: int, classes: int, width: int) -> None:
        """Map to `width` numbers; `latent_dim` is 0 without z, and `classes` without labels."""
        super().__init__()
        self.classes = classes
        self.embedding = Dense(classes, width) if classes else None
        self.first = Dense(latent_dim + width * bool(classes), width, rate=SLOW)
        self.second = Dense(width, width, rate=SLOW)

    def forward(self, z: Tensor | None, labels: Tensor | None) -> Tensor:
        """Return w (n, width) of z (n, latent_dim) and labels (n,)."""
        parts = [] if z is None else [normalised(z)]
        if self.embedding is not None and labels is not None:
            one_hot = labels[:, None] == torch.arange(self.classes, device=labels.device)
            parts.append(normalised(self.embedding(one_hot.float()).float()))
        return leaky(self.second(leaky(self.first(torch.cat(parts, 1))))).float()


class Modulated(nn.Module):
    """A convolution whose inputs a style scales; demodulated, its outputs have variance 1 again.

    It scales what goes in and what comes out, which gives the same as weights of each image's own.
    """

    def __init__(self, latent_dim: int, conv: Conv, *, demodulate: bool = True) -> None:
        """Take the style from a w of `latent_dim` numbers."""
        super().__init__()
        self.style = Dense(latent_dim, conv.in_channels, bias=1.0)
        self.conv, self.demodulate = conv, demodulate

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Return (n, wide_out, H, W) of x (n, wide_in, h, w) and w (n, latent_dim)."""
        style = self.style(w)
        x = self.conv(x * style[:, :, None, None])
        if self.demodulate:
            variance = style.square() @ self.conv.scaled().square().sum((2, 3)).T
            x = x * (variance + 1e-8).rsqrt()[:, :, None, None]
        return x


class Noise(nn.Module):
    """Noise for each pixel in a learned strength, a bias, and a leaky ReLU."""

    fixed: Tensor

    def __init__(self, width: int, size: int) -> None:
        """Begin with a strength and a bias of 0."""
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(()))
        self.bias = nn.Parameter(torch.zeros(width, 1, 1))
        self.register_buffer("fixed", torch.randn(size, size))  # for images that are drawn

    def forward(self, x: Tensor) -> Tensor:
        """Return the same shape as x (n, width, size, size)."""
        noise = torch.randn_like(x[:, :1]) if self.training else self.fixed.to(x.dtype)
        return leaky(x + self.strength * noise + self.bias.to(x.dtype))


class Block(nn.Module):
    """The layers of one size, and what they add to the image."""

    def __init__(self, latent_dim: int, wide_in: int, width: int, size: int, channels: int) -> None:
        """Double the size first, unless `wide_in` is 0."""
        super().__init__()
        convs = [Conv(width, width, bias=False)]
        if wide_in:
            convs.insert(0, Conv(wide_in, width, resize="up", bias=False))
        self.layers = nn.ModuleList(Modulated(latent_dim, conv) for conv in convs)
        self.noises = nn.ModuleList(Noise(width, size) for _ in convs)
        self.to_image = Modulated(latent_dim, Conv(width, channels, 1), demodulate=False)

    def forward(
        self, x: Tensor, image: Tensor | None, ws: tuple[Tensor, ...]
    ) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        """Return features, an image, and those of `ws` that are left for the next block."""
        for layer, noise, w in zip(self.layers, self.noises, ws, strict=False):
            x = noise(layer(x, w))
        left = ws[len(self.layers) :]
        added = self.to_image(x, left[0]).float()  # in the style of the next layer
        return x, added if image is None else doubled(image) + added, left


class Generator(nn.Module):
    """The mapping from z to w, and the synthesis of an image from a w for each layer."""

    mean: Tensor
    path: Tensor

    def __init__(self, latent_dim: int, classes: int, base: int, widths: list[int], channels: int):
        """Begin with `widths[0]` channels at `base` pixels; with each width the size doubles."""
        super().__init__()
        self.classes, self.places = classes, 2 * len(widths)
        self.mapping = Mapping(latent_dim, classes, latent_dim)
        self.constant = nn.Parameter(torch.randn(widths[0], base, base))
        self.blocks = nn.ModuleList(
            Block(latent_dim, wide_in, width, base * 2**place, channels)
            for place, (wide_in, width) in enumerate(pairwise([0, *widths]))
        )
        self.register_buffer("mean", torch.zeros(latent_dim))  # of w, for truncation
        self.register_buffer("path", torch.zeros(()))  # mean length, for `path_length`

    def styles(self, z: Tensor, labels: Tensor | None, truncation: Tensor | None = None) -> Tensor:
        """Return ws (n, places, latent_dim); in training, other latents may give the last ones."""
        if not self.training:
            w = self.mapping(z, labels)
            w = w if truncation is None else torch.lerp(self.mean, w, truncation)
            return w[:, None].expand(-1, self.places, -1)
        twice = None if labels is None else labels.repeat(2)
        w, other = self.mapping(torch.cat([z, torch.randn_like(z)]), twice).chunk(2)
        self.mean.lerp_(w.detach().mean(0), 0.005)
        first = torch.randint(1, self.places, (), device=z.device)
        mixed = torch.rand((), device=z.device) < MIXED
        of_other = mixed & (torch.arange(self.places, device=z.device) >= first)
        return torch.where(of_other[:, None], other[:, None], w[:, None])

    def synthesis(self, ws: Tensor) -> Tensor:
        """Return the images of ws (n, places, latent_dim)."""
        x, left = self.constant.expand(ws.shape[0], -1, -1, -1), ws.unbind(1)
        images: Tensor | None = None
        for block in self.blocks:
            x, images, left = block(x, images, left)
        assert images is not None
        return images if self.training else images.clamp(-1, 1)  # there is no tanh to bound them

    def forward(
        self, z: Tensor, labels: Tensor | None = None, truncation: Tensor | None = None
    ) -> Tensor:
        """Return the images of z (n, latent_dim), and of labels (n,) where there are classes."""
        if not self.classes:  # then the truncation comes next
            labels, truncation = None, labels
        return self.synthesis(self.styles(z, labels, truncation))


class Residual(nn.Module):
    """Two convolutions that halve the size, beside one of a single pixel."""

    def __init__(self, wide_in: int, wide_out: int) -> None:
        """Map `wide_in` channels to `wide_out`."""
        super().__init__()
        self.conv = Conv(wide_in, wide_in)
        self.down = Conv(wide_in, wide_out, resize="down")
        self.skip = Conv(wide_in, wide_out, 1, resize="down", bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, wide_out, h/2, w/2) of x (n, wide_in, h, w)."""
        sum_of_both: Tensor = self.skip(x) + leaky(self.down(leaky(self.conv(x))))
        return sum_of_both / math.sqrt(2)


def deviation(x: Tensor) -> Tensor:
    """Return the mean deviation of the features x (n, C, h, w) in groups: (n, 1, 1, 1).

    Images i, i + n/4, i + n/2 and i + 3n/4 are a group; of 3, 2 or 1 where 4 does not divide n.
    """
    group = next(size for size in range(GROUP, 0, -1) if x.shape[0] % size == 0)
    apart = x.float().reshape(group, -1, *x.shape[1:]).var(0, unbiased=False)
    return (apart + 1e-8).sqrt().mean((1, 2, 3)).repeat(group)[:, None, None, None]


class Discriminator(nn.Module):
    """From an image, its label and the deviation of its group, to a score."""

    def __init__(self, classes: int, base: int, widths: list[int], channels: int):
        """Begin with `widths[0]` channels; with each width after it the size halves, to `base`."""
        super().__init__()
        wide = widths[-1]
        self.from_image = Conv(channels, widths[0], 1)
        self.blocks = nn.Sequential(*(Residual(*pair) for pair in pairwise(widths)))
        self.conv = Conv(wide + 1, wide)
        self.dense = Dense(wide * base * base, wide)
        self.score = Dense(wide, wide if classes else 1)
        self.label = Mapping(0, classes, wide) if classes else None

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the scores (n,) of images (n, C, H, W)."""
        x = self.blocks(leaky(self.from_image(images)))
        x = torch.cat([x, deviation(x).to(x.dtype).expand_as(x[:, :1])], 1)
        scores: Tensor = self.score(leaky(self.dense(leaky(self.conv(x)).flatten(1)))).float()
        if self.label is not None:
            scores = (scores * self.label(None, labels)).sum(1) / math.sqrt(scores.shape[1])
        return scores.flatten(0)


def path_length(weight: float = 2.0, decay: float = 0.01) -> Penalty:
    """Return the penalty on steps in w that move the image by other lengths than the mean.

    It is weight · E(‖J^T y‖ - a)², of every second image: J is the image's derivative in the styles
    of its layers, y an image of noise, and a the running mean of the lengths.
    """

    def penalty(D: Listener, real: Tensor, fake: Tensor) -> Tensor:
        G = D.generator
        ws = G.styles(D.latents[::2], D.labels[::2] if G.classes else None)
        images = G.synthesis(ws)
        noise = torch.randn_like(images) / math.sqrt(images[0, 0].numel())
        (gradient,) = torch.autograd.grad((images * noise).sum(), ws, create_graph=True)
        lengths = gradient.square().sum(2).mean(1).sqrt()
        mean = torch.lerp(G.path, lengths.mean(), decay)
        G.path.copy_(mean.detach())
        loss: Tensor = weight * (lengths - mean).square().mean()
        return loss

    return Penalty(penalty, f"{weight:g}·E[(‖Jᵀy‖ - a)²]")


def stylegan2_small(
    *,
    size: Literal[28, 32, 48, 64, 96, 128, 256] = 28,
    channels: Count = 1,
    classes: Annotated[int, Within(0)] = 0,
    conditional: bool = True,
    latent_dim: Count = 64,
    width: Count = 16,
    gamma: Annotated[float | None, Within(0)] = None,
) -> Architecture:
    """StyleGAN2, small, for seven sizes, with truncation, and with labels where there are any.

    `width` is the number of channels at the full size; each halving doubles them, up to eight times
    as many. `latent_dim` is the length of z and of w. `gamma` weighs R1, the squared gradient of
    the score in a real image, at every sixteenth update of the discriminator; by default it is
    0.0002 · size² / 32. `channels` and `classes` are what the data has; with `conditional=False`
    labels are left alone.

    It is the paper's configuration F with the settings "auto" of the authors' stylegan2-ada-pytorch
    (Karras et al., NeurIPS 2020), which also say what is done with labels: two layers from z to w,
    R1 as above, an average that grows. Smaller are z and w (64 numbers, not 512), the widths (16 to
    128 channels, not 64 to 512) and the discriminator's mapping of labels (two layers, not eight).
    Sizes that are no powers of 2 begin with 6 or 7 pixels, not 4. A penalty is added to a usual
    update, while the authors give it one of its own and correct Adam's settings for that. bfloat16,
    where it is chosen, is for all layers, and needs no clamping. There is no augmentation, unless
    it is asked for.

    Karras, Laine, Aittala, Hellsten, Lehtinen & Aila, "Analyzing and Improving the Image Quality of
    StyleGAN", CVPR 2020.
    """
    used, doublings = classes * conditional, halvings(size)
    base, widths = size >> doublings, [width * 2 ** min(n, 3) for n in range(doublings + 1)]
    gamma = 0.0002 * size**2 / BATCH if gamma is None else gamma
    objective = penalised(non_saturating(), r1(gamma), every=16)
    return Architecture(
        image_shape=(channels, size, size),
        latent_dim=latent_dim,
        classes=used,
        truncation=True,
        generator=lambda: Generator(latent_dim, used, base, widths[::-1], channels),
        discriminator=lambda: Discriminator(used, base, widths, channels),
        objective=penalised(objective, path_length(), every=4, of="generator"),
        optimizers=adam(0.0025, (0.0, 0.99)),
        dataset="fashion_mnist",
        defaults=TrainConfig(epochs=30, batch_size=BATCH, ema=10_000, ema_growth=0.05),
    )
