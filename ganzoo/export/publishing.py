"""Write the folder of a model that others can use as it is: put it in a package, or on the Hub."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ganzoo.draw import studies
from ganzoo.draw.generator import Generator
from ganzoo.draw.pixels import grid, save_png
from ganzoo.draw.selection import Selection
from ganzoo.errors import OutputError, UsageError
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.export.exporting import Exported, export_onnx
from ganzoo.export.publishing_card import card
from ganzoo.export.publishing_weights import PRECISIONS, write_weights
from ganzoo.printable import file_name, line
from ganzoo.runs import evaluations
from ganzoo.runs.best import best_checkpoint
from ganzoo.runs.checkpoints import step_of
from ganzoo.runs.clock import seconds_at
from ganzoo.runs.facts import Facts
from ganzoo.runs.finding import Words, find_run
from ganzoo.runs.folder import METRICS, Run
from ganzoo.runs.weights import load_generator, load_weights
from ganzoo.storage import check_place, naming
from ganzoo.zoo import options, registry
from ganzoo.zoo.models import FACTS, VARIANTS, Model, ModelFile
from ganzoo.zoo.scaffold import new_folder
from ganzoo.zoo.values import MAX_WORDS

CARD, PREVIEW, EVALUATION = "README.md", "preview.png", "evaluation.json"
LENGTH = {"epochs", "max_steps", "log_every"}
"""Settings that do not change what is learned in a step."""


def publish(
    run: Words,
    folder: Words,
    *,
    name: str | None = None,
    variants: Sequence[str] = ("float32", "int8"),
    weights: str = "float32",
    licence: str = "",
    best: bool = False,
) -> Model:
    """Write the model of a run into a new folder: all that somebody else needs to draw from it.

    It holds the ONNX file of each of the `variants` ("float32", "float16", "int8", "uint8"), the
    weights, a card, a sheet of pictures, the metrics, the evaluation of these weights if there
    is one, and model.json with the facts. `weights` are those of both networks, "float32",
    "float16" or "none"; where a moving average was kept, the generator's are the average, which
    the ONNX files have, too. `name` is by default that of the folder. `licence`
    is an identifier of SPDX for the weights, such as "CC-BY-4.0". With `best` it is the checkpoint
    with the smallest Fréchet distance, else the newest.

    Raises UsageError for what does not exist of these and for words that are too long, OutputError
    where the folder is there already, and what `export_onnx` raises. After an error there is no
    such folder.
    """
    target, found = Path(folder), find_run(run)
    if unknown := [variant for variant in variants if variant not in VARIANTS]:
        raise UsageError(
            f"variants has no {unknown[0]!r}: choose of {', '.join(VARIANTS)}", "variants"
        )
    if not variants:
        raise UsageError("variants must name at least one", "variants")
    if weights not in PRECISIONS:
        raise UsageError(f"weights={weights!r}: choose of {', '.join(PRECISIONS)}", "weights")
    for field, words in (("name", name or target.name), ("licence", licence)):
        if len(words) > MAX_WORDS:
            raise UsageError(f"{field} has {len(words)} characters, and {MAX_WORDS} may be", field)
    if os.path.lexists(target):
        raise OutputError(f"{target} is there already: choose another folder, or remove it")
    check_place(target)
    # Once: a run that is training may remove the checkpoint meanwhile.
    read = load_weights(best_checkpoint(found).path if best else found.path)
    where, (generator, network) = read.source, load_generator(read)
    with new_folder(target, {}) as made:
        exported = {
            variant: export_onnx(
                (generator, network),
                made / f"{file_name(name or target.name)}-{variant}.onnx",
                precision="float32" if variant == "uint8" else variant,
                uint8=variant == "uint8",
            )
            for variant in variants
        }
        evaluation = evaluations.of_weights(found, generator.sha256, step_of(where))
        model = _model(made, name or target.name, licence, found.facts(), generator, exported)
        model = _trained(model, found, step_of(where))
        if evaluation is not None:
            model = _judged(model, found, evaluation)
            evaluation = _without_paths(evaluation)
        with naming(target):
            model = replace(model, weights=write_weights(read, made, weights))
            _write_lines(made / METRICS, found.lines(METRICS))
            if evaluation is not None:
                _write(made / EVALUATION, evaluation.to_json())
            _preview(generator, made / PREVIEW)
            _write(made / FACTS, model.to_json())
            text = card(model, generator.info, found.facts(), evaluation)
            (made / CARD).write_text(text, "utf-8")
    return Model.read(target)


def _model(
    folder: Path,
    name: str,
    licence: str,
    facts: Facts,
    generator: Generator,
    exported: dict[str, Exported],
) -> Model:
    info = generator.info
    height, width = info.image["size"]
    return Model(
        folder=folder,
        name=_word(name),
        architecture=info.architecture,
        package=info.plugin["package"],
        dataset=_word(info.dataset),
        licence=_word(licence),
        size=(height, width),
        channels=info.image["channels"],
        files={
            variant: ModelFile(one.path.name, one.nbytes, one.sha256)
            for variant, one in exported.items()
        },
        classes=tuple(map(_word, info.classes)),
        options={name: options.unparse(value) for name, value in info.options.items()},
        data_options=_shareable(facts.data.source.get("options", {})),
        training={
            "samples_seen": info.samples_seen,
            "images": facts.data.images,
            "batch_size": facts.config.batch_size,
            "device": facts.circumstances.device.name,
            "precision": facts.circumstances.precision.name,
        },
    )


def _trained(model: Model, run: Run, step: int) -> Model:
    """Return the model with the settings that were given, and the steps and seconds of training."""
    loaded = registry.load_architecture(f"{model.package}:{model.architecture}", model.options)
    usual, used = asdict(loaded.value.defaults), asdict(run.facts().config)
    settings = {n: v for n, v in used.items() if n not in LENGTH and v != usual[n]}
    training = {**model.training, "steps": step}
    if (seconds := seconds_at(run, step)) is not None:
        training["seconds"] = round(seconds, 1)
    return replace(model, settings={**settings, "seed": used["seed"]}, training=training)


def _shareable(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return options without texts: they may be paths of this machine."""
    return {name: value for name, value in given.items() if isinstance(value, int | float)}


def _without_paths(evaluation: Evaluation) -> Evaluation:
    """Return an evaluation without what may be a path of this machine, or may name one."""
    real, features = evaluation.against, evaluation.features
    source = {k: v for k, v in real["source"].items() if k in {"package", "name"}}
    source["options"] = _shareable(real["source"].get("options", {}))
    note = real["note"].partition(" cannot be had: ")[0]  # and the error names a file
    return replace(
        evaluation,
        against=real | {"source": source, "note": note},
        features=features | {"options": _shareable(features["options"])},
        remarks=tuple(each.replace(real["note"], note) for each in evaluation.remarks),
    )


def _word(given: str) -> str:
    """Return a name as the facts may have it: one line, not too long."""
    return line(given)[:MAX_WORDS]


def _judged(model: Model, run: Run, evaluation: Evaluation) -> Model:
    """Return the model with what was measured of it, and on the way to it."""
    real, features = evaluation.against, evaluation.features
    floors = {name: score.floor for name, score in evaluation.scores.items()}
    by_step = {
        e.step: e for e, _ in evaluations.saved(run)
        if e.kind == evaluation.kind and e.step and e.step <= model.training["steps"]
    }  # fmt: skip
    return replace(
        model,
        scores=_values(evaluation),
        floors={name: floor for name, floor in floors.items() if floor is not None},
        judged=f"{evaluation.images:,} pictures, by {features['name']}, against {real['name']}",
        history=[
            {"samples_seen": e.samples_seen or 0, "seconds": seconds_at(run, step) or 0.0}
            | _values(e)
            for step, e in by_step.items()
        ],
    )


def _values(evaluation: Evaluation) -> dict[str, float]:
    return {name: score.value for name, score in evaluation.scores.items()}


def _preview(generator: Generator, path: Path) -> None:
    """Write a sheet of 64 pictures, or of eight of each class in rows."""
    if generator.classes:
        rows = range(min(len(generator.classes), 16))
        selection = Selection(generator=generator, n=8, seed=0, z=None, classes=rows)
        studies.classes(selection).save(path)
    else:
        save_png(grid(generator.sample(64)), path)


def _write_lines(path: Path, values: Sequence[Any]) -> None:
    """Write whole lines, as the run's own file may end in half of one while it is trained."""
    path.write_text("".join(f"{json.dumps(value)}\n" for value in values), "utf-8")


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")
