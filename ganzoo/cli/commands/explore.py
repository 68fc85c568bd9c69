"""`ganzoo explore`: serve a page on this machine to play with a model."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from ganzoo.api.terminal import print_line
from ganzoo.cli.browser import open_page
from ganzoo.cli.console import note
from ganzoo.cli.opening import Model, OwnLatents, open_model, read_own
from ganzoo.cli.options import Runs

PORT = 8420


def explore(
    model: Model = None,
    z: OwnLatents = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of 127.0.0.1; 0 takes one that is free.")
    ] = PORT,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only print the address.")
    ] = False,
    runs: Runs = Path("runs"),
) -> None:
    """Serve a page with sliders for what a model draws, on 127.0.0.1 alone, until Ctrl-C."""
    from ganzoo.explore import server

    with contextlib.closing(server.listen(port)) as listening:
        port = listening.getsockname()[1]
        found, generator = open_model(model, runs)
        own = read_own(z, generator)
        note(f"{found.path}: finding out what moves the picture …")
        z_name = "" if z is None else z.name
        app = server.application(generator, found.name, port, z=own, z_name=z_name)
        address = f"http://127.0.0.1:{port}/"
        print_line(f"{found.path}, until Ctrl-C:")
        print_line(address)
        if sys.stdout.isatty() and not no_browser:
            open_page(address)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve(app, listening)
