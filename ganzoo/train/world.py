"""Several processes that train one network, as `torchrun` starts them.

Each computes its share of every batch; after each backward pass one all-reduce averages the
gradients, so all hold the same state at all times. There is no wrapper around the networks: an
objective may call them as often and in whatever order it likes, and differentiate twice.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import torch
from torch import Tensor, distributed
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from ganzoo.errors import DeviceError, UsageError

PATIENCE = timedelta(hours=1)
"""Time that a process waits for others: longer than one decodes images or writes a checkpoint.
If a process ends, the others know at once."""


@dataclass(frozen=True)
class World:
    """The processes of a run, seen from one of them; a single one by default."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process is the one that prints and writes."""
        return self.rank == 0

    def share(self, batch_size: int) -> int:
        """Return how many images of a batch are ours; UsageError if the shares are not equal."""
        if batch_size % self.size:
            raise UsageError(
                f"a batch of {batch_size} images cannot be shared by {self.size} processes: "
                f"take a multiple of {self.size}, like batch_size="
                f"{max(batch_size // self.size, 1) * self.size}",
                "batch_size",
            )
        return batch_size // self.size

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors by their means over all processes, in one message."""
        if self.size == 1 or not tensors:
            return
        flat = _flattened(tensors)
        with _together():
            distributed.all_reduce(flat)
        _spread(flat / self.size, tensors)

    def broadcast(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors by what the leader has, in one message."""
        if self.size == 1 or not tensors:
            return
        flat = _flattened(tensors)
        with _together():
            distributed.broadcast(flat, src=0)
        _spread(flat, tensors)

    def agree(self, *flags: bool) -> list[bool]:
        """Return which of the flags hold in any process; do not wait for the device."""
        if self.size == 1:
            return list(flags)
        numbers = torch.tensor(flags, dtype=torch.int32)
        with _together():
            distributed.all_reduce(numbers, distributed.ReduceOp.MAX)
        return [bool(number) for number in numbers]

    def tell(self, content: bytes) -> bytes:
        """Return the leader's `content`; that of the others is not looked at."""
        if self.size == 1:
            return content
        length = torch.tensor(len(content))
        with _together():
            distributed.broadcast(length, src=0)
            told = torch.empty(int(length), dtype=torch.uint8)
            if self.leads:
                told.copy_(torch.frombuffer(bytearray(content), dtype=torch.uint8))
            distributed.broadcast(told, src=0)
        return told.numpy().tobytes()

    def barrier(self) -> None:
        """Wait until all processes are here."""
        self.agree(False)

    @contextmanager
    def leader_first(self) -> Iterator[None]:
        """Let the leader do something before the others, so that they find what it cached."""
        if not self.leads:
            self.barrier()
        yield
        if self.leads:
            self.barrier()


ALONE = World()


@contextmanager
def joined(device: torch.device) -> Iterator[World]:
    """Connect the processes that torchrun's variables tell of; yield their world."""
    size = _variable("WORLD_SIZE", 1)
    if size == 1:
        yield ALONE
        return
    if device.type == "mps":
        raise DeviceError(
            "several processes cannot train on an Apple GPU: use device='cpu'", "device"
        )
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    if device.type == "cuda":
        torch.cuda.set_device(device)
    with _together():
        store, rank, size = next(rendezvous("env://", timeout=PATIENCE))
        store = _fresh(store, rank, size)
        distributed.init_process_group(
            backend, store=store, rank=rank, world_size=size, timeout=PATIENCE
        )
    try:
        yield World(distributed.get_rank(), size)
    finally:
        distributed.destroy_process_group()


def _fresh(store: Store, rank: int, size: int) -> Store:
    """Return a part of `store` that only the processes which meet here know of.

    torchrun keeps one store for all its restarts. In it new processes would find the addresses of
    dead ones, and wait for them (pytorch issue 135712). So the leader names a part that is new, and
    answers each process that comes to it. At a part that a former leader named, nobody answers.
    """
    ours = uuid4().hex
    if rank == 0:
        store.set("leader", ours)
        for other in range(1, size):
            name = store.get(f"{ours}/{other}").decode()
            store.set(f"{ours}/{name}", "welcome")
        return PrefixStore(ours, store)
    while True:
        leader = store.get("leader").decode()
        store.set(f"{leader}/{rank}", ours)
        if store.check([f"{leader}/{ours}"]):
            return PrefixStore(leader, store)
        time.sleep(0.05)


def _flattened(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors])


def _spread(flat: Tensor, tensors: Sequence[Tensor]) -> None:
    parts = torch.split(flat, [tensor.numel() for tensor in tensors])
    for tensor, part in zip(tensors, parts, strict=True):
        tensor.detach().copy_(part.view_as(tensor))


def local_rank() -> int:
    """Return which of this machine's processes, and so which of its GPUs, is ours."""
    return _variable("LOCAL_RANK", 0)


def leads() -> bool:
    """Return whether this process will be its world's leader."""
    return os.environ.get("RANK", "0") == "0"


def launch() -> str | None:
    """Return a name of this start of torchrun, kept when it restarts us; None without torchrun."""
    name = os.environ.get("TORCHELASTIC_RUN_ID")
    return f"process {os.getppid()} of {platform.node()}" if name == "none" else name


def restarted() -> bool:
    """Return whether torchrun started us because processes of the same run had ended."""
    return _variable("TORCHELASTIC_RESTART_COUNT", 0) > 0


@contextmanager
def _together() -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, ValueError) as error:  # gloo's and nccl's words say little to anybody
        raise DeviceError(
            f"process {os.environ.get('RANK')} of {os.environ.get('WORLD_SIZE')}: another process "
            "of this run ended or cannot be reached; the last checkpoint, if any, is whole"
        ) from error


def _variable(name: str, default: int) -> int:
    """Return the number in a variable that torchrun sets; `default` where it is empty or not set.

    Raises UsageError where it is none: a scheduler or a shell may have left it.
    """
    text = os.environ.get(name) or str(default)
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"${name} is {text!r} and no number: unset it, or use torchrun") from None
