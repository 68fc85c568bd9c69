"""Watch a run while it is trained: show its events as they come, and draw pictures at the end."""

from __future__ import annotations

import signal
import sys
from collections import deque
from collections.abc import Generator
from contextlib import closing, redirect_stdout
from dataclasses import dataclass
from shlex import quote

from ganzoo.api.plan import Spell, as_python, plan, print_plan
from ganzoo.api.progress import Display, follow
from ganzoo.api.progress.view import Shown
from ganzoo.api.signals import Stop
from ganzoo.api.terminal import print_line
from ganzoo.errors import DivergedError, reason
from ganzoo.runs.carrying import Opened
from ganzoo.runs.folder import METRICS, Run
from ganzoo.runs.job import Say
from ganzoo.train.events import Event, Finished


@dataclass(frozen=True)
class Watched:
    """The first and the last event of a run."""

    opened: Opened
    last: Finished

    @property
    def leads(self) -> bool:
        """Whether this process is the leader, which writes and prints."""
        return self.opened.work.job.world.leads


def watch(
    events: Generator[Event], display: Display, stop: Stop, say: Say, spell: Spell = as_python
) -> Watched:
    """Show the events of a run until it ends, and draw its pictures if its settings say so.

    `say` is called for pictures that could not be drawn. `spell` spells the plan for its reader. A
    KeyboardInterrupt is raised again with words that say how to go on; other errors pass.
    """
    with closing(events):
        opened = next(events)
        assert isinstance(opened, Opened)
        work, run, stop.patient = opened.work, opened.run, True
        if not work.job.world.leads:
            (last,) = deque(events, maxlen=1)
            assert isinstance(last, Finished)
            return Watched(opened, last)
        lines = plan(opened, spell)
        if display.words:
            print_plan(lines)
        shown = Shown(
            run=run.path,
            plan=lines,
            epochs=opened.epochs,
            steps=opened.steps,
            images=len(work.job.images.pixels),
            scores=work.job.loaded.value.objective.scores,
            judged=work.saving.judged() is not None,
            earlier=run.lines(METRICS),
        )
        try:
            last = follow(events, shown, display)
        except DivergedError:
            if work.saving.report:
                _leave_pictures(run, stop, display, say)
            raise
        except KeyboardInterrupt:
            go_on = f"training; go on with: ganzoo resume {quote(str(run.path))}"
            raise KeyboardInterrupt(go_on) from None
        assert isinstance(last, Finished)
        if work.saving.report and last.outcome == "completed":
            _leave_pictures(run, stop, display, say)
        deque(events, maxlen=0)  # the other processes wait for the pictures
    return Watched(opened, last)


def _leave_pictures(run: Run, stop: Stop, display: Display, say: Say) -> None:
    """Draw the pictures of the run; an error there is only a remark, as the training is done.

    Ctrl-C skips the rest. What a plugin prints goes to stderr: programs may read standard output.
    """
    later = f"`ganzoo report {quote(str(run.path))}` draws them"
    try:
        from ganzoo.report.of_run import leave
        from ganzoo.runs.folder import REPORT
    except Exception as error:
        say(f"no pictures can be drawn: {reason(error)}; then {later}")
        return
    if display.words:
        print_line(f"report: {run.path / REPORT}")
    try:
        with redirect_stdout(sys.stderr):
            for fault in leave(run, stop):
                say(f"some pictures could not be drawn: {fault}; {later}")
    except KeyboardInterrupt:
        stop.received = stop.received or signal.SIGINT
    if stop():
        say(f"some pictures are not drawn: {later}")
