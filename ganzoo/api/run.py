"""A run as an object for scripts and notebooks: its numbers, pictures and networks."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.api.metrics import Metrics
from ganzoo.runs.facts import Facts
from ganzoo.runs.folder import METRICS, Run

if TYPE_CHECKING:
    from PIL import Image
    from torch import nn

    from ganzoo.draw.generator import Generator
    from ganzoo.draw.sheets import Sheet
    from ganzoo.export.exporting import Exported
    from ganzoo.report.plotting import Drawing


class TrainedRun(os.PathLike[str]):
    """A run that is finished or still going on; its folder is read each time you ask for something.

    Functions that take the name of a run or model also take this object: `ganzoo.load(run)`,
    `ganzoo.resume(run)`. Methods raise `ganzoo.errors.ModelFileError` where the run has not got so
    far yet.
    """

    def __init__(self, path: Path) -> None:
        self.folder = Run(Path(os.path.abspath(path)))  # a program may change its folder
        self._opened: tuple[str, Generator] | None = None

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.folder.path

    @property
    def name(self) -> str:
        """The name of the run's folder, which also names the run in commands and functions."""
        return self.path.resolve().name

    @property
    def facts(self) -> Facts:
        """The content of run.json: what is trained, on which data, with which settings."""
        return self.folder.facts()

    @property
    def outcome(self) -> str:
        """One word: completed, stopped, diverged, interrupted, failed, running or unknown."""
        from ganzoo.report.words import outcome

        return outcome(self.folder)[0]

    @property
    def metrics(self) -> Metrics:
        """The measurements until now."""
        return Metrics(self.folder.lines(METRICS), self.facts.scores)

    @property
    def generator(self) -> Generator:
        """The generator of the newest checkpoint, run by torch; the moving average, if one is kept.

        It is the same kind of object that `ganzoo.load` returns for an ONNX file.
        """
        from ganzoo.api.loading import load
        from ganzoo.runs.checkpoints import Checkpoints

        newest = next(Checkpoints(self.path / "checkpoints").newest_first(), Path())
        if self._opened is None or self._opened[0] != newest.name:
            self._opened = newest.name, load(self)
        return self._opened[1]

    def networks(self) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator of the newest checkpoint, in evaluation mode.

        The generator maps (n, latent_dim) to (n, C, H, W). It is the moving average, if one is
        kept. The weights have requires_grad=False.
        """
        from ganzoo.runs.weights import load_networks

        return load_networks(self.path)[:2]

    def plot(self, *, smooth: bool = True, dark: bool = False) -> Drawing:
        """Draw the curves: losses, D(x) and D(G(z)) or a critic's scores, diversity.

        A notebook shows the result; its `.save(path)` writes .png, .svg or .pdf.
        """
        from ganzoo.report.curves import charts
        from ganzoo.report.plotting import DARK, LIGHT, draw_all

        return draw_all(charts(self.folder), DARK if dark else LIGHT, smooth=smooth)

    def strip(self) -> Sheet:
        """Return a sheet of the same images after 0, 25, 50, 75 and 100 % of the run."""
        from ganzoo.report import gallery

        return gallery.strip(self.folder)

    def grid(self) -> Image.Image:
        """Return the run's latest sample grid as a picture."""
        from ganzoo.report import gallery

        return gallery.snapshots(self.folder)[-1].picture()

    def report(self, path: Path | str | None = None) -> Path:
        """Write all that there is to see of the run into one HTML file, and return its path."""
        from ganzoo.report.of_run import report

        return report(self.folder, None if path is None else Path(path))

    def export(
        self,
        path: Path | str | None = None,
        *,
        precision: str = "float32",
        uint8: bool = False,
        opset: int | None = None,
        ir_version: int | None = None,
        force: bool = False,
    ) -> Exported:
        """Write the generator to an ONNX file, once it is proved to draw the same.

        By default the file is exports/NAME.onnx, with the `precision` ("float16" or "int8") and
        "uint8" in its name. The rest is as in `ganzoo.export.exporting.export_onnx`.
        """
        from ganzoo.export.exporting import default_path, export_onnx
        from ganzoo.export.graph import OPSET

        return export_onnx(
            self.path,
            default_path(self.name, precision, uint8) if path is None else Path(path),
            precision=precision,
            uint8=uint8,
            opset=OPSET if opset is None else opset,
            ir_version=ir_version,
            force=force,
        )

    def summary(self) -> tuple[str, str, str, str]:
        """Return the outcome, the epochs, the images seen and the last numbers, in words."""
        from ganzoo.errors import ModelFileError
        from ganzoo.report import words

        try:
            facts, lines = self.facts, self.folder.lines(METRICS)
            numbers = words.last_numbers(facts, lines)
            seen = f"{words.images_seen(self.folder):,}"
        except ModelFileError as error:
            return self.outcome, "-", "-", str(error)
        last = ", ".join(f"{name} {value}" for name, value in numbers.items())
        return self.outcome, words.epochs(self.folder), seen, last

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        outcome, epochs, _, last = self.summary()
        return f"<{self.path}: {outcome}, {epochs} epochs{f', {last}' if last else ''}>"

    def _repr_html_(self) -> str:
        names = ("outcome", "epochs", "images seen", "last numbers")
        rows = [("run", str(self.path)), *zip(names, self.summary(), strict=True)]
        cells = "".join(f"<tr><th>{n}</th><td>{escape(v)}</td></tr>" for n, v in rows)
        return f"<table>{cells}</table>"
