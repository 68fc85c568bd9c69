"""Letters of every script: a font of the system, where the usual one lacks a character."""

from __future__ import annotations

import functools
import logging
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.printable import caption

if TYPE_CHECKING:
    from PIL import ImageFont

    Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_log = logging.getLogger("ganzoo")
VARIABLE = "GANZOO_FONTS"
"""Names folders of fonts, as PATH does, to look into instead of the system's."""
OTHER = re.compile("math|bold|italic|oblique|mono|serif|condensed|narrow|light|thin|black", re.I)
"""In the names of fonts that are taken last: figures have upright sans-serif letters."""
BOXES = "LastResort"
"""A font that draws a box for each character that there is."""
LARGEST = 500_000_000
"""Most bytes of a font; those of all Chinese characters have a third of that."""
SERVED: list[Path] = []
"""Fonts that had what was asked for: the next text is likely to be of the same script."""
NOWHERE = "\uffff"
"""No character, so that a font draws what it draws for all that it lacks."""


def lettered(text: str, size: int) -> tuple[Font, str]:
    """Return a font of `size` pixels for a text, and the text as this font can draw it.

    That is Pillow's own font, which looks the same on every machine and has little but ASCII. Where
    it lacks a character, it is the font of the system, or of matplotlib, that has most of the text.
    A character that it lacks, too, is "?". The text becomes a `caption`: Pillow fails at characters
    that steer a terminal.
    """
    text = caption(text)
    if not (lacking := _lacking(None, frozenset(text))):
        return _kept(None, size), text
    files = covering(lacking)
    file = files[0] if files else None
    return _kept(file, size), without(text, _lacking(file, frozenset(text)))


def without(text: str, lacking: frozenset[str]) -> str:
    """Return a text with "?" for the characters that no font has, and say so once."""
    if lacking:
        _remark("".join(sorted(lacking)))
    return "".join("?" if character in lacking else character for character in text)


@functools.cache
def covering(characters: frozenset[str]) -> list[Path]:
    """Return fonts of the system that have these characters, first the one that has most."""
    for file in SERVED:
        if not _lacking(file, characters):
            return [file]
    found: list[Path] = []
    while characters:
        left = {file: _lacking(file, characters) for file in _files(os.environ.get(VARIABLE))}
        best = min(left, key=lambda file: len(left[file]), default=None)
        if best is None or left[best] == characters:
            break
        found.append(best)
        characters = left[best]
    SERVED.extend(found)
    return found


def _open(file: Path | None, size: int) -> Font:
    """Return the font in a file, or Pillow's own; raise OSError where it has no such size."""
    from PIL import ImageFont

    return ImageFont.truetype(file, size) if file else ImageFont.load_default(size)


_kept = functools.cache(_open)


def lacking_all(characters: frozenset[str]) -> frozenset[str]:
    """Return the characters that no font of the system has."""
    for file in covering(characters):
        characters = _lacking(file, characters)
    return characters


@functools.cache
def _lacking(file: Path | None, characters: frozenset[str]) -> frozenset[str]:
    """Return the characters that a font draws as it draws one that does not exist."""
    shown = frozenset(c for c in characters if c.isprintable() and not c.isspace())
    try:
        letters = _open(file, 20)  # not kept: there may be hundreds
        none = _drawn(letters, NOWHERE)
        return frozenset(c for c in shown if _drawn(letters, c) == none)
    except (OSError, ValueError):
        return shown  # no font, or one of pictures


def _drawn(letters: Font, character: str) -> tuple[tuple[int, int], bytes]:
    mask = letters.getmask(character)
    return mask.size, bytes(mask)


@functools.cache
def _files(folders: str | None) -> list[Path]:
    """Return the files of fonts, those first that suit a figure best."""
    several = [Path(name) for name in folders.split(os.pathsep)] if folders else [*_system()]
    if brought := find_spec("matplotlib"):  # it is not imported for that
        several.append(Path(brought.origin or "").parent / "mpl-data")
    found = {
        Path(folder, name)
        for place in several
        for folder, _, names in os.walk(place)
        for name in names
        if name.lower().endswith((".ttf", ".ttc", ".otf"))
        and not name.startswith(BOXES)
        and _is_file(os.path.join(folder, name))
    }
    return sorted(found, key=lambda f: (bool(OTHER.search(f.name)), f.suffix == ".otf", f.name))


def _is_file(path: str) -> bool:
    """Return whether a file may be a font: a pipe, or a file of a terabyte, is never read."""
    with suppress(OSError):
        told = os.stat(path)
        return stat.S_ISREG(told.st_mode) and told.st_size <= LARGEST
    return False


def _system() -> Iterator[Path]:
    """Yield the folders in which this system keeps fonts."""
    home = Path.home()
    if sys.platform == "win32":
        yield Path(os.environ.get("WINDIR", "C:/Windows"), "Fonts")
        yield home / "AppData/Local/Microsoft/Windows/Fonts"
    elif sys.platform == "darwin":
        yield from (Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts")
    else:
        data = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
        yield from (Path(name, "fonts") for name in data.split(":"))
        yield from (home / ".local/share/fonts", home / ".fonts")


@functools.cache
def _remark(characters: str) -> None:
    _log.warning(
        "no font on this machine has all that a text needs: a figure shows ? for %s. Install one, "
        "such as Noto Sans, or name its folder in $%s",
        characters,
        VARIABLE,
    )
