"""`ganzoo project`: search the latent whose picture is nearest to a given one."""

from __future__ import annotations

import io
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.api.terminal import print_line
from ganzoo.cli import candidates
from ganzoo.cli.opening import Class, class_option
from ganzoo.cli.options import Runs
from ganzoo.errors import UsageError

if TYPE_CHECKING:
    from ganzoo.draw.pixels import Pixels
    from ganzoo.train.projection import Projection


def project(
    model: Annotated[
        Path,
        typer.Argument(
            help="A run, its name, a checkpoint or a .safetensors: it takes gradients.",
            autocompletion=candidates.run_or_checkpoint,
        ),
    ],
    image: Annotated[Path, typer.Argument(help="A picture of any size, cropped to its middle.")],
    restarts: Annotated[int, typer.Option(min=1, help="Searches, each from a z of its own.")] = 4,
    steps: Annotated[int, typer.Option(min=1, help="Gradients that a search may take.")] = 300,
    seed: Annotated[int, typer.Option(help="Of the latents that the searches begin from.")] = 0,
    label: Class = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="The sheet (.png, .svg, .pdf); z goes beside it, as .npy. Default: named after "
            "model and image.",
        ),
    ] = None,
    runs: Runs = Path("runs"),
) -> None:
    """Search the z whose picture is nearest to an image: target, nearest and difference."""
    from ganzoo.draw.pictures import check_suffix
    from ganzoo.runs.finding import find

    found = find(model, runs)
    if found.kind == "onnx":
        raise UsageError(f"{found.path} gives no gradients: give the run that it was exported from")
    target = output or Path(f"{found.name}-project-{image.stem}.png")
    check_suffix(target)
    import numpy as np

    from ganzoo.data.files import read_image
    from ganzoo.data.prepare import fit
    from ganzoo.draw import latents
    from ganzoo.runs.weights import load_generator
    from ganzoo.storage import check_place, write_whole
    from ganzoo.train.projection import project as search

    check_place(target)
    pixels = read_image(image)
    generator, network = load_generator(found.path)
    generator = generator.with_settings(label)
    info = generator.info
    wanted = fit(pixels, (*info.image["size"], info.image["channels"]))

    def nearest(picture: Pixels) -> Projection:
        return search(generator, network, picture, restarts=restarts, steps=steps, seed=seed)

    known = latents.normal(1, info.latent_dim, seed, start=restarts)
    tested = nearest(generator.draw(known)[0])
    away, usual = np.linalg.norm(tested.z - known[0]), np.sqrt(info.latent_dim)
    print_line(f"self-test  {_levels(tested)}, for image {restarts} of seed {seed}")
    print_line(
        f"           its z is {away:.1f} away; that of another image about {2**0.5 * usual:.1f}"
    )
    best = nearest(wanted)
    print_line(f"target     {_levels(best)}, for {image}")
    print_line(
        f"           z has the length {np.linalg.norm(best.z):.1f}; most have about {usual:.1f}"
    )
    encoded = io.BytesIO()
    np.save(encoded, best.z[None])
    write_whole(target.with_suffix(".npy"), encoded.getvalue())
    best.sheet(wanted, found.name).save(target)
    z = quote(str(target.with_suffix(".npy")))
    print_line(f"next: ganzoo sample {quote(str(found.path))} --z {z}{class_option(generator)}")
    print_line(target)


def _levels(found: Projection) -> str:
    """Return, in words, the distance of the best picture, and of each search's picture."""
    rms = [f"{number:.1f}" for number in sorted(found.rms)]
    return f"RMS {rms[0]} grey levels of 255 (searches: {', '.join(rms)})"
