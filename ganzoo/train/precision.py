"""In which precision to train, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from ganzoo.errors import DeviceError

WORTH = 1.1
"""How many times as fast as fp32 bf16 must be on a CPU, or it is not worth its rounding."""

NAMES = {
    "fp32": "float32",
    "tf32": "float32, matrix products and convolutions of numbers rounded to 10 bits",
    "bf16": "bfloat16 where autocast says so, weights in float32",
}


@dataclass(frozen=True)
class Precision:
    """A name from `NAMES`, and the reason it was chosen, for people to read."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}: {NAMES[self.name]} ({self.reason})"

    def autocast(self, device: torch.device) -> AbstractContextManager[object]:
        """Return the context of one forward pass; take a new one for each, as it caches weights."""
        if self.name == "bf16":
            return torch.autocast(device.type, torch.bfloat16)
        return nullcontext()

    @contextmanager
    def applied(self, device: torch.device) -> Iterator[None]:
        """Set what CUDA does with float32, while this lasts; do nothing on other devices."""
        if device.type != "cuda":
            yield
            return
        cudnn: Any = torch.backends.cudnn  # mypy cannot see its parts
        places = (torch.backends.cuda.matmul, cudnn.conv)
        before = [place.fp32_precision for place in places]
        for place in places:
            place.fp32_precision = "ieee" if self.name == "fp32" else "tf32"
        try:
            yield
        finally:
            for place, value in zip(places, before, strict=True):
                place.fp32_precision = value


def choose_precision(
    wanted: str,
    device: torch.device,
    faster: Callable[[], float | None] = lambda: None,
    why: str = "asked for",
) -> Precision:
    """Return the precision "auto", "fp32", "tf32" or "bf16"; DeviceError if `device` lacks it.

    `faster` tells how many times as fast as fp32 training is in bf16, or None where that was not
    measured. It is only called for "auto" on a CPU that computes in bfloat16. `why` is the reason
    to give where the precision is not chosen here.
    """
    ampere = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
    if wanted == "auto":
        if ampere:
            return Precision("tf32", "auto: this GPU has it; bf16 has to be asked for")
        if device.type == "cpu" and has_bfloat16():
            return _quicker(faster())
        return Precision("fp32", "auto: no NVIDIA GPU of 2020 or later, no CPU with bfloat16")
    if wanted == "tf32" and not ampere:
        raise DeviceError(
            "precision='tf32' needs an NVIDIA GPU of 2020 or later; use fp32", "precision"
        )
    if wanted == "bf16" and device.type == "cuda" and not torch.cuda.is_bf16_supported(False):
        raise DeviceError("precision='bf16': this GPU has no bfloat16; use fp32", "precision")
    return Precision(wanted, why)


def _quicker(times: float | None) -> Precision:
    """Return bf16 where it is worth it, else fp32."""
    if times is None:
        why = "the run is short or compiled, or a step failed"
        return Precision("fp32", f"auto: bf16 was not measured: {why}")
    measured = f"auto: bf16 is {times:.2f} times as fast here"
    return Precision("bf16", measured) if times >= WORTH else Precision("fp32", measured)


def has_bfloat16() -> bool:
    """Return whether this CPU multiplies numbers of 16 bits as fast as it can, not by emulation."""
    known = torch.cpu.get_capabilities()
    return any(known.get(name) for name in ("avx512_bf16", "amx_bf16"))
