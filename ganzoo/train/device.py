"""Which device to train on, and why."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import torch

from ganzoo.errors import DeviceError, UsageError
from ganzoo.train.world import local_rank


@dataclass(frozen=True)
class Device:
    """A torch device and the reason it was chosen, for people to read."""

    torch: torch.device
    reason: str

    def __str__(self) -> str:
        return f"{self.torch} ({self.reason})"


def choose(wanted: str = "auto", why: str | None = None) -> Device:
    """Return the device "auto", "cpu", "mps", "cuda" or "cuda:1"; DeviceError if it is missing.

    `why` is the reason to give instead of the usual one. Raises UsageError for another name.
    """
    device = _choose(wanted)
    return Device(device.torch, why) if why else device


def _choose(wanted: str) -> Device:
    kind, _, index = str(wanted).partition(":")
    known = kind in {"auto", "cpu", "cuda", "mps"}
    if not known or (index and not (kind == "cuda" and index.isdecimal())):
        raise UsageError(f"no device is called '{wanted}': use auto, cpu, cuda, cuda:1 or mps")
    if kind == "auto":
        return _best()
    if kind == "cuda":
        return _cuda(int(index or local_rank()))
    if kind == "mps" and not torch.backends.mps.is_available():
        raise DeviceError("device='mps': this torch sees no Apple GPU; use device='cpu'", "device")
    return Device(torch.device(kind), "asked for")


def _best() -> Device:
    if torch.cuda.is_available():
        device = _cuda(local_rank()).torch
        return Device(device, f"found {torch.cuda.get_device_name(device)}")
    if torch.backends.mps.is_available():
        return Device(torch.device("mps"), "found an Apple GPU")
    threads = torch.get_num_threads()
    several = "" if threads == 1 else "s"
    return Device(torch.device("cpu"), f"no CUDA or Apple GPU found; {threads} thread{several}")


def _cuda(index: int) -> Device:
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not count:
        built = f"is built for CUDA {torch.version.cuda}" if torch.version.cuda else "is CPU-only"
        raise DeviceError(
            f"device='cuda': no CUDA device (torch {torch.__version__} {built}); use device='cpu'",
            "device",
        )
    if index >= count:
        raise DeviceError(
            f"device='cuda:{index}': there are {count}, counted from cuda:0", "device"
        )
    return Device(torch.device("cuda", index), f"asked for, {torch.cuda.get_device_name(index)}")


def is_here(device: torch.device) -> bool:
    """Return whether this machine has `device`.

    `ganzoo.conformance` trains on an Apple GPU that is not there. Such a device has no memory, and
    no generator of random numbers: the CPU's takes its place.
    """
    return device.type != "mps" or torch.backends.mps.is_available()


def room_for(nbytes: int, device: torch.device) -> bool:
    """Return whether so many bytes may move to `device`: they may take half of its free memory."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return nbytes < free // 2
    if device.type == "mps" and is_here(device):
        return nbytes < torch.mps.recommended_max_memory() // 2
    return True  # memory-mapped: the page cache decides


@contextmanager
def deterministic(device: torch.device) -> Iterator[None]:
    """Make CUDA use only algorithms that give the same bits each time, while this lasts.

    Enter it before anything is computed: cuBLAS reads its setting when it is first used.
    """
    if device.type != "cuda":
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        torch.backends.cudnn.benchmark = before[1]


def keep_freed_memory() -> None:
    """Make this process keep the memory that CPU tensors give back, for the next ones.

    glibc returns large blocks to the kernel, which then clears every page anew at each step. This
    changes the whole process, so a program asks for it, and a library does not. Without glibc it
    does nothing.
    """
    m_trim_threshold, m_mmap_max = -1, -4
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            libc = ctypes.CDLL(None)
            libc.mallopt(m_trim_threshold, 2**31 - 1)
            libc.mallopt(m_mmap_max, 0)
