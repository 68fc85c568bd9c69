"""What can differ between two drawn faces, and face i of a seed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ganzoo.seeds import uniform
from ganzoo_plugins.drawing import Colour, between, pick

SKINS: list[Colour] = [
    (255, 224, 200), (250, 208, 176), (238, 184, 146), (214, 152, 112), (168, 110, 76),
    (120, 76, 54),
]  # fmt: skip
HAIRS: list[Colour] = [
    (38, 32, 40), (78, 48, 36), (128, 78, 44), (178, 82, 40), (236, 196, 104), (226, 226, 232),
    (232, 126, 168), (92, 128, 216), (70, 160, 142), (140, 92, 180),
]  # fmt: skip
IRISES: list[Colour] = [
    (84, 56, 40), (60, 110, 190), (62, 142, 92), (150, 104, 50), (120, 84, 168), (60, 70, 84),
]  # fmt: skip
BACKGROUNDS: list[Colour] = [
    (250, 243, 224), (206, 230, 246), (252, 214, 214), (214, 240, 214), (230, 220, 248),
    (255, 232, 178), (196, 214, 222), (244, 244, 248),
]  # fmt: skip
CLOTHES: list[Colour] = [
    (222, 84, 84), (66, 104, 178), (70, 150, 110), (240, 180, 72), (120, 88, 150), (60, 66, 82),
    (244, 244, 240), (236, 136, 88),
]  # fmt: skip

BACKS = ["none", "bob", "long", "afro", "buns", "tail"]
KINDS = tuple(
    f"{back}, {glasses}, {mouth}"
    for back in ("short hair", "bob", "long hair", "afro", "buns", "tail")
    for glasses in ("no glasses", "glasses")
    for mouth in ("mouth closed", "mouth open")
)
"""The classes of faces: 24 combinations of three attributes that are seen in a small picture too.
Each is that of 1/36 or 1/18 of the faces."""

NUMBERS = 18
"""Numbers that decide a face."""


@dataclass(frozen=True)
class Face:
    """What can differ between two faces."""

    background: Colour
    skin: Colour
    hair: Colour
    iris: Colour
    clothes: Colour
    collar: str
    width: float  # of the head, in 96ths of the picture
    chin: float
    back: str  # hair behind the head
    front: str  # hair on the forehead
    eyes: str
    eye_height: float
    brows: str
    nose: str
    mouth: str
    glasses: str
    cheeks: str
    earrings: bool

    @classmethod
    def of(cls, seed: int, index: int) -> Face:
        """Return face `index` of `seed`."""
        return cls.from_numbers(uniform(seed, index, NUMBERS).tolist())

    @classmethod
    def from_numbers(cls, numbers: Iterable[float]) -> Face:
        """Return the face that `NUMBERS` numbers in [0, 1) decide."""
        u = iter(numbers)
        return cls(
            background=pick(BACKGROUNDS, next(u)),
            skin=pick(SKINS, next(u)),
            hair=pick(HAIRS, next(u)),
            iris=pick(IRISES, next(u)),
            clothes=pick(CLOTHES, next(u)),
            collar=pick(["round", "v", "hood"], next(u)),
            width=between(23.0, 26.5, next(u)),
            chin=between(74.0, 78.5, next(u)),
            back=pick(BACKS, next(u)),
            front=pick(["straight", "parted", "swept", "spiky", "curly", "receding"], next(u)),
            eyes=pick(["round", "almond", "sleepy", "happy"], next(u)),
            eye_height=between(52.5, 54.5, next(u)),
            brows=pick(["soft", "straight", "raised", "angry"], next(u)),
            nose=pick(["dot", "button", "line"], next(u)),
            mouth=pick(["smile", "grin", "open", "flat", "sad", "small"], next(u)),
            glasses=pick(["", "", "", "", "round", "round", "square", "dark"], next(u)),
            cheeks=pick(["", "blush", "freckles"], next(u)),
            earrings=next(u) < 0.25,
        )

    @property
    def kind(self) -> int:
        """The face's class: an index into `KINDS`."""
        glasses, is_open = self.glasses != "", self.mouth in {"grin", "open"}
        return (BACKS.index(self.back) * 2 + glasses) * 2 + is_open
