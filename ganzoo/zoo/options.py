"""Options of plugins: `key=value` words, checked against a function's annotations."""

from __future__ import annotations

import inspect
import sys
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from ganzoo.architecture import Plugin
from ganzoo.config import listed
from ganzoo.errors import PluginError
from ganzoo.limits import Within
from ganzoo.printable import caption

NOTHING = "none"
"""The word for an empty tuple."""
_BOOLS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class UnknownOptionError(PluginError):
    """A plugin has no option of a name; `option` is that name."""

    def __init__(self, whose: str, option: str, known: str) -> None:
        """Say whose options they are, and which are `known`."""
        super().__init__(f"{whose} has no option '{option}'; {known}")
        self.option = option


class _BeyondError(Exception):
    """A number is beyond its limit; the text says what it must be, and which it is."""


def parse_pairs(pairs: Iterable[str]) -> dict[str, str]:
    """Split `key=value` words; a key given twice keeps its last value."""
    options = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise PluginError(f"'{pair}' is not an option: write key=value, e.g. width=16")
        options[key.strip().replace("-", "_")] = value.strip()
    return options


def resolve(function: Plugin, given: Mapping[str, Any], whose: str) -> dict[str, Any]:
    """Return all options of `function`: its defaults, overridden by `given` (words or JSON values).

    Raises PluginError for an unknown name, a wrong type, a number beyond the limits that the
    function declares, or an option without a default; `whose` tells whose options they are.
    """
    parameters = _options(function)
    annotations = _hints(function, extras=True)
    if unknown := [key for key in given if key not in parameters]:
        raise UnknownOptionError(whose, unknown[0], describe(function))
    resolved = {name: parameter.default for name, parameter in parameters.items()}
    for name, value in given.items():
        try:
            resolved[name] = _convert(value, annotations.get(name, str))
        except _BeyondError as error:
            raise PluginError(f"{whose}: {name} {error}") from None
        except ValueError:
            kind = _spell(_hints(function).get(name, str))
            raise PluginError(
                f"{whose}: {name}={_shown(value)} is not of type {kind}; {describe(function)}"
            ) from None
    if missing := [name for name, value in resolved.items() if value is inspect.Parameter.empty]:
        raise PluginError(f"{whose}: {missing[0]} has no default, and no value was given")
    return resolved


def offers(function: Plugin, name: str, value: Any) -> bool:
    """Return whether the option `name` of `function` is a Literal that has `value` as a choice."""
    annotation = _hints(function).get(name)
    return get_origin(annotation) is Literal and value in get_args(annotation)


def describe(function: Plugin) -> str:
    """Return the options of `function` in one line: `its options are width: int = 64`."""
    annotations = _hints(function)
    words = [
        f"{name}: {_spell(annotations.get(name, str))}"
        + (f" = {unparse(p.default)}" if p.default is not p.empty else "")
        for name, p in _options(function).items()
    ]
    return f"its options are {'; '.join(words)}" if words else "it takes no options"


def _options(function: Plugin) -> dict[str, inspect.Parameter]:
    """Return the parameters of `function` that have a name to give a value to."""
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(function).parameters
    return {name: p for name, p in parameters.items() if p.kind not in several}


def _hints(function: Plugin, *, extras: bool = False) -> dict[str, Any]:
    """Return the options' annotations; the result's may be a name that is not imported.

    With `extras` they are as they were written, with what `Annotated` adds.
    """
    function = inspect.unwrap(function)
    written = {k: v for k, v in inspect.get_annotations(function).items() if k != "return"}
    bare = types.SimpleNamespace(__annotations__=written)
    names = getattr(function, "__globals__", {})
    return typing.get_type_hints(bare, globalns=names, include_extras=extras)


def _check(value: Any, limit: Within) -> None:
    """Raise _BeyondError where a number, or one in a tuple, is beyond a limit; words have none."""
    if isinstance(value, tuple):
        for each in value:
            _check(each, limit)
    elif isinstance(value, int | float) and not limit.holds(value):
        raise _BeyondError(f"must be {limit}, not {_shown(value, ',')}")


def _shown(value: Any, form: str = "") -> str:
    """Return a value in few characters; Python writes no whole number of 4,301 digits."""
    try:
        return caption(format(value, form) if form else str(value))
    except ValueError:
        return "a number of thousands of digits"


def _convert(value: Any, annotation: Any) -> Any:
    """Convert `value`, a word or a JSON value, to `annotation`; ValueError if it does not fit."""
    if hasattr(value, "dtype") and hasattr(value, "item"):  # a number of numpy's
        value = value.item()
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        converted = _convert(value, arguments[0])
        for limit in arguments[1:]:
            if isinstance(limit, Within):
                _check(converted, limit)
        return converted
    if origin in (Union, types.UnionType):
        return _first_that_fits(value, arguments)
    if origin is Literal:
        return _convert_literal(value, arguments)
    if origin is tuple:
        return _convert_tuple(value, arguments)
    if annotation is types.NoneType:
        return _require(None, value in (None, "none", "None"))
    if annotation is bool and isinstance(value, str):
        return _BOOLS[value.lower()] if value.lower() in _BOOLS else _require(None, False)
    if annotation in (int, float) and isinstance(value, str):
        return annotation(value)
    if annotation is float and type(value) is int:
        return float(_require(value, abs(value) <= sys.float_info.max))
    return _require(value, type(value) is annotation)


def _first_that_fits(value: Any, annotations: tuple[Any, ...]) -> Any:
    """Convert `value` to the first type of a union that it fits: None before all, `str` last.

    A number that is beyond the limit of each is no text either.
    """
    beyond: _BeyondError | None = None
    for alternative in sorted(annotations, key=lambda a: (a is not types.NoneType, a is str)):
        if alternative is str and beyond:
            break
        try:
            return _convert(value, alternative)
        except ValueError:
            continue
        except _BeyondError as error:
            beyond = beyond or error
    raise beyond or ValueError(value)


def _convert_literal(value: Any, choices: tuple[Any, ...]) -> Any:
    by_word = {str(choice): choice for choice in choices}
    return by_word[str(value)] if str(value) in by_word else _require(None, False)


def _convert_tuple(value: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Convert `256,512` or [256, 512] to tuple[int, ...] or tuple[int, int]; `none` to ()."""
    items = _items(value)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        arguments = (arguments[0],) * len(items)
    _require(items, len(items) == len(arguments))
    return tuple(_convert(item, kind) for item, kind in zip(items, arguments, strict=True))


def _items(value: Any) -> list[Any]:
    """Return what belongs into a tuple; ValueError for an empty word, which says nothing."""
    if isinstance(value, str):
        words = [word for word in listed(value) if word]
        return [] if words == [NOTHING] else _require(words, words != [])
    return list(value) if isinstance(value, list | tuple) else [value]  # one number, or many


def _require(value: Any, holds: bool) -> Any:
    if not holds:
        raise ValueError(value)
    return value


def _spell(annotation: Any) -> str:
    if annotation is types.NoneType:
        return "None"
    if get_origin(annotation) in (Union, types.UnionType):
        return " | ".join(map(_spell, get_args(annotation)))
    return (
        annotation.__name__
        if isinstance(annotation, type) and not get_args(annotation)
        else str(annotation).replace("typing.", "")
    )


def unparse(value: Any) -> str:
    """Return a value, or what JSON made of it, as one writes it after `key=`."""
    if isinstance(value, tuple | list):
        return ",".join(map(str, value)) or NOTHING
    return str(value)
