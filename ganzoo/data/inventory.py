"""What the cache holds of decoded images, and how to empty it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.data.cache import FACTS, IMAGES, PIXELS, Entry
from ganzoo.errors import DataError
from ganzoo.storage import cache_folder, remove_left


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Decoded images in the cache, or what is left of some."""

    name: str
    """The name of the entry, 32 hexadecimal digits, or of a file."""

    bytes: int
    """How much of the disk it takes."""

    state: str
    """"whole", "unfinished", or why it cannot be used."""

    data: str = ""
    """Name of the data set that it is of; "" where that is not known."""

    source: dict[str, Any]
    """Where that is from: a path, or a plugin and its options."""

    shape: tuple[int, ...] = ()
    """(N, H, W, C)"""

    skipped: int = 0
    """How many images were left out, as they cannot be decoded."""

    made: str = ""
    """When it was decoded, UTC."""

    @property
    def origin(self) -> str:
        """Where the data set is from, in a few words."""
        if "path" in self.source:
            split = self.source.get("split")
            return f"{self.source['path']}{f' ({split})' if split else ''}"
        options = (f"{name}={value}" for name, value in self.source.get("options", {}).items())
        return " ".join([str(self.source.get("package", "")), *options])

    def to_json(self) -> dict[str, Any]:
        """Return it as an object of JSON."""
        return {**vars(self), "shape": list(self.shape)}


def cached() -> list[Stored]:
    """Return the decoded images in the cache by the time they were made; what is left comes first.

    Their pixels are not read: they are compared with their fingerprint when they are opened.
    """
    return sorted(map(_stored, _names()), key=lambda one: (one.made, one.name))


def clear(name: str | None = None) -> list[Stored]:
    """Remove decoded images from the cache, by default all of them; return what was removed.

    `name` is that of a data set, its path, or the first digits of an entry's name. What is being
    decoded in another process stays. A training that uses what is removed goes on. Raises DataError
    where nothing has this name.
    """
    found = [one for one in cached() if name is None or _is_called(one, name)]
    if name is not None and not found:
        raise DataError(f"the cache has no decoded images of '{name}': `ganzoo data` lists them")
    return [one for one in found if _removed(one)]


def _is_called(one: Stored, name: str) -> bool:
    """Return whether a user means this by `name`."""
    return bool(name) and (
        name == one.data
        or (len(name) >= 4 and one.name.startswith(name))
        or one.source.get("path") == str(Path(name).resolve())
    )


def _names() -> Iterator[str]:
    """Yield the names of entries, and of files that killed processes left."""
    files = sorted((cache_folder() / IMAGES).glob("*"))
    yield from sorted({file.stem for file in files if file.suffix in (PIXELS, FACTS)})
    yield from (file.name for file in files if file.suffix == ".tmp")


def _stored(name: str) -> Stored:
    """Return what is there by a name of `_names`."""
    folder = cache_folder() / IMAGES
    if name.endswith(".tmp"):
        return Stored(name=name, bytes=_size(folder / name), state="unfinished", source={})
    entry = Entry(folder, name)
    taken = _size(entry.pixels) + _size(entry.facts)
    if not entry.facts.exists():
        return Stored(name=name, bytes=taken, state="unfinished", source={})
    try:
        facts = entry.read()
        entry.check_size(facts)
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
        return Stored(name=name, bytes=taken, state=why, source={})
    except ValueError as error:
        return Stored(name=name, bytes=taken, state=str(error), source={})
    source = {key: value for key, value in facts.of.items() if key != "name"}
    return Stored(
        name=name, bytes=taken, state="whole", data=facts.of.get("name", ""), source=source,
        shape=facts.shape, skipped=len(facts.skipped), made=facts.made,
    )  # fmt: skip


def _removed(one: Stored) -> bool:
    """Remove what `cached` listed; return whether it is gone."""
    folder = cache_folder() / IMAGES
    if one.name.endswith(".tmp"):
        return remove_left(folder / one.name)
    entry = Entry(folder, one.name)
    if not entry.facts.exists():
        return remove_left(entry.pixels)
    entry.remove()
    return True


def _size(file: Path) -> int:
    """Return how much of the disk a file takes; 0 where there is none."""
    with suppress(OSError):
        return file.stat().st_size
    return 0
