"""`ganzoo export`: from a run to one ONNX file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ganzoo.cli.parameters import AsJson, Runs, model_name


def export(
    run: Annotated[
        Path | None,
        typer.Argument(help="A run, checkpoint or model.safetensors. Default: the latest run."),
    ] = None,
    onnx: Annotated[
        bool, typer.Option("--onnx", help="Write ONNX: the default, and the only format so far.")
    ] = True,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Default: exports/RUN.onnx."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that holds another model.")
    ] = False,
    runs: Runs = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Write a run's generator to ONNX, after checking that it draws what torch draws."""
    from ganzoo.export import BATCH_SIZES, TOLERANCE, export_onnx
    from ganzoo.run import Run

    source = run or Run.latest(runs).path
    target = output or Path("exports", f"{model_name(source)}.onnx")
    result = export_onnx(source, target, force=force)
    if as_json:
        print(json.dumps({
            "path": str(result.path),
            "bytes": result.nbytes,
            "max_error": result.max_error,
            "batch_sizes": BATCH_SIZES,
        }))  # fmt: skip
        return
    sizes = ", ".join(map(str, BATCH_SIZES))
    print(f"from    {source}: {result.info.architecture}, {result.info.samples_seen:,} images seen")
    print(f"size    {result.nbytes:,} bytes")
    print(
        f"parity  max error {result.max_error:.1e} against torch at batch {sizes} "
        f"(allowed {TOLERANCE:.0e})"
    )
    print(f"next: ganzoo sample {result.path}")
    print(result.path)
