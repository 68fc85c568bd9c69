"""Pictures made of a run's sample grids, all of the same latents: over time, beside real ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ganzoo.draw import grids
from ganzoo.draw.animations import encode, to_the_end
from ganzoo.draw.pictures import Picture, below_each_other
from ganzoo.draw.pixels import Pixels, from_file, to_pil, ungrid
from ganzoo.draw.sheets import Sheet
from ganzoo.errors import ModelFileError, SettingError, UsageError
from ganzoo.runs.finding import Words, as_run
from ganzoo.runs.folder import SAMPLES, Run
from ganzoo.runs.saving import listed_epochs
from ganzoo.storage import write_whole

SHARES = (0, 0.25, 0.5, 0.75, 1)
"""Shares of the run after which its strip shows images."""

MAX_FRAMES = 60
"""Largest number of frames in an animation; of a long run, frames are chosen evenly."""

SIDE = int(SAMPLES**0.5)
"""Rows and columns of a sample grid."""

IN_A_ROW = 5
"""Snapshots in a row of a sheet of many: 16 cm of a document."""


@dataclass(frozen=True)
class Snapshot:
    """A sample grid of a run: after how many epochs, its name for people, and its file."""

    epoch: float
    label: str
    path: Path

    def picture(self) -> Picture:
        """Return the whole grid as a picture."""
        return Picture(to_pil(from_file(self.path)))


def snapshots(run: Run) -> list[Snapshot]:
    """Return the run's sample grids, first to last; raise ModelFileError where it has none."""
    facts = run.facts()
    per_epoch = facts.data.images / facts.config.batch_size
    found = []
    for path in (run.path / "samples").glob("*-*.png"):
        kind, _, number = path.stem.partition("-")
        if kind in {"epoch", "step"} and number.isdecimal():
            count = int(number)
            epoch = count if kind == "epoch" else count / per_epoch
            found.append(Snapshot(epoch, f"{kind} {count:,}", path))
    if not found:
        raise ModelFileError(f"{run.path} has no samples yet: train it")
    return sorted(found, key=lambda snapshot: snapshot.epoch)


def strip(run: Run, rows: int = 4, columns: int = 4, *, title: str = "") -> Sheet:
    """Return a sheet of the same latents after 0, 25, 50, 75 and 100 % of the run.

    For each share it shows the nearest grid that there is. `title` stands above.
    """
    known = snapshots(run)
    end = known[-1].epoch
    nearest = [min(known, key=lambda s: abs(s.epoch - share * end)) for share in SHARES]
    chosen = list(dict.fromkeys(nearest))
    shown = [first(run, s.path, rows, columns) for s in chosen]
    return Sheet(np.stack(shown, axis=1), groups=[s.label for s in chosen], title=title)


def snapshot_sheet(run: Run, epochs: str = "all", *, title: str = "") -> Picture:
    """Return one picture of the same sixteen images after each of these epochs, with headings.

    `epochs` is a list such as "1,5,10,20", or "all": at most `MAX_FRAMES` of them. `title` stands
    above. Raises UsageError for an epoch after which the run has drawn no grid.
    """
    chosen = _chosen(run, epochs)
    shown = [first(run, s.path, 4, 4) for s in chosen]
    labels = [s.label for s in chosen]
    across = min(len(chosen), IN_A_ROW)
    empty = -len(chosen) % across
    shown += [np.full_like(shown[0], 255)] * empty
    labels += [""] * empty
    starts = range(0, len(shown), across)
    parts = [
        Sheet(np.stack(shown[i : i + across], axis=1), groups=labels[i : i + across])
        for i in starts
    ]
    parts[0] = replace(parts[0], title=title)
    return Picture(below_each_other([part.draw().image for part in parts]))


def _chosen(run: Run, epochs: str) -> list[Snapshot]:
    """Return the snapshots that a list of epochs names; UsageError where it names no such."""
    known = snapshots(run)
    if epochs.strip() == "all":
        return evenly(known, MAX_FRAMES)
    of_epoch = {int(s.epoch): s for s in known if s.label.startswith("epoch")}
    there = f"{run.path} has sample grids of the epochs {ranges([*of_epoch])}"
    try:
        wanted = sorted(listed_epochs(epochs))
    except SettingError as error:
        raise UsageError(f"{error}; {there}, and 'all' takes them all", "snapshots") from None
    if lacking := [epoch for epoch in wanted if epoch not in of_epoch]:
        one = "epoch" if len(lacking) == 1 else "epochs"
        raise UsageError(
            f"there is no sample grid of {one} {ranges(lacking)}: {there}", "snapshots"
        )
    return [of_epoch[epoch] for epoch in wanted]


def ranges(numbers: Sequence[int]) -> str:
    """Return ascending whole numbers in few words: "0 to 4, 10, 20"; "none" where there are none.

    Of more than eight such parts, the ones in the middle are "…".
    """
    parts = list[list[int]]()
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    words = [
        f"{part[0]} to {part[-1]}" if len(part) > 2 else ", ".join(map(str, part)) for part in parts
    ]
    return ", ".join(words if len(words) <= 8 else [*words[:6], "…", words[-1]]) or "none"


def latest(run: Run, *, title: str = "") -> Picture:
    """Return the run's latest sample grid as a picture; `title` stands above."""
    images = first(run, snapshots(run)[-1].path, SIDE, SIDE)
    return grids.picture(np.concatenate([*images]), images.shape[1], title=title)


def beside_real(run: Run, side: int = 8, *, title: str = "") -> Sheet:
    """Return a sheet of the first training images beside as many of the last drawn images."""
    last, real = snapshots(run)[-1], run.path / "samples" / "real.png"
    if not real.exists():
        raise ModelFileError(f"{run.path} has no {real.name}: an older ganzoo trained it")
    shown = first(run, real, side, side)  # there may be fewer of them
    drawn = first(run, last.path, *shown.shape[:2])
    name = run.facts().data.name
    groups = [f"real: {name}", last.label]
    return Sheet(np.stack([shown, drawn], axis=1), groups=groups, title=title)


def frames(run: Run, rows: int = SIDE, columns: int = SIDE) -> list[Picture]:
    """Return one picture for each snapshot, at most `MAX_FRAMES`, with its name on top.

    It has so many rows and columns of the sample grid, which has `SIDE` of both.
    """
    return [
        Sheet(first(run, s.path, rows, columns)[:, None], groups=[s.label]).draw()
        for s in evenly(snapshots(run), MAX_FRAMES)
    ]


def evenly(known: Sequence[Snapshot], most: int) -> list[Snapshot]:
    """Return at most `most` snapshots, chosen evenly, with the first and the last."""
    places = np.linspace(0, len(known) - 1, min(len(known), most)).round().astype(int)
    return [known[i] for i in places]


def animate(run: Run | Words, path: Path, rows: int = SIDE, columns: int = SIDE) -> None:
    """Write an animation of the run's snapshots; `path` ends in .gif, .webp or .mp4.

    It shows so many rows and columns of the sample grids; fewer make a smaller file.
    """
    if path.suffix.lower() not in {".gif", ".webp", ".mp4"}:
        raise UsageError(f"{path} is no .gif, .webp or .mp4: name it {path.stem or 'x'}.webp")
    write_whole(path, encode(*to_the_end(frames(as_run(run), rows, columns)), path))


def pictures(run: Run, title: str = "") -> dict[str, Sheet]:
    """Return the sheets that `ganzoo plot` draws of a run, by name; `title` is above each."""
    found = {"strip": strip(run, title=title)}
    if (run.path / "samples" / "real.png").exists():
        found["real-and-generated"] = beside_real(run, title=title)
    return found


def first(run: Run, path: Path, rows: int, columns: int) -> Pixels:
    """Return the images in the upper left of a grid, uint8 (rows, columns, H, W, C).

    A grid with fewer rows or columns gives fewer. Raises ModelFileError where the file at `path` is
    no grid of this run.
    """
    data = run.facts().data
    count = min(SAMPLES, data.images) if path.stem == "real" else SAMPLES
    try:
        height, width, _ = data.size
        found = ungrid(from_file(path), count, (height, width))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ModelFileError(f"{path} is no sample grid of {run.path}: {why}") from error
    across = int(np.ceil(count**0.5))
    whole = found[: count // across * across].reshape(-1, across, *found.shape[1:])
    return whole[:rows, :columns]
