"""ganzoo: a zoo of GAN architectures. Train with torch, export to ONNX, sample without torch.

Everything public is here or in the modules that plugins import: `ganzoo.layers`,
`ganzoo.objectives`, `ganzoo.optimizers`, `ganzoo.errors` and `ganzoo.conformance`. Importing ganzoo
imports neither torch nor numpy nor onnxruntime: a name is looked up when it is used. It turns
onnxruntime's telemetry off.
"""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ganzoo.architecture import Architecture, Dataset, Objective, __version__
from ganzoo.config import TrainConfig

if TYPE_CHECKING:
    from ganzoo.api.evaluating.evaluate import evaluate, evaluate_checkpoints
    from ganzoo.api.graphing import graph
    from ganzoo.api.loading import load
    from ganzoo.api.models import models
    from ganzoo.api.showing import show
    from ganzoo.api.table import runs
    from ganzoo.api.training import resume, train
    from ganzoo.export.adopting import adopt
    from ganzoo.export.publishing import publish
    from ganzoo.zoo.models import Model

# onnxruntime sends telemetry, and keeps an id of the machine, unless this is set before it is
# imported. It stays on where the user sets it to 0.
if not os.environ.get("ORT_DISABLE_TELEMETRY"):
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__all__ = [
    "Architecture",
    "Dataset",
    "Model",
    "Objective",
    "TrainConfig",
    "__version__",
    "adopt",
    "evaluate",
    "evaluate_checkpoints",
    "graph",
    "load",
    "models",
    "publish",
    "resume",
    "runs",
    "show",
    "train",
]

_DOORS = {
    "Model": "ganzoo.zoo.models",
    "adopt": "ganzoo.export.adopting",
    "evaluate": "ganzoo.api.evaluating.evaluate",
    "evaluate_checkpoints": "ganzoo.api.evaluating.evaluate",
    "graph": "ganzoo.api.graphing",
    "load": "ganzoo.api.loading",
    "models": "ganzoo.api.models",
    "publish": "ganzoo.export.publishing",
    "resume": "ganzoo.api.training",
    "runs": "ganzoo.api.table",
    "show": "ganzoo.api.showing",
    "train": "ganzoo.api.training",
}
"""Module of each function that is offered here; it is imported when the function is used."""


class CallableRoom(ModuleType):
    """A package of ganzoo that shares its name with a function: calling it calls the function.

    Python keeps one attribute for both `ganzoo.train.loop` and `ganzoo.train("mlp_gan")`.
    """

    @property
    def __wrapped__(self) -> Any:  # where `inspect.signature` and `help` look
        return _door(self.__name__.rpartition(".")[2])

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.__wrapped__(*arguments, **named)


def _door(name: str) -> Any:
    return getattr(import_module(_DOORS[name]), name)


def __getattr__(name: str) -> Any:
    if name not in _DOORS:
        raise AttributeError(f"module 'ganzoo' has no attribute '{name}'")
    return _door(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
