"""Show a run as JSON, one object in a line, for a program that follows it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from shlex import quote

from ganzoo.api.progress.view import Shown, Update
from ganzoo.api.terminal import print_json
from ganzoo.train.events import (
    Drawn,
    EpochEnded,
    Evaluated,
    Event,
    Finished,
    Logged,
    Started,
    Warned,
)


@contextmanager
def show(shown: Shown) -> Iterator[Update]:
    """Print objects to standard output; what anything else prints goes to stderr meanwhile.

    Yields a function to call with every event.
    """
    out = sys.stdout

    def tell(name: str, event: Event, **facts: object) -> None:
        where = {"step": event.state.step, "epoch": event.epoch}
        print_json({"event": name, **where, **facts}, file=out)

    def update(event: Event) -> None:
        seen = event.state.samples_seen
        match event:
            case Started():
                ends = {"steps": shown.steps, "epochs": shown.epochs}
                tell("started", event, **ends, run=str(shown.run), plan=dict(shown.plan))
            case Logged(metrics=metrics, images_per_second=rate):
                tell("logged", event, samples_seen=seen, **metrics, images_per_second=rate)
            case EpochEnded():
                tell("epoch", event, samples_seen=seen)
            case Drawn(picture=picture, diversity=diversity):
                path = None if picture is None else str(picture)
                tell("drawn", event, picture=path, diversity=diversity)
            case Evaluated(scores=scores, seconds=seconds):
                tell("evaluated", event, samples_seen=seen, **scores, evaluation_seconds=seconds)
            case Warned(text=text):
                tell("warned", event, text=text)
            case Finished(outcome=outcome):
                path = quote(str(shown.run))
                command = {"completed": f"ganzoo export {path}"}
                then = command.get(outcome, f"ganzoo resume {path}")
                how = {"outcome": outcome, "next": then}
                tell("finished", event, steps=shown.steps, run=str(shown.run), **how)

    with redirect_stdout(sys.stderr):
        yield update
