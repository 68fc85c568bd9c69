"""The check that a training which was broken off and gone on with ends as one without a break."""

from __future__ import annotations

import time

import torch

from ganzoo.architecture import Architecture
from ganzoo.conformance.trying import labels, noise, short
from ganzoo.errors import PluginError
from ganzoo.runs.state_files import restore, to_files
from ganzoo.train.loop import fit
from ganzoo.train.state import TrainState
from ganzoo.zoo.registry import Loaded

CPU = torch.device("cpu")
LONG_RUN = 10.0
"""Seconds that a hundred steps may take for the check of a late break to be made."""
HINT = (
    "something that continues is in no state_dict; let schedules do what changes in a run, or "
    "D.step and D.images_seen in a loss, or keep it in a buffer of a network"
)


def checkpoint(loaded: Loaded[Architecture]) -> str:
    """Check that training that is saved after a step and resumed ends as if there was no break.

    It is saved after steps 1, 2 and 3; after 99 too where the steps are quick, as some code does
    something at its hundredth.
    """
    began = time.perf_counter()
    breaks = [1, 2, 3]
    _check_breaks(loaded, breaks)
    steps = sum(breaks) + 4 * len(breaks)
    if (time.perf_counter() - began) / steps < LONG_RUN / 110:
        breaks = [99]
        _check_breaks(loaded, breaks)
    return "saved, read back and trained on, the same weights bit by bit"


def _check_breaks(loaded: Loaded[Architecture], breaks: list[int]) -> None:
    """Check that a run that is resumed after each of the steps `breaks` ends as one without."""
    gan, end = loaded.value, max(breaks) + 4
    saved = {}
    for event in fit(gan, noise(gan), short(gan, end), labels=labels(gan)):
        if event.state.step in breaks and event.state.step not in saved:
            written = to_files(event.state, loaded, "none")
            saved[event.state.step] = {n: b"".join(pieces) for n, pieces in written.items()}
    whole = event.state
    for step, files in saved.items():
        resumed = TrainState.fresh(gan, short(gan, end, seed=1), CPU)
        restore(resumed, files)
        *_, last = fit(gan, noise(gan), short(gan, end), labels=labels(gan), state=resumed)
        _require_same_end(whole, last.state, step)


def _require_same_end(whole: TrainState, resumed: TrainState, step: int) -> None:
    """Raise PluginError where a run that was resumed after `step` ended in another state."""
    for which in ("generator", "discriminator"):
        a, b = (getattr(state, which).state_dict() for state in (whole, resumed))
        differs = [name for name in a if not torch.equal(a[name], b[name])]
        found = f"the {which}'s {', '.join(differs[:1])} differs after a break at step {step}"
        if differs:
            raise PluginError(f"{found}: {HINT}")
        a, b = (getattr(state, f"{which}_optimizer").param_groups for state in (whole, resumed))
        for one, other in zip(a, b, strict=True):
            changed = [k for k in one if k != "params" and _plain(one[k]) != _plain(other[k])]
            found = f"the {which}'s optimizer has another {', '.join(changed[:1])}"
            if changed:
                raise PluginError(f"{found} after a break at step {step}: {HINT}")


def _plain(value: object) -> object:
    """Return a setting of an optimizer as JSON gives it back: a list for a tuple."""
    return list(value) if isinstance(value, tuple) else value
