"""Damage real pictures in known ways, judge them, and print one table.

A measure can be trusted if it gets worse as the damage grows, if what is hardly visible is a small
multiple of the floor, and if missing kinds of pictures and repeated ones show. Run
`python -m benchmarks.damages --data fashion_mnist`, or with `--features patches`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from rich.box import MARKDOWN, SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks import spoiling
from ganzoo.data import native_shape, open_splits
from ganzoo.evaluate.features import BATCH, Pixels
from ganzoo.evaluate.judging import Judge, Judged
from ganzoo.evaluate.measures import MEASURES
from ganzoo.evaluate.opening import judge_of, open_features
from ganzoo.evaluate.sets import Real

SHOWN = (
    "frechet", "kernel", "wasserstein", "precision", "recall", "density", "coverage", "diversity",
    "copies",
)  # fmt: skip

DAMAGES: dict[str, Callable[[Pixels], Pixels]] = {
    **{f"noise {size}": partial(spoiling.noisy, deviation=size) for size in (2, 4, 8, 16, 32)},
    **{f"blur {size}": partial(spoiling.blurred, deviation=size) for size in (0.4, 0.6, 0.8, 1.2)},
    **{f"warp {size}": partial(spoiling.warped, distance=size) for size in (0.25, 0.5, 1, 2)},
    **{f"mosaic {side}": partial(spoiling.mosaic, side=side) for side in (2, 4)},
    **{f"JPEG {quality}": partial(spoiling.compressed, quality=quality) for quality in (40, 15)},
    **{f"ghosts {share}": partial(spoiling.ghosts, share=share) for share in (0.1, 0.25, 0.5)},
    "grey noise": spoiling.grey_noise,
    "all black": np.zeros_like,
}
"""Damages of single pictures: noise in grey levels, blur and warp in pixels, quality of JPEG."""


def main() -> None:
    """Open the data and the features, judge all damages, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.damages", description=__doc__)
    parser.add_argument("--data", default="fashion_mnist")
    parser.add_argument("--features", help="default: classifier where there are labels")
    parser.add_argument("--images", type=int, default=2_000)
    parser.add_argument("--markdown", action="store_true", help="for a page of the manual")
    given = parser.parse_args()
    splits = open_splits(given.data, native_shape(given.data)[:3])
    opened = open_features(given.features, splits.train)
    real = Real.choose(splits, given.images)
    console = Console()
    head = ["damage", *(MEASURES[name].title for name in SHOWN)]
    table = Table(*head, box=MARKDOWN if given.markdown else SIMPLE_HEAD)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, judged in judge_damages(judge_of(real, opened)):
        table.add_row(name, *cells(judged))
        console.print(name, *cells(judged), style="dim")
    console.print(table)
    console.print(
        f"{real.count:,} images of {given.data}, compared by {opened.loaded.entry.name}: "
        f"{opened.model.note}"
    )


def judge_damages(judge: Judge) -> Iterator[tuple[str, Judged]]:
    """Yield each damage's name, and what `judge` says of as many damaged pictures."""
    for name, pixels in damaged(judge.real):
        batches = (pixels[start : start + BATCH] for start in range(0, len(pixels), BATCH))
        yield name, judge.judge(judge.look(batches))


def damaged(real: Real) -> Iterator[tuple[str, Pixels]]:
    """Yield the name and the pictures of each damage, as many as there are to compare with.

    The first are real ones, undamaged. Where the data has a test split, they are training images.
    """
    pixels = real.floor.first(real.count)
    yield "real", pixels
    for name, damage in DAMAGES.items():
        yield name, damage(pixels)
    few = min(500, real.count // 20)
    yield f"{few} repeated", spoiling.repeated(pixels, few)
    train = real.splits.train
    if train.labels is None:
        return
    classes = len(train.classes)
    for what, kept in (
        ("1 class missing", range(1, classes)),
        (f"{classes // 2} classes missing", range(classes // 2, classes)),
        ("1 class alone", range(1)),
    ):
        yield what, _of_classes(real, kept)


def _of_classes(real: Real, kept: range) -> Pixels:
    """Return training images of these classes, repeated where there are too few of them."""
    train = real.splits.train
    assert train.labels is not None
    chosen = np.isin(train.labels, kept)
    if real.reference.images is train:
        chosen[real.reference.indices] = False
    (indices,) = np.nonzero(chosen)
    shuffled = np.random.default_rng(0).permutation(indices)
    return np.asarray(train.pixels[np.sort(np.resize(shuffled, real.count))])


def cells(judged: Judged) -> list[str]:
    """Return the values of the columns that are shown, as text."""
    return [f"{judged.values[name][0] * MEASURES[name].scale:.3g}" for name in SHOWN]


if __name__ == "__main__":
    main()
