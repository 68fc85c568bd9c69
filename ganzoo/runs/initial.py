"""Begin a run from weights that were trained before, where they fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ganzoo.errors import DivergedError, ModelFileError, UsageError
from ganzoo.runs.facts import Origin
from ganzoo.runs.finding import Words, find
from ganzoo.runs.weights import load_weights, of, weights_sha256
from ganzoo.train.state import TrainState
from ganzoo.zoo import hub
from ganzoo.zoo.models import FACTS, Model

LEAST = 0.02
"""Smallest share of the networks' numbers that must fit."""


@dataclass(frozen=True, kw_only=True)
class Initial:
    """Weights to begin with: tensors by name, of both networks or of the generator alone."""

    name: str
    tensors: Mapping[str, Tensor]

    @classmethod
    def read(cls, words: Words, runs: Path = Path("runs")) -> Initial:
        """Read what `words` name: a run, a checkpoint, weights, or a published model.

        Raises ModelFileError where there is nothing of that name, and UsageError for an ONNX file,
        which has no discriminator, and weights in 8 bits perhaps.
        """
        found = find(words, runs)
        if found.kind != "onnx":
            return cls(name=found.name, tensors=load_weights(found.path).tensors)
        published = (found.path.parent / FACTS).is_file()
        model = Model.read(found.path.parent) if published else None
        if model and str(words).startswith(hub.PREFIX):
            hub.fetch_weights(str(words), model)
        path = model.weights_path() if model else None
        if path is None:
            raise UsageError(
                f"{found.path} is exported, and has no discriminator: init takes the run that it "
                "is from, a .safetensors, or a model that was published with its weights",
                "init",
            )
        return cls(name=found.name, tensors=load_weights(path).tensors)

    def put_into(self, state: TrainState) -> Origin:
        """Give the networks of a fresh state those tensors that fit by name and shape.

        Returns what was taken, and which tensors stay fresh. Raises ModelFileError where a number
        is not finite, and where hardly anything fits: single layers of other networks may do so by
        chance.
        """
        taken, fresh, numbers = 0, list[str](), 0
        networks = {"generator": state.generator, "discriminator": state.discriminator}
        for network, module in networks.items():
            given = of(network, self.tensors)
            own = module.state_dict()
            fits = {n: t for n, t in given.items() if n in own and own[n].shape == t.shape}
            _copy(module, fits)
            taken += len(fits)
            numbers += sum(tensor.numel() for tensor in fits.values())
            fresh += [f"{network}.{name}" for name in own if name not in fits]
        whole = sum(p.numel() for module in networks.values() for p in module.parameters())
        if numbers < LEAST * whole:
            raise ModelFileError(f"nothing of {self.name} fits: it is of other networks", "init")
        try:
            state.check_finite()
        except DivergedError:
            raise ModelFileError(
                f"the weights of {self.name} are not all finite: take an older checkpoint", "init"
            ) from None
        if state.average is not None:
            state.average.load_state_dict(state.generator.state_dict())
        return Origin(
            name=self.name, sha256=weights_sha256(self.tensors), taken=taken, fresh=tuple(fresh)
        )


@torch.no_grad()
def _copy(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors into those of a module, which keep their place and their order in memory."""
    own = module.state_dict(keep_vars=True)
    for name, tensor in tensors.items():
        own[name].copy_(tensor)
