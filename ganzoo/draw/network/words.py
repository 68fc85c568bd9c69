"""A layer in a few words, the same whether torch ran it or a file names it."""

from __future__ import annotations

from collections.abc import Sequence


def convolution(
    kind: str, inputs: int, outputs: int, kernel: Sequence[int], *,
    stride: Sequence[int] = (), groups: int = 1, dilation: Sequence[int] = (),
) -> str:  # fmt: skip
    """Return a convolution in words: "Conv2d 1→64, 4×4, stride 2"; what is usual is left out.

    `inputs` and `outputs` are numbers of channels; `kernel`, `stride` and `dilation` have a number
    for each axis of the image, and the last two may be empty.
    """
    said = f"{kind} {inputs}→{outputs}, {'×'.join(map(str, kernel))}"
    said += f", stride {_same(stride)}" if {*stride} - {1} else ""
    said += f", {groups} groups" if groups > 1 else ""
    return said + (f", dilation {_same(dilation)}" if {*dilation} - {1} else "")


def _same(sizes: Sequence[int]) -> str:
    """Return sizes as one number where they are equal: "2", "2×1"."""
    return "×".join(map(str, sizes if len({*sizes}) > 1 else sizes[:1]))
