"""What can be judged: a model in any form, or pictures that another program drew."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.data.formats import is_image
from ganzoo.data.npz import named
from ganzoo.data.pictures import Given
from ganzoo.draw.pixels import Pixels
from ganzoo.errors import GanzooError, ModelFileError
from ganzoo.runs.finding import Found, Words, find

if TYPE_CHECKING:
    from ganzoo.draw.generator import Generator
    from ganzoo.draw.info import ModelInfo
    from ganzoo.runs.folder import Run

BATCH = 250
"""Pictures that are drawn at a time."""

Spec = tuple[str, dict[str, Any]]
"""A data set or path, and the data set's options."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Something that is judged."""

    name: str
    sha256: str = ""
    step: int | None = None
    samples_seen: int | None = None
    size: tuple[int, int]
    """Height and width of its pictures."""

    channels: int
    """Channels of its pictures; files of another program may be grey though they have three."""

    data: Spec | None = None
    """What it was trained on, where that is known; a file knows only the name."""

    fingerprint: str = ""
    """Fingerprint of the images that it was trained on; "" where it is not known."""

    skip_bad: bool = False
    """Whether images that cannot be read were left out."""

    count: int | None = None
    """How many pictures there are; None for a model, which draws as many as one likes."""

    batches: Callable[[int, int, tuple[int, int, int]], Iterable[Pixels]]
    """Function from a number of pictures, a seed, and the shape (H, W, C) of the real images to
    that many pictures, batch by batch."""

    untrained: Callable[[], Generator | None] = lambda: None
    """Function that returns a generator of its architecture with first weights, those of seed 0;
    None where it cannot be built here."""

    run: Run | None = None
    """The run whose checkpoint it is, which keeps the result."""


def subject(words: Words | None, runs: Path, device: str = "auto") -> Subject:
    """Return what `words` name: a model as in `ganzoo.load`, or a folder, zip or npz of pictures.

    Raises ModelFileError where there is neither.
    """
    try:
        found = find(words, runs)
    except ModelFileError:
        if words is None or not _are_pictures(Path(words).expanduser()):
            raise
        return of_pictures(Path(words).expanduser())
    return of_onnx(found) if found.kind == "onnx" else of_torch(found, device)


def of_onnx(found: Found) -> Subject:
    """Return an exported model, which needs no torch."""
    from ganzoo.draw.session import load_onnx

    generator = load_onnx(found.path)
    info = generator.info
    return Subject(
        name=found.name,
        sha256=generator.sha256,
        samples_seen=info.samples_seen,
        size=_size(info),
        channels=info.image["channels"],
        data=(info.dataset, {}) if info.dataset else None,
        batches=lambda count, seed, _: generator.stream(count, seed, BATCH),
        untrained=lambda: _untrained(info),
    )


def of_torch(found: Found, device: str = "auto") -> Subject:
    """Return the newest checkpoint of a run, a checkpoint, or weights, which torch draws with."""
    from ganzoo.runs.checkpoints import step_of
    from ganzoo.runs.drawing import pictures
    from ganzoo.runs.finding import find_run
    from ganzoo.runs.weights import load_generator, load_weights
    from ganzoo.train.device import choose

    where = choose(device).torch
    weights = load_weights(found.path)  # a run that is training may write others meanwhile
    folder, (generator, network) = weights.source, load_generator(weights, str(where))
    info = generator.info
    try:
        run = find_run(found.path)
    except GanzooError:  # a file that was copied out of its run
        run = None
    facts = run.facts() if run else None
    step = step_of(folder if folder.is_dir() else folder.resolve().parent)
    return Subject(
        name=run.path.resolve().name if run else found.name,
        sha256=info.weights_sha256,
        step=step if step >= 0 else None,
        samples_seen=info.samples_seen,
        size=_size(info),
        channels=info.image["channels"],
        data=facts.data.spec() if facts else (info.dataset, {}),
        fingerprint=facts.data.fingerprint if facts else "",
        skip_bad=bool(facts and facts.data.skipped),
        batches=lambda count, seed, _: pictures(network, info, count, seed, where),
        untrained=lambda: _untrained(info, str(where)),
        # A file of weights may be another than what the run shows, as without the moving average.
        run=None if found.kind == "weights" else run,
    )


def of_pictures(path: Path) -> Subject:
    """Return pictures that another program drew."""
    given = Given.open(path)
    return Subject(
        name=path.resolve().name,  # also of "."
        size=given.size,
        channels=given.channels,
        count=len(given),
        batches=given.batches,
    )


def _are_pictures(path: Path) -> bool:
    """Return whether there are pictures at `path`, and no runs."""
    if named(path)[0].is_file():
        return named(path)[0].suffix.lower() in {".npz", ".zip"}
    if not path.is_dir() or any(path.glob("*/run.json")):
        return False
    files = (name for _, _, names in os.walk(path) for name in names)
    return any(is_image(Path(name)) for name in files)


def _size(info: ModelInfo) -> tuple[int, int]:
    """Return the height and width of a model's pictures."""
    height, width = info.image["size"]
    return height, width


def _untrained(info: ModelInfo, device: str = "cpu") -> Generator | None:
    """Return the generator with the first weights of seed 0, drawing on `device`.

    Returns None where torch or the plugin is missing, and for a model of another project.
    """
    if not info.plugin["package"] or find_spec("torch") is None:
        return None
    from ganzoo.draw.generator import Generator
    from ganzoo.runs.weights import weights_sha256
    from ganzoo.train.networks import build, draw
    from ganzoo.zoo import registry

    try:
        plugin = f"{info.plugin['package']}:{info.architecture}"
        network, _ = build(registry.load_architecture(plugin, info.options).value)
    except GanzooError:
        return None
    sha256 = weights_sha256(network.state_dict())
    network.eval().to(device)
    return Generator(info, partial(draw, network), sha256)
