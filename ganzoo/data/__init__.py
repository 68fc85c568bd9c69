"""Training images: from whatever the user has to one uint8 array."""

from ganzoo.data.prepare import Images
from ganzoo.data.sources import open_images

__all__ = ["Images", "open_images"]
