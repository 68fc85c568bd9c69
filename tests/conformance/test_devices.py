"""What stands in the way of an Apple GPU is found on a CPU, with the operator and the layer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganzoo import Architecture
from ganzoo.conformance import architectures
from ganzoo.errors import PluginError
from ganzoo.objectives import non_saturating, penalised, r1
from ganzoo.zoo import registry
from ganzoo.zoo.catalogue import Entry
from ganzoo.zoo.registry import Loaded
from tests.conftest import process
from tests.whole.test_architectures import NAMES, tiny_options

ENTRY = Entry("architecture", "odd", "odd-gan", "1.2", "odd:odd")


def check(gan: Architecture) -> str:
    return architectures.devices(Loaded(ENTRY, {}, gan))


@pytest.fixture
def gan() -> Architecture:
    return registry.load_architecture("mlp_gan", {"hidden": (8,)}).value


@pytest.mark.parametrize("name", NAMES)
def test_every_architecture_asks_nothing_that_an_apple_gpu_lacks(name: str) -> None:
    found = architectures.devices(registry.load_architecture(name, tiny_options(name)))
    assert re.fullmatch(r"\d+ operators of a step, .* has MPS kernels for all", found), found
    assert 20 < int(found.split()[0]) < 100


class Does(nn.Module):
    """A layer that is a function."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class DrawsOtherwise(nn.Module):
    """A generator that draws in another way than it is trained."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.network(z)
        return images if self.training else lacking(images)


class Held(nn.Module):
    """A layer with a constant that an Apple GPU cannot hold."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones((), dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.get_buffer("scale")


class Lacking(torch.autograd.Function):
    """Nothing, with a gradient that an Apple GPU cannot compute."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return lacking(gradients[0])


class LackingLater(torch.autograd.Function):
    """Nothing, with a gradient whose own gradient an Apple GPU cannot compute."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return Lacking.apply(gradients[0])  # type: ignore[no-untyped-call]


class OwnStep(torch.optim.SGD):
    """An optimizer that takes its steps by an operator of its own choice."""

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for tensor in self.param_groups[0]["params"]:
            tensor.data -= lacking(tensor.grad) / 100


def lacking(x: Tensor) -> Tensor:
    """The same numbers, by way of an operator without a kernel for MPS."""
    return x + 0 * torch.heaviside(x, x)


@torch.library.custom_op("ganzoo_tests::doubled", mutates_args=())
def doubled(x: Tensor) -> Tensor:
    """Somebody's own operator."""
    return 2 * x


doubled.register_autograd(lambda ctx, gradient: 2 * gradient)


def twice(x: Tensor) -> Tensor:
    """Somebody's own layer."""
    found: Tensor = doubled(x)
    return found


def before(layer: nn.Module, network: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(layer, network())


def into_d(function: Callable[[Tensor], Tensor], gan: Architecture) -> dict[str, Any]:
    """A discriminator that begins with a function of the pixels (n, 784)."""
    back = nn.Unflatten(1, gan.image_shape)
    network = before(nn.Sequential(nn.Flatten(), Does(function), back), gan.discriminator)
    return {"discriminator": network}


def loss(function: Callable[[Tensor], Tensor], gan: Architecture) -> dict[str, Any]:
    inner = gan.objective.generator_loss
    changed = replace(gan.objective, generator_loss=lambda *given: function(inner(*given)))
    return {"objective": changed}


PENALISED = penalised(non_saturating(), r1())
NO_KERNEL = f"{{}} has no MPS kernel in torch {torch.__version__}, in {{}}"
LACKS = NO_KERNEL.format("aten::heaviside", "{}")
FLAWS: dict[str, tuple[Callable[[Architecture], dict[str, Any]], str]] = {
    "a layer of torch's": (
        lambda g: {"generator": before(nn.RReLU(), g.generator)},
        NO_KERNEL.format("aten::rrelu_with_noise", "generator.0 (RReLU)"),
    ),
    "a layer": (
        lambda g: {"generator": before(Does(lacking), g.generator)},
        LACKS.format("generator.0 (Does)"),
    ),
    "a backward pass": (
        lambda g: into_d(Lacking.apply, g),
        LACKS.format("the backward pass of discriminator.0.1 (Does)"),
    ),
    "a double backward": (
        lambda g: {**into_d(LackingLater.apply, g), "objective": PENALISED},
        LACKS.format("the backward pass of discriminator.0.1 (Does)"),
    ),
    "a loss": (lambda g: loss(lacking, g), LACKS.format("generator_loss")),
    "weight clipping": (
        lambda g: {"after_discriminator_step": lambda D: lacking(next(D.parameters()))},
        LACKS.format("after_discriminator_step"),
    ),
    "an optimizer": (
        lambda g: {"optimizers": lambda *pair: tuple(OwnStep(n.parameters()) for n in pair)},
        LACKS.format("an optimizer, or ganzoo itself"),
    ),
    "drawing alone": (
        lambda g: {"generator": lambda: DrawsOtherwise(g.generator())},
        LACKS.format("generator (DrawsOtherwise)"),
    ),
    "a constant that is held": (
        lambda g: {"discriminator": before(Held(), g.discriminator)},
        "discriminator.0.scale is float64, which MPS lacks",
    ),
    "a constant that is made": (
        lambda g: into_d(lambda x: (x + torch.ones_like(x, dtype=torch.float64)).float(), g),
        "aten::ones_like makes float64, which MPS lacks, in discriminator.0.1 (Does)",
    ),
    "noise on the CPU": (
        lambda g: into_d(lambda x: x + torch.randn(x.shape), g),
        "aten::add.Tensor takes a tensor that is still on the CPU, in discriminator.0.1 (Does): "
        "make it on the device of another one (device=x.device)",
    ),
    "a look by numpy": (
        lambda g: loss(lambda x: x * float(np.asarray(x.detach()) > 0), g),
        "on a GPU, training step 1 fails: TypeError: a tensor on mps:0 is no numpy array",
    ),
}


@pytest.mark.parametrize("name", FLAWS)
def test_what_an_apple_gpu_lacks_is_named(gan: Architecture, name: str) -> None:
    flaw, message = FLAWS[name]
    with pytest.raises(PluginError, match=re.escape(message)):
        check(replace(gan, **flaw(gan)))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x + 0 * x.cpu().double().mean().float(),  # computed on the CPU, a single number
        lambda x: x + 0 * x.to("cpu", torch.float64).mean().float(),
        lambda x: x[torch.randperm(len(x))],  # an order may come from there
        lambda x: x + torch.linspace(0, 1, 784, dtype=torch.float64).to(x),
        LackingLater.apply,  # without a penalty there is no double backward
        nn.functional.gelu,
    ],
)
def test_what_a_gpu_can_do_passes(gan: Architecture, function: Callable[[Tensor], Tensor]) -> None:
    assert "kernels for all" in check(replace(gan, **into_d(function, gan)))


def test_an_average_is_kept_and_nothing_compiled_whatever_the_defaults_say(
    gan: Architecture,
) -> None:
    other = replace(gan, defaults=replace(gan.defaults, ema=0.9, compile=True))
    assert check(other) == check(gan)


def test_an_operator_that_torchs_table_lacks_is_named(gan: Architecture) -> None:
    found = check(replace(gan, generator=before(Does(twice), gan.generator)))
    assert found.endswith("for all but ganzoo_tests::doubled, which it does not know")


WITHOUT_TABLE = """
from ganzoo.conformance.architectures import devices
from ganzoo.zoo import registry
print(devices(registry.load_architecture("mlp_gan", {"hidden": (8,)})))
"""


@pytest.mark.slow
def test_without_pyyaml_it_says_that_the_operators_were_not_compared(tmp_path: Path) -> None:
    (tmp_path / "yaml.py").write_text("raise ModuleNotFoundError(name='yaml')")
    done = process("-c", WITHOUT_TABLE, env={"PYTHONPATH": str(tmp_path)})
    assert done.code == 0, done.err
    assert "nothing left on the CPU; to look for their MPS kernels it needs PyYAML" in done.out
