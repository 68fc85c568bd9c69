"""Who may write where: a note beside what is being made, and a lock on it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ganzoo.draw.collect.sinks import Folder, Npz, Sink, Tar, beside
from ganzoo.errors import OutputError
from ganzoo.storage import is_special, lock, naming

if TYPE_CHECKING:
    from ganzoo.draw.pixels import Pixels


@contextmanager
def claim(sink: Sink, facts: Mapping[str, str | int]) -> Iterator[None]:
    """Keep `sink` to this process while it is resumed, appended to and finished.

    `facts` say which images it is for. After a crash, claim it again with the same facts to go on.
    Raises OutputError, and changes nothing, if something is in the way: another file of the name,
    images of other facts, or a process that writes them. After success only the images are there.
    After an error, or Ctrl-C, they stay with the note that makes a restart possible.
    """
    note = beside(sink.path, ".part.json")
    note.parent.mkdir(parents=True, exist_ok=True)
    with naming(note), _locked(note, sink.path) as file:
        noted = _read(file)
        if noted is None and _there(sink):
            raise OutputError(
                f"{note} is damaged, so it is not known what is in {sink.path}: choose another "
                f"name, or remove {', '.join(map(str, [*_there(sink), note]))}"
            )
        try:
            _agree(sink, noted or {}, facts, note)
        except OutputError:
            if not noted:
                note.unlink()  # it was made just now, and is empty
            raise
        if not noted:
            file.truncate(0)
            file.write(json.dumps(facts))
            file.flush()
        try:
            yield
        except BaseException:
            if not _there(sink):
                note.unlink()
            raise
        note.unlink()  # while the lock is held: nobody else can have noted anything in it


def is_finished(sink: Sink, images: Iterable[Pixels]) -> bool:
    """Return whether `sink` holds exactly `images`, uint8 (H, W, C) each: nothing is to be done.

    So it is where a process was killed after its last image. As many images are drawn as are equal.
    """
    there, kind = _there(sink), Folder if sink.path.is_dir() else (Npz, Tar)
    if there != [sink.path] or os.path.lexists(beside(sink.path, ".part.json")):
        return False
    if not isinstance(sink, kind) or is_special(sink.path):
        return False
    return sink.holds(images)


@contextmanager
def _locked(note: Path, path: Path) -> Iterator[IO[str]]:
    """Open `note` for reading and appending, and lock it; OutputError if another process has it."""
    while True:
        with note.open("a+", encoding="utf-8") as file:
            if not lock(file):
                raise OutputError(f"another process is writing {path}: let it, or end it")
            # Who had the lock before us removed the note: our file may have no name any more.
            try:
                there = os.stat(note)
            except FileNotFoundError:
                continue
            if os.path.samestat(os.fstat(file.fileno()), there):
                yield file
                return


def _agree(
    sink: Sink, noted: Mapping[str, str | int], facts: Mapping[str, str | int], note: Path
) -> None:
    """Raise OutputError if what is there is not the beginning of these images."""
    there = _there(sink)
    if noted and noted != facts:
        others = [key for key in {**noted, **facts} if noted.get(key) != facts.get(key)]
        begun, asked = (
            ", ".join(f"{key} {str(these.get(key, 'none'))[:16]}" for key in others)
            for these in (noted, facts)
        )
        raise OutputError(
            f"{sink.path} was begun with {begun}, not with {asked}: choose another name, or "
            f"remove {', '.join(map(str, [*there, note]))}"
        )
    # A file without parts, but with a note, is finished: only the note is left to remove.
    if there and (not noted or there[0] == sink.path != there[-1]):
        raise OutputError(f"{there[0]} is there already and not overwritten: choose another name")


def _there(sink: Sink) -> list[Path]:
    """Return which of a sink's files are there; an empty folder counts as none."""
    if isinstance(sink, Folder) and sink.path.is_dir() and not any(sink.path.iterdir()):
        return []
    return [path for path in [sink.path, *sink.parts] if os.path.lexists(path)]


def _read(note: IO[str]) -> dict[str, str | int] | None:
    """Return what was noted: {} if the process died before it wrote, None if it is damaged."""
    note.seek(0)
    text = note.read()
    try:
        noted = json.loads(text or "{}")
    except ValueError:
        return None
    return noted if isinstance(noted, dict) else None
