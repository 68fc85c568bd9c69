"""Numbers that no network can be made of are refused in words, for each option of the zoo."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest

from ganzoo.errors import PluginError
from ganzoo.runs.job import open_architecture
from ganzoo.train.networks import describe_networks
from ganzoo.zoo import catalogue, registry

ZERO_IS_FINE = {"classes"}
"""Options for which 0 says that there are none, where the architecture can do without."""
LABELLED = {"cgan_fashion", "acgan_fashion"}


def numbers() -> Iterator[tuple[str, str, int]]:
    """Each option of our architectures that is a whole number, or several, with 0 and -1."""
    for entry in catalogue.architectures():
        function, _ = registry.import_function(entry)
        for name, parameter in inspect.signature(function).parameters.items():
            default = parameter.default
            if type(default) is int or (isinstance(default, tuple) and type(default[0]) is int):
                yield from ((entry.qualified, name, value) for value in (0, -1))


@pytest.mark.parametrize(("architecture", "option", "value"), [*numbers()])
def test_zero_and_less_are_refused(architecture: str, option: str, value: int) -> None:
    if value == 0 and option in ZERO_IS_FINE and architecture.partition(":")[2] not in LABELLED:
        assert open_architecture(architecture, {option: value}, print).value.classes == 0
        return
    with pytest.raises(PluginError) as refused:
        open_architecture(architecture, {option: str(value)}, print)
    told = str(refused.value)
    wrong = f"{option}={value} is not of type Literal" if option == "size" else f"{option} must be "
    assert wrong in told
    assert "cannot be used" not in told  # which is what a network of torch, or its maker, said
    if option != "size":
        assert told.endswith(f", not {value}")


@pytest.mark.parametrize("name", [entry.name for entry in catalogue.architectures()])
def test_the_least_that_is_taken_makes_networks(name: str) -> None:
    function, _ = registry.import_function(catalogue.find(catalogue.architectures(), name))
    least = dict.fromkeys(("latent_dim", "width", "hidden", "blocks", "penalty_every"), 1)
    least |= {"width": 2} if name in {"wgan_clip", "dcgan_fashion_maxpool"} else {}
    known = inspect.signature(function).parameters
    given = {option: value for option, value in least.items() if option in known}
    loaded = open_architecture(name, given, print)
    generator, discriminator = describe_networks(loaded.value)
    assert generator != discriminator


@pytest.mark.parametrize(
    ("name", "words", "why"),
    [
        ("r3gan", "burn_in=0", "burn_in must be above 0 and at most 1, not 0.0"),
        ("r3gan", "burn_in=1.5", "burn_in must be above 0 and at most 1, not 1.5"),
        ("r1gan", "gamma=-1", "gamma must be at least 0, not -1.0"),
        ("r1gan", "gamma=inf", "gamma must be at least 0, not inf"),
        ("stylegan2_small", "gamma=nan", "gamma must be at least 0, not nan"),
        ("wgan_clip", "clip=0", "clip must be above 0, not 0.0"),
        ("mlp_gan_dropout", "dropout=1.2", "dropout must be from 0 to 1, not 1.2"),
        ("mlp_gan", "hidden=64,0", "hidden must be at least 1, not 0"),
    ],
)
def test_shares_and_weights_have_limits(name: str, words: str, why: str) -> None:
    option, _, value = words.partition("=")
    with pytest.raises(PluginError, match=f"^architecture '{name}' of ganzoo [^ ]*: {why}$"):
        open_architecture(name, {option: value}, print)
    open_architecture("stylegan2_small", {"gamma": "none"}, print)
