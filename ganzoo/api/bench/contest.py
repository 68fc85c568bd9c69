"""Compare architectures after equal seconds: train each with several seeds, and judge them all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ganzoo.api.bench.laps import CLOCKS, Clock, train_laps
from ganzoo.api.evaluating.evaluate import spec_of
from ganzoo.api.evaluating.evaluator import Evaluator
from ganzoo.api.evaluating.subjects import of_torch
from ganzoo.errors import DeviceError, ModelFileError, UsageError
from ganzoo.evaluate.contest import Contest, Lap
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.runs import evaluations
from ganzoo.runs.finding import Found
from ganzoo.runs.folder import Run
from ganzoo.runs.job import Say
from ganzoo.runs.weights import load_generator
from ganzoo.storage import write_whole
from ganzoo.train.device import choose
from ganzoo.zoo import catalogue

PLAN = "plan.json"
GROWING = {"architectures", "seeds"}
"""Parts of a plan to which more can be added later."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a comparison does: train each architecture with each seed, and judge each lap.

    `clock` is "wall", or "cpu" for seconds of the CPU, which are fair on a busy machine. `data`,
    `settings` and `device` are as for `ganzoo.train`, `images` and `features` as for
    `ganzoo.evaluate`. Raises UsageError where that makes no sense.
    """

    architectures: Sequence[str]
    seeds: Sequence[int] = (0, 1, 2)
    seconds: float = 300.0
    laps: int = 5
    clock: Clock = "wall"
    data: str | None = None
    settings: Mapping[str, Any] | None = None
    device: str = "auto"
    images: int = 10_000
    features: str | None = None

    def __post_init__(self) -> None:
        for name in ("seconds", "laps"):
            if not getattr(self, name) > 0:
                raise UsageError(f"{name} must be positive, not {getattr(self, name)}", name)
        if self.clock not in CLOCKS:
            raise UsageError(f"clock must be one of {', '.join(CLOCKS)}, not {self.clock}", "clock")
        for name in ("architectures", "seeds"):
            values = getattr(self, name)
            if not values or len(set(values)) < len(values):
                raise UsageError(f"{name} must be one or more, each named once", name)
        if self.clock == "cpu" and choose(self.device).torch.type != "cpu":
            raise DeviceError("clock='cpu' does not see a GPU at work: use clock='wall'", "clock")


def compare(
    plan: Plan,
    folder: Path,
    *,
    stop: Callable[[], bool] = lambda: False,
    say: Say = lambda remark: None,
) -> Iterator[Lap]:
    """Train and judge all that `plan` asks for in `folder`, and yield every lap when it is judged.

    What `folder` holds already is not done again: a comparison that was stopped goes on, and one
    that is finished takes more architectures and seeds. Raises UsageError where the folder is of a
    comparison with other seconds, data or settings.
    """
    entries = [catalogue.find(catalogue.architectures(), name) for name in plan.architectures]
    _note(plan, folder)
    judges = _Judges(plan)
    for seed in plan.seeds:
        for entry in entries:
            below = _place(folder, entry, seed)
            ended = [
                *train_laps(
                    entry.qualified, below, seconds=plan.seconds, count=plan.laps,
                    clock=plan.clock, data=plan.data, device=plan.device,
                    settings={**(plan.settings or {}), "seed": seed}, stop=stop, say=say,
                )
            ]  # fmt: skip
            if stop():
                return
            run = next(below.glob("*/run.json")).parent
            for number, end in enumerate(ended, start=1):
                yield Lap(
                    name=entry.name, seed=seed, number=number, seconds=end.seconds,
                    samples_seen=end.samples_seen, why=end.why,
                    evaluation=judges.evaluation(Run(run), end.step),
                )  # fmt: skip
            if stop():
                return


def contest(plan: Plan, folder: Path, laps: Sequence[Lap]) -> Contest:
    """Return what `compare` yielded, with pictures of each architecture, ready to be written."""
    pictures = {}
    for name in plan.architectures:
        entry = catalogue.find(catalogue.architectures(), name)
        run = next(_place(folder, entry, plan.seeds[0]).glob("*/run.json")).parent
        with suppress(ModelFileError):  # it diverged before there was a checkpoint
            pictures[entry.name] = load_generator(run, str(choose(plan.device).torch))[0].sample(8)
    about = [
        ("seconds", f"{plan.seconds:g} ({plan.clock} clock)"),
        ("seeds", ", ".join(map(str, plan.seeds))),
        ("data", plan.data or "each architecture's own"),
        ("settings", _settings(plan)),
        ("device", str(choose(plan.device))),
    ]
    return Contest(laps=laps, about=about, pictures=pictures)


def _settings(plan: Plan) -> str:
    """Return the settings of all runs in words."""
    given = plan.settings or {}
    return ", ".join(f"{n}={v}" for n, v in given.items()) or "each architecture's own"


def _place(folder: Path, entry: catalogue.Entry, seed: int) -> Path:
    """Return the folder of the run of an architecture with a seed."""
    return folder / f"{entry.package}-{entry.name}-seed{seed}"


class _Judges:
    """The evaluations of checkpoints; each kind of real images and features is opened once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.opened: dict[object, Evaluator] = {}

    def evaluation(self, run: Run, step: int) -> Evaluation | None:
        """Return the evaluation of a checkpoint, which may be there; None without a checkpoint."""
        checkpoint = run.path / "checkpoints" / f"step-{step:08d}"
        if not checkpoint.exists():
            return None
        judged = of_torch(Found("checkpoint", checkpoint), self.plan.device)
        spec = spec_of(judged, None, None)
        kind = (judged.size, judged.channels, json.dumps(spec))
        if kind not in self.opened:
            plan = self.plan
            self.opened[kind] = Evaluator.open(judged, spec, plan.images, plan.features)
        evaluator = self.opened[kind]
        for known, _ in evaluations.saved(run):
            if known.step == step and evaluator.makes(known, judged):
                return known
        return evaluator.evaluate(judged)


def _note(plan: Plan, folder: Path) -> None:
    """Write the plan into `folder`; raise UsageError where another plan was begun there."""
    file = folder / PLAN
    wanted = json.loads(json.dumps(asdict(plan)))
    if file.exists():
        before = json.loads(file.read_bytes())
        for name in wanted.keys() - GROWING:
            if before.get(name) != wanted[name]:
                raise UsageError(
                    f"{folder} is of a comparison with {name}={before.get(name)}, not "
                    f"{wanted[name]}: name another folder, or ask for the same",
                    name,
                )
        for name in GROWING:
            wanted[name] = [*dict.fromkeys([*before[name], *wanted[name]])]
    write_whole(file, (json.dumps(wanted, indent=2) + "\n").encode())
