"""The model card of a checkpoint: a README.md as Hugging Face shows it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Any

from ganzoo.draw.info import ModelInfo
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.evaluate.words import meaning, repeat
from ganzoo.printable import file_name, line
from ganzoo.runs.facts import Facts
from ganzoo.runs.markdown import code, text, yaml
from ganzoo.runs.quantities import labels, losses, measured, number, optimizer

MOST_NAMED = 30
"""Classes that the card names."""
BEGIN, END = "<!-- ganzoo eval -->", "<!-- end of ganzoo eval -->"
"""What stands around the judgement: `ganzoo eval` writes between them, and nowhere else."""

TEXT = """\
---
library_name: ganzoo
pipeline_tag: unconditional-image-generation
tags:
{tags}
---

# {name}

A generator of {width}x{height} {colours} images: {architecture} of {package} {version}, a
generative adversarial network, trained on the {images:,} images of {dataset}.

| file | what it holds |
| --- | --- |
{files}

## Draw from it

```sh
ganzoo sample . -n 64 --seed 0 -o samples.png
ganzoo export . --onnx -o {file}
```

The first command needs ganzoo's extra `train`, and so PyTorch. The second writes a file that
draws the same images with onnxruntime alone: {latent_dim} normal numbers in, an image out. Image i
of a seed is always the same.{classes}

## How it was trained

{samples_seen:,} images seen, in {step:,} batches of {batch_size}, on {device}, with seed {seed} and
these options:

```json
{options}
```

{settings}{numbers}.

## How good its pictures are

{judgement}

## What it is not

{random}. They are as one-sided as those
that it was trained on. Who may use it for what depends on those images and on the package that
defines it.
"""


def card(
    name: str,
    facts: Facts,
    info: ModelInfo,
    step: int,
    latest: Mapping[str, Any],
    average: bool,
) -> str:
    """Return the model card, in Markdown, of a checkpoint at `step` of the run called `name`.

    `facts` is the content of run.json. `latest` is the newest entry of metrics.jsonl that has
    measurements. `average` says whether a moving average was kept.
    """
    called = labels(facts.scores)
    numbers = ", ".join(
        f"{called[n]} {number(v)}" for n, v in measured(latest, facts.scores).items()
    )
    height, width = info.image["size"]
    tags = ["gan", "image-generation", "safetensors", "ganzoo", yaml(info.architecture)]
    files = {"model.safetensors": "both networks, as they were trained"}
    if average:
        files = {"ema.safetensors": "the generator's moving average: what is drawn"} | files
    return TEXT.format(
        tags="\n".join(f"- {tag}" for tag in tags),
        name=text(name),
        width=width,
        height=height,
        colours="grey" if info.image["channels"] == 1 else "RGB",
        architecture=code(info.architecture),
        file=quote(f"{file_name(info.architecture)}.onnx"),
        package=text(info.plugin["package"]),
        version=text(info.plugin["version"]),
        images=facts.data.images,
        dataset=text(info.dataset),
        files="\n".join(f"| `{file}` | {what} |" for file, what in files.items()),
        latent_dim=info.latent_dim,
        classes=of_classes(info.classes),
        random="Within a class, images are drawn at random"
        if info.classes
        else "Nobody can ask it for a certain image: images are drawn at random",
        samples_seen=info.samples_seen,
        step=step,
        batch_size=facts.config.batch_size,
        seed=facts.config.seed,
        device=text(facts.circumstances.device.name),
        options=json.dumps(info.options, indent=2),
        settings=settings(facts),
        judgement=_between("Nobody has judged them yet: `ganzoo eval .` does."),
        numbers=f"Measured last, at step {latest['step']:,}: {numbers}"
        if numbers
        else "Nothing was measured yet",
    )


def settings(facts: Facts) -> str:
    """Return in Markdown what was minimised, and by which optimizers; "" where nobody wrote it."""
    rows = losses(facts.losses)
    rows |= {f"optimizer of the {of}": optimizer(told) for of, told in facts.optimizers.items()}
    return "".join(f"- {text(name)}: {code(value)}\n" for name, value in rows.items()) + "\n"


def of_classes(names: Sequence[str]) -> str:
    """Return in Markdown which classes there are and how to draw one; "" where there are none."""
    if not names:
        return ""
    shown = ", ".join(map(text, names[:MOST_NAMED])) + (", …" if len(names) > MOST_NAMED else "")
    first = quote(line(names[0]))
    return (
        f"\n\nIts images are of {len(names)} classes: {shown}. Draw one of them, or a row of each:"
        f"\n\n```sh\nganzoo sample . --class {first}\nganzoo sample . --class each\n```"
    )


def with_judgement(written: str, evaluation: Evaluation) -> str:
    """Return a model card with an evaluation of its weights in the place of an older one.

    All else stays as it is, as people may write into a card. One without that place is not changed.
    """
    return re.sub(
        f"{BEGIN}.*?{END}", lambda _: _between(judgement(evaluation)), written, count=1, flags=re.S
    )


def judgement(evaluation: Evaluation) -> str:
    """Return an evaluation in Markdown: what it means, the numbers, what they are of."""
    untrained = text(evaluation.untrained)
    lines = [
        " ".join(map(text, meaning(evaluation))),
        "",
        f"| of {evaluation.images:,} pictures | value | {untrained} | real pictures |",
        "| --- | ---: | ---: | ---: |",
    ]
    for title, value, error, floor, untrained, _ in evaluation.rows():
        within = "" if error == "-" else f" ± {error}"
        lines.append(f"| {title} | {value}{within} | {untrained} | {floor} |")
    lines += [
        "",
        "Numbers can be compared where the real images and the features are the same:",
        "",
    ]
    return "\n".join([*lines, *(f"- {text(each)}" for each in repeat(evaluation))])


def _between(words: str) -> str:
    """Return Markdown between the marks of the judgement."""
    return f"{BEGIN}\n{words}\n{END}"
