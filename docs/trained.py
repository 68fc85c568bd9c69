"""What the manual says of the trained models in exports/: their pages' parts, tables, pictures."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from ganzoo.api.models import sheet
from ganzoo.cli.options import option
from ganzoo.evaluate.measures import MEASURES
from ganzoo.report import colours, plotting
from ganzoo.report.curves import Chart, Curve
from ganzoo.zoo import options, registry
from ganzoo.zoo.models import Model

EXPORTS = Path(__file__).parents[1] / "exports"
SHOWN = ("frechet", "kernel", "precision", "recall", "coverage")
TITLES = [MEASURES[name].title for name in SHOWN]
OF_DATA = {"channels", "classes"}
"""Options that an architecture takes from the data."""

NARROWER = {
    "dcgan-maxpool-fashion": "The report has a hidden layer of 1,024 numbers. With it, the same 20 "
    "epochs give a Fréchet distance of 5.01, a recall of 0.757 and a coverage of 0.693. That file "
    "has 6.9 MB, for which the package has no room beside the others.",
    "sngan-fashion": "It is half as wide as the default, width=64, with which a step takes more "
    "than twice as long: 190 images a second in place of 440, while another training ran, too.",
    "wgan-clip-fashion": "The report has a hidden layer of 1,024 numbers. With it, the same 25 "
    "epochs give a Fréchet distance of 6.52, a precision of 0.794, a recall of 0.222 and a "
    "coverage of 0.241. That file has 6.7 MB, for which the package has no room beside the others.",
}
"""What was measured of an architecture's own width, where its model is narrower than that."""

TABLE = """\
# Trained models

Each folder is what `ganzoo publish` wrote: a generator as ONNX, the facts, the card, 64 pictures
or more, and the evaluation. `make models` puts the ONNX files into the wheel of `ganzoo-models`.
Scores are of `ganzoo eval`; only those of the same data and features can be compared.

{tables}

`ganzoo export` and `make demo` write ONNX files here, too. These are not committed.
"""


def trained() -> list[Model]:
    """Return the models of exports/: those of the same yardstick together, the best first."""
    found = [Model.read(path.parent) for path in EXPORTS.glob("*/model.json")]
    return sorted(found, key=lambda m: (m.dataset, m.judged, m.scores.get("frechet", np.inf)))


def groups(models: Sequence[Model]) -> list[tuple[str, list[Model]]]:
    """Return the models whose scores can be compared, by what they were judged by."""
    return [(judged, [*same]) for judged, same in groupby(models, key=lambda m: m.judged)]


def page(model: Model) -> list[str]:
    """Return the part of an architecture's page about one of its trained models."""
    name, seen = model.name, model.training["samples_seen"]
    each = "eight latents as each class" if model.classes else "64 pictures"
    floors = [_shown(model.floors, measure) for measure in SHOWN]
    rows = [
        (
            _minutes(point["seconds"]),
            f"{point['samples_seen']:,.0f}",
            *(_shown(point, measure) for measure in SHOWN),
        )
        for point in model.history
    ]
    return [
        f"![Pictures drawn by {name}](../images/zoo/{name}.png)",
        f"*`{name}`: {each}, after {round(seen / model.training['images'], 1):g} epochs of "
        f"{model.dataset}.*",
        f"## Trained: {name}",
        *_collapse(model),
        f"`ganzoo sample {name}` draws from it where the package `ganzoo-models` is installed "
        f"({_bytes(model)}). It was trained for {_minutes(model.training['seconds'])} minutes on "
        f"one core, in {model.training['precision']}. The same steps and settings:",
        f"```sh\n{command(model)}\n```",
        *([NARROWER[name]] if name in NARROWER else []),
        f"Scores of {model.judged}:",
        _table(
            ("minutes", "images seen", *TITLES),
            [*rows, ("real images", "", *floors)],
        ),
        f"![Fréchet distance over minutes](../images/zoo/{name}.svg)",
    ]


def _collapse(model: Model) -> list[str]:
    """Return why all pictures of a model are alike, where they are."""
    if model.scores["diversity"] > 0.1:
        return []
    lines = (EXPORTS / model.name / "metrics.jsonl").read_text("utf-8").splitlines()
    last = [line for line in map(json.loads, lines) if "d_fake" in line][-1]
    parts = [
        f"It collapsed: two of its pictures differ {model.scores['diversity']:.0%} as much as two "
        f"real ones. D(x) is {last['d_real']:.3f} and D(G(z)) {last['d_fake']:.3f}: D only has to "
        "know this one picture."
    ]
    if last["grad_g"] == 0:
        parts.append(
            "Its pixels are black or white, where Tanh is flat. So G's gradient is 0, and no "
            "training changes it any more."
        )
    parts.append("[What collapse looks like](../why.md#what-collapse-looks-like) says what to try.")
    return [" ".join(parts)]


def command(model: Model) -> str:
    """Return the command that trains the model again."""
    usual = registry.load_architecture(f"{model.package}:{model.architecture}").options
    words = [f"ganzoo train {model.architecture}"]
    for name, value in model.options.items():
        if name not in OF_DATA and value != options.unparse(usual[name]):
            words.append(f"--set {name}={value}")
    words.append(f"--data {model.dataset}")
    if model.data_options:
        defaults = registry.load_dataset(model.dataset).options
        given = {k: v for k, v in model.data_options.items() if v != defaults[k]}
        words += [f"--set-data {name}={value}" for name, value in given.items()]
    used = {"precision": model.training["precision"]}  # also where it was chosen by the machine
    given = {**model.settings, **used, "max_steps": model.training["steps"]}
    words += [f"{option(n)} {v}" for n, v in given.items() if (n, v) != ("seed", 0)]
    return " ".join(words)


def overview(models: Sequence[Model]) -> list[str]:
    """Return the part of the zoo's first page that compares what was trained."""
    parts = ["## Which draws best?", WHY] if models else []
    for judged, same in groups(models):
        data = same[0].dataset
        rows = [
            (
                f"[{m.architecture}]({m.architecture}.md)", f"`{m.name}`",
                *(_shown(m.scores, measure) for measure in SHOWN),
                _minutes(m.training["seconds"]), f"{m.training['samples_seen'] / 1e6:.2f}",
            )
            for m in same
        ]  # fmt: skip
        real = ("real images", "", *(_shown(same[0].floors, name) for name in SHOWN), "", "")
        parts += [
            f"### {data}",
            f"By {judged}:",
            _table(("architecture", "model", *TITLES, "minutes", "million images"), [*rows, real]),
            f"![A row of pictures of each model](../images/zoo/all-{data}.png)",
            f"![Fréchet distances over minutes](../images/zoo/all-{data}.svg)",
        ]
    return parts


WHY = """\
These are the models of the package `ganzoo-models`, trained by one core of an AMD EPYC processor in
bf16, and judged by `ganzoo eval`. Begin with the Fréchet distance: it sees whether single pictures
are good and whether all kinds are there. Then look at why. With a high precision and a low recall,
a model draws well, but only a few kinds. With a low precision, many of its pictures look like
nothing real. [Which is better, and why?](../evaluating.md#the-modern-wing) compares all
architectures after equal seconds, and says what one learns from it."""


def table(models: Sequence[Model]) -> str:
    """Return the page of exports/: all models with files, hashes and scores."""
    parts = []
    for judged, same in groups(models):
        rows = [
            (
                f"[{m.name}]({m.name}/README.md)", m.architecture,
                f"{m.training['samples_seen'] / m.training['images']:.1f}",
                f"{m.training['seconds']:,.0f}",
                variant, f"{file.nbytes:,}", f"`{file.sha256[:12]}`",
                *(_shown(m.scores, name) for name in SHOWN),
            )
            for m in same
            for variant, file in m.files.items()
        ]  # fmt: skip
        floors = (_shown(same[0].floors, name) for name in SHOWN)
        head = ("model", "architecture", "epochs", "seconds", "variant", "bytes", "SHA-256")
        real = ("real images", *[""] * 6, *floors)
        parts += [f"## {same[0].dataset}", f"By {judged}.", _table((*head, *TITLES), [*rows, real])]
    return TABLE.format(tables="\n\n".join(parts))


def pictures(models: Sequence[Model], folder: Path) -> None:
    """Write the pictures and the curves of all pages into a folder."""
    for model in models:
        shutil.copyfile(model.folder / "preview.png", folder / f"{model.name}.png")
        _chart([model]).save(folder / f"{model.name}.svg")
    for _, same in groups(models):
        sheet(same).save(folder / f"all-{same[0].dataset}.png")
        _chart(same).save(folder / f"all-{same[0].dataset}.svg")


def _chart(models: Sequence[Model]) -> plotting.Drawing:
    """Return the Fréchet distances of models over minutes, as a figure."""
    curves = [
        Curve(
            model.name,
            np.array([point["seconds"] / 60 for point in model.history]),
            np.array([point["frechet"] for point in model.history]),
        )
        for model in models
    ]
    title = f"Fréchet distance of {models[0].judged}"
    chart = Chart(
        "frechet",
        title,
        curves,
        across="minutes of training",
        up="Fréchet distance",
        logarithmic=True,
        few=True,
    )
    size = plotting.LARGE if len(models) > 1 else plotting.SIZE
    return plotting.Drawing(plotting.draw(chart, size=size), colours.LIGHT)


def _shown(scores: Mapping[str, float], name: str) -> str:
    return MEASURES[name].shown(scores.get(name))


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:,.1f}" if seconds < 600 else f"{seconds / 60:,.0f}"


def _bytes(model: Model) -> str:
    return ", ".join(f"{v}, {file.nbytes / 1e6:.1f} MB" for v, file in model.files.items())


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---" for _ in head], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
