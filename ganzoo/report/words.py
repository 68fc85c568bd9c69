"""The words and numbers that tell of a run; nothing here draws or needs torch."""

from __future__ import annotations

import hashlib
import json
import shlex
import statistics
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ganzoo.draw import form, untrusted
from ganzoo.draw.info import ModelInfo
from ganzoo.draw.untrusted import Contents
from ganzoo.errors import ModelFileError
from ganzoo.printable import line
from ganzoo.report import gallery
from ganzoo.runs.clock import clock
from ganzoo.runs.facts import Facts
from ganzoo.runs.folder import Run
from ganzoo.runs.health import Watch
from ganzoo.runs.quantities import QUALITY, labels, losses, measured, number, optimizer, spread
from ganzoo.storage import read_regular
from ganzoo.train.schedule import total_steps
from ganzoo.zoo.options import unparse

Entries = Sequence[Mapping[str, Any]]
Rows = list[tuple[str, str]]
"""Rows of a table: a name, and a value."""


def trained_on(facts: Facts) -> str:
    """Return one sentence: which architecture was trained, on how many images of which data."""
    data = facts.data
    height, width, channels = data.size
    colours = "grey" if channels == 1 else "RGB"
    return (
        f"{facts.architecture.name}, trained on {data.images:,} images of {data.name} "
        f"({width}x{height}, {colours})"
    )


UNSET = {
    "learning_rate": "the architecture's own",
    "max_steps": "no limit",
    "ema": "no average",
    "augment": "as the architecture says",
}
"""Words for settings that are None."""


def settings(facts: Facts) -> Rows:
    """Return all settings of a run, whether the user, the architecture or ganzoo chose them."""
    made, data, ran = facts.architecture, facts.data, facts.circumstances
    lost = [("images that could not be read", f"{len(data.skipped)}, see run.json")]
    return [
        ("architecture", f"{made.name} of {made.package} {made.version}"),
        *((f"option {name}", unparse(value)) for name, value in made.options.items()),
        ("data", f"{data.name}, {data.images:,} images"),
        ("fingerprint of the data", data.fingerprint[:16]),
        *(lost if data.skipped else []),
        *config(facts),
        ("device", f"{ran.device.name} ({ran.device.reason})"),
        ("precision", f"{ran.precision.name} ({ran.precision.reason})"),
        ("processes", str(ran.processes)),
        ("begun", facts.created[:16].replace("T", " ") + " UTC"),
        ("versions", versions(facts)),
    ]


def config(facts: Facts) -> Rows:
    """Return the settings of training, without the precision, of which the facts say more."""

    def in_words(name: str, value: object) -> str:
        if value is None:
            return UNSET.get(name, "none")
        return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)

    told = {"precision"} | ({*OF_OPTIMIZERS} if facts.optimizers else set())
    begun = facts.initial_weights.items()
    return [
        *losses(facts.losses).items(),
        *((f"optimizer of the {network}", optimizer(o)) for network, o in facts.optimizers.items()),
        *((f"initial weights of the {network}", spread(told)) for network, told in begun),
        *(
            (name.replace("_", " "), in_words(name, value))
            for name, value in asdict(facts.config).items()
            if name not in told
        ),
    ]


OF_OPTIMIZERS = (
    "learning_rate", "generator_learning_rate", "discriminator_learning_rate", "beta1", "beta2",
)  # fmt: skip
"""Settings that the optimizers' own rows tell."""


def commands(run: Run) -> list[str]:
    """Return the commands that train the same again: the first, and those that made it longer."""
    facts, found = run.begun_as(), []
    length = facts.config.epochs, facts.config.max_steps
    found += [_typed(facts.command)] if facts.command else []
    for later in run.resumes():
        before, length = length, (later.config["epochs"], later.config["max_steps"])
        if length != before:
            found.append(_typed(later.command))
    return found


def _typed(command: tuple[str, ...]) -> str:
    """Return a command as one types it: the words of a shell, or one call of Python."""
    if len(command) == 1:
        return command[0]
    program = () if command[:1] in (("ganzoo",), ("torchrun",)) else ("ganzoo",)  # older runs
    return shlex.join([*program, *command])


def versions(facts: Facts) -> str:
    """Return the versions of the packages that the last bits depend on, with commas."""
    return ", ".join(f"{name} {version}" for name, version in facts.circumstances.versions.items())


def last_numbers(facts: Facts, entries: Entries) -> dict[str, str]:
    """Return the last value of each quantity that was measured, by its label.

    A Fréchet distance says of how many pictures it is, as "12.300 of 5,000".
    """
    known: dict[str, str] = {}
    for entry in entries:
        found = measured(entry, facts.scores)
        found |= {n: entry[n] for n in ("diversity", *QUALITY) if n in entry}
        known |= {name: number(value) for name, value in found.items()}
        if "frechet" in found and "eval_images" in entry:
            known["frechet"] += f" of {entry['eval_images']:,.0f}"
    called = labels(facts.scores) | QUALITY
    return {called.get(name, name): value for name, value in known.items()}


def health(facts: Facts, entries: Entries) -> tuple[list[str], list[str]]:
    """Return the warnings that are true at the end, and all that came during the run."""
    watch = Watch(facts.scores, total_steps(facts.config, facts.data.images))
    images = facts.data.images
    said = [
        f"epoch {entry['samples_seen'] / images:.3g}: {text}"
        for entry in entries
        for text in watch.see(entry)
    ]
    return list(watch.warnings.values()), said


def times(run: Run) -> Rows:
    """Return how long the training took, without breaks, and how fast it was."""
    entries = run.lines("metrics.jsonl")
    speeds = [entry["images_per_second"] for entry in entries if "images_per_second" in entry]
    resumed = [line.step for line in run.resumes()]
    seconds = seconds_of(entries, resumed)
    seen = images_seen(run)
    return [
        ("trained for", duration(seconds)),
        ("images seen", f"{seen:,}"),
        ("images per second, median", f"{statistics.median(speeds):,.0f}" if speeds else "unknown"),
        ("images per second, in all", f"{seen / seconds:,.0f}" if seconds else "unknown"),
    ]


def images_seen(run: Run) -> int:
    """Return the number of images seen until the last measurement or sample grid; 0 without."""
    seen = [int(line["samples_seen"]) for line in run.lines("metrics.jsonl")][-1:]
    images = run.facts().data.images
    with suppress(ModelFileError):  # somebody removed the grids to make room
        seen.append(round(gallery.snapshots(run)[-1].epoch * images))
    return max(seen, default=0)


def epochs(run: Run) -> str:
    """Return the number of epochs that the run has seen, in words."""
    count = images_seen(run) / run.facts().data.images
    return f"{count:,.1f}".removesuffix(".0") if count >= 1 else f"{count:.2g}"


def seconds_of(entries: Entries, resumed: Sequence[int]) -> float:
    """Return the seconds of training, until the last entry that has a time."""
    times = clock(entries, resumed)
    return times[-1][1] if times else 0.0


def duration(seconds: float) -> str:
    """Return a time in words: hours and minutes, minutes and seconds, or seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def outcome(run: Run) -> tuple[str, str]:
    """Return how the run ended ("running" if it did not), in one word, and why.

    Returns "unknown" and no reason where status.json cannot be read.
    """
    with suppress(OSError, ValueError, KeyError, TypeError):
        status = json.loads(read_regular(run.path / "status.json"))
        return line(str(status["outcome"])), line(str(status["why"]))
    return "unknown", ""


def exports(weights_sha256: str, folder: Path) -> list[Rows]:
    """Return a table for each ONNX file in `folder` that holds these weights."""
    found = []
    for path in sorted(folder.glob("*.onnx")):
        with suppress(ModelFileError, OSError):
            content = untrusted.read(path)
            contents = untrusted.inspect(content, path)
            info = ModelInfo.from_metadata(contents.metadata, path)
            form.read(contents, info, path)  # its ports are what the metadata say
            if info.weights_sha256 == weights_sha256:
                digest = hashlib.sha256(content).hexdigest()
                found.append(_exported(path, content, digest, contents, info))
    return found


def _exported(path: Path, content: bytes, digest: str, contents: Contents, info: ModelInfo) -> Rows:
    """Return the table of one ONNX file."""
    rows = [
        ("file", f"{path}, {len(content):,} bytes"),
        ("SHA-256", digest),
        ("input", ", ".join(port.in_words() for port in contents.inputs)),
        ("output", ", ".join(port.in_words() for port in contents.outputs)),
        ("weights", info.precision),
        ("ONNX", f"opset {contents.opset}, IR version {contents.ir_version}"),
        ("operators", ", ".join(f"{n} {name}" for name, n in contents.operators.most_common())),
    ]
    if off := info.parity.get("uint8_max"):
        rows.append(("pixels differ from torch's by", f"{off} of 255 at most"))
    elif off == 0:
        rows.append(("pixels differ from torch's by", "nothing"))
    return rows
