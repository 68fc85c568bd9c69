"""A run's own pictures, all of the same latents: how they came to be, and beside real ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.draw.animations import encode, to_the_end
from ganzoo.draw.pixels import Pixels, from_file, to_pil, ungrid
from ganzoo.draw.sheets import Sheet
from ganzoo.errors import ModelFileError, UsageError
from ganzoo.runs.folder import SAMPLES, Run
from ganzoo.storage import write_whole

if TYPE_CHECKING:
    from PIL import Image

SHARES = (0, 0.25, 0.5, 0.75, 1)
"""Of the run, after which its strip shows images."""

MAX_FRAMES = 60
"""Of an animation: a long run's are chosen evenly."""


@dataclass(frozen=True)
class Snapshot:
    """A sample grid of a run: after which part of it, and where."""

    epoch: float
    label: str
    path: Path

    def picture(self) -> Image.Image:
        """The whole grid."""
        return to_pil(from_file(self.path))


def snapshots(run: Run) -> list[Snapshot]:
    """The run's sample grids, first to last; ModelFileError where it has none."""
    facts = run.facts()
    per_epoch = facts.data.images / facts.config.batch_size
    found = []
    for path in (run.path / "samples").glob("*-*.png"):
        kind, _, number = path.stem.partition("-")
        if kind in {"epoch", "step"} and number.isdigit():
            count = int(number)
            epoch = count if kind == "epoch" else count / per_epoch
            found.append(Snapshot(epoch, f"{kind} {count:,}", path))
    if not found:
        raise ModelFileError(f"{run.path} has no samples yet: train it")
    return sorted(found, key=lambda snapshot: snapshot.epoch)


def strip(run: Run, rows: int = 4, columns: int = 4) -> Sheet:
    """The same few latents after 0, 25, 50, 75 and 100 % of the run, or what is next to that."""
    known = snapshots(run)
    end = known[-1].epoch
    nearest = [min(known, key=lambda s: abs(s.epoch - share * end)) for share in SHARES]
    chosen = list(dict.fromkeys(nearest))
    grids = [first(run, s.path, rows, columns) for s in chosen]
    return Sheet(np.stack(grids, axis=1), groups=[s.label for s in chosen])


def beside_real(run: Run, side: int = 8) -> Sheet:
    """The first images that it was trained on, and the last that it drew, of the same number."""
    last, real = snapshots(run)[-1], run.path / "samples" / "real.png"
    if not real.exists():
        raise ModelFileError(f"{run.path} has no {real.name}: an older ganzoo trained it")
    shown = first(run, real, side, side)  # there may be fewer of them
    drawn = first(run, last.path, *shown.shape[:2])
    name = run.facts().data.name
    return Sheet(np.stack([shown, drawn], axis=1), groups=[f"real: {name}", last.label])


def frames(run: Run) -> list[Image.Image]:
    """One picture for each snapshot, or for some of very many, with its name on top."""
    side = int(SAMPLES**0.5)
    return [
        Sheet(first(run, s.path, side, side)[:, None], groups=[s.label]).draw()
        for s in evenly(snapshots(run), MAX_FRAMES)
    ]


def evenly(known: Sequence[Snapshot], most: int) -> list[Snapshot]:
    """All of them, or as many as this, the first and the last among them."""
    places = np.linspace(0, len(known) - 1, min(len(known), most)).round().astype(int)
    return [known[i] for i in places]


def animate(run: Run, path: Path) -> None:
    """Write how the run's images came to be, as .gif, .webp or .mp4, by its name."""
    if path.suffix.lower() not in {".gif", ".webp", ".mp4"}:
        raise UsageError(f"{path} is no .gif, .webp or .mp4: name it {path.stem or 'x'}.webp")
    write_whole(path, encode(*to_the_end(frames(run)), path))


def pictures(run: Run) -> dict[str, Sheet]:
    """The sheets of a run that `ganzoo plot` draws, by name."""
    found = {"strip": strip(run)}
    if (run.path / "samples" / "real.png").exists():
        found["real-and-generated"] = beside_real(run)
    return found


def first(run: Run, path: Path, rows: int, columns: int) -> Pixels:
    """The upper left images of a grid, (rows, columns, H, W, C)."""
    data = run.facts().data
    count = min(SAMPLES, data.images) if path.stem == "real" else SAMPLES
    try:
        height, width, _ = data.size
        found = ungrid(from_file(path), count, (height, width))
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{path} is no sample grid of {run.path}: {error}") from error
    across = int(np.ceil(count**0.5))
    whole = found[: count // across * across].reshape(-1, across, *found.shape[1:])
    return whole[:rows, :columns]
