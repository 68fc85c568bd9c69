"""A run as an object for scripts and notebooks: its numbers, pictures and networks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.api.metrics import Metrics
from ganzoo.printable import line
from ganzoo.runs.facts import Facts
from ganzoo.runs.folder import METRICS, Run
from ganzoo.tables import Table, as_html

if TYPE_CHECKING:
    from typing import Any

    from torch import nn

    from ganzoo.draw.generator import Generator
    from ganzoo.draw.pictures import Picture
    from ganzoo.draw.sheets import Sheet
    from ganzoo.evaluate.evaluation import Evaluation
    from ganzoo.export.exporting import Exported
    from ganzoo.report.plotting import Drawing
    from ganzoo.runs.removing import Removed


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

    @property
    def size(self) -> int:
        """The bytes of all files in the run's folder; those that removing it frees."""
        from ganzoo.runs.removing import size

        return size(self.path)

    def remove(self) -> Removed:
        """Remove the run's folder with all that is in it; it cannot be undone.

        The result has the `path` and `nbytes` that were freed. Raises RunInUseError while a process
        trains in it, and ModelFileError where the folder is not that of one run, or is a link.
        """
        from ganzoo.runs.removing import remove

        return remove(self.folder)

    def networks(self) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator of the newest checkpoint, in evaluation mode.

        The generator maps (n, latent_dim) to (n, C, H, W). It is the moving average, if one is
        kept. The weights have requires_grad=False.
        """
        from ganzoo.runs.weights import load_networks

        return load_networks(self.path)[:2]

    def plot(self, *, title: str = "", smooth: bool = True, dark: bool = False) -> Drawing:
        """Draw the curves: losses, D(x) and D(G(z)) or a critic's scores, diversity.

        A notebook shows the result; its `.save(path)` writes .png, .svg or .pdf.
        """
        from ganzoo.report.colours import DARK, LIGHT
        from ganzoo.report.curves import charts
        from ganzoo.report.plotting import draw_all

        theme = DARK if dark else LIGHT
        return draw_all(charts(self.folder), theme, smooth=smooth, title=title)

    def strip(self, *, title: str = "") -> Sheet:
        """Return a sheet of the same images after 0, 25, 50, 75 and 100 % of the run."""
        from ganzoo.report import gallery

        return gallery.strip(self.folder, title=title)

    def snapshots(self, epochs: Sequence[int] | None = None, *, title: str = "") -> Picture:
        """Return one picture of the same images after each of these epochs; by default after all.

        Raises UsageError for an epoch after which the run has drawn no images.
        """
        from ganzoo.report import gallery

        words = "all" if epochs is None else ",".join(map(str, epochs))
        return gallery.snapshot_sheet(self.folder, words, title=title)

    def grid(self, *, title: str = "") -> Picture:
        """Return the run's latest sample grid as a picture."""
        from ganzoo.report import gallery

        return gallery.latest(self.folder, title=title)

    def figures(
        self,
        folder: Path | str,
        kind: str = "png",
        *,
        title: str = "",
        smooth: bool = True,
        dark: bool = False,
    ) -> list[Path]:
        """Write all figures of the run into a folder, as "png", "svg" or "pdf"; return their paths.

        They are each chart, the strip, real images beside generated ones, the snapshots, the latest
        sample grid, and the networks as a graph. `title` names the model in each. What cannot be
        drawn, such as networks of a plugin that is gone, is a remark in the logger `ganzoo`.
        """
        from ganzoo.report.figures import write

        return write(
            self.folder, Path(folder), kind, title=title, smooth=smooth, dark=dark, everything=True
        )

    def report(self, path: Path | str | None = None) -> Path:
        """Write all that there is to see of the run into one HTML file, and return its path."""
        from ganzoo.report.of_run import report

        return report(self.folder, None if path is None else Path(path))

    @property
    def best(self) -> Path:
        """The folder of the kept checkpoint with the smallest Fréchet distance during training.

        Every function takes it as a model: `ganzoo.load(run.best)`. Raises ModelFileError where no
        pictures were judged; train with `eval_every="1 epoch"` and `keep_best=True`.
        """
        from ganzoo.runs.best import best_checkpoint

        return best_checkpoint(self.folder).path

    def export(
        self,
        path: Path | str | None = None,
        *,
        best: bool = False,
        precision: str = "float32",
        uint8: bool = False,
        batch: int | None = None,
        opset: int | None = None,
        ir_version: int | None = None,
        force: bool = False,
    ) -> Exported:
        """Write the generator to an ONNX file, once it is proved to draw the same.

        It is the newest checkpoint's, or with `best` that of the checkpoint `self.best`.
        By default the file is exports/NAME.onnx, with the `precision` ("float16" or "int8"),
        "uint8" and the `batch` in its name. The rest is as in
        `ganzoo.export.exporting.export_onnx`.
        """
        from ganzoo.export.exporting import default_path, export_onnx
        from ganzoo.export.graph import OPSET

        return export_onnx(
            self.best if best else self.path,
            default_path(self.name, precision, uint8, batch) if path is None else Path(path),
            precision=precision,
            uint8=uint8,
            batch=batch,
            opset=OPSET if opset is None else opset,
            ir_version=ir_version,
            force=force,
        )

    def evaluate(self, **how: Any) -> Evaluation:
        """Return how good the pictures of the newest checkpoint are.

        `how` are the parameters of `ganzoo.evaluate`, but for the model. The result is kept in the
        run's folder, where the report and `evaluations` find it.
        """
        from ganzoo.api.evaluating.evaluate import evaluate

        return evaluate(self, **how)

    @property
    def evaluations(self) -> list[Evaluation]:
        """The evaluations of the run until now, those of the latest step last."""
        from ganzoo.runs.evaluations import saved

        return [evaluation for evaluation, _ in saved(self.folder)]

    def summary(self) -> Table:
        """Return, in words, how the run went, and how much disk it takes."""
        from ganzoo.api.describing import summary

        return summary(self)

    def settings(self) -> Table:
        """Return what a report must state, in words: losses, optimizers, settings, versions."""
        from ganzoo.report import words

        return Table(words.settings(self.facts))

    def to_json(self) -> dict[str, Any]:
        """Return what a program wants to know of the run; what cannot be read is null.

        "last" has the newest value of everything in metrics.jsonl, by name, such as "loss_d" and
        "epoch"; "bytes" is `size`; "evaluation" is the content of the latest evaluation.
        """
        from ganzoo.api.describing import to_json

        return to_json(self)

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        found = self.summary()
        last = found["last numbers"] and f", {found['last numbers']}"
        return line(f"<{self._place()}: {found['outcome']}, {found['epochs']} epochs{last}>")

    def _repr_html_(self) -> str:
        return as_html([("run", self._place()), *self.summary().items()])

    def _place(self) -> str:
        """Return the run's folder as one types it where one is: "runs/NAME"."""
        here = Path.cwd()
        return str(self.path.relative_to(here) if self.path.is_relative_to(here) else self.path)
