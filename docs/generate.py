"""Write the pages that follow from the code and the trained models.

    python docs/generate.py [FOLDER]

That is docs/zoo/ and docs/settings.md, and exports/README.md, of this repository, or below FOLDER.
With `--pictures` the pictures of the trained models are drawn, too.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import trained
from torch import nn

from ganzoo.architecture import Architecture
from ganzoo.cli.options import option
from ganzoo.config import TrainConfig
from ganzoo.runs.saving import Saving
from ganzoo.train.networks import Layer, count_parameters, describe_networks
from ganzoo.zoo import catalogue, options, registry
from ganzoo.zoo.models import Model
from ganzoo.zoo.registry import Loaded

ROOT = Path(__file__).parents[1]
# How the picture of an architecture was made of which exports/ has no model.
PICTURES = {
    "fastgan": "64 images after all 100 epochs of 1,000 drawn faces (--set-data count=1000): by "
    "3,000 images against all of toy_faces a Fréchet distance of 12.1, a precision of 0.083, a "
    "recall of 0.566 and a coverage of 0.065, after 41 minutes of one core",
}


def main(root: Path) -> None:
    """Write every page below `root`."""
    docs, exports, models = root / "docs", root / "exports", trained.trained()
    for folder in (docs / "zoo", exports):
        folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages(models).items():
        (docs / "zoo" / f"{name}.md").write_text(text, "utf-8")
    (docs / "settings.md").write_text(settings(), "utf-8")
    (exports / "README.md").write_text(trained.table(models), "utf-8")


SETTINGS = """# Settings

What a training does and keeps: the same names in `ganzoo.train(…)`, `ganzoo.resume(…)`,
`TrainConfig` and the shell. Defaults of the first table are those of an architecture that says
nothing else; `ganzoo show` and [the zoo](zoo/index.md) say what each says. A run that is resumed
may change those in bold; others would make it another run, and are refused.

## Of the training

{training}

## Of what is kept

{saving}
"""


def settings() -> str:
    """The page of all settings, from the table that drives commands and functions."""
    return SETTINGS.format(training=_rows(TrainConfig), saving=_rows(Saving))


def _rows(table: type) -> str:
    rows = []
    for row in fields(table):
        name = f"**`{row.name}`**" if row.metadata["extends"] else f"`{row.name}`"
        default = "" if row.default is None else f"`{row.default}`"
        rows.append((name, f"`{option(row.name)}`", default, row.metadata["what"]))
    return _table(("Python", "shell", "default", "what it is"), rows)


def pages(models: Sequence[Model]) -> dict[str, str]:
    """The text of each page by its name; "index" is the list of all."""
    ours = [e.qualified for e in catalogue.architectures() if e.package == "ganzoo"]
    loaded = [registry.load_architecture(name) for name in ours]
    each = {
        gan.entry.name: _page(gan, [m for m in models if m.architecture == gan.entry.name])
        for gan in loaded
    }
    return {"index": _index(loaded, models), **each}


def _index(loaded: list[Loaded[Architecture]], models: Sequence[Model]) -> str:
    rows = [
        (
            f"[{gan.entry.name}]({gan.entry.name}.md)",
            gan.entry.summary(),
            gan.value.dataset,
            "{1}x{2}, {0}".format(
                "grey" if gan.value.image_shape[0] == 1 else "colour", *gan.value.image_shape[1:]
            ),
        )
        for gan in loaded
    ]
    intro = "What ganzoo comes with; `ganzoo list` shows the architectures of other packages too."
    listed = _table(("name", "what it is", "data", "image"), rows)
    return "\n\n".join(["# The zoo", intro, listed, *trained.overview(models)]) + "\n"


def _page(gan: Loaded[Architecture], models: Sequence[Model]) -> str:
    name = gan.entry.name
    function, _ = registry.import_function(gan.entry)
    summary, _, rest = (function.__doc__ or "").partition("\n")
    prose = "\n".join(line.strip() for line in rest.strip().splitlines())
    parts = [
        f"# {name}", summary, prose,
        *_pictures(gan, models),
        "## Settings", _settings(gan),
        "## Options", f"Each can be changed: `ganzoo train {name} --set key=value`.",
        _table(("option", "default"), [
            (f"`{key}`", f"`{options.unparse(value)}`") for key, value in gan.options.items()
        ]),
    ]  # fmt: skip
    for which, (network, layers) in describe_networks(gan.value).items():
        parts += [f"## {which.capitalize()}", _layers(network, layers)]
    return "\n\n".join(parts) + "\n"


def _pictures(gan: Loaded[Architecture], models: Sequence[Model]) -> list[str]:
    """Return the trained models of an architecture; where none is of its own data, a picture."""
    parts, name = list[str](), gan.entry.name
    if all(model.dataset != gan.value.dataset for model in models):
        parts = [f"![Images drawn by {name}](../images/zoo/{name}.png)", f"*{PICTURES[name]}.*"]
    return parts + [part for model in models for part in trained.page(model)]


def _settings(gan: Loaded[Architecture]) -> str:
    value, config = gan.value, gan.value.defaults
    optimizer, _ = value.optimizers(value.generator(), value.discriminator())
    group = optimizer.param_groups[0]
    betas = f", betas {group['betas']}" if "betas" in group else ""
    low, high = value.image_range
    rows = [
        ("data", value.dataset),
        ("images", f"{' x '.join(map(str, value.image_shape))}, values in [{low:g}, {high:g}]"),
        ("latent", f"{value.latent_dim} numbers from N(0, 1)"),
        ("objective", value.objective.words or "its own"),
        *((f"loss of {n}", f"`{f}`") for n, f in zip("DG", value.objective.formulas, strict=False)),
        ("optimizers", f"{type(optimizer).__name__}, learning rate {group['lr']:g}{betas}"),
        ("batch, epochs", f"{config.batch_size}, {config.epochs}"),
    ]
    if config.discriminator_steps > 1:
        rows.append(("critic steps a batch", str(config.discriminator_steps)))
    if config.shared_fakes:
        rows.append(("fakes", "the same for the discriminator's step and the generator's"))
    return _table(("", ""), rows)


def _layers(network: nn.Module, layers: list[Layer]) -> str:
    rows = [
        (
            f"`{layer.described}`",
            " x ".join(map(str, layer.output_shape)) or "1",
            f"{layer.parameters:,}" if layer.parameters else "",
        )
        for layer in layers
    ]
    total = count_parameters(network)
    if rest := total - sum({layer.name: layer.parameters for layer in layers}.values()):
        rows.append(("what only a loss asks", "", f"{rest:,}"))
    rows.append(("in all", "", f"{total:,}"))
    return _table(("layer", "output", "parameters"), rows)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    given = [word for word in sys.argv[1:] if word != "--pictures"]
    main(Path(given[0]) if given else ROOT)
    if "--pictures" in sys.argv:
        trained.pictures(trained.trained(), ROOT / "docs" / "images" / "zoo")
