"""What the tests of training share."""

from __future__ import annotations

import pytest

from ganzoo import Architecture
from ganzoo.zoo import registry


@pytest.fixture
def architecture() -> Architecture:
    """A GAN so small that a step takes a millisecond, without batch norm in its discriminator."""
    return registry.load_architecture("mlp_gan", {"hidden": (16, 32)}).value
