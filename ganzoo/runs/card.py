"""The model card of a checkpoint: a README.md as Hugging Face shows it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ganzoo.draw.info import ModelInfo
from ganzoo.runs.facts import Facts
from ganzoo.runs.quantities import labels, measured, number

TEXT = """\
---
library_name: ganzoo
pipeline_tag: unconditional-image-generation
tags:
{tags}
---

# {name}

A generator of {width}x{height} {colours} images: `{architecture}` of {package} {version}, a
generative adversarial network, trained on the {images:,} images of {dataset}.

| file | what it holds |
| --- | --- |
{files}

## Draw from it

```sh
ganzoo sample . -n 64 --seed 0 -o samples.png
ganzoo export . --onnx -o {architecture}.onnx
```

The first command needs ganzoo's extra `train`, and so PyTorch. The second writes a file that
draws the same images with onnxruntime alone: {latent_dim} normal numbers in, an image out. Image i
of a seed is always the same.

## How it was trained

{samples_seen:,} images seen, in {step:,} batches of {batch_size}, on {device}, with seed {seed} and
these options:

```json
{options}
```

{numbers}.

## What it is not

Nobody can ask it for a certain image: images are drawn at random. They are as one-sided as those
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
    tags = ["gan", "image-generation", "safetensors", "ganzoo", info.architecture]
    files = {"model.safetensors": "both networks, as they were trained"}
    if average:
        files = {"ema.safetensors": "the generator's moving average: what is drawn"} | files
    return TEXT.format(
        tags="\n".join(f"- {tag}" for tag in tags),
        name=name,
        width=width,
        height=height,
        colours="grey" if info.image["channels"] == 1 else "RGB",
        architecture=info.architecture,
        package=info.plugin["package"],
        version=info.plugin["version"],
        images=facts.data.images,
        dataset=info.dataset,
        files="\n".join(f"| `{file}` | {what} |" for file, what in files.items()),
        latent_dim=info.latent_dim,
        samples_seen=info.samples_seen,
        step=step,
        batch_size=facts.config.batch_size,
        seed=facts.config.seed,
        device=facts.circumstances.device.name,
        options=json.dumps(info.options, indent=2),
        numbers=f"Measured last, at step {latest['step']:,}: {numbers}"
        if numbers
        else "Nothing was measured yet",
    )
