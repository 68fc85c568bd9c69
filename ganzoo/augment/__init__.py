"""Differentiable augmentation: what the discriminator sees of real and of generated images alike.

`Architecture.augment` builds a module from images (n, C, H, W) to images of the same shape. In
training the discriminator sees nothing else. Its random numbers are a function of (seed, step), its
buffers are saved with a checkpoint, and gradients go through it to the generator. Two methods are
optional: `of_real(images)` is applied to the real images alone, and
`adapt(signs, images, update)` is called after each update of the discriminator with the mean sign
of its scores of `images` real images.
"""

from ganzoo.augment.adaptive import Adaptive
from ganzoo.augment.simple import DiffAugment, Flips

__all__ = ["Adaptive", "DiffAugment", "Flips"]
