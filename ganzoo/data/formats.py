"""Which files are images, which are nobody's, and what to say of all others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import PurePath
from typing import NamedTuple

from PIL import Image, ImageFile

PLUGINS = {"pillow_heif": "register_heif_opener", "pi_heif": "register_heif_opener"}
"""Packages that teach Pillow a format once a function of theirs is called."""

TEACHING = ("pillow_avif", "pillow_jxl")
"""Packages that do so when they are imported."""

WANTING = {
    ".heic": "pillow-heif", ".heif": "pillow-heif", ".hif": "pillow-heif",
    ".avif": "pillow-avif-plugin", ".avifs": "pillow-avif-plugin", ".jxl": "pillow-jxl-plugin",
}  # fmt: skip
"""The package that reads files of a suffix, where Pillow does not."""

NO_PICTURES = {"EPS", "MPEG"}
"""Formats that Pillow opens: it runs Ghostscript on the first, and knows the second by name only.
So it is with those that it has no more than a stub for."""

ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar", ".npz")

JUNK = {
    "__macosx", "icon\r",  # macOS
    "@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot",  # Synology, QNAP
    "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "$recycle.bin",
    "system volume information",  # Windows
    "lost+found",  # Linux
}  # fmt: skip
"""Files and folders that a system puts among a user's, in small letters."""

_SHOWN = 6  # kinds of files that are named, most frequent first


class Readable(NamedTuple):
    """What Pillow reads here."""

    suffixes: frozenset[str]
    formats: tuple[str, ...]


@cache
def readable() -> Readable:
    """Return the suffixes and formats that Pillow reads, with its plugins that are installed."""
    Image.init()
    for package, register in [*PLUGINS.items(), *((name, "") for name in TEACHING)]:
        try:
            plugin = import_module(package)
            if register:
                getattr(plugin, register)()
        except Exception:  # not installed, or broken: then the plan says which files are left out
            continue
    formats = tuple(
        name
        for name, (factory, _) in Image.OPEN.items()
        if name not in NO_PICTURES and not _is_stub(factory)
    )
    known = Image.registered_extensions().items()
    names = {*formats, "MPO"}  # the last is opened as a JPEG
    return Readable(frozenset(suffix for suffix, name in known if name in names), formats)


def _is_stub(factory: object) -> bool:
    return isinstance(factory, type) and issubclass(factory, ImageFile.StubImageFile)


def is_image(path: PurePath) -> bool:
    """Return whether the name of a file is an image's."""
    return path.suffix.lower() in readable().suffixes


def is_junk(path: PurePath) -> bool:
    """Return whether a path inside a folder or zip is hidden, or one that a system made."""
    return any(
        (part.startswith(".") and part != "..")
        or part.lower() in JUNK
        or part.startswith("SYNOFILE_THUMB")
        for part in path.parts
    )


def left_out(paths: Iterable[PurePath]) -> str:
    """Return how many files of which kinds `paths` are, and how some could be read; "" for none."""
    kinds = Counter(path.suffix.lower()[:12] for path in paths)
    if not kinds:
        return ""
    total = kinds.total()
    frequent = sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))[:_SHOWN]
    shown = [f"{n:,} {kind or 'without a suffix'}" for kind, n in frequent]
    if more := total - sum(n for _, n in frequent):
        shown.append(f"{more:,} of other kinds")
    told = [f"{total:,} file{'' if total == 1 else 's'}: {', '.join(shown)}"]
    packages: dict[str, list[str]] = {}
    for kind in sorted(kinds.keys() & WANTING.keys()):
        packages.setdefault(WANTING[kind], []).append(kind)
    for package, suffixes in packages.items():
        told.append(f"`pip install {package}` lets Pillow read {' and '.join(suffixes)}")
    if archives := [kind for kind in ARCHIVES if kinds[kind]]:
        told.append(f"what is in a {' or '.join(archives)} is not looked at: unpack it, or name it")
    return "; ".join(told)
