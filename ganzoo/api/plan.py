"""The plan of a training in words, before step 0."""

from __future__ import annotations

import math
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ganzoo.api.terminal import print_line
from ganzoo.printable import one_line
from ganzoo.zoo import registry

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

    from ganzoo.architecture import Architecture
    from ganzoo.config import TrainConfig
    from ganzoo.data import Images
    from ganzoo.runs.carrying import Opened
    from ganzoo.runs.facts import Origin


Spell = Callable[[str, Iterable[str]], str]
"""A function that spells the parameters in a text for its reader: as Python or as a shell does."""


def as_python(text: str, names: Iterable[str]) -> str:
    """Return a text as it is: its parameters are spelled for readers of Python."""
    return text


def plan(opened: Opened, spell: Spell = as_python) -> dict[str, str]:
    """Return what will be done, line by line, with the reason for each automatic choice."""
    from ganzoo.runs.quantities import losses
    from ganzoo.train.ema import decay_per_step, is_scheduled
    from ganzoo.train.networks import count_parameters
    from ganzoo.train.optimizing import in_words, value_at

    work, job, state = opened.work, opened.work.job, opened.state
    images, config, world = job.images, job.config, job.world
    count, height, width, channels = images.pixels.shape
    new = work.state is None and work.origin is None
    lines = {
        "architecture": job.loaded.in_words(),
        "generator": f"{count_parameters(state.generator):,} parameters",
        "discriminator": f"{count_parameters(state.discriminator):,} parameters",
        "data": f"{images.name}, {count:,} images, {width}x{height}, "
        f"{'grey' if channels == 1 else 'RGB'}"
        + (f", its array {images.source['array']}" if "array" in images.source else "")
        + (f", {_classes(images.classes)}" if job.loaded.value.classes else ""),
        "training": f"{opened.steps:,} steps of {config.batch_size} images, "
        f"{_short(opened.steps * config.batch_size / count)}, seed {config.seed}",
        **losses(in_words(job.loaded.value.objective)),
        "optimizers": _optimizers(state.generator_optimizer, state.discriminator_optimizer),
        **(_weights(state.generator, state.discriminator) if new else {}),
        "device": str(job.device),
        "precision": str(job.precision),
    }
    if config.compile:
        lines["compile"] = "both networks, by torch.compile: the first steps take a while"
    if config.ema is not None:
        by_schedule = is_scheduled(job.loaded.value, config)
        lines["average"] = "of the generator, to be drawn and exported: " + (
            "half-life as the architecture has scheduled it"
            if by_schedule
            else _average(config, decay_per_step(config.ema, config.batch_size))
        )
    if state.augment is not None:
        lines["augmented"] = f"what the discriminator sees, by {type(state.augment).__name__}"
        if work.state is None:
            lines["augmented"] += "; " + spell("augment=False leaves that out", ["augment"])
    if schedules := job.loaded.value.schedules:
        whole = opened.steps * config.batch_size
        with registry.blame(job.loaded.entry):
            lines["schedules"] = ", ".join(
                f"{name} {value_at(schedule, name, 0, whole):.4g} … "
                f"{value_at(schedule, name, whole, whole):.4g}"
                for name, schedule in schedules.items()
            )
    if world.size > 1:
        lines["processes"] = f"{world.size}, each with {world.share(config.batch_size)} of a batch"
    if config.discriminator_steps > 1:
        lines["steps"] = (
            f"{config.discriminator_steps} of the discriminator on each batch, 1 of the generator"
        )
    lines |= _of_data(images)
    if work.asked.batch_size != config.batch_size:
        asked = work.asked.batch_size
        lines["batch size"] = f"{config.batch_size}, not {asked}: the data set is small; " + spell(
            f"batch_size={asked} overrides it", ["batch_size"]
        )
    lines |= _unusual(opened)
    if work.origin is not None:
        lines["weights"] = _origin(work.origin)
    if opened.judged:
        lines["judged"] = opened.judged
    if work.state is not None:
        lines["resumed"] = f"{opened.run.path}, at step {state.step:,} of {opened.steps:,}"
    if work.state is not None and state.step == opened.steps:
        lines["complete"] = spell("resumed with epochs='+10', it trains longer", ["epochs"])
    return lines


def _origin(origin: Origin) -> str:
    """Return what networks begin with, and what of it is fresh."""
    whole = origin.taken + len(origin.fresh)
    named = ", ".join(origin.fresh[:3]) + (", …" if len(origin.fresh) > 3 else "")
    fresh = f"; fresh: {named}" if named else ""
    return f"of {origin.name}, {origin.taken:,} of {whole:,} tensors fit{fresh}"


def _average(config: TrainConfig, decay: float) -> str:
    ema = config.ema or 0.0
    half_life = ema if ema >= 1 else math.log(0.5, decay) * config.batch_size
    grows = f", at most {config.ema_growth:g} of those seen" if config.ema_growth else ""
    return f"decay {decay:.6g} a step, half-life {half_life:,.0f} images{grows}"


def _of_data(images: Images) -> dict[str, str]:
    """Return what there is besides the images to train on, and how these were changed."""
    skipped = len(images.skipped)
    lines = {
        "held back": images.held_back and f"{images.held_back}: for tests, not trained on",
        "left out": images.left_out,
        "scaled": images.scaled,
        "skipped": f"of the images, {skipped} cannot be read: see run.json" if skipped else "",
    }
    return {title: text for title, text in lines.items() if text}


def _unusual(opened: Opened) -> dict[str, str]:
    """Return what was asked for and is hardly meant: batches or epochs beyond what there is."""
    config, saving = opened.work.job.config, opened.work.saving
    count, lines = len(opened.work.job.images.pixels), {}
    if config.batch_size > count:
        lines["repeated"] = (
            f"each image is {config.batch_size / count:.3g} times in a batch: there are fewer"
        )
    epochs = min(config.epochs, math.ceil(opened.steps * config.batch_size / count))
    if late := [str(n) for n in sorted(saving.epochs_shown() or ()) if n > epochs]:
        lines["snapshots"] = f"none after epoch {', '.join(late)}: the run ends in epoch {epochs}"
    return lines


def _classes(names: Sequence[str]) -> str:
    """Return how many classes there are, and two names that tell what they are about."""
    return f"{len(names)} classes: {names[0]} … {names[-1]}"


def of_architecture(
    architecture: Architecture, generator: nn.Module, discriminator: nn.Module
) -> dict[str, str]:
    """Return what an architecture is trained by where nobody says otherwise, line by line."""
    from ganzoo.runs.quantities import losses
    from ganzoo.train.optimizing import in_words, set_up

    config, objective = architecture.defaults, architecture.objective
    optimizers = architecture.optimizers(generator, discriminator)
    set_up(architecture, config, optimizers)
    lines = losses(in_words(objective))
    if objective.scores == "logits":
        lines["scores"] = "logits: D ends without a Sigmoid, as the loss computes it"
    else:
        lines["scores"] = "any numbers, not probabilities: D ends without a Sigmoid"
    lines |= {"optimizers": _optimizers(*optimizers), **_weights(generator, discriminator)}
    steps = config.discriminator_steps
    lines["training"] = f"{config.epochs} epochs, batches of {config.batch_size} images" + (
        f", {steps} steps of D for each of G" if steps > 1 else ""
    )
    return lines


def _weights(generator: nn.Module, discriminator: nn.Module) -> dict[str, str]:
    """Return how the weights of both networks spread."""
    from ganzoo.runs.quantities import spread
    from ganzoo.train.networks import weights_of

    told = spread(weights_of(generator)), spread(weights_of(discriminator))
    return {"first weights": f"G: {told[0]}; D: {told[1]}"}


def _optimizers(*pair: Optimizer) -> str:
    """Return what both optimizers begin with: once, where they are alike."""
    from ganzoo.runs.quantities import optimizer
    from ganzoo.train.optimizing import described

    generator, discriminator = (optimizer(described(each)) for each in pair)
    if generator == discriminator:
        return f"{generator}, for both networks"
    return f"{generator} for the generator; {discriminator} for the discriminator"


def print_plan(lines: Mapping[str, str]) -> None:
    """Print each fact in one line; on a terminal, wrap the lines."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    room = max(14, *(len(title) + 1 for title in lines))
    for title, text in lines.items():
        line = f"{title:<{room}}{one_line(text)}"
        for part in textwrap.wrap(line, width, subsequent_indent=" " * room) if width else [line]:
            print_line(part)


def _short(epochs: float) -> str:
    """Return a number of epochs in words, such as "1.5 epochs"."""
    number = f"{epochs:,.2f}".rstrip("0").rstrip(".")
    return f"{number} epoch{'' if number == '1' else 's'}"
