"""`ganzoo sample`: from a model to a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.parameters import Runs, model_name
from ganzoo.errors import OutputError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ganzoo.generator import Generator


def sample(
    model: Annotated[
        Path | None,
        typer.Argument(
            help="An .onnx file (needs no torch), or a run, checkpoint or model.safetensors. "
            "Default: the latest run."
        ),
    ] = None,
    n: Annotated[int | None, typer.Option("-n", min=1, help="How many images.  [64]")] = None,
    seed: Annotated[int, typer.Option(help="Image i of a seed is always the same.")] = 0,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="PNG", help="The sheet. Default: MODEL-seedN.png."),
    ] = None,
    z: Annotated[
        Path | None,
        typer.Option("--z", metavar="NPY", help="Your own latents (n, latent_dim), not a seed."),
    ] = None,
    each: Annotated[
        Path | None,
        typer.Option("--each", metavar="DIR", help="Write every image into DIR instead."),
    ] = None,
    columns: Annotated[int | None, typer.Option(min=1, help="Images in a row.")] = None,
    runs: Runs = Path("runs"),
) -> None:
    """Draw images: one sheet, or with --each one file for each image."""
    if z is not None and n is not None:
        raise UsageError("--z says which images to draw, and -n how many: give one of them")
    if each is not None and output is not None:
        raise UsageError("--each writes files into a folder, and -o one sheet: give one of them")
    if output is not None and output.suffix.lower() != ".png":
        raise UsageError(f"ganzoo draws PNG files, and -o {output} is none: name it x.png")
    from ganzoo import images

    source = model or _latest(runs)
    generator = _open(source)
    pixels = generator.sample(n or 64, seed) if z is None else generator.draw(_read_latents(z))
    if each is not None:
        if each.is_dir() and any(each.iterdir()):
            raise OutputError(f"{each} is not empty: give --each a new folder")
        digits = max(5, len(str(len(pixels) - 1)))
        for i, image in enumerate(pixels):
            images.save_png(image, each / f"{i:0{digits}d}.png")
        print(each)
        return
    drawn = f"seed{seed}" if z is None else z.stem
    target = output or Path(f"{model_name(source)}-{drawn}.png")
    images.save_png(images.grid(pixels, columns), target)
    print(target)


def _latest(runs: Path) -> Path:
    from ganzoo.run import Run

    return Run.latest(runs).path


def _open(path: Path) -> Generator:
    """An ONNX file by onnxruntime; anything else by torch, which only then is imported."""
    if path.suffix.lower() == ".onnx":
        from ganzoo.sampling import load_onnx

        return load_onnx(path)
    from ganzoo.checkpoint import load_generator

    return load_generator(path)[0]


def _read_latents(path: Path) -> NDArray[np.float32]:
    import numpy as np

    try:
        z: NDArray[np.float32] = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise UsageError(f"{path} is no .npy file of numbers: np.save writes one") from error
    return z
