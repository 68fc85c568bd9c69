"""Options of plugins: words become values of the annotated type, or an error that helps."""

from typing import Annotated, Any, Literal

import pytest

from ganzoo.errors import PluginError
from ganzoo.limits import Count, Within
from ganzoo.zoo.options import describe, parse_pairs, resolve, unparse


def plugin(
    *,
    width: int = 64,
    slope: float = 0.2,
    bias: bool = False,
    hidden: tuple[int, ...] = (256, 512),
    size: tuple[int, int] = (4, 4),
    kind: Literal["relu", "tanh"] = "relu",
    clip: float | None = None,
    note: str = "",
) -> None:
    """Takes one option of every supported type."""


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("width=8", 8),
        ("slope=0.1", 0.1),
        ("slope=1", 1.0),
        ("bias=yes", True),
        ("bias=false", False),
        ("hidden=128,256", (128, 256)),
        ("hidden=128", (128,)),
        ("hidden=256,", (256,)),
        ("hidden=[128, 256]", (128, 256)),
        ("hidden=none", ()),
        ("size=2,3", (2, 3)),
        ("kind=tanh", "tanh"),
        ("clip=none", None),
        ("clip=0.5", 0.5),
        ("note=a=b", "a=b"),
    ],
)
def test_a_word_becomes_a_value(word: str, value: Any) -> None:
    key = word.partition("=")[0]
    resolved = resolve(plugin, parse_pairs([word]), "it")
    assert resolved[key] == value
    assert type(resolved[key]) is type(value)
    # What run.json and model files hold comes back as the same value.
    as_json = list(value) if isinstance(value, tuple) else value
    assert resolve(plugin, {key: as_json}, "it") == resolved


def test_a_word_may_stand_for_none_and_for_no_numbers() -> None:
    def optional(*, widths: tuple[int, ...] | None = (1,)) -> None: ...

    assert resolve(optional, {"widths": "none"}, "it") == {"widths": None}
    assert resolve(plugin, {"hidden": unparse(())}, "it")["hidden"] == ()


@pytest.mark.parametrize(
    "word",
    ["width=wide", "width=1.5", "width=", "hidden=", "hidden=,", "slope=steep", "bias=maybe",
     "hidden=1,two", "size=1", "size=1,2,3", "kind=gelu", "clip=x"],
)  # fmt: skip
def test_a_wrong_type_is_named_with_the_options_there_are(word: str) -> None:
    with pytest.raises(PluginError, match=rf"it: {word} is not of type .*; its options are width"):
        resolve(plugin, parse_pairs([word]), "it")


def test_an_unknown_option_lists_those_there_are() -> None:
    with pytest.raises(PluginError, match="it has no option 'depth'; its options are width: int"):
        resolve(plugin, {"depth": "3"}, "it")


def test_a_word_without_equals_is_refused() -> None:
    with pytest.raises(PluginError, match="write key=value"):
        parse_pairs(["width"])


def test_the_last_of_two_values_holds_and_dashes_are_underscores() -> None:
    assert parse_pairs(["latent-dim=1", "latent_dim=2"]) == {"latent_dim": "2"}


def test_a_function_without_options_says_so() -> None:
    assert describe(lambda: None) == "it takes no options"


def limited(
    *,
    depth: Count | None = None,
    widths: tuple[Count, ...] | None = None,
    pairs: tuple[tuple[Count, ...], ...] = (),
    every: Annotated[int | Literal["auto"], Within(1)] = "auto",
    mode: Count | str = "all",
    clip: Count | Literal[0] = 0,
    share: Annotated[tuple[float, float] | None, Within(0, 1)] = None,
) -> None:
    """Limits in each place of an annotation where Python takes them."""


@pytest.mark.parametrize(
    ("name", "given", "why"),
    [
        ("depth", "0", "depth must be at least 1, not 0"),
        ("widths", "8,0", "widths must be at least 1, not 0"),
        ("pairs", [[2], [0]], "pairs must be at least 1, not 0"),
        ("every", "-2", "every must be at least 1, not -2"),
        ("mode", "0", "mode must be at least 1, not 0"),
        ("clip", "-1", "clip must be at least 1, not -1"),
        ("share", "0.5,2", r"share must be from 0 to 1, not 2\.0"),
        (
            "share",
            [10**400, 1],
            r"share=\[1000.*… is not of type tuple\[float, float\] \| None;",
        ),
    ],
)
def test_a_limit_holds_wherever_it_stands_in_an_annotation(name: str, given: Any, why: str) -> None:
    with pytest.raises(PluginError, match=f"^it: {why}"):
        resolve(limited, {name: given}, "it")


def test_a_number_that_python_does_not_write_is_refused_too() -> None:
    with pytest.raises(PluginError, match=r"^it: depth must be at least 1, not a number of thous"):
        resolve(limited, {"depth": -(10**5000)}, "it")


def test_words_and_numbers_within_limits_are_taken() -> None:
    given = {"depth": "3", "widths": "8,1", "pairs": [[2]], "every": "auto", "mode": "some"}
    given |= {"clip": "0", "share": "0,1"}
    wanted = {"depth": 3, "widths": (8, 1), "pairs": ((2,),), "every": "auto", "mode": "some"}
    assert resolve(limited, given, "it") == {**wanted, "clip": 0, "share": (0.0, 1.0)}
    assert resolve(limited, {"depth": "none", "mode": "7"}, "it")["mode"] == 7
    assert "depth: int | None = None; " in describe(limited)
    assert "every: int | Literal['auto'] = auto" in describe(limited)
    assert resolve(limited, {"depth": 10**400}, "it")["depth"] == 10**400  # no float holds it


def needy(width: int, slope: float = 0.2, *others: int, **more: int) -> None:
    """Has an option without a default."""


def test_an_option_without_a_default_needs_a_value() -> None:
    with pytest.raises(PluginError, match="'needy': width has no default, and no value was given"):
        resolve(needy, {}, "'needy'")
    assert resolve(needy, {"width": "3"}, "'needy'") == {"width": 3, "slope": 0.2}
    assert describe(needy) == "its options are width: int; slope: float = 0.2"
