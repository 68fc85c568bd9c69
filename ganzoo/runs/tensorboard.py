"""Curves and samples for TensorBoard; importing this fails where TensorBoard is not installed."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

import numpy as np
from PIL import Image
from torch.utils.tensorboard import SummaryWriter

from ganzoo.runs.folder import Run
from ganzoo.runs.quantities import GAP, WASSERSTEIN, measured
from ganzoo.train.events import Drawn, Evaluated, Event, Logged

NAMES = {"d": "discriminator", "g": "generator"}


def write(run: Run, events: Generator[Event], scores: str) -> Generator[Event]:
    """Pass the `events` of `record` on, and write them into the folder `tensorboard` of `run`.

    Writes each number with its step, and each sample grid as a picture. Where a run is resumed,
    what was written of later steps is replaced. `scores` is the objective's, such as "logits".
    """
    with closing(events):
        started = next(events)
        step = started.state.step
        folder, purge = str(run.path / "tensorboard"), step + 1 if step else 0
        with SummaryWriter(folder, purge_step=purge, flush_secs=10) as writer:
            yield started
            for event in events:
                if isinstance(event, Logged):
                    for tag, value in tagged(event, scores).items():
                        writer.add_scalar(tag, value, event.state.step)
                elif isinstance(event, Evaluated):
                    for name, value in event.scores.items():
                        writer.add_scalar(f"pictures/{name}", value, event.state.step)
                elif isinstance(event, Drawn):
                    _draw(writer, event)
                yield event


def tagged(event: Logged, scores: str) -> dict[str, float]:
    """Return the numbers of an event by tag; TensorBoard makes a section of the part before "/"."""
    section = "probability" if scores == "logits" else "critic"
    tags = {"d_real": f"{section}/real", "d_fake": f"{section}/fake"}
    tags |= {name: f"{section}/{name}" for name in GAP | WASSERSTEIN}
    tags |= {f"loss_{which}": f"loss/{name}" for which, name in NAMES.items()}
    tags |= {f"grad_{which}": f"gradient norm/{name}" for which, name in NAMES.items()}
    numbers = event.metrics | measured(event.metrics, scores)
    found = {tags.get(name, name): value for name, value in numbers.items()}
    found |= {f"schedule/{name}": value for name, value in event.scheduled.items()}
    return found | {"images per second": event.images_per_second}


def _draw(writer: SummaryWriter, event: Drawn) -> None:
    """Write the diversity and the sample grid of an event, where it has them."""
    if event.diversity is not None:
        writer.add_scalar("diversity", event.diversity, event.state.step)
    if event.picture is None:
        return
    with Image.open(event.picture) as picture:
        pixels = np.asarray(picture)
    formats = "HW" if pixels.ndim == 2 else "HWC"
    writer.add_image("samples", pixels, event.state.step, dataformats=formats)
