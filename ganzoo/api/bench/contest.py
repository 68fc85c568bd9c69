"""Compare architectures after equal seconds: train each with several seeds, and judge them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from ganzoo.api.bench.judges import Judges, require_images
from ganzoo.api.bench.laps import CLOCKS, seconds_left, train_laps
from ganzoo.api.bench.plan import Plan, Trial, note, together, trials
from ganzoo.errors import GanzooError, OutputError, RunInUseError
from ganzoo.evaluate.contest import Contest, Lap
from ganzoo.evaluate.evaluation import Evaluation
from ganzoo.report.words import duration
from ganzoo.runs.job import Say
from ganzoo.runs.laps import Finish, finishes, run_in
from ganzoo.runs.weights import load_generator
from ganzoo.train.device import choose

Stop = Callable[[], bool]
NOT_BEGUN, NO_CHECKPOINT = "it is not trained yet", "its checkpoint is not there any more"
NOTHING = Finish(0.0, 0, 0)


def compare(
    plan: Plan,
    folder: Path,
    *,
    stop: Stop = lambda: False,
    say: Say = lambda remark: None,
) -> Iterator[Lap]:
    """Train and judge all that `plan` asks for in `folder`, and yield every lap when it is judged.

    What `folder` holds already is not done again: a comparison that was stopped goes on, and one
    that is finished takes more architectures and seeds. At the end come the laps of what only calls
    before asked for, which is not trained on. `say` is told what is trained now.

    Where one run fails, or cannot be judged, the others go on, and its last lap says why. Raises
    UsageError where the folder is of a comparison with other seconds, data or settings; DataError,
    before anything is trained, where the data has too few images to judge by; OutputError and
    RunInUseError; and the first error where nothing could be judged and so all is lost.
    """
    whole = trials(together(plan, folder, say), folder)
    require_images(plan)
    note(plan, folder)
    wanted = {trial.folder for trial in trials(plan, folder)}
    asked = [trial for trial in whole if trial.folder in wanted]
    judges, failed, judged = Judges(plan), list[GanzooError](), False
    for place, trial in enumerate(asked):
        if seconds_left(trial.folder, plan.seconds, plan.laps):
            say(_now(plan, asked, place))
        ends, error = _trained(plan, trial, stop, say)
        if stop():
            return
        for lap in _laps(judges, trial, ends, failed):
            judged = judged or lap.evaluation is not None
            yield lap
            if stop():
                return
        if error:
            failed.append(error)
            yield _lap(plan, trial, len(ends) + 1, [NOTHING, *ends][-1], str(error))
    for trial in whole:
        if trial not in asked:
            ends = finishes(trial.folder)
            empty = _lap(plan, trial, 0, NOTHING, NOT_BEGUN)
            for lap in _laps(judges, trial, ends, failed) if ends else [empty]:
                judged = judged or lap.evaluation is not None
                yield lap
                if stop():
                    return
    if failed and not judged:
        raise failed[0]


def _now(plan: Plan, asked: Sequence[Trial], place: int) -> str:
    """Return what is trained now, and how long the training of the rest takes at most."""
    trial = asked[place]
    left = sum(seconds_left(t.folder, plan.seconds, plan.laps) for t in asked[place:])
    of = "training" if plan.clock == "wall" else "CPU time"
    run = f"run {place + 1} of {len(asked)}"
    return f"{run}: {trial.name}, seed {trial.seed}; {duration(left)} of {of} left"


def _trained(
    plan: Plan, trial: Trial, stop: Stop, say: Say
) -> tuple[list[Finish], GanzooError | None]:
    """Train what is left of a trial; return the ends of its laps, and the error that ended it."""
    ends: list[Finish] = []
    try:
        for end in train_laps(
            trial.choice.entry.qualified, trial.folder, options=trial.choice.options,
            seconds=plan.seconds, count=plan.laps,
            clock=CLOCKS[plan.clock], data=plan.data, device=plan.device,
            settings={**(plan.settings or {}), "seed": trial.seed}, stop=stop, say=say,
        ):  # fmt: skip
            ends.append(end)
    except (OutputError, RunInUseError):  # these are of the folder, so of all runs
        raise
    except GanzooError as error:
        return ends, error
    return ends, None


def _laps(
    judges: Judges, trial: Trial, ends: Sequence[Finish], failed: list[GanzooError]
) -> Iterator[Lap]:
    """Yield the laps of a trial, each when it is judged; errors of that are added to `failed`."""
    run = run_in(trial.folder)
    for number, end in enumerate(ends, start=1):
        evaluation, why = None, end.why
        try:
            evaluation = judges.evaluation(run, end) if run else None
            why = why or ("" if evaluation else NO_CHECKPOINT)
        except OutputError:
            raise
        except GanzooError as error:
            failed.append(error)
            why = f"it cannot be judged: {error}"
        yield _lap(judges.plan, trial, number, end, why, evaluation)


def _lap(
    plan: Plan,
    trial: Trial,
    number: int,
    end: Finish,
    why: str,
    evaluation: Evaluation | None = None,
) -> Lap:
    """Return a lap of a trial; its time was over, or the run was, at `end`."""
    return Lap(
        name=trial.name, seed=trial.seed, number=number,
        asked=plan.seconds * number / plan.laps, seconds=end.seconds, steps=end.step,
        samples_seen=end.samples_seen, why=why, evaluation=evaluation,
    )  # fmt: skip


def contest(plan: Plan, folder: Path, laps: Sequence[Lap]) -> Contest:
    """Return what `compare` yielded, with pictures of each architecture, ready to be written.

    They are of the first seed that was judged: a run that was left out may show other images.
    """
    whole = together(plan, folder)
    pictures = {}
    device = choose(plan.device)
    judged = {(lap.name, lap.seed) for lap in laps if lap.evaluation}
    for trial in sorted(
        trials(whole, folder), key=lambda trial: (trial.name, trial.seed) not in judged
    ):
        run = run_in(trial.folder)
        for end in reversed(finishes(trial.folder)):
            if run and trial.name not in pictures:
                with suppress(GanzooError):  # it diverged before there was a checkpoint
                    generator, _ = load_generator(end.checkpoint(run), str(device.torch))
                    pictures[trial.name] = generator.sample(8)
    about = [
        ("seconds asked for", f"{plan.seconds:g} ({plan.clock} clock)"),
        ("seeds", ", ".join(map(str, whole.seeds))),
        ("data", plan.data or "each architecture's own"),
        ("settings", _settings(plan)),
        ("device", str(device)),
    ]
    return Contest(laps=laps, about=about, pictures=pictures)


def _settings(plan: Plan) -> str:
    """Return the settings of all runs in words."""
    given = plan.settings or {}
    return ", ".join(f"{n}={v}" for n, v in given.items()) or "each architecture's own"
