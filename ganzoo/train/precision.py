"""In what precision to train, and why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from ganzoo.errors import DeviceError

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
        """What a forward pass runs in; a new one for each, as casts of weights are cached in it."""
        if self.name == "bf16":
            return torch.autocast(device.type, torch.bfloat16)
        return nullcontext()

    @contextmanager
    def applied(self, device: torch.device) -> Iterator[None]:
        """Set what CUDA does with float32, for as long as this lasts; nothing elsewhere."""
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


def choose(wanted: str, device: torch.device) -> Precision:
    """The precision "auto", "fp32", "tf32" or "bf16"; DeviceError where `device` has it not."""
    ampere = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
    if wanted == "auto":
        if ampere:
            return Precision("tf32", "auto: this GPU has it; bf16 has to be asked for")
        return Precision("fp32", "auto: no NVIDIA GPU of 2020 or later")
    if wanted == "tf32" and not ampere:
        raise DeviceError("--precision tf32 needs an NVIDIA GPU of 2020 or later; use fp32")
    if wanted == "bf16" and device.type == "cuda" and not torch.cuda.is_bf16_supported(False):
        raise DeviceError("--precision bf16: this GPU has no bfloat16; use fp32")
    return Precision(wanted, "asked for")
