"""Whether an architecture trains on an Apple GPU, as far as a CPU can tell.

A step is trained on a device that stands in for the GPU, by the code that a GPU would run. Each
operator that runs there must have a kernel for MPS or be made of others, no tensor there may be
float64, and none of the CPU's may be mixed with those. docs/training.md says what that leaves open.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch._ops import OpOverload

from ganzoo.architecture import Architecture
from ganzoo.config import TrainConfig
from ganzoo.conformance import kernels
from ganzoo.conformance.places import Places
from ganzoo.conformance.stand_in import GPU, OnGPU, StandIn
from ganzoo.conformance.trying import labels
from ganzoo.draw.latents import inputs
from ganzoo.errors import PluginError
from ganzoo.train.loop import fit
from ganzoo.train.networks import draw
from ganzoo.train.state import TrainState

LACKED = {torch.float64, torch.complex128}
MOVING = {"aten::copy_", "aten::index", "aten::index_put", "aten::index_put_"}
"""Operators that take tensors of two devices; any other takes single numbers only."""


class Watch:
    """Remembers the operators that ran on the GPU, and the first of each kind of fault."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.operators: dict[str, str] = {}
        """By name, like "aten::add.Tensor": where it ran first."""
        self.faults: dict[str, str] = {}

    def note(self, operator: OpOverload, given: list[Tensor], made: list[Tensor]) -> None:
        """Take in one operator, with the tensors that it took and gave."""
        name, place = operator._name, self.places.now()
        self.operators.setdefault(name, place)
        if any(isinstance(tensor, OnGPU) and tensor.dtype in LACKED for tensor in made):
            self.faults.setdefault("float64", f"{name} makes float64, which MPS lacks, in {place}")
        here = [isinstance(tensor, OnGPU) for tensor in given]
        left = any(tensor.dim() for tensor, on_gpu in zip(given, here, strict=True) if not on_gpu)
        if any(here) and left and operator._schema.name not in MOVING:
            self.faults.setdefault(
                "left",
                f"{name} takes a tensor that is still on the CPU, in {place}: make it on the "
                "device of another one (device=x.device)",
            )

    def look(self, which: str, network: nn.Module) -> None:
        """See that the network holds nothing that the GPU could not hold, and name it if so."""
        self.places.learn(which, network)
        for name, tensor in [*network.named_parameters(), *network.named_buffers()]:
            if tensor.dtype in LACKED:
                kind = str(tensor.dtype).removeprefix("torch.")
                self.faults["float64"] = f"{which}.{name} is {kind}, which MPS lacks"

    def missing(self, known: dict[str, bool]) -> list[str]:
        """The operators without a kernel, and where they ran."""
        return [
            f"{name} has no MPS kernel in torch {torch.__version__}, in {place}"
            for name, place in self.operators.items()
            if known.get(name) is False
        ]


def train_on_stand_in(gan: Architecture, pixels: NDArray[np.uint8], config: TrainConfig) -> str:
    """Train as `config` says, and draw; what was found, or PluginError with what a GPU lacks.

    `pixels` are uint8 (N, H, W, C). A moving average is kept in any case, and nothing compiled.
    Without PyYAML the operators are not compared with torch's table, and what is returned says so.
    """
    places = Places()
    watch = Watch(places)
    broken = []
    before, config = config, replace(config, ema=config.ema or 0.999, compile=False)
    with places.followed(), StandIn(watch.note):
        try:
            state = _fresh(gan, config, forced=before.ema is None)
            watch.look("generator", state.generator)
            watch.look("discriminator", state.discriminator)
            watch.look("generator", state.shown)  # its average
            for _ in fit(
                places.named(gan), pixels, config, labels=labels(gan), device=GPU, state=state
            ):
                pass
            draw(state.shown, *inputs(2, gan.latent_dim, gan.classes))
        except PluginError as error:
            broken.append(f"on a GPU, {error}")
    known = _known()
    if faults := [*watch.faults.values(), *watch.missing(known or {}), *broken]:
        raise PluginError("; ".join(faults))
    found = f"{len(watch.operators)} operators of a step, no float64, nothing left on the CPU"
    if known is None:
        return f"{found}; to look for their MPS kernels it needs PyYAML: pip install pyyaml"
    unknown = sorted(watch.operators.keys() - known)
    but = f" but {', '.join(unknown)}, which it does not know" if unknown else ""
    return f"{found}; torch {torch.__version__} has MPS kernels for all{but}"


def _fresh(gan: Architecture, config: TrainConfig, *, forced: bool) -> TrainState:
    """Return a fresh state; without the average that was `forced` on networks that bear none."""
    try:
        return TrainState.fresh(gan, config, GPU)
    except RuntimeError:  # scripted modules cannot be copied
        if not forced:
            raise
        return TrainState.fresh(gan, replace(config, ema=None), GPU)


def _known() -> dict[str, bool] | None:
    try:
        return kernels.of_mps()
    except ModuleNotFoundError:
        return None
