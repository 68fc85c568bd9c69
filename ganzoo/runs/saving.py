"""The settings of what a run keeps and measures, and all settings of a run by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.config import TrainConfig, check_settings, listed, setting
from ganzoo.errors import SettingError, UsageError
from ganzoo.runs.scores import Entry, best_step
from ganzoo.train.schedule import Every

if TYPE_CHECKING:
    from ganzoo.runs.checkpoints import Checkpoints

SHELL = {"lr": "learning_rate"}
"""Settings by the word that the command line has for them."""


@dataclass(frozen=True, kw_only=True)
class Saving:
    """When a run writes checkpoints, grids and a report, what it keeps, and when it is judged.

    Nothing of this changes what is learned, and a resumed run may change all of it. Raises
    SettingError where a value makes no sense.
    """

    save_every: str = setting(
        "1 epoch",
        "Write a checkpoint every 500 (steps), '2 epochs' or '10 minutes'.",
        extends=True,
    )
    keep: int = setting(2, "How many checkpoints stay.", extends=True)
    keep_every: str | None = setting(
        None, "Of the older checkpoints keep one every 1000 (steps) or '5 epochs'.", extends=True
    )
    snapshots: str | None = setting(
        None,
        "Draw a sample grid after these epochs only, as in 1,5,10,20; by default after each.",
        extends=True,
    )
    report: bool = setting(
        True, "Draw curves, strip, animation and report.html at the end.", extends=True
    )
    eval_every: str | None = setting(
        None,
        "Judge the pictures every 500 (steps) or '1 epoch', and at the end; with 'never' not any "
        "more.",
        extends=True,
    )
    eval_images: int = setting(
        5_000, "How many pictures are judged, by as many real ones.", extends=True
    )
    eval_features: str | None = setting(
        None,
        "What they are compared by, a name from `ganzoo list`; by default classifier if the data "
        "has labels, else patches.",
        extends=True,
    )
    keep_best: bool = setting(
        False,
        "Write a checkpoint with every judgement, and keep the one of the smallest Fréchet "
        "distance, too.",
        extends=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if self.keep < 1:
            raise SettingError(f"keep must be at least 1, not {self.keep}", "keep")
        self.due()
        if self.keep_every is not None and _every(self.keep_every, "keep_every").unit == "minutes":
            raise SettingError("keep_every takes steps or epochs, not minutes", "keep_every")
        judged = self.judged()
        if judged is not None and judged.unit == "minutes":
            raise SettingError("eval_every takes steps or epochs, not minutes", "eval_every")
        if self.keep_best and self.eval_every is None:
            raise _no_best()
        self.epochs_shown()

    def due(self) -> Every:
        """Return how often a checkpoint is written."""
        return _every(self.save_every, "save_every")

    def judged(self) -> Every | None:
        """Return how often the pictures are judged; None for never."""
        if self.eval_every in (None, "never"):
            return None
        return _every(str(self.eval_every), "eval_every")

    def epochs_shown(self) -> set[int] | None:
        """Return the epochs after which a sample grid is written; None means after each."""
        if self.snapshots is None:
            return None
        return listed_epochs(self.snapshots)

    def checkpoints(
        self,
        folder: Path,
        images: int,
        batch_size: int,
        rejected: set[Path],
        entries: Callable[[], Sequence[Entry]],
    ) -> Checkpoints:
        """Return the checkpoints in `folder`, which keeps the ones that these settings ask for.

        `images` is the number of images in an epoch. Checkpoints that were `rejected` are left
        alone, and do not count as kept. `entries` reads metrics.jsonl, which tells the best one.
        """
        from ganzoo.runs.checkpoints import Checkpoints  # the command line needs only the table

        group = None
        if self.keep_every is not None:
            every = _every(self.keep_every, "keep_every")

            def group(step: int) -> int:
                return every.passed(step, step * batch_size // images)

        best = None
        if self.keep_best:

            def best(steps: Collection[int]) -> int | None:
                return best_step(entries(), steps)

        return Checkpoints(folder, self.keep, group, best, rejected)


def _no_best() -> SettingError:
    """Return the error of a run that is to keep its best checkpoint, and never judges one."""
    return SettingError(
        "keep_best must know which is best: add eval_every='1 epoch'", "keep_best", "eval_every"
    )


def _every(text: str, name: str) -> Every:
    """Parse how often something is due; the SettingError names the setting `name`."""
    try:
        return Every.parse(text)
    except UsageError as error:
        raise SettingError(f"{name}: {error}", name) from None


def setting_names() -> list[str]:
    """Return the names of all settings, sorted."""
    return sorted(row.name for table in (TrainConfig, Saving) for row in fields(table))


@dataclass(frozen=True)
class Settings:
    """The settings that a user gave, by name: of training (`config`), of saving (`saving`)."""

    config: Mapping[str, Any] = field(default_factory=dict)
    saving: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Settings:
        """Sort settings into the two tables; raise SettingError for a name that neither has."""
        tables = [{row.name for row in fields(table)} for table in (TrainConfig, Saving)]
        known = setting_names()
        for name in given:
            if name not in known:
                near = [SHELL[name]] if name in SHELL else get_close_matches(name, known, n=1)
                hint = f": did you mean '{near[0]}'?" if near else f"; there are {', '.join(known)}"
                raise SettingError(f"no setting is called '{name}'{hint}")
        plain = {name: _worded(name, _plain(value)) for name, value in given.items()}
        config, saving = ({k: v for k, v in plain.items() if k in table} for table in tables)
        return cls(config, saving)

    def chosen(self, defaults: TrainConfig) -> tuple[TrainConfig, Saving]:
        """Return all settings of a new run: those given here, else `defaults` and Saving's.

        Raises SettingError where a value makes no sense, or would only for a resumed run.
        """
        saving = Saving(**self.saving)
        if saving.keep_best and saving.judged() is None:  # a resumed run may keep what is the best
            raise _no_best()
        return replace(defaults, **self.config), saving


def listed_epochs(given: str) -> set[int]:
    """Return the epochs in a list, such as "1,5,10,20"; raise SettingError for another text."""
    words = listed(given)
    if not all(word.isdecimal() and len(word) < 20 for word in words):
        raise SettingError(
            f"snapshots takes whole numbers with commas between them: 1,5,10,20, not '{given}'",
            "snapshots",
        )
    return {int(word) for word in words}


def _plain(value: Any) -> Any:
    """Return a number of numpy's as Python's, and anything else as it is."""
    return value.item() if hasattr(value, "dtype") and hasattr(value, "item") else value


def _worded(name: str, value: Any) -> Any:
    """Return a setting that is a text as one, where Python writes a number or a list of them."""
    if name in ("save_every", "keep_every", "eval_every", "snapshots") and type(value) in (
        int,
        list,
        tuple,
    ):
        return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return value


def extending(table: type) -> tuple[str, ...]:
    """Return the names of the settings of a table that a resumed run may change."""
    return tuple(row.name for row in fields(table) if row.metadata["extends"])
