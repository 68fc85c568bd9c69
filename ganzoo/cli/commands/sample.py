"""`ganzoo sample`: draw one sheet of pictures, or very many pictures, from a model."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.api.terminal import print_line
from ganzoo.cli.opening import (
    EACH,
    Model,
    OwnLatents,
    Title,
    Truncation,
    about,
    check_sheet,
    open_model,
    read_own,
    slug,
)
from ganzoo.cli.options import Runs
from ganzoo.errors import UsageError

if TYPE_CHECKING:
    from ganzoo.draw.selection import Selection


def sample(
    model: Model = None,
    n: Annotated[int | None, typer.Option("-n", min=1, help="How many images.  [64]")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Image i of a seed is always the same.  [0]")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="The sheet (.png, .svg, .pdf). Default: MODEL-seedN.png.",
        ),
    ] = None,
    z: OwnLatents = None,
    label: Annotated[
        str | None,
        typer.Option(
            "--class",
            metavar="NAME",
            help="Of one class alone, by its name or number; each draws N (or 8) of each, in rows. "
            "Default: mixed.",
        ),
    ] = None,
    truncation: Truncation = None,
    each: Annotated[
        Path | None,
        typer.Option("--each", metavar="DIR", help="Write every image into DIR instead."),
    ] = None,
    npz: Annotated[
        Path | None,
        typer.Option("--npz", metavar="NPZ", help="Write one array, uint8 (n, H, W, C), instead."),
    ] = None,
    tar: Annotated[
        Path | None, typer.Option("--tar", metavar="TAR", help="Write a .tar of PNGs instead.")
    ] = None,
    columns: Annotated[int | None, typer.Option(min=1, help="Images in a row.")] = None,
    labels: Annotated[
        bool, typer.Option("--labels", help="Write the number of each image below it.")
    ] = False,
    scale: Annotated[
        int | None,
        typer.Option(
            min=1, help="Enlarge each pixel so many times.  [one row: about 1,200 pixels wide]"
        ),
    ] = None,
    batch_size: Annotated[
        int, typer.Option(min=1, help="Images drawn at a time; none depends on it.")
    ] = 64,
    title: Title = None,
    runs: Runs = Path("runs"),
) -> None:
    """Draw images: one sheet, or with --each, --npz or --tar as many as you like.

    These three need little memory. If the command is killed, the same command goes on.
    """
    from ganzoo.draw.checking import check_alone
    from ganzoo.draw.selection import Selection

    check_alone(z, n=n, seed=seed)
    seed = seed or 0
    many = _check_names({"-o": output, "--each": each, "--npz": npz, "--tar": tar})
    if many:
        _check_no_sheet({
            "--columns": columns, "--labels": labels or None, "--scale": scale, "--title": title,
        })  # fmt: skip
    if label == EACH and columns is not None:
        raise UsageError("--class each has a row for each class: leave --columns out")
    found, generator = open_model(model, runs, None if label == EACH else label, truncation)
    if label == EACH:
        generator.of(0)  # an error where there are no classes
    own = read_own(z, generator)
    usual = 8 if label == EACH else 64
    selection = Selection(
        generator=generator,
        n=(n or usual) if own is None else len(own),
        seed=seed,
        z=own,
        classes=range(len(generator.classes)) if label == EACH else (),
    )
    if many is not None:
        from ganzoo.cli.collecting import SINKS, collect_images

        option, path = many
        image = generator.info.image
        sink = SINKS[option](path, (selection.count, *image["size"], image["channels"]))
        batches = partial(selection.batches, batch_size)
        collect_images(sink, batches, batch_size, _facts(selection, z))
        print_line(path)
        return
    check_sheet(selection.count, "draw them with --each, --npz or --tar")
    import numpy as np

    from ganzoo.draw import grids, studies

    drawn = f"seed{seed}" if z is None else z.stem
    each_class = f"-{EACH}" if selection.classes else ""
    target = output or Path(f"{found.name}-{drawn}{each_class}{slug(generator)}.png")
    if selection.classes:
        made_of = f"seed {seed}" if z is None else z.name
        above = f"{title or found.name}, {made_of}{about(generator)}"
        sheet = studies.classes(selection, scale=scale, numbered=labels)
        replace(sheet, title=above).save(target)
    else:
        images = np.concatenate(list(selection.batches(batch_size)))
        shown = grids.picture(images, columns, scale=scale, numbered=labels, title=title or "")
        shown.save(target)
    print_line(target)


def _facts(selection: Selection, z: Path | None) -> dict[str, str | int]:
    """Return what tells these images from others: a restart must be of the same."""
    generator = selection.generator
    facts: dict[str, str | int] = {"model": generator.sha256, "run by": generator.runs_on}
    facts |= {"seed": selection.seed} if z is None else {"latents": _sha256(z)}
    if selection.classes:
        facts["classes"] = EACH  # and "class" is a name, which may be this word
    elif generator.label is not None:
        facts["class"] = generator.classes[generator.label]
    if generator.truncation != 1:
        facts["truncation"] = str(generator.truncation)
    return facts | {"rng": generator.info.latent["rng"]}


def _check_names(targets: dict[str, Path | None]) -> tuple[str, Path] | None:
    """Return which of --each, --npz and --tar was given, and its path; None for a sheet.

    Raises UsageError for two of them, and for a path with the wrong suffix.
    """
    from ganzoo.draw.pictures import check_suffix

    given = [(option, path) for option, path in targets.items() if path is not None]
    if len(given) > 1:
        options = " and ".join(option for option, _ in given)
        raise UsageError(f"{options} each say where the images go: give one of them")
    for option, path in given:
        if option == "-o":
            check_suffix(path)
        suffix = {"--npz": ".npz", "--tar": ".tar"}.get(option)
        if suffix and path.suffix.lower() != suffix:
            raise UsageError(
                f"{option} writes {suffix} files, and {path} is none: name it x{suffix}"
            )
    return given[0] if given and given[0][0] != "-o" else None


def _check_no_sheet(given: dict[str, object]) -> None:
    """Raise UsageError where an option is given that is about a sheet, and none is written."""
    for option, value in given.items():
        if value is not None:
            raise UsageError(f"{option} is about a sheet: leave it out, or write one with -o")


def _sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
