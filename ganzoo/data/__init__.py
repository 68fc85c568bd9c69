"""Training images: from whatever the user has to one uint8 array."""

from ganzoo.data.inventory import cached, clear
from ganzoo.data.opening import (
    NativeShape,
    Splits,
    count_images,
    native_shape,
    open_images,
    open_splits,
)
from ganzoo.data.prepare import Images

__all__ = [
    "Images",
    "NativeShape",
    "Splits",
    "cached",
    "clear",
    "count_images",
    "native_shape",
    "open_images",
    "open_splits",
]
