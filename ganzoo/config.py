"""The settings of a training: one table that Python, the shell and the files share."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from ganzoo.errors import SettingError

Precision = Literal["auto", "fp32", "tf32", "bf16"]
"""Number format of the forward and backward passes; `ganzoo.train.device` says more."""


def setting(default: Any, what: str, *, extends: bool = False) -> Any:
    """Return a dataclass field: a row of the table of settings that Python and the shell share.

    `what` describes the setting in one or two sentences. Every field of `TrainConfig` (and of
    `ganzoo.runs.saving.Saving`) is a parameter of `ganzoo.train` and an option of `ganzoo train`.
    `extends` is whether a resumed run may change it.
    """
    return field(default=default, metadata={"what": what, "extends": extends})


def listed(text: str) -> list[str]:
    """Return the words of a list as people write one: "1,5,10", "1, 5, 10", or "[1, 5, 10]"."""
    bare = text.strip()
    if bare[:1] + bare[-1:] in {"[]", "()"}:
        bare = bare[1:-1]
    return [word.strip() for word in bare.split(",")]


def check_settings(table: object) -> None:
    """Raise SettingError if a field of the dataclass `table` has a value of another type."""
    for name, hint in get_type_hints(type(table)).items():
        value, kinds = getattr(table, name), get_args(hint) or (hint,)
        if get_origin(hint) is Literal:
            if value not in kinds:
                raise SettingError(f"{name} must be one of {', '.join(kinds)}, not {value}", name)
        elif not (type(value) in kinds or (float in kinds and type(value) is int)):
            words = " or ".join("None" if k is NoneType else k.__name__ for k in kinds)
            raise SettingError(f"{name} must be {words}, not {value!r}", name)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The settings of a training: an architecture's defaults, and what the user changed.

    An epoch is as many images as the data set holds. Every batch is full: a batch at the end of an
    epoch continues into the next. Raises SettingError (a ValueError) if a value makes no sense.
    """

    epochs: int = setting(20, "How often every image is used.", extends=True)
    batch_size: int = setting(64, "Real images in a step, and as many generated ones.")
    discriminator_steps: int = setting(
        1, "Updates of the discriminator on each batch of real images, before the generator's one."
    )
    discriminator_every: int = setting(1, "Train the discriminator on one of so many batches.")
    generator_every: int = setting(1, "Train the generator on one of so many batches.")
    shared_fakes: bool = setting(
        False, "Use the same generated images for all updates on a batch of real ones."
    )
    learning_rate: float | None = setting(
        None, "Learning rate of both networks; by default as the architecture says."
    )
    generator_learning_rate: float | None = setting(
        None, "Learning rate of the generator, where it is to be another."
    )
    discriminator_learning_rate: float | None = setting(
        None, "Learning rate of the discriminator, where it is to be another."
    )
    beta1: float | None = setting(
        None, "Adam's beta1 for both networks; by default as the architecture says."
    )
    beta2: float | None = setting(
        None, "Adam's beta2 for both networks; by default as the architecture says."
    )
    max_steps: int | None = setting(
        None, "Stop after that many batches, however many epochs are left.", extends=True
    )
    log_every: int = setting(50, "Batches between two entries in metrics.jsonl.", extends=True)
    seed: int = setting(0, "Decides the weights, the order of the images, and all noise.")
    ema: float | None = setting(
        None,
        "Keep a moving average of the generator, and draw and export that. Below 1 it is the decay "
        "of a step (0.999), from 1 on the half-life in images (10000).",
    )
    ema_growth: float = setting(
        0.1,
        "Let the half-life of the average grow: it is at most this share of the images seen yet. "
        "With 0 it is the same from the start.",
    )
    augment: bool | None = setting(
        None,
        "Change what the discriminator sees, so that few images last longer: as the architecture "
        "says, else by DiffAugment. By default only where the architecture says so.",
    )
    precision: Precision = setting(
        "auto", "Precision of the forward and backward passes: auto, fp32, tf32 or bf16."
    )
    compile: bool = setting(False, "Put both networks through torch.compile.")
    deterministic: bool = setting(
        False, "Let CUDA use only algorithms that give the same bits each time; a CPU always does."
    )

    def __post_init__(self) -> None:
        check_settings(self)
        rates = ("learning_rate", "generator_learning_rate", "discriminator_learning_rate")
        positive, betas = (*rates, "ema"), ("beta1", "beta2")
        free = {"seed", "ema_growth", *positive, *betas}  # integers that may be below 1
        for row in fields(self):
            value, name = getattr(self, row.name), row.name
            if type(value) is int and name not in free and value < 1:
                raise SettingError(f"{name} must be at least 1, not {value}", name)
            if name in positive and value is not None and not 0 < value < float("inf"):
                raise SettingError(f"{name} must be a positive number, not {value}", name)
            if name == "ema_growth" and not 0 <= value < float("inf"):
                raise SettingError(f"{name} must be at least 0, not {value}", name)
            if name in betas and value is not None and not 0 <= value < 1:
                raise SettingError(f"{name} must be at least 0 and below 1, not {value}", name)
