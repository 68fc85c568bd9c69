"""The GPU that is not there computes what the CPU computes, and says where tensors are."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo.conformance.stand_in import GPU, OnGPU, StandIn
from ganzoo.train.networks import seeded
from ganzoo.train.state import TrainState
from ganzoo.train.step import Stepper
from ganzoo.zoo import registry


def ignore(*told: object) -> None:
    """Listen to nothing."""


def squeezed(x: Tensor) -> Tensor:
    column = x[:, :1].clone()
    return column.squeeze_(1)


def resized(x: Tensor) -> Tensor:
    return torch.add(x, x, out=torch.empty(0, device=x.device))


def cut(x: Tensor) -> Tensor:
    x = x.clone()
    x[x > 0.5] = 0
    x[:, 1:3] += 5
    return x


def layer(module: nn.Module) -> Callable[[Tensor], Tensor]:
    """The gradient of a penalty on the layer's own gradient, in its weights: a double backward."""

    def work(x: Tensor) -> Tensor:
        own = copy.deepcopy(module).to(x.device)
        x = x.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(own(x).square().sum(), x, create_graph=True)
        (gradient.norm(2, 1) - 1).square().mean().backward()
        return torch.cat([p.grad.flatten() for p in own.parameters() if p.grad is not None])

    return work


def trained(make: Callable[..., torch.optim.Optimizer], **options: Any) -> Callable[..., Tensor]:
    def work(x: Tensor) -> Tensor:
        own = nn.Linear(4, 2).to(x.device)
        own.weight.data = own.weight.data * 2
        optimizer = make(own.parameters(), lr=0.1, **options)
        for _ in range(2):
            optimizer.zero_grad()
            own(x).square().sum().backward()
            optimizer.step()
        return own.weight.detach()

    return work


WORK: dict[str, Callable[[Tensor], Any]] = {
    "a list": lambda x: x * torch.tensor([1.0, 2, 3, 4], device=x.device),
    "a number": lambda x: x * torch.tensor(3.0, device=x.device) + x.mean().item(),
    "new": lambda x: x + x.new_tensor([1.0, 2, 3, 4]) + x.new_ones(4) + torch.ones(3, 4).to(x),
    "a question": lambda x: x if x.sum() > 0 else -x,
    "on the CPU": lambda x: torch.from_numpy(x.cpu().numpy() + np.array(x.tolist())),
    "words": lambda x: torch.tensor(float(f"{x.sum():.3f}")) if repr(x) else x,
    "squeeze_": squeezed,
    "out=": resized,
    "indices": cut,
    "indices of the CPU": lambda x: x[torch.tensor([2, 0])],
    "rows": lambda x: torch.stack([row * 2 for row in x]),
    "fft": lambda x: torch.fft.fft2(x).abs(),
    "vmap": torch.vmap(lambda row: row @ row),
    "func.grad": torch.func.grad(lambda x: x.pow(3).sum()),
    "attention": lambda x: F.scaled_dot_product_attention(
        x[None, None], x[None, None], x[None, None]
    ),
    "linear": layer(nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.LayerNorm(4), nn.Linear(4, 1))),
    "spectral_norm": layer(nn.utils.parametrizations.spectral_norm(nn.Linear(4, 4))),
    "Adam": trained(torch.optim.Adam, fused=True),
    "AdamW": trained(torch.optim.AdamW),
    "RMSprop": trained(torch.optim.RMSprop, foreach=True),
    "SGD": trained(torch.optim.SGD, momentum=0.9),
}


@pytest.mark.parametrize("name", WORK)
def test_it_computes_what_the_cpu_computes(name: str) -> None:
    numbers = torch.arange(12.0).reshape(3, 4).sin()
    with seeded(0, torch.device("cpu")):
        expected = WORK[name](numbers.clone())
    with StandIn(ignore), seeded(0, GPU):
        found = WORK[name](numbers.to(GPU)).cpu()
    assert type(found) is Tensor
    torch.testing.assert_close(found, expected)


def test_a_tensor_says_where_it_is() -> None:
    with StandIn(ignore):
        x = torch.ones(2).to(GPU)
        for there in (x, x * 2, torch.rand(2, device=x.device), torch.zeros_like(x), x.sum()):
            assert (there.device, there.is_mps, there.is_cpu, there.is_meta) == (GPU, 1, 0, 0)
            assert isinstance(there, OnGPU)
        for here in (x.cpu(), torch.rand(2), torch.ones_like(x, device="cpu")):
            assert (here.device.type, here.is_mps, type(here)) == ("cpu", False, Tensor)
        with pytest.raises(TypeError, match=r"use .cpu\(\) first"):
            np.asarray(x)
        assert x.numpy(force=True).tolist() == [1, 1]


def test_what_runs_there_is_told_and_nothing_else() -> None:
    told = []
    with StandIn(lambda operator, given, made: told.append((str(operator), given, made))):
        torch.rand(2).add(1)
        assert told == []
        x = torch.ones(2).to(GPU)
        y = x + 1
    assert [name for name, _, _ in told] == ["aten._to_copy.default", "aten.add.Tensor"]
    assert (told[1][1][0] is x, told[1][2][0] is y) == (True, True)
    assert x.tolist() == [1, 1]  # it can be looked at afterwards
    assert f"{x.sum()} {x}".startswith("2.0 tensor([1., 1.]")
    assert not torch._C._only_lift_cpu_tensors()  # as torch had it


def test_a_training_step_gives_the_same_numbers() -> None:
    losses = []
    gan = registry.load_architecture("mlp_gan", {"hidden": (16,)}).value
    for device in (torch.device("cpu"), GPU):
        with StandIn(ignore):
            state = TrainState.fresh(gan, gan.defaults, device)
            Stepper(gan, state, gan.defaults, device)(torch.zeros(64, 1, 28, 28).to(device))
            losses.append([float(value) for _, _, value in state.metrics.on_device])
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
