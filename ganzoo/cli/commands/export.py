"""`ganzoo export`: write a run's generator as one ONNX file, or as a page."""

from __future__ import annotations

import functools
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.api.terminal import print_json, print_line
from ganzoo.cli import candidates
from ganzoo.cli.console import note
from ganzoo.cli.options import AsJson, Best, Force, Runs, given_only
from ganzoo.cli.web_pages import write_pages
from ganzoo.errors import UsageError

if TYPE_CHECKING:
    from torch import nn

    from ganzoo.draw.generator import Generator
    from ganzoo.export.exporting import Exported
    from ganzoo.export.speed import Speeds
    from ganzoo.runs.finding import Found

WHY_NOT_IN_THE_GRAPH = (
    "ONNX's random operators give other numbers on every machine and cannot be seeded image by "
    "image, so no picture could be drawn again: `ganzoo sample --seed` makes the latents, and "
    "docs/javascript.md shows them in 20 lines"
)


def export(
    run: Annotated[
        Path | None,
        typer.Argument(
            help="A run, its name, a checkpoint or a .safetensors; for a page also an .onnx. "
            "Default: the latest run.",
            autocompletion=candidates.models,
        ),
    ] = None,
    best: Best = False,
    onnx: Annotated[
        bool, typer.Option("--onnx", help="Write ONNX: the default, and the only format so far.")
    ] = True,
    fp16: Annotated[
        bool, typer.Option("--fp16", help="Weights in half precision: half the bytes.")
    ] = False,
    int8: Annotated[
        bool,
        typer.Option(
            "--int8", help="8 bits wherever images bear it: a quarter to a half of the bytes."
        ),
    ] = False,
    uint8: Annotated[
        bool, typer.Option("--uint8", help="Give images as uint8 pixels (n, H, W, C).")
    ] = False,
    batch: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Draw N images in each call, as devices want it. Default: any number.",
        ),
    ] = None,
    latent_in_graph: Annotated[bool, typer.Option("--latent-in-graph", hidden=True)] = False,
    opset: Annotated[int | None, typer.Option(help="Of ONNX, 18 to 22. Default: 20.")] = None,
    ir_version: Annotated[
        int | None, typer.Option(help="Of the file. Default: the lowest that has the opset.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Default: exports/RUN.onnx."),
    ] = None,
    web: Annotated[
        Path | None,
        typer.Option(
            "--web", metavar="DIR", help="Write a page that draws by itself, for any static host."
        ),
    ] = None,
    single_file: Annotated[
        Path | None,
        typer.Option(
            "--single-file", metavar="HTML", help="Write that page as one file, for a double click."
        ),
    ] = None,
    force: Force = False,
    runs: Runs = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Write a run's generator to ONNX, after checking that it draws what torch draws."""
    if latent_in_graph:
        raise UsageError(WHY_NOT_IN_THE_GRAPH)
    if fp16 and int8:
        raise UsageError("--fp16 and --int8 are two precisions: give one of them")
    from ganzoo.runs.finding import find

    found = find(run, runs)
    name = found.name
    if best:
        found = _best(found)
    precision = "float16" if fp16 else "int8" if int8 else "float32"
    kinds = [name for name, wanted in (("fp16", fp16), ("int8", int8), ("uint8", uint8)) if wanted]

    others = given_only({"opset": opset, "ir_version": ir_version, "batch": batch})
    if found.kind == "onnx":
        options = [name.replace("_", "-") for name in (*kinds, *others)]
        _check_exported(found.path, options, to_page=web is not None or single_file is not None)

    @functools.cache
    def opened() -> tuple[Generator, nn.Module]:
        from ganzoo.runs.weights import load_generator

        return load_generator(found.path)

    def export_to(target: Path) -> Exported:
        from ganzoo.export.exporting import export_onnx

        return export_onnx(
            opened(),
            target,
            precision=precision,
            uint8=uint8,
            force=force,
            **others,
        )

    def same(content: bytes) -> bool:
        from ganzoo.export.exporting import could_be, variant

        wanted = variant(opened()[0].info, precision, uint8)
        return could_be(wanted, content, found.path, **given_only({"opset": opset, "batch": batch}))

    if web is not None or single_file is not None:
        _check_pages(output, single_file)
        if found.kind != "onnx":
            opened()  # it may fail, so it comes before what takes long
        write_pages(found, export_to, web, single_file, same, force=force, as_json=as_json)
        return
    from ganzoo.draw.session import load_onnx
    from ganzoo.export.exporting import default_path
    from ganzoo.export.speed import against_torch

    result = export_to(output or default_path(name, precision, uint8, batch))
    speeds = against_torch({"onnxruntime": load_onnx(result.path, "CPU")}, opened()[1])
    if as_json:
        print_json({**result.to_json(), "images_per_second": speeds})
    else:
        _report(found.path, result, speeds)


def _best(found: Found) -> Found:
    """Return the best checkpoint of a run; say so where a better state was not kept."""
    from ganzoo.runs.best import best_checkpoint
    from ganzoo.runs.finding import Found
    from ganzoo.runs.folder import Run

    if found.kind != "run":
        raise UsageError(f"{found.path} is no run: --best chooses among the checkpoints of one")
    best = best_checkpoint(Run(found.path))
    if best.better:
        step, frechet = best.better
        note(
            f"step {step:,} was better, with a Fréchet distance of {frechet:.3g} instead of "
            f"{best.frechet:.3g}, but it is not kept: --keep-best keeps it"
        )
    return Found("checkpoint", best.path)


def _check_exported(source: Path, options: list[str], *, to_page: bool) -> None:
    """Raise UsageError where `source`, an ONNX file, would be exported again.

    Only a page can be made of it, and without the `options` that are about exporting.
    """
    if not to_page:
        raise UsageError(
            f"{source} is exported already: --web or --single-file makes a page of it. Another "
            "file is made of the run that it is from, or by the program that it was adopted from"
        )
    if options:
        raise UsageError(
            f"{source} is exported already: leave --{options[0]} out, or give the run it is from"
        )


def _check_pages(output: Path | None, single_file: Path | None) -> None:
    """Raise UsageError where the paths do not suit a page."""
    if output is not None:
        raise UsageError("a page has the model in it: leave -o out")
    if single_file is not None and single_file.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--single-file writes HTML: name it {single_file.stem or 'x'}.html")


def _report(source: Path, result: Exported, images_per_second: Speeds) -> None:
    """Print what was exported, how equal and how fast it is; the path is the last line."""
    info, parity = result.info, result.parity
    operators = ", ".join(f"{count} {name}" for name, count in result.operators.most_common())
    off = f"pixels off by {parity.uint8_max} of 255 at most, {parity.uint8_mean:.2g} on average"
    if not parity.uint8_max:
        off = "no pixel differs"
    if parity.max_error is not None:
        off = f"max error {parity.max_error:.1e}, mean {parity.mean_error:.1e}; {off}"
    if parity.psnr is not None:
        off += f", PSNR {parity.psnr:.1f} dB"
    images = sum(parity.batch_sizes)
    print_line(f"from       {source}: {info.architecture}, {info.samples_seen:,} images seen")
    print_line(f"graph      {info.takes(result.batch)} to {info.output.in_words(result.batch)}")
    print_line(f"weights    {info.precision}")
    print_line(f"onnx       opset {result.opset}, IR version {result.ir_version}: {operators}")
    print_line(f"file       {result.nbytes:,} bytes, SHA-256 {result.sha256}")
    print_line(f"parity     against torch in {images:,} images: {off}")
    for name, by_batch in images_per_second.items():
        shown = ", ".join(f"{speed:,.0f} at batch {batch}" for batch, speed in by_batch.items())
        print_line(f"images/s   {shown}: {name}")
    print_line(f"took       {result.seconds:.1f} s, not counting the measurement of speed")
    print_line(f"next: ganzoo sample {quote(str(result.path))}")
    print_line(result.path)
