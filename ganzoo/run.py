"""A run's folder: what was asked for, what was measured, what it looked like, what came of it."""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.errors import ModelFileError
from ganzoo.storage import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ganzoo.architecture import Architecture, TrainConfig
    from ganzoo.data import Images
    from ganzoo.device import Device
    from ganzoo.distributed import World
    from ganzoo.precision import Precision
    from ganzoo.registry import Loaded
    from ganzoo.train import Event, Logged

SAMPLES = 64
"""How many images a sample grid shows; they are the first of the run's seed."""


@dataclass(frozen=True)
class Run:
    """One run's folder. `run.json` never changes; everything else is written as the run goes."""

    path: Path

    @classmethod
    def create(cls, runs: Path, name: str, facts: dict[str, Any]) -> Run:
        """Make `runs`/`name`-001, or the next number that is free, with `facts` in its run.json."""
        runs.mkdir(parents=True, exist_ok=True)
        ends = (p.name.rpartition("-")[2] for p in runs.glob(f"{name}-*"))
        number = max((int(end) for end in ends if end.isdigit()), default=0) + 1
        while True:
            path = runs / f"{name}-{number:03d}"
            try:
                path.mkdir()
            except FileExistsError:  # somebody else was quicker
                number += 1
                continue
            run = cls(path)
            run.write("run.json", {"schema": 1, "created": _now(), **facts})
            return run

    @classmethod
    def latest(cls, runs: Path) -> Run:
        """The run below `runs` that was created last and has a checkpoint."""
        found = {}
        for path in {p.parent.parent for p in runs.glob("*/checkpoints/step-*")}:
            with suppress(ModelFileError):  # a damaged neighbour is no reason to fail
                found[cls(path).facts()["created"]] = cls(path)
        if not found:
            raise ModelFileError(
                f"no run below '{runs}' has a checkpoint: `ganzoo train` makes one"
            )
        return found[max(found)]

    def facts(self) -> dict[str, Any]:
        """The content of run.json."""
        try:
            facts: dict[str, Any] = json.loads((self.path / "run.json").read_text())
            facts["created"]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ModelFileError(f"{self.path} is not a run: {error}") from error
        return facts

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Write a JSON file of the run; a reader never sees half of it."""
        write_whole(self.path / name, (json.dumps(content, indent=2) + "\n").encode())


def describe_run(
    loaded: Loaded[Architecture],
    images: Images,
    config: TrainConfig,
    device: Device,
    precision: Precision,
    world: World,
) -> dict[str, Any]:
    """What run.json records: enough to say, and to repeat, what was done."""
    packages = ("ganzoo", "torch", "numpy")
    return {
        "architecture": loaded.describe(),
        "data": {
            "name": images.name,
            "source": images.source,
            "images": len(images.pixels),
            "fingerprint": images.fingerprint,
            "skipped": list(images.skipped),
        },
        "config": asdict(config),
        "device": {"name": str(device.torch), "reason": device.reason},
        "precision": {"name": precision.name, "reason": precision.reason},
        "processes": world.size,
        "versions": {"python": platform.python_version()} | {p: version(p) for p in packages},
        "command": sys.argv[1:],
    }


def record(
    run: Run, events: Iterable[Event], loaded: Loaded[Architecture], dataset: str, seed: int
) -> Iterator[Event]:
    """Pass `events` on, writing metrics, sample grids and checkpoints into `run` as they come."""
    from ganzoo import train

    writer = _Writer(run, loaded, dataset, seed)
    try:
        with (run.path / "metrics.jsonl").open("a") as metrics:
            for event in events:
                if isinstance(event, train.Logged):
                    metrics.write(json.dumps(writer.metrics(event)) + "\n")
                    metrics.flush()
                elif isinstance(event, train.Started):
                    writer.status("running")
                    writer.draw("epoch-0000", event)
                elif isinstance(event, train.EpochEnded):
                    writer.draw(f"epoch-{event.epoch:04d}", event)
                    writer.save(event)
                elif isinstance(event, train.Finished):
                    if writer.saved != event.state.step:
                        writer.draw(f"step-{event.state.step:08d}", event)
                        writer.save(event)
                    asked = "it was asked to" if event.outcome == "stopped" else ""
                    writer.status(event.outcome, asked)
                yield event
    except GeneratorExit:  # whoever iterates gave up
        writer.status("interrupted")
        raise
    except BaseException as error:
        writer.status("failed", f"{type(error).__name__}: {error}")
        raise


class _Writer:
    """What `record` writes, one method for each file."""

    def __init__(self, run: Run, loaded: Loaded[Architecture], dataset: str, seed: int) -> None:
        from ganzoo import latents

        self.run, self.loaded, self.dataset = run, loaded, dataset
        self.z = latents.normal(SAMPLES, loaded.value.latent_dim, seed)
        self.saved: int | None = None  # the step of the newest checkpoint
        self.start = time.perf_counter()

    def metrics(self, event: Logged) -> dict[str, Any]:
        return {
            "step": event.state.step,
            "epoch": event.epoch,
            "samples_seen": event.state.samples_seen,
            **{name: round(value, 6) for name, value in event.metrics.items()},
            "images_per_second": round(event.images_per_second, 1),
            "seconds": round(time.perf_counter() - self.start, 3),
        }

    def draw(self, name: str, event: Event) -> None:
        from ganzoo import images
        from ganzoo.networks import draw

        floats = draw(event.state.shown, self.z)
        pixels = images.to_pixels(floats, self.loaded.value.image_range)
        images.save_png(images.grid(pixels), self.run.path / "samples" / f"{name}.png")

    def save(self, event: Event) -> None:
        from ganzoo.checkpoint import write_checkpoint

        write_checkpoint(self.run.path / "checkpoints", event.state, self.loaded, self.dataset)
        self.saved = event.state.step

    def status(self, outcome: str, why: str = "") -> None:
        self.run.write(
            "status.json", {"outcome": outcome, "why": why, "step": self.saved, "time": _now()}
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
