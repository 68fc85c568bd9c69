"""Quicker routes through a network: the same numbers, parameters and modules, less work.

While `Routes` is entered, some modules of the networks compute their forward pass by the functions
below. Outside, the networks are as their authors wrote them, so checkpoints, samples and export
never see this. Modules for which there is no rule run as they are.

torch hands float32 matrix products to MKL, which uses half of an AMD processor's vector units.
oneDNN, which torch brings along, uses all of them. And a convolution of an image whose pixels were
repeated computes most of its products twice. The functions here can be differentiated twice, as
gradient penalties need. docs/performance.md has the measurements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Forward = Callable[[Tensor], Tensor]


class Routes:
    """A context in which `networks` compute in less time, on a CPU."""

    def __init__(self, *networks: nn.Module) -> None:
        modules = {module for network in networks for module in network.modules()}
        routes = ((m, _route(m)) for m in modules if "forward" not in m.__dict__)
        self.routes = [(module, route) for module, route in routes if route is not None]

    def __enter__(self) -> None:
        for module, route in self.routes:
            module.__dict__["forward"] = route  # goes before the class's own

    def __exit__(self, *error: object) -> None:
        for module, _ in self.routes:
            del module.__dict__["forward"]


def _route(module: nn.Module) -> Forward | None:
    """Return a quicker way through this module, or None."""
    if type(module) is nn.Linear and HAS_ONEDNN:
        return partial(_linear, module)
    if type(module) is nn.Unflatten and module.dim == 1 and _bare(module):
        return partial(_unflatten, module)
    if type(module) is nn.Flatten and _bare(module):
        return partial(_flatten, module)
    if type(module) is nn.Sequential:
        steps = list(_rewritten(list(module)))
        return partial(_run, steps) if steps != list(module) else None
    return None


def _linear(module: nn.Linear, input: Tensor) -> Tensor:  # torch calls it that, too
    weight = module.weight
    worth_it = weight.numel() >= 8192 and not torch.is_autocast_enabled("cpu")
    if worth_it and input.dim() == 2 and input.dtype == weight.dtype == torch.float32:
        return linear(input, weight, module.bias)
    return nn.functional.linear(input, weight, module.bias)


def _unflatten(module: nn.Unflatten, input: Tensor) -> Tensor:
    """Return the features with the channels last, as convolutions give theirs, in bfloat16.

    Where both orders meet, in a residual block or in a gradient, torch's loops are 30 times as
    slow. In float32 it would be the same, but change the last bits of runs that are under way.
    """
    features = input.unflatten(1, module.unflattened_size)  # type: ignore[no-untyped-call]
    autocast = torch.is_autocast_enabled("cpu")
    return _channels_last(features) if autocast and features.dim() == 4 else features


def _flatten(module: nn.Flatten, input: Tensor) -> Tensor:
    """Flatten; in bfloat16 let the gradient have the order of what was flattened."""
    autocast = torch.is_autocast_enabled("cpu")
    if autocast and input.dim() == 4 and input.requires_grad and not input.is_contiguous():
        input.register_hook(_channels_last)  # type: ignore[no-untyped-call]
    return input.flatten(module.start_dim, module.end_dim)


def _channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def _run(steps: list[Forward], input: Tensor) -> Tensor:
    for step in steps:
        input = step(input)
    return input


def _rewritten(modules: list[nn.Module]) -> Iterator[Forward]:
    """Yield the steps of a Sequential; join an upsampling and the convolution that follows it."""
    queue = modules[::-1]
    while queue:
        first = queue.pop()
        second = queue[-1] if queue else None
        if _doubles(first) and _convolves(second):
            queue.pop()
            yield partial(_upsampled_conv, second)
        else:
            yield first


def _upsampled_conv(conv: nn.Conv2d, x: Tensor) -> Tensor:
    return upsampled_conv(x, conv.weight, conv.bias)


def _doubles(module: nn.Module) -> bool:
    return (
        type(module) is nn.Upsample
        and module.mode == "nearest"
        and module.scale_factor in (2, (2, 2))
        and _bare(module)
    )


def _convolves(module: nn.Module | None) -> TypeGuard[nn.Conv2d]:
    return (
        type(module) is nn.Conv2d
        and module.kernel_size == (3, 3)
        and module.stride == module.dilation == (1, 1)
        and module.padding in ((1, 1), "same")
        and module.padding_mode == "zeros"
        and module.groups == 1
        and _bare(module)
    )


def _bare(*modules: nn.Module) -> bool:
    """Return whether these modules compute what their class says, and have no hooks."""
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return not any(
        "forward" in module.__dict__ or any(getattr(module, hook) for hook in hooks)
        for module in modules
    )


INDEPENDENT = (
    nn.Sequential, nn.Flatten, nn.Unflatten, nn.Identity, nn.Linear, nn.Conv2d, nn.ConvTranspose2d,
    nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.Upsample, nn.LeakyReLU, nn.ReLU, nn.ELU,
    nn.GELU, nn.SiLU, nn.Softplus, nn.Tanh, nn.Sigmoid, nn.GroupNorm, nn.LayerNorm,
)  # fmt: skip
"""Modules that compute one image's result from that image alone, and draw no random numbers."""


def one_by_one(network: nn.Module) -> bool:
    """Return whether an image's result is known not to depend on the others of its batch."""
    modules = list(network.modules())
    return all(type(module) in INDEPENDENT and _bare(module) for module in modules) and not any(
        (isinstance(module, nn.Flatten) and module.start_dim < 1 and module is not modules[-1])
        or (isinstance(module, nn.Unflatten) and module.dim < 1)
        for module in modules
    )


HAS_ONEDNN = (
    torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    and hasattr(torch.ops.mkldnn, "_linear_pointwise")
)
"""Whether `linear` can be called: not every torch for the CPU is built with oneDNN."""


def linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Compute `F.linear` of x (n, i), weight (o, i) and bias (o,), float32 on the CPU: (n, o)."""
    result: Tensor = _Linear.apply(x, weight, bias)  # type: ignore[no-untyped-call]
    return result


def _product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    result: Tensor = torch.ops.mkldnn._linear_pointwise.default(x, weight, bias, "none", [], "")
    return result


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return _product(x, weight, bias)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs[:2])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        (grad,) = grads
        product = linear if torch.is_grad_enabled() else _product  # `linear` has a gradient
        return (
            product(grad, weight.t(), None) if ctx.needs_input_grad[0] else None,
            product(grad.t(), x.t(), None) if ctx.needs_input_grad[1] else None,
            grad.sum(0) if ctx.needs_input_grad[2] else None,
        )

    @staticmethod
    def vmap(info: Any, in_dims: Any, *inputs: Any) -> tuple[Tensor, int]:
        return torch.vmap(F.linear, in_dims)(*inputs), 0


def upsampled_conv(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Repeat the pixels of x to twice its size and convolve it 3x3, with padding 1: (n, o, 2h, 2w).

    Repeated pixels meet the same sums of weights. So this is a transposed convolution of x itself,
    with 16 products for every 4 pixels instead of 36.
    """
    sums = F.avg_pool2d(weight, 2, stride=1, padding=1, divisor_override=1)
    kernel = sums.flip(2, 3).transpose(0, 1).contiguous(memory_format=torch.channels_last)
    return F.conv_transpose2d(x, kernel, bias, stride=2, padding=1)
