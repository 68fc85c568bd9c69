"""The same functions as torch's, by the routes that are fastest on a CPU.

torch hands float32 matrix products to MKL, which uses half of an AMD processor's vector units;
oneDNN, which torch brings along, uses all of them. And a convolution of an image whose pixels were
repeated computes most of its products twice. The functions here can be differentiated twice, as
gradient penalties need; docs/performance.md has the measurements.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

HAS_ONEDNN = (
    torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    and hasattr(torch.ops.mkldnn, "_linear_pointwise")
)
"""Whether `linear` can be called: not every torch for the CPU is built with oneDNN."""


def linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """`F.linear` of x (n, i), weight (o, i) and bias (o,), all float32 on the CPU: (n, o)."""
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
        product = linear if torch.is_grad_enabled() else _product  # the former has a gradient
        return (
            product(grad, weight.t(), None) if ctx.needs_input_grad[0] else None,
            product(grad.t(), x.t(), None) if ctx.needs_input_grad[1] else None,
            grad.sum(0) if ctx.needs_input_grad[2] else None,
        )

    @staticmethod
    def vmap(info: Any, in_dims: Any, *inputs: Any) -> tuple[Tensor, int]:
        return torch.vmap(F.linear, in_dims)(*inputs), 0


def upsampled_conv(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """A 3x3 convolution with padding 1 of x repeated to twice its size: (n, o, 2h, 2w).

    Repeated pixels meet the same sums of weights, so it is a transposed convolution of x itself:
    16 products for every 4 pixels instead of 36.
    """
    sums = F.avg_pool2d(weight, 2, stride=1, padding=1, divisor_override=1)
    kernel = sums.flip(2, 3).transpose(0, 1).contiguous(memory_format=torch.channels_last)
    return F.conv_transpose2d(x, kernel, bias, stride=2, padding=1)
