"""A GPU that is not there: tensors that say they are on it, and compute on the CPU.

Code that asks such a tensor for its device is told `GPU`, and makes new ones there; what it forgets
stays on the CPU and can be told from the rest. Their numbers are real, so code may look at them.
torch's own pretences cannot serve: fake and meta tensors hold no numbers (`item()` fails), and a
torch without Apple's backend cannot index a fake tensor of its device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_leaves, tree_map, tree_unflatten

CPU = torch.device("cpu")
GPU = torch.device("mps", 0)  # torch looks for the backend where there is no number
_INSIDE = torch.device("meta")  # what torch's C++ takes them for: every torch knows that device
_ASKS_WHERE = torch.ops.prim.device.default

Note = Callable[[OpOverload, list[Tensor], list[Tensor]], None]
"""Told of an operator that runs on the GPU, with the tensors that it takes and gives."""


class OnGPU(Tensor):
    """A tensor whose storage is the CPU's and whose device, for whoever asks, is `GPU`."""

    device = property(lambda self: GPU)
    is_mps = property(lambda self: True)
    is_meta = property(lambda self: False)
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    # torch refuses these of a subclass, or does them on the device that its C++ knows.
    def tolist(self) -> Any:
        """The numbers."""
        return self.cpu().tolist()

    def numpy(self, *, force: bool = False) -> Any:
        """An array, where that is wanted by force; as on a GPU, TypeError otherwise."""
        if not force:
            raise TypeError(f"a tensor on {GPU} is no numpy array: use .cpu() first")
        return self.detach().cpu().numpy()

    def new_tensor(self, data: Any, dtype: Any = None, **options: Any) -> Tensor:  # type: ignore[override]
        """A tensor of `data` on the same device."""
        return torch.tensor(data, dtype=dtype or self.dtype, **{"device": GPU, **options})

    def __format__(self, specification: str) -> str:
        return format(self.cpu(), specification)

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, operator: OpOverload, types: object, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Compute where no `StandIn` listens, as when a tensor is printed."""
        return _compute(operator, args, kwargs or {}, lambda *told: None)


class StandIn(TorchDispatchMode):
    """While it is entered, `GPU` can be trained on; `note` is told of all that runs there."""

    def __init__(self, note: Note) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.note = note

    def __enter__(self) -> StandIn:
        # Then torch.tensor(…, device=GPU) makes its tensor on the CPU and asks us to move it.
        self.lifts = torch._C._only_lift_cpu_tensors()
        torch._C._set_only_lift_cpu_tensors(True)
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)  # type: ignore[no-untyped-call]
        torch._C._set_only_lift_cpu_tensors(self.lifts)

    def __torch_dispatch__(
        self, operator: OpOverload, types: object, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _compute(operator, args, kwargs or {}, self.note)


def _compute(operator: OpOverload, args: Any, kwargs: Mapping[str, Any], note: Note) -> Any:
    """What the operator gives: on the GPU where it was told so or took something from there."""
    if operator is _ASKS_WHERE:
        return _INSIDE if isinstance(args[0], OnGPU) else CPU
    given, structure = tree_flatten((args, kwargs))
    wanted = kwargs.get("device")
    took = any(isinstance(value, OnGPU) for value in given)
    stays = took if wanted is None else not _is_cpu(wanted)
    with torch._C._DisableTorchDispatch():
        plain = [_plain(value) for value in given]
    plain_args, plain_kwargs = tree_unflatten(plain, structure)
    made = operator(*plain_args, **plain_kwargs)
    with torch._C._DisableTorchDispatch():
        _follow(given, plain)
        result = tree_map(_on_gpu, made) if stays else made
    if took or stays:
        note(operator, _tensors(given), _tensors(tree_leaves(result)))
    return result


def _plain(value: Any) -> Any:
    """The same for the CPU: a tensor over the same storage, another device or generator."""
    if isinstance(value, OnGPU):
        return Tensor._make_subclass(Tensor, value, False, device_for_backend_keys=CPU)
    if isinstance(value, torch.device) and not _is_cpu(value):
        return CPU
    if isinstance(value, torch.Generator) and not _is_cpu(value.device):  # on a Mac
        return torch.default_generator
    return value


def _on_gpu(value: Any) -> Any:
    """The same tensor, on the GPU by its own account; anything else as it is."""
    if not isinstance(value, Tensor):
        return value
    return Tensor._make_subclass(
        OnGPU, value, False, dispatch_device=True, device_for_backend_keys=_INSIDE
    )


def _follow(given: Iterable[Any], plain: Iterable[Any]) -> None:
    """Give a tensor the shape that an operator gave its plain one in place, as squeeze_ does."""
    for value, changed in zip(given, plain, strict=True):
        if isinstance(value, OnGPU) and _layout(value) != _layout(changed):
            value.data = _on_gpu(changed)


def _layout(tensor: Tensor) -> tuple[object, ...]:
    return tensor.shape, tensor.stride(), tensor.data_ptr()


def _is_cpu(device: torch.device) -> bool:
    return device.type == "cpu"


def _tensors(values: Iterable[Any]) -> list[Tensor]:
    return [value for value in values if isinstance(value, Tensor)]
