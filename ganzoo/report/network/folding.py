"""Steps of a network put into fewer boxes, so that it can be read on one page.

What follows a layer and is used nowhere else (a norm, an activation) is in the layer's box. Where
that is not enough, whole modules become boxes, those of the fewest steps first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

from ganzoo.draw.network.steps import Call, Flow, Kind, Step
from ganzoo.report.network.boxes import Box, brief, joined

CONTAINERS = {"Sequential", "ModuleList", "ModuleDict"}
"""Modules whose class says nothing of what they are: their name says more."""
MOST_INPUTS = 12
"""Most inputs that get a box each where a network does not fit."""
MANY = 7
"""Most words that say what is in a module."""
WHOLE = 0.7
"""Share of a network's steps that a module may hold and still become one box."""


def boxes(flow: Flow, folded: Iterable[str] = (), terse: bool = False) -> list[Box]:
    """Return the boxes of a network, in which each module of the kinds `folded` is one.

    If it has to be `terse`, such a box names only what holds weights.
    """
    return joined(_contracted(flow.steps, frozenset(folded), terse))


def kinds(flow: Flow) -> list[str]:
    """Return the kinds of modules that may be folded: those of the fewest steps first."""
    inside = Counter(call for step in flow.steps for call in step.within)
    sizes = dict[str, int]()
    for call, size in inside.items():
        sizes[_kind(call)] = max(sizes.get(_kind(call), 0), size)
    most = WHOLE * len(flow.steps)
    return sorted((k for k, size in sizes.items() if 2 <= size <= most), key=sizes.__getitem__)


def repeated(made: Sequence[Box]) -> list[Box]:
    """Return the boxes, with equal modules that follow each other as one: "4 × Residual"."""
    users = Counter(taken for box in made for taken in box.takes)
    groups = list[list[int]]()
    for number, box in enumerate(made):
        last = groups[-1] if groups else []
        follows = bool(last) and box.takes == (last[-1],) and users[last[-1]] == 1
        if follows and box.kind == "block" and _look(box) == _look(made[last[-1]]):
            last.append(number)
        else:
            groups.append([number])
    return _of_groups(
        made, groups, lambda several: (f"{len(several)} × {several[0].main}", several[0].after)
    )


def _look(box: Box) -> tuple[object, ...]:
    return box.main, box.before, box.after, box.shape, box.parameters


def windows(made: Sequence[Box], most: int) -> list[Box]:
    """Return at most `most` boxes, and the ends; each is of neighbours in the order they ran in.

    Of many inputs there is one box, too.
    """
    inner = [n for n, box in enumerate(made) if box.kind not in {"input", "output"}]
    size = -(-len(inner) // most)
    place = {n: -1 - n for n in range(len(made))} | {n: i // size for i, n in enumerate(inner)}
    inputs = [n for n, box in enumerate(made) if box.kind == "input"]
    if len(inputs) > MOST_INPUTS:
        place |= dict.fromkeys(inputs, -1)
    groups = dict[int, list[int]]()
    for number in range(len(made)):
        groups.setdefault(place[number], []).append(number)

    def name(several: Sequence[Box]) -> tuple[str, tuple[str, ...]]:
        if several[0].kind == "input":
            return f"{len(several):,} inputs", ()
        return f"{len(several):,} steps", _counted(several)

    return _of_groups(made, [*groups.values()], name)


def _kind(call: Call) -> str:
    """Return what is folded together: a class, or the places of modules that torch only lists."""
    return re.sub(r"\d+", "*", call.name) if call.kind in CONTAINERS else call.kind


def _contracted(steps: Sequence[Step], folded: frozenset[str], terse: bool) -> list[Box]:
    groups = _in_order_of_use(steps, [*_groups(steps, folded)])
    calls = {group[0]: _outermost(steps[group[0]], folded) for group in groups}
    singles = [
        Box(s.words, s.kind, s.takes, s.shape, s.parameters, details=(s.details,) * bool(s.details))
        for s in steps
    ]
    made = _of_groups(singles, groups, _in_order)
    for number, group in enumerate(groups):
        call = calls[group[0]]
        if call and len(group) > 1:
            title = call.name if call.kind in CONTAINERS else call.kind
            inside = _inside([steps[n] for n in group], terse)
            made[number] = replace(made[number], main=title, kind="block", after=inside)
    return made


def _groups(steps: Sequence[Step], folded: frozenset[str]) -> Iterator[list[int]]:
    """Yield the numbers of the steps of each box: of a module, of connected arithmetic, or one.

    All steps of a module, and all of a stretch of arithmetic, ran one after the other, so whatever
    a box takes was made before it and nothing goes round.
    """
    number = 0
    while number < len(steps):
        call, end = _outermost(steps[number], folded), number + 1
        if call:
            while end < len(steps) and call in steps[end].within:
                end += 1
            yield [*range(number, end)]
        elif steps[number].kind == "loose":
            within = steps[number].within
            while (
                end < len(steps) and steps[end].kind == "loose" and steps[end].within == within
                and not _outermost(steps[end], folded)
            ):  # fmt: skip
                end += 1
            yield from _connected(steps, range(number, end))
        else:
            yield [number]
        number = end


def _in_order_of_use(steps: Sequence[Step], groups: list[list[int]]) -> list[list[int]]:
    """Return the groups so that each takes of earlier ones alone."""
    place = {n: number for number, group in enumerate(groups) for n in group}
    needs = [{place[t] for n in g for t in steps[n].takes} - {i} for i, g in enumerate(groups)]
    order, done, left = list[int](), set[int](), [*range(len(groups))]
    while left:
        chosen = next(i for i in left if needs[i] <= done)
        order.append(chosen)
        done.add(chosen)
        left.remove(chosen)
    return [groups[i] for i in order]


def _outermost(step: Step, folded: frozenset[str]) -> Call | None:
    return next((call for call in step.within if _kind(call) in folded), None)


def _connected(steps: Sequence[Step], run: range) -> Iterator[list[int]]:
    """Yield parts of a stretch of arithmetic: what is done to one value, and what joins several."""
    sources = dict[int, frozenset[int]]()
    for number in run:
        inner = (sources.get(t, frozenset([t])) for t in steps[number].takes)
        sources[number] = frozenset().union(*inner)
    parts = list[list[int]]()
    for number in run:
        near = {
            t
            for t in steps[number].takes
            if (len(sources.get(t, ())) > 1) == (len(sources[number]) > 1)
        }
        mine = [part for part in parts if near & set(part)]
        parts = [part for part in parts if part not in mine]
        parts.append(sorted([number, *(n for part in mine for n in part)]))
    yield from parts


def _of_groups(
    made: Sequence[Box],
    groups: Sequence[Sequence[int]],
    name: Callable[[Sequence[Box]], tuple[str, tuple[str, ...]]],
) -> list[Box]:
    """Return a box of each group of boxes, of which `name` gives the main words and those after."""
    place = {n: number for number, group in enumerate(groups) for n in group}
    found = list[Box]()
    for number, group in enumerate(groups):
        several = [made[n] for n in group]
        if len(group) == 1:
            box = several[0]
        else:
            main, after = name(several)
            alike = {b.kind for b in several} in ({"loose"}, {"input"})
            kind: Kind | Literal["block"] = several[0].kind if alike else "block"
            details = tuple(d for b in several for d in b.details)
            box = Box(
                main,
                kind,
                (),
                several[-1].shape,
                sum(b.parameters for b in several),
                (),
                after,
                details,
            )
        takes = dict.fromkeys(place[t] for n in group for t in made[n].takes)
        found.append(replace(box, takes=tuple(t for t in takes if t != number)))
    return found


def _in_order(several: Sequence[Box]) -> tuple[str, tuple[str, ...]]:
    return ", ".join(brief(tuple(box.main for box in several))), ()


def _counted(several: Sequence[Box]) -> tuple[str, ...]:
    counts = Counter(
        word.split(" ")[0] for b in several for word in (*b.before, *_main(b), *b.after)
    )
    return tuple(f"{count} {word}" if count > 1 else word for word, count in counts.most_common())


def _inside(steps: Sequence[Step], terse: bool) -> tuple[str, ...]:
    """Return what a module does in a few words: its layers, activations, and where values meet.

    If it has to be `terse`, or where these are too many, activations and norms are left out.
    """
    told = [s for s in steps if s.kind != "loose" or s.words[:1].isupper() or len(s.takes) > 1]
    if terse or len(told) > MANY:
        told = [s for s in told if s.kind == "layer" or len(s.takes) > 1]
    pieces = list[str]()
    for word in _short(s.words.partition(",")[0] for s in told):
        if len(word) == 1 and pieces:
            pieces[-1] += f" · {word}"
        else:
            pieces.append(word)
    return tuple(pieces)


def _main(box: Box) -> list[str]:
    return [box.main] if box.kind != "block" else []


def _short(words: Iterable[str]) -> Iterator[str]:
    """Yield words, those that come several times in a row once."""
    last, times = "", 0
    for word in (*words, ""):
        if word == last:
            times += 1
            continue
        if last:
            yield f"{times} × {last}" if times > 1 else last
        last, times = word, 1
