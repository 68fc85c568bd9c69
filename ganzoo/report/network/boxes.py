"""Boxes of a picture of a network: a layer, with what belongs to it and is used nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ganzoo.draw.network.steps import Kind

MOST_WORDS = 12
"""Most words before or after the main ones of a box."""


@dataclass(frozen=True)
class Box:
    """Some steps as one: the words of the main one, and of those `before` and `after` it.

    `takes` are places in the list of boxes; the rest is as in `Step`.
    """

    main: str
    kind: Kind | Literal["block"]
    takes: tuple[int, ...]
    shape: tuple[int, ...] | None
    parameters: int = 0
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    details: tuple[str, ...] = ()

    @property
    def joins(self) -> bool:
        """Whether it is arithmetic that brings several values together."""
        return self.kind == "loose" and len(self.takes) > 1


def joined(made: Sequence[Box]) -> list[Box]:
    """Return the boxes, with those that only go with one other in that one."""
    found = dict(enumerate(made))
    while _join_some(found):
        pass
    places = {number: place for place, number in enumerate(found)}
    return [
        replace(
            box,
            takes=tuple(places[t] for t in box.takes),
            before=brief(box.before),
            after=brief(box.after),
        )
        for box in found.values()
    ]


def _join_some(found: dict[int, Box]) -> bool:
    """Put boxes into others, each of which is only touched once; return whether there were any."""
    users = dict[int, list[int]]()
    for number, box in found.items():
        for taken in box.takes:
            users.setdefault(taken, []).append(number)
    touched = set[int]()
    for number in [*found]:
        pair = None if number in touched else _pair(found, number, users)
        if pair is None:
            continue
        gone, into = pair
        near = {gone, into, *users.get(gone, []), *found[gone].takes}
        if near & touched:
            continue
        touched |= near
        a, b = found.pop(gone), found[into]
        words = (*a.before, a.main, *a.after)
        if gone > into:  # it follows
            found[into] = _with(b, a, shape=a.shape, after=(*b.after, *words))
            for user in users[gone]:
                takes = tuple(into if t == gone else t for t in found[user].takes)
                found[user] = replace(found[user], takes=takes)
        else:
            found[into] = _with(b, a, takes=a.takes, before=(*words, *b.before))
    return bool(touched)


def brief(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return no more than `MOST_WORDS`."""
    more = len(words) - MOST_WORDS
    return words if more <= 1 else (*words[:MOST_WORDS], f"{more} more")


def _with(box: Box, other: Box, **changes: Any) -> Box:
    several = replace(box, **changes)
    return replace(
        several,
        parameters=box.parameters + other.parameters,
        details=(*box.details, *other.details),
    )


def _pair(
    found: Mapping[int, Box], number: int, all_users: Mapping[int, Sequence[int]]
) -> tuple[int, int] | None:
    """Return a box that goes, and the one that it goes into; None where it stays."""
    box, users = found[number], all_users.get(number, [])
    if box.kind not in {"plain", "loose"} or len(box.takes) != 1 or not users:
        return None
    (source,) = box.takes
    before = found[source]
    user = found[users[0]] if len(users) == 1 else None
    leads = user is not None and user.kind == "layer" and len(user.takes) == 1
    if leads and _opens(before.shape, box.shape):
        return number, users[0]
    if len(all_users[source]) == 1 and before.kind not in {"input", "weights"}:
        return number, source
    return (number, users[0]) if leads else None


def _opens(before: tuple[int, ...] | None, after: tuple[int, ...] | None) -> bool:
    """Return whether a step rather begins the next layer: it enlarges an image or flattens it."""
    if before is None or after is None:
        return False
    if len(before) == len(after) == 3:
        return after[1] > before[1]
    return len(before) == 3 and len(after) == 1
