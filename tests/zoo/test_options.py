"""Options of plugins: words become values of the annotated type, or an error that helps."""

from typing import Any, Literal

import pytest

from ganzoo.errors import PluginError
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
