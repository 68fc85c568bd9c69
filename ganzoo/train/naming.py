"""Short words for layers and for functions of torch, as they stand in the picture of a network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized, type_before_parametrizations

from ganzoo.draw.network.steps import Kind
from ganzoo.draw.network.words import convolution
from ganzoo.train.networks import parametrizations

SILENT = frozenset(
    """
    alias bfloat16 broadcast_to chunk clone contiguous cpu data detach double expand expand_as float
    getitem half mT permute requires_grad_ split squeeze T to transpose type unbind unsqueeze
    """.split()  # noqa: SIM905 - a table, not code
)
RESHAPES = {"flatten", "reshape", "view"}
TINY = 1e-4

SIGNS = {
    "add": "+", "sub": "−", "mul": "×", "div": "÷", "true_divide": "÷", "truediv": "÷",
    "subtract": "−", "multiply": "×", "divide": "÷", "matmul": "@", "mm": "@", "bmm": "@",
    "pow": "^",
}  # fmt: skip
WORDS = {
    "cat": "concat", "concat": "concat", "concatenate": "concat", "relu": "ReLU", "tanh": "Tanh",
    "sigmoid": "Sigmoid", "leaky_relu": "LeakyReLU", "silu": "SiLU", "gelu": "GELU", "elu": "ELU",
    "interpolate": "resize", "avg_pool2d": "AvgPool2d", "max_pool2d": "MaxPool2d",
    "dropout": "Dropout", "batch_norm": "BatchNorm", "square": "square", "rsqrt": "1/√",
    "sqrt": "√", "eq": "=", "getitem": "select",
}  # fmt: skip


def of_layer(module: nn.Module) -> tuple[str, Kind]:
    """Return a layer in a few words, "Conv2d 1→64, 4×4, stride 2", and whether it has weights.

    A subclass of one of torch's layers is said as that is, by its own name.
    """
    kind = type_before_parametrizations(module).__name__
    said, holds = kind, True
    if isinstance(module, nn.modules.conv._ConvNd):
        said = convolution(
            kind, module.in_channels, module.out_channels, module.kernel_size,
            stride=module.stride, groups=module.groups, dilation=module.dilation,
        )  # fmt: skip
    elif isinstance(module, nn.Linear):
        said += f" {module.in_features}→{module.out_features}"
    elif isinstance(module, nn.Embedding):
        said += f" {module.num_embeddings}→{module.embedding_dim}"
    else:
        holds = not _is_norm(module) and any(map(_is_matrix, module.parameters(recurse=False)))
        said += _setting(module)
    norms = sorted({type(each).__name__.strip("_") for each in parametrizations(module)})
    said += "".join(f", {'spectral norm' if norm == 'SpectralNorm' else norm}" for norm in norms)
    return said, "layer" if holds or is_parametrized(module) else "plain"


def name_of(function: Any) -> str:
    """Return the plain name of a function of torch: "add" of `Tensor.__iadd__` and of `add_`."""
    name = str(getattr(function, "__name__", function))
    if name == "__get__":  # a property, such as Tensor.T
        name = str(getattr(getattr(function, "__self__", None), "__name__", name))
    plain = name.strip("_")
    if name.startswith("__") and plain[:1] in {"r", "i"} and plain[1:] in SIGNS:
        return plain[1:]
    return plain


def of_function(
    name: str, args: Sequence[Any], kwargs: Mapping[str, Any], sources: int, beside: Sequence[str]
) -> str:
    """Return a function of `sources` values in a few words: "+", "× 0.1", "× basis".

    `beside` are what the other tensors that it takes are called, where they have a name.
    """
    if name in SIGNS:
        numbers = [f"{a:.3g}" for a in args if isinstance(a, int | float)]
        with_what = [*beside, *numbers][:1] if sources == 1 else []
        return " ".join([SIGNS[name], *with_what])
    said = WORDS.get(name, name.replace("_", " "))
    if name == "leaky_relu":
        slope = kwargs.get("negative_slope", args[1] if len(args) > 1 else 0.01)
        said += f" {slope:g}"
    if name == "clamp":
        low, high = (
            kwargs.get(key, args[place] if len(args) > place else None)
            for place, key in ((1, "min"), (2, "max"))
        )
        ends = [f"{x:g}".replace("-", "−") if _plain(x) else "" for x in (low, high)]
        said = " ".join(["clamp", "…".join(ends)])
    return " ".join([said, *beside[:1]])


def is_silent(name: str, args: Sequence[Any]) -> bool:
    """Return whether a function computes nothing that a picture should tell.

    What it returns counts as what it is given. So is a number that is added against division by 0.
    """
    return name in SILENT or (name == "add" and any(_plain(a) and abs(a) < TINY for a in args))


def _plain(value: object) -> bool:
    return isinstance(value, int | float)


def _is_matrix(weights: Tensor) -> bool:
    return sum(size > 1 for size in weights.shape) > 1


def _is_norm(module: nn.Module) -> bool:
    return "Norm" in type(module).__name__


def _setting(module: nn.Module) -> str:
    """Return the one setting that says most about a layer without weights."""
    for name in ("negative_slope", "p", "scale_factor", "kernel_size", "output_size"):
        value = getattr(module, name, None)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return f" ×{value:g}" if name == "scale_factor" else f" {value:g}"
    return ""
