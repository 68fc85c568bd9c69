"""The channels of an architecture that takes those of the images: 1 for grey, 3 for colour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganzoo.architecture import Architecture
from ganzoo.data.opening import native_shape
from ganzoo.train.world import World
from ganzoo.zoo import registry
from ganzoo.zoo.registry import Loaded


def with_channels(
    loaded: Loaded[Architecture],
    given: Mapping[str, Any],
    data: str,
    data_options: Mapping[str, Any],
    world: World,
) -> Loaded[Architecture]:
    """Return the architecture for images as `data` has them; `given` are the options of the user.

    If the plugin has an option `channels`, a number, that the user leaves alone, it is 1 where the
    first image is grey, and else 3. Raises DataError where there are no images.
    """
    known = loaded.options.get("channels")
    if "channels" in given or type(known) is not int:
        return loaded
    with world.leader_first():
        channels = 1 if native_shape(data, data_options).channels == 1 else 3
    if channels == known:
        return loaded
    return registry.load(loaded.entry, {**loaded.options, "channels": channels}, Architecture)
