"""Options of an architecture that its data fill in, where the user leaves them alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganzoo.architecture import Architecture
from ganzoo.data.opening import native_shape
from ganzoo.train.world import World
from ganzoo.zoo import registry
from ganzoo.zoo.registry import Loaded


def takes(loaded: Loaded[Architecture], given: Mapping[str, Any], name: str) -> bool:
    """Return whether the data decide the option `name`: a number, or None, that is not `given`."""
    known = loaded.options.get(name, "")  # "" where there is no such option
    return name not in given and type(known) in (int, type(None))


def filled(loaded: Loaded[Architecture], name: str, value: int) -> Loaded[Architecture]:
    """Return the architecture with `value` for the option `name`, and the other options it has."""
    if loaded.options[name] == value:
        return loaded
    return registry.load(loaded.entry, {**loaded.options, name: value}, Architecture)


def with_channels(
    loaded: Loaded[Architecture],
    given: Mapping[str, Any],
    data: str,
    data_options: Mapping[str, Any],
    world: World,
) -> Loaded[Architecture]:
    """Return the architecture for images as `data` has them; `given` are the options of the user.

    Its option `channels` is 1 where the first image is grey, and else 3. Raises DataError where
    there are no images.
    """
    if not takes(loaded, given, "channels"):
        return loaded
    with world.leader_first():
        channels = 1 if native_shape(data, data_options).channels == 1 else 3
    return filled(loaded, "channels", channels)
