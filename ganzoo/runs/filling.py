"""Options of an architecture that its data fill in, where the user leaves them alone."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any, Literal, get_args, get_origin

from ganzoo.architecture import Architecture
from ganzoo.data.opening import native_shape
from ganzoo.runs.job import Say
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
    say: Say,
) -> Loaded[Architecture]:
    """Return the architecture for images as `data` has them; `given` are the options of the user.

    Its option `channels` is 1 where the first image is grey, and else 3. `say` is told where that
    image is larger than the networks take, and an option `size` that the user left alone has one
    that is nearer. Raises DataError where there are no images.
    """
    sizes, decides = larger_sizes(loaded, given), takes(loaded, given, "channels")
    if not sizes and not decides:
        return loaded
    with world.leader_first():
        found = native_shape(data, data_options)
    if fitting := [size for size in sizes if size <= min(found.height, found.width)]:
        say(
            f"the images have {found.width}x{found.height} pixels, and are shrunk to "
            f"{loaded.options['size']}x{loaded.options['size']}: its option size={max(fitting)} is "
            "nearer, and takes longer"
        )
    return filled(loaded, "channels", 1 if found.channels == 1 else 3) if decides else loaded


def larger_sizes(loaded: Loaded[Architecture], given: Mapping[str, Any]) -> list[int]:
    """Return what an architecture's option `size` could be that is more than it is by default.

    Nothing, where the user chose one, or where it has no such option with a list of sizes.
    """
    own = loaded.options.get("size")
    if "size" in given or type(own) is not int:
        return []
    function, _ = registry.import_function(loaded.entry)
    kind = signature(function, eval_str=True).parameters["size"].annotation
    sizes = get_args(kind) if get_origin(kind) is Literal else ()
    return [size for size in sizes if type(size) is int and size > own]
