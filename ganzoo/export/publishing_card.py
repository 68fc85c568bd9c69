"""The card of a published model: a README.md as the Hub shows it."""

from __future__ import annotations

from ganzoo.draw.info import ModelInfo
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.runs.card import judgement, of_classes, settings
from ganzoo.runs.facts import Facts
from ganzoo.runs.markdown import code, text, yaml
from ganzoo.zoo.models import Model, ModelFile

TEXT = """\
---
library_name: ganzoo
pipeline_tag: unconditional-image-generation
{licence}tags:
{tags}
---

# {name}

![Pictures drawn by {name}](preview.png)

A generator of {width}x{height} {colours} images: {architecture} of {package}, a generative
adversarial network, trained on the {images:,} images of {dataset}. It saw {seen:,} images, in
batches of {batch_size}, on {device}.{origin}

## Draw from it

```sh
ganzoo sample . -n 64 --seed 0 -o pictures.png
```

This needs onnxruntime, and no PyTorch. Image i of a seed is always the same. From Python,
`ganzoo.load("this folder").sample(64)` returns uint8 images
(64, {height}, {width}, {channels}).{classes}

| file | what it is | bytes |
| --- | --- | ---: |
{files}

{trained}## How good its pictures are

{judgement}

## What it is not

Its pictures are as one-sided as those that it was trained on, and whose they are decides what it
may be used for{terms}.
"""


def card(model: Model, info: ModelInfo, facts: Facts, evaluation: Evaluation | None) -> str:
    """Return the card, in Markdown, of a published model."""
    height, width = model.size
    tags = ["gan", "image-generation", "onnx", "ganzoo", yaml(model.architecture)]
    kinds = {"int8": "8 bits where the pictures bear it", "float16": "half precision"}
    return TEXT.format(
        licence=f"license: {yaml(model.licence.lower())}\n" if model.licence else "",
        tags="\n".join(f"- {tag}" for tag in tags),
        name=text(model.name),
        width=width,
        height=height,
        channels=model.channels,
        colours="grey" if model.channels == 1 else "RGB",
        architecture=code(model.architecture),
        package=text(model.package),
        images=facts.data.images,
        dataset=text(model.dataset),
        seen=info.samples_seen,
        batch_size=facts.config.batch_size,
        device=text(facts.circumstances.device.name),
        origin=f" It began with the weights of {text(facts.origin.name)}." if facts.origin else "",
        classes=of_classes(model.classes),
        files="\n".join(
            f"| `{file.file}` | {kinds.get(variant, variant)} | {file.nbytes:,} |"
            for variant, file in model.files.items()
        )
        + _weights(model.weights),
        trained=f"## How it was trained\n\n{settings(facts)}" if facts.losses else "",
        judgement="Nobody has judged these weights: `ganzoo eval` does."
        if evaluation is None
        else judgement(evaluation),
        terms=f". Its weights are under {text(model.licence)}" if model.licence else "",
    )


def _weights(file: ModelFile | None) -> str:
    """Return the row of the weights, where they are given."""
    what = "the weights of both networks, to go on training from"
    return f"\n| `{file.file}` | {what} | {file.nbytes:,} |" if file else ""
