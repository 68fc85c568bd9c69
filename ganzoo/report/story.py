"""What is to be told of a run, in words and numbers; nothing here draws or needs torch."""

from __future__ import annotations

import hashlib
import json
import shlex
import statistics
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ganzoo import untrusted
from ganzoo.errors import ModelFileError
from ganzoo.health import Watch
from ganzoo.history import is_critic
from ganzoo.modelinfo import ModelInfo
from ganzoo.options import unparse
from ganzoo.run import Run
from ganzoo.untrusted import Contents

Entries = Sequence[Mapping[str, Any]]
Facts = Mapping[str, Any]
Rows = list[tuple[str, str]]
"""Names and values of a table."""

NUMBERS = {
    "loss_d": "loss of D",
    "loss_g": "loss of G",
    "d_real": "D(x)",
    "d_fake": "D(G(z))",
    "diversity": "diversity",
}


def facts_of(run: Run) -> dict[str, Any]:
    """What run.json says, with what later resumes made of it."""
    facts = run.facts()
    latest = (run.lines("resumes.jsonl") or [{}])[-1]
    return {**facts, "config": {k: latest.get(k, v) for k, v in facts["config"].items()}}


def trained_on(facts: Facts) -> str:
    """One sentence: what was trained, on how many images of what."""
    data = facts["data"]
    height, width, channels = data["size"]
    colours = "grey" if channels == 1 else "RGB"
    return (
        f"{facts['architecture']['name']}, trained on {data['images']:,} images of {data['name']} "
        f"({width}x{height}, {colours})"
    )


def settings(facts: Facts) -> Rows:
    """Everything that was chosen, by whom ever."""
    made, data, config = facts["architecture"], facts["data"], facts["config"]
    device, precision = facts["device"], facts["precision"]
    rows = [
        ("architecture", f"{made['name']} of {made['package']} {made['version']}"),
        *((f"--set {name}", unparse(value)) for name, value in made["options"].items()),
        ("data", f"{data['name']}, {data['images']:,} images"),
        ("fingerprint of the data", data["fingerprint"][:16]),
        *((name.replace("_", " "), in_words(value)) for name, value in config.items()),
        ("device", f"{device['name']} ({device['reason']})"),
        ("precision", f"{precision['name']} ({precision['reason']})"),
        ("processes", str(facts["processes"])),
        ("begun", facts["created"][:16].replace("T", " ") + " UTC"),
    ]
    if data["skipped"]:
        rows.insert(4, ("images that could not be read", f"{len(data['skipped'])}, see run.json"))
    return [*rows, ("versions", versions(facts))]


def in_words(value: object) -> str:
    """A setting, in words."""
    words = {None: "the architecture's own", True: "yes", False: "no"}
    return words[value] if value is None or isinstance(value, bool) else str(value)


def commands(run: Run) -> list[str]:
    """How to do the same again, as one would type it."""
    longer = {"--epochs", "--max-steps"}
    later = [line["command"] for line in run.lines("resumes.jsonl") if longer & {*line["command"]}]
    return [shlex.join(["ganzoo", *command]) for command in [run.facts()["command"], *later]]


def versions(facts: Facts) -> str:
    """Of what the last bits depend on, with commas."""
    return ", ".join(f"{name} {number}" for name, number in facts["versions"].items())


def last_numbers(entries: Entries) -> dict[str, float]:
    """What was measured last, of each quantity that was measured at all."""
    return {
        name: next(entry[name] for entry in reversed(entries) if name in entry)
        for name in NUMBERS
        if any(name in entry for entry in entries)
    }


def health(facts: Facts, entries: Entries) -> tuple[list[str], list[str]]:
    """What the rules of health say of the run as it is now, and all that they said before."""
    watch = Watch("critic" if is_critic(facts) else "logits")
    images = facts["data"]["images"]
    said = [
        f"epoch {entry['samples_seen'] / images:.3g}: {text}"
        for entry in entries
        for text in watch.see(entry)
    ]
    return list(watch.warnings.values()), said


def times(entries: Entries) -> Rows:
    """How long it took, with all of its breaks left out, and how fast it went."""
    speeds = [entry["images_per_second"] for entry in entries if "images_per_second" in entry]
    seconds = seconds_of(entries)
    seen = entries[-1]["samples_seen"] if entries else 0
    return [
        ("trained for", duration(seconds)),
        ("images seen", f"{seen:,}"),
        ("images per second, median", f"{statistics.median(speeds):,.0f}" if speeds else "unknown"),
        ("images per second, in all", f"{seen / seconds:,.0f}" if seconds else "unknown"),
    ]


def duration(seconds: float) -> str:
    """A time in the two largest of its units."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def seconds_of(entries: Entries) -> float:
    """Of training; the clock of metrics.jsonl starts anew whenever the run is resumed."""
    clock = [entry["seconds"] for entry in entries if "seconds" in entry]
    ends = [now for now, after in zip(clock, [*clock[1:], 0.0], strict=True) if after < now]
    return float(sum(ends))


def outcome(run: Run) -> str:
    """How it ended, in a few words, or that it did not."""
    try:
        status = json.loads((run.path / "status.json").read_bytes())
        return f"{status['outcome']}: {status['why']}" if status["why"] else str(status["outcome"])
    except (OSError, ValueError, KeyError, TypeError):
        return "unknown"


def exports(weights_sha256: str, folder: Path) -> list[Rows]:
    """What is known of the ONNX files in a folder that hold these weights."""
    found = []
    for path in sorted(folder.glob("*.onnx")):
        with suppress(ModelFileError, OSError):
            content = untrusted.read(path)
            contents = untrusted.inspect(content, path)
            info = ModelInfo.from_metadata(contents.metadata, path)
            if info.weights_sha256 == weights_sha256:
                digest = hashlib.sha256(content).hexdigest()
                found.append(_exported(path, content, digest, contents, info))
    return found


def _exported(path: Path, content: bytes, digest: str, contents: Contents, info: ModelInfo) -> Rows:
    shape = ", ".join(map(str, info.output_shape))
    rows = [
        ("file", f"{path}, {len(content):,} bytes"),
        ("SHA-256", digest),
        ("input", f"latent, float32 (n, {info.latent_dim})"),
        ("output", f"image, {info.image['dtype']} (n, {shape})"),
        ("weights", info.precision),
        ("ONNX", f"opset {contents.opset}, IR version {contents.ir_version}"),
        ("operators", ", ".join(f"{n} {name}" for name, n in contents.operators.most_common())),
    ]
    if off := info.parity.get("uint8_max"):
        rows.append(("pixels differ from torch's by", f"{off} of 255 at most"))
    elif off == 0:
        rows.append(("pixels differ from torch's by", "nothing"))
    return rows
