"""Somebody else's code, run so that it hurts nobody: what it prints, changes or raises stays in."""

from __future__ import annotations

import io
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any

from ganzoo.errors import GanzooError, PluginError, reason


@dataclass(frozen=True)
class Setting:
    """Something that the whole process shares and a plugin must leave alone."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], None]


def settings() -> list[Setting]:
    """Those of Python, and of numpy and torch as far as they are loaded; values compare with ==."""
    found = [Setting("Python's random state", random.getstate, random.setstate)]
    if numpy := sys.modules.get("numpy.random"):
        found.append(Setting("numpy's random state", *_numpy_state(numpy)))
    if torch := sys.modules.get("torch"):

        def write_rng(state: bytes) -> None:
            torch.set_rng_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))

        found += [
            Setting(
                "torch's random state", lambda: torch.get_rng_state().numpy().tobytes(), write_rng
            ),
            Setting("torch's default dtype", torch.get_default_dtype, torch.set_default_dtype),
            Setting("torch's number of threads", torch.get_num_threads, torch.set_num_threads),
            Setting("torch's gradient mode", torch.is_grad_enabled, torch.set_grad_enabled),
        ]
    return found


@contextmanager
def guarded(what: str) -> Iterator[list[str]]:
    """Run a plugin's code inside; PluginError, beginning with `what`, where it raises anything.

    Even SystemExit and a KeyboardInterrupt that no Ctrl-C caused. What it prints goes to stderr,
    and `settings` that it changed are put back. The list, filled at the end, names these faults.
    """
    faults: list[str] = []
    before = [(setting, setting.read()) for setting in settings()]
    noise = _Noise()
    with _count_interrupts() as interrupts:
        try:
            with redirect_stdout(noise):
                yield faults
        except GanzooError:
            raise
        except KeyboardInterrupt as error:
            if interrupts:
                raise KeyboardInterrupt(f"while {what.replace('cannot be', 'was being')}") from None
            raise PluginError(f"{what}: {reason(error)}") from error
        except BaseException as error:
            raise PluginError(f"{what}: {reason(error)}") from error
        finally:
            for setting, value in before:
                if setting.read() != value:
                    setting.write(value)
                    faults.append(f"changes {setting.name}")
            if noise.heard:
                faults.append("prints to standard output")


class _Noise(io.TextIOBase):
    """Passes what is printed on to stderr: stdout belongs to the command's answer."""

    heard = False

    def write(self, text: str) -> int:
        self.heard = True
        return sys.stderr.write(text)


@contextmanager
def _count_interrupts() -> Iterator[list[int]]:
    """The list grows with every Ctrl-C; what Ctrl-C does stays as it was."""
    pressed: list[int] = []
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield pressed
        return

    def note(number: int, frame: Any) -> None:
        pressed.append(number)
        handler(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, handler)


def _numpy_state(module: Any) -> tuple[Callable[[], Any], Callable[[Any], None]]:
    def read() -> tuple[Any, ...]:
        name, keys, *rest = module.get_state()
        return (name, keys.tobytes(), *rest)

    def write(state: tuple[Any, ...]) -> None:
        name, keys, *rest = state
        module.set_state((name, memoryview(keys).cast("I"), *rest))

    return read, write
