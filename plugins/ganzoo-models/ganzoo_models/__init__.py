"""Trained models of ganzoo's zoo: a function for each, and a folder as `ganzoo publish` writes it.

The folders are copied from exports/ when the wheel is built.
"""

from __future__ import annotations

from pathlib import Path

from ganzoo import Model


def _model(name: str) -> Model:
    return Model.read(Path(__file__).parent / name)


def acgan_fashion() -> Model:
    """Garments of 28x28 pixels, by acgan_fashion: you choose the class."""
    return _model("acgan-fashion")


def cgan_fashion() -> Model:
    """Garments of 28x28 pixels, by cgan_fashion: you choose the class."""
    return _model("cgan-fashion")


def dcgan_anime96_faces() -> Model:
    """Drawn faces of 96x96 pixels, by dcgan_anime96."""
    return _model("dcgan-anime96-faces")


def dcgan_fashion() -> Model:
    """Garments of 28x28 pixels, by dcgan_fashion."""
    return _model("dcgan-fashion")


def dcgan_maxpool_fashion() -> Model:
    """Garments of 28x28 pixels, by dcgan_fashion_maxpool."""
    return _model("dcgan-maxpool-fashion")


def dcgan_mnist() -> Model:
    """Digits of 28x28 pixels, by dcgan_mnist."""
    return _model("dcgan-mnist")


def dcgan_transposed_fashion() -> Model:
    """Garments of 28x28 pixels, by dcgan_fashion_transposed."""
    return _model("dcgan-transposed-fashion")


def mlp_gan_dropout_fashion() -> Model:
    """Garments of 28x28 pixels, by mlp_gan_dropout."""
    return _model("mlp-gan-dropout-fashion")


def mlp_gan_dropout_mnist() -> Model:
    """One digit of 28x28 pixels, by mlp_gan_dropout, which collapsed."""
    return _model("mlp-gan-dropout-mnist")


def mlp_gan_fashion() -> Model:
    """Garments of 28x28 pixels, by mlp_gan."""
    return _model("mlp-gan-fashion")


def mlp_gan_relu_fashion() -> Model:
    """Garments of 28x28 pixels, by mlp_gan_relu."""
    return _model("mlp-gan-relu-fashion")


def mlp_gan_shallow_fashion() -> Model:
    """Garments of 28x28 pixels, by mlp_gan_shallow."""
    return _model("mlp-gan-shallow-fashion")


def r1gan_faces() -> Model:
    """Drawn faces of 96x96 pixels, by r1gan: you choose hair, glasses and mouth."""
    return _model("r1gan-faces")


def r1gan_fashion() -> Model:
    """Garments of 28x28 pixels, by r1gan: you choose the class."""
    return _model("r1gan-fashion")


def r3gan_fashion() -> Model:
    """Garments of 28x28 pixels, by r3gan: you choose the class."""
    return _model("r3gan-fashion")


def sngan_fashion() -> Model:
    """Garments of 28x28 pixels, by sngan."""
    return _model("sngan-fashion")


def stylegan2_fashion() -> Model:
    """Garments of 28x28 pixels, by stylegan2_small: you choose class and truncation."""
    return _model("stylegan2-fashion")


def wgan_clip_fashion() -> Model:
    """Garments of 28x28 pixels, by wgan_clip."""
    return _model("wgan-clip-fashion")


def wgan_gp_fashion() -> Model:
    """Garments of 28x28 pixels, by wgan_gp."""
    return _model("wgan-gp-fashion")
