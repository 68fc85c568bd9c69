"""The parts of torchvision that need no compiled operator, whichever torch is installed.

A torchvision built for CUDA cannot load its operators beside a torch built for the CPU. Its import
then fails ("operator torchvision::nms does not exist", after that `qnms`), because it attaches
Python implementations to operators that were never defined. Defining their names lets the import
pass. Then data sets, transforms and utils work, and ganzoo uses nothing else of torchvision.
"""

from __future__ import annotations

from typing import Any

import torch

try:
    from torchvision import datasets, transforms
except RuntimeError:
    # Keep it in a name: when it is garbage-collected, its definitions go with it.
    _library: Any = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for _name in ("nms", "qnms"):
        _library.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    from torchvision import datasets, transforms

__all__ = ["datasets", "transforms"]
