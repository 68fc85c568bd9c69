"""The networks of an architecture side by side, on no more than a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from typing import NamedTuple

from ganzoo.draw.network.steps import Flow
from ganzoo.report.network import folding, routing
from ganzoo.report.network.boxes import Box
from ganzoo.report.network.layout import LINE, PAD, SIZE, SMALL, Placed, arranged
from ganzoo.report.network.shapes import Picture, Shape, Text, width_of, wrapped

WIDTH, HEIGHT = 453.5, 700.0
"""Points that a picture is wide, 16 cm, and high at most, 24.7 cm: it fits an A4 page."""
BETWEEN, HEAD, FOOT, GUTTER = 16.0, 26.0, 5, 6
"""Points between two networks and of the title; lines below; most tracks beside a network."""
MOST_BOXES, MOST_KINDS = 150, 30
"""More boxes than these are not laid out, and no more kinds of modules are tried: files are from
strangers."""


class Laid(NamedTuple):
    """Boxes in their places, the ways between them, and where each row begins and ends."""

    placed: list[Placed]
    ways: list[routing.Way]
    tops: list[float]
    ends: list[float]

    @property
    def end(self) -> float:
        """Where the lowest row ends."""
        return self.ends[-1]


def draw(flows: Sequence[Flow], title: str, remarks: Sequence[str] = ()) -> Picture:
    """Return the picture of networks, the first on the left; `title` may be "".

    Below stands what the picture does not say by itself, and `remarks`.
    """
    picture = Picture(WIDTH)
    size = min(11.0, 11.0 * WIDTH / max(width_of(title, 11, bold=True), 1))
    head = HEAD if title else 10.0
    picture.texts += [Text((0, 11), title, size, bold=True)] * bool(title)
    room = (WIDTH - BETWEEN * (len(flows) - 1)) / len(flows)
    most = HEIGHT - head - LINE * FOOT
    ends = [
        _network(picture, flow, number * (room + BETWEEN), room, head, most)
        for number, flow in enumerate(flows)
    ]
    picture.height = max(ends) + 6
    for line in (x for each in (*_legend(picture, flows), *remarks) for x in _lines(each)):
        picture.height += LINE
        picture.texts.append(Text((0, picture.height), line, SMALL, faint=True))
    picture.height += 4
    return picture


def _lines(remark: str) -> list[str]:
    return wrapped([remark], WIDTH, SMALL)


def _legend(picture: Picture, flows: Sequence[Flow]) -> Iterator[str]:
    """Yield what the picture does not say by itself."""
    unit = flows[0].unit
    yield f"Numbers in boxes: {unit}. Between boxes: the shape of what is handed on, of one image."
    if any(shape.kind == "block" for shape in picture.shapes):
        yield "Violet: several layers as one box, so that all fits a page; not all are named."
    for flow in flows:
        left = flow.parameters - sum(step.parameters for step in flow.steps)
        if flow.unused:
            names = ", ".join(flow.unused)
            why = f"what this {flow.name} returns is made without"
            why = why if flow.known else "nothing tells how they are used"
            yield f"Not drawn, as {why}: {names} ({left:,} {flow.unit})."
        if not flow.known:
            yield (
                f"Dashed, the {flow.name}: its layers in the order in which they ran; how values "
                "flow between them is not known."
            )


def _network(
    picture: Picture, flow: Flow, left: float, room: float, top: float, most: float
) -> float:
    """Add a network to the picture, folded until it is `most` high; return where it ends."""
    right = left + room
    laid = _fitting(flow, left, right, top + 16, top + most)
    picture.texts.append(
        Text((left, top + 4), flow.name[:1].upper() + flow.name[1:], 8.5, bold=True)
    )
    picture.texts.append(
        Text((right, top + 4), f"{flow.parameters:,} {flow.unit}", SMALL, faint=True, anchor="end")
    )
    picture.lines += routing.lines(*laid, dashed=not flow.known)
    for number, p in enumerate(laid.placed):
        _box(picture, p)
        _shape_below(picture, p, [w.x for w in laid.ways if w.source == number], laid)
    return laid.end


def _fitting(flow: Flow, left: float, right: float, top: float, most: float) -> Laid:
    """Return the network's boxes in their places, folded until they end at `most` at the latest."""
    folded, best = list[str](), (inf, list[Box]())
    for kind in ("", *folding.kinds(flow)[:MOST_KINDS]):
        made = folding.boxes(flow, [*folded, kind])
        laid = _placed(made, left, right, top) if _is_small(made) else None
        if laid and laid.end <= most:
            return laid
        if (size := (laid.end if laid else inf, len(made))) < (best[0], len(best[1]) or inf):
            best = size[0], made
            folded.append(kind)
    whole = made = folding.repeated(folding.boxes(flow, folded, terse=True))
    count = len(whole)
    while True:
        if _is_small(made):
            last = _placed(made, left, right, top)
            if last.end <= most or count == 1:
                return last
        count = max(count * 3 // 4, 1)
        made = folding.windows(whole, count)


def _is_small(made: Sequence[Box]) -> bool:
    """Return whether there are so few boxes and lines that it is worth trying to lay them out."""
    return len(made) <= MOST_BOXES and sum(len(box.takes) for box in made) <= 2 * MOST_BOXES


def _placed(made: Sequence[Box], left: float, right: float, top: float) -> Laid:
    """Return boxes in their places, with as many tracks at the sides as their lines need."""
    for tracks in range(GUTTER + 1):
        inset = tracks * routing.TRACK
        lines = arranged(made, left + inset, right - inset)
        by_box = {id(p.box): p for line in lines for p in line}
        placed = [by_box[id(box)] for box in made]
        ways = routing.ways(placed, left, right, last := tracks == GUTTER)
        if ways is not None or last:
            break
    assert ways is not None
    gaps, y = routing.gaps(placed, ways), top
    tops, ends = list[float](), list[float]()
    for line, gap in zip(lines, gaps, strict=True):
        height = max(p.height for p in line)
        for p in line:
            p.y = y
        tops.append(y)
        ends.append(y + height)
        y += height + gap
    return Laid(placed, ways, tops, ends)


def _box(picture: Picture, p: Placed) -> None:
    x, kind = p.x - p.width / 2, p.box.kind
    radius = p.height / 2 if p.round or kind in {"input", "output"} else 2.5
    picture.shapes.append(
        Shape((x, p.y), p.width, p.height, radius, kind, "\n".join(p.box.details))
    )
    if p.round:
        picture.texts.append(Text((p.x, p.y + 8.6), p.box.main, 8, anchor="middle"))
    else:
        centred = not p.total and len(p.lines) == 1
        for number, (words, bold) in enumerate(p.lines):
            if not words:  # a line for the number alone
                continue
            y = p.y + PAD + LINE * (number + 1) - 2.6
            at = (p.x, y) if centred else (x + PAD, y)
            picture.texts.append(
                Text(at, words, SIZE, bold, anchor="middle" if centred else "start")
            )
    if p.total:
        at = (x + p.width - PAD, p.bottom - PAD - 1.6)
        picture.texts.append(Text(at, p.total, SMALL, faint=True, anchor="end"))


def _shape_below(picture: Picture, p: Placed, xs: Sequence[float], laid: Laid) -> None:
    """Write the shape of what a box makes below it, on the side where no line runs."""
    if not xs or (not p.box.shape and p.box.kind == "input"):
        return
    words = "×".join(map(str, p.box.shape)) or "1" if p.box.shape is not None else ""
    width = width_of(words, SMALL) + 6
    right = any(p.x + 0.5 < x < p.x + width for x in xs)
    turns = any(abs(x - p.x) > 0.5 for x in xs)
    y = laid.ends[p.row] if turns else p.bottom
    at = (p.x - 4 if right else p.x + 4, y + (11.5 if turns else 9.8))
    picture.texts.append(Text(at, words, SMALL, faint=True, anchor="end" if right else "start"))
